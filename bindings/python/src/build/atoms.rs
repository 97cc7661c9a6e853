//! Values that stand in the stream as they are: numbers, strings, names, buffers; and those that were made before.

use super::{Build, Decode};
use crate::errors;
use crate::raw::{self, Raw, again};
use crate::record::{Buffer, Extension, Global};
use crate::strings;
use pickle_core::{BigInt, Digits, GlobalName, Kind, OutOfBand, Value};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

impl<'py> Build<'_, '_, 'py> {
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

    pub(super) fn bound(&mut self, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        let object = self.value(value)?;
        // SAFETY: a new reference.
        unsafe { raw::owned(self.py, object) }
    }

    #[cold]
    pub(super) fn big_int(&self, value: Value<'_>) -> PyResult<Raw> {
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
                let Some(Digits { negative, radix, digits }) = text.digits() else { return Err(self.not_yet()) };
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
    pub(super) fn text(&mut self, value: Value<'_>, is_key: bool) -> PyResult<Raw> {
        let bytes = value.str_bytes().unwrap_or_default();
        self.placed(
            value,
            |build| {
                if is_key { strings::key(build.py, bytes) } else { strings::new_text(build.py, bytes) }
            },
        )
    }

    #[inline]
    pub(super) fn placed(&mut self, value: Value<'_>, make: impl FnOnce(&mut Self) -> PyResult<Raw>) -> PyResult<Raw> {
        let Some(range) = value.place().filter(|range| range.len != 0) else { return make(self) };
        let place = range.offset << 1 | u64::from(range.stored);
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
    pub(super) fn rare(&mut self, value: Value<'_>) -> PyResult<Raw> {
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
                let GlobalName { module, name } =
                    value.as_global().ok_or_else(|| errors::bad_value(py, "a global is not text"))?;
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
                let OutOfBand { index, read_only } = value.as_buffer().unwrap_or_default();
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

    pub(super) fn read_only(&self, buffer: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        // SAFETY: gives a new reference or an error.
        let view = unsafe { raw::owned(py, ffi::PyMemoryView_FromObject(buffer.as_ptr()))? };
        // With a policy this is what pickle does: what is read-only already stays what it is.
        if self.wanted.real.is_some() && view.getattr("readonly")?.is_truthy()? {
            return Ok(buffer.clone());
        }
        view.call_method0("toreadonly")
    }

    pub(super) fn str8(&mut self, bytes: &[u8]) -> PyResult<Raw> {
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

    pub(super) fn global(&mut self, module: Bound<'py, PyAny>, name: Bound<'py, PyAny>) -> PyResult<Raw> {
        match &self.wanted.real {
            Some(real) => Ok(real.find_class(&module, &name)?.into_ptr()),
            None => Ok(Bound::new(self.py, Global { module: module.unbind(), name: name.unbind() })?.into_ptr()),
        }
    }

    /// A value that is to be hashed: a new reference.
    pub(super) fn key(&mut self, value: Value<'_>) -> PyResult<Raw> {
        if value.kind() == Kind::Str {
            return self.text(value, true);
        }
        if let Some(id) = value.id() {
            let weight = self.made.facts.get(id).map_or(0, |fact| fact.weight);
            self.spend(u64::from(weight))?;
        }
        self.value(value)
    }
}
