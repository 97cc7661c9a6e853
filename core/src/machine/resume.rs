//! What the machine does for a reader that begins in the middle of a pickle.

use super::handover::{Batch, Stream};
use super::memory::Regions;
use super::node::{Node, chunk, tag};
use super::{Done, Machine};

impl Batch {
    /// There is a mark below the values.
    pub fn is_marked(&self) -> bool {
        self.marked
    }
}

impl Machine {
    /// All that lies above the container at a place of the stack, as values that `kind` will be done with. `None` where
    /// marks are open among them, or only in part theirs.
    pub fn batch_above(&self, nodes: &[Node], at: usize, kind: u8) -> Option<Batch> {
        let first = at + 1;
        let marked = self.stack_at(nodes, first).is_some_and(|node| node.tag() == tag::MARK);
        let begin = first + usize::from(marked);
        if if marked { self.fence != begin } else { self.fence > begin } {
            return None;
        }
        Some(Batch { at, count: self.stack.checked_sub(begin)?, kind, marked })
    }

    /// What is wrong with the values of a batch, on top of the stack, as items of the container below them.
    pub fn check_batch(&self, r: &mut Regions<'_>, batch: &Batch) -> Done {
        use crate::ErrorKind;
        let Some(container) = self.stack_at(r.nodes, batch.at) else { return Err(ErrorKind::StackUnderflow) };
        match (container.tag(), batch.kind) {
            (_, chunk::SET_ITEM) if !batch.count.is_multiple_of(2) => Err(ErrorKind::OddItems),
            (tag::LIST | tag::OBJECT, chunk::APPEND) | (tag::OBJECT, chunk::SET_ITEM | chunk::ADD) => Ok(()),
            (tag::DICT, chunk::SET_ITEM) => self.check_keys(r, batch.count, 2),
            (tag::SET, chunk::ADD) => self.check_keys(r, batch.count, 1),
            (_, chunk::APPEND) => Err(ErrorKind::NoAppend),
            (_, chunk::SET_ITEM) => Err(ErrorKind::NoSetItem),
            _ => Err(ErrorKind::NoAdd),
        }
    }

    /// The entries that are put next have indices from this one on.
    pub fn memo_from(&mut self, stream: &mut Stream, index: u64) {
        self.memo_low = index;
        self.memo_count = index;
        stream.put_before = index;
    }
}
