//! Types that a field may have.

use super::reader::Reader;
use super::refusal::RefusalReason;
use super::shape::ItemKind;
use super::writer::MessageWriter;
use crate::BufferFull;

/// A type that a field of a message may have.
///
/// ```
/// use pickle_core::message::{self, Field, ItemKind, Reader, MessageWriter};
///
/// struct Celsius(f64);
/// impl<'i> Field<'i> for Celsius {
///     const EMPTY: Self = Celsius(0.0);
///     const KIND: ItemKind = ItemKind::Number;
///     fn read(reader: &mut Reader<'i, '_>) -> Self {
///         Celsius(reader.float())
///     }
///     fn write(&self, writer: &mut MessageWriter<'_>) {
///         writer.float(self.0);
///     }
/// }
///
/// // pickle.dumps(21.5)
/// let temp = message::read::<Celsius>(b"\x80\x04\x95\n\0\0\0\0\0\0\0G@5\x80\0\0\0\0\0.", &mut [])?.value;
/// assert_eq!(temp.0, 21.5);
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
pub trait Field<'i>: Sized {
    /// What stands in its place until it is read.
    const EMPTY: Self;

    /// What a list of them holds.
    const KIND: ItemKind;

    /// Reads the next value. After a refusal, [`Field::EMPTY`] or what was read so far.
    fn read(reader: &mut Reader<'i, '_>) -> Self;

    /// Writes the value.
    fn write(&self, writer: &mut MessageWriter<'_>);
}

macro_rules! ints {
    ($($int:ty)*) => { $(
        impl Field<'_> for $int {
            const EMPTY: Self = 0;
            const KIND: ItemKind = ItemKind::Number;

            #[inline]
            fn read(reader: &mut Reader<'_, '_>) -> Self {
                let int = reader.int();
                if int != i64::from(int as $int) {
                    reader.refuse(RefusalReason::OutOfRange);
                }
                int as $int
            }

            #[inline]
            fn write(&self, writer: &mut MessageWriter<'_>) {
                writer.int(i64::from(*self));
            }
        }
    )* };
}

ints!(i8 i16 i32 i64 u8 u16 u32);

impl Field<'_> for bool {
    const EMPTY: Self = false;
    const KIND: ItemKind = ItemKind::Number;

    #[inline]
    fn read(reader: &mut Reader<'_, '_>) -> Self {
        reader.bool()
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        writer.bool(*self);
    }
}

impl Field<'_> for f64 {
    const EMPTY: Self = 0.0;
    const KIND: ItemKind = ItemKind::Number;

    #[inline]
    fn read(reader: &mut Reader<'_, '_>) -> Self {
        reader.float()
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        writer.float(*self);
    }
}

impl<'i> Field<'i> for &'i str {
    const EMPTY: Self = "";
    const KIND: ItemKind = ItemKind::Text;

    #[inline]
    fn read(reader: &mut Reader<'i, '_>) -> Self {
        reader.str()
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        writer.str(self);
    }
}

impl<'i> Field<'i> for &'i [u8] {
    const EMPTY: Self = &[];
    const KIND: ItemKind = ItemKind::Text;

    #[inline]
    fn read(reader: &mut Reader<'i, '_>) -> Self {
        reader.bytes()
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        writer.bytes(self);
    }
}

/// A str, borrowed and not checked to be UTF-8: the check takes flash, and time for every byte.
///
/// ```
/// use pickle_core::message::{self, Unchecked};
///
/// // pickle.dumps("hi", 2)
/// let text = message::read::<Unchecked>(b"\x80\x02X\x02\0\0\0hiq\0.", &mut [])?.value;
/// assert_eq!(text.0, b"hi");
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unchecked<'i>(pub &'i [u8]);

impl<'i> Field<'i> for Unchecked<'i> {
    const EMPTY: Self = Unchecked(&[]);
    const KIND: ItemKind = ItemKind::Text;

    #[inline]
    fn read(reader: &mut Reader<'i, '_>) -> Self {
        Unchecked(reader.str_bytes())
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        writer.str_bytes(self.0);
    }
}

/// None, or a value.
impl<'i, T: Field<'i>> Field<'i> for Option<T> {
    const EMPTY: Self = None;
    const KIND: ItemKind = T::KIND;

    #[inline]
    fn read(reader: &mut Reader<'i, '_>) -> Self {
        if reader.none() { None } else { Some(T::read(reader)) }
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        match self {
            Some(value) => value.write(writer),
            None => writer.none(),
        }
    }
}

/// A list or tuple of exactly so many items.
impl<'i, T: Field<'i>, const N: usize> Field<'i> for [T; N] {
    const EMPTY: Self = [const { T::EMPTY }; N];
    const KIND: ItemKind = ItemKind::Container;

    #[inline]
    fn read(reader: &mut Reader<'i, '_>) -> Self {
        let mut items = Self::EMPTY;
        if read_items(reader, &mut items, Some(N)) < N {
            reader.refuse(RefusalReason::TooShort);
        }
        items
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        write_items(writer, self);
    }
}

/// Reads a list or tuple; returns the number of items.
fn read_items<'i, T: Field<'i>>(reader: &mut Reader<'i, '_>, slots: &mut [T], exactly: Option<usize>) -> usize {
    let mut items = reader.items(T::KIND, exactly);
    let room = slots.len();
    let mut slots = slots.iter_mut();
    while reader.item(&mut items) {
        // One item more may be none of the list, which only what follows it tells.
        let item = T::read(reader);
        if let Some(slot) = slots.next() {
            *slot = item;
        }
    }
    if items.count() > room {
        reader.refuse(RefusalReason::TooLong);
    }
    items.count()
}

fn write_items<'i, T: Field<'i>>(writer: &mut MessageWriter<'_>, items: &[T]) {
    writer.list(items.len(), |writer, index| {
        if let Some(item) = items.get(index) {
            item.write(writer);
        }
    });
}

/// A list or tuple of at most `N` items, in place.
///
/// ```
/// use pickle_core::message::{self, List, RefusalReason};
///
/// // pickle.dumps([1, 2, 3], 2)
/// let input = b"\x80\x02]q\0(K\x01K\x02K\x03e.";
/// let list = message::read::<List<u8, 4>>(input, &mut [])?.value;
/// assert_eq!(list.as_slice(), [1, 2, 3]);
/// let refusal = message::read::<List<u8, 2>>(input, &mut []).err();
/// assert_eq!(refusal.map(|refusal| refusal.reason()), Some(RefusalReason::TooLong));
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct List<T, const N: usize> {
    items: [T; N],
    len: usize,
}

impl<T, const N: usize> From<[T; N]> for List<T, N> {
    fn from(items: [T; N]) -> Self {
        List { items, len: N }
    }
}

impl<'i, T: Field<'i> + Clone, const N: usize> TryFrom<&[T]> for List<T, N> {
    type Error = BufferFull;

    /// Copies the items; more than `N` are an error.
    fn try_from(items: &[T]) -> Result<Self, BufferFull> {
        let mut list = Self::EMPTY;
        list.items.get_mut(..items.len()).ok_or(BufferFull)?.clone_from_slice(items);
        list.len = items.len();
        Ok(list)
    }
}

impl<T, const N: usize> List<T, N> {
    /// The items.
    pub fn as_slice(&self) -> &[T] {
        self.items.get(..self.len).unwrap_or_default()
    }
}

impl<T: PartialEq, const N: usize> PartialEq for List<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<'i, T: Field<'i>, const N: usize> Field<'i> for List<T, N> {
    const EMPTY: Self = List { items: [const { T::EMPTY }; N], len: 0 };
    const KIND: ItemKind = ItemKind::Container;

    #[inline]
    fn read(reader: &mut Reader<'i, '_>) -> Self {
        let mut list = Self::EMPTY;
        list.len = read_items(reader, &mut list.items, None);
        list
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        write_items(writer, self.as_slice());
    }
}

/// A str of at most `N` bytes of UTF-8, in place: also one that is written with escapes.
///
/// ```
/// use pickle_core::message::{self, Text};
///
/// // pickle.dumps("1 \u20ac", 0)
/// let price = message::read::<Text<8>>(b"V1 \\u20ac\np0\n.", &mut [])?.value;
/// assert_eq!(price.as_str(), "1 \u{20ac}");
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> TryFrom<&str> for Text<N> {
    type Error = BufferFull;

    /// Copies the str; more than `N` bytes of UTF-8 are an error.
    fn try_from(text: &str) -> Result<Self, BufferFull> {
        Bytes::try_from(text.as_bytes()).map(|Bytes { bytes, len }| Text { bytes, len })
    }
}

impl<const N: usize> Text<N> {
    /// The str.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The bytes of its UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl<const N: usize> PartialEq for Text<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Field<'_> for Text<N> {
    const EMPTY: Self = Text { bytes: [0; N], len: 0 };
    const KIND: ItemKind = ItemKind::Text;

    #[inline]
    fn read(reader: &mut Reader<'_, '_>) -> Self {
        let mut text = Self::EMPTY;
        text.len = reader.str_into(&mut text.bytes);
        text
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        writer.str_bytes(self.as_bytes());
    }
}

/// At most `N` bytes, in place.
///
/// ```
/// use pickle_core::message::{self, Bytes};
///
/// // pickle.dumps(b"\x01\x02", 3)
/// let bytes = message::read::<Bytes<4>>(b"\x80\x03C\x02\x01\x02q\0.", &mut [])?.value;
/// assert_eq!(bytes.as_slice(), [1, 2]);
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bytes<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> TryFrom<&[u8]> for Bytes<N> {
    type Error = BufferFull;

    /// Copies the bytes; more than `N` are an error.
    fn try_from(from: &[u8]) -> Result<Self, BufferFull> {
        let mut bytes = Self::EMPTY;
        bytes.bytes.get_mut(..from.len()).ok_or(BufferFull)?.copy_from_slice(from);
        bytes.len = from.len();
        Ok(bytes)
    }
}

impl<const N: usize> Bytes<N> {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl<const N: usize> PartialEq for Bytes<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<const N: usize> Field<'_> for Bytes<N> {
    const EMPTY: Self = Bytes { bytes: [0; N], len: 0 };
    const KIND: ItemKind = ItemKind::Text;

    #[inline]
    fn read(reader: &mut Reader<'_, '_>) -> Self {
        let mut bytes = Self::EMPTY;
        bytes.len = reader.bytes_into(&mut bytes.bytes);
        bytes
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>) {
        writer.bytes(self.as_slice());
    }
}
