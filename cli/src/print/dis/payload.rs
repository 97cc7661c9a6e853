//! One argument, in the reader's buffer or, where it does not fit, on the side.

use crate::input::Part;
use pickle_core::{Arg, Fragment, Op};
use std::io::{self, Read, Seek, SeekFrom, Write};
use tempfile::SpooledTempFile;

/// Arguments up to this many bytes are kept in memory, longer ones in a temporary file.
const IN_MEMORY: usize = 8 << 20;

/// Collects the pieces of an argument. Nothing of an opcode may be printed
/// before its argument is known to be whole and sound, and Python's quotes
/// depend on all of it, so the whole must be at hand: in a file it is read
/// again, of a stream it is put aside as it arrives, never for its declared
/// length.
pub struct Collector {
    aside: Aside,
    len: u64,
}

/// Where the bytes of an argument are.
enum Aside {
    Spool(SpooledTempFile),
    /// In the input, from this byte on.
    Input(Part, u64),
}

impl Collector {
    /// Empty; takes no memory yet. `input` is where the stream can be read again.
    pub fn new(input: Option<&Part>) -> Self {
        let aside = match input {
            Some(part) => Aside::Input(part.clone(), 0),
            None => Aside::Spool(SpooledTempFile::new(IN_MEMORY)),
        };
        Collector { aside, len: 0 }
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn add(&mut self, fragment: &Fragment<'_>) -> io::Result<()> {
        let &Fragment { opcode, offset, position, data, .. } = fragment;
        if position == 0 {
            self.len = 0;
        }
        self.len += data.len() as u64;
        match &mut self.aside {
            Aside::Input(_, start) => {
                *start = offset + Op { opcode, arg: Arg::Nothing, offset }.header_len() as u64;
                Ok(())
            }
            Aside::Spool(file) => {
                if position == 0 {
                    *file = SpooledTempFile::new(IN_MEMORY);
                }
                file.write_all(data)
            }
        }
    }

    /// What was collected.
    pub fn payload(&mut self) -> Payload<'_> {
        let to = self.len;
        Payload { bytes: Bytes::Aside(&mut self.aside), from: 0, to }
    }
}

/// The bytes of one argument, to be read more than once.
pub struct Payload<'a> {
    bytes: Bytes<'a>,
    from: u64,
    to: u64,
}

enum Bytes<'a> {
    Whole(&'a [u8]),
    Aside(&'a mut Aside),
}

impl<'a> Payload<'a> {
    /// An argument that lies whole in the input.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Payload { bytes: Bytes::Whole(bytes), from: 0, to: bytes.len() as u64 }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.to - self.from
    }

    /// The byte at an index, if there is one.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn byte(&mut self, index: u64) -> io::Result<Option<u8>> {
        if index >= self.len() {
            return Ok(None);
        }
        let mut byte = None;
        let narrow = (self.from + index, self.from + index + 1);
        self.range(narrow, |piece| {
            byte = piece.first().copied();
            Ok::<(), io::Error>(())
        })?;
        Ok(byte)
    }

    /// Without its first and last byte, as the quotes of STRING are taken off; empty where there is only one.
    pub fn inner(mut self) -> Self {
        self.from = (self.from + 1).min(self.to);
        self.to = self.to.saturating_sub(1).max(self.from);
        self
    }

    /// Gives the bytes in pieces.
    ///
    /// # Errors
    /// The temporary file cannot be read, or what `take` says.
    pub fn each<E: From<io::Error>>(&mut self, take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.range((self.from, self.to), take)
    }

    /// All of it in memory: for numbers.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        self.each(|piece| {
            all.extend_from_slice(piece);
            Ok::<(), io::Error>(())
        })?;
        Ok(all)
    }

    fn range<E: From<io::Error>>(
        &mut self,
        (from, to): (u64, u64),
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        match &mut self.bytes {
            Bytes::Whole(bytes) => take(bytes.get(from as usize..to as usize).unwrap_or_default()),
            Bytes::Aside(aside) => {
                let mut buffer = vec![0; 1 << 16];
                let mut at = from;
                while at < to {
                    let want = buffer.len().min(usize::try_from(to - at).unwrap_or(usize::MAX));
                    let piece = buffer.get_mut(..want).unwrap_or_default();
                    match aside {
                        Aside::Input(part, start) if part.read_at(*start + at, piece)? == want => {}
                        Aside::Input(..) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                        Aside::Spool(file) => {
                            file.seek(SeekFrom::Start(at))?;
                            file.read_exact(piece)?;
                        }
                    }
                    take(piece)?;
                    at += want as u64;
                }
                Ok(())
            }
        }
    }
}
