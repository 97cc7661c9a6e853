#!/usr/bin/env python3
"""Makes the tables of globals out of the sources of libraries.

usage: generate.py SOURCES...     SOURCES: folders of unpacked wheels, and lib/python3.x folders of CPython.
       generate.py --again        the rows of the last run, with the lists and what is left out applied anew
       generate.py --add MODULE,... SOURCES...   the same, and rows for these modules and all inside them

Nothing is imported: the sources are parsed with `ast`. A class gets a row if what CPython's unpickler may run of it
(`__new__`, `__init__`, `__setstate__`, `__hash__`, `__eq__`, `__setitem__` and so on, through all its bases) is the
default of a base that is known, or is made of calls that are known to be inert. Functions, and classes written in C,
come from the reviewed lists effects.tsv and sinks.tsv beside this file; functions whose bodies reach a sink are found by
following calls. The output, one .tsv and one .bin a group of libraries, is committed.
"""
import ast
import builtins
import os
import sys
from collections import defaultdict

HERE = os.path.dirname(os.path.abspath(__file__))

# How a table is split over the features of the crate.
GROUPS = {
    "numpy": ["numpy", "joblib"],
    "pandas": ["pandas", "pyarrow", "polars", "pytz", "dateutil", "xarray"],
    "sklearn": ["sklearn", "scipy", "xgboost", "lightgbm", "statsmodels", "imblearn", "catboost"],
    "torch": ["torch"],
}
# Libraries of the table "more".
MORE = {
    "sympy", "mpmath", "networkx", "astropy", "shapely", "pydantic", "pydantic_core", "attr", "attrs", "django", "sqlalchemy",
    "celery", "kombu", "nltk", "spacy", "gensim", "transformers", "tokenizers", "PIL", "dill", "cloudpickle", "persistent",
    "BTrees", "ZODB", "thinc", "pint", "geopandas", "pyproj", "bs4", "category_encoders", "optuna", "isodate", "arrow", "pendulum",
    "babel", "umap", "pynndescent", "hdbscan", "prophet", "lifelines", "tslearn", "hmmlearn", "river", "werkzeug", "tomlkit",
    "phonenumbers", "geopy", "multidict", "yarl", "boltons", "sortedcontainers", "uncertainties", "bitarray", "marshmallow",
    "arch", "ase", "pymatgen", "nibabel",
}
# Parts of libraries of which no row is made: they compile, run or fetch code, or are never pickled.
SKIP = (
    "torch._inductor", "torch._dynamo", "torch.distributed", "torch.testing", "torch.utils", "torch._refs", "torch.fx",
    "torch.ao", "torch.onnx", "torch._export", "torch.export", "torch.package", "torch.jit", "torch._functorch",
    "torch._higher_order_ops", "torch.profiler", "torch.backends", "torch.cuda", "torch._prims", "torch._decomp",
    "torch._C", "torch._library", "torch._subclasses", "torch._strobelight", "torch.quantization", "torch.mps",
    "numpy.f2py", "numpy.testing", "numpy.distutils", "numpy.typing", "pandas.io", "pandas.compat", "pandas.plotting", "pandas._testing",
    "scipy._lib", "scipy.io", "scipy._external", "sklearn.externals", "sklearn.datasets", "sklearn._build_utils", "statsmodels.sandbox", "statsmodels.datasets",
    "statsmodels.tools._testing", "sympy.parsing", "sympy.external", "sympy.printing", "sympy.plotting", "sympy.testing",
    "sympy.codegen", "sympy.utilities", "sympy.physics", "sympy.interactive", "sympy.categories", "transformers", "spacy.lang", "astropy.io", "astropy.extern",
    "astropy.utils", "astropy.samp", "astropy.config", "astropy.logger", "django.core.management", "django.db.backends",
    "django.contrib", "django.test", "django.template", "django.core.servers", "sqlalchemy.dialects", "sqlalchemy.testing",
    "sqlalchemy.ext", "nltk.app", "nltk.corpus", "nltk.downloader", "nltk.draw", "nltk.parse", "nltk.inference", "nltk.twitter", "celery.bin",
    "celery.concurrency", "celery.contrib", "kombu.transport", "pydantic.v1", "pydantic._internal", "pydantic.mypy",
    "pyarrow.vendored", "polars._plr", "polars.io", "polars.testing", "polars._utils", "lib2to3", "idlelib", "test",
    "distutils", "tkinter", "turtle", "turtledemo", "unittest", "ensurepip", "pydoc_data", "xmlrpc", "multiprocessing", "asyncio",
    "ctypes", "wsgiref", "http", "email", "encodings", "json", "curses", "dbm", "sqlite3", "venv", "site-packages", "_pyrepl",
    "networkx.drawing", "networkx.readwrite", "networkx.utils", "gensim.test", "gensim.scripts", "joblib.externals",
    "xgboost.testing", "xgboost.spark", "xgboost.dask", "lightgbm.dask", "mpmath.tests", "ZODB.scripts", "PIL.ImageShow",
    "xarray.backends", "xarray.testing", "importlib", "concurrent.futures", "logging", "idlelib", "pandas.util", "numpy.ma.testutils",
    "nltk.test", "nltk.sem", "nltk.ccg", "nltk.chat", "sklearn.utils._testing", "sklearn.utils.estimator_checks", "imblearn.utils",
    "scipy.constants", "scipy.conftest", "catboost.eval", "catboost.widget", "numpy._core.tests", "polars.plugins",
)
CAPS = {
    "none": 0, "exec": 1, "process": 2, "file-read": 3, "file-write": 4, "file-delete": 5, "net": 6, "env": 7, "native": 8,
    "introspect": 9, "mutate": 10, "crash": 11, "import": 12, "deserialise": 13, "native-memory": 14,
}
EFFECTS = {
    "unknown": 0, "pure": 1, "held": 2, "calls": 3, "wraps": 4, "getter": 5, "attribute": 6, "item": 7, "reconstructor": 8,
    "imports": 9, "nested": 10, "type": 11, "stores": 12, "code": 13, "class-factory": 14, "calls1": 15,
    "makes0": 16, "makes1": 17, "makes2": 18, "shell": 24,
}
INIT, STATE, HASH, ITEMS, CALL, SLOTS = 1, 2, 4, 8, 16, 32

# ------------------------------------------------------------------------------------------------ what is known to be inert

NATIVE = {"object", "list", "dict", "set", "frozenset", "tuple", "int", "float", "complex", "str", "bytes", "bytearray", "bool"}
EXCEPTIONS = {n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, BaseException)}
# Bases that add nothing of their own.
PLAIN_BASES = {
    "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol", "typing_extensions.Generic", "typing.NamedTuple",
    "typing.TypedDict", "collections.OrderedDict", "collections.UserDict", "collections.UserList", "collections.UserString",
    "collections.defaultdict", "collections.Counter", "collections.deque", "threading.local", "datetime.date", "datetime.datetime", "datetime.timedelta", "datetime.tzinfo",
    "enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag", "numbers.Number", "numbers.Integral", "numbers.Real", "numbers.Rational", "numbers.Complex",
    "torch._C._VariableFunctions", "torch._C.TensorBase", "types.SimpleNamespace", "decimal.Decimal", "fractions.Fraction", "random.Random", "contextlib.ContextDecorator", "functools.partial",
}
ABCS = {"collections.abc." + n for n in (
    "Container Hashable Iterable Iterator Generator Reversible Sized Callable Collection Sequence MutableSequence ByteString Set "
    "MutableSet Mapping MutableMapping MappingView KeysView ItemsView ValuesView Awaitable Coroutine").split()}
PLAIN_BASES |= ABCS | {a.replace("collections.abc.", "typing.") for a in ABCS}
PLAIN_BASES |= {a.replace("collections.abc.", "collections.") for a in ABCS}
METACLASSES = {"abc.ABCMeta", "enum.EnumMeta", "enum.EnumType", "sympy.core.assumptions.ManagedProperties", "type"}
SAFE_BUILTINS = NATIVE | EXCEPTIONS | {
    "isinstance", "len", "super", "id", "hash", "abs", "min", "max", "sum", "range", "zip", "enumerate", "sorted", "any", "all",
    "issubclass", "hasattr", "repr", "round", "iter", "next", "reversed", "divmod", "slice", "callable", "ord", "chr", "hex", "pow", "format", "unicode", "long", "basestring", "xrange",
}
DATA_METHODS = set("""
update append get items keys values pop copy setdefault add extend format join lower upper startswith endswith strip split insert
remove discard index count sort reverse clear encode decode replace rstrip lstrip ravel reshape astype tolist union intersection
difference issubset iteritems itervalues iterkeys popitem fill view sum max min all any flatten transpose item rsplit partition rpartition
tobytes ljust rjust title isdigit isidentifier casefold zfill squeeze conj mean cumsum argsort nonzero newbyteorder fromkeys has_key
__init__ __new__ __setstate__ __hash__ __eq__ __setitem__ __setattr__ total_seconds bit_length is_integer as_integer_ratio real_data_in
""".split())
SAFE_DOTTED = {
    "warnings.warn", "object.__new__", "object.__setattr__", "object.__init__", "threading.Lock", "threading.RLock", "_thread.allocate_lock",
    "threading.Condition", "weakref.ref", "copy.copy", "math.sqrt", "math.log", "math.isnan", "math.floor", "math.ceil", "math.gcd", "operator.index", "numbers.Number",
    "numpy.array", "numpy.asarray", "numpy.asanyarray", "numpy.zeros", "numpy.ones", "numpy.empty", "numpy.dtype", "numpy.arange",
    "numpy.ndarray", "numpy.ndarray.__new__", "numpy.float64", "numpy.int64", "numpy.int32", "numpy.intp", "numpy.bool_", "numpy.iinfo", "numpy.finfo", "numpy.issubdtype", "numpy.isscalar",
    "numpy.isnan", "numpy.any", "numpy.all", "numpy.sum", "numpy.prod", "numpy.abs", "numpy.max", "numpy.min", "numpy.ndim", "numpy.shape", "numpy.size", "numpy.unique", "numpy.where", "numpy.errstate",
    "numpy.full", "numpy.concatenate", "numpy.copy", "numpy.atleast_1d", "numpy.atleast_2d", "numpy.ascontiguousarray", "numpy.broadcast_to", "numpy.diff", "numpy.sort", "numpy.squeeze", "numpy.isfinite",
    "numpy.log", "numpy.exp", "numpy.sqrt", "numpy.dot", "numpy.eye", "numpy.empty_like", "numpy.zeros_like", "numpy.ones_like", "numpy.iscomplexobj",
    "torch.empty", "torch.zeros", "torch.ones", "torch.tensor", "torch.nn.Parameter", "torch.Size", "torch.device", "torch.get_default_dtype",
    "collections.OrderedDict", "collections.defaultdict", "collections.deque", "collections.Counter", "itertools.count", "itertools.chain", "functools.partial", "types.MappingProxyType", "types.SimpleNamespace",
    "time.time", "os.getpid", "os.fspath", "uuid.uuid4", "sys.intern", "datetime.timedelta", "datetime.datetime", "datetime.datetime.now", "inspect.isclass",
}

# ------------------------------------------------------------------------------------------------ sinks, for following calls

STRONG = {}
for cap, names in {
    "process": "os.system os.popen os.spawnv os.spawnl os.spawnlp os.spawnvp os.spawnve os.execv os.execve os.execvp os.execl os.execlp os.startfile os.posix_spawn os.fork "
               "os.forkpty subprocess.Popen subprocess.call subprocess.check_call subprocess.check_output subprocess.run subprocess.getoutput "
               "subprocess.getstatusoutput pty.spawn commands.getoutput _posixsubprocess.fork_exec asyncio.create_subprocess_exec "
               "asyncio.create_subprocess_shell multiprocessing.Process webbrowser.open posix.system os.kill",
    "exec": "eval exec compile execfile runpy.run_path runpy.run_module code.interact types.FunctionType types.CodeType timeit.timeit",
    "import": "__import__ importlib.import_module importlib.util.spec_from_file_location imp.load_source imp.load_module importlib.__import__ pkgutil.resolve_name",
    "deserialise": "pickle.load pickle.loads pickle.Unpickler marshal.loads marshal.load torch.load joblib.load numpy.load dill.load dill.loads cloudpickle.load shelve.open yaml.load cPickle.load cPickle.loads "
                   "pandas.read_pickle",
    "net": "socket.socket socket.create_connection urllib.request.urlopen urllib.request.urlretrieve urllib.urlopen urllib2.urlopen requests.get requests.post requests.request "
           "http.client.HTTPConnection http.client.HTTPSConnection smtplib.SMTP ftplib.FTP socketserver.TCPServer ssl.wrap_socket",
    "native": "ctypes.CDLL ctypes.WinDLL ctypes.PyDLL ctypes.cdll.LoadLibrary _ctypes.dlopen cffi.FFI",
    "file-delete": "os.remove os.unlink os.rmdir os.removedirs shutil.rmtree os.rename os.replace shutil.move os.truncate",
    "file-write": "shutil.copyfile shutil.copy shutil.copytree shutil.copy2 os.makedirs os.mkdir tempfile.mkstemp tempfile.mkdtemp tempfile.NamedTemporaryFile os.symlink os.link os.chmod zipfile.ZipFile tarfile.open",
    "env": "os.putenv os.unsetenv os.chdir os.setuid",
}.items():
    for n in names.split():
        STRONG[n] = cap


class Module:
    def __init__(self, name, tree, package):
        self.name, self.package = name, package
        self.names = {}       # name -> ("class", node) | ("func", node) | ("import", dotted) | ("value", node)
        self.lazy_getattr = False
        self.stars = []
        self.collect(tree.body)

    def collect(self, body):
        for node in body:
            if isinstance(node, ast.ClassDef):
                self.names.setdefault(node.name, ("class", node))
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if node.name == "__getattr__":
                    self.lazy_getattr = True
                self.names[node.name] = ("func", node)
            elif isinstance(node, ast.Import):
                for a in node.names:
                    self.names[a.asname or a.name.split(".")[0]] = ("import", a.name if a.asname else a.name.split(".")[0])
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = (self.name if self.package else self.name.rpartition(".")[0]).split(".")
                    parts = parts[: len(parts) - (node.level - 1)]
                    base = ".".join(parts + ([node.module] if node.module else []))
                for a in node.names:
                    if a.name == "*":
                        self.stars.append(base)
                    else:
                        self.names.setdefault(a.asname or a.name, ("import", base + "." + a.name))
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                target = node.targets[0].id
                dotted = dotted_of(node.value)
                if dotted and target not in self.names:
                    self.names[target] = ("import", self.name + "." + dotted if "." not in dotted and dotted in self.names else dotted)
                else:
                    self.names.setdefault(target, ("value", node.value))
            elif isinstance(node, (ast.If, ast.Try, ast.With)):
                for part in ("body", "orelse", "finalbody"):
                    self.collect(getattr(node, part, []))
                for h in getattr(node, "handlers", []):
                    self.collect(h.body)


def dotted_of(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([node.id] + parts[::-1])
    return None


MODULES = {}


def load(root):
    for folder, dirs, files in os.walk(root):
        if os.path.basename(folder) == "transformers":
            dirs[:] = [d for d in dirs if d not in ("models", "pipelines", "kernels", "integrations")]
        dirs[:] = sorted(d for d in dirs if d not in ("tests", "test", "__pycache__", "site-packages", "lib2to3", "idlelib"))
        for f in sorted(files):
            if not f.endswith(".py"):
                continue
            path = os.path.join(folder, f)
            name = os.path.relpath(path, root)[:-3].replace(os.sep, ".")
            package = name.endswith("__init__")
            if package:
                name = name[: -len(".__init__")]
            if not all(p.isidentifier() for p in name.split(".")):
                continue
            try:
                tree = ast.parse(open(path, "rb").read())
            except (SyntaxError, ValueError, RecursionError):
                continue
            key = name
            if key in MODULES:
                # Several versions of one library: names of older ones are added.
                old = MODULES[key]
                new = Module(name, tree, package)
                for n, v in new.names.items():
                    if n in old.names and old.names[n][0] == v[0] == "class":
                        VERSIONS[(name, n)].append((new, v[1]))
                    old.names.setdefault(n, v)
            else:
                MODULES[key] = Module(name, tree, package)


VERSIONS = defaultdict(list)


def resolve(module, dotted, seen=None):
    """What a dotted name in a module is: (kind, module, node) or ("outside", full name)."""
    seen = seen or set()
    head, _, rest = dotted.partition(".")
    if (module.name, dotted) in seen or len(seen) > 30:
        return ("outside", dotted)
    seen.add((module.name, dotted))
    if head not in module.names:
        if not rest and hasattr(builtins, head):
            return ("outside", head)
        sub = MODULES.get(module.name + "." + head)
        if sub and rest:
            return resolve(sub, rest, seen)
        for star in module.stars:
            if star in MODULES and star != module.name:
                found = resolve(MODULES[star], dotted, seen)
                if found[0] != "outside":
                    return found
        return ("outside", module.name + "." + dotted)
    kind, what = module.names[head]
    if kind == "import":
        return absolute(what + ("." + rest if rest else ""), seen)
    if not rest:
        return (kind, module, what)
    if kind == "class":
        for node in what.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == rest:
                return ("func" if isinstance(node, ast.FunctionDef) else "class", module, node)
    return ("outside", module.name + "." + dotted)


def absolute(full, seen=None):
    parts = full.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:cut])
        if name in MODULES:
            return resolve(MODULES[name], ".".join(parts[cut:]), seen)
    return ("outside", full)


# ------------------------------------------------------------------------------------------------ vetting

CLASS_CACHE = {}
METHODS = ("__new__", "__init__", "__setstate__", "__hash__", "__eq__", "__setitem__", "append", "extend", "add", "__setattr__",
           "__getattr__", "__getattribute__", "__del__", "__reduce__", "__reduce_ex__")


def public_name(full):
    """`numpy._core.multiarray.ndarray` is `numpy.ndarray`."""
    parts = full.split(".")
    return parts[0] + "." + parts[-1]


# Methods that were read, and found to do nothing but to set and to look up.
READ = {
    "statsmodels.base.wrapper.ResultsWrapper.__getattribute__", "torch.nn.modules.rnn.RNNBase.__setstate__",
    "torch.nn.modules.rnn.RNNBase.__setattr__", "torch.nn.modules.module.Module.__setattr__",
    "torch.nn.modules.module.Module.__getattr__", "torch.nn.modules.module.Module.__setstate__",
    "sqlalchemy.util.langhelpers.MemoizedSlots.__getattr__", "torch.optim.optimizer.Optimizer.__setstate__",
    "astropy.table.table.Table.__setstate__", "astropy.coordinates.baseframe.BaseCoordinateFrame.__getattr__",
    "astropy.coordinates.representation.base.BaseRepresentationOrDifferential.__new__", "PIL.ImageFile.ImageFile.__setstate__",
}


class Class:
    def __init__(self, module, node):
        self.module, self.node, self.name = module, node, node.name
        self.bases, self.odd = [], None
        self.own = {}
        for n in node.body:
            if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in n.decorator_list):
                    self.own["set " + n.name] = n
                else:
                    self.own[n.name] = n
            elif isinstance(n, ast.Assign):
                for t in n.targets:
                    if isinstance(t, ast.Name):
                        self.own.setdefault("= " + t.id, n.value)
        for d in node.decorator_list:
            d0 = dotted_of(d.func if isinstance(d, ast.Call) else d) or "?"
            if d0.split(".")[-1] in ("dataclass", "define", "frozen", "attrs", "s", "attributes", "mutable"):
                self.own.setdefault("dataclass", d)
        for b in node.bases:
            if isinstance(b, ast.Subscript):
                b = b.value
            d = dotted_of(b)
            if d is None:
                if isinstance(b, ast.Call) and (dotted_of(b.func) or "").split(".")[-1] in ("namedtuple", "NamedTuple"):
                    self.bases.append(("plain", "tuple"))
                    continue
                if isinstance(b, ast.Call) and (dotted_of(b.func) or "").split(".")[-1] == "with_metaclass":
                    for a in b.args[1:]:
                        self.add_base(dotted_of(a))
                    continue
                self.odd = "base"
                continue
            self.add_base(d)
        for k in node.keywords:
            if k.arg == "metaclass":
                d = dotted_of(k.value)
                r = resolve(module, d) if d else ("outside", "?")
                full = r[1] if r[0] == "outside" else r[1].name + "." + r[2].name if r[0] == "class" else "?"
                if full not in METACLASSES:
                    # Only what a metaclass does to instances matters: its __call__.
                    if r[0] != "class" or get_class(r[1], r[2]).lookup("__call__") not in (None, "plain"):
                        self.odd = "metaclass"

    def add_base(self, d):
        r = resolve(self.module, d) if d else ("outside", "?")
        if r[0] == "class":
            if r[2] is self.node:
                return
            self.bases.append(("class", r[1], r[2]))
        elif r[0] == "value" and isinstance(r[2], ast.Call) and (dotted_of(r[2].func) or "").split(".")[-1] in ("namedtuple", "NamedTuple"):
            self.bases.append(("plain", "tuple"))
        elif r[0] == "outside" and (r[1] in NATIVE or r[1] in EXCEPTIONS or r[1] in PLAIN_BASES or r[1] in C_CLASSES):
            self.bases.append(("plain", r[1]))
        elif r[0] == "outside" and public_name(r[1]) in C_CLASSES:
            self.bases.append(("plain", public_name(r[1])))
        else:
            self.odd = "base " + str(r[1] if r[0] == "outside" else d)

    def mro(self, depth=0):
        yield self
        if depth > 20:
            self.odd = "depth"
            return
        for b in self.bases:
            if b[0] == "class":
                yield from get_class(b[1], b[2]).mro(depth + 1)

    def known(self):
        return all(c.odd is None for c in self.mro())

    def natives(self):
        return {b[1] for c in self.mro() for b in c.bases if b[0] == "plain"}

    def lookup(self, method):
        """The first definition: (class, function), "plain" for a default, None if there is none."""
        for c in self.mro():
            if method in c.own:
                return (c, c.own[method])
            if "= " + method in c.own:
                v = c.own["= " + method]
                if isinstance(v, ast.Constant) and v.value is None:
                    return "plain"
                d = dotted_of(v)
                if d and d in c.own:
                    return (c, c.own[d])
                if d and d.split(".")[0] in NATIVE | {"object"}:
                    return "plain"
                r = resolve(c.module, d) if d else None
                if r and r[0] == "func":
                    return (c, r[2])
                return (c, None)
        return None

    def vet(self, method, depth=0):
        found = self.lookup(method)
        if found is None or found == "plain":
            return True
        c, fn = found
        if "%s.%s.%s" % (c.module.name, c.name, method) in READ:
            return True
        return fn is not None and vet_function(c.module, fn, self, depth + 1, c)


def get_class(module, node):
    key = id(node)
    if key not in CLASS_CACHE:
        CLASS_CACHE[key] = Class(module, node)
    return CLASS_CACHE[key]


VETTED = {}
IN_PROGRESS, TRAIL = set(), []
# Times that a vetting gave up for its depth, and that it leaned on a function whose own vetting was not over.
CUT = LEANED = 0


def vet_function(module, fn, owner, depth, defining=None):
    global CUT, LEANED
    key = (id(fn), id(owner.node) if owner else 0)
    if key in VETTED:
        LEANED += key in IN_PROGRESS
        return VETTED[key]
    if depth > 12:
        CUT += 1
        return False
    VETTED[key] = True  # recursion is as good as the rest
    IN_PROGRESS.add(key)
    before, mark = (CUT, LEANED), len(TRAIL)
    TRAIL.append(key)
    ok = Vetter(module, fn, owner, depth, defining).run()
    IN_PROGRESS.discard(key)
    if not ok:
        # What leaned on this one is vetted anew; what was too deep here need not be so elsewhere.
        if LEANED != before[1]:
            for leaning in TRAIL[mark:]:
                VETTED.pop(leaning, None)
            del TRAIL[mark:]
        VETTED.pop(key, None)
        if CUT == before[0]:
            VETTED[key] = False
    return ok


class Vetter(ast.NodeVisitor):
    def __init__(self, module, fn, owner, depth, defining):
        self.module, self.fn, self.owner, self.depth, self.defining = module, fn, owner, depth, defining
        self.ok = True
        args = fn.args
        self.params = {a.arg for a in args.args + args.kwonlyargs + getattr(args, "posonlyargs", [])}
        if args.vararg:
            self.params.add(args.vararg.arg)
        if args.kwarg:
            self.params.add(args.kwarg.arg)
        self.first = args.args[0].arg if args.args else None
        self.local = {}

    def run(self):
        for d in self.fn.decorator_list:
            name = dotted_of(d.func if isinstance(d, ast.Call) else d) or "?"
            if name.split(".")[-1] not in ("staticmethod", "classmethod", "property", "setter", "wraps", "deprecated", "override", "abstractmethod", "validator", "_preprocess_data", "lru_cache", "cacheit", "deprecate_kwarg", "_deprecate_positional_args", "overload", "final", "doc", "Appender", "set_module", "set_array_function_like_doc", "deprecate_nonkeyword_arguments", "_with_element0", "deprecated_renamed_argument"):
                return False
        for node in ast.walk(self.fn):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for a in node.names:
                    n = a.asname or a.name.split(".")[0]
                    if isinstance(node, ast.Import):
                        self.local[n] = a.name if a.asname else a.name.split(".")[0]
                    else:
                        m = Module.__new__(Module)
                        m.name, m.package, m.names, m.lazy_getattr, m.stars = self.module.name, self.module.package, {}, False, []
                        m.collect([node])
                        if n in m.names:
                            self.local[n] = m.names[n][1]
            elif isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)):
                return False
        for stmt in self.fn.body:
            self.visit(stmt)
            if not self.ok:
                return False
        return True

    def visit_With(self, node):
        for item in node.items:
            d = dotted_of(item.context_expr.func) if isinstance(item.context_expr, ast.Call) else dotted_of(item.context_expr)
            if not d or d.split(".")[-1] not in ("catch_warnings", "errstate", "suppress", "_lock", "lock"):
                self.ok = False
        for s in node.body:
            self.visit(s)

    def visit_FunctionDef(self, node):
        pass  # only defined here; a call of it is a call of a local name

    visit_Lambda = visit_FunctionDef

    def visit_Raise(self, node):
        # An exception class with any text.
        pass

    def visit_Call(self, node):
        for child in list(node.args) + [k.value for k in node.keywords]:
            self.visit(child)
        if self.ok and not self.call_ok(node):
            self.ok = False

    def call_ok(self, node):
        f = node.func
        if isinstance(f, ast.Attribute):
            v = f.value
            if isinstance(v, ast.Call) and isinstance(v.func, ast.Name) and v.func.id == "super":
                if not self.owner:
                    return False
                skip = True
                for c in self.owner.mro():
                    if skip:
                        skip = c is not (self.defining or self.owner)
                        continue
                    if f.attr in c.own:
                        return vet_function(c.module, c.own[f.attr], self.owner, self.depth + 1, c)
                return True if (self.owner.known() or f.attr in ("__init__", "__new__", "__setattr__")) else False
            if isinstance(v, ast.Name) and v.id in (self.first, "self", "cls") and self.owner and v.id in self.params:
                found = self.owner.lookup(f.attr)
                if found is None:
                    return f.attr in DATA_METHODS
                if found == "plain":
                    return True
                return found[1] is not None and isinstance(found[1], ast.FunctionDef) and vet_function(found[0].module, found[1], self.owner, self.depth + 1, found[0])
        d = dotted_of(f)
        if d:
            head = d.split(".")[0]
            if head in self.params or (head not in self.module.names and head not in self.local and not hasattr(builtins, head) and "." in d):
                # A method of data.
                return "." in d and d.split(".")[-1] in DATA_METHODS
            if "." not in d and head in self.params:
                return False
            kind, what = self.module.names.get(head, (None, None))
            imported = self.local.get(head) or (what if kind == "import" else None)
            if imported and imported + d[len(head):] in SAFE_DOTTED:
                return True
            r = absolute(self.local[head] + d[len(head):]) if head in self.local else resolve(self.module, d)
            if r[0] == "func":
                full = r[1].name + "." + r[2].name
                return full in SAFE_DOTTED or vet_function(r[1], r[2], None, self.depth + 1)
            if r[0] == "class":
                c = get_class(r[1], r[2])
                return c.known() and c.vet("__new__", self.depth + 1) and c.vet("__init__", self.depth + 1)
            if r[0] == "value":
                return d.split(".")[-1] in DATA_METHODS or (isinstance(r[2], ast.Call) and (dotted_of(r[2].func) or "").endswith("namedtuple"))
            full = r[1]
            if full in ("getattr", "setattr", "delattr", "type"):
                if full == "type":
                    return len(node.args) == 1
                name = node.args[1] if len(node.args) > 1 else None
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    return not (name.value.startswith("__") and name.value not in ("__dict__", "__name__", "__qualname__", "__len__", "__array__", "__iter__", "__doc__"))
                on_self = isinstance(node.args[0], ast.Name) and node.args[0].id == self.first if node.args else False
                return full == "setattr" and on_self and bool(self.owner) and self.owner.lookup("__setattr__") is None
            if full in SAFE_BUILTINS or full in SAFE_DOTTED or full in EXCEPTIONS or full in PLAIN_BASES:
                return True
            if full in EXACT_PURE:
                return True
            return "." in d and d.split(".")[-1] in DATA_METHODS and head not in self.local and (head not in self.module.names or self.module.names[head][0] == "value")
        if isinstance(f, ast.Attribute):
            self.visit(f.value)
            return f.attr in DATA_METHODS
        return False


EXACT_PURE = set()
C_CLASSES = {}


def class_flags(c):
    """The flags of a class, or None."""
    if not c.known():
        return None
    natives = c.natives()
    for n in natives:
        if n in C_CLASSES and not C_CLASSES[n] & STATE:
            return None
    if not c.vet("__del__") or not c.vet("__getattribute__") or not c.vet("__getattr__"):
        return None
    if not c.vet("__new__"):
        return None
    flags = 0
    setters = all(vet_function(k.module, fn, c, 1, k) for k in c.mro() for n, fn in k.own.items() if n.startswith("set "))
    own_setstate = isinstance(c.lookup("__setstate__"), tuple)
    if c.vet("__setstate__"):
        flags |= STATE
        # A dict of state goes to `__dict__`; only state of slots is set attribute by attribute.
        if own_setstate or (c.vet("__setattr__") and setters):
            flags |= SLOTS
    if c.vet("__init__") and (c.lookup("__init__") is not None or c.lookup("__new__") is not None or "dataclass" not in c.own or c.vet("__post_init__")):
        if c.vet("__post_init__"):
            flags |= INIT
    if c.vet("__hash__") and c.vet("__eq__"):
        flags |= HASH
    mapping = natives & {"list", "dict", "set", "bytearray", "collections.OrderedDict", "collections.UserDict", "collections.UserList", "collections.Counter", "collections.defaultdict", "collections.deque"}
    own = [m for m in ("append", "extend", "add", "__setitem__") if c.lookup(m) not in (None,)]
    if (mapping or own) and all(c.vet(m) for m in ("append", "extend", "add", "__setitem__")):
        flags |= ITEMS
    return flags


# ------------------------------------------------------------------------------------------------ following calls to sinks

REACH = {}


def reaches(module, fn, depth=0, owner=None):
    """The capability that a function reaches, or None."""
    key = id(fn)
    if key in REACH:
        return REACH[key]
    if depth > 3:
        return None
    REACH[key] = None
    best = None
    for node in ast.walk(fn):
        if not isinstance(node, ast.Call):
            continue
        d = dotted_of(node.func)
        if not d:
            continue
        r = resolve(module, d)
        full = r[1] if r[0] == "outside" else None
        if full in STRONG:
            best = STRONG[full]
            break
        if r[0] == "outside" and full == "open":
            mode = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
            if isinstance(mode, ast.Constant) and isinstance(mode.value, str) and set(mode.value) & set("wax+"):
                best = best or "file-write"
            elif best is None and node.args and isinstance(node.args[0], ast.Name):
                best = "file-read"
        elif r[0] == "func" and r[2] is not fn:
            full = r[1].name + "." + r[2].name
            if full in STRONG:
                best = STRONG[full]
                break
            deeper = reaches(r[1], r[2], depth + 1)
            if deeper and deeper != "file-read":
                best = deeper
        elif r[0] == "class" and r[1].name + "." + r[2].name in STRONG:
            best = STRONG[r[1].name + "." + r[2].name]
            break
        elif owner and d.startswith("self.") and d.count(".") == 1:
            found = owner.lookup(d[5:])
            if isinstance(found, tuple) and isinstance(found[1], ast.FunctionDef) and found[1] is not fn:
                deeper = reaches(found[0].module, found[1], depth + 1, owner)
                if deeper and deeper != "file-read":
                    best = deeper
    REACH[key] = best
    return best


def pickled_by(module):
    """Names of functions that a __reduce__ or copyreg of this module hands out."""
    out = set()
    for name, (kind, node) in module.names.items():
        if kind == "class":
            for n in node.body:
                if isinstance(n, ast.FunctionDef) and n.name in ("__reduce__", "__reduce_ex__", "__getstate__"):
                    out |= {x.id for x in ast.walk(n) if isinstance(x, ast.Name)}
    return out


# ------------------------------------------------------------------------------------------------ output


def read_lists():
    """The reviewed lists: {(module, name): byte}."""
    rows = {}
    for file in ("effects.tsv", "sinks.tsv"):
        for line in open(os.path.join(HERE, file), encoding="ascii"):
            line = line.split("#")[0].strip("\n ")
            if not line:
                continue
            modules, names, effect = line.split("\t")[:3]
            if effect in EFFECTS:
                byte = EFFECTS[effect]
            elif effect.startswith("class"):
                byte = 0x40
                for letter in effect[6:]:
                    byte |= {"i": INIT, "s": STATE | SLOTS, "h": HASH, "a": ITEMS, "c": CALL, "p": SLOTS}[letter]
            else:
                word, mild = effect.rstrip("?"), effect.endswith("?")
                byte = (0xA0 if mild else 0x80) | CAPS[word]
            for module in modules.split():
                for name in names.split():
                    rows[(module, name)] = byte
    return rows


def group_of(module):
    root = module.split(".")[0]
    for group, roots in GROUPS.items():
        if root in roots:
            return group
    return "more" if root in MORE or root in THIRD else "std"


THIRD = set()


PAIRS, DEPTH, BLOCK = 128, 12, 32


def pair_up(texts):
    """Replaces the most frequent pair of bytes by a byte from 0x80 on, again and again: the pairs, the shorter texts."""
    texts, pairs, depth = [list(text) for text in texts], [], [0] * 256
    while len(pairs) < PAIRS:
        counts = defaultdict(int)
        for text in texts:
            at = 0
            while at + 1 < len(text):
                counts[text[at], text[at + 1]] += 1
                # Three of a kind hold the pair once.
                at += 2 if text[at:at + 3] == [text[at]] * 3 else 1
        # A text of one module must not run into that of another.
        fit = [(n, pair) for pair, n in counts.items() if 0 not in pair and max(depth[pair[0]], depth[pair[1]]) < DEPTH]
        n, pair = max(fit, default=(0, None))
        if n < 4:
            break
        code = 0x80 + len(pairs)
        pairs.append(pair)
        depth[code] = 1 + max(depth[pair[0]], depth[pair[1]])
        for index, text in enumerate(texts):
            at, out = 0, []
            while at < len(text):
                if at + 1 < len(text) and (text[at], text[at + 1]) == pair:
                    out.append(code)
                    at += 2
                else:
                    out.append(text[at])
                    at += 1
            texts[index] = out
    return pairs, [bytes(text) for text in texts]


def write(group, rows):
    keys = sorted((m.encode() + b"\0" + n.encode(), b) for (m, n), b in rows.items())
    shares = []
    for i, (key, _) in enumerate(keys):
        assert key.isascii() and len(key) < 256, key
        shares.append(len(os.path.commonprefix([keys[i - 1][0], key])) if i % BLOCK else 0)
    pairs, texts = pair_up([key[shared:] for (key, _), shared in zip(keys, shares)])
    blocks, out, before, name_at = [], b"", None, 0
    for i, ((key, effect), shared, text) in enumerate(zip(keys, shares, texts)):
        if i % BLOCK == 0:
            blocks.append(len(out))
            before, name_at = None, 0
        # Bytes of the name that are those of the row before; 7: the number for the whole key follows.
        names = shared - name_at if i % BLOCK and 0 <= shared - name_at < 7 else 7
        out += bytes([(effect != before) << 7 | names << 4 | min(len(text), 15)])
        out += bytes([shared]) * (names == 7) + bytes([len(text)]) * (len(text) >= 15) + text
        out += bytes([effect]) * (effect != before)
        before, name_at = effect, key.index(0) + 1
    data = bytes([len(pairs)]) + bytes(x for pair in pairs for x in pair) + len(blocks).to_bytes(2, "little")
    data += b"".join(b.to_bytes(3, "little") for b in blocks) + out
    open(os.path.join(HERE, group + ".bin"), "wb").write(data)
    with open(os.path.join(HERE, group + ".tsv"), "w") as f:
        module = None
        for key, effect in keys:
            m, n = key.decode().split("\0")
            f.write("%s\t%s\t%02x\n" % ("" if m == module else m, n, effect))
            module = m
    return len(keys), len(data)


def last_run():
    """The generated rows of the last run, without what is left out now."""
    rows = {}
    for group in ["std", *GROUPS, "more"]:
        module = None
        for line in open(os.path.join(HERE, group + ".tsv")):
            m, n, b = line.rstrip("\n").split("\t")
            module = m or module
            if not any(module == s or module.startswith(s + ".") for s in SKIP + PRUNE) or n in ("*", "*f", "*C"):
                rows[(module, n)] = int(b, 16)
    return rows


# Generated rows that are left out for size: older or rarer parts.
PRUNE = (
    "transformers.models", "transformers.pipelines", "transformers.data", "django.views", "django.forms.widgets", "django.utils.translation",
    "sympy.solvers", "sympy.diffgeom", "sympy.holonomic", "sympy.liealgebras", "sympy.vector", "sympy.crypto", "sympy.tensor",
    "xarray.coding",
    "scipy.fftpack", "statsmodels.sandbox", "statsmodels.examples", "statsmodels.stats.tests", "statsmodels.graphics", "numba",
    "astropy.visualization", "astropy.nddata", "django.conf", "django.core.management",
    "django.db.migrations", "django.middleware", "django.dispatch", "spacy.pipeline", "spacy.ml", "networkx.algorithms",
    "bitarray.test_bitarray", "bitarray.test_bitfields", "bitarray.test_util", "bitarray.test_examples", "pint.testsuite", "optuna.storages._grpc", "optuna.cli",
    "nibabel.cmdline", "nibabel.nicom", "nibabel.benchmarks", "geopy.geocoders", "babel.messages", "river.datasets", "tslearn.datasets", "arch.data",
)


def finish(rows, lists):
    std = set(sys.stdlib_module_names) | {"Cookie", "UserDict"}
    known_roots = std | MORE | {r for rs in GROUPS.values() for r in rs}
    for key in lists:
        if key[0].split(".")[0] not in known_roots:
            THIRD.add(key[0].split(".")[0])
    THIRD.difference_update(PYTHON2)
    tables = defaultdict(dict)
    for (m, n), b in rows.items():
        # The distributions build their methods with exec: they are not proved, and no attack by being named.
        if m.startswith("scipy.stats.") and b >= 0x80 and (m, n) not in lists:
            b = 0
        if len(m) + len(n) < 200:
            tables["std" if n == "<module>" else group_of(m)][(m, n)] = b
    total = 0
    for group in ["std", *GROUPS, "more"]:
        count, size = write(group, tables[group])
        total += size
        print("%-8s %5d rows %6d bytes" % (group, count, size))
    print("total", total)


PYTHON2 = {"__builtin__", "copy_reg", "exceptions", "commands", "cPickle", "urllib2", "popen2", "UserList", "UserString", "StringIO", "cStringIO", "urlparse", "ConfigParser"}


def prepare(lists):
    for (m, n), b in lists.items():
        if b == 1:
            EXACT_PURE.add(m + "." + n)
        if 0x40 <= b < 0x80:
            C_CLASSES[m + "." + n] = b & 63
            if b & INIT:
                EXACT_PURE.add(m + "." + n)


def add_class(rows, name, n, module, node):
    """The row of a class, and those of its nested ones, if they are vetted."""
    versions = [(module, node)] + VERSIONS[(name, n)]
    classes = [get_class(m, nd) for m, nd in versions]
    flags = [class_flags(c) for c in classes]
    flag = flags[0]
    if flag is None:
        return
    # What an older version cannot be followed in says nothing; what it was followed in counts.
    for f in flags[1:]:
        flag &= flag if f is None else f
    if not flag & STATE:
        return
    public = next((d.args[0].value for d in node.decorator_list if isinstance(d, ast.Call) and (dotted_of(d.func) or "").endswith("set_module") and d.args and isinstance(d.args[0], ast.Constant)), None)
    rows[(name, n)] = 0x40 | flag
    if public:
        rows[(public, n)] = 0x40 | flag
    for sub in node.body:
        if isinstance(sub, ast.ClassDef):
            f = class_flags(get_class(module, sub))
            if f is not None and f & STATE:
                rows[(name, n + "." + sub.name)] = 0x40 | f


TESTS = ("tests", "test", "testing", "conftest", "_testing")


def more_of(wanted, lists):
    """Rows for some modules, beside those of the last run. Functions that reach a sink get a row each."""
    rows = last_run()
    under = lambda m, s: any(m == d or m.startswith(d + ".") for d in s)
    denied = {m for (m, n), b in lists.items() if n == "*"}
    quiet = {m for (m, n), b in lists.items() if n in ("*", "*f")}
    for name, module in sorted(MODULES.items()):
        if not under(name, wanted) or any(p in TESTS for p in name.split(".")) or under(name, denied):
            continue
        handed_out = pickled_by(module)
        for n, (kind, node) in module.names.items():
            if kind == "class" and not n.endswith("Test"):
                add_class(rows, name, n, module, node)
            elif kind == "func" and not under(name, quiet) and n not in handed_out:
                cap = reaches(module, node)
                if cap and cap != "file-read" and not n.startswith("_"):
                    rows.setdefault((name, n), 0x80 | CAPS[cap])
    return rows


def main():
    sys.setrecursionlimit(20000)
    lists = read_lists()
    if sys.argv[1] == "--again":
        return finish({**last_run(), **lists}, lists)
    prepare(lists)
    if sys.argv[1] == "--add":
        for root in sys.argv[3:]:
            load(root)
        return finish({**more_of(sys.argv[2].split(","), lists), **lists}, lists)
    for root in sys.argv[1:]:
        load(root)
    print(len(MODULES), "modules")
    denied = {m for (m, n), b in lists.items() if n == "*"}
    quiet = {m for (m, n), b in lists.items() if n in ("*", "*f")}
    under = lambda m, s: any(m == d or m.startswith(d + ".") for d in s)
    std = set(sys.stdlib_module_names) | {"Cookie", "UserDict"}
    known_roots = std | MORE | {r for rs in GROUPS.values() for r in rs}
    rows, sink_functions = {}, defaultdict(dict)
    for name, module in sorted(MODULES.items()):
        root = name.split(".")[0]
        if root not in known_roots or any(p in TESTS for p in name.split(".")):
            continue
        skip = under(name, SKIP) or under(name, denied)
        handed_out = pickled_by(module)
        for n, (kind, node) in module.names.items():
            if kind == "class" and not skip:
                add_class(rows, name, n, module, node)
            elif kind == "func" and not under(name, quiet):
                cap = reaches(module, node)
                if cap and n not in handed_out:
                    sink_functions[name][n] = cap
        if not under(name, quiet):
            for n, (kind, node) in module.names.items():
                if kind == "class" and (name, n) not in rows:
                    c = get_class(module, node)
                    for ctor in ("__init__", "__new__"):
                        found = c.lookup(ctor)
                        if isinstance(found, tuple) and isinstance(found[1], ast.FunctionDef):
                            cap = reaches(found[0].module, found[1], 1, c)
                            if cap and cap != "file-read":
                                sink_functions[name][n] = cap
    # Many sinks in one module are one row.
    for name, found in sink_functions.items():
        strong = {n: c for n, c in found.items()}
        functions = {n: c for n, c in strong.items() if n.lstrip("_")[:1].islower()}
        if len(functions) > 2:
            cap = max(set(functions.values()), key=list(functions.values()).count)
            rows.setdefault((name, "*f"), 0x80 | CAPS[cap])
        else:
            for n, c in functions.items():
                rows.setdefault((name, n), 0x80 | CAPS[c])
        for n, c in strong.items():
            if n not in functions:
                rows.setdefault((name, n), 0x80 | CAPS[c])
    rows.update(lists)
    finish(rows, lists)


if __name__ == "__main__":
    main()
