//! Items one at a time, out of streams that are larger than memory.

mod file;

pub use file::FileItems;

use crate::{ErrorKind, PickleError, ReadOptions, flat};
use pickle_core::{Found, Heap, Item, ItemOptions, Role};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Bytes of items that are handed over at once: a call costs more than an item.
const BATCH: usize = 64 << 10;

/// Outcome of a call of [`ItemReader::feed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ItemStatus {
    /// All input is used up and the pickle is not over.
    NeedMore,
    /// There are items, and perhaps more: call again with what is left of the input, also where nothing is left.
    Items,
    /// The pickle is over; what is left of the input follows it.
    Done,
}

/// What became of a piece of input.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ItemBatch {
    /// How far the pickle is.
    pub status: ItemStatus,
    /// Bytes of the piece that were used.
    pub consumed: u64,
    /// The items that were found. For each one byte: 0 an item, 1 an entry of a dict, 2 an attribute, 3 a state; for an
    /// entry or attribute its key, and for all the value: a length in bytes as in the flat form, and the flat form.
    pub items: Vec<u8>,
}

/// Hands over the items of a container, one at a time, as soon as no later opcode can reach them. Memory does not grow
/// with the stream.
#[derive(uniffi::Object)]
pub struct ItemReader {
    state: Mutex<State>,
    max_depth: u32,
}

struct State {
    reader: pickle_core::ItemReader<'static, Heap>,
    path: String,
    /// What is to be said after the items that were found before it.
    failed: Option<PickleError>,
    /// The first dropped call of the pickles before.
    dropped: Option<u64>,
    parts: flat::write::Parts,
}

#[uniffi::export]
impl ItemReader {
    /// A reader at the start of a stream: of the items of the outermost container, or of the one at a path such as
    /// `$.rows`. `min_nodes` is the number of values up to which a pickle is read as a whole; without, 4096.
    ///
    /// # Errors
    /// [`ErrorKind::BadPath`]: the path cannot be read.
    #[uniffi::constructor]
    pub fn new(path: String, options: ReadOptions, min_nodes: Option<u32>) -> Result<Arc<Self>, PickleError> {
        check(&path)?;
        let reader = pickle_core::ItemReader::new(options.heap(), how(options, min_nodes)).at_path(kept(path.clone()));
        let state =
            Mutex::new(State { reader, path, failed: None, dropped: None, parts: flat::write::Parts::default() });
        Ok(Arc::new(ItemReader { state, max_depth: options.max_depth }))
    }

    /// Takes a piece of input, and gives the items that it completes.
    ///
    /// # Errors
    /// What is wrong with the pickle, the limit that was reached, or why it cannot be read item by item.
    /// [`ErrorKind::PathMissing`]: the pickle is over, and has nothing at the path, or no container.
    pub fn feed(&self, data: &[u8]) -> Result<ItemBatch, PickleError> {
        let mut state = self.state();
        let state = &mut *state;
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        let (mut rest, mut items) = (data, Vec::new());
        let result = loop {
            match state.reader.feed(&mut rest) {
                Ok(Found::Item) => {
                    if let Some(item) = state.reader.item()
                        && let Err(error) = write(&item, self.max_depth, &mut state.parts, &mut items)
                    {
                        break Err(error);
                    }
                    if items.len() >= BATCH {
                        break Ok(ItemStatus::Items);
                    }
                }
                // A stream cannot be looked at ahead, so doubts are not asked about.
                Ok(Found::NeedMore | Found::Doubt) => break Ok(ItemStatus::NeedMore),
                Ok(_) => break without_items(&state.reader, &state.path).map_or(Ok(ItemStatus::Done), Err),
                Err(error) => break Err(after(&state.reader, error)),
            }
        };
        let consumed = (data.len() - rest.len()) as u64;
        match result {
            Ok(status) => Ok(ItemBatch { status, consumed, items }),
            Err(error) => {
                state.failed = Some(error.clone());
                // What was found before the fault is good.
                if items.is_empty() { Err(error) } else { Ok(ItemBatch { status: ItemStatus::Items, consumed, items }) }
            }
        }
    }

    /// Ends the input.
    ///
    /// # Errors
    /// The pickle is not complete.
    pub fn finish(&self) -> Result<(), PickleError> {
        let mut state = self.state();
        match &state.failed {
            Some(error) => Err(error.clone()),
            None => state.reader.finish().map_err(|error| after(&state.reader, error)),
        }
    }

    /// Goes on to the pickle that follows.
    pub fn next_pickle(&self) {
        let mut state = self.state();
        state.failed = None;
        state.dropped = state.dropped.or(state.reader.dropped_call());
        state.reader.next_pickle();
    }

    /// Bytes of the stream that were used.
    pub fn offset(&self) -> u64 {
        self.state().reader.offset()
    }

    /// Where the first call stands, in what was read so far of the stream, whose result the pickle drops: the offset of the
    /// POP. It was made for what it does to a value: cloudpickle and dill set so what no item shows.
    pub fn dropped_call(&self) -> Option<u64> {
        let state = self.state();
        state.dropped.or(state.reader.dropped_call())
    }
}

impl ItemReader {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(path: &str) -> Result<(), PickleError> {
    let steps = pickle_core::ValuePath::new(path);
    let text = if !steps.is_valid() {
        format!("{path:?} is not a path: write one like $.rows or $[\"a key\"][3]")
    } else if steps.is_many() {
        format!(
            "{path} may lead to several values, and items are those of one container: findAll reads all that it leads to"
        )
    } else {
        return Ok(());
    };
    Err(PickleError::new(ErrorKind::BadPath, 0, text))
}

/// Why a pickle that is over had no items, unless its container is empty: there is nothing at the path, or no container.
fn without_items(reader: &pickle_core::ItemReader<'_, Heap>, path: &str) -> Option<PickleError> {
    let text = match reader.document()?.find(path) {
        None => format!("there is nothing at {path} in this pickle"),
        Some(_) if reader.is_without_items() => format!("what is at {path} is no container and has no items"),
        Some(_) => return None,
    };
    Some(PickleError::new(ErrorKind::PathMissing, reader.offset(), text))
}

/// A fault of the stream, and how many items came before it.
fn after(reader: &pickle_core::ItemReader<'_, Heap>, error: pickle_core::Error) -> PickleError {
    let PickleError::Failed { kind, offset, text } = error.into();
    let text = match reader.count() {
        0 => text,
        1 => format!("{text}, after 1 item"),
        items => format!("{text}, after {items} items"),
    };
    PickleError::new(kind, offset, text)
}

fn how(options: ReadOptions, min_nodes: Option<u32>) -> ItemOptions {
    let default = ItemOptions::new();
    default.reader(options.to_core()).min_nodes(min_nodes.map_or(default.min_nodes, |min_nodes| min_nodes as usize))
}

fn write(
    item: &Item<'_>,
    max_depth: u32,
    parts: &mut flat::write::Parts,
    items: &mut Vec<u8>,
) -> Result<(), PickleError> {
    let before = items.len();
    items.push(match item.role() {
        Role::Item => 0,
        Role::Entry => 1,
        Role::Attribute => 2,
        Role::State => 3,
    });
    for document in item.key_document().into_iter().chain([item.document()]) {
        match parts.encode(&document, max_depth) {
            Ok(part) => {
                flat::write::number(items, part.len() as u64);
                items.extend_from_slice(part);
            }
            Err(error) => {
                items.truncate(before);
                return Err(error);
            }
        }
    }
    Ok(())
}

/// A path for as long as the program runs: readers borrow theirs. There are as many as a program spells.
fn kept(path: String) -> &'static str {
    static PATHS: OnceLock<Mutex<HashSet<&'static str>>> = OnceLock::new();
    let mut paths = PATHS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = paths.get(path.as_str()) {
        return known;
    }
    let path = Box::leak(path.into_boxed_str());
    paths.insert(path);
    path
}
