//! The `pickle` command: look into Python pickles without Python, nothing executed.
//!
//! This is the shell's binding of `pickle-core`: arguments, files, compression, progress and messages. Everything
//! about the pickle format itself is in the core.

pub mod args;
pub mod cmd;
mod compare;
mod edit;
pub mod input;
pub mod messages;
pub mod output;
pub mod pickles;
mod pieces;
pub mod print;
pub mod progress;
pub mod survey;

pub use messages::Failure;

use args::Cli;
use messages::Tagged;
use std::io::Write;

/// Runs one command; its output goes to `out`, which is flushed.
///
/// # Errors
/// What the command says. What was written before a failure is flushed too.
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<(), Failure> {
    let mut tagged = Tagged(out);
    let out: &mut dyn Write = &mut tagged;
    let result = cli.command.verb().run(out);
    pickles::dropped::tell_of_streams();
    let result = match result {
        // Not with `||`: it is asked after each command.
        Ok(()) if pickles::has_left_out() | cli.input.has_lost() => Err(Failure::Reported),
        result => result,
    };
    // A closed pipe outweighs any other failure: nothing is read any more.
    match out.flush().map_err(Failure::from) {
        Err(failure) if result.is_ok() || failure.is_closed_pipe() => Err(failure),
        _ => result,
    }
}
