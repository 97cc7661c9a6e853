//! Items one at a time, out of streams and files that are larger than memory.

use crate::errors;
use crate::options::{Given, Reading};
use crate::plain::{PlainItems, Stepped};
use crate::raw::Input;
use crate::source::PIECE;
use crate::stretch::read;
use crate::values::Values;
use pickle_core::{
    Decoder, Error, Found, Heap, Item, ItemOptions, ItemReader, LookAhead, MemoPlan, MemoPlanner, Role, ValuePath,
};
use pyo3::exceptions::{PyKeyError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Larger pickles may be plain data, of which items are made straight from the opcodes.
const PLAIN_FROM: u64 = 256 << 10;

/// Where bytes come from.
enum Bytes {
    File(File),
    Python(Py<PyAny>),
}

/// A stream, piece by piece.
struct Pieces {
    from: Bytes,
    piece: Vec<u8>,
    unread: std::ops::Range<usize>,
}

impl Pieces {
    fn new(from: Bytes) -> Self {
        Pieces { from, piece: Vec::new(), unread: 0..0 }
    }

    /// Goes on at a place of the file; only where it is one.
    fn go_to(&mut self, offset: u64) -> PyResult<()> {
        if let Bytes::File(file) = &mut self.from {
            file.seek(SeekFrom::Start(offset))?;
        }
        self.unread = 0..0;
        Ok(())
    }

    /// Fills a part of the room with what follows; only from a file.
    fn read(&mut self, py: Python<'_>, room: &mut [u8]) -> PyResult<usize> {
        let Bytes::File(file) = &mut self.from else { return Ok(0) };
        Ok(py.detach(|| read(file, room))?)
    }

    /// What was not used yet; empty at the end.
    fn rest(&mut self, py: Python<'_>) -> PyResult<&[u8]> {
        if self.unread.is_empty() {
            let len = match &self.from {
                Bytes::File(_) => {
                    let mut piece = std::mem::take(&mut self.piece);
                    piece.resize(PIECE, 0);
                    let read = self.read(py, &mut piece);
                    self.piece = piece;
                    read?
                }
                Bytes::Python(file) => {
                    // What is there already is taken at once: a pipe may pause.
                    let file = file.bind(py);
                    let read = match file.getattr_opt("read1")? {
                        Some(read1) => read1.call1((PIECE,))?,
                        None => file.call_method1("read", (PIECE,))?,
                    };
                    if read.is_none() {
                        return Err(PyOSError::new_err("the file has no bytes now: it does not wait for them"));
                    }
                    let input = Input::of(&read)?;
                    self.piece.clear();
                    self.piece.extend_from_slice(input.bytes());
                    self.piece.len()
                }
            };
            self.unread = 0..len;
        }
        Ok(self.piece.get(self.unread.clone()).unwrap_or_default())
    }
}

/// The same bytes again, to find out whether a container is the one at the path.
enum Again {
    File(File),
    /// A callable that opens a file of Python.
    Python(Py<PyAny>),
}

/// A reader, and what it borrows.
struct Reading1 {
    // Before what they borrow.
    reader: Option<ItemReader<'static, Heap>>,
    /// What reads plain data without a document, as long as it finds nothing else.
    plain: Option<PlainItems>,
    /// Items that it has given, which a reader after it passes over.
    skip: u64,
    /// What takes over from the reader, and behind how many items.
    next: Option<(PlainItems, u64)>,
    /// Where in the stream the bytes are that the reader was not given yet.
    fed: u64,
    _plan: Option<Box<MemoPlan<'static>>>,
    _planner: Box<MemoPlanner>,
}

// SAFETY: the plan is a plain table that it owns; nothing else is borrowed but the path, which lives longer.
unsafe impl Send for Reading1 {}
// SAFETY: it is used by one thread at a time: `Items` is borrowed mutably.
unsafe impl Sync for Reading1 {}

impl Drop for Reading1 {
    fn drop(&mut self) {
        self.reader = None;
        self.plain = None;
        self.next = None;
        self._plan = None;
    }
}

/// The items of a container: an iterator.
#[pyclass(module = "libpickle", name = "_Items")]
pub struct Items {
    current: Option<Reading1>,
    // Behind what borrows it.
    path: Box<str>,
    pieces: Pieces,
    ahead: Option<(Pieces, Decoder)>,
    /// The file again, where it is in doubt whether a container is the one at the path.
    doubts: Option<Again>,
    how: ItemOptions,
    heap: Option<Heap>,
    values: Values,
    /// No limit holds that a document alone can keep.
    is_plain: bool,
    /// Levels that the container lies deep.
    levels: u32,
    /// The pickle that is read ends there.
    end: u64,
    max_depth: u32,
    offset: u64,
    over: bool,
    /// A path that found something, in any of the pickles.
    seen: bool,
    /// The last item was an entry of a mapping or an attribute.
    pairs: bool,
    /// Pickles that were begun.
    begun: u64,
    /// Where a call stands whose result is dropped, in a pickle that is over.
    dropped: Option<u64>,
    failed: Option<PyErr>,
}

#[pymethods]
impl Items {
    /// `file` is the name of a file, or something to read bytes from; then `ahead` may be the same once more, to look ahead in, and
    /// `again()` opens it.
    #[new]
    #[pyo3(signature = (file, is_name, path, *, encoding=Some("ASCII"), errors="strict", max_bytes=None, max_opcodes=None, max_depth=1000, min_nodes=4096, known=true, text_ints=None, ahead=None, again=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        file: &Bound<'_, PyAny>,
        is_name: bool,
        path: &str,
        encoding: Option<&str>,
        errors: &str,
        max_bytes: Option<usize>,
        max_opcodes: Option<u64>,
        max_depth: u32,
        min_nodes: usize,
        known: bool,
        text_ints: Option<&str>,
        ahead: Option<Py<PyAny>>,
        again: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let py = file.py();
        let levels = ValuePath::new(path).count() as u32;
        let has_steps = levels != 0;
        check_path(path)?;
        let given = Given {
            encoding,
            errors,
            buffers: None,
            max_bytes,
            max_opcodes,
            max_depth,
            known,
            text_ints,
            policy: None,
            fix_imports: true,
        };
        let reading = Reading::new(py, given)?;
        let (from, ahead, doubts) = if is_name {
            let name: std::path::PathBuf = file.extract()?;
            // A named pipe waits for its writer, which may be a thread of this interpreter.
            let open = py.detach(|| errors::open(&name))?;
            let kind = open.metadata()?;
            let file_again = || if kind.is_file() { File::open(&name).map(Some) } else { Ok(None) };
            let doubts = file_again()?.filter(|file| has_steps || may_be_a_tuple(file)).map(Again::File);
            (Bytes::File(open), file_again()?.map(|file| Pieces::new(Bytes::File(file))), doubts)
        } else {
            (
                Bytes::Python(file.clone().unbind()),
                ahead.map(|file| Pieces::new(Bytes::Python(file))),
                again.filter(|_| has_steps).map(Again::Python),
            )
        };
        let how = ItemOptions::new().reader(reading.core).min_nodes(min_nodes);
        Ok(Items {
            current: None,
            path: path.into(),
            pieces: Pieces::new(from),
            ahead: ahead.map(|pieces| (pieces, Decoder::new())),
            doubts,
            how,
            heap: Some(reading.heap()),
            values: Values::new(reading),
            is_plain: known && is_name && max_bytes.is_none() && max_opcodes.is_none(),
            levels,
            end: 0,
            max_depth,
            offset: 0,
            over: false,
            seen: false,
            pairs: false,
            begun: 0,
            dropped: None,
            failed: None,
        })
    }

    /// The last item is a pair: an entry of a mapping, or an attribute.
    #[getter]
    fn pairs(&self) -> bool {
        self.pairs
    }

    /// The pickle that the last item is of, by number from 0.
    #[getter]
    fn pickle(&self) -> u64 {
        self.begun.saturating_sub(1)
    }

    /// Bytes from the start to the first call, of what was read so far, whose result is dropped: `pickle.load` makes it, and
    /// no item shows it. None where there is none.
    #[getter]
    fn dropped_call(&self) -> Option<u64> {
        let reader = || self.current.as_ref()?.reader.as_ref()?.dropped_call();
        self.dropped.or_else(reader)
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(error) = &self.failed {
            return Err(error.clone_ref(py));
        }
        if self.over {
            return Ok(None);
        }
        self.step(py).inspect_err(|error| self.failed = Some(error.clone_ref(py)))
    }
}

impl Items {
    fn begin(&mut self, py: Python<'_>) -> PyResult<bool> {
        let empty = self.pieces.rest(py)?.is_empty();
        // An empty file is no pickle.
        if empty && self.offset != 0 {
            self.over = true;
            if !self.seen {
                return Err(PyKeyError::new_err(format!("there is nothing at {}", self.path)));
            }
            return Ok(false);
        }
        let mut planner = Box::new(MemoPlanner::new());
        let mut end = self.offset;
        let plan = match &mut self.ahead {
            Some((pieces, decoder)) => {
                look_ahead(py, pieces, decoder, &mut planner)?;
                end = decoder.offset();
                Some(Box::new(planner.finish()))
            }
            None => None,
        };
        // SAFETY: the path is in a box that is never changed and lives longer than the reader, see the order of fields.
        let path: &'static str = unsafe { &*std::ptr::from_ref::<str>(&self.path) };
        let heap = self.heap.take().unwrap_or_default();
        let mut reader = ItemReader::new(heap, self.how).at_path(path);
        // SAFETY: planner and plan lie in boxes that are not changed again and outlive the reader.
        let plan: Option<Box<MemoPlan<'static>>> = unsafe { std::mem::transmute(plan) };
        if let Some(plan) = &plan {
            // SAFETY: the same.
            reader = reader.with_plan(unsafe { &*std::ptr::from_ref::<MemoPlan<'static>>(plan) });
        }
        if self.doubts.is_some() {
            reader = reader.report_doubt();
        }
        reader.begin_at(self.offset);
        self.begun += 1;
        let mut plain = None;
        // What is smaller is read as a whole before its first item is given.
        self.end = end;
        if let (Some(plan), true) = (&plan, self.may_be_plain() && self.levels == 0) {
            // SAFETY: the same.
            let uses = unsafe { &*std::ptr::from_ref(plan.uses()) };
            plain = PlainItems::new(py, self.pieces.rest(py)?, self.offset, uses, self.max_depth);
            if plain.is_some() {
                self.pieces.go_to(self.offset)?;
            }
        }
        self.current = Some(Reading1 {
            reader: Some(reader),
            plain,
            skip: 0,
            next: None,
            fed: self.offset,
            _plan: plan,
            _planner: planner,
        });
        Ok(true)
    }

    /// What is smaller is read as a whole before its first item is given.
    fn may_be_plain(&self) -> bool {
        self.is_plain && self.end.saturating_sub(self.offset) > PLAIN_FROM
    }

    /// The reader has found the container, and gives the items that are there so far: those that follow may be made without it.
    fn prepare(&mut self, py: Python<'_>) -> PyResult<()> {
        if !self.may_be_plain() {
            return Ok(());
        }
        let Some(current) = &self.current else { return Ok(()) };
        let (Some(plan), Some(reader)) = (&current._plan, &current.reader) else { return Ok(()) };
        // SAFETY: planner and plan lie in boxes that are not changed again and outlive what uses them.
        let uses = unsafe { &*std::ptr::from_ref(plan.uses()) };
        // The operation, of one byte, that puts the last of them into the container is still to be done.
        let (fed, bounds) = (current.fed, (self.offset, reader.offset() + 1));
        let Some(mut plain) = PlainItems::within(py, bounds, uses, self.max_depth, self.levels) else {
            return Ok(());
        };
        self.pieces.go_to(self.offset)?;
        let mut reached = plain.reach(py);
        while reached.is_none() && !plain.has_failed() {
            let Some(room) = plain.room() else { break };
            let (size, read) = (room.len(), self.pieces.read(py, room)?);
            plain.filled(size - read);
            if read == 0 {
                break;
            }
            reached = plain.reach(py);
        }
        self.pieces.go_to(fed)?;
        if let Some(current) = &mut self.current {
            current.next = reached.map(|count| (plain, count));
        }
        Ok(())
    }

    /// All the items have been given that were there where the container was found.
    fn take_over(&mut self) -> PyResult<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let count = current.reader.as_ref().map_or(0, ItemReader::count);
        if let Some((plain, _)) = current.next.take_if(|(_, first)| *first == count) {
            self.pieces.go_to(plain.given())?;
            current.plain = Some(plain);
        }
        Ok(())
    }

    /// The next item without a document; `None` where there is none.
    fn plain_step<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        loop {
            let Some(current) = &mut self.current else { return Ok(None) };
            let Some(plain) = &mut current.plain else { return Ok(None) };
            match plain.step(py) {
                Stepped::Item(item) => {
                    self.seen = true;
                    self.pairs = plain.is_pairs();
                    return Ok(Some(item));
                }
                Stepped::Short => {
                    if let Some(room) = plain.room() {
                        let (size, read) = (room.len(), self.pieces.read(py, room)?);
                        plain.filled(size - read);
                        if read != 0 {
                            continue;
                        }
                    }
                }
                Stepped::Over(end) => {
                    self.seen = true;
                    self.offset = end;
                    self.pieces.go_to(end)?;
                    self.heap =
                        self.current.take().and_then(|mut current| current.reader.take()).map(ItemReader::into_memory);
                    return Ok(None);
                }
                Stepped::Other => {}
            }
            // A document tells what there is, from the place on where the reader of documents is.
            current.skip = plain.count + current.reader.as_ref().map_or(0, ItemReader::count);
            current.plain = None;
            self.pieces.go_to(current.fed)?;
        }
    }

    fn step<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        loop {
            if self.current.is_none() && !self.begin(py)? {
                return Ok(None);
            }
            if self.current.as_ref().is_some_and(|current| current.plain.is_some()) {
                match self.plain_step(py)? {
                    Some(item) => return Ok(Some(item)),
                    None => continue,
                }
            }
            self.take_over()?;
            if self.current.as_ref().is_some_and(|current| current.plain.is_some()) {
                continue;
            }
            let skip = self.current.as_ref().map_or(0, |current| current.skip);
            let Some(Reading1 { reader: Some(reader), fed, .. }) = &mut self.current else { return Ok(None) };
            let rest = self.pieces.rest(py)?;
            let mut left = rest;
            if rest.is_empty() {
                reader.finish().map_err(|error| errors::from_core(py, error))?;
            }
            let found = reader.feed(&mut left);
            let used = rest.len() - left.len();
            self.pieces.unread.start += used;
            let count = reader.count();
            *fed += used as u64;
            match found.map_err(|error: Error| errors::from_core(py, error))? {
                Found::NeedMore => {}
                Found::Doubt => {
                    let leads_here = match (reader.look_ahead(), &self.doubts) {
                        (Some(look_ahead), Some(Again::File(file))) => py.detach(|| leads_here(file, look_ahead))?,
                        (Some(look_ahead), Some(Again::Python(open))) => leads_here_in(py, open, look_ahead)?,
                        _ => false,
                    };
                    reader.decide(leads_here);
                }
                Found::Item if count <= skip => {}
                Found::Item => {
                    self.seen = true;
                    if count == 1 {
                        self.prepare(py)?;
                    }
                    return self.item(py).map(Some);
                }
                _ => {
                    if reader.is_without_items() {
                        let text = format!("what is at {} is no container and has no items", self.path);
                        return Err(PyTypeError::new_err(text));
                    }
                    self.seen |= reader.path_found();
                    self.dropped = self.dropped.or(reader.dropped_call());
                    self.offset = reader.offset();
                    if let Some(mut current) = self.current.take()
                        && let Some(reader) = current.reader.take()
                    {
                        self.heap = Some(reader.into_memory());
                    }
                }
            }
        }
    }

    fn item<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let item: Option<Item<'_>> =
            self.current.as_ref().and_then(|current| current.reader.as_ref()).and_then(|reader| reader.item());
        let Some(item) = item else { return Err(errors::bad_value(py, "there is no item")) };
        self.pairs = matches!(item.role(), Role::Entry | Role::Attribute);
        self.values.item(py, item.role(), item.key_document(), item.document())
    }
}

/// It is a path, and leads to one container.
pub fn check_path(path: &str) -> PyResult<()> {
    let steps = ValuePath::new(path);
    if !steps.is_valid() {
        return Err(PyValueError::new_err(format!(
            "{path:?} is not a valid path; expected, for example, $.name, $[3] or $[\"a name\"]"
        )));
    }
    if steps.is_many() {
        let text = format!("{path:?} may lead to several values, and items are those of one container");
        return Err(PyValueError::new_err(text));
    }
    Ok(())
}

/// The file does not end as a pickle of a list, dict, set or object does.
fn may_be_a_tuple(mut file: &File) -> bool {
    let mut tail = Vec::new();
    let read = file
        .seek(SeekFrom::End(0))
        .and_then(|len| file.seek(SeekFrom::Start(len.saturating_sub(16))))
        .and_then(|_| file.read_to_end(&mut tail));
    read.is_ok() && LookAhead::can_tell(&tail)
}

/// Whether the container in doubt is the one at the path.
fn leads_here(mut file: &File, mut look_ahead: LookAhead) -> std::io::Result<bool> {
    file.seek(SeekFrom::Start(look_ahead.offset()))?;
    let mut piece = vec![0; PIECE];
    loop {
        let len = read(&mut file, &mut piece)?;
        if len == 0 {
            return Ok(false);
        }
        if let Some(known) = look_ahead.feed(&mut piece.get(..len).unwrap_or_default()) {
            return Ok(known);
        }
    }
}

/// The same in a file that Python opens.
fn leads_here_in(py: Python<'_>, open: &Py<PyAny>, mut look_ahead: LookAhead) -> PyResult<bool> {
    let mut pieces = Pieces::new(Bytes::Python(open.call0(py)?));
    let mut before = look_ahead.offset();
    loop {
        let rest = pieces.rest(py)?;
        if rest.is_empty() {
            return Ok(false);
        }
        let skipped = usize::try_from(before).map_or(rest.len(), |before| before.min(rest.len()));
        before -= skipped as u64;
        if let Some(known) = look_ahead.feed(&mut rest.get(skipped..).unwrap_or_default()) {
            return Ok(known);
        }
        pieces.unread = 0..0;
    }
}

/// Takes note of what the plan of the next pickle needs. Of a damaged one, it is that of what comes before the fault, which
/// the second pass will tell. So it will if the file was changed meanwhile: what is not in the plan cannot be fetched.
fn look_ahead(py: Python<'_>, pieces: &mut Pieces, decoder: &mut Decoder, planner: &mut MemoPlanner) -> PyResult<()> {
    decoder.next_pickle();
    loop {
        let mut rest = pieces.rest(py)?;
        let before = rest.len();
        let over = before == 0 || planner.feed(decoder, &mut rest);
        let used = before - rest.len();
        pieces.unread.start += used;
        if over {
            return Ok(());
        }
    }
}
