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

// Of Rust's own archive for 32-bit ARM with an operating system, what divides 64-bit numbers names the function of std that says
// how to unwind: without this one no program links. Nothing unwinds through it, and one that the program has goes first.
#[cfg(all(not(feature = "std"), target_arch = "arm", not(target_os = "none")))]
core::arch::global_asm!(
    ".pushsection .text.rust_eh_personality, \"ax\", %progbits",
    ".weak rust_eh_personality",
    ".hidden rust_eh_personality",
    ".type rust_eh_personality, %function",
    ".balign 4",
    "rust_eh_personality:",
    "udf #0",
    ".popsection",
);
