//! Numbers written as text, read as Python's `int()` and `float()` read bytes.

use crate::print::pyrepr::MAX_DIGITS;

/// Why a text is not taken as an int.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntError {
    /// It is none.
    Invalid,
    /// It has more than [`MAX_DIGITS`] digits.
    TooLong,
}

/// `int(text)` in base 10, written back in decimal.
///
/// # Errors
/// The text is no int, or one longer than CPython converts.
pub fn int(text: &[u8]) -> Result<String, IntError> {
    let text = strip(text);
    let (sign, digits) = match text.split_first() {
        Some((b'-', rest)) => ("-", rest),
        Some((b'+', rest)) => ("", rest),
        _ => ("", text),
    };
    let digits = join_digits(digits).ok_or(IntError::Invalid)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(IntError::Invalid);
    }
    // Leading zeros count, underscores do not.
    if digits.len() > MAX_DIGITS {
        return Err(IntError::TooLong);
    }
    match digits.trim_start_matches('0') {
        "" => Ok("0".into()),
        digits => Ok(format!("{sign}{digits}")),
    }
}

/// `float(text)`; too large is infinite. `None` where the text is no float.
pub fn float(text: &[u8]) -> Option<f64> {
    // Rust and Python agree on the rest: signs, `1.`, `.5`, exponents, inf, infinity, nan.
    join_digits(strip(text))?.parse().ok()
}

/// The text without the underscores between digits; `None` where one stands elsewhere, or if it is not ASCII.
fn join_digits(text: &[u8]) -> Option<String> {
    let mut joined = String::with_capacity(text.len());
    let mut previous = 0u8;
    for &byte in text {
        let broken = (byte == b'_' && !previous.is_ascii_digit()) || (previous == b'_' && !byte.is_ascii_digit());
        if broken || !byte.is_ascii() {
            return None;
        }
        if byte != b'_' {
            joined.push(char::from(byte));
        }
        previous = byte;
    }
    (previous != b'_').then_some(joined)
}

/// Without what C's `isspace` calls white space.
fn strip(text: &[u8]) -> &[u8] {
    let is_space = |b: &u8| matches!(b, b' ' | 0x09..=0x0d);
    let Some(from) = text.iter().position(|b| !is_space(b)) else { return &[] };
    let to = text.iter().rposition(|b| !is_space(b)).map_or(from, |at| at + 1);
    text.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints() {
        for (text, expected) in [
            (&b"+1"[..], "1"),
            (b" 1 ", "1"),
            (b"\x0b1\x0c\r", "1"),
            (b"1_0", "10"),
            (b"-0", "0"),
            (b"-007", "-7"),
            (b"99999999999999999999999", "99999999999999999999999"),
        ] {
            assert_eq!(int(text).as_deref(), Ok(expected));
        }
        for text in [&b""[..], b"_1", b"1_", b"1__0", b"- 1", b"+-1", b"1\0", b"1L", b"0x1", b"\x1c1", b"\xa01"] {
            assert_eq!(int(text), Err(IntError::Invalid), "{text:?}");
        }
        assert_eq!(int(&[b'0'; 4300]).as_deref(), Ok("0"));
        assert_eq!(int(&[b'0'; 4301]), Err(IntError::TooLong));
    }

    #[test]
    fn floats() {
        for (text, expected) in [
            (&b" 1.5 "[..], 1.5),
            (b"1_0.5", 10.5),
            (b"1e1_0", 1e10),
            (b"+.5", 0.5),
            (b"5.", 5.0),
            (b"-Infinity", f64::NEG_INFINITY),
            (b"1e999", f64::INFINITY),
            (b"1e5\r", 1e5),
        ] {
            assert_eq!(float(text), Some(expected), "{text:?}");
        }
        assert!(float(b"-nan").is_some_and(f64::is_nan));
        for text in
            [&b""[..], b".", b"1e", b"nan(1)", b"1_.5", b"_1", b"1_", b"i_nf", b"0x1p3", b"1\0", b"+-1", b"\x1c1"]
        {
            assert_eq!(float(text), None, "{text:?}");
        }
    }
}
