"""What `pickle` takes out of files, and makes of Python 2's, beside real numpy, pandas, scikit-learn and safetensors.

usage: check.py PICKLE CORPUS    (the command, and the folder that has manifest.json)
"""
import array
import collections
import io
import pathlib
import pickle
import subprocess
import sys
import tempfile
import warnings
import zipfile

import numpy as np
import pandas as pd
try:
    import safetensors
except ImportError:
    # The libraries of 2020 are there for Python 2's archives alone.
    safetensors = None

warnings.simplefilter("ignore")
COMMAND, CORPUS = sys.argv[1], pathlib.Path(sys.argv[2]) / "data"
wrong = []


def run(*args):
    done = subprocess.run([COMMAND, *map(str, args)], capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode().strip())
    return done.stdout


# --- Python 2 archives ------------------------------------------------------------------------------------------------


def same(a, b, seen=None):
    """Equal in type and content, all the way down."""
    seen = set() if seen is None else seen
    if type(a) is not type(b):
        return False
    if (id(a), id(b)) in seen:
        return True
    seen.add((id(a), id(b)))
    if isinstance(a, (pd.DataFrame, pd.Series, pd.Index)):
        return a.equals(b)
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        if a.dtype.hasobject:
            return all(same(x, y, seen) for x, y in zip(a.ravel().tolist(), b.ravel().tolist()))
        return a.tobytes() == b.tobytes()
    if hasattr(a, "tocsr"):
        return same(vars(a), vars(b), seen)
    if isinstance(a, dict):
        return len(a) == len(b) and all(k in b and same(v, b[k], seen) for k, v in a.items())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, seen) for x, y in zip(a, b))
    if hasattr(a, "__dict__") and not isinstance(a, type) and type(a).__eq__ is object.__eq__:
        return same(vars(a), vars(b), seen)
    if hasattr(a, "get_state") and hasattr(a, "seed"):
        return same(a.get_state(), b.get_state(), seen)
    if type(a).__eq__ is object.__eq__ and not hasattr(a, "__dict__"):
        return same(a.__reduce_ex__(2)[1:], b.__reduce_ex__(2)[1:], seen)
    equal = a == b
    return bool(np.all(equal)) or bool(a != a and b != b) or repr(a) == repr(b)


def load(path, **options):
    """As users do: pandas' own reader knows how its old classes moved."""
    try:
        with open(path, "rb") as file:
            return pickle.load(file, **options)
    except Exception:
        if options:
            from pandas.compat import pickle_compat

            with open(path, "rb") as file:
                if hasattr(pickle_compat, "load"):
                    return pickle_compat.load(file, **options)
                return pickle_compat.Unpickler(file, **options).load()
        return pd.read_pickle(path)


def python2(folder):
    loaded = collections.Counter()
    for path in sorted((CORPUS / "science_old/py27").glob("*.pkl")):
        kind = path.name[:2]
        new = folder / "new.pkl"
        shown = run("show", path)
        assert shown.strip(), path
        run("convert", path, "-o", new, "--from-python2", "--profile", "3.13")
        assert new.read_bytes()[:2] == b"\x80\x05", path
        try:
            expected = load(path, encoding="latin1")
        except Exception as error:
            # Today's library has no room for it, whoever reads: a scikit-learn tree of 2018, say.
            loaded[kind, "not even with encoding='latin1'"] += 1
            continue
        try:
            found = load(new)
        except Exception as error:
            wrong.append(f"{path.name}: the converted file does not load: {error!r}")
            continue
        if same(expected, found):
            loaded[kind, "same"] += 1
        else:
            wrong.append(f"{path.name}: {found!r} is not {expected!r}")
    print("Python 2 archives:", {" ".join(key): n for key, n in sorted(loaded.items())})
    # Today's pandas and scikit-learn have no room for what theirs of 2018 wrote; those of 2020 have.
    if loaded["np", "same"] < 50 or (not safetensors and min(loaded["pd", "same"], loaded["sk", "same"]) < 4):
        wrong.append("too few Python 2 archives could be compared")


# --- tensors ----------------------------------------------------------------------------------------------------------

WIDTHS = {"Double": 8, "Long": 8, "ComplexFloat": 8, "ComplexDouble": 16, "Float": 4, "Int": 4, "QInt32": 4, "Half": 2,
          "BFloat16": 2, "Short": 2}


class Tensor:
    def __init__(self, storage, offset, size, stride, *_):
        data, width = storage
        self.size = list(size)
        base = np.frombuffer(data, dtype=f"V{width}")[offset:] if len(data) else np.zeros(0, f"V{width}")
        view = np.lib.stride_tricks.as_strided(base, size, [n * width for n in stride]) if base.size else np.zeros(size, f"V{width}")
        self.data = np.ascontiguousarray(view).tobytes()


class Reader(pickle.Unpickler):
    """Reads a torch pickle with stand-ins for torch's classes; `storages` gives bytes by key."""

    def __init__(self, file, storages):
        super().__init__(file)
        self.storages, self.tensors = storages, []

    def find_class(self, module, name):
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self.tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda data, *_: data
        if module == "torch" and name.endswith("Storage"):
            return WIDTHS.get(name[: -len("Storage")], 1)
        if module == "collections":
            return collections.OrderedDict
        if module.startswith(("torch", "__")):
            return type(name, (), {"__init__": lambda self, *a, **k: None})
        return super().find_class(module, name)

    def persistent_load(self, pid):
        if pid[0] == "module":
            return pid[1]
        return self.storages(pid[2], pid[1]), pid[1]

    def tensor(self, *args):
        self.tensors.append(Tensor(*args))
        return self.tensors[-1]


def torch_tensors(path):
    if zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        main = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        root = main[: -len("data.pkl")]
        reader = Reader(archive.open(main), lambda key, _: archive.read(f"{root}data/{key}"))
        return reader.load(), reader.tensors
    # Before torch 1.6: the storages lie behind the pickles, so the object is read twice.
    data = path.read_bytes()
    file, widths = io.BytesIO(data), {}

    def note(key, width):
        widths[key] = width
        return b""

    for _ in range(3):
        pickle.load(file)
    at = file.tell()
    Reader(file, note).load()
    keys, storages = pickle.load(file), {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        storages[key] = file.read(count * widths[key])
    file.seek(at)
    reader = Reader(file, lambda key, _: storages[key])
    return reader.load(), reader.tensors


def tensors(folder):
    same_files = 0
    refused = []
    for path in sorted((CORPUS / "torch").glob("*/*.pt")):
        out = folder / "out.safetensors"
        try:
            run("extract", path, "-o", out)
        except RuntimeError as error:
            refused.append((path.name, str(error)))
            continue
        # The library checks the header, the offsets and the sizes.
        found = dict(safetensors.deserialize(out.read_bytes()))
        whole, expected = torch_tensors(path)
        want = sorted((t.size, t.data) for t in expected)
        got = sorted((list(t["shape"]), bytes(t["data"])) for t in found.values())
        # A tensor that hangs in two places has two names.
        if not all(t in got for t in want) or not all(t in want for t in got) or len(got) < len({id(t) for t in expected}):
            wrong.append(f"{path.name}: {[(n, t['shape']) for n, t in found.items()]}, not {[t.size for t in expected]}")
        elif isinstance(whole, dict) and all(isinstance(t, Tensor) for t in whole.values()) and set(found) != set(whole):
            wrong.append(f"{path.name}: the names {sorted(found)}, not {sorted(whole)}")
        else:
            same_files += 1
    print(f"PyTorch files: {same_files} the same, refused:")
    for name, error in refused:
        print(f"  {name}: {error.split(': ', 2)[-1][:150]}")
    unlike = [name for name, _ in refused if not name.startswith(("no_tensors", "quantized", "sparse", "size_dtype", "torchscript", "tensor_complex128"))]
    if unlike or same_files < 40:
        wrong.append(f"PyTorch files that were not taken: {unlike}")


# --- arrays -----------------------------------------------------------------------------------------------------------


def every_dtype():
    """Arrays of every dtype that NumPy writes, by name."""
    rng = np.random.default_rng(1)
    made = {
        "floats": rng.random((300, 20)), "ints": np.arange(5, dtype=">i4"), "fortran": np.asfortranarray(rng.random((3, 4))),
        "bools": np.array([True, False]), "text": np.array(["a", "bc"]), "days": np.array(["2024-02-29"], "M8[D]"),
        "none": np.zeros((0, 3)), "one": np.array(7, "u2"), "bytes": np.array([b"ab"]), "complex": np.ones(2, "c8"),
        "large": rng.integers(0, 255, 3_000_000, dtype=np.uint8),
        "fortran3": np.asfortranarray(rng.random((2, 3, 4))), "column": np.asfortranarray(rng.random((5, 1))),
        "fortran_none": np.zeros((3, 0, 2), order="F"), "strided": rng.random((6, 6))[::2, ::-3],
        "big_text": np.array([["\u00e9", "\U0001f40d"]], ">U3"), "no_text": np.zeros(2, "U0"), "no_bytes": np.zeros(2, "S0"),
        "void": np.frombuffer(b"abcdef", "V3"), "half": np.arange(3, dtype="f2"), "complex_big": np.ones((2, 2), ">c16"),
        "longdouble": np.array([1, np.pi, np.inf], np.longdouble), "clongdouble": np.array([1 + 2j], np.clongdouble),
        "matrix": np.matrix([[1, 2], [3, 4]]), "chars": np.char.array(["a", "b"]), "axes": np.zeros((1,) * 20, "i1"),
        "generic": np.zeros(1, "M8"), "wide": np.zeros((10 ** 6, 0), "f4"),
    }
    for count in 0, 1, 255, 256, 65535, 65536:
        made[f"n{count}"] = np.arange(count, dtype="<u2")
    for unit in "Y M W D h m s ms us ns ps fs as 25s 7D".split():
        made[f"time_{unit}"] = np.array([0, 1, -1, "NaT"], f"M8[{unit}]")
        made[f"span_{unit}"] = np.array([[0, 1, -1]], f">m8[{unit}]")
    records = {
        "record": [("a", "<i4"), ("b", ">f8")], "titles": [(("Title", "t"), "<i2"), (("It's", "u"), "S2")],
        "inner": [("a", "i1"), ("n", [("x", "S3"), ("y", ">i2"), ("z", [("deep", "M8[ns]")])])],
        "subarray": [("m", "<f4", (2, 3)), ("v", "U2", 2), ("n", [("x", "i1", (1,))], (2,))],
        "latin1": [("\u00e9", "i1")], "utf8": [("\u03bb", "i1"), ("quote'", "i1"), ('both\'"', "i1")],
        "many": [(f"field number {n}", "<f8") for n in range(3000)],
    }
    for name, fields in records.items():
        for align in False, True:
            dtype = np.dtype(fields, align=align)
            made[f"{name}_{align}"] = np.frombuffer(bytes(range(97, 97 + 20)) * dtype.itemsize * 3, dtype, 3) if name != "utf8" else np.zeros(2, dtype)
    made["gaps"] = np.zeros(2, {"names": ["a", "b"], "formats": ["i2", "f4"], "offsets": [3, 8], "itemsize": 20})
    made["recarray"] = np.rec.array([(1, 2.0), (3, 4.0)], dtype="i4,f8")
    made["objects"] = np.array([["a", 1], [None, 2.5]], object)
    made["objects_fortran"] = np.asfortranarray([["a", 1, ()], [None, 2.5, {}]], object)
    made["objects_0d"] = np.array({"a": 1}, object)
    made["no_objects"] = np.array([], object)
    made["record_objects"] = np.array([(1, "x"), (2, [3])], [("i", "i4"), ("o", "O")])
    if hasattr(np.dtypes, "StringDType") if hasattr(np, "dtypes") else False:
        made["strings"] = np.array([["a", "\u00e9" * 300], ["", "b"]], np.dtypes.StringDType())
    return made


def saved(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def arrays(folder):
    made = every_dtype()
    count = same_bytes = 0
    options = {} if np.__version__ < "1.24" else {"max_header_size": 1 << 20}
    modern = tuple(int(part) for part in np.__version__.split(".")[:2]) >= (2, 0)
    for protocol in 0, 2, 4, 5:
        (folder / "arrays.pkl").write_bytes(pickle.dumps(made, protocol))
        for name, array in made.items():
            out = folder / "out.npy"
            out.unlink(missing_ok=True)
            (folder / "array.pkl").write_bytes(pickle.dumps([name, array], protocol))
            run("extract", folder / "array.pkl", "$[1]", "-o", out)
            found = np.load(out, allow_pickle=array.dtype.hasobject, **options)
            # Titles are told by the fields alone, and what is aligned by nothing.
            if found.dtype != array.dtype or found.dtype.fields != array.dtype.fields or found.shape != array.shape:
                wrong.append(f"{name} in protocol {protocol}: {found.dtype!r}, {found.shape}, not {array.dtype!r}, {array.shape}")
            elif not (found.tolist() == array.tolist() if array.dtype.hasobject else found.tobytes() == array.tobytes()):
                wrong.append(f"{name} in protocol {protocol}: {found!r}")
            # Objects are pickled again, in the order that NumPy lists them in.
            if modern and not array.dtype.hasobject:
                same_bytes += out.read_bytes() == saved(array)
                if out.read_bytes() != saved(array):
                    wrong.append(f"{name} in protocol {protocol}: {out.read_bytes()[:200]}, not {saved(array)[:200]}")
            count += 1
        run("extract", folder / "arrays.pkl", "-o", folder / "out.npz")
        archive, unlike = np.load(folder / "out.npz", allow_pickle=True), []
        # Of records NumPy does not read what lies between the fields, so the members are compared as they are.
        with zipfile.ZipFile(folder / "out.npz") as members:
            for name, array in made.items():
                if array.dtype.hasobject:
                    same = archive[name].tolist() == array.tolist()
                else:
                    same = not modern or members.read(name + ".npy") == saved(array)
                unlike += [] if same else [name]
        if unlike or set(archive) != set(made):
            wrong.append(f"the archive of protocol {protocol} has other {unlike}, {set(archive) ^ set(made)}")
    print(f"arrays: {count} the same, {same_bytes} as NumPy's own bytes")


def strange_arrays(folder):
    """Masked arrays, overlapping fields, and arrays of the standard library."""
    source, out = folder / "strange.pkl", folder / "out.npy"
    for protocol in range(6):
        for mask in [0, 1, 0], np.ma.nomask:
            masked = np.ma.array([1, 2, 3], mask=mask, dtype=">i2")
            source.write_bytes(pickle.dumps(masked, protocol))
            done = subprocess.run([COMMAND, "extract", source, "-o", out], capture_output=True, text=True)
            if done.returncode or ("mask" in done.stderr) != (mask is not np.ma.nomask) or out.read_bytes()[-6:] != masked.data.tobytes():
                wrong.append(f"masked array in protocol {protocol}: {done}")
        overlap = np.zeros(2, {"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 2]})
        source.write_bytes(pickle.dumps(overlap, protocol))
        done = subprocess.run([COMMAND, "extract", source, "-o", out], capture_output=True, text=True)
        if done.returncode != 1 or "overlap" not in done.stderr:
            wrong.append(f"overlapping fields in protocol {protocol}: {done}")
        for code in "bBhHiIlLqQfdu":
            values = array.array(code, "a\u00e9" if code == "u" else [0, 1, 100])
            source.write_bytes(pickle.dumps(values, protocol))
            run("extract", source, "-o", out)
            found, expected = np.load(out), np.array(values) if code != "u" else np.array(list(values))
            if found.dtype != expected.dtype or found.tolist() != expected.tolist():
                wrong.append(f"array.array {code} in protocol {protocol}: {found!r}, not {expected!r}")
        nested = {"model": {"w": np.arange(6.0).reshape(2, 3), "fortran": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))}, "n": 1,
                  "list": [np.ones(2, "f2"), (np.array([True]),)]}
        source.write_bytes(pickle.dumps(nested, protocol))
        if safetensors:
            run("extract", source, "$.model", "-o", folder / "out.safetensors")
            found = dict(safetensors.deserialize((folder / "out.safetensors").read_bytes()))
            data = {name: (t["dtype"], t["shape"], bytes(t["data"])) for name, t in found.items()}
            if data != {"w": ("F64", [2, 3], nested["model"]["w"].tobytes()), "fortran": ("I32", [2, 3], np.arange(6, dtype="<i4").tobytes())}:
                wrong.append(f"safetensors of arrays in protocol {protocol}: {data}")
        run("extract", source, "-o", folder / "out.npz")
        found = np.load(folder / "out.npz")
        if set(found) != {"model.w", "model.fortran", "list.0", "list.1.0"} or found["model.fortran"].dtype != ">i4":
            wrong.append(f"npz of nested arrays in protocol {protocol}: {set(found)}")
    print("masked arrays, arrays of the standard library and archives: done")


with tempfile.TemporaryDirectory() as name:
    python2(pathlib.Path(name))
    arrays(pathlib.Path(name))
    strange_arrays(pathlib.Path(name))
    if safetensors:
        tensors(pathlib.Path(name))
print("\n".join(wrong) or "all the same")
sys.exit(bool(wrong))
