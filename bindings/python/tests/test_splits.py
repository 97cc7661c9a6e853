"""Splits of a file, one after another or in other processes, give what the whole file gives."""

import bz2
import concurrent.futures
import gzip
import io
import lzma
import multiprocessing
import pickle
import zipfile
import zlib

import libpickle
import pytest
from libpickle import PickleError, Split

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def make_rows(count):
    shared = ["shared", {"by": "all"}]
    return [
        {"id": n, "name": "name %d" % n, "tag": "tag %d" % (n % 7), "points": [n, n / 2], "all": shared}
        for n in range(count)
    ]


def write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol))
    return str(path)


def joined(splits):
    return [item for split in splits for item in split.items()]


def read(split):
    return list(split.items())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("count", [0, 1, 255, 256, 1001, 6000])
def test_splits_are_the_whole(tmp_path, protocol, count):
    rows = make_rows(count)
    file = write(tmp_path / "rows.pkl", rows, protocol)
    for options in ({"bytes": 40_000}, {"items": 500}, {}):
        plan = libpickle.split_plan(file, **options)
        assert joined(plan) == rows
        if plan.why is None:
            assert plan.count == count
            assert [split.first for split in plan] == [sum(s.count for s in plan[:n]) for n in range(len(plan))]
            assert [split.number for split in plan] == list(range(len(plan)))
    if protocol and count == 6000:
        assert len(libpickle.split_plan(file, bytes=40_000)) > 5


def test_a_path_and_a_dict(tmp_path):
    value = {"meta": 1, "rows": make_rows(6000), "index": {n: str(n) for n in range(6000)}}
    file = write(tmp_path / "run.pkl", value)
    plan = libpickle.split_plan(file, "$.rows", bytes=40_000)
    assert len(plan) > 3
    assert joined(plan) == value["rows"]
    assert joined(libpickle.split_plan(file, "$.index")) == list(value["index"].items())
    with pytest.raises(ValueError, match="not a valid path"):
        libpickle.split_plan(file, "$.")
    for path in ("$.rows[*]", "$.rows[1:]", "$..rows"):
        with pytest.raises(ValueError, match="may lead to several values"):
            libpickle.split_plan(file, path)
        with pytest.raises(ValueError, match="may lead to several values"):
            list(libpickle.items(file, path))


def test_logs(tmp_path):
    rows = make_rows(3000)
    file = tmp_path / "log.pkl"
    file.write_bytes(b"".join(pickle.dumps(row) for row in rows))
    plan = libpickle.split_plan(file, bytes=50_000)
    assert plan[0].pickles
    assert len(plan) > 3
    assert joined(plan) == rows
    assert joined(libpickle.split_plan(file, items=100, pickles=True)) == rows
    lists = tmp_path / "lists.pkl"
    lists.write_bytes(b"".join(pickle.dumps(rows[n : n + 100]) for n in range(0, 3000, 100)))
    plan = libpickle.split_plan(lists, items=250)
    assert joined(plan) == rows
    assert not plan[0].pickles


def test_other_processes(tmp_path):
    rows = make_rows(8000)
    file = write(tmp_path / "rows.pkl", rows, 5)
    plan = libpickle.split_plan(file, bytes=50_000)
    for method in ("spawn", "forkserver"):
        if method not in multiprocessing.get_all_start_methods():
            continue
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            assert [row for part in pool.map(read, plan) for row in part] == rows


def test_a_split_is_a_value(tmp_path):
    rows = make_rows(8000)
    file = write(tmp_path / "rows.pkl", rows)
    plan = libpickle.split_plan(file, bytes=50_000)
    for protocol in PROTOCOLS:
        if protocol >= 2:
            again = [pickle.loads(pickle.dumps(split, protocol)) for split in plan]
            assert joined(reversed(list(reversed(again)))) == rows
    split = plan[1]
    assert isinstance(split, Split)
    assert len(pickle.dumps(split)) < 1000
    assert "Split 2 of" in repr(split)
    assert (split.offset, split.first, split.count) > (0, 0, 0)
    assert list(split.items()) == rows[split.first : split.first + split.count]
    # As often as one likes, and beside each other.
    both = zip(split.items(), split.items())
    assert all(a == b for a, b in both)


def test_a_plan_beside_the_file(tmp_path):
    rows = make_rows(8000)
    file = write(tmp_path / "rows.pkl", rows)
    made = libpickle.split_plan(file, bytes=8000)
    name = made.save()
    assert name == file + ".pkx"
    found = libpickle.split_plan(file, bytes=50_000)
    assert 2 < len(found) < len(made)
    # Splits of the plan, several together.
    assert {split.offset for split in found} <= {split.offset for split in made}
    assert joined(found) == rows
    assert joined(libpickle.split_plan(file, items=777)) == rows
    assert joined(libpickle.split_plan(file, index=name)) == rows
    assert joined(libpickle.split_plan(file, "$[3].points")) == rows[3]["points"]
    with pytest.raises(ValueError, match="not a plan"):
        libpickle.split_plan(file, "$[3].points", index=name)
    # Of what the file was before.
    rows.append(rows[0])
    write(tmp_path / "rows.pkl", rows)
    assert joined(libpickle.split_plan(file)) == rows
    with pytest.raises(ValueError, match="not a plan"):
        libpickle.split_plan(file, index=name)
    (tmp_path / "rows.pkl.pkx").write_bytes(b"something else")
    with pytest.raises(ValueError, match="damaged"):
        libpickle.split_plan(file)
    assert joined(libpickle.split_plan(file, index=False)) == rows


def test_another_file_is_refused(tmp_path):
    file = tmp_path / "rows.pkl"
    write(file, make_rows(8000))
    plan = libpickle.split_plan(file, bytes=50_000)
    write(file, make_rows(8001))
    for split in plan:
        with pytest.raises(PickleError, match="another than the one") as error:
            list(split.items())
        assert error.value.kind == "OtherPlan"


def test_damage_is_told_by_the_split_that_has_it(tmp_path):
    rows = make_rows(8000)
    data = pickle.dumps(rows)
    file = tmp_path / "rows.pkl"
    file.write_bytes(data[: len(data) * 2 // 3])
    plan = libpickle.split_plan(file, bytes=50_000)
    assert plan.fault
    found = []
    for split in plan[:-1]:
        found += split.items()
    with pytest.raises(PickleError, match="rows.pkl"):
        for item in plan[-1].items():
            found.append(item)
    assert found == rows[: len(found)]
    assert len(found) > 4000


def test_what_cannot_be_split_is_one_split(tmp_path):
    rows = make_rows(8000)
    file = write(tmp_path / "tuple.pkl", tuple(rows))
    plan = libpickle.split_plan(file, bytes=50_000)
    assert len(plan) == 1
    assert joined(plan) == rows
    for row in rows:
        row["around"] = rows
    file = write(tmp_path / "around.pkl", rows)
    plan = libpickle.split_plan(file, bytes=50_000)
    assert (len(plan), plan[0].is_whole) == (1, True)
    assert "items refer to the container" in plan.why
    with pytest.raises(ValueError, match="no plan"):
        plan.save()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress])
def test_compressed_files_are_one_split(tmp_path, pack):
    rows = make_rows(8000)
    file = tmp_path / "rows.pkl.packed"
    file.write_bytes(pack(pickle.dumps(rows, 2)))
    plan = libpickle.split_plan(file, bytes=10_000)
    assert (len(plan), plan.why) == (1, "it is compressed or in a zip file")
    assert joined(plan) == rows
    assert pickle.loads(pickle.dumps(plan[0])).is_whole


def test_members_of_zip_files(tmp_path):
    rows = make_rows(3000)
    file = tmp_path / "rows.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/rows.pkl", pickle.dumps(rows))
        packed.writestr("rows.pkl.gz", gzip.compress(pickle.dumps(rows[::-1])))
        packed.writestr("b.pickle", b"\x80\x04N.")
    assert joined(libpickle.split_plan("%s!a/rows.pkl" % file)) == rows
    assert joined(libpickle.split_plan("%s!rows.pkl.gz" % file)) == rows[::-1]
    with pytest.raises(ValueError, match="several members"):
        libpickle.split_plan(file)
    with pytest.raises(KeyError, match="no member c"):
        libpickle.split_plan("%s!c" % file)


def test_bad_arguments(tmp_path):
    file = write(tmp_path / "rows.pkl", make_rows(3))
    for options in ({"bytes": 0}, {"items": 0}, {"bytes": -1}):
        with pytest.raises(ValueError, match="at least one"):
            libpickle.split_plan(file, **options)
    with pytest.raises(TypeError, match="not split"):
        libpickle.split_plan(b"\x80\x04].")
    with pytest.raises(FileNotFoundError):
        libpickle.split_plan(str(tmp_path / "none"))
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(PickleError):
        joined(libpickle.split_plan(tmp_path / "empty"))


def test_capsules(tmp_path):
    rows = make_rows(10)
    file = write(tmp_path / "rows.pkl", rows)
    for reader in (
        libpickle.arrow(file),
        libpickle.arrow(pickle.dumps(rows)),
        libpickle.arrow(io.BytesIO(pickle.dumps(rows))),
        libpickle.split_plan(file)[0].arrow(),
        libpickle.table(file),
    ):
        assert type(reader.__arrow_c_schema__()).__name__ == "PyCapsule"
        # A stream that nobody takes is given back; the next is another.
        assert type(reader.__arrow_c_stream__()).__name__ == "PyCapsule"
        assert type(reader.__arrow_c_stream__(None)).__name__ == "PyCapsule"
    with pytest.raises(KeyError):
        libpickle.arrow(file, columns=["missing"]).__arrow_c_stream__()
    with pytest.raises(TypeError, match="__arrow_c_schema__"):
        libpickle.arrow(file, schema="a int").__arrow_c_stream__()
