//! Values and reports as text.

pub mod brief;
pub mod canonical;
pub mod cells;
pub mod dis;
pub mod du;
pub mod formats;
pub mod info;
pub mod json;
pub mod names;
pub mod pyrepr;
pub mod rows;
pub mod table;
pub mod tree;
pub mod verdict;
