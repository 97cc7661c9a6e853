//! The items of one split.

use super::needs::SplitStart;
use super::plan::{Entry, Head, Inside, Split};
use crate::read::items::split::{Drove, Other, SplitEnd};
use crate::{Batch, Error, Found, Item, ItemOptions, ItemReader, MemoPlan, Memory};
use core::fmt;
use core::ops::Range;

/// Why a split cannot be read.
///
/// See the example of [`SplitReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitError {
    /// The pickle is damaged or refused.
    Pickle(Error),
    /// The stream is another than the one that the plan was made of, or the plan was changed: seen at this offset.
    Plan(u64),
}

impl From<Error> for SplitError {
    fn from(error: Error) -> Self {
        SplitError::Pickle(error)
    }
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SplitError::Pickle(error) => error.fmt(f),
            SplitError::Plan(offset) => write!(f, "the plan is not one of this stream (at byte {offset})"),
        }
    }
}

impl core::error::Error for SplitError {}

/// Reads the items of one split of a [`SplitPlan`](crate::SplitPlan): those that an [`ItemReader`] gives there, and
/// numbered as in the whole stream.
///
/// The bytes that it asks for are those of the pickle's beginning, of memo entries from elsewhere, and then of the split.
///
/// ```
/// use pickle_core::{Found, Heap, ItemOptions, MemoPlanner, SplitNeeds, SplitOptions, SplitPlanner, SplitReader};
///
/// let stream = b"]q\x00(X\x02\x00\x00\x00hiq\x01K\x02e(h\x01K\x04e.";
/// let part = |range: core::ops::Range<u64>| stream.get(range.start as usize..stream.len().min(range.end as usize));
/// let mut planner = SplitPlanner::new("$", SplitOptions::new().every_items(2).min_nodes(0));
/// while let Some(range) = planner.wants() {
///     planner.feed(&mut part(range).unwrap_or_default());
/// }
/// let plan = planner.finish();
/// let mut needs = SplitNeeds::new(&plan, 1).unwrap();
/// while let Some(range) = needs.wants() {
///     needs.feed(&mut part(range).unwrap_or_default());
/// }
/// let mut memo = MemoPlanner::new();
/// let start = needs.finish(&mut memo);
/// let mut reader = SplitReader::new(Heap::new(), ItemOptions::new(), &start);
/// let mut items = Vec::new();
/// while let Some(range) = reader.wants() {
///     let mut input = part(range).unwrap_or_default();
///     if reader.feed(&mut input)? == Found::Item {
///         let item = reader.item().unwrap();
///         items.push((item.index(), item.value().as_str().map(String::from)));
///     }
/// }
/// assert_eq!(items, [(2, Some("hi".into())), (3, None)]);
/// # Ok::<_, pickle_core::SplitError>(())
/// ```
pub struct SplitReader<'p, M> {
    reader: ItemReader<'p, M>,
    split: Split,
    /// With the state in which the split begins.
    inside: Option<(&'p Head, Inside)>,
    units: &'p [Entry],
    memo: &'p MemoPlan<'p>,
    phase: Phase,
    /// Where the range ends that is read.
    end: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Head,
    /// So many units are left, the current one included.
    Units,
    Items,
    /// What ends among items has been handed over.
    Last,
    Whole,
    Done,
}

impl<'p, M: Memory> SplitReader<'p, M> {
    /// A reader of the split that `start` is about.
    pub fn new(memory: M, options: ItemOptions, start: &'p SplitStart<'p>) -> Self {
        let split = start.split;
        let inside = split.inside.zip(start.head).map(|(inside, head)| (head, inside));
        let mut reader = ItemReader::new(memory, options).at_path(start.plan.path());
        let (phase, end) = match inside {
            Some((head, _)) => {
                reader = reader.with_plan(&start.memo);
                reader.begin_at(head.start);
                reader.hold_all();
                (Phase::Head, head.end)
            }
            None => {
                reader.begin_at(split.offset);
                reader.number_from(split.first);
                (Phase::Whole, split.end)
            }
        };
        SplitReader { reader, split, inside, units: &start.units, memo: &start.memo, phase, end }
    }

    /// Which bytes of the stream to feed next, `None` when the split is over. The end is `u64::MAX` where it is not known.
    pub fn wants(&self) -> Option<Range<u64>> {
        if self.phase == Phase::Done { None } else { Some(self.reader.offset()..self.end) }
    }

    /// Goes on to the next item. Takes a piece of what is wanted, or nothing where the stream ends; `input` moves past what
    /// was consumed. After [`Found::NeedMore`] look at [`SplitReader::wants`]: it can name another place.
    ///
    /// # Errors
    /// What is wrong with the pickle, as for [`ItemReader::feed`], or with the plan. As long as there is none, items are
    /// those of the stream; that they are all is certain with [`Found::Done`].
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Found, SplitError> {
        self.feed_with(input, |reader, input| reader.feed(input))
    }

    /// [`SplitReader::feed`], and then as many items as are ready are copied, as by [`ItemReader::feed_batch`].
    ///
    /// # Errors
    /// As [`SplitReader::feed`].
    pub fn feed_batch(&mut self, input: &mut &[u8], batch: &mut Batch) -> Result<Found, SplitError> {
        self.feed_with(input, |reader, input| reader.feed_batch(input, batch))
    }

    /// The item that was found last.
    pub fn item(&self) -> Option<Item<'_>> {
        self.reader.item()
    }

    /// Where a call stands whose result is dropped, as [`ItemReader::dropped_call`].
    pub fn dropped_call(&self) -> Option<u64> {
        self.reader.dropped_call()
    }

    /// The memory, for another use.
    pub fn into_memory(self) -> M {
        self.reader.into_memory()
    }

    fn feed_with(
        &mut self,
        input: &mut &[u8],
        mut feed: impl FnMut(&mut ItemReader<'p, M>, &mut &[u8]) -> Result<Found, Error>,
    ) -> Result<Found, SplitError> {
        let at_end = input.is_empty();
        let wanted = self.end.saturating_sub(self.reader.offset());
        let mut part = input.get(..usize::try_from(wanted).unwrap_or(usize::MAX)).unwrap_or(input);
        let before = part.len();
        let result = match self.phase {
            Phase::Head | Phase::Units => self.prepare(&mut part, at_end).map(|()| Found::NeedMore),
            Phase::Items | Phase::Last => self.items(&mut part, at_end, &mut feed),
            Phase::Whole => self.whole(&mut part, at_end, &mut feed),
            Phase::Done => Ok(Found::Done),
        };
        *input = input.get(before - part.len()..).unwrap_or_default();
        match result {
            Ok(Found::Done) => {
                self.phase = Phase::Done;
                let found = self.reader.count();
                let expected = self.split.count.map(|count| self.split.first + count);
                if expected.is_some_and(|expected| expected != found) { Err(self.other()) } else { Ok(Found::Done) }
            }
            Err(error) => {
                self.phase = Phase::Done;
                Err(error)
            }
            found => found,
        }
    }

    fn other(&self) -> SplitError {
        SplitError::Plan(self.reader.offset())
    }

    /// Reads how the pickle begins, or a memo entry.
    fn prepare(&mut self, part: &mut &[u8], at_end: bool) -> Result<(), SplitError> {
        let Some((head, inside)) = self.inside else { return Err(self.other()) };
        if self.reader.offset() < self.end {
            if at_end {
                return Err(self.other());
            }
            if self.reader.drive_on(part)? != Drove::NeedMore {
                return Err(self.other());
            }
            if self.reader.offset() < self.end {
                return Ok(());
            }
        }
        if !self.reader.is_between_opcodes() {
            return Err(self.other());
        }
        let other = |_: Other| SplitError::Plan(self.end);
        match self.phase {
            Phase::Head => self.reader.open_at(head.at).map_err(other)?,
            _ => self.reader.drop_above(head.at, self.end.saturating_sub(1), Some(self.memo)).map_err(other)?,
        }
        match self.units.split_first() {
            Some((unit, rest)) => {
                self.units = rest;
                self.phase = Phase::Units;
                self.reader.jump(unit.offset, 0);
                self.reader.memo_from(unit.memo);
                self.end = unit.end;
            }
            None => {
                let Split { offset, first, .. } = self.split;
                self.phase = Phase::Items;
                self.end = self.split.end;
                self.reader.jump(offset, inside.frame_end);
                self.reader.memo_from(inside.memo);
                self.reader.items_from(first, inside.marked, offset)?;
            }
        }
        Ok(())
    }

    fn items(
        &mut self,
        part: &mut &[u8],
        at_end: bool,
        feed: &mut impl FnMut(&mut ItemReader<'p, M>, &mut &[u8]) -> Result<Found, Error>,
    ) -> Result<Found, SplitError> {
        let Some((head, inside)) = self.inside else { return Err(self.other()) };
        match feed(&mut self.reader, part)? {
            Found::NeedMore => {}
            Found::Done if !inside.last => return Err(self.other()),
            found => return Ok(found),
        }
        if self.reader.offset() < self.end {
            if at_end {
                self.reader.finish()?;
                return if inside.last { Ok(Found::Done) } else { Err(self.other()) };
            }
            return Ok(Found::NeedMore);
        }
        if inside.last || !self.reader.is_between_opcodes() {
            return Err(self.other());
        }
        if self.phase == Phase::Last {
            return Ok(Found::Done);
        }
        match self.reader.end_among(head.at, inside.ends, self.end) {
            Ok(false) => Ok(Found::Done),
            Ok(true) => {
                self.phase = Phase::Last;
                Ok(feed(&mut self.reader, &mut &[][..])?)
            }
            Err(SplitEnd::Refused(error)) => Err(error.into()),
            Err(SplitEnd::Other) => Err(self.other()),
        }
    }

    /// Whole pickles, one after another.
    fn whole(
        &mut self,
        part: &mut &[u8],
        at_end: bool,
        feed: &mut impl FnMut(&mut ItemReader<'p, M>, &mut &[u8]) -> Result<Found, Error>,
    ) -> Result<Found, SplitError> {
        match feed(&mut self.reader, part)? {
            Found::Done => {}
            Found::NeedMore if at_end => self.reader.finish()?,
            found => return Ok(found),
        }
        let (offset, count) = (self.reader.offset(), self.reader.count());
        if offset >= self.end || at_end {
            return Ok(Found::Done);
        }
        self.reader.next_pickle();
        self.reader.number_from(count);
        Ok(Found::NeedMore)
    }
}
