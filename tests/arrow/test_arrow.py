"""Record batches as pyarrow, pandas, polars and duckdb take them."""

import concurrent.futures
import datetime
import decimal
import gzip
import pickle
import zipfile

import duckdb
import libpickle
import numpy
import pandas
import polars
import pyarrow
import pytest

SIZES = [0, 1, 255, 256, 65_535, 65_536, 200_000]


def make_rows(count):
    return [{"id": n, "name": "name %d" % n, "half": n / 2, "even": n % 2 == 0} for n in range(count)]


def write(path, value, protocol=5):
    path.write_bytes(pickle.dumps(value, protocol))
    return str(path)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("protocol", [2, 5])
def test_rows_of_all_sizes(tmp_path, count, protocol):
    rows = make_rows(count)
    file = write(tmp_path / "rows.pkl", rows, protocol)
    table = pyarrow.table(libpickle.arrow(file))
    assert table.num_rows == count
    assert table.to_pylist() == rows
    small = pyarrow.RecordBatchReader.from_stream(libpickle.arrow(file, batch_rows=1000))
    sizes = [batch.num_rows for batch in small]
    assert sum(sizes) == count
    assert max(sizes, default=0) <= 1000


def test_everybody_takes_them(tmp_path):
    rows = make_rows(3000)
    file = write(tmp_path / "rows.pkl", rows)
    for reader in (libpickle.arrow(file), libpickle.table(file), libpickle.split_plan(file)[0].arrow()):
        assert pyarrow.table(reader).to_pylist() == rows
        assert polars.DataFrame(reader).to_dicts() == rows
        assert pandas.DataFrame.from_arrow(reader).to_dict("records") == rows
        found = duckdb.from_arrow(pyarrow.table(reader)).aggregate("count(*), sum(id), max(name)").fetchall()
        assert found == [(3000, sum(range(3000)), "name 999")]
    reader = libpickle.arrow(file)
    assert duckdb.sql("select count(*), sum(half) from reader").fetchall() == [(3000, sum(range(3000)) / 2)]


def test_types():
    zone = datetime.timezone.utc
    rows = [
        {
            "bytes": b"\0\xff",
            "date": datetime.date(2024, 2, 29),
            "time": datetime.datetime(2024, 1, 2, 3, 4, 5, 6),
            "zoned": datetime.datetime(2024, 1, 2, tzinfo=zone),
            "span": datetime.timedelta(days=-1, microseconds=1),
            "decimal": decimal.Decimal("-12.345"),
            "list": [1, None, 3],
            "struct": {"a": 1, "b": "x"},
            "none": None,
            "large": 2**63,
        },
        {},
    ]
    table = pyarrow.table(libpickle.arrow(pickle.dumps(rows)))
    found = table.to_pylist()
    assert found[0] == rows[0]
    assert found[1] == dict.fromkeys(rows[0])
    mixed = libpickle.arrow(pickle.dumps([{"a": 1}, {"a": "x"}, {"a": [2]}]))
    assert mixed.json_columns == ["a"]
    assert pyarrow.table(mixed).to_pylist() == [{"a": "1"}, {"a": "x"}, {"a": "[2]"}]


def test_frames_and_arrays(tmp_path):
    frame = pandas.DataFrame({"a": range(70_000), "b": numpy.arange(70_000) / 3, "c": pandas.Categorical(["x", "y"] * 35_000)})
    for protocol in (2, 4, 5):
        file = write(tmp_path / "frame.pkl", {"frame": frame, "array": numpy.arange(10).reshape(5, 2)}, protocol)
        table = pyarrow.table(libpickle.arrow(file, "$.frame"))
        assert table.to_pandas().equals(frame)
        batches = list(pyarrow.RecordBatchReader.from_stream(libpickle.arrow(file, "$.frame", batch_rows=999)))
        assert max(batch.num_rows for batch in batches) == 999
        assert pyarrow.Table.from_batches(batches).to_pandas().equals(frame)
        assert pyarrow.table(libpickle.arrow(file, "$.array")).num_rows == 5
        assert pyarrow.table(libpickle.arrow(write(tmp_path / "own.pkl", frame, protocol))).num_rows == 70_000
        assert pyarrow.table(libpickle.arrow(file, "$.frame", columns=["b"])).column_names == ["b"]
    columns = {"x": [1, 2, 3], "y": ["a", "b", None]}
    assert pyarrow.table(libpickle.arrow(pickle.dumps(columns))).to_pydict() == columns


def test_the_table_of_python_values():
    rows = [{"a": 1, "b": [1, 2]}, {"a": None, "c": datetime.date(2020, 1, 1)}]
    table = libpickle.table(__import__("io").BytesIO(pickle.dumps(rows)))
    assert pyarrow.table(table).to_pylist() == [
        {"a": 1, "b": [1, 2], "c": None},
        {"a": None, "b": None, "c": datetime.date(2020, 1, 1)},
    ]
    assert pyarrow.schema(table).names == ["a", "b", "c"]


def test_samples_and_schemas(tmp_path):
    rows = [{"a": n} for n in range(10_000)] + [{"a": "text"}]
    file = write(tmp_path / "rows.pkl", rows)
    with pytest.raises(pyarrow.ArrowException, match=r"rows.pkl: item 10000, before byte \d+: .*column a"):
        pyarrow.table(libpickle.arrow(file, sample=100))
    assert pyarrow.table(libpickle.arrow(file)).schema.field("a").type == pyarrow.large_string()
    wanted = pyarrow.schema([("a", pyarrow.string()), ("more", pyarrow.int16())])
    table = pyarrow.table(libpickle.arrow(file, schema=wanted))
    assert table.column("a")[0].as_py() == "0"
    assert table.column("a")[10_000].as_py() == "text"
    assert table.column("more").null_count == 10_001
    with pytest.raises(pyarrow.ArrowException, match="item 128, .*Int8"):
        pyarrow.table(libpickle.arrow(file, schema=pyarrow.schema([("a", pyarrow.int8())])))
    with pytest.raises(TypeError, match="Map"):
        libpickle.arrow(file, schema=pyarrow.schema([("a", pyarrow.map_(pyarrow.string(), pyarrow.int8()))])).json_columns


def test_compressed_and_logs(tmp_path):
    rows = make_rows(20_000)
    packed = tmp_path / "rows.pkl.gz"
    packed.write_bytes(gzip.compress(pickle.dumps(rows, 4)))
    assert pyarrow.table(libpickle.arrow(packed)).to_pylist() == rows
    log = tmp_path / "log.pkl"
    log.write_bytes(b"".join(pickle.dumps(row) for row in rows))
    assert pyarrow.table(libpickle.arrow(log)).to_pylist() == rows
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as members:
        members.writestr("rows.pkl", pickle.dumps(rows))
        members.writestr("log.pkl", log.read_bytes())
    for member in ("rows.pkl", "log.pkl"):
        assert pyarrow.table(libpickle.arrow("%s!%s" % (tmp_path / "rows.zip", member))).to_pylist() == rows
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert pyarrow.table(libpickle.arrow(packed)).to_pylist() == rows
    packed.write_bytes(packed.read_bytes()[:-5000])
    with pytest.raises((EOFError, OSError)):
        pyarrow.table(libpickle.arrow(packed))


def test_damage(tmp_path):
    data = pickle.dumps(make_rows(20_000))
    file = tmp_path / "rows.pkl"
    schema = pyarrow.schema([("id", pyarrow.int64())])
    for cut in (1, 100, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:cut])
        with pytest.raises((OSError, libpickle.PickleError)):
            pyarrow.table(libpickle.arrow(file, schema=schema))
    # The rows before the fault come first: CPython writes them in batches of 1000.
    file.write_bytes(data[:-1000])
    found = []
    with pytest.raises(OSError, match=r"rows.pkl: after item \d+: .*byte \d+"):
        for batch in pyarrow.RecordBatchReader.from_stream(libpickle.arrow(file, batch_rows=3000, schema=schema)):
            found += batch.column(0).to_pylist()
    assert found == list(range(len(found)))
    assert len(found) == 19_000
    file.write_bytes(data + data)
    assert pyarrow.table(libpickle.arrow(file)).num_rows == 40_000
    for value in (1, "text", None):
        with pytest.raises((TypeError, KeyError)):
            pyarrow.table(libpickle.arrow(pickle.dumps(value)))
    with pytest.raises(KeyError, match="there is no .b"):
        pyarrow.table(libpickle.arrow(pickle.dumps({"a": []}), "$.b"))


def batches_of(split, schema):
    return pyarrow.table(split.arrow(schema=schema))


def test_splits_in_other_processes(tmp_path):
    rows = make_rows(50_000)
    file = write(tmp_path / "rows.pkl", rows)
    plan = libpickle.split_plan(file, bytes=200_000)
    assert len(plan) > 4
    schema = pyarrow.schema(plan.schema(sample=1000))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        tables = list(pool.map(batches_of, plan, [schema] * len(plan)))
    assert pyarrow.concat_tables(tables).to_pylist() == rows
    assert pyarrow.concat_tables([pyarrow.table(split.arrow()) for split in plan]).to_pylist() == rows
    assert pyarrow.schema(plan.schema()).equals(schema)


@pytest.mark.parametrize("mode", ["drop", "keep"])
def test_rows_that_do_not_fit(tmp_path, mode):
    from libpickle import _arrow, _native
    from libpickle._files import File

    rows = [{"a": n if n % 7 else "x", "b": [n] if n % 5 else ["y"]} for n in range(5000)]
    file = File(write(tmp_path / "rows.pkl", rows))
    schema = pyarrow.schema([("a", pyarrow.int32()), ("b", pyarrow.list_(pyarrow.int64()))])
    extras = [("item", "_item"), ("corrupt", "_corrupt"), ("file", "_file"), ("offset", "_offset")]
    columns = _native._Columns.of(schema)
    batches = _native._Batches.rows(_arrow.place(file), columns, 1000, mode, extras, file.name)
    table = pyarrow.table(batches)
    good = [n for n in range(5000) if n % 7 and n % 5]
    if mode == "drop":
        assert table.column("_item").to_pylist() == table.column("a").to_pylist() == good
        assert table.column("_corrupt").null_count == len(good)
    else:
        assert table.column("_item").to_pylist() == list(range(5000))
        assert table.column("a").to_pylist() == [n if n % 7 else None for n in range(5000)]
        assert table.column("b").to_pylist() == [[n] if n % 5 else None for n in range(5000)]
        assert table.column("_corrupt").null_count == len(good)
        assert table.column("_corrupt")[0].as_py() == '{"a":"x","b":["y"]}'
    assert set(table.column("_file").to_pylist()) == {file.name}
    offsets = table.column("_offset").to_pylist()
    assert offsets == sorted(offsets)
