//! `.npy` files (`numpy.lib.format`): a header in Python's notation, then items, or a pickle of the whole array where they
//! are objects.

use super::copied::Trouble;
use super::found::{Data, Found, Source, Type};
use crate::Failure;
use crate::print::pyrepr::{QuotesSeen, push_code};
use pickle_core::known::{DType, Subarray, Tick};
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{StdSink, Value, WriteError};
use std::io::Write;

/// Bytes that header and data are aligned to.
const ALIGN: usize = 64;

/// Room for the length of the axis along which a file may grow.
const GROWTH: usize = 21;

/// Levels of fields in fields.
const LEVELS: usize = 16;

/// The protocol that NumPy pickles objects with.
const PROTOCOL: u8 = 4;

/// The header of an array.
///
/// # Errors
/// What the array is that has none.
pub(super) fn header(found: &Found<'_>) -> Result<Vec<u8>, String> {
    let descr = match &found.dtype {
        // What NumPy has no text for it pickles, and says so.
        Type::Array(DType { kind: b'T', .. }) => "'|O'".to_owned(),
        Type::Array(dtype) => descr(dtype, LEVELS)?,
        Type::Tensor(number) => match number.dtype() {
            Some(dtype) => descr(&dtype, LEVELS)?,
            None => return Err(format!("of {}, which NumPy has not", number.torch)),
        },
        Type::Unknown(name) => return Err(format!("of {}, which NumPy has not", crate::messages::printable(name))),
    };
    let shape = &found.layout.shape;
    // What lies densely in both orders counts as C.
    let fortran = found.fortran && shape.iter().filter(|axis| **axis != 1).count() > 1 && !shape.contains(&0);
    let axes: String = shape.iter().map(|axis| format!("{axis}, ")).collect();
    let axes = if shape.len() == 1 { axes.trim_end() } else { axes.trim_end_matches(", ") };
    let order = if fortran { "True" } else { "False" };
    let mut text = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': ({axes}), }}");
    let grows = if fortran { shape.last() } else { shape.first() };
    if let Some(axis) = grows {
        text.extend(std::iter::repeat_n(' ', GROWTH.saturating_sub(axis.to_string().len())));
    }
    wrap(&text).ok_or_else(|| "of a type whose description is too long".into())
}

/// The magic number, the version and the length before the text, blanks and the end of the line behind it.
fn wrap(text: &str) -> Option<Vec<u8>> {
    // In version 3 texts are UTF-8, before that Latin-1.
    let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let utf8 = latin1.is_none();
    let bytes = latin1.unwrap_or_else(|| text.as_bytes().to_vec());
    let padded = |before: usize| {
        let end = before + bytes.len() + 1;
        bytes.len() + 1 + (ALIGN - end % ALIGN)
    };
    let mut header = b"\x93NUMPY".to_vec();
    let len = match u16::try_from(padded(10)) {
        Ok(len) if !utf8 => {
            header.extend([1, 0]);
            header.extend(len.to_le_bytes());
            usize::from(len)
        }
        _ => {
            let len = u32::try_from(padded(12)).ok()?;
            header.extend([if utf8 { 3 } else { 2 }, 0]);
            header.extend(len.to_le_bytes());
            len as usize
        }
    };
    header.extend(&bytes);
    header.extend(std::iter::repeat_n(b' ', len - 1 - bytes.len()));
    header.push(b'\n');
    Some(header)
}

/// A type as `numpy.dtype.descr` has it.
fn descr(dtype: &DType<'_>, levels: usize) -> Result<String, String> {
    let Some(below) = levels.checked_sub(1) else { return Err("of a type with too many levels".into()) };
    if dtype.fields.is_none() {
        return code(dtype).map(|code| format!("'{code}'"));
    }
    let mut parts = Vec::new();
    let mut end = 0;
    let gap = |bytes: u64| format!("('', '|V{bytes}')");
    for nth in 0..dtype.field_count() {
        let field = dtype.field(nth).ok_or("of a type whose fields are not where it says")?;
        match field.offset.checked_sub(end) {
            Some(0) => {}
            Some(bytes) => parts.push(gap(bytes)),
            None => return Err("of a type whose fields overlap or are out of order, which .npy cannot say".into()),
        }
        let name = quoted(field.name);
        let name = field.title.map_or(name.clone(), |title| format!("({}, {name})", quoted(title)));
        parts.push(match field.dtype.subarray {
            Some(Subarray { dtype, shape, .. }) => {
                let inner = DType::of(dtype).ok_or("of a type with an array in it that is not known")?;
                format!("({name}, {}, {})", descr(&inner, below)?, axes(shape)?)
            }
            None => format!("({name}, {})", descr(&field.dtype, below)?),
        });
        end = field.offset + field.dtype.size;
    }
    match dtype.size.checked_sub(end) {
        Some(0) => {}
        Some(bytes) => parts.push(gap(bytes)),
        None => return Err("of a type whose fields are not where it says".into()),
    }
    Ok(format!("[{}]", parts.join(", ")))
}

/// The shape of an array inside an item.
fn axes(shape: Value<'_>) -> Result<String, String> {
    let axes = match shape.items() {
        Some(axes) => axes.map(|axis| axis.as_u64()).collect::<Option<Vec<_>>>(),
        None => shape.as_u64().map(|axis| vec![axis]),
    };
    let axes: Vec<String> =
        axes.ok_or("of a type with a shape that makes no sense")?.iter().map(u64::to_string).collect();
    Ok(if let [axis] = axes.as_slice() { format!("({axis},)") } else { format!("({})", axes.join(", ")) })
}

/// A type without fields as NumPy has it: `<f8`, `|S3`, `<M8[ns]`.
fn code(dtype: &DType<'_>) -> Result<String, String> {
    let order = match (dtype.kind, dtype.size) {
        (b'b' | b'S' | b'a' | b'V' | b'O', _) | (b'i' | b'u', 1) => '|',
        _ if dtype.big_endian => '>',
        _ => '<',
    };
    let unit = match dtype.unit {
        Some(Tick { unit, count: 1, .. }) if is_unit(unit) => format!("[{unit}]"),
        Some(Tick { unit, count, .. }) if is_unit(unit) => format!("[{count}{unit}]"),
        Some(Tick { unit, .. }) if unit != "generic" => return Err(format!("of {dtype}, which .npy cannot hold")),
        _ => String::new(),
    };
    Ok(match dtype.kind {
        b'O' => "|O".to_owned(),
        b'U' => format!("{order}U{}{unit}", dtype.size / 4),
        b'a' => format!("|S{}", dtype.size),
        kind @ (b'b' | b'i' | b'u' | b'f' | b'c' | b'S' | b'V' | b'M' | b'm') => {
            format!("{order}{}{}{unit}", char::from(kind), dtype.size)
        }
        _ => return Err(format!("of {dtype}, which .npy cannot hold")),
    })
}

/// A text in Python's notation.
fn quoted(text: &str) -> String {
    let mut seen = QuotesSeen::default();
    seen.see_bytes(text.as_bytes());
    let quote = seen.choice();
    let mut out = vec![quote];
    text.chars().for_each(|c| push_code(&mut out, u32::from(c), quote, false));
    out.push(quote);
    String::from_utf8_lossy(&out).into_owned()
}

/// The units of time that NumPy has.
fn is_unit(unit: &str) -> bool {
    matches!(unit, "Y" | "M" | "W" | "D" | "h" | "m" | "s" | "ms" | "us" | "ns" | "ps" | "fs" | "as")
}

/// Writes the items behind the header.
pub(super) fn items(found: &Found<'_>, from: u8, source: &mut Source<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let Data::Objects(value) = found.data else {
        // Tensors are little-endian in the header, arrays as they are.
        let turned = if let Type::Tensor(number) = &found.dtype { number.part } else { 0 };
        return found.write(source, true, turned, out);
    };
    let mut writer = Writer::new();
    let document = value.document();
    let profile = Profile::new(Version::Py313, PROTOCOL);
    match writer.write(&document, from, profile, false, StdSink::new(out)) {
        Ok(mut sink) => embedded_io::Write::flush(&mut sink).map_err(Trouble::Write),
        Err(WriteError::Io { error, .. }) => Err(Trouble::Write(error)),
        Err(WriteError::Pickle(error)) => Err(Trouble::Other(Failure::Refused {
            name: source.name.to_owned(),
            text: format!("the objects of an array cannot be pickled in protocol {PROTOCOL}: {error}"),
        })),
    }
}
