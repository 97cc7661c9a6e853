//! `pickle info`

use crate::Failure;
use crate::args::InfoArgs;
use std::io::Write;

/// Runs the command.
///
/// # Errors
/// It is not built yet.
pub fn run(_args: &InfoArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::NotBuilt("info"))
}
