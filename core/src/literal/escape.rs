//! Quotes and escapes of strings (`PyBytes_DecodeEscape`, `PyUnicode_DecodeRawUnicodeEscape`, and back).

use super::int::digit;
use crate::error::ErrorKind;

/// What stands between the quotes of STRING (`load_string`).
pub(crate) fn unquote(text: &[u8]) -> Result<&[u8], ErrorKind> {
    match text {
        [open @ (b'\'' | b'"'), inner @ .., close] if open == close => Ok(inner),
        _ => Err(ErrorKind::StringNotQuoted),
    }
}

/// Undoes the escapes of a Python 2 string literal (`PyBytes_DecodeEscape`);
/// calls `put` for every byte.
pub(crate) fn unescape(mut text: &[u8], mut put: impl FnMut(u8)) -> Result<(), ErrorKind> {
    while let Some((&byte, rest)) = text.split_first() {
        text = rest;
        if byte != b'\\' {
            put(byte);
            continue;
        }
        let Some((&escape, rest)) = text.split_first() else { return Err(ErrorKind::BadEscape) };
        text = rest;
        match escape {
            b'\\' | b'\'' | b'"' => put(escape),
            b'n' => put(b'\n'),
            b't' => put(b'\t'),
            b'r' => put(b'\r'),
            b'a' => put(7),
            b'b' => put(8),
            b'v' => put(11),
            b'f' => put(12),
            b'0'..=b'7' => {
                let mut value = escape - b'0';
                for _ in 0..2 {
                    match text.split_first() {
                        Some((&digit @ b'0'..=b'7', rest)) => {
                            value = value.wrapping_mul(8).wrapping_add(digit - b'0');
                            text = rest;
                        }
                        _ => break,
                    }
                }
                put(value);
            }
            b'x' => {
                let [high, low, rest @ ..] = text else { return Err(ErrorKind::BadEscape) };
                let (Some(high), Some(low)) = (digit(*high, 16), digit(*low, 16)) else {
                    return Err(ErrorKind::BadEscape);
                };
                put(high * 16 + low);
                text = rest;
            }
            _ => {
                put(b'\\');
                put(escape);
            }
        }
    }
    Ok(())
}

/// Undoes raw-unicode-escape (`PyUnicode_DecodeRawUnicodeEscape`); calls
/// `put` for every byte of the UTF-8 form, and tells whether it has surrogates.
pub(crate) fn raw_unicode(mut text: &[u8], mut put: impl FnMut(u8)) -> Result<bool, ErrorKind> {
    let mut surrogates = false;
    while let Some((&byte, rest)) = text.split_first() {
        text = rest;
        let mut code = u32::from(byte);
        if byte == b'\\' {
            let width = match text.first() {
                Some(b'u') => 4,
                Some(b'U') => 8,
                // The byte behind a backslash stands for itself, so that `\\u0041` is no escape.
                Some(&next) => {
                    put(b'\\');
                    text = text.get(1..).unwrap_or_default();
                    code = u32::from(next);
                    0
                }
                None => 0,
            };
            if width != 0 {
                let digits = text.get(1..1 + width).ok_or(ErrorKind::BadUnicodeEscape)?;
                code = 0;
                for &digit in digits {
                    let digit = super::int::digit(digit, 16).ok_or(ErrorKind::BadUnicodeEscape)?;
                    code = code.wrapping_shl(4) | u32::from(digit);
                }
                if code > 0x10ffff {
                    return Err(ErrorKind::BadUnicodeEscape);
                }
                text = text.get(1 + width..).unwrap_or_default();
            }
        }
        surrogates |= code & !0x7ff == 0xd800;
        put_utf8(code, &mut put);
    }
    Ok(surrogates)
}

/// The UTF-8 form of a code point; surrogates as three bytes.
fn put_utf8(code: u32, put: &mut impl FnMut(u8)) {
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
    match code {
        0..0x80 => put(code as u8),
        0x80..0x800 => {
            put(0xc0 | (code >> 6) as u8);
            put(tail(0));
        }
        0x800..0x10000 => {
            put(0xe0 | (code >> 12) as u8);
            put(tail(6));
            put(tail(0));
        }
        _ => {
            put(0xf0 | (code >> 18) as u8);
            put(tail(12));
            put(tail(6));
            put(tail(0));
        }
    }
}

/// The UTF-8 form of Latin-1 bytes.
pub(crate) fn latin1(text: &[u8], mut put: impl FnMut(u8)) {
    for &byte in text {
        put_utf8(u32::from(byte), &mut put);
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Escapes one code point as `\uXXXX` or `\UXXXXXXXX`.
fn unicode_escape<E>(code: u32, put: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut text = *b"\\U00000000";
    for (i, slot) in text.iter_mut().rev().take(8).enumerate() {
        *slot = HEX.get((code >> (4 * i) & 15) as usize).copied().unwrap_or(b'0');
    }
    if code > 0xffff {
        return put(&text);
    }
    put(b"\\u")?;
    put(text.get(6..).unwrap_or_default())
}

/// What `raw_unicode_escape` of CPython's pickler leaves alone: all of Latin-1 but what would end or begin something.
pub(crate) fn is_raw(code: u32) -> bool {
    code < 0x100 && !matches!(code, 0 | 0x0a | 0x0d | 0x1a | 0x5c)
}

/// Writes a str for protocol 0 (`raw_unicode_escape` in `_pickle.c`). The text is UTF-8 in which surrogates may stand
/// as three bytes; `is_raw` tells which ASCII characters stay as they are.
pub(crate) fn raw_unicode_pieces<E>(
    mut utf8: &[u8],
    is_raw: impl Fn(u32) -> bool,
    mut put: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    while let Some(&lead) = utf8.first() {
        if lead < 0x80 {
            let plain = utf8.iter().position(|&b| b >= 0x80 || !is_raw(u32::from(b))).unwrap_or(utf8.len());
            let (run, rest) = utf8.split_at_checked(plain).unwrap_or((utf8, &[]));
            put(run)?;
            utf8 = rest;
            if let Some((&next, rest)) = utf8.split_first()
                && next < 0x80
            {
                unicode_escape(u32::from(next), &mut put)?;
                utf8 = rest;
            }
            continue;
        }
        let (len, lead_bits) = match lead {
            0xc0..0xe0 => (2, 0x1f),
            0xe0..0xf0 => (3, 0x0f),
            _ => (4, 0x07),
        };
        let mut code = u32::from(lead & lead_bits);
        for byte in utf8.iter().take(len).skip(1) {
            code = code << 6 | u32::from(byte & 0x3f);
        }
        utf8 = utf8.get(len..).unwrap_or_default();
        if code < 0x100 {
            put(&[code as u8])?;
        } else {
            unicode_escape(code, &mut put)?;
        }
    }
    Ok(())
}

/// The same of Latin-1.
pub(crate) fn raw_unicode_latin1_pieces<E>(
    mut latin1: &[u8],
    mut put: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    while !latin1.is_empty() {
        let plain = latin1.iter().position(|&b| !is_raw(u32::from(b))).unwrap_or(latin1.len());
        let (run, rest) = latin1.split_at_checked(plain).unwrap_or((latin1, &[]));
        put(run)?;
        latin1 = rest;
        if let Some((&next, rest)) = latin1.split_first() {
            unicode_escape(u32::from(next), &mut put)?;
            latin1 = rest;
        }
    }
    Ok(())
}
