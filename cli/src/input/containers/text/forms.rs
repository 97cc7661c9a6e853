//! Forms that bytes have in text, as clients of databases, Python and mail write them. Each gives the bytes, or `None`
//! where a text is no such form.

use crate::input::reading::are_pickles;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A form.
pub(super) struct Form {
    /// The first kilobyte of a file may be the beginning of one.
    pub begins: fn(&[u8]) -> bool,
    /// The bytes.
    pub decode: fn(&[u8]) -> Option<Vec<u8>>,
}

/// All of them. What is decoded only counts where it reads as a pickle, so that it does no harm where two fit.
pub(super) const FORMS: &[Form] = &[
    Form { begins: begins_hex, decode: hex },
    Form { begins: begins_dump, decode: dump },
    Form { begins: begins_escaped, decode: escaped },
    Form { begins: begins_quoted_printable, decode: quoted_printable },
    Form { begins: begins_base64, decode: base64 },
    Form { begins: |_| false, decode: latin1 },
];

/// Bytes of text that must be there to be worth a try, where no prefix says what it is.
pub(super) const LEAST: usize = 16;

/// PROTO of protocols 2 to 5 or GLOBAL in hexadecimal or base64, which makes less text worth a try.
fn begins_for_sure(text: &[u8]) -> bool {
    let is_proto = matches!(text, [b'8', b'0', b'0', b'2'..=b'5', ..] | [b'g', b'A', b'I'..=b'X', ..]);
    is_proto || matches!(text, [b'6', b'3', ..] | [b'Y', b'w'..=b'z' | b'0'..=b'9' | b'+' | b'/', ..])
}

/// Long enough to be worth a try.
pub(super) fn is_long(text: &[u8]) -> bool {
    text.len() >= LEAST || begins_for_sure(text)
}

/// The text behind `0x` (MySQL), `\x` (PostgreSQL), `X'` (SQL), with what may stand around it, and whether there is such a
/// prefix.
pub(super) fn behind_prefix(text: &[u8]) -> (&[u8], bool) {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"_binary ").unwrap_or(text).trim_ascii();
    // PostgreSQL's COPY doubles the backslash.
    for prefix in [&b"0x"[..], b"0X", b"\\x", b"\\\\x"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return (rest, true);
        }
    }
    for (prefix, suffix) in [(&b"X'"[..], &b"'"[..]), (b"x'", b"'"), (b"'\\x", b"'"), (b"E'\\\\x", b"'")] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return (rest.strip_suffix(suffix).unwrap_or(rest), true);
        }
    }
    (text, false)
}

fn is_hex_text(byte: &u8) -> bool {
    byte.is_ascii_hexdigit() || byte.is_ascii_whitespace()
}

fn begins_hex(head: &[u8]) -> bool {
    let (digits, prefixed) = behind_prefix(head);
    (prefixed || is_long(digits)) && digits.iter().all(is_hex_text)
}

/// Digits in pairs, blanks and line ends between them.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let (digits, prefixed) = behind_prefix(text);
    if !prefixed && !is_long(digits) {
        return None;
    }
    pairs(digits)
}

/// Digits in pairs.
pub(super) fn pairs(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for &byte in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let digit = char::from(byte).to_digit(16)? as u8;
        match high.take() {
            Some(high) => bytes.push(high << 4 | digit),
            None => high = Some(digit),
        }
    }
    if high.is_some() || bytes.is_empty() { None } else { Some(bytes) }
}

fn begins_dump(head: &[u8]) -> bool {
    dump_line(head.split(|&byte| byte == b'\n').next().unwrap_or_default()).is_some_and(|line| line.is_some())
}

/// The bytes of a dump, as `xxd`, `hexdump -C` and `od -A x -t x1` write it.
fn dump(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        // A line that repeats is left out by hexdump and od, and only the next offset would tell how often.
        if line == b"*" {
            return None;
        }
        if !line.is_empty() {
            bytes.extend(dump_line(line)?.unwrap_or_default());
        }
    }
    if bytes.is_empty() { None } else { Some(bytes) }
}

/// The bytes of a line; none of the last one, which has only an offset.
fn dump_line(line: &[u8]) -> Option<Option<Vec<u8>>> {
    let line = line.trim_ascii();
    let len = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (_, rest) = line.split_at_checked(len).filter(|_| (6..=16).contains(&len))?;
    if rest.is_empty() {
        return Some(None);
    }
    let rest = rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" ")?;
    // What follows two blanks shows the same as text; hexdump has two in the middle as well, and bars around the text.
    let rest = match rest.iter().position(|&byte| byte == b'|') {
        Some(at) => rest.get(..at)?.trim_ascii(),
        None => {
            let end = rest.windows(2).skip(1).position(|pair| pair == b"  ").map_or(rest.len(), |at| at + 1);
            rest.get(..end)?.trim_ascii()
        }
    };
    pairs(rest).map(Some)
}

/// What opens and closes a string.
pub(super) fn unquoted(text: &[u8]) -> Option<&[u8]> {
    let mut text = text.trim_ascii();
    for (open, close) in [(&b"bytearray("[..], &b")"[..]), (b"memoryview(", b")"), (b"_binary ", b"")] {
        if let Some(rest) = text.strip_prefix(open) {
            text = rest.strip_suffix(close)?.trim_ascii();
        }
    }
    let text = match text {
        [b'b' | b'B' | b'u' | b'E', rest @ ..] if rest.starts_with(b"'") || rest.starts_with(b"\"") => rest,
        _ => text,
    };
    let (&quote, rest) = text.split_first().filter(|(quote, _)| matches!(quote, b'\'' | b'"'))?;
    rest.strip_suffix(&[quote])
}

fn begins_escaped(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let strings =
        [&b"'"[..], b"\"", b"b'", b"b\"", b"B'", b"u'\\x", b"bytearray(", b"_binary ", b"memoryview(", b"1) \""];
    strings.iter().any(|start| head.starts_with(start)) || matches!(head, [b'\\', b'x' | b'0'..=b'3', ..])
}

/// Escapes of Python, redis-cli, MySQL and PostgreSQL, in quotes or not.
fn escaped(text: &[u8]) -> Option<Vec<u8>> {
    // MySQL knows no octal numbers: what follows a zero is a character.
    let octal = !text.trim_ascii_start().starts_with(b"_binary");
    let text = match unquoted(text) {
        // What ends before is several strings.
        Some(inner) if !is_one_string(text, inner) => return None,
        Some(inner) => inner,
        None if text.starts_with(b"\\") => text,
        // Protocols 0 and 1 begin with plain characters; without escapes a pickle of several lines would have them.
        None if text.contains(&b'\\') && !text.contains(&b'\n') => text,
        None => return None,
    };
    unescape(text, octal)
}

/// The quote that opens the text does not close it before its end.
fn is_one_string(text: &[u8], inner: &[u8]) -> bool {
    let quote = text.trim_ascii_end().last().copied().filter(|quote| *quote != b')').or_else(|| {
        // bytearray('..')
        text.trim_ascii_end().strip_suffix(b")").and_then(|text| text.trim_ascii_end().last().copied())
    });
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        rest = if byte == b'\\' { after.get(1..).unwrap_or_default() } else { after };
        if byte != b'\\' && Some(byte) == quote {
            return false;
        }
    }
    true
}

/// The strings of a line of `redis-cli --csv`, with their quotes; `None` where it is no such line.
pub(super) fn strings(line: &[u8]) -> Option<Vec<&[u8]>> {
    let mut strings = Vec::new();
    let mut rest = line.trim_ascii();
    loop {
        let inner = rest.strip_prefix(b"\"")?;
        let mut is_escaped = false;
        let end = inner.iter().position(|&byte| {
            let closes = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            closes
        })?;
        let (string, after) = rest.split_at_checked(end + 2)?;
        strings.push(string);
        match after.split_first() {
            None => return Some(strings),
            Some((b',', after)) => rest = after.trim_ascii_start(),
            Some(_) => return None,
        }
    }
}

fn unescape(text: &[u8], octal: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&code, after) = rest.split_first()?;
        rest = after;
        bytes.push(match code {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'v' => 11,
            b'f' => 12,
            // MySQL.
            b'Z' => 26,
            b'\\' | b'\'' | b'"' => code,
            b'x' => number(&mut rest, 2, 16)?,
            // JSON and Python have it for characters, which stand for bytes here.
            b'u' => number(&mut rest, 4, 16)?,
            b'0'..=b'3'
                if octal && rest.get(..2).is_some_and(|digits| digits.iter().all(|d| matches!(d, b'0'..=b'7'))) =>
            {
                (code - b'0') << 6 | number(&mut rest, 2, 8)?
            }
            b'0' => 0,
            // The line goes on.
            b'\n' => continue,
            _ => return None,
        });
    }
    Some(bytes)
}

/// So many digits, as a byte.
fn number(rest: &mut &[u8], digits: usize, radix: u32) -> Option<u8> {
    let (text, after) = rest.split_at_checked(digits)?;
    *rest = after;
    u8::try_from(u32::from_str_radix(str::from_utf8(text).ok()?, radix).ok()?).ok()
}

fn begins_quoted_printable(head: &[u8]) -> bool {
    matches!(head.trim_ascii_start(), [b'=', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

/// RFC 2045, 6.7.
fn quoted_printable(text: &[u8]) -> Option<Vec<u8>> {
    if !begins_quoted_printable(text) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'=' if rest.starts_with(b"\r\n") => rest = rest.get(2..)?,
            b'=' if rest.starts_with(b"\n") => rest = rest.get(1..)?,
            b'=' => bytes.push(number(&mut rest, 2, 16)?),
            _ => bytes.push(byte),
        }
    }
    Some(bytes)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Base64, perhaps with a signature behind it: what is no pickle of protocol 0, which has several lines.
fn begins_base64(head: &[u8]) -> bool {
    let text = head.trim_ascii_end();
    is_long(text) && text.iter().all(|&b| is_base64(b) || matches!(b, b'=' | b':' | b'.'))
}

/// Standard or for URLs, padded or not, with line breaks. Django: a dot tells of compression, signatures follow behind
/// colons (`django.core.signing.dumps`).
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if is_long(text) { base64_of_any_length(text) } else { None }
}

/// The same, however short.
pub(super) fn base64_of_any_length(text: &[u8]) -> Option<Vec<u8>> {
    let signed = text.strip_prefix(b".").unwrap_or(text);
    let first = signed.split(|&b| b == b':').next().unwrap_or_default();
    let mut lines = first.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    // Without padding, each of several pickles that are lines ends where its line does.
    let is_open = |line: &[u8]| !line.len().is_multiple_of(4);
    let each_line = lines.clone().filter(|line| !line.is_empty()).nth(1).is_some() && lines.clone().any(is_open);
    match all_base64(first) {
        Some(bytes) if !each_line || are_pickles(&bytes) => Some(bytes),
        joined => {
            let lines = lines.try_fold(Vec::new(), |mut bytes, line| {
                bytes.extend(all_base64(line)?);
                Some(bytes)
            });
            lines.filter(|bytes| each_line && are_pickles(bytes)).or(joined)
        }
    }
}

/// Base64 with its line breaks. Behind padding another one begins.
fn all_base64(text: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
    let (mut plain, mut all) = (Vec::with_capacity(text.len()), Vec::new());
    let mut bytes = text.iter().peekable();
    while let Some(&byte) = bytes.next() {
        match byte {
            // A line break, as the mysql client prints that of TO_BASE64.
            b'\\' if bytes.next_if(|&&next| next == b'n').is_some() => {}
            b'-' => plain.push(b'+'),
            b'_' => plain.push(b'/'),
            b'\r' | b'\n' => {}
            // At the end of a line, or nowhere.
            b'=' if bytes.peek().is_some_and(|next| !matches!(next, b'=' | b'\r' | b'\n' | b'\\')) => return None,
            b'=' => {
                engine.decode_vec(&plain, &mut all).ok()?;
                plain.clear();
            }
            _ if is_base64(byte) => plain.push(byte),
            _ => return None,
        }
    }
    engine.decode_vec(plain, &mut all).ok()?;
    Some(all)
}

/// Characters of JSON that stand for bytes: U+0080 begins the pickle.
fn latin1(text: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(text).ok().filter(|text| text.starts_with('\u{80}'))?;
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"\x80\x04\x95\x0f\0\0\0\0\0\0\0}\x94\x8c\x04it's\x94K\x03\"\n.";

    fn decode(text: &str) -> Vec<Vec<u8>> {
        let text = text.as_bytes();
        FORMS.iter().filter(|form| (form.begins)(text)).filter_map(|form| (form.decode)(text)).collect()
    }

    #[track_caller]
    fn check(text: &str) {
        assert!(decode(text).iter().any(|bytes| bytes == BYTES), "{text}: {:?}", decode(text));
    }

    #[test]
    fn every_form() {
        let digits: String = BYTES.iter().map(|byte| format!("{byte:02x}")).collect();
        check(&digits);
        check(&digits.to_uppercase());
        check(&format!("{}\n{}\n", &digits[..30], &digits[30..]));
        for (before, after) in
            [("0x", ""), ("\\x", "\n"), ("X'", "'"), ("_binary 0x", ""), ("\\\\x", ""), ("'\\x", "'")]
        {
            check(&format!("{before}{digits}{after}"));
        }
        let hexes: String = BYTES.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        for (before, after) in [("\"", "\"\n"), ("'", "'"), ("b'", "'"), ("bytearray(b'", "')"), ("_binary '", "'")] {
            check(&format!("{before}{hexes}{after}"));
        }
        check(&hexes);
        check(r#"b'\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x04it\'s\x94K\x03"\n.'"#);
        check(r#""\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x04it's\x94K\x03\"\n.""#);
        check(r#"\200\004\225\017\000\000\000\000\000\000\000}\224\214\004it's\224K\003"\012."#);
        check("=80=04=95=0F=00=00=00=00=00=00=\r\n=00}=94=8C=04it's=94K=03\"=0A.");
        check("gASVDwAAAAAAAAB9lIwEaXQnc5RLAyIKLg==");
        // Several lines are told from protocol 0 by how they begin.
        assert_eq!(base64(b"gASVDwAAAAAAAAB9\nlIwEaXQnc5RLAyIKLg").as_deref(), Some(BYTES));
        let mut xxd = String::new();
        let mut hexdump = String::new();
        for (line, bytes) in BYTES.chunks(16).enumerate() {
            let text: String = bytes.iter().map(|&b| if b.is_ascii_graphic() { char::from(b) } else { '.' }).collect();
            let pairs: Vec<String> =
                bytes.chunks(2).map(|pair| pair.iter().map(|b| format!("{b:02x}")).collect()).collect();
            xxd += &format!("{:08x}: {:<39}  {text}\n", line * 16, pairs.join(" "));
            let singles: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
            let (first, second) = singles.split_at(singles.len().min(8));
            hexdump += &format!("{:08x}  {}  {}  |{text}|\n", line * 16, first.join(" "), second.join(" "));
        }
        check(&xxd);
        hexdump += &format!("{:08x}\n", BYTES.len());
        check(&hexdump);
    }

    #[test]
    fn what_is_none() {
        for text in ["", "0x", "\\x8", "b'\\x8", "'abc", "00000000: 80zz", "=8", "0x800", "\\q", "\"\\u0100\""] {
            assert!(decode(text).iter().all(|bytes| bytes.is_empty()), "{text}: {:?}", decode(text));
        }
    }
}
