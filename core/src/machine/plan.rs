//! Which memo entries are fetched, and where last: a first pass over the opcodes.

use crate::{Arg, ErrorKind, Op, OpKind, Opcode};
#[cfg(feature = "alloc")]
use crate::{Decoder, Fragment, Step, wire::decoder::Sink};
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
#[cfg(feature = "alloc")]
use core::convert::Infallible;

/// The memo entry that an opcode names, in protocol 0 as text: PUT, GET and their kin. `None` for other opcodes; MEMOIZE names
/// none, it takes the next.
///
/// ```
/// use pickle_core::{Arg, Op, Opcode, memo_index};
/// let op = Op { opcode: Opcode::Put, arg: Arg::Text(b"300"), offset: 0 };
/// assert_eq!(memo_index(&op), Some(Ok(300)));
/// ```
///
/// # Errors
/// The text is no index.
#[inline]
pub fn memo_index(op: &Op<'_>) -> Option<Result<u64, ErrorKind>> {
    use Opcode as O;
    match (op.opcode, op.arg) {
        (O::BinPut | O::LongBinPut | O::BinGet | O::LongBinGet, Arg::Uint(index)) => Some(Ok(index)),
        (O::Put | O::Get, Arg::Text(text)) => Some(crate::literal::int::memo_index(text)),
        _ => None,
    }
}

/// A memo entry that is fetched, and the place of its last fetch.
///
/// See the example of [`MemoPlan`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoUse {
    /// The index plus one; 0 where this holds nothing.
    index: u64,
    last: u64,
}

impl MemoUse {
    /// Holds nothing; storage for a plan is made of these. 16 bytes.
    pub const EMPTY: MemoUse = MemoUse { index: 0, last: 0 };

    /// Which memo entry.
    pub const fn index(&self) -> u64 {
        self.index.saturating_sub(1)
    }

    /// Bytes from the start of the stream to the opcode that fetches it last.
    pub const fn last(&self) -> u64 {
        self.last
    }
}

/// What a pass over the opcodes learns for an [`ItemReader`](crate::ItemReader)
/// that reads the same pickle again: nothing but what is fetched later must be kept.
///
/// 16 bytes for each memo entry that is ever fetched; a quarter of the storage stays free.
///
/// ```
/// use pickle_core::{Decoder, MemoPlan, MemoUse, Step};
///
/// let mut storage = [MemoUse::EMPTY; 8];
/// let mut plan = MemoPlan::new(&mut storage);
/// let (mut decoder, mut rest) = (Decoder::new(), &b"\x80\x04](\x8c\x01a\x94h\x00h\x00e."[..]);
/// while let Step::Op(op) = decoder.next(&mut rest)? {
///     plan.op(&op).unwrap();
/// }
/// plan.finish();
/// let uses: Vec<_> = plan.uses().iter().map(|used| (used.index(), used.last())).collect();
/// assert_eq!(uses, [(0, 10)]);
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct MemoPlan<'p> {
    uses: &'p mut [MemoUse],
    count: usize,
    sorted: bool,
}

impl<'p> MemoPlan<'p> {
    /// A plan that has seen nothing. The storage is cleared.
    pub fn new(storage: &'p mut [MemoUse]) -> Self {
        storage.fill(MemoUse::EMPTY);
        MemoPlan { uses: storage, count: 0, sorted: false }
    }

    /// Entries that are fetched, so far.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Nothing is fetched, so far.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes note of an opcode, in the order of the stream.
    ///
    /// # Errors
    /// [`ErrorKind::MemoFull`] if there is no room: [`MemoPlan::moved_to`] larger storage and give the opcode again.
    #[inline]
    pub fn op(&mut self, op: &Op<'_>) -> Result<(), ErrorKind> {
        match MemoPlan::fetch(op) {
            Some(index) => self.fetched(index, op.offset),
            None => Ok(()),
        }
    }

    /// The memo entry that an opcode fetches, if it does. What is no number is none: the reader will say so.
    #[inline]
    pub fn fetch(op: &Op<'_>) -> Option<u64> {
        if op.opcode.kind() == OpKind::Fetch { memo_index(op)?.ok() } else { None }
    }

    /// Takes note of a fetch.
    ///
    /// # Errors
    /// As [`MemoPlan::op`].
    pub fn fetched(&mut self, index: u64, offset: u64) -> Result<(), ErrorKind> {
        let key = index.saturating_add(1);
        if self.uses.is_empty() || self.sorted {
            return Err(ErrorKind::MemoFull);
        }
        // Scaled to the table: a remainder costs more than all the rest.
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let len = self.uses.len();
        let mut at = (hash.wrapping_mul(len as u64) >> 32) as usize;
        for _ in 0..len {
            let Some(used) = self.uses.get_mut(at) else { break };
            if used.index == key {
                used.last = used.last.max(offset);
                return Ok(());
            }
            if used.index == 0 {
                if self.count >= len - len.div_ceil(4) {
                    return Err(ErrorKind::MemoFull);
                }
                *used = MemoUse { index: key, last: offset };
                self.count += 1;
                return Ok(());
            }
            at = if at + 1 == len { 0 } else { at + 1 };
        }
        Err(ErrorKind::MemoFull)
    }

    /// The same plan in other storage, which must be larger.
    ///
    /// # Errors
    /// [`ErrorKind::MemoFull`] if it does not fit there either.
    pub fn moved_to(self, storage: &mut [MemoUse]) -> Result<MemoPlan<'_>, ErrorKind> {
        let mut plan = MemoPlan::new(storage);
        for used in self.uses.iter().filter(|used| used.index != 0) {
            plan.fetched(used.index(), used.last)?;
        }
        Ok(plan)
    }

    /// Ends the pass. A plan that is not finished keeps nothing.
    pub fn finish(&mut self) {
        sort(self.uses);
        self.sorted = true;
    }

    /// The entries that are fetched, in the order of their indices; none before the plan is finished.
    pub fn uses(&self) -> &[MemoUse] {
        if self.sorted { self.uses.get(..self.count).unwrap_or_default() } else { &[] }
    }

    /// The entries from an index on, in their order.
    pub(crate) fn from(&self, index: u64) -> &[MemoUse] {
        let sorted = self.uses();
        sorted.get(sorted.partition_point(|used| used.index() < index)..).unwrap_or_default()
    }

    /// Where an entry is fetched last.
    pub(crate) fn last(&self, index: u64) -> Option<u64> {
        let sorted = self.uses();
        let at = sorted.binary_search_by_key(&index, |used| used.index()).ok()?;
        sorted.get(at).map(|used| used.last)
    }
}

/// Makes a [`MemoPlan`] out of a pickle that is read in pieces, in memory that grows with the entries that are fetched: 20
/// to 40 bytes for each.
///
/// ```
/// use pickle_core::{Decoder, Heap, ItemOptions, ItemReader, MemoPlanner};
/// let pickle = b"\x80\x04]\x94(\x8c\x01a\x94h\x01h\x01e.";
/// let (mut planner, mut decoder, mut rest) = (MemoPlanner::new(), Decoder::new(), &pickle[..]);
/// assert!(planner.feed(&mut decoder, &mut rest));
/// let plan = planner.finish();
/// assert_eq!(plan.len(), 1);
/// let mut reader = ItemReader::new(Heap::new(), ItemOptions::new()).with_plan(&plan);
/// # let _ = &mut reader;
/// ```
#[cfg(feature = "alloc")]
#[derive(Debug, Default)]
pub struct MemoPlanner {
    uses: Vec<MemoUse>,
    count: usize,
    /// A GET that lies in two pieces.
    get: Vec<u8>,
}

#[cfg(feature = "alloc")]
impl MemoPlanner {
    /// A planner that has seen nothing.
    pub fn new() -> Self {
        MemoPlanner::default()
    }

    /// Takes note of what stands in a piece of a pickle, which `decoder` reads, and takes it off `input`. True where the
    /// pickle is over, be it by a fault, which whoever reads the pickle will tell: the plan is that of what comes before.
    pub fn feed(&mut self, decoder: &mut Decoder, input: &mut &[u8]) -> bool {
        loop {
            match decoder.drain::<_, true>(input, self).and_then(|_| decoder.next(input)) {
                Ok(Step::Op(op)) => self.op(&op),
                Ok(Step::Fragment(Fragment { opcode: opcode @ Opcode::Get, offset, data, last, .. })) => {
                    // No number is longer.
                    self.get.extend(data.iter().take(64_usize.saturating_sub(self.get.len())));
                    if last {
                        let get = core::mem::take(&mut self.get);
                        self.op(&Op { opcode, arg: Arg::Text(&get), offset });
                    }
                }
                Ok(Step::NeedMore) => return false,
                Ok(Step::End) | Err(_) => return true,
                Ok(_) => {}
            }
        }
    }

    /// Takes note of an opcode.
    #[inline]
    pub fn op(&mut self, op: &Op<'_>) {
        if let Some(index) = MemoPlan::fetch(op) {
            self.fetched(index, op.offset);
        }
    }

    #[inline(never)]
    fn fetched(&mut self, index: u64, offset: u64) {
        if self.count == 0 {
            // What an earlier plan left there.
            self.uses.fill(MemoUse::EMPTY);
        }
        loop {
            let mut plan = MemoPlan { uses: &mut self.uses, count: self.count, sorted: false };
            if plan.fetched(index, offset).is_ok() {
                self.count = plan.count;
                return;
            }
            let mut larger = alloc::vec![MemoUse::EMPTY; plan.uses.len() * 2 + 8];
            self.count = plan.moved_to(&mut larger).map_or(0, |plan| plan.count);
            self.uses = larger;
        }
    }

    /// The plan. When that is gone, the planner is ready for another pickle.
    pub fn finish(&mut self) -> MemoPlan<'_> {
        let count = core::mem::take(&mut self.count);
        let mut plan = MemoPlan { uses: &mut self.uses, count, sorted: false };
        plan.finish();
        plan
    }
}

#[cfg(feature = "alloc")]
impl<'i> Sink<'i> for MemoPlanner {
    type Break = Infallible;

    #[inline(always)]
    fn op(&mut self, op: Op<'i>) -> Result<(), Infallible> {
        MemoPlanner::op(self, &op);
        Ok(())
    }
}

/// Heapsort by index, empty slots last. The standard library's sorts can panic, which firmware and `libpickle.a` must not
/// hold.
fn sort(uses: &mut [MemoUse]) {
    for root in (0..uses.len() / 2).rev() {
        sift(uses, root, uses.len());
    }
    for end in (1..uses.len()).rev() {
        swap(uses, 0, end);
        sift(uses, 0, end);
    }
}

/// Moves the entry at `root` down to where no child is larger.
fn sift(uses: &mut [MemoUse], mut root: usize, end: usize) {
    let key = |uses: &[MemoUse], at: usize| uses.get(at).map(|used| used.index.wrapping_sub(1));
    loop {
        let mut child = 2 * root + 1;
        if child >= end {
            return;
        }
        if child + 1 < end && key(uses, child) < key(uses, child + 1) {
            child += 1;
        }
        if key(uses, root) >= key(uses, child) {
            return;
        }
        swap(uses, root, child);
        root = child;
    }
}

fn swap(uses: &mut [MemoUse], a: usize, b: usize) {
    let (Some(&first), Some(&second)) = (uses.get(a), uses.get(b)) else { return };
    for (at, entry) in [(a, second), (b, first)] {
        if let Some(slot) = uses.get_mut(at) {
            *slot = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_finds() {
        let (mut small, mut large) = ([MemoUse::EMPTY; 4], [MemoUse::EMPTY; 40]);
        let mut plan = MemoPlan::new(&mut small);
        for index in [7, 2, 7] {
            plan.fetched(index, 100 + index).unwrap();
        }
        plan.fetched(7, 500).unwrap();
        plan.fetched(9, 1).unwrap();
        assert_eq!(plan.fetched(3, 600), Err(ErrorKind::MemoFull));
        let mut plan = plan.moved_to(&mut large).unwrap();
        plan.fetched(3, 600).unwrap();
        plan.finish();
        assert_eq!(plan.len(), 4);
        assert_eq!([2, 3, 7, 8].map(|index| plan.last(index)), [Some(102), Some(600), Some(500), None]);
        assert_eq!(plan.from(4).iter().map(|used| used.index()).collect::<std::vec::Vec<_>>(), [7, 9]);
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn pieces_of_any_size_make_the_same_plan() {
        let mut planner = MemoPlanner::new();
        for count in [0_u64, 1, 255, 256, 1000] {
            let mut pickle = std::vec![b'('];
            for n in 0..count {
                // A GET, a BINGET and a LONG_BINGET of each.
                pickle.extend(std::format!("g{}\n", n * 3 % 1009).bytes());
                pickle.extend([b'h', (n % 256) as u8]);
                pickle.extend([&b"j"[..], &((n * 7) as u32).to_le_bytes()].concat());
            }
            pickle.extend(b"t.");
            let mut wanted = std::collections::BTreeMap::new();
            let (mut decoder, mut rest) = (Decoder::new(), &pickle[..]);
            while let Ok(Step::Op(op)) = decoder.next(&mut rest) {
                if let Some(index) = MemoPlan::fetch(&op) {
                    wanted.insert(index, op.offset);
                }
            }
            for size in [1, 2, 3, pickle.len()] {
                let mut decoder = Decoder::new();
                let mut over = false;
                for piece in pickle.chunks(size) {
                    let mut rest = piece;
                    assert!(!over);
                    over = planner.feed(&mut decoder, &mut rest);
                    assert!(rest.is_empty());
                }
                assert!(over);
                let plan = planner.finish();
                let found: std::vec::Vec<_> = plan.from(0).iter().map(|used| (used.index(), used.last())).collect();
                assert_eq!(found, wanted.clone().into_iter().collect::<std::vec::Vec<_>>(), "{count} {size}");
            }
        }
    }

    #[test]
    fn sorts_any_number_of_entries() {
        for count in [0_u64, 1, 2, 3, 255, 256, 1000] {
            let mut storage = std::vec![MemoUse::EMPTY; count as usize * 2 + 4];
            let mut plan = MemoPlan::new(&mut storage);
            for n in 0..count {
                plan.fetched(n * 7919 % 1009, n).unwrap();
            }
            plan.finish();
            let found: std::vec::Vec<u64> = plan.from(0).iter().map(|used| used.index()).collect();
            let mut expected: std::vec::Vec<u64> = (0..count).map(|n| n * 7919 % 1009).collect();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
    }
}
