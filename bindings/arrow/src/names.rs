//! Objects as text: the names of columns.

use crate::Text;
use crate::text::{self, Offset};
use pickle_core::Value;
use pickle_core::view::View;
use std::borrow::Cow;

/// `str()` of an object; with `repr` text stands in quotes.
pub(crate) fn of_value(value: Value<'_>, repr: bool, json: Text, out: &mut String) {
    match value.view() {
        View::None => out.push_str("None"),
        View::Bool(flag) => out.push_str(if flag { "True" } else { "False" }),
        View::Text(text) => quoted(text, repr, out),
        View::Float(float) => out.push_str(&text::real(float)),
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
            Some(pickle_core::table::Scalar::Timestamp(ticks, unit, zone)) => match zone.map(Offset::of) {
                None => text::timestamp(ticks, unit, None, out),
                Some(Some(zone)) => text::timestamp(ticks, unit, Some(zone), out),
                Some(None) => json(value, out),
            },
            Some(pickle_core::table::Scalar::Timedelta(ticks, unit)) => text::span(ticks, unit, out),
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
