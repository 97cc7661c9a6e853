//! Iteration over items and entries.

use crate::document::pickle_doc;
use crate::error::put;
use crate::status::pickle_status;
use crate::value::{here, or_kind, pickle_value, store};
use core::mem::MaybeUninit;
use pickle_core::known::Pairs;
use pickle_core::view::Attributes;
use pickle_core::{Entries, Items};

/// An iterator over the items or entries of a value. The document must stay at its address.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_iter {
    /// Number of items or entries left.
    pub left: usize,
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 8],
}

/// What a `pickle_iter` holds.
#[repr(C)]
struct Iter {
    left: usize,
    state: MaybeUninit<State>,
}

#[derive(Clone, Copy)]
enum State {
    Items(Items<'static>),
    Pairs(Pairs<'static>),
    Attributes(Attributes<'static>),
}

const _: () = assert!(size_of::<Iter>() <= size_of::<pickle_iter>());
const _: () = assert!(align_of::<Iter>() <= align_of::<pickle_iter>());

impl From<Items<'_>> for pickle_iter {
    fn from(items: Items<'_>) -> Self {
        // SAFETY: the same type but for the lifetime, which C's programmer watches over.
        let items = unsafe { core::mem::transmute::<Items<'_>, Items<'static>>(items) };
        made(items.len(), State::Items(items))
    }
}

impl From<Pairs<'_>> for pickle_iter {
    fn from(pairs: Pairs<'_>) -> Self {
        // SAFETY: the same type but for the lifetime, which C's programmer watches over.
        let pairs = unsafe { core::mem::transmute::<Pairs<'_>, Pairs<'static>>(pairs) };
        made(pairs.len(), State::Pairs(pairs))
    }
}

impl From<Attributes<'_>> for pickle_iter {
    fn from(attributes: Attributes<'_>) -> Self {
        // SAFETY: the same type but for the lifetime, which C's programmer watches over.
        let attributes = unsafe { core::mem::transmute::<Attributes<'_>, Attributes<'static>>(attributes) };
        made(attributes.len(), State::Attributes(attributes))
    }
}

impl From<Entries<'_>> for pickle_iter {
    fn from(entries: Entries<'_>) -> Self {
        Pairs::from(entries).into()
    }
}

impl pickle_iter {
    pub(crate) const EMPTY: pickle_iter = pickle_iter { left: 0, opaque: [MaybeUninit::new(0); 8] };
}

fn made(left: usize, state: State) -> pickle_iter {
    let mut iter = MaybeUninit::new(pickle_iter::EMPTY);
    // SAFETY: it is large and aligned enough, and any bits are a `pickle_iter`.
    unsafe {
        iter.as_mut_ptr().cast::<Iter>().write(Iter { left, state: MaybeUninit::new(state) });
        iter.assume_init()
    }
}

/// # Safety
/// `iter` is null or points to a `pickle_iter`, all zeros or filled by this library.
unsafe fn state<'a>(iter: *mut pickle_iter) -> Option<(&'a mut usize, &'a mut State)> {
    // SAFETY: as the caller says; the state is there where items are left.
    unsafe {
        let iter = iter.cast::<Iter>().as_mut()?;
        if iter.left == 0 { None } else { Some((&mut iter.left, iter.state.assume_init_mut())) }
    }
}

/// Starts an iteration over the items of a list, tuple, set or frozenset.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_items(
    doc: *const pickle_doc,
    value: pickle_value,
    iter: *mut pickle_iter,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { begin(iter, here(doc, value).and_then(|value| or_kind(value.items()))) }
}

/// Starts an iteration over the entries of a dict, in the order of the stream, including duplicate keys.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_entries(
    doc: *const pickle_doc,
    value: pickle_value,
    iter: *mut pickle_iter,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { begin(iter, here(doc, value).and_then(|value| or_kind(value.entries()))) }
}

/// An iterator that found nothing is empty, so that a loop over it ends at once.
///
/// # Safety
/// `iter` is null or may be written.
pub(crate) unsafe fn begin(
    iter: *mut pickle_iter,
    found: Result<impl Into<pickle_iter>, pickle_status>,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe {
        put(iter, pickle_iter::EMPTY);
        store(iter, found)
    }
}

/// Advances to the next item; false at the end. For iterators over items.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_iter_next(iter: *mut pickle_iter, item: *mut pickle_value) -> bool {
    // SAFETY: as the caller says.
    let Some((left, State::Items(items))) = (unsafe { state(iter) }) else { return false };
    let Some(next) = items.next() else { return false };
    *left = items.len();
    // SAFETY: as the caller says.
    unsafe { put(item, next.into()) == pickle_status::Ok }
}

/// Advances to the next entry; false at the end. For iterators over entries.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_iter_next_entry(
    iter: *mut pickle_iter,
    key: *mut pickle_value,
    value: *mut pickle_value,
) -> bool {
    // SAFETY: as the caller says.
    let Some((left, state)) = (unsafe { state(iter) }) else { return false };
    let next = match state {
        State::Pairs(pairs) => pairs.next(),
        State::Attributes(attributes) => attributes.next(),
        State::Items(_) => None,
    };
    let Some((name, of_it)) = next else { return false };
    *left = left.saturating_sub(1);
    // SAFETY: as the caller says.
    unsafe { put(key, name.into()) == pickle_status::Ok && put(value, of_it.into()) == pickle_status::Ok }
}
