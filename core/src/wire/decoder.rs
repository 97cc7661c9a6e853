//! Bytes to [`Op`]s: a state machine of constant size.

use crate::opcode::Argument;
use crate::wire::grammar::{self, Fault};
use crate::wire::op;
use crate::{Arg, Error, ErrorKind, Fragment, Op, Opcode};
use heapless::Vec;

/// What one call of [`Decoder::next`] found.
///
/// See the example of [`Decoder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Without it, `Option<u64>` of a fragment would tell the variants apart: two registers to compare.
#[cfg_attr(target_pointer_width = "32", repr(u8))]
pub enum Step<'i> {
    /// An opcode with its whole argument.
    Op(Op<'i>),
    /// A piece of an argument that does not lie whole in this input.
    Fragment(Fragment<'i>),
    /// Bytes that are no pickle, asked for with [`Decoder::take_raw`].
    Raw(&'i [u8]),
    /// All input is used up; call again with the bytes that follow.
    NeedMore,
    /// The pickle is over: STOP was given and its frame has passed. What
    /// follows in the input belongs to the caller.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before an opcode.
    Opcode,
    /// The carry holds an opcode and part of its fixed argument.
    Header,
    /// Inside a counted payload.
    Payload,
    /// Inside a text, this many newlines before its end.
    Text(u8),
    /// Passing raw bytes on.
    Raw,
    /// After STOP, with the rest of its frame still to pass.
    Trailing,
    /// After STOP.
    Ended,
    /// After an error.
    Failed,
}

/// A reader of opcodes. It holds no input: 64 bytes of state on a 32-bit
/// target, the carry of at most nine bytes included.
///
/// Feed it pieces of any size. The sequence of opcodes, the error and its
/// offset do not depend on how the input was cut. An argument that lies whole
/// in the input is borrowed from it; one that does not comes as [`Fragment`]s.
///
/// Frames are enforced as CPython 3.13.15, 3.14.7 and 3.15 do
/// (`_Unpickler_Read` in `_pickle.c`): an argument may not cross the end of
/// its frame, and a frame begins only where none is open. As CPython's
/// `loads`, it wants the whole last frame to be there.
///
/// ```
/// use pickle_core::{Arg, Decoder, Opcode, Step};
///
/// // pickle.dumps("hello"), in two pieces
/// let (mut decoder, mut first, mut second) = (Decoder::new(), &b"\x80\x04\x8c\x05hel"[..], &b"lo."[..]);
/// assert!(matches!(decoder.next(&mut first)?, Step::Op(op) if op.arg == Arg::Uint(4)));
/// assert!(matches!(decoder.next(&mut first)?, Step::Fragment(fragment) if fragment.data == b"hel"));
/// assert_eq!(decoder.next(&mut first)?, Step::NeedMore);
/// assert!(matches!(decoder.next(&mut second)?, Step::Fragment(fragment) if fragment.last));
/// assert!(matches!(decoder.next(&mut second)?, Step::Op(op) if op.opcode == Opcode::Stop));
/// assert_eq!(decoder.next(&mut second)?, Step::End);
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    /// Offset of the next input byte.
    offset: u64,
    /// Offset at which the current frame ends; not above `offset`, or `NO_FRAME`, when none is open.
    frame_end: u64,
    /// Offset of the opcode in progress.
    op_offset: u64,
    /// Length of the payload in progress; of the raw bytes still to pass.
    total: u64,
    /// Bytes of the payload or text in progress that were already given.
    done: u64,
    state: State,
    /// Frames and the protocol are not enforced; set for the life of the decoder.
    lenient: bool,
    failure: Option<Error>,
    /// The opcode in progress and its fixed argument so far.
    carry: Vec<u8, 9, u8>,
}

// What the documentation promises, the carry included.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Decoder>() <= 64 && size_of::<Error>() == 8);

/// Above every offset: no opcode ends behind it.
const NO_FRAME: u64 = u64::MAX;

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at offset 0, before the first opcode.
    pub const fn new() -> Self {
        Decoder {
            offset: 0,
            frame_end: NO_FRAME,
            op_offset: 0,
            total: 0,
            done: 0,
            state: State::Opcode,
            lenient: false,
            failure: None,
            carry: Vec::new(),
        }
    }

    /// A decoder that neither enforces frames nor refuses protocols above 5:
    /// FRAME and PROTO are opcodes like any other. For tools that show or judge
    /// a stream as `pickletools.genops` reads it, never for loading.
    ///
    /// ```
    /// use pickle_core::{Decoder, Opcode, Step};
    /// let mut input = &b"\x80\x09N."[..];
    /// assert!(Decoder::new().next(&mut input.clone()).is_err());
    /// let Ok(Step::Op(op)) = Decoder::lenient().next(&mut input) else { panic!() };
    /// assert_eq!((op.opcode, op.uint()), (Opcode::Proto, Some(9)));
    /// ```
    pub const fn lenient() -> Self {
        let mut decoder = Decoder::new();
        decoder.lenient = true;
        decoder
    }

    /// Bytes consumed since [`Decoder::new`].
    #[inline]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes left of the current frame; 0 outside frames.
    pub const fn frame_left(&self) -> u64 {
        if self.frame_end == NO_FRAME { 0 } else { self.frame_end.saturating_sub(self.offset) }
    }

    /// Begins another pickle of the same stream. Offsets go on counting.
    pub fn next_pickle(&mut self) {
        self.restart_at(self.offset);
    }

    /// Begins another pickle at this offset, after bytes that the caller has passed over.
    pub fn restart_at(&mut self, offset: u64) {
        *self = Decoder { offset, lenient: self.lenient, ..Decoder::new() };
    }

    /// A decoder in the middle of a pickle, before an opcode; a frame is open up to `frame_end`.
    #[cfg(feature = "alloc")]
    pub(crate) const fn resumed(offset: u64, frame_end: u64) -> Self {
        let mut decoder = Decoder::new();
        decoder.offset = offset;
        decoder.frame_end = frame_end;
        decoder
    }

    /// The next `len` bytes are no pickle (joblib puts arrays between
    /// opcodes): they come as [`Step::Raw`], then opcodes go on.
    ///
    /// # Errors
    /// [`ErrorKind::RawInFrame`] in the middle of an opcode or of a frame.
    pub fn take_raw(&mut self, len: u64) -> Result<(), Error> {
        if self.state != State::Opcode || self.frame_left() != 0 {
            return Err(self.fail_byte(ErrorKind::RawInFrame, 0, self.offset));
        }
        if len != 0 {
            self.state = State::Raw;
            self.total = len;
        }
        Ok(())
    }

    /// The next opcode, or as much as there is. `input` moves past what was
    /// consumed.
    ///
    /// Call it until it says [`Step::NeedMore`] or [`Step::End`], also when the input is used up: [`Step::End`] takes a
    /// call of its own, and a loop that stops as soon as `input` is empty learns of the end of a pickle only when the
    /// next one arrives. [`Decoder::ended`] tells it without a call.
    ///
    /// ```
    /// use pickle_core::{Decoder, Step};
    /// let (mut decoder, mut ops, mut pickles) = (Decoder::new(), 0, 0);
    /// // Two pickles; the first piece ends with the first one.
    /// for mut piece in [&b"\x80\x02N."[..], b"K\x01", b"."] {
    ///     loop {
    ///         match decoder.next(&mut piece)? {
    ///             Step::NeedMore => break,
    ///             Step::End => {
    ///                 pickles += 1;
    ///                 decoder.next_pickle();
    ///             }
    ///             _ => ops += 1,
    ///         }
    ///     }
    ///     assert_eq!(pickles == 0, ops == 0);
    /// }
    /// assert_eq!((ops, pickles), (5, 2));
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The stream is damaged, at the offset of the opcode that fails. The
    /// decoder stays in the error until [`Decoder::next_pickle`].
    #[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, Error> {
        // Byte by byte is slower and says the same: on a small machine, one parser is enough.
        if FAST && let Some(op) = self.next_whole(input)? {
            return Ok(Step::Op(op));
        }
        self.next_part(input)
    }

    /// The next opcode if all of it lies in the input; otherwise `None`, and
    /// nothing is consumed. For callers that can bring more input to the same
    /// place, as [`OpReader`](crate::OpReader) does.
    ///
    /// # Errors
    /// As [`Decoder::next`].
    #[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
    pub fn next_whole<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Op<'i>>, Error> {
        if self.state != State::Opcode {
            return Ok(None);
        }
        let Some(&byte) = input.first() else { return Ok(None) };
        let Some(opcode) = Opcode::from_byte(byte) else {
            return Err(self.fail_byte(ErrorKind::UnknownOpcode, byte, self.offset));
        };
        self.next_as(opcode, input)
    }

    /// The same where the caller has seen which opcode is next: with a constant, straight code.
    #[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
    pub(crate) fn next_as<'i>(&mut self, opcode: Opcode, input: &mut &'i [u8]) -> Result<Option<Op<'i>>, Error> {
        if self.state != State::Opcode {
            return Ok(None);
        }
        match cut(opcode, input, self.offset, self.frame_end) {
            Cut::Op(op, rest) => {
                self.offset += (input.len() - rest.len()) as u64;
                *input = rest;
                self.after(opcode, op.arg)?;
                Ok(Some(op))
            }
            Cut::Incomplete => Ok(None),
            Cut::Fault(kind) => Err(self.fail_byte(kind, opcode.byte(), self.offset)),
        }
    }

    /// Gives every opcode that lies whole in the input to `f`, in the fastest
    /// loop there is, until `f` breaks off: the opcode at which it did is not
    /// consumed. Ends behind STOP, and where [`Decoder::next`] must take over.
    ///
    /// # Errors
    /// As [`Decoder::next`].
    #[inline]
    pub fn each<'i, B>(
        &mut self,
        input: &mut &'i [u8],
        f: impl FnMut(Op<'i>) -> Result<(), B>,
    ) -> Result<Option<B>, Error> {
        struct Call<F>(F);
        impl<'i, B, F: FnMut(Op<'i>) -> Result<(), B>> Sink<'i> for Call<F> {
            type Break = B;
            fn op(&mut self, op: Op<'i>) -> Result<(), B> {
                (self.0)(op)
            }
        }
        self.drain::<_, false>(input, &mut Call(f))
    }

    /// [`Decoder::each`] for a sink whose work is worth a copy of it for each
    /// of the `UNROLLED` frequent opcodes.
    #[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
    pub(crate) fn drain<'i, S: Sink<'i>, const UNROLLED: bool>(
        &mut self,
        input: &mut &'i [u8],
        sink: &mut S,
    ) -> Result<Option<S::Break>, Error> {
        if self.state != State::Opcode {
            return Ok(None);
        }
        let mut rest = *input;
        // The place in the stream is known by what is left of this input.
        let stream_end = self.offset + rest.len() as u64;
        let mut frame_end = self.frame_end;
        let (mut broken, mut fault) = (None, None);
        macro_rules! one {
            ($opcode:expr) => {{
                let opcode = $opcode;
                let offset = stream_end - rest.len() as u64;
                match cut(opcode, rest, offset, frame_end) {
                    Cut::Op(op, after) => {
                        if matches!(opcode, Opcode::Frame | Opcode::Proto | Opcode::Stop) {
                            self.offset = stream_end - after.len() as u64;
                            if let Err(error) = self.after(opcode, op.arg) {
                                fault = Some(error);
                                break;
                            }
                            frame_end = self.frame_end;
                        }
                        if let Err(broke) = sink.op(op) {
                            self.state = State::Opcode;
                            broken = Some(broke);
                            break;
                        }
                        rest = after;
                        if matches!(opcode, Opcode::Stop) {
                            break;
                        }
                    }
                    Cut::Incomplete => break,
                    Cut::Fault(kind) => {
                        fault = Some(self.fail_byte(kind, opcode.byte(), offset));
                        break;
                    }
                }
            }};
        }
        macro_rules! dispatch {
            ($opcode:ident, $($name:ident)*) => {
                // With the opcode a constant, its argument and what is done with it become straight code.
                match $opcode {
                    $( Opcode::$name => one!(Opcode::$name), )*
                    rare => one!(rare),
                }
            };
        }
        while let Some(&byte) = rest.first() {
            let Some(opcode) = Opcode::from_byte(byte) else {
                let offset = stream_end - rest.len() as u64;
                fault = Some(self.fail_byte(ErrorKind::UnknownOpcode, byte, offset));
                break;
            };
            // A copy for every opcode is worth its size only where memory is large,
            // and its compile time (minutes for every test) only where speed counts.
            if UNROLLED && cfg!(all(target_pointer_width = "64", not(debug_assertions))) {
                dispatch!(opcode, Mark EmptyTuple BinFloat BinInt BinInt1 BinInt2 None ShortBinUnicode BinUnicode
                    EmptyList Append Appends BinGet LongBinGet BinPut LongBinPut Tuple SetItems SetItem EmptyDict
                    NewObj Build Tuple1 Tuple2 Tuple3 NewTrue NewFalse Memoize ShortBinBytes BinBytes Long1 Int Float
                    Get Put Unicode Reduce);
            } else {
                one!(opcode)
            }
        }
        *input = rest;
        self.offset = stream_end - rest.len() as u64;
        fault.map_or(Ok(broken), Err)
    }

    /// Tells the decoder that nothing follows.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`], [`ErrorKind::EndOfInput`] or
    /// [`ErrorKind::Truncated`] unless the pickle has ended.
    pub fn finish(&mut self) -> Result<(), Error> {
        let kind = match self.state {
            State::Ended => return Ok(()),
            State::Trailing if self.frame_left() == 0 => return Ok(()),
            State::Failed => return Err(self.failed()),
            State::Opcode if self.offset == 0 => ErrorKind::Empty,
            State::Opcode => ErrorKind::EndOfInput,
            _ => ErrorKind::Truncated,
        };
        let byte = match self.state {
            State::Header | State::Payload | State::Text(_) => self.carry.first().copied().unwrap_or(0),
            _ => 0,
        };
        Err(self.fail_byte(kind, byte, self.offset))
    }

    /// Goes past whole opcodes, none of them PROTO, FRAME or STOP, that the caller has read itself.
    #[cfg(feature = "verdict")]
    pub(crate) fn pass(&mut self, bytes: u64) {
        self.offset += bytes;
    }

    /// True before the first byte of a pickle, where input may end.
    pub fn at_start(&self) -> bool {
        self.state == State::Opcode
    }

    /// True once STOP and the rest of its frame have passed.
    pub fn ended(&self) -> bool {
        self.state == State::Ended || (self.state == State::Trailing && self.frame_left() == 0)
    }

    /// The same, where the argument does not lie whole in the input.
    #[cold]
    #[inline(never)]
    pub(crate) fn next_part<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, Error> {
        let (opcode, argument, fixed) = match self.state {
            State::Opcode => {
                let Some((&byte, rest)) = input.split_first() else { return Ok(Step::NeedMore) };
                self.op_offset = self.offset;
                let Some(opcode) = Opcode::from_byte(byte) else {
                    return Err(self.fail_byte(ErrorKind::UnknownOpcode, byte, self.op_offset));
                };
                let argument = Argument::of(byte);
                let fixed_len = argument.fixed_len();
                let end = self.op_offset + 1 + fixed_len as u64;
                if end > self.frame_end {
                    self.leave_frame(opcode, self.op_offset + 1)?;
                }
                let Some((fixed, rest)) = rest.split_at_checked(fixed_len) else {
                    // The capacity is the longest header, and this one is longer than what there is of it.
                    self.carry.clear();
                    let _ = self.carry.extend_from_slice(input);
                    self.offset += input.len() as u64;
                    self.state = State::Header;
                    *input = &[];
                    return Ok(Step::NeedMore);
                };
                *input = rest;
                self.offset = end;
                (opcode, argument, fixed)
            }
            State::Header => {
                let opcode = self.opcode();
                let argument = opcode.argument();
                let missing = (1 + argument.fixed_len()).saturating_sub(self.carry.len());
                let next = take_at_most(input, missing as u64);
                self.offset += next.len() as u64;
                let _ = self.carry.extend_from_slice(next);
                if next.len() != missing {
                    return Ok(Step::NeedMore);
                }
                self.state = State::Opcode;
                (opcode, argument, self.carry.get(1..).unwrap_or_default())
            }
            _ => return self.between(input),
        };
        let number = little_endian(fixed);
        let arg = match argument {
            Argument::Nothing => {
                if opcode == Opcode::Stop {
                    self.state = State::Trailing;
                }
                Arg::Nothing
            }
            Argument::U1 | Argument::U2 | Argument::U4 | Argument::U8 => {
                if matches!(opcode, Opcode::Proto | Opcode::Frame) {
                    self.after(opcode, Arg::Uint(number))?;
                }
                Arg::Uint(number)
            }
            Argument::I4 => Arg::Int(number as u32 as i32),
            Argument::F8 => Arg::Float(number.swap_bytes()),
            Argument::Line | Argument::TwoLines => {
                self.begin_argument(opcode, self.offset, State::Text(1 + u8::from(argument == Argument::TwoLines)));
                return self.between(input);
            }
            Argument::Bytes1 | Argument::Bytes4 | Argument::BytesI4 | Argument::Bytes8 => {
                if argument != Argument::Bytes1
                    && let Some(kind) = grammar::bad_length(argument, number)
                {
                    return Err(self.fail_byte(kind, opcode.byte(), self.op_offset));
                }
                let end = self.offset + number;
                if end > self.frame_end {
                    self.leave_frame(opcode, self.offset)?;
                }
                let Some((data, rest)) = usize::try_from(number).ok().and_then(|len| input.split_at_checked(len))
                else {
                    self.begin_argument(opcode, number, State::Payload);
                    return self.between(input);
                };
                *input = rest;
                self.offset = end;
                Arg::Bytes(data)
            }
        };
        Ok(Step::Op(Op { opcode, arg, offset: self.op_offset }))
    }

    /// What is no opcode: the rest of an argument, raw bytes, the end.
    #[inline(never)]
    fn between<'i>(&mut self, input: &mut &'i [u8]) -> Result<Step<'i>, Error> {
        match self.state {
            State::Text(newlines) => self.text(input, newlines),
            State::Raw => {
                let data = take_at_most(input, self.total);
                if data.is_empty() {
                    return Ok(Step::NeedMore);
                }
                self.offset += data.len() as u64;
                self.total -= data.len() as u64;
                if self.total == 0 {
                    self.state = State::Opcode;
                }
                Ok(Step::Raw(data))
            }
            State::Trailing => {
                self.offset += take_at_most(input, self.frame_left()).len() as u64;
                if self.frame_left() != 0 {
                    return Ok(Step::NeedMore);
                }
                self.state = State::Ended;
                Ok(Step::End)
            }
            State::Ended => Ok(Step::End),
            State::Failed => Err(self.failed()),
            State::Payload | State::Opcode | State::Header => {
                let left = self.total - self.done;
                let data = take_at_most(input, left);
                if data.is_empty() && left != 0 {
                    return Ok(Step::NeedMore);
                }
                self.offset += data.len() as u64;
                Ok(self.part(data, data.len() as u64 == left, Some(self.total)))
            }
        }
    }

    /// What there is to know of an argument that may come in pieces.
    fn begin_argument(&mut self, opcode: Opcode, total: u64, state: State) {
        self.carry.clear();
        let _ = self.carry.push(opcode.byte());
        (self.total, self.done, self.state) = (total, 0, state);
    }

    /// The opcode in progress, which the carry begins with.
    fn opcode(&self) -> Opcode {
        self.carry.first().and_then(|&byte| Opcode::from_byte(byte)).unwrap_or(Opcode::Stop)
    }

    /// The three opcodes that speak to the decoder itself.
    #[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
    fn after(&mut self, opcode: Opcode, arg: Arg<'_>) -> Result<(), Error> {
        match opcode {
            Opcode::Frame => self.begin_frame(arg),
            Opcode::Proto => self.check_protocol(arg),
            Opcode::Stop => {
                self.state = State::Trailing;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn text<'i>(&mut self, input: &mut &'i [u8], mut newlines: u8) -> Result<Step<'i>, Error> {
        let mut end = 0;
        let found = loop {
            let rest = input.get(end..).unwrap_or_default();
            let newline = grammar::find_newline(rest);
            end += newline.map_or(rest.len(), |at| at + 1);
            // `total` is the offset at which this line began.
            let line_end = self.offset + end as u64;
            if self.total < self.frame_end && line_end + u64::from(newline.is_none()) > self.frame_end {
                return Err(self.fail_byte(ErrorKind::FrameStraddle, self.opcode().byte(), self.op_offset));
            }
            match newline {
                Some(_) if newlines > 1 => {
                    newlines -= 1;
                    self.total = line_end;
                }
                found => break found.is_some(),
            }
        };
        if end == 0 {
            return Ok(Step::NeedMore);
        }
        let consumed = take_at_most(input, end as u64);
        self.offset += end as u64;
        self.state = State::Text(newlines);
        let data = if found { consumed.split_last().map_or(consumed, |(_, text)| text) } else { consumed };
        Ok(self.part(data, found, None))
    }

    /// Gives a piece of the argument in progress, or the whole where it came in one.
    fn part<'i>(&mut self, data: &'i [u8], last: bool, total: Option<u64>) -> Step<'i> {
        let opcode = self.opcode();
        let position = self.done;
        self.done += data.len() as u64;
        if last {
            self.state = State::Opcode;
        }
        if last && position == 0 {
            let arg = if total.is_some() { Arg::Bytes(data) } else { Arg::Text(data) };
            return Step::Op(Op { opcode, arg, offset: self.op_offset });
        }
        Step::Fragment(Fragment { opcode, offset: self.op_offset, position, total, data, last })
    }

    fn begin_frame(&mut self, arg: Arg<'_>) -> Result<(), Error> {
        let Arg::Uint(len) = arg else { return Ok(()) };
        if self.lenient {
            return Ok(());
        }
        let at = self.offset - 9;
        if self.frame_left() != 0 {
            return Err(self.fail_byte(ErrorKind::FrameNested, Opcode::Frame.byte(), at));
        }
        if len > i64::MAX as u64 {
            return Err(self.fail_byte(ErrorKind::LengthTooLarge, Opcode::Frame.byte(), at));
        }
        self.frame_end = self.offset.saturating_add(len);
        Ok(())
    }

    fn check_protocol(&mut self, arg: Arg<'_>) -> Result<(), Error> {
        match arg {
            Arg::Uint(protocol) if protocol > 5 && !self.lenient => {
                Err(self.fail_byte(ErrorKind::UnsupportedProtocol, Opcode::Proto.byte(), self.offset - 2))
            }
            _ => Ok(()),
        }
    }

    /// A part of an opcode ends behind the frame: it must begin there, too.
    #[cold]
    #[inline(never)]
    fn leave_frame(&mut self, opcode: Opcode, part: u64) -> Result<(), Error> {
        if part < self.frame_end {
            return Err(self.fail_byte(ErrorKind::FrameStraddle, opcode.byte(), self.op_offset));
        }
        self.frame_end = NO_FRAME;
        Ok(())
    }

    /// Where the opcode begins that is next or in progress.
    pub(crate) fn op_offset(&self) -> u64 {
        if self.state == State::Opcode { self.offset } else { self.op_offset }
    }

    /// Makes an error of somebody who reads the opcodes the decoder's own.
    pub(crate) fn refuse(&mut self, kind: ErrorKind, byte: u8, offset: u64) -> Error {
        self.fail_byte(kind, byte, offset)
    }

    fn failed(&self) -> Error {
        self.failure.unwrap_or(Error::new(ErrorKind::AfterEnd, 0, self.offset))
    }

    #[cold]
    #[inline(never)]
    fn fail_byte(&mut self, kind: ErrorKind, byte: u8, offset: u64) -> Error {
        let error = Error::new(kind, byte, offset);
        self.state = State::Failed;
        self.failure = Some(error);
        error
    }
}

/// Opcodes that lie whole in the input are cut off it in a loop of their own.
pub(crate) const FAST: bool = cfg!(target_pointer_width = "64");

/// Who takes opcodes; an error ends the loop.
pub(crate) trait Sink<'i> {
    type Break;
    fn op(&mut self, op: Op<'i>) -> Result<(), Self::Break>;
}

/// What lies at the start of some input.
enum Cut<'i> {
    /// An opcode, and what follows it.
    Op(Op<'i>, &'i [u8]),
    Incomplete,
    Fault(ErrorKind),
}

/// Cuts the opcode at the start of `input` off it.
#[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
fn cut<'i>(opcode: Opcode, input: &'i [u8], offset: u64, frame_end: u64) -> Cut<'i> {
    let (rest, arg) = match grammar::argument(opcode, input.get(1..).unwrap_or_default()) {
        Ok(found) => found,
        Err(nom::Err::Incomplete(_)) => return Cut::Incomplete,
        Err(nom::Err::Error(Fault(kind)) | nom::Err::Failure(Fault(kind))) => {
            // The length is at fault; that it crosses the end of its frame is seen before it is read.
            let end = offset + 1 + opcode.argument().fixed_len() as u64;
            let crosses = straddles(opcode, Arg::Nothing, offset, end, frame_end);
            return Cut::Fault(if crosses { ErrorKind::FrameStraddle } else { kind });
        }
    };
    let end = offset + (input.len() - rest.len()) as u64;
    // Rare: the frame ends inside this opcode, which is legal between its parts.
    if end > frame_end && offset < frame_end && straddles(opcode, arg, offset, end, frame_end) {
        return Cut::Fault(ErrorKind::FrameStraddle);
    }
    Cut::Op(Op { opcode, arg, offset }, rest)
}

/// CPython reads an opcode in parts, and only a part may not cross the end of a frame.
#[cold]
#[inline(never)]
fn straddles(opcode: Opcode, arg: Arg<'_>, offset: u64, end: u64, frame_end: u64) -> bool {
    let fixed_end = offset + 1 + opcode.argument().fixed_len() as u64;
    let middle = match op::split_lines(arg_text(arg)) {
        Some(names) if opcode.argument() == Argument::TwoLines => fixed_end + names.module.len() as u64 + 1,
        _ => fixed_end,
    };
    let parts = [(offset + 1, fixed_end), (fixed_end, middle), (middle, end)];
    parts.iter().any(|&(from, to)| from < frame_end && to > frame_end)
}

fn arg_text(arg: Arg<'_>) -> &[u8] {
    match arg {
        Arg::Text(text) => text,
        _ => &[],
    }
}

/// A number of up to eight bytes.
#[inline(always)]
fn little_endian(bytes: &[u8]) -> u64 {
    let mut number = 0;
    for &byte in bytes.iter().rev() {
        number = number << 8 | u64::from(byte);
    }
    number
}

/// Takes `n` bytes; all of them where there are fewer.
fn take_at_most<'i>(input: &mut &'i [u8], n: u64) -> &'i [u8] {
    let whole = *input;
    match usize::try_from(n).ok().and_then(|n| whole.split_at_checked(n)) {
        Some((data, rest)) => {
            *input = rest;
            data
        }
        None => core::mem::take(input),
    }
}

#[cfg(test)]
mod tests;
