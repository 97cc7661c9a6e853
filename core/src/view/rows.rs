//! Steps into tables of pandas: columns, rows, labels. As in arrays, what is an int of 64 bits, a float, a bool or an object
//! becomes a value.

use super::View;
use super::table::{Cell, Index, Table, Values};
use crate::Value;
use crate::document::path::{PathKey, PathStep};
use core::fmt::{self, Write};

/// More rows than a path leads to: a range of labels has no end.
#[cfg(feature = "alloc")]
const MOST: usize = 1 << 25;

/// A part of a table that is no value. It is small, and looks the table up again: a table has many rows.
#[derive(Clone, Copy)]
pub(super) struct Part<'d> {
    of: Value<'d>,
    which: Which,
}

#[derive(Clone, Copy)]
enum Which {
    /// All of a frame, series or index.
    Whole,
    Row(usize),
    Column(usize),
    Labels,
    /// A cell that is no value of a pickle: text, a time.
    Cell,
}

/// Where a step leads to.
pub(super) enum Reached<'d> {
    Value(Value<'d>),
    Part(Part<'d>),
}

/// Values one after another, or rows.
#[allow(clippy::large_enum_variant, reason = "nothing may be allocated, and one of them lives at a time")]
enum Line<'d> {
    Rows(usize),
    Values(Values<'d>),
}

impl<'d> Part<'d> {
    /// A frame, series or index as a whole.
    pub fn of(value: Value<'d>) -> Option<Self> {
        match value.view() {
            View::DataFrame { .. } | View::Series { .. } | View::Index { .. } => {
                Some(Part { of: value, which: Which::Whole })
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn line(&self) -> Option<Line<'d>> {
        let table = || Table::of(self.of).ok();
        let values = match (self.which, self.of.view()) {
            (Which::Whole, View::Index { .. }) => labels(&Index::of(self.of).ok()?)?,
            (Which::Whole, View::Series { .. }) => table()?.column(0).ok()?.values,
            // Rows without columns hold nothing, however many there are.
            (Which::Whole, _) => return table().filter(|table| table.columns() != 0).map(|it| Line::Rows(it.rows())),
            (Which::Column(number), _) => table()?.column(number).ok()?.values,
            (Which::Labels, _) => labels(table()?.index()?)?,
            (Which::Row(_) | Which::Cell, _) => return None,
        };
        Some(Line::Values(values))
    }

    /// How many rows or values there are from here; `None` where that cannot be told.
    pub fn len(&self) -> Option<i64> {
        let len = match self.line()? {
            Line::Rows(rows) => rows,
            Line::Values(values) => values.len(),
        };
        i64::try_from(len).ok()
    }

    /// What is at these places.
    fn each(&self, places: impl Iterator<Item = i64>, put: &mut dyn FnMut(Reached<'d>)) {
        let line = self.line();
        for place in places.filter_map(|place| usize::try_from(place).ok()) {
            match &line {
                Some(Line::Rows(_)) => put(Reached::Part(Part { which: Which::Row(place), ..*self })),
                Some(Line::Values(values)) => values.cell(place).into_iter().for_each(|cell| put(self.arrived(&cell))),
                None => {}
            }
        }
    }

    fn arrived(&self, cell: &Cell<'d>) -> Reached<'d> {
        match cell.node() {
            Some(node) => Reached::Value(self.of.beside(node)),
            None => Reached::Part(Part { which: Which::Cell, ..*self }),
        }
    }

    /// The first that a step leads to.
    // Not in its caller: what reads tables takes kilobytes of stack, and most paths never come to one.
    #[inline(never)]
    pub fn first(&self, step: PathStep<'_>) -> Option<Reached<'d>> {
        let mut first = None;
        match step {
            PathStep::All => self.each(0..self.len()?.min(1), &mut |at| first = Some(at)),
            PathStep::Slice(from, to, by) => {
                self.each(places(self.len()?, from, to, by).take(1), &mut |at| first = Some(at));
            }
            _ => first = self.step(step),
        }
        first
    }

    /// All that `[*]` or a slice leads to.
    #[cfg(feature = "alloc")]
    pub fn several(&self, step: PathStep<'_>, put: &mut dyn FnMut(Reached<'d>)) {
        let len = self.len().unwrap_or(0);
        match step {
            PathStep::Slice(from, to, by) => self.each(places(len, from, to, by).take(MOST), put),
            _ => self.each((0..len).take(MOST), put),
        }
    }

    /// What it is, for messages: `is a row with the columns a, b`.
    pub fn describe(&self, out: &mut dyn Write) -> fmt::Result {
        match (self.which, Table::of(self.of)) {
            (Which::Row(_), Ok(table)) => {
                out.write_str("is a row with ")?;
                columns(&table, out)
            }
            (Which::Cell, _) => out.write_str("is a cell"),
            _ => match self.len() {
                Some(1) => out.write_str("has 1 value"),
                Some(len) => write!(out, "has {len} values"),
                None => out.write_str("is a part of a table"),
            },
        }
    }

    /// One step from here.
    fn step(&self, step: PathStep<'_>) -> Option<Reached<'d>> {
        let part = |which| Some(Reached::Part(Part { which, ..*self }));
        match (step, self.which) {
            (PathStep::Key(name), Which::Whole) => part(Which::Column(column(&Table::of(self.of).ok()?, name)?)),
            (PathStep::Key(name), Which::Row(row)) => {
                let table = Table::of(self.of).ok()?;
                let values = table.column(column(&table, name)?).ok()?.values;
                Some(self.arrived(&values.cell(row)?))
            }
            (PathStep::RowIndex, Which::Whole) => {
                labels(Table::of(self.of).ok()?.index()?)?;
                part(Which::Labels)
            }
            (PathStep::Index(index), _) => {
                let len = self.len()?;
                let place = if index < 0 { index.checked_add(len)? } else { index };
                let mut found = None;
                self.each(core::iter::once(place).filter(|place| (0..len).contains(place)), &mut |at| found = Some(at));
                found
            }
            _ => None,
        }
    }
}

/// The labels of an index of one level.
fn labels<'d>(index: &Index<'d>) -> Option<Values<'d>> {
    if index.levels() == 1 { index.level(0).ok() } else { None }
}

/// The first column of a name.
fn column(table: &Table<'_>, name: PathKey<'_>) -> Option<usize> {
    (0..table.columns()).find(|&at| match label(table, at) {
        Some(Cell::Text(text)) => name.is(text.as_bytes()),
        Some(Cell::Chars(piece, big_endian)) => name.chars().eq(piece.chars(big_endian)),
        Some(Cell::Value(value)) => value.str_bytes().or_else(|| value.as_bytes()).is_some_and(|text| name.is(text)),
        _ => false,
    })
}

/// The name of a column, in one level or as a tuple of all.
fn label<'d>(table: &Table<'d>, at: usize) -> Option<Cell<'d>> {
    match table.labels() {
        Some(labels) => labels.label(at),
        None => table.label(at, 0).ok()?,
    }
}

/// Names that a message lists.
const LISTED: usize = 8;

/// `has 3 rows and the columns a, b`, for messages.
pub(super) fn describe(value: Value<'_>, out: &mut dyn Write) -> Option<fmt::Result> {
    let View::DataFrame { .. } = value.view() else { return None };
    let table = Table::of(value).ok()?;
    let rows = write!(out, "has {} rows and ", table.rows());
    Some(rows.and_then(|()| columns(&table, out)))
}

/// `the columns a, b`, for messages.
fn columns(table: &Table<'_>, out: &mut dyn Write) -> fmt::Result {
    out.write_str("the columns ")?;
    for at in 0..table.columns().min(LISTED) {
        out.write_str(if at == 0 { "" } else { ", " })?;
        match label(table, at) {
            Some(Cell::Text(text)) => out.write_str(text)?,
            Some(Cell::Chars(piece, big_endian)) => {
                piece.chars(big_endian).try_for_each(|c| out.write_char(c))?;
            }
            Some(Cell::Value(value)) => out.write_str(value.as_str().unwrap_or("..."))?,
            Some(Cell::Int(int)) => write!(out, "{int}")?,
            _ => out.write_str("...")?,
        }
    }
    if table.columns() > LISTED { write!(out, ", ... ({})", table.columns()) } else { Ok(()) }
}

/// The places of a slice of `len` items.
pub(super) fn places(len: i64, from: Option<i64>, to: Option<i64>, by: i64) -> impl Iterator<Item = i64> {
    // `clamp` has a panic for bounds that cross.
    let place = |at: i64| (if at < 0 { at.saturating_add(len) } else { at }).max(if by < 0 { -1 } else { 0 }).min(len);
    let (mut at, end) = match by < 0 {
        true => (from.map_or(len - 1, |from| place(from).min(len - 1)), to.map_or(-1, place)),
        false => (from.map_or(0, place), to.map_or(len, place)),
    };
    core::iter::from_fn(move || {
        if by > 0 && at >= end || by < 0 && at <= end {
            return None;
        }
        let found = at;
        at = at.saturating_add(by);
        Some(found)
    })
}
