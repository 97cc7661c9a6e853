//! `pickle json`

use super::common::{EncodingName, print_values};
use crate::Failure;
use crate::input::{self, InputFile};
use crate::print::json::{Options, json};
use clap::Args;
use pickle_core::Encoding;
use std::io::Write;

/// `pickle json`
#[derive(Debug, Args)]
#[command(after_help = "\
Bytes are base64, big integers and non-finite floats are strings, objects are tagged maps.

Examples:
  pickle json rows.pkl
  pickle json --indent 2 rows.pkl
  pickle json --lines log.pkl | head -3")]
pub struct JsonArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// One pickle a line (JSON Lines), for files with many pickles
    #[arg(short, long, conflicts_with = "indent")]
    pub lines: bool,

    /// Lose nothing: keep tuples, sets, classes, large ints and sharing distinguishable
    #[arg(short, long)]
    pub tagged: bool,

    /// Blanks a level; 0 puts everything on one line [default: 2]
    #[arg(short, long, value_name = "N")]
    pub indent: Option<usize>,

    /// What becomes of Python 2 strings, as in pickle.load
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<EncodingName>,

    /// Colours, as `Cli::settle` decided.
    #[arg(skip)]
    pub color: bool,
}

/// Blanks a level where nothing else is asked for.
const INDENT: usize = 2;

verb!(JsonArgs => run, file: file, color: color);

/// `pickle json`: prints every pickle of a file as JSON.
///
/// # Errors
/// The input cannot be read or a pickle is damaged; what came before is out.
fn run(args: &JsonArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let indent = if args.lines { None } else { Some(args.indent.unwrap_or(INDENT)).filter(|&n| n != 0) };
    let options = Options { indent, tagged: args.tagged, ..Options::default() };
    input::for_each(std::slice::from_ref(&args.file), out, |input, out| {
        let reading = pickle_core::Options::new().encoding(args.encoding.map(Encoding::from).unwrap_or_default());
        print_values(input, reading, out, &mut |document, out| Ok(json(document, &options, out)?))
    })
}
