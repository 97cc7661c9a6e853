//! Types into pickles: a serde serializer over [`Pickler`].

mod compound;
mod tagged;
mod told;

use self::compound::Compound;
use self::tagged::{Caught, Only, Parts, Tagged};
use self::told::Told;
use super::error::{Result, SerdeError, SerdeErrorKind, Step};
use super::form::Form;
use super::options::SerOptions;
use super::text::Text;
use super::wrappers::{GLOBAL, OBJECT, PERSISTENT};
use crate::literal::compat;
use crate::{ByteCounter, ErrorKind, GlobalName, Level, Memoized, Pickler, SliceWriter, WriteError};
use ::serde::ser::{self, Serialize};
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
/// # Ok::<_, pickle_core::serde::SerdeError>(())
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
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
///
/// # Errors
/// As `to_vec`; [`SerdeErrorKind::Full`] where the buffer is too small, with the bytes that fitted as the offset.
pub fn to_slice<T: Serialize + ?Sized>(value: &T, buffer: &mut [u8], options: SerOptions) -> Result<usize> {
    to_writer_in(SliceWriter::new(buffer), value, &mut [Level::EMPTY; LEVELS], options)
}

/// How many bytes a value takes as a pickle.
///
/// # Errors
/// As `to_vec`.
pub fn serialized_len<T: Serialize + ?Sized>(value: &T, options: SerOptions) -> Result<usize> {
    to_writer_in(ByteCounter::new(), value, &mut [Level::EMPTY; LEVELS], options)
}

/// Writes a value as a pickle to a writer, in pieces of at least some kilobytes, and flushes it.
///
/// # Errors
/// As [`to_vec`]; [`SerdeErrorKind::Io`] where the writer fails, with the bytes that it had taken as the offset.
#[cfg(feature = "std")]
pub fn to_writer<W: std::io::Write, T: Serialize + ?Sized>(writer: W, value: &T, options: SerOptions) -> Result<()> {
    let mut sink = crate::StdSink::new(writer);
    match to_writer_in(&mut sink, value, &mut [Level::EMPTY; LEVELS], options) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.reason(), SerdeErrorKind::Io(_)) => Err(error.written(sink.taken())),
        Err(error) => Err(error),
    }
}

/// Writes a value as a pickle to any sink, in memory of the caller's: `levels` bounds how deep values may nest, an
/// object takes two. Says how many bytes were written. Every opcode is a write of its own: give it a buffered sink.
///
/// # Errors
/// As `to_vec`; [`SerdeErrorKind::Io`] or [`SerdeErrorKind::Full`] where the sink fails, with the bytes that it had taken as the
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
        .map_err(SerdeError::rooted)?;
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
    /// The arguments of an object one by one: of a sequence, a tuple or a struct.
    Each,
    /// A list of what a sequence, a tuple or a struct holds.
    List,
    /// The same, and a tuple.
    Tuple,
    /// The arguments of an object by name.
    Keywords,
    /// Text that is written as what it stands for.
    Told(Told),
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
fn failed<E: embedded_io::Error>(error: WriteError<E>) -> SerdeError {
    match error {
        WriteError::Io { error, written } => {
            let kind = error.kind();
            // What a fixed buffer says.
            let reason =
                if kind == embedded_io::ErrorKind::WriteZero { SerdeErrorKind::Full } else { SerdeErrorKind::Io(kind) };
            SerdeError::new(reason, format_args!("writing failed after {written} bytes: {error}"))
                .written(written as u64)
        }
        WriteError::Pickle(error) => {
            let reason = match error.kind() {
                ErrorKind::LevelsFull => SerdeErrorKind::Depth,
                ErrorKind::SinkFull => SerdeErrorKind::Full,
                _ => SerdeErrorKind::Unsupported,
            };
            let new = SerdeError::new(reason, format_args!("{}", error.kind().text()));
            if reason == SerdeErrorKind::Full { new.written(error.offset()) } else { new }
        }
    }
}

impl<W: Write> Out<'_, W> {
    /// A value that is no container begins.
    #[inline(always)]
    fn scalar(&mut self) -> Result<()> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Value | Role::Args => Ok(()),
            role => Err(misplaced(role)),
        }
    }

    /// A dict begins; `false` where its keys and values are parts of an object, or nothing.
    fn begin_dict(&mut self, len: Option<usize>) -> Result<bool> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Items => done(self.pickler.then_entries())?,
            Role::Keywords => done(self.pickler.then_keywords())?,
            Role::Each if len == Some(0) => return Ok(false),
            role @ (Role::Each | Role::List | Role::Tuple | Role::Told(_)) => return Err(misplaced(role)),
            _ if self.in_key => return Err(unsupported("Python cannot hash a dict, so it cannot be a key")),
            Role::Value | Role::Args => done(self.pickler.begin_dict(len))?,
        }
        Ok(true)
    }

    /// A struct begins: whether there is something to end, and whether its fields have their names.
    fn begin_struct(&mut self, len: usize) -> Result<(bool, bool)> {
        match self.role {
            Role::Each | Role::List | Role::Tuple => self.begin_list(Some(len)).map(|ends| (ends, false)),
            _ => self.begin_dict(Some(len)).map(|ends| (ends, true)),
        }
    }

    /// A list begins; `false` where its items are the arguments of an object.
    fn begin_list(&mut self, len: Option<usize>) -> Result<bool> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Items => done(self.pickler.then_items())?,
            Role::Each => return Ok(false),
            Role::Tuple => done(self.pickler.begin_tuple(len))?,
            Role::List => done(self.pickler.begin_list(len))?,
            role @ (Role::Keywords | Role::Told(_)) => return Err(misplaced(role)),
            _ if self.in_key => done(self.pickler.begin_tuple(len))?,
            Role::Value | Role::Args => done(self.pickler.begin_list(len))?,
        }
        Ok(true)
    }

    /// Begins a tuple; `false` where its items are the arguments of an object.
    fn begin_tuple(&mut self, len: Option<usize>) -> Result<bool> {
        match core::mem::replace(&mut self.role, Role::Value) {
            Role::Items => done(self.pickler.then_items())?,
            Role::Args | Role::Each => return Ok(false),
            Role::List => done(self.pickler.begin_list(len))?,
            role @ (Role::Keywords | Role::Told(_)) => return Err(misplaced(role)),
            Role::Value | Role::Tuple => done(self.pickler.begin_tuple(len))?,
        }
        Ok(true)
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
            Some((known, memo)) if core::ptr::eq(known, name) => done(self.pickler.get_memo(memo)),
            Some(_) => done(self.pickler.str(name)),
            None => {
                done(self.pickler.str(name))?;
                let memo = self.pickler.memoize().map_err(failed)?;
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
        self.scalar()?;
        // What Python hashes is the object.
        let outer = core::mem::replace(&mut self.in_key, false);
        self.formed(form, parts.module.as_str(), name, value)?;
        self.role = Role::Value;
        self.in_key = outer;
        Ok(())
    }

    fn formed<T: Serialize + ?Sized>(&mut self, form: Form, module: &str, name: &str, value: &T) -> Result<()> {
        let GlobalName { module, name } = self.class(module, name);
        match form {
            Form::Part => {
                return Err(unsupported(
                    "what was read of the object is not all of it, or nothing makes it again; write the Document",
                ));
            }
            Form::Text => {
                self.role = Role::Told(Told::of(module, name)?);
                return value.serialize(self);
            }
            Form::State | Form::Slots | Form::StateList | Form::StateTuple => {
                done(self.pickler.begin_new(module, name, Some(0)))?;
                done(self.pickler.then_state())?;
            }
            Form::CallState => {
                done(self.pickler.begin_call(module, name, Some(0)))?;
                done(self.pickler.then_state())?;
            }
            Form::New | Form::NewEach => done(self.pickler.begin_new(module, name, None))?,
            Form::NewOne => done(self.pickler.begin_new(module, name, Some(1)))?,
            Form::NewItems | Form::NewKeywords => done(self.pickler.begin_new(module, name, Some(0)))?,
            Form::Call | Form::CallEach => done(self.pickler.begin_call(module, name, None))?,
            Form::CallOne => done(self.pickler.begin_call(module, name, Some(1)))?,
            Form::Items => done(self.pickler.begin_call(module, name, Some(0)))?,
            Form::Tuple => {
                let helper = self.class("copyreg", "_reconstructor");
                done(self.pickler.begin_call(helper.module, helper.name, Some(3)))?;
                done(self.pickler.global(module, name))?;
                let tuple = self.class("builtins", "tuple");
                done(self.pickler.global(tuple.module, tuple.name))?;
            }
            Form::Member => {
                let getattr = self.class("builtins", "getattr");
                done(self.pickler.begin_call(getattr.module, getattr.name, Some(2)))?;
                done(self.pickler.global(module, name))?;
            }
        }
        self.role = match form {
            Form::Items | Form::NewItems => Role::Items,
            Form::Call | Form::New => Role::Args,
            Form::CallEach | Form::NewEach => Role::Each,
            Form::StateList => Role::List,
            Form::StateTuple | Form::Tuple => Role::Tuple,
            Form::NewKeywords => Role::Keywords,
            _ => Role::Value,
        };
        if form == Form::Slots {
            // The first is the `__dict__`.
            done(self.pickler.begin_tuple(Some(2)))?;
            done(self.pickler.none())?;
        }
        value.serialize(&mut *self)?;
        if form == Form::Slots {
            done(self.pickler.end())?;
        }
        done(self.pickler.end())
    }

    fn persistent<T: Serialize + ?Sized>(&mut self, id: &T) -> Result<()> {
        self.scalar()?;
        if self.options.protocol == 0 {
            let mut text = Text::default();
            id.serialize(Only(Caught::Text(&mut text)))?;
            return done(self.pickler.persistent_id(text.as_str()));
        }
        let outer = core::mem::replace(&mut self.in_key, false);
        done(self.pickler.begin_persistent())?;
        id.serialize(&mut *self)?;
        self.in_key = outer;
        done(self.pickler.end())
    }

    /// Before protocol 3, Python expects the names of Python 2.
    fn class<'n>(&self, module: &'n str, name: &'n str) -> GlobalName<&'n str> {
        if self.options.protocol < 3 { compat::to_python2(module, name) } else { GlobalName::new(module, name) }
    }
}

#[cold]
fn misplaced(role: Role) -> SerdeError {
    unsupported(match role {
        Role::Items => "only a sequence or a map can be the items of an object",
        Role::Keywords => "only a map or a struct can be the arguments of an object by name",
        Role::Told(_) => "only text can be written as a date, time, span, zone or UUID",
        _ => "only a sequence, a tuple or a struct can be the arguments or the values of an object",
    })
}

#[cold]
fn unsupported(message: &str) -> SerdeError {
    SerdeError::new(SerdeErrorKind::Unsupported, format_args!("{message}"))
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
    type Error = SerdeError;
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
        if let Role::Told(told) = self.role {
            return self.told(told, value);
        }
        self.scalar()?;
        done(self.pickler.str(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        if let (Role::Told(Told::Uuid), Ok(bytes)) = (self.role, <[u8; 16]>::try_from(value)) {
            return self.told_uuid(bytes);
        }
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
            PERSISTENT => self.persistent(value),
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
        let ends = self.begin_list(len)?;
        Ok(Compound::new(self, u8::from(ends)))
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
        let ends = self.begin_dict(len)?;
        Ok(Compound::new(self, u8::from(ends)))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Nested<'o, 'p, W>> {
        let (ends, named) = self.begin_struct(len)?;
        Ok(Compound { named, ..Compound::new(self, u8::from(ends)) })
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
