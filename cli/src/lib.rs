//! The `pickle` command: look into Python pickles without Python, nothing executed.

pub mod canonical;
pub mod json;
pub mod pyrepr;
pub mod show;
