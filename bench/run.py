#!/usr/bin/env python3
"""Run the workloads through this library, its peers and CPython side by side.

Builds what is needed, makes the data if it is missing, then runs every case on
every file in rounds: one process for each case in each round, so that what the
machine does meanwhile falls on all alike. Tables go to stdout, progress to
stderr, every single time to a JSON file.
"""
import argparse
import datetime
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys

import generate
from tables import Cell, Results

HERE = os.path.dirname(os.path.abspath(__file__))
SLOW_NS = 1e9
PROBE = "import sys; print(*sys.version_info[:3])"


def say(text):
    print(text, file=sys.stderr, flush=True)


def capture(command, timeout=60):
    """The output of a command, or None and why there is none."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                              universal_newlines=True)
    except subprocess.TimeoutExpired:
        return None, "no answer in %d s" % timeout
    except OSError as error:
        return None, str(error)
    if done.returncode == 0:
        return done.stdout, None
    reason = " / ".join(done.stderr.strip().splitlines()[-2:]) or "no message"
    cause = "signal %d" % -done.returncode if done.returncode < 0 else "exit code %d" % done.returncode
    return None, "%s: %s" % (cause, reason)


class Contestant:
    """A program that has cases."""

    def __init__(self, who, command):
        self.who, self.command = who, command
        output, error = capture(command + ["list"])
        if error:
            raise RuntimeError(error)
        self.cases = [json.loads(line) for line in output.splitlines()]

    def run(self, case, kind, path, reps, timeout):
        output, error = capture(self.command + [case["impl"], kind, path, str(reps)], timeout)
        return {"error": error} if error else json.loads(output)


def build(folder):
    """The release binary of a crate, or why there is none."""
    say("building %s" % folder)
    crate = os.path.join(HERE, folder)
    done = subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=crate)
    if done.returncode != 0:
        raise RuntimeError("it does not build here; cargo's messages are above")
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(crate, "target"))
    return [os.path.join(target, "release", "bench-" + folder)]


def probe(command):
    """Its version."""
    output, error = capture(command + ["-c", PROBE])
    if error:
        raise RuntimeError(error)
    return tuple(map(int, output.split()))


def find_pythons():
    """The system's Python, and the newest one at hand."""
    found = {}
    pyenv = os.path.join(os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")), "versions")
    candidates = [os.path.join(pyenv, v, "bin", "python") for v in (os.listdir(pyenv) if os.path.isdir(pyenv) else [])]
    candidates += filter(None, (shutil.which("python3.%d" % minor) for minor in range(8, 30)))
    for path in candidates:
        try:
            version = probe([path])
        except RuntimeError:
            continue
        if version >= (3, 6):
            found.setdefault(version, path)
    system = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    newest = max(found, default=(0,))
    return [[system]] + ([[found[newest]]] if newest > probe([system]) else [])


def contestants(args, skipped):
    """Ours, CPython, peers; the first Python is the base of the comparison."""
    programs, base = [], None

    def add(what, make):
        try:
            programs.append(make())
        except (RuntimeError, OSError) as error:
            skipped.append("%s: %s" % (what, error))

    add("libpickle", lambda: Contestant("", build("ours")))
    for command in [shlex.split(c) for c in args.python] or find_pythons():
        try:
            version = probe(command)
        except RuntimeError as error:
            skipped.append("%s: %s" % (" ".join(command), error))
            continue
        who = "CPython " + ".".join(map(str, version))
        base = base or who
        add(who, lambda: Contestant(who, command + [os.path.join(HERE, "python.py")]))
    if args.no_peers:
        skipped.append("peers: --no-peers")
    else:
        add("peers", lambda: Contestant("", build("peers")))
    return programs, base


def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as f:
            model = re.search(r"model name\s*: (.*)", f.read()).group(1)
    except (OSError, AttributeError):
        pass
    commit, _ = capture(["git", "-C", HERE, "describe", "--always", "--dirty"])
    rust, _ = capture(["rustc", "--version"])
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": model,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "rust": (rust or "").strip(),
        "commit": (commit or "").strip(),
    }


def measure(programs, kind, file, args, expected):
    """All cases on one file, round by round. Each round begins at another case."""
    cells = [(program, Cell(program.who, case, file)) for program in programs for case in program.cases
             if not case["kinds"] or kind in case["kinds"]]
    if args.tasks:
        cells = [(p, c) for p, c in cells if c.case["task"] in args.tasks or c.case["impl"].startswith("loads")]
    path = os.path.join(args.data, file)
    for turn in range(args.rounds):
        start = turn * len(cells) // args.rounds
        for program, cell in cells[start:] + cells[:start]:
            if cell.error:
                continue
            reps = 1 if cell.wall_ns and min(cell.wall_ns) > SLOW_NS else args.reps
            cell.add(program.run(cell.case, kind, path, reps, args.timeout), expected)
        say("%s: round %d of %d" % (file, turn + 1, args.rounds))
    return [cell for _, cell in cells]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = list(generate.WORKLOADS)

    def listed(text):
        return [part for part in text.split(",") if part]
    parser.add_argument("--quick", action="store_true", help="telemetry at protocol 4 only, 3 rounds of 3")
    parser.add_argument("--workloads", type=listed, help="of %s; default: all but the three of bytes" % ",".join(names))
    parser.add_argument("--protocols", type=listed, help="of 0,2,4,5; default: 0,2,4, as 5 differs in its number only")
    parser.add_argument("--tasks", type=listed, help="of walk,read,typed,write; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--reps", type=int, help="repetitions a round; default: 5, quick 3")
    parser.add_argument("--timeout", type=int, default=180, help="seconds for a process; default: %(default)s")
    parser.add_argument("--no-peers", action="store_true", help="only this library and CPython")
    parser.add_argument("--python", action="append", default=[], metavar="COMMAND",
                        help="a CPython to compare with, may be repeated; the first is the base. "
                             "Default: the system's and the newest found")
    parser.add_argument("--data", default=generate.DATA, help="where the workloads are; default: data/ beside this")
    parser.add_argument("--json", default=os.path.join(HERE, "results", "latest.json"), help="default: %(default)s")
    args = parser.parse_args()
    plain = [n for n in names if not n.startswith("byte")]
    args.workloads = args.workloads or (["telemetry"] if args.quick else plain)
    args.protocols = [int(p) for p in args.protocols or (["4"] if args.quick else ["0", "2", "4"])]
    args.reps = args.reps or (3 if args.quick else 5)
    unknown = sorted(set(args.workloads) - set(names))
    if unknown:
        parser.error("no workload %s; there are %s" % (", ".join(unknown), ", ".join(names)))
    return args


def main():
    args = parse()
    skipped = []
    store = generate.Store(args.data)
    for workload in args.workloads:
        generate.generate(store, workload, args.protocols)
    programs, base = contestants(args, skipped)
    about = machine()
    results = Results(base)
    print("# Benchmarks\n\n%(date)s, %(cpu)s, %(cores)d cores, load %(load).1f, %(rust)s, commit %(commit)s" % about)
    print("\n\"vs\": how many times as fast as %s. %d rounds of %d repetitions.\n" % (base, args.rounds, args.reps))
    for workload in args.workloads:
        for protocol in args.protocols:
            file = generate.file_name(workload, protocol)
            if not store.has(file):
                skipped.append("%s: the workload is not made with this protocol" % file)
                continue
            entry = store.files[file]
            expected = {"walk": entry["opcodes"], "read": entry["values"]}
            results.cells += measure(programs, workload, file, args, expected)
            print("\n".join(results.file_tables(file, entry)), flush=True)
            os.makedirs(os.path.dirname(os.path.abspath(args.json)), exist_ok=True)
            with open(args.json, "w") as f:
                json.dump({"about": about, "base": base, "skipped": skipped,
                           "cells": [c.as_json() for c in results.cells]}, f, indent=1)
    print("\n".join([*results.overview(), *results.goals()]))
    print("Wall time was %.2f times CPU time." % results.disturbance())
    for line in skipped:
        print("- skipped %s" % line)


if __name__ == "__main__":
    main()
