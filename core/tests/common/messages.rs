//! Layouts of messages, and whether what was read with them is what a document has.

use pickle_core::message::{self, Bytes, Field, List, Refusal, Text};
use pickle_core::{Heap, Kind, Options, Unpickler, Value};

pickle_core::message! {
    /// As the firmware reads it.
    #[derive(Debug, PartialEq)]
    pub struct Telemetry<'i> {
        pub id: u32,
        pub temp: f64,
        pub name: &'i str,
        pub samples: [u8; 4],
    }
}

pickle_core::message! {
    /// One within another.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Point {
        pub x: i64 = 0,
        pub y: Option<f64> = None,
    }
}

pickle_core::message! {
    /// Every type, and fields that may be missing.
    #[derive(Debug, PartialEq)]
    pub struct Wide<'i> {
        pub pos: Point,
        pub flag: bool,
        pub big: i64,
        pub small: i8 = -1,
        pub name: Text<40>,
        pub raw: &'i str = "",
        pub blob: Bytes<32> = <Bytes<32> as Field>::EMPTY,
        pub view: &'i [u8] = b"",
        pub note: Option<Text<40>> = None,
        pub counts: List<i32, 1100>,
        pub pair: [f64; 2],
        pub tags: List<Text<20>, 8>,
        pub track: List<Point, 5>,
        pub other: i32 as "another name" = 5,
    }
}

pickle_core::message! {
    /// Skips what it does not know.
    #[derive(Debug, PartialEq)]
    pub struct Part<'i> {
        pub id: i64 = 0,
        pub name: &'i str = "",
        pub pos: Point = <Point as Field>::EMPTY,
        pub pair: List<f64, 3> = <List<f64, 3> as Field>::EMPTY,
        ..
    }
}

/// A value that was read, and the same in a document; `None` where the message lacked it.
pub trait Same {
    fn same(&self, value: Value<'_>) -> bool;
}

/// The field of a message: by its name, or by its place.
fn part<'d>(message: Value<'d>, place: usize, name: &str) -> Option<Value<'d>> {
    if message.kind() == Kind::Dict { message.get(name) } else { message.at(place) }
}

fn same_part<T: Same + PartialEq>(message: Value<'_>, place: usize, name: &str, read: &T, default: Option<&T>) -> bool {
    match part(message, place, name) {
        Some(value) => read.same(value),
        None => default == Some(read),
    }
}

macro_rules! ints {
    ($($int:ty)*) => { $(
        impl Same for $int {
            fn same(&self, value: Value<'_>) -> bool {
                value.as_i64() == Some(i64::from(*self))
            }
        }
    )* };
}

ints!(i8 i32 i64 u8 u32);

impl Same for bool {
    fn same(&self, value: Value<'_>) -> bool {
        value.as_bool() == Some(*self)
    }
}

impl Same for f64 {
    fn same(&self, value: Value<'_>) -> bool {
        value.as_f64().map(f64::to_bits) == Some(self.to_bits())
    }
}

impl Same for &str {
    fn same(&self, value: Value<'_>) -> bool {
        value.as_str() == Some(self)
    }
}

impl<const N: usize> Same for Text<N> {
    fn same(&self, value: Value<'_>) -> bool {
        value.as_str() == Some(self.as_str())
    }
}

impl Same for &[u8] {
    fn same(&self, value: Value<'_>) -> bool {
        value.as_bytes() == Some(self)
    }
}

impl<const N: usize> Same for Bytes<N> {
    fn same(&self, value: Value<'_>) -> bool {
        value.as_bytes() == Some(self.as_slice())
    }
}

impl<T: Same> Same for Option<T> {
    fn same(&self, value: Value<'_>) -> bool {
        self.as_ref().map_or(value.is_none(), |inner| inner.same(value))
    }
}

fn same_items<T: Same>(items: &[T], value: Value<'_>) -> bool {
    let is_list = matches!(value.kind(), Kind::List | Kind::Tuple);
    is_list
        && value.len() == items.len()
        && items.iter().zip(value.items().unwrap()).all(|(item, value)| item.same(value))
}

impl<T: Same, const N: usize> Same for [T; N] {
    fn same(&self, value: Value<'_>) -> bool {
        same_items(self, value)
    }
}

impl<T: Same, const N: usize> Same for List<T, N> {
    fn same(&self, value: Value<'_>) -> bool {
        same_items(self.as_slice(), value)
    }
}

impl Same for Telemetry<'_> {
    fn same(&self, value: Value<'_>) -> bool {
        value.len() == 4
            && same_part(value, 0, "id", &self.id, None)
            && same_part(value, 1, "temp", &self.temp, None)
            && same_part(value, 2, "name", &self.name, None)
            && same_part(value, 3, "samples", &self.samples, None)
    }
}

impl Same for Point {
    fn same(&self, value: Value<'_>) -> bool {
        value.len() <= 2
            && same_part(value, 0, "x", &self.x, Some(&0))
            && same_part(value, 1, "y", &self.y, Some(&None))
    }
}

impl Same for Wide<'_> {
    fn same(&self, value: Value<'_>) -> bool {
        let empty = <Bytes<32> as Field>::EMPTY;
        same_part(value, 0, "pos", &self.pos, None)
            && same_part(value, 1, "flag", &self.flag, None)
            && same_part(value, 2, "big", &self.big, None)
            && same_part(value, 3, "small", &self.small, Some(&-1))
            && same_part(value, 4, "name", &self.name, None)
            && same_part(value, 5, "raw", &self.raw, Some(&""))
            && same_part(value, 6, "blob", &self.blob, Some(&empty))
            && same_part(value, 7, "view", &self.view, Some(&&b""[..]))
            && same_part(value, 8, "note", &self.note, Some(&None))
            && same_part(value, 9, "counts", &self.counts, None)
            && same_part(value, 10, "pair", &self.pair, None)
            && same_part(value, 11, "tags", &self.tags, None)
            && same_part(value, 12, "track", &self.track, None)
            && same_part(value, 13, "another name", &self.other, Some(&5))
    }
}

impl Same for Part<'_> {
    fn same(&self, value: Value<'_>) -> bool {
        same_part(value, 0, "id", &self.id, Some(&0))
            && same_part(value, 1, "name", &self.name, Some(&""))
            && same_part(value, 2, "pos", &self.pos, Some(&<Point as Field>::EMPTY))
            && same_part(value, 3, "pair", &self.pair, Some(&<List<f64, 3> as Field>::EMPTY))
    }
}

/// Reads a message as `T`, and checks that a document of the same bytes has the same values. `skips`: a document may
/// refuse what `T` skips.
pub fn check<'i, T: Field<'i> + Same>(input: &'i [u8], memo: &mut [u32], skips: bool) -> Result<T, Refusal> {
    let read = message::read::<T>(input, memo);
    if let Err(refusal) = &read {
        assert!(refusal.offset() <= input.len());
        assert_eq!(refusal.byte(), input.get(refusal.offset()).copied().unwrap_or(0));
    }
    let message::Message { value, len, .. } = read?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    match unpickler.load(&input[..len]) {
        Ok(document) => {
            assert!(value.same(document.root()), "other values than those of the document: {input:02x?}");
            assert_eq!(unpickler.offset(), len as u64);
        }
        Err(error) => assert!(skips, "{error}"),
    }
    Ok(value)
}
