//! Sequences, maps and structs that are being written.

use super::super::error::{Result, SerdeError, Step};
use super::super::text::Text;
use super::tagged::{Caught, Only};
use super::{Out, done};
use ::serde::ser::{self, Serialize};
use embedded_io::Write;

/// A container that is being written.
pub(crate) struct Compound<'o, 'p, W> {
    pub(super) out: &'o mut Out<'p, W>,
    /// Items so far.
    pub(super) index: i64,
    /// Containers to end.
    pub(super) ends: u8,
    pub(super) variant: Option<&'static str>,
    /// Fields have their names.
    pub(super) named: bool,
}

impl<'o, 'p, W: Write> Compound<'o, 'p, W> {
    pub(super) fn new(out: &'o mut Out<'p, W>, ends: u8) -> Self {
        Compound { out, index: 0, ends, variant: None, named: true }
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
        if self.named {
            self.out.name(name)?;
        }
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
    fn place(&self, error: SerdeError) -> SerdeError {
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
                type Error = SerdeError;

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
                type Error = SerdeError;

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
    type Error = SerdeError;

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
fn under_key<K: Serialize + ?Sized>(error: SerdeError, key: &K) -> SerdeError {
    let mut text = Text::default();
    match key.serialize(Only(Caught::Text(&mut text))) {
        Ok(()) => error.under(Step::Name(text.as_str().as_bytes())),
        Err(_) => error.under(Step::Other),
    }
}
