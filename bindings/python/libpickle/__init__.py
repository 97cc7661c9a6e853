"""Python's pickles without their danger: nothing that a pickle names is ever imported, called or executed.

    >>> import libpickle
    >>> value = libpickle.loads(data)      # plain data; objects are records of how they were made
    >>> libpickle.scan(data)               # what pickle.loads would import and call
    ['os.system']
"""

from __future__ import annotations

import functools
import io
import os
import pickle
from typing import NamedTuple

from . import pickle_uniffi as _ffi
from ._flat import BadValue, Writer
from ._values import Buffer, Extension, Global, Record, Str8, known

__all__ = [
    "Buffer",
    "Extension",
    "Global",
    "GlobalUse",
    "Info",
    "PickleError",
    "Record",
    "Str8",
    "dump",
    "dumps",
    "info",
    "items",
    "load",
    "loads",
    "pickles",
    "scan",
]

__version__ = _ffi.version()

_ENCODINGS = {
    None: _ffi.Encoding.KEEP,
    "bytes": _ffi.Encoding.BYTES,
    "ascii": _ffi.Encoding.ASCII,
    "latin1": _ffi.Encoding.LATIN1,
    "latin-1": _ffi.Encoding.LATIN1,
    "utf-8": _ffi.Encoding.UTF8,
    "utf8": _ffi.Encoding.UTF8,
}

_PIECE = 1 << 16


class PickleError(pickle.UnpicklingError, pickle.PicklingError):
    """A pickle could not be read or written.

    kind is the name of what went wrong, such as Truncated; offset is in bytes, from the start of the stream to the
    opcode at fault.
    """

    def __init__(self, message, kind, offset):
        super().__init__(message)
        self.kind = kind
        self.offset = offset

    def __reduce__(self):
        return PickleError, (self.args[0], self.kind, self.offset)


class GlobalUse(NamedTuple):
    """A class or function that a pickle names, and how many objects Python would make by calling it."""

    module: str
    name: str
    calls: int

    @property
    def path(self):
        return self.module + "." + self.name


class Info(NamedTuple):
    """What there is to tell about a pickle without its values."""

    length: int
    protocol: int
    opcodes: int
    memo: int
    root: str
    globals: tuple[GlobalUse, ...]
    unnamed_calls: int
    extensions: tuple[int, ...]
    persistent_ids: int
    buffers: int


class _Calling:
    """Errors of the library become those of this package."""

    def __enter__(self):
        pass

    def __exit__(self, _, error, __):
        if isinstance(error, _ffi.PickleError.Failed):
            name = "".join(part.capitalize() for part in error.kind.name.split("_"))
            raise PickleError(error.text, name, error.offset) from None


_calling = _Calling()


class _Plain(pickle.Unpickler):
    """Reads what the library wrote: the only names in it are these."""

    def __init__(self, plain, buffers):
        super().__init__(io.BytesIO(plain))
        self._buffers = buffers

    def find_class(self, module, name):
        # It is kept in the memo: a method of this object there would keep all that was read.
        return functools.partial(_buffer, self._buffers) if name == "buffer" else _MAKERS[name]


_MAKERS = {"Record": Record, "Global": Global, "known": known, "Str8": Str8, "Extension": Extension}


def _buffer(buffers, index, read_only):
    if buffers is None:
        return Buffer(index, read_only)
    buffer = buffers[index]
    return memoryview(buffer).toreadonly() if read_only else buffer


def _options(encoding, max_bytes, max_opcodes, max_depth, buffers=None):
    try:
        encoding = _ENCODINGS[encoding and encoding.lower()]
    except KeyError:
        raise ValueError("encoding must be ASCII, latin1, utf-8, bytes or None, not %r" % encoding) from None
    return _ffi.ReadOptions(
        encoding=encoding,
        max_bytes=max_bytes,
        max_opcodes=max_opcodes,
        max_depth=max_depth,
        buffers=None if buffers is None else len(buffers),
    )


def _value(plain, buffers=None):
    try:
        return _Plain(plain, buffers).load()
    except (TypeError, MemoryError) as error:
        # A key that Python cannot hash, as what it is known to be.
        raise PickleError(str(error), "BadValue", 0) from None


def loads(data, *, encoding="ASCII", buffers=None, max_bytes=None, max_opcodes=None, max_depth=1000):
    """Reads the pickle at the start of data as pickle.loads does, but imports and calls nothing.

    Plain data is what it is; so are dates, Decimal, UUID, complex, OrderedDict, deque and their like. Any other object
    is a Record, a class or function a Global. encoding is that of pickle.loads; None leaves Python 2 strs as Str8.

    max_bytes limits what the values may take in each of the reader's memory regions, max_opcodes their number,
    max_depth the levels that they nest. Raises PickleError.
    """
    if buffers is not None:
        buffers = list(buffers)
    with _calling:
        plain = _ffi.loads_plain(bytes(data), _options(encoding, max_bytes, max_opcodes, max_depth, buffers))
        return _value(plain, buffers)


def load(file, **options):
    """Reads the next pickle of a binary file, of which nothing behind the pickle is taken where it can seek."""
    for value, left in _each(file, **options):
        if left and file.seekable():
            file.seek(-left, io.SEEK_CUR)
        return value
    raise EOFError("there is no pickle: the file is at its end")


def pickles(file, **options):
    """The pickles that lie one after another in a binary file, each read when it is asked for. Options as of loads."""
    for value, _ in _each(file, **options):
        yield value


def _each(file, encoding="ASCII", max_bytes=None, max_opcodes=None, max_depth=1000):
    with _calling:
        reader = _ffi.Unpickler(_options(encoding, max_bytes, max_opcodes, max_depth))
        piece = b""
        while True:
            done = begun = False
            while not done:
                piece = piece or file.read(_PIECE)
                if not piece:
                    if not begun:
                        return
                    reader.finish()
                fed = reader.feed(piece)
                begun = True
                piece = piece[fed.consumed :]
                done = fed.status == _ffi.Status.DONE
            yield _value(_ffi.plain(reader.document())), len(piece)
            reader.next_pickle(False)


def dumps(value, protocol=4):
    """Writes plain data, and Records as the objects that they stand for. Nothing is imported or called.

    What is written is what the pickle module of CPython 3.12 writes for such a value, in protocol 0 to 5. Sharing and
    cycles stay. Instances of any other class are refused. Raises PickleError.
    """
    if protocol not in range(6):
        raise ValueError("protocols are 0 to 5, not %r" % (protocol,))
    with _calling:
        try:
            flat = Writer(protocol).write(value)
        except BadValue as error:
            raise PickleError(str(error), "BadValue", 0) from None
        return _ffi.dumps(flat, protocol)


def dump(value, file, protocol=4):
    """The same into a binary file."""
    file.write(dumps(value, protocol))


def items(file, path="$", *, encoding="ASCII", max_bytes=None, max_opcodes=None, max_depth=1000, hold=4096):
    """The items of the outermost container of each pickle in a binary file, or of the container at a path like $.rows.

    They are read one by one, and memory does not grow with the file. The items of a dict, and the attributes of an
    object, are pairs. A pickle of up to hold values is read as a whole.

    file is a binary file, or a path: then a first pass finds what later items share with earlier ones. Without, what
    was shared long ago is an error of kind MemoDropped.
    """
    options = _options(encoding, max_bytes, max_opcodes, max_depth)
    if isinstance(file, (str, os.PathLike)):
        with _calling:
            try:
                return _file_items(_ffi.FileItems.open(os.fspath(file), path, options, hold))
            except _ffi.PickleError.Failed:
                # Whoever has no such file gets Python's own error.
                open(file, "rb").close()
                raise
    return _stream_items(file, path, options, hold)


def _file_items(reader):
    with _calling:
        while batch := reader.next_batch():
            yield from _value(_ffi.plain_items(batch))


def _stream_items(file, path, options, hold):
    with _calling:
        reader = _ffi.ItemReader(path, options, hold)
        piece = b""
        begun = False
        while True:
            piece = piece or file.read(_PIECE)
            if not piece:
                if not begun and reader.offset():
                    return
                reader.finish()
            begun = True
            batch = reader.feed(piece)
            piece = piece[batch.consumed :]
            if batch.items:
                yield from _value(_ffi.plain_items(batch.items))
            if batch.status == _ffi.ItemStatus.DONE:
                reader.next_pickle()
                begun = False


def info(data, *, max_bytes=None, max_opcodes=None):
    """What the pickle at the start of data names and would call, and other facts about it."""
    with _calling:
        found = _ffi.info(bytes(data), _options(None, max_bytes, max_opcodes, 1000))
    fields = {name: getattr(found, name) for name in Info._fields}
    fields["globals"] = tuple(GlobalUse(use.module, use.name, use.calls) for use in found.globals)
    fields["extensions"] = tuple(found.extensions)
    return Info(**fields)


def scan(data, allow=()):
    """The names of everything that pickle.loads would import for the pickle at the start of data, sorted.

    allow has names that are left out, such as "collections.OrderedDict", or whole modules and what is in them:
    "numpy.*". Calls of what has no name are "<call>", extension codes "<extension 7>". Where the list is empty,
    pickle.loads makes plain data and instances of what was allowed, and nothing else.
    """
    found = info(data)
    names = [use.path for use in found.globals]
    names += ["<call>"] * bool(found.unnamed_calls) + ["<extension %d>" % code for code in sorted(set(found.extensions))]
    modules = tuple(name[:-1] for name in allow if name.endswith(".*"))
    return [name for name in names if name not in allow and not name.startswith(modules)]
