//! What a value means: the known types of the standard library and of numpy, pandas, torch and scipy.

pub mod known;
