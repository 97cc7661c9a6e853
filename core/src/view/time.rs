//! The datetime family: packed fields of 4, 6 and 10 bytes (`Lib/_pydatetime.py`, `_getstate`), or ints.

use super::octets::Octets;
use super::span::TimeDelta;
use super::zones::Zone;
use super::{View, ended};
use crate::{Items, Value};
use core::fmt;

/// A day of the Gregorian calendar.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{Date, Time, View};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(datetime(2024, 2, 29, 12, 5))
/// let pickle = b"\x80\x04\x8c\x08datetime\x8c\x08datetime\x93C\n\x07\xe8\x02\x1d\x0c\x05\0\0\0\0\x85R.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let View::DateTime(date, time, None) = document.root().view() else { panic!("it is a datetime") };
/// assert_eq!(date, Date { year: 2024, month: 2, day: 29 });
/// assert_eq!(time, Time { hour: 12, minute: 5, second: 0, microsecond: 0, fold: false });
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
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
///
/// See the example of [`Date`].
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

    pub(crate) fn new(year: u16, month: u8, day: u8) -> Option<Self> {
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

    pub(crate) fn new([hour, minute, second, a, b, c]: [u8; 6], fold: bool) -> Option<Self> {
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
