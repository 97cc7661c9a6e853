//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// Look into Python pickles without Python. Nothing in them is ever executed.
#[derive(Debug, Parser)]
#[command(name = "pickle", version, arg_required_else_help = true, after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Cli {
    /// Colours in the output; auto means: on a terminal, and not with NO_COLOR
    #[arg(long, global = true, value_name = "auto|always|never", default_value = "auto", hide_possible_values = true)]
    pub color: Color,

    /// Read only this member of an archive; the same as FILE!NAME
    #[arg(long, global = true, value_name = "NAME")]
    pub member: Option<String>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
FILE may be - for standard input. gzip, zlib, bzip2, xz, lzma, zstd, lz4 and snappy are recognised and unpacked.
Exit codes: 0 all well, 1 bad input, 2 wrong usage.";

const EXAMPLES: &str = "\
FILE may be - for standard input. gzip, zlib, bzip2, xz, lzma, zstd, lz4 and
snappy are recognised by content, whatever the name, and unpacked while reading.
A file with several pickles is read to its end.

Examples:
  pickle show model.pkl                 what is in it, as a tree
  pickle show --depth 2 *.pkl           the outlines of many files
  pickle info download.pkl.gz           protocol, size, classes, what made it
  pickle json rows.pkl | jq '.[0]'      plain JSON
  pickle dis model.pkl | less           its opcodes, as python3 -m pickletools
  curl -s URL | pickle show -           straight from the network

Exit codes: 0 all well, 1 bad input, 2 wrong usage.";

impl Cli {
    /// Decides what depends on the terminal: whether there are colours.
    pub fn settle(mut self) -> Self {
        let color = self.color.is_on();
        if let Some(member) = self.member.clone() {
            for file in self.command.files() {
                file.as_mut_os_string().push(format!("!{member}"));
            }
        }
        match &mut self.command {
            Command::Show(args) => args.color = color,
            Command::Json(args) => args.color = color,
            Command::Dis(args) => args.color = color,
            Command::Info(args) => args.color = color,
            // Text to be hashed, and files, have no colours.
            Command::Graph(_) | Command::Convert(_) | Command::Optimize(_) | Command::FromJson(_) => {}
            Command::Items(_) | Command::Head(_) | Command::Tail(_) | Command::Count(_) | Command::Get(_) => {}
            Command::Extract(_) | Command::Du(_) | Command::Split(_) | Command::Cat(_) => {}
        }
        self
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If standard output is a terminal that can, and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// True if output should have colours.
    pub fn is_on(self) -> bool {
        // https://no-color.org: set to anything but the empty string.
        let unwanted = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && !unwanted() && !dumb(),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what is in a pickle, as a readable tree
    Show(ShowArgs),
    /// Tell protocol, sizes, opcodes, classes and what a file seems to be
    Info(InfoArgs),
    /// Tell which values take up the bytes of a file
    Du(crate::du::DuArgs),
    /// Disassemble: one line an opcode, the text of python3 -m pickletools
    Dis(DisArgs),
    /// Print pickles as JSON
    Json(JsonArgs),
    /// Print the exact object graph as canonical text, one line a pickle
    Graph(GraphArgs),

    /// Print one value as JSON
    Get(crate::get::GetArgs),
    /// Print the items of a pickle of any size, one line of JSON each, or as CSV or MessagePack
    Items(crate::items::ItemsArgs),
    /// Print the first items
    Head(crate::items::SomeArgs),
    /// Print the last items
    Tail(crate::items::SomeArgs),
    /// Count the items
    Count(crate::items::CountArgs),
    /// Take out bytes, arrays, or all tensors of a PyTorch file
    Extract(crate::extract::ExtractArgs),

    /// Write a pickle again: another protocol, another Python's bytes, Python 2 to 3
    Convert(crate::convert::ConvertArgs),
    /// Drop what no opcode uses, as pickletools.optimize
    Optimize(crate::optimize::OptimizeArgs),
    /// Cut a long pickle into several, or a file of many pickles into files
    Split(crate::split::SplitArgs),
    /// Write the pickles of several files one after another into one
    Cat(crate::split::CatArgs),
    /// Make a pickle of JSON, plain or as `pickle json --tagged` prints it
    FromJson(crate::from_json::FromJsonArgs),
}

impl Command {
    /// The files that are read.
    fn files(&mut self) -> &mut [PathBuf] {
        match self {
            Command::Show(args) => &mut args.files,
            Command::Info(args) => &mut args.files,
            Command::Json(args) => std::slice::from_mut(&mut args.file),
            Command::Graph(args) => std::slice::from_mut(&mut args.file),
            Command::Dis(args) => std::slice::from_mut(&mut args.file),
            Command::Items(args) => std::slice::from_mut(&mut args.of.file),
            Command::Head(args) | Command::Tail(args) => std::slice::from_mut(&mut args.of.file),
            Command::Count(args) => std::slice::from_mut(&mut args.of.file),
            Command::Get(args) => std::slice::from_mut(&mut args.file),
            Command::Extract(args) => std::slice::from_mut(&mut args.file),
            Command::Du(args) => std::slice::from_mut(&mut args.file),
            Command::Split(args) => std::slice::from_mut(&mut args.of.file),
            Command::Cat(args) => &mut args.files,
            Command::Convert(args) => std::slice::from_mut(&mut args.file),
            Command::Optimize(args) => std::slice::from_mut(&mut args.file),
            // This reads no pickle.
            Command::FromJson(_) => &mut [],
        }
    }
}

/// `pickle show`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pickle show model.pkl
  pickle show --depth 3 --max-items 5 model.pkl
  pickle show --color always model.pkl | less -R")]
pub struct ShowArgs {
    /// Files to show; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Levels to go down; what lies deeper is counted
    #[arg(short, long, value_name = "N")]
    pub depth: Option<usize>,

    /// Columns a line may have [default: the terminal's, or 100]
    #[arg(short, long, value_name = "N")]
    pub width: Option<usize>,

    /// Items to show of each list, dict and so on; the rest is counted
    #[arg(short = 'n', long, value_name = "N")]
    pub max_items: Option<usize>,

    /// Colours, as [`Cli::settle`] decided.
    #[arg(skip)]
    pub color: bool,
}

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
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// One pickle a line (JSON Lines), for files with many pickles
    #[arg(short, long, conflicts_with = "indent")]
    pub lines: bool,

    /// Lose nothing: tuples, sets, classes, large ints and sharing can be told apart
    #[arg(short, long)]
    pub tagged: bool,

    /// Blanks a level; 0 puts everything on one line [default: 2]
    #[arg(short, long, value_name = "N")]
    pub indent: Option<usize>,

    /// Colours, as [`Cli::settle`] decided.
    #[arg(skip)]
    pub color: bool,
}

/// `pickle graph`
#[derive(Debug, Args)]
#[command(after_help = "\
Two pickles of equal content give the same line, so lines can be compared and hashed.

Examples:
  pickle graph a.pkl | sha256sum
  diff <(pickle graph a.pkl) <(pickle graph b.pkl)")]
pub struct GraphArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// One memo lives through all pickles of the file, as one Pickler or Unpickler used again has it
    #[arg(long)]
    pub shared_memo: bool,
}

/// `pickle dis`
#[derive(Debug, Args)]
#[command(after_help = "\
The options are those of python3 -m pickletools.

Examples:
  pickle dis model.pkl
  pickle dis --annotate --all log.pkl | less")]
pub struct DisArgs {
    /// The file to disassemble; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

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

    /// Colours, as [`Cli::settle`] decided.
    #[arg(skip)]
    pub color: bool,
}

/// `pickle info`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pickle info *.pkl
  pickle info --json model.pkl | jq .globals")]
pub struct InfoArgs {
    /// Files to tell about; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Print JSON, one line a file
    #[arg(long)]
    pub json: bool,

    /// Colours, as [`Cli::settle`] decided.
    #[arg(skip)]
    pub color: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
