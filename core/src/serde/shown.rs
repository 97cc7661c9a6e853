//! Texts of what the pickle has in other terms: complex numbers, moments.

use super::error::{Error, Result};
use super::text::Text;
use crate::view::table::{Piece, Unit};
use core::fmt::{self, Write};

/// A text that must not be cut.
pub(crate) fn whole(message: fmt::Arguments<'_>) -> Result<Text> {
    let mut text = Text::default();
    match text.write_fmt(message) {
        Ok(()) => Ok(text),
        Err(_) => Err(too_long()),
    }
}

/// Text in UTF-32.
pub(crate) fn chars(piece: &Piece<'_>, big_endian: bool) -> Result<Text> {
    let mut text = Text::default();
    match piece.chars(big_endian).try_for_each(|c| text.write_char(c)) {
        Ok(()) => Ok(text),
        Err(_) => Err(too_long()),
    }
}

#[cold]
fn too_long() -> Error {
    Error::value(format_args!("a text of more than 80 bytes that has to be made needs the feature alloc"))
}

/// A complex as `str()` of it in Python: `(1+2j)`.
pub(crate) fn complex(re: f64, im: f64) -> Result<Text> {
    let part = |number: f64| {
        let mut text = heapless::String::<32>::new();
        // The shortest text of any double is shorter.
        let _ = if number.is_nan() { text.write_str("nan") } else { write!(text, "{number:?}") };
        text
    };
    let (re_text, im_text) = (part(re), part(im));
    let short =
        |text: &str| heapless::String::<32>::try_from(text.strip_suffix(".0").unwrap_or(text)).unwrap_or_default();
    let (re_text, im_text) = (short(&re_text), short(&im_text));
    if re == 0.0 && re.is_sign_positive() {
        return whole(format_args!("{im_text}j"));
    }
    let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
    whole(format_args!("({re_text}{sign}{im_text}j)"))
}

/// A `datetime64` in ISO 8601, as precise as its unit: `2024`, `2024-02`, `2024-02-29`, `2024-02-29T13:05:07.000001`.
pub(crate) fn moment(ticks: i64, unit: Unit) -> Result<Text> {
    let (days, rest) = match (unit, unit.per_second(), unit.seconds()) {
        (Unit::Year, ..) => return whole(format_args!("{}", Year(ticks.saturating_add(1970)))),
        (Unit::Month, ..) => {
            let year = Year(ticks.div_euclid(12).saturating_add(1970));
            return whole(format_args!("{year}-{:02}", ticks.rem_euclid(12) + 1));
        }
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
        _ => return whole(format_args!("{ticks}")),
    };
    let (year, month, day) = civil(days);
    let mut text = whole(format_args!("{}-{month:02}-{day:02}", Year(year)))?;
    let Some((second, fraction, in_second)) = rest else { return Ok(text) };
    let (minute, second) = (second / 60, second % 60);
    let mut write = |part: fmt::Arguments<'_>| text.write_fmt(part).map_err(|_| too_long());
    write(format_args!("T{:02}:{:02}:{second:02}", minute / 60, minute % 60))?;
    if fraction != 0 {
        write(format_args!("."))?;
        let (mut left, mut place) = (fraction, in_second);
        // Digits in threes, the last ones no zeros.
        while left != 0 {
            place /= 1000;
            write(format_args!("{:03}", left.checked_div(place).unwrap_or(0)))?;
            left = left.checked_rem(place).unwrap_or(0);
        }
    }
    Ok(text)
}

/// Year, month and day of a day since 1970, in the Gregorian calendar before it began, too. The year that begins in March
/// makes the leap day the last.
fn civil(days: i128) -> (i64, i64, i64) {
    // From March of the year 0 on, in eras of 400 years.
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era.saturating_mul(400) + year + i128::from(month <= 2);
    (year as i64, month as i64, day as i64)
}

/// A year with at least four digits.
struct Year(i64);

impl fmt::Display for Year {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 { write!(f, "-{:04}", self.0.unsigned_abs()) } else { write!(f, "{:04}", self.0) }
    }
}
