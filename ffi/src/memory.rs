//! The caller's memory, and how C's pointers become slices.

use crate::pickle_value;
use core::ffi::c_void;
use pickle_core::{Node, Storage};

/// One node of storage: 16 bytes, aligned as `uint64_t`. Values, stack entries and memo entries are nodes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_node {
    /// Private; do not access.
    pub opaque: [u64; 2],
}

// Aligned as C aligns `uint64_t`, which is to four bytes on 32-bit x86.
const _: () = assert!(size_of::<pickle_node>() == 16 && size_of::<Node>() == 16);
const _: () = assert!(align_of::<Node>() == align_of::<pickle_node>() && size_of::<pickle_value>() == 16);
const _: () = assert!(align_of::<pickle_value>() == align_of::<Node>());

/// The memory of a reader: three regions owned by the caller, declared by `PICKLE_STORAGE`. They must outlive the
/// documents in them. An empty region may be null. `PICKLE_NODES_FOR` and its siblings bound what a pickle needs.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_storage {
    /// Values and the stack. Each item of a container takes one node, each container one or two more.
    pub nodes: *mut pickle_node,
    /// Number of nodes.
    pub nodes_len: usize,
    /// One for each entry of the pickle's memo. CPython makes an entry for every container and str.
    pub memo: *mut pickle_node,
    /// Number of memo entries.
    pub memo_len: usize,
    /// Payloads of input that comes in pieces, and decoded escapes of protocol 0.
    pub bytes: *mut u8,
    /// Size of the byte region.
    pub bytes_len: usize,
}

/// Bytes in the input or in the storage.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_bytes {
    /// Never null.
    pub data: *const u8,
    /// Length in bytes.
    pub size: usize,
}

/// UTF-8 text in the input or in the storage. It is not NUL-terminated.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_str {
    /// Never null.
    pub data: *const core::ffi::c_char,
    /// Length in bytes.
    pub size: usize,
}

/// Input. Functions that read it move `pos` past what they consumed.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_in {
    /// The bytes; may be null if `size` is 0.
    pub data: *const c_void,
    /// Length in bytes.
    pub size: usize,
    /// Bytes consumed so far, at most `size`.
    pub pos: usize,
}

impl From<&[u8]> for pickle_bytes {
    fn from(bytes: &[u8]) -> Self {
        pickle_bytes { data: bytes.as_ptr(), size: bytes.len() }
    }
}

impl From<&[u8]> for pickle_str {
    fn from(text: &[u8]) -> Self {
        pickle_str { data: text.as_ptr().cast(), size: text.len() }
    }
}

impl From<&str> for pickle_str {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

/// Bytes of C. Null or a length of zero is an empty slice.
///
/// # Safety
/// `data` points to `size` bytes that live for `'a`.
pub(crate) unsafe fn bytes<'a>(data: *const c_void, size: usize) -> &'a [u8] {
    if data.is_null() || size == 0 {
        return &[];
    }
    // SAFETY: not null, not above what an object can have, and the caller vouches for the rest.
    unsafe { core::slice::from_raw_parts(data.cast(), size.min(isize::MAX as usize)) }
}

/// # Safety
/// As [`bytes`], for `len` entries that are not aliased, of a layout that any bits make valid.
pub(crate) unsafe fn region<'a, T>(data: *mut T, len: usize) -> &'a mut [T] {
    if data.is_null() || len == 0 {
        return &mut [];
    }
    // SAFETY: not null, not above what an object can have, and the caller vouches for the rest.
    unsafe { core::slice::from_raw_parts_mut(data, len.min(isize::MAX as usize / size_of::<T>())) }
}

/// # Safety
/// The regions belong to the caller and outlive what is read into them.
pub(crate) unsafe fn regions(storage: &pickle_storage) -> Storage<'static> {
    // SAFETY: nodes are two u64 in both languages, and any bits are a node.
    unsafe {
        Storage::new(
            region(storage.nodes.cast::<Node>(), storage.nodes_len),
            region(storage.memo.cast::<Node>(), storage.memo_len),
            region(storage.bytes, storage.bytes_len),
        )
    }
}

/// # Safety
/// `text` is null or ends with a NUL.
pub(crate) unsafe fn text<'a>(text: *const core::ffi::c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    let mut len = 0;
    // SAFETY: the NUL has not been passed. (Volatile, or the compiler would ask the C library for `strlen`.)
    while unsafe { text.add(len).read_volatile() } != 0 {
        len += 1;
    }
    // SAFETY: so many bytes were just read.
    Some(unsafe { core::slice::from_raw_parts(text.cast(), len) })
}
