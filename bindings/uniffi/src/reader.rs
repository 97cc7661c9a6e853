//! Reading: a whole pickle at once, or a stream in pieces.

use crate::flat;
use crate::{ErrorKind, PickleError};
use pickle_core::{Document, Heap, Options, joblib};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What becomes of Python 2 strs: the `encoding` of `pickle.load`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Enum)]
pub enum Encoding {
    /// They stay Python 2 strings, distinct from str and bytes.
    #[default]
    Keep,
    /// They become bytes.
    Bytes,
    /// They become strs; anything but ASCII is an error.
    Ascii,
    /// They become strs, a code point a byte.
    Latin1,
    /// They become strs.
    Utf8,
}

/// Options for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ReadOptions {
    /// What becomes of Python 2 strs.
    pub encoding: Encoding,
    /// Bytes that the values of one pickle may take in each of the reader's memory regions.
    #[uniffi(default = None)]
    pub max_bytes: Option<u64>,
    /// Opcodes that one pickle may have.
    #[uniffi(default = None)]
    pub max_opcodes: Option<u64>,
    /// Levels that values may nest, as they are handed out.
    #[uniffi(default = 1000)]
    pub max_depth: u32,
    /// How many out-of-band buffers the caller has; without, as many as the pickle asks for.
    #[uniffi(default = None)]
    pub buffers: Option<u32>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions { encoding: Encoding::Keep, max_bytes: None, max_opcodes: None, max_depth: 1000, buffers: None }
    }
}

impl ReadOptions {
    pub(crate) fn to_core(self) -> Options {
        use pickle_core::Encoding as Core;
        let encoding = match self.encoding {
            Encoding::Keep => Core::Keep,
            Encoding::Bytes => Core::Bytes,
            Encoding::Ascii => Core::Ascii,
            Encoding::Latin1 => Core::Latin1,
            Encoding::Utf8 => Core::Utf8,
        };
        Options::new()
            .encoding(encoding)
            .buffers(self.buffers)
            .max_opcodes(self.max_opcodes.unwrap_or(u64::MAX))
            .stop_after_build(true)
    }

    pub(crate) fn heap(self) -> Heap {
        match self.max_bytes {
            Some(bytes) => Heap::with_limit(usize::try_from(bytes).unwrap_or(usize::MAX)),
            None => Heap::new(),
        }
    }
}

/// Reads the pickle at the start of `data` and gives it in the flat form.
/// What follows the pickle is not looked at.
///
/// # Errors
/// What is wrong with the pickle, or the limit that was reached.
#[uniffi::export]
pub fn loads(data: &[u8], options: ReadOptions) -> Result<Vec<u8>, PickleError> {
    read(data, options, &|document| flat::write::encode(document, options.max_depth, Vec::with_capacity(data.len())))
}

/// Reads the pickle at the start of `data` and hands its document over. (One copy serves all that read a whole pickle.)
#[inline(never)]
pub(crate) fn read(
    data: &[u8],
    options: ReadOptions,
    take: &dyn Fn(&Document<'_>) -> Result<Vec<u8>, PickleError>,
) -> Result<Vec<u8>, PickleError> {
    let is_large = data.len() >= LARGE && options.max_bytes.is_none();
    let spare = if is_large { SPARE.lock().unwrap_or_else(PoisonError::into_inner).take() } else { None };
    let heap = spare.unwrap_or_else(|| options.heap());
    let mut unpickler = pickle_core::Unpickler::new(heap, options.to_core());
    while unpickler.advance(data)? == pickle_core::Status::Built {
        joblib::take_array(&mut unpickler, data)?;
    }
    let document = unpickler.document_in(data).ok_or_else(|| incomplete(unpickler.offset()))?;
    let out = take(&document);
    let heap = unpickler.into_memory();
    if is_large && heap.size() <= SPARE_MAX {
        *SPARE.lock().unwrap_or_else(PoisonError::into_inner) = Some(heap);
    }
    out
}

fn incomplete(offset: u64) -> PickleError {
    PickleError::new(ErrorKind::EndOfInput, offset, "the pickle is not complete: feed the reader until it is done")
}

/// The memory of the last large pickle, for the next one: to grow it anew takes longer than to read.
static SPARE: Mutex<Option<Heap>> = Mutex::new(None);
/// Bytes from which on a pickle is large.
const LARGE: usize = 1 << 20;
/// Bytes of memory that are kept at most. On phones none are.
const SPARE_MAX: usize = if cfg!(any(target_os = "android", target_os = "ios")) { 0 } else { 256 << 20 };

/// Outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Status {
    /// All input is used up and the pickle is not over.
    NeedMore,
    /// The pickle is over; what is left of the input follows it.
    Done,
}

/// What became of a piece of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Fed {
    /// How far the pickle is.
    pub status: Status,
    /// Bytes of the piece that were used. The others belong to what follows the pickle.
    pub consumed: u64,
}

/// Reads pickles from a stream that arrives in pieces of any size.
#[derive(uniffi::Object)]
pub struct Unpickler {
    state: Mutex<State>,
    max_depth: u32,
}

struct State {
    unpickler: pickle_core::Unpickler<Heap>,
    done: bool,
}

#[uniffi::export]
impl Unpickler {
    /// A reader at the start of a stream.
    #[uniffi::constructor]
    pub fn new(options: ReadOptions) -> Arc<Self> {
        let unpickler = pickle_core::Unpickler::new(options.heap(), options.to_core());
        Arc::new(Unpickler { state: Mutex::new(State { unpickler, done: false }), max_depth: options.max_depth })
    }

    /// Takes a piece of input.
    ///
    /// # Errors
    /// What is wrong with the pickle, or the limit that was reached. The
    /// reader stays in the error until [`Unpickler::next_pickle`].
    pub fn feed(&self, data: &[u8]) -> Result<Fed, PickleError> {
        let mut state = self.state();
        let mut rest = data;
        let status = loop {
            match state.unpickler.feed(&mut rest)? {
                pickle_core::Status::NeedMore => break Status::NeedMore,
                pickle_core::Status::Done => break Status::Done,
                pickle_core::Status::Built => joblib::take_array(&mut state.unpickler, &[])?,
                // Payloads out of band are not asked for.
                pickle_core::Status::Payload => {}
            }
        };
        state.done = status == Status::Done;
        Ok(Fed { status, consumed: (data.len() - rest.len()) as u64 })
    }

    /// Ends the input.
    ///
    /// # Errors
    /// The pickle is not complete.
    pub fn finish(&self) -> Result<(), PickleError> {
        self.state().unpickler.finish()?;
        Ok(())
    }

    /// The pickle that was read, in the flat form.
    ///
    /// # Errors
    /// It is not complete, or a limit was reached.
    pub fn document(&self) -> Result<Vec<u8>, PickleError> {
        let state = self.state();
        let document = state.unpickler.document().ok_or_else(|| incomplete(state.unpickler.offset()))?;
        flat::write::encode(&document, self.max_depth, Vec::new())
    }

    /// Goes on to the pickle that follows; with `keep_memo` it can refer to
    /// what the one before put into the memo.
    pub fn next_pickle(&self, keep_memo: bool) {
        let mut state = self.state();
        state.done = false;
        state.unpickler.next_pickle(keep_memo);
    }

    /// Bytes of the stream that were used.
    pub fn offset(&self) -> u64 {
        self.state().unpickler.offset()
    }

    /// The protocol that the pickle says it is in; 0 where it says nothing.
    pub fn protocol(&self) -> u8 {
        self.state().unpickler.protocol()
    }
}

impl Unpickler {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
