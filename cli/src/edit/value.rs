//! JSON as opcodes.

use serde_json::Value;

/// Levels of a value that is given on the command line.
const DEPTH: usize = 100;

/// The opcodes of a value, in a protocol. `None` where it nests too deeply, or a number is none.
pub(super) fn opcodes(value: &Value, protocol: u8) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    put(value, protocol, DEPTH, &mut out)?;
    Some(out)
}

fn put(value: &Value, protocol: u8, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Null => out.push(b'N'),
        Value::Bool(flag) if protocol >= 2 => out.push(if *flag { 0x88 } else { 0x89 }),
        Value::Bool(flag) => out.extend(if *flag { b"I01\n" } else { b"I00\n" }),
        Value::Number(number) => number_op(&number.to_string(), protocol, out)?,
        Value::String(text) => text_op(text, protocol, out)?,
        Value::Array(items) => {
            out.extend(if protocol >= 1 { &b"]"[..] } else { b"(l" });
            for item in items {
                put(item, protocol, depth, out)?;
                out.push(b'a');
            }
        }
        Value::Object(entries) => {
            out.extend(if protocol >= 1 { &b"}"[..] } else { b"(d" });
            for (key, value) in entries {
                text_op(key, protocol, out)?;
                put(value, protocol, depth, out)?;
                out.push(b's');
            }
        }
    }
    Some(())
}

fn number_op(text: &str, protocol: u8, out: &mut Vec<u8>) -> Option<()> {
    let is_int = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if !is_int {
        let float: f64 = text.parse().ok().filter(|float: &f64| float.is_finite())?;
        if protocol >= 1 {
            out.push(b'G');
            out.extend(float.to_be_bytes());
        } else {
            out.extend(format!("F{}\n", crate::print::pyrepr::float(float)).bytes());
        }
        return Some(());
    }
    match text.parse::<i32>() {
        Ok(small @ 0..=255) if protocol >= 1 => out.extend([b'K', small as u8]),
        Ok(small @ 256..=65_535) if protocol >= 1 => {
            out.push(b'M');
            out.extend((small as u16).to_le_bytes());
        }
        Ok(small) if protocol >= 1 => {
            out.push(b'J');
            out.extend(small.to_le_bytes());
        }
        Ok(small) => out.extend(format!("I{small}\n").bytes()),
        Err(_) => out.extend(format!("L{text}L\n").bytes()),
    }
    Some(())
}

fn text_op(text: &str, protocol: u8, out: &mut Vec<u8>) -> Option<()> {
    if protocol >= 4 && text.len() < 256 {
        out.extend([0x8c, text.len() as u8]);
        out.extend(text.bytes());
        return Some(());
    }
    if protocol >= 1 {
        out.push(b'X');
        out.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
        out.extend(text.bytes());
        return Some(());
    }
    // Raw-unicode-escape, as `_Pickler.save_str` of pickle.py writes it.
    out.push(b'V');
    for c in text.chars() {
        match u32::from(c) {
            code @ (0 | 0x0a | 0x0d | 0x1a | 0x5c) => out.extend(format!("\\u{code:04x}").bytes()),
            code @ 0..=0xff => out.push(code as u8),
            code @ ..=0xffff => out.extend(format!("\\u{code:04x}").bytes()),
            code => out.extend(format!("\\U{code:08x}").bytes()),
        }
    }
    out.push(b'\n');
    Some(())
}
