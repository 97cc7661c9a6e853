//! Arguments in short, as text. `core::fmt` would bring its panics into archives that promise none.

use heapless::String;

/// Arguments in short.
pub(crate) type Short = String<120>;

/// Adds a number; all of its digits, or nothing.
pub(crate) fn push_int(text: &mut Short, n: i32) {
    let mut digits = String::<11>::new();
    let (mut rest, mut power) = (n.unsigned_abs(), 1_000_000_000u32);
    if n < 0 {
        let _ = digits.push('-');
    }
    while power > 0 {
        let digit = rest / power;
        rest -= digit * power;
        if digit > 0 || power == 1 || digits.as_bytes().last().is_some_and(u8::is_ascii_digit) {
            let _ = digits.push(char::from(b'0' + (digit & 15) as u8));
        }
        power /= 10;
    }
    let _ = text.push_str(&digits);
}

/// Adds a byte of a string: what is not printable ASCII, or would end the string, as `\xNN`.
pub(crate) fn push_byte(text: &mut Short, byte: u8) {
    if !matches!(byte, b'\'' | b'\\' | 0..32 | 127..) {
        let _ = text.push(char::from(byte));
        return;
    }
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    let mut escape = String::<4>::new();
    let _ = escape.push_str("\\x");
    let _ = escape.push(digit(byte >> 4)).and_then(|()| escape.push(digit(byte & 15)));
    let _ = text.push_str(&escape);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard_formatter() {
        for n in [0, 1, -1, 9, 10, 255, 256, -65536, i32::MAX, i32::MIN] {
            let mut text = Short::new();
            push_int(&mut text, n);
            assert_eq!(text.as_str(), alloc::format!("{n}"));
        }
    }

    #[test]
    fn bytes_are_escaped_whole_or_left_out() {
        let mut text = Short::new();
        for byte in 0..=255u8 {
            text.clear();
            push_byte(&mut text, byte);
            let plain = (32..127).contains(&byte) && byte != b'\'' && byte != b'\\';
            let wanted = if plain { alloc::format!("{}", char::from(byte)) } else { alloc::format!("\\x{byte:02x}") };
            assert_eq!(text.as_str(), wanted);
        }
        text.clear();
        while text.len() < 118 {
            let _ = text.push('a');
        }
        push_byte(&mut text, 0);
        push_int(&mut text, -12);
        assert_eq!(text.len(), 118);
    }
}
