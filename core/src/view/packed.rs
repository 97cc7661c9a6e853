//! The rows of `array`: numbers or characters of one type along one axis.

use super::Row;
use super::View;
use super::instance::Changed;
use super::known::{Array, DType, Data};
use super::octets::Octets;
use crate::machine::node::Node;
use crate::{Items, Kind, Value};

/// Is there a row of `array` for this name?
pub(super) fn has(name: &str) -> bool {
    matches!(name, "array" | "_array_reconstructor")
}

/// `array.array(code, list)`, as protocols 0 to 2 have it; `array._array_reconstructor(class, code, format, bytes)`; and
/// `array.array(code, bytes)` of Python 2.6 and older, which has the bytes of the machine that wrote it: little-endian.
pub(super) fn view<'d>(
    value: Value<'d>,
    class: Value<'d>,
    name: &str,
    args: Items<'d>,
    changed: &Changed<'d>,
) -> Row<'d> {
    if changed.appended.is_some() || changed.set.is_some() || changed.more {
        return Row::Lies;
    }
    let found = match name {
        "array" => called(args).map(|found| (class, found)),
        _ => reconstructed(args),
    };
    let Some((class, found)) = found else { return Row::Lies };
    let (dtype, data, len) = match found {
        Content::Bytes(dtype, octets) => {
            let size = octets.len() as u64;
            match (size.checked_rem(dtype.size), size.checked_div(dtype.size)) {
                (Some(0), Some(len)) => (dtype, Data::Bytes(octets), len),
                _ => return Row::Lies,
            }
        }
        Content::Items(dtype, list) => (dtype, Data::Objects(list), list.len() as u64),
        Content::Untold => return Row::None,
    };
    let Ok(len) = i64::try_from(len) else { return Row::Lies };
    let shape = value.beside(Node::int(len));
    let extra = changed.state.filter(|state| !state.is_none());
    Row::Known(View::Array(Array { class: Some(class), dtype, shape, fortran: false, data, extra }))
}

enum Content<'d> {
    Bytes(DType<'d>, Octets<'d>),
    Items(DType<'d>, Value<'d>),
    /// The pickle does not say how many bytes an item has: a C `long` or `wchar_t` of an unknown machine.
    Untold,
}

fn called<'d>(mut args: Items<'d>) -> Option<Content<'d>> {
    let code = code(args.next()?)?;
    let dtype = typecode(code)?;
    let Some(content) = args.next() else { return Some(Content::Bytes(dtype, Octets::raw(&[]))) };
    if args.len() != 0 {
        return None;
    }
    if content.kind() == Kind::List {
        return if content.items()?.all(|item| fits(&dtype, item)) {
            Some(Content::Items(dtype, content))
        } else {
            None
        };
    }
    let octets = Octets::of_state(content)?;
    Some(if matches!(code, b'l' | b'L' | b'u' | b'w') { Content::Untold } else { Content::Bytes(dtype, octets) })
}

fn reconstructed<'d>(mut args: Items<'d>) -> Option<(Value<'d>, Content<'d>)> {
    let (class, code, format) = (args.next()?, code(args.next()?)?, args.next()?);
    let octets = Octets::of(args.next()?)?;
    class.as_global()?;
    let dtype = machine_format(format.as_u64()?)?;
    let is_int = |kind| matches!(kind, b'i' | b'u');
    let code = typecode(code)?.kind;
    if args.len() != 0 || code != dtype.kind && !(is_int(code) && is_int(dtype.kind)) {
        return None;
    }
    // Half of a character is none.
    let mut bytes = octets;
    let mut units = core::iter::from_fn(|| Some([bytes.next()?, bytes.next()?]));
    let is_half = |[low, high]: [u8; 2]| (if dtype.big_endian { low } else { high }) & 0xf8 == 0xd8;
    if dtype.kind == b'U' && dtype.size == 2 && units.any(is_half) {
        return Some((class, Content::Untold));
    }
    Some((class, Content::Bytes(dtype, octets)))
}

/// A typecode: one character.
fn code(value: Value<'_>) -> Option<u8> {
    let text = value.as_str()?.as_bytes();
    if text.len() == 1 { text.first().copied() } else { None }
}

/// What an item is by its typecode. `l` and `L` have room for those of every machine.
fn typecode<'d>(code: u8) -> Option<DType<'d>> {
    let (kind, size) = match code {
        b'b' => (b'i', 1),
        b'B' => (b'u', 1),
        b'h' => (b'i', 2),
        b'H' => (b'u', 2),
        b'i' => (b'i', 4),
        b'I' => (b'u', 4),
        b'l' | b'q' => (b'i', 8),
        b'L' | b'Q' => (b'u', 8),
        b'f' => (b'f', 4),
        b'd' => (b'f', 8),
        b'u' | b'w' => (b'U', 4),
        b'c' => (b'S', 1),
        _ => return None,
    };
    Some(DType::plain(kind, size, false))
}

/// The type of items by its number (`enum machine_format_code` in `Modules/arraymodule.c`).
fn machine_format<'d>(number: u64) -> Option<DType<'d>> {
    let (kind, size) = match number {
        0 => (b'u', 1),
        1 => (b'i', 1),
        2 | 3 => (b'u', 2),
        4 | 5 => (b'i', 2),
        6 | 7 => (b'u', 4),
        8 | 9 => (b'i', 4),
        10 | 11 => (b'u', 8),
        12 | 13 => (b'i', 8),
        14 | 15 => (b'f', 4),
        16 | 17 => (b'f', 8),
        18 | 19 => (b'U', 2),
        20 | 21 => (b'U', 4),
        _ => return None,
    };
    // Of each pair the first is little-endian.
    Some(DType::plain(kind, size, number > 1 && number % 2 == 1))
}

/// An array of this type can hold the item.
fn fits(dtype: &DType<'_>, item: Value<'_>) -> bool {
    let bits = dtype.size.saturating_mul(8).min(64) as u32;
    match dtype.kind {
        b'f' => item.kind() == Kind::Float,
        b'i' if item.kind() == Kind::Int => {
            let most = i64::MAX.checked_shr(64 - bits).unwrap_or(0);
            item.as_i64().is_some_and(|int| (-most - 1..=most).contains(&int))
        }
        b'u' if item.kind() == Kind::Int => {
            let most = u64::MAX.checked_shr(64 - bits).unwrap_or(0);
            item.as_u64().is_some_and(|int| int <= most)
        }
        b'U' => {
            let text = if item.kind() == Kind::Str { item.str_bytes() } else { None };
            text.is_some_and(|text| text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() == 1)
        }
        b'S' => {
            let bytes = item.as_bytes().or_else(|| item.as_str().map(str::as_bytes));
            bytes.is_some_and(|bytes| bytes.len() == 1)
        }
        _ => false,
    }
}
