//! Arrays of numpy that lie in the input: nothing of theirs is copied, and they are read-only.

use crate::raw::{self, Raw};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PySlice, PyString, PyTuple};

/// The names by which the picklers of numpy's versions call for an array.
const MODULES: [&str; 2] = ["numpy._core.numeric", "numpy.core.numeric"];

pub struct Views<'py> {
    data: Bound<'py, PyAny>,
    /// `numpy.ndarray`, once the pickle has named it.
    array: Option<Bound<'py, PyAny>>,
    /// `numpy._core.numeric._frombuffer`, likewise.
    from_buffer: Option<Bound<'py, PyAny>>,
}

impl<'py> Views<'py> {
    pub fn new(data: &Bound<'py, PyAny>) -> Self {
        Views { data: data.clone(), array: None, from_buffer: None }
    }

    /// Takes note of what the pickle has named.
    pub fn found(
        &mut self,
        module: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
        found: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let (module, name): (&Bound<'_, PyString>, &Bound<'_, PyString>) = (module.cast()?, name.cast()?);
        if *name == "ndarray" && *module == "numpy" {
            self.array = Some(found.clone());
        } else if *name == "_frombuffer" && MODULES.iter().any(|known| *module == *known) {
            self.from_buffer = Some(found.clone());
        }
        Ok(())
    }

    /// Bytes behind so many values above the mark are the items of an array: the first of the arguments of `_frombuffer`, or
    /// the last part of the state of an array.
    pub fn takes(&self, below: Raw, items: usize) -> bool {
        let is = |found: &Option<Bound<'py, PyAny>>, object: Raw| {
            found.as_ref().is_some_and(|found| std::ptr::eq(found.as_ptr(), object))
        };
        match items {
            0 => is(&self.from_buffer, below),
            // SAFETY: a live object.
            4 => is(&self.array, unsafe { ffi::Py_TYPE(below) }.cast()),
            _ => false,
        }
    }

    pub fn view(&self, from: usize, len: usize) -> PyResult<Bound<'py, PyAny>> {
        let py = self.data.py();
        let slice = PySlice::new(py, from as isize, (from + len) as isize, 1);
        // SAFETY: gives a new reference or an error.
        unsafe { raw::owned(py, ffi::PyMemoryView_FromObject(self.data.as_ptr()))? }.get_item(slice)
    }

    /// The array of such a state, in place of an empty one.
    pub fn array(&self, object: Raw, state: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = self.data.py();
        // SAFETY: a live object.
        let kind: Raw = unsafe { ffi::Py_TYPE(object) }.cast();
        let Some(array) = self.array.as_ref().filter(|array| std::ptr::eq(array.as_ptr(), kind)) else {
            return Ok(None);
        };
        let Ok(state) = state.cast_exact::<PyTuple>() else { return Ok(None) };
        if state.len() != 5 || !state.get_item(4)?.is_instance_of::<PyMemoryView>() {
            return Ok(None);
        }
        let order = if state.get_item(3)?.is_truthy()? { "F" } else { "C" };
        let kwargs = pyo3::types::PyDict::new(py);
        kwargs.set_item("shape", state.get_item(1)?)?;
        kwargs.set_item("dtype", state.get_item(2)?)?;
        kwargs.set_item("buffer", state.get_item(4)?)?;
        kwargs.set_item("order", order)?;
        // As `frombuffer` and `reshape` in one: an array that does not own its items, and not larger than they are.
        array.call((), Some(&kwargs)).map(Some)
    }
}
