//! Frequencies of periods.

use pickle_core::Value;
use std::borrow::Cow;

/// The name of a frequency: text, `period[M]`, or an offset of pandas.
pub fn freq_name(freq: Value<'_>) -> Option<Cow<'_, str>> {
    if let Some(text) = freq.as_str() {
        let inner = text.strip_prefix("period[").and_then(|text| text.strip_suffix(']'));
        return Some(inner.unwrap_or(text).into());
    }
    let object = freq.as_object()?;
    let (_, name) = object.instance()?.class.as_global()?;
    let get = |key: &str| freq.get(key).or_else(|| freq.get("kwds")?.get(key));
    let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let days = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    let number = |at: usize, key: &str| {
        object
            .args()
            .nth(at)
            .and_then(|part| part.as_u64())
            .or_else(|| get(key)?.as_u64())
            .map(|number| number as usize)
    };
    Some(match name {
        "MonthEnd" | "MonthBegin" => "M".into(),
        "Day" => "D".into(),
        "BusinessDay" | "BDay" => "B".into(),
        "Hour" => "h".into(),
        "Minute" => "min".into(),
        "Second" => "s".into(),
        "Milli" => "ms".into(),
        "Micro" => "us".into(),
        "Nano" => "ns".into(),
        "YearEnd" => format!("Y-{}", months.get(number(2, "month").unwrap_or(12).checked_sub(1)?)?).into(),
        "QuarterEnd" => format!("Q-{}", months.get(number(2, "startingMonth").unwrap_or(12).checked_sub(1)?)?).into(),
        "Week" => format!("W-{}", days.get(number(2, "weekday").unwrap_or(6))?).into(),
        _ => return None,
    })
}
