//! Reading: whole pickles and, one at a time, the items of a container.

pub(crate) mod items;
pub mod joblib;
#[cfg(feature = "alloc")]
pub(crate) mod split;
pub(crate) mod unpickler;
