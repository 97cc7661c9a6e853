//! Where to go on after a damaged pickle.

use crate::Failure;
use crate::input::{Input, Part};
use pickle_core::{Decoder, Step};
use std::convert::Infallible;
use std::io::{self, Write};

/// Bytes of a pickle that are looked at, to tell it from bytes that only look like its start.
const TRIAL: usize = 4096;
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

/// As far as these bytes go, at most [`TRIAL`], they are opcodes.
fn begins_pickle(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(..TRIAL).unwrap_or(bytes);
    let mut decoder = Decoder::new();
    loop {
        let step = decoder.each(&mut rest, |_| -> Result<(), Infallible> { Ok(()) });
        match step.and_then(|_| decoder.next(&mut rest)) {
            Ok(Step::End | Step::NeedMore) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// Says what was left out.
pub(super) fn tell(input: &Input, start: u64, next: Option<u64>) {
    crate::progress::clear();
    let text = match next {
        Some(next) => format!("bytes {start} to {next} were left out; going on with the pickle at byte {next}"),
        None => format!("everything from byte {start} on was left out: no pickle begins there"),
    };
    // There is nobody left to tell if this fails.
    let _ = writeln!(io::stderr(), "pickle: {}: {text}", input.name());
}
