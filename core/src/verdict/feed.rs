//! Bytes in, findings out: pickle after pickle, and those nested in them.

mod nested;

use super::fast::frame_passed;
use super::machine::{Broken, KEEP, Level, Machine};
use super::names::told;
use super::plain::Plain;
use super::recode::Recode;
use super::report::{Action, GlobalUse, Observer, Readers, Summary, TraceEvent};
use super::rules::{Rule, Verdict};
use super::scalar::Utf8;
use super::table::GlobalTable;
use super::value::Kind;
use super::{Buffers, Executes};
use crate::{Arg, Decoder, Error, ErrorKind, Fragment, Op, OpKind, Opcode, Step};
use heapless::Vec;

/// Pickles inside pickles that are followed.
const DEPTH: usize = 8;
/// Bytes beyond any memory.
const HUGE: u64 = 1 << 40;

/// How one level reads its bytes.
#[derive(Clone, Debug)]
struct Reader {
    decoder: Decoder,
    /// What the machine keeps for the level around this one.
    outer: Level,
    /// End of the frame in progress; the largest number where none is.
    frame_end: u64,
    /// Start and end of the fixed part of the opcode before.
    before: (u64, u64),
    phase: Phase,
    /// Pickles of this level, the one in progress included.
    begun: u32,
    /// Opcodes before it.
    begun_ops: u64,
    /// The stream is one of torch's old files.
    torch: bool,
    /// Raw bytes of a joblib array that come next.
    raw: u64,
    /// Reads such bytes as a reader without knowledge of joblib does.
    plain: Option<Plain>,
    /// The next byte says how many bytes of padding follow.
    padded: bool,
    /// A pickle of a joblib array of objects follows inside the pickle.
    nested: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before the first opcode of a pickle.
    Start,
    Pickle,
    /// Everything that follows belongs to a layout that is known.
    Raw,
    /// The stream broke; what follows is not read.
    Broken,
}

impl Reader {
    fn new(outer: Level) -> Self {
        Reader {
            decoder: Decoder::lenient(),
            outer,
            frame_end: u64::MAX,
            before: (0, 0),
            phase: Phase::Start,
            begun: 0,
            begun_ops: 0,
            torch: false,
            raw: 0,
            plain: None,
            padded: false,
            nested: false,
        }
    }
}

/// What is put together of an argument that came in pieces.
struct Carry {
    bytes: Vec<u8, KEEP>,
    utf8: Utf8,
    /// Only digits, a sign in front or an `L` behind.
    digits: bool,
    total: u64,
}

/// Judges a stream of pickles, fed in pieces of any size.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::verdict::{Judge, Verdict, Workspace};
///
/// let mut workspace = Workspace::new(64, 64);
/// let mut judge = Judge::new(workspace.memory());
/// // In pieces of any size.
/// judge.feed(b"cos\nsys", &mut ());
/// judge.feed(b"tem\n(S'echo'\ntR.", &mut ());
/// assert_eq!(judge.finish(&mut ()).verdict, Verdict::Dangerous);
/// let system = judge.globals().next().unwrap();
/// assert!(system.name == b"system" && system.called && system.count == 1);
/// # }
/// ```
pub struct Judge<'m> {
    machine: Machine<'m>,
    readers: Vec<Reader, DEPTH>,
    carry: Carry,
    /// Where the outermost reader is inside of such a text.
    recode: Option<Recode>,
    summary: Summary,
}

impl<'m> Judge<'m> {
    /// A judge at the start of a stream.
    pub fn new(memory: Buffers<'m>) -> Self {
        Judge::with_policy(memory, None)
    }

    /// The same with a table of the caller's, which is asked before those of the library: rows of classes and effects
    /// allow, rows of sinks deny.
    pub fn with_policy(memory: Buffers<'m>, policy: Option<GlobalTable<'m>>) -> Self {
        let mut readers = Vec::new();
        let _ = readers.push(Reader::new(Level::default()));
        let carry = Carry { bytes: Vec::new(), utf8: Utf8::default(), digits: true, total: 0 };
        Judge { machine: Machine::new(memory, policy), readers, carry, recode: None, summary: Summary::default() }
    }

    /// Judges bytes that lie whole in memory; who wants reasons feeds a judge with an [`Observer`].
    pub fn judge(memory: Buffers<'m>, bytes: &[u8]) -> Summary {
        let mut judge = Judge::new(memory);
        judge.feed(bytes, &mut ());
        judge.finish(&mut ())
    }

    /// The verdict so far. It only rises.
    pub fn verdict(&self) -> Verdict {
        self.machine.verdict
    }

    /// Opcodes so far.
    pub fn ops(&self) -> u64 {
        self.summary.ops
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8], out: &mut dyn Observer) {
        self.machine.events = out.wants_events();
        self.summary.bytes += bytes.len() as u64;
        self.feed_cut(0, bytes, out);
    }

    /// Goes on where pieces end inside nested payloads: byte ranges go down through the readers, from the `first` on.
    fn feed_cut(&mut self, first: usize, bytes: &[u8], out: &mut dyn Observer) {
        let mut inputs: Vec<(&[u8], bool), DEPTH> = Vec::new();
        let _ = inputs.push((bytes, false));
        // Each reader but the innermost is inside a payload: it hands on a piece of it.
        for index in first..self.readers.len().saturating_sub(1) {
            if self.readers.get(index + 1).is_some_and(|inner| inner.nested) {
                continue;
            }
            let Some((input, _)) = inputs.last_mut() else { return };
            let Some(reader) = self.readers.get_mut(index) else { return };
            let (data, last) = match reader.decoder.next(input) {
                Ok(Step::Fragment(fragment)) if index == 0 && self.recode.is_some() => {
                    self.recode_piece(fragment.opcode, fragment.data, fragment.last, out);
                    break;
                }
                Ok(Step::Fragment(fragment)) => (fragment.data, fragment.last),
                Ok(Step::Op(op)) => (op.bytes(), true),
                _ => return,
            };
            let _ = inputs.push((data, last));
        }
        self.run(inputs, out);
    }

    fn run(&mut self, mut inputs: Vec<(&[u8], bool), DEPTH>, out: &mut dyn Observer) {
        loop {
            let Some((mut input, last)) = inputs.pop() else { return };
            if let Some((data, ends)) = self.read(&mut input, out) {
                // A payload that is a pickle of its own comes first.
                let _ = inputs.push((input, last));
                let _ = inputs.push((data, ends));
                continue;
            }
            if inputs.is_empty() {
                return;
            }
            if !last {
                // The payload goes on in the next piece, and so must those around it.
                return;
            }
            self.end_nested(out);
        }
    }

    /// Reads what the innermost reader has; gives a payload that is a stream of its own.
    fn read<'i>(&mut self, input: &mut &'i [u8], out: &mut dyn Observer) -> Option<(&'i [u8], bool)> {
        loop {
            let reader = self.readers.last_mut()?;
            match reader.phase {
                Phase::Raw | Phase::Broken => {
                    *input = &[];
                    return None;
                }
                Phase::Start | Phase::Pickle => {}
            }
            if input.is_empty() {
                return None;
            }
            if reader.phase == Phase::Start && reader.begun > 0 && input.first() == Some(&0) {
                // Padding between records: zeros up to the next pickle.
                let zeros = input.iter().take_while(|byte| **byte == 0).count();
                reader.decoder.restart_at(reader.decoder.offset() + zeros as u64);
                *input = input.get(zeros..).unwrap_or_default();
                continue;
            }
            if reader.padded {
                let (&pad, _) = input.split_first()?;
                reader.padded = false;
                // joblib pads to 16 bytes: the number is no opcode.
                reader.plain = (pad > 16).then(Plain::default);
                let raw = reader.raw.saturating_add(u64::from(pad)).saturating_add(1);
                reader.raw = raw;
            }
            if reader.raw > 0 {
                let raw = core::mem::take(&mut reader.raw);
                if reader.plain.is_none() && input.first().is_none_or(|byte| *byte > 16) {
                    reader.plain = Some(Plain::default());
                }
                if reader.decoder.take_raw(raw).is_err() {
                    self.broken("an array inside a frame", out);
                    continue;
                }
            }
            if let Some(nested) = self.read_some(input, out) {
                return Some(nested);
            }
        }
    }

    fn read_some<'i>(&mut self, input: &mut &'i [u8], out: &mut dyn Observer) -> Option<(&'i [u8], bool)> {
        let Judge { machine, readers, summary, .. } = self;
        let reader = readers.last_mut()?;
        if reader.phase == Phase::Start {
            reader.phase = Phase::Pickle;
            reader.begun += 1;
            reader.begun_ops = summary.ops;
        }
        // What streams are made of. Where memory is small, the other path alone does it.
        if cfg!(target_pointer_width = "64") && reader.decoder.at_start() {
            let offset = reader.decoder.offset();
            let framed = usize::try_from(reader.frame_end.saturating_sub(offset)).unwrap_or(usize::MAX);
            let dense = machine.dense(input.get(..framed).unwrap_or(input), offset, out);
            if dense.ops > 0 {
                let header = machine.opcode.map_or(0, |opcode| 1 + opcode.argument().fixed_len());
                reader.before = (machine.offset, machine.offset + header as u64);
                reader.decoder.pass(dense.taken as u64);
                summary.ops += dense.ops;
                *input = input.get(dense.taken..).unwrap_or_default();
            }
            if let Some(Broken(detail)) = dense.broken {
                self.broken(detail, out);
                return None;
            }
        }
        // One opcode with all that it may need.
        let reader = self.readers.last_mut()?;
        let step = reader.decoder.next(input);
        match step {
            Ok(Step::Op(op)) => self.one(&op, out),
            Ok(Step::Fragment(fragment)) => self.fragment(&fragment, out),
            Ok(Step::Raw(data)) => {
                if let Some(plain) = &mut reader.plain {
                    if plain.imports(data) {
                        let text = "an array whose bytes import something where they are read as opcodes";
                        self.machine.tell(Rule::DivergentReading, Verdict::Suspicious, Readers::Some, text, out);
                    }
                    if plain.is_over() {
                        reader.plain = None;
                    }
                }
                None
            }
            Ok(Step::NeedMore) => None,
            Ok(Step::End) => {
                self.stopped(out);
                None
            }
            Err(error) => {
                self.refused(error, out);
                None
            }
        }
    }

    /// One whole opcode, outside the fast loop.
    fn one<'i>(&mut self, op: &Op<'i>, out: &mut dyn Observer) -> Option<(&'i [u8], bool)> {
        self.note(op.offset, op.header_len(), out);
        let len = op.bytes().len();
        if op.opcode.argument().is_counted() && self.is_nested(op.opcode) && self.begin_nested(out) {
            return Some((op.bytes(), true));
        }
        if self.is_recoded(op.opcode, op.bytes()) && self.begin_recoded(op.opcode, out) {
            self.recode_piece(op.opcode, op.bytes(), true, out);
            return None;
        }
        let result = match op.arg {
            Arg::Bytes(bytes) | Arg::Text(bytes) if len > KEEP => {
                self.begin_carry();
                self.carry_piece(op.opcode, bytes);
                self.carry.total = len as u64;
                self.end_long(op.opcode, op.offset, out)
            }
            _ => self.machine.op(op, out),
        };
        self.after(op.opcode, op.arg, result, out);
        None
    }

    fn note(&mut self, offset: u64, header: usize, out: &mut dyn Observer) {
        let Some(reader) = self.readers.last_mut() else { return };
        if offset >= reader.frame_end {
            frame_passed(&mut self.machine, &mut reader.frame_end, reader.before, offset, out);
        }
        reader.before = (offset, offset + header as u64);
        self.summary.ops += 1;
    }

    /// What follows an opcode that the fast loop leaves alone.
    fn after(&mut self, opcode: Opcode, arg: Arg<'_>, result: Result<(), Broken>, out: &mut dyn Observer) {
        if let Err(Broken(detail)) = result {
            return self.broken(detail, out);
        }
        match opcode {
            Opcode::Frame => self.frame(if let Arg::Uint(len) = arg { len } else { 0 }, out),
            Opcode::Build => {
                let wrapper = &mut self.machine.wrapper;
                let Some(reader) = self.readers.last_mut() else { return };
                if let Some(len) = wrapper.follows.take() {
                    reader.raw = len;
                    reader.padded = wrapper.padded;
                    wrapper.padded = false;
                }
                if core::mem::take(&mut wrapper.nested) {
                    // A whole pickle follows, in the middle of this one; its memo and stack are its own.
                    let fresh = self.machine.enter();
                    let mut inner = Reader::new(fresh);
                    inner.nested = true;
                    inner.decoder = core::mem::replace(&mut reader.decoder, Decoder::lenient());
                    inner.decoder.next_pickle();
                    if self.readers.push(inner).is_err() {
                        self.machine.limit("pickles in pickles, too deep", out);
                    }
                }
            }
            _ => {}
        }
    }

    fn frame(&mut self, len: u64, out: &mut dyn Observer) {
        let Some(reader) = self.readers.last_mut() else { return };
        if len > i64::MAX as u64 {
            return self.broken("a frame longer than any machine can hold", out);
        }
        if reader.frame_end != u64::MAX && reader.before.0 < reader.frame_end {
            let text = "a frame begins before the one before it has ended";
            self.machine.tell(Rule::FrameTrick, Verdict::Divergent, Readers::WithoutFrames, text, out);
        }
        if len == 0 {
            self.machine.level.frames += 1;
            if self.machine.level.frames == 1000 {
                self.machine.tell(
                    Rule::Expansion,
                    Verdict::Suspicious,
                    Readers::All,
                    "frames without bytes, again and again",
                    out,
                );
            }
        }
        let end = reader.decoder.offset().saturating_add(len);
        reader.frame_end = if len == 0 { u64::MAX } else { end };
    }

    fn stopped(&mut self, out: &mut dyn Observer) {
        let Some(reader) = self.readers.last_mut() else { return };
        let end = reader.decoder.offset();
        self.machine.offset = end.saturating_sub(1);
        self.machine.opcode = Some(Opcode::Stop);
        let top = match self.machine.pop() {
            Ok(top) => top,
            Err(Broken(detail)) => return self.broken(detail, out),
        };
        if top.kind == Kind::Persistent && self.machine.depth == 0 && self.summary.ops - reader.begun_ops < 6 {
            let text = "nothing but a persistent id: only the program that wrote it knows the object";
            self.machine.tell(Rule::PersistentId, Verdict::Malformed, Readers::All, text, out);
        }
        if self.machine.events {
            let (offset, pickle, depth) = (self.machine.offset, self.machine.level.pickle, self.machine.depth);
            out.event(&TraceEvent { action: Action::Stop, offset, pickle, depth, module: &[], name: &[], args: "" });
        }
        if reader.frame_end != u64::MAX && end < reader.frame_end {
            let text = "the frame goes on behind STOP: readers go on at different bytes";
            self.machine.tell(Rule::FrameTrick, Verdict::Divergent, Readers::Some, text, out);
            if self.machine.depth == 0 {
                self.summary.other_reading.get_or_insert(reader.frame_end);
            }
            if reader.frame_end - end > HUGE {
                let text = "a frame longer than any memory: a reader of files allocates it first";
                self.machine.tell(Rule::Expansion, Verdict::Suspicious, Readers::Some, text, out);
            }
        } else if reader.frame_end != u64::MAX && end > reader.frame_end {
            frame_passed(&mut self.machine, &mut reader.frame_end, reader.before, end, out);
        }
        reader.frame_end = u64::MAX;
        if self.machine.depth == 0 {
            self.summary.pickles += 1;
        }
        if reader.begun == 1 && top.kind == Kind::Int && top.is_judged() {
            reader.torch = true;
        }
        if reader.nested {
            // Back to the pickle around the array.
            let Some(inner) = self.readers.pop() else { return };
            self.machine.leave(inner.outer);
            if let Some(reader) = self.readers.last_mut() {
                reader.decoder = inner.decoder;
                reader.decoder.next_pickle();
            }
            return;
        }
        reader.phase = if reader.torch && reader.begun == 5 { Phase::Raw } else { Phase::Start };
        reader.decoder.next_pickle();
        reader.before = (end, end);
        self.machine.next_pickle();
    }

    // ---- arguments in pieces

    fn begin_carry(&mut self) {
        self.carry.bytes.clear();
        self.carry.utf8 = Utf8::default();
        self.carry.digits = true;
        self.carry.total = 0;
    }

    fn carry_piece(&mut self, opcode: Opcode, data: &[u8]) {
        let room = self.carry.bytes.capacity() - self.carry.bytes.len();
        let _ = self.carry.bytes.extend_from_slice(data.get(..data.len().min(room)).unwrap_or_default());
        self.carry.total += data.len() as u64;
        let counted = opcode.argument().is_counted();
        match opcode.kind() {
            OpKind::Str if counted => self.carry.utf8.feed(data),
            OpKind::Int if !counted => {
                self.carry.digits &= data.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'L'));
            }
            _ => {}
        }
    }

    fn fragment<'i>(&mut self, fragment: &Fragment<'i>, out: &mut dyn Observer) -> Option<(&'i [u8], bool)> {
        let opcode = fragment.opcode;
        if fragment.position == 0 {
            self.note(fragment.offset, 1 + opcode.argument().fixed_len(), out);
            self.begin_carry();
            if opcode.argument().is_counted() && self.is_nested(opcode) && self.begin_nested(out) {
                return Some((fragment.data, fragment.last));
            }
            if self.is_recoded(opcode, fragment.data) && self.begin_recoded(opcode, out) {
                self.recode_piece(opcode, fragment.data, fragment.last, out);
                return None;
            }
        }
        self.carry_piece(opcode, fragment.data);
        if !fragment.last {
            return None;
        }
        if self.carry.total > KEEP as u64 {
            let result = self.end_long(opcode, fragment.offset, out);
            self.after(opcode, Arg::Nothing, result, out);
            return None;
        }
        let bytes = core::mem::take(&mut self.carry.bytes);
        let counted = opcode.argument().is_counted();
        let arg = if counted { Arg::Bytes(&bytes) } else { Arg::Text(&bytes) };
        let result = self.machine.op(&Op { opcode, arg, offset: fragment.offset }, out);
        self.after(opcode, Arg::Nothing, result, out);
        None
    }

    /// An argument of more bytes than are kept.
    fn end_long(&mut self, opcode: Opcode, offset: u64, out: &mut dyn Observer) -> Result<(), Broken> {
        self.machine.offset = offset;
        self.machine.opcode = Some(opcode);
        if !self.carry.utf8.finish() {
            return Err(Broken("a str that is not UTF-8"));
        }
        if matches!(opcode, Opcode::Int | Opcode::Long | Opcode::Float | Opcode::Get | Opcode::Put) {
            self.machine.long_digits(self.carry.digits, self.carry.total, out);
        }
        self.machine.long(opcode, offset, false, out)
    }

    // ---- the end

    fn refused(&mut self, error: Error, out: &mut dyn Observer) {
        let detail = match error.kind() {
            ErrorKind::UnknownOpcode => "a byte that is not an opcode",
            ErrorKind::NegativeLength => "a negative length",
            ErrorKind::LengthTooLarge => "a length beyond any machine",
            _ => "not an opcode stream",
        };
        self.machine.offset = error.offset();
        self.machine.opcode = None;
        self.broken(detail, out);
    }

    /// No reader goes on from here.
    fn broken(&mut self, detail: &'static str, out: &mut dyn Observer) {
        let Some(reader) = self.readers.last_mut() else { return };
        reader.phase = Phase::Broken;
        let (rule, verdict) = if detail.is_empty() {
            (None, Verdict::Unknown)
        } else if self.machine.level.ran {
            (Some(Rule::BrokenAfterPayload), Verdict::Malformed)
        } else if reader.begun > 1 {
            // Behind a whole pickle: most likely something else.
            (Some(Rule::DataAfterStop), Verdict::Unknown)
        } else {
            (Some(Rule::Malformed), Verdict::Malformed)
        };
        if reader.nested {
            // The array of objects was not one; nothing around it can be found again.
            if let Some(outer) = self.readers.len().checked_sub(2).and_then(|index| self.readers.get_mut(index)) {
                outer.phase = Phase::Broken;
            }
        }
        if let Some(rule) = rule {
            self.machine.tell(rule, verdict, Readers::All, detail, out);
        }
    }

    /// The input of the innermost reader is over.
    fn end_reader(&mut self, out: &mut dyn Observer) {
        let Some(reader) = self.readers.last_mut() else { return };
        // Where a stream broke, the decoder may or may not have passed the opcode: that depends on the pieces.
        let broken = reader.phase == Phase::Broken;
        let at = if broken { self.machine.offset } else { reader.decoder.offset() };
        let open = reader.phase == Phase::Pickle;
        let empty = reader.phase == Phase::Start && reader.begun == 0;
        let over = if reader.frame_end == u64::MAX { 0 } else { reader.frame_end.saturating_sub(at) };
        self.machine.offset = at;
        self.machine.opcode = None;
        if reader.phase == Phase::Pickle && reader.decoder.ended() {
            return self.stopped(out);
        }
        if over > HUGE && reader.phase != Phase::Broken {
            let text = "a frame longer than any memory: a reader of files allocates it first";
            self.machine.tell(Rule::Expansion, Verdict::Suspicious, Readers::Some, text, out);
        }
        if over > 0 && reader.phase != Phase::Broken {
            self.summary.frame_over = over;
            let text = "a frame longer than the input: C refuses it, Python does not";
            self.machine.tell(Rule::FrameTrick, Verdict::Divergent, Readers::Some, text, out);
        }
        if self.summary.other_reading.is_some_and(|other| other > at) {
            self.machine.tell(
                Rule::FrameTrick,
                Verdict::Divergent,
                Readers::Some,
                "a frame longer than the input",
                out,
            );
        }
        if open {
            self.broken("the input ended before STOP", out);
        } else if empty {
            self.machine.tell(Rule::Malformed, Verdict::Malformed, Readers::All, "the input is empty", out);
        }
    }

    /// Tells that nothing follows, and gives the result.
    pub fn finish(&mut self, out: &mut dyn Observer) -> Summary {
        while self.readers.len() > 1 {
            // The stream ended inside a nested payload.
            self.end_reader(out);
            if let Some(inner) = self.readers.pop() {
                let nested = inner.nested;
                self.machine.leave(inner.outer);
                if let (true, Some(reader)) = (nested, self.readers.last_mut()) {
                    reader.decoder = inner.decoder;
                }
            }
        }
        self.end_reader(out);
        self.summary.verdict = self.machine.verdict;
        self.summary.complete = !self.machine.limited;
        self.summary.buffers = self.machine.buffers;
        self.summary.executes = self.machine.executes.max(match self.machine.verdict {
            Verdict::Dangerous | Verdict::Code => Executes::Deferred,
            _ => Executes::No,
        });
        self.summary
    }

    /// Every global that was named, in no order.
    pub fn globals(&self) -> impl Iterator<Item = GlobalUse<'_>> + '_ {
        self.machine.names.ids().map(|id| {
            let row = self.machine.names.get(id);
            let (module, name) = self.machine.names.text(id);
            GlobalUse {
                module,
                name,
                effect: row.effect.name(),
                called: row.told & told::WAS_CALLED != 0,
                made: row.told & told::WAS_MADE != 0,
                count: row.count,
                first_offset: row.first,
            }
        })
    }
}
