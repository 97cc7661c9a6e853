#![no_std]
#![allow(non_camel_case_types)]
#![doc = include_str!("../README.md")]

#[cfg(feature = "std")]
extern crate std;

mod decoder;
mod document;
mod error;
mod iter;
mod json;
mod memory;
mod object;
mod reader;
mod status;
mod value;
mod version;

pub use decoder::*;
pub use document::*;
pub use error::*;
pub use iter::*;
pub use json::*;
pub use memory::*;
pub use object::*;
pub use reader::*;
pub use status::*;
pub use value::*;
pub use version::*;

/// Without std, Rust wants a handler. `tests/c/no_panic.sh` lists the checks
/// that the compiler could not prove away and that still refer to it.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
