//! A reader that is fed pieces as they arrive, or reads one pickle after another.

use crate::document::{fill, pickle_doc};
use crate::error::{pickle_error, put};
use crate::memory::{bytes, pickle_in, pickle_storage, storage};
use crate::status::pickle_status;
use crate::version::PICKLE_ABI_VERSION;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use pickle_core::{Encoding, Options, Status, Storage, TextInts, Unpickler};

/// What a reader is told beforehand. All zeros are the defaults, and so is a null pointer.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct pickle_options {
    /// Opcodes that a pickle may have; 0: no limit.
    pub max_opcodes: u64,
    /// Out-of-band buffers that the caller has; counts only with `limit_buffers`.
    pub buffers: u32,
    /// One of `pickle_encoding`.
    pub encoding: u8,
    /// One of `pickle_text_ints`.
    pub text_ints: u8,
    /// Refuse more than `buffers` out-of-band buffers.
    pub limit_buffers: bool,
}

/// What becomes of a Python 2 str: the `encoding` of `pickle.load`.
#[repr(i32)]
pub enum pickle_encoding {
    /// Stays what it is, told apart from str and bytes.
    Keep = 0,
    /// Becomes bytes.
    Bytes = 1,
    /// Becomes a str; anything but ASCII is an error.
    Ascii = 2,
    /// Becomes a str, a code point a byte.
    Latin1 = 3,
    /// Becomes a str.
    Utf8 = 4,
}

/// How the texts of INT and LONG are read.
#[repr(i32)]
pub enum pickle_text_ints {
    /// As CPython up to 3.13: with base prefixes such as 0x.
    Prefixed = 0,
    /// As CPython from 3.14: base 10.
    Decimal = 1,
}

/// # Safety
/// `settings` is null or points to options.
pub(crate) unsafe fn options(settings: *const pickle_options) -> Result<Options, pickle_status> {
    let mut options = Options::new();
    // SAFETY: as the caller says.
    let Some(settings) = (unsafe { settings.as_ref() }) else { return Ok(options) };
    options.encoding = match settings.encoding {
        0 => Encoding::Keep,
        1 => Encoding::Bytes,
        2 => Encoding::Ascii,
        3 => Encoding::Latin1,
        4 => Encoding::Utf8,
        _ => return Err(pickle_status::BadOption),
    };
    options.text_ints = match settings.text_ints {
        0 => TextInts::Prefixed,
        1 => TextInts::Decimal,
        _ => return Err(pickle_status::BadOption),
    };
    if settings.max_opcodes != 0 {
        options.max_opcodes = settings.max_opcodes;
    }
    if settings.limit_buffers {
        options.buffers = Some(settings.buffers);
    }
    Ok(options)
}

/// A reader, made ready by `pickle_reader_init`.
#[repr(C)]
pub struct pickle_reader {
    /// The library's own.
    pub opaque: [u64; 72],
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

/// What can be told of a reader, to size the storage by.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_usage {
    /// Bytes consumed of the stream.
    pub offset: u64,
    /// Opcodes done of this pickle.
    pub opcodes: u64,
    /// Entries in the memo.
    pub memo: u64,
    /// Nodes that hold values; the stack is not counted.
    pub nodes: usize,
    /// Bytes in the byte region.
    pub bytes: usize,
    /// The argument of the last PROTO; 0 without one.
    pub protocol: u8,
}

/// Use the macro `pickle_reader_init(reader, storage, options)`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_init_abi(
    reader: *mut pickle_reader,
    memory: *const pickle_storage,
    settings: *const pickle_options,
    abi_version: u32,
    reader_size: usize,
) -> pickle_status {
    if abi_version != PICKLE_ABI_VERSION || reader_size != size_of::<pickle_reader>() {
        return pickle_status::AbiMismatch;
    }
    // SAFETY: as the caller says, here and below.
    let Some(memory) = (unsafe { memory.as_ref() }) else { return pickle_status::Null };
    let settings = match unsafe { options(settings) } {
        Ok(settings) => settings,
        Err(status) => return status,
    };
    let unpickler = MaybeUninit::new(Unpickler::new(unsafe { storage(memory) }, settings));
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

/// Takes a piece of input; strings are copied to the byte region, the piece
/// can go. `PICKLE_STATUS_OK`: the pickle is over, `input->pos` is behind it.
/// `PICKLE_STATUS_NEED_MORE`: feed the next piece.
/// `PICKLE_STATUS_NODES_FULL`, `_MEMO_FULL`, `_BYTES_FULL` say which region is too small.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_feed(reader: *mut pickle_reader, input: *mut pickle_in) -> pickle_status {
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

/// Says that no input follows. `PICKLE_STATUS_OK` if the pickle is complete.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_feed_end(reader: *mut pickle_reader) -> pickle_status {
    // SAFETY: as the caller says.
    let Some((error, unpickler)) = (unsafe { state(reader) }) else { return pickle_status::Null };
    let result = unpickler.finish().map(|()| Status::Done);
    settle(error, result)
}

/// The document that was fed, after `PICKLE_STATUS_OK`. It lies in the reader's storage.
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
            Ok(()) => unsafe { fill(doc, Some(unpickler.document())) },
            Err(_) => {
                unsafe { fill(doc, None) };
                pickle_status::NeedMore
            }
        },
    }
}

/// Goes on to the pickle that follows in the stream; the document before is
/// gone. With `keep_memo` it can refer to what the one before put there
/// (several `dump` calls on one Python `Pickler`), and the storage is not freed.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_next(reader: *mut pickle_reader, keep_memo: bool) -> pickle_status {
    // SAFETY: as the caller says.
    let Some((error, unpickler)) = (unsafe { state(reader) }) else { return pickle_status::Null };
    *error = pickle_error::NONE;
    unpickler.next_pickle(keep_memo);
    pickle_status::Ok
}

/// Reads the pickle that begins at `offset` of `data`, without a copy, for
/// data that holds several. Where it ends: `pickle_reader_usage`.
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

/// How far the reader is and how much of its storage is in use.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_reader_usage(reader: *mut pickle_reader, usage: *mut pickle_usage) -> pickle_status {
    // SAFETY: as the caller says.
    let Some((_, unpickler)) = (unsafe { state(reader) }) else { return pickle_status::Null };
    let (nodes, bytes) = unpickler.used();
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
