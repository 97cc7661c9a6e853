//! A log of pickles that grows: each new pickle as soon as it is complete, as `tail -F` has it of lines.

use super::items::{Item, ItemSink, MEMORY, is_record};
use super::{documents, dropped, resync};
use crate::Failure;
use crate::input::{Input, InputFile, Part, containers, read_at};
use crate::messages::note;
use crate::pieces::SMALL_PIECE;
use crate::survey::search;
use pickle_core::view::View;
use pickle_core::{Document, Error, ErrorKind, Heap, Options, Status, Unpickler, joblib};
use std::fs::File;
use std::path::Path;
use std::rc::Rc;

/// Bytes before the place where reading goes on that must still be there.
const SEEN: usize = 64;

/// Decides how long to wait for more.
pub type Wait<'w> = dyn FnMut() -> Going + 'w;

/// What to do after a while of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// Look whether something has come.
    On,
    /// Nobody wants more.
    Stop,
}

/// Gives every pickle of a file to `take`, and then those that are appended, until `wait` has enough. The first one decides: of lists, tuples
/// and sets the items are given one by one, as [`super::items::each`] has it; everything else is an item itself.
///
/// `idle` informs `take` that all that is there has come. Where the file is replaced, gets shorter or is written anew,
/// that is reported, and it is read from its start. With `resync`, damaged pickles are skipped.
///
/// # Errors
/// The file cannot be followed or read, a pickle is damaged, and what `take` says. [`Failure::Reported`] where damaged pickles
/// were passed over.
pub fn follow(file: &InputFile, resync: bool, take: &mut dyn ItemSink, wait: &mut Wait<'_>) -> Result<(), Failure> {
    let shared_memo = check(file)?;
    let mut log = Log::open(file, shared_memo)?;
    log.resync = resync;
    loop {
        match log.pickle()? {
            Next::Pickle => {
                let (first, index) = (log.index == 0, log.items);
                let Some(document) = log.unpickler.document() else { continue };
                dropped::tell(&log.name, &document);
                let Some(taken) = give(&document, &mut log.whole, index, first, take)? else {
                    return if log.has_lost { Err(Failure::Reported) } else { Ok(()) };
                };
                if first && log.whole == Some(false) {
                    let text = "its pickles are lists: the items of each are printed when it is complete. A list does not grow in \
                                the file; one that its program rewrites as a whole is read from its start";
                    note(&log.name, text);
                }
                log.items += taken;
                log.index += 1;
                log.start = log.unpickler.offset();
                log.unpickler.next_pickle(log.shared_memo);
            }
            Next::End => {
                take.idle()?;
                loop {
                    if wait() == Going::Stop {
                        log.tell_rest();
                        return if log.has_lost { Err(Failure::Reported) } else { Ok(()) };
                    }
                    if log.has_more()? {
                        break;
                    }
                }
            }
        }
    }
}

/// The file is one that can grow. Tells whether its pickles share a memo, as far as they are there.
fn check(file: &InputFile) -> Result<bool, Failure> {
    let path: &Path = file;
    let name = path.display().to_string();
    let refuse = |text: &str| Err(Failure::Refused { name: name.clone(), text: text.into() });
    let options = file.options();
    if !options.raw.is_whole() || options.salvage || options.host.is_some() {
        return Err(Failure::Usage("-f follows a file as it is: with nothing said of what it is".into()));
    }
    if path == Path::new("-") {
        return refuse(
            "what comes from a pipe is followed by `pickle items -`, which prints each item when it has come",
        );
    }
    let metadata = std::fs::metadata(path).map_err(|source| Failure::Input { name: name.clone(), source })?;
    if !metadata.is_file() {
        return refuse("-f follows files; of a pipe, `pickle items` prints each item when it has come");
    }
    let mut input = Input::open(path, &options.raw)?;
    if let Some(layer) = input.layers().first() {
        return refuse(&format!("it is {layer}, and only a file of bare pickles can be followed"));
    }
    if containers::is_one(&mut input) {
        let what = input.sniff().map_or("a file that holds pickles in another format", |container| container.name());
        return refuse(&format!("this is {what}, and only a file of bare pickles can be followed"));
    }
    Ok(input.as_slice().is_some_and(documents::shares_memo))
}

/// Gives a pickle, or its items, and tells how many; `None` for enough.
fn give(
    document: &Document<'_>,
    whole: &mut Option<bool>,
    index: u64,
    first: bool,
    take: &mut dyn ItemSink,
) -> Result<Option<u64>, Failure> {
    if first {
        *whole = Some(is_record(document));
    }
    let items = match document.root().view() {
        View::Sequence(it) if *whole == Some(false) => it.items,
        View::Set(it) if *whole == Some(false) => it.items,
        _ => return Ok(take.item(&Item::whole(index, *document))?.then_some(1)),
    };
    let mut taken = 0;
    for item in items {
        if !take.item(&Item::whole(index + taken, item.document()))? {
            return Ok(None);
        }
        taken += 1;
    }
    Ok(Some(taken))
}

/// What reading has come to.
enum Next {
    /// A complete pickle.
    Pickle,
    /// The end of what is there.
    End,
}

/// A file that is read and grows.
struct Log<'f> {
    source: &'f InputFile,
    name: String,
    file: Rc<File>,
    unpickler: Unpickler<Heap>,
    /// Pickles fetch what earlier ones have put into the memo.
    shared_memo: bool,
    /// Pickles are items themselves; known with the first.
    whole: Option<bool>,
    buffer: Vec<u8>,
    /// How much of the buffer has been used.
    used: usize,
    /// Where the bytes behind the buffer are.
    at: u64,
    /// Where the current pickle begins.
    start: u64,
    /// Pickles, and items, that were given.
    index: u64,
    items: u64,
    /// Pickles that were given already, where the file is read a second time.
    again: u64,
    resync: bool,
    /// A damaged pickle begins at `start`: the next one is looked for behind this byte.
    damaged: Option<u64>,
    /// A damaged pickle was passed over.
    has_lost: bool,
    /// No pickle begins before this byte and behind the damage.
    searched: u64,
    /// The last bytes that were read.
    seen: Vec<u8>,
    /// It was said that the name has no file.
    is_gone: bool,
    /// The name leads to this file now, and what is left of the old one is read first.
    next: Option<Rc<File>>,
}

impl<'f> Log<'f> {
    fn open(source: &'f InputFile, shared_memo: bool) -> Result<Self, Failure> {
        let name = source.display().to_string();
        let file = File::open(&**source).map_err(|source| Failure::Input { name: name.clone(), source })?;
        let unpickler = Unpickler::new(Heap::with_limit(MEMORY), Options::new().stop_after_build(true));
        Ok(Log {
            source,
            name,
            file: Rc::new(file),
            unpickler,
            shared_memo,
            whole: None,
            buffer: Vec::new(),
            used: 0,
            at: 0,
            start: 0,
            index: 0,
            items: 0,
            again: 0,
            resync: false,
            damaged: None,
            searched: 0,
            has_lost: false,
            seen: Vec::new(),
            is_gone: false,
            next: None,
        })
    }

    /// Reads on to the end of a pickle, or of the file.
    fn pickle(&mut self) -> Result<Next, Failure> {
        loop {
            if self.damaged.is_some() && !self.find_next()? {
                return Ok(Next::End);
            }
            if self.used == self.buffer.len() && !self.fill()? {
                return Ok(Next::End);
            }
            let piece = self.buffer.get(self.used..).unwrap_or_default();
            let mut rest = piece;
            let status = self.unpickler.feed(&mut rest);
            self.used += piece.len() - rest.len();
            let result = match status {
                Ok(Status::Done) if self.again > 0 => {
                    self.again -= 1;
                    self.start = self.unpickler.offset();
                    self.unpickler.next_pickle(true);
                    Ok(())
                }
                Ok(Status::Done) => return Ok(Next::Pickle),
                Ok(Status::Built) => joblib::take_array(&mut self.unpickler, &[]),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::MemoMissing && !self.shared_memo && self.index > 0 => {
                    // Only now it shows that the pickles belong together.
                    self.shared_memo = true;
                    self.again = self.index;
                    self.go_to(0);
                }
                Err(error) if self.resync => {
                    self.failure(error).report();
                    self.damaged = Some(error.offset());
                    self.searched = 0;
                    self.has_lost = true;
                }
                Err(error) => return Err(self.failure(error)),
            }
        }
    }

    /// What is wrong with the current pickle.
    fn failure(&self, error: Error) -> Failure {
        match Input::from_part(&*self.name, Part::new(self.file.clone(), 0, self.at)) {
            Ok(input) => input.bad_pickle(self.index, error),
            Err(failure) => failure,
        }
    }

    /// Reads from this byte on.
    fn go_to(&mut self, at: u64) {
        self.unpickler.begin_at(at, false);
        self.start = at;
        self.at = at;
        self.buffer.clear();
        self.used = 0;
        self.seen.clear();
    }

    /// Reads what follows; false at the end of what is there.
    fn fill(&mut self) -> Result<bool, Failure> {
        self.buffer.resize(SMALL_PIECE, 0);
        self.used = 0;
        let n = loop {
            match read_at(&self.file, &mut self.buffer, self.at) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(|source| Failure::Input { name: self.name.clone(), source })?,
            }
        };
        self.buffer.truncate(n);
        self.at += n as u64;
        if n != 0 {
            let new = self.buffer.get(n.saturating_sub(SEEN)..).unwrap_or_default();
            self.seen.extend_from_slice(new);
            self.seen.drain(..self.seen.len().saturating_sub(SEEN));
        }
        Ok(n != 0)
    }

    /// Goes on at the next place where a pickle begins, behind a damaged one; false where there is none yet.
    fn find_next(&mut self) -> Result<bool, Failure> {
        let Some(fault) = self.damaged else { return Ok(true) };
        let fail = |source| Failure::Input { name: self.name.clone(), source };
        let len = self.file.metadata().map_err(fail)?.len();
        let part = Part::new(self.file.clone(), 0, len);
        self.at = len;
        self.seen = part.bytes_at(len.saturating_sub(SEEN as u64), SEEN).map_err(fail)?;
        let from = search::behind(fault).max(self.start + 1).max(self.searched);
        let Some(next) = resync::next_pickle(&part, from, fault, &self.name)? else {
            // What begins near the end may only not be complete.
            self.searched = len.saturating_sub(search::TRIAL as u64);
            return Ok(false);
        };
        note(
            &self.name,
            &format!("bytes {} to {next} were left out; going on with the pickle at byte {next}", self.start),
        );
        self.go_to(next);
        self.damaged = None;
        Ok(true)
    }

    /// Whether there may be something to read; false where to wait.
    fn has_more(&mut self) -> Result<bool, Failure> {
        let fail = |source| Failure::Input { name: self.name.clone(), source };
        if let Some(next) = self.next.take() {
            // The old file has been read to its end.
            let text = if self.is_within() { "; its last pickle never was complete" } else { "" };
            note(&self.name, &format!("it was replaced: reading the new file{text}"));
            self.file = next;
            self.anew();
            return Ok(true);
        }
        match File::open(&**self.source) {
            Ok(file) => {
                let (old, new) = (self.file.metadata().map_err(fail)?, file.metadata().map_err(fail)?);
                self.is_gone = false;
                if !is_same(&old, &new) && new.is_file() {
                    self.next = Some(Rc::new(file));
                    return Ok(true);
                }
            }
            Err(_) if !self.is_gone => {
                self.is_gone = true;
                note(&self.name, "there is no such file any more: waiting for the next one");
            }
            Err(_) => {}
        }
        let len = self.file.metadata().map_err(fail)?.len();
        if len < self.at {
            note(&self.name, "it has become shorter: reading it from its start");
            self.anew();
            return Ok(true);
        }
        if len == self.at {
            return Ok(false);
        }
        // A program may have emptied it and written more than was there.
        let part = Part::new(self.file.clone(), 0, len);
        let seen = part.bytes_at(self.at - self.seen.len() as u64, self.seen.len()).map_err(fail)?;
        if seen != self.seen {
            note(&self.name, "it was rewritten: reading it from its start");
            self.anew();
        }
        Ok(true)
    }

    /// Begins at the start of a file.
    fn anew(&mut self) {
        self.go_to(0);
        (self.index, self.items, self.again) = (0, 0, 0);
        self.damaged = None;
        self.whole = None;
        self.shared_memo = false;
    }

    /// A pickle has begun and is not complete.
    fn is_within(&self) -> bool {
        self.damaged.is_none() && self.at > self.start
    }

    /// Reports what was not reported yet when the following ends.
    fn tell_rest(&self) {
        if self.damaged.is_some() {
            note(&self.name, &format!("from byte {} on it is damaged, and no other pickle begins there", self.start));
        } else if self.is_within() {
            note(&self.name, &format!("the pickle at byte {} is not complete yet", self.start));
        }
    }
}

#[cfg(unix)]
fn is_same(old: &std::fs::Metadata, new: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (old.dev(), old.ino()) == (new.dev(), new.ino())
}

#[cfg(not(unix))]
fn is_same(old: &std::fs::Metadata, new: &std::fs::Metadata) -> bool {
    old.created().ok() == new.created().ok()
}
