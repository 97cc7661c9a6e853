//! A closer look at a part of a pickle: where each item begins, and where the memo entries come from that others fetch.

use super::plan::{Entry, UnsplitReason};
use super::pump::{Pump, Pumped};
use super::scan::{Base, MOST, SHARED, Unfit, bounded, items_of};
use super::track::{Did, Slot, Tracker, What};
use crate::machine::node::chunk;
use crate::{Error, Op, Opcode};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// An item.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    end: u64,
    memo: u64,
    frame_end: u64,
    /// A MARK stands before it: what will be done with it.
    marked: Option<u8>,
}

/// A memo entry that was put.
#[derive(Clone, Copy, Debug)]
struct Made {
    index: u64,
    /// Its value.
    offset: u64,
    memo: u64,
    what: What,
    /// The PUT, and what follows it.
    at: u64,
    end: u64,
}

/// A place where a split begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub offset: u64,
    pub first: u64,
    pub memo: u64,
    pub frame_end: u64,
    pub marked: bool,
    /// How the split before it ends.
    pub ends: Option<u8>,
}

#[derive(Debug)]
pub(super) struct Look {
    pump: Pump,
    tracker: Tracker,
    pub base: Base,
    /// Number of the base.
    pub number: usize,
    pub end: u64,
    at: usize,
    /// Values of containers whose items are not what is asked for.
    places: Vec<Place>,
    made: Vec<Made>,
    fetched: Vec<(u64, u64)>,
    changed: Vec<(u64, u64)>,
}

impl Look {
    pub fn new(base: Base, number: usize, end: u64, at: usize) -> Self {
        Look {
            pump: Pump::at(base.offset, true),
            tracker: Tracker::at(at + 1, base.marked, base.memo, base.frame_end),
            base,
            number,
            end,
            at,
            places: Vec::new(),
            made: Vec::new(),
            fetched: Vec::new(),
            changed: Vec::new(),
        }
    }

    pub fn offset(&self) -> u64 {
        self.pump.decoder.offset()
    }

    /// Follows the input, which ends where the look does.
    ///
    /// # Errors
    /// What is wrong with the stream: it is another than before.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Result<(), Unfit>, Error> {
        let mut pump = core::mem::replace(&mut self.pump, Pump::at(0, true));
        let pumped = pump.run(input, |op, end| self.op(op, end).map_err(|reason| Unfit { reason, offset: op.offset }));
        self.pump = pump;
        Ok(match pumped? {
            Pumped::NeedMore | Pumped::End => Ok(()),
            Pumped::Broken(unfit) => Err(unfit),
        })
    }

    fn op(&mut self, op: &Op<'_>, end: u64) -> Result<(), UnsplitReason> {
        let found = match self.fills(op.opcode) {
            Some(kind) => self.items_on_the_stack(op.offset, kind)?,
            None => 0,
        };
        match self.tracker.op(op, end)? {
            Did::Fetched(index) => {
                bounded(&self.fetched)?;
                self.fetched.push((index, op.offset));
            }
            Did::Put(index) => {
                bounded(&self.made)?;
                let Some(&Slot { offset, memo, what }) = self.tracker.slots.last() else {
                    return Err(UnsplitReason::Damaged);
                };
                self.made.push(Made { index, offset, memo, what, at: op.offset, end });
            }
            Did::Filled { at, count, kind, .. } if at == self.at => {
                if items_of(count, kind)? != found {
                    return Err(UnsplitReason::Damaged);
                }
                self.tracker.drop_frames();
            }
            Did::Filled { at, .. } => match self.tracker.slots.get(at).map(|slot| slot.what) {
                Some(What::Fetched(index)) => self.changed.push((index, op.offset)),
                Some(What::Twice) => return Err(UnsplitReason::ItemChanged),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// The opcode fills the container: with what.
    fn fills(&self, opcode: Opcode) -> Option<u8> {
        let height = self.tracker.slots.len();
        let (kind, fits) = match opcode {
            Opcode::Append => (chunk::APPEND, height == self.at + 2),
            Opcode::SetItem => (chunk::SET_ITEM, height == self.at + 3),
            Opcode::Appends => (chunk::APPEND, self.tracker.marks.last() == Some(&(self.at + 1))),
            Opcode::SetItems => (chunk::SET_ITEM, self.tracker.marks.last() == Some(&(self.at + 1))),
            Opcode::AddItems => (chunk::ADD, self.tracker.marks.last() == Some(&(self.at + 1))),
            _ => return None,
        };
        if fits { Some(kind) } else { None }
    }

    /// Takes note of the items that lie on the stack, and tells how many.
    fn items_on_the_stack(&mut self, end: u64, kind: u8) -> Result<u64, UnsplitReason> {
        let marked = self.tracker.slots.get(self.at + 1).is_some_and(|slot| slot.what == What::Mark);
        let first = self.at + 1 + usize::from(marked);
        let slots = self.tracker.slots.get(first..).unwrap_or_default();
        let step = 1 + usize::from(kind == chunk::SET_ITEM);
        let before = self.places.len();
        for (number, item) in slots.chunks(step).enumerate() {
            let Some(slot) = item.first() else { continue };
            let next = slots.get((number + 1) * step).map_or(end, |slot| slot.offset);
            if self.places.len() >= MOST {
                return Err(UnsplitReason::TooMuch);
            }
            self.places.push(Place {
                offset: slot.offset,
                end: next,
                memo: slot.memo,
                frame_end: self.tracker.frame_end(slot.offset),
                marked: if marked { Some(kind) } else { None },
            });
        }
        Ok((self.places.len() - before) as u64)
    }

    /// Where splits begin behind the base itself, so that none has more than is asked for, where it can be.
    pub fn cuts(&self, every: (u64, u64)) -> Vec<Cut> {
        let (mut cuts, mut from, mut first) = (Vec::new(), self.base.offset, 0);
        for (number, place) in (0..).zip(&self.places) {
            if number > first && (place.offset - from >= every.0 || number - first >= every.1) {
                (from, first) = (place.offset, number);
                cuts.push(Cut {
                    offset: place.offset,
                    first: self.base.first + number,
                    memo: place.memo,
                    frame_end: place.frame_end,
                    marked: place.marked.is_some(),
                    ends: place.marked,
                });
            }
        }
        cuts
    }

    /// Adds to `entries` how to make those of `wanted` that are put here, and what those need; where splits begin within,
    /// of what is fetched across items, too.
    ///
    /// # Errors
    /// Something that is fetched cannot be made again.
    pub fn resolve(
        &self,
        wanted: &mut BTreeSet<u64>,
        entries: &mut Vec<Entry>,
        head_memo: u64,
        is_cut: bool,
    ) -> Result<(), UnsplitReason> {
        let place_of = |offset: u64| self.places.partition_point(|place| place.offset <= offset).checked_sub(1);
        let made_of = |index: u64| self.made.binary_search_by_key(&index, |made| made.index).ok();
        let low = self.base.memo.max(head_memo);
        let mut work: Vec<u64> = wanted.range(low..).copied().collect();
        wanted.split_off(&low);
        let mut done = BTreeSet::new();
        // What is put by one item and changed by another is neither's.
        for &(index, offset) in &self.changed {
            let Some(made) = made_of(index).and_then(|at| self.made.get(at)) else { continue };
            if place_of(made.offset) != place_of(offset) && (is_cut || !work.is_empty()) {
                return Err(UnsplitReason::ItemChanged);
            }
        }
        if is_cut {
            for &(index, offset) in &self.fetched {
                let Some(made) = made_of(index).and_then(|at| self.made.get(at)) else { continue };
                if index >= low && place_of(made.offset) != place_of(offset) {
                    work.push(index);
                }
            }
        }
        while let Some(index) = work.pop() {
            if index < low {
                if index >= head_memo {
                    wanted.insert(index);
                }
                continue;
            }
            if !done.insert(index) {
                continue;
            }
            if entries.len() >= MOST {
                return Err(UnsplitReason::TooMuch);
            }
            let at = made_of(index).ok_or(UnsplitReason::SharedMemo)?;
            let made = *self.made.get(at).ok_or(UnsplitReason::SharedMemo)?;
            let twice = at.checked_sub(1).and_then(|at| self.made.get(at)).is_some_and(|m| m.end == made.at);
            let entry = match made.what {
                What::Plain | What::Global if !twice => {
                    Entry { index, offset: made.offset, end: made.end, memo: made.memo }
                }
                What::Container => {
                    let place =
                        place_of(made.offset).and_then(|at| self.places.get(at)).ok_or(UnsplitReason::Damaged)?;
                    Entry { index, offset: place.offset, end: place.end, memo: place.memo }
                }
                _ => return Err(UnsplitReason::MemoKind),
            };
            if entry.end - entry.offset > SHARED {
                return Err(UnsplitReason::SharedTooLong);
            }
            entries.push(entry);
            let from = self.fetched.partition_point(|&(_, offset)| offset < entry.offset);
            let inside = self.fetched.iter().skip(from).take_while(|&&(_, offset)| offset < entry.end);
            work.extend(inside.map(|&(index, _)| index).filter(|&index| index < entry.memo && index >= head_memo));
        }
        Ok(())
    }
}
