//! `save` of the pickler, with a stack of its own.

mod globals;
mod objects;
mod older;
mod parts;
mod scalars;

use super::memo::Memo;
use super::{NameMapping, Profile};
use crate::document::Document;
use crate::document::iter::Cells;
use crate::machine::node::{Node, chunk, tag};
use crate::wire::encoder::Encoder;
use crate::wire::frames::GrowingFrames;
use crate::wire::sink::WriteError;
use crate::write::spelling::{self, Payload};
use crate::{ErrorKind, Opcode};
use alloc::vec::Vec;
use embedded_io::Write;

/// Items, or keys and values, that go to a container in batches.
pub(super) struct Batch {
    cells: Cells,
    /// The list, dict or set; `NIL` where there is none in the memo.
    of: u32,
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

type Done<E> = Result<(), WriteError<E>>;
type Next<E> = Result<Option<Frame>, WriteError<E>>;

pub(super) struct Save<'a, 'd, W> {
    document: &'d Document<'d>,
    profile: Profile,
    names: NameMapping,
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
        let names = NameMapping::between(from, profile.protocol);
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
        self.out.simple(opcode)
    }

    #[inline(always)]
    fn put(&mut self) -> Result<u32, WriteError<W::Error>> {
        let count = self.memo.count;
        self.memo.count = count.saturating_add(1);
        let number = if self.profile.is_python2() && !self.profile.pure { count.saturating_add(1) } else { count };
        self.out.memo_put(number)?;
        Ok(number)
    }

    #[inline(always)]
    fn get(&mut self, number: u32) -> Done<W::Error> {
        self.out.memo_get(number)
    }

    #[inline(always)]
    fn payload(&mut self, kind: Payload, data: &[u8]) -> Done<W::Error> {
        if kind.fits(self.protocol(), data.len()) {
            return self.out.payload(kind, data);
        }
        self.refuse(match kind {
            Payload::Int => Opcode::Long4,
            Payload::Str => Opcode::BinUnicode,
            Payload::Bytes => Opcode::BinBytes,
            Payload::Str8 => Opcode::BinString,
            Payload::ByteArray => Opcode::ByteArray8,
        })
    }

    /// An opcode with the text that was put together.
    fn line(&mut self, opcode: Opcode) -> Done<W::Error> {
        self.out.line(opcode, self.scratch)
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
            tag::TRUE | tag::FALSE => self.out.bool(node.tag() == tag::TRUE),
            tag::EMPTY_TUPLE => self.out.empty_tuple(),
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
                self.out.begin_list()?;
                let number = self.put()?;
                self.memo.set_node(id, number);
                return Ok(self.batch_of(id, chunk::APPEND, header));
            }
            tag::DICT => {
                self.out.begin_dict()?;
                let number = self.put()?;
                self.memo.set_node(id, number);
                return Ok(self.batch_of(id, chunk::SET_ITEM, header));
            }
            tag::SET if self.protocol() >= 4 => {
                self.op(Opcode::EmptySet)?;
                let number = self.put()?;
                self.memo.set_node(id, number);
                return Ok(self.batch_of(id, chunk::ADD, header));
            }
            tag::FROZEN_SET if self.protocol() >= 4 => {
                self.op(Opcode::Mark)?;
                return Ok(Some(Frame::FrozenSet(id, Cells::chunks(header.first(), header.high()))));
            }
            tag::SET | tag::FROZEN_SET => {
                let name = if node.tag() == tag::SET { "set" } else { "frozenset" };
                spelling::begin_old_set(self, name)?;
                let batch = self.new_batch(chunk::APPEND, header.first(), header.high(), true);
                return Ok(Some(Frame::OldSet(id, batch)));
            }
            tag::TUPLE | tag::TUPLE_OF_MUTABLE => {
                let count = header.high();
                if !self.out.counts_tuple(count as usize) {
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
                self.out.buffer(node.is_read_only())?;
            }
            tag::READONLY if self.protocol() >= 5 => {
                let inner = self.document.node(id as usize + 1);
                return Ok(Some(Frame::Then(Some(inner), Opcode::ReadonlyBuffer)));
            }
            tag::FLOAT_TEXT if self.protocol() == 0 => {
                let text = self.document.range(node);
                self.out.line(Opcode::Float, text)?;
            }
            _ => return self.refuse(Opcode::Stop),
        }
        Ok(None)
    }
}
