//! A handle to one value: typed accessors, items, lookup, paths.

pub(crate) mod items;
pub(crate) mod object;

use self::items::{Entries, Items};
use self::object::ObjectParts;
use super::kind::Kind;
use crate::GlobalName;
use crate::document::Document;
use crate::knobs::BIG_INTS;
use crate::literal::int;
use crate::literal::int::Digits;
use crate::machine::node::{How, Node, tag};
use core::fmt;

/// A value of a document: a small handle, copied at will.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Kind, Options, Unpickler};
///
/// // pickle.dumps([7, "seven", None])
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04](K\x07\x8c\x05sevenNe.")?;
/// let list = document.root();
/// assert_eq!((list.kind(), list.len()), (Kind::List, 3));
/// assert_eq!(list.at(0).and_then(|item| item.as_i64()), Some(7));
/// assert_eq!(list.at(1).and_then(|item| item.as_str()), Some("seven"));
/// assert!(list.at(2).is_some_and(|item| item.is_none()));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Value<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) node: Node,
}

/// An out-of-band buffer.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, OutOfBand, Unpickler};
///
/// // pickle.dumps(PickleBuffer(b"frame"), 5, buffer_callback=buffers.append)
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x05\x97\x98.")?;
/// assert_eq!(document.root().as_buffer(), Some(OutOfBand { index: 0, read_only: true }));
/// let buffers = [&b"frame"[..]];
/// assert_eq!(document.with_buffers(&buffers).root().as_bytes(), Some(&b"frame"[..]));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct OutOfBand {
    /// Its number, from 0 on, in the order of the stream.
    pub index: u32,
    /// The pickle takes a read-only view of it.
    pub read_only: bool,
}

/// Bytes that a value came from.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// let input = b"\x80\x04\x8c\x05hello.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(input)?;
/// let place = document.root().place().unwrap();
/// assert_eq!((place.offset, place.len, place.stored), (4, 5, false));
/// assert_eq!(&input[4..9], b"hello");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct SourceRange {
    /// Bytes from the start of the stream, or of the byte region.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
    /// They are in the byte region: the input was cut there, or the text was decoded.
    pub stored: bool,
}

/// An int that 64 bits cannot hold.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(1 << 64)
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8a\x09\0\0\0\0\0\0\0\0\x01.")?;
/// let int = document.root().as_big_int().unwrap();
/// assert_eq!((int.is_negative(), int.to_i128()), (false, Some(1 << 64)));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BigInt<'d> {
    /// Two's complement, little-endian.
    Bytes(&'d [u8]),
    /// The text of INT or LONG, checked, without the `L`.
    Text(&'d [u8]),
}

impl<'d> BigInt<'d> {
    /// Below zero.
    pub fn is_negative(&self) -> bool {
        match self {
            BigInt::Bytes(bytes) => bytes.last().is_some_and(|b| b & 0x80 != 0),
            BigInt::Text(text) => int::digits(text, true).or(int::digits(text, false)).is_some_and(|d| d.negative),
        }
    }

    /// The text taken apart. `None` for ints that are not text.
    pub fn digits(&self) -> Option<Digits<'d>> {
        match self {
            BigInt::Bytes(_) => None,
            BigInt::Text(text) => int::digits(text, true).or(int::digits(text, false)),
        }
    }

    /// The value, where 128 bits hold it.
    pub fn to_i128(&self) -> Option<i128> {
        match self {
            BigInt::Text(text) => int::digits(text, true).or(int::digits(text, false))?.to_i128(),
            BigInt::Bytes(bytes) => {
                let fill = if self.is_negative() { 0xff } else { 0 };
                let mut wide = [fill; 16];
                for (i, byte) in bytes.iter().enumerate() {
                    match wide.get_mut(i) {
                        Some(slot) => *slot = *byte,
                        None if *byte == fill => {}
                        None => return None,
                    }
                }
                let value = i128::from_le_bytes(wide);
                if (value < 0) == self.is_negative() { Some(value) } else { None }
            }
        }
    }
}

impl<'d> Value<'d> {
    pub(crate) fn new(document: &'d Document<'d>, node: Node) -> Self {
        Value { document, node }
    }

    /// A node as a value of the same document.
    pub(crate) fn beside(&self, node: Node) -> Self {
        Value { node, ..*self }
    }

    /// The value as the root of a document of its own.
    pub fn document(&self) -> Document<'d> {
        self.document.with_root(self.node)
    }

    /// The handle without its document, see [`Document::value`].
    pub fn node(&self) -> Node {
        self.node
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        match self.node.tag() {
            tag::FALSE | tag::TRUE => Kind::Bool,
            tag::INT | tag::BIG_INT | tag::INT_TEXT => Kind::Int,
            tag::FLOAT | tag::FLOAT_TEXT => Kind::Float,
            tag::STR | tag::STR_SURROGATES => Kind::Str,
            tag::STR8 => Kind::Str8,
            tag::BYTES => Kind::Bytes,
            tag::BYTE_ARRAY => Kind::ByteArray,
            tag::LIST => Kind::List,
            tag::TUPLE | tag::TUPLE_OF_MUTABLE | tag::EMPTY_TUPLE => Kind::Tuple,
            tag::DICT => Kind::Dict,
            tag::SET => Kind::Set,
            tag::FROZEN_SET => Kind::FrozenSet,
            tag::GLOBAL | tag::STACK_GLOBAL => Kind::Global,
            tag::EXTENSION => Kind::Extension,
            tag::OBJECT if self.header().sub() == How::PersId as u8 => Kind::Persistent,
            tag::OBJECT => Kind::Object,
            tag::BUFFER => Kind::Buffer,
            tag::READONLY => Kind::ReadOnly,
            _ => Kind::None,
        }
    }

    /// Which node this is, where identity means something: containers, objects,
    /// bytearrays, globals named by STACK_GLOBAL. The same node is the same object.
    pub fn id(&self) -> Option<usize> {
        if self.node.is_reference() { Some(self.node.high() as usize) } else { None }
    }

    /// The object, where this is one, or stands behind a persistent id.
    pub fn as_object(&self) -> Option<ObjectParts<'d>> {
        if self.node.tag() != tag::OBJECT {
            return None;
        }
        Some(ObjectParts { document: self.document, index: self.node.high(), header: self.header() })
    }

    /// An int too large for 64 bits: `Some` exactly where [`Value::as_i64`] of an int is `None`. The value counts, not its
    /// spelling: LONG1 and LONG4 may have more bytes than they need, texts more zeros.
    ///
    /// ```
    /// use pickle_core::{Node, Options, Storage, Unpickler};
    /// let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 8], [Node::EMPTY; 2], [0; 16]);
    /// let mut unpickler = Unpickler::new(Storage::new(&mut nodes, &mut memo, &mut bytes), Options::new());
    /// let document = unpickler.load(b"\x80\x02\x8a\x0a\x07\0\0\0\0\0\0\0\0\0.")?; // 7 in ten bytes
    /// assert_eq!(document.root().as_i64(), Some(7));
    /// assert!(document.root().as_big_int().is_none());
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    pub fn as_big_int(&self) -> Option<BigInt<'d>> {
        if !BIG_INTS {
            return None;
        }
        match self.node.tag() {
            tag::BIG_INT => Some(BigInt::Bytes(self.document.range(self.node))),
            tag::INT_TEXT => Some(BigInt::Text(self.document.range(self.node))),
            _ => None,
        }
    }

    pub(crate) fn header(&self) -> Node {
        self.document.node(self.node.high() as usize)
    }

    /// The value is None.
    pub fn is_none(&self) -> bool {
        self.node.tag() == tag::NONE
    }

    /// True or False, not 1 or 0.
    pub fn as_bool(&self) -> Option<bool> {
        match self.node.tag() {
            tag::TRUE => Some(true),
            tag::FALSE => Some(false),
            _ => None,
        }
    }

    /// An int that fits; no bool, no float.
    pub fn as_i64(&self) -> Option<i64> {
        if self.node.tag() == tag::INT { Some(self.node.data() as i64) } else { self.as_i128()?.try_into().ok() }
    }

    /// An int of zero or more that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i128()?.try_into().ok()
    }

    /// An int that fits 128 bits.
    pub fn as_i128(&self) -> Option<i128> {
        match self.node.tag() {
            tag::INT => Some(i128::from(self.node.data() as i64)),
            _ => self.as_big_int()?.to_i128(),
        }
    }

    /// A float; ints are none.
    pub fn as_f64(&self) -> Option<f64> {
        match self.node.tag() {
            tag::FLOAT => Some(f64::from_bits(self.node.data())),
            _ => None,
        }
    }

    /// The text of a protocol 0 float that this build does not parse (feature `text-float`).
    pub fn float_text(&self) -> Option<&'d str> {
        match self.node.tag() {
            tag::FLOAT_TEXT => core::str::from_utf8(int::until_nul(self.document.range(self.node))).ok(),
            _ => None,
        }
    }

    /// A str, or a Python 2 str that is UTF-8. `None` where lone surrogates
    /// stand in it: see [`Value::str_bytes`].
    pub fn as_str(&self) -> Option<&'d str> {
        match self.node.tag() {
            tag::STR | tag::STR8 => core::str::from_utf8(self.document.range(self.node)).ok(),
            _ => None,
        }
    }

    /// The UTF-8 form of a str; lone surrogates as three bytes (`surrogatepass`).
    pub fn str_bytes(&self) -> Option<&'d [u8]> {
        match self.node.tag() {
            tag::STR | tag::STR_SURROGATES => Some(self.document.range(self.node)),
            _ => None,
        }
    }

    /// The content of bytes, bytearray, Python 2 str, and of buffers that were given.
    pub fn as_bytes(&self) -> Option<&'d [u8]> {
        match self.node.tag() {
            tag::BYTES | tag::STR8 => Some(self.document.range(self.node)),
            tag::BYTE_ARRAY => Some(self.document.range(self.document.node(self.node.high() as usize + 1))),
            tag::READONLY => self.inner()?.as_bytes(),
            tag::BUFFER => self.document.buffer(self.node.data()),
            _ => None,
        }
    }

    /// What a read-only view looks at.
    pub fn inner(&self) -> Option<Value<'d>> {
        match self.node.tag() {
            tag::READONLY => Some(Value::new(self.document, self.document.node(self.node.high() as usize + 1))),
            _ => None,
        }
    }

    /// An int that the stream wrote as a long (LONG, LONG1, LONG4): Python 2 tells them apart.
    pub fn is_long(&self) -> bool {
        match self.node.tag() {
            tag::INT => self.node.is_long(),
            tag::BIG_INT => true,
            _ => false,
        }
    }

    /// Module and name of a class or function.
    pub fn as_global(&self) -> Option<GlobalName<&'d str>> {
        let GlobalName { module, name } = match self.node.tag() {
            tag::GLOBAL => crate::wire::op::split_lines(self.document.range(self.node))?,
            tag::STACK_GLOBAL => {
                let at = self.node.high() as usize;
                let part = |n| self.document.range(self.document.node(at + n));
                GlobalName::new(part(1), part(2))
            }
            _ => return None,
        };
        Some(GlobalName::new(core::str::from_utf8(module).ok()?, core::str::from_utf8(name).ok()?))
    }

    /// Module and name as the values that STACK_GLOBAL took: two str.
    pub fn global_parts(&self) -> Option<GlobalName<Value<'d>>> {
        if self.node.tag() != tag::STACK_GLOBAL {
            return None;
        }
        let at = self.node.high() as usize;
        let part = |n| Value::new(self.document, self.document.node(at + n));
        Some(GlobalName::new(part(1), part(2)))
    }

    /// An extension code of `copyreg`, from 1 on.
    pub fn as_extension(&self) -> Option<u32> {
        if self.node.tag() == tag::EXTENSION { Some(self.node.data() as u32) } else { None }
    }

    /// Which out-of-band buffer it is.
    pub fn as_buffer(&self) -> Option<OutOfBand> {
        if self.node.tag() != tag::BUFFER {
            return None;
        }
        Some(OutOfBand { index: self.node.data() as u32, read_only: self.node.is_read_only() })
    }

    /// Which bytes of the stream a str, bytes, int or global came from: values
    /// with the same range are the same object in Python, by way of the memo.
    pub fn place(&self) -> Option<SourceRange> {
        match self.node.tag() {
            tag::STR | tag::STR_SURROGATES | tag::STR8 | tag::BYTES | tag::GLOBAL | tag::BIG_INT | tag::INT_TEXT => {
                let range = self.node.as_range();
                Some(SourceRange { offset: range.offset, len: range.len, stored: range.stored })
            }
            _ => None,
        }
    }

    /// Items of a list, tuple, set or frozenset, keys and values of a dict
    /// (duplicates counted). 0 for everything else.
    pub fn len(&self) -> usize {
        match self.node.tag() {
            tag::DICT => self.header().high() as usize / 2,
            tag::LIST | tag::SET | tag::FROZEN_SET | tag::TUPLE | tag::TUPLE_OF_MUTABLE => {
                self.header().high() as usize
            }
            _ => 0,
        }
    }

    /// No items; also true for what has none by nature.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items of a list, tuple, set or frozenset.
    pub fn items(&self) -> Option<Items<'d>> {
        let index = self.node.high();
        match self.node.tag() {
            tag::EMPTY_TUPLE => Some(Items::run(self.document, 0, 0)),
            tag::TUPLE | tag::TUPLE_OF_MUTABLE => Some(Items::run(self.document, index + 1, self.header().high())),
            tag::LIST | tag::SET | tag::FROZEN_SET => {
                let header = self.header();
                Some(Items::chunks(self.document, header.first(), header.high()))
            }
            _ => None,
        }
    }

    /// The keys and values of a dict in the order of the stream, duplicate keys and all.
    pub fn entries(&self) -> Option<Entries<'d>> {
        if self.node.tag() != tag::DICT {
            return None;
        }
        let header = self.header();
        Some(Entries { items: Items::chunks(self.document, header.first(), header.high()) })
    }

    /// The item at an index of a list or tuple.
    pub fn at(&self, index: usize) -> Option<Value<'d>> {
        self.items()?.nth(index)
    }

    /// What a dict has under a str key, or an object in its state (as its
    /// attributes would be). The last of equal keys counts, as in Python.
    pub fn get(&self, key: &str) -> Option<Value<'d>> {
        if let Some(entries) = self.entries() {
            let mut found = None;
            for (name, value) in entries {
                let is_key = match name.node.tag() {
                    tag::STR | tag::STR8 => name.document.range(name.node) == key.as_bytes(),
                    _ => false,
                };
                if is_key {
                    found = Some(value);
                }
            }
            return found;
        }
        let state = self.as_object()?.state()?;
        if state.as_object().is_some() {
            return None;
        }
        match state.items() {
            // Attributes and slots (`copyreg.__reduce_ex__`).
            Some(mut parts) if parts.len() == 2 => {
                let (dict, slots) = (parts.next()?, parts.next()?);
                slots.entries()?;
                slots.get(key).or_else(|| if dict.entries().is_some() { dict.get(key) } else { None })
            }
            Some(_) => None,
            None if state.entries().is_some() => state.get(key),
            None => None,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One level: a document can be cyclic.
        match self.as_str() {
            Some(text) => write!(f, "{:?}({text:?})", self.kind()),
            None => write!(f, "{:?}#{:x}:{:x}", self.kind(), self.node.high(), self.node.data()),
        }
    }
}
