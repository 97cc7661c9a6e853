"""What differs between two values, by path."""

from __future__ import annotations

import array
import math
from collections import OrderedDict, deque, namedtuple

from ._native import Global, Record
from ._policy import python3_name

_MISSING = object()


class Difference(namedtuple("Difference", "path what before after")):
    """One difference: what is changed, removed or added at a path. The value that is missing is None."""

    __slots__ = ()


def _key(key):
    """A key of a mapping as a step of a path."""
    if isinstance(key, str):
        if key.isidentifier() and key.isascii():
            return "." + key
        import json

        return "[%s]" % json.dumps(key)
    return "[%r]" % (key,)


def _equal(a, b, absolute, relative):
    if type(a) is not type(b):
        numbers = isinstance(a, (int, float)) and isinstance(b, (int, float))
        if not numbers or isinstance(a, bool) or isinstance(b, bool) or not (absolute or relative):
            return False
    if isinstance(a, float) or isinstance(b, float) or (absolute or relative) and isinstance(a, int):
        try:
            if math.isnan(a) or math.isnan(b):
                return math.isnan(a) and math.isnan(b)
            # As numpy.isclose has it.
            return a == b or not math.isinf(a) and not math.isinf(b) and abs(a - b) <= absolute + relative * abs(b)
        except OverflowError:
            return a == b
    if isinstance(a, array.array) and a.typecode != b.typecode:
        return False
    try:
        # A NaN of any type is the same as itself.
        return bool(a == b) or a != a and b != b and repr(a) == repr(b)
    except ArithmeticError:
        # A signalling NaN of decimal cannot be compared.
        return repr(a) == repr(b)


def _today(module, name):
    """The name that Python 3 has for one of Python 2, which protocols below 3 write."""
    # Python 3 has it in both, and writes either.
    return ("functools", name) if (module, name) == ("_functools", "reduce") else python3_name(module, name)


_RECONSTRUCTOR = ("copyreg", "_reconstructor")
_GETATTR = ("builtins", "getattr")
# Classes in classes that are followed, as in the core.
_LEVELS = 64
# What makes an array of the standard library: of protocols 0 to 2, and of 3 on.
_ARRAY = (("array", "array"), ("array", "_array_reconstructor"))


def _plain(value):
    """A class by its name, an array by its items; all else is itself."""
    if isinstance(value, Global):
        return Global(*_today(value.module, value.name))
    if isinstance(value, Record) and isinstance(value.callable, Global) and isinstance(value.args, tuple) and not value.changes:
        name = _today(value.callable.module, value.callable.name)
        try:
            if name == _ARRAY[0]:
                return array.array(*value.args)
            if name == _ARRAY[1] and isinstance(value.args[0], Global):
                return array._array_reconstructor(array.array, *value.args[1:])
            if name == _GETATTR:
                return _nested(value)
        except (TypeError, ValueError, IndexError):
            pass
    return value


def _nested(value):
    """A class inside a class, which protocols below 4 have as getattr(getattr(Outer, 'Inner'), 'Innermost')."""
    made, names = value, []
    while isinstance(made, Record) and len(names) < _LEVELS:
        called = made.callable
        if not isinstance(called, Global) or _today(called.module, called.name) != _GETATTR or made.changes:
            return value
        made, name = made.args
        names.append(name)
    if not isinstance(made, Global):
        return value
    outer = _plain(made)
    return Global(outer.module, ".".join([outer.name, *reversed(names)]))


class _Made:
    """How an object is made, however its protocol spells it: what it is made by, and of what."""

    def __init__(self, record):
        self.kind = record.how if record.how in ("PERSID", "CHANGED") else None
        self.callable, self.args, self.kwargs = _plain(record.callable), record.args, record.kwargs
        # The base that an object of protocols 0 and 1 is made of; they do not have what `__getnewargs__` gives.
        self.base = None
        args = self.args
        if isinstance(self.callable, Global) and isinstance(args, tuple) and args:
            name = (self.callable.module, self.callable.name)
            if name == _RECONSTRUCTOR and len(args) == 3 and isinstance(args[1], Global):
                self.base = _today(args[1].module, args[1].name)[1]
                self.callable = _plain(args[0])
                # What a list or a dict begins with is among the items and entries.
                self.args = () if self.base in ("object", "list", "dict") else (args[2],)
                if self.base == "complex" and isinstance(args[2], complex):
                    self.args = (args[2].real, args[2].imag)
            elif name == ("copyreg", "__newobj__"):
                self.callable, self.args = _plain(args[0]), args[1:]
            elif name == ("copyreg", "__newobj_ex__") and len(args) == 3:
                self.callable, self.args, self.kwargs = _plain(args[0]), args[1], args[2] or None
            elif len(args) == 2 and args[1] == "latin-1" and isinstance(args[0], str):
                # Bytes of a subclass of bytearray below protocol 3.
                try:
                    self.args = (args[0].encode("latin-1"),)
                except UnicodeEncodeError:
                    pass
        elif isinstance(self.callable, Record) and not args:
            # functools.partial(C.__new__, C, ...), which protocols 2 and 3 call in place of NEWOBJ_EX.
            self._partial(self.callable)

    def _partial(self, callable):
        made = _plain(callable.callable)
        state = callable.state
        if (
            made == Global("functools", "partial")
            and isinstance(state, tuple)
            and len(state) == 4
            and isinstance(state[1], tuple)
            and state[1]
            and isinstance(state[0], Record)
            and state[0].args == (state[1][0], "__new__")
        ):
            self.callable, self.args, self.kwargs = _plain(state[1][0]), state[1][1:], state[2] or None

    def args_beside(self, other):
        """The arguments: those of a namedtuple are one tuple in protocols 0 and 1, and its items from 2 on."""
        if self.base == "tuple" and other.base is None and isinstance(other.args, tuple):
            if len(other.args) != 1 or not isinstance(other.args[0], tuple):
                return self.args[0]
        return self.args

    def same(self, other):
        return self.kind == other.kind and self.callable == other.callable


def _mapping(a, b, step=_key):
    for key, value in a.items():
        yield step(key), value, b.get(key, _MISSING)
    for key, value in b.items():
        if key not in a:
            yield step(key), _MISSING, value


def _sequence(a, b, step="[%d]"):
    for at, (one, other) in enumerate(zip(a, b)):
        yield step % at, one, other
    for at in range(len(b), len(a)):
        yield step % at, a[at], _MISSING
    for at in range(len(a), len(b)):
        yield step % at, _MISSING, b[at]


def _attribute(key):
    return _key(key)


def _record(a, b, made_a, made_b):
    """The parts of two records that are made by the same."""
    args_a, args_b = made_a.args_beside(made_b), made_b.args_beside(made_a)
    if made_a.base != made_b.base and "object" in (made_a.base, made_b.base):
        pass
    elif isinstance(args_a, tuple) and isinstance(args_b, tuple):
        yield from _sequence(args_a, args_b, "@args[%d]")
        yield "@kwargs", made_a.kwargs or None, made_b.kwargs or None
    else:
        yield "@args", args_a, args_b
    if len(a.attributes) or len(b.attributes):
        yield from _mapping(dict(a.attributes), dict(b.attributes), _attribute)
    else:
        yield "@state", a.state, b.state
    yield from _sequence(a.items, b.items, "@items[%d]")
    keys = [key for key, _ in a.entries] == [key for key, _ in b.entries]
    if keys:
        for (key, one), (_, other) in zip(a.entries, b.entries):
            yield _key(key), one, other
    else:
        yield from _sequence(a.entries, b.entries, "@entries[%d]")


def _set(a, b):
    for item in a:
        if item not in b:
            yield "", item, _MISSING
    for item in b:
        if item not in a:
            yield "", _MISSING, item


def _parts(a, b):
    """The parts of two containers of one type, each with its step; None where they are compared as a whole."""
    if isinstance(a, dict):
        if type(a) is OrderedDict and list(a) != list(b) and a.keys() == b.keys():
            return iter([("@keys", list(a), list(b))])
        return _mapping(a, b)
    if isinstance(a, (list, tuple, deque)):
        return _sequence(a, b)
    if isinstance(a, (set, frozenset)):
        return _set(a, b)
    if isinstance(a, Record):
        made_a, made_b = _Made(a), _Made(b)
        if not made_a.same(made_b):
            return None
        return _record(a, b, made_a, made_b)
    return None


def differences(a, b, absolute, relative):
    """Without recursion; every pair of containers is looked at once, so cycles end."""
    seen, kept = set(), []
    open_parts = [iter([("$", a, b)])]
    paths = [""]
    while open_parts:
        part = next(open_parts[-1], None)
        if part is None:
            open_parts.pop()
            paths.pop()
            continue
        step, one, other = part
        path = paths[-1] + step
        if one is _MISSING:
            yield Difference(path, "added", None, other)
            continue
        if other is _MISSING:
            yield Difference(path, "removed", one, None)
            continue
        if one is other:
            continue
        one, other = _plain(one), _plain(other)
        if type(one) is type(other) and isinstance(one, (dict, list, tuple, deque, set, frozenset, Record)):
            pair = id(one), id(other)
            if pair in seen:
                continue
            seen.add(pair)
            # Some parts of records are made when they are asked for: what has an id here stays.
            kept.append((one, other))
            parts = _parts(one, other)
            if parts is not None:
                open_parts.append(parts)
                paths.append(path)
                continue
            yield Difference(path, "changed", one, other)
        elif not _equal(one, other, absolute, relative):
            yield Difference(path, "changed", one, other)
