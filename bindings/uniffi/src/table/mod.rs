//! Tables as typed columns, in one buffer.
//!
//! A table is: the version of this form, the number of rows, of columns, and of levels of labels of rows; then the columns
//! and the levels, each with its number before it (levels go on where columns end), in any order. A column is its name (1 +
//! its length, or 0 where it has none, and the text), its dtype as pandas names it (a text), and its values. Values are
//! their [`Kind`], their number, and what the kind says. Numbers are LEB128, texts have their length before them, ints and
//! floats of 64 bits are little-endian, as are the ints of 32 bits that are places or codes.

mod atom;
mod cells;
mod column;
mod kind;
#[cfg(test)]
mod tests;

pub use kind::Kind;

use crate::paths::missing;
use crate::reader::read;
use crate::{ErrorKind, PickleError, ReadOptions, flat};
use column::Writer;
use foldhash::fast::RandomState;
use pickle_core::table::{Cell, Copies, Index, Label, Rows, Run, Table, TableError, Values};
use pickle_core::view::Octets;
use pickle_core::{Heap, Options, Unpickler, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use typed_arena::Arena;

/// The version of the form of tables.
pub const VERSION: u8 = 1;

/// Cells that a table may have for each byte of the pickle, and how many more.
const CELLS: (usize, usize) = (16, 4 << 20);

/// The table at a path of the pickle at the start of `data`: a frame, series or index of pandas, an array of NumPy of one or
/// two axes, a structured or masked one, a dict of arrays, a sparse matrix of SciPy, a list of dicts, tuples or objects.
///
/// # Errors
/// What is wrong with the pickle, or the limit that was reached. [`ErrorKind::BadPath`], [`ErrorKind::PathMissing`]: as
/// `find_in`. [`ErrorKind::NoTable`]: what is there is not a table, or its parts do not fit together.
#[uniffi::export]
pub fn table_in(data: &[u8], path: String, options: ReadOptions) -> Result<Vec<u8>, PickleError> {
    let limit = options.max_bytes;
    read(data, options, &|document| encode(document.root(), &path, data.len(), limit, options.max_depth))
}

/// The same of a value in the flat form, whose levels are not more than `max_depth`. The table takes no more than
/// `max_bytes`.
///
/// # Errors
/// As [`table_in`]; [`ErrorKind::BadValue`]: the value holds what no pickle can.
#[uniffi::export]
pub fn table_of(flat: &[u8], path: String, max_depth: u32, max_bytes: Option<u64>) -> Result<Vec<u8>, PickleError> {
    let pickle = flat::read::decode(flat)?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(&pickle).map_err(crate::paths::bad)?;
    encode(document.root(), &path, flat.len(), max_bytes, max_depth)
}

fn encode(
    root: Value<'_>,
    path: &str,
    input: usize,
    limit: Option<u64>,
    max_depth: u32,
) -> Result<Vec<u8>, PickleError> {
    let value = root.at_path(path).map_err(|error| missing(&error))?;
    let arena = Arena::new();
    let cells = match limit {
        Some(_) => usize::MAX,
        None => input.saturating_mul(CELLS.0).saturating_add(CELLS.1),
    };
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut maker = Maker { out: Writer::new(path, cells, limit, max_depth), copies: Copies::new(), arena: &arena };
    maker.any(value)?;
    Ok(maker.out.bytes)
}

struct Maker<'a, 'd> {
    out: Writer<'a>,
    copies: Copies<'d>,
    arena: &'d Arena<Vec<u8>>,
}

impl<'d> Maker<'_, 'd> {
    fn any(&mut self, value: Value<'d>) -> Result<(), PickleError> {
        match Table::of(value) {
            Ok(table) => return self.table(&table),
            Err(TableError::NoTable) => {}
            Err(error) => return Err(self.out.refused(error)),
        }
        match Index::of(value) {
            // Lists are rows.
            Ok(index) if value.items().is_none() => return self.index(&index),
            _ => {}
        }
        match (Table::assembled(value), Rows::of(value)) {
            (Ok(table), _) => self.table(&table),
            (Err(TableError::NoTable), Some(rows)) => self.rows(&rows),
            (Err(TableError::NoTable), None) => Err(self.out.error(
                ErrorKind::NoTable,
                "is not a table: a frame, a series, an array of one or two axes, a sparse matrix, a list or a dict is one",
            )),
            (Err(error), _) => Err(self.out.refused(error)),
        }
    }

    fn index(&mut self, index: &Index<'d>) -> Result<(), PickleError> {
        self.out.head(index.len(), index.levels(), 0)?;
        for level in 0..index.levels() {
            let name = match index.name(level) {
                Some(name) => Cell::Value(name).to_string(),
                None => level.to_string(),
            };
            self.level(index, level, level, Some(&name))?;
        }
        Ok(())
    }

    fn level(&mut self, index: &Index<'d>, level: usize, number: usize, name: Option<&str>) -> Result<(), PickleError> {
        match index.level(level) {
            Ok(values) => self.column(number, name, values),
            Err(error) => Err(self.out.column_refused(name, error)),
        }
    }

    fn table(&mut self, table: &Table<'d>) -> Result<(), PickleError> {
        let levels = table.index().map_or(0, Index::levels);
        self.out.head(table.rows(), table.columns(), levels)?;
        let names = self.names(table)?;
        let mut seen = vec![false; table.columns()];
        table.each_column(&mut |number, column| {
            let name = names.get(number).and_then(|name| name.as_deref());
            match (column, seen.get_mut(number)) {
                (Ok(column), Some(seen @ false)) => {
                    *seen = true;
                    self.column(number, name, column.values)
                }
                (Ok(_), _) => Err(self.out.refused(TableError::Blocks)),
                (Err(error), _) => Err(self.out.column_refused(name, error)),
            }
        })?;
        if seen.contains(&false) {
            return Err(self.out.refused(TableError::Blocks));
        }
        if let Some(index) = table.index() {
            for level in 0..levels {
                let name = index.name(level).map(|name| Cell::Value(name).to_string());
                self.level(index, level, table.columns() + level, name.as_deref())?;
            }
        }
        Ok(())
    }

    /// The names of all columns, each level of labels read once.
    fn names(&self, table: &Table<'d>) -> Result<Vec<Option<String>>, PickleError> {
        if let Some(pairs) = table.pairs() {
            return Ok(pairs.map(|(key, _)| Some(Cell::Value(key).to_string())).collect());
        }
        let Some(labels) = table.labels() else {
            let name = |column| match table.label(column, 0) {
                Ok(Some(Cell::Null)) | Err(_) => None,
                Ok(label) => label.map(|label| label.to_string()),
            };
            return Ok((0..table.columns()).map(name).collect());
        };
        let mut levels: Vec<Vec<String>> = Vec::with_capacity(labels.levels());
        for level in 0..labels.levels() {
            let values = labels.level(level).map_err(|error| self.out.refused(error))?;
            levels.push(cells::labels(&values));
        }
        let name = |column: usize| match levels.as_slice() {
            [level] => level.get(column).cloned(),
            levels => {
                let parts = levels.iter().map(|level| level.get(column).map_or("", String::as_str));
                Some(format!("({})", parts.map(cells::quoted).collect::<Vec<_>>().join(", ")))
            }
        };
        Ok((0..table.columns()).map(name).collect())
    }

    fn column(&mut self, number: usize, name: Option<&str>, values: Values<'d>) -> Result<(), PickleError> {
        let arena = self.arena;
        let copies = &mut self.copies;
        let mut copy = |octets: Octets<'d>| -> &'d [u8] { copies.get(octets, |octets| arena.alloc(octets.collect())) };
        let values = match values {
            // Its chunks are copied one by one.
            Values::Run(Run::Arrow(_)) => values,
            values => values.with_bytes(&mut copy),
        };
        self.out.column(number, name, &values.dtype().to_string(), |out| out.values(&values, &mut copy))
    }

    fn rows(&mut self, rows: &Rows<'d>) -> Result<(), PickleError> {
        let mut names: Vec<Cow<'d, str>> = Vec::new();
        let mut places: HashMap<Cow<'d, str>, usize, RandomState> = HashMap::default();
        let mut columns: Vec<Vec<(usize, Value<'d>)>> = Vec::new();
        let mut hint = 0;
        let result = rows.each(&mut |label, cell| {
            let name: Cow<'d, str> = match label {
                Label::Key(key) => match key.as_str() {
                    Some(name) => name.into(),
                    None => Cell::Value(key).to_string().into(),
                },
                Label::Place(at) => at.to_string().into(),
                Label::Word(word) => word.into(),
                _ => return,
            };
            // Rows have mostly the same names in the same order.
            let at = match names.get(hint) {
                Some(have) if *have == name => hint,
                _ => *places.entry(name.clone()).or_insert_with(|| {
                    names.push(name);
                    columns.push(Vec::new());
                    names.len() - 1
                }),
            };
            hint = if at + 1 < names.len() { at + 1 } else { 0 };
            let (Some(column), Some((row, value))) = (columns.get_mut(at), cell) else { return };
            match column.last_mut() {
                // Of equal keys the last counts.
                Some((last, have)) if *last == row => *have = value,
                _ => column.push((row, value)),
            }
        });
        result.map_err(|error| self.out.refused(error))?;
        self.out.head(rows.len(), columns.len(), 0)?;
        for (number, (name, column)) in names.iter().zip(&columns).enumerate() {
            self.out.column(number, Some(name), "object", |out| out.objects(rows.len(), column))?;
        }
        Ok(())
    }
}
