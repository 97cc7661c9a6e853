//! Texts into the objects that they stand for: dates, times, spans and zones in ISO 8601, UUIDs.

use super::super::error::{Result, SerdeError};
use super::super::shown;
use super::{Out, Role, done, unsupported};
use crate::view::{Date, Time, Uuid};
use embedded_io::Write;

/// What a text stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Date,
    Time,
    DateTime,
    TimeDelta,
    TimeZone,
    ZoneInfo,
    Uuid,
}

impl Told {
    pub fn of(module: &str, name: &str) -> Result<Self> {
        Ok(match (module, name) {
            ("datetime", "date") => Told::Date,
            ("datetime", "time") => Told::Time,
            ("datetime", "datetime") => Told::DateTime,
            ("datetime", "timedelta") => Told::TimeDelta,
            ("datetime", "timezone") => Told::TimeZone,
            ("zoneinfo" | "backports.zoneinfo", "ZoneInfo") => Told::ZoneInfo,
            ("uuid", "UUID") => Told::Uuid,
            _ => return Err(unsupported("no object of this class is written from a text")),
        })
    }

    fn name(self) -> &'static str {
        match self {
            Told::Date => "date",
            Told::Time => "time",
            Told::DateTime => "date and time",
            Told::TimeDelta => "timedelta",
            Told::TimeZone => "offset from UTC",
            Told::ZoneInfo => "key of a time zone",
            Told::Uuid => "UUID",
        }
    }
}

/// A zone as a text says it.
#[derive(Clone, Copy)]
enum Zone<'t> {
    /// Microseconds from UTC.
    Fixed(i64),
    /// A key of the time zone database.
    Named(&'t str),
}

impl<W: Write> Out<'_, W> {
    /// Writes what a text stands for.
    #[cold]
    #[inline(never)]
    pub(super) fn told(&mut self, told: Told, text: &str) -> Result<()> {
        self.role = Role::Value;
        let mut rest = Rest(text);
        let wrong = || SerdeError::value(format_args!("the text is not a {} that Python has", told.name()));
        match told {
            Told::Date => {
                let date = rest.date().ok_or_else(wrong)?;
                let [high, low] = date.year.to_be_bytes();
                rest.end().ok_or_else(wrong)?;
                done(self.pickler.begin_call("datetime", "date", Some(1)))?;
                done(self.pickler.bytes(&[high, low, date.month, date.day]))?;
            }
            Told::Time | Told::DateTime => {
                let date = match told {
                    Told::DateTime => {
                        Some(rest.date().and_then(|date| rest.any(&['T', 't', ' ']).map(|_| date)).ok_or_else(wrong)?)
                    }
                    _ => None,
                };
                let time = rest.time().ok_or_else(wrong)?;
                let zone = rest.zone().ok_or_else(wrong)?;
                let args = 1 + usize::from(zone.is_some());
                let [_, a, b, c] = time.microsecond.to_be_bytes();
                let clock = [time.hour, time.minute, time.second, a, b, c];
                match date {
                    Some(date) => {
                        let [high, low] = date.year.to_be_bytes();
                        let [hour, minute, second, a, b, c] = clock;
                        done(self.pickler.begin_call("datetime", "datetime", Some(args)))?;
                        let state = [high, low, date.month, date.day, hour, minute, second, a, b, c];
                        done(self.pickler.bytes(&state))?;
                    }
                    None => {
                        done(self.pickler.begin_call("datetime", "time", Some(args)))?;
                        done(self.pickler.bytes(&clock))?;
                    }
                }
                if let Some(zone) = zone {
                    self.zone(zone)?;
                }
            }
            Told::TimeDelta => {
                let (days, micros) = rest.span().ok_or_else(wrong)?;
                return self.span(days, micros);
            }
            Told::TimeZone | Told::ZoneInfo => {
                let zone = match told {
                    Told::ZoneInfo if !text.is_empty() => Zone::Named(text),
                    Told::ZoneInfo => return Err(wrong()),
                    _ => rest.zone().flatten().ok_or_else(wrong)?,
                };
                return self.zone(zone);
            }
            Told::Uuid => {
                let mut bits = 0u128;
                let mut digits = 0;
                for digit in text.chars().filter(|c| *c != '-') {
                    let digit = digit.to_digit(16).ok_or_else(wrong)?;
                    bits = bits << 4 | u128::from(digit);
                    digits += 1;
                }
                if digits != 32 {
                    return Err(wrong());
                }
                return self.told_uuid(bits.to_be_bytes());
            }
        }
        done(self.pickler.end())
    }

    /// Writes a UUID.
    #[cold]
    pub(super) fn told_uuid(&mut self, bytes: [u8; 16]) -> Result<()> {
        self.role = Role::Value;
        let text = shown::whole(format_args!("{}", Uuid(u128::from_be_bytes(bytes))))?;
        done(self.pickler.begin_call("uuid", "UUID", Some(1)))?;
        done(self.pickler.str(text.as_str()))?;
        done(self.pickler.end())
    }

    fn zone(&mut self, zone: Zone<'_>) -> Result<()> {
        match zone {
            Zone::Named(key) => {
                done(self.pickler.begin_call("zoneinfo", "ZoneInfo", Some(1)))?;
                done(self.pickler.str(key))?;
            }
            Zone::Fixed(micros) => {
                done(self.pickler.begin_call("datetime", "timezone", Some(1)))?;
                self.span(0, micros)?;
            }
        }
        done(self.pickler.end())
    }

    /// A `timedelta` as Python keeps it: days, seconds and microseconds, of which only the days are negative.
    fn span(&mut self, days: i64, micros: i64) -> Result<()> {
        const DAY: i64 = 86_400_000_000;
        let days = days.saturating_add(micros.div_euclid(DAY));
        let micros = micros.rem_euclid(DAY);
        if !(-999_999_999..=999_999_999).contains(&days) {
            return Err(SerdeError::value(format_args!("Python has no timedelta of so many days")));
        }
        done(self.pickler.begin_call("datetime", "timedelta", Some(3)))?;
        done(self.pickler.int(days))?;
        done(self.pickler.int(micros / 1_000_000))?;
        done(self.pickler.int(micros % 1_000_000))?;
        done(self.pickler.end())
    }
}

/// What is left of a text.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn end(&self) -> Option<()> {
        if self.0.is_empty() { Some(()) } else { None }
    }

    fn any(&mut self, of: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|c| of.contains(c))?;
        self.0 = self.0.get(first.len_utf8()..)?;
        Some(first)
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (number, rest) = self.0.split_at_checked(count)?;
        if !number.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        number.parse().ok()
    }

    /// As many digits as there are.
    fn number(&mut self) -> Option<u32> {
        let len = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 || len > 9 { None } else { self.digits(len) }
    }

    fn date(&mut self) -> Option<Date> {
        let year = self.digits(4)?;
        self.any(&['-'])?;
        let month = self.digits(2)?;
        self.any(&['-'])?;
        let day = self.digits(2)?;
        Date::new(year as u16, month as u8, day as u8)
    }

    /// Millionths behind a point; what is finer must be zero.
    fn micros(&mut self) -> Option<u32> {
        if self.any(&['.', ',']).is_none() {
            return Some(0);
        }
        let len = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        let mut micros = 0;
        for (at, digit) in digits.bytes().enumerate() {
            match (at, digit) {
                (0..6, digit) => micros = micros * 10 + u32::from(digit - b'0'),
                (_, b'0') => {}
                _ => return None,
            }
        }
        (len..6).for_each(|_| micros *= 10);
        if len == 0 { None } else { Some(micros) }
    }

    fn time(&mut self) -> Option<Time> {
        let hour = self.digits(2)?;
        self.any(&[':'])?;
        let minute = self.digits(2)?;
        let (second, micros) = match self.any(&[':']) {
            Some(_) => (self.digits(2)?, self.micros()?),
            None => (0, 0),
        };
        let [_, a, b, c] = micros.to_be_bytes();
        Time::new([hour as u8, minute as u8, second as u8, a, b, c], false)
    }

    /// The zone, up to the end; `None` inside where there is none.
    fn zone(&mut self) -> Option<Option<Zone<'t>>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let fixed = match self.any(&['Z', 'z', '+', '-']) {
            None => None,
            Some('Z' | 'z') => Some(0),
            Some(sign) => {
                let hours = self.digits(2)?;
                self.any(&[':']);
                let minutes = self.digits(2)?;
                let (seconds, micros) = match self.any(&[':']) {
                    Some(_) => (self.digits(2)?, self.micros()?),
                    None => (0, 0),
                };
                if hours > 23 || minutes > 59 || seconds > 59 {
                    return None;
                }
                let micros = i64::from(hours * 3600 + minutes * 60 + seconds) * 1_000_000 + i64::from(micros);
                Some(if sign == '-' { -micros } else { micros })
            }
        };
        // RFC 9557: the key of the zone in brackets.
        if self.any(&['[']).is_some() {
            let key = self.0.strip_suffix(']').filter(|key| !key.is_empty() && !key.contains(['[', ']', '=']))?;
            self.0 = "";
            return Some(Some(Zone::Named(key)));
        }
        self.end()?;
        fixed.map(|micros| Some(Zone::Fixed(micros)))
    }

    /// Days, and microseconds beside them: `-1 day, 23:59:59.000001`, `1:02:03`.
    fn span(&mut self) -> Option<(i64, i64)> {
        let negative = self.any(&['-']).is_some();
        let mut first = self.number()?;
        let mut days = 0;
        match self.0.strip_prefix(" days, ").or_else(|| self.0.strip_prefix(" day, ")) {
            Some(rest) => {
                self.0 = rest;
                days = if negative { -i64::from(first) } else { i64::from(first) };
                first = self.number()?;
            }
            None if negative => return None,
            None => {}
        }
        self.any(&[':'])?;
        let minutes = self.digits(2)?;
        self.any(&[':'])?;
        let (seconds, micros) = (self.digits(2)?, self.micros()?);
        self.end()?;
        let seconds = i64::from(first) * 3600 + i64::from(minutes * 60 + seconds);
        Some((days, seconds * 1_000_000 + i64::from(micros)))
    }
}
