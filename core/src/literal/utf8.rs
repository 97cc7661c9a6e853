//! ASCII and UTF-8 checks.

use crate::error::ErrorKind;

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

/// The byte is among these. On small machines the standard library's search costs more flash than it is worth.
#[allow(clippy::manual_contains)] // It is the search that is meant.
pub(crate) fn has(bytes: &[u8], byte: u8) -> bool {
    if cfg!(target_pointer_width = "64") { bytes.contains(&byte) } else { bytes.iter().any(|&one| one == byte) }
}
