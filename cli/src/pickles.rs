//! Reading the pickles of an input.

pub mod bytes;
mod documents;
pub mod items;
mod plan;
mod resync;
pub mod rewrite;

pub use documents::Pickles;
pub(crate) use documents::warn_of_rest;
