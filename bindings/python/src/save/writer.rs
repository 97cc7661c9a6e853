//! `dumps`, and what a Pickler writes with.

use super::out::{Memo, Out};
use super::{Hooks, Save};
use crate::raw::{Kept, Raw};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// Writes pickles; those of one Writer share a memo until it is cleared.
#[pyclass(module = "libpickle", name = "_Writer")]
pub struct Writer {
    memo: Memo,
    #[pyo3(get)]
    protocol: u8,
    fix_imports: bool,
}

fn protocol_of(protocol: Option<i64>) -> PyResult<u8> {
    match protocol {
        None => Ok(4),
        Some(protocol) if protocol < 0 => Ok(5),
        Some(protocol) if protocol <= 5 => Ok(protocol as u8),
        Some(protocol) => Err(PyValueError::new_err(format!("pickle protocols are 0 to 5, not {protocol}"))),
    }
}

#[pymethods]
impl Writer {
    #[new]
    #[pyo3(signature = (protocol, fix_imports=true))]
    fn new(protocol: i64, fix_imports: bool) -> PyResult<Self> {
        Ok(Writer { memo: Memo::default(), protocol: protocol_of(Some(protocol))?, fix_imports })
    }

    /// Writes an object to what `write` is given, or returns the bytes.
    #[pyo3(signature = (object, write=None, *, fast=false, persistent_id=None, reducer_override=None, dispatch_table=None, buffer_callback=None))]
    #[allow(clippy::too_many_arguments)]
    fn dump<'py>(
        &mut self,
        object: &Bound<'py, PyAny>,
        write: Option<Bound<'py, PyAny>>,
        fast: bool,
        persistent_id: Option<Bound<'py, PyAny>>,
        reducer_override: Option<Bound<'py, PyAny>>,
        dispatch_table: Option<Bound<'py, PyAny>>,
        buffer_callback: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let py = object.py();
        let hooks = Hooks { persistent_id, reducer_override, dispatch_table, buffer_callback };
        let to_file = write.is_some();
        let mut save = Save {
            py,
            out: Out::new(py, Vec::new(), write),
            memo: &mut self.memo,
            protocol: self.protocol,
            fast,
            fix_imports: self.fix_imports,
            hooks,
            tasks: Vec::new(),
            nested: 0,
        };
        save.run(object)?;
        Ok(if to_file { None } else { Some(PyBytes::new(py, &save.out.bytes)) })
    }

    fn clear_memo(&mut self) {
        self.memo.clear();
    }

    #[getter]
    fn memo<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.memo.to_dict(py)
    }

    #[setter]
    fn set_memo(&mut self, memo: &Bound<'_, PyDict>) -> PyResult<()> {
        self.memo = Memo::from_dict(memo)?;
        Ok(())
    }

    fn __traverse__(&self, visit: pyo3::gc::PyVisit<'_>) -> Result<(), pyo3::gc::PyTraverseError> {
        for object in self.memo.objects() {
            // SAFETY: a live object, borrowed for the visit: `Py` is a pointer that is not null.
            let object = unsafe { std::mem::transmute::<Raw, std::mem::ManuallyDrop<Py<PyAny>>>(object) };
            visit.call(&*object)?;
        }
        Ok(())
    }

    fn __clear__(&mut self) {
        self.memo.clear();
    }
}

/// Memory of up to so many bytes is kept for the next pickle.
const KEPT: usize = 1 << 20;

static SPARE: Kept<Box<(Vec<u8>, Memo)>> = Kept::new();

/// Writes any value that can be pickled, and Records as the objects that they stand for.
#[pyfunction]
#[pyo3(signature = (obj, protocol=None, *, fix_imports=true, buffer_callback=None))]
pub fn dumps<'py>(
    obj: &Bound<'py, PyAny>,
    protocol: Option<i64>,
    fix_imports: bool,
    buffer_callback: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = obj.py();
    let protocol = match protocol {
        None => default_protocol(py)?,
        given => protocol_of(given)?,
    };
    let buffer_callback = buffer_callback.filter(|callback| !callback.is_none());
    if buffer_callback.is_some() && protocol < 5 {
        return Err(PyValueError::new_err("buffer_callback needs protocol >= 5"));
    }
    let mut spare = SPARE.take(py).unwrap_or_default();
    let (bytes, memo) = &mut *spare;
    let hooks = Hooks { persistent_id: None, reducer_override: None, dispatch_table: None, buffer_callback };
    let mut save = Save {
        py,
        out: Out::new(py, std::mem::take(bytes), None),
        memo,
        protocol,
        fast: false,
        fix_imports,
        hooks,
        tasks: Vec::new(),
        nested: 0,
    };
    let done = save.run(obj);
    let mut written = std::mem::take(&mut save.out.bytes);
    drop(save);
    memo.clear();
    let result = done.map(|()| PyBytes::new(py, &written));
    if written.capacity() <= KEPT {
        written.clear();
        *bytes = written;
    }
    SPARE.put(py, spare);
    result
}

fn default_protocol(py: Python<'_>) -> PyResult<u8> {
    static DEFAULT: pyo3::sync::PyOnceLock<u8> = pyo3::sync::PyOnceLock::new();
    DEFAULT
        .get_or_try_init(py, || -> PyResult<u8> { py.import("pickle")?.getattr("DEFAULT_PROTOCOL")?.extract() })
        .copied()
}
