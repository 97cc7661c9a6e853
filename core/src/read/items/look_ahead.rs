//! Where a container goes that is being filled: a look ahead at the opcodes.

use super::place::{Part, Way};
use crate::machine::Machine;
use crate::machine::node::{Node, tag};
use crate::{Decoder, Fragment, Op, OpKind, Opcode, StackEffect, Step};
use heapless::Vec;

/// Marks that may be open at once; where more are, the pickle is read as a whole.
const MARKS: usize = 256;

/// Steps of the path to the container, of which some take two.
const WAYS: usize = 32;

/// Follows the opcodes from one that fills a container until it is known where that container goes: into the value that
/// the path has it in, or elsewhere. It knows how high the stack is, and nothing of what lies there: it is of one size,
/// whatever the size of the pickle.
///
/// Made by [`ItemReader::look_ahead`](crate::ItemReader::look_ahead).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{LookAhead, Found, Heap, ItemOptions, ItemReader};
///
/// // pickle.dumps(([1, 2], [3])): the items are two lists, not 1 and 2.
/// let pickle = b"\x80\x04](K\x01K\x02e]K\x03a\x86.";
/// assert!(LookAhead::can_tell(pickle));
/// let mut reader = ItemReader::new(Heap::new(), ItemOptions::new().min_nodes(0)).report_doubt();
/// let mut rest = &pickle[..];
/// while reader.feed(&mut rest)? == Found::Doubt {
///     let mut look_ahead = reader.look_ahead().unwrap();
///     let leads_here = look_ahead.feed(&mut &pickle[look_ahead.offset() as usize..]);
///     assert_eq!(leads_here, Some(false));
///     reader.decide(false);
/// }
/// assert_eq!(reader.item().map(|item| item.value().len()), Some(2));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LookAhead {
    decoder: Decoder,
    offset: u64,
    height: usize,
    /// Places of marks, from the bottom.
    marks: Vec<u32, MARKS>,
    /// Steps of the path that are still open, from the outermost on. The bottom of the stack must be what STOP takes.
    ways: Vec<Way, WAYS>,
    floor: usize,
    /// There were more marks or steps than are followed.
    lost: bool,
}

/// What an opcode puts into the value that it fills; `None` where it fills none.
fn part_of(opcode: Opcode) -> Option<Part> {
    match opcode.kind() {
        OpKind::Append | OpKind::Add => Some(Part::Item),
        OpKind::SetItem => Some(Part::Entry),
        OpKind::Build => Some(Part::State),
        _ => None,
    }
}

impl LookAhead {
    pub(super) fn new(machine: &Machine, nodes: &[Node], offset: u64) -> Self {
        let (floor, height) = (machine.floor(), machine.height());
        let is_mark = |index: &usize| machine.stack_at(nodes, *index).is_some_and(|node| node.tag() == tag::MARK);
        let mut decoder = Decoder::new();
        decoder.restart_at(offset);
        let mut look_ahead =
            LookAhead { decoder, offset, height, marks: Vec::new(), ways: Vec::new(), floor, lost: false };
        (floor..height).filter(is_mark).for_each(|mark| look_ahead.mark(mark));
        look_ahead
    }

    /// A step of the path to the container; the outermost comes first.
    pub(super) fn way(&mut self, way: Way) {
        self.lost |= self.ways.push(way).is_err();
    }

    fn mark(&mut self, place: usize) {
        self.lost |= u32::try_from(place).ok().is_none_or(|place| self.marks.push(place).is_err());
    }

    /// Whether the reader of a file that ends with these bytes (sixteen are enough) had better ask where its outermost
    /// container goes: it does not end as a pickle of a list, dict, set or object does, so it may be a tuple.
    pub fn can_tell(tail: &[u8]) -> bool {
        let before = match tail {
            // What PUT, BINPUT, LONG_BINPUT or MEMOIZE follow.
            [rest @ .., 0x94, b'.'] => rest,
            [rest @ .., b'q', _, b'.'] => rest,
            [rest @ .., b'r', _, _, _, _, b'.'] => rest,
            [rest @ .., b'.'] => rest,
            _ => return false,
        };
        let last = before.last().and_then(|&byte| Opcode::from_byte(byte));
        last.is_none_or(|opcode| part_of(opcode).is_none())
    }

    /// Takes the bytes that follow, from [`LookAhead::offset`] on, in pieces of any size. `Some` tells that the container goes
    /// where the path says, or does not; `None` that more bytes must follow. Where opcodes cannot be read, because they end
    /// or arrays of joblib lie between them, it is said not to: the pickle is then read as a whole.
    pub fn feed(&mut self, input: &mut &[u8]) -> Option<bool> {
        loop {
            let opcode = match self.decoder.next(input) {
                Ok(Step::Op(Op { opcode, .. }) | Step::Fragment(Fragment { opcode, last: true, .. })) => opcode,
                Ok(Step::NeedMore) => return None,
                Ok(Step::End) | Err(_) => return Some(false),
                Ok(_) => continue,
            };
            if let Some(known) = self.op(opcode) {
                return Some(known);
            }
        }
    }

    /// Begins at another opcode, up to which nothing from the container on down was taken: with so many values on the
    /// stack, and marks at these places.
    #[cfg(feature = "alloc")]
    pub(crate) fn resume(&mut self, height: usize, marks: impl Iterator<Item = usize>) {
        self.height = height;
        self.marks.clear();
        marks.for_each(|mark| self.mark(mark));
    }

    /// Bytes from the start of the stream to the opcode to begin with.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next opcode. `Some` tells that the container goes where the path says, or does not.
    pub fn op(&mut self, opcode: Opcode) -> Option<bool> {
        if self.lost {
            return Some(false);
        }
        let StackEffect { pops, to_mark, pushes, marks } = opcode.stack_effect();
        let pops = usize::from(pops);
        if opcode == Opcode::Pop && self.marks.last().is_some_and(|&mark| mark as usize + 1 == self.height) {
            self.marks.pop();
            self.height -= 1;
            return None;
        }
        let top = if to_mark {
            match self.marks.pop() {
                Some(mark) => mark as usize,
                // The reader will say so.
                None => return Some(false),
            }
        } else {
            self.height
        };
        // What lies from here on is taken from the stack.
        let Some(mut taken) = top.checked_sub(pops).filter(|&place| place >= self.floor) else { return Some(false) };
        let fills = part_of(opcode);
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
            self.mark(self.height);
            self.height += 1;
        }
        // The outermost value must be what there is at the end.
        if self.ways.is_empty() && taken <= self.floor { Some(opcode == Opcode::Stop) } else { None }
    }
}
