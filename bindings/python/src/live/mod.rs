//! Real objects straight from the opcodes, without a document between, where a policy allows what the pickle names.
//!
//! Code of others runs while they are made: nothing can be given up half way. So the pickle is walked twice: [`look`] sees
//! whether it has only what is taken here, and only then [`read`] begins. Everything else is read by way of the document.

mod class;
mod look;
mod views;

use crate::errors;
use crate::opcodes::Input;
use crate::raw::{self, Raw, again};
use crate::real::{self, Real};
use crate::strings;
use class::{Class, Names};
pub use look::{Look, look};
use pickle_core::{How, Opcode};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use std::collections::HashMap;
use views::Views;

/// A value on the stack: a reference of ours.
#[derive(Clone, Copy)]
struct Entry {
    object: Raw,
    /// Of a tuple: how many values its hash looks at.
    weight: u32,
    /// Its memo entry, if that is fetched again.
    kept: Option<u32>,
    /// Nothing else has seen it, and it is as `object.__new__` or `{}` has made it.
    fresh: bool,
}

struct Live<'a, 'py> {
    py: Python<'py>,
    look: &'a Look,
    real: &'a Real<'py>,
    stack: Vec<Entry>,
    /// Owned references, or null for entries that are never fetched.
    memo: Vec<(Raw, u32)>,
    /// Where the items of enclosing marks begin.
    marks: Vec<usize>,
    base: usize,
    classes: HashMap<usize, Class, foldhash::fast::RandomState>,
    names: Names,
    views: Option<Views<'py>>,
    work: u64,
}

/// Reads the pickle that was looked at. With `views`, which the input is of, arrays of numpy may lie in that.
pub fn read<'py>(
    py: Python<'py>,
    input: &[u8],
    look: &Look,
    real: &Real<'py>,
    views: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut live = Live {
        py,
        look,
        real,
        stack: Vec::with_capacity(look.stack.min(1 << 16)),
        memo: Vec::new(),
        marks: Vec::new(),
        base: 0,
        classes: HashMap::default(),
        names: Names::new(),
        views: views.map(Views::new),
        work: 100_000 + 16 * input.len() as u64,
    };
    live.run(&mut Input::new(input))
}

impl Drop for Live<'_, '_> {
    fn drop(&mut self) {
        let memo = std::mem::take(&mut self.memo).into_iter().map(|(object, _)| object);
        for object in std::mem::take(&mut self.stack).into_iter().map(|entry| entry.object).chain(memo) {
            // SAFETY: references of ours, or null.
            unsafe { ffi::Py_XDECREF(object) };
        }
    }
}

impl<'py> Live<'_, 'py> {
    /// What cannot happen: the first walk has seen that it does not.
    #[cold]
    fn lost(&self) -> PyErr {
        errors::bad_value(self.py, "the pickle is not what it was when it was looked at")
    }

    fn run(&mut self, input: &mut Input<'_>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        macro_rules! read {
            ($read:expr) => {
                $read.map_err(|_| self.lost())?
            };
        }
        loop {
            // SAFETY: every call makes a new reference.
            unsafe {
                match read!(input.opcode()) {
                    Opcode::ShortBinUnicode => {
                        let len = read!(input.byte());
                        self.text(read!(input.take(len.into())))?;
                    }
                    Opcode::Memoize => self.put()?,
                    Opcode::BinPut => {
                        read!(input.byte());
                        self.put()?;
                    }
                    Opcode::LongBinPut => {
                        read!(input.four());
                        self.put()?;
                    }
                    Opcode::BinGet => self.get(read!(input.byte()).into())?,
                    Opcode::LongBinGet => self.get(read!(input.four()) as usize)?,
                    Opcode::BinFloat => {
                        let float = f64::from_be_bytes(read!(input.array()));
                        self.push(ffi::PyFloat_FromDouble(float))?;
                    }
                    Opcode::BinInt1 => self.push(ffi::PyLong_FromLong(read!(input.byte()).into()))?,
                    Opcode::BinInt2 => {
                        self.push(ffi::PyLong_FromLong(u16::from_le_bytes(read!(input.array())).into()))?;
                    }
                    Opcode::BinInt => {
                        self.push(ffi::PyLong_FromLong(i32::from_le_bytes(read!(input.array())).into()))?;
                    }
                    Opcode::Long1 => {
                        let len = read!(input.byte());
                        self.long(read!(input.take(len.into())))?;
                    }
                    Opcode::Mark => {
                        self.marks.push(self.base);
                        self.base = self.stack.len();
                    }
                    Opcode::None => self.push(again(ffi::Py_None()))?,
                    Opcode::NewTrue => self.push(again(ffi::Py_True()))?,
                    Opcode::NewFalse => self.push(again(ffi::Py_False()))?,
                    Opcode::BinUnicode => {
                        let len = read!(input.four());
                        self.text(read!(input.take(len as usize)))?;
                    }
                    Opcode::BinUnicode8 => {
                        let len = read!(input.eight());
                        self.text(read!(input.take(len)))?;
                    }
                    Opcode::ShortBinBytes => {
                        let len = read!(input.byte());
                        self.bytes(input, len.into())?;
                    }
                    Opcode::BinBytes => {
                        let len = read!(input.four());
                        self.bytes(input, len as usize)?;
                    }
                    Opcode::BinBytes8 => {
                        let len = read!(input.eight());
                        self.bytes(input, len)?;
                    }
                    Opcode::ByteArray8 => {
                        let len = read!(input.eight());
                        if !self.view(input, len)? {
                            let bytes = read!(input.take(len));
                            let (data, size) = (bytes.as_ptr().cast(), bytes.len() as Py_ssize_t);
                            self.push(ffi::PyByteArray_FromStringAndSize(data, size))?;
                        }
                    }
                    Opcode::EmptyDict => {
                        self.push(ffi::PyDict_New())?;
                        self.top()?.fresh = true;
                    }
                    Opcode::EmptyList => self.push(ffi::PyList_New(0))?,
                    Opcode::EmptySet => self.push(ffi::PySet_New(std::ptr::null_mut()))?,
                    Opcode::EmptyTuple => self.push(ffi::PyTuple_New(0))?,
                    Opcode::Tuple1 => self.tuple(1)?,
                    Opcode::Tuple2 => self.tuple(2)?,
                    Opcode::Tuple3 => self.tuple(3)?,
                    Opcode::Tuple => {
                        let from = self.take_mark()?;
                        if from == self.stack.len() {
                            self.push(ffi::PyTuple_New(0))?;
                        } else {
                            self.tuple(self.stack.len() - from)?;
                        }
                    }
                    Opcode::Append => self.append(self.stack.len().saturating_sub(1))?,
                    Opcode::Appends => {
                        let from = self.take_mark()?;
                        self.append(from)?;
                    }
                    Opcode::SetItem => self.set_items(input, self.stack.len().saturating_sub(2))?,
                    Opcode::SetItems => {
                        let from = self.take_mark()?;
                        self.set_items(input, from)?;
                    }
                    Opcode::AddItems => {
                        let from = self.take_mark()?;
                        self.add_items(from)?;
                    }
                    Opcode::FrozenSet => {
                        let from = self.take_mark()?;
                        self.frozen_set(from)?;
                    }
                    Opcode::StackGlobal => {
                        let (name, module) = (self.pop()?, self.pop()?);
                        self.global(&module, &name)?;
                    }
                    Opcode::Global => {
                        let (module, name) = (read!(input.name()), read!(input.name()));
                        let text = |text| raw::owned(py, strings::new_text(py, text)?);
                        let (module, name) = (text(module)?, text(name)?);
                        self.global(&module, &name)?;
                    }
                    Opcode::Reduce => self.reduce()?,
                    Opcode::NewObj => self.new_object()?,
                    Opcode::NewObjEx => {
                        let (kwargs, args, class) = (self.pop()?, self.pop()?, self.pop()?);
                        let made = self.real.make(How::NewObjEx, class, Some(args), Some(kwargs))?;
                        self.push(made.into_ptr())?;
                    }
                    Opcode::Build => {
                        let state = self.pop()?;
                        self.build(state)?;
                    }
                    Opcode::Proto => {
                        read!(input.byte());
                    }
                    Opcode::Frame => read!(input.frame()),
                    Opcode::Stop => return self.pop(),
                    _ => return Err(self.lost()),
                }
            }
        }
    }

    /// A new reference, or NULL with an error set.
    #[inline(always)]
    fn push(&mut self, object: Raw) -> PyResult<()> {
        let object = raw::new(self.py, object)?;
        self.stack.push(Entry { object, weight: 0, kept: None, fresh: false });
        Ok(())
    }

    #[inline(always)]
    fn top(&mut self) -> PyResult<&mut Entry> {
        match self.stack.last_mut() {
            Some(entry) => Ok(entry),
            None => Err(errors::bad_value(self.py, "the stack is empty")),
        }
    }

    #[inline(always)]
    fn pop(&mut self) -> PyResult<Bound<'py, PyAny>> {
        let Some(entry) = self.stack.pop() else { return Err(self.lost()) };
        // SAFETY: a reference of ours.
        unsafe { raw::owned(self.py, entry.object) }
    }

    /// Where the items of the last mark begin, which is taken.
    #[inline(always)]
    fn take_mark(&mut self) -> PyResult<usize> {
        let from = self.base;
        self.base = self.marks.pop().ok_or_else(|| self.lost())?;
        Ok(from)
    }

    #[inline]
    fn text(&mut self, text: &[u8]) -> PyResult<()> {
        let items = self.stack.len() - self.base;
        // The keys of a dict, if it is what stands before the mark; or of one entry, without a mark.
        let owner =
            if items & 1 == 0 { self.base.checked_sub(1).and_then(|at| self.stack.get(at)) } else { self.stack.last() };
        // SAFETY: a live object.
        let is_key = owner.is_some_and(|owner| unsafe { ffi::PyDict_CheckExact(owner.object) != 0 });
        let text = if is_key { strings::key(self.py, text)? } else { strings::new_text(self.py, text)? };
        self.push(text)
    }

    fn bytes(&mut self, input: &mut Input<'_>, len: usize) -> PyResult<()> {
        if self.view(input, len)? {
            return Ok(());
        }
        let bytes = input.take(len).map_err(|_| self.lost())?;
        // SAFETY: data and size are those of a slice; gives a new reference.
        self.push(unsafe { ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len() as Py_ssize_t) })
    }

    /// Pushes a view of the next bytes, if they become the items of an array that may lie in the input.
    #[inline]
    fn view(&mut self, input: &mut Input<'_>, len: usize) -> PyResult<bool> {
        let Some(views) = &self.views else { return Ok(false) };
        let Some(below) = self.base.checked_sub(1).and_then(|at| self.stack.get(at)) else { return Ok(false) };
        if len == 0 || !views.takes(below.object, self.stack.len() - self.base) {
            return Ok(false);
        }
        let from = input.at();
        input.take(len).map_err(|_| self.lost())?;
        let view = views.view(from, len)?;
        self.push(view.into_ptr())?;
        Ok(true)
    }

    #[inline]
    fn long(&mut self, bytes: &[u8]) -> PyResult<()> {
        if bytes.len() > 8 {
            let kwargs = PyDict::new(self.py);
            kwargs.set_item("signed", true)?;
            let int = self.py.get_type::<pyo3::types::PyInt>();
            let bytes = pyo3::types::PyBytes::new(self.py, bytes);
            return self.push(int.call_method("from_bytes", (bytes, "little"), Some(&kwargs))?.into_ptr());
        }
        let mut word = [if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 }; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        // SAFETY: gives a new reference.
        self.push(unsafe { ffi::PyLong_FromLongLong(i64::from_le_bytes(word)) })
    }

    #[inline(always)]
    fn put(&mut self) -> PyResult<()> {
        let number = self.memo.len();
        if !self.look.is_fetched(number) {
            self.memo.push((std::ptr::null_mut(), 0));
            return Ok(());
        }
        let entry = self.top()?;
        entry.kept = Some(number as u32);
        // SAFETY: a live object.
        let noted = (unsafe { again(entry.object) }, entry.weight);
        self.memo.push(noted);
        Ok(())
    }

    #[inline(always)]
    fn get(&mut self, number: usize) -> PyResult<()> {
        let (object, weight) = self.memo.get(number).copied().ok_or_else(|| self.lost())?;
        if object.is_null() {
            return Err(self.lost());
        }
        // SAFETY: the memo holds it.
        let object = unsafe { again(object) };
        self.stack.push(Entry { object, weight, kept: Some(number as u32), fresh: false });
        Ok(())
    }

    /// A tuple of the last items.
    #[inline]
    fn tuple(&mut self, len: usize) -> PyResult<()> {
        let from = self.stack.len().checked_sub(len).ok_or_else(|| self.lost())?;
        // SAFETY: gives a new reference.
        let tuple = raw::new(self.py, unsafe { ffi::PyTuple_New(len as Py_ssize_t) })?;
        let mut weight = 1 + len as u32;
        for (position, entry) in self.stack.drain(from..).enumerate() {
            weight = weight.saturating_add(entry.weight);
            // SAFETY: a new tuple with room for it, which takes the reference over.
            unsafe { ffi::PyTuple_SetItem(tuple, position as Py_ssize_t, entry.object) };
        }
        self.stack.push(Entry { object: tuple, weight, kept: None, fresh: false });
        Ok(())
    }

    /// The value before the last items, borrowed.
    #[inline(always)]
    fn owner(&self, from: usize) -> PyResult<Entry> {
        from.checked_sub(1).and_then(|at| self.stack.get(at)).copied().ok_or_else(|| self.lost())
    }

    /// Gives back the last items.
    #[inline(always)]
    fn release(&mut self, from: usize) {
        while self.stack.len() > from {
            if let Some(entry) = self.stack.pop() {
                // SAFETY: a reference of ours.
                unsafe { raw::release(entry.object) };
            }
        }
    }

    #[inline]
    fn append(&mut self, from: usize) -> PyResult<()> {
        let Entry { object: owner, fresh, .. } = self.owner(from)?;
        // SAFETY: live objects; a list takes references of its own.
        unsafe {
            // Of a class of lists that appends as every list does.
            let class = ffi::Py_TYPE(owner);
            let as_list = || self.classes.get(&(class as usize)).is_some_and(|class| class.appends);
            if ffi::PyList_CheckExact(owner) != 0 || fresh && ffi::PyList_Check(owner) != 0 && as_list() {
                for entry in self.stack.get(from..).unwrap_or_default() {
                    raw::done(self.py, ffi::PyList_Append(owner, entry.object))?;
                }
            } else {
                let items = self.stack.get(from..).unwrap_or_default();
                let items = items.iter().map(|entry| Bound::from_borrowed_ptr(self.py, entry.object));
                let items = PyList::new(self.py, items.collect::<Vec<_>>())?;
                real::append(&Bound::from_borrowed_ptr(self.py, owner), &items)?;
            }
        }
        self.release(from);
        Ok(())
    }

    /// A value that is to be hashed must not cost more than the size of the pickle pays for.
    #[inline(always)]
    fn spend(&mut self, weight: u32) -> PyResult<()> {
        if weight == 0 {
            return Ok(());
        }
        self.work = self.work.checked_sub(weight.into()).ok_or_else(|| errors::too_much(self.py))?;
        Ok(())
    }

    #[inline]
    fn set_items(&mut self, input: &mut Input<'_>, from: usize) -> PyResult<()> {
        let owner = self.owner(from)?;
        // SAFETY: a live object.
        let exact = unsafe { ffi::PyDict_CheckExact(owner.object) != 0 };
        if exact && owner.fresh && owner.kept.is_none() && input.next_is(Opcode::Build) && self.attributes(from)? {
            // It was the state, and BUILD is done.
            return input.opcode().map(|_| ()).map_err(|_| self.lost());
        }
        if let Some(owner) = from.checked_sub(1).and_then(|at| self.stack.get_mut(at)) {
            owner.fresh = false;
        }
        for at in (from..self.stack.len()).step_by(2) {
            let (Some(key), Some(value)) = (self.stack.get(at).copied(), self.stack.get(at + 1).copied()) else {
                return Err(self.lost());
            };
            self.spend(key.weight)?;
            // SAFETY: live objects; the container takes references of its own.
            raw::done(self.py, unsafe {
                if exact {
                    ffi::PyDict_SetItem(owner.object, key.object, value.object)
                } else {
                    ffi::PyObject_SetItem(owner.object, key.object, value.object)
                }
            })?;
        }
        self.release(from);
        Ok(())
    }

    /// Attributes of a new object from the items of a dict that is its state and that has no other reference: without the dict.
    #[inline]
    fn attributes(&mut self, from: usize) -> PyResult<bool> {
        let Some(object) = from.checked_sub(2).and_then(|at| self.stack.get(at)).copied() else { return Ok(false) };
        if !object.fresh || from < self.base + 2 {
            return Ok(false);
        }
        // SAFETY: a live object.
        let class = unsafe { ffi::Py_TYPE(object.object) };
        let Some(class) = self.classes.get_mut(&(class as usize)) else { return Ok(false) };
        if !class.simple {
            return Ok(false);
        }
        let (pairs, _) = self.stack.get(from..).unwrap_or_default().as_chunks::<2>();
        let Some(names) = class.names(self.py, pairs.iter().map(|[key, _]| key.object))? else { return Ok(false) };
        for (name, [_, value]) in names.iter().zip(pairs) {
            // SAFETY: live objects; the object takes references of its own.
            raw::done(self.py, unsafe { ffi::PyObject_GenericSetAttr(object.object, *name, value.object) })?;
        }
        self.release(from - 1);
        self.top()?.fresh = false;
        Ok(true)
    }

    fn add_items(&mut self, from: usize) -> PyResult<()> {
        let owner = self.owner(from)?.object;
        for at in from..self.stack.len() {
            let Some(item) = self.stack.get(at).copied() else { return Err(self.lost()) };
            self.spend(item.weight)?;
            // SAFETY: live objects.
            let (owner, item) =
                unsafe { (Bound::from_borrowed_ptr(self.py, owner), Bound::from_borrowed_ptr(self.py, item.object)) };
            real::add(&owner, item)?;
        }
        self.release(from);
        Ok(())
    }

    fn frozen_set(&mut self, from: usize) -> PyResult<()> {
        let mut items = Vec::new();
        for at in from..self.stack.len() {
            let Some(item) = self.stack.get(at).copied() else { return Err(self.lost()) };
            self.spend(item.weight)?;
            // SAFETY: a live object.
            items.push(unsafe { Bound::from_borrowed_ptr(self.py, item.object) });
        }
        let items = PyList::new(self.py, items)?;
        // SAFETY: a list; gives a new reference or an error.
        let set = raw::new(self.py, unsafe { ffi::PyFrozenSet_New(items.as_ptr()) })?;
        self.release(from);
        self.push(set)
    }

    fn global(&mut self, module: &Bound<'py, PyAny>, name: &Bound<'py, PyAny>) -> PyResult<()> {
        // SAFETY: live objects.
        if unsafe { ffi::PyUnicode_CheckExact(module.as_ptr()) == 0 || ffi::PyUnicode_CheckExact(name.as_ptr()) == 0 } {
            return Err(errors::unpickling("STACK_GLOBAL requires str".into()));
        }
        let found = self.real.find_class(module, name)?;
        if let Some(views) = &mut self.views {
            views.found(module, name, &found)?;
        }
        self.push(found.into_ptr())
    }

    #[inline]
    fn reduce(&mut self) -> PyResult<()> {
        let args = self.pop()?;
        // SAFETY: live objects.
        unsafe {
            if ffi::PyTuple_Check(args.as_ptr()) == 0 {
                return Err(errors::failed(self.py, "ArgsNotTuple", 0, "the arguments must be a tuple"));
            }
            let callable = self.top()?.object;
            let made = raw::new(self.py, ffi::PyObject_CallObject(callable, args.as_ptr()))?;
            drop(self.pop()?);
            self.push(made)
        }
    }

    #[inline]
    fn new_object(&mut self) -> PyResult<()> {
        let py = self.py;
        let args = self.pop()?;
        let class = self.top()?.object;
        // SAFETY: live objects.
        unsafe {
            if ffi::PyTuple_Check(args.as_ptr()) != 0
                && class::is_heap_type(class)
                && let Class { new: Some(new), fresh, .. } = self.class(class)?
            {
                let (new, fresh) = (*new, *fresh);
                let made = raw::new(py, new(class.cast(), args.as_ptr(), std::ptr::null_mut()))?;
                drop(self.pop()?);
                self.push(made)?;
                // What a class makes may be of another.
                self.top()?.fresh = fresh && std::ptr::eq(ffi::Py_TYPE(made).cast::<ffi::PyObject>(), class);
                return Ok(());
            }
        }
        let class = self.pop()?;
        let made = self.real.make(How::NewObj, class, Some(args), None)?;
        self.push(made.into_ptr())
    }

    /// # Safety
    /// A live class for which [`class::is_heap_type`] holds.
    #[inline]
    unsafe fn class(&mut self, class: Raw) -> PyResult<&mut Class> {
        let key = class as usize;
        if !self.classes.contains_key(&key) {
            // SAFETY: as the caller promises.
            self.classes.insert(key, unsafe { Class::of(self.py, class)? });
        }
        self.classes.get_mut(&key).ok_or_else(|| errors::bad_value(self.py, "a class is lost"))
    }

    fn build(&mut self, state: Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.py;
        let entry = self.top()?;
        entry.fresh = false;
        let (object, kept) = (entry.object, entry.kept);
        if let Some(views) = &self.views
            && let Some(array) = views.array(object, &state)?
        {
            // SAFETY: references of ours are given back.
            unsafe {
                if let Some((noted, _)) = kept.and_then(|number| self.memo.get_mut(number as usize)) {
                    raw::release(std::mem::replace(noted, again(array.as_ptr())));
                }
                self.top()?.object = array.into_ptr();
                raw::release(object);
            }
            return Ok(());
        }
        // SAFETY: live objects, held by the stack.
        unsafe {
            let class: Raw = ffi::Py_TYPE(object).cast();
            if class::is_heap_type(class)
                && self.class(class)?.simple
                && let Some(slots) = slots_of(&state)?
            {
                for (name, value) in slots.iter().collect::<Vec<_>>() {
                    let name = self.names.get(name.cast::<PyString>()?.as_ptr());
                    raw::done(py, ffi::PyObject_SetAttr(object, name, value.as_ptr()))?;
                }
                return Ok(());
            }
        }
        // SAFETY: a live object.
        let object = unsafe { Bound::from_borrowed_ptr(py, object) };
        self.real.build(&object, state)
    }
}

/// The state of an object that has slots alone.
fn slots_of<'py>(state: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Ok(pair) = state.cast_exact::<PyTuple>() else { return Ok(None) };
    if pair.len() != 2 || !pair.get_item(0)?.is_none() {
        return Ok(None);
    }
    Ok(pair.get_item(1)?.cast_into_exact::<PyDict>().ok())
}
