//! Bytes to a [`Document`]: the decoder drives the machine, memory grows or not.

use crate::machine::memory::{Regions, Shortage};
use crate::machine::node::{Node, Range, chunk, tag};
use crate::machine::{Halt, Machine, Source};
use crate::options::Options;
use crate::wire::decoder::{FAST, Sink};
use crate::{Arg, Decoder, Document, Error, ErrorKind, Fragment, Memory, Op, Opcode, Step};

/// Memory that a reader uses.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, Usage};
///
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// unpickler.feed(&mut &b"\x80\x04\x8c\x02hi\x85."[..])?;
/// let Usage { nodes, bytes, .. } = unpickler.used();
/// assert!(nodes > 0 && bytes == 2);
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Usage {
    /// Nodes, of 16 bytes.
    pub nodes: usize,
    /// Bytes of strings that are kept.
    pub bytes: usize,
}

/// Outcome of a call.
///
/// See the example of [`Payload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Status {
    /// All input is used up and the pickle is not over.
    NeedMore,
    /// A BUILD has just been done (only with [`Options::stop_after_build`]).
    Built,
    /// There is a piece of a payload that is not kept (only with
    /// `Options::out_of_band`): see [`Unpickler::payload`].
    Payload,
    /// The pickle is over; what is left of the input follows it.
    Done,
}

/// A piece of a payload that is not kept: the last [`Payload::len`] bytes of
/// the input that the call consumed.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Status, Unpickler};
///
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new().out_of_band(4));
/// let (mut rest, mut payload) = (&b"\x80\x03C\x05frame."[..], Vec::new());
/// loop {
///     let before = rest;
///     match unpickler.feed(&mut rest)? {
///         Status::Payload => {
///             let piece = unpickler.payload().unwrap();
///             let end = before.len() - rest.len();
///             payload.extend_from_slice(&before[end - piece.len..end]);
///         }
///         status => break assert_eq!(status, Status::Done),
///     }
/// }
/// assert_eq!(payload, b"frame");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Payload {
    /// The number of the buffer that the document has in its place.
    pub buffer: u32,
    /// Bytes from the start of the stream to the first byte of the payload.
    pub offset: u64,
    /// Bytes of the whole payload.
    pub total: u64,
    /// Bytes of the payload that came before this piece.
    pub position: u64,
    /// Bytes of this piece.
    pub len: usize,
}

impl Payload {
    /// Nothing more follows of this payload.
    pub fn is_last(&self) -> bool {
        self.position + self.len as u64 == self.total
    }
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
    pub(crate) memory: M,
    pub(crate) decoder: Decoder,
    pub(crate) machine: Machine,
    pub(crate) root: Node,
    /// The machine of the pickle around this one.
    outer: Option<Machine>,
    /// Raw bytes that are being taken.
    raw: Option<Raw>,
    payload: Option<Payload>,
    done: bool,
}

/// How far the loop came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    NeedMore,
    Built,
    Done,
    /// The operation that comes next finds items to be handed over.
    Items,
    Payload,
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
            payload: None,
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
        Ok(self.so_far_in(input))
    }

    /// Forgets the last pickle and begins at `offset` of the stream; with
    /// `keep_memo` the pickle can refer to what the one before put there
    /// (several `dump` calls on one `Pickler`).
    pub fn begin_at(&mut self, offset: u64, keep_memo: bool) {
        self.decoder.restart_at(offset);
        if let Some(outer) = self.outer.take() {
            self.machine.leave(&mut self.memory.regions(), outer);
        }
        self.machine.next_pickle(keep_memo);
        if !keep_memo {
            self.memory.clear();
        }
        self.root = Node::EMPTY;
        self.outer = None;
        self.raw = None;
        self.payload = None;
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
        match status(self.drive::<true>(&mut rest)?) {
            Status::NeedMore => match self.decoder.finish() {
                Ok(()) => Ok(Status::Done),
                Err(error) => Err(error),
            },
            status => Ok(status),
        }
    }

    /// Takes a piece of input; `input` moves past what was consumed.
    ///
    /// [`Status::Done`] comes with the call that consumes the last byte of the pickle, and what follows is left in
    /// `input`: a loop over a piece may stop where the piece is empty, and misses no end.
    ///
    /// # Errors
    /// What is wrong with the pickle, or the region that is full. The reader
    /// stays in the error until [`Unpickler::next_pickle`].
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Status, Error> {
        Ok(status(self.drive::<false>(input)?))
    }

    /// After [`Status::Payload`]: what the last bytes are that the call consumed.
    ///
    /// ```
    /// use pickle_core::{Node, Options, OutOfBand, Status, Storage, Unpickler};
    ///
    /// let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 8], [Node::EMPTY; 2], [0; 8]);
    /// let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    /// let mut unpickler = Unpickler::new(storage, Options::new().out_of_band(100));
    /// let stream = [&b"\x80\x04]B\xe8\x03\0\0"[..], &[7; 1000], b"a."].concat();
    /// let mut sum = 0;
    /// for mut input in stream.chunks(64) {
    ///     loop {
    ///         let before = input;
    ///         let status = unpickler.feed(&mut input)?;
    ///         let (Status::Payload, Some(payload)) = (status, unpickler.payload()) else { break };
    ///         let consumed = &before[..before.len() - input.len()];
    ///         sum += consumed[consumed.len() - payload.len..].iter().map(|&byte| u32::from(byte)).sum::<u32>();
    ///     }
    /// }
    /// assert_eq!(sum, 7000);
    /// let taken = unpickler.finish()?.root().at(0).and_then(|value| value.as_buffer());
    /// assert_eq!(taken, Some(OutOfBand { index: 0, read_only: true }));
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    pub fn payload(&self) -> Option<Payload> {
        self.payload
    }

    /// Says that no input follows, and gives the document of the pickle that was fed.
    ///
    /// # Errors
    /// The pickle is not complete.
    pub fn finish(&mut self) -> Result<Document<'_>, Error> {
        if !self.done {
            self.decoder.finish()?;
        }
        Ok(self.so_far_in(&[]))
    }

    /// The document of a pickle that was fed, after [`Status::Done`]; after
    /// [`Status::Built`] its root is the object that was built. `None` at any other time.
    pub fn document(&self) -> Option<Document<'_>> {
        self.document_in(&[])
    }

    /// The same of a pickle that was read from `input` with [`Unpickler::advance`].
    pub fn document_in<'d>(&'d self, input: &'d [u8]) -> Option<Document<'d>> {
        (self.root != Node::EMPTY).then(|| self.so_far_in(input))
    }

    /// What has been made so far of a pickle that may be damaged: a document without a root, unless it is complete.
    pub fn so_far_in<'d>(&'d self, input: &'d [u8]) -> Document<'d> {
        let (nodes, bytes) = self.memory.view();
        // Behind them lie free ones and the stack.
        let nodes = nodes.get(..self.machine.arena).unwrap_or(nodes);
        let document = Document::new(nodes, bytes, input, self.root);
        #[cfg(feature = "serde")]
        let document = document.with_protocol(self.machine.protocol);
        document
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

    /// Opcodes done of this pickle.
    pub fn opcodes(&self) -> u64 {
        self.machine.opcodes
    }

    /// Entries in the memo.
    pub fn memo_count(&self) -> u64 {
        self.machine.memo_count()
    }

    /// Memory in use.
    pub fn used(&self) -> Usage {
        Usage { nodes: self.machine.arena, bytes: self.machine.bytes }
    }

    /// The memory, for use between two pickles.
    #[cfg(feature = "serde")]
    pub(crate) fn memory(&mut self) -> &mut M {
        &mut self.memory
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
        self.outer = Some(self.machine.enter());
        Ok(())
    }

    /// The loop: one opcode after another until the input or the pickle ends.
    ///
    /// An operation that finds a region full has had no effect: the decoder
    /// goes back, the region grows, and the opcode is read again.
    /// It is large, and called once a piece of input: one copy serves all readers.
    #[cfg_attr(target_pointer_width = "64", inline(never))]
    pub(crate) fn drive<const BORROWED: bool>(&mut self, input: &mut &[u8]) -> Result<Progress, Error> {
        if self.done {
            return Ok(Progress::Done);
        }
        self.root = Node::EMPTY;
        loop {
            // Input that is copied anyway needs no second way in on a small machine.
            if !BORROWED && !FAST {
                match self.part::<BORROWED>(input)? {
                    Some(status) => return Ok(status),
                    None => continue,
                }
            }
            let Unpickler { memory, decoder, machine, .. } = &mut *self;
            let mut sink = Apply::<BORROWED> { machine, regions: memory.regions() };
            let halted = decoder.drain::<_, true>(input, &mut sink)?;
            match halted {
                Some((Halt::Refused(kind), byte, argument)) => self.refused(kind, byte, argument)?,
                Some((Halt::Items, ..)) => return Ok(Progress::Items),
                Some((Halt::Built, ..)) => {
                    // It has been done: pass over it.
                    self.decoder.next_whole(input)?;
                    if let Some(progress) = self.built() {
                        return Ok(progress);
                    }
                }
                Some((Halt::Payload, ..)) | None => {
                    if let Some(progress) = self.part::<BORROWED>(input)? {
                        return Ok(progress);
                    }
                }
            }
        }
    }

    /// What is not a whole opcode of the input: pieces, raw bytes, the end.
    #[inline(never)]
    fn part<const BORROWED: bool>(&mut self, input: &mut &[u8]) -> Result<Option<Progress>, Error> {
        loop {
            let saved = (self.decoder.clone(), *input, self.machine.pending);
            let step = self.decoder.next_part(input)?;
            let passes = if BORROWED { None } else { self.skips_payload(&step) };
            let (op, source) = match step {
                // At its end, a buffer takes the payload's place.
                Step::Op(Op { offset, .. }) if passes.is_some() => {
                    (Op { opcode: Opcode::NextBuffer, arg: Arg::Nothing, offset }, Source::Stored(0))
                }
                Step::Fragment(Fragment { offset, last: true, .. }) if passes.is_some() => {
                    (Op { opcode: Opcode::NextBuffer, arg: Arg::Nothing, offset }, Source::Stored(0))
                }
                Step::Fragment(_) if passes.is_some() => return Ok(Some(Progress::Payload)),
                Step::Op(op) => {
                    self.store(op.bytes(), op.opcode.byte(), op.offset)?;
                    (op, Source::Stored(self.machine.pending))
                }
                Step::Fragment(Fragment { opcode, offset, data, last, .. }) => {
                    self.store(data, opcode.byte(), offset)?;
                    if !last {
                        continue;
                    }
                    (Op { opcode, arg: Arg::Nothing, offset }, Source::Stored(self.machine.pending))
                }
                Step::Raw(data) => {
                    self.raw_piece::<BORROWED>(data)?;
                    continue;
                }
                Step::End => return self.end(),
                Step::NeedMore => return Ok(Some(Progress::NeedMore)),
            };
            let argument = core::mem::take(&mut self.machine.pending);
            match self.machine.apply_apart(&mut self.memory.regions(), &op, source) {
                Ok(()) => {
                    let Some(opcode) = passes else { return Ok(None) };
                    if opcode != Opcode::ByteArray8 {
                        // It has just made a buffer, so it can.
                        let _ = self.machine.readonly_buffer(&mut self.memory.regions());
                    }
                    return Ok(Some(Progress::Payload));
                }
                Err(Halt::Built) => return Ok(self.built()),
                // Only the loop over whole opcodes halts for these.
                Err(Halt::Payload) => return Ok(None),
                Err(Halt::Items) => {
                    (self.decoder, *input, self.machine.pending) = saved;
                    return Ok(Some(Progress::Items));
                }
                Err(Halt::Refused(kind)) => {
                    (self.decoder, *input, self.machine.pending) = saved;
                    self.refused(kind, passes.unwrap_or(op.opcode).byte(), argument)?;
                }
            }
        }
    }

    /// Takes note of a piece of a payload that is not kept, and tells its opcode.
    fn skips_payload(&mut self, step: &Step<'_>) -> Option<Opcode> {
        let (opcode, offset, position, total, len) = match *step {
            Step::Op(Op { opcode, arg: Arg::Bytes(data), offset }) => {
                (opcode, offset, 0, data.len() as u64, data.len())
            }
            Step::Fragment(Fragment { opcode, offset, position, total: Some(total), data, .. }) => {
                (opcode, offset, position, total, data.len())
            }
            _ => return None,
        };
        if !self.machine.skips_payload(opcode, total) {
            return None;
        }
        let offset = offset + Op { opcode, arg: Arg::Nothing, offset }.header_len() as u64;
        self.payload = Some(Payload { buffer: self.machine.next_buffer_number(), offset, total, position, len });
        Some(opcode)
    }

    fn built(&mut self) -> Option<Progress> {
        self.root = self.machine.top(&self.memory.regions()).unwrap_or(Node::EMPTY);
        if self.outer.is_none() { Some(Progress::Built) } else { None }
    }

    fn end(&mut self) -> Result<Option<Progress>, Error> {
        self.root = self.machine.top(&self.memory.regions()).unwrap_or(Node::EMPTY);
        match self.outer.take() {
            None => {
                self.done = true;
                Ok(Some(Progress::Done))
            }
            Some(outer) => {
                self.decoder.next_pickle();
                self.machine.leave(&mut self.memory.regions(), outer);
                let nested = core::mem::replace(&mut self.root, Node::EMPTY);
                self.attach(chunk::NESTED, &[nested])?;
                Ok(None)
            }
        }
    }

    /// An operation said no: a full region grows, anything else is final.
    #[cold]
    #[inline(never)]
    fn refused(&mut self, kind: ErrorKind, byte: u8, argument: usize) -> Result<(), Error> {
        let offset = self.decoder.op_offset();
        self.machine.opcodes = self.machine.opcodes.saturating_sub(1);
        let grown = if is_region(kind) { self.grow_for(kind, argument) } else { Err(kind) };
        grown.map_err(|kind| self.decoder.refuse(kind, byte, offset))
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

    /// Does an opcode that is not in the input and has no argument.
    #[cfg(feature = "alloc")]
    pub(crate) fn apply_one(&mut self, op: &Op<'_>) -> Result<(), Error> {
        while let Err(Halt::Refused(kind)) = self.machine.apply_apart(&mut self.memory.regions(), op, Source::Stored(0))
        {
            self.refused(kind, op.opcode.byte(), 0)?;
        }
        Ok(())
    }

    fn attach(&mut self, kind: u8, nodes: &[Node]) -> Result<(), Error> {
        while let Err(full) = self.machine.attach(&mut self.memory.regions(), kind, nodes) {
            let grown = if is_region(full) { self.grow_for(full, 0) } else { Err(full) };
            grown.map_err(|kind| self.decoder.refuse(kind, 0, self.decoder.offset()))?;
        }
        Ok(())
    }
}

/// A region is too small, which may grow.
fn is_region(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NodesFull | ErrorKind::MemoFull | ErrorKind::BytesFull)
}

/// Without an item reader there are no items to be handed over.
fn status(progress: Progress) -> Status {
    match progress {
        Progress::NeedMore | Progress::Items => Status::NeedMore,
        Progress::Built => Status::Built,
        Progress::Payload => Status::Payload,
        Progress::Done => Status::Done,
    }
}

/// Opcodes that lie whole in the input go to the machine.
struct Apply<'a, 'r, const BORROWED: bool> {
    machine: &'a mut Machine,
    regions: Regions<'r>,
}

impl<'i, const BORROWED: bool> Sink<'i> for Apply<'_, '_, BORROWED> {
    /// Why, in which opcode, and bytes of its argument.
    type Break = (Halt, u8, usize);

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn op(&mut self, op: Op<'i>) -> Result<(), Self::Break> {
        let bytes = op.bytes();
        if !BORROWED && self.machine.skips_payload(op.opcode, bytes.len() as u64) {
            return Err((Halt::Payload, op.opcode.byte(), bytes.len()));
        }
        let source = match BORROWED {
            true => Source::Input(bytes, op.offset + op.header_len() as u64),
            false => Source::Pushed(bytes),
        };
        match self.machine.apply(&mut self.regions, &op, source) {
            Ok(()) => Ok(()),
            Err(halt) => Err((halt, op.opcode.byte(), bytes.len())),
        }
    }
}
