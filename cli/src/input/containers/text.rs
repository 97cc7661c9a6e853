//! Pickles in text: base64, signed sessions of Django, messages in JSON.

use super::{Data, Member};
use crate::input::Input;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use std::io::Cursor;

/// Bytes of text that must be there to be worth a try.
const LEAST: usize = 16;

/// Text that may be base64 with a signature: what is no pickle of protocol 0, which has several lines.
pub(super) fn is_wrapped(head: &[u8]) -> bool {
    let text = head.trim_ascii_end();
    text.len() >= LEAST && text.iter().all(|&b| is_base64(b) || matches!(b, b'=' | b':' | b'.'))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The pickles in a text, with what was wrapped around them undone.
pub(super) fn pickles(text: &[u8]) -> Vec<Member> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if let Some(b'{' | b'[') = text.first() {
        return match serde_json::from_slice(text) {
            Ok(value) => in_json(&value),
            Err(_) => Vec::new(),
        };
    }
    wrapped(text).map(|bytes| Member { name: String::new(), data: Data::Memory(bytes) }).into_iter().collect()
}

/// The pickle in one string.
fn wrapped(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() < LEAST {
        return None;
    }
    // Django: a dot tells of compression, signatures follow behind colons (`django.core.signing.dumps`).
    let signed = text.strip_prefix(b".").unwrap_or(text);
    let first = signed.split(|&b| b == b':').next().unwrap_or_default();
    let bytes = decode(first)?;
    // Sessions of old: a hash in hexadecimal, a colon, the pickle.
    let hashed = bytes.iter().position(|&b| b == b':').and_then(|at| {
        let (hash, rest) = bytes.split_at_checked(at)?;
        if hash.len() >= 32 && hash.iter().all(u8::is_ascii_hexdigit) { rest.get(1..) } else { None }
    });
    let found = hashed.unwrap_or(&bytes);
    // Plain words are base64 as well: only what reads as a pickle counts.
    let input = Input::from_reader("", Cursor::new(found.to_vec())).ok()?;
    if super::is_pickle(input) { Some(found.to_vec()) } else { None }
}

/// Standard or for URLs, padded or not, with line breaks.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'-' => plain.push(b'+'),
            b'_' => plain.push(b'/'),
            b'\r' | b'\n' => {}
            b'=' => {}
            _ if is_base64(byte) => plain.push(byte),
            _ => return None,
        }
    }
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, config).decode(plain).ok()
}

/// The pickles in the strings of a JSON document, each named by its path.
fn in_json(root: &Value) -> Vec<Member> {
    let mut found = Vec::new();
    let mut stack = vec![(String::new(), root)];
    while let Some((path, value)) = stack.pop() {
        match value {
            Value::String(text) => {
                if let Some(bytes) = wrapped(text.as_bytes()) {
                    found.push(Member { name: path, data: Data::Memory(bytes) });
                }
            }
            Value::Array(items) => {
                stack.extend(items.iter().enumerate().map(|(i, item)| (format!("{path}/{i}"), item)).rev());
            }
            Value::Object(entries) => {
                stack.extend(entries.iter().map(|(key, item)| (format!("{path}/{key}"), item)).rev());
            }
            _ => {}
        }
    }
    found
}
