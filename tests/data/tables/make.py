#!/usr/bin/env python3
"""Tables as pandas, NumPy and lists have them, and what is in each of their columns: tests/data/tables.

usage: for python in ...; do $python make.py; done    (each with pandas; the newest writes tables.tsv)

A line of tables.tsv is a column: file, path, rows, number, name, dtype, kind, cells. Cells stand in the words of
`bindings/uniffi/src/table/tests.rs`: `-` is a missing one; floats are the sixteen digits of their bits; text and bytes are in
hexadecimal; times are ticks with their unit.
"""
import collections
import dataclasses
import datetime
import decimal
import os
import pickle
import struct
import sys

import numpy as np
import pandas as pd

FOLDER = os.path.dirname(os.path.abspath(__file__))
OLD = tuple(int(part) for part in pd.__version__.split(".")[:2]) < (1, 0)
LINES = []


def bits(value):
    return "nan" if value != value else struct.pack(">d", float(value)).hex()


def missing(value):
    return value is None or value is pd.NaT or value is getattr(pd, "NA", None)


def word(kind, value, unit=""):
    """A cell in the words of the tests."""
    if missing(value):
        return "-"
    if kind == "bool":
        return "true" if value else "false"
    if kind in ("int", "uint"):
        return str(int(value))
    if kind == "float":
        return bits(value)
    if kind == "complex":
        return bits(value.real) + "," + bits(value.imag)
    if kind == "text":
        return "t" + str(value).encode().hex()
    if kind == "bytes":
        return "b" + bytes(value).hex()
    if kind in ("time", "datetime", "timedelta"):
        return "-" if value == np.iinfo("i8").min else "%d%s" % (value, unit)
    if kind == "date":
        return "%dD" % (value - datetime.date(1970, 1, 1)).days
    if kind == "decimal":
        return str(value)
    assert kind == "value", kind
    return "v"


def column(file, path, rows, number, name, dtype, kind, cells):
    named = "-" if name is None else "n" + name
    LINES.append("\t".join([file, path, str(rows), str(number), named, dtype, kind, " ".join(cells)]))


def array(file, path, rows, number, name, values, dtype=None):
    """A column of numbers, times or objects of one kind, as NumPy has it."""
    unit = ""
    kind = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex", "S": "bytes", "U": "text"}.get(values.dtype.kind)
    told = dtype or str(values.dtype.newbyteorder("=") if values.dtype.kind not in "SUO" else values.dtype)
    if values.dtype == np.dtype("u8"):
        kind = "uint"
    if values.dtype.kind in "Mm":
        unit = np.datetime_data(values.dtype)[0]
        kind = "datetime" if values.dtype.kind == "M" else "timedelta"
        values = values.view("i8")
    column(file, path, rows, number, name, told, kind, [word(kind, value, unit) for value in values])


def dump(name, value, protocol):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(pickle.dumps(value, protocol))


def frame():
    """A column of every dtype, four rows; and of each its dtype, kind and cells."""
    floats = np.array([0.1, -0.0, np.nan, 1e300])
    times = np.array(["2020-01-02T03:04:05.000000006", "NaT", "1969-12-31", "2262-04-11"], "M8[ns]")
    spans = np.array([1, -1, "NaT", 86400 * 10 ** 9], "m8[ns]")
    utc = pd.DatetimeIndex(times).tz_localize("UTC")
    plain = {
        "bool": np.array([True, False, False, True]),
        "i1": np.array([-128, 0, 1, 127], "i1"), "u4": np.array([0, 1, 2, 2 ** 32 - 1], "u4"),
        "i8": np.array([-2 ** 63, -1, 0, 2 ** 63 - 1]), "u8": np.array([0, 1, 2 ** 63, 2 ** 64 - 1], "u8"),
        "f4": np.array([0.5, -0.0, np.nan, np.inf], "f4"), "f8": floats, "other f8": floats[::-1].copy(),
        "complex": np.array([1 + 2j, 0, -1.5j, 1e300]), "time": times, "span": spans,
    }
    data = collections.OrderedDict(plain)
    expected = [(name, values, None) for name, values in plain.items()]

    def more(name, values, dtype, kind, cells):
        is_objects = isinstance(values, np.ndarray) and values.dtype == object
        data[name] = pd.Series(values, dtype=object) if is_objects else values
        expected.append((name, dtype, (kind, cells)))

    ticks = [word("datetime", tick, "ns") for tick in times.view("i8")]
    zoned = utc.tz_convert("Europe/Berlin")
    more("zone", zoned, "datetime64[ns, Europe/Berlin]", "datetime Europe/Berlin", ticks)
    more("text", np.array(["a", u"\u00e9\u20ac\U0001f600", None, ""], dtype=object), "object", "text", ["t61", "t" + u"\u00e9\u20ac\U0001f600".encode().hex(), "-", "t"])
    more("nan text", np.array(["a", np.nan, "a", "b"], dtype=object), "object", "text", ["t61", "-", "t61", "t62"])
    more("ints", np.array([1, None, 2 ** 60, -5], dtype=object), "object", "int", ["1", "-", str(2 ** 60), "-5"])
    more("large", np.array([1, None, 2 ** 64 - 1, 5], dtype=object), "object", "uint", ["1", "-", str(2 ** 64 - 1), "5"])
    more("beyond", np.array([-1, None, 2 ** 64 - 1, 2 ** 70], dtype=object), "object", "value", ["v", "-", "v", "v"])
    more("sign", np.array([-1, 2 ** 64 - 1, None, 0], dtype=object), "object", "value", ["v", "v", "-", "v"])
    more("numbers", np.array([1, 2.5, np.nan, None], dtype=object), "object", "float", [bits(1), bits(2.5), "nan", "-"])
    more("not exact", np.array([2 ** 53 + 1, 2.5, None, 0], dtype=object), "object", "value", ["v", "v", "-", "v"])
    more("flags", np.array([True, None, False, np.nan], dtype=object), "object", "bool", ["true", "-", "false", "-"])
    more("mixed", np.array([1, "a", None, b"x"], dtype=object), "object", "value", ["v", "v", "-", "v"])
    more("bytes", np.array([b"x", b"", None, b"\xff"], dtype=object), "object", "bytes", ["b78", "b", "-", "bff"])
    lists = np.empty(4, object)
    lists[:] = [[1], [1, 2], None, {"a": 1}]
    more("lists", lists, "object", "value", ["v", "v", "-", "v"])
    days = [datetime.date(2020, 2, 29), datetime.date(1, 1, 1), None, datetime.date(9999, 12, 31)]
    more("date", np.array(days, dtype=object), "object", "date", [word("date", day) for day in days])
    clocks = [datetime.time(1, 2, 3, 4), datetime.time(0), None, datetime.time(23, 59, 59, 999999)]
    more("clock", np.array(clocks, dtype=object), "object", "time", ["3723000004us", "0us", "-", "86399999999us"])
    decimals = [decimal.Decimal("1.10"), decimal.Decimal("-1E+5"), None, decimal.Decimal(10) ** 40]
    more("decimal", np.array(decimals, dtype=object), "object", "decimal", [word("decimal", value) for value in decimals])
    moments = np.empty(4, object)
    moments[:] = [datetime.datetime(2020, 1, 2, 3, 4, 5, 6), None, datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)]
    epoch = datetime.datetime(1970, 1, 1)
    micros = [None if at is None else (at - epoch) // datetime.timedelta(microseconds=1) for at in moments]
    more("moment", moments, "object", "datetime", ["-" if at is None else "%dus" % at for at in micros])
    more("category", pd.Categorical(["x", "y", None, "x"]), "category", "category text", ["t78", "t79", "-", "t78"])
    more("levels", pd.Categorical([2, 1, 1, None], categories=[1, 2], ordered=True), "category", "category ordered int", ["2", "1", "1", "-"])
    cut = pd.cut(np.array([1.0, 5.0, np.nan, 9.0]), [0, 4, 9])
    more("cut", cut, "category", "category ordered interval right", ["0;4", "4;9", "-", "4;9"])
    more("interval", pd.interval_range(0, 4, closed="left"), "interval[int64, left]", "interval left", ["0;1", "1;2", "2;3", "3;4"])
    more("period", pd.period_range("2019-12", periods=4, freq="M"), "period[M]", "text", ["t" + text.encode().hex() for text in ("2019-12", "2020-01", "2020-02", "2020-03")])
    more("nullable", pd.array([1, None, 3, 2 ** 62], dtype="Int64"), "Int64", "int", ["1", "-", "3", str(2 ** 62)])
    more("nullable u1", pd.array([1, None, 3, 255], dtype="UInt8"), "UInt8", "int", ["1", "-", "3", "255"])
    sparse = getattr(pd, "SparseArray", None) or pd.arrays.SparseArray
    more("sparse", sparse([0.0, 1.0, 0.0, 2.0], fill_value=0.0), "Sparse[float64]", "float", [bits(x) for x in (0, 1, 0, 2)])
    more("sparse blocks", sparse([1, 1, 0, 1], fill_value=1, kind="block"), "Sparse[int64]", "int", ["1", "1", "0", "1"])
    if not OLD:
        more("boolean", pd.array([True, None, False, True], dtype="boolean"), "boolean", "bool", ["true", "-", "false", "true"])
        more("Float64", pd.array([0.5, None, -0.0, 1.0], dtype="Float64"), "Float64", "float", [bits(0.5), "-", bits(-0.0), bits(1)])
        more("string", pd.array(["a", None, "", "a"], dtype="string[python]"), "object", "text", ["t61", "-", "t", "t61"])
        for dtype, values, kind, cells in [
            ("string[pyarrow]", ["a", None, u"\u00e9", "a"], "text", ["t61", "-", "tc3a9", "t61"]),
            ("uint64[pyarrow]", [0, None, 2 ** 64 - 1, 1], "uint", ["0", "-", str(2 ** 64 - 1), "1"]),
            ("bool[pyarrow]", [True, None, False, True], "bool", ["true", "-", "false", "true"]),
            ("date32[day][pyarrow]", days[:1] + [None] + days[:1] * 2, "date", ["18321D", "-", "18321D", "18321D"]),
            ("decimal128(5, 2)[pyarrow]", [decimal.Decimal("1.10"), None, decimal.Decimal("-0.05"), decimal.Decimal(3)], "decimal", ["1.10", "-", "-0.05", "3.00"]),
        ]:
            import pyarrow

            types = {"d": pyarrow.date32() if dtype.startswith("date") else pyarrow.decimal128(5, 2)}
            made = pd.array(values, dtype=pd.ArrowDtype(types["d"]) if dtype[0] == "d" else dtype)
            told = {"string[pyarrow]": "string", "date32[day][pyarrow]": "date32[pyarrow]"}.get(dtype, dtype)
            more("arrow " + kind, made, told, kind, cells)
        for unit in ("s", "ms", "us"):
            at = np.array(["2020-01-02", "NaT", "1969-12-31", "2020-01-02T03:04:05"], "M8[%s]" % unit)
            more("time " + unit, pd.Series(at), "datetime64[%s]" % unit, "datetime", [word("datetime", tick, unit) for tick in at.view("i8")])
    made = pd.DataFrame(data)
    made = made[list(data)]
    return made, expected


def describe(file, path, made, expected):
    rows = len(made)
    for number, (name, told, more) in enumerate(expected):
        if more is None:
            array(file, path, rows, number, name, told)
        else:
            column(file, path, rows, number, name, told, *more)
    labels = [str(label) for label in made.index]
    cells = ["t" + label.encode().hex() for label in labels]
    column(file, path, rows, len(expected), "key", "object", "text", cells)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    made, expected = frame()
    made.index = pd.Index(["p", "q", "r", "s"], name="key", dtype=object)
    made.columns = pd.Index(list(made.columns), dtype=object)
    if OLD:
        for protocol in (0, 2):
            file = "frame_pd025_p%d.pkl" % protocol
            dump(file, {"made": [made]}, protocol)
            describe(file, "$.made[0]", made, expected)
        lines = "\n".join(LINES) + "\n"
        with open(os.path.join(FOLDER, "old.tsv"), "w", encoding="utf-8") as file:
            file.write(lines)
        return
    for protocol in (2, 5):
        file = "frame_pd3_p%d.pkl" % protocol
        dump(file, {"made": [made]}, protocol)
        describe(file, "$.made[0]", made, expected)
    many = pd.DataFrame(np.arange(8).reshape(2, 4), columns=pd.MultiIndex.from_product([["a", "b"], ["x", 'y"\'']]),
                        index=pd.MultiIndex.from_tuples([("u", 1), ("v", 2)], names=["l", None]))
    dump("levels.pkl", many, 4)
    for number, name in enumerate(["('a', 'x')", "('a', 'y\"\\'')", "('b', 'x')", "('b', 'y\"\\'')"]):
        array("levels.pkl", "$", 2, number, name, many.iloc[:, number].to_numpy())
    column("levels.pkl", "$", 2, 4, "l", "category", "category text", ["t75", "t76"])
    column("levels.pkl", "$", 2, 5, None, "category", "category int", ["1", "2"])
    named = pd.DataFrame([[1, 2, 3]], columns=[7, 2.5, None])
    dump("names.pkl", named, 4)
    for number, name in enumerate(["7.0", "2.5", "nan"]):
        name = str(named.columns[number])
        array("names.pkl", "$", 1, number, {"nan": "NaN"}.get(name, name), named.iloc[:, number].to_numpy())
    column("names.pkl", "$", 1, 3, None, "int64", "range", ["0"])
    series = pd.Series([1.5, np.nan], name="f", index=pd.date_range("2020-01-01", periods=2).as_unit("ns"))
    dump("series.pkl", series, 4)
    array("series.pkl", "$", 2, 0, "f", series.to_numpy())
    array("series.pkl", "$", 2, 1, None, series.index.to_numpy())
    dump("none.pkl", pd.DataFrame(index=range(3)), 4)
    column("none.pkl", "$", 3, 0, None, "int64", "range", ["0", "1", "2"])
    records = np.array([(1, 0.5, b"ab", "x"), (-1, np.nan, b"", u"\u00e9")], dtype=[("i", "i4"), ("x", ">f8"), ("s", "S3"), ("u", "U2")])
    dump("records.pkl", records, 4)
    for number, name in enumerate(records.dtype.names):
        told = {"x": ">float64", "u": "<U2", "s": "S3"}.get(name)
        array("records.pkl", "$", 2, number, name, records[name].astype("f8") if name == "x" else records[name], told)
    matrix = np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3))
    for protocol in (0, 5):
        file = "matrix_p%d.pkl" % protocol
        dump(file, matrix, protocol)
        for number in range(3):
            array(file, "$", 2, number, str(number), matrix[:, number], ">int16")
    Row, Pair = collections.namedtuple("Row", "id name"), None
    Row.__module__ = "shop"
    sys.modules["shop"] = type(sys)("shop")
    sys.modules["shop"].Row = Row

    @dataclasses.dataclass
    class Item:
        id: int
        price: float

    Item.__module__, Item.__qualname__, sys.modules["shop"].Item = "shop", "Item", Item
    rows = [{"id": 1, "name": "a", "tags": ["x"]}, {"name": None, "id": 2, 3: True}, {}, {"id": 4, "name": "b"}]
    lists = {"dicts": rows, "tuples": [(1, "a"), (2,)], "named": [Row(1, "a"), Row(2, None)], "items": [Item(1, 0.5), Item(2, 3)],
             "plain": [1, None, 3], "columns": {"a": [1, 2], "b": ["x", None]}, "keyed": {"k": {"v": 1}, "l": {"v": 2}}, "no": [],
             "one": {"a": 1, "b": [1, 2]}, "scalar": 5, "deep": {"x": {"y": rows}}}
    for protocol in (0, 4):
        file = "lists_p%d.pkl" % protocol
        dump(file, lists, protocol)
        for path in ("$.dicts", "$.deep.x.y"):
            column(file, path, 4, 0, "id", "object", "int", ["1", "2", "-", "4"])
            column(file, path, 4, 1, "name", "object", "text", ["t61", "-", "-", "t62"])
            column(file, path, 4, 2, "tags", "object", "value", ["v", "-", "-", "-"])
            column(file, path, 4, 3, "3", "object", "bool", ["-", "true", "-", "-"])
        column(file, "$.tuples", 2, 0, "0", "object", "int", ["1", "2"])
        column(file, "$.tuples", 2, 1, "1", "object", "text", ["t61", "-"])
        column(file, "$.named", 2, 0, "0", "object", "int", ["1", "2"])
        column(file, "$.named", 2, 1, "1", "object", "text", ["t61", "-"])
        column(file, "$.items", 2, 0, "id", "object", "int", ["1", "2"])
        column(file, "$.items", 2, 1, "price", "object", "float", [bits(0.5), bits(3)])
        column(file, "$.plain", 3, 0, "0", "object", "int", ["1", "-", "3"])
        column(file, "$.columns", 2, 0, "a", "object", "int", ["1", "2"])
        column(file, "$.columns", 2, 1, "b", "object", "text", ["t78", "-"])
        column(file, "$.keyed", 2, 0, "key", "object", "text", ["t6b", "t6c"])
        column(file, "$.keyed", 2, 1, "v", "object", "int", ["1", "2"])
        column(file, "$.one", 1, 0, "a", "object", "int", ["1"])
        column(file, "$.one", 1, 1, "b", "object", "value", ["v"])
    from scipy import sparse

    for format in ("csr", "csc", "coo"):
        stored = sparse.coo_array((np.array([1.5, 2.5, 0.0]), (np.array([0, 2, 2], "i4"), np.array([1, 0, 3], "i4"))), (3, 4)).asformat(format)
        file = "sparse_%s.pkl" % format
        dump(file, stored, 4)
        cells = stored.tocoo()
        for number, (name, values) in enumerate([("row", cells.row), ("col", cells.col), ("value", cells.data)]):
            told = "int64" if (format, name) in (("csr", "row"), ("csc", "col")) else None
            array(file, "$", 3, number, name, values, told)
    old = os.path.join(FOLDER, "old.tsv")
    if os.path.exists(old):
        with open(old, encoding="utf-8") as file:
            LINES.extend(file.read().splitlines())
        os.remove(old)
    with open(os.path.join(FOLDER, "tables.tsv"), "w", encoding="utf-8") as file:
        file.write("\n".join(LINES) + "\n")


main()
