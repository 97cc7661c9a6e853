//! What a value holds.

use pickle_core::{Change, How, Value};

/// The values inside a node, in the order in which its text has them.
pub(crate) fn for_each_child<'d>(value: &Value<'d>, each: &mut dyn FnMut(Value<'d>)) {
    if let Some(object) = value.as_object() {
        each(object.callable());
        match object.how() {
            How::Obj | How::Inst => object.args().for_each(&mut *each),
            _ => object.args_value().into_iter().chain(object.kwargs()).for_each(&mut *each),
        }
        for change in object.changes() {
            match change {
                Change::Append(items) | Change::Add(items) => items.for_each(&mut *each),
                Change::SetItem(entries) => entries.for_each(|(k, v)| {
                    each(k);
                    each(v);
                }),
                Change::Build(value) | Change::Nested(value) => each(value),
                _ => {}
            }
        }
    } else if let Some(items) = value.items() {
        items.for_each(each);
    } else if let Some(entries) = value.entries() {
        for (key, value) in entries {
            each(key);
            each(value);
        }
    } else if let Some(inner) = value.inner() {
        each(inner);
    }
}
