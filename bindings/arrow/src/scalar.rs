//! What a value of Python is as a cell.

use crate::zone::{self, Zone};
use arrow_schema::TimeUnit;
use pickle_core::known::Octets;
use pickle_core::table::{self, Cell, Unit};
use pickle_core::view::{Date, Time, View};
use pickle_core::{Kind as Shape, Value};

/// A cell of a column of objects.
#[derive(Clone, Debug)]
pub(crate) enum Scalar<'d> {
    /// None, NaT, NA.
    Missing,
    Bool(bool),
    /// Of at most 64 bits, signed or not.
    Int(i128),
    Float(f64),
    Text(std::borrow::Cow<'d, str>),
    Bytes(Octets<'d>),
    /// Days since 1970.
    Date(i32),
    /// Microseconds of the day.
    Time(i64),
    /// Ticks since 1970, in UTC where there is a zone.
    Timestamp(i64, TimeUnit, Option<Zone>),
    Duration(i64, TimeUnit),
    /// Digits, and how many of them are behind the point: at most 38 of both.
    Decimal(i128, u8),
    /// Lists, dicts, objects, and what no type of Arrow holds.
    Other,
}

/// The unit of Arrow that a unit is.
pub(crate) fn unit_of(unit: Unit) -> Option<TimeUnit> {
    Some(match unit {
        Unit::Second => TimeUnit::Second,
        Unit::Milli => TimeUnit::Millisecond,
        Unit::Micro => TimeUnit::Microsecond,
        Unit::Nano => TimeUnit::Nanosecond,
        _ => return None,
    })
}

fn int(int: i128) -> Scalar<'static> {
    if (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&int) { Scalar::Int(int) } else { Scalar::Other }
}

/// What a value is.
pub(crate) fn of(value: Value<'_>) -> Scalar<'_> {
    match value.kind() {
        Shape::Int => {
            return match value.as_i64() {
                Some(small) => Scalar::Int(small.into()),
                None => value.as_i128().map_or(Scalar::Other, int),
            };
        }
        Shape::Float => return value.as_f64().map_or(Scalar::Other, Scalar::Float),
        Shape::List | Shape::Tuple | Shape::Dict => return Scalar::Other,
        _ => {}
    }
    match value.view() {
        View::None => Scalar::Missing,
        View::Bool(flag) => Scalar::Bool(flag),
        View::Text(text) => Scalar::Text(text.into()),
        View::Bytes(octets) | View::ByteArray(octets) => Scalar::Bytes(octets),
        View::Date(date) => day(date).map_or(Scalar::Other, Scalar::Date),
        View::Time(time, None) => Scalar::Time(micros(time)),
        View::DateTime(date, time, zone) => datetime(date, time, zone).unwrap_or(Scalar::Other),
        View::TimeDelta(delta) => match i64::try_from(delta.total_microseconds()) {
            Ok(micros) => Scalar::Duration(micros, TimeUnit::Microsecond),
            Err(_) => Scalar::Other,
        },
        View::Decimal(text) => match text.trim_start_matches(['+', '-']) {
            "NaN" | "sNaN" => Scalar::Missing,
            _ => decimal(text).map_or(Scalar::Other, |(digits, scale)| Scalar::Decimal(digits, scale)),
        },
        View::Uuid(uuid) => Scalar::Text(uuid.to_string().into()),
        View::Scalar(dtype, octets) => cell(Cell::item(&dtype, octets)),
        _ => match table::Scalar::of(value) {
            Some(table::Scalar::Missing) => Scalar::Missing,
            Some(table::Scalar::Timestamp(ticks, unit, zone)) => {
                let zone = match zone.map(|zone| Zone::of(pickle_core::view::Zone::of(zone))) {
                    Some(None) => return Scalar::Other,
                    zone => zone.flatten(),
                };
                unit_of(unit).map_or(Scalar::Other, |unit| Scalar::Timestamp(ticks, unit, zone))
            }
            Some(table::Scalar::Timedelta(ticks, unit)) => {
                unit_of(unit).map_or(Scalar::Other, |unit| Scalar::Duration(ticks, unit))
            }
            _ => Scalar::Other,
        },
    }
}

/// What a cell of an array is.
pub(crate) fn cell(cell: Cell<'_>) -> Scalar<'_> {
    match cell {
        Cell::Null => Scalar::Missing,
        Cell::Bool(flag) => Scalar::Bool(flag),
        Cell::Int(int) => Scalar::Int(int.into()),
        Cell::Uint(int) => Scalar::Int(int.into()),
        Cell::Float(float, _) => Scalar::Float(float),
        Cell::Text(text) => Scalar::Text(text.into()),
        Cell::Chars(piece, big) => Scalar::Text(piece.chars(big).collect::<String>().into()),
        Cell::Bytes(piece) => match piece.as_slice() {
            Some(bytes) => Scalar::Bytes(Octets::raw(bytes)),
            None => Scalar::Other,
        },
        Cell::DateTime(ticks, Unit::Day) => i32::try_from(ticks).map_or(Scalar::Other, Scalar::Date),
        Cell::DateTime(ticks, unit) => unit_of(unit).map_or(Scalar::Other, |unit| Scalar::Timestamp(ticks, unit, None)),
        Cell::TimeDelta(ticks, unit) => unit_of(unit).map_or(Scalar::Other, |unit| Scalar::Duration(ticks, unit)),
        Cell::Date(day) => Scalar::Date(day),
        Cell::Decimal(digits, scale) => match u8::try_from(scale) {
            Ok(scale) => Scalar::Decimal(digits, scale),
            Err(_) => Scalar::Other,
        },
        Cell::Value(value) => of(value),
        _ => Scalar::Other,
    }
}

fn date(date: Date) -> Option<chrono::NaiveDate> {
    chrono::NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
}

fn day(it: Date) -> Option<i32> {
    let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1)?;
    i32::try_from(date(it)?.signed_duration_since(epoch).num_days()).ok()
}

fn micros(time: Time) -> i64 {
    let seconds = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second);
    seconds * 1_000_000 + i64::from(time.microsecond)
}

fn datetime<'d>(it: Date, time: Time, zone: Option<pickle_core::view::Zone<'d>>) -> Option<Scalar<'d>> {
    let local = i64::from(day(it)?) * 86_400_000_000 + micros(time);
    let Some(zone) = zone else { return Some(Scalar::Timestamp(local, TimeUnit::Microsecond, None)) };
    let naive = date(it)?.and_hms_opt(time.hour.into(), time.minute.into(), time.second.into())?;
    let offset = zone::offset(zone, naive, time.fold)?;
    Some(Scalar::Timestamp(local - offset * 1_000_000, TimeUnit::Microsecond, Some(Zone::of(zone)?)))
}

/// Digits and scale of a decimal number: at most 38 digits, none of them lost.
fn decimal(text: &str) -> Option<(i128, u8)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let (digits, scale) = if scale < 0 {
        (digits.checked_mul(10i128.checked_pow(scale.unsigned_abs())?)?, 0)
    } else {
        (digits, u8::try_from(scale).ok()?)
    };
    let fits = scale <= 38 && digits.unsigned_abs() < 10u128.pow(38);
    if fits { Some((digits, scale)) } else { None }
}

/// Ticks of one unit as ticks of another; `None` where the other is too coarse for them, or they are too many.
pub(crate) fn ticks(ticks: i64, from: TimeUnit, to: TimeUnit) -> Option<i64> {
    let (from, to) = (per_second(from), per_second(to));
    if to >= from {
        return ticks.checked_mul(to.checked_div(from)?);
    }
    let factor = from.checked_div(to)?;
    if ticks.checked_rem(factor)? == 0 { ticks.checked_div(factor) } else { None }
}

/// Ticks of a unit in a second.
pub(crate) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}
