//! Rows of what is no frame: lists of dicts, tuples and objects, dicts of columns, dicts of rows.

use super::assembled::{TRIPLET, triplets};
use super::{Cell, Table, TableError};
use crate::view::{Pairs, View};
use crate::{Items, Value};

/// What a column of such rows is called.
///
/// See the example of [`Rows`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Label<'d> {
    /// A key or the name of an attribute.
    Key(Value<'d>),
    /// A place in a row, from 0 on.
    Place(usize),
    /// A name that the pickle does not have: `key` of a dict of rows; `row`, `col`, `value` of a sparse matrix.
    Word(&'static str),
}

/// Rows of a list, a set, a dict or an object.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::{Label, Rows};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps([{"a": 1}, {"a": 2}])
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04](}\x8c\x01aK\x01s}\x8c\x01aK\x02se.")?;
/// let (rows, mut cells) = (Rows::of(document.root()).unwrap(), Vec::new());
/// rows.each(&mut |label, cell| {
///     let (Label::Key(key), Some((row, value))) = (label, cell) else { panic!("dicts have keys") };
///     cells.push((row, key.as_str(), value.as_i64()));
/// })
/// .unwrap();
/// assert_eq!(cells, [(0, Some("a"), Some(1)), (1, Some("a"), Some(2))]);
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Rows<'d> {
    /// Each item is a row.
    Items(Items<'d>),
    /// Each key is a column: lists, all of this length.
    Columns(Pairs<'d>, usize),
    /// Each value is a row, and its key the column `key`.
    Keyed(Pairs<'d>),
    /// The cells of a sparse matrix of SciPy in the format dok.
    Matrix(Value<'d>),
    /// All of it is one row.
    One(Value<'d>),
}

impl<'d> Rows<'d> {
    /// The rows that a value is; `None` for a scalar, and for arrays and matrices, which are no lists.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let mapping = match value.view() {
            View::Sequence(sequence) => return Some(Rows::Items(sequence.items)),
            View::Set(set) => return Some(Rows::Items(set.items)),
            View::Record(_) => return Some(Rows::One(value)),
            View::Mapping(mapping) => mapping,
            _ => return None,
        };
        if triplets(&mapping).is_some() {
            return Some(Rows::Matrix(value));
        }
        let mut lengths = mapping.pairs.map(|(_, value)| match value.view() {
            View::Sequence(sequence) => Some(sequence.items.len()),
            _ => None,
        });
        let first = lengths.next().flatten();
        if let Some(rows) = first
            && lengths.all(|len| len == first)
        {
            return Some(Rows::Columns(mapping.pairs, rows));
        }
        let is_row = |value: Value<'_>| matches!(value.view(), View::Mapping(_) | View::Record(_));
        let all_rows = mapping.pairs.len() > 0 && mapping.pairs.into_iter().all(|(_, value)| is_row(value));
        Some(if all_rows { Rows::Keyed(mapping.pairs) } else { Rows::One(value) })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Rows::Items(items) => items.len(),
            Rows::Columns(_, rows) => *rows,
            Rows::Keyed(pairs) => pairs.len(),
            Rows::Matrix(matrix) => match matrix.view() {
                View::Mapping(mapping) => mapping.pairs.len(),
                _ => 0,
            },
            Rows::One(_) => 1,
        }
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All cells with their rows, those of a column in the order of the rows. A column that is empty comes without a cell.
    ///
    /// # Errors
    /// [`TableError::Parts`]: a key of a sparse matrix is no pair.
    pub fn each(&self, take: &mut dyn FnMut(Label<'d>, Option<(usize, Value<'d>)>)) -> Result<(), TableError> {
        match *self {
            Rows::Items(items) => {
                for (row, item) in items.enumerate() {
                    Rows::cells(item, &mut |label, value| take(label, Some((row, value))));
                }
            }
            Rows::Columns(pairs, _) => {
                for (key, value) in pairs {
                    take(Label::Key(key), None);
                    let View::Sequence(sequence) = value.view() else { continue };
                    sequence.items.enumerate().for_each(|cell| take(Label::Key(key), Some(cell)));
                }
            }
            Rows::Keyed(pairs) => {
                for (row, (key, value)) in pairs.enumerate() {
                    take(Label::Word("key"), Some((row, key)));
                    Rows::cells(value, &mut |label, value| take(label, Some((row, value))));
                }
            }
            Rows::Matrix(matrix) => {
                TRIPLET.into_iter().for_each(|name| take(Label::Word(name), None));
                let View::Mapping(mapping) = matrix.view() else { return Ok(()) };
                for (row, cell) in triplets(&mapping).into_iter().flatten().enumerate() {
                    for (name, value) in cell.ok_or(TableError::Parts)? {
                        take(Label::Word(name), Some((row, value)));
                    }
                }
            }
            Rows::One(value) => Rows::cells(value, &mut |label, value| take(label, Some((0, value)))),
        }
        Ok(())
    }

    /// The cells of one row: entries of a dict, items of a list or tuple, attributes or fields of an object; else itself.
    pub fn cells(row: Value<'d>, take: &mut dyn FnMut(Label<'d>, Value<'d>)) {
        match row.view() {
            View::Mapping(mapping) => mapping.pairs.for_each(|(key, value)| take(Label::Key(key), value)),
            View::Sequence(sequence) => placed(sequence.items, take),
            View::Record(record) => {
                let mut is_named = false;
                for (name, value) in record.attributes {
                    take(Label::Key(name), value);
                    is_named = true;
                }
                if !is_named {
                    placed(record.values.unwrap_or(record.args), take);
                }
            }
            _ => take(Label::Place(0), row),
        }
    }
}

fn placed<'d>(items: Items<'d>, take: &mut dyn FnMut(Label<'d>, Value<'d>)) {
    items.enumerate().for_each(|(at, value)| take(Label::Place(at), value));
}

impl<'d> Table<'d> {
    /// What a column is called in a level of the labels: text as a rule, but pandas takes any value. A column of an array is
    /// called by its number, that of a series may have no name. `None` where there is no such column or level.
    ///
    /// # Errors
    /// The parts of the labels do not fit together.
    pub fn label(&self, column: usize, level: usize) -> Result<Option<Cell<'d>>, TableError> {
        if column >= self.columns {
            return Ok(None);
        }
        if let Some(labels) = self.labels() {
            return if level < labels.levels() { Ok(labels.level(level)?.cell(column)) } else { Ok(None) };
        }
        if level != 0 {
            return Ok(None);
        }
        Ok(Some(if let Some(name) = self.field(column) {
            Cell::Text(name)
        } else if let Some(mut pairs) = self.pairs() {
            match pairs.nth(column) {
                Some((key, _)) => Cell::Value(key),
                None => return Ok(None),
            }
        } else if self.is_series() {
            self.name().map_or(Cell::Null, Cell::Value)
        } else {
            i64::try_from(column).map_or(Cell::Null, Cell::Int)
        }))
    }
}
