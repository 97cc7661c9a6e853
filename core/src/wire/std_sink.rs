//! A sink of `std::io`.

use alloc::vec::Vec;
use embedded_io::ErrorType;
use std::io;

/// Bytes that are held before they are written.
const HELD: usize = 16 * 1024;

/// A sink of `std::io`, such as a file or socket, with a buffer of 16 KiB before it: opcodes are small, and writes are not.
/// What is still held is written by `flush`, which [`Pickler::finish`](crate::Pickler::finish) calls.
///
/// ```
/// use pickle_core::{Level, Pickler, StdSink};
///
/// let (mut file, mut levels) = (std::io::Cursor::new(Vec::new()), [Level::EMPTY; 8]);
/// let mut pickler = Pickler::new(StdSink::new(&mut file), 4, &mut levels);
/// pickler.begin_list(Some(1))?.int(7)?.end()?.finish()?;
/// assert_eq!(file.into_inner(), b"\x80\x04]K\x07a.");
/// # Ok::<_, pickle_core::WriteError<std::io::Error>>(())
/// ```
pub struct StdSink<W> {
    out: W,
    held: Vec<u8>,
    taken: u64,
}

impl<W: io::Write> StdSink<W> {
    /// A sink that writes to `out`.
    pub fn new(out: W) -> Self {
        StdSink { out, held: Vec::with_capacity(HELD), taken: 0 }
    }

    /// Bytes that the writer has taken; what is held is not among them.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The writer. What is still held is lost: flush before.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write_out(&mut self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            match self.out.write(data) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.taken += n as u64;
                    data = data.get(n..).unwrap_or_default();
                }
                // A signal, not a failure.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut held = core::mem::take(&mut self.held);
        let result = self.write_out(&held);
        held.clear();
        self.held = held;
        result
    }
}

impl<W> ErrorType for StdSink<W> {
    type Error = io::Error;
}

impl<W: io::Write> embedded_io::Write for StdSink<W> {
    #[inline]
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.held.len() + data.len() > HELD {
            self.drain()?;
            if data.len() > HELD {
                self.write_out(data)?;
                return Ok(data.len());
            }
        }
        self.held.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.drain()?;
        self.out.flush()
    }
}
