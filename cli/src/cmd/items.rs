//! `pickle items`, `head`, `tail`, `count`: one item after another, whatever the size of the file. docs/streaming.md has
//! the rule.

mod lines;

use super::common::Of;
use crate::Failure;
use crate::messages::note;
use crate::output::Output;
use crate::pickles::items::{Item, ItemSink, each, each_into};
use crate::print::formats::{self, Format, Sink};
use crate::print::json::Line;
use clap::Args;
use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `pickle items`
#[derive(Debug, Args)]
#[command(after_help = "\
The items of a dict, and the attributes of an object, are lists of key and value. A file with several pickles gives the items of all; where the first is no list, tuple or set, each pickle is an item.

Examples:
  pickle items rows.pkl | jq .temp
  pickle items --path '$.rows' run.pkl -o rows.jsonl
  pickle items --format csv rows.pkl.gz -o rows.csv
  zcat log.pkl.gz | pickle items -")]
pub struct ItemsArgs {
    /// The items.
    #[command(flatten)]
    pub of: Of,

    /// The kind of output: lines of JSON, a table, or MessagePack values back to back
    #[arg(short, long, value_name = "jsonl|csv|msgpack", default_value = "jsonl", hide_possible_values = true)]
    pub format: Format,

    /// Write to this file, which appears when it is complete
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// `pickle head`, `pickle tail`
#[derive(Debug, Args)]
#[command(after_help = "\
Where a file has several pickles and the first is no list, tuple or set, each pickle is an item.

Examples:
  pickle head rows.pkl
  pickle tail -n 2 log.pkl
  pickle head -n 1 --path '$.rows' run.pkl")]
pub struct SomeArgs {
    /// The items.
    #[command(flatten)]
    pub of: Of,

    /// How many items
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub lines: u64,
}

/// `pickle count`
#[derive(Debug, Args)]
#[command(after_help = "\
Where a file has several pickles and the first is no list, tuple or set, pickles are counted.

Examples:
  pickle count rows.pkl
  pickle count --path '$.rows' run.pkl")]
pub struct CountArgs {
    /// The items.
    #[command(flatten)]
    pub of: Of,
}

/// `pickle items`: every item.
///
/// # Errors
/// The input cannot be read or a pickle is damaged; the items before that are out, but for a file given with `-o`.
pub fn run(args: &ItemsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(path) = &args.output else { return write(&args.of, args.format, u64::MAX, out) };
    let mut output = Output::create(path)?;
    match write(&args.of, args.format, u64::MAX, &mut output) {
        Ok(()) => output.commit(),
        Err(Failure::Output(error)) => Err(output.failure(error)),
        // What was damaged was left out on purpose, and has been told.
        Err(Failure::Reported) => output.commit().and(Err(Failure::Reported)),
        // The items before the fault are good.
        Err(failure @ (Failure::Pickle { .. } | Failure::Input { .. } | Failure::Refused { .. }))
            if output.written() > 0 =>
        {
            let name = output.name().to_owned();
            output.commit()?;
            note(&name, "it has the items that come before the fault");
            Err(failure)
        }
        Err(failure) => Err(failure),
    }
}

/// `pickle head`: the first items.
///
/// # Errors
/// As [`run`].
pub fn head(args: &SomeArgs, out: &mut dyn Write) -> Result<(), Failure> {
    write(&args.of, Format::Jsonl, args.lines, out)
}

/// `pickle tail`: the last items.
///
/// # Errors
/// As [`run`].
pub fn tail(args: &SomeArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut last: VecDeque<Vec<u8>> = VecDeque::new();
    let mut line = Line::default();
    let most = usize::try_from(args.lines).unwrap_or(usize::MAX);
    let result = each(args.of.whose(), &mut |item| {
        let mut text = if last.len() >= most { last.pop_front().unwrap_or_default() } else { Vec::new() };
        text.clear();
        if most != 0 {
            formats::line(item, &mut line, &mut text)?;
            last.push_back(text);
        }
        Ok(true)
    });
    last.iter().try_for_each(|text| out.write_all(text))?;
    result
}

/// `pickle count`: how many items there are.
///
/// # Errors
/// As [`run`].
pub fn count(args: &CountArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut count = 0u64;
    let result = each(args.of.whose(), &mut |_| {
        count += 1;
        Ok(true)
    });
    if matches!(result, Ok(()) | Err(Failure::Reported)) {
        writeln!(out, "{count}")?;
    }
    result
}

fn write(of: &Of, format: Format, left: u64, out: &mut dyn Write) -> Result<(), Failure> {
    if left == 0 {
        return Ok(());
    }
    if format == Format::Jsonl && left == u64::MAX {
        return lines::write(of, out);
    }
    let mut some = FirstItems { sink: Sink::new(format, out), left, file: &of.file };
    let result = each_into(of.whose(), &mut some);
    // What came before a damage is written too.
    some.sink.finish().and(result)
}

/// The first items in a format.
struct FirstItems<'o> {
    sink: Sink<'o>,
    left: u64,
    file: &'o Path,
}

impl ItemSink for FirstItems<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        self.sink.put(item, self.file)?;
        self.left -= 1;
        Ok(self.left != 0)
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.sink.flush()
    }
}
