//! Files of torch before 1.6: five pickles, then raw storages
//! (`torch.serialization._legacy_save`).

use crate::input::{Input, Part};
use pickle_core::{OpReader, Step};

/// LONG1 of the magic number, 0x1950a86a20f9469cfc6c.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// Pickles at the start: magic number, protocol, system, the object, keys of the storages.
const PICKLES: usize = 5;

/// The first pickle is torch's magic number, behind PROTO and perhaps a FRAME.
pub(super) fn is_legacy(head: &[u8]) -> bool {
    match head {
        [0x80, _, 0x95, rest @ ..] => rest.get(8..).is_some_and(|rest| rest.starts_with(MAGIC)),
        [0x80, _, rest @ ..] => rest.starts_with(MAGIC),
        _ => false,
    }
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
