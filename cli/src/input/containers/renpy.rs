//! Ren'Py: compiled scripts (`RENPY RPC2`: numbered slots, each a pickle in zlib) and archives (`RPA-2.0`, `RPA-3.0`, `RPA-3.2`: an
//! index that is a pickle in zlib, at an offset that the first line says).

use super::format::{Format, Open, Recognise, plain};
use super::{Data, Member};
use crate::input::Part;
use std::io;

/// The row of compiled scripts.
pub(super) const SCRIPTS: Format = Format {
    name: "rpyc",
    what: "a Ren'Py script",
    recognise: Recognise::Head(is_script),
    open: Open::Members(|input, part| plain(input, slots(part))),
    all: true,
};

/// The row of archives.
pub(super) const ARCHIVES: Format = Format {
    name: "rpa",
    what: "a Ren'Py archive",
    recognise: Recognise::Head(is_archive),
    open: Open::Members(|input, part| plain(input, index(part))),
    all: true,
};

const SCRIPT: &[u8] = b"RENPY RPC2";

/// Slots of a script that are read; Ren'Py writes two or three.
const MAX_SLOTS: usize = 1000;

/// Begins as a compiled script does.
fn is_script(head: &[u8]) -> bool {
    head.starts_with(SCRIPT)
}

/// Begins as an archive does.
fn is_archive(head: &[u8]) -> bool {
    index_offset(head).is_some()
}

/// The slots of a script, named by their numbers: 1 is the script as it was written, 2 as it runs.
fn slots(part: &Part) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    for i in 0..MAX_SLOTS {
        let entry = part.bytes_at((SCRIPT.len() + 12 * i) as u64, 12)?;
        let field = |i: usize| {
            entry.get(4 * i..4 * i + 4).and_then(|b| b.try_into().ok()).map_or(0, |b| u64::from(u32::from_le_bytes(b)))
        };
        if field(0) == 0 {
            break;
        }
        let name = field(0).to_string();
        members.push(Member { name, data: Data::Stored(part.slice(field(1), field(2))) });
    }
    Ok(members)
}

/// The index of an archive.
fn index(part: &Part) -> io::Result<Vec<Member>> {
    let head = part.bytes_at(0, 64)?;
    let Some(offset) = index_offset(&head) else { return Ok(Vec::new()) };
    Ok(vec![Member { name: "index".into(), data: Data::Stored(part.slice(offset, u64::MAX)) }])
}

/// `RPA-3.0 0000000000000033 42424242`: offset of the index and a key, in hexadecimal. 3.2 has a word between.
fn index_offset(head: &[u8]) -> Option<u64> {
    let line = head.split(|&b| b == b'\n').next()?;
    let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
    matches!(words.next()?, "RPA-2.0" | "RPA-3.0" | "RPA-3.2").then_some(())?;
    u64::from_str_radix(words.next()?, 16).ok()
}
