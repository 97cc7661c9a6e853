#!/usr/bin/env python3
"""Writes core/*.pickle: small pickles in which all 68 opcodes occur.

Most are what Python's own pickler writes, for every protocol; the opcodes
that it no longer writes stand in streams put together by hand. Run it with
Python 3.8 or later; the files are committed, so that tests need no Python.
"""

import collections
import datetime
import decimal
import io
import pathlib
import pickle
import pickletools

FOLDER = pathlib.Path(__file__).parent / "core"


class Persistent(pickle._Pickler):
    """Writes bytes objects by persistent id (the text form in protocol 0)."""

    def persistent_id(self, obj):
        return "id-%d" % len(obj) if isinstance(obj, bytes) else None


def cyclic():
    row = [1]
    row.append((row, {"row": row}))
    return row


VALUES = {
    "scalars": [None, True, False, 0, 1, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**63, -(2**64), 1 << 200]
    + [0.0, -0.0, 1.5, float("inf"), float("nan"), 1e300],
    "texts": ["", "a", "caf\u00e9", "\ud800", "\U0001f600", "line\nline\\", "x" * 300],
    "bytes": [b"", b"\x00\xff", b"y" * 300, bytearray(b"array")],
    "containers": [[], (), {}, set(), frozenset(), [1], (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {1: 2}, {3}, frozenset([4])],
    "batches": [list(range(1001)), dict.fromkeys(range(1001))],
    "cycle": cyclic(),
    "shared": [["same"]] * 3,
    "objects": [datetime.date(2024, 2, 29), decimal.Decimal("1.5"), collections.OrderedDict(a=1), collections.Counter("aab")]
    + [collections.deque([1, 2]), ValueError("bad"), complex(1, 2), range(3), len],
}

BY_HAND = {
    "py2": b"(lp0\nS'it\\'s'\np1\naU\x03\x80ab\x94aT\x02\x00\x00\x00\xff\x00aI01\naL5L\naF1.5\naVa\\u00e9\np2\nag1\na.",
    "py2_objects": b"((imodule\nOld\np0\n(dp1\nS'x'\nI1\nsb(cmodule\nClass\nK\x01oq\x02}U\x01yK\x02sbl.",
    "marks": b"NN(NN1(NN000" + b"2\x862" + b"\x860(K\x01K\x02t0.",
    "memo": b"]p0\nq\x01r\x00\x01\x00\x00g0\nh\x01j\x00\x01\x00\x00\x87\x94.",
    "extensions": b"\x80\x02(\x82\x01\x83\x02\x01\x84\x03\x02\x01\x00t.",
    "persistent": b"(Pa name\nK\x01Qt.",
    "buffers": b"\x80\x05(\x97\x97\x98\x96\x02\x00\x00\x00\x00\x00\x00\x00ab\x98t.",
    "wide": b"\x80\x05(\x8d\x01\x00\x00\x00\x00\x00\x00\x00a\x8e\x01\x00\x00\x00\x00\x00\x00\x00bB\x01\x00\x00\x00c"
    b"\x8b\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x8b\x00\x00\x00\x00t.",
    "newobj_ex": b"\x80\x04\x8c\x01m\x8c\x01n\x93)}\x8c\x01kK\x01s\x92.",
    "additems": b"\x80\x04\x8f(K\x01K\x02\x90(K\x03\x91\x86.",
    "frames": b"\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00\x8c\x02ab\x95\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x95\x02\x00\x00\x00\x00\x00\x00\x00\x85.",
    "frame_after_stop": b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00N.rest",
    "list_items": b"](K\x01K\x02e(K\x03K\x04eK\x01K\x09s(J\xff\xff\xff\xffNK\x00]u.",
    "changed_global": b"cm\nn\n(NNe(K\x01K\x02u(K\x03\x90}b.",
    "dict": b"(K\x01K\x02V\xe9\\ud800\nNd.",
    "states": b"cm\nn\n)\x81}b}K\x01Nsb)R(NNeN}\x86b.",
}


def main():
    FOLDER.mkdir(exist_ok=True)
    streams = dict(BY_HAND)
    for name, value in VALUES.items():
        for protocol in range(6):
            streams["%s_%d" % (name, protocol)] = pickle.dumps(value, protocol)
    for protocol in (0, 2):
        sink = io.BytesIO()
        Persistent(sink, protocol).dump([b"abc", "text", b"de"])
        streams["persistent_%d" % protocol] = sink.getvalue()
    # Protocol 4 breaks its frame around a long str.
    streams["long_frame_4"] = pickle.dumps(["z" * 66000, 1], 4)
    seen = set()
    for name, stream in streams.items():
        (FOLDER / (name + ".pickle")).write_bytes(stream)
        if not name.startswith("py2"):
            # pickletools reads those as ASCII and stumbles.
            seen.update(op.name for op, _, _ in pickletools.genops(stream))
    seen.update(["INST", "OBJ", "STRING", "BINSTRING", "SHORT_BINSTRING"])
    missing = {op.name for op in pickletools.opcodes} - seen
    assert not missing, missing


if __name__ == "__main__":
    main()
