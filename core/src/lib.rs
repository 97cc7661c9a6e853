#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod decoder;
mod document;
mod error;
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
mod plan;
mod reader;
#[cfg(feature = "serde")]
pub mod serde;
mod text;
mod unpickler;
mod value;

pub use decoder::{Decoder, Step};
pub use document::{Change, Changes, Document, Kind, Object};
pub use error::{Error, ErrorKind};
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
pub use plan::{MemoPlan, MemoUse};
pub use reader::{OpReader, ReadError};
pub use text::TextInts;
pub use unpickler::{Status, Unpickler};
pub use value::{BigInt, Entries, Items, Value};
