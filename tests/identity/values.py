"""Pickles of generated values, for the comparison of what we write with what CPython wrote.

    python tests/identity/values.py SEED COUNT [pure]

One line a pickle: PROTOCOL HEX. Written by the C pickler of the Python that
runs this (2.7 and 3.6 on), or with `pure` by the one written in Python; the
same seed gives the same values. Boundaries are favoured: batches, string
lengths, ints around every opcode, frames, and whatever is shared or refers to
itself.

    python tests/identity/values.py same

Reads lines of pickles, HEX HEX ..., and compares what the first loads as with
what each of the others does. A line NUMBER OTHER REASON, both counted from 0,
for each that is not the same value, NUMBER - REASON where the first does not
load, and at the end `checked COUNT`.
"""

from __future__ import print_function

import binascii
import collections
import datetime
import decimal
import random
import sys
import uuid

PY2 = sys.version_info[0] == 2
if PY2:
    import cPickle as pickle
    unicode_ = unicode
    chr_ = unichr
else:
    import pickle
    unicode_ = str
    chr_ = chr


class Plain(object):
    pass


class Slots(object):
    __slots__ = ("a", "b")


class Items(list):
    pass


class Table(dict):
    pass


class Made(object):
    def __new__(cls, *args):
        return object.__new__(cls)

    def __getnewargs__(self):
        return (1, "two")


class Keyed(object):
    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __getnewargs_ex__(self):
        return (1,), {"k": [2]}


class Outer(object):
    class Inner(object):
        class Innermost(object):
            pass


Pair = collections.namedtuple("Pair", "left right")

INTS = [0, 1, -1, 127, 128, 255, 256, 65535, 65536, -128, -129, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32]
INTS += [sign * 2**bits + more for bits in (39, 63, 64, 127, 2031, 2039, 2040) for sign in (1, -1) for more in (-1, 0, 1)]
FLOATS = [0.0, -0.0, 1.0, 1.5, 0.1, 1e16, 1e15, 123456789012345678.0, 1e-4, 1e-5, 1e300, 5e-324, float("inf"), -float("inf")]
FLOATS += [2.0**-25, 2.0**-24, 2.0**-1074 * 3, 2.0**89, 1e22, 1e23, 9007199254740993.0, 1 / 3.0, 100.0, -1e-7, 1e17, 1.7976931348623157e308]
LENGTHS = [0, 1, 2, 254, 255, 256, 257]
LARGE = [65526, 65530, 65533, 65534, 65535, 65536, 65537, 65540, 70000]
BATCHES = [0, 1, 2, 3, 999, 1000, 1001, 1002, 1999, 2000, 2001]
CHARS = [u"a", u"\\", u"\n", u"\r", u"\0", u"\x1a", u"\x7f", u"\x80", u"\xff", u"\u0100", u"\u20ac", u"\U0001f600", u"'", u'"']


class Generator(object):
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = []
        # Values that may still be made: batches in batches would be millions.
        self.left = 3000

    def pick(self, choices):
        return choices[int(self.random.random() * len(choices))]

    def chance(self, share):
        return self.random.random() < share

    def text(self):
        if self.chance(0.3):
            return u"".join(self.pick(CHARS) for _ in range(self.pick([1, 2, 5, 40])))
        if self.chance(0.01):
            return self.pick([u"x", u"\u20ac"]) * self.pick(LARGE)
        return self.pick([u"a", u"\xe9"]) * self.pick(LENGTHS)

    def octets(self):
        length = self.pick(LARGE) if self.chance(0.01) else self.pick(LENGTHS)
        return self.pick([b"b", b"\xff", b"\n'"]) * length

    def atom(self):
        kind = self.pick("niiiffbtttty")
        if kind == "n":
            return None
        if kind == "i":
            return self.pick(INTS)
        if kind == "f":
            return self.pick(FLOATS)
        if kind == "b":
            return self.pick([True, False])
        if kind == "t":
            return self.text()
        return self.octets()

    def key(self):
        return self.pick([self.pick(INTS[:20]), self.text(), (1, self.text()), self.octets()])

    def known(self):
        return self.pick([
            lambda: datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
            lambda: datetime.timedelta(1, 2, 3),
            lambda: decimal.Decimal("1.50"),
            lambda: uuid.UUID(int=5),
            lambda: complex(1, 2),
            lambda: bytearray(self.octets()),
            lambda: collections.OrderedDict((i, self.value(3)) for i in range(self.pick([0, 1, 2, 1000]))),
            lambda: collections.defaultdict(list, {1: [self.value(3)]}),
            lambda: collections.deque([self.value(3)] * self.pick([0, 1, 2, 1001])),
            lambda: Pair(self.value(3), 2),
            lambda: Made(),
            lambda: Outer if PY2 else self.pick([Outer.Inner, Outer.Inner.Innermost, Outer]),
            lambda: Made() if PY2 else Keyed(),
            lambda: len,
            lambda: ValueError(u"x", self.value(3)),
            lambda: range(3) if PY2 else range(0, 10, 2),
        ])()

    def plain(self, kind, depth):
        made = kind()
        self.made.append(made)
        for name in ("a", "b"):
            setattr(made, name, self.value(depth + 1))
        return made

    def value(self, depth=0):
        self.left -= 1
        if self.left < 0:
            return self.pick(INTS)
        if self.made and self.chance(0.15):
            return self.pick(self.made)
        if depth > 4 or self.chance(0.35):
            made = self.atom()
            if isinstance(made, (bytes, unicode_)) and self.chance(0.3):
                self.made.append(made)
            return made
        kind = self.pick("llldddttsfokkpSLD")
        size = self.pick(BATCHES if self.chance(0.06) else [0, 1, 2, 3, 4, 5])
        inner = 9 if size > 100 else depth + 1
        if kind == "l":
            made = []
            self.made.append(made)
            made.extend(self.value(inner) for _ in range(size))
        elif kind == "d":
            made = {}
            self.made.append(made)
            for i in range(size):
                made[i if size > 100 else self.key()] = self.value(inner)
        elif kind == "t":
            made = tuple(self.value(inner) for _ in range(size))
            self.made.append(made)
        elif kind in "sf":
            made = set(self.key() for _ in range(size)) if size < 100 else set(range(size))
            if self.chance(0.2):
                # An object inside that knows the set.
                item = Plain()
                made.add(item)
                made = made if kind == "s" else frozenset(made)
                item.home = made
            elif kind == "f":
                made = frozenset(made)
            self.made.append(made)
        elif kind in "op":
            made = self.plain(Plain, depth)
        elif kind == "S":
            made = Slots()
            made.a = self.value(depth + 1)
        elif kind == "L":
            made = Items()
            made.extend(self.value(inner) for _ in range(size))
        elif kind == "D":
            made = Table((i, self.value(inner)) for i in range(size))
            made.extra = self.value(depth + 1)
        else:
            made = self.known()
            self.made.append(made)
        return made


def fixed():
    """Values whose edges must be met, whatever the seed."""
    for size in BATCHES:
        yield list(range(size))
        yield dict((i, None) for i in range(size))
        yield set(range(size))
        yield frozenset(range(size))
        yield Items(range(size))
        yield Table((i, 1) for i in range(size))
        yield collections.OrderedDict((i, 1) for i in range(size))
        yield tuple(range(size))
    for length in LENGTHS + LARGE:
        yield [u"a" * length, b"b" * length, 1]
        yield [u"\xe9" * length, bytearray(b"b" * length), 2]
    for fill in range(65508, 65532):
        yield [u"a" * 32000, u"b" * (fill - 32000), None, 1, u"c", [2]]
    for size in (21800, 21840, 21845, 21846, 30000):
        yield [1000] * size + [u"end"]
    yield [2**600001, None, u"x"]
    yield INTS
    yield FLOATS
    items = []
    items.append((items, 1, 2))
    yield items
    yield items[0]
    for extra in ((), (1, 2), (1, 2, 3)):
        inner = []
        outer = (inner,) + extra
        inner.append(outer)
        yield outer
    loop = {}
    loop["self"] = loop
    loop["list"] = [loop, (loop,)]
    yield loop
    for kind in (set, frozenset):
        item = Plain()
        made = kind([item, 5])
        item.home = made
        yield made
        yield item
        yield [made, made]
    plain = Plain()
    plain.me = [plain, (plain, plain.__dict__)]
    yield plain
    yield [Plain, Plain, Plain(), Plain()]
    if not PY2:
        yield [Outer.Inner, Outer, Outer.Inner.Innermost, Outer.Inner, Outer.Inner()]
        yield [Keyed(), Keyed()]


class Differ(Exception):
    pass


class Comparison(object):
    """The same graph of objects: types, contents, and what is shared among whatever can change."""

    def __init__(self):
        self.met = {}
        self.kept = []

    def same(self, a, b):
        if type(a) is not type(b):
            raise Differ("%s is not %s" % (type(a), type(b)))
        kind = type(a)
        if a is None or kind in (bool, int, bytes, unicode_, complex, bytearray) or (PY2 and kind is long):
            if a != b:
                raise Differ("%.100r is not %.100r" % (a, b))
        elif kind is float:
            if repr(a) != repr(b):
                raise Differ("%r is not %r" % (a, b))
        elif isinstance(a, (type, type(len))) or callable(a) and hasattr(a, "__qualname__"):
            if a != b:
                raise Differ("%r is not %r" % (a, b))
        elif kind is tuple:
            if len(a) != len(b):
                raise Differ("tuples of %d and %d" % (len(a), len(b)))
            if self.met.setdefault((id(a), id(b))) is None:
                self.met[id(a), id(b)] = True
                self.kept.append((a, b))
                for left, right in zip(a, b):
                    self.same(left, right)
        elif self.met.setdefault(id(a), id(b)) != id(b):
            raise Differ("%s: shared here, not there" % kind)
        elif ("inside", id(a)) not in self.met:
            self.met["inside", id(a)] = True
            self.kept.append((a, b))
            self.inside(kind, a, b)

    def inside(self, kind, a, b):
        if kind in (set, frozenset):
            atoms = (int, float, bytes, unicode_, tuple)
            left, right = ([x for x in s if isinstance(x, atoms)] for s in (a, b))
            if len(a) != len(b) or set(map(repr, left)) != set(map(repr, right)):
                raise Differ("sets of %d and %d" % (len(a), len(b)))
            left, right = ([x for x in s if not isinstance(x, atoms)] for s in (a, b))
            if len(left) < 2:
                self.same(left, right)
        elif kind is list:
            self.same(tuple(a), tuple(b))
        elif kind is dict:
            self.same(tuple(a.items()), tuple(b.items()))
        elif PY2 and not isinstance(a, object.__class__) and not hasattr(a, "__reduce_ex__"):
            self.same(a.__dict__, b.__dict__)
        else:
            left, right = (x.__reduce_ex__(2) for x in (a, b))
            if isinstance(left, str):
                left, right = (left,), (right,)
            left, right = ([list(x) if hasattr(x, "__next__") or hasattr(x, "next") else x for x in r] for r in (left, right))
            self.same(tuple(left), tuple(right))


def compare():
    count = 0
    how = {} if PY2 else {"encoding": "latin1"}
    for count, line in enumerate(sys.stdin, 1):
        first, others = None, line.split()
        for other, word in enumerate(others, -1):
            try:
                value = pickle.loads(binascii.unhexlify(word.encode()), **how)
                if other < 0:
                    first = value
                else:
                    Comparison().same(first, value)
            except Exception as error:
                where = "-" if other < 0 else other
                print(count - 1, where, type(error).__name__, str(error)[:200].replace("\n", " "))
                if other < 0:
                    break
    print("checked", count)


def main():
    if sys.argv[1] == "same":
        return compare()
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    dumps = pickle.dumps
    if "pure" in sys.argv[3:]:
        import pickle as pure
        dumps = pure.dumps if PY2 else pure._dumps
    values = list(fixed()) if seed == 0 else []
    for i in range(count):
        values.append(Generator(seed * 100000 + i).value())
    for value in values:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            try:
                data = dumps(value, protocol)
            except (pickle.PicklingError, AttributeError, TypeError, ValueError, RuntimeError):
                # Slots below protocol 2, and the like: this Python says no.
                continue
            print(protocol, binascii.hexlify(data).decode())


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    main()
