//! Items, entries and variants, as serde's access traits.

use super::super::error::{Result, SerdeError, Step};
use super::super::view::PairsOf;
use super::{Context, Frame, Reader, name_of};
use crate::machine::node::Node;
use crate::{Entries, Items};
use ::serde::de::{self, DeserializeSeed, Visitor};

pub(super) struct Seq<'f, 'de> {
    pub(super) cx: &'f Context<'f, 'de>,
    pub(super) items: Items<'f>,
    pub(super) up: &'f Frame<'f>,
    pub(super) depth: usize,
    pub(super) index: i64,
}

impl<'de> de::SeqAccess<'de> for Seq<'_, 'de> {
    type Error = SerdeError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let reader = Reader { cx: self.cx, node: item.node, up: Some(self.up), depth: self.depth };
        self.index += 1;
        match seed.deserialize(reader) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.at_offset(reader.offset()).under(Step::Index(self.index - 1))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

pub(super) struct Map<'f, 'de, P> {
    pub(super) cx: &'f Context<'f, 'de>,
    pub(super) pairs: P,
    pub(super) up: &'f Frame<'f>,
    pub(super) depth: usize,
    pub(super) key: Node,
    pub(super) value: Option<Node>,
}

/// Keys and values as nodes, free of the lifetime of what they came from.
pub(super) trait NodePairs {
    fn next_pair(&mut self) -> Option<(Node, Node)>;
    fn left(&self) -> usize;
}

impl NodePairs for Entries<'_> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn next_pair(&mut self) -> Option<(Node, Node)> {
        self.next().map(|(key, value)| (key.node, value.node))
    }

    fn left(&self) -> usize {
        self.len()
    }
}

impl NodePairs for PairsOf<'_> {
    fn next_pair(&mut self) -> Option<(Node, Node)> {
        self.next().map(|(key, value)| (key.node, value.node))
    }

    fn left(&self) -> usize {
        self.size_hint().0
    }
}

impl<'de, P: NodePairs> de::MapAccess<'de> for Map<'_, 'de, P> {
    type Error = SerdeError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((key, value)) = self.pairs.next_pair() else { return Ok(None) };
        self.key = key;
        self.value = Some(value);
        let reader = Reader { cx: self.cx, node: key, up: Some(self.up), depth: self.depth };
        match seed.deserialize(reader) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(error.at_offset(reader.offset())),
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        let Some(node) = self.value.take() else {
            return Err(SerdeError::value(format_args!("a value without its key")));
        };
        let reader = Reader { cx: self.cx, node, up: Some(self.up), depth: self.depth };
        match seed.deserialize(reader) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.at_offset(reader.offset()).under(name_of(self.key, self.cx.document))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.left())
    }
}

pub(super) struct Enum<'f, 'de> {
    pub(super) name: Reader<'f, 'de>,
    pub(super) content: Option<Reader<'f, 'de>>,
}

impl<'f, 'de> de::EnumAccess<'de> for Enum<'f, 'de> {
    type Error = SerdeError;
    type Variant = Variant<'f, 'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant)> {
        match seed.deserialize(self.name) {
            Ok(name) => Ok((name, Variant(self.content))),
            Err(error) => Err(error.at_offset(self.name.offset())),
        }
    }
}

pub(super) struct Variant<'f, 'de>(Option<Reader<'f, 'de>>);

impl<'f, 'de> Variant<'f, 'de> {
    fn content(self) -> Result<Reader<'f, 'de>> {
        self.0.ok_or_else(|| SerdeError::value(format_args!("the variant holds a value, and only its name is here")))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = SerdeError;

    fn unit_variant(self) -> Result<()> {
        match self.0 {
            Some(content) => <() as ::serde::Deserialize>::deserialize(content),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        ::serde::Deserializer::deserialize_tuple(self.content()?, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value> {
        ::serde::Deserializer::deserialize_struct(self.content()?, "", fields, visitor)
    }
}
