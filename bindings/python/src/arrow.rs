//! Record batches of Arrow, by way of its C interface.

use crate::rows::{Fault, Pinned, Row, Rows};
use crate::splits::Place;
use crate::stretch::Stretch;
use arrow_array::builder::{LargeStringBuilder, UInt64Builder};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, RecordBatchReader, StringArray};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use pickle_arrow::{Arena, RowBuilder, RowSchema as Columns, TableOptions, TableReader, json};
use pickle_core::{Document, Error, Heap, Options, Role, Status, Unpickler, joblib};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::sync::{Arc, Mutex};

fn capsule<'py, T: Send + 'static>(
    py: Python<'py>,
    value: T,
    name: &'static std::ffi::CStr,
) -> PyResult<Bound<'py, PyCapsule>> {
    // The consumer takes what is in it away; what it leaves is released with the capsule.
    PyCapsule::new_with_value(py, value, name)
}

fn schema_capsule<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema).map_err(arrow_error)?;
    capsule(py, schema, c"arrow_schema")
}

#[allow(clippy::needless_pass_by_value)]
fn arrow_error(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn options_of(columns: Option<Vec<String>>, flatten: bool) -> TableOptions {
    TableOptions::new().columns(columns).flatten(flatten)
}

/// The columns of rows, found by looking at them, or given.
#[pyclass(module = "libpickle", name = "_Columns")]
pub struct RowSchema {
    columns: Columns,
}

#[pymethods]
impl RowSchema {
    #[new]
    #[pyo3(signature = (columns=None, flatten=false))]
    fn new(columns: Option<Vec<String>>, flatten: bool) -> Self {
        RowSchema { columns: Columns::new(&options_of(columns, flatten), json) }
    }

    /// Of what has `__arrow_c_schema__`. Columns of rows that it has not are left out, or do not fit without `selects`.
    #[staticmethod]
    #[pyo3(signature = (schema, flatten=false, selects=true))]
    fn of(schema: &Bound<'_, PyAny>, flatten: bool, selects: bool) -> PyResult<Self> {
        let lent = schema.call_method0("__arrow_c_schema__")?.cast_into::<PyCapsule>()?;
        let pointer = lent.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
        // SAFETY: the capsule of this name has a schema, which it keeps.
        let schema = Schema::try_from(unsafe { pointer.as_ref() }).map_err(arrow_error)?;
        let columns = Columns::of(&schema, flatten, json).map_err(|error| PyTypeError::new_err(error.to_string()))?;
        Ok(RowSchema { columns: if selects { columns } else { columns.and_no_others() } })
    }

    /// Widens the columns for rows of a place, as many as `rows` says. How many there were.
    fn look(&mut self, place: Place<'_>, rows: Option<u64>) -> PyResult<u64> {
        let py = place.file().py();
        let mut from = place.open(Options::new(), 4096, None)?;
        let columns = &mut self.columns;
        let looked = py.detach(|| {
            let mut count = 0;
            while rows.is_none_or(|rows| count < rows) && from.advance()? {
                let Some(row) = from.row() else { break };
                columns.look(checked(&row)?.root());
                count += 1;
            }
            Ok::<_, Fault>(count)
        });
        looked.map_err(|fault| fault.raise(py, place.name()))
    }

    /// Columns in which what is not text is JSON.
    fn json_columns(&self) -> Vec<String> {
        self.columns.json_columns()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &builder(&self.columns)?.schema())
    }
}

fn builder(columns: &Columns) -> PyResult<RowBuilder> {
    columns.builder().map_err(|error| PyKeyError::new_err(error.to_string()))
}

/// The row of an item.
fn checked<'r>(row: &Row<'r>) -> Result<Document<'r>, Fault> {
    match row.role {
        Role::Item => Ok(row.document),
        _ => Err(Fault::Shape("these are entries of a dict or parts of an object, and no rows".into())),
    }
}

/// A damaged file is an error of input, EIO in the C interface and an OSError of pyarrow: rows that do not fit and other files
/// are not.
fn arrow_fault(text: String, fault: Fault) -> ArrowError {
    match fault {
        Fault::Read(error) => ArrowError::IoError(text, error),
        Fault::Pickle(error) => ArrowError::IoError(text, std::io::Error::other(error)),
        _ => ArrowError::ComputeError(text),
    }
}

/// Columns that say where a row comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    File,
    Item,
    Offset,
    Corrupt,
}

/// What becomes of rows that do not fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Fail,
    Keep,
    Drop,
}

/// Rows that a trial keeps.
const TRIALS: usize = 1024;

/// Batches of rows.
struct RowBatches {
    rows: Rows,
    builder: RowBuilder,
    schema: SchemaRef,
    extras: Vec<Extra>,
    mode: Mode,
    batch_rows: usize,
    file: String,
    name: String,
    items: UInt64Builder,
    offsets: UInt64Builder,
    corrupt: LargeStringBuilder,
    /// Where rows are left out that do not fit: they are put in here first.
    trial: Option<RowBuilder>,
    /// The item that was read last.
    last: Option<u64>,
    /// Comes after the rows before it.
    fault: Option<Fault>,
    is_over: bool,
}

impl RowBatches {
    fn batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        while self.builder.rows() < self.batch_rows && !self.builder.is_full() {
            match self.rows.advance() {
                Ok(true) => {}
                Ok(false) => {
                    self.is_over = true;
                    break;
                }
                Err(fault) if self.builder.rows() == 0 => return Err(fault),
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
            let offset = self.rows.offset();
            self.last = self.rows.row().map(|row| row.index);
            let Some(row) = self.rows.row() else { break };
            let value = checked(&row)?;
            if let Some(trial) = &mut self.trial {
                if trial.rows() >= TRIALS {
                    trial.finish();
                }
                if trial.take(value.root()).is_some() {
                    continue;
                }
            }
            let misfit = self.builder.take(value.root());
            if let (Mode::Fail, Some(misfit)) = (self.mode, &misfit) {
                return Err(Fault::Row(row.index, offset, misfit.to_string()));
            }
            for extra in &self.extras {
                match extra {
                    Extra::File => {}
                    Extra::Item => self.items.append_value(row.index),
                    Extra::Offset => self.offsets.append_value(offset),
                    Extra::Corrupt if misfit.is_some() => {
                        let mut text = String::new();
                        json(value.root(), &mut text);
                        self.corrupt.append_value(text);
                    }
                    Extra::Corrupt => self.corrupt.append_null(),
                }
            }
        }
        let Some(batch) = self.builder.finish() else { return Ok(None) };
        let mut columns = batch.columns().to_vec();
        for extra in &self.extras {
            let column: ArrayRef = match extra {
                Extra::File => {
                    Arc::new(std::iter::repeat_n(Some(&self.file), batch.num_rows()).collect::<StringArray>())
                }
                Extra::Item => Arc::new(self.items.finish()),
                Extra::Offset => Arc::new(self.offsets.finish()),
                Extra::Corrupt => Arc::new(self.corrupt.finish()),
            };
            columns.push(column);
        }
        let arrow = |error: ArrowError| Fault::Shape(error.to_string());
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(arrow)?;
        Ok(Some(batch))
    }
}

impl Iterator for RowBatches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let batch = self.batch();
        if batch.is_err() {
            self.is_over = true;
        }
        let place = |fault: &Fault| match (fault, self.last) {
            (Fault::Row(..), _) | (_, None) => self.name.clone(),
            (_, Some(last)) => format!("{}after item {last}: ", self.name),
        };
        batch.map_err(|fault| arrow_fault(format!("{}{fault}", place(&fault)), fault)).transpose()
    }
}

impl RecordBatchReader for RowBatches {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// Batches of a value that is read as a whole, and what they borrow.
struct TableBatches {
    reader: TableReader<'static>,
    // Behind what borrows them.
    _document: Pinned<Document<'static>>,
    _arena: Pinned<Arena>,
    _unpickler: Pinned<Unpickler<Heap>>,
    _input: Vec<u8>,
    name: String,
    batch_rows: usize,
    /// Rows of a batch that are left, and where they begin.
    rest: Option<(RecordBatch, usize)>,
}

// SAFETY: all that it refers to is its own, and plain data.
unsafe impl Send for TableBatches {}

fn load(unpickler: &mut Unpickler<Heap>, input: &[u8]) -> Result<(), Error> {
    while unpickler.advance(input)? == Status::Built {
        joblib::take_array(unpickler, input)?;
    }
    Ok(())
}

impl TableBatches {
    fn new(input: Vec<u8>, path: &str, options: &TableOptions, name: &str, batch_rows: usize) -> Result<Self, Fault> {
        let mut unpickler = Unpickler::new(Heap::new(), Options::new().stop_after_build(true));
        load(&mut unpickler, &input)?;
        let end = usize::try_from(unpickler.offset()).unwrap_or(usize::MAX);
        if end < input.len() {
            return Err(Fault::Shape("more follows the first pickle, and is not in the table".into()));
        }
        let (arena, unpickler) = (Pinned::new(Arena::new(json)), Pinned::new(unpickler));
        // SAFETY: none of them is changed before the reader is gone, which is dropped first; the vector's bytes stay where they
        // are when it moves.
        let bytes: &'static [u8] = unsafe { std::slice::from_raw_parts(input.as_ptr(), input.len()) };
        // SAFETY: the same.
        let document = unsafe { unpickler.get() }.document_in(bytes);
        let document = Pinned::new(document.ok_or_else(|| Fault::Shape("the pickle is not complete".into()))?);
        // SAFETY: the same.
        let (borrowed, arena_used) = unsafe { (document.get(), arena.get()) };
        let found = borrowed.root().at_path(path).map_err(|error| Fault::Nothing(error.to_string()))?;
        let reader = TableReader::new(found, options, arena_used).map_err(|error| Fault::Shape(error.to_string()))?;
        let name = name.to_owned();
        Ok(TableBatches {
            reader,
            _document: document,
            _arena: arena,
            _unpickler: unpickler,
            _input: input,
            name,
            batch_rows,
            rest: None,
        })
    }
}

impl Iterator for TableBatches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (batch, at) = match self.rest.take() {
            Some(rest) => rest,
            None => match self.reader.next()? {
                Ok(batch) => (batch, 0),
                Err(error) => return Some(Err(ArrowError::ComputeError(format!("{}{error}", self.name)))),
            },
        };
        let rows = self.batch_rows.min(batch.num_rows() - at);
        if at + rows < batch.num_rows() {
            self.rest = Some((batch.clone(), at + rows));
        }
        Some(Ok(batch.slice(at, rows)))
    }
}

impl RecordBatchReader for TableBatches {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }
}

/// Record batches, once.
#[pyclass(module = "libpickle", name = "_Batches")]
pub struct Batches {
    schema: SchemaRef,
    reader: Mutex<Option<Box<dyn RecordBatchReader + Send>>>,
    /// Columns in which what is not text is JSON.
    #[pyo3(get)]
    json_columns: Vec<String>,
}

impl Batches {
    fn of(reader: Box<dyn RecordBatchReader + Send>, json_columns: Vec<String>) -> Self {
        Batches { schema: reader.schema(), reader: Mutex::new(Some(reader)), json_columns }
    }
}

#[pymethods]
impl Batches {
    /// The rows of a place in columns. `extras` are pairs: what it is (file, item, offset, corrupt), and its name.
    #[staticmethod]
    #[pyo3(signature = (place, columns, batch_rows, mode, extras, file))]
    fn rows(
        place: Place<'_>,
        columns: &RowSchema,
        batch_rows: usize,
        mode: &str,
        extras: Vec<(String, String)>,
        file: String,
    ) -> PyResult<Self> {
        let rows = place.open(Options::new(), 4096, None)?;
        let builder = builder(&columns.columns)?;
        let mut fields = builder.schema().fields().to_vec();
        let mut kinds = Vec::new();
        for (kind, name) in extras {
            let (extra, data_type) = match kind.as_str() {
                "file" => (Extra::File, DataType::Utf8),
                "item" => (Extra::Item, DataType::UInt64),
                "offset" => (Extra::Offset, DataType::UInt64),
                "corrupt" => (Extra::Corrupt, DataType::LargeUtf8),
                other => return Err(PyValueError::new_err(format!("there is no column of the kind {other}"))),
            };
            kinds.push(extra);
            fields.push(Arc::new(Field::new(name, data_type, true)));
        }
        let mode = match mode {
            "fail" => Mode::Fail,
            "keep" => Mode::Keep,
            "drop" => Mode::Drop,
            other => return Err(PyValueError::new_err(format!("there is no mode {other}"))),
        };
        let trial = if mode == Mode::Drop { Some(self::builder(&columns.columns)?) } else { None };
        let reader = RowBatches {
            rows,
            builder,
            schema: Arc::new(Schema::new(fields)),
            extras: kinds,
            mode,
            batch_rows: batch_rows.max(1),
            file,
            name: place.name().to_owned(),
            items: UInt64Builder::new(),
            offsets: UInt64Builder::new(),
            corrupt: LargeStringBuilder::new(),
            trial,
            last: None,
            fault: None,
            is_over: false,
        };
        Ok(Batches::of(Box::new(reader), columns.columns.json_columns()))
    }

    /// The table at a path of the one pickle of a file, read as a whole.
    #[staticmethod]
    #[pyo3(signature = (file, path, batch_rows, columns, flatten, name))]
    fn table(
        file: &Bound<'_, PyAny>,
        path: &str,
        batch_rows: usize,
        columns: Option<Vec<String>>,
        flatten: bool,
        name: &str,
    ) -> PyResult<Self> {
        let py = file.py();
        let options = options_of(columns, flatten);
        let source = Stretch::of(file)?;
        let made = py.detach(|| TableBatches::new(source.all()?, path, &options, name, batch_rows.max(1)));
        let reader = made.map_err(|fault| fault.raise(py, name))?;
        let json_columns = reader.reader.json_columns().to_vec();
        Ok(Batches::of(Box::new(reader), json_columns))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // What is asked for need not be given.
        drop(requested_schema);
        let reader = self.reader.lock().ok().and_then(|mut reader| reader.take());
        let reader = reader.ok_or_else(|| PyValueError::new_err("these batches have been taken already"))?;
        capsule(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
    }
}
