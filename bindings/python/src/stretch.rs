//! Bytes at any place of a file, through a buffer.

use crate::errors;
use crate::raw::Input;
use crate::source::PIECE;
use pyo3::prelude::*;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

enum From {
    File(File),
    /// Something with `read` and, for places that do not follow, `seek`.
    Python(Py<PyAny>),
}

/// Reads once, whatever signals come meanwhile.
///
/// # Errors
/// The file cannot be read.
pub fn read(file: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Reads a file here and there. It may be used without the interpreter's lock, which it takes for files of Python's.
pub struct Stretch {
    from: From,
    /// Where the file stands.
    place: u64,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file, and bytes that it holds.
    start: u64,
    filled: usize,
}

impl Stretch {
    /// Of the name of a file, or of an open one.
    ///
    /// # Errors
    /// It cannot be opened, or is a folder.
    pub fn of(file: &Bound<'_, PyAny>) -> PyResult<Self> {
        let from = match file.extract::<std::path::PathBuf>() {
            Ok(name) => From::File(errors::open(&name)?),
            Err(_) => From::Python(file.clone().unbind()),
        };
        Ok(Stretch { from, place: 0, buffer: Vec::new(), start: 0, filled: 0 })
    }

    /// The bytes from the start of a range on, no more than lie in it: none only where it is empty or the file ends.
    ///
    /// # Errors
    /// The file cannot be read; errors of Python are in the error.
    pub fn at(&mut self, range: Range<u64>) -> io::Result<&[u8]> {
        if !(self.start..self.start + self.filled as u64).contains(&range.start) {
            let wanted = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX).min(PIECE);
            self.filled = 0;
            self.start = range.start;
            if wanted > 0 {
                self.fill(wanted)?;
            }
        }
        let from = usize::try_from(range.start - self.start).unwrap_or(usize::MAX);
        let to = usize::try_from(range.end.saturating_sub(self.start)).unwrap_or(usize::MAX).min(self.filled);
        Ok(self.buffer.get(from..to).unwrap_or_default())
    }

    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let there = self.place == self.start;
        self.filled = match &mut self.from {
            From::File(file) => {
                if !there {
                    file.seek(SeekFrom::Start(self.start))?;
                }
                self.buffer.resize(wanted.max(self.buffer.len()), 0);
                let room = self.buffer.get_mut(..wanted).unwrap_or_default();
                read(file, room)?
            }
            From::Python(file) => Python::attach(|py| -> PyResult<usize> {
                let file = file.bind(py);
                if !there {
                    file.call_method1(pyo3::intern!(py, "seek"), (self.start,))?;
                }
                let piece = file.call_method1(pyo3::intern!(py, "read"), (wanted,))?;
                let piece = Input::of(&piece)?;
                self.buffer.clear();
                self.buffer.extend_from_slice(piece.bytes());
                Ok(self.buffer.len())
            })
            .map_err(io::Error::other)?,
        };
        self.place = self.start + self.filled as u64;
        Ok(())
    }

    /// All of it, from its start.
    ///
    /// # Errors
    /// As of [`Stretch::at`].
    pub fn all(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let From::File(file) = &mut self.from {
            file.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
        loop {
            let at = bytes.len() as u64;
            let piece = self.at(at..u64::MAX)?;
            if piece.is_empty() {
                return Ok(bytes);
            }
            bytes.extend_from_slice(piece);
        }
    }
}
