//! The 16-byte node: every value, container header and stack entry is one.
//!
//! | what | `head` | `data` |
//! |---|---|---|
//! | int, float | tag, flags | the number, or the bits of the double |
//! | str, bytes, big int, global by line | tag, offset << 8, bit 63: in the byte region | length in bytes |
//! | tuple, list, dict, set, object, ... as an item | tag, index << 32 | 0 |
//! | header of tuple, object | tag, how << 8, count of cells behind it << 32 | first and last chunk |
//! | header of list, dict, set | tag, count of items << 32 | first and last chunk |
//! | chunk of items | tag, kind << 8, count << 32 | next chunk |
//!
//! Offsets have 54 bits, indices 32. Bit 62 of a range in an item reader's
//! memo says that it was fetched, bit 16 of a container that it is being filled.

/// One node of a document, the stack or the memo. 16 bytes on every target.
///
/// See the example of [`Storage`](crate::Storage).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Node {
    head: u64,
    data: u64,
}

// Aligned as C aligns 64-bit numbers: to four bytes on 32-bit x86, to eight elsewhere.
const _: () = assert!(size_of::<Node>() == 16 && align_of::<Node>() == align_of::<u64>());

/// What a node is. Everything from `UNHASHABLE` on cannot be a dict key.
pub(crate) mod tag {
    /// A memo slot that holds nothing.
    pub const EMPTY: u8 = 0;
    pub const MARK: u8 = 1;
    pub const NONE: u8 = 2;
    pub const FALSE: u8 = 3;
    pub const TRUE: u8 = 4;
    pub const INT: u8 = 5;
    /// Two's complement, little-endian, longer than eight bytes.
    pub const BIG_INT: u8 = 6;
    /// Digits that do not fit 64 bits.
    pub const INT_TEXT: u8 = 7;
    pub const FLOAT: u8 = 8;
    /// Text of a float, where text floats are not parsed.
    pub const FLOAT_TEXT: u8 = 9;
    pub const STR: u8 = 10;
    /// A str with lone surrogates, each as the three bytes that `surrogatepass` writes.
    pub const STR_SURROGATES: u8 = 11;
    pub const BYTES: u8 = 12;
    /// A Python 2 str.
    pub const STR8: u8 = 13;
    /// `module\nname` in one range.
    pub const GLOBAL: u8 = 14;
    pub const EXTENSION: u8 = 15;
    pub const BUFFER: u8 = 16;
    pub const EMPTY_TUPLE: u8 = 17;
    // From here on the node is an index into the arena, or the header that stands there.
    pub const TUPLE: u8 = 18;
    pub const FROZEN_SET: u8 = 19;
    pub const OBJECT: u8 = 20;
    /// Module and name as two cells.
    pub const STACK_GLOBAL: u8 = 21;
    pub const UNHASHABLE: u8 = 22;
    /// A tuple with something unhashable inside.
    pub const TUPLE_OF_MUTABLE: u8 = 22;
    pub const LIST: u8 = 23;
    pub const DICT: u8 = 24;
    pub const SET: u8 = 25;
    pub const BYTE_ARRAY: u8 = 26;
    /// READONLY_BUFFER on a bytearray.
    pub const READONLY: u8 = 27;
    pub const CHUNK: u8 = 28;
}

/// What the items of a chunk are to their container, in the order of the stream.
pub(crate) mod chunk {
    pub const ITEMS: u8 = 0;
    pub const APPEND: u8 = 1;
    pub const SET_ITEM: u8 = 2;
    pub const ADD: u8 = 3;
    pub const BUILD: u8 = 4;
    pub const RAW: u8 = 5;
    pub const NESTED: u8 = 6;
}

/// How an object was made.
///
/// See the example of [`ObjectParts`](crate::ObjectParts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum How {
    /// REDUCE: a callable and its arguments.
    Reduce = 0,
    /// NEWOBJ: `cls.__new__(cls, *args)`.
    NewObj = 1,
    /// NEWOBJ_EX: with keyword arguments.
    NewObjEx = 2,
    /// OBJ: a class and arguments from the stack.
    Obj = 3,
    /// INST: a named class and arguments from the stack.
    Inst = 4,
    /// PERSID, BINPERSID: whatever the persistent id stands for.
    PersId = 5,
    /// A global, extension or buffer that was changed by APPEND, SETITEM, ADDITEMS or BUILD.
    Changed = 6,
}

/// "No chunk."
pub(crate) const NIL: u32 = u32::MAX;

const STORED: u64 = 1 << 63;
/// The memo entry was fetched since its cache was last cleared out.
const FETCHED: u64 = 1 << 62;
/// A container that is being filled while its items are handed over.
const OPEN: u64 = 1 << 16;
/// Bits of a kept memo entry that hold its length; the others hold its index.
const KEPT_LEN: u32 = 24;
const LONG: u64 = 1 << 8;
const READ_ONLY: u64 = 1 << 8;

impl Node {
    /// An unused node; storage is made of these.
    pub const EMPTY: Node = Node { head: tag::EMPTY as u64, data: 0 };

    #[inline(always)]
    pub(crate) const fn atom(tag: u8) -> Node {
        Node { head: tag as u64, data: 0 }
    }

    #[inline(always)]
    pub(crate) const fn int(value: i64) -> Node {
        Node { head: tag::INT as u64, data: value as u64 }
    }

    /// An int that the stream calls a long.
    #[inline(always)]
    pub(crate) const fn long(value: i64) -> Node {
        Node { head: tag::INT as u64 | LONG, data: value as u64 }
    }

    #[inline(always)]
    pub(crate) const fn float(bits: u64) -> Node {
        Node { head: tag::FLOAT as u64, data: bits }
    }

    #[inline(always)]
    pub(crate) const fn range(tag: u8, range: Range) -> Node {
        let stored = if range.stored { STORED } else { 0 };
        Node { head: tag as u64 | (range.offset << 8) | stored, data: range.len }
    }

    #[inline(always)]
    pub(crate) const fn number(tag: u8, number: u64) -> Node {
        Node { head: tag as u64, data: number }
    }

    #[inline(always)]
    pub(crate) const fn reference(tag: u8, index: u32) -> Node {
        Node { head: tag as u64 | (index as u64) << 32, data: 0 }
    }

    #[inline(always)]
    pub(crate) const fn header(tag: u8, sub: u8, count: u32) -> Node {
        Node { head: tag as u64 | (sub as u64) << 8 | (count as u64) << 32, data: NIL as u64 | (NIL as u64) << 32 }
    }

    #[inline(always)]
    pub(crate) const fn tag(self) -> u8 {
        self.head as u8
    }

    /// The kind of a chunk, or how an object was made.
    #[inline(always)]
    pub(crate) const fn sub(self) -> u8 {
        (self.head >> 8) as u8
    }

    /// Index of a reference, count of a header or chunk.
    #[inline(always)]
    pub(crate) const fn high(self) -> u32 {
        (self.head >> 32) as u32
    }

    #[inline(always)]
    pub(crate) const fn with_high(self, high: u32) -> Node {
        Node { head: self.head & 0xffff_ffff | (high as u64) << 32, data: self.data }
    }

    #[inline(always)]
    pub(crate) const fn data(self) -> u64 {
        self.data
    }

    #[inline(always)]
    pub(crate) const fn first(self) -> u32 {
        self.data as u32
    }

    #[inline(always)]
    pub(crate) const fn last(self) -> u32 {
        (self.data >> 32) as u32
    }

    #[inline(always)]
    pub(crate) const fn with_chunks(self, first: u32, last: u32) -> Node {
        Node { head: self.head, data: first as u64 | (last as u64) << 32 }
    }

    pub(crate) const fn is_long(self) -> bool {
        self.head & LONG != 0
    }

    pub(crate) const fn is_read_only(self) -> bool {
        self.head & READ_ONLY != 0
    }

    pub(crate) const fn read_only(self) -> Node {
        Node { head: self.head | READ_ONLY, data: self.data }
    }

    #[inline(always)]
    pub(crate) const fn as_range(self) -> Range {
        Range { offset: (self.head & !(STORED | FETCHED)) >> 8, len: self.data, stored: self.head & STORED != 0 }
    }

    /// A run of bytes rather than a number, an atom or a reference.
    #[inline(always)]
    pub(crate) const fn is_range(self) -> bool {
        matches!(
            self.tag(),
            tag::BIG_INT
                | tag::INT_TEXT
                | tag::FLOAT_TEXT
                | tag::STR
                | tag::STR_SURROGATES
                | tag::BYTES
                | tag::STR8
                | tag::GLOBAL
        )
    }

    /// A reference to a container that is still being filled, or its header.
    #[inline(always)]
    pub(crate) const fn is_open(self) -> bool {
        self.head & OPEN != 0
    }

    #[inline(always)]
    pub(crate) const fn opened(self, open: bool) -> Node {
        Node { head: if open { self.head | OPEN } else { self.head & !OPEN }, data: self.data }
    }

    /// The node of a memo entry together with its index, where both fit.
    pub(crate) const fn kept(self, index: u64) -> Option<Node> {
        let numeric = matches!(self.tag(), tag::INT | tag::FLOAT | tag::EXTENSION | tag::BUFFER);
        if numeric || self.data >> KEPT_LEN != 0 || index >> (64 - KEPT_LEN) != 0 {
            return None;
        }
        Some(Node { head: self.head, data: self.data | index << KEPT_LEN })
    }

    /// The index of a kept memo entry.
    pub(crate) const fn kept_index(self) -> u64 {
        self.data >> KEPT_LEN
    }

    /// The node of a kept memo entry.
    pub(crate) const fn kept_node(self) -> Node {
        let fetched = if self.is_range() { FETCHED } else { 0 };
        Node { head: self.head & !fetched, data: self.data & ((1 << KEPT_LEN) - 1) }
    }

    /// A kept memo entry of a run of bytes was fetched.
    pub(crate) const fn is_fetched(self) -> bool {
        self.is_range() && self.head & FETCHED != 0
    }

    pub(crate) const fn fetched(self, fetched: bool) -> Node {
        let bit = if self.is_range() { FETCHED } else { 0 };
        Node { head: if fetched { self.head | bit } else { self.head & !bit }, data: self.data }
    }

    /// The value has identity: an index into the arena.
    #[inline(always)]
    pub(crate) const fn is_reference(self) -> bool {
        self.tag() >= tag::TUPLE
    }

    #[inline(always)]
    pub(crate) const fn is_hashable(self) -> bool {
        self.tag() < tag::UNHASHABLE
    }
}

/// A run of bytes, in the input or in the byte region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub offset: u64,
    pub len: u64,
    pub stored: bool,
}
