//! Arrays as nested lists.

use super::told::global_name;
use super::{Step, Steps, map, one, raw, string, value};
use crate::print::cells::{Cells, Item, Nested, Token, cell, fields, leaves, subarray};
use crate::print::json::{one_line, text};
use pickle_core::GlobalName;
use pickle_core::known::{Array, DType, Data, Masked, Number};
use pickle_core::table::Cell;
use std::io::{self, Write};

/// `{"$ndarray": "float64", "$shape": [..], "$data": ..}`
pub fn ndarray(array: Array<'_>) -> Option<Steps<'_>> {
    with_items(array, Cells::of(&array))
}

/// The same with null for what is masked; `None` where it is masked in another way.
pub fn masked(masked: Masked<'_>) -> Option<Steps<'_>> {
    with_items(masked.array, Some(Cells::masked(&masked)?))
}

fn with_items<'d>(array: Array<'d>, cells: Option<Cells<'d>>) -> Option<Steps<'d>> {
    let mut fields = Vec::new();
    if let Some(class) =
        array.class.filter(|class| class.as_global().is_none_or(|name| name != GlobalName::new("numpy", "ndarray")))
    {
        fields.push(match class.as_global().map(GlobalName::pair) {
            Some((module, name)) => ("$class", string(global_name(module, name))),
            None => ("$callable", value(class)),
        });
    }
    fields.push(("$ndarray", dtype(array.dtype)));
    let axes: Vec<String> = array.axes().map(|axis| Some(axis?.to_string())).collect::<Option<_>>()?;
    fields.push(("$shape", raw(format!("[{}]", axes.join(",")))));
    match (cells, array.data) {
        (Some(cells), _) => fields.push(("$data", nested(cells))),
        (None, Data::Missing(buffer)) => fields.push(("$data", value(buffer))),
        (None, Data::Objects(objects)) => fields.push(("$data", value(objects))),
        (None, Data::Bytes(octets)) => {
            fields.push(("$bytes", one(Step::Base64(octets))));
            if array.fortran {
                fields.push(("$order", string("F")));
            }
        }
        _ => return None,
    }
    if let Some(extra) = array.extra {
        fields.push(("$state", value(extra)));
    }
    Some(map(fields))
}

/// The type of items: its name, or `[name, type]` of each field.
pub fn dtype(dtype: DType<'_>) -> Steps<'_> {
    raw(described(&dtype))
}

pub fn described(dtype: &DType<'_>) -> String {
    let mut text = Vec::new();
    // A Vec takes everything.
    let _ = write_dtype(dtype, 8, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn write_dtype(dtype: &DType<'_>, levels: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(below) = levels.checked_sub(1).filter(|_| dtype.fields.is_some()) else {
        return text::string(out, &dtype.to_string());
    };
    out.write_all(b"[")?;
    for (nth, field) in fields(dtype).enumerate() {
        out.write_all(if nth == 0 { b"[" } else { b",[" })?;
        text::string(out, field.name)?;
        out.write_all(b",")?;
        match subarray(&field.dtype) {
            Some((inner, axes)) => {
                write_dtype(&inner, below, out)?;
                let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
                write!(out, ",[{}]", axes.join(","))?;
            }
            None => write_dtype(&field.dtype, below, out)?,
        }
        out.write_all(b"]")?;
    }
    out.write_all(b"]")
}

/// The items of an array: one of no axes, else lists of lists.
pub fn nested(cells: Cells<'_>) -> Steps<'_> {
    if !cells.is_objects() {
        return one(Step::Cells(cells));
    }
    if !cells.dtype().objects {
        return raw(listed(&cells));
    }
    Box::new(Nested::of(&cells).map(move |token| match token {
        Token::Open => Step::Array,
        Token::Close => Step::End,
        Token::Item(place) => match cells.item(place) {
            Some(Item::Value(value)) => Step::Value(value),
            _ => Step::Raw("null".into()),
        },
    }))
}

/// Numbers and characters that are listed as objects (`array.array` up to protocol 2), written as if they were packed.
fn listed(cells: &Cells<'_>) -> String {
    let mut text = Vec::new();
    // A Vec takes everything.
    let _ = write_with(cells, &mut text, &mut |it, out| match it {
        Item::Value(value) => match value.as_f64() {
            Some(float) if cells.dtype().size == 4 => item(cells.dtype(), &(float as f32).to_le_bytes(), out),
            _ => {
                let mut line = String::new();
                one_line(value, &mut line);
                out.write_all(line.as_bytes())
            }
        },
        Item::Bytes(_) | Item::Part(..) => out.write_all(b"null"),
    });
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes items that are no objects.
pub fn write(cells: &Cells<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_with(cells, out, &mut |it, out| match it {
        Item::Bytes(bytes) => item(cells.dtype(), bytes, out),
        Item::Part(bytes, mask) => masked_item(cells.dtype(), bytes, mask, out),
        Item::Value(_) => out.write_all(b"null"),
    })
}

/// Writes an item.
pub type WriteItem<'w, 'd> = dyn FnMut(Item<'_, 'd>, &mut dyn Write) -> io::Result<()> + 'w;

/// Lists of lists, with the items as `each` writes them.
pub fn write_with<'d>(cells: &Cells<'d>, out: &mut dyn Write, each: &mut WriteItem<'_, 'd>) -> io::Result<()> {
    let mut comma = false;
    for token in Nested::of(cells) {
        match token {
            Token::Open => {
                out.write_all(if comma { b",[" } else { b"[" })?;
                comma = false;
            }
            Token::Close => {
                out.write_all(b"]")?;
                comma = true;
            }
            Token::Item(place) => {
                if comma {
                    out.write_all(b",")?;
                }
                match cells.item(place) {
                    Some(it) => each(it, out)?,
                    None => out.write_all(b"null")?,
                }
                comma = true;
            }
        }
    }
    Ok(())
}

/// An item by its bytes. The type has been looked at: it has few levels.
pub fn item(dtype: &DType<'_>, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    masked_item(dtype, bytes, &[], out)
}

/// The same with null for what is masked in it: not 0 in `mask`, which has a byte for each of its [`leaves`], or none.
fn masked_item(dtype: &DType<'_>, bytes: &[u8], mask: &[u8], out: &mut dyn Write) -> io::Result<()> {
    if let Some((inner, _)) = subarray(dtype) {
        return part(dtype, &inner, bytes, mask, out);
    }
    if dtype.fields.is_some() {
        let mut mask = mask;
        out.write_all(b"{")?;
        for (nth, field) in fields(dtype).enumerate() {
            if nth != 0 {
                out.write_all(b",")?;
            }
            text::string(out, field.name)?;
            out.write_all(b":")?;
            let place = usize::try_from(field.offset).unwrap_or(usize::MAX);
            let len = usize::try_from(field.dtype.size).unwrap_or(usize::MAX);
            let bytes = bytes.get(place..place.saturating_add(len)).unwrap_or_default();
            let (own, rest) = mask.split_at_checked(leaves(&field.dtype)).unwrap_or_default();
            masked_item(&field.dtype, bytes, own, out)?;
            mask = rest;
        }
        return out.write_all(b"}");
    }
    if mask.first().is_some_and(|flag| *flag != 0) {
        return out.write_all(b"null");
    }
    // Spans have units of their own, perhaps several at a time: they are counted.
    let it = cell(dtype, bytes);
    if dtype.kind == b'm' {
        return match it {
            Cell::Null => out.write_all(b"null"),
            _ => number(dtype.number(bytes), out),
        };
    }
    match it {
        Cell::DateTime(ticks, unit) => text::string(out, &unit.datetime(ticks).to_string()),
        Cell::Chars(piece, big) => text::string(out, &piece.chars(big).collect::<String>()),
        Cell::Bytes(piece) => {
            let bytes: Vec<u8> = piece.bytes().collect();
            match std::str::from_utf8(&bytes) {
                Ok(utf8) => text::string(out, utf8),
                Err(_) => {
                    out.write_all(b"{\"$bytes\":")?;
                    text::base64(out, bytes.into_iter())?;
                    out.write_all(b"}")
                }
            }
        }
        Cell::Null => out.write_all(b"null"),
        _ => number(dtype.number(bytes), out),
    }
}

/// An array inside an item.
fn part(dtype: &DType<'_>, inner: &DType<'_>, bytes: &[u8], mask: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let Some((_, axes)) = subarray(dtype) else { return out.write_all(b"null") };
    let size = usize::try_from(inner.size).unwrap_or(1).max(1);
    let items = bytes.chunks(size);
    // Brackets close and open where an axis is over.
    let ends = |at: usize| {
        let mut each = 1usize;
        let over = |axis: &&usize| {
            each = each.saturating_mul(**axis).max(1);
            at.is_multiple_of(each)
        };
        axes.iter().rev().take_while(over).count()
    };
    for (nth, bytes) in items.enumerate() {
        let brackets = ends(nth);
        if nth != 0 {
            out.write_all(&b"]".repeat(brackets))?;
            out.write_all(b",")?;
        }
        out.write_all(&b"[".repeat(brackets))?;
        let each = leaves(inner);
        let own = mask.get(nth.saturating_mul(each)..).and_then(|mask| mask.get(..each)).unwrap_or_default();
        masked_item(inner, bytes, own, out)?;
    }
    out.write_all(&b"]".repeat(axes.len()))
}

/// A number of an array.
pub fn number(number: Option<Number>, out: &mut dyn Write) -> io::Result<()> {
    match number {
        Some(Number::Bool(flag)) => write!(out, "{flag}"),
        Some(Number::Int(int)) => out.write_all(text::int(int).as_bytes()),
        Some(Number::Uint(int)) if int <= text::SAFE_INT => write!(out, "{int}"),
        Some(Number::Uint(int)) => write!(out, "\"{int}\""),
        Some(Number::Float(float)) => out.write_all(text::float(float).as_bytes()),
        Some(Number::Complex(re, im)) => write!(out, "[{},{}]", text::float(re), text::float(im)),
        _ => out.write_all(b"null"),
    }
}
