//! JSON strings and numbers, written without holding them.

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use std::io::{self, Write};

/// A JSON string.
pub fn string(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 | 0x7f => &[],
            _ => continue,
        };
        out.write_all(text.as_bytes().get(from..at).unwrap_or_default())?;
        if escape.is_empty() {
            write!(out, "\\u{byte:04x}")?
        } else {
            out.write_all(escape)?
        }
        from = at + 1;
    }
    out.write_all(text.as_bytes().get(from..).unwrap_or_default())?;
    out.write_all(b"\"")
}

/// UTF-8 that needs no escape, and is no lone surrogate. (A few Korean syllables begin as those do: they take longer.)
pub fn stands_as_it_is(utf8: &[u8]) -> bool {
    // Without a way out of the middle, several bytes are looked at in one step.
    let special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (byte == 0x7f) | (byte == 0xed);
    !utf8.iter().fold(false, |any, &byte| any | special(byte))
}

/// Bytes as a JSON string of base64, whatever piece they come in.
pub fn base64(out: &mut dyn Write, bytes: impl Iterator<Item = u8>) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut encoder = EncoderWriter::new(&mut *out, &STANDARD);
    let mut piece = Vec::with_capacity(3072);
    for byte in bytes {
        piece.push(byte);
        if piece.len() == 3072 {
            encoder.write_all(&piece)?;
            piece.clear();
        }
    }
    encoder.write_all(&piece)?;
    encoder.finish()?;
    drop(encoder);
    out.write_all(b"\"")
}

/// A float as JSON has it, or as a string where JSON has none.
pub fn float(value: f64) -> String {
    if value.is_finite() {
        return crate::print::pyrepr::float(value);
    }
    let name = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    format!("\"{name}\"")
}

/// The largest int that every JSON reader keeps exactly.
pub const SAFE_INT: u64 = 1 << 53;

/// A signed int as a number, or as a string beyond 2^53.
pub fn int(value: i64) -> String {
    if value.unsigned_abs() <= SAFE_INT { value.to_string() } else { format!("\"{value}\"") }
}
