//! Frequencies of periods.

use super::Unit;
use crate::view::{Instance, moments};
use crate::{GlobalName, Value};
use core::fmt::{self, Write};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// The frequency of periods: displayed as pandas names it, such as `M` or `W-SUN`.
///
/// ```
/// use pickle_core::table::Frequency;
///
/// let (quarters, mut text) = (Frequency::named("Q-DEC"), String::new());
/// quarters.period(216, &mut text)?;
/// assert_eq!((quarters.is_known(), text.as_str()), (true, "2024Q1"));
/// # Ok::<_, core::fmt::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Frequency<'d> {
    name: &'d str,
    /// The month or day that it is anchored at.
    anchor: Option<&'static str>,
}

impl<'d> Frequency<'d> {
    /// From text, `period[M]`, or an offset of pandas.
    pub fn of(value: Value<'d>) -> Option<Self> {
        if let Some(text) = value.as_str() {
            let inner = text.strip_prefix("period[").and_then(|text| text.strip_suffix(']'));
            return Some(Frequency::named(inner.unwrap_or(text)));
        }
        Frequency::of_offset(value)
    }

    /// From its name in pandas, such as `M`, `W-SUN` or `2D`.
    pub fn named(name: &'d str) -> Self {
        Frequency { name, anchor: None }
    }

    fn of_offset(value: Value<'d>) -> Option<Self> {
        let Instance { class, args } = value.as_object()?.instance()?;
        let GlobalName { name, .. } = class.as_global()?;
        let number = |at: usize, key: &str| {
            let named = || value.get(key).or_else(|| value.get("kwds")?.get(key))?.as_u64();
            let number = args.into_iter().nth(at).and_then(|part| part.as_u64()).or_else(named)?;
            usize::try_from(number).ok()
        };
        let month = |at, key| MONTHS.get(number(at, key).unwrap_or(12).checked_sub(1)?).copied();
        let (name, anchor) = match name {
            "MonthEnd" | "MonthBegin" => ("M", None),
            "Day" => ("D", None),
            "BusinessDay" | "BDay" => ("B", None),
            "Hour" => ("h", None),
            "Minute" => ("min", None),
            "Second" => ("s", None),
            "Milli" => ("ms", None),
            "Micro" => ("us", None),
            "Nano" => ("ns", None),
            "YearEnd" => ("Y", Some(month(2, "month")?)),
            "QuarterEnd" => ("Q", Some(month(2, "startingMonth")?)),
            "Week" => ("W", Some(*DAYS.get(number(2, "weekday").unwrap_or(6))?)),
            _ => return None,
        };
        Some(Frequency { name, anchor })
    }

    /// The name without a multiple, and the anchor.
    fn parts(&self) -> (&str, Option<&str>) {
        let (name, anchor) = match self.name.bytes().position(|byte| byte == b'-') {
            Some(dash) => (self.name.get(..dash).unwrap_or_default(), self.name.get(dash + 1..)),
            None => (self.name, self.anchor),
        };
        let multiple = name.bytes().take_while(u8::is_ascii_digit).count();
        (name.get(multiple..).unwrap_or_default(), anchor)
    }

    /// Periods of this frequency have a text.
    pub fn is_known(&self) -> bool {
        let (name, anchor) = self.parts();
        match name {
            "W" => anchor.is_none_or(|anchor| DAYS.contains(&anchor)),
            "Y" | "A" | "YE" | "Q" | "QE" | "M" | "ME" | "D" | "B" => true,
            _ => unit_of(name).is_some(),
        }
    }

    /// A period by its ordinal, as pandas prints it: `2024Q1`, `2024-02`, `2024-02-26/2024-03-03`. The ordinal alone where
    /// the frequency [is not known](Frequency::is_known).
    ///
    /// # Errors
    /// What `out` says.
    pub fn period(&self, ordinal: i64, out: &mut dyn Write) -> fmt::Result {
        let (name, anchor) = self.parts();
        match (name, unit_of(name)) {
            (_, Some(unit)) => time(ordinal, unit, out),
            ("Y" | "A" | "YE", _) => write!(out, "{}", ordinal.saturating_add(1970)),
            ("Q" | "QE", _) => {
                write!(out, "{}Q{}", ordinal.div_euclid(4).saturating_add(1970), ordinal.rem_euclid(4) + 1)
            }
            ("M" | "ME", _) => moments::month(ordinal, out),
            ("W", _) => {
                let end = DAYS.iter().position(|day| *day == anchor.unwrap_or("SUN")).unwrap_or(6);
                // Week 1 ends with its anchor on 1 January 1970, a Thursday, or the next day that is one.
                let first = (end as i128 - 3).rem_euclid(7);
                let last = (i128::from(ordinal) - 1) * 7 + first;
                moments::date(last - 6, out)?;
                out.write_char('/')?;
                moments::date(last, out)
            }
            ("D", _) => moments::date(ordinal.into(), out),
            ("B", _) => {
                // Weekdays, five a week; 0 is Thursday, 1 January 1970.
                let from_monday = i128::from(ordinal) + 3;
                moments::date(from_monday.div_euclid(5) * 7 + from_monday.rem_euclid(5) - 3, out)
            }
            _ => write!(out, "{ordinal}"),
        }
    }
}

/// The unit of periods that are shorter than a day.
fn unit_of(name: &str) -> Option<Unit> {
    Some(match name {
        "h" | "H" => Unit::Hour,
        "min" | "T" => Unit::Minute,
        "s" | "S" => Unit::Second,
        "ms" | "L" => Unit::Milli,
        "us" | "U" => Unit::Micro,
        "ns" | "N" => Unit::Nano,
        _ => return None,
    })
}

/// A date and time down to the unit, with all of its digits.
fn time(ordinal: i64, unit: Unit, out: &mut dyn Write) -> fmt::Result {
    let ordinal = i128::from(ordinal);
    let (seconds, nano) = match (unit.seconds(), unit.per_second()) {
        (Some(seconds), _) => (ordinal.saturating_mul(seconds.into()), 0),
        (None, per_second) => {
            let per_second = i128::from(per_second.unwrap_or(1));
            let nano = ordinal.rem_euclid(per_second).saturating_mul(1_000_000_000).checked_div(per_second);
            (ordinal.div_euclid(per_second), nano.unwrap_or(0))
        }
    };
    let second = seconds.rem_euclid(86_400);
    moments::date(seconds.div_euclid(86_400), out)?;
    out.write_char(' ')?;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    match unit {
        Unit::Hour => return write!(out, "{hour:02}:00"),
        Unit::Minute => return write!(out, "{hour:02}:{minute:02}"),
        _ => moments::clock(second, out)?,
    }
    match unit {
        Unit::Milli => write!(out, ".{:03}", nano / 1_000_000),
        Unit::Micro => write!(out, ".{:06}", nano / 1000),
        Unit::Nano => write!(out, ".{nano:09}"),
        _ => Ok(()),
    }
}

impl fmt::Display for Frequency<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.anchor {
            Some(anchor) => write!(f, "-{anchor}"),
            None => Ok(()),
        }
    }
}
