//! `str()` and `repr()` of objects, as they stand in a cell of CSV.

use super::Other;
use super::text as numbers;
use super::time::{self, Instant, Style, Zone};
use super::wkt;
use crate::print::pyrepr;
use pickle_core::table::{Cell, Frequency, Scalar};
use pickle_core::view::{MappingKind, SequenceKind, View};
use pickle_core::{BigInt, Value};
use std::fmt::Write;

/// Levels of lists inside lists that are written as Python writes them.
const DEPTH: usize = 24;

/// Lists, tuples and dicts of one cell that are written as Python writes them, those that are shared wherever they appear.
const MOST: usize = 1 << 20;

/// What is being written.
struct Open {
    /// The containers around, from the outermost on.
    around: Vec<Option<usize>>,
    /// Containers that may still come.
    left: usize,
    /// It is written with `repr()`.
    repr: bool,
    other: Other,
}

impl Open {
    /// Writes what is in a container that is not open yet; of one that is, and of one too many, three dots. False for those.
    fn within(&mut self, value: Value<'_>, out: &mut String, inner: impl FnOnce(&mut Self, &mut String)) -> bool {
        let id = value.id();
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || id.is_some() && self.around.contains(&id) {
            out.push_str("...");
            return false;
        }
        let repr = std::mem::replace(&mut self.repr, true);
        self.around.push(id);
        inner(self, out);
        self.around.pop();
        self.repr = repr;
        true
    }
}

/// `str()` of a value; JSON of what would have too many containers in it.
fn whole(value: Value<'_>, other: Other, out: &mut String) {
    let begin = out.len();
    let mut open = Open { around: Vec::new(), left: MOST, repr: false, other };
    write(value, &mut open, out);
    if open.left == 0 {
        out.truncate(begin);
        fallback(value, other, out);
    }
}

/// pandas takes it for missing: None, NaN, NaT, NA, a Decimal that is NaN.
pub fn is_missing(value: Value<'_>) -> bool {
    if value.is_none() {
        return true;
    }
    if let Some(float) = value.as_f64() {
        return float.is_nan();
    }
    if value.as_object().is_none() && value.as_global().is_none() {
        return false;
    }
    match value.view() {
        View::Decimal(text) => matches!(text.trim_start_matches(['+', '-']), "NaN" | "sNaN"),
        View::Complex(re, im) => re.is_nan() || im.is_nan(),
        View::Scalar(dtype, octets) => match Cell::item(&dtype, octets) {
            Cell::Null => true,
            Cell::Float(float, _) => float.is_nan(),
            Cell::Complex(re, im, _) => re.is_nan() || im.is_nan(),
            _ => false,
        },
        _ => matches!(Scalar::of(value), Some(Scalar::Missing)),
    }
}

/// `str()` of a value.
pub fn text(value: Value<'_>, other: Other, out: &mut String) {
    whole(value, other, out);
}

/// `str()` of a value is known, so that nothing in it is written as JSON.
pub fn has_text(value: Value<'_>, other: Other) -> bool {
    if matches!(value.view(), View::Text(_)) {
        return true;
    }
    // In what is written of anything else, NUL is escaped.
    let mut out = String::new();
    whole(value, |_, out| out.push('\0'), &mut out);
    if !out.contains('\0') {
        return true;
    }
    let mut json = String::new();
    other(value, &mut json);
    json.starts_with('"')
}

fn quoted(codes: impl Iterator<Item = u32> + Clone, ascii: bool, out: &mut String) {
    let mut seen = pyrepr::QuotesSeen::default();
    codes.clone().for_each(|code| seen.see(code));
    let quote = seen.choice();
    let mut text = vec![quote];
    codes.for_each(|code| pyrepr::push_code(&mut text, code, quote, ascii));
    text.push(quote);
    out.push_str(&String::from_utf8_lossy(&text));
}

fn pandas(value: Value<'_>, it: Scalar<'_>, open: &mut Open, out: &mut String) {
    let repr = open.repr;
    match it {
        Scalar::Missing => out.push_str("NaT"),
        Scalar::Timestamp(ticks, unit, zone) => {
            let at = Instant::of(ticks, unit);
            out.push_str(if repr { "Timestamp('" } else { "" });
            time::timestamp(at, zone.and_then(|zone| Zone::of(zone).ok()), ' ', out);
            out.push_str(if repr { "')" } else { "" });
        }
        Scalar::Timedelta(ticks, unit) => time::span(ticks, unit, Style { dates_only: false, digits: 10 }, out),
        Scalar::Period(ordinal, freq) => {
            // Writing to a String cannot fail.
            let _ = match Frequency::of(freq) {
                Some(freq) => freq.period(ordinal, out),
                None => write!(out, "{ordinal}"),
            };
        }
        Scalar::Interval(left, right, closed) => {
            out.push(if matches!(closed, "left" | "both") { '[' } else { '(' });
            open.within(value, out, |open, out| {
                open.repr = false;
                write(left, open, out);
                out.push_str(", ");
                write(right, open, out);
            });
            out.push(if matches!(closed, "right" | "both") { ']' } else { ')' });
        }
        _ => {}
    }
}

fn write(value: Value<'_>, open: &mut Open, out: &mut String) {
    let (repr, other) = (open.repr, open.other);
    if open.around.len() > DEPTH {
        return fallback(value, other, out);
    }
    if let Some(it) = Scalar::of(value) {
        return pandas(value, it, open, out);
    }
    if let Some(text) = wkt::of_object(value) {
        let _ = if repr { write!(out, "<{text}>") } else { write!(out, "{text}") };
        return;
    }
    let list = |items: &mut dyn Iterator<Item = Value<'_>>, open: &mut Open, out: &mut String| {
        open.within(value, out, |open, out| {
            for (at, item) in items.enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(item, open, out);
            }
        })
    };
    let _ = match value.view() {
        View::None => write!(out, "None"),
        View::Bool(flag) => write!(out, "{}", if flag { "True" } else { "False" }),
        View::Int(int) => write!(out, "{int}"),
        View::BigInt(BigInt::Bytes(bytes)) if pyrepr::long(bytes).is_some() => {
            write!(out, "{}", pyrepr::long(bytes).unwrap_or_default())
        }
        View::Float(float) => write!(out, "{}", pyrepr::float(float)),
        View::Text(text) if !repr => write!(out, "{text}"),
        View::Text(text) => {
            quoted(text.chars().map(u32::from), false, out);
            Ok(())
        }
        View::Bytes(octets) => {
            out.push('b');
            quoted(octets.map(u32::from), true, out);
            Ok(())
        }
        View::Decimal(text) if !repr => write!(out, "{text}"),
        View::Decimal(text) => write!(out, "Decimal('{text}')"),
        View::Date(date) if !repr => write!(out, "{date}"),
        View::Time(time, None) if !repr => write!(out, "{time}"),
        View::DateTime(date, time, zone) if !repr => {
            let written = write!(out, "{date} {time}");
            match zone.map(|zone| (zone, zone.offset())) {
                Some((_, Some(offset))) => {
                    let minutes = offset.total_microseconds() / 60_000_000;
                    let sign = if minutes < 0 { '-' } else { '+' };
                    write!(out, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
                }
                Some((zone, None)) => write!(out, "[{}]", zone.name().unwrap_or("?")),
                None => written,
            }
        }
        View::TimeDelta(delta) if !repr => write!(out, "{delta}"),
        View::Date(date) => write!(out, "datetime.date({}, {}, {})", date.year, date.month, date.day),
        View::DateTime(date, time, None) => {
            let (year, month, day) = (date.year, date.month, date.day);
            let written = write!(out, "datetime.datetime({year}, {month}, {day}, {}, {}", time.hour, time.minute);
            if time.second != 0 || time.microsecond != 0 {
                let _ = write!(out, ", {}", time.second);
            }
            if time.microsecond != 0 {
                let _ = write!(out, ", {}", time.microsecond);
            }
            out.push(')');
            written
        }
        View::Complex(re, im) => write!(out, "{}", numbers::complex(re, im, 128)),
        View::Scalar(dtype, octets) => {
            if !numbers::scalar(&dtype, octets, repr, out) {
                fallback(value, other, out);
            }
            Ok(())
        }
        View::Uuid(_) | View::Path(_) | View::Fraction(_) => {
            fallback(value, other, out);
            Ok(())
        }
        View::Sequence(sequence) if sequence.class.is_none() => {
            match sequence.kind {
                SequenceKind::List => {
                    out.push('[');
                    list(&mut sequence.items.clone(), open, out);
                    out.push(']');
                }
                SequenceKind::Tuple => {
                    out.push('(');
                    let is_new = list(&mut sequence.items.clone(), open, out);
                    out.push_str(if is_new && sequence.items.len() == 1 { ",)" } else { ")" });
                }
                _ => fallback(value, other, out),
            }
            Ok(())
        }
        View::Mapping(mapping) if mapping.kind == MappingKind::Dict && mapping.class.is_none() => {
            out.push('{');
            open.within(value, out, |open, out| {
                for (at, (key, item)) in mapping.pairs.enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    write(key, open, out);
                    out.push_str(": ");
                    write(item, open, out);
                }
            });
            out.push('}');
            Ok(())
        }
        _ => {
            fallback(value, other, out);
            Ok(())
        }
    };
}

/// JSON, for what has no text of its own; of a str its content.
fn fallback(value: Value<'_>, other: Other, out: &mut String) {
    let mut json = String::new();
    other(value, &mut json);
    match serde_json::from_str::<String>(&json) {
        Ok(text) => out.push_str(&text),
        Err(_) => out.push_str(&json),
    }
}
