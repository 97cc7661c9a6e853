//! Errors of reading into types and writing from them.

pub(crate) use super::text::Step;
use super::text::{Text, Trail};
use core::fmt;

/// Why a value could not be read or written. What is not listed here may come in later versions.
///
/// See the example of [`SerdeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SerdeErrorKind {
    /// The pickle itself is damaged, refused or too large for the memory given.
    Pickle(crate::Error),
    /// The reader or writer failed.
    Io(embedded_io::ErrorKind),
    /// The value is not what the type asks for, or the type says what is wrong with it.
    Value,
    /// A value contains itself: no tree of Rust values can hold that.
    Cyclic,
    /// Values are nested deeper than [`DeOptions::max_depth`](super::DeOptions::max_depth) allows.
    Depth,
    /// Shared values would be read more often than [`DeOptions::max_values`](super::DeOptions::max_values) allows.
    Values,
    /// Bytes follow the pickle.
    Trailing,
    /// The buffer to write to is full, or a size was promised and not kept.
    Full,
    /// The protocol cannot express the value.
    Unsupported,
}

/// Result of reading or writing.
pub type Result<T, E = SerdeError> = core::result::Result<T, E>;

/// An error with its place: bytes from the start of the pickle, and a path such as `$.rows[3].temp`.
///
/// One pointer with the feature `alloc`; without it the texts are kept inside and cut to 80 bytes each.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::serde::{SerdeErrorKind, from_slice};
/// use std::collections::BTreeMap;
///
/// // pickle.dumps({"temp": [21, "cold"]})
/// let input = b"\x80\x04}\x8c\x04temp](K\x15\x8c\x04coldes.";
/// let error = from_slice::<BTreeMap<String, Vec<u8>>>(input, Default::default()).unwrap_err();
/// assert_eq!((error.reason(), error.path()), (SerdeErrorKind::Value, Some("$.temp[1]")));
/// # }
/// ```
pub struct SerdeError {
    #[cfg(feature = "alloc")]
    inner: alloc::boxed::Box<Inner>,
    #[cfg(not(feature = "alloc"))]
    inner: Inner,
}

struct Inner {
    reason: SerdeErrorKind,
    message: Text,
    path: Trail,
    /// Path steps that are still to be left out: those inside a repeated part of a cycle.
    skip: usize,
    offset: Option<u64>,
    /// The path is whole: nothing is put in front of it any more.
    placed: bool,
}

impl SerdeError {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(reason: SerdeErrorKind, message: fmt::Arguments<'_>) -> Self {
        let inner = Inner {
            reason,
            message: Text::format(message),
            path: Trail::default(),
            skip: 0,
            offset: None,
            placed: false,
        };
        #[cfg(feature = "alloc")]
        let inner = alloc::boxed::Box::new(inner);
        SerdeError { inner }
    }

    #[cold]
    pub(crate) fn value(message: fmt::Arguments<'_>) -> Self {
        SerdeError::new(SerdeErrorKind::Value, message)
    }

    /// Leaves out the next `n` steps: the innermost ones.
    pub(crate) fn skipping(mut self, n: usize) -> Self {
        self.inner.skip = n;
        self
    }

    /// Says how many bytes of the output are good.
    #[cold]
    pub(crate) fn written(mut self, bytes: u64) -> Self {
        self.inner.offset = Some(bytes);
        self
    }

    /// Says where it was found, unless that is known.
    #[cold]
    pub(crate) fn at_offset(mut self, offset: Option<u64>) -> Self {
        self.inner.offset = self.inner.offset.or(offset);
        self
    }

    /// Puts a step in front of the path.
    #[cold]
    #[inline(never)]
    pub(crate) fn under(mut self, step: Step<'_>) -> Self {
        match self.inner.skip {
            0 => self.inner.path.prepend(step),
            _ => self.inner.skip -= 1,
        }
        self
    }

    /// The path begins at the root.
    pub(crate) fn rooted(mut self) -> Self {
        self.inner.placed = true;
        self
    }

    /// What kind of error it is.
    pub fn reason(&self) -> SerdeErrorKind {
        self.inner.reason
    }

    /// Bytes from the start of the pickle to the opcode that made the value at
    /// fault, or that is itself at fault. Where a sink failed or is full: the bytes it had taken,
    /// which are good. `None` where that is not known: of values that cannot be written, of what came from a `Value`,
    /// and of ints, floats and containers in a pickle that has objects or shared containers.
    pub fn offset(&self) -> Option<u64> {
        match self.inner.reason {
            SerdeErrorKind::Pickle(error) => Some(error.offset()),
            _ => self.inner.offset,
        }
    }

    /// Where the value at fault is: `$` is the whole, `.name` a key or
    /// attribute, `[3]` an index. `None` where the fault is not in a value.
    /// Paths of more than 160 bytes lose their end.
    pub fn path(&self) -> Option<&str> {
        let has_path =
            !matches!(self.inner.reason, SerdeErrorKind::Pickle(_) | SerdeErrorKind::Io(_) | SerdeErrorKind::Trailing);
        if has_path && self.inner.placed { Some(self.inner.path.as_str()) } else { None }
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        self.inner.message.as_str()
    }
}

impl From<crate::Error> for SerdeError {
    #[cold]
    fn from(error: crate::Error) -> Self {
        SerdeError::new(SerdeErrorKind::Pickle(error), format_args!("{}", error.kind().text()))
    }
}

impl fmt::Display for SerdeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let SerdeErrorKind::Pickle(error) = self.inner.reason {
            return error.fmt(f);
        }
        if let Some(offset) = self.offset() {
            write!(f, "at byte {offset}")?;
        }
        if let Some(path) = self.path() {
            write!(f, "{}{path}", if self.offset().is_some() { ", " } else { "at " })?;
        }
        if self.offset().is_some() || self.path().is_some() {
            f.write_str(": ")?;
        }
        f.write_str(self.message())
    }
}

impl fmt::Debug for SerdeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerdeError({self})")
    }
}

impl core::error::Error for SerdeError {}

impl ::serde::de::Error for SerdeError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        SerdeError::value(format_args!("{message}"))
    }
}

impl ::serde::ser::Error for SerdeError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        SerdeError::value(format_args!("{message}"))
    }
}
