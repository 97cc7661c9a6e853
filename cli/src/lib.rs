//! The `pickle` command: look into Python pickles without Python, nothing executed.
//!
//! This is the shell's binding of `pickle-core`: arguments, files, compression, progress and messages. Everything
//! about the pickle format itself is in the core.

pub mod args;
pub mod cmd;
mod compare;
mod edit;
pub mod input;
pub mod messages;
pub mod output;
pub mod pickles;
pub mod print;
pub mod progress;
pub mod survey;

pub use messages::Failure;

use args::{Cli, Command};
use clap::CommandFactory;
use cmd::edit as edit_verb;
use cmd::{
    cat, completions, convert, diff, dis, du, extract, from_json, get, graph, grep, info, items, json, optimize,
    policy, repair, scan, show, split, table,
};
use messages::Tagged;
use std::io::Write;

/// Runs one command; its output goes to `out`, which is flushed.
///
/// # Errors
/// What the command says. What was written before a failure is flushed too.
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<(), Failure> {
    cli.told.apply();
    let mut tagged = Tagged(out);
    let out: &mut dyn Write = &mut tagged;
    let result = match &cli.command {
        Command::Show(args) => show::run(args, out),
        Command::Json(args) => json::run(args, out),
        Command::Graph(args) => graph::run(args, out),
        Command::Diff(args) => diff::run(args, out),
        Command::Grep(args) => grep::run(args, out),
        Command::Dis(args) => dis::run(args, out),
        Command::Info(args) => info::run(args, out),
        Command::Convert(args) => convert::run(args),
        Command::Extract(args) => extract::run(args),
        Command::Optimize(args) => optimize::run(args),
        Command::Edit(args) => edit_verb::run(args),
        Command::Repair(args) => repair::run(args),
        Command::FromJson(_) if cli.member.is_some() => {
            Err(Failure::Usage("--member names a pickle in an archive; from-json reads files of JSON".into()))
        }
        Command::FromJson(args) => from_json::run(args),
        Command::Items(args) => items::run(args, out),
        Command::Head(args) => items::head(args, out),
        Command::Tail(args) => items::tail(args, out),
        Command::Count(args) => items::count(args, out),
        Command::Get(args) => get::run(args, out),
        Command::Table(args) => table::run(args, out),
        Command::Du(args) => du::run(args, out),
        Command::Split(args) => split::run(args),
        Command::Cat(args) => cat::run(args),
        Command::Scan(args) => scan::run(args, out),
        Command::Policy(args) => policy::run(args, out),
        Command::Completions(args) => completions::run(args, Cli::command(), out),
        Command::Man(args) => completions::man(args, Cli::command()),
    };
    let result = result.and_then(|()| if input::damage::has_lost() { Err(Failure::Reported) } else { Ok(()) });
    // A closed pipe outweighs any other failure: nobody is there to read on.
    match out.flush().map_err(Failure::from) {
        Err(failure) if result.is_ok() || failure.is_closed_pipe() => Err(failure),
        _ => result,
    }
}
