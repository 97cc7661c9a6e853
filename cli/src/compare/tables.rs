//! Frames and series of pandas, column by column: how their blocks lie in the pickle makes no difference.

use super::{Cells, Tolerance, What};
use crate::print::brief::brief;
use crate::print::json::one_line;
use crate::print::table::grid::{Axis, Grid};
use crate::print::table::rows;
use crate::print::table::values::{Arena, Column};
use pickle_core::Value;

/// What differs; `None` where they cannot be read as tables.
pub(super) fn compare<'d>(a: Value<'d>, b: Value<'d>, tolerance: Tolerance) -> Option<Vec<What<'d>>> {
    let arena = Arena::new(one_line);
    let (x, y) = (rows::of(a, &arena, false).ok()?, rows::of(b, &arena, false).ok()?);
    if x.columns.iter().chain(&y.columns).any(|column| column.unknown.is_some()) {
        return None;
    }
    let mut found = Vec::new();
    if x.names != y.names {
        found.push(What::Property("columns", x.names.join(", "), y.names.join(", ")));
    }
    let heading = |grid: &Grid<'_>| grid.heading.join(", ");
    if heading(&x) != heading(&y) {
        found.push(What::Property("name of the columns", heading(&x), heading(&y)));
    }
    if x.rows != y.rows {
        found.push(What::Property("rows", x.rows.to_string(), y.rows.to_string()));
        return Some(found);
    }
    index(&x, &y, &mut found);
    let attrs = |value: Value<'_>| {
        value.as_object()?.state()?.get("attrs").filter(|attrs| !attrs.is_empty()).map(|attrs| brief(attrs, 4096))
    };
    let (left, right) = (attrs(a).unwrap_or_default(), attrs(b).unwrap_or_default());
    if left != right {
        found.push(What::Property("attrs", left, right));
    }
    for (at, (column, name)) in x.columns.iter().zip(&x.names).enumerate() {
        // By place where the names are the same, for names need not be unique.
        let place = if x.names == y.names { Some(at) } else { y.names.iter().position(|other| other == name) };
        let Some(other) = place.and_then(|at| y.columns.get(at)) else { continue };
        if column.dtype != other.dtype {
            let text = |dtype: &str| format!("{name}: {dtype}");
            found.push(What::Property("dtype of a column", text(&column.dtype), text(&other.dtype)));
        }
        let (left, right) = (categories(column), categories(other));
        if left != right {
            let text = |text: Option<String>| format!("{name}: {}", text.unwrap_or_else(|| "none".into()));
            found.push(What::Property("categories of a column", text(left), text(right)));
        }
        let cells = cells(column, other, x.rows, name, tolerance);
        if cells.differing != 0 {
            found.push(What::Cells(cells));
        }
    }
    Some(found)
}

fn index<'d>(x: &Grid<'_>, y: &Grid<'_>, found: &mut Vec<What<'d>>) {
    let names = |axis: &Option<Axis<'_>>| axis.as_ref().map(|axis| axis.names.join(", ")).unwrap_or_default();
    let (left, right) = (names(&x.index), names(&y.index));
    if left != right {
        found.push(What::Property("name of the index", left, right));
    }
    let dtypes = |axis: &Option<Axis<'_>>| -> Vec<String> {
        axis.iter().flat_map(|axis| &axis.levels).map(|level| level.dtype.clone()).collect()
    };
    let (left, right) = (dtypes(&x.index), dtypes(&y.index));
    if x.index.is_some() && y.index.is_some() && left != right {
        found.push(What::Property("dtype of the index", left.join(", "), right.join(", ")));
    }
    // Levels of a MultiIndex have their own, which need not be used.
    let only = |axis: &Option<Axis<'_>>| match axis.as_ref().map(|axis| axis.levels.as_slice()) {
        Some([level]) => categories(level),
        _ => None,
    };
    let (left, right) = (only(&x.index), only(&y.index));
    if left != right {
        let text = |text: Option<String>| text.unwrap_or_else(|| "none".into());
        found.push(What::Property("categories of the index", text(left), text(right)));
    }
    let label =
        |axis: &Option<Axis<'_>>, at: usize| axis.as_ref().map_or_else(|| at.to_string(), |axis| axis.joined(at));
    let differing = (0..x.rows).filter(|&at| label(&x.index, at) != label(&y.index, at));
    let mut differing = differing.peekable();
    if let Some(&first) = differing.peek() {
        let largest = Some((f64::NAN, format!("index, row {first}"), label(&x.index, first), label(&y.index, first)));
        found.push(What::Cells(Cells { differing: differing.count() as u64, of: x.rows as u64, largest }));
    }
}

/// The categories of a categorical, `a < b` where they have an order. Else their order makes no
/// difference.
fn categories(column: &Column<'_>) -> Option<String> {
    let (mut categories, ordered) = column.categories()?;
    if !ordered {
        categories.sort();
    }
    let text = categories.join(if ordered { " < " } else { ", " });
    Some(format!("{}[{text}]", if ordered { "ordered " } else { "" }))
}

fn cells(a: &Column<'_>, b: &Column<'_>, rows: usize, name: &str, tolerance: Tolerance) -> Cells {
    let mut cells = Cells { of: rows as u64, ..Cells::default() };
    let (mut x, mut y) = (String::new(), String::new());
    for row in 0..rows {
        x.clear();
        y.clear();
        a.json(row, &mut x);
        b.json(row, &mut y);
        if x == y {
            continue;
        }
        let numbers = x.parse::<f64>().ok().zip(y.parse::<f64>().ok());
        if numbers.is_some_and(|(x, y)| tolerance.is_close(x, y)) {
            continue;
        }
        cells.differing += 1;
        let difference = numbers.map_or(f64::NAN, |(x, y)| (x - y).abs());
        if cells.largest.as_ref().is_none_or(|(largest, ..)| difference > *largest || largest.is_nan()) {
            cells.largest = Some((difference, format!("column {name}, row {row}"), x.clone(), y.clone()));
        }
    }
    cells
}
