//! Python's `repr()` of str, bytes, int and float, as CPython 3.15 writes it.
//!
//! Sources of the rules: `unicode_repr` (Objects/unicodeobject.c),
//! `PyBytes_Repr` (Objects/bytesobject.c), `float_repr` (Objects/floatobject.c)
//! and `long_to_decimal_string_internal` (Objects/longobject.c).

mod printable;

use num_bigint::BigInt;
use printable::UNPRINTABLE;

/// Most decimal digits that CPython converts between int and text
/// (`sys.set_int_max_str_digits`, its default).
pub const MAX_DIGITS: usize = 4300;

/// Which quotes a string has. CPython chooses from that the quotes around it,
/// so all of the string must be seen before its first character is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuotesSeen {
    single: bool,
    double: bool,
}

impl QuotesSeen {
    /// Looks at one code point.
    #[inline]
    pub fn see(&mut self, code: u32) {
        self.single |= code == u32::from(b'\'');
        self.double |= code == u32::from(b'"');
    }

    /// The quote to write around the string.
    pub fn choice(self) -> u8 {
        if self.single && !self.double { b'"' } else { b'\'' }
    }
}

/// Appends one code point as it stands between the quotes; lone surrogates are
/// code points too. With `ascii`, as in `ascii()` and in the `repr()` of bytes,
/// everything above U+007E is escaped.
#[inline]
pub fn push_code(out: &mut Vec<u8>, code: u32, quote: u8, ascii: bool) {
    match code {
        0x20..0x7f => {
            let byte = code as u8;
            if byte == quote || byte == b'\\' {
                out.push(b'\\');
            }
            out.push(byte);
        }
        0x09 => out.extend_from_slice(b"\\t"),
        0x0a => out.extend_from_slice(b"\\n"),
        0x0d => out.extend_from_slice(b"\\r"),
        _ => match char::from_u32(code) {
            Some(c) if !ascii && is_printable(code) => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => push_escape(out, code),
        },
    }
}

fn push_escape(out: &mut Vec<u8>, code: u32) {
    let (letter, digits) = match code {
        0..=0xff => (b'x', 2),
        0x100..=0xffff => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend_from_slice(&[b'\\', letter]);
    for place in (0..digits).rev() {
        let digit = (code >> (4 * place) & 15) as u8;
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

/// `str.isprintable()` of one code point.
pub fn is_printable(code: u32) -> bool {
    let after = UNPRINTABLE.partition_point(|&(first, _)| first <= code);
    match after.checked_sub(1).and_then(|at| UNPRINTABLE.get(at)) {
        Some(&(_, last)) => code > last,
        None => true,
    }
}

/// `repr()` of a float: the shortest text that reads back as the same double.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf".into() } else { "inf".into() };
    }
    let text = shortest(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    if !(-4..16).contains(&exponent) {
        let (point, fraction) = if digits.len() > 1 { (".", &digits[1..]) } else { ("", "") };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{}{point}{fraction}e{exponent_sign}{:02}", &digits[..1], exponent.abs());
    }
    match usize::try_from(exponent) {
        Err(_) => format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        Ok(exponent) if digits.len() > exponent + 1 => {
            let (whole, fraction) = digits.split_at(exponent + 1);
            format!("{sign}{whole}.{fraction}")
        }
        Ok(exponent) => format!("{sign}{digits}{}.0", "0".repeat(exponent + 1 - digits.len())),
    }
}

/// The fewest digits that read back as `value`, in Rust's form `-d.ddde-n`.
///
/// Two such texts can be equally near (1208925819614629.25 has one digit too
/// many). Rust takes the upper one, CPython the even one, as does Rust itself
/// once the number of digits is given.
fn shortest(value: f64) -> String {
    let text = format!("{value:e}");
    let digits = text.split('e').next().map_or(1, |m| m.bytes().filter(u8::is_ascii_digit).count());
    let even = format!("{value:.*e}", digits - 1);
    if even.parse() == Ok(value) { even } else { text }
}

/// `repr()` of an int given in two's complement, little-endian, as LONG1 and
/// LONG4 have it; `None` where it has more than [`MAX_DIGITS`] digits.
pub fn long(bytes: &[u8]) -> Option<String> {
    // 10^4300 has 1786 bytes. Beyond, only copies of the sign may follow.
    const SIGNIFICANT: usize = 1800;
    let text = match bytes.split_at_checked(SIGNIFICANT) {
        None => BigInt::from_signed_bytes_le(bytes).to_string(),
        Some((head, tail)) => {
            let sign = if bytes.last().is_some_and(|&top| top >= 0x80) { 0xff } else { 0 };
            if tail.iter().any(|&b| b != sign) {
                return None;
            }
            let mut head = head.to_vec();
            head.push(sign);
            BigInt::from_signed_bytes_le(&head).to_string()
        }
    };
    (text.trim_start_matches('-').len() <= MAX_DIGITS).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn str_repr(text: &str) -> String {
        let mut seen = QuotesSeen::default();
        text.chars().for_each(|c| seen.see(c as u32));
        let mut out = vec![seen.choice()];
        text.chars().for_each(|c| push_code(&mut out, c as u32, seen.choice(), false));
        out.push(seen.choice());
        String::from_utf8(out).expect("only whole characters are written")
    }

    #[test]
    fn strings() {
        assert_eq!(str_repr("it's"), r#""it's""#);
        assert_eq!(str_repr("it's \"it\""), r#"'it\'s "it"'"#);
        assert_eq!(str_repr("a\tb\r\n\\\0\x7f\u{e9}"), r"'a\tb\r\n\\\x00\x7fé'");
        assert_eq!(str_repr("\u{ad}\u{3000}\u{1f600}\u{e0001}"), r"'\xad\u3000😀\U000e0001'");
    }

    #[test]
    fn floats() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.2345e100, "1.2345e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1208925819614629.0 + 0.25, "1208925819614629.2"),
            (2f64.powi(-25), "2.9802322387695312e-08"),
            (2f64.powi(-44), "5.684341886080802e-14"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn longs() {
        assert_eq!(long(b"").as_deref(), Some("0"));
        assert_eq!(long(b"\xff\x00").as_deref(), Some("255"));
        assert_eq!(long(b"\x00\x80").as_deref(), Some("-32768"));
        let mut wide = vec![0xff; 5000];
        assert_eq!(long(&wide).as_deref(), Some("-1"));
        wide[4000] = 0;
        assert_eq!(long(&wide), None);
        let limit: BigInt = BigInt::from(10).pow(MAX_DIGITS as u32);
        assert_eq!(long(&limit.to_signed_bytes_le()), None);
        assert_eq!(long(&(-limit.clone()).to_signed_bytes_le()), None);
        assert_eq!(long(&BigInt::to_signed_bytes_le(&(limit - 1))).map(|t| t.len()), Some(MAX_DIGITS));
    }
}
