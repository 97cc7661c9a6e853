"""What values mean is in one table for all languages, tests/data/views: here it is told from what Python gets."""

import base64
import collections
import datetime
import decimal
import fractions
import io
import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import uuid
import zoneinfo

import pytest

import libpickle
from libpickle import Buffer, Extension, Global, PickleError, Record, Str8

ROOT = pathlib.Path(__file__).resolve().parents[3]
VIEWS = ROOT / "tests" / "data" / "views"
# The command to compare with, as ./task python builds it.
COMMAND = os.environ.get("PICKLE_COMMAND")


def listed(values):
    return ",".join(map(describe, values))


def pairs(entries):
    return ",".join("%s:%s" % (describe(key), describe(value)) for key, value in entries)


def named(attributes):
    return "".join(".%s=%s" % (name, describe(value)) for name, value in attributes.items())


def offset(delta):
    seconds = int(delta.total_seconds())
    text = "%s%02d:%02d" % ("-" if seconds < 0 else "+", abs(seconds) // 3600, abs(seconds) // 60 % 60)
    return text + (":%02d" % (abs(seconds) % 60) if seconds % 60 else "")


def zone(value):
    """What a zone adds to a time, and its name."""
    if isinstance(value, zoneinfo.ZoneInfo):
        return "[%s]" % value.key, value.key
    if isinstance(value, datetime.timezone):
        return offset(value.utcoffset(None)), value.tzname(None)
    name = value.name.rsplit(".")[-1]
    if name == "tzoffset" and value.state:
        return offset(value.state["_offset"]), value.state["_name"]
    if name in ("tzutc", "_UTC"):
        return "+00:00", "UTC"
    if name == "tzlocal":
        return "", "local"
    if name == "tzoffset":
        text, delta = value.args
        delta = delta if isinstance(delta, datetime.timedelta) else datetime.timedelta(seconds=delta)
        return offset(delta), text
    if name == "FixedOffset":
        return offset(datetime.timedelta(minutes=value.args[0])), "None"
    assert value.name == "pytz._p", value.name
    return offset(datetime.timedelta(seconds=value.args[1])), value.args[3]


PLAIN = {
    type(None): lambda value: "None",
    bool: lambda value: str(value).lower(),
    int: lambda value: str(value) if -(2**63) <= value < 2**63 else "big %d" % value,
    float: repr,
    str: lambda value: "'%s'" % value,
    bytes: lambda value: "b'%s'" % value.hex(),
    bytearray: lambda value: "b'%s'" % value.hex(),
    Str8: lambda value: "'%s'" % value.decode() if value.isascii() else "b'%s'" % value.hex(),
    complex: lambda value: "complex(%g,%g)" % (value.real, value.imag),
    range: lambda value: "range(%s)" % listed([value.start, value.stop, value.step]),
    slice: lambda value: "slice(%s)" % listed([value.start, value.stop, value.step]),
    datetime.date: lambda value: "date %s" % value,
    datetime.timedelta: lambda value: "delta %s" % value,
    datetime.timezone: lambda value: "zone %s %s" % zone(value),
    zoneinfo.ZoneInfo: lambda value: "zone %s %s" % zone(value),
    decimal.Decimal: lambda value: "decimal %s" % value,
    fractions.Fraction: lambda value: "fraction %s" % value,
    uuid.UUID: lambda value: "uuid %s" % value,
    pathlib.PurePosixPath: lambda value: "path PurePosixPath %s" % value,
    pathlib.PureWindowsPath: lambda value: "path PureWindowsPath %s" % value,
    list: lambda value: "[%s]" % listed(value),
    tuple: lambda value: "(%s)" % listed(value),
    set: lambda value: "set{%s}" % listed(value),
    frozenset: lambda value: "frozenset{%s}" % listed(value),
    collections.deque: lambda value: "deque[%s]%s" % (listed(value), "max=%d" % value.maxlen if value.maxlen else ""),
    dict: lambda value: "{%s}" % pairs(value.items()),
    collections.OrderedDict: lambda value: "OrderedDict{%s}" % pairs(value.items()),
    collections.Counter: lambda value: "Counter{%s}" % pairs(value.items()),
    collections.defaultdict: lambda value: "DefaultDict{%s}" % pairs(value.items()),
    Global: lambda value: "global %s" % value.name,
}


def moment(value):
    """Of a time or a datetime; of a Record with a zone that is none of Python's the arguments say it."""
    if isinstance(value, Record):
        data, at = value.args
        data = data.encode("latin-1") if isinstance(data, str) else data
        micros = int.from_bytes(data[7:10], "big")
        return moment(datetime.datetime(data[0] * 256 + data[1], *data[2:7], micros)) + zone(at)[0]
    kind = "datetime" if isinstance(value, datetime.datetime) else "time"
    return "%s %s%s" % (kind, value.replace(tzinfo=None).isoformat(), zone(value.tzinfo)[0] if value.tzinfo else "")


def attribute(value):
    """A class or function, which may be one in a class, without its module."""
    return value.name if isinstance(value, Global) else "%s.%s" % (attribute(value.args[0]), value.args[1])


def record(value):
    """A Record, by all that it says of itself."""
    # A class of the table's own may be in a class.
    name = value.name.removeprefix("__main__.") if value.name.startswith("__main__.") else value.name.rsplit(".")[-1]
    attributes = value.attributes
    made = value.args
    if value.callable.name == "_reconstructor":
        made = () if isinstance(made[2], (list, dict, type(None))) else made
    if value.name.startswith("ipaddress."):
        # Networks and interfaces of protocols 0 and 1 have a state.
        return "ip %s" % getattr(ipaddress, name)(*made)
    if value.name == "datetime.datetime":
        return moment(value)
    if value.name.startswith(("dateutil.", "pytz.")):
        return "zone %s %s" % zone(value)
    if value.name == "re._compile":
        return "pattern %s %s" % (describe(made[0]), describe(made[1]))
    if name == "getattr":
        return "member %s" % attribute(value)
    if value.name == "functools.partial":
        function, args, kwargs, _ = value.state
        return "partial %s(%s)%s" % (function.name, listed(args), named(kwargs or {}))
    if name == "ChainMap":
        return "ChainMap{%s}" % pairs(pair for each in reversed(attributes["maps"]) for pair in each.items())
    if name in ("UserDict", "IterableUserDict"):
        return "UserDict{%s}" % pairs(attributes["data"].items())
    if name == "UserList":
        return "UserList[%s]" % listed(attributes["data"])
    if name == "UserString":
        return "derived %s" % describe(attributes["data"])
    if name == "defaultdict":
        return "DefaultDict{%s}" % pairs(value.entries)
    if value.items:
        return "%s:[%s]%s" % (name, listed(value.items), named(attributes))
    if value.entries:
        return "%s:{%s}%s" % (name, pairs(value.entries), named(attributes))
    if value.callable.name == "_reconstructor" and len(made) == 3:
        if not isinstance(made[2], tuple):
            return "derived %s" % describe(made[2])
        made = made[2]
    values = "[%s]" % listed(value.state) if isinstance(value.state, list) else ""
    return "record %s(%s)%s%s" % (name, listed(made), values, named(attributes))


def describe(value):
    """In the words of the table."""
    if isinstance(value, (datetime.datetime, datetime.time)):
        return moment(value)
    if isinstance(value, Record):
        return value.kind or record(value)
    return PLAIN[type(value)](value)


def has_zones():
    """The machine knows the time zones of the world."""
    try:
        return bool(zoneinfo.ZoneInfo("Europe/Berlin"))
    except zoneinfo.ZoneInfoNotFoundError:
        return False


def options_for(pickled):
    try:
        libpickle.loads(pickled)
    except PickleError as error:
        # Bytes of Python 2.
        return {"encoding": None} if error.kind == "BadEncoding" else {}
    return {}


def rows(name):
    for line in (VIEWS / name).read_text("utf-8").splitlines():
        name, means, pickled = line.split("\t")
        yield name, means, bytes.fromhex(pickled)


def test_values_mean_what_they_mean_in_every_language():
    wrong, count = [], 0
    for name, means, pickled in rows("views.tsv"):
        if "Europe/Berlin" in means and not has_zones():
            continue
        options = options_for(pickled)
        value = libpickle.loads(pickled, **options)
        says = describe(value)
        if means == "Object":
            # The table has no words for items of arrays; scalars and arrays are known, and to_numpy has them.
            means = "SCALAR" if name.endswith("_scalar") else "ARRAY"
        if says != means:
            wrong.append("%s: %r is %s here and %s there" % (name, value, says, means))
        # By a path, and in pieces, it is the same.
        assert describe(libpickle.get(pickled, "$", **options)) == says, name
        items = libpickle.items(io.BytesIO(pickled), **options)
        if isinstance(value, (list, tuple, set, frozenset, collections.deque)):
            assert list(items) == list(value), name
        elif isinstance(value, dict):
            assert list(items) == list(value.items()), name
        count += 1
    assert not wrong, "%d of %d: %s" % (len(wrong), count, "\n".join(sorted(set(wrong))))
    assert count >= 1000


def test_scalars_of_pandas_are_records_of_their_classes():
    names = {"period": "Period", "interval": "Interval", "timestamp": "imestamp", "timedelta": "imedelta"}
    names.update(nat="nat", na="NA")
    count = 0
    for name, _, pickled in rows("pandas.tsv"):
        value = libpickle.loads(pickled)
        assert isinstance(value, (Record, Global)), name
        assert names[name.split("_")[0]] in value.name, (name, value)
        assert value.name.startswith("pandas.") or value.module.startswith("pandas"), name
        count += 1
    assert count >= 290


# Bytes of a file that is looked at.
LARGEST = 16 << 10


def files():
    """Pickles of tests/data, and of the corpus where it is at hand a part."""
    own = [path for path in sorted((ROOT / "tests" / "data").rglob("*")) if path.suffix in (".pkl", ".pickle")]
    corpus = pathlib.Path(os.environ.get("PICKLE_CORPUS") or ROOT.parent / "shared" / "corpus") / "data"
    found = sorted(path for path in corpus.rglob("*") if path.suffix in (".pkl", ".pickle"))
    return [path for path in own + found[::4] if path.is_file() and path.stat().st_size <= LARGEST], bool(found)


def pairs_of(json):
    """The entries of a dict in JSON."""
    return json["$dict"] if set(json) == {"$dict"} else [list(pair) for pair in json.items()]


def ordered(texts):
    return sorted(texts, key=json.dumps)


class Comparison:
    """What the command says of values, compared with what Python gets."""

    def __init__(self):
        self.same = collections.Counter()
        self.wrong = []

    def all(self, json, values, path):
        values = list(values)
        if not isinstance(json, list) or len(json) != len(values):
            self.wrong.append("%s: %r in JSON, %r" % (path, json, values))
            return
        for at, (one, value) in enumerate(zip(json, values)):
            self.values(one, value, "%s[%d]" % (path, at))

    def entries(self, json, entries, path):
        entries = list(entries)
        json = pairs_of(json) if isinstance(json, dict) else None
        # Of equal keys the last counts.
        if json is None or len(json) < len(entries):
            self.wrong.append("%s: %r in JSON, %r" % (path, json, entries))
        elif len(json) == len(entries):
            for (name, one), (key, value) in zip(json, entries):
                self.values(name, key, path + "@key")
                self.values(one, value, "%s[%r]" % (path, key))

    def values(self, json, value, path):
        kind = type(value)
        if isinstance(value, (set, frozenset)):
            # In the order of the stream there, in none here.
            self.all(ordered(json), sorted(value, key=self.key), path)
        elif isinstance(value, (list, tuple, collections.deque)):
            self.all(json, value, path)
        elif isinstance(value, dict):
            # With attributes it is an object with content.
            self.entries(json.get("$setitem", json) if isinstance(json, dict) else json, value.items(), path)
        elif kind is Record:
            self.record(json, value, path)
        elif json != (said := self.text(value)) and not (isinstance(said, tuple) and json in said):
            self.wrong.append("%s: %r in JSON, %r" % (path, json, value))
        self.same[kind.__name__] += 1

    def key(self, value):
        """What sorts as its JSON does."""
        if isinstance(value, (tuple, frozenset)):
            keys = [self.key(one) for one in value]
            return "[%s]" % ", ".join(sorted(keys) if isinstance(value, frozenset) else keys)
        text = self.text(value)
        return json.dumps(text[0] if isinstance(text, tuple) else text)

    def text(self, value):
        """Scalars in plain JSON; a tuple where there are several ways."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            if abs(value) <= 1 << 53:
                return value
            return (str(value) if abs(value).bit_length() < 4000 else "", hex(value))
        if isinstance(value, float):
            words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
            return words.get(str(value), value)
        octets = {"$bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else None
        if isinstance(value, Str8):
            return (octets, value.decode("utf-8", "replace"))
        if isinstance(value, bytes):
            return octets
        if isinstance(value, bytearray):
            return {"$bytearray": base64.b64encode(value).decode()}
        if isinstance(value, memoryview):
            return {"$readonly": self.text(bytearray(value))}
        if isinstance(value, str):
            return (value, {"$wtf8": base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()})
        if isinstance(value, (datetime.datetime, datetime.time)):
            return moment(value).split(" ", 1)[1]
        if isinstance(value, datetime.timedelta):
            return {"$seconds": value.total_seconds()}
        if isinstance(value, datetime.tzinfo):
            if not isinstance(value, datetime.timezone):
                return zone(value)
            # An object, with its name where it was given one.
            args = [{"$seconds": value.utcoffset(None).total_seconds()}, value.tzname(None)]
            return (*zone(value), *({"$class": "datetime.timezone", "$args": args[:count]} for count in (1, 2)))
        if isinstance(value, complex):
            return {"$complex": [self.text(value.real), self.text(value.imag)]}
        if isinstance(value, (range, slice)):
            ends = [self.text(end) for end in (value.start, value.stop, value.step)]
            ends = [end[0] if isinstance(end, tuple) else end for end in ends]
            return {"$" + type(value).__name__: ends}
        if isinstance(value, Global):
            return ({"$global": value.path}, {"$global": "%s:%s" % (value.module, value.name)})
        if isinstance(value, Extension):
            return {"$ext": value.code}
        if isinstance(value, Buffer):
            return {"$buffer": value.index, **({"$readonly": True} if value.read_only else {})}
        return str(value)

    def record(self, json, value, path):
        """An object that is one in JSON too; arrays, tables and what has a text are compared by their class alone."""
        named = json.get("$class") if isinstance(json, dict) else None
        if named is None or "$ndarray" in json:
            return
        # What getattr leads to has no name here.
        if value.name is None:
            return
        if named.replace(":", ".") != value.name:
            self.wrong.append("%s: %s in JSON, %s" % (path, named, value.name))
            return
        if "$changes" in json or value.how in ("PERSID", "CHANGED"):
            return
        if value.items:
            self.all(json.get("$append", json.get("$add")), value.items, path + "@items")
        if value.entries:
            self.entries(json.get("$setitem"), value.entries, path)
        slots = json.get("$slots")
        if isinstance(value.state, dict) and value.state:
            self.entries(json.get("$state", slots), value.state.items(), path)
        elif isinstance(slots, dict) and isinstance(value.state, tuple) and isinstance(value.state[1], dict):
            self.entries(slots, value.state[1].items(), path)


@pytest.mark.skipif(not COMMAND, reason="PICKLE_COMMAND names no command to compare with")
def test_files_are_what_the_command_says():
    paths, has_corpus = files()
    compared = Comparison()
    count = 0
    for path in paths:
        done = subprocess.run([COMMAND, "get", "-i", "0", str(path), "$"], capture_output=True)
        # What it says of damaged and wrapped files is tested elsewhere; what refers to what came before, too.
        if done.returncode or b'"$id"' in done.stdout or b'"$table"' in done.stdout:
            continue
        data = path.read_bytes()
        try:
            options = options_for(data)
            value = libpickle.loads(data, **options)
        except (PickleError, NotImplementedError) as error:
            if data[:1] == b"\x80":
                compared.wrong.append("%s: %s" % (path, error))
            continue
        compared.values(json.loads(done.stdout), value, str(path))
        count += 1
    assert not compared.wrong, "%d are wrong: %s" % (len(compared.wrong), "\n".join(compared.wrong[:40]))
    assert count >= (600 if has_corpus else 100)
    assert compared.same["Record"] >= (800 if has_corpus else 100), compared.same


def layout(count, into_the_sibling=False):
    """{"a": {}, "rows": [...]} as pickle batches it; the list can be put into the empty dict instead."""
    out = [b"\x80\x02}(X\x01\0\0\0a}X\x04\0\0\0rows]"]
    for start in range(0, count, 1000):
        some = range(start, min(start + 1000, count))
        out.append(b"(" + b"".join(b"X\x64\0\0\0%0100d" % row for row in some) + b"e")
    return b"".join([*out, b"su." if into_the_sibling else b"u."])


PEAK = """
import os, resource, sys, libpickle
def peak():
    if os.path.exists("/proc/self/status"):
        # That of resource begins with what the parent had.
        return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
count = sum(1 for _ in libpickle.items(sys.argv[1], "$.rows"))
print(count, peak() - before)
"""


@pytest.mark.parametrize("packed", [False, True])
def test_items_behind_a_sibling_are_bounded_in_memory(tmp_path, packed):
    import gzip

    path = tmp_path / "rows.pkl"
    data = layout(400_000)
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    run = [sys.executable, "-c", PEAK, str(path)]
    count, peak = map(int, subprocess.run(run, capture_output=True, check=True).stdout.split())
    assert count == 400_000
    assert peak < len(data) // 3, peak


def test_items_in_doubt_are_right_in_every_kind_of_file(tmp_path):
    import gzip
    import threading

    def read(file):
        return list(libpickle.items(file, "$.rows"))

    def piped(data):
        ends = os.pipe()
        writer = threading.Thread(target=lambda: os.fdopen(ends[1], "wb").write(data))
        writer.start()
        with os.fdopen(ends[0], "rb") as file:
            try:
                return read(file)
            finally:
                # What was not read must not keep the writer.
                file.read()
                writer.join()

    for count in (1, 5000, 20_001):
        expected = ["%0100d" % row for row in range(count)]
        data = layout(count)
        path, small = tmp_path / "rows.pkl", tmp_path / "rows.pkl.gz"
        path.write_bytes(data)
        small.write_bytes(gzip.compress(data))
        with open(path, "rb") as file, libpickle.open(small) as opened:
            for read_them in (path, small, file, opened, io.BytesIO(data)):
                assert read(read_them) == expected
        assert piped(data) == expected
        # At the path there is nothing: the list is in the sibling.
        data = layout(count, True)
        assert set(libpickle.loads(data)) == {"a"} or libpickle.loads(data)["a"]["rows"] == expected
        path.write_bytes(data)
        small.write_bytes(gzip.compress(data))
        for read_it in (path, small, io.BytesIO(data)):
            with pytest.raises((KeyError, PickleError)):
                read(read_it)
        with pytest.raises((KeyError, PickleError)):
            piped(data)
        # Cut off, there is no telling, and that is said.
        cut = layout(count)[: -count * 20 - 5]
        path.write_bytes(cut)
        small.write_bytes(gzip.compress(cut))
        for read_it in (path, small, io.BytesIO(cut)):
            with pytest.raises(PickleError):
                read(read_it)
