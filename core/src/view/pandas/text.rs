//! Scalars of pandas as text.

use super::Scalar;
use crate::Value;
use crate::view::table::{Frequency, Unit};
use crate::view::{View, Zone, moments};
use core::fmt::{self, Write};

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Scalar::Missing => f.write_str("NaT"),
            Scalar::Timestamp(ticks, unit, zone) => timestamp(ticks, unit, zone, 'T', f),
            Scalar::Timedelta(ticks, unit) => span(ticks, unit, f),
            Scalar::Period(ordinal, frequency) => match Frequency::of(frequency) {
                Some(frequency) if frequency.is_known() => frequency.period(ordinal, f),
                _ => write!(f, "{ordinal}"),
            },
            Scalar::Interval(left, right, closed) => {
                f.write_char(if matches!(closed, "left" | "both") { '[' } else { '(' })?;
                end(left, f)?;
                f.write_str(", ")?;
                end(right, f)?;
                f.write_char(if matches!(closed, "right" | "both") { ']' } else { ')' })
            }
        }
    }
}

/// A time in its zone, where the pickle has the offset of that, else in UTC.
fn timestamp(ticks: i64, unit: Unit, zone: Option<Value<'_>>, between: char, out: &mut dyn Write) -> fmt::Result {
    let zone = zone.map(|zone| match zone.as_str() {
        Some(key) => Zone::Named { key, offset: None, abbreviation: None },
        None => Zone::of(zone),
    });
    let Some(zone) = zone else { return moments::moment(ticks, unit, between, out) };
    let Some(offset) = zone.offset() else {
        moments::moment(ticks, unit, between, out)?;
        return write!(out, "Z{zone}");
    };
    let per_second = i64::try_from(unit.per_second().unwrap_or(1)).unwrap_or(1);
    let seconds = i64::from(offset.days).saturating_mul(86_400).saturating_add(offset.seconds.into());
    moments::moment(ticks.saturating_add(seconds.saturating_mul(per_second)), unit, between, out)?;
    write!(out, "{zone}")
}

/// `-1 days +23:59:55`
fn span(ticks: i64, unit: Unit, out: &mut dyn Write) -> fmt::Result {
    let Some(per_second) = unit.per_second() else { return write!(out, "{ticks} {}", unit.name()) };
    let (ticks, per_second) = (i128::from(ticks), i128::from(per_second));
    let seconds = ticks.div_euclid(per_second);
    let nanos = ticks.rem_euclid(per_second).saturating_mul(1_000_000_000).checked_div(per_second).unwrap_or(0);
    let days = seconds.div_euclid(86_400);
    write!(out, "{days} days {}", if days < 0 { "+" } else { "" })?;
    moments::clock(seconds.rem_euclid(86_400), out)?;
    match nanos {
        0 => Ok(()),
        nanos if nanos % 1000 == 0 => write!(out, ".{:06}", nanos / 1000),
        nanos => write!(out, ".{nanos:09}"),
    }
}

/// An end of an interval.
fn end(value: Value<'_>, out: &mut dyn Write) -> fmt::Result {
    match value.view() {
        View::Int(int) => write!(out, "{int}"),
        View::Float(float) => write!(out, "{float:?}"),
        View::Pandas(Scalar::Timestamp(ticks, unit, zone)) => timestamp(ticks, unit, zone, ' ', out),
        View::Pandas(Scalar::Timedelta(ticks, unit)) => span(ticks, unit, out),
        View::DateTime(date, time, zone) => {
            write!(out, "{date} {time}")?;
            zone.map_or(Ok(()), |zone| write!(out, "{zone}"))
        }
        _ => out.write_str("..."),
    }
}
