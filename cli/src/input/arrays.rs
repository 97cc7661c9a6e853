//! What becomes of arrays that are no pickles.

/// What becomes of arrays without objects, as in `.npy` files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrays {
    /// They are no pickles.
    #[default]
    None,
    /// They count as what NumPy would pickle: for who wants values.
    AsPickles,
    /// They are given as the files that they are: for who describes files.
    AsFiles,
}
