//! Globals and objects for the wrapper types.

use super::super::error::{Result, SerdeError};
use super::super::form::{self, Class, Form};
use super::{Reader, Span};
use crate::literal::compat;
use crate::{GlobalName, Kind, Value};
use ::serde::de::value::{BorrowedStrDeserializer, StrDeserializer, U8Deserializer};
use ::serde::de::{self, DeserializeSeed, Visitor};
use ::serde::forward_to_deserialize_any;

impl<'f, 'de> Reader<'f, 'de> {
    /// The id that an object is named by.
    pub(super) fn persistent_id(&self) -> Result<Self> {
        let value = self.value();
        match value.as_object() {
            Some(object) if value.kind() == Kind::Persistent => self.inner(object.callable()),
            _ => Err(SerdeError::value(format_args!("a persistent id was expected; this is {:?}", value.kind()))),
        }
    }

    /// Module or name of a global.
    fn global_name<T: DeserializeSeed<'de>>(self, class: Value<'f>, seed: T, second: bool) -> Result<T::Value> {
        if self.cx.python2
            && let Some(GlobalName { module, name }) = class.as_global()
            && let Some(moved) = compat::moved_to_python3(module, name)
            && let Some(text) = if second { moved.name } else { Some(moved.module) }
        {
            return seed.deserialize(BorrowedStrDeserializer::new(text));
        }
        if let Some(GlobalName { module, name }) = class.global_parts() {
            let node = if second { name.node } else { module.node };
            return seed.deserialize(Reader { node, ..self });
        }
        let text = match (Reader { node: class.node, ..self }).span() {
            Span::Lent(text) => crate::wire::op::split_lines(text),
            Span::Kept(text) => {
                let GlobalName { module, name } = crate::wire::op::split_lines(text).unwrap_or_default();
                let text = core::str::from_utf8(if second { name } else { module }).unwrap_or_default();
                return seed.deserialize(StrDeserializer::new(text));
            }
        };
        let GlobalName { module, name } = text.unwrap_or_default();
        let text = core::str::from_utf8(if second { name } else { module }).unwrap_or_default();
        seed.deserialize(BorrowedStrDeserializer::new(text))
    }

    fn class_name<T: DeserializeSeed<'de>>(self, class: Class<'f>, seed: T, second: bool) -> Result<T::Value> {
        match class {
            Class::None => seed.deserialize(BorrowedStrDeserializer::new("")),
            Class::Named(module, name) => {
                seed.deserialize(BorrowedStrDeserializer::new(if second { name } else { module }))
            }
            Class::Global(class) => self.global_name(class, seed, second),
        }
    }
}

/// What [`Object`](super::Object) and [`Global`](super::Global) ask for: names beside the value.
pub(super) struct Tagged<'f, 'de> {
    pub(super) reader: Reader<'f, 'de>,
    pub(super) object: bool,
}

impl<'de> ::serde::Deserializer<'de> for Tagged<'_, 'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let Tagged { reader, object } = self;
        let value = reader.value();
        if object {
            return visitor.visit_map(Told { reader, class: Class::of(value), form: form::plain(value), next: 0 });
        }
        match value.as_global() {
            Some(_) => visitor.visit_seq(Names { reader, class: value, next: 0 }),
            None => {
                Err(SerdeError::value(format_args!("a class or function was expected; this is {:?}", value.kind())))
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Module and name.
struct Names<'f, 'de> {
    reader: Reader<'f, 'de>,
    class: Value<'f>,
    next: u8,
}

impl<'de> de::SeqAccess<'de> for Names<'_, 'de> {
    type Error = SerdeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.next >= 2 {
            return Ok(None);
        }
        self.next += 1;
        self.reader.global_name(self.class, seed, self.next == 2).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(usize::from(2 - self.next))
    }
}

/// Module, name, value, form: how the object is made again depends on how its value was read.
struct Told<'f, 'de> {
    reader: Reader<'f, 'de>,
    class: Class<'f>,
    form: Form,
    next: u8,
}

impl<'de> de::MapAccess<'de> for Told<'_, 'de> {
    type Error = SerdeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(key) = ["module", "name", "value", "form"].get(usize::from(self.next)) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        match self.next {
            1 => self.reader.class_name(self.class, seed, false),
            2 => self.reader.class_name(self.class, seed, true),
            3 => {
                let watched = &self.reader.cx.watched;
                let is_object = self.reader.value().as_object().is_some();
                let outer = watched.get();
                if is_object {
                    watched.set((self.reader.node.high(), Form::Part));
                }
                let value = seed.deserialize(self.reader);
                if is_object {
                    self.form = watched.replace(outer).1;
                }
                value
            }
            _ => seed.deserialize(U8Deserializer::new(self.form as u8)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(4 - usize::from(self.next))
    }
}
