//! What there is to know about a class, once for all of its instances in a pickle.

use crate::raw::{self, Raw, again};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet, PyString, PyTuple, PyType};
use std::ffi::c_void;

/// More attributes are not set at once.
const ATTRIBUTES: usize = 256;

/// A class that was made at run time.
pub struct Class {
    class: Raw,
    pub new: Option<ffi::newfunc>,
    /// `object.__new__` makes its instances, or that of list, dict or set: nothing is in them.
    pub fresh: bool,
    /// A class of lists, with the `extend` of lists.
    pub appends: bool,
    /// No `__setstate__`, and attributes are looked up as those of every object.
    pub simple: bool,
    /// Its instances have attributes in the dict of every object.
    has_dict: bool,
    /// The keys of the last state, and the names that they are.
    keys: Vec<Raw>,
    names: Vec<Raw>,
    /// Names that were found to be no descriptors of the class.
    plain: Vec<Raw>,
}

/// The slot of a class that was made at run time.
unsafe fn slot(class: Raw, slot: i32) -> *mut c_void {
    // SAFETY: as the caller promises.
    unsafe { ffi::PyType_GetSlot(class.cast(), slot) }
}

/// It is a class, made at run time: its slots can be asked for under every version of the stable ABI.
///
/// # Safety
/// A live object.
pub unsafe fn is_heap_type(object: Raw) -> bool {
    // SAFETY: as the caller promises; flags of a class only.
    unsafe { ffi::PyType_Check(object) != 0 && ffi::PyType_GetFlags(object.cast()) & ffi::Py_TPFLAGS_HEAPTYPE != 0 }
}

impl Class {
    /// # Safety
    /// A live class for which [`is_heap_type`] holds.
    pub unsafe fn of(py: Python<'_>, class: Raw) -> PyResult<Self> {
        // SAFETY: as the caller promises; the slot is a newfunc, or none.
        let (new, lookup) = unsafe {
            let new = slot(class, ffi::Py_tp_new);
            let new = (!new.is_null()).then(|| std::mem::transmute::<*mut c_void, ffi::newfunc>(new));
            (new, slot(class, ffi::Py_tp_getattro))
        };
        // SAFETY: a live class.
        let bound = unsafe { Bound::from_borrowed_ptr(py, class) }.cast_into::<PyType>()?;
        let makers = [py.get_type::<PyAny>(), py.get_type::<PyList>(), py.get_type::<PyDict>(), py.get_type::<PySet>()];
        let intern = |name| PyString::intern(py, name);
        let simple = std::ptr::eq(lookup, ffi::PyObject_GenericGetAttr as *const c_void)
            && !bound.hasattr(pyo3::intern!(py, "__setstate__"))?;
        let made_by = bound.getattr(intern("__new__"))?;
        let mut fresh = false;
        for maker in &makers {
            fresh |= made_by.is(&maker.getattr(intern("__new__"))?);
        }
        let is_list = bound.is_subclass_of::<PyList>()?;
        let extend = lookup_in(&bound, &intern("extend"))?;
        let appends = is_list
            && std::ptr::eq(lookup, ffi::PyObject_GenericGetAttr as *const c_void)
            && extend.is_some_and(|extend| {
                lookup_in(&py.get_type::<PyList>(), &intern("extend"))
                    .is_ok_and(|list| list.is_some_and(|list| list.is(&extend)))
            });
        let mut has_dict = simple && bound.getattr(intern("__dictoffset__"))?.extract::<isize>()? != 0;
        if has_dict {
            let found = lookup_in(&bound, &intern("__dict__"))?;
            has_dict = match found {
                Some(found) => found.get_type().name()? == "getset_descriptor",
                None => false,
            };
        }
        // SAFETY: a live object.
        let class = unsafe { again(class) };
        let (keys, names, plain) = Default::default();
        Ok(Class { class, new, fresh, appends, simple, has_dict, keys, names, plain })
    }

    /// The names of the attributes that these keys are, if all can be set in the simple way. `keys` are live objects.
    #[inline]
    pub fn names(
        &mut self,
        py: Python<'_>,
        keys: impl ExactSizeIterator<Item = Raw> + Clone,
    ) -> PyResult<Option<&[Raw]>> {
        if !self.has_dict {
            return Ok(None);
        }
        let same = self.keys.len() == keys.len()
            && self.keys.iter().zip(keys.clone()).all(|(known, key)| std::ptr::eq(*known, key));
        if !same && !self.learn(py, keys)? {
            return Ok(None);
        }
        Ok(Some(&self.names))
    }

    #[inline(never)]
    fn learn(&mut self, py: Python<'_>, keys: impl ExactSizeIterator<Item = Raw>) -> PyResult<bool> {
        release_all(&mut self.keys);
        release_all(&mut self.names);
        if keys.len() > ATTRIBUTES {
            return Ok(false);
        }
        for key in keys {
            // SAFETY: a live object.
            unsafe {
                if ffi::PyUnicode_CheckExact(key) == 0 {
                    return self.forget();
                }
                self.keys.push(again(key));
                let mut name = again(key);
                ffi::PyUnicode_InternInPlace(&mut name);
                self.names.push(name);
                if !self.plain.iter().any(|plain| std::ptr::eq(*plain, name)) {
                    if !self.is_plain(py, name)? {
                        return self.forget();
                    }
                    if self.plain.len() < ATTRIBUTES {
                        self.plain.push(again(name));
                    }
                }
            }
        }
        Ok(true)
    }

    fn forget(&mut self) -> PyResult<bool> {
        release_all(&mut self.keys);
        release_all(&mut self.names);
        Ok(false)
    }

    /// The class does nothing about the attribute when it is set.
    fn is_plain(&self, py: Python<'_>, name: Raw) -> PyResult<bool> {
        // SAFETY: live objects.
        let (class, name) = unsafe { (Bound::from_borrowed_ptr(py, self.class), Bound::from_borrowed_ptr(py, name)) };
        let name = name.cast_into::<PyString>()?;
        if name == "__setstate__" {
            return Ok(false);
        }
        let Some(found) = lookup_in(&class.cast_into::<PyType>()?, &name)? else { return Ok(true) };
        let kind = found.get_type();
        Ok(!kind.hasattr("__set__")? && !kind.hasattr("__delete__")?)
    }
}

/// What a class or one of its bases has under a name, as it is.
fn lookup_in<'py>(class: &Bound<'py, PyType>, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = class.py();
    let bases = class.getattr(pyo3::intern!(py, "__mro__"))?.cast_into::<PyTuple>()?;
    for base in bases.iter() {
        // Of `type`: a class may have an attribute of that name.
        let attributes = py.get_type::<PyType>().getattr("__dict__")?.get_item("__dict__")?;
        let attributes = attributes.call_method1("__get__", (&base,))?;
        if attributes.contains(name)? {
            return attributes.get_item(name).map(Some);
        }
    }
    Ok(None)
}

fn release_all(objects: &mut Vec<Raw>) {
    for object in objects.drain(..) {
        // SAFETY: references of ours.
        unsafe { raw::release(object) };
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        release_all(&mut self.keys);
        release_all(&mut self.names);
        release_all(&mut self.plain);
        // SAFETY: a reference of ours.
        unsafe { raw::release(self.class) };
    }
}

/// Names of attributes by the keys that they came as: interned, as those that a class makes are.
pub struct Names([Option<(Raw, Raw)>; 256]);

impl Names {
    pub fn new() -> Self {
        Names([None; 256])
    }

    /// The interned str of a key, borrowed; a key that is none is as it is.
    ///
    /// # Safety
    /// A live object.
    #[inline]
    pub unsafe fn get(&mut self, key: Raw) -> Raw {
        let place = &mut self.0[(key as usize >> 4) % 256];
        // SAFETY: as the caller promises.
        unsafe {
            match place {
                Some((known, name)) if std::ptr::eq(*known, key) => *name,
                _ if ffi::PyUnicode_CheckExact(key) == 0 => key,
                _ => {
                    let mut name = again(key);
                    ffi::PyUnicode_InternInPlace(&mut name);
                    if let Some((key, name)) = place.replace((again(key), name)) {
                        raw::release(key);
                        raw::release(name);
                    }
                    name
                }
            }
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        for (key, name) in self.0.iter().flatten() {
            // SAFETY: references of ours.
            unsafe {
                raw::release(*key);
                raw::release(*name);
            }
        }
    }
}
