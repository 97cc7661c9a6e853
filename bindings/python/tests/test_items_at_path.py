"""Items of any container, and at a path, straight from the opcodes: what a document gives, wherever the one goes over to the other."""

import collections
import datetime
import io
import pickle
import random

import libpickle
import pytest

SIZES = (0, 1, 255, 256, 65_537)
# Larger pickles may be read without a document.
FILLING = b"f" * (300 << 10)


def by_document(path, at, **options):
    # With a limit there is the document alone.
    return read(path, at, max_opcodes=10**12, **options)


def read(path, at, **options):
    """The items, and the error behind them."""
    found = []
    try:
        for item in libpickle.items(path, at, **options):
            found.append(item)
    except (libpickle.PickleError, KeyError, TypeError) as error:
        return found, type(error), str(error)
    return found, None, None


def same(path, at="$", **options):
    fast, document = read(path, at, **options), by_document(path, at, **options)
    assert fast == document
    assert [type(item) for item in fast[0]] == [type(item) for item in document[0]]
    return fast[0]


def containers(size):
    yield list(range(size))
    yield ["text %d" % index for index in range(size)]
    yield [{"id": index, "name": "n%d" % (index % 7), "day": datetime.date(2024, 1, 1 + index % 28)} for index in range(size)]
    yield {"key %d" % index: [index] for index in range(size)}
    yield {(index, "a"): index / 3 for index in range(size)}
    yield set(range(size))
    yield {"item %d" % index for index in range(size)}
    yield tuple(range(size))
    yield frozenset(range(size))
    yield collections.deque(range(size))
    yield collections.OrderedDict((index, str(index)) for index in range(size))


@pytest.mark.parametrize("protocol", (0, 2, 3, 4, 5))
@pytest.mark.parametrize("size", SIZES)
def test_every_container_at_a_path(protocol, size, tmp_path):
    path = tmp_path / "rows.pkl"
    if protocol != 4 and size > 256:
        pytest.skip("the opcodes are the same")
    for container in containers(size):
        around = [
            ("$", container),
            ("$.rows", {"rows": container}),
            ("$.rows", {"before": [1, {"x": 2}], "rows": container, "behind": {"y": (3,)}, "text": FILLING}),
            ("$['a'].rows", {"b": FILLING, "a": {"c": [[]], "rows": container}}),
            ("$[1]", [["first"], container, ["last"], FILLING]),
            ("$[1]", (["first"], container, ["last"], FILLING)),
            ("$.a[0].b", {"a": [{"b": container}], "c": FILLING}),
        ]
        for at, value in around if size <= 256 else around[2:4]:
            path.write_bytes(pickle.dumps(value, protocol))
            found = same(path, at)
            expected = list(container.items()) if isinstance(container, dict) else list(container)
            if isinstance(container, (set, frozenset)):
                assert set(found) == container
            elif not isinstance(container, (collections.deque, collections.OrderedDict)):
                assert found == expected
        # Of several pickles, each has its items.
        path.write_bytes(pickle.dumps({"rows": container, "text": FILLING}, protocol) * 2)
        same(path, "$.rows")


@pytest.mark.parametrize("protocol", (2, 4))
def test_what_stands_around_the_container(protocol, tmp_path):
    path = tmp_path / "rows.pkl"
    rows = [{"id": index, "text": "row %d" % index} for index in range(20_000)]
    other = [[index] for index in range(20_000)]
    strange = complex(1, 2)
    values = [
        ({"rows": rows, "other": other}, "$.rows"),
        ({"rows": rows, "other": other}, "$.other"),
        # At the same place of the stack, one after another.
        ([rows, other, rows], "$[1]"),
        ({"rows": rows, "object": strange}, "$.rows"),
        ({"object": strange, "rows": rows}, "$.rows"),
        ({"rows": rows[:9000] + [strange] + rows[9000:]}, "$.rows"),
        ({"rows": rows, "again": rows}, "$.rows"),
        ({"again": rows, "rows": rows}, "$.rows"),
        ({"rows": rows}, "$.none"),
        ({"rows": rows}, "$.rows[3]"),
        ({"rows": [rows, rows[:2]]}, "$.rows[-1]"),
        (({"rows": rows}, 1), "$[0].rows"),
        ({"rows": {index: [[[[[]]]]] for index in range(50_000)}}, "$.rows"),
    ]
    # Longer than what is read at a time.
    large = [
        ({"rows": rows, "long": b"x" * (6 << 20), "many": [[index] for index in range(1 << 20)]}, "$.rows"),
        ({"long": list(range(1_200_000)), "rows": rows}, "$.rows"),
    ]
    for value, at in large if protocol == 4 else []:
        path.write_bytes(pickle.dumps(value, protocol))
        same(path, at)
    for value, at in values:
        path.write_bytes(pickle.dumps(value, protocol))
        same(path, at)
        same(path, at, max_depth=4)
        same(path, at, known=False)


def test_memo_shared_between_items(tmp_path):
    path = tmp_path / "rows.pkl"
    one, text = ["one"], "a text that all have"
    for shared in (one, text, (1, text), frozenset([text]), datetime.date(2024, 1, 1), {"k": text}):
        rows = [[shared, index, "x" * 50] for index in range(10_000)]
        for value, at in (
            ({"rows": rows}, "$.rows"),
            ({"first": shared, "rows": rows, "last": shared}, "$.rows"),
            ({"rows": {index: row for index, row in enumerate(rows)}, "last": [text]}, "$.rows"),
        ):
            for protocol in (2, 5):
                path.write_bytes(pickle.dumps(value, protocol))
                same(path, at)


@pytest.mark.parametrize("texts", [1, 255, 1022, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("protocol", [2, 4])
def test_memo_of_early_and_late_numbers(texts, protocol, tmp_path):
    path = tmp_path / "rows.pkl"
    shared = ["text %d" % index for index in range(texts)]
    rows = [[shared[index * 7919 % texts], "x" * 50] for index in range(texts * 2 + 40_000)]
    path.write_bytes(pickle.dumps(rows, protocol))
    assert list(libpickle.items(path)) == rows


def batches(protocol=4):
    """`{"rows": list}`, whose list has 8,000 items of 200 bytes in eight batches, up to behind them; what follows is open."""
    text = b"\x8c\xc8" + b"t" * 200
    batch = b"(" + text * 1000 + b"e"
    return b"\x80\x04}\x94(\x8c\x04rows]\x94" + batch * 8


def test_items_that_grow_or_move_later(tmp_path):
    path = tmp_path / "rows.pkl"
    start = batches()
    for end in (
        b"u.",
        # The list once more, to which more is added.
        b"\x8c\x01xh\x01u.",
        b"\x8c\x01xh\x01K\x01au.",
        # Another list under the same key, in the same batch and in another one.
        b"\x8c\x04rows](K\x01K\x02eu.",
        b"u\x8c\x04rows](K\x01K\x02es.",
        # The dict is a part of something else, is dropped, or is called.
        b"u\x85.",
        b"u0].",
        b"u0N.",
        b"u]\x86.",
        # Items behind an opcode that takes one.
        b"K\x01aK\x02au.",
        b"(K\x01K\x02eK\x03au.",
        b"(eu.",
        # What is broken.
        b"u",
        b"",
        b"e.",
        b"(u.",
        b"s.",
        b"\xffu.",
        b"uu.",
    ):
        path.write_bytes(start + end)
        for at in ("$.rows", "$", "$[0]", "$[0].rows", "$.x"):
            same(path, at)
    # The same of the pickle's own dict and set, with keys that come twice and such that cannot be any.
    for empty, fill, key in ((b"}", b"u", b"\x8c\x02%02dK\x01"), (b"\x8f", b"\x90", b"\x8c\x02%02d")):
        many = b"".join(b"\x8c\x0a%010d" % index + b"N" * (empty == b"}") for index in range(30_000))
        batch = b"(" + many + fill
        for more in (b"", b"(" + many[:60] + fill, b"(" + key % 7 * 2 + fill, b"(]" + b"N" * (empty == b"}") + fill):
            for end in (b".", b"\x85.", b"0N.", b""):
                path.write_bytes(b"\x80\x04" + empty + batch + more + end)
                same(path)


def test_damaged_files(tmp_path):
    path = tmp_path / "rows.pkl"
    rows = [{"id": index, "text": "row %d" % index, "tags": ("a", index)} for index in range(12_000)]
    random.seed(5)
    for protocol in (2, 4):
        data = pickle.dumps({"name": "x", "rows": rows, "end": [1, 2]}, protocol)
        for cut in [len(data) - 1, len(data) - 10, len(data) // 2] + [random.randrange(len(data)) for _ in range(20)]:
            path.write_bytes(data[:cut])
            same(path, "$.rows")
        for _ in range(30):
            changed = bytearray(data)
            changed[random.randrange(len(data) * 3 // 4, len(data))] = random.randrange(256)
            path.write_bytes(changed)
            same(path, "$.rows")


def test_pieces_of_every_size(tmp_path):
    path = tmp_path / "rows.pkl"
    for length in range(0, 200, 7):
        text = ["y" * length, "z" * 255, "w" * 256, "v" * 70_000] * 8 + list(range(9000))
        path.write_bytes(pickle.dumps({"rows": text}, 4))
        assert list(libpickle.items(path, "$.rows")) == text


def test_paths_that_are_left_early(tmp_path):
    path = tmp_path / "rows.pkl"
    rows = {"key %d" % index: [index, datetime.date(2024, 1, 1)] for index in range(30_000)}
    path.write_bytes(pickle.dumps({"rows": rows}, 5))
    for count in (1, 4000, 6000, 29_999):
        given = libpickle.items(path, "$.rows")
        assert [next(given) for _ in range(count)] == list(rows.items())[:count]
        del given


def test_what_has_no_items_is_an_error(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"n": 5, "s": "text", "none": None, "empty": [], "day": datetime.date(2024, 1, 1)}))
    for at in ("$.n", "$.s", "$.none", "$.day"):
        for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
            with pytest.raises(TypeError, match="no container and has no items"):
                list(libpickle.items(source, at))
    assert list(libpickle.items(path, "$.empty")) == []
    with pytest.raises(KeyError, match="there is nothing at"):
        list(libpickle.items(path, "$.other"))
    with pytest.raises(TypeError):
        list(libpickle.items(pickle.dumps(5)))


def test_calls_that_no_item_shows_are_told(tmp_path):
    # setattr of the list, whose result POP drops at 27; a call whose result stays.
    dropped = b"]q\x00cbuiltins\nsetattr\nh\x00K\x01\x86R0."
    kept = b"](K\x01cbuiltins\nsetattr\n)K\x01\x86Re."
    path = tmp_path / "dropped.pkl"
    path.write_bytes(kept + dropped + kept)
    for file in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        items = libpickle.items(file)
        assert items.dropped_call is None
        assert len(list(items)) == 4
        assert items.dropped_call == len(kept) + 27
    for data in (kept, pickle.dumps(list(range(100_000)))):
        items = libpickle.items(data)
        assert list(items) and items.dropped_call is None
