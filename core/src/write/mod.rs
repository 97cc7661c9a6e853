//! Writing: values, whole documents and other pickles.

pub(crate) mod pickler;
#[cfg(feature = "alloc")]
pub mod recode;
pub(crate) mod spelling;
#[cfg(feature = "alloc")]
pub mod writer;
