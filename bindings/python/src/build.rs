//! Python's values from a document, in the order in which the stream made them: no recursion, and every value, also one
//! that holds itself, is one object.

use crate::errors;
use crate::known::{self, Known};
use crate::raw::{self, Raw, again};
use crate::real::Real;
use crate::record::{Buffer, Extension, Global, HOWS, Record};
use crate::strings::{self, Places};
use pickle_core::{BigInt, Change, Document, Event, How, Items, Kind, Object, Value};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use std::ffi::CString;

/// What becomes of a Python 2 str that the core has kept as it is.
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
    while let Some((event, after)) = document.event(index) {
        build.event(index, event)?;
        index = after;
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
    if root.id().is_some() {
        for index in reachable(document, root) {
            if let Some((event, _)) = document.event(index) {
                build.event(index, event)?;
            }
        }
    }
    let value = build.finish(root);
    made.clear();
    value
}

/// The events that make a value, in order.
fn reachable(document: &Document<'_>, root: Value<'_>) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    let (mut open, mut events) = (Vec::new(), Vec::new());
    open.extend(root.id());
    let into = |items: Items<'_>, open: &mut Vec<usize>| open.extend(items.filter_map(|item| item.id()));
    while let Some(index) = open.pop() {
        if !seen.insert(index) {
            continue;
        }
        let Some((Event::Made(value), _)) = document.event(index) else { continue };
        events.push(index);
        if matches!(value.kind(), Kind::Tuple) {
            value.items().into_iter().for_each(|items| into(items, &mut open));
        }
        open.extend(value.inner().and_then(|inner| inner.id()));
        if let Some(object) = value.as_object() {
            open.extend(object.callable().id());
            open.extend(object.kwargs().and_then(|kwargs| kwargs.id()));
            match object.args_value() {
                Some(args) => open.extend(args.id()),
                None => into(object.args(), &mut open),
            }
        }
        for index in value.changed_at() {
            events.push(index);
            match document.event(index) {
                Some((Event::Changed(Change::Append(items) | Change::Add(items)), _)) => into(items, &mut open),
                Some((Event::Changed(Change::SetItem(entries)), _)) => {
                    for (key, value) in entries {
                        open.extend(key.id());
                        open.extend(value.id());
                    }
                }
                Some((Event::Changed(Change::Build(value) | Change::Nested(value)), _)) => open.extend(value.id()),
                _ => {}
            }
        }
    }
    events.sort_unstable();
    events
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

    /// The true depth, where the bound says that it may be too much.
    fn check_depth(&self, root: Value<'_>) -> PyResult<()> {
        let mut seen = vec![false; self.document.id_limit()];
        let mut level: Vec<Value<'_>> = vec![root];
        let mut depth = 0;
        // Level by level: the depth is that of the shortest way to the deepest value.
        while !level.is_empty() {
            let mut below = Vec::new();
            let mut any = false;
            for value in level.drain(..) {
                let Some(id) = value.id() else { continue };
                match seen.get_mut(id) {
                    Some(seen) if !*seen => *seen = true,
                    _ => continue,
                }
                any = true;
                below.extend(value.items().into_iter().flatten());
                below.extend(value.entries().into_iter().flatten().flat_map(|(key, value)| [key, value]));
                if let Some(object) = value.as_object() {
                    below.extend(object.args());
                    for change in object.changes() {
                        match change {
                            Change::Append(items) | Change::Add(items) => below.extend(items),
                            Change::SetItem(entries) => below.extend(entries.flat_map(|(key, value)| [key, value])),
                            Change::Build(value) | Change::Nested(value) => below.push(value),
                            _ => {}
                        }
                    }
                }
            }
            depth += u32::from(any);
            if depth > self.wanted.max_depth {
                return Err(errors::failed(self.py, "DepthLimit", 0, "the values nest deeper than max_depth allows"));
            }
            level = below;
        }
        Ok(())
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

    /// A value as an object: a new reference.
    #[inline]
    pub fn value(&mut self, value: Value<'_>) -> PyResult<Raw> {
        if let Some(index) = value.id() {
            // SAFETY: it is alive.
            return self.object(index).map(|object| unsafe { again(object) });
        }
        let py = self.py;
        // SAFETY: numbers become new references; None, True and False are given another.
        unsafe {
            match value.kind() {
                Kind::Int => match value.as_i64() {
                    Some(int) => raw::new(py, ffi::PyLong_FromLongLong(int)),
                    None => self.big_int(value),
                },
                Kind::Float => match value.as_f64() {
                    Some(float) => raw::new(py, ffi::PyFloat_FromDouble(float)),
                    None => Err(self.not_yet()),
                },
                Kind::Str => self.text(value, false),
                Kind::Bool => Ok(again(if value.as_bool() == Some(true) { ffi::Py_True() } else { ffi::Py_False() })),
                Kind::None => Ok(again(ffi::Py_None())),
                Kind::Tuple => raw::new(py, ffi::PyTuple_New(0)),
                _ => self.rare(value),
            }
        }
    }

    fn bound(&mut self, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        let object = self.value(value)?;
        // SAFETY: a new reference.
        unsafe { raw::owned(self.py, object) }
    }

    #[cold]
    fn big_int(&self, value: Value<'_>) -> PyResult<Raw> {
        let py = self.py;
        if let Some(int) = value.as_i128() {
            return Ok(int.into_pyobject(py)?.into_any().into_ptr());
        }
        let int = py.get_type::<pyo3::types::PyInt>();
        let made = match value.as_big_int() {
            Some(BigInt::Bytes(bytes)) => {
                let kwargs = PyDict::new(py);
                kwargs.set_item("signed", true)?;
                int.call_method("from_bytes", (pyo3::types::PyBytes::new(py, bytes), "little"), Some(&kwargs))?
            }
            Some(text) => {
                let Some((negative, radix, digits)) = text.digits() else { return Err(self.not_yet()) };
                let digits = String::from_utf8_lossy(digits);
                let text = if negative { format!("-{digits}") } else { digits.into_owned() };
                int.call1((text, radix)).map_err(|error| {
                    // Python has a limit for decimal digits, whose conversion takes time in their square.
                    errors::failed(py, "BadInt", 0, &error.value(py).to_string())
                })?
            }
            None => return Err(self.not_yet()),
        };
        Ok(made.into_ptr())
    }

    /// Of a str: the same object for the same place in the stream.
    #[inline]
    fn text(&mut self, value: Value<'_>, is_key: bool) -> PyResult<Raw> {
        let bytes = value.str_bytes().unwrap_or_default();
        self.placed(
            value,
            |build| {
                if is_key { strings::key(build.py, bytes) } else { strings::new_text(build.py, bytes) }
            },
        )
    }

    #[inline]
    fn placed(&mut self, value: Value<'_>, make: impl FnOnce(&mut Self) -> PyResult<Raw>) -> PyResult<Raw> {
        let Some((offset, len, stored)) = value.place() else { return make(self) };
        if len == 0 {
            return make(self);
        }
        let place = offset << 1 | u64::from(stored);
        if let Some(object) = self.made.places.get(place) {
            // SAFETY: it is alive.
            return Ok(unsafe { again(object) });
        }
        let object = make(self)?;
        // SAFETY: a new object.
        unsafe { self.made.places.insert(place, object) };
        Ok(object)
    }

    #[inline(never)]
    fn rare(&mut self, value: Value<'_>) -> PyResult<Raw> {
        let py = self.py;
        match value.kind() {
            Kind::Bytes => {
                let bytes = value.as_bytes().unwrap_or_default();
                self.placed(value, |_| {
                    // SAFETY: data and size are those of a slice.
                    raw::new(py, unsafe {
                        ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len() as Py_ssize_t)
                    })
                })
            }
            Kind::Str8 => {
                let bytes = value.as_bytes().unwrap_or_default();
                self.placed(value, |build| build.str8(bytes))
            }
            Kind::Global => {
                let (module, name) = value.as_global().ok_or_else(|| errors::bad_value(py, "a global is no text"))?;
                self.placed(value, |build| {
                    let (module, name) = (PyString::new(py, module).into_any(), PyString::new(py, name).into_any());
                    build.global(module, name)
                })
            }
            Kind::Extension => {
                let code = value.as_extension().unwrap_or(0);
                match &self.wanted.real {
                    Some(real) => Ok(real.extension(py, code)?.into_ptr()),
                    None => Ok(Bound::new(py, Extension { code })?.into_ptr()),
                }
            }
            Kind::Buffer => {
                let (index, read_only) = value.as_buffer().unwrap_or((0, false));
                let Some(buffers) = &self.wanted.buffers else {
                    if self.wanted.real.is_some() {
                        return Err(errors::unpickling(
                            "pickle stream refers to out-of-band data but no *buffers* argument was given".into(),
                        ));
                    }
                    return Ok(Bound::new(py, Buffer { index, read_only })?.into_ptr());
                };
                let Some(buffer) = buffers.get(index as usize) else {
                    return Err(errors::unpickling("not enough out-of-band buffers".into()));
                };
                Ok(if read_only { self.read_only(buffer)? } else { buffer.clone() }.into_ptr())
            }
            _ => Err(self.not_yet()),
        }
    }

    fn read_only(&self, buffer: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        // SAFETY: gives a new reference or an error.
        let view = unsafe { raw::owned(py, ffi::PyMemoryView_FromObject(buffer.as_ptr()))? };
        // With a policy this is what pickle does: what is read-only already stays what it is.
        if self.wanted.real.is_some() && view.getattr("readonly")?.is_truthy()? {
            return Ok(buffer.clone());
        }
        view.call_method0("toreadonly")
    }

    fn str8(&mut self, bytes: &[u8]) -> PyResult<Raw> {
        let py = self.py;
        match &self.wanted.decode {
            Decode::Keep => {
                static STR8: pyo3::sync::PyOnceLock<Py<pyo3::types::PyType>> = pyo3::sync::PyOnceLock::new();
                let class = STR8.import(py, "libpickle._values", "Str8")?;
                Ok(class.call1((pyo3::types::PyBytes::new(py, bytes),))?.into_ptr())
            }
            // SAFETY: data and size are those of a slice, the names end with a NUL.
            Decode::Codec(codec, errors) => raw::new(py, unsafe {
                ffi::PyUnicode_Decode(bytes.as_ptr().cast(), bytes.len() as Py_ssize_t, codec.as_ptr(), errors.as_ptr())
            }),
        }
    }

    fn global(&mut self, module: Bound<'py, PyAny>, name: Bound<'py, PyAny>) -> PyResult<Raw> {
        match &self.wanted.real {
            Some(real) => Ok(real.find_class(&module, &name)?.into_ptr()),
            None => Ok(Bound::new(self.py, Global { module: module.unbind(), name: name.unbind() })?.into_ptr()),
        }
    }

    /// A value that is to be hashed: a new reference.
    fn key(&mut self, value: Value<'_>) -> PyResult<Raw> {
        if value.kind() == Kind::Str {
            return self.text(value, true);
        }
        if let Some(id) = value.id() {
            let weight = self.made.facts.get(id).map_or(0, |fact| fact.weight);
            self.spend(u64::from(weight))?;
        }
        self.value(value)
    }

    /// Refuses to do more work than the size of the pickle can pay for.
    pub fn spend(&mut self, work: u64) -> PyResult<()> {
        self.work = self.work.saturating_add(work);
        if self.work > self.limit {
            return Err(errors::bad_value(
                self.py,
                "the pickle shares parts so often that hashing or copying them would take for ever",
            ));
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

    fn event(&mut self, index: usize, event: Event<'_>) -> PyResult<()> {
        match event {
            Event::Made(value) => self.make(index, value),
            Event::Changed(change) => self.change(index, change),
            _ => Ok(()),
        }
    }

    fn make(&mut self, index: usize, value: Value<'_>) -> PyResult<()> {
        let py = self.py;
        // SAFETY: every branch makes a new reference.
        unsafe {
            match value.kind() {
                Kind::Dict => {
                    let dict = raw::new(py, ffi::PyDict_New())?;
                    self.set(index, dict, Way::Dict, value);
                }
                Kind::List => {
                    // Code of others might look at a list that is not full.
                    let len = if self.wanted.real.is_some() { 0 } else { value.len() };
                    let list = raw::new(py, ffi::PyList_New(len as Py_ssize_t))?;
                    self.set(index, list, Way::List, value);
                }
                Kind::Tuple => {
                    let (mut weight, mut depth) = (1u32, 0);
                    let Some(items) = value.items() else { return Err(self.not_yet()) };
                    let tuple = raw::new(py, ffi::PyTuple_New(items.len() as Py_ssize_t))?;
                    for (position, item) in items.enumerate() {
                        if let Some(fact) = item.id().and_then(|id| self.made.facts.get(id)) {
                            weight = weight.saturating_add(fact.weight);
                            depth = depth.max(fact.depth);
                        }
                        match self.value(item) {
                            Ok(item) => {
                                ffi::PyTuple_SetItem(tuple, position as Py_ssize_t, item);
                            }
                            Err(error) => {
                                ffi::Py_DECREF(tuple);
                                return Err(error);
                            }
                        }
                    }
                    self.set(index, tuple, Way::Nothing, value);
                    if let Some(fact) = self.made.facts.get_mut(index) {
                        (fact.weight, fact.depth) = (weight.saturating_add(value.len() as u32), depth + 1);
                    }
                }
                Kind::Set => {
                    let set = raw::new(py, ffi::PySet_New(std::ptr::null_mut()))?;
                    self.set(index, set, Way::Set, value);
                }
                Kind::FrozenSet => {
                    // Its items come with the one change that follows.
                    let empty = value.is_empty();
                    let set = if empty {
                        raw::new(py, ffi::PyFrozenSet_New(std::ptr::null_mut()))?
                    } else {
                        std::ptr::null_mut()
                    };
                    self.set(index, set, Way::Frozen, value);
                }
                Kind::ByteArray => {
                    let bytes = value.as_bytes().unwrap_or_default();
                    let (data, size) = (bytes.as_ptr().cast(), bytes.len() as Py_ssize_t);
                    let array = raw::new(py, ffi::PyByteArray_FromStringAndSize(data, size))?;
                    self.set(index, array, Way::Nothing, value);
                }
                Kind::Global => {
                    let Some((module, name)) = value.global_parts() else { return Err(self.not_yet()) };
                    let (module, name) = (self.bound(module)?, self.bound(name)?);
                    let global = self.global(module, name)?;
                    self.set(index, global, Way::Nothing, value);
                }
                Kind::ReadOnly => {
                    let Some(inner) = value.inner() else { return Err(self.not_yet()) };
                    let inner = self.bound(inner)?;
                    let view = self.read_only(&inner)?;
                    self.set(index, view.into_ptr(), Way::Nothing, value);
                }
                _ => {
                    let Some(object) = value.as_object() else { return Err(self.not_yet()) };
                    self.make_object(index, value, object)?;
                }
            }
        }
        Ok(())
    }

    fn make_object(&mut self, index: usize, value: Value<'_>, object: Object<'_>) -> PyResult<()> {
        let how = object.how();
        if how == How::PersId
            && let Some(load) = &self.wanted.persistent
        {
            let id = self.bound(object.callable())?;
            let made = load.call1((id,))?;
            self.set(index, made.into_ptr(), Way::Object, value);
            return Ok(());
        }
        if self.wanted.known || self.wanted.real.as_ref().is_some_and(|real| real.known_first()) {
            match known::make(self, value, &object)? {
                Some(Known::Whole(made)) => {
                    self.set(index, made.into_ptr(), Way::Whole, value);
                    return Ok(());
                }
                Some(Known::Container(made)) => {
                    self.set(index, made.into_ptr(), Way::Object, value);
                    return Ok(());
                }
                None => {}
            }
        }
        if let Some(real) = &self.wanted.real {
            let callable = self.bound(object.callable())?;
            let args = self.args(&object)?;
            let kwargs = match object.kwargs() {
                Some(kwargs) => Some(self.bound(kwargs)?),
                None => None,
            };
            let made = real.make(how, callable, args, kwargs)?;
            self.set(index, made.into_ptr(), Way::Object, value);
            return Ok(());
        }
        let record = self.record(value, &object)?;
        let depth = 1 + object.args().map(|arg| self.depth(arg)).max().unwrap_or(0);
        self.set(index, record.into_ptr(), Way::Record, value);
        if let Some(fact) = self.made.facts.get_mut(index) {
            fact.depth = depth;
        }
        Ok(())
    }

    /// The arguments of an object, as the tuple that they are or make.
    fn args(&mut self, object: &Object<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match (object.how(), object.args_value()) {
            (_, Some(args)) => self.bound(args).map(Some),
            (How::Obj | How::Inst, None) => {
                let args: Vec<_> = object.args().map(|arg| self.bound(arg)).collect::<PyResult<_>>()?;
                Ok(Some(PyTuple::new(self.py, args)?.into_any()))
            }
            _ => Ok(None),
        }
    }

    fn record(&mut self, value: Value<'_>, object: &Object<'_>) -> PyResult<Bound<'py, Record>> {
        let py = self.py;
        let callable = self.bound(object.callable())?.unbind();
        let args = self.args(object)?.map(Bound::unbind);
        let kwargs = match object.kwargs() {
            Some(kwargs) => Some(self.bound(kwargs)?.unbind()),
            None => None,
        };
        let how = HOWS.get(object.how() as usize).copied().unwrap_or("REDUCE");
        let how = PyString::intern(py, how).into_any().unbind();
        let kind = if self.wanted.known { known::kind(value) } else { None };
        Bound::new(py, Record { how, callable: Some(callable), args, kwargs, changes: None, kind })
    }

    fn change(&mut self, index: usize, change: Change<'_>) -> PyResult<()> {
        let py = self.py;
        let owner = self.made.facts.get(index).map_or(0, |fact| fact.owner as usize);
        let Some(Fact { way, filled, depth, .. }) = self.made.facts.get(owner).copied() else { return Ok(()) };
        match (way, change) {
            (Way::List, Change::Append(items)) => {
                let list = self.object(owner)?;
                let mut deepest = depth;
                let mut position = filled as usize;
                let append = self.wanted.real.is_some();
                for item in items {
                    // SAFETY: the list has room for it, and takes the reference over; or is appended to.
                    unsafe {
                        let object = match item.id() {
                            None => self.value(item)?,
                            Some(id) => match self.made.objects.get(id) {
                                Some(object) if !object.is_null() => {
                                    if id > owner {
                                        deepest = deepest.max(self.made.facts[id].depth + 1);
                                    }
                                    again(*object)
                                }
                                _ => {
                                    self.later.push((owner, position, id));
                                    again(ffi::Py_None())
                                }
                            },
                        };
                        if append {
                            let result = ffi::PyList_Append(list, object);
                            ffi::Py_DECREF(object);
                            raw::done(py, result)?;
                        } else {
                            raw::done(py, ffi::PyList_SetItem(list, position as Py_ssize_t, object))?;
                        }
                    }
                    position += 1;
                }
                let fact = &mut self.made.facts[owner];
                (fact.filled, fact.depth) = (position as u32, deepest);
            }
            (Way::Dict, Change::Append(mut items)) => {
                let dict = self.object(owner)?;
                let mut deepest = depth;
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    if let Some(id) = value.id()
                        && id > owner
                    {
                        deepest = deepest.max(self.made.facts[id].depth + 1);
                    }
                    let key = self.key(key)?;
                    let result = match self.value(value) {
                        Ok(value) => {
                            // SAFETY: the dict takes references of its own.
                            let result = unsafe { ffi::PyDict_SetItem(dict, key, value) };
                            // SAFETY: a reference of ours.
                            unsafe { ffi::Py_DECREF(value) };
                            raw::done(py, result)
                        }
                        Err(error) => Err(error),
                    };
                    // SAFETY: a reference of ours.
                    unsafe { ffi::Py_DECREF(key) };
                    result.map_err(|error| self.unhashable(error))?;
                }
                self.made.facts[owner].depth = deepest;
            }
            (Way::Set, Change::Append(items)) => {
                let set = self.object(owner)?;
                for item in items {
                    let item = self.key(item)?;
                    // SAFETY: the set takes a reference of its own.
                    let result = unsafe { ffi::PySet_Add(set, item) };
                    // SAFETY: a reference of ours.
                    unsafe { ffi::Py_DECREF(item) };
                    raw::done(py, result).map_err(|error| self.unhashable(error))?;
                }
            }
            (Way::Frozen, Change::Append(items)) => {
                let mut depth = 0;
                let list = PyList::empty(py);
                for item in items {
                    depth = depth.max(self.depth(item));
                    let item = self.key(item)?;
                    // SAFETY: a new reference.
                    list.append(unsafe { raw::owned(py, item)? })?;
                }
                // SAFETY: a new reference or an error.
                let set = raw::new(py, unsafe { ffi::PyFrozenSet_New(list.as_ptr()) });
                self.made.objects[owner] = set.map_err(|error| self.unhashable(error))?;
                self.made.facts[owner].depth = depth + 1;
            }
            (Way::Record, change) => self.record_change(owner, change)?,
            (Way::Object, change) => self.object_change(owner, change)?,
            _ => {}
        }
        Ok(())
    }

    /// A key that Python cannot hash is a fault of the pickle.
    fn unhashable(&self, error: PyErr) -> PyErr {
        if self.wanted.real.is_none() && error.is_instance_of::<pyo3::exceptions::PyTypeError>(self.py) {
            return errors::bad_value(self.py, &error.value(self.py).to_string());
        }
        error
    }

    fn tuple(&mut self, items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyTuple::new(self.py, items.collect::<PyResult<Vec<_>>>()?)?.into_any())
    }

    fn bounds(&mut self, items: Items<'_>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        items.map(|item| self.bound(item)).collect()
    }

    fn record_change(&mut self, owner: usize, change: Change<'_>) -> PyResult<()> {
        let py = self.py;
        let mut deepest = self.made.facts[owner].depth;
        let mut look = |build: &Self, value: Value<'_>| {
            if value.id().is_some_and(|id| id > owner) {
                deepest = deepest.max(build.depth(value) + 1);
            }
        };
        let (name, values) = match change {
            Change::Append(items) => {
                items.for_each(|item| look(self, item));
                ("APPEND", self.bounds(items)?)
            }
            Change::Add(items) => {
                items.for_each(|item| look(self, item));
                ("ADD", self.bounds(items)?)
            }
            Change::SetItem(entries) => {
                let mut values = Vec::new();
                for (key, value) in entries {
                    look(self, value);
                    values.push(self.bound(key)?);
                    values.push(self.bound(value)?);
                }
                ("SETITEM", values)
            }
            Change::Build(state) => {
                look(self, state);
                ("BUILD", vec![self.bound(state)?])
            }
            Change::Raw(bytes, offset) => {
                let offset = offset.into_pyobject(py)?.into_any();
                ("RAW", vec![offset, pyo3::types::PyBytes::new(py, bytes).into_any()])
            }
            Change::Nested(value) => ("NESTED", vec![self.bound(value)?]),
            _ => return Ok(()),
        };
        self.made.facts[owner].depth = deepest;
        let values = self.tuple(values.into_iter().map(Ok))?;
        // SAFETY: a live object.
        let record = unsafe { Bound::from_borrowed_ptr(py, self.object(owner)?) };
        let record = record.cast_into::<Record>()?;
        let changes = Record::changes_list(&record)?.cast_into::<PyList>()?;
        // Neighbours of one kind are one change.
        if let Some(last) = changes.len().checked_sub(1)
            && !matches!(name, "BUILD" | "RAW" | "NESTED")
        {
            let before = changes.get_item(last)?;
            if before.get_item(0)?.eq(name)? {
                let joined = before.get_item(1)?.add(values)?;
                return changes.set_item(last, (PyString::intern(py, name), joined));
            }
        }
        changes.append((PyString::intern(py, name), values))
    }

    /// Changes of a known container, or of a real object.
    fn object_change(&mut self, owner: usize, change: Change<'_>) -> PyResult<()> {
        let py = self.py;
        // SAFETY: a live object.
        let object = unsafe { Bound::from_borrowed_ptr(py, self.object(owner)?) };
        let result = match change {
            Change::Append(items) => {
                let items = PyList::new(py, self.bounds(items)?)?;
                crate::real::append(&object, &items)
            }
            Change::Add(items) => {
                for item in items {
                    let item = self.key(item)?;
                    // SAFETY: a new reference.
                    crate::real::add(&object, unsafe { raw::owned(py, item)? })?;
                }
                Ok(())
            }
            Change::SetItem(entries) => {
                for (key, value) in entries {
                    let key = self.key(key)?;
                    // SAFETY: a new reference.
                    let (key, value) = (unsafe { raw::owned(py, key)? }, self.bound(value)?);
                    object.set_item(key, value).map_err(|error| self.unhashable(error))?;
                }
                Ok(())
            }
            Change::Build(state) => {
                let state = self.bound(state)?;
                match &self.wanted.real {
                    Some(_) => crate::real::build(&object, state),
                    None => known::attributes(&object, &state),
                }
            }
            Change::Raw(..) | Change::Nested(_) => {
                Err(errors::unpickling("arrays of joblib are read as Records only".into()))
            }
            _ => Ok(()),
        };
        result.map_err(|error| self.unhashable(error))
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
