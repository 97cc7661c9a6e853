//! Rows and columns as text: aligned, CSV, JSON Lines, Markdown, HTML.

pub mod freq;
pub mod grid;
pub mod preview;
pub mod python;
pub mod rows;
pub mod text;
pub mod time;
pub mod values;
pub mod write;
