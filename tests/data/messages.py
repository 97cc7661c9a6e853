#!/usr/bin/env python
"""Writes messages.tsv: messages of known layouts, as every pickler of CPython spells them.

    python <tab> pickler <tab> protocol <tab> layout <tab> shape <tab> the pickle in hexadecimal

Layouts are those of core/tests/common/messages.rs; a shape is a dict, or a list or tuple of the fields in their order.
Usage: messages.py PYTHON... , which are run one after the other; it works under 2.7 and 3.
"""

from __future__ import print_function, unicode_literals

import binascii
import pickle
import pickletools
import random
import subprocess
import sys

try:
    import cPickle
except ImportError:
    cPickle = pickle

TWO = sys.version_info[0] == 2
TEXTS = ["", "a", "probe-3", "caf\u00e9", "5 \u20ac", "back\\slash", "it's", 'say "x"', "two\nlines", "\U0001f600"]
PLAIN = ["", "a", "probe-3", "a longer name of a probe"]


def integer(bits):
    edges = [0, 1, 9, 10, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**63 - 1, -1, -128, -129, -(2**31), -(2**31) - 1, -(2**63)]
    fitting = [n for n in edges if -(1 << bits - 1) <= n < 1 << bits - 1]
    return random.choice(fitting + [random.randrange(-(1 << bits - 1), 1 << bits - 1)])


def number():
    return random.choice([0.0, -0.0, 1.5, 21.5, -1e300, 5e-324, 0.1, random.random()])


def point():
    every = {"x": integer(64), "y": random.choice([None, number()])}
    return {key: every[key] for key in random.choice([["x", "y"], ["y", "x"], ["x"], ["y"]])}


def octets(protocol, limit):
    """bytes, where the protocol has them: 2.7's str, or bytes from protocol 3 on."""
    return bytes(bytearray(random.randrange(256) for _ in range(random.randrange(limit))))


def wide(protocol):
    text = lambda: random.choice(TEXTS)
    message = [
        ("pos", point()),
        ("flag", random.random() < 0.5),
        ("big", integer(64)),
        ("small", integer(8)),
        ("name", text()),
        ("raw", random.choice(PLAIN)),
        ("blob", octets(protocol, 32)),
        ("view", octets(protocol, 8) if protocol else b"plain"),
        ("note", random.choice([None, text()])),
        ("counts", [integer(32) for _ in range(random.choice([0, 1, 2, 3, 4, 255, 256] if random.random() < 0.95 else [1000, 1001, 1002]))]),
        ("pair", [number(), number()]),
        ("tags", [text() for _ in range(random.randrange(1, 9))]),
        ("track", [point() for _ in range(random.choice([1, 3, 5]))]),
        ("another name", integer(32)),
    ]
    if random.random() < 0.5:
        message = [(key, tuple(value) if isinstance(value, list) else value) for key, value in message]
    if not TWO and protocol < 3:
        message = [(key, value) for key, value in message if key not in ("blob", "view")]
    return message, ["small", "raw", "blob", "view", "note", "another name"]


def telemetry(protocol):
    samples = [random.randrange(256) for _ in range(4)]
    message = [("id", random.randrange(2**32)), ("temp", number()), ("name", random.choice(PLAIN)), ("samples", samples)]
    return message, []


def part(protocol):
    shared = ["shared", 1]
    unknown = [None, 1, "text", [], {}, (), [1], (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {"x": 1}, {"x": [{}]}, [[]], [["a"], {}],
               {"id": 1, "name": "no"}, {"id": 2}, shared, shared, 2**70, 1.5, ((1, 2), (3, (4, 5))), set([1]), complex(1, 2)]
    known = [("id", integer(64)), ("name", random.choice(PLAIN)), ("pos", {"x": 3, "y": 4.5}), ("pair", [number()] * random.choice([2, 3]))]
    extra = [("extra%d" % i, random.choice(unknown)) for i in range(random.randrange(1, 6))]
    return known + extra, ["id", "name", "pos", "pair"]


def shapes(message, optional):
    """The message in its shapes: as a dict some optional fields are left out, and the order is another."""
    kept = [pair for pair in message if pair[0] not in optional or random.random() < 0.7]
    random.shuffle(kept)
    if TWO and random.random() < 0.5:
        kept = [(key.encode("ascii"), value) for key, value in kept]
    yield "dict", dict(kept)
    if not optional:
        yield "list", [value for _, value in message]
        yield "tuple", tuple(value for _, value in message)


def main():
    random.seed(7)
    picklers = [("c", cPickle.dumps), ("python", pickle.dumps if TWO else pickle._dumps)]
    for layout, make in ("telemetry", telemetry), ("wide", wide), ("part", part):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for _ in range(4):
                for shape, message in shapes(*make(protocol)):
                    for name, dumps in picklers:
                        pickled = dumps(message, protocol)
                        spellings = [(name, pickled)]
                        if not TWO and name == "c" and random.random() < 0.3:
                            spellings.append(("optimized", pickletools.optimize(pickled)))
                        for spelling, stream in spellings:
                            row = "%d.%d" % sys.version_info[:2], spelling, str(protocol), layout, shape, binascii.hexlify(stream).decode()
                            print("\t".join(row))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        import pathlib

        rows = [subprocess.check_output([python, __file__]).decode() for python in sys.argv[1:]]
        pathlib.Path(__file__).with_suffix(".tsv").write_text("".join(rows))
