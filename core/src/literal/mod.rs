//! Literals: the text of protocol 0, integers, floats, escapes and memo indices, for reading and for writing.

#[cfg(any(feature = "text-float", feature = "alloc"))]
#[cfg_attr(not(feature = "text-float"), allow(dead_code, reason = "the writer of documents has no need to read"))]
pub(crate) mod float;
pub(crate) mod text;
