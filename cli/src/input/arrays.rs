//! How arrays that are not pickles are read.

/// What becomes of arrays without objects, as in `.npy` files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrays {
    /// They are no pickles.
    #[default]
    None,
    /// They count as what NumPy would pickle: for verbs that need values.
    AsPickles,
    /// They are given as the files that they are: for verbs that describe files.
    AsFiles,
}
