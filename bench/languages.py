#!/usr/bin/env python3
"""Reads telemetry.p4.pkl in every language side by side, and says whether the goals are reached.

`./task languages` builds what is missing and runs this. Times are milliseconds of CPU, medians. Items are those of a list of
dicts, read one at a time; memory is the whole process at its largest.

usage: languages.py [--reps N] [--swift FOLDER]    FOLDER has loads.tsv and items.tsv, which the program in swift/ has printed
       languages.py --rows FILE                    makes the file of rows, of 1 GB
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent


sys.path.insert(0, str(BENCH))
from stream import GB, rows  # noqa: E402

ROWS = BENCH / "data/rows.pkl"


def table(text, columns=1):
    for line in text.splitlines():
        name, *figures = line.split("\t")
        yield name, float(figures[0]) if columns == 1 else [float(figure) for figure in figures[:columns]]


def rust(file, reps):
    program = BENCH / "ours/target/release/bench-ours"
    for case, label in (("typed_owned", "Rust, structs"), ("document_fresh", "Rust, Document")):
        done = subprocess.run([program, case, "telemetry", file, str(reps)], check=True, stdout=subprocess.PIPE, text=True)
        times = json.loads(done.stdout.splitlines()[-1])["cpu_ns"]
        yield label, sorted(times)[len(times) // 2] / 1e6


def python(file, reps):
    code = (
        "import sys, time, pickle, libpickle\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "for name, loads in (('Python, pickle.loads', pickle.loads), ('Python, libpickle.loads', libpickle.loads)):\n"
        "    times = []\n"
        "    for _ in range(int(sys.argv[2])):\n"
        "        begin = time.process_time(); value = loads(data); times.append(time.process_time() - begin); del value\n"
        "    print(name, sorted(times)[len(times) // 2] * 1e3, sep='\\t')\n"
    )
    command = [ROOT / "target/python/venv/bin/python", "-c", code, file, str(reps)]
    return table(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def java(*arguments):
    classes = "%s:%s" % (BENCH / "kotlin/target/classes", (BENCH / "kotlin/target/classpath").read_text().strip())
    command = ["java", "-XX:+UseSerialGC", "-cp", classes, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def kotlin(file, reps):
    return table(java("-Xmx4g", "BenchKt", file, str(reps)))


def items(swift):
    """Name, seconds of CPU, MB of memory."""
    code = (
        "import sys, resource, libpickle\n"
        "count = sum(1 for item in libpickle.items(sys.argv[1]))\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print('Python, %d items' % count, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, sep='\\t')\n"
    )
    yield from table(java("-Xmx64m", "BenchKt", "items", ROWS), 2)
    if swift:
        yield from table(pathlib.Path(swift, "items.tsv").read_text(), 2)
    python = [ROOT / "target/python/venv/bin/python", "-c", code, ROWS]
    yield from table(subprocess.run(python, check=True, stdout=subprocess.PIPE, text=True).stdout, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=7)
    parser.add_argument("--file", default=str(BENCH / "data/telemetry.p4.pkl"))
    parser.add_argument("--swift")
    parser.add_argument("--rows")
    args = parser.parse_args()
    if args.rows:
        with open(args.rows, "wb") as file:
            return rows(GB, file.write)

    def swift(file, reps):
        return table(pathlib.Path(args.swift or "", "loads.tsv").read_text())

    results = {}
    for run in (rust, kotlin, swift, python):
        try:
            results.update(run(args.file, args.reps))
        except (OSError, KeyError, subprocess.CalledProcessError) as error:
            print("skipped: %s: %s" % (run.__name__, error), file=sys.stderr)
    print("load %.1f at %s" % (os.getloadavg()[0], time.strftime("%Y-%m-%d %H:%M")))
    base = results.get("Rust, structs")
    print("\n| case | ms | Rust structs = 1 |\n|---|---|---|")
    for name, ms in results.items():
        print("| %s | %.0f | %s |" % (name, ms, "%.1f" % (ms / base) if base else ""))
    print()
    peer, ours = results.get("net.razorvine:pickle"), results.get("Kotlin, loads")
    for name in ("Kotlin, loads", "Swift, loads"):
        if base and name in results:
            print("%s within 3x of Rust: %s" % (name, "yes" if results[name] <= 3 * base else "NO"))
    if peer and ours:
        print("Kotlin at least twice as fast as net.razorvine:pickle: %s" % ("yes" if peer >= 2 * ours else "NO"))
    if ROWS.exists():
        print("\n| items of %.1f GB | s | MB |\n|---|---|---|" % (ROWS.stat().st_size / GB))
        for name, (seconds, memory) in items(args.swift):
            print("| %s | %.1f | %.0f |" % (name, seconds, memory))


main()
