//! What one cell is, once it is known whether it is more than an object.

use super::kind::{Kind, zone_name, zone_of};
use pickle_core::table::{Cell, Scalar, Unit};
use pickle_core::view::{Date, Octets, Time, View};
use pickle_core::{Kind as Shape, Value};
use std::borrow::Cow;

/// A cell of a column.
pub(super) enum Atom<'d> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Complex(f64, f64),
    /// Text of the pickle, which others may share.
    Text(&'d str),
    /// Text made up.
    Made(String),
    Bytes(Cow<'d, [u8]>),
    /// Ticks since 1970, in UTC where there is a zone.
    DateTime(i64, Unit, Option<String>),
    TimeDelta(i64, Unit),
    /// Days since 1970.
    Date(i64),
    /// Ticks since midnight.
    Time(i64, Unit),
    Decimal(Cow<'d, str>),
    Value(Value<'d>),
}

/// Ints beyond this have neighbours that floats of 64 bits have not.
const EXACT: i128 = 1 << 53;

impl<'d> Atom<'d> {
    /// What an object is.
    pub(super) fn of(value: Value<'d>) -> Self {
        match value.kind() {
            Shape::Int => return value.as_i128().map_or(Atom::Value(value), Atom::Int),
            Shape::Float => return value.as_f64().map_or(Atom::Value(value), Atom::Float),
            Shape::List | Shape::Tuple | Shape::Dict => return Atom::Value(value),
            _ => {}
        }
        match value.view() {
            View::None | View::Pandas(Scalar::Missing) => Atom::Null,
            View::Bool(flag) => Atom::Bool(flag),
            View::Text(text) => Atom::Text(text),
            View::Bytes(octets) | View::ByteArray(octets) => Atom::Bytes(bytes(octets)),
            View::Complex(re, im) => Atom::Complex(re, im),
            View::Date(date) => Atom::Date(days(date)),
            View::Time(time, None) => Atom::Time(micros(time), Unit::Micro),
            View::DateTime(date, time, None) => Atom::DateTime(local(date, time), Unit::Micro, None),
            View::DateTime(date, time, Some(zone)) => match (zone.offset(), zone_name(zone)) {
                (Some(offset), Some(name)) => {
                    let offset = i64::from(offset.days) * 86_400_000_000
                        + i64::from(offset.seconds) * 1_000_000
                        + i64::from(offset.microseconds);
                    Atom::DateTime(local(date, time) - offset, Unit::Micro, Some(name))
                }
                // When that was, only the time zone database knows.
                _ => Atom::Value(value),
            },
            View::TimeDelta(span) => match i64::try_from(span.total_microseconds()) {
                Ok(micros) => Atom::TimeDelta(micros, Unit::Micro),
                Err(_) => Atom::Value(value),
            },
            View::Decimal(text) => match text.trim_start_matches(['+', '-']).bytes().next() {
                Some(b'0'..=b'9' | b'.') => Atom::Decimal(text.into()),
                Some(b'N' | b's') => Atom::Null,
                _ => Atom::Value(value),
            },
            View::Scalar(dtype, octets) => match Atom::cell(Cell::item(&dtype, octets)) {
                Some(Atom::Bytes(_)) if !matches!(dtype.kind, b'S' | b'a') => Atom::Value(value),
                atom => atom.unwrap_or(Atom::Value(value)),
            },
            View::Pandas(Scalar::Timestamp(ticks, unit, zone)) => match zone.map(|zone| zone_name(zone_of(zone))) {
                Some(None) => Atom::Value(value),
                zone => Atom::DateTime(ticks, unit, zone.flatten()),
            },
            View::Pandas(Scalar::Timedelta(ticks, unit)) => Atom::TimeDelta(ticks, unit),
            _ => Atom::Value(value),
        }
    }

    /// The same for a column that takes objects as they are, where `raw` says so.
    pub(super) fn as_told(value: Value<'d>, raw: bool) -> Self {
        match Atom::of(value) {
            Atom::Null => Atom::Null,
            _ if raw => Atom::Value(value),
            atom => atom,
        }
    }

    /// What a cell is; `None` for what no cell of its column should be.
    pub(super) fn cell(cell: Cell<'d>) -> Option<Self> {
        Some(match cell {
            Cell::Null => Atom::Null,
            Cell::Bool(flag) => Atom::Bool(flag),
            Cell::Int(int) | Cell::Period(int) => Atom::Int(int.into()),
            Cell::Uint(int) => Atom::Int(int.into()),
            Cell::Float(float, _) => Atom::Float(float),
            Cell::Complex(re, im, _) => Atom::Complex(re, im),
            Cell::Text(text) => Atom::Text(text),
            Cell::Chars(piece, big_endian) => Atom::Made(piece.chars(big_endian).collect()),
            Cell::Bytes(piece) | Cell::Raw(piece) => Atom::Bytes(match piece.as_slice() {
                Some(bytes) => bytes.into(),
                None => piece.bytes().collect::<Vec<u8>>().into(),
            }),
            Cell::DateTime(ticks, unit) => Atom::DateTime(ticks, unit, None),
            Cell::TimeDelta(ticks, unit) => Atom::TimeDelta(ticks, unit),
            Cell::Date(days) => Atom::Date(days.into()),
            Cell::Time(ticks, unit) => Atom::Time(ticks, unit),
            Cell::Decimal(digits, scale) => Atom::Decimal(format!("{digits}E{}", -i32::from(scale)).into()),
            Cell::Value(value) => Atom::of(value),
            _ => return None,
        })
    }

    /// The kind of a column of such cells.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Atom::Null => Kind::Null,
            Atom::Bool(_) => Kind::Bool,
            Atom::Int(int) => match (i64::try_from(*int), u64::try_from(*int)) {
                (Ok(_), _) if int.abs() <= EXACT => Kind::Int,
                (Ok(_), _) => Kind::Large,
                (_, Ok(_)) => Kind::Uint,
                _ => Kind::Value,
            },
            Atom::Float(float) if float.is_nan() => Kind::Nan,
            Atom::Float(_) => Kind::Float,
            Atom::Complex(..) => Kind::Complex,
            Atom::Text(_) | Atom::Made(_) => Kind::Text,
            Atom::Bytes(_) => Kind::Bytes,
            Atom::DateTime(_, unit, zone) => Kind::DateTime(*unit, zone.clone()),
            Atom::TimeDelta(_, unit) => Kind::TimeDelta(*unit),
            Atom::Date(_) => Kind::Date,
            Atom::Time(_, unit) => Kind::Time(*unit),
            Atom::Decimal(_) => Kind::Decimal,
            Atom::Value(_) => Kind::Value,
        }
    }
}

fn bytes(octets: Octets<'_>) -> Cow<'_, [u8]> {
    match octets.as_slice() {
        Some(bytes) => bytes.into(),
        None => octets.collect::<Vec<u8>>().into(),
    }
}

/// Days since 1970; years begin in March, so that the leap day is the last.
fn days(Date { year, month, day }: Date) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year * 365 + year / 4 - year / 100 + of_year - 719_468
}

fn micros(time: Time) -> i64 {
    let seconds = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second);
    seconds * 1_000_000 + i64::from(time.microsecond)
}

fn local(date: Date, time: Time) -> i64 {
    days(date) * 86_400_000_000 + micros(time)
}
