//! Which entries of a memo are filled.

use pickle_core::{MemoPlan, Op, OpKind, Opcode, memo_index};
use std::collections::HashSet;
use std::ops::Range;

/// A set of memo indexes. Picklers number them one after another, from 0 or 1 on: those are a range, of any length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexes {
    row: Range<u64>,
    others: HashSet<u64>,
}

impl Indexes {
    /// How many.
    pub(crate) fn len(&self) -> u64 {
        self.row.end - self.row.start + self.others.len() as u64
    }

    /// None.
    pub(crate) fn is_empty(&self) -> bool {
        self.row.is_empty() && self.others.is_empty()
    }

    pub(crate) fn contains(&self, index: u64) -> bool {
        self.row.contains(&index) || self.others.contains(&index)
    }

    pub(crate) fn insert(&mut self, index: u64) {
        if index == u64::MAX {
            // No range ends behind it.
            self.others.insert(index);
        } else if self.is_empty() {
            self.row = index..index + 1;
        } else if index == self.row.end {
            self.row.end += 1;
            while !self.others.is_empty() && self.others.remove(&self.row.end) {
                self.row.end += 1;
            }
        } else if !self.row.contains(&index) {
            self.others.insert(index);
        }
    }

    /// The entry that an opcode fills, if it does: MEMOIZE counts those that are filled. What is no number is none; who
    /// reads the pickle will say so.
    pub(crate) fn filled_by(&self, op: &Op<'_>) -> Option<u64> {
        match op.opcode {
            Opcode::Memoize => Some(self.len()),
            opcode if opcode.kind() == OpKind::Store => memo_index(op)?.ok(),
            _ => None,
        }
    }

    /// All of them, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.row.clone().chain(self.others.iter().copied())
    }
}

/// Finds out whether the pickles of a stream share one memo: those of one `Pickler` fetch what it has written before.
#[derive(Default)]
pub(crate) struct Sharing {
    earlier: Indexes,
    /// Entries of all pickles before: MEMOIZE numbers behind them where the memo is shared.
    total: u64,
    own: Indexes,
}

impl Sharing {
    /// Behind a pickle that filled the memo with these.
    pub(crate) fn behind(filled: impl Iterator<Item = u64>) -> Self {
        let mut sharing = Sharing::default();
        filled.for_each(|index| sharing.own.insert(index));
        sharing.next_pickle();
        sharing
    }

    /// Takes note of an opcode; tells whether the memo is shared where that is certain.
    pub(crate) fn op(&mut self, op: &Op<'_>) -> Option<bool> {
        if let Some(index) = self.own.filled_by(op) {
            self.own.insert(index);
        }
        let missing = MemoPlan::fetch(op).filter(|index| !self.own.contains(*index))?;
        Some(missing < self.total || self.earlier.contains(missing))
    }

    /// No pickle before has filled the memo.
    pub(crate) fn is_first(&self) -> bool {
        self.earlier.is_empty()
    }

    /// The pickle has ended.
    pub(crate) fn next_pickle(&mut self) {
        self.total += self.own.len();
        std::mem::take(&mut self.own).iter().for_each(|index| self.earlier.insert(index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter() {
        for order in [[0, 1, 2, 3, 9], [9, 3, 2, 1, 0], [1, 0, 2, 9, 3], [0, 2, 3, 1, 9], [2, 0, 1, 9, 3]] {
            let mut indexes = Indexes::default();
            for index in order {
                assert!(!indexes.contains(index));
                for _ in 0..2 {
                    indexes.insert(index);
                }
            }
            assert_eq!(indexes.len(), 5, "{order:?}");
            assert_eq!((0..12).filter(|&index| indexes.contains(index)).collect::<Vec<_>>(), [0, 1, 2, 3, 9]);
            let mut all: Vec<_> = indexes.iter().collect();
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 9]);
        }
    }

    #[test]
    fn a_row_takes_no_memory() {
        let mut indexes = Indexes::default();
        (1..1 << 20).for_each(|index| indexes.insert(index));
        assert_eq!((indexes.len(), indexes.others.capacity()), ((1 << 20) - 1, 0));
        // A range cannot end behind the last index there is.
        let mut last = Indexes::default();
        last.insert(u64::MAX);
        assert!(last.contains(u64::MAX) && last.len() == 1);
    }
}
