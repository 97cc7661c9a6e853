//! What a split fetches from elsewhere: found by a look at its opcodes, before it is read.

use super::plan::{Entry, Head, Split, SplitPlan};
use super::pump::{Pump, Pumped};
use crate::{MemoPlan, MemoPlanner};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::convert::Infallible;
use core::ops::Range;

/// Finds the memo entries that a split fetches, and where they come from, those that make them included.
///
/// It asks for the bytes of the split, then for those of entries from elsewhere. Most splits need none, or a few
/// strings. 16 bytes for each entry that is fetched.
///
/// See the example of [`SplitReader`](crate::SplitReader).
pub struct SplitNeeds<'p> {
    plan: &'p SplitPlan,
    split: Split,
    head: Option<&'p Head>,
    pump: Pump,
    end: u64,
    uses: MemoPlanner,
    /// By their place: what must be read.
    units: BTreeMap<(u64, u64), Entry>,
    /// Of these, what has not been looked at.
    left: VecDeque<Entry>,
    is_done: bool,
}

impl<'p> SplitNeeds<'p> {
    /// For one of the splits of a plan; `None` where it does not have so many.
    pub fn new(plan: &'p SplitPlan, split: usize) -> Option<Self> {
        let split = *plan.splits.get(split)?;
        let head = split.inside.and_then(|inside| plan.heads.get(inside.head));
        Some(SplitNeeds {
            plan,
            split,
            head,
            pump: Pump::at(split.offset, true),
            end: split.end,
            uses: MemoPlanner::new(),
            units: BTreeMap::new(),
            left: VecDeque::new(),
            is_done: head.is_none(),
        })
    }

    /// Which bytes of the stream to feed next; `None` when all is known.
    pub fn wants(&self) -> Option<Range<u64>> {
        if self.is_done { None } else { Some(self.pump.decoder.offset()..self.end) }
    }

    /// Takes a piece of what is wanted, or nothing where the stream ends. A fault in the stream is told by the reader of
    /// the split.
    pub fn feed(&mut self, input: &mut &[u8]) {
        let Some(head) = self.head.filter(|_| !self.is_done) else { return };
        let at_end = input.is_empty();
        let wanted = self.end.saturating_sub(self.pump.decoder.offset());
        let mut part = input.get(..usize::try_from(wanted).unwrap_or(usize::MAX)).unwrap_or(input);
        let before = part.len();
        let mut pump = core::mem::replace(&mut self.pump, Pump::at(0, true));
        let pumped = pump.run(&mut part, |op, _| -> Result<(), Infallible> {
            if let Some(index) = MemoPlan::fetch(op).filter(|&index| index >= head.memo) {
                self.uses.op(op);
                self.fetched(head, index, op.offset);
            }
            Ok(())
        });
        *input = input.get(before - part.len()..).unwrap_or_default();
        self.pump = pump;
        let is_over = match pumped {
            Ok(Pumped::NeedMore) => at_end || self.pump.decoder.offset() >= self.end,
            Ok(Pumped::End) | Err(_) => true,
        };
        if is_over {
            match self.left.pop_front() {
                Some(Entry { offset, end, .. }) => {
                    self.pump = Pump::at(offset, true);
                    self.end = end;
                }
                None => self.is_done = true,
            }
        }
    }

    fn fetched(&mut self, head: &Head, index: u64, offset: u64) {
        // Only entries from before the place where it is fetched.
        let Ok(at) = head.entries.binary_search_by_key(&index, |entry| entry.index) else { return };
        let Some(entry) = head.entries.get(at).filter(|entry| entry.end <= offset) else { return };
        let is_here = (self.split.offset..self.split.end).contains(&entry.offset);
        if !is_here && self.units.insert((entry.offset, entry.end), *entry).is_none() {
            self.left.push_back(*entry);
        }
    }

    /// What the reader of the split must know; `memo` is where the plan of the memo goes.
    pub fn finish(mut self, memo: &'p mut MemoPlanner) -> SplitStart<'p> {
        core::mem::swap(memo, &mut self.uses);
        let memo = memo.finish();
        // What lies in another is made with it.
        let mut units: Vec<Entry> = Vec::new();
        for entry in self.units.into_values() {
            while units.last().is_some_and(|last| last.offset == entry.offset && last.end <= entry.end) {
                units.pop();
            }
            if units.last().is_none_or(|last| last.end < entry.end) {
                units.push(entry);
            }
        }
        SplitStart { plan: self.plan, split: self.split, head: self.head, units, memo }
    }
}

/// All that is known about a split before it is read. Made by [`SplitNeeds::finish`].
///
/// See the example of [`SplitReader`](crate::SplitReader).
#[derive(Debug)]
pub struct SplitStart<'p> {
    pub(super) plan: &'p SplitPlan,
    pub(super) split: Split,
    pub(super) head: Option<&'p Head>,
    pub(super) units: Vec<Entry>,
    pub(super) memo: MemoPlan<'p>,
}

impl SplitStart<'_> {
    /// The split.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// Bytes of the stream that are read before the split itself: how its pickle begins, and memo entries.
    pub fn reads(&self) -> impl Iterator<Item = Range<u64>> {
        let head = self.head.map(|head| head.start..head.end);
        head.into_iter().chain(self.units.iter().map(|unit| unit.offset..unit.end))
    }
}
