//! The memo: PUT, MEMOIZE and GET.

#[cfg(feature = "alloc")]
use super::handover::Stream;
use super::memory::Regions;
use super::node::{Node, tag};
use super::{Done, Machine, get, set};
use crate::ErrorKind;
use crate::knobs::ITEMS;

impl Machine {
    /// Where an index lies in the memo's region, if it does.
    #[inline(always)]
    pub(super) fn memo_slot(&self, index: u64) -> usize {
        usize::try_from(index.wrapping_sub(self.memo_low)).unwrap_or(usize::MAX).saturating_add(self.memo_base)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn memo_put(&mut self, r: &mut Regions<'_>, index: u64) -> Done {
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
    pub(super) fn memo_put_anywhere(&mut self, r: &mut Regions<'_>, index: u64, slot: usize, node: Node) -> Done {
        let slot = self.check_put(r, index, slot)?;
        if slot < self.memo_len {
            if get(r.memo, slot).tag() == tag::EMPTY {
                self.memo_count += 1 - self.memo_drop_sparse(r, index);
            }
            set(r.memo, slot, node);
            return Ok(());
        }
        #[cfg(feature = "alloc")]
        if let (true, Some(sparse)) = (r.stream.as_deref().is_none_or(Stream::is_over), &mut r.sparse) {
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
    pub(super) fn memo_drop_sparse(&mut self, _r: &mut Regions<'_>, _index: u64) -> u64 {
        #[cfg(feature = "alloc")]
        if let (true, Some(sparse)) = (self.sparse, &mut _r.sparse) {
            return u64::from(sparse.remove(&sparse_key(_index, self.nested)).is_some());
        }
        0
    }

    /// Forgets the entries of the pickle inside this one.
    pub(super) fn memo_drop_nested(&mut self, _r: &mut Regions<'_>) {
        #[cfg(feature = "alloc")]
        if let (true, Some(sparse)) = (self.sparse, &mut _r.sparse) {
            sparse.split_off(&NESTED);
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn memo_get(&mut self, r: &mut Regions<'_>, index: u64) -> Done {
        let slot = self.memo_slot(index);
        let mut node = if slot < self.memo_len { get(r.memo, slot) } else { Node::EMPTY };
        if node.tag() == tag::EMPTY {
            node = self.memo_get_sparse(r, index)?;
        }
        if ITEMS && r.stream.is_some() && node.is_reference() {
            node = self.check_fetched(r, node, index)?;
        }
        self.push(r, node)
    }

    #[inline(never)]
    pub(super) fn memo_get_sparse(&self, _r: &mut Regions<'_>, _index: u64) -> Result<Node, ErrorKind> {
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
}

/// Set in the sparse memo's keys of a nested pickle. No index reaches it: texts end at 2^63 - 1.
#[cfg(feature = "alloc")]
const NESTED: u64 = 1 << 63;

#[cfg(feature = "alloc")]
fn sparse_key(index: u64, nested: bool) -> u64 {
    if nested { index | NESTED } else { index }
}
