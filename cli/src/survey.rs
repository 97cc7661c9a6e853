//! What the opcodes of a pickle tell without its values being made.

pub mod globals;
pub mod guess;
pub(crate) mod indexes;
pub mod info;
pub mod sizes;
pub mod symbols;
pub(crate) mod walk;
