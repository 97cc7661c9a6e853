//! Lists, tuples, dicts, sets, and the items that go into them.

use super::memory::Regions;
use super::node::{How, NIL, Node, chunk, tag};
use super::{Done, Halt, Machine, get, set};
use crate::ErrorKind;
use crate::knobs::{CHANGES, ITEMS};

impl Machine {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn index(&self) -> Result<u32, ErrorKind> {
        // Index NIL must stay free, and a tuple's cells lie behind its header.
        match u32::try_from(self.arena) {
            Ok(index) if index < NIL - 8 => Ok(index),
            _ => Err(ErrorKind::NodesFull),
        }
    }

    /// A new container of `kind` with no items, pushed.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn push_empty(&mut self, r: &mut Regions<'_>, kind: u8) -> Done {
        self.room(r, 2)?;
        let index = self.index()?;
        set(r.nodes, self.arena, Node::header(kind, 0, 0));
        self.arena += 1;
        self.push(r, Node::reference(kind, index))
    }

    /// A new value whose parts are the top `n` values, which lie behind its
    /// header. With `marked` the mark below them goes too.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn push_parts(
        &mut self,
        r: &mut Regions<'_>,
        kind: u8,
        sub: u8,
        n: usize,
        marked: Option<usize>,
    ) -> Done {
        self.room(r, 2)?;
        let index = self.index()?;
        let count = u32::try_from(n).map_err(|_| ErrorKind::NodesFull)?;
        let header = self.arena;
        self.move_top(r, n, header + 1);
        set(r.nodes, header, Node::header(kind, sub, count));
        self.arena += 1 + n;
        if let Some(fence) = marked {
            self.drop_to_mark(fence);
        }
        self.push(r, Node::reference(kind, index))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn push_tuple(&mut self, r: &mut Regions<'_>, n: usize, marked: Option<usize>) -> Done {
        let top = r.nodes.len() - self.stack;
        let items = r.nodes.get(top..top + n).unwrap_or_default();
        let hashable = items.iter().all(|node| node.is_hashable());
        let kind = if hashable { tag::TUPLE } else { tag::TUPLE_OF_MUTABLE };
        self.push_parts(r, kind, 0, n, marked)
    }

    /// LIST, DICT, FROZENSET: a container with its items.
    pub(super) fn push_filled(&mut self, r: &mut Regions<'_>, kind: u8) -> Done {
        let (n, fence) = self.mark(r)?;
        match kind {
            tag::DICT if n % 2 != 0 => return Err(ErrorKind::OddItems),
            tag::DICT => self.check_keys(r, n, 2)?,
            tag::FROZEN_SET => self.check_keys(r, n, 1)?,
            _ => {}
        }
        self.room(r, 3)?;
        let index = self.index()?;
        set(r.nodes, self.arena, Node::header(kind, 0, 0));
        self.arena += 1;
        self.extend(r, index, chunk::ITEMS, n)?;
        self.drop_to_mark(fence);
        self.push(r, Node::reference(kind, index))
    }

    /// Every `step`th of the top `n` values must be hashable.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn check_keys(&self, r: &Regions<'_>, n: usize, step: usize) -> Done {
        let top = r.nodes.len() - self.stack;
        let items = r.nodes.get(top..top + n).unwrap_or_default();
        if items.iter().rev().step_by(step).all(|key| key.is_hashable()) { Ok(()) } else { Err(ErrorKind::Unhashable) }
    }

    /// Moves the top `n` values into the container at `index`, behind what it holds.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn extend(&mut self, r: &mut Regions<'_>, index: u32, kind: u8, n: usize) -> Done {
        if n == 0 {
            return Ok(());
        }
        let header = get(r.nodes, index as usize);
        let count = u32::try_from(n).map_err(|_| ErrorKind::NodesFull)?;
        let total = header.high().checked_add(count).ok_or(ErrorKind::NodesFull)?;
        let (first, last) = (header.first(), header.last());
        // A list's header counts its items, an object's its parts.
        let counted = if kind == chunk::ITEMS { header.with_high(total) } else { header };
        if last != NIL && kind < chunk::BUILD {
            let at = last as usize;
            let open = get(r.nodes, at);
            if open.sub() == kind && at + 1 + open.high() as usize == self.arena {
                self.move_top(r, n, self.arena);
                set(r.nodes, at, open.with_high(open.high() + count));
                set(r.nodes, index as usize, counted);
                self.arena += n;
                return Ok(());
            }
        }
        self.room(r, 1)?;
        let new = self.index()?;
        let at = self.arena;
        self.move_top(r, n, at + 1);
        set(r.nodes, at, Node::header(tag::CHUNK, kind, count));
        self.arena += 1 + n;
        if last != NIL {
            let open = get(r.nodes, last as usize);
            set(r.nodes, last as usize, open.with_chunks(new, NIL));
        }
        let first = if first == NIL { new } else { first };
        set(r.nodes, index as usize, counted.with_chunks(first, new));
        Ok(())
    }

    /// APPEND, APPENDS, SETITEM(S), ADDITEMS: the top `n` values go to the one `below` them.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn add_to_container(
        &mut self,
        r: &mut Regions<'_>,
        kind: u8,
        n: usize,
        marked: Option<usize>,
    ) -> Result<(), Halt> {
        let depth = n + usize::from(marked.is_some());
        let fence = marked.unwrap_or(self.fence);
        if self.stack - depth <= fence {
            let kind = if fence > self.floor { ErrorKind::UnexpectedMark } else { ErrorKind::StackUnderflow };
            return Err(Halt::Refused(kind));
        }
        if n != 0 {
            let target = self.at(r, self.stack - 1 - depth);
            if ITEMS && r.stream.is_some() {
                self.watch(r, target, self.stack - 1 - depth, kind, n)?;
            }
            match (target.tag(), kind) {
                (tag::LIST, chunk::APPEND) => self.extend(r, target.high(), chunk::ITEMS, n)?,
                (tag::DICT, chunk::SET_ITEM) => {
                    if !n.is_multiple_of(2) {
                        return Err(Halt::Refused(ErrorKind::OddItems));
                    }
                    self.check_keys(r, n, 2)?;
                    self.extend(r, target.high(), chunk::ITEMS, n)?;
                }
                (tag::SET, chunk::ADD) => {
                    self.check_keys(r, n, 1)?;
                    self.extend(r, target.high(), chunk::ITEMS, n)?;
                }
                _ => self.give_other(r, target, kind, n, depth)?,
            }
        }
        // Without a mark, what was moved has left the stack already.
        if let Some(fence) = marked {
            self.drop_to_mark(fence);
        }
        Ok(())
    }

    /// The same on anything but list, dict and set.
    #[inline(never)]
    pub(super) fn give_other(&mut self, r: &mut Regions<'_>, target: Node, kind: u8, n: usize, depth: usize) -> Done {
        if !CHANGES {
            return Err(ErrorKind::FeatureOff);
        }
        if kind == chunk::SET_ITEM && !n.is_multiple_of(2) {
            return Err(ErrorKind::OddItems);
        }
        match target.tag() {
            tag::LIST if kind == chunk::SET_ITEM => return self.set_list_items(r, target, n),
            tag::BYTE_ARRAY if kind != chunk::ADD => return Err(ErrorKind::BytearrayChange),
            _ => {}
        }
        let refusal = match kind {
            chunk::APPEND => ErrorKind::NoAppend,
            chunk::SET_ITEM => ErrorKind::NoSetItem,
            _ => ErrorKind::NoAdd,
        };
        let object = self.object_at(r, target, self.stack - 1 - depth, refusal)?;
        self.extend(r, object, kind, n)
    }

    /// The arena index of an object that can be changed; a global, extension
    /// or buffer on the stack becomes one.
    pub(super) fn object_at(
        &mut self,
        r: &mut Regions<'_>,
        target: Node,
        at: usize,
        refusal: ErrorKind,
    ) -> Result<u32, ErrorKind> {
        match target.tag() {
            tag::OBJECT => Ok(target.high()),
            tag::GLOBAL | tag::STACK_GLOBAL | tag::EXTENSION | tag::BUFFER => {
                // Two nodes here, and one for the chunk that will follow.
                self.room(r, 3)?;
                let index = self.index()?;
                set(r.nodes, self.arena, Node::header(tag::OBJECT, How::Changed as u8, 1));
                set(r.nodes, self.arena + 1, target);
                self.arena += 2;
                let slot = r.nodes.len() - 1 - at;
                set(r.nodes, slot, Node::reference(tag::OBJECT, index));
                Ok(index)
            }
            _ => Err(refusal),
        }
    }

    /// SETITEM(S) on a list: CPython assigns by index.
    pub(super) fn set_list_items(&mut self, r: &mut Regions<'_>, list: Node, n: usize) -> Done {
        let header = get(r.nodes, list.high() as usize);
        for pair in 0..n / 2 {
            let key = self.at(r, self.stack - n + 2 * pair);
            let index = match key.tag() {
                tag::INT => key.data() as i64,
                tag::TRUE => 1,
                tag::FALSE => 0,
                _ => return Err(ErrorKind::BadIndex),
            };
            let len = i64::from(header.high());
            let index = if index < 0 { index + len } else { index };
            if index < 0 || index >= len {
                return Err(ErrorKind::BadIndex);
            }
            let value = self.at(r, self.stack - n + 2 * pair + 1);
            let mut left = index as usize;
            let mut at = header.first() as usize;
            loop {
                let piece = get(r.nodes, at);
                if left < piece.high() as usize {
                    break;
                }
                self.work += 1;
                if self.work > self.opcodes.saturating_mul(WORK_PER_OP) {
                    return Err(ErrorKind::WorkLimit);
                }
                left -= piece.high() as usize;
                at = piece.first() as usize;
            }
            set(r.nodes, at + 1 + left, value);
        }
        self.stack -= n;
        Ok(())
    }
}

/// Searching steps that one opcode pays for.
const WORK_PER_OP: u64 = 16;
