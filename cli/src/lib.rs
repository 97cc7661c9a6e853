//! The `pickle` command: look into Python pickles without Python, nothing executed.

pub mod failure;
pub mod input;
pub mod progress;

pub use failure::Failure;
