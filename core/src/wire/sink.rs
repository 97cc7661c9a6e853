//! Output sinks and write errors.

use crate::Error;
use core::convert::Infallible;
use core::fmt;
use embedded_io::{ErrorType, Write};

/// Why something could not be written.
///
/// See the example of [`SliceWriter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum WriteError<E> {
    /// The sink failed.
    Io {
        /// What it says.
        error: E,
        /// Bytes that it had taken before.
        written: usize,
    },
    /// It is no pickle that was asked for. The offset is that of the opcode
    /// that cannot be written, in the output.
    Pickle(Error),
}

impl<E> From<Error> for WriteError<E> {
    fn from(error: Error) -> Self {
        WriteError::Pickle(error)
    }
}

impl<E: fmt::Display> fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Io { error, written } => write!(f, "writing failed after {written} bytes: {error}"),
            WriteError::Pickle(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for WriteError<E> {}

impl<E: fmt::Debug + fmt::Display> embedded_io::Error for WriteError<E>
where
    E: embedded_io::Error,
{
    fn kind(&self) -> embedded_io::ErrorKind {
        match self {
            WriteError::Io { error, .. } => error.kind(),
            WriteError::Pickle(_) => embedded_io::ErrorKind::InvalidInput,
        }
    }
}

/// As [`Write::write_all`], but it counts what was taken before a failure, and a sink that takes nothing is no panic.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn write_all<W: Write>(out: &mut W, data: &[u8], written: &mut usize) -> Result<(), WriteError<W::Error>> {
    // Where memory is small, the loop is enough.
    if cfg!(not(target_pointer_width = "64")) {
        return write_rest(out, data, None, written);
    }
    match out.write(data) {
        Ok(n) if n == data.len() => {
            *written += n;
            Ok(())
        }
        first => write_rest(out, data, Some(first), written),
    }
}

/// The same for two pieces, one behind the other.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn write_both<W: Write>(
    out: &mut W,
    head: &[u8],
    tail: &[u8],
    written: &mut usize,
) -> Result<(), WriteError<W::Error>> {
    if cfg!(target_pointer_width = "64") {
        write_all(out, head, written)?;
        return if tail.is_empty() { Ok(()) } else { write_all(out, tail, written) };
    }
    let (mut data, mut next) = (head, tail);
    loop {
        if data.is_empty() {
            if next.is_empty() {
                return Ok(());
            }
            data = core::mem::take(&mut next);
        }
        match out.write(data) {
            Ok(0) => return Err(sink_full(*written)),
            Ok(n) => {
                *written += n;
                data = data.get(n..).unwrap_or_default();
            }
            Err(error) => return Err(WriteError::Io { error, written: *written }),
        }
    }
}

#[cold]
fn sink_full<E>(written: usize) -> WriteError<E> {
    WriteError::Pickle(Error::new(crate::ErrorKind::SinkFull, 0, written as u64))
}

/// What is left where a sink did not take all at once; `next` is what it said to that.
#[cfg_attr(target_pointer_width = "64", cold, inline(never))]
#[cfg_attr(not(target_pointer_width = "64"), inline)]
fn write_rest<W: Write>(
    out: &mut W,
    mut data: &[u8],
    mut next: Option<Result<usize, W::Error>>,
    written: &mut usize,
) -> Result<(), WriteError<W::Error>> {
    while !data.is_empty() {
        match next.take().unwrap_or_else(|| out.write(data)) {
            Ok(0) => return Err(sink_full(*written)),
            Ok(n) => {
                *written += n;
                data = data.get(n..).unwrap_or_default();
            }
            Err(error) => return Err(WriteError::Io { error, written: *written }),
        }
    }
    Ok(())
}

/// A fixed buffer has no room left.
///
/// See the example of [`SliceWriter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BufferFull;

impl fmt::Display for BufferFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the buffer is full")
    }
}

impl core::error::Error for BufferFull {}

impl embedded_io::Error for BufferFull {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::WriteZero
    }
}

/// A sink over a fixed buffer. (That of `embedded-io`, `&mut [u8]`, works too, but forgets where it began.)
///
/// ```
/// use pickle_core::{BufferFull, Pickler, SliceWriter, WriteError};
///
/// let mut buffer = [0; 16];
/// let mut pickler = Pickler::new(SliceWriter::new(&mut buffer), 4, &mut []);
/// pickler.str("hello")?.finish()?;
/// assert_eq!(pickler.into_sink().written(), b"\x80\x04\x8c\x05hello.");
/// let mut buffer = [0; 4];
/// let full = Pickler::new(SliceWriter::new(&mut buffer), 4, &mut []).str("hello").err();
/// assert!(matches!(full, Some(WriteError::Io { error: BufferFull, .. })));
/// # Ok::<_, pickle_core::WriteError<pickle_core::BufferFull>>(())
/// ```
pub struct SliceWriter<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> SliceWriter<'b> {
    /// Writes to the start of `buffer`.
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        SliceWriter { buffer, len: 0 }
    }

    /// What was written.
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Bytes written.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl ErrorType for SliceWriter<'_> {
    type Error = BufferFull;
}

impl Write for SliceWriter<'_> {
    #[inline]
    fn write(&mut self, data: &[u8]) -> Result<usize, BufferFull> {
        let room = self.buffer.get_mut(self.len..).unwrap_or_default();
        let mut n = 0;
        for (slot, byte) in room.iter_mut().zip(data) {
            *slot = *byte;
            n += 1;
        }
        self.len += n;
        if n == 0 && !data.is_empty() { Err(BufferFull) } else { Ok(n) }
    }

    fn flush(&mut self) -> Result<(), BufferFull> {
        Ok(())
    }
}

/// A sink that only counts: how large will it be?
///
/// ```
/// use pickle_core::{ByteCounter, Pickler};
/// let mut pickler = Pickler::new(ByteCounter::new(), 4, &mut []);
/// pickler.str("hello")?;
/// pickler.finish()?;
/// assert_eq!(pickler.written(), 10);
/// # Ok::<_, pickle_core::WriteError<core::convert::Infallible>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ByteCounter {
    count: u64,
}

impl ByteCounter {
    /// A sink that has seen nothing.
    pub const fn new() -> Self {
        ByteCounter { count: 0 }
    }

    /// Bytes that were written to it.
    pub const fn count(&self) -> u64 {
        self.count
    }
}

impl ErrorType for ByteCounter {
    type Error = Infallible;
}

impl Write for ByteCounter {
    #[inline]
    fn write(&mut self, data: &[u8]) -> Result<usize, Infallible> {
        self.count += data.len() as u64;
        Ok(data.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
