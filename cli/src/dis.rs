//! `pickle dis`

use crate::Failure;
use crate::args::DisArgs;
use std::io::Write;

/// Runs the command.
///
/// # Errors
/// It is not built yet.
pub fn run(_args: &DisArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::NotBuilt("dis"))
}
