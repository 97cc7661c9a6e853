//! Numbers and texts as protocol 0 spells them, and ints in two's complement.

use crate::document::value::BigInt;
use crate::literal::escape;
use crate::literal::float::{self, REPR_ROOM};
use crate::{Digits, Value};
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt::Write;

/// Collects text; never fails.
pub(super) struct Text<'t>(pub &'t mut Vec<u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Bytes of an int, or digits of its text, up to which it is converted from one to the other: that is quadratic work.
const CONVERTED: usize = 1 << 14;

/// `repr` of a float; with `cpickle` as `%.17g`, which is what the C code of Python 2.7 has.
pub(super) fn float(value: f64, cpickle: bool, room: &mut [u8; REPR_ROOM]) -> &[u8] {
    if !value.is_finite() || value == 0.0 {
        return float::layout(value, b"0", 1, if cpickle { 17 } else { 16 }, room);
    }
    let mut text = Vec::new();
    let size = value.abs();
    let _ = if cpickle { write!(Text(&mut text), "{size:.16e}") } else { write!(Text(&mut text), "{size:e}") };
    let at = text.iter().position(|&b| b == b'e').unwrap_or(text.len());
    let exponent = text.get(at + 1..).and_then(|text| core::str::from_utf8(text).ok()?.parse().ok());
    let point = exponent.unwrap_or(0) + 1;
    if !cpickle && takes_other_digit(size, &mut text, at) {
        return float::repr(value, room);
    }
    text.truncate(at);
    text.retain(u8::is_ascii_digit);
    while text.len() > 1 && text.last() == Some(&b'0') {
        text.pop();
    }
    float::layout(value, &text, point, if cpickle { 17 } else { 16 }, room)
}

/// Of two texts that are equally near, Python takes the even one and Rust the larger: is there such another?
fn takes_other_digit(size: f64, text: &mut [u8], len: usize) -> bool {
    let last = text.get_mut(..len).and_then(|digits| digits.last_mut()).filter(|digit| **digit & 1 == 1);
    let Some(last) = last else { return false };
    *last -= 1;
    let other = core::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    if let Some(last) = text.get_mut(..len).and_then(|digits| digits.last_mut()) {
        *last += 1;
    }
    other == Some(size)
}

/// raw-unicode-escape. `old` is what Python wrote until 3.6: only backslash and newline are escaped besides.
pub(super) fn raw_unicode(utf8: &[u8], old: bool, out: &mut Vec<u8>) {
    let is_raw = |code| if old { !matches!(code, 0x0a | 0x5c) } else { escape::is_raw(code) };
    let Ok(()) = escape::raw_unicode_pieces(utf8, is_raw, |piece| {
        out.extend_from_slice(piece);
        Ok::<_, Infallible>(())
    });
}

/// The bytes as the UTF-8 form of their Latin-1 text.
pub(super) fn latin1(bytes: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    for byte in bytes {
        if byte < 0x80 {
            out.push(byte);
        } else {
            out.extend_from_slice(&[0xc0 | byte >> 6, 0x80 | byte & 0x3f]);
        }
    }
}

/// `repr` of a Python 2 str.
pub(super) fn quoted(bytes: &[u8], out: &mut Vec<u8>) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            _ if byte == quote => out.extend_from_slice(&[b'\\', byte]),
            b' '..0x7f => out.push(byte),
            _ => {
                let _ = write!(Text(out), "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
}

/// The decimal text of an int; `None` where it is too long to be converted.
pub(super) fn decimal(value: &Value<'_>, out: &mut Vec<u8>) -> Option<()> {
    if let Some(small) = value.as_i128() {
        let _ = write!(Text(out), "{small}");
        return Some(());
    }
    let (negative, mut limbs) = match value.as_big_int()? {
        BigInt::Text(text) => {
            let Digits { negative, radix, digits } = BigInt::Text(text).digits()?;
            if radix == 10 {
                if negative {
                    out.push(b'-');
                }
                out.extend(digits.iter().filter(|b| **b != b'_'));
                return Some(());
            }
            (negative, from_digits(digits, radix)?)
        }
        BigInt::Bytes(bytes) => magnitude(bytes)?,
    };
    let mut groups: Vec<u32> = Vec::new();
    while limbs.last().is_some() {
        let mut rest = 0u64;
        for limb in limbs.iter_mut().rev() {
            rest = rest << 32 | u64::from(*limb);
            *limb = (rest / 1_000_000_000) as u32;
            rest %= 1_000_000_000;
        }
        groups.push(rest as u32);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
    }
    if negative {
        out.push(b'-');
    }
    let _ = write!(Text(out), "{}", groups.pop().unwrap_or(0));
    for group in groups.iter().rev() {
        let _ = write!(Text(out), "{group:09}");
    }
    Some(())
}

/// Two's complement of an int that is text; `None` where it is too long.
pub(super) fn binary(value: &Value<'_>, out: &mut Vec<u8>) -> Option<()> {
    let Digits { negative, radix, digits } = value.as_big_int()?.digits()?;
    let limbs = from_digits(digits, radix)?;
    let mut carry = u64::from(negative);
    for limb in limbs.iter().chain([&0]) {
        let limb = if negative { u64::from(!*limb) + carry } else { u64::from(*limb) };
        carry = limb >> 32;
        out.extend_from_slice(&(limb as u32).to_le_bytes());
    }
    Some(())
}

fn magnitude(bytes: &[u8]) -> Option<(bool, Vec<u32>)> {
    if bytes.len() > CONVERTED {
        return None;
    }
    let negative = bytes.last().is_some_and(|top| *top >= 0x80);
    let fill = if negative { 0xff } else { 0 };
    let mut limbs = Vec::new();
    let mut carry = u64::from(negative);
    for piece in bytes.chunks(4) {
        let mut four = [fill; 4];
        for (slot, byte) in four.iter_mut().zip(piece) {
            *slot = *byte;
        }
        let limb = u32::from_le_bytes(four);
        let limb = if negative { u64::from(!limb) + carry } else { u64::from(limb) };
        carry = limb >> 32;
        limbs.push(limb as u32);
    }
    if negative && carry != 0 {
        limbs.push(1);
    }
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
    Some((negative, limbs))
}

fn from_digits(digits: &[u8], radix: u8) -> Option<Vec<u32>> {
    if digits.len() > CONVERTED {
        return None;
    }
    let mut limbs: Vec<u32> = Vec::new();
    for digit in digits.iter().filter_map(|&byte| crate::literal::int::digit(byte, radix)) {
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            carry += u64::from(*limb) * u64::from(radix);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            limbs.push(carry as u32);
        }
    }
    Some(limbs)
}
