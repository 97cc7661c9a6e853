//! A pass over one pickle whose container is known: where its items are, and what they fetch from each other.

use super::plan::{Head, UnsplitReason};
use super::pump::{Pump, Pumped};
use super::track::{Did, Slot, Tracker, What};
use crate::machine::node::{chunk, tag};
use crate::{Error, LookAhead, Op};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Bytes of the first item with which it is read before every split: it introduces the names of keys and classes.
const FIRST_ITEM: u64 = 1 << 16;

/// Bytes that are read before a split, or of one value among them, at most.
pub(super) const SHARED: u64 = 16 << 20;

/// Memo entries, fetches and so on that are followed at most.
pub(super) const MOST: usize = 1 << 18;

/// The container whose items are wanted, when it is filled for the first time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// Its place on the stack.
    pub at: usize,
    /// Where the opcode is that fills it.
    pub offset: u64,
    /// What it is.
    pub tag: u8,
}

impl Goal {
    fn takes(&self, kind: u8) -> bool {
        match self.tag {
            tag::LIST => kind == chunk::APPEND,
            tag::DICT => kind == chunk::SET_ITEM,
            tag::SET => kind == chunk::ADD,
            _ => kind != chunk::BUILD,
        }
    }
}

/// A place where the container has whole batches, so that a split can begin there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    pub offset: u64,
    /// Items before it.
    pub first: u64,
    /// The memo's next index.
    pub memo: u64,
    pub frame_end: u64,
    /// Behind a MARK.
    pub marked: bool,
    /// Up to the next base there is more than a split should have.
    pub coarse: bool,
}

/// A memo entry that was fetched before the container was known.
#[derive(Clone, Copy, Debug)]
struct Early {
    index: u64,
    offset: u64,
    changed: bool,
}

#[derive(Debug)]
pub(super) struct Scan {
    pump: Pump,
    tracker: Tracker,
    goal: Goal,
    /// What tells where the container goes, and whether it has begun and come to an end.
    look_ahead: LookAhead,
    is_closing: bool,
    is_settled: bool,
    /// Bytes and items of a split.
    every: (u64, u64),
    is_open: bool,
    early: Vec<Early>,
    /// Containers on the stack: place, start, memo index.
    around: Vec<(usize, u64, u64)>,
    /// The memo's next index when the container was filled last.
    batch_memo: u64,
    cache: [u64; 256],
    pub head: Head,
    pub bases: Vec<Base>,
    pub items: u64,
    /// Behind the opcode that filled it last.
    pub filled_to: u64,
    /// Memo entries that are fetched from another base.
    pub wanted: BTreeSet<u64>,
}

impl Scan {
    pub fn new(start: u64, goal: Goal, look_ahead: LookAhead, every: (u64, u64)) -> Self {
        Scan {
            pump: Pump::at(start, false),
            tracker: Tracker::new(),
            goal,
            look_ahead,
            is_closing: false,
            is_settled: false,
            every,
            is_open: false,
            early: Vec::new(),
            around: Vec::new(),
            batch_memo: 0,
            cache: [0; 256],
            head: Head { start, at: goal.at, ..Head::default() },
            bases: Vec::new(),
            items: 0,
            filled_to: start,
            wanted: BTreeSet::new(),
        }
    }

    pub fn offset(&self) -> u64 {
        self.pump.decoder.offset()
    }

    /// Follows the input; true at the end of the pickle, or why it cannot be split.
    ///
    /// # Errors
    /// What is wrong with the stream.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Result<bool, Unfit>, Error> {
        let mut pump = core::mem::replace(&mut self.pump, Pump::at(0, false));
        let pumped = pump.run(input, |op, end| self.op(op, end).map_err(|reason| Unfit { reason, offset: op.offset }));
        self.pump = pump;
        Ok(match pumped? {
            Pumped::NeedMore => Ok(false),
            Pumped::End => Ok(true),
            Pumped::Broken(unfit) => Err(unfit),
        })
    }

    /// No input follows.
    pub fn fault(&mut self) -> Option<Error> {
        self.pump.decoder.finish().err()
    }

    #[inline(always)]
    fn op(&mut self, op: &Op<'_>, end: u64) -> Result<(), UnsplitReason> {
        if !self.is_open && op.offset >= self.goal.offset {
            self.open(op.offset)?;
        }
        let did = self.tracker.op(op, end)?;
        match did {
            Did::Nothing => {}
            Did::Fetched(index) => self.fetched(index, op.offset)?,
            Did::Put(index) if !self.is_open => {
                let top = self.tracker.slots.len() - 1;
                if let Some(&Slot { offset, what: What::Container | What::Global, .. }) = self.tracker.slots.last() {
                    bounded(&self.around)?;
                    self.around.push((top, offset, index));
                }
            }
            Did::Put(_) => {}
            Did::Filled { at, .. } if at < self.goal.at && self.is_open => self.close(),
            Did::Filled { at, count, kind, .. } if at == self.goal.at && self.is_open && !self.is_closing => {
                self.filled(count, kind, end)?;
            }
            Did::Filled { at, .. } => self.changed(at, op.offset)?,
            Did::Took(at) if at <= self.goal.at && self.is_open => self.close(),
            Did::Took(_) => {}
            Did::Stopped => self.close(),
        }
        if self.is_closing && !self.is_settled {
            match self.look_ahead.op(op.opcode) {
                Some(true) => self.is_settled = true,
                Some(false) => return Err(UnsplitReason::ContainerMoved),
                None if did == Did::Stopped => return Err(UnsplitReason::ContainerMoved),
                None => {}
            }
        }
        Ok(())
    }

    /// The container is filled for the first time.
    #[cold]
    fn open(&mut self, offset: u64) -> Result<(), UnsplitReason> {
        let slots = &self.tracker.slots;
        let mut first = self.goal.at + 1;
        let marked = slots.get(first).is_some_and(|slot| slot.what == What::Mark);
        first += usize::from(marked);
        let pair = usize::from(matches!(self.goal.tag, tag::DICT | tag::OBJECT));
        let memo_of = |slot: Option<&Slot>| slot.map_or((offset, self.tracker.memo), |slot| (slot.offset, slot.memo));
        let (begin, memo) = memo_of(slots.get(first));
        // An object may be given items or entries: then the second item is in, too.
        let (behind, memo_behind) = memo_of(slots.get(first + 1 + pair));
        let goal = self.goal.at;
        self.around.retain(|&(at, start, _)| at <= goal && slots.get(at).is_some_and(|slot| slot.offset == start));
        for early in &self.early {
            if self.around.iter().any(|&(_, _, index)| index == early.index) {
                return Err(UnsplitReason::ContainerFetched);
            }
            if early.changed && early.offset >= behind && (early.index < memo_behind || early.index == u64::MAX) {
                return Err(UnsplitReason::ItemChanged);
            }
        }
        self.early = Vec::new();
        let long = behind - begin > FIRST_ITEM;
        (self.head.end, self.head.memo) = if long { (begin, memo) } else { (behind, memo_behind) };
        if self.head.end - self.head.start > SHARED {
            return Err(UnsplitReason::SharedTooLong);
        }
        let frame_end = self.tracker.frame_end(begin);
        self.bases.push(Base { offset: begin, first: 0, memo, frame_end, marked, coarse: false });
        self.batch_memo = self.tracker.memo;
        self.filled_to = begin;
        self.is_open = true;
        Ok(())
    }

    #[inline(always)]
    fn fetched(&mut self, index: u64, offset: u64) -> Result<(), UnsplitReason> {
        if !self.is_open {
            if index >= self.tracker.memo {
                return Err(UnsplitReason::SharedMemo);
            }
            bounded(&self.early)?;
            self.early.push(Early { index, offset, changed: false });
            return Ok(());
        }
        if index < self.head.memo {
            return if self.is_closing { Ok(()) } else { self.check_around(index) };
        }
        if self.bases.last().is_some_and(|base| index < base.memo) {
            let slot = self.cache.get_mut(index as usize & 0xff);
            if slot.as_ref().is_none_or(|slot| **slot != index) {
                if let Some(slot) = slot {
                    *slot = index;
                }
                if self.wanted.len() >= MOST {
                    return Err(UnsplitReason::TooMuch);
                }
                self.wanted.insert(index);
            }
            return Ok(());
        }
        if self.tracker.lacks(index) { Err(UnsplitReason::SharedMemo) } else { Ok(()) }
    }

    #[inline(always)]
    fn check_around(&self, index: u64) -> Result<(), UnsplitReason> {
        // They are few, in rising order, and the names of keys come after them.
        if self.around.last().is_none_or(|&(_, _, last)| index > last) {
            return Ok(());
        }
        let is_around = self.around.iter().any(|&(_, _, around)| index == around);
        if is_around { Err(UnsplitReason::ContainerFetched) } else { Ok(()) }
    }

    /// The container got a batch of items.
    fn filled(&mut self, count: usize, kind: u8, end: u64) -> Result<(), UnsplitReason> {
        if kind == chunk::BUILD && self.goal.tag == tag::OBJECT {
            // Its attributes are items that come at the end.
            return Err(UnsplitReason::AtTheEnd);
        }
        if !self.goal.takes(kind) {
            return Err(UnsplitReason::ItemChanged);
        }
        self.items += items_of(count, kind)?;
        self.filled_to = end;
        self.batch_memo = self.tracker.memo;
        self.tracker.drop_frames();
        let Some(base) = self.bases.last_mut() else { return Err(UnsplitReason::Damaged) };
        let (bytes, items) = (end - base.offset, self.items - base.first);
        if bytes >= self.every.0 || items >= self.every.1 {
            base.coarse = bytes > self.every.0.saturating_mul(2) || items > self.every.1;
            bounded(&self.bases)?;
            let frame_end = self.tracker.frame_end(end);
            let (first, memo) = (self.items, self.tracker.memo);
            self.bases.push(Base { offset: end, first, memo, frame_end, marked: false, coarse: false });
        }
        Ok(())
    }

    /// A value on the stack is filled: it must not have been a part of an item before.
    #[inline(always)]
    fn changed(&mut self, at: usize, offset: u64) -> Result<(), UnsplitReason> {
        let index = match self.tracker.slots.get(at).map(|slot| slot.what) {
            Some(What::Fetched(index)) => index,
            Some(What::Twice) => u64::MAX,
            _ => return Ok(()),
        };
        if !self.is_open {
            bounded(&self.early)?;
            self.early.push(Early { index, offset, changed: true });
            return Ok(());
        }
        if index < self.batch_memo || index == u64::MAX { Err(UnsplitReason::ItemChanged) } else { Ok(()) }
    }

    /// Something takes the container: it is complete.
    fn close(&mut self) {
        if self.is_closing {
            return;
        }
        self.is_closing = true;
        self.batch_memo = self.tracker.memo;
        let (height, taken) = self.tracker.before;
        self.look_ahead.resume(height, self.tracker.marks.iter().copied().chain(taken));
    }
}

/// Items of a batch of so many values.
pub(super) fn items_of(count: usize, kind: u8) -> Result<u64, UnsplitReason> {
    match kind {
        chunk::SET_ITEM if !count.is_multiple_of(2) => Err(UnsplitReason::Damaged),
        chunk::SET_ITEM => Ok(count as u64 / 2),
        _ => Ok(count as u64),
    }
}

pub(super) fn bounded<T>(list: &[T]) -> Result<(), UnsplitReason> {
    if list.len() >= MOST { Err(UnsplitReason::TooMuch) } else { Ok(()) }
}

/// Why a pickle cannot be split, and the opcode that tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfit {
    pub reason: UnsplitReason,
    pub offset: u64,
}
