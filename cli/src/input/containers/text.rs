//! Pickles in text: base64, hexadecimal, escapes, in strings of JSON and columns of CSV, as clients of databases print
//! them; signed sessions of Django.

mod batch;
mod forms;
mod respell;
mod spelling;
#[cfg(feature = "sqlite")]
mod value;
mod within;

use super::format::{Format, Open, Recognise};
use super::{Content, Data, Member, Unfolded};
use crate::Failure;
use crate::input::reading::{are_pickles, is_plain_pickle};
use crate::input::{Container, Input, sniff};
use forms::FORMS;
pub(in crate::input) use respell::{respell, whole};
use serde_json::Value;
use std::io::{Cursor, Read};
#[cfg(feature = "sqlite")]
pub(super) use value::{is_value, may_be_value};

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "text",
    what: "text",
    recognise: Recognise::Head(|head| {
        matches!(sniff(head), Some(Container::Base64 | Container::Json)) || is_wrapped(head) || may_hold_some(head)
    }),
    open: Open::Content(open),
    all: true,
};

/// Bytes of text that are searched for pickles; what is longer is taken for a pickle itself.
const MAX_TEXT: u64 = 256 << 20;

fn open(mut input: Input) -> Result<Content, Failure> {
    let mut bytes = Vec::new();
    let name = input.name().to_owned();
    (&mut input as &mut dyn Read).take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TEXT {
        return Input::from_reader(name, Cursor::new(bytes).chain(input)).map(Content::Pickles);
    }
    match pickles(&bytes) {
        found if found.is_empty() => Input::from_reader(name, Cursor::new(bytes)).map(Content::Pickles),
        found => {
            let members = found.into_iter().map(Member::from).collect();
            Ok(Content::Members(Unfolded { what: "text", members, all: true }))
        }
    }
}

/// A pickle in a text.
struct Found {
    /// By its place.
    name: String,
    /// How it is written: a string of JSON without its quotes and escapes, a cell, or all of the text.
    text: Vec<u8>,
    /// Its bytes; `None` where it only begins as one.
    bytes: Option<Vec<u8>>,
    /// The string stands in a JSON document.
    is_json: bool,
}

impl From<Found> for Member {
    fn from(found: Found) -> Member {
        let unreadable = match found.is_json {
            true => "this is not JSON, as what comes before it is",
            false => "this begins like the text of a pickle, but cannot be read as one",
        };
        let data = found.bytes.map_or_else(|| Data::Unreadable(unreadable.into()), Data::Memory);
        Member { name: found.name, data }
    }
}

/// What stands between the columns of a table: CSV, tabs, and the lines that psql and mysql draw.
const DELIMITERS: &[u8] = b",\t|;";

/// Bytes at the start that tell what a text is.
const HEAD: usize = 1024;

/// Rows of a table that are looked at to see whether it has pickles in it.
const FIRST_ROWS: usize = 8;

/// Text that may be a pickle in one of the forms, or have some in its columns. No pickle of protocol 0 looks like that.
fn is_wrapped(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // Neither is an opcode: JSON, also with characters that stand for bytes.
    let json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    json || FORMS.iter().any(|form| (form.begins)(head)) || is_table(head)
}

/// Text that is no pickle itself, but may have some anywhere in it.
fn may_hold_some(head: &[u8]) -> bool {
    let is_prose = matches!(sniff(head), Some(Container::Text | Container::Markup)) && !within::is_pickle_text(head);
    is_prose || batch::begins(head) || within::begins_as_sql(head)
}

/// Several columns, and in one of the first rows something that begins as a pickle does in one of the forms.
fn is_table(head: &[u8]) -> bool {
    if head.iter().any(|&byte| byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t')) {
        return false;
    }
    let mut lines = head.split(|&byte| byte == b'\n').take(FIRST_ROWS);
    lines.any(|line| line.split(|byte| DELIMITERS.contains(byte)).skip(1).any(begins_like_pickle))
}

fn begins_like_pickle(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let cell = cell.strip_prefix(b"\"").or(cell.strip_prefix(b"'")).unwrap_or(cell);
    let cell = cell.strip_prefix(b"b'").or(cell.strip_prefix(b"b\"")).or(cell.strip_prefix(b"b\"\"")).unwrap_or(cell);
    // PROTO 2 to 5 in hexadecimal, escapes and base64, and what compressors begin with.
    let starts =
        [&b"\\x80"[..], b"\\\\x80", b"0x80", b"800", b"X'80", b"x'80", b"_binary", b"gAJ", b"gAN", b"gAR", b"gAS"];
    let packed =
        [&b"gAW"[..], b"H4sI", b"eJ", b"\\x78", b"0x78", b"\\x1f8b", b"0x1f8b", b"\\x1f\\x8b", b"x\\x9c", b"=80"];
    starts.iter().chain(&packed).any(|start| cell.starts_with(start))
}

/// The pickles in a text, with what was wrapped around them undone.
fn pickles(text: &[u8]) -> Vec<Found> {
    if batch::begins(text.get(..HEAD).unwrap_or(text)) {
        return batch::pickles(text);
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if let Some(b'{' | b'[') = text.first() {
        // What begins so and is not JSON is the `repr()` of a list or dict, a line of a log, a section of settings.
        return in_json(text).filter(|found| !found.is_empty()).unwrap_or_else(|| within::pickles(text));
    }
    // Each has a header and an end of its own, so that they are no stream of pickles.
    if are_packed_lines(text) {
        return in_list(text);
    }
    if let Some(bytes) = wrapped(text) {
        return vec![Found { name: String::new(), text: text.to_vec(), bytes: Some(bytes), is_json: false }];
    }
    // Statements have commas and quotes as well, and no rows.
    if !within::begins_as_sql(text) {
        for found in [in_list(text), in_table(text)] {
            if !found.is_empty() {
                return found;
            }
        }
    }
    within::pickles(text)
}

/// Several lines, each of them the base64 of something compressed.
fn are_packed_lines(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let is_packed = |line: &[u8]| forms::base64(line).is_some_and(|bytes| is_packed(&bytes));
    text.contains(&b'\n') && lines.all(is_packed)
}

/// The pickle in one string.
fn wrapped(text: &[u8]) -> Option<Vec<u8>> {
    FORMS.iter().find_map(|form| {
        let bytes = (form.decode)(text)?;
        // Sessions of Django of old: a hash in hexadecimal, a colon, the pickle.
        let hashed = bytes.iter().position(|&b| b == b':').and_then(|at| {
            let (hash, rest) = bytes.split_at_checked(at)?;
            if hash.len() >= 32 && hash.iter().all(u8::is_ascii_hexdigit) { rest.get(1..) } else { None }
        });
        let found = hashed.unwrap_or(&bytes);
        // Plain words are base64 as well: only what reads as a pickle counts, of a few characters to their end.
        let is_one = if text.len() < forms::LEAST { are_pickles(found) } else { reads_as_pickle(found) };
        is_one.then(|| found.to_vec())
    })
}

/// Begins as what compressors write.
pub(super) fn is_packed(head: &[u8]) -> bool {
    const PACKED: &[&[u8]] =
        &[b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd", b"\x04\"M\x18"];
    PACKED.iter().any(|prefix| head.starts_with(prefix))
}

/// A pickle stands at the start, perhaps compressed.
fn reads_as_pickle(bytes: &[u8]) -> bool {
    Input::from_reader("", Cursor::new(bytes.to_vec())).is_ok_and(super::is_pickle)
}

/// Lines of `redis-cli`: `1) "..."`, named by their numbers; a string a line; or, of `--csv`, several, named `LINE/COLUMN`.
fn in_list(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    // The first line of a table that is quoted throughout has names.
    let first = text.split(|&byte| byte == b'\n').next().and_then(forms::strings).unwrap_or_default();
    let has_several = first.len() > 1 && first.into_iter().any(|string| wrapped(string).is_some());
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if let Some(strings) = forms::strings(line).filter(|strings| has_several && strings.len() > 1) {
            for (column, string) in strings.into_iter().enumerate() {
                if let Some(bytes) = wrapped(string) {
                    let name = format!("{}/{}", at + 1, column + 1);
                    found.push(Found { name, text: string.to_vec(), bytes: Some(bytes), is_json: false });
                }
            }
            continue;
        }
        let numbered = line.iter().position(|&byte| byte == b')').and_then(|end| {
            let (number, rest) = line.split_at_checked(end)?;
            let number = str::from_utf8(number).ok().filter(|number| number.bytes().all(|b| b.is_ascii_digit()))?;
            Some((number.to_owned(), rest.get(1..)?.trim_ascii()))
        });
        let (name, string) = numbered.unwrap_or_else(|| ((at + 1).to_string(), line));
        if let Some(bytes) = wrapped(string) {
            found.push(Found { name, text: string.to_vec(), bytes: Some(bytes), is_json: false });
        }
    }
    found
}

/// The pickles in the cells of a table, named `ROW/COLUMN`: the row counted from 1 without the header, the column by its
/// name in the header.
fn in_table(text: &[u8]) -> Vec<Found> {
    let first = text.split(|&byte| byte == b'\n').take(FIRST_ROWS).collect::<Vec<_>>().join(&b'\n');
    let count = |delimiter: u8| first.iter().filter(|&&byte| byte == delimiter).count();
    let Some(delimiter) = DELIMITERS.iter().copied().max_by_key(|&delimiter| (count(delimiter), delimiter == b','))
    else {
        return Vec::new();
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text);
    let mut header: Option<Vec<String>> = None;
    let mut found = Vec::new();
    let mut row = 0usize;
    for record in reader.byte_records() {
        // Lines between the rows, as psql and mysql draw them, have one column.
        let Ok(record) = record else { break };
        if record.len() < 2 && record.get(0).is_some_and(|line| line.iter().all(|byte| b"-+=|".contains(byte))) {
            continue;
        }
        let names = header.clone();
        let before = found.len();
        for (column, cell) in record.iter().enumerate() {
            let bytes = wrapped(cell);
            if bytes.is_some() || begins_like_pickle(cell) && header.is_some() {
                let name = names.as_ref().and_then(|names| names.get(column)).filter(|name| !name.is_empty());
                let name = name.cloned().unwrap_or_else(|| (column + 1).to_string());
                let name = format!("{}/{name}", row.max(1));
                found.push(Found { name, text: cell.to_vec(), bytes, is_json: false });
            }
        }
        if header.is_none() && found.len() == before {
            header = Some(record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect());
            row = 1;
        } else {
            header.get_or_insert_default();
            row = row.max(1) + 1;
        }
    }
    if found.iter().any(|member| member.bytes.is_some()) { found } else { Vec::new() }
}

/// The documents of JSON, one after another, and the numbers of the lines that are no JSON; `None` where the first is none.
fn documents(text: &[u8]) -> Option<(Vec<Value>, Vec<usize>)> {
    let (mut documents, mut broken) = (Vec::new(), Vec::new());
    // Bytes and lines that were read, and the line of the last fault.
    let (mut at, mut lines, mut last) = (0, 0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let mut stream = serde_json::Deserializer::from_slice(rest).into_iter();
        let error = loop {
            match stream.next() {
                Some(Ok(document)) => documents.push(document),
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        // It goes on behind the line in which the fault is.
        let Some(error) = error else { break };
        if documents.is_empty() {
            return None;
        }
        let line = lines + error.line().max(1);
        let mut ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end);
        at = ends.nth(line - lines - 1).map_or(text.len(), |end| at + end + 1);
        lines = line;
        // Of several lines on end, the first one is told.
        if !std::mem::replace(&mut last, line).eq(&(line - 1)) {
            broken.push(line);
        }
    }
    Some((documents, broken))
}

/// The pickles in the strings of a JSON document, each named by its path; of several documents, with their numbers in
/// front. Where some were found, lines that are no JSON are errors. `None` where the text is no JSON.
fn in_json(text: &[u8]) -> Option<Vec<Found>> {
    let (documents, broken) = documents(text)?;
    let several = documents.len() + broken.len() > 1;
    let mut found = Vec::new();
    for (number, root) in documents.iter().enumerate() {
        let start = if several { format!("/{number}") } else { String::new() };
        let mut stack = vec![(start, root)];
        while let Some((path, value)) = stack.pop() {
            match value {
                Value::String(text) => {
                    if let Some(bytes) = wrapped(text.as_bytes()).or_else(|| characters(text)) {
                        let text = text.as_bytes().to_vec();
                        found.push(Found { name: path, text, bytes: Some(bytes), is_json: true });
                    }
                }
                Value::Array(items) => {
                    // Bytes as numbers, as Node's Buffer has them.
                    if let Some(bytes) = octets(items) {
                        found.push(Found { name: path, text: Vec::new(), bytes: Some(bytes), is_json: true });
                        continue;
                    }
                    stack.extend(items.iter().enumerate().map(|(i, item)| (format!("{path}/{i}"), item)).rev());
                }
                Value::Object(entries) => {
                    stack.extend(entries.iter().map(|(key, item)| (format!("{path}/{key}"), item)).rev());
                }
                _ => {}
            }
        }
    }
    if !found.is_empty() {
        let fault = |line| Found { name: format!("line {line}"), text: Vec::new(), bytes: None, is_json: true };
        found.extend(broken.into_iter().map(fault));
    }
    Some(found)
}

/// Bytes as numbers.
fn octets(items: &[Value]) -> Option<Vec<u8>> {
    // Lists of other numbers are passed over at a glance.
    items.first()?.as_u64().filter(|first| *first == 0x80 || b"(]}c".iter().any(|&byte| u64::from(byte) == *first))?;
    let bytes: Vec<u8> = items.iter().map(|item| u8::try_from(item.as_u64()?).ok()).collect::<Option<_>>()?;
    match bytes.first() {
        Some(0x80) => reads_as_pickle(&bytes).then_some(bytes),
        _ => is_plain_pickle(&bytes).then_some(bytes),
    }
}

/// Characters that stand for the bytes of protocols 0 and 1, which begin with plain ones.
fn characters(text: &str) -> Option<Vec<u8>> {
    text.bytes().next().filter(|first| b"(]}c".contains(first))?;
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>()?;
    is_plain_pickle(&bytes).then_some(bytes)
}
