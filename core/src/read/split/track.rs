//! Where the values on the stack begin: the opcodes of a pickle without the values.

use super::plan::UnsplitReason;
use crate::literal::int;
use crate::machine::node::chunk;
use crate::{Arg, Op, Opcode};
use alloc::vec::Vec;

/// Stack entries, and frames, that are followed.
const MOST: usize = 1 << 17;

/// What a value on the stack is, as far as opcodes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Mark,
    /// A str, bytes, a global: made by opcodes that follow each other, and never changed.
    Plain,
    /// The same, of STACK_GLOBAL: a node that others refer to.
    Global,
    /// An int, float, extension or buffer: the memo of an item reader does not keep those.
    Number,
    /// May be changed, or may hold what may be.
    Container,
    /// Came out of the memo.
    Fetched(u64),
    /// Was on the stack already.
    Twice,
}

/// A value on the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Where its first opcode is.
    pub offset: u64,
    /// The memo's next index there.
    pub memo: u64,
    pub what: What,
}

/// What an opcode did that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    /// Nothing below the top of the stack.
    Nothing,
    /// Took values from this place of the stack on.
    Took(usize),
    /// Put so many values into the one at that place: a kind of `chunk`.
    Filled {
        at: usize,
        count: usize,
        kind: u8,
        marked: bool,
    },
    Fetched(u64),
    Put(u64),
    /// The pickle is over.
    Stopped,
}

/// Follows the stack and the memo's numbers.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    pub slots: Vec<Slot>,
    /// Places of marks.
    pub marks: Vec<usize>,
    /// One more than the largest index that was put.
    pub memo: u64,
    /// The index that was put first, the smallest.
    first: Option<u64>,
    /// Entries that were put.
    count: u64,
    /// Frames: where the first byte is, and what follows the last.
    frames: Vec<(u64, u64)>,
    /// The height before the last opcode, and the mark that it took.
    pub before: (usize, Option<usize>),
}

impl Tracker {
    /// At the start of a pickle.
    pub fn new() -> Self {
        Tracker::default()
    }

    /// In the middle: so many values on the stack, perhaps a mark, and the memo's next index.
    pub fn at(height: usize, marked: bool, memo: u64, frame_end: u64) -> Self {
        let slot = Slot { offset: 0, memo: 0, what: What::Container };
        let mut tracker =
            Tracker { slots: alloc::vec![slot; height], memo, count: memo, first: Some(0), ..Tracker::default() };
        tracker.frames.push((0, frame_end));
        if marked {
            tracker.marks.push(height);
            tracker.slots.push(Slot { what: What::Mark, ..slot });
        }
        tracker
    }

    /// The pickle, read from its start, has not put this entry: an earlier one may have.
    pub fn lacks(&self, index: u64) -> bool {
        index >= self.memo || self.first.is_none_or(|first| index < first)
    }

    /// Where the frame ends that is open at an offset; 0 outside frames.
    pub fn frame_end(&self, offset: u64) -> u64 {
        let last = self.frames.iter().rev().find(|(start, _)| *start <= offset);
        last.map_or(0, |&(_, end)| if end > offset { end } else { 0 })
    }

    /// Frames before the last are of no more use.
    pub fn drop_frames(&mut self) {
        self.frames.drain(..self.frames.len().saturating_sub(1));
    }

    /// Follows an opcode that ends before `end`.
    #[inline(always)]
    pub fn op(&mut self, op: &Op<'_>, end: u64) -> Result<Did, UnsplitReason> {
        use Opcode as O;
        match op.opcode {
            O::BinUnicode | O::ShortBinUnicode | O::BinUnicode8 => {
                if op.bytes() == JOBLIB {
                    return Err(UnsplitReason::RawBytes);
                }
                self.push(op, What::Plain)
            }
            O::BinBytes
            | O::ShortBinBytes
            | O::BinBytes8
            | O::BinString
            | O::ShortBinString
            | O::String
            | O::Unicode
            | O::EmptyTuple
            | O::None
            | O::NewTrue
            | O::NewFalse => self.push(op, What::Plain),
            O::Global => {
                if op.bytes().ends_with(JOBLIB) {
                    return Err(UnsplitReason::RawBytes);
                }
                self.push(op, What::Plain)
            }
            O::BinInt
            | O::BinInt1
            | O::BinInt2
            | O::BinFloat
            | O::Long1
            | O::Long4
            | O::Int
            | O::Long
            | O::Float
            | O::Ext1
            | O::Ext2
            | O::Ext4 => self.push(op, What::Number),
            // Buffers are numbered from the start of the pickle on.
            O::NextBuffer | O::ReadonlyBuffer => Err(UnsplitReason::Buffers),
            O::PersId | O::ByteArray8 | O::EmptyList | O::EmptyDict | O::EmptySet => self.push(op, What::Container),
            O::Mark => {
                self.marks.push(self.slots.len());
                self.push(op, What::Mark)
            }
            O::BinGet | O::LongBinGet => self.fetch(op, op.uint().unwrap_or(0)),
            O::Get => {
                let index = int::memo_index(text(op)).map_err(|_| UnsplitReason::Damaged)?;
                self.fetch(op, index)
            }
            O::BinPut | O::LongBinPut => self.put(op.uint().unwrap_or(0)),
            O::Put => {
                let index = int::memo_index(text(op)).map_err(|_| UnsplitReason::Damaged)?;
                self.put(index)
            }
            O::Memoize => self.put(self.count),
            O::Append => self.fill(1, false, chunk::APPEND),
            O::SetItem => self.fill(2, false, chunk::SET_ITEM),
            O::Build => self.fill(1, false, chunk::BUILD),
            O::Appends => self.fill(0, true, chunk::APPEND),
            O::SetItems => self.fill(0, true, chunk::SET_ITEM),
            O::AddItems => self.fill(0, true, chunk::ADD),
            O::Tuple1 | O::BinPersId => self.replace(1, What::Container),
            O::Tuple2 | O::Reduce | O::NewObj => self.replace(2, What::Container),
            O::Tuple3 | O::NewObjEx => self.replace(3, What::Container),
            O::StackGlobal => self.replace(2, What::Global),
            O::Tuple | O::List | O::Dict | O::FrozenSet | O::Inst | O::Obj => {
                let mark = self.take_mark()?;
                let slot = *self.slots.get(mark).ok_or(UnsplitReason::Damaged)?;
                self.slots.truncate(mark);
                self.slots.push(Slot { what: What::Container, ..slot });
                Ok(Did::Took(mark))
            }
            O::Pop => {
                self.before = (self.slots.len(), None);
                if self.marks.last().is_some_and(|&mark| mark + 1 == self.slots.len()) {
                    self.before.1 = self.marks.pop();
                } else {
                    self.room(1)?;
                }
                self.slots.pop();
                Ok(Did::Took(self.slots.len()))
            }
            O::PopMark => {
                let mark = self.take_mark()?;
                self.slots.truncate(mark);
                Ok(Did::Took(mark))
            }
            O::Dup => {
                self.room(1)?;
                let what = match self.slots.last().map(|slot| slot.what) {
                    Some(What::Container) => What::Twice,
                    other => other.unwrap_or(What::Twice),
                };
                self.push(op, what)
            }
            O::Stop => {
                self.before = (self.slots.len(), None);
                self.room(1)?;
                Ok(Did::Stopped)
            }
            O::Frame => {
                if self.frames.len() >= MOST {
                    return Err(UnsplitReason::TooMuch);
                }
                self.frames.push((end, end.saturating_add(op.uint().unwrap_or(0))));
                Ok(Did::Nothing)
            }
            O::Proto => Ok(Did::Nothing),
        }
    }

    #[inline(always)]
    fn push(&mut self, op: &Op<'_>, what: What) -> Result<Did, UnsplitReason> {
        if self.slots.len() >= MOST {
            return Err(UnsplitReason::TooMuch);
        }
        self.slots.push(Slot { offset: op.offset, memo: self.memo, what });
        Ok(Did::Nothing)
    }

    #[inline(always)]
    fn fetch(&mut self, op: &Op<'_>, index: u64) -> Result<Did, UnsplitReason> {
        self.push(op, What::Fetched(index))?;
        Ok(Did::Fetched(index))
    }

    #[inline(always)]
    fn put(&mut self, index: u64) -> Result<Did, UnsplitReason> {
        if index < self.memo {
            return Err(UnsplitReason::MemoOrder);
        }
        self.room(1)?;
        self.first.get_or_insert(index);
        self.memo = index + 1;
        self.count += 1;
        Ok(Did::Put(index))
    }

    /// So many values lie above the topmost mark.
    #[inline(always)]
    fn room(&self, count: usize) -> Result<(), UnsplitReason> {
        let floor = self.marks.last().map_or(0, |&mark| mark + 1);
        if self.slots.len() >= floor + count { Ok(()) } else { Err(UnsplitReason::Damaged) }
    }

    #[inline(always)]
    fn take_mark(&mut self) -> Result<usize, UnsplitReason> {
        self.before.0 = self.slots.len();
        let mark = self.marks.pop().ok_or(UnsplitReason::Damaged)?;
        self.before.1 = Some(mark);
        Ok(mark)
    }

    #[inline(always)]
    fn replace(&mut self, count: usize, what: What) -> Result<Did, UnsplitReason> {
        self.before = (self.slots.len(), None);
        self.room(count)?;
        let first = self.slots.len() - count;
        self.slots.truncate(first + 1);
        if let Some(slot) = self.slots.last_mut() {
            slot.what = what;
        }
        Ok(Did::Took(first))
    }

    #[inline(always)]
    fn fill(&mut self, count: usize, marked: bool, kind: u8) -> Result<Did, UnsplitReason> {
        self.before = (self.slots.len(), None);
        let first = match marked {
            true => self.take_mark()?,
            false => self.slots.len().checked_sub(count).ok_or(UnsplitReason::Damaged)?,
        };
        let count = self.before.0 - first - usize::from(marked);
        self.slots.truncate(first);
        self.room(1)?;
        Ok(Did::Filled { at: first - 1, count, kind, marked })
    }
}

/// The opcode names the class whose state raw bytes follow.
pub(super) fn is_joblib(op: &Op<'_>) -> bool {
    matches!(op.opcode, Opcode::Global | Opcode::BinUnicode | Opcode::ShortBinUnicode) && op.bytes().ends_with(JOBLIB)
}

/// The class whose state raw bytes follow.
const JOBLIB: &[u8] = b"NumpyArrayWrapper";

fn text<'i>(op: &Op<'i>) -> &'i [u8] {
    match op.arg {
        Arg::Text(text) => text,
        _ => &[],
    }
}
