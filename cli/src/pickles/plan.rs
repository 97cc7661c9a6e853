//! A pass over a pickle: which memo entries are fetched, and where last.

use crate::Failure;
use crate::input::Input;
use pickle_core::{MemoPlan, MemoUse, Op, OpReader, ReadError, Step};
use std::collections::HashMap;
use std::convert::Infallible;

/// Bytes that are read at a time.
pub(super) const PIECE: usize = 256 * 1024;

/// The plan of the pickle that begins at `offset`, to which the input must go back then; `None` where it is read only
/// once. Of a damaged pickle it is that of what comes before the fault, which its reader will tell. Memory: 24 bytes or
/// so for every entry that is ever fetched.
///
/// # Errors
/// The file cannot be read.
pub(super) fn plan<'s>(
    input: &mut Input,
    offset: u64,
    storage: &'s mut Vec<MemoUse>,
) -> Result<Option<MemoPlan<'s>>, Failure> {
    if input.part().is_none() {
        return Ok(None);
    }
    input.go_to(offset);
    let mut buffer = vec![0; PIECE];
    let mut reader = OpReader::new(input, &mut buffer);
    reader.decoder().restart_at(offset);
    // Where each entry is fetched last.
    let mut last = HashMap::new();
    let mut note = |op: &Op<'_>| {
        if let Some(index) = MemoPlan::fetch(op) {
            last.insert(index, op.offset);
        }
    };
    loop {
        let walked = reader.each(|op| -> Result<(), Infallible> {
            note(&op);
            Ok(())
        });
        match walked.map_err(ReadError::Pickle).and_then(|_| reader.next()) {
            Ok(Step::Op(op)) => note(&op),
            Ok(Step::End) | Err(ReadError::Pickle(_)) => break,
            Ok(_) => {}
            Err(ReadError::Io(error)) => return Err(error.into()),
        }
    }
    storage.resize(last.len() * 2 + 8, MemoUse::EMPTY);
    let mut plan = MemoPlan::new(storage);
    for (index, offset) in last {
        if plan.fetched(index, offset).is_err() {
            return Ok(None);
        }
    }
    plan.finish();
    Ok(Some(plan))
}
