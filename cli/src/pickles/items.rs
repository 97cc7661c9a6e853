//! The items of pickles, one after another.

use super::documents::warn_of_rest;
use super::{plan, resync};
use crate::Failure;
use crate::input::{Input, containers};
use crate::survey::walk::is_cut_pickle;
use pickle_core::{Batch, Error, ErrorKind, Found, Heap, Item, ItemOptions, ItemReader, MemoPlan, Options};
use std::io::Read;
use std::path::Path;

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;
/// Bytes that any region of memory may take: a batch of 1000 items must fit.
const MEMORY: usize = 8 << 30;

/// Whose items, of which file.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// The file to read; - is standard input.
    pub file: &'a Path,
    /// The path of the container.
    pub path: &'a str,
    /// After a damaged pickle reading goes on at the next that begins with PROTO.
    pub resync: bool,
}

/// Takes items.
pub trait ItemSink {
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
pub type Each<'t> = dyn FnMut(&Item<'_>) -> Result<bool, Failure> + 't;

impl ItemSink for &mut Each<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        self(item)
    }
}

/// Every item of every pickle of a file.
///
/// # Errors
/// The input cannot be read or a pickle is damaged, and what `take` says. [`Failure::Reported`] where damaged pickles were left out as was asked for.
pub fn each(of: Whose<'_>, mut take: &mut Each<'_>) -> Result<(), Failure> {
    each_into(of, &mut take)
}

/// The same for a sink that can take many together.
///
/// # Errors
/// As [`each`].
pub fn each_into(of: Whose<'_>, take: &mut dyn ItemSink) -> Result<(), Failure> {
    Failure::check_path(of.path, "$.rows[3].points")?;
    let input = containers::open_one(of.file)?;
    let mut items = Items::new(if of.resync { input.into_seekable()? } else { input }, of.path);
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
    fn pickle(&mut self, take: &mut dyn ItemSink) -> Result<bool, Stop> {
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
    fn read(&mut self, plan: Option<&MemoPlan<'_>>, taken: &mut u64, take: &mut dyn ItemSink) -> Result<End, Failure> {
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
