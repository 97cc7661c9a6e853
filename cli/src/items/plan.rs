//! The first pass over a file: which memo entries are fetched, and where last.

use crate::Failure;
use crate::input::Part;
use crate::progress::Progress;
use pickle_core::{Decoder, MemoPlan, MemoUse, Op, Opcode, Step};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Read;

/// One pickle ahead of whoever reads the items. Memory: 24 bytes or so for every entry that is ever fetched.
pub(super) struct Planner {
    reader: crate::input::PartReader,
    decoder: Decoder,
    piece: Vec<u8>,
    unread: std::ops::Range<usize>,
}

impl Planner {
    pub(super) fn new(part: Part) -> Self {
        let piece = vec![0; super::PIECE];
        Planner { reader: part.reader(), decoder: Decoder::new(), piece, unread: 0..0 }
    }

    /// The part begins at this offset of the stream.
    pub(super) fn at(mut self, offset: u64) -> Self {
        self.decoder.restart_at(offset);
        self
    }

    /// The plan of the next pickle; `None` where it is damaged, which the second pass will tell.
    pub(super) fn plan<'s>(
        &mut self,
        storage: &'s mut Vec<MemoUse>,
        progress: &Progress,
    ) -> Result<Option<MemoPlan<'s>>, Failure> {
        // Where each entry is fetched last.
        let mut last = HashMap::new();
        self.decoder.next_pickle();
        loop {
            let mut rest = self.piece.get(self.unread.clone()).unwrap_or_default();
            let before = rest.len();
            let walked = self.decoder.each(&mut rest, |op| -> Result<(), Infallible> {
                note(&op, &mut last);
                Ok(())
            });
            let step = walked.and_then(|_| self.decoder.next(&mut rest));
            match &step {
                Ok(Step::Op(op)) => note(op, &mut last),
                Err(_) => return Ok(None),
                Ok(_) => {}
            }
            let end = step == Ok(Step::End);
            self.unread.start += before - rest.len();
            if end {
                break;
            }
            if self.unread.is_empty() {
                progress.at(self.decoder.offset());
                // What can not be read the second pass will tell as well.
                self.unread = 0..self.reader.read(&mut self.piece).unwrap_or(0);
                if self.unread.is_empty() {
                    return Ok(None);
                }
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
}

/// Takes note of a fetch from the memo.
fn note(op: &Op<'_>, last: &mut HashMap<u64, u64>) {
    if matches!(op.opcode, Opcode::Get | Opcode::BinGet | Opcode::LongBinGet)
        && let Some(index) = MemoPlan::fetch(op)
    {
        last.insert(index, op.offset);
    }
}
