//! Exactly the bytes of one pickle out of a file: what follows is left where it is, and nothing is waited for that the
//! pickle does not need.

use crate::errors;
use crate::raw::Input;
use pickle_core::{Argument, Heap, Opcode, Status, Unpickler, joblib};
use pyo3::exceptions::{PyEOFError, PyNotImplementedError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Bytes that are asked for at a time, where what is too much can be given back.
pub const PIECE: usize = 256 << 10;

/// How a file can be read.
enum Way {
    /// Too much can be given back: an open file of the system, or a BytesIO.
    Seek,
    /// One can look ahead.
    Peek,
    /// What was read is gone: opcode by opcode, frame by frame.
    Exact,
}

pub struct Source<'a, 'py> {
    file: &'a Bound<'py, PyAny>,
    way: Way,
}

impl<'a, 'py> Source<'a, 'py> {
    pub fn of(file: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        let py = file.py();
        let io = py.import(pyo3::intern!(py, "io"))?;
        let exact = |name: &str| -> PyResult<bool> { Ok(file.get_type().is(io.getattr(name)?)) };
        let seekable = || -> PyResult<bool> { file.call_method0("seekable")?.is_truthy() };
        let way = if exact("BytesIO")? {
            Way::Seek
        } else if exact("FileIO")? {
            if seekable()? { Way::Seek } else { Way::Exact }
        } else if exact("BufferedReader")? && file.getattr("raw")?.get_type().is(io.getattr("FileIO")?) {
            if seekable()? { Way::Seek } else { Way::Peek }
        } else if file.hasattr("peek")? {
            Way::Peek
        } else {
            if !file.hasattr("read")? || !file.hasattr("readline")? {
                return Err(PyTypeError::new_err("file must have 'read' and 'readline' attributes"));
            }
            Way::Exact
        };
        Ok(Source { file, way })
    }

    fn read(&self, size: usize) -> PyResult<Bound<'py, PyAny>> {
        let py = self.file.py();
        let piece = self.file.call_method1(pyo3::intern!(py, "read"), (size,))?;
        if piece.is_none() {
            // A pipe that does not wait has nothing now.
            return Err(errors::failed(py, "InputOutput", 0, "the file has no bytes now: it does not wait for them"));
        }
        Ok(piece)
    }

    /// Reads one pickle; `each` sees its bytes, piece by piece.
    pub fn pickle(&mut self, unpickler: &mut Unpickler<Heap>, mut each: impl FnMut(&[u8])) -> PyResult<()> {
        let py = self.file.py();
        let start = unpickler.offset();
        let mut size = 4096;
        loop {
            let (piece, peeked) = match self.way {
                Way::Seek => (self.read(size)?, false),
                Way::Peek => {
                    let seen = match self.file.call_method1(pyo3::intern!(py, "peek"), (PIECE,)) {
                        Ok(seen) => seen,
                        Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => {
                            self.way = Way::Exact;
                            continue;
                        }
                        Err(error) => return Err(error),
                    };
                    if seen.is_truthy()? { (seen, true) } else { (self.read(1)?, false) }
                }
                Way::Exact => return self.exact(unpickler, each),
            };
            size = (size * 4).min(PIECE);
            let input = Input::of(&piece)?;
            if input.bytes().is_empty() {
                return Err(at_end(py, unpickler, start));
            }
            let mut rest = input.bytes();
            let all = rest.len();
            let done = feed(py, unpickler, &mut rest);
            let used = all - rest.len();
            each(input.bytes().get(..used).unwrap_or_default());
            let left = rest.len();
            if peeked && used > 0 {
                self.read(used)?;
            } else if !peeked && left > 0 {
                // Backwards, from where it is.
                self.file.call_method1(pyo3::intern!(py, "seek"), (-(left as i64), 1))?;
            }
            if done? {
                return Ok(());
            }
        }
    }

    /// An opcode at a time, as C's `pickle` does: only what is certain to belong to the pickle.
    fn exact(&mut self, unpickler: &mut Unpickler<Heap>, mut each: impl FnMut(&[u8])) -> PyResult<()> {
        let py = self.file.py();
        let start = unpickler.offset();
        let mut done = false;
        let mut take = |unpickler: &mut Unpickler<Heap>, piece: &[u8]| -> PyResult<bool> {
            let mut rest = piece;
            let over = feed(py, unpickler, &mut rest)?;
            each(piece.get(..piece.len() - rest.len()).unwrap_or_default());
            Ok(over)
        };
        while !done {
            let opcode = self.some(1)?;
            let &[byte] = opcode.as_bytes() else { return Err(at_end(py, unpickler, start)) };
            done = take(unpickler, &[byte])?;
            let Some(opcode) = Opcode::from_byte(byte) else { continue };
            if done {
                break;
            }
            let argument = opcode.argument();
            let lines = match argument {
                Argument::Line => 1,
                Argument::TwoLines => 2,
                _ => 0,
            };
            for _ in 0..lines {
                let line = self.file.call_method0(pyo3::intern!(py, "readline"))?;
                let line = Input::of(&line)?;
                if line.bytes().is_empty() {
                    return Err(at_end(py, unpickler, start));
                }
                done |= take(unpickler, line.bytes())?;
            }
            let fixed = argument.fixed_len();
            if fixed == 0 {
                continue;
            }
            let head = self.some(fixed)?;
            let head = head.as_bytes();
            if head.is_empty() {
                return Err(at_end(py, unpickler, start));
            }
            done |= take(unpickler, head)?;
            if !argument.is_counted() && opcode != Opcode::Frame {
                continue;
            }
            let mut length = head.iter().rev().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
            while length > 0 && !done {
                let piece = self.some(usize::try_from(length).unwrap_or(usize::MAX).min(PIECE))?;
                let piece = piece.as_bytes();
                if piece.is_empty() {
                    return Err(at_end(py, unpickler, start));
                }
                length = length.saturating_sub(piece.len() as u64);
                done |= take(unpickler, piece)?;
            }
        }
        Ok(())
    }

    /// So many bytes, or fewer at the end of the file.
    fn some(&self, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        let py = self.file.py();
        let mut piece = self.read(size)?;
        let mut got = piece.len()?;
        while got > 0 && got < size {
            let more = self.read(size - got)?;
            if more.len()? == 0 {
                break;
            }
            got += more.len()?;
            piece = piece.add(more)?;
        }
        match piece.cast_into_exact::<PyBytes>() {
            Ok(piece) => Ok(piece),
            Err(error) => {
                let input = Input::of(&error.into_inner())?;
                Ok(PyBytes::new(py, input.bytes()))
            }
        }
    }
}

/// The pickle is over.
fn feed(py: Python<'_>, unpickler: &mut Unpickler<Heap>, rest: &mut &[u8]) -> PyResult<bool> {
    loop {
        match unpickler.feed(rest) {
            Ok(Status::Done) => return Ok(true),
            Ok(Status::Built) => joblib::take_array(unpickler, &[]).map_err(|error| errors::from_core(py, error))?,
            Ok(_) => return Ok(false),
            Err(error) => return Err(errors::from_core(py, error)),
        }
    }
}

fn at_end(py: Python<'_>, unpickler: &mut Unpickler<Heap>, start: u64) -> PyErr {
    if unpickler.opcodes() == 0 && unpickler.offset() == start {
        return PyEOFError::new_err("there is no pickle: the file is at its end (Ran out of input)");
    }
    match unpickler.finish() {
        Err(error) => errors::from_core(py, error),
        Ok(_) => errors::bad_value(py, "the file ended"),
    }
}
