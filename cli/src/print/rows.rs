//! The rows of tables and the items of arrays, as items are written.

use super::cells::Cells;
use super::formats::{Format, plain};
use super::json;
use super::table::grid::Grid;
use super::table::values::Arena;
use super::table::write;
use pickle_core::known::DType;
use pickle_core::table::{Index, Table, TableError};
use pickle_core::view::View;
use pickle_core::{PathStep, Value};
use std::io::{self, Write};
use std::ops::Range;

/// What has rows that are no values of the pickle.
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
    /// It is one, and why its rows cannot be told.
    pub fn of(value: Value<'d>, arena: &'d Arena) -> Result<Option<Self>, String> {
        match value.view() {
            View::Array(array) => Rows::array(&array.dtype, Cells::of(&array)).map(Some),
            View::Masked(masked) if masked.array.dtype.fields.is_some() => {
                Err("the fields of its records are masked one by one".into())
            }
            View::Masked(masked) => Rows::array(&masked.array.dtype, Cells::masked(&masked)).map(Some),
            // Subclasses of frames and series, too.
            View::DataFrame { .. } | View::Series { .. } | View::Record(_) | View::Object(..) => match Table::of(value)
            {
                Ok(table) => Grid::table(&table, arena).map_err(|error| error.to_string()).and_then(Rows::known),
                Err(TableError::NoTable) => Ok(None),
                Err(error) => Err(error.to_string()),
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
        let unknown =
            grid.columns.iter().zip(&grid.names).find_map(|(column, name)| Some((name, column.unknown.as_ref()?)));
        match unknown {
            Some((column, what)) => Err(format!("the column {column} cannot be written: {what} is not known")),
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
    json.clear();
    json_of(cells, at, json)?;
    Ok(writer.write_field(plain(json).as_bytes())?)
}

/// What steps of a path lead to in an array or table, where no value of the pickle is.
pub enum Part<'d> {
    /// Items of an array.
    Cells(Cells<'d>),
    /// JSON.
    Json(String),
}

/// Goes on from an array or table by the steps that are left; `None` where they lead nowhere.
pub fn part<'d>(value: Value<'d>, steps: &mut dyn Iterator<Item = PathStep<'_>>, arena: &'d Arena) -> Option<Part<'d>> {
    Rows::of(value, arena).ok()??.part(steps)
}

impl<'d> Rows<'d> {
    /// What steps of a path lead to from here; `None` where they lead nowhere.
    pub fn part(&self, steps: &mut dyn Iterator<Item = PathStep<'_>>) -> Option<Part<'d>> {
        match self {
            Rows::Array(cells) => Some(Part::Cells(within(cells.clone(), steps)?)),
            Rows::Table(grid) => {
                let mut json = String::new();
                match steps.next()? {
                    PathStep::Key(name) => {
                        let column = grid.names.iter().position(|column| name.is(column.as_bytes()))?;
                        let column = grid.columns.get(column)?;
                        match steps.next() {
                            None => {
                                json.push('[');
                                for row in 0..column.len() {
                                    json.push_str(if row == 0 { "" } else { "," });
                                    column.json(row, &mut json);
                                }
                                json.push(']');
                            }
                            Some(PathStep::Index(row)) => column.json(place(row, column.len())?, &mut json),
                            Some(_) => return None,
                        }
                    }
                    PathStep::RowIndex => {
                        let index = grid.index.as_ref()?;
                        json.push('[');
                        for row in 0..grid.rows {
                            json.push_str(if row == 0 { "" } else { "," });
                            json.push_str(if index.levels.len() == 1 { "" } else { "[" });
                            for (nth, level) in index.levels.iter().enumerate() {
                                json.push_str(if nth == 0 { "" } else { "," });
                                level.json(row, &mut json);
                            }
                            json.push_str(if index.levels.len() == 1 { "" } else { "]" });
                        }
                        json.push(']');
                    }
                    PathStep::Index(row) => {
                        let row = place(row, grid.rows)?;
                        let mut line = Vec::new();
                        match steps.next() {
                            None => self.write(row..row + 1, Format::Jsonl, &mut line).ok()?,
                            Some(PathStep::Key(name)) => {
                                let column = grid.names.iter().position(|column| name.is(column.as_bytes()))?;
                                let mut cell = String::new();
                                grid.columns.get(column)?.json(row, &mut cell);
                                line.extend(cell.bytes());
                            }
                            Some(_) => return None,
                        }
                        json.push_str(String::from_utf8_lossy(&line).trim_end());
                    }
                    _ => return None,
                }
                if steps.next().is_some() { None } else { Some(Part::Json(json)) }
            }
        }
    }
}

fn within<'d>(mut cells: Cells<'d>, steps: &mut dyn Iterator<Item = PathStep<'_>>) -> Option<Cells<'d>> {
    for step in steps {
        cells = match step {
            PathStep::Index(index) => cells.at(place(index, *cells.shape().first()?)?)?,
            PathStep::Key(name) => {
                let field = super::cells::fields(cells.dtype()).find(|field| name.is(field.name.as_bytes()))?;
                cells.field(field.name)?
            }
            _ => return None,
        };
    }
    Some(cells)
}

/// A place counted from the front, or from the end as in Python.
fn place(index: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    let index = if index < 0 { index.checked_add(len)? } else { index };
    usize::try_from(index).ok().filter(|_| index < len)
}
