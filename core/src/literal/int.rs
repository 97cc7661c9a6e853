//! Ints as text, and memo indices.
//!
//! The rules are those of `_pickle.c` and of the functions that it calls (`strtol`, `PyLong_FromString`).

use crate::error::ErrorKind;
use crate::options::TextInts;

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

/// Sign, radix and digits of an int that is text.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Digits, Heap, Options, Unpickler};
///
/// // pickle.dumps(-(1 << 64), 0)
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"L-18446744073709551616L\n.")?;
/// let digits = document.root().as_big_int().and_then(|int| int.digits()).unwrap();
/// assert_eq!(digits, Digits { negative: true, radix: 10, digits: b"18446744073709551616" });
/// assert_eq!((digits.to_i64(), digits.to_i128()), (None, Some(-(1 << 64))));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits<'t> {
    /// Below zero.
    pub negative: bool,
    /// 2, 8, 10 or 16.
    pub radix: u8,
    /// ASCII digits of that radix; underscores may stand between them.
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

pub(super) fn sign(text: &[u8]) -> (bool, &[u8]) {
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

/// Digits and sign that [`decimal`] may need: 64 bytes of number.
pub(crate) const DECIMAL_ROOM: usize = 156;

/// The value of two's complement, little-endian, where 64 bits hold it, however many bytes it takes: a long may have more
/// than it needs (`_PyLong_FromByteArray`).
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn from_twos_complement(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return from_padded(bytes);
    }
    let mut value = match bytes.last() {
        Some(&top) if top & 0x80 != 0 => -1i64,
        _ => 0,
    };
    for &byte in bytes.iter().rev() {
        value = value << 8 | i64::from(byte);
    }
    Some(value)
}

#[inline(never)]
fn from_padded(bytes: &[u8]) -> Option<i64> {
    let bytes = minimal_twos_complement(bytes);
    if bytes.len() > 8 { None } else { from_twos_complement(bytes) }
}

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
