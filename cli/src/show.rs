//! `pickle show`: a pickle as a readable, Python-like tree.
//!
//! Two walks over the same view of the document (`view`): the first finds
//! out which of the visible values appear more than once, the second prints.
//! Neither recurses into the document: pickles nest deeper than threads do.

mod layout;
mod palette;
mod scalar;
mod view;

pub use palette::Palette;
pub(crate) use view::{path_text, uuid_text};

use crate::Failure;
use crate::args::ShowArgs;
use crate::input;
use crate::pickles::Pickles;
use crate::show::layout::Printer;
use pickle_core::Document;
use std::io::{self, Write};

/// `pickle show`: prints the pickles of every file as trees.
///
/// # Errors
/// An input cannot be read or a pickle is damaged; what came before is out.
pub fn run(args: &ShowArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let default = Options::default();
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let options = Options {
        width: args.width.or_else(terminal).unwrap_or(default.width),
        depth: args.depth.unwrap_or(default.depth),
        max_items: args.max_items.unwrap_or(default.max_items),
        palette: if args.color { Palette::colored() } else { Palette::plain() },
        ..default
    };
    let several = args.files.len() > 1;
    let mut first = true;
    input::for_each(&args.files, out, |input, out| {
        let path = args.files.first().filter(|_| !several);
        let is_member = path.is_some_and(|path| path.display().to_string() != input.name() && path.as_os_str() != "-");
        if several || is_member {
            writeln!(out, "{}==> {} <==", if first { "" } else { "\n" }, input.name())?;
        }
        first = false;
        let mut pickles = Pickles::new(input, pickle_core::Options::new(), false);
        while let Some(document) = pickles.next_document()? {
            show(&document, &options, out)?;
        }
        Ok(())
    })
}

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
