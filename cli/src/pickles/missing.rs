//! Why there is nothing at a path: how far it leads, and what is there.

use crate::messages::printable;
use pickle_core::{Document, Kind};

/// Why a path leads to no items; `None` where it leads to some, or to a container without any.
pub fn items(document: &Document<'_>, path: &str) -> Option<String> {
    let Some(found) = document.find(path) else { return Some(value(document, path)) };
    let what = match found.kind() {
        Kind::None => "None",
        Kind::Bool => "a bool",
        Kind::Int => "an int",
        Kind::Float => "a float",
        Kind::Str => "a str",
        Kind::Bytes => "bytes",
        _ => return None,
    };
    (path != "$").then(|| format!("{path} is {what}, which has no items"))
}

/// Why a path leads to nothing.
pub fn value(document: &Document<'_>, path: &str) -> String {
    match document.root().find_all(path) {
        Ok(_) => printable(&format!("there is nothing at {path}")),
        Err(error) => printable(&error.to_string()),
    }
}
