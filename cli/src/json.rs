//! `pickle json`

use crate::Failure;
use crate::args::JsonArgs;
use std::io::Write;

/// Runs the command.
///
/// # Errors
/// It is not built yet.
pub fn run(_args: &JsonArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::NotBuilt("json"))
}
