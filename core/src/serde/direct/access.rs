//! Items, entries, tuples and variants, as serde's access traits.

use super::super::error::{Result, SerdeError};
use super::{BATCH, Direct, byte};
use crate::{Memory, Opcode};
use ::serde::Deserialize;
use ::serde::de::{self, DeserializeSeed, Visitor};

/// How far a list or dict has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The container is there and empty.
    Start,
    /// After a MARK and so many items.
    Batch(u32),
    /// The one item is there, and the opcode that adds it must follow.
    Single,
    /// Nothing more will come.
    Done,
}

/// The items of a list or dict, in batches or one alone.
pub(super) struct Body<'a, 'm, 'de, M> {
    pub(super) direct: &'a mut Direct<'m, 'de, M>,
    pub(super) state: State,
    pub(super) single: Opcode,
    pub(super) batch: Opcode,
}

impl<M: Memory> Body<'_, '_, '_, M> {
    /// An item follows.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn more(&mut self) -> Result<bool> {
        loop {
            let next = self.direct.peek()?;
            match self.state {
                State::Batch(count) if next == self.batch.byte() => {
                    self.direct.take(self.batch)?;
                    self.state = if count == BATCH { State::Start } else { State::Done };
                }
                State::Batch(count) => {
                    self.state = State::Batch(count.saturating_add(1));
                    return Ok(true);
                }
                State::Start if next == byte::MARK => {
                    self.direct.take(Opcode::Mark)?;
                    self.state = State::Batch(0);
                }
                State::Start if self.direct.is_single(self.single) => {
                    self.state = State::Single;
                    return Ok(true);
                }
                State::Start => self.state = State::Done,
                State::Single => {
                    self.direct.expect(self.single)?;
                    self.state = State::Done;
                }
                State::Done => return Ok(false),
            }
        }
    }

    /// Nothing may be left.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn end(&mut self) -> Result<()> {
        if self.state != State::Done && self.more()? { self.direct.give_up() } else { Ok(()) }
    }
}

pub(super) struct Items<'b, 'a, 'm, 'de, M>(pub(super) &'b mut Body<'a, 'm, 'de, M>);

impl<'de, M: Memory> de::SeqAccess<'de> for Items<'_, '_, '_, 'de, M> {
    type Error = SerdeError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.0.more()? { seed.deserialize(&mut *self.0.direct).map(Some) } else { Ok(None) }
    }
}

pub(super) struct Entries<'b, 'a, 'm, 'de, M> {
    pub(super) body: &'b mut Body<'a, 'm, 'de, M>,
    pub(super) has_key: bool,
}

impl<'de, M: Memory> de::MapAccess<'de> for Entries<'_, '_, '_, 'de, M> {
    type Error = SerdeError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if core::mem::take(&mut self.has_key) {
            return self.body.direct.give_up();
        }
        if !self.body.more()? {
            return Ok(None);
        }
        self.has_key = true;
        let direct = &mut *self.body.direct;
        direct.in_key = true;
        let key = seed.deserialize(&mut *direct)?;
        direct.in_key = false;
        Ok(Some(key))
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        if !core::mem::take(&mut self.has_key) {
            return self.body.direct.give_up();
        }
        seed.deserialize(&mut *self.body.direct)
    }
}

/// The items of a tuple: up to its opcode, or so many.
pub(super) struct Tuple<'a, 'm, 'de, M> {
    pub(super) direct: &'a mut Direct<'m, 'de, M>,
    pub(super) left: Option<usize>,
}

impl<'de, M: Memory> de::SeqAccess<'de> for Tuple<'_, '_, 'de, M> {
    type Error = SerdeError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let more = match &mut self.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => self.direct.peek()? != byte::TUPLE,
        };
        if more { seed.deserialize(&mut *self.direct).map(Some) } else { Ok(None) }
    }
}

pub(super) struct Enum<'a, 'm, 'de, M> {
    pub(super) direct: &'a mut Direct<'m, 'de, M>,
    pub(super) has_content: bool,
}

impl<'de, M: Memory> de::EnumAccess<'de> for Enum<'_, '_, 'de, M> {
    type Error = SerdeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let outer = core::mem::replace(&mut self.direct.in_key, true);
        let name = seed.deserialize(&mut *self.direct)?;
        self.direct.in_key = outer;
        Ok((name, self))
    }
}

impl<'de, M: Memory> de::VariantAccess<'de> for Enum<'_, '_, 'de, M> {
    type Error = SerdeError;

    fn unit_variant(self) -> Result<()> {
        if self.has_content { Deserialize::deserialize(self.direct) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        if self.has_content { seed.deserialize(self.direct) } else { self.direct.give_up() }
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        if !self.has_content {
            return self.direct.give_up();
        }
        ::serde::Deserializer::deserialize_tuple(self.direct, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value> {
        if !self.has_content {
            return self.direct.give_up();
        }
        ::serde::Deserializer::deserialize_struct(self.direct, "", fields, visitor)
    }
}
