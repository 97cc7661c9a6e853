//! Rings of the caller's memory: the last short strings, the items of the last tuples.

use super::value::Slot;

/// The last strings. A place counts all bytes that were ever written, so that an overwritten one is known as such.
pub(crate) struct Ring<'m> {
    bytes: &'m mut [u8],
    end: u32,
}

impl<'m> Ring<'m> {
    pub fn new(bytes: &'m mut [u8]) -> Self {
        Ring { bytes, end: 1 }
    }

    /// Keeps a string; `None` where it does not fit, or places have run out.
    pub fn put(&mut self, text: &[u8]) -> Option<u32> {
        let len = self.bytes.len();
        if text.len() > len / 2 || len < 4 {
            return None;
        }
        let mut at = self.end as usize;
        if at % len + text.len() > len {
            at += len - at % len;
        }
        let end = u32::try_from(at + text.len()).ok()?;
        self.bytes.get_mut(at % len..at % len + text.len())?.copy_from_slice(text);
        self.end = end;
        u32::try_from(at).ok()
    }

    pub fn get(&self, at: u32, len: u16) -> Option<&[u8]> {
        let size = self.bytes.len();
        if at == 0 || (self.end - at.min(self.end)) as usize > size {
            return None;
        }
        let place = (at as usize).checked_rem(size)?;
        self.bytes.get(place..place + usize::from(len))
    }
}

/// Items of a tuple that are kept.
pub(crate) const PARTS: usize = 10;

/// The items of the last tuples: a header with their number, then the first of them.
pub(crate) struct Parts<'m> {
    slots: &'m mut [Slot],
    end: u32,
}

/// What is known of the items of a tuple, or of the arguments of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Items {
    slots: [Slot; PARTS],
    /// How many there are; not all need be here.
    pub count: usize,
    /// The items are no longer known.
    pub lost: bool,
}

impl Items {
    pub fn lost() -> Self {
        Items { lost: true, ..Items::default() }
    }

    pub fn of(slots: &[Slot]) -> Self {
        let mut items = Items { count: slots.len(), ..Items::default() };
        items.slots.iter_mut().zip(slots).for_each(|(place, slot)| *place = *slot);
        items
    }

    pub fn get(&self, index: usize) -> Option<Slot> {
        if index < self.count && !self.lost { self.slots.get(index).copied() } else { None }
    }

    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.slots.iter().take(if self.lost { 0 } else { self.count }).copied()
    }

    /// Without the first `n`.
    pub fn after(&self, n: usize) -> Self {
        let mut items = Items { count: self.count.saturating_sub(n), lost: self.lost, ..Items::default() };
        items.slots.iter_mut().zip(self.slots.iter().skip(n)).for_each(|(place, slot)| *place = *slot);
        items
    }
}

impl<'m> Parts<'m> {
    pub fn new(slots: &'m mut [Slot]) -> Self {
        Parts { slots, end: 1 }
    }

    /// Keeps the first items of a tuple; 0 where places have run out.
    pub fn put(&mut self, items: &[Slot]) -> u32 {
        let len = self.slots.len();
        let kept = items.len().min(PARTS);
        let mut at = self.end as usize;
        if len < 2 * (PARTS + 1) {
            return 0;
        }
        if at % len + kept + 1 > len {
            at += len - at % len;
        }
        let Ok(end) = u32::try_from(at + kept + 1) else { return 0 };
        let Some((header, places)) = self.slots.get_mut(at % len..).and_then(|slots| slots.split_first_mut()) else {
            return 0;
        };
        header.at = u32::try_from(items.len()).unwrap_or(u32::MAX);
        places.iter_mut().zip(items).take(kept).for_each(|(place, item)| *place = *item);
        self.end = end;
        at as u32
    }

    pub fn get(&self, at: u32) -> Items {
        let size = self.slots.len();
        if at == 0 || size == 0 || (self.end - at.min(self.end)) as usize > size {
            return Items::lost();
        }
        let Some((header, places)) = self.slots.get(at as usize % size..).and_then(|slots| slots.split_first()) else {
            return Items::lost();
        };
        let count = header.at as usize;
        let mut items = Items::of(places.get(..count.min(PARTS)).unwrap_or_default());
        items.count = count;
        items
    }
}
