//! Where a pickle seems to begin.

use super::symbols::Symbols;
use pickle_core::{Decoder, Step};

/// Bytes of a pickle that are looked at, to tell it from bytes that only look like its start.
pub(crate) const TRIAL: usize = 64 * 1024;

/// The bytes from here on are a pickle: opcodes as far as a first look goes, and then up to a STOP at which the stack is in
/// order, or so many that chance is ruled out.
pub(crate) fn begins_pickle(bytes: &[u8]) -> bool {
    begins_pickle_counted(bytes, &mut 0)
}

/// The same, which adds how many bytes were looked at.
pub(crate) fn begins_pickle_counted(bytes: &[u8], looked_at: &mut u64) -> bool {
    let mut decoder = Decoder::new();
    let result = try_pickle(&mut decoder, bytes);
    *looked_at += decoder.offset();
    result
}

fn try_pickle(decoder: &mut Decoder, bytes: &[u8]) -> bool {
    let mut rest = bytes.get(..TRIAL).unwrap_or(bytes);
    let mut symbols = Symbols::default();
    loop {
        let step = decoder.each(&mut rest, |op| symbols.apply(&op));
        match step.and_then(|error| error.map_or(Ok(()), Err)).and_then(|()| decoder.next(&mut rest)) {
            Ok(Step::Op(op)) if symbols.apply(&op).is_err() => return false,
            Ok(Step::End) => return symbols.depth() == 0 && symbols.fault.is_none(),
            // A pickle that is cut off where the file ends is no place to go on at.
            Ok(Step::NeedMore) => return bytes.len() > TRIAL,
            Ok(_) if symbols.take_array().is_some() => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// The next place from `from` on, of a pickle that goes on behind `fault`, where PROTO of protocol 2 to 5 stands and opcodes follow, or PROTO and FRAME, after which
/// the pickle may be cut off. Pickles of protocols 0 and 1 begin with nothing that could be known again.
pub(crate) fn next_in(data: &[u8], from: usize, fault: usize) -> Option<usize> {
    let rest = data.get(from..)?;
    let found = rest.windows(2).enumerate().find(|(at, pair)| {
        let here = rest.get(*at..).unwrap_or_default();
        let behind = fault.saturating_sub(from + at);
        matches!(pair, [0x80, 2..=5]) && (begins_pickle(here) || is_framed(here)) && goes_behind(here, behind)
    });
    found.map(|(at, _)| from + at)
}

/// Where to look for the next pickle after a fault: the opcode before it may have taken the first bytes of one for its
/// argument, of eight bytes at most.
pub(crate) fn behind(fault: u64) -> u64 {
    fault.saturating_sub(9)
}

/// The pickle at the start goes on behind byte `at`, so that it does not lie in a string of the one before.
pub(crate) fn goes_behind(bytes: &[u8], at: usize) -> bool {
    let mut decoder = Decoder::lenient();
    let mut rest = bytes.get(..at).unwrap_or(bytes);
    loop {
        match decoder.next(&mut rest) {
            Ok(Step::End) => return false,
            Ok(Step::Op(_)) => {}
            _ => return true,
        }
    }
}

/// PROTO of protocol 4 or 5, and a FRAME of less than a terabyte.
fn is_framed(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 4 | 5, 0x95, _, _, _, _, _, 0, 0, 0, ..])
}
