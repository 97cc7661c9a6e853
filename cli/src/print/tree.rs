//! A pickle as a readable, Python-like tree.
//!
//! Two walks over the same view of the document (`view`): the first finds
//! out which of the visible values appear more than once, the second prints.
//! Neither recurses into the document: pickles nest deeper than threads do.

mod layout;
mod palette;
mod scalar;
mod view;

pub use palette::Palette;

use layout::Printer;
use pickle_core::Document;
use std::io::{self, Write};

/// How much is shown, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Columns a line should have at most.
    pub width: usize,
    /// Levels of containers; what lies deeper is counted.
    pub depth: usize,
    /// Items of each container; the rest is counted.
    pub max_items: usize,
    /// Characters of a str, bytes of bytes; the rest is counted.
    pub max_text: usize,
    /// Colours.
    pub palette: Palette,
}

impl Default for Options {
    fn default() -> Self {
        Options { width: 100, depth: 20, max_items: 100, max_text: 100, palette: Palette::plain() }
    }
}

/// Writes the tree, with a newline at its end.
///
/// # Errors
/// What `out` says.
pub fn show(document: &Document<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let root = document.root();
    let mut printer = Printer::new(document, options, out);
    printer.count(root);
    printer.print(root)
}
