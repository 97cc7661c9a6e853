//! `pickle info`

use crate::Failure;
use crate::input::{self, Container, Input, InputFile, containers};
use crate::pickles::Pickles;
use crate::print::info::{ArrayFacts, Facts, Report, json, text};
use crate::survey::guess::{self, Guess};
use crate::survey::info::{Info, Skip, Tail, info};
use clap::Args;
use pickle_core::{Options, ReadError};
use std::io::Write;

/// Pickles of a file that are described one by one; the others only count.
const LISTED: usize = 100;

/// `pickle info`
#[derive(Debug, Args)]
#[command(after_help = "\
For an array, .npy files included, it prints shape and type; for a pandas frame rows, columns, types and memory. In a file that is not compressed, large payloads are skipped without being read.

Examples:
  pickle info *.pkl
  pickle info --json model.pkl | jq .globals")]
pub struct InfoArgs {
    /// Files to describe; - is standard input
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
/// A file cannot be read, or is damaged; what could be read is printed by then.
fn run(args: &InfoArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut first = true;
    input::for_each(&args.files, out, |mut input, out| {
        if input.sniff() == Some(Container::Npy) {
            let told = array(&input)?;
            return print(&told, None, args, &mut first, out);
        }
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
                tail = Tail { count: end.count, total: end.total, trailing: end.trailing, error, lacks_memo: false };
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
        // Of something that is not a pickle at all, only that is reported.
        let nothing = all.opcode_count == 0 || matches!(failure, Some(Failure::Container { .. }));
        let facts = pickles.first().filter(|info| is_science(info)).and_then(|_| facts(&input));
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
            facts,
            error: failure.as_ref().map(Failure::to_string),
        };
        if nothing && !args.json {
            return failure.map_or(Ok(()), Err);
        }
        print(&report, failure, args, &mut first, out)
    })
}

/// Prints a report, then fails as it says.
fn print(
    report: &Report<'_>,
    failure: Option<Failure>,
    args: &InfoArgs,
    first: &mut bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if args.json {
        json::write(report, out)?;
    } else {
        if !std::mem::take(first) {
            writeln!(out)?;
        }
        text::write(report, args.color, out)?;
    }
    failure.map_or(Ok(()), Err)
}

/// The first value may be an array or a table.
fn is_science(info: &Info) -> bool {
    let packages = ["numpy", "pandas", "geopandas", "joblib"];
    let package = info.root_global.as_ref().and_then(|global| global.module.split('.').next());
    info.complete && package.is_some_and(|package| packages.contains(&package))
}

/// What the array or table is that the first value is. The file is mapped for that, and its payloads stay where they are.
fn facts(input: &Input) -> Option<Facts> {
    let again = Input::from_part(input.name(), input.part()?.clone()).ok()?;
    let mut pickles = Pickles::new(again, Options::new(), false);
    Facts::of(pickles.next_document().ok()??.root())
}

/// What the header of a `.npy` file says.
///
/// # Errors
/// It is damaged, not known, or the file ends before the array.
fn array(input: &Input) -> Result<Report<'_>, Failure> {
    let part = input.part().ok_or_else(|| input.refuse("the file is empty"))?;
    let fail = |source| Failure::Input { name: input.name().to_owned(), source };
    let header = containers::read_npy_header(&mut part.reader()).map_err(fail)?;
    let unknown = || {
        let text = crate::messages::printable(header.text.trim_end());
        input.refuse(format!("its .npy header is not known: {text}"))
    };
    let described = containers::describe_npy(&header).ok_or_else(unknown)?;
    let here = part.len().saturating_sub(header.len);
    let trailing = here.checked_sub(described.len).ok_or_else(|| {
        let len = described.len;
        input.refuse(format!("the .npy file is cut off: its header says {len} bytes of items, and {here} are there"))
    })?;
    let array = ArrayFacts {
        dtype: described.dtype,
        shape: described.shape,
        fortran: described.fortran,
        bytes: Some(described.len),
    };
    Ok(Report {
        name: input.name(),
        size: input.size(),
        layers: input.layers(),
        unpacked: part.len(),
        pickles: Vec::new(),
        all: Info::default(),
        count: 0,
        trailing,
        shared_memo: false,
        guess: Some(Guess {
            kind: "numpy",
            what: "an array of NumPy, without a pickle (.npy)".into(),
            evidence: format!("its header is {}", header.text.trim_end()),
            writer: None,
        }),
        facts: Some(Facts::Array(array)),
        error: None,
    })
}

/// The first pickles one by one, all together, and what follows them.
type Gathered<E> = (Vec<Info>, Info, Tail<E>);

fn gather<R: Skip>(reader: R, shared_memo: bool) -> Gathered<R::Error> {
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
