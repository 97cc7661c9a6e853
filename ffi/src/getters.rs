//! Typed getters: of a value itself, and of what is at a key, an index or a path.

use crate::document::{pickle_doc, root};
use crate::memory::{pickle_bytes, pickle_str, text};
use crate::status::pickle_status;
use crate::value::{Found, here, or_kind, pickle_value, store};
use core::ffi::c_char;
use pickle_core::{Kind, Value};

/// # Safety
/// As [`here`], and `key` is null or ends with a NUL.
unsafe fn by_key<'a>(doc: *const pickle_doc, value: pickle_value, key: *const c_char) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    let (value, key) = unsafe { (here(doc, value)?, text(key).ok_or(pickle_status::Null)?) };
    if value.entries().is_none() && value.as_object().is_none() {
        return Err(pickle_status::WrongKind);
    }
    let key = core::str::from_utf8(key).map_err(|_| pickle_status::Missing)?;
    value.get(key).ok_or(pickle_status::Missing)
}

/// # Safety
/// As [`here`].
unsafe fn by_index<'a>(doc: *const pickle_doc, value: pickle_value, index: usize) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    let mut items = or_kind(unsafe { here(doc, value)? }.items())?;
    items.nth(index).ok_or(pickle_status::Missing)
}

/// # Safety
/// `path` is null or ends with a NUL.
unsafe fn by_path<'a>(from: Found<Value<'a>>, path: *const c_char) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    let (from, path) = (from?, unsafe { text(path) }.ok_or(pickle_status::Null)?);
    let path = core::str::from_utf8(path).map_err(|_| pickle_status::BadPath)?;
    match from.find(path) {
        Some(found) => Ok(found),
        None if pickle_core::ValuePath::new(path).is_valid() => Err(pickle_status::Missing),
        None => Err(pickle_status::BadPath),
    }
}

fn to_value(value: Value<'_>) -> Found<Value<'_>> {
    Ok(value)
}

fn to_bool(value: Value<'_>) -> Found<bool> {
    or_kind(value.as_bool())
}

/// An int of the size asked for; a larger one is out of range.
fn ranged<T>(value: Value<'_>, int: Option<T>) -> Found<T> {
    int.ok_or(if value.kind() == Kind::Int { pickle_status::OutOfRange } else { pickle_status::WrongKind })
}

fn to_i64(value: Value<'_>) -> Found<i64> {
    ranged(value, value.as_i64())
}

fn to_u64(value: Value<'_>) -> Found<u64> {
    ranged(value, value.as_u64())
}

fn to_f64(value: Value<'_>) -> Found<f64> {
    or_kind(value.as_f64())
}

fn to_str<'a>(value: Value<'a>) -> Found<&'a str> {
    match value.as_str() {
        Some(text) => Ok(text),
        None if value.str_bytes().is_some() || value.kind() == Kind::Str8 => Err(pickle_status::NotUtf8),
        None => Err(pickle_status::WrongKind),
    }
}

fn to_bytes<'a>(value: Value<'a>) -> Found<&'a [u8]> {
    or_kind(value.as_bytes())
}

// `tests/header` expands these two in the same way, since cbindgen does not look into macros.
macro_rules! lookups {
    ($($type:ty, $convert:ident, $noun:literal: $get:ident $at:ident $find:ident $doc_find:ident;)*) => { $(
        #[doc = concat!($noun, " under a str key of a dict, or of an attribute of an object. The last of equal keys counts.")]
        ///
        /// # Safety
        /// Pointers are null or point to what their types say; texts end with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $get(
            doc: *const pickle_doc,
            value: pickle_value,
            key: *const c_char,
            out: *mut $type,
        ) -> pickle_status {
            // SAFETY: as the caller says.
            unsafe { store(out, by_key(doc, value, key).and_then($convert)) }
        }

        #[doc = concat!($noun, " at an index of a list or tuple.")]
        ///
        /// # Safety
        /// Pointers are null or point to what their types say.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $at(
            doc: *const pickle_doc,
            value: pickle_value,
            index: usize,
            out: *mut $type,
        ) -> pickle_status {
            // SAFETY: as the caller says.
            unsafe { store(out, by_index(doc, value, index).and_then($convert)) }
        }

        #[doc = concat!($noun, " at a path that begins at `value`.")]
        ///
        /// # Safety
        /// Pointers are null or point to what their types say; texts end with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $find(
            doc: *const pickle_doc,
            value: pickle_value,
            path: *const c_char,
            out: *mut $type,
        ) -> pickle_status {
            // SAFETY: as the caller says.
            unsafe { store(out, by_path(here(doc, value), path).and_then($convert)) }
        }

        #[doc = concat!($noun, " at a path from the root, such as `$.rows[3].temp`, `[\"a key\"]`, `[-1]`.")]
        ///
        /// # Safety
        /// Pointers are null or point to what their types say; texts end with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $doc_find(
            doc: *const pickle_doc,
            path: *const c_char,
            out: *mut $type,
        ) -> pickle_status {
            // SAFETY: as the caller says.
            unsafe { store(out, by_path(root(doc), path).and_then($convert)) }
        }
    )* };
}

macro_rules! conversions {
    ($($type:ty, $convert:ident, $text:literal: $as:ident;)*) => { $(
        #[doc = $text]
        ///
        /// # Safety
        /// Pointers are null or point to what their types say.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $as(
            doc: *const pickle_doc,
            value: pickle_value,
            out: *mut $type,
        ) -> pickle_status {
            // SAFETY: as the caller says.
            unsafe { store(out, here(doc, value).and_then($convert)) }
        }
    )* };
}

conversions! {
    bool, to_bool, "True or False. Ints are not bools.": pickle_value_as_bool;
    i64, to_i64, "An int that fits.": pickle_value_as_i64;
    u64, to_u64, "An int of zero or more that fits.": pickle_value_as_u64;
    f64, to_f64, "A float. Ints are not floats.": pickle_value_as_f64;
    pickle_str, to_str, "A str, or a Python 2 str that is UTF-8. It is not NUL-terminated.": pickle_value_as_str;
    pickle_bytes, to_bytes, "Bytes, a bytearray, or a Python 2 str.": pickle_value_as_bytes;
}

lookups! {
    pickle_value, to_value, "The value":
        pickle_value_get pickle_value_at pickle_value_find pickle_doc_find;
    bool, to_bool, "The bool":
        pickle_value_get_bool pickle_value_at_bool pickle_value_find_bool pickle_doc_find_bool;
    i64, to_i64, "The int":
        pickle_value_get_i64 pickle_value_at_i64 pickle_value_find_i64 pickle_doc_find_i64;
    u64, to_u64, "The int of zero or more":
        pickle_value_get_u64 pickle_value_at_u64 pickle_value_find_u64 pickle_doc_find_u64;
    f64, to_f64, "The float":
        pickle_value_get_f64 pickle_value_at_f64 pickle_value_find_f64 pickle_doc_find_f64;
    pickle_str, to_str, "The str":
        pickle_value_get_str pickle_value_at_str pickle_value_find_str pickle_doc_find_str;
    pickle_bytes, to_bytes, "The bytes":
        pickle_value_get_bytes pickle_value_at_bytes pickle_value_find_bytes pickle_doc_find_bytes;
}
