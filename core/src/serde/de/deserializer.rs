//! What a type asks for, as serde's `Deserializer`.

use super::super::error::{Result, SerdeError};
use super::super::view::Want;
use super::super::wrappers::{GLOBAL, OBJECT, PERSISTENT};
use super::tagged::Tagged;
use super::{Reader, int_text};
use crate::machine::node::tag;
use crate::view::Scalar;
use ::serde::de::Visitor;

macro_rules! ints {
    ($($method:ident)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                match self.node.tag() {
                    tag::INT => self.visit_int(visitor),
                    _ => self.any(visitor, Want::Scalar),
                }
            }
        )*
    };
}

impl<'de> ::serde::Deserializer<'de> for Reader<'_, 'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.any(visitor, Want::Any)
    }

    ints! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.any(visitor, Want::Scalar)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_f64(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.tag() {
            tag::FLOAT => visitor.visit_f64(f64::from_bits(self.node.data())),
            tag::BIG_INT | tag::INT_TEXT => match self.value().as_i128() {
                // As `float(int)` does: rounded.
                Some(value) => visitor.visit_f64(value as f64),
                None => self.visit_big(visitor),
            },
            _ => self.any(visitor, Want::Scalar),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.tag() {
            tag::STR | tag::STR8 => self.visit_text(visitor),
            _ => self.any(visitor, Want::Str),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.tag() {
            tag::STR_SURROGATES | tag::STR8 => self.visit_span(visitor),
            _ => self.any(visitor, Want::Bytes),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let missing = match self.node.tag() {
            tag::NONE => true,
            // What pandas writes for none.
            tag::OBJECT | tag::GLOBAL | tag::STACK_GLOBAL => {
                matches!(Scalar::of(self.value()), Some(Scalar::Missing))
            }
            _ => false,
        };
        if missing { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.tag() {
            tag::NONE | tag::EMPTY_TUPLE => visitor.visit_unit(),
            _ => self.any(visitor, Want::Scalar),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        match name {
            OBJECT => visitor.visit_newtype_struct(Tagged { reader: self, object: true }),
            GLOBAL => visitor.visit_newtype_struct(Tagged { reader: self, object: false }),
            PERSISTENT => visitor.visit_newtype_struct(self.persistent_id()?),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value().items() {
            Some(items) => self.visit_items(items, visitor),
            None => self.any(visitor, Want::Seq),
        }
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        match self.value().items() {
            Some(items) => self.visit_items(items, visitor),
            None => self.any(visitor, Want::Tuple(len)),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, len: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value().entries() {
            Some(entries) => self.visit_pairs(entries, visitor),
            None => self.any(visitor, Want::Map),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.value().entries() {
            Some(entries) => self.visit_pairs(entries, visitor),
            // What the standard library's span of time is made of.
            None if fields == ["secs", "nanos"] => self.any(visitor, Want::Tuple(2)),
            None => self.any(visitor, Want::Struct),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.variant(visitor)
    }

    /// An int is the text of it: serde would take it for an index.
    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.tag() {
            tag::INT | tag::BIG_INT | tag::INT_TEXT => match int_text(self.value()) {
                Some(text) => visitor.visit_str(&text),
                None => self.visit_big(visitor),
            },
            _ => self.deserialize_str(visitor),
        }
    }

    /// Nothing is walked: a value that is not wanted may contain itself.
    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}
