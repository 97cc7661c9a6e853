//! `pickle items`, `head`, `tail`, `count`: one item after another, whatever the size of the file. docs/streaming.md has
//! the rule.

mod follow;
mod lines;
mod planned;

pub use planned::ByPlan;
#[cfg(feature = "arrow")]
pub(super) use planned::planned_for;
pub(super) use planned::{beside as planned_beside, threads_of};

use super::common::Of;
use crate::Failure;
use crate::messages::note;
use crate::output::Output;
use crate::pickles::items::{Item, ItemSink, each_into};
use crate::print::formats::{self, Columns, Format, Sink};
use crate::print::json::{Line, one_line};
use crate::print::rows::Rows;
use crate::print::table::values::Arena;
use clap::Args;
use pickle_core::Value;
use std::collections::VecDeque;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// `pickle items`
#[derive(Debug, Args)]
#[command(after_help = "\
The items of a dict, and the attributes of an object, are lists of key and value. A file with several pickles gives the items of all; where the first is not a list, tuple or set, each pickle is an item.

Examples:
  pickle items rows.pkl | jq .temp
  pickle items --path '$.rows' run.pkl -o rows.jsonl
  pickle items --format csv rows.pkl.gz -o rows.csv
  pickle items --from 10000000 --count 100 rows.pkl
  pickle items --jobs 8 rows.pkl -o rows.jsonl
  zcat log.pkl.gz | pickle items -")]
pub struct ItemsArgs {
    /// The items.
    #[command(flatten)]
    pub of: Of,

    /// The kind of output: lines of JSON, a table, or MessagePack values back to back
    #[arg(short, long, value_name = "jsonl|csv|msgpack", default_value = "jsonl", hide_possible_values = true)]
    pub format: Format,

    /// Begin at this item, counted from 0 over the whole file
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub from: u64,

    /// How many items [default: all]
    #[arg(long, value_name = "K")]
    pub count: Option<u64>,

    /// Plans and threads.
    #[command(flatten)]
    pub by_plan: ByPlan,

    /// Write to this file, which appears when it is complete
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// What `pickle head` and `pickle tail` have in common.
#[derive(Debug, Args)]
#[command(after_help = "\
Where a file has several pickles and the first is not a list, tuple or set, each pickle is an item.

Examples:
  pickle head rows.pkl
  pickle head -n 1 --path '$.rows' run.pkl")]
pub struct SomeArgs {
    /// The items.
    #[command(flatten)]
    pub of: Of,

    /// How many items
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub lines: u64,

    /// The plan of `pickle index` to use [default: FILE.pkx, where there is one]
    #[arg(long, value_name = "PLAN", conflicts_with = "resync")]
    pub index: Option<PathBuf>,
}

/// `pickle head`
#[derive(Debug, Args)]
pub struct HeadArgs {
    /// Which, and how many.
    #[command(flatten)]
    pub some: SomeArgs,
}

/// `pickle tail`
#[derive(Debug, Args)]
#[command(after_help = "\
Where a file has several pickles and the first is not a list, tuple or set, each pickle is an item.

With --follow, each pickle that is appended is printed when it is complete; where the first is a list, tuple or set, its items are. An incomplete pickle is waited for. A file that is replaced, truncated or rewritten is read from its start, with a note on standard error. Ctrl-C ends it with exit code 0.

Examples:
  pickle tail -n 2 log.pkl
  pickle tail --path '$.rows' run.pkl
  pickle tail -f log.pkl | jq .loss")]
pub struct TailArgs {
    /// Which, and how many.
    #[command(flatten)]
    pub some: SomeArgs,

    /// Go on with the pickles that are appended to the file, until Ctrl-C
    #[arg(short, long, conflicts_with_all = ["path", "index"])]
    pub follow: bool,
}

/// `pickle count`
#[derive(Debug, Args)]
#[command(after_help = "\
Where a file has several pickles and the first is not a list, tuple or set, pickles are counted.

Examples:
  pickle count rows.pkl
  pickle count --path '$.rows' run.pkl")]
pub struct CountArgs {
    /// The items.
    #[command(flatten)]
    pub of: Of,

    /// Plans and threads.
    #[command(flatten)]
    pub by_plan: ByPlan,
}

verb!(ItemsArgs => run, file: of.file);

verb!(HeadArgs => head, file: some.of.file);

verb!(TailArgs => tail, file: some.of.file);

verb!(CountArgs => count, file: of.file);

/// `pickle items`: every item.
///
/// # Errors
/// The input cannot be read or a pickle is damaged; the items before that are out, but for a file given with `-o`.
fn run(args: &ItemsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(path) = &args.output else { return write_some(args, out) };
    let mut output = Output::create(path)?;
    match write_some(args, &mut output) {
        Ok(()) => output.commit(),
        Err(Failure::Output(error)) => Err(output.failure(error)),
        // What was damaged was left out on purpose, and has been reported.
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

fn write_some(args: &ItemsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let items = args.from..args.from.saturating_add(args.count.unwrap_or(u64::MAX));
    match args.by_plan.find(&args.of)? {
        Some(planned) => planned::write(&planned, args.by_plan.jobs(), args.format, items, &args.of.file, out),
        None => write(&args.of, args.format, items, out),
    }
}

/// `pickle head`: the first items.
///
/// # Errors
/// As [`run`].
fn head(args: &HeadArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let args = &args.some;
    match planned::beside(args.of.whose(), args.index.as_deref())? {
        Some(planned) => planned::write(&planned, 1, Format::Jsonl, 0..args.lines, &args.of.file, out),
        None => write(&args.of, Format::Jsonl, 0..args.lines, out),
    }
}

/// `pickle tail`: the last items.
///
/// # Errors
/// As [`run`].
fn tail(args: &TailArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if args.follow {
        return follow::run(args, out);
    }
    let args = &args.some;
    if let Some(planned) = planned::beside(args.of.whose(), args.index.as_deref())? {
        let items = planned.items().saturating_sub(args.lines)..u64::MAX;
        return planned::write(&planned, 1, Format::Jsonl, items, &args.of.file, out);
    }
    let most = usize::try_from(args.lines).unwrap_or(usize::MAX);
    let mut tail = LastItems { file: &args.of.file, last: VecDeque::new(), most, line: Line::default() };
    let result = each_into(args.of.whose(), &mut tail);
    tail.last.iter().try_for_each(|text| out.write_all(text))?;
    result
}

/// `pickle count`: how many items there are.
///
/// # Errors
/// As [`run`].
fn count(args: &CountArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(planned) = args.by_plan.find(&args.of)? {
        let count = planned::count(&planned, args.by_plan.jobs)?;
        return Ok(writeln!(out, "{count}")?);
    }
    let mut counter = Counter { file: &args.of.file, count: 0 };
    let result = each_into(args.of.whose(), &mut counter);
    if matches!(result, Ok(()) | Err(Failure::Reported)) {
        writeln!(out, "{}", counter.count)?;
    }
    result
}

fn write(of: &Of, format: Format, items: Range<u64>, out: &mut dyn Write) -> Result<(), Failure> {
    let (skip, left) = (items.start, items.end - items.start);
    if left == 0 {
        return Ok(());
    }
    if format == Format::Jsonl && skip == 0 && left == u64::MAX {
        return lines::write(of, out);
    }
    // The header has the keys of all rows: a file is looked through beforehand.
    let columns = match format {
        Format::Csv if of.whose().can_be_read_again() => {
            let mut columns = LookedThrough { columns: Columns::default(), skip, left };
            match each_into(of.whose(), &mut columns) {
                Ok(()) | Err(Failure::Reported | Failure::Pickle { .. } | Failure::Refused { .. }) => {}
                Err(failure) => return Err(failure),
            }
            Some(columns.columns)
        }
        _ => None,
    };
    let mut some = SomeItems { sink: Sink::new(format, columns, out), skip, left, file: &of.file };
    let result = each_into(of.whose(), &mut some);
    // What came before a damage is written too.
    some.sink.finish().and(result)
}

/// Some items in a format.
struct SomeItems<'o> {
    sink: Sink<'o>,
    /// Items to pass over.
    skip: u64,
    left: u64,
    file: &'o Path,
}

impl ItemSink for SomeItems<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        if self.skip != 0 {
            self.skip -= 1;
            return Ok(true);
        }
        self.sink.put(item, self.file)?;
        self.left -= 1;
        Ok(self.left != 0)
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.sink.flush()
    }

    fn shaped(&mut self, value: Value<'_>) -> Option<Result<bool, Failure>> {
        let format = self.sink.format();
        let rows = with_rows(self.file, value, |rows| {
            let from = rows.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            let some = (rows.len() - from).min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.sink.with_out(|out| rows.write(from..from + some, format, out))?;
            self.skip -= from as u64;
            self.left -= some as u64;
            Ok(self.left != 0)
        });
        Some(rows)
    }
}

/// Does something with the rows of an array or table of `file`.
pub(super) fn with_rows<T>(
    file: &Path,
    value: Value<'_>,
    each: impl FnOnce(&Rows<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let refuse = |text: String| Failure::Refused { name: file.display().to_string(), text };
    let arena = Arena::new(one_line);
    match Rows::of(value, &arena) {
        Ok(Some(rows)) => each(&rows),
        Ok(None) => Err(refuse("it has no rows".into())),
        Err(why) => Err(refuse(format!("its rows cannot be read: {why}"))),
    }
}

/// Finds the columns of items.
struct LookedThrough {
    columns: Columns,
    skip: u64,
    left: u64,
}

impl ItemSink for LookedThrough {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        if self.skip != 0 {
            self.skip -= 1;
            return Ok(true);
        }
        self.left -= 1;
        Ok(self.columns.look(item) && self.left != 0)
    }

    fn shaped(&mut self, _value: Value<'_>) -> Option<Result<bool, Failure>> {
        Some(Ok(false))
    }
}

/// The last items as lines.
struct LastItems<'f> {
    file: &'f Path,
    last: VecDeque<Vec<u8>>,
    most: usize,
    line: Line,
}

impl LastItems<'_> {
    /// A line to be filled, of those that are wanted.
    fn next(&mut self) -> Vec<u8> {
        let mut text =
            if self.last.len() >= self.most { self.last.pop_front().unwrap_or_default() } else { Vec::new() };
        text.clear();
        text
    }
}

impl ItemSink for LastItems<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        let mut text = self.next();
        if self.most != 0 {
            formats::line(item, &mut self.line, &mut text)?;
            self.last.push_back(text);
        }
        Ok(true)
    }

    fn shaped(&mut self, value: Value<'_>) -> Option<Result<bool, Failure>> {
        let rows = with_rows(self.file, value, |rows| {
            for row in rows.len().saturating_sub(self.most)..rows.len() {
                let mut text = self.next();
                rows.write(row..row + 1, Format::Jsonl, &mut text)?;
                self.last.push_back(text);
            }
            Ok(true)
        });
        Some(rows)
    }
}

/// Counts items.
struct Counter<'f> {
    file: &'f Path,
    count: u64,
}

impl ItemSink for Counter<'_> {
    fn shows(&self) -> bool {
        false
    }

    fn item(&mut self, _item: &Item<'_>) -> Result<bool, Failure> {
        self.count += 1;
        Ok(true)
    }

    fn shaped(&mut self, value: Value<'_>) -> Option<Result<bool, Failure>> {
        let rows = with_rows(self.file, value, |rows| {
            self.count += rows.len() as u64;
            Ok(true)
        });
        Some(rows)
    }
}
