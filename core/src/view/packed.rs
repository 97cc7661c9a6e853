//! `array.array`.

use super::known::DType;
use super::octets::Octets;
use super::record::Record;
use crate::{Items, Kind};

/// The numbers of an `array.array`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Packed<'d> {
    /// The type code of the array, and each number a value, as protocols 0 to 2 have them.
    Items(&'d str, Items<'d>),
    /// The type of each, and the bytes of all.
    Bytes(DType<'d>, Octets<'d>),
}

impl<'d> Packed<'d> {
    /// `array.array(code, list)` and `array._array_reconstructor(class, code, format, bytes)`.
    ///
    /// `None` for every other object.
    pub fn of(record: &Record<'d>) -> Option<Self> {
        let mut args = record.args;
        if record.kwargs.is_some() || !matches!(args.len(), 2 | 4) {
            return None;
        }
        match record.name()? {
            ("array", "array") => {
                let (code, list) = (args.next()?, args.next()?);
                if args.len() != 0 || list.kind() != Kind::List {
                    return None;
                }
                let code = code.as_str().or_else(|| Octets::of(code)?.as_ascii())?;
                Some(Packed::Items(code, list.items()?))
            }
            ("array", "_array_reconstructor") => {
                let (_, _, format, bytes) = (args.next()?, args.next()?, args.next()?, args.next()?);
                let (dtype, octets) = (machine_format(format.as_u64()?)?, Octets::of(bytes)?);
                let whole = (octets.len() as u64).checked_rem(dtype.size)? == 0;
                if whole { Some(Packed::Bytes(dtype, octets)) } else { None }
            }
            _ => None,
        }
    }
}

/// The type of items by its number (`enum machine_format_code` in `Modules/arraymodule.c`). UTF-16 is none of one character.
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
        20 | 21 => (b'U', 4),
        _ => return None,
    };
    Some(DType {
        kind,
        size,
        // Of each pair the first is little-endian.
        big_endian: number > 1 && number % 2 == 1,
        fields: None,
        places: None,
        subarray: None,
        aligned: false,
        unit: None,
        objects: false,
    })
}
