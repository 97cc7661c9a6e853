//! The pickles of several files.

use super::containers;
use super::file::InputFile;
use super::open::Input;
use crate::messages::{Failure, Tagged};
use std::io::Write;

/// Does `work` for each file, for each pickle in a container, and goes on after one that fails.
///
/// A failure is printed as it happens, after the output of its file.
///
/// # Errors
/// [`Failure::Reported`] if a file failed; at once, what cannot be written to `out`.
pub fn for_each(
    files: &[InputFile],
    out: &mut dyn Write,
    mut work: impl FnMut(Input, &mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let out = &mut Tagged(out);
    let mut all = Ok(());
    for file in files {
        let members = match containers::open(file) {
            Ok(members) => Some(members),
            Err(failure) if files.len() == 1 => return Err(failure),
            Err(failure) => {
                out.flush()?;
                failure.report();
                all = Err(Failure::Reported);
                None
            }
        };
        let mut members = members.into_iter().flatten().peekable();
        let mut alone = files.len() == 1;
        while let Some(input) = members.next() {
            alone = alone && members.peek().is_none();
            match input.and_then(|input| work(input, out)) {
                Ok(()) => {}
                Err(failure @ Failure::Output(_)) => return Err(failure),
                Err(failure) if alone => return Err(failure),
                Err(failure) => {
                    out.flush()?;
                    failure.report();
                    all = Err(Failure::Reported);
                }
            }
            alone = false;
        }
    }
    all
}
