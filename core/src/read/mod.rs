//! Reading: whole pickles and, one at a time, the items of a container.

pub(crate) mod items;
pub mod joblib;
pub(crate) mod unpickler;
