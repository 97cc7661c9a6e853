//! Spans of time: `datetime.timedelta`.

use super::instance::Changed;
use crate::{GlobalName, Items, Value};
use core::fmt;

/// A span of time, as Python normalises it.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::TimeDelta;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(timedelta(seconds=-1))
/// let pickle = b"\x80\x04\x8c\x08datetime\x8c\ttimedelta\x93J\xff\xff\xff\xffJ\x7fQ\x01\0K\0\x87R.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let span = TimeDelta::of(document.root()).unwrap();
/// assert_eq!((span.days, span.seconds, span.total_microseconds()), (-1, 86_399, -1_000_000));
/// assert_eq!(span.to_string(), "-1 day, 23:59:59");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeDelta {
    /// Days; the only part below zero.
    pub days: i32,
    /// 0 to 86 399.
    pub seconds: u32,
    /// 0 to 999 999.
    pub microseconds: u32,
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
        if object.class()? != GlobalName::new("datetime", "timedelta") || !Changed::of(&object).is_empty() {
            return None;
        }
        TimeDelta::from_args(object.args())
    }

    pub(super) fn from_args(mut args: Items<'_>) -> Option<Self> {
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
