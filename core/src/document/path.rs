//! Paths into a document: `$.rows[3].temp`, `$["a key"][-1]`.

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStep<'p> {
    /// A key of a dict or an attribute of an object.
    Key(&'p str),
    /// An index of a list or tuple; below zero it counts from the end.
    Index(i64),
}

/// The steps of a path: an iterator of `Some(step)`, or one `None` where the path cannot be read.
#[derive(Clone, Debug)]
pub struct Path<'p> {
    rest: &'p str,
}

impl<'p> Path<'p> {
    /// The steps of `text`, with or without a leading `$`.
    pub fn new(text: &'p str) -> Self {
        Path { rest: text.strip_prefix('$').unwrap_or(text) }
    }

    /// The path can be read.
    pub fn is_valid(&self) -> bool {
        self.clone().all(|step| step.is_some())
    }

    fn step(&mut self) -> Option<PathStep<'p>> {
        if let Some(rest) = self.rest.strip_prefix('[') {
            if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
                let (key, rest) = rest.get(1..)?.split_once(quote)?;
                self.rest = rest.strip_prefix(']')?;
                return Some(PathStep::Key(key));
            }
            let (index, rest) = rest.split_once(']')?;
            self.rest = rest;
            return index.trim().parse().ok().map(PathStep::Index);
        }
        let rest = self.rest.strip_prefix('.').unwrap_or(self.rest);
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        if key.is_empty() { None } else { Some(PathStep::Key(key)) }
    }
}

impl<'p> Iterator for Path<'p> {
    type Item = Option<PathStep<'p>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let step = self.step();
        if step.is_none() {
            self.rest = "";
        }
        Some(step)
    }
}

#[cfg(feature = "alloc")]
mod search {
    use crate::{Change, Document, Kind, Node, Value};
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        let steps: heapless::Vec<_, 8> = Path::new("$.rows[3].temp['a.b'][-1]").collect();
        let expected = [
            Some(PathStep::Key("rows")),
            Some(PathStep::Index(3)),
            Some(PathStep::Key("temp")),
            Some(PathStep::Key("a.b")),
            Some(PathStep::Index(-1)),
        ];
        assert_eq!(steps.as_slice(), expected);
        assert_eq!(Path::new("$").next(), None);
        for bad in ["$..a", "$[x]", "$[1", "$['a]", "$."] {
            assert!(!Path::new(bad).is_valid(), "{bad}");
        }
    }
}
