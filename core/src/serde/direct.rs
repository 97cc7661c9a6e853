//! Opcodes straight into types, where nothing has to be looked at twice.
//!
//! A pickle of plain data is read as it comes, with no document and only the memo to keep. A reader on this path takes what
//! it understands and nothing else: every value it gives is one that it has seen pushed, and every container ends
//! with the opcode that gives it its items. At anything else (objects, containers that are fetched from the memo,
//! a value that the type refuses, damage) it gives up, and the pickle is read again, as a document: so what comes
//! out, errors included, is what the document says.

mod access;
mod deserializer;
mod says;

use self::access::Body;
use self::access::Entries;
use self::access::Enum;
use self::access::Items;
use self::access::State;
use self::access::Tuple;
use self::says::Says;
use super::error::{Result, SerdeError};
use super::options::DeOptions;
use crate::literal::int;
use crate::machine::node::{Node, Range, tag};
use crate::{Arg, Decoder, ErrorKind, Memory, Op, Opcode, Shortage, Step};
use ::serde::Deserialize;
use ::serde::de::Visitor;

/// Items after which CPython begins another batch (`BATCHSIZE` in `_pickle.c`).
const BATCH: u32 = 1000;

/// Strs that are found again without a look at the memo; a power of two.
const KNOWN: usize = 16;

/// Entries of the memo that are kept from the start. CPython memoises every container and nearly every str, and seldom
/// fetches any but the first: the others are found by a second look, if it comes to that.
const EARLY: usize = 4096;

/// Opcodes that are looked at to tell an empty container from one of a single item.
const AHEAD: usize = 256;

/// Reads the pickle at `at` into a type, and says where it ends. An error: read it as a document. The error is the offset
/// of the value that the type has refused, where it is that.
pub(crate) fn read<'de, T: Deserialize<'de>, M: Memory>(
    input: &'de [u8],
    at: usize,
    memory: &mut M,
    options: &DeOptions,
) -> core::result::Result<(T, usize), Option<u64>> {
    // Limits that only the document counts.
    if options.max_values.is_some() || options.pickle.max_opcodes != u64::MAX {
        return Err(None);
    }
    let mut decoder = Decoder::new();
    decoder.restart_at(at as u64);
    let rest = input.get(at..).unwrap_or_default();
    let ahead = rest.len();
    let mut direct = Direct {
        input,
        rest,
        decoder,
        memory,
        start: at,
        memo_len: 0,
        kept: EARLY,
        known: [(usize::MAX, ""); KNOWN],
        levels: options.max_depth,
        ahead,
        in_key: false,
        fell_back: false,
        refused: None,
    };
    let read = T::deserialize(&mut direct);
    match read {
        // A type may have hidden the error.
        Ok(value) if !direct.fell_back => match direct.end() {
            Some(end) => Ok((value, end)),
            None => Err(None),
        },
        Ok(_) => Err(None),
        Err(_) => {
            if !direct.fell_back {
                direct.refused = Some(direct.decoder.offset());
            }
            Err(direct.refused.and_then(|end| value_before(input, at, end)))
        }
    }
}

/// The offset of the last value before `end`: opcodes do not say where they began.
#[cold]
fn value_before(input: &[u8], at: usize, end: u64) -> Option<u64> {
    let mut decoder = Decoder::new();
    decoder.restart_at(at as u64);
    let mut found = None;
    let mut rest = input.get(at..)?;
    let _ = decoder.each(&mut rest, |op| match Says::of(op.opcode) {
        _ if op.offset >= end => Err(()),
        Says::Memo | Says::Nothing => Ok(()),
        Says::Str | Says::Bytes | Says::Long | Says::LongGet | Says::Value => {
            found = Some(op.offset);
            Ok(())
        }
    });
    found
}

/// Opcodes by their bytes, which a match turns into jumps.
mod byte {
    use crate::Opcode;

    macro_rules! bytes {
        ($($name:ident $opcode:ident)*) => { $( pub const $name: u8 = Opcode::$opcode.byte(); )* };
    }

    bytes! {
        PROTO Proto FRAME Frame MARK Mark MEMOIZE Memoize BIN_PUT BinPut LONG_BIN_PUT LongBinPut BIN_GET BinGet
        SHORT_BIN_UNICODE ShortBinUnicode BIN_UNICODE BinUnicode BIN_INT BinInt BIN_INT1 BinInt1 BIN_INT2 BinInt2
        BIN_FLOAT BinFloat NONE None NEW_TRUE NewTrue NEW_FALSE NewFalse
        EMPTY_LIST EmptyList EMPTY_DICT EmptyDict EMPTY_TUPLE EmptyTuple TUPLE Tuple
        LONG1 Long1 LONG4 Long4
    }
}

struct Direct<'m, 'de: 'm, M> {
    input: &'de [u8],
    /// What of the input is still to be read.
    rest: &'de [u8],
    decoder: Decoder,
    memory: &'m mut M,
    /// Where the pickle begins.
    start: usize,
    memo_len: usize,
    /// Entries of the memo below this are kept in memory.
    kept: usize,
    /// Strs that were fetched lately, with their index in the memo, by its lowest bits: keys come again and again.
    known: [(usize, &'de str); KNOWN],
    /// Levels of containers that may still be opened.
    levels: usize,
    /// Opcodes that may still be looked at ahead of time: keeps the whole linear.
    ahead: usize,
    /// Keys must be hashable: no containers that change.
    in_key: bool,
    fell_back: bool,
    /// Where the reading was when the type refused a value, if that is why it gave up.
    refused: Option<u64>,
}

impl<'de, M: Memory> Direct<'_, 'de, M> {
    #[cold]
    #[inline(never)]
    fn give_up<T>(&mut self) -> Result<T> {
        self.fell_back = true;
        self.rest = &[];
        Err(SerdeError::value(format_args!("")))
    }

    /// Gives up on the way out of a container.
    #[cold]
    #[inline(never)]
    fn refuse<T>(&mut self, whole: bool) -> Result<T> {
        if !self.fell_back && !whole {
            self.refused = Some(self.decoder.offset());
        }
        self.give_up()
    }

    /// The opcode that comes next; those that say nothing about values are passed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn peek(&mut self) -> Result<u8> {
        match self.rest.first() {
            Some(&byte) if byte != byte::FRAME && byte != byte::PROTO => Ok(byte),
            _ => self.peek_far(),
        }
    }

    #[inline(never)]
    fn peek_far(&mut self) -> Result<u8> {
        loop {
            match self.rest.first() {
                Some(&byte::FRAME) => self.take(Opcode::Frame).map(drop)?,
                Some(&byte::PROTO) => self.take(Opcode::Proto).map(drop)?,
                Some(&byte) => return Ok(byte),
                None => return self.give_up(),
            }
        }
    }

    /// Takes the opcode that was peeked at.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn take(&mut self, opcode: Opcode) -> Result<Op<'de>> {
        match self.decoder.next_as(opcode, &mut self.rest) {
            Ok(Some(op)) => Ok(op),
            _ => self.give_up(),
        }
    }

    /// The next opcode must be this one.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn expect(&mut self, opcode: Opcode) -> Result<()> {
        if self.peek()? == opcode.byte() { self.take(opcode).map(drop) } else { self.give_up() }
    }

    /// Puts the value that was just read into the memo, if the pickle says so.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn memoize(&mut self, node: Node) -> Result<()> {
        let index = match self.peek()? {
            byte::MEMOIZE => {
                self.take(Opcode::Memoize)?;
                self.memo_len as u64
            }
            byte::BIN_PUT => self.take(Opcode::BinPut)?.uint().unwrap_or(u64::MAX),
            byte::LONG_BIN_PUT => self.take(Opcode::LongBinPut)?.uint().unwrap_or(u64::MAX),
            _ => return Ok(()),
        };
        // What CPython writes, one after another; anything else is for the document.
        if index != self.memo_len as u64 {
            return self.give_up();
        }
        if self.memo_len < self.kept && !keep(self.memory, self.memo_len, node) {
            self.kept = self.memo_len;
        }
        self.memo_len += 1;
        Ok(())
    }

    /// Keeps the whole memo from here on; what was passed over is looked up in the opcodes up to here.
    #[cold]
    #[inline(never)]
    fn rebuild_memo(&mut self) -> Result<()> {
        let (until, kept) = (self.decoder.offset(), self.kept);
        let memory = &mut *self.memory;
        let mut decoder = Decoder::new();
        decoder.restart_at(self.start as u64);
        let mut rest = self.input.get(self.start..).unwrap_or_default();
        let (mut index, mut last) = (0, Node::EMPTY);
        let walked = decoder.each(&mut rest, |op| {
            match Says::of(op.opcode) {
                _ if op.offset >= until => return Err(true),
                Says::Memo => {
                    if index >= kept && !keep(memory, index, last) {
                        return Err(false);
                    }
                    index += 1;
                }
                Says::Nothing => {}
                Says::Str => last = node(tag::STR, op),
                Says::Bytes => last = node(tag::BYTES, op),
                Says::Long | Says::LongGet | Says::Value => last = Node::EMPTY,
            }
            Ok(())
        });
        // A pickle that is cut off here has no opcode at which the walk would break off.
        if matches!(walked, Err(_) | Ok(Some(false))) || index != self.memo_len {
            return self.give_up();
        }
        self.kept = usize::MAX;
        Ok(())
    }

    /// One level down.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn enter(&mut self) -> Result<()> {
        match self.levels.checked_sub(1) {
            Some(levels) => self.levels = levels,
            None => return self.give_up(),
        }
        Ok(())
    }

    fn end(&mut self) -> Option<usize> {
        self.expect(Opcode::Stop).ok()?;
        match self.decoder.next_part(&mut self.rest) {
            Ok(Step::End) => usize::try_from(self.decoder.offset()).ok(),
            _ => None,
        }
    }

    /// After an empty container: is what follows its only item, with `last` behind it?
    fn is_single(&mut self, last: Opcode) -> bool {
        let (mut decoder, mut rest) = (self.decoder.clone(), self.rest);
        let mut marks = heapless::Vec::<u32, 16>::new();
        let mut depth = 0u32;
        let values = if last == Opcode::Append { 1 } else { 2 };
        for _ in 0..AHEAD.min(self.ahead) {
            self.ahead -= 1;
            let Ok(Some(Op { opcode, .. })) = decoder.next_whole(&mut rest) else { return false };
            if opcode == last && depth == values {
                return true;
            }
            let effect = opcode.stack_effect();
            if effect.marks {
                if marks.push(depth).is_err() {
                    return false;
                }
                depth = 0;
                continue;
            }
            if effect.to_mark {
                let Some(below) = marks.pop() else { return false };
                depth = below;
            }
            let Some(left) = depth.checked_sub(u32::from(effect.pops)) else { return false };
            depth = left + u32::from(effect.pushes);
        }
        false
    }

    /// A value that is no container, or one that the type does not know the kind of.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn scalar<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.peek()? {
            byte::BIN_GET => {
                let op = self.take(Opcode::BinGet)?;
                self.fetch(op, visitor)
            }
            byte::SHORT_BIN_UNICODE => {
                let op = self.take(Opcode::ShortBinUnicode)?;
                self.string(op, visitor)
            }
            byte::BIN_UNICODE => {
                let op = self.take(Opcode::BinUnicode)?;
                self.string(op, visitor)
            }
            byte::BIN_INT1 => visitor.visit_u64(self.take(Opcode::BinInt1)?.uint().unwrap_or_default()),
            byte::BIN_INT2 => visitor.visit_u64(self.take(Opcode::BinInt2)?.uint().unwrap_or_default()),
            byte::BIN_INT => match self.take(Opcode::BinInt)?.arg {
                Arg::Int(value) => visit_int(i64::from(value), visitor),
                _ => self.give_up(),
            },
            byte::BIN_FLOAT => match self.take(Opcode::BinFloat)?.arg {
                Arg::Float(bits) => visitor.visit_f64(f64::from_bits(bits)),
                _ => self.give_up(),
            },
            byte::NONE => {
                self.take(Opcode::None)?;
                visitor.visit_unit()
            }
            byte::NEW_TRUE => {
                self.take(Opcode::NewTrue)?;
                visitor.visit_bool(true)
            }
            byte::NEW_FALSE => {
                self.take(Opcode::NewFalse)?;
                visitor.visit_bool(false)
            }
            _ => self.rare(visitor),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn string<V: Visitor<'de>>(&mut self, op: Op<'de>, visitor: V) -> Result<V::Value> {
        let text = self.text(op.bytes())?;
        self.memoize(node(tag::STR, op))?;
        visitor.visit_borrowed_str(text)
    }

    #[inline(never)]
    fn rare<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        let Ok(Some(op)) = self.decoder.next_whole(&mut self.rest) else { return self.give_up() };
        match Says::of(op.opcode) {
            Says::LongGet => self.fetch(op, visitor),
            Says::Str => self.string(op, visitor),
            Says::Long => match int::from_twos_complement(op.bytes()) {
                Some(value) => visit_int(value, visitor),
                None => self.give_up(),
            },
            Says::Bytes => {
                self.memoize(node(tag::BYTES, op))?;
                visitor.visit_borrowed_bytes(op.bytes())
            }
            Says::Memo | Says::Nothing | Says::Value => self.give_up(),
        }
    }

    /// Strings are fetched from the memo; anything else has to be looked at again, in the document.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn fetch<V: Visitor<'de>>(&mut self, op: Op<'de>, visitor: V) -> Result<V::Value> {
        let index = op.uint().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
        if let Some(&(known, text)) = self.known.get(index % KNOWN)
            && known == index
        {
            return visitor.visit_borrowed_str(text);
        }
        if index >= self.memo_len {
            return self.give_up();
        }
        if index >= self.kept {
            self.rebuild_memo()?;
        }
        let node = self.memory.regions().memo.get(index).copied().unwrap_or(Node::EMPTY);
        if !matches!(node.tag(), tag::STR | tag::BYTES) {
            return self.give_up();
        }
        let Range { offset, len, .. } = node.as_range();
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|from| self.input.get(from..from.checked_add(usize::try_from(len).ok()?)?))
            .unwrap_or_default();
        match node.tag() {
            tag::STR => {
                let text = self.text(bytes)?;
                if let Some(known) = self.known.get_mut(index % KNOWN) {
                    *known = (index, text);
                }
                visitor.visit_borrowed_str(text)
            }
            _ => visitor.visit_borrowed_bytes(bytes),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn text(&mut self, bytes: &'de [u8]) -> Result<&'de str> {
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) => self.give_up(),
        }
    }

    /// A container whose opcode was peeked at, and what is behind it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn filled<T>(
        &mut self,
        empty: Opcode,
        single: Opcode,
        batch: Opcode,
        read: impl FnOnce(&mut Body<'_, '_, 'de, M>) -> Result<T>,
    ) -> Result<T> {
        if self.in_key {
            return self.give_up();
        }
        self.take(empty)?;
        self.memoize(Node::EMPTY)?;
        self.enter()?;
        let mut body = Body { direct: self, state: State::Start, single, batch };
        // Where a type stops half-way, the rest is not where it belongs, even if the type hides the error.
        let Ok(value) = read(&mut body) else {
            // What is missing in the whole is not the fault of its last part.
            let whole = body.state == State::Done;
            return self.refuse(whole);
        };
        body.end()?;
        self.levels += 1;
        Ok(value)
    }

    #[inline]
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.filled(Opcode::EmptyList, Opcode::Append, Opcode::Appends, |body| visitor.visit_seq(Items(body)))
    }

    #[inline]
    fn dict<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.filled(Opcode::EmptyDict, Opcode::SetItem, Opcode::SetItems, |body| {
            visitor.visit_map(Entries { body, has_key: false })
        })
    }

    /// A tuple of any length that begins with a MARK, which was peeked at.
    #[inline]
    fn marked_tuple<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.take(Opcode::Mark)?;
        self.enter()?;
        let Ok(value) = visitor.visit_seq(Tuple { direct: self, left: None }) else { return self.refuse(false) };
        self.levels += 1;
        self.expect(Opcode::Tuple)?;
        self.memoize(Node::EMPTY)?;
        Ok(value)
    }

    /// A tuple of one to three, whose items stand there alone.
    #[inline]
    fn bare_tuple<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value> {
        let last = match len {
            1 => Opcode::Tuple1,
            2 => Opcode::Tuple2,
            3 => Opcode::Tuple3,
            _ => return self.give_up(),
        };
        self.enter()?;
        let mut tuple = Tuple { direct: self, left: Some(len) };
        let (Ok(value), Some(0)) = (visitor.visit_seq(&mut tuple), tuple.left) else { return self.give_up() };
        self.levels += 1;
        self.expect(last)?;
        self.memoize(Node::EMPTY)?;
        Ok(value)
    }

    fn empty_tuple<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.take(Opcode::EmptyTuple)?;
        self.memoize(Node::EMPTY)?;
        self.enter()?;
        let Ok(value) = visitor.visit_seq(Tuple { direct: self, left: Some(0) }) else { return self.give_up() };
        self.levels += 1;
        Ok(value)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn any<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.peek()? {
            byte::EMPTY_LIST => self.list(visitor),
            byte::EMPTY_DICT => self.dict(visitor),
            byte::MARK => self.marked_tuple(visitor),
            _ => self.scalar(visitor),
        }
    }

    /// A variant and what it holds, which stands behind its name.
    fn variant<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        if self.peek()? != byte::EMPTY_DICT {
            self.enter()?;
            let value = visitor.visit_enum(Enum { direct: self, has_content: false })?;
            self.levels += 1;
            return Ok(value);
        }
        self.filled(Opcode::EmptyDict, Opcode::SetItem, Opcode::SetItems, |body| {
            if !body.more()? {
                return body.direct.give_up();
            }
            visitor.visit_enum(Enum { direct: body.direct, has_content: true })
        })
    }
}

/// The node of a str or bytes that lies in the input.
#[cfg_attr(not(debug_assertions), inline(always))]
fn node(tag: u8, op: Op<'_>) -> Node {
    let offset = op.offset + op.header_len() as u64;
    Node::range(tag, Range { offset, len: op.bytes().len() as u64, stored: false })
}

/// Puts an entry into the memo; false where there is no room.
#[cfg_attr(not(debug_assertions), inline(always))]
fn keep<M: Memory>(memory: &mut M, index: usize, node: Node) -> bool {
    loop {
        if let Some(slot) = memory.regions().memo.get_mut(index) {
            *slot = node;
            return true;
        }
        if !grow_memo(memory, index) {
            return false;
        }
    }
}

#[cold]
#[inline(never)]
fn grow_memo<M: Memory>(memory: &mut M, index: usize) -> bool {
    memory.grow(Shortage { kind: ErrorKind::MemoFull, wanted: index + 1, stack: 0 }).is_ok()
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn visit_int<'de, V: Visitor<'de>>(value: i64, visitor: V) -> Result<V::Value> {
    match u64::try_from(value) {
        Ok(value) => visitor.visit_u64(value),
        Err(_) => visitor.visit_i64(value),
    }
}
