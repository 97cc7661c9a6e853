//! From a value to the path that leads to it.

use super::value::Value;
use super::{Change, Document, Kind};
use crate::Node;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// From a value to one of its parts.
#[derive(Clone, Copy)]
enum Step<'d> {
    Root,
    Index(usize),
    Under(Value<'d>),
    KeyOf(usize),
    /// A part that [`Value::find`] has no word for, by its key in JSON.
    Part(&'static str),
    /// What [`Value::find`] sees through.
    Through,
}

impl Document<'_> {
    /// The path of a value, the shortest one, for messages: `None` where the root does not hold it. As
    /// [`Value::find`] reads it, but for parts of objects, which are called `$args`, `$state` and so on, and keys
    /// that are no str.
    ///
    /// ```
    /// use pickle_core::{Heap, Options, Unpickler};
    /// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    /// let document = unpickler.load(b"}X\x01\0\0\0a]I5\nas.")?;
    /// let five = document.find("$.a[0]").map(|five| five.node());
    /// assert_eq!(five.and_then(|five| document.path_to(five)).as_deref(), Some("$.a[0]"));
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    ///
    /// Looks at the document once; takes memory for each of its values meanwhile.
    pub fn path_to(&self, node: Node) -> Option<String> {
        // Values, the one that each is in, and the step from there.
        let mut met = alloc::vec![(self.root(), 0, Step::Root)];
        let mut known = alloc::vec![false; self.id_limit()];
        let mut at = 0;
        while let Some(&(value, _, _)) = met.get(at) {
            if value.node() == node {
                return Some(text(&met, at));
            }
            let first =
                value.id().and_then(|id| known.get_mut(id)).is_none_or(|known| !core::mem::replace(known, true));
            if first {
                parts(value, &mut |part, step| met.push((part, at, step)));
            }
            at += 1;
        }
        None
    }
}

fn parts<'d>(value: Value<'d>, put: &mut dyn FnMut(Value<'d>, Step<'d>)) {
    value.items().into_iter().flatten().enumerate().for_each(|(i, item)| put(item, Step::Index(i)));
    entries(value.entries().into_iter().flatten(), put);
    value.inner().into_iter().for_each(|inner| put(inner, Step::Part("$readonly")));
    for name in value.global_parts().into_iter().flat_map(|(module, name)| [module, name]) {
        put(name, Step::Part("$global"));
    }
    let Some(object) = value.as_object() else { return };
    put(object.callable(), Step::Part("$class"));
    match object.args_value() {
        Some(args) => put(args, Step::Part("$args")),
        None => object.args().for_each(|arg| put(arg, Step::Part("$args"))),
    }
    object.kwargs().into_iter().for_each(|kwargs| put(kwargs, Step::Part("$kwargs")));
    for change in object.changes() {
        match change {
            Change::Append(items) | Change::Add(items) => {
                items.enumerate().for_each(|(i, item)| put(item, Step::Index(i)));
            }
            Change::SetItem(set) => entries(set, put),
            Change::Build(state) if state.kind() == Kind::Dict => put(state, Step::Through),
            Change::Build(state) => put(state, Step::Part("$state")),
            Change::Nested(root) => put(root, Step::Part("$pickle")),
            Change::Raw(..) => {}
        }
    }
}

fn entries<'d>(entries: impl Iterator<Item = (Value<'d>, Value<'d>)>, put: &mut dyn FnMut(Value<'d>, Step<'d>)) {
    for (i, (key, value)) in entries.enumerate() {
        put(key, Step::KeyOf(i));
        put(value, Step::Under(key));
    }
}

/// The steps from the root to number `at`.
fn text(met: &[(Value<'_>, usize, Step<'_>)], mut at: usize) -> String {
    let mut steps = Vec::new();
    while let Some(&(_, around, step)) = met.get(at) {
        steps.push(step);
        if at == 0 {
            break;
        }
        at = around;
    }
    let mut text = String::new();
    for step in steps.into_iter().rev() {
        // Writing to a String never fails.
        let _ = match step {
            Step::Root => text.write_str("$"),
            Step::Index(i) => write!(text, "[{i}]"),
            Step::KeyOf(i) => write!(text, ".$key[{i}]"),
            Step::Part(name) => write!(text, ".{name}"),
            Step::Through => Ok(()),
            Step::Under(key) => match (key.as_str(), key.as_i64()) {
                (Some(name), _) if is_word(name) => write!(text, ".{name}"),
                (Some(name), _) => write!(text, "[{name:?}]"),
                (None, Some(number)) => write!(text, "[{number}]"),
                (None, None) => write!(text, "[{:?}]", key.kind()),
            },
        };
    }
    text
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
