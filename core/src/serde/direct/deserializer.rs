//! What a type asks for, as serde's `Deserializer`.

use super::super::error::{Result, SerdeError};
use super::super::wrappers::{GLOBAL, OBJECT, PERSISTENT};
use super::{Direct, byte};
use crate::{Memory, Opcode};
use ::serde::de::{self, DeserializeSeed, Visitor};

macro_rules! scalars {
    ($($method:ident)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                self.scalar(visitor)
            }
        )*
    };
}

impl<'de, M: Memory> ::serde::Deserializer<'de> for &mut Direct<'_, 'de, M> {
    type Error = SerdeError;

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
    }

    /// Only what is text: serde would take an int for an index.
    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.peek()? {
            byte::BIN_INT1 | byte::BIN_INT2 | byte::BIN_INT | byte::LONG1 | byte::LONG4 => self.give_up(),
            _ => self.scalar(visitor),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.any(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.peek()? == byte::NONE {
            self.take(Opcode::None)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.peek()? == byte::EMPTY_TUPLE {
            self.take(Opcode::EmptyTuple)?;
            return visitor.visit_unit();
        }
        self.scalar(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        match name {
            OBJECT | GLOBAL | PERSISTENT => self.give_up(),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.peek()? {
            byte::EMPTY_LIST => self.list(visitor),
            byte::MARK => self.marked_tuple(visitor),
            byte::EMPTY_TUPLE => self.empty_tuple(visitor),
            _ => self.give_up(),
        }
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        match self.peek()? {
            byte::EMPTY_LIST => self.list(visitor),
            byte::MARK => self.marked_tuple(visitor),
            byte::EMPTY_TUPLE => self.empty_tuple(visitor),
            _ => self.bare_tuple(len, visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, len: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.peek()? == byte::EMPTY_DICT { self.dict(visitor) } else { self.give_up() }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.variant(visitor)
    }

    /// Every value is seen whole, wanted or not: damage in it is found as in the document.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = ();
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("any value")
            }
            fn visit_bool<E>(self, _: bool) -> Result<(), E> {
                Ok(())
            }
            fn visit_i64<E>(self, _: i64) -> Result<(), E> {
                Ok(())
            }
            fn visit_u64<E>(self, _: u64) -> Result<(), E> {
                Ok(())
            }
            fn visit_f64<E>(self, _: f64) -> Result<(), E> {
                Ok(())
            }
            fn visit_str<E>(self, _: &str) -> Result<(), E> {
                Ok(())
            }
            fn visit_bytes<E>(self, _: &[u8]) -> Result<(), E> {
                Ok(())
            }
            fn visit_unit<E>(self) -> Result<(), E> {
                Ok(())
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
                while seq.next_element_seed(Walk)?.is_some() {}
                Ok(())
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while map.next_key_seed(Walk)?.is_some() {
                    map.next_value_seed(Walk)?;
                }
                Ok(())
            }
        }
        impl<'de> DeserializeSeed<'de> for Walk {
            type Value = ();
            fn deserialize<D: ::serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(Walk)
            }
        }
        self.any(Walk)?;
        visitor.visit_unit()
    }
}
