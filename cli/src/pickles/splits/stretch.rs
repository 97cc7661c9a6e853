//! Bytes of a file at any place, through a buffer.

use crate::input::read_at;
use crate::pieces::PIECE;
use std::fs::File;
use std::io;
use std::ops::Range;

/// Reads a file here and there. The file's own position stays.
pub(super) struct Stretch<'f> {
    file: &'f File,
    len: u64,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file, and bytes that it holds.
    start: u64,
    filled: usize,
}

impl<'f> Stretch<'f> {
    pub fn new(file: &'f File, len: u64) -> Self {
        Stretch { file, len, buffer: Vec::new(), start: 0, filled: 0 }
    }

    /// The bytes from the start of a range on, no more than lie in it: none only where it is empty or the file ends.
    pub fn at(&mut self, range: Range<u64>) -> io::Result<&[u8]> {
        let end = range.end.min(self.len);
        if !(self.start..self.start + self.filled as u64).contains(&range.start) {
            self.start = range.start;
            self.filled = 0;
            let wanted = usize::try_from(end.saturating_sub(range.start)).unwrap_or(usize::MAX).min(PIECE);
            if wanted > self.buffer.len() {
                self.buffer.resize(wanted, 0);
            }
            while self.filled < wanted {
                let room = self.buffer.get_mut(self.filled..wanted).unwrap_or_default();
                match read_at(self.file, room, self.start + self.filled as u64) {
                    Ok(0) => break,
                    Ok(n) => self.filled += n,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let from = usize::try_from(range.start - self.start).unwrap_or(usize::MAX);
        let to = usize::try_from(end.saturating_sub(self.start)).unwrap_or(usize::MAX).min(self.filled);
        Ok(self.buffer.get(from..to).unwrap_or_default())
    }
}
