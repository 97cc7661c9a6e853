//! Opcodes to opcodes: what needs no document.

use crate::literal::int;
use crate::wire::sink::WriteError;
use crate::{Arg, Decoder, Encoder, Error, ErrorKind, Op, OpKind, Opcode, Step};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use embedded_io::Write;

mod rename;

pub use rename::{Renamed, rename};

/// Bytes at which a frame ends, and above which an opcode stands outside (`_Framer._FRAME_SIZE_TARGET` in `pickle.py`).
const TARGET: usize = 64 * 1024;

/// Frames of less get no header (`_FRAME_SIZE_MIN`).
const MIN: usize = 4;

/// The opcodes of the pickle at the start of `input`, FRAME left out; gives the bytes that it takes.
fn each<'i, E>(input: &'i [u8], mut f: impl FnMut(Op<'i>) -> Result<(), E>) -> Result<usize, E>
where
    E: From<Error>,
{
    let mut decoder = Decoder::new();
    let mut rest = input;
    loop {
        match decoder.next(&mut rest)? {
            Step::Op(op) => f(op)?,
            Step::End => return Ok(input.len() - rest.len()),
            // All of the input is here: an argument in pieces is one that is cut off.
            _ if rest.is_empty() => {
                decoder.finish()?;
                return Ok(input.len());
            }
            _ => {}
        }
    }
}

/// What a PUT or GET names; `None` for other opcodes. `known` is the number of entries, for MEMOIZE.
fn memo_index(op: &Op<'_>, known: usize) -> Result<Option<(bool, u64)>, Error> {
    let index = || match crate::memo_index(op) {
        Some(index) => index.map_err(|kind| Error::new(kind, op.opcode.byte(), op.offset)),
        None => Ok(known as u64),
    };
    Ok(match op.opcode.kind() {
        OpKind::Store => Some((true, index()?)),
        OpKind::Fetch => Some((false, index()?)),
        _ => None,
    })
}

/// Writes the pickle at the start of `input` without the memo entries that nobody fetches, the others numbered anew,
/// in frames of 64 KiB: byte for byte what `pickletools.optimize` of CPython 3.8 and later gives.
///
/// Gives the bytes of `input` that the pickle took. Memory: a set of the fetched entries, and a frame.
///
/// # Errors
/// The pickle is damaged, or the sink fails.
pub fn optimize<W: Write>(input: &[u8], out: &mut W) -> Result<usize, WriteError<W::Error>> {
    // What is fetched, and the protocol that its opcodes and PROTO ask for.
    let (mut fetched, mut put, mut protocol, mut header) = (BTreeSet::new(), BTreeSet::new(), 0, None);
    let len = each::<Error>(input, |op| {
        match memo_index(&op, put.len())? {
            Some((true, index)) => drop(put.insert(index)),
            Some((false, index)) => {
                protocol = protocol.max(op.opcode.protocol());
                fetched.insert(index);
            }
            None => {}
        }
        if let (Opcode::Proto, Some(argument)) = (op.opcode, op.uint()) {
            protocol = protocol.max(argument as u8);
            if op.offset == 0 {
                header = Some(argument);
            }
        }
        Ok(())
    })?;
    let mut sink = Framer { out: Encoder::new(out, 5), frame: Vec::new(), on: protocol >= 4 };
    if let Some(argument) = header {
        sink.out.op(Opcode::Proto, Arg::Uint(argument))?;
    }
    let (mut renamed, mut known, mut next) = (BTreeMap::new(), BTreeSet::new(), 0);
    each(input, |op| {
        match memo_index(&op, known.len())? {
            Some((true, index)) => {
                known.insert(index);
                if !fetched.contains(&index) {
                    return Ok(());
                }
                // A second PUT of an index is another entry.
                let new = next;
                renamed.insert(index, new);
                next += 1;
                sink.memo(protocol, new, true)
            }
            Some((false, index)) => match renamed.get(&index) {
                Some(new) => sink.memo(protocol, *new, false),
                None => Err(Error::new(ErrorKind::MemoMissing, op.opcode.byte(), op.offset).into()),
            },
            None => match op.opcode {
                Opcode::Frame => Ok(()),
                Opcode::Proto if op.offset == 0 => Ok(()),
                opcode => sink.op(opcode, op.arg),
            },
        }
    })?;
    sink.end_frame()?;
    sink.out.flush()?;
    Ok(len)
}

/// `_Framer` of `pickle.py`, which has other rules than the pickler in C.
struct Framer<W> {
    out: Encoder<W>,
    frame: Vec<u8>,
    on: bool,
}

impl<W: Write> Framer<W> {
    fn op(&mut self, opcode: Opcode, arg: Arg<'_>) -> Result<(), WriteError<W::Error>> {
        if !self.on {
            return self.out.op(opcode, arg);
        }
        let payload = match arg {
            Arg::Bytes(bytes) => bytes.len(),
            Arg::Text(text) => text.len() + 1,
            _ => 0,
        };
        let outside = 1 + opcode.argument().fixed_len() + payload > TARGET;
        if outside || self.frame.len() >= TARGET {
            self.end_frame()?;
        }
        if outside {
            return self.out.op(opcode, arg);
        }
        let at = self.out.offset();
        let mut encoder = Encoder::new(&mut self.frame, 5);
        encoder.op(opcode, arg).map_err(|error| match error {
            WriteError::Pickle(error) => WriteError::Pickle(Error::new(error.kind(), error.byte(), at as u64)),
            WriteError::Io { error, .. } => match error {},
        })
    }

    /// `_Pickler.put` and `get`.
    fn memo(&mut self, protocol: u8, index: u64, put: bool) -> Result<(), WriteError<W::Error>> {
        let mut digits = [0; 11];
        let (opcode, arg) = match (protocol, put) {
            (4.., true) => (Opcode::Memoize, Arg::Nothing),
            (0, put) => {
                let text = int::decimal_i32(index as i32, &mut digits);
                (if put { Opcode::Put } else { Opcode::Get }, Arg::Text(text))
            }
            (_, true) => (if index < 256 { Opcode::BinPut } else { Opcode::LongBinPut }, Arg::Uint(index)),
            (_, false) => (if index < 256 { Opcode::BinGet } else { Opcode::LongBinGet }, Arg::Uint(index)),
        };
        self.op(opcode, arg)
    }

    fn end_frame(&mut self) -> Result<(), WriteError<W::Error>> {
        if self.frame.len() >= MIN {
            self.out.op(Opcode::Frame, Arg::Uint(self.frame.len() as u64))?;
        }
        self.out.raw(&self.frame)?;
        self.frame.clear();
        Ok(())
    }
}

/// Properties of a pickle, found in one scan of its opcodes.
///
/// ```
/// use pickle_core::recode::Traits;
///
/// // Python 2: pickle.dumps("text", 2), and bytes behind it
/// let traits = Traits::of(b"\x80\x02U\x04text.more")?;
/// assert_eq!((traits.protocol, traits.python2, traits.drops_calls, traits.len), (2, true, false, 9));
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traits {
    /// The protocol: of the first PROTO, or without one the highest that an opcode is of.
    pub protocol: u8,
    /// Python 2 strs (STRING, BINSTRING, SHORT_BINSTRING) are in it.
    pub python2: bool,
    /// The result of a call, or an object that was changed, is thrown away: only the opcodes have it, no document.
    pub drops_calls: bool,
    /// Bytes from the first opcode to the end of the last frame.
    pub len: usize,
}

impl Traits {
    /// Of the pickle at the start of `input`.
    ///
    /// # Errors
    /// The opcodes are damaged. What they do is not looked at.
    pub fn of(input: &[u8]) -> Result<Traits, Error> {
        let mut traits = Traits::default();
        let mut proto = None;
        let (mut called, mut dropped) = (false, false);
        traits.len = each::<Error>(input, |op| {
            let opcode = op.opcode;
            if opcode == Opcode::Proto && proto.is_none() {
                proto = op.uint();
            }
            traits.protocol = traits.protocol.max(opcode.protocol());
            let kind = opcode.kind();
            traits.python2 |= kind == OpKind::String2;
            // A recursive object is made twice; the pickler drops one and fetches the other.
            traits.drops_calls |= dropped && kind != OpKind::Fetch;
            dropped = kind == OpKind::Pop && called;
            called = match kind {
                OpKind::Call | OpKind::New | OpKind::Instance | OpKind::Build => true,
                OpKind::Store | OpKind::Frame => called,
                OpKind::Proto
                | OpKind::Stop
                | OpKind::Mark
                | OpKind::Pop
                | OpKind::PopMark
                | OpKind::Dup
                | OpKind::Fetch
                | OpKind::None
                | OpKind::Bool
                | OpKind::Int
                | OpKind::Float
                | OpKind::Str
                | OpKind::String2
                | OpKind::Bytes
                | OpKind::ByteArray
                | OpKind::Buffer
                | OpKind::List
                | OpKind::Tuple
                | OpKind::Dict
                | OpKind::Set
                | OpKind::FrozenSet
                | OpKind::Append
                | OpKind::SetItem
                | OpKind::Add
                | OpKind::Global
                | OpKind::Extension
                | OpKind::Persistent => false,
            };
            Ok(())
        })?;
        if let Some(proto) = proto {
            traits.protocol = proto as u8;
        }
        Ok(traits)
    }
}

/// Writes the pickle at the start of `input` as it is, opcode by opcode. Gives the bytes that it took.
///
/// # Errors
/// The opcodes are damaged, or the sink fails.
pub fn copy<W: Write>(input: &[u8], out: &mut W) -> Result<usize, WriteError<W::Error>> {
    let mut encoder = Encoder::new(out, 5);
    let len = each(input, |op| encoder.copy(&op))?;
    // What follows STOP in its frame is no opcode, but a frame without it is cut off.
    let tail = input.get(encoder.written()..len).unwrap_or_default();
    encoder.raw(tail)?;
    encoder.flush()?;
    Ok(len)
}
