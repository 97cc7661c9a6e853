//! Labels as text.

use super::Cell;
use crate::Value;
use crate::view::{Scalar, View, moments};
use core::fmt::{self, Write};

/// As Python's `str` has it where it is a label: text as it is, a tuple with its parts in parentheses. `...` stands for what
/// has no text of its own.
impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Cell::Null => f.write_str("None"),
            Cell::Bool(flag) => f.write_str(if flag { "True" } else { "False" }),
            Cell::Int(int) | Cell::Period(int) => write!(f, "{int}"),
            Cell::Uint(int) => write!(f, "{int}"),
            Cell::Float(float, _) => write!(f, "{float:?}"),
            Cell::Text(text) => f.write_str(text),
            Cell::Chars(piece, big_endian) => piece.chars(big_endian).try_for_each(|c| f.write_char(c)),
            Cell::DateTime(ticks, unit) => moments::moment(ticks, unit, ' ', f),
            Cell::TimeDelta(ticks, unit) => write!(f, "{}", Scalar::Timedelta(ticks, unit)),
            Cell::Date(days) => moments::date(days.into(), f),
            Cell::Value(value) => of_value(value, false, f),
            _ => f.write_str("..."),
        }
    }
}

fn of_value(value: Value<'_>, is_part: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value.view() {
        View::Text(text) if is_part => quoted(text, f),
        View::Text(text) => f.write_str(text),
        View::None => f.write_str("None"),
        View::Bool(flag) => f.write_str(if flag { "True" } else { "False" }),
        View::Int(int) => write!(f, "{int}"),
        View::Float(float) => write!(f, "{float:?}"),
        View::Date(date) => write!(f, "{date}"),
        View::DateTime(date, time, None) => write!(f, "{date} {time}"),
        View::Pandas(Scalar::Timestamp(ticks, unit, _)) => moments::moment(ticks, unit, ' ', f),
        View::Pandas(scalar) => write!(f, "{scalar}"),
        View::Sequence(sequence) if !is_part => {
            let count = sequence.items.len();
            f.write_char('(')?;
            for (at, item) in sequence.items.enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                of_value(item, true, f)?;
            }
            f.write_str(if count == 1 { ",)" } else { ")" })
        }
        _ => f.write_str("..."),
    }
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    f.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c == '\\' || c == quote => write!(f, "\\{c}")?,
            c if c.is_control() => write!(f, "\\x{:02x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char(quote)
}
