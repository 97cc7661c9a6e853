//! Real objects of the classes that a policy gives: what `load_reduce`, `load_build` and their like do in `_pickle.c`.

use crate::errors;
use crate::raw;
use pickle_core::How;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet, PyString, PyTuple, PyType};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;

/// Who finds the classes.
pub struct Real<'py> {
    find: Bound<'py, PyAny>,
    /// Known types are made without asking.
    known_first: bool,
    /// Whether instances of a class take their state in the simple way.
    simple: RefCell<HashMap<usize, (Bound<'py, PyType>, bool), foldhash::fast::RandomState>>,
}

impl<'py> Real<'py> {
    pub fn new(find: Bound<'py, PyAny>, known_first: bool) -> Self {
        Real { find, known_first, simple: RefCell::default() }
    }

    pub fn known_first(&self) -> bool {
        self.known_first
    }

    pub fn find_class(&self, module: &Bound<'py, PyAny>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.find.call1((module, name))
    }

    /// Instances of the class have attributes in a dict, looked up as those of every object, and no `__setstate__` of their class.
    fn is_simple(&self, class: &Bound<'py, PyType>) -> PyResult<bool> {
        if let Some((_, simple)) = self.simple.borrow().get(&(class.as_ptr() as usize)) {
            return Ok(*simple);
        }
        let generic = is_heap_type(class) && {
            // SAFETY: a class that is made at run time, which has its slots; only the address is looked at.
            let lookup = unsafe { ffi::PyType_GetSlot(class.as_type_ptr(), ffi::Py_tp_getattro) };
            std::ptr::eq(lookup, ffi::PyObject_GenericGetAttr as *const c_void)
        };
        let simple = generic && !class.hasattr(pyo3::intern!(class.py(), "__setstate__"))?;
        self.simple.borrow_mut().insert(class.as_ptr() as usize, (class.clone(), simple));
        Ok(simple)
    }

    /// BUILD.
    pub fn build(&self, object: &Bound<'py, PyAny>, state: Bound<'py, PyAny>) -> PyResult<()> {
        let py = object.py();
        if let Ok(state) = state.cast::<PyDict>()
            && self.is_simple(&object.get_type())?
            && let Some(attributes) = object.getattr_opt(pyo3::intern!(py, "__dict__"))?
            && let Ok(attributes) = attributes.cast_exact::<PyDict>()
            && !attributes.contains(pyo3::intern!(py, "__setstate__"))?
        {
            return set_attributes(attributes.as_any(), state);
        }
        build(object, state)
    }

    /// What an extension code stands for in this interpreter's registry.
    pub fn extension(&self, py: Python<'py>, code: u32) -> PyResult<Bound<'py, PyAny>> {
        let copyreg = py.import("copyreg")?;
        let registered = copyreg.getattr("_inverted_registry")?;
        let pair = registered.cast::<PyDict>()?.get_item(code)?;
        let Some(pair) = pair else {
            let text = format!("unregistered extension code {code}");
            return Err(pyo3::exceptions::PyValueError::new_err(text));
        };
        match pair.cast_into::<PyTuple>() {
            Ok(pair) if pair.len() == 2 && pair.iter_borrowed().all(|part| part.is_instance_of::<PyString>()) => {
                self.find_class(&pair.get_item(0)?, &pair.get_item(1)?)
            }
            _ => Err(pyo3::exceptions::PyValueError::new_err(format!(
                "_inverted_registry[{code}] isn't a 2-tuple of strings"
            ))),
        }
    }

    pub fn make(
        &self,
        how: How,
        callable: Bound<'py, PyAny>,
        args: Option<Bound<'py, PyAny>>,
        kwargs: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = callable.py();
        let args = match args {
            Some(args) => args,
            None if how == How::PersId => {
                return Err(errors::unpickling(
                    "A load persistent id instruction was encountered, but no persistent_load function was specified."
                        .into(),
                ));
            }
            // A class or function that is changed: it stands for itself.
            None => return Ok(callable),
        };
        let Ok(args) = args.cast_into::<PyTuple>() else {
            return Err(errors::unpickling("the arguments must be a tuple".into()));
        };
        match how {
            How::Reduce => callable.call1(args),
            How::Obj | How::Inst => instantiate(callable, args),
            _ => {
                let op = if how == How::NewObj { "NEWOBJ" } else { "NEWOBJ_EX" };
                if callable.cast::<PyType>().is_err() {
                    let type_name = callable.get_type().name()?.to_string();
                    return Err(errors::unpickling(format!("{op} class argument must be a type, not {type_name}")));
                }
                let kwargs = match kwargs {
                    Some(kwargs) => Some(kwargs.cast_into::<PyDict>()?),
                    None => None,
                };
                if let Ok(class) = callable.cast::<PyType>()
                    && is_heap_type(class)
                {
                    // SAFETY: a class that is made at run time: it has this slot, a newfunc, or none.
                    let new = unsafe { ffi::PyType_GetSlot(class.as_type_ptr(), ffi::Py_tp_new) };
                    if !new.is_null() {
                        let kwargs = kwargs.as_ref().map_or(std::ptr::null_mut(), |kwargs| kwargs.as_ptr());
                        // SAFETY: as the slot is declared; class, tuple and dict live as long as the call.
                        unsafe {
                            let new = std::mem::transmute::<*mut c_void, ffi::newfunc>(new);
                            return raw::owned(py, new(class.as_type_ptr(), args.as_ptr(), kwargs));
                        }
                    }
                }
                let mut with_class = vec![callable.clone()];
                with_class.extend(args.iter());
                let make = callable.getattr(pyo3::intern!(py, "__new__"))?;
                make.call(PyTuple::new(py, with_class)?, kwargs.as_ref())
            }
        }
    }
}

fn instantiate<'py>(class: Bound<'py, PyAny>, args: Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    if args.is_empty()
        && class.cast::<PyType>().is_ok()
        && class.getattr_opt(pyo3::intern!(class.py(), "__getinitargs__"))?.is_none()
    {
        return class.call_method1(pyo3::intern!(class.py(), "__new__"), (&class,));
    }
    class.call1(args)
}

/// APPEND, APPENDS.
pub fn append<'py>(object: &Bound<'py, PyAny>, items: &Bound<'py, PyList>) -> PyResult<()> {
    let py = object.py();
    if let Some(extend) = object.getattr_opt(pyo3::intern!(object.py(), "extend"))? {
        extend.call1((items,))?;
        return Ok(());
    }
    let append = object.getattr(pyo3::intern!(py, "append"))?;
    for item in items.iter() {
        append.call1((item,))?;
    }
    Ok(())
}

/// ADDITEMS: one of the items.
pub fn add(object: &Bound<'_, PyAny>, item: Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(set) = object.cast::<PySet>() {
        return set.add(item);
    }
    object.call_method1(pyo3::intern!(object.py(), "add"), (item,))?;
    Ok(())
}

fn build<'py>(object: &Bound<'py, PyAny>, state: Bound<'py, PyAny>) -> PyResult<()> {
    let py = object.py();
    if let Some(setstate) = object.getattr_opt(pyo3::intern!(py, "__setstate__"))? {
        setstate.call1((state,))?;
        return Ok(());
    }
    let (state, slots) = match state.cast::<PyTuple>() {
        Ok(pair) if pair.len() == 2 => (pair.get_item(0)?, Some(pair.get_item(1)?)),
        _ => (state, None),
    };
    if !state.is_none() {
        let Ok(state) = state.cast::<PyDict>() else {
            return Err(errors::unpickling("state is not a dictionary".into()));
        };
        let attributes = object.getattr(pyo3::intern!(py, "__dict__"))?;
        set_attributes(&attributes, state)?;
    }
    match slots {
        Some(slots) if !slots.is_none() => {
            let Ok(slots) = slots.cast_into::<PyDict>() else {
                return Err(errors::unpickling("slot state is not a dictionary".into()));
            };
            for (name, value) in slots.iter() {
                object.setattr(name.cast::<PyString>()?, value)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn set_attributes<'py>(attributes: &Bound<'py, PyAny>, state: &Bound<'py, PyDict>) -> PyResult<()> {
    let py = attributes.py();
    for (key, value) in state.iter() {
        // The names of attributes are interned, as those that a class makes are.
        let key = match key.cast_exact::<PyString>() {
            Ok(text) => {
                let mut text = text.clone().into_ptr();
                // SAFETY: a reference to a str of ours, which is exchanged for one to the interned.
                unsafe {
                    ffi::PyUnicode_InternInPlace(&mut text);
                    raw::owned(py, text)?
                }
            }
            Err(_) => key,
        };
        attributes.set_item(key, value)?;
    }
    Ok(())
}

/// Made at run time: its slots can be asked for under every version of the stable ABI.
fn is_heap_type(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: a live class.
    unsafe { ffi::PyType_GetFlags(class.as_type_ptr()) & ffi::Py_TPFLAGS_HEAPTYPE != 0 }
}
