//! Your own types by way of [serde](https://serde.rs).
//!
//! To read: [`from_slice`], [`from_reader`], [`from_value`], and where there is no allocator [`from_slice_in`]
//! and [`from_reader_in`], which take their memory. To write: [`to_vec`], [`to_writer`], [`to_slice`], and
//! [`to_writer_in`] for any sink.
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use pickle_core::serde::from_slice;
//! # use ::serde as serde;
//! #[derive(Debug, PartialEq, serde::Deserialize)]
//! struct Reading<'a> {
//!     name: &'a str,
//!     temp: f64,
//!     tags: Vec<&'a str>,
//! }
//!
//! let bytes = b"\x80\x02}(X\x04\x00\x00\x00nameX\x06\x00\x00\x00boilerX\x04\x00\x00\x00tempG\x40\x54\x60\x00\x00\x00\x00\x00X\x04\x00\x00\x00tags]X\x03\x00\x00\x00hotau.";
//! let reading: Reading = from_slice(bytes, Default::default())?;
//! assert_eq!(reading, Reading { name: "boiler", temp: 81.5, tags: vec!["hot"] });
//! # }
//! # Ok::<_, pickle_core::serde::SerdeError>(())
//! ```
//!
//! An object is read by its state, items or arguments, as the type asks; [`Object`] and [`Global`] keep class names.

// Without an allocator the path to the fault is kept in the error itself.
#![cfg_attr(not(feature = "alloc"), allow(clippy::result_large_err))]

mod block;
mod de;
#[cfg(feature = "alloc")]
pub mod defaults;
mod direct;
mod error;
mod form;
mod made;
mod options;
mod read;
mod ser;
mod shown;
mod text;
mod view;
mod wrappers;

pub use error::{SerdeError, SerdeErrorKind};
pub use form::Form;
pub use options::{DeOptions, SerOptions};
#[cfg(feature = "std")]
pub use read::from_reader;
#[cfg(feature = "alloc")]
pub use read::from_slice;
pub use read::{Deserializer, from_reader_in, from_slice_in, from_value};
#[cfg(feature = "alloc")]
pub use ser::to_vec;
#[cfg(feature = "std")]
pub use ser::to_writer;
pub use ser::{serialized_len, to_slice, to_writer_in};
#[cfg(feature = "alloc")]
pub use wrappers::{Global, Object};
pub use wrappers::{GlobalRef, ObjectRef, Persistent};
