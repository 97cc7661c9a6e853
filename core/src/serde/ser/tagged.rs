//! Globals and objects from the wrapper types.

use super::super::error::{Result, SerdeError};
use super::super::text::Text;
use super::{Out, done, unsupported};
use crate::GlobalName;
use ::serde::ser::{self, Impossible, Serialize};
use core::fmt::Write as _;
use embedded_io::Write;

/// Names and value of [`Object`](super::Object), names of [`Global`](super::Global).
pub(super) struct Tagged<'o, 'p, W> {
    pub(super) out: &'o mut Out<'p, W>,
    pub(super) object: bool,
}

/// What has been told so far.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) module: Text,
    pub(super) name: Text,
    pub(super) form: u8,
}

pub(super) struct Names<'o, 'p, W> {
    out: &'o mut Out<'p, W>,
    object: bool,
    parts: Parts,
    next: u8,
}

impl<W: Write> ser::SerializeTuple for Names<'_, '_, W> {
    type Ok = ();
    type Error = SerdeError;

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
        let GlobalName { module, name } = self.out.class(self.parts.module.as_str(), self.parts.name.as_str());
        done(self.out.pickler.global(module, name))
    }
}

/// What [`Only`] accepts: a string, a small number or a tuple.
pub(super) trait Accept: Sized {
    type Tuple: ser::SerializeTuple<Ok = (), Error = SerdeError>;

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
fn no_wrapper() -> SerdeError {
    unsupported("the wrapper of an object is a tuple of its names, form and value")
}

/// Takes one string or one small number.
pub(super) enum Caught<'c> {
    Text(&'c mut Text),
    Number(&'c mut u8),
}

impl Accept for Caught<'_> {
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

impl<'o, 'p, W: Write> Accept for Tagged<'o, 'p, W> {
    type Tuple = Names<'o, 'p, W>;

    fn tuple(self) -> Result<Names<'o, 'p, W>> {
        Ok(Names { out: self.out, object: self.object, parts: Parts::default(), next: 0 })
    }
}

/// Takes what `T` takes, and nothing else.
pub(super) struct Only<T>(pub(super) T);

macro_rules! refused {
    ($($method:ident($($of:ty),*) -> $ok:ty;)*) => {
        $(
            fn $method(self, $(_: $of),*) -> Result<$ok> {
                Err(no_wrapper())
            }
        )*
    };
}

type Never = Impossible<(), SerdeError>;

impl<T: Accept> ser::Serializer for Only<T> {
    type Ok = ();
    type Error = SerdeError;
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
