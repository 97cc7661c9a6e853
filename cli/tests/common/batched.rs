//! Lists of dicts, as CPython writes them: a thousand at a time.

/// A str.
pub fn text(text: &str, out: &mut Vec<u8>) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.bytes());
}

/// The list without what stands around it; `pairs` writes the keys and values of each row.
pub fn list(count: usize, pairs: &dyn Fn(usize, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = b"]".to_vec();
    for row in 0..count {
        if row % 1000 == 0 {
            out.push(b'(');
        }
        out.extend(b"}(");
        pairs(row, &mut out);
        out.push(b'u');
        if row % 1000 == 999 || row == count - 1 {
            out.push(b'e');
        }
    }
    out
}
