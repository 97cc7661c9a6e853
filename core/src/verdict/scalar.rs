//! Text arguments: which of CPython's readers take them.

/// What readers make of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All read the same.
    Same,
    /// Some refuse it, or read another value.
    Differs,
    /// Nobody reads it.
    Refused,
}

use super::copy::copy;
use crate::literal::int::digit;
use Reading::{Differs, Refused, Same};

/// Digits beyond which CPython refuses an int since 3.11 (`sys.set_int_max_str_digits`).
pub(crate) const MAX_DIGITS: usize = 4300;

/// The text of INT, or of LONG without its `L`: `int(text)` since 3.14, `int(text, 0)` before; C's rule of bools.
pub(crate) fn int(text: &[u8], is_int: bool) -> Reading {
    let core = text.strip_suffix(b"\r").unwrap_or(text);
    let digits = core.strip_prefix(b"-").unwrap_or(core);
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        if digits.len() > MAX_DIGITS {
            return Differs;
        }
        let plain = digits.len() == 1 || digits.first() != Some(&b'0');
        let bool_like = is_int && matches!(text, b"00" | b"01");
        // C reads two characters of value 0 or 1 as a bool.
        let odd = is_int && matches!(text, b"-0");
        return if (plain || bool_like) && !odd { Same } else { Differs };
    }
    let trimmed = core.trim_ascii();
    let body = trimmed.split(|byte| *byte == 0).next().unwrap_or_default();
    let body = match body {
        [b'+' | b'-', rest @ ..] => rest,
        rest => rest,
    };
    let (radix, body) = match body {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        rest => (10, rest),
    };
    let digit = |byte: u8| digit(byte, radix).is_some();
    let ok = body.last().is_some_and(|byte| digit(*byte))
        && body.iter().all(|byte| digit(*byte) || *byte == b'_')
        && !body.windows(2).any(|pair| pair == b"__");
    if ok { Differs } else { Refused }
}

/// The text of FLOAT: C takes no space and no underscore, Python does.
pub(crate) fn float(text: &[u8]) -> Reading {
    let core = text.trim_ascii();
    let body = match core {
        [b'+' | b'-', rest @ ..] => rest,
        rest => rest,
    };
    let word = |name: &[u8]| body.eq_ignore_ascii_case(name);
    let plain = core.len() == text.len();
    if word(b"inf") || word(b"nan") || word(b"infinity") {
        return if plain { Same } else { Differs };
    }
    let (mantissa, exponent) = match body.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (body.get(..at).unwrap_or_default(), body.get(at + 1..)),
        None => (body, None),
    };
    let digits = |text: &[u8]| text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let shape = |text: &[u8], points: usize| {
        text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
            && text.iter().filter(|byte| **byte == b'.').count() <= points
            && digits(text) > 0
            && text.first() != Some(&b'_')
            && text.last() != Some(&b'_')
            && !text.windows(2).any(|pair| matches!(pair, b"__" | b"._" | b"_."))
    };
    let exponent = exponent.map(|text| match text {
        [b'+', rest @ ..] => (false, rest),
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    });
    if !shape(mantissa, 1) || exponent.is_some_and(|(_, text)| !shape(text, 0)) {
        return Refused;
    }
    let ten = exponent.map_or(0, |(negative, text)| {
        let n =
            text.iter().filter(|b| b.is_ascii_digit()).fold(0i64, |n, b| (n * 10 + i64::from(b - b'0')).min(100_000));
        if negative { -n } else { n }
    });
    let whole = mantissa.split(|byte| *byte == b'.').next().unwrap_or_default();
    let leading = whole.iter().skip_while(|byte| **byte == b'0').count() as i64;
    // C raises OverflowError beyond a double, Python gives infinity. 1.8e308 is the largest.
    let zero = mantissa.iter().all(|byte| matches!(byte, b'0' | b'.' | b'_'));
    let over = !zero && leading + ten > 309;
    if plain && !body.contains(&b'_') && !over { Same } else { Differs }
}

/// The text of STRING: quotes at both ends, escapes that are whole.
pub(crate) fn string(text: &[u8]) -> Reading {
    let (Some(first), Some(last)) = (text.first(), text.last()) else { return Refused };
    if text.len() < 2 || first != last || !matches!(first, b'\'' | b'"') {
        return Refused;
    }
    let mut inner = text.get(1..text.len() - 1).unwrap_or_default();
    while let Some(at) = inner.iter().position(|byte| *byte == b'\\') {
        inner = inner.get(at + 1..).unwrap_or_default();
        match inner {
            [] => return Refused,
            [b'x', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {}
            [b'x', ..] => return Refused,
            _ => {}
        }
        inner = inner.get(1..).unwrap_or_default();
    }
    Same
}

/// The text of UNICODE: raw-unicode-escape.
pub(crate) fn unicode(text: &[u8]) -> Reading {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let tail = rest.get(at..).unwrap_or_default();
        let slashes = tail.iter().take_while(|byte| **byte == b'\\').count();
        let after = tail.get(slashes..).unwrap_or_default();
        rest = after;
        let (digits, big) = match after {
            [b'u', digits @ ..] => (digits.get(..4), false),
            [b'U', digits @ ..] => (digits.get(..8), true),
            _ => continue,
        };
        if slashes % 2 == 0 {
            continue;
        }
        let Some(digits) = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)) else { return Refused };
        let value = digits.iter().fold(0u32, |n, d| (n << 4) | u32::from(digit(*d, 16).unwrap_or(0)));
        if big && value > 0x10_ffff {
            return Refused;
        }
    }
    Same
}

/// The index of GET and PUT; `None` where nobody reads it or it is negative.
pub(crate) fn index(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let ok = text.first().is_some_and(u8::is_ascii_digit) && text.last() != Some(&b'_');
    if !ok || text.windows(2).any(|pair| pair == b"__") {
        return None;
    }
    text.iter().filter(|byte| **byte != b'_').try_fold(0u64, |n, byte| {
        let digit = digit(*byte, 10)?;
        Some(n.saturating_mul(10).saturating_add(u64::from(digit)))
    })
}

/// Every byte is ASCII. Most texts are short: two words that overlap cover them.
#[inline(always)]
pub(crate) fn is_ascii(text: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if let (8..=16, Some(a), Some(b)) = (text.len(), text.first_chunk(), text.last_chunk()) {
        return (u64::from_le_bytes(*a) | u64::from_le_bytes(*b)) & HIGH == 0;
    }
    if let (4..8, Some(a), Some(b)) = (text.len(), text.first_chunk(), text.last_chunk()) {
        return (u32::from_le_bytes(*a) | u32::from_le_bytes(*b)) & HIGH as u32 == 0;
    }
    text.is_ascii()
}

/// UTF-8 with lone surrogates, whole.
#[inline(never)]
pub(crate) fn is_utf8(text: &[u8]) -> bool {
    let mut check = Utf8::default();
    check.feed(text);
    check.finish()
}

/// Checks UTF-8 with lone surrogates (`surrogatepass`) in pieces of any size.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    /// Bytes of a character that a piece ended in.
    held: [u8; 4],
    len: u8,
    pub bad: bool,
}

impl Utf8 {
    pub fn feed(&mut self, mut data: &[u8]) {
        while self.len > 0 && !self.bad && !data.is_empty() {
            let (Some(place), Some((&byte, rest))) = (self.held.get_mut(usize::from(self.len)), data.split_first())
            else {
                self.bad = true;
                return;
            };
            *place = byte;
            self.len += 1;
            data = rest;
            let held = self.held;
            let now = held.get(..usize::from(self.len)).unwrap_or_default();
            match valid_up_to(now) {
                (n, _) if n == now.len() => self.len = 0,
                (_, true) => {}
                _ => self.bad = true,
            }
        }
        if self.bad || data.is_empty() {
            return;
        }
        let (valid, cut) = valid_up_to(data);
        let rest = data.get(valid..).unwrap_or_default();
        if rest.is_empty() {
            return;
        }
        match self.held.get_mut(..rest.len()) {
            Some(held) if cut => {
                copy(held, rest);
                self.len = rest.len() as u8;
            }
            _ => self.bad = true,
        }
    }

    /// True if all of it was well-formed.
    pub fn finish(self) -> bool {
        !self.bad && self.len == 0
    }
}

/// Bytes that are well-formed, and whether what follows may become so.
fn valid_up_to(data: &[u8]) -> (usize, bool) {
    let mut done = 0;
    loop {
        let rest = data.get(done..).unwrap_or_default();
        let Err(error) = core::str::from_utf8(rest) else { return (data.len(), false) };
        done += error.valid_up_to();
        match data.get(done..).unwrap_or_default() {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => done += 3,
            [0xed] | [0xed, 0xa0..=0xbf] => return (done, true),
            _ => return (done, error.error_len().is_none()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints() {
        for text in ["0", "1", "00", "01", "-1", "99999999999999999999", "10\r"] {
            assert_eq!(int(text.as_bytes(), true), Same, "{text}");
        }
        for text in ["+1", " 1", "-0", "010", "0x10", "1_0", "001", "1\0zz"] {
            assert_eq!(int(text.as_bytes(), true), Differs, "{text}");
        }
        for text in ["", "-", "bla", "1L", "0x", "1__0", "1?0"] {
            assert_eq!(int(text.as_bytes(), true), Refused, "{text}");
        }
    }

    #[test]
    fn floats() {
        for text in ["1", "1.5", ".5", "-1e5", "inf", "-Infinity", "nan", "1e308", "0e999"] {
            assert_eq!(float(text.as_bytes()), Same, "{text}");
        }
        for text in ["1.5 ", " 1.5", "1_0.5", "1e999", "1e5\r"] {
            assert_eq!(float(text.as_bytes()), Differs, "{text}");
        }
        for text in ["", "0x1p3", "1,2", "e5", "1e", "--1", "."] {
            assert_eq!(float(text.as_bytes()), Refused, "{text}");
        }
    }

    #[test]
    fn utf8_in_pieces() {
        let texts: [(&[u8], bool); 6] = [
            (b"abc", true),
            ("é€😀".as_bytes(), true),
            (b"\xed\xa0\x80", true),
            (b"\xff", false),
            (b"\xe2\x82", false),
            (b"\xed\xa0a", false),
        ];
        for (text, good) in texts {
            for piece in 1..=4 {
                let mut check = Utf8::default();
                text.chunks(piece).for_each(|piece| check.feed(piece));
                assert_eq!(check.finish(), good, "{text:?} by {piece}");
            }
        }
    }
}
