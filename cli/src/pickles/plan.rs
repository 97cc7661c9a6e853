//! A pass over a pickle: which memo entries are fetched, and where last.

use crate::Failure;
use crate::input::Input;
use pickle_core::{Decoder, MemoPlan, MemoPlanner};
use std::io::BufRead;

/// The plan of the pickle that begins at `offset`, to which the input must go back then; `None` where it is read only
/// once. Of a damaged pickle it is that of what comes before the fault, which its reader will report.
///
/// # Errors
/// The file cannot be read.
pub(super) fn plan<'s>(
    input: &mut Input,
    offset: u64,
    planner: &'s mut MemoPlanner,
) -> Result<Option<MemoPlan<'s>>, Failure> {
    if input.part().is_none() {
        return Ok(None);
    }
    input.go_to(offset);
    let mut decoder = Decoder::new();
    decoder.restart_at(offset);
    loop {
        let piece = input.fill_buf()?;
        let mut rest = piece;
        let over = piece.is_empty() || planner.feed(&mut decoder, &mut rest);
        let used = piece.len() - rest.len();
        input.consume(used);
        if over {
            return Ok(Some(planner.finish()));
        }
    }
}
