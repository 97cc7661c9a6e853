//! A verdict on a stream of pickles, with reasons, and nothing loaded.
//!
//! [`Judge`] runs an abstract machine over the opcodes, in step with CPython's
//! C unpickler. It does not stop where a reader of values refuses: it records
//! a [`Finding`] and goes on, behind STOP as well. [`Verdict::Clean`] is a
//! proof: for every reading of these bytes by a CPython, loading calls only
//! callees of the tables, each with arguments that its row accepts, imports
//! only listed modules, and every byte was read. It is a statement about
//! names: it takes a module to be the library of that name.
//!
//! ```
//! # #[cfg(feature = "alloc")] {
//! use pickle_core::verdict::{Judge, Verdict, Workspace};
//! let mut workspace = Workspace::default();
//! let verdict = Judge::judge(workspace.memory(), b"cos\nsystem\n(S'echo'\ntR.").verdict;
//! assert_eq!(verdict, Verdict::Dangerous);
//! # }
//! ```

mod calls;
mod containers;
mod copy;
mod effects;
mod fast;
mod feed;
mod judge;
mod machine;
mod memo;
mod memory;
mod names;
mod opcodes;
mod plain;
mod recode;
mod report;
mod resolve;
mod rings;
#[cfg(feature = "alloc")]
mod rows;
mod rules;
mod scalar;
mod short;
mod state;
mod table;
mod through;
mod value;

pub use feed::Judge;
#[cfg(feature = "alloc")]
pub use memory::Workspace;
pub use memory::{Buffers, FarSlot};
pub use names::Named;
pub use report::{Action, Executes, Finding, GlobalUse, Observer, Readers, Summary, TraceEvent};
#[cfg(feature = "alloc")]
pub use rows::{GlobalEffect, GlobalRow, GlobalRows};
pub use rules::{Capability, Rule, Verdict};
pub use table::GlobalTable;
pub use value::Slot;

/// The version of the tables: the day on which they were made.
pub const TABLES: &str = include_str!("../../tables/VERSION").trim_ascii();
