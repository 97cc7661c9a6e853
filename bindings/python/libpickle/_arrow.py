"""Rows and tables as record batches of Arrow, for consumers of Arrow's C data interface."""

from __future__ import annotations

from ._files import File
from ._native import _Batches, _Columns, _is_log, _shape

# Bytes of the first pickle of a log at most.
_RECORD = 1 << 20


def place(file, path="$", plan=None, pickles=False, name="", ahead=True):
    """Items of a file, as the native module takes them."""
    return file.native(), file.native() if ahead and plan is None and not pickles else None, path, plan, pickles, name


def shape(file, path, pickles=None):
    """pickles, where each pickle is an item; rows; or table, for what is read as a whole."""
    if pickles is None and path == "$":
        pickles = _is_log(_start(file))
    return "pickles" if pickles else _shape(place(file, path, ahead=False, name=prefix(file)))


def _start(file):
    """The first bytes of a file, as far as it can be read; errors are left to the reader that follows."""
    found = b""
    with file.open() as opened:
        try:
            while len(found) < _RECORD:
                piece = opened.read(1 << 16)
                if not piece:
                    break
                found += piece
        except Exception:
            pass
    return found


def prefix(file, rest=""):
    """What messages about a file begin with."""
    text = ", ".join(part for part in (file.name, rest) if part)
    return text + ": " if text else ""


class ArrowReader:
    """Record batches, as often as they are asked for: __arrow_c_stream__ is what pyarrow, pandas, polars and duckdb take."""

    def __init__(self, open_, columns):
        self._open = open_
        self._columns = columns
        self._first = None

    def _batches(self):
        batches, self._first = self._first or self._open(), None
        return batches

    @property
    def json_columns(self):
        """The columns that hold values of different types: what is not text in them is JSON."""
        return list(self._peek().json_columns)

    def _peek(self):
        if self._first is None:
            self._first = self._open()
        return self._first

    def __arrow_c_schema__(self):
        return self._peek().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema=None):
        return self._batches().__arrow_c_stream__(requested_schema)


def columns_of(schema, columns, flatten):
    """The columns of rows: those of a schema, or to be found."""
    if isinstance(schema, _Columns):
        return schema
    if schema is not None:
        if not hasattr(schema, "__arrow_c_schema__"):
            raise TypeError("schema is something with __arrow_c_schema__, such as a pyarrow.Schema")
        return _Columns.of(schema, flatten)
    return _Columns(columns, flatten)


def rows(file, where, batch_rows, sample, columns, flatten, schema, mode="fail", extras=()):
    """The batches of rows: where(ahead) is their place."""

    def open_():
        found = columns_of(schema, columns, flatten)
        if schema is None:
            found.look(where(), sample)
        return _Batches.rows(where(), found, batch_rows, mode, list(extras), file.name)

    return ArrowReader(open_, columns)


def arrow(file, path="$", *, batch_rows=65536, sample=None, columns=None, flatten=False, schema=None, pickles=None):
    """The rows of a list, a frame, an array or a log in columns, as record batches of Arrow.

    The result has __arrow_c_stream__ and __arrow_c_schema__: pyarrow.table(...), pandas.DataFrame.from_arrow(...),
    polars.DataFrame(...) and duckdb.from_arrow(...) take it, as often as they like. No object of Python is made for a value.

    file is a name, a URL that fsspec knows, bytes, or a binary file, which is read into memory. Rows are dicts, tuples, lists
    or objects; path is where they are. What is not a list is read as a whole: a DataFrame, a Series, an array, a dict of
    columns. pickles says whether each pickle is a row, which is found out otherwise.

    batch_rows are the rows of a batch at most. Columns have the type that holds all of their values, which takes a first pass
    over all rows; sample is for as many rows only, and a later one that does not fit is an error. columns are the names of
    those wanted, flatten makes columns a.b of dicts inside of dicts. schema, with __arrow_c_schema__, says what the columns of
    rows are.
    """
    file = File(file)
    kind = shape(file, path, pickles)
    if kind == "table":
        if schema is not None:
            raise TypeError("the columns of a table that is read as a whole are its own: cast them")
        return ArrowReader(
            lambda: _Batches.table(file.native(), path, batch_rows, columns, flatten, prefix(file)), columns
        )
    is_log = kind == "pickles"
    name = prefix(file)
    return rows(
        file, lambda: place(file, path, pickles=is_log, name=name), batch_rows, sample, columns, flatten, schema
    )
