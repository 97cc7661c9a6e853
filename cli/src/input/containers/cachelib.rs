//! cachelib's `FileSystemCache`: when it expires, four bytes, then a pickle and nothing else.

use super::format::{Format, Open, Recognise};
use super::{Data, Member};
use crate::Failure;
use crate::input::{Input, Part};
use crate::survey::info::first_pickle_end;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "cachelib",
    what: "a cachelib file",
    recognise: Recognise::File(is_cached),
    open: Open::Members(|_, part| Ok(vec![Member { name: String::new(), data: Data::Stored(behind(part)) }])),
    all: true,
};

/// The pickle.
fn behind(part: &Part) -> Part {
    part.slice(4, u64::MAX)
}

/// Files have no earlier times, in seconds from 1970: those that do are no times but lengths.
const EARLIEST: u32 = 1 << 30;

fn is_cached(_: &Input, part: &Part) -> Result<bool, Failure> {
    // Pickles of protocol 2 on begin so.
    let Ok(head) = part.bytes_at(0, 6) else { return Ok(false) };
    let [t0, t1, t2, t3, 0x80, 2..=5] = *head.as_slice() else { return Ok(false) };
    let is_time = match [t0, t1, t2, t3] {
        [0, 0, 0, 0] => true,
        [0, 0, ..] => false,
        time => u32::from_le_bytes(time) >= EARLIEST,
    };
    if !is_time {
        return Ok(false);
    }
    // A pickle that begins with what is a time here has an opcode first.
    let end = |part: &Part| Input::from_part(String::new(), part.clone()).map(first_pickle_end);
    let pickle = behind(part);
    Ok(end(&pickle)? == Some(pickle.len()) && end(part)?.is_none())
}
