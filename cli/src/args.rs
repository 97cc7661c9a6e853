//! The command line.

use crate::cmd::{
    cat, completions, convert, diff, dis, du, edit, extract, from_json, get, graph, grep, info, items, json, optimize,
    policy, repair, scan, show, split, table,
};
use crate::input::Told;
use clap::{Parser, Subcommand, ValueEnum};
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

    /// What is said of the files.
    #[command(flatten)]
    pub told: Told,

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
            Command::Extract(_)
            | Command::Du(_)
            | Command::Split(_)
            | Command::Cat(_)
            | Command::Scan(_)
            | Command::Repair(_)
            | Command::Edit(_)
            | Command::Diff(_)
            | Command::Grep(_)
            | Command::Policy(_)
            | Command::Table(_) => {}
            Command::Completions(_) | Command::Man(_) => {}
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
    Show(show::ShowArgs),
    /// Tell protocol, sizes, opcodes, classes and what a file seems to be
    Info(info::InfoArgs),
    /// Tell which values take up the bytes of a file
    Du(du::DuArgs),
    /// Tell what loading a file would do: a verdict with reasons, nothing loaded
    Scan(scan::ScanArgs),
    /// Make, check and compile policy files for `pickle scan`
    Policy(policy::PolicyArgs),
    /// Disassemble: one line an opcode, the text of python3 -m pickletools
    Dis(dis::DisArgs),
    /// Print pickles as JSON
    Json(json::JsonArgs),
    /// Tell what differs between two files, by path
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
    Head(items::SomeArgs),
    /// Print the last items
    Tail(items::SomeArgs),
    /// Count the items
    Count(items::CountArgs),
    /// Take out bytes, arrays, or all tensors of a PyTorch file
    Extract(extract::ExtractArgs),

    /// Write a pickle again: another protocol, another Python's bytes, Python 2 to 3
    Convert(convert::ConvertArgs),
    /// Drop what no opcode uses, as pickletools.optimize
    Optimize(optimize::OptimizeArgs),
    /// Change values, take some out, give classes other names; all other bytes stay
    Edit(edit::EditArgs),
    /// Make a damaged file whole as far as that is possible, and tell what is lost
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

impl Command {
    /// The files that are read.
    fn files(&mut self) -> &mut [PathBuf] {
        match self {
            Command::Show(args) => &mut args.files,
            Command::Info(args) => &mut args.files,
            Command::Diff(args) => &mut args.files,
            Command::Grep(args) => &mut args.files,
            Command::Json(args) => std::slice::from_mut(&mut args.file),
            Command::Graph(args) => std::slice::from_mut(&mut args.file),
            Command::Dis(args) => std::slice::from_mut(&mut args.file),
            Command::Items(args) => std::slice::from_mut(&mut args.of.file),
            Command::Head(args) | Command::Tail(args) => std::slice::from_mut(&mut args.of.file),
            Command::Count(args) => std::slice::from_mut(&mut args.of.file),
            Command::Table(args) => std::slice::from_mut(&mut args.file),
            Command::Get(args) => std::slice::from_mut(&mut args.file),
            Command::Extract(args) => std::slice::from_mut(&mut args.file),
            Command::Du(args) => std::slice::from_mut(&mut args.file),
            Command::Split(args) => std::slice::from_mut(&mut args.of.file),
            Command::Cat(args) => &mut args.files,
            Command::Scan(args) => &mut args.files,
            Command::Policy(policy::PolicyArgs { verb: policy::Verb::Learn { files } }) => files,
            Command::Convert(args) => std::slice::from_mut(&mut args.file),
            Command::Repair(args) => std::slice::from_mut(&mut args.file),
            Command::Edit(args) => std::slice::from_mut(&mut args.file),
            Command::Optimize(args) => std::slice::from_mut(&mut args.file),
            // This reads no pickle.
            Command::Policy(_) | Command::FromJson(_) | Command::Completions(_) | Command::Man(_) => &mut [],
        }
    }
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
