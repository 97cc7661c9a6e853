//! `pickle repair`: what is left of a damaged file, as a file that is whole.

use crate::Failure;
use crate::input::damage;
use crate::input::{InputFile, containers};
use crate::output::Output;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// `pickle repair`
#[derive(Debug, Args)]
#[command(after_help = "\
Undone without loss: line ends converted to CR LF by a text mode, bytes read as Latin-1 or Windows-1252 and written as UTF-8, wrong frame lengths. In a pickle that is cut off or damaged, containers keep what is complete; foreign bytes before, between and after pickles are skipped. Losses are reported by offset, and the exit code is then 1. The whole file is held in memory.

With --salvage, other commands read damaged files in the same way.

Examples:
  pickle repair download.pkl -o whole.pkl
  pickle repair crlf.p -o - | pickle json -
  pickle show --salvage cut.pkl")]
pub struct RepairArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

verb!(RepairArgs => run, file: file);

/// Runs the command.
///
/// # Errors
/// The file cannot be read, has nothing to be kept, or the output cannot be written. [`Failure::Reported`] where something
/// is lost.
fn run(args: &RepairArgs, _: &mut dyn Write) -> Result<(), Failure> {
    let input = containers::open_damaged(&args.file)?;
    let name = input.name().to_owned();
    let (repaired, whole) = damage::undo(input)?;
    if repaired.is_empty() {
        return Err(Failure::Refused {
            name,
            text: "nothing in it can be read as a pickle; nothing is written".into(),
        });
    }
    let mut out = Output::create(&args.output)?;
    out.write_all(&repaired).map_err(|error| out.failure(error))?;
    out.commit()?;
    if whole { Ok(()) } else { Err(Failure::Reported) }
}
