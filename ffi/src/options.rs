//! Options for reading.

use crate::status::pickle_status;
use pickle_core::{Encoding, Options, TextInts};

/// Options for reading. All zeros are the defaults, and so is a null pointer.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct pickle_options {
    /// Most opcodes that a pickle may have; 0 for no limit.
    pub max_opcodes: u64,
    /// Number of out-of-band buffers that the caller has; used only with `limit_buffers`.
    pub buffers: u32,
    /// One of `pickle_encoding`.
    pub encoding: u8,
    /// One of `pickle_text_ints`.
    pub text_ints: u8,
    /// Refuse pickles that use more than `buffers` out-of-band buffers.
    pub limit_buffers: bool,
}

/// How a Python 2 str is decoded: the `encoding` of `pickle.load`.
#[repr(i32)]
pub enum pickle_encoding {
    /// Not decoded; kept apart from str and bytes.
    Keep = 0,
    /// As bytes.
    Bytes = 1,
    /// As a str of ASCII; other bytes are an error.
    Ascii = 2,
    /// As a str of Latin-1: one code point per byte.
    Latin1 = 3,
    /// As a str of UTF-8.
    Utf8 = 4,
}

/// How the decimal text of INT and LONG is parsed.
#[repr(i32)]
pub enum pickle_text_ints {
    /// As in CPython up to 3.13: base prefixes such as 0x are accepted.
    Prefixed = 0,
    /// As in CPython from 3.14: base 10 only.
    Decimal = 1,
}

/// # Safety
/// `given` is null or points to options.
pub(crate) unsafe fn checked(given: *const pickle_options) -> Result<Options, pickle_status> {
    let mut options = Options::new();
    // SAFETY: as the caller says.
    let Some(given) = (unsafe { given.as_ref() }) else { return Ok(options) };
    options.encoding = match given.encoding {
        0 => Encoding::Keep,
        1 => Encoding::Bytes,
        2 => Encoding::Ascii,
        3 => Encoding::Latin1,
        4 => Encoding::Utf8,
        _ => return Err(pickle_status::BadOption),
    };
    options.text_ints = match given.text_ints {
        0 => TextInts::Prefixed,
        1 => TextInts::Decimal,
        _ => return Err(pickle_status::BadOption),
    };
    if given.max_opcodes != 0 {
        options.max_opcodes = given.max_opcodes;
    }
    if given.limit_buffers {
        options.buffers = Some(given.buffers);
    }
    Ok(options)
}
