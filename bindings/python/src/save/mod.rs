//! Any value as a pickle, with the bytes that `_pickle.c` of CPython writes. With a stack of its own: values nest at will.

mod atoms;
mod global;
mod out;
mod record;
mod reduce;

use crate::raw::{self, Raw};
use crate::record::{Buffer, Extension, Global, Record};
use out::{Memo, Out};
use pyo3::exceptions::{PyRecursionError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use std::cell::RefCell;

/// Items that one opcode takes at most.
const BATCH: usize = 1000;
/// Work that is still to be done: deeper values, or objects that reduce themselves to ever new ones, are refused.
const DEEPEST: usize = 500_000;

/// Opcodes that stand alone.
mod op {
    pub const MARK: u8 = b'(';
    pub const STOP: u8 = b'.';
    pub const POP: u8 = b'0';
    pub const POP_MARK: u8 = b'1';
    pub const REDUCE: u8 = b'R';
    pub const BUILD: u8 = b'b';
    pub const APPEND: u8 = b'a';
    pub const APPENDS: u8 = b'e';
    pub const SETITEM: u8 = b's';
    pub const SETITEMS: u8 = b'u';
    pub const ADDITEMS: u8 = 0x90;
    pub const TUPLE: u8 = b't';
    pub const TUPLE2: u8 = 0x86;
    pub const NEWOBJ: u8 = 0x81;
    pub const NEWOBJ_EX: u8 = 0x92;
    pub const STACK_GLOBAL: u8 = 0x93;
    pub const FROZENSET: u8 = 0x91;
    pub const BINPERSID: u8 = b'Q';
    pub const OBJ: u8 = b'o';
}

/// What is still to be done.
enum Task<'py> {
    Save(Bound<'py, PyAny>),
    /// What a persistent id is: it is asked for no id of its own.
    SaveId(Bound<'py, PyAny>),
    Op(u8),
    Memo(Bound<'py, PyAny>),
    /// After the items of a tuple.
    Tuple(Bound<'py, PyAny>, usize),
    FrozenSet(Bound<'py, PyAny>),
    /// An exact list: the next item, and items of this batch.
    List(Bound<'py, PyAny>, usize, usize),
    /// An exact dict: position, entries of this batch, a value whose key is written, and the size at first.
    Dict(Bound<'py, PyAny>, Py_ssize_t, usize, Option<Bound<'py, PyAny>>, usize),
    /// Items of a set: they, the next, and items of this batch.
    Set(Bound<'py, PyAny>, Vec<Bound<'py, PyAny>>, usize, usize),
    /// Items of an iterator: the next one, and items of this batch.
    Iter(Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, usize, Items),
    /// After what made an object: its number or, where it has one by now, that. More may follow: a task of its own.
    Made(Bound<'py, PyAny>, bool),
    /// After [`Task::Made`]: list items, dict items, state and the function that sets it.
    Parts(Bound<'py, PyAny>, reduce::Parts<'py>),
    /// Changes of a Record from one on.
    Changes(Bound<'py, PyAny>, usize),
}

/// What an iterator gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Items {
    Values,
    Pairs,
}

/// Options for writing.
pub struct Hooks<'py> {
    pub persistent_id: Option<Bound<'py, PyAny>>,
    pub reducer_override: Option<Bound<'py, PyAny>>,
    pub dispatch_table: Option<Bound<'py, PyAny>>,
    pub buffer_callback: Option<Bound<'py, PyAny>>,
}

pub struct Save<'a, 'py> {
    py: Python<'py>,
    out: Out<'py>,
    memo: &'a mut Memo,
    protocol: u8,
    fast: bool,
    fix_imports: bool,
    hooks: Hooks<'py>,
    tasks: Vec<Task<'py>>,
}

/// Built-in types by address.
#[inline(always)]
fn is(kind: *mut ffi::PyTypeObject, of: *mut ffi::PyTypeObject) -> bool {
    std::ptr::eq(kind, of)
}

impl<'py> Save<'_, 'py> {
    fn run(&mut self, root: &Bound<'py, PyAny>) -> PyResult<()> {
        if self.protocol >= 2 {
            self.out.put(&[0x80, self.protocol]);
            if self.protocol >= 4 {
                self.out.begin_framing();
            }
        }
        self.save(root.clone())?;
        while let Some(task) = self.tasks.pop() {
            if self.tasks.len() > DEEPEST {
                return Err(PyRecursionError::new_err("maximum recursion depth exceeded while pickling an object"));
            }
            self.task(task)?;
        }
        self.out.byte(op::STOP);
        self.out.close_frame();
        self.out.flush()
    }

    fn task(&mut self, task: Task<'py>) -> PyResult<()> {
        match task {
            Task::Save(object) => self.save(object),
            Task::SaveId(object) => {
                self.out.boundary()?;
                if self.atom(object.as_ptr())? { Ok(()) } else { self.compound(object) }
            }
            Task::Op(op) => {
                self.out.byte(op);
                Ok(())
            }
            Task::Memo(object) => self.memo_put(object.as_ptr()),
            Task::Tuple(tuple, len) => self.end_tuple(tuple, len),
            Task::FrozenSet(set) => {
                if let Some(number) = self.memo.get(set.as_ptr()) {
                    self.out.byte(op::POP_MARK);
                    self.memo_get(number);
                    return Ok(());
                }
                self.out.byte(op::FROZENSET);
                self.memo_put(set.as_ptr())
            }
            Task::List(list, at, batch) => self.list_items(list, at, batch),
            Task::Dict(dict, at, batch, value, size) => self.dict_items(dict, at, batch, value, size),
            Task::Set(set, items, at, batch) => self.set_items(set, items, at, batch),
            Task::Iter(iterator, next, batch, items) => self.iterator_items(iterator, next, batch, items),
            Task::Made(object, more) => {
                if let Some(number) = self.memo.get(object.as_ptr()) {
                    // It holds itself, and was written inside.
                    self.out.byte(op::POP);
                    self.memo_get(number);
                    // What would follow was done there.
                    if more {
                        self.tasks.pop();
                    }
                    return Ok(());
                }
                self.memo_put(object.as_ptr())
            }
            Task::Parts(object, parts) => self.parts(object, parts),
            Task::Changes(record, at) => self.changes(record, at),
        }
    }

    fn push(&mut self, task: Task<'py>) {
        self.tasks.push(task);
    }

    fn later(&mut self, object: &Bound<'py, PyAny>) {
        self.tasks.push(Task::Save(object.clone()));
    }

    fn memo_put(&mut self, object: Raw) -> PyResult<()> {
        if self.fast {
            return Ok(());
        }
        let number = self.memo.len() as u32;
        // SAFETY: the caller holds the object.
        unsafe { self.memo.insert(object, number) };
        if self.protocol >= 4 {
            self.out.byte(0x94);
        } else if self.protocol == 0 {
            self.out.put(format!("p{number}\n").as_bytes());
        } else if number < 256 {
            self.out.put(&[b'q', number as u8]);
        } else {
            let [a, b, c, d] = number.to_le_bytes();
            self.out.put(&[b'r', a, b, c, d]);
        }
        Ok(())
    }

    fn memo_get(&mut self, number: u32) {
        if self.protocol == 0 {
            self.out.put(format!("g{number}\n").as_bytes());
        } else if number < 256 {
            self.out.put(&[b'h', number as u8]);
        } else {
            let [a, b, c, d] = number.to_le_bytes();
            self.out.put(&[b'j', a, b, c, d]);
        }
    }

    /// Writes an object, or the beginning of it; the rest becomes tasks.
    fn save(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        self.out.boundary()?;
        if self.hooks.persistent_id.is_some() && self.persistent(&object)? {
            return Ok(());
        }
        if self.atom(object.as_ptr())? { Ok(()) } else { self.compound(object) }
    }

    fn persistent(&mut self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        let Some(hook) = &self.hooks.persistent_id else { return Ok(false) };
        let id = hook.call1((object,))?;
        if id.is_none() {
            return Ok(false);
        }
        if self.protocol == 0 {
            let text = id.str()?;
            let text = text.to_string_lossy();
            let text = Some(text).filter(|text| text.is_ascii());
            let Some(text) = text else {
                return Err(crate::errors::pickling("persistent IDs in protocol 0 must be ASCII strings".into()));
            };
            self.out.put(format!("P{text}\n").as_bytes());
        } else {
            self.push(Task::Op(op::BINPERSID));
            self.push(Task::SaveId(id));
        }
        Ok(true)
    }

    /// An item of a container: written at once where that needs no task. True if done.
    #[inline]
    fn quick(&mut self, object: Raw) -> PyResult<bool> {
        self.out.boundary()?;
        if self.hooks.persistent_id.is_some() {
            return Ok(false);
        }
        self.atom(object)
    }

    /// Begins what is no atom.
    fn compound(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        // SAFETY: a live object.
        let kind = unsafe { ffi::Py_TYPE(object.as_ptr()) };
        if is(kind, &raw mut ffi::PyDict_Type) {
            return self.dict(object);
        }
        if is(kind, &raw mut ffi::PyList_Type) {
            return self.list(object);
        }
        if is(kind, &raw mut ffi::PyTuple_Type) {
            return self.tuple(object);
        }
        if is(kind, &raw mut ffi::PySet_Type) {
            return self.set(object);
        }
        if is(kind, &raw mut ffi::PyFrozenSet_Type) {
            return self.frozen_set(object);
        }
        if is(kind, &raw mut ffi::PyByteArray_Type) {
            return self.byte_array(object);
        }
        if object.is_exact_instance_of::<Record>() {
            return self.record(object);
        }
        if let Ok(global) = object.cast_exact::<Global>() {
            return self.named(&global.clone());
        }
        if let Ok(extension) = object.cast_exact::<Extension>() {
            let code = extension.get().code;
            return self.extension(code);
        }
        if let Ok(buffer) = object.cast_exact::<Buffer>() {
            if self.protocol < 5 {
                return Err(crate::errors::bad_value(self.py, "a Buffer needs protocol 5"));
            }
            self.out.byte(0x97);
            if buffer.get().read_only {
                self.out.byte(0x98);
            }
            return Ok(());
        }
        if self.is_pickle_buffer(&object)? {
            return self.pickle_buffer(object);
        }
        if self.is_str8(&object)? {
            return self.str8(&object);
        }
        self.other(object)
    }

    fn tuple(&mut self, tuple: Bound<'py, PyAny>) -> PyResult<()> {
        // SAFETY: an exact tuple.
        let len = unsafe { ffi::PyTuple_Size(tuple.as_ptr()) } as usize;
        if len == 0 {
            self.out.put(if self.protocol > 0 { b")" } else { b"(t" });
            return Ok(());
        }
        if len > 3 || self.protocol < 2 {
            self.out.byte(op::MARK);
        }
        // Where all items are atoms, no task is needed.
        let mut done = 0;
        while done < len {
            // SAFETY: an item of the tuple, which holds it.
            let item = unsafe { ffi::PyTuple_GetItem(tuple.as_ptr(), done as Py_ssize_t) };
            if !self.quick(item)? {
                break;
            }
            done += 1;
        }
        if done == len {
            return self.end_tuple(tuple, len);
        }
        self.push(Task::Tuple(tuple.clone(), len));
        for index in (done..len).rev() {
            // SAFETY: an item of the tuple.
            let item =
                unsafe { Bound::from_borrowed_ptr(self.py, ffi::PyTuple_GetItem(tuple.as_ptr(), index as Py_ssize_t)) };
            self.push(Task::Save(item));
        }
        Ok(())
    }

    fn end_tuple(&mut self, tuple: Bound<'py, PyAny>, len: usize) -> PyResult<()> {
        let short = len <= 3 && self.protocol >= 2;
        if let Some(number) = self.memo.get(tuple.as_ptr()) {
            // It holds itself, and was written inside.
            if short {
                for _ in 0..len {
                    self.out.byte(op::POP);
                }
            } else if self.protocol > 0 {
                self.out.byte(op::POP_MARK);
            } else {
                for _ in 0..=len {
                    self.out.byte(op::POP);
                }
            }
            self.memo_get(number);
            return Ok(());
        }
        self.out.byte(if short { 0x84 + len as u8 } else { op::TUPLE });
        self.memo_put(tuple.as_ptr())
    }

    fn list(&mut self, list: Bound<'py, PyAny>) -> PyResult<()> {
        self.out.put(if self.protocol > 0 { b"]" } else { b"(l" });
        self.memo_put(list.as_ptr())?;
        // SAFETY: an exact list.
        let len = unsafe { ffi::PyList_Size(list.as_ptr()) };
        if len == 0 {
            return Ok(());
        }
        if self.protocol == 0 {
            let iterator = list.try_iter()?.into_any();
            return self.iterator_items(iterator, None, 0, Items::Values);
        }
        if len == 1 {
            self.push(Task::Op(op::APPEND));
            // SAFETY: an item of the list.
            let item = unsafe { Bound::from_borrowed_ptr_or_err(self.py, ffi::PyList_GetItem(list.as_ptr(), 0))? };
            self.push(Task::Save(item));
            return Ok(());
        }
        self.list_items(list, 0, 0)
    }

    fn list_items(&mut self, list: Bound<'py, PyAny>, mut at: usize, mut batch: usize) -> PyResult<()> {
        loop {
            if batch == 0 {
                self.out.byte(op::MARK);
            }
            // SAFETY: an exact list; its length is looked at again after every item.
            while batch < BATCH && at < unsafe { ffi::PyList_Size(list.as_ptr()) } as usize {
                // SAFETY: an item of the list.
                let item = unsafe { ffi::PyList_GetItem(list.as_ptr(), at as Py_ssize_t) };
                at += 1;
                batch += 1;
                if !self.quick(item)? {
                    // SAFETY: the same.
                    let item = unsafe { Bound::from_borrowed_ptr(self.py, item) };
                    self.push(Task::List(list, at, batch));
                    self.push(Task::Save(item));
                    return Ok(());
                }
            }
            self.out.byte(op::APPENDS);
            // SAFETY: an exact list.
            if at >= unsafe { ffi::PyList_Size(list.as_ptr()) } as usize {
                return Ok(());
            }
            batch = 0;
        }
    }

    fn dict(&mut self, dict: Bound<'py, PyAny>) -> PyResult<()> {
        self.out.put(if self.protocol > 0 { b"}" } else { b"(d" });
        self.memo_put(dict.as_ptr())?;
        // SAFETY: an exact dict.
        let len = unsafe { ffi::PyDict_Size(dict.as_ptr()) };
        if len == 0 {
            return Ok(());
        }
        if self.protocol == 0 {
            let iterator = dict.call_method0("items")?.try_iter()?.into_any();
            return self.iterator_items(iterator, None, 0, Items::Pairs);
        }
        if len == 1 {
            let (mut at, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
            // SAFETY: an exact dict.
            unsafe {
                ffi::PyDict_Next(dict.as_ptr(), &mut at, &mut key, &mut value);
                self.push(Task::Op(op::SETITEM));
                self.push(Task::Save(Bound::from_borrowed_ptr(self.py, value)));
                self.push(Task::Save(Bound::from_borrowed_ptr(self.py, key)));
            }
            return Ok(());
        }
        self.out.byte(op::MARK);
        self.dict_items(dict, 0, 0, None, len as usize)
    }

    fn dict_items(
        &mut self,
        dict: Bound<'py, PyAny>,
        mut at: Py_ssize_t,
        mut batch: usize,
        pending: Option<Bound<'py, PyAny>>,
        size: usize,
    ) -> PyResult<()> {
        if let Some(value) = pending
            && !self.quick(value.as_ptr())?
        {
            self.push(Task::Dict(dict, at, batch, None, size));
            self.push(Task::Save(value));
            return Ok(());
        }
        loop {
            let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
            // SAFETY: an exact dict; key and value are its own.
            while batch < BATCH && unsafe { ffi::PyDict_Next(dict.as_ptr(), &mut at, &mut key, &mut value) } != 0 {
                batch += 1;
                // SAFETY: live objects.
                unsafe {
                    if !self.quick(key)? {
                        let (key, value) =
                            (Bound::from_borrowed_ptr(self.py, key), Bound::from_borrowed_ptr(self.py, value));
                        self.push(Task::Dict(dict, at, batch, Some(value), size));
                        self.push(Task::Save(key));
                        return Ok(());
                    }
                    if !self.quick(value)? {
                        let value = Bound::from_borrowed_ptr(self.py, value);
                        self.push(Task::Dict(dict, at, batch, None, size));
                        self.push(Task::Save(value));
                        return Ok(());
                    }
                }
            }
            self.out.byte(op::SETITEMS);
            // SAFETY: an exact dict.
            if unsafe { ffi::PyDict_Size(dict.as_ptr()) } as usize != size {
                return Err(PyRuntimeError::new_err("dictionary changed size during iteration"));
            }
            if batch < BATCH {
                return Ok(());
            }
            batch = 0;
            self.out.byte(op::MARK);
        }
    }

    fn set(&mut self, set: Bound<'py, PyAny>) -> PyResult<()> {
        if self.protocol < 4 {
            let items = self.py.get_type::<pyo3::types::PyList>().call1((&set,))?;
            return self.call(self.py.get_type::<pyo3::types::PySet>().into_any(), (items,), set);
        }
        self.out.byte(0x8f);
        self.memo_put(set.as_ptr())?;
        let items = set.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        if items.is_empty() {
            return Ok(());
        }
        self.out.byte(op::MARK);
        self.set_items(set, items, 0, 0)
    }

    fn set_items(
        &mut self,
        set: Bound<'py, PyAny>,
        items: Vec<Bound<'py, PyAny>>,
        mut at: usize,
        mut batch: usize,
    ) -> PyResult<()> {
        loop {
            while batch < BATCH
                && let Some(item) = items.get(at)
            {
                at += 1;
                batch += 1;
                if !self.quick(item.as_ptr())? {
                    let item = item.clone();
                    self.push(Task::Set(set, items, at, batch));
                    self.push(Task::Save(item));
                    return Ok(());
                }
            }
            self.out.byte(op::ADDITEMS);
            if set.len()? != items.len() {
                return Err(PyRuntimeError::new_err("set changed size during iteration"));
            }
            if batch < BATCH {
                return Ok(());
            }
            batch = 0;
            self.out.byte(op::MARK);
        }
    }

    fn frozen_set(&mut self, set: Bound<'py, PyAny>) -> PyResult<()> {
        if self.protocol < 4 {
            let items = self.py.get_type::<pyo3::types::PyList>().call1((&set,))?;
            return self.call(self.py.get_type::<pyo3::types::PyFrozenSet>().into_any(), (items,), set);
        }
        self.out.byte(op::MARK);
        let items = set.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        self.push(Task::FrozenSet(set));
        for item in items.into_iter().rev() {
            self.push(Task::Save(item));
        }
        Ok(())
    }

    /// As `batch_list` and `batch_dict`: one item is APPEND or SETITEM, more are batches.
    fn iterator_items(
        &mut self,
        iterator: Bound<'py, PyAny>,
        next: Option<Bound<'py, PyAny>>,
        batch: usize,
        items: Items,
    ) -> PyResult<()> {
        let (one, many) = match items {
            Items::Values => (op::APPEND, op::APPENDS),
            Items::Pairs => (op::SETITEM, op::SETITEMS),
        };
        let advance = |iterator: &Bound<'py, PyAny>| -> PyResult<Option<Bound<'py, PyAny>>> {
            // SAFETY: an iterator.
            let next = unsafe { ffi::PyIter_Next(iterator.as_ptr()) };
            if !next.is_null() {
                // SAFETY: a new reference.
                return Ok(Some(unsafe { raw::owned(iterator.py(), next)? }));
            }
            match PyErr::take(iterator.py()) {
                Some(error) => Err(error),
                None => Ok(None),
            }
        };
        if self.protocol == 0 {
            if let Some(item) = advance(&iterator)? {
                self.push(Task::Iter(iterator, None, 0, items));
                self.push(Task::Op(one));
                return self.save_item(item, items);
            }
            return Ok(());
        }
        if batch == 0 {
            let Some(first) = advance(&iterator)? else { return Ok(()) };
            let Some(second) = advance(&iterator)? else {
                self.push(Task::Op(one));
                return self.save_item(first, items);
            };
            self.out.byte(op::MARK);
            self.push(Task::Iter(iterator, Some(second), 1, items));
            return self.save_item(first, items);
        }
        match next {
            Some(item) if batch < BATCH => {
                // The one after it is asked for when this one is written.
                self.push(Task::Iter(iterator, None, batch + 1, items));
                self.save_item(item, items)
            }
            _ if batch == BATCH => {
                self.out.byte(many);
                self.iterator_items(iterator, None, 0, items)
            }
            _ => match advance(&iterator)? {
                Some(item) => {
                    self.push(Task::Iter(iterator, None, batch + 1, items));
                    self.save_item(item, items)
                }
                None => {
                    self.out.byte(many);
                    Ok(())
                }
            },
        }
    }

    fn save_item(&mut self, item: Bound<'py, PyAny>, items: Items) -> PyResult<()> {
        if items == Items::Values {
            self.later(&item);
            return Ok(());
        }
        match item.cast_into::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => {
                self.later(&pair.get_item(1)?);
                self.later(&pair.get_item(0)?);
                Ok(())
            }
            _ => Err(PyTypeError::new_err("dict items iterator must return 2-tuples")),
        }
    }
}

/// Writes pickles; those of one Writer share a memo until it is cleared.
#[pyclass(module = "libpickle", name = "_Writer")]
pub struct Writer {
    memo: Memo,
    #[pyo3(get)]
    protocol: u8,
    fix_imports: bool,
}

fn protocol_of(protocol: Option<i64>) -> PyResult<u8> {
    match protocol {
        None => Ok(4),
        Some(protocol) if protocol < 0 => Ok(5),
        Some(protocol) if protocol <= 5 => Ok(protocol as u8),
        Some(protocol) => Err(PyValueError::new_err(format!("pickle protocols are 0 to 5, not {protocol}"))),
    }
}

#[pymethods]
impl Writer {
    #[new]
    #[pyo3(signature = (protocol, fix_imports=true))]
    fn new(protocol: i64, fix_imports: bool) -> PyResult<Self> {
        Ok(Writer { memo: Memo::default(), protocol: protocol_of(Some(protocol))?, fix_imports })
    }

    /// Writes an object to what `write` is given, or returns the bytes.
    #[pyo3(signature = (object, write=None, *, fast=false, persistent_id=None, reducer_override=None, dispatch_table=None, buffer_callback=None))]
    #[allow(clippy::too_many_arguments)]
    fn dump<'py>(
        &mut self,
        object: &Bound<'py, PyAny>,
        write: Option<Bound<'py, PyAny>>,
        fast: bool,
        persistent_id: Option<Bound<'py, PyAny>>,
        reducer_override: Option<Bound<'py, PyAny>>,
        dispatch_table: Option<Bound<'py, PyAny>>,
        buffer_callback: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let py = object.py();
        let hooks = Hooks { persistent_id, reducer_override, dispatch_table, buffer_callback };
        let to_file = write.is_some();
        let mut save = Save {
            py,
            out: Out::new(py, Vec::new(), write),
            memo: &mut self.memo,
            protocol: self.protocol,
            fast,
            fix_imports: self.fix_imports,
            hooks,
            tasks: Vec::new(),
        };
        save.run(object)?;
        Ok(if to_file { None } else { Some(PyBytes::new(py, &save.out.bytes)) })
    }

    fn clear_memo(&mut self) {
        self.memo.clear();
    }

    #[getter]
    fn memo<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.memo.to_dict(py)
    }

    #[setter]
    fn set_memo(&mut self, memo: &Bound<'_, PyDict>) -> PyResult<()> {
        self.memo = Memo::from_dict(memo)?;
        Ok(())
    }

    fn __traverse__(&self, visit: pyo3::gc::PyVisit<'_>) -> Result<(), pyo3::gc::PyTraverseError> {
        for object in self.memo.objects() {
            // SAFETY: a live object, borrowed for the visit: `Py` is a pointer that is not null.
            let object = unsafe { std::mem::transmute::<Raw, std::mem::ManuallyDrop<Py<PyAny>>>(object) };
            visit.call(&*object)?;
        }
        Ok(())
    }

    fn __clear__(&mut self) {
        self.memo.clear();
    }
}

/// Memory of up to so many bytes is kept for the next pickle.
const KEPT: usize = 1 << 20;

thread_local! {
    static SPARE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes any value that can be pickled, and Records as the objects that they stand for.
#[pyfunction]
#[pyo3(signature = (obj, protocol=None, *, fix_imports=true, buffer_callback=None))]
pub fn dumps<'py>(
    obj: &Bound<'py, PyAny>,
    protocol: Option<i64>,
    fix_imports: bool,
    buffer_callback: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = obj.py();
    let protocol = match protocol {
        None => default_protocol(py)?,
        given => protocol_of(given)?,
    };
    let buffer_callback = buffer_callback.filter(|callback| !callback.is_none());
    if buffer_callback.is_some() && protocol < 5 {
        return Err(PyValueError::new_err("buffer_callback needs protocol >= 5"));
    }
    let mut memo = Memo::default();
    let mut bytes = SPARE.with(|spare| std::mem::take(&mut *spare.borrow_mut()));
    bytes.clear();
    let hooks = Hooks { persistent_id: None, reducer_override: None, dispatch_table: None, buffer_callback };
    let mut save = Save {
        py,
        out: Out::new(py, bytes, None),
        memo: &mut memo,
        protocol,
        fast: false,
        fix_imports,
        hooks,
        tasks: Vec::new(),
    };
    save.run(obj)?;
    let bytes = std::mem::take(&mut save.out.bytes);
    let result = PyBytes::new(py, &bytes);
    if bytes.capacity() <= KEPT {
        SPARE.with(|spare| spare.replace(bytes));
    }
    Ok(result)
}

fn default_protocol(py: Python<'_>) -> PyResult<u8> {
    static DEFAULT: pyo3::sync::PyOnceLock<u8> = pyo3::sync::PyOnceLock::new();
    DEFAULT
        .get_or_try_init(py, || -> PyResult<u8> { py.import("pickle")?.getattr("DEFAULT_PROTOCOL")?.extract() })
        .copied()
}

/// A class that the interpreter has somewhere.
macro_rules! class {
    ($py:expr, $module:literal, $name:literal) => {{
        static CLASS: pyo3::sync::PyOnceLock<Py<pyo3::types::PyType>> = pyo3::sync::PyOnceLock::new();
        CLASS.import($py, $module, $name)
    }};
}
use class;
