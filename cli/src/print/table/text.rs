//! Numbers as NumPy and Python write them.

use crate::print::pyrepr;
use pickle_core::known::{DType, Octets};
use pickle_core::table::Cell;
use std::fmt::Write;

/// `str()` of a scalar of NumPy, or its `repr()`; false for one that has none.
pub fn scalar(dtype: &DType<'_>, octets: Octets<'_>, repr: bool, out: &mut String) -> bool {
    let before = out.len();
    let cell = Cell::item(dtype, octets);
    // Writing to a String does not fail.
    let _ = match cell {
        Cell::Null => write!(out, "NaT"),
        Cell::Bool(flag) => write!(out, "{}", if flag { "True" } else { "False" }),
        Cell::Int(int) => write!(out, "{int}"),
        Cell::Uint(int) => write!(out, "{int}"),
        Cell::Float(value, bits) => write!(out, "{}", float(value, bits)),
        Cell::Complex(re, im, bits) => write!(out, "{}", complex(re, im, bits)),
        Cell::DateTime(ticks, unit) => write!(out, "{}", unit.datetime(ticks)),
        Cell::TimeDelta(ticks, unit) => write!(out, "{}", unit.timedelta(ticks)),
        _ => return false,
    };
    match cell {
        // A span without a unit.
        Cell::Int(_) if dtype.kind == b'm' && !repr => out.push_str(" generic time units"),
        _ if !repr => {}
        Cell::Bool(_) => out.insert_str(before, "np."),
        _ => {
            let text = out.split_off(before);
            let _ = match (cell, dtype.kind) {
                (Cell::Null, b'M') => write!(out, "np.datetime64('NaT','{}')", unit_of(dtype)),
                (Cell::Null, _) => write!(out, "np.timedelta64('NaT','{}')", unit_of(dtype)),
                (Cell::DateTime(..), _) if dtype.unit.is_some_and(|tick| tick.count != 1) => {
                    write!(out, "np.datetime64('{text}','{}')", unit_of(dtype))
                }
                (Cell::DateTime(..), _) => write!(out, "np.datetime64('{text}')"),
                (Cell::TimeDelta(ticks, _), _) => {
                    let each = dtype.unit.map_or(1, |tick| tick.count).max(1);
                    write!(out, "np.timedelta64({},'{}')", ticks / each, unit_of(dtype))
                }
                (_, b'm') => write!(out, "np.timedelta64({text})"),
                _ => write!(out, "np.{dtype}({text})"),
            };
        }
    }
    if let Cell::Bool(_) = cell
        && repr
    {
        out.push('_');
    }
    true
}

/// Its unit, as NumPy names it.
fn unit_of(dtype: &DType<'_>) -> String {
    match dtype.unit {
        Some(tick) if tick.count != 1 => format!("{}{}", tick.count, tick.unit),
        Some(tick) => tick.unit.to_owned(),
        None => "generic".to_owned(),
    }
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
