//! Errors: what is wrong, in which opcode, at which byte.

use crate::status::pickle_status;
use pickle_core::Error;

/// An error and where it is.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_error {
    /// Offset in the stream of the opcode at fault; the end of the input if that came too early.
    pub offset: u64,
    /// The error; `PICKLE_STATUS_OK` if there is none.
    pub status: pickle_status,
    /// The opcode at fault, or the byte found where an opcode was expected; 0 if there is none.
    pub byte: u8,
}

impl pickle_error {
    pub(crate) const NONE: pickle_error = pickle_error { offset: 0, status: pickle_status::Ok, byte: 0 };

    pub(crate) fn plain(status: pickle_status) -> Self {
        pickle_error { status, ..Self::NONE }
    }
}

impl From<Error> for pickle_error {
    fn from(error: Error) -> Self {
        pickle_error { offset: error.offset(), status: error.kind().into(), byte: error.byte() }
    }
}

/// Writes `value` where `out` points to, if it does.
///
/// # Safety
/// `out` is null or may be written.
pub(crate) unsafe fn put<T>(out: *mut T, value: T) -> pickle_status {
    if out.is_null() {
        return pickle_status::Null;
    }
    // SAFETY: the caller vouches for what is not null.
    unsafe { out.write(value) };
    pickle_status::Ok
}
