//! [`Op`]s to bytes: the mirror of the decoder.

use crate::opcode::Argument;
use crate::wire::frames::{Frames, NoFrames, Place};
use crate::wire::sink::{WriteError, write_all, write_both};
use crate::{Arg, Error, ErrorKind, Fragment, Op, Opcode};
use embedded_io::Write;

/// A writer of opcodes. It holds nothing back but the frame in progress, where
/// frames are wanted at all.
///
/// What a [`Decoder`](crate::Decoder) gives, written with protocol 5 and
/// without frames of its own, is the same stream byte for byte: texts are
/// written as they were spelt, FRAME is an opcode like any other.
///
/// ```
/// use pickle_core::{Arg, Encoder, Opcode, SliceWriter};
/// let mut buffer = [0; 8];
/// let mut encoder = Encoder::new(SliceWriter::new(&mut buffer), 2);
/// encoder.op(Opcode::Proto, Arg::Uint(2))?;
/// encoder.op(Opcode::BinInt1, Arg::Uint(7))?;
/// encoder.op(Opcode::Stop, Arg::Nothing)?;
/// assert_eq!(encoder.finish()?.written(), b"\x80\x02K\x07.");
/// # Ok::<_, pickle_core::WriteError<pickle_core::BufferFull>>(())
/// ```
pub struct Encoder<W, F = NoFrames> {
    out: W,
    frames: F,
    /// Bytes that the sink has taken.
    written: usize,
    protocol: u8,
    /// The sink has failed: nothing after that would stand where it belongs.
    broken: bool,
    /// The opcode whose argument comes in pieces.
    open: Option<Opcode>,
    /// Bytes of its payload that are still to come.
    left: u64,
}

impl<W: Write> Encoder<W> {
    /// Writes to `out`, without frames, the opcodes that `protocol` has (0 to 5).
    pub const fn new(out: W, protocol: u8) -> Self {
        Encoder { out, frames: NoFrames, written: 0, protocol, broken: false, open: None, left: 0 }
    }
}

impl<W: Write, F: Frames> Encoder<W, F> {
    /// Writes to `out` in frames ([`FrameBuffer`](crate::FrameBuffer), `GrowingFrames`) where `protocol` has them, that is from 4 on.
    ///
    /// An opcode does not cross the end of a frame. Payloads of 64 KiB and
    /// more stand between frames, as CPython writes them (`_Pickler_write_bytes`), and so does what comes in pieces.
    pub fn with_frames(out: W, protocol: u8, frames: F) -> Self {
        Encoder { out, frames, written: 0, protocol, broken: false, open: None, left: 0 }
    }

    /// The protocol whose opcodes may be written.
    pub const fn protocol(&self) -> u8 {
        self.protocol
    }

    /// Bytes that the sink has taken: after a failure, how many are good.
    pub const fn written(&self) -> usize {
        self.written
    }

    /// Bytes of the pickle so far, those of the frame in progress included.
    #[inline]
    pub fn offset(&self) -> usize {
        self.written + self.frames.pending()
    }

    /// Writes one opcode.
    ///
    /// # Errors
    /// The protocol does not have the opcode, the argument is not of its kind
    /// or does not fit it: nothing is written. Or the sink fails.
    pub fn op(&mut self, opcode: Opcode, arg: Arg<'_>) -> Result<(), WriteError<W::Error>> {
        self.check(opcode)?;
        let argument = opcode.argument();
        let (number, bytes): (u64, &[u8]) = match (arg, argument) {
            (Arg::Nothing, Argument::Nothing) => (0, &[]),
            (Arg::Uint(n), Argument::U1 | Argument::U2 | Argument::U4 | Argument::U8) => (n, &[]),
            (Arg::Int(n), Argument::I4) => (u64::from(n as u32), &[]),
            (Arg::Float(bits), Argument::F8) => (bits.swap_bytes(), &[]),
            (Arg::Bytes(bytes), kind) if kind.is_counted() => (bytes.len() as u64, bytes),
            (Arg::Text(text), kind @ (Argument::Line | Argument::TwoLines)) => {
                let newlines = text.iter().filter(|&&b| b == b'\n').count();
                if newlines != usize::from(kind == Argument::TwoLines) {
                    return Err(self.fault(ErrorKind::LineBreak, opcode));
                }
                return self.emit(opcode, &[opcode.byte()], text, true);
            }
            _ => return Err(self.fault(ErrorKind::BadArgument, opcode)),
        };
        let fixed_len = argument.fixed_len();
        if fixed_len <= 1
            && let Ok(byte) = u8::try_from(number)
        {
            let head = [opcode.byte(), byte];
            return self.emit(opcode, head.get(..1 + fixed_len).unwrap_or_default(), bytes, false);
        }
        let head = self.head(opcode, number)?;
        self.emit(opcode, head.get(..1 + fixed_len).unwrap_or_default(), bytes, false)
    }

    /// Writes an opcode as it was read.
    ///
    /// # Errors
    /// As [`Encoder::op`].
    pub fn copy(&mut self, op: &Op<'_>) -> Result<(), WriteError<W::Error>> {
        self.op(op.opcode, op.arg)
    }

    /// Writes a piece of an argument as it was read. The first piece brings the opcode with it.
    ///
    /// # Errors
    /// As [`Encoder::op`]; [`ErrorKind::BadArgument`] where pieces do not follow one another.
    pub fn fragment(&mut self, fragment: &Fragment<'_>) -> Result<(), WriteError<W::Error>> {
        let Fragment { opcode, position, total, data, last, .. } = *fragment;
        if position == 0 && self.open.is_none() {
            match total {
                Some(total) => self.begin_payload(opcode, total)?,
                None => self.begin_text(opcode)?,
            }
        }
        if self.open != Some(opcode) {
            return Err(self.fault(ErrorKind::BadArgument, opcode));
        }
        self.piece(data)?;
        if last { self.end_pieces() } else { Ok(()) }
    }

    /// Begins an opcode whose payload of `total` bytes follows in pieces.
    ///
    /// # Errors
    /// As [`Encoder::op`].
    pub fn begin_payload(&mut self, opcode: Opcode, total: u64) -> Result<(), WriteError<W::Error>> {
        self.check(opcode)?;
        if !opcode.argument().is_counted() {
            return Err(self.fault(ErrorKind::BadArgument, opcode));
        }
        let head = self.head(opcode, total)?;
        self.end_frame()?;
        self.put(head.get(..1 + opcode.argument().fixed_len()).unwrap_or_default())?;
        self.open = Some(opcode);
        self.left = total;
        Ok(())
    }

    /// Begins an opcode whose text follows in pieces. The newline that ends it is written by
    /// [`Encoder::end_pieces`]; the one inside GLOBAL and INST is part of the pieces.
    ///
    /// # Errors
    /// As [`Encoder::op`].
    pub fn begin_text(&mut self, opcode: Opcode) -> Result<(), WriteError<W::Error>> {
        self.check(opcode)?;
        let newlines = match opcode.argument() {
            Argument::Line => 0,
            Argument::TwoLines => 1,
            _ => return Err(self.fault(ErrorKind::BadArgument, opcode)),
        };
        self.end_frame()?;
        self.put(&[opcode.byte()])?;
        self.open = Some(opcode);
        self.left = newlines;
        Ok(())
    }

    /// The next piece of an argument.
    ///
    /// # Errors
    /// [`ErrorKind::BadArgument`] if no argument is open or the piece goes
    /// beyond its end, [`ErrorKind::LineBreak`] for a newline too many. Or the sink fails.
    pub fn piece(&mut self, data: &[u8]) -> Result<(), WriteError<W::Error>> {
        let Some(opcode) = self.open else { return Err(self.fault(ErrorKind::BadArgument, Opcode::Stop)) };
        let (amount, kind) = match opcode.argument().is_counted() {
            true => (data.len(), ErrorKind::BadArgument),
            false => (data.iter().filter(|&&b| b == b'\n').count(), ErrorKind::LineBreak),
        };
        match self.left.checked_sub(amount as u64) {
            Some(left) => self.left = left,
            None => return Err(self.fault(kind, opcode)),
        }
        self.put(data)
    }

    /// Ends an argument that came in pieces.
    ///
    /// # Errors
    /// [`ErrorKind::BadArgument`] if bytes are missing. Or the sink fails.
    pub fn end_pieces(&mut self) -> Result<(), WriteError<W::Error>> {
        match self.open {
            Some(opcode) if self.left == 0 => {
                self.open = None;
                if opcode.argument().is_counted() { Ok(()) } else { self.put(b"\n") }
            }
            open => Err(self.fault(ErrorKind::BadArgument, open.unwrap_or(Opcode::Stop))),
        }
    }

    /// Bytes that are no pickle (joblib puts arrays between opcodes). They stand between frames.
    ///
    /// # Errors
    /// The sink fails.
    pub fn raw(&mut self, data: &[u8]) -> Result<(), WriteError<W::Error>> {
        if let Some(opcode) = self.open {
            return Err(self.fault(ErrorKind::BadArgument, opcode));
        }
        self.end_frame()?;
        self.put(data)
    }

    /// A value begins here: a frame of 64 KiB or more ends, as in `save` of CPython's pickler.
    ///
    /// # Errors
    /// The sink fails.
    #[inline]
    pub fn boundary(&mut self) -> Result<(), WriteError<W::Error>> {
        if self.frames.is_due() { self.end_frame() } else { Ok(()) }
    }

    /// Ends the frame in progress. Below four bytes it is written without a header.
    ///
    /// # Errors
    /// The sink fails.
    pub fn end_frame(&mut self) -> Result<(), WriteError<W::Error>> {
        if !self.frames.is_open() {
            return Ok(());
        }
        let result = write_all(&mut self.out, self.frames.frame(), &mut self.written);
        self.frames.clear();
        self.seal(result)
    }

    /// Ends the frame in progress, flushes the sink and gives it back.
    ///
    /// # Errors
    /// An argument in pieces has no end, or the sink fails.
    pub fn finish(mut self) -> Result<W, WriteError<W::Error>> {
        self.flush()?;
        Ok(self.out)
    }

    /// Ends the frame in progress and flushes the sink.
    ///
    /// # Errors
    /// As [`Encoder::finish`].
    pub fn flush(&mut self) -> Result<(), WriteError<W::Error>> {
        if let Some(opcode) = self.open {
            return Err(self.fault(ErrorKind::BadArgument, opcode));
        }
        self.end_frame()?;
        let result = self.out.flush().map_err(|error| WriteError::Io { error, written: self.written });
        self.seal(result)
    }

    /// The sink.
    pub fn sink(&self) -> &W {
        &self.out
    }

    /// The sink, as it is: a frame in progress is lost.
    pub fn into_sink(self) -> W {
        self.out
    }

    /// An error at the place that has been reached.
    #[cold]
    pub(crate) fn fault(&self, kind: ErrorKind, opcode: Opcode) -> WriteError<W::Error> {
        WriteError::Pickle(Error::new(kind, opcode.byte(), self.offset() as u64))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn check(&self, opcode: Opcode) -> Result<(), WriteError<W::Error>> {
        if opcode.protocol() > self.protocol {
            return Err(self.fault(ErrorKind::not_in_protocol(self.protocol), opcode));
        }
        let by_hand = F::ON && self.protocol >= 4 && opcode == Opcode::Frame;
        if by_hand || self.open.is_some() {
            return Err(self.fault(ErrorKind::BadArgument, opcode));
        }
        Ok(())
    }

    /// The opcode and the number or length behind it.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn head(&self, opcode: Opcode, number: u64) -> Result<[u8; 9], WriteError<W::Error>> {
        let limit = match opcode.argument() {
            Argument::U1 | Argument::Bytes1 => 0xff,
            Argument::U2 => 0xffff,
            Argument::U4 | Argument::I4 | Argument::Bytes4 => 0xffff_ffff,
            Argument::BytesI4 => i32::MAX as u64,
            Argument::Bytes8 => i64::MAX as u64,
            _ => u64::MAX,
        };
        if number > limit {
            return Err(self.fault(ErrorKind::TooLong, opcode));
        }
        let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
        Ok([opcode.byte(), a, b, c, d, e, f, g, h])
    }

    /// Writes an opcode that has been checked: `head` is the opcode and its fixed part.
    #[inline(always)]
    pub(crate) fn emit(
        &mut self,
        opcode: Opcode,
        head: &[u8],
        tail: &[u8],
        line: bool,
    ) -> Result<(), WriteError<W::Error>> {
        if F::ON && self.protocol >= 4 {
            match self.frames.place(opcode, head.len() + tail.len() + usize::from(line)) {
                Place::Frame => {}
                Place::NewFrame => self.end_frame()?,
                Place::Outside => {
                    self.end_frame()?;
                    return self.put_all(head, tail, line);
                }
            }
            self.frames.push(head);
            self.frames.push(tail);
            if line {
                self.frames.push(b"\n");
            }
            return Ok(());
        }
        self.put_all(head, tail, line)
    }

    #[inline(always)]
    fn put_all(&mut self, head: &[u8], tail: &[u8], line: bool) -> Result<(), WriteError<W::Error>> {
        if !line {
            return self.put_both(head, tail);
        }
        self.put_both(head, tail)?;
        self.put(b"\n")
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn put_both(&mut self, head: &[u8], tail: &[u8]) -> Result<(), WriteError<W::Error>> {
        if self.broken {
            return Err(self.broken());
        }
        let result = write_both(&mut self.out, head, tail, &mut self.written);
        self.seal(result)
    }

    /// Bytes for the sink.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn put(&mut self, data: &[u8]) -> Result<(), WriteError<W::Error>> {
        self.put_both(data, &[])
    }

    #[cold]
    #[inline(never)]
    fn broken(&self) -> WriteError<W::Error> {
        WriteError::Pickle(Error::new(ErrorKind::AfterEnd, 0, self.written as u64))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn seal(&mut self, result: Result<(), WriteError<W::Error>>) -> Result<(), WriteError<W::Error>> {
        if result.is_err() {
            self.broken = true;
        }
        result
    }
}
