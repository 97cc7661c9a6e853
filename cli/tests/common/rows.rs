//! Pickles of rows, of any length.

/// A list of dicts of two entries, in batches of a thousand.
pub fn rows(count: u32) -> Vec<u8> {
    let mut out = b"\x80\x02]".to_vec();
    for row in 0..count {
        if row % 1000 == 0 {
            out.push(b'(');
        }
        out.extend(b"}(X\x01\0\0\0iJ");
        out.extend(row.to_le_bytes());
        out.extend(b"X\x01\0\0\0tX\x02\0\0\0xyu");
        if row % 1000 == 999 || row + 1 == count {
            out.push(b'e');
        }
    }
    out.push(b'.');
    out
}
