//! A buffered reader that can look ahead and counts what it hands out.

use std::io::{self, BufRead, Read};

/// Bytes held at once; also the most that can be peeked.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// What every decompressor reads from: the bytes of the layer outside it.
///
/// An error that comes up while looking ahead is kept until the bytes before
/// it have been handed out, so that looking never changes what is read.
pub(crate) struct Source {
    inner: Box<dyn Read>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    consumed: u64,
    at_end: bool,
    pending: Option<io::Error>,
    stops_at: u64,
}

impl Source {
    /// Reads from `inner`.
    pub(crate) fn new(inner: Box<dyn Read>) -> Self {
        Source {
            inner,
            buffer: vec![0; CAPACITY].into_boxed_slice(),
            start: 0,
            end: 0,
            consumed: 0,
            at_end: false,
            pending: None,
            stops_at: 0,
        }
    }

    /// The same, of a file that has so many bytes, and STOP as its last.
    pub(crate) fn stopping_at(mut self, len: u64) -> Self {
        self.stops_at = len;
        self
    }

    /// The length of a file whose last byte is known to be STOP; 0 of every other input.
    pub(crate) fn stops_at(&self) -> u64 {
        self.stops_at
    }

    /// Bytes handed out so far: the offset of the next one.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// What is in the buffer already.
    pub(crate) fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The next `n` bytes (at most [`CAPACITY`]), fewer only where the input ends or fails before.
    pub(crate) fn peek(&mut self, n: usize) -> &[u8] {
        while self.buffered().len() < n.min(CAPACITY) && !self.at_end && self.pending.is_none() {
            if let Err(error) = self.fill() {
                self.pending = Some(error);
            }
        }
        let buffered = self.buffered();
        buffered.get(..n).unwrap_or(buffered)
    }

    /// True where the input has no byte left. An error is not an end.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek(1).is_empty() && self.pending.is_none()
    }

    /// Adds one read to the buffer.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let n = read_once(&mut self.inner, free)?;
        self.at_end = n == 0;
        self.end += n;
        Ok(())
    }
}

fn read_once(reader: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            if let Some(error) = self.pending.take() {
                return Err(error);
            }
            if !self.at_end {
                self.fill()?;
            }
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.consumed += n as u64;
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A large read into an empty buffer needs no second copy.
        if self.start == self.end && out.len() >= CAPACITY && self.pending.is_none() && !self.at_end {
            let n = read_once(&mut self.inner, out)?;
            self.at_end = n == 0;
            self.consumed += n as u64;
            return Ok(n);
        }
        let available = self.fill_buf()?;
        let n = available.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), available.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}
