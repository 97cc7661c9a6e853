//! From a value to its parts, each with the step of a path that leads there.

use pickle_core::view::{Attributes, Pairs, Record, View};
use pickle_core::{Change, How, Items, Kind, Value};
use std::fmt::Write;

/// A step from a value to one of its parts; `docs/paths.md` has the grammar.
#[derive(Clone, Copy)]
pub(crate) enum Step<'d> {
    /// `[3]`
    Index(usize),
    /// What is under a key, with the place of the key.
    Key(Value<'d>, usize),
    /// The key at a place: `@key[3]`.
    KeyAt(usize),
    /// `@state` and its like.
    Name(&'static str),
    /// `@args[3]` and its like.
    Numbered(&'static str, usize),
    /// A cell of a table: the column by its name, where it has one that is text, and the row.
    Cell(Option<&'d str>, usize),
}

impl Step<'_> {
    /// Writes the step as a path has it.
    pub fn write(&self, path: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Step::Index(at) => write!(path, "[{at}]"),
            Step::Key(key, at) => match key.path_step() {
                Some(step) => path.write_str(&step),
                None => write!(path, "@value[{at}]"),
            },
            Step::KeyAt(at) => write!(path, "@key[{at}]"),
            Step::Name(name) => write!(path, "@{name}"),
            Step::Numbered(name, at) => write!(path, "@{name}[{at}]"),
            Step::Cell(None, row) => write!(path, "[{row}]"),
            Step::Cell(Some(name), row) if is_word(name) => write!(path, ".{name}[{row}]"),
            Step::Cell(Some(name), row) => write!(path, "[{}][{row}]", serde_json::Value::from(*name)),
        };
    }
}

/// It stands in a path without quotes.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Parts of a value, one after the other.
pub(crate) type Parts<'d> = Box<dyn Iterator<Item = (Step<'d>, Value<'d>)> + 'd>;

/// The parts of a value: items, values under keys, fields and attributes; of an object of which no more is known, how it
/// was made and what changed it. Nothing for numbers, text, dates and arrays of numbers.
pub(crate) fn parts<'d>(value: Value<'d>) -> Option<Parts<'d>> {
    let items = |items: Items<'d>| items.enumerate().map(|(at, item)| (Step::Index(at), item));
    Some(match value.view() {
        View::Sequence(it) => Box::new(items(it.items).chain(attributes(it.attributes))),
        View::Set(it) => Box::new(items(it.items).chain(attributes(it.attributes))),
        View::Mapping(it) => Box::new(pairs(it.pairs).chain(attributes(it.attributes))),
        View::Record(it) => {
            let kwargs = it.kwargs.and_then(|kwargs| kwargs.entries()).map(Pairs::from);
            let named = kwargs.into_iter().flat_map(pairs);
            let state = state_beside(value, &it).map(|state| (Step::Name("state"), state));
            Box::new(items(it.positional()).chain(named).chain(attributes(it.attributes)).chain(state))
        }
        View::Array(array) if matches!(array.data, pickle_core::known::Data::Objects(_)) => made_of(value)?,
        View::Object(..)
        | View::Partial(_)
        | View::Persistent(_)
        | View::DataFrame { .. }
        | View::Series { .. }
        | View::Index { .. }
        | View::Masked(_)
        | View::Sparse { .. } => made_of(value)?,
        _ => return None,
    })
}

/// The state of a record that has no names, where arguments stand beside it: without them, it is the fields.
pub(crate) fn state_beside<'d>(value: Value<'d>, record: &Record<'d>) -> Option<Value<'d>> {
    record.values.filter(|_| record.args.len() != 0)?;
    value.as_object()?.state()
}

fn pairs<'d>(pairs: Pairs<'d>) -> impl Iterator<Item = (Step<'d>, Value<'d>)> + 'd {
    pairs.enumerate().map(|(at, (key, value))| (Step::Key(key, at), value))
}

fn attributes<'d>(attributes: Attributes<'d>) -> impl Iterator<Item = (Step<'d>, Value<'d>)> + 'd {
    attributes.enumerate().map(|(at, (key, value))| (Step::Key(key, at), value))
}

/// How an object was made, and what changed it.
pub(crate) fn made_of<'d>(value: Value<'d>) -> Option<Parts<'d>> {
    let object = value.as_object()?;
    let mut parts: Vec<(Step<'d>, Value<'d>)> = Vec::new();
    if object.how() == How::PersId {
        parts.push((Step::Name("id"), object.callable()));
    } else if object.callable().kind() != Kind::Global {
        parts.push((Step::Name("call"), object.callable()));
    }
    match object.args_value().filter(|args| args.kind() != Kind::Tuple) {
        Some(args) => parts.push((Step::Name("args"), args)),
        None => parts.extend(object.args().enumerate().map(|(at, arg)| (Step::Numbered("call", at), arg))),
    }
    parts.extend(object.kwargs().map(|kwargs| (Step::Name("kwargs"), kwargs)));
    let builds = object.changes().filter(|change| matches!(change, Change::Build(_))).count();
    let (mut item, mut entry, mut build, mut nested) = (0, 0, 0, 0);
    for change in object.changes() {
        match change {
            Change::Append(items) | Change::Add(items) => {
                let len = items.len();
                parts.extend(items.enumerate().map(|(at, value)| (Step::Numbered("items", item + at), value)));
                item += len;
            }
            Change::SetItem(entries) => {
                for (key, value) in entries {
                    parts.push((Step::KeyAt(entry), key));
                    parts.push((Step::Numbered("value", entry), value));
                    entry += 1;
                }
            }
            Change::Build(state) => {
                let step = if builds == 1 { Step::Name("state") } else { Step::Numbered("build", build) };
                parts.push((step, state));
                build += 1;
            }
            Change::Nested(root) => {
                parts.push((Step::Numbered("pickle", nested), root));
                nested += 1;
            }
            _ => {}
        }
    }
    Some(Box::new(parts.into_iter()))
}
