#!/usr/bin/env python3
"""CPython's own cases, with the same command line and output as the Rust binaries.

    python.py list
    python.py IMPL KIND FILE REPS
"""
import gc
import json
import os
import pickle
import pickletools
import re
import struct
import sys
import time

# The instances workload names its class as `benchcls.Point`.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def resident_kb(key):
    try:
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(key))
    except (OSError, StopIteration):
        return None


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as f:
            f.write("5")
    except OSError:
        pass


def pickles(kind, path):
    with open(path, "rb") as f:
        data = f.read()
    if kind != "small":
        return [data]
    with open(os.path.splitext(path)[0] + ".lens", "rb") as f:
        lens = f.read()
    messages, start = [], 0
    for length, in struct.iter_unpack("<I", lens):
        messages.append(data[start:start + length])
        start += length
    return messages


def on_each(work, inputs):
    """One input: its result is dropped by the caller, after the clock has stopped. Many: each is dropped at once."""
    if len(inputs) == 1:
        return lambda: work(inputs[0])

    def run():
        for one in inputs:
            work(one)
    return run


def loads(inputs, path):
    return on_each(pickle.loads, inputs)


def dumps(inputs, path):
    protocol = int(re.search(r"\.p(\d)\.", path).group(1))
    return on_each(lambda value: pickle.dumps(value, protocol), [pickle.loads(data) for data in inputs])


def genops(inputs, path):
    return lambda: sum(sum(1 for _ in pickletools.genops(data)) for data in inputs)


# The collector makes no difference to dumps. Name: task, what the table calls it, collector on, what makes the work.
CASES = {
    "genops": ("walk", "pickletools.genops", True, genops),
    "loads": ("read", "loads, gc on", True, loads),
    "loads_nogc": ("read", "loads, gc off", False, loads),
    "dumps": ("write", "dumps", True, dumps),
}


def measure(work, reps, collect, prepared):
    """One warm-up, which also shows the memory, then the repetitions; results are dropped outside the clock.

    Where the input was made in this process (`prepared`), freed memory is used again and growth means nothing.
    """
    gc.collect()
    if not collect:
        gc.disable()
    reset_peak()
    before = resident_kb("VmRSS:")
    result = work()
    peak = resident_kb("VmHWM:")
    line = {"count": result if type(result) is int else None, "growth_kb": peak - before if peak and not prepared else None}
    wall, cpu = [], []
    for _ in range(reps):
        result = None
        if collect:
            # Every repetition finds the collector in the same state.
            gc.collect()
        start, start_cpu = time.perf_counter(), time.process_time()
        result = work()
        cpu.append(int((time.process_time() - start_cpu) * 1e9))
        wall.append(int((time.perf_counter() - start) * 1e9))
    line.update(wall_ns=wall, cpu_ns=cpu)
    return line


def main():
    if sys.argv[1:] == ["list"]:
        for name, (task, label, _, _) in CASES.items():
            print(json.dumps({"impl": name, "task": task, "label": label, "kinds": []}))
        return
    if len(sys.argv) != 5 or sys.argv[1] not in CASES:
        sys.exit(__doc__)
    name, kind, path, reps = sys.argv[1:]
    _, _, collect, make = CASES[name]
    line = {"impl": name, "kind": kind, "file": os.path.basename(path), "bytes": os.path.getsize(path), "error": None}
    try:
        line.update(measure(make(pickles(kind, path), path), int(reps), collect, make is dumps))
    except Exception as error:  # whatever it is, the table says it
        line.update(wall_ns=[], cpu_ns=[], growth_kb=None, count=None, error="%s: %s" % (type(error).__name__, error))
    print(json.dumps(line))


if __name__ == "__main__":
    main()
