//! A buffer before a sink of `std::io`.

use alloc::vec::Vec;
use embedded_io::ErrorType;
use std::io;

/// Bytes that are held before they are written.
const HELD: usize = 16 * 1024;

/// Opcodes are small and writes are not: a buffer that knows how much has been taken.
pub struct Buffered<W> {
    out: W,
    held: Vec<u8>,
    taken: u64,
}

impl<W: io::Write> Buffered<W> {
    pub fn new(out: W) -> Self {
        Buffered { out, held: Vec::with_capacity(HELD), taken: 0 }
    }

    pub fn taken(&self) -> u64 {
        self.taken
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

impl<W> ErrorType for Buffered<W> {
    type Error = io::Error;
}

impl<W: io::Write> embedded_io::Write for Buffered<W> {
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
