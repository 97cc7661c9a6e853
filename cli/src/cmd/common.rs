//! Arguments that several verbs have.

use crate::Failure;
use crate::input::{Input, InputFile};
use crate::messages::note;
use crate::pickles::items::Whose;
use crate::pickles::{Pickles, beside, dropped};
use clap::{Args, ValueEnum};
use pickle_core::{Document, Encoding, Options};
use std::io::Write;

/// Whose items, of which file.
#[derive(Debug, Args)]
pub struct Of {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// Whose items, such as $.rows [default: the outermost container's]
    #[arg(short, long, default_value = "$", hide_default_value = true)]
    pub path: String,

    /// After a damaged pickle go on at the next that begins with PROTO, report what was left out, and exit with 1
    #[arg(long)]
    pub resync: bool,
}

impl Of {
    /// The same without the command line.
    pub fn whose(&self) -> Whose<'_> {
        Whose { file: &self.file, path: &self.path, resync: self.resync }
    }
}

/// The encodings that `pickle.load` is usually given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EncodingName {
    /// Strings must be ASCII.
    Ascii,
    /// A character a byte; never fails.
    Latin1,
    /// Strings must be UTF-8.
    #[value(name = "utf-8")]
    Utf8,
    /// Strings become bytes.
    Bytes,
}

impl From<EncodingName> for Encoding {
    fn from(name: EncodingName) -> Encoding {
        match name {
            EncodingName::Ascii => Encoding::Ascii,
            EncodingName::Latin1 => Encoding::Latin1,
            EncodingName::Utf8 => Encoding::Utf8,
            EncodingName::Bytes => Encoding::Bytes,
        }
    }
}

/// Prints one pickle.
pub(crate) type Print<'p> = dyn FnMut(&Document<'_>, &mut dyn Write) -> Result<(), Failure> + 'p;

/// Prints all pickles of an input, each as soon as it is complete; of one that is cut off or damaged, what came before
/// the fault.
pub(crate) fn print_all(mut pickles: Pickles, out: &mut dyn Write, print: &mut Print<'_>) -> Result<(), Failure> {
    loop {
        if pickles.input().would_wait() {
            out.flush()?;
        }
        let failure = match pickles.next_document() {
            Ok(Some(document)) => {
                print(&document, out)?;
                continue;
            }
            Ok(None) => return Ok(()),
            Err(failure) => failure,
        };
        if matches!(failure, Failure::Pickle { .. })
            && let Some(document) = pickles.salvage()
        {
            print(&document, out)?;
            out.flush()?;
            note(pickles.input().name(), "only what comes before the fault is shown; the last value may be incomplete");
        }
        return Err(failure);
    }
}

/// Prints all pickles of an input as [`print_all`] does, and says what no print of their values shows: files beside them,
/// and calls whose results they drop.
///
/// # Errors
/// As [`print_all`].
pub(crate) fn print_values(
    input: Input,
    options: Options,
    out: &mut dyn Write,
    print: &mut Print<'_>,
) -> Result<(), Failure> {
    let name = input.name().to_owned();
    print_all(Pickles::new(input, options, false), out, &mut |document, out| {
        beside::tell(name.as_ref(), document);
        dropped::tell(&name, document);
        print(document, out)
    })
}
