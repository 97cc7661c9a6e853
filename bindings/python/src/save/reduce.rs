//! Objects that say how they are made: as the end of `save` and `save_reduce` in `_pickle.c`.

use super::{Items, Save, Task, is, op};
use crate::errors::pickling;
use pyo3::exceptions::PyKeyError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFunction, PyString, PyTuple, PyType};

/// What follows after an object was made.
pub(super) struct Parts<'py> {
    list: Option<Bound<'py, PyAny>>,
    dict: Option<Bound<'py, PyAny>>,
    state: Option<Bound<'py, PyAny>>,
    setter: Option<Bound<'py, PyAny>>,
}

impl<'py> Save<'_, 'py> {
    /// Everything that is no built-in container.
    pub(super) fn other(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.py;
        // SAFETY: a live object, addresses of built-in types.
        if unsafe { is(ffi::Py_TYPE(object.as_ptr()), &raw mut ffi::PyBytes_Type) } {
            return self.old_bytes(object);
        }
        if let Some(hook) = &self.hooks.reducer_override {
            let value = hook.call1((&object,))?;
            if !value.is(py.NotImplemented()) {
                return self.reduced(value, object);
            }
        }
        // SAFETY: the same.
        if unsafe { is(ffi::Py_TYPE(object.as_ptr()), &raw mut ffi::PyType_Type) } {
            return self.class(object);
        }
        if object.is_exact_instance_of::<PyFunction>() {
            return self.global(object, None);
        }
        let kind = object.get_type();
        let reduce = match &self.hooks.dispatch_table {
            None => super::global::table(py, "copyreg", "dispatch_table")?.get_item(&kind)?,
            Some(table) => match table.get_item(&kind) {
                Ok(reduce) => Some(reduce),
                Err(error) if error.is_instance_of::<PyKeyError>(py) => None,
                Err(error) => return Err(error),
            },
        };
        if let Some(reduce) = reduce {
            let value = reduce.call1((&object,))?;
            return self.reduced(value, object);
        }
        if object.cast::<PyType>().is_ok() {
            return self.global(object, None);
        }
        let value = if let Some(reduce) = object.getattr_opt(pyo3::intern!(py, "__reduce_ex__"))? {
            reduce.call1((self.protocol,))?
        } else if let Some(reduce) = object.getattr_opt(pyo3::intern!(py, "__reduce__"))? {
            reduce.call0()?
        } else {
            let text = format!("can't pickle '{}' object: {}", kind.name()?, super::global::shown(&object));
            return Err(pickling(text));
        };
        self.reduced(value, object)
    }

    fn class(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.py;
        let singletons = [py.None().into_bound(py), py.NotImplemented().into_bound(py), py.Ellipsis().into_bound(py)];
        for singleton in singletons {
            if object.is(singleton.get_type()) {
                let class = py.get_type::<PyType>().into_any();
                return self.call(class, (singleton,), object);
            }
        }
        self.global(object, None)
    }

    fn reduced(&mut self, value: Bound<'py, PyAny>, object: Bound<'py, PyAny>) -> PyResult<()> {
        if value.is_instance_of::<PyString>() {
            return self.global(object, Some(value));
        }
        let Ok(value) = value.cast_into::<PyTuple>() else {
            return Err(pickling("__reduce__ must return a string or tuple".into()));
        };
        self.reduce(value, object)
    }

    fn reduce(&mut self, value: Bound<'py, PyTuple>, object: Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.py;
        if !(2..=6).contains(&value.len()) {
            return Err(pickling("tuple returned by __reduce__ must contain 2 through 6 elements".into()));
        }
        let part = |n: usize| -> PyResult<Option<Bound<'py, PyAny>>> {
            if n >= value.len() {
                return Ok(None);
            }
            Ok(Some(value.get_item(n)?).filter(|part| !part.is_none()))
        };
        let (callable, args) = (value.get_item(0)?, value.get_item(1)?);
        if !callable.is_callable() {
            return Err(pickling("first item of the tuple returned by __reduce__ must be callable".into()));
        }
        let Ok(args) = args.cast_into::<PyTuple>() else {
            return Err(pickling("second item of the tuple returned by __reduce__ must be a tuple".into()));
        };
        let parts = Parts { state: part(2)?, list: part(3)?, dict: part(4)?, setter: part(5)? };
        let iterator = |part: &Option<Bound<'py, PyAny>>, which: &str| match part {
            // SAFETY: a live object.
            Some(part) if unsafe { ffi::PyIter_Check(part.as_ptr()) } == 0 => Err(pickling(format!(
                "{which} element of the tuple returned by __reduce__ must be an iterator, not {}",
                part.get_type().name()?
            ))),
            _ => Ok(()),
        };
        iterator(&parts.list, "fourth")?;
        iterator(&parts.dict, "fifth")?;
        if let Some(setter) = &parts.setter
            && !setter.is_callable()
        {
            return Err(pickling(format!(
                "sixth element of the tuple returned by __reduce__ must be a function, not {}",
                setter.get_type().name()?
            )));
        }
        let name = if self.protocol >= 2 { callable.getattr_opt(pyo3::intern!(py, "__name__"))? } else { None };
        let named = |other: &str| match &name {
            Some(name) => name.is_instance_of::<PyString>() && name.eq(other).unwrap_or(false),
            None => false,
        };
        let (ex, new) = (named("__newobj_ex__"), named("__newobj__"));
        self.push(Task::Parts(object.clone(), parts));
        self.push(Task::Made(object.clone(), true));
        if ex {
            return self.new_object_ex(args);
        }
        if new {
            return self.new_object(args, &object);
        }
        self.push(Task::Op(op::REDUCE));
        self.later(args.as_any());
        self.later(&callable);
        Ok(())
    }

    fn new_object_ex(&mut self, args: Bound<'py, PyTuple>) -> PyResult<()> {
        let py = self.py;
        if args.len() != 3 {
            return Err(pickling(format!(
                "length of the NEWOBJ_EX argument tuple must be exactly 3, not {}",
                args.len()
            )));
        }
        let [class, positional, named] = [args.get_item(0)?, args.get_item(1)?, args.get_item(2)?];
        let wrong = |which: &str, kind: &str, part: &Bound<'py, PyAny>| -> PyResult<PyErr> {
            let name = part.get_type().name()?.to_string();
            Ok(pickling(format!("{which} item from NEWOBJ_EX argument tuple must be a {kind}, not {name}")))
        };
        if class.cast::<PyType>().is_err() {
            return Err(wrong("first", "class", &class)?);
        }
        let Ok(positional) = positional.clone().cast_into::<PyTuple>() else {
            return Err(wrong("second", "tuple", &positional)?);
        };
        let Ok(named) = named.clone().cast_into::<PyDict>() else { return Err(wrong("third", "dict", &named)?) };
        if self.protocol >= 4 {
            self.push(Task::Op(op::NEWOBJ_EX));
            self.later(named.as_any());
            self.later(positional.as_any());
            self.later(&class);
            return Ok(());
        }
        let mut all = vec![class.getattr(pyo3::intern!(py, "__new__"))?, class];
        all.extend(positional.iter());
        let partial = py.import("functools")?.getattr("partial")?.call(PyTuple::new(py, all)?, Some(&named))?;
        self.push(Task::Op(op::REDUCE));
        self.later(PyTuple::empty(py).as_any());
        self.later(&partial);
        Ok(())
    }

    fn new_object(&mut self, args: Bound<'py, PyTuple>, object: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.py;
        if args.is_empty() {
            return Err(pickling("__newobj__ arglist is empty".into()));
        }
        let class = args.get_item(0)?;
        if !class.hasattr(pyo3::intern!(py, "__new__"))? {
            return Err(pickling("args[0] from __newobj__ args has no __new__".into()));
        }
        let own = match object.getattr_opt(pyo3::intern!(py, "__class__"))? {
            Some(own) => own,
            None => object.get_type().into_any(),
        };
        if !own.is(&class) {
            return Err(pickling("args[0] from __newobj__ args has the wrong class".into()));
        }
        let rest = args.get_slice(1, args.len());
        self.push(Task::Op(op::NEWOBJ));
        self.later(rest.as_any());
        self.later(&class);
        Ok(())
    }

    pub(super) fn parts(&mut self, object: Bound<'py, PyAny>, parts: Parts<'py>) -> PyResult<()> {
        let Parts { list, dict, state, setter } = parts;
        if let Some(state) = state {
            match setter {
                None => {
                    self.push(Task::Op(op::BUILD));
                    self.later(&state);
                }
                Some(setter) => {
                    for op in [op::POP, op::REDUCE, op::TUPLE2] {
                        self.push(Task::Op(op));
                    }
                    self.later(&state);
                    self.later(&object);
                    self.later(&setter);
                }
            }
        }
        if let Some(dict) = dict {
            self.push(Task::Iter(dict, None, 0, Items::Pairs));
        }
        if let Some(list) = list {
            self.push(Task::Iter(list, None, 0, Items::Values));
        }
        Ok(())
    }
}
