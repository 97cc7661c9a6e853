//! Pickles in HDF5 files, found without reading the format as a whole: values of variable length lie in global heaps, whose objects
//! are taken one by one (object columns of PyTables and pandas), and everything else is searched byte by byte (attributes of
//! PyTables). What lies in compressed chunks is not seen, and that is said.

use super::format::{Format, Open, Recognise, plain};
use super::{Data, Member, keyed};
use crate::input::{Container, Part, sniff};
use crate::survey::search::{TRIAL, begins_pickle, begins_pickle_counted};
use pickle_core::{Decoder, Step};
use std::io;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "hdf5",
    what: "an HDF5 file",
    recognise: Recognise::Head(|head| sniff(head) == Some(Container::Hdf5)),
    open: Open::Members(|input, part| plain(input, search(part))),
    all: true,
};

/// Bytes that are searched at a time.
const WINDOW: usize = 256 * 1024;

/// Bytes of a heap's header, and of an object's ("HDF5 File Format Specification", III.E).
const HEAP: u64 = 16;
const OBJECT: u64 = 16;

/// Bytes that are looked at for nothing before the search is given up, for each byte of the file: data that only looks like pickles
/// must not take forever.
const PATIENCE: u64 = 4;

/// What is said of every file.
const NOT_SEEN: &str =
    "the file was searched for pickles, and not read as HDF5: what lies in compressed chunks is not seen";

/// Every pickle, named by the byte at which it begins.
fn search(part: &Part) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    let mut put = |at: u64, len: u64| {
        members.push(Member { name: format!("@{at}"), data: Data::Stored(part.slice(at, len)) });
    };
    // Up to here everything is known.
    let mut done = 0;
    let mut start = 0;
    let (mut looked_at, most) = (0, part.len().saturating_mul(PATIENCE).saturating_add(1 << 24));
    let mut given_up = None;
    while start < part.len() && given_up.is_none() {
        let window = part.bytes_at(start, WINDOW + TRIAL)?;
        for at in 0..window.len().min(WINDOW) {
            let here = window.get(at..).unwrap_or_default();
            let offset = start + at as u64;
            if offset < done {
                continue;
            }
            if here.starts_with(b"GCOL\x01\0\0\0")
                && let Some(end) = heap(part, offset, &mut put)?
            {
                done = end;
            } else if may_begin(here)
                && begins_pickle_counted(here, &mut looked_at)
                && let Some(len) = length(part, offset, &mut looked_at)?
                && (here.first() == Some(&0x80) || is_text(part, offset, len)?)
            {
                put(offset, len);
                done = offset + len;
                looked_at -= len.min(looked_at);
            } else if looked_at > most {
                given_up = Some(offset);
                break;
            }
        }
        start += WINDOW as u64;
    }
    let text = match given_up {
        Some(at) => format!("{NOT_SEEN}; it was given up at byte {at}, for too much only looks like pickles"),
        None => NOT_SEEN.into(),
    };
    members.push(Member { name: keyed::DAMAGED.into(), data: Data::Unreadable(text) });
    Ok(members)
}

/// Gives the pickles of a global heap to `put`, and tells where it ends; `None` where it is none.
fn heap(part: &Part, at: u64, put: &mut dyn FnMut(u64, u64)) -> io::Result<Option<u64>> {
    let number = |bytes: &[u8]| bytes.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let size = number(&part.bytes_at(at + 8, 8)?);
    let Some(end) = at.checked_add(size).filter(|end| size >= 2 * HEAP && *end <= part.len()) else { return Ok(None) };
    let mut object = at + HEAP;
    while object + OBJECT <= end {
        let header = part.bytes_at(object, OBJECT as usize)?;
        let index = header.first_chunk::<2>().map_or(0, |bytes| u16::from_le_bytes(*bytes));
        let len = number(header.get(8..).unwrap_or_default());
        let data = object + OBJECT;
        // What is left of the heap is object 0.
        if index == 0 || len > end - data {
            break;
        }
        if begins_pickle(&part.bytes_at(data, TRIAL + 1)?)
            && let Some(pickle) = length(part, data, &mut 0)?
            && pickle <= len
        {
            put(data, pickle);
        }
        object = data + len.next_multiple_of(8);
    }
    Ok(Some(end))
}

/// PROTO of protocol 2 to 5, or what containers and objects of protocol 0 begin with.
fn may_begin(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x80, 2..=5, ..]
            | [b'(', b'l' | b'd' | b'i' | b't' | b'V' | b'I' | b'F' | b'S' | b'c' | b'(' | b'L' | b'N', ..]
    ) || bytes.starts_with(b"ccopy")
        || bytes.starts_with(b"cnumpy")
        || bytes.starts_with(b"cpandas")
        || bytes.starts_with(b"c__builtin__\n")
}

/// Bytes of the pickle that begins here, to its STOP; adds how many bytes were looked at.
fn length(part: &Part, at: u64, looked_at: &mut u64) -> io::Result<Option<u64>> {
    let mut decoder = Decoder::new();
    let found = end_of(part, at, &mut decoder);
    *looked_at += decoder.offset();
    found
}

fn end_of(part: &Part, at: u64, decoder: &mut Decoder) -> io::Result<Option<u64>> {
    let mut read = at;
    loop {
        let piece = part.bytes_at(read, TRIAL)?;
        read += piece.len() as u64;
        let mut rest = piece.as_slice();
        loop {
            match decoder.next(&mut rest) {
                Ok(Step::End) => return Ok(Some(decoder.offset())),
                Ok(Step::NeedMore) if piece.is_empty() => return Ok(None),
                Ok(Step::NeedMore) => break,
                Ok(_) => {}
                Err(_) => return Ok(None),
            }
        }
    }
}

/// Protocol 0 is text, in lines; anything else only looks like that.
fn is_text(part: &Part, at: u64, len: u64) -> io::Result<bool> {
    let text = part.bytes_at(at, usize::try_from(len).unwrap_or(usize::MAX))?;
    Ok(text.contains(&b'\n') && text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')))
}
