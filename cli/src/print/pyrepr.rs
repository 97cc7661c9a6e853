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
    /// Looks at bytes that are their own code points.
    pub fn see_bytes(&mut self, bytes: &[u8]) {
        self.single = self.single || bytes.contains(&b'\'');
        self.double = self.double || bytes.contains(&b'"');
    }

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

/// What every byte is between quotes, as `repr()` of bytes has it: up to four bytes, the first the lowest, and above them
/// how many they are.
pub struct ByteForms([u64; 256]);

impl ByteForms {
    /// Bytes that are done between two looks at the room that is left.
    const GROUP: usize = 8;

    /// Between these quotes.
    pub fn between(quote: u8) -> Self {
        let mut forms = [0; 256];
        for (code, form) in (0..).zip(&mut forms) {
            let mut text = Vec::new();
            push_code(&mut text, code, quote, true);
            let bytes = text.iter().rev().fold(0, |all, &byte| all << 8 | u64::from(byte));
            *form = bytes | (text.len() as u64) << 32;
        }
        ByteForms(forms)
    }

    /// Bytes as they stand between the quotes. `room` is filled, and grows to a little more than four times their number.
    pub fn text<'r>(&self, bytes: &[u8], room: &'r mut Vec<u8>) -> &'r [u8] {
        let most = 4 * (bytes.len() + Self::GROUP);
        if room.len() < most {
            room.resize(most, 0);
        }
        let mut at = 0;
        for group in bytes.chunks(Self::GROUP) {
            let Some(window) = room.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<36>()) else {
                break;
            };
            let mut end = 0;
            for &byte in group {
                let form = self.0.get(usize::from(byte)).copied().unwrap_or(0);
                // All four are written; what is too much the next one covers. The mask tells the compiler what is so anyway.
                let place = end & 31;
                if let Some(place) = window.get_mut(place..place + 4) {
                    place.copy_from_slice(&(form as u32).to_le_bytes());
                }
                end += (form >> 32) as usize;
            }
            at += end;
        }
        room.get(..at).unwrap_or_default()
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

/// Appends the shortest numeric escape of a code point: `\x8c`, `\u20ac`, `\U0001f600`.
pub fn push_escape(out: &mut Vec<u8>, code: u32) {
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
    let mut text = Vec::new();
    push_float(&mut text, value);
    text.into_iter().map(char::from).collect()
}

/// Appends the same.
///
/// Two shortest texts can be equally near (1208925819614629.25 has one digit too many): `zmij` takes the even one, as
/// CPython does and Rust's own formatting does not.
pub fn push_float(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        let text: &[u8] = if value.is_nan() {
            b"nan"
        } else if value < 0.0 {
            b"-inf"
        } else {
            b"inf"
        };
        out.extend_from_slice(text);
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    if value == 0.0 || value.abs() >= 1e-4 {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    // Below that, Python's form has an exponent of at least two digits.
    let (mantissa, exponent) = text.split_once("e-").unwrap_or((text, "0"));
    let zeros = mantissa.bytes().take_while(|byte| !matches!(byte, b'1'..=b'9')).filter(|&byte| byte == b'0').count();
    let exponent = exponent.parse().unwrap_or(0) + zeros;
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).skip(zeros).collect();
    if value < 0.0 {
        out.push(b'-');
    }
    if let Some((first, fraction)) = digits.split_first() {
        out.push(*first);
        // One digit has no point, and `zmij` may write a 0 behind it.
        if !fraction.is_empty() && fraction != b"0" {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    }
    out.extend_from_slice(format!("e-{exponent:02}").as_bytes());
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
    fn bytes_are_what_their_code_points_are() {
        let all: Vec<u8> = (0..=255).chain(b'\''..b'a').collect();
        let mut room = Vec::new();
        for quote in [b'\'', b'"'] {
            let forms = ByteForms::between(quote);
            for len in [all.len(), 0, 1, 7, 8, 9, 255] {
                let mut want = Vec::new();
                all[..len].iter().for_each(|&byte| push_code(&mut want, byte.into(), quote, true));
                assert_eq!(forms.text(&all[..len], &mut room), want);
            }
        }
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
            (-1.25e-5, "-1.25e-05"),
            (0.000099999, "9.9999e-05"),
            (-1e-7, "-1e-07"),
            (2.5e-101, "2.5e-101"),
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
