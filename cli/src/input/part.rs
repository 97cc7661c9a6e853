//! A range of a file that is read without moving the file's own position.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

/// A range of a file. Cheap to copy; several can be read at the same time.
#[derive(Clone, Debug)]
pub struct Part {
    file: Rc<File>,
    start: u64,
    len: u64,
}

impl Part {
    /// `len` bytes from `start` on; the caller knows that they are there.
    pub fn new(file: Rc<File>, start: u64, len: u64) -> Self {
        Part { file, start, len }
    }

    /// All of a file.
    ///
    /// # Errors
    /// What the system says.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Part::new(Rc::new(file), 0, len))
    }

    /// The file and where in it the range begins.
    pub fn place(&self) -> (&Rc<File>, u64) {
        (&self.file, self.start)
    }

    /// Bytes of the range.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// No bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A range of this range, cut where this one ends: lengths in files are never trusted.
    pub fn slice(&self, offset: u64, len: u64) -> Part {
        let offset = offset.min(self.len);
        Part { file: self.file.clone(), start: self.start + offset, len: len.min(self.len - offset) }
    }

    /// Reads at an offset from the start of the range; less than asked for at its end.
    ///
    /// # Errors
    /// What the system says.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let want = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let out = out.get_mut(..want).unwrap_or_default();
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match file_read_at(&self.file, rest, self.start + offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// The bytes at an offset, fewer only at the end of the range.
    ///
    /// # Errors
    /// What the system says.
    pub fn bytes_at(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut out = vec![0; len.min(usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX))];
        let n = self.read_at(offset, &mut out)?;
        out.truncate(n);
        Ok(out)
    }

    /// Reads the range from its start to its end.
    pub fn reader(&self) -> PartReader {
        PartReader { part: self.clone(), position: 0 }
    }
}

/// Reads at an offset of a file, once.
///
/// # Errors
/// What the system says.
pub fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    file_read_at(file, out, offset)
}

#[cfg(unix)]
fn file_read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, offset)
}

#[cfg(windows)]
fn file_read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, offset)
}

/// Reads a [`Part`], with a position of its own.
#[derive(Clone, Debug)]
pub struct PartReader {
    part: Part,
    position: u64,
}

impl Read for PartReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.part.read_at(self.position, out)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for PartReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.part.len.checked_add_signed(n),
            SeekFrom::Current(n) => self.position.checked_add_signed(n),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
