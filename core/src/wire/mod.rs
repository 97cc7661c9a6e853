//! Bytes and opcodes: the tokenizer and the encoder, with their arguments, frames and byte sinks.

pub(crate) mod decoder;
pub(crate) mod encoder;
pub(crate) mod frames;
mod grammar;
pub(crate) mod op;
pub(crate) mod reader;
pub(crate) mod sink;
#[cfg(feature = "std")]
pub(crate) mod std_sink;
