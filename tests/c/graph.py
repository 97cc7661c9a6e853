#!/usr/bin/env python3
"""Compares what the C interface reads with what is expected: graph.py GRAPH [CORPUS]

GRAPH is the compiled graph.c. The files of tests/data/core are compared with graphs.tsv, which `pickle graph` of the
command wrote; those of the corpus, where there is one, with the oracle beside them. `--write PICKLE` writes
graphs.tsv anew, by the command PICKLE.
"""

import hashlib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CORE = HERE.parent / "data" / "core"
TABLE = HERE / "graphs.tsv"
# Containers whose pickles lie in the file as it is. The others need a decompressor, a zip reader, or joblib.
PLAIN = ("stream", "torch-legacy", "embedded", "npy", "u32be-framed", "mp-connection")


def write(command):
    lines = []
    for path in sorted(CORE.glob("*.pickle")):
        done = subprocess.run([command, "graph", str(path)], capture_output=True)
        if done.returncode == 0:
            text = done.stdout.splitlines()[0]
            lines.append("%s\t%s\t%d\n" % (path.name, hashlib.sha256(text).hexdigest(), len(text)))
    TABLE.write_text("".join(lines))
    print(len(lines), "graphs written")


def expected(corpus):
    """(path, offset, sha256, length) of every pickle that can be compared, and how many can not."""
    wanted, other = [], 0
    for line in TABLE.read_text().splitlines():
        name, digest, size = line.split("\t")
        wanted.append((CORE / name, 0, digest, int(size)))
    if corpus:
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
                digest, size = pickle["canonical_sha256"], pickle["canonical_len"]
                wanted.append((corpus / "data" / entry["path"], pickle["offset"], digest, size))
    return wanted, other


def main():
    if sys.argv[1] == "--write":
        return write(sys.argv[2])
    corpus = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    wanted, other = expected(corpus)
    lines = "".join("%s %d\n" % (path, offset) for path, offset, _, _ in wanted)
    done = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True)
    if done.returncode:
        sys.exit("graph failed: %s" % done.stderr)
    found = done.stdout.splitlines()
    if len(found) != len(wanted):
        sys.exit("%d answers to %d pickles" % (len(found), len(wanted)))
    wrong = 0
    for (path, offset, digest, size), line in zip(wanted, found):
        if line != "%s %d" % (digest, size):
            wrong += 1
            print("%s at %d: %s instead of %s %d" % (path, offset, line, digest, size))
    print("%d graphs through C, %d wrong (%d in containers that are not opened here, or with the memo of another)" % (len(wanted), wrong, other))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
