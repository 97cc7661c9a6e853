//! Text that nom reads a path from. nom's own reading of `&str` slices by index, which the compiler cannot prove to be
//! at the border of a character: this asks with `get`, so that firmware and `libpickle.a` hold no panic.

use core::str::{CharIndices, Chars};

use nom::{Compare, CompareResult, Input, Needed, Offset};

/// What is left of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Source<'p>(pub(crate) &'p str);

impl<'p> Source<'p> {
    fn split(self, at: usize) -> (&'p str, &'p str) {
        self.0.split_at_checked(at).unwrap_or((self.0, ""))
    }
}

impl<'p> Input for Source<'p> {
    type Item = char;
    type Iter = Chars<'p>;
    type IterIndices = CharIndices<'p>;

    fn input_len(&self) -> usize {
        self.0.len()
    }

    fn take(&self, index: usize) -> Self {
        Source(self.split(index).0)
    }

    fn take_from(&self, index: usize) -> Self {
        Source(self.split(index).1)
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        let (taken, left) = self.split(index);
        (Source(left), Source(taken))
    }

    fn position<P: Fn(char) -> bool>(&self, predicate: P) -> Option<usize> {
        self.0.char_indices().find(|&(_, c)| predicate(c)).map(|(at, _)| at)
    }

    fn iter_elements(&self) -> Chars<'p> {
        self.0.chars()
    }

    fn iter_indices(&self) -> CharIndices<'p> {
        self.0.char_indices()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        let mut indices = self.0.char_indices().map(|(at, _)| at).chain([self.0.len()]);
        indices.nth(count).ok_or(Needed::Unknown)
    }
}

impl Offset for Source<'_> {
    fn offset(&self, second: &Self) -> usize {
        self.0.len().saturating_sub(second.0.len())
    }
}

impl Compare<&str> for Source<'_> {
    fn compare(&self, wanted: &str) -> CompareResult {
        match self.0.as_bytes().starts_with(wanted.as_bytes()) {
            true => CompareResult::Ok,
            false if wanted.as_bytes().starts_with(self.0.as_bytes()) => CompareResult::Incomplete,
            false => CompareResult::Error,
        }
    }

    fn compare_no_case(&self, wanted: &str) -> CompareResult {
        let same = self.0.bytes().zip(wanted.bytes()).all(|(a, b)| a.eq_ignore_ascii_case(&b));
        match same {
            true if self.0.len() >= wanted.len() => CompareResult::Ok,
            true => CompareResult::Incomplete,
            false => CompareResult::Error,
        }
    }
}
