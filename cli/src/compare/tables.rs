//! Frames and series of pandas, column by column: how their blocks lie in the pickle makes no difference.

use super::{Both, Cells, Comparer, MOST_TEXT, What, by_key, means};
use crate::pickles::parts::{self, Step};
use crate::print::brief::{comparable_json, kind};
use crate::print::table::grid::{Axis, Grid};
use crate::print::table::rows;
use crate::print::table::values::{Arena, Column, Item};
use pickle_core::table::{Cell, Frequency, Index, Table};
use pickle_core::view::{Attributes, View};
use pickle_core::{Kind, Value};

/// What differs, and the parts that are still to be compared; `None` where they cannot be read as tables.
pub(super) fn compare<'d>(
    a: Value<'d>,
    b: Value<'d>,
    comparer: &mut Comparer,
    arena: &'d Arena,
) -> Option<(Vec<What<'d>>, Vec<Both<'d>>)> {
    let (x, y) = (rows::of(a, arena, false).ok()?, rows::of(b, arena, false).ok()?);
    if x.unknown().is_some() || y.unknown().is_some() {
        return None;
    }
    let mut found = Vec::new();
    let mut both = Vec::new();
    let (left_table, right_table) = (Table::of(a).ok()?, Table::of(b).ok()?);
    if x.names == y.names {
        found.extend(means::property("name", left_table.name(), right_table.name()));
    }
    if x.names != y.names {
        found.push(What::Property("columns", x.names.join(", "), y.names.join(", ")));
    }
    let heading = |grid: &Grid<'_>| grid.heading.join(", ");
    if heading(&x) != heading(&y) {
        found.push(What::Property("name of the columns", heading(&x), heading(&y)));
    }
    if let Some((left, right)) = indexes(a, b, false) {
        labels(left, right, x.names == y.names, arena, &mut found);
        frequencies("frequency of the columns", left, right, &mut found);
    }
    if x.rows != y.rows {
        found.push(What::Property("rows", x.rows.to_string(), y.rows.to_string()));
        return Some((found, both));
    }
    index(&x, &y, &mut found);
    if let Some((left, right)) = indexes(a, b, true) {
        frequencies("frequency of the index", left, right, &mut found);
    }
    let (left, right) = (beside_blocks(a), beside_blocks(b));
    both.extend(by_key(left.into_iter(), right.into_iter(), &mut comparer.doubts));
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
        let mut inner = Vec::new();
        let cells = cells((column, other), x.rows, name, comparer, arena, &mut inner);
        if cells.differing != 0 {
            found.push(What::Cells(cells));
        }
        both.extend(inner.into_iter().map(|(row, left, right)| (step(&left_table, at, row), Some(left), Some(right))));
    }
    Some((found, both))
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
    let exact = |axis: &Option<Axis<'_>>, at: usize, text: &mut String| {
        text.clear();
        match axis {
            Some(axis) => axis.levels.iter().for_each(|level| {
                level.distinct(at, text);
                text.push('\n');
            }),
            None => text.push_str(&at.to_string()),
        }
    };
    let (mut left, mut right) = (String::new(), String::new());
    let differing = (0..x.rows).filter(|&at| {
        exact(&x.index, at, &mut left);
        exact(&y.index, at, &mut right);
        left != right
    });
    let mut differing = differing.peekable();
    if let Some(&first) = differing.peek() {
        let labels = [label(&x.index, first), label(&y.index, first)];
        let [left, right] = if labels[0] != labels[1] { labels } else { told(&x.index, &y.index, first) };
        let largest = Some((f64::NAN, format!("index, row {first}"), left, right));
        found.push(What::Cells(Cells { differing: differing.count() as u64, of: x.rows as u64, largest }));
    }
}

/// Labels that are written alike, as JSON.
fn told(x: &Option<Axis<'_>>, y: &Option<Axis<'_>>, at: usize) -> [String; 2] {
    [x, y].map(|axis| {
        let mut text = String::new();
        for level in axis.iter().flat_map(|axis| &axis.levels) {
            text.push_str(if text.is_empty() { "" } else { ", " });
            level.distinct(at, &mut text);
        }
        text
    })
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

/// A cell that holds other values: its row, and both.
type Held<'d> = (usize, Value<'d>, Value<'d>);

/// Compares two columns; `inner` takes what their cells hold, to be compared as any other values.
fn cells<'d>(
    (a, b): (&Column<'d>, &Column<'d>),
    rows: usize,
    name: &str,
    comparer: &mut Comparer,
    arena: &'d Arena,
    inner: &mut Vec<Held<'d>>,
) -> Cells {
    let mut cells = Cells { of: rows as u64, ..Cells::default() };
    let (mut x, mut y) = (String::new(), String::new());
    for row in 0..rows {
        x.clear();
        y.clear();
        if let (Some(left), Some(right)) = (object(a, row), object(b, row)) {
            if holds_others(left) && holds_others(right) {
                inner.push((row, left, right));
                continue;
            }
            let mut differences = Vec::new();
            comparer.pair(left, right, arena, &mut differences);
            if differences.is_empty() {
                continue;
            }
            a.distinct(row, &mut x);
            b.distinct(row, &mut y);
            if x == y {
                [(&mut x, left), (&mut y, right)]
                    .into_iter()
                    .for_each(|(text, of)| text.push_str(&format!(" ({})", kind(of))));
            }
        } else {
            a.distinct(row, &mut x);
            b.distinct(row, &mut y);
            if x == y {
                continue;
            }
        }
        let numbers = x.parse::<f64>().ok().zip(y.parse::<f64>().ok());
        if numbers.is_some_and(|(x, y)| comparer.tolerance.is_close(x, y)) {
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

/// The object in a row.
fn object<'d>(column: &Column<'d>, row: usize) -> Option<Value<'d>> {
    match column.stored(row) {
        Some(Item::Cell(Cell::Value(value))) => Some(value),
        _ => None,
    }
}

/// Other values are in it, or it is so large that it is compared by itself.
fn holds_others(value: Value<'_>) -> bool {
    parts::parts(value).is_some()
        || matches!(
            value.view(),
            View::Array(_) | View::Tensor(_) | View::Derived(_) | View::Bytes(_) | View::ByteArray(_)
        )
}

/// The step to a cell.
fn step<'d>(table: &Table<'d>, column: usize, row: usize) -> Step<'d> {
    let label = table.labels().and_then(|labels| labels.label(column));
    let name = match label {
        Some(Cell::Text(text)) => Some(text),
        Some(Cell::Value(value)) => value.as_str(),
        _ => None,
    };
    Step::Cell(name, row)
}

/// The labels of the rows, or of the columns, of both.
fn indexes<'d>(a: Value<'d>, b: Value<'d>, of_rows: bool) -> Option<(Value<'d>, Value<'d>)> {
    let index = |value| if of_rows { Table::index_of(value) } else { Table::labels_of(value) };
    index(a).zip(index(b))
}

/// The types of labels, and labels of other types that are written alike.
fn labels<'d>(left: Value<'d>, right: Value<'d>, same_names: bool, arena: &'d Arena, found: &mut Vec<What<'d>>) {
    let grid = |index| Grid::index(&Index::of(index).ok()?, arena).ok();
    let Some((x, y)) = grid(left).zip(grid(right)) else { return };
    let dtypes = |grid: &Grid<'_>| grid.columns.iter().map(|level| level.dtype.clone()).collect::<Vec<_>>().join(", ");
    if dtypes(&x) != dtypes(&y) {
        found.push(What::Property("dtype of the labels of the columns", dtypes(&x), dtypes(&y)));
    }
    let label = |grid: &Grid<'_>, at: usize| {
        let mut text = String::new();
        for (nth, level) in grid.columns.iter().enumerate() {
            text.push_str(if nth == 0 { "" } else { ", " });
            level.distinct(at, &mut text);
        }
        text
    };
    let mut pairs = (0..x.rows.min(y.rows)).map(|at| (label(&x, at), label(&y, at)));
    if same_names && let Some((left, right)) = pairs.find(|(left, right)| left != right) {
        found.push(What::Property("labels of the columns", left, right));
    }
}

fn frequencies(name: &'static str, left: Value<'_>, right: Value<'_>, found: &mut Vec<What<'_>>) {
    let (left, right) = (frequency(left), frequency(right));
    if left != right {
        let text = |text: Option<String>| text.unwrap_or_else(|| "None".to_owned());
        found.push(What::Property(name, text(left), text(right)));
    }
}

/// The frequency that an index keeps, in words that do not depend on the pandas that wrote it.
fn frequency(index: Value<'_>) -> Option<String> {
    let made = index.as_object()?.args().nth(1);
    fn kept(value: Value<'_>) -> Option<Value<'_>> {
        value.as_object()?.state()?.get("_freq")
    }
    let in_array = || pickle_core::known::Array::of(index)?.extra?.at(1);
    let offset = made.and_then(|made| made.get("freq").or_else(|| kept(made.get("data")?))).or_else(in_array)?;
    if offset.is_none() {
        return None;
    }
    let json = || comparable_json(offset, MOST_TEXT).unwrap_or_default();
    let Some(known) = Frequency::of(offset).filter(Frequency::is_known) else { return Some(json()) };
    let Some(instance) = offset.as_object().and_then(|offset| offset.instance()) else {
        return Some(known.to_string());
    };
    let class = instance.class.class_name().and_then(|class| class.names().last()).unwrap_or_default();
    let part = |at: usize, name: &str| instance.args.clone().nth(at).or_else(|| offset.get(name));
    let count = part(0, "n").and_then(|count| count.as_i64()).unwrap_or(1);
    let normalized = part(1, "normalize").and_then(|flag| flag.as_bool()) == Some(true);
    Some(format!("{count} {class} {known}{}", if normalized { ", normalized" } else { "" }))
}

/// What a frame or series has beside its blocks, its labels and its name: `attrs`, attributes of a subclass.
fn beside_blocks(value: Value<'_>) -> Vec<(Value<'_>, Value<'_>)> {
    const OF_PANDAS: [&str; 9] =
        ["_mgr", "_data", "_typ", "_subtyp", "_metadata", "_item_cache", "_is_copy", "_name", "name"];
    let own = value.as_object().and_then(|object| Attributes::of(object.state()?)).unwrap_or_default();
    let says_nothing = |name: &str, value: Value<'_>| {
        let allows = || value.get("allows_duplicate_labels").and_then(|flag| flag.as_bool()) == Some(true);
        value.is_none()
            || value.kind() == Kind::Dict && (value.is_empty() || name == "_flags" && value.len() == 1 && allows())
    };
    own.filter(|(name, value)| {
        name.as_str().is_none_or(|name| !OF_PANDAS.contains(&name) && !says_nothing(name, *value))
    })
    .collect()
}
