//! `str()` of numbers, times and spans of pandas.

use chrono::{Offset as _, TimeZone};
use pickle_core::Value;
use pickle_core::table::Unit;
use pickle_core::view::Zone;
use std::fmt::Write;

/// The offsets of a zone.
#[derive(Clone, Copy)]
pub(crate) enum Offset {
    /// Seconds east of Greenwich.
    Fixed(i32),
    /// Of the time zone database.
    Named(chrono_tz::Tz),
}

impl Offset {
    /// Of the zone that a value is, if it is known.
    pub(crate) fn of(zone: Value<'_>) -> Option<Offset> {
        match Zone::of(zone) {
            Zone::Named { key, .. } => key.parse().ok().map(Offset::Named),
            Zone::Fixed(offset, _) => i32::try_from(offset.total_microseconds() / 1_000_000).ok().map(Offset::Fixed),
            _ => None,
        }
    }
}

/// `repr()` of a float.
pub(crate) fn real(float: f64) -> String {
    if float.is_nan() {
        return "nan".into();
    }
    let text = format!("{float:?}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{}e{sign}{exponent:0>2}", digits.strip_suffix(".0").unwrap_or(digits))
        }
        None => text,
    }
}

/// Whole seconds, and the nanoseconds behind them.
fn seconds(ticks: i64, unit: Unit) -> Option<(i64, i64)> {
    match (unit.per_second(), unit.seconds()) {
        (Some(per), _) => {
            let per = i64::try_from(per).ok()?;
            let nanos = i128::from(ticks.rem_euclid(per)) * 1_000_000_000 / i128::from(per);
            Some((ticks.div_euclid(per), nanos as i64))
        }
        (None, seconds) => Some((ticks.checked_mul(i64::try_from(seconds?).ok()?)?, 0)),
    }
}

fn fraction(nanos: i64, out: &mut String) {
    // Writing to a String does not fail.
    let _ = match nanos {
        0 => Ok(()),
        nanos if nanos % 1000 == 0 => write!(out, ".{:06}", nanos / 1000),
        nanos => write!(out, ".{nanos:09}"),
    };
}

/// `str()` of a `Timestamp`.
pub(crate) fn timestamp(ticks: i64, unit: Unit, zone: Option<Offset>, out: &mut String) {
    let utc = seconds(ticks, unit)
        .and_then(|(seconds, nanos)| Some((chrono::DateTime::from_timestamp(seconds, 0)?.naive_utc(), nanos)));
    let _ = match utc {
        Some((utc, nanos)) => {
            let offset = zone.map(|zone| match zone {
                Offset::Fixed(seconds) => seconds,
                Offset::Named(zone) => zone.offset_from_utc_datetime(&utc).fix().local_minus_utc(),
            });
            let shift = chrono::TimeDelta::seconds(offset.unwrap_or(0).into());
            let local = utc.checked_add_signed(shift).unwrap_or(utc);
            let _ = write!(out, "{}", local.format("%Y-%m-%d %H:%M:%S"));
            fraction(nanos, out);
            match offset {
                Some(offset) => {
                    let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.abs());
                    let _ = write!(out, "{sign}{:02}:{:02}", offset / 3600, offset / 60 % 60);
                    if offset % 60 == 0 { Ok(()) } else { write!(out, ":{:02}", offset % 60) }
                }
                None => Ok(()),
            }
        }
        None => write!(out, "{ticks}"),
    };
}

/// `str()` of a `Timedelta`.
pub(crate) fn span(ticks: i64, unit: Unit, out: &mut String) {
    let _ = match seconds(ticks, unit) {
        Some((seconds, nanos)) => {
            let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
            let sign = if days < 0 { "+" } else { "" };
            let clock = (second / 3600, second / 60 % 60, second % 60);
            let _ = write!(out, "{days} days {sign}{:02}:{:02}:{:02}", clock.0, clock.1, clock.2);
            fraction(nanos, out);
            Ok(())
        }
        None => write!(out, "{ticks}"),
    };
}
