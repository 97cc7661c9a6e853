//! Reading the pickles of an input.

pub mod beside;
pub mod bytes;
pub(crate) mod children;
mod documents;
pub mod follow;
pub mod items;
mod look_ahead;
pub mod missing;
pub(crate) mod parts;
mod plan;
pub mod renaming;
mod resync;
pub mod rewrite;
pub mod splits;

pub use documents::{Pickles, has_left_out};
pub(crate) use documents::{shares_memo, warn_of_rest};
