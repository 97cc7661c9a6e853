#!/usr/bin/env python3
"""Make the workloads: the same bytes with every Python from 3.7 on.

Python 3.6 makes the same values, but at protocol 0 it spells ints as LONG, and
it puts large bytes inside a frame. The manifest names the Python that wrote a file.

Each workload is drawn from its own seeded generator and pickled with each
protocol that it is measured with. `manifest.json` beside the files says of
each: bytes, values (every occurrence of every node of the tree: containers,
keys, leaves), opcodes, SHA-256. Files that the manifest already knows are kept.
"""
import argparse
import collections
import hashlib
import json
import os
import pickle
import pickletools
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
SEED = 20240607
MIB = 1 << 20

sys.path.insert(0, HERE)
from benchcls import Point  # noqa: E402


def telemetry(r, n=200_000):
    """Records as a sensor gateway logs them: a dict of every common kind of value."""
    names = []
    while len(names) < 100:
        name = r.choice(["pump", "fan", "valve", "boiler", "gate", "probe"]) + "-%03d" % r.randrange(1000)
        if name not in names:
            names.append(name)
    tags = ["north", "south", "east", "west", "hot", "cold", "backup", "primary", "lab", "roof", "cellar", "test"]
    ts = 1700000000.0
    records = []
    for i in range(n):
        ts += r.random() * 0.5
        records.append({
            "id": i * 7 + r.randrange(7),
            "ts": round(ts, 3),
            "name": r.choice(names),
            "temp": round(r.gauss(21.0, 6.0), 2),
            "ok": r.random() < 0.93,
            "tags": [r.choice(tags), r.choice(tags)],
            "v": (r.gauss(0, 1), r.gauss(0, 1), r.gauss(0, 100), r.random()),
        })
    return records


def ints(r, n=2_000_000):
    """Ints of 8, 16, 32 and 64 bits."""
    def one():
        k = r.random()
        if k < .35:
            return r.randrange(256)
        if k < .60:
            return r.randrange(65536)
        return r.randrange(-2**31, 2**31) if k < .85 else r.randrange(-2**63, 2**63)
    return [one() for _ in range(n)]


def bigints(r, n=200_000):
    """Ints of 65 to 512 bits."""
    return [r.getrandbits(r.choice([65, 96, 128, 256, 512])) * r.choice([1, -1]) for _ in range(n)]


def floats(r, n=2_000_000):
    return [r.gauss(0, 10 ** r.randrange(-3, 6)) for _ in range(n)]


def strings(r, n=500_000):
    """Distinct strings of 5 to 40 characters, one in five with some beyond ASCII."""
    ascii_chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-./"
    wide_chars = "éüñßøåçπλжшя中文字漢日本語😀🚀"
    found = {}
    while len(found) < n:
        length = r.randrange(5, 41)
        chars = r.choices(ascii_chars, k=length)
        if r.random() < .20:
            for _ in range(r.randrange(1, max(2, length // 3))):
                chars[r.randrange(length)] = r.choice(wide_chars)
        found.setdefault("".join(chars))
    return list(found)


def nested(r, n=10_000):
    """Lists, tuples and dicts in each other, eight levels deep."""
    keys = ["k%d" % i for i in range(40)]

    def leaf():
        k = r.randrange(6)
        if k == 0:
            return r.randrange(100000)
        if k == 1:
            return r.random()
        if k == 2:
            return "s%05d" % r.randrange(100000)
        if k == 3:
            return None
        return r.random() < .5 if k == 4 else r.choice(keys)

    def node(depth):
        if depth == 0:
            return leaf()
        kind, width = r.randrange(3), r.randrange(1, 5)
        # The first child is of full depth, so that every tree reaches it.
        children = [node(depth - 1)]
        children += [node(depth - 1) if r.random() < .45 else leaf() for _ in range(width - 1)]
        if kind == 2:
            return dict(zip(r.sample(keys, len(children)), children))
        return tuple(children) if kind else children
    return [node(8) for _ in range(n)]


def instances(r, n=200_000):
    labels = ["alpha", "beta", "gamma", "delta"]
    return [Point(i, r.random(), r.gauss(0, 1), r.choice(labels), r.random() < .5) for i in range(n)]


def memo(r, n=2_000_000):
    """Few objects, each fetched from the memo many times."""
    pool = [(i, "obj-%05d" % i) for i in range(10000)]
    return [r.choice(pool) for _ in range(n)]


def small(r, n=200_000):
    """Messages of about 100 bytes, each a pickle of its own."""
    return [{
        "id": i,
        "cmd": r.choice(["get", "set", "ping", "stat"]),
        "key": "user:%07d" % r.randrange(10**7),
        "ttl": r.randrange(86400),
        "score": r.random(),
        "flags": [r.randrange(8), r.randrange(300)],
        "ok": r.random() < .5,
    } for i in range(n)]


def blob(r, size=256 * MIB):
    one = r.getrandbits(8 * MIB).to_bytes(MIB, "little")
    return b"".join(one[i % 977:] + one[:i % 977] for i in range(size // MIB))


ALL = (0, 2, 4, 5)
# Name: how to make it, what is added to the seed, protocols. Protocols below 3 spell
# bytes as text, half as large again, so they get 32 MiB instead of 256.
WORKLOADS = collections.OrderedDict([
    ("telemetry", (telemetry, 1, ALL)),
    ("ints", (ints, 2, ALL)),
    ("bigints", (bigints, 12, ALL)),
    ("floats", (floats, 3, ALL)),
    ("strings", (strings, 4, ALL)),
    ("nested", (nested, 5, ALL)),
    ("instances", (instances, 8, ALL)),
    ("memo", (memo, 9, ALL)),
    ("small", (small, 10, (4,))),
    ("bytes", (blob, 6, (4, 5))),
    ("bytes32", (lambda r: blob(r, 32 * MIB), 6, (0, 2))),
    ("bytearray", (lambda r: bytearray(blob(r)), 6, (5,))),
])


def count_values(value):
    count, todo = 0, [value]
    while todo:
        value = todo.pop()
        count += 1
        if type(value) is dict:
            todo.extend(value.keys())
            todo.extend(value.values())
        elif type(value) in (list, tuple):
            todo.extend(value)
        elif type(value) is Point:
            todo.append(value.__dict__)
    return count


def count_opcodes(data):
    return collections.Counter(op.name for op, _, _ in pickletools.genops(data))


def dump(value, protocol):
    if protocol <= pickle.HIGHEST_PROTOCOL:
        return pickle.dumps(value, protocol)
    if isinstance(value, bytearray):
        return None
    # Before Python 3.8. But for bytearrays and buffers the two protocols differ in their number only.
    return b"\x80\x05" + pickle.dumps(value, 4)[2:]


class Store:
    """The data directory and its manifest."""

    def __init__(self, directory):
        self.directory = directory
        self.path = os.path.join(directory, "manifest.json")
        os.makedirs(directory, exist_ok=True)
        try:
            with open(self.path) as f:
                self.files = json.load(f)
        except FileNotFoundError:
            self.files = {}

    def has(self, name):
        try:
            return os.path.getsize(os.path.join(self.directory, name)) == self.files[name]["bytes"]
        except (KeyError, OSError):
            return False

    def write(self, name, data):
        path = os.path.join(self.directory, name)
        with open(path + ".part", "wb") as f:
            f.write(data)
        os.replace(path + ".part", path)

    def put(self, name, data, values, opcodes):
        self.write(name, data)
        self.files[name] = {
            "bytes": len(data),
            "values": values,
            "opcodes": sum(opcodes.values()),
            "sha256": hashlib.sha256(data).hexdigest(),
            "python": "%d.%d.%d" % sys.version_info[:3],
            "by_opcode": dict(opcodes.most_common()),
        }
        with open(self.path + ".part", "w") as f:
            json.dump(self.files, f, indent=1)
        os.replace(self.path + ".part", self.path)
        print("%-20s %11d bytes %9d values %9d opcodes" % (name, len(data), values, sum(opcodes.values())),
              file=sys.stderr, flush=True)


def file_name(workload, protocol):
    return "%s.p%d.pkl" % (workload, protocol)


def generate(store, workload, protocols):
    make, seed, available = WORKLOADS[workload]
    missing = [p for p in protocols if p in available and not store.has(file_name(workload, p))]
    if not missing:
        return
    value = make(random.Random(SEED + seed))
    if workload == "small":
        messages = [dump(message, 4) for message in value]
        opcodes = sum(map(count_opcodes, messages), collections.Counter())
        store.write("small.p4.lens", struct.pack("<%dI" % len(messages), *map(len, messages)))
        # The list around the messages is not in the file.
        store.put(file_name(workload, 4), b"".join(messages), count_values(value) - 1, opcodes)
        return
    values = count_values(value)
    for protocol in missing:
        data = dump(value, protocol)
        if data is None:
            print("%s: skipped, this Python has no protocol %d" % (workload, protocol), file=sys.stderr)
            continue
        store.put(file_name(workload, protocol), data, values, count_opcodes(data))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", default=list(WORKLOADS), help="default: all")
    parser.add_argument("--protocols", default="0,2,4,5", help="default: %(default)s")
    parser.add_argument("--data", default=DATA, help="where to, default: data/ beside this file")
    args = parser.parse_args()
    unknown = set(args.workload) - set(WORKLOADS)
    if unknown:
        parser.error("no workload %s; there are %s" % (", ".join(sorted(unknown)), ", ".join(WORKLOADS)))
    store = Store(args.data)
    for workload in args.workload:
        generate(store, workload, [int(p) for p in args.protocols.split(",")])


if __name__ == "__main__":
    main()
