//! From values to JSON, one step after the other.

use super::share::{Shared, identity};
use super::steps::array;
use super::steps::{Form, Step, Steps, map, one, steps, with_id};
use super::text;
use pickle_core::Value;
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes one document.
pub struct Writer<'d, 'o, 's> {
    form: Form<'d>,
    shared: &'s Shared,
    out: &'o mut dyn Write,
    /// Numbers of the values that were written with an `$id`.
    ids: HashMap<usize, usize>,
    /// What is open: an array or a map, and whether something is in it.
    open: Vec<(bool, bool)>,
    /// A key was written, so its value follows on the same line.
    after_key: bool,
}

impl<'d, 'o, 's> Writer<'d, 'o, 's> {
    /// A writer that has written nothing.
    pub fn new(form: Form<'d>, shared: &'s Shared, out: &'o mut dyn Write) -> Self {
        Writer { form, shared, out, ids: HashMap::new(), open: Vec::new(), after_key: false }
    }

    /// Writes a value and a newline.
    pub fn write(&mut self, root: Value<'d>) -> io::Result<()> {
        let mut stack: Vec<Steps<'d>> = vec![Box::new(std::iter::once(Step::Value(root)))];
        while let Some(steps_left) = stack.last_mut() {
            let Some(step) = steps_left.next() else {
                stack.pop();
                continue;
            };
            match step {
                Step::Value(value) => {
                    let id = identity(&value).filter(|&id| self.shared.is_once(id));
                    let Some(id) = id else {
                        stack.push(steps(value, self.form));
                        continue;
                    };
                    if let Some(number) = self.ids.get(&id) {
                        let reference = Step::Raw(number.to_string());
                        stack.push(map([("$ref", one(reference))]));
                        continue;
                    }
                    let number = self.ids.len() + 1;
                    self.ids.insert(id, number);
                    stack.push(with_id(number, value, self.shared.is_cyclic(id), self.form));
                }
                Step::Parts(parts) => stack.push(parts),
                other => self.simple(other)?,
            }
        }
        self.out.write_all(b"\n")
    }

    fn simple(&mut self, step: Step<'_>) -> io::Result<()> {
        match step {
            Step::End => {
                let Some((is_map, filled)) = self.open.pop() else { return Ok(()) };
                if filled {
                    self.new_line()?;
                }
                return self.out.write_all(if is_map { b"}" } else { b"]" });
            }
            Step::Key(key) => {
                self.before()?;
                text::string(self.out, &key)?;
                self.after_key = true;
                return self.out.write_all(if self.form.options.indent.is_some() { b": " } else { b":" });
            }
            _ => self.before()?,
        }
        match step {
            Step::Array => {
                self.open.push((false, false));
                self.out.write_all(b"[")
            }
            Step::Map => {
                self.open.push((true, false));
                self.out.write_all(b"{")
            }
            Step::Raw(raw) => self.out.write_all(raw.as_bytes()),
            Step::Text(string) => text::string(self.out, &string),
            Step::Base64(octets) => text::base64(self.out, octets),
            Step::Cells(cells) => array::write(&cells, self.out),
            _ => Ok(()),
        }
    }

    /// The comma and the line before a value or a key.
    fn before(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.after_key) {
            return Ok(());
        }
        let Some((_, filled)) = self.open.last_mut() else { return Ok(()) };
        if std::mem::replace(filled, true) {
            self.out.write_all(b",")?;
        }
        self.new_line()
    }

    fn new_line(&mut self) -> io::Result<()> {
        let Some(indent) = self.form.options.indent else { return Ok(()) };
        self.out.write_all(b"\n")?;
        // Deeper levels stay there, or the blanks alone would be quadratic.
        let blanks = self.open.len().min(100) * indent.min(16);
        write!(self.out, "{:blanks$}", "")
    }
}
