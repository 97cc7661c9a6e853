#!/usr/bin/env python3
"""Prints arrays.tsv: arrays and scalars of numpy whose items are no plain numbers, for decoding into types.

    python3 arrays.py > arrays.tsv

A line has a name and the pickle in hexadecimal. What becomes of each is in the tests of Kotlin and Swift, under its name.
"""

import pickle

import numpy as np

POINT = np.dtype([("x", "<i4"), ("y", "<f8")])
ROW = np.dtype(
    {
        "names": ["id", "name", "at", "place", "grid", "tag"],
        "formats": [">u2", "<U4", "<M8[s]", POINT, ("<i2", (2, 2)), "S3"],
        "offsets": [0, 4, 24, 32, 48, 60],
        "itemsize": 64,
    }
)


def rows():
    made = np.zeros(2, ROW)
    made[0] = (300, "caf\u00e9", "2024-02-29T13:05:07", (1, 1.5), [[1, 2], [3, 4]], b"ab")
    made[1] = (7, "", "NaT", (-1, -0.5), [[5, 6], [7, 8]], b"")
    return made


VALUES = [
    ("text_big_endian", np.array(["a", "caf\u00e9", ""], dtype=">U4")),
    ("text_fortran", np.asfortranarray(np.array([["a", "b", "c"], ["d", "e", "\U0001f600"]]))),
    ("octets", np.array([b"a", b"b\0c", b"\xff"], dtype="S4")),
    ("dates", np.array(["2024-02-29", "NaT", "1969-12-31"], dtype="M8[D]")),
    ("times", np.array(["2024-02-29T13:05:07.000001", "NaT"], dtype=">M8[us]")),
    ("times_nano", np.array(["1969-12-31T23:59:59.999999999", "2024-02-29T13:05:07"], dtype="M8[ns]")),
    ("times_hours", np.array(["2024-02-29T13"], dtype="M8[h]")),
    ("times_counted", np.array([2], dtype="M8[25s]")),
    ("months", np.array(["2024-02", "1969-12"], dtype="M8[M]")),
    ("years", np.array([2**62, -2000], dtype="M8[Y]")),
    ("times_far", np.array([2**63 - 1, -(2**63) + 1], dtype="M8[s]")),
    ("times_atto", np.array([1, -1], dtype="M8[as]")),
    ("spans", np.array([1, -1_500_000, "NaT"], dtype="m8[us]")),
    ("spans_days", np.array([[1, -2]], dtype="m8[D]")),
    ("spans_pico", np.array([1500], dtype="m8[ps]")),
    ("spans_months", np.array([1], dtype="m8[M]")),
    ("half", np.array([0.5, -2.0, np.inf, 2.0**-24], dtype="<f2")),
    ("half_big_endian", np.array([[0.5, -2.0]], dtype=">f2")),
    ("bools", np.array([[True, False], [False, True]])),
    ("complex", np.array([1 + 2j, -0.5j], dtype="<c8")),
    ("objects_fortran", np.asfortranarray(np.array([["a", 1], [None, 2.5]], dtype=object))),
    ("records", rows()),
    ("record_scalar", rows()[0]),
    ("points", np.array([[(1, 2.5), (3, 4.5)]], dtype=POINT)),
    ("opaque", np.array([b"abc", b"\0\0\0"], dtype="V3")),
    ("wide_float", np.array([1.5], dtype="<g")),
    ("moment_scalar", np.datetime64("2024-02-29T13:05:07", "s")),
    ("moment_missing", np.datetime64("NaT", "s")),
    ("span_scalar", np.timedelta64(-1500, "ms")),
    ("octets_scalar", np.bytes_(b"ab")),
    ("text_none", np.zeros((0, 2), "<U3")),
    ("text_flat", np.zeros((2, 0), "<U3")),
]

for name, value in VALUES:
    for protocol in (0, 2, 4):
        print(name, pickle.dumps(value, protocol).hex(), sep="\t")
