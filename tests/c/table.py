#!/usr/bin/env python3
"""Writes table.h: tables made by pandas 3, numpy and pyarrow, for table.c."""

import pathlib
import pickle
import sys

import numpy
import pandas
import scipy.sparse


def numbers(data):
    """Bytes as numbers: a string of C has 4095 at most."""
    lines = [data[at : at + 32] for at in range(0, len(data), 32)]
    return "\n".join("    " + "".join("%d," % byte for byte in line) for line in lines)


def frame():
    return pandas.DataFrame(
        {
            "f8": [0.5, numpy.nan, -1.5],
            "i8": numpy.array([1, -2, 3], "i8"),
            "i2": numpy.array([-300, 0, 300], "i2"),
            "u8": numpy.array([0, 1, 2**64 - 1], "u8"),
            "big": numpy.array([1.0, 2.0, 3.0], ">f4"),
            "bool": [True, False, True],
            "text": pandas.Series(["a", None, "\u00e9\u20ac\U0001f600"], dtype=object),
            "str": pandas.Series(["b", None, "\u00e9"], dtype="str"),
            "when": pandas.to_datetime(["2024-02-29 12:00:00", None, "1969-12-31 23:59:59"]).astype("M8[ns]"),
            "zoned": pandas.to_datetime(["2024-02-29", None, "2024-03-01"]).tz_localize("Europe/Berlin").as_unit("us"),
            "span": pandas.to_timedelta([1, None, -5], unit="s").as_unit("ms"),
            "month": pandas.PeriodIndex(["2024-02", None, "1970-01"], freq="M"),
            "kind": pandas.Categorical(["x", "y", None], ["y", "x"]),
            "some": pandas.array([7, None, -9], dtype="Int32"),
            "parts": pandas.arrays.IntervalArray.from_breaks([0, 1, 2, 3]),
            "few": pandas.arrays.SparseArray([0, 5, 0]),
            "objects": pandas.Series([pandas.Timestamp(5), 2.5, [1]], dtype=object),
        }
    ).set_axis(pandas.Index([10, 20, 30], name="key"))


TABLES = {
    "frame": frame(),
    "empty": pandas.DataFrame({"a": numpy.zeros(0)}),
    "levels": pandas.DataFrame(
        [[1, 2], [3, 4]],
        index=pandas.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["letter", None]),
        columns=pandas.MultiIndex.from_tuples([("a", "b"), ("a", "c")]),
    ),
    "series": pandas.Series([1.5, 2.5], name="half"),
    "matrix": numpy.array([[1, 2, 3], [4, 5, 6]], "i4"),
    "fortran": numpy.array([[1, 2, 3], [4, 5, 6]], "i4", order="F"),
    "records": numpy.array([(1, 2.5, "ab"), (2, -2.5, "\u00e9")], [("n", "i4"), ("x", "f8"), ("name", "U3")]),
    "bytes": numpy.array([b"ab", b"c"], "S2"),
    "dict": {"a": numpy.array([1, 2], "i8"), "b": ["x", None]},
    "masked": numpy.ma.array([1.0, 2.0], mask=[False, True]),
    "sparse": scipy.sparse.csr_array(numpy.array([[0, 7], [8, 0]], "i8")),
    "number": 5,
}


def damaged():
    """A code without its category, and a block with one column too many."""
    codes = pandas.Categorical(["x", "y"])
    codes._ndarray[1] = 5
    data = pickle.dumps(pandas.DataFrame({"a": [1.5]}), 4)
    slice_ = b"K\x00K\x01K\x01\x87"
    assert slice_ in data
    return {"codes": pickle.dumps(pandas.Series(codes), 4), "blocks": data.replace(slice_, b"K\x00K\x02K\x01\x87")}


def main():
    pickles = [(name, protocol, pickle.dumps(value, protocol)) for name, value in TABLES.items() for protocol in (2, 4, 5)]
    pickles += [(name, 4, data) for name, data in damaged().items()]
    out = ["/* Written by table.py; do not edit. */"]
    for name, protocol, data in pickles:
        out += ["static const unsigned char %s_%d[] = {" % (name, protocol), numbers(data), "};"]
    out += ["static const struct table_pickle {", "    const char *name;", "    int protocol;", "    size_t size;",
            "    const unsigned char *data;", "} table_pickles[] = {"]
    for name, protocol, data in pickles:
        out.append('    {"%s", %d, %d, %s_%d},' % (name, protocol, len(data), name, protocol))
    out.append("};")
    path = pathlib.Path(sys.argv[0]).with_name("table.h")
    path.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
