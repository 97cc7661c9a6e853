//! Objects: how they were made, and what happened to them.

use crate::document::pickle_doc;
use crate::error::put;
use crate::iter::{begin, pickle_iter};
use crate::memory::pickle_bytes;
use crate::status::pickle_status;
use crate::value::{Found, here, or_kind, pickle_value, store};
use core::mem::MaybeUninit;
use pickle_core::{Change, Changes, How, ObjectParts};

/// The opcode that built an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_how {
    /// REDUCE: a callable and its arguments.
    Reduce = 0,
    /// NEWOBJ: `cls.__new__(cls, *args)`.
    NewObj = 1,
    /// NEWOBJ_EX: with keyword arguments.
    NewObjEx = 2,
    /// OBJ: a class and arguments from the stack.
    Obj = 3,
    /// INST: a named class and arguments from the stack.
    Inst = 4,
    /// PERSID, BINPERSID: a persistent id.
    PersId = 5,
    /// None: a global, extension or buffer that was changed without being called.
    Changed = 6,
}

macro_rules! same_hows {
    ($($name:ident)*) => {
        // The match is exhaustive: a way that the core learns does not compile until it is here, with its number.
        const _: () = { $( assert!(pickle_how::$name as i32 == How::$name as i32); )* };

        impl From<How> for pickle_how {
            fn from(how: How) -> Self {
                match how { $( How::$name => pickle_how::$name, )* }
            }
        }
    };
}

same_hows! { Reduce NewObj NewObjEx Obj Inst PersId Changed }

/// # Safety
/// `doc` is null or points to a document.
unsafe fn object<'a>(doc: *const pickle_doc, value: pickle_value) -> Found<ObjectParts<'a>> {
    // SAFETY: as the caller says.
    unsafe { here(doc, value) }.and_then(|value| or_kind(value.as_object()))
}

fn or_missing<T>(part: Option<T>) -> Found<T> {
    part.ok_or(pickle_status::Missing)
}

/// The opcode that built an object.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_object_how(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_how,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, object(doc, value).map(|object| object.how())) }
}

/// The class or function that was called to build an object. For a persistent object the persistent id, for a changed
/// global the global. `pickle_value_as_global` gives its name.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_object_callable(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, object(doc, value).map(|object| object.callable())) }
}

/// The arguments as one value, as REDUCE, NEWOBJ and NEWOBJ_EX take them.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_object_args_value(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, object(doc, value).and_then(|object| or_missing(object.args_value()))) }
}

/// Starts an iteration over the arguments, whichever opcode built the object.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_object_args(
    doc: *const pickle_doc,
    value: pickle_value,
    iter: *mut pickle_iter,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { begin(iter, object(doc, value).map(|object| object.args())) }
}

/// The keyword arguments (NEWOBJ_EX).
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_object_kwargs(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, object(doc, value).and_then(|object| or_missing(object.kwargs()))) }
}

/// The state of the last BUILD.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_object_state(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { store(out, object(doc, value).and_then(|object| or_missing(object.state()))) }
}

/// An iterator over the changes of an object. The document must stay at its address.
#[repr(C)]
pub struct pickle_changes {
    /// 0 at the end.
    pub more: usize,
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 2],
}

#[repr(C)]
struct Place {
    more: usize,
    changes: MaybeUninit<Changes<'static>>,
}

const _: () = assert!(size_of::<Place>() <= size_of::<pickle_changes>());
const _: () = assert!(align_of::<Place>() <= align_of::<pickle_changes>());

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_change_kind {
    /// APPEND, APPENDS: `items`.
    Append = 1,
    /// SETITEM, SETITEMS: `items` are entries.
    SetItem = 2,
    /// ADDITEMS: `items`.
    Add = 3,
    /// BUILD: `value` is the state.
    Build = 4,
    /// Raw bytes between the opcodes (joblib): `raw`.
    Raw = 5,
    /// A pickle between the opcodes (joblib): `value`.
    Nested = 6,
}

/// A change of an object after it was built.
#[repr(C)]
pub struct pickle_change {
    /// A state, or a nested pickle.
    pub value: pickle_value,
    /// Items or entries.
    pub items: pickle_iter,
    /// Bytes.
    pub raw: pickle_bytes,
    /// Which of these fields is set.
    pub kind: pickle_change_kind,
}

/// Starts an iteration over the changes of an object, in the order of the stream.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_object_changes(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_changes,
) -> pickle_status {
    if out.is_null() {
        return pickle_status::Null;
    }
    let mut place = Place { more: 0, changes: MaybeUninit::uninit() };
    // SAFETY: as the caller says.
    let status = match unsafe { object(doc, value) } {
        Ok(object) => {
            // SAFETY: the same type but for the lifetime, which C's programmer watches over.
            let changes = unsafe { core::mem::transmute::<Changes<'_>, Changes<'static>>(object.changes()) };
            place = Place { more: 1, changes: MaybeUninit::new(changes) };
            pickle_status::Ok
        }
        Err(status) => status,
    };
    // SAFETY: large and aligned enough.
    unsafe { put(out.cast(), place) };
    status
}

/// Advances to the next change; false at the end.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_changes_next(changes: *mut pickle_changes, out: *mut pickle_change) -> bool {
    // SAFETY: as the caller says; `more` says that the changes are there.
    let Some(place) = (unsafe { changes.cast::<Place>().as_mut() }) else { return false };
    if place.more == 0 || out.is_null() {
        return false;
    }
    // SAFETY: as above.
    let Some(change) = unsafe { place.changes.assume_init_mut() }.next() else {
        place.more = 0;
        return false;
    };
    let mut found = pickle_change {
        value: pickle_value::NONE,
        items: pickle_iter::EMPTY,
        raw: [].as_slice().into(),
        kind: pickle_change_kind::Build,
    };
    found.kind = match change {
        Change::Append(items) => {
            found.items = items.into();
            pickle_change_kind::Append
        }
        Change::SetItem(entries) => {
            found.items = entries.into();
            pickle_change_kind::SetItem
        }
        Change::Add(items) => {
            found.items = items.into();
            pickle_change_kind::Add
        }
        Change::Build(state) => {
            found.value = state.into();
            pickle_change_kind::Build
        }
        Change::Raw(raw, _) => {
            found.raw = raw.into();
            pickle_change_kind::Raw
        }
        Change::Nested(root) => {
            found.value = root.into();
            pickle_change_kind::Nested
        }
        _ => return false,
    };
    // SAFETY: as the caller says.
    unsafe { put(out, found) == pickle_status::Ok }
}
