//! One argument, in the reader's buffer or, where it does not fit, on the side.

use std::io::{self, Read, Seek, SeekFrom, Write};
use tempfile::SpooledTempFile;

/// Arguments up to this many bytes are kept in memory, longer ones in a temporary file.
const IN_MEMORY: usize = 8 << 20;

/// Collects the pieces of an argument. Nothing of an opcode may be printed
/// before its argument is known to be whole and sound, and Python's quotes
/// depend on all of it, so the whole must be kept; it is kept only as it
/// arrives, never for its declared length.
#[derive(Debug)]
pub struct Collector {
    file: SpooledTempFile,
    len: u64,
}

impl Collector {
    /// Empty; takes no memory yet.
    pub fn new() -> Self {
        Collector { file: SpooledTempFile::new(IN_MEMORY), len: 0 }
    }

    /// Adds a piece that begins `position` bytes into its argument.
    ///
    /// # Errors
    /// The temporary file can not be written.
    pub fn add(&mut self, position: u64, piece: &[u8]) -> io::Result<()> {
        if position == 0 {
            *self = Collector::new();
        }
        self.len += piece.len() as u64;
        self.file.write_all(piece)
    }

    /// What was collected.
    pub fn payload(&mut self) -> Payload<'_> {
        let to = self.len;
        Payload { bytes: Bytes::Spooled(&mut self.file), from: 0, to }
    }
}

/// The bytes of one argument, to be read more than once.
#[derive(Debug)]
pub struct Payload<'a> {
    bytes: Bytes<'a>,
    from: u64,
    to: u64,
}

#[derive(Debug)]
enum Bytes<'a> {
    Whole(&'a [u8]),
    Spooled(&'a mut SpooledTempFile),
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
    /// The temporary file can not be read.
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
    /// The temporary file can not be read, or what `take` says.
    pub fn each<E: From<io::Error>>(&mut self, take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.range((self.from, self.to), take)
    }

    /// All of it in memory: for numbers.
    ///
    /// # Errors
    /// The temporary file can not be read.
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
            Bytes::Spooled(file) => {
                file.seek(SeekFrom::Start(from))?;
                let mut buffer = vec![0; 1 << 16];
                let mut left = to - from;
                while left > 0 {
                    let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let piece = buffer.get_mut(..want).unwrap_or_default();
                    file.read_exact(piece)?;
                    take(piece)?;
                    left -= want as u64;
                }
                Ok(())
            }
        }
    }
}
