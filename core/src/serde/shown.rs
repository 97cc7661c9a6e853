//! Texts of what the pickle has in other terms: complex numbers, moments.

use super::error::{Result, SerdeError};
use super::text::Text;
use crate::view::moments;
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
fn too_long() -> SerdeError {
    SerdeError::value(format_args!("a text of more than 80 bytes that has to be made needs the feature alloc"))
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
    let mut text = Text::default();
    match moments::moment(ticks, unit, 'T', &mut text) {
        Ok(()) => Ok(text),
        Err(_) => Err(too_long()),
    }
}
