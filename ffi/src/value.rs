//! Values: kinds, typed getters by value, key, index and path.

use crate::document::{pickle_doc, value};
use crate::error::put;
use crate::memory::{pickle_bytes, pickle_str, text};
use crate::status::pickle_status;
use core::ffi::c_char;
use pickle_core::{BigInt, Node, Value};

/// A value of a document: a small handle, passed by value. It means something
/// only together with the document that it came from.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_value {
    /// The library's own.
    pub opaque: [u64; 2],
}

impl pickle_value {
    pub(crate) const NONE: pickle_value = pickle_value { opaque: [0; 2] };

    pub(crate) fn node(self) -> Node {
        // SAFETY: both are two u64, and any bits are a node.
        unsafe { core::mem::transmute::<pickle_value, Node>(self) }
    }
}

impl From<Value<'_>> for pickle_value {
    fn from(value: Value<'_>) -> Self {
        // SAFETY: both are two u64, and any bits are a value.
        unsafe { core::mem::transmute::<Node, pickle_value>(value.node()) }
    }
}

/// A kind of value, as the pickle has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_kind {
    /// None.
    None = 0,
    /// True or False.
    Bool = 1,
    /// An int of any size.
    Int = 2,
    /// A float.
    Float = 3,
    /// A str.
    Str = 4,
    /// A str of Python 2: bytes or text, the pickle cannot tell.
    Str8 = 5,
    /// Immutable bytes.
    Bytes = 6,
    /// A bytearray.
    ByteArray = 7,
    /// A list.
    List = 8,
    /// A tuple.
    Tuple = 9,
    /// A dict.
    Dict = 10,
    /// A set.
    Set = 11,
    /// A frozenset.
    FrozenSet = 12,
    /// A class or function by module and name; nothing was imported.
    Global = 13,
    /// An extension code of `copyreg`.
    Extension = 14,
    /// An object: how it was made and what happened to it.
    Object = 15,
    /// An object that stands behind a persistent id.
    Persistent = 16,
    /// An out-of-band buffer.
    Buffer = 17,
    /// A read-only view of a bytearray.
    ReadOnly = 18,
}

macro_rules! same_kinds {
    ($($name:ident)*) => {
        const _: () = { $( assert!(pickle_kind::$name as i32 == pickle_core::Kind::$name as i32); )* };

        fn kind_of(kind: pickle_core::Kind) -> pickle_kind {
            match kind {
                $( pickle_core::Kind::$name => pickle_kind::$name, )*
                _ => pickle_kind::None,
            }
        }
    };
}

same_kinds! {
    None Bool Int Float Str Str8 Bytes ByteArray List Tuple Dict Set FrozenSet Global Extension Object Persistent
    Buffer ReadOnly
}

/// What is there, or why it is not.
pub(crate) type Found<T> = Result<T, pickle_status>;

pub(crate) fn or_kind<T>(found: Option<T>) -> Found<T> {
    found.ok_or(pickle_status::WrongKind)
}

/// # Safety
/// `out` is null or may be written.
pub(crate) unsafe fn give<T>(out: *mut T, found: Found<impl Into<T>>) -> pickle_status {
    match found {
        // SAFETY: as the caller says.
        Ok(found) => unsafe { put(out, found.into()) },
        Err(_) if out.is_null() => pickle_status::Null,
        Err(status) => status,
    }
}

/// # Safety
/// As [`value`].
pub(crate) unsafe fn here<'a>(doc: *const pickle_doc, at: pickle_value) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    unsafe { value(doc, at) }.ok_or(pickle_status::Null)
}

/// # Safety
/// As [`value`], and `key` is null or ends with a NUL.
unsafe fn by_key<'a>(doc: *const pickle_doc, of: pickle_value, key: *const c_char) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    let (of, key) = unsafe { (here(doc, of)?, text(key).ok_or(pickle_status::Null)?) };
    if of.entries().is_none() && of.as_object().is_none() {
        return Err(pickle_status::WrongKind);
    }
    let key = core::str::from_utf8(key).map_err(|_| pickle_status::Missing)?;
    of.get(key).ok_or(pickle_status::Missing)
}

/// # Safety
/// As [`value`].
unsafe fn by_index<'a>(doc: *const pickle_doc, of: pickle_value, index: usize) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    let of = unsafe { here(doc, of)? };
    let mut items = or_kind(of.items())?;
    items.nth(index).ok_or(pickle_status::Missing)
}

/// # Safety
/// As [`by_key`].
unsafe fn by_path<'a>(doc: *const pickle_doc, of: pickle_value, path: *const c_char) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    let (of, path) = unsafe { (here(doc, of)?, text(path).ok_or(pickle_status::Null)?) };
    let path = core::str::from_utf8(path).map_err(|_| pickle_status::BadPath)?;
    match of.find(path) {
        Some(found) => Ok(found),
        None if pickle_core::Path::new(path).is_valid() => Err(pickle_status::Missing),
        None => Err(pickle_status::BadPath),
    }
}

fn to_bool(value: Value<'_>) -> Found<bool> {
    or_kind(value.as_bool())
}

/// An int of the size asked for; a larger one is out of range.
fn ranged<T>(value: Value<'_>, int: Option<T>) -> Found<T> {
    let is_int = value.kind() == pickle_core::Kind::Int;
    int.ok_or(if is_int { pickle_status::OutOfRange } else { pickle_status::WrongKind })
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
        None if value.str_bytes().is_some() || value.kind() == pickle_core::Kind::Str8 => Err(pickle_status::NotUtf8),
        None => Err(pickle_status::WrongKind),
    }
}

fn to_bytes<'a>(value: Value<'a>) -> Found<&'a [u8]> {
    or_kind(value.as_bytes())
}

/// The kind of a value.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_kind_of(doc: *const pickle_doc, of: pickle_value) -> pickle_kind {
    // SAFETY: as the caller says.
    match unsafe { value(doc, of) } {
        Some(value) => kind_of(value.kind()),
        None => pickle_kind::None,
    }
}

/// The value is None, or there is none: a zone that a time does not have, items that an array has not as objects.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_is_none(doc: *const pickle_doc, of: pickle_value) -> bool {
    // SAFETY: as the caller says.
    unsafe { value(doc, of) }.is_some_and(|value| value.kind() == pickle_core::Kind::None)
}

/// Items of a list, tuple, set or frozenset, entries of a dict (duplicate keys counted). 0 for everything else.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_len(doc: *const pickle_doc, of: pickle_value) -> usize {
    // SAFETY: as the caller says.
    unsafe { value(doc, of) }.map_or(0, |value| value.len())
}

/// Which node it is, where identity means something (containers, objects,
/// bytearrays): the same node is the same object in Python.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_id(doc: *const pickle_doc, of: pickle_value, out: *mut usize) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(|value| or_kind(value.id()))) }
}

/// The bytes of a str whatever they are: UTF-8, lone surrogates as three bytes (`surrogatepass`).
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_str_bytes(
    doc: *const pickle_doc,
    of: pickle_value,
    out: *mut pickle_bytes,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(|value| or_kind(value.str_bytes()))) }
}

/// An int that 64 bits do not hold, as the pickle has it.
#[repr(C)]
pub struct pickle_big_int {
    /// Two's complement, little-endian; or digits in ASCII, underscores perhaps between them.
    pub data: pickle_bytes,
    /// 0: two's complement. 2, 8, 10, 16: digits in that base.
    pub radix: u8,
    /// Below zero.
    pub negative: bool,
}

/// An int that 64 bits do not hold.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_big_int(
    doc: *const pickle_doc,
    of: pickle_value,
    out: *mut pickle_big_int,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { here(doc, of) }.and_then(|value| or_kind(value.as_big_int())).map(|int| {
        let (negative, radix, data) = match int {
            BigInt::Bytes(bytes) => (int.is_negative(), 0, bytes),
            BigInt::Text(text) => int.digits().unwrap_or((false, 10, text)),
        };
        pickle_big_int { data: data.into(), radix, negative }
    });
    // SAFETY: as the caller says.
    unsafe { give(out, found) }
}

/// The text of a protocol 0 float that this build does not parse (feature `text-float`).
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_float_text(
    doc: *const pickle_doc,
    of: pickle_value,
    out: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(|value| or_kind(value.float_text()))) }
}

/// Module and name of a class or function.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_global(
    doc: *const pickle_doc,
    of: pickle_value,
    module: *mut pickle_str,
    name: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { here(doc, of) }.and_then(|value| or_kind(value.as_global())) {
        Ok((found, of_it)) => match unsafe { put(module, found.into()) } {
            pickle_status::Ok => unsafe { put(name, of_it.into()) },
            null => null,
        },
        Err(status) => status,
    }
}

/// Module and name as the two str that STACK_GLOBAL took: what `pickle_as_global` gives, even where it is no UTF-8.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_global_parts(
    doc: *const pickle_doc,
    of: pickle_value,
    module: *mut pickle_value,
    name: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { here(doc, of) }.and_then(|value| or_kind(value.global_parts())) {
        Ok((found, of_it)) => match unsafe { put(module, found.into()) } {
            pickle_status::Ok => unsafe { put(name, of_it.into()) },
            null => null,
        },
        Err(status) => status,
    }
}

/// An extension code of `copyreg`, from 1 on.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_extension(doc: *const pickle_doc, of: pickle_value, out: *mut u32) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(|value| or_kind(value.as_extension()))) }
}

/// The number of an out-of-band buffer from 0 on, and whether it is read-only.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_buffer(
    doc: *const pickle_doc,
    of: pickle_value,
    index: *mut u32,
    read_only: *mut bool,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { here(doc, of) }.and_then(|value| or_kind(value.as_buffer())) {
        Ok((found, locked)) => match unsafe { put(index, found) } {
            pickle_status::Ok => unsafe { put(read_only, locked) },
            null => null,
        },
        Err(status) => status,
    }
}

/// The bytearray that a read-only view looks at.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_inner(
    doc: *const pickle_doc,
    of: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(|value| or_kind(value.inner()))) }
}

/// True or False, not 1 or 0.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_bool(doc: *const pickle_doc, of: pickle_value, out: *mut bool) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(to_bool)) }
}

/// An int.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_i64(doc: *const pickle_doc, of: pickle_value, out: *mut i64) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(to_i64)) }
}

/// An int of zero or more.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_u64(doc: *const pickle_doc, of: pickle_value, out: *mut u64) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(to_u64)) }
}

/// A float; ints are none.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_f64(doc: *const pickle_doc, of: pickle_value, out: *mut f64) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(to_f64)) }
}

/// A str, or a Python 2 str that is UTF-8; no NUL ends it.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_str(
    doc: *const pickle_doc,
    of: pickle_value,
    out: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(to_str)) }
}

/// Bytes, a bytearray, or a Python 2 str.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_as_bytes(
    doc: *const pickle_doc,
    of: pickle_value,
    out: *mut pickle_bytes,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, here(doc, of).and_then(to_bytes)) }
}

/// The value under a str key of a dict, or the attribute of an object. The last of equal keys counts.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_get(
    doc: *const pickle_doc,
    of: pickle_value,
    key: *const c_char,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_key(doc, of, key)) }
}

/// `pickle_get`, then `pickle_as_bool`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_get_bool(
    doc: *const pickle_doc,
    of: pickle_value,
    key: *const c_char,
    out: *mut bool,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_key(doc, of, key).and_then(to_bool)) }
}

/// `pickle_get`, then `pickle_as_i64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_get_i64(
    doc: *const pickle_doc,
    of: pickle_value,
    key: *const c_char,
    out: *mut i64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_key(doc, of, key).and_then(to_i64)) }
}

/// `pickle_get`, then `pickle_as_u64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_get_u64(
    doc: *const pickle_doc,
    of: pickle_value,
    key: *const c_char,
    out: *mut u64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_key(doc, of, key).and_then(to_u64)) }
}

/// `pickle_get`, then `pickle_as_f64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_get_f64(
    doc: *const pickle_doc,
    of: pickle_value,
    key: *const c_char,
    out: *mut f64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_key(doc, of, key).and_then(to_f64)) }
}

/// `pickle_get`, then `pickle_as_str`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_get_str(
    doc: *const pickle_doc,
    of: pickle_value,
    key: *const c_char,
    out: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_key(doc, of, key).and_then(to_str)) }
}

/// `pickle_get`, then `pickle_as_bytes`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_get_bytes(
    doc: *const pickle_doc,
    of: pickle_value,
    key: *const c_char,
    out: *mut pickle_bytes,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_key(doc, of, key).and_then(to_bytes)) }
}

/// The value at an index of a list or tuple.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_at(
    doc: *const pickle_doc,
    of: pickle_value,
    index: usize,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_index(doc, of, index)) }
}

/// `pickle_at`, then `pickle_as_bool`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_at_bool(
    doc: *const pickle_doc,
    of: pickle_value,
    index: usize,
    out: *mut bool,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_index(doc, of, index).and_then(to_bool)) }
}

/// `pickle_at`, then `pickle_as_i64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_at_i64(
    doc: *const pickle_doc,
    of: pickle_value,
    index: usize,
    out: *mut i64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_index(doc, of, index).and_then(to_i64)) }
}

/// `pickle_at`, then `pickle_as_u64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_at_u64(
    doc: *const pickle_doc,
    of: pickle_value,
    index: usize,
    out: *mut u64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_index(doc, of, index).and_then(to_u64)) }
}

/// `pickle_at`, then `pickle_as_f64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_at_f64(
    doc: *const pickle_doc,
    of: pickle_value,
    index: usize,
    out: *mut f64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_index(doc, of, index).and_then(to_f64)) }
}

/// `pickle_at`, then `pickle_as_str`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_at_str(
    doc: *const pickle_doc,
    of: pickle_value,
    index: usize,
    out: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_index(doc, of, index).and_then(to_str)) }
}

/// `pickle_at`, then `pickle_as_bytes`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_at_bytes(
    doc: *const pickle_doc,
    of: pickle_value,
    index: usize,
    out: *mut pickle_bytes,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_index(doc, of, index).and_then(to_bytes)) }
}

/// The value at a path from here, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_find(
    doc: *const pickle_doc,
    of: pickle_value,
    path: *const c_char,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_path(doc, of, path)) }
}

/// `pickle_find`, then `pickle_as_bool`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_find_bool(
    doc: *const pickle_doc,
    of: pickle_value,
    path: *const c_char,
    out: *mut bool,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_path(doc, of, path).and_then(to_bool)) }
}

/// `pickle_find`, then `pickle_as_i64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_find_i64(
    doc: *const pickle_doc,
    of: pickle_value,
    path: *const c_char,
    out: *mut i64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_path(doc, of, path).and_then(to_i64)) }
}

/// `pickle_find`, then `pickle_as_u64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_find_u64(
    doc: *const pickle_doc,
    of: pickle_value,
    path: *const c_char,
    out: *mut u64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_path(doc, of, path).and_then(to_u64)) }
}

/// `pickle_find`, then `pickle_as_f64`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_find_f64(
    doc: *const pickle_doc,
    of: pickle_value,
    path: *const c_char,
    out: *mut f64,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_path(doc, of, path).and_then(to_f64)) }
}

/// `pickle_find`, then `pickle_as_str`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_find_str(
    doc: *const pickle_doc,
    of: pickle_value,
    path: *const c_char,
    out: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_path(doc, of, path).and_then(to_str)) }
}

/// `pickle_find`, then `pickle_as_bytes`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_find_bytes(
    doc: *const pickle_doc,
    of: pickle_value,
    path: *const c_char,
    out: *mut pickle_bytes,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { give(out, by_path(doc, of, path).and_then(to_bytes)) }
}
