//! What structs of C hold and do not show: a value of Rust, and a mark that it is there.

use crate::status::pickle_status;
use crate::value::Found;
use core::mem::MaybeUninit;

/// What is private of a struct of C, and a mark that it is there.
#[repr(C)]
pub(crate) struct Held<T> {
    ready: u64,
    inner: MaybeUninit<T>,
}

const READY: u64 = 0x7069_636b_6c65_7462;

/// A type has room in so many words.
macro_rules! fits {
    ($inner:ty, $words:literal) => {
        const _: () = assert!(size_of::<$crate::hidden::Held<$inner>>() <= $words * 8);
        const _: () = assert!(align_of::<$crate::hidden::Held<$inner>>() <= align_of::<u64>());
    };
}

/// # Safety
/// `opaque` points to words that [`fits`] knows to be enough.
pub(crate) unsafe fn hold<T>(opaque: *mut u64, inner: T) {
    // SAFETY: as the caller says.
    unsafe { opaque.cast::<Held<T>>().write(Held { ready: READY, inner: MaybeUninit::new(inner) }) }
}

/// # Safety
/// `opaque` is null or points to words that are zeros, or hold a `T`.
pub(crate) unsafe fn held<'a, T>(opaque: *mut u64) -> Found<&'a mut T> {
    // SAFETY: as the caller says; any bits are a `Held`.
    let held = unsafe { opaque.cast::<Held<T>>().as_mut() }.ok_or(pickle_status::Null)?;
    if held.ready != READY {
        return Err(pickle_status::Null);
    }
    // SAFETY: the mark is set by `hold` alone.
    Ok(unsafe { held.inner.assume_init_mut() })
}

/// The words of a struct of C, as a pointer. In unsafe code.
macro_rules! opaque {
    ($pointer:expr) => {
        if $pointer.is_null() {
            core::ptr::null_mut()
        } else {
            (&raw const (*$pointer).opaque).cast::<u64>().cast_mut()
        }
    };
}

pub(crate) use {fits, opaque};
