//! Why there is nothing at a path: how far it leads, and what is there.

use crate::messages::printable;
use pickle_core::Document;
use pickle_core::view::View;

/// Why a path leads to no items; `None` where it leads to some, or to a container without any.
pub fn items(document: &Document<'_>, path: &str) -> Option<String> {
    let Some(found) = document.find(path) else { return Some(value(document, path)) };
    if found.members().is_some() {
        return None;
    }
    let what = match found.view() {
        View::None => "None".to_owned(),
        View::Bool(_) => "a bool".into(),
        View::Int(_) | View::BigInt(_) => "an int".into(),
        View::Float(_) | View::FloatText(_) => "a float".into(),
        View::Text(_) | View::Surrogates(_) => "a str".into(),
        View::Bytes(_) | View::ByteArray(_) => "bytes".into(),
        View::Global(_) => "a class or function".into(),
        View::Member(_) if found.class_name().is_some() => "a class or function, or a member of an enum".into(),
        View::Persistent(_) => "behind a persistent id".into(),
        _ => match found.as_object().and_then(|object| object.callable().class_name()) {
            Some(class) => printable(&format!("a {class}")),
            None => "an object".into(),
        },
    };
    Some(format!("{path} is {what}, which has no items"))
}

/// Why a path leads to nothing.
pub fn value(document: &Document<'_>, path: &str) -> String {
    match document.root().find_all(path) {
        Ok(_) => printable(&format!("there is nothing at {path}")),
        Err(error) => printable(&error.to_string()),
    }
}
