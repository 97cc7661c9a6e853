#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod compat;
mod decoder;
mod document;
mod encoder;
mod error;
#[cfg(any(feature = "text-float", feature = "alloc"))]
#[cfg_attr(not(feature = "text-float"), allow(dead_code, reason = "the writer of documents has no need to read"))]
mod float;
mod frames;
mod grammar;
mod items;
pub mod joblib;
pub mod known;
mod machine;
mod memory;
mod node;
mod op;
mod opcode;
mod path;
mod pickler;
mod plan;
mod reader;
#[cfg(feature = "alloc")]
pub mod recode;
#[cfg(feature = "serde")]
pub mod serde;
mod sink;
mod text;
mod unpickler;
mod value;
#[cfg(feature = "alloc")]
pub mod writer;

pub use decoder::{Decoder, Step};
pub use document::{Change, Changes, Document, Event, Kind, Object};
pub use encoder::Encoder;
pub use error::{Error, ErrorKind};
#[cfg(feature = "alloc")]
pub use frames::GrowingFrames;
pub use frames::{FrameBuffer, Frames, NoFrames};
#[cfg(feature = "alloc")]
pub use items::Batch;
pub use items::{Found, Item, ItemOptions, ItemReader, Role};
pub use known::Known;
pub use machine::{Encoding, How, Options};
#[cfg(feature = "alloc")]
pub use memory::Heap;
pub use memory::{Memory, Regions, Shortage, Storage};
pub use node::Node;
pub use op::{Arg, Fragment, Op};
pub use opcode::{Argument, Opcode, StackEffect};
pub use path::{Path, PathStep};
pub use pickler::{Level, Memoized, Pickler, Shared};
pub use plan::{MemoPlan, MemoUse};
pub use reader::{OpReader, ReadError};
pub use sink::{Counter, Full, SliceWriter, WriteError};
pub use text::TextInts;
pub use unpickler::{Payload, Status, Unpickler};
pub use value::{BigInt, Entries, Items, Value};
