//! A document that was read, and the one call that reads it.

use crate::error::{pickle_error, put};
use crate::memory::{bytes, pickle_storage, storage};
use crate::reader::{options, pickle_options};
use crate::status::pickle_status;
use crate::value::pickle_value;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use pickle_core::{Document, Unpickler, Value};

/// A pickle that was read. It points into the storage and the input, which
/// must stay as they are for as long as it is used. Any number of readers may use it at one time.
#[repr(C)]
pub struct pickle_doc {
    /// The library's own.
    pub opaque: [u64; 12],
}

/// What a `pickle_doc` holds.
#[repr(C)]
pub(crate) struct Doc {
    ready: u64,
    document: MaybeUninit<Document<'static>>,
}

const READY: u64 = 0x7069_636b_6c65_646f;
const _: () = assert!(size_of::<pickle_doc>() == 96 && size_of::<Doc>() <= 96);
const _: () = assert!(align_of::<Doc>() <= align_of::<pickle_doc>());

/// The document, where one was read.
///
/// # Safety
/// `doc` is null or points to a `pickle_doc`, all zeros or filled by this library.
pub(crate) unsafe fn document<'a>(doc: *const pickle_doc) -> Option<&'a Document<'static>> {
    // SAFETY: the struct is large and aligned enough for it, and any bits make a valid `Doc`.
    let doc = unsafe { doc.cast::<Doc>().as_ref() }?;
    if doc.ready != READY {
        return None;
    }
    // SAFETY: `fill` sets both or none.
    Some(unsafe { doc.document.assume_init_ref() })
}

/// # Safety
/// `doc` is null or may be written.
pub(crate) unsafe fn fill(doc: *mut pickle_doc, document: Option<Document<'_>>) -> pickle_status {
    let doc = doc.cast::<Doc>();
    match document {
        None if doc.is_null() => pickle_status::Null,
        // SAFETY: not null; only the mark is written.
        None => unsafe { put(&raw mut (*doc).ready, 0) },
        Some(document) => {
            // SAFETY: the same type but for the lifetime, which C's programmer watches over.
            let document = unsafe { core::mem::transmute::<Document<'_>, Document<'static>>(document) };
            // SAFETY: as the caller says.
            unsafe { put(doc, Doc { ready: READY, document: MaybeUninit::new(document) }) }
        }
    }
}

/// The value of C, in its document.
///
/// # Safety
/// As [`document`].
pub(crate) unsafe fn value<'a>(doc: *const pickle_doc, value: pickle_value) -> Option<Value<'a>> {
    // SAFETY: as the caller says.
    Some(unsafe { document(doc) }?.value(value.node()))
}

/// Reads the pickle at the start of `data`: one call, no copy. Strings stay
/// in `data`, which must outlive `doc`; what follows the pickle is not looked at.
///
/// `options` and `error` may be null. On failure `doc` is empty, and says so to whoever asks it.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_load(
    memory: *const pickle_storage,
    data: *const c_void,
    size: usize,
    settings: *const pickle_options,
    doc: *mut pickle_doc,
    error: *mut pickle_error,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let (memory, settings) = unsafe { (memory.as_ref(), options(settings)) };
    let empty = unsafe { fill(doc, None) };
    let found = match (memory, settings) {
        (None, _) => pickle_error::plain(pickle_status::Null),
        (_, Err(status)) => pickle_error::plain(status),
        (Some(memory), Ok(settings)) if empty == pickle_status::Ok => {
            let mut unpickler = Unpickler::new(unsafe { storage(memory) }, settings);
            match unpickler.load(unsafe { bytes(data, size) }) {
                Ok(document) => {
                    unsafe { fill(doc, Some(document)) };
                    pickle_error::NONE
                }
                Err(error) => error.into(),
            }
        }
        _ => pickle_error::plain(empty),
    };
    unsafe { put(error, found) };
    found.status
}

/// The value that the pickle stands for; None where `doc` is empty.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_root(doc: *const pickle_doc) -> pickle_value {
    // SAFETY: as the caller says.
    match unsafe { document(doc) } {
        Some(document) => document.root().into(),
        None => pickle_value::NONE,
    }
}

/// Above every `pickle_id` of this document: the nodes that it was given.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_id_limit(doc: *const pickle_doc) -> usize {
    // SAFETY: as the caller says.
    unsafe { document(doc) }.map_or(0, |document| document.id_limit())
}
