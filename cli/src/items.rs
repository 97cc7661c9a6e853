//! `pickle items`, `head`, `tail`, `count`: one item after another, whatever the size of the file. docs/streaming.md has
//! the rule.

mod formats;
mod lines;
mod plan;
mod resync;

use crate::Failure;
use crate::containers;
use crate::input::Input;
use crate::json::Line;
use crate::output::Output;
use crate::pickles::{is_cut_pickle, warn_of_rest};
use clap::{Args, ValueEnum};
use formats::Sink;
use pickle_core::{Batch, Error, ErrorKind, Found, Heap, Item, ItemOptions, ItemReader, MemoPlan, Options};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::path::PathBuf;

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;
/// Bytes that any region of memory may take: a batch of 1000 items must fit.
const MEMORY: usize = 8 << 30;

/// Whose items, of which file.
#[derive(Debug, Args)]
pub struct Of {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Whose items, such as $.rows [default: the outermost container's]
    #[arg(short, long, default_value = "$", hide_default_value = true)]
    pub path: String,

    /// After a damaged pickle go on at the next that begins with PROTO, tell what was left out, and exit with 1
    #[arg(long)]
    pub resync: bool,
}

/// `pickle items`
#[derive(Debug, Args)]
#[command(after_help = "\
The items of a dict, and the attributes of an object, are lists of key and value. A file with several pickles gives
the items of all.

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

/// How items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line of JSON each.
    Jsonl,
    /// A line of a table each; the keys of the first item are the columns.
    Csv,
    /// A MessagePack value each.
    Msgpack,
}

/// `pickle head`, `pickle tail`
#[derive(Debug, Args)]
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
    let result = each(&args.of, &mut |item| {
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
    let result = each(&args.of, &mut |_| {
        count += 1;
        Ok(true)
    });
    if matches!(result, Ok(()) | Err(Failure::Reported)) {
        writeln!(out, "{count}")?;
    }
    result
}

fn write(of: &Of, format: Format, mut left: u64, out: &mut dyn Write) -> Result<(), Failure> {
    if left == 0 {
        return Ok(());
    }
    if format == Format::Jsonl && left == u64::MAX {
        return lines::write(of, out);
    }
    let mut sink = Sink::new(format, out);
    let result = each(of, &mut |item| {
        sink.put(item, &of.file)?;
        left -= 1;
        Ok(left != 0)
    });
    // What came before a damage is written too.
    sink.finish().and(result)
}

/// Who takes items.
trait Take {
    /// Takes an item; false for enough.
    ///
    /// # Errors
    /// It cannot be written.
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure>;

    /// Where items are copied to that are ready together, for who takes them so.
    fn room(&mut self) -> Option<&mut Batch> {
        None
    }

    /// Takes what has been copied there, from item number `from` on.
    ///
    /// # Errors
    /// They cannot be written.
    fn batch(&mut self, _from: u64) -> Result<(), Failure> {
        Ok(())
    }
}

/// Takes an item; false for enough.
type Each<'t> = dyn FnMut(&Item<'_>) -> Result<bool, Failure> + 't;

impl Take for &mut Each<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        self(item)
    }
}

/// Every item of every pickle of a file.
///
/// # Errors
/// As [`run`], and what `take` says. [`Failure::Reported`] where damaged pickles were left out as was asked for.
pub(crate) fn each(of: &Of, mut take: &mut Each<'_>) -> Result<(), Failure> {
    give(of, &mut take)
}

/// The same for who can take many together.
fn give(of: &Of, take: &mut dyn Take) -> Result<(), Failure> {
    Failure::check_path(&of.path, "$.rows[3].points")?;
    let input = containers::open_one(&of.file)?;
    let mut items = Items::new(if of.resync { input.into_seekable()? } else { input }, &of.path);
    let mut whole = Ok(());
    loop {
        let start = items.offset;
        match items.pickle(take) {
            Ok(true) => {}
            Ok(false) => return whole,
            Err(Stop::Failure(failure)) => return Err(failure),
            Err(Stop::Damage(failure)) if of.resync => {
                failure.report();
                whole = Err(Failure::Reported);
                let Some(next) = items.resync(start + 1)? else {
                    resync::tell(&items.input, start, None);
                    return whole;
                };
                resync::tell(&items.input, start, Some(next));
            }
            Err(Stop::Damage(failure)) => return Err(failure),
        }
    }
}

/// Why a pickle was not read to its end.
enum Stop {
    /// It is damaged.
    Damage(Failure),
    /// Anything else.
    Failure(Failure),
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Stop::Failure(failure.into())
    }
}

/// A file on its way.
struct Items<'p> {
    input: Input,
    path: &'p str,
    piece: Vec<u8>,
    unread: std::ops::Range<usize>,
    heap: Heap,
    /// Where the next pickle begins.
    offset: u64,
    /// Its number, counted from 0.
    index: u64,
}

/// How the reading of a pickle ended.
enum End {
    /// With its last item.
    Done(u64),
    /// `take` had enough.
    Enough,
    /// With an error: of an opcode whose memo entry, where it is about one, is told; after so many opcodes.
    Error(Error, Option<u64>, u64),
}

impl<'p> Items<'p> {
    fn new(input: Input, path: &'p str) -> Self {
        let heap = Heap::with_limit(MEMORY);
        Items { input, path, piece: vec![0; PIECE], unread: 0..0, heap, offset: 0, index: 0 }
    }

    /// Reads a piece; false at the end.
    fn fill(&mut self) -> Result<bool, Failure> {
        self.unread = 0..self.input.read(&mut self.piece)?;
        Ok(!self.unread.is_empty())
    }

    /// The items of one pickle; false after the last, or where `take` had enough.
    fn pickle(&mut self, take: &mut dyn Take) -> Result<bool, Stop> {
        if self.unread.is_empty() && !self.fill()? {
            return match self.index {
                0 => Err(Stop::Damage(self.input.bad_pickle(0, Error::new(ErrorKind::Empty, 0, 0)))),
                _ => Ok(false),
            };
        }
        let first_byte = self.piece.get(self.unread.start).copied().unwrap_or(0);
        let mut taken = 0;
        let mut end = self.read(None, &mut taken, take)?;
        let dropped = matches!(end, End::Error(error, ..) if error.kind() == ErrorKind::MemoDropped);
        // Few pickles fetch what is long gone. For those a pass over the opcodes finds what must be kept, and the items
        // that were taken already are passed over.
        let mut storage = Vec::new();
        let plan = if dropped { plan::plan(&mut self.input, self.offset, &mut storage)? } else { None };
        if let Some(plan) = &plan {
            self.input.go_to(self.offset);
            self.unread = 0..0;
            end = self.read(Some(plan), &mut taken, take)?;
        }
        match end {
            End::Done(offset) => self.offset = offset,
            End::Enough => return Ok(false),
            End::Error(error, _, opcodes) if self.index > 0 && !is_cut_pickle(first_byte, error, opcodes) => {
                warn_of_rest(&self.input, self.index, self.offset, error);
                return Ok(false);
            }
            End::Error(error, entry, _) => {
                return Err(Stop::Damage(failure(&self.input, self.index, error, entry, plan.is_some())));
            }
        }
        self.index += 1;
        Ok(true)
    }

    /// Gives the items from number `taken` on to `take`.
    fn read(&mut self, plan: Option<&MemoPlan<'_>>, taken: &mut u64, take: &mut dyn Take) -> Result<End, Failure> {
        let heap = std::mem::replace(&mut self.heap, Heap::with_limit(MEMORY));
        let options = Options { stop_after_build: true, ..Options::new() };
        let options = ItemOptions { reader: options, ..ItemOptions::new() };
        let mut reader = ItemReader::new(heap, options).at_path(self.path);
        if let Some(plan) = plan {
            reader = reader.with_plan(plan);
        }
        reader.begin_at(self.offset);
        let end = loop {
            let mut rest = self.piece.get(self.unread.clone()).unwrap_or_default();
            let mut room = take.room();
            let found = match &mut room {
                Some(room) => reader.feed_batch(&mut rest, room),
                None => reader.feed(&mut rest),
            };
            let ready = room.map_or(0, |room| room.len() as u64);
            self.unread.start = self.unread.end - rest.len();
            let error = match found {
                Ok(Found::Item) if ready != 0 => {
                    take.batch(*taken)?;
                    *taken = (*taken).max(reader.count());
                    continue;
                }
                Ok(Found::Item) => match reader.item() {
                    Some(item) if item.index() >= *taken => {
                        *taken += 1;
                        if take.item(&item)? {
                            continue;
                        }
                        return Ok(End::Enough);
                    }
                    _ => continue,
                },
                Ok(Found::Done) => break End::Done(reader.offset()),
                Ok(Found::NeedMore) => {
                    if self.fill()? {
                        continue;
                    }
                    match reader.finish() {
                        Ok(()) => break End::Done(reader.offset()),
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            break End::Error(error, reader.entry(), reader.opcodes());
        };
        self.heap = reader.into_memory();
        Ok(end)
    }

    /// Goes to the next place where a pickle seems to begin.
    fn resync(&mut self, from: u64) -> Result<Option<u64>, Failure> {
        let Some(part) = self.input.part().cloned() else { return Ok(None) };
        let Some(next) = resync::next_pickle(&part, from, self.input.name())? else { return Ok(None) };
        self.input.go_to(next);
        self.unread = 0..0;
        self.offset = next;
        self.index += 1;
        Ok(Some(next))
    }
}

/// What is wrong, with the memo entry that it is about.
fn failure(input: &Input, index: u64, error: Error, entry: Option<u64>, planned: bool) -> Failure {
    let Some(entry) = entry else { return input.bad_pickle(index, error) };
    let hint = match error.kind() {
        ErrorKind::MemoDropped if !planned => {
            "; from an uncompressed file instead of a stream, it is known what to keep"
        }
        _ => "; `pickle json` reads it as a whole",
    };
    Failure::Refused { name: input.name().to_owned(), text: format!("{error} (memo entry {entry}{hint})") }
}
