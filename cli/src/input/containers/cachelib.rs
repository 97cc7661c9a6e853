//! cachelib's `FileSystemCache`: when it expires, four bytes, then a pickle.

use super::format::{Format, Open, Recognise};
use super::{Data, Member};
use crate::Failure;
use crate::input::{Input, Part};

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

fn is_cached(_: &Input, part: &Part) -> Result<bool, Failure> {
    // Pickles of protocol 2 on begin so. A pickle that begins with what is a time here has an opcode first.
    let Ok(head) = part.bytes_at(0, 6) else { return Ok(false) };
    if !matches!(head.as_slice(), [first, _, _, _, 0x80, 2..=5] if *first != 0x80) {
        return Ok(false);
    }
    let whole = |part: Part| Input::from_part(String::new(), part).is_ok_and(super::is_pickle);
    Ok(whole(behind(part)) && !whole(part.clone()))
}
