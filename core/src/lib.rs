#![no_std]
#![forbid(unsafe_code)]

//! skeleton

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod decoder;
mod error;
mod grammar;
mod op;
mod opcode;
mod reader;

pub use decoder::{Decoder, Step};
pub use error::{Error, ErrorKind};
pub use op::{Arg, Fragment, Op};
pub use opcode::{Argument, Opcode, StackEffect};
pub use reader::{OpReader, ReadError};
