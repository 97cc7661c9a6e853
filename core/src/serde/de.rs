//! Documents into types: `Value` is a serde deserializer.

mod access;
mod deserializer;
mod made;
mod tagged;

use self::access::Enum;
use self::access::Map;
use self::access::NodePairs;
use self::access::Seq;
use super::error::{Result, SerdeError, SerdeErrorKind, Step};
use super::form::{self, Form};
use super::made::Made;
use super::text::Text;
use super::view::{self, Offer, Taken, Want};
use crate::literal::compat;
use crate::machine::node::{Node, tag};
use crate::view::{Octets, View};
use crate::{BigInt, Digits, Document, GlobalName, Items, Kind, Value};
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
    /// The names of classes are those of Python 2.
    pub python2: bool,
    /// The object whose form is to be told, by its index, and the form.
    pub watched: Cell<(u32, Form)>,
}

/// No object is watched.
pub(crate) const UNWATCHED: (u32, Form) = (u32::MAX, Form::Part);

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
    /// What is read next, where it is no node.
    made: Option<&'f Made<'f>>,
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
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn enter(&self, items: usize) -> Result<()> {
        if self.depth >= self.cx.max_depth {
            return Err(self.too_deep());
        }
        match self.cx.budget.get().checked_sub(items as u64 + 1) {
            Some(left) => {
                self.cx.budget.set(left);
                Ok(())
            }
            None => Err(SerdeError::new(
                SerdeErrorKind::Values,
                format_args!("shared values would be read more often than the limit allows (max_values)"),
            )),
        }
    }

    /// A value inside itself is the common cause: then the path ends where it comes back.
    #[cold]
    #[inline(never)]
    fn too_deep(&self) -> SerdeError {
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
            Some(depth) => SerdeError::new(
                SerdeErrorKind::Cyclic,
                format_args!("the value contains itself; a Rust value cannot, read it as a Document"),
            )
            .skipping(self.depth - depth),
            None => SerdeError::new(
                SerdeErrorKind::Depth,
                format_args!("values are nested deeper than {} levels (max_depth)", self.cx.max_depth),
            ),
        }
    }

    fn frame(&self) -> Frame<'f> {
        Frame { id: if self.node.is_reference() { self.node.high() } else { u32::MAX }, up: self.up, made: None }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
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

    #[cfg_attr(not(debug_assertions), inline(always))]
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
    fn not_text(&self) -> SerdeError {
        let error = match self.node.tag() {
            tag::STR_SURROGATES => {
                SerdeError::value(format_args!("the str has lone surrogates, which a Rust str cannot; ask for bytes"))
            }
            _ => SerdeError::value(format_args!("the Python 2 str is not UTF-8; ask for bytes, or give its encoding")),
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

    #[cfg_attr(not(debug_assertions), inline(always))]
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
            None => Err(SerdeError::value(format_args!("the int does not fit 128 bits")).at_offset(self.offset())),
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

    #[cfg_attr(not(debug_assertions), inline(always))]
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
        let Some(GlobalName { module, name }) = self.value().as_global() else {
            return Err(SerdeError::value(format_args!("the name of the class has lone surrogates")));
        };
        let GlobalName { module, name } =
            if self.cx.python2 { compat::to_python3(module, name) } else { GlobalName::new(module, name) };
        let mut text = Text::default();
        match write!(text, "{module}.{name}") {
            Ok(()) => visitor.visit_str(text.as_str()),
            Err(_) => {
                Err(SerdeError::value(format_args!("the name of the class is too long without the feature alloc")))
            }
        }
    }

    /// What an object offers; whoever wants to know is told what makes the object again of it.
    fn offer(&self, want: Want) -> Result<Option<Offer<'f>>> {
        let value = self.value();
        let Some(object) = value.as_object() else { return Ok(None) };
        let (offer, taken) = view::offer(value, &object, want)?;
        if self.is_watched() {
            self.tell(form::form(value, &object, taken, want));
        }
        Ok(Some(offer))
    }

    fn is_watched(&self) -> bool {
        self.node.is_reference() && self.cx.watched.get().0 == self.node.high()
    }

    #[cold]
    fn tell(&self, form: Form) {
        self.cx.watched.set((u32::MAX, form));
    }

    fn visit_inner<V: Visitor<'de>>(self, visitor: V, want: Want) -> Result<V::Value> {
        match self.node.tag() {
            tag::GLOBAL | tag::STACK_GLOBAL => return self.visit_global(visitor),
            tag::EXTENSION => return visitor.visit_u64(self.node.data()),
            _ => {}
        }
        if let Some(made) = self.made() {
            return self.visit_made(made, visitor, want);
        }
        if let Some(offer) = self.offer(want)? {
            return match offer {
                Offer::Items(items) => self.visit_items(items, visitor),
                Offer::Map(pairs) => self.visit_pairs(pairs, visitor),
                Offer::Value(inner) => self.inner(inner)?.dispatch(visitor, want),
                Offer::Octets(octets) => self.visit_octets(octets, visitor, want),
                Offer::Made(made) => self.visit_made(&made, visitor, want),
            };
        }
        let value = self.value();
        if let Some(inner) = value.inner() {
            return self.inner(inner)?.dispatch(visitor, want);
        }
        match value.as_bytes() {
            Some(bytes) if want.is_seq() => self.visit_octets(Octets::raw(bytes), visitor, want),
            Some(_) if self.node.tag() == tag::BYTE_ARRAY => {
                let node = self.cx.document.node(self.node.high() as usize + 1);
                Reader { node, ..self }.visit_span(visitor)
            }
            Some(bytes) => visitor.visit_bytes(bytes),
            None => Err(made::missing()),
        }
    }

    /// What stands for this value, one level down.
    fn inner(&self, value: Value<'f>) -> Result<Self> {
        self.enter(1)?;
        // No frame lives here that could name this object: the depth alone bounds what refers to itself.
        Ok(Reader { node: value.node, depth: self.depth + 1, ..*self })
    }

    /// The reader of what is inside this value and no value of its own.
    fn deeper(self) -> Result<Self> {
        self.enter(1)?;
        Ok(Reader { depth: self.depth + 1, ..self })
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
            tag::FLOAT_TEXT => Err(SerdeError::value(format_args!(
                "this build does not read the floats of protocol 0 (feature text-float)"
            ))),
            tag::STR => self.visit_text(visitor),
            tag::STR_SURROGATES => Err(self.not_text()),
            tag::STR8 | tag::BYTES if want.is_seq() => {
                self.visit_octets(Octets::raw(self.cx.document.range(self.node)), visitor, want)
            }
            tag::STR8 => self.visit_str8(visitor),
            tag::BYTES => self.visit_span(visitor),
            tag::SET | tag::FROZEN_SET if want == Want::Struct => Err(view::no_fields()),
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
        if let Some(made) = self.made() {
            return visitor.visit_enum(StrDeserializer::new(made::made_text(made)?.as_str()));
        }
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
            let tell = |taken| {
                if self.is_watched() {
                    self.tell(form::form(value, &object, taken, Want::Str));
                }
            };
            return match value.view() {
                View::Member(member) => {
                    tell(Taken::Member);
                    visitor.visit_enum(StrDeserializer::new(member.name))
                }
                View::Derived(derived) => {
                    tell(Taken::Derived);
                    self.inner(derived.value)?.variant(visitor)
                }
                View::Mapping(mapping) => {
                    let mut pairs = mapping.pairs;
                    tell(if mapping.attributes.len() == 0 { Taken::Items } else { Taken::Part });
                    match (pairs.next(), pairs.next()) {
                        (Some((name, content)), None) => self.visit_variant(name, Some(content), visitor),
                        _ => Err(self.no_variant()),
                    }
                }
                // `Color('g')`, `Color(1)`: a member by its value.
                View::Record(record) if record.args.len() == 1 && record.attributes.len() == 0 => {
                    match record.args.into_iter().next() {
                        Some(name) if is_name(name) => {
                            tell(Taken::Arg);
                            self.visit_variant(name, None, visitor)
                        }
                        Some(number) => {
                            tell(Taken::Part);
                            match int_text(number) {
                                Some(text) => visitor.visit_enum(StrDeserializer::new(&text)),
                                None => Err(self.no_variant()),
                            }
                        }
                        None => Err(self.no_variant()),
                    }
                }
                View::Persistent(_) => view::offer(value, &object, Want::Str).and_then(|_| Err(self.no_variant())),
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
        if !is_name(name) {
            return Err(self.no_variant());
        }
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
    fn no_variant(&self) -> SerdeError {
        let kind = self.value().kind();
        SerdeError::value(format_args!(
            "an enum is a str, a dict of one item, or a member by its name or value; this is {kind:?}"
        ))
        .at_offset(self.offset())
    }
}

/// What may be the name of a variant. An int is none: serde would take it for an index.
fn is_name(value: Value<'_>) -> bool {
    matches!(value.kind(), Kind::Str | Kind::Str8 | Kind::Bytes)
}

/// An int as text.
fn int_text(value: Value<'_>) -> Option<heapless::String<40>> {
    let int = value.as_i128()?;
    let mut text = heapless::String::new();
    write!(text, "{int}").ok()?;
    Some(text)
}

fn to_u128(big: BigInt<'_>) -> Option<u128> {
    match big {
        BigInt::Bytes(bytes) => {
            let (low, high) = bytes.split_first_chunk::<16>()?;
            let small = !high.is_empty() && high.iter().all(|&byte| byte == 0);
            if small { Some(u128::from_le_bytes(*low)) } else { None }
        }
        BigInt::Text(_) => {
            let Digits { negative, radix, digits } = big.digits()?;
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

fn name_of<'f>(key: Node, document: &Document<'f>) -> Step<'f> {
    match key.tag() {
        tag::STR | tag::STR_SURROGATES | tag::STR8 | tag::BYTES => Step::Name(document.range(key)),
        tag::INT => Step::Index(key.data() as i64),
        _ => Step::Other,
    }
}
