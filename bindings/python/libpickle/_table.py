"""Rows as columns, read in constant memory for each row."""

from __future__ import annotations

import io
from collections.abc import Mapping

from ._native import Record, _Batches, dumps


class Table(Mapping):
    """Columns by their names, each a list of the values of all rows; None where a row has none."""

    __slots__ = ("_columns", "_rows")

    def __init__(self, columns, rows):
        self._columns = columns
        self._rows = rows

    @property
    def names(self):
        """The names of the columns, in the order in which they first came."""
        return list(self._columns)

    @property
    def rows(self):
        """How many rows there are."""
        return self._rows

    def __getitem__(self, name):
        return self._columns[name]

    def __iter__(self):
        return iter(self._columns)

    def __len__(self):
        return len(self._columns)

    def __repr__(self):
        return "<libpickle.Table of %d rows: %s>" % (self._rows, ", ".join(map(str, self._columns)))

    def _batches(self):
        # Rows without columns are rows all the same.
        value = self._columns or [{}] * self._rows
        return _Batches.table(io.BytesIO(dumps(value)), "$", 65536, None, False, "")

    def __arrow_c_schema__(self):
        """The columns, for consumers of Arrow's C data interface."""
        return self._batches().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema=None):
        """The rows as record batches of Arrow: pyarrow, pandas, polars and duckdb take them."""
        return self._batches().__arrow_c_stream__(requested_schema)

    def to_numpy(self):
        """A dict of the columns as numpy arrays. Columns of values that numpy has no type for are arrays of objects."""
        import numpy

        arrays = {}
        for name, values in self._columns.items():
            kinds = {type(value) for value in values}
            if kinds and (kinds <= {int, float} or len(kinds) == 1 and kinds <= {bool, str}):
                # Ints that have no room become objects, not floats.
                array = numpy.array(values)
                if array.dtype.kind == "O" or kinds != {int} or array.dtype.kind in "iu":
                    arrays[name] = array
                    continue
            array = numpy.empty(len(values), dtype=object)
            array[:] = values
            arrays[name] = array
        return arrays

    def to_pandas(self):
        """A pandas.DataFrame of the columns."""
        import pandas

        return pandas.DataFrame(self._columns, columns=self.names, index=range(self._rows))

    def to_polars(self):
        """A polars.DataFrame of the columns."""
        import polars

        return polars.DataFrame(self._columns, strict=False)


def _fields(row):
    """Names and values of a row."""
    if isinstance(row, dict):
        return row.items()
    if isinstance(row, (tuple, list)):
        return enumerate(row)
    if isinstance(row, Record) and row.kind is None and len(row.attributes):
        return row.attributes.items()
    return None


def table(rows):
    columns, count = {}, 0
    for row in rows:
        fields = _fields(row)
        if fields is None:
            raise TypeError("row %d is not a dict, tuple, list or object with attributes: %r" % (count, row))
        for name, value in fields:
            column = columns.get(name)
            if column is None:
                column = columns[name] = [None] * count
            column.append(value)
        count += 1
        if any(len(column) != count for column in columns.values()):
            for column in columns.values():
                if len(column) < count:
                    column.append(None)
    return Table(columns, count)
