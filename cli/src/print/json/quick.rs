//! Most values are plain: a dict of numbers and strings. They become JSON without a plan of what is shared.

use super::{Options, text};
use crate::print::pyrepr;
use pickle_core::{Entries, Kind, Value};
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
    /// Appends a value as one line of plain JSON; false where it is not so plain, and then `out` is as it was.
    ///
    /// The text is that of [`super::json`]: with no more than [`Options::repeat`] values in all, nothing is referred to.
    pub fn append(&mut self, value: Value<'_>, options: &Options, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let mut left = options.repeat;
        let plain = !options.tagged && options.indent.is_none();
        let done = plain && self::plain(value, &mut self.shapes, &mut left, out).is_some();
        if !done {
            out.truncate(before);
        }
        done
    }
}

fn plain(value: Value<'_>, shapes: &mut [Shape], left: &mut u32, out: &mut Vec<u8>) -> Option<()> {
    *left = left.checked_sub(1)?;
    match value.kind() {
        Kind::None => out.extend(b"null"),
        Kind::Bool => out.extend(if value.as_bool()? { &b"true"[..] } else { b"false" }),
        Kind::Int => {
            let int = value.as_i64().filter(|int| int.unsigned_abs() <= text::SAFE_INT)?;
            out.extend_from_slice(itoa::Buffer::new().format(int).as_bytes());
        }
        Kind::Float => match value.as_f64()? {
            float if float.is_finite() => pyrepr::push_float(out, float),
            float => out.extend(text::float(float).as_bytes()),
        },
        Kind::Str => string(value, out)?,
        Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet => {
            let (_, deeper) = shapes.split_first_mut()?;
            out.push(b'[');
            for (n, item) in value.items()?.enumerate() {
                if n != 0 {
                    out.push(b',');
                }
                plain(item, deeper, left, out)?;
            }
            out.push(b']');
        }
        Kind::Dict => {
            let (shape, deeper) = shapes.split_first_mut()?;
            let entries = value.entries()?;
            if !shape.fits(entries) {
                shape.learn(entries)?;
            }
            if entries.len() == 0 {
                out.push(b'{');
            }
            for (field, (_, item)) in shape.fields.iter().zip(entries) {
                out.extend_from_slice(shape.json.get(field.json.clone()).unwrap_or_default());
                plain(item, deeper, left, out)?;
            }
            out.push(b'}');
        }
        _ => return None,
    }
    Some(())
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

    /// Takes the names; `None` where they are not so plain.
    fn learn(&mut self, entries: Entries<'_>) -> Option<()> {
        self.fields.clear();
        self.names.clear();
        self.json.clear();
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
