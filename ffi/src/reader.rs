//! A reader that is fed pieces as they arrive, or reads one pickle after another.

use crate::document::{fill, pickle_doc};
use crate::error::{pickle_error, put};
use crate::memory::{bytes, pickle_in, pickle_storage, regions};
use crate::options::{checked, pickle_options};
use crate::status::pickle_status;
use crate::version::PICKLE_ABI_VERSION;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use pickle_core::{Status, Storage, Unpickler};

/// A reader that takes input in pieces. Initialise it with `pickle_reader_init`.
#[repr(C)]
pub struct pickle_reader {
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 72],
}

/// What a `pickle_reader` holds.
#[repr(C)]
struct Reader {
    ready: u64,
    error: pickle_error,
    unpickler: MaybeUninit<Unpickler<Storage<'static>>>,
}

const READY: u64 = 0x7069_636b_6c65_7264;
const _: () = assert!(size_of::<pickle_reader>() == 576 && size_of::<Reader>() <= 576);
const _: () = assert!(align_of::<Reader>() <= align_of::<pickle_reader>());

type State<'a> = (&'a mut pickle_error, &'a mut Unpickler<Storage<'static>>);

/// # Safety
/// `reader` is null or points to a `pickle_reader`, all zeros or made ready.
unsafe fn state<'a>(reader: *mut pickle_reader) -> Option<State<'a>> {
    // SAFETY: large and aligned enough; only `ready` is looked at before it says that the rest is there.
    let reader = reader.cast::<Reader>();
    if reader.is_null() || unsafe { (*reader).ready } != READY {
        return None;
    }
    // SAFETY: ready: all fields have been written.
    unsafe { Some((&mut (*reader).error, (*reader).unpickler.assume_init_mut())) }
}

/// What a reader has consumed and used, as a guide to the size of the storage.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_usage {
    /// Bytes consumed of the stream.
    pub offset: u64,
    /// Opcodes executed of this pickle.
    pub opcodes: u64,
    /// Entries in the memo.
    pub memo: u64,
    /// Nodes in use by values. The stack takes more, which is not counted.
    pub nodes: usize,
    /// Bytes in the byte region.
    pub bytes: usize,
    /// The argument of the last PROTO opcode; 0 if there was none.
    pub protocol: u8,
}

/// Use the macro `pickle_reader_init(reader, storage, options)`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_init_abi(
    reader: *mut pickle_reader,
    storage: *const pickle_storage,
    options: *const pickle_options,
    abi_version: u32,
    reader_size: usize,
) -> pickle_status {
    if abi_version != PICKLE_ABI_VERSION || reader_size != size_of::<pickle_reader>() {
        return pickle_status::AbiMismatch;
    }
    // SAFETY: as the caller says, here and below.
    let Some(storage) = (unsafe { storage.as_ref() }) else { return pickle_status::Null };
    let options = match unsafe { checked(options) } {
        Ok(options) => options,
        Err(status) => return status,
    };
    let unpickler = MaybeUninit::new(Unpickler::new(unsafe { regions(storage) }, options));
    unsafe { put(reader.cast(), Reader { ready: READY, error: pickle_error::NONE, unpickler }) }
}

fn settle(slot: &mut pickle_error, result: Result<Status, pickle_core::Error>) -> pickle_status {
    match result {
        Ok(Status::NeedMore) => pickle_status::NeedMore,
        Ok(_) => pickle_status::Ok,
        Err(error) => {
            *slot = error.into();
            slot.status
        }
    }
}

/// Reads a piece of input. Strings are copied to the byte region, so the piece need not outlive the call.
/// `PICKLE_STATUS_OK`: the pickle is complete and `input->pos` is just past it. `PICKLE_STATUS_NEED_MORE`: feed the next
/// piece. `PICKLE_STATUS_NODES_FULL`, `_MEMO_FULL` and `_BYTES_FULL` say which region is too small.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_feed(reader: *mut pickle_reader, input: *mut pickle_in) -> pickle_status {
    // SAFETY: as the caller says.
    let (Some((error, unpickler)), Some(input)) = (unsafe { state(reader) }, unsafe { input.as_mut() }) else {
        return pickle_status::Null;
    };
    // SAFETY: as the caller says.
    let whole = unsafe { bytes(input.data, input.size) };
    let mut rest = whole.get(input.pos..).unwrap_or_default();
    let before = rest.len();
    let result = unpickler.feed(&mut rest);
    input.pos += before - rest.len();
    settle(error, result)
}

/// Ends the input of the reader. `PICKLE_STATUS_OK` if the pickle is complete.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_finish(reader: *mut pickle_reader) -> pickle_status {
    // SAFETY: as the caller says.
    let Some((error, unpickler)) = (unsafe { state(reader) }) else { return pickle_status::Null };
    let result = unpickler.finish().map(|_| Status::Done);
    settle(error, result)
}

/// The document, once `pickle_reader_feed` has returned `PICKLE_STATUS_OK`. It lives in the reader's storage.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_doc(reader: *mut pickle_reader, doc: *mut pickle_doc) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(reader) } {
        None => {
            unsafe { fill(doc, None) };
            pickle_status::Null
        }
        Some((_, unpickler)) => match unpickler.finish() {
            Ok(document) => unsafe { fill(doc, Some(document)) },
            Err(_) => {
                unsafe { fill(doc, None) };
                pickle_status::NeedMore
            }
        },
    }
}

/// Begins the next pickle of the stream. The previous document becomes invalid. With `keep_memo` the next pickle may
/// refer to values of the previous one (several `dump` calls on one Python `Pickler`); the storage is then not reused.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_next_pickle(reader: *mut pickle_reader, keep_memo: bool) -> pickle_status {
    // SAFETY: as the caller says.
    let Some((error, unpickler)) = (unsafe { state(reader) }) else { return pickle_status::Null };
    *error = pickle_error::NONE;
    unpickler.next_pickle(keep_memo);
    pickle_status::Ok
}

/// Reads the pickle that begins at `offset` in `data` without copying, for data that holds several pickles. The offset
/// in `pickle_reader_usage` is where it ends.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_load(
    reader: *mut pickle_reader,
    data: *const c_void,
    size: usize,
    offset: usize,
    doc: *mut pickle_doc,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let empty = unsafe { fill(doc, None) };
    let (Some((slot, unpickler)), pickle_status::Ok) = (unsafe { state(reader) }, empty) else {
        return pickle_status::Null;
    };
    *slot = pickle_error::NONE;
    match unpickler.load_at(unsafe { bytes(data, size) }, offset) {
        Ok(document) => unsafe { fill(doc, Some(document)) },
        Err(error) => {
            *slot = error.into();
            slot.status
        }
    }
}

/// The last error of this reader.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_error(reader: *mut pickle_reader, error: *mut pickle_error) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(reader) } {
        Some((found, _)) => unsafe { put(error, *found) },
        None => pickle_status::Null,
    }
}

/// How far the reader has come and how much of its storage is in use.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_usage(reader: *mut pickle_reader, usage: *mut pickle_usage) -> pickle_status {
    // SAFETY: as the caller says.
    let Some((_, unpickler)) = (unsafe { state(reader) }) else { return pickle_status::Null };
    let pickle_core::Usage { nodes, bytes, .. } = unpickler.used();
    let found = pickle_usage {
        offset: unpickler.offset(),
        opcodes: unpickler.opcodes(),
        memo: unpickler.memo_count(),
        nodes,
        bytes,
        protocol: unpickler.protocol(),
    };
    // SAFETY: as the caller says.
    unsafe { put(usage, found) }
}
