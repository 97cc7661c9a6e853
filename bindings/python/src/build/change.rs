//! What is done to a value after it was made: items, entries, state.

use super::{Build, Fact, Way};
use crate::errors;
use crate::known;
use crate::raw::{self, again};
use crate::record::Record;
use pickle_core::{Change, Items, Value};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

impl<'py> Build<'_, '_, 'py> {
    pub(super) fn change(&mut self, index: usize, change: Change<'_>) -> PyResult<()> {
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
    pub(super) fn unhashable(&self, error: PyErr) -> PyErr {
        if self.wanted.real.is_none() && error.is_instance_of::<pyo3::exceptions::PyTypeError>(self.py) {
            return errors::bad_value(self.py, &error.value(self.py).to_string());
        }
        error
    }

    pub(super) fn tuple(
        &mut self,
        items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyTuple::new(self.py, items.collect::<PyResult<Vec<_>>>()?)?.into_any())
    }

    pub(super) fn bounds(&mut self, items: Items<'_>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        items.map(|item| self.bound(item)).collect()
    }

    pub(super) fn record_change(&mut self, owner: usize, change: Change<'_>) -> PyResult<()> {
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
    pub(super) fn object_change(&mut self, owner: usize, change: Change<'_>) -> PyResult<()> {
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
                    Some(real) => real.build(&object, state),
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
}
