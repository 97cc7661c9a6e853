//! Items of a container one after another, straight from the opcodes: of a file, which was looked through for what its memo must
//! keep.
//!
//! The list that is the pickle itself is known by its first opcodes. Any other container, and any at a path, is found by an
//! [`pickle_core::ItemReader`], which also knows of what follows whether it is the one. It gives the items of the first batches, and
//! says where in the stream they end: what is filled there is the container, and what is put into it from there on is its items.
//!
//! As for whole pickles, where anything comes that is not for here, it gives up without a word, and a document tells what there is.

use super::{CLASS, Done, Entry, Plain, Ran, SCRATCH, is, new_scratch};
use crate::opcodes::{Input, Other};
use crate::raw::{self, Raw, again};
use crate::source::PIECE;
use crate::times::{self, Times};
use pickle_core::MemoUse;
use pyo3::ffi;
use pyo3::prelude::*;
use std::collections::{HashMap, VecDeque};

/// What needs more at once is for a document.
const LARGEST: usize = 16 << 20;
/// Bytes of what stands before and behind the container at a path. All of it is made, to be dropped at the end.
const AROUND: u64 = 4 << 20;

/// Entries of the memo that lie in a row: what is fetched most is put early, as the keys of dicts are.
const EARLY: usize = 1024;

/// A value that is fetched later.
#[derive(Clone, Copy)]
struct Noted {
    /// A reference of the memo's.
    object: Raw,
    depth: u32,
    /// Where in the stream it is fetched last.
    last: u64,
}

/// The values of the memo, by their numbers.
#[derive(Default)]
struct Entries {
    early: Vec<Option<Noted>>,
    late: HashMap<u64, Noted, foldhash::fast::RandomState>,
}

impl Entries {
    /// Takes the place of no other: a number is put once.
    #[inline]
    fn insert(&mut self, number: u64, noted: Noted) {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        if at >= EARLY {
            self.late.insert(number, noted);
            return;
        }
        if at >= self.early.len() {
            self.early.resize(at + 1, None);
        }
        if let Some(slot) = self.early.get_mut(at) {
            *slot = Some(noted);
        }
    }

    #[inline]
    fn get(&self, number: u64) -> Option<Noted> {
        match usize::try_from(number).ok().and_then(|at| self.early.get(at)) {
            Some(noted) => *noted,
            None => self.late.get(&number).copied(),
        }
    }

    fn remove(&mut self, number: u64) {
        match usize::try_from(number).ok().and_then(|at| self.early.get_mut(at)) {
            Some(noted) => *noted = None,
            None => drop(self.late.remove(&number)),
        }
    }

    fn drain(&mut self) -> impl Iterator<Item = Noted> {
        self.early.drain(..).flatten().chain(self.late.drain().map(|(_, noted)| noted))
    }
}

/// A memo of no more than what is fetched later.
pub(super) struct Sparse {
    /// What is fetched of what was not put yet.
    uses: &'static [MemoUse],
    kept: Entries,
    /// Entries that were put.
    count: u64,
    /// Where the piece begins in the stream.
    origin: u64,
    max_depth: u32,
    /// Items that can be handed over; references of ours.
    ready: VecDeque<Raw>,
    /// The container, once it was reached: a reference of ours. NULL where it is the list at the bottom of the stack.
    owner: Raw,
}

impl Default for Sparse {
    fn default() -> Self {
        Sparse {
            uses: &[],
            kept: Entries::default(),
            count: 0,
            origin: 0,
            max_depth: 0,
            ready: VecDeque::new(),
            owner: std::ptr::null_mut(),
        }
    }
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
        // What can be changed would be the same object in several items, which may belong to other code by then.
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
        let noted = kept.get(number).ok_or(Other)?;
        let (object, depth) = (noted.object, noted.depth);
        if noted.last <= *origin + self.start as u64 {
            kept.remove(number);
        } else {
            // SAFETY: the memo holds it.
            unsafe { again(object) };
        }
        self.scratch.stack.push(Entry { object, depth, number: 0 });
        Ok(())
    }

    /// The container is where it was. Once it was put into another, its place may be that of a sibling.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        let owner = self.sparse.as_ref().map_or(std::ptr::null_mut(), |sparse| sparse.owner);
        let here = self.above.checked_sub(1).and_then(|at| self.scratch.stack.get(at));
        owner.is_null() || here.is_some_and(|entry| std::ptr::eq(entry.object, owner))
    }

    /// So many values lie above the container, without a mark.
    #[inline]
    pub(super) fn is_above(&self, values: usize) -> bool {
        self.scratch.stack.len().checked_sub(values) == Some(self.above) && self.base < self.above && self.is_open()
    }

    /// All that lies above the container, which must be of a kind, is its items.
    pub(super) fn hand_over(&mut self, kind: *mut ffi::PyTypeObject) -> Done {
        let above = self.above;
        let owner = *above.checked_sub(1).and_then(|at| self.scratch.stack.get(at)).ok_or(Other)?;
        let max_depth = self.sparse.as_ref().ok_or(Other)?.max_depth;
        let items = self.scratch.stack.get(above..).unwrap_or_default();
        // SAFETY: a live object.
        if !unsafe { is(owner.object, kind) } || self.base > above || items.iter().any(|item| item.depth > max_depth) {
            return Err(Other);
        }
        let (dict, set) = (&raw mut ffi::PyDict_Type, &raw mut ffi::PySet_Type);
        // What cannot be a key, or comes twice, is told by way of the document.
        if std::ptr::eq(kind, dict) {
            // SAFETY: gives a new reference.
            self.try_fill(unsafe { ffi::PyDict_New() }, Self::set_items)?;
        } else if std::ptr::eq(kind, set) {
            // SAFETY: the same.
            self.try_fill(unsafe { ffi::PySet_New(std::ptr::null_mut()) }, Self::add)?;
        }
        let stack = &mut self.scratch.stack;
        let ready = &mut self.sparse.as_mut().ok_or(Other)?.ready;
        if !std::ptr::eq(kind, dict) {
            ready.extend(stack.drain(above..).map(|item| item.object));
            return Ok(());
        }
        for pair in stack.get(above..).unwrap_or_default().as_chunks::<2>().0 {
            let [key, value] = pair;
            // SAFETY: a new tuple takes references of its own to live objects.
            let tuple = unsafe { ffi::PyTuple_Pack(2, key.object, value.object) };
            if tuple.is_null() {
                return Err(self.failed());
            }
            ready.push_back(tuple);
        }
        self.release(above);
        Ok(())
    }

    /// Fills a container for a trial with what lies above the one that is read.
    fn try_fill(&mut self, trial: Raw, put: impl FnOnce(&mut Self, Raw, usize) -> Result<u32, Other>) -> Done {
        if trial.is_null() {
            return Err(self.failed());
        }
        let filled = put(self, trial, self.above);
        // SAFETY: a reference of ours.
        unsafe { raw::release(trial) };
        filled.map(|_| ())
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
    /// Behind the container on the stack, once that was reached.
    above: usize,
    /// Where the container is, which was not reached yet.
    reach: Option<u64>,
    /// The container must be the pickle's value itself.
    is_root: bool,
    /// Where what stands behind the container begins, at the latest.
    behind: Option<u64>,
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
        Some(Self::begin(py, origin, uses, max_depth))
    }

    /// For the pickle at `origin`, whose items from `end` on, in the stream, are those of the container that was filled there. It
    /// may lie in others, so many levels deep.
    pub fn within(
        py: Python<'_>,
        (origin, end): (u64, u64),
        uses: &'static [MemoUse],
        max_depth: u32,
        levels: u32,
    ) -> Option<Self> {
        if end.checked_sub(origin)? > AROUND {
            return None;
        }
        let mut items = Self::begin(py, origin, uses, max_depth.saturating_sub(levels));
        items.above = usize::MAX;
        items.reach = Some(end);
        items.is_root = levels == 0;
        Some(items)
    }

    fn begin(py: Python<'_>, origin: u64, uses: &'static [MemoUse], max_depth: u32) -> Self {
        let mut scratch = SCRATCH.take(py).unwrap_or_else(new_scratch);
        scratch.times = times::find(py);
        SCRATCH.put(py, scratch);
        PlainItems {
            stack: Vec::new(),
            marks: Vec::new(),
            sparse: Sparse { uses, origin, max_depth, ..Sparse::default() },
            base: 0,
            work: super::WORK,
            piece: Vec::new(),
            at: 0,
            frame: None,
            above: 1,
            reach: None,
            is_root: true,
            behind: None,
            count: 0,
            end: None,
            failed: false,
        }
    }

    /// Reads up to the container; gives how many items it has there, and `None` where bytes are needed, or it has failed.
    pub fn reach(&mut self, py: Python<'_>) -> Option<u64> {
        while self.reach.is_some() {
            if !self.run(py) {
                return None;
            }
        }
        // SAFETY: a live object; of another kind there is no container here.
        let size = unsafe { ffi::PyObject_Size(self.sparse.owner) };
        u64::try_from(size).ok()
    }

    /// Not for here: a document is read instead.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// The items are entries of a dict.
    pub fn is_pairs(&self) -> bool {
        let owner = self.sparse.owner;
        // SAFETY: a live object.
        !owner.is_null() && unsafe { is(owner, &raw mut ffi::PyDict_Type) }
    }

    /// Where in the stream the bytes are that it was not given yet.
    pub fn given(&self) -> u64 {
        self.sparse.origin + self.piece.len() as u64
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
        let here = begin + self.at as u64;
        let until = self.reach.and_then(|end| usize::try_from(end - here).ok()).unwrap_or(usize::MAX);
        let above = self.above;
        let (owning, known, asks, start) = (true, true, false, 0);
        let mut plain = Plain { py, scratch, base, owning, known, asks, work, start, until, above, sparse };
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
            Ok(Ran::Reached) => self.reached(),
            Ok(Ran::Value(root)) => {
                let owner = self.sparse.owner;
                // SAFETY: a reference of ours.
                unsafe {
                    let is_it = match owner.is_null() {
                        true => is(root.object, &raw mut ffi::PyList_Type),
                        false => !self.is_root || std::ptr::eq(root.object, owner),
                    };
                    self.failed = !is_it || self.reach.is_some();
                    raw::release(root.object);
                }
                self.end = Some(begin + self.at as u64);
            }
            Err(Other) => self.failed = !short,
        }
        self.look_behind();
        !self.failed && !short
    }

    /// What was filled last is the container.
    fn reached(&mut self) {
        self.reach = None;
        let kinds = [&raw mut ffi::PyList_Type, &raw mut ffi::PyDict_Type, &raw mut ffi::PySet_Type];
        // SAFETY: a live object.
        let last = self.stack.last().filter(|last| kinds.iter().any(|kind| unsafe { is(last.object, *kind) }));
        let Some(last) = last else {
            self.failed = true;
            return;
        };
        // SAFETY: the same. It stays alive, that no other container can be where it is.
        self.sparse.owner = unsafe { again(last.object) };
        self.above = self.stack.len();
    }

    /// What stands behind the container is made as a whole: if that is much, it is for others.
    fn look_behind(&mut self) {
        let owner = self.sparse.owner;
        let here = self.above.checked_sub(1).and_then(|at| self.stack.get(at));
        if owner.is_null() || self.end.is_some() || here.is_some_and(|entry| std::ptr::eq(entry.object, owner)) {
            return;
        }
        let now = self.sparse.origin + self.at as u64;
        let from = *self.behind.get_or_insert(now);
        self.failed |= now - from > AROUND;
    }

    /// Gives back all that is held.
    fn release(&mut self) {
        let Sparse { kept, ready, owner, .. } = &mut self.sparse;
        let objects = self.stack.drain(..).map(|entry| entry.object);
        let owner = std::mem::replace(owner, std::ptr::null_mut());
        for object in objects
            .chain(kept.drain().map(|noted| noted.object))
            .chain(ready.drain(..))
            .chain((!owner.is_null()).then_some(owner))
        {
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
