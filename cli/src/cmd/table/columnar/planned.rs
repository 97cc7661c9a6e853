//! Rows by a plan: several splits at a time, each thread into columns of its own.

use super::{End, Ended, Job, Kept, Look, SAMPLE, Stop};
use crate::Failure;
use crate::output::Output;
use crate::pickles::items::{Item, ItemSink};
use crate::pickles::splits::{Planned, Splits};
use pickle_arrow::arrow_array::RecordBatch;
use pickle_arrow::{FileWriter, RowBuilder, RowSchema};
use pickle_core::{Batch, Value};
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Batches that a thread has ready at most; each is at most a few megabytes.
const READY: usize = 2;

/// Splits that a thread reads one after the other, at most: batches end where it goes on elsewhere.
const GROUP: usize = 32;

/// What a thread has ready.
enum Ready {
    Batch(RecordBatch),
    /// The group of splits is over.
    Over(Result<(), Stop>),
}

/// Writes the rows of all splits, `jobs` of them at a time. Without a schema the columns are inferred from the first rows.
///
/// # Errors
/// As [`Job::write`].
pub(super) fn write(job: &Job<'_>, planned: &Planned, jobs: usize, schema: Option<RowSchema>) -> Result<End, Failure> {
    let schema = match schema {
        Some(schema) => schema,
        None => match job.look_by(&mut |look: &mut Look| planned.each(0..SAMPLE, look).map(|_| ()))? {
            Some(schema) => schema,
            None => return Ok(End::Whole),
        },
    };
    let splits = planned.splits_of(&(0..u64::MAX)).len();
    let jobs = jobs.clamp(1, splits.max(1));
    let group = (splits / (4 * jobs)).clamp(1, GROUP);
    let groups = splits.div_ceil(group);
    let builders = (0..jobs).map(|_| schema.builder()).collect::<Result<Vec<_>, _>>();
    let builders = builders.map_err(|error| job.refuse(format!("{}: {error}", job.of.path)))?;
    let mut file = Kept::new(Output::create(job.out)?);
    let written = thread::scope(|scope| {
        let mut ready = Vec::new();
        let mut columns = None;
        for (number, builder) in builders.into_iter().enumerate() {
            columns.get_or_insert(builder.schema());
            let (to, from) = sync_channel(READY);
            let mine = (number..groups).step_by(jobs).map(move |at| at * group..splits.min((at + 1) * group));
            scope.spawn(move || work(planned, mine, builder, &to));
            ready.push(from);
        }
        let Some(columns) = columns else { return Ok(()) };
        let mut writer = FileWriter::new(&mut file, job.format, columns).map_err(Ended::Write)?;
        for number in 0..groups {
            let Some(from) = ready.get(number % jobs) else { break };
            take(from, &mut |batch| writer.write(&batch).map_err(Ended::Write))?;
        }
        writer.finish().map(|_| ()).map_err(Ended::Write)
    });
    match written {
        Ok(()) => {
            job.tell_json(&schema.json_columns())?;
            file.out.commit()?;
            Ok(End::Done)
        }
        Err(Ended::Misfit(row, misfit)) => Ok(End::Misfit(row, misfit)),
        Err(Ended::Read(failure)) => Err(failure),
        Err(Ended::Write(error)) => Err(file.failure(job.name(), &error)),
    }
}

/// Takes what a thread has of one group.
fn take(from: &Receiver<Ready>, each: &mut dyn FnMut(RecordBatch) -> Result<(), Ended>) -> Result<(), Ended> {
    loop {
        match from.recv() {
            Ok(Ready::Batch(batch)) => each(batch)?,
            Ok(Ready::Over(Ok(()))) => return Ok(()),
            Ok(Ready::Over(Err(Stop::Misfit(row, misfit)))) => return Err(Ended::Misfit(row, misfit)),
            Ok(Ready::Over(Err(Stop::Failure(failure)))) => return Err(Ended::Read(failure)),
            // It has ended with a panic, which the scope passes on.
            Err(_) => return Err(Ended::Read(Failure::Reported)),
        }
    }
}

fn work(planned: &Planned, mine: impl Iterator<Item = Range<usize>>, builder: RowBuilder, to: &SyncSender<Ready>) {
    let mut splits = Splits::new(planned);
    let mut sink = Rows { builder, to, room: Batch::new(), stop: None };
    for mut group in mine {
        let read = group.try_for_each(|number| match splits.read(number, 0..u64::MAX, &mut sink)? {
            true => Ok(()),
            // The sink knows why.
            false => Err(Failure::Reported),
        });
        let result = match (sink.stop.take(), read) {
            (Some(stop), _) => Err(stop),
            (None, Ok(())) => Ok(()),
            (None, Err(failure)) => Err(Stop::Failure(failure)),
        };
        let ends = result.is_err();
        if let Some(batch) = sink.builder.finish()
            && to.send(Ready::Batch(batch)).is_err()
        {
            return;
        }
        if to.send(Ready::Over(result)).is_err() || ends {
            return;
        }
    }
}

/// Rows of splits into columns.
struct Rows<'t> {
    builder: RowBuilder,
    to: &'t SyncSender<Ready>,
    room: Batch,
    stop: Option<Stop>,
}

/// Puts a row into columns, and sends those that are full; false where there is no going on.
fn push(builder: &mut RowBuilder, to: &SyncSender<Ready>, stop: &mut Option<Stop>, row: u64, value: Value<'_>) -> bool {
    match builder.push(value) {
        Ok(None) => true,
        // Where it is no longer taken, an earlier split has failed.
        Ok(Some(batch)) => to.send(Ready::Batch(batch)).is_ok(),
        Err(misfit) => {
            *stop = Some(Stop::Misfit(row, misfit));
            false
        }
    }
}

impl ItemSink for Rows<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        Ok(push(&mut self.builder, self.to, &mut self.stop, item.index(), item.document().root()))
    }

    fn room(&mut self) -> Option<&mut Batch> {
        Some(&mut self.room)
    }

    fn batch(&mut self, from: u64) -> Result<(), Failure> {
        let Rows { builder, to, room, stop } = self;
        let goes_on = room
            .items()
            .filter(|item| item.index() >= from)
            .all(|item| push(builder, to, stop, item.index(), item.document().root()));
        if goes_on { Ok(()) } else { Err(Failure::Reported) }
    }
}
