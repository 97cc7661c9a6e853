//! Writing: values, whole documents and other pickles.

pub mod compat;
pub(crate) mod pickler;
#[cfg(feature = "alloc")]
pub mod recode;
#[cfg(feature = "alloc")]
mod rename;
pub(crate) mod spelling;
#[cfg(feature = "alloc")]
pub mod writer;
