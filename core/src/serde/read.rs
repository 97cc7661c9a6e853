//! Front ends of reading: slices, readers, values.

use super::de::{Context, Lent, Reader, UNWATCHED};
use super::direct;
use super::error::{Result, SerdeError, SerdeErrorKind};
use super::options::DeOptions;
use crate::{Memory, Status, Unpickler, Value};
use ::serde::Deserialize;
use ::serde::de::{DeserializeOwned, Visitor};
use core::cell::Cell;

/// Reads a pickle into a type. Strings and bytes may be borrowed from `input`.
///
/// ```
/// use pickle_core::serde::from_slice;
/// let pair: (&str, u8) = from_slice(b"\x80\x02X\x03\x00\x00\x00abcK\x07\x86.", Default::default())?;
/// assert_eq!(pair, ("abc", 7));
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
///
/// # Errors
/// The pickle is damaged, its values are not what the type asks for, a limit is reached, or
/// bytes follow it.
#[cfg(feature = "alloc")]
pub fn from_slice<'de, T: Deserialize<'de>>(input: &'de [u8], options: DeOptions) -> Result<T> {
    from_slice_in(input, crate::Heap::new(), options)
}

/// Reads a pickle into a type, in memory of the caller's: fixed, or to be used again.
/// Strings and bytes may be borrowed from `input`, not from `memory`.
///
/// ```
/// use pickle_core::{Node, Storage, serde::from_slice_in};
/// let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 16], [Node::EMPTY; 4], [0; 16]);
/// let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
/// let pair: (&str, u8) = from_slice_in(b"\x80\x02X\x03\x00\x00\x00abcK\x07\x86.", storage, Default::default())?;
/// assert_eq!(pair, ("abc", 7));
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
///
/// # Errors
/// As [`from_slice`], and the region of `memory` that is too small.
pub fn from_slice_in<'de, T: Deserialize<'de>>(input: &'de [u8], memory: impl Memory, options: DeOptions) -> Result<T> {
    let mut deserializer = Deserializer::new(input, memory, options);
    let value = deserializer.read()?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a pickle from a reader to its end, and that into a type.
///
/// # Errors
/// As [`from_slice`], and what the reader says.
#[cfg(feature = "std")]
pub fn from_reader<R: std::io::Read, T: DeserializeOwned>(mut reader: R, options: DeOptions) -> Result<T> {
    let mut input = alloc::vec::Vec::new();
    match reader.read_to_end(&mut input) {
        Ok(_) => from_slice(&input, options),
        Err(error) => {
            Err(SerdeError::new(SerdeErrorKind::Io(error.kind().into()), format_args!("reading failed: {error}")))
        }
    }
}

/// Reads a pickle into a type, from a reader and in memory of the caller's. `buffer` bounds what is read at a time;
/// what it holds beyond the end of the pickle is lost, and an error where
/// [`DeOptions::allow_trailing`] is not set.
///
/// # Errors
/// As [`from_slice_in`], and what the reader says.
pub fn from_reader_in<R: embedded_io::Read, T: DeserializeOwned>(
    mut reader: R,
    memory: impl Memory,
    buffer: &mut [u8],
    options: DeOptions,
) -> Result<T> {
    let mut unpickler = Unpickler::new(memory, options.pickle);
    loop {
        let n = match reader.read(buffer) {
            Ok(n) => n,
            Err(error) => {
                let kind = embedded_io::Error::kind(&error);
                return Err(SerdeError::new(SerdeErrorKind::Io(kind), format_args!("reading failed: {kind}")));
            }
        };
        if n == 0 {
            unpickler.finish()?;
            break;
        }
        let mut piece = buffer.get(..n).unwrap_or_default();
        if unpickler.feed(&mut piece)? == Status::Done {
            if !piece.is_empty() && !options.allow_trailing {
                return Err(trailing(unpickler.offset()));
            }
            break;
        }
    }
    let document = unpickler.document();
    let root = document.root();
    let values = options.values_for(usize::try_from(unpickler.offset()).unwrap_or(usize::MAX));
    let lent = Lent { input: &[], stored: None };
    let cx = Context {
        document: &document,
        lent,
        max_depth: options.max_depth,
        budget: Cell::new(values),
        python2: document.is_python2(),
        watched: Cell::new(UNWATCHED),
    };
    T::deserialize(Reader::root(&cx, root.node)).map_err(SerdeError::rooted)
}

/// Reads a value of a document into a type. Strings and bytes may be borrowed from the document.
///
/// # Errors
/// The value is not what the type asks for, or deeper than [`DeOptions::max_depth`] is by default.
pub fn from_value<'de, T: Deserialize<'de>>(value: &Value<'de>) -> Result<T> {
    T::deserialize(*value).map_err(SerdeError::rooted)
}

#[cold]
fn trailing(offset: u64) -> SerdeError {
    SerdeError::new(SerdeErrorKind::Trailing, format_args!("bytes follow the pickle")).at_offset(Some(offset))
}

/// Reads one pickle after another from a slice, each into a type.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, serde::Deserializer};
/// let mut deserializer = Deserializer::new(b"K\x01.K\x02.", Heap::new(), Default::default());
/// assert_eq!(deserializer.read::<u8>()?, 1);
/// assert_eq!(deserializer.read::<u8>()?, 2);
/// assert!(deserializer.is_end());
/// # }
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
pub struct Deserializer<'de, M> {
    unpickler: Unpickler<M>,
    input: &'de [u8],
    at: usize,
    options: DeOptions,
}

impl<'de, M: Memory> Deserializer<'de, M> {
    /// A reader at the start of `input`.
    pub fn new(input: &'de [u8], memory: M, options: DeOptions) -> Self {
        Deserializer { unpickler: Unpickler::new(memory, options.pickle), input, at: 0, options }
    }

    /// Reads the next pickle.
    ///
    /// # Errors
    /// As [`from_slice`], but bytes may follow.
    pub fn read<T: Deserialize<'de>>(&mut self) -> Result<T> {
        match direct::read(self.input, self.at, self.unpickler.memory(), &self.options) {
            Ok((value, end)) => {
                self.at = end;
                Ok(value)
            }
            // The error is what the document says, and the place is the same.
            Err(refused) => T::deserialize(self).map_err(|error| match error.path() {
                Some(_) => error.at_offset(refused),
                None => error,
            }),
        }
    }

    /// Bytes of the input that were read.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Nothing is left.
    pub fn is_end(&self) -> bool {
        self.at >= self.input.len()
    }

    /// Says that nothing should be left.
    ///
    /// # Errors
    /// [`SerdeErrorKind::Trailing`], unless that is allowed.
    pub fn end(&self) -> Result<()> {
        if self.is_end() || self.options.allow_trailing { Ok(()) } else { Err(trailing(self.at as u64)) }
    }

    fn with<T>(&mut self, read: impl FnOnce(Reader<'_, 'de>) -> Result<T>) -> Result<T> {
        let document = self.unpickler.load_at(self.input, self.at)?;
        let lent = Lent { input: self.input, stored: None };
        let budget = Cell::new(self.options.values_for(self.input.len() - self.at));
        let python2 = document.is_python2();
        let max_depth = self.options.max_depth;
        let cx = Context { document: &document, lent, max_depth, budget, python2, watched: Cell::new(UNWATCHED) };
        let value = read(Reader::root(&cx, document.root().node)).map_err(SerdeError::rooted)?;
        self.at = usize::try_from(self.unpickler.offset()).unwrap_or(usize::MAX);
        Ok(value)
    }
}

macro_rules! forward {
    ($($method:ident($($arg:ident: $ty:ty),*))*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, $($arg: $ty,)* visitor: V) -> Result<V::Value> {
                self.with(|reader| ::serde::Deserializer::$method(reader, $($arg,)* visitor))
            }
        )*
    };
}

macro_rules! forward_all {
    () => {
        forward! {
            deserialize_any() deserialize_bool()
            deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
            deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
            deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
            deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_unit()
            deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
            deserialize_seq() deserialize_tuple(len: usize)
            deserialize_tuple_struct(name: &'static str, len: usize) deserialize_map()
            deserialize_struct(name: &'static str, fields: &'static [&'static str])
            deserialize_enum(name: &'static str, variants: &'static [&'static str])
            deserialize_identifier() deserialize_ignored_any()
        }
    };
}

impl<'de, M: Memory> ::serde::Deserializer<'de> for &mut Deserializer<'de, M> {
    type Error = SerdeError;
    forward_all!();
}

/// Every value of a document can be read into a type: `T::deserialize(value)`.
impl<'de> ::serde::Deserializer<'de> for Value<'de> {
    type Error = SerdeError;
    forward_all!();
}

impl<'de> Value<'de> {
    fn with<T>(self, read: impl FnOnce(Reader<'_, 'de>) -> Result<T>) -> Result<T> {
        let options = DeOptions::new();
        let (input, stored) = self.document.parts();
        let lent = Lent { input, stored: Some(stored) };
        let budget = Cell::new(options.values_for(input.len().saturating_add(stored.len())));
        let (document, max_depth, python2) = (self.document, options.max_depth, self.document.is_python2());
        let cx = Context { document, lent, max_depth, budget, python2, watched: Cell::new(UNWATCHED) };
        read(Reader::root(&cx, self.node))
    }
}
