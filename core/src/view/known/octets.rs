//! Bytes in all the spellings that pickles have for them.

use super::{Changed, python_name};
use crate::{Kind, Value};

/// The content of bytes. Below protocol 3 a pickle holds the text of their
/// Latin-1 form instead, so the bytes come one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Octets<'d> {
    rest: &'d [u8],
    latin1: bool,
}

impl<'d> Octets<'d> {
    /// Bytes as they are.
    pub fn raw(bytes: &'d [u8]) -> Self {
        Octets { rest: bytes, latin1: false }
    }

    /// The UTF-8 form of a text with no character above U+00FF.
    fn latin1(text: &'d [u8]) -> Option<Self> {
        // U+0080 to U+00FF begin with C2 or C3 in UTF-8; what begins higher does not fit a byte.
        if text.iter().all(|&byte| byte < 0xc4) { Some(Octets { rest: text, latin1: true }) } else { None }
    }

    /// The bytes in one piece, where the pickle has them so.
    pub fn as_slice(&self) -> Option<&'d [u8]> {
        if self.latin1 { None } else { Some(self.rest) }
    }

    /// The bytes as text, where they are ASCII.
    pub fn as_ascii(&self) -> Option<&'d str> {
        if self.rest.is_ascii() { core::str::from_utf8(self.rest).ok() } else { None }
    }

    /// Number of bytes. Linear in it for the Latin-1 form.
    pub fn len(&self) -> usize {
        if !self.latin1 {
            return self.rest.len();
        }
        self.rest.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
    }

    /// No bytes.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The content of a value that is bytes in any spelling: bytes, bytearray, Python 2 str, `bytes()`,
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
            let (module, name) = object.class()?;
            let mut args = object.args();
            match (python_name(module), name, args.len()) {
                ("builtins", "bytes" | "bytearray", 0) => return Some(Octets::raw(&[])),
                ("builtins", "bytearray", 1) => value = args.next()?,
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
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        if !self.latin1 || first < 0x80 {
            return Some(first);
        }
        let (&second, rest) = rest.split_first()?;
        self.rest = rest;
        Some(first << 6 | second & 0x3f)
    }
}
