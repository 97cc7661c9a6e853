//! Items of one container, in memory that does not grow with the pickle.

use crate::document::{fill, pickle_doc};
use crate::error::{pickle_error, put};
use crate::hidden::{fits, held, hold, opaque};
use crate::memory::{bytes, pickle_in, pickle_storage, regions, text};
use crate::options::{checked, pickle_options};
use crate::plan::{pickle_memo_plan, plan};
use crate::status::pickle_status;
use crate::value::pickle_value;
use crate::version::PICKLE_ABI_VERSION;
use core::ffi::{c_char, c_void};
use core::mem::MaybeUninit;
use pickle_core::{Found, ItemOptions, ItemReader, LookAhead, Role, Storage};

/// Options for reading items. All zeros are the defaults, and so is a null pointer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_item_options {
    /// Options for reading the pickle.
    pub reader: pickle_options,
    /// The path of the container, such as `$.rows`; null for the outermost one. It must outlive the reader. One that
    /// may lead to several (`[*]`, `[1:3]`, `..name`) is `PICKLE_STATUS_BAD_PATH`.
    pub path: *const c_char,
    /// The plan of this pickle, finished; null for none. It must outlive the reader. Without a plan a bounded number of
    /// memo entries is kept, and a pickle that needs others is `PICKLE_STATUS_MEMO_DROPPED`.
    pub plan: *const pickle_memo_plan,
    /// Offset of the pickle in the stream.
    pub offset: u64,
    /// Minimum nodes buffered before streaming starts. A pickle that needs fewer is read whole. 0: a quarter of the node
    /// region, at most 4096.
    pub min_nodes: usize,
    /// Most memo entries kept from items that are gone. 0: half of the memo region, at most 4096.
    pub cache_entries: usize,
    /// Most bytes kept of their strings. 0: half of the byte region, at most 256 KiB.
    pub cache_bytes: usize,
}

/// How an item belongs to its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_role {
    /// An item of a list, tuple, set or frozenset, or one added to an object.
    Item = 0,
    /// A key and a value of a dict, or an entry of an object.
    Entry = 1,
    /// The name and the value of an attribute.
    Attribute = 2,
    /// The state of an object, where that is not a dict of attributes.
    State = 3,
}

/// An item. It is valid until the next call on its reader.
#[repr(C)]
pub struct pickle_item {
    /// A document whose root is the item, or the value of the entry.
    pub doc: pickle_doc,
    /// The key of an entry, the name of an attribute; None for others. A value of `doc`.
    pub key: pickle_value,
    /// The root of `doc`.
    pub value: pickle_value,
    /// The number of the item, from 0.
    pub index: u64,
    /// How it belongs to its container.
    pub role: pickle_role,
    /// Whether there is a key.
    pub has_key: bool,
}

/// A reader of items. Initialise it with `pickle_item_reader_init`.
#[repr(C)]
pub struct pickle_item_reader {
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 128],
}

/// What a `pickle_item_reader` holds.
#[repr(C)]
struct State {
    ready: u64,
    error: pickle_error,
    /// An item that `pickle_item_reader_finish` has come upon.
    waiting: bool,
    planned: bool,
    reader: MaybeUninit<ItemReader<'static, Storage<'static>>>,
}

const READY: u64 = 0x7069_636b_6c65_6974;
const _: () = assert!(size_of::<pickle_item_reader>() == 1024 && size_of::<State>() <= 1024);
const _: () = assert!(align_of::<State>() <= align_of::<pickle_item_reader>());

/// # Safety
/// `reader` is null or points to a `pickle_item_reader`, all zeros or initialised.
unsafe fn state<'a>(reader: *mut pickle_item_reader) -> Option<&'a mut State> {
    let reader = reader.cast::<State>();
    // SAFETY: only `ready` is looked at before it says that the rest is there.
    if reader.is_null() || unsafe { (*reader).ready } != READY {
        return None;
    }
    // SAFETY: ready: all fields have been written.
    unsafe { reader.as_mut() }
}

fn or_default(given: usize, room: usize, most: usize) -> usize {
    if given == 0 { room.min(most) } else { given }
}

/// The path can be read, and leads to one container at most.
fn is_of_one(path: &str) -> bool {
    let steps = pickle_core::ValuePath::new(path);
    steps.is_valid() && !steps.is_many()
}

/// Use the macro `pickle_item_reader_init(reader, storage, options)`.
///
/// # Safety
/// Pointers are null or point to what their types say; the path ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_init_abi(
    reader: *mut pickle_item_reader,
    storage: *const pickle_storage,
    options: *const pickle_item_options,
    abi_version: u32,
    reader_size: usize,
) -> pickle_status {
    if abi_version != PICKLE_ABI_VERSION || reader_size != size_of::<pickle_item_reader>() {
        return pickle_status::AbiMismatch;
    }
    // SAFETY: as the caller says, here and below.
    let Some(storage) = (unsafe { storage.as_ref() }) else { return pickle_status::Null };
    let given = unsafe { options.as_ref() };
    let reader_options = match unsafe { checked(given.map_or(core::ptr::null(), |given| &raw const given.reader)) } {
        Ok(options) => options,
        Err(status) => return status,
    };
    let mut options = ItemOptions::new();
    options.reader = reader_options;
    let sizes = given.map_or((0, 0, 0), |given| (given.min_nodes, given.cache_entries, given.cache_bytes));
    options.min_nodes = or_default(sizes.0, storage.nodes_len / 4, 4096);
    options.cache_entries = or_default(sizes.1, storage.memo_len / 2, 4096);
    options.cache_bytes = or_default(sizes.2, storage.bytes_len / 2, 256 << 10);
    let mut made = ItemReader::new(unsafe { regions(storage) }, options);
    let mut planned = false;
    if let Some(given) = given {
        if !given.path.is_null() {
            let path = unsafe { text(given.path) }.unwrap_or_default();
            match core::str::from_utf8(path) {
                Ok(path) if is_of_one(path) => made = made.at_path(path),
                _ => return pickle_status::BadPath,
            }
        }
        if !given.plan.is_null() {
            let Some(plan) = (unsafe { plan(given.plan) }) else { return pickle_status::Null };
            made = made.with_plan(plan);
            planned = true;
        }
        made.begin_at(given.offset);
    }
    let reader_state =
        State { ready: READY, error: pickle_error::NONE, waiting: false, planned, reader: MaybeUninit::new(made) };
    unsafe { put(reader.cast(), reader_state) }
}

/// Reads up to the next item and fills `item`. `PICKLE_STATUS_ITEM`: there is one; call again, also when the input is
/// used up, since one piece can complete many items. `PICKLE_STATUS_NEED_MORE`: call again with the next piece.
/// `PICKLE_STATUS_OK`: the pickle is complete and `input->pos` is just past it. `PICKLE_STATUS_NO_ITEMS`: it is complete, too,
/// and what is at the path can have no items; `pickle_item_reader_next_pickle` goes on. Other statuses are errors; the items
/// before them reflect the stream up to there.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_next(
    reader: *mut pickle_item_reader,
    input: *mut pickle_in,
    item: *mut pickle_item,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let (Some(state), Some(input)) = (unsafe { state(reader) }, unsafe { input.as_mut() }) else {
        return pickle_status::Null;
    };
    if item.is_null() {
        return pickle_status::Null;
    }
    // SAFETY: ready: it has been written.
    let reader = unsafe { state.reader.assume_init_mut() };
    let whole = unsafe { bytes(input.data, input.size) };
    let mut rest = whole.get(input.pos..).unwrap_or_default();
    let before = rest.len();
    let found = if core::mem::take(&mut state.waiting) { Ok(Found::Item) } else { reader.feed(&mut rest) };
    input.pos += before - rest.len();
    match found {
        Ok(Found::Item) => {}
        Ok(Found::NeedMore) => return pickle_status::NeedMore,
        Ok(Found::Doubt) => return pickle_status::InDoubt,
        Ok(_) => return over(state),
        Err(error) => {
            state.error = error.into();
            return state.error.status;
        }
    }
    let Some(found) = reader.item() else { return pickle_status::Missing };
    let key = found.key().map_or(pickle_value::NONE, Into::into);
    unsafe {
        (&raw mut (*item).key).write(key);
        (&raw mut (*item).value).write(found.value().into());
        (&raw mut (*item).index).write(found.index());
        (&raw mut (*item).role).write(match found.role() {
            Role::Entry => pickle_role::Entry,
            Role::Attribute => pickle_role::Attribute,
            Role::State => pickle_role::State,
            _ => pickle_role::Item,
        });
        (&raw mut (*item).has_key).write(found.key().is_some());
        fill(&raw mut (*item).doc, Some(found.document()));
    }
    pickle_status::Item
}

/// The pickle is complete: were there no items because the path leads to something that can have none?
fn over(state: &mut State) -> pickle_status {
    // SAFETY: ready: it has been written.
    let reader = unsafe { state.reader.assume_init_ref() };
    if !reader.is_without_items() {
        return pickle_status::Ok;
    }
    state.error = pickle_error { offset: reader.offset(), ..pickle_error::plain(pickle_status::NoItems) };
    pickle_status::NoItems
}

/// Ends the input of the reader. `PICKLE_STATUS_OK` if the pickle is complete and all of its items have been
/// read. `PICKLE_STATUS_ITEM`: there are more items; go on with `pickle_item_reader_next`. `PICKLE_STATUS_NO_ITEMS`: as there.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_finish(reader: *mut pickle_item_reader) -> pickle_status {
    // SAFETY: as the caller says.
    let Some(state) = (unsafe { state(reader) }) else { return pickle_status::Null };
    if state.waiting {
        return pickle_status::Item;
    }
    // SAFETY: ready: it has been written.
    let reader = unsafe { state.reader.assume_init_mut() };
    let result = match reader.feed(&mut &[][..]) {
        Ok(Found::Item) => {
            state.waiting = true;
            return pickle_status::Item;
        }
        Ok(Found::NeedMore) => reader.finish(),
        Ok(Found::Doubt) => return pickle_status::InDoubt,
        Ok(_) => return over(state),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => pickle_status::Ok,
        Err(error) => {
            state.error = error.into();
            state.error.status
        }
    }
}

/// A look-ahead: which container will hold the one that is being filled. `pickle_item_reader_look_ahead` fills it; it borrows
/// nothing.
#[repr(C)]
pub struct pickle_look_ahead {
    /// Private; do not access.
    pub opaque: [u64; 320],
}

fits!(LookAhead, 320);

/// Reports ambiguous containers instead of guessing: a list after an empty dict may still be put into that dict. For input
/// that can be read again, such as a file. `pickle_item_reader_next` then returns `PICKLE_STATUS_IN_DOUBT`: call
/// `pickle_item_reader_look_ahead`, give `pickle_look_ahead_feed` the bytes from `pickle_look_ahead_offset` on, and pass the answer to
/// `pickle_item_reader_decide`. Without this call such a pickle is read as a whole: `pickle_item_reader_is_held_in_doubt`.
/// Call it before the first `pickle_item_reader_next`.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_report_doubt(reader: *mut pickle_item_reader) -> pickle_status {
    // SAFETY: as the caller says.
    let Some(state) = (unsafe { state(reader) }) else { return pickle_status::Null };
    // SAFETY: ready: it has been written, and is written again.
    let made = unsafe { state.reader.assume_init_read() };
    state.reader.write(made.report_doubt());
    pickle_status::Ok
}

/// After `PICKLE_STATUS_IN_DOUBT`: what finds out, from the opcodes that follow, whether this container is the one.
/// `PICKLE_STATUS_MISSING`: there is no doubt.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_look_ahead(
    reader: *mut pickle_item_reader,
    look_ahead: *mut pickle_look_ahead,
) -> pickle_status {
    // SAFETY: as the caller says.
    let Some(state) = (unsafe { state(reader) }) else { return pickle_status::Null };
    // SAFETY: ready: it has been written.
    match unsafe { state.reader.assume_init_ref() }.look_ahead() {
        Some(_) if look_ahead.is_null() => pickle_status::Null,
        Some(found) => {
            // SAFETY: not null, and the caller's; the words are enough.
            unsafe { hold((&raw mut (*look_ahead).opaque).cast(), found) };
            pickle_status::Ok
        }
        None => pickle_status::Missing,
    }
}

/// Bytes from the start of the stream to where `pickle_look_ahead_feed` begins.
///
/// # Safety
/// `look_ahead` is null or was filled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_look_ahead_offset(look_ahead: *mut pickle_look_ahead) -> u64 {
    // SAFETY: as the caller says.
    unsafe { held::<LookAhead>(opaque!(look_ahead)) }.map_or(0, |look_ahead| look_ahead.offset())
}

/// Looks at the bytes that follow, in pieces of any size. `PICKLE_STATUS_OK`: the container is the one at the path.
/// `PICKLE_STATUS_MISSING`: it is not. `PICKLE_STATUS_NEED_MORE`: call again with the next piece; at the end of input, it is
/// not.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_look_ahead_feed(
    look_ahead: *mut pickle_look_ahead,
    input: *mut pickle_in,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let (Ok(look_ahead), Some(input)) = (unsafe { held::<LookAhead>(opaque!(look_ahead)) }, unsafe { input.as_mut() })
    else {
        return pickle_status::Null;
    };
    let whole = unsafe { bytes(input.data, input.size) };
    let mut rest = whole.get(input.pos..).unwrap_or_default();
    let before = rest.len();
    let known = look_ahead.feed(&mut rest);
    input.pos += before - rest.len();
    match known {
        Some(true) => pickle_status::Ok,
        Some(false) => pickle_status::Missing,
        None => pickle_status::NeedMore,
    }
}

/// After `PICKLE_STATUS_IN_DOUBT`: whether the container is the one at the path. Go on with `pickle_item_reader_next`.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_decide(reader: *mut pickle_item_reader, leads_here: bool) -> pickle_status {
    // SAFETY: as the caller says.
    let Some(state) = (unsafe { state(reader) }) else { return pickle_status::Null };
    // SAFETY: ready: it has been written.
    unsafe { state.reader.assume_init_mut() }.decide(leads_here);
    pickle_status::Ok
}

/// True if the whole pickle is held and its items come at the end, because a container before the one at the path could
/// still take it in. `pickle_item_reader_report_doubt` avoids that for input that can be read again.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_is_held_in_doubt(reader: *mut pickle_item_reader) -> bool {
    // SAFETY: as the caller says, and what is ready has been written.
    unsafe { state(reader).is_some_and(|state| state.reader.assume_init_ref().is_held_in_doubt()) }
}

/// Begins the next pickle of the stream. Not for readers with a plan, which is one pickle's
/// (`PICKLE_STATUS_BAD_OPTION`): initialise the reader again, with the next plan and its offset.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_next_pickle(reader: *mut pickle_item_reader) -> pickle_status {
    // SAFETY: as the caller says.
    let Some(state) = (unsafe { state(reader) }) else { return pickle_status::Null };
    if state.planned {
        return pickle_status::BadOption;
    }
    (state.error, state.waiting) = (pickle_error::NONE, false);
    // SAFETY: ready: it has been written.
    unsafe { state.reader.assume_init_mut() }.next_pickle();
    pickle_status::Ok
}

/// Whether the path led to a container or another value in this pickle. False until it is known: at the latest when
/// `pickle_item_reader_finish` returns `PICKLE_STATUS_OK`. A reader without a path has found its container.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_path_found(reader: *mut pickle_item_reader) -> bool {
    // SAFETY: as the caller says, and what is ready has been written.
    unsafe {
        state(reader).is_some_and(|state| {
            let reader = state.reader.assume_init_ref();
            reader.path_found() || reader.count() != 0
        })
    }
}

/// Where the first dropped call stands; an error in a build that does not note them.
fn dropped_call(reader: &ItemReader<'_, Storage<'_>>) -> Result<Option<u64>, pickle_error> {
    #[cfg(all(feature = "items", feature = "dropped-calls"))]
    return Ok(reader.dropped_call());
    #[cfg(not(all(feature = "items", feature = "dropped-calls")))]
    Err(pickle_error { offset: reader.offset(), ..pickle_error::plain(pickle_status::FeatureOff) })
}

/// Where the first call stands, of those read so far of this pickle, whose result the pickle drops: the offset of the POP.
/// Such a call was made for what it does to a value. cloudpickle and dill set so what is in functions, classes and cells,
/// which no item and no document shows. `PICKLE_STATUS_MISSING`: there is none. `PICKLE_STATUS_FEATURE_OFF`: the library was built
/// without the feature `dropped-calls`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_dropped_call(
    reader: *mut pickle_item_reader,
    offset: *mut u64,
) -> pickle_status {
    // SAFETY: as the caller says, and what is ready has been written.
    match unsafe { state(reader).map(|state| dropped_call(state.reader.assume_init_ref())) } {
        None => pickle_status::Null,
        Some(Err(error)) => error.status,
        Some(Ok(None)) => pickle_status::Missing,
        // SAFETY: as the caller says.
        Some(Ok(Some(found))) => unsafe { put(offset, found) },
    }
}

/// The same of the pickle at the start of `data`, which is read for that in one call: `PICKLE_STATUS_OK` and the offset, or
/// `PICKLE_STATUS_MISSING` where no such call is in it. Other statuses are errors, as of `pickle_load`. The storage is for
/// this call alone: one that a document lives in is overwritten.
///
/// `options` and `error` may be null.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_dropped_call(
    storage: *const pickle_storage,
    data: *const c_void,
    size: usize,
    options: *const pickle_options,
    offset: *mut u64,
    error: *mut pickle_error,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let result = match unsafe { (storage.as_ref(), checked(options)) } {
        _ if offset.is_null() => Err(pickle_error::plain(pickle_status::Null)),
        (None, _) => Err(pickle_error::plain(pickle_status::Null)),
        (_, Err(status)) => Err(pickle_error::plain(status)),
        (Some(storage), Ok(options)) => {
            let options = ItemOptions::new().reader(options).min_nodes(usize::MAX);
            let mut reader = ItemReader::new(unsafe { regions(storage) }, options);
            let mut input = unsafe { bytes(data, size) };
            loop {
                match reader.feed(&mut input) {
                    Ok(Found::Item) => {}
                    Ok(Found::NeedMore) => match reader.finish() {
                        Ok(()) => break dropped_call(&reader),
                        Err(error) => break Err(error.into()),
                    },
                    Ok(_) => break dropped_call(&reader),
                    Err(error) => break Err(error.into()),
                }
            }
        }
    };
    unsafe { put(error, result.err().unwrap_or(pickle_error::NONE)) };
    match result {
        Ok(Some(found)) => unsafe { put(offset, found) },
        Ok(None) => pickle_status::Missing,
        Err(error) => error.status,
    }
}

/// Bytes consumed of the stream.
///
/// # Safety
/// `reader` is null or points to a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_offset(reader: *mut pickle_item_reader) -> u64 {
    // SAFETY: as the caller says, and what is ready has been written.
    unsafe { state(reader).map_or(0, |state| state.reader.assume_init_ref().offset()) }
}

/// The last error of this reader.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_item_reader_error(
    reader: *mut pickle_item_reader,
    error: *mut pickle_error,
) -> pickle_status {
    // SAFETY: as the caller says.
    match unsafe { state(reader) } {
        Some(state) => unsafe { put(error, state.error) },
        None => pickle_status::Null,
    }
}
