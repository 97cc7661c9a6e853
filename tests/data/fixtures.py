#!/usr/bin/env python3
"""Writes fixtures.tsv: one table that the tests of every language read.

    graph <tab> file below tests/data <tab> SHA-256 of its canonical text, first pickle <tab> of its tree text
    error <tab> pickle in hexadecimal <tab> kind of the error <tab> offset in bytes

The canonical text is that of `pickle graph`, which has tests of its own. The tree text is for languages whose values
have no identity: the same JSON with the nodes in the places where they are referred to; a node inside itself is
{"cycle": its level}, the root's being 0; sets are sorted by the text of their items, and of equal items and keys there is
one, with the last value. Usage: fixtures.py PATH-OF-PICKLE
"""

import hashlib
import json
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


def text(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def tree(graph):
    def value(v, path):
        if not isinstance(v, dict) or "$ref" not in v:
            return v
        n = v["$ref"]
        return {"cycle": path.index(n)} if n in path else node(graph["nodes"][n], path + [n])

    def values(items, path):
        return [value(v, path) for v in items]

    def pairs(items, path):
        return [values(pair, path) for pair in items]

    def node(n, path):
        return {key: part(key, content, path) for key, content in n.items()}

    def part(key, content, path):
        if key in ("set", "frozenset"):
            return [json.loads(item) for item in sorted({text(v) for v in values(content, path)})]
        if key == "dict":
            return list({text(pair[0]): pair for pair in pairs(content, path)}.values())
        if key in ("obj", "inst"):
            return [value(content[0], path), values(content[1], path)]
        if key == "ops":
            return [node(op, path) for op in content]
        if key in ("list", "tuple", "append", "add", "reduce", "newobj", "newobj_ex"):
            return values(content, path)
        if key == "setitem":
            return pairs(content, path)
        return content if key in ("bytearray", "joblib_raw") else value(content, path)

    return text(value(graph["root"], []))


def main():
    lines = []
    for path in sorted((DATA / "core").glob("*.pickle")):
        graph = subprocess.run([sys.argv[1], "graph", path], check=True, capture_output=True).stdout.split(b"\n")[0]
        sums = [hashlib.sha256(data).hexdigest() for data in (graph, tree(json.loads(graph)).encode())]
        lines.append("graph\tcore/%s\t%s" % (path.name, "\t".join(sums)))
    for data, kind, offset in ERRORS:
        lines.append("error\t%s\t%s\t%d" % (data.hex(), kind, offset))
    (DATA / "fixtures.tsv").write_text("\n".join(lines) + "\n")


main()
