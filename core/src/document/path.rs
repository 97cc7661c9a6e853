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
