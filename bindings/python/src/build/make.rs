//! What an event makes: an empty container, a tuple, an object or its Record.

use super::{Build, Way};
use crate::known::{self, Known};
use crate::raw;
use crate::record::{HOWS, Record};
use pickle_core::{GlobalName, How, Kind, ObjectParts, Value};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

impl<'py> Build<'_, '_, 'py> {
    pub(super) fn make(&mut self, index: usize, value: Value<'_>) -> PyResult<()> {
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
                    let Some(GlobalName { module, name }) = value.global_parts() else { return Err(self.not_yet()) };
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

    pub(super) fn make_object(&mut self, index: usize, value: Value<'_>, object: ObjectParts<'_>) -> PyResult<()> {
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
    pub(super) fn args(&mut self, object: &ObjectParts<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match (object.how(), object.args_value()) {
            (_, Some(args)) => self.bound(args).map(Some),
            (How::Obj | How::Inst, None) => {
                let args: Vec<_> = object.args().map(|arg| self.bound(arg)).collect::<PyResult<_>>()?;
                Ok(Some(PyTuple::new(self.py, args)?.into_any()))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn record(&mut self, value: Value<'_>, object: &ObjectParts<'_>) -> PyResult<Bound<'py, Record>> {
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
}
