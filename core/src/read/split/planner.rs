//! The pass that makes a plan.

use super::look::{Cut, Look};
use super::plan::{Entry, Inside, Split, SplitPlan, Unsplit, UnsplitReason};
use super::pump::{Pump, Pumped};
use super::scan::{Base, MOST, Scan, Unfit};
use super::track::{self, Did, Tracker};
use crate::{Error, Found, Heap, ItemOptions, ItemReader, Options};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

/// What splits should be like.
///
/// See the example of [`SplitPlanner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SplitOptions {
    /// Bytes after which a split ends, at the next place where it can. Default: 1 MiB.
    pub every_bytes: u64,
    /// Items after which a split ends. Default: no limit.
    pub every_items: u64,
    /// Each pickle is an item, as in a log. Default: the items are those of a container.
    pub pickles: bool,
    /// Nodes (16 bytes each) of a pickle that is read as a whole and never split. Default: 4096.
    pub min_nodes: usize,
}

impl Default for SplitOptions {
    fn default() -> Self {
        SplitOptions::new()
    }
}

impl SplitOptions {
    /// The defaults.
    pub const fn new() -> Self {
        SplitOptions { every_bytes: 1 << 20, every_items: u64::MAX, pickles: false, min_nodes: 4096 }
    }

    /// Bytes after which a split ends.
    pub const fn every_bytes(mut self, bytes: u64) -> Self {
        self.every_bytes = bytes;
        self
    }

    /// Items after which a split ends.
    pub const fn every_items(mut self, items: u64) -> Self {
        self.every_items = items;
        self
    }

    /// Whether each pickle is an item.
    pub const fn pickles(mut self, pickles: bool) -> Self {
        self.pickles = pickles;
        self
    }

    /// Nodes of a pickle that is never split.
    pub const fn min_nodes(mut self, nodes: usize) -> Self {
        self.min_nodes = nodes;
        self
    }
}

/// Bytes of each region of memory in which the first items of a pickle are read.
const MEMORY: usize = 8 << 20;

/// Finds out where the items of a stream of pickles begin, and what they need of each other.
///
/// It goes through the stream once; after that it looks again at the splits from which others fetch memo entries, and
/// at batches of items that are larger than a split should be. So the stream must be one that can be read at any
/// place. Memory: about 100 bytes a split, 24 for each item of a batch, 60 for each memo entry that is fetched from
/// another split; at most some 30 MB.
///
/// ```
/// use pickle_core::{SplitOptions, SplitPlanner};
///
/// let stream = b"]q\x00(K\x01K\x02e(K\x03K\x04e(K\x05e.";
/// let mut planner = SplitPlanner::new("$", SplitOptions::new().every_items(2).min_nodes(0));
/// while let Some(range) = planner.wants() {
///     let end = stream.len().min(range.end as usize);
///     planner.feed(&mut stream.get(range.start as usize..end).unwrap_or_default());
/// }
/// let plan = planner.finish();
/// assert_eq!(plan.items(), Some(5));
/// assert_eq!(plan.splits().iter().map(|split| split.first).collect::<Vec<_>>(), [0, 2, 4]);
/// ```
pub struct SplitPlanner<'p> {
    path: &'p str,
    options: SplitOptions,
    phase: Phase<'p>,
    plan: SplitPlan,
    /// Where the current pickle begins, its number, and the number of its first item.
    start: u64,
    pickle: u64,
    first: u64,
    items_known: bool,
    /// Whole pickles that are a split to come: the first.
    whole: Option<Split>,
}

enum Phase<'p> {
    /// Looking for the container in the pickle; `true` once the pickle is known to be large.
    Find(Box<ItemReader<'p, Heap>>, bool),
    Scan(Box<Scan>),
    Look(Box<Looking>),
    /// To the end of a pickle that is not split.
    Skip(Pump, Option<Box<Tracker>>),
    Finished,
}

/// A pickle that has been gone through, and is looked at again from its last base to its first.
struct Looking {
    scan: Scan,
    look: Look,
    /// Cuts behind each base, and entries.
    cuts: Vec<(usize, Vec<Cut>)>,
    entries: Vec<Entry>,
    end: u64,
}

impl<'p> SplitPlanner<'p> {
    /// A plan for the items of the container at a path, `$` for the outermost one.
    pub fn new(path: &'p str, options: SplitOptions) -> Self {
        let plan = SplitPlan { path: path.into(), ..SplitPlan::default() };
        let mut planner = SplitPlanner {
            path,
            options,
            phase: Phase::Finished,
            plan,
            start: 0,
            pickle: 0,
            first: 0,
            items_known: true,
            whole: None,
        };
        planner.begin(0);
        planner
    }

    /// Which bytes of the stream to feed next; the end is `u64::MAX` where the stream's end is meant. `None` when the plan
    /// is complete.
    pub fn wants(&self) -> Option<Range<u64>> {
        match &self.phase {
            Phase::Find(reader, _) => Some(reader.offset()..u64::MAX),
            Phase::Scan(scan) => Some(scan.offset()..u64::MAX),
            Phase::Skip(pump, _) => Some(pump.decoder.offset()..u64::MAX),
            Phase::Look(looking) => Some(looking.look.offset()..looking.look.end),
            Phase::Finished => None,
        }
    }

    /// Takes a piece of what is wanted, or nothing where the stream ends; `input` moves past what was consumed. Look at
    /// [`SplitPlanner::wants`] after every call: it can name another place.
    pub fn feed(&mut self, input: &mut &[u8]) {
        let at_end = input.is_empty();
        match core::mem::replace(&mut self.phase, Phase::Finished) {
            Phase::Finished => {}
            Phase::Find(reader, large) => self.find(reader, large, input, at_end),
            Phase::Scan(mut scan) => match scan.feed(input) {
                Ok(Ok(false)) if at_end => {
                    let error = scan.fault();
                    self.scanned(*scan, error);
                }
                Ok(Ok(false)) => self.phase = Phase::Scan(scan),
                Ok(Ok(true)) => self.scanned(*scan, None),
                Ok(Err(unfit)) => self.unfit(unfit),
                Err(error) => self.scanned(*scan, Some(error)),
            },
            Phase::Skip(pump, tracker) => self.skip(pump, tracker, input, at_end),
            Phase::Look(mut looking) => {
                let wanted = looking.look.end.saturating_sub(looking.look.offset());
                let mut part = input.get(..usize::try_from(wanted).unwrap_or(usize::MAX)).unwrap_or(input);
                let before = part.len();
                let result = looking.look.feed(&mut part);
                *input = input.get(before - part.len()..).unwrap_or_default();
                let broke = match result {
                    Ok(Ok(())) if looking.look.offset() < looking.look.end && !at_end => {
                        self.phase = Phase::Look(looking);
                        return;
                    }
                    Ok(Ok(())) => None,
                    Ok(Err(unfit)) => Some(unfit.reason),
                    Err(_) => Some(UnsplitReason::Damaged),
                };
                match broke.map_or_else(|| looking.looked(&self.options), Err) {
                    Ok(()) => self.look_further(looking),
                    Err(reason) => {
                        let offset = looking.look.base.offset;
                        self.unfit(Unfit { reason, offset });
                    }
                }
            }
        }
    }

    /// The plan. Of a planner that still wants something, of what it has seen.
    pub fn finish(mut self) -> SplitPlan {
        self.end_whole();
        self.plan.items = Some(self.first).filter(|_| self.items_known);
        self.plan
    }

    /// The next pickle begins.
    fn begin(&mut self, start: u64) {
        self.start = start;
        self.phase = match self.options.pickles {
            true => Phase::Skip(Pump::at(start, false), Some(Box::default())),
            false => Phase::Find(Box::new(self.reader(self.options.min_nodes)), self.options.min_nodes == 0),
        };
    }

    fn reader(&self, min_nodes: usize) -> ItemReader<'p, Heap> {
        let options = ItemOptions::new().min_nodes(min_nodes).reader(Options::new().stop_after_build(true));
        let mut reader = ItemReader::new(Heap::with_limit(MEMORY), options).at_path(self.path).report_doubt();
        reader.begin_at(self.start);
        reader
    }

    fn find(&mut self, mut reader: Box<ItemReader<'p, Heap>>, large: bool, input: &mut &[u8], at_end: bool) {
        if at_end && reader.offset() == self.start && self.pickle > 0 {
            return;
        }
        let found = match at_end {
            true => reader.finish().map(|()| Found::Done),
            false => loop {
                match reader.feed(input) {
                    Ok(Found::Item) => {}
                    found => break found,
                }
            },
        };
        match found {
            Ok(Found::Done) => self.add_whole(reader.offset(), Some(reader.count())),
            Ok(Found::Doubt) if reader.has_items_before() => {
                self.unfit(Unfit { reason: UnsplitReason::AtTheEnd, offset: reader.offset() });
            }
            Ok(Found::Doubt) if large => match reader.goal() {
                Some((goal, look_ahead)) => {
                    let every = (self.options.every_bytes.max(1), self.options.every_items.max(1));
                    self.phase = Phase::Scan(Box::new(Scan::new(self.start, goal, look_ahead, every)));
                }
                None => self.unfit(Unfit { reason: UnsplitReason::Damaged, offset: reader.offset() }),
            },
            Ok(Found::Doubt) => self.phase = Phase::Find(Box::new(self.reader(0)), true),
            Ok(_) => self.phase = Phase::Find(reader, large),
            Err(error) if error.kind().is_limit() => {
                self.unfit(Unfit { reason: UnsplitReason::AtTheEnd, offset: error.offset() });
            }
            Err(error) => self.fault(error),
        }
    }

    /// The stream is damaged in a pickle of which nothing can be had, or that is read as a whole.
    fn fault(&mut self, error: Error) {
        self.plan.fault = Some(error);
        // It is read up to the fault, which its reader tells again.
        self.extend_whole(u64::MAX, Some(0));
        self.phase = Phase::Finished;
    }

    /// The pickle is not split; what follows it is looked for.
    fn unfit(&mut self, unfit: Unfit) {
        let Unfit { reason, offset } = unfit;
        if self.plan.unsplit.is_none() {
            self.plan.unsplit = Some(Unsplit { pickle: self.pickle, offset, reason });
        }
        if reason == UnsplitReason::RawBytes {
            // Where it ends cannot be told by opcodes alone.
            self.extend_whole(u64::MAX, None);
            self.items_known = false;
            self.phase = Phase::Finished;
            return;
        }
        self.phase = Phase::Skip(Pump::at(self.start, false), None);
    }

    fn skip(&mut self, mut pump: Pump, mut tracker: Option<Box<Tracker>>, input: &mut &[u8], at_end: bool) {
        if at_end && pump.decoder.offset() == self.start && self.pickle > 0 {
            return;
        }
        let pumped = pump.run(input, |op, end| match &mut tracker {
            None if track::is_joblib(op) => Err(UnsplitReason::RawBytes),
            None => Ok(()),
            Some(tracker) => match tracker.op(op, end) {
                Ok(Did::Fetched(index)) if tracker.lacks(index) => Err(UnsplitReason::SharedMemo),
                // Only what hinders the reading of pickles one by one.
                Err(reason @ (UnsplitReason::RawBytes | UnsplitReason::Damaged)) => Err(reason),
                Ok(_) | Err(_) => Ok(()),
            },
        });
        let error = match pumped {
            Ok(Pumped::NeedMore) if at_end => pump.decoder.finish().err(),
            Ok(Pumped::NeedMore) => {
                self.phase = Phase::Skip(pump, tracker);
                return;
            }
            Ok(Pumped::End) => None,
            Ok(Pumped::Broken(reason)) => {
                let offset = pump.decoder.offset();
                self.plan.unsplit.get_or_insert(Unsplit { pickle: self.pickle, offset, reason });
                self.extend_whole(u64::MAX, None);
                self.items_known = false;
                self.phase = Phase::Finished;
                return;
            }
            Err(error) => Some(error),
        };
        match error {
            Some(error) if self.options.pickles => self.fault(error),
            Some(error) => {
                self.items_known = false;
                self.plan.fault = Some(error);
                self.extend_whole(u64::MAX, None);
                self.phase = Phase::Finished;
            }
            None if self.options.pickles => self.add_whole(pump.decoder.offset(), Some(1)),
            None => {
                self.items_known = false;
                self.add_whole(pump.decoder.offset(), None);
            }
        }
    }

    /// A pickle is complete that is not split.
    fn add_whole(&mut self, end: u64, items: Option<u64>) {
        self.extend_whole(end, items);
        self.next_pickle(end);
    }

    fn next_pickle(&mut self, end: u64) {
        self.pickle += 1;
        if self.plan.splits.len() >= MOST {
            self.plan.unsplit.get_or_insert(Unsplit {
                pickle: self.pickle,
                offset: end,
                reason: UnsplitReason::TooMuch,
            });
            self.start = end;
            self.extend_whole(u64::MAX, None);
            self.items_known = false;
            self.phase = Phase::Finished;
            return;
        }
        self.begin(end);
    }

    fn extend_whole(&mut self, end: u64, items: Option<u64>) {
        let (offset, first, pickle) = (self.start, self.first, self.pickle);
        let new = Split { offset, end: offset, first, count: Some(0), pickle, inside: None };
        let whole = self.whole.get_or_insert(new);
        whole.end = end;
        whole.count = whole.count.zip(items).map(|(count, more)| count + more);
        self.first += items.unwrap_or(0);
        let whole = *whole;
        let is_full = whole.count.is_none_or(|count| count >= self.options.every_items);
        if is_full || whole.end - whole.offset >= self.options.every_bytes {
            self.end_whole();
        }
    }

    fn end_whole(&mut self) {
        self.plan.splits.extend(self.whole.take());
    }

    /// The pass over a pickle is done, or has come to a fault.
    fn scanned(&mut self, mut scan: Scan, error: Option<Error>) {
        let end = if error.is_some() { u64::MAX } else { scan.offset() };
        while scan.bases.len() > 1 && scan.bases.last().is_some_and(|base| base.first == scan.items) {
            scan.bases.pop();
        }
        if let Some(error) = error {
            self.plan.fault = Some(error);
            if scan.bases.is_empty() || scan.items == 0 {
                self.fault(error);
                return;
            }
        }
        let (bytes, items) = (self.options.every_bytes, self.options.every_items);
        if let Some(base) = scan.bases.last_mut() {
            let length = scan.filled_to.saturating_sub(base.offset);
            base.coarse = length > bytes.saturating_mul(2) || scan.items - base.first > items;
        }
        match scan.bases.last() {
            Some(base) if scan.bases.len() > 1 || base.coarse => {
                let look = Look::new(*base, scan.bases.len() - 1, scan.filled_to, scan.head.at);
                let looking = Looking { scan, look, cuts: Vec::new(), entries: Vec::new(), end };
                self.look_further(Box::new(looking));
            }
            _ if self.plan.fault.is_some() => {
                self.extend_whole(end, Some(scan.items));
                self.phase = Phase::Finished;
            }
            _ => self.add_whole(end, Some(scan.items)),
        }
    }

    /// On to the next base that must be looked at; after the first, the pickle is done.
    fn look_further(&mut self, mut looking: Box<Looking>) {
        let Looking { scan, look, cuts, .. } = &mut *looking;
        let done = cuts.last().map_or(scan.bases.len(), |(number, _)| *number);
        for number in (0..done).rev() {
            let Some(&base) = scan.bases.get(number) else { continue };
            let end = scan.bases.get(number + 1).map_or(scan.filled_to, |next| next.offset);
            let is_wanted = scan.wanted.last().is_some_and(|&index| index >= base.memo.max(scan.head.memo));
            if base.coarse || is_wanted {
                *look = Look::new(base, number, end, scan.head.at);
                self.phase = Phase::Look(looking);
                return;
            }
        }
        let end = looking.end;
        self.add_splits(*looking);
        if end == u64::MAX {
            self.phase = Phase::Finished;
        } else {
            self.next_pickle(end);
        }
    }

    /// The splits of a pickle.
    fn add_splits(&mut self, looking: Looking) {
        let Looking { mut scan, mut cuts, mut entries, end, .. } = looking;
        self.end_whole();
        entries.sort_unstable();
        entries.dedup_by_key(|entry| entry.index);
        scan.head.entries = entries;
        let head = self.plan.heads.len();
        let mut all: Vec<Cut> = Vec::new();
        for (number, base) in scan.bases.iter().enumerate() {
            let &Base { offset, first, memo, frame_end, marked, .. } = base;
            all.push(Cut { offset, first, memo, frame_end, marked, ends: None });
            if let Some((_, inner)) = cuts.pop_if(|(at, _)| *at == number) {
                all.extend(inner);
            }
        }
        for (number, cut) in all.iter().enumerate() {
            let next = all.get(number + 1);
            let behind = next.map_or(scan.items, |next| next.first);
            self.plan.splits.push(Split {
                offset: cut.offset,
                end: next.map_or(end, |next| next.offset),
                first: self.first + cut.first,
                count: Some(behind - cut.first),
                pickle: self.pickle,
                inside: Some(Inside {
                    head,
                    memo: cut.memo,
                    frame_end: cut.frame_end,
                    marked: cut.marked,
                    ends: next.and_then(|next| next.ends),
                    last: next.is_none(),
                }),
            });
        }
        self.first += scan.items;
        self.plan.heads.push(scan.head);
    }
}

impl Looking {
    /// A base has been looked at.
    fn looked(&mut self, options: &SplitOptions) -> Result<(), UnsplitReason> {
        let Looking { scan, look, cuts, entries, .. } = self;
        let inner = match look.base.coarse {
            true => look.cuts((options.every_bytes.max(1), options.every_items.max(1))),
            false => Vec::new(),
        };
        if look.offset() != look.end {
            return Err(UnsplitReason::Damaged);
        }
        if cuts.iter().map(|(_, cuts)| cuts.len()).sum::<usize>() + inner.len() > MOST {
            return Err(UnsplitReason::TooMuch);
        }
        look.resolve(&mut scan.wanted, entries, scan.head.memo, !inner.is_empty())?;
        cuts.push((look.number, inner));
        Ok(())
    }
}
