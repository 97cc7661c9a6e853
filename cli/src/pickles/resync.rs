//! Where to go on after a damaged pickle.

use crate::Failure;
use crate::input::{Input, Part};
use crate::messages::note;
use crate::survey::symbols::Symbols;
use pickle_core::{Decoder, Step};

/// Bytes of a pickle that are looked at, to tell it from bytes that only look like its start.
const TRIAL: usize = 64 * 1024;
/// Bytes that are searched at a time.
const WINDOW: usize = 256 * 1024;

/// The next offset from `from` on where PROTO of protocol 2 to 5 stands and opcodes follow. Pickles of protocols 0 and 1
/// begin with nothing that could be known again.
pub(super) fn next_pickle(part: &Part, from: u64, name: &str) -> Result<Option<u64>, Failure> {
    let fail = |source| Failure::Input { name: name.to_owned(), source };
    let mut at = from;
    loop {
        let window = part.bytes_at(at, WINDOW + TRIAL).map_err(fail)?;
        let whole = window.len() < WINDOW + TRIAL;
        let starts = window.windows(2).take(WINDOW).enumerate();
        for (start, pair) in starts {
            if let [0x80, 2..=5] = pair
                && begins_pickle(window.get(start..).unwrap_or_default())
            {
                return Ok(Some(at + start as u64));
            }
        }
        if whole {
            return Ok(None);
        }
        at += WINDOW as u64;
    }
}

/// The bytes from here on are a pickle: opcodes as far as a first look goes, and then up to a STOP at which the stack is in
/// order, or so many that chance is ruled out.
fn begins_pickle(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(..TRIAL).unwrap_or(bytes);
    let mut decoder = Decoder::new();
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

/// Says what was left out.
pub(super) fn tell(input: &Input, start: u64, next: Option<u64>) {
    let text = match next {
        Some(next) => format!("bytes {start} to {next} were left out; going on with the pickle at byte {next}"),
        None => format!("everything from byte {start} on was left out: no pickle begins there"),
    };
    note(input.name(), &text);
}
