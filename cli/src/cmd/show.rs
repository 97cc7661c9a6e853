//! `pickle show`

use super::common::print_values;
use crate::Failure;
use crate::input::{self, InputFile};
use crate::print::tree::{Options, Palette, show};
use clap::Args;
use std::io::Write;

/// `pickle show`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pickle show model.pkl
  pickle show --depth 3 --max-items 5 model.pkl
  pickle show --color always model.pkl | less -R")]
pub struct ShowArgs {
    /// Files to show; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<InputFile>,

    /// Levels to go down; what lies deeper is counted
    #[arg(short, long, value_name = "N")]
    pub depth: Option<usize>,

    /// Columns a line may have [default: the terminal's, or 100]
    #[arg(short, long, value_name = "N")]
    pub width: Option<usize>,

    /// Items to show of each list, dict and so on; the rest is counted
    #[arg(short = 'n', long, value_name = "N")]
    pub max_items: Option<usize>,

    /// Colours, as `Cli::settle` decided.
    #[arg(skip)]
    pub color: bool,
}

verb!(ShowArgs => run, files: files, color: color);

/// `pickle show`: prints the pickles of every file as trees.
///
/// # Errors
/// An input cannot be read or a pickle is damaged; what came before is out.
fn run(args: &ShowArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let default = Options::default();
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let options = Options {
        width: args.width.or_else(terminal).unwrap_or(default.width),
        depth: args.depth.unwrap_or(default.depth),
        max_items: args.max_items.unwrap_or(default.max_items),
        palette: if args.color { Palette::colored() } else { Palette::plain() },
        ..default
    };
    let several = args.files.len() > 1;
    let mut first = true;
    input::for_each(&args.files, out, |input, out| {
        let path = args.files.first().filter(|_| !several);
        let is_member = path.is_some_and(|path| path.display().to_string() != input.name() && path.as_os_str() != "-");
        if several || is_member {
            writeln!(out, "{}==> {} <==", if first { "" } else { "\n" }, input.name())?;
        }
        first = false;
        print_values(input, pickle_core::Options::new(), out, &mut |document, out| Ok(show(document, &options, out)?))
    })
}
