#!/usr/bin/env python3
"""Compares what the C interface reads with what is expected: graph.py GRAPH [CORPUS]

GRAPH is the compiled graph.c. What it reads is compared with tests/data/fixtures.tsv, the table of every language; files
of the corpus, where there is one, with the oracle beside them.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data"
# Containers whose pickles lie in the file as it is. The others need a decompressor, a zip reader, or joblib.
PLAIN = ("stream", "torch-legacy", "embedded", "npy", "u32be-framed", "mp-connection")


def fixtures(folder):
    """(path, offset, answer) of the table's pickles; what stands in the table itself is put into a folder."""
    for number, line in enumerate((DATA / "fixtures.tsv").read_text().splitlines()):
        kind, *cells = line.split("\t")
        if kind == "graph":
            yield DATA / cells[0], 0, cells[1]
        else:
            path = folder / str(number)
            path.write_bytes(bytes.fromhex(cells[0]))
            yield path, 0, "%s %s" % tuple(cells[1:])


def oracles(corpus):
    """(path, offset, answer) of every pickle of the corpus that can be compared, and how many cannot."""
    wanted, other = [], 0
    for entry in json.loads((corpus / "manifest.json").read_text())["files"]:
        if not entry.get("oracle"):
            continue
        oracle = json.loads((corpus / "data" / entry["oracle"]).read_text())
        container = oracle["container"]
        kind = container["kind"] if isinstance(container, dict) else container
        if oracle["layers"] or kind not in PLAIN or oracle.get("shared_memo"):
            other += len(oracle["pickles"])
            continue
        groups = set()
        for pickle in oracle["pickles"]:
            if pickle.get("memo_group", pickle["offset"]) in groups:
                # It goes on with the memo of the one before.
                other += 1
                continue
            groups.add(pickle.get("memo_group", pickle["offset"]))
            answer = "%s %d" % (pickle["canonical_sha256"], pickle["canonical_len"])
            wanted.append((corpus / "data" / entry["path"], pickle["offset"], answer))
    return wanted, other


def main():
    with tempfile.TemporaryDirectory() as folder:
        wanted, other = list(fixtures(pathlib.Path(folder))), 0
        if len(sys.argv) > 2:
            more, other = oracles(pathlib.Path(sys.argv[2]))
            wanted += more
        lines = "".join("%s %d\n" % (path, offset) for path, offset, _ in wanted)
        done = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True)
    if done.returncode:
        sys.exit("graph failed: %s" % done.stderr)
    found = done.stdout.splitlines()
    if len(found) != len(wanted):
        sys.exit("%d answers to %d pickles" % (len(found), len(wanted)))
    wrong = 0
    for (path, offset, answer), line in zip(wanted, found):
        # The table has no lengths of texts.
        if line != answer and line.split()[0] != answer:
            wrong += 1
            print("%s at %d: %s instead of %s" % (path, offset, line, answer))
    print("%d answers of C, %d wrong (%d in containers that are not opened here, or with the memo of another)" % (len(wanted), wrong, other))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
