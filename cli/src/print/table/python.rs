//! `str()` and `repr()` of objects, as they stand in a cell of CSV.

use super::Other;
use super::text as numbers;
use super::time::{self, Instant, Style, Zone};
use crate::print::pyrepr;
use pickle_core::known::Number;
use pickle_core::table::Unit;
use pickle_core::view::{MappingKind, SequenceKind, View};
use pickle_core::{BigInt, Value};
use std::fmt::Write;

/// Levels of lists inside lists that are written as Python writes them.
const DEPTH: usize = 24;

/// A scalar of pandas.
pub enum Scalar<'d> {
    /// NaT, NA.
    Missing,
    /// A time, and its zone.
    Timestamp(Instant, Option<Value<'d>>),
    /// A span.
    Timedelta(i64, Unit),
    /// A period: its ordinal and its frequency.
    Period(i64, Value<'d>),
    /// An interval.
    Interval(Value<'d>, Value<'d>, &'d str),
}

/// The scalar of pandas that a value is.
pub fn scalar(value: Value<'_>) -> Option<Scalar<'_>> {
    if let Some((module, name)) = value.as_global() {
        return (module.starts_with("pandas") && matches!(name, "NA" | "NaT")).then_some(Scalar::Missing);
    }
    let object = value.as_object()?;
    let (module, name) = object.class()?;
    if !module.starts_with("pandas") {
        return None;
    }
    let mut args = object.args();
    let unit = |code: Option<Value<'_>>| match code.and_then(|code| code.as_i64()) {
        Some(7) => Some(Unit::Second),
        Some(8) => Some(Unit::Milli),
        Some(9) => Some(Unit::Micro),
        Some(10) | None => Some(Unit::Nano),
        Some(_) => None,
    };
    match name {
        "_nat_unpickle" | "__nat_unpickle" | "NaTType" | "C_NAType" | "NAType" => Some(Scalar::Missing),
        "Timestamp" | "_unpickle_timestamp" => {
            let (ticks, _freq, zone, code) = (args.next()?.as_i64()?, args.next(), args.next(), args.next());
            if ticks == i64::MIN {
                return Some(Scalar::Missing);
            }
            Some(Scalar::Timestamp(Instant::of(ticks, unit(code)?), zone.filter(|zone| !zone.is_none())))
        }
        "Timedelta" | "_timedelta_unpickle" => {
            let (ticks, code) = (args.next()?.as_i64()?, args.next().filter(|code| code.as_i64().is_some()));
            Some(Scalar::Timedelta(ticks, unit(code)?))
        }
        "Period" => {
            let (freq, ordinal) = (args.nth(1)?, args.next()?);
            Some(Scalar::Period(ordinal.as_i64()?, freq))
        }
        "Interval" => {
            let (left, right) = (args.next()?, args.next()?);
            Some(Scalar::Interval(left, right, args.next().and_then(|closed| closed.as_str()).unwrap_or("right")))
        }
        _ => None,
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
        View::Scalar(dtype, octets) => {
            matches!(numbers::scalar_cell(&dtype, octets), Some(Number::Float(float)) if float.is_nan())
        }
        _ => matches!(scalar(value), Some(Scalar::Missing)),
    }
}

/// `str()` of a value.
pub fn text(value: Value<'_>, other: Other, out: &mut String) {
    write(value, false, 0, other, out);
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

fn pandas(it: Scalar<'_>, repr: bool, depth: usize, other: Other, out: &mut String) {
    match it {
        Scalar::Missing => out.push_str("NaT"),
        Scalar::Timestamp(at, zone) => {
            out.push_str(if repr { "Timestamp('" } else { "" });
            time::timestamp(at, zone.and_then(|zone| Zone::of(zone).ok()), ' ', out);
            out.push_str(if repr { "')" } else { "" });
        }
        Scalar::Timedelta(ticks, unit) => time::span(ticks, unit, Style { dates_only: false, digits: 10 }, out),
        Scalar::Period(ordinal, freq) => {
            if !super::freq::freq_name(freq).is_some_and(|freq| time::period(ordinal, &freq, out)) {
                let _ = write!(out, "{ordinal}");
            }
        }
        Scalar::Interval(left, right, closed) => {
            out.push(if matches!(closed, "left" | "both") { '[' } else { '(' });
            write(left, false, depth + 1, other, out);
            out.push_str(", ");
            write(right, false, depth + 1, other, out);
            out.push(if matches!(closed, "right" | "both") { ']' } else { ')' });
        }
    }
}

fn write(value: Value<'_>, repr: bool, depth: usize, other: Other, out: &mut String) {
    if depth > DEPTH {
        return fallback(value, other, out);
    }
    if let Some(it) = scalar(value) {
        return pandas(it, repr, depth, other, out);
    }
    let list = |items: &mut dyn Iterator<Item = Value<'_>>, open: &str, close: &str, out: &mut String| {
        out.push_str(open);
        for (at, item) in items.enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            write(item, true, depth + 1, other, out);
        }
        out.push_str(close);
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
        View::Scalar(dtype, octets) => {
            match numbers::scalar_cell(&dtype, octets) {
                Some(number) => numbers::number(number, dtype.size, out),
                None => fallback(value, other, out),
            }
            Ok(())
        }
        View::Uuid(_) | View::Path(_) | View::Fraction(_) => {
            fallback(value, other, out);
            Ok(())
        }
        View::Sequence(sequence) if sequence.class.is_none() => {
            match sequence.kind {
                SequenceKind::List => list(&mut sequence.items.clone(), "[", "]", out),
                SequenceKind::Tuple => {
                    let close = if sequence.items.len() == 1 { ",)" } else { ")" };
                    list(&mut sequence.items.clone(), "(", close, out);
                }
                _ => fallback(value, other, out),
            }
            Ok(())
        }
        View::Mapping(mapping) if mapping.kind == MappingKind::Dict && mapping.class.is_none() => {
            out.push('{');
            for (at, (key, item)) in mapping.pairs.enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(key, true, depth + 1, other, out);
                out.push_str(": ");
                write(item, true, depth + 1, other, out);
            }
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
