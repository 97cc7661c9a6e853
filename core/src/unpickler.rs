//! Bytes to a [`Document`]: the decoder drives the machine, memory grows or not.

use crate::machine::{Machine, Options, Source};
use crate::node::{Node, Range, chunk, tag};
use crate::{Arg, Decoder, Document, Error, ErrorKind, Memory, Op, Opcode, Shortage, Step};

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Status {
    /// All input is used up and the pickle is not over.
    NeedMore,
    /// A BUILD has just been done (only with [`Options::stop_after_build`]).
    Built,
    /// The pickle is over; what is left of the input follows it.
    Done,
}

/// Reads pickles into memory given by the caller.
///
/// Two ways in, one machine: [`Unpickler::load`] takes a whole slice and
/// copies no string, [`Unpickler::feed`] takes pieces as they arrive and
/// keeps strings in the byte region. Both give the same document, error and
/// offset. Nothing is imported, called or executed: what would be is recorded.
///
/// ```
/// use pickle_core::{Node, Options, Storage, Unpickler};
///
/// let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 32], [Node::EMPTY; 8], [0; 64]);
/// let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
/// let mut unpickler = Unpickler::new(storage, Options::new());
/// let document = unpickler.load(b"\x80\x04}\x8c\x04temp\x94G\x40\x35\x80\x00\x00\x00\x00\x00s.")?;
/// assert_eq!(document.root().get("temp").and_then(|v| v.as_f64()), Some(21.5));
/// # Ok::<_, pickle_core::Error>(())
/// ```
pub struct Unpickler<M> {
    memory: M,
    decoder: Decoder,
    machine: Machine,
    root: Node,
    /// The machine of the pickle around this one.
    outer: Option<Machine>,
    /// Raw bytes that are being taken.
    raw: Option<Raw>,
    opcodes: u64,
    done: bool,
}

#[derive(Clone, Copy)]
struct Raw {
    phase: Phase,
    /// Bytes of the data.
    len: u64,
    /// Where the data begins in the stream.
    offset: u64,
    /// Bytes of this phase that are still to come.
    left: u64,
}

#[derive(Clone, Copy)]
enum Phase {
    PaddingLen,
    Padding,
    Data,
}

impl<M: Memory> Unpickler<M> {
    /// A reader at the start of a stream.
    pub fn new(memory: M, options: Options) -> Self {
        Unpickler {
            memory,
            decoder: Decoder::new(),
            machine: Machine::new(options),
            root: Node::EMPTY,
            outer: None,
            raw: None,
            opcodes: 0,
            done: false,
        }
    }

    /// Reads the pickle at the start of `input`; strings stay there. What
    /// follows the pickle is not looked at, see [`Unpickler::offset`].
    ///
    /// # Errors
    /// What is wrong with the pickle, or the region that is full.
    pub fn load<'d>(&'d mut self, input: &'d [u8]) -> Result<Document<'d>, Error> {
        self.load_at(input, 0)
    }

    /// Reads the pickle that begins `offset` bytes into `input`, for files
    /// that hold several.
    ///
    /// # Errors
    /// As [`Unpickler::load`].
    pub fn load_at<'d>(&'d mut self, input: &'d [u8], offset: usize) -> Result<Document<'d>, Error> {
        self.begin_at(offset as u64, false);
        while self.advance(input)? != Status::Done {}
        Ok(self.document_in(input))
    }

    /// Forgets the last pickle and begins at `offset` of the stream; with
    /// `keep_memo` the pickle can refer to what the one before put there
    /// (several `dump` calls on one `Pickler`).
    pub fn begin_at(&mut self, offset: u64, keep_memo: bool) {
        self.decoder.restart_at(offset);
        self.machine.next_pickle(keep_memo);
        if !keep_memo {
            self.memory.clear();
        }
        self.root = Node::EMPTY;
        self.outer = None;
        self.raw = None;
        self.opcodes = 0;
        self.done = false;
    }

    /// Goes on to the pickle that follows in a stream that is fed.
    pub fn next_pickle(&mut self, keep_memo: bool) {
        self.begin_at(self.decoder.offset(), keep_memo);
    }

    /// Goes on where the last call stopped, in the whole `input`, which must
    /// be the same in every call. Never [`Status::NeedMore`].
    ///
    /// # Errors
    /// As [`Unpickler::load`].
    pub fn advance(&mut self, input: &[u8]) -> Result<Status, Error> {
        let at = usize::try_from(self.decoder.offset()).unwrap_or(usize::MAX);
        let mut rest = input.get(at..).unwrap_or_default();
        match self.drive::<true>(&mut rest)? {
            Status::NeedMore => match self.decoder.finish() {
                Ok(()) => Ok(Status::Done),
                Err(error) => Err(error),
            },
            status => Ok(status),
        }
    }

    /// Takes a piece of input; `input` moves past what was consumed.
    ///
    /// # Errors
    /// What is wrong with the pickle, or the region that is full. The reader
    /// stays in the error until [`Unpickler::next_pickle`].
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Status, Error> {
        self.drive::<false>(input)
    }

    /// Says that no input follows.
    ///
    /// # Errors
    /// The pickle is not complete.
    pub fn finish(&mut self) -> Result<(), Error> {
        if self.done { Ok(()) } else { self.decoder.finish() }
    }

    /// The document after [`Status::Done`], of a pickle that was fed. After
    /// [`Status::Built`] its root is the object that was built.
    pub fn document(&self) -> Document<'_> {
        self.document_in(&[])
    }

    /// The same of a pickle that was read from `input` with [`Unpickler::advance`].
    pub fn document_in<'d>(&'d self, input: &'d [u8]) -> Document<'d> {
        let (nodes, bytes) = self.memory.view();
        Document::new(nodes, bytes, input, self.root)
    }

    /// Bytes consumed of the stream: after [`Status::Done`] the end of the
    /// pickle and its frame.
    pub fn offset(&self) -> u64 {
        self.decoder.offset()
    }

    /// The argument of the last PROTO; 0 without one.
    pub fn protocol(&self) -> u8 {
        self.machine.protocol
    }

    /// Entries in the memo.
    pub fn memo_count(&self) -> u64 {
        self.machine.memo_count()
    }

    /// Nodes and bytes in use.
    pub fn used(&self) -> (usize, usize) {
        (self.machine.arena, self.machine.bytes)
    }

    /// The memory, for another use.
    pub fn into_memory(self) -> M {
        self.memory
    }

    /// After [`Status::Built`]: the next `len` bytes are no pickle. They
    /// become the last change of the object that was built. With `padded`,
    /// one byte and as many bytes as it says come first and are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::RawInFrame`] inside a frame.
    pub fn take_raw(&mut self, len: u64, padded: bool) -> Result<(), Error> {
        if padded {
            self.raw = Some(Raw { phase: Phase::PaddingLen, len, offset: 0, left: 1 });
            return self.decoder.take_raw(1);
        }
        self.begin_raw(len)
    }

    fn begin_raw(&mut self, len: u64) -> Result<(), Error> {
        self.decoder.take_raw(len)?;
        self.raw = Some(Raw { phase: Phase::Data, len, offset: self.decoder.offset(), left: len });
        if len == 0 { self.end_raw(false) } else { Ok(()) }
    }

    /// After [`Status::Built`]: a whole pickle follows, with a memo of its
    /// own. Its root becomes the last change of the object that was built.
    ///
    /// # Errors
    /// [`ErrorKind::RawInFrame`] inside a frame or a nested pickle.
    pub fn take_nested(&mut self) -> Result<(), Error> {
        if self.decoder.frame_left() != 0 || self.outer.is_some() {
            return Err(Error::new(ErrorKind::RawInFrame, 0, self.decoder.offset()));
        }
        loop {
            match self.machine.enter(&mut self.memory.regions()) {
                Ok(outer) => {
                    self.outer = Some(outer);
                    return Ok(());
                }
                Err(kind) => self.grow(kind, 0, 0)?,
            }
        }
    }

    /// The loop: one opcode after another until the input or the pickle ends.
    #[inline(always)]
    fn drive<const BORROWED: bool>(&mut self, input: &mut &[u8]) -> Result<Status, Error> {
        if self.done {
            return Ok(Status::Done);
        }
        // An operation that found a region full is done again once it has grown.
        let mut again = None;
        loop {
            let Unpickler { memory, decoder, machine, opcodes, .. } = &mut *self;
            let mut regions = memory.regions();
            let halt = loop {
                let (op, source) = match again.take() {
                    Some(found) => found,
                    None => match decoder.next(input)? {
                        Step::Op(op) => (op, source::<BORROWED>(&op)),
                        other => break Halt::Step(other),
                    },
                };
                if let Err(kind) = machine.apply(&mut regions, &op, source) {
                    break Halt::Refused(kind, op, source);
                }
                *opcodes += 1;
                if matches!(op.opcode, Opcode::Stop | Opcode::Build) || *opcodes > machine.options.max_opcodes {
                    break Halt::After(op);
                }
            };
            match halt {
                Halt::Refused(kind, op, source) => {
                    self.refused(kind, &op, source.len())?;
                    again = Some((op, source));
                }
                Halt::After(op) => {
                    if self.opcodes > self.machine.options.max_opcodes {
                        return Err(Error::new(ErrorKind::OpcodeLimit, op.opcode.byte(), op.offset));
                    }
                    self.root = self.machine.top(&self.memory.regions()).unwrap_or(Node::EMPTY);
                    let pausing = self.machine.options.stop_after_build && self.outer.is_none();
                    if op.opcode == Opcode::Build && pausing {
                        return Ok(Status::Built);
                    }
                }
                Halt::Step(Step::Fragment(fragment)) => {
                    self.store(fragment.data, fragment.opcode.byte(), fragment.offset)?;
                    if fragment.last {
                        let (opcode, offset) = (fragment.opcode, fragment.offset);
                        let op = Op { opcode, arg: Arg::Nothing, offset, header_len: 0 };
                        again = Some((op, Source::Stored(self.machine.pending)));
                        self.machine.pending = 0;
                    }
                }
                Halt::Step(Step::Raw(data)) => self.raw_piece::<BORROWED>(data)?,
                Halt::Step(Step::End) => match self.outer.take() {
                    None => {
                        self.done = true;
                        return Ok(Status::Done);
                    }
                    Some(outer) => {
                        self.decoder.next_pickle();
                        self.machine.leave(outer);
                        self.attach(chunk::NESTED, &[self.root])?;
                    }
                },
                Halt::Step(_) => return Ok(Status::NeedMore),
            }
        }
    }

    /// An operation said no: a full region grows, anything else is final.
    #[cold]
    #[inline(never)]
    fn refused(&mut self, kind: ErrorKind, op: &Op<'_>, argument: usize) -> Result<(), Error> {
        let byte = op.opcode.byte();
        let is_region = matches!(kind, ErrorKind::NodesFull | ErrorKind::MemoFull | ErrorKind::BytesFull);
        if !is_region {
            return Err(self.decoder.refuse(kind, byte, op.offset));
        }
        match self.grow_for(kind, argument) {
            Ok(()) => Ok(()),
            Err(kind) => Err(self.decoder.refuse(kind, byte, op.offset)),
        }
    }

    fn grow_for(&mut self, kind: ErrorKind, argument: usize) -> Result<(), ErrorKind> {
        let Shortage { wanted, .. } = self.machine.shortage(kind, argument);
        let regions = self.memory.regions();
        // Larger than any index: more memory would not help.
        if kind == ErrorKind::NodesFull && regions.nodes.len() > wanted {
            return Err(kind);
        }
        self.memory.grow(self.machine.shortage(kind, argument))
    }

    fn grow(&mut self, kind: ErrorKind, byte: u8, argument: usize) -> Result<(), Error> {
        let offset = self.decoder.offset();
        match self.grow_for(kind, argument) {
            Ok(()) => Ok(()),
            Err(kind) => Err(self.decoder.refuse(kind, byte, offset)),
        }
    }

    /// Keeps a piece of an argument, or of raw bytes, behind the used part of the byte region.
    fn store(&mut self, data: &[u8], byte: u8, offset: u64) -> Result<(), Error> {
        loop {
            let at = self.machine.bytes + self.machine.pending;
            let regions = self.memory.regions();
            if let Some(target) = regions.bytes.get_mut(at..at.saturating_add(data.len())) {
                for (target, source) in target.iter_mut().zip(data) {
                    *target = *source;
                }
                self.machine.pending += data.len();
                return Ok(());
            }
            if let Err(kind) = self.grow_for(ErrorKind::BytesFull, data.len()) {
                return Err(self.decoder.refuse(kind, byte, offset));
            }
        }
    }

    fn raw_piece<const BORROWED: bool>(&mut self, data: &[u8]) -> Result<(), Error> {
        let Some(raw) = &mut self.raw else { return Ok(()) };
        raw.left = raw.left.saturating_sub(data.len() as u64);
        let Raw { phase, len, left, .. } = *raw;
        match phase {
            Phase::PaddingLen => match data.first() {
                Some(&padding) if padding != 0 => {
                    self.raw = Some(Raw { phase: Phase::Padding, len, offset: 0, left: u64::from(padding) });
                    self.decoder.take_raw(u64::from(padding))
                }
                _ => self.begin_raw(len),
            },
            Phase::Padding if left == 0 => self.begin_raw(len),
            Phase::Padding => Ok(()),
            Phase::Data => {
                if !BORROWED {
                    self.store(data, 0, self.decoder.offset())?;
                }
                if left == 0 { self.end_raw(!BORROWED) } else { Ok(()) }
            }
        }
    }

    fn end_raw(&mut self, stored: bool) -> Result<(), Error> {
        let Some(raw) = self.raw.take() else { return Ok(()) };
        let mut offset = raw.offset;
        if stored {
            offset = self.machine.bytes as u64;
            self.machine.bytes += self.machine.pending;
            self.machine.pending = 0;
        }
        let data = Node::range(tag::BYTES, Range { offset, len: raw.len, stored });
        self.attach(chunk::RAW, &[Node::int(raw.offset as i64), data])
    }

    fn attach(&mut self, kind: u8, nodes: &[Node]) -> Result<(), Error> {
        while let Err(full) = self.machine.attach(&mut self.memory.regions(), kind, nodes) {
            if full == ErrorKind::NoState || full == ErrorKind::StackUnderflow {
                return Err(self.decoder.refuse(full, 0, self.decoder.offset()));
            }
            self.grow(full, 0, 0)?;
        }
        Ok(())
    }
}

enum Halt<'i> {
    /// A step that is no whole opcode.
    Step(Step<'i>),
    /// An operation that failed.
    Refused(ErrorKind, Op<'i>, Source<'i>),
    /// An operation behind which there is something to look at.
    After(Op<'i>),
}

#[inline(always)]
fn source<'i, const BORROWED: bool>(op: &Op<'i>) -> Source<'i> {
    let bytes = op.bytes();
    if BORROWED { Source::Input(bytes, op.offset + u64::from(op.header_len)) } else { Source::Pushed(bytes) }
}
