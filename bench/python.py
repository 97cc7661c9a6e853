#!/usr/bin/env python3
"""CPython's own cases, with the same command line and output as the Rust binaries.

    python.py list
    python.py IMPL KIND FILE REPS

Side by side in one process, as a table in Markdown: pickle, libpickle, marshal and json with the same records, as messages of
100 bytes and of 10 KB, and whole. libpickle must be installed for this Python.

    python.py table telemetry.p4.pkl [ROUNDS]
"""
import gc
import importlib.util
import json
import marshal
import os
import pickle
import pickletools
import re
import statistics
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


def other_loads(write, read):
    """Reading the same records in another format, which is written before the clock starts."""
    return lambda inputs, path: on_each(read, [write(pickle.loads(data)) for data in inputs])


def other_dumps(write):
    return lambda inputs, path: on_each(write, [pickle.loads(data) for data in inputs])


def ours(name):
    """The same with libpickle, which has to be installed for this Python."""
    def make(inputs, path):
        import libpickle

        if name == "loads":
            return on_each(libpickle.loads, inputs)
        protocol = int(re.search(r"\.p(\d)\.", path).group(1))
        return on_each(lambda value: libpickle.dumps(value, protocol), [pickle.loads(data) for data in inputs])
    return make


# The workloads that marshal and json can hold; json gives lists for tuples.
RECORDS = ["telemetry", "small", "ints", "floats"]

# The collector makes no difference to dumps. Name: task, what the table calls it, collector on, what makes the work, workloads.
CASES = {
    "genops": ("walk", "pickletools.genops", True, genops, []),
    "loads": ("read", "loads, gc on", True, loads, []),
    "loads_nogc": ("read", "loads, gc off", False, loads, []),
    "marshal_loads": ("read", "marshal.loads (marshal)", True, other_loads(marshal.dumps, marshal.loads), RECORDS),
    "json_loads": ("read", "json.loads (JSON)", True, other_loads(json.dumps, json.loads), RECORDS),
    "dumps": ("write", "dumps", True, dumps, []),
    "marshal_dumps": ("write", "marshal.dumps (marshal)", True, other_dumps(marshal.dumps), RECORDS),
    "json_dumps": ("write", "json.dumps (JSON)", True, other_dumps(json.dumps), RECORDS),
}
# What reads the file as it is.
UNPREPARED = ["genops", "loads", "loads_nogc", "libpickle_loads", "libpickle_loads_nogc"]
if importlib.util.find_spec("libpickle"):
    CASES["libpickle_loads"] = ("read", "libpickle.loads, gc on", True, ours("loads"), [])
    CASES["libpickle_loads_nogc"] = ("read", "libpickle.loads, gc off", False, ours("loads"), [])
    CASES["libpickle_dumps"] = ("write", "libpickle.dumps", True, ours("dumps"), [])


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


# What the others cannot keep of what pickle keeps.
LOSSES = {
    "pickle": "nothing",
    "libpickle": "nothing",
    "marshal": "classes and their instances; its format changes with the Python",
    "json": "tuples, bytes, sets, keys that are not str, sharing and cycles, classes",
}


def messages(records):
    """Records as messages of about 100 bytes and 10 KB, and all of them. Each: name, values, how often one round has each."""
    plain = [
        {"id": one["id"], "name": one["name"], "ts": one["ts"], "temp": one["temp"], "ok": one["ok"], "tags": one["tags"]}
        for one in records[:1000]
    ]
    return [
        ("100 B", plain, 20),
        ("10 KB", [records[start:start + 90] for start in range(0, 9000, 90)], 5),
        ("all", [records], 1),
    ]


def per_call(work, inputs, times, collect):
    """Seconds of CPU for one call, without dropping a large result."""
    gc.collect()
    if not collect:
        gc.disable()
    try:
        results = []
        start = time.process_time()
        if len(inputs) == 1:
            results.append(work(inputs[0]))
        else:
            for _ in range(times):
                for one in inputs:
                    work(one)
        return (time.process_time() - start) / (times * len(inputs))
    finally:
        gc.enable()


def table(path, rounds):
    import libpickle

    tools = {
        "pickle": (pickle.dumps, pickle.loads),
        "libpickle": (libpickle.dumps, libpickle.loads),
        "marshal": (marshal.dumps, marshal.loads),
        "json": (lambda value: json.dumps(value).encode(), json.loads),
    }
    with open(path, "rb") as f:
        records = pickle.load(f)
    print("CPython %s, libpickle %s, microseconds of CPU for one call (times as long as pickle)\n"
          % (sys.version.split()[0], libpickle.__version__))
    print("| message | bytes | work | gc | %s |\n|---|---:|---|---|%s" % (" | ".join(tools), "---:|" * len(tools)))
    for name, values, times in messages(records):
        written = {tool: [dumps(value) for value in values] for tool, (dumps, _) in tools.items()}
        size = sum(map(len, written["pickle"])) // len(values)
        for work, collect in (("loads", True), ("loads", False), ("dumps", True), ("dumps", False)):
            taken = {tool: [] for tool in tools}
            for _ in range(rounds):
                # Interleaved: what the machine does meanwhile falls on all alike.
                for tool, (dumps, loads) in tools.items():
                    call, inputs = (loads, written[tool]) if work == "loads" else (dumps, values)
                    taken[tool].append(per_call(call, inputs, times, collect))
            medians = {tool: statistics.median(times) * 1e6 for tool, times in taken.items()}
            cells = ("%.2f (%.2f)" % (medians[tool], medians[tool] / medians["pickle"]) for tool in tools)
            print("| %s | %d | %s | %s | %s |" % (name, size, work, "on" if collect else "off", " | ".join(cells)), flush=True)
    print()
    for tool, loss in LOSSES.items():
        print("- %s loses %s" % (tool, loss))


def main():
    if sys.argv[1:2] == ["table"] and len(sys.argv) in (3, 4):
        return table(sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 5)
    if sys.argv[1:] == ["list"]:
        for name, (task, label, _, _, kinds) in CASES.items():
            print(json.dumps({"impl": name, "task": task, "label": label, "kinds": kinds}))
        return
    if len(sys.argv) != 5 or sys.argv[1] not in CASES:
        sys.exit(__doc__)
    name, kind, path, reps = sys.argv[1:]
    _, _, collect, make, _ = CASES[name]
    line = {"impl": name, "kind": kind, "file": os.path.basename(path), "bytes": os.path.getsize(path), "error": None}
    try:
        line.update(measure(make(pickles(kind, path), path), int(reps), collect, name not in UNPREPARED))
    except Exception as error:  # whatever it is, the table says it
        line.update(wall_ns=[], cpu_ns=[], growth_kb=None, count=None, error="%s: %s" % (type(error).__name__, error))
    print(json.dumps(line))


if __name__ == "__main__":
    main()
