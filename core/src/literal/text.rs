//! What the texts of protocol 0 and the names mean: ints, floats, escapes, UTF-8.
//!
//! The rules are those of `_pickle.c` and of the functions that it calls
//! (`strtol`, `PyLong_FromString`, `PyOS_string_to_double`,
//! `PyBytes_DecodeEscape`, `PyUnicode_DecodeRawUnicodeEscape`).

use crate::ErrorKind;

/// How the texts of INT and LONG are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TextInts {
    /// As CPython up to 3.13: base prefixes (`0x1f`, `0o17`, `0b1`, and `010` is
    /// 8 in INT), and any two characters worth 0 or 1 are a bool in INT.
    #[default]
    Prefixed,
    /// As CPython from 3.14: base 10, and only `00` and `01` are bools.
    Decimal,
}

/// An integer read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextInt {
    Bool(bool),
    Small(i64),
    /// Valid, but too large for 64 bits.
    Big,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_space(*first) {
            break;
        }
        text = rest;
    }
    while let [rest @ .., last] = text {
        if !is_space(*last) {
            break;
        }
        text = rest;
    }
    text
}

/// The C code reads a C string: a NUL ends it.
pub(crate) fn until_nul(text: &[u8]) -> &[u8] {
    match text.iter().position(|&b| b == 0) {
        Some(at) => text.get(..at).unwrap_or_default(),
        None => text,
    }
}

/// Sign, radix and digits (with their underscores) of an integer's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits<'t> {
    pub negative: bool,
    pub radix: u8,
    pub digits: &'t [u8],
}

/// What a digit is worth, in a radix of up to 16. (`char::to_digit` has a panic for other radices in it.)
pub(crate) fn digit(byte: u8, radix: u8) -> Option<u8> {
    let value = match byte {
        b'0'..=b'9' => byte - b'0',
        _ => match byte | 0x20 {
            letter @ b'a'..=b'f' => letter - b'a' + 10,
            _ => return None,
        },
    };
    if value < radix { Some(value) } else { None }
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The rules of `PyLong_FromString`, with base 0 or 10.
pub(crate) fn digits(text: &[u8], prefixed: bool) -> Option<Digits<'_>> {
    let (negative, text) = sign(trim(until_nul(text)));
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] if prefixed => (16, rest.strip_prefix(b"_").unwrap_or(rest)),
        [b'0', b'o' | b'O', rest @ ..] if prefixed => (8, rest.strip_prefix(b"_").unwrap_or(rest)),
        [b'0', b'b' | b'B', rest @ ..] if prefixed => (2, rest.strip_prefix(b"_").unwrap_or(rest)),
        _ => (10, text),
    };
    // Underscores only between digits.
    let mut previous = b'_';
    for &byte in digits {
        let is_digit = digit(byte, radix).is_some();
        if !is_digit && (byte != b'_' || previous == b'_') {
            return None;
        }
        previous = byte;
    }
    if previous == b'_' {
        return None;
    }
    // `010` has no meaning in base 0, `000` has.
    let leading_zero = prefixed && radix == 10 && digits.first() == Some(&b'0');
    if leading_zero && digits.iter().any(|&b| b != b'0' && b != b'_') {
        return None;
    }
    Some(Digits { negative, radix, digits })
}

impl Digits<'_> {
    /// The value, where 128 bits hold it.
    pub fn to_i128(self) -> Option<i128> {
        let mut value = 0i128;
        for &byte in self.digits {
            let Some(digit) = digit(byte, self.radix) else { continue };
            value = value.checked_mul(i128::from(self.radix))?;
            let digit = i128::from(digit);
            value = if self.negative { value.checked_sub(digit)? } else { value.checked_add(digit)? };
        }
        Some(value)
    }

    /// The value, where 64 bits hold it.
    pub fn to_i64(self) -> Option<i64> {
        let mut value = 0i64;
        for &byte in self.digits {
            let Some(digit) = digit(byte, self.radix) else { continue };
            value = value.checked_mul(i64::from(self.radix))?;
            let digit = i64::from(digit);
            value = if self.negative { value.checked_sub(digit)? } else { value.checked_add(digit)? };
        }
        Some(value)
    }
}

/// What nearly every text is: a minus perhaps, then up to 18 digits without a leading zero.
#[inline]
fn plain(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 18 || (digits.len() > 1 && digits.first() == Some(&b'0')) || digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
    }
    Some(if negative { -value } else { value })
}

/// `strtol(text, &end, 0)` where it reads the whole C string, octal included.
fn strtol(text: &[u8]) -> Option<i64> {
    let mut rest = until_nul(text);
    while let [first, tail @ ..] = rest {
        if !is_space(*first) {
            break;
        }
        rest = tail;
    }
    let (negative, rest) = sign(rest);
    let (radix, digits) = match rest {
        [b'0', b'x' | b'X', tail @ ..] => (16, tail),
        [b'0', tail @ ..] if !tail.is_empty() => (8, tail),
        _ => (10, rest),
    };
    let plain = !digits.is_empty() && digits.iter().all(|&b| digit(b, radix).is_some());
    if plain { Digits { negative, radix, digits }.to_i64() } else { None }
}

/// The text of INT (`load_int`).
pub(crate) fn int(text: &[u8], rule: TextInts) -> Result<TextInt, ErrorKind> {
    match text {
        b"" => return Err(ErrorKind::EmptyLine),
        b"00" => return Ok(TextInt::Bool(false)),
        b"01" => return Ok(TextInt::Bool(true)),
        // Two characters worth 0 are a bool up to 3.13.
        b"-0" => {}
        _ => {
            if let Some(value) = plain(text) {
                return Ok(TextInt::Small(value));
            }
        }
    }
    // `strtol` finds no digit in front of a NUL and gives 0, and the C code takes the NUL for the end.
    let value = if text.first() == Some(&0) { Some(0) } else { strtol(text) };
    match (rule, value) {
        (TextInts::Prefixed, Some(value @ (0 | 1))) if text.len() == 2 => Ok(TextInt::Bool(value == 1)),
        (TextInts::Prefixed, Some(value)) => Ok(TextInt::Small(value)),
        (TextInts::Decimal, Some(value)) if text.first() == Some(&0) => Ok(TextInt::Small(value)),
        _ => small_or_big(text, rule),
    }
}

/// The text of LONG (`load_long`), and what of it is the number.
pub(crate) fn long(text: &[u8], rule: TextInts) -> Result<(TextInt, &[u8]), ErrorKind> {
    if text.is_empty() {
        return Err(ErrorKind::EmptyLine);
    }
    let number = text.strip_suffix(b"L").unwrap_or(text);
    if let Some(value) = plain(number) {
        return Ok((TextInt::Small(value), number));
    }
    Ok((small_or_big(number, rule)?, number))
}

fn small_or_big(text: &[u8], rule: TextInts) -> Result<TextInt, ErrorKind> {
    let (_, number) = sign(text);
    // 20 digits fit no 64 bits.
    if number.len() >= 20 && number.first() != Some(&b'0') && number.iter().all(u8::is_ascii_digit) {
        return Ok(TextInt::Big);
    }
    let digits = digits(text, rule == TextInts::Prefixed).ok_or(ErrorKind::BadInt)?;
    Ok(digits.to_i64().map_or(TextInt::Big, TextInt::Small))
}

/// The index of GET and PUT: base 10.
pub(crate) fn memo_index(text: &[u8]) -> Result<u64, ErrorKind> {
    if text.is_empty() {
        return Err(ErrorKind::EmptyLine);
    }
    if let Some(index) = plain(text) {
        return u64::try_from(index).map_err(|_| ErrorKind::NegativeMemo);
    }
    let digits = digits(text, false).ok_or(ErrorKind::BadInt)?;
    let value = digits.to_i64().ok_or(ErrorKind::BadInt)?;
    u64::try_from(value).map_err(|_| ErrorKind::NegativeMemo)
}

/// The text of FLOAT (`PyOS_string_to_double`): no spaces, no underscores, and infinities only by name.
///
/// `Ok(None)` is a valid float that this build does not parse (feature `text-float`).
pub(crate) fn float(text: &[u8]) -> Result<Option<f64>, ErrorKind> {
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
    let value = crate::literal::float::parse(body);
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
                    let digit = self::digit(digit, 16).ok_or(ErrorKind::BadUnicodeEscape)?;
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

/// No byte above 127. Most strings are short: the last word overlaps the ones before.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let mut all = u64::from_le_bytes(*first) | u64::from_le_bytes(*last);
        if bytes.len() > 16 {
            for word in bytes.as_chunks::<8>().0 {
                all |= u64::from_le_bytes(*word);
            }
        }
        return all & HIGH == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return (u32::from_le_bytes(*first) | u32::from_le_bytes(*last)) & HIGH as u32 == 0;
    }
    let mut all = 0;
    for byte in bytes {
        all |= byte;
    }
    all < 0x80
}

/// Checks UTF-8 in which surrogates may stand as three bytes
/// (`surrogatepass`), and tells whether any do.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn utf8_surrogatepass(bytes: &[u8]) -> Result<bool, ErrorKind> {
    if is_ascii(bytes) { Ok(false) } else { utf8_slow(bytes) }
}

#[inline(never)]
fn utf8_slow(mut bytes: &[u8]) -> Result<bool, ErrorKind> {
    let mut surrogates = false;
    loop {
        match core::str::from_utf8(bytes) {
            Ok(_) => return Ok(surrogates),
            Err(error) => {
                let at = bytes.get(error.valid_up_to()..).unwrap_or_default();
                let [0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..] = at else { return Err(ErrorKind::BadUtf8) };
                surrogates = true;
                bytes = rest;
            }
        }
    }
}

/// Digits and sign that [`decimal`] may need: 64 bytes of number.
pub(crate) const DECIMAL_ROOM: usize = 156;

/// Two's complement without the bytes that only repeat the sign (`_PyLong_AsByteArray` in `save_long`).
pub(crate) fn minimal_twos_complement(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., below, top] = bytes
        && ((*top == 0 && below & 0x80 == 0) || (*top == 0xff && below & 0x80 != 0))
    {
        bytes = bytes.get(..rest.len() + 1).unwrap_or_default();
    }
    if bytes == [0] { &[] } else { bytes }
}

/// The decimal text of a small int. `room` is filled from its end.
pub(crate) fn decimal_i32(value: i32, room: &mut [u8; 11]) -> &[u8] {
    let mut left = value.unsigned_abs();
    let mut at = room.len();
    for slot in room.iter_mut().rev() {
        *slot = b'0' + (left % 10) as u8;
        left /= 10;
        at -= 1;
        if left == 0 {
            break;
        }
    }
    if value < 0 {
        at = at.saturating_sub(1);
        if let Some(slot) = room.get_mut(at) {
            *slot = b'-';
        }
    }
    room.get(at..).unwrap_or_default()
}

/// The decimal text of an int in two's complement, with the `L` behind it; `None` beyond 64 bytes.
///
/// Digits are doubled bit by bit: slow, but without a division of wide numbers.
pub(crate) fn decimal<'r>(bytes: &[u8], room: &'r mut [u8; DECIMAL_ROOM]) -> Option<&'r [u8]> {
    if bytes.len() > 64 {
        return None;
    }
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    // The magnitude, lowest byte first.
    let mut magnitude = [0u8; 65];
    let mut carry = u16::from(negative);
    for (i, slot) in magnitude.iter_mut().enumerate() {
        let fill = if negative { 0xff } else { 0 };
        let byte = bytes.get(i).copied().unwrap_or(fill);
        let value = u16::from(if negative { !byte } else { byte }) + carry;
        *slot = value as u8;
        carry = value >> 8;
    }
    let [digits @ .., suffix] = room;
    *suffix = b'L';
    digits.fill(0);
    let mut used = 1;
    for byte in magnitude.iter().rev() {
        for bit in (0..8).rev() {
            let mut carry = byte >> bit & 1;
            for digit in digits.iter_mut().rev().take(used) {
                let double = *digit * 2 + carry;
                carry = u8::from(double > 9);
                *digit = double - 10 * carry;
            }
            if carry != 0 {
                if let Some(digit) = digits.iter_mut().rev().nth(used) {
                    *digit = 1;
                }
                used += 1;
            }
        }
    }
    let mut at = digits.len().saturating_sub(used);
    for digit in digits.iter_mut().skip(at) {
        *digit += b'0';
    }
    if negative {
        at = at.saturating_sub(1);
        if let Some(slot) = digits.get_mut(at) {
            *slot = b'-';
        }
    }
    room.get(at..)
}

/// The module of Python's built-ins: before protocol 3, Python 2's (`fix_imports`).
pub(crate) fn builtins(protocol: u8) -> &'static str {
    if protocol < 3 { "__builtin__" } else { "builtins" }
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
