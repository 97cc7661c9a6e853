//! The items of pickles, one after another.

mod shaped;

use self::shaped::Watch;
pub(crate) use self::shaped::{has_rows, is_shaped, may_be_part};
use super::documents::{Pickles, warn_of_rest};
use super::{dropped, look_ahead, missing, plan, resync};
use crate::Failure;
use crate::input::{Input, InputFile, Pages, containers};
use crate::messages::note;
use crate::survey::search;
use crate::survey::walk::is_cut_pickle;
use pickle_core::view::View;
use pickle_core::{
    Batch, Document, Error, ErrorKind, Found, Heap, ItemOptions, ItemReader, Kind, LookAhead, MemoPlan, MemoPlanner,
    Options, Role, Unpickler, Value,
};
use std::io::BufRead;

/// Bytes that any region of memory may take: a batch of 1000 items must fit.
pub(super) const MEMORY: usize = 8 << 30;

/// Whose items, of which file.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// The file to read; - is standard input.
    pub file: &'a InputFile,
    /// The path of the container.
    pub path: &'a str,
    /// After a damaged pickle reading goes on at the next that begins with PROTO.
    pub resync: bool,
}

/// An item: a value of a list, an entry of a dict, or a whole pickle of a log.
pub struct Item<'r> {
    index: u64,
    role: Role,
    key: Option<Document<'r>>,
    document: Document<'r>,
}

impl<'r> Item<'r> {
    /// The item of an [`ItemReader`].
    pub fn of(item: &pickle_core::Item<'r>) -> Self {
        Item { index: item.index(), role: item.role(), key: item.key_document(), document: item.document() }
    }

    /// A whole pickle as an item.
    pub fn whole(index: u64, document: Document<'r>) -> Self {
        Item { index, role: Role::Item, key: None, document }
    }

    /// Its number, counted from 0 in each pickle, or in the file where pickles are items.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// What it is of its container.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The key, or the name of the attribute.
    pub fn key_document(&self) -> Option<&Document<'r>> {
        self.key.as_ref()
    }

    /// The value.
    pub fn document(&self) -> &Document<'r> {
        &self.document
    }
}

impl Whose<'_> {
    /// The file can be read a second time.
    pub fn can_be_read_again(&self) -> bool {
        shaped::can_be_read_again(self)
    }
}

/// Takes items.
pub trait ItemSink {
    /// Takes an item; false for enough.
    ///
    /// # Errors
    /// It cannot be written.
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure>;

    /// Nothing more comes for a while: what is ready should be seen.
    ///
    /// # Errors
    /// It cannot be written.
    fn idle(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Where items are copied to that are ready together, for consumers that take them so.
    fn room(&mut self) -> Option<&mut Batch> {
        None
    }

    /// Takes an array or table, whose items are rows and no values of the pickle; false for enough, `None` if it cannot.
    fn shaped(&mut self, _value: Value<'_>) -> Option<Result<bool, Failure>> {
        None
    }

    /// Takes a value that has no items, for consumers that make more of it than nothing; false if there is no more to it.
    ///
    /// # Errors
    /// As [`ItemSink::item`].
    fn without_items(&mut self, _value: Value<'_>) -> Result<bool, Failure> {
        Ok(false)
    }

    /// The array or table that comes next is in this memory.
    fn mapped(&mut self, _pages: Pages) {}

    /// It prints what items hold, so that something may be missing from it: not where it only counts them.
    fn shows(&self) -> bool {
        true
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
    Failure::check_container_path(of.path, "$.rows[3].points")?;
    if let Some(batches) = containers::batches(of.file)? {
        return each_batch(batches, &of, take);
    }
    let mut input = containers::open_one(of.file)?;
    if of.path == "$" && !of.resync && is_log(&mut input) {
        return each_pickle(input, take);
    }
    if of.resync {
        let name = input.name().to_owned();
        let mut watch = Watch::new(take);
        let result = stream(of, input, &mut watch);
        return if watch.shaped {
            let text = format!("{} looks like an array or table, whose rows cannot be read with --resync", of.path);
            Err(Failure::Refused { name, text })
        } else {
            result
        };
    }
    let again = shaped::can_be_read_again(&of);
    // Borrowed from a mapped file it takes no memory.
    let is_cheap = !again || input.as_slice().is_some();
    if of.path == "$" && is_cheap && shaped::begins_so(&mut input) {
        // Its first item would be all of its data, copied.
        if again {
            if shaped::whole(input, &of, take)? {
                return Ok(());
            }
            return stream(of, containers::open_one(of.file)?, take);
        }
        // A model is named as arrays are, and has items: what comes from a pipe is kept in a file to be read twice.
        let input = input.into_seekable()?;
        let (name, part) = (input.name().to_owned(), input.part().cloned());
        return match (shaped::whole(input, &of, take)?, part) {
            (false, Some(part)) => stream(of, Input::from_part(name, part)?, take),
            _ => Ok(()),
        };
    }
    let name = input.name().to_owned();
    let mut watch = Watch::new(take);
    // What can be read again is not copied.
    watch.alone = !again;
    let result = stream(of, input, &mut watch);
    let (seen, may_be) = (watch.seen, watch.shaped);
    let take = watch.into_inner();
    match result {
        Ok(()) | Err(Failure::Refused { .. }) if again && (may_be || !seen) => match shaped::again(&of, take) {
            Ok(true) => Ok(()),
            Err(failure) => Err(failure),
            // It only looked so.
            Ok(false) if may_be => stream(of, containers::open_one(of.file)?, take),
            Ok(false) => result,
        },
        Ok(()) if may_be => Err(Failure::Refused {
            name,
            text: format!(
                "{} looks like an array or table: from a file instead of a pipe, its rows can be read",
                of.path
            ),
        }),
        result => result,
    }
}

/// How the first pickle of a file came to its end.
pub enum FirstPickle {
    /// With its last item, and nothing follows.
    Done,
    /// With its last item, and something follows.
    Followed,
    /// The sink had enough.
    Enough,
}

/// The items of the first pickle alone, of an input that was opened before. Arrays and tables are no rows here but the parts
/// that their pickles have. Reading may hold `memory` bytes of each kind, or as many as everywhere.
///
/// # Errors
/// As [`each`].
pub fn first_pickle(
    of: Whose<'_>,
    input: Input,
    memory: Option<usize>,
    take: &mut dyn ItemSink,
) -> Result<FirstPickle, Failure> {
    let mut items = Items::new(input, of.path);
    items.heap = Heap::with_limit(memory.unwrap_or(MEMORY));
    match items.pickle(take) {
        Ok(false) => Ok(FirstPickle::Enough),
        Err(Stop::Failure(failure) | Stop::Damage(failure)) => Err(failure),
        Ok(true) => match items.missing {
            Some(missing) => Err(missing),
            None if items.input.fill_buf()?.is_empty() => Ok(FirstPickle::Done),
            None => Ok(FirstPickle::Followed),
        },
    }
}

/// Items that are values of the pickles.
fn stream(of: Whose<'_>, input: Input, take: &mut dyn ItemSink) -> Result<(), Failure> {
    let mut items = Items::new(if of.resync { input.into_seekable()? } else { input }, of.path);
    items.resync = of.resync;
    let mut whole = Ok(());
    loop {
        let start = items.offset;
        match items.pickle(take) {
            Ok(true) => {}
            Ok(false) => return whole.and_then(|()| items.missing.map_or(Ok(()), Err)),
            Err(Stop::Failure(failure)) => return Err(failure),
            Err(Stop::Damage(failure)) if of.resync => {
                failure.report();
                whole = Err(Failure::Reported);
                // Bytes that were opcodes begin no pickle, whatever they look like.
                let fault = match &failure {
                    Failure::Pickle { error, .. } => error.offset(),
                    _ => start,
                };
                let next = items.resync(search::behind(fault).max(start + 1), fault)?;
                resync::tell(&items.input, start, (items.taken > 0).then_some(fault), next);
                if next.is_none() {
                    return whole;
                }
            }
            Err(Stop::Damage(failure)) => return Err(failure),
        }
    }
}

/// Bytes of the first pickle of a log. One of more is no record but a container whose items are wanted.
const RECORD: usize = 1 << 20;

/// Several pickles one after another, and the first is not a list, tuple or set: each of them is an item.
///
/// Of a stream only what fits into its buffer is looked at, and nothing is consumed. Where the first pickle has come and
/// nothing else yet, this waits for the next byte or the end.
pub(crate) fn is_log(input: &mut Input) -> bool {
    let mut wanted = 1;
    loop {
        let head = input.look(wanted);
        let head = head.get(..RECORD).unwrap_or(head);
        let begin = match head {
            [0x80, _, 0x95, _, _, _, _, _, _, _, _, rest @ ..] => rest,
            [0x80, _, rest @ ..] => rest,
            _ => head,
        };
        // A list is known by its first opcode, however long it is.
        if head.len() < wanted || begin.first() == Some(&b']') {
            return false;
        }
        let mut unpickler = Unpickler::new(Heap::with_limit(RECORD * 64), Options::new());
        match unpickler.load(head) {
            Err(error) if error.kind().is_incomplete() && head.len() < RECORD => wanted = head.len() + 1,
            Err(_) => return false,
            Ok(document) => {
                if !is_record(&document) {
                    return false;
                }
                let end = unpickler.offset() as usize;
                let Some(&next) = input.look(end + 1).get(end) else { return false };
                // Any opcode that a pickle can begin with; of what is no pickle, its reader warns.
                return matches!(
                    next,
                    0x80 | b'('
                        | b'}'
                        | b'c'
                        | b'N'
                        | b'K'
                        | b'J'
                        | b'X'
                        | b'I'
                        | b'F'
                        | b'G'
                        | b'S'
                        | b'V'
                        | b'L'
                        | b'U'
                );
            }
        }
    }
}

pub(super) fn is_record(document: &Document<'_>) -> bool {
    let root = document.root();
    match root.view() {
        // Sets of protocols 0 to 3 are made by a call.
        View::Sequence(_) | View::Set(_) => false,
        _ => !root.as_object().is_some_and(|object| {
            object
                .changes()
                .any(|change| matches!(change, pickle_core::Change::Append(_) | pickle_core::Change::Add(_)))
        }),
    }
}

/// Says that a pickle drops calls, where what it holds is shown.
pub(super) fn tell(name: &str, document: &Document<'_>, take: &dyn ItemSink) {
    if take.shows() {
        dropped::tell(name, document);
    }
}

/// Whole pickles as items.
fn each_pickle(input: Input, take: &mut dyn ItemSink) -> Result<(), Failure> {
    let name = input.name().to_owned();
    let mut pickles = Pickles::new(input, Options::new(), false);
    for index in 0.. {
        if pickles.input().would_wait() {
            take.idle()?;
        }
        let Some(document) = pickles.next_document()? else { break };
        tell(&name, &document, take);
        if !take.item(&Item::whole(index, document))? {
            break;
        }
    }
    Ok(())
}

/// The rows of a file whose members are batches of them, one after another.
fn each_batch(batches: containers::Members, of: &Whose<'_>, take: &mut dyn ItemSink) -> Result<(), Failure> {
    let mut index = 0;
    for input in batches {
        let mut pickles = Pickles::new(input?, Options::new(), false);
        let name = pickles.input().name().to_owned();
        while let Some(document) = pickles.next_document()? {
            tell(&name, &document, take);
            let refuse = || Failure::Refused { name: name.clone(), text: missing::value(&document, of.path) };
            let found = document.find(of.path).ok_or_else(refuse)?;
            // What was written without batches is a row itself.
            let batch = matches!(found.kind(), Kind::List | Kind::Tuple).then(|| found.items()).flatten();
            let alone = if batch.is_none() { Some(found) } else { None };
            for row in batch.into_iter().flatten().chain(alone) {
                if !take.item(&Item { index, role: Role::Item, key: None, document: row.document() })? {
                    return Ok(());
                }
                index += 1;
            }
        }
    }
    Ok(())
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
    /// No pickle so far has anything at the path, or not what has items.
    missing: Option<Failure>,
    /// What follows the pickles and is none is damage, too.
    resync: bool,
    /// It was said that a pickle is read as a whole.
    doubt_told: bool,
    heap: Heap,
    /// Where the next pickle begins.
    offset: u64,
    /// Its number, counted from 0.
    index: u64,
    /// Items that a damaged pickle had given.
    taken: u64,
}

/// Opcodes of a pickle that is read as a whole without a word.
const SILENT: u64 = 1 << 20;

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
        Items { input, path, missing: None, resync: false, doubt_told: false, heap, offset: 0, index: 0, taken: 0 }
    }

    /// The items of one pickle; false after the last, or where `take` had enough.
    fn pickle(&mut self, take: &mut dyn ItemSink) -> Result<bool, Stop> {
        if self.input.would_wait() {
            take.idle()?;
        }
        let Some(&first_byte) = self.input.fill_buf()?.first() else {
            return match self.index {
                0 => Err(Stop::Damage(self.input.bad_pickle(0, Error::new(ErrorKind::Empty, 0, 0)))),
                _ => Ok(false),
            };
        };
        let mut taken = 0;
        let mut end = self.read(None, &mut taken, take)?;
        let dropped = matches!(end, End::Error(error, ..) if error.kind() == ErrorKind::MemoDropped);
        // Few pickles fetch what is long gone. For those a pass over the opcodes finds what must be kept, and the items
        // that were taken already are passed over.
        let mut planner = MemoPlanner::new();
        let plan = if dropped { plan::plan(&mut self.input, self.offset, &mut planner)? } else { None };
        if let Some(plan) = &plan {
            self.input.go_to(self.offset);
            end = self.read(Some(plan), &mut taken, take)?;
        }
        match end {
            End::Done(offset) => self.offset = offset,
            End::Enough => return Ok(false),
            End::Error(error, _, opcodes)
                if self.index > 0 && !self.resync && !is_cut_pickle(first_byte, error, opcodes) =>
            {
                warn_of_rest(&mut self.input, &[], self.index, self.offset, error)?;
                return Ok(false);
            }
            End::Error(error, entry, _) => {
                self.taken = taken;
                return Err(Stop::Damage(failure(&self.input, self.index, error, entry, plan.is_some())));
            }
        }
        self.index += 1;
        Ok(true)
    }

    /// Gives the items from number `taken` on to `take`.
    fn read(&mut self, plan: Option<&MemoPlan<'_>>, taken: &mut u64, take: &mut dyn ItemSink) -> Result<End, Failure> {
        let heap = std::mem::replace(&mut self.heap, Heap::with_limit(MEMORY));
        let options = Options::new().stop_after_build(true);
        let options = ItemOptions::new().reader(options);
        let mut reader = ItemReader::new(heap, options).at_path(self.path);
        if let Some(plan) = plan {
            reader = reader.with_plan(plan);
        }
        if self.input.part().is_some() && (self.path != "$" || self.is_tuple_likely()) {
            reader = reader.report_doubt();
        }
        reader.begin_at(self.offset);
        let end = loop {
            // Items that are ready are not kept waiting for what comes next.
            let all = self.input.ready()?;
            let mut rest = all;
            let mut room = take.room();
            let found = match &mut room {
                Some(room) => reader.feed_batch(&mut rest, room),
                None => reader.feed(&mut rest),
            };
            let ready = room.map_or(0, |room| room.len() as u64);
            let (used, left) = (all.len() - rest.len(), rest.len());
            self.input.consume(used);
            let error = match found {
                Ok(Found::Item) if ready != 0 => {
                    take.batch(*taken)?;
                    *taken = (*taken).max(reader.count());
                    continue;
                }
                Ok(Found::Item) => match reader.item() {
                    Some(item) if item.index() >= *taken => {
                        *taken += 1;
                        if take.item(&Item::of(&item))? {
                            continue;
                        }
                        break End::Enough;
                    }
                    _ => continue,
                },
                Ok(Found::Done) => {
                    self.note_missing(&reader, take)?;
                    break End::Done(reader.offset());
                }
                Ok(Found::NeedMore) => {
                    if left != 0 {
                        continue;
                    }
                    if reader.is_held_in_doubt() && reader.opcodes() > SILENT {
                        self.tell_of_doubt();
                    }
                    if self.input.would_wait() {
                        take.idle()?;
                    }
                    if !self.input.fill_buf()?.is_empty() {
                        continue;
                    }
                    match reader.finish() {
                        Ok(()) => {
                            self.note_missing(&reader, take)?;
                            break End::Done(reader.offset());
                        }
                        Err(error) => error,
                    }
                }
                Ok(_) => {
                    // A file can be looked at ahead.
                    let leads_here = match reader.look_ahead() {
                        Some(look_ahead) => look_ahead::leads_here(&mut self.input, look_ahead)?,
                        None => false,
                    };
                    self.input.go_to(reader.offset());
                    reader.decide(leads_here);
                    continue;
                }
                Err(error) => error,
            };
            break End::Error(error, reader.entry(), reader.opcodes());
        };
        if take.shows() {
            dropped::note_stream(self.input.name(), reader.dropped_call());
        }
        self.heap = reader.into_memory();
        Ok(end)
    }

    /// The file does not end as a pickle of a list, dict or set does, so it is looked through before items are taken for
    /// those of the outermost container.
    fn is_tuple_likely(&self) -> bool {
        self.input.as_slice().is_some_and(LookAhead::can_tell)
    }

    /// Says, once, that a pickle is read as a whole.
    fn tell_of_doubt(&mut self) {
        if !std::mem::replace(&mut self.doubt_told, true) {
            let text = format!(
                "{} is read whole into memory: only later opcodes decide whether it belongs to what comes before it \
                 (an uncompressed file is looked through first)",
                self.path
            );
            note(self.input.name(), &text);
        }
    }

    /// Remembers why there was no item, until there is one.
    fn note_missing(&mut self, reader: &ItemReader<'_, Heap>, take: &mut dyn ItemSink) -> Result<(), Failure> {
        if reader.count() > 0 {
            self.missing = None;
            return Ok(());
        }
        let Some(document) = reader.document() else { return Ok(()) };
        if let Some(value) = document.find(self.path)
            && take.without_items(value)?
        {
            self.missing = None;
        } else if self.index == 0 || self.missing.is_some() {
            self.missing = missing::items(&document, self.path).map(|text| self.input.refuse(text));
        }
        Ok(())
    }

    /// Goes to the next place where a pickle seems to begin.
    fn resync(&mut self, from: u64, fault: u64) -> Result<Option<u64>, Failure> {
        let Some(part) = self.input.part().cloned() else { return Ok(None) };
        let Some(next) = resync::next_pickle(&part, from, fault, self.input.name())? else { return Ok(None) };
        self.input.go_to(next);
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
