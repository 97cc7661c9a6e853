"""The data source on a real cluster: two executors that are processes of their own."""

import datetime
import decimal
import gzip
import os
import pickle
import signal
import sys
import zipfile

import libpickle
import pandas
import pytest
from libpickle.spark import PickleDataSource
from pyspark.sql import SparkSession, types


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    work = tmp_path_factory.mktemp("cluster")
    os.environ.update(
        PYSPARK_PYTHON=sys.executable,
        PYSPARK_DRIVER_PYTHON=sys.executable,
        SPARK_LOCAL_IP="127.0.0.1",
        SPARK_LOCAL_HOSTNAME="localhost",
        SPARK_WORKER_DIR=str(work / "work"),
        SPARK_LOCAL_DIRS=str(work / "local"),
    )
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.executor.memory", "512m")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", str(work / "warehouse"))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    session.dataSource.register(PickleDataSource)
    yield session
    session.stop()


def make_rows(start, stop):
    return [{"id": n, "group": "g%d" % (n % 5), "half": n / 2, "points": [n, n + 1]} for n in range(start, stop)]


def write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol))
    return str(path)


def dicts(frame, *order):
    return [row.asDict(recursive=True) for row in (frame.orderBy(*order) if order else frame).collect()]


def reader(spark, **options):
    return spark.read.format("pickle").options(**options)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Lists, a frame, a log and compressed files of rows 0 to 60000, in one folder."""
    folder = tmp_path_factory.mktemp("rows")
    write(folder / "a.pkl", make_rows(0, 30_000), 5)
    write(folder / "b.pkl", make_rows(30_000, 30_100), 2)
    frame = pandas.DataFrame(make_rows(30_100, 40_000)).drop(columns="points")
    write(folder / "c.pkl", frame, 5)
    (folder / "d.pkl").write_bytes(b"".join(pickle.dumps(row) for row in make_rows(40_000, 50_000)))
    (folder / "e.pkl.gz").write_bytes(gzip.compress(pickle.dumps(make_rows(50_000, 60_000))))
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / ".hidden").write_bytes(b"no pickle")
    return folder


def test_lists_frames_logs_and_compressed_files(spark, folder):
    frame = reader(spark, splitBytes=200_000, sampleRows=1000).load(str(folder))
    assert frame.schema == types.StructType(
        [
            types.StructField("id", types.LongType()),
            types.StructField("group", types.StringType()),
            types.StructField("half", types.DoubleType()),
            types.StructField("points", types.ArrayType(types.LongType())),
        ]
    )
    assert frame.rdd.getNumPartitions() > 5
    assert frame.count() == 60_000
    found = {row["group"]: (row["n"], row["sum"]) for row in frame.groupBy("group").agg({"*": "count", "id": "sum"}).toDF("group", "n", "sum").collect()}
    assert found == {"g%d" % g: (12_000, sum(range(g, 60_000, 5))) for g in range(5)}
    rows = dicts(frame.where("id < 200 or id between 30000 and 30150"), "id")
    wanted = make_rows(0, 200) + make_rows(30_000, 30_151)
    for row in wanted:
        if row["id"] >= 30_100:
            row["points"] = None
    assert rows == wanted


def test_globs_paths_and_metadata(spark, tmp_path):
    for n in range(3):
        write(tmp_path / ("run%d.pkl" % n), {"meta": n, "rows": make_rows(n * 10_000, n * 10_000 + 5000)})
    write(tmp_path / "other.pkl", [1])
    where = str(tmp_path / "run*.pkl")
    frame = reader(spark, itemsPath="$.rows", metadata="true", splitBytes=100_000).load(where)
    rows = frame.select("id", "_file", "_item", "_offset").collect()
    assert len(rows) == 15_000
    for row in rows:
        assert row["_file"] == str(tmp_path / ("run%d.pkl" % (row["id"] // 10_000)))
        assert row["_item"] == row["id"] % 10_000
        assert 0 < row["_offset"] <= os.path.getsize(row["_file"])
    several = reader(spark, itemsPath="$.rows").load([str(tmp_path / "run0.pkl"), "file://%s/run2.pkl" % tmp_path])
    assert several.count() == 10_000
    for n in range(2):
        with zipfile.ZipFile(tmp_path / ("packed%d.zip" % n), "w") as packed:
            packed.writestr("a.pkl", pickle.dumps(make_rows(n * 100, n * 100 + 100)))
            packed.writestr("b.pkl", pickle.dumps([]))
    members = reader(spark, metadata="true").load(str(tmp_path / "packed*.zip!a.pkl"))
    assert members.selectExpr("count(*)", "count(distinct _file)", "sum(id)").first()[:] == (200, 2, sum(range(200)))
    with pytest.raises(Exception, match="no file is named"):
        reader(spark).load(str(tmp_path / "none*.pkl")).count()


def test_filters_are_pushed(spark, folder):
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    try:
        frame = reader(spark, splitBytes=200_000, metadata="true", pushFilters="true").load(str(folder))
        assert frame.where("id >= 100 and id < 200 and group = 'g3' and half is not null").count() == 20
        assert frame.where("id in (5, 30050, 45000, 70000) and half < 1e9").count() == 3
        assert frame.where("points is null").count() == 9900
        some = frame.where("_file = '%s'" % (folder / "b.pkl"))
        assert (some.count(), some.rdd.getNumPartitions()) == (100, 1)
        assert frame.where("_file = 'nowhere'").count() == 0
    finally:
        spark.conf.unset("spark.sql.python.filterPushdown.enabled")


def test_a_plan_beside_the_file(spark, tmp_path):
    file = write(tmp_path / "rows.pkl", make_rows(0, 30_000))
    libpickle.split_plan(file, bytes=20_000).save()
    frame = reader(spark, splitBytes=150_000).load(str(tmp_path))
    assert frame.rdd.getNumPartitions() > 3
    assert frame.selectExpr("count(*)", "count(distinct id)", "sum(id)").first()[:] == (30_000, 30_000, sum(range(30_000)))


def test_types_given_and_found(spark, tmp_path):
    rows = [
        {
            "b": b"\0\xff",
            "d": datetime.date(2024, 2, 29),
            "t": datetime.datetime(2024, 1, 2, 3, 4, 5, 6),
            "z": datetime.datetime(2024, 1, 2, 3, tzinfo=datetime.timezone.utc),
            "n": decimal.Decimal("12.50"),
            "s": {"a": 1, "b": ["x"]},
            "m": 1,
            "u": None,
        },
        {"m": "text"},
    ]
    file = write(tmp_path / "types.pkl", rows)
    frame = reader(spark).load(file)
    kinds = {field.name: field.dataType.simpleString() for field in frame.schema}
    assert kinds == {
        "b": "binary",
        "d": "date",
        "t": "timestamp_ntz",
        "z": "timestamp",
        "n": "decimal(4,2)",
        "s": "struct<a:bigint,b:array<string>>",
        "m": "string",
        "u": "string",
    }
    first = [row for row in dicts(frame) if row["m"] == "1"][0]
    assert first["t"] == rows[0]["t"]
    assert (bytes(first["b"]), first["d"], first["n"], first["s"]) == (b"\0\xff", rows[0]["d"], rows[0]["n"], rows[0]["s"])
    given = reader(spark).schema("m string, n decimal(10,3), b binary, extra int").load(file)
    assert [row["m"] for row in given.collect()] == ["1", "text"]
    assert given.first()["n"] == decimal.Decimal("12.500")
    with pytest.raises(Exception, match="Map"):
        reader(spark).schema("s map<string,string>").load(file).count()


def test_modes(spark, tmp_path):
    rows = [{"id": n, "name": "x"} for n in range(100)]
    rows[7]["id"] = "seven"
    rows[70]["id"] = 1 << 40
    file = write(tmp_path / "bad.pkl", rows)
    schema = "id int, name string"
    load = lambda schema, **options: reader(spark, **options).schema(schema).load(file)  # noqa: E731
    for options in ({"mode": "FAILFAST"}, {}):
        with pytest.raises(Exception, match=r"bad.pkl: item 7, before byte \d+: the cell of the column id"):
            load(schema, **options).collect()
    assert load(schema, mode="DROPMALFORMED").selectExpr("count(*)", "sum(id)").first()[:] == (98, sum(range(100)) - 77)
    kept = dicts(load(schema + ", _corrupt string", mode="PERMISSIVE"))
    assert len(kept) == 100
    assert [row["_corrupt"] for row in kept if row["_corrupt"]] == [
        '{"id":"seven","name":"x"}',
        '{"id":1099511627776,"name":"x"}',
    ]
    assert kept[7] == {"id": None, "name": "x", "_corrupt": '{"id":"seven","name":"x"}'}
    assert dicts(load(schema + ", why string", columnNameOfCorruptRecord="why"))[7]["why"] == '{"id":"seven","name":"x"}'
    # A column that the sample had not.
    late = write(tmp_path / "late.pkl", [{"a": 1}] * 50 + [{"a": 2, "b": 3}])
    with pytest.raises(Exception, match="column b first comes"):
        reader(spark, sampleRows=10).load(late).collect()
    assert reader(spark, sampleRows=10, mode="PERMISSIVE").load(late).where("_corrupt is not null").count() == 1
    for name, value in (("mode", "SOMETIMES"), ("splitBytes", "0"), ("metadata", "perhaps"), ("sampleRows", "x"), ("split", "maybe")):
        with pytest.raises(Exception, match=name):
            reader(spark, **{name: value}).load(late).collect()


def test_damage_names_file_split_item_and_offset(spark, tmp_path):
    data = pickle.dumps(make_rows(0, 30_000))
    (tmp_path / "cut.pkl").write_bytes(data[:-1000])
    write(tmp_path / "good.pkl", make_rows(30_000, 40_000))
    options = {"splitBytes": 100_000, "sampleRows": 100}
    with pytest.raises(Exception, match=r"cut.pkl, split \d+: after item \d+: .*\d"):
        reader(spark, **options).load(str(tmp_path)).count()
    # Asked for, what comes before the fault is taken.
    count = reader(spark, ignoreCorruptFiles="true", **options).load(str(tmp_path)).count()
    assert 39_000 <= count < 40_000
    packed = gzip.compress(pickle.dumps(make_rows(0, 20_000)))
    (tmp_path / "cut.pkl").write_bytes(packed[:-1000])
    count = reader(spark, ignoreCorruptFiles="true", **options).load(str(tmp_path)).count()
    assert 10_000 < count < 30_000
    # The sample is of a file whose start alone is there.
    (tmp_path / "cut.pkl").write_bytes(data[:50])
    assert reader(spark, ignoreCorruptFiles="true", **options).load(str(tmp_path)).count() == 10_000
    with pytest.raises(Exception, match="cut.pkl"):
        reader(spark, **options).load(str(tmp_path)).count()
    # A row that does not fit is no damage.
    write(tmp_path / "cut.pkl", [{"id": "text"}])
    for options in ({"mode": "FAILFAST"}, {}):
        with pytest.raises(Exception, match="cut.pkl: item 0, before byte"):
            reader(spark, ignoreCorruptFiles="true", **options).schema("id long").load(str(tmp_path)).count()


def test_nothing_is_executed(spark, tmp_path):
    flag = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(flag),)

    file = write(tmp_path / "evil.pkl", [{"a": 1, "b": Evil()}] * 3)
    assert reader(spark).load(file).select("a").count() == 3
    assert not flag.exists()


def test_an_executor_that_is_killed(spark, tmp_path):
    write(tmp_path / "rows.pkl", make_rows(0, 60_000))
    flag = str(tmp_path / "killed")

    def kill(batches):
        for batch in batches:
            try:
                os.mkdir(flag)
            except FileExistsError:
                pass
            else:
                # The executor's process is the parent of the one that starts the workers.
                with open("/proc/%d/stat" % os.getppid()) as stat:
                    os.kill(int(stat.read().rsplit(")", 1)[1].split()[1]), signal.SIGKILL)
            yield batch

    frame = reader(spark, splitBytes=100_000).load(str(tmp_path / "rows.pkl"))
    assert frame.rdd.getNumPartitions() > 8
    killed = frame.mapInArrow(kill, frame.schema)
    out = str(tmp_path / "out")
    killed.write.format("pickle").mode("append").save(out)
    assert os.path.isdir(flag)
    assert sorted(os.listdir(out))[0] == "_SUCCESS"
    again = reader(spark).load(out)
    assert again.selectExpr("count(*)", "count(distinct id)", "sum(id)").first()[:] == (60_000, 60_000, sum(range(60_000)))


def test_writing(spark, tmp_path):
    write(tmp_path / "rows.pkl", make_rows(0, 1000))
    frame = reader(spark).load(str(tmp_path / "rows.pkl")).repartition(3)
    out = tmp_path / "out"
    frame.write.format("pickle").option("protocol", "2").mode("overwrite").save(str(out))
    files = sorted(out.glob("part-*.pkl"))
    assert len(files) == 3
    assert sorted(path.name for path in out.iterdir())[0] == "_SUCCESS"
    rows = []
    for file in files:
        data = file.read_bytes()
        assert data[:2] == b"\x80\x02"
        rows += pickle.loads(data)
    assert sorted(rows, key=lambda row: row["id"]) == make_rows(0, 1000)
    frame.limit(10).coalesce(1).write.format("pickle").option("rowsPerPickle", "3").mode("append").save(str(out))
    assert len(list(out.glob("part-*.pkl"))) == 4
    assert reader(spark).load(str(out)).count() == 1010
    frame.limit(5).write.format("pickle").mode("overwrite").save(str(out))
    assert reader(spark).load(str(out)).count() == 5
    # Nothing is there of a job that fails.
    broken = frame.selectExpr("if(id = 500, raise_error('broken'), id) as id")
    with pytest.raises(Exception, match="broken"):
        broken.write.format("pickle").mode("append").save(str(out))
    assert reader(spark).load(str(out)).count() == 5
    assert not [name for name in os.listdir(out) if name.startswith("_temporary")]
