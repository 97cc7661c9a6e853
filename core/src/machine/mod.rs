//! The stack machine: one [`Op`] at a time onto nodes, memo and bytes.
//!
//! Every operation checks first and changes afterwards, so that one that finds
//! a region full has had no effect and can be done again in a larger one.
//! Rules and wording of the checks: `load_*` in CPython's `_pickle.c`.

mod apply;
mod containers;
pub(crate) mod handover;
mod memo;
pub(crate) mod memory;
pub(crate) mod node;
mod objects;
pub(crate) mod plan;
#[cfg(feature = "alloc")]
mod resume;
mod scalars;
mod stack;
pub(crate) mod stream;
mod strings;

use self::memory::{Regions, Shortage};
use self::node::Node;
use crate::ErrorKind;
use crate::knobs::CHANGES;
use crate::options::Options;

/// Where the bytes of an argument are.
#[derive(Clone, Copy)]
pub(crate) enum Source<'i> {
    /// In the input, which outlives the document: nothing is copied.
    Input(&'i [u8], u64),
    /// In the input, which goes away: kept bytes are copied to the byte region.
    Pushed(&'i [u8]),
    /// Already behind the used part of the byte region.
    Stored(usize),
}

/// The state of one pickle that is being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// Nodes in use from the front: the values.
    pub arena: usize,
    /// Nodes in use from the back: the stack.
    stack: usize,
    /// Just above the topmost mark, `floor` without one.
    fence: usize,
    /// Where this pickle's stack begins: behind that of the pickle around it.
    floor: usize,
    /// Bytes in use.
    pub bytes: usize,
    /// Bytes of an unfinished argument behind them.
    pub pending: usize,
    /// Where this pickle's memo begins: behind that of the pickle around it.
    memo_base: usize,
    /// The first index of the memo's region; those below are an item reader's affair.
    memo_low: u64,
    /// There is a pickle around this one.
    nested: bool,
    /// Memo slots below this have been set or cleared.
    memo_len: usize,
    /// Memo slots that the last PUT wanted.
    memo_wanted: usize,
    /// Memo entries that hold something.
    memo_count: u64,
    buffers: u32,
    /// Opcodes so far.
    pub opcodes: u64,
    /// Steps of searching so far; every opcode pays for some.
    work: u64,
    /// The memo has entries beyond its region.
    sparse: bool,
    pub protocol: u8,
    pub options: Options,
}

type Done = Result<(), ErrorKind>;

/// Why the loop over opcodes is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The operation cannot be done, or not in this memory.
    Refused(ErrorKind),
    /// A BUILD has been done, and somebody wants to look.
    Built,
    /// Items lie ready on the stack; the operation has not been done.
    Items,
    /// The argument is not to be kept; the operation has not been done.
    Payload,
}

impl From<ErrorKind> for Halt {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn from(kind: ErrorKind) -> Self {
        Halt::Refused(kind)
    }
}

impl Machine {
    pub const fn new(options: Options) -> Self {
        Machine {
            arena: 0,
            stack: 0,
            fence: 0,
            floor: 0,
            nested: false,
            bytes: 0,
            pending: 0,
            memo_base: 0,
            memo_low: 0,
            memo_len: 0,
            memo_wanted: 0,
            memo_count: 0,
            buffers: 0,
            opcodes: 0,
            work: 0,
            sparse: false,
            protocol: 0,
            options,
        }
    }

    /// Ready for another pickle behind what is there; with `keep_memo` it can refer to the one before.
    pub fn next_pickle(&mut self, keep_memo: bool) {
        let kept = *self;
        *self = Machine::new(kept.options);
        if keep_memo {
            *self = Machine {
                arena: kept.arena,
                bytes: kept.bytes,
                memo_len: kept.memo_len,
                memo_count: kept.memo_count,
                sparse: kept.sparse,
                ..*self
            };
        }
    }

    /// What `kind` means in numbers, for memory that can grow.
    pub fn shortage(&self, kind: ErrorKind, argument: usize) -> Shortage {
        let wanted = match kind {
            // No operation needs more than five nodes beyond those it takes from the stack.
            ErrorKind::NodesFull => self.arena + self.stack + 6,
            ErrorKind::MemoFull => self.memo_wanted,
            // Escapes and Latin-1 at most double their text, and may stand beside it.
            _ => self.bytes.saturating_add(self.pending).saturating_add(argument.max(self.pending).saturating_mul(3)),
        };
        Shortage { kind, wanted, stack: self.stack }
    }

    /// Puts a last change onto the object at the top: bytes that are no
    /// pickle, or the root of a pickle inside.
    pub fn attach(&mut self, r: &mut Regions<'_>, kind: u8, nodes: &[Node]) -> Done {
        if !CHANGES {
            return Err(ErrorKind::FeatureOff);
        }
        let target = self.peek(r, 0)?;
        self.room(r, nodes.len() + 3)?;
        let object = self.object_at(r, target, self.stack - 1, ErrorKind::NoState)?;
        for node in nodes {
            self.push(r, *node)?;
        }
        self.extend(r, object, kind, nodes.len())
    }

    /// The top of the stack.
    pub fn top(&self, r: &Regions<'_>) -> Option<Node> {
        self.peek(r, 0).ok()
    }

    /// Begins a pickle inside this one; returns what [`Machine::leave`] needs.
    pub fn enter(&mut self) -> Machine {
        let outer = *self;
        // Its stack begins above the outer one, and its memo lies behind the outer one.
        self.floor = self.stack;
        self.fence = self.stack;
        self.memo_base = self.memo_len;
        self.memo_count = 0;
        self.nested = true;
        self.sparse = false;
        outer
    }

    /// Ends the inner pickle: back to the outer stack and memo.
    pub fn leave(&mut self, r: &mut Regions<'_>, outer: Machine) {
        self.memo_drop_nested(r);
        let Machine { arena, bytes, opcodes, work, .. } = *self;
        *self = Machine { arena, bytes, opcodes, work, ..outer };
    }
}

/// Moves the `len` items at `from` to `to`, which is not above. (`copy_within` has a panic for ranges outside.)
fn slide_down<T: Copy>(items: &mut [T], from: usize, len: usize, to: usize) {
    if from <= to {
        return;
    }
    let Some(window) = items.get_mut(to..from.saturating_add(len)) else { return };
    let window = core::cell::Cell::from_mut(window).as_slice_of_cells();
    for (target, source) in window.iter().zip(window.get(from - to..).unwrap_or_default()) {
        target.set(source.get());
    }
}

#[cfg_attr(target_pointer_width = "64", inline(always))]
fn get(nodes: &[Node], index: usize) -> Node {
    match nodes.get(index) {
        Some(node) => *node,
        None => Node::EMPTY,
    }
}

#[cfg_attr(target_pointer_width = "64", inline(always))]
fn set(nodes: &mut [Node], index: usize, node: Node) {
    if let Some(slot) = nodes.get_mut(index) {
        *slot = node;
    }
}
