#!/usr/bin/env python3
"""Time and memory of the commands that stream, on input made on the fly: Markdown on stdout.

usage: bench/stream.py [--gb N] [--work FOLDER] PICKLE

PICKLE is the release build of the command. Rows are dicts with distinct strs, framed, protocol 4, as CPython writes
lists; payloads are bytes of 64 MB. Files lie in FOLDER (default: the cache folder) and are removed at the end; 10 GB
need 25 GB of room. Figures are those of /usr/bin/time -v: wall clock and maximum resident set.
"""
import argparse
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time
import zipfile

KEYS = ["id", "time", "sensor", "temp", "ok", "note"]
GB = 1000**3


def short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode() + b"\x94"


def batch(first):
    """1000 rows. `@@@@@@@@` in their strs stands for the number of the batch."""
    out = [b"("]
    for row in range(1000):
        out.append(b"}\x94(")
        for n, key in enumerate(KEYS):
            # The list is entry 0 of the memo, the first dict entry 1; a key comes before its value.
            place = 2 + n + (0 if n <= 2 else 1)
            out.append(short(key) if first and row == 0 else b"h" + bytes([place]))
            if key == "id":
                out.append(b"J" + struct.pack("<i", row))
            elif key in ("time", "temp"):
                out.append(b"G" + struct.pack(">d", 1.7e9 + row / 7))
            elif key == "ok":
                out.append(b"\x88" if row % 3 else b"\x89")
            else:
                out.append(short(f"{key}-@@@@@@@@-{row:03}"))
        out.append(b"u")
    out.append(b"e")
    return b"".join(out)


def rows(size, write):
    """A list of rows, about `size` bytes."""
    frame = lambda data: b"\x95" + struct.pack("<Q", len(data)) + data
    first, other = batch(True), frame(batch(False))
    write(b"\x80\x04" + frame(b"]\x94" + first.replace(b"@@@@@@@@", b"00000000")))
    for number in range(1, max(1, size // len(other)) + 1):
        write(other.replace(b"@@@@@@@@", b"%08x" % number))
    write(b".")


def payloads(size, write):
    """A list of bytes of 64 MB each."""
    piece = os.urandom(1 << 20) * 64
    write(b"\x80\x04](")
    for _ in range(max(1, size // len(piece))):
        write(b"B" + struct.pack("<I", len(piece)))
        write(piece)
    write(b"e.")


def tensor(size, path):
    """A torch file with one float32 tensor, stored as torch stores it."""
    text = lambda t: b"X" + struct.pack("<I", len(t)) + t
    count = struct.pack("<i", size // 4)
    data = (b"\x80\x02}" + text(b"weight") + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text(b"storage")
            + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu") + b"J" + count + b"tQK\x00J" + count
            + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs.")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        archive.writestr("m/data.pkl", data)
        piece = os.urandom(1 << 20) * 16
        with archive.open("m/data/0", "w", force_zip64=True) as member:
            for _ in range(size // len(piece)):
                member.write(piece)


def timed(command, make=None, out=os.devnull):
    """Seconds and KiB of the command; `make` writes its standard input."""
    with open(out, "wb") as sink:
        child = subprocess.Popen(["/usr/bin/time", "-v", *map(str, command)], stdin=subprocess.PIPE if make else None,
                                 stdout=sink, stderr=subprocess.PIPE)
        if make:
            make(child.stdin.write)
            child.stdin.close()
        text = child.stderr.read().decode(errors="replace")
        if child.wait():
            sys.exit(f"{command} failed:\n{text}")
    clock = re.search(r"\(h:mm:ss or m:ss\): (\S+)", text)[1].split(":")
    seconds = sum(float(part) * 60**n for n, part in enumerate(reversed(clock)))
    user = float(re.search(r"User time \(seconds\): (\S+)", text)[1]) + float(re.search(r"System time \(seconds\): (\S+)", text)[1])
    return seconds, user, int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", text)[1])


def report(what, size, figures, goal):
    seconds, cpu, kib = figures
    print(f"| {what} | {size / GB:.2f} GB | {seconds:.2f} s | {cpu:.2f} s | {size / 1e6 / max(seconds, 0.01):.0f} MB/s "
          f"| {kib / 1024:.1f} MiB | {goal} |", flush=True)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gb", type=float, default=10, help="the large size; the small one is a tenth")
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--no-python", action="store_true", help="do not compare with CPython, which needs 9 GB a GB")
    parser.add_argument("command", metavar="PICKLE")
    args = parser.parse_args()
    cache = os.environ.get("LIBPICKLE_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "libpickle")
    work = (args.work or pathlib.Path(cache)) / "stream-bench"
    work.mkdir(parents=True, exist_ok=True)
    large, small, pickle = int(args.gb * GB), int(args.gb * GB / 10), args.command
    print("| command | input | wall | CPU | rate | peak RSS | goal |\n|---|---|---|---|---|---|---|", flush=True)
    try:
        pipes = [report("items -, rows from a pipe", size, timed([pickle, "items", "-"], lambda w: rows(size, w)), "<= 32 MiB, flat")
                 for size in (small, large)]
        files = []
        for size in (small, large):
            path = work / "rows.pkl"
            with open(path, "wb") as file:
                rows(size, file.write)
            files.append(report("items, rows in a file", path.stat().st_size, timed([pickle, "items", path]), "<= 64 MiB, flat"))
            if size == small:
                ours = report("count, rows in a file", path.stat().st_size, timed([pickle, "count", path]), ">= 3x CPython")
                if not args.no_python:
                    code = "import pickle, sys; print(len(pickle.load(open(sys.argv[1], 'rb'))))"
                    theirs = report("CPython's pickle.load", path.stat().st_size, timed([sys.executable, "-c", code, path]), "")
            else:
                for name in ("info", "du"):
                    report(f"{name}, rows in a file", path.stat().st_size, timed([pickle, name, path]), "<= 16 MiB")
            path.unlink()
        path = work / "payloads.pkl"
        with open(path, "wb") as file:
            payloads(large, file.write)
        for name in ("info", "du", "dis"):
            command = [pickle, name, path]
            report(f"{name}, bytes of 64 MB", path.stat().st_size, timed(command), "<= 16 MiB, >= 1 GB/s")
        path.unlink()
        path, size = work / "tensor.pt", int(large * 0.4) // (16 << 20) * (16 << 20)
        tensor(size, path)
        copied = report("cp and fsync", size, timed(["sh", "-c", f"cp {path} {work}/copy && sync {work}/copy"]), "")
        (work / "copy").unlink()
        taken = report("extract, one tensor", size, timed([pickle, "extract", path, "-o", work / "out.safetensors"]), "<= 16 MiB, 1.3x cp")
        print()
        flat = lambda two: 100 * (max(f[2] for f in two) / min(f[2] for f in two) - 1)
        print(f"- from a pipe, small and large: {flat(pipes):.1f} % apart in memory; from a file: {flat(files):.1f} %")
        if not args.no_python:
            print(f"- CPython needs {theirs[1] / ours[1]:.1f} times the CPU time of count, {theirs[1] / files[0][1]:.1f} times that of items")
        print(f"- extract takes {taken[0] / copied[0]:.2f} times as long as cp")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
