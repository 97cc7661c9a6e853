//! Values: kinds, sizes, identity, and what has no typed getter.

use crate::document::{document, pickle_doc};
use crate::error::put;
use crate::memory::{pickle_bytes, pickle_str, text};
use crate::status::pickle_status;
use core::ffi::c_char;
use pickle_core::{BigInt, Digits, Node, Value};

/// A value of a document: a small handle, passed by value. It is meaningful only together with its document.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_value {
    /// Private; do not access.
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

/// The kind of a value, as the pickle spells it.
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
    /// A Python 2 str: the pickle does not say whether it is bytes or text.
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
    /// An object: how it was built and changed.
    Object = 15,
    /// An object outside the pickle, named by a persistent id.
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
pub(crate) unsafe fn store<T>(out: *mut T, found: Found<impl Into<T>>) -> pickle_status {
    match found {
        // SAFETY: as the caller says.
        Ok(found) => unsafe { put(out, found.into()) },
        Err(_) if out.is_null() => pickle_status::Null,
        Err(status) => status,
    }
}

/// The value that the pickle stands for.
///
/// # Safety
/// As [`document`].
pub(crate) unsafe fn root<'a>(doc: *const pickle_doc) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    Ok(unsafe { document(doc) }.ok_or(pickle_status::Null)?.root())
}

/// A value of C in its document.
///
/// # Safety
/// As [`document`].
pub(crate) unsafe fn here<'a>(doc: *const pickle_doc, value: pickle_value) -> Found<Value<'a>> {
    // SAFETY: as the caller says.
    let document = unsafe { document(doc) }.ok_or(pickle_status::Null)?;
    Ok(document.value(value.node()))
}

/// The root value of the pickle; None where `doc` is empty.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_doc_root(doc: *const pickle_doc) -> pickle_value {
    // SAFETY: as the caller says.
    unsafe { root(doc) }.map_or(pickle_value::NONE, Into::into)
}

/// The kind of a value.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_kind(doc: *const pickle_doc, value: pickle_value) -> pickle_kind {
    // SAFETY: as the caller says.
    match unsafe { here(doc, value) } {
        Ok(value) => kind_of(value.kind()),
        Err(_) => pickle_kind::None,
    }
}

/// Whether the value is None. Also true where a struct has no such part: the zone of a naive time, the objects of an
/// array of numbers.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_is_none(doc: *const pickle_doc, value: pickle_value) -> bool {
    // SAFETY: as the caller says.
    unsafe { here(doc, value) }.is_ok_and(|value| value.kind() == pickle_core::Kind::None)
}

/// Items of a list, tuple, set or frozenset, entries of a dict (duplicate keys counted). 0 for everything else.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_len(doc: *const pickle_doc, value: pickle_value) -> usize {
    // SAFETY: as the caller says.
    unsafe { here(doc, value) }.map_or(0, |value| value.len())
}

/// The identity of a container, object or bytearray: equal numbers are the same object in Python.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_id(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut usize,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, here(doc, value).and_then(|value| or_kind(value.id()))) }
}

/// The bytes of a str: UTF-8, with lone surrogates as three bytes (`surrogatepass`).
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_str_bytes(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_bytes,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, here(doc, value).and_then(|value| or_kind(value.str_bytes()))) }
}

/// An int that does not fit 64 bits, as the pickle spells it.
#[repr(C)]
pub struct pickle_big_int {
    /// Two's complement, little-endian; or ASCII digits, possibly with underscores between them.
    pub data: pickle_bytes,
    /// 0: two's complement. 2, 8, 10, 16: digits in that base.
    pub radix: u8,
    /// Below zero.
    pub negative: bool,
}

/// An int that does not fit 64 bits.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_big_int(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_big_int,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { here(doc, value) }.and_then(|value| or_kind(value.as_big_int())).map(|int| {
        let Digits { negative, radix, digits } = match int {
            BigInt::Bytes(digits) => Digits { negative: int.is_negative(), radix: 0, digits },
            BigInt::Text(digits) => int.digits().unwrap_or(Digits { negative: false, radix: 10, digits }),
        };
        pickle_big_int { data: digits.into(), radix, negative }
    });
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}

/// The text of a protocol 0 float, in a library built without `text-float`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_float_text(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, here(doc, value).and_then(|value| or_kind(value.float_text()))) }
}

/// Module and name of a class or function.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_global(
    doc: *const pickle_doc,
    value: pickle_value,
    module: *mut pickle_str,
    name: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { here(doc, value) }.and_then(|value| or_kind(value.as_global())) {
        Ok(found) => match unsafe { put(module, found.module.into()) } {
            pickle_status::Ok => unsafe { put(name, found.name.into()) },
            null => null,
        },
        Err(status) => status,
    }
}

/// Module and name of a global as the two str of STACK_GLOBAL, which need not be UTF-8.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_global_parts(
    doc: *const pickle_doc,
    value: pickle_value,
    module: *mut pickle_value,
    name: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { here(doc, value) }.and_then(|value| or_kind(value.global_parts())) {
        Ok(found) => match unsafe { put(module, found.module.into()) } {
            pickle_status::Ok => unsafe { put(name, found.name.into()) },
            null => null,
        },
        Err(status) => status,
    }
}

/// An extension code of `copyreg`, at least 1.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_extension(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut u32,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, here(doc, value).and_then(|value| or_kind(value.as_extension()))) }
}

/// The index of an out-of-band buffer, counted from 0, and whether it is read-only.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_buffer(
    doc: *const pickle_doc,
    value: pickle_value,
    index: *mut u32,
    read_only: *mut bool,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { here(doc, value) }.and_then(|value| or_kind(value.as_buffer())) {
        Ok(found) => match unsafe { put(index, found.index) } {
            pickle_status::Ok => unsafe { put(read_only, found.read_only) },
            null => null,
        },
        Err(status) => status,
    }
}

/// The bytearray behind a read-only view.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_inner(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, here(doc, value).and_then(|value| or_kind(value.inner()))) }
}

/// How far a path comes from a value, for a message: `done` receives the number of bytes of the path that lead
/// somewhere, `there` what is there. `PICKLE_STATUS_OK` if all of the path leads to a value, which `there` is then;
/// `PICKLE_STATUS_MISSING` if not; `PICKLE_STATUS_BAD_PATH` if the path is malformed after `done`, and `there` is None.
///
/// # Safety
/// Pointers are null or point to what their types say; the path ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_path_reach(
    doc: *const pickle_doc,
    value: pickle_value,
    path: *const c_char,
    done: *mut usize,
    there: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let (from, path) = match unsafe { (here(doc, value), text(path)) } {
        (Ok(from), Some(path)) => (from, path),
        (Err(status), _) => return status,
        (_, None) => return pickle_status::Null,
    };
    let Ok(path) = core::str::from_utf8(path) else { return pickle_status::BadPath };
    let (status, reached, found) = match from.at_path(path) {
        Ok(found) => (pickle_status::Ok, path.len(), Some(found)),
        Err(error) => {
            let status = if error.value().is_some() { pickle_status::Missing } else { pickle_status::BadPath };
            (status, error.done().len(), error.value())
        }
    };
    // SAFETY: as the caller says.
    unsafe {
        put(done, reached);
        put(there, found.map_or(pickle_value::NONE, Into::into));
    }
    status
}
