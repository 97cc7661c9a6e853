//! `pickle show`

use crate::Failure;
use crate::args::ShowArgs;
use std::io::Write;

/// Runs the command.
///
/// # Errors
/// It is not built yet.
pub fn run(_args: &ShowArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::NotBuilt("show"))
}
