//! The command line.

use crate::Failure;
use crate::cmd::{
    Verb, cat, completions, convert, diff, dis, du, edit, extract, from_json, get, graph, grep, index, info, items,
    json, optimize, policy, repair, sample, scan, show, split, table,
};
use crate::input::{Arrays, InputOptions};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

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

    /// How files are read.
    #[command(flatten)]
    pub input: InputOptions,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
FILE may be - for standard input. gzip, zlib, bzip2, xz, lzma, zstd, lz4 and snappy are recognised and unpacked.
Exit codes: 0 all well, 1 bad input or a finding, 2 wrong usage; diff and grep: as diff and grep.";

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

Exit codes: 0 all well, 1 bad input or a finding, 2 wrong usage; diff and grep: as diff and grep.";

impl Cli {
    /// Passes the common options to the verb, and decides whether there are colours, which depends on the terminal.
    pub fn settle(mut self) -> Self {
        self.input.set_arrays(self.command.arrays());
        let options = Arc::new(self.input.clone());
        let verb = self.command.verb_mut();
        verb.set_color(self.color.is_on());
        for file in verb.files() {
            file.set_options(&options);
            if let Some(member) = &self.member {
                file.set_member(member);
            }
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

/// The verbs, each with its arguments, which say what it reads and run it ([`Verb`]).
macro_rules! verbs {
    ($($(#[$help:meta])* $name:ident($args:ty),)*) => {
        /// The verbs.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[$help])* $name($args),)*
        }

        impl Command {
            /// The verb.
            pub(crate) fn verb(&self) -> &dyn Verb {
                match self {
                    $(Command::$name(args) => args,)*
                }
            }

            fn verb_mut(&mut self) -> &mut dyn Verb {
                match self {
                    $(Command::$name(args) => args,)*
                }
            }
        }
    };
}

verbs! {
    /// Show what is in a pickle, as a readable tree
    Show(show::ShowArgs),
    /// Print protocol, sizes, opcodes, classes and what a file seems to be
    Info(info::InfoArgs),
    /// Show which values take up the bytes of a file
    Du(du::DuArgs),
    /// Report what loading a file would do: a verdict with reasons, nothing loaded
    Scan(scan::ScanArgs),
    /// Make, check and compile policy files for `pickle scan`
    Policy(policy::PolicyArgs),
    /// Disassemble: one line an opcode, the text of python3 -m pickletools
    Dis(dis::DisArgs),
    /// Print pickles as JSON
    Json(json::JsonArgs),
    /// Report what differs between two files, by path
    Diff(diff::DiffArgs),
    /// Find keys, text, numbers and class names
    Grep(grep::GrepArgs),
    /// Print the exact object graph as canonical text, one line a pickle
    Graph(graph::GraphArgs),

    /// Print rows and columns: of a DataFrame, an array, a list of rows; also as CSV, JSON Lines, Markdown, HTML
    Table(table::TableArgs),
    /// Print one value as JSON
    Get(get::GetArgs),
    /// Print the items of a pickle of any size, one line of JSON each, or as CSV or MessagePack
    Items(items::ItemsArgs),
    /// Print the first items
    Head(items::HeadArgs),
    /// Print the last items
    Tail(items::TailArgs),
    /// Count the items
    Count(items::CountArgs),
    /// Print some items, chosen at random
    Sample(sample::SampleArgs),
    /// Make a plan of a large file, by which any item is found without reading the others
    Index(index::IndexArgs),
    /// Take out bytes, arrays, or all tensors of a PyTorch file
    Extract(extract::ExtractArgs),

    /// Write a pickle again: another protocol, another Python's bytes, Python 2 to 3
    Convert(convert::ConvertArgs),
    /// Drop what no opcode uses, as pickletools.optimize
    Optimize(optimize::OptimizeArgs),
    /// Change values, take some out, give classes other names; all other bytes stay
    Edit(edit::EditArgs),
    /// Repair a damaged file as far as possible, and report what is lost
    Repair(repair::RepairArgs),
    /// Cut a long pickle into several, or a file of many pickles into files
    Split(split::SplitArgs),
    /// Write the pickles of several files one after another into one
    Cat(cat::CatArgs),
    /// Make a pickle of JSON, plain or as `pickle json --tagged` prints it
    FromJson(from_json::FromJsonArgs),

    /// Print the script that completes arguments in a shell
    Completions(completions::CompletionsArgs),
    /// Write man pages
    Man(completions::ManArgs),
}

impl Verb for completions::CompletionsArgs {
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        completions::run(self, Cli::command(), out)
    }
}

impl Verb for completions::ManArgs {
    fn run(&self, _: &mut dyn Write) -> Result<(), Failure> {
        completions::man(self, Cli::command())
    }
}

impl Command {
    /// What it makes of arrays: verbs that look at values take them, however they are kept; all others look at pickles.
    pub fn arrays(&self) -> Arrays {
        use Command as C;
        match self {
            C::Show(_) | C::Json(_) | C::Get(_) | C::Table(_) | C::Items(_) | C::Head(_) | C::Tail(_) | C::Count(_) => {
                Arrays::AsPickles
            }
            C::Sample(_) | C::Extract(_) | C::Diff(_) | C::Grep(_) | C::Graph(_) => Arrays::AsPickles,
            C::Info(_) | C::Du(_) => Arrays::AsFiles,
            _ => Arrays::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
