#!/usr/bin/env python3
"""Small files of the kinds that people have, for cli/tests/cases.rs.

    python3 tests/data/cases.py tests/data/cases         # Python 3.8 or later, NumPy; python2.7 on the PATH
    python3 tests/data/cases.py --pandas 3 tests/data/cases   # once with each pandas: 024, 025, 15, 3

Keys of every type, containers in the spellings of every protocol, rows of Python 2, arrays of what is no number, one memo for
several pickles, sets in the orders of two hash seeds, frames, arrays in files of their own.
"""

import collections
import pickle
import subprocess
import sys
import types


def class_of(module, name, bases=(object,), **namespace):
    """A class of a module that is not installed, so that a pickle names it."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        here = ".".join(parts[:end])
        if here not in sys.modules:
            sys.modules[here] = types.ModuleType(here)
            if end > 1:
                setattr(sys.modules[".".join(parts[: end - 1])], parts[end - 1], sys.modules[here])
    namespace["__module__"] = module
    made = type(name, bases, namespace)
    setattr(sys.modules[module], name, made)
    return made


def dump(name, value, protocol):
    with open(f"{FOLDER}/{name}", "wb") as file:
        pickle.dump(value, file, protocol)


def stored():
    """Sparse matrices that are kept as blocks, diagonals and lists: of 4 rows and 6 columns."""
    import numpy

    def matrix(format, **state):
        made = class_of(f"scipy.sparse._{format}", f"{format}_matrix")()
        made.__dict__.update(_shape=(4, 6), maxprint=50, **state)
        return made

    def lists(*rows):
        made = numpy.empty(len(rows), object)
        made[:] = rows
        return made

    pointers, blocks = numpy.array([0, 1, 3], "i4"), numpy.arange(1.0, 19.0).reshape(3, 2, 3)
    offsets, diagonals = numpy.array([-1, 3], "i4"), numpy.arange(1, 13).reshape(2, 6)
    columns, values = lists([4], [], [0, 5], [1]), lists([1.5], [], [2.5, numpy.float64(-1)], [0.0])
    for protocol in 2, 4:
        dump(f"bsr_p{protocol}.pkl", matrix("bsr", indices=numpy.array([1, 0, 1], "i4"), indptr=pointers, data=blocks), protocol)
        dump(f"dia_p{protocol}.pkl", matrix("dia", offsets=offsets, data=diagonals), protocol)
        dump(f"lil_p{protocol}.pkl", matrix("lil", dtype=numpy.dtype("f8"), rows=columns, data=values), protocol)
    fortran = numpy.asfortranarray
    dump("bsr_fortran.pkl", matrix("bsr", indices=numpy.array([1, 0, 1], "i4"), indptr=pointers, data=fortran(blocks)), 4)
    dump("dia_fortran.pkl", matrix("dia", offsets=offsets, data=fortran(diagonals)), 4)
    dump("bsr_outside.pkl", matrix("bsr", indices=numpy.array([1, 0, 2], "i4"), indptr=pointers, data=blocks), 4)
    dump("dia_wrong.pkl", matrix("dia", offsets=offsets[:1], data=diagonals), 4)
    dump("lil_wrong.pkl", matrix("lil", dtype=numpy.dtype("f8"), rows=columns, data=lists([1.5], [], [2.5], [0.0])), 4)
    dump("lil_outside.pkl", matrix("lil", dtype=numpy.dtype("f8"), rows=lists([6], [], [], []), data=lists([1.5], [], [], [])), 4)


def masked_kinds():
    """Masked arrays of what is no plain number, the second item masked."""
    import numpy

    kinds = {
        "text": ["a", "bb", "\u00e9"],
        "bytes": [b"a", b"bb", b"\xff"],
        "times": numpy.array([1, 2, 3], "M8[ns]"),
        "days": numpy.array([1, 2, 3], "M8[D]"),
        "spans": numpy.array([1, 2, 3], "m8[s]"),
        "complex": [1j, 2j, 3j],
        "big": numpy.array([1, 2, 3], ">i4"),
    }
    for kind, values in kinds.items():
        for protocol in 2, 4:
            dump(f"masked_{kind}_p{protocol}.pkl", numpy.ma.array(values, mask=[0, 1, 0]), protocol)


def keys():
    import numpy

    made = class_of("m", "T", __getstate__=lambda self: ("pos", {"k": [1, 2]}), __setstate__=lambda self, state: None)
    table = {0: {"boxes": numpy.zeros((2, 4), "f4")}, 7: "seven", -1: "minus", (1, 2): "edge", b"data": b"\x00\x01", 1.5: "f"}
    table.update({None: "none", "a.b": 1, 'q"x': 2, "": "empty", "é": 3, 2**70: "big", True: "true?"})
    table.update({frozenset([1]): "fs", "t": made(), numpy.int64(42): "npint", "set": {("x", 1), "y"}})
    dump("keys.pkl", table, 4)


def likes():
    easy, own = class_of("easydict", "EasyDict", (dict,)), class_of("m", "MyList", (list,))
    pair = collections.namedtuple("NT", "x y")
    pair.__module__, sys.modules["m"].NT = "m", pair
    likes = {
        "od": collections.OrderedDict(a=1, b=[1, 2]),
        "dd": collections.defaultdict(list, {"k": [1]}),
        "cn": collections.Counter("aab"),
        "ed": easy(k={"z": 1}),
        "ml": own([1, 2, {"q": 3}]),
        "dq": collections.deque([1, 2]),
        "ud": collections.UserDict(a=1),
        "ns": types.SimpleNamespace(a=5),
        "nt": pair(1, {"w": 2}),
        "cm": collections.ChainMap({"a": 1}),
    }
    for protocol in (2, 4):
        dump(f"likes_p{protocol}.pkl", likes, protocol)


def containers():
    import numpy

    for protocol in (2, 4):
        dump(f"set_p{protocol}.pkl", {"a", "b", "c"}, protocol)
        dump(f"objarray_p{protocol}.pkl", numpy.array(["x", None, (1, 2)], dtype=object), protocol)
        dump(f"array_p{protocol}.pkl", numpy.arange(6.0).reshape(3, 2), protocol)
    dump("insidedict_p2.pkl", {"words": {"a", "b", "c"}, "fs": frozenset([1, 2]), "x": 1}, 2)


PYTHON2 = r"""
import cPickle, collections, sys
def dump(name, value, protocol):
    cPickle.dump(value, open("%s/%s_p%d.pkl" % (sys.argv[1], name, protocol), "wb"), protocol)
rows = [{"host": "web1", "city": "Z\xc3\xbcrich", "n": 1}, {"host": "web,2", "city": u"Ko\u0308ln", "n": 2L},
        {"host": 'say "hi"', "city": "\xff", "n": None}]
for protocol in (0, 2):
    dump("py2od", collections.OrderedDict([("k", 1), ("l", 2)]), protocol)
    dump("py2set", set(["a", "b"]), protocol)
    dump("py2in", {"s": set(["a"]), "od": collections.OrderedDict([("k", 1)])}, protocol)
    dump("rows", rows, protocol)
    dump("tuples", [("web1", 1, 2.5), ("a\nb", 2, 1e300)], protocol)
    dump("metrics", [("servers.web1.cpu", (1600000000, 0.5)), ("servers.web2.cpu", (1600000000, 3))], protocol)
"""


def arrays():
    import numpy

    table = numpy.array([["a", 1], ["b", None], ["c", 2.5]], dtype=object)
    records = [("i", "i4"), ("x", "f8"), ("s", "S3"), ("u", "U2")]
    arrays = {
        "c": table,
        "f": numpy.asfortranarray(table),
        "zero": numpy.array("x", dtype=object),
        "empty": numpy.zeros((0, 2), object),
        "rec": numpy.array([(1, 2.5, b"ab", "é"), (3, numpy.nan, b"", "zz")], dtype=records),
        "dt": numpy.array(["2020-01-02T03:04:05", "NaT"], "M8[s]"),
        "td": numpy.array([1, 2], "m8[ms]"),
        "U": numpy.array(["é", "ab"]),
        "S": numpy.array([b"x", b"yz"]),
        "b": numpy.array([[True], [False]]),
        "cplx": numpy.array([1 + 2j]),
        "f2": numpy.array([1.5], "f2"),
        "g": numpy.array([1.25], numpy.longdouble),
        "be": numpy.array([1, 256], ">i2"),
        "fint": numpy.asfortranarray(numpy.arange(6).reshape(2, 3)),
        "u64": numpy.array([2**64 - 1], "u8"),
        "nested": numpy.array([numpy.arange(2), numpy.arange(3)], dtype=object),
    }
    dump("arrays.pkl", arrays, 4)


def one_memo():
    recipe = class_of("bb.cache", "CoreRecipeInfo")
    with open(f"{FOLDER}/bb_cache.dat", "wb") as file:
        pickler = pickle.Pickler(file, 5)
        pickler.dump("154")
        pickler.dump("2.0.0")
        for i in range(3):
            made = recipe()
            made.pn, made.pv = "pkg%d" % i, "1.%d" % i
            made.depends, made.provides, made.skipped = ["gcc", "libc"], {"virtual/x"}, False
            pickler.dump("/recipes/pkg%d.bb" % i)
            pickler.dump(made)


def seeds():
    code = "import pickle, sys; pickle.dump({'names': set('abcde'), 'fs': frozenset('xyz'), 'n': 1}, open(sys.argv[1], 'wb'), 4)"
    for seed in ("1", "2"):
        subprocess.check_call([sys.executable, "-c", code, f"{FOLDER}/s{seed}.pkl"], env={"PYTHONHASHSEED": seed})
    dump("otherorder.pkl", {"n": 1, "fs": frozenset("xyz"), "names": set("abcde")}, 4)


def frames(version):
    import numpy
    import pandas

    if version == "025":
        # Its dtypes of periods have a helper of protocol 0 in front.
        months, quarters = (pandas.period_range("2024-01", periods=2, freq=freq) for freq in "MQ")
        dump("periods_pd025_p0.pkl", pandas.DataFrame({"q": quarters}, index=months), 0)
        return
    table = {
        "id": [1, 2, 3],
        "temp": [20.5, numpy.nan, 22.0],
        "name": ["a", "b", None],
        "at": pandas.to_datetime(["2020-01-01", "2020-01-02 03:04:05", None]),
        "ok": [True, False, True],
        "n": numpy.array([7, 8, 9], "i4"),
        "cat": pandas.Categorical(["x", "y", "x"]),
    }
    frame = pandas.DataFrame(table, index=pandas.Index([10, 20, 30], name="key"))
    dump(f"df_pd{version}.pkl", frame, 2 if version == "024" else 4)
    dump(f"series_pd{version}.pkl", frame["temp"], 2 if version == "024" else 4)


def beside():
    """Arrays that are no pickles: files of numpy.save and numpy.savez, those that gensim keeps beside a pickle; masked arrays;
    rows in the batches of a SequenceFile."""
    import numpy

    plain = numpy.arange(6.0, dtype="f4").reshape(2, 3)
    keyed = class_of("gensim.models.keyedvectors", "KeyedVectors")()
    keyed.vector_size, keyed.vectors = 3, None
    keyed.__dict__["__numpys"] = ["vectors", "not_there"]
    dump("w2v.kv", keyed, 4)
    numpy.save(f"{FOLDER}/w2v.kv.vectors.npy", plain)
    fields = numpy.dtype([(("Title", "id"), ">i2"), ("name", "U2"), ("at", "M8[s]"), ("m", "i1", (2,))], align=True)
    record = numpy.zeros(2, fields)
    record["id"], record["name"], record["at"], record["m"] = [1, -2], ["a", "\u00e9"], ["2020-01-02T03:04:05", "NaT"], [[1, 2], [3, 4]]
    numpy.save(f"{FOLDER}/record.npy", record)
    numpy.savez_compressed(f"{FOLDER}/arrays.npz", fortran=numpy.asfortranarray(plain), empty=numpy.zeros((0, 2)), one=numpy.array(7, "u2"))
    two = {"plain": numpy.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]]), "none": numpy.ma.array([1.5, 2])}
    two["fortran"] = numpy.ma.array(numpy.asfortranarray([[1, 2], [3, 4]]), mask=numpy.asfortranarray([[0, 1], [0, 0]]))
    for protocol in 2, 4:
        dump(f"masked_p{protocol}.pkl", two, protocol)
    inner = numpy.dtype([("x", "i2"), ("y", "U2")])
    records = numpy.ma.zeros(3, dtype=[("i", "i4"), ("in", inner), ("v", "f8", (2, 2)), ("t", "M8[D]")])
    records["i"], records["in"]["x"], records["v"] = [1, 2, 3], [4, 5, 6], numpy.arange(12.0).reshape(3, 2, 2)
    records["in"]["y"], records["t"] = ["a", "bc", "d"], numpy.array(["2024-01-02", "NaT", "2024-01-04"], "M8[D]")
    records["i"][0] = records["in"]["y"][1] = records["v"][1, 0, 1] = records["t"][2] = numpy.ma.masked
    for protocol in 2, 4:
        dump(f"masked_records_p{protocol}.pkl", records, protocol)
    holding = numpy.array([(1, "x", [1, 2]), (2, "y", {"k": None})], dtype=[("i", "i4"), ("s", "U3"), ("o", "O")])
    for protocol in 2, 4:
        dump(f"object_records_p{protocol}.pkl", holding, protocol)
    sync = bytes(range(100, 116))
    text = lambda name: bytes([len(name)]) + name.encode()
    with open(f"{FOLDER}/batches-00000", "wb") as file:
        file.write(b"SEQ\x06" + text("org.apache.hadoop.io.NullWritable") + text("org.apache.hadoop.io.BytesWritable") + bytes(6) + sync)
        for first, count in ((0, 2), (2, 0), (2, 3)):
            batch = pickle.dumps([{"id": n, "name": f"r{n}"} for n in range(first, first + count)], 4)
            value = len(batch).to_bytes(4, "big") + batch
            file.write(len(value).to_bytes(4, "big") + bytes(4) + value + b"\xff\xff\xff\xff" + sync)


def columns():
    """Values that stand for columns: dicts of arrays and lists, sparse matrices of SciPy (in the states that its classes have), and
    rows that are a pickle each."""
    import numpy

    def matrix(format, **state):
        made = class_of(f"scipy.sparse._{format}", f"{format}_matrix")()
        made.__dict__.update(_shape=(3, 4), maxprint=50, **state)
        return made

    data, minor = numpy.array([1.5, -2.0, 3.0]), numpy.array([1, 0, 3], "i4")
    pointers = {"csr": numpy.array([0, 1, 1, 3], "i4"), "csc": numpy.array([0, 0, 1, 1, 3], "i4")}
    rows = numpy.array([2, 0, 2], "i4")
    for protocol in 2, 4:
        table = {"n": numpy.arange(3), "s": numpy.array(["a", "b", "\u00e9"]), "l": [True, None, "x"], 7: (1, 2, 3)}
        dump(f"columns_p{protocol}.pkl", table, protocol)
        dump(f"csr_p{protocol}.pkl", matrix("csr", indices=minor, indptr=pointers["csr"], data=data), protocol)
        dump(f"csc_p{protocol}.pkl", matrix("csc", indices=rows, indptr=pointers["csc"], data=data), protocol)
        dump(f"coo_p{protocol}.pkl", matrix("coo", coords=(rows, minor), data=data), protocol)
    dump("coo_old_p2.pkl", matrix("coo", row=rows, col=minor, data=data), 2)
    dump("csr_wrong.pkl", matrix("csr", indices=minor, indptr=numpy.array([0, 2, 1, 3], "i4"), data=data), 4)
    dump("csr_outside.pkl", matrix("csr", indices=minor + 1, indptr=pointers["csr"], data=data), 4)
    dump("dia.pkl", matrix("dia", offsets=numpy.array([0]), data=numpy.ones((1, 3))), 4)
    stored()
    masked_kinds()
    dok = class_of("scipy.sparse._dok", "dok_matrix", (dict,), __reduce__=lambda self: dict.__reduce__(self))({(0, 1): 1.5, (2, 3): numpy.float64(-2)})
    dok.__dict__.update(_shape=(3, 4), maxprint=50, dtype=numpy.dtype("f8"))
    dump("dok_p2.pkl", dok, 2)
    dok.clear()
    dump("dok_empty.pkl", dok, 4)
    dump("cube.pkl", numpy.zeros((2, 2, 2)), 4)
    with open(f"{FOLDER}/log.pkl", "wb") as file:
        for n in range(3):
            pickle.dump({"n": n, "text": f"line {n}"} if n != 1 else {"text": "line 1", "more": [n]}, file, 4)


if __name__ == "__main__":
    FOLDER = sys.argv[-1]
    if "--pandas" in sys.argv:
        frames(sys.argv[sys.argv.index("--pandas") + 1])
        sys.exit()
    for make in (keys, likes, containers, arrays, one_memo, seeds, beside, columns):
        make()
    subprocess.check_call(["python2.7", "-c", PYTHON2, FOLDER])
