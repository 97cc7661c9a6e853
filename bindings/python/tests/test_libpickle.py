"""Tests of the wheel. The repository's fixture table is the one that every language reads."""

import array
import ast
import base64
import collections
import datetime
import decimal
import fractions
import gc
import hashlib
import io
import json
import os
import pathlib
import pickle
import struct
import sys
import threading
import uuid
import weakref

import libpickle
import pytest
from libpickle import Buffer, Extension, Global, PickleError, Record, Str8

ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLE = [line.split("\t") for line in (ROOT / "tests/data/fixtures.tsv").read_text().splitlines()]
GRAPHS = [row[1:] for row in TABLE if row[0] == "graph"]
ERRORS = [row[1:] for row in TABLE if row[0] == "error"]


def data(name):
    return (ROOT / "tests/data" / name).read_bytes()


def text(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def blob(octets):
    octets = bytes(octets)
    if len(octets) <= 256:
        return base64.b64encode(octets).decode()
    return {"len": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}


def tree(value, path=()):
    """The tree text of tests/data/fixtures.py, from the Python values alone."""

    def inside(values):
        return [tree(v, (*path, value)) for v in values]

    for level, outer in enumerate(path):
        if outer is value and value != ():
            return {"cycle": level}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) <= 1 << 53:
            return value
        return {"int": str(value) if abs(value).bit_length() <= 4096 else hex(value)}
    if isinstance(value, float):
        return {"float": struct.pack(">d", value).hex()}
    if isinstance(value, str):
        utf8 = value.encode("utf-8", "surrogatepass")
        if len(utf8) > 1024:
            return {"str": {"sha256": hashlib.sha256(utf8).hexdigest(), "utf8_len": len(utf8)}}
        if any("\ud800" <= c <= "\udfff" for c in value):
            return {"str": {"surrogatepass_hex": utf8.hex()}}
        return value
    if isinstance(value, Str8):
        return {"str8": blob(value)}
    if isinstance(value, bytes):
        return {"bytes": blob(value)}
    if isinstance(value, bytearray):
        return {"bytearray": blob(value)}
    if isinstance(value, memoryview):
        return {"readonly": tree(value.obj, (*path, value))}
    if isinstance(value, Global):
        return {"global": [value.module, value.name]}
    if isinstance(value, Extension):
        return {"ext": value.code}
    if isinstance(value, Buffer):
        return {"buffer": value.index, **({"readonly": True} if value.read_only else {})}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: inside(value)}
    if isinstance(value, (set, frozenset)):
        return {type(value).__name__: [json.loads(item) for item in sorted({text(v) for v in inside(value)})]}
    if isinstance(value, dict):
        return {"dict": [inside(pair) for pair in value.items()]}
    assert isinstance(value, Record), value
    node = {}
    how = value.how.lower()
    if how in ("persid", "changed"):
        node[how] = inside([value.callable])[0]
    elif how in ("obj", "inst"):
        node[how] = [inside([value.callable])[0], inside(value.args)]
    else:
        node[how] = inside([part for part in (value.callable, value.args, value.kwargs) if part is not None])
    ops = [op(kind, values, inside) for kind, values in value.changes]
    return {**node, **({"ops": ops} if ops else {})}


def op(kind, values, inside):
    if kind in ("APPEND", "ADD"):
        return {kind.lower(): inside(values)}
    if kind == "SETITEM":
        flat = inside(values)
        return {"setitem": [list(pair) for pair in zip(flat[::2], flat[1::2])]}
    if kind == "RAW":
        offset, octets = values
        return {"joblib_raw": {"len": len(octets), "offset": offset, "sha256": hashlib.sha256(octets).hexdigest()}}
    return {{"BUILD": "build", "NESTED": "joblib_pickle"}[kind]: inside(values)[0]}


@pytest.mark.parametrize("file, _, expected", GRAPHS, ids=[row[0] for row in GRAPHS])
def test_fixtures_read_as_the_expected_tree(file, _, expected):
    value = libpickle.loads(data(file), encoding=None, known=False)
    assert hashlib.sha256(text(tree(value)).encode()).hexdigest() == expected


@pytest.mark.parametrize("pickled, kind, offset", ERRORS, ids=[row[0][:20] or "empty" for row in ERRORS])
def test_errors_have_kind_offset_and_message(pickled, kind, offset):
    with pytest.raises(PickleError) as caught:
        libpickle.loads(bytes.fromhex(pickled))
    assert (caught.value.kind, caught.value.offset) == (kind, int(offset))
    assert len(str(caught.value)) > 10
    assert isinstance(caught.value, pickle.UnpicklingError)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.kind, copy.offset, str(copy)) == (kind, int(offset), str(caught.value))


# Has an opcode that no pickler writes: a read-only view of a bytearray.
NOT_WRITTEN = {"core/buffers.pickle"}

Point = collections.namedtuple("Point", "x y")


class Slots:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, [2]


PLAIN = [
    None,
    [1, -1, 2**31, -(2**63), 2**63, 2**100, 0.1, float("inf"), True, "", "äöü", "\ud800", b"\0\xff", bytearray(b"xyz")],
    {"a": (1, (2,), ()), 3: {4, 5}, (6, 7): frozenset([8])},
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 12, 30, 59, 999999, fold=1),
    datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc),
    datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone(datetime.timedelta(hours=-3), "X")),
    datetime.time(1, 2, 3),
    datetime.timedelta(-1, 5, 6),
    decimal.Decimal("-12.340"),
    decimal.Decimal("-Infinity"),
    fractions.Fraction(3, 4),
    uuid.UUID("12345678-1234-5678-1234-567812345678"),
    1 + 2j,
    range(1, 10, 3),
    slice(1, None, 2),
    collections.OrderedDict(b=1, a=2),
    collections.Counter("abracadabra"),
    collections.deque([1, 2, 3], 5),
    pathlib.PurePosixPath("/a/b.c"),
    pathlib.PureWindowsPath("c:/a"),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_data_is_what_pickle_loads_makes(value, protocol):
    pickled = pickle.dumps(value, protocol)
    read = libpickle.loads(pickled)
    assert read == value
    assert repr(read) == repr(pickle.loads(pickled))


def test_zones():
    zoneinfo = pytest.importorskip("zoneinfo")
    try:
        value = datetime.datetime(2024, 2, 29, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("no time zones on this machine")
    assert libpickle.loads(pickle.dumps(value)) == value


def test_defaultdicts_have_their_factory_where_it_is_harmless():
    value = collections.defaultdict(list, a=[1])
    read = libpickle.loads(pickle.dumps(value))
    assert type(read) is collections.defaultdict and read == value
    assert read["new"] == []
    assert pickle.loads(libpickle.dumps(read)) == read
    # Nobody's function is called for a missing key.
    value = collections.defaultdict(os.getcwd, a=[1])
    read = libpickle.loads(pickle.dumps(value))
    assert read.name == "collections.defaultdict" and read.entries == [("a", [1])]
    assert pickle.loads(libpickle.dumps(read))["here"] == os.getcwd()


def test_objects_are_records():
    record = libpickle.loads(pickle.dumps(Point(1, [2])))
    assert (record.name, record.how, record.args) == (__name__ + ".Point", "NEWOBJ", (1, [2]))
    record = libpickle.loads(pickle.dumps(Slots()))
    assert record.attributes == {"a": 1, "b": [2]}
    assert libpickle.loads(pickle.dumps(os.path.join)) == Global("posixpath", "join")
    assert repr(libpickle.loads(pickle.dumps(Slots(), 2))) == "<Record %s.Slots>" % __name__
    for protocol in (0, 1):
        old = libpickle.loads(pickle.dumps(ValueError("x"), protocol))
        assert (old.name, old.args) == ("exceptions.ValueError", ("x",))


def test_sharing_and_cycles_stay():
    shared = ["x"]
    first, second = libpickle.loads(pickle.dumps([shared, shared]))
    assert first is second
    loop = []
    loop.append((loop, {"loop": loop}))
    read = libpickle.loads(pickle.dumps(loop))
    assert read[0][0] is read and read[0][1]["loop"] is read


def test_python_2_strs():
    pickled = b"U\x02\xe4x."
    with pytest.raises(PickleError) as caught:
        libpickle.loads(pickled)
    assert caught.value.kind == "BadEncoding"
    assert libpickle.loads(pickled, encoding="latin1") == "äx"
    assert libpickle.loads(pickled, encoding="bytes") == b"\xe4x"
    kept = libpickle.loads(pickled, encoding=None)
    assert type(kept) is Str8 and kept == b"\xe4x"
    with pytest.raises(ValueError, match="encoding"):
        libpickle.loads(pickled, encoding="ebcdic")


def test_buffers():
    pickle_buffer = pickle.PickleBuffer
    buffers = []
    pickled = pickle.dumps([pickle_buffer(bytearray(b"abc")), pickle_buffer(b"x")], 5, buffer_callback=buffers.append)
    assert libpickle.loads(pickled) == [Buffer(0, False), Buffer(1, True)]
    first, second = libpickle.loads(pickled, buffers=[bytearray(b"abc"), b"x"])
    assert first == b"abc" and second == b"x" and second.readonly
    with pytest.raises(PickleError) as caught:
        libpickle.loads(pickled, buffers=[b"abc"])
    assert caught.value.kind == "NoBuffer"


class Exploit:
    def __reduce__(self):
        return os.system, ("echo touched > touched",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_imported_or_called(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps([Exploit(), 1], protocol)
    record, one = libpickle.loads(pickled)
    assert one == 1 and record.args == ("echo touched > touched",)
    assert libpickle.names(pickled) == [os.system.__module__ + ".system"]
    module = b"cthis_module_is_not_there\nname\n."
    assert libpickle.loads(module) == Global("this_module_is_not_there", "name")
    # The names of our own makers are nothing special in somebody's pickle.
    assert libpickle.loads(b"clibpickle\nknown\n(I1\nI2\ntR.").name == "libpickle.known"
    assert list(tmp_path.iterdir()) == []


def test_scan_sees_what_is_dropped():
    pickled = b"cos\nsystem\n0\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R0N."
    assert libpickle.loads(pickled) is None
    assert libpickle.names(pickled) == ["os.system", "posix.system"]
    assert libpickle.names(pickled, allow=["os.system", ("posix", "system")]) == []
    with pytest.raises(ValueError, match="exact names"):
        libpickle.names(pickled, allow=["posix.*"])
    assert libpickle.names(b"\x82\x07.") == ["<extension 7>"]
    assert libpickle.names(b"cbuiltins\ngetattr\n(cos\npath\nS'join'\ntR(S'a'\ntR.") == [
        "builtins.getattr",
        "os.path",
        "<call>",
    ]
    assert libpickle.names(pickle.dumps({"a": [1, 2.5, None]})) == []


def test_info():
    pickled = pickle.dumps([datetime.date(2024, 2, 29)] * 2 + [datetime.date(2024, 3, 1)], 4)
    found = libpickle.info(pickled + b"more")
    assert (found.root, found.protocol, found.length) == ("list", 4, len(pickled))
    assert found.globals == (libpickle.GlobalUse("datetime", "date", 2),)
    assert found.globals[0].path == "datetime.date"


def test_streams():
    values = [1, "x" * 200_000, {"a": [None]}]
    stream = io.BytesIO(b"".join(pickle.dumps(value) for value in values))
    assert list(libpickle.pickles(stream)) == values
    stream.seek(0)
    assert [libpickle.load(stream) for _ in values] == values
    with pytest.raises(EOFError):
        libpickle.load(stream)
    cut = io.BytesIO(stream.getvalue()[:-1])
    with pytest.raises(PickleError) as caught:
        list(libpickle.pickles(cut))
    assert caught.value.kind in ("EndOfInput", "Truncated")


def test_items():
    rows = [{"id": i, "name": "row %d" % i, "tags": ["a", "b"]} for i in range(20_000)]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert list(libpickle.items(io.BytesIO(pickle.dumps(rows, protocol)))) == rows
    assert list(libpickle.items(io.BytesIO(pickle.dumps({"n": 1, "rows": rows})), "$.rows")) == rows
    entries = {i: "v%d" % i for i in range(20_000)}
    assert list(libpickle.items(io.BytesIO(pickle.dumps(entries)))) == list(entries.items())
    assert list(libpickle.items(io.BytesIO(pickle.dumps([1, 2]) + pickle.dumps([3])))) == [1, 2, 3]
    good = 0
    with pytest.raises(PickleError):
        for _ in libpickle.items(io.BytesIO(pickle.dumps(rows)[:-10])):
            good += 1
    assert good >= 19_000
    with pytest.raises(PickleError):
        list(libpickle.items(io.BytesIO()))


def test_items_of_a_file_by_its_name(tmp_path):
    # The last item is another again, long after that was given away.
    rows = ["row %d" % i for i in range(20_000)]
    rows.append(rows[8000])
    path = tmp_path / "rows.pkl"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        # Another pickle follows, whose memo is another.
        path.write_bytes(pickle.dumps(rows, protocol) * 2)
        with pytest.raises(PickleError) as caught, path.open("rb") as file:
            list(libpickle.items(file))
        assert caught.value.kind == "MemoDropped"
        assert list(libpickle.items(path)) == rows * 2
        assert list(libpickle.items(str(path), min_nodes=100_000)) == rows * 2
    path.write_bytes(pickle.dumps({"n": 1, "rows": rows}))
    assert list(libpickle.items(path, "$.rows")) == rows
    for _ in range(50):
        # Left at the first item.
        assert next(libpickle.items(path, "$.rows")) == rows[0]
    with pytest.raises(FileNotFoundError):
        libpickle.items(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        libpickle.items(tmp_path)
    # What can be read only once is.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(pickle.dumps(rows[:-1])))
    writer.start()
    assert list(libpickle.items(pipe)) == rows[:-1]
    writer.join()
    path.write_bytes(pickle.dumps(rows)[:-10])
    good = []
    with pytest.raises(PickleError):
        good.extend(libpickle.items(path))
    path.write_bytes(b"")
    with pytest.raises(PickleError) as caught:
        list(libpickle.items(path))
    assert caught.value.kind == "Empty"


def test_nothing_that_was_read_stays():
    made = libpickle.loads(pickle.dumps([Point(1, 2), os.path.join]))
    gone = weakref.ref(made[0])
    gc.disable()
    try:
        del made
        assert gone() is None
    finally:
        gc.enable()


PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_what_dumps_writes_pickle_loads_reads(value, protocol):
    written = libpickle.dumps(value, protocol)
    assert pickle.loads(written) == value
    # Older protocols have no fold.
    assert repr(pickle.loads(written)) == repr(pickle.loads(pickle.dumps(value, protocol)))
    assert libpickle.loads(written) == value
    assert pickle.loads(libpickle.dumps([value, {"again": value}], protocol)) == [value, {"again": value}]


@pytest.mark.skipif(sys.version_info[:2] not in [(3, 11), (3, 12)], reason="the bytes are those of CPython 3.11 and 3.12")
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", [*PLAIN, [{"id": i, "name": "x"} for i in range(2500)]], ids=lambda value: type(value).__name__)
def test_dumps_writes_the_bytes_of_pickle(value, protocol):
    assert libpickle.dumps(value, protocol) == pickle.dumps(value, protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dumps_keeps_sharing_cycles_and_classes(protocol):
    shared = ["x" * 20]
    first, second = pickle.loads(libpickle.dumps([shared, shared], protocol))
    assert first is second
    loop = []
    loop.append((loop, {"loop": loop}))
    read = pickle.loads(libpickle.dumps(loop, protocol))
    assert read[0][0] is read and read[0][1]["loop"] is read
    read = pickle.loads(libpickle.dumps(collections.defaultdict(list, a=[1]), protocol))
    assert read == {"a": [1]} and read["b"] == []
    made = Point(1, [2]), Slots() if protocol > 1 else None, ValueError("x"), os.path.join
    records = libpickle.loads(pickle.dumps(made, protocol))
    point, slots, error, function = pickle.loads(libpickle.dumps(records, protocol))
    assert point == made[0] and type(point) is Point and function is os.path.join
    assert error.args == ("x",) and type(error) is ValueError
    assert protocol < 2 or (slots.a, slots.b) == (1, [2])


def test_dumps_in_another_protocol():
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        record = libpickle.loads(pickle.dumps(Point(1, b"\xff"), 4))
        assert pickle.loads(libpickle.dumps(record, protocol)) == Point(1, b"\xff")


def test_records_can_be_made_and_changed():
    record = libpickle.loads(pickle.dumps(Slots()))
    record.changes[:] = [("BUILD", ((None, {"a": 5, "b": None}),))]
    assert pickle.loads(libpickle.dumps(record)).a == 5
    made = Record(Global("collections", "OrderedDict"), (), changes=[("SETITEM", ("k", 1, "l", 2))])
    assert pickle.loads(libpickle.dumps(made)) == collections.OrderedDict(k=1, l=2)
    assert libpickle.dumps(Record("name", how="PERSID"), 2) == b"\x80\x02X\x04\x00\x00\x00nameq\x00Q."


@pytest.mark.parametrize(
    "value, said",
    [
        (Record(Global("a", "b"), [1], "OBJ"), "tuple"),
        (Record(Global("a", "b"), (), "CALL"), "CALL"),
        (Record(Global("a", "b"), 7), "tuple"),
        (Record(Global("a", "b"), (), changes=[("RAW", (1, b""))]), "RAW"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_can_not_be_written_is_refused(value, said):
    with pytest.raises(PickleError, match=said) as caught:
        libpickle.dumps(value)
    assert caught.value.kind == "BadValue"
    assert isinstance(caught.value, pickle.PicklingError)


def test_dumps_of_deep_and_wide_values():
    value, levels = [], 20_000
    for _ in range(levels):
        value = [value]
    read = libpickle.loads(libpickle.dumps(value), max_depth=levels + 1)
    for _ in range(levels):
        (read,) = read
    assert read == []
    wide = [{"id": i, "name": "n%d" % i, "v": [i / 2, None, True, 2**70 + i]} for i in range(5000)]
    assert pickle.loads(libpickle.dumps(wide)) == wide
    with pytest.raises(ValueError, match="protocols"):
        libpickle.dumps(1, 6)
    file = io.BytesIO()
    libpickle.dump([1], file)
    assert pickle.loads(file.getvalue()) == [1]


@pytest.mark.parametrize("file", sorted({row[0] for row in GRAPHS}))
def test_fixtures_can_be_written_again(file):
    value = libpickle.loads(data(file), encoding=None, known=False)
    try:
        written = libpickle.dumps(value, 5)
    except TypeError as error:
        assert "memoryview" in str(error) and file in NOT_WRITTEN, (file, error)
        return
    assert file not in NOT_WRITTEN
    assert text(tree(libpickle.loads(written, encoding=None, known=False))).replace('"inst"', '"obj"') == text(tree(value)).replace(
        '"inst"', '"obj"'
    )


def test_limits():
    deep = b"]" * 5000 + b"a" * 4999 + b"."
    with pytest.raises(PickleError) as caught:
        libpickle.loads(deep)
    assert caught.value.kind == "DepthLimit"
    value, levels = libpickle.loads(deep, max_depth=5000), 1
    while value:
        value, levels = value[0], levels + 1
    assert levels == 5000
    for options, kind in [({"max_bytes": 4096}, "NodesFull"), ({"max_opcodes": 10}, "OpcodeLimit")]:
        with pytest.raises(PickleError) as caught:
            libpickle.loads(deep, **options)
        assert caught.value.kind == kind


def test_hash_bombs_are_refused():
    # t = (); 60 times t = (t, t); {t: None}
    with pytest.raises(PickleError) as caught:
        libpickle.loads(b"})" + b"2\x86" * 60 + b"Ns.")
    assert caught.value.kind == "BadValue"
    assert libpickle.loads(b"])" + b"2\x86" * 60 + b"a.")


def test_known_types_do_not_grow():
    # Fraction("1e1000000000") would take all memory.
    record = libpickle.loads(b"cfractions\nFraction\n(X\x0c\0\0\x001e1000000000tR.")
    assert record.name == "fractions.Fraction"
    # What cannot be hashed is no key, whatever the stream calls it.
    with pytest.raises(PickleError) as caught:
        libpickle.loads(b"}ccollections\nOrderedDict\n)RNs.")
    assert caught.value.kind == "BadValue"


def test_damage_is_an_exception():
    import random

    rng = random.Random(7)
    errors = 0
    for file, *_ in GRAPHS:
        good = data(file)
        for _ in range(100):
            bad = bytearray(good)
            for _ in range(rng.randint(1, 3)):
                bad[rng.randrange(len(bad))] = rng.randrange(256)
            try:
                libpickle.loads(bytes(bad), encoding=None)
                libpickle.info(bytes(bad))
            except PickleError:
                errors += 1
    assert errors > 1000


def test_threads():
    expected = [{"a": [i] * 10} for i in range(100)]
    pickled = pickle.dumps(expected)
    wrong = []

    def work():
        for _ in range(50):
            if libpickle.loads(pickled) != expected:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_numpy():
    numpy = pytest.importorskip("numpy")
    arrays = [
        numpy.arange(12.0).reshape(3, 4),
        numpy.asfortranarray(numpy.arange(6, dtype=">i4").reshape(2, 3)),
        numpy.array(["a", {"b": 1}], dtype=object),
        numpy.array([[True, False]]),
        numpy.float32(1.5),
    ]
    for array in arrays:
        for protocol in (2, 4, 5):
            record = libpickle.loads(pickle.dumps(array, protocol))
            if isinstance(record, Record):
                numpy.testing.assert_array_equal(record.to_numpy(), array)
                assert record.to_numpy().dtype == array.dtype


def test_arrays_of_the_standard_library():
    pytest.importorskip("numpy")
    items = [
        ("b", [-128, 127]), ("B", [0, 255]), ("h", [-5, 5]), ("H", [0, 65535]), ("i", [1, -2]), ("I", [0, 2**32 - 1]),
        ("l", [-1, 1]), ("L", [0, 1]), ("q", [-(2**63), 2**63 - 1]), ("Q", [0, 2**64 - 1]), ("f", [1.5, -0.5]),
        ("d", [1.5, -2.0]),
    ]  # fmt: skip
    if sys.version_info < (3, 16):
        items.append(("u", "a\u20ac"))
    for code, content in items:
        for made in (array.array(code, content), array.array(code)):
            for protocol in range(6):
                record = libpickle.loads(pickle.dumps(made, protocol))
                assert record.kind == "ARRAY" and record.to_numpy().tolist() == made.tolist(), (code, protocol)


def test_the_corpus():
    corpus = pathlib.Path(os.environ.get("PICKLE_CORPUS") or ROOT.parent / "shared/corpus")
    if not (corpus / "data").is_dir():
        pytest.skip("no corpus of real files")
    for path in (corpus / "data/hostile").rglob("*"):
        if path.is_file() and path.stat().st_size < 1_000_000:
            for call in (libpickle.loads, libpickle.info):
                try:
                    call(path.read_bytes())
                except PickleError:
                    pass


def test_stubs_name_what_there_is():
    stubs = pathlib.Path(libpickle.__file__).with_suffix(".pyi")
    assert stubs.is_file() and stubs.with_name("py.typed").is_file()
    tree = ast.parse(stubs.read_text())
    declared = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    declared |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    declared |= {name.asname for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names}
    assert declared >= set(libpickle.__all__)
