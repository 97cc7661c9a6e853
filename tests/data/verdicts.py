#!/usr/bin/env python3
"""Writes verdicts.tsv: small pickles of each way to attack, and harmless ones that look alike.

usage: verdicts.py        None of them is loaded, here or in a test. What they name would do no harm if they were.

Columns: the class of attack, a name, the verdicts that are right (`|` between them), the rules of which at least one must
be told (`|` between them, `-` for none), the bytes in hexadecimal.
"""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = []

P2, P4 = b"\x80\x02", b"\x80\x04"
NONE, POP, DICT, LIST = b"N", b"0", b"}", b"]"


def s(text):
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data if len(data) < 256 else b"X" + struct.pack("<I", len(data)) + data


def raw(data):
    return b"C" + bytes([len(data)]) + data if len(data) < 256 else b"B" + struct.pack("<I", len(data)) + data


def i(n):
    return b"J" + struct.pack("<i", n)


def g(module, name):
    return s(module) + s(name) + b"\x93"


def old(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def t(*items):
    return b"(" + b"".join(items) + b"t"


def lst(*items):
    return b"](" + b"".join(items) + b"e"


def dct(*items):
    return b"}(" + b"".join(items) + b"u"


def call(function, *args):
    return function + t(*args) + b"R"


def new(cls, *args):
    return cls + t(*args) + b"\x81"


def new_ex(cls, args, kwargs):
    return cls + t(*args) + kwargs + b"\x92"


def build(obj, state):
    return obj + state + b"b"


def attr(obj, name):
    return call(g("builtins", "getattr"), obj, s(name))


def row(kind, name, verdicts, rules, body, head=P4, end=b"."):
    ROWS.append((kind, name, verdicts, rules, head + body + end))


BAD = "dangerous"
NOT_CLEAN = "unknown|suspicious|dangerous"
TRUE = s("true")
ARRAY = call(g("numpy._core.multiarray", "_reconstruct"), g("numpy", "ndarray"), t(i(0)), raw(b"b"))
METHOD = attr(ARRAY, "tofile")
PARTIAL = g("functools", "partial")

# ---- names
for module, name in [
    ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"), ("subprocess", "check_output"), ("builtins", "eval"),
    ("builtins", "exec"), ("builtins", "__import__"), ("runpy", "run_path"), ("pty", "spawn"), ("code", "interact"), ("socket", "create_connection"),
    ("importlib", "import_module"), ("pkgutil", "resolve_name"), ("timeit", "timeit"), ("cProfile", "run"), ("trace", "Trace"), ("bdb", "Bdb"),
    ("doctest", "testfile"), ("pydoc", "locate"), ("ctypes", "CDLL"), ("marshal", "loads"), ("pickle", "loads"), ("shelve", "open"),
    ("types", "FunctionType"), ("types", "CodeType"), ("webbrowser", "open"), ("urllib.request", "urlopen"), ("smtplib", "SMTP"),
    ("ftplib", "FTP"), ("multiprocessing", "Process"), ("asyncio", "create_subprocess_shell"), ("_pyrepl.pager", "pipe_pager"),
    ("idlelib.pyshell", "ModifiedInterpreter"), ("lib2to3.pgen2.pgen", "ParserGenerator"), ("distutils.spawn", "spawn"),
    ("setuptools.msvc", "msvc14_get_vc_env"), ("site", "execsitecustomize"), ("ensurepip", "_run_pip"), ("venv", "create"),
    ("zipimport", "zipimporter"), ("logging.config", "dictConfig"), ("logging.config", "fileConfig"), ("uuid", "_get_command_stdout"),
    ("_posixsubprocess", "fork_exec"), ("numpy.f2py.crackfortran", "myeval"), ("numpy.testing._private.utils", "runstring"),
    ("pandas", "read_pickle"), ("pandas", "eval"), ("torch", "load"), ("torch.hub", "load"), ("torch.jit", "load"), ("joblib", "load"),
    ("joblib.memory", "extract_first_line"), ("sympy", "sympify"), ("numexpr", "evaluate"), ("dill", "loads"), ("cloudpickle", "loads"),
    ("copyreg", "add_extension"), ("atexit", "register"), ("typing", "get_type_hints"), ("annotationlib", "ForwardRef"),
]:
    row("A1", f"{module}.{name} called", BAD, "PK201", call(g(module, name), TRUE))
    row("D1", f"{module}.{name} stored", BAD, "PK101", lst(g(module, name)))
for module, name in [("__builtin__", "eval"), ("__builtin__", "execfile"), ("__builtin__", "input"), ("__builtin__", "file"), ("commands", "getoutput"), ("cPickle", "loads"), ("urllib2", "urlopen"), ("__builtin__", "reload")]:
    row("A3", f"{module}.{name} of Python 2", BAD, "PK201", old(module, name) + t(TRUE) + b"R", P2)
row("A4", "os.path.os.system", BAD, "PK201", call(g("os.path", "os.system"), TRUE))
row("A5", "pathlib with os.system", BAD, "PK103|PK201", call(g("pathlib", "os.system"), TRUE))
row("A6", "__globals__ of a class", "suspicious|dangerous", "PK104", call(g("collections", "OrderedDict.__init__.__globals__"), TRUE))
row("A6", "__subclasses__", "suspicious|dangerous", "PK104", call(g("builtins", "object.__subclasses__")))
row("A7", "an alias of os", BAD, "PK201", call(g("random", "_os.system"), TRUE))
row("A8", "a prefix is no library", "unknown", "PK102", g("numpy_evil", "load"))
row("A9", "letters that look alike", "suspicious|dangerous", "PK106", g("o\u0455", "system"))
row("A9", "an empty module", "suspicious|dangerous", "PK106", g("", "system"))
row("A10", "a name of the program", "unknown", "PK109", call(g("__main__", "Thing")))
row("A10", "a sink's name in the program", BAD, "PK109", call(g("__main__", "system"), TRUE))
for module in ("antigravity", "this", "idlelib.idle", "test.support"):
    row("A12", f"import {module}", BAD, "PK101", g(module, "x"))

# ---- attributes of listed classes: held, not called
METHOD_OF = g("pathlib", "Path.with_name")
row("K1", "a method of a listed class, stored", "clean", "-", lst(g("scipy.interpolate._interpolate", "interp1d._call_linear")))
row("K1", "a member of an enumeration, by getattr", "clean", "-", lst(attr(g("http", "HTTPStatus"), "OK")))
row("K1", "a method of a listed class, called", NOT_CLEAN, "PK203|PK206", call(METHOD_OF, s("x")))
row("K1", "a method of a listed class, kept by a partial", NOT_CLEAN, "PK202", call(PARTIAL, METHOD_OF, s("x")))
row("K1", "a method of a listed class, by map", NOT_CLEAN, "PK202", call(g("builtins", "map"), METHOD_OF, lst(s("x"))))
row("K1", "a method of a listed class, for a default", NOT_CLEAN, "PK202", call(g("collections", "defaultdict"), METHOD_OF))
row("K1", "a method of a listed class, among the arguments of a class", NOT_CLEAN, "PK202", call(g("fractions", "Fraction"), METHOD_OF))
row("K1", "what a method of a listed class is made of", "suspicious|dangerous", "PK104", g("pathlib", "Path.with_name.__globals__"))
row("K1", "an attribute of a method, without underscores", NOT_CLEAN, "PK103", g("pathlib", "Path.with_name.func_globals"))
row("K1", "state for a method of a listed class", NOT_CLEAN, "PK301|PK302|PK303|PK304|PK305|PK306|PK307", build(METHOD_OF, dct(s("x"), i(1))))
row("K1", "an attribute of a class of django", NOT_CLEAN, "PK103", lst(g("django.db.models.base", "Model.objects")))

# ---- operands
row("B1", "memo entry written twice", BAD, "PK201", s("abs") + b"\x940" + s("system") + b"q\x000" + s("posix") + b"h\x00\x93" + t(TRUE) + b"R")
row("B2", "a name out of bytes", BAD, "PK105", call(g("_codecs", "encode"), s("os")) + s("system") + b"\x93" + t(TRUE) + b"R")
row("B2", "a name out of a list", BAD, "PK105", s("os") + call(g("builtins", "max"), lst(s("system"))) + b"\x93" + t(TRUE) + b"R")
row("B4", "STRING operands without PROTO", BAD, "PK201", b"S'os'\nS'system'\n\x93(S'true'\ntR", b"")

# ---- calls
row("C1", "INST", BAD, "PK201", b"(S'true'\nios\nsystem\n", b"")
row("C1", "OBJ", BAD, "PK201", b"(" + old("os", "system") + b"S'true'\no", b"")
row("C1", "NEWOBJ", BAD, "PK201", new(g("subprocess", "Popen"), TRUE))
row("C1", "NEWOBJ_EX", BAD, "PK201", new_ex(g("subprocess", "Popen"), (TRUE,), DICT))
row("C2", "state of a class", "suspicious|dangerous", "PK301", build(g("collections", "OrderedDict"), dct(s("x"), i(1))))
row("C2", "a dunder of a class", BAD, "PK301", build(g("collections", "OrderedDict"), NONE + dct(s("__len__"), g("builtins", "len")) + b"\x86"))
row("C2", "attributes of a module", "suspicious|dangerous", "PK301|PK102", build(call(g("dill._dill", "_import_module"), s("json")), dct(s("x"), i(1))))
row("C4", "an unknown extension code", "suspicious", "PK401", b"\x82\x07" + t() + b"R")
row("C5", "a path as persistent id", "suspicious", "PK403", s("../../etc/hosts") + b"Q" + b"\x85")
for name in ("map", "filter"):
    row("C6", f"{name} over a sink", BAD, "PK101|PK202", call(g("builtins", "list"), call(g("builtins", name), g("os", "system"), lst(TRUE))))
row("C6", "partial of a sink", BAD, "PK101|PK202", call(call(PARTIAL, g("os", "system"), TRUE)))
row("C6", "reduce over a sink", BAD, "PK101|PK202", call(g("functools", "reduce"), g("os", "system"), lst(TRUE, TRUE)))
row("C6", "operator.call of a sink", BAD, "PK101|PK202", call(g("operator", "call"), g("os", "system"), TRUE))
row("C6", "attrgetter through a module", "suspicious|dangerous", "PK104|PK204", call(call(g("operator", "attrgetter"), s("__class__.__base__")), ARRAY))
row("C7", "a bit generator that is a sink", BAD, "PK101|PK202", call(g("numpy.random._pickle", "__bit_generator_ctor"), g("os", "system")))
row("C7", "_rebuild_from_type_v2 of a sink", BAD, "PK101|PK202", call(g("torch._tensor", "_rebuild_from_type_v2"), g("os", "system"), g("torch", "Tensor"), t(TRUE), DICT))
row("C7", "_lazy_proxy_unpickle of a sink", BAD, "PK101|PK202", call(g("django.utils.functional", "_lazy_proxy_unpickle"), g("os", "system"), t(TRUE), DICT, g("builtins", "str")))
row("C7", "a module by its name", BAD, "PK101|PK105", call(g("dill._dill", "_import_module"), s("os")))
row("C7", "a module by a computed name", BAD, "PK105", call(g("dill._dill", "_import_module"), call(g("_codecs", "encode"), s("os"))))
row("C7", "_reconstructor with a sink for a base", BAD, "PK101|PK202", call(g("copyreg", "_reconstructor"), g("builtins", "object"), g("subprocess", "Popen"), TRUE))
row("C7", "_reconstructor with a formula for a base", NOT_CLEAN, "PK208", call(g("copyreg", "_reconstructor"), g("builtins", "object"), g("sympy.core.add", "Add"), s("print(1)")))
row("C8", "map of a class that evaluates text", NOT_CLEAN, "PK202", call(g("builtins", "list"), call(g("builtins", "map"), g("sympy.core.add", "Add"), lst(s("print(1)")))))
row("C12", "a formula", BAD, "PK208", new(g("sympy.core.add", "Add"), s("print(1)")))
row("C12", "a formula in keywords", NOT_CLEAN, "PK208", new_ex(g("sympy.core.add", "Add"), (), dct(s("x"), s("print(1)"))))
row("C9", "a made type with a finaliser", "suspicious|dangerous", "PK305", call(g("builtins", "type"), s("T"), t(), dct(s("__del__"), g("builtins", "print"))))
row("C9", "a metaclass", NOT_CLEAN, "PK305", call(g("enum", "EnumType"), s("T"), t(), dct(s("__del__"), g("builtins", "print"))))
row("C9", "a hash that nobody vetted, in a tuple", NOT_CLEAN, "PK305|PK102", dct(new(g("myapp", "Key")) + b"\x85", NONE))
# Methods are harmless to hold; whoever could call them makes a finding.
row("C6", "sorted by a method", NOT_CLEAN, "PK202|PK204", call(build(call(PARTIAL, g("builtins", "sorted")), t(g("builtins", "sorted"), t(lst(s("name"))), dct(s("key"), METHOD), NONE))))
row("C6", "sorted by a wrapped class", NOT_CLEAN, "PK202|PK204", call(build(call(PARTIAL, g("builtins", "sorted")), t(g("builtins", "sorted"), t(lst(s("name"))), dct(s("key"), g("numpy", "memmap")), NONE))))
row("C6", "sort by a method", NOT_CLEAN, "PK202|PK204", call(call(build(call(PARTIAL, g("operator", "methodcaller"), s("sort")), t(g("operator", "methodcaller"), t(s("sort")), dct(s("key"), METHOD), NONE))), lst(s("name"))))
row("C6", "iter of a method", NOT_CLEAN, "PK202", call(g("builtins", "list"), call(g("builtins", "iter"), METHOD, i(1))))
row("C6", "partial of iter of a method", NOT_CLEAN, "PK202|PK204", call(g("builtins", "list"), call(call(PARTIAL, g("builtins", "iter"), METHOD, i(1)))))
row("C6", "map of iter of a method", NOT_CLEAN, "PK202", call(g("builtins", "list"), call(g("builtins", "map"), g("builtins", "iter"), lst(METHOD), lst(i(1)))))
row("C6", "a method called", NOT_CLEAN, "PK204", call(METHOD, s("name")))
row("C6", "a method out of a list, called", NOT_CLEAN, "PK204", call(call(g("operator", "getitem"), lst(METHOD), i(0)), s("name")))
row("C2", "state of what came out of a list", NOT_CLEAN, "PK307", build(call(g("operator", "getitem"), lst(ARRAY), i(0)), dct(s("x"), i(1))))
row("C3", "items of what came out of a list", NOT_CLEAN, "PK307", call(g("builtins", "next"), call(g("builtins", "iter"), lst(ARRAY))) + b"(" + s("x") + i(1) + b"u")
for module in ("numpy", "numpy.core.memmap"):
    row("C1", f"{module}.memmap made", NOT_CLEAN, "PK203|PK206", new(g(module, "memmap"), s("name"), s("u1"), s("w+"), i(0), t(i(10))))
row("C7", "an index that is a memmap", NOT_CLEAN, "PK202", call(g("pandas.core.indexes.base", "_new_Index"), g("numpy", "memmap"), dct(s("filename"), s("name"), s("mode"), s("w+"))))

# ---- special methods, properties and protocols of what is only data by its state
ADD = g("sympy.core.add", "Add")
CODE = s("print(1)")
POINT = new(g("sympy.geometry.point", "Point2D"))
DATA = dct(s("data"), t(i(4096), b"\x89"), s("shape"), t(i(8)), s("typestr"), s("|u1"), s("version"), i(3))


def dtype(code, state):
    return build(call(g("numpy", "dtype"), s(code), b"\x89", b"\x88"), state)


F8 = dtype("f8", t(i(3), s("<"), NONE, NONE, NONE, i(-1), i(-1), i(0)))
row("C8", "iteration of a lazy map", NOT_CLEAN, "PK203|PK202|PK307", call(g("builtins", "list"), build(new(g("nltk.collections", "LazyMap")), dct(s("_func"), ADD, s("_lists"), lst(lst(CODE))))))
row("C8", "text of a lazy string", NOT_CLEAN, "PK203|PK202|PK206", call(g("builtins", "str"), call(g("torch._logging._internal", "LazyString"), ADD, CODE)))
row("C8", "an item that a stored function makes", NOT_CLEAN, "PK203|PK202|PK208", call(g("operator", "getitem"), build(new(g("nltk.probability", "ConditionalProbDist")), dct(s("_probdist_factory"), ADD, s("_factory_args"), t(CODE))), s("x")))
row("C8", "an item that is imported by its name", NOT_CLEAN, "PK203|PK202", call(g("operator", "getitem"), call(g("django.core.files.storage.handler", "StorageHandler"), dct(s("x"), dct(s("BACKEND"), s("os.abort")))), s("x")))
row("C8", "iteration of a view that asks a function", NOT_CLEAN, "PK203|PK202", call(g("builtins", "list"), call(g("itertools", "chain.from_iterable"), lst(call(g("networkx.classes.coreviews", "FilterAtlas"), dct(s("name"), i(1)), call(g("argparse", "FileType"), s("w")))))))
row("C11", "a property that imports", NOT_CLEAN, "PK203|PK103", attr(call(g("django.db.utils", "ConnectionRouter"), lst(s("os.abort"))), "routers"))
row("C12", "an operator that evaluates text in a list", NOT_CLEAN, "PK208", call(g("operator", "add"), POINT, lst(CODE, CODE)))
row("C12", "a sum that evaluates text", NOT_CLEAN, "PK208", call(g("builtins", "sum"), lst(lst(CODE, CODE)), POINT))
row("C12", "an item of a matrix that is text", NOT_CLEAN, "PK208|PK307", new(g("sympy.matrices.dense", "DenseMatrix")) + i(0) + CODE + b"s")
row("H", "an address among the arguments", NOT_CLEAN, "PK302", call(g("numpy", "asarray"), call(g("types", "SimpleNamespace"), dct(s("__array_interface__"), DATA))))
row("H", "an address among the keywords", NOT_CLEAN, "PK302", call(g("numpy", "asarray"), call(new_ex(PARTIAL, (g("argparse", "Namespace"),), dct(s("__array_interface__"), DATA)))))
row("H", "a dtype of objects that says it has none", "suspicious", "PK802", dtype("O8", t(i(3), s("|"), NONE, NONE, NONE, i(-1), i(-1), i(0))))
row("H", "an array larger than the item that it is in", "suspicious", "PK801", dtype("V8", t(i(3), s("|"), t(F8, t(i(1000))), NONE, NONE, i(8), i(1), i(16))))
row("-", "a dtype of objects", "clean", "-", dtype("O8", t(i(3), s("|"), NONE, NONE, NONE, i(-1), i(-1), i(63))))
row("-", "an array in an item", "clean", "-", dtype("V16", t(i(3), s("|"), t(F8, t(i(2))), NONE, NONE, i(16), i(1), i(16))))
row("-", "operators on numbers and dates", "clean", "-", call(g("operator", "add"), call(g("datetime", "timedelta"), i(1)), call(g("datetime", "timedelta"), i(2))))

# ---- where the stream ends
SINK = old("os", "system") + b"(S'true'\ntR"
row("E1", "an unknown opcode behind a sink", BAD, "PK504|PK201", SINK + b"\xff", b"", b"")
row("E1", "cut off behind a sink", BAD, "PK504|PK201", SINK, b"", b"")
row("E2", "a float with an underscore", "divergent", "PK501", b"F1_0.5\n", b"")
row("E2", "an int with a plus", "divergent", "PK501", b"I+1\n", b"")
row("E3", "a sink in a frame past STOP", BAD, "PK502|PK201", b"\x95" + struct.pack("<Q", 2 + len(SINK)) + b"N." + SINK)
row("E3", "an argument across the end of its frame", "divergent", "PK502", b"\x95" + struct.pack("<Q", 4) + s("abcdef"))
row("E4", "a second pickle", BAD, "PK201", b"N." + SINK, b"")
row("E6", "another protocol in mid-stream", BAD, "PK201", b"N0\x80\x02" + old("__builtin__", "eval") + t(TRUE) + b"R")
row("E7", "an empty stack at STOP", "malformed", "PK505", b"", b"")

# ---- what an object holds is called: by its items, its state, its attributes
PRINT = g("builtins", "print")


def holder(*state):
    return build(new(g("types", "SimpleNamespace")), dct(*state))


LIKE_A_DICT = [
    ("collections", "UserDict", "data", "__setitem__"),
    ("http.cookies", "SimpleCookie", "value_decode", None),
    ("configparser", "ConfigParser", "_interpolation", "before_set"),
    ("email.message", "EmailMessage", "policy", "header_store_parse"),
    ("requests.structures", "CaseInsensitiveDict", "_store", "__setitem__"),
]
for module, name, key, inner in LIKE_A_DICT:
    held = holder(s(inner), PRINT) if inner else PRINT
    row("C3", f"items of {name} call what it holds", NOT_CLEAN, "PK307|PK302", build(new(g(module, name)), dct(s(key), held)) + s("a") + s("b") + b"s")
row("C3", "items of UserList call what it holds", NOT_CLEAN, "PK307", build(new(g("collections", "UserList")), dct(s("data"), holder(s("append"), PRINT))) + s("a") + b"a")
row("C2", "state whose keys are a function", NOT_CLEAN, "PK307", build(new(g("argparse", "Namespace")), holder(s("keys"), PRINT)))
row("C2", "state of slots whose items are a function", NOT_CLEAN, "PK307", build(new(g("argparse", "Namespace")), NONE + holder(s("items"), PRINT) + b"\x86"))
row("C2", "state by way of ctypes", NOT_CLEAN, "PK203|PK102", call(g("_ctypes", "_unpickle"), g("requests.adapters", "HTTPAdapter"), dct(s("init_poolmanager"), PRINT) + b"\x85"))
row("C2", "state that stands before a method of an adapter", NOT_CLEAN, "PK307", build(new(g("requests.adapters", "HTTPAdapter")), dct(s("init_poolmanager"), PRINT)))
row("C8", "an item that a default dict makes", NOT_CLEAN, "PK202", call(g("operator", "getitem"), call(g("collections", "defaultdict"), PRINT), s("a")))
PROXY = build(new(g("configparser", "SectionProxy")), dct(s("_name"), s("a"), s("_parser"), holder(s("options"), PRINT)))
for name, made in [
    ("len", call(g("builtins", "len"), PROXY)),
    ("contains", call(g("operator", "contains"), PROXY, s("a"))),
    ("any", call(g("builtins", "any"), lst(PROXY))),
    ("map of len", call(g("builtins", "list"), call(g("builtins", "map"), g("builtins", "len"), lst(PROXY)))),
    ("array", call(g("numpy", "array"), PROXY)),
]:
    row("C8", f"{name} asks what an object holds", NOT_CLEAN, "PK202", made)
row("C8", "iter of a function", NOT_CLEAN, "PK202", call(g("builtins", "list"), call(g("builtins", "iter"), PRINT, i(1))))
row("C8", "sorted by a function, in Python 2", NOT_CLEAN, "PK202", old("__builtin__", "sorted") + lst(i(1), i(2)) + old("__builtin__", "print") + b"\x86R", P2)
row("C8", "a sorted list asks its key", NOT_CLEAN, "PK202|PK203", call(g("sortedcontainers.sortedlist", "SortedList"), lst(i(1)), PRINT))
row("C9", "a made enum with a dunder", NOT_CLEAN, "PK203|PK305", call(g("enum", "Enum"), s("X"), lst(t(s("__init__"), PRINT), t(s("A"), i(1)))))
row("C11", "eval out of the builtins of a module", BAD, "PK104|PK101", call(call(g("operator", "getitem"), g("json", "__builtins__"), s("eval")), TRUE))
row("C11", "a loader of a module", BAD, "PK104|PK101", call(g("math", "__loader__.load_module"), s("os")))
row("C11", "__new__ of a class that is not listed", NOT_CLEAN, "PK103|PK203", call(g("myapp", "Thing.__new__"), g("myapp", "Thing")))
row("C6", "a wrapped default dict, asked", NOT_CLEAN, "PK202|PK204", call(call(PARTIAL, g("collections", "defaultdict"), PRINT)))
row("C6", "a wrapped map, called", NOT_CLEAN, "PK204", call(g("builtins", "list"), call(call(PARTIAL, g("builtins", "map"), PRINT, lst(i(1))))))
row("C6", "a vectorized function, called", NOT_CLEAN, "PK204", call(call(g("numpy", "vectorize"), PRINT), TRUE))
row("C1", "a time zone out of a file", NOT_CLEAN, "PK203|PK206", call(g("dateutil.tz.tz", "tzfile"), s("/etc/hosts")))
OBJECTS = call(g("numpy", "dtype"), s("O8"))
for verb, made in [("called", call), ("made", new)]:
    row("H", f"an array over a buffer, {verb}", "suspicious|dangerous", "PK801", made(g("numpy", "ndarray"), b"K\x01\x85", OBJECTS, raw(bytes(8))))
row("H", "an array over a buffer, wrapped", NOT_CLEAN, "PK204", call(call(PARTIAL, attr(g("numpy", "ndarray"), "__new__"), g("numpy", "ndarray"), b"K\x01\x85", OBJECTS, raw(bytes(8)))))
row("H", "an address in an interface", NOT_CLEAN, "PK203|PK102", call(g("numpy", "asarray"), call(g("numpy.lib.stride_tricks", "DummyArray"), dct(s("version"), i(3)))))
row("A3", "a sink beside an exception that Python 3 renames", BAD, "PK201", old("commands", "Popen") + s("x") + b"\x85R", P2)
for module, name in [("attr", "make_class"), ("deap.creator", "create"), ("django.apps.config", "AppConfig.create"), ("gymnasium", "make"), ("celery.utils.serialization", "create_exception_cls"), ("pydantic", "create_model"), ("sympy", "solve"), ("encodings", "search_function")]:
    row("A2", f"{module}.{name} called", BAD, "PK201", call(g(module, name), TRUE))

# ---- what a first look at the doors of a library would miss
for module, names in {
    "sqlite3": "connect", "tarfile": "open", "tempfile": "mkstemp", "mailbox": "mbox", "fileinput": "input", "_thread": "start_new_thread start_joinable_thread",
    "concurrent.futures.process": "_process_worker", "concurrent.futures.thread": "_WorkItem", "inspect": "get_annotations signature", "tkinter": "Tk Tcl",
    "_tkinter": "create", "rlcompleter": "Completer.attr_matches", "turtle": "config_dict", "readline": "read_init_file", "mailcap": "findmatch",
    "warnings": "_getcategory _setoption", "_testcapi": "run_in_subinterp", "xml.sax": "parse make_parser", "curses": "wrapper", "faulthandler": "_sigsegv",
    "signal": "pthread_kill", "copy": "_reconstruct", "tokenize": "open", "compiler": "compile", "hotshot": "Profile.run", "parser": "sequence2st", "dl": "open",
    "numpy": "genfromtxt", "numpy.rec": "fromfile", "numpy.compat.py3k": "npy_load_module", "pandas.core.generic": "NDFrame.to_pickle",
    "torch.package": "PackageImporter", "torch._dynamo.guards": "GuardBuilder.get", "torch.utils.benchmark": "Timer", "torch": "from_file",
    "networkx.utils.backends": "_load_backend", "nltk.classify.weka": "call_weka", "nltk.tag.senna": "Senna", "nltk.inference.prover9": "Prover9",
    "transformers.models.rag.retrieval_rag": "LegacyIndex", "PIL.ImageFont": "truetype", "sympy": "preview", "sympy.core.basic": "Basic.subs",
    "scipy.stats._distn_infrastructure": "rv_generic._construct_argparser", "formulaic": "model_matrix",
    "django.contrib.sessions.serializers": "PickleSerializer.loads", "django.urls": "get_callable", "django.conf": "settings.configure",
    "sqlalchemy.dialects": "registry.load", "billiard": "Process", "billiard.pool": "Pool", "catboost": "CatBoost.load_model",
    "polars": "LazyFrame.deserialize", "polars.plugins": "register_plugin_function", "pyarrow": "PyExtensionType", "onnxruntime": "InferenceSession",
    "lxml.etree": "parse", "gunicorn.util": "load_class", "paramiko": "ProxyCommand", "ply.yacc": "yacc", "gevent.subprocess": "Popen",
    "twisted.internet.reactor": "spawnProcess", "zope.dottedname.resolve": "resolve", "langchain_experimental.utilities": "PythonREPL",
    "matplotlib.pyplot": "savefig", "hypothesis.internal.reflection": "define_function_signature", "decorator": "FunctionMaker.create",
    "apscheduler.util": "ref_to_obj", "redis": "Redis", "pymongo": "MongoClient", "stevedore": "DriverManager", "traitlets.config.loader": "PyFileConfigLoader",
    "mpi4py.MPI": "COMM_WORLD.Spawn", "stan": "build",
}.items():
    for name in names.split():
        row("A2", f"{module}.{name} called", BAD, "PK201|PK103", call(g(module, name), TRUE))
ENTRY = new(g("importlib.metadata", "EntryPoint"))
row("K1", "a loader of an entry point, by getattr", BAD, "PK101|PK103|PK201", attr(build(ENTRY, dct(s("value"), s("os:system"))), "load") + t() + b"R")
row("K1", "a loader of an entry point, by its name", BAD, "PK101|PK103|PK201", call(g("importlib.metadata", "EntryPoint.load"), ENTRY))
row("C6", "eval by methodcaller", BAD, "PK104|PK204", call(call(g("operator", "methodcaller"), s("eval"), s("1")), call(g("pandas.core.frame", "DataFrame"))))
row("C12", "a formula in the state of a model's data", NOT_CLEAN, "PK307|PK302", build(new(g("statsmodels.base.data", "PandasData")), dct(s("restore_model_spec"), b"\x88", s("formula"), s("y ~ a"))))
MODEL_DICT = build(new(g("collections", "UserDict")), dct(s("data"), dct(s("restore_model_spec"), b"\x88", s("formula"), s("y ~ a"))))
row("C12", "a formula in a state that is no dict", NOT_CLEAN, "PK307|PK302", build(new(g("statsmodels.base.data", "PandasData")), MODEL_DICT))
row("C12", "a formula by a key that is computed", NOT_CLEAN, "PK307|PK302", build(new(g("statsmodels.base.data", "PandasData")), dct(call(g("builtins", "str.lower"), s("RESTORE_MODEL_SPEC")), b"\x88")))
row("C12", "a formula in the state of slots", NOT_CLEAN, "PK307|PK302", build(new(g("statsmodels.base.data", "PandasData")), t(NONE, dct(s("a"), b"\x88"))))
row("C7", "a model of the program that is not listed", NOT_CLEAN, "PK102|PK202|PK203", call(g("django.db.models.base", "model_unpickle"), g("shop.models", "Order")))

# ---- nested and raw
row("J", "a sink in nested bytes", BAD, "PK201", call(g("torch.storage", "_load_from_bytes"), raw(SINK + b".")))
row("J", "nested bytes that are computed", NOT_CLEAN, "PK207", call(g("torch.storage", "_load_from_bytes"), call(g("_codecs", "encode"), s("N."), s("latin1"))))
ENCODE = g("_codecs", "encode")
LOAD = g("torch.storage", "_load_from_bytes")


def encoded(text, encoding="latin1", loader=LOAD):
    return call(loader, call(ENCODE, s(text), s(encoding)))


TEXT = (b"\x80\x02" + SINK + b".").decode("latin1")
row("J", "a sink in nested text", BAD, "PK201", encoded(TEXT))
row("J", "a sink in nested text, without marks", BAD, "PK201", LOAD + ENCODE + s(TEXT) + s("latin1") + b"\x86R\x85R")
row("J", "a sink in a nested line", BAD, "PK201", call(old("torch.storage", "_load_from_bytes"), call(old("_codecs", "encode"), b"V" + TEXT.encode("latin1").replace(b"\n", b"\\u000a") + b"\n", b"Vlatin1\n")), b"")
row("A10", "a record of a program's own, with an address", "unknown", "PK102", new(g("shop.models", "Link"), s("http://127.0.0.1:9/x"), s("/tmp/x")))
row("J", "nested text in another encoding", NOT_CLEAN, "PK207", encoded("\x80\x02N.", "utf-8"))
row("J", "nested text that latin1 has not", NOT_CLEAN + "|malformed", "PK207", encoded("\x80\x02N.\u0100"))
row("J", "nested text that is not loaded as bytes", NOT_CLEAN, "PK207", LOAD + ENCODE + s("\x80\x02N.") + s("latin1") + b"\x86R0" + t(s("\x80\x02N.")) + b"R")
row("J", "a nested archive", "suspicious|dangerous", "PK604", call(g("torch.storage", "_load_from_bytes"), raw(b"PK\x03\x04\n0N.")))
WRAPPER = g("joblib.numpy_pickle", "NumpyArrayWrapper")
U1 = build(call(g("numpy", "dtype"), s("u1"), b"\x89", b"\x88"), t(i(3), s("|"), NONE, NONE, NONE, i(-1), i(-1), i(0)))


def joblib(data, padded):
    state = [s("subclass"), g("numpy", "ndarray"), s("shape"), t(i(len(data))), s("order"), s("C"), s("dtype"), U1, s("allow_mmap"), b"\x88"]
    state += [s("numpy_array_alignment_bytes"), i(16)] if padded else []
    return build(new(WRAPPER), dct(*state)) + (b"\0" if padded else b"") + data


row("F", "an array whose bytes are opcodes", "suspicious|dangerous", "PK501", joblib(SINK + b".", False))
row("F", "an array whose bytes are opcodes, with its names on the stack", "suspicious|dangerous", "PK501", joblib(b"0" + s("os") + s("system") + b"\x93.", False))

# ---- harmless, though some of it looks otherwise
CLEAN = [
    ("plain data", dct(s("a"), lst(i(1), NONE, s("os.system")), s("__doc__"), s("eval"))),
    ("text that is code", lst(s("__import__('os').system('true')"), raw(SINK + b"."))),
    ("a date", call(g("datetime", "date"), raw(b"\x07\xe8\x01\x02"))),
    ("flags of a compiler", build(new(g("codeop", "Compile")), dct(s("flags"), i(512)))),
    ("an entry point", build(ENTRY, dct(s("name"), s("a"), s("value"), s("b:c"), s("group"), s("d")))),
    ("a path of a package", call(g("importlib.metadata", "PackagePath"), s("a"), s("b.py"))),
    ("a module's spec", build(new(g("_frozen_importlib", "ModuleSpec")), dct(s("name"), s("x"), s("loader"), NONE))),
    ("a memory format of torch", lst(g("torch._utils", "torch.channels_last"))),
    ("a grouped frame", build(new(g("pandas.core.groupby.generic", "DataFrameGroupBy")), dct(s("as_index"), b"\x88"))),
    ("the data of a model", build(new(g("statsmodels.base.data", "PandasData")), dct(s("const_idx"), i(0)))),
    ("an adapter of requests", build(new(g("requests.adapters", "HTTPAdapter")), dct(s("config"), dct(), s("_pool_maxsize"), i(10)))),
    ("a model of the program", build(call(g("django.db.models.base", "model_unpickle"), t(s("auth"), s("User"))), dct(s("id"), i(1)))),
    ("an address", build(new(g("httpx", "URL")), dct(s("path"), s("/a")))),
    ("an ordered dict", call(g("collections", "OrderedDict"), lst(t(s("a"), i(1))))),
    ("a default dict", call(g("collections", "defaultdict"), g("builtins", "list"))),
    ("a default dict of default dicts", call(g("collections", "defaultdict"), call(PARTIAL, g("collections", "defaultdict"), g("builtins", "int")))),
    ("a time zone of a file", build(call(g("dateutil.tz.tz", "tzfile"), NONE, s("/usr/share/zoneinfo/UTC")), dct(s("_filename"), s("UTC")))),
    ("an exception of a module that harms", call(g("subprocess", "CalledProcessError"), i(1), s("ls"))),
    ("an attribute of a socket", call(g("socket", "AddressFamily"), i(2))),
    ("an empty array", build(ARRAY, t(i(1), t(i(0)), U1, b"\x89", raw(b"")))),
    ("a mapped array", build(call(g("numpy._core.multiarray", "_reconstruct"), g("numpy", "memmap"), t(i(0)), raw(b"b")), t(i(1), t(i(0)), U1, b"\x89", raw(b"")))),
    ("a method that is held", lst(METHOD)),
    ("a named tuple's class", g("collections", "namedtuple")),
    ("map over len", call(g("builtins", "list"), call(g("builtins", "map"), g("builtins", "len"), lst(s("a"))))),
    ("a symbol", new(g("sympy.core.symbol", "Symbol"), s("x"))),
    ("an exception", call(g("builtins", "ValueError"), s("os.system('true')"))),
    ("a nested tensor's bytes", call(g("torch.storage", "_load_from_bytes"), raw(b"\x80\x02N."))),
    ("a nested tensor's bytes, as protocol 2 has them", encoded("\x80\x02]q\x00(K\xc8K\x7fe.")),
    ("a nested tensor's bytes, twice", lst(encoded("\x80\x02N."), encoded("\x80\x02K\xc8."))),
    ("an array behind a wrapper", joblib(bytes(range(40)), False)),
    ("an array behind a wrapper, aligned", joblib(bytes(range(40)), True)),
    ("letters behind a wrapper", joblib(b"NNKRNNcab cd\n\n" * 20, False)),
    ("keys that are tuples of dates", dct(call(g("datetime", "date"), raw(b"\x07\xe8\x01\x02")) + b"\x85", NONE)),
]
for name, body in CLEAN:
    row("-", name, "clean", "-", body)


def main():
    with open(os.path.join(HERE, "verdicts.tsv"), "w", newline="\n") as f:
        f.write("# Written by verdicts.py: class, name, verdicts, rules, bytes.\n")
        for kind, name, verdicts, rules, data in ROWS:
            f.write("\t".join([kind, name, verdicts, rules, data.hex()]) + "\n")
    print(len(ROWS), "rows")


if __name__ == "__main__":
    main()
