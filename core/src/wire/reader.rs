//! The pull front end: opcodes from anything that reads bytes.

use crate::{Arg, Decoder, Error, Fragment, Op, Step};
use core::fmt;
use embedded_io::Read;

/// Why [`OpReader::next`] could not go on.
///
/// See the example of [`OpReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// The reader failed.
    Io(E),
    /// The pickle is damaged or ended early.
    Pickle(Error),
}

impl<E> From<Error> for ReadError<E> {
    fn from(error: Error) -> Self {
        ReadError::Pickle(error)
    }
}

impl<E: fmt::Display> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => write!(f, "reading failed: {error}"),
            ReadError::Pickle(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for ReadError<E> {}

/// Reads opcodes from `R` through a buffer of the caller's.
///
/// An argument that fits the buffer comes whole; a longer one comes as
/// [`Fragment`]s. Nine bytes of buffer are enough for every stream.
///
/// ```
/// use pickle_core::{OpReader, ReadError, Step};
///
/// let (mut file, mut buffer) = (&b"\x80\x04K\x07"[..], [0; 16]);
/// let mut reader = OpReader::new(&mut file, &mut buffer);
/// assert!(matches!(reader.next(), Ok(Step::Op(op)) if op.opcode.name() == "PROTO"));
/// assert!(matches!(reader.next(), Ok(Step::Op(op)) if op.uint() == Some(7)));
/// // There is no STOP.
/// assert!(matches!(reader.next(), Err(ReadError::Pickle(error)) if error.kind().is_incomplete()));
/// ```
pub struct OpReader<'b, R> {
    reader: R,
    buffer: &'b mut [u8],
    start: usize,
    end: usize,
    at_eof: bool,
    decoder: Decoder,
}

/// A step whose bytes are named by their place in the buffer.
enum Place {
    Op(Op<'static>, Option<(usize, usize, bool)>),
    Fragment(Fragment<'static>, (usize, usize)),
    Raw(usize, usize),
    End,
}

impl<'b, R: Read> OpReader<'b, R> {
    /// Reads from `reader`; `buffer` bounds what is held at any time.
    pub fn new(reader: R, buffer: &'b mut [u8]) -> Self {
        OpReader { reader, buffer, start: 0, end: 0, at_eof: false, decoder: Decoder::new() }
    }

    /// The decoder: offset, frames, raw bytes.
    pub fn decoder(&mut self) -> &mut Decoder {
        &mut self.decoder
    }

    /// What has been read and is not taken yet: behind an error, what was there to see of the rest.
    ///
    /// ```
    /// use pickle_core::OpReader;
    ///
    /// let (mut file, mut buffer) = (&b"N.\n\n"[..], [0; 16]);
    /// let mut reader = OpReader::new(&mut file, &mut buffer);
    /// while !matches!(reader.next()?, pickle_core::Step::End) {}
    /// assert_eq!(reader.buffered(), b"\n\n");
    /// # Ok::<_, pickle_core::ReadError<core::convert::Infallible>>(())
    /// ```
    pub fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// True where a further pickle could begin and the input has no byte left.
    ///
    /// # Errors
    /// What the reader says.
    pub fn at_end(&mut self) -> Result<bool, R::Error> {
        if self.start == self.end && !self.at_eof {
            self.fill()?;
        }
        Ok(self.start == self.end)
    }

    /// The next opcode, fragment or piece of raw bytes; [`Step::End`] after
    /// STOP, until [`Decoder::next_pickle`]. Never [`Step::NeedMore`].
    ///
    /// # Errors
    /// What the reader says, or what is wrong with the pickle.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Step<'_>, ReadError<R::Error>> {
        let place = self.advance()?;
        let at = |from: usize, to: usize| self.buffer.get(from..to).unwrap_or_default();
        Ok(match place {
            Place::Op(op, None) => Step::Op(op),
            Place::Op(op, Some((from, to, counted))) => {
                let arg = if counted { Arg::Bytes(at(from, to)) } else { Arg::Text(at(from, to)) };
                Step::Op(Op { arg, ..op })
            }
            Place::Fragment(fragment, (from, to)) => Step::Fragment(Fragment { data: at(from, to), ..fragment }),
            Place::Raw(from, to) => Step::Raw(at(from, to)),
            Place::End => Step::End,
        })
    }

    /// Gives every opcode that lies whole in the buffer to `f`, as [`Decoder::each`] does; then [`OpReader::next`] must
    /// take over, which reads more. For callers to whom the time for an opcode matters.
    ///
    /// # Errors
    /// What is wrong with the pickle.
    pub fn each<B>(&mut self, f: impl FnMut(Op<'_>) -> Result<(), B>) -> Result<Option<B>, Error> {
        let mut input = self.buffer.get(self.start..self.end).unwrap_or_default();
        let broken = self.decoder.each(&mut input, f);
        self.start = self.end - input.len();
        broken
    }

    fn advance(&mut self) -> Result<Place, ReadError<R::Error>> {
        loop {
            let buffered = self.buffer.get(self.start..self.end).unwrap_or_default();
            let mut input = buffered;
            let whole = self.decoder.next_whole(&mut input)?;
            if whole.is_none() && self.decoder.at_start() && !self.at_eof && buffered.len() < self.buffer.len() {
                self.fill().map_err(ReadError::Io)?;
                continue;
            }
            let step = match whole {
                Some(op) => Step::Op(op),
                None => self.decoder.next(&mut input)?,
            };
            let end = self.end - input.len();
            let place = match step {
                Step::Op(Op { opcode, arg, offset }) => {
                    let op = |arg| Op { opcode, arg, offset };
                    match arg {
                        Arg::Bytes(data) => Place::Op(op(Arg::Nothing), Some((end - data.len(), end, true))),
                        // The newline that ends a text stands between it and what follows.
                        Arg::Text(data) => Place::Op(op(Arg::Nothing), Some((end - 1 - data.len(), end - 1, false))),
                        Arg::Nothing => Place::Op(op(Arg::Nothing), None),
                        Arg::Uint(n) => Place::Op(op(Arg::Uint(n)), None),
                        Arg::Int(n) => Place::Op(op(Arg::Int(n)), None),
                        Arg::Float(bits) => Place::Op(op(Arg::Float(bits)), None),
                    }
                }
                Step::Fragment(Fragment { opcode, offset, position, total, data, last }) => {
                    let end = end - usize::from(last && total.is_none());
                    let fragment = Fragment { opcode, offset, position, total, data: &[], last };
                    Place::Fragment(fragment, (end - data.len(), end))
                }
                Step::Raw(data) => Place::Raw(end - data.len(), end),
                Step::End => Place::End,
                Step::NeedMore => {
                    self.start = end;
                    if self.at_eof {
                        self.decoder.finish()?;
                        return Ok(Place::End);
                    }
                    self.fill().map_err(ReadError::Io)?;
                    continue;
                }
            };
            self.start = end;
            return Ok(place);
        }
    }

    /// Moves what is left to the front and reads once.
    fn fill(&mut self) -> Result<(), R::Error> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let n = self.reader.read(self.buffer.get_mut(self.end..).unwrap_or_default())?;
        self.at_eof = n == 0;
        self.end += n;
        Ok(())
    }
}
