//! The stack machine: one [`Op`] at a time onto nodes, memo and bytes.
//!
//! Every operation checks first and changes afterwards, so that one that finds
//! a region full has had no effect and can be done again in a larger one.
//! Rules and wording of the checks: `load_*` in CPython's `_pickle.c`.

pub(crate) mod memory;
pub(crate) mod node;
pub(crate) mod stream;

use crate::literal::text::{self, TextInt, TextInts};
use crate::machine::memory::Regions;
use crate::machine::node::{NIL, Node, Range, chunk, tag};
use crate::{Arg, ErrorKind, Op, Opcode, Shortage};

/// What becomes of a Python 2 str (STRING, BINSTRING, SHORT_BINSTRING):
/// the `encoding` of `pickle.load`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Encoding {
    /// Stays what it is, told apart from str and bytes. Nothing is lost.
    #[default]
    Keep,
    /// Becomes bytes.
    Bytes,
    /// Becomes a str; anything but ASCII is an error, as in `pickle.load`.
    Ascii,
    /// Becomes a str, a code point a byte.
    Latin1,
    /// Becomes a str.
    Utf8,
}

/// How an object was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum How {
    /// REDUCE: a callable and its arguments.
    Reduce = 0,
    /// NEWOBJ: `cls.__new__(cls, *args)`.
    NewObj = 1,
    /// NEWOBJ_EX: with keyword arguments.
    NewObjEx = 2,
    /// OBJ: a class and arguments from the stack.
    Obj = 3,
    /// INST: a named class and arguments from the stack.
    Inst = 4,
    /// PERSID, BINPERSID: whatever the persistent id stands for.
    PersId = 5,
    /// A global, extension or buffer that was changed by APPEND, SETITEM, ADDITEMS or BUILD.
    Changed = 6,
}

/// What a reader is told beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What becomes of Python 2 strs. Default: [`Encoding::Keep`].
    pub encoding: Encoding,
    /// How INT and LONG are read. Default: [`TextInts::Prefixed`].
    pub text_ints: TextInts,
    /// How many out-of-band buffers the caller has; `None` (the default) is
    /// as many as the pickle asks for, as placeholders.
    pub buffers: Option<u32>,
    /// Opcodes that a pickle may have. Default: no limit.
    pub max_opcodes: u64,
    /// bytes and bytearrays of at least so many bytes are not kept where the
    /// input is fed: they come with [`Status::Payload`](crate::Status::Payload),
    /// and the document has an out-of-band buffer in their place, numbered
    /// with those of NEXT_BUFFER in the order of the stream. Default: none.
    /// Only with feature `alloc`: it costs half a kilobyte of flash, and where
    /// that counts, a [`Decoder`](crate::Decoder) gives payloads in pieces too.
    #[cfg(feature = "alloc")]
    pub out_of_band: u64,
    /// Stop after every BUILD with [`Status::Built`](crate::Status::Built),
    /// for streams with raw bytes between opcodes (joblib). Default: false.
    pub stop_after_build: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options::new()
    }
}

impl Options {
    /// The defaults.
    pub const fn new() -> Self {
        Options {
            encoding: Encoding::Keep,
            text_ints: TextInts::Prefixed,
            buffers: None,
            max_opcodes: u64::MAX,
            #[cfg(feature = "alloc")]
            out_of_band: u64::MAX,
            stop_after_build: false,
        }
    }
}

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

/// Set in the sparse memo's keys of a nested pickle. No index reaches it: texts end at 2^63 - 1.
#[cfg(feature = "alloc")]
const NESTED: u64 = 1 << 63;

#[cfg(feature = "alloc")]
fn sparse_key(index: u64, nested: bool) -> u64 {
    if nested { index | NESTED } else { index }
}

/// Searching steps that one opcode pays for.
const WORK_PER_OP: u64 = 16;

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

    // ---- stack ---------------------------------------------------------

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn push(&mut self, r: &mut Regions<'_>, node: Node) -> Done {
        let len = r.nodes.len();
        if self.arena + self.stack >= len {
            return Err(ErrorKind::NodesFull);
        }
        self.stack += 1;
        set(r.nodes, len - self.stack, node);
        Ok(())
    }

    /// Room for `n` more nodes.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn room(&self, r: &Regions<'_>, n: usize) -> Done {
        if r.nodes.len() - self.arena.min(r.nodes.len()) < self.stack + n { Err(ErrorKind::NodesFull) } else { Ok(()) }
    }

    /// The stack entry `depth` below the top.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn peek(&self, r: &Regions<'_>, depth: usize) -> Result<Node, ErrorKind> {
        self.want(depth + 1)?;
        Ok(self.at(r, self.stack - 1 - depth))
    }

    /// At least `n` values above the topmost mark.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn want(&self, n: usize) -> Done {
        if self.stack - self.fence >= n { Ok(()) } else { Err(self.underflow()) }
    }

    #[cold]
    fn underflow(&self) -> ErrorKind {
        if self.fence > self.floor { ErrorKind::UnexpectedMark } else { ErrorKind::StackUnderflow }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn at(&self, r: &Regions<'_>, index: usize) -> Node {
        get(r.nodes, (r.nodes.len() - 1).wrapping_sub(index))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn replace_top(&mut self, r: &mut Regions<'_>, node: Node) {
        let index = r.nodes.len() - self.stack;
        set(r.nodes, index, node);
    }

    /// The topmost mark: how many values lie above it, and the fence below it.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn mark(&self, r: &Regions<'_>) -> Result<(usize, usize), ErrorKind> {
        if self.fence == self.floor {
            return Err(ErrorKind::NoMark);
        }
        Ok((self.stack - self.fence, self.at(r, self.fence - 1).data() as usize))
    }

    /// Drops the topmost mark; the values above it are gone already or go too.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn drop_to_mark(&mut self, fence_below: usize) {
        self.stack = self.fence - 1;
        self.fence = fence_below;
    }

    /// Moves the top `n` values, lowest first, to `to` in the arena, which is
    /// at most one node into the free room. The mark below them stays.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn move_top(&mut self, r: &mut Regions<'_>, n: usize, to: usize) {
        let top = r.nodes.len() - self.stack;
        if let Some((low, high)) = r.nodes.split_at_mut_checked(top)
            && let (Some(target), Some(source)) = (low.get_mut(to..to.wrapping_add(n)), high.get(..n))
        {
            for (target, source) in target.iter_mut().zip(source.iter().rev()) {
                *target = *source;
            }
            self.stack -= n;
            return;
        }
        self.move_top_overlapping(r, n, top, to);
    }

    /// The same where source and target share nodes: turn around, then slide.
    #[cold]
    #[inline(never)]
    fn move_top_overlapping(&mut self, r: &mut Regions<'_>, n: usize, top: usize, to: usize) {
        if let Some(source) = r.nodes.get_mut(top..top + n) {
            // Not `reverse`, whose bounds the compiler checks, and panics at, when it optimises for size.
            let mut ends = source.iter_mut();
            while let (Some(first), Some(last)) = (ends.next(), ends.next_back()) {
                core::mem::swap(first, last);
            }
            slide_down(r.nodes, top, n, to);
        }
        self.stack -= n;
    }

    // ---- containers -----------------------------------------------------

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn index(&self) -> Result<u32, ErrorKind> {
        // Index NIL must stay free, and a tuple's cells lie behind its header.
        match u32::try_from(self.arena) {
            Ok(index) if index < NIL - 8 => Ok(index),
            _ => Err(ErrorKind::NodesFull),
        }
    }

    /// A new container of `kind` with no items, pushed.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn push_empty(&mut self, r: &mut Regions<'_>, kind: u8) -> Done {
        self.room(r, 2)?;
        let index = self.index()?;
        set(r.nodes, self.arena, Node::header(kind, 0, 0));
        self.arena += 1;
        self.push(r, Node::reference(kind, index))
    }

    /// A new value whose parts are the top `n` values, which lie behind its
    /// header. With `marked` the mark below them goes too.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn push_parts(&mut self, r: &mut Regions<'_>, kind: u8, sub: u8, n: usize, marked: Option<usize>) -> Done {
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
    fn push_tuple(&mut self, r: &mut Regions<'_>, n: usize, marked: Option<usize>) -> Done {
        let top = r.nodes.len() - self.stack;
        let items = r.nodes.get(top..top + n).unwrap_or_default();
        let hashable = items.iter().all(|node| node.is_hashable());
        let kind = if hashable { tag::TUPLE } else { tag::TUPLE_OF_MUTABLE };
        self.push_parts(r, kind, 0, n, marked)
    }

    /// LIST, DICT, FROZENSET: a container with its items.
    fn push_filled(&mut self, r: &mut Regions<'_>, kind: u8) -> Done {
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
    fn check_keys(&self, r: &Regions<'_>, n: usize, step: usize) -> Done {
        let top = r.nodes.len() - self.stack;
        let items = r.nodes.get(top..top + n).unwrap_or_default();
        if items.iter().rev().step_by(step).all(|key| key.is_hashable()) { Ok(()) } else { Err(ErrorKind::Unhashable) }
    }

    /// Moves the top `n` values into the container at `index`, behind what it holds.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn extend(&mut self, r: &mut Regions<'_>, index: u32, kind: u8, n: usize) -> Done {
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
    fn give(&mut self, r: &mut Regions<'_>, kind: u8, n: usize, marked: Option<usize>) -> Done {
        let depth = n + usize::from(marked.is_some());
        let fence = marked.unwrap_or(self.fence);
        if self.stack - depth <= fence {
            return Err(if fence > self.floor { ErrorKind::UnexpectedMark } else { ErrorKind::StackUnderflow });
        }
        if n != 0 {
            let target = self.at(r, self.stack - 1 - depth);
            if r.stream.is_some() {
                self.watch(r, target, self.stack - 1 - depth, kind, n)?;
            }
            match (target.tag(), kind) {
                (tag::LIST, chunk::APPEND) => self.extend(r, target.high(), chunk::ITEMS, n)?,
                (tag::DICT, chunk::SET_ITEM) => {
                    if !n.is_multiple_of(2) {
                        return Err(ErrorKind::OddItems);
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
    fn give_other(&mut self, r: &mut Regions<'_>, target: Node, kind: u8, n: usize, depth: usize) -> Done {
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
    fn object_at(
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
    fn set_list_items(&mut self, r: &mut Regions<'_>, list: Node, n: usize) -> Done {
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

    // ---- memo ------------------------------------------------------------

    /// Where an index lies in the memo's region, if it does.
    #[inline(always)]
    fn memo_slot(&self, index: u64) -> usize {
        usize::try_from(index.wrapping_sub(self.memo_low)).unwrap_or(usize::MAX).saturating_add(self.memo_base)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn memo_put(&mut self, r: &mut Regions<'_>, index: u64) -> Done {
        let node = self.peek(r, 0)?;
        let slot = self.memo_slot(index);
        if slot == self.memo_len && slot < r.memo.len() && !self.sparse {
            // CPython's writer numbers its entries one after another.
            set(r.memo, slot, node);
            self.memo_len = slot + 1;
            self.memo_count += 1;
            return Ok(());
        }
        self.memo_put_anywhere(r, index, slot, node)
    }

    #[inline(never)]
    fn memo_put_anywhere(&mut self, r: &mut Regions<'_>, index: u64, slot: usize, node: Node) -> Done {
        self.check_put(r, index, slot)?;
        if slot < self.memo_len {
            if get(r.memo, slot).tag() == tag::EMPTY {
                self.memo_count += 1 - self.memo_drop_sparse(r, index);
            }
            set(r.memo, slot, node);
            return Ok(());
        }
        #[cfg(feature = "alloc")]
        if let (None, Some(sparse)) = (&r.stream, &mut r.sparse) {
            // Far beyond what the pickle has filled: not worth an array.
            if index >= self.memo_count.saturating_mul(2).saturating_add(1024) {
                let key = sparse_key(index, self.nested);
                if sparse.len() >= r.sparse_room && !sparse.contains_key(&key) {
                    self.memo_wanted = usize::MAX;
                    return Err(ErrorKind::MemoFull);
                }
                self.memo_count += u64::from(sparse.insert(key, node).is_none());
                self.sparse = true;
                return Ok(());
            }
        }
        if slot >= r.memo.len() {
            self.memo_wanted = slot.saturating_add(1);
            return Err(ErrorKind::MemoFull);
        }
        if let Some(gap) = r.memo.get_mut(self.memo_len..slot) {
            gap.fill(Node::EMPTY);
        }
        set(r.memo, slot, node);
        self.memo_len = slot + 1;
        self.memo_count += 1 - self.memo_drop_sparse(r, index);
        Ok(())
    }

    /// How many entries of that index the sparse part had.
    fn memo_drop_sparse(&mut self, _r: &mut Regions<'_>, _index: u64) -> u64 {
        #[cfg(feature = "alloc")]
        if let (true, Some(sparse)) = (self.sparse, &mut _r.sparse) {
            return u64::from(sparse.remove(&sparse_key(_index, self.nested)).is_some());
        }
        0
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn memo_get(&mut self, r: &mut Regions<'_>, index: u64) -> Done {
        let slot = self.memo_slot(index);
        let mut node = if slot < self.memo_len { get(r.memo, slot) } else { Node::EMPTY };
        if node.tag() == tag::EMPTY {
            node = self.memo_get_sparse(r, index)?;
        }
        if r.stream.is_some() && node.is_reference() {
            node = self.check_fetched(r, node, index)?;
        }
        self.push(r, node)
    }

    #[inline(never)]
    fn memo_get_sparse(&self, _r: &mut Regions<'_>, _index: u64) -> Result<Node, ErrorKind> {
        if let Some(node) = self.fetch_kept(_r, _index)? {
            return Ok(node);
        }
        #[cfg(feature = "alloc")]
        if let Some(node) = _r.sparse.as_ref().and_then(|sparse| sparse.get(&sparse_key(_index, self.nested))) {
            return Ok(*node);
        }
        Err(ErrorKind::MemoMissing)
    }

    /// Entries in the memo.
    pub fn memo_count(&self) -> u64 {
        self.memo_count
    }

    // ---- bytes -----------------------------------------------------------

    fn slice<'a>(&self, r: &'a Regions<'_>, source: Source<'a>) -> &'a [u8] {
        match source {
            Source::Input(bytes, _) | Source::Pushed(bytes) => bytes,
            Source::Stored(len) => r.bytes.get(self.bytes..self.bytes + len).unwrap_or_default(),
        }
    }

    /// Keeps the bytes of an argument from `skip`, `len` of them.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn keep(&mut self, r: &mut Regions<'_>, source: Source<'_>, skip: usize, len: usize) -> Result<Range, ErrorKind> {
        if let Source::Input(_, offset) = source {
            return Ok(Range { offset: offset + skip as u64, len: len as u64, stored: false });
        }
        self.keep_copy(r, source, skip, len)
    }

    fn keep_copy(
        &mut self,
        r: &mut Regions<'_>,
        source: Source<'_>,
        skip: usize,
        len: usize,
    ) -> Result<Range, ErrorKind> {
        let at = self.bytes;
        match source {
            Source::Input(bytes, _) | Source::Pushed(bytes) => {
                let target = r.bytes.get_mut(at..at + len).ok_or(ErrorKind::BytesFull)?;
                for (target, source) in target.iter_mut().zip(bytes.get(skip..).unwrap_or_default()) {
                    *target = *source;
                }
            }
            Source::Stored(_) => {
                slide_down(r.bytes, at + skip, len, at);
            }
        }
        self.bytes = at + len;
        Ok(Range { offset: at as u64, len: len as u64, stored: true })
    }

    /// Decodes an argument into the byte region. `decode` is run twice: for
    /// the length, then for the bytes.
    fn keep_decoded<T>(
        &mut self,
        r: &mut Regions<'_>,
        source: Source<'_>,
        decode: impl Fn(&[u8], &mut dyn FnMut(u8)) -> Result<T, ErrorKind>,
    ) -> Result<(Range, T), ErrorKind> {
        let mut len = 0;
        decode(self.slice(r, source), &mut |_| len += 1)?;
        // A stored argument lies where the result must go: decode behind it, then slide down.
        let raw = if let Source::Stored(n) = source { n } else { 0 };
        let at = self.bytes;
        let (head, tail) = r.bytes.split_at_mut_checked(at + raw).ok_or(ErrorKind::BytesFull)?;
        let text = match source {
            Source::Input(bytes, _) | Source::Pushed(bytes) => bytes,
            Source::Stored(_) => head.get(at..).unwrap_or_default(),
        };
        let target = tail.get_mut(..len).ok_or(ErrorKind::BytesFull)?;
        let mut slots = target.iter_mut();
        let result = decode(text, &mut |byte| {
            if let Some(slot) = slots.next() {
                *slot = byte;
            }
        })?;
        slide_down(r.bytes, at + raw, len, at);
        self.bytes = at + len;
        Ok((Range { offset: at as u64, len: len as u64, stored: true }, result))
    }

    // ---- scalars -----------------------------------------------------------

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn push_str(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        self.room(r, 1)?;
        let bytes = self.slice(r, source);
        let len = bytes.len();
        let kind = if text::utf8_surrogatepass(bytes)? { tag::STR_SURROGATES } else { tag::STR };
        let range = self.keep(r, source, 0, len)?;
        self.push(r, Node::range(kind, range))
    }

    fn push_bytes(&mut self, r: &mut Regions<'_>, source: Source<'_>, kind: u8) -> Done {
        self.room(r, 1)?;
        let len = self.slice(r, source).len();
        let range = self.keep(r, source, 0, len)?;
        self.push(r, Node::range(kind, range))
    }

    fn push_byte_array(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        self.room(r, 3)?;
        let index = self.index()?;
        let len = self.slice(r, source).len();
        let range = self.keep(r, source, 0, len)?;
        set(r.nodes, self.arena, Node::header(tag::BYTE_ARRAY, 0, 1));
        set(r.nodes, self.arena + 1, Node::range(tag::BYTES, range));
        self.arena += 2;
        self.push(r, Node::reference(tag::BYTE_ARRAY, index))
    }

    fn push_unicode(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        self.room(r, 1)?;
        let bytes = self.slice(r, source);
        if text::is_ascii(bytes) && !bytes.contains(&b'\\') {
            return self.push_bytes(r, source, tag::STR);
        }
        let (range, surrogates) = self.keep_decoded(r, source, |text, put| text::raw_unicode(text, put))?;
        let kind = if surrogates { tag::STR_SURROGATES } else { tag::STR };
        self.push(r, Node::range(kind, range))
    }

    /// STRING: quotes, escapes, then the encoding.
    fn push_quoted(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        self.room(r, 1)?;
        let inner = text::unquote(self.slice(r, source))?;
        if !inner.contains(&b'\\') {
            let len = inner.len();
            return self.push_str8(r, source, 1, len);
        }
        if self.options.encoding == Encoding::Latin1 {
            // In one step: a second one could find the region full when the first has overwritten the text.
            let both = |text: &[u8], put: &mut dyn FnMut(u8)| {
                text::unescape(text::unquote(text)?, |byte| text::latin1(&[byte], &mut *put))
            };
            let (range, ()) = self.keep_decoded(r, source, both)?;
            return self.push(r, Node::range(tag::STR, range));
        }
        let before = self.bytes;
        let (range, ()) = self.keep_decoded(r, source, |text, put| text::unescape(text::unquote(text)?, put))?;
        // Decoded text is stored: its encoding works on that.
        self.bytes = before;
        self.push_str8(r, Source::Stored(range.len as usize), 0, range.len as usize)
    }

    fn push_str8(&mut self, r: &mut Regions<'_>, source: Source<'_>, skip: usize, len: usize) -> Done {
        self.room(r, 1)?;
        let bytes = self.slice(r, source).get(skip..skip + len).unwrap_or_default();
        let kind = match self.options.encoding {
            Encoding::Keep => tag::STR8,
            Encoding::Bytes => tag::BYTES,
            _ if text::is_ascii(bytes) => tag::STR,
            Encoding::Utf8 if core::str::from_utf8(bytes).is_ok() => tag::STR,
            Encoding::Latin1 => {
                let cut = |text: &[u8], put: &mut dyn FnMut(u8)| {
                    text::latin1(text.get(skip..skip + len).unwrap_or_default(), put);
                    Ok(())
                };
                let (range, ()) = self.keep_decoded(r, source, cut)?;
                return self.push(r, Node::range(tag::STR, range));
            }
            _ => return Err(ErrorKind::BadEncoding),
        };
        let range = self.keep(r, source, skip, len)?;
        self.push(r, Node::range(kind, range))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn push_long(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        let bytes = self.slice(r, source);
        if bytes.len() <= 8 {
            let mut value = match bytes.last() {
                Some(&top) if top & 0x80 != 0 => -1i64,
                _ => 0,
            };
            for &byte in bytes.iter().rev() {
                value = value << 8 | i64::from(byte);
            }
            return self.push(r, Node::long(value));
        }
        self.push_bytes(r, source, tag::BIG_INT)
    }

    fn push_int_text(&mut self, r: &mut Regions<'_>, source: Source<'_>, is_long: bool) -> Done {
        self.room(r, 1)?;
        let line = self.slice(r, source);
        let (value, number) = match is_long {
            true => text::long(line, self.options.text_ints)?,
            false => (text::int(line, self.options.text_ints)?, line),
        };
        let len = number.len();
        match value {
            TextInt::Bool(value) => self.push(r, Node::atom(if value { tag::TRUE } else { tag::FALSE })),
            TextInt::Small(value) => self.push(r, if is_long { Node::long(value) } else { Node::int(value) }),
            TextInt::Big => {
                let range = self.keep(r, source, 0, len)?;
                self.push(r, Node::range(tag::INT_TEXT, range))
            }
        }
    }

    fn push_float_text(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        match text::float(self.slice(r, source))? {
            Some(value) => self.push(r, Node::float(value.to_bits())),
            None => self.push_bytes(r, source, tag::FLOAT_TEXT),
        }
    }

    // ---- globals and objects -------------------------------------------------

    /// The names of GLOBAL must be UTF-8, those of INST ASCII; neither may be empty.
    fn global(&mut self, r: &mut Regions<'_>, source: Source<'_>, ascii: bool) -> Result<Node, ErrorKind> {
        let line = self.slice(r, source);
        let len = line.len();
        match crate::wire::op::split_lines(line) {
            Some((module, name)) if !module.is_empty() && !name.is_empty() => {}
            _ => return Err(ErrorKind::EmptyLine),
        }
        if ascii && !text::is_ascii(line) {
            return Err(ErrorKind::NotAscii);
        }
        if core::str::from_utf8(line).is_err() {
            return Err(ErrorKind::BadUtf8);
        }
        Ok(Node::range(tag::GLOBAL, self.keep(r, source, 0, len)?))
    }

    fn stack_global(&mut self, r: &mut Regions<'_>) -> Done {
        let (name, module) = (self.peek(r, 0)?, self.peek(r, 1)?);
        if !is_str(name) || !is_str(module) {
            return Err(ErrorKind::GlobalNotStr);
        }
        self.push_parts(r, tag::STACK_GLOBAL, 0, 2, None)
    }

    fn extension(&mut self, r: &mut Regions<'_>, arg: Arg<'_>) -> Done {
        let code = match arg {
            Arg::Uint(code) => code as i64,
            Arg::Int(code) => i64::from(code),
            _ => 0,
        };
        if code <= 0 {
            return Err(ErrorKind::BadExtension);
        }
        self.push(r, Node::number(tag::EXTENSION, code as u64))
    }

    fn next_buffer(&mut self, r: &mut Regions<'_>) -> Done {
        if self.options.buffers.is_some_and(|given| self.buffers >= given) {
            return Err(ErrorKind::NoBuffer);
        }
        self.push(r, Node::number(tag::BUFFER, u64::from(self.buffers)))?;
        self.buffers = self.buffers.saturating_add(1);
        Ok(())
    }

    /// A payload that is not kept, where the input is fed.
    #[cfg(feature = "alloc")]
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn passes_by(&self, opcode: Opcode, len: u64) -> bool {
        matches!(opcode, Opcode::BinBytes | Opcode::ShortBinBytes | Opcode::BinBytes8 | Opcode::ByteArray8)
            && len >= self.options.out_of_band
    }

    /// All are kept.
    #[cfg(not(feature = "alloc"))]
    #[inline(always)]
    pub fn passes_by(&self, _: Opcode, _: u64) -> bool {
        false
    }

    /// The number of the next buffer.
    pub fn next_buffer_number(&self) -> u32 {
        self.buffers
    }

    /// READONLY_BUFFER.
    pub fn readonly_buffer(&mut self, r: &mut Regions<'_>) -> Done {
        let top = self.peek(r, 0)?;
        match top.tag() {
            tag::BYTES | tag::READONLY => {}
            tag::BUFFER => self.replace_top(r, top.read_only()),
            tag::BYTE_ARRAY | tag::OBJECT => return self.push_parts(r, tag::READONLY, 0, 1, None),
            _ => return Err(ErrorKind::NotABuffer),
        }
        Ok(())
    }

    fn persistent_id(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        self.room(r, 3)?;
        if !text::is_ascii(self.slice(r, source)) {
            return Err(ErrorKind::NotAscii);
        }
        self.push_bytes(r, source, tag::STR)?;
        self.push_parts(r, tag::OBJECT, How::PersId as u8, 1, None)
    }

    fn make(&mut self, r: &mut Regions<'_>, how: How, n: usize) -> Done {
        self.want(n)?;
        let callable = self.peek(r, n - 1)?;
        if !is_callable(callable) {
            return Err(if how == How::Reduce { ErrorKind::NotCallable } else { ErrorKind::NotAClass });
        }
        let args = self.peek(r, n - 2)?;
        if !matches!(args.tag(), tag::EMPTY_TUPLE | tag::TUPLE | tag::TUPLE_OF_MUTABLE | tag::OBJECT) {
            return Err(ErrorKind::ArgsNotTuple);
        }
        if n == 3 && !matches!(self.peek(r, 0)?.tag(), tag::DICT | tag::OBJECT) {
            return Err(ErrorKind::KwargsNotDict);
        }
        self.push_parts(r, tag::OBJECT, how as u8, n, None)
    }

    fn obj(&mut self, r: &mut Regions<'_>) -> Done {
        let (n, fence) = self.mark(r)?;
        if n == 0 {
            return Err(ErrorKind::StackUnderflow);
        }
        if !is_callable(self.at(r, self.stack - n)) {
            return Err(ErrorKind::NotCallable);
        }
        self.push_parts(r, tag::OBJECT, How::Obj as u8, n, Some(fence))
    }

    fn inst(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        let (n, fence) = self.mark(r)?;
        self.room(r, 3)?;
        let class = self.global(r, source, true)?;
        // The class goes in front of the arguments: they move up, one node over.
        let index = self.index()?;
        let count = u32::try_from(n + 1).map_err(|_| ErrorKind::NodesFull)?;
        let header = self.arena;
        self.move_top(r, n, header + 2);
        set(r.nodes, header, Node::header(tag::OBJECT, How::Inst as u8, count));
        set(r.nodes, header + 1, class);
        self.arena += n + 2;
        self.drop_to_mark(fence);
        self.push(r, Node::reference(tag::OBJECT, index))
    }

    /// BUILD. On a built-in value CPython does nothing where the state is
    /// empty, and fails otherwise.
    fn build(&mut self, r: &mut Regions<'_>) -> Done {
        let (state, target) = (self.peek(r, 0)?, self.peek(r, 1)?);
        if !target.is_open() {
            self.guard(r, target)?;
        }
        match self.object_at(r, target, self.stack - 2, ErrorKind::NoState) {
            Ok(object) => return self.extend(r, object, chunk::BUILD, 1),
            Err(ErrorKind::NoState) => {}
            Err(full) => return Err(full),
        }
        let (mut dict, mut slots) = (state, Node::EMPTY);
        if matches!(state.tag(), tag::TUPLE | tag::TUPLE_OF_MUTABLE) {
            let at = state.high() as usize;
            if get(r.nodes, at).high() == 2 {
                (dict, slots) = (get(r.nodes, at + 1), get(r.nodes, at + 2));
            }
        }
        match dict.tag() {
            tag::NONE => {}
            tag::DICT => return Err(ErrorKind::NoState),
            _ => return Err(ErrorKind::StateNotDict),
        }
        match slots.tag() {
            tag::EMPTY => {}
            tag::DICT if get(r.nodes, slots.high() as usize).high() == 0 => {}
            tag::DICT => return Err(ErrorKind::NoState),
            _ => return Err(ErrorKind::StateNotDict),
        }
        self.stack -= 1;
        Ok(())
    }

    /// Puts a last change onto the object at the top: bytes that are no
    /// pickle, or the root of a pickle inside.
    pub fn attach(&mut self, r: &mut Regions<'_>, kind: u8, nodes: &[Node]) -> Done {
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
    pub fn leave(&mut self, _r: &mut Regions<'_>, outer: Machine) {
        #[cfg(feature = "alloc")]
        if let (true, Some(sparse)) = (self.sparse, &mut _r.sparse) {
            sparse.split_off(&NESTED);
        }
        let Machine { arena, bytes, opcodes, work, .. } = *self;
        *self = Machine { arena, bytes, opcodes, work, ..outer };
    }

    // ---- the switch --------------------------------------------------------

    /// Does what an opcode says. An error of a region kind has had no effect.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn apply<'i>(&mut self, r: &mut Regions<'_>, op: &Op<'i>, source: Source<'i>) -> Result<(), Halt> {
        if self.opcodes >= self.options.max_opcodes {
            return Err(Halt::Refused(ErrorKind::OpcodeLimit));
        }
        self.opcodes += 1;
        if op.opcode == Opcode::Build {
            self.build(r)?;
            return if self.options.stop_after_build { Err(Halt::Built) } else { Ok(()) };
        }
        match self.apply_common(r, op, source) {
            Ok(()) => Ok(()),
            Err(kind) => Err(self.halt(r, kind)),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn apply_common<'i>(&mut self, r: &mut Regions<'_>, op: &Op<'i>, source: Source<'i>) -> Done {
        match op.opcode {
            Opcode::BinUnicode | Opcode::ShortBinUnicode | Opcode::BinUnicode8 => self.push_str(r, source),
            Opcode::BinGet | Opcode::LongBinGet => self.memo_get(r, op.uint().unwrap_or(0)),
            Opcode::Memoize => self.memo_put(r, self.memo_count),
            Opcode::Get => {
                let index = text::memo_index(self.slice(r, source))?;
                self.memo_get(r, index)
            }
            Opcode::Put => {
                let index = text::memo_index(self.slice(r, source));
                self.want(1)?;
                self.memo_put(r, index?)
            }
            Opcode::BinPut | Opcode::LongBinPut => self.memo_put(r, op.uint().unwrap_or(0)),
            Opcode::BinInt1 | Opcode::BinInt2 => self.push(r, Node::int(op.uint().unwrap_or(0) as i64)),
            Opcode::BinInt => match op.arg {
                Arg::Int(value) => self.push(r, Node::int(i64::from(value))),
                _ => Ok(()),
            },
            Opcode::BinFloat => match op.arg {
                Arg::Float(bits) => self.push(r, Node::float(bits)),
                _ => Ok(()),
            },
            Opcode::Long1 => self.push_long(r, source),
            Opcode::None => self.push(r, Node::atom(tag::NONE)),
            Opcode::NewTrue => self.push(r, Node::atom(tag::TRUE)),
            Opcode::NewFalse => self.push(r, Node::atom(tag::FALSE)),
            Opcode::Mark => {
                self.push(r, Node::number(tag::MARK, self.fence as u64))?;
                self.fence = self.stack;
                Ok(())
            }
            Opcode::EmptyTuple => self.push(r, Node::atom(tag::EMPTY_TUPLE)),
            Opcode::EmptyList => self.push_empty(r, tag::LIST),
            Opcode::EmptyDict => self.push_empty(r, tag::DICT),
            Opcode::EmptySet => self.push_empty(r, tag::SET),
            Opcode::Tuple => {
                let (n, fence) = self.mark(r)?;
                if n == 0 {
                    self.drop_to_mark(fence);
                    return self.push(r, Node::atom(tag::EMPTY_TUPLE));
                }
                self.push_tuple(r, n, Some(fence))
            }
            Opcode::Tuple1 | Opcode::Tuple2 | Opcode::Tuple3 => {
                let n = usize::from(op.opcode.byte() - Opcode::Tuple1.byte()) + 1;
                self.want(n)?;
                self.push_tuple(r, n, None)
            }
            Opcode::SetItems => {
                let (n, fence) = self.mark(r)?;
                self.give(r, chunk::SET_ITEM, n, Some(fence))
            }
            Opcode::Appends => {
                let (n, fence) = self.mark(r)?;
                self.give(r, chunk::APPEND, n, Some(fence))
            }
            Opcode::AddItems => {
                let (n, fence) = self.mark(r)?;
                self.give(r, chunk::ADD, n, Some(fence))
            }
            Opcode::Append => {
                self.want(2)?;
                self.give(r, chunk::APPEND, 1, None)
            }
            Opcode::SetItem => {
                self.want(3)?;
                self.give(r, chunk::SET_ITEM, 2, None)
            }
            Opcode::Frame | Opcode::Stop => {
                if op.opcode == Opcode::Stop {
                    self.want(1)?;
                }
                Ok(())
            }
            Opcode::Proto => {
                self.protocol = op.uint().unwrap_or(0) as u8;
                Ok(())
            }
            _ => self.apply_rare(r, op, source),
        }
    }

    #[inline(never)]
    fn apply_rare<'i>(&mut self, r: &mut Regions<'_>, op: &Op<'i>, source: Source<'i>) -> Done {
        match op.opcode {
            Opcode::Pop => {
                if self.fence > self.floor && self.stack == self.fence {
                    let (_, fence) = self.mark(r)?;
                    self.drop_to_mark(fence);
                    return Ok(());
                }
                self.want(1)?;
                self.stack -= 1;
                Ok(())
            }
            Opcode::PopMark => {
                let (_, fence) = self.mark(r)?;
                self.drop_to_mark(fence);
                Ok(())
            }
            Opcode::Dup => {
                let top = self.peek(r, 0)?;
                let top = if r.stream.is_some() && top.is_reference() { top.opened(false) } else { top };
                self.push(r, top)
            }
            Opcode::List => self.push_filled(r, tag::LIST),
            Opcode::Dict => self.push_filled(r, tag::DICT),
            Opcode::FrozenSet => self.push_filled(r, tag::FROZEN_SET),
            Opcode::BinBytes | Opcode::ShortBinBytes | Opcode::BinBytes8 => self.push_bytes(r, source, tag::BYTES),
            Opcode::ByteArray8 => self.push_byte_array(r, source),
            Opcode::BinString | Opcode::ShortBinString => {
                let len = self.slice(r, source).len();
                self.push_str8(r, source, 0, len)
            }
            Opcode::String => self.push_quoted(r, source),
            Opcode::Unicode => self.push_unicode(r, source),
            Opcode::Long4 => self.push_long(r, source),
            Opcode::Int => self.push_int_text(r, source, false),
            Opcode::Long => self.push_int_text(r, source, true),
            Opcode::Float => self.push_float_text(r, source),
            Opcode::Global => {
                self.room(r, 1)?;
                let global = self.global(r, source, false)?;
                self.push(r, global)
            }
            Opcode::StackGlobal => self.stack_global(r),
            Opcode::Inst => self.inst(r, source),
            Opcode::Obj => self.obj(r),
            Opcode::Reduce => self.make(r, How::Reduce, 2),
            Opcode::NewObj => self.make(r, How::NewObj, 2),
            Opcode::NewObjEx => self.make(r, How::NewObjEx, 3),
            Opcode::PersId => self.persistent_id(r, source),
            Opcode::BinPersId => {
                self.want(1)?;
                self.push_parts(r, tag::OBJECT, How::PersId as u8, 1, None)
            }
            Opcode::Ext1 | Opcode::Ext2 | Opcode::Ext4 => self.extension(r, op.arg),
            Opcode::NextBuffer => self.next_buffer(r),
            Opcode::ReadonlyBuffer => self.readonly_buffer(r),
            _ => Ok(()),
        }
    }
}

/// A Python 2 str that is kept as it is would be a str with any other `encoding`.
fn is_str(node: Node) -> bool {
    matches!(node.tag(), tag::STR | tag::STR_SURROGATES | tag::STR8)
}

/// Only what the stream cannot tell may be called; no built-in value can.
fn is_callable(node: Node) -> bool {
    matches!(node.tag(), tag::GLOBAL | tag::STACK_GLOBAL | tag::EXTENSION | tag::OBJECT)
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
