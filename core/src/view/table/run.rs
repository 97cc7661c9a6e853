//! Plain values one after the other, and what their numbers stand for.

use super::Cell;
use super::arrow::Arrow;
use super::lane::Lane;
use crate::Value;

/// What the numbers of an array stand for.
///
/// See the example of [`Values`](super::Values).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Meaning<'d> {
    /// What the dtype says.
    Plain,
    /// The same, of a nullable dtype of pandas, such as `Int64`: what is missing beside them is `<NA>`.
    Nullable,
    /// Times in UTC, to be shown in this zone.
    Zone(Value<'d>),
    /// Ordinals of periods of this frequency: text (`M`), or an offset of pandas.
    Period(Value<'d>),
    /// Geometries of geopandas: objects that are bytes, in well-known binary (WKB), or None.
    Geometry,
}

/// Values one after the other.
///
/// See the example of [`Values`](super::Values).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Run<'d> {
    /// Items of a NumPy array.
    Lane(Lane<'d>, Meaning<'d>),
    /// A range of ints.
    Range {
        /// The first.
        start: i64,
        /// From one to the next.
        step: i64,
        /// How many.
        len: usize,
    },
    /// Items of a pyarrow array.
    Arrow(Arrow<'d>),
    /// Items of a list or tuple.
    Items(Value<'d>),
    /// How many rows (or columns) of a compressed sparse matrix end before a value, by where each of them begins: its
    /// `indptr`.
    Pointers(Lane<'d>),
}

impl<'d> Run<'d> {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Run::Lane(lane, _) => lane.len(),
            Run::Range { len, .. } => *len,
            Run::Arrow(arrow) => arrow.len(),
            Run::Items(list) => list.len(),
            Run::Pointers(pointers) => {
                let last = pointers.len().checked_sub(1).and_then(|last| pointers.cell(last)?.as_int());
                last.and_then(|last| usize::try_from(last).ok()).unwrap_or(0)
            }
        }
    }

    /// No values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row. Linear for Latin-1 text, objects and chunks: see [`Lane::cells`].
    pub fn cell(&self, row: usize) -> Option<Cell<'d>> {
        match self {
            Run::Lane(lane, meaning) => match (lane.cell(row)?, meaning) {
                (Cell::Int(i64::MIN), Meaning::Period(_)) => Some(Cell::Null),
                (Cell::Int(ordinal), Meaning::Period(_)) => Some(Cell::Period(ordinal)),
                (cell, _) => Some(cell),
            },
            Run::Range { start, step, len } => {
                let row = i64::try_from(row).ok().filter(|_| row < *len)?;
                Some(Cell::Int(start.checked_add(step.checked_mul(row)?)?))
            }
            Run::Arrow(arrow) => arrow.cell(row),
            Run::Items(list) => list.at(row).map(Cell::Value),
            Run::Pointers(pointers) => {
                let row = i128::try_from(row).ok()?;
                let (mut low, mut high) = (0usize, pointers.len());
                while low < high {
                    let middle = low + (high - low) / 2;
                    if pointers.cell(middle)?.as_int()? <= row { low = middle + 1 } else { high = middle }
                }
                let at = low.checked_sub(1).filter(|at| at + 1 < pointers.len())?;
                Some(Cell::Int(i64::try_from(at).ok()?))
            }
        }
    }

    /// The zone of times.
    pub fn zone(&self) -> Option<Value<'d>> {
        match self {
            Run::Lane(_, Meaning::Zone(zone)) => Some(*zone),
            _ => None,
        }
    }
}
