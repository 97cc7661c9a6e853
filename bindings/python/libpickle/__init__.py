"""Python's pickles without their danger: nothing that a pickle names is imported, called or executed unless you allow it.

    >>> import libpickle
    >>> value = libpickle.loads(data)      # plain data; objects are records of how they were made
    >>> libpickle.scan(data)               # what pickle.loads would do, and why
    <Report dangerous: PK101 at 0, PK201 at 23>
    >>> libpickle.loads(data, allow=["myapp.models.User"])      # real objects of exactly these classes
"""

from __future__ import annotations

import io
import os
from collections import namedtuple
from pickle import DEFAULT_PROTOCOL, HIGHEST_PROTOCOL, PickleBuffer, PicklingError, UnpicklingError

from . import _native, _open
from ._errors import PickleError, RefusedError
from ._native import Buffer, Extension, Global, Record, __version__, dumps, loads
from ._open import open
from ._pickler import Pickler, Unpickler
from ._policy import LIBRARIES, TRUST_ALL, Policy, pair_of, policy_of
from ._values import Str8

__all__ = [
    "DEFAULT_PROTOCOL",
    "HIGHEST_PROTOCOL",
    "LIBRARIES",
    "TRUST_ALL",
    "ArrowReader",
    "Buffer",
    "Difference",
    "Extension",
    "Finding",
    "Global",
    "GlobalUse",
    "Guard",
    "Info",
    "NamedGlobal",
    "PickleBuffer",
    "PickleError",
    "Pickler",
    "PicklingError",
    "Policy",
    "Record",
    "RefusedError",
    "Report",
    "Split",
    "SplitPlan",
    "Str8",
    "Table",
    "Unpickler",
    "UnpicklingError",
    "aitems",
    "arrow",
    "diff",
    "dump",
    "dumps",
    "get",
    "info",
    "install",
    "items",
    "load",
    "loads",
    "names",
    "open",
    "pickles",
    "scan",
    "split_plan",
    "table",
]


# What not everybody needs is imported when it is first asked for. What reads pickles is not: to read one imports nothing.
_LATER = {
    "ArrowReader": "_arrow",
    "Difference": "_diff",
    "Finding": "_scan",
    "Guard": "_guard",
    "NamedGlobal": "_scan",
    "Report": "_scan",
    "Split": "_splits",
    "SplitPlan": "_splits",
    "Table": "_table",
    "arrow": "_arrow",
    "install": "_guard",
    "scan": "_scan",
    "split_plan": "_splits",
}


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    import importlib

    value = globals()[name] = getattr(importlib.import_module("." + _LATER[name], __name__), name)
    return value


def __dir__():
    return sorted({*globals(), *_LATER})


# Their types are in the annotations of the package: to import typing takes as long as all that is here.
class GlobalUse(namedtuple("GlobalUse", "module name calls")):
    """A class or function that a pickle names, and how many objects Python would make by calling it."""

    __slots__ = ()

    @property
    def path(self):
        return self.module + "." + self.name


class Info(
    namedtuple(
        "Info", "length protocol opcodes memo root globals unnamed_calls extensions persistent_ids buffers"
    )
):
    """Facts about a pickle, without its values."""

    __slots__ = ()


def _reader(max_bytes, policy, allow):
    if policy is not None or allow is not None:
        policy = policy_of(policy, allow)
    return _native._Reader(False, max_bytes), policy


def load(file, *, max_bytes=None, policy=None, allow=None, **options):
    """Reads the next pickle of a binary file and leaves what follows unread. Options as of loads."""
    reader, policy = _reader(max_bytes, policy, allow)
    return reader.load(file, policy=policy, **options)


def pickles(file, *, max_bytes=None, policy=None, allow=None, **options):
    """The pickles of a binary file, of bytes or of a path, as open takes it, one after another, each read on demand.

    Options as of loads.
    """
    if isinstance(file, (str, os.PathLike)):
        with open(file) as opened:
            yield from pickles(opened, max_bytes=max_bytes, policy=policy, allow=allow, **options)
        return
    reader, policy = _reader(max_bytes, policy, allow)
    file = io.BytesIO(file) if _is_data(file) else file
    while True:
        try:
            value = reader.load(file, policy=policy, **options)
        except PickleError:
            raise
        except EOFError:
            return
        yield value


def dump(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None):
    """Writes what dumps returns to a binary file."""
    Pickler(file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback).dump(obj)


def items(file, path="$", **options):
    """The items of the outermost container of each pickle in a binary file, or of the container at a path like $.rows.

    They are read one by one, and memory does not grow with the file. The items of a dict, and the attributes of an
    object, are pairs. A pickle of up to min_nodes values is read as a whole. The iterator has dropped_call: bytes from the
    start to the first call whose result is dropped, as in pickles of cloudpickle, which no item shows; or None.

    file is a binary file, bytes, or a path, as open takes it: with the last two a first pass finds what later items share with earlier ones.
    Without, what was shared long ago is an error of kind MemoDropped, and a container behind siblings that later
    opcodes may still change is read as a whole.

    KeyError: there is nothing at the path in any of the pickles. TypeError: what is there has no items, as an int.
    """
    if _is_data(file):
        again = lambda: io.BytesIO(file)  # noqa: E731
        return _native._Items(again(), False, path, ahead=again(), again=again, **options)
    if not isinstance(file, (str, os.PathLike)):
        return _native._Items(file, False, path, **options)
    if not _open.is_packed(file):
        return _native._Items(file, True, path, **options)
    return _native._Items(open(file), False, path, ahead=open(file), again=lambda: open(file), **options)


def aitems(file, path="$", **options):
    """The same for async for: decoded in a thread, while the event loop goes on."""
    from . import _async

    return _async.aitems(lambda: items(file, path, **options))


def table(file, path="$", **options):
    """The rows of a container, as those of items, in columns: a Table.

    Rows are dicts, objects with attributes, or tuples and lists, whose columns are numbered. Options as of items.
    """
    from . import _table

    return _table.table(items(file, path, **options))


def get(data, path, **options):
    """The one value at a path like $.rows[3].name, of the pickle at the start of data. KeyError where nothing is there.

    data is bytes, or a file as open takes it: of a large one a row like $.rows[3] is taken in constant memory.
    """
    if isinstance(data, (str, os.PathLike)) or hasattr(data, "read") and hasattr(data, "readline") and not _is_buffer(data):
        from . import _get

        return _get.get(data, path, options)
    return _native.get(data, path, **options)


def _is_data(data):
    """Bytes and what has them, but no file: a mapped one is read as a file."""
    return not hasattr(data, "read") and _is_buffer(data)


def _is_buffer(data):
    try:
        memoryview(data).release()
    except TypeError:
        return False
    return True


def diff(before, after, *, rel_tol=0.0, abs_tol=0.0, **options):
    """What differs between two pickles, by path: an iterator of Differences.

    Both are bytes, or files as open takes them. Values are compared by what they mean: neither protocol and memo nor the
    order of keys and sets make a difference. Numbers are equal where abs(a - b) <= abs_tol + rel_tol * abs(b). Options as of
    loads; objects are compared as Records where no policy is given.
    """
    from ._diff import differences

    return differences(_value(before, options), _value(after, options), abs_tol, rel_tol)


def _value(data, options):
    if not isinstance(data, (str, os.PathLike)) and _is_buffer(data):
        return loads(data, **options)
    with _open.opened(data) as file:
        return load(file, **options)


def info(data, *, max_bytes=None, max_opcodes=None):
    """What the pickle at the start of data names and would call, and other facts about it."""
    fields = _native.info(data, max_bytes, max_opcodes)
    fields["globals"] = tuple(GlobalUse(*use) for use in fields["globals"])
    fields["extensions"] = tuple(fields["extensions"])
    return Info(**fields)


def names(data, allow=(), *, max_bytes=None, max_opcodes=None):
    """The names of everything that pickle.loads would import for any of the pickles in data, sorted.

    allow has exact names that are left out: "collections.OrderedDict", pairs of module and name, or classes. Calls of
    what has no name are "<call>", extension codes "<extension 7>", and where a pickle breaks, "<broken>" comes last: what
    is before it is there all the same. Where the list is empty, pickle.loads makes plain data and instances of what was
    allowed, and nothing else.
    """
    if isinstance(allow, str):
        raise TypeError("allow is a collection of names, not one name")
    allowed = {pair_of(entry) for entry in allow}
    pairs, calls, extensions, fault = _native.scan(data, max_bytes, max_opcodes)
    names = [module + "." + name for module, name in pairs if (module, name) not in allowed]
    names += ["<call>"] * bool(calls) + ["<extension %d>" % code for code in extensions]
    return names + ["<broken>"] * (fault is not None)
