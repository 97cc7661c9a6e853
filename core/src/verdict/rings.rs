//! Rings of the caller's memory: the last short strings, the items of the last tuples.

use super::value::Slot;

/// The last strings. A place counts all bytes that were ever written, so that an overwritten one is known as such.
pub(crate) struct Ring<'m> {
    bytes: &'m mut [u8],
    end: u32,
    /// `end`, as a place in `bytes`.
    cursor: usize,
}

impl<'m> Ring<'m> {
    pub fn new(bytes: &'m mut [u8]) -> Self {
        let cursor = usize::from(bytes.len() > 1);
        Ring { bytes, end: 1, cursor }
    }

    /// Keeps a string; `None` where it does not fit, or places have run out.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn put(&mut self, text: &[u8]) -> Option<u32> {
        let len = self.bytes.len();
        if text.len() > len / 2 || len < 4 {
            return None;
        }
        let (mut at, mut cursor) = (self.end, self.cursor);
        if cursor + text.len() > len {
            at = at.checked_add(u32::try_from(len - cursor).ok()?)?;
            cursor = 0;
        }
        let end = at.checked_add(u32::try_from(text.len()).ok()?)?;
        copy(self.bytes.get_mut(cursor..cursor + text.len())?, text);
        self.end = end;
        self.cursor = wrapped(cursor + text.len(), len);
        Some(at)
    }

    pub fn get(&self, at: u32, len: u16) -> Option<&[u8]> {
        let place = place(at, self.end, self.cursor, self.bytes.len())?;
        self.bytes.get(place..place + usize::from(len))
    }
}

/// Where in a ring of `size` the place `at` lies; `None` if it was written over since.
#[inline]
fn place(at: u32, end: u32, cursor: usize, size: usize) -> Option<usize> {
    let back = (end - at.min(end)) as usize;
    if at == 0 || back > size {
        return None;
    }
    Some(if cursor >= back { cursor - back } else { cursor + size - back })
}

fn wrapped(cursor: usize, len: usize) -> usize {
    if cursor == len { 0 } else { cursor }
}

/// Copies between slices of one length. Most texts are short: two moves that overlap are faster than a call.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    fn both<const N: usize>(to: &mut [u8], from: &[u8]) -> Option<()> {
        *to.first_chunk_mut::<N>()? = *from.first_chunk::<N>()?;
        *to.last_chunk_mut::<N>()? = *from.last_chunk::<N>()?;
        Some(())
    }
    let done = match from.len() {
        0 => Some(()),
        1 => both::<1>(to, from),
        2..=4 => both::<2>(to, from),
        5..=8 => both::<4>(to, from),
        9..=16 => both::<8>(to, from),
        17..=32 => both::<16>(to, from),
        _ => None,
    };
    if done.is_none() && to.len() == from.len() {
        super::copy::copy(to, from);
    }
}

/// Items of a tuple that are kept.
pub(crate) const PARTS: usize = 10;

/// The items of the last tuples: a header with their number, then the first of them.
pub(crate) struct Parts<'m> {
    slots: &'m mut [Slot],
    end: u32,
    /// `end`, as a place in `slots`.
    cursor: usize,
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

    /// One more, where there is room for it.
    pub fn push(&mut self, item: Slot) {
        if let Some(place) = self.slots.get_mut(self.count) {
            *place = item;
        }
        self.count += 1;
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
        let cursor = usize::from(slots.len() > 1);
        Parts { slots, end: 1, cursor }
    }

    /// Keeps the first items of a tuple; 0 where places have run out.
    #[inline]
    pub fn put(&mut self, items: &[Slot]) -> u32 {
        self.put_some(items).unwrap_or(0)
    }

    #[inline]
    fn put_some(&mut self, items: &[Slot]) -> Option<u32> {
        let len = self.slots.len();
        let kept = items.len().min(PARTS);
        if len < 2 * (PARTS + 1) {
            return None;
        }
        let (mut at, mut cursor) = (self.end, self.cursor);
        if cursor + kept + 1 > len {
            at = at.checked_add(u32::try_from(len - cursor).ok()?)?;
            cursor = 0;
        }
        let end = at.checked_add(kept as u32 + 1)?;
        let (header, places) = self.slots.get_mut(cursor..cursor + kept + 1)?.split_first_mut()?;
        header.at = u32::try_from(items.len()).unwrap_or(u32::MAX);
        // Most tuples are short: no call for them.
        match (places, items) {
            ([a], [x]) => *a = *x,
            ([a, b], [x, y]) => (*a, *b) = (*x, *y),
            ([a, b, c], [x, y, z]) => (*a, *b, *c) = (*x, *y, *z),
            (places, items) => places.iter_mut().zip(items).for_each(|(place, item)| *place = *item),
        }
        self.end = end;
        self.cursor = wrapped(cursor + kept + 1, len);
        Some(at)
    }

    pub fn get(&self, at: u32) -> Items {
        let place = place(at, self.end, self.cursor, self.slots.len());
        let Some((header, places)) = place.and_then(|place| self.slots.get(place..)?.split_first()) else {
            return Items::lost();
        };
        let count = header.at as usize;
        let mut items = Items::of(places.get(..count.min(PARTS)).unwrap_or_default());
        items.count = count;
        items
    }
}
