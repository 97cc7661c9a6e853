//! The map of a file.

pub mod html;
