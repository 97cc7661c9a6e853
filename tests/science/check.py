"""What `pickle` takes out of files, and makes of Python 2's, beside real numpy, pandas, scikit-learn and safetensors.

usage: check.py PICKLE CORPUS    (the command, and the folder that has manifest.json)
"""
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


def arrays(folder):
    rng = np.random.default_rng(1)
    made = {
        "floats": rng.random((300, 20)), "ints": np.arange(5, dtype=">i4"), "fortran": np.asfortranarray(rng.random((3, 4))),
        "bools": np.array([True, False]), "text": np.array(["a", "bc"]), "days": np.array(["2024-02-29"], "M8[D]"),
        "none": np.zeros((0, 3)), "one": np.array(7, "u2"), "bytes": np.array([b"ab"]), "complex": np.ones(2, "c8"),
        "large": rng.integers(0, 255, 3_000_000, dtype=np.uint8),
    }
    count = 0
    for protocol in range(6):
        (folder / "arrays.pkl").write_bytes(pickle.dumps(made, protocol))
        for name, array in made.items():
            out = folder / "out.npy"
            out.unlink(missing_ok=True)
            run("extract", folder / "arrays.pkl", f"$.{name}", "-o", out)
            found = np.load(out)
            if found.dtype != array.dtype or found.shape != array.shape or found.tobytes() != array.tobytes():
                wrong.append(f"{name} in protocol {protocol}: {found!r}")
            count += 1
    print(f"arrays: {count} the same")


with tempfile.TemporaryDirectory() as name:
    python2(pathlib.Path(name))
    arrays(pathlib.Path(name))
    if safetensors:
        tensors(pathlib.Path(name))
print("\n".join(wrong) or "all the same")
sys.exit(bool(wrong))
