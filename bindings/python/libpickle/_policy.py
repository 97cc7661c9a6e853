"""What a pickle may import: policies of loading real objects."""

from __future__ import annotations

import _compat_pickle
import functools
import importlib
import sys
from pickle import UnpicklingError

from . import _native


class _TrustAll:
    """Loads whatever a pickle names, as pickle.loads does: it can run any command."""

    judges = False
    known_first = False
    strict = False

    def __repr__(self):
        return "libpickle.TRUST_ALL"

    def __reduce__(self):
        return "TRUST_ALL"

    def finder(self, fix_imports, dotted=True, approved=None):
        return functools.partial(find_any, fix_imports, dotted)


TRUST_ALL = _TrustAll()


def python3_name(module, name):
    """The name in Python 3 of what Python 2 calls module.name."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[(module, name)]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def find_any(fix_imports, dotted, module, name):
    """As pickle.Unpickler.find_class. Names of protocols below 4 have no dots."""
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
                "allow takes exact names, such as 'myapp.models.User' or 'myapp.models:User.Key', and libraries that have a "
                "table, such as 'numpy', not %r" % entry
            )
        return module, name
    if isinstance(entry, type) or callable(entry):
        return entry.__module__, entry.__qualname__
    raise TypeError("allow takes names, pairs of module and name, classes and functions, not %r" % (entry,))


def _python2_name(module, name):
    if (module, name) in _compat_pickle.REVERSE_NAME_MAPPING:
        return _compat_pickle.REVERSE_NAME_MAPPING[(module, name)]
    return _compat_pickle.REVERSE_IMPORT_MAPPING.get(module, module), name


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


# Libraries whose globals the tables of the core know, and those that their own pickles are made of.
LIBRARIES = {
    "BTrees": ["persistent"],
    "PIL": [],
    "ZODB": ["BTrees", "persistent"],
    "astropy": ["numpy"],
    "catboost": ["numpy"],
    "dateutil": [],
    "gensim": ["numpy", "scipy"],
    "imblearn": ["joblib", "numpy", "scipy", "sklearn"],
    "joblib": ["numpy"],
    "lightgbm": ["joblib", "numpy", "scipy", "sklearn"],
    "mpmath": [],
    "networkx": [],
    "nltk": [],
    "numpy": [],
    "pandas": ["dateutil", "numpy", "pytz"],
    "persistent": [],
    "polars": [],
    "pyarrow": [],
    "pytz": [],
    "scipy": ["numpy"],
    "shapely": ["numpy"],
    "sklearn": ["joblib", "numpy", "scipy"],
    "statsmodels": ["dateutil", "numpy", "pandas", "pytz", "scipy"],
    "sympy": ["mpmath"],
    "torch": [],
    "torchvision": ["torch"],
    "xarray": ["dateutil", "numpy", "pandas", "pytz"],
    "xgboost": ["joblib", "numpy", "scipy", "sklearn"],
}

# What the tables say of a global that a library's entry covers: the judge has looked at how it is used.
_PROVED = {"pure", "held", "new", "class", "store"}

# Verdicts that are refused even where no proof was asked for.
_BAD = {"suspicious", "code", "dangerous"}

# Rules that hold for a class that is allowed, too: its methods, or the whole process, would be changed.
_ALWAYS = {"PK301", "PK303", "PK304"}

_OWN = {("copyreg", "_reconstructor"): _reconstructor, ("_codecs", "encode"): _encode}


class Policy:
    """Loads objects of exactly these classes and functions, and of the harmless ones that libpickle makes itself.

    Entries are 'module.Name', 'module:Outer.Inner', pairs of module and name, classes and functions themselves, or the bare
    name of a library, such as 'numpy': what its own pickles are made of, by the tables that the judge has of exact names and
    of what each does, and no more. There are no patterns: they would admit whatever else a module holds.

    Every pickle is judged before anything is imported. What you name yourself is yours to answer for; beside that, what is
    suspicious, code or dangerous is refused, and with a library or strict=True everything that is not proved to be harmless.
    """

    judges = True
    known_first = True

    def __init__(self, allow=(), *, strict=False):
        if isinstance(allow, str):
            raise TypeError("allow is a collection of names, not one name")
        allow = list(allow)
        libraries = {entry for entry in allow if isinstance(entry, str) and entry in LIBRARIES}
        self.allowed = frozenset(pair_of(entry) for entry in allow if not (isinstance(entry, str) and entry in LIBRARIES))
        self.libraries = frozenset(libraries)
        self.strict = bool(strict)
        self._roots = libraries.union(*(LIBRARIES[library] for library in libraries))
        # What the judge takes for harmless: those of Python 3 by their names of Python 2 as well.
        names = self.allowed | {_python2_name(*pair) for pair in self.allowed}
        self._table = _native._rows(["%s:%s" % pair for pair in sorted(names)])
        self._held = self._denied = frozenset()

    @classmethod
    def from_file(cls, file, *, strict=False):
        """The policy of a file that `pickle scan --policy` takes: loads what it allows, and what the libraries that it extends are made of.

        What it denies is refused, exact names before what is allowed, whole modules after it. default = "deny" is strict. Trust by pattern, limits and accepted
        files are for reports, and load nothing. Python 3.11 reads the file; before, the package tomli does.
        """
        from ._policy_file import read

        found = read(file)
        policy = cls([*found.allowed, *(name for name in found.extends if name in LIBRARIES)], strict=strict or found.strict)
        policy._held = found.held
        policy._denied = found.denied
        policy._table = _native._policy_table(found.rows)
        return policy

    def __repr__(self):
        entries = sorted(self.libraries) + sorted(".".join(pair) for pair in self.allowed)
        return "Policy(%r%s)" % (entries, ", strict=True" if self.strict else "")

    def _key(self):
        return self.allowed, self.libraries, self.strict, self._held, self._denied, self._table

    def __eq__(self, other):
        return self._key() == other._key() if isinstance(other, Policy) else NotImplemented

    def __hash__(self):
        return hash(self._key())

    def __reduce__(self):
        return _policy, (sorted(self.libraries) + sorted(self.allowed), self.strict, self._held, self._denied, self._table)

    def decide(self, pairs, effects, findings, complete, extensions, fix_imports):
        """What is refused, as texts, and the pairs that find_class may be asked for.

        pairs are the globals that the pickle names, effects what the tables say of each; findings have rule, verdict,
        module, name and text.
        """
        refused, approved = [], set()
        proof = self.strict
        for pair in pairs:
            asked = python3_name(*pair) if fix_imports else pair
            if self._denies(asked):
                refused.append("%s.%s" % pair)
            elif asked in self.allowed or asked in self._held or asked in _HARMLESS:
                approved.add(asked)
            elif asked[0].partition(".")[0] in self._roots and effects.get(pair) in _PROVED:
                approved.add(asked)
                proof = True
            else:
                refused.append("%s.%s" % pair)
        refused += ["<extension %d>" % code for code in sorted(set(extensions))]
        # Where a name is refused, what it leads to is not reported again.
        named = bool(refused)
        for rule, verdict, module, name, text in findings:
            pair = module, name
            asked = python3_name(*pair) if fix_imports else pair
            if asked in self.allowed and rule not in _ALWAYS:
                continue
            # What is made is made of one reading, and within the limits of the reader.
            if rule == "PK702" or rule.startswith("PK5") and not self.strict:
                continue
            if verdict in _BAD or proof and not named:
                refused.append("%s.%s" % pair if name else "<%s>" % text)
        if proof and not complete and not refused:
            refused.append("<too much to be judged>")
        return list(dict.fromkeys(refused)), approved

    def _denies(self, pair):
        return pair in self._denied or pair not in self.allowed and (pair[0], "*") in self._denied

    def finder(self, fix_imports, dotted=True, approved=None):
        return functools.partial(self._find, fix_imports, approved)

    def _find(self, fix_imports, approved, module, name):
        if fix_imports:
            module, name = python3_name(module, name)
        pair = module, name
        if self._denies(pair):
            raise UnpicklingError("the policy denies %s.%s" % pair)
        if pair not in self.allowed:
            if pair in _OWN:
                return _OWN[pair]
            if pair not in (_HARMLESS if approved is None else approved):
                raise UnpicklingError("the policy does not allow %s.%s" % pair)
        found = sys.modules.get(module) or importlib.import_module(module)
        *outer, last = name.split(".")
        for part in outer:
            found = getattr(found, part)
            # Never through a module that this one happens to import.
            if not isinstance(found, type) or part.startswith("__"):
                raise UnpicklingError("the policy reaches %s in classes only: %s is not one" % (name, part))
        return getattr(found, last)


def _policy(allow, strict, held=frozenset(), denied=frozenset(), table=None):
    policy = Policy(allow, strict=strict)
    policy._held, policy._denied = held, denied
    if table is not None:
        policy._table = table
    return policy


@functools.lru_cache(maxsize=64)
def _remembered(allow):
    return Policy(allow)


def policy_of(policy, allow):
    """The policy that loads is asked for."""
    if policy is not None and allow is not None:
        raise TypeError("give a policy or a list of what to allow, not both")
    if allow is not None:
        if isinstance(allow, (list, tuple)) and all(isinstance(entry, str) for entry in allow):
            return _remembered(tuple(allow))
        return Policy(allow)
    if not isinstance(policy, (Policy, _TrustAll)):
        raise TypeError("policy must be a libpickle.Policy or libpickle.TRUST_ALL, not %r" % (policy,))
    return policy
