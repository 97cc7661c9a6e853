//! Scanning: bytes in, findings out, a verdict at the end.

use crate::error::put;
use crate::memory::{bytes, pickle_in};
use crate::scan_report::{pickle_finding, pickle_finding_fn, pickle_scan_summary, pickle_verdict};
use crate::status::pickle_status;
use crate::version::PICKLE_ABI_VERSION;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use pickle_core::verdict::{Buffers, FarSlot, Finding, GlobalTable, Judge, Named, Observer, Slot};

/// The memory of a scan, declared by `PICKLE_SCAN_STORAGE`. It must outlive the scan.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_scan_storage {
    /// Words that the scan shares out. 8 KiB do for messages and configurations, 8 MiB for any model. Where they do not,
    /// the result is not complete, and never clean.
    pub words: *mut u64,
    /// Number of words.
    pub words_len: usize,
}

/// Options of a scan. All zeros are the defaults, and so is a null pointer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_scan_options {
    /// Called with each finding; null for none.
    pub on_finding: pickle_finding_fn,
    /// The first argument of `on_finding`.
    pub context: *mut c_void,
    /// What `pickle policy compile` wrote: names of your own that are allowed or denied; null for none. It must outlive the
    /// scan. Other bytes are refused with `PICKLE_STATUS_BAD_OPTION`: what they deny may be lost.
    pub policy: *const u8,
    /// Size of the policy in bytes.
    pub policy_size: usize,
}

/// A scan of a stream of pickles. Initialise it with `pickle_scan_init`.
#[repr(C)]
pub struct pickle_scan {
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 640],
}

/// What a `pickle_scan` holds.
#[repr(C)]
struct State {
    ready: u64,
    finished: bool,
    told: Told,
    summary: MaybeUninit<pickle_scan_summary>,
    judge: MaybeUninit<Judge<'static>>,
}

const READY: u64 = 0x7069_636b_6c65_7363;
const _: () = assert!(size_of::<pickle_scan>() == 5120 && size_of::<State>() <= 5120);
const _: () = assert!(align_of::<State>() <= align_of::<pickle_scan>());
const _: () = assert!(align_of::<FarSlot>() <= align_of::<u64>() && align_of::<Named>() <= align_of::<u64>());

/// The caller's callback.
#[derive(Clone, Copy)]
struct Told {
    on_finding: pickle_finding_fn,
    context: *mut c_void,
}

impl Observer for Told {
    fn finding(&mut self, finding: &Finding<'_>) {
        if let Some(on_finding) = self.on_finding {
            let finding = pickle_finding::from(finding);
            // SAFETY: the caller of `pickle_scan_init` gave both.
            unsafe { on_finding(self.context, &raw const finding) };
        }
    }
}

/// Cuts entries of a type off the front of words: so many words, at most enough for so many entries.
fn cut<T: Default>(words: &mut &'static mut [u64], share: usize, most: usize) -> &'static mut [T] {
    let words_wanted = share.min(most.saturating_mul(size_of::<T>()) / 8).min(words.len());
    let Some((head, rest)) = core::mem::take(words).split_at_mut_checked(words_wanted) else { return &mut [] };
    *words = rest;
    let count = head.len() * 8 / size_of::<T>();
    let first = head.as_mut_ptr().cast::<T>();
    for at in 0..count {
        // SAFETY: the entries lie inside the words, which are aligned as the strictest of them, as asserted above.
        unsafe { first.add(at).write(T::default()) };
    }
    // SAFETY: all of them have just been written, and these words are not aliased.
    unsafe { core::slice::from_raw_parts_mut(first, count) }
}

/// Shares words out: as a desktop's 8 MiB, with more of the smaller ones for what the pickle names.
fn memory(words: &'static mut [u64]) -> Buffers<'static> {
    let mut rest = words;
    let part = rest.len() / 16;
    let globals = cut::<Named>(&mut rest, 3 * part, 12 * 1024);
    let names = cut::<u8>(&mut rest, part, 384 * 1024);
    let text = cut::<u8>(&mut rest, 3 * part, 512 * 1024);
    let parts = cut::<Slot>(&mut rest, part, 8 * 1024);
    let far = cut::<FarSlot>(&mut rest, part, 16 * 1024);
    let third = rest.len() / 3;
    let stack = cut::<Slot>(&mut rest, third, usize::MAX);
    let memo = cut::<Slot>(&mut rest, usize::MAX, usize::MAX);
    Buffers { stack, memo, far, globals, names, text, parts }
}

/// # Safety
/// `scan` is null or points to a `pickle_scan`, all zeros or initialised.
unsafe fn state<'a>(scan: *mut pickle_scan) -> Option<&'a mut State> {
    let scan = scan.cast::<State>();
    // SAFETY: only `ready` is looked at before it says that the rest is there.
    if scan.is_null() || unsafe { (*scan).ready } != READY {
        return None;
    }
    // SAFETY: ready: all fields have been written.
    unsafe { scan.as_mut() }
}

/// Use the macro `pickle_scan_init(scan, storage, options)`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_scan_init_abi(
    scan: *mut pickle_scan,
    storage: *const pickle_scan_storage,
    options: *const pickle_scan_options,
    abi_version: u32,
    scan_size: usize,
) -> pickle_status {
    if abi_version != PICKLE_ABI_VERSION || scan_size != size_of::<pickle_scan>() {
        return pickle_status::AbiMismatch;
    }
    // SAFETY: as the caller says, here and below.
    let Some(storage) = (unsafe { storage.as_ref() }) else { return pickle_status::Null };
    let options = unsafe { options.as_ref() };
    let words: &mut [u64] = unsafe { crate::memory::region(storage.words, storage.words_len) };
    let policy: Option<&[u8]> = options
        .filter(|options| !options.policy.is_null())
        .map(|options| unsafe { bytes(options.policy.cast(), options.policy_size) });
    let policy = policy.map(GlobalTable::new);
    if policy.is_some_and(|policy| !policy.is_whole()) {
        return pickle_status::BadOption;
    }
    let told = Told {
        on_finding: options.and_then(|options| options.on_finding),
        context: options.map_or(core::ptr::null_mut(), |options| options.context),
    };
    let judge = MaybeUninit::new(Judge::with_policy(memory(words), policy));
    unsafe { put(scan.cast(), State { ready: READY, finished: false, told, summary: MaybeUninit::uninit(), judge }) }
}

/// Takes the next bytes of the stream, all of them. Findings are reported on the way; `pickle_scan_verdict` may be asked after
/// each piece, so that a stream can be dropped early. `PICKLE_STATUS_AFTER_END` once the scan is finished.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_scan_feed(scan: *mut pickle_scan, input: *mut pickle_in) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let (Some(state), Some(input)) = (unsafe { state(scan) }, unsafe { input.as_mut() }) else {
        return pickle_status::Null;
    };
    if state.finished {
        return pickle_status::AfterEnd;
    }
    let whole = unsafe { bytes(input.data, input.size) };
    let rest = whole.get(input.pos..).unwrap_or_default();
    // SAFETY: ready: it has been written.
    unsafe { state.judge.assume_init_mut() }.feed(rest, &mut state.told);
    input.pos = input.pos.max(whole.len());
    pickle_status::Ok
}

/// Ends the input and returns the result; calling it again returns the same.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_scan_finish(
    scan: *mut pickle_scan,
    summary: *mut pickle_scan_summary,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let Some(state) = (unsafe { state(scan) }) else { return pickle_status::Null };
    if summary.is_null() {
        return pickle_status::Null;
    }
    if !state.finished {
        // SAFETY: ready: it has been written.
        let found = unsafe { state.judge.assume_init_mut() }.finish(&mut state.told);
        state.summary.write((&found).into());
        state.finished = true;
    }
    // SAFETY: it is finished: it has been written.
    unsafe { put(summary, state.summary.assume_init()) }
}

/// The verdict so far. It only rises. `PICKLE_VERDICT_NONE` of a scan that is not initialised.
///
/// # Safety
/// `scan` is null or points to a scan.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_scan_verdict(scan: *mut pickle_scan) -> pickle_verdict {
    // SAFETY: as the caller says, and what is ready has been written.
    unsafe { state(scan).map_or(pickle_verdict::None, |state| state.judge.assume_init_ref().verdict().into()) }
}

/// Scans bytes that are whole in memory, in every reading that they have. `scan` needs no initialisation; afterwards it is
/// finished.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_scan_whole(
    scan: *mut pickle_scan,
    storage: *const pickle_scan_storage,
    data: *const c_void,
    size: usize,
    options: *const pickle_scan_options,
    summary: *mut pickle_scan_summary,
) -> pickle_status {
    if scan.is_null() || summary.is_null() || data.is_null() && size != 0 {
        return pickle_status::Null;
    }
    let mut input = pickle_in { data, size, pos: 0 };
    let mut worst: Option<pickle_scan_summary> = None;
    for last in [false, true] {
        let start = input.pos;
        // SAFETY: as the caller says, here and below.
        let status =
            unsafe { pickle_scan_init_abi(scan, storage, options, PICKLE_ABI_VERSION, size_of::<pickle_scan>()) };
        let (pickle_status::Ok, Some(state)) = (status, unsafe { state(scan) }) else { return status };
        unsafe { pickle_scan_feed(scan, &raw mut input) };
        // SAFETY: ready: it has been written.
        let found = unsafe { state.judge.assume_init_mut() }.finish(&mut state.told);
        let other = found.other_reading.and_then(|other| usize::try_from(other).ok()?.checked_add(start));
        let other = other.filter(|other| *other < size);
        let mut own = pickle_scan_summary::from(&found);
        // A third reading is not looked for: there could be as many as there are frames.
        own.complete = found.complete && (other.is_none() || !last);
        own.other_reading = u64::MAX;
        let sum = worst.map_or(own, |first| first.with(&own));
        state.finished = true;
        state.summary.write(sum);
        worst = Some(sum);
        match other {
            Some(other) if !last => input.pos = other,
            _ => break,
        }
    }
    // SAFETY: as the caller says.
    worst.map_or(pickle_status::Null, |sum| unsafe { put(summary, sum) })
}
