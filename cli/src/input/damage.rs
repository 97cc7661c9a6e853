//! Damaged inputs, repaired as far as possible.

use super::file::InputOptions;
use super::open::Input;
use crate::Failure;
use crate::messages::note;
use crate::survey::repair::{Loss, repair};
use std::borrow::Cow;
use std::io::Read;

/// What is left of an input, and whether nothing is lost. What was undone and what is lost is reported.
///
/// # Errors
/// The input cannot be read at all.
pub fn undo(mut input: Input) -> Result<(Vec<u8>, bool), Failure> {
    let name = input.name().to_owned();
    let mut held = Vec::new();
    let mut whole = true;
    if input.as_slice().is_none()
        && let Err(error) = input.read_to_end(&mut held)
    {
        if held.is_empty() {
            return Err(error.into());
        }
        // What was unpacked before is there all the same.
        Failure::from(error).report();
        whole = false;
    }
    let repaired = repair(&input.as_slice().map_or(Cow::Borrowed(held.as_slice()), Cow::Borrowed));
    for text in &repaired.undone {
        note(&name, text);
    }
    for Loss { from, to, why, partly } in &repaired.lost {
        let kept = if *partly { "; what is whole of the pickle before is kept" } else { "" };
        let what = match to - from {
            0 => format!("what comes behind byte {from} is missing"),
            1 => format!("a byte is lost, from {from} to {to}"),
            count => format!("{count} bytes are lost, from {from} to {to}"),
        };
        note(&name, &format!("{what}: {why}{kept}"));
    }
    Ok((repaired.bytes, whole && repaired.lost.is_empty()))
}

/// The same as an input, for `--salvage`. The options note a loss.
pub(super) fn salvaged(input: Input, options: &InputOptions) -> Result<Input, Failure> {
    let name = input.name().to_owned();
    let (bytes, whole) = undo(input)?;
    if !whole {
        options.lose();
    }
    Input::from_memory(name, bytes)
}
