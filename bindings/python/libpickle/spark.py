"""Pickles as a data source of Spark 4: rows in, rows out, and nothing that a pickle names is executed.

    from libpickle.spark import PickleDataSource
    spark.dataSource.register(PickleDataSource)
    frame = spark.read.format("pickle").option("itemsPath", "$.rows").load("/data/*.pkl")
    frame.write.format("pickle").mode("overwrite").save("/data/out")

The options, and how to size a job, are in docs/spark.md.
"""

from __future__ import annotations

import functools
import glob
import json
import operator
import os
import shutil
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor

import pyarrow
import pyarrow.compute
from pyspark.sql import types
from pyspark.sql.datasource import (
    DataSource,
    DataSourceArrowWriter,
    DataSourceReader,
    InputPartition,
    WriterCommitMessage,
)
from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema

from . import _arrow, dumps
from ._errors import PickleError
from ._files import File
from ._native import _Batches, _Columns
from ._splits import split_plan

try:
    from lzma import LZMAError
except ImportError:  # pragma: no cover
    # A Python that was built without.
    LZMAError = EOFError

__all__ = ["PickleDataSource"]

# What reading a damaged file raises. A row that does not fit is another error.
_DAMAGE = (PickleError, EOFError, OSError, zlib.error, LZMAError)

_MODES = {"PERMISSIVE": "keep", "DROPMALFORMED": "drop", "FAILFAST": "fail"}

# What opening a file costs, in bytes that could be read meanwhile: small files share a partition.
_OPEN_COST = 4 << 20

# Filters of Spark as Arrow has them. A comparison with null is null in both, and such rows are left out.
_COMPARISONS = {
    "EqualTo": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqual": operator.le,
    "In": lambda field, values: field.isin(list(values)),
    "IsNull": lambda field, _: field.is_null(),
    "IsNotNull": lambda field, _: field.is_valid(),
}

_METADATA = {"_file": types.StringType(), "_item": types.LongType(), "_offset": types.LongType()}


class _Options:
    """The options of a job, checked."""

    def __init__(self, options):
        def number(name, default, least=1):
            text = options.get(name)
            if text is None:
                return default
            try:
                value = int(text)
            except ValueError:
                value = least - 1
            if value < least:
                raise ValueError("option %s is a number of at least %d, not %r" % (name, least, text))
            return value

        def flag(name, default="false"):
            text = str(options.get(name, default)).lower()
            if text not in ("true", "false"):
                raise ValueError("option %s is true or false, not %r" % (name, text))
            return text == "true"

        def one_of(name, names):
            text = options.get(name)
            if text is not None and text.upper() not in names:
                raise ValueError("option %s is one of %s, not %r" % (name, ", ".join(names), text))
            return None if text is None else text.upper()

        paths = options.get("paths")
        self.paths = json.loads(paths) if paths else [options["path"]] if options.get("path") else []
        self.items_path = options.get("itemsPath", "$")
        pickles = one_of("pickles", ("TRUE", "FALSE"))
        self.pickles = None if pickles is None else pickles == "TRUE"
        self.mode = one_of("mode", tuple(_MODES))
        self.corrupt = options.get("columnNameOfCorruptRecord", "_corrupt")
        self.metadata = flag("metadata")
        self.flatten = flag("flatten")
        self.push_filters = flag("pushFilters")
        self.ignore_corrupt = flag("ignoreCorruptFiles")
        self.split_bytes = number("splitBytes", 128 << 20)
        self.split = flag("split", "true")
        self.sample_rows = number("sampleRows", 10_000)
        self.sample_files = number("sampleFiles", 8)
        self.batch_rows = number("batchRows", 16_384)
        self.protocol = number("protocol", None, 0)
        self.rows_per_pickle = number("rowsPerPickle", None)


def _files(paths):
    """The files that paths name: names, folders, globs; local, or by URL through fsspec. With their sizes, sorted."""
    if not paths:
        raise ValueError("there is no path: load(\"/data/*.pkl\")")
    found = {}

    def is_data(name):
        # Neither what other jobs are writing, nor plans.
        parts = name.rsplit("/", 1)[-1]
        return not parts.startswith(("_", ".")) and not parts.endswith(".pkx")

    for path in paths:
        if "://" in path and not path.startswith("file:"):
            import fsspec

            fs, inner = fsspec.core.url_to_fs(path)
            names = fs.find(inner) if fs.isdir(inner) else fs.glob(inner)
            for name in filter(is_data, names):
                found[fs.unstrip_protocol(name)] = fs.size(name)
            continue
        path = File(path).name if path.startswith("file:") and not glob.has_magic(path) else path
        path = "/" + path[5:].lstrip("/") if path.startswith("file:") else path
        member = ""
        if "!" in path and not os.path.exists(path):
            path, bang, member = path.partition("!")
            member = bang + member
        names = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) and not os.path.exists(path) else [path]
        before = len(found)
        for name in names:
            if not os.path.isdir(name):
                if is_data(name) or name == path:
                    found[os.path.abspath(name) + member] = os.stat(name).st_size
                continue
            for folder, folders, inside in os.walk(name):
                folders[:] = sorted(entry for entry in folders if is_data(entry))
                for entry in filter(is_data, inside):
                    entry = os.path.join(folder, entry)
                    found[os.path.abspath(entry) + member] = os.stat(entry).st_size
        if len(found) == before and glob.has_magic(path):
            raise FileNotFoundError("no file is named %s" % path)
    if not found:
        raise FileNotFoundError("there are no files in %s" % ", ".join(paths))
    return sorted(found.items())


def _spark_type(of):
    """The type of Spark that holds the values of one of Arrow."""
    kinds = pyarrow.types
    if isinstance(of, pyarrow.BaseExtensionType):
        return _spark_type(of.storage_type)
    if kinds.is_dictionary(of):
        return _spark_type(of.value_type)
    if kinds.is_null(of) or kinds.is_large_string(of):
        return types.StringType()
    if kinds.is_large_binary(of) or kinds.is_fixed_size_binary(of):
        return types.BinaryType()
    if kinds.is_uint8(of):
        return types.ShortType()
    if kinds.is_uint16(of):
        return types.IntegerType()
    if kinds.is_uint32(of):
        return types.LongType()
    if kinds.is_uint64(of):
        return types.DecimalType(20, 0)
    if kinds.is_float16(of):
        return types.FloatType()
    if kinds.is_list(of) or kinds.is_large_list(of) or kinds.is_fixed_size_list(of):
        return types.ArrayType(_spark_type(of.value_type), True)
    if kinds.is_struct(of):
        return types.StructType([types.StructField(field.name, _spark_type(field.type), True) for field in of])
    if kinds.is_timestamp(of):
        return types.TimestampType() if of.tz else types.TimestampNTZType()
    if kinds.is_duration(of):
        return types.DayTimeIntervalType()
    if kinds.is_date(of):
        return types.DateType()
    return from_arrow_type(of)


def _stored(column):
    """A column as what its type is made of: no categories, no extensions."""
    if isinstance(column.type, pyarrow.BaseExtensionType):
        return _stored(column.storage)
    return column.dictionary_decode() if pyarrow.types.is_dictionary(column.type) else column


class PickleDataSource(DataSource):
    """Pickles for Spark: `spark.dataSource.register(PickleDataSource)`, then format("pickle")."""

    def __init__(self, options):
        super().__init__(options)
        self._sampled = False

    @classmethod
    def name(cls):
        return "pickle"

    def schema(self):
        """The columns of the first rows of some of the files."""
        self._sampled = True
        how = _Options(self.options)
        files = [name for name, _ in _files(how.paths)]
        step = max(1, len(files) // how.sample_files)
        rows, others = _Columns(None, how.flatten), []
        for name in files[::step][: how.sample_files]:
            try:
                schema = self._sample(name, rows)
            except _DAMAGE as error:
                if not (how.ignore_corrupt and _is_damage(error)):
                    raise
                schema = None
            if schema is not None:
                others.append(schema)
        found = pyarrow.schema(rows)
        if len(found) or not others:
            others.append(found)
        plain = [
            pyarrow.schema([(field.name, to_arrow_type_of(_spark_type(field.type))) for field in schema])
            for schema in others
        ]
        merged = pyarrow.unify_schemas(plain, promote_options="permissive")
        fields = [types.StructField(field.name, _spark_type(field.type), True) for field in merged]
        if not fields:
            raise ValueError("no columns were found in %s: give a schema" % ", ".join(how.paths))
        if how.metadata:
            fields += [types.StructField(name, of, True) for name, of in _METADATA.items()]
        if how.mode == "PERMISSIVE":
            fields.append(types.StructField(how.corrupt, types.StringType(), True))
        return types.StructType(fields)

    def _sample(self, name, rows):
        """The columns of what is read as a whole; those of rows go to the others."""
        how, file = _Options(self.options), File(name)
        kind = _arrow.shape(file, how.items_path, how.pickles)
        if kind == "table":
            table = _Batches.table(file.native(), how.items_path, 1, None, how.flatten, _arrow.prefix(file))
            return pyarrow.schema(table)
        place = _arrow.place(file, how.items_path, pickles=kind == "pickles", name=_arrow.prefix(file))
        rows.look(place, how.sample_rows)
        return None

    def reader(self, schema):
        which = _FilteringReader if _Options(self.options).push_filters else _Reader
        return which(schema, self.options, self._sampled)

    def writer(self, schema, overwrite):
        return _Writer(self.options, overwrite)


def _is_damage(error):
    """The file is damaged: neither missing, out of reach, nor another than the one that was split."""
    return getattr(error, "errno", None) is None and getattr(error, "kind", None) != "OtherPlan"


def to_arrow_type_of(of):
    """The type of Arrow that Spark has for one of its own."""
    return to_arrow_schema(types.StructType([types.StructField("_", of, True)]), timezone="UTC").field(0).type


class _Partition(InputPartition):
    """Files, each as a whole or a split of it."""

    def __init__(self, parts):
        super().__init__(None)
        self.parts = parts


class _Reader(DataSourceReader):
    def __init__(self, schema, options, sampled):
        self._how = how = _Options(options)
        self._schema = schema
        self._extras = []
        data = []
        kinds = {"_file": "file", "_item": "item", "_offset": "offset"}
        wants_metadata = options.get("metadata") is None or how.metadata
        for field in schema.fields:
            if field.name == how.corrupt and isinstance(field.dataType, types.StringType):
                self._extras.append(("corrupt", field.name))
            elif wants_metadata and field.name in kinds and field.dataType == _METADATA[field.name]:
                self._extras.append((kinds[field.name], field.name))
            else:
                data.append(field)
        self._data = types.StructType(data)
        # Rows that do not fit must not go by unseen.
        keeps = any(kind == "corrupt" for kind, _ in self._extras)
        self._mode = _MODES[how.mode or ("PERMISSIVE" if keeps else "FAILFAST")]
        # Columns of rows that the sample had not are a misfit; those that the schema of a user has not are not wanted.
        self._selects = not sampled
        _Columns.of(to_arrow_schema(self._data, timezone="UTC"), how.flatten, self._selects)
        self._filters = []

    def partitions(self):
        how = self._how
        small, large = [], []
        file_column = {name for kind, name in self._extras if kind == "file"}
        wanted = [(kind, value) for name, kind, value in self._filters if name in file_column]
        for name, size in _files(how.paths):
            if any(kind == "EqualTo" and name != value or kind == "In" and name not in value for kind, value in wanted):
                continue
            (large if how.split and size > how.split_bytes else small).append((name, size))

        def plan(entry):
            return split_plan(entry[0], how.items_path, bytes=how.split_bytes, pickles=how.pickles)

        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            plans = list(pool.map(plan, large))
        found = [_Partition([(split.file, None if split.is_whole else split)]) for splits in plans for split in splits]
        parts, filled = [], 0
        for name, size in sorted(small, key=lambda entry: -entry[1]):
            if parts and filled + size + _OPEN_COST > how.split_bytes:
                found.append(_Partition(parts))
                parts, filled = [], 0
            parts.append((name, None))
            filled += size + _OPEN_COST
        # Where no file is left Spark wants a partition nevertheless.
        if parts or not found:
            found.append(_Partition(parts))
        return found

    def read(self, partition):
        target = to_arrow_schema(self._schema, timezone="UTC")
        for name, split in partition.parts:
            try:
                for batch in self._batches(name, split, target):
                    yield from self._filtered(batch)
            except _DAMAGE as error:
                if not (self._how.ignore_corrupt and _is_damage(error)):
                    raise

    def _filtered(self, batch):
        if not self._filters:
            return [batch]
        field = pyarrow.compute.field
        wanted = [_COMPARISONS[kind](field(name), value) for name, kind, value in self._filters]
        table = pyarrow.Table.from_batches([batch]).filter(functools.reduce(operator.and_, wanted))
        return table.combine_chunks().to_batches() if table.num_rows else []

    def _batches(self, name, split, target):
        how, file = self._how, File(name)
        kind = "rows" if split is not None else _arrow.shape(file, how.items_path, how.pickles)
        if kind == "table":
            yield from self._table(file, target)
            return
        if split is not None:
            place = split._place(split._open())
        else:
            place = _arrow.place(file, how.items_path, pickles=kind == "pickles", name=_arrow.prefix(file))
        columns = _Columns.of(to_arrow_schema(self._data, timezone="UTC"), how.flatten, self._selects)
        batches = _Batches.rows(place, columns, how.batch_rows, self._mode, self._extras, name)
        for batch in pyarrow.RecordBatchReader.from_stream(batches):
            if batch.num_rows:
                yield _cast(batch, target, file)

    def _table(self, file, target):
        """What is read as a whole: its columns have one type each, and fit or do not."""
        how = self._how
        table = _Batches.table(file.native(), how.items_path, how.batch_rows, None, how.flatten, _arrow.prefix(file))
        row = 0
        for batch in pyarrow.RecordBatchReader.from_stream(table):
            rows = batch.num_rows
            columns = {field.name: batch.column(at) for at, field in enumerate(batch.schema)}
            for kind, name in self._extras:
                if kind == "file":
                    columns[name] = pyarrow.repeat(file.name, rows)
                elif kind == "item":
                    columns[name] = pyarrow.array(range(row, row + rows), pyarrow.int64())
                else:
                    columns[name] = pyarrow.nulls(rows)
            for field in target:
                if field.name not in columns:
                    columns[field.name] = pyarrow.nulls(rows)
            row += rows
            yield _cast(pyarrow.RecordBatch.from_pydict(columns), target, file)


class _FilteringReader(_Reader):
    """Spark refuses one that takes filters unless spark.sql.python.filterPushdown.enabled is set."""

    def pushFilters(self, filters):
        """Comparisons of ints, text and flags with a value are done on Arrow batches, and those of _file choose the files."""
        kinds = (types.ByteType, types.ShortType, types.IntegerType, types.LongType, types.StringType, types.BooleanType)
        plain = {field.name: field.dataType for field in self._schema.fields if isinstance(field.dataType, kinds)}
        for one in filters:
            name = one.attribute[0] if len(getattr(one, "attribute", ())) == 1 else None
            kind, value = type(one).__name__, getattr(one, "value", None)
            values = value if kind == "In" else (value,)
            fits = kind in ("IsNull", "IsNotNull") or all(isinstance(value, (bool, int, str)) for value in values)
            # Arrow looks for values among those of the same type.
            fits = fits and (kind != "In" or isinstance(plain.get(name), (types.LongType, types.StringType)))
            if name in plain and kind in _COMPARISONS and fits:
                self._filters.append((name, kind, value))
            else:
                yield one


def _cast(batch, target, file):
    arrays = []
    for field in target:
        column = _stored(batch.column(field.name))
        try:
            arrays.append(column if column.type == field.type else column.cast(field.type))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
            text = "%scolumn %s is not %s: %s" % (_arrow.prefix(file), field.name, field.type, error)
            raise pyarrow.ArrowInvalid(text) from None
    return pyarrow.RecordBatch.from_arrays(arrays, schema=target)


class _Message(WriterCommitMessage):
    """A file that a task has written."""

    def __init__(self, file):
        self.file = file


class _Writer(DataSourceArrowWriter):
    """A file a task, beside the others only when all tasks are done."""

    def __init__(self, options, overwrite):
        self._how = how = _Options(options)
        if len(how.paths) != 1 or ("://" in how.paths[0] and not how.paths[0].startswith("file:")):
            raise ValueError("pickles are written to one folder, which all workers reach by its name")
        path = how.paths[0]
        self._folder = os.path.abspath("/" + path[5:].lstrip("/") if path.startswith("file:") else path)
        self._job = uuid.uuid4().hex
        self._overwrite = overwrite
        # Here and not by the tasks: one that is still running when the job is given up must not make it anew.
        os.makedirs(self._temporary)

    @property
    def _temporary(self):
        return os.path.join(self._folder, "_temporary-" + self._job)

    def write(self, iterator):
        from pyspark import TaskContext

        how = self._how
        context = TaskContext.get()
        task = context.partitionId() if context is not None else 0
        # Another attempt at the task writes another file.
        name = "part-%05d-%s.pkl" % (task, uuid.uuid4().hex)
        rows, wrote = [], False
        with open(os.path.join(self._temporary, name), "xb") as out:
            for batch in iterator:
                rows += batch.to_pylist(maps_as_pydicts="strict")
                while how.rows_per_pickle is not None and len(rows) >= how.rows_per_pickle:
                    out.write(dumps(rows[: how.rows_per_pickle], how.protocol))
                    del rows[: how.rows_per_pickle]
                    wrote = True
            if rows or not wrote:
                out.write(dumps(rows, how.protocol))
            out.flush()
            os.fsync(out.fileno())
        return _Message(name)

    def commit(self, messages):
        old = []
        if self._overwrite:
            old = [name for name in os.listdir(self._folder) if not name.startswith(("_temporary-", "."))]
        for message in messages:
            if message is not None:
                os.replace(os.path.join(self._temporary, message.file), os.path.join(self._folder, message.file))
        for name in old:
            name = os.path.join(self._folder, name)
            shutil.rmtree(name) if os.path.isdir(name) and not os.path.islink(name) else os.remove(name)
        self._remove_temporary()
        with open(os.path.join(self._folder, "_SUCCESS"), "wb"):
            pass

    def abort(self, messages):
        self._remove_temporary()

    def _remove_temporary(self):
        # A task that is not over may put a file there meanwhile.
        for _ in range(10):
            shutil.rmtree(self._temporary, ignore_errors=True)
            if not os.path.exists(self._temporary):
                break
