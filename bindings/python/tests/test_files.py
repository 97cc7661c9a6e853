"""Files around pickles, one value out of them, what differs between them, and items for event loops."""

import array
import asyncio
import bz2
import collections
import decimal
import functools
import gzip
import io
import lzma
import os
import pickle
import re
import subprocess
import sys
import threading
import tracemalloc
import zipfile
import zlib

import pytest

import libpickle

ROWS = [{"id": i, "name": "n%d" % i, "tags": ("a", i)} for i in range(5000)]
DATA = pickle.dumps({"rows": ROWS, "title": "all", 3: "three"})
PACKERS = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zlib, fast": lambda data: zlib.compress(data, 1),
    "zlib, best": lambda data: zlib.compress(data, 9),
    "gzip in xz": lambda data: lzma.compress(gzip.compress(data)),
}


def zstd_compress(data):
    try:
        from compression import zstd
    except ImportError:
        zstd = pytest.importorskip("zstandard", reason="Python has zstd from 3.14 on")
    return zstd.compress(data)


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packer", PACKERS)
def test_compression_is_taken_off(packer, tmp_path):
    path = write(tmp_path, "rows", PACKERS[packer](DATA))
    with libpickle.open(path) as file:
        assert libpickle.load(file) == {"rows": ROWS, "title": "all", 3: "three"}
        assert file.read() == b""
    assert file.closed
    for given in (str(path), path):
        assert list(libpickle.items(given, "$.rows")) == ROWS
    assert libpickle.table(path, "$.rows")["id"] == list(range(5000))
    # Also of a file that cannot go back.
    reader, writer = os.pipe()
    thread = threading.Thread(target=lambda: open(writer, "wb").write(path.read_bytes()))
    thread.start()
    with open(reader, "rb") as pipe:
        assert libpickle.load(libpickle.open(pipe))["title"] == "all"
    thread.join()
    stream = io.BytesIO(path.read_bytes())
    assert libpickle.load(libpickle.open(stream))["title"] == "all"
    assert not stream.closed


def test_zstd(tmp_path):
    path = write(tmp_path, "rows.zst", b"(\xb5/\xfd")
    if sys.version_info < (3, 14) and not any(map(__import__("importlib.util").util.find_spec, ("zstandard", "backports"))):
        with pytest.raises(ModuleNotFoundError, match="zstd"):
            libpickle.open(path)
        return
    path.write_bytes(zstd_compress(DATA))
    assert list(libpickle.items(path, "$.rows")) == ROWS


def test_several_pickles(tmp_path):
    path = write(tmp_path, "log.pkl.gz", gzip.compress(b"".join(pickle.dumps(i, i % 6) for i in range(300))))
    with libpickle.open(path) as file:
        assert list(libpickle.pickles(file)) == list(range(300))


def test_damage_is_an_error(tmp_path):
    for packer, pack in PACKERS.items():
        if packer == "plain":
            continue
        packed = pack(DATA)
        path = write(tmp_path, "cut", packed[: len(packed) // 2])
        with pytest.raises((EOFError, OSError, ValueError, libpickle.PickleError)):
            with libpickle.open(path) as file:
                libpickle.load(file)
        with pytest.raises((EOFError, OSError, ValueError, libpickle.PickleError)):
            list(libpickle.items(path, "$.rows"))
    for empty in (b"", b"\x1f", b"P", b"x", b"(", b"]"):
        with libpickle.open(write(tmp_path, "short", empty)) as file:
            assert file.read() == empty
    with pytest.raises(FileNotFoundError):
        libpickle.open(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        libpickle.open(str(tmp_path / "none!member"))
    nested = b"N."
    for _ in range(9):
        nested = gzip.compress(nested)
    with pytest.raises(ValueError, match="packed more than"):
        libpickle.open(write(tmp_path, "nested", nested))


def test_members_of_zip_files(tmp_path):
    path = tmp_path / "model.zip"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep.pkl", DATA)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", DATA)
        archive.writestr("a/packed.gz", gzip.compress(DATA))
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("folder/", b"")
    # One pickle by its name: no other is meant.
    assert libpickle.get(path, "$.title") == "all"
    for member in ("a/data.pkl", "a/packed.gz", "inner.zip!deep.pkl", "inner.zip"):
        name = "%s!%s" % (path, member)
        with libpickle.open(name) as file:
            assert libpickle.load(file)["title"] == "all"
        assert list(libpickle.items(name, "$.rows")) == ROWS
        assert libpickle.get(name, "$.rows[4999].name") == "n4999"
    with pytest.raises(KeyError, match="no member"):
        libpickle.open("%s!other" % path)
    with pytest.raises(ValueError, match="no members"):
        libpickle.open("%s!other" % write(tmp_path, "plain.pkl", DATA))
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.pkl", DATA)
        archive.writestr("b.pkl", DATA)
    with pytest.raises(ValueError, match="a.pkl, b.pkl"):
        libpickle.open(two)
    # A file whose own name has the mark in it.
    strange = write(tmp_path, "a!b.pkl", DATA)
    assert libpickle.get(strange, "$.title") == "all"
    # A zip in a stream that cannot go back is kept in a file meanwhile.
    packed = write(tmp_path, "zip.gz", gzip.compress(path.read_bytes()))
    assert libpickle.get(packed, "$.title") == "all"


@pytest.mark.parametrize("packer", ["plain", "gzip"])
def test_one_value_of_a_file(packer, tmp_path):
    path = write(tmp_path, "rows", PACKERS[packer](DATA + pickle.dumps({"rows": [1], "second": 2})))
    for ask, want in {
        "$.rows[0]": ROWS[0],
        "$.rows[4999].tags[1]": 4999,
        "rows[17].name": "n17",
        "$.rows[-1].id": 4999,
        "$.title": "all",
        "$[3]": "three",
        '$["title"]': "all",
    }.items():
        assert libpickle.get(path, ask) == want, ask
        with open(path, "rb") as file:
            assert libpickle.get(file, ask) == want
        assert libpickle.get(DATA, ask) == want
    for ask in ("$.rows[5000]", "$.rows[1].none", "$.none[0]", "$.second", "$[7]"):
        with pytest.raises(KeyError):
            libpickle.get(path, ask)
    with pytest.raises(ValueError):
        libpickle.get(path, "$.rows[")
    with pytest.raises(FileNotFoundError):
        libpickle.get(tmp_path / "none", "$")


def test_one_row_of_a_large_file_takes_no_memory(tmp_path):
    path = tmp_path / "large.pkl"
    path.write_bytes(libpickle.dumps({"rows": [{"id": i, "text": "x" * 60 + str(i)} for i in range(300_000)]}))
    assert os.path.getsize(path) > 1 << 24
    tracemalloc.start()
    assert libpickle.get(path, "$.rows[250000].id") == 250_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


def test_what_differs(tmp_path):
    a = {"a": 1, "b": [1, 2, 3], "c": {"x y": 1.0}, "d": {1, 2}, "gone": None, "same": (1, [2]), (1, "k"): b"x"}
    b = {"c": {"x y": 1.5}, "b": [1, 5], "a": True, "d": {2, 3}, "new": None, "same": (1, [2]), (1, "k"): b"y"}
    want = {
        ("$.a", "changed", 1, True),
        ("$.b[1]", "changed", 2, 5),
        ("$.b[2]", "removed", 3, None),
        ('$.c["x y"]', "changed", 1.0, 1.5),
        ("$.d", "removed", 1, None),
        ("$.d", "added", None, 3),
        ("$.gone", "removed", None, None),
        ("$.new", "added", None, None),
        ("$[(1, 'k')]", "changed", b"x", b"y"),
    }
    for one in (pickle.dumps(a, 2), write(tmp_path, "a.gz", gzip.compress(pickle.dumps(a))), io.BytesIO(pickle.dumps(a, 5))):
        found = list(libpickle.diff(one, pickle.dumps(b)))
        assert {tuple(difference) for difference in found} == want and len(found) == len(want)
    assert found[0].path == "$.a" and found[0].what == "changed"
    # Each path finds its value again.
    for difference in found:
        if difference.what == "changed":
            assert libpickle.get(pickle.dumps(a), difference.path) == difference.before
    for value in (a, [], ROWS, float("nan"), collections.Counter("abb"), collections.deque([1])):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert list(libpickle.diff(pickle.dumps(value), pickle.dumps(value, protocol))) == []


def test_differences_of_objects_and_numbers():
    class Thing:
        pass

    Thing.__qualname__, Thing.__module__ = "Thing", "nowhere"
    sys.modules["nowhere"] = type(sys)("nowhere")
    sys.modules["nowhere"].Thing = Thing
    try:
        one, other = Thing(), Thing()
        one.x, one.y = 1, [1]
        other.x, other.y = 2, [1, 2]
        a, b = pickle.dumps(one), pickle.dumps(other)
        c = pickle.dumps(range(3))
    finally:
        del sys.modules["nowhere"]
    assert [tuple(d) for d in libpickle.diff(a, b)] == [("$.x", "changed", 1, 2), ("$.y[1]", "added", None, 2)]
    (whole,) = libpickle.diff(a, c)
    assert whole.path == "$" and whole.after == range(3)
    near, far = pickle.dumps([1.0, 100]), pickle.dumps([1.0001, 101])
    assert len(list(libpickle.diff(near, far))) == 2
    assert len(list(libpickle.diff(near, far, abs_tol=0.001))) == 1
    assert list(libpickle.diff(near, far, rel_tol=0.01)) == []


class Outer:
    class Inner:
        def __init__(self):
            self.a = 1

        class Innermost:
            class Core(dict):
                pass

    class Pairs(dict):
        pass

    class Row(tuple):
        pass


class Number(int):
    pass


class Imaginary(complex):
    pass


class Octets(bytearray):
    pass


class Point(collections.namedtuple("Point", "x y")):
    pass


class Keyed:
    def __new__(cls, a, *, k=None):
        self = super().__new__(cls)
        self.a, self.k = a, k
        return self

    def __getnewargs_ex__(self):
        return (self.a,), {"k": self.k}


def test_no_difference_between_protocols():
    pairs, row, number = Outer.Pairs(a=1), Outer.Row((1, 2)), Number(5)
    pairs.x = row.x = number.x = 7
    values = [Outer.Inner(), pairs, row, number, Imaginary(1 + 2j), Octets(b"xx"), Point(1, [2]), Keyed(1, k=2)]
    values += [array.array("d", [1.5]), array.array("B", b"xyz"), len, int, Outer.Inner, "abc".upper, slice(1, 2), KeyError("k")]
    values += [Outer.Inner.Innermost, Outer.Inner.Innermost(), Outer.Inner.Innermost.Core, Outer.Inner.Innermost.Core(a=1)]
    values += [collections.UserDict(a=1), collections.UserString("x"), functools.partial(int, base=2), float("nan")]
    values += [decimal.Decimal("nan"), decimal.Decimal("snan"), decimal.Decimal("1.50"), re.compile("a", re.I), complex(1, float("nan"))]
    for value in values:
        pickles = {}
        for protocol in range(6):
            try:
                pickles[protocol] = pickle.dumps([value], protocol)
            except Exception:  # Protocols 0 and 1 have no way to write some of them.
                continue
        for one in pickles:
            for other in pickles:
                found = list(libpickle.diff(pickles[one], pickles[other]))
                assert found == [], (value, one, other)
    for one, other in [(Point(1, 2), Point(1, 3)), (Number(5), Number(6)), (Outer.Row((1,)), Outer.Row((1, 2)))]:
        for protocols in [(0, 2), (2, 4), (0, 0), (4, 1)]:
            pickles = [pickle.dumps(value, protocol) for value, protocol in zip((one, other), protocols)]
            assert len(list(libpickle.diff(*pickles))) == 1, (one, protocols)
    assert len(list(libpickle.diff(pickle.dumps(Outer.Inner, 2), pickle.dumps(Outer.Pairs, 4)))) == 1
    deep = pickle.dumps(Outer.Inner.Innermost, 2), pickle.dumps(Outer.Inner.Innermost.Core, 4)
    assert len(list(libpickle.diff(*deep))) == 1
    for made in [(array.array("d", [1.0]), array.array("d", [2.0])), (array.array("i", [1]), array.array("l", [1]))]:
        assert len(list(libpickle.diff(pickle.dumps(made[0], 2), pickle.dumps(made[1], 4)))) == 1


def test_differences_of_what_holds_itself_and_is_deep():
    a, b = [1], [1]
    a.append(a)
    b.append(b)
    assert list(libpickle.diff(pickle.dumps(a), pickle.dumps(b))) == []
    deep, other = 1, 2
    for _ in range(900):
        deep, other = [deep], [other]
    (found,) = libpickle.diff(libpickle.dumps(deep), libpickle.dumps(other))
    assert found.path == "$" + "[0]" * 900


def test_items_for_event_loops(tmp_path):
    path = write(tmp_path, "rows.gz", gzip.compress(DATA))
    threads = set()

    class Watched(io.BytesIO):
        def read(self, *size):
            threads.add(threading.current_thread())
            return super().read(*size)

        read1 = read

    async def read(file, **options):
        return [row async for row in libpickle.aitems(file, "$.rows", **options)]

    async def first(file):
        rows = libpickle.aitems(file, "$.rows")
        async for row in rows:
            await rows.aclose()
            return row

    async def beside():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.ensure_future(tick())
        rows = await read(path)
        ticking.cancel()
        return rows, ticks

    assert asyncio.run(read(path)) == ROWS
    assert asyncio.run(read(Watched(DATA))) == ROWS
    assert threads and threading.main_thread() not in threads
    assert asyncio.run(first(path)) == ROWS[0]
    rows, ticks = asyncio.run(beside())
    assert rows == ROWS and ticks > 1
    with pytest.raises(KeyError):
        asyncio.run(read(write(tmp_path, "other.pkl", pickle.dumps({"a": 1}))))
    with pytest.raises(FileNotFoundError):
        asyncio.run(read(tmp_path / "none"))
    with pytest.raises(libpickle.PickleError):
        asyncio.run(read(write(tmp_path, "cut.pkl", DATA[:-10])))
    with pytest.raises(TypeError):
        asyncio.run(read(path, unknown=1))


def test_import_is_quick_and_drags_in_little():
    code = """
import sys, time
import pickle, _compat_pickle, functools, importlib, typing, os, io, collections.abc, math, contextlib, stat
before = set(sys.modules)
start = time.process_time()
import libpickle
print(time.process_time() - start)
heavy = {"asyncio", "numpy", "pandas", "zipfile", "lzma", "bz2", "gzip", "tempfile", "mmap", "concurrent.futures", "datetime", "json"}
print(sorted(heavy & (set(sys.modules) - before)))
"""
    times = []
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    for _ in range(5):
        out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        out = out.stdout.splitlines()
        assert out[1] == "[]"
        times.append(float(out[0]))
    assert min(times) <= 0.015, times


def test_bytes_are_read_as_files_are(tmp_path):
    rows = [{"a": number, "b": [number]} for number in range(5000)]
    for protocol in (0, 2, 5):
        data = pickle.dumps(rows, protocol)
        for given in (data, bytearray(data), memoryview(data), io.BytesIO(data)):
            assert list(libpickle.items(given)) == rows
        assert libpickle.table(data).rows == len(rows)
        behind = pickle.dumps({"before": [1, (2,)], "rows": rows, "after": 1}, protocol)
        assert list(libpickle.items(behind, "$.rows")) == rows
        assert list(libpickle.pickles(data * 2)) == [rows, rows]
        path = tmp_path / "rows.pkl"
        path.write_bytes(data * 2)
        assert list(libpickle.pickles(path)) == [rows, rows]
    assert list(libpickle.pickles(b"")) == []
    assert list(libpickle.items(pickle.dumps([]))) == []


def test_names_and_paths_are_in_errors(tmp_path):
    missing = str(tmp_path / "missing.pkl")
    for read in (libpickle.items, libpickle.table, libpickle.split_plan):
        for name, kind in ((missing, FileNotFoundError), (str(tmp_path), IsADirectoryError)):
            with pytest.raises(kind) as raised:
                list(read(name))
            assert raised.value.filename in (name, tmp_path) or str(raised.value.filename) == name
            assert raised.value.errno and "os error" not in str(raised.value)
    with pytest.raises(KeyError, match="a, b"):
        libpickle.get(pickle.dumps({"od": collections.OrderedDict(a=1, b=2)}), "$.od.c")
