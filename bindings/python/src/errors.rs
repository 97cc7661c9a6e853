//! Errors as Python sees them: the classes are Python's, in `libpickle/_errors.py`.

use pickle_core::{Error, ErrorKind, Opcode};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use std::fs::File;
use std::io;
use std::path::Path;

fn class<'py>(py: Python<'py>, cell: &'static PyOnceLock<Py<PyType>>, name: &str) -> PyResult<Bound<'py, PyType>> {
    cell.import(py, "libpickle._errors", name).cloned()
}

/// A `libpickle.PickleError` of a kind at an offset in bytes.
pub fn failed(py: Python<'_>, kind: &str, offset: u64, text: &str) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static EMPTY: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static TEXT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static UTF8: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = match kind {
        "Empty" | "EndOfInput" => class(py, &EMPTY, "EndOfInputError"),
        "UnsupportedProtocol"
        | "BadInt"
        | "BadFloat"
        | "FloatOverflow"
        | "BadEscape"
        | "BadUnicodeEscape"
        | "BadEncoding"
        | "NegativeMemo"
        | "BadExtension" => class(py, &TEXT, "BadTextError"),
        "BadUtf8" => class(py, &UTF8, "BadUtf8Error"),
        "NotCallable" | "NotAClass" | "ArgsNotTuple" | "KwargsNotDict" | "Unhashable" => {
            class(py, &TYPE, "WrongTypeError")
        }
        _ => class(py, &CLASS, "PickleError"),
    };
    match class.and_then(|class| class.call1((text, kind, offset))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// An error of the core.
pub fn from_core(py: Python<'_>, error: Error) -> PyErr {
    let mut text = error.to_string();
    // With the message of `pickle`, which callers may match.
    match error.kind() {
        ErrorKind::Empty => text.push_str(" (Ran out of input)"),
        ErrorKind::NotAscii if matches!(error.opcode(), Some(Opcode::PersId)) => {
            text = "persistent IDs in protocol 0 must be ASCII strings".into();
        }
        ErrorKind::UnsupportedProtocol => text.push_str(" (unsupported pickle protocol)"),
        _ => {}
    }
    let kind = format!("{:?}", error.kind());
    failed(py, &kind, error.offset(), &text)
}

/// A value that cannot be read or written.
pub fn bad_value(py: Python<'_>, text: &str) -> PyErr {
    failed(py, "BadValue", 0, text)
}

/// `pickle.PicklingError`, as the `pickle` module words it.
pub fn pickling(text: String) -> PyErr {
    Python::attach(|py| {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        match CLASS.import(py, "libpickle._errors", "PicklingError") {
            Ok(class) => PyErr::from_type(class.clone(), text),
            Err(error) => error,
        }
    })
}

/// `pickle.UnpicklingError`, as the `pickle` module words it.
pub fn unpickling(text: String) -> PyErr {
    Python::attach(|py| {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        match CLASS.import(py, "libpickle._errors", "UnpicklingError") {
            Ok(class) => PyErr::from_type(class.clone(), text),
            Err(error) => error,
        }
    })
}

/// The error that the pickle names what the policy does not allow; `names` are all of them, and `report` the judge's.
pub fn refused(py: Python<'_>, names: Vec<String>, report: Bound<'_, PyAny>) -> PyErr {
    let made = || -> PyResult<Bound<'_, PyAny>> {
        py.import("libpickle._errors")?.getattr("RefusedError")?.call_method1("of", (names, report))
    };
    match made() {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// Hashing or copying would cost more than the size of the pickle pays for.
pub fn too_much(py: Python<'_>) -> PyErr {
    bad_value(py, "the pickle shares parts so often that hashing or copying them would take for ever")
}

/// Opens a file, no folder.
///
/// # Errors
/// `OSError` as `open` raises it: with the number, the text and the name.
pub fn open(name: &Path) -> PyResult<File> {
    let named = |error: io::Error| match error.raw_os_error() {
        Some(code) => {
            let text = error.to_string();
            let text = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text).to_owned();
            PyOSError::new_err((code, text, name.to_owned()))
        }
        None => error.into(),
    };
    let file = File::open(name).map_err(named)?;
    if file.metadata().map_err(named)?.is_dir() {
        // EISDIR has this number on every system that lets a folder be opened.
        return Err(PyOSError::new_err((21, "Is a directory", name.to_owned())));
    }
    Ok(file)
}
