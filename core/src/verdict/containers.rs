//! Tuples, lists, dicts and sets: what they hold, how far they unfold, what is hashed.

use super::machine::{Broken, EXPANSION, Machine};
use super::report::Observer;
use super::rings::PARTS;
use super::value::{Kind, Slot, capped, flag, pack};

impl Machine<'_> {
    /// The flags and the size of a container of these values.
    #[inline]
    pub fn gather(&self, range: (usize, usize)) -> (u8, f32) {
        let values = self.values(range);
        let (mut flags, mut inner, mut size) = (0, 0usize, 1.0f32);
        for slot in values {
            let kind = slot.kind as u8;
            flags |= slot.flags;
            if kind.wrapping_sub(Kind::Tuple as u8) <= Kind::FrozenSet as u8 - Kind::Tuple as u8 {
                let slot = self.live(*slot);
                flags |= slot.flags;
                size += slot.size();
                inner += 1;
            } else if kind > Kind::Instance as u8 {
                flags |= slot.taint();
            }
        }
        // All others are one value each.
        let size = size + (values.len() - inner) as f32;
        (flags & flag::TAINT, capped(size))
    }

    #[inline]
    pub fn tuple(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let items = self.stack.get(range.0..range.1).unwrap_or_default();
        let (mut flags, mut scalars, mut size) = (0, 0u32, 1.0f32);
        for item in items {
            if item.unhashable() {
                flags |= flag::UNHASHABLE;
            }
            match item.kind {
                Kind::Tuple | Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet => {
                    let item = self.live(*item);
                    flags |= item.taint();
                    size += item.size();
                }
                _ => {
                    flags |= item.taint();
                    scalars += 1;
                }
            }
        }
        let size = capped(size + scalars as f32);
        let at = self.parts.put(items);
        self.push(Slot { kind: Kind::Tuple, flags, aux: pack(size), at }, out)
    }

    /// The container below the values, which were just popped.
    pub fn target(&mut self) -> Result<Slot, Broken> {
        let slot = *self.peek()?;
        Ok(self.live(slot))
    }

    pub fn replace_top(&mut self, slot: Slot) {
        if let Ok(top) = self.peek() {
            *top = slot;
        }
    }

    pub fn append(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let mut target = self.target()?;
        match target.kind {
            Kind::List => {
                let (flags, size) = self.gather(range);
                let before = target.size();
                target.flags |= flags;
                target.aux = pack(capped(before + size - 1.0));
                if before < EXPANSION && before + size >= EXPANSION && size > 2.0 * (range.1 - range.0 + 1) as f32 {
                    self.excess("lists of lists that unfold to millions of values", out);
                }
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            kind if range.0 == range.1 && (kind as u8) < Kind::Any as u8 => {
                self.differs("no items for what takes none", out);
                Ok(())
            }
            Kind::ByteArray => Ok(()),
            Kind::Any if !target.has(flag::ARMED) => Ok(()),
            kind if (kind as u8) < Kind::Any as u8 => Err(Broken("this value has no append")),
            _ => self.items_onto(target, range, out),
        }
    }

    pub fn set_items(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        if (range.1 - range.0) % 2 == 1 {
            return Err(Broken("an odd number of items for SETITEMS"));
        }
        let mut target = self.target()?;
        match target.kind {
            Kind::Dict => {
                self.fill_dict(&mut target, range, out)?;
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            kind if range.0 == range.1 && (kind as u8) < Kind::Any as u8 => {
                // C and Python both do nothing.
                Ok(())
            }
            Kind::List => {
                let (flags, _) = self.gather(range);
                target.flags |= flags;
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            Kind::ByteArray | Kind::Buffer => Ok(()),
            Kind::Any if !target.has(flag::ARMED) => Ok(()),
            kind if (kind as u8) < Kind::Any as u8 => Err(Broken("this value has no item assignment")),
            _ => {
                self.hash_keys(range, out)?;
                self.items_onto(target, range, out)
            }
        }
    }

    pub fn add_items(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let mut target = self.target()?;
        match target.kind {
            Kind::Set => {
                self.hash_all(range, out)?;
                let (flags, size) = self.gather(range);
                target.flags |= flags;
                target.aux = pack(capped(target.size() + size - 1.0));
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            kind if range.0 == range.1 && (kind as u8) < Kind::Any as u8 => {
                self.differs("no items for what takes none", out);
                Ok(())
            }
            Kind::Any if !target.has(flag::ARMED) => Ok(()),
            kind if (kind as u8) < Kind::Any as u8 => Err(Broken("this value has no add")),
            _ => self.items_onto(target, range, out),
        }
    }

    pub fn fill_dict(&mut self, dict: &mut Slot, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let mut keys = 0;
        for key in self.values(range).iter().step_by(2) {
            keys |= if key.is_text() { key.flags & flag::DUNDER } else { flag::NONSTR };
        }
        if keys & flag::NONSTR != 0 {
            self.hash_keys(range, out)?;
        }
        let (flags, size) = self.gather(range);
        let flags = flags | keys;
        dict.flags |= flags;
        dict.aux = pack(capped(dict.size() + size - 1.0));
        if self.wrapper.seen {
            self.note_wrapper(range);
        }
        Ok(())
    }

    pub fn hash_keys(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let mut at = range.0;
        while at < range.1 {
            let key = self.stack.get(at).copied().unwrap_or_default();
            if !key.is_text() {
                self.hash(key, out)?;
            }
            at += 2;
        }
        Ok(())
    }

    pub fn hash_all(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        for at in range.0..range.1 {
            let key = self.stack.get(at).copied().unwrap_or_default();
            if !key.is_text() {
                self.hash(key, out)?;
            }
        }
        Ok(())
    }

    pub fn hash(&mut self, key: Slot, out: &mut dyn Observer) -> Result<(), Broken> {
        if key.unhashable() {
            return Err(Broken("a key that cannot be hashed"));
        }
        if matches!(key.kind, Kind::Tuple | Kind::FrozenSet) && key.size() >= EXPANSION {
            self.excess("a key that unfolds to millions of values", out);
        }
        if (key.kind as u8) > Kind::Any as u8 {
            self.hash_object(key, out);
        }
        if key.kind == Kind::Tuple {
            for part in self.parts.get(key.at).iter().filter(|part| (part.kind as u8) > Kind::Any as u8) {
                self.hash_object(part, out);
            }
        }
        Ok(())
    }

    /// What is in the state of a joblib wrapper.
    pub fn note_wrapper(&mut self, range: (usize, usize)) {
        let mut at = range.0;
        while at + 1 < range.1 {
            let key = self.stack.get(at).copied().unwrap_or_default();
            let value = self.stack.get(at + 1).copied().unwrap_or_default();
            at += 2;
            let Some(text) = self.ring.get(key.at, key.aux).filter(|_| key.is_text() && !key.has(flag::LONG)) else {
                continue;
            };
            match text {
                b"shape" if value.kind == Kind::Tuple => {
                    let shape = self.parts.get(value.at);
                    let mut count = Some(1u64);
                    for dimension in shape.iter() {
                        let n = dimension.as_int().and_then(|n| u64::try_from(n).ok());
                        count = count.and_then(|count| count.checked_mul(n?));
                    }
                    self.wrapper.shape = count.filter(|_| !shape.lost && shape.count <= PARTS);
                }
                b"dtype" if value.kind == Kind::Instance && value.aux != 0 => {
                    self.wrapper.dtype = self.dtypes.get(usize::from(value.aux) % 64).copied();
                }
                b"numpy_array_alignment_bytes" => self.wrapper.padded = value.kind != Kind::None,
                _ => {}
            }
        }
    }
}
