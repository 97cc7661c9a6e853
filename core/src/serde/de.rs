//! Documents into types: `Value` is a serde deserializer.

mod access;
mod deserializer;
mod tagged;

use self::access::Enum;
use self::access::Map;
use self::access::NodePairs;
use self::access::Seq;
use super::error::{Error, Reason, Result, Step};
use super::text::Text;
use super::view::{self, View, Want};
use crate::machine::node::{Node, tag};
use crate::{BigInt, Document, Items, Known, Value};
use ::serde::de::value::StrDeserializer;
use ::serde::de::{self, Visitor};
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
