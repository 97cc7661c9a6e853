#!/usr/bin/env python3
"""Writes known.h: pickles of well-known types, made by Python 3.12 and numpy 2.5, for known.c."""

import collections
import datetime
import decimal
import fractions
import pathlib
import pickle
import sys
import uuid

import numpy

UTC = datetime.timezone.utc
BERLIN = datetime.timezone(datetime.timedelta(hours=1), "CET")
VALUES = {
    "date": datetime.date(2024, 2, 29),
    "time": datetime.time(23, 59, 58, 999999),
    "datetime": datetime.datetime(2024, 2, 29, 12, 30, 15, 250, UTC, fold=1),
    "timedelta": datetime.timedelta(-1, 86399, 5),
    "timezone": BERLIN,
    "decimal": decimal.Decimal("-12.50"),
    "fraction": fractions.Fraction(-3, 4),
    "uuid": uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"),
    "complex": 1.5 - 2j,
    "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "counter": collections.Counter("aab"),
    "deque": collections.deque([1, 2, 3], 5),
    "set": {7},
    "frozenset": frozenset([8]),
    "bytes": b"\x00\x7f\x80\xff",
    "byte_array": bytearray(b"\x00\x80"),
    "path": pathlib.PurePosixPath("/usr/lib"),
    "range": range(1, 10, 2),
    "f4": numpy.array([[1.5, -2.0], [0.25, 3.0]], "f4"),
    "i2": numpy.array([1, -2], ">i2"),
    "u8": numpy.array([2**64 - 1], "u8"),
    "bool": numpy.array([True, False]),
    "objects": numpy.array([None, "x"], object),
    "scalar": numpy.int16(-7),
    "half": numpy.array([0.5, 65504], "f2"),
}


def literal(data):
    lines, line = [], ""
    for byte in data:
        line += "\\%03o" % byte
        if len(line) >= 96:
            lines.append(line)
            line = ""
    lines.append(line)
    return "\n        ".join('"%s"' % line for line in lines)


def main():
    out = ["/* Written by known.py; do not edit. */", "static const struct known_pickle {", "    const char *name;",
           "    int protocol;", "    size_t size;", "    const char *data;", "} known_pickles[] = {"]
    for name, value in VALUES.items():
        for protocol in (0, 2, 4, 5):
            data = pickle.dumps(value, protocol)
            out.append('    {"%s", %d, %d,\n        %s},' % (name, protocol, len(data), literal(data)))
    out.append("};")
    path = pathlib.Path(sys.argv[0]).with_name("known.h")
    path.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
