//! Items as lines of JSON: formatted on a worker thread while the file is read on this one.

use super::with_rows;
use crate::Failure;
use crate::cmd::common::Of;
use crate::pickles::items::{Item, ItemSink, each_into};
use crate::print::formats::{self, Format};
use crate::print::json::Line;
use pickle_core::{Batch, Value};
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Batches that are under way at most. Each is a few hundred kilobytes.
const UNDER_WAY: usize = 3;

/// Items that were copied, the number of the first that is wanted, and their lines.
#[derive(Default)]
struct Work {
    batch: Batch,
    from: u64,
    text: Vec<u8>,
}

struct Lines<'o> {
    file: &'o Path,
    out: &'o mut dyn Write,
    /// To the other thread, and back in the same order.
    to: Sender<Work>,
    back: Receiver<Work>,
    under_way: usize,
    /// What the reader fills next.
    next: Work,
    /// What can be used again.
    spare: Vec<Work>,
    line: Line,
}

/// Writes all items of a file.
///
/// # Errors
/// As [`super::run`].
pub(super) fn write(of: &Of, out: &mut dyn Write) -> Result<(), Failure> {
    let (to, work) = channel();
    let (done, back) = channel();
    thread::scope(|scope| {
        scope.spawn(move || put_into_words(&work, &done));
        let (next, spare) = (Work::default(), Vec::new());
        let mut lines = Lines { file: &of.file, out, to, back, under_way: 0, next, spare, line: Line::default() };
        let result = each_into(of.whose(), &mut lines);
        // What came before a damage is written too.
        lines.wait(0).and(result)
    })
}

fn put_into_words(work: &Receiver<Work>, done: &Sender<Work>) {
    let mut line = Line::default();
    for mut work in work {
        work.text.clear();
        for item in work.batch.items().filter(|item| item.index() >= work.from) {
            // A Vec takes everything.
            let _ = formats::line(&Item::of(&item), &mut line, &mut work.text);
        }
        if done.send(work).is_err() {
            return;
        }
    }
}

impl Lines<'_> {
    /// Writes what is ready until no more than `most` batches are under way.
    fn wait(&mut self, most: usize) -> Result<(), Failure> {
        while self.under_way > most
            && let Ok(work) = self.back.recv()
        {
            self.under_way -= 1;
            self.out.write_all(&work.text)?;
            self.spare.push(work);
        }
        Ok(())
    }
}

impl ItemSink for Lines<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        self.wait(0)?;
        formats::line(item, &mut self.line, self.out)?;
        Ok(true)
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.wait(0)?;
        Ok(self.out.flush()?)
    }

    fn shaped(&mut self, value: Value<'_>) -> Option<Result<bool, Failure>> {
        let done = self.wait(0).and_then(|()| {
            with_rows(self.file, value, |rows| Ok(rows.write(0..rows.len(), Format::Jsonl, self.out)?))
        });
        Some(done.map(|()| true))
    }

    fn room(&mut self) -> Option<&mut Batch> {
        Some(&mut self.next.batch)
    }

    fn batch(&mut self, from: u64) -> Result<(), Failure> {
        self.wait(UNDER_WAY - 1)?;
        self.next.from = from;
        let next = std::mem::replace(&mut self.next, self.spare.pop().unwrap_or_default());
        // The other thread ends only after this one.
        if self.to.send(next).is_ok() {
            self.under_way += 1;
        }
        Ok(())
    }
}
