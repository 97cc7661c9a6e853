//! Rows and columns as text: aligned, CSV, JSON Lines, Markdown, HTML.

pub mod grid;
pub mod preview;
pub mod python;
pub mod rows;
pub mod text;
pub mod time;
pub mod values;
mod wkt;
pub mod write;

use pickle_core::Value;

/// Writes a value that has no text of its own, as JSON.
pub type Other = fn(Value<'_>, &mut String);
