//! Frames, series and indexes of pandas.

use super::told::global;
use super::{Form, Step, Steps, map, raw, steps_between, string, value};
use crate::print::table::grid::{Axis, Grid};
use crate::print::table::values::{Column, Item};
use pickle_core::table::{Cell, Index, Table};
use pickle_core::{Kind, Value};
use std::collections::HashSet;
use std::rc::Rc;

/// `{"$table": "pandas.DataFrame", "$index": [..], "$rows": [{..}, ..]}`; `None` where that cannot be read, and an object
/// says more.
pub fn steps<'d>(it: Value<'d>, form: Form<'d>) -> Option<Steps<'d>> {
    let (grid, is_series, name) = match Table::of(it) {
        Ok(table) => (Grid::table(it, &table, form.arena).ok()?, table.is_series(), table.name()),
        Err(_) => {
            let index = Index::of(it).ok()?;
            (Grid::index(&index, form.arena).ok()?, true, index.name(0))
        }
    };
    let is_named = name.is_some_and(|name| !name.is_none());
    if grid.unknown().is_some() {
        return None;
    }
    let class = it.as_object()?.instance()?.class;
    let class = match it.as_object()?.args().next() {
        // `_new_Index(class, {..})`
        Some(first)
            if first.kind() == Kind::Global && class.as_global().is_some_and(|class| class.name.starts_with('_')) =>
        {
            first
        }
        _ => class,
    };
    let mut fields = vec![("$table", global(class, &form.options))];
    if let Some(index) = &grid.index {
        fields.push(("$index", labels(index)));
    }
    let grid = Rc::new(grid);
    let names: HashSet<&String> = grid.names.iter().collect();
    if is_series && grid.columns.len() == 1 {
        if let Some(name) = grid.names.first().filter(|_| is_named) {
            fields.push(("$name", string(name.as_str())));
        }
        let all = grid.clone();
        let data = (0..grid.rows).map(move |row| Step::Parts(item(all.columns.first(), row)));
        fields.push(("$data", steps_between(Step::Array, data)));
    } else if names.len() == grid.names.len() && !grid.names.iter().any(|name| name.starts_with('$')) {
        let all = grid.clone();
        let rows = (0..grid.rows).map(move |row| Step::Parts(record(all.clone(), row)));
        fields.push(("$rows", steps_between(Step::Array, rows)));
    } else {
        // Names that are no keys of one object.
        let names: Vec<Step<'d>> = grid.names.iter().map(|name| Step::Text(name.clone())).collect();
        fields.push(("$columns", steps_between(Step::Array, names.into_iter())));
        let all = grid.clone();
        let rows = (0..grid.rows).map(move |row| {
            let (all, width) = (all.clone(), all.columns.len());
            let cells = (0..width).map(move |at| Step::Parts(item(all.columns.get(at), row)));
            Step::Parts(steps_between(Step::Array, cells))
        });
        fields.push(("$data", steps_between(Step::Array, rows)));
    }
    Some(map(fields))
}

/// A row as an object.
pub fn record<'d>(grid: Rc<Grid<'d>>, row: usize) -> Steps<'d> {
    let width = grid.columns.len();
    let cells = (0..width).flat_map(move |at| {
        let name = grid.names.get(at).cloned().unwrap_or_default();
        [Step::Key(name), Step::Parts(item(grid.columns.get(at), row))]
    });
    steps_between(Step::Map, cells)
}

/// The labels of the rows: of several levels, lists.
fn labels<'d>(axis: &Axis<'d>) -> Steps<'d> {
    let level =
        |column: &Column<'d>| -> Vec<Steps<'d>> { (0..column.len()).map(|row| item(Some(column), row)).collect() };
    let mut levels: Vec<_> = axis.levels.iter().map(|column| level(column).into_iter()).collect();
    let several = levels.len() != 1;
    let rows = std::iter::from_fn(move || {
        let mut cells: Vec<Steps<'d>> = levels.iter_mut().map_while(Iterator::next).collect();
        if several {
            if cells.is_empty() {
                None
            } else {
                Some(Step::Parts(steps_between(Step::Array, cells.into_iter().map(Step::Parts))))
            }
        } else {
            cells.pop().map(Step::Parts)
        }
    });
    steps_between(Step::Array, rows)
}

/// What a column has in a row.
pub fn item<'d>(column: Option<&Column<'d>>, row: usize) -> Steps<'d> {
    let Some(column) = column else { return raw("null") };
    match column.item(row) {
        // Objects are values like any others, and may be shared.
        Some(Item::Cell(Cell::Value(it))) if pickle_core::table::Scalar::of(it).is_none() => value(it),
        _ => {
            let mut json = String::new();
            column.json(row, &mut json);
            raw(json)
        }
    }
}
