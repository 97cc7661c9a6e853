"""Plain data has a way of its own through the module: it gives what a document gives, for whole and for broken pickles."""

import datetime
import decimal
import io
import os
import pickle
import random
import sys

import libpickle
import pytest

ROUNDS = int(os.environ.get("PICKLE_ROUNDS", "4000"))


def by_document(data, **options):
    # With a limit there is the document alone.
    return libpickle.loads(data, max_opcodes=10**9, **options)


def shape(value):
    """What a value is, with what it shares: the same text for the same graph."""
    numbers, out, open_ = {}, [], [value]
    while open_:
        one = open_.pop()
        if isinstance(one, str) and one.startswith("\0close"):
            out.append(one)
            continue
        kind = type(one)
        if kind in (list, dict, tuple, set, frozenset, bytearray):
            if id(one) in numbers and one != ():
                out.append("see %d" % numbers[id(one)])
                continue
            numbers[id(one)] = len(numbers)
        out.append(kind.__name__)
        if kind in (list, tuple):
            open_.append("\0close")
            open_.extend(reversed(one))
        elif kind is dict:
            open_.append("\0close")
            for key, item in reversed(list(one.items())):
                open_ += [item, key]
        elif kind in (set, frozenset):
            out.append(",".join(sorted(map(repr, one))))
        else:
            out.append(repr(one))
    return out


def outcome(read, data):
    try:
        return shape(read(data))
    except libpickle.PickleError as error:
        return type(error).__name__, error.kind, error.offset
    except Exception as error:
        return type(error).__name__, str(error)


SHARED = {"a": 1}
LOOP = [1]
LOOP.append(LOOP)
VALUES = [
    None,
    [1, -1, 255, 256, 65535, 65536, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 2**64, 10**40, True, False, 1.5],
    ["", "a", "é", "\U0001f600", "x" * 255, "y" * 256, "\ud800", b"", b"b" * 255, b"b" * 256, bytearray(b"z")],
    {"name": "n", "other": [1, 2], "third": (1, 2, 3), "fourth": (), "fifth": (1,), "sixth": (1, 2), "seventh": None},
    [{"k%d" % i: i for i in range(n)} for n in (0, 1, 5, 6, 7, 8, 63, 64, 65, 66)],
    [{"a": i, "b": i, "c": i, "d": i, "e": i, "f": i, "g": i} for i in range(5)],
    [SHARED, SHARED, (SHARED,), [SHARED]],
    LOOP,
    {1, 2, 3}, frozenset([1, (2, 3)]), {(1, 2): 3, ("a",): 4, frozenset([1]): 5},
    [[[[[[[[[[1]]]]]]]]]],
    tuple(range(300)),
    {1: "int", 1.5: "float", b"b": "bytes", None: "none", (1, (2, (3,))): "deep"},
    ["same"] * 3,
]


def inputs():
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        for value in VALUES:
            yield pickle.dumps(value, protocol)
    # As no pickler writes it.
    yield b"\x80\x05}(K\x01K\x02K\x01K\x03u."
    yield b"\x80\x05]q\x00(h\x00h\x00e."
    yield b"\x80\x05]\x94(K\x01]\x94h\x00K\x02ee."
    yield b"\x80\x05}\x94(X\x01\0\0\0aK\x01X\x01\0\0\0aK\x02u."
    yield b"\x80\x05(K\x01K\x02t\x94h\x00\x86."
    yield b"\x80\x05\x8f\x94(K\x01K\x01\x90."
    yield b"\x80\x05(K\x01K\x01\x91."
    yield b"\x80\x05]\x94]\x94h\x00ah\x01\x86."
    yield b"\x80\x05]\x94\x94h\x01a."
    yield b"\x80\x05K\x01q\x05h\x05\x86."
    yield b"\x80\x05\x95\x05\0\0\0\0\0\0\0K\x01.K\x02."
    yield b"\x80\x05\x95\x02\0\0\0\0\0\0\0K\x01."
    yield b"\x80\x05\x95\xff\0\0\0\0\0\0\0K\x01."
    yield b"\x80\x05\x95\x0c\0\0\0\0\0\0\0\x95\x02\0\0\0\0\0\0\0K\x01.."
    yield b"\x80\x06N."
    yield b"N\x80\x02."
    yield b"K\x01K\x02."
    yield b"(K\x01."
    yield b"."
    yield b""


def test_both_ways_give_the_same():
    for data in inputs():
        assert outcome(libpickle.loads, data) == outcome(by_document, data), data


def test_both_ways_give_the_same_of_what_is_broken():
    numbers = random.Random(20261129)
    whole = list(inputs())
    for round_ in range(ROUNDS):
        data = bytearray(numbers.choice(whole))
        if len(data) > 400 and numbers.random() < 0.9:
            continue
        for _ in range(numbers.choice((1, 1, 1, 2, 3, 8))):
            at = numbers.randrange(len(data) + 1)
            what = numbers.random()
            if what < 0.4 and at < len(data):
                data[at] = numbers.choice(b"()]}\x8f\x90\x91\x94\x85\x86\x87tuesa.N\x88\x89KMJGCBX\x8c\x8dhjqr0\x95\x80" + bytes([data[at] ^ 1]))
            elif what < 0.6 and at < len(data):
                data[at] = numbers.randrange(256)
            elif what < 0.8:
                del data[at : at + numbers.randrange(1, 4)]
            else:
                other = numbers.choice(whole)
                start = numbers.randrange(len(other) + 1)
                data[at:at] = other[start : start + numbers.randrange(1, 12)]
        data = bytes(data)
        assert outcome(libpickle.loads, data) == outcome(by_document, data), data


@pytest.mark.parametrize("depth", [1, 2, 3, 999, 1000, 1001])
def test_depth_is_counted_alike(depth):
    makers = {
        "lists": b"]" * depth + b"a" * (depth - 1),
        "tuples": b"K\x01" + b"\x85" * depth,
        "dicts": b"}K\x01" * (depth - 1) + b"}" + b"s" * (depth - 1),
        "memo": b"]\x94" + b"".join(b"\x85\x94" for _ in range(depth - 1)),
    }
    for name, body in makers.items():
        data = b"\x80\x05" + body + b"."
        for limit in (depth - 1, depth, depth + 1):
            got = [outcome(lambda data: read(data, max_depth=limit), data) for read in (libpickle.loads, by_document)]
            assert got[0] == got[1], (name, limit)
            assert (got[0][0] == "PickleError") == (limit < depth), (name, limit)


def test_hashing_that_would_take_for_ever_is_refused():
    # A tuple of tuples of the same tuple, doubled again and again, as a key.
    doubling = b"\x80\x05)\x94" + b"".join(b"h%ch%c\x86\x94" % (i, i) for i in range(60))
    with pytest.raises(libpickle.PickleError, match="for ever"):
        libpickle.loads(doubling + b"0}h\x3cK\x01s.")
    wide = b"\x80\x05(" + b"K\x01" * 50_000 + b"t\x94}(" + b"h\x00K\x01" * 2000 + b"u\x86."
    with pytest.raises(libpickle.PickleError, match="for ever"):
        libpickle.loads(wide)


def rows_of(number):
    """Rows with all that plain data has, and what they share."""
    shared = "shared " * 10
    day = datetime.date(2024, 5, 17)
    for index in range(number):
        yield {
            "id": index,
            "name": f"name {index}",
            "shared": shared,
            "day": day,
            "own": [f"t{index}", f"t{index}", {"x": index / 7, "y": None}],
            "tuple": (index, (True, False), b"\x00" * (index % 300 + 100)),
            "time": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(minutes=index),
            "set": {index, "a"},
        }


@pytest.mark.parametrize("protocol", range(2, 6))
def test_items_of_a_large_list(protocol, tmp_path):
    path = tmp_path / "rows.pkl"
    for number in (999, 1000, 1001, 2000, 5001):
        rows = list(rows_of(number))
        path.write_bytes(pickle.dumps(rows, protocol) * 2)
        assert path.stat().st_size > 2 * (256 << 10)
        assert list(libpickle.items(path)) == rows * 2
        assert list(libpickle.items(io.BytesIO(path.read_bytes()))) == rows * 2


def test_items_of_a_large_list_go_on_where_it_is_no_plain_data(tmp_path):
    path = tmp_path / "rows.pkl"
    plain = list(rows_of(5000))
    for strange in (complex(1, 2), [[]] * 2, {"n": decimal.Decimal(1)}, range(3), b"x" * (20 << 20)):
        for place in (0, 2500, 4999, 5000):
            rows = plain[:place] + [strange] + plain[place:]
            path.write_bytes(pickle.dumps(rows, 4))
            found = list(libpickle.items(path))
            assert found == rows, (type(strange), place)
    nested = []
    for _ in range(100):
        nested = [nested]
    path.write_bytes(pickle.dumps(plain + [nested], 4))
    rows = libpickle.items(path, max_depth=50)
    for row in plain:
        assert next(rows) == row
    with pytest.raises(libpickle.PickleError):
        next(rows)
    # A list that many items have: each item has one of its own.
    one = [1]
    path.write_bytes(pickle.dumps([[one, index, "x" * 100] for index in range(5000)], 4))
    first, second, *_ = libpickle.items(path)
    first[0].append(2)
    assert second[0] == [1]


def test_items_of_large_lists_that_are_cut_or_no_list(tmp_path):
    path = tmp_path / "rows.pkl"
    rows = list(rows_of(5000))
    for protocol in (2, 5):
        data = pickle.dumps(rows, protocol)
        for cut in (len(data) - 1, len(data) - 2, len(data) * 2 // 3, (256 << 10) + 1):
            path.write_bytes(data[:cut])
            good = []
            with pytest.raises(libpickle.UnpicklingError) as error:
                for row in libpickle.items(path):
                    good.append(row)
            assert good == rows[: len(good)]
            assert len(good) >= cut / len(data) * 5000 - 1001
            with pytest.raises(libpickle.UnpicklingError) as other:
                list(libpickle.items(path, known=False))
            assert str(error.value) == str(other.value)
        for value in (tuple(rows), {"rows": rows}, set(range(200_000)), [rows], dict(enumerate(rows))):
            path.write_bytes(pickle.dumps(value, protocol))
            assert list(libpickle.items(path)) == (list(value.items()) if isinstance(value, dict) else list(value))
    # Every piece of every size around it: no opcode may be lost between two pieces.
    for length in range(200):
        text = ["y" * length, "z" * 255, "w" * 256, "v" * 70_000] * 8
        path.write_bytes(pickle.dumps(text, 4))
        assert list(libpickle.items(path)) == text


def test_items_that_are_dropped_early(tmp_path):
    path = tmp_path / "rows.pkl"
    rows = list(rows_of(5000))
    path.write_bytes(pickle.dumps(rows, 5))
    for _ in range(3):
        given = libpickle.items(path)
        assert [next(given) for _ in range(1500)] == rows[:1500]
        del given
    before = sys.getrefcount(None), sys.getrefcount(rows[0]["day"])
    for _ in range(5):
        assert sum(1 for _ in libpickle.items(path)) == 5000
    assert abs(sys.getrefcount(None) - before[0]) < 100
