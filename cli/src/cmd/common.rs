//! Arguments that several verbs have.

use crate::pickles::items::Whose;
use clap::Args;
use std::path::PathBuf;

/// Whose items, of which file.
#[derive(Debug, Args)]
pub struct Of {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Whose items, such as $.rows [default: the outermost container's]
    #[arg(short, long, default_value = "$", hide_default_value = true)]
    pub path: String,

    /// After a damaged pickle go on at the next that begins with PROTO, tell what was left out, and exit with 1
    #[arg(long)]
    pub resync: bool,
}

impl Of {
    /// The same without the command line.
    pub fn whose(&self) -> Whose<'_> {
        Whose { file: &self.file, path: &self.path, resync: self.resync }
    }
}
