//! The header of a `.npy` file (`numpy.lib.format`, version 1.0).

use pickle_core::known::Array;

/// Bytes that header and data are aligned to.
const ALIGN: usize = 64;

/// The header for an array; else what the array is that has none.
pub(super) fn header(array: &Array<'_>) -> Result<Vec<u8>, String> {
    let dtype = &array.dtype;
    if dtype.fields.is_some() {
        return Err(format!("an array of records ({dtype}), which is not written as .npy yet"));
    }
    let order = match (dtype.kind, dtype.size) {
        (b'b' | b'S' | b'a' | b'V', _) | (_, 1) => '|',
        _ if dtype.big_endian => '>',
        _ => '<',
    };
    let size = if dtype.kind == b'U' { dtype.size / 4 } else { dtype.size };
    let unit = match dtype.unit {
        Some((unit, 1)) if is_unit(unit) => format!("[{unit}]"),
        Some((unit, count)) if is_unit(unit) => format!("[{count}{unit}]"),
        _ => String::new(),
    };
    let kind = match dtype.kind {
        b'a' => 'S',
        kind @ (b'b' | b'i' | b'u' | b'f' | b'c' | b'S' | b'U' | b'V' | b'M' | b'm') => char::from(kind),
        _ => return Err(format!("an array of {dtype}, which .npy cannot hold")),
    };
    let axes: Option<Vec<u64>> = array.shape.items().into_iter().flatten().map(|axis| axis.as_u64()).collect();
    let axes = axes.ok_or("an array without a sensible shape")?;
    let shape: String = axes.iter().map(|axis| format!("{axis}, ")).collect();
    let shape = if axes.len() == 1 { shape.trim_end() } else { shape.trim_end_matches(", ") };
    let fortran = if array.fortran { "True" } else { "False" };
    let mut text =
        format!("{{'descr': '{order}{kind}{size}{unit}', 'fortran_order': {fortran}, 'shape': ({shape}), }}");
    let end = (10 + text.len() + 1).next_multiple_of(ALIGN);
    text.extend(std::iter::repeat_n(' ', end - 10 - text.len() - 1));
    text.push('\n');
    let len = u16::try_from(text.len()).map_err(|_| "an array of too many axes")?;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(len.to_le_bytes());
    header.extend(text.as_bytes());
    Ok(header)
}

/// The units of time that numpy has.
fn is_unit(unit: &str) -> bool {
    matches!(unit, "Y" | "M" | "W" | "D" | "h" | "m" | "s" | "ms" | "us" | "ns" | "ps" | "fs" | "as")
}
