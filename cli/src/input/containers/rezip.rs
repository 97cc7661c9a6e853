//! A zip file with other bytes in one of its members; all else stays byte for byte, and where it was modulo 64, which torch
//! counts on.

use crate::input::Part;
use std::io::{self, Read, Write};

/// Bytes of a local header before the name.
const LOCAL: usize = 30;
/// Bytes of an entry of the directory before the name.
const ENTRY: usize = 46;
/// Bytes of the record at the end before its comment.
const END: usize = 22;
/// Bytes of the record for files of more than 4 GiB, and of what says where it is.
const END64: u64 = 56;
const LOCATOR: u64 = 20;
/// Bytes that a directory may have.
const MAX_DIRECTORY: u64 = 1 << 28;
/// Members begin at the same places modulo this.
const ALIGN: u64 = 64;
/// Extra fields: sizes of 64 bits, and padding, as torch has it.
const WIDE: u16 = 1;
const PADDING: u16 = 0x4246;
/// A number that stands in an extra field instead.
const ELSEWHERE: u32 = u32::MAX;

fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("its zip directory cannot be written again: {text}"))
}

fn u16_at(bytes: &[u8], at: usize) -> io::Result<u16> {
    let field = bytes.get(at..at + 2).and_then(|field| field.first_chunk());
    field.map(|field| u16::from_le_bytes(*field)).ok_or_else(|| bad("a record is cut off"))
}

fn u32_at(bytes: &[u8], at: usize) -> io::Result<u32> {
    let field = bytes.get(at..at + 4).and_then(|field| field.first_chunk());
    field.map(|field| u32::from_le_bytes(*field)).ok_or_else(|| bad("a record is cut off"))
}

fn u64_at(bytes: &[u8], at: usize) -> io::Result<u64> {
    let field = bytes.get(at..at + 8).and_then(|field| field.first_chunk());
    field.map(|field| u64::from_le_bytes(*field)).ok_or_else(|| bad("a record is cut off"))
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) -> io::Result<()> {
    let place = bytes.get_mut(at..at + field.len()).ok_or_else(|| bad("a record is cut off"))?;
    place.copy_from_slice(field);
    Ok(())
}

/// Adds to a number of 32 bits.
fn shift(bytes: &mut [u8], at: usize, delta: i64) -> io::Result<()> {
    let new = u64::from(u32_at(bytes, at)?).checked_add_signed(delta).and_then(|new| u32::try_from(new).ok());
    let new = new.filter(|new| *new != ELSEWHERE).ok_or_else(|| bad("it would be larger than 4 GiB"))?;
    put(bytes, at, &new.to_le_bytes())
}

/// Adds to a number of 64 bits.
fn shift_wide(bytes: &mut [u8], at: usize, delta: i64) -> io::Result<()> {
    let new = u64_at(bytes, at)?.checked_add_signed(delta).ok_or_else(|| bad("an offset makes no sense"))?;
    put(bytes, at, &new.to_le_bytes())
}

/// Where an extra field of this kind has its data, counted from the start of all of them, and bytes of it.
fn extra(fields: &[u8], kind: u16) -> Option<(usize, usize)> {
    let mut at = 0;
    while at + 4 <= fields.len() {
        let len = usize::from(u16_at(fields, at + 2).ok()?);
        if u16_at(fields, at).ok()? == kind {
            return (at + 4 + len <= fields.len()).then_some((at + 4, len));
        }
        at += 4 + len;
    }
    None
}

/// An entry of the directory.
struct Entry {
    /// Where it is in the directory.
    at: usize,
    /// Where the member begins in the file.
    local: u64,
    /// Where the directory says that: in the entry, or in an extra field.
    local_at: (usize, bool),
}

/// What stands at the end of a zip file.
struct Ending {
    directory: Vec<u8>,
    /// Where the directory begins.
    start: u64,
    /// All behind the directory.
    tail: Vec<u8>,
    /// Whether the tail begins with the records for large files.
    is_wide: bool,
}

impl Ending {
    fn read(part: &Part) -> io::Result<Ending> {
        let from = part.len().saturating_sub((END + 0xffff) as u64);
        let last = part.bytes_at(from, END + 0xffff)?;
        let is_end = |at: &usize| {
            last.get(*at..*at + 4) == Some(&b"PK\x05\x06"[..])
                && u16_at(&last, at + 20).is_ok_and(|comment| at + END + usize::from(comment) == last.len())
        };
        let at = (0..last.len().saturating_sub(END - 1)).rev().find(is_end).ok_or_else(|| bad("it has no end"))?;
        let end = from + at as u64;
        let record = last.get(at..).unwrap_or_default();
        let (size, start) = (u32_at(record, 12)?, u32_at(record, 16)?);
        let mut ending = Ending { directory: Vec::new(), start: start.into(), tail: record.to_vec(), is_wide: false };
        let mut size = u64::from(size);
        let mut behind = end;
        let locator = part.bytes_at(end.saturating_sub(LOCATOR), LOCATOR as usize)?;
        if locator.starts_with(b"PK\x06\x07") {
            let wide_at = u64_at(&locator, 8)?;
            let wide = part.bytes_at(wide_at, END64 as usize)?;
            if !wide.starts_with(b"PK\x06\x06") || wide_at.checked_add(END64 + LOCATOR) != Some(end) {
                return Err(bad("its records for large files are of a kind that is not known"));
            }
            (size, ending.start) = (u64_at(&wide, 40)?, u64_at(&wide, 48)?);
            ending.tail = [wide, locator, std::mem::take(&mut ending.tail)].concat();
            ending.is_wide = true;
            behind = wide_at;
        }
        if size > MAX_DIRECTORY || ending.start.checked_add(size) != Some(behind) {
            return Err(bad("it does not begin with the file, or is not at its end"));
        }
        ending.directory = part.bytes_at(ending.start, size as usize)?;
        Ok(ending)
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let (all, mut at) = (&self.directory, 0);
        let mut entries = Vec::new();
        while at < all.len() {
            if all.get(at..at + 4) != Some(&b"PK\x01\x02"[..]) {
                return Err(bad("an entry has no head"));
            }
            let [name, fields, comment] = [28, 30, 32].map(|field| u16_at(all, at + field).map(usize::from));
            let (name, fields) = (name?, fields?);
            let len = ENTRY + name + fields + comment?;
            let fields_at = at + ENTRY + name;
            let extras = all.get(fields_at..fields_at + fields).ok_or_else(|| bad("an entry is cut off"))?;
            let mut entry = Entry { at, local: u32_at(all, at + 42)?.into(), local_at: (at + 42, false) };
            if entry.local == u64::from(ELSEWHERE) {
                let (data, size) = extra(extras, WIDE).ok_or_else(|| bad("an entry has no offset"))?;
                // Sizes stand before it where they are there, too.
                let sizes = [24, 20].map(|field| u32_at(all, at + field).is_ok_and(|size| size == ELSEWHERE));
                let before = 8 * sizes.iter().filter(|is| **is).count();
                if before + 8 > size {
                    return Err(bad("an entry has no offset"));
                }
                entry.local_at = (fields_at + data + before, true);
                entry.local = u64_at(all, entry.local_at.0)?;
            }
            entries.push(entry);
            at += len;
        }
        Ok(entries)
    }
}

/// Writes the zip file with `bytes` as the content of the member.
///
/// # Errors
/// The file cannot be read or written; the member is not there once, or its directory is one that is not followed.
pub fn replace(part: &Part, member: &str, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let mut ending = Ending::read(part)?;
    let entries = ending.entries()?;
    let name_of = |entry: &Entry| {
        let len = u16_at(&ending.directory, entry.at + 28).map_or(0, usize::from);
        ending.directory.get(entry.at + ENTRY..entry.at + ENTRY + len).unwrap_or_default()
    };
    let mut found = entries.iter().filter(|entry| name_of(entry) == member.as_bytes());
    let (Some(target), None) = (found.next(), found.next()) else {
        return Err(bad("the member is not in it exactly once"));
    };
    let (flags, method) = (u16_at(&ending.directory, target.at + 8)?, u16_at(&ending.directory, target.at + 10)?);
    if flags & 1 != 0 {
        return Err(bad("the member is encrypted"));
    }
    let old_sizes = [u32_at(&ending.directory, target.at + 20)?, u32_at(&ending.directory, target.at + 24)?];
    if old_sizes.contains(&ELSEWHERE) {
        return Err(bad("the member is larger than 4 GiB"));
    }
    let data = match method {
        0 => bytes.to_vec(),
        8 => {
            let mut packed = Vec::new();
            let mut packer = flate2::read::DeflateEncoder::new(bytes, flate2::Compression::default());
            packer.read_to_end(&mut packed)?;
            packed
        }
        _ => return Err(bad("the member is neither stored nor deflated")),
    };
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    let size = |len: usize| u32::try_from(len).ok().filter(|len| *len != ELSEWHERE);
    let (Some(packed), Some(unpacked)) = (size(data.len()), size(bytes.len())) else {
        return Err(bad("the member would be larger than 4 GiB"));
    };
    let numbers = [crc.sum(), packed, unpacked].map(u32::to_le_bytes).concat();
    let flags = (flags & !8).to_le_bytes();

    // The member's own header, with room for padding.
    let fixed = part.bytes_at(target.local, LOCAL)?;
    if !fixed.starts_with(b"PK\x03\x04") {
        return Err(bad("the member is not where it says"));
    }
    let (name_len, extra_len) = (usize::from(u16_at(&fixed, 26)?), usize::from(u16_at(&fixed, 28)?));
    let mut header = part.bytes_at(target.local, LOCAL + name_len + extra_len)?;
    put(&mut header, 6, &flags)?;
    put(&mut header, 14, &numbers)?;
    let fields = header.get(LOCAL + name_len..).unwrap_or_default();
    if let Some((at, _)) = extra(fields, WIDE) {
        // Its sizes are in the header now.
        put(&mut header, LOCAL + name_len + at - 4, &PADDING.to_le_bytes())?;
    }
    let next = entries.iter().map(|entry| entry.local).filter(|local| *local > target.local).min();
    let end = next.unwrap_or(ending.start);
    let old_len = end.checked_sub(target.local).filter(|_| end <= ending.start);
    let old_len = old_len.ok_or_else(|| bad("the member is behind the directory"))?;
    let new_len = (header.len() + data.len()) as u64;
    let mut padding = (old_len % ALIGN + ALIGN - new_len % ALIGN) % ALIGN;
    if padding != 0 {
        // A field has four bytes before its data.
        padding += if padding < 4 { ALIGN } else { 0 };
        let new_extra = u16::try_from(extra_len as u64 + padding).map_err(|_| bad("a header would be too long"))?;
        put(&mut header, 28, &new_extra.to_le_bytes())?;
        header.extend(PADDING.to_le_bytes());
        header.extend((padding as u16 - 4).to_le_bytes());
        header.resize(header.len() + padding as usize - 4, 0);
    }
    let delta = (new_len + padding) as i64 - old_len as i64;

    put(&mut ending.directory, target.at + 8, &flags)?;
    put(&mut ending.directory, target.at + 16, &numbers)?;
    for entry in entries.iter().filter(|entry| entry.local > target.local) {
        match entry.local_at {
            (at, false) => shift(&mut ending.directory, at, delta)?,
            (at, true) => shift_wide(&mut ending.directory, at, delta)?,
        }
    }
    let record = if ending.is_wide { (END64 + LOCATOR) as usize } else { 0 };
    if ending.is_wide {
        shift_wide(&mut ending.tail, 48, delta)?;
        shift_wide(&mut ending.tail, END64 as usize + 8, delta)?;
    }
    if u32_at(&ending.tail, record + 16)? != ELSEWHERE {
        shift(&mut ending.tail, record + 16, delta)?;
    }

    io::copy(&mut part.slice(0, target.local).reader(), out)?;
    out.write_all(&header)?;
    out.write_all(&data)?;
    io::copy(&mut part.slice(end, ending.start - end).reader(), out)?;
    out.write_all(&ending.directory)?;
    out.write_all(&ending.tail)
}
