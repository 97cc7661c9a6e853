//! Labels as text: the names of columns.

use crate::Text;
use pickle_core::Value;
use pickle_core::table::{Categories, Cell, Run, Unit, Values};
use pickle_core::view::View;
use std::borrow::Cow;
use std::fmt::Write;

/// All labels of a level, each in constant time.
pub(crate) fn labels<'d>(values: &Values<'d>) -> Vec<Option<Cell<'d>>> {
    let run_cells = |run: &Run<'d>| -> Vec<Option<Cell<'d>>> {
        match run {
            Run::Items(list) => list.items().into_iter().flatten().map(|value| Some(Cell::Value(value))).collect(),
            Run::Lane(lane, _) => lane.cells().map(Some).collect(),
            Run::Arrow(arrow) => {
                arrow.chunks().flat_map(|chunk| (0..chunk.len()).map(move |at| chunk.cell(at))).collect()
            }
            run => (0..run.len()).map(|row| run.cell(row)).collect(),
        }
    };
    match values {
        Values::Run(run) => run_cells(run),
        Values::Categorical { codes, categories: Categories::Run(run), .. } => {
            let names = run_cells(run);
            let name = |cell: Cell<'_>| usize::try_from(cell.as_int()?).ok();
            codes.cells().map(|code| name(code).and_then(|code| names.get(code).copied().flatten())).collect()
        }
        values => (0..values.len()).map(|at| values.cell(at)).collect(),
    }
}

/// `str()` of a label; with `repr` text stands in quotes.
pub(crate) fn text(cell: Option<&Cell<'_>>, repr: bool, json: Text, out: &mut String) {
    // Writing to a String does not fail.
    let _ = match cell {
        None | Some(Cell::Null) => write!(out, "None"),
        Some(Cell::Bool(flag)) => write!(out, "{}", if *flag { "True" } else { "False" }),
        Some(Cell::Int(int)) => write!(out, "{int}"),
        Some(Cell::Uint(int)) => write!(out, "{int}"),
        Some(Cell::Float(float, _)) => write!(out, "{float:?}"),
        Some(Cell::DateTime(ticks, unit)) => match datetime(*ticks, *unit) {
            Some(time) => write!(out, "{}", time.format("%Y-%m-%d %H:%M:%S%.f")),
            None => write!(out, "{ticks}"),
        },
        Some(Cell::Chars(piece, big)) => {
            quoted(&piece.chars(*big).collect::<String>(), repr, out);
            Ok(())
        }
        Some(cell) => match (cell.as_text(), cell) {
            (Some(text), _) => {
                quoted(text, repr, out);
                Ok(())
            }
            (None, Cell::Value(value)) => {
                of_value(*value, repr, json, out);
                Ok(())
            }
            (None, _) => write!(out, "?"),
        },
    };
}

fn datetime(ticks: i64, unit: Unit) -> Option<chrono::NaiveDateTime> {
    let (seconds, nanos) = match (unit.per_second(), unit.seconds()) {
        (Some(per), _) => {
            let per = i64::try_from(per).ok()?;
            (ticks.div_euclid(per), ticks.rem_euclid(per).checked_mul(1_000_000_000i64.checked_div(per)?)?)
        }
        (None, Some(seconds)) => (ticks.checked_mul(i64::try_from(seconds).ok()?)?, 0),
        _ => return None,
    };
    Some(chrono::DateTime::from_timestamp(seconds, u32::try_from(nanos).ok()?)?.naive_utc())
}

/// As [`text()`], of an object.
pub(crate) fn of_value(value: Value<'_>, repr: bool, json: Text, out: &mut String) {
    match value.view() {
        View::None => out.push_str("None"),
        View::Bool(flag) => out.push_str(if flag { "True" } else { "False" }),
        View::Text(text) => quoted(text, repr, out),
        View::Float(float) => out.push_str(&format!("{float:?}")),
        View::Date(date) => out.push_str(&date.to_string()),
        View::DateTime(date, time, None) => out.push_str(&format!("{date} {time}")),
        View::Sequence(sequence) if !repr => {
            let count = sequence.items.len();
            out.push('(');
            for (at, item) in sequence.items.enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                of_value(item, true, json, out);
            }
            out.push_str(if count == 1 { ",)" } else { ")" });
        }
        _ => match pickle_core::table::Scalar::of(value) {
            Some(pickle_core::table::Scalar::Timestamp(ticks, unit, _)) => {
                text(Some(&Cell::DateTime(ticks, unit)), repr, json, out);
            }
            _ => json(value, out),
        },
    }
}

fn quoted(text: &str, repr: bool, out: &mut String) {
    if !repr {
        return out.push_str(text);
    }
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// Text in quotes, as Python's `repr()` has it.
pub(crate) fn quote(text: &str, out: &mut String) {
    quoted(text, true, out);
}

/// The name of a key or attribute.
pub(crate) fn label<'d>(key: Value<'d>, text: Text) -> Cow<'d, str> {
    match key.as_str() {
        Some(name) => name.into(),
        None => {
            let mut name = String::new();
            of_value(key, false, text, &mut name);
            name.into()
        }
    }
}
