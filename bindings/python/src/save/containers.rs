//! Tuples, lists, dicts, sets and iterators of items: as `save_tuple`, `batch_list_exact`, `batch_dict_exact` and their
//! neighbours in `_pickle.c`.

use super::{BATCH, Items, Save, Task, op};
use crate::raw;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

impl<'py> Save<'_, 'py> {
    pub(super) fn tuple(&mut self, tuple: Bound<'py, PyAny>) -> PyResult<()> {
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
            // SAFETY: an item of the tuple, which holds it, and is held by the caller.
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

    pub(super) fn end_tuple(&mut self, tuple: Bound<'py, PyAny>, len: usize) -> PyResult<()> {
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

    pub(super) fn list(&mut self, list: Bound<'py, PyAny>) -> PyResult<()> {
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

    pub(super) fn list_items(&mut self, list: Bound<'py, PyAny>, mut at: usize, mut batch: usize) -> PyResult<()> {
        loop {
            if batch == 0 {
                self.out.byte(op::MARK);
            }
            // SAFETY: an exact list; its length is looked at again after every item.
            while batch < BATCH && at < unsafe { ffi::PyList_Size(list.as_ptr()) } as usize {
                // Before the item is looked at: a file may do anything to the list.
                self.out.boundary()?;
                // SAFETY: an exact list.
                let item = unsafe { ffi::PyList_GetItem(list.as_ptr(), at as Py_ssize_t) };
                if item.is_null() {
                    drop(PyErr::take(self.py));
                    break;
                }
                at += 1;
                batch += 1;
                if self.quick_atom(item)? {
                    continue;
                }
                // SAFETY: an item of the list; nothing has run since.
                let item = unsafe { Bound::from_borrowed_ptr(self.py, item) };
                if !self.container(item.as_ptr())? {
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
            // SAFETY: the same.
            let left = unsafe { ffi::PyList_Size(list.as_ptr()) } as usize - at;
            if left == 1 && batches_end_short(self.py)? {
                self.push(Task::Op(op::APPEND));
                // SAFETY: an item of the list.
                let item = unsafe { ffi::PyList_GetItem(list.as_ptr(), at as Py_ssize_t) };
                // SAFETY: a live object, or NULL with an error set.
                self.push(Task::Save(unsafe { Bound::from_borrowed_ptr_or_err(self.py, item)? }));
                return Ok(());
            }
        }
    }

    pub(super) fn dict(&mut self, dict: Bound<'py, PyAny>) -> PyResult<()> {
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

    pub(super) fn dict_items(
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
            while batch < BATCH {
                // Before the entry is looked at: a file may do anything to the dict.
                self.out.boundary()?;
                let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
                // SAFETY: an exact dict; key and value are its own.
                if unsafe { ffi::PyDict_Next(dict.as_ptr(), &mut at, &mut key, &mut value) } == 0 {
                    break;
                }
                batch += 1;
                let key_done = self.quick_atom(key)?;
                let both = key_done && !self.out.is_due();
                if both && self.quick_atom(value)? {
                    continue;
                }
                // SAFETY: live objects; nothing has run since.
                let (key, value) =
                    unsafe { (Bound::from_borrowed_ptr(self.py, key), Bound::from_borrowed_ptr(self.py, value)) };
                if !key_done && !self.container(key.as_ptr())? {
                    self.push(Task::Dict(dict, at, batch, Some(value), size));
                    self.push(Task::Save(key));
                    return Ok(());
                }
                let done = if both { self.container(value.as_ptr())? } else { self.quick(value.as_ptr())? };
                if !done {
                    self.push(Task::Dict(dict, at, batch, None, size));
                    self.push(Task::Save(value));
                    return Ok(());
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
            if batches_end_short(self.py)? {
                let (mut ahead, mut key, mut value) = (at, std::ptr::null_mut(), std::ptr::null_mut());
                // SAFETY: an exact dict; key and value are its own, and nothing runs meanwhile.
                unsafe {
                    if ffi::PyDict_Next(dict.as_ptr(), &mut ahead, &mut key, &mut value) == 0 {
                        return Ok(());
                    }
                    let (key, value) =
                        (Bound::from_borrowed_ptr(self.py, key), Bound::from_borrowed_ptr(self.py, value));
                    let (mut other, mut another) = (std::ptr::null_mut(), std::ptr::null_mut());
                    if ffi::PyDict_Next(dict.as_ptr(), &mut ahead, &mut other, &mut another) == 0 {
                        self.push(Task::Op(op::SETITEM));
                        self.push(Task::Save(value));
                        self.push(Task::Save(key));
                        return Ok(());
                    }
                }
            }
            self.out.byte(op::MARK);
        }
    }

    pub(super) fn set(&mut self, set: Bound<'py, PyAny>) -> PyResult<()> {
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

    pub(super) fn set_items(
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
            if batch < BATCH || at >= items.len() && batches_end_short(self.py)? {
                return Ok(());
            }
            batch = 0;
            self.out.byte(op::MARK);
        }
    }

    pub(super) fn frozen_set(&mut self, set: Bound<'py, PyAny>) -> PyResult<()> {
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
    pub(super) fn iterator_items(
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

/// Whether this interpreter writes the one item that is left after full batches without a mark, and no empty batch, as CPython has
/// since 3.15: asked of it.
fn batches_end_short(py: Python<'_>) -> PyResult<bool> {
    static SHORT: PyOnceLock<bool> = PyOnceLock::new();
    SHORT
        .get_or_try_init(py, || -> PyResult<bool> {
            let list = pyo3::types::PyList::new(py, 0..=BATCH)?;
            let written: Vec<u8> = py.import("_pickle")?.getattr("dumps")?.call1((list, 2))?.extract()?;
            Ok(written.ends_with(&[op::APPEND, op::STOP]))
        })
        .copied()
}
