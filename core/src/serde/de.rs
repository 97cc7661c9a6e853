//! Documents into types: `Value` is a serde deserializer.

use super::error::{Error, Reason, Result, Step};
use super::text::Text;
use super::view::{self, PairsOf, View, Want};
use super::wrappers::{GLOBAL, OBJECT};
use crate::machine::node::{Node, tag};
use crate::{BigInt, Document, Entries, Items, Known, Value};
use ::serde::de::value::{BorrowedStrDeserializer, StrDeserializer, U8Deserializer};
use ::serde::de::{self, DeserializeSeed, Visitor};
use ::serde::forward_to_deserialize_any;
use core::cell::Cell;
use core::fmt::Write;

/// What all readers of one document share.
pub(crate) struct Context<'f, 'de> {
    pub document: &'f Document<'f>,
    /// Bytes that outlive the document, so that types may borrow from them.
    pub lent: Lent<'de>,
    pub max_depth: usize,
    /// Values that may still be visited.
    pub budget: Cell<u64>,
}

/// The parts of a document's bytes that may be lent to the types that are read.
#[derive(Clone, Copy)]
pub(crate) struct Lent<'de> {
    pub input: &'de [u8],
    pub stored: Option<&'de [u8]>,
}

/// Bytes that outlive the reading, or do not.
#[derive(Clone, Copy)]
enum Span<'f, 'de> {
    Lent(&'de [u8]),
    Kept(&'f [u8]),
}

/// The containers around a value.
struct Frame<'f> {
    id: u32,
    up: Option<&'f Frame<'f>>,
}

/// A value that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'f, 'de> {
    cx: &'f Context<'f, 'de>,
    node: Node,
    up: Option<&'f Frame<'f>>,
    depth: usize,
}

impl<'f, 'de> Reader<'f, 'de> {
    pub fn root(cx: &'f Context<'f, 'de>, node: Node) -> Self {
        Reader { cx, node, up: None, depth: 0 }
    }

    fn value(&self) -> Value<'f> {
        Value::new(self.cx.document, self.node)
    }

    /// One level down, and `items` values more.
    #[inline(always)]
    fn enter(&self, items: usize) -> Result<()> {
        if self.depth >= self.cx.max_depth {
            return Err(self.too_deep());
        }
        match self.cx.budget.get().checked_sub(items as u64 + 1) {
            Some(left) => {
                self.cx.budget.set(left);
                Ok(())
            }
            None => Err(Error::new(
                Reason::Values,
                format_args!("shared values would be read more often than the limit allows (max_values)"),
            )),
        }
    }

    /// A value inside itself is the common cause: then the path ends where it comes back.
    #[cold]
    #[inline(never)]
    fn too_deep(&self) -> Error {
        let ids = |mut frame: Option<&'f Frame<'f>>| {
            core::iter::from_fn(move || {
                let here = frame?;
                frame = here.up;
                Some(here.id)
            })
        };
        // Depth at which a container first stands inside itself.
        let mut repeat = None;
        for (above, id) in ids(self.up).enumerate() {
            let depth = self.depth.saturating_sub(above + 1);
            if ids(self.up).skip(above + 1).any(|outer| outer == id) {
                repeat = Some(depth);
            }
        }
        match repeat {
            Some(depth) => Error::new(
                Reason::Cyclic,
                format_args!("the value contains itself; a Rust value cannot, read it as a Document"),
            )
            .skipping(self.depth - depth),
            None => Error::new(
                Reason::Depth,
                format_args!("values are nested deeper than {} levels (max_depth)", self.cx.max_depth),
            ),
        }
    }

    fn frame(&self) -> Frame<'f> {
        Frame { id: if self.node.is_reference() { self.node.high() } else { u32::MAX }, up: self.up }
    }

    #[inline(always)]
    fn span(&self) -> Span<'f, 'de> {
        let range = self.node.as_range();
        let whole = if range.stored { self.cx.lent.stored } else { Some(self.cx.lent.input) };
        match whole {
            Some(whole) => {
                let from = usize::try_from(range.offset).unwrap_or(usize::MAX);
                let len = usize::try_from(range.len).unwrap_or(usize::MAX);
                Span::Lent(whole.get(from..from.saturating_add(len)).unwrap_or_default())
            }
            None => Span::Kept(self.cx.document.range(self.node)),
        }
    }

    /// Where strings begin in the input, their bytes of header left out.
    fn offset(&self) -> Option<u64> {
        match self.node.tag() {
            tag::STR | tag::STR_SURROGATES | tag::BYTES | tag::STR8 | tag::GLOBAL | tag::BIG_INT | tag::INT_TEXT => {
                let range = self.node.as_range();
                if range.stored { None } else { Some(range.offset) }
            }
            _ => None,
        }
    }

    #[inline(always)]
    fn visit_text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.span() {
            Span::Lent(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => Err(self.not_text()),
            },
            Span::Kept(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_str(text),
                Err(_) => Err(self.not_text()),
            },
        }
    }

    #[cold]
    fn not_text(&self) -> Error {
        let error = match self.node.tag() {
            tag::STR_SURROGATES => {
                Error::value(format_args!("the str has lone surrogates, which a Rust str cannot; ask for bytes"))
            }
            _ => Error::value(format_args!("the Python 2 str is not UTF-8; ask for bytes, or give its encoding")),
        };
        error.at_offset(self.offset())
    }

    fn visit_span<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.span() {
            Span::Lent(bytes) => visitor.visit_borrowed_bytes(bytes),
            Span::Kept(bytes) => visitor.visit_bytes(bytes),
        }
    }

    /// A Python 2 str: text if it is UTF-8.
    fn visit_str8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match core::str::from_utf8(self.cx.document.range(self.node)) {
            Ok(_) => self.visit_text(visitor),
            Err(_) => self.visit_span(visitor),
        }
    }

    #[inline(always)]
    fn visit_int<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = self.node.data() as i64;
        match u64::try_from(value) {
            Ok(value) => visitor.visit_u64(value),
            Err(_) => visitor.visit_i64(value),
        }
    }

    #[inline(never)]
    fn visit_big<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let big = self.value().as_big_int();
        if let Some(value) = big.and_then(|big| big.to_i128()) {
            return match (u64::try_from(value), i64::try_from(value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => visitor.visit_i128(value),
            };
        }
        match big.and_then(to_u128) {
            Some(value) => visitor.visit_u128(value),
            None => Err(Error::value(format_args!("the int does not fit 128 bits")).at_offset(self.offset())),
        }
    }

    fn visit_items<V: Visitor<'de>>(self, items: Items<'f>, visitor: V) -> Result<V::Value> {
        let len = items.len();
        self.enter(len)?;
        let frame = self.frame();
        let mut seq = Seq { cx: self.cx, items, up: &frame, depth: self.depth + 1, index: 0 };
        let value = visitor.visit_seq(&mut seq)?;
        match seq.items.len() {
            0 => Ok(value),
            left => Err(de::Error::invalid_length(len, &Expected(len - left))),
        }
    }

    #[inline(always)]
    fn visit_pairs<V: Visitor<'de>, P: NodePairs>(self, pairs: P, visitor: V) -> Result<V::Value> {
        let len = pairs.left();
        self.enter(len.saturating_mul(2))?;
        let frame = self.frame();
        let mut map = Map { cx: self.cx, pairs, up: &frame, depth: self.depth + 1, key: Node::EMPTY, value: None };
        let value = visitor.visit_map(&mut map)?;
        match map.pairs.left() {
            0 => Ok(value),
            left => Err(de::Error::invalid_length(len, &Expected(len - left))),
        }
    }

    /// Module and name as one text.
    fn visit_global<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let Some((module, name)) = self.value().as_global() else {
            return Err(Error::value(format_args!("the name of the class has lone surrogates")));
        };
        let mut text = Text::default();
        match write!(text, "{module}.{name}") {
            Ok(()) => visitor.visit_str(text.as_str()),
            Err(_) => Err(Error::value(format_args!("the name of the class is too long without the feature alloc"))),
        }
    }

    fn visit_inner<V: Visitor<'de>>(self, visitor: V, want: Want) -> Result<V::Value> {
        let value = self.value();
        match self.node.tag() {
            tag::GLOBAL | tag::STACK_GLOBAL => return self.visit_global(visitor),
            tag::EXTENSION => return visitor.visit_u64(self.node.data()),
            _ => {}
        }
        if let Some(object) = value.as_object() {
            return match view::view(value, &object, want)? {
                View::Items(items) => self.visit_items(items, visitor),
                View::Map(pairs) => self.visit_pairs(pairs, visitor),
                View::Value(inner) => self.inner(inner)?.dispatch(visitor, want),
                View::Octets(octets) => visit_octets(octets, visitor),
                View::Text(text) => visitor.visit_str(text),
                View::Known(known) => visit_known(known, visitor),
                View::Uuid(number) if want == Want::Bytes => visitor.visit_bytes(&number.to_be_bytes()),
                View::Uuid(number) => visit_uuid(number, visitor),
            };
        }
        if let Some(inner) = value.inner() {
            return self.inner(inner)?.dispatch(visitor, want);
        }
        match value.as_bytes() {
            Some(_) if self.node.tag() == tag::BYTE_ARRAY => {
                let node = self.cx.document.node(self.node.high() as usize + 1);
                Reader { node, ..self }.visit_span(visitor)
            }
            Some(bytes) => visitor.visit_bytes(bytes),
            None => Err(Error::value(format_args!("the pickle wants an out-of-band buffer that was not given"))),
        }
    }

    /// What stands for this value, one level down.
    fn inner(&self, value: Value<'f>) -> Result<Self> {
        self.enter(1)?;
        // No frame lives here that could name this object: the depth alone bounds what refers to itself.
        Ok(Reader { node: value.node, depth: self.depth + 1, ..*self })
    }

    fn dispatch<V: Visitor<'de>>(self, visitor: V, want: Want) -> Result<V::Value> {
        use ::serde::Deserializer;
        match want {
            Want::Any | Want::Scalar => self.deserialize_any(visitor),
            Want::Map => self.deserialize_map(visitor),
            Want::Struct => self.deserialize_struct("", &[], visitor),
            Want::Seq => self.deserialize_seq(visitor),
            Want::Tuple(len) => self.deserialize_tuple(len, visitor),
            Want::Str => self.deserialize_str(visitor),
            Want::Bytes => self.deserialize_bytes(visitor),
        }
    }

    #[inline(never)]
    fn any<V: Visitor<'de>>(self, visitor: V, want: Want) -> Result<V::Value> {
        match self.node.tag() {
            tag::NONE => visitor.visit_unit(),
            tag::FALSE => visitor.visit_bool(false),
            tag::TRUE => visitor.visit_bool(true),
            tag::INT => self.visit_int(visitor),
            tag::BIG_INT | tag::INT_TEXT => self.visit_big(visitor),
            tag::FLOAT => visitor.visit_f64(f64::from_bits(self.node.data())),
            tag::FLOAT_TEXT => Err(Error::value(format_args!(
                "this build does not read the floats of protocol 0 (feature text-float)"
            ))),
            tag::STR => self.visit_text(visitor),
            tag::STR_SURROGATES => Err(self.not_text()),
            tag::STR8 => self.visit_str8(visitor),
            tag::BYTES => self.visit_span(visitor),
            tag::LIST | tag::SET | tag::FROZEN_SET | tag::TUPLE | tag::TUPLE_OF_MUTABLE | tag::EMPTY_TUPLE => {
                match self.value().items() {
                    Some(items) => self.visit_items(items, visitor),
                    None => visitor.visit_unit(),
                }
            }
            tag::DICT => match self.value().entries() {
                Some(entries) => self.visit_pairs(entries, visitor),
                None => visitor.visit_unit(),
            },
            _ => self.visit_inner(visitor, want),
        }
    }

    /// A variant and what it holds.
    fn variant<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = self.value();
        if let Some(mut items) = value.items() {
            // The form of old serde-pickle: ('Name',) or ('Name', content).
            let (name, content) = (items.next(), items.next());
            return match (name, items.len()) {
                (Some(name), 0) => self.visit_variant(name, content, visitor),
                _ => Err(self.no_variant()),
            };
        }
        if let Some(mut entries) = value.entries() {
            return match (entries.next(), entries.next()) {
                (Some((name, content)), None) => self.visit_variant(name, Some(content), visitor),
                _ => Err(self.no_variant()),
            };
        }
        if let Some(object) = value.as_object() {
            return match view::view(value, &object, Want::Str)? {
                View::Value(inner) => self.inner(inner)?.variant(visitor),
                View::Map(mut pairs) => match (pairs.next(), pairs.next()) {
                    (Some((name, content)), None) => self.visit_variant(name, Some(content), visitor),
                    _ => Err(self.no_variant()),
                },
                View::Text(text) => visitor.visit_enum(StrDeserializer::new(text)),
                _ => Err(self.no_variant()),
            };
        }
        self.visit_variant(value, None, visitor)
    }

    fn visit_variant<V: Visitor<'de>>(
        self,
        name: Value<'f>,
        content: Option<Value<'f>>,
        visitor: V,
    ) -> Result<V::Value> {
        self.enter(2)?;
        let frame = self.frame();
        let (cx, up, depth) = (self.cx, Some(&frame), self.depth + 1);
        let reader = |value: Value<'_>| Reader { cx, node: value.node, up, depth };
        let step = name_of(name.node, self.cx.document);
        let result = visitor.visit_enum(Enum { name: reader(name), content: content.map(reader) });
        match content {
            Some(_) => result.map_err(|error| error.under(step)),
            None => result,
        }
    }

    #[cold]
    fn no_variant(&self) -> Error {
        Error::value(format_args!("an enum is a str, or a dict of one item; this is {:?}", self.value().kind()))
    }
}

fn to_u128(big: BigInt<'_>) -> Option<u128> {
    match big {
        BigInt::Bytes(bytes) => {
            let (low, high) = bytes.split_first_chunk::<16>()?;
            let small = !high.is_empty() && high.iter().all(|&byte| byte == 0);
            if small { Some(u128::from_le_bytes(*low)) } else { None }
        }
        BigInt::Text(_) => {
            let (negative, radix, digits) = big.digits()?;
            let mut value = 0u128;
            for digit in digits.iter().filter_map(|&byte| crate::literal::int::digit(byte, radix)) {
                value = value.checked_mul(u128::from(radix))?.checked_add(u128::from(digit))?;
            }
            if negative { None } else { Some(value) }
        }
    }
}

/// A message for lengths that do not agree.
struct Expected(usize);

impl de::Expected for Expected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} items", self.0)
    }
}

fn visit_octets<'de, V: Visitor<'de>>(octets: crate::view::known::Octets<'_>, visitor: V) -> Result<V::Value> {
    if let Some(bytes) = octets.as_slice() {
        return visitor.visit_bytes(bytes);
    }
    if let Some(text) = octets.as_ascii() {
        return visitor.visit_bytes(text.as_bytes());
    }
    #[cfg(feature = "alloc")]
    return visitor.visit_byte_buf(octets.collect());
    #[cfg(not(feature = "alloc"))]
    Err(Error::value(format_args!("bytes of protocols 0 to 2 that are not ASCII need the feature alloc")))
}

fn visit_known<'de, V: Visitor<'de>>(known: Known<'_>, visitor: V) -> Result<V::Value> {
    let mut text = heapless::String::<40>::new();
    let _ = match known {
        Known::Date(date) => write!(text, "{date}"),
        Known::Time(time, _) => write!(text, "{time}"),
        Known::DateTime(date, time, _) => write!(text, "{date}T{time}"),
        Known::TimeDelta(delta) => write!(text, "{delta}"),
        _ => Ok(()),
    };
    visitor.visit_str(&text)
}

fn visit_uuid<'de, V: Visitor<'de>>(number: u128, visitor: V) -> Result<V::Value> {
    let mut text = heapless::String::<36>::new();
    let part = |from: u32, digits: u32| number >> (128 - from * 4 - digits * 4) & ((1 << (digits * 4)) - 1);
    let _ = write!(
        text,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(0, 8),
        part(8, 4),
        part(12, 4),
        part(16, 4),
        part(20, 12)
    );
    visitor.visit_str(&text)
}

fn name_of<'f>(key: Node, document: &Document<'f>) -> Step<'f> {
    match key.tag() {
        tag::STR | tag::STR_SURROGATES | tag::STR8 | tag::BYTES => Step::Name(document.range(key)),
        tag::INT => Step::Index(key.data() as i64),
        _ => Step::Other,
    }
}

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
    type Error = Error;

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
        if self.node.tag() == tag::NONE { visitor.visit_none() } else { visitor.visit_some(self) }
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
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.value().entries() {
            Some(entries) => self.visit_pairs(entries, visitor),
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

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    /// Nothing is walked: a value that is not wanted may contain itself.
    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

struct Seq<'f, 'de> {
    cx: &'f Context<'f, 'de>,
    items: Items<'f>,
    up: &'f Frame<'f>,
    depth: usize,
    index: i64,
}

impl<'de> de::SeqAccess<'de> for Seq<'_, 'de> {
    type Error = Error;

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

struct Map<'f, 'de, P> {
    cx: &'f Context<'f, 'de>,
    pairs: P,
    up: &'f Frame<'f>,
    depth: usize,
    key: Node,
    value: Option<Node>,
}

/// Keys and values as nodes, free of the lifetime of what they came from.
trait NodePairs {
    fn next_pair(&mut self) -> Option<(Node, Node)>;
    fn left(&self) -> usize;
}

impl NodePairs for Entries<'_> {
    #[inline(always)]
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
    type Error = Error;

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
        let Some(node) = self.value.take() else { return Err(Error::value(format_args!("a value without its key"))) };
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

struct Enum<'f, 'de> {
    name: Reader<'f, 'de>,
    content: Option<Reader<'f, 'de>>,
}

impl<'f, 'de> de::EnumAccess<'de> for Enum<'f, 'de> {
    type Error = Error;
    type Variant = Variant<'f, 'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant)> {
        match seed.deserialize(self.name) {
            Ok(name) => Ok((name, Variant(self.content))),
            Err(error) => Err(error.at_offset(self.name.offset())),
        }
    }
}

struct Variant<'f, 'de>(Option<Reader<'f, 'de>>);

impl<'f, 'de> Variant<'f, 'de> {
    fn content(self) -> Result<Reader<'f, 'de>> {
        self.0.ok_or_else(|| Error::value(format_args!("the variant holds a value, and only its name is here")))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

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

/// What [`Object`](super::Object) and [`Global`](super::Global) ask for: names beside the value.
struct Tagged<'f, 'de> {
    reader: Reader<'f, 'de>,
    object: bool,
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
    fn name<T: DeserializeSeed<'de>>(&self, seed: T, second: bool) -> Result<T::Value> {
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
