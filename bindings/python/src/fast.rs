//! `loads` and `dumps` as the interpreter calls them: with its own array of arguments, where PyO3 under the stable ABI of 3.9
//! makes a tuple and a dict of them. What is more than the plain call goes to the functions that PyO3 wraps.

use crate::{load, raw, save};
use pyo3::exceptions::PySystemError;
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use raw::Raw;
use std::ffi::{CStr, c_int};

/// `METH_FASTCALL | METH_KEYWORDS`: what every CPython since 3.7 takes, and the stable ABI names since 3.10.
const FASTCALL_KEYWORDS: c_int = 0x80 | 0x02;

type FastCall = unsafe extern "C" fn(Raw, *const Raw, Py_ssize_t, Raw) -> Raw;

/// The functions that take all options.
static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Adds the functions to the module.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let full = wrap_pyfunction!(load::loads, module)?.into_any();
    add_one(module, "loads", c"loads", &full, loads)?;
    LOADS.get_or_init(py, || full.unbind());
    let full = wrap_pyfunction!(save::dumps, module)?.into_any();
    add_one(module, "dumps", c"dumps", &full, dumps)?;
    DUMPS.get_or_init(py, || full.unbind());
    Ok(())
}

/// A function with the documentation and the signature of the full one.
fn add_one(
    module: &Bound<'_, PyModule>,
    name: &str,
    c_name: &'static CStr,
    full: &Bound<'_, PyAny>,
    call: FastCall,
) -> PyResult<()> {
    let py = module.py();
    let text = |name: &str| -> PyResult<String> { full.getattr(name)?.extract() };
    let doc = format!("{name}{}\n--\n\n{}\0", text("__text_signature__")?, text("__doc__")?);
    // It lives as long as the function, which is as long as the process.
    let doc = Box::leak(doc.into_boxed_str());
    // SAFETY: both are pointers to functions; the flags say which kind it is, and the interpreter calls it as such.
    let call = unsafe { std::mem::transmute::<FastCall, ffi::PyCFunctionWithKeywords>(call) };
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: c_name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionWithKeywords: call },
        ml_flags: FASTCALL_KEYWORDS,
        ml_doc: doc.as_ptr().cast(),
    }));
    let module_name = module.name()?;
    // SAFETY: a definition that lives for ever, of a function of the kind that its flags tell.
    let function = unsafe { ffi::PyCFunction_NewEx(definition, module.as_ptr(), module_name.as_ptr()) };
    // SAFETY: a new reference or an error.
    module.add(name, unsafe { raw::owned(py, function)? })
}

/// Runs it with what belongs around a call from C: errors are set, panics become errors.
fn called(run: impl FnOnce(Python<'_>) -> PyResult<Raw>) -> Raw {
    // SAFETY: the interpreter calls with its lock.
    let py = unsafe { Python::assume_attached() };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(py)));
    let result = result.unwrap_or_else(|_| Err(PySystemError::new_err("libpickle panicked: this is a bug of it")));
    result.unwrap_or_else(|error| {
        error.restore(py);
        std::ptr::null_mut()
    })
}

/// The same call of the full function.
///
/// # Safety
/// The arguments are those of a call by the interpreter.
unsafe fn in_full(
    py: Python<'_>,
    full: &PyOnceLock<Py<PyAny>>,
    args: *const Raw,
    count: usize,
    names: Raw,
) -> PyResult<Raw> {
    // SAFETY: as the caller promises; borrowed references.
    let arg = |at: usize| unsafe { Bound::from_borrowed_ptr(py, *args.add(at)) };
    let positional = PyTuple::new(py, (0..count).map(arg).collect::<Vec<_>>())?;
    let mut named = None;
    if !names.is_null() {
        // SAFETY: a tuple of the names.
        let names = unsafe { Bound::from_borrowed_ptr(py, names) }.cast_into::<PyTuple>()?;
        let dict = PyDict::new(py);
        for (at, name) in names.iter().enumerate() {
            dict.set_item(name, arg(count + at))?;
        }
        named = Some(dict);
    }
    let Some(full) = full.get(py) else { return Err(PySystemError::new_err("the module is not whole yet")) };
    Ok(full.bind(py).call(positional, named.as_ref())?.into_ptr())
}

/// Whether a call has no named arguments.
fn is_unnamed(names: Raw) -> bool {
    // SAFETY: a tuple, or NULL.
    names.is_null() || unsafe { ffi::PyTuple_Size(names) } == 0
}

unsafe extern "C" fn loads(_module: Raw, args: *const Raw, count: Py_ssize_t, names: Raw) -> Raw {
    called(|py| {
        if count == 1 && is_unnamed(names) {
            // SAFETY: the one argument, which the caller holds.
            let data = unsafe { Bound::from_borrowed_ptr(py, *args) };
            if let Ok(bytes) = data.cast_exact::<PyBytes>()
                && let Some(value) = load::plain(py, bytes.as_bytes(), load::MAX_DEPTH, true)?
            {
                return Ok(value.into_ptr());
            }
        }
        // SAFETY: the interpreter's arguments.
        unsafe { in_full(py, &LOADS, args, count as usize, names) }
    })
}

unsafe extern "C" fn dumps(_module: Raw, args: *const Raw, count: Py_ssize_t, names: Raw) -> Raw {
    called(|py| {
        let named = || {
            // SAFETY: a tuple of one name.
            let name = unsafe { Bound::from_borrowed_ptr(py, ffi::PyTuple_GetItem(names, 0)) };
            name.cast_into::<PyString>().is_ok_and(|name| name == "protocol")
        };
        // One object, perhaps with the protocol, named or not.
        // SAFETY: a tuple, or NULL.
        let names_count = if names.is_null() { 0 } else { unsafe { ffi::PyTuple_Size(names) } };
        if matches!((count, names_count), (1 | 2, 0)) || (count, names_count) == (1, 1) && named() {
            // SAFETY: the arguments, which the caller holds.
            let arg = |at: usize| unsafe { Bound::from_borrowed_ptr(py, *args.add(at)) };
            let protocol = if count + names_count == 2 { Some(arg(1)) } else { None };
            let protocol = match protocol.filter(|protocol| !protocol.is_none()) {
                Some(protocol) => Some(protocol.extract()?),
                None => None,
            };
            return Ok(save::dumps(&arg(0), protocol, true, None)?.into_ptr());
        }
        // SAFETY: the interpreter's arguments.
        unsafe { in_full(py, &DUMPS, args, count as usize, names) }
    })
}
