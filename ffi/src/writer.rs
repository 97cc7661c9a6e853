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

/// A container that is open while a pickle is written: four bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_level {
    /// The library's own.
    pub opaque: [u16; 2],
}

/// A string that is written once and then referred to.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_shared {
    /// The library's own.
    pub opaque: [usize; 3],
}

const _: () = assert!(size_of::<pickle_level>() == 4 && size_of::<Level>() == 4);
const _: () = assert!(align_of::<Level>() <= align_of::<pickle_level>());
const _: () = assert!(size_of::<pickle_shared>() == size_of::<Shared<'_>>());
const _: () = assert!(align_of::<pickle_shared>() == align_of::<Shared<'_>>());

/// A writer's memory, which `PICKLE_WRITER_STORAGE` declares. It belongs to the writer for as long as that is used.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_writer_storage {
    /// One for every container that is open at once.
    pub levels: *mut pickle_level,
    /// Levels.
    pub levels_len: usize,
    /// One for every string that `pickle_write_shared_str` shares.
    pub shared: *mut pickle_shared,
    /// Strings.
    pub shared_len: usize,
}

/// A value that was written and can be referred to: the same object again.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_memo {
    /// The library's own.
    pub opaque: u32,
}

const _: () = assert!(size_of::<pickle_memo>() == size_of::<Memoized>());

/// A writer, made ready by `pickle_writer_init` or `pickle_writer_init_sink`.
#[repr(C)]
pub struct pickle_writer {
    /// The library's own.
    pub opaque: [u64; 20],
}

/// What a `pickle_writer` holds.
#[repr(C)]
struct Writer {
    ready: u64,
    error: pickle_error,
    pickler: MaybeUninit<Pickler<'static, Sink>>,
}

const READY: u64 = 0x7069_636b_6c65_7772;
const _: () = assert!(size_of::<pickle_writer>() == 160 && size_of::<Writer>() <= 160);
const _: () = assert!(align_of::<Writer>() <= align_of::<pickle_writer>());

/// `PICKLE_UNKNOWN` of the header: lists, tuples and arguments whose number is not known beforehand.
/// cbindgen:ignore
const UNKNOWN: usize = usize::MAX;

/// The callback, or what is left of the buffer; without both, bytes are only counted.
struct Sink {
    write: pickle_write_fn,
    context: *mut c_void,
    room: *mut u8,
    left: usize,
}

/// The callback gave false.
#[derive(Debug)]
struct Stopped;

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
        // SAFETY: `left` bytes at `room` are the writer's, and nobody else's.
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
    memory: *const pickle_writer_storage,
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
    let (levels, shared) = match unsafe { memory.as_ref() } {
        Some(memory) => unsafe {
            (
                entries(memory.levels.cast::<Level>(), memory.levels_len, || Level::EMPTY),
                entries(memory.shared.cast::<Shared<'static>>(), memory.shared_len, || Shared::EMPTY),
            )
        },
        None => Default::default(),
    };
    let sink = Sink { write, context, room: buffer.cast(), left: size };
    let pickler = MaybeUninit::new(Pickler::new(sink, protocol, levels).with_shared(shared));
    // SAFETY: large and aligned enough.
    unsafe { put(writer.cast(), Writer { ready: READY, error: pickle_error::NONE, pickler }) }
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
unsafe fn step(
    writer: *mut pickle_writer,
    what: impl FnOnce(&mut Pickler<'static, Sink>) -> Result<(), Fault>,
) -> pickle_status {
    // SAFETY: as the caller says.
    if unsafe { state(writer) }.is_none() {
        return pickle_status::Null;
    }
    // SAFETY: not null, and all fields have been written.
    let (error, pickler) = unsafe {
        let writer = writer.cast::<Writer>();
        (&mut (*writer).error, (*writer).pickler.assume_init_mut())
    };
    if error.status == pickle_status::Ok
        && let Err(fault) = what(pickler)
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

enum Fault {
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
unsafe fn utf8<'a>(data: *const c_char) -> Result<&'a str, Fault> {
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
            step($writer, |$pickler| {
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
pub unsafe extern "C" fn pickle_write_none(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.none())
}

/// True or False.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_bool(writer: *mut pickle_writer, value: bool) -> pickle_status {
    done!(writer, pickler => pickler.bool(value))
}

/// An int.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_i64(writer: *mut pickle_writer, value: i64) -> pickle_status {
    done!(writer, pickler => pickler.int(value))
}

/// An int of zero or more.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_u64(writer: *mut pickle_writer, value: u64) -> pickle_status {
    done!(writer, pickler => pickler.uint(value))
}

/// An int of any size: two's complement, little-endian. Below protocol 2, up to 64 bytes (`PICKLE_STATUS_INEXPRESSIBLE`).
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_big_int(
    writer: *mut pickle_writer,
    data: *const c_void,
    size: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.big_int(bytes(data, size)))
}

/// A float. In protocol 0 it is text, for which the library must have been built with `text-float` (it is, as a rule).
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_f64(writer: *mut pickle_writer, value: f64) -> pickle_status {
    done!(writer, pickler => pickler.float(value))
}

/// A str: UTF-8 with a NUL at its end.
///
/// # Safety
/// Pointers are null or point to what their types say; `value` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_str(writer: *mut pickle_writer, value: *const c_char) -> pickle_status {
    done!(writer, pickler => pickler.str_bytes(text(value).ok_or(Fault::Argument(pickle_status::Null))?))
}

/// A str of `size` bytes of UTF-8, in which lone surrogates may stand as three bytes (`surrogatepass`).
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_str_bytes(
    writer: *mut pickle_writer,
    data: *const c_void,
    size: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.str_bytes(bytes(data, size)))
}

/// A str with a NUL at its end that is written once and then referred to, if the storage has room for it: for keys
/// that come again in every record. The text must stay as it is until `pickle_write_finish`.
///
/// # Safety
/// Pointers are null or point to what their types say; `value` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_shared_str(writer: *mut pickle_writer, value: *const c_char) -> pickle_status {
    done!(writer, pickler => pickler.shared_str(utf8(value)?))
}

/// Bytes.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_bytes(
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
pub unsafe extern "C" fn pickle_write_byte_array(
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
pub unsafe extern "C" fn pickle_write_global(
    writer: *mut pickle_writer,
    module: *const c_char,
    name: *const c_char,
) -> pickle_status {
    done!(writer, pickler => pickler.global(utf8(module)?, utf8(name)?))
}

/// The object behind a persistent id that is text. Other ids: `pickle_begin_persistent`.
///
/// # Safety
/// Pointers are null or point to what their types say; `id` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_persistent_id(writer: *mut pickle_writer, id: *const c_char) -> pickle_status {
    done!(writer, pickler => pickler.persistent_id(utf8(id)?))
}

/// The next out-of-band buffer (protocol 5).
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_buffer(writer: *mut pickle_writer, read_only: bool) -> pickle_status {
    done!(writer, pickler => pickler.buffer(read_only))
}

/// A list; its items follow, then `pickle_end`. `len` may be `PICKLE_UNKNOWN`; it only chooses opcodes.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_list(writer: *mut pickle_writer, len: usize) -> pickle_status {
    done!(writer, pickler => pickler.begin_list(known(len)))
}

/// A dict; key, value, key, value ... follow, then `pickle_end`. `len` is entries, or `PICKLE_UNKNOWN`.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_dict(writer: *mut pickle_writer, len: usize) -> pickle_status {
    done!(writer, pickler => pickler.begin_dict(known(len)))
}

/// A tuple; its items follow, then `pickle_end`. With a `len` of up to three a byte is saved, and more items are an error.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_tuple(writer: *mut pickle_writer, len: usize) -> pickle_status {
    done!(writer, pickler => pickler.begin_tuple(known(len)))
}

/// A set; its items follow, then `pickle_end`.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_set(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.begin_set())
}

/// A frozenset; its items follow, then `pickle_end`.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_frozen_set(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.begin_frozen_set())
}

/// The result of a call (REDUCE); its arguments follow. Then perhaps `pickle_then_items`, `pickle_then_entries`,
/// `pickle_then_state`; then `pickle_end`. `args` is their number, or `PICKLE_UNKNOWN`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_call(
    writer: *mut pickle_writer,
    module: *const c_char,
    name: *const c_char,
    args: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.begin_call(utf8(module)?, utf8(name)?, known(args)))
}

/// An instance as `cls.__new__(cls, *args)` makes it (NEWOBJ); otherwise as `pickle_begin_call`.
///
/// # Safety
/// Pointers are null or point to what their types say; texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_new(
    writer: *mut pickle_writer,
    module: *const c_char,
    name: *const c_char,
    args: usize,
) -> pickle_status {
    done!(writer, pickler => pickler.begin_new(utf8(module)?, utf8(name)?, known(args)))
}

/// The object behind a persistent id; one value follows, the id, then `pickle_end`. From protocol 1 on.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_begin_persistent(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.begin_persistent())
}

/// The arguments of the object are complete: items to append follow, then `pickle_end` of the items. The object stays open.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_then_items(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.then_items())
}

/// The arguments of the object are complete: keys and values to set follow, then `pickle_end` of the entries.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_then_entries(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.then_entries())
}

/// The arguments of the object are complete: one value follows, its state, then `pickle_end` of the object.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_then_state(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.then_state())
}

/// Ends the innermost container, object, or part of an object.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_end(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.end())
}

/// Puts the value that was written last, or the container just begun, into the memo, for `pickle_write_again`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_remember(writer: *mut pickle_writer, memo: *mut pickle_memo) -> pickle_status {
    if memo.is_null() {
        return done!(writer, _pickler => Err::<(), Fault>(Fault::Argument(pickle_status::Null)));
    }
    done!(writer, pickler => {
        // SAFETY: both are one u32.
        pickler.remember().map(|it| memo.write(core::mem::transmute::<Memoized, pickle_memo>(it)))
    })
}

/// The same object again.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_again(writer: *mut pickle_writer, memo: pickle_memo) -> pickle_status {
    // SAFETY: both are one u32, and the pickler looks whether it knows it.
    done!(writer, pickler => pickler.recall(core::mem::transmute::<pickle_memo, Memoized>(memo)))
}

/// Ends the pickle: STOP. Another may follow in the same output, with a memo of its own. The status is that of the
/// first call that failed, so that a program may look at this one alone.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_write_finish(writer: *mut pickle_writer) -> pickle_status {
    done!(writer, pickler => pickler.finish())
}

/// Bytes that the buffer or the callback has taken, over all pickles of this writer.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_written(writer: *const pickle_writer) -> usize {
    // SAFETY: as the caller says; ready, so that the pickler is there.
    unsafe { state(writer).map_or(0, |writer| writer.pickler.assume_init_ref().written()) }
}

/// Containers and objects that are open.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_depth(writer: *const pickle_writer) -> usize {
    // SAFETY: as the caller says; ready, so that the pickler is there.
    unsafe { state(writer).map_or(0, |writer| writer.pickler.assume_init_ref().depth()) }
}

/// The first error of this writer; `offset` is that of the opcode that was not written.
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
