//! `pickle optimize`: drops what no opcode uses.

use crate::Failure;
use crate::input::InputFile;
use crate::pickles::renaming;
use crate::pickles::rewrite::{Trouble, check, each_pickle};
use clap::Args;
use pickle_core::{Heap, Options, Unpickler, recode};
use std::io::Write;
use std::path::PathBuf;

/// `pickle optimize`
#[derive(Debug, Args)]
#[command(after_help = "\
The output is that of pickletools.optimize for every pickle of the file, byte for byte.

Examples:
  pickle optimize big.pkl -o small.pkl
  pickle optimize big.pkl.gz -o - | wc -c")]
pub struct OptimizeArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,

    /// Wrap the result as FILE was: compress it, put it into the zip file, lengths in front, as the same kind of text
    #[arg(long)]
    pub rewrap: bool,
}

verb!(OptimizeArgs => run, file: file);

/// `pickle optimize`: writes every pickle of a file without the memo entries that are never fetched.
///
/// # Errors
/// The input cannot be read, a pickle is damaged, or the output cannot be written.
fn run(args: &OptimizeArgs, _: &mut dyn Write) -> Result<(), Failure> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    each_pickle(&args.file, &args.output, args.rewrap, |input, out| {
        check(&mut unpickler, input)?;
        if renaming::has_arrays(input) {
            return Err(Trouble::Refused("it has arrays of joblib between its opcodes, and stays as it is".into()));
        }
        Ok::<_, Trouble>(recode::optimize(input, out)?)
    })
}
