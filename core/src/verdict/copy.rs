//! Copies of bytes.

/// Copies as many bytes as both have. (`copy_from_slice` has a panic for other lengths in it.)
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
