//! `save` of the pickler, with a stack of its own.

use super::memo::Memo;
use super::{Names, Profile, Version, scalar};
use crate::document::Document;
use crate::document::iter::Cells;
use crate::literal::compat;
use crate::literal::float;
use crate::literal::int;
use crate::machine::node::How;
use crate::machine::node::{NIL, Node, chunk, tag};
use crate::view::known::Known;
use crate::wire::encoder::Encoder;
use crate::wire::frames::GrowingFrames;
use crate::wire::sink::WriteError;
use crate::{BigInt, ErrorKind, Opcode, Value};
use alloc::vec::Vec;
use embedded_io::Write;

/// Items, or keys and values, that go to a container in batches.
pub(super) struct Batch {
    cells: Cells,
    /// A list, dict or set itself, not an object that is filled.
    exact: bool,
    kind: u8,
    mode: Mode,
    /// Values of this batch that were written.
    done: u32,
    /// Values in all.
    total: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Begin,
    /// The last batch was full, and another follows whether or not items are left.
    Again,
    One,
    Many,
}

/// What is being written.
pub(super) enum Frame {
    Batch(Batch),
    /// Its items; the object whose arguments it is.
    Tuple(Option<u32>, Cells, u32, Option<u32>),
    FrozenSet(u32, Cells),
    /// Header of the object, and how far it is.
    Object(u32, Stage),
    /// `set` or `frozenset` by call: its items.
    OldSet(u32, Batch),
    /// A value, and the opcode that follows it.
    Then(Option<Node>, Opcode),
}

#[derive(Clone, Copy)]
pub(super) enum Stage {
    Callable,
    Args,
    Kwargs,
    Made,
    /// OBJ: the class is next, then the arguments.
    Class(Cells),
    /// OBJ and INST: arguments that are left.
    Stacked(Cells),
    /// Chunks of changes from here on.
    Changes(u32),
    Built(u32),
    /// NEWOBJ without its opcode: arguments behind the class.
    Called(Cells),
    /// NEWOBJ_EX without its opcode.
    Partial(u8, Cells),
}

/// Levels of nested classes that are known as such; deeper ones are written as the calls that they are.
const NESTED: usize = 8;

/// Values of a batch: `BATCHSIZE`.
const BATCH: u32 = 1000;

type Done<E> = Result<(), WriteError<E>>;
type Next<E> = Result<Option<Frame>, WriteError<E>>;

pub(super) struct Save<'a, 'd, W> {
    document: &'d Document<'d>,
    profile: Profile,
    names: Names,
    from: u8,
    memo: &'a mut Memo,
    stack: &'a mut Vec<Frame>,
    scratch: &'a mut Vec<u8>,
    out: Encoder<W, GrowingFrames>,
    /// The last value that could have been refused.
    at: Node,
    /// Values that may still be written: recursive values can be met again and again.
    work: u64,
}

/// The key of a place: no offset has 63 bits.
fn place_key(node: Node) -> u64 {
    let range = node.as_range();
    range.offset << 1 | u64::from(range.stored)
}

impl<'a, 'd, W: Write> Save<'a, 'd, W> {
    pub fn new(
        document: &'d Document<'d>,
        profile: Profile,
        from: u8,
        memo: &'a mut Memo,
        stack: &'a mut Vec<Frame>,
        scratch: &'a mut Vec<u8>,
        out: Encoder<W, GrowingFrames>,
    ) -> Self {
        let names = Names::between(from, profile.protocol);
        let work = (document.id_limit() as u64).saturating_mul(64).saturating_add(1 << 20);
        Save { document, profile, names, from, memo, stack, scratch, out, at: Node::EMPTY, work }
    }

    /// The value that could not be written.
    pub fn refused(&self) -> Option<Node> {
        Some(self.at).filter(|node| *node != Node::EMPTY)
    }

    pub fn finish(mut self) -> Result<W, WriteError<W::Error>> {
        self.op(Opcode::Stop)?;
        self.out.finish()
    }

    pub fn run(&mut self, root: Node) -> Done<W::Error> {
        let Some(mut current) = self.save(root, None)? else { return Ok(()) };
        loop {
            match self.step(&mut current)? {
                Some(child) => self.stack.push(core::mem::replace(&mut current, child)),
                None => match self.stack.pop() {
                    Some(outer) => current = outer,
                    None => return Ok(()),
                },
            }
        }
    }

    #[inline(always)]
    fn protocol(&self) -> u8 {
        self.profile.protocol
    }

    #[cold]
    fn refuse<T>(&self, opcode: Opcode) -> Result<T, WriteError<W::Error>> {
        Err(self.out.fault(ErrorKind::Inexpressible, opcode))
    }

    /// As [`Save::refuse`], for an object whose parts were being written.
    #[cold]
    fn refuse_object<T>(&mut self, index: u32, opcode: Opcode) -> Result<T, WriteError<W::Error>> {
        self.at = Node::reference(tag::OBJECT, index);
        self.refuse(opcode)
    }

    // ---- opcodes -----------------------------------------------------------

    #[inline(always)]
    fn op(&mut self, opcode: Opcode) -> Done<W::Error> {
        self.out.emit(opcode, &[opcode.byte()], &[], false)
    }

    #[inline(always)]
    fn put(&mut self) -> Result<u32, WriteError<W::Error>> {
        let count = self.memo.count;
        self.memo.count = count.saturating_add(1);
        let number = if self.profile.is_python2() && !self.profile.pure { count.saturating_add(1) } else { count };
        match self.protocol() {
            4.. => self.op(Opcode::Memoize)?,
            0 => self.numbered(Opcode::Put, number)?,
            _ if number < 256 => {
                self.out.emit(Opcode::BinPut, &[Opcode::BinPut.byte(), number as u8], &[], false)?;
            }
            _ => self.four(Opcode::LongBinPut, number)?,
        }
        Ok(number)
    }

    #[inline(always)]
    fn get(&mut self, number: u32) -> Done<W::Error> {
        match self.protocol() {
            0 => self.numbered(Opcode::Get, number),
            _ if number < 256 => self.out.emit(Opcode::BinGet, &[Opcode::BinGet.byte(), number as u8], &[], false),
            _ => self.four(Opcode::LongBinGet, number),
        }
    }

    fn numbered(&mut self, opcode: Opcode, number: u32) -> Done<W::Error> {
        self.scratch.clear();
        let _ = core::fmt::Write::write_fmt(&mut scalar::Text(self.scratch), format_args!("{number}"));
        self.out.emit(opcode, &[opcode.byte()], self.scratch, true)
    }

    #[inline(always)]
    fn four(&mut self, opcode: Opcode, number: u32) -> Done<W::Error> {
        let [a, b, c, d] = number.to_le_bytes();
        self.out.emit(opcode, &[opcode.byte(), a, b, c, d], &[], false)
    }

    #[inline(always)]
    fn counted(&mut self, one: Opcode, four: Opcode, eight: Option<Opcode>, data: &[u8]) -> Done<W::Error> {
        let len = data.len();
        if let Ok(len) = u8::try_from(len)
            && one != four
        {
            return self.out.emit(one, &[one.byte(), len], data, false);
        }
        let limit = if four == Opcode::BinString { i32::MAX as u32 } else { u32::MAX };
        if let Ok(len) = u32::try_from(len)
            && len <= limit
        {
            let [a, b, c, d] = len.to_le_bytes();
            return self.out.emit(four, &[four.byte(), a, b, c, d], data, false);
        }
        let Some(eight) = eight.filter(|eight| eight.protocol() <= self.protocol()) else { return self.refuse(four) };
        let [a, b, c, d, e, f, g, h] = (len as u64).to_le_bytes();
        self.out.emit(eight, &[eight.byte(), a, b, c, d, e, f, g, h], data, false)
    }

    fn line(&mut self, opcode: Opcode) -> Done<W::Error> {
        self.out.emit(opcode, &[opcode.byte()], self.scratch, true)
    }

    // ---- values ------------------------------------------------------------

    /// Writes a value, or begins one that has parts. `owner` is the object whose arguments it is.
    #[inline(always)]
    fn save(&mut self, node: Node, owner: Option<u32>) -> Next<W::Error> {
        self.out.boundary()?;
        match node.tag() {
            tag::INT => self.int(node),
            tag::FLOAT => self.float(node),
            tag::STR | tag::STR_SURROGATES | tag::BYTES | tag::STR8 => {
                let key = place_key(node);
                if let Some(number) = self.memo.place(key) {
                    return self.get(number).map(|()| None);
                }
                if let Err(error) = self.text(node) {
                    self.at = node;
                    return Err(error);
                }
                let number = self.put()?;
                self.memo.set_place(key, number);
                return Ok(None);
            }
            tag::NONE => self.op(Opcode::None),
            tag::TRUE | tag::FALSE => self.bool(node.tag() == tag::TRUE),
            tag::EMPTY_TUPLE => self.empty_tuple(),
            _ => return self.save_other(node, owner),
        }?;
        Ok(None)
    }

    fn save_other(&mut self, node: Node, owner: Option<u32>) -> Next<W::Error> {
        self.at = node;
        match self.work.checked_sub(1) {
            Some(left) => self.work = left,
            None => return Err(self.out.fault(ErrorKind::WorkLimit, Opcode::Stop)),
        }
        let id = node.high();
        if node.is_reference()
            && let Some(number) = self.memo.node(id)
        {
            self.get(number)?;
            return Ok(None);
        }
        let header = self.document.node(id as usize);
        match node.tag() {
            tag::BIG_INT | tag::INT_TEXT => self.big_int(node)?,
            tag::GLOBAL | tag::STACK_GLOBAL => self.global(node)?,
            tag::LIST => {
                self.begin(Opcode::EmptyList, Opcode::List)?;
                let number = self.put()?;
                self.memo.set_node(id, number);
                return Ok(self.batch(chunk::APPEND, header.first(), header.high(), true));
            }
            tag::DICT => {
                self.begin(Opcode::EmptyDict, Opcode::Dict)?;
                let number = self.put()?;
                self.memo.set_node(id, number);
                return Ok(self.batch(chunk::SET_ITEM, header.first(), header.high(), true));
            }
            tag::SET if self.protocol() >= 4 => {
                self.op(Opcode::EmptySet)?;
                let number = self.put()?;
                self.memo.set_node(id, number);
                return Ok(self.batch(chunk::ADD, header.first(), header.high(), true));
            }
            tag::FROZEN_SET if self.protocol() >= 4 => {
                self.op(Opcode::Mark)?;
                return Ok(Some(Frame::FrozenSet(id, Cells::chunks(header.first(), header.high()))));
            }
            tag::SET | tag::FROZEN_SET => {
                let name = if node.tag() == tag::SET { "set" } else { "frozenset" };
                self.made_global("builtins", name)?;
                self.old_tuple()?;
                self.begin(Opcode::EmptyList, Opcode::List)?;
                self.put()?;
                let batch = self.new_batch(chunk::APPEND, header.first(), header.high(), true);
                return Ok(Some(Frame::OldSet(id, batch)));
            }
            tag::TUPLE | tag::TUPLE_OF_MUTABLE => {
                let count = header.high();
                if count > 3 || self.protocol() < 2 {
                    self.op(Opcode::Mark)?;
                }
                return Ok(Some(Frame::Tuple(Some(id), Cells::run(id + 1, count), count, owner)));
            }
            tag::BYTE_ARRAY => self.byte_array(node)?,
            tag::OBJECT => return self.object(node, header),
            tag::EXTENSION => self.extension(node.data())?,
            tag::BUFFER => {
                if self.protocol() < 5 {
                    return self.refuse(Opcode::NextBuffer);
                }
                self.op(Opcode::NextBuffer)?;
                if node.is_read_only() {
                    self.op(Opcode::ReadonlyBuffer)?;
                }
            }
            tag::READONLY if self.protocol() >= 5 => {
                let inner = self.document.node(id as usize + 1);
                return Ok(Some(Frame::Then(Some(inner), Opcode::ReadonlyBuffer)));
            }
            tag::FLOAT_TEXT if self.protocol() == 0 => {
                let text = self.document.range(node);
                self.out.emit(Opcode::Float, &[Opcode::Float.byte()], text, true)?;
            }
            _ => return self.refuse(Opcode::Stop),
        }
        Ok(None)
    }

    fn begin(&mut self, empty: Opcode, marked: Opcode) -> Done<W::Error> {
        if self.protocol() > 0 {
            return self.op(empty);
        }
        self.op(Opcode::Mark)?;
        self.op(marked)
    }

    fn empty_tuple(&mut self) -> Done<W::Error> {
        self.begin(Opcode::EmptyTuple, Opcode::Tuple)
    }

    fn bool(&mut self, value: bool) -> Done<W::Error> {
        if self.protocol() >= 2 {
            return self.op(if value { Opcode::NewTrue } else { Opcode::NewFalse });
        }
        self.out.emit(Opcode::Int, b"I", if value { b"01" } else { b"00" }, true)
    }

    #[inline(always)]
    fn int(&mut self, node: Node) -> Done<W::Error> {
        let value = node.data() as i64;
        let long = self.profile.is_python2() && node.is_long();
        if self.protocol() > 0 && !long {
            if let Ok(small) = u8::try_from(value) {
                return self.out.emit(Opcode::BinInt1, &[Opcode::BinInt1.byte(), small], &[], false);
            }
            if let Ok(small) = u16::try_from(value) {
                let [a, b] = small.to_le_bytes();
                return self.out.emit(Opcode::BinInt2, &[Opcode::BinInt2.byte(), a, b], &[], false);
            }
            if let Ok(small) = i32::try_from(value) {
                return self.four(Opcode::BinInt, small as u32);
            }
        }
        self.int_other(value, long)
    }

    #[inline(never)]
    fn int_other(&mut self, value: i64, long: bool) -> Done<W::Error> {
        let python2 = self.profile.is_python2();
        let old = self.profile.version == Version::Py36;
        let is_int = !long && (python2 || (i32::try_from(value).is_ok() && !old));
        if self.protocol() >= 2 && !is_int {
            let bytes = value.to_le_bytes();
            let bytes = int::minimal_twos_complement(&bytes);
            return self.out.emit(Opcode::Long1, &[Opcode::Long1.byte(), bytes.len() as u8], bytes, false);
        }
        self.scratch.clear();
        let suffix = if is_int { "" } else { "L" };
        let _ = core::fmt::Write::write_fmt(&mut scalar::Text(self.scratch), format_args!("{value}{suffix}"));
        self.line(if is_int { Opcode::Int } else { Opcode::Long })
    }

    fn big_int(&mut self, node: Node) -> Done<W::Error> {
        let value = Value::new(self.document, node);
        self.scratch.clear();
        if self.protocol() >= 2 {
            let bytes = match value.as_big_int() {
                Some(BigInt::Bytes(bytes)) => bytes,
                _ if scalar::binary(&value, self.scratch).is_some() => self.scratch,
                _ => return self.refuse(Opcode::Long4),
            };
            let bytes = int::minimal_twos_complement(bytes);
            return match u8::try_from(bytes.len()) {
                Ok(len) => self.out.emit(Opcode::Long1, &[Opcode::Long1.byte(), len], bytes, false),
                Err(_) => {
                    let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
                    self.out.emit(Opcode::Long4, &[Opcode::Long4.byte(), a, b, c, d], bytes, false)
                }
            };
        }
        if scalar::decimal(&value, self.scratch).is_none() {
            return self.refuse(Opcode::Long);
        }
        self.scratch.push(b'L');
        self.line(Opcode::Long)
    }

    #[inline(always)]
    fn float(&mut self, node: Node) -> Done<W::Error> {
        if self.protocol() > 0 {
            let [a, b, c, d, e, f, g, h] = node.data().to_be_bytes();
            return self.out.emit(Opcode::BinFloat, &[Opcode::BinFloat.byte(), a, b, c, d, e, f, g, h], &[], false);
        }
        let cpickle = self.profile.is_python2() && !self.profile.pure;
        let mut room = [0; float::REPR_ROOM];
        let text = scalar::float(f64::from_bits(node.data()), cpickle, &mut room);
        self.out.emit(Opcode::Float, &[Opcode::Float.byte()], text, true)
    }

    /// str, bytes and Python 2 str, without their memo entry.
    #[inline(always)]
    fn text(&mut self, node: Node) -> Done<W::Error> {
        let data = self.document.range(node);
        if self.protocol() >= 4 && node.tag() != tag::STR8 {
            return match node.tag() {
                tag::BYTES => self.counted(Opcode::ShortBinBytes, Opcode::BinBytes, Some(Opcode::BinBytes8), data),
                _ => self.counted(Opcode::ShortBinUnicode, Opcode::BinUnicode, Some(Opcode::BinUnicode8), data),
            };
        }
        self.text_other(node, data)
    }

    #[inline(never)]
    fn text_other(&mut self, node: Node, data: &[u8]) -> Done<W::Error> {
        match node.tag() {
            tag::STR8 => self.str8(data),
            tag::BYTES if self.protocol() >= 3 => self.counted(Opcode::ShortBinBytes, Opcode::BinBytes, None, data),
            tag::BYTES if self.profile.is_python2() => self.str8(data),
            tag::BYTES => self.old_bytes(data),
            _ => self.unicode(data),
        }
    }

    fn unicode(&mut self, data: &[u8]) -> Done<W::Error> {
        if self.protocol() >= 4 {
            return self.counted(Opcode::ShortBinUnicode, Opcode::BinUnicode, Some(Opcode::BinUnicode8), data);
        }
        if self.protocol() > 0 {
            return self.counted(Opcode::BinUnicode, Opcode::BinUnicode, None, data);
        }
        self.scratch.clear();
        scalar::raw_unicode(data, self.profile.version <= Version::Py36, self.scratch);
        self.line(Opcode::Unicode)
    }

    fn str8(&mut self, data: &[u8]) -> Done<W::Error> {
        if self.protocol() > 0 {
            return self.counted(Opcode::ShortBinString, Opcode::BinString, None, data);
        }
        self.scratch.clear();
        scalar::quoted(data, self.scratch);
        self.line(Opcode::String)
    }

    // ---- what older protocols have no opcode for ----------------------------

    fn old_tuple(&mut self) -> Done<W::Error> {
        if self.protocol() < 2 { self.op(Opcode::Mark) } else { Ok(()) }
    }

    /// Ends a tuple of `n` values (1 to 3) that nothing else refers to.
    fn end_old_tuple(&mut self, n: u32) -> Done<W::Error> {
        self.tuple_opcode(n)?;
        self.put().map(|_| ())
    }

    fn tuple_opcode(&mut self, n: u32) -> Done<W::Error> {
        match n {
            1 if self.protocol() >= 2 => self.op(Opcode::Tuple1),
            2 if self.protocol() >= 2 => self.op(Opcode::Tuple2),
            3 if self.protocol() >= 2 => self.op(Opcode::Tuple3),
            _ => self.op(Opcode::Tuple),
        }
    }

    /// A text that no node stands for; equal ones are one object.
    fn made_text(&mut self, text: &str) -> Done<W::Error> {
        let mut key = Vec::from(b"\n");
        key.extend_from_slice(text.as_bytes());
        if let Some(number) = self.memo.made(&key) {
            return self.get(number);
        }
        self.unicode(text.as_bytes())?;
        let number = self.put()?;
        self.memo.set_made(&key, number);
        Ok(())
    }

    /// A global by its Python 3 name; equal ones are one object.
    fn made_global(&mut self, module: &str, name: &str) -> Done<W::Error> {
        let (module, name) = if self.protocol() < 3 { compat::to_python2(module, name) } else { (module, name) };
        self.named_global(module, name).map(|_| ())
    }

    /// A global by the name that is to be written; returns its memo entry.
    fn named_global(&mut self, module: &str, name: &str) -> Result<u32, WriteError<W::Error>> {
        let mut key = Vec::from(module.as_bytes());
        key.push(b'\n');
        key.extend_from_slice(name.as_bytes());
        if let Some(number) = self.memo.made(&key) {
            self.get(number)?;
            return Ok(number);
        }
        if self.protocol() >= 4 {
            self.made_text(module)?;
            self.made_text(name)?;
            self.op(Opcode::StackGlobal)?;
        } else {
            if (self.protocol() < 3 && !key.is_ascii()) || module.contains('\n') || name.contains('\n') {
                return self.refuse(Opcode::Global);
            }
            self.out.emit(Opcode::Global, &[Opcode::Global.byte()], &key, true)?;
        }
        let number = self.put()?;
        self.memo.set_made(&key, number);
        Ok(number)
    }

    /// Bytes below protocol 3 (`save_bytes`), without their memo entry.
    fn old_bytes(&mut self, data: &[u8]) -> Done<W::Error> {
        if data.is_empty() {
            self.made_global("builtins", "bytes")?;
            self.empty_tuple()?;
            return self.op(Opcode::Reduce);
        }
        self.made_global("_codecs", "encode")?;
        self.old_latin1(data, "latin1")?;
        self.op(Opcode::Reduce)
    }

    /// The tuple of a Latin-1 text and the codec's name.
    fn old_latin1(&mut self, data: &[u8], codec: &str) -> Done<W::Error> {
        self.old_tuple()?;
        let mut text = Vec::new();
        scalar::latin1(data.iter().copied(), &mut text);
        self.unicode(&text)?;
        self.put()?;
        self.made_text(codec)?;
        self.end_old_tuple(2)
    }

    fn byte_array(&mut self, node: Node) -> Done<W::Error> {
        let data = self.document.range(self.document.node(node.high() as usize + 1));
        self.byte_array_of(data, node.high())
    }

    fn byte_array_of(&mut self, data: &[u8], id: u32) -> Done<W::Error> {
        if self.protocol() >= 5 {
            let [a, b, c, d, e, f, g, h] = (data.len() as u64).to_le_bytes();
            let opcode = Opcode::ByteArray8;
            self.out.emit(opcode, &[opcode.byte(), a, b, c, d, e, f, g, h], data, false)?;
        } else {
            self.made_global("builtins", "bytearray")?;
            if data.is_empty() {
                self.empty_tuple()?;
            } else if self.protocol() < 3 && self.profile.version <= Version::Py36 {
                self.old_latin1(data, "latin-1")?;
            } else {
                self.old_tuple()?;
                self.text_other(Node::atom(tag::BYTES), data)?;
                self.put()?;
                self.end_old_tuple(1)?;
            }
            self.op(Opcode::Reduce)?;
        }
        let number = self.put()?;
        self.memo.set_node(id, number);
        Ok(())
    }

    fn extension(&mut self, code: u64) -> Done<W::Error> {
        if self.protocol() < 2 {
            return self.refuse(Opcode::Ext1);
        }
        match (u8::try_from(code), u16::try_from(code)) {
            (Ok(code), _) => self.out.emit(Opcode::Ext1, &[Opcode::Ext1.byte(), code], &[], false),
            (_, Ok(code)) => {
                let [a, b] = code.to_le_bytes();
                self.out.emit(Opcode::Ext2, &[Opcode::Ext2.byte(), a, b], &[], false)
            }
            _ => self.four(Opcode::Ext4, code as u32),
        }
    }

    // ---- globals -------------------------------------------------------------

    /// Known under its place or node.
    fn remember(&mut self, node: Node, number: u32) {
        match node.is_reference() {
            true => self.memo.set_node(node.high(), number),
            false => self.memo.set_place(place_key(node), number),
        }
    }

    fn global(&mut self, node: Node) -> Done<W::Error> {
        if !node.is_reference()
            && let Some(number) = self.memo.place(place_key(node))
        {
            return self.get(number);
        }
        // What the stream has in a form of this protocol stays in that form.
        let same_side = self.names == Names::Keep && (self.from >= 4) == (self.protocol() >= 4);
        if same_side && node.tag() == tag::STACK_GLOBAL {
            let at = node.high() as usize;
            for part in [self.document.node(at + 1), self.document.node(at + 2)] {
                self.save(part, None)?;
            }
            self.op(Opcode::StackGlobal)?;
        } else if same_side {
            let line = self.document.range(node);
            self.out.emit(Opcode::Global, &[Opcode::Global.byte()], line, true)?;
        } else {
            let value = Value::new(self.document, node);
            let Some((module, name)) = value.as_global() else { return self.refuse(Opcode::Global) };
            let (module, name) = self.renamed(module, name);
            let number = match name.split_once('.') {
                Some((first, path)) if self.protocol() < 4 && self.from >= 4 => self.dotted(module, first, path)?,
                _ => self.named_global(module, name)?,
            };
            self.remember(node, number);
            return Ok(());
        }
        let number = self.put()?;
        self.remember(node, number);
        Ok(())
    }

    /// GLOBAL without a memo entry.
    fn bare_global(&mut self, module: &str, name: &str) -> Done<W::Error> {
        self.scratch.clear();
        self.scratch.extend_from_slice(module.as_bytes());
        self.scratch.push(b'\n');
        self.scratch.extend_from_slice(name.as_bytes());
        self.line(Opcode::Global)
    }

    /// A nested class that the document has as `getattr(getattr(class, ..), ..)`, as `save_global` of 3.13 writes it:
    /// nothing inside is memoised. False if it is not such a chain.
    ///
    /// A bound class method looks the same, but is memoised throughout. Those of
    /// builtin classes are told apart by their module; others are taken for nested names.
    fn chain(&mut self, index: u32) -> Result<bool, WriteError<W::Error>> {
        let mut path = [Node::EMPTY; NESTED];
        let mut depth = 0;
        let mut at = index;
        let class = loop {
            let header = self.document.node(at as usize);
            let (callable, args) = (self.part(at, 0), self.part(at, 1));
            if !matches!(args.tag(), tag::TUPLE | tag::TUPLE_OF_MUTABLE) {
                return Ok(false);
            }
            let cells = args.high() as usize;
            let known = self.memo.node(args.high()).is_some() || self.memo.node(at).is_some();
            let is_getattr = matches!(
                Value::new(self.document, callable).as_global(),
                Some(("builtins" | "__builtin__", "getattr"))
            );
            let pair = self.document.node(cells).high() == 2;
            if header.sub() != How::Reduce as u8 || header.first() != NIL || known || !is_getattr || !pair {
                return Ok(false);
            }
            let (owner, name) = (self.document.node(cells + 1), self.document.node(cells + 2));
            let Some(slot) = path.get_mut(depth).filter(|_| name.tag() == tag::STR) else { return Ok(false) };
            *slot = name;
            depth += 1;
            match owner.tag() {
                tag::GLOBAL if self.memo.place(place_key(owner)).is_none() => break owner,
                tag::OBJECT => at = owner.high(),
                _ => return Ok(false),
            }
        };
        let Some((module, name)) = Value::new(self.document, class).as_global() else { return Ok(false) };
        if matches!(module, "builtins" | "__builtin__") {
            return Ok(false);
        }
        let (module, name) = self.renamed(module, name);
        for _ in 0..depth {
            self.global(self.part(index, 0))?;
            self.old_tuple()?;
        }
        self.bare_global(module, name)?;
        for name in path.into_iter().take(depth).rev() {
            self.save(name, None)?;
            self.tuple_opcode(2)?;
            self.op(Opcode::Reduce)?;
        }
        let number = self.put()?;
        self.memo.set_node(index, number);
        Ok(true)
    }

    fn renamed<'n>(&self, module: &'n str, name: &'n str) -> (&'n str, &'n str) {
        match self.names {
            Names::Keep => (module, name),
            Names::ToPython2 => compat::to_python2(module, name),
            Names::ToPython3 => compat::to_python3(module, name),
        }
    }

    /// A nested class below protocol 4: `getattr(getattr(module.first, ..), ..)`.
    fn dotted(&mut self, module: &str, first: &str, path: &str) -> Result<u32, WriteError<W::Error>> {
        let lean = self.profile.version >= Version::Py313;
        for _ in path.split('.') {
            self.made_global("builtins", "getattr")?;
            self.old_tuple()?;
        }
        if lean {
            self.bare_global(module, first)?;
        } else {
            self.named_global(module, first)?;
        }
        let mut number = 0;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            self.made_text(part)?;
            self.tuple_opcode(2)?;
            if !lean {
                self.put()?;
            }
            self.op(Opcode::Reduce)?;
            if !lean || parts.peek().is_none() {
                number = self.put()?;
            }
        }
        Ok(number)
    }

    // ---- parts ------------------------------------------------------------------

    fn new_batch(&self, kind: u8, first: u32, total: u32, exact: bool) -> Batch {
        // Since 3.15 the pickler written in C batches as the other.
        let as_python = self.profile.pure || self.profile.version >= Version::Py315;
        let exact = exact && !as_python && !(self.profile.is_python2() && kind != chunk::SET_ITEM);
        Batch { cells: Cells::chunks(first, total), exact, kind, mode: Mode::Begin, done: 0, total }
    }

    fn batch(&self, kind: u8, first: u32, total: u32, exact: bool) -> Option<Frame> {
        if total == 0 { None } else { Some(Frame::Batch(self.new_batch(kind, first, total, exact))) }
    }

    fn step(&mut self, frame: &mut Frame) -> Next<W::Error> {
        match frame {
            Frame::Batch(batch) => self.step_batch(batch),
            Frame::Tuple(id, cells, count, owner) => {
                while let Some(node) = cells.next(self.document) {
                    if let Some(child) = self.save(node, None)? {
                        return Ok(Some(child));
                    }
                }
                self.end_tuple(*id, *count, *owner)?;
                Ok(None)
            }
            Frame::FrozenSet(id, cells) => {
                while let Some(node) = cells.next(self.document) {
                    if let Some(child) = self.save(node, None)? {
                        return Ok(Some(child));
                    }
                }
                if let Some(number) = self.memo.node(*id) {
                    self.op(Opcode::PopMark)?;
                    self.get(number)?;
                } else {
                    self.op(Opcode::FrozenSet)?;
                    let number = self.put()?;
                    self.memo.set_node(*id, number);
                }
                Ok(None)
            }
            Frame::OldSet(id, batch) => {
                if batch.total != 0
                    && let Some(child) = self.step_batch(batch)?
                {
                    return Ok(Some(child));
                }
                self.end_old_tuple(1)?;
                self.op(Opcode::Reduce)?;
                self.end_object(*id)?;
                Ok(None)
            }
            Frame::Then(node, opcode) => {
                if let Some(node) = node.take()
                    && let Some(child) = self.save(node, None)?
                {
                    return Ok(Some(child));
                }
                self.op(*opcode).map(|()| None)
            }
            Frame::Object(index, stage) => self.step_object(*index, stage),
        }
    }

    fn end_tuple(&mut self, id: Option<u32>, count: u32, owner: Option<u32>) -> Done<W::Error> {
        let met = id.and_then(|id| self.memo.node(id));
        // Arguments are made anew each time that an object is asked for them.
        let anew = owner.is_some_and(|owner| self.memo.node(owner).is_some());
        if let Some(number) = met.filter(|_| !anew) {
            match self.protocol() {
                2.. if count <= 3 => (0..count).try_for_each(|_| self.op(Opcode::Pop))?,
                0 => (0..=count).try_for_each(|_| self.op(Opcode::Pop))?,
                _ => self.op(Opcode::PopMark)?,
            }
            return self.get(number);
        }
        self.tuple_opcode(count)?;
        let number = self.put()?;
        if let (Some(id), None) = (id, met) {
            self.memo.set_node(id, number);
        }
        Ok(())
    }

    #[inline(always)]
    fn step_batch(&mut self, batch: &mut Batch) -> Next<W::Error> {
        let per = if batch.kind == chunk::SET_ITEM { 2 } else { 1 };
        let (one, many) = match batch.kind {
            chunk::APPEND => (Opcode::Append, Opcode::Appends),
            chunk::SET_ITEM => (Opcode::SetItem, Opcode::SetItems),
            _ => (Opcode::AddItems, Opcode::AddItems),
        };
        loop {
            let left = batch.cells.left();
            match batch.mode {
                Mode::Begin if left == 0 => return Ok(None),
                Mode::Begin | Mode::Again => {
                    let last_one = left == per && (!batch.exact || batch.total == per);
                    let single = self.protocol() == 0 || (last_one && batch.kind != chunk::ADD);
                    batch.mode = if single { Mode::One } else { Mode::Many };
                    batch.done = 0;
                    if !single {
                        self.op(Opcode::Mark)?;
                    }
                }
                Mode::One if batch.done == per => {
                    self.op(one)?;
                    batch.mode = Mode::Begin;
                    continue;
                }
                Mode::Many if batch.done == BATCH * per => {
                    self.op(many)?;
                    let again = batch.exact && batch.kind != chunk::APPEND;
                    batch.mode = if again { Mode::Again } else { Mode::Begin };
                    continue;
                }
                _ => {}
            }
            let Some(node) = batch.cells.next(self.document) else {
                if batch.mode == Mode::Many {
                    self.op(many)?;
                }
                batch.mode = Mode::Begin;
                return Ok(None);
            };
            batch.done += 1;
            if let Some(child) = self.save(node, None)? {
                return Ok(Some(child));
            }
        }
    }

    // ---- objects ------------------------------------------------------------------

    fn part(&self, index: u32, n: u32) -> Node {
        self.document.node((index + 1 + n) as usize)
    }

    fn object(&mut self, node: Node, header: Node) -> Next<W::Error> {
        let index = node.high();
        let how = header.sub();
        let callable = self.part(index, 0);
        let value = Value::new(self.document, node);
        if self.from < self.protocol() && how == How::Reduce as u8 {
            // What has an opcode now.
            match Known::of(value) {
                Some(Known::Bytes(octets)) if self.from < 3 && self.protocol() >= 3 => {
                    let data: Vec<u8> = octets.collect();
                    self.text_other(Node::atom(tag::BYTES), &data)?;
                    let number = self.put()?;
                    self.memo.set_node(index, number);
                    return Ok(None);
                }
                Some(Known::ByteArray(octets)) => {
                    let data: Vec<u8> = octets.collect();
                    self.byte_array_of(&data, index)?;
                    return Ok(None);
                }
                _ => {}
            }
        }
        if how == How::Reduce as u8
            && self.protocol() < 4
            && self.profile.version >= Version::Py313
            && self.chain(index)?
        {
            return Ok(None);
        }
        if how == How::PersId as u8 {
            if self.protocol() == 0 {
                let text = if callable.tag() == tag::STR { self.document.range(callable) } else { b"\n" };
                if !text.is_ascii() || text.contains(&b'\n') {
                    return self.refuse(Opcode::PersId);
                }
                self.out.emit(Opcode::PersId, &[Opcode::PersId.byte()], text, true)?;
                return Ok(None);
            }
            return Ok(Some(Frame::Then(Some(callable), Opcode::BinPersId)));
        }
        if how == How::Obj as u8 || how == How::Inst as u8 {
            self.op(Opcode::Mark)?;
            let args = Cells::run(index + 2, header.high().saturating_sub(1));
            let stage = if self.protocol() == 0 { Stage::Stacked(args) } else { Stage::Class(args) };
            return Ok(Some(Frame::Object(index, stage)));
        }
        if self.memo.open(index) && self.is_set_like(index) {
            // Met again inside its own items: its list is made anew, as `save_set` does.
            let args = self.part(index, 1);
            self.memo.forget_node(args.high());
            self.memo.forget_node(self.document.node(args.high() as usize + 1).high());
        }
        Ok(Some(Frame::Object(index, Stage::Callable)))
    }

    /// `set` or `frozenset` called with one list.
    fn is_set_like(&self, index: u32) -> bool {
        let (callable, args) = (self.part(index, 0), self.part(index, 1));
        let name = Value::new(self.document, callable).as_global();
        let one = matches!(args.tag(), tag::TUPLE | tag::TUPLE_OF_MUTABLE)
            && self.document.node(args.high() as usize).high() == 1;
        one && matches!(name, Some(("builtins" | "__builtin__", "set" | "frozenset")))
            && self.document.node(args.high() as usize + 1).tag() == tag::LIST
    }

    fn step_object(&mut self, index: u32, stage: &mut Stage) -> Next<W::Error> {
        let header = self.document.node(index as usize);
        let how = header.sub();
        loop {
            match *stage {
                Stage::Callable => {
                    *stage = Stage::Args;
                    let callable = self.part(index, 0);
                    if how == How::NewObj as u8 && self.protocol() < 2 {
                        self.made_global("copyreg", "__newobj__")?;
                        self.op(Opcode::Mark)?;
                        let args = self.part(index, 1);
                        let count = match args.tag() {
                            tag::EMPTY_TUPLE => 0,
                            tag::TUPLE | tag::TUPLE_OF_MUTABLE => self.document.node(args.high() as usize).high(),
                            _ => return self.refuse_object(index, Opcode::NewObj),
                        };
                        *stage = Stage::Called(Cells::run(args.high() + 1, count));
                    } else if how == How::NewObjEx as u8 && self.protocol() < 4 {
                        self.made_global("functools", "partial")?;
                        self.old_tuple()?;
                        if self.profile.version >= Version::Py313
                            && let Some((module, name)) = Value::new(self.document, callable).as_global()
                        {
                            let (module, name) = self.renamed(module, name);
                            let (first, path) = name.split_once('.').unwrap_or((name, ""));
                            let dot = if path.is_empty() { "" } else { "." };
                            let new = self.dotted(module, first, &alloc::format!("{path}{dot}__new__"))?;
                            *stage = self.partial_of(index, new)?;
                            if let Some(child) = self.save(callable, None)? {
                                return Ok(Some(child));
                            }
                            continue;
                        }
                        *stage = Stage::Partial(0, Cells::run(0, 0));
                        self.made_global("builtins", "getattr")?;
                        self.old_tuple()?;
                    }
                    if let Some(child) = self.save(callable, None)? {
                        return Ok(Some(child));
                    }
                }
                Stage::Args => {
                    let args = self.part(index, 1);
                    if how == How::Changed as u8 {
                        *stage = Stage::Changes(header.first());
                        continue;
                    }
                    *stage = if how == How::NewObjEx as u8 { Stage::Kwargs } else { Stage::Made };
                    if let Some(child) = self.save(args, Some(index))? {
                        return Ok(Some(child));
                    }
                }
                Stage::Kwargs => {
                    *stage = Stage::Made;
                    let kwargs = self.part(index, 2);
                    if let Some(child) = self.save(kwargs, None)? {
                        return Ok(Some(child));
                    }
                }
                Stage::Called(ref mut cells) => {
                    if let Some(node) = cells.next(self.document) {
                        if let Some(child) = self.save(node, None)? {
                            return Ok(Some(child));
                        }
                        continue;
                    }
                    self.op(Opcode::Tuple)?;
                    self.put()?;
                    *stage = Stage::Made;
                }
                Stage::Partial(step, ref mut cells) => {
                    // functools.partial(getattr(cls, '__new__')), its state, and the call.
                    match step {
                        0 => {
                            self.made_text("__new__")?;
                            self.end_old_tuple(2)?;
                            self.op(Opcode::Reduce)?;
                            let new = self.put()?;
                            *stage = self.partial_of(index, new)?;
                            let class = self.part(index, 0);
                            if let Some(child) = self.save(class, None)? {
                                return Ok(Some(child));
                            }
                        }
                        1 => {
                            if let Some(node) = cells.next(self.document) {
                                if let Some(child) = self.save(node, None)? {
                                    return Ok(Some(child));
                                }
                                continue;
                            }
                            self.op(Opcode::Tuple)?;
                            self.put()?;
                            *stage = Stage::Partial(2, Cells::run(0, 0));
                            let kwargs = self.part(index, 2);
                            if let Some(child) = self.save(kwargs, None)? {
                                return Ok(Some(child));
                            }
                        }
                        _ => {
                            self.op(Opcode::None)?;
                            self.op(Opcode::Tuple)?;
                            self.put()?;
                            self.op(Opcode::Build)?;
                            self.empty_tuple()?;
                            *stage = Stage::Made;
                        }
                    }
                }
                Stage::Class(args) => {
                    *stage = Stage::Stacked(args);
                    if let Some(child) = self.save(self.part(index, 0), None)? {
                        return Ok(Some(child));
                    }
                }
                Stage::Stacked(ref mut cells) => {
                    if let Some(node) = cells.next(self.document) {
                        if let Some(child) = self.save(node, None)? {
                            return Ok(Some(child));
                        }
                        continue;
                    }
                    if self.protocol() == 0 {
                        let class = Value::new(self.document, self.part(index, 0));
                        let Some((module, name)) = class.as_global() else {
                            return self.refuse_object(index, Opcode::Inst);
                        };
                        self.scratch.clear();
                        self.scratch.extend_from_slice(module.as_bytes());
                        self.scratch.push(b'\n');
                        self.scratch.extend_from_slice(name.as_bytes());
                        self.line(Opcode::Inst)?;
                    } else {
                        self.op(Opcode::Obj)?;
                    }
                    let number = self.put()?;
                    self.memo.set_node(index, number);
                    *stage = Stage::Changes(header.first());
                }
                Stage::Made => {
                    self.op(match how {
                        1 if self.protocol() >= 2 => Opcode::NewObj,
                        2 if self.protocol() >= 4 => Opcode::NewObjEx,
                        _ => Opcode::Reduce,
                    })?;
                    if self.end_object(index)? {
                        return Ok(None);
                    }
                    *stage = Stage::Changes(header.first());
                }
                Stage::Changes(NIL) => return Ok(None),
                Stage::Changes(at) => {
                    let first = self.document.node(at as usize);
                    let (kind, mut after, mut count) = (first.sub(), first.first(), first.high());
                    while kind < chunk::BUILD && after != NIL {
                        let next = self.document.node(after as usize);
                        if next.sub() != kind {
                            break;
                        }
                        count = count.saturating_add(next.high());
                        after = next.first();
                    }
                    *stage = Stage::Changes(after);
                    match kind {
                        chunk::BUILD => {
                            *stage = Stage::Built(after);
                            let state = self.document.node(at as usize + 1);
                            if let Some(child) = self.save(state, None)? {
                                return Ok(Some(child));
                            }
                        }
                        chunk::ADD if self.protocol() < 4 => return self.refuse_object(index, Opcode::AddItems),
                        chunk::RAW | chunk::NESTED => return self.refuse_object(index, Opcode::Build),
                        _ => return Ok(self.batch(kind, at, count, false)),
                    }
                }
                Stage::Built(after) => {
                    self.op(Opcode::Build)?;
                    *stage = Stage::Changes(after);
                }
            }
        }
    }

    /// `functools.partial(new)`, and the begin of its state up to the arguments, of which the class is first.
    fn partial_of(&mut self, index: u32, new: u32) -> Result<Stage, WriteError<W::Error>> {
        self.end_old_tuple(1)?;
        self.op(Opcode::Reduce)?;
        self.put()?;
        self.op(Opcode::Mark)?;
        self.get(new)?;
        self.op(Opcode::Mark)?;
        let args = self.part(index, 1);
        let count = match args.tag() {
            tag::EMPTY_TUPLE => 0,
            tag::TUPLE | tag::TUPLE_OF_MUTABLE => self.document.node(args.high() as usize).high(),
            _ => return self.refuse_object(index, Opcode::NewObjEx),
        };
        Ok(Stage::Partial(1, Cells::run(args.high() + 1, count)))
    }

    /// Memoises an object that has just been made; true if it was in the memo already, and is fetched instead.
    fn end_object(&mut self, id: u32) -> Result<bool, WriteError<W::Error>> {
        if let Some(number) = self.memo.node(id) {
            self.op(Opcode::Pop)?;
            self.get(number)?;
            return Ok(true);
        }
        let number = self.put()?;
        self.memo.set_node(id, number);
        Ok(false)
    }
}
