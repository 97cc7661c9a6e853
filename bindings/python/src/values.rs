//! What the items of a reader become in Python.

use crate::build::{self, Decode, Made, Wanted};
use crate::options::Reading;
use pickle_core::{Document, Role};
use pyo3::prelude::*;

/// How the values of items are made, and what was made for the item before.
pub struct Values {
    decode: Decode,
    known: bool,
    max_depth: u32,
    made: Made,
}

impl Values {
    /// As the arguments of a reader want them, which have neither buffers nor a policy.
    pub fn new(reading: Reading<'_>) -> Self {
        let Wanted { decode, known, max_depth, .. } = reading.wanted;
        Values { decode, known, max_depth, made: Made::default() }
    }

    /// An item; an entry or attribute is a pair.
    pub fn item<'py>(
        &mut self,
        py: Python<'py>,
        role: Role,
        key: Option<Document<'_>>,
        value: Document<'_>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Values { known, max_depth, ref decode, ref mut made } = *self;
        let wanted = Wanted { decode: decode.clone(), buffers: None, known, max_depth, real: None, persistent: None };
        let mut make = |document: Document<'_>| build::part(py, &document, &wanted, made);
        match (role, key) {
            (Role::Entry | Role::Attribute, Some(key)) => Ok((make(key)?, make(value)?).into_pyobject(py)?.into_any()),
            _ => make(value),
        }
    }
}
