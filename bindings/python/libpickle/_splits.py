"""One large file in parts that are read at the same time, by several processes or machines."""

from __future__ import annotations

import os
import struct
import zlib

from . import _arrow
from ._errors import PickleError
from ._files import File
from ._native import _Columns, _Plan, _SplitItems

_MAGIC = b"\x89PKX\r\n\x1a\n"
_VERSION = 1
_SAMPLE = 4096


class Split:
    """Some of the items of a file. It can be pickled, and read wherever the file is.

    Items are numbered from 0 over the whole file: first, and count of them, which is None where that is not known. The split
    lies from byte offset to byte end, which is None for the end of the file.
    """

    __slots__ = ("file", "path", "number", "of", "offset", "end", "first", "count", "pickles", "_size", "_check", "_plan")

    def __init__(self, file, path, number, of, offset, end, first, count, pickles, size, check, plan):
        self.file = file
        self.path = path
        self.number = number
        self.of = of
        self.offset = offset
        self.end = end
        self.first = first
        self.count = count
        self.pickles = pickles
        self._size = size
        self._check = check
        self._plan = plan

    def __reduce__(self):
        return Split, tuple(getattr(self, name) for name in self.__slots__)

    def __repr__(self):
        count = "all" if self.count is None else "%d" % self.count
        return "<libpickle.Split %d of %d: %s items from %d of %s>" % (
            self.number + 1,
            self.of,
            count,
            self.first,
            self.file if isinstance(self.file, str) else "bytes",
        )

    @property
    def is_whole(self):
        """It is the whole file, read from its start."""
        return self._plan is None

    def _open(self):
        file = File(self.file)
        if self._plan is not None and _check(file, self.offset) != (self._size, self._check):
            text = "%sthe file is another than the one that was split" % _arrow.prefix(file, self._name())
            raise PickleError(text, "OtherPlan", self.offset)
        return file

    def _name(self):
        return "" if self.is_whole else "split %d" % self.number

    def _place(self, file):
        name = _arrow.prefix(file, self._name())
        return _arrow.place(file, self.path, self._plan, self.pickles, name)

    def items(self, **options):
        """The items, one after another. Options as of libpickle.items."""
        return _SplitItems(self._place(self._open()), **options)

    def arrow(self, *, batch_rows=65536, sample=None, columns=None, flatten=False, schema=None):
        """The items as rows in record batches of Arrow, as libpickle.arrow has them.

        Without a schema the columns are those of this split, and others may have others: see SplitPlan.schema.
        """
        file = self._open()
        if self.is_whole and not self.pickles and schema is None:
            return _arrow.arrow(
                file, self.path, batch_rows=batch_rows, sample=sample, columns=columns, flatten=flatten, pickles=False
            )
        return _arrow.rows(file, lambda: self._place(file), batch_rows, sample, columns, flatten, schema)


class SplitPlan(list):
    """The splits of a file: a list.

    count is the number of items, None where that is not known. why says why the file is one split; fault says
    that it is damaged or cut off: the last split then ends with the error.
    """

    def __init__(self, splits, count, why, fault, plan=None):
        super().__init__(splits)
        self.count = count
        self.why = why
        self.fault = fault
        self._plan = plan

    def schema(self, sample=None, *, columns=None, flatten=False):
        """The columns of the rows of all splits, for Split.arrow: something with __arrow_c_schema__.

        Of as many rows as sample says, from the start, or of all. It cannot be pickled: pyarrow.schema of it can.
        """
        found = _Columns(columns, flatten)
        left = sample
        for split in self:
            if left is not None and left <= 0:
                break
            looked = found.look(split._place(split._open()), left)
            if left is not None:
                left -= looked
        return found

    def save(self, file=None):
        """Writes the plan beside the file, as `pickle index` does, or to another one. Gives its name."""
        split = self[0]
        if self._plan is None:
            raise ValueError("there is no plan of this file: %s" % (self.why or "it is read as a whole"))
        if file is None:
            file = split.file + ".pkx"
        body = _MAGIC + struct.pack("<I", _VERSION) + _identity(split.file) + bytes([split.pickles]) + self._plan.bytes()
        part = "%s.part%d" % (os.fspath(file), os.getpid())
        with open(part, "wb") as out:
            out.write(body + _sha256(body))
        os.replace(part, file)
        return file


def _check(file, offset):
    """The size of a file, and a checksum of its start and of what a split begins with."""
    head, start = file.samples([0, offset])
    return file.size(), zlib.crc32(start, zlib.crc32(head))


def _sha256(data):
    # It takes as long to import as all of this package.
    import hashlib

    return hashlib.sha256(data).digest()


def _identity(name):
    """What identifies the file that a plan belongs to: docs/split-plans.md."""
    stat = os.stat(name)
    last = max(stat.st_size - _SAMPLE, 0)
    samples = File(name).samples([last * number // 17 for number in range(18)])
    digest = _sha256(b"".join(samples))
    return struct.pack("<QQI", stat.st_size, stat.st_mtime_ns // 10**9, stat.st_mtime_ns % 10**9) + digest


def _beside(file, path, index):
    """The plan beside a file, and whether pickles are items; None if there is none that fits."""
    name = index if isinstance(index, (str, os.PathLike)) else file.name + ".pkx"
    is_asked = name is index
    if not is_asked and ("://" in name or not os.path.isfile(name)):
        return None
    with open(name, "rb") as opened:
        data = opened.read()
    body, checksum = data[:-32], data[-32:]
    plan = None
    if body.startswith(_MAGIC) and _sha256(body) == checksum:
        if body[8:12] == struct.pack("<I", _VERSION) and body[12:64] == _identity(file.name):
            plan = _Plan.read(body[65:])
        elif not is_asked:
            # What the file was before: a new plan is made.
            return None
    if plan is None or plan.path != path:
        if is_asked or plan is None:
            raise ValueError("%s is not a plan of %s and %s, or is damaged" % (os.fspath(name), file.name, path))
        return None
    return plan, bool(body[64])


def split_plan(file, path=None, *, bytes=16 << 20, items=None, pickles=None, index=True):
    """Where a file can be read from the middle: a SplitPlan, which is a list of Split. They follow each other, and all of
    their items together are those of the file.

    A split ends as soon as it has so many bytes or items. file is a name, or a URL that fsspec knows. path is where the items
    are. pickles says whether each pickle is an item, which is found out otherwise. Each process that reads a split looks at
    the file itself: nothing is kept open.

    The plan takes one pass over the file; with index it is the one beside it (FILE.pkx, made by `pickle index` or
    SplitPlan.save), if there is one, or the one that index names. What cannot be split is one split: compressed files,
    arrays and frames, and pickles for which SplitPlan.why has a reason.
    """
    file = File(file)
    path = "$" if path is None else path
    if not file.name:
        raise TypeError("file is a name or a URL: bytes are not split")
    if bytes is not None and bytes < 1 or items is not None and items < 1:
        raise ValueError("a split has at least one byte and one item")

    def whole(why, pickles=False, count=None, fault=None):
        split = Split(file.name, path, 0, 1, 0, None, 0, count, pickles, None, None, None)
        return SplitPlan([split], count, why, fault)

    if not file.is_plain:
        kind = _arrow.shape(file, path, pickles)
        return whole("it is compressed or in a zip file", kind == "pickles")
    found = _beside(file, path, index) if index else None
    if found is not None and pickles in (None, found[1]):
        plan, pickles = found
    else:
        kind = _arrow.shape(file, path, pickles)
        if kind == "table":
            return whole("it is not a list: a table, a dict or an object is read as a whole")
        pickles = kind == "pickles"
        plan = _Plan(file.native(), path, bytes, items, pickles)
    if plan.unsplit is not None:
        pickle, offset, why = plan.unsplit
        return whole("pickle %d, byte %d: %s" % (pickle, offset, why), pickles)
    if plan.items is None or plan.fault is not None and not plan.fault_is_told:
        return whole(plan.fault or "the number of items is not known", pickles, fault=plan.fault)
    parts = list(_grouped(plan.splits(), bytes, items))
    splits = []
    for number, (start, stop, offset, end, first, count) in enumerate(parts):
        size, check = _check(file, offset)
        end = None if end == 2**64 - 1 else end
        part = plan.part(start, stop)
        splits.append(Split(file.name, path, number, len(parts), offset, end, first, count, pickles, size, check, part))
    if not splits:
        return whole("it has no items", pickles, plan.items)
    return SplitPlan(splits, plan.items, None, plan.fault, plan)


def _grouped(splits, most_bytes, most_items):
    """Splits of a plan, several together as long as they are not too large."""
    start = 0
    while start < len(splits):
        stop = start + 1
        offset, end, first, count = splits[start]
        while stop < len(splits) and count is not None:
            _, next_end, _, next_count = splits[stop]
            if next_count is None or most_bytes is not None and next_end - offset > most_bytes:
                break
            if most_items is not None and count + next_count > most_items:
                break
            end, count, stop = next_end, count + next_count, stop + 1
        yield start, stop, offset, end, first, count
        start = stop
