//! The memo: what names and texts the entries have, of long ones only some.

use super::{FORGOTTEN, Slot, Symbols, append_text};
use pickle_core::ErrorKind;

/// An index beyond this many times the entries of the memo goes to a table of
/// its own: a few bytes must not make the memo large.
const DENSE: u64 = 4;
/// Entries of the memo that are all held. Of later ones classes and their names stay, and the youngest of all others.
pub(super) const HELD: u64 = 1 << 17;
/// Bytes of their texts, beyond which it is the same.
const HELD_TEXT: usize = 4 << 20;
/// The youngest that are held beyond those.
pub(super) const YOUNG: usize = 1 << 12;

/// An entry of a memo that is too long to be held as a whole.
#[derive(Debug)]
pub(super) struct Young {
    slot: Slot,
    text: Box<[u8]>,
}

impl Symbols {
    /// The top, its text where it stays when the top is popped.
    pub(super) fn share_top(&mut self) -> Slot {
        let top = self.stack.last().copied().unwrap_or(Slot::Absent);
        let Slot::Text { start, len, kept: false, python2 } = top else { return top };
        let text = self.text.get(start as usize..start as usize + usize::from(len)).unwrap_or_default();
        let shared = append_text(&mut self.kept, text, true, python2);
        if let Some(top) = self.stack.last_mut() {
            self.text.truncate(start as usize);
            *top = shared;
        }
        shared
    }

    pub(super) fn put(&mut self, index: u64) {
        let follows = self.late.is_empty() || index == self.late.end;
        let full = self.memo_size >= HELD || self.kept.len() >= HELD_TEXT;
        if full && index >= self.memo.len() as u64 && follows {
            return self.put_late(index);
        }
        let slot = self.share_top();
        self.first_memo_index.get_or_insert(index);
        self.max_memo_index = self.max_memo_index.max(Some(index));
        if index >= self.memo.len() as u64 && index <= self.memo_size.saturating_mul(DENSE).saturating_add(256) {
            self.memo.resize(index as usize + 1, Slot::Absent);
        }
        let entry = match usize::try_from(index).ok().and_then(|index| self.memo.get_mut(index)) {
            // What had to go far off before the table grew stays there.
            Some(entry) if !self.far.contains_key(&index) => entry,
            _ => self.far.entry(index).or_insert(Slot::Absent),
        };
        self.memo_size += u64::from(*entry == Slot::Absent);
        *entry = slot;
    }

    /// An entry beyond those that are all held.
    pub(super) fn put_late(&mut self, index: u64) {
        let slot = self.stack.last().copied().unwrap_or(Slot::Absent);
        if let Slot::Global(_) | Slot::Dtype(_) = slot {
            self.far.insert(index, slot);
        }
        let text = self.text_of(slot).unwrap_or_default().into();
        if self.young.len() == YOUNG {
            self.young.pop_front();
        }
        self.young.push_back(Young { slot, text });
        if self.late.is_empty() {
            self.late = index..index;
        }
        self.late.end = index + 1;
        self.memo_size += 1;
        self.max_memo_index = self.max_memo_index.max(Some(index));
    }

    /// What is left of an entry beyond those that are all held.
    pub(super) fn fetch_late(&mut self, index: u64) -> Result<Slot, ErrorKind> {
        if !self.late.contains(&index) {
            return Err(ErrorKind::MemoMissing);
        }
        let age = usize::try_from(self.late.end - index).unwrap_or(usize::MAX);
        let young = self.young.len().checked_sub(age).and_then(|place| self.young.get(place));
        match young {
            Some(Young { slot: Slot::Text { python2, .. }, text }) => {
                Ok(append_text(&mut self.text, text, false, *python2))
            }
            Some(young) => Ok(young.slot),
            None => Ok(FORGOTTEN),
        }
    }

    /// Strs that have named a class may do so again.
    pub(super) fn keep_names(&mut self, module: &[u8], name: &[u8]) {
        for (age, young) in self.young.iter().rev().take(4).enumerate() {
            if let Slot::Text { python2, .. } = young.slot
                && (*young.text == *module || *young.text == *name)
            {
                let index = self.late.end - 1 - age as u64;
                let text = &mut self.kept;
                self.far.entry(index).or_insert_with(|| append_text(text, &young.text, true, python2));
            }
        }
    }

    pub(super) fn fetch(&mut self, index: u64) -> Result<Slot, ErrorKind> {
        let near = usize::try_from(index).ok().and_then(|index| self.memo.get(index)).copied();
        let slot = match near {
            None | Some(Slot::Absent) => match self.far.get(&index) {
                Some(slot) => *slot,
                None => self.fetch_late(index)?,
            },
            Some(slot) => slot,
        };
        if let Slot::Global(number) = slot {
            self.globals.count(number);
        }
        Ok(slot)
    }
}
