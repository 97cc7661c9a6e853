//! Objects that a call of its own fills: the sixth part of what `__reduce__` returns. The pickle drops what such a call
//! returns, so no path leads to what it was given.

use super::children::for_each_child;
use super::documents::leave_out;
use crate::messages::note;
use pickle_core::{Document, Value};
use std::collections::HashSet;

/// Says which objects of a document are filled so, and lets the command end with exit code 1.
pub fn tell(name: &str, document: &Document<'_>) {
    if let Some(text) = text(document) {
        leave_out();
        note(name, &text);
    }
}

/// What there is to say, if there is something.
pub fn text(document: &Document<'_>) -> Option<String> {
    let filled = filled(document);
    let (object, call) = filled.first()?;
    let path = document.path_to(object.node()).unwrap_or_else(|| "an object".into());
    let function = call.as_object().and_then(|call| call.class());
    let function = function.map_or_else(|| "a function".into(), |class| class.to_string());
    let others = match filled.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    Some(format!(
        "{path}{others} is filled by a call of {function}, whose arguments are not looked into: cloudpickle and dill fill \
         classes and functions so; `pickle dis` shows them"
    ))
}

/// Each object that is filled so, and the call that does.
fn filled<'d>(document: &'d Document<'_>) -> Vec<(Value<'d>, Value<'d>)> {
    let first = |call: &Value<'d>| {
        let mut args = call.as_object()?.args();
        let object = args.next().filter(|object| object.as_object().is_some())?;
        args.next()?;
        if args.next().is_none() { Some((object, *call)) } else { None }
    };
    let mut calls: Vec<_> = document.constructed().filter_map(|call| first(&call)).collect();
    if calls.is_empty() {
        return calls;
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
    let is_reached = |value: &Value<'_>| value.id().and_then(|id| reached.get(id)).is_some_and(|&reached| reached);
    calls.retain(|(object, call)| is_reached(object) && !is_reached(call));
    if calls.is_empty() {
        return calls;
    }
    // Of an object that holds itself, Python writes the making several times and keeps one.
    let function = |call: &Value<'d>| {
        let object = call.as_object()?;
        Some((object.class(), object.callable().id()))
    };
    let making: HashSet<_> = document.constructed().filter(is_reached).filter_map(|it| function(&it)).collect();
    calls.retain(|(_, call)| function(call).is_some_and(|function| !making.contains(&function)));
    calls
}
