//! Calls on what a pickle holds whose results it drops: how cloudpickle and dill set what is in functions, classes and cells.

use crate::Failure;
use crate::messages::printable;
use crate::pickles::children::for_each_child;
use pickle_core::{Document, GlobalName, How, Kind, Value};
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Classes and functions that a message names.
const NAMED: usize = 4;

/// What such calls change is no part of the value, so that nobody who prints it shows it.
///
/// # Errors
/// There are such calls.
pub fn check(name: &str, document: &Document<'_>) -> Result<(), Failure> {
    let dropped = calls(document);
    let count: usize = dropped.values().sum();
    if count == 0 {
        return Ok(());
    }
    let mut names: Vec<String> = dropped.into_keys().take(NAMED + 1).collect();
    if names.len() > NAMED {
        names.truncate(NAMED);
        names.push("...".to_owned());
    }
    let text = format!(
        "{count} {} what the value holds, and the pickle drops what {} ({}): what is set so is not shown; pickle dis has it",
        if count == 1 { "call changes" } else { "calls change" },
        if count == 1 { "it returns" } else { "they return" },
        printable(&names.join(", "))
    );
    Err(Failure::Refused { name: name.to_owned(), text })
}

/// What is called, and how often.
fn calls(document: &Document<'_>) -> BTreeMap<String, usize> {
    let is_on_value = |value: &Value<'_>| {
        let call = value.as_object().filter(|object| object.how() == How::Reduce);
        let first = call.and_then(|call| call.args().next());
        first.is_some_and(|first| matches!(first.kind(), Kind::Object | Kind::Dict | Kind::List | Kind::Set))
    };
    let mut calls = BTreeMap::new();
    // Most pickles have no such call at all, dropped or not.
    if !document.constructed().any(|value| is_on_value(&value)) {
        return calls;
    }
    for value in of(document).unwrap_or_default().into_iter().filter(is_on_value) {
        let called = value.as_object().and_then(|call| call.callable().class_name());
        let name = called.map_or_else(|| "a function without a name".to_owned(), |name| name.to_string());
        *calls.entry(name).or_default() += 1;
    }
    calls
}

/// The objects that were made and that the root does not hold: what their making does is in the opcodes only. Without the
/// twins: an object that holds itself in its arguments is made twice, and the pickler drops the one that was begun first.
/// `None` where the root holds all.
pub(crate) fn of<'a>(document: &'a Document<'_>) -> Option<Vec<Value<'a>>> {
    let made: Vec<Value<'a>> = document.constructed().filter(|value| value.as_object().is_some()).collect();
    if made.is_empty() {
        return None;
    }
    let mut reached = vec![false; document.id_limit()];
    let mut stack = vec![document.root()];
    while let Some(value) = stack.pop() {
        if let Some(seen) = value.id().and_then(|id| reached.get_mut(id))
            && std::mem::replace(seen, true)
        {
            continue;
        }
        for_each_child(&value, &mut |child| stack.push(child));
    }
    let is_held = |value: &Value<'_>| value.id().and_then(|id| reached.get(id)).is_none_or(|reached| *reached);
    let (held, mut dropped): (Vec<_>, Vec<_>) = made.into_iter().partition(is_held);
    if dropped.is_empty() {
        return None;
    }
    let held: HashSet<u64> = held.into_iter().map(making).collect();
    let is_twin = |value: Value<'_>| {
        value.as_object().is_some_and(|object| object.changes().next().is_none()) && held.contains(&making(value))
    };
    dropped.retain(|value| !is_twin(*value));
    Some(dropped)
}

/// Items of arguments, and levels of them, that tell one call from another.
const TELLING: usize = 16;
const TELLING_LEVELS: usize = 3;

/// How an object was made, as a number: what was called, and for which arguments.
fn making(value: Value<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(object) = value.as_object() {
        (object.how() as u8).hash(&mut hasher);
        tell(object.callable(), 0, &mut hasher);
        object.args().len().hash(&mut hasher);
        object.args().take(TELLING).for_each(|arg| tell(arg, TELLING_LEVELS, &mut hasher));
        object.kwargs().into_iter().for_each(|kwargs| tell(kwargs, TELLING_LEVELS, &mut hasher));
    }
    hasher.finish()
}

fn tell(value: Value<'_>, levels: usize, hasher: &mut DefaultHasher) {
    value.kind().hash(hasher);
    value.len().hash(hasher);
    match value.kind() {
        Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet if levels != 0 => {
            let items = value.items().into_iter().flatten();
            items.take(TELLING).for_each(|item| tell(item, levels - 1, hasher));
        }
        Kind::Dict if levels != 0 => {
            for (key, value) in value.entries().into_iter().flatten().take(TELLING) {
                tell(key, levels - 1, hasher);
                tell(value, levels - 1, hasher);
            }
        }
        Kind::Global => value.as_global().map(GlobalName::pair).hash(hasher),
        _ => (value.id(), value.as_bool(), value.as_i64(), value.as_f64().map(f64::to_bits)).hash(hasher),
    }
    for bytes in [value.str_bytes(), value.as_bytes()] {
        bytes.map(|bytes| bytes.get(..bytes.len().min(64))).hash(hasher);
    }
}
