//! Items of a file, which is read twice: what is fetched from the memo later is known before, and nothing else is kept.

use super::{BATCH, after, check, how, without_items, write};
use crate::flat::write::Parts;
use crate::{ErrorKind, PickleError, ReadOptions};
use pickle_core::{Decoder, Found, Heap, ItemOptions, ItemReader, LookAhead, MemoPlan, MemoPlanner};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Bytes that are read at a time.
const PIECE: usize = 256 << 10;

/// Hands over the items of a container in a file, as [`ItemReader`](crate::ItemReader) does in a stream. A first pass over
/// each pickle finds what its memo must keep: a stream has to guess, and gives up where it guessed wrong.
///
/// A thread reads ahead by one batch; it ends when this is dropped.
#[derive(uniffi::Object)]
pub struct FileItems {
    state: Mutex<State>,
    dropped: Arc<FirstDropped>,
}

/// Where the first dropped call stands, of those that the thread has come upon; the highest number while it knows of none.
struct FirstDropped(AtomicU64);

impl FirstDropped {
    fn note(&self, call: Option<u64>) {
        if let Some(offset) = call {
            self.0.fetch_min(offset, Ordering::Relaxed);
        }
    }
}

struct State {
    batches: Receiver<Result<Vec<u8>, PickleError>>,
    /// What ended it; it is said again.
    failed: Option<PickleError>,
}

#[uniffi::export]
impl FileItems {
    /// The items of every pickle in a file; `path` and `min_nodes` as of [`ItemReader`](crate::ItemReader). What is no regular file
    /// is read once, like a stream.
    ///
    /// # Errors
    /// [`ErrorKind::InputOutput`]: the file cannot be opened. [`ErrorKind::BadPath`]: the path cannot be read.
    #[uniffi::constructor]
    pub fn open(
        file: String,
        path: String,
        options: ReadOptions,
        min_nodes: Option<u32>,
    ) -> Result<Arc<Self>, PickleError> {
        check(&path)?;
        let how = how(options, min_nodes);
        let source = File::open(&file).map_err(|error| io(0, &error))?;
        let kind = source.metadata().map_err(|error| io(0, &error))?;
        if kind.is_dir() {
            return Err(PickleError::new(ErrorKind::InputOutput, 0, format!("{file} is a directory")));
        }
        let again = || File::open(&file).map_err(|error| io(0, &error));
        let ahead = if kind.is_file() { Some(Ahead { plans: again()?, doubts: again()? }) } else { None };
        let (sender, batches) = sync_channel(1);
        let dropped = Arc::new(FirstDropped(AtomicU64::new(u64::MAX)));
        let noted = Arc::clone(&dropped);
        let job = move || {
            let mut out = Out {
                sender: &sender,
                items: Vec::new(),
                max_depth: options.max_depth,
                parts: Parts::default(),
                dropped: &noted,
            };
            if let Err(Stop::Failed(error)) = read(source, ahead, &path, how, options.heap(), &mut out) {
                let _ = out.flush();
                let _ = sender.send(Err(error));
            }
        };
        thread::Builder::new().name("libpickle items".into()).spawn(job).map_err(|error| io(0, &error))?;
        Ok(Arc::new(FileItems { state: Mutex::new(State { batches, failed: None }), dropped }))
    }

    /// Some items, at least one, as [`ItemBatch`](crate::ItemBatch) has them; `None` after the last.
    ///
    /// # Errors
    /// What is wrong with the pickle or the file, the limit that was reached, or why it cannot be read item by item. All
    /// items before that were handed over.
    pub fn next_batch(&self) -> Result<Option<Vec<u8>>, PickleError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        match state.batches.recv() {
            Ok(Ok(items)) => Ok(Some(items)),
            Ok(Err(error)) => {
                state.failed = Some(error.clone());
                Err(error)
            }
            // The thread is done.
            Err(_) => Ok(None),
        }
    }

    /// As [`ItemReader`](crate::ItemReader) has it, in what was read so far: after the last batch, of the whole file.
    pub fn dropped_call(&self) -> Option<u64> {
        Some(self.dropped.0.load(Ordering::Relaxed)).filter(|offset| *offset != u64::MAX)
    }
}

/// Why no more is read.
enum Stop {
    Failed(PickleError),
    /// Nobody asks any more.
    Dropped,
}

impl<E: Into<PickleError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Failed(error.into())
    }
}

fn io(offset: u64, error: &std::io::Error) -> PickleError {
    PickleError::new(ErrorKind::InputOutput, offset, error.to_string())
}

/// Where items go.
struct Out<'s> {
    sender: &'s SyncSender<Result<Vec<u8>, PickleError>>,
    items: Vec<u8>,
    max_depth: u32,
    parts: Parts,
    dropped: &'s FirstDropped,
}

impl Out<'_> {
    fn flush(&mut self) -> Result<(), Stop> {
        if self.items.is_empty() {
            return Ok(());
        }
        self.sender.send(Ok(std::mem::take(&mut self.items))).map_err(|_| Stop::Dropped)
    }
}

/// The file, opened again to read ahead: for plans, and to settle ambiguous containers.
struct Ahead {
    plans: File,
    doubts: File,
}

/// A file, piece by piece.
struct Pieces {
    file: File,
    piece: Vec<u8>,
    unread: std::ops::Range<usize>,
}

impl Pieces {
    fn new(file: File) -> Self {
        Pieces { file, piece: vec![0; PIECE], unread: 0..0 }
    }

    /// Goes on at another place.
    fn go_to(&mut self, offset: u64) -> std::io::Result<()> {
        self.unread = 0..0;
        self.file.seek(SeekFrom::Start(offset)).map(drop)
    }

    /// The last bytes of the file.
    fn tail(&mut self) -> std::io::Result<Vec<u8>> {
        let len = self.file.seek(SeekFrom::End(0))?;
        self.go_to(len.saturating_sub(16))?;
        let mut tail = Vec::new();
        self.file.read_to_end(&mut tail)?;
        Ok(tail)
    }

    /// What was not used yet; empty at the end.
    fn rest(&mut self) -> std::io::Result<&[u8]> {
        while self.unread.is_empty() {
            match self.file.read(&mut self.piece) {
                Ok(0) => break,
                Ok(len) => self.unread = 0..len,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.piece.get(self.unread.clone()).unwrap_or_default())
    }
}

fn read(
    source: File,
    ahead: Option<Ahead>,
    path: &str,
    how: ItemOptions,
    mut heap: Heap,
    out: &mut Out<'_>,
) -> Result<(), Stop> {
    let mut source = Pieces::new(source);
    let (mut ahead, mut doubts) = match ahead {
        Some(Ahead { plans, doubts }) => (Some((Pieces::new(plans), Decoder::new())), Some(Pieces::new(doubts))),
        None => (None, None),
    };
    let asks = match &mut doubts {
        Some(pieces) => path_is_within(path) || pieces.tail().is_ok_and(|tail| LookAhead::can_tell(&tail)),
        None => false,
    };
    let mut planner = MemoPlanner::new();
    let mut offset = 0;
    loop {
        let is_end = source.rest().map_err(|error| Stop::Failed(io(offset, &error)))?.is_empty();
        // An empty file is no pickle.
        if is_end && offset != 0 {
            return out.flush();
        }
        let plan = ahead.as_mut().map(|(pieces, decoder)| plan(pieces, decoder, &mut planner));
        let mut reader = ItemReader::new(heap, how).at_path(path);
        if let Some(plan) = &plan {
            reader = reader.with_plan(plan);
        }
        if asks {
            reader = reader.report_doubt();
        }
        reader.begin_at(offset);
        loop {
            let mut rest = source.rest().map_err(|error| Stop::Failed(io(reader.offset(), &error)))?;
            if rest.is_empty() {
                reader.finish().map_err(|error| after(&reader, error))?;
            }
            let before = rest.len();
            let found = reader.feed(&mut rest);
            source.unread.start += before - rest.len();
            out.dropped.note(reader.dropped_call());
            match found.map_err(|error| after(&reader, error))? {
                Found::Item => {
                    if let Some(item) = reader.item() {
                        write(&item, out.max_depth, &mut out.parts, &mut out.items)?;
                    }
                    if out.items.len() >= BATCH {
                        out.flush()?;
                    }
                }
                Found::NeedMore => {}
                Found::Doubt => {
                    let leads_here = match (reader.look_ahead(), &mut doubts) {
                        (Some(look_ahead), Some(pieces)) => leads_here(pieces, look_ahead),
                        _ => Ok(false),
                    };
                    reader.decide(leads_here.map_err(|error| Stop::Failed(io(reader.offset(), &error)))?);
                }
                _ => break,
            }
        }
        if let Some(error) = without_items(&reader, path) {
            return Err(error.into());
        }
        offset = reader.offset();
        heap = reader.into_memory();
    }
}

/// The path leads to something inside the outermost value.
fn path_is_within(path: &str) -> bool {
    pickle_core::ValuePath::new(path).next().is_some()
}

/// Whether the container in doubt is the one at the path.
fn leads_here(pieces: &mut Pieces, mut look_ahead: LookAhead) -> std::io::Result<bool> {
    pieces.go_to(look_ahead.offset())?;
    loop {
        let mut rest = pieces.rest()?;
        let before = rest.len();
        if before == 0 {
            return Ok(false);
        }
        let known = look_ahead.feed(&mut rest);
        pieces.unread.start += before - rest.len();
        if let Some(known) = known {
            return Ok(known);
        }
    }
}

/// The plan of the next pickle. Of a damaged one, it is that of what comes before the fault, which the second pass will
/// tell. So it will if the file was changed meanwhile: what is not in the plan cannot be fetched.
fn plan<'s>(pieces: &mut Pieces, decoder: &mut Decoder, planner: &'s mut MemoPlanner) -> MemoPlan<'s> {
    decoder.next_pickle();
    while let Ok(mut rest) = pieces.rest() {
        let before = rest.len();
        let over = before == 0 || planner.feed(decoder, &mut rest);
        pieces.unread.start += before - rest.len();
        if over {
            break;
        }
    }
    planner.finish()
}
