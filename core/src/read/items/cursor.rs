//! Where the next items lie in the document.

use super::Role;
use crate::machine::node::{NIL, Node, chunk, tag};

/// Items that lie in the document: cells of a container, one chunk after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    pub at: usize,
    pub here: usize,
    pub next: u32,
    pub role: Role,
    /// Another dict of attributes that follows.
    pub slots: Node,
    /// What happened to the object after that.
    pub after: u32,
}

impl Cursor {
    /// Items that lie together.
    pub fn run(at: usize, here: usize) -> Cursor {
        Cursor { at, here, next: NIL, role: Role::Item, slots: Node::EMPTY, after: NIL }
    }

    /// All that a value holds.
    pub fn of(nodes: &[Node], value: Node) -> Cursor {
        let at = value.high() as usize;
        match value.tag() {
            tag::TUPLE | tag::TUPLE_OF_MUTABLE => Cursor::run(at + 1, node_at(nodes, at).high() as usize),
            tag::LIST | tag::SET | tag::FROZEN_SET | tag::OBJECT => Cursor::chunks(nodes, value, Role::Item),
            tag::DICT => Cursor::chunks(nodes, value, Role::Entry),
            _ => Cursor::run(0, 0),
        }
    }

    pub fn chunks(nodes: &[Node], value: Node, role: Role) -> Cursor {
        let next = if value.is_reference() { node_at(nodes, value.high() as usize).first() } else { NIL };
        Cursor { next, role, ..Cursor::run(0, 0) }
    }

    /// On to the next chunk.
    pub fn turn(&mut self, nodes: &[Node]) -> bool {
        if self.next == NIL {
            let slots = core::mem::take(&mut self.slots);
            if slots.tag() == tag::DICT {
                self.next = Cursor::chunks(nodes, slots, Role::Attribute).next;
            }
            if self.next == NIL {
                self.next = core::mem::replace(&mut self.after, NIL);
            }
            return self.next != NIL;
        }
        let header = node_at(nodes, self.next as usize);
        self.at = self.next as usize + 1;
        self.here = header.high() as usize;
        self.next = header.first();
        match header.sub() {
            chunk::APPEND | chunk::ADD => self.role = Role::Item,
            chunk::SET_ITEM => self.role = Role::Entry,
            chunk::BUILD => self.role = Role::State,
            chunk::RAW | chunk::NESTED => self.here = 0,
            _ => {}
        }
        true
    }
}

/// The dict of attributes that a state is, and a second one for slots.
pub(super) fn attributes(nodes: &[Node], state: Node) -> Option<(Node, Node)> {
    let at = state.high() as usize;
    match state.tag() {
        tag::DICT => Some((state, Node::EMPTY)),
        tag::TUPLE | tag::TUPLE_OF_MUTABLE if node_at(nodes, at).high() == 2 => {
            let (dict, slots) = (node_at(nodes, at + 1), node_at(nodes, at + 2));
            let fits = slots.tag() == tag::DICT && matches!(dict.tag(), tag::DICT | tag::NONE);
            if fits { Some((dict, slots)) } else { None }
        }
        _ => None,
    }
}

pub(super) fn node_at(nodes: &[Node], index: usize) -> Node {
    nodes.get(index).copied().unwrap_or(Node::EMPTY)
}
