//! The datetime family: packed fields of 4, 6 and 10 bytes (`Lib/_pydatetime.py`, `_getstate`).

use super::octets::Octets;
use crate::Value;
use core::fmt;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999 999.
    pub microsecond: u32,
    /// The second of two equal times, when clocks are set back.
    pub fold: bool,
}

/// A span of time, as Python normalises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeDelta {
    /// Days; the only part below zero.
    pub days: i32,
    /// 0 to 86 399.
    pub seconds: u32,
    /// 0 to 999 999.
    pub microseconds: u32,
}

impl Date {
    pub(super) fn unpack(state: Value<'_>) -> Option<Self> {
        let [high, low, month, day] = Octets::of_state(state)?.to_array()?;
        Date::new(u16::from_be_bytes([high, low]), month, day)
    }

    fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let valid = (1..=9999).contains(&year) && (1..=days).contains(&day);
        if valid { Some(Date { year, month, day }) } else { None }
    }
}

impl Time {
    pub(super) fn unpack(state: Value<'_>) -> Option<Self> {
        // The fold is the top bit of the first field that has room for it.
        let [hour, minute, second, a, b, c] = Octets::of_state(state)?.to_array()?;
        Time::new([hour & 0x7f, minute, second, a, b, c], hour & 0x80 != 0)
    }

    fn new([hour, minute, second, a, b, c]: [u8; 6], fold: bool) -> Option<Self> {
        let microsecond = u32::from_be_bytes([0, a, b, c]);
        let valid = hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000;
        if valid { Some(Time { hour, minute, second, microsecond, fold }) } else { None }
    }
}

/// The date and time of a `datetime.datetime`.
pub(super) fn unpack_datetime(state: Value<'_>) -> Option<(Date, Time)> {
    let [high, low, month, day, time @ ..] = Octets::of_state(state)?.to_array::<10>()?;
    let date = Date::new(u16::from_be_bytes([high, low]), month & 0x7f, day)?;
    Some((date, Time::new(time, month & 0x80 != 0)?))
}

impl TimeDelta {
    /// From days, seconds and microseconds of any size and sign.
    pub(super) fn new(days: i64, seconds: i64, microseconds: i64) -> Option<Self> {
        // In 64 bits: what overflows is out of range anyway, and division of 128 bits brings code that panics.
        let seconds = seconds.checked_add(microseconds.div_euclid(1_000_000))?;
        let days = days.checked_add(seconds.div_euclid(86_400))?;
        if !(-999_999_999..=999_999_999).contains(&days) {
            return None;
        }
        Some(TimeDelta {
            days: days as i32,
            seconds: seconds.rem_euclid(86_400) as u32,
            microseconds: microseconds.rem_euclid(1_000_000) as u32,
        })
    }

    /// Microseconds in all.
    pub fn total_microseconds(&self) -> i128 {
        (i128::from(self.days) * 86_400 + i128::from(self.seconds)) * 1_000_000 + i128::from(self.microseconds)
    }
}

/// ISO 8601: `2024-02-29`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// ISO 8601: `13:05:00`, with microseconds where there are any.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.microsecond != 0 { write!(f, ".{:06}", self.microsecond) } else { Ok(()) }
    }
}

/// As `str()` of it in Python: `-1 day, 23:59:59.000001`.
impl fmt::Display for TimeDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.days {
            0 => {}
            1 | -1 => write!(f, "{} day, ", self.days)?,
            _ => write!(f, "{} days, ", self.days)?,
        }
        let (minutes, seconds) = (self.seconds / 60, self.seconds % 60);
        write!(f, "{}:{:02}:{:02}", minutes / 60, minutes % 60, seconds)?;
        if self.microseconds != 0 { write!(f, ".{:06}", self.microseconds) } else { Ok(()) }
    }
}
