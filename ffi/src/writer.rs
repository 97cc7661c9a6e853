//! Writing: values one after another, to a buffer or through a callback.

use crate::error::{pickle_error, put};
use crate::json::pickle_write_fn;
use crate::memory::{bytes, text};
use crate::status::pickle_status;
use crate::version::PICKLE_ABI_VERSION;
use core::ffi::{c_char, c_void};
use core::mem::MaybeUninit;
use embedded_io::{ErrorType, Write};
use pickle_core::{Level, Memoized, Pickler, Shared, WriteError};

/// An open container of a writer: four bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_level {
    /// Private; do not access.
    pub opaque: [u16; 2],
}

/// A string that is written once and then referred to.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_shared {
    /// Private; do not access.
    pub opaque: [MaybeUninit<usize>; 3],
}

const _: () = assert!(size_of::<pickle_level>() == 4 && size_of::<Level>() == 4);
const _: () = assert!(align_of::<Level>() <= align_of::<pickle_level>());
const _: () = assert!(size_of::<pickle_shared>() == size_of::<Shared<'_>>());
const _: () = assert!(align_of::<pickle_shared>() == align_of::<Shared<'_>>());

/// The memory of a writer, declared by `PICKLE_WRITER_STORAGE`. It must outlive the writer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_writer_storage {
    /// One for every container that is open at once.
    pub levels: *mut pickle_level,
    /// Number of levels.
    pub levels_len: usize,
    /// One for every string that `pickle_writer_shared_str` shares.
    pub shared: *mut pickle_shared,
    /// Number of shared strings.
    pub shared_len: usize,
}

/// A memo entry: a value that was written and can be written again as the same object.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_memo {
    /// Private; do not access.
    pub opaque: u32,
}

const _: () = assert!(size_of::<pickle_memo>() == size_of::<Memoized>());

/// A writer. Initialise it with `pickle_writer_init` or `pickle_writer_init_sink`.
#[repr(C)]
pub struct pickle_writer {
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 20],
}

/// What a `pickle_writer` holds.
#[repr(C)]
struct Writer {
    ready: u64,
    error: pickle_error,
    protocol: u8,
    pickler: MaybeUninit<Pickler<'static, Sink>>,
}

const READY: u64 = 0x7069_636b_6c65_7772;
const _: () = assert!(size_of::<pickle_writer>() == 160 && size_of::<Writer>() <= 160);
const _: () = assert!(align_of::<Writer>() <= align_of::<pickle_writer>());

/// `PICKLE_UNKNOWN` of the header: lists, tuples and arguments whose number is not known beforehand.
/// cbindgen:ignore
const UNKNOWN: usize = usize::MAX;

/// The callback, or what is left of the buffer; without both, bytes are only counted.
pub(crate) struct Sink {
    write: pickle_write_fn,
    context: *mut c_void,
    room: *mut u8,
    left: usize,
}

/// The callback gave false.
#[derive(Debug)]
pub(crate) struct Stopped;

impl core::fmt::Display for Stopped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the callback asked to stop")
    }
}

impl core::error::Error for Stopped {}

impl embedded_io::Error for Stopped {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::Other
    }
}

impl ErrorType for Sink {
    type Error = Stopped;
}

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> Result<usize, Stopped> {
        if let Some(write) = self.write {
            // SAFETY: the caller of `pickle_writer_init_sink` gave both.
            return if unsafe { write(self.context, data.as_ptr(), data.len()) } {
                Ok(data.len())
            } else {
                Err(Stopped)
            };
        }
        if self.room.is_null() {
            return Ok(data.len());
        }
        let n = data.len().min(self.left);
        // SAFETY: `left` bytes at `room` are the writer's alone.
        unsafe {
            core::ptr::copy_nonoverlapping(data.as_ptr(), self.room, n);
            self.room = self.room.add(n);
        }
        self.left -= n;
        Ok(n)
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        Ok(())
    }
}

/// # Safety
/// `data` is null or points to `len` entries, as large and aligned as `T`, that live as long as the writer.
unsafe fn entries<T: 'static>(data: *mut T, len: usize, fill: impl Fn() -> T) -> &'static mut [T] {
    if data.is_null() || len == 0 {
        return &mut [];
    }
    for n in 0..len {
        // SAFETY: as the caller says.
        unsafe { data.add(n).write(fill()) };
    }
    // SAFETY: all of them have just been written.
    unsafe { core::slice::from_raw_parts_mut(data, len) }
}

/// Use `pickle_writer_init` or `pickle_writer_init_sink`.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_init_abi(
    writer: *mut pickle_writer,
    buffer: *mut c_void,
    size: usize,
    write: pickle_write_fn,
    context: *mut c_void,
    protocol: u8,
    storage: *const pickle_writer_storage,
    abi_version: u32,
    writer_size: usize,
) -> pickle_status {
    if abi_version != PICKLE_ABI_VERSION || writer_size != size_of::<pickle_writer>() {
        return pickle_status::AbiMismatch;
    }
    if writer.is_null() {
        return pickle_status::Null;
    }
    if protocol > 5 {
        return pickle_status::BadOption;
    }
    // SAFETY: as the caller says.
    let (levels, shared) = match unsafe { storage.as_ref() } {
        Some(storage) => unsafe {
            (
                entries(storage.levels.cast::<Level>(), storage.levels_len, || Level::EMPTY),
                entries(storage.shared.cast::<Shared<'static>>(), storage.shared_len, || Shared::EMPTY),
            )
        },
        None => Default::default(),
    };
    let sink = Sink { write, context, room: buffer.cast(), left: size };
    let pickler = MaybeUninit::new(Pickler::new(sink, protocol, levels).with_shared(shared));
    // SAFETY: large and aligned enough.
    unsafe { put(writer.cast(), Writer { ready: READY, error: pickle_error::NONE, protocol, pickler }) }
}

/// # Safety
/// `writer` is null or points to a `pickle_writer`, all zeros or made ready.
unsafe fn state<'a>(writer: *const pickle_writer) -> Option<&'a Writer> {
    let writer = writer.cast::<Writer>();
    // SAFETY: only `ready` is looked at before it says that the rest is there.
    if writer.is_null() || unsafe { (*writer).ready } != READY { None } else { unsafe { writer.as_ref() } }
}

/// Does one thing, unless an earlier one has failed. The first error stays.
///
/// # Safety
/// As [`state`].
pub(crate) unsafe fn step(
    writer: *mut pickle_writer,
    what: impl FnOnce(&mut Pickler<'static, Sink>, u8) -> Result<(), Fault>,
) -> pickle_status {
    // SAFETY: as the caller says.
    if unsafe { state(writer) }.is_none() {
        return pickle_status::Null;
    }
    // SAFETY: not null, and all fields have been written.
    let (error, pickler, protocol) = unsafe {
        let writer = writer.cast::<Writer>();
        (&mut (*writer).error, (*writer).pickler.assume_init_mut(), (*writer).protocol)
    };
    if error.status == pickle_status::Ok
        && let Err(fault) = what(pickler, protocol)
    {
        *error = match fault {
            Fault::Write(WriteError::Pickle(error)) => error.into(),
            Fault::Write(WriteError::Io { written, .. }) => {
                pickle_error { offset: written as u64, status: pickle_status::Stopped, byte: 0 }
            }
            Fault::Argument(status) => pickle_error { offset: pickler.written() as u64, status, byte: 0 },
        };
    }
    error.status
}

pub(crate) enum Fault {
    Write(WriteError<Stopped>),
    /// What was given cannot be read.
    Argument(pickle_status),
}

impl From<WriteError<Stopped>> for Fault {
    fn from(error: WriteError<Stopped>) -> Self {
        Fault::Write(error)
    }
}

/// # Safety
/// `data` is null or ends with a NUL.
pub(crate) unsafe fn utf8<'a>(data: *const c_char) -> Result<&'a str, Fault> {
    // SAFETY: as the caller says.
    let data = unsafe { text(data) }.ok_or(Fault::Argument(pickle_status::Null))?;
    core::str::from_utf8(data).map_err(|_| Fault::Argument(pickle_status::BadUtf8))
}

fn known(len: usize) -> Option<usize> {
    if len == UNKNOWN { None } else { Some(len) }
}

macro_rules! done {
    ($writer:ident, $pickler:ident => $what:expr) => {
        // SAFETY: pointers are null or point to what their types say.
        unsafe {
            step($writer, |$pickler, _| {
                $what?;
                Ok(())
            })
        }
    };
}

/// None.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_none(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.none())
}

/// True or False.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_bool(writer: *mut pickle_writer, value: bool) -> pickle_status {
    done!(writer, pickler => pickler.bool(value))
}

/// An int.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_i64(writer: *mut pickle_writer, value: i64) -> pickle_status {
    done!(writer, pickler => pickler.int(value))
}

/// An int of zero or more.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_u64(writer: *mut pickle_writer, value: u64) -> pickle_status {
    done!(writer, pickler => pickler.uint(value))
}

/// An int of any size: two's complement, little-endian. Below protocol 2 at most 64 bytes, else
/// `PICKLE_STATUS_INEXPRESSIBLE`.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_big_int(
    writer: *mut pickle_writer,
    data: *const c_void,
    size: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.big_int(bytes(data, size)))
}

/// A float. Protocol 0 spells it as text, which needs a library built with `text-float` (the default).
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_f64(writer: *mut pickle_writer, value: f64) -> pickle_status {
    done!(writer, pickler => pickler.float(value))
}

/// A str: NUL-terminated UTF-8.
///
/// # Safety
/// Pointers are null or point to what their types say; `value` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_str(writer: *mut pickle_writer, value: *const c_char) -> pickle_status {
    done!(writer, pickler => pickler.str_bytes(text(value).ok_or(Fault::Argument(pickle_status::Null))?))
}

/// A str of `size` bytes of UTF-8. Lone surrogates are three bytes (`surrogatepass`).
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_str_bytes(
    writer: *mut pickle_writer,
    data: *const c_void,
    size: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.str_bytes(bytes(data, size)))
}

/// A NUL-terminated str that is written once and referred to afterwards, if the storage has room for it. Meant for keys
/// that every record repeats. The text must not change before `pickle_writer_finish`.
///
/// # Safety
/// Pointers are null or point to what their types say; `value` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_shared_str(writer: *mut pickle_writer, value: *const c_char) -> pickle_status {
    done!(writer, pickler => pickler.shared_str(utf8(value)?))
}

/// Bytes.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_bytes(
    writer: *mut pickle_writer,
    data: *const c_void,
    size: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.bytes(bytes(data, size)))
}

/// A bytearray.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_byte_array(
    writer: *mut pickle_writer,
    data: *const c_void,
    size: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.byte_array(bytes(data, size)))
}

/// A class or function by module and name. Below protocol 3 the names are Python 2's (`__builtin__`).
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_global(
    writer: *mut pickle_writer,
    module: *const c_char,
    name: *const c_char,
) -> pickle_status {
    done!(writer, pickler => pickler.global(utf8(module)?, utf8(name)?))
}

/// A persistent object whose id is text. For other ids: `pickle_writer_begin_persistent`.
///
/// # Safety
/// Pointers are null or point to what their types say; `id` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_persistent_id(writer: *mut pickle_writer, id: *const c_char) -> pickle_status {
    done!(writer, pickler => pickler.persistent_id(utf8(id)?))
}

/// The next out-of-band buffer (protocol 5).
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_buffer(writer: *mut pickle_writer, read_only: bool) -> pickle_status {
    done!(writer, pickler => pickler.buffer(read_only))
}

/// Begins a list; its items follow, then `pickle_writer_end`. `len` may be `PICKLE_UNKNOWN`; it only selects opcodes.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_list(writer: *mut pickle_writer, len: usize) -> pickle_status {
    done!(writer, pickler => pickler.begin_list(known(len)))
}

/// Begins a dict; keys and values follow in turn, then `pickle_writer_end`. `len` is the number of entries, or
/// `PICKLE_UNKNOWN`.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_dict(writer: *mut pickle_writer, len: usize) -> pickle_status {
    done!(writer, pickler => pickler.begin_dict(known(len)))
}

/// Begins a tuple; its items follow, then `pickle_writer_end`. A `len` of at most 3 saves a byte and must be exact; else
/// it may be `PICKLE_UNKNOWN`.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_tuple(writer: *mut pickle_writer, len: usize) -> pickle_status {
    done!(writer, pickler => pickler.begin_tuple(known(len)))
}

/// Begins a set; its items follow, then `pickle_writer_end`.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_set(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.begin_set())
}

/// Begins a frozenset; its items follow, then `pickle_writer_end`.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_frozen_set(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.begin_frozen_set())
}

/// Begins an object that a call builds (REDUCE). Its arguments follow; then, if wanted, `pickle_writer_then_items`,
/// `pickle_writer_then_entries` and `pickle_writer_then_state` in this order; then `pickle_writer_end`. `args` is the
/// number of arguments, or `PICKLE_UNKNOWN`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_call(
    writer: *mut pickle_writer,
    module: *const c_char,
    name: *const c_char,
    args: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.begin_call(utf8(module)?, utf8(name)?, known(args)))
}

/// Begins an object that `cls.__new__(cls, *args)` builds (NEWOBJ); otherwise like `pickle_writer_begin_call`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_new(
    writer: *mut pickle_writer,
    module: *const c_char,
    name: *const c_char,
    args: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.begin_new(utf8(module)?, utf8(name)?, known(args)))
}

/// Begins a persistent object: one value follows, its id, then `pickle_writer_end`. From protocol 1 on.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_begin_persistent(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.begin_persistent())
}

/// Ends the arguments of an object and begins items to append; they follow, then `pickle_writer_end` of the items. The
/// object stays open.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_then_items(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.then_items())
}

/// Ends the arguments or items of an object and begins entries to set; keys and values follow, then
/// `pickle_writer_end` of the entries. The object stays open.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_then_entries(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.then_entries())
}

/// Ends the other parts of an object and begins its state: one value follows, then `pickle_writer_end` of the object.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_then_state(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.then_state())
}

/// Ends the innermost container, object, or part of an object.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_end(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.end())
}

/// Puts the value just written, or the container just begun, into the memo, for `pickle_writer_get_memo`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_memoize(writer: *mut pickle_writer, memo: *mut pickle_memo) -> pickle_status {
    if memo.is_null() {
        return done!(writer, _pickler => Err::<(), Fault>(Fault::Argument(pickle_status::Null)));
    }
    done!(writer, pickler => {
        // SAFETY: both are one u32.
        pickler.memoize().map(|it| memo.write(core::mem::transmute::<Memoized, pickle_memo>(it)))
    })
}

/// Writes a memo entry: the same object again.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_get_memo(writer: *mut pickle_writer, memo: pickle_memo) -> pickle_status {
    // SAFETY: both are one u32, and the pickler looks whether it knows it.
    done!(writer, pickler => pickler.get_memo(core::mem::transmute::<pickle_memo, Memoized>(memo)))
}

/// Ends the pickle. Another may follow in the same output, with a memo of its own. The status is that of the first call
/// that failed, so that it suffices to check this one.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_finish(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.finish())
}

/// Bytes written so far, over all pickles of this writer.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_written(writer: *const pickle_writer) -> usize {
    // SAFETY: as the caller says; ready, so that the pickler is there.
    unsafe { state(writer).map_or(0, |writer| writer.pickler.assume_init_ref().written()) }
}

/// Number of open containers and objects.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_depth(writer: *const pickle_writer) -> usize {
    // SAFETY: as the caller says; ready, so that the pickler is there.
    unsafe { state(writer).map_or(0, |writer| writer.pickler.assume_init_ref().depth()) }
}

/// The first error of this writer; `offset` is where the opcode would have been written.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_error(writer: *const pickle_writer, error: *mut pickle_error) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(writer) } {
        Some(writer) => unsafe { put(error, writer.error) },
        None => pickle_status::Null,
    }
}
