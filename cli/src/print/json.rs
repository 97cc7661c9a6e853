//! Pickles as JSON. docs/json.md says which value becomes what.
//!
//! Written as the document is walked, with a stack of its own: neither the
//! text nor the depth of a pickle is ever held as a whole.

mod array;
mod quick;
mod share;
mod steps;
mod text;
mod writer;

use pickle_core::Document;
use std::io::{self, Write};

/// How JSON is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Blanks a level; `None` puts everything on one line.
    pub indent: Option<usize>,
    /// Nothing is lost: tuples, sets, large ints, classes and sharing can be told apart, and
    /// well-known types are objects. Without it the JSON is made for people and for `jq`.
    pub tagged: bool,
    /// Values that a shared container may hold, all levels counted, and still be written
    /// again wherever it appears. Larger ones are written once and then referred to.
    pub repeat: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { indent: None, tagged: false, repeat: 100 }
    }
}

/// Writes one pickle as JSON, with a newline at its end.
///
/// # Errors
/// What `out` says.
pub fn json(document: &Document<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let root = document.root();
    let shared = share::Shared::of(root, document.id_limit(), options);
    writer::Writer::new(options, &shared, out).write(root)
}

/// Values as lines of plain JSON, the quick ones quickly.
#[derive(Default)]
pub struct Line {
    text: Vec<u8>,
    quick: quick::Quick,
    shared: share::Shared,
}

impl Line {
    /// Writes one value as a line.
    ///
    /// # Errors
    /// What `out` says.
    pub fn value(&mut self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.text.clear();
        self.append(document);
        self.text.push(b'\n');
        out.write_all(&self.text)
    }

    /// Writes a key and its value as a line: a list of two.
    ///
    /// # Errors
    /// What `out` says.
    pub fn pair(&mut self, key: &Document<'_>, value: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.text.clear();
        self.text.push(b'[');
        self.append(key);
        self.text.push(b',');
        self.append(value);
        self.text.extend(b"]\n");
        out.write_all(&self.text)
    }

    fn append(&mut self, document: &Document<'_>) {
        let options = Options::default();
        if !self.quick.append(document.root(), &options, &mut self.text) {
            let root = document.root();
            self.shared.look_at(root, document.id_limit(), &options);
            // A Vec takes everything.
            let _ = writer::Writer::new(&options, &self.shared, &mut self.text).write(root);
            self.text.pop();
        }
    }
}
