//! Made values into types: what is no node is handed down by the frame around it.

use super::super::block::{self, Along, Block, Fields};
use super::super::error::{Result, SerdeError, Step};
use super::super::made::{Few, Made, Range};
use super::super::shown;
use super::super::text::Text;
use super::super::view::Want;
use super::{Expected, Frame, Reader};
use crate::machine::node::{Node, tag};
use crate::view::Octets;
use crate::view::known::{DType, Data};
use crate::view::table::Cell;
use ::serde::de::value::StrDeserializer;
use ::serde::de::{self, DeserializeSeed, Visitor};

/// The node of a value that has none: it stands in the frame.
pub(super) const MADE: Node = Node::atom(tag::MARK);

impl<'f, 'de> Reader<'f, 'de> {
    /// What this is, where it is no node.
    pub(super) fn made(&self) -> Option<&'f Made<'f>> {
        if self.node.tag() == tag::MARK { self.up?.made } else { None }
    }

    /// What was made of this object, or of a part of it.
    pub(super) fn visit_made<V: Visitor<'de>>(self, made: &Made<'_>, visitor: V, want: Want) -> Result<V::Value> {
        match made {
            Made::Node(node) => self.visit_node(*node, visitor, want),
            Made::Text(text) => visitor.visit_str(text.as_str()),
            Made::Cell(cell) => self.visit_cell(cell, visitor, want),
            Made::Bytes(bytes) if want.is_seq() => self.visit_source(Source::Octets(Octets::raw(bytes)), visitor),
            Made::Bytes(bytes) => visitor.visit_bytes(bytes),
            Made::Wide(bits) => match u64::try_from(*bits) {
                Ok(bits) => visitor.visit_u64(bits),
                Err(_) => visitor.visit_u128(*bits),
            },
            Made::Sixteen(bytes) => visitor.visit_bytes(bytes),
            Made::Few(few) => self.visit_source(Source::Few(*few), visitor),
            Made::Range(range) => self.visit_source(Source::Range(*range), visitor),
            Made::Array(array) => match array.data {
                Data::Bytes(octets) => self.with_bytes(octets, |bytes| {
                    self.visit_made(&Made::Block(Block::of_bytes(array, bytes)), visitor, want)
                }),
                Data::Objects(list) => match list.items() {
                    Some(items) => {
                        let cursor = block::cursor(&items);
                        self.visit_made(&Made::Block(Block::of_objects(array, list, &cursor)), visitor, want)
                    }
                    None => Err(SerdeError::value(format_args!("the array has no items"))),
                },
                Data::Missing(_) => Err(missing()),
            },
            Made::Scalar(dtype, octets) => {
                self.with_bytes(*octets, |bytes| self.visit_made(&Made::item(dtype, bytes), visitor, want))
            }
            Made::Block(block) => match (block.len(), block.octets()) {
                (Some(_), Some(bytes)) if want == Want::Bytes => visitor.visit_bytes(bytes),
                (Some(len), _) => self.visit_source(Source::Block(*block, block.stride(), len), visitor),
                // No axis: one item.
                (None, _) => match along(block.only(), &block.dtype)? {
                    Made::Block(_) => Err(SerdeError::value(format_args!("the array has no axes"))),
                    item => self.deeper()?.visit_made(&item, visitor, want),
                },
            },
            Made::Record(record) => match want {
                Want::Seq | Want::Tuple(_) => self.visit_source(Source::Fields(Fields::of(*record)), visitor),
                _ => self.visit_fields(Fields::of(*record), visitor),
            },
        }
    }

    /// An item of an array that is no number of 64 bits.
    fn visit_cell<V: Visitor<'de>>(self, cell: &Cell<'_>, visitor: V, want: Want) -> Result<V::Value> {
        match cell {
            Cell::DateTime(ticks, _) if want == Want::Scalar => self.visit_node(Node::int(*ticks), visitor, want),
            Cell::Uint(int) => visitor.visit_u64(*int),
            Cell::Complex(re, im, _) if want == Want::Str => visitor.visit_str(shown::complex(*re, *im)?.as_str()),
            Cell::Complex(re, im, _) => self.visit_source(Source::Few(Few::floats(*re, *im)), visitor),
            Cell::Bytes(piece) | Cell::Raw(piece) => {
                self.visit_made(&Made::Bytes(piece.as_slice().unwrap_or_default()), visitor, want)
            }
            _ => visitor.visit_str(cell_text(cell)?.as_str()),
        }
    }

    /// A scalar, or a value of the pickle.
    fn visit_node<V: Visitor<'de>>(self, node: Node, visitor: V, want: Want) -> Result<V::Value> {
        Reader { node, ..self.deeper()? }.dispatch(visitor, want)
    }

    /// The bytes in one piece.
    fn with_bytes<T>(&self, octets: Octets<'_>, read: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        match octets.as_slice().or_else(|| octets.as_ascii().map(str::as_bytes)) {
            Some(bytes) => read(bytes),
            #[cfg(feature = "alloc")]
            None => read(&octets.collect::<alloc::vec::Vec<u8>>()),
            #[cfg(not(feature = "alloc"))]
            None => Err(not_ascii()),
        }
    }

    /// Bytes however they are spelled, to a type that takes bytes or ints.
    pub(super) fn visit_octets<V: Visitor<'de>>(self, octets: Octets<'_>, visitor: V, want: Want) -> Result<V::Value> {
        if want.is_seq() {
            return self.visit_source(Source::Octets(octets), visitor);
        }
        match octets.as_slice().or_else(|| octets.as_ascii().map(str::as_bytes)) {
            Some(bytes) => visitor.visit_bytes(bytes),
            #[cfg(feature = "alloc")]
            None => visitor.visit_byte_buf(octets.collect()),
            #[cfg(not(feature = "alloc"))]
            None => Err(not_ascii()),
        }
    }

    /// A sequence of made values.
    fn visit_source<V: Visitor<'de>>(self, source: Source<'_>, visitor: V) -> Result<V::Value> {
        let len = source.len();
        self.enter(len)?;
        let mut seq = MadeSeq { source, reader: Reader { depth: self.depth + 1, ..self }, index: 0, len };
        let value = visitor.visit_seq(&mut seq)?;
        match len - seq.index {
            0 => Ok(value),
            _ => Err(de::Error::invalid_length(len, &Expected(seq.index))),
        }
    }

    /// The fields of a structured item, by name.
    fn visit_fields<V: Visitor<'de>>(self, fields: Fields<'_>, visitor: V) -> Result<V::Value> {
        let len = fields.len();
        self.enter(len.saturating_mul(2))?;
        let reader = Reader { depth: self.depth + 1, ..self };
        let mut map = MadeMap { seq: MadeSeq { source: Source::Fields(fields), reader, index: 0, len }, value: None };
        let value = visitor.visit_map(&mut map)?;
        match len - map.seq.index {
            0 => Ok(value),
            _ => Err(de::Error::invalid_length(len, &Expected(map.seq.index))),
        }
    }
}

#[cold]
pub(super) fn missing() -> SerdeError {
    SerdeError::value(format_args!("the pickle wants an out-of-band buffer that was not given"))
}

#[cfg(not(feature = "alloc"))]
#[cold]
fn not_ascii() -> SerdeError {
    SerdeError::value(format_args!("bytes of protocols 0 to 2 that are not ASCII need the feature alloc"))
}

/// The text that a made value is.
pub(super) fn made_text(made: &Made<'_>) -> Result<Text> {
    match made {
        Made::Cell(cell) => cell_text(cell),
        _ => Err(no_enum()),
    }
}

fn cell_text(cell: &Cell<'_>) -> Result<Text> {
    match cell {
        Cell::DateTime(ticks, unit) => shown::moment(*ticks, *unit),
        Cell::Chars(piece, big_endian) => shown::chars(piece, *big_endian),
        _ => Err(no_enum()),
    }
}

#[cold]
fn no_enum() -> SerdeError {
    SerdeError::value(format_args!("an enum is a str, or a dict of one item"))
}

/// What a block has at a place.
fn along<'c>(found: Option<Along<'c>>, dtype: &DType<'c>) -> Result<Made<'c>> {
    match found {
        Some(Along::Item(bytes)) => Ok(Made::item(dtype, bytes)),
        Some(Along::Object(node)) => Ok(Made::Node(node)),
        Some(Along::Block(block)) => Ok(Made::Block(block)),
        None => Err(SerdeError::value(format_args!("the array has fewer items than its shape says"))),
    }
}

/// Where made values come from.
enum Source<'c> {
    Few(Few),
    Range(Range),
    Octets(Octets<'c>),
    /// A block, the items from one to the next, and how many there are.
    Block(Block<'c>, u64, usize),
    Fields(Fields<'c>),
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Source::Few(few) => few.len(),
            Source::Range(range) => range.len(),
            Source::Octets(octets) => octets.len(),
            Source::Block(_, _, len) => *len,
            Source::Fields(fields) => fields.len(),
        }
    }
}

/// Made values, one after the other.
struct MadeSeq<'c, 'f, 'de> {
    source: Source<'c>,
    reader: Reader<'f, 'de>,
    index: usize,
    len: usize,
}

impl<'c> MadeSeq<'c, '_, '_> {
    /// The next one, and its name where it is a field.
    #[inline(never)]
    fn next(&mut self) -> Result<Option<(Made<'c>, &'c str)>> {
        if self.index >= self.len {
            return Ok(None);
        }
        let index = self.index;
        self.index += 1;
        let node = match &mut self.source {
            Source::Few(few) => few.next(),
            Source::Range(range) => range.next(),
            Source::Octets(octets) => octets.next().map(|byte| Node::int(i64::from(byte))),
            Source::Block(block, stride, _) => {
                return along(block.at(index, *stride), &block.dtype).map(|made| Some((made, "")));
            }
            Source::Fields(fields) => {
                let field = match fields.next(index) {
                    Some(field) => Some(field),
                    None => {
                        // It is looked for among all of them.
                        self.reader.enter(self.len)?;
                        fields.find(index)
                    }
                };
                let found = field.and_then(|field| Some((Made::item(&field.dtype, fields.bytes(&field)?), field.name)));
                return match found {
                    Some(found) => Ok(Some(found)),
                    None => Err(SerdeError::value(format_args!("a field does not lie inside its item"))),
                };
            }
        };
        Ok(node.map(|node| (Made::Node(node), "")))
    }

    /// Reads a made value one level below the reader.
    fn read<'de, T: DeserializeSeed<'de>>(reader: Reader<'_, 'de>, made: &Made<'c>, seed: T) -> Result<T::Value> {
        if let Made::Node(node) = made {
            return seed.deserialize(Reader { node: *node, ..reader });
        }
        let frame = Frame { id: u32::MAX, up: reader.up, made: Some(made) };
        seed.deserialize(Reader { cx: reader.cx, node: MADE, up: Some(&frame), depth: reader.depth })
    }
}

impl<'de> de::SeqAccess<'de> for MadeSeq<'_, '_, 'de> {
    type Error = SerdeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let at = self.index as i64;
        let Some((made, _)) = self.next()? else { return Ok(None) };
        match Self::read(self.reader, &made, seed) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.under(Step::Index(at))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len - self.index)
    }
}

/// The fields of a structured item.
struct MadeMap<'c, 'f, 'de> {
    seq: MadeSeq<'c, 'f, 'de>,
    value: Option<(Made<'c>, &'c str)>,
}

impl<'de> de::MapAccess<'de> for MadeMap<'_, '_, 'de> {
    type Error = SerdeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.value = self.seq.next()?;
        match &self.value {
            Some((_, name)) => seed.deserialize(StrDeserializer::<SerdeError>::new(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        let Some((made, name)) = self.value.take() else {
            return Err(SerdeError::value(format_args!("a value without its key")));
        };
        match MadeSeq::read(self.seq.reader, &made, seed) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.under(Step::Name(name.as_bytes()))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.seq.len - self.seq.index)
    }
}
