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

/// Nothing in this library panics, which the linker proves: a program that
/// uses all of it holds no symbol of this function. Rust wants one all the same.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
