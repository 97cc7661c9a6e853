//! `pickle cat`: the pickles of several files one after another in one.

use crate::Failure;
use crate::input::{InputFile, containers};
use crate::output::Output;
use crate::pickles::bytes::{Chunk, each};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// `pickle cat`
#[derive(Debug, Args)]
#[command(after_help = "\
Every pickle is read to its end before it counts: one that is cut off or damaged is an error, and then nothing is written. What is compressed is unpacked, lengths in front of pickles are taken out.

Examples:
  pickle cat monday.pkl tuesday.pkl -o week.pkl
  pickle cat log.pkl new.pkl -o log.pkl")]
pub struct CatArgs {
    /// Files to read; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<InputFile>,

    /// The file to write, whole or not at all; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

verb!(CatArgs => run, files: files);

/// `pickle cat`: all pickles of all files in one.
///
/// # Errors
/// A file cannot be read, has a damaged pickle, or one that needs the memo of the pickle before; nothing is written.
fn run(args: &CatArgs, _: &mut dyn Write) -> Result<(), Failure> {
    let mut out = Output::create(&args.output)?;
    for file in &args.files {
        let mut input = containers::open_one(file)?;
        each(&mut input, &mut |chunk| match chunk {
            Chunk::Bytes(bytes) => out.write_all(bytes).map_err(|error| out.failure(error)),
            Chunk::End => Ok(()),
        })?;
    }
    out.commit()
}
