//! Copies from the file that is read to the one that is written.

use crate::Failure;
use crate::input::{Input, Part};
use crate::output::Output;
use pickle_core::known::Octets;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::rc::Rc;

/// Bytes that are copied at a time: a multiple of every number's size.
pub(super) const PIECE: usize = 1 << 20;

/// Why a copy was not finished.
pub(super) enum Trouble {
    /// The input cannot be read.
    Read(io::Error),
    /// The output cannot be written.
    Write(io::Error),
    /// Anything else.
    Other(Failure),
}

impl Trouble {
    /// The input ended where it had more before.
    pub(super) fn shorter() -> Trouble {
        Trouble::Read(io::Error::other("the input became shorter while it was read"))
    }

    /// The message about it, with the names of both files.
    pub(super) fn failure(self, input: &str, out: &Output) -> Failure {
        match self {
            Trouble::Read(source) => Failure::Input { name: input.to_owned(), source },
            Trouble::Write(error) => out.failure(error),
            Trouble::Other(failure) => failure,
        }
    }
}

/// Changes every piece before it is written.
pub(super) type Change<'c> = dyn FnMut(&mut [u8]) + 'c;

/// A mapped file: what is a slice of it is copied from the file, so that its pages are never touched.
pub(super) struct Mapped {
    base: usize,
    part: Option<Part>,
    /// What the pickle has spelled otherwise, one behind the other in a temporary file.
    spelled: RefCell<Option<Rc<File>>>,
}

impl Mapped {
    /// What an input is mapped to.
    pub(super) fn of(input: &Input) -> Mapped {
        let base = input.as_slice().map_or(0, |map| map.as_ptr() as usize);
        Mapped { base, part: input.part().cloned(), spelled: RefCell::default() }
    }

    /// Where in the file a slice lies.
    fn place(&self, bytes: &[u8]) -> Option<Part> {
        let (part, at) = (self.part.as_ref()?, (bytes.as_ptr() as usize).checked_sub(self.base)? as u64);
        let len = bytes.len() as u64;
        (at.checked_add(len)? <= part.len()).then(|| part.slice(at, len))
    }

    /// Writes bytes as they are.
    pub(super) fn copy(&self, octets: Octets<'_>, out: &mut dyn Write, change: &mut Change<'_>) -> Result<(), Trouble> {
        if let Some(part) = octets.as_slice().and_then(|bytes| self.place(bytes)) {
            return copy(&part, out, change);
        }
        let mut piece = Vec::with_capacity(PIECE.min(octets.len()));
        let mut octets = octets;
        loop {
            piece.clear();
            piece.extend(octets.by_ref().take(PIECE));
            if piece.is_empty() {
                return Ok(());
            }
            change(&mut piece);
            out.write_all(&piece).map_err(Trouble::Write)?;
        }
    }

    /// The bytes as a range of a file: of this one, or of a temporary one where the pickle has them spelled otherwise.
    pub(super) fn part(&self, octets: Octets<'_>) -> Result<Part, Trouble> {
        if let Some(part) = octets.as_slice().and_then(|bytes| self.place(bytes)) {
            return Ok(part);
        }
        let mut spelled = self.spelled.borrow_mut();
        let file = match &mut *spelled {
            Some(file) => file,
            none => none.insert(Rc::new(tempfile::tempfile().map_err(Trouble::Read)?)),
        };
        let start = file.metadata().map_err(Trouble::Read)?.len();
        let mut end = &**file;
        end.seek(SeekFrom::Start(start)).map_err(Trouble::Read)?;
        self.copy(octets, &mut end, &mut |_| {})?;
        Ok(Part::new(file.clone(), start, octets.len() as u64))
    }
}

/// Copies a range of a file. Pieces are a multiple of 16 bytes, but for the last.
pub(super) fn copy(part: &Part, out: &mut dyn Write, change: &mut Change<'_>) -> Result<(), Trouble> {
    let mut buffer = vec![0; PIECE.min(usize::try_from(part.len()).unwrap_or(PIECE))];
    let mut at = 0;
    while at < part.len() {
        let n = part.read_at(at, &mut buffer).map_err(Trouble::Read)?;
        if n == 0 {
            return Err(Trouble::shorter());
        }
        let piece = buffer.get_mut(..n).unwrap_or_default();
        change(piece);
        out.write_all(piece).map_err(Trouble::Write)?;
        at += n as u64;
    }
    Ok(())
}
