//! Messages of a known layout, straight into a struct: no document, no allocation, and an error only in the end.
//!
//! [`message!`](crate::message!) defines a struct and how it is read. The message is a dict with the names of the fields as
//! keys, in any order, or a list or tuple of their values in the order of the struct, and it lies whole in memory.
//!
//! ```
//! use pickle_core::message::{self, List};
//!
//! pickle_core::message! {
//!     /// What a probe sends.
//!     #[derive(Debug, PartialEq)]
//!     struct Telemetry<'i> {
//!         id: u32,
//!         temp: f64,
//!         name: &'i str,
//!         samples: List<u8, 8>,
//!         // May be missing.
//!         unit: Option<&'i str> = None,
//!         // In the message, it is called otherwise.
//!         battery: u8 as "battery-level" = 100,
//!     }
//! }
//!
//! // pickle.dumps({"id": 7, "temp": 21.5, "name": "probe-3", "samples": [1, 2, 3, 4]})
//! let input = b"\x80\x04\x95C\0\0\0\0\0\0\0}\x94(\x8c\x02id\x94K\x07\x8c\x04temp\x94G@5\x80\0\0\0\0\0\x8c\x04name\x94\
//!     \x8c\x07probe-3\x94\x8c\x07samples\x94]\x94(K\x01K\x02K\x03K\x04eu.";
//! let (telemetry, len): (Telemetry, usize) = message::read(input, &mut [0; 16])?;
//! assert_eq!((telemetry.id, telemetry.name, len), (7, "probe-3", input.len()));
//! assert_eq!((telemetry.samples.as_slice(), telemetry.battery), (&[1, 2, 3, 4][..], 100));
//! # Ok::<_, pickle_core::message::Refusal>(())
//! ```
//!
//! It takes every spelling that CPython's pickler, that of 2.7 too, has for such values, in each protocol, and refuses all
//! else with the offset and the [`RefusalReason`]: what it takes, any other reader here takes as the same values. What it
//! refuses though CPython can write it:
//!
//! - ints beyond 64 bits, bools for ints, ints for floats (declare what is sent), and a key that comes twice;
//! - texts with escapes (protocol 0) that are to be borrowed: a [`Text`] has room for them;
//! - floats of protocol 0 without the feature `text-float`;
//! - the bytes of Python 3 in protocols 0 to 2, which are a call of `_codecs.encode`;
//! - a tuple of one to three values of which the first is a message, list or longer tuple, from protocol 2 on: it begins as
//!   that does (a list of messages may be one);
//! - a tuple of one to three values that is there twice as the same object, where one of the values is no number or text;
//! - values that stand together so that only what follows tells them apart: an empty list of texts or an empty nested
//!   message before a value that might be in it, a nested message of one field that it does not know.

mod field;
mod macros;
mod reader;
mod refusal;
mod shape;
mod skip;
mod text;

pub use field::{Bytes, Field, List, Text, Unchecked};
pub use reader::Reader;
pub use refusal::{Refusal, RefusalReason};
pub use shape::{FieldNames, Fields, ItemKind, LazyItems};

/// Reads the message at the start of `input`, and returns it with its length in bytes: what follows is the caller's.
///
/// `memo`: room for the values that the message refers to again ([`Reader::new`]); `&mut []` if it has none.
///
/// # Errors
/// The message is not whole, is damaged, or is another.
pub fn read<'i, T: Field<'i>>(input: &'i [u8], memo: &mut [u32]) -> Result<(T, usize), Refusal> {
    let mut reader = Reader::new(input, memo);
    let value = T::read(&mut reader);
    let len = reader.finish()?;
    Ok((value, len))
}
