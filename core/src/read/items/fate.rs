//! Where a container goes that is being filled: a look ahead at the opcodes.

use super::place::{Part, Way};
use crate::machine::Machine;
use crate::machine::node::{Node, tag};
use crate::{Opcode, StackEffect};
use alloc::vec::Vec;

/// Follows the opcodes from one that fills a container until it is known where that container goes: into the value that
/// the path has it in, or elsewhere. It knows how high the stack is, and nothing of what lies there, so it takes a
/// few bytes for every mark that is open, whatever the size of the pickle.
///
/// Made by [`ItemReader::fate`](crate::ItemReader::fate).
#[derive(Clone, Debug)]
pub struct Fate {
    offset: u64,
    height: usize,
    /// Places of marks, from the bottom.
    marks: Vec<usize>,
    /// Steps of the path that are still open, from the outermost on. The bottom of the stack must be what STOP takes.
    ways: Vec<Way>,
    floor: usize,
}

impl Fate {
    pub(super) fn new(machine: &Machine, nodes: &[Node], ways: Vec<Way>, offset: u64) -> Self {
        let (floor, height) = (machine.floor(), machine.height());
        let is_mark = |index: &usize| machine.stack_at(nodes, *index).is_some_and(|node| node.tag() == tag::MARK);
        Fate { offset, height, marks: (floor..height).filter(is_mark).collect(), ways, floor }
    }

    /// Begins at another opcode, up to which nothing from the container on down was taken: with so many values on the
    /// stack, and marks at these places.
    pub(crate) fn resume(&mut self, height: usize, marks: impl Iterator<Item = usize>) {
        self.height = height;
        self.marks = marks.collect();
    }

    /// Bytes from the start of the stream to the opcode to begin with.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next opcode. `Some` tells that the container goes where the path says, or does not.
    pub fn op(&mut self, opcode: Opcode) -> Option<bool> {
        let StackEffect { pops, to_mark, pushes, marks } = opcode.stack_effect();
        let pops = usize::from(pops);
        if opcode == Opcode::Pop && self.marks.last().is_some_and(|&mark| mark + 1 == self.height) {
            self.marks.pop();
            self.height -= 1;
            return None;
        }
        let top = if to_mark {
            match self.marks.pop() {
                Some(mark) => mark,
                // The reader will say so.
                None => return Some(false),
            }
        } else {
            self.height
        };
        // What lies from here on is taken from the stack.
        let Some(mut taken) = top.checked_sub(pops).filter(|&place| place >= self.floor) else { return Some(false) };
        let fills = match opcode {
            Opcode::Append | Opcode::Appends | Opcode::AddItems => Some(Part::Item),
            Opcode::SetItem | Opcode::SetItems => Some(Part::Entry),
            Opcode::Build => Some(Part::State),
            _ => None,
        };
        if opcode == Opcode::Dup {
            self.height += 1;
            return None;
        }
        if fills.is_some() {
            // The value that is filled stays where it is.
            taken += 1;
        }
        while let Some(&Way { from, to, part }) = self.ways.last()
            && from >= taken
        {
            if fills != Some(part) || to + 1 != taken {
                return Some(false);
            }
            self.ways.pop();
        }
        self.height = top - pops + usize::from(pushes);
        if marks {
            self.marks.push(self.height);
            self.height += 1;
        }
        // The outermost value must be what there is at the end.
        if self.ways.is_empty() && taken <= self.floor { Some(opcode == Opcode::Stop) } else { None }
    }
}
