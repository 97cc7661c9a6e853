//! Files that are read from the middle: by a plan that lies beside them, or that is made on the spot.

mod file;
mod jobs;
mod stretch;

pub use file::{PlanFile, beside};
pub use jobs::{Outcome, on_many_threads};

use self::stretch::Stretch;
use super::dropped;
use super::items::{Item, ItemSink, has_rows, is_log, may_be_part};
use crate::Failure;
use crate::input::{Input, InputFile, Layer, containers};
use pickle_core::{
    Error, Found, Heap, ItemOptions, MemoPlanner, Options, Split, SplitError, SplitNeeds, SplitOptions, SplitPlan,
    SplitPlanner, SplitReader, Status, Unpickler, joblib,
};
use std::fs::File;
use std::ops::Range;

/// Bytes that any region of memory may take.
const MEMORY: usize = 8 << 30;

/// A plan, and the file that it is about.
pub struct Planned {
    name: String,
    file: File,
    len: u64,
    /// Each pickle is an item.
    is_log: bool,
    plan: SplitPlan,
}

/// The file behind an input, and its length, where it can be read from the middle: a whole file that is not compressed.
///
/// # Errors
/// It cannot, and why.
fn plain_file(input: &Input) -> Result<(File, u64), Failure> {
    let refuse = |text: &str| input.refuse(text);
    let Some(part) = input.part() else {
        let (why, what) = match input.layers() {
            [.., Layer::Framed | Layer::Counted(_)] => {
                ("its pickles have lengths in front", "`pickle cat` takes them out")
            }
            [] => ("it is not a file, or its pickles are not in it byte for byte", "`pickle cat` writes them to one"),
            [..] => ("it is compressed", "unpack it first"),
        };
        return Err(refuse(&format!("{why}, so it cannot be read from the middle: {what}")));
    };
    let (file, start) = part.place();
    let whole = start == 0 && file.metadata().is_ok_and(|file| file.len() == part.len());
    if !whole {
        return Err(refuse("it is a part of a file; take it out first"));
    }
    let file = file.try_clone().map_err(|source| Failure::Input { name: input.name().to_owned(), source })?;
    Ok((file, part.len()))
}

impl Planned {
    /// Makes the plan of a file: one pass over it, and another over some of it.
    ///
    /// # Errors
    /// It cannot be read from the middle, its items are rows of an array or table, or it cannot be read.
    pub fn make(file: &InputFile, path: &str, options: SplitOptions) -> Result<Planned, Failure> {
        let mut input = containers::open_one(file)?;
        let name = input.name().to_owned();
        let (opened, len) = plain_file(&input)?;
        let is_log = path == "$" && is_log(&mut input);
        let mut planner = SplitPlanner::new(path, options.pickles(is_log));
        let mut stretch = Stretch::new(&opened, len);
        while let Some(range) = planner.wants() {
            input.progress().at(range.start);
            planner.feed(&mut stretch.at(range).map_err(|source| Failure::Input { name: name.clone(), source })?);
        }
        let planned = Planned { name, file: opened, len, is_log, plan: planner.finish() };
        if planned.is_shaped() || planned.items() == 0 && has_rows(file, path) {
            let text = format!("{path} is an array or table, whose rows need no plan");
            return Err(Failure::Refused { name: planned.name, text });
        }
        Ok(planned)
    }

    /// The plan.
    pub fn plan(&self) -> &SplitPlan {
        &self.plan
    }

    /// All items can be read by the plan. What has none may still have rows, which no plan knows of.
    pub fn is_usable(&self) -> bool {
        let plan = &self.plan;
        let told_by_a_split = plan.splits().last().is_some_and(|split| split.inside.is_some());
        plan.unsplit().is_none() && self.items() != 0 && (plan.fault().is_none() || told_by_a_split)
    }

    /// The number of items, where the plan is usable.
    pub fn items(&self) -> u64 {
        self.plan.items().unwrap_or(0)
    }

    /// The stream is damaged: the failure that its reader gives.
    pub fn fault(&self) -> Option<Failure> {
        let error = self.plan.fault()?;
        let index = self.plan.splits().last().map_or(0, |split| split.pickle);
        Some(self.bad_pickle(index, error))
    }

    fn bad_pickle(&self, index: u64, error: Error) -> Failure {
        Failure::Pickle { name: self.name.clone(), layers: Vec::new(), index, error }
    }

    /// Says that what was read drops calls.
    fn tell(&self, reader: &SplitReader<'_, Heap>, take: &dyn ItemSink) {
        if take.shows() {
            dropped::note_stream(&self.name, reader.dropped_call());
        }
    }

    fn fail(&self, source: std::io::Error) -> Failure {
        Failure::Input { name: self.name.clone(), source }
    }

    /// The first item looks like a part of an array or table.
    fn is_shaped(&self) -> bool {
        let mut shaped = false;
        let mut take: &mut super::items::Each<'_> = &mut |item: &Item<'_>| {
            shaped = may_be_part(item);
            Ok(false)
        };
        let _ = Splits::new(self).read(0, 0..1, &mut take);
        shaped
    }

    /// Gives the items of a range to `take`; false where it had enough.
    ///
    /// # Errors
    /// The file cannot be read, is another than the plan's, or is damaged, and what `take` says.
    pub fn each(&self, items: Range<u64>, take: &mut dyn ItemSink) -> Result<bool, Failure> {
        let mut splits = Splits::new(self);
        for number in self.splits_of(&items) {
            if !splits.read(number, items.clone(), take)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The splits that have items of a range.
    pub fn splits_of(&self, items: &Range<u64>) -> Range<usize> {
        let splits = self.plan.splits();
        // Splits without items share their number with the next: at the start of the file they are read, too.
        let first = match items.start {
            0 => 0,
            start => splits.partition_point(|split| split.first <= start).saturating_sub(1),
        };
        // The end of the last one is read where all is.
        let end = match items.end >= self.items() {
            true => splits.len(),
            false => splits.partition_point(|split| split.first < items.end),
        };
        first..end.max(first)
    }
}

/// A reader of splits, with memory that is used again.
pub struct Splits<'p> {
    of: &'p Planned,
    stretch: Stretch<'p>,
    heap: Heap,
}

impl<'p> Splits<'p> {
    /// A reader with a buffer of its own.
    pub fn new(of: &'p Planned) -> Self {
        Splits { of, stretch: Stretch::new(&of.file, of.len), heap: Heap::with_limit(MEMORY) }
    }

    /// Gives the items of a split, as far as they are in `items`, to `take`; false where it had enough.
    ///
    /// # Errors
    /// As [`Planned::each`].
    pub fn read(&mut self, number: usize, items: Range<u64>, take: &mut dyn ItemSink) -> Result<bool, Failure> {
        let of = self.of;
        let Some(split) = of.plan.splits().get(number) else { return Ok(true) };
        if of.is_log {
            return self.pickles(split, items, take);
        }
        let Some(mut needs) = SplitNeeds::new(&of.plan, number) else { return Ok(true) };
        while let Some(range) = needs.wants() {
            needs.feed(&mut self.stretch.at(range).map_err(|error| of.fail(error))?);
        }
        let mut memo = MemoPlanner::new();
        let start = needs.finish(&mut memo);
        let reader = Options::new().stop_after_build(true);
        // Whole pickles are as small as a split.
        let min_nodes = if split.end == u64::MAX { 4096 } else { usize::MAX };
        let options = ItemOptions::new().reader(reader).min_nodes(min_nodes);
        let heap = std::mem::replace(&mut self.heap, Heap::with_limit(MEMORY));
        let mut reader = SplitReader::new(heap, options, &start);
        let all = split.count.is_some_and(|count| split.first + count <= items.end);
        let fail = |error: SplitError| match error {
            SplitError::Pickle(error) => of.bad_pickle(split.pickle, error),
            other => {
                Failure::Refused { name: of.name.clone(), text: format!("{other}; make it again with `pickle index`") }
            }
        };
        while let Some(range) = reader.wants() {
            let mut input = self.stretch.at(range).map_err(|error| of.fail(error))?;
            let mut room = if all { take.room() } else { None };
            let found = match &mut room {
                Some(room) => reader.feed_batch(&mut input, room),
                None => reader.feed(&mut input),
            };
            let ready = room.map_or(0, |room| room.len());
            if found.map_err(fail)? != Found::Item {
                continue;
            }
            if ready != 0 {
                take.batch(items.start)?;
                continue;
            }
            let Some(item) = reader.item() else { continue };
            if item.index() >= items.end {
                break;
            }
            if item.index() >= items.start && !take.item(&Item::of(&item))? {
                of.tell(&reader, take);
                return Ok(false);
            }
            if item.index() + 1 == items.end && items.end < of.items() {
                break;
            }
        }
        of.tell(&reader, take);
        self.heap = reader.into_memory();
        Ok(true)
    }

    /// Whole pickles as items.
    fn pickles(&mut self, split: &Split, items: Range<u64>, take: &mut dyn ItemSink) -> Result<bool, Failure> {
        let of = self.of;
        let heap = std::mem::replace(&mut self.heap, Heap::with_limit(MEMORY));
        let mut unpickler = Unpickler::new(heap, Options::new().stop_after_build(true));
        unpickler.begin_at(split.offset, false);
        let (mut index, mut pickle) = (split.first, split.pickle);
        while index < items.end && split.count.is_none_or(|count| index < split.first + count) {
            loop {
                let range = unpickler.offset()..u64::MAX;
                let mut input = self.stretch.at(range).map_err(|error| of.fail(error))?;
                let status = match input.is_empty() {
                    true => unpickler.finish().map(|_| Status::Done),
                    false => unpickler.feed(&mut input),
                };
                match status.map_err(|error| of.bad_pickle(pickle, error))? {
                    Status::Done => break,
                    Status::Built => {
                        let taken = joblib::take_array(&mut unpickler, &[]);
                        taken.map_err(|error| of.bad_pickle(pickle, error))?;
                    }
                    _ => {}
                }
            }
            if let Some(document) = unpickler.document().filter(|_| index >= items.start) {
                super::items::tell(&of.name, &document, take);
                if !take.item(&Item::whole(index, document))? {
                    return Ok(false);
                }
            }
            (index, pickle) = (index + 1, pickle + 1);
            if unpickler.offset() < split.end {
                unpickler.next_pickle(false);
            }
        }
        self.heap = unpickler.into_memory();
        Ok(true)
    }
}
