//! Most values are plain: a dict of numbers and strings. They become JSON without a plan of what is shared.

use super::{Options, text};
use pickle_core::{Kind, Value};
use std::io::Write;

/// Levels that are gone down here.
const DEPTH: usize = 16;

/// Appends a value as one line of plain JSON; false where it is not so plain, and then `out` is as it was.
///
/// The text is that of [`super::json`]: with no more than [`Options::repeat`] values in all, nothing is referred to.
pub fn append(value: Value<'_>, options: &Options, out: &mut Vec<u8>) -> bool {
    let before = out.len();
    let mut left = options.repeat;
    let done = !options.tagged && options.indent.is_none() && plain(value, DEPTH, &mut left, out).is_some();
    if !done {
        out.truncate(before);
    }
    done
}

fn plain(value: Value<'_>, depth: usize, left: &mut u32, out: &mut Vec<u8>) -> Option<()> {
    *left = left.checked_sub(1)?;
    match value.kind() {
        Kind::None => out.extend(b"null"),
        Kind::Bool => out.extend(if value.as_bool()? { &b"true"[..] } else { b"false" }),
        Kind::Int => {
            let int = value.as_i64().filter(|int| int.unsigned_abs() <= text::SAFE_INT)?;
            write!(out, "{int}").ok()?;
        }
        Kind::Float => {
            let float = value.as_f64()?;
            // Where Rust's digits are Python's.
            match float.abs() {
                0.0 | 1e-4..1e16 => write!(out, "{float:?}").ok()?,
                _ => out.extend(text::float(float).as_bytes()),
            }
        }
        Kind::Str => text::string(out, value.as_str()?).ok()?,
        Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet => {
            out.push(b'[');
            for (n, item) in value.items()?.enumerate() {
                if n != 0 {
                    out.push(b',');
                }
                plain(item, depth.checked_sub(1)?, left, out)?;
            }
            out.push(b']');
        }
        Kind::Dict => {
            let entries = value.entries()?;
            out.push(b'{');
            for (n, (key, item)) in entries.enumerate() {
                let name = key.as_str().filter(|name| key.kind() == Kind::Str && !name.starts_with('$'))?;
                if entries.take(n).any(|(other, _)| other.as_str() == Some(name)) {
                    return None;
                }
                if n != 0 {
                    out.push(b',');
                }
                text::string(out, name).ok()?;
                out.push(b':');
                plain(item, depth.checked_sub(1)?, left, out)?;
            }
            out.push(b'}');
        }
        _ => return None,
    }
    Some(())
}
