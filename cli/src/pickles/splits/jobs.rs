//! Splits that are read by several threads at a time, their results in order.

use super::{Planned, Splits};
use crate::Failure;
use crate::pickles::items::ItemSink;
use crate::pieces::PIECE;
use std::ops::Range;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// Pieces of text that a thread has ready at most, and about the bytes of one.
const READY: usize = 8;
/// A sink whose results are text and a number.
pub trait Outcome: ItemSink {
    /// The text so far.
    fn text(&mut self) -> &mut Vec<u8>;

    /// Items that were counted.
    fn count(&self) -> u64 {
        0
    }
}

/// What a thread has ready.
enum Ready {
    Text(Vec<u8>),
    /// The split is over, with so many items counted by this thread since it began.
    Over(u64, Result<(), Failure>),
}

/// Reads all items of a range, `jobs` splits at a time, each thread into a sink of its own. `write` gets the text in the
/// order of the file. Returns the items that were counted.
///
/// # Errors
/// As [`Planned::each`]; everything before the fault has been written.
pub fn on_many_threads<S: Outcome>(
    planned: &Planned,
    items: Range<u64>,
    jobs: usize,
    sink: impl Fn() -> S + Sync,
    write: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let splits: Vec<usize> = planned.splits_of(&items).collect();
    let jobs = jobs.clamp(1, splits.len().max(1));
    thread::scope(|scope| {
        let mut ready = Vec::new();
        for job in 0..jobs {
            let (to, from) = sync_channel(READY);
            let mine: Vec<usize> = splits.iter().copied().skip(job).step_by(jobs).collect();
            let (items, sink) = (items.clone(), &sink);
            scope.spawn(move || work(planned, &mine, items, sink(), &to));
            ready.push(from);
        }
        let mut total = 0;
        for number in 0..splits.len() {
            let Some(from) = ready.get(number % jobs) else { break };
            loop {
                match from.recv() {
                    Ok(Ready::Text(text)) => write(&text)?,
                    Ok(Ready::Over(count, result)) => {
                        total += count;
                        result?;
                        break;
                    }
                    // It has ended with a panic, which the scope passes on.
                    Err(_) => return Err(Failure::Reported),
                }
            }
        }
        Ok(total)
    })
}

fn work<S: Outcome>(planned: &Planned, mine: &[usize], items: Range<u64>, sink: S, to: &SyncSender<Ready>) {
    let mut splits = Splits::new(planned);
    let mut sink = Sending { sink, to };
    for &number in mine {
        let before = sink.sink.count();
        let result = splits.read(number, items.clone(), &mut sink).map(|_| ());
        let text = std::mem::take(sink.sink.text());
        let over = Ready::Over(sink.sink.count() - before, result);
        if to.send(Ready::Text(text)).and_then(|()| to.send(over)).is_err() {
            return;
        }
    }
}

/// Sends text on when there is enough.
struct Sending<'t, S> {
    sink: S,
    to: &'t SyncSender<Ready>,
}

impl<S: Outcome> ItemSink for Sending<'_, S> {
    fn shows(&self) -> bool {
        self.sink.shows()
    }

    fn item(&mut self, item: &crate::pickles::items::Item<'_>) -> Result<bool, Failure> {
        let more = self.sink.item(item)?;
        let text = self.sink.text();
        if text.len() < PIECE {
            return Ok(more);
        }
        let text = std::mem::take(text);
        // Where it is no longer taken, an earlier split has failed.
        Ok(self.to.send(Ready::Text(text)).is_ok() && more)
    }
}
