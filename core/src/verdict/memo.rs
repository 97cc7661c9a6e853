//! The memo of the machine: a dense part, far entries, and what one pickle leaves to the next.

use super::machine::{Broken, Level, Machine};
use super::memory::FarSlot;
use super::report::Observer;
use super::value::{Kind, Slot, flag};

/// Plain data that was not kept: it may have been text.
pub(crate) const LOST: u16 = 1;

impl Machine<'_> {
    /// A value as it is now: a container that the memo holds is looked at there.
    #[inline]
    pub fn live(&self, slot: Slot) -> Slot {
        if !slot.is_mutable() {
            return slot;
        }
        if slot.at == 0 {
            return slot;
        }
        match self.memo.get(slot.at as usize - 1) {
            Some(entry) if entry.kind == slot.kind && entry.at == slot.at => *entry,
            _ => slot.with(self.loose),
        }
    }

    /// Writes a container back to where the memo holds it.
    #[inline]
    pub fn keep(&mut self, slot: Slot) {
        if slot.at == 0 {
            self.loose |= slot.flags & (flag::TAINT | flag::DUNDER | flag::NONSTR);
            return;
        }
        match self.memo.get_mut(slot.at as usize - 1) {
            Some(entry) if entry.kind == slot.kind && entry.at == slot.at => *entry = slot,
            _ => self.loose |= slot.flags & (flag::TAINT | flag::DUNDER | flag::NONSTR),
        }
    }

    pub fn put(&mut self, index: u64, out: &mut dyn Observer) -> Result<(), Broken> {
        let mut value = *self.peek()?;
        let extent = self.level.memo_extent;
        // Far is what lies beyond all entries so far, not what lies beyond the memory for them.
        let seen = extent.max(usize::try_from(self.level.memo_count).unwrap_or(usize::MAX));
        let near = usize::try_from(index).ok().filter(|index| *index <= seen.saturating_mul(2).saturating_add(1024));
        let place = near.map(|index| self.level.memo_base + index);
        match place.and_then(|place| Some((place, self.memo.get_mut(place)?))) {
            Some((place, entry)) => {
                if value.is_mutable() && value.at == 0 {
                    value.at = u32::try_from(place + 1).unwrap_or(0);
                    if let Some(top) = self.stack.get_mut(self.top - 1) {
                        *top = value;
                    }
                }
                if entry.kind == Kind::Empty {
                    self.level.memo_count += 1;
                }
                *entry = value;
                self.level.memo_extent = extent.max(place + 1 - self.level.memo_base);
            }
            None => self.put_far(index, value, near.is_none(), out),
        }
        Ok(())
    }

    /// The key of a far entry, never 0.
    fn far_key(&self, index: u64) -> u64 {
        (index ^ (u64::from(self.level.pickle) << 40) ^ (u64::from(self.depth) << 58)) | 1 << 63
    }

    #[cold]
    pub fn put_far(&mut self, index: u64, value: Slot, sparse: bool, out: &mut dyn Observer) {
        if sparse {
            self.level.far = true;
            if index > 16 * (self.level.memo_count + 64) + 65_536 {
                self.excess("a memo entry far beyond all others", out);
            }
        }
        self.level.memo_count += 1;
        let inert = value.is_native() && value.flags & flag::TAINT == 0 && !value.is_text();
        let plain_text = value.is_text() && value.flags & flag::TAINT == 0;
        if inert && self.far_used == 0 {
            return;
        }
        let key = self.far_key(index);
        let len = self.far.len();
        let start = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize;
        for probe in 0..64.min(len) {
            let Some(entry) = self.far.get_mut(start.wrapping_add(probe) % len) else { break };
            // Text takes no more than three quarters: what is lost of it may have been a name, and is told when it is one.
            let keeps = !inert && (!plain_text || self.far_used < len - len / 4);
            if entry.key == key || (entry.key == 0 && keeps) {
                self.far_used += usize::from(entry.key == 0);
                *entry = FarSlot { key, value };
                return;
            }
            if entry.key == 0 {
                return;
            }
        }
        if !inert && !plain_text {
            self.loose |= flag::TAINT;
            self.limit("more memo entries than there is room for", out);
        }
    }

    pub fn get(&mut self, index: u64, out: &mut dyn Observer) -> Result<(), Broken> {
        let near = usize::try_from(index).ok().filter(|index| *index < self.level.memo_extent);
        let value = near.and_then(|index| self.memo.get(self.level.memo_base + index)).copied().unwrap_or_default();
        let value = if value.kind == Kind::Empty { self.get_far(index, out)? } else { value };
        self.push(value, out)
    }

    #[cold]
    pub fn get_far(&mut self, index: u64, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let key = self.far_key(index);
        let len = self.far.len();
        let start = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize;
        for probe in 0..64.min(len) {
            match self.far.get(start.wrapping_add(probe) % len) {
                Some(entry) if entry.key == key => return Ok(entry.value),
                Some(entry) if entry.key != 0 => {}
                _ => break,
            }
        }
        // Plain data beyond the dense part is not kept.
        let room = self.memo.len().saturating_sub(self.level.memo_base) as u64;
        if self.level.far || (index >= room && index < self.level.memo_count) {
            return Ok(Slot { aux: LOST, ..Slot::new(Kind::Any).with(self.loose) });
        }
        // One unpickler for several pickles keeps its memo.
        let older = usize::try_from(index).ok().filter(|_| self.level.pickle > 0 && self.depth == 0);
        if let Some(value) = older.and_then(|index| self.memo.get(index)).filter(|slot| slot.kind != Kind::Empty) {
            return Ok(*value);
        }
        if self.level.pickle > 0 && self.depth == 0 && index < self.level.memo_base as u64 {
            self.limit("an entry of the memo of an earlier pickle", out);
            return Ok(Slot::new(Kind::Unknown));
        }
        Err(Broken("the memo has no such entry"))
    }

    /// Begins another pickle of the same stream.
    pub fn next_pickle(&mut self) {
        let mut memo_base = self.level.memo_base + self.level.memo_extent;
        if self.depth == 0 && memo_base > self.memo.len() / 2 {
            if let Some(used) = self.memo.get_mut(..memo_base) {
                used.fill(Slot::default());
            }
            memo_base = 0;
        }
        self.top = self.level.base;
        let (base, pickle) = (self.level.base, self.level.pickle.saturating_add(1));
        self.level = Level { base, fence: base, memo_base, pickle, ..Level::default() };
    }

    /// Begins a pickle inside another.
    pub fn enter(&mut self) -> Level {
        let (base, memo_base) = (self.top, self.level.memo_base + self.level.memo_extent);
        self.depth += 1;
        core::mem::replace(&mut self.level, Level { base, fence: base, memo_base, ..Level::default() })
    }

    /// Goes back to the pickle around this one.
    pub fn leave(&mut self, outer: Level) {
        let from = outer.memo_base + outer.memo_extent;
        let to = self.level.memo_base + self.level.memo_extent;
        if let Some(used) = self.memo.get_mut(from..to) {
            used.fill(Slot::default());
        }
        self.top = self.level.base;
        self.depth = self.depth.saturating_sub(1);
        self.level = outer;
    }
}
