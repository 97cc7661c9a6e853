//! Floats as text, exact in both directions: the nearest float that a text stands for, and the shortest text that
//! stands for a float.
//!
//! `core` has both, in 18 KB of tables and with panics in them. This is schoolbook arithmetic on one size of number.

#[cfg(any(feature = "text-float", feature = "alloc"))]
mod big;
#[cfg(feature = "text-float")]
mod parse;
#[cfg(any(feature = "text-float", feature = "alloc"))]
mod repr;

#[cfg(feature = "alloc")]
pub(crate) use repr::layout;
#[cfg(any(feature = "text-float", feature = "alloc"))]
pub(crate) use repr::{REPR_ROOM, repr};

use super::int::{sign, until_nul};
use crate::error::ErrorKind;

/// The text of FLOAT (`PyOS_string_to_double`): no spaces, no underscores, and infinities only by name.
///
/// `Ok(None)` is a valid float that this build does not parse (feature `text-float`).
pub(crate) fn from_text(text: &[u8]) -> Result<Option<f64>, ErrorKind> {
    if text.is_empty() {
        return Err(ErrorKind::EmptyLine);
    }
    let text = until_nul(text);
    let (negative, body) = sign(text);
    let special = |name: &[u8]| body.eq_ignore_ascii_case(name);
    if special(b"inf") || special(b"infinity") {
        return Ok(Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    if special(b"nan") {
        // `float("-nan")` has the sign bit set (`Py_NAN` negated).
        return Ok(Some(f64::from_bits(0x7ff8 << 48 | u64::from(negative) << 63)));
    }
    if !is_decimal_float(body) {
        return Err(ErrorKind::BadFloat);
    }
    parse_float(negative, body)
}

#[cfg(feature = "text-float")]
fn parse_float(negative: bool, body: &[u8]) -> Result<Option<f64>, ErrorKind> {
    let value = parse::parse(body);
    if value == f64::INFINITY {
        return Err(ErrorKind::FloatOverflow);
    }
    Ok(Some(if negative { -value } else { value }))
}

#[cfg(not(feature = "text-float"))]
fn parse_float(_: bool, _: &[u8]) -> Result<Option<f64>, ErrorKind> {
    Ok(None)
}

/// Digits with at most one point among them, at least one digit, then perhaps an exponent.
fn is_decimal_float(text: &[u8]) -> bool {
    let mut rest = text;
    let mut count = 0;
    let mut point = false;
    while let [first, tail @ ..] = rest {
        match first {
            b'0'..=b'9' => count += 1,
            b'.' if !point => point = true,
            _ => break,
        }
        rest = tail;
    }
    match rest {
        [] => count > 0,
        [b'e' | b'E', exponent @ ..] => {
            let (_, digits) = sign(exponent);
            count > 0 && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

#[cfg(all(test, feature = "text-float"))]
mod tests {
    extern crate std;
    use super::parse::parse;
    use super::{REPR_ROOM, repr};
    use std::format;
    use std::string::{String, ToString};

    /// One in so many values under Miri, where each takes a thousand times as long.
    const FEW: usize = if cfg!(miri) { 2003 } else { 1 };

    /// A repeatable stream of numbers (splitmix64).
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn same(text: &str) {
        assert_eq!(parse(text.as_bytes()).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }

    /// Two to a power, exactly: Miri's `powi` is not.
    fn two(power: i32) -> f64 {
        f64::from_bits(((1023 + power) as u64) << 52)
    }

    fn edges() -> impl Iterator<Item = f64> {
        let powers = (0..0x7ffu64).flat_map(|power| [0, 1, (1 << 52) - 1].map(|low| f64::from_bits(power << 52 | low)));
        powers.chain([5e-324, f64::MAX, f64::MIN_POSITIVE, 0.1, 1e22, 1e23, 9007199254740993.0, two(89)])
    }

    #[test]
    fn reads_what_the_standard_library_reads() {
        for text in [
            "0",
            "0.0",
            ".5",
            "5.",
            "1e0",
            "1E+5",
            "1e-5",
            "00001.5",
            "1e310",
            "1e-400",
            "1e99999999999999999999",
            "0e99999999999999999999",
            "1e-99999999999999999999",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "4.9406564584124654e-324",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633",
            "9007199254740993",
            "9007199254740992.99999999999999999999999999",
            "9007199254740993.00000000000000000001",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "0.000000000000000000000000000001e30",
            "123456789012345678901234567890",
            "8.5e-27",
            "1e27",
            "1e28",
            "1e-27",
            "1e-28",
            "18446744073709551615e-19",
        ] {
            same(text);
        }
        let mut seed = 1;
        for value in edges().step_by(FEW) {
            same(&format!("{value:e}"));
        }
        for _ in 0..200_000 / FEW {
            let bits = random(&mut seed);
            let value = f64::from_bits(bits & !(1 << 63));
            if value.is_finite() {
                same(&format!("{value:e}"));
            }
            let (int, scale) = (random(&mut seed), random(&mut seed) % 700);
            same(&format!("{int}e{}", scale as i64 - 350));
            same(&format!("{}.{}", int >> (scale % 64), random(&mut seed)));
        }
    }

    #[test]
    fn rounds_ties_to_even_however_long_they_are() {
        let mut seed = 2;
        for n in (0..3000).step_by(FEW) {
            // Half-way between two floats: 54 bits, the last one set, times or divided by a power of two.
            let middle = u128::from(random(&mut seed) >> 10 | 1 << 53 | 1);
            let text = match n % 2 {
                0 => format!("{}", middle << (n % 70)),
                _ => format!("{}e-{}", middle * 5u128.pow(n % 31), n % 31),
            };
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let zeros = "0".repeat(n as usize);
            for tail in ["", "0", "1"] {
                same(&format!("{mantissa}.{zeros}{tail}e{exponent}"));
            }
            same(&format!("{}.{}e{exponent}", mantissa.parse::<u128>().unwrap() - 1, "9".repeat(n as usize)));
        }
    }

    #[test]
    fn writes_the_shortest_text() {
        let mut seed = 3;
        let some = core::iter::from_fn(move || Some(f64::from_bits(random(&mut seed) & !(1 << 63))));
        for value in edges().chain(some.take(100_000)).step_by(FEW).filter(|value| value.is_finite() && *value != 0.0) {
            let mut room = [0; REPR_ROOM];
            let text = core::str::from_utf8(repr(value, &mut room)).unwrap().to_string();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{text}");
            let digits = |text: &str| -> String {
                let mantissa: String = text.split('e').next().unwrap().chars().filter(char::is_ascii_digit).collect();
                mantissa.trim_start_matches('0').trim_end_matches('0').to_string()
            };
            let (ours, theirs) = (digits(&text), digits(&format!("{value:e}")));
            // Where two texts are equally near, Python takes the even one (`dtoa.c`) and Rust the larger.
            let head = |text: &str| text[..text.len() - 1].to_string();
            let tie = head(&ours) == head(&theirs) && ours.ends_with(['2', '4', '6', '8']);
            assert!(ours == theirs || tie, "{text} {theirs}");
        }
        for (value, text) in [
            (two(-25), "2.9802322387695312e-08"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (9007199254740993.0, "9007199254740992.0"),
            (123456.789, "123456.789"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(core::str::from_utf8(repr(value, &mut [0; REPR_ROOM])).unwrap(), text);
        }
    }
}
