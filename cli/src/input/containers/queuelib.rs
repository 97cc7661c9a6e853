//! queuelib's queues of the kind last in, first out, as Scrapy keeps its requests: a number of records of 4 bytes, the highest first,
//! then each record with its length behind it (`LifoDiskQueue` in `queuelib/queue.py`). Of the other kind the lengths stand in front.

use super::format::{Format, Open, Recognise};
use super::{Content, Part};
use crate::input::Input;
use crate::pieces::SMALL_PIECE;
use std::io::{self, Read};

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "queuelib",
    what: "a queue of queuelib",
    recognise: Recognise::File(|_, part| Ok(is_queue(part)?)),
    open: Open::Pickles(|input| {
        let input = input.into_seekable()?;
        let Some(part) = input.part().cloned() else { return Ok(Content::Pickles(input)) };
        match lengths(&part)? {
            Some(lengths) => {
                let records = Records { part, lengths, at: HEADER, left: 0 };
                Input::from_plain(input.name().to_owned(), records).map(Content::Pickles)
            }
            None => Err(input.refuse("its lengths do not add up to the file")),
        }
    }),
    all: true,
};

/// Bytes of the number of records, and of a length.
const HEADER: u64 = 4;

fn is_queue(part: &Part) -> io::Result<bool> {
    // Most files are told from it by how they end.
    let Some((last, _)) = record(&part.bytes_at(part.len().saturating_sub(5), 5)?, part.len()) else {
        return Ok(false);
    };
    if last < HEADER {
        return Ok(false);
    }
    Ok(lengths(part)?.is_some())
}

/// The length of the record before this place, which ends in STOP, and where the record begins.
fn record(before: &[u8], at: u64) -> Option<(u64, u32)> {
    let [.., b'.', l0, l1, l2, l3] = *before else { return None };
    let len = u32::from_be_bytes([l0, l1, l2, l3]);
    Some((at.checked_sub(HEADER + u64::from(len)).filter(|_| len > 0)?, len))
}

/// The lengths of the records, the last one first; `None` where they do not add up to the file, or the first record is no pickle. A queue
/// that was not closed has no number in front.
fn lengths(part: &Part) -> io::Result<Option<Vec<u32>>> {
    let (mut lengths, mut at) = (Vec::new(), part.len());
    let mut piece = Vec::new();
    let mut begin = at;
    while at > HEADER {
        if at < begin + 5 {
            begin = at.saturating_sub(SMALL_PIECE as u64);
            piece = part.bytes_at(begin, (at - begin) as usize)?;
        }
        let before = usize::try_from(at - begin).ok().and_then(|end| piece.get(..end)).unwrap_or_default();
        let Some((start, len)) = record(before, at).filter(|(start, _)| *start >= HEADER) else { return Ok(None) };
        lengths.push(len);
        at = start;
    }
    let head = part.bytes_at(0, HEADER as usize + 1)?;
    let [n0, n1, n2, n3, first] = *head else { return Ok(None) };
    let count = u32::from_be_bytes([n0, n1, n2, n3]);
    let is_one = pickle_core::Opcode::from_byte(first).is_some() && (count == 0 || count as usize == lengths.len());
    Ok((is_one && at == HEADER).then_some(lengths))
}

/// The records without their lengths.
struct Records {
    part: Part,
    /// Of the records that are still to come, the last one first.
    lengths: Vec<u32>,
    at: u64,
    /// Bytes of the record that are still to come.
    left: u64,
}

impl Read for Records {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let Some(len) = self.lengths.pop() else { return Ok(0) };
            // The length of the record before.
            self.at += if self.at == HEADER { 0 } else { HEADER };
            self.left = len.into();
        }
        let most = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.part.read_at(self.at, out.get_mut(..most).unwrap_or_default())?;
        if n == 0 && most != 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += n as u64;
        self.left -= n as u64;
        Ok(n)
    }
}
