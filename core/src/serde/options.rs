//! What readers and writers are told beforehand.

use crate::{Encoding, Options};

/// How pickles are read into types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeOptions {
    /// How the pickle is read: the encoding of Python 2 strs, limits.
    pub pickle: Options,
    /// Levels that values may be nested. Default: 128. Each takes some hundred bytes of stack, more in debug builds.
    pub max_depth: usize,
    /// Values that may be read in all, a shared one as often as it is reached. Default: `None`, which is
    /// 1 048 576 and 64 for every byte of input: enough for every pickle that a program
    /// writes, and an end to one of a kilobyte that stands for a billion values.
    pub max_values: Option<u64>,
    /// Bytes after the pickle are no error, as in Python. Default: false.
    pub allow_trailing: bool,
}

impl Default for DeOptions {
    fn default() -> Self {
        DeOptions::new()
    }
}

impl DeOptions {
    /// The defaults.
    pub const fn new() -> Self {
        DeOptions { pickle: Options::new(), max_depth: 128, max_values: None, allow_trailing: false }
    }

    /// Python 2 strs must be UTF-8 and are text. Without this, they are text or bytes, as the type asks.
    pub const fn decode_strings(mut self) -> Self {
        self.pickle.encoding = Encoding::Utf8;
        self
    }

    /// What becomes of Python 2 strs, as `encoding` of `pickle.load`.
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.pickle.encoding = encoding;
        self
    }

    /// Levels that values may be nested.
    pub const fn max_depth(mut self, levels: usize) -> Self {
        self.max_depth = levels;
        self
    }

    /// Values that may be read in all.
    pub const fn max_values(mut self, values: u64) -> Self {
        self.max_values = Some(values);
        self
    }

    /// Bytes after the pickle are no error.
    pub const fn allow_trailing(mut self) -> Self {
        self.allow_trailing = true;
        self
    }

    /// The limit on values for so many bytes of input.
    pub(crate) fn values_for(&self, bytes: usize) -> u64 {
        self.max_values.unwrap_or((bytes as u64).saturating_mul(64).saturating_add(1 << 20))
    }
}
