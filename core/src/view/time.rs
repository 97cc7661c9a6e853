//! The datetime family: packed fields of 4, 6 and 10 bytes (`Lib/_pydatetime.py`, `_getstate`), or ints.

use super::instance::Changed;
use super::octets::Octets;
use super::zones::Zone;
use super::{View, ended};
use crate::{Items, Value};
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

/// The rows of the module `datetime`.
pub(super) fn view<'d>(name: &str, args: Items<'d>) -> Option<View<'d>> {
    let mut rest = args;
    let first = rest.next();
    let as_int = first.and_then(|first| first.as_i64());
    match (name, as_int) {
        ("date", None) => ended(rest, View::Date(Date::unpack(first?)?)),
        ("date", Some(_)) => {
            let mut rest = args;
            let date = Date::from_ints(&mut rest)?;
            ended(rest, View::Date(date))
        }
        ("time", None) => {
            // `time()` is midnight.
            let time = first.map_or(Some(Time::MIDNIGHT), Time::unpack)?;
            let zone = rest.next().map(Zone::of);
            ended(rest, View::Time(time, zone))
        }
        ("time", Some(_)) => {
            let (time, zone) = Time::from_ints(args)?;
            Some(View::Time(time, zone))
        }
        ("datetime", None) => {
            let (date, time) = unpack_datetime(first?)?;
            let zone = rest.next().map(Zone::of);
            ended(rest, View::DateTime(date, time, zone))
        }
        ("datetime", Some(_)) => {
            let mut rest = args;
            let date = Date::from_ints(&mut rest)?;
            let (time, zone) = Time::from_ints(rest)?;
            Some(View::DateTime(date, time, zone))
        }
        ("timedelta", _) => Some(View::TimeDelta(TimeDelta::from_args(args)?)),
        ("timezone", _) => {
            let offset = TimeDelta::of(first?)?;
            let name = match rest.next() {
                Some(name) => Some(name.as_str()?),
                None => None,
            };
            ended(rest, View::Zone(Zone::Fixed(offset, name)))
        }
        _ => None,
    }
}

impl Date {
    /// The next three ints.
    fn from_ints(args: &mut Items<'_>) -> Option<Self> {
        let mut next = || args.next()?.as_i64();
        let (year, month, day) = (next()?, next()?, next()?);
        Date::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

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
    const MIDNIGHT: Time = Time { hour: 0, minute: 0, second: 0, microsecond: 0, fold: false };

    /// Up to four ints and a time zone.
    fn from_ints<'d>(mut args: Items<'d>) -> Option<(Self, Option<Zone<'d>>)> {
        let mut next = |end: i64| match args.next() {
            Some(part) => part.as_i64().filter(|part| (0..end).contains(part)),
            None => Some(0),
        };
        let (hour, minute, second) = (next(24)? as u8, next(60)? as u8, next(60)? as u8);
        let microsecond = next(1_000_000)? as u32;
        let zone = args.next().filter(|zone| !zone.is_none()).map(Zone::of);
        if args.len() != 0 {
            return None;
        }
        Some((Time { hour, minute, second, microsecond, fold: false }, zone))
    }

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

    /// The timedelta that a value is.
    pub fn of(value: Value<'_>) -> Option<Self> {
        let object = value.as_object()?;
        if object.class()? != ("datetime", "timedelta") || !Changed::of(&object).is_empty() {
            return None;
        }
        TimeDelta::from_args(object.args())
    }

    fn from_args(mut args: Items<'_>) -> Option<Self> {
        let mut part = || args.next().map_or(Some(0), |part| part.as_i64());
        let delta = TimeDelta::new(part()?, part()?, part()?)?;
        if args.len() == 0 { Some(delta) } else { None }
    }

    /// No time at all.
    pub fn is_zero(&self) -> bool {
        self.days == 0 && self.seconds == 0 && self.microseconds == 0
    }

    /// The same backwards, of less than a day.
    pub(super) fn negated(&self) -> Self {
        let micros = i64::from(self.seconds) * 1_000_000 + i64::from(self.microseconds);
        let left = i64::from(self.days).saturating_mul(-86_400_000_000).saturating_sub(micros);
        TimeDelta::new(0, 0, left).unwrap_or(*self)
    }

    /// Whole seconds.
    pub(super) fn from_seconds(seconds: i64) -> Option<Self> {
        TimeDelta::new(0, seconds, 0)
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
