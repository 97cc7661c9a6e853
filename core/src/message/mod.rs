//! Messages of a known layout, straight into a struct and out of it: no document, no allocation, and an error only in the end.
//!
//! [`message!`](crate::message!) defines a struct and how it is read and written. The message is a dict with the names of the fields as
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
//! let message = message::read::<Telemetry>(input, &mut [0; 16])?;
//! let telemetry = message.value;
//! assert_eq!((telemetry.id, telemetry.name, message.len), (7, "probe-3", input.len()));
//! assert_eq!((telemetry.samples.as_slice(), telemetry.battery), (&[1, 2, 3, 4][..], 100));
//!
//! // And back, with all fields of the struct.
//! let mut buffer = [0; 128];
//! let len = message::write(&telemetry, &mut buffer).expect("room");
//! assert_eq!(message::read::<Telemetry>(&buffer[..len], &mut [])?.value, telemetry);
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
mod writer;

pub use field::{Bytes, Field, List, Text, Unchecked};
pub use reader::Reader;
pub use refusal::{Refusal, RefusalReason};
pub use shape::{FieldNames, Fields, ItemKind, LazyItems};
pub use writer::{MessageWriter, TooSmall};

/// A message that was read.
///
/// ```
/// use pickle_core::message;
///
/// // pickle.dumps(5, 2) + pickle.dumps(6, 2)
/// let two = b"\x80\x02K\x05.\x80\x02K\x06.";
/// let first = message::read::<u8>(two, &mut [])?;
/// let second = message::read::<u8>(&two[first.len..], &mut [])?;
/// assert_eq!((first.value, second.value), (5, 6));
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<T> {
    /// What the message says.
    pub value: T,
    /// Its bytes; what follows them is the caller's.
    pub len: usize,
}

/// Reads the message at the start of `input`.
///
/// `memo`: room for the values that the message refers to again ([`Reader::new`]); `&mut []` if it has none.
///
/// # Errors
/// The message is not whole, is damaged, or is another.
pub fn read<'i, T: Field<'i>>(input: &'i [u8], memo: &mut [u32]) -> Result<Message<T>, Refusal> {
    let mut reader = Reader::new(input, memo);
    let value = T::read(&mut reader);
    let len = reader.finish()?;
    Ok(Message { value, len })
}

/// Writes a message to the start of `buffer`; returns its length in bytes.
///
/// It is what CPython's pickler writes with protocol 4, but without a frame and without what it puts into the memo: a
/// struct of [`message!`](crate::message!) is a dict of all its fields, in their order.
///
/// ```
/// use pickle_core::message;
///
/// pickle_core::message! {
///     struct Reading {
///         id: u32,
///         temp: f64 as "t",
///     }
/// }
///
/// let (reading, mut buffer) = (Reading { id: 7, temp: 21.5 }, [0; 64]);
/// let len = message::write(&reading, &mut buffer)?;
/// assert_eq!(buffer[..len], *b"\x80\x04}(\x8c\x02idK\x07\x8c\x01tG@5\x80\0\0\0\0\0u.");
/// let small = message::write(&reading, &mut [0; 20]).err();
/// assert_eq!(small.map(|small| small.needed), Some(24));
/// # Ok::<_, message::TooSmall>(())
/// ```
///
/// # Errors
/// The buffer is too small. What it has then is of no use.
pub fn write<'i, T: Field<'i>>(value: &T, buffer: &mut [u8]) -> Result<usize, TooSmall> {
    let mut writer = MessageWriter::new(buffer);
    value.write(&mut writer);
    writer.finish()
}
