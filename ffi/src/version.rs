//! Versions: of the library, and of the shape of its structs.

use core::ffi::{CStr, c_char};

/// Changes with incompatible changes of the interface.
pub const PICKLE_VERSION_MAJOR: u32 = 0;
/// Changes with compatible additions.
pub const PICKLE_VERSION_MINOR: u32 = 1;
/// Changes with corrections.
pub const PICKLE_VERSION_PATCH: u32 = 0;
/// The shape of the structs. A program and a library whose numbers differ do
/// not work together, and every `init` says so.
pub const PICKLE_ABI_VERSION: u32 = 1;

/// cbindgen:ignore
const TEXT: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(text) => text,
    Err(_) => c"",
};

// The numbers say what Cargo.toml says.
const _: () = {
    let text = TEXT.to_bytes();
    assert!(text.len() == 5 && text[1] == b'.' && text[3] == b'.');
    assert!((text[0] - b'0') as u32 == PICKLE_VERSION_MAJOR);
    assert!((text[2] - b'0') as u32 == PICKLE_VERSION_MINOR);
    assert!((text[4] - b'0') as u32 == PICKLE_VERSION_PATCH);
};

/// The version of the library that is linked, as `PICKLE_VERSION_NUMBER` counts it.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_version_number() -> u32 {
    PICKLE_VERSION_MAJOR * 1_000_000 + PICKLE_VERSION_MINOR * 1000 + PICKLE_VERSION_PATCH
}

/// The version of the library that is linked, such as "0.1.0". Static text.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_version_string() -> *const c_char {
    TEXT.as_ptr()
}

/// `PICKLE_ABI_VERSION` of the library that is linked.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_abi_version() -> u32 {
    PICKLE_ABI_VERSION
}
