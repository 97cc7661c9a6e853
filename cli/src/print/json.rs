//! Pickles as JSON. docs/json.md says which value becomes what.
//!
//! Written as the document is walked, with a stack of its own: neither the
//! text nor the depth of a pickle is ever held as a whole.

mod quick;
mod share;
mod steps;
mod text;
mod writer;

use super::cells::{Cells, Item};
use super::table::values::Arena;
use pickle_core::known::DType;
use pickle_core::{Document, Value};
use std::cell::RefCell;
use std::io::{self, Write};

/// How JSON is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Blanks a level; `None` puts everything on one line.
    pub indent: Option<usize>,
    /// Nothing is lost: tuples, sets, large ints, classes and sharing can be distinguished, and
    /// well-known types are objects. Without it the JSON is made for people and for `jq`.
    pub tagged: bool,
    /// Values that a shared container may hold, all levels counted, and still be written
    /// again wherever it appears. Larger ones are written once and then referred to.
    pub repeat: u32,
    /// Classes and functions have the names that Python 3 loads, whatever the protocol spells, in the plain form.
    pub today: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { indent: None, tagged: false, repeat: 100, today: false }
    }
}

/// Writes one pickle as JSON, with a newline at its end.
///
/// # Errors
/// What `out` says.
pub fn json(document: &Document<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    with(document, options, &mut share::Shared::default(), out)
}

fn with(document: &Document<'_>, options: &Options, shared: &mut share::Shared, out: &mut dyn Write) -> io::Result<()> {
    let arena = Arena::new(one_line);
    let (root, form) = (document.root(), steps::Form { options: *options, arena: &arena });
    shared.look_at(root, document.id_limit(), form);
    writer::Writer::new(form, shared, out).write(root)
}

/// An item of an array, or a part of it with fewer axes, as plain JSON on one line without its end.
///
/// # Errors
/// What `out` says.
pub fn part(cells: &Cells<'_>, out: &mut dyn Write) -> io::Result<()> {
    if !cells.is_objects() {
        return steps::array::write(cells, out);
    }
    steps::array::write_with(cells, out, &mut |item, out| match item {
        Item::Value(value) => {
            let mut text = String::new();
            one_line(value, &mut text);
            out.write_all(text.as_bytes())
        }
        Item::Bytes(_) | Item::Part(..) => Ok(()),
    })
}

/// An item of an array by its bytes, as plain JSON.
pub fn item(dtype: &DType<'_>, bytes: &[u8]) -> String {
    let mut text = Vec::new();
    // A Vec takes everything.
    let _ = steps::array::item(dtype, bytes, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// A dtype as plain JSON: of records, the types of all fields.
pub fn dtype(dtype: &DType<'_>) -> String {
    steps::array::described(dtype)
}

thread_local! {
    /// What `one_line` used before: cells of a table are many, and each has the numbers of a whole document. More than
    /// one is in use where a cell holds a table.
    static SHARED: RefCell<Vec<share::Shared>> = const { RefCell::new(Vec::new()) };
}

/// A value as plain JSON on one line, without its end.
pub fn one_line(value: Value<'_>, out: &mut String) {
    let mut shared = SHARED.with_borrow_mut(Vec::pop).unwrap_or_default();
    let mut line = Vec::new();
    // A Vec takes everything.
    let _ = with(&value.document(), &Options::default(), &mut shared, &mut line);
    SHARED.with_borrow_mut(|all| all.push(shared));
    out.push_str(String::from_utf8_lossy(&line).trim_end());
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
        let arena = Arena::new(one_line);
        let (root, form) = (document.root(), steps::Form { options: Options::default(), arena: &arena });
        if !self.quick.append(root, form, &mut self.text) {
            self.shared.look_at(root, document.id_limit(), form);
            // A Vec takes everything.
            let _ = writer::Writer::new(form, &self.shared, &mut self.text).write(root);
            self.text.pop();
        }
    }
}
