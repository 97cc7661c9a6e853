//! How a value is spelt in a protocol: the choice of opcodes, for the pickler and for the writer of documents.
//!
//! What has an opcode is a method of [`Encoder`] here; what an older protocol spells as a call goes through [`Spell`],
//! because the two differ in what they put into the memo on the way.

use crate::literal::int;
use crate::wire::frames::Frames;
use crate::wire::op;
use crate::wire::sink::WriteError;
use crate::{Encoder, ErrorKind, Opcode};
use embedded_io::{ErrorType, Write};

/// Items between two APPENDS, SETITEMS or ADDITEMS (`BATCHSIZE` in `_pickle.c`).
pub(crate) const BATCH: u16 = op::BATCH as u16;

/// The module of Python's built-ins: before protocol 3, Python 2's (`fix_imports`).
pub(crate) fn builtins(protocol: u8) -> &'static str {
    if protocol < 3 { "__builtin__" } else { "builtins" }
}

/// What is written as a length and bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// The two's complement of an int.
    Int,
    Str,
    Bytes,
    /// A str of Python 2.
    #[cfg(feature = "alloc")]
    Str8,
    ByteArray,
}

impl Payload {
    /// The opcodes with lengths of one, four and eight bytes.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    const fn opcodes(self, protocol: u8) -> (Option<Opcode>, Option<Opcode>, Option<Opcode>) {
        match (self, protocol) {
            (Payload::Int, _) => (Some(Opcode::Long1), Some(Opcode::Long4), None),
            (Payload::Str, 4..) => (Some(Opcode::ShortBinUnicode), Some(Opcode::BinUnicode), Some(Opcode::BinUnicode8)),
            (Payload::Str, _) => (None, Some(Opcode::BinUnicode), None),
            (Payload::Bytes, 4..) => (Some(Opcode::ShortBinBytes), Some(Opcode::BinBytes), Some(Opcode::BinBytes8)),
            (Payload::Bytes, _) => (Some(Opcode::ShortBinBytes), Some(Opcode::BinBytes), None),
            #[cfg(feature = "alloc")]
            (Payload::Str8, _) => (Some(Opcode::ShortBinString), Some(Opcode::BinString), None),
            (Payload::ByteArray, _) => (None, None, Some(Opcode::ByteArray8)),
        }
    }

    /// Whether `protocol` has a length for so many bytes.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn fits(self, protocol: u8, len: usize) -> bool {
        let limit = match self {
            Payload::Str | Payload::Bytes | Payload::ByteArray => u32::MAX,
            _ => i32::MAX as u32,
        };
        self.opcodes(protocol).2.is_some() || u32::try_from(len).is_ok_and(|len| len <= limit)
    }
}

/// How a container takes its items: one by one, and in batches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fill {
    pub one: Opcode,
    pub many: Opcode,
}

impl Fill {
    pub const LIST: Fill = Fill { one: Opcode::Append, many: Opcode::Appends };
    pub const DICT: Fill = Fill { one: Opcode::SetItem, many: Opcode::SetItems };
    pub const SET: Fill = Fill { one: Opcode::AddItems, many: Opcode::AddItems };
}

type Done<W> = Result<(), WriteError<<W as ErrorType>::Error>>;

impl<W: Write, F: Frames> Encoder<W, F> {
    /// An opcode without an argument.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn simple(&mut self, opcode: Opcode) -> Done<W> {
        self.emit(opcode, &[opcode.byte()], &[], false)
    }

    /// An opcode whose argument is a text up to a newline.
    #[cfg_attr(target_pointer_width = "64", inline(never))]
    pub(crate) fn line(&mut self, opcode: Opcode, text: &[u8]) -> Done<W> {
        self.emit(opcode, &[opcode.byte()], text, true)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn one(&mut self, opcode: Opcode, number: u8) -> Done<W> {
        self.emit(opcode, &[opcode.byte(), number], &[], false)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn two(&mut self, opcode: Opcode, number: u16) -> Done<W> {
        let [a, b] = number.to_le_bytes();
        self.emit(opcode, &[opcode.byte(), a, b], &[], false)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn four(&mut self, opcode: Opcode, number: u32) -> Done<W> {
        let [a, b, c, d] = number.to_le_bytes();
        self.emit(opcode, &[opcode.byte(), a, b, c, d], &[], false)
    }

    /// PROTO, which protocols 0 and 1 do not have.
    pub(crate) fn proto(&mut self) -> Done<W> {
        if self.protocol() < 2 {
            return Ok(());
        }
        self.one(Opcode::Proto, self.protocol())
    }

    pub(crate) fn bool(&mut self, value: bool) -> Done<W> {
        match (self.protocol(), value) {
            (2.., true) => self.simple(Opcode::NewTrue),
            (2.., false) => self.simple(Opcode::NewFalse),
            _ => self.line(Opcode::Int, if value { b"01" } else { b"00" }),
        }
    }

    /// An int of four bytes.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn int(&mut self, value: i32) -> Done<W> {
        match (self.protocol(), value) {
            (0, _) => self.line(Opcode::Int, int::decimal_i32(value, &mut [0; 11])),
            (_, 0..=0xff) => self.one(Opcode::BinInt1, value as u8),
            (_, 0..=0xffff) => self.two(Opcode::BinInt2, value as u16),
            _ => self.four(Opcode::BinInt, value as u32),
        }
    }

    /// A float from protocol 1 on, by its bits.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn float(&mut self, bits: u64) -> Done<W> {
        let [a, b, c, d, e, f, g, h] = bits.to_be_bytes();
        self.emit(Opcode::BinFloat, &[Opcode::BinFloat.byte(), a, b, c, d, e, f, g, h], &[], false)
    }

    /// Bytes with their length, which [fits](Payload::fits).
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn payload(&mut self, kind: Payload, bytes: &[u8]) -> Done<W> {
        let [a, b, c, d, e, f, g, h] = (bytes.len() as u64).to_le_bytes();
        match (kind.opcodes(self.protocol()), bytes.len() as u64) {
            ((Some(short), ..), 0..=0xff) => self.emit(short, &[short.byte(), a], bytes, false),
            ((_, Some(long), _), 0..=0xffff_ffff) => self.emit(long, &[long.byte(), a, b, c, d], bytes, false),
            ((.., Some(huge)), _) => self.emit(huge, &[huge.byte(), a, b, c, d, e, f, g, h], bytes, false),
            _ => Err(self.fault(ErrorKind::TooLong, Opcode::BinUnicode)),
        }
    }

    /// Puts the top of the stack into the memo as `index`, which from protocol 4 on is the number of entries.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn memo_put(&mut self, index: u32) -> Done<W> {
        match self.protocol() {
            4.. => self.simple(Opcode::Memoize),
            _ => self.memo(index, Opcode::Put, Opcode::BinPut, Opcode::LongBinPut),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn memo_get(&mut self, index: u32) -> Done<W> {
        self.memo(index, Opcode::Get, Opcode::BinGet, Opcode::LongBinGet)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn memo(&mut self, index: u32, text: Opcode, short: Opcode, long: Opcode) -> Done<W> {
        match (self.protocol(), index) {
            // Indices stay below the number of opcodes, far from negative.
            (0, _) => self.line(text, int::decimal_i32(index as i32, &mut [0; 11])),
            (_, 0..=0xff) => self.one(short, index as u8),
            _ => self.four(long, index),
        }
    }

    pub(crate) fn begin_list(&mut self) -> Done<W> {
        self.begin(Opcode::EmptyList, Opcode::List)
    }

    pub(crate) fn begin_dict(&mut self) -> Done<W> {
        self.begin(Opcode::EmptyDict, Opcode::Dict)
    }

    fn begin(&mut self, empty: Opcode, marked: Opcode) -> Done<W> {
        if self.protocol() > 0 {
            return self.simple(empty);
        }
        self.simple(Opcode::Mark)?;
        self.simple(marked)
    }

    pub(crate) fn empty_tuple(&mut self) -> Done<W> {
        self.begin(Opcode::EmptyTuple, Opcode::Tuple)
    }

    /// Whether a tuple of `len` items has an opcode that counts them, and takes no MARK.
    pub(crate) fn counts_tuple(&self, len: usize) -> bool {
        self.protocol() >= 2 && len <= 3
    }

    /// Begins a tuple of one to three items.
    pub(crate) fn begin_short_tuple(&mut self) -> Done<W> {
        if self.counts_tuple(1) { Ok(()) } else { self.simple(Opcode::Mark) }
    }

    /// Ends a tuple of `len` items, at least one, behind a MARK unless [that is not needed](Encoder::counts_tuple).
    pub(crate) fn end_tuple(&mut self, len: u32) -> Done<W> {
        match (self.protocol(), len) {
            (2.., 1) => self.simple(Opcode::Tuple1),
            (2.., 2) => self.simple(Opcode::Tuple2),
            (2.., 3) => self.simple(Opcode::Tuple3),
            _ => self.simple(Opcode::Tuple),
        }
    }

    /// NEXT_BUFFER, in protocol 5.
    pub(crate) fn buffer(&mut self, read_only: bool) -> Done<W> {
        self.simple(Opcode::NextBuffer)?;
        if read_only { self.simple(Opcode::ReadonlyBuffer) } else { Ok(()) }
    }

    /// A code of the extension registry, from protocol 2 on.
    #[cfg(feature = "alloc")]
    pub(crate) fn extension(&mut self, code: u32) -> Done<W> {
        match (u8::try_from(code), u16::try_from(code)) {
            (Ok(code), _) => self.one(Opcode::Ext1, code),
            (_, Ok(code)) => self.two(Opcode::Ext2, code),
            _ => self.four(Opcode::Ext4, code),
        }
    }
}

/// Who writes calls in place of opcodes that a protocol lacks.
pub(crate) trait Spell {
    type Out: Write;
    type Frames: Frames;

    fn encoder(&mut self) -> &mut Encoder<Self::Out, Self::Frames>;

    /// A class or function that no value stands for, by the name that is to be written.
    fn write_global(&mut self, module: &str, name: &str) -> Done<Self::Out>;

    /// A str that no value stands for.
    fn write_text(&mut self, text: &[u8]) -> Done<Self::Out>;

    /// A str of the code points that are these bytes.
    fn write_latin1(&mut self, bytes: &[u8]) -> Done<Self::Out>;

    /// What has just been made may go into the memo.
    fn memoize(&mut self) -> Done<Self::Out>;
}

/// Bytes before protocol 3: `_codecs.encode(text, 'latin1')`, or `bytes()` where there are none (`save_bytes`).
pub(crate) fn old_bytes<S: Spell>(to: &mut S, bytes: &[u8]) -> Done<S::Out> {
    let protocol = to.encoder().protocol();
    if bytes.is_empty() {
        to.write_global(builtins(protocol), "bytes")?;
        to.encoder().empty_tuple()?;
    } else {
        to.write_global("_codecs", "encode")?;
        latin1_pair(to, bytes, b"latin1")?;
    }
    to.encoder().simple(Opcode::Reduce)
}

/// The tuple of a text and its codec.
fn latin1_pair<S: Spell>(to: &mut S, bytes: &[u8], codec: &[u8]) -> Done<S::Out> {
    to.encoder().begin_short_tuple()?;
    to.write_latin1(bytes)?;
    to.write_text(codec)?;
    to.encoder().end_tuple(2)?;
    to.memoize()
}

/// A bytearray before protocol 5: `bytearray` of bytes, or of a text and its codec as Python 2 and up to 3.6 had it
/// (`as_text`), or of nothing (`save_bytearray`). `bytes` writes them.
pub(crate) fn old_byte_array<S: Spell>(
    to: &mut S,
    data: &[u8],
    as_text: bool,
    bytes: impl FnOnce(&mut S, &[u8]) -> Done<S::Out>,
) -> Done<S::Out> {
    let protocol = to.encoder().protocol();
    to.write_global(builtins(protocol), "bytearray")?;
    if data.is_empty() {
        to.encoder().empty_tuple()?;
    } else if protocol < 3 && as_text {
        latin1_pair(to, data, b"latin-1")?;
    } else {
        to.encoder().begin_short_tuple()?;
        bytes(to, data)?;
        to.memoize()?;
        to.encoder().end_tuple(1)?;
        to.memoize()?;
    }
    to.encoder().simple(Opcode::Reduce)
}

/// A set or frozenset before protocol 4: its class, and a list of items for which [`end_old_set`] calls it (`save_set`).
pub(crate) fn begin_old_set<S: Spell>(to: &mut S, class: &str) -> Done<S::Out> {
    let protocol = to.encoder().protocol();
    to.write_global(builtins(protocol), class)?;
    to.encoder().begin_short_tuple()?;
    to.encoder().begin_list()?;
    to.memoize()
}

/// Calls the class for the list.
pub(crate) fn end_old_set<S: Spell>(to: &mut S) -> Done<S::Out> {
    to.encoder().end_tuple(1)?;
    to.memoize()?;
    to.encoder().simple(Opcode::Reduce)
}

/// A nested class before protocol 4: `getattr(getattr(module.first, ..), ..)`, where `first` writes the outermost one.
/// `throughout` memoises what is made on the way, as Python did up to 3.12.
pub(crate) fn dotted<'n, S: Spell>(
    to: &mut S,
    path: impl Iterator<Item = &'n [u8]> + Clone,
    throughout: bool,
    first: impl FnOnce(&mut S) -> Done<S::Out>,
) -> Done<S::Out> {
    let protocol = to.encoder().protocol();
    for _ in path.clone() {
        to.write_global(builtins(protocol), "getattr")?;
        to.encoder().begin_short_tuple()?;
    }
    first(to)?;
    let mut path = path.peekable();
    while let Some(part) = path.next() {
        to.write_text(part)?;
        to.encoder().end_tuple(2)?;
        if throughout {
            to.memoize()?;
        }
        to.encoder().simple(Opcode::Reduce)?;
        if throughout && path.peek().is_some() {
            to.memoize()?;
        }
    }
    Ok(())
}
