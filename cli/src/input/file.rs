//! A file of the command line, with the options for how it is read.

use super::arrays::Arrays;
use super::containers::table;
use super::raw::RawOptions;
use clap::Args;
use std::ffi::OsString;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Options for reading files, which all verbs have.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What a file is, where it is not recognised")]
pub struct InputOptions {
    /// Which bytes are read.
    #[command(flatten)]
    pub raw: RawOptions,

    /// Undo damage where possible, skip and report what is lost, and exit with 1 if anything is
    #[arg(long, global = true)]
    pub salvage: bool,

    /// What the file is
    #[arg(long, global = true, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(table::names()))]
    pub host: Option<String>,

    /// What becomes of arrays without objects.
    #[arg(skip)]
    arrays: Arrays,

    /// Something was lost of a file that was salvaged.
    #[arg(skip)]
    lost: Arc<AtomicBool>,
}

impl InputOptions {
    /// Sets what becomes of arrays without objects.
    pub fn set_arrays(&mut self, arrays: Arrays) {
        self.arrays = arrays;
    }

    /// What becomes of arrays without objects.
    pub(super) fn arrays(&self) -> Arrays {
        self.arrays
    }

    /// Notes that something was lost of a file, for the exit code.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// Something was lost of a file that was read with these options.
    pub fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

/// A file to read: its path, or `FILE!MEMBER`, or `-` for standard input; and the options for that.
///
/// Where only the path matters, it is one.
#[derive(Clone, Debug, Default)]
pub struct InputFile {
    path: PathBuf,
    options: Arc<InputOptions>,
    names_member: bool,
}

impl InputFile {
    /// Sets the options.
    pub fn set_options(&mut self, options: &Arc<InputOptions>) {
        self.options = options.clone();
    }

    /// Names the member that is read, below what the path names.
    pub fn set_member(&mut self, member: &str) {
        self.path.as_mut_os_string().push(format!("!{member}"));
        self.names_member = true;
    }

    /// A member was named by [`InputFile::set_member`].
    pub fn names_member(&self) -> bool {
        self.names_member
    }

    /// The options.
    pub fn options(&self) -> &Arc<InputOptions> {
        &self.options
    }

    /// Another file that is read with the same options.
    pub fn with_path(&self, path: PathBuf) -> InputFile {
        InputFile { path, options: self.options.clone(), names_member: false }
    }
}

impl Deref for InputFile {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl From<OsString> for InputFile {
    fn from(path: OsString) -> Self {
        PathBuf::from(path).into()
    }
}

impl From<PathBuf> for InputFile {
    fn from(path: PathBuf) -> Self {
        InputFile { path, ..InputFile::default() }
    }
}
