//! What values become in JSON, one step after the other.

pub mod array;
mod meaning;
mod table;
mod told;

pub use meaning::seconds;

use super::Options;
use crate::print::cells::Cells;
use crate::print::table::values::Arena;
use pickle_core::known::Octets;
use pickle_core::{Kind, Value};
use std::collections::HashSet;

/// How values become JSON, and a place for what is made on the way.
#[derive(Clone, Copy)]
pub struct Form<'d> {
    /// As was asked for.
    pub options: Options,
    /// Copies of bytes that the pickle has as text.
    pub arena: &'d Arena,
}

/// What is written next.
#[allow(clippy::large_enum_variant, reason = "one at a time is alive")]
pub enum Step<'d> {
    /// `[`
    Array,
    /// `{`
    Map,
    /// `]` or `}`, whichever is open.
    End,
    /// A key of a map.
    Key(String),
    /// A value of the document.
    Value(Value<'d>),
    /// A JSON text, such as a number.
    Raw(String),
    /// A JSON string.
    Text(String),
    /// Bytes in base64.
    Base64(Octets<'d>),
    /// The items of an array, which are no objects.
    Cells(Cells<'d>),
    /// More steps.
    Parts(Steps<'d>),
}

/// Steps that are made as they are taken.
pub type Steps<'d> = Box<dyn Iterator<Item = Step<'d>> + 'd>;

pub fn one(step: Step<'_>) -> Steps<'_> {
    Box::new(std::iter::once(step))
}

pub fn raw<'d>(json: impl Into<String>) -> Steps<'d> {
    one(Step::Raw(json.into()))
}

pub fn string<'d>(text: impl Into<String>) -> Steps<'d> {
    one(Step::Text(text.into()))
}

pub fn value(value: Value<'_>) -> Steps<'_> {
    one(Step::Value(value))
}

pub fn list<'d>(values: impl Iterator<Item = Value<'d>> + 'd) -> Steps<'d> {
    steps_between(Step::Array, values.map(Step::Value))
}

pub fn steps_between<'d>(open: Step<'d>, inner: impl Iterator<Item = Step<'d>> + 'd) -> Steps<'d> {
    Box::new(std::iter::once(open).chain(inner).chain(std::iter::once(Step::End)))
}

pub fn map<'d>(fields: impl IntoIterator<Item = (&'static str, Steps<'d>)> + 'd) -> Steps<'d> {
    let fields = fields.into_iter().flat_map(|(key, value)| [Step::Key(key.into()), Step::Parts(value)]);
    steps_between(Step::Map, fields)
}

pub fn pairs<'d>(pairs: impl Iterator<Item = (Value<'d>, Value<'d>)> + 'd) -> Steps<'d> {
    let pair = |(key, value)| Step::Parts(list([key, value].into_iter()));
    steps_between(Step::Array, pairs.map(pair))
}

pub fn tag<'d>(key: &'static str, value: Steps<'d>) -> Steps<'d> {
    map([(key, value)])
}

/// The key that a map can have for a str; `None` where it has none.
fn key(value: &Value<'_>, options: &Options) -> Option<String> {
    let text = match value.kind() {
        Kind::Str => value.as_str()?,
        Kind::Str8 if !options.tagged => value.as_str()?,
        _ => return None,
    };
    if text.starts_with('$') { None } else { Some(text.to_owned()) }
}

/// Keys and values as a map, or as a list of pairs behind `$dict` where JSON has no such keys.
pub fn dict<'d>(entries: impl Iterator<Item = (Value<'d>, Value<'d>)> + Clone + 'd, options: &Options) -> Steps<'d> {
    match plain_map(entries.clone(), options) {
        Some(map) => map,
        None => tag("$dict", pairs(entries)),
    }
}

pub fn plain_map<'d>(
    entries: impl Iterator<Item = (Value<'d>, Value<'d>)> + Clone + 'd,
    options: &Options,
) -> Option<Steps<'d>> {
    let mut seen = HashSet::new();
    let plain = entries.clone().all(|(name, _)| key(&name, options).is_some_and(|name| seen.insert(name)));
    if !plain {
        return None;
    }
    let options = *options;
    let fields = entries
        .flat_map(move |(name, value)| [Step::Key(key(&name, &options).unwrap_or_default()), Step::Value(value)]);
    Some(steps_between(Step::Map, fields))
}

/// A value that is referred to later, perhaps inside of itself: a map with `$id`.
pub fn with_id<'d>(number: usize, value: Value<'d>, cyclic: bool, form: Form<'d>) -> Steps<'d> {
    let id = ("$id", raw(number.to_string()));
    match value.kind() {
        Kind::List => map([id, ("$list", list(value.items().into_iter().flatten()))]),
        Kind::Tuple => map([id, ("$tuple", list(value.items().into_iter().flatten()))]),
        Kind::Set => map([id, ("$set", list(value.items().into_iter().flatten()))]),
        Kind::FrozenSet => map([id, ("$frozenset", list(value.items().into_iter().flatten()))]),
        Kind::Dict => match value.entries() {
            Some(entries) => match plain_map(entries, &form.options) {
                // `$id` cannot be a key of the dict: keys with `$` are written as pairs.
                Some(fields) => {
                    let id = [Step::Key("$id".into()), Step::Raw(number.to_string())];
                    Box::new(std::iter::once(Step::Map).chain(id).chain(fields.skip(1)))
                }
                None => map([id, ("$dict", pairs(entries))]),
            },
            None => raw("null"),
        },
        Kind::Object | Kind::Persistent => {
            let inner = steps(value, form);
            let mut inner = inner.peekable();
            if matches!(inner.peek(), Some(Step::Map)) {
                let id = [Step::Key("$id".into()), Step::Raw(number.to_string())];
                let copies = if cyclic && form.options.tagged { told::copies(value) } else { None };
                let copies = copies.map(|levels| [Step::Key("$copies".into()), Step::Raw(levels.to_string())]);
                let copies = copies.into_iter().flatten();
                return Box::new(std::iter::once(Step::Map).chain(id).chain(copies).chain(inner.skip(1)));
            }
            map([id, ("$value", Box::new(inner))])
        }
        _ => {
            let inner = steps(value, form).skip(1);
            let id = [Step::Key("$id".into()), Step::Raw(number.to_string())];
            Box::new(std::iter::once(Step::Map).chain(id).chain(inner))
        }
    }
}

/// What a value becomes.
pub fn steps<'d>(it: Value<'d>, form: Form<'d>) -> Steps<'d> {
    if form.options.tagged { told::steps(it, &form.options) } else { meaning::steps(it, form) }
}
