//! Items out of files one after another, without Python: of whole streams, of splits, and pickles that are items.

use crate::errors;
use crate::stretch::Stretch;
use pickle_core::{
    Decoder, Document, Error, Found, Heap, ItemOptions, ItemReader, MemoPlan, MemoPlanner, Options, Role, SplitError,
    SplitNeeds, SplitPlan, SplitReader, SplitStart, Status, Unpickler, joblib,
};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::fmt;
use std::io;
use std::ptr::NonNull;

/// Why there are no more items.
#[derive(Debug)]
pub enum Fault {
    Read(io::Error),
    Pickle(Error),
    /// The plan is not one of this file: seen at an offset.
    Plan(u64),
    /// There is nothing at this path.
    Nothing(String),
    /// A row that does not fit its columns: its number, the byte up to which the file was read, and why.
    Row(u64, u64, String),
    /// What is there is no table.
    Shape(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Read(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Pickle(error)
    }
}

impl From<SplitError> for Fault {
    fn from(error: SplitError) -> Self {
        match error {
            SplitError::Plan(offset) => Fault::Plan(offset),
            SplitError::Pickle(error) => Fault::Pickle(error),
            _ => Fault::Shape(error.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Read(error) => error.fmt(f),
            Fault::Pickle(error) => error.fmt(f),
            Fault::Plan(offset) => write!(f, "the plan is not one of this file, seen at byte {offset}"),
            Fault::Nothing(why) => f.write_str(why),
            Fault::Row(row, offset, why) => write!(f, "item {row}, before byte {offset}: {why}"),
            Fault::Shape(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// The exception, `at` before its text: which file, and which part of it.
    pub fn raise(self, py: Python<'_>, at: &str) -> PyErr {
        let text = format!("{at}{self}");
        match self {
            Fault::Read(error) => error.into(),
            Fault::Pickle(error) if at.is_empty() => errors::from_core(py, error),
            Fault::Pickle(error) => errors::failed(py, &format!("{:?}", error.kind()), error.offset(), &text),
            Fault::Plan(offset) => errors::failed(py, "OtherPlan", offset, &text),
            Fault::Nothing(_) => PyKeyError::new_err(text),
            Fault::Row(..) => PyValueError::new_err(text),
            Fault::Shape(_) => PyTypeError::new_err(text),
        }
    }
}

/// A value at a place of its own, for what borrows it and lies beside it.
pub struct Pinned<T>(NonNull<T>);

impl<T> Pinned<T> {
    pub fn new(value: T) -> Self {
        Pinned(NonNull::from(Box::leak(Box::new(value))))
    }

    /// # Safety
    /// The reference is not used after this value is dropped, nor beside one that can change it.
    pub unsafe fn get<'a>(&self) -> &'a T {
        // SAFETY: it lies there until the drop.
        unsafe { self.0.as_ref() }
    }

    /// # Safety
    /// The same, and there is no other reference.
    unsafe fn get_mut<'a>(&mut self) -> &'a mut T {
        // SAFETY: it lies there until the drop.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: it was a box, and there is no reference any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// An item, or a pickle that is one.
pub struct Row<'r> {
    pub index: u64,
    pub role: Role,
    pub key: Option<Document<'r>>,
    pub document: Document<'r>,
}

/// Items of one file.
pub enum Rows {
    Stream(Stream),
    Split(SplitRows),
    Log(Log),
}

// SAFETY: what lies in `Pinned` is owned, plain data; files of Python are used with the interpreter's lock.
unsafe impl Send for Rows {}
// SAFETY: it is used by one thread at a time, which borrows it mutably.
unsafe impl Sync for Rows {}

impl Rows {
    /// Goes on to the next; false where there are no more.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        match self {
            Rows::Stream(stream) => stream.advance(),
            Rows::Split(split) => split.advance(),
            Rows::Log(log) => log.advance(),
        }
    }

    /// The current one.
    pub fn row(&self) -> Option<Row<'_>> {
        let (base, item) = match self {
            Rows::Stream(stream) => (stream.base, stream.current.as_ref()?.reader.item()?),
            Rows::Split(split) => (0, split.current.as_ref()?.reader.item()?),
            Rows::Log(log) => {
                let document = log.unpickler.document()?;
                return Some(Row { index: log.index, role: Role::Item, key: None, document });
            }
        };
        let (key, document) = (item.key_document(), item.document());
        Some(Row { index: base + item.index(), role: item.role(), key, document })
    }

    /// Bytes from the start of the file up to which it was read for the current item.
    pub fn offset(&self) -> u64 {
        match self {
            Rows::Stream(stream) => stream.current.as_ref().map_or(stream.offset, |current| current.reader.offset()),
            Rows::Split(split) => split.offset,
            Rows::Log(log) => log.unpickler.offset(),
        }
    }
}

/// The items of each pickle of a file from its start.
pub struct Stream {
    current: Option<Current>,
    // Behind what borrows it.
    path: Pinned<String>,
    source: Stretch,
    /// Another view of the file, which goes ahead and finds what must be kept.
    ahead: Option<(Stretch, Decoder)>,
    options: ItemOptions,
    heap: Option<Heap>,
    /// Where the next pickle begins, and the number of its first item.
    offset: u64,
    base: u64,
    is_over: bool,
    /// The path found something, in any of the pickles.
    seen: bool,
}

struct Current {
    reader: ItemReader<'static, Heap>,
    // Behind what borrows them.
    _plan: Option<Pinned<MemoPlan<'static>>>,
    _planner: Pinned<MemoPlanner>,
}

impl Stream {
    pub fn new(source: Stretch, ahead: Option<Stretch>, path: &str, options: ItemOptions, heap: Heap) -> Self {
        Stream {
            current: None,
            path: Pinned::new(path.to_owned()),
            source,
            ahead: ahead.map(|ahead| (ahead, Decoder::new())),
            options,
            heap: Some(heap),
            offset: 0,
            base: 0,
            is_over: false,
            seen: false,
        }
    }

    fn begin(&mut self) -> Result<bool, Fault> {
        // An empty file is no pickle.
        if self.offset != 0 && self.source.at(self.offset..u64::MAX)?.is_empty() {
            self.is_over = true;
            // SAFETY: used here alone.
            let path = unsafe { self.path.get() };
            return if self.seen { Ok(false) } else { Err(Fault::Nothing(format!("there is nothing at {path}"))) };
        }
        let mut planner = Pinned::new(MemoPlanner::new());
        let plan = match &mut self.ahead {
            Some((ahead, decoder)) => {
                decoder.next_pickle();
                // SAFETY: the only reference to it.
                let planner = unsafe { planner.get_mut() };
                // Of a damaged pickle or file the plan is that of what comes before the fault, which the reader will tell.
                while let Ok(mut rest) = ahead.at(decoder.offset()..u64::MAX) {
                    if rest.is_empty() || planner.feed(decoder, &mut rest) {
                        break;
                    }
                }
                Some(Pinned::new(planner.finish()))
            }
            None => None,
        };
        // SAFETY: the reader is dropped before the path and the plan, and both stay as they are.
        let (path, used) = unsafe { (self.path.get(), plan.as_ref().map(|plan| plan.get())) };
        let mut reader = ItemReader::new(self.heap.take().unwrap_or_default(), self.options).at_path(path);
        if let Some(plan) = used {
            reader = reader.with_plan(plan);
        }
        reader.begin_at(self.offset);
        self.current = Some(Current { reader, _plan: plan, _planner: planner });
        Ok(true)
    }

    fn advance(&mut self) -> Result<bool, Fault> {
        loop {
            if self.is_over || (self.current.is_none() && !self.begin()?) {
                return Ok(false);
            }
            let Some(Current { reader, .. }) = &mut self.current else { return Ok(false) };
            let mut rest = self.source.at(reader.offset()..u64::MAX)?;
            if rest.is_empty() {
                reader.finish()?;
            }
            match reader.feed(&mut rest)? {
                // Doubts are not asked about.
                Found::NeedMore | Found::Doubt => {}
                Found::Item => {
                    self.seen = true;
                    return Ok(true);
                }
                Found::Done => {
                    self.seen |= reader.path_found();
                    self.offset = reader.offset();
                    self.base += reader.count();
                    if let Some(Current { reader, .. }) = self.current.take() {
                        self.heap = Some(reader.into_memory());
                    }
                }
            }
        }
    }
}

/// The items of the splits of a plan, one after another.
pub struct SplitRows {
    current: Option<CurrentSplit>,
    // Behind what borrows it.
    plan: Pinned<SplitPlan>,
    source: Stretch,
    options: ItemOptions,
    heap: Option<Heap>,
    /// The split that comes next.
    next: usize,
    offset: u64,
}

struct CurrentSplit {
    reader: SplitReader<'static, Heap>,
    // Behind what borrows them.
    _start: Pinned<SplitStart<'static>>,
    _memo: Pinned<MemoPlanner>,
}

impl SplitRows {
    pub fn new(source: Stretch, plan: SplitPlan, options: ItemOptions, heap: Heap) -> Self {
        SplitRows { current: None, plan: Pinned::new(plan), source, options, heap: Some(heap), next: 0, offset: 0 }
    }

    fn begin(&mut self) -> Result<bool, Fault> {
        // SAFETY: all that borrows it is dropped before it.
        let Some(mut needs) = SplitNeeds::new(unsafe { self.plan.get() }, self.next) else { return Ok(false) };
        self.next += 1;
        while let Some(range) = needs.wants() {
            needs.feed(&mut self.source.at(range)?);
        }
        let mut memo = Pinned::new(MemoPlanner::new());
        // SAFETY: the same, and there is no other reference.
        let start = Pinned::new(needs.finish(unsafe { memo.get_mut() }));
        // SAFETY: the same.
        let borrowed: &'static SplitStart<'static> = unsafe { start.get() };
        // Whole pickles are as small as a split.
        let nodes = if borrowed.split().end == u64::MAX { self.options.min_nodes } else { usize::MAX };
        let heap = self.heap.take().unwrap_or_default();
        let reader = SplitReader::new(heap, self.options.min_nodes(nodes), borrowed);
        self.current = Some(CurrentSplit { reader, _start: start, _memo: memo });
        Ok(true)
    }

    fn advance(&mut self) -> Result<bool, Fault> {
        loop {
            if self.current.is_none() && !self.begin()? {
                return Ok(false);
            }
            let Some(CurrentSplit { reader, .. }) = &mut self.current else { return Ok(false) };
            let Some(range) = reader.wants() else {
                if let Some(CurrentSplit { reader, .. }) = self.current.take() {
                    self.heap = Some(reader.into_memory());
                }
                continue;
            };
            self.offset = range.start;
            let mut input = self.source.at(range)?;
            let before = input.len();
            let found = reader.feed(&mut input)?;
            self.offset += (before - input.len()) as u64;
            if found == Found::Item {
                return Ok(true);
            }
        }
    }
}

/// Pickles as items.
pub struct Log {
    unpickler: Unpickler<Heap>,
    source: Stretch,
    index: u64,
    /// Where the last one may begin at most.
    end: u64,
    is_begun: bool,
}

impl Log {
    /// From a pickle on, whose number is `first`, up to `end`.
    pub fn new(source: Stretch, options: Options, heap: Heap, offset: u64, first: u64, end: u64) -> Self {
        let mut unpickler = Unpickler::new(heap, options);
        unpickler.begin_at(offset, false);
        Log { unpickler, source, index: first, end, is_begun: false }
    }

    fn advance(&mut self) -> Result<bool, Fault> {
        let at = self.unpickler.offset();
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if at >= self.end || (!is_first && self.source.at(at..u64::MAX)?.is_empty()) {
            return Ok(false);
        }
        if !is_first {
            self.unpickler.next_pickle(false);
            self.index += 1;
        }
        loop {
            let mut rest = self.source.at(self.unpickler.offset()..u64::MAX)?;
            if rest.is_empty() {
                self.unpickler.finish()?;
            }
            match self.unpickler.feed(&mut rest)? {
                Status::Done => return Ok(true),
                Status::Built => joblib::take_array(&mut self.unpickler, &[])?,
                _ => {}
            }
        }
    }
}
