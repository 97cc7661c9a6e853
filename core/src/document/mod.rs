//! What was read: a flat array of nodes, and handles into it.

mod history;
pub(crate) mod path;
pub(crate) mod value;

pub use history::Event;

use crate::document::value::{BigInt, Entries, Items, Value};
use crate::machine::How;
use crate::machine::node::{NIL, Node, chunk, tag};

/// A pickle that was read, whole: values, sharing and cycles, and of every
/// object how it was made and what happened to it afterwards.
///
/// It borrows the unpickler's memory and, where strings were not copied, the
/// input.
#[derive(Clone, Copy)]
pub struct Document<'d> {
    nodes: &'d [Node],
    bytes: &'d [u8],
    input: &'d [u8],
    buffers: &'d [&'d [u8]],
    root: Node,
}

impl<'d> Document<'d> {
    pub(crate) fn new(nodes: &'d [Node], bytes: &'d [u8], input: &'d [u8], root: Node) -> Self {
        Document { nodes, bytes, input, buffers: &[], root }
    }

    /// The same with the out-of-band buffers that NEXT_BUFFER stands for, in order.
    pub fn with_buffers(self, buffers: &'d [&'d [u8]]) -> Self {
        Document { buffers, ..self }
    }

    pub(crate) fn with_root(self, root: Node) -> Self {
        Document { root, ..self }
    }

    /// The value that the pickle stands for.
    pub fn root<'a>(&'a self) -> Value<'a> {
        Value::new(self, self.root)
    }

    /// The value at a path such as `$.rows[3].temp`, from the root.
    pub fn find<'a>(&'a self, path: &str) -> Option<Value<'a>> {
        self.root().find(path)
    }

    /// The value that [`Value::node`] gave: for bindings, whose handles can
    /// not borrow. A node of another document gives some value or None.
    pub fn value<'a>(&'a self, node: Node) -> Value<'a> {
        Value::new(self, node)
    }

    /// Above every [`Value::id`] of this document.
    pub fn id_limit(&self) -> usize {
        self.nodes.len()
    }

    /// Every object, and every global that STACK_GLOBAL named, in the order in which the pickle made them: also those
    /// that it dropped from the stack, which no path from the root leads to. For those who judge a pickle.
    pub fn made<'a>(&'a self) -> impl Iterator<Item = Value<'a>> {
        let nodes = self.nodes.iter().zip(0..=u32::MAX);
        nodes.filter_map(|(node, index)| {
            // A header knows its chunks; a reference to one, which may lie anywhere, has no data.
            let is_header = matches!(node.tag(), tag::OBJECT | tag::STACK_GLOBAL) && node.data() != 0;
            is_header.then(|| Value::new(self, Node::reference(node.tag(), index)))
        })
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn root_node(&self) -> Node {
        self.root
    }

    pub(crate) fn node(&self, index: usize) -> Node {
        self.nodes.get(index).copied().unwrap_or(Node::EMPTY)
    }

    pub(crate) fn cells(&self, from: usize, count: usize) -> &'d [Node] {
        self.nodes.get(from..from.saturating_add(count)).unwrap_or_default()
    }

    /// The bytes of a range node.
    pub(crate) fn range(&self, node: Node) -> &'d [u8] {
        let range = node.as_range();
        let whole = if range.stored { self.bytes } else { self.input };
        let from = usize::try_from(range.offset).unwrap_or(usize::MAX);
        let len = usize::try_from(range.len).unwrap_or(usize::MAX);
        whole.get(from..from.saturating_add(len)).unwrap_or_default()
    }

    /// The input, and the bytes that were kept elsewhere.
    #[cfg(feature = "serde")]
    pub(crate) fn parts(&self) -> (&'d [u8], &'d [u8]) {
        (self.input, self.bytes)
    }

    pub(crate) fn buffer(&self, index: u64) -> Option<&'d [u8]> {
        self.buffers.get(usize::try_from(index).ok()?).copied()
    }
}

/// A kind of value, as the pickle has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Kind {
    /// None.
    None = 0,
    /// True or False.
    Bool = 1,
    /// An int of any size.
    Int = 2,
    /// A float.
    Float = 3,
    /// A str.
    Str = 4,
    /// A str of Python 2: bytes or text, the pickle cannot tell.
    Str8 = 5,
    /// Immutable bytes.
    Bytes = 6,
    /// A bytearray.
    ByteArray = 7,
    /// A list.
    List = 8,
    /// A tuple.
    Tuple = 9,
    /// A dict.
    Dict = 10,
    /// A set.
    Set = 11,
    /// A frozenset.
    FrozenSet = 12,
    /// A class or function by module and name; nothing was imported.
    Global = 13,
    /// An extension code of `copyreg`.
    Extension = 14,
    /// An object: how it was made and what happened to it.
    Object = 15,
    /// An object that stands behind a persistent id.
    Persistent = 16,
    /// An out-of-band buffer.
    Buffer = 17,
    /// A read-only view of a bytearray.
    ReadOnly = 18,
}

/// What happened to an object after it was made, in the order of the stream.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Change<'d> {
    /// APPEND, APPENDS.
    Append(Items<'d>),
    /// SETITEM, SETITEMS.
    SetItem(Entries<'d>),
    /// ADDITEMS.
    Add(Items<'d>),
    /// BUILD: `__setstate__`, or attributes.
    Build(Value<'d>),
    /// Bytes that stood between the opcodes (joblib), and their offset in the stream.
    Raw(&'d [u8], u64),
    /// A pickle that stood between the opcodes (joblib).
    Nested(Value<'d>),
}

/// The changes of an object: an iterator.
#[derive(Clone)]
pub struct Changes<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) next: u32,
}

impl<'d> Iterator for Changes<'d> {
    type Item = Change<'d>;

    fn next(&mut self) -> Option<Change<'d>> {
        if self.next == NIL {
            return None;
        }
        let at = self.next as usize;
        let header = self.document.node(at);
        // Batches are invisible: neighbours of one kind are one change.
        let mergeable = header.sub() < chunk::BUILD;
        let mut after = header.first();
        let mut count = header.high() as usize;
        while mergeable && after != NIL {
            let next = self.document.node(after as usize);
            if next.sub() != header.sub() {
                break;
            }
            count += next.high() as usize;
            after = next.first();
        }
        self.next = after;
        let items = Items::chunks(self.document, at as u32, count);
        let cell = self.document.node(at + 1);
        let value = Value::new(self.document, cell);
        Some(match header.sub() {
            chunk::SET_ITEM => Change::SetItem(Entries { items }),
            chunk::ADD => Change::Add(items),
            chunk::BUILD => Change::Build(value),
            chunk::RAW => Change::Raw(self.document.range(self.document.node(at + 2)), cell.data()),
            chunk::NESTED => Change::Nested(value),
            _ => Change::Append(items),
        })
    }
}

/// An object: what made it and what changed it.
#[derive(Clone, Copy)]
pub struct Object<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) index: u32,
    pub(crate) header: Node,
}

impl<'d> Object<'d> {
    /// Which opcode made it.
    pub fn how(&self) -> How {
        match self.header.sub() {
            0 => How::Reduce,
            1 => How::NewObj,
            2 => How::NewObjEx,
            3 => How::Obj,
            4 => How::Inst,
            5 => How::PersId,
            _ => How::Changed,
        }
    }

    fn part(&self, n: usize) -> Option<Value<'d>> {
        let cell = self.document.cells(self.index as usize + 1, self.header.high() as usize).get(n)?;
        Some(Value::new(self.document, *cell))
    }

    /// The class or function that made it. The persistent id for
    /// [`How::PersId`], the thing itself for [`How::Changed`].
    pub fn callable(&self) -> Value<'d> {
        self.part(0).unwrap_or(Value::new(self.document, Node::EMPTY))
    }

    /// The arguments as one value: a tuple (REDUCE, NEWOBJ, NEWOBJ_EX).
    pub fn args_value(&self) -> Option<Value<'d>> {
        if matches!(self.how(), How::Reduce | How::NewObj | How::NewObjEx) { self.part(1) } else { None }
    }

    /// The arguments one by one, wherever the opcode keeps them.
    pub fn args(&self) -> Items<'d> {
        match self.how() {
            How::Obj | How::Inst => {
                Items::cells(self.document, self.index as usize + 2, (self.header.high() as usize).saturating_sub(1))
            }
            _ => self.args_value().and_then(|args| args.items()).unwrap_or(Items::cells(self.document, 0, 0)),
        }
    }

    /// The keyword arguments (NEWOBJ_EX).
    pub fn kwargs(&self) -> Option<Value<'d>> {
        if self.how() == How::NewObjEx { self.part(2) } else { None }
    }

    /// What happened afterwards, in the order of the stream.
    pub fn changes(&self) -> Changes<'d> {
        Changes { document: self.document, next: self.header.first() }
    }

    /// The state of the last BUILD.
    pub fn state(&self) -> Option<Value<'d>> {
        let states = self.changes().filter_map(|change| match change {
            Change::Build(state) => Some(state),
            _ => None,
        });
        states.last()
    }

    /// Module and name of the class or function, where it is a global.
    pub fn class(&self) -> Option<(&'d str, &'d str)> {
        self.callable().as_global()
    }
}

impl<'d> Value<'d> {
    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        match self.node.tag() {
            tag::FALSE | tag::TRUE => Kind::Bool,
            tag::INT | tag::BIG_INT | tag::INT_TEXT => Kind::Int,
            tag::FLOAT | tag::FLOAT_TEXT => Kind::Float,
            tag::STR | tag::STR_SURROGATES => Kind::Str,
            tag::STR8 => Kind::Str8,
            tag::BYTES => Kind::Bytes,
            tag::BYTE_ARRAY => Kind::ByteArray,
            tag::LIST => Kind::List,
            tag::TUPLE | tag::TUPLE_OF_MUTABLE | tag::EMPTY_TUPLE => Kind::Tuple,
            tag::DICT => Kind::Dict,
            tag::SET => Kind::Set,
            tag::FROZEN_SET => Kind::FrozenSet,
            tag::GLOBAL | tag::STACK_GLOBAL => Kind::Global,
            tag::EXTENSION => Kind::Extension,
            tag::OBJECT if self.header().sub() == How::PersId as u8 => Kind::Persistent,
            tag::OBJECT => Kind::Object,
            tag::BUFFER => Kind::Buffer,
            tag::READONLY => Kind::ReadOnly,
            _ => Kind::None,
        }
    }

    /// Which node this is, where identity means something: containers, objects,
    /// bytearrays, globals named by STACK_GLOBAL. The same node is the same object.
    pub fn id(&self) -> Option<usize> {
        if self.node.is_reference() { Some(self.node.high() as usize) } else { None }
    }

    /// The object, where this is one, or stands behind a persistent id.
    pub fn as_object(&self) -> Option<Object<'d>> {
        if self.node.tag() != tag::OBJECT {
            return None;
        }
        Some(Object { document: self.document, index: self.node.high(), header: self.header() })
    }

    /// An int too large for 64 bits.
    pub fn as_big_int(&self) -> Option<BigInt<'d>> {
        match self.node.tag() {
            tag::BIG_INT => Some(BigInt::Bytes(self.document.range(self.node))),
            tag::INT_TEXT => Some(BigInt::Text(self.document.range(self.node))),
            _ => None,
        }
    }

    pub(crate) fn header(&self) -> Node {
        self.document.node(self.node.high() as usize)
    }
}
