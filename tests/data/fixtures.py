#!/usr/bin/env python3
"""Writes fixtures.tsv: one table that the tests of every language read.

    graph <tab> file below tests/data <tab> SHA-256 of its canonical text, first pickle
    error <tab> pickle in hexadecimal <tab> kind of the error <tab> offset in bytes

The canonical text is that of `pickle graph`, which has tests of its own. Usage: fixtures.py PATH-OF-PICKLE
"""

import hashlib
import pathlib
import subprocess
import sys

DATA = pathlib.Path(__file__).parent

ERRORS = [
    (b"", "Empty", 0),
    (b"K\x01", "EndOfInput", 2),
    (b"\x80\x04X\x05\x00\x00\x00ab", "Truncated", 9),
    (b"\x80\x09.", "UnsupportedProtocol", 0),
    (b"\xff", "UnknownOpcode", 0),
    (b"K\x01\xfe.", "UnknownOpcode", 2),
    (b".", "StackUnderflow", 0),
    (b"(.", "UnexpectedMark", 1),
    (b"t.", "NoMark", 0),
    (b"h\x07.", "MemoMissing", 0),
    (b"Iabc\n.", "BadInt", 0),
    (b"\x8c\x01\xff.", "BadUtf8", 0),
    (b"}]K\x01s.", "Unhashable", 4),
    (b"\x94.", "StackUnderflow", 0),
    (b"K\x01)R.", "NotCallable", 3),
    (b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "LengthTooLarge", 2),
]


def main():
    lines = []
    for path in sorted((DATA / "core").glob("*.pickle")):
        text = subprocess.run([sys.argv[1], "graph", path], check=True, capture_output=True).stdout.split(b"\n")[0]
        lines.append("graph\tcore/%s\t%s" % (path.name, hashlib.sha256(text).hexdigest()))
    for data, kind, offset in ERRORS:
        lines.append("error\t%s\t%s\t%d" % (data.hex(), kind, offset))
    (DATA / "fixtures.tsv").write_text("\n".join(lines) + "\n")


main()
