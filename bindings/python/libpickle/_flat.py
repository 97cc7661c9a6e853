"""Values to the library's flat form (bindings/uniffi/src/flat/mod.rs). With a stack of its own: values may nest at will."""

from __future__ import annotations

import _compat_pickle
import copyreg
import struct
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import UUID

from ._values import _CHANGES, _HOWS, Buffer, Extension, Global, Record, Str8

# What Python itself takes apart: nothing of the caller's runs.
_REDUCED = {
    Counter,
    Decimal,
    Fraction,
    OrderedDict,
    PurePosixPath,
    PureWindowsPath,
    type(Path()),
    UUID,
    complex,
    date,
    datetime,
    defaultdict,
    deque,
    range,
    slice,
    time,
    timedelta,
    timezone,
}


_INT8, _INT32, _INT64, _FLOAT = (struct.Struct("<B" + kind).pack for kind in "biqd")


class BadValue(Exception):
    """A value that cannot be written."""


def _named(value, protocol):
    """A class or function of Python's own by its name: as Python 2 has it where that reads the protocol."""
    # Where Python 3.13 keeps paths is its own affair.
    module, name = value.__module__.replace("pathlib._local", "pathlib"), value.__qualname__
    if protocol < 3:
        module, name = _compat_pickle.REVERSE_NAME_MAPPING.get((module, name), (module, name))
        module = _compat_pickle.REVERSE_IMPORT_MAPPING.get(module, module)
    return Global(module, name)


def _reduced(value, protocol):
    """A value of a type of Python's own as a record."""
    reduce = copyreg.dispatch_table.get(type(value))
    parts = reduce(value) if reduce else value.__reduce_ex__(protocol)
    made, args, state, items, entries = (*parts, None, None, None)[:5]
    how = "REDUCE"
    if made is copyreg.__newobj__:
        how, made, args = "NEWOBJ", args[0], args[1:]
    args = tuple(_named(arg, protocol) if isinstance(arg, type) else arg for arg in args)
    owner = getattr(made, "__self__", None)
    if isinstance(owner, type):
        # ZoneInfo is made by a method of its class.
        called = Record(_named(getattr, protocol), (_named(owner, protocol), made.__name__))
    else:
        called = _named(made, protocol)
    record = Record(called, args, how)
    # In the order in which pickle does it.
    if items is not None:
        record.changes.append(("APPEND", tuple(items)))
    if entries is not None:
        record.changes.append(("SETITEM", tuple(part for pair in entries for part in pair)))
    if state is not None:
        record.changes.append(("BUILD", (state,)))
    return record


class _Arguments:
    """Those of OBJ and INST: a tuple that stands in line."""

    def __init__(self, args):
        self.args = args


class Writer:
    def __init__(self, protocol):
        self.protocol = protocol
        self.out = bytearray(b"\x01")
        self.texts = {}  # by identity
        self.names = {}  # of modules, of what is in them, and of both: by what they say
        self.text_count = 0
        self.nodes = {}  # by identity
        self.node_count = 0
        self.kept = []  # what was made here: its identity must stay its own
        self.stack = []  # iterators over what is still to be written

    def write(self, value):
        stack = self.stack
        stack.append(iter((value,)))
        while stack:
            depth = len(stack)
            for value in stack[-1]:
                write = _KINDS.get(type(value))
                if write:
                    write(self, value)
                else:
                    self.other(value)
                # What it has put on the stack comes first.
                if len(stack) != depth:
                    break
            else:
                stack.pop()
        return bytes(self.out)

    def other(self, value):
        kind = type(value)
        if value is None:
            self.out.append(0)
        elif kind in _REDUCED or (kind.__module__, kind.__name__) == ("zoneinfo", "ZoneInfo"):
            if not self.again(value):
                record = _reduced(value, self.protocol)
                self.kept.append(record)
                self.write_record(record, value)
        else:
            text = "a %s is no plain data: make it a dict, a list or a Record first" % kind.__name__
            raise BadValue(text)

    def write_bool(self, value):
        self.out.append(2 if value else 1)

    def write_int(self, value):
        if -0x80 <= value < 0x80:
            self.out += _INT8(3, value)
        elif -0x80000000 <= value < 0x80000000:
            self.out += _INT32(4, value)
        elif -(1 << 63) <= value < 1 << 63:
            self.out += _INT64(5, value)
        elif not self.text_again(value):
            self.text(10, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))

    def write_float(self, value):
        self.out += _FLOAT(6, value)

    def write_str(self, value):
        if self.text_again(value):
            return
        try:
            self.text(11 if value.isascii() else 12, value.encode())
        except UnicodeEncodeError:
            self.text(13, value.encode("utf-8", "surrogatepass"))

    def write_bytes(self, value):
        if not self.text_again(value):
            self.text(15, value)

    def write_str8(self, value):
        if not self.text_again(value):
            self.text(14, value)

    def write_bytearray(self, value):
        if not self.again(value):
            self.begin(28, value)
            self.text(15, value)

    def write_list(self, value):
        if not self.again(value):
            self.items(21, value, value)

    def write_tuple(self, value):
        if not value:
            self.out.append(7)
        elif not self.again(value):
            self.items(22, value, value)

    def write_set(self, value):
        if not self.again(value):
            self.items(26, value, value)

    def write_frozenset(self, value):
        if not self.again(value):
            self.items(27, value, value)

    def write_dict(self, value):
        if not self.again(value):
            self.begin(23, value)
            self.number(len(value))
            self.stack.append(part for pair in value.items() for part in pair)

    def write_extension(self, value):
        self.out.append(8)
        self.number(value.code)

    def write_buffer(self, value):
        self.out.append(9)
        self.number(value.index)
        self.out.append(bool(value.read_only))

    def write_global(self, value):
        known = self.names.get(value)
        if known is not None:
            self.out.append(17)
            self.number(known)
            return
        self.out.append(16)
        # A class that is named as its module has a name of its own.
        for part in ((value.module, None), (None, value.name)):
            known = self.names.get(part)
            if known is not None:
                self.out.append(17)
                self.number(known)
            else:
                self.names[part] = self.text_count
                self.text(12, "".join(filter(None, part)).encode("utf-8", "surrogatepass"))
        self.names[value] = self.text_count
        self.text_count += 1

    def write_record(self, record, value=None):
        """A record, in the place of a value of its own."""
        value = record if value is None else value
        if self.again(value):
            return
        if record.how not in _HOWS:
            raise BadValue("a Record is made by one of %s, not %r" % (", ".join(_HOWS), record.how))
        self.begin(30, value)
        self.out.append(_HOWS.index(record.how))
        args = record.args
        if record.how in ("OBJ", "INST"):
            if not isinstance(args, tuple):
                raise BadValue("the arguments of a Record made by %s must be a tuple" % record.how)
            parts = (record.callable, _Arguments(args))
        elif record.how in ("PERSID", "CHANGED"):
            parts = (record.callable,)
        elif record.how == "NEWOBJ_EX":
            parts = (record.callable, args, record.kwargs)
        else:
            parts = (record.callable, args)

        def all_of_it():
            yield from parts
            for change, values in record.changes:
                if change not in ("APPEND", "SETITEM", "ADD", "BUILD"):
                    raise BadValue("a change is APPEND, SETITEM, ADD or BUILD; %s cannot be written" % change)
                self.out.append(_CHANGES.index(change))
                if change != "BUILD":
                    self.number(len(values) // (2 if change == "SETITEM" else 1))
                yield from values
            self.out.append(0)

        self.stack.append(all_of_it())

    def write_arguments(self, arguments):
        args = arguments.args
        if not args:
            self.out.append(7)
            return
        self.out.append(22)
        self.node_count += 1
        self.number(len(args))
        self.stack.append(iter(args))

    def items(self, tag, value, items):
        self.begin(tag, value)
        self.number(len(items))
        self.stack.append(iter(items))

    def again(self, value):
        known = self.nodes.get(id(value))
        if known is None:
            return False
        self.out.append(20)
        self.number(known)
        return True

    def begin(self, tag, value):
        self.nodes[id(value)] = self.node_count
        self.node_count += 1
        self.out.append(tag)

    def text_again(self, value):
        known = self.texts.setdefault(id(value), self.text_count)
        if known == self.text_count:
            return False
        self.out.append(17)
        self.number(known)
        return True

    def text(self, tag, octets):
        self.text_count += 1
        self.out.append(tag)
        self.number(len(octets))
        self.out += octets

    def number(self, n):
        if n < 0x80:
            self.out.append(n)
            return
        while n >= 0x80:
            self.out.append(n & 0x7F | 0x80)
            n >>= 7
        self.out.append(n)


_KINDS = {
    Buffer: Writer.write_buffer,
    Extension: Writer.write_extension,
    Global: Writer.write_global,
    Record: Writer.write_record,
    Str8: Writer.write_str8,
    bool: Writer.write_bool,
    bytearray: Writer.write_bytearray,
    bytes: Writer.write_bytes,
    dict: Writer.write_dict,
    float: Writer.write_float,
    frozenset: Writer.write_frozenset,
    int: Writer.write_int,
    list: Writer.write_list,
    set: Writer.write_set,
    str: Writer.write_str,
    tuple: Writer.write_tuple,
    _Arguments: Writer.write_arguments,
}
