"""Loading with a policy: everything is judged before anything is imported, and what is refused says why."""

import collections
import io
import os
import pickle
import subprocess
import sys
import textwrap

import libpickle
import pytest
from libpickle import RefusedError

HERE = os.path.dirname(os.path.abspath(__file__))
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class User:
    def __init__(self, name):
        self.name = name

    def greet(self):
        return "I am " + self.name

    def __eq__(self, other):
        return type(other) is User and self.__dict__ == other.__dict__

    def __hash__(self):
        return hash(self.name)


def op(module, name, args, how=b"R"):
    """A call, in protocol 4."""
    return (
        b"\x80\x04\x8c%c%s\x8c%c%s\x93" % (len(module), module.encode(), len(name), name.encode()) + args + how + b"."
    )


def text(value):
    return b"\x8c%c%s" % (len(value), value.encode())


SYSTEM = b"cos\nsystem\n(S'echo > touched'\ntR."

# Each does something if it is loaded, in one way or another: name, pickle.
HOSTILE = {
    "system": SYSTEM,
    "system, dropped": b"cos\nsystem\n(S'echo > touched'\ntR0N.",
    "system of protocol 4": op("os", "system", text("echo > touched") + b"\x85"),
    "posix": op("posix", "system", text("echo > touched") + b"\x85"),
    "eval": op("builtins", "eval", text("open('touched', 'w')") + b"\x85"),
    "exec of Python 2": b"c__builtin__\nexecfile\n(S'touched'\ntR.",
    "instance": b"(S'echo > touched'\nios\nsystem\n.",
    "object": b"(cos\nsystem\nS'echo > touched'\no.",
    "newobj": op("subprocess", "Popen", text("echo > touched") + b"\x85", b"\x81"),
    "getattr": b"cbuiltins\ngetattr\n(cos\nS'system'\ntR(S'echo > touched'\ntR.".replace(b"cos\n", b"cos\npath\n"),
    "dotted": op("numpy.f2py", "os.system", text("echo > touched") + b"\x85"),
    "test helper of numpy": op("numpy.testing._private.utils", "runstring", text("open('touched', 'w')") + b"}\x86"),
    "partial": b"cfunctools\npartial\n(cos\nsystem\nS'echo > touched'\ntR)R.",
    "map": b"c__builtin__\nmap\n(cos\nsystem\n(lS'echo > touched'\natR(lI1\na.",
    "reconstructor": b"ccopyreg\n_reconstructor\n(cos\nsystem\ncos\nsystem\nS'echo > touched'\ntR.",
    "extension": b"\x82\x07.",
    "runpy": op("runpy", "run_path", text("touched") + b"\x85"),
    "import": op("importlib", "import_module", text("antigravity") + b"\x85"),
    "nested": op("pickle", "loads", b"C%c%s\x85" % (len(SYSTEM), SYSTEM)),
    "open": op("builtins", "open", text("touched") + text("w") + b"\x86"),
    "second pickle": b"N." + b"cos\nsystem\n(S'echo > touched'\ntR.",
    "state of a class": b"c__main__\nUser\n(N}S'greet'\ncos\nsystem\nstb.",
    "method shadowed": b"c__main__\nUser\n)\x81}S'greet'\ncos\nsystem\nsb.",
    "class state, plain": b"c__main__\nUser\n(N}S'greet'\nI1\nstb.",
    "torch load": op("torch.storage", "_load_from_bytes", b"C\x04cos\n\x85"),
    "numpy load": op("numpy", "load", text("touched") + b"\x85"),
    "code": op("types", "CodeType", b")"),
}

CHILD = """
import io, sys
sys.path.insert(0, {here!r})
import libpickle
import test_guarded
from test_guarded import User
import __main__
# Whatever the tests themselves need is imported by now.
for name in ("numpy", "numpy.f2py", "subprocess"):
    try:
        __import__(name)
    except ImportError:
        pass
# Every module that the policies may import is, too.
libpickle.loads(libpickle.dumps([1, 1.5, "a", b"b"], 0), allow=["numpy"])
quiet = {{"gc.get_objects", "object.__getattr__", "object.__setattr__", "object.__delattr__"}}
seen = []
watching = False
sys.addaudithook(lambda event, args: seen.append(event) if watching and event not in quiet else None)
policies = [
    dict(allow=[]), dict(allow=["collections.OrderedDict"]), dict(allow=["numpy"]), dict(allow=sorted(libpickle.LIBRARIES)),
    dict(allow=["__main__.User"]), dict(policy=libpickle.Policy(["__main__.User", "numpy"], strict=True)), dict(),
]
for name, data in test_guarded.HOSTILE.items():
    for policy in policies:
        for read in (libpickle.loads, lambda data, **how: libpickle.load(io.BytesIO(data), **how),
                     lambda data, **how: libpickle.Unpickler(io.BytesIO(data), **how).load(),
                     lambda data, **how: list(libpickle.pickles(io.BytesIO(data), **how))):
            for extra in (dict(), dict(encoding="latin1"), dict(encoding="bytes", fix_imports=False), dict(max_depth=5),
                          dict(known=False), dict(text_ints="decimal")):
                watching = True
                try:
                    read(data, **policy, **extra)
                    outcome = "read"
                except Exception as error:
                    outcome = type(error).__name__
                watching = False
                if seen:
                    print(name, policy, extra, outcome, seen)
                    sys.exit(1)
                assert User.greet(User("x")) == "I am x", (name, policy, "the class was changed")
print("nothing ran")
"""


def test_hostile_pickles_run_nothing_whatever_is_asked_for(tmp_path):
    code = textwrap.dedent(CHILD).format(here=HERE)
    child = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (child.returncode, child.stdout, child.stderr) == (0, "nothing ran\n", "")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_refused_says_why(name):
    data = HOSTILE[name]
    if name == "second pickle":
        # Nobody reads it.
        assert libpickle.loads(data, allow=[]) is None
        with pytest.raises(RefusedError):
            list(libpickle.pickles(io.BytesIO(data), allow=[]))
        return
    with pytest.raises(pickle.UnpicklingError) as caught:
        libpickle.loads(data, allow=["numpy"])
    assert isinstance(caught.value, RefusedError), caught.value
    assert caught.value.names and caught.value.kind == "Refused"
    assert caught.value.report.verdict != "clean"
    assert {"findings", "globals", "executes_on_load", "stats"} <= set(caught.value.report.to_dict())
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.names, copy.report) == (caught.value.names, caught.value.report)


def test_the_state_of_a_class_is_never_set():
    # The class is allowed, and the value is plain: it would still change the class for everybody.
    module = __name__.encode()
    for data in b"c%s\nUser\n(N}S'greet'\nI1\nstb." % module, b"c%s\nUser\n}S'greet'\nI1\nsb." % module:
        with pytest.raises(RefusedError, match="User"):
            libpickle.loads(data, allow=[User])
    assert User("x").greet() == "I am x"


def test_strict_takes_what_is_proved_only():
    data = pickle.dumps([User("a")])
    assert libpickle.loads(data, policy=libpickle.Policy([User], strict=True)) == [User("a")]
    # Readers that ignore frames go on behind the first STOP.
    divergent = b"\x80\x04\x95\x06\0\0\0\0\0\0\0N.\x8c\x01a."
    assert libpickle.scan(divergent).verdict == "divergent"
    assert libpickle.loads(divergent, allow=[]) is None
    with pytest.raises(RefusedError, match="frame"):
        libpickle.loads(divergent, policy=libpickle.Policy([], strict=True))
    assert repr(libpickle.Policy([User, "numpy"], strict=True)) == "Policy(['numpy', '%s.User'], strict=True)" % __name__


def test_policies_are_values():
    policy = libpickle.Policy(["numpy", User], strict=True)
    same = libpickle.Policy([(User.__module__, "User"), "numpy"], strict=True)
    assert policy == same and hash(policy) == hash(same) and policy != libpickle.Policy([User], strict=True)
    assert pickle.loads(pickle.dumps(policy)) == policy
    with pytest.raises(TypeError):
        libpickle.Policy("numpy")
    with pytest.raises(TypeError):
        libpickle.loads(b"N.", policy=policy, allow=[])


def test_every_library_has_a_table():
    import importlib.util

    for library in libpickle.LIBRARIES:
        policy = libpickle.Policy([library])
        assert policy.allowed == frozenset() and policy.libraries == {library}
        assert importlib.util.find_spec("libpickle") is not None
    tables = os.path.join(HERE, "..", "..", "..", "core", "tables")
    roots = set()
    for table in "numpy", "pandas", "sklearn", "torch", "more":
        with open(os.path.join(tables, table + ".tsv"), encoding="utf-8") as lines:
            roots |= {line.partition("\t")[0].partition(".")[0] for line in lines}
    known = set(libpickle.LIBRARIES).union(*libpickle.LIBRARIES.values())
    assert known <= roots and known == set(libpickle.LIBRARIES)


def test_numpy_by_its_name():
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    values = [
        numpy.arange(10),
        numpy.arange(12.0).reshape(3, 4),
        numpy.asfortranarray(numpy.ones((3, 5), "f4")),
        numpy.float64(1.5),
        numpy.array(["a", "bc"]),
        numpy.array([1, "x", None], dtype=object),
        numpy.zeros(3, dtype=[("a", "i4"), ("b", "f8")]),
        numpy.array(["2024-01-01"], dtype="M8[D]"),
        numpy.dtype("i4"),
        numpy.zeros(0),
        numpy.ones(100_000),
    ]
    for protocol in PROTOCOLS:
        for value in values:
            data = pickle.dumps({"x": value}, protocol)
            for read in (libpickle.loads, lambda data, allow: libpickle.load(io.BytesIO(data), allow=allow)):
                got = read(data, allow=["numpy"])["x"]
                assert type(got) is type(value)
                if isinstance(value, numpy.dtype):
                    assert got == value
                else:
                    assert got.dtype == value.dtype and numpy.array_equal(got, value)
                    assert got.flags.f_contiguous == value.flags.f_contiguous
            with pytest.raises(RefusedError):
                libpickle.loads(data, allow=["pytz"])
    # A name of the library that is in no table, or that does something, is not its constructors'.
    for module, name in ("numpy", "load"), ("numpy", "no_such_thing"), ("numpy.f2py", "compile"), ("numpy.lib", "loads"):
        with pytest.raises(RefusedError):
            libpickle.loads(op(module, name, text("x") + b"\x85"), allow=["numpy"])


def test_own_names_and_libraries_together():
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    for protocol in PROTOCOLS:
        data = pickle.dumps([User("a"), numpy.arange(3), collections.OrderedDict(a=1)], protocol)
        user, array, ordered = libpickle.loads(data, allow=[User, "numpy"])
        assert user == User("a") and array.tolist() == [0, 1, 2] and ordered == {"a": 1}
        with pytest.raises(RefusedError) as caught:
            libpickle.loads(data, allow=["numpy"])
        assert caught.value.names == [__name__ + ".User"]


def test_what_you_name_yourself_is_yours():
    # A function of one's own, and even a dangerous one: by its exact name, and only by that.
    data = b"cos\ngetenv\n(S'HOME'\ntR."
    with pytest.raises(RefusedError):
        libpickle.loads(data, allow=["os"] if "os" in libpickle.LIBRARIES else ["numpy"])
    assert libpickle.loads(data, allow=["os.getenv"]) == os.environ.get("HOME")


def test_judging_keeps_up_with_large_input():
    # More values and memo entries than a judge of fixed size has room for.
    value = [(i, str(i)) for i in range(300_000)]
    data = pickle.dumps([User("a"), value])
    assert libpickle.loads(data, policy=libpickle.Policy([User], strict=True))[1] == value
    wide = pickle.dumps((User("a"), tuple(range(400_000))))
    assert len(libpickle.loads(wide, policy=libpickle.Policy([User], strict=True))[1]) == 400_000


def test_unpicklers_that_share_a_memo():
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    user = User("a")
    pickler.dump([user])
    pickler.dump([user, 1])
    file.seek(0)
    unpickler = libpickle.Unpickler(file, allow=[User])
    first, second = unpickler.load(), unpickler.load()
    assert first[0] is second[0]


INSTALLED = """
import io, os, pickle, sys
sys.path.insert(0, {here!r})
from pickle import loads as early
import test_guarded
from test_guarded import HOSTILE, User
import libpickle
original = pickle.load, pickle.loads
data = pickle.dumps(User("a"))
with libpickle.install(allow=["test_guarded.User"]) as guard:
    assert pickle.loads(data) == early(data) == pickle.load(io.BytesIO(data)) == User("a")
    assert pickle.Unpickler(io.BytesIO(data)).load() == pickle._Unpickler(io.BytesIO(data)).load() == User("a")
    for name, hostile in HOSTILE.items():
        if name == "second pickle" or "state" in name or name == "method shadowed":
            continue
        for load in (pickle.loads, early, lambda data: pickle.load(io.BytesIO(data)),
                     lambda data: pickle.Unpickler(io.BytesIO(data)).load(),
                     lambda data: pickle._Unpickler(io.BytesIO(data)).load()):
            try:
                load(hostile)
            except (libpickle.RefusedError, ValueError):
                # Extension codes that nobody has registered are a ValueError.
                continue
            sys.exit("%s was loaded" % name)
    inner = libpickle.install(allow=[])
    for load in pickle.loads, early:
        try:
            load(data)
        except libpickle.RefusedError as error:
            assert error.names == ["test_guarded.User"]
        else:
            sys.exit("the inner guard let it through")
    try:
        guard.remove()
    except RuntimeError:
        pass
    else:
        sys.exit("the outer guard went first")
    inner.remove()
    inner.remove()
    assert pickle.loads(data) == User("a")
assert (pickle.load, pickle.loads) == original
class Late:
    pass
assert type(early(pickle.dumps(Late()))) is Late
print("guarded")
"""


def test_a_guard_for_everybody(tmp_path):
    code = INSTALLED.format(here=HERE)
    child = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (child.returncode, child.stdout, child.stderr) == (0, "guarded\n", "")
    assert os.listdir(tmp_path) == []


def test_a_guard_with_a_library(tmp_path):
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    good, bad = tmp_path / "good.npy", tmp_path / "bad.npy"
    numpy.save(good, numpy.array([1, "a", None], dtype=object), allow_pickle=True)
    numpy.save(bad, numpy.array([os.getenv], dtype=object), allow_pickle=True)
    with libpickle.install(allow=["numpy"]):
        assert numpy.load(good, allow_pickle=True).tolist() == [1, "a", None]
        with pytest.raises(pickle.UnpicklingError):
            numpy.load(bad, allow_pickle=True)
    assert numpy.load(bad, allow_pickle=True)[0] is os.getenv
