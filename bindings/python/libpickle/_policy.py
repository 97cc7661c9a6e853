"""What a pickle may import: policies of loading real objects."""

from __future__ import annotations

import _compat_pickle
import functools
import importlib
import sys

from pickle import UnpicklingError


class _TrustAll:
    """Loads whatever a pickle names, as pickle.loads does: it can run any command."""

    judges = False
    known_first = False

    def __repr__(self):
        return "libpickle.TRUST_ALL"

    def __reduce__(self):
        return "TRUST_ALL"

    def finder(self, fix_imports):
        return functools.partial(find_any, fix_imports)


TRUST_ALL = _TrustAll()


def python3_name(module, name):
    """The name in Python 3 of what Python 2 calls module.name."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[(module, name)]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def find_any(fix_imports, module, name, dotted=True):
    """As pickle.Unpickler.find_class."""
    sys.audit("pickle.find_class", module, name)
    if fix_imports:
        module, name = python3_name(module, name)
    __import__(module, level=0)
    found = sys.modules[module]
    for part in name.split(".") if dotted else [name]:
        if part == "<locals>":
            raise AttributeError("Can't get local attribute %r on %r" % (name, found))
        try:
            found = getattr(found, part)
        except AttributeError:
            raise AttributeError("Can't get attribute %r on %r" % (name, sys.modules[module])) from None
    return found


def pair_of(entry):
    """An entry of an allow list as a pair of module and name."""
    if isinstance(entry, tuple) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
        return entry
    if isinstance(entry, str):
        module, colon, name = entry.partition(":")
        if not colon:
            module, _, name = entry.rpartition(".")
        if not module or not name or "*" in entry:
            raise ValueError(
                "allow takes exact names, such as 'myapp.models.User' or 'myapp.models:User.Key', not %r" % entry
            )
        return module, name
    if isinstance(entry, type) or callable(entry):
        return entry.__module__, entry.__qualname__
    raise TypeError("allow takes names, pairs of module and name, classes and functions, not %r" % (entry,))


# What is made natively, and never looked up: the arguments cannot make it do anything else.
_HARMLESS = {
    ("_codecs", "encode"),
    ("builtins", "bytearray"),
    ("builtins", "bytes"),
    ("builtins", "complex"),
    ("builtins", "frozenset"),
    ("builtins", "object"),
    ("builtins", "range"),
    ("builtins", "set"),
    ("builtins", "slice"),
    ("collections", "Counter"),
    ("collections", "OrderedDict"),
    ("collections", "deque"),
    ("copyreg", "_reconstructor"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("decimal", "Decimal"),
    ("fractions", "Fraction"),
    ("uuid", "UUID"),
}


def _reconstructor(cls, base, state):
    """copyreg._reconstructor, of plain objects only: with any other base it would call that."""
    if base is not object or state is not None or not isinstance(cls, type):
        raise UnpicklingError("the policy allows copyreg._reconstructor for plain objects only")
    return object.__new__(cls)


def _encode(text, encoding="latin1"):
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise UnpicklingError("the policy allows _codecs.encode for bytes only")
    return text.encode("latin-1")


_OWN = {("copyreg", "_reconstructor"): _reconstructor, ("_codecs", "encode"): _encode}


class Policy:
    """Loads objects of exactly these classes and functions, and of the harmless ones that libpickle makes itself.

    Entries are 'module.Name', 'module:Outer.Inner', pairs of module and name, or classes and functions themselves. There
    are no patterns: what a module holds beside its own classes would come with them.
    """

    judges = True
    known_first = True

    def __init__(self, allow=()):
        if isinstance(allow, str):
            raise TypeError("allow is a collection of names, not one name")
        self.allowed = frozenset(pair_of(entry) for entry in allow)

    def __repr__(self):
        return "Policy(%r)" % sorted(".".join(pair) for pair in self.allowed)

    def __eq__(self, other):
        return self.allowed == other.allowed if isinstance(other, Policy) else NotImplemented

    def __hash__(self):
        return hash(self.allowed)

    def refused(self, pairs, extensions, fix_imports):
        """The names that are not allowed, of all that a pickle names."""
        names = []
        for module, name in pairs:
            asked = python3_name(module, name) if fix_imports else (module, name)
            if asked not in self.allowed and asked not in _HARMLESS:
                names.append(module + "." + name)
        return names + ["<extension %d>" % code for code in sorted(set(extensions))]

    def finder(self, fix_imports):
        return functools.partial(self._find, fix_imports)

    def _find(self, fix_imports, module, name):
        if fix_imports:
            module, name = python3_name(module, name)
        pair = module, name
        if pair not in self.allowed:
            if pair in _OWN:
                return _OWN[pair]
            if pair not in _HARMLESS:
                raise UnpicklingError("the policy does not allow %s.%s" % pair)
        found = sys.modules.get(module) or importlib.import_module(module)
        *outer, last = name.split(".")
        for part in outer:
            found = getattr(found, part)
            # Never through a module that this one happens to import.
            if not isinstance(found, type) or part.startswith("__"):
                raise UnpicklingError("the policy reaches %s in classes only: %s is none" % (name, part))
        return getattr(found, last)


def policy_of(policy, allow):
    """The policy that loads is asked for."""
    if policy is not None and allow is not None:
        raise TypeError("give a policy or a list of what to allow, not both")
    if allow is not None:
        return Policy(allow)
    if not isinstance(policy, (Policy, _TrustAll)):
        raise TypeError("policy must be a libpickle.Policy or libpickle.TRUST_ALL, not %r" % (policy,))
    return policy
