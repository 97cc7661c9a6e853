//! Rows out of lists, dicts and objects.

use super::Other;
use super::grid::{Grid, label, unread};
use super::values::{Arena, Column};
use pickle_core::Value;
use pickle_core::table::{Columns, Index, RowOptions, Table, TableError};

fn grid<'d>(rows: Columns<'d>, other: Other) -> Grid<'d> {
    Grid {
        index: None,
        header: None,
        unknown_label: None,
        heading: Vec::new(),
        columns: rows.columns.into_iter().map(|values| Column::objects(values, other)).collect(),
        names: rows.names,
        rows: rows.len,
        is_series: false,
        is_cut: false,
    }
}

/// A frame, series, array, or rows in whatever form.
///
/// # Errors
/// Why it is no table.
pub fn of<'d>(value: Value<'d>, arena: &'d Arena, flatten: bool) -> Result<Grid<'d>, String> {
    match Table::of(value) {
        Ok(table) => Grid::table(value, &table, arena),
        Err(TableError::NoTable) => match Index::of(value) {
            // Lists are rows.
            Ok(index) if value.items().is_none() => Grid::index(&index, arena).map_err(|error| error.to_string()),
            _ => match Table::assembled(value) {
                Ok(table) => Grid::table(value, &table, arena),
                Err(TableError::NoTable) => {
                    let name = |key| label(key, arena.other).into();
                    Columns::of(value, &RowOptions { flatten, label: &name })
                        .map(|rows| grid(rows, arena.other))
                        .map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            },
        },
        Err(error) => Err(unread(error, value, 0)),
    }
}

/// Each value a row.
pub fn of_each<'d>(values: impl Iterator<Item = Value<'d>>, arena: &Arena, flatten: bool) -> Grid<'d> {
    let other = arena.other;
    let name = |key| label(key, other).into();
    grid(Columns::of_each(values, &RowOptions { flatten, label: &name }), other)
}
