//! Arrays of pyarrow: the buffers of Arrow's columnar format, as pyarrow pickles them.
//!
//! `pyarrow.lib._restore_array((type, length, null_count, offset, buffers, children, dictionary))`, alone or in
//! `pyarrow.lib.chunked_array([..], type)`.

use super::{Cell, Piece, Unit};
use crate::view::known::Octets;
use crate::{GlobalName, Items, Kind, Value};

/// A type of Arrow, as far as its cells can be read.
///
/// See the example of [`Table`](super::Table).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ArrowType<'d> {
    /// Only nulls.
    Null,
    /// A bit.
    Bool,
    /// Ints: bits, signed.
    Int(u8, bool),
    /// Floats: bits.
    Float(u8),
    /// Text or bytes behind offsets of 4 or 8 bytes.
    Text {
        /// Text, not bytes.
        utf8: bool,
        /// Offsets of 8 bytes.
        large: bool,
    },
    /// Bytes of one length.
    Fixed(usize),
    /// Date and time, and the zone by its name.
    Timestamp(Unit, Option<&'d str>),
    /// A span of time.
    Duration(Unit),
    /// Days (32 bits) or milliseconds (64 bits) since 1970.
    Date(u8),
    /// Time of day of 32 or 64 bits.
    Time(Unit, u8),
    /// Decimal numbers of 128 bits: precision and scale.
    Decimal(u8, i8),
    /// Indexes (their type) into values (their type).
    Dictionary(Value<'d>, Value<'d>),
}

impl<'d> ArrowType<'d> {
    /// The type that a value of pyarrow is.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        let GlobalName { module, name } = object.class()?;
        if module != "pyarrow.lib" {
            return None;
        }
        let mut args = object.args();
        Some(match name {
            "type_for_alias" => return ArrowType::alias(args.next()?.as_str()?),
            "timestamp" => {
                let unit = Unit::of(args.next()?.as_str()?)?;
                ArrowType::Timestamp(unit, args.next().and_then(|zone| zone.as_str()))
            }
            "duration" => ArrowType::Duration(Unit::of(args.next()?.as_str()?)?),
            "time32" => ArrowType::Time(Unit::of(args.next()?.as_str()?)?, 32),
            "time64" => ArrowType::Time(Unit::of(args.next()?.as_str()?)?, 64),
            "decimal128" => {
                let precision = args.next()?.as_i64()?.try_into().ok()?;
                ArrowType::Decimal(precision, args.next()?.as_i64()?.try_into().ok()?)
            }
            "binary" => ArrowType::Fixed(args.next()?.as_u64()?.try_into().ok()?),
            "dictionary" => ArrowType::Dictionary(args.next()?, args.next()?),
            _ => return None,
        })
    }

    fn alias(name: &'d str) -> Option<Self> {
        let (name, unit) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((name, inner)) => (name, Some(inner)),
            None => (name, None),
        };
        let unit_or = |default| unit.map_or(Some(default), Unit::of);
        Some(match name {
            "null" => ArrowType::Null,
            "bool" | "boolean" => ArrowType::Bool,
            "int8" | "i1" => ArrowType::Int(8, true),
            "int16" | "i2" => ArrowType::Int(16, true),
            "int32" | "i4" => ArrowType::Int(32, true),
            "int64" | "i8" => ArrowType::Int(64, true),
            "uint8" | "u1" => ArrowType::Int(8, false),
            "uint16" | "u2" => ArrowType::Int(16, false),
            "uint32" | "u4" => ArrowType::Int(32, false),
            "uint64" | "u8" => ArrowType::Int(64, false),
            "halffloat" | "float16" | "f2" => ArrowType::Float(16),
            "float" | "float32" | "f4" => ArrowType::Float(32),
            "double" | "float64" | "f8" => ArrowType::Float(64),
            "string" | "str" | "utf8" => ArrowType::Text { utf8: true, large: false },
            "large_string" | "large_str" | "large_utf8" => ArrowType::Text { utf8: true, large: true },
            "binary" => ArrowType::Text { utf8: false, large: false },
            "large_binary" => ArrowType::Text { utf8: false, large: true },
            "date32" => ArrowType::Date(32),
            "date64" => ArrowType::Date(64),
            "time32" => ArrowType::Time(unit_or(Unit::Milli)?, 32),
            "time64" => ArrowType::Time(unit_or(Unit::Micro)?, 64),
            "timestamp" => ArrowType::Timestamp(unit_or(Unit::Nano)?, None),
            "duration" => ArrowType::Duration(unit_or(Unit::Nano)?),
            _ => return None,
        })
    }

    /// Bits of an item in the buffer of values.
    fn bits(self) -> Option<usize> {
        Some(match self {
            ArrowType::Bool => 1,
            ArrowType::Int(bits, _) | ArrowType::Float(bits) | ArrowType::Date(bits) | ArrowType::Time(_, bits) => {
                usize::from(bits)
            }
            ArrowType::Timestamp(..) | ArrowType::Duration(_) => 64,
            ArrowType::Decimal(..) => 128,
            ArrowType::Fixed(len) => len.checked_mul(8)?,
            ArrowType::Null | ArrowType::Text { .. } | ArrowType::Dictionary(..) => return None,
        })
    }
}

/// One array, or one chunk of one.
///
/// See the example of [`Table`](super::Table).
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'d> {
    own: Buffers<'d>,
    /// What the indexes of a dictionary stand for.
    values: Option<Buffers<'d>>,
}

/// An array without its dictionary.
#[derive(Clone, Copy, Debug)]
struct Buffers<'d> {
    kind: ArrowType<'d>,
    len: usize,
    offset: usize,
    validity: Option<Octets<'d>>,
    /// The offsets of text, the indexes of a dictionary, or the values.
    first: Option<Octets<'d>>,
    second: Option<Octets<'d>>,
}

impl<'d> Chunk<'d> {
    /// What `_restore_array` is called with.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        if object.class()? != GlobalName::new("pyarrow.lib", "_restore_array") {
            return None;
        }
        let data = object.args().next()?;
        let own = Buffers::of(data)?;
        let values = match own.kind {
            // It has the same parts, and no call around them.
            ArrowType::Dictionary(..) => Some(Buffers::of(data.at(6)?)?),
            _ => None,
        };
        // A dictionary of dictionaries is none that pyarrow makes.
        let nested = matches!(values, Some(Buffers { kind: ArrowType::Dictionary(..), .. }));
        if nested { None } else { Some(Chunk { own, values }) }
    }

    /// Items.
    pub fn len(&self) -> usize {
        self.own.len
    }

    /// No items.
    pub fn is_empty(&self) -> bool {
        self.own.len == 0
    }

    /// The type.
    pub fn kind(&self) -> ArrowType<'d> {
        self.own.kind
    }

    /// The item at an index.
    pub fn cell(&self, index: usize) -> Option<Cell<'d>> {
        let (ArrowType::Dictionary(indexes, _), Some(values)) = (self.own.kind, &self.values) else {
            return self.own.cell(index);
        };
        match (Buffers { kind: ArrowType::of(indexes)?, ..self.own }).cell(index)? {
            Cell::Null => Some(Cell::Null),
            place => values.cell(usize::try_from(place.as_int()?).ok()?),
        }
    }

    /// The same with all buffers in one piece, see [`super::Lane::with_bytes`].
    pub fn with_bytes(self, copy: &mut dyn FnMut(Octets<'d>) -> &'d [u8]) -> Self {
        Chunk { own: self.own.with_bytes(copy), values: self.values.map(|values| values.with_bytes(copy)) }
    }
}

impl<'d> Buffers<'d> {
    /// `(type, length, null_count, offset, buffers, ..)`
    fn of(data: Value<'d>) -> Option<Self> {
        let mut parts = data.items()?;
        let kind = ArrowType::of(parts.next()?)?;
        let len = usize::try_from(parts.next()?.as_u64()?).ok()?;
        let _nulls = parts.next()?;
        let offset = usize::try_from(parts.next()?.as_u64()?).ok()?;
        let mut buffers = parts.next()?.items()?;
        let mut buffer = || match buffers.next() {
            Some(value) if value.is_none() => Some(None),
            Some(value) => {
                let object = value.as_object()?;
                let inner = if object.class()?.name == "py_buffer" { object.args().next()? } else { value };
                Octets::of(inner).map(Some)
            }
            None => Some(None),
        };
        let it = Buffers { kind, len, offset, validity: buffer()?, first: buffer()?, second: buffer()? };
        if it.fits()? { Some(it) } else { None }
    }

    /// All buffers are as long as the array says.
    fn fits(&self) -> Option<bool> {
        let end = self.offset.checked_add(self.len)?;
        let has = |octets: Option<Octets<'d>>, bits: usize| match octets {
            Some(octets) => Some(octets.len() >= end.checked_mul(bits)?.div_ceil(8)),
            None => Some(self.len == 0),
        };
        if let Some(validity) = self.validity
            && validity.len() < end.div_ceil(8)
        {
            return Some(false);
        }
        match self.kind {
            ArrowType::Null => Some(true),
            ArrowType::Text { large, .. } => {
                let width = if large { 8usize } else { 4 };
                Some(match self.first {
                    Some(first) => first.len() >= end.checked_add(1)?.checked_mul(width)? || self.len == 0,
                    None => self.len == 0,
                })
            }
            ArrowType::Dictionary(index, _) => has(self.first, ArrowType::of(index)?.bits()?),
            kind => has(self.first, kind.bits()?),
        }
    }

    fn is_valid(&self, at: usize) -> Option<bool> {
        match self.validity {
            None => Some(true),
            Some(bits) => Some(byte(bits, at / 8)? >> (at % 8) & 1 == 1),
        }
    }

    fn cell(&self, index: usize) -> Option<Cell<'d>> {
        if index >= self.len {
            return None;
        }
        let at = self.offset.checked_add(index)?;
        if !self.is_valid(at)? {
            return Some(Cell::Null);
        }
        let word = |size: usize| {
            let bytes = take::<16>(self.first?, at.checked_mul(size)?, size)?;
            Some(u128::from_le_bytes(bytes))
        };
        let signed = |bits: u8| {
            let shift = 128u32.checked_sub(u32::from(bits))?;
            Some((word(usize::from(bits / 8))? << shift) as i128 >> shift)
        };
        Some(match self.kind {
            ArrowType::Null => Cell::Null,
            ArrowType::Bool => Cell::Bool(byte(self.first?, at / 8)? >> (at % 8) & 1 == 1),
            ArrowType::Int(bits, true) => Cell::Int(signed(bits)? as i64),
            ArrowType::Int(bits, false) => Cell::Uint(word(usize::from(bits / 8))? as u64),
            ArrowType::Float(16) => Cell::Float(crate::view::known::half(word(2)? as u16), 16),
            ArrowType::Float(32) => Cell::Float(f64::from(f32::from_bits(word(4)? as u32)), 32),
            ArrowType::Float(_) => Cell::Float(f64::from_bits(word(8)? as u64), 64),
            ArrowType::Timestamp(unit, _) => Cell::DateTime(signed(64)? as i64, unit),
            ArrowType::Duration(unit) => Cell::TimeDelta(signed(64)? as i64, unit),
            ArrowType::Date(32) => Cell::Date(signed(32)? as i32),
            ArrowType::Date(_) => Cell::Date((signed(64)? as i64).div_euclid(86_400_000).try_into().ok()?),
            ArrowType::Time(unit, bits) => Cell::Time(signed(bits)? as i64, unit),
            ArrowType::Decimal(_, scale) => Cell::Decimal(signed(128)?, scale),
            ArrowType::Fixed(len) => Cell::Bytes(self.piece(self.first?, at.checked_mul(len)?, len)?),
            ArrowType::Text { utf8, large } => {
                let size = if large { 8usize } else { 4 };
                let offset = |at: usize| {
                    let bytes = take::<8>(self.first?, at.checked_mul(size)?, size)?;
                    usize::try_from(u64::from_le_bytes(bytes)).ok()
                };
                let (from, to) = (offset(at)?, offset(at.checked_add(1)?)?);
                let len = to.checked_sub(from)?;
                let piece = match self.second {
                    None if len == 0 => return Some(Cell::Text("")),
                    data => self.piece(data?, from, len)?,
                };
                match piece.as_slice() {
                    Some(bytes) if utf8 => Cell::Text(core::str::from_utf8(bytes).ok()?),
                    _ if utf8 && piece.bytes().all(|byte| byte.is_ascii()) => Cell::Text(piece.ascii()?),
                    _ => Cell::Bytes(piece),
                }
            }
            ArrowType::Dictionary(..) => return None,
        })
    }

    fn piece(&self, octets: Octets<'d>, from: usize, len: usize) -> Option<Piece<'d>> {
        let rest = super::lane::skip(octets, from)?;
        match rest.as_slice() {
            Some(slice) => Some(Piece::new(Octets::raw(slice.get(..len)?), len)),
            None if rest.take(len).count() == len => Some(Piece::new(rest, len)),
            None => None,
        }
    }

    fn with_bytes(mut self, copy: &mut dyn FnMut(Octets<'d>) -> &'d [u8]) -> Self {
        for buffer in [&mut self.validity, &mut self.first, &mut self.second] {
            if let Some(octets) = *buffer
                && octets.as_slice().is_none()
            {
                *buffer = Some(Octets::raw(copy(octets)));
            }
        }
        self
    }
}

fn byte(octets: Octets<'_>, at: usize) -> Option<u8> {
    match octets.as_slice() {
        Some(slice) => slice.get(at).copied(),
        None => {
            let mut octets = octets;
            octets.nth(at)
        }
    }
}

fn take<const N: usize>(octets: Octets<'_>, at: usize, len: usize) -> Option<[u8; N]> {
    let mut wide = [0; N];
    let slots = wide.get_mut(..len)?;
    match octets.as_slice() {
        Some(slice) => slots.copy_from_slice(slice.get(at..at.checked_add(len)?)?),
        None => {
            let mut rest = super::lane::skip(octets, at)?;
            for slot in slots {
                *slot = rest.next()?;
            }
        }
    }
    Some(wide)
}

/// An array or a chunked array.
///
/// See the example of [`Table`](super::Table).
#[derive(Clone, Copy, Debug)]
pub struct Arrow<'d> {
    value: Value<'d>,
    kind: ArrowType<'d>,
    len: usize,
}

impl<'d> Arrow<'d> {
    /// From what pandas keeps in `_pa_array` or `_data`.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        match object.class()?.pair() {
            ("pyarrow.lib", "_restore_array") => {
                let chunk = Chunk::of(value)?;
                Some(Arrow { value, kind: chunk.kind(), len: chunk.len() })
            }
            ("pyarrow.lib", "chunked_array") => {
                let mut args = object.args();
                let chunks = args.next()?;
                let kind = ArrowType::of(args.next()?)?;
                let len = chunks.items()?.try_fold(0usize, |len, chunk| len.checked_add(Chunk::of(chunk)?.len()))?;
                if !matches!(chunks.kind(), Kind::List | Kind::Tuple) {
                    return None;
                }
                Some(Arrow { value, kind, len })
            }
            _ => None,
        }
    }

    /// Items of all chunks.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No items.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The type.
    pub fn kind(&self) -> ArrowType<'d> {
        self.kind
    }

    /// The chunks.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk<'d>> + use<'d> {
        let object = self.value.as_object();
        let many: Option<Items<'d>> = match object.and_then(|object| object.class()).map(GlobalName::pair) {
            Some((_, "chunked_array")) => object.and_then(|object| object.args().next()?.items()),
            _ => None,
        };
        let one = if many.is_none() { Chunk::of(self.value) } else { None };
        one.into_iter().chain(many.into_iter().flatten().filter_map(Chunk::of))
    }

    /// The item at an index: linear in the number of chunks.
    pub fn cell(&self, index: usize) -> Option<Cell<'d>> {
        let mut index = index;
        for chunk in self.chunks() {
            match index.checked_sub(chunk.len()) {
                None => return chunk.cell(index),
                Some(rest) => index = rest,
            }
        }
        None
    }
}
