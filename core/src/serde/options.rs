//! Options for reading and writing types.

use crate::{Encoding, Options};

/// How pickles are read into types.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::serde::{DeOptions, SerdeErrorKind, from_slice};
///
/// let options = DeOptions::new().max_depth(2).allow_trailing();
/// assert_eq!(from_slice::<Vec<u8>>(b"]K\x01a.more", options)?, [1]);
/// let deep = from_slice::<Vec<Vec<Vec<u8>>>>(b"]]]aa.", options);
/// assert_eq!(deep.map_err(|error| error.reason()), Err(SerdeErrorKind::Depth));
/// # }
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeOptions {
    /// How the pickle is read: the encoding of Python 2 strs, limits.
    pub pickle: Options,
    /// Levels that values may be nested. Default: 128, which a stack of 512 KiB bears; in a debug build, one of 2 MiB. A level
    /// takes up to 2 KiB, in debug builds up to 8 KiB, besides what the types themselves take.
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

/// How types are written as pickles.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::serde::{SerOptions, to_vec};
///
/// assert_eq!(to_vec(&7, SerOptions::new())?, b"\x80\x04K\x07.");
/// assert_eq!(to_vec(&7, SerOptions::new().proto_v2())?, b"\x80\x02K\x07.");
/// assert_eq!(to_vec(&7, SerOptions::new().protocol(0))?, b"I7\n.");
/// # }
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SerOptions {
    /// 0 to 5. Default: 4, which every Python since 3.4 reads, and is CPython's own up to 3.13. Protocol 5 adds nothing that
    /// serde can say. Python 2 reads up to 2.
    pub protocol: u8,
    /// Enums as serde-pickle wrote them up to 0.6: `('Name',)` and `('Name', content)`. Default: false, which is
    /// `'Name'` and `{'Name': content}`. Both are read.
    pub compat_enum_repr: bool,
    /// Names of fields and variants are written once and fetched from the memo afterwards: smaller, and one object
    /// in Python. Default: true.
    pub share_names: bool,
}

impl Default for SerOptions {
    fn default() -> Self {
        SerOptions::new()
    }
}

impl SerOptions {
    /// The defaults.
    pub const fn new() -> Self {
        SerOptions { protocol: 4, compat_enum_repr: false, share_names: true }
    }

    /// The protocol, 0 to 5; more is 5.
    pub const fn protocol(mut self, protocol: u8) -> Self {
        self.protocol = if protocol > 5 { 5 } else { protocol };
        self
    }

    /// Protocol 2, for Python 2.
    pub const fn proto_v2(self) -> Self {
        self.protocol(2)
    }

    /// Enums as tuples, as serde-pickle wrote them up to 0.6.
    pub const fn compat_enum_repr(mut self) -> Self {
        self.compat_enum_repr = true;
        self
    }

    /// Whether the names of fields and variants are written once only.
    pub const fn share_names(mut self, share: bool) -> Self {
        self.share_names = share;
        self
    }
}
