//! What a plan says.

use crate::Error;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// Where a stream of pickles can be read from: its splits, in the order of the stream. Together they give all items.
///
/// Made by a [`SplitPlanner`](crate::SplitPlanner), read with [`SplitNeeds`](crate::SplitNeeds) and a
/// [`SplitReader`](crate::SplitReader). It is as long as there are splits, and memo entries that one split fetches from
/// another.
///
/// ```
/// use pickle_core::{SplitOptions, SplitPlan, SplitPlanner};
///
/// // [1, 2, 3, 4]
/// let stream = b"](K\x01K\x02e(K\x03K\x04e.";
/// let mut planner = SplitPlanner::new("$", SplitOptions::new().every_items(2).min_nodes(0));
/// while let Some(range) = planner.wants() {
///     let end = stream.len().min(range.end as usize);
///     planner.feed(&mut stream.get(range.start as usize..end).unwrap_or_default());
/// }
/// let plan = planner.finish();
/// assert_eq!((plan.path(), plan.items(), plan.splits().len()), ("$", Some(4), 2));
/// assert_eq!((plan.split_of(3), plan.splits()[1].count), (Some(1), Some(2)));
/// // It can be kept beside the stream.
/// let mut bytes = Vec::new();
/// plan.write(&mut bytes);
/// assert_eq!(SplitPlan::read(&bytes), Some(plan));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitPlan {
    pub(super) path: String,
    pub(super) splits: Vec<Split>,
    pub(super) heads: Vec<Head>,
    pub(super) items: Option<u64>,
    pub(super) unsplit: Option<Unsplit>,
    pub(super) fault: Option<Error>,
}

impl SplitPlan {
    /// The path of the container whose items these are.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The splits.
    pub fn splits(&self) -> &[Split] {
        &self.splits
    }

    /// Items of the whole stream; `None` where a pickle that could not be looked into may have any number. Of a stream
    /// that is damaged, those that come before the fault.
    pub fn items(&self) -> Option<u64> {
        self.items
    }

    /// The split that has item number `item`, counted from 0 over the whole stream.
    pub fn split_of(&self, item: u64) -> Option<usize> {
        let at = self.splits.partition_point(|split| split.first <= item).checked_sub(1)?;
        if self.items.is_some_and(|items| item < items) { Some(at) } else { None }
    }

    /// The plan with these splits alone, numbered from 0, for a reader elsewhere: with the memo entries that they may fetch,
    /// and none that come after them. `None` where there are not so many splits.
    pub fn part(&self, splits: Range<usize>) -> Option<SplitPlan> {
        let mut splits = self.splits.get(splits)?.to_vec();
        let end = splits.last().map_or(0, |split| split.end);
        let mut heads = Vec::new();
        let mut last = None;
        for inside in splits.iter_mut().filter_map(|split| split.inside.as_mut()) {
            if last != Some(inside.head) {
                let head = self.heads.get(inside.head)?;
                let entries = head.entries.iter().filter(|entry| entry.end <= end).copied().collect();
                heads.push(Head { entries, ..*head });
                last = Some(inside.head);
            }
            inside.head = heads.len().saturating_sub(1);
        }
        Some(SplitPlan { splits, heads, path: self.path.clone(), ..*self })
    }

    /// The first pickle that is one split though it has more items than a split should, and why.
    pub fn unsplit(&self) -> Option<Unsplit> {
        self.unsplit
    }

    /// The stream is damaged or cut off there: the plan is one of what comes before.
    pub fn fault(&self) -> Option<Error> {
        self.fault
    }

    /// Memo entries that some split fetches from another.
    pub fn entries(&self) -> usize {
        self.heads.iter().map(|head| head.entries.len()).sum()
    }
}

/// A part of a stream of pickles.
///
/// See the example of [`SplitPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Split {
    /// Bytes from the start of the stream to its first opcode.
    pub offset: u64,
    /// Bytes from the start of the stream to what follows it.
    pub end: u64,
    /// The number of its first item, counted from 0 over the whole stream.
    pub first: u64,
    /// Its items; `None` where it could not be looked into.
    pub count: Option<u64>,
    /// The number of its first pickle, counted from 0.
    pub pickle: u64,
    /// It is a part of one pickle; otherwise it is one or more whole pickles.
    pub inside: Option<Inside>,
}

/// The state in which a split begins that is a part of a pickle.
///
/// See the example of [`SplitPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Which head.
    pub(super) head: usize,
    /// The memo's next index.
    pub(super) memo: u64,
    /// Bytes from the start of the stream to the end of the frame that is open; 0 without one.
    pub(super) frame_end: u64,
    /// It begins among items that a MARK stands before.
    pub(super) marked: bool,
    /// It ends among such items: what will be done with them, a kind of `chunk`.
    pub(super) ends: Option<u8>,
    /// It goes on to the end of the pickle.
    pub(super) last: bool,
}

impl Inside {
    /// Entries of the memo when the split begins: one more than the largest index.
    pub fn memo(&self) -> u64 {
        self.memo
    }

    /// Bytes from the start of the stream to the end of the frame in which the split begins; 0 outside frames.
    pub fn frame_end(&self) -> u64 {
        self.frame_end
    }
}

/// How a pickle begins that is split: what is read before any of its splits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub start: u64,
    /// Behind the first item, or before it where it is long.
    pub end: u64,
    /// The container's place on the stack.
    pub at: usize,
    /// The memo's next index at the end.
    pub memo: u64,
    /// By index.
    pub entries: Vec<Entry>,
}

/// How a memo entry can be made again: by the opcodes of a value, or of the item around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub index: u64,
    pub offset: u64,
    pub end: u64,
    /// The memo's next index at `offset`.
    pub memo: u64,
}

/// A pickle that is not split.
///
/// See the example of [`SplitPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsplit {
    /// Which pickle, counted from 0.
    pub pickle: u64,
    /// Bytes from the start of the stream to the opcode that tells.
    pub offset: u64,
    /// Why.
    pub reason: UnsplitReason,
}

/// Why a pickle cannot be split.
///
/// See the example of [`SplitPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum UnsplitReason {
    /// Its items are complete only at its end: a tuple, a frozenset, what one LIST or DICT opcode makes, or an object that is
    /// made with some. Or the path leads to no container.
    AtTheEnd = 1,
    /// A container is changed after it became a part of an item, or items are replaced.
    ItemChanged = 2,
    /// The container is fetched while it is filled.
    ContainerFetched = 3,
    /// The container becomes a part of something else than the path says.
    ContainerMoved = 4,
    /// The memo is filled out of order.
    MemoOrder = 5,
    /// A number, a buffer, or something that was put twice is fetched from the memo.
    MemoKind = 6,
    /// A long value is shared between items: more than 16 MiB would be read for every split.
    SharedTooLong = 7,
    /// More entries of the memo are shared between splits, or more values lie on the stack, than a plan can hold.
    TooMuch = 8,
    /// Raw bytes lie between the opcodes (joblib).
    RawBytes = 9,
    /// It has out-of-band buffers, which are numbered from its start.
    Buffers = 10,
    /// It needs the memo of a pickle before it.
    SharedMemo = 11,
    /// It is damaged.
    Damaged = 12,
}

impl UnsplitReason {
    /// Every reason, in the order of its number.
    pub const ALL: &'static [UnsplitReason] = &[
        UnsplitReason::AtTheEnd,
        UnsplitReason::ItemChanged,
        UnsplitReason::ContainerFetched,
        UnsplitReason::ContainerMoved,
        UnsplitReason::MemoOrder,
        UnsplitReason::MemoKind,
        UnsplitReason::SharedTooLong,
        UnsplitReason::TooMuch,
        UnsplitReason::RawBytes,
        UnsplitReason::Buffers,
        UnsplitReason::SharedMemo,
        UnsplitReason::Damaged,
    ];

    /// The reason in words.
    pub const fn text(self) -> &'static str {
        match self {
            UnsplitReason::AtTheEnd => "its items are complete only at its end",
            UnsplitReason::ItemChanged => "an item is changed after it was put in",
            UnsplitReason::ContainerFetched => "items refer to the container around them",
            UnsplitReason::ContainerMoved => "the container becomes a part of something else",
            UnsplitReason::MemoOrder => "the memo is filled out of order",
            UnsplitReason::MemoKind => "something that cannot be kept is fetched from the memo",
            UnsplitReason::SharedTooLong => "a value of more than 16 MiB is shared between items",
            UnsplitReason::TooMuch => "more is shared between items than a plan can hold",
            UnsplitReason::RawBytes => "raw bytes lie between the opcodes",
            UnsplitReason::Buffers => "it has out-of-band buffers",
            UnsplitReason::SharedMemo => "it needs the memo of a pickle before it",
            UnsplitReason::Damaged => "it is damaged",
        }
    }
}
