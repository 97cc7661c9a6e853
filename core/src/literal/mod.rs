//! Literals: the text of protocol 0, integers, floats, escapes and memo indices, for reading and for writing.

pub mod compat;
pub(crate) mod escape;
pub(crate) mod float;
pub(crate) mod int;
pub(crate) mod utf8;
