//! Numbers as NumPy and Python write them.

use crate::print::pyrepr;
use pickle_core::known::{DType, Number, Octets};
use std::fmt::Write;

/// The number that a scalar of NumPy is.
pub fn scalar_cell(dtype: &DType<'_>, octets: Octets<'_>) -> Option<Number> {
    let bytes: Vec<u8> = octets.take(32).collect();
    dtype.number(&bytes)
}

/// `str()` of a number; `size` is bytes of it.
pub fn number(number: Number, size: u64, out: &mut String) {
    // Writing to a String does not fail.
    let _ = match number {
        Number::Bool(flag) => write!(out, "{}", if flag { "True" } else { "False" }),
        Number::Int(int) => write!(out, "{int}"),
        Number::Uint(int) => write!(out, "{int}"),
        Number::Float(value) => write!(out, "{}", float(value, (size * 8) as u8)),
        Number::Complex(re, im) => write!(out, "{}", complex(re, im, (size * 8) as u8)),
        _ => Ok(()),
    };
}

/// The shortest text that gives back the float of so many bits.
pub fn float(value: f64, bits: u8) -> String {
    match bits {
        32 if value.is_finite() && value != 0.0 => {
            shortest(value, bits, |text| text.parse::<f32>().ok().map(f64::from))
        }
        16 if value.is_finite() && value != 0.0 => shortest(value, bits, |text| text.parse::<f64>().ok().map(half)),
        _ => pyrepr::float(value),
    }
}

/// The nearest float of 16 bits.
fn half(value: f64) -> f64 {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return value;
    }
    let exponent = (magnitude.log2().floor() as i32).max(-14);
    let step = 2f64.powi(exponent - 10);
    ((magnitude / step).round_ties_even() * step).copysign(value)
}

/// The fewest digits that `back` makes the same float of, in Python's form.
fn shortest(value: f64, bits: u8, back: impl Fn(&str) -> Option<f64>) -> String {
    for digits in 0..17 {
        let text = format!("{value:.digits$e}");
        if back(&text) == Some(value) {
            // The digits are those of a double, too; NumPy has an exponent where not all digits of the type are sure.
            let most = if bits == 16 { 1e3 } else { 1e6 };
            if value.abs() < most || value.abs() >= 1e16 {
                return pyrepr::float(text.parse().unwrap_or(value));
            }
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            return format!("{digits}e+{exponent:0>2}");
        }
    }
    pyrepr::float(value)
}

/// `str()` of a complex number of NumPy.
pub fn complex(re: f64, im: f64, bits: u8) -> String {
    let part = |value: f64| {
        let text = float(value, bits / 2);
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
    if re == 0.0 && !re.is_sign_negative() {
        return format!("{}j", part(im));
    }
    format!("({}{sign}{}j)", part(re), part(im))
}
