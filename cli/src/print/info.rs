//! The report about a file, as text or JSON.

mod facts;
pub mod json;
pub mod text;

pub use self::facts::{ArrayFacts, Facts, TableFacts};

use crate::input::Layer;
use crate::survey::guess::Guess;
use crate::survey::info::Info;

/// Facts about a file.
#[derive(Debug)]
pub struct Report<'f> {
    /// The name of the file.
    pub name: &'f str,
    /// Bytes of the file; `None` for a stream.
    pub size: Option<u64>,
    /// The compression that was undone, the outermost first.
    pub layers: &'f [Layer],
    /// Bytes that came out of it, as far as they were read.
    pub unpacked: u64,
    /// The first pickles, one by one.
    pub pickles: Vec<Info>,
    /// All pickles together.
    pub all: Info,
    /// How many there are.
    pub count: u64,
    /// Bytes behind the last one that are no pickle.
    pub trailing: u64,
    /// One memo lives through all pickles.
    pub shared_memo: bool,
    /// What it seems to be; `None` where not even one pickle could be read in part.
    pub guess: Option<Guess>,
    /// What the array or table is that the first value is; `None` where it is neither, or not looked at.
    pub facts: Option<Facts>,
    /// What is wrong, where something is.
    pub error: Option<String>,
}
