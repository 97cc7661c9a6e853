//! The stack: values and marks at the far end of the node region.

use super::memory::Regions;
use super::node::Node;
use super::{Done, Machine, get, set, slide_down};
use crate::ErrorKind;

impl Machine {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn push(&mut self, r: &mut Regions<'_>, node: Node) -> Done {
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
    pub(super) fn room(&self, r: &Regions<'_>, n: usize) -> Done {
        if r.nodes.len() - self.arena.min(r.nodes.len()) < self.stack + n { Err(ErrorKind::NodesFull) } else { Ok(()) }
    }

    /// The stack entry `depth` below the top.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn peek(&self, r: &Regions<'_>, depth: usize) -> Result<Node, ErrorKind> {
        self.require(depth + 1)?;
        Ok(self.at(r, self.stack - 1 - depth))
    }

    /// At least `n` values above the topmost mark.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn require(&self, n: usize) -> Done {
        if self.stack - self.fence >= n { Ok(()) } else { Err(self.underflow()) }
    }

    #[cold]
    pub(super) fn underflow(&self) -> ErrorKind {
        if self.fence > self.floor { ErrorKind::UnexpectedMark } else { ErrorKind::StackUnderflow }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn at(&self, r: &Regions<'_>, index: usize) -> Node {
        get(r.nodes, (r.nodes.len() - 1).wrapping_sub(index))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn replace_top(&mut self, r: &mut Regions<'_>, node: Node) {
        let index = r.nodes.len() - self.stack;
        set(r.nodes, index, node);
    }

    /// The topmost mark: how many values lie above it, and the fence below it.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn mark(&self, r: &Regions<'_>) -> Result<(usize, usize), ErrorKind> {
        if self.fence == self.floor {
            return Err(ErrorKind::NoMark);
        }
        Ok((self.stack - self.fence, self.at(r, self.fence - 1).data() as usize))
    }

    /// Drops the topmost mark; the values above it are gone already or go too.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn drop_to_mark(&mut self, fence_below: usize) {
        self.stack = self.fence - 1;
        self.fence = fence_below;
    }

    /// Moves the top `n` values, lowest first, to `to` in the arena, which is
    /// at most one node into the free room. The mark below them stays.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn move_top(&mut self, r: &mut Regions<'_>, n: usize, to: usize) {
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
    pub(super) fn move_top_overlapping(&mut self, r: &mut Regions<'_>, n: usize, top: usize, to: usize) {
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
}
