"""Frames of every dtype, made with the pandas at hand: `pickle table` writes of each what pandas does, and pyarrow reads
its Parquet and Arrow files as the frame.

usage: tables.py PICKLE    (the command)
"""
import datetime
import decimal
import io
import pickle
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
from pandas.testing import assert_frame_equal

warnings.simplefilter("ignore")
COMMAND = sys.argv[1]
wrong, left_out = [], []
version = tuple(int(part) for part in pd.__version__.split(".")[:2])
frames = {}


def add(name, make):
    """What this pandas cannot make is left out, and said."""
    try:
        frames[name] = make()
    except Exception as error:
        left_out.append(f"{name}: {error!r}")


def floats(kind):
    info = np.finfo(kind)
    return np.array([0.0, -0.0, 1.0, -1.5, 0.1, 1e-5, 123456.789, info.max, info.min, info.tiny, np.nan, np.inf, -np.inf], dtype=kind)


for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
    info = np.iinfo(kind)
    add("int_" + kind, lambda: pd.DataFrame({"a": np.array([info.min, 0, 1, info.max], kind), "b": np.array([1, 2, 3, 4], kind)}))
    add("big_endian_" + kind, lambda: pd.DataFrame({"a": np.array([0, 1, 100], ">" + kind)}))
for kind in ("f2", "f4", "f8"):
    add("float_" + kind, lambda: pd.DataFrame({"a": floats(kind), "b": floats(kind)[::-1].copy()}))
add("float_digits", lambda: pd.DataFrame({"a": np.random.RandomState(1).standard_normal(500) * 10.0 ** np.arange(-250, 250)}))
add("float32_digits", lambda: pd.DataFrame({"a": (np.random.RandomState(2).standard_normal(70) * 10.0 ** np.arange(-35, 35)).astype("f4")}))
add("float16_digits", lambda: pd.DataFrame({"a": np.arange(-2000, 2000, 7).astype("f2") / np.float16(3)}))
add("complex", lambda: pd.DataFrame({"a": [1 + 2j, -1.5j, 0j, 1e20 + 1e-7j]}))
add("bool", lambda: pd.DataFrame({"a": [True, False], "b": [False, False]}))
add("text", lambda: pd.DataFrame({"a": ["x", "", "a,b", 'q"q', "two\nlines", u"\u00e9\u20ac\U0001f600", " blank ", "'"]}))
add("text_missing", lambda: pd.DataFrame({"a": ["x", None, np.nan, "y"], "b": [None] * 4}))
add("mixed_objects", lambda: pd.DataFrame({"a": [1, 2.5, "t", None, True, (1, "a"), [1, None], {"k": 1.5}, b"by\xff", 10 ** 30]}))
add("decimals", lambda: pd.DataFrame({"a": [decimal.Decimal("1.10"), None, decimal.Decimal("-1E+5")]}))
add("python_dates", lambda: pd.DataFrame({"a": [datetime.date(2020, 1, 2), None], "b": [datetime.time(1, 2, 3), datetime.time(1, 2, 3, 4)]}))
add("timestamps_in_objects", lambda: pd.DataFrame({"a": pd.Series([pd.Timestamp("2020-01-02 03:04:05"), pd.Timestamp("2020-01-02", tz="Europe/Berlin"), pd.NaT, pd.Timedelta(5, "s")], dtype=object)}))
for unit in ("s", "ms", "us", "ns"):
    add("dates_" + unit, lambda: pd.DataFrame({"a": np.array(["2020-01-02", "1969-12-31", "NaT"], "M8[%s]" % unit), "b": np.array(["2020-01-02T03:04:05", "1969-12-31T23:59:59", "NaT"], "M8[%s]" % unit)}))
    add("spans_" + unit, lambda: pd.DataFrame({"a": np.array([1, -1, 100000000, "NaT"], "m8[%s]" % unit), "b": np.array([86400, 0, 172800, 1], "m8[s]").astype("m8[%s]" % unit)}))
add("dates_fraction", lambda: pd.DataFrame({"ms": [pd.Timestamp("2020-01-02 03:04:05.678"), pd.Timestamp("2020-01-02")], "us": [pd.Timestamp("2020-01-02 03:04:05.678901"), pd.Timestamp("2020-01-02")], "ns": [pd.Timestamp("2020-01-02 03:04:05.678901234"), pd.Timestamp("2020-01-02")]}))
add("dates_extreme", lambda: pd.DataFrame({"a": [pd.Timestamp.min, pd.Timestamp.max]}))
add("spans_days", lambda: pd.DataFrame({"a": pd.to_timedelta([1, 2, -3], unit="D")}))
for zone in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "+05:30", "-03:00"):
    add("zone_" + zone.replace("/", "_").replace(":", ""), lambda: pd.DataFrame({"a": pd.to_datetime(["2020-01-02 03:04:05", "2020-07-02 03:04:05", None]).tz_localize("UTC").tz_convert(zone if "/" in zone or zone == "UTC" else datetime.timezone(datetime.timedelta(minutes=330 if zone[0] == "+" else -180)))}))
for freq in ("M", "D", "W-SUN", "W-WED", "Q-DEC", "Q-MAR", "A-DEC", "B", "H", "T", "S", "L"):
    def periods():
        now = {"A-DEC": "Y-DEC", "H": "h", "T": "min", "S": "s", "L": "ms"}.get(freq, freq) if version >= (2, 2) else freq
        return pd.DataFrame({"a": pd.period_range("2019-12-30", periods=8, freq=now)})
    add("period_" + freq, periods)
add("categories", lambda: pd.DataFrame({"a": pd.Categorical(["x", "y", None, "x"]), "b": pd.Categorical([1, 2, 2, 1]), "c": pd.Categorical([1.5, None, 2.5, 1.5]), "d": pd.Categorical(["lo", "hi", "lo", "hi"], categories=["lo", "hi"], ordered=True)}))
add("categories_of_dates", lambda: pd.DataFrame({"a": pd.Categorical(pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-02"]))}))
add("categories_of_intervals", lambda: pd.DataFrame({"a": pd.cut(np.array([1.0, 5.0, 9.0]), 3)}))
add("categories_many", lambda: pd.DataFrame({"a": pd.Categorical(["c%d" % (i % 300) for i in range(1000)])}))
for closed in ("left", "right", "both", "neither"):
    add("intervals_" + closed, lambda: pd.DataFrame({"a": pd.interval_range(0, 3, closed=closed)}))
add("intervals_float", lambda: pd.DataFrame({"a": pd.arrays.IntervalArray.from_tuples([(0.0, 1.5), (1.5, 2.25)])}))
add("intervals_dates", lambda: pd.DataFrame({"a": pd.interval_range(pd.Timestamp("2020-01-01"), periods=3)}))
for kind in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"):
    add("nullable_" + kind, lambda: pd.DataFrame({"a": pd.array([1, None, 3], dtype=kind), "b": pd.array([4, 5, 6], dtype=kind)}))
for kind in ("Float32", "Float64"):
    add("nullable_" + kind, lambda: pd.DataFrame({"a": pd.array([1.5, None, 0.1], dtype=kind)}))
add("nullable_boolean", lambda: pd.DataFrame({"a": pd.array([True, None, False], dtype="boolean")}))
for storage in ("python", "pyarrow"):
    add("string_" + storage, lambda: pd.DataFrame({"a": pd.array(["x", None, u"\u00e9,", ""], dtype="string[%s]" % storage)}))
for kind in ("int8[pyarrow]", "uint64[pyarrow]", "double[pyarrow]", "float[pyarrow]", "bool[pyarrow]", "string[pyarrow]"):
    values = {"b": [True, None, False], "s": ["x", None, "z"]}.get(kind[0], [1, None, 3])
    add("arrow_" + kind.split("[")[0], lambda: pd.DataFrame({"a": pd.array(values, dtype=kind)}))
add("arrow_timestamp", lambda: pd.DataFrame({"a": pd.array([pd.Timestamp("2020-01-02 03:04:05"), None], dtype="timestamp[us][pyarrow]")}))
add("arrow_sliced", lambda: pd.DataFrame({"a": pd.array(["x%d" % i if i % 3 else None for i in range(100)], dtype="string[pyarrow]"), "b": pd.array(list(range(100)), dtype="int64[pyarrow]")}).iloc[13:57])
add("arrow_chunks", lambda: pd.concat([pd.DataFrame({"a": pd.array(["x", None], dtype="string[pyarrow]")})] * 3, ignore_index=True))
for kind, values in ((pa.dictionary(pa.int32(), pa.string()), ["a", None, "b"]), (pa.dictionary(pa.int8(), pa.int64()), [10, 20, None]), (pa.float32(), [0.1, 1e20, None]), (pa.float16(), [np.float16(0.1), None]), (pa.decimal128(10, 2), [decimal.Decimal("1.50"), None])):
    add("arrow_of_%s" % str(kind).split("<")[0].split("(")[0] + str(len(str(kind))), lambda: pd.DataFrame({"a": pd.Series(values, dtype=pd.ArrowDtype(kind))}))
add("numpy_times_in_objects", lambda: pd.DataFrame({"a": pd.Series([np.datetime64("2020-01-01"), np.datetime64("2020-01-01T05", "ns"), np.datetime64("NaT"), np.timedelta64(5, "s"), "x"], dtype=object)}))
add("complex_in_objects", lambda: pd.DataFrame({"a": pd.Series([1 + 2j, -1.5j, None, "x"], dtype=object)}))
add("zone_fractions", lambda: pd.DataFrame({"a": pd.to_datetime(["2020-01-02 03:04:05.789", "2020-07-02 03:04:05.000"]).tz_localize("UTC")}))
add("columns_multi_dates", lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_arrays([pd.to_datetime(["2020-01-01", "2021-01-01"]), ["a", "b"]])))
add("categories_nullable", lambda: pd.DataFrame({"a": pd.Categorical(pd.Series([1, 2, None, 1], dtype="Int64"))}))
add("sparse", lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0, 0.0, 2.0], fill_value=0.0), "b": pd.arrays.SparseArray([np.nan, 1.0, np.nan, 3.0]), "c": pd.arrays.SparseArray([1, 1, 0, 1], fill_value=1, kind="block")}))
base = pd.DataFrame({"a": [1, 2, 3], "b": [1.5, np.nan, 2.5], "c": ["x", "y", None]}, columns=["a", "b", "c"])
add("index_named", lambda: base.set_index(pd.Index([10, 20, 30], name="key")))
add("index_text", lambda: base.set_index(pd.Index(["p", "q,", "r"])))
add("index_float", lambda: base.set_index(pd.Index([0.5, 1.5, np.nan])))
add("index_dates", lambda: base.set_index(pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-03"], name="at")))
add("index_times", lambda: base.set_index(pd.date_range("2020-01-01", periods=3, freq="90min")))
add("index_zone", lambda: base.set_index(pd.date_range("2020-01-01", periods=3, tz="Europe/Berlin")))
add("index_spans", lambda: base.set_index(pd.timedelta_range("1 days", periods=3)))
add("index_periods", lambda: base.set_index(pd.period_range("2020-01", periods=3, freq="M")))
add("index_categories", lambda: base.set_index(pd.CategoricalIndex(["u", "v", "u"])))
add("index_intervals", lambda: base.set_index(pd.interval_range(0, 3)))
add("index_range", lambda: base.set_index(pd.RangeIndex(10, 4, -2)))
add("index_bool", lambda: base.set_index(pd.Index([True, False, True])))
add("index_multi", lambda: base.set_index(["a", "c"]))
add("index_multi_dates", lambda: base.set_index([pd.date_range("2020-01-01", periods=3), pd.Index([1.5, 2.5, 3.5], name="f")]))
add("index_multi_product", lambda: pd.DataFrame({"v": range(6)}, index=pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["l", None])))
add("columns_int", lambda: pd.DataFrame(np.arange(6).reshape(2, 3)))
add("columns_multi", lambda: pd.DataFrame(np.arange(8).reshape(2, 4), columns=pd.MultiIndex.from_product([["a", "b"], ["x", "y"]])))
add("columns_multi_named", lambda: pd.DataFrame(np.arange(8.0).reshape(2, 4), index=pd.Index([1, 2], name="i"), columns=pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["p", "q"])))
add("columns_dates", lambda: pd.DataFrame(np.arange(6).reshape(2, 3), columns=pd.date_range("2020-01-01", periods=3)))
add("columns_twice", lambda: pd.DataFrame([[1, "a", 2.5], [2, "b", 3.5]], columns=["x", "x", "y"]))
add("columns_mixed", lambda: pd.DataFrame([[1, 2, 3]], columns=["x", 7, 2.5]))
add("columns_tuples", lambda: pd.DataFrame([[1, 2]], columns=pd.Index([("a", 1), ("b", 2)], tupleize_cols=False)))
add("empty", lambda: pd.DataFrame())
add("empty_rows", lambda: base.iloc[:0])
add("empty_columns", lambda: base[[]])
add("one_cell_missing", lambda: pd.DataFrame({"a": [None, "x"]}, index=[0, 1]))
add("interleaved", lambda: pd.DataFrame({"c%d" % i: ([1, 2], [0.5, 1.5], ["s", "t"], [True, False])[i % 4] for i in range(40)}))
add("inserted", lambda: (lambda frame: (frame.insert(1, "new", [7.5, 8.5, 9.5]), frame.insert(0, "first", ["f", "g", "h"]), frame)[-1])(base.copy()))
add("dropped", lambda: base.drop(columns=["b"]))
add("transposed", lambda: pd.DataFrame(np.arange(12.0).reshape(3, 4)).T)
add("sliced", lambda: pd.DataFrame(np.arange(30.0).reshape(10, 3), columns=list("abc")).iloc[1:9:2, ::-1])
add("big", lambda: pd.DataFrame({"i": np.arange(70000), "f": np.arange(70000) / 7.0, "s": ["s%d" % (i % 1000) for i in range(70000)], "d": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(70000) * 43200, unit="s")}))
add("chunked_dates", lambda: pd.DataFrame({"d": [pd.Timestamp("2020-01-02")] * 100000 + [pd.Timestamp("2020-01-02 03:04:05")]}))
for size in (0, 1, 255, 256, 65535, 65536):
    add("rows_%d" % size, lambda: pd.DataFrame({"a": np.arange(size), "b": ["t%d" % i for i in range(size)]}))
add("wide", lambda: pd.DataFrame(np.arange(3000).reshape(3, 1000), columns=["c%d" % i for i in range(1000)]))
for kind in ("series_float", "series_text", "series_dates", "series_unnamed", "series_category", "series_zone"):
    add(kind, lambda: {"series_float": pd.Series([1.5, np.nan], name="f"), "series_text": pd.Series(["a", None], index=["p", "q"], name="t"), "series_dates": pd.Series(pd.to_datetime(["2020-01-01", None]), name="d"), "series_unnamed": pd.Series([1, 2, 3]), "series_category": pd.Series(["a", "b", "a"], dtype="category", name="c"), "series_zone": pd.Series(pd.date_range("2020-03-28", periods=3, tz="Europe/Berlin"), name="z")}[kind])

# What pandas before 3 writes otherwise in CSV: docs/tables.md says what of it.
OTHER_CSV = ("float32_", "float_f", "float16_", "spans_", "intervals_dates") if version < (3, 0) else ()
# Times with a zone have the digits of their column there since 3.1; NumPy's and pyarrow's are of the version at hand.
OTHER_CSV += ("zone_fractions", "numpy_times_in_objects", "arrow_of_") if version < (3, 1) else ()

# Names of columns that pandas does not make of their text: tuples that are no MultiIndex. Frequencies that it names anew.
OTHER_FRAME = ("columns_tuples",) + (("period_A",) if version < (2, 2) else ())
# It takes a dictionary of pyarrow with text for a column of strings, and fails.
OTHER_FRAME += ("arrow_of_dictionary51",) if version < (2, 0) else ()

# What to_json writes otherwise, or not at all: docs/tables.md says what of it.
OTHER_JSON = ("interval", "period", "categories_of_intervals", "complex", "columns_", "dates_extreme", "dates_fraction",
              "decimals", "empty_columns", "mixed", "python_dates", "numpy_times", "arrow_of_", "float", "nullable_Float32", "timestamps_in", "spans_ns")


# pandas 2 takes ticks of any unit for nanoseconds there.
OTHER_JSON += ("spans_",) if (2, 0) <= version < (3, 0) else ()


def rounded(value):
    """Floats to the digits that to_json has."""
    if isinstance(value, float):
        return float("%.13g" % value)
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return value


def run(*args):
    done = subprocess.run([COMMAND, "table", *map(str, args)], capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode().strip())
    return done.stdout


def difference(found, wanted):
    """What is different between two frames; None for nothing."""
    try:
        assert_frame_equal(found, wanted, check_freq=False)
    except AssertionError as error:
        return " ".join(str(error).split())
    return None


def around(frame, parquet):
    """The frame as pyarrow itself gives it back; None where it cannot write it."""
    try:
        table = pa.Table.from_pandas(frame)
        if parquet:
            buffer = io.BytesIO()
            pa.parquet.write_table(table, buffer)
            table = pa.parquet.read_table(buffer)
        return table.to_pandas()
    except Exception:
        return None


# pandas tells pyarrow of its types of Arrow when it first gives it one.
pa.Table.from_pandas(pd.DataFrame({"a": pd.interval_range(0, 1), "b": pd.period_range("2020", periods=1, freq="D")}))


def stored(frame, ending):
    """What a file has of a frame: numbers in the byte order of this machine, and values without gaps."""
    frame = frame.copy()
    if not frame.columns.is_unique:
        return frame
    for name in frame.columns:
        kind = frame[name].dtype
        if isinstance(kind, np.dtype) and kind.byteorder == ">":
            frame[name] = frame[name].astype(kind.newbyteorder("="))
        elif isinstance(kind, pd.SparseDtype):
            frame[name] = frame[name].sparse.to_dense()
        elif kind.name == "complex128":
            frame[name] = [{"real": number.real, "imag": number.imag} for number in frame[name]]
        elif kind.name == "category" and isinstance(frame[name].cat.categories, pd.IntervalIndex):
            frame[name] = frame[name].astype(frame[name].cat.categories.dtype)
        elif kind.name == "category" and ending == "parquet" and frame[name].cat.categories.dtype.kind in "iufM":
            frame[name] = frame[name].astype(frame[name].cat.categories.dtype)
        elif kind.name == "category" and ending == "parquet":
            # Categories come in the order in which they appear, and those that do not are not there.
            appear = list(dict.fromkeys(frame[name].dropna()))
            frame[name] = frame[name].cat.set_categories(appear, ordered=False)
    return frame


def check_columns(name, frame, file, folder):
    """Parquet and Arrow give the frame back: as it was, or as pyarrow's own file does."""
    frame = frame if hasattr(frame, "columns") else frame.to_frame(0 if frame.name is None else frame.name)
    for ending in ("parquet", "arrow"):
        out = pathlib.Path(folder, "out." + ending)
        run(file, "-o", out)
        table = pa.parquet.ParquetFile(out).read() if ending == "parquet" else pa.feather.read_table(out)
        found = table.to_pandas()
        wanted = stored(frame, ending)
        different = difference(found, wanted)
        if different:
            own = around(frame, ending == "parquet")
            if own is None:
                not_there.append(f"{name}: {ending}")
            elif difference(found, own):
                wrong.append(f"{name}: {ending}: {different}; and pyarrow's own: {difference(found, own)}")
            else:
                as_pyarrow.append(f"{name}: {ending}")


not_there, as_pyarrow = [], []
checked = 0
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder, "frame.pkl")
    for name, frame in sorted(frames.items()):
        protocols = (5,) if len(frame) > 10000 else range(6)
        wanted = frame.to_csv(lineterminator="\n").encode()
        for protocol in protocols:
            file.write_bytes(pickle.dumps(frame, protocol))
            checked += 1
            try:
                found = run(file, "--format", "csv")
                if found != wanted and not name.startswith(OTHER_CSV):
                    lines = zip(found.splitlines(), wanted.splitlines())
                    first = next((pair for pair in lines if pair[0] != pair[1]), (len(found), len(wanted)))
                    wrong.append(f"{name}, protocol {protocol}: CSV {first[0]!r} is not {first[1]!r}")
            except RuntimeError as error:
                wrong.append(f"{name}, protocol {protocol}: {error}")
            if protocol in (2, 5) and not name.startswith(OTHER_FRAME):
                try:
                    check_columns(name, frame, file, folder)
                except Exception as error:
                    wrong.append(f"{name}, protocol {protocol}: {error!r}")
        if hasattr(frame, "columns") and not name.startswith(OTHER_JSON) and len(frame) < 10000:
            wanted = frame.to_json(orient="records", lines=True, date_format="iso", double_precision=15).splitlines()
            found = run(file, "--format", "jsonl").decode().splitlines()
            wanted = [line for line in wanted if line]
            if [rounded(json.loads(line)) for line in found] != [rounded(json.loads(line)) for line in wanted]:
                wrong.append(f"{name}: JSON Lines {found[:2]} is not {wanted[:2]}")
print(f"as pyarrow: {len(as_pyarrow)}: {' '.join(as_pyarrow)}")
print(f"pyarrow cannot write: {len(not_there)}: {' '.join(not_there)}")
print(f"tables: {len(frames)} frames of pandas {pd.__version__}, {checked} pickles; not made: {len(left_out)}")
for text in left_out + wrong:
    print(" ", text)
if len(frames) < 100 or wrong:
    sys.exit(f"{len(wrong)} tables are wrong")
