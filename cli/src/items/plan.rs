//! A pass over a pickle: which memo entries are fetched, and where last.

use crate::Failure;
use crate::input::Input;
use pickle_core::{Decoder, MemoPlan, MemoUse, Op, Step};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Read;

/// The plan of the pickle that begins at `offset`; `None` where the input is read only once, or the pickle is damaged.
/// Memory: 24 bytes or so for every entry that is ever fetched.
///
/// # Errors
/// The file can not be read.
pub(super) fn plan<'s>(
    input: &Input,
    offset: u64,
    storage: &'s mut Vec<MemoUse>,
) -> Result<Option<MemoPlan<'s>>, Failure> {
    let Some(part) = input.part() else { return Ok(None) };
    let fail = |source| Failure::Input { name: input.name().to_owned(), source };
    let mut reader = part.slice(offset, u64::MAX).reader();
    let mut decoder = Decoder::new();
    decoder.restart_at(offset);
    let mut piece = vec![0; super::PIECE];
    // Where each entry is fetched last.
    let mut last = HashMap::new();
    let mut note = |op: &Op<'_>| {
        if let Some(index) = MemoPlan::fetch(op) {
            last.insert(index, op.offset);
        }
    };
    'pickle: loop {
        let read = reader.read(&mut piece).map_err(fail)?;
        let mut unread = piece.get(..read).unwrap_or_default();
        if unread.is_empty() {
            return Ok(None);
        }
        while !unread.is_empty() {
            let walked = decoder.each(&mut unread, |op| -> Result<(), Infallible> {
                note(&op);
                Ok(())
            });
            match walked.and_then(|_| decoder.next(&mut unread)) {
                Ok(Step::Op(op)) => note(&op),
                Ok(Step::End) => break 'pickle,
                Ok(_) => {}
                Err(_) => return Ok(None),
            }
        }
        input.progress().at(decoder.offset());
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
