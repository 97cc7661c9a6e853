#!/usr/bin/env python3
"""Reads telemetry.p4.pkl in every language side by side, and says whether the goals are reached.

`./task languages` builds what is missing and runs this. Times are milliseconds of CPU, medians."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent


def table(text):
    for line in text.splitlines():
        name, *times = line.split("\t")
        yield name, float(times[0])


def lines(command):
    return table(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


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
    return lines([ROOT / "target/python/venv/bin/python", "-c", code, file, str(reps)])


def kotlin(file, reps):
    classes = "%s:%s" % (BENCH / "kotlin/target/classes", (BENCH / "kotlin/target/classpath").read_text().strip())
    return lines(["java", "-Xmx4g", "-XX:+UseSerialGC", "-cp", classes, "BenchKt", file, str(reps)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=7)
    parser.add_argument("--file", default=str(BENCH / "data/telemetry.p4.pkl"))
    parser.add_argument("--swift", help="what the program in swift/ has printed: it may need a root of its own")
    args = parser.parse_args()

    def swift(file, reps):
        return table(pathlib.Path(args.swift or "").read_text())

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


main()
