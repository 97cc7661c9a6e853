//! Types into pickles: a serde serializer over [`Pickler`].

use super::error::{Error, Reason, Result, Step};
use super::options::SerOptions;
use super::text::Text;
use super::view::Form;
use super::wrappers::{GLOBAL, OBJECT};
use crate::literal::compat;
use crate::{Counter, ErrorKind, Level, Memoized, Pickler, SliceWriter, WriteError};
use ::serde::ser::{self, Impossible, Serialize};
use core::fmt::Write as _;
use embedded_io::Write;

/// Levels that [`to_vec`], [`to_writer`] and [`to_slice`] have. An object takes two.
const LEVELS: usize = 128;

/// Field names that are remembered, to be written once.
const NAMES: usize = 64;

/// Writes a value as a pickle.
///
/// ```
/// use pickle_core::serde::{from_slice, to_vec};
/// let bytes = to_vec(&("abc", 7), Default::default())?;
/// assert_eq!(bytes, b"\x80\x04\x8c\x03abcK\x07\x86.");
/// assert_eq!(from_slice::<(&str, u8)>(&bytes, Default::default())?, ("abc", 7));
/// # Ok::<_, pickle_core::serde::Error>(())
/// ```
///
/// # Errors
/// A key that Python cannot hash, values nested deeper than 128 levels, or what the value itself says.
#[cfg(feature = "alloc")]
pub fn to_vec<T: Serialize + ?Sized>(value: &T, options: SerOptions) -> Result<alloc::vec::Vec<u8>> {
    let mut bytes = alloc::vec::Vec::new();
    to_writer_in(&mut bytes, value, &mut [Level::EMPTY; LEVELS], options)?;
    Ok(bytes)
}

/// Writes a value as a pickle to the start of a buffer, and says how many bytes it has.
///
/// ```
/// use pickle_core::serde::to_slice;
/// let mut buffer = [0; 16];
/// let len = to_slice(&[1, 2, 3][..], &mut buffer, Default::default())?;
/// assert_eq!(&buffer[..len], b"\x80\x04](K\x01K\x02K\x03e.");
/// # Ok::<_, pickle_core::serde::Error>(())
/// ```
///
/// # Errors
/// As `to_vec`; [`Reason::Full`] where the buffer is too small, with the bytes that fitted as the offset.
pub fn to_slice<T: Serialize + ?Sized>(value: &T, buffer: &mut [u8], options: SerOptions) -> Result<usize> {
    to_writer_in(SliceWriter::new(buffer), value, &mut [Level::EMPTY; LEVELS], options)
}

/// How many bytes a value takes as a pickle.
///
/// # Errors
/// As `to_vec`.
pub fn serialized_len<T: Serialize + ?Sized>(value: &T, options: SerOptions) -> Result<usize> {
    to_writer_in(Counter::new(), value, &mut [Level::EMPTY; LEVELS], options)
}

/// Writes a value as a pickle to a writer, in pieces of at least some kilobytes, and flushes it.
///
/// # Errors
/// As [`to_vec`]; [`Reason::Io`] where the writer fails, with the bytes that it had taken as the offset.
#[cfg(feature = "std")]
pub fn to_writer<W: std::io::Write, T: Serialize + ?Sized>(writer: W, value: &T, options: SerOptions) -> Result<()> {
    let mut sink = std_sink::Buffered::new(writer);
    match to_writer_in(&mut sink, value, &mut [Level::EMPTY; LEVELS], options) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.reason(), Reason::Io(_)) => Err(error.written(sink.taken())),
        Err(error) => Err(error),
    }
}

/// Writes a value as a pickle to any sink, in memory of the caller's: `levels` bounds how deep values may nest, an
/// object takes two. Says how many bytes were written. Every opcode is a write of its own: give it a buffered sink.
///
/// # Errors
/// As `to_vec`; [`Reason::Io`] or [`Reason::Full`] where the sink fails, with the bytes that it had taken as the
/// offset.
pub fn to_writer_in<W: Write, T: Serialize + ?Sized>(
    writer: W,
    value: &T,
    levels: &mut [Level],
    options: SerOptions,
) -> Result<usize> {
    let pickler = Pickler::new(writer, options.protocol, levels);
    let mut out = Out { pickler, options, names: [None; NAMES], in_key: false, role: Role::Value };
    value
        .serialize(&mut out)
        .and_then(|()| done(out.pickler.finish().map(|()| &mut out.pickler)))
        .map_err(Error::rooted)?;
    Ok(out.pickler.written())
}

/// What the next value is to what stands around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Value,
    /// The arguments of an object: a tuple gives them one by one.
    Args,
    /// What is appended to an object, or set in it.
    Items,
}

struct Out<'p, W> {
    pickler: Pickler<'p, W>,
    options: SerOptions,
    /// Where field names stand in the memo, by their address.
    names: [Option<(&'static str, Memoized)>; NAMES],
    /// Python must be able to hash what is written: tuples, not lists.
    in_key: bool,
    role: Role,
}

/// What the pickler says, in our terms.
#[inline(always)]
fn done<P, E: embedded_io::Error>(result: core::result::Result<P, WriteError<E>>) -> Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

#[cold]
#[inline(never)]
fn failed<E: embedded_io::Error>(error: WriteError<E>) -> Error {
    match error {
        WriteError::Io { error, written } => {
            let kind = error.kind();
            // What a fixed buffer says.
            let reason = if kind == embedded_io::ErrorKind::WriteZero { Reason::Full } else { Reason::Io(kind) };
            Error::new(reason, format_args!("writing failed after {written} bytes: {error}")).written(written as u64)
        }
        WriteError::Pickle(error) => {
            let reason = match error.kind() {
                ErrorKind::LevelsFull => Reason::Depth,
                ErrorKind::SinkFull => Reason::Full,
                _ => Reason::Unsupported,
            };
            let new = Error::new(reason, format_args!("{}", error.kind().text()));
            if reason == Reason::Full { new.written(error.offset()) } else { new }
        }
    }
}

impl<W: Write> Out<'_, W> {
    /// A value that is no container begins.
    #[inline(always)]
    fn scalar(&mut self) -> Result<()> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Items => Err(unsupported("only a sequence or a map can be the items of an object")),
            _ => Ok(()),
        }
    }

    /// A dict begins.
    fn begin_dict(&mut self, len: Option<usize>) -> Result<()> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Items => done(self.pickler.then_entries()),
            _ if self.in_key => Err(unsupported("Python cannot hash a dict, so it can be no key")),
            _ => done(self.pickler.begin_dict(len)),
        }
    }

    fn begin_list(&mut self, len: Option<usize>) -> Result<()> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Items => done(self.pickler.then_items()),
            _ if self.in_key => done(self.pickler.begin_tuple(len)),
            _ => done(self.pickler.begin_list(len)),
        }
    }

    /// Begins a tuple; `false` where its items are the arguments of an object.
    fn begin_tuple(&mut self, len: Option<usize>) -> Result<bool> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Items => done(self.pickler.then_items()).map(|()| true),
            Role::Args => Ok(false),
            Role::Value => done(self.pickler.begin_tuple(len)).map(|()| true),
        }
    }

    /// The name of a field or variant. Programs have few: each is written once and fetched by its address.
    #[inline]
    fn name(&mut self, name: &'static str) -> Result<()> {
        if !self.options.share_names {
            return done(self.pickler.str(name));
        }
        // Addresses of literals lie close together: their low bits tell them apart.
        let hash = name.as_ptr() as usize ^ (name.as_ptr() as usize >> 6) ^ name.len();
        let at = hash % NAMES;
        match self.names.get(at).copied().flatten() {
            Some((known, memo)) if core::ptr::eq(known, name) => done(self.pickler.recall(memo)),
            Some(_) => done(self.pickler.str(name)),
            None => {
                done(self.pickler.str(name))?;
                let memo = self.pickler.remember().map_err(failed)?;
                if let Some(slot) = self.names.get_mut(at) {
                    *slot = Some((name, memo));
                }
                Ok(())
            }
        }
    }

    /// A variant that holds something: its name, then its content follows.
    fn begin_variant(&mut self, variant: &'static str) -> Result<()> {
        if self.options.compat_enum_repr {
            self.scalar()?;
            done(self.pickler.begin_tuple(Some(2)))?;
        } else {
            self.begin_dict(Some(1))?;
        }
        self.name(variant)
    }

    fn object<T: Serialize + ?Sized>(&mut self, parts: &Parts, value: &T) -> Result<()> {
        let form = Form::from_number(parts.form).unwrap_or_default();
        let name = parts.name.as_str();
        if name.is_empty() {
            return value.serialize(self);
        }
        let (module, name) = self.class(parts.module.as_str(), name);
        self.scalar()?;
        // What Python hashes is the object.
        let outer = core::mem::replace(&mut self.in_key, false);
        done(match form {
            Form::State => self.pickler.begin_new(module, name, Some(0)),
            Form::New => self.pickler.begin_new(module, name, None),
            Form::Call => self.pickler.begin_call(module, name, None),
            Form::Items => self.pickler.begin_call(module, name, Some(0)),
        })?;
        self.role = match form {
            Form::State => {
                done(self.pickler.then_state())?;
                Role::Value
            }
            Form::Items => Role::Items,
            _ => Role::Args,
        };
        value.serialize(&mut *self)?;
        self.role = Role::Value;
        self.in_key = outer;
        done(self.pickler.end())
    }

    /// Before protocol 3, Python expects the names of Python 2.
    fn class<'n>(&self, module: &'n str, name: &'n str) -> (&'n str, &'n str) {
        if self.options.protocol < 3 { compat::to_python2(module, name) } else { (module, name) }
    }
}

#[cold]
fn unsupported(message: &str) -> Error {
    Error::new(Reason::Unsupported, format_args!("{message}"))
}

type Nested<'o, 'p, W> = Compound<'o, 'p, W>;

macro_rules! scalars {
    ($($method:ident($type:ty) $call:ident as $as:ty;)*) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<()> {
                self.scalar()?;
                done(self.pickler.$call(<$as>::from(value)))
            }
        )*
    };
}

impl<'o, 'p, W: Write> ser::Serializer for &'o mut Out<'p, W> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Nested<'o, 'p, W>;
    type SerializeTuple = Nested<'o, 'p, W>;
    type SerializeTupleStruct = Nested<'o, 'p, W>;
    type SerializeTupleVariant = Nested<'o, 'p, W>;
    type SerializeMap = Nested<'o, 'p, W>;
    type SerializeStruct = Nested<'o, 'p, W>;
    type SerializeStructVariant = Nested<'o, 'p, W>;

    /// Its length is not known before it is formatted, and there is nowhere to keep the text.
    #[cfg(not(feature = "alloc"))]
    fn collect_str<T: core::fmt::Display + ?Sized>(self, _: &T) -> Result<()> {
        Err(unsupported("a value that serializes as formatted text needs the feature alloc"))
    }

    scalars! {
        serialize_bool(bool) bool as bool;
        serialize_i8(i8) int as i64;
        serialize_i16(i16) int as i64;
        serialize_i32(i32) int as i64;
        serialize_i64(i64) int as i64;
        serialize_u8(u8) int as i64;
        serialize_u16(u16) int as i64;
        serialize_u32(u32) int as i64;
        serialize_u64(u64) uint as u64;
        serialize_i128(i128) int128 as i128;
        serialize_f32(f32) float as f64;
        serialize_f64(f64) float as f64;
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        if let Ok(value) = i128::try_from(value) {
            return self.serialize_i128(value);
        }
        self.scalar()?;
        // One byte more, for the sign.
        let mut wide = [0; 17];
        for (slot, byte) in wide.iter_mut().zip(value.to_le_bytes()) {
            *slot = byte;
        }
        done(self.pickler.big_int(&wide))
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<()> {
        self.scalar()?;
        done(self.pickler.str(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.scalar()?;
        done(self.pickler.bytes(value))
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.scalar()?;
        done(self.pickler.none())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.scalar()?;
        if !self.options.compat_enum_repr {
            return self.name(variant);
        }
        done(self.pickler.begin_tuple(Some(1)))?;
        self.name(variant)?;
        done(self.pickler.end())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        match name {
            OBJECT | GLOBAL => value.serialize(Only(Tagged { out: self, object: name == OBJECT })),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.begin_variant(variant)?;
        value.serialize(&mut *self).map_err(|error| error.under(Step::Name(variant.as_bytes())))?;
        done(self.pickler.end())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Nested<'o, 'p, W>> {
        self.begin_list(len)?;
        Ok(Compound::new(self, 1))
    }

    fn serialize_tuple(self, len: usize) -> Result<Nested<'o, 'p, W>> {
        let ends = self.begin_tuple(Some(len))?;
        Ok(Compound::new(self, u8::from(ends)))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Nested<'o, 'p, W>> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Nested<'o, 'p, W>> {
        self.begin_variant(variant)?;
        self.begin_list(Some(len))?;
        Ok(Compound { variant: Some(variant), ..Compound::new(self, 2) })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Nested<'o, 'p, W>> {
        self.begin_dict(len)?;
        Ok(Compound::new(self, 1))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Nested<'o, 'p, W>> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Nested<'o, 'p, W>> {
        self.begin_variant(variant)?;
        self.begin_dict(Some(len))?;
        Ok(Compound { variant: Some(variant), ..Compound::new(self, 2) })
    }
}

/// A container that is being written.
pub(crate) struct Compound<'o, 'p, W> {
    out: &'o mut Out<'p, W>,
    /// Items so far.
    index: i64,
    /// Containers to end.
    ends: u8,
    variant: Option<&'static str>,
}

impl<'o, 'p, W: Write> Compound<'o, 'p, W> {
    fn new(out: &'o mut Out<'p, W>, ends: u8) -> Self {
        Compound { out, index: 0, ends, variant: None }
    }

    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.index += 1;
        match value.serialize(&mut *self.out) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.place(error.under(Step::Index(self.index - 1)))),
        }
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.out.name(name)?;
        match value.serialize(&mut *self.out) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.place(error.under(Step::Name(name.as_bytes())))),
        }
    }

    #[inline]
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let outer = core::mem::replace(&mut self.out.in_key, true);
        key.serialize(&mut *self.out)?;
        self.out.in_key = outer;
        Ok(())
    }

    #[cold]
    fn place(&self, error: Error) -> Error {
        match self.variant {
            Some(variant) => error.under(Step::Name(variant.as_bytes())),
            None => error,
        }
    }

    #[inline]
    fn close(self) -> Result<()> {
        for _ in 0..self.ends {
            done(self.out.pickler.end())?;
        }
        Ok(())
    }
}

macro_rules! items {
    ($($trait:ident $method:ident)*) => {
        $(
            impl<W: Write> ser::$trait for Compound<'_, '_, W> {
                type Ok = ();
                type Error = Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                    self.item(value)
                }

                fn end(self) -> Result<()> {
                    self.close()
                }
            }
        )*
    };
}

items! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! fields {
    ($($trait:ident)*) => {
        $(
            impl<W: Write> ser::$trait for Compound<'_, '_, W> {
                type Ok = ();
                type Error = Error;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
                    self.field(name, value)
                }

                fn end(self) -> Result<()> {
                    self.close()
                }
            }
        )*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl<W: Write> ser::SerializeMap for Compound<'_, '_, W> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut *self.out).map_err(|error| error.under(Step::Other))
    }

    fn serialize_entry<K: Serialize + ?Sized, T: Serialize + ?Sized>(&mut self, key: &K, value: &T) -> Result<()> {
        self.key(key)?;
        match value.serialize(&mut *self.out) {
            Ok(()) => Ok(()),
            Err(error) => Err(under_key(error, key)),
        }
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

/// The key is asked for its text only when there is something to say.
#[cold]
fn under_key<K: Serialize + ?Sized>(error: Error, key: &K) -> Error {
    let mut text = Text::default();
    match key.serialize(Only(Caught::Text(&mut text))) {
        Ok(()) => error.under(Step::Name(text.as_str().as_bytes())),
        Err(_) => error.under(Step::Other),
    }
}

/// Names and value of [`Object`](super::Object), names of [`Global`](super::Global).
struct Tagged<'o, 'p, W> {
    out: &'o mut Out<'p, W>,
    object: bool,
}

/// What has been told so far.
#[derive(Default)]
struct Parts {
    module: Text,
    name: Text,
    form: u8,
}

struct Names<'o, 'p, W> {
    out: &'o mut Out<'p, W>,
    object: bool,
    parts: Parts,
    next: u8,
}

impl<W: Write> ser::SerializeTuple for Names<'_, '_, W> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.next += 1;
        match self.next {
            1 => value.serialize(Only(Caught::Text(&mut self.parts.module))),
            2 => value.serialize(Only(Caught::Text(&mut self.parts.name))),
            3 => value.serialize(Only(Caught::Number(&mut self.parts.form))),
            _ => self.out.object(&self.parts, value),
        }
    }

    fn end(self) -> Result<()> {
        if self.object {
            return Ok(());
        }
        self.out.scalar()?;
        let (module, name) = self.out.class(self.parts.module.as_str(), self.parts.name.as_str());
        done(self.out.pickler.global(module, name))
    }
}

/// What [`Only`] takes: a string, a small number or a tuple.
trait Take: Sized {
    type Tuple: ser::SerializeTuple<Ok = (), Error = Error>;

    fn text(self, _: &str) -> Result<()> {
        Err(no_wrapper())
    }

    fn number(self, _: u8) -> Result<()> {
        Err(no_wrapper())
    }

    fn tuple(self) -> Result<Self::Tuple> {
        Err(no_wrapper())
    }
}

#[cold]
fn no_wrapper() -> Error {
    unsupported("the wrapper of an object is a tuple of its names, form and value")
}

/// Takes one string or one small number.
enum Caught<'c> {
    Text(&'c mut Text),
    Number(&'c mut u8),
}

impl Take for Caught<'_> {
    type Tuple = Never;

    fn text(self, value: &str) -> Result<()> {
        match self {
            Caught::Text(text) => text
                .write_str(value)
                .map_err(|_| unsupported("the name of the class is too long without the feature alloc")),
            Caught::Number(_) => Err(unsupported("a name where a number was expected")),
        }
    }

    fn number(self, value: u8) -> Result<()> {
        match self {
            Caught::Number(slot) => *slot = value,
            Caught::Text(_) => return Err(unsupported("a number where a name was expected")),
        }
        Ok(())
    }
}

impl<'o, 'p, W: Write> Take for Tagged<'o, 'p, W> {
    type Tuple = Names<'o, 'p, W>;

    fn tuple(self) -> Result<Names<'o, 'p, W>> {
        Ok(Names { out: self.out, object: self.object, parts: Parts::default(), next: 0 })
    }
}

/// Takes what `T` takes, and nothing else.
struct Only<T>(T);

macro_rules! refused {
    ($($method:ident($($of:ty),*) -> $ok:ty;)*) => {
        $(
            fn $method(self, $(_: $of),*) -> Result<$ok> {
                Err(no_wrapper())
            }
        )*
    };
}

type Never = Impossible<(), Error>;

impl<T: Take> ser::Serializer for Only<T> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Never;
    type SerializeTuple = T::Tuple;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    /// Its length is not known before it is formatted, and there is nowhere to keep the text.
    #[cfg(not(feature = "alloc"))]
    fn collect_str<D: core::fmt::Display + ?Sized>(self, _: &D) -> Result<()> {
        Err(unsupported("a value that serializes as formatted text needs the feature alloc"))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.0.text(value)
    }

    fn serialize_u8(self, value: u8) -> Result<()> {
        self.0.number(value)
    }

    fn serialize_tuple(self, _: usize) -> Result<T::Tuple> {
        self.0.tuple()
    }

    fn serialize_some<V: Serialize + ?Sized>(self, _: &V) -> Result<()> {
        Err(no_wrapper())
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(self, _: &'static str, _: &V) -> Result<()> {
        Err(no_wrapper())
    }

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &V,
    ) -> Result<()> {
        Err(no_wrapper())
    }

    refused! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }
}

#[cfg(feature = "std")]
mod std_sink {
    use alloc::vec::Vec;
    use embedded_io::ErrorType;
    use std::io;

    /// Bytes that are held before they are written.
    const HELD: usize = 16 * 1024;

    /// Opcodes are small and writes are not: a buffer that knows how much has been taken.
    pub struct Buffered<W> {
        out: W,
        held: Vec<u8>,
        taken: u64,
    }

    impl<W: io::Write> Buffered<W> {
        pub fn new(out: W) -> Self {
            Buffered { out, held: Vec::with_capacity(HELD), taken: 0 }
        }

        pub fn taken(&self) -> u64 {
            self.taken
        }

        fn write_out(&mut self, mut data: &[u8]) -> io::Result<()> {
            while !data.is_empty() {
                match self.out.write(data) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(n) => {
                        self.taken += n as u64;
                        data = data.get(n..).unwrap_or_default();
                    }
                    // A signal, not a failure.
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }

        fn drain(&mut self) -> io::Result<()> {
            let mut held = core::mem::take(&mut self.held);
            let result = self.write_out(&held);
            held.clear();
            self.held = held;
            result
        }
    }

    impl<W> ErrorType for Buffered<W> {
        type Error = io::Error;
    }

    impl<W: io::Write> embedded_io::Write for Buffered<W> {
        #[inline]
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            if self.held.len() + data.len() > HELD {
                self.drain()?;
                if data.len() > HELD {
                    self.write_out(data)?;
                    return Ok(data.len());
                }
            }
            self.held.extend_from_slice(data);
            Ok(data.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.drain()?;
            self.out.flush()
        }
    }
}
