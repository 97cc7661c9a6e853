//! Arrays as nested lists of numbers.

use super::text;
use pickle_core::known::{Array, Data, Number};
use std::io::{self, Write};

/// The items are numbers, so that [`nested`] can write them.
pub fn is_numeric(array: &Array<'_>) -> bool {
    let Data::Bytes(octets) = array.data else { return false };
    let item = usize::try_from(array.dtype.size).ok().and_then(|size| [0; 16].get(..size).map(<[u8]>::to_vec));
    let number = item.filter(|item| !item.is_empty()).and_then(|item| array.dtype.number(&item));
    number.is_some() && axes(array).is_some() && array.size() == Some(octets.len() as u64)
}

/// The numbers of an array in C order, nested as its shape is.
pub fn nested(array: &Array<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (Data::Bytes(octets), Some(shape), true) = (array.data, axes(array), is_numeric(array)) else {
        return out.write_all(b"null");
    };
    let size = usize::try_from(array.dtype.size).unwrap_or(1);
    let bytes: std::borrow::Cow<'_, [u8]> = match octets.as_slice() {
        Some(slice) => slice.into(),
        None => octets.collect::<Vec<u8>>().into(),
    };
    // Bytes from one item of an axis to the next.
    let mut strides = vec![size; shape.len()];
    let mut step = size;
    let mut axis = |at: usize| {
        strides[at] = step;
        step = step.saturating_mul(shape[at]);
    };
    if array.fortran {
        (0..shape.len()).for_each(&mut axis)
    } else {
        (0..shape.len()).rev().for_each(&mut axis)
    }
    walk(array, &shape, &strides, &bytes, size, out)
}

fn axes(array: &Array<'_>) -> Option<Vec<usize>> {
    // More axes than numpy has ever had make no array.
    let axes: Vec<usize> =
        array.shape.items()?.take(65).map(|axis| axis.as_i64()?.try_into().ok()).collect::<Option<_>>()?;
    // Brackets around nothing can be many: (1000000, 0).
    let empty = axes.contains(&0);
    if axes.len() > 64 || empty && axes.iter().any(|&axis| axis > 1000) { None } else { Some(axes) }
}

fn walk(
    array: &Array<'_>,
    shape: &[usize],
    strides: &[usize],
    bytes: &[u8],
    size: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut index = vec![0; shape.len()];
    let mut level = 0;
    let mut offset = 0;
    loop {
        // Down to an item, or to an axis without any.
        while level < shape.len() && index[level] < shape[level] {
            if index[level] == 0 {
                out.write_all(b"[")?;
            }
            level += 1;
        }
        if level == shape.len() {
            let item = bytes.get(offset..offset + size).unwrap_or_default();
            number(array.dtype.number(item), out)?;
        } else {
            out.write_all(b"[]")?;
        }
        // Up to the next axis that goes on.
        loop {
            if level == 0 {
                return Ok(());
            }
            level -= 1;
            index[level] += 1;
            offset += strides[level];
            if index[level] < shape[level] {
                out.write_all(b",")?;
                break;
            }
            offset -= strides[level] * index[level];
            index[level] = 0;
            out.write_all(b"]")?;
        }
    }
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
