//! Opcodes, one at a time, in constant memory.

use crate::error::{pickle_error, put};
use crate::memory::{bytes, pickle_bytes, pickle_in};
use crate::status::pickle_status;
use crate::version::PICKLE_ABI_VERSION;
use core::ffi::c_char;
use core::mem::MaybeUninit;
use pickle_core::{Arg, Decoder, Fragment, Op, Opcode, Step};

/// A decoder of opcodes. Initialise it with `pickle_decoder_init`.
#[repr(C)]
pub struct pickle_decoder {
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 16],
}

#[repr(C)]
struct State {
    ready: u64,
    error: pickle_error,
    decoder: MaybeUninit<Decoder>,
}

const READY: u64 = 0x7069_636b_6c65_6465;
const _: () = assert!(size_of::<pickle_decoder>() == 128 && size_of::<State>() <= 128);
const _: () = assert!(align_of::<State>() <= align_of::<pickle_decoder>());

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_step_kind {
    /// The end of the pickle.
    End = 0,
    /// An opcode with its whole argument.
    Op = 1,
    /// A piece of an argument that is not whole in the input.
    Fragment = 2,
    /// Raw bytes that `pickle_decoder_take_raw` requested.
    Raw = 3,
}

/// The kind of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_arg_kind {
    /// The opcode has no argument.
    Nothing = 0,
    /// `number`: an int, a memo index, a protocol, an extension code, a frame length.
    Uint = 1,
    /// `number` holds a signed one: `(int64_t)number`.
    Int = 2,
    /// `number` holds the bits of a double.
    Float = 3,
    /// `data`: a counted payload.
    Bytes = 4,
    /// `data`: a line of text; for GLOBAL and INST two lines with the newline between them.
    Text = 5,
}

/// An opcode, or a fragment of one.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_step {
    /// Offset of the opcode in the stream.
    pub offset: u64,
    /// The number of the argument.
    pub number: u64,
    /// For a fragment: its offset in the argument.
    pub position: u64,
    /// For a fragment: the size of the whole argument; `UINT64_MAX` if unknown (lines of text).
    pub total: u64,
    /// Payload or text, in the input.
    pub data: pickle_bytes,
    /// What was decoded.
    pub kind: pickle_step_kind,
    /// The kind of the argument.
    pub arg: pickle_arg_kind,
    /// The byte of the opcode; `pickle_opcode_name` names it.
    pub opcode: u8,
    /// For a fragment: it is the last one.
    pub last: bool,
}

/// # Safety
/// `decoder` is null or points to a `pickle_decoder`, all zeros or made ready.
unsafe fn state<'a>(decoder: *mut pickle_decoder) -> Option<(&'a mut pickle_error, &'a mut Decoder)> {
    let decoder = decoder.cast::<State>();
    // SAFETY: only `ready` is looked at before it says that the rest is there.
    if decoder.is_null() || unsafe { (*decoder).ready } != READY {
        return None;
    }
    // SAFETY: ready: all fields have been written.
    unsafe { Some((&mut (*decoder).error, (*decoder).decoder.assume_init_mut())) }
}

fn settle(slot: &mut pickle_error, result: Result<(), pickle_core::Error>) -> pickle_status {
    if let Err(error) = result {
        *slot = error.into();
        return slot.status;
    }
    pickle_status::Ok
}

/// Use the macro `pickle_decoder_init(decoder)`.
///
/// # Safety
/// `decoder` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_init_abi(
    decoder: *mut pickle_decoder,
    abi_version: u32,
    decoder_size: usize,
) -> pickle_status {
    if abi_version != PICKLE_ABI_VERSION || decoder_size != size_of::<pickle_decoder>() {
        return pickle_status::AbiMismatch;
    }
    let state = State { ready: READY, error: pickle_error::NONE, decoder: MaybeUninit::new(Decoder::new()) };
    // SAFETY: as the caller says.
    unsafe { put(decoder.cast(), state) }
}

/// Decodes the next opcode, or as much of it as the input holds. `out->data` points into the input.
/// `PICKLE_STATUS_NEED_MORE`: call again with the bytes that follow.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_next(
    decoder: *mut pickle_decoder,
    input: *mut pickle_in,
    out: *mut pickle_step,
) -> pickle_status {
    // SAFETY: as the caller says.
    let (Some((slot, decoder)), Some(input)) = (unsafe { state(decoder) }, unsafe { input.as_mut() }) else {
        return pickle_status::Null;
    };
    if out.is_null() {
        return pickle_status::Null;
    }
    // SAFETY: as the caller says.
    let whole = unsafe { bytes(input.data, input.size) };
    let mut rest = whole.get(input.pos..).unwrap_or_default();
    let before = rest.len();
    let found = decoder.next(&mut rest);
    input.pos += before - rest.len();
    let mut step = pickle_step {
        offset: decoder.offset(),
        number: 0,
        position: 0,
        total: 0,
        data: [].as_slice().into(),
        kind: pickle_step_kind::End,
        arg: pickle_arg_kind::Nothing,
        opcode: 0,
        last: true,
    };
    match found {
        Ok(Step::Op(Op { opcode, arg, offset })) => {
            step.kind = pickle_step_kind::Op;
            step.offset = offset;
            step.opcode = opcode.byte();
            (step.arg, step.number) = match arg {
                Arg::Nothing => (pickle_arg_kind::Nothing, 0),
                Arg::Uint(n) => (pickle_arg_kind::Uint, n),
                Arg::Int(n) => (pickle_arg_kind::Int, i64::from(n) as u64),
                Arg::Float(bits) => (pickle_arg_kind::Float, bits),
                Arg::Bytes(data) => {
                    step.data = data.into();
                    (pickle_arg_kind::Bytes, data.len() as u64)
                }
                Arg::Text(data) => {
                    step.data = data.into();
                    (pickle_arg_kind::Text, data.len() as u64)
                }
            };
        }
        Ok(Step::Fragment(Fragment { opcode, offset, position, total, data, last })) => {
            step.kind = pickle_step_kind::Fragment;
            step.arg = if total.is_some() { pickle_arg_kind::Bytes } else { pickle_arg_kind::Text };
            (step.offset, step.opcode, step.position, step.last) = (offset, opcode.byte(), position, last);
            step.total = total.unwrap_or(u64::MAX);
            step.data = data.into();
        }
        Ok(Step::Raw(data)) => {
            step.kind = pickle_step_kind::Raw;
            step.data = data.into();
        }
        Ok(Step::End) => {}
        Ok(Step::NeedMore) => return pickle_status::NeedMore,
        Err(error) => return settle(slot, Err(error)),
    }
    // SAFETY: as the caller says.
    unsafe { put(out, step) }
}

/// Ends the input of the decoder. `PICKLE_STATUS_OK` if the pickle is complete.
///
/// # Safety
/// `decoder` is null or points to a decoder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_finish(decoder: *mut pickle_decoder) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(decoder) } {
        Some((slot, decoder)) => settle(slot, decoder.finish()),
        None => pickle_status::Null,
    }
}

/// Begins the next pickle of the stream. Offsets continue.
///
/// # Safety
/// `decoder` is null or points to a decoder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_next_pickle(decoder: *mut pickle_decoder) -> pickle_status {
    // SAFETY: as the caller says.
    let Some((slot, decoder)) = (unsafe { state(decoder) }) else { return pickle_status::Null };
    *slot = pickle_error::NONE;
    decoder.next_pickle();
    pickle_status::Ok
}

/// Takes the next `len` bytes as raw bytes (joblib puts arrays between opcodes): they come as `PICKLE_STEP_KIND_RAW`,
/// and opcodes follow.
///
/// # Safety
/// `decoder` is null or points to a decoder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_take_raw(decoder: *mut pickle_decoder, len: u64) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(decoder) } {
        Some((slot, decoder)) => settle(slot, decoder.take_raw(len)),
        None => pickle_status::Null,
    }
}

/// Bytes consumed of the stream.
///
/// # Safety
/// `decoder` is null or points to a decoder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_offset(decoder: *mut pickle_decoder) -> u64 {
    // SAFETY: as the caller says.
    unsafe { state(decoder) }.map_or(0, |(_, decoder)| decoder.offset())
}

/// Bytes left of the current frame; 0 outside frames.
///
/// # Safety
/// `decoder` is null or points to a decoder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_frame_left(decoder: *mut pickle_decoder) -> u64 {
    // SAFETY: as the caller says.
    unsafe { state(decoder) }.map_or(0, |(_, decoder)| decoder.frame_left())
}

/// The last error of this decoder.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_decoder_error(decoder: *mut pickle_decoder, error: *mut pickle_error) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(decoder) } {
        Some((found, _)) => unsafe { put(error, *found) },
        None => pickle_status::Null,
    }
}

/// Room for the longest name and its NUL.
const NAME: usize = 20;
static NAMES: [[u8; NAME]; Opcode::ALL.len()] = {
    let mut names = [[0; NAME]; Opcode::ALL.len()];
    let mut n = 0;
    while n < names.len() {
        let name = Opcode::ALL[n].name().as_bytes();
        let mut i = 0;
        // A name that leaves no room for the NUL does not compile.
        assert!(name.len() < NAME);
        while i < name.len() {
            names[n][i] = name[i];
            i += 1;
        }
        n += 1;
    }
    names
};

/// The name of an opcode in `pickletools`, such as "BINGET"; null if the byte is not an opcode. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_opcode_name(opcode: u8) -> *const c_char {
    let found = Opcode::ALL.iter().zip(&NAMES).find(|(known, _)| known.byte() == opcode);
    found.map_or(core::ptr::null(), |(_, name)| name.as_ptr().cast())
}
