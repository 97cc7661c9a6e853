//! A first pass over a pickle: which memo entries an item reader must keep.

use crate::error::{pickle_error, put};
use crate::memory::{bytes, pickle_in};
use crate::status::pickle_status;
use crate::version::PICKLE_ABI_VERSION;
use core::mem::MaybeUninit;
use pickle_core::{Arg, Decoder, Fragment, MemoPlan, MemoUse, Op, Opcode, Step};

/// Storage of a plan: 16 bytes for each memo entry that is ever fetched.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_memo_use {
    /// Private; do not access.
    pub opaque: [u64; 2],
}

const _: () = assert!(size_of::<pickle_memo_use>() == size_of::<MemoUse>());
const _: () = assert!(align_of::<pickle_memo_use>() == align_of::<MemoUse>());

/// Which memo entries of a pickle are fetched, and where last. Initialise it with `pickle_memo_plan_init`.
#[repr(C)]
pub struct pickle_memo_plan {
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 28],
}

/// No number of a memo entry is longer.
const DIGITS: usize = 24;

/// What a `pickle_memo_plan` holds.
#[repr(C)]
struct State {
    ready: u64,
    error: pickle_error,
    finished: bool,
    /// Digits of a GET that two pieces share, and how many.
    get: [u8; DIGITS],
    get_len: usize,
    decoder: MaybeUninit<Decoder>,
    plan: MaybeUninit<MemoPlan<'static>>,
}

const READY: u64 = 0x7069_636b_6c65_706c;
const _: () = assert!(size_of::<pickle_memo_plan>() == 224 && size_of::<State>() <= 224);
const _: () = assert!(align_of::<State>() <= align_of::<pickle_memo_plan>());

/// # Safety
/// `plan` is null or points to a `pickle_memo_plan`, all zeros or initialised.
unsafe fn state<'a>(plan: *mut pickle_memo_plan) -> Option<&'a mut State> {
    let plan = plan.cast::<State>();
    // SAFETY: only `ready` is looked at before it says that the rest is there.
    if plan.is_null() || unsafe { (*plan).ready } != READY {
        return None;
    }
    // SAFETY: ready: all fields have been written.
    unsafe { plan.as_mut() }
}

/// A plan for an item reader; of one that is not finished, nothing.
///
/// # Safety
/// As [`state`], and the plan outlives the reader.
pub(crate) unsafe fn plan<'a>(plan: *const pickle_memo_plan) -> Option<&'a MemoPlan<'static>> {
    // SAFETY: as the caller says.
    let state: &'a State = unsafe { state(plan.cast_mut())? };
    // SAFETY: ready: it has been written.
    if state.finished { Some(unsafe { state.plan.assume_init_ref() }) } else { None }
}

/// Use the macro `pickle_memo_plan_init(plan, uses, len, offset)`.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_memo_plan_init_abi(
    plan: *mut pickle_memo_plan,
    uses: *mut pickle_memo_use,
    uses_len: usize,
    offset: u64,
    abi_version: u32,
    plan_size: usize,
) -> pickle_status {
    if abi_version != PICKLE_ABI_VERSION || plan_size != size_of::<pickle_memo_plan>() {
        return pickle_status::AbiMismatch;
    }
    let uses: &mut [MemoUse] = if uses.is_null() || uses_len == 0 {
        &mut []
    } else {
        // SAFETY: as the caller says; any bits are a use.
        unsafe { core::slice::from_raw_parts_mut(uses.cast(), uses_len.min(isize::MAX as usize / 16)) }
    };
    let mut decoder = Decoder::new();
    decoder.restart_at(offset);
    let made = State {
        ready: READY,
        error: pickle_error::NONE,
        finished: false,
        get: [0; DIGITS],
        get_len: 0,
        decoder: MaybeUninit::new(decoder),
        plan: MaybeUninit::new(MemoPlan::new(uses)),
    };
    // SAFETY: as the caller says.
    unsafe { put(plan.cast(), made) }
}

/// Reads a piece of the pickle. `PICKLE_STATUS_OK`: the plan is finished. `PICKLE_STATUS_NEED_MORE`: feed the next piece.
/// `PICKLE_STATUS_MEMO_FULL`: the storage is too small; begin again with more.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_memo_plan_feed(plan: *mut pickle_memo_plan, input: *mut pickle_in) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let (Some(state), Some(input)) = (unsafe { state(plan) }, unsafe { input.as_mut() }) else {
        return pickle_status::Null;
    };
    if state.finished || state.error.status != pickle_status::Ok {
        return state.error.status;
    }
    // SAFETY: ready: both have been written.
    let (decoder, plan) = unsafe { (state.decoder.assume_init_mut(), state.plan.assume_init_mut()) };
    let whole = unsafe { bytes(input.data, input.size) };
    let mut rest = whole.get(input.pos..).unwrap_or_default();
    let before = rest.len();
    let status = loop {
        let op = match decoder.next(&mut rest) {
            Ok(Step::Op(op)) => op,
            Ok(Step::Fragment(Fragment { opcode: opcode @ Opcode::Get, offset, data, last, .. })) => {
                let free = state.get.get_mut(state.get_len..).unwrap_or_default();
                free.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
                state.get_len += data.len().min(free.len());
                if !last {
                    continue;
                }
                let len = core::mem::take(&mut state.get_len);
                Op { opcode, arg: Arg::Text(state.get.get(..len).unwrap_or_default()), offset }
            }
            Ok(Step::NeedMore) => break pickle_status::NeedMore,
            Ok(Step::End) => {
                plan.finish();
                state.finished = true;
                break pickle_status::Ok;
            }
            Ok(_) => continue,
            Err(error) => {
                state.error = error.into();
                break state.error.status;
            }
        };
        if let Err(kind) = plan.op(&op) {
            let byte = op.opcode.byte();
            state.error = pickle_error { offset: op.offset, status: kind.into(), byte };
            break state.error.status;
        }
    };
    input.pos += before - rest.len();
    status
}

/// Number of memo entries that are fetched, so far.
///
/// # Safety
/// `plan` is null or points to a plan.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_memo_plan_len(plan: *mut pickle_memo_plan) -> usize {
    // SAFETY: as the caller says, and what is ready has been written.
    unsafe { state(plan).map_or(0, |state| state.plan.assume_init_ref().len()) }
}

/// The error of this plan.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_memo_plan_error(
    plan: *mut pickle_memo_plan,
    error: *mut pickle_error,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(plan) } {
        Some(state) => unsafe { put(error, state.error) },
        None => pickle_status::Null,
    }
}
