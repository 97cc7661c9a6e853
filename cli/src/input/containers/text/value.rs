//! A value of a database that is the text of a pickle, and nothing else.

use super::{forms, is_packed, wrapped};
use crate::input::reading::{Reading, are_pickles};

/// A value is the text of pickles and of nothing else, or of compressed ones. Of a pickle that is not there by chance it does
/// not matter what follows, as it does not to who loads it.
pub(in crate::input::containers) fn is_value(text: &[u8]) -> bool {
    wrapped(text.trim_ascii()).is_some_and(|bytes| {
        let (reading, count) = Reading::counted(&bytes);
        let is_long = matches!(reading, Reading::Whole(len) if len >= forms::LEAST);
        // An opcode and STOP around any bytes are found in one of a few million random numbers.
        let is_clear = matches!(bytes.first(), Some(0x80 | b'c')) || count > 2;
        is_clear && (is_long || are_pickles(&bytes)) || is_packed(&bytes)
    })
}

/// The first bytes of a value may be those of a text that is one: what they stand for reads on as a pickle or begins as
/// compressed data does.
pub(in crate::input::containers) fn may_be_value(head: &[u8]) -> bool {
    // Sessions of Django of old begin with a hash in hexadecimal.
    let is_hashed = |bytes: &[u8]| bytes.get(..32).is_some_and(|hash| hash.iter().all(u8::is_ascii_hexdigit));
    let is_one = |bytes: Vec<u8>| {
        is_packed(&bytes) || is_hashed(&bytes) || !bytes.is_empty() && Reading::of(&bytes) != Reading::Not
    };
    beginnings(head).into_iter().flatten().any(is_one)
}

/// What the beginning of a text stands for in hexadecimal and in base64, as far as it can be told; `None` where it is not
/// that.
fn beginnings(head: &[u8]) -> [Option<Vec<u8>>; 2] {
    let head = head.trim_ascii_start();
    let whole = |text: &[u8], of: usize| {
        let mut text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        text.truncate(text.len() / of * of);
        text
    };
    let (digits, prefixed) = forms::behind_prefix(head);
    let hex = (prefixed || forms::is_long(digits)).then(|| forms::pairs(&whole(digits, 2))).flatten();
    let text = head.strip_prefix(b".").unwrap_or(head);
    let text = text.split(|&byte| matches!(byte, b':' | b'=')).next().unwrap_or_default();
    let base64 = forms::is_long(head).then(|| forms::base64_of_any_length(&whole(text, 4))).flatten();
    [hex, base64]
}
