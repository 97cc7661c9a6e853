//! Arguments that are text: ints, memo indexes, strings with escapes.

use super::{Shape, Slot};
use crate::survey::globals::cut;
use pickle_core::Arg;

/// The code of a dtype, such as `f8`, `U10` or `O8`.
pub(super) fn code(code: &[u8]) -> Slot {
    let digits = code.iter().skip_while(|byte| !byte.is_ascii_digit()).take_while(|byte| byte.is_ascii_digit());
    let item_len = digits.fold(0u64, |n, digit| n.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Slot::Code { item_len, objects: code.first() == Some(&b'O') }
}

pub(super) fn text_int(arg: Arg<'_>) -> Slot {
    match arg {
        Arg::Text(b"00" | b"01") => Slot::Plain(Shape::Bool),
        Arg::Text(text) => {
            let text = std::str::from_utf8(text).unwrap_or_default().trim().trim_end_matches('L');
            text.parse().map_or(Slot::Plain(Shape::Int), Slot::Int)
        }
        _ => Slot::Plain(Shape::Int),
    }
}

pub(super) fn long(bytes: &[u8]) -> Slot {
    let mut wide = match bytes.last() {
        Some(last) if last & 0x80 != 0 => [0xff; 8],
        _ => [0; 8],
    };
    match wide.get_mut(..bytes.len()) {
        Some(low) => low.copy_from_slice(bytes),
        None => return Slot::Plain(Shape::Int),
    }
    Slot::Int(i64::from_le_bytes(wide))
}

/// STRING's quotes off.
pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    match text.trim_ascii_end() {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        _ => text,
    }
}

/// Escapes that can stand for letters of a name: `\x41`, `\u0041`, `\U00000041`.
pub(super) fn unescaped(text: &[u8], kinds: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = cut(text);
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let escape = tail.first().filter(|kind| byte == b'\\' && kinds.contains(kind));
        let digits = match escape {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(_) => 8,
            None => 0,
        };
        let hex = tail.get(1..1 + digits).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| digits != 0).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = tail.get(1 + digits..).unwrap_or_default();
            }
            // Not ASCII is Latin-1 in a UNICODE, and of no matter in a STRING.
            None if byte >= 0x80 => out.extend_from_slice(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.push(byte),
        }
    }
    out
}
