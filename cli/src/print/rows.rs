//! The rows of tables and the items of arrays, as items are written.

use super::cells::{Cells, Item};
use super::formats::{Format, number, plain};
use super::json;
use super::table::grid::{Axis, Grid, unread};
use super::table::text as numbers;
use super::table::values::{Arena, Column};
use super::table::write;
use pickle_core::known::{DType, Octets};
use pickle_core::table::{Index, Table, TableError};
use pickle_core::view::View;
use pickle_core::{PathStep, Value};
use std::io::{self, Write};
use std::ops::Range;

/// What has rows that are not values of the pickle.
pub enum Rows<'d> {
    /// A frame, series or index.
    Table(Grid<'d>),
    /// An array of one axis or more, or one of its parts.
    Array(Cells<'d>),
}

impl<'d> Rows<'d> {
    /// The rows of a table or array; `None` for all else.
    ///
    /// # Errors
    /// It is one, and why its rows cannot be read.
    pub fn of(value: Value<'d>, arena: &'d Arena) -> Result<Option<Self>, String> {
        match value.view() {
            View::Array(array) => Rows::array(&array.dtype, Cells::of(&array)).map(Some),
            View::Masked(masked) => Rows::array(&masked.array.dtype, Cells::masked(&masked)).map(Some),
            // Subclasses of frames and series, too.
            View::DataFrame { .. } | View::Series { .. } | View::Record(_) | View::Object(..) => match Table::of(value)
            {
                Ok(table) => Grid::table(value, &table, arena).and_then(Rows::known),
                Err(TableError::NoTable) => Ok(None),
                Err(error) => Err(unread(error, value, 0)),
            },
            View::Index { .. } => match Index::of(value) {
                Ok(index) => Grid::index(&index, arena).map_err(|error| error.to_string()).and_then(Rows::known),
                Err(error) => Err(error.to_string()),
            },
            _ => Ok(None),
        }
    }

    fn array(dtype: &DType<'_>, cells: Option<Cells<'d>>) -> Result<Self, String> {
        let cells = cells.ok_or_else(|| format!("its items, of the type {dtype}, cannot be read"))?;
        if cells.shape().is_empty() {
            Err("it is an array of one item without an axis".into())
        } else {
            Ok(Rows::Array(cells))
        }
    }

    fn known(grid: Grid<'d>) -> Result<Option<Self>, String> {
        match grid.unknown() {
            Some(why) => Err(why),
            None => Ok(Some(Rows::Table(grid))),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Rows::Table(grid) => grid.rows,
            Rows::Array(cells) => cells.shape().first().copied().unwrap_or(0),
        }
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes some rows.
    ///
    /// # Errors
    /// What `out` says; what the format cannot hold.
    pub fn write(&self, rows: Range<usize>, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match (self, format) {
            (Rows::Table(grid), Format::Csv) => write::csv(grid, grid.index.is_some(), ',', rows, out),
            (Rows::Table(grid), Format::Jsonl) if grid.is_one_column() => {
                let mut text = String::new();
                for row in rows {
                    text.clear();
                    if let Some(column) = grid.columns.first() {
                        column.json(row, &mut text);
                    }
                    text.push('\n');
                    out.write_all(text.as_bytes())?;
                }
                Ok(())
            }
            (Rows::Table(grid), Format::Jsonl) => write::json_lines(grid, false, rows, out),
            (Rows::Array(cells), Format::Jsonl) => {
                let mut line = Vec::new();
                for row in rows {
                    line.clear();
                    json_of(cells, row, &mut line)?;
                    line.push(b'\n');
                    out.write_all(&line)?;
                }
                Ok(())
            }
            (Rows::Array(cells), Format::Csv) => array_csv(cells, rows, out),
            (_, Format::Msgpack) => {
                let mut lines = Vec::new();
                for row in rows {
                    lines.clear();
                    self.write(row..row + 1, Format::Jsonl, &mut lines)?;
                    let mut json = serde_json::Deserializer::from_slice(&lines);
                    let mut packed = Vec::new();
                    serde_transcode::transcode(&mut json, &mut rmp_serde::Serializer::new(&mut packed))
                        .map_err(io::Error::other)?;
                    out.write_all(&packed)?;
                }
                Ok(())
            }
        }
    }
}

/// An item, or a part of an array, as JSON on one line.
fn json_of(cells: &Cells<'_>, row: usize, out: &mut dyn Write) -> io::Result<()> {
    match cells.at(row) {
        Some(part) => json::part(&part, out),
        None => out.write_all(b"null"),
    }
}

/// Records have their fields as columns, two axes theirs; one axis is a column.
fn array_csv(cells: &Cells<'_>, rows: Range<usize>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    let names: Vec<&str> = super::cells::fields(cells.dtype()).map(|field| field.name).collect();
    let is_records = cells.shape().len() == 1 && !names.is_empty() && !cells.is_objects();
    if rows.start == 0 {
        match cells.shape().len() {
            1 if is_records => writer.write_record(&names)?,
            1 => writer.write_record(["value"])?,
            // Without names there is no header.
            _ => {}
        }
    }
    let columns: Vec<Cells<'_>> =
        if is_records { names.iter().filter_map(|name| cells.field(name)).collect() } else { Vec::new() };
    let mut json = Vec::new();
    for row in rows {
        if is_records {
            for column in &columns {
                field(column, row, &mut json, &mut writer)?;
            }
        } else {
            match cells.shape() {
                [_] => field(cells, row, &mut json, &mut writer)?,
                _ => {
                    let Some(part) = cells.at(row) else { continue };
                    for at in 0..part.shape().first().copied().unwrap_or(0) {
                        field(&part, at, &mut json, &mut writer)?;
                    }
                }
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

fn field<W: Write>(cells: &Cells<'_>, at: usize, json: &mut Vec<u8>, writer: &mut csv::Writer<W>) -> io::Result<()> {
    let item = cells.at(at).filter(|item| item.shape().is_empty());
    let item = item.as_ref().and_then(|item| item.item(item.places().next()?));
    if let Some(Item::Value(value)) = item
        && matches!(value.view(), View::Scalar(..) | View::Complex(..))
    {
        return Ok(writer.write_field(number(value))?);
    }
    if let Some(Item::Bytes(bytes)) = item
        && matches!((cells.dtype().kind, cells.dtype().size), (b'c', _) | (b'f', 2 | 4))
    {
        let mut text = String::new();
        if !numbers::scalar(cells.dtype(), Octets::raw(bytes), false, &mut text) {
            text.clear();
        }
        return Ok(writer.write_field(text)?);
    }
    json.clear();
    json_of(cells, at, json)?;
    Ok(writer.write_field(plain(json).as_bytes())?)
}

/// What steps of a path lead to in an array or table, where no value of the pickle is.
#[derive(Clone)]
pub enum Part<'r, 'd> {
    /// All of a table.
    Table(&'r Grid<'d>),
    /// A row of a table.
    Row(&'r Grid<'d>, usize),
    /// A column, or a level of the index.
    Column(&'r Column<'d>, usize),
    /// A cell of a column.
    Cell(&'r Column<'d>, usize),
    /// The index of so many rows.
    Labels(&'r Axis<'d>, usize),
    /// The labels of one row.
    Label(&'r Axis<'d>, usize),
    /// Items of an array.
    Cells(Cells<'d>),
}

impl<'d> Rows<'d> {
    /// All of them, to go on from by steps.
    pub fn whole(&self) -> Part<'_, 'd> {
        match self {
            Rows::Table(grid) => Part::Table(grid),
            Rows::Array(cells) => Part::Cells(cells.clone()),
        }
    }
}

impl<'r, 'd> Part<'r, 'd> {
    /// What one step leads to, none of several; `None` where it leads nowhere.
    pub fn step(&self, step: &PathStep<'_>) -> Option<Self> {
        match (self, *step) {
            (&Part::Table(grid), PathStep::Key(_)) => Some(Part::Column(column(grid, step)?, grid.rows)),
            (Part::Table(grid), PathStep::RowIndex) => Some(Part::Labels(grid.index.as_ref()?, grid.rows)),
            (&Part::Row(grid, row), PathStep::Key(_)) => Some(Part::Cell(column(grid, step)?, row)),
            (Part::Cells(cells), PathStep::Key(name)) => {
                let field = super::cells::fields(cells.dtype()).find(|field| name.is(field.name.as_bytes()))?;
                cells.field(field.name).map(Part::Cells)
            }
            (_, PathStep::Index(index)) if !matches!(self, Part::Row(..)) => self.nth(place(index, self.len()?)?),
            _ => None,
        }
    }

    /// How many parts it has; `None` for what has none.
    fn len(&self) -> Option<usize> {
        match self {
            Part::Table(grid) => Some(grid.rows),
            // Its only value is the row.
            Part::Row(grid, _) => Some(grid.columns.len()).filter(|_| !grid.is_one_column()),
            Part::Column(_, rows) | Part::Labels(_, rows) => Some(*rows),
            Part::Cell(..) | Part::Label(..) => None,
            Part::Cells(cells) => cells.shape().first().copied(),
        }
    }

    /// One of its parts.
    fn nth(&self, at: usize) -> Option<Self> {
        match self {
            Part::Table(grid) => Some(Part::Row(grid, at)),
            Part::Row(grid, row) => Some(Part::Cell(grid.columns.get(at)?, *row)),
            Part::Column(column, _) => Some(Part::Cell(column, at)),
            Part::Labels(index, _) => Some(Part::Label(index, at)),
            Part::Cell(..) | Part::Label(..) => None,
            Part::Cells(cells) => cells.at(at).map(Part::Cells),
        }
    }

    /// Hands over all that steps with wildcards and slices lead to, and leaves out what they do not lead to.
    ///
    /// # Errors
    /// What `take` says.
    pub fn each<E>(
        &self,
        steps: &[PathStep<'_>],
        take: &mut dyn FnMut(&Part<'r, 'd>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut here = self.clone();
        for (done, step) in steps.iter().enumerate() {
            if let PathStep::All | PathStep::Slice(..) = step {
                let rest = steps.get(done + 1..).unwrap_or_default();
                // Each has one axis less: it is as deep as arrays have axes.
                return places(step, here.len().unwrap_or(0))
                    .filter_map(|at| here.nth(at))
                    .try_for_each(|part| part.each(rest, take));
            }
            match here.step(step) {
                Some(next) => here = next,
                None => return Ok(()),
            }
        }
        take(&here)
    }

    /// Writes it as JSON on one line, without the end of the line.
    ///
    /// # Errors
    /// What `out` says.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut json = String::new();
        match self {
            Part::Cells(cells) => return json::part(cells, out),
            Part::Table(grid) => {
                list(&mut json, grid.rows, &mut |row, json| row_of(grid, row, json));
            }
            Part::Row(grid, row) => row_of(grid, *row, &mut json),
            Part::Column(column, rows) => list(&mut json, *rows, &mut |row, json| column.json(row, json)),
            Part::Cell(column, row) => column.json(*row, &mut json),
            Part::Labels(index, rows) => list(&mut json, *rows, &mut |row, json| label(index, row, json)),
            Part::Label(index, row) => label(index, *row, &mut json),
        }
        out.write_all(json.as_bytes())
    }
}

fn column<'r, 'd>(grid: &'r Grid<'d>, step: &PathStep<'_>) -> Option<&'r Column<'d>> {
    let PathStep::Key(name) = step else { return None };
    grid.columns.get(grid.names.iter().position(|column| name.is(column.as_bytes()))?)
}

fn list(json: &mut String, len: usize, put: &mut dyn FnMut(usize, &mut String)) {
    json.push('[');
    for at in 0..len {
        json.push_str(if at == 0 { "" } else { "," });
        put(at, json);
    }
    json.push(']');
}

fn row_of(grid: &Grid<'_>, row: usize, json: &mut String) {
    if let (true, Some(column)) = (grid.is_one_column(), grid.columns.first()) {
        return column.json(row, json);
    }
    let mut line = Vec::new();
    // A Vec takes everything.
    if write::json_lines(grid, false, row..row + 1, &mut line).is_ok() {
        json.push_str(String::from_utf8_lossy(&line).trim_end());
    }
}

/// The label of a row; of an index of several levels a list.
fn label(index: &Axis<'_>, row: usize, json: &mut String) {
    match &index.levels[..] {
        [level] => level.json(row, json),
        levels => list(json, levels.len(), &mut |at, json| levels[at].json(row, json)),
    }
}

/// The places of a wildcard or slice, as Python's slices have them.
fn places(step: &PathStep<'_>, len: usize) -> impl Iterator<Item = usize> + use<> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let (from, to, by) = match *step {
        PathStep::Slice(from, to, by) => (from, to, by),
        _ => (None, None, 1),
    };
    let (least, most) = if by < 0 { (-1, len - 1) } else { (0, len) };
    let end = |end: i64| (if end < 0 { end.saturating_add(len) } else { end }).clamp(least, most);
    let (first, last) = if by < 0 { (most, least) } else { (least, most) };
    let (at, stop) = (from.map_or(first, end), to.map_or(last, end));
    std::iter::successors(Some(at), move |at| Some(at.saturating_add(by)))
        .take_while(move |&at| by != 0 && if by < 0 { at > stop } else { at < stop })
        .filter_map(|at| usize::try_from(at).ok())
}

/// A place counted from the front, or from the end as in Python.
fn place(index: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    let index = if index < 0 { index.checked_add(len)? } else { index };
    usize::try_from(index).ok().filter(|_| index < len)
}

#[cfg(test)]
mod tests {
    use super::places;
    use pickle_core::PathStep;

    #[test]
    fn slices_of_rows_are_those_of_python() {
        let all = |step, len| places(&step, len).collect::<Vec<_>>();
        let named = |from, to, by, len| all(PathStep::Slice(from, to, by), len);
        assert_eq!(all(PathStep::All, 3), [0, 1, 2]);
        assert_eq!(named(Some(1), None, 1, 3), [1, 2]);
        assert_eq!(named(None, Some(-1), 1, 3), [0, 1]);
        assert_eq!(named(None, None, -1, 3), [2, 1, 0]);
        assert_eq!(named(Some(-2), Some(-4), -1, 5), [3, 2]);
        assert_eq!(named(Some(9), Some(1), -2, 5), [4, 2]);
        assert!(named(Some(5), None, 1, 3).is_empty() && named(None, None, -1, 0).is_empty());
        assert!(all(PathStep::All, 0).is_empty());
        assert_eq!(named(Some(i64::MIN), Some(i64::MAX), i64::MAX, 3), [0]);
        assert_eq!(named(None, None, i64::MIN, 3), [2]);
    }
}
