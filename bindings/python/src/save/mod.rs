//! Any value as a pickle, with the bytes that `_pickle.c` of CPython writes. With a stack of its own: values nest at will.

mod atoms;
mod containers;
mod global;
mod out;
mod record;
mod reduce;
mod writer;

pub use writer::{Writer, dumps};

use crate::raw::Raw;
use crate::record::{Buffer, Extension, Global, Record};
use out::{Memo, Out};
use pyo3::exceptions::PyRecursionError;
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;

/// Items that one opcode takes at most.
const BATCH: usize = 1000;
/// Work that is still to be done: deeper values, or objects that reduce themselves to ever new ones, are refused.
const DEEPEST: usize = 500_000;

/// Containers in containers that are written by recursion; deeper ones become tasks.
const NESTED: u32 = 64;

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
    /// The line of GLOBAL: for messages the object, its module, its name.
    Line(Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>),
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
    /// How deep the recursion is.
    nested: u32,
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
        while !self.tasks.is_empty() {
            self.next_task()?;
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
            Task::Line(object, module, name) => self.top_level(&object, module, name),
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
            self.out.array([b'h', number as u8]);
        } else {
            let [a, b, c, d] = number.to_le_bytes();
            self.out.array([b'j', a, b, c, d]);
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
        if self.atom(object)? {
            return Ok(true);
        }
        self.container(object)
    }

    /// An atom that is an item of a container. True if done: nothing has run that could change the container.
    #[inline]
    fn quick_atom(&mut self, object: Raw) -> PyResult<bool> {
        if self.hooks.persistent_id.is_some() {
            return Ok(false);
        }
        self.atom(object)
    }

    /// A built-in container, while it is not too deep: by recursion, which costs less than tasks.
    fn container(&mut self, object: Raw) -> PyResult<bool> {
        // SAFETY: a live object.
        let kind = unsafe { ffi::Py_TYPE(object) };
        let is_container = is(kind, &raw mut ffi::PyDict_Type)
            || is(kind, &raw mut ffi::PyList_Type)
            || is(kind, &raw mut ffi::PyTuple_Type);
        if !is_container || self.nested == NESTED || self.hooks.persistent_id.is_some() {
            return Ok(false);
        }
        // SAFETY: a live object.
        let object = unsafe { Bound::from_borrowed_ptr(self.py, object) };
        let floor = self.tasks.len();
        self.nested += 1;
        if is(kind, &raw mut ffi::PyDict_Type) {
            self.dict(object)?;
        } else if is(kind, &raw mut ffi::PyList_Type) {
            self.list(object)?;
        } else {
            self.tuple(object)?;
        }
        while self.tasks.len() > floor {
            self.next_task()?;
        }
        self.nested -= 1;
        Ok(true)
    }

    fn next_task(&mut self) -> PyResult<()> {
        if self.tasks.len() > DEEPEST {
            return Err(PyRecursionError::new_err("maximum recursion depth exceeded while pickling an object"));
        }
        match self.tasks.pop() {
            Some(task) => self.task(task),
            None => Ok(()),
        }
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
}

/// A class that the interpreter has somewhere.
macro_rules! class {
    ($py:expr, $module:literal, $name:literal) => {{
        static CLASS: pyo3::sync::PyOnceLock<Py<pyo3::types::PyType>> = pyo3::sync::PyOnceLock::new();
        CLASS.import($py, $module, $name)
    }};
}
use class;
