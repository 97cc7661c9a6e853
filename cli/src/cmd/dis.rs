//! `pickle dis`

use crate::Failure;
use crate::input::{self, Input, InputFile};
use crate::print::dis::{DisError, Options, disassemble};
use clap::Args;
use std::io::Write;

/// `pickle dis`
#[derive(Debug, Args)]
#[command(after_help = "\
The options are those of python3 -m pickletools.

Examples:
  pickle dis model.pkl
  pickle dis --annotate --all log.pkl | less")]
pub struct DisArgs {
    /// The file to disassemble; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// Say at each opcode what it does
    #[arg(short, long)]
    pub annotate: bool,

    /// Keep the memo from one pickle to the next
    #[arg(short, long)]
    pub memo: bool,

    /// Blanks to indent by at each MARK
    #[arg(short = 'l', long = "indentlevel", value_name = "N", default_value_t = 4)]
    pub indent_level: usize,

    /// Every pickle of the file, not the first alone
    #[arg(long)]
    pub all: bool,

    /// Take the file's bytes as they are: unpack nothing, open no container
    #[arg(long)]
    pub raw: bool,

    /// Colours, as `Cli::settle` decided.
    #[arg(skip)]
    pub color: bool,
}

verb!(DisArgs => run, file: file, color: color);

/// `pickle dis`: prints the opcodes of a file.
///
/// # Errors
/// The input cannot be read, or is damaged: what came before is out.
fn run(args: &DisArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let options = Options {
        indent: args.indent_level,
        annotate: args.annotate.then_some(Options::ANNOTATION_COLUMN),
        all: args.all,
        keep_memo: args.memo,
    };
    let mut first = true;
    let mut one = |mut input: Input, out: &mut dyn Write| {
        if input.name() != args.file.display().to_string() && args.file.as_os_str() != "-" {
            writeln!(out, "{}==> {} <==", if first { "" } else { "\n" }, input.name())?;
        }
        first = false;
        match disassemble(&mut input, out, &options) {
            Ok(()) => Ok(()),
            Err(DisError::Read(error)) => Err(error.into()),
            Err(DisError::Write(error)) => Err(Failure::Output(error)),
            Err(DisError::Pickle(error)) => Err(input.bad_pickle(0, error)),
            Err(error) => Err(Failure::Refused { name: input.name().to_owned(), text: error.to_string() }),
        }
    };
    if args.raw && (args.file.options().salvage || args.file.options().host.is_some()) {
        return Err(Failure::Usage("--raw takes the bytes as they are: not with --salvage or --host".into()));
    }
    match args.raw {
        true => one(Input::open_raw(&args.file, &args.file.options().raw)?, out),
        false => input::for_each(std::slice::from_ref(&args.file), out, one),
    }
}
