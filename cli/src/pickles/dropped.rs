//! Calls on what a pickle holds whose results it drops: how cloudpickle and dill set what is in functions, classes and cells.

use super::documents::leave_out;
use crate::messages::{note, printable};
use crate::pickles::children::for_each_child;
use pickle_core::{Document, GlobalName, How, Kind, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

/// Classes and functions that a message names.
const NAMED: usize = 4;

/// Inputs of which it was said.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Says that a pickle has such calls, once for an input, and true where it has: what they change is no part of the value, so
/// that nobody who prints it shows it, and the command exits with 1.
pub fn tell(name: &str, document: &Document<'_>) -> bool {
    let calls = calls(document);
    if calls.is_empty() {
        return false;
    }
    say(name, || {
        let (change, what) = match calls.len() {
            1 => ("1 call changes", "it returns"),
            _ => ("calls change", "they return"),
        };
        let mut summary = summary(&calls);
        let names = summary.split_off(summary.find(" (").unwrap_or(summary.len()));
        let count = if calls.len() == 1 { String::new() } else { summary + " " };
        format!(
            "{count}{change} what the value holds, and the pickle drops what {what}{names}: what is set so is not shown; \
             pickle dis has it"
        )
    });
    true
}

/// Where the first of these calls stands in inputs of which that is all that is known.
static STREAMS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Notes the same of a pickle of which no document is left, to be said when all threads are done.
pub fn note_stream(name: &str, first: Option<u64>) {
    if let (Some(offset), Ok(mut streams)) = (first, STREAMS.lock()) {
        let least = streams.entry(name.to_owned()).or_insert(offset);
        *least = offset.min(*least);
    }
}

/// Says what was noted.
pub fn tell_of_streams() {
    let streams = STREAMS.lock().map(|mut streams| std::mem::take(&mut *streams)).unwrap_or_default();
    for (name, offset) in streams {
        say(&name, || {
            format!(
                "calls change what the value holds, and the pickle drops what they return, first at byte {offset}: what is \
                 set so is not shown; pickle dis has it"
            )
        });
    }
}

fn say(name: &str, text: impl FnOnce() -> String) {
    leave_out();
    let is_new = TOLD.lock().is_ok_and(|mut told| told.insert(name.to_owned()));
    if is_new {
        note(name, &text());
    }
}

/// What is called, and how often.
fn names(calls: &[Value<'_>]) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for value in calls {
        let called = value.as_object().and_then(|call| name_of(call.callable()));
        *names.entry(called.unwrap_or_else(|| "a function without a name".to_owned())).or_default() += 1;
    }
    names
}

/// The name of a function, also of one that a call of `getattr` finds, with or without a default.
fn name_of(function: Value<'_>) -> Option<String> {
    if let Some(name) = function.class_name() {
        return Some(name.to_string());
    }
    let call = function.as_object()?;
    let is_getattr = call.callable().as_global().is_some_and(|global| global.name == "getattr");
    let mut args = call.args().filter(|_| is_getattr);
    Some(format!("{}.{}", args.next()?.class_name()?, args.next()?.as_str()?))
}

/// How many calls, and of what, in words.
pub fn summary(calls: &[Value<'_>]) -> String {
    let mut names: Vec<String> = names(calls).into_keys().take(NAMED + 1).collect();
    if names.len() > NAMED {
        names.truncate(NAMED);
        names.push("...".to_owned());
    }
    match calls.len() {
        0 => "0".to_owned(),
        count => format!("{count} ({})", printable(&names.join(", "))),
    }
}

/// The calls on what the pickle holds whose results it drops.
pub fn calls<'a>(document: &'a Document<'_>) -> Vec<Value<'a>> {
    let is_on_value = |value: &Value<'_>| {
        let call = value.as_object().filter(|object| object.how() == How::Reduce);
        let first = call.and_then(|call| call.args().next());
        first.is_some_and(|first| matches!(first.kind(), Kind::Object | Kind::Dict | Kind::List | Kind::Set))
    };
    // Most pickles have no such call at all, dropped or not.
    if !document.constructed().any(|value| is_on_value(&value)) {
        return Vec::new();
    }
    let mut calls = of(document).unwrap_or_default();
    // What an argument of another holds is not called for itself.
    let mut arguments = Vec::new();
    calls.iter().for_each(|call| for_each_child(call, &mut |child| arguments.push(child)));
    let inner = reached(document, arguments);
    calls.retain(|call| is_on_value(call) && !is_in(&inner, call));
    calls
}

/// By their numbers, the values that these hold, and they themselves.
fn reached<'a>(document: &'a Document<'_>, mut from: Vec<Value<'a>>) -> Vec<bool> {
    let mut reached = vec![false; document.id_limit()];
    while let Some(value) = from.pop() {
        if let Some(seen) = value.id().and_then(|id| reached.get_mut(id))
            && std::mem::replace(seen, true)
        {
            continue;
        }
        for_each_child(&value, &mut |child| from.push(child));
    }
    reached
}

fn is_in(reached: &[bool], value: &Value<'_>) -> bool {
    value.id().and_then(|id| reached.get(id)).is_some_and(|reached| *reached)
}

/// The objects that were made and that the root does not hold: what their making does is in the opcodes only. Without the
/// twins: an object that holds itself in its arguments is made twice, and the pickler drops the one that was begun first.
/// `None` where the root holds all.
pub(crate) fn of<'a>(document: &'a Document<'_>) -> Option<Vec<Value<'a>>> {
    let made: Vec<Value<'a>> = document.constructed().filter(|value| value.as_object().is_some()).collect();
    if made.is_empty() {
        return None;
    }
    let reached = reached(document, vec![document.root()]);
    let (held, mut dropped): (Vec<_>, Vec<_>) =
        made.into_iter().partition(|value| value.id().is_none() || is_in(&reached, value));
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
        note_value(object.callable(), 0, &mut hasher);
        object.args().len().hash(&mut hasher);
        object.args().take(TELLING).for_each(|arg| note_value(arg, TELLING_LEVELS, &mut hasher));
        object.kwargs().into_iter().for_each(|kwargs| note_value(kwargs, TELLING_LEVELS, &mut hasher));
    }
    hasher.finish()
}

fn note_value(value: Value<'_>, levels: usize, hasher: &mut DefaultHasher) {
    value.kind().hash(hasher);
    value.len().hash(hasher);
    match value.kind() {
        Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet if levels != 0 => {
            let items = value.items().into_iter().flatten();
            items.take(TELLING).for_each(|item| note_value(item, levels - 1, hasher));
        }
        Kind::Dict if levels != 0 => {
            for (key, value) in value.entries().into_iter().flatten().take(TELLING) {
                note_value(key, levels - 1, hasher);
                note_value(value, levels - 1, hasher);
            }
        }
        Kind::Global => value.as_global().map(GlobalName::pair).hash(hasher),
        _ => (value.id(), value.as_bool(), value.as_i64(), value.as_f64().map(f64::to_bits)).hash(hasher),
    }
    for bytes in [value.str_bytes(), value.as_bytes()] {
        bytes.map(|bytes| bytes.get(..bytes.len().min(64))).hash(hasher);
    }
}
