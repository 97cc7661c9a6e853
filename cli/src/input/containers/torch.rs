//! Files of torch before 1.6: five pickles, then raw storages
//! (`torch.serialization._legacy_save`).

use super::Content;
use super::format::{Format, Open, Recognise};
use crate::Failure;
use crate::input::{Input, Part};
use pickle_core::{Heap, OpReader, Options, Step, Unpickler};

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "torch",
    what: "a file of torch before 1.6",
    recognise: Recognise::Head(is_legacy),
    open: Open::Pickles(pickles),
    all: true,
};

fn pickles(input: Input) -> Result<Content, Failure> {
    let input = input.into_seekable()?;
    let Some(part) = input.part() else { return Ok(Content::Pickles(input)) };
    // Where they end is only known by reading them; an error in them is best reported by their reader.
    let Some(end) = pickles_end(part) else { return Ok(Content::Pickles(input)) };
    Input::from_part(input.name(), part.slice(0, end)).map(Content::Pickles)
}

/// The magic number.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;

/// Bytes that a pickle of the magic number has at most, in any protocol.
const MAGIC_PICKLE: usize = 64;

/// Memory for that pickle.
const MEMORY: usize = 64 * 1024;

/// Pickles at the start: magic number, protocol, system, the object, keys of the storages.
const PICKLES: usize = 5;

/// The first pickle is torch's magic number, whatever the protocol spells it like.
pub(super) fn is_legacy(head: &[u8]) -> bool {
    // PROTO, or the LONG of protocols 0 and 1.
    if !matches!(head.first(), Some(0x80 | b'L')) {
        return false;
    }
    let mut unpickler = Unpickler::new(Heap::with_limit(MEMORY), Options::new());
    let head = head.get(..MAGIC_PICKLE).unwrap_or(head);
    unpickler.load(head).is_ok_and(|document| document.root().as_i128() == Some(MAGIC))
}

/// Where the last of the pickles ends; `None` where they cannot be read.
pub(crate) fn pickles_end(part: &Part) -> Option<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let mut reader = OpReader::new(Input::from_part("", part.clone()).ok()?, &mut buffer);
    for left in (0..PICKLES).rev() {
        while !matches!(reader.next().ok()?, Step::End) {}
        if left != 0 {
            reader.decoder().next_pickle();
        }
    }
    Some(reader.decoder().offset())
}
