//! Rows of lists, dicts and objects by their columns.

use super::{Label, Rows};
use crate::Value;
use crate::view::View;
use alloc::borrow::{Cow, ToOwned};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Levels of dicts inside dicts that columns are made of.
const DEPTH: usize = 16;

/// How rows are read.
///
/// See the example of [`Columns`].
#[derive(Clone, Copy)]
pub struct RowOptions<'o, 'd> {
    /// Dicts inside rows become columns of their own, such as `a.b`.
    pub flatten: bool,
    /// The name of the column that a key or attribute has.
    pub label: &'o dyn Fn(Value<'d>) -> Cow<'d, str>,
}

impl<'d> RowOptions<'_, 'd> {
    fn name(&self, label: Label<'d>) -> Cow<'d, str> {
        match label {
            Label::Key(key) => (self.label)(key),
            Label::Place(place) => place.to_string().into(),
            Label::Word(word) => word.into(),
        }
    }
}

/// The cells of one row, each with the name of its column, as [`Rows::cells`] has them.
pub fn cells<'d>(row: Value<'d>, options: &RowOptions<'_, 'd>, take: &mut dyn FnMut(Cow<'d, str>, Value<'d>)) {
    Rows::cells(row, &mut |label, value| flat("", label, value, 0, options, take));
}

fn flat<'d>(
    prefix: &str,
    label: Label<'d>,
    value: Value<'d>,
    depth: usize,
    options: &RowOptions<'_, 'd>,
    take: &mut dyn FnMut(Cow<'d, str>, Value<'d>),
) {
    let name = options.name(label);
    let name = if prefix.is_empty() { name } else { format!("{prefix}{name}").into() };
    if options.flatten
        && depth < DEPTH
        && let View::Mapping(inner) = value.view()
    {
        let prefix = format!("{name}.");
        inner.pairs.for_each(|(key, value)| flat(&prefix, Label::Key(key), value, depth + 1, options, take));
    } else {
        take(name, value);
    }
}

/// Why a value has no rows.
///
/// See the example of [`Columns`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NoRows<'d> {
    /// An array of so many axes.
    Axes(usize),
    /// A sparse matrix of this format, spelled as SciPy does not.
    Sparse(&'d str),
    /// A sparse matrix whose keys are no pairs of row and column.
    Keys,
    /// Nothing that could have any.
    Other,
}

impl fmt::Display for NoRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoRows::Axes(axes) => {
                write!(f, "an array of {axes} axes has no rows and columns: only one of 1 or 2 has")
            }
            NoRows::Sparse("dok") => {
                f.write_str("a sparse matrix of the format dok that is not spelled as SciPy does is not read as rows")
            }
            NoRows::Sparse(format) => {
                write!(f, "a sparse matrix of the format {format}, which SciPy has not, is not read as rows")
            }
            NoRows::Keys => f.write_str("the keys of the sparse matrix are not rows and columns"),
            NoRows::Other => f.write_str("it has no rows: a frame, a series, an array, a list, or a dict has"),
        }
    }
}

/// What [`Rows`] are, by columns, in the order in which these appear.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::{Columns, RowOptions};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"(l(dVa\nI1\nsa(dVb\nI2\nsa.").unwrap();
/// let label = |key: pickle_core::Value<'_>| key.as_str().unwrap_or("?").to_owned().into();
/// let rows = Columns::of(document.root(), &RowOptions { flatten: false, label: &label }).unwrap();
/// assert_eq!((rows.names, rows.len), (vec!["a".to_owned(), "b".to_owned()], 2));
/// assert!(rows.columns[0][0].is_some() && rows.columns[0][1].is_none());
/// # }
/// ```
#[derive(Default)]
#[non_exhaustive]
pub struct Columns<'d> {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Their cells, as many as there are rows; `None` where a row has none.
    pub columns: Vec<Vec<Option<Value<'d>>>>,
    /// Number of rows.
    pub len: usize,
    places: BTreeMap<String, usize>,
}

impl<'d> Columns<'d> {
    /// The rows that a value is, as [`Rows::of`] has them.
    ///
    /// # Errors
    /// It has no rows.
    pub fn of(value: Value<'d>, options: &RowOptions<'_, 'd>) -> Result<Self, NoRows<'d>> {
        let Some(rows) = Rows::of(value) else {
            return Err(match value.view() {
                View::Array(array) => NoRows::Axes(array.axes().len()),
                View::Sparse { format, .. } => NoRows::Sparse(format),
                _ => NoRows::Other,
            });
        };
        let mut columns = Columns { len: rows.len(), ..Columns::default() };
        // What is in a column is no row, and stays in it.
        let flatten = options.flatten && matches!(rows, Rows::Items(_) | Rows::Keyed(_) | Rows::One(_));
        let options = RowOptions { flatten, ..*options };
        let (mut last, mut hint) = (0, 0);
        let walked = rows.each(&mut |label, cell| match cell {
            None => hint = columns.place(usize::MAX, &options.name(label)),
            Some((row, value)) if matches!(rows, Rows::Columns(..)) => columns.put(hint, row, value),
            Some((row, value)) => {
                if row != last {
                    (last, hint) = (row, 0);
                }
                let key_of_rows = RowOptions { flatten: flatten && !matches!(label, Label::Word(_)), ..options };
                flat("", label, value, 0, &key_of_rows, &mut |name, value| {
                    hint = columns.set(hint, row, &name, value) + 1;
                });
            }
        });
        match walked {
            Ok(()) => Ok(columns.settled()),
            Err(_) => Err(NoRows::Keys),
        }
    }

    /// Each value a row.
    pub fn of_each(values: impl Iterator<Item = Value<'d>>, options: &RowOptions<'_, 'd>) -> Self {
        let mut columns = Columns::default();
        for value in values {
            let (mut hint, row) = (0, columns.len);
            cells(value, options, &mut |name, value| hint = columns.set(hint, row, &name, value) + 1);
            columns.len += 1;
        }
        columns.settled()
    }

    /// Sets a cell of a row, and returns the place of its column. Most rows have the columns of the first in its order: `hint`
    /// is the place that the column has then.
    fn set(&mut self, hint: usize, row: usize, name: &str, value: Value<'d>) -> usize {
        let at = self.place(hint, name);
        self.put(at, row, value);
        at
    }

    /// Of two cells of a row with one name, the last stays.
    fn put(&mut self, at: usize, row: usize, value: Value<'d>) {
        if let Some(column) = self.columns.get_mut(at) {
            column.resize(row, None);
            column.push(Some(value));
        }
    }

    fn place(&mut self, hint: usize, name: &str) -> usize {
        if self.names.get(hint).is_some_and(|have| have == name) {
            return hint;
        }
        if let Some(at) = self.places.get(name) {
            return *at;
        }
        let at = self.names.len();
        self.places.insert(name.to_owned(), at);
        self.names.push(name.to_owned());
        self.columns.push(Vec::new());
        at
    }

    fn settled(mut self) -> Self {
        self.columns.iter_mut().for_each(|column| column.resize(self.len, None));
        self
    }
}
