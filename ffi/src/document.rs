//! A document that was read, and the one call that reads it.

use crate::error::{pickle_error, put};
use crate::memory::{bytes, pickle_storage, regions};
use crate::options::{checked, pickle_options};
use crate::status::pickle_status;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use pickle_core::{Document, Unpickler};

/// A pickle that was read. It points into the storage and the input, which must not change while it is in use. Several
/// threads may read it at the same time.
#[repr(C)]
pub struct pickle_doc {
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 12],
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

/// Reads the pickle at the start of `data` in one call. Strings are not copied: they stay in `data`, which must outlive
/// `doc`. Bytes after the pickle are ignored.
///
/// `options` and `error` may be null. On failure `doc` is empty, and every function refuses it.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_load(
    storage: *const pickle_storage,
    data: *const c_void,
    size: usize,
    options: *const pickle_options,
    doc: *mut pickle_doc,
    error: *mut pickle_error,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let (storage, options) = unsafe { (storage.as_ref(), checked(options)) };
    let empty = unsafe { fill(doc, None) };
    let found = match (storage, options) {
        (None, _) => pickle_error::plain(pickle_status::Null),
        (_, Err(status)) => pickle_error::plain(status),
        (Some(storage), Ok(options)) if empty == pickle_status::Ok => {
            let mut unpickler = Unpickler::new(unsafe { regions(storage) }, options);
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

/// All identities that `pickle_value_id` gives in this document are below this number.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_doc_id_limit(doc: *const pickle_doc) -> usize {
    // SAFETY: as the caller says.
    unsafe { document(doc) }.map_or(0, |document| document.id_limit())
}
