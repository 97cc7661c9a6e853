//! Tables as Parquet and Arrow files. Rows of a list are never in memory all at once: they are copied out of the reader on
//! this thread, and put into columns and compressed on another. By a plan, several threads read and fill columns.

mod planned;

use super::{TableArgs, pickled};
use crate::Failure;
use crate::cmd::items::planned_for;
use crate::input::{Pages, containers};
use crate::messages::note;
use crate::output::Output;
use crate::pickles::items::{Item, ItemSink, Whose, each_into};
use crate::pickles::{Pickles, dropped};
use crate::print::json::one_line;
use pickle_arrow::arrow_array::{RecordBatch, RecordBatchReader};
use pickle_arrow::arrow_schema::{ArrowError, SchemaRef};
use pickle_arrow::{Arena, FileFormat, FileWriter, Misfit, RowBuilder, RowSchema, TableOptions, TableReader};
use pickle_core::known::Array;
use pickle_core::table::Table;
use pickle_core::view::View;
use pickle_core::{Batch, Heap, Options, Role, Unpickler, Value};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Rows from which the columns are inferred, where not all are looked at before the first is written.
const SAMPLE: u64 = 10_000;

/// Batches that hold them at most; each is at most a few megabytes.
const BATCHES: usize = 16;

/// Batches that are on their way to the other thread.
const UNDER_WAY: usize = 3;

/// Rows on their way.
enum Work {
    /// Copied together, from this number on.
    Batch(Batch, u64),
    /// One that came alone: its number, and a pickle of it.
    One(u64, Vec<u8>),
}

impl Work {
    /// Calls `each` with the number of every row, and the row, until it says false.
    fn each(&self, each: &mut dyn FnMut(u64, Value<'_>) -> bool) {
        match self {
            Work::Batch(batch, from) => {
                for item in batch.items().filter(|item| item.index() >= *from) {
                    if !each(item.index(), item.document().root()) {
                        return;
                    }
                }
            }
            Work::One(index, bytes) => {
                let mut unpickler = Unpickler::new(Heap::new(), Options::new());
                // It was written just now.
                if let Ok(document) = unpickler.load(bytes) {
                    each(*index, document.root());
                }
            }
        }
    }
}

/// Why writing came to an end before the last row.
enum Stop {
    /// A row does not fit.
    Misfit(u64, Misfit),
    /// The file cannot be written.
    Failure(Failure),
}

/// What became of a table.
enum End {
    /// It is written.
    Done,
    /// Row number so and so does not fit the columns.
    Misfit(u64, Misfit),
    /// The value has no items that are rows: a dict, an object.
    Whole,
}

/// Runs the command.
///
/// # Errors
/// As [`super::run`].
pub(super) fn run(args: &TableArgs, path: &str, format: FileFormat) -> Result<(), Failure> {
    let index = match (args.index, args.no_index) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let columns = Some(args.columns.clone()).filter(|columns| !columns.is_empty());
    let options = TableOptions::new().index(index).columns(columns).flatten(args.flatten);
    let of = Whose { file: &args.file, path, resync: false };
    let out = args.output.as_deref().unwrap_or(Path::new("-"));
    let job = Job { of, out, format, options, strict: args.strict };
    let again = of.can_be_read_again();
    // What has gone down a pipe cannot be taken back: all rows are looked at first.
    let mut schema = if again && !Output::create(out)?.is_revocable() { job.look()? } else { None };
    let planned = planned_for(of, args.jobs)?;
    loop {
        let written = match &planned {
            Some((planned, jobs)) => planned::write(&job, planned, *jobs, schema.take()),
            None => job.write(schema.take()),
        };
        match written? {
            End::Done => return Ok(()),
            End::Whole if again => return job.whole(),
            End::Whole => {
                return Err(job
                    .refuse(format!("{path} is not a list; from a file instead of a pipe it can be read as a table")));
            }
            End::Misfit(..) if again => {
                schema = job.look()?;
                if schema.is_none() {
                    return Err(job.refuse("it changes while it is read".into()));
                }
            }
            End::Misfit(row, misfit) => {
                let text = format!(
                    "{path}[{row}]: {misfit}; from a file instead of a pipe, all rows are looked at before that is settled"
                );
                return Err(job.refuse(text));
            }
        }
    }
}

struct Job<'a> {
    of: Whose<'a>,
    out: &'a Path,
    format: FileFormat,
    options: TableOptions,
    /// What cannot be written as it is, is an error.
    strict: bool,
}

impl Job<'_> {
    fn refuse(&self, text: String) -> Failure {
        Failure::Refused { name: self.of.file.display().to_string(), text }
    }

    /// What the columns of all rows are; `None` where the rows are no items.
    fn look(&self) -> Result<Option<RowSchema>, Failure> {
        self.look_by(&mut |look| each_into(self.of, look))
    }

    /// The same of rows that `each` gives.
    fn look_by(&self, each: &mut dyn FnMut(&mut Look) -> Result<(), Failure>) -> Result<Option<RowSchema>, Failure> {
        let mut look = Look { schema: RowSchema::new(&self.options, one_line), room: Batch::new(), rows: true };
        match each(&mut look) {
            Ok(()) => {}
            // It is reported where the rows are written.
            Err(Failure::Pickle { .. } | Failure::Refused { .. }) => {}
            Err(failure) => return Err(failure),
        }
        Ok(if look.rows { Some(look.schema) } else { None })
    }

    /// Writes the rows of a list, or of what has rows by its nature.
    fn write(&self, schema: Option<RowSchema>) -> Result<End, Failure> {
        let stopped = AtomicBool::new(false);
        let (to, work) = sync_channel::<Sent>(UNDER_WAY);
        let (spare, back) = channel();
        let mut feed = Feed {
            job: self,
            settled: schema.is_some(),
            schema: schema.unwrap_or_else(|| RowSchema::new(&self.options, one_line)),
            held: Vec::new(),
            to,
            back,
            next: Batch::new(),
            stopped: &stopped,
            whole: false,
            pages: None,
            tables: 0,
        };
        let (result, wrote, whole, tables, json) = thread::scope(|scope| {
            let (writing, stopped) = (Writing { out: self.out, format: self.format, name: self.name() }, &stopped);
            let writer = scope.spawn(move || {
                let result = writing.rows(&work, &spare);
                if result.is_err() {
                    stopped.store(true, Ordering::Relaxed);
                }
                result
            });
            let begun = if feed.settled { feed.begin() } else { Ok(()) };
            let read = begun.and_then(|()| each_into(self.of, &mut feed));
            let result = match read {
                Ok(()) if !feed.whole && feed.tables == 0 => feed.settle(),
                other => other,
            };
            let Feed { whole, tables, ref schema, .. } = feed;
            let json = schema.json_columns();
            // The other thread ends when nothing more can come.
            drop(feed);
            (result, writer.join(), whole, tables, json)
        });
        if whole {
            return Ok(End::Whole);
        }
        let output = match wrote {
            Ok(Ok(output)) => output,
            Ok(Err(Stop::Misfit(row, misfit))) => return Ok(End::Misfit(row, misfit)),
            Ok(Err(Stop::Failure(failure))) => return Err(failure),
            Err(panic) => std::panic::resume_unwind(panic),
        };
        result?;
        match tables {
            0 => {}
            1 => return Ok(End::Done),
            _ => return Err(self.refuse(MORE.into())),
        }
        self.tell_json(&json)?;
        output.map_or(Ok(()), Output::commit)?;
        Ok(End::Done)
    }

    /// Writes what is read as a whole: a dict of columns or of rows, an object.
    fn whole(&self) -> Result<(), Failure> {
        let input = containers::open_one(self.of.file)?;
        let mut pickles = Pickles::new(input, Options::new(), false);
        let path = self.of.path;
        let pages = pickles.input().pages();
        let none = || self.refuse("there is no pickle in it".into());
        let name = pickles.input().name().to_owned();
        let document = pickles.next_document()?.ok_or_else(none)?;
        dropped::tell(&name, &document);
        let found = document.find(path).ok_or_else(|| self.refuse(format!("there is nothing at {path}")))?;
        self.table(found, pages.as_ref())?;
        if pickles.next_document()?.is_some() {
            return Err(self.refuse(MORE.into()));
        }
        Ok(())
    }

    /// Writes a value as a table.
    fn table(&self, value: Value<'_>, pages: Option<&Pages>) -> Result<(), Failure> {
        let arena = Arena::new(one_line);
        let reader = TableReader::new(value, &self.options, &arena);
        let reader = reader.map_err(|error| self.refuse(format!("{}: {error}", self.of.path)))?;
        self.tell_json(reader.json_columns())?;
        self.tell_names(&reader.schema());
        let (to, batches) = sync_channel(1);
        let writing = Writing { out: self.out, format: self.format, name: self.name() };
        let schema = reader.schema();
        let (read, wrote) = thread::scope(|scope| {
            let writer = scope.spawn(move || writing.batches(schema, &batches));
            let mut read = Ok(());
            for batch in reader {
                match batch {
                    // Where the other thread has stopped it says why.
                    Ok(batch) => {
                        if to.send(batch).is_err() {
                            break;
                        }
                    }
                    Err(error) => {
                        read = Err(self.refuse(format!("{}: {error}", self.of.path)));
                        break;
                    }
                }
                // What was copied is not needed any more.
                if let Some(pages) = pages {
                    pages.forget();
                }
            }
            drop(to);
            (read, writer.join())
        });
        match wrote {
            Ok(wrote) => {
                let output = wrote?;
                read?;
                output.commit()
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn name(&self) -> String {
        self.of.file.display().to_string()
    }

    /// What the format, or most of its readers, cannot hold.
    fn tell_names(&self, schema: &SchemaRef) {
        let ordered = schema.fields().iter().filter(|field| field.dict_is_ordered() == Some(true));
        let ordered: Vec<String> = ordered.map(|field| field.name().clone()).collect();
        if self.format == FileFormat::Parquet && !ordered.is_empty() {
            let text = format!(
                "the order of the categories of {} is not kept: Arrow has it, Parquet has none",
                listed(&ordered)
            );
            note(&self.name(), &text);
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = schema.fields().iter().find(|field| !seen.insert(field.name())) {
            note(&self.name(), &format!("several columns are called {}: not every reader takes that", twice.name()));
        }
    }

    fn tell_json(&self, columns: &[String]) -> Result<(), Failure> {
        if columns.is_empty() {
            return Ok(());
        }
        let text = format!("values of {} are of different types: what is not text is written as JSON", listed(columns));
        if self.strict {
            return Err(self.refuse(text));
        }
        note(&self.name(), &text);
        Ok(())
    }
}

const MORE: &str = "more pickles follow the first, and are not in the table: see `pickle items`";

/// Names of columns, not too many.
fn listed(columns: &[String]) -> String {
    let shown = columns.get(..8).unwrap_or(columns).join(", ");
    match columns.len().saturating_sub(8) {
        0 if columns.len() == 1 => format!("the column {shown}"),
        0 => format!("the columns {shown}"),
        more => format!("the columns {shown} and {more} more"),
    }
}

/// What the other thread is sent.
enum Sent {
    Begin(Box<RowBuilder>),
    Rows(Work),
}

/// The other thread: columns into the file.
struct Writing<'a> {
    out: &'a Path,
    format: FileFormat,
    /// Of the input, for messages.
    name: String,
}

impl Writing<'_> {
    /// Rows into columns; gives the output where there was any.
    fn rows(self, work: &Receiver<Sent>, spare: &Sender<Batch>) -> Result<Option<Output>, Stop> {
        let Ok(Sent::Begin(mut builder)) = work.recv() else { return Ok(None) };
        let mut file = Kept::new(Output::create(self.out).map_err(Stop::Failure)?);
        let result = (|| {
            let write = |error| Ended::Write(error);
            let mut writer = FileWriter::new(&mut file, self.format, builder.schema()).map_err(write)?;
            for sent in work {
                let Sent::Rows(rows) = sent else { continue };
                let mut end = None;
                rows.each(&mut |index, row| {
                    let batch = builder.push(row).map_err(|misfit| Ended::Misfit(index, misfit));
                    let done = batch.and_then(|batch| match batch {
                        Some(batch) => writer.write(&batch).map_err(write),
                        None => Ok(()),
                    });
                    end = done.err();
                    end.is_none()
                });
                if let Some(end) = end {
                    return Err(end);
                }
                if let Work::Batch(batch, _) = rows {
                    // Nobody may want it any more.
                    let _ = spare.send(batch);
                }
            }
            if let Some(batch) = builder.finish() {
                writer.write(&batch).map_err(write)?;
            }
            writer.finish().map(|_| ()).map_err(write)
        })();
        match result {
            Ok(()) => Ok(Some(file.out)),
            Err(Ended::Misfit(row, misfit)) => Err(Stop::Misfit(row, misfit)),
            Err(Ended::Read(failure)) => Err(Stop::Failure(failure)),
            Err(Ended::Write(error)) => Err(Stop::Failure(file.failure(self.name, &error))),
        }
    }

    /// Batches into the file.
    fn batches(self, schema: SchemaRef, batches: &Receiver<RecordBatch>) -> Result<Output, Failure> {
        let mut file = Kept::new(Output::create(self.out)?);
        let result = (|| {
            let mut writer = FileWriter::new(&mut file, self.format, schema)?;
            for batch in batches {
                writer.write(&batch)?;
            }
            writer.finish().map(|_| ())
        })();
        match result {
            Ok(()) => Ok(file.out),
            Err(error) => Err(file.failure(self.name, &error)),
        }
    }
}

enum Ended {
    Misfit(u64, Misfit),
    Read(Failure),
    Write(ArrowError),
}

/// An output that keeps its error, which is only text when it comes back out of a library.
struct Kept {
    out: Output,
    error: Option<io::Error>,
}

impl Kept {
    fn new(out: Output) -> Self {
        Kept { out, error: None }
    }

    fn failure(self, name: String, error: &ArrowError) -> Failure {
        match self.error {
            Some(error) => self.out.failure(error),
            None => Failure::Refused { name, text: error.to_string() },
        }
    }

    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }
}

impl Write for Kept {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let result = self.out.write(data);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            result => self.keep(result),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.keep(result)
    }
}

/// Hands rows to the other thread.
struct Feed<'j, 's> {
    job: &'j Job<'j>,
    schema: RowSchema,
    /// Rows from which the columns are inferred, until that is settled.
    held: Vec<Work>,
    settled: bool,
    to: SyncSender<Sent>,
    back: Receiver<Batch>,
    next: Batch,
    stopped: &'s AtomicBool,
    /// The value has no rows as items.
    whole: bool,
    /// Memory of the file that an array or table is in.
    pages: Option<Pages>,
    /// Arrays or tables that have come; the first is written.
    tables: usize,
}

impl Feed<'_, '_> {
    /// The columns are known.
    fn begin(&mut self) -> Result<(), Failure> {
        let builder =
            self.schema.builder().map_err(|error| self.job.refuse(format!("{}: {error}", self.job.of.path)))?;
        self.send(Sent::Begin(Box::new(builder)));
        Ok(())
    }

    /// Rows that were held go on their way.
    fn settle(&mut self) -> Result<(), Failure> {
        if std::mem::replace(&mut self.settled, true) {
            return Ok(());
        }
        self.begin()?;
        for work in std::mem::take(&mut self.held) {
            self.send(Sent::Rows(work));
        }
        Ok(())
    }

    fn send(&mut self, sent: Sent) {
        // Where the other thread has stopped it says why.
        let _ = self.to.send(sent);
    }

    fn take(&mut self, work: Work) -> Result<(), Failure> {
        if self.settled {
            self.send(Sent::Rows(work));
            return Ok(());
        }
        work.each(&mut |_, row| {
            self.schema.look(row);
            true
        });
        self.held.push(work);
        if self.schema.rows() >= SAMPLE || self.held.len() >= BATCHES { self.settle() } else { Ok(()) }
    }

    fn stop(&self) -> Result<(), Failure> {
        // The other thread reports why.
        if self.stopped.load(Ordering::Relaxed) { Err(Failure::Reported) } else { Ok(()) }
    }
}

impl ItemSink for Feed<'_, '_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        self.stop()?;
        if !is_row(item) {
            self.whole = true;
            return Ok(false);
        }
        let refuse = |error| self.job.refuse(format!("{}[{}]: {error}", self.job.of.path, item.index()));
        let bytes = pickled(item).map_err(refuse)?;
        self.take(Work::One(item.index(), bytes))?;
        Ok(true)
    }

    fn room(&mut self) -> Option<&mut Batch> {
        Some(&mut self.next)
    }

    fn batch(&mut self, from: u64) -> Result<(), Failure> {
        self.stop()?;
        let next = self.back.try_recv().unwrap_or_default();
        let batch = std::mem::replace(&mut self.next, next);
        self.take(Work::Batch(batch, from))
    }

    fn without_items(&mut self, value: Value<'_>) -> Result<bool, Failure> {
        // A list of no rows is a table.
        let is_first = self.held.is_empty() && !self.settled && self.tables == 0;
        self.whole |= is_first && !is_list(value);
        Ok(self.whole)
    }

    fn mapped(&mut self, pages: Pages) {
        self.pages = Some(pages);
    }

    fn shaped(&mut self, value: Value<'_>) -> Option<Result<bool, Failure>> {
        self.tables += 1;
        if self.tables > 1 {
            return Some(Ok(false));
        }
        Some(self.job.table(value, self.pages.as_ref()).map(|()| true))
    }
}

/// Its items are rows, if it has any.
fn is_list(value: Value<'_>) -> bool {
    matches!(value.view(), View::Sequence(_) | View::Set(_))
}

/// It is the row of a list; the first tells a list of tables from one of rows.
fn is_row(item: &Item<'_>) -> bool {
    let is_table = || Array::of(item.document().root()).is_some() || Table::of(item.document().root()).is_ok();
    item.role() == Role::Item && (item.index() != 0 || !is_table())
}

/// Looks at rows.
struct Look {
    schema: RowSchema,
    room: Batch,
    rows: bool,
}

impl ItemSink for Look {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        self.rows = is_row(item);
        if self.rows {
            self.schema.look(item.document().root());
        }
        Ok(self.rows)
    }

    fn room(&mut self) -> Option<&mut Batch> {
        Some(&mut self.room)
    }

    fn batch(&mut self, from: u64) -> Result<(), Failure> {
        let Look { schema, room, .. } = self;
        room.items().filter(|item| item.index() >= from).for_each(|item| schema.look(item.document().root()));
        Ok(())
    }

    fn without_items(&mut self, value: Value<'_>) -> Result<bool, Failure> {
        self.rows &= self.schema.rows() != 0 || is_list(value);
        Ok(!self.rows)
    }

    fn shaped(&mut self, _value: Value<'_>) -> Option<Result<bool, Failure>> {
        self.rows = false;
        Some(Ok(false))
    }
}
