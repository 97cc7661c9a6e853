//! One cell of a table.

use crate::known::Tick;
use crate::machine::node::tag;
use crate::view::known::{DType, Number, Octets};
use crate::{Node, Value};

/// Some of the bytes of an array: those of one item.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'d> {
    octets: Octets<'d>,
    len: usize,
}

impl<'d> Piece<'d> {
    pub(super) fn new(octets: Octets<'d>, len: usize) -> Self {
        Piece { octets, len }
    }

    /// The bytes in one piece, where the pickle has them so.
    pub fn as_slice(&self) -> Option<&'d [u8]> {
        self.octets.as_slice()?.get(..self.len)
    }

    /// The bytes one by one.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + use<'d> {
        self.octets.take(self.len)
    }

    /// The bytes without zeros at the end: NumPy fills `S` items with them.
    pub fn trimmed(&self) -> Self {
        let len = self.bytes().zip(1..).filter(|(byte, _)| *byte != 0).last().map_or(0, |(_, len)| len);
        Piece { len, ..*self }
    }

    /// The bytes as text, where they are ASCII and nothing else follows them.
    pub(super) fn ascii(&self) -> Option<&'d str> {
        self.octets.as_ascii()?.get(..self.len)
    }

    /// The characters of a NumPy `U` item, without zeros at the end; or the one of an item of two bytes, which is UTF-16
    /// (`array.array` of Windows). What is no Unicode scalar value (a lone surrogate) is U+FFFD.
    pub fn chars(&self, big_endian: bool) -> impl Iterator<Item = char> + use<'d> {
        let code = move |bytes: [u8; 4]| if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        let units = |piece: &Self| {
            let mut bytes = piece.octets.take(piece.len);
            let half = piece.len == 2;
            core::iter::from_fn(move || {
                Some(match half {
                    true if big_endian => code([0, 0, bytes.next()?, bytes.next()?]),
                    true => code([bytes.next()?, bytes.next()?, 0, 0]),
                    false => code([bytes.next()?, bytes.next()?, bytes.next()?, bytes.next()?]),
                })
            })
        };
        let len = units(self).zip(1..).filter(|(unit, _)| *unit != 0).last().map_or(0, |(_, len)| len);
        units(self).take(len).map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

/// Unit of a date, time or span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Unit {
    /// Years from 1970.
    Year,
    /// Months from January 1970.
    Month,
    /// Weeks.
    Week,
    /// Days.
    Day,
    /// Hours.
    Hour,
    /// Minutes.
    Minute,
    /// Seconds.
    Second,
    /// Thousandths.
    Milli,
    /// Millionths.
    Micro,
    /// Thousand-millionths.
    Nano,
    /// 10^-12 seconds.
    Pico,
    /// 10^-15 seconds.
    Femto,
    /// 10^-18 seconds.
    Atto,
}

impl Unit {
    /// By the name that NumPy and pandas give it.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Y" => Unit::Year,
            "M" => Unit::Month,
            "W" => Unit::Week,
            "D" => Unit::Day,
            "h" => Unit::Hour,
            "m" => Unit::Minute,
            "s" => Unit::Second,
            "ms" => Unit::Milli,
            "us" => Unit::Micro,
            "ns" => Unit::Nano,
            "ps" => Unit::Pico,
            "fs" => Unit::Femto,
            "as" => Unit::Atto,
            _ => return None,
        })
    }

    /// As NumPy names it.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Year => "Y",
            Unit::Month => "M",
            Unit::Week => "W",
            Unit::Day => "D",
            Unit::Hour => "h",
            Unit::Minute => "m",
            Unit::Second => "s",
            Unit::Milli => "ms",
            Unit::Micro => "us",
            Unit::Nano => "ns",
            Unit::Pico => "ps",
            Unit::Femto => "fs",
            Unit::Atto => "as",
        }
    }

    /// Of these in a second, for seconds and what is shorter.
    pub fn per_second(self) -> Option<u64> {
        Some(match self {
            Unit::Second => 1,
            Unit::Milli => 1_000,
            Unit::Micro => 1_000_000,
            Unit::Nano => 1_000_000_000,
            Unit::Pico => 1_000_000_000_000,
            Unit::Femto => 1_000_000_000_000_000,
            Unit::Atto => 1_000_000_000_000_000_000,
            _ => return None,
        })
    }

    /// Seconds in one, for what is longer and always equally long.
    pub fn seconds(self) -> Option<u64> {
        Some(match self {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3600,
            Unit::Day => 86_400,
            Unit::Week => 604_800,
            _ => return None,
        })
    }
}

/// What is in one cell.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Cell<'d> {
    /// Nothing: masked, null, NaT, a category of code -1. A float that is NaN stays a float, an object None a value.
    Null,
    /// True or False.
    Bool(bool),
    /// A signed int.
    Int(i64),
    /// An unsigned int.
    Uint(u64),
    /// A float of 16, 32 or 64 bits, and which of them.
    Float(f64, u8),
    /// Real and imaginary part, and the bits of both together (64 or 128).
    Complex(f64, f64, u8),
    /// Text in UTF-8.
    Text(&'d str),
    /// Text in UTF-32, and whether its most significant byte comes first: see [`Piece::chars`].
    Chars(Piece<'d>, bool),
    /// Bytes.
    Bytes(Piece<'d>),
    /// Ticks since 1970, in UTC where the column has a zone.
    DateTime(i64, Unit),
    /// A span of time.
    TimeDelta(i64, Unit),
    /// A pandas period: its ordinal, whose meaning is in the frequency of the column.
    Period(i64),
    /// Days since 1970.
    Date(i32),
    /// Ticks since midnight.
    Time(i64, Unit),
    /// A decimal number: the digits, and how many of them are behind the point.
    Decimal(i128, i8),
    /// An object.
    Value(Value<'d>),
    /// Bytes of a type that has no cells: void, a record, a long double.
    Raw(Piece<'d>),
}

impl<'d> Cell<'d> {
    /// An item of an array by its bytes: the first of `octets`, as many as the dtype has.
    pub fn item(dtype: &DType<'d>, octets: Octets<'d>) -> Self {
        let size = usize::try_from(dtype.size).unwrap_or(0);
        let piece = Piece::new(octets, size);
        match dtype.kind {
            b'S' | b'a' => return Cell::Bytes(piece.trimmed()),
            b'U' => return Cell::Chars(piece, dtype.big_endian),
            b'V' | b'O' => return Cell::Raw(piece),
            _ => {}
        }
        let mut wide = [0; 16];
        let number = match (octets.as_slice().and_then(|bytes| bytes.get(..size)), wide.get_mut(..size)) {
            (Some(bytes), _) => dtype.number(bytes),
            (None, Some(slots)) => {
                let mut bytes = octets;
                slots.iter_mut().for_each(|slot| *slot = bytes.next().unwrap_or(0));
                dtype.number(slots)
            }
            (None, None) => None,
        };
        match number {
            None => Cell::Raw(piece),
            Some(Number::Bool(flag)) => Cell::Bool(flag),
            Some(Number::Int(int)) => match dtype.kind {
                b'M' | b'm' => Cell::ticks(dtype, int),
                _ => Cell::Int(int),
            },
            Some(Number::Uint(int)) => Cell::Uint(int),
            Some(Number::Float(float)) => Cell::Float(float, size.saturating_mul(8) as u8),
            Some(Number::Complex(re, im)) => Cell::Complex(re, im, size.saturating_mul(8) as u8),
        }
    }

    /// The same as a node of a document, where one has room for it: numbers of 64 bits, bools, null.
    pub(crate) fn node(&self) -> Option<Node> {
        Some(match self {
            Cell::Null => Node::atom(tag::NONE),
            Cell::Bool(flag) => Node::atom(if *flag { tag::TRUE } else { tag::FALSE }),
            Cell::Int(int) => Node::int(*int),
            Cell::Uint(int) => Node::int(i64::try_from(*int).ok()?),
            Cell::Float(float, _) => Node::float(float.to_bits()),
            Cell::Value(value) => value.node(),
            _ => return None,
        })
    }

    fn ticks(dtype: &DType<'d>, ticks: i64) -> Self {
        if ticks == i64::MIN {
            return Cell::Null;
        }
        let Some(Tick { unit, count }) = dtype.unit else { return Cell::Int(ticks) };
        match (Unit::of(unit), ticks.checked_mul(count)) {
            (Some(unit), Some(ticks)) if dtype.kind == b'M' => Cell::DateTime(ticks, unit),
            (Some(unit), Some(ticks)) => Cell::TimeDelta(ticks, unit),
            _ => Cell::Int(ticks),
        }
    }

    /// Both are the same label: text, bytes or ints that are equal, however they are spelled.
    pub fn is_same_label(&self, other: &Cell<'_>) -> bool {
        if let (Some(a), Some(b)) = (self.as_int(), other.as_int()) {
            return a == b;
        }
        match (self, other) {
            (Cell::Chars(a, big), Cell::Chars(b, other_big)) => a.chars(*big).eq(b.chars(*other_big)),
            (Cell::Chars(a, big), b) | (b, Cell::Chars(a, big)) => {
                b.as_text().is_some_and(|b| a.chars(*big).eq(b.chars()))
            }
            (Cell::Float(a, _), Cell::Float(b, _)) => a.to_bits() == b.to_bits(),
            (Cell::DateTime(a, unit), Cell::DateTime(b, other)) => a == b && unit == other,
            (Cell::Value(a), Cell::Value(b)) if a.as_str().is_none() => match (a.items(), b.items()) {
                // Labels of several levels are tuples of plain labels.
                (Some(a), Some(b)) => {
                    a.len() == b.len() && a.zip(b).all(|(a, b)| Cell::Value(a).is_plain_label(&Cell::Value(b)))
                }
                _ => self.is_plain_label(other),
            },
            _ => self.is_plain_label(other),
        }
    }

    fn is_plain_label(&self, other: &Cell<'_>) -> bool {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) => return a == b,
            (None, None) => {}
            _ => return false,
        }
        match (self, other) {
            (Cell::Null, Cell::Null) => true,
            (Cell::Value(a), Cell::Value(b)) if a.is_none() && b.is_none() => true,
            (Cell::Value(a), Cell::Value(b)) if a.id().is_some() => a.id() == b.id(),
            _ => match (self.as_text(), other.as_text()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }

    /// The text, where UTF-8 has it in one piece.
    pub fn as_text(&self) -> Option<&'d str> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Value(value) => value.as_str(),
            _ => None,
        }
    }

    /// The int.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Cell::Int(int) => Some(i128::from(*int)),
            Cell::Uint(int) => Some(i128::from(*int)),
            Cell::Value(value) => value.as_i128(),
            _ => None,
        }
    }
}
