//! What a pickle made and changed, in the order of the stream.

use super::value::Value;
use super::value::items::{Entries, Items};
use super::{Change, Document};
use crate::machine::node::{NIL, Node, chunk, tag};

/// Something that a pickle did to a value with identity.
///
/// See the example of [`HistoryEntry`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum HistoryEvent<'d> {
    /// A list, dict, set, frozenset, tuple, bytearray, object or read-only view was made, or STACK_GLOBAL named a global.
    /// Its [`Value::id`] is the index of the event. A tuple, and what made an object, is complete; everything else follows
    /// as changes. A frozenset has all its items in the one change that follows.
    Made(Value<'d>),
    /// Items of a list, set or frozenset, keys and values of a dict in turn (all [`Change::Append`]), or one change of an
    /// object. It belongs to the value whose [`Value::changed_at`] has its index.
    Changed(Change<'d>),
}

/// An event and its place in the history of a pickle.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Change, HistoryEvent, Heap, Options, Unpickler};
///
/// // pickle.dumps([1])
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04]K\x01a.")?;
/// let mut history = document.history().map(|entry| entry.event);
/// assert!(matches!(history.next(), Some(HistoryEvent::Made(list)) if list.id() == Some(0)));
/// assert!(matches!(history.next(), Some(HistoryEvent::Changed(Change::Append(items))) if items.len() == 1));
/// assert!(history.next().is_none());
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct HistoryEntry<'d> {
    /// The index of the event.
    pub index: usize,
    /// What happened.
    pub event: HistoryEvent<'d>,
    /// The index behind it: that of the next event, or the end.
    pub next: usize,
}

impl<'d> Document<'d> {
    /// The event at an index. `None` at the end, and for indices that are in the middle of one.
    pub fn event<'a>(&'a self, index: usize) -> Option<HistoryEntry<'a>> {
        let header = self.node(index);
        let number = u32::try_from(index).ok()?;
        let cells = match header.tag() {
            tag::LIST | tag::DICT | tag::SET | tag::FROZEN_SET => 0,
            tag::BYTE_ARRAY | tag::READONLY => 1,
            tag::STACK_GLOBAL => 2,
            tag::TUPLE | tag::TUPLE_OF_MUTABLE | tag::OBJECT | tag::CHUNK => header.high() as usize,
            _ => return None,
        };
        let next = index.saturating_add(1).saturating_add(cells);
        let event = if header.tag() == tag::CHUNK {
            HistoryEvent::Changed(self.change(index, header))
        } else {
            HistoryEvent::Made(Value::new(self, Node::reference(header.tag(), number)))
        };
        Some(HistoryEntry { index, event, next })
    }

    /// Everything that was made and changed, in the order of the stream. Also what the
    /// pickle dropped again. Only of documents that were read as a whole: not of items.
    ///
    /// Whoever makes values of another language in this order meets every part of a value before the value, but for what
    /// SETITEM put into a list, and needs no recursion.
    pub fn history<'a>(&'a self) -> impl Iterator<Item = HistoryEntry<'a>> {
        let mut next = 0;
        core::iter::from_fn(move || {
            let entry = self.event(next)?;
            next = entry.next;
            Some(entry)
        })
    }

    fn change<'a>(&'a self, index: usize, header: Node) -> Change<'a> {
        let items = Items::run(self, index as u32 + 1, header.high());
        let cell = self.node(index + 1);
        let value = Value::new(self, cell);
        match header.sub() {
            chunk::SET_ITEM => Change::SetItem(Entries { items }),
            chunk::ADD => Change::Add(items),
            chunk::BUILD => Change::Build(value),
            chunk::RAW => Change::Raw(self.range(self.node(index + 2)), cell.data()),
            chunk::NESTED => Change::Nested(value),
            _ => Change::Append(items),
        }
    }
}

impl<'d> Value<'d> {
    /// The indices of the [`HistoryEvent::Changed`] that belong to this value, in their order.
    pub fn changed_at(&self) -> impl Iterator<Item = usize> + use<'d> {
        let document = self.document;
        let mut next = match self.node.tag() {
            tag::LIST | tag::DICT | tag::SET | tag::FROZEN_SET | tag::OBJECT => self.header().first(),
            _ => NIL,
        };
        core::iter::from_fn(move || {
            if next == NIL {
                return None;
            }
            let index = next as usize;
            next = document.node(index).first();
            Some(index)
        })
    }
}
