//! Frequencies of periods.

use crate::Value;
use core::fmt;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// The frequency of periods: displayed as pandas names it, such as `M` or `W-SUN`.
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
        let plain = |name| Some(Frequency { name, anchor: None });
        if let Some(text) = value.as_str() {
            let inner = text.strip_prefix("period[").and_then(|text| text.strip_suffix(']'));
            return plain(inner.unwrap_or(text));
        }
        let object = value.as_object()?;
        let (_, name) = object.instance()?.class.as_global()?;
        let number = |at: usize, key: &str| {
            let named = || value.get(key).or_else(|| value.get("kwds")?.get(key))?.as_u64();
            let number = object.args().nth(at).and_then(|part| part.as_u64()).or_else(named)?;
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
