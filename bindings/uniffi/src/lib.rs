//! libpickle for Kotlin and Swift, through UniFFI: a thin layer of plain
//! functions and two kinds of readers. Idiomatic layers lie around it in
//! `bindings/kotlin` and `bindings/swift`.
//!
//! Values cross the border as one buffer a document, in the [`flat`] form.
//! Everything is synchronous; there are no callbacks. Readers may be used from
//! any thread; two calls at once take turns. No input makes any of this panic.

mod error;
pub mod flat;
mod inspect;
mod items;
mod jni;
#[cfg(test)]
mod parity;
mod paths;
mod reader;
mod scan;
#[cfg(test)]
mod sizes;
pub mod table;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{ErrorKind, PickleError};
pub use inspect::{GlobalUse, Info, info};
pub use items::{FileItems, ItemBatch, ItemReader, ItemStatus};
pub use paths::{find, find_in};
pub use reader::{Encoding, Fed, ReadOptions, Status, Unpickler, loads};
pub use scan::{Executes, Finding, Report, ScannedGlobal, Scanner, Verdict, scan};
pub use table::{table_in, table_of};
pub use writer::dumps;

uniffi::setup_scaffolding!();

/// The version of this library, such as `0.2.0`.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// The version of the flat form that this library writes and reads.
#[uniffi::export]
pub fn flat_version() -> u8 {
    flat::VERSION
}
