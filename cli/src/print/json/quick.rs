//! Most values are plain and small: a dict of numbers, strings and dates. They become JSON without a plan of what is shared.

use super::steps::{self, Form, Step, Steps};
use super::text;
use crate::print::pyrepr;
use pickle_core::view::{Date, Time, View, Zone};
use pickle_core::{Entries, Kind, Value};
use std::io::Write;
use std::ops::Range;

/// Levels that are gone down here.
const DEPTH: usize = 16;

/// Writes plain values, and remembers the names of the dicts it has met: in rows they are the same.
#[derive(Default)]
pub struct Quick {
    shapes: [Shape; DEPTH],
}

/// The names of the last dict on some level, all different.
#[derive(Default)]
struct Shape {
    fields: Vec<Field>,
    names: Vec<u8>,
    json: Vec<u8>,
}

struct Field {
    /// The name, in `names`.
    name: Range<usize>,
    /// What stands before its value, in `json`: `{"name":` or `,"name":`.
    json: Range<usize>,
}

impl Quick {
    /// Appends a value as one line of plain JSON; false where it is larger or deeper, and then `out` is as it was.
    ///
    /// The text is that of [`super::json`]: with no more than [`Options::repeat`] values in all, nothing is referred to.
    pub fn append<'d>(&mut self, value: Value<'d>, form: Form<'d>, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let mut left = form.options.repeat;
        let plain = !form.options.tagged && form.options.indent.is_none();
        let done = plain && self::plain(value, form, &mut self.shapes, &mut left, out).is_some();
        if !done {
            out.truncate(before);
        }
        done
    }
}

/// `None` where there is more in it than [`Options::repeat`](super::Options::repeat) allows, or it is too deep.
fn plain<'d>(value: Value<'d>, form: Form<'d>, shapes: &mut [Shape], left: &mut u32, out: &mut Vec<u8>) -> Option<()> {
    *left = left.checked_sub(1)?;
    match value.kind() {
        Kind::None => out.extend(b"null"),
        Kind::Bool => out.extend(if value.as_bool()? { &b"true"[..] } else { b"false" }),
        Kind::Int => match value.as_i64().filter(|int| int.unsigned_abs() <= text::SAFE_INT) {
            Some(int) => out.extend_from_slice(itoa::Buffer::new().format(int).as_bytes()),
            None => return stepwise(value, form, shapes, left, out),
        },
        Kind::Float => match value.as_f64()? {
            float if float.is_finite() => pyrepr::push_float(out, float),
            float => out.extend(text::float(float).as_bytes()),
        },
        Kind::Str if value.as_str().is_some() => string(value, out)?,
        Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet => {
            let (_, deeper) = shapes.split_first_mut()?;
            out.push(b'[');
            for (n, item) in value.items()?.enumerate() {
                if n != 0 {
                    out.push(b',');
                }
                plain(item, form, deeper, left, out)?;
            }
            out.push(b']');
        }
        Kind::Dict => {
            let (shape, deeper) = shapes.split_first_mut()?;
            let entries = value.entries()?;
            if !shape.fits(entries) && shape.learn(entries).is_none() {
                shape.forget();
                return stepwise(value, form, shapes, left, out);
            }
            if entries.len() == 0 {
                out.push(b'{');
            }
            for (field, (_, item)) in shape.fields.iter().zip(entries) {
                out.extend_from_slice(shape.json.get(field.json.clone()).unwrap_or_default());
                plain(item, form, deeper, left, out)?;
            }
            out.push(b'}');
        }
        Kind::Object => match value.view() {
            View::Date(it) => {
                out.push(b'"');
                date(it, out);
                out.push(b'"');
            }
            View::Time(it, None) => {
                out.push(b'"');
                time(it, out);
                out.push(b'"');
            }
            View::DateTime(day, it, None) => {
                out.push(b'"');
                date(day, out);
                out.push(b'T');
                time(it, out);
                out.push(b'"');
            }
            View::DateTime(day, it, Some(zone)) if !matches!(zone, Zone::Local | Zone::Other(_)) => {
                out.push(b'"');
                date(day, out);
                out.push(b'T');
                time(it, out);
                write!(out, "{zone}").ok()?;
                out.push(b'"');
            }
            View::TimeDelta(it) => {
                out.extend_from_slice(b"{\"$seconds\":");
                steps::seconds(it.total_microseconds(), out);
                out.push(b'}');
            }
            View::Uuid(it) => {
                out.push(b'"');
                for (at, byte) in it.0.to_be_bytes().into_iter().enumerate() {
                    if matches!(at, 4 | 6 | 8 | 10) {
                        out.push(b'-');
                    }
                    out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
                }
                out.push(b'"');
            }
            View::Decimal(it) => text::string(out, it).ok()?,
            _ => return stepwise(value, form, shapes, left, out),
        },
        _ => return stepwise(value, form, shapes, left, out),
    }
    Some(())
}

/// Whatever has more to it than its kind.
fn stepwise<'d>(
    value: Value<'d>,
    form: Form<'d>,
    shapes: &mut [Shape],
    left: &mut u32,
    out: &mut Vec<u8>,
) -> Option<()> {
    let (_, deeper) = shapes.split_first_mut()?;
    let mut stack: Vec<Steps<'d>> = vec![steps::steps(value, form)];
    // What is open: a map or an array, and whether something is in it.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut after_key = false;
    while let Some(steps) = stack.last_mut() {
        let step = match steps.next() {
            None => {
                stack.pop();
                continue;
            }
            Some(Step::Parts(parts)) => {
                stack.push(parts);
                continue;
            }
            Some(Step::End) => {
                out.push(if open.pop()?.0 { b'}' } else { b']' });
                continue;
            }
            Some(step) => step,
        };
        if !std::mem::take(&mut after_key)
            && let Some((_, filled)) = open.last_mut()
            && std::mem::replace(filled, true)
        {
            out.push(b',');
        }
        match step {
            Step::Array => {
                out.push(b'[');
                open.push((false, false));
            }
            Step::Map => {
                out.push(b'{');
                open.push((true, false));
            }
            Step::Key(key) => {
                text::string(out, &key).ok()?;
                out.push(b':');
                after_key = true;
            }
            Step::Value(value) => plain(value, form, deeper, left, out)?,
            Step::Raw(raw) => out.extend_from_slice(raw.as_bytes()),
            Step::Text(string) => text::string(out, &string).ok()?,
            Step::Base64(octets) => text::base64(out, octets).ok()?,
            Step::Cells(cells) => steps::array::write(&cells, out).ok()?,
            Step::End | Step::Parts(_) => {}
        }
    }
    Some(())
}

/// A number of two digits.
fn two(number: u8, out: &mut Vec<u8>) {
    out.extend([b'0' + number / 10 % 10, b'0' + number % 10]);
}

/// `2024-02-29`, as its `Display`.
fn date(it: Date, out: &mut Vec<u8>) {
    two((it.year / 100) as u8, out);
    two((it.year % 100) as u8, out);
    out.push(b'-');
    two(it.month, out);
    out.push(b'-');
    two(it.day, out);
}

/// `13:05:00.000001`, as its `Display`.
fn time(it: Time, out: &mut Vec<u8>) {
    two(it.hour, out);
    out.push(b':');
    two(it.minute, out);
    out.push(b':');
    two(it.second, out);
    if it.microsecond != 0 {
        out.push(b'.');
        for part in [it.microsecond / 10_000, it.microsecond / 100 % 100, it.microsecond % 100] {
            two(part as u8, out);
        }
    }
}

fn string(value: Value<'_>, out: &mut Vec<u8>) -> Option<()> {
    let bytes = value.str_bytes()?;
    if !text::stands_as_it_is(bytes) {
        return text::string(out, value.as_str()?).ok();
    }
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
    Some(())
}

impl Shape {
    /// These names, in this order.
    fn fits(&self, entries: Entries<'_>) -> bool {
        let is_name = |(field, (key, _)): (&Field, (Value<'_>, _))| {
            key.str_bytes().is_some_and(|key| self.names.get(field.name.clone()) == Some(key))
        };
        self.fields.len() == entries.len() && self.fields.iter().zip(entries).all(is_name)
    }

    /// No names.
    fn forget(&mut self) {
        self.fields.clear();
        self.names.clear();
        self.json.clear();
    }

    /// Takes the names; `None` where they are not so plain.
    fn learn(&mut self, entries: Entries<'_>) -> Option<()> {
        self.forget();
        for (key, _) in entries {
            let name = key.as_str().filter(|name| key.kind() == Kind::Str && !name.starts_with('$'))?;
            let same = |field: &Field| self.names.get(field.name.clone()) == Some(name.as_bytes());
            if self.fields.iter().any(same) {
                return None;
            }
            let (name_start, json_start) = (self.names.len(), self.json.len());
            self.names.extend_from_slice(name.as_bytes());
            self.json.push(if self.fields.is_empty() { b'{' } else { b',' });
            text::string(&mut self.json, name).ok()?;
            self.json.push(b':');
            self.fields.push(Field { name: name_start..self.names.len(), json: json_start..self.json.len() });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_those_of_their_display() {
        let display = |text: &dyn std::fmt::Display| text.to_string().into_bytes();
        for (year, month, day) in [(1, 1, 1), (999, 12, 31), (2024, 2, 29), (9999, 10, 9)] {
            let (it, mut out) = (Date { year, month, day }, Vec::new());
            date(it, &mut out);
            assert_eq!(out, display(&it));
        }
        for microsecond in [0, 1, 10, 99_999, 100_000, 999_999] {
            let (it, mut out) = (Time { hour: 23, minute: 5, second: 59, microsecond, fold: false }, Vec::new());
            time(it, &mut out);
            assert_eq!(out, display(&it));
        }
    }
}
