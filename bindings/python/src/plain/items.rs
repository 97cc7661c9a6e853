//! Items of a list one after another, straight from the opcodes: of a file, which was looked through for what its memo must keep.
//!
//! As for whole pickles, where anything comes that is not for here, it gives up without a word, and a document tells what there is.

use super::{CLASS, Done, Entry, Plain, Ran, SCRATCH, Scratch, is, new_scratch};
use crate::opcodes::{Input, Other};
use crate::raw::{self, Raw, again};
use crate::times::{self, Times};
use pickle_core::MemoUse;
use pyo3::ffi;
use pyo3::prelude::*;
use std::collections::{HashMap, VecDeque};

/// Read at a time.
const PIECE: usize = 256 << 10;
/// What needs more at once is for a document.
const LARGEST: usize = 16 << 20;

/// A value that is fetched later.
struct Noted {
    /// A reference of the memo's.
    object: Raw,
    depth: u32,
    /// Where in the stream it is fetched last.
    last: u64,
}

/// A memo of no more than what is fetched later.
#[derive(Default)]
pub(super) struct Sparse {
    /// What is fetched of what was not put yet.
    uses: &'static [MemoUse],
    kept: HashMap<u64, Noted, foldhash::fast::RandomState>,
    /// Entries that were put.
    count: u64,
    /// Where the piece begins in the stream.
    origin: u64,
    max_depth: u32,
    /// Items that can be handed over; references of ours.
    ready: VecDeque<Raw>,
}

impl Plain<'_> {
    /// Puts the last value into the memo, if it is fetched later.
    #[inline]
    pub(super) fn keep(&mut self, number: Option<u64>) -> Done {
        let Sparse { uses, kept, count, .. } = self.sparse.as_mut().ok_or(Other)?;
        // Only as picklers number them: one after another.
        if number.is_some_and(|number| number != *count) || self.scratch.stack.len() <= self.base {
            return Err(Other);
        }
        let number = *count;
        *count += 1;
        let Some((used, rest)) = uses.split_first().filter(|(used, _)| used.index() == number) else { return Ok(()) };
        *uses = rest;
        let entry = *self.scratch.stack.last().ok_or(Other)?;
        // What can be changed would be the same object in several items, which may belong to somebody else by then.
        // SAFETY: a live object.
        let constant =
            entry.depth == 0 || entry.depth == CLASS || unsafe { is_time(&self.scratch.times, entry.object) };
        if !constant {
            return Err(Other);
        }
        // SAFETY: a live object.
        kept.insert(number, Noted { object: unsafe { again(entry.object) }, depth: entry.depth, last: used.last() });
        Ok(())
    }

    /// Pushes a value of the memo, which gives up its reference at the last time.
    #[inline]
    pub(super) fn fetch(&mut self, number: usize) -> Done {
        let number = number as u64;
        let Sparse { kept, origin, .. } = self.sparse.as_mut().ok_or(Other)?;
        let noted = kept.get(&number).ok_or(Other)?;
        let (object, depth) = (noted.object, noted.depth);
        if noted.last <= *origin + self.start as u64 {
            kept.remove(&number);
        } else {
            // SAFETY: the memo holds it.
            unsafe { again(object) };
        }
        self.scratch.stack.push(Entry { object, depth, number: 0 });
        Ok(())
    }

    /// All that lies above the list is its items.
    pub(super) fn hand_over(&mut self) -> Done {
        let Scratch { stack, marks, .. } = &mut *self.scratch;
        let Sparse { max_depth, ready, .. } = self.sparse.as_mut().ok_or(Other)?;
        let Some((list, items)) = stack.split_first() else { return Err(Other) };
        // SAFETY: a live object.
        let is_list = unsafe { is(list.object, &raw mut ffi::PyList_Type) };
        if !is_list || !marks.is_empty() || items.iter().any(|item| item.depth > *max_depth) {
            return Err(Other);
        }
        ready.extend(stack.drain(1..).map(|item| item.object));
        Ok(())
    }
}

/// It is a date or a time.
///
/// # Safety
/// A live object.
unsafe fn is_time(times: &Times, object: Raw) -> bool {
    // SAFETY: as the caller promises.
    matches!(times, Times::Known(times) if times.contains(&unsafe { ffi::Py_TYPE(object) }.cast()))
}

/// What a step has come to.
pub enum Stepped<'py> {
    Item(Bound<'py, PyAny>),
    /// Bytes are needed: fill [`PlainItems::room`].
    Short,
    /// The pickle is over, and ends there.
    Over(u64),
    /// It is for a document, from its beginning on.
    Other,
}

/// Reads the items of one pickle.
pub struct PlainItems {
    stack: Vec<Entry>,
    marks: Vec<usize>,
    sparse: Sparse,
    base: usize,
    work: u64,
    piece: Vec<u8>,
    /// What of the piece is read.
    at: usize,
    /// What is to come of the frame.
    frame: Option<usize>,
    /// Items that were handed over.
    pub count: u64,
    /// The pickle ends there, once it is read.
    end: Option<u64>,
    failed: bool,
}

// SAFETY: it is touched with the interpreter's lock only.
unsafe impl Send for PlainItems {}
// SAFETY: the same.
unsafe impl Sync for PlainItems {}

impl PlainItems {
    /// For the pickle at `origin` of the stream. `first` are bytes at its beginning: `None` where it is no list.
    pub fn new(py: Python<'_>, first: &[u8], origin: u64, uses: &'static [MemoUse], max_depth: u32) -> Option<Self> {
        let (&[0x80, 2..=5], rest) = first.split_first_chunk()? else { return None };
        let rest = if let [0x95, rest @ ..] = rest { rest.get(8..)? } else { rest };
        if rest.first() != Some(&b']') {
            return None;
        }
        let mut scratch = SCRATCH.take(py).unwrap_or_else(new_scratch);
        scratch.times = times::find(py);
        SCRATCH.put(py, scratch);
        Some(PlainItems {
            stack: Vec::new(),
            marks: Vec::new(),
            sparse: Sparse { uses, origin, max_depth, ..Sparse::default() },
            base: 0,
            work: super::WORK,
            piece: Vec::new(),
            at: 0,
            frame: None,
            count: 0,
            end: None,
            failed: false,
        })
    }

    /// Where to read more bytes to. They are used by [`PlainItems::filled`].
    pub fn room(&mut self) -> Option<&mut [u8]> {
        self.piece.drain(..self.at);
        self.sparse.origin += self.at as u64;
        self.at = 0;
        let used = self.piece.len();
        // What is longer than a piece is not read again and again.
        let more = PIECE.max(used);
        if used + more > LARGEST {
            return None;
        }
        self.piece.resize(used + more, 0);
        self.piece.get_mut(used..)
    }

    /// So many bytes of the room, which was as large, were not filled.
    pub fn filled(&mut self, unfilled: usize) {
        self.piece.truncate(self.piece.len() - unfilled);
    }

    /// The next item.
    pub fn step<'py>(&mut self, py: Python<'py>) -> Stepped<'py> {
        loop {
            if self.failed {
                return Stepped::Other;
            }
            if let Some(item) = self.sparse.ready.pop_front() {
                self.count += 1;
                // SAFETY: a reference of ours.
                return Stepped::Item(unsafe { Bound::from_owned_ptr(py, item) });
            }
            if let Some(end) = self.end {
                return Stepped::Over(end);
            }
            if !self.run(py) {
                return if self.failed { Stepped::Other } else { Stepped::Short };
            }
        }
    }

    /// Reads on; false where it cannot.
    fn run(&mut self, py: Python<'_>) -> bool {
        let mut scratch = SCRATCH.take(py).unwrap_or_else(new_scratch);
        std::mem::swap(&mut scratch.stack, &mut self.stack);
        std::mem::swap(&mut scratch.marks, &mut self.marks);
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let begin = self.sparse.origin;
        let sparse = Some(Sparse { origin: begin + self.at as u64, ..std::mem::take(&mut self.sparse) });
        let (base, work) = (self.base, self.work);
        let mut plain = Plain { py, scratch, base, owning: true, known: true, asks: false, work, start: 0, sparse };
        let mut input = Input::piece(rest, self.frame);
        let ran = plain.run::<true>(&mut input);
        let short = ran.is_err() && input.is_short();
        let read = if ran.is_ok() { input.at() } else { plain.start };
        self.frame = input.back_to(read);
        self.at += read;
        self.base = plain.base;
        self.work = plain.work.saturating_add(16 * read as u64);
        self.sparse = Sparse { origin: begin, ..plain.sparse.take().unwrap_or_default() };
        std::mem::swap(&mut plain.scratch.stack, &mut self.stack);
        std::mem::swap(&mut plain.scratch.marks, &mut self.marks);
        SCRATCH.put(py, plain.scratch);
        match ran {
            Ok(Ran::Items) => {}
            Ok(Ran::Value(root)) => {
                // SAFETY: a reference of ours.
                unsafe {
                    self.failed = !is(root.object, &raw mut ffi::PyList_Type);
                    raw::release(root.object);
                }
                self.end = Some(begin + self.at as u64);
            }
            Err(Other) => self.failed = !short,
        }
        !self.failed && !short
    }

    /// Gives back all that is held.
    fn release(&mut self) {
        let Sparse { kept, ready, .. } = &mut self.sparse;
        let objects = self.stack.drain(..).map(|entry| entry.object);
        for object in objects.chain(kept.drain().map(|(_, noted)| noted.object)).chain(ready.drain(..)) {
            // SAFETY: references of ours.
            unsafe { raw::release(object) };
        }
    }
}

impl Drop for PlainItems {
    fn drop(&mut self) {
        Python::attach(|_| self.release());
    }
}
