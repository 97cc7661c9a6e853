#!/usr/bin/env python3
"""A file of joblib with arrays between the opcodes, for cli/tests/edit.rs.

    python3 tests/data/joblib.py tests/data/joblib/plain.joblib    # joblib 1.3 or later, which aligns arrays
    python3 tests/data/joblib.py tests/data/joblib/old.joblib      # joblib 0.10 to 1.0, which does not
    python3 tests/data/joblib.py tests/data/joblib/last.joblib     # as the first; the array is the last of its frame
"""

import sys

# Not this file.
sys.path.pop(0)

import joblib
import numpy

numbers = numpy.arange(100, 115, dtype="i2")
value = {
    "name": "x",
    "a": numpy.arange(1000.0),
    "objects": numpy.array([{"k": 1}, None, "text"], dtype=object),
    "b": numbers.reshape(3, 5),
    "last": 1,
}
if sys.argv[1].endswith("last.joblib"):
    value = {"a": numpy.arange(5)}
joblib.dump(value, sys.argv[1], protocol=4)
