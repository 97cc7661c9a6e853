//! Hadoop's SequenceFile, as Spark's `saveAsPickleFile` writes it: records of a NullWritable and a BytesWritable
//! (`org.apache.hadoop.io.SequenceFile`, version 6).
//!
//! Spark puts ten batches, each a pickle, into an array of byte arrays that Java serialises; other writers put the pickle itself into
//! the record.

use super::bytes::{Block, Order};
use super::format::{Format, Open, Recognise, plain};
use super::{Data, Member};
use crate::input::Part;
use std::io::{self, Read};

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "sequencefile",
    what: "a Hadoop SequenceFile",
    recognise: Recognise::Head(is_sequence_file),
    open: Open::Members(|input, part| plain(input, pickles(part))),
    all: true,
};

/// Bytes of the header that are looked at: two names, a codec's name, metadata.
const MAX_HEADER: usize = 64 << 10;
const SYNC: usize = 16;
/// Bytes that one record may unpack to.
const MAX_RECORD: u64 = 1 << 30;

/// Begins with `SEQ` and version 6.
pub(super) fn is_sequence_file(head: &[u8]) -> bool {
    head.starts_with(b"SEQ\x06")
}

/// What the header says.
struct Header {
    value_class: Vec<u8>,
    compressed: bool,
    blocks: bool,
    sync: Vec<u8>,
    len: u64,
}

/// Every pickle in every record, numbered from 0 on.
fn pickles(part: &Part) -> io::Result<Vec<Member>> {
    let bytes = part.bytes_at(0, MAX_HEADER)?;
    let unreadable = |text: &str| vec![Member { name: "0".into(), data: Data::Unreadable(text.into()) }];
    let Some(header) = header(&bytes) else { return Ok(unreadable("the header of the SequenceFile is damaged")) };
    if header.value_class != b"org.apache.hadoop.io.BytesWritable" {
        let class = String::from_utf8_lossy(&header.value_class).into_owned();
        return Ok(unreadable(&format!("the values of the SequenceFile are {class}; BytesWritable are read")));
    }
    if header.blocks {
        return Ok(unreadable(
            "the SequenceFile is compressed in blocks; write it with record compression, or without",
        ));
    }
    let mut members = Vec::new();
    let mut at = header.len;
    while at < part.len() {
        let head = part.bytes_at(at, 8)?;
        let fields = Block::new(&head, Order::Big);
        let len = fields.u32(0);
        if len == u32::MAX {
            if part.bytes_at(at + 4, SYNC)? != header.sync {
                members.extend(unreadable("a sync mark of the SequenceFile is wrong"));
                break;
            }
            at += 4 + SYNC as u64;
            continue;
        }
        let key = fields.u32(4);
        let end = at.saturating_add(8).saturating_add(len.into());
        if head.len() < 8 || key > len || end > part.len() {
            members.extend(unreadable("the SequenceFile ends inside a record"));
            break;
        }
        let value = part.slice(at + 8 + u64::from(key), u64::from(len - key));
        record(&value, header.compressed, &mut members)?;
        at = end;
    }
    Ok(members)
}

/// The pickles of one value: a length, then bytes.
fn record(value: &Part, compressed: bool, members: &mut Vec<Member>) -> io::Result<()> {
    let unpacked;
    let (bytes, place): (&[u8], Option<Part>) = if compressed {
        match unpack(value)? {
            Some(bytes) => unpacked = bytes,
            None => {
                let text = "the records are compressed with a codec that is not read: zlib and gzip are".into();
                members.push(Member { name: members.len().to_string(), data: Data::Unreadable(text) });
                return Ok(());
            }
        }
        (unpacked.get(4..).unwrap_or_default(), None)
    } else {
        let place = value.slice(4, u64::MAX);
        unpacked = place.bytes_at(0, usize::try_from(place.len()).unwrap_or(usize::MAX))?;
        (&unpacked, Some(place))
    };
    // A record that Java did not serialise is one pickle.
    let ranges = java_arrays(bytes).unwrap_or_else(|| std::iter::once(0..bytes.len()).collect());
    for range in ranges {
        let name = members.len().to_string();
        let data = match &place {
            Some(place) => Data::Stored(place.slice(range.start as u64, range.len() as u64)),
            None => Data::Memory(bytes.get(range).unwrap_or_default().to_vec()),
        };
        members.push(Member { name, data });
    }
    Ok(())
}

fn unpack(value: &Part) -> io::Result<Option<Vec<u8>>> {
    let head = value.bytes_at(0, 2)?;
    let mut bytes = Vec::new();
    let reader = io::BufReader::new(value.reader());
    match *head {
        [0x1f, 0x8b] => flate2::bufread::MultiGzDecoder::new(reader).take(MAX_RECORD).read_to_end(&mut bytes)?,
        [0x78, _] => flate2::bufread::ZlibDecoder::new(reader).take(MAX_RECORD).read_to_end(&mut bytes)?,
        _ => return Ok(None),
    };
    Ok(Some(bytes))
}

fn header(bytes: &[u8]) -> Option<Header> {
    let mut rest = bytes.get(4..)?;
    let _key = text(&mut rest)?;
    let value_class = text(&mut rest)?;
    let (&[compressed, blocks], after) = rest.split_first_chunk::<2>()?;
    rest = after;
    if compressed != 0 {
        text(&mut rest)?;
    }
    let (count, after) = rest.split_first_chunk::<4>()?;
    rest = after;
    for _ in 0..u32::from_be_bytes(*count) {
        text(&mut rest)?;
        text(&mut rest)?;
    }
    let (sync, after) = rest.split_at_checked(SYNC)?;
    let len = (bytes.len() - after.len()) as u64;
    Some(Header { value_class, compressed: compressed != 0, blocks: blocks != 0, sync: sync.into(), len })
}

/// A text with its length in front, as a vint (`WritableUtils.readVInt`).
fn text(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (&first, mut after) = rest.split_first()?;
    let len = match first as i8 {
        len @ 0.. => len as usize,
        // -113 to -120: one to eight bytes follow.
        more @ -120..=-113 => {
            let (bytes, tail) = after.split_at_checked(usize::from(more.unsigned_abs()) - 112)?;
            after = tail;
            bytes.iter().try_fold(0usize, |len, &byte| len.checked_mul(256)?.checked_add(byte.into()))?
        }
        _ => return None,
    };
    let (text, after) = after.split_at_checked(len)?;
    *rest = after;
    Some(text.to_vec())
}

/// Where the byte arrays lie in a serialised `byte[][]` (Java Object Serialization Specification, 6.4).
fn java_arrays(bytes: &[u8]) -> Option<Vec<std::ops::Range<usize>>> {
    const OUTER: &[u8] = b"\xac\xed\x00\x05\x75\x72\x00\x03[[B";
    const INNER: &[u8] = b"\x75\x72\x00\x02[B";
    let array = |at: usize| {
        // serialVersionUID, flags, no fields, end of annotations, no superclass; then the length.
        let at = at + 8 + 1 + 2 + 2;
        let len = u32::from_be_bytes(bytes.get(at..)?.first_chunk::<4>().copied()?);
        Some((at + 4, len as usize))
    };
    if !bytes.starts_with(OUTER) {
        return None;
    }
    let (mut at, count) = array(OUTER.len())?;
    let mut ranges = Vec::new();
    for _ in 0..count {
        let rest = bytes.get(at..)?;
        let (start, len) = if rest.starts_with(INNER) {
            array(at + INNER.len())?
        } else if rest.starts_with(b"\x75\x71") {
            // The class again, by its number.
            let len = u32::from_be_bytes(rest.get(6..)?.first_chunk::<4>().copied()?);
            (at + 10, len as usize)
        } else if rest.starts_with(b"\x70") {
            at += 1;
            continue;
        } else {
            return None;
        };
        at = start.checked_add(len).filter(|&end| end <= bytes.len())?;
        ranges.push(start..at);
    }
    Some(ranges)
}
