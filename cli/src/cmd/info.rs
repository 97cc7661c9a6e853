//! `pickle info`

use crate::Failure;
use crate::input::{self, InputFile};
use crate::print::info::{Report, json, text};
use crate::survey::guess;
use crate::survey::info::{Info, Tail, info};
use clap::Args;
use embedded_io::Read;
use pickle_core::ReadError;
use std::io::Write;

/// Pickles of a file that are told about one by one; the others only count.
const LISTED: usize = 100;

/// `pickle info`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pickle info *.pkl
  pickle info --json model.pkl | jq .globals")]
pub struct InfoArgs {
    /// Files to tell about; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<InputFile>,

    /// Print JSON, one line a file
    #[arg(long)]
    pub json: bool,

    /// Colours, as `Cli::settle` decided.
    #[arg(skip)]
    pub color: bool,
}

verb!(InfoArgs => run, files: files, color: color);

/// Runs the command.
///
/// # Errors
/// A file cannot be read, or is damaged; what could be told is out by then.
fn run(args: &InfoArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut first = true;
    input::for_each(&args.files, out, |mut input, out| {
        let (mut pickles, mut all, mut tail) = gather(&mut input, false);
        let mut shared_memo = false;
        if let (Some(slice), true) = (input.as_slice(), tail.wants_earlier_memo()) {
            let (again, together, end) = gather(slice, true);
            // A memo that two pickles do not share does not help.
            if !end.wants_earlier_memo() {
                (pickles, all) = (again, together);
                let error = end.error.map(|error| match error {
                    ReadError::Pickle(error) => ReadError::Pickle(error),
                    ReadError::Io(never) => match never {},
                });
                tail = Tail { count: end.count, total: end.total, trailing: end.trailing, error };
                shared_memo = true;
            }
        }
        let failure = match tail.error {
            Some(ReadError::Io(error)) => Some(Failure::from(error)),
            Some(ReadError::Pickle(error)) => Some(input.bad_pickle(tail.count.saturating_sub(1), error)),
            None if all.fault.is_some() => all.fault.map(|error| {
                let index = pickles.iter().position(|info| info.fault.is_some()).unwrap_or(0);
                input.bad_pickle(index as u64, error)
            }),
            // A zip file begins as a PERSID does, and with luck reads as a pickle to the end.
            None if all.persids > 0 && tail.trailing > 0 => input.sniff().map(|container| Failure::Container {
                name: input.name().into(),
                layers: input.layer_names(),
                container: container.to_string(),
            }),
            None => None,
        };
        // Of something that is no pickle at all there is nothing to tell but that.
        let nothing = all.opcode_count == 0 || matches!(failure, Some(Failure::Container { .. }));
        let report = Report {
            name: input.name(),
            size: input.size(),
            layers: input.layers(),
            unpacked: tail.total,
            guess: guess::guess(&pickles, &all).filter(|_| !nothing),
            pickles,
            all,
            count: tail.count,
            trailing: tail.trailing,
            shared_memo,
            error: failure.as_ref().map(Failure::to_string),
        };
        if args.json {
            json::write(&report, out)?;
        } else if !nothing {
            if !first {
                writeln!(out)?;
            }
            first = false;
            text::write(&report, args.color, out)?;
        }
        failure.map_or(Ok(()), Err)
    })
}

/// The first pickles one by one, all together, and what follows them.
type Gathered<E> = (Vec<Info>, Info, Tail<E>);

fn gather<R: Read>(reader: R, shared_memo: bool) -> Gathered<R::Error> {
    let mut pickles = Vec::new();
    let mut all: Option<Info> = None;
    let tail = info(reader, shared_memo, |info| {
        match &mut all {
            Some(all) => all.add(&info),
            None => all = Some(info.clone()),
        }
        if pickles.len() < LISTED {
            pickles.push(info);
        }
    });
    (pickles, all.unwrap_or_default(), tail)
}
