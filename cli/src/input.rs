//! Where pickles come from: files and standard input, unpacked while reading.
//!
//! Compression is recognised by content, never by file name, and undone in
//! constant memory, several layers deep. A regular file without compression
//! is mapped; everything else is a stream. Either way nothing is read twice.

mod arrays;
mod beside;
pub mod containers;
pub mod damage;
mod detect;
mod each;
mod file;
mod framed;
mod frames;
mod layer;
mod layers;
mod lengths;
mod open;
mod part;
mod raw;
mod reading;
mod sniff;
mod source;
mod wrap;

pub use arrays::Arrays;
pub use each::for_each;
pub use file::{InputFile, InputOptions};
pub use frames::Frames;
pub use layer::{Layer, LayerError, LayerFault};
pub use lengths::Lengths;
pub use open::{Input, MAX_LAYERS, Pages};
pub use part::{Part, PartReader, read_at};
pub use raw::RawOptions;
pub use sniff::{Container, sniff};
pub use wrap::Wrapping;
