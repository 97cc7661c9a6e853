//! Bytes in all the spellings that pickles have for them.

use super::instance::Changed;
use super::python_name;
use crate::{GlobalName, Items, Kind, Value};
use core::fmt;

/// The content of bytes. Below protocol 3 a pickle holds the text of their Latin-1 form instead, or a list of ints, so
/// the bytes come one by one.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::Octets;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(b"a\xe9", 2)
/// let pickle = b"\x80\x02c_codecs\nencode\nX\x03\0\0\0a\xc3\xa9X\x06\0\0\0latin1\x86R.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let octets = Octets::of(document.root()).unwrap();
/// assert_eq!((octets.len(), octets.as_slice()), (2, None));
/// assert!(octets.eq(*b"a\xe9"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Octets<'d>(Source<'d>);

#[derive(Clone, Copy)]
enum Source<'d> {
    Raw(&'d [u8]),
    /// UTF-8 with no character above U+00FF.
    Latin1(&'d [u8]),
    /// Ints of 0 to 255, all checked.
    Ints(Items<'d>),
}

impl<'d> Octets<'d> {
    /// Bytes as they are.
    pub fn raw(bytes: &'d [u8]) -> Self {
        Octets(Source::Raw(bytes))
    }

    /// The UTF-8 form of a text with no character above U+00FF.
    fn latin1(text: &'d [u8]) -> Option<Self> {
        // U+0080 to U+00FF begin with C2 or C3 in UTF-8; what begins higher does not fit a byte.
        if text.iter().all(|&byte| byte < 0xc4) { Some(Octets(Source::Latin1(text))) } else { None }
    }

    /// The bytes in one piece, where the pickle has them so.
    pub fn as_slice(&self) -> Option<&'d [u8]> {
        match self.0 {
            Source::Raw(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Both are the same bytes of a pickle, which is known without a look at them: not only equal ones.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Source::Raw(this), Source::Raw(that)) | (Source::Latin1(this), Source::Latin1(that)) => {
                core::ptr::eq(*this, *that)
            }
            (Source::Ints(this), Source::Ints(that)) => this.is_same(that),
            _ => false,
        }
    }

    /// The bytes as text, where they are ASCII and lie in one piece.
    pub fn as_ascii(&self) -> Option<&'d str> {
        match self.0 {
            Source::Raw(bytes) | Source::Latin1(bytes) if bytes.is_ascii() => core::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Number of bytes. Linear in it for the Latin-1 form.
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Raw(bytes) => bytes.len(),
            Source::Latin1(text) => text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count(),
            Source::Ints(items) => items.len(),
        }
    }

    /// No bytes.
    pub fn is_empty(&self) -> bool {
        match self.0 {
            Source::Raw(bytes) | Source::Latin1(bytes) => bytes.is_empty(),
            Source::Ints(items) => items.len() == 0,
        }
    }

    /// The content of a value that is bytes in any spelling: bytes, bytearray, Python 2 str, `bytes()`, `bytes([..])`,
    /// `_codecs.encode(text, 'latin1')`, `bytearray(..)` of those, or a buffer that was given.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let mut value = value;
        // A bytearray of bytes that were encoded is two calls deep.
        for _ in 0..3 {
            if let Some(bytes) = value.as_bytes() {
                return Some(Octets::raw(bytes));
            }
            let object = value.as_object()?;
            if !Changed::of(&object).is_empty() {
                return None;
            }
            let GlobalName { module, name } = object.class()?;
            let mut args = object.args();
            match (python_name(module), name, args.len()) {
                ("builtins", "bytes" | "bytearray", 0) => return Some(Octets::raw(&[])),
                ("builtins", "bytearray" | "bytes", 1) => {
                    value = args.next()?;
                    if let (Kind::List | Kind::Tuple, Some(items)) = (value.kind(), value.items()) {
                        let all = items.clone().all(|item| item.as_i64().is_some_and(|int| (0..=255).contains(&int)));
                        return if all { Some(Octets(Source::Ints(items))) } else { None };
                    }
                }
                ("_codecs", "encode", 2) | ("builtins", "bytearray" | "bytes", 2) => {
                    let (text, codec) = (args.next()?, args.next()?);
                    if !matches!(codec.as_str()?, "latin1" | "latin-1" | "iso-8859-1") {
                        return None;
                    }
                    return Octets::latin1(text.str_bytes().or_else(|| text.as_str().map(str::as_bytes))?);
                }
                _ => return None,
            }
        }
        None
    }

    /// As [`Octets::of`], and also the str that Python 2 bytes became when
    /// they were read as Latin-1 (what `datetime.__setstate__` accepts).
    pub(super) fn of_state(value: Value<'d>) -> Option<Self> {
        if value.kind() == Kind::Str { Octets::latin1(value.str_bytes()?) } else { Octets::of(value) }
    }

    /// What follows the first `skip` bytes. Linear in them for the Latin-1 form.
    pub(crate) fn after(mut self, skip: usize) -> Self {
        if let Source::Raw(bytes) = self.0 {
            return Octets::raw(bytes.get(skip..).unwrap_or_default());
        }
        if let Some(last) = skip.checked_sub(1) {
            self.nth(last);
        }
        self
    }

    /// The bytes as an array, if there are exactly `N`.
    pub fn to_array<const N: usize>(mut self) -> Option<[u8; N]> {
        let mut array = [0; N];
        for slot in &mut array {
            *slot = self.next()?;
        }
        if self.is_empty() { Some(array) } else { None }
    }
}

impl Iterator for Octets<'_> {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        match &mut self.0 {
            Source::Raw(rest) => {
                let (&first, tail) = rest.split_first()?;
                *rest = tail;
                Some(first)
            }
            Source::Latin1(rest) => {
                let (&first, tail) = rest.split_first()?;
                *rest = tail;
                if first < 0x80 {
                    return Some(first);
                }
                let (&second, tail) = rest.split_first()?;
                *rest = tail;
                Some(first << 6 | second & 0x3f)
            }
            Source::Ints(items) => Some(items.next()?.as_i64()? as u8),
        }
    }
}

impl PartialEq for Octets<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.as_slice(), other.as_slice()) {
            (Some(this), Some(that)) => this == that,
            _ => Iterator::eq(*self, *other),
        }
    }
}

impl Eq for Octets<'_> {}

impl fmt::Debug for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}
