//! What is used of CPython's C interface beside PyO3's safe part.

use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};

/// A pointer to a Python object: borrowed or owned, as the place says.
pub type Raw = *mut ffi::PyObject;

/// `Py_buffer`. It is part of the stable ABI from 3.11 on, and has had this layout since 3.3.
#[repr(C)]
pub struct PyBuffer {
    buf: *mut c_void,
    obj: Raw,
    len: Py_ssize_t,
    itemsize: Py_ssize_t,
    readonly: c_int,
    ndim: c_int,
    format: *mut c_char,
    shape: *mut Py_ssize_t,
    strides: *mut Py_ssize_t,
    suboffsets: *mut Py_ssize_t,
    internal: *mut c_void,
}

unsafe extern "C" {
    fn PyObject_GetBuffer(object: Raw, view: *mut PyBuffer, flags: c_int) -> c_int;
    fn PyBuffer_Release(view: *mut PyBuffer);
    fn PyUnicode_AsUTF8AndSize(text: Raw, size: *mut Py_ssize_t) -> *const c_char;
}

/// A contiguous buffer that something lends.
pub struct Input {
    // In a box: some exporters point into it.
    view: Box<PyBuffer>,
}

impl Input {
    /// The bytes of an object; anything but a buffer is a TypeError.
    pub fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        // SAFETY: all zeroes is a valid Py_buffer, which GetBuffer fills in.
        let mut view: Box<PyBuffer> = Box::new(unsafe { std::mem::zeroed() });
        // SAFETY: the object is alive, and the view stays where it is.
        if unsafe { PyObject_GetBuffer(object.as_ptr(), &mut *view, 0) } != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        Ok(Input { view })
    }

    /// The bytes. Where the exporter lets others write, they may change between calls into Python.
    pub fn bytes(&self) -> &[u8] {
        if self.view.buf.is_null() {
            return &[];
        }
        // SAFETY: the exporter keeps them until the release.
        unsafe { std::slice::from_raw_parts(self.view.buf.cast::<u8>(), self.view.len as usize) }
    }

    /// Nobody may write to it.
    pub fn is_read_only(&self) -> bool {
        self.view.readonly != 0
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // SAFETY: it was acquired, and is released once, by a thread that is attached.
        unsafe { PyBuffer_Release(&mut *self.view) }
    }
}

/// The UTF-8 form of a str, which the str keeps. `None`, and no error set, where it has lone surrogates.
///
/// # Safety
/// `text` is a str, and lives as long as the result is used.
pub unsafe fn utf8<'a>(text: Raw) -> Option<&'a [u8]> {
    let mut size = 0;
    // SAFETY: as the caller promises.
    let data = unsafe { PyUnicode_AsUTF8AndSize(text, &mut size) };
    if data.is_null() {
        // SAFETY: the thread is attached.
        unsafe { ffi::PyErr_Clear() };
        return None;
    }
    // SAFETY: it lives as long as the str.
    Some(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), size as usize) })
}

/// The result of a call that returns a new reference, or NULL with an error set.
pub fn new(py: Python<'_>, object: Raw) -> PyResult<Raw> {
    if object.is_null() { Err(PyErr::fetch(py)) } else { Ok(object) }
}

/// The result of a call that returns -1 with an error set.
pub fn done(py: Python<'_>, result: c_int) -> PyResult<()> {
    if result < 0 { Err(PyErr::fetch(py)) } else { Ok(()) }
}

/// A new reference as PyO3 has it.
///
/// # Safety
/// `object` is a new reference.
pub unsafe fn owned<'py>(py: Python<'py>, object: Raw) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: as the caller promises.
    unsafe { Bound::from_owned_ptr_or_err(py, object) }
}

/// The count of references, as every CPython of the stable ABI has it: the first word. Where its lower half is negative the
/// object is immortal, and is not counted (3.12 and later).
///
/// # Safety
/// `object` is a live object.
#[inline(always)]
unsafe fn count<'a>(object: Raw) -> &'a mut Py_ssize_t {
    // SAFETY: as the caller promises; the lock is held, and there is no other reference into the object.
    unsafe { &mut *object.cast::<Py_ssize_t>() }
}

/// One more reference to the same. What `Py_INCREF` is in C; under the stable ABI PyO3 calls a function for it.
///
/// # Safety
/// `object` is a live object.
#[inline(always)]
pub unsafe fn again(object: Raw) -> Raw {
    // SAFETY: as the caller promises.
    let count = unsafe { count(object) };
    if *count as i32 >= 0 {
        *count += 1;
    }
    object
}

/// Gives a reference back. What `Py_DECREF` is in C.
///
/// # Safety
/// `object` is a live object, and the reference is the caller's.
#[inline(always)]
pub unsafe fn release(object: Raw) {
    // SAFETY: as the caller promises.
    let count = unsafe { count(object) };
    if *count as i32 > 1 {
        *count -= 1;
    } else {
        // The last one, or an immortal object.
        // SAFETY: the same.
        unsafe { ffi::Py_DECREF(object) };
    }
}

/// Something that one call leaves for the next, of whatever thread.
pub struct Kept<T>(Cell<Option<T>>);

// SAFETY: it is touched with the interpreter's lock only, of which there is one: the module is not for builds without it, and
// PyO3 refuses it to interpreters with a lock of their own.
unsafe impl<T> Sync for Kept<T> {}

impl<T> Kept<T> {
    pub const fn new() -> Self {
        Kept(Cell::new(None))
    }

    /// What is there; the next that asks gets nothing until it is put back.
    #[inline(always)]
    pub fn take(&self, _lock: Python<'_>) -> Option<T> {
        self.0.take()
    }

    #[inline(always)]
    pub fn put(&self, _lock: Python<'_>, value: T) {
        self.0.set(Some(value));
    }
}

/// Of the very type.
///
/// # Safety
/// `object` is a live object.
#[inline(always)]
pub unsafe fn is(object: Raw, kind: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: as the caller promises.
    std::ptr::eq(unsafe { ffi::Py_TYPE(object) }, kind)
}
