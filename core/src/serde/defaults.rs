//! The same functions with default options: what deser-pickle's users call.
//!
//! ```
//! use pickle_core::serde::defaults as deser_pickle;
//! let bytes = deser_pickle::to_vec(&vec!["a", "b"])?;
//! assert_eq!(deser_pickle::from_slice::<Vec<&str>>(&bytes)?, ["a", "b"]);
//! # Ok::<_, pickle_core::serde::SerdeError>(())
//! ```

use super::error::Result;
use ::serde::Serialize;
use ::serde::de::Deserialize;
#[cfg(feature = "std")]
use ::serde::de::DeserializeOwned;
use alloc::vec::Vec;

pub use super::{Form, Global, Object, SerdeError};

/// [`super::from_slice`] with default options.
///
/// # Errors
/// As there.
pub fn from_slice<'de, T: Deserialize<'de>>(input: &'de [u8]) -> Result<T> {
    super::from_slice(input, Default::default())
}

/// [`super::from_reader`] with default options.
///
/// # Errors
/// As there.
#[cfg(feature = "std")]
pub fn from_reader<R: std::io::Read, T: DeserializeOwned>(reader: R) -> Result<T> {
    super::from_reader(reader, Default::default())
}

/// [`super::to_vec`] with default options.
///
/// # Errors
/// As there.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    super::to_vec(value, Default::default())
}

/// [`super::to_writer`] with default options.
///
/// # Errors
/// As there.
#[cfg(feature = "std")]
pub fn to_writer<W: std::io::Write, T: Serialize + ?Sized>(writer: W, value: &T) -> Result<()> {
    super::to_writer(writer, value, Default::default())
}
