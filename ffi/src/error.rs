//! Errors: what is wrong, in which opcode, at which byte.

use crate::status::pickle_status;
use pickle_core::Error;

/// What is wrong, and where.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_error {
    /// Bytes from the start of the stream to the opcode at fault; where the input ended, if it ended early.
    pub offset: u64,
    /// What is wrong; `PICKLE_STATUS_OK` where nothing is.
    pub status: pickle_status,
    /// The opcode at fault, or the byte that stands where one should; 0 where there is none.
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
