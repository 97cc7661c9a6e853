//! Rows out of lists, dicts and objects.

use super::Other;
use super::grid::{Grid, label};
use super::values::{Arena, Column};
use pickle_core::Value;
use pickle_core::table::{Index, Table, TableError, triplets};
use pickle_core::view::{Pairs, View};
use std::collections::HashMap;

/// Levels of dicts inside dicts that are made columns of.
const DEPTH: usize = 16;

/// Columns in the order in which they appear.
struct Columns<'d> {
    other: Other,
    places: HashMap<String, usize>,
    names: Vec<String>,
    values: Vec<Vec<Option<Value<'d>>>>,
}

impl<'d> Columns<'d> {
    fn new(other: Other) -> Self {
        Columns { other, places: HashMap::new(), names: Vec::new(), values: Vec::new() }
    }

    fn set(&mut self, row: usize, name: String, value: Value<'d>) {
        let next = self.names.len();
        let at = *self.places.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            self.values.push(Vec::new());
            next
        });
        if let Some(values) = self.values.get_mut(at) {
            values.resize(row, None);
            values.push(Some(value));
        }
    }

    fn pairs(&mut self, row: usize, prefix: &str, pairs: Pairs<'d>, flatten: bool, depth: usize) {
        for (key, value) in pairs {
            let name = format!("{prefix}{}", label(key, self.other));
            match value.view() {
                View::Mapping(inner) if flatten && depth < DEPTH => {
                    self.pairs(row, &format!("{name}."), inner.pairs, flatten, depth + 1);
                }
                _ => self.set(row, name, value),
            }
        }
    }

    fn row(&mut self, row: usize, value: Value<'d>, flatten: bool) {
        match value.view() {
            View::Mapping(mapping) => self.pairs(row, "", mapping.pairs, flatten, 0),
            View::Sequence(sequence) => {
                for (at, value) in sequence.items.enumerate() {
                    self.set(row, at.to_string(), value);
                }
            }
            View::Record(record) => {
                let mut fields = 0;
                for (key, value) in record.attributes {
                    self.set(row, label(key, self.other), value);
                    fields += 1;
                }
                if fields == 0 {
                    let values = record.values.unwrap_or(record.args);
                    for (at, value) in values.enumerate() {
                        self.set(row, at.to_string(), value);
                    }
                }
            }
            _ => self.set(row, "0".to_owned(), value),
        }
    }

    fn grid(self, rows: usize) -> Grid<'d> {
        let columns = self.values.into_iter().map(|mut values| {
            values.resize(rows, None);
            Column::objects(values, self.other)
        });
        Grid {
            index: None,
            header: None,
            columns: columns.collect(),
            names: self.names,
            rows,
            is_series: false,
            is_cut: false,
        }
    }
}

/// A frame, series, array, or rows in whatever form.
///
/// # Errors
/// Why it is no table.
pub fn of<'d>(value: Value<'d>, arena: &'d Arena, flatten: bool) -> Result<Grid<'d>, String> {
    match Table::of(value) {
        Ok(table) => Grid::table(&table, arena).map_err(|error| error.to_string()),
        Err(TableError::NoTable) => match Index::of(value) {
            // Lists are rows.
            Ok(index) if value.items().is_none() => Grid::index(&index, arena).map_err(|error| error.to_string()),
            _ => match Table::assembled(value) {
                Ok(table) => Grid::table(&table, arena).map_err(|error| error.to_string()),
                Err(TableError::NoTable) => grid(value, flatten, arena.other),
                Err(error) => Err(error.to_string()),
            },
        },
        Err(error) => Err(error.to_string()),
    }
}

/// Each value a row.
pub fn of_each<'d>(values: impl ExactSizeIterator<Item = Value<'d>>, arena: &Arena, flatten: bool) -> Grid<'d> {
    let mut columns = Columns::new(arena.other);
    let rows = values.len();
    values.enumerate().for_each(|(row, value)| columns.row(row, value, flatten));
    columns.grid(rows)
}

/// The rows that a value is: a list of dicts, tuples or objects, a dict of columns, a dict of rows.
fn grid(value: Value<'_>, flatten: bool, other: Other) -> Result<Grid<'_>, String> {
    let mut columns = Columns::new(other);
    match value.view() {
        View::Sequence(sequence) => {
            let rows = sequence.items.len();
            for (row, item) in sequence.items.enumerate() {
                columns.row(row, item, flatten);
            }
            Ok(columns.grid(rows))
        }
        View::Set(set) => {
            let rows = set.items.len();
            for (row, item) in set.items.enumerate() {
                columns.row(row, item, flatten);
            }
            Ok(columns.grid(rows))
        }
        View::Mapping(mapping) => {
            if let Some(cells) = triplets(&mapping) {
                let rows = cells.len();
                for (row, cell) in cells.enumerate() {
                    for (name, value) in cell.ok_or("the keys of the sparse matrix are no rows and columns")? {
                        columns.set(row, name.to_owned(), value);
                    }
                }
                return Ok(columns.grid(rows));
            }
            let lists = |value: Value<'_>| match value.view() {
                View::Sequence(sequence) => Some(sequence.items.len()),
                _ => None,
            };
            let mut lengths = mapping.pairs.map(|(_, value)| lists(value));
            let first = lengths.next().flatten();
            if let Some(rows) = first
                && lengths.all(|len| len == first)
            {
                // Columns by their names.
                for (key, value) in mapping.pairs {
                    let View::Sequence(sequence) = value.view() else { continue };
                    let name = label(key, other);
                    for (row, item) in sequence.items.enumerate() {
                        columns.set(row, name.clone(), item);
                    }
                }
                return Ok(columns.grid(rows));
            }
            let mut rows = 0;
            let all_rows = mapping.pairs.len() > 0
                && mapping.pairs.clone().all(|(_, value)| matches!(value.view(), View::Mapping(_) | View::Record(_)));
            if all_rows {
                for (row, (key, value)) in mapping.pairs.enumerate() {
                    columns.set(row, "key".to_owned(), key);
                    columns.row(row, value, flatten);
                    rows = row + 1;
                }
                return Ok(columns.grid(rows));
            }
            columns.row(0, value, flatten);
            Ok(columns.grid(1))
        }
        View::Record(_) => {
            columns.row(0, value, flatten);
            Ok(columns.grid(1))
        }
        View::Array(array) => {
            Err(format!("an array of {} axes has no rows and columns: only one of 1 or 2 has", array.axes().len()))
        }
        View::Sparse { format: "dok", .. } => {
            Err("a sparse matrix of the format dok that is not spelled as SciPy does is not read as rows".to_owned())
        }
        View::Sparse { format, .. } => {
            Err(format!("a sparse matrix of the format {format}, which SciPy has not, is not read as rows"))
        }
        _ => Err("it has no rows: a frame, a series, an array, a list, or a dict has".to_owned()),
    }
}
