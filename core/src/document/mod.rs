//! What was read: a flat array of nodes, and handles into it.

mod history;
pub(crate) mod iter;
pub(crate) mod kind;
pub(crate) mod path;
mod source;
pub(crate) mod value;

pub use history::{HistoryEntry, HistoryEvent};

pub use kind::Kind;
pub use value::Value;
pub use value::object::{Change, Changes, ObjectParts};

use crate::machine::node::{Node, tag};

/// A pickle that was read, whole: values, sharing and cycles, and of every
/// object how it was made and what happened to it afterwards.
///
/// It borrows the unpickler's memory and, where strings were not copied, the
/// input.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // rows = [1]; pickle.dumps({"a": rows, "b": rows})
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04}(\x8c\x01a]\x94K\x01a\x8c\x01bh\x00u.")?;
/// assert_eq!(document.find("$.b[0]").and_then(|one| one.as_i64()), Some(1));
/// // It is one list.
/// assert_eq!(document.find("$.a").unwrap().id(), document.find("$.b").unwrap().id());
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Document<'d> {
    nodes: &'d [Node],
    bytes: &'d [u8],
    input: &'d [u8],
    buffers: &'d [&'d [u8]],
    root: Node,
    /// The names of globals are those of Python 2.
    #[cfg(feature = "serde")]
    python2: bool,
}

impl<'d> Document<'d> {
    pub(crate) fn new(nodes: &'d [Node], bytes: &'d [u8], input: &'d [u8], root: Node) -> Self {
        Document {
            nodes,
            bytes,
            input,
            buffers: &[],
            root,
            #[cfg(feature = "serde")]
            python2: false,
        }
    }

    /// The same with the out-of-band buffers that NEXT_BUFFER stands for, in order.
    pub fn with_buffers(self, buffers: &'d [&'d [u8]]) -> Self {
        Document { buffers, ..self }
    }

    /// Of a pickle of this protocol: before 3, Python 3 takes the names of globals for those of Python 2.
    #[cfg(feature = "serde")]
    pub(crate) fn with_protocol(self, protocol: u8) -> Self {
        Document { python2: protocol < 3, ..self }
    }

    #[cfg(feature = "serde")]
    pub(crate) fn is_python2(&self) -> bool {
        self.python2
    }

    pub(crate) fn with_root(self, root: Node) -> Self {
        Document { root, ..self }
    }

    /// The value that the pickle stands for.
    pub fn root<'a>(&'a self) -> Value<'a> {
        Value::new(self, self.root)
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
    /// that it dropped from the stack, which no path from the root leads to: what a scanner looks at.
    pub fn constructed<'a>(&'a self) -> impl Iterator<Item = Value<'a>> {
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
