//! What there is to know of a format that is unfolded.

use super::{Content, Member, Unfolded};
use crate::Failure;
use crate::input::{Arrays, Input, Part};
use std::io;

/// A format that has pickles in it.
pub(super) struct Format {
    /// As `--host` has it.
    pub name: &'static str,
    /// With an article, for messages.
    pub what: &'static str,
    pub recognise: Recognise,
    pub open: Open,
    /// Every member is a pickle by the format's own rule, whatever its name.
    pub all: bool,
}

/// How a format is recognised.
pub(super) enum Recognise {
    /// By the first bytes, at most a kilobyte, that no pickle begins with.
    Head(fn(&[u8]) -> bool),
    /// By more than that, of what lies in a file.
    File(fn(&Input, &Part) -> Result<bool, Failure>),
}

/// How a format is opened.
pub(super) enum Open {
    /// It has members, in a file whose bytes can be read in any order.
    Members(fn(&Input, &Part) -> Result<Vec<Member>, Failure>),
    /// All that matters of it are pickles, back to back.
    Pickles(fn(Input) -> Result<Content, Failure>),
    /// It has members, or turns out to have none and is given back.
    Content(fn(Input) -> Result<Content, Failure>),
    /// What it has depends on what becomes of arrays.
    Asked(fn(Input, Arrays) -> Result<Content, Failure>),
}

impl Format {
    /// It is recognised by more than its first bytes, and has members whose places are kept beside them: no bytes of it can change
    /// their number.
    pub fn is_placed(&self) -> bool {
        matches!((&self.recognise, &self.open), (Recognise::File(_), Open::Members(_)))
    }

    /// Unfolds an input of this format. An empty one has nothing to unfold and is given back.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn unfold(&self, input: Input, arrays: Arrays) -> Result<Content, Failure> {
        match self.open {
            Open::Pickles(open) | Open::Content(open) => open(input),
            Open::Asked(open) => open(input, arrays),
            Open::Members(open) => {
                let input = input.into_seekable()?;
                let Some(part) = input.part() else { return Ok(Content::Pickles(input)) };
                let members = open(&input, part)?;
                Ok(Content::Members(Unfolded { what: self.what, members, all: self.all }))
            }
        }
    }
}

/// Names the input that an error is about.
///
/// # Errors
/// The error.
pub(super) fn plain<T>(input: &Input, found: io::Result<T>) -> Result<T, Failure> {
    found.map_err(|source| Failure::Input { name: input.name().to_owned(), source })
}
