#!/usr/bin/env python
"""Prints views.tsv: values as many Pythons spell them, and what each of them means.

    for python in python2.7 python3.8 python3.11 python3.13; do $python make.py; done | LC_ALL=C sort -u > views.tsv

A line has the name of the value, what it means in the words of core/tests/view.rs, and the pickle in hexadecimal. Every
protocol of the Python that runs it. pytz, dateutil, attrs and numpy are taken where they are installed.
"""

from __future__ import print_function

import array
import binascii
import collections
import datetime
import decimal
import fractions
import functools
import pickle
import re
import sys
import uuid

PY2 = sys.version_info[0] == 2
VALUES = []


def value(name, means, make):
    VALUES.append((name, means, make))


class Point(collections.namedtuple("Point", "x y")):
    __slots__ = ()


Pair = collections.namedtuple("Pair", "a b")


class MyDict(dict):
    pass


class MyList(list):
    pass


class MyInt(int):
    pass


class MyStr(str):
    pass


class MyTuple(tuple):
    pass


class MyError(Exception):
    pass


class Plain(object):
    def __init__(self):
        self.a = 1
        self.b = "x"


class Slots(object):
    __slots__ = ("a",)

    def __init__(self):
        self.a = 1


class Both(Slots):
    def __init__(self):
        Slots.__init__(self)
        self.b = 2


ARRAYS = [
    ("b", [-128, 0, 127]), ("B", [0, 255]), ("h", [-32768, 32767]), ("H", [0, 65535]), ("i", [1, -2]), ("I", [0, 2 ** 32 - 1]),
    ("l", [-2 ** 31, 2 ** 31 - 1]), ("L", [0, 2 ** 32 - 1]), ("q", [-2 ** 63, 2 ** 63 - 1]), ("Q", [0, 2 ** 64 - 1]),
    ("f", [1.5, -0.5]), ("d", [1.5, -2.0]),
]


DATA = """
@dataclasses.dataclass
class Data:
    a: int
    b: str

@dataclasses.dataclass(slots=True)
class DataSlots:
    a: int

@dataclasses.dataclass(frozen=True, slots=True)
class DataFrozen:
    a: int
    b: str
"""
# The same inside a class.
DATA += "\nclass Box:\n" + "".join("    " + line for line in DATA.splitlines(True))


def with_attribute(it):
    it.tag = "t"
    return it


def scalar(name, content):
    """From protocol 2 on nothing tells a subclass of int from an object with one argument."""
    return lambda protocol: "derived " + content if protocol < 2 else "record %s(%s)" % (name, content)


def error(of=MyError):
    made = of("bad", 3)
    made.code = 7
    return made


value("set", "set{1}", lambda: {1})
value("set_empty", "set{}", set)
value("frozenset", "frozenset{'a'}", lambda: frozenset(["a"]))
value("bytes", "b'00ff'", lambda: bytearray(b"\x00\xff") if PY2 else b"\x00\xff")
value("bytearray", "b'00ff'", lambda: bytearray(b"\x00\xff"))
value("complex", "complex(1,2)", lambda: complex(1, 2))
value("range", "range(1,9,2)", lambda: xrange(1, 9, 2) if PY2 else range(1, 9, 2))
if not PY2:
    value("slice", "slice(1,None,2)", lambda: slice(1, None, 2))
value("text", "'caf\u00e9'", lambda: u"caf\u00e9")
value("list", "[1,2]", lambda: [1, 2])
value("tuple", "(1,2)", lambda: (1, 2))
value("dict", "{'a':1}", lambda: {"a": 1})
value("big", "big 340282366920938463463374607431768211455", lambda: 2 ** 128 - 1)
value("OrderedDict", "OrderedDict{'a':1,'b':2}", lambda: collections.OrderedDict([("a", 1), ("b", 2)]))
value("defaultdict", "DefaultDict{'a':1}", lambda: collections.defaultdict(int, a=1))
value("Counter", "Counter{'a':2}", lambda: collections.Counter("aa"))
value("deque", "deque[1,2]", lambda: collections.deque([1, 2]))
value("deque_max", "deque[1,2]max=5", lambda: collections.deque([1, 2], 5))
value("deque_empty", "deque[]", collections.deque)
value("namedtuple", "record Pair(1,2)", lambda: Pair(1, 2))
value("namedtuple_sub", "record Point(1,2)", lambda: Point(1, 2))
value("MyDict", "MyDict:{'a':1}", lambda: MyDict(a=1))
value("MyDict_attr", "MyDict:{'a':1}.tag='t'", lambda: with_attribute(MyDict(a=1)))
value("MyList", "MyList:[1]", lambda: MyList([1]))
value("Plain", "record Plain().a=1.b='x'", Plain)
if sys.version_info[:2] > (3, 0):
    value("Slots", "record Slots().a=1", Slots)
    value("Both", "record Both().b=2.a=1", Both)
value("error", "record MyError('bad',3).code=7", error)
value("builtin_error", "record ValueError('bad')", lambda: ValueError("bad"))
value("date", "date 2024-02-29", lambda: datetime.date(2024, 2, 29))
value("time", "time 13:05:00.000001", lambda: datetime.time(13, 5, 0, 1))
value("datetime", "datetime 2024-02-29T13:05:07", lambda: datetime.datetime(2024, 2, 29, 13, 5, 7))
value("datetime_high", "datetime 9999-12-31T23:59:59.999999", lambda: datetime.datetime.max)
value("timedelta", "delta -1 day, 23:59:59", lambda: datetime.timedelta(seconds=-1))
value("Decimal", "decimal 1.50", lambda: decimal.Decimal("1.50"))
value("Decimal_nan", "decimal NaN", lambda: decimal.Decimal("NaN"))
value("Fraction", "fraction 3/4", lambda: fractions.Fraction(3, 4))
value("uuid", "uuid 12345678-1234-5678-1234-567812345678", lambda: uuid.UUID("12345678-1234-5678-1234-567812345678"))
value("uuid_zero", "uuid 00000000-0000-0000-0000-000000000000", lambda: uuid.UUID(int=0))
value("uuid_max", "uuid ffffffff-ffff-ffff-ffff-ffffffffffff", lambda: uuid.UUID(int=2 ** 128 - 1))
value("pattern", "pattern 'a+' 2", lambda: re.compile("a+", re.I) if PY2 else re.compile("a+", re.I | re.A))
VALUES[-1] = ("pattern", "pattern 'a+' %d" % VALUES[-1][2]().flags, VALUES[-1][2])
value("partial", "partial complex(7).imag=2", lambda: functools.partial(complex, 7, imag=2))
for code, items in ARRAYS:
    if code not in "qQ" or not PY2:
        value("array_%s" % code, "Object", lambda code=code, items=items: array.array(code, items))
value("array_none", "Object", lambda: array.array("i"))
value("array_u" if sys.version_info < (3, 13) else "array_w", "Object", lambda: array.array("u" if sys.version_info < (3, 13) else "w", u"a\u20ac"))
if PY2:
    value("array_c", "Object", lambda: array.array("c", "a\xff"))
value("global", "global OrderedDict", lambda: collections.OrderedDict)

if PY2:
    import UserDict
    import UserList
    import UserString

    value("str8", "'plain'", lambda: "plain")
    value("str8_bytes", "b'ff00'", lambda: "\xff\x00")
    value("UserDict", "UserDict{'a':1}", lambda: UserDict.UserDict(a=1))
    value("UserList", "UserList[1]", lambda: UserList.UserList([1]))
    value("UserString", "derived 'x'", lambda: UserString.UserString("x"))
else:
    import enum
    import ipaddress
    import pathlib
    import types

    class Color(enum.Enum):
        RED = 1
        GREEN = "g"

        def __reduce_ex__(self, protocol):
            return getattr, (self.__class__, self.name)

    value("member", "member Color.RED", lambda: Color.RED)

    class Shade(enum.Enum):
        DARK = 1
        LIGHT = "l"

    class Level(enum.IntEnum):
        LOW = 1
        HIGH = 300

    class Access(enum.Flag):
        READ = 1
        WRITE = 2

    value("enum_int", "record Shade(1)", lambda: Shade.DARK)
    value("enum_text", "record Shade('l')", lambda: Shade.LIGHT)
    value("int_enum", "record Level(300)", lambda: Level.HIGH)
    value("flag", "record Access(3)", lambda: Access.READ | Access.WRITE)
    value("UserDict", "UserDict{'a':1}", lambda: collections.UserDict(a=1))
    value("UserList", "UserList[1]", lambda: collections.UserList([1]))
    value("UserString", "derived 'x'", lambda: collections.UserString("x"))
    value("ChainMap", "ChainMap{'a':2,'b':3,'a':1}", lambda: collections.ChainMap({"a": 1}, {"a": 2, "b": 3}))
    value("namespace", "record SimpleNamespace().a=1", lambda: types.SimpleNamespace(a=1))
    value("ipv4", "ip 192.168.0.1", lambda: ipaddress.ip_address("192.168.0.1"))
    value("ipv6", "ip 2001:db8::1", lambda: ipaddress.ip_address("2001:db8::1"))
    value("ipv6_small", "ip ::1", lambda: ipaddress.ip_address("::1"))
    value("network", "ip 10.0.0.0/8", lambda: ipaddress.ip_network("10.0.0.0/8"))
    value("interface", "ip 10.0.0.1/8", lambda: ipaddress.ip_interface("10.0.0.1/8"))
    value("path", "path PurePosixPath /usr/lib", lambda: pathlib.PurePosixPath("/usr/lib"))
    value("path_windows", "path PureWindowsPath C:\\a\\b", lambda: pathlib.PureWindowsPath("C:/a/b"))
    value("path_dot", "path PurePosixPath .", lambda: pathlib.PurePosixPath("."))
    value("utc", "zone +00:00 UTC", lambda: datetime.timezone.utc)
    value("zone", "zone -05:30 X", lambda: datetime.timezone(datetime.timedelta(hours=-5, minutes=-30), "X"))
    utc = datetime.datetime(2024, 2, 29, 13, 5, tzinfo=datetime.timezone.utc)
    value("datetime_utc", "datetime 2024-02-29T13:05:00+00:00", lambda: utc)
    value("time_utc", "time 13:05:00+00:00", lambda: utc.timetz())
    value("MyInt", scalar("MyInt", "5"), lambda: MyInt(5))
    value("MyStr", scalar("MyStr", "'five'"), lambda: MyStr("five"))

    # Classes in classes, which protocols below 4 have as attributes.
    class Outer:
        class Plain(Plain):
            pass

        class Slots(Slots):
            __slots__ = ("c",)

        class MyDict(dict):
            pass

        class MyList(list):
            pass

        class MySet(set):
            pass

        class MyInt(int):
            pass

        class MyStr(str):
            pass

        class MyTuple(tuple):
            pass

        class MyError(MyError):
            pass

        class MyDeque(collections.deque):
            pass

        class MyCounter(collections.Counter):
            pass

        class Shade(enum.Enum):
            DARK = 1

        class Color(enum.Enum):
            RED = 1

            def __reduce_ex__(self, protocol):
                return getattr, (self.__class__, self.name)

        class Pair(collections.namedtuple("Pair", "a b")):
            __slots__ = ()

        class Middle:
            class Inner(Plain):
                @classmethod
                def make(cls, *args):
                    return cls()

            class Made:
                def __reduce__(self):
                    return Outer.Middle.Inner.make, (1, 2)

    value("nested", "record Outer.Plain().a=1.b='x'", Outer.Plain)
    value("nested_slots", "record Outer.Slots().a=1", Outer.Slots)
    value("nested_dict", "Outer.MyDict:{'a':1}", lambda: Outer.MyDict(a=1))
    value("nested_dict_attr", "Outer.MyDict:{'a':1}.tag='t'", lambda: with_attribute(Outer.MyDict(a=1)))
    value("nested_list", "Outer.MyList:[1]", lambda: Outer.MyList([1]))
    value("nested_set", "record Outer.MySet([1])", lambda: Outer.MySet([1]))
    value("nested_int", scalar("Outer.MyInt", "5"), lambda: Outer.MyInt(5))
    value("nested_str", scalar("Outer.MyStr", "'five'"), lambda: Outer.MyStr("five"))
    value("nested_tuple", lambda protocol: "record Outer.MyTuple(%s)" % ("1,2" if protocol < 2 else "(1,2)"), lambda: Outer.MyTuple((1, 2)))
    value("nested_error", "record Outer.MyError('bad',3).code=7", lambda: error(Outer.MyError))
    value("nested_deque", "Outer.MyDeque:[1,2]", lambda: Outer.MyDeque([1, 2]))
    value("nested_counter", "record Outer.MyCounter({'a':2})", lambda: Outer.MyCounter("aa"))
    value("nested_enum", "record Outer.Shade(1)", lambda: Outer.Shade.DARK)
    value("nested_member", "member Outer.Color.RED", lambda: Outer.Color.RED)
    value("nested_namedtuple", "record Outer.Pair(1,2)", lambda: Outer.Pair(1, 2))
    value("nested_deeper", "record Outer.Middle.Inner().a=1.b='x'", Outer.Middle.Inner)
    value("nested_many", "[record Outer.Plain().a=1.b='x',record Outer.Plain().a=1.b='x']", lambda: [Outer.Plain(), Outer.Plain()])
    value("nested_made", "record Outer.Middle.Inner.make(1,2)", Outer.Middle.Made)
    try:
        import zoneinfo

        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
        value("zoneinfo", "zone [Europe/Berlin] Europe/Berlin", lambda: berlin)
        value("datetime_zoneinfo", "datetime 2024-02-29T13:05:00[Europe/Berlin]", lambda: utc.replace(tzinfo=berlin))
    except Exception as missing:
        print("no zoneinfo:", missing, file=sys.stderr)
    if sys.version_info >= (3, 11):
        import dataclasses

        # Python 2 does not read annotations.
        exec(DATA)
        value("dataclass", "record Data().a=1.b='x'", lambda: Data(1, "x"))
        value("dataclass_slots", "record DataSlots().a=1", lambda: DataSlots(1))
        value("dataclass_frozen", "record DataFrozen()[1,'x']", lambda: DataFrozen(1, "x"))
        value("nested_dataclass", "record Box.Data().a=1.b='x'", lambda: Box.Data(1, "x"))
        value("nested_dataclass_slots", "record Box.DataSlots().a=1", lambda: Box.DataSlots(1))
        value("nested_dataclass_frozen", "record Box.DataFrozen()[1,'x']", lambda: Box.DataFrozen(1, "x"))
    try:
        import attr

        @attr.s
        class Attrs(object):
            a = attr.ib()

        @attr.s(slots=True)
        class AttrsSlots(object):
            a = attr.ib()

        value("attrs", "record Attrs().a=1", lambda: Attrs(1))
        value("attrs_slots", "record AttrsSlots().a=1", lambda: AttrsSlots(1))
    except ImportError:
        pass
    try:
        import pytz

        value("pytz_utc", "zone +00:00 UTC", lambda: pytz.utc)
        value("pytz_fixed", "zone +01:30 None", lambda: pytz.FixedOffset(90))
        value(
            "pytz",
            "datetime 2024-07-01T13:05:00+02:00",
            lambda: pytz.timezone("Europe/Berlin").localize(datetime.datetime(2024, 7, 1, 13, 5)),
        )
    except ImportError:
        pass
    try:
        import dateutil.tz

        value("dateutil_utc", "zone +00:00 UTC", lambda: dateutil.tz.tzutc())
        value("dateutil_offset", "zone +01:00 CET", lambda: dateutil.tz.tzoffset("CET", 3600))
        value("dateutil_file", "zone [Europe/Berlin] Europe/Berlin", lambda: dateutil.tz.gettz("Europe/Berlin"))
        value("dateutil_local", "zone  local", lambda: dateutil.tz.tzlocal())
        value(
            "datetime_dateutil",
            "datetime 2024-02-29T13:05:00[Europe/Berlin]",
            lambda: utc.replace(tzinfo=dateutil.tz.gettz("Europe/Berlin")),
        )
        value(
            "datetime_dateutil_offset",
            "datetime 2024-02-29T13:05:00+01:00",
            lambda: utc.replace(tzinfo=dateutil.tz.tzoffset("CET", 3600)),
        )
    except ImportError:
        pass


try:
    import numpy

    value("np_int", "Object", lambda: numpy.array([1, -2, 3], dtype="<i8"))
    value("np_big_endian", "Object", lambda: numpy.array([1, -2, 3], dtype=">i2"))
    value("np_float", "Object", lambda: numpy.array([[1.5, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype="<f4"))
    value("np_fortran", "Object", lambda: numpy.asfortranarray([[1.5, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    value("np_cube", "Object", lambda: numpy.arange(24, dtype="<u2").reshape(2, 3, 4))
    value("np_bool", "Object", lambda: numpy.array([True, False]))
    value("np_bytes", "Object", lambda: numpy.array([0, 255, 65], dtype="u1"))
    value("np_complex", "Object", lambda: numpy.array([1 + 2j]))
    value("np_text", "Object", lambda: numpy.array([u"a", u"caf\u00e9"]))
    value("np_octets", "Object", lambda: numpy.array([b"a", b"bc"]))
    value("np_dates", "Object", lambda: numpy.array(["2024-02-29", "NaT"], dtype="M8[D]"))
    value("np_times", "Object", lambda: numpy.array(["2024-02-29T13:05:07.000001"], dtype="M8[us]"))
    value("np_objects", "Object", lambda: numpy.array([["a", 1], [None, 2.5]], dtype=object))
    value("np_records", "Object", lambda: numpy.array([(1, 1.5, b"x"), (2, 2.5, b"yz")], dtype=[("id", "<i4"), ("temp", "<f8"), ("tag", "S2")]))
    value("np_none", "Object", lambda: numpy.zeros((0, 3)))
    value("np_single", "Object", lambda: numpy.array(7))
    value("np_float_scalar", "Object", lambda: numpy.float64(1.5))
    value("np_int_scalar", "Object", lambda: numpy.int32(-7))
    value("np_bool_scalar", "Object", lambda: numpy.bool_(True))
    value("np_text_scalar", "Object", lambda: numpy.str_("caf"))
except ImportError:
    pass


def main():
    for name, means, make in VALUES:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            expected = means(protocol) if callable(means) else means
            try:
                pickled = pickle.dumps(make(), protocol)
            except Exception as refused:
                # Slots and code of modules cannot be pickled with protocols 0 and 1.
                print(name, protocol, refused, file=sys.stderr)
                continue
            if PY2 and name == "bytes":
                continue
            line = u"%s\t%s\t%s" % (name, expected if not PY2 else expected.decode("unicode-escape"), binascii.hexlify(pickled).decode())
            line = line.encode("utf-8")
            print(line if PY2 else line.decode("utf-8"))


if __name__ == "__main__":
    main()
