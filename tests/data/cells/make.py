#!/usr/bin/env python3
"""Cells that few frames have, and what pandas writes of them: tests/data/cells/NAME.pkl and NAME.csv, which `to_csv` wrote.

usage: make.py    (with pandas 3.1, NumPy 2, pyarrow, geopandas and astropy)
"""
import datetime
import decimal
import os
import pickle
import warnings

import astropy.table
import astropy.units
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

FOLDER = os.path.dirname(os.path.abspath(__file__))
at, span = np.datetime64, np.timedelta64


def objects(*values):
    return pd.DataFrame({"k": pd.Series(list(values), dtype=object)})


def arrow(kind, *values):
    return pd.DataFrame({"k": pd.Series(list(values), dtype=pd.ArrowDtype(kind))})


def header(*levels, names=None):
    index = pd.MultiIndex.from_arrays(list(levels), names=names)
    return pd.DataFrame([list(range(len(index)))], columns=index)


def iso(*texts):
    return pd.to_datetime(list(texts), format="ISO8601")


GEOMETRIES = [
    shapely.from_wkt(text)
    for text in (
        "POINT (0.1 -2)",
        "POINT Z (1 2 3)",
        "POINT EMPTY",
        "LINESTRING (0.30000000000000004 0.12345678901234565, 1e17 1e-5)",
        "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
        "POLYGON EMPTY",
        "MULTIPOINT ((0 0), (1 1))",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
        "MULTIPOLYGON (((0 0, 4 0, 4 4, 0 0)), ((0 0, 1 0, 1 1, 0 0)))",
        "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING Z (0 0 1, 1 1 2))",
    )
] + [None]
# Inside a frame it is a line once it was pickled.
RING = shapely.from_wkt("LINEARRING (0 0, 1 0, 1 1, 0 0)")

FRAMES = {
    "geometries": gpd.GeoDataFrame({"n": range(11), "also": gpd.GeoSeries(GEOMETRIES[::-1])}, geometry=GEOMETRIES, crs="EPSG:4326"),
    "geometries_none": gpd.GeoDataFrame({"n": []}, geometry=[]),
    "geometries_one": gpd.GeoSeries([shapely.Point(1, 2)] * 3, name="where").to_frame(),
    "objects_of_shapely": objects(*GEOMETRIES, RING, [RING]),
    "dictionary": arrow(pa.dictionary(pa.int32(), pa.string()), "a", None, "b", "a"),
    "dictionary_large": arrow(pa.dictionary(pa.int32(), pa.large_string()), "a", "b"),
    "dictionary_ints": arrow(pa.dictionary(pa.int8(), pa.int64()), 10, 20, None),
    "dictionary_floats": arrow(pa.dictionary(pa.int8(), pa.float32()), 0.1, None),
    "dictionary_chunks": pd.concat([arrow(pa.dictionary(pa.int32(), pa.string()), "a", None), arrow(pa.dictionary(pa.int32(), pa.string()), "b", "c")], ignore_index=True).iloc[1:],
    "arrow_float32": arrow(pa.float32(), 0.1, 1e20, None, 3.0),
    "arrow_float16": arrow(pa.float16(), np.float16(0.1), np.float16(65504)),
    "arrow_decimal": arrow(pa.decimal128(10, 2), decimal.Decimal("1.50"), None),
    "numpy_times": objects(at("2020"), at("2020-01"), at("2020-01-01"), at("2020-01-01T05"), at("2020-01-01T05:03"), at("2020-01-01T05", "s"), at("2020-01-01T05", "ms"), at("2020-01-01T05", "us"), at("2020-01-01T05", "ns"), at("2020-01-01T05", "ps"), at(5, "as"), at("NaT"), at(2**62, "Y"), at(-2**62, "Y"), at(2**62, "M"), at(2**62, "D"), at(2**62, "h"), at("-0005"), "x"),
    "numpy_spans": objects(*(span(5, unit) for unit in ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")), span(-1, "s"), span("NaT"), span(3, "25s")),
    "numpy_numbers": objects(np.float32(0.1), np.float16(0.1), np.float64(0.1), np.bool_(True), np.int8(3), np.complex128(1j), np.complex64(0.1 + 0.2j), np.str_("x"), np.float32("nan"), np.complex128(complex("nan"))),
    "numpy_in_lists": objects([at("2020-01-01"), span(5, "s"), at("NaT", "D")], (np.float32(0.1), np.int8(3), np.bool_(True)), {"a": np.complex128(1j)}),
    "complex": objects(1 + 2j, 1j, -1 - 2j, complex(0, -0.0), complex(-0.0, 1), 1e20 + 1e-7j, complex("nan+1j"), "x"),
    "labels": pd.DataFrame({"v": [1, 2, 3]}, index=pd.Index([at("2020-01-01"), at("NaT"), span(5, "s")], dtype=object)),
    "zone_ms": pd.DataFrame({"k": iso("2020-01-01T00:00:00.789Z", "2020-07-01T00:00:00Z", None)}),
    "zone_us": pd.DataFrame({"k": iso("2020-01-01T00:00:00.789001Z", "2020-07-01T00:00:00Z").tz_convert("Europe/Berlin")}),
    "zone_ns": pd.DataFrame({"v": [1, 2]}, index=iso("2020-01-01T00:00:00.789001002Z", "2020-07-01T00:00:00Z")),
    "headers_times": header(iso("2020-01-01", "2021-01-01 01:02:03.5"), ["a", "b"], names=["at", None]),
    "headers_missing": header(iso("2020-01-01", None), ["a", None]),
    "headers_nan": header([1.0, np.nan], [None, "x"]),
    "headers_zone": header(iso("2020-01-01", "2021-01-01").tz_localize("Europe/Berlin"), [True, False]),
    "headers_spans": header(pd.to_timedelta([1, None], unit="D"), pd.to_timedelta([1, 2.5], unit="s")),
    "headers_intervals": header(pd.interval_range(pd.Timestamp("2020-01-01"), periods=2), np.array([0.1, 0.25], "f4")),
    "headers_dates": header(pd.Index([datetime.date(2020, 1, 1), None], dtype=object), pd.period_range("2020-01", periods=2, freq="M")),
    "headers_one_zone": pd.DataFrame([[0, 1]], columns=iso("2020-01-01", "2021-07-01 01:02:03.5").tz_localize("Europe/Berlin")),
    "headers_one_categories": pd.DataFrame([[0, 1, 2]], columns=pd.CategoricalIndex(["x", "y", "x"])),
    "headers_one_intervals": pd.DataFrame([[0, 1]], columns=pd.interval_range(0.5, periods=2)),
    "headers_one_period": pd.DataFrame([[0, 1]], columns=pd.period_range("2020-01", periods=2, freq="M")),
    "headers_nullable": header(pd.Series([1, 2], dtype="Int64"), ["a", "b"]),
    "headers_nullable_missing": header(pd.Series([1, None, 2], dtype="Int64"), pd.Series([0.5, 2, None], dtype="Float64"), pd.Series([None, True, False], dtype="boolean")),
    "labels_nullable": pd.DataFrame({"v": [1, 2, 3]}, index=pd.MultiIndex.from_arrays([pd.Series([1, None, 2], dtype="Int64"), ["a", "b", "c"]], names=["i", "s"])),
    "categories_nullable": pd.DataFrame({"i": pd.Categorical(pd.Series([1, 2, None, 1], dtype="Int64")), "f": pd.Categorical(pd.Series([0.5, 2, None, 2], dtype="Float64")), "b": pd.Categorical(pd.Series([True, None, False, True], dtype="boolean")), "s": pd.Categorical(pd.Series(["x", None, "y", "x"], dtype="string"))}),
}


# What is no frame of pandas, and what its frame of pandas writes without an index.
ARROW = pa.table(
    {
        "i": pa.array([1, None, 3], pa.int8()),
        "s": ["x", None, "é\n"],
        "f": [0.5, float("nan"), None],
        "d": pa.array(["a", "b", "a"]).dictionary_encode(),
        "t": pa.array([0, 1, None], pa.timestamp("us")),
        "b": pa.array([True, None, False]),
    }
)
TABLES = {
    "pyarrow_table": (ARROW, ARROW.to_pandas(types_mapper=pd.ArrowDtype)),
    "pyarrow_chunks": (pa.concat_tables([ARROW, ARROW.slice(1)]), pa.concat_tables([ARROW, ARROW.slice(1)]).to_pandas(types_mapper=pd.ArrowDtype)),
    "pyarrow_batch": (ARROW.to_batches()[0], ARROW.to_pandas(types_mapper=pd.ArrowDtype)),
    "pyarrow_none": (ARROW.slice(3), ARROW.slice(3).to_pandas(types_mapper=pd.ArrowDtype)),
    "pyarrow_array": (pa.array([1, None, 3]), pd.DataFrame({"0": pd.array([1, None, 3], "Int64")})),
}
ASTRONOMY = astropy.table.Table({"a": [1, 2, 3], "b": ["x", "y", "é"], "c": [0.5, float("nan"), 1e300], "m": np.ma.array([True, False, True], mask=[False, True, False])})
TABLES["astropy_table"] = (ASTRONOMY, ASTRONOMY.to_pandas())
TABLES["astropy_units"] = (astropy.table.QTable({"l": [1.5, 2] * astropy.units.m, "n": [1, 2]}), pd.DataFrame({"l": [1.5, 2], "n": [1, 2]}))


days = pd.to_datetime(["2024-01-01", "2024-01-03"])


def labelled(index):
    return pd.DataFrame({"v": [1, 2]}, index=index)


def flagged(frame, **attrs):
    frame.attrs.update(attrs)
    return frame


# Frames and series that differ in one thing: pairs/NAME_a.pkl and pairs/NAME_b.pkl.
PAIRS = {
    "frequency": (labelled(pd.DatetimeIndex(days, freq="2D")), labelled(days)),
    "frequency_anchor": (labelled(pd.date_range("2024-01-31", periods=2, freq="ME")), labelled(pd.DatetimeIndex(["2024-01-31", "2024-02-29"]))),
    "frequency_spans": (labelled(pd.timedelta_range(0, periods=2, freq="2D")), labelled(pd.to_timedelta([0, 2], unit="D"))),
    "frequency_columns": (pd.DataFrame([[1, 2]], columns=pd.DatetimeIndex(days, freq="2D")), pd.DataFrame([[1, 2]], columns=days)),
    "labels_type": (pd.DataFrame([[1]], columns=[1]), pd.DataFrame([[1]], columns=["1"])),
    "levels_dtype": (
        labelled(pd.MultiIndex.from_arrays([pd.Series([1, 2], dtype="int64"), ["a", "b"]])),
        labelled(pd.MultiIndex.from_arrays([pd.Series([1, 2], dtype="int32"), ["a", "b"]])),
    ),
    "labels_levels_dtype": (
        header(pd.Series([1, 2], dtype="int64"), ["a", "b"]),
        header(pd.Series([1, 2], dtype="int32"), ["a", "b"]),
    ),
    "labels_mixed": (labelled(pd.Index([1, "x"], dtype=object)), labelled(pd.Index(["1", "x"], dtype=object))),
    "name_type": (pd.Series([1], name=1), pd.Series([1], name="1")),
    "attrs": (flagged(labelled([1, 2]), unit="m"), flagged(labelled([1, 2]), unit="km")),
    "attrs_none": (flagged(labelled([1, 2]), unit="m"), labelled([1, 2])),
    "flags": (labelled([1, 2]), labelled([1, 2]).set_flags(allows_duplicate_labels=False)),
    "infinity": (pd.DataFrame({"v": [1.0, np.inf]}), pd.DataFrame({"v": [1.0, -np.inf]})),
    "infinity_nan": (pd.DataFrame({"v": [1.0, np.inf]}), pd.DataFrame({"v": [1.0, np.nan]})),
    "none_nan": (objects(None), objects(float("nan"))),
    "date_text": (objects(datetime.date(2024, 1, 1)), objects("2024-01-01")),
    "tuple_list": (objects((1, 2)), objects([1, 2])),
    "list_items": (objects([1, 2]), objects([1, 3])),
    "dict_in_list": (objects([{"a": 1}]), objects([{"a": 2}])),
    "decimal_text": (objects(decimal.Decimal("1.5")), objects("1.5")),
    "frame_in_frame": (objects(labelled([1, 2])), objects(labelled([1, 3]))),
}


def main():
    warnings.simplefilter("ignore")
    assert pd.__version__.startswith("3.1."), "other versions write some of them differently: docs/tables.md"
    for name, frame in FRAMES.items():
        for protocol in (2, 5):
            with open(os.path.join(FOLDER, "%s_p%d.pkl" % (name, protocol)), "wb") as file:
                file.write(pickle.dumps(frame, protocol))
        with open(os.path.join(FOLDER, name + ".csv"), "wb") as file:
            file.write(frame.to_csv(lineterminator="\n").encode())
    for name, (table, frame) in TABLES.items():
        for protocol in (2, 5):
            with open(os.path.join(FOLDER, "%s_p%d.pkl" % (name, protocol)), "wb") as file:
                file.write(pickle.dumps(table, protocol))
        with open(os.path.join(FOLDER, name + ".csv"), "wb") as file:
            file.write(frame.to_csv(index=False, lineterminator="\n").encode())
    os.makedirs(os.path.join(FOLDER, "pairs"), exist_ok=True)
    for name, both in PAIRS.items():
        for which, frame in zip("ab", both):
            with open(os.path.join(FOLDER, "pairs", "%s_%s.pkl" % (name, which)), "wb") as file:
                file.write(pickle.dumps(frame, 4))
    wide = np.array([2**62, -(2**62), -(2**63), 0], "i8")
    for unit in ("Y", "M", "W", "D", "ps", "fs", "as"):
        with open(os.path.join(FOLDER, "array_%s.pkl" % unit), "wb") as file:
            file.write(pickle.dumps(wide.view("M8[%s]" % unit), 5))
    rows = [{"k": np.float32(0.1), "b": np.bool_(True), "c": np.complex128(1j), "d": at("2020-01-01"), "t": span(5, "s"), "n": at("NaT")}, {"k": at("2020-01-01T05:00"), "d": "x"}]
    with open(os.path.join(FOLDER, "rows.pkl"), "wb") as file:
        file.write(pickle.dumps(rows, 4))
    unread = pd.DataFrame({"a": [1], "k": pd.Series([[1, 2]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))})
    with open(os.path.join(FOLDER, "unread.pkl"), "wb") as file:
        file.write(pickle.dumps(unread, 4))


main()
