//! Globals and objects for the wrapper types.

use super::super::error::{Error, Result};
use super::super::view;
use super::{Reader, Span};
use crate::Value;
use ::serde::de::value::{BorrowedStrDeserializer, StrDeserializer, U8Deserializer};
use ::serde::de::{self, DeserializeSeed, Visitor};
use ::serde::forward_to_deserialize_any;

/// What [`Object`](super::Object) and [`Global`](super::Global) ask for: names beside the value.
pub(super) struct Tagged<'f, 'de> {
    pub(super) reader: Reader<'f, 'de>,
    pub(super) object: bool,
}

impl<'de> ::serde::Deserializer<'de> for Tagged<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let Tagged { reader, object } = self;
        let value = reader.value();
        let class = match value.as_object() {
            Some(made) if object => match made.instance() {
                Some(instance) => Some(instance.class),
                None => Some(made.callable()),
            },
            _ if object => None,
            _ => Some(value),
        };
        let class = class.filter(|class| class.as_global().is_some());
        if class.is_none() && !object {
            return Err(Error::value(format_args!("a class or function was expected; this is {:?}", value.kind())));
        }
        let form = value.as_object().map(|object| view::form(&object)).unwrap_or_default();
        let parts = if object { 4 } else { 2 };
        visitor.visit_seq(Names { reader, class, form: form as u8, next: 0, parts })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Module, name, form, value.
struct Names<'f, 'de> {
    reader: Reader<'f, 'de>,
    class: Option<Value<'f>>,
    form: u8,
    next: u8,
    parts: u8,
}

impl<'de> Names<'_, 'de> {
    /// Module or name; empty for what is no object.
    pub(super) fn name<T: DeserializeSeed<'de>>(&self, seed: T, second: bool) -> Result<T::Value> {
        let Some(class) = self.class else { return seed.deserialize(BorrowedStrDeserializer::new("")) };
        if let Some((module, name)) = class.global_parts() {
            let node = if second { name.node } else { module.node };
            return seed.deserialize(Reader { node, ..self.reader });
        }
        let text = match (Reader { node: class.node, ..self.reader }).span() {
            Span::Lent(text) => crate::wire::op::split_lines(text),
            Span::Kept(text) => {
                let (module, name) = crate::wire::op::split_lines(text).unwrap_or_default();
                let text = core::str::from_utf8(if second { name } else { module }).unwrap_or_default();
                return seed.deserialize(StrDeserializer::new(text));
            }
        };
        let (module, name) = text.unwrap_or_default();
        let text = core::str::from_utf8(if second { name } else { module }).unwrap_or_default();
        seed.deserialize(BorrowedStrDeserializer::new(text))
    }
}

impl<'de> de::SeqAccess<'de> for Names<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.next >= self.parts {
            return Ok(None);
        }
        self.next += 1;
        match self.next {
            1 => self.name(seed, false).map(Some),
            2 => self.name(seed, true).map(Some),
            3 => seed.deserialize(U8Deserializer::new(self.form)).map(Some),
            _ => seed.deserialize(self.reader).map(Some),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(usize::from(self.parts - self.next))
    }
}
