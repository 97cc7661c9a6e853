//! Pickles anywhere in a text: in the statements of a dump of SQL, in lines of a log, in YAML, in what `\G` of mysql prints.

use super::forms;
use super::{Found, wrapped};
use crate::survey::symbols::Symbols;
use pickle_core::{Decoder, Step};

/// Bytes that a pickle in prose has at least: plain words and numbers are hexadecimal and base64, too.
const LEAST: usize = 12;

/// What statements of SQL begin with.
const SQL: [&str; 13] = [
    "--", "/*", "INSERT ", "CREATE ", "SET ", "BEGIN ", "BEGIN;", "PRAGMA ", "DROP ", "LOCK ", "COPY ", "REPLACE ",
    "UPDATE ",
];

/// A dump of SQL, which may have bytes as they are in it.
pub(super) fn begins_as_sql(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let is = |word: &&str| head.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
    SQL.iter().any(is) && !is_pickle_text(head)
}

/// The text reads on as opcodes of protocol 0 and 1, as far as it goes: it is no prose.
pub(super) fn is_pickle_text(head: &[u8]) -> bool {
    let mut decoder = Decoder::new();
    let mut symbols = Symbols::default();
    let mut rest = head;
    loop {
        let here = head.len() - rest.len();
        match decoder.next(&mut rest) {
            Ok(Step::Op(op)) if symbols.apply(&op).is_ok() => {
                // A sentence that begins with I or c is none.
                let argument = head.get(here..head.len() - rest.len()).unwrap_or_default().trim_ascii_end();
                if b"ILFSpgci".contains(&op.opcode.byte()) && !may_go_on(argument) {
                    return false;
                }
            }
            Ok(Step::End) => return true,
            Ok(Step::NeedMore | Step::Fragment(_)) => return may_go_on(head.get(here..).unwrap_or_default()),
            _ => return false,
        }
    }
}

/// The opcode that is cut off here can be one of a text, and its argument goes on as such do.
fn may_go_on(rest: &[u8]) -> bool {
    let Some((code, argument)) = rest.split_first() else { return true };
    match code {
        b'I' | b'L' | b'F' => argument.iter().all(|byte| byte.is_ascii_digit() || b"+-.eELinfa".contains(byte)),
        b'p' | b'g' => argument.iter().all(u8::is_ascii_digit),
        b'S' => matches!(argument.first(), None | Some(b'\'' | b'"')),
        b'c' | b'i' => is_dotted(argument),
        b'V' | b'P' => true,
        // Arguments of a length in bytes are of no text.
        _ => false,
    }
}

/// Names with dots, or two of them on lines.
fn is_dotted(name: &[u8]) -> bool {
    name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_.<>\n\r".contains(&byte))
}

/// The pickles in a text, named by their lines; those of one line by `LINE/N`.
pub(super) fn pickles(text: &[u8]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut lines = text.split(|&byte| byte == b'\n').zip(1usize..).peekable();
    while let Some((line, number)) = lines.next() {
        let before = found.len();
        // Base64 of several lines, perhaps indented.
        if is_base64_line(line) {
            let mut block = line.trim_ascii().to_vec();
            while let Some((more, _)) = lines.next_if(|(more, _)| is_base64_part(more)) {
                block.push(b'\n');
                block.extend_from_slice(more.trim_ascii());
            }
            found.extend(pickle(&block, number.to_string()));
            continue;
        }
        for literal in literals(line) {
            found.extend(pickle(literal, number.to_string()));
        }
        if found.len() > before + 1 {
            let several = found.get_mut(before..).unwrap_or_default();
            several.iter_mut().zip(1..).for_each(|(found, nth)| found.name = format!("{number}/{nth}"));
        }
    }
    found
}

fn pickle(text: &[u8], name: String) -> Option<Found> {
    if text.len() < LEAST || !may_be_pickle(text) {
        return None;
    }
    // What is in quotes may be base64 or hexadecimal.
    let inner = || {
        let inner = forms::unquoted(text).filter(|inner| !inner.contains(&b'\\'))?;
        Some((inner, wrapped(inner)?))
    };
    let (text, bytes) = wrapped(text).map(|bytes| (text, bytes)).or_else(inner)?;
    if bytes.len() < LEAST || !is_whole(&bytes) {
        return None;
    }
    Some(Found { name, text: text.to_vec(), bytes: Some(bytes), is_json: false })
}

/// Every byte is of a pickle, or it is compressed.
fn is_whole(bytes: &[u8]) -> bool {
    if !matches!(bytes.first(), Some(0x80 | b'(' | b']' | b'}' | b'c' | b')')) {
        return matches!(bytes, [0x1f, 0x8b, ..] | [0x78, ..] | [b'B', b'Z', b'h', ..] | [0x28, 0xb5, ..] | [0xfd, ..]);
    }
    let mut decoder = Decoder::new();
    let mut rest = bytes;
    loop {
        match decoder.next(&mut rest) {
            Ok(Step::Op(_)) => {}
            Ok(Step::End) if rest.is_empty() => return true,
            Ok(Step::End) => decoder.next_pickle(),
            _ => return false,
        }
    }
}

/// A quick look at what is tried: hexadecimal in pairs, base64, escapes.
fn may_be_pickle(text: &[u8]) -> bool {
    let inner = forms::unquoted(text).unwrap_or(text);
    let (_, prefixed) = forms::behind_prefix(text);
    if prefixed || inner.iter().any(|&byte| byte == b'\\' || byte >= 0x80) {
        return true;
    }
    // What their first characters stand for begins a pickle, or what is compressed.
    let pair = inner.get(..2).and_then(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    let is_hex = matches!(pair, Some(0x80 | b'(' | b']' | b'}' | b'c' | b')' | 0x1f | 0x78 | b'B' | 0xfd))
        && inner.len().is_multiple_of(2)
        && inner.iter().all(u8::is_ascii_hexdigit);
    is_hex
        || inner.first().is_some_and(|first| b"gKXfYHeQ/.".contains(first))
            && inner.iter().all(|&byte| is_base64(byte) || matches!(byte, b'\n' | b':' | b'.'))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// Long enough to be broken into lines.
fn is_base64_line(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() >= 60 && is_base64_part(line)
}

fn is_base64_part(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    // `key=gAR..` is none.
    let text = line.strip_suffix(b"==").or(line.strip_suffix(b"=")).unwrap_or(line);
    !text.is_empty() && text.iter().all(|&byte| is_base64(byte) && byte != b'=')
}

/// Strings in quotes with what stands before them, and words, of one line.
fn literals(line: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let rest = line.get(at..).unwrap_or_default();
        let prefix = [&b"_binary "[..], b"X", b"x", b"b", b"B", b"E", b"u"]
            .into_iter()
            .find(|prefix| rest.starts_with(prefix) && matches!(rest.get(prefix.len()), Some(b'\'' | b'"')));
        let before = prefix.map_or(0, <[u8]>::len);
        let is_word_before = at.checked_sub(1).and_then(|at| line.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        if (!is_word_before || before == 0) && matches!(rest.get(before), Some(b'\'' | b'"')) {
            match string_len(rest.get(before..).unwrap_or_default()) {
                Some(len) => {
                    all.extend(rest.get(..before + len));
                    at += before + len;
                }
                None => at += before + 1,
            }
            continue;
        }
        if is_base64(byte) || byte == b'\\' {
            let len = rest.iter().take_while(|&&byte| is_base64(byte) || matches!(byte, b'\\' | b'.' | b':')).count();
            let word = rest.get(..len).unwrap_or_default();
            // `data=gAR...`, `payload: 8004...`.
            let begin = word.iter().rposition(|&byte| byte == b':').map_or(0, |at| at + 1);
            let value = word.get(begin..).unwrap_or_default();
            let value = match value.iter().position(|&byte| byte == b'=') {
                Some(at) if value.get(at + 1..).is_some_and(|rest| rest.len() > 2) => value.get(at + 1..),
                _ => Some(value),
            };
            all.extend(
                value.map(|value| value.strip_suffix(b".").unwrap_or(value)).filter(|value| value.len() >= LEAST),
            );
            at += len.max(1);
            continue;
        }
        at += 1;
    }
    all
}

/// The bytes of a string with its quotes: a backslash or a second quote keeps it open.
fn string_len(text: &[u8]) -> Option<usize> {
    let (&quote, mut rest) = text.split_first()?;
    loop {
        match rest {
            [b'\\', _, after @ ..] => rest = after,
            [first, ..] if *first == quote => return Some(text.len() - rest.len() + 1),
            [_, after @ ..] => rest = after,
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "80045d2894284b014b024b034b0465652e";

    fn names(text: &str) -> Vec<String> {
        pickles(text.as_bytes()).into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn literals_of_every_kind() {
        let hex: String = HEX.into();
        let pickle = "80045d94284b014b024b034b04652e".to_owned();
        assert_eq!(names(&format!("INSERT INTO t VALUES(1,X'{pickle}');")), ["1"]);
        assert_eq!(names(&format!("a\nINSERT INTO t VALUES(1,0x{pickle}),(2,'\\x{pickle}');")), ["2/1", "2/2"]);
        assert_eq!(names(&format!("2024-01-01 INFO payload={pickle} ok")), ["1"]);
        assert_eq!(names("x b'\\x80\\x04]\\x94(K\\x01K\\x02K\\x03K\\x04e.' y"), ["1"]);
        assert_eq!(names("id: 1\ndata: gARdlChLAUsCSwNLBGUu\n"), ["2"]);
        // What does not read to its end is none.
        assert_eq!(names(&format!("X'{hex}'")), Vec::<String>::new());
        assert_eq!(names("4e2e0123456789abcdef0123456789abcdef0123 a commit"), Vec::<String>::new());
        assert_eq!(names("nothing 'at all' is here, \"really\""), Vec::<String>::new());
    }

    #[test]
    fn prose_and_protocol_0() {
        for pickle in [&b"(lp0\nI1\naI2\na."[..], b"(dS'a'\nS'b'\ns", b"I1\n.", b"(lI1\nI", b"S'INSERT"] {
            assert!(is_pickle_text(pickle), "{}", String::from_utf8_lossy(pickle));
        }
        for text in [
            &b"INSERT INTO t"[..],
            b"INSERT INTO t VALUES (1);\n",
            b"BEGIN TRANSACTION;",
            b"2024-01-01 x",
            b"*** 1. row",
            b"COPY public.t (id)",
        ] {
            assert!(!is_pickle_text(text), "{}", String::from_utf8_lossy(text));
        }
    }
}
