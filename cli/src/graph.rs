//! `pickle graph`

use crate::Failure;
use crate::args::GraphArgs;
use crate::canonical;
use crate::input;
use crate::pickles::Pickles;
use pickle_core::Options;
use std::io::Write;

/// Prints the canonical text of every pickle, a line each.
///
/// # Errors
/// The input cannot be read or a pickle is damaged; the lines of the pickles before are out.
pub fn run(args: &GraphArgs, out: &mut dyn Write) -> Result<(), Failure> {
    input::for_each(std::slice::from_ref(&args.file), out, |input, out| {
        let mut pickles = Pickles::new(input, Options::new(), args.shared_memo);
        while let Some(document) = pickles.next_document()? {
            canonical::write(&document, out)?;
            writeln!(out)?;
        }
        Ok(())
    })
}
