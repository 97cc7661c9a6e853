//! Dates, times and spans as pandas writes them.

use chrono::{Offset, TimeZone};
use pickle_core::Value;
use pickle_core::table::Unit;
use pickle_core::view::Zone as ZoneView;
use std::fmt::Write;

/// A zone whose offsets are known.
#[derive(Clone, Copy, Debug)]
pub enum Zone {
    /// Seconds east of Greenwich.
    Fixed(i32),
    /// Of the time zone database.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// The zone that a value is; the text is what is not known.
    pub fn of(value: Value<'_>) -> Result<Zone, String> {
        match ZoneView::of(value) {
            ZoneView::Named { key, .. } => key.parse().map(Zone::Named).map_err(|_| key.to_owned()),
            zone @ ZoneView::Fixed(..) => {
                let micros = zone.offset().map_or(0, |offset| offset.total_microseconds());
                Ok(Zone::Fixed((micros / 1_000_000) as i32))
            }
            _ => Err(value.as_str().unwrap_or("a zone of a class that is not known").to_owned()),
        }
    }

    /// Seconds east of Greenwich at a time, in seconds since 1970.
    pub fn offset(self, seconds: i64) -> i32 {
        match self {
            Zone::Fixed(offset) => offset,
            Zone::Named(zone) => match chrono::DateTime::from_timestamp(seconds, 0) {
                Some(time) => zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc(),
                None => 0,
            },
        }
    }
}

/// Year, month and day of a day since 1970, in the Gregorian calendar.
pub fn civil(day: i128) -> (i128, u32, u32) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i128::from(month <= 2), month as u32, day as u32)
}

/// The day since 1970 of the first of a month; months may be more than twelve.
pub fn first_of_month(year: i128, month0: i128) -> i128 {
    let (year, month) = (year + month0.div_euclid(12), month0.rem_euclid(12) + 1);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A time as days since 1970, seconds of the day, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// Days since 1970.
    pub day: i128,
    /// 0 to 86,399.
    pub second: i64,
    /// 0 to 999,999,999.
    pub nano: i64,
}

impl Instant {
    /// From ticks since 1970.
    pub fn of(ticks: i64, unit: Unit) -> Instant {
        let (seconds, nano) = match (unit, unit.seconds(), unit.per_second()) {
            (_, Some(each), None) | (Unit::Second, Some(each), _) => (i128::from(ticks) * i128::from(each), 0),
            (_, _, Some(per)) => {
                let rest = ticks.rem_euclid(per as i64);
                let nano = i128::from(rest) * 1_000_000_000 / i128::from(per);
                (i128::from(ticks.div_euclid(per as i64)), nano as i64)
            }
            (Unit::Year, ..) => (first_of_month(i128::from(ticks) + 1970, 0) * 86_400, 0),
            (Unit::Month, ..) => (first_of_month(1970, ticks.into()) * 86_400, 0),
            _ => (0, 0),
        };
        let day = seconds.div_euclid(86_400);
        Instant { day, second: seconds.rem_euclid(86_400) as i64, nano }
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        let seconds = self.day * 86_400 + i128::from(self.second);
        seconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    fn shifted(self, seconds: i64) -> Instant {
        let second = self.second + seconds;
        Instant { day: self.day + i128::from(second.div_euclid(86_400)), second: second.rem_euclid(86_400), ..self }
    }
}

/// `2024-02-29`
pub fn date(day: i128, out: &mut String) {
    let (year, month, day) = civil(day);
    // Writing to a String does not fail.
    let _ = if (0..1000).contains(&year) {
        write!(out, "{year:04}-{month:02}-{day:02}")
    } else {
        write!(out, "{year}-{month:02}-{day:02}")
    };
}

fn clock(it: Instant, out: &mut String) {
    let _ = write!(out, "{:02}:{:02}:{:02}", it.second / 3600, it.second / 60 % 60, it.second % 60);
}

/// How all times of a column are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Only days: there is no time in any.
    pub dates_only: bool,
    /// Digits behind the point of a second: 0, 3, 6 or 9; 10 is as many as each needs.
    pub digits: usize,
}

impl Style {
    /// What a chunk of times needs.
    pub fn of(times: impl Iterator<Item = Instant>) -> Style {
        let mut style = Style { dates_only: true, digits: 0 };
        for time in times {
            style.dates_only &= time.second == 0 && time.nano == 0;
            let digits = match time.nano {
                0 => 0,
                nano if nano % 1_000_000 == 0 => 3,
                nano if nano % 1000 == 0 => 6,
                _ => 9,
            };
            style.digits = style.digits.max(digits);
        }
        style
    }
}

/// A time without a zone, as `to_csv` writes it.
pub fn naive(it: Instant, style: Style, out: &mut String) {
    date(it.day, out);
    if style.dates_only {
        return;
    }
    out.push(' ');
    clock(it, out);
    let _ = match style.digits {
        3 => write!(out, ".{:03}", it.nano / 1_000_000),
        6 => write!(out, ".{:06}", it.nano / 1000),
        9 => write!(out, ".{:09}", it.nano),
        _ => Ok(()),
    };
}

/// `str()` of a `Timestamp`.
pub fn timestamp(it: Instant, zone: Option<Zone>, separator: char, out: &mut String) {
    zoned(it, zone, separator, 10, out);
}

/// The same with so many digits behind the point, see [`Style::digits`].
pub fn zoned(it: Instant, zone: Option<Zone>, separator: char, digits: usize, out: &mut String) {
    let offset = zone.map(|zone| zone.offset(it.seconds()));
    let local = it.shifted(offset.unwrap_or(0).into());
    date(local.day, out);
    out.push(separator);
    clock(local, out);
    let _ = match (digits, local.nano) {
        (0, _) | (10, 0) => Ok(()),
        (3, nano) => write!(out, ".{:03}", nano / 1_000_000),
        (6, nano) => write!(out, ".{:06}", nano / 1000),
        (10, nano) if nano % 1000 == 0 => write!(out, ".{:06}", nano / 1000),
        (_, nano) => write!(out, ".{nano:09}"),
    };
    if let Some(offset) = offset {
        let (sign, offset) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
        let _ = write!(out, "{sign}{:02}:{:02}", offset / 3600, offset / 60 % 60);
        if offset % 60 != 0 {
            let _ = write!(out, ":{:02}", offset % 60);
        }
    }
}

/// As `to_json(date_format="iso")`: at least thousandths, and as many digits more as there are; UTC where there is a zone.
pub fn iso(it: Instant, zoned: bool, out: &mut String) {
    date(it.day, out);
    out.push('T');
    clock(it, out);
    let _ = match it.nano {
        nano if nano % 1_000_000 == 0 => write!(out, ".{:03}", nano / 1_000_000),
        nano if nano % 1000 == 0 => write!(out, ".{:06}", nano / 1000),
        nano => write!(out, ".{nano:09}"),
    };
    if zoned {
        out.push('Z');
    }
}

/// A span as `to_csv` of pandas 3 writes it: only days where no span of the column has more, else all with as many digits
/// as the one that needs most.
pub fn span(ticks: i64, unit: Unit, style: Style, out: &mut String) {
    let it = Instant::of(ticks, unit);
    let _ = write!(out, "{} days", it.day);
    if style.dates_only {
        return;
    }
    out.push_str(if it.day < 0 { " +" } else { " " });
    clock(it, out);
    let _ = match style.digits {
        0 => Ok(()),
        10 if it.nano == 0 => Ok(()),
        digits if digits <= 6 || digits > 9 && it.nano % 1000 == 0 => write!(out, ".{:06}", it.nano / 1000),
        _ => write!(out, ".{:09}", it.nano),
    };
}

/// A span as `to_json` writes it: `P1DT2H3M4.5S`. Of spans below zero the days alone are.
pub fn iso_span(ticks: i64, unit: Unit, out: &mut String) {
    let it = Instant::of(ticks, unit);
    let _ = write!(out, "P{}DT{}H{}M{}", it.day, it.second / 3600, it.second / 60 % 60, it.second % 60);
    if it.nano != 0 {
        let fraction = format!("{:09}", it.nano);
        let _ = write!(out, ".{}", fraction.trim_end_matches('0'));
    }
    out.push('S');
}
