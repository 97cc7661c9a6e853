//! `pickle graph`

use crate::Failure;
use crate::input::{self, InputFile};
use crate::pickles::Pickles;
use crate::print::canonical;
use clap::Args;
use pickle_core::Options;
use std::io::Write;

/// `pickle graph`
#[derive(Debug, Args)]
#[command(after_help = "\
Two pickles of equal content give the same line, so lines can be compared and hashed.

Examples:
  pickle graph a.pkl | sha256sum
  diff <(pickle graph a.pkl) <(pickle graph b.pkl)
  pickle graph --sort-sets a.pkl | sha256sum    # equal whichever order a hash seed gave the sets")]
pub struct GraphArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// Items of sets in an order that their content gives: else it is the order in the pickle, which differs from one run of
    /// Python to the next
    #[arg(long)]
    pub sort_sets: bool,

    /// One memo lives through all pickles of the file, as one Pickler or Unpickler used again has it
    #[arg(long)]
    pub shared_memo: bool,
}

verb!(GraphArgs => run, file: file);

/// Prints the canonical text of every pickle, a line each.
///
/// # Errors
/// The input cannot be read or a pickle is damaged; the lines of the pickles before are out.
fn run(args: &GraphArgs, out: &mut dyn Write) -> Result<(), Failure> {
    input::for_each(std::slice::from_ref(&args.file), out, |input, out| {
        let mut pickles = Pickles::new(input, Options::new(), args.shared_memo);
        while let Some(document) = pickles.next_document()? {
            match args.sort_sets {
                true => canonical::write_sorted(&document, out)?,
                false => canonical::write(&document, out)?,
            }
            writeln!(out)?;
        }
        Ok(())
    })
}
