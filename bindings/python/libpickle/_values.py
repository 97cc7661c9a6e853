"""What a pickle holds that plain Python has no value for."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath
from uuid import UUID

_HOWS = ("REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "INST", "PERSID", "CHANGED")
_CHANGES = ("", "APPEND", "SETITEM", "ADD", "BUILD", "RAW", "NESTED")


class _Atom:
    """A value that is what its fields are, and equal to nothing else."""

    __slots__ = ()

    def __new__(cls, *fields):
        self = object.__new__(cls)
        for name, field in zip(cls.__slots__, fields):
            object.__setattr__(self, name, field)
        return self

    def __setattr__(self, name, value):
        raise AttributeError("%s cannot be changed" % type(self).__name__)

    def _fields(self):
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other):
        return self._fields() == other._fields() if type(other) is type(self) else NotImplemented

    def __hash__(self):
        return hash((type(self), self._fields()))

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join(map(repr, self._fields())))


class Global(_Atom):
    """A class or function by its name. Nothing was imported."""

    __slots__ = ("module", "name")

    @property
    def path(self):
        return self.module + "." + self.name


class Extension(_Atom):
    """An extension code of `copyreg`."""

    __slots__ = ("code",)


class Buffer(_Atom):
    """An out-of-band buffer that was not given, by its number."""

    __slots__ = ("index", "read_only")


class Str8(bytes):
    """A str of Python 2, where no encoding was asked for: bytes or text, the pickle cannot tell."""

    __slots__ = ()

    def __repr__(self):
        return "Str8(%s)" % bytes.__repr__(self)


class Record:
    """An object: how it was made and what happened to it. Nothing was called. Equal to itself only.

    how is one of REDUCE, NEWOBJ, NEWOBJ_EX, OBJ, INST, PERSID, CHANGED. Each change is a pair: APPEND, SETITEM, ADD or
    BUILD, and a tuple of what was given.
    """

    __slots__ = ("how", "callable", "args", "kwargs", "changes", "kind", "facts", "__weakref__")

    def __new__(cls, callable=None, args=(), how="REDUCE", kwargs=None, changes=()):
        self = object.__new__(cls)
        self.how, self.callable, self.args, self.kwargs = how, callable, args, kwargs
        self.changes = list(changes)
        self.kind = None
        self.facts = ()
        return self

    def __setstate__(self, state):
        how = state[0]
        self.how = _HOWS[how]
        parts = {2: 3, 5: 1, 6: 1}.get(how, 2)
        self.callable, self.args, self.kwargs = (*state[1 : 1 + parts], None, None)[:3]
        self.changes = [(_CHANGES[change[0]], change[1:]) for change in state[1 + parts :]]

    @property
    def name(self):
        """Module and name of its class, or of the function that made it, with a dot between them; None if computed."""
        named = self.callable
        # What copyreg makes without a `__new__` of its own names the class first.
        if isinstance(named, Global) and named.name == "_reconstructor" and self.args:
            named = self.args[0]
        return named.path if isinstance(named, Global) else None

    @property
    def state(self):
        """What `__setstate__` would be given, or the attributes; None without."""
        for kind, values in reversed(self.changes):
            if kind == "BUILD":
                return values[0]
        return None

    @property
    def attributes(self):
        """The attributes as its state has them: a dict, or a dict and the slots."""
        state = self.state
        pair = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
        return {k: v for part in pair if isinstance(part, dict) for k, v in part.items()}

    @property
    def items(self):
        """What it was given by APPEND and ADDITEMS, in order."""
        return [value for kind, values in self.changes if kind in ("APPEND", "ADD") for value in values]

    @property
    def entries(self):
        """What it was given by SETITEM: pairs, in order."""
        flat = [value for kind, values in self.changes if kind == "SETITEM" for value in values]
        return list(zip(flat[::2], flat[1::2]))

    def to_numpy(self):
        """A numpy array or scalar as numpy has it. Imports numpy, and nothing that the pickle names."""
        if self.kind not in ("ARRAY", "SCALAR"):
            raise TypeError("this is no numpy array or scalar: %r" % self)
        import numpy

        name, _, big_endian = self.facts[:3]
        data = self.facts[-1]
        if isinstance(data, (Buffer, Record)):
            raise TypeError("the items are not here: they are in %r" % data)
        if name == "object":
            array = numpy.empty(len(data), dtype=object)
            array[:] = data
        else:
            dtype = numpy.dtype(name.lstrip("<>"))
            array = numpy.frombuffer(data, dtype.newbyteorder(">") if big_endian else dtype)
        if self.kind == "SCALAR":
            return array[0]
        fortran, shape = self.facts[3:5]
        return array.reshape(shape, order="F" if fortran else "C")

    def __repr__(self):
        name = self.name or ("persistent id" if self.how == "PERSID" else "object")
        return "<Record %s>" % name


def _zone(key):
    if not re.fullmatch(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+){0,2}", key):
        raise ValueError(key)
    from zoneinfo import ZoneInfo

    return ZoneInfo(key)


def _datetime(year, month, day, hour, minute, second, micro, fold, zone=None):
    return datetime(year, month, day, hour, minute, second, micro, zone, fold=fold)


def _time(hour, minute, second, micro, fold, zone=None):
    return time(hour, minute, second, micro, zone, fold=fold)


def _timezone(days, seconds, micros, *name):
    offset = timedelta(days, seconds, micros)
    return timezone(offset, *name) if offset or name else timezone.utc


def _fraction(numerator, denominator=None):
    # Exponents in the text would make ints of any size.
    if denominator is None:
        numerator, _, denominator = numerator.partition("/")
        return Fraction(int(numerator), int(denominator or "1"))
    return Fraction(numerator, denominator)


def _pairs(make):
    return lambda *flat: make(zip(flat[::2], flat[1::2]))


def _path(name, *parts):
    return (PureWindowsPath if "Windows" in name else PurePosixPath)(*parts)


def _counter(*flat):
    counter = Counter()
    for key, count in zip(flat[::2], flat[1::2]):
        counter[key] = count
    return counter


# In the order of their numbers in the library; None: it stays a record.
_KNOWN = (
    ("", None),
    ("BYTES", bytes),
    ("BYTEARRAY", bytearray),
    ("SET", lambda *items: set(items)),
    ("FROZENSET", lambda *items: frozenset(items)),
    ("COMPLEX", complex),
    ("RANGE", range),
    ("SLICE", slice),
    ("DATE", date),
    ("TIME", _time),
    ("DATETIME", _datetime),
    ("TIMEDELTA", timedelta),
    ("TIMEZONE", _timezone),
    ("ZONE_INFO", _zone),
    ("DECIMAL", Decimal),
    ("FRACTION", _fraction),
    ("UUID", lambda octets: UUID(bytes=octets)),
    ("ORDERED_DICT", _pairs(OrderedDict)),
    ("DEFAULT_DICT", lambda factory, *flat: dict(zip(flat[::2], flat[1::2]))),
    ("COUNTER", _counter),
    ("DEQUE", lambda longest, *items: deque(items, longest if isinstance(longest, int) and longest >= 0 else None)),
    ("PATH", _path),
    ("DTYPE", None),
    ("ARRAY", None),
    ("SCALAR", None),
    ("DATA_FRAME", None),
    ("SERIES", None),
    ("INDEX", None),
    ("TENSOR", None),
    ("SPARSE", None),
)


def known(record, number, *facts):
    """What takes the place of a record of a known type."""
    record.kind, make = _KNOWN[number]
    record.facts = facts
    if make is None:
        return record
    try:
        return make(*facts)
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        # Such as a date with a time zone that is not known here.
        return record
