//! `pickle cat`: the pickles of several files one after another in one.

use crate::Failure;
use crate::input::{Frames, InputFile, Lengths, containers};
use crate::output::Output;
use crate::pickles::bytes::{Chunk, each};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// `pickle cat`
#[derive(Debug, Args)]
#[command(after_help = "\
Every pickle is read to its end first: if one is cut off or damaged, that is an error and nothing is written. Compressed files are unpacked, and lengths in front of pickles are removed (--write-framed adds them).

Examples:
  pickle cat monday.pkl tuesday.pkl -o week.pkl
  pickle cat log.pkl new.pkl -o log.pkl
  pickle cat metrics.pkl --write-framed 4be -o - | nc graphite 2004")]
pub struct CatArgs {
    /// Files to read; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<InputFile>,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,

    /// Write its length in front of each pickle: bytes of it, and which come first, such as 4be
    #[arg(long, value_name = "SIZE", hide_possible_values = true)]
    pub write_framed: Option<Lengths>,
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
        // Its length is known when it is complete.
        let mut held = Vec::new();
        each(&mut input, &mut |chunk| match (chunk, args.write_framed) {
            (Chunk::Bytes(bytes), Some(_)) => {
                held.extend_from_slice(bytes);
                Ok(())
            }
            (Chunk::End, Some(lengths)) => {
                let written = Frames::Told(lengths).put(&held, &mut out);
                held.clear();
                written.map_err(|error| out.failure(error))
            }
            (Chunk::Bytes(bytes), None) => out.write_all(bytes).map_err(|error| out.failure(error)),
            (Chunk::End, None) => Ok(()),
        })?;
    }
    out.commit()
}
