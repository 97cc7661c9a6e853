//! What the machine does when items are handed over while it reads.
//!
//! Below `frozen` lies what was there when the first items were handed over;
//! everything above belongs to items that have not been, and is used again
//! once they have. docs/streaming.md has the rule.

use super::handover::{Batch, Phase, Stream};
use super::{Done, Halt, Machine, get, set};
use crate::knobs::{DROPPED_CALLS, ITEMS};
use crate::machine::memory::Regions;
use crate::machine::node::How;
use crate::machine::node::{Node, Range, chunk, tag};
use crate::{ErrorKind, MemoPlan, MemoUse};

/// The hand-over, where there is one: never in a build without.
#[inline(always)]
fn handed_over<'s>(stream: &'s mut Option<&mut Stream>) -> Option<&'s mut Stream> {
    if ITEMS { stream.as_deref_mut() } else { None }
}

impl Machine {
    /// The stack entry at a place, counted from the bottom.
    pub fn stack_at(&self, r: &[Node], index: usize) -> Option<Node> {
        if index >= self.stack { None } else { r.get((r.len() - 1).wrapping_sub(index)).copied() }
    }

    /// Where this pickle's stack begins.
    pub fn floor(&self) -> usize {
        self.floor
    }

    /// Entries on the stack.
    pub fn height(&self) -> usize {
        self.stack
    }

    /// An operation gives `n` values to `target`: are they items to be handed over?
    #[inline(never)]
    pub(super) fn watch(
        &mut self,
        r: &mut Regions<'_>,
        target: Node,
        at: usize,
        kind: u8,
        n: usize,
    ) -> Result<(), Halt> {
        let arena = self.arena;
        let Some(stream) = handed_over(&mut r.stream) else { return Ok(()) };
        let fits = match target.tag() {
            tag::LIST => kind == chunk::APPEND,
            tag::DICT => kind == chunk::SET_ITEM,
            tag::SET => kind == chunk::ADD,
            tag::OBJECT => true,
            _ => false,
        };
        let ours = match stream.phase {
            Phase::Waiting => fits && arena >= stream.min_nodes && at >= self.floor + stream.depth && !stream.passed,
            Phase::Open => fits && target.is_open() && target.high() == stream.sink && at == stream.sink_at,
            _ => false,
        };
        stream.passed = false;
        if !ours {
            return Ok(self.guard(r, target)?);
        }
        match (target.tag(), kind) {
            (_, chunk::SET_ITEM) if !n.is_multiple_of(2) => return Err(ErrorKind::OddItems.into()),
            (tag::DICT, _) => self.check_keys(r, n, 2)?,
            (tag::SET, _) => self.check_keys(r, n, 1)?,
            _ => {}
        }
        let marked = self.stack - n != at + 1;
        if let Some(stream) = handed_over(&mut r.stream) {
            stream.batch = Some(Batch { at, count: n, kind, marked });
        }
        Err(Halt::Items)
    }

    /// What was handed over, or what items may refer to, must not change.
    #[inline(always)]
    pub(super) fn guard(&self, r: &mut Regions<'_>, target: Node) -> Done {
        if !ITEMS || r.stream.is_none() || !target.is_reference() { Ok(()) } else { self.guard_reference(r, target) }
    }

    #[inline(never)]
    fn guard_reference(&self, r: &mut Regions<'_>, target: Node) -> Done {
        let Some(stream) = handed_over(&mut r.stream) else { return Ok(()) };
        let ancestor = target.is_open() && target.high() != stream.sink;
        if stream.is_over() || ancestor || target.high() as usize >= stream.frozen {
            return Ok(());
        }
        let memo = r.memo.get(..self.memo_len).unwrap_or_default();
        let same = |node: &Node| node.is_reference() && node.high() == target.high();
        stream.entry = memo.iter().position(same).map(|slot| match slot {
            slot if slot < stream.prefix => slot as u64,
            slot if slot < self.memo_base => get(memo, slot).kept_index(),
            slot => self.memo_low + (slot - self.memo_base) as u64,
        });
        Err(ErrorKind::ItemChanged)
    }

    /// BUILD gives a state to `target`. The object whose items are handed over keeps it: nothing more is handed over, and
    /// nothing is dropped.
    #[inline(always)]
    pub(super) fn guard_state(&self, r: &mut Regions<'_>, target: Node) -> Done {
        match handed_over(&mut r.stream) {
            None => Ok(()),
            Some(stream) if target.is_open() => {
                if stream.phase == Phase::Open && target.high() == stream.sink {
                    stream.phase = Phase::Closed;
                }
                Ok(())
            }
            Some(_) => self.guard(r, target),
        }
    }

    /// A PUT while items are handed over: the memo must be filled in order. Returns its slot. What was passed over is
    /// paid for by the entries that came before, so that no pickle of a few bytes can ask for much memory.
    #[inline(always)]
    pub(super) fn check_put(&mut self, r: &mut Regions<'_>, index: u64, slot: usize) -> Result<usize, ErrorKind> {
        let Some(stream) = handed_over(&mut r.stream) else { return Ok(slot) };
        if stream.is_over() {
            return Ok(slot);
        }
        if index >= self.memo_low {
            if !stream.fresh && self.memo_len == self.memo_base {
                // The first of these items, which may be far ahead (pickletools.optimize of Python 2 leaves gaps).
                self.memo_low = index;
                return Ok(self.memo_base);
            }
            let ahead = 2 * (self.memo_count - stream.put_before) as usize + 1024;
            if slot - self.memo_base <= ahead {
                return Ok(slot);
            }
        }
        stream.entry = Some(index);
        Err(ErrorKind::MemoOrder)
    }

    /// A memo entry from before, or kept from an item that was handed over.
    pub(super) fn fetch_kept(&self, r: &mut Regions<'_>, index: u64) -> Result<Option<Node>, ErrorKind> {
        let Some(stream) = handed_over(&mut r.stream) else { return Ok(None) };
        if stream.is_over() || stream.fresh || index >= self.memo_low {
            return Ok(None);
        }
        let slot = usize::try_from(index).unwrap_or(usize::MAX);
        if slot < stream.prefix {
            let node = get(r.memo, slot);
            return Ok(if node.tag() == tag::EMPTY { None } else { Some(node) });
        }
        let kept = r.memo.get(stream.prefix..self.memo_base).unwrap_or_default();
        match kept.binary_search_by_key(&index, |node| node.kept_index()) {
            Ok(at) => {
                let node = get(kept, at);
                set(r.memo, stream.prefix + at, node.fetched(true));
                Ok(Some(node.kept_node()))
            }
            Err(_) => {
                stream.entry = Some(index);
                Err(ErrorKind::MemoDropped)
            }
        }
    }

    /// A container was fetched: it must not be one that is still being filled.
    #[inline(never)]
    pub(super) fn check_fetched(&self, r: &mut Regions<'_>, node: Node, index: u64) -> Result<Node, ErrorKind> {
        let node = node.opened(false);
        if DROPPED_CALLS {
            self.judge_dropped(r, Some(node));
        }
        let Some(stream) = handed_over(&mut r.stream) else { return Ok(node) };
        if stream.phase != Phase::Open || node.high() as usize >= stream.frozen {
            return Ok(node);
        }
        let in_place = (r.nodes.len() - 1).checked_sub(stream.sink_at).map(|at| get(r.nodes, at));
        if self.stack <= stream.sink_at || in_place.is_none_or(|sink| !sink.is_open() || sink.high() != stream.sink) {
            stream.phase = Phase::Closed;
            return Ok(node);
        }
        if get(r.nodes, node.high() as usize).is_open() {
            stream.entry = Some(index);
            return Err(ErrorKind::ContainerFetched);
        }
        Ok(node)
    }

    /// POP drops the top of the stack: if that is the result of a call on an object or container, it was made for what it
    /// does to that. cloudpickle and dill set so what is in functions, classes and cells.
    #[inline(never)]
    pub(super) fn note_dropped(&self, r: &mut Regions<'_>, offset: u64) {
        if r.stream.is_none() {
            return;
        }
        let top = self.at(r, self.stack - 1);
        if self.call_on_value(r, top).is_none() {
            return;
        }
        self.judge_dropped(r, None);
        if let Some(stream) = handed_over(&mut r.stream) {
            stream.dropped.object = top.high();
            stream.dropped.opcode = self.opcodes as u32;
            stream.dropped.at = offset;
        }
    }

    /// What a REDUCE has called, and the first argument if that can be changed.
    fn call_on_value(&self, r: &Regions<'_>, node: Node) -> Option<(Node, Node)> {
        let header = if node.tag() == tag::OBJECT { get(r.nodes, node.high() as usize) } else { return None };
        let args = get(r.nodes, node.high() as usize + 2);
        if header.sub() != How::Reduce as u8 || !matches!(args.tag(), tag::TUPLE | tag::TUPLE_OF_MUTABLE) {
            return None;
        }
        let argument = get(r.nodes, args.high() as usize + 1);
        let can_change = matches!(argument.tag(), tag::OBJECT | tag::DICT | tag::LIST | tag::SET);
        can_change.then(|| (get(r.nodes, node.high() as usize + 1).opened(false), argument.opened(false)))
    }

    /// The result of a call was dropped for good, unless the opcode after the POP has fetched one of the same call: an
    /// object that holds itself in its arguments is made twice, and the pickler drops the one that was begun first.
    #[inline(always)]
    fn judge_dropped(&self, r: &mut Regions<'_>, fetched: Option<Node>) {
        if r.stream.as_ref().is_some_and(|stream| stream.dropped.is_open()) {
            self.judge_suspect(r, fetched);
        }
    }

    #[cold]
    fn judge_suspect(&self, r: &mut Regions<'_>, fetched: Option<Node>) {
        let Some(dropped) = r.stream.as_ref().map(|stream| stream.dropped) else { return };
        let is_next = self.opcodes as u32 == dropped.opcode.wrapping_add(1);
        let is_twin = fetched.filter(|_| is_next).is_some_and(|node| {
            let calls =
                (self.call_on_value(r, node), self.call_on_value(r, Node::reference(tag::OBJECT, dropped.object)));
            matches!(calls, (Some((made, x)), Some((called, y))) if x == y && same_name(r, made, called))
        });
        if let Some(stream) = handed_over(&mut r.stream) {
            stream.dropped.settle(is_twin);
        }
    }

    /// Begins to hand over the items of the container at this place on the
    /// stack; false where they may refer to what is still being filled.
    pub fn begin_stream(&mut self, r: &mut Regions<'_>, at: usize) -> bool {
        let len = r.nodes.len();
        let slot = |index: usize| (len - 1).wrapping_sub(index);
        for index in self.floor..(at + 1).min(self.stack) {
            let node = get(r.nodes, slot(index));
            if node.is_reference() {
                set(r.nodes, slot(index), node.opened(true));
                let header = get(r.nodes, node.high() as usize);
                set(r.nodes, node.high() as usize, header.opened(true));
            }
        }
        let (values, free) = r.nodes.split_at_checked(self.arena).unwrap_or_default();
        let stack = free.get(free.len().saturating_sub(self.stack)..).unwrap_or_default();
        // A header differs from a reference by its chunks.
        let refers = |node: &Node| {
            let plain = node.is_reference() && node.tag() != tag::CHUNK && node.data() == 0 && !node.is_open();
            plain && get(values, node.high() as usize).is_open()
        };
        let tainted = values.iter().chain(stack).any(refers);
        let Some(stream) = handed_over(&mut r.stream) else { return false };
        if tainted || self.sparse {
            stream.phase = Phase::Whole;
            return false;
        }
        stream.sink = get(r.nodes, slot(at)).high();
        stream.sink_at = at;
        stream.phase = Phase::Open;
        true
    }

    /// Everything on the stack above the container has been handed over: the
    /// operation is done, and the memory is used again.
    pub fn drop_items(&mut self, r: &mut Regions<'_>, plan: Option<&MemoPlan<'_>>) {
        let Some(batch) = handed_over(&mut r.stream).and_then(|stream| stream.batch.take()) else { return };
        self.stack -= batch.count;
        if batch.marked {
            let fence = self.at(r, self.fence - 1).data() as usize;
            self.drop_to_mark(fence);
        }
        let Regions { memo, bytes, stream, .. } = r;
        let Some(stream) = stream.as_deref_mut() else { return };
        if core::mem::take(&mut stream.fresh) {
            stream.prefix = self.memo_len;
            self.memo_low = self.memo_len as u64;
            self.memo_base = self.memo_len;
            stream.put_before = self.memo_count;
            self.pin(stream);
            return;
        }
        let window = self.memo_base..self.memo_len;
        let (low, base, offset) = (self.memo_low, self.memo_base, stream.offset);
        let frozen = stream.frozen;
        let needs_place = |node: &Node, read_to: u64| {
            let range = node.as_range();
            let out_of_order = node.is_range() && range.stored && range.offset < read_to;
            let fresh = node.is_reference() && node.high() as usize >= frozen;
            match plan {
                Some(_) => fresh || out_of_order,
                None => fresh && node.tag() == tag::STACK_GLOBAL,
            }
        };
        let mut wanted = Wanted::new(plan, low, offset);
        // Something that cannot be moved is wanted: this batch stays where it is.
        let (mut stays, mut read_to) = (false, stream.byte_base as u64);
        if plan.is_some() || memo.get(window.clone()).unwrap_or_default().iter().any(|n| n.tag() == tag::STACK_GLOBAL) {
            for slot in window.clone() {
                let node = get(memo, slot);
                if node.tag() != tag::EMPTY && wanted.has(low + (slot - base) as u64) {
                    stays |= needs_place(&node, if is_below(&node, stream.byte_base) { 0 } else { read_to });
                    read_to = read_to.max(end_of(&node));
                }
            }
        }
        let mut wanted = Wanted::new(plan, low, offset);
        let (mut to, mut bytes_to, mut read_to) = (base, stream.byte_base, stream.byte_base as u64);
        for slot in window {
            let node = get(memo, slot);
            let index = low + (slot - base) as u64;
            if node.tag() == tag::EMPTY || !wanted.has(index) {
                continue;
            }
            let fresh = node.is_reference() && node.high() as usize >= stream.frozen;
            let Some(mut kept) = node.kept(index) else { continue };
            if fresh && !(stays && (plan.is_some() || node.tag() == tag::STACK_GLOBAL)) {
                continue;
            }
            let range = node.as_range();
            if node.is_range() && range.stored && !stays && !is_below(&node, stream.byte_base) {
                if range.offset < read_to {
                    continue;
                }
                read_to = range.offset + range.len;
                kept = moved(bytes, &node, &mut bytes_to).kept(index).unwrap_or(kept);
            }
            set(memo, to, kept);
            to += 1;
        }
        self.memo_low += (self.memo_len - self.memo_base) as u64;
        self.memo_base = to;
        self.memo_len = to;
        stream.put_before = self.memo_count;
        if stays {
            self.pin(stream);
        } else {
            stream.byte_base = bytes_to;
            self.arena = stream.frozen;
            self.bytes = bytes_to;
        }
        let kept = to - stream.prefix;
        let full = kept > stream.cache.0 || stream.byte_base - stream.kept_floor > stream.cache.1;
        if if plan.is_some() { kept > 2 * stream.settled + 1024 } else { full } {
            self.clear_out(memo, bytes, stream, plan);
        }
    }

    /// What is in use now stays.
    fn pin(&self, stream: &mut Stream) {
        stream.frozen = self.arena;
        stream.byte_base = self.bytes;
        stream.kept_floor = self.bytes;
    }

    /// Drops entries of the memo's cache: those of no further use, or with no
    /// plan the older half but for what was fetched since the last time.
    fn clear_out(&mut self, memo: &mut [Node], bytes: &mut [u8], stream: &mut Stream, plan: Option<&MemoPlan<'_>>) {
        let movable = |node: &Node| node.is_range() && node.as_range().stored;
        let all = stream.prefix..self.memo_base;
        let sizes = |only_fetched: bool| {
            let entries = memo.get(all.clone()).unwrap_or_default().iter();
            let entries = entries.filter(|node| node.is_fetched() || !only_fetched).map(|node| node.kept_node());
            entries.fold((0, 0), |(count, len), node| (count + 1, len + if movable(&node) { node.data() } else { 0 }))
        };
        let (mut count, mut len) = sizes(false);
        let (fetched_count, fetched_len) = sizes(true);
        let half = (stream.cache.0 / 2, stream.cache.1 as u64 / 2);
        // Where nearly everything was fetched, only age counts.
        let favour = fetched_count <= half.0 && fetched_len <= half.1;
        let (mut to, mut bytes_to, mut read_to) = (stream.prefix, stream.kept_floor, 0);
        for slot in all.clone() {
            let entry = get(memo, slot);
            let node = entry.kept_node();
            let young = count <= half.0 && len <= half.1;
            count -= 1;
            len -= if movable(&node) { node.data() } else { 0 };
            let stays = match plan {
                Some(plan) => plan.last(entry.kept_index()).is_some_and(|last| last > stream.offset),
                None => young || favour && entry.is_fetched() || !node.is_range(),
            };
            if !stays {
                continue;
            }
            let mut kept = entry.fetched(false);
            if movable(&node) && !is_below(&node, stream.kept_floor) {
                if node.as_range().offset < read_to {
                    // Two entries for one str: rare, and only the first is kept.
                    continue;
                }
                read_to = end_of(&node);
                kept = moved(bytes, &node, &mut bytes_to).kept(entry.kept_index()).unwrap_or(kept);
            }
            set(memo, to, kept);
            to += 1;
        }
        self.memo_base = to;
        self.memo_len = to;
        self.bytes = bytes_to;
        stream.byte_base = bytes_to;
        stream.settled = to - stream.prefix;
    }
}

/// Two globals have one name, or they are one.
fn same_name(r: &Regions<'_>, a: Node, b: Node) -> bool {
    let text = |node: Node| {
        let Range { offset, len, stored } = node.as_range();
        r.bytes.get(offset as usize..(offset + len) as usize).filter(|_| stored && node.is_range())
    };
    let same = |a: Node, b: Node| a == b || text(a).is_some_and(|a| text(b) == Some(a));
    let part = |node: Node, number: usize| get(r.nodes, node.high() as usize + number);
    match (a.tag(), b.tag()) {
        (tag::STACK_GLOBAL, tag::STACK_GLOBAL) => (1..=2).all(|number| same(part(a, number), part(b, number))),
        _ => same(a, b),
    }
}

/// Which entries of a window are kept: with a plan those that are fetched later, without one all that can be.
struct Wanted<'p> {
    uses: Option<&'p [MemoUse]>,
    offset: u64,
}

impl<'p> Wanted<'p> {
    fn new(plan: Option<&'p MemoPlan<'_>>, low: u64, offset: u64) -> Self {
        Wanted { uses: plan.map(|plan| plan.from(low)), offset }
    }

    /// Asked for in rising order.
    fn has(&mut self, index: u64) -> bool {
        let Some(uses) = &mut self.uses else { return true };
        while let Some((first, rest)) = uses.split_first()
            && first.index() < index
        {
            *uses = rest;
        }
        uses.first().is_some_and(|used| used.index() == index && used.last() > self.offset)
    }
}

fn is_below(node: &Node, limit: usize) -> bool {
    node.is_range() && node.as_range().stored && node.as_range().offset < limit as u64
}

fn end_of(node: &Node) -> u64 {
    let Range { offset, len, stored } = node.as_range();
    if node.is_range() && stored { offset + len } else { 0 }
}

/// Moves the bytes of a node down to `to`.
fn moved(bytes: &mut [u8], node: &Node, to: &mut usize) -> Node {
    let Range { offset, len, .. } = node.as_range();
    let (from, n) = (offset as usize, len as usize);
    if from + n <= bytes.len() && *to <= from {
        super::slide_down(bytes, from, n, *to);
    }
    let range = Range { offset: *to as u64, len, stored: true };
    *to += n;
    Node::range(node.tag(), range)
}

/// An object whose items or state can be handed over.
pub(crate) fn is_streamable(node: Node, header: Node) -> bool {
    match node.tag() {
        tag::LIST | tag::DICT | tag::SET => true,
        tag::OBJECT => header.sub() != How::PersId as u8 && header.first() == crate::machine::node::NIL,
        _ => false,
    }
}
