//! A pass over a pickle: which memo entries are fetched, and where last.

use crate::Failure;
use crate::input::Input;
use pickle_core::{Arg, Decoder, Fragment, MemoPlan, MemoUse, Op, Opcode, Step};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Read;

/// Bytes of a GET that are looked at: no index is longer.
const INDEX: usize = 64;

/// The plan of the pickle that begins at `offset`; `None` where the input is read only once. Of a damaged pickle it is
/// that of what comes before the fault, which its reader will tell. Memory: 24 bytes or so for every entry that is ever
/// fetched.
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
    // A GET that lies across two pieces.
    let mut text = Vec::new();
    'pickle: loop {
        let read = reader.read(&mut piece).map_err(fail)?;
        let mut unread = piece.get(..read).unwrap_or_default();
        if unread.is_empty() {
            break;
        }
        while !unread.is_empty() {
            let walked = decoder.each(&mut unread, |op| -> Result<(), Infallible> {
                note(&op);
                Ok(())
            });
            match walked.and_then(|_| decoder.next(&mut unread)) {
                Ok(Step::Op(op)) => note(&op),
                Ok(Step::Fragment(Fragment { opcode: opcode @ Opcode::Get, offset, data, last, .. })) => {
                    text.extend(data.iter().take(INDEX.saturating_sub(text.len())));
                    if last {
                        note(&Op { opcode, arg: Arg::Text(&text), offset });
                        text.clear();
                    }
                }
                Ok(Step::End) | Err(_) => break 'pickle,
                Ok(_) => {}
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
