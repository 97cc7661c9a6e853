//! Dates and times that are counted from 1970, as text.

use super::table::Unit;
use core::fmt::{self, Write};

/// A date and time in ISO 8601, as precise as its unit: `2024`, `2024-02`, `2024-02-29`, `2024-02-29T13:05:07.000001`. `between`
/// stands between date and time.
pub(crate) fn moment(ticks: i64, unit: Unit, between: char, out: &mut dyn Write) -> fmt::Result {
    let (days, rest) = match (unit, unit.per_second(), unit.seconds()) {
        (Unit::Year, ..) => return write!(out, "{}", Year(i128::from(ticks) + 1970)),
        (Unit::Month, ..) => return month(ticks, out),
        (_, Some(ticks_per_second), _) => {
            let in_second = i128::from(ticks_per_second);
            let seconds = i128::from(ticks).div_euclid(in_second);
            let fraction = i128::from(ticks).rem_euclid(in_second);
            (seconds.div_euclid(86_400), Some((seconds.rem_euclid(86_400), fraction, in_second)))
        }
        (_, _, Some(seconds)) => {
            let seconds = i128::from(ticks).saturating_mul(i128::from(seconds));
            let day = matches!(unit, Unit::Day | Unit::Week);
            (seconds.div_euclid(86_400), if day { None } else { Some((seconds.rem_euclid(86_400), 0, 1)) })
        }
        _ => return write!(out, "{ticks}"),
    };
    date(days, out)?;
    let Some((second, fraction, in_second)) = rest else { return Ok(()) };
    out.write_char(between)?;
    clock(second, out)?;
    if fraction != 0 {
        out.write_char('.')?;
        let (mut left, mut place) = (fraction, in_second);
        // Digits in threes, the last ones no zeros.
        while left != 0 {
            place /= 1000;
            write!(out, "{:03}", left.checked_div(place).unwrap_or(0))?;
            left = left.checked_rem(place).unwrap_or(0);
        }
    }
    Ok(())
}

impl Unit {
    /// A time of so many ticks since 1970 as NumPy writes it, as exact as the unit: `2024`, `2024-02`, `2024-02-29T13`,
    /// `2024-02-29T13:05:07.000`. Every year is its own, also those that no calendar has.
    pub fn datetime(self, ticks: i64) -> impl fmt::Display {
        OfNumpy { ticks, unit: self, is_span: false }
    }

    /// A span of so many ticks as NumPy writes it: `5 seconds`.
    pub fn timedelta(self, ticks: i64) -> impl fmt::Display {
        OfNumpy { ticks, unit: self, is_span: true }
    }

    fn plural(self) -> &'static str {
        match self {
            Unit::Year => "years",
            Unit::Month => "months",
            Unit::Week => "weeks",
            Unit::Day => "days",
            Unit::Hour => "hours",
            Unit::Minute => "minutes",
            Unit::Second => "seconds",
            Unit::Milli => "milliseconds",
            Unit::Micro => "microseconds",
            Unit::Nano => "nanoseconds",
            Unit::Pico => "picoseconds",
            Unit::Femto => "femtoseconds",
            Unit::Atto => "attoseconds",
        }
    }
}

/// A date and time or a span of NumPy, as its `str` has it. Its `Display` is that text.
struct OfNumpy {
    ticks: i64,
    unit: Unit,
    is_span: bool,
}

impl fmt::Display for OfNumpy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OfNumpy { ticks, unit, is_span } = *self;
        if is_span {
            return write!(f, "{ticks} {}", unit.plural());
        }
        let ticks = i128::from(ticks);
        let (seconds, fraction) = match (unit, unit.per_second(), unit.seconds()) {
            (Unit::Year, ..) => return write!(f, "{:04}", ticks + 1970),
            (Unit::Month, ..) => {
                return write!(f, "{:04}-{:02}", ticks.div_euclid(12) + 1970, ticks.rem_euclid(12) + 1);
            }
            (_, Some(per), _) => (ticks.div_euclid(per.into()), ticks.rem_euclid(per.into())),
            (_, _, seconds) => (ticks.saturating_mul(seconds.unwrap_or(1).into()), 0),
        };
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        let second = seconds.rem_euclid(86_400);
        match unit {
            Unit::Day | Unit::Week => return Ok(()),
            Unit::Hour => return write!(f, "T{:02}", second / 3600),
            Unit::Minute => return write!(f, "T{:02}:{:02}", second / 3600, second / 60 % 60),
            _ => f.write_char('T')?,
        }
        clock(second, f)?;
        match unit {
            Unit::Milli => write!(f, ".{fraction:03}"),
            Unit::Micro => write!(f, ".{fraction:06}"),
            Unit::Nano => write!(f, ".{fraction:09}"),
            Unit::Pico => write!(f, ".{fraction:012}"),
            Unit::Femto => write!(f, ".{fraction:015}"),
            Unit::Atto => write!(f, ".{fraction:018}"),
            _ => Ok(()),
        }
    }
}

/// `2024-02`, from the months since January 1970.
pub(crate) fn month(months: i64, out: &mut dyn Write) -> fmt::Result {
    let year = Year(i128::from(months.div_euclid(12)) + 1970);
    write!(out, "{year}-{:02}", months.rem_euclid(12) + 1)
}

/// `2024-02-29`, from the days since 1970.
pub(crate) fn date(days: i128, out: &mut dyn Write) -> fmt::Result {
    let (year, month, day) = civil(days);
    write!(out, "{}-{month:02}-{day:02}", Year(year))
}

/// `13:05:07`, from the seconds since midnight.
pub(crate) fn clock(second: i128, out: &mut dyn Write) -> fmt::Result {
    let (minute, second) = (second / 60, second % 60);
    write!(out, "{:02}:{:02}:{second:02}", minute / 60, minute % 60)
}

/// Year, month and day of a day since 1970, in the Gregorian calendar before it began, too. The year that begins in March
/// makes the leap day the last.
fn civil(days: i128) -> (i128, i128, i128) {
    // From March of the year 0 on, in eras of 400 years.
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era.saturating_mul(400) + year + i128::from(month <= 2);
    (year, month, day)
}

/// A year with at least four digits.
struct Year(i128);

impl fmt::Display for Year {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 { write!(f, "-{:04}", self.0.unsigned_abs()) } else { write!(f, "{:04}", self.0) }
    }
}
