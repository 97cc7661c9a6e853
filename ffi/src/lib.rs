#![no_std]
#![allow(non_camel_case_types)]
#![doc = include_str!("../README.md")]

#[cfg(feature = "std")]
extern crate std;

mod cell;
mod column;
mod decoder;
mod document;
mod error;
mod getters;
mod hidden;
mod items;
mod iter;
mod json;
mod known;
mod memory;
mod message;
mod object;
mod options;
mod plan;
mod reader;
#[cfg(feature = "verdict")]
mod scan;
#[cfg(feature = "verdict")]
mod scan_report;
mod status;
mod table;
mod value;
mod version;
mod writer;
mod writer_known;

pub use cell::*;
pub use column::*;
pub use decoder::*;
pub use document::*;
pub use error::*;
pub use getters::*;
pub use items::*;
pub use iter::*;
pub use json::*;
pub use known::*;
pub use memory::*;
pub use message::*;
pub use object::*;
pub use options::*;
pub use plan::*;
pub use reader::*;
#[cfg(feature = "verdict")]
pub use scan::*;
#[cfg(feature = "verdict")]
pub use scan_report::*;
pub use status::*;
pub use table::*;
pub use value::*;
pub use version::*;
pub use writer::*;
pub use writer_known::*;

/// Without std, Rust wants a handler. Nothing refers to it: `tests/c/no_panic.sh`.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
