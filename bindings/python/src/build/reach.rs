//! What a value reaches: the events that make it, and its true depth.

use super::Build;
use crate::errors;
use pickle_core::{Change, Document, HistoryEvent, Items, Kind, Value};
use pyo3::prelude::*;

/// The events that make a value, in order. What is made by them is marked in `seen`, which has nothing marked before.
pub(super) fn reachable(document: &Document<'_>, root: Value<'_>, seen: &mut [bool]) -> Vec<usize> {
    let (mut open, mut events) = (Vec::new(), Vec::new());
    open.extend(root.id());
    let into = |items: Items<'_>, open: &mut Vec<usize>| open.extend(items.filter_map(|item| item.id()));
    while let Some(index) = open.pop() {
        let Some(seen) = seen.get_mut(index).filter(|seen| !**seen) else { continue };
        let Some(HistoryEvent::Made(value)) = document.event(index).map(|entry| entry.event) else { continue };
        *seen = true;
        events.push(index);
        if matches!(value.kind(), Kind::Tuple) {
            value.items().into_iter().for_each(|items| into(items, &mut open));
        }
        open.extend(value.inner().and_then(|inner| inner.id()));
        if let Some(object) = value.as_object() {
            open.extend(object.callable().id());
            open.extend(object.kwargs().and_then(|kwargs| kwargs.id()));
            match object.args_value() {
                Some(args) => open.extend(args.id()),
                None => into(object.args(), &mut open),
            }
        }
        for index in value.changed_at() {
            events.push(index);
            match document.event(index).map(|entry| entry.event) {
                Some(HistoryEvent::Changed(Change::Append(items) | Change::Add(items))) => into(items, &mut open),
                Some(HistoryEvent::Changed(Change::SetItem(entries))) => {
                    for (key, value) in entries {
                        open.extend(key.id());
                        open.extend(value.id());
                    }
                }
                Some(HistoryEvent::Changed(Change::Build(value) | Change::Nested(value))) => open.extend(value.id()),
                _ => {}
            }
        }
    }
    events.sort_unstable();
    events
}

impl Build<'_, '_, '_> {
    /// The true depth, where the bound says that it may be too much.
    pub(super) fn check_depth(&self, root: Value<'_>) -> PyResult<()> {
        let mut seen = vec![false; self.document.id_limit()];
        let mut level: Vec<Value<'_>> = vec![root];
        let mut depth = 0;
        // Level by level: the depth is that of the shortest way to the deepest value.
        while !level.is_empty() {
            let mut below = Vec::new();
            let mut any = false;
            for value in level.drain(..) {
                let Some(id) = value.id() else { continue };
                match seen.get_mut(id) {
                    Some(seen) if !*seen => *seen = true,
                    _ => continue,
                }
                any = true;
                below.extend(value.items().into_iter().flatten());
                below.extend(value.entries().into_iter().flatten().flat_map(|(key, value)| [key, value]));
                if let Some(object) = value.as_object() {
                    below.extend(object.args());
                    for change in object.changes() {
                        match change {
                            Change::Append(items) | Change::Add(items) => below.extend(items),
                            Change::SetItem(entries) => below.extend(entries.flat_map(|(key, value)| [key, value])),
                            Change::Build(value) | Change::Nested(value) => below.push(value),
                            _ => {}
                        }
                    }
                }
            }
            depth += u32::from(any);
            if depth > self.wanted.max_depth {
                return Err(errors::failed(self.py, "DepthLimit", 0, "the values nest deeper than max_depth allows"));
            }
            level = below;
        }
        Ok(())
    }
}
