//! Where to go on after a damaged pickle.

use crate::Failure;
use crate::input::{Input, Part};
use crate::messages::note;
use crate::survey::search::{TRIAL, begins_pickle, goes_behind};

/// Bytes that are searched at a time.
const WINDOW: usize = 256 * 1024;

/// The next offset from `from` on, of a pickle that goes on behind `fault`, where PROTO of protocol 2 to 5 stands and opcodes follow. Pickles of protocols 0 and 1
/// begin with nothing that could be known again.
pub(super) fn next_pickle(part: &Part, from: u64, fault: u64, name: &str) -> Result<Option<u64>, Failure> {
    let fail = |source| Failure::Input { name: name.to_owned(), source };
    let mut at = from;
    loop {
        let window = part.bytes_at(at, WINDOW + TRIAL).map_err(fail)?;
        let whole = window.len() < WINDOW + TRIAL;
        let starts = window.windows(2).take(WINDOW).enumerate();
        for (start, pair) in starts {
            let behind = usize::try_from(fault.saturating_sub(at + start as u64)).unwrap_or(usize::MAX);
            let here = || window.get(start..).unwrap_or_default();
            if matches!(pair, [0x80, 2..=5]) && begins_pickle(here()) && goes_behind(here(), behind) {
                return Ok(Some(at + start as u64));
            }
        }
        if whole {
            return Ok(None);
        }
        at += WINDOW as u64;
    }
}

/// Says what was left out of what begins at `start`: where items of it came out, what stands behind them, up to the fault
/// and beyond.
pub(super) fn tell(input: &Input, start: u64, fault: Option<u64>, next: Option<u64>) {
    let what = match (fault, next) {
        (None, Some(next)) => format!("bytes {start} to {next} were left out"),
        (None, None) => format!("everything from byte {start} on was left out"),
        (Some(fault), _) => format!(
            "of the pickle at byte {start}, the items that are whole before byte {fault} came out; the rest of it was left out"
        ),
    };
    let then = match next {
        Some(next) => format!("going on with the pickle at byte {next}"),
        None => "no other pickle begins behind it".to_owned(),
    };
    note(input.name(), &format!("{what}; {then}"));
}
