//! Options for reading, from the arguments that Python gives.

use crate::build::{Decode, Wanted};
use crate::real::Real;
use pickle_core::{Encoding, Heap, Options, TextInts};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ffi::CString;

/// The arguments that all readers have in common.
pub struct Reading<'py> {
    pub core: Options,
    pub max_bytes: Option<usize>,
    pub wanted: Wanted<'py>,
    pub policy: Option<Bound<'py, PyAny>>,
    pub fix_imports: bool,
}

/// The arguments as they come.
pub struct Given<'a, 'py> {
    pub encoding: Option<&'a str>,
    pub errors: &'a str,
    pub buffers: Option<Bound<'py, PyAny>>,
    pub max_bytes: Option<usize>,
    pub max_opcodes: Option<u64>,
    pub max_depth: u32,
    pub known: bool,
    pub text_ints: Option<&'a str>,
    pub policy: Option<Bound<'py, PyAny>>,
    pub fix_imports: bool,
}

fn text_ints(name: Option<&str>) -> PyResult<TextInts> {
    match name {
        None | Some("prefixed") => Ok(TextInts::Prefixed),
        Some("decimal") => Ok(TextInts::Decimal),
        Some(other) => Err(PyValueError::new_err(format!("text_ints must be 'prefixed' or 'decimal', not {other:?}"))),
    }
}

/// What the core does with Python 2 strs, and what is left to Python.
fn decoding(py: Python<'_>, encoding: Option<&str>, errors: &str) -> PyResult<(Encoding, Decode)> {
    let Some(name) = encoding else { return Ok((Encoding::Keep, Decode::Keep)) };
    if errors == "strict" {
        if name == "ASCII" {
            return Ok((Encoding::Ascii, Decode::Keep));
        }
        match name.to_ascii_lowercase().as_str() {
            "ascii" => return Ok((Encoding::Ascii, Decode::Keep)),
            "latin1" | "latin-1" | "iso-8859-1" => return Ok((Encoding::Latin1, Decode::Keep)),
            "utf-8" | "utf8" => return Ok((Encoding::Utf8, Decode::Keep)),
            _ => {}
        }
    }
    if name.eq_ignore_ascii_case("bytes") {
        return Ok((Encoding::Bytes, Decode::Keep));
    }
    let wrong =
        || PyValueError::new_err(format!("encoding must be bytes, None or a text encoding of Python, not {name:?}"));
    py.import("codecs")?.call_method1("lookup", (name,)).map_err(|_| wrong())?;
    let c = |text: &str| CString::new(text).map_err(|_| wrong());
    Ok((Encoding::Keep, Decode::Codec(c(name)?, c(errors)?)))
}

impl<'py> Reading<'py> {
    pub fn new(py: Python<'py>, given: Given<'_, 'py>) -> PyResult<Self> {
        let (encoding, decode) = decoding(py, given.encoding, given.errors)?;
        let buffers = match given.buffers {
            Some(buffers) if !buffers.is_none() => Some(buffers.try_iter()?.collect::<PyResult<Vec<_>>>()?),
            _ => None,
        };
        let policy = given.policy.filter(|policy| !policy.is_none());
        let core = Options::new()
            .encoding(encoding)
            .text_ints(text_ints(given.text_ints)?)
            .buffers(buffers.as_ref().map(|buffers| buffers.len() as u32))
            .max_opcodes(given.max_opcodes.unwrap_or(u64::MAX))
            .stop_after_build(policy.is_none());
        let wanted = Wanted {
            decode,
            buffers,
            known: given.known && policy.is_none(),
            max_depth: if policy.is_some() { u32::MAX } else { given.max_depth },
            real: None,
            persistent: None,
        };
        Ok(Reading { core, max_bytes: given.max_bytes, wanted, policy, fix_imports: given.fix_imports })
    }

    pub fn heap(&self) -> Heap {
        self.max_bytes.map_or_else(Heap::new, Heap::with_limit)
    }

    /// Real objects, by way of the policy, of a pickle in this protocol. `approved` are the pairs that were judged.
    pub fn find_classes(&mut self, py: Python<'py>, protocol: u8, approved: Option<Bound<'py, PyAny>>) -> PyResult<()> {
        if let Some(policy) = &self.policy {
            let finder = policy.call_method1("finder", (self.fix_imports && protocol < 3, protocol >= 4, approved))?;
            let known_first = policy.getattr(pyo3::intern!(py, "known_first"))?.is_truthy()?;
            self.wanted.real = Some(Real::new(finder, known_first));
        }
        Ok(())
    }
}
