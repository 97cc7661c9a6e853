//! Items by a plan: from the middle, and on several threads.

use super::{LookedThrough, SomeItems};
use crate::Failure;
use crate::cmd::common::Of;
use crate::pickles::items::{Item, ItemSink, Whose};
use crate::pickles::splits::{Outcome, PlanFile, Planned, on_many_threads};
use crate::print::formats::{self, Columns, Format, Sink};
use crate::print::json::Line;
use clap::Args;
use pickle_core::SplitOptions;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;

/// Which plan, and how many threads.
#[derive(Debug, Args)]
pub struct ByPlan {
    /// Threads that read at the same time, 0 for as many as there are cores; the output is the same [default: 1, or with a plan the cores]
    #[arg(short, long, value_name = "N", conflicts_with = "resync", value_parser = threads_of)]
    pub jobs: Option<u32>,

    /// The plan of `pickle index` to use [default: FILE.pkx, where there is one]
    #[arg(long, value_name = "PLAN", conflicts_with = "resync")]
    pub index: Option<PathBuf>,
}

/// Files for whose sake no plan is made: they are read sooner.
const SMALL: u64 = 4 << 20;

impl ByPlan {
    /// The plan that is there; with several threads one is made where there is none.
    ///
    /// # Errors
    /// A plan that was asked for is not of this file; the file cannot be read.
    pub fn find(&self, of: &Of) -> Result<Option<Planned>, Failure> {
        find(of.whose(), self.index.as_deref(), self.jobs)
    }

    /// Threads that read.
    pub fn jobs(&self) -> usize {
        threads(self.jobs)
    }
}

/// The threads that an option asks for.
pub fn threads_of(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Ok(u32::try_from(threads(None)).unwrap_or(1)),
        Ok(jobs) if jobs <= 1024 => Ok(jobs),
        _ => Err("expected a number from 0 to 1024".into()),
    }
}

fn threads(jobs: Option<u32>) -> usize {
    match jobs {
        Some(jobs) => jobs as usize,
        None => thread::available_parallelism().map_or(1, usize::from),
    }
}

fn find(of: Whose<'_>, index: Option<&Path>, jobs: Option<u32>) -> Result<Option<Planned>, Failure> {
    if let Some(planned) = beside(of, index)? {
        return Ok(Some(planned));
    }
    let is_large = of.file.metadata().is_ok_and(|file| file.is_file() && file.len() >= SMALL);
    if !is_large || jobs.is_none_or(|jobs| jobs < 2) {
        return Ok(None);
    }
    match Planned::make(of.file, of.path, SplitOptions::new()) {
        Ok(planned) => Ok(Some(planned).filter(Planned::is_usable)),
        // It is read as a whole.
        Err(Failure::Refused { .. }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The plan for the items, and how many threads may read by it: as [`ByPlan::find`], where no plan can be asked for.
///
/// # Errors
/// As [`ByPlan::find`].
#[cfg(feature = "arrow")]
pub fn planned_for(of: Whose<'_>, jobs: Option<u32>) -> Result<Option<(Planned, usize)>, Failure> {
    Ok(find(of, None, jobs)?.map(|planned| (planned, threads(jobs))))
}

/// The plan that was asked for, or that lies beside the file, where it is of any use.
pub fn beside(of: Whose<'_>, index: Option<&Path>) -> Result<Option<Planned>, Failure> {
    if of.resync {
        return Ok(None);
    }
    Failure::check_container_path(of.path, "$.rows[3].points")?;
    Ok(PlanFile::find(of.file, of.path, index)?.filter(Planned::is_usable))
}

/// Writes the items of a range.
pub(super) fn write(
    planned: &Planned,
    jobs: usize,
    format: Format,
    items: Range<u64>,
    file: &Path,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if items.is_empty() {
        return Ok(());
    }
    if format == Format::Jsonl {
        let sink = || Lines { line: Line::default(), text: Vec::new() };
        on_many_threads(planned, items, jobs, sink, &mut |text| Ok(out.write_all(text)?))?;
        return Ok(());
    }
    let left = items.end - items.start;
    let columns = match format {
        Format::Csv => {
            let mut columns = LookedThrough { columns: Columns::default(), skip: 0, left };
            match planned.each(items.clone(), &mut columns) {
                Ok(_) | Err(Failure::Pickle { .. } | Failure::Refused { .. }) => {}
                Err(failure) => return Err(failure),
            }
            Some(columns.columns)
        }
        _ => None,
    };
    let mut some = SomeItems { sink: Sink::new(format, columns, out), skip: 0, left, file };
    let result = planned.each(items, &mut some).map(|_| ());
    some.sink.finish().and(result)
}

/// How many items there are: as the plan says, or, where threads are asked for, by reading them all.
pub(super) fn count(planned: &Planned, jobs: Option<u32>) -> Result<u64, Failure> {
    match (jobs, planned.fault()) {
        (None, Some(fault)) => Err(fault),
        (None, None) => Ok(planned.items()),
        (Some(jobs), _) => {
            let sink = || Counted { count: 0, text: Vec::new() };
            on_many_threads(planned, 0..u64::MAX, jobs as usize, sink, &mut |_| Ok(()))
        }
    }
}

/// Lines of JSON.
struct Lines {
    line: Line,
    text: Vec<u8>,
}

impl ItemSink for Lines {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        formats::line(item, &mut self.line, &mut self.text)?;
        Ok(true)
    }
}

impl Outcome for Lines {
    fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }
}

/// No more than a number.
struct Counted {
    count: u64,
    text: Vec<u8>,
}

impl ItemSink for Counted {
    fn shows(&self) -> bool {
        false
    }

    fn item(&mut self, _item: &Item<'_>) -> Result<bool, Failure> {
        self.count += 1;
        Ok(true)
    }
}

impl Outcome for Counted {
    fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    fn count(&self) -> u64 {
        self.count
    }
}
