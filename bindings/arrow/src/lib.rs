//! Tables out of Python pickles as Arrow record batches, and as Parquet and Arrow files.
//!
//! A table is what `pickle_core::table::Table` is, and rows: lists of dicts, tuples and objects, dicts of columns and of
//! rows. Nothing is imported or executed, and neither pandas nor NumPy is needed.
//!
//! - [`TableReader`] gives the record batches of a value of a document: numbers of NumPy are copied in bulk, 65,536 rows
//!   at a time.
//! - [`RowSchema`] and [`RowBuilder`] make batches of rows that come one after the other.
//! - [`FileWriter`] writes batches to Parquet and Arrow files.
//!
//! ```
//! use pickle_arrow::{Arena, TableOptions, TableReader, json};
//! use pickle_core::{Document, Heap, Options, Unpickler};
//!
//! // pickle.dumps([{"a": 1, "b": "x"}, {"a": 2}], 2)
//! let pickle = b"\x80\x02](}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00bX\x01\x00\x00\x00xu}X\x01\x00\x00\x00aK\x02se.";
//! let mut unpickler = Unpickler::new(Heap::new(), Options::new());
//! let document = unpickler.load(pickle)?;
//! let arena = Arena::new(json);
//! let reader = TableReader::new(document.root(), &TableOptions::new(), &arena)?;
//! let batches = reader.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!((batches[0].num_rows(), batches[0].num_columns()), (2, 2));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Types
//!
//! What pandas and NumPy say is kept: ints, floats, bools, datetimes with their unit and zone, spans as Duration, Categorical
//! as Dictionary, nullable columns, periods and intervals as the extension types of pandas. Schemas of frames carry pandas'
//! metadata, so that pyarrow's `to_pandas()` gives the frame back.
//!
//! Objects become what holds all of them: ints, floats, Decimal128, text, bytes, dates, times, lists, structs. Where nothing
//! does, the column is text, and cells that are not text are JSON: [`TableReader::json_columns`] names those columns.
//!
//! # Memory
//!
//! A batch has at most 65,536 rows and about 64 MiB. Objects of a document are looked at twice, first for their type.

// There is one a column, and nothing is moved.
#![allow(clippy::large_enum_variant)]

mod build;
mod column;
#[cfg(any(feature = "parquet", feature = "ipc"))]
mod file;
mod kind;
mod labels;
mod names;
mod pandas;
mod rows;
mod scalar;
mod table;
mod text;
mod typed;
mod zone;

pub use arrow_array;
pub use arrow_schema;
#[cfg(any(feature = "parquet", feature = "ipc"))]
pub use file::{FileFormat, FileWriter};
pub use rows::{Misfit, RowBuilder, RowSchema};
pub use table::TableReader;

use pickle_core::Value;

/// Writes a value as JSON.
pub type Text = fn(Value<'_>, &mut String);

/// JSON as [`serde_json`] has it: bytes are lists of ints; what has no JSON is null.
pub fn json(value: Value<'_>, out: &mut String) {
    let mut text = Vec::new();
    match serde_transcode::transcode(value, &mut serde_json::Serializer::new(&mut text)) {
        Ok(()) => out.push_str(&String::from_utf8_lossy(&text)),
        Err(_) => out.push_str("null"),
    }
}

/// What a table is made with: it must live as long as the table.
pub struct Arena {
    /// Copies of bytes that a pickle has as text.
    copies: typed_arena::Arena<Vec<u8>>,
    text: Text,
}

impl Arena {
    /// Nothing is copied yet. `text` writes cells as JSON that no type of Arrow holds: [`json`], or one of your own.
    pub fn new(text: Text) -> Self {
        Arena { copies: typed_arena::Arena::with_capacity(0), text }
    }

    fn alloc(&self, bytes: Vec<u8>) -> &[u8] {
        self.copies.alloc(bytes)
    }
}

/// How a table is made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TableOptions {
    /// Labels of the rows as columns, or not at all. Without it as pyarrow does: a range is recorded in the metadata only.
    pub index: Option<bool>,
    /// Only these columns, in this order.
    pub columns: Option<Vec<String>>,
    /// Dicts inside dicts are columns `a.b`.
    pub flatten: bool,
}

impl TableOptions {
    /// All columns, as pyarrow makes them.
    pub fn new() -> Self {
        TableOptions::default()
    }

    /// Labels of the rows as columns, or not at all.
    pub fn index(self, index: Option<bool>) -> Self {
        TableOptions { index, ..self }
    }

    /// Only these columns, in this order.
    pub fn columns(self, columns: Option<Vec<String>>) -> Self {
        TableOptions { columns, ..self }
    }

    /// Dicts inside dicts are columns `a.b`.
    pub fn flatten(self, flatten: bool) -> Self {
        TableOptions { flatten, ..self }
    }
}

/// Why there are no record batches of a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not a table.
    #[error("it is not a table: {0}")]
    NoTable(String),
    /// A column that was asked for is not there.
    #[error("there is no column {0}")]
    NoColumn(String),
    /// A column that no type of Arrow holds.
    #[error("the column {column} cannot be written: {why}")]
    Column {
        /// Its name.
        column: String,
        /// Why.
        why: String,
    },
}
