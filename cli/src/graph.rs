//! `pickle graph`

use crate::Failure;
use crate::args::GraphArgs;
use std::io::Write;

/// Runs the command.
///
/// # Errors
/// It is not built yet.
pub fn run(_args: &GraphArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::NotBuilt("graph"))
}
