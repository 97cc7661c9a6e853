//! Python's values from a document, in the order in which the stream made them: no recursion, and every value, also one
//! that holds itself, is one object.

mod atoms;
mod change;
mod make;
mod reach;

use crate::errors;
use crate::raw::{self, Raw, again};
use crate::real::Real;
use crate::strings::Places;
use pickle_core::{Document, HistoryEvent, Items, Kind, Value};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::PyList;
use reach::reachable;
use std::ffi::CString;

/// What becomes of a Python 2 str that the core has kept as it is.
#[derive(Clone)]
pub enum Decode {
    /// It becomes a `libpickle.Str8`.
    Keep,
    /// With a codec of Python's, and its way with errors.
    Codec(CString, CString),
}

/// What the values are to be.
pub struct Wanted<'py> {
    pub decode: Decode,
    /// Given out-of-band buffers.
    pub buffers: Option<Vec<Bound<'py, PyAny>>>,
    /// Known types become those of Python.
    pub known: bool,
    /// Levels that values may nest.
    pub max_depth: u32,
    /// Objects of the classes that the pickle names; without, Records.
    pub real: Option<Real<'py>>,
    /// Asked for what stands behind a persistent id.
    pub persistent: Option<Bound<'py, PyAny>>,
}

/// What an event of the document has become.
#[derive(Clone, Copy, Default)]
struct Fact {
    /// Of a change: whose it is.
    owner: u32,
    /// Items of a list that are filled in.
    filled: u32,
    /// Of a tuple: how many values its hash looks at.
    weight: u32,
    /// An upper bound of the levels in it.
    depth: u32,
    /// How changes are done to it.
    way: Way,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Nothing,
    List,
    Dict,
    Set,
    Frozen,
    Record,
    /// A known container, or a real object.
    Object,
    /// What its changes say is in it already.
    Whole,
}

/// Objects made so far: of one pickle, or of several that share a memo.
#[derive(Default)]
pub struct Made {
    objects: Vec<Raw>,
    facts: Vec<Fact>,
    places: Places,
    next: usize,
    /// Values of an item that were found already.
    seen: Vec<bool>,
}

// SAFETY: they are touched by threads that are attached only.
unsafe impl Send for Made {}
// SAFETY: the same.
unsafe impl Sync for Made {}

impl Made {
    pub fn clear(&mut self) {
        for object in self.objects.drain(..) {
            // SAFETY: references of ours, or null.
            unsafe { ffi::Py_XDECREF(object) };
        }
        self.facts.clear();
        self.places.clear();
        self.next = 0;
        self.seen.clear();
    }

    /// Forgets these events alone, all that there are: a document that has many values may give many small items.
    fn forget(&mut self, events: &[usize]) {
        for index in events {
            if let Some(object) = self.objects.get_mut(*index) {
                // SAFETY: references of ours, or null.
                unsafe { ffi::Py_XDECREF(std::mem::replace(object, std::ptr::null_mut())) };
            }
            if let Some(fact) = self.facts.get_mut(*index) {
                *fact = Fact::default();
            }
            if let Some(seen) = self.seen.get_mut(*index) {
                *seen = false;
            }
        }
        self.places.clear();
    }

    /// Objects that it holds, for the collector.
    pub fn objects(&self) -> impl Iterator<Item = Raw> {
        self.objects.iter().copied().filter(|object| !object.is_null()).chain(self.places.objects())
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A list's item that comes later in the stream: list, position, item.
type Later = (usize, usize, usize);

pub struct Build<'a, 'd, 'py> {
    pub py: Python<'py>,
    pub document: &'a Document<'d>,
    pub wanted: &'a Wanted<'py>,
    made: &'a mut Made,
    later: Vec<Later>,
    /// Values that hashing has looked at, and that known types have copied.
    work: u64,
    limit: u64,
}

/// Makes the root of a document that was read as a whole.
pub fn whole<'py>(
    py: Python<'py>,
    document: &Document<'_>,
    wanted: &Wanted<'py>,
    made: &mut Made,
    input: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let mut build = Build::new(py, document, wanted, made, input);
    let mut index = build.made.next;
    while let Some(entry) = document.event(index) {
        build.event(index, entry.event)?;
        index = entry.next;
    }
    build.made.next = index;
    build.finish(document.root())
}

/// Makes one item of a container: only what it refers to.
pub fn part<'py>(
    py: Python<'py>,
    document: &Document<'_>,
    wanted: &Wanted<'py>,
    made: &mut Made,
) -> PyResult<Bound<'py, PyAny>> {
    let root = document.root();
    let mut build = Build::new(py, document, wanted, made, 0);
    let mut events = Vec::new();
    let mut result = Ok(());
    if root.id().is_some() {
        build.made.seen.resize(document.id_limit().max(build.made.seen.len()), false);
        events = reachable(document, root, &mut build.made.seen);
        for index in &events {
            if let Some(entry) = document.event(*index) {
                result = build.event(*index, entry.event);
                if result.is_err() {
                    break;
                }
            }
        }
    }
    let value = match result {
        Ok(()) => build.finish(root),
        Err(error) => Err(error),
    };
    made.forget(&events);
    value
}

impl<'a, 'd, 'py> Build<'a, 'd, 'py> {
    fn new(
        py: Python<'py>,
        document: &'a Document<'d>,
        wanted: &'a Wanted<'py>,
        made: &'a mut Made,
        input: usize,
    ) -> Self {
        let len = document.id_limit();
        if made.objects.len() < len {
            made.objects.resize(len, std::ptr::null_mut());
            made.facts.resize(len, Fact::default());
        }
        let limit = 100_000 + 16 * (len as u64 + input as u64);
        Build { py, document, wanted, made, later: Vec::new(), work: 0, limit }
    }

    fn finish(mut self, root: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        for (list, position, item) in std::mem::take(&mut self.later) {
            let (list, item) = (self.object(list)?, self.object(item)?);
            // SAFETY: a list, and a new reference to the item.
            raw::done(self.py, unsafe { ffi::PyList_SetItem(list, position as Py_ssize_t, again(item)) })?;
        }
        if let Some(id) = root.id()
            && self.made.facts.get(id).is_some_and(|fact| fact.depth > self.wanted.max_depth)
        {
            self.check_depth(root)?;
        }
        let root = self.value(root)?;
        // SAFETY: a new reference.
        unsafe { raw::owned(self.py, root) }
    }

    /// The object of an event that has been, borrowed.
    #[inline(always)]
    fn object(&self, index: usize) -> PyResult<Raw> {
        match self.made.objects.get(index) {
            Some(object) if !object.is_null() => Ok(*object),
            _ => Err(self.not_yet()),
        }
    }

    #[cold]
    fn not_yet(&self) -> PyErr {
        errors::bad_value(self.py, "a value is used before the stream has made it")
    }

    /// Refuses to do more work than the size of the pickle can pay for.
    pub fn spend(&mut self, work: u64) -> PyResult<()> {
        self.work = self.work.saturating_add(work);
        if self.work > self.limit {
            return Err(errors::too_much(self.py));
        }
        Ok(())
    }

    fn set(&mut self, index: usize, object: Raw, way: Way, value: Value<'_>) {
        if let Some(slot) = self.made.objects.get_mut(index) {
            *slot = object;
        }
        if let Some(fact) = self.made.facts.get_mut(index) {
            fact.way = way;
            fact.depth = fact.depth.max(1);
        }
        for change in value.changed_at() {
            if let Some(fact) = self.made.facts.get_mut(change) {
                fact.owner = index as u32;
            }
        }
    }

    fn depth(&self, value: Value<'_>) -> u32 {
        value.id().and_then(|id| self.made.facts.get(id)).map_or(0, |fact| fact.depth)
    }

    fn event(&mut self, index: usize, event: HistoryEvent<'_>) -> PyResult<()> {
        match event {
            HistoryEvent::Made(value) => self.make(index, value),
            HistoryEvent::Changed(change) => self.change(index, change),
            _ => Ok(()),
        }
    }

    /// What a list has been given so far: for known types, which must not see what is still missing.
    pub fn list_so_far(&self, value: Value<'_>) -> Option<Bound<'py, PyList>> {
        let id = value.id()?;
        let object = self.object(id).ok()?;
        // SAFETY: a live object.
        let list = unsafe { Bound::from_borrowed_ptr(self.py, object) }.cast_into::<PyList>().ok()?;
        let filled = self.made.facts.get(id)?.filled as usize;
        Some(if filled == list.len() { list } else { list.get_slice(0, filled) })
    }

    /// A value for a known type, without those that cannot be made yet.
    pub fn ready(&mut self, value: Value<'_>) -> Option<Bound<'py, PyAny>> {
        if value.kind() == Kind::List {
            return self.list_so_far(value).map(Bound::into_any);
        }
        self.bound(value).ok()
    }

    /// How many values hashing this one looks at.
    pub fn weight_of(&self, value: Value<'_>) -> u64 {
        value.id().and_then(|id| self.made.facts.get(id)).map_or(0, |fact| u64::from(fact.weight))
    }

    /// How many values hashing the items of a list or tuple would look at.
    pub fn weight(&self, items: Items<'_>) -> u64 {
        items.map(|item| 1 + self.weight_of(item)).sum()
    }
}
