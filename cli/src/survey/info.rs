//! Facts about a pickle from its opcodes, in one pass, without its objects.

use super::globals::{self, Global, Places};
use super::symbols::{self, Key, Shape, Symbols};
use super::walk::{self, is_cut_pickle, raw_array};
use embedded_io::Read;
use pickle_core::joblib::ArrayForm;
use pickle_core::{Error, ErrorKind, Op, OpKind, OpReader, Opcode, ReadError};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Bytes of the buffer through which an input is read.
const BUFFER: usize = 64 * 1024;

/// Facts about one pickle, or about several together.
#[derive(Clone, Debug, Default)]
pub struct Info {
    /// Bytes from the start of the stream to the pickle.
    pub offset: u64,
    /// Bytes from the first opcode to STOP, STOP included; to where the error is, if there is one.
    pub length: u64,
    /// Whether STOP was reached.
    pub complete: bool,
    /// The argument of the first PROTO; `None` without one.
    pub proto_opcode: Option<u8>,
    /// The highest protocol that an opcode belongs to, or that a PROTO names.
    pub min_protocol: u8,
    /// Opcodes.
    pub opcode_count: u64,
    /// How often each opcode comes.
    pub opcodes: BTreeMap<Opcode, u64>,
    /// The first argument or opcode that no reader takes, though what follows can be read.
    pub fault: Option<Error>,
    /// FRAME opcodes.
    pub frames: u64,
    /// Bytes in the payloads and texts of strs, those of Python 2 included.
    pub str_bytes: u64,
    /// Bytes in the payloads of bytes and bytearrays.
    pub bytes_bytes: u64,
    /// The most values on the stack after any opcode. Marks do not count, values below them do.
    pub max_stack: u64,
    /// The most marks on the stack.
    pub max_marks: u64,
    /// Entries in the memo at the end.
    pub memo_size: u64,
    /// The highest index in the memo.
    pub max_memo_index: Option<u64>,
    /// The first index that was put into the memo: cPickle begins at 1, all others at 0.
    pub first_memo_index: Option<u64>,
    /// Values left on the stack below the result.
    pub leftover_stack: u64,
    /// Out-of-band buffers that are asked for.
    pub buffers: u64,
    /// Persistent ids.
    pub persids: u64,
    /// Extension codes, in the order in which they are first seen.
    pub ext_codes: Vec<i64>,
    /// Classes and functions, in the order in which they are first named.
    pub globals: Vec<Global>,
    /// Where each of those is, once others were added.
    places: Places,
    /// joblib's arrays between the opcodes.
    pub arrays: u64,
    /// Bytes of those arrays and their padding.
    pub array_bytes: u64,
    /// Pickles that stand for joblib's arrays of objects, all together.
    pub nested: Option<Box<Info>>,
    /// How many those are.
    pub nested_count: u64,
    /// What kind of value the pickle is.
    pub root: Option<Shape>,
    /// The class of that value, or the global that it is.
    pub root_global: Option<Global>,
    /// Items of that value, as far as they stand in it directly.
    pub root_items: u64,
    /// Strs that are keys near the root.
    pub keys: Vec<Key>,
    /// The version that a scikit-learn object says it was made with.
    pub sklearn_version: Option<String>,
    /// The pickle is the first of a file of torch before 1.6.
    pub torch_magic: bool,
}

impl Info {
    fn count(&mut self, op: &Op<'_>, total: u64) {
        let opcode = op.opcode;
        self.opcode_count += 1;
        self.min_protocol = self.min_protocol.max(opcode.protocol());
        match opcode.kind() {
            OpKind::Proto => {
                let protocol = op.uint().unwrap_or_default() as u8;
                self.proto_opcode.get_or_insert(protocol);
                self.min_protocol = self.min_protocol.max(protocol);
            }
            OpKind::Frame => self.frames += 1,
            OpKind::Buffer => self.buffers += u64::from(opcode == Opcode::NextBuffer),
            OpKind::Persistent => self.persids += 1,
            OpKind::Bytes | OpKind::ByteArray => self.bytes_bytes += total,
            OpKind::Str | OpKind::String2 => self.str_bytes += total,
            _ => {}
        }
    }

    /// Takes over what was followed.
    fn finish(&mut self, symbols: &Symbols, histogram: &Histogram) {
        self.opcodes = histogram.to_map();
        self.fault = match (self.fault, symbols.fault) {
            (Some(text), Some(kind)) if kind.offset() < text.offset() => Some(kind),
            (text, kind) => text.or(kind),
        };
        self.max_stack = symbols.max_stack;
        self.max_marks = symbols.max_marks;
        self.memo_size = symbols.memo_size();
        self.max_memo_index = symbols.max_memo_index;
        self.first_memo_index = symbols.first_memo_index;
        self.leftover_stack = if self.complete { symbols.depth() } else { 0 };
        self.ext_codes = symbols.ext_codes.clone();
        self.globals = symbols.globals().named();
        let symbols::Root { shape, global, items } = symbols.root();
        self.root = *shape;
        self.root_global = global.and_then(|number| symbols.globals().get(number)).cloned();
        self.root_items = *items;
        self.keys = symbols.keys.clone();
        self.sklearn_version = symbols.sklearn_version.clone();
        self.torch_magic = symbols.torch_magic;
    }

    /// Adds another pickle: sums, maxima, and all names. The root stays that of the first.
    pub fn add(&mut self, other: &Info) {
        self.length += other.length;
        self.complete &= other.complete;
        self.fault = self.fault.or(other.fault);
        self.min_protocol = self.min_protocol.max(other.min_protocol);
        self.opcode_count += other.opcode_count;
        for (opcode, count) in &other.opcodes {
            *self.opcodes.entry(*opcode).or_default() += count;
        }
        self.frames += other.frames;
        self.str_bytes += other.str_bytes;
        self.bytes_bytes += other.bytes_bytes;
        self.max_stack = self.max_stack.max(other.max_stack);
        self.max_marks = self.max_marks.max(other.max_marks);
        self.memo_size = self.memo_size.max(other.memo_size);
        self.max_memo_index = self.max_memo_index.max(other.max_memo_index);
        self.first_memo_index = self.first_memo_index.or(other.first_memo_index);
        self.leftover_stack = self.leftover_stack.max(other.leftover_stack);
        self.buffers += other.buffers;
        self.persids += other.persids;
        for code in &other.ext_codes {
            if !self.ext_codes.contains(code) {
                self.ext_codes.push(*code);
            }
        }
        globals::merge(&mut self.globals, &mut self.places, &other.globals);
        self.arrays += other.arrays;
        self.array_bytes += other.array_bytes;
        if let Some(nested) = &other.nested {
            self.add_nested(nested, other.nested_count);
        }
        if self.sklearn_version.is_none() {
            self.sklearn_version.clone_from(&other.sklearn_version);
        }
        self.torch_magic |= other.torch_magic;
    }

    fn add_nested(&mut self, nested: &Info, count: u64) {
        self.nested_count += count;
        match &mut self.nested {
            Some(all) => all.add(nested),
            None => self.nested = Some(Box::new(nested.clone())),
        }
    }

    /// How often an opcode comes.
    pub fn opcode(&self, opcode: Opcode) -> u64 {
        self.opcodes.get(&opcode).copied().unwrap_or(0)
    }
}

/// Counts by the opcode's byte.
struct Histogram([u64; 256]);

impl Histogram {
    fn to_map(&self) -> BTreeMap<Opcode, u64> {
        let count = |opcode: Opcode| self.0.get(usize::from(opcode.byte())).copied().unwrap_or(0);
        Opcode::ALL.iter().map(|&opcode| (opcode, count(opcode))).filter(|(_, count)| *count != 0).collect()
    }
}

/// What lies behind the last pickle, and whether there was an error.
#[derive(Debug)]
pub struct Tail<E> {
    /// Pickles that were begun.
    pub count: u64,
    /// Bytes of the stream, as far as it was read.
    pub total: u64,
    /// Bytes behind the last pickle that are none.
    pub trailing: u64,
    /// Why reading stopped before the end.
    pub error: Option<ReadError<E>>,
    /// What is behind the last pickle would be one if the memo of an earlier pickle lived on.
    pub lacks_memo: bool,
}

impl<E> Tail<E> {
    /// The error is a fetch from the memo that an earlier pickle may have filled:
    /// pickles of one `Pickler` refer to what it has written before.
    pub fn wants_earlier_memo(&self) -> bool {
        let missing =
            |error: &ReadError<E>| matches!(error, ReadError::Pickle(e) if e.kind() == ErrorKind::MemoMissing);
        self.lacks_memo || self.count > 1 && self.error.as_ref().is_some_and(missing)
    }
}

/// Reads all pickles of a stream and gives the facts about each to
/// `each`, an incomplete one before an error included.
///
/// Memory does not depend on the payloads: 16 bytes for each value that is on
/// the stack or in the memo, and the short strings among those. joblib's
/// arrays are passed over. With `shared_memo` the memo lives on from one
/// pickle to the next.
pub fn info<R: Skip>(reader: R, shared_memo: bool, mut each: impl FnMut(Info)) -> Tail<R::Error> {
    let (total, ahead) = (Cell::new(0), Cell::new(0));
    let mut buffer = vec![0; BUFFER];
    let mut reader = OpReader::new(Counted { reader, total: &total, ahead: &ahead }, &mut buffer);
    let mut tail = Tail { count: 0, total: 0, trailing: 0, error: None, lacks_memo: false };
    let mut memo = None;
    loop {
        match reader.at_end() {
            Ok(false) => {}
            Ok(true) if tail.count == 0 => tail.error = Some(Error::new(ErrorKind::Empty, 0, 0).into()),
            Ok(true) => {}
            Err(error) => tail.error = Some(ReadError::Io(error)),
        }
        if tail.error.is_some() || matches!(reader.at_end(), Ok(true)) {
            break;
        }
        let start = reader.decoder().offset();
        let mut walk = Walk::new(start, memo.take(), &ahead);
        let result = walk.pickle(&mut reader);
        match result {
            Err(ReadError::Pickle(error)) if tail.count > 0 && !walk.is_cut_pickle(error) => {
                tail.lacks_memo = error.kind() == ErrorKind::MemoMissing;
                tail.error = drain(&mut reader).err();
                tail.trailing = total.get().saturating_sub(start);
                break;
            }
            result => {
                tail.count += 1;
                let failed = result.is_err();
                tail.error = result.err();
                memo = Some(walk.symbols).filter(|_| shared_memo);
                each(walk.info);
                if failed {
                    break;
                }
            }
        }
        reader.decoder().next_pickle();
    }
    tail.total = total.get();
    tail
}

/// Whether a whole pickle stands at the start of a stream. Nothing behind it is looked at.
pub(crate) fn begins_with_pickle<R: Read>(reader: R) -> bool {
    let mut buffer = vec![0; BUFFER];
    let mut reader = OpReader::new(reader, &mut buffer);
    Walk::new(0, None, &Cell::new(0)).pickle(&mut reader).is_ok()
}

/// Reads on to the end of the input.
fn drain<R: Read>(reader: &mut OpReader<'_, R>) -> Result<(), ReadError<R::Error>> {
    reader.decoder().next_pickle();
    reader.decoder().take_raw(u64::MAX)?;
    loop {
        match reader.next() {
            Ok(_) => {}
            Err(ReadError::Pickle(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// One pickle on its way.
struct Walk<'a> {
    /// Bytes that follow and are not read.
    ahead: &'a Cell<u64>,
    info: Info,
    symbols: Symbols,
    histogram: Histogram,
    first_byte: u8,
}

impl<'a> Walk<'a> {
    fn new(offset: u64, memo: Option<Symbols>, ahead: &'a Cell<u64>) -> Self {
        let symbols = memo.map(Symbols::with_memo_of).unwrap_or_default();
        let info = Info { offset, ..Info::default() };
        Walk { ahead, info, symbols, histogram: Histogram([0; 256]), first_byte: 0 }
    }

    fn is_cut_pickle(&self, error: Error) -> bool {
        let first_byte = if self.info.opcode_count == 0 { error.byte() } else { self.first_byte };
        is_cut_pickle(first_byte, error, self.info.opcode_count)
    }

    /// Follows the pickle to its end, with those inside it.
    fn pickle<R: Read>(&mut self, reader: &mut OpReader<'_, R>) -> Result<(), ReadError<R::Error>> {
        loop {
            match walk::opcodes(reader, self) {
                Ok(None) => {
                    self.info.finish(&self.symbols, &self.histogram);
                    return Ok(());
                }
                Ok(Some(ArrayForm::Raw { len, padded })) => {
                    self.info.arrays += 1;
                    let start = reader.decoder().offset();
                    let ahead = self.ahead;
                    let read = raw_array(reader, len, padded, &|bytes| ahead.set(bytes));
                    self.info.array_bytes += reader.decoder().offset() - start;
                    read.inspect_err(|_| self.end(reader))?;
                }
                Ok(Some(ArrayForm::Nested)) => {
                    self.info.arrays += 1;
                    let offset = reader.decoder().offset();
                    if reader.decoder().frame_left() != 0 {
                        return Err(Error::new(ErrorKind::RawInFrame, 0, offset).into());
                    }
                    reader.decoder().next_pickle();
                    let mut nested = Walk::new(offset, None, self.ahead);
                    // joblib writes these with plain pickle: no arrays of its own inside.
                    let result = loop {
                        match walk::opcodes(reader, &mut nested) {
                            Ok(Some(_)) => {}
                            Ok(None) => break Ok(()),
                            Err(error) => break Err(error),
                        }
                    };
                    nested.end(reader);
                    self.info.add_nested(&nested.info, 1);
                    result.inspect_err(|_| self.end(reader))?;
                    reader.decoder().next_pickle();
                }
                Err(error) => {
                    self.end(reader);
                    return Err(error);
                }
            }
        }
    }

    /// The pickle is over before its end.
    fn end<R: Read>(&mut self, reader: &mut OpReader<'_, R>) {
        if !self.info.complete {
            self.info.length = reader.decoder().offset().saturating_sub(self.info.offset);
        }
        self.info.finish(&self.symbols, &self.histogram);
    }
}

/// Bytes that can be passed over without being read.
pub trait Skip: Read {
    /// Passes over at most so many bytes; gives how many. None is always right.
    fn skip(&mut self, _bytes: u64) -> u64 {
        0
    }
}

impl Skip for &[u8] {}

impl<S: Skip + ?Sized> Skip for &mut S {
    fn skip(&mut self, bytes: u64) -> u64 {
        (**self).skip(bytes)
    }
}

impl walk::OpVisitor for Walk<'_> {
    #[inline]
    fn op(&mut self, op: &Op<'_>, payload: u64) -> Result<(), Error> {
        if self.info.opcode_count == 0 {
            self.first_byte = op.opcode.byte();
        }
        self.info.count(op, payload);
        if let Some(count) = self.histogram.0.get_mut(usize::from(op.opcode.byte())) {
            *count += 1;
        }
        self.symbols.apply(op)?;
        if op.opcode == Opcode::Stop {
            self.info.complete = true;
            self.info.length = op.offset + 1 - self.info.offset;
        }
        Ok(())
    }

    fn ahead(&mut self, bytes: u64) {
        self.ahead.set(bytes);
    }

    fn wrong(&mut self, error: Error) {
        self.info.fault.get_or_insert(error);
    }

    fn array(&mut self) -> Option<ArrayForm> {
        self.symbols.take_array()
    }
}

/// Counts what is read, and skips what is not looked at: the buffer then keeps its contents.
struct Counted<'c, R> {
    reader: R,
    total: &'c Cell<u64>,
    ahead: &'c Cell<u64>,
}

impl<R: embedded_io::ErrorType> embedded_io::ErrorType for Counted<'_, R> {
    type Error = R::Error;
}

impl<R: Skip> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, R::Error> {
        let most = self.ahead.get().min(buf.len() as u64);
        let n = match self.reader.skip(most) {
            0 => self.reader.read(buf)?,
            skipped => skipped as usize,
        };
        self.ahead.set(self.ahead.get().saturating_sub(n as u64));
        self.total.set(self.total.get() + n as u64);
        Ok(n)
    }
}
