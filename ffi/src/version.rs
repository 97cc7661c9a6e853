//! Versions: of the library, and of the shape of its structs.

use core::ffi::{CStr, c_char};

/// Raised by incompatible changes of the interface.
pub const PICKLE_VERSION_MAJOR: u32 = 0;
/// Raised by compatible additions.
pub const PICKLE_VERSION_MINOR: u32 = 2;
/// Raised by corrections.
pub const PICKLE_VERSION_PATCH: u32 = 0;
/// The version of the struct layouts. Every `init` macro returns `PICKLE_STATUS_ABI_MISMATCH` if the header and the
/// library disagree.
pub const PICKLE_ABI_VERSION: u32 = 1;

/// cbindgen:ignore
const TEXT: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(text) => text,
    Err(_) => c"",
};

/// The number in a part of Cargo's version.
/// cbindgen:ignore
const fn number(text: &str) -> u32 {
    let text = text.as_bytes();
    let (mut value, mut i) = (0, 0);
    while i < text.len() {
        value = value * 10 + (text[i] - b'0') as u32;
        i += 1;
    }
    value
}

// The numbers are those of Cargo.toml.
const _: () = assert!(PICKLE_VERSION_MAJOR == number(env!("CARGO_PKG_VERSION_MAJOR")));
const _: () = assert!(PICKLE_VERSION_MINOR == number(env!("CARGO_PKG_VERSION_MINOR")));
const _: () = assert!(PICKLE_VERSION_PATCH == number(env!("CARGO_PKG_VERSION_PATCH")));

/// The version of the linked library, in the form of `PICKLE_VERSION_NUMBER`.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_version_number() -> u32 {
    PICKLE_VERSION_MAJOR * 1_000_000 + PICKLE_VERSION_MINOR * 1000 + PICKLE_VERSION_PATCH
}

/// The version of the linked library, such as "0.2.0". Static text.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_version_string() -> *const c_char {
    TEXT.as_ptr()
}

/// `PICKLE_ABI_VERSION` of the linked library.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_abi_version() -> u32 {
    PICKLE_ABI_VERSION
}
