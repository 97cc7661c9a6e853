//! Cells of tables.

use crate::error::put;
use crate::hidden::{fits, held, hold, opaque};
use crate::memory::{bytes, pickle_bytes};
use crate::status::pickle_status;
use crate::value::pickle_value;
use core::ffi::c_char;
use core::mem::MaybeUninit;
use pickle_core::view::table::{Cell, Piece, Scalar, Unit};
use pickle_core::{Kind, Value};

/// The unit of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_unit {
    /// Not a time, or one without a unit.
    None = 0,
    /// Years.
    Year = 1,
    /// Months.
    Month = 2,
    /// Weeks.
    Week = 3,
    /// Days.
    Day = 4,
    /// Hours.
    Hour = 5,
    /// Minutes.
    Minute = 6,
    /// Seconds.
    Second = 7,
    /// 10^-3 seconds.
    Milli = 8,
    /// 10^-6 seconds.
    Micro = 9,
    /// 10^-9 seconds.
    Nano = 10,
    /// 10^-12 seconds.
    Pico = 11,
    /// 10^-15 seconds.
    Femto = 12,
    /// 10^-18 seconds.
    Atto = 13,
}

/// What is in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_cell_kind {
    /// Nothing: None, NaT, NA, or masked. (A float that is NaN is a float.)
    Null = 0,
    /// `i64` is 0 or 1.
    Bool = 1,
    /// `i64`.
    Int = 2,
    /// `u64`: above what `i64` holds, or of an unsigned column.
    Uint = 3,
    /// `f64`, of `bits` bits.
    Float = 4,
    /// `f64` and `imaginary`.
    Complex = 5,
    /// UTF-8 in `bytes`.
    Text = 6,
    /// Text as numpy keeps it, in UTF-32 (UTF-16 where the item has two bytes): `bytes` in the order that `big_endian` says,
    /// or `pickle_cell_text`, which makes it UTF-8.
    Wide = 7,
    /// Bytes: `bytes`, or `pickle_cell_text` where that is empty.
    Bytes = 8,
    /// `i64` units since 1970, in UTC where the column has a zone.
    DateTime = 9,
    /// `i64` units.
    TimeDelta = 10,
    /// `i64` is the ordinal of a period of pandas.
    Period = 11,
    /// `i64` days since 1970.
    Date = 12,
    /// `i64` units since midnight.
    Time = 13,
    /// A decimal number: digits of 128 bits, `i64` the more significant half and `u64` the other; `scale` of them are
    /// after the point.
    Decimal = 14,
    /// An object: `value`.
    Value = 15,
    /// An item of an array that has no other kind, such as a record: `bytes`.
    Raw = 16,
    /// An interval: `pickle_column_interval`.
    Interval = 17,
}

/// A cell of a table. Members that its kind does not name are 0.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_cell {
    /// What is in it.
    pub kind: pickle_cell_kind,
    /// The unit of a time.
    pub unit: pickle_unit,
    /// An int, a bool, a time.
    pub i64: i64,
    /// An unsigned int.
    pub u64: u64,
    /// A float; the real part of a complex number.
    pub f64: f64,
    /// The imaginary part.
    pub imaginary: f64,
    /// Text or bytes in the input or the storage.
    pub bytes: pickle_bytes,
    /// The object, where the column has objects.
    pub value: pickle_value,
    /// Bits of a float: 16, 32 or 64; of a complex number 64 or 128.
    pub bits: u8,
    /// Digits of a decimal number after the point; negative for zeros before it.
    pub scale: i8,
    /// Of text in UTF-32: most significant byte first.
    pub big_endian: bool,
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 8],
}

fits!(Piece<'static>, 8);

impl From<Unit> for pickle_unit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Year => pickle_unit::Year,
            Unit::Month => pickle_unit::Month,
            Unit::Week => pickle_unit::Week,
            Unit::Day => pickle_unit::Day,
            Unit::Hour => pickle_unit::Hour,
            Unit::Minute => pickle_unit::Minute,
            Unit::Second => pickle_unit::Second,
            Unit::Milli => pickle_unit::Milli,
            Unit::Micro => pickle_unit::Micro,
            Unit::Nano => pickle_unit::Nano,
            Unit::Pico => pickle_unit::Pico,
            Unit::Femto => pickle_unit::Femto,
            Unit::Atto => pickle_unit::Atto,
            _ => pickle_unit::None,
        }
    }
}

/// An object as the cell that it would be in a column of its own type.
fn plain<'d>(value: Value<'d>) -> Option<Cell<'d>> {
    Some(match value.kind() {
        Kind::None => Cell::Null,
        Kind::Bool => Cell::Bool(value.as_bool()?),
        Kind::Int => match value.as_i64() {
            Some(int) => Cell::Int(int),
            None => Cell::Uint(value.as_u64()?),
        },
        Kind::Float => Cell::Float(value.as_f64()?, 64),
        Kind::Str => Cell::Text(value.as_str()?),
        Kind::Object | Kind::Global => match Scalar::of(value)? {
            Scalar::Missing => Cell::Null,
            Scalar::Timestamp(ticks, unit, _) => Cell::DateTime(ticks, unit),
            Scalar::Timedelta(ticks, unit) => Cell::TimeDelta(ticks, unit),
            Scalar::Period(ordinal, _) => Cell::Period(ordinal),
            _ => return None,
        },
        _ => return None,
    })
}

impl pickle_cell {
    pub(crate) fn empty(kind: pickle_cell_kind) -> Self {
        pickle_cell {
            kind,
            unit: pickle_unit::None,
            i64: 0,
            u64: 0,
            f64: 0.0,
            imaginary: 0.0,
            bytes: [].as_slice().into(),
            value: pickle_value::NONE,
            bits: 0,
            scale: 0,
            big_endian: false,
            opaque: [MaybeUninit::new(0); 8],
        }
    }
}

impl From<Cell<'_>> for pickle_cell {
    fn from(cell: Cell<'_>) -> Self {
        use pickle_cell_kind as Is;
        let (value, cell) = match cell {
            Cell::Value(value) => (value.into(), plain(value).unwrap_or(cell)),
            _ => (pickle_value::NONE, cell),
        };
        let new = |kind| pickle_cell { value, ..pickle_cell::empty(kind) };
        let int = |kind, i64| pickle_cell { i64, ..new(kind) };
        let time = |kind, ticks, unit: Unit| pickle_cell { unit: unit.into(), ..int(kind, ticks) };
        let mut made = match cell {
            Cell::Bool(flag) => int(Is::Bool, i64::from(flag)),
            Cell::Int(number) => int(Is::Int, number),
            Cell::Uint(u64) => pickle_cell { u64, ..new(Is::Uint) },
            Cell::Float(f64, bits) => pickle_cell { f64, bits, ..new(Is::Float) },
            Cell::Complex(f64, imaginary, bits) => pickle_cell { f64, imaginary, bits, ..new(Is::Complex) },
            Cell::Text(text) => pickle_cell { bytes: text.as_bytes().into(), ..new(Is::Text) },
            Cell::Chars(_, big_endian) => pickle_cell { big_endian, ..new(Is::Wide) },
            Cell::Bytes(_) => new(Is::Bytes),
            Cell::Raw(_) => new(Is::Raw),
            Cell::DateTime(ticks, unit) => time(Is::DateTime, ticks, unit),
            Cell::TimeDelta(ticks, unit) => time(Is::TimeDelta, ticks, unit),
            Cell::Period(ordinal) => int(Is::Period, ordinal),
            Cell::Date(days) => int(Is::Date, i64::from(days)),
            Cell::Time(ticks, unit) => time(Is::Time, ticks, unit),
            Cell::Decimal(digits, scale) => {
                pickle_cell { i64: (digits >> 64) as i64, u64: digits as u64, scale, ..new(Is::Decimal) }
            }
            Cell::Value(_) => new(Is::Value),
            Cell::Null => new(Is::Null),
            _ => new(Is::Raw),
        };
        if let Cell::Chars(piece, _) | Cell::Bytes(piece) | Cell::Raw(piece) = cell {
            made.bytes = piece.as_slice().unwrap_or_default().into();
            // SAFETY: the same type but for the lifetime, which C's programmer watches over.
            let piece = unsafe { core::mem::transmute::<Piece<'_>, Piece<'static>>(piece) };
            // SAFETY: eight words are enough.
            unsafe { hold((&raw mut made.opaque).cast(), piece) };
        }
        made
    }
}

/// Copies the text of a cell, as UTF-8 without a NUL, or its bytes, into `buffer`. `size` is the length of all of it;
/// `PICKLE_STATUS_OUT_OF_RANGE` if that is more than `capacity`.
///
/// # Safety
/// Pointers are null or point to what their types say; `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_cell_text(
    cell: *const pickle_cell,
    buffer: *mut c_char,
    capacity: usize,
    size: *mut usize,
) -> pickle_status {
    // SAFETY: as the caller says.
    let Some(found) = (unsafe { cell.as_ref() }) else { return pickle_status::Null };
    let room = if buffer.is_null() { 0 } else { capacity };
    let mut len = 0usize;
    let mut byte = |byte: u8| {
        if len < room {
            // SAFETY: below the capacity.
            unsafe { buffer.add(len).write(byte as c_char) };
        }
        len = len.saturating_add(1);
    };
    // SAFETY: as the caller says.
    match (found.kind, unsafe { held::<Piece<'static>>(opaque!(cell)) }) {
        (pickle_cell_kind::Text, _) => {
            // SAFETY: a cell of text has it in the input or the storage.
            let text = unsafe { bytes(found.bytes.data.cast(), found.bytes.size) };
            text.iter().copied().for_each(&mut byte);
        }
        (pickle_cell_kind::Wide, Ok(piece)) => piece.chars(found.big_endian).for_each(|char| {
            let mut utf8 = [0; 4];
            char.encode_utf8(&mut utf8).bytes().for_each(&mut byte);
        }),
        (pickle_cell_kind::Bytes | pickle_cell_kind::Raw, Ok(piece)) => piece.bytes().for_each(&mut byte),
        _ => return pickle_status::WrongKind,
    }
    // SAFETY: as the caller says.
    match unsafe { put(size, len) } {
        pickle_status::Ok if len > room => pickle_status::OutOfRange,
        status => status,
    }
}
