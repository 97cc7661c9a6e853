//! What tests through the functions of C have in common.

use pickle::pickle_storage;

/// Memory of a test's own as a reader of C takes it. It must outlive the reader.
pub fn storage(nodes: &mut [[u64; 2]], memo: &mut [[u64; 2]], bytes: &mut [u8]) -> pickle_storage {
    pickle_storage {
        nodes: nodes.as_mut_ptr().cast(),
        nodes_len: nodes.len(),
        memo: memo.as_mut_ptr().cast(),
        memo_len: memo.len(),
        bytes: bytes.as_mut_ptr().cast(),
        bytes_len: bytes.len(),
    }
}
