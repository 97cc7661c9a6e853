//! Rows of dicts, tuples and objects: as a whole, or one after the other from a stream.

use crate::build::Builder;
use crate::kind::Kind;
use crate::table::{BYTES, ROWS};
use crate::{Error, TableOptions, Text, names};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use pickle_core::Value;
use pickle_core::table::{self, RowOptions};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of a batch of a stream: several are under way at once.
const STREAM: usize = BYTES / 8;

/// The cells of a row, with the names of their columns.
fn cells<'d>(row: Value<'d>, flatten: bool, text: Text, take: &mut dyn FnMut(Cow<'d, str>, Value<'d>)) {
    table::cells(row, &RowOptions { flatten, label: &|key| names::label(key, text) }, take);
}

/// The columns of a stream of rows, found by looking at rows: all of them, or as many as there is time for.
#[derive(Clone, Debug)]
pub struct RowSchema {
    text: Text,
    flatten: bool,
    wanted: Option<Vec<String>>,
    names: Vec<String>,
    places: HashMap<String, usize>,
    kinds: Vec<Kind>,
    rows: u64,
    /// The columns were asked for with their types.
    is_given: bool,
}

impl RowSchema {
    /// Columns of these names and types, whatever rows have. A cell has room in a column if it fits its type; text columns
    /// take what is not text as JSON. `text` writes that. Floats are of 64 bits, text, bytes and lists have 64-bit offsets,
    /// and a column of type Null is text: what is asked for is had by a cast.
    ///
    /// # Errors
    /// A column that no type of ours can be cast to: maps, unions, intervals, ints without sign of fewer than 64 bits.
    pub fn of(schema: &Schema, flatten: bool, text: Text) -> Result<Self, Error> {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let options = TableOptions::new().columns(Some(names)).flatten(flatten);
        let mut given = RowSchema { is_given: true, ..RowSchema::new(&options, text) };
        for field in schema.fields() {
            let kind = Kind::of_type(field.data_type()).ok_or_else(|| Error::Column {
                column: field.name().clone(),
                why: format!("rows have no cells of the type {}", field.data_type()),
            })?;
            if let Some(slot) = given.places.get(field.name()).and_then(|at| given.kinds.get_mut(*at)) {
                *slot = kind;
            }
        }
        Ok(given)
    }

    /// No row has been seen. `text` writes cells that are of another type than the others of their column.
    pub fn new(options: &TableOptions, text: Text) -> Self {
        let mut schema = RowSchema {
            text,
            flatten: options.flatten,
            wanted: options.columns.clone(),
            names: Vec::new(),
            places: HashMap::new(),
            kinds: Vec::new(),
            rows: 0,
            is_given: false,
        };
        for name in options.columns.iter().flatten() {
            schema.place(name);
        }
        schema
    }

    /// A row that has other columns does not fit. Without, those that were not asked for are left out.
    #[must_use]
    pub fn and_no_others(mut self) -> Self {
        self.wanted = None;
        self
    }

    fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(at) = self.places.get(name) {
            return Some(*at);
        }
        if self.wanted.as_ref().is_some_and(|wanted| !wanted.iter().any(|have| have == name)) {
            return None;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.kinds.push(Kind::Null);
        Some(self.names.len() - 1)
    }

    /// Widens the columns so that they take this row.
    pub fn look(&mut self, row: Value<'_>) {
        self.rows += 1;
        let mut hint = 0;
        let (flatten, text) = (self.flatten, self.text);
        cells(row, flatten, text, &mut |name, value| {
            let at = match self.names.get(hint) {
                Some(have) if *have == *name => Some(hint),
                _ => self.place(&name),
            };
            hint += 1;
            if let Some(kind) = at.and_then(|at| self.kinds.get_mut(at))
                && *kind != Kind::Json
            {
                *kind = std::mem::replace(kind, Kind::Null).join(Kind::of(value));
            }
        });
    }

    /// Rows that were looked at.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn kinds(&self) -> Vec<Kind> {
        self.kinds.iter().map(|kind| kind.clone().settled()).collect()
    }

    /// Columns in which what is not text is JSON, because no type holds all of their cells.
    pub fn json_columns(&self) -> Vec<String> {
        let has_json = self.kinds().into_iter().map(|kind| kind.has_json());
        self.names.iter().zip(has_json).filter(|(_, has)| *has).map(|(name, _)| name.clone()).collect()
    }

    /// Makes batches of rows.
    ///
    /// # Errors
    /// A column that was asked for is in none of the rows.
    pub fn builder(&self) -> Result<RowBuilder, Error> {
        let mut kinds = self.kinds();
        if let Some(wanted) = &self.wanted {
            let missing = wanted.iter().zip(&kinds).find(|(_, kind)| self.rows > 0 && **kind == Kind::Null);
            if let Some((name, _)) = missing.filter(|_| self.rows > 0) {
                return Err(Error::NoColumn(name.clone()));
            }
        }
        // Text takes whatever comes later where nothing has come yet.
        for kind in &mut kinds {
            if *kind == Kind::Null && self.rows == 0 && !self.is_given {
                *kind = Kind::Json;
            }
        }
        let fields: Vec<Field> =
            self.names.iter().zip(&kinds).map(|(name, kind)| Field::new(name, kind.data_type(), true)).collect();
        Ok(RowBuilder {
            text: self.text,
            flatten: self.flatten,
            selects: self.wanted.is_some(),
            schema: Arc::new(Schema::new(fields)),
            names: self.names.clone(),
            places: self.places.clone(),
            columns: kinds.iter().map(|kind| Builder::new(kind, self.text)).collect(),
            trials: kinds.iter().map(|kind| Trial::of(kind, self.text)).collect(),
            rows: 0,
            bytes: 0,
        })
    }
}

/// A row that does not fit the columns as they were found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// It has a column that no row before had.
    #[error("the column {0} first comes after the columns were settled")]
    Column(String),
    /// A cell is of another type than those before.
    #[error("the cell of the column {column} does not fit its type, {data_type}")]
    Cell {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
    },
}

/// Record batches from rows, one after the other.
pub struct RowBuilder {
    text: Text,
    flatten: bool,
    /// Other columns than these are left out on purpose.
    selects: bool,
    schema: SchemaRef,
    names: Vec<String>,
    places: HashMap<String, usize>,
    columns: Vec<Builder>,
    /// For [`RowBuilder::take`], of columns whose cells have parts.
    trials: Vec<Option<Trial>>,
    rows: usize,
    bytes: usize,
}

/// Tells whether a cell fits before it is put in, where one that does not could leave some of its parts there.
struct Trial {
    kind: Kind,
    text: Text,
    builder: Builder,
}

/// Cells that a trial keeps.
const TRIALS: usize = 256;

impl Trial {
    fn of(kind: &Kind, text: Text) -> Option<Trial> {
        let has_parts = matches!(kind, Kind::List(_) | Kind::Struct(_));
        has_parts.then(|| Trial { kind: kind.clone(), text, builder: Builder::new(kind, text) })
    }

    fn fits(&mut self, value: Value<'_>) -> bool {
        let fits = self.builder.value(value).is_ok();
        if !fits || self.builder.len() >= TRIALS {
            self.builder = Builder::new(&self.kind, self.text);
        }
        fits
    }
}

impl RowBuilder {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The cells of a row, by column, and what there is no column for.
    fn cells<'d>(&self, row: Value<'d>) -> (Vec<Option<Value<'d>>>, Option<Misfit>) {
        let mut values: Vec<Option<Value<'d>>> = vec![None; self.columns.len()];
        let mut misfit = None;
        let mut hint = 0;
        cells(row, self.flatten, self.text, &mut |name, value| {
            let at = match self.names.get(hint) {
                Some(have) if *have == *name => Some(hint),
                _ => self.places.get(&*name).copied(),
            };
            hint += 1;
            match at.and_then(|at| values.get_mut(at)) {
                Some(slot) => *slot = Some(value),
                None if self.selects => {}
                None => misfit = misfit.take().or(Some(Misfit::Column(name.into_owned()))),
            }
        });
        (values, misfit)
    }

    fn misfit(&self, at: usize) -> Misfit {
        let field = self.schema.fields().get(at);
        Misfit::Cell {
            column: field.map_or_else(String::new, |field| field.name().clone()),
            data_type: field.map_or_else(String::new, |field| field.data_type().to_string()),
        }
    }

    /// Takes a row; gives a batch where there is enough for one.
    ///
    /// # Errors
    /// The row does not fit; the builder cannot be used any more.
    pub fn push(&mut self, row: Value<'_>) -> Result<Option<RecordBatch>, Misfit> {
        let (values, misfit) = self.cells(row);
        if let Some(misfit) = misfit {
            return Err(misfit);
        }
        let mut bytes = 0;
        for (at, value) in values.into_iter().enumerate() {
            let Some(column) = self.columns.get_mut(at) else { continue };
            let fits = match value {
                Some(value) => column.value(value).is_ok(),
                None => {
                    column.nulls(1);
                    true
                }
            };
            bytes += column.bytes;
            if !fits {
                return Err(self.misfit(at));
            }
        }
        self.rows += 1;
        self.bytes = bytes;
        if self.is_full() { Ok(self.finish()) } else { Ok(None) }
    }

    /// Takes a row whether it fits or not: cells that do not are null, and cells that have no column are left out. Tells the
    /// first of them. No batch is given: see [`RowBuilder::is_full`].
    pub fn take(&mut self, row: Value<'_>) -> Option<Misfit> {
        let (values, mut misfit) = self.cells(row);
        let mut bytes = 0;
        for (at, value) in values.into_iter().enumerate() {
            let Some(column) = self.columns.get_mut(at) else { continue };
            let fits = match (value, self.trials.get_mut(at)) {
                (None, _) => {
                    column.nulls(1);
                    true
                }
                (Some(value), Some(Some(trial))) => trial.fits(value) && column.value(value).is_ok(),
                (Some(value), _) => column.value(value).is_ok(),
            };
            if !fits {
                column.nulls(1);
            }
            bytes += column.bytes;
            if !fits && misfit.is_none() {
                misfit = Some(self.misfit(at));
            }
        }
        self.rows += 1;
        self.bytes = bytes;
        misfit
    }

    /// Rows since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// There is enough for a batch.
    pub fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= STREAM
    }

    /// What has come since the last batch; `None` for no rows.
    pub fn finish(&mut self) -> Option<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows == 0 {
            return None;
        }
        let arrays: Vec<ArrayRef> = self.columns.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        // Every column has as many rows, and the type that the schema says.
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).ok()
    }
}
