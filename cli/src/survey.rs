//! What can be learned from the opcodes of a pickle, without its values being made.

pub mod globals;
pub mod guess;
pub(crate) mod indexes;
pub mod info;
pub(crate) mod repair;
pub(crate) mod salvage;
pub(crate) mod search;
pub mod sizes;
pub mod symbols;
pub(crate) mod walk;
