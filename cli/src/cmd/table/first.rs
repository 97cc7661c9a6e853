//! The first rows of a list that is not read to its end: a first look at 10 GB takes no longer than one at 10 MB.

use super::{TableArgs, pickled};
use crate::Failure;
use crate::input::Input;
use crate::pickles::items::{FirstPickle, Item, ItemSink, Whose, first_pickle};
use pickle_core::{Batch, Document, Heap, Options, Role, Unpickler, Value};

/// Bytes of a file that is read as a whole, so that the last rows and the shape are known.
const SMALL: usize = 4 << 20;

/// Rows from which the columns are inferred, where more are not asked for.
const SAMPLE: usize = 10_000;

/// Bytes of rows that came alone, and batches of others, after which no more are looked at than are shown.
const MOST: (usize, usize) = (16 << 20, 64);

/// Bytes that reading may hold of a file before it is read as a whole after all.
const HELD: usize = 256 << 20;

/// Rows that were copied out of the reader.
enum Held {
    Batch(Batch, u64),
    /// One that came alone: a pickle of it, and what was read of that.
    One(Vec<u8>, Box<Unpickler<Heap>>),
}

/// The first rows of a list.
pub(super) struct FirstRows {
    held: Vec<Held>,
    room: Batch,
    rows: usize,
    bytes: usize,
    batches: usize,
    /// Rows that are shown.
    wanted: usize,
    /// It is no list: dicts and objects are read as a whole.
    is_whole: bool,
    /// There are more rows than these.
    pub(super) is_cut: bool,
    /// Something follows the pickle.
    pub(super) is_followed: bool,
}

/// What came of a first look.
pub(super) enum Look {
    /// It is a list, and these are its rows.
    Rows(FirstRows),
    /// It is to be read as a whole; nothing was read of it.
    Whole(Input),
    /// The same, and it is to be opened again.
    Again,
}

/// The first rows of an input of which nothing was read.
///
/// # Errors
/// A pipe cannot be read, or has no list though it begins with one.
pub(super) fn read(args: &TableArgs, path: &str, mut input: Input) -> Result<Look, Failure> {
    let of = Whose { file: &args.file, path, resync: false };
    let again = of.can_be_read_again();
    let is_small = input.as_slice().is_some_and(|all| all.len() <= SMALL);
    // What is at a path may be a list; a pipe is not read twice, so there it must be seen beforehand.
    let may_be = if path == "$" { begins_with_list(&mut input) } else { again };
    if is_small || !may_be {
        return Ok(Look::Whole(input));
    }
    let mut first = FirstRows {
        held: Vec::new(),
        room: Batch::new(),
        rows: 0,
        bytes: 0,
        batches: 0,
        wanted: args.rows,
        is_whole: false,
        is_cut: false,
        is_followed: false,
    };
    let memory = if again { Some(HELD) } else { None };
    match first_pickle(of, input, memory, &mut first) {
        // The error is reported when all of it is read.
        Ok(_) if first.is_whole && again => return Ok(Look::Again),
        Err(_) if again => return Ok(Look::Again),
        Ok(FirstPickle::Followed) if again => return Ok(Look::Again),
        Ok(_) if first.is_whole => {
            let text =
                "it begins with a list but is not one; from a file instead of a pipe it can be read as a table".into();
            return Err(Failure::Refused { name: args.file.display().to_string(), text });
        }
        Ok(FirstPickle::Followed) => first.is_followed = true,
        Ok(FirstPickle::Enough) => first.is_cut = true,
        Ok(FirstPickle::Done) => {}
        Err(failure) => return Err(failure),
    }
    Ok(Look::Rows(first))
}

/// The outermost value is probably a list: its opcode is the first.
fn begins_with_list(input: &mut Input) -> bool {
    let head = input.look(16);
    let rest = match head {
        [0x80, _, 0x95, _, _, _, _, _, _, _, _, rest @ ..] | [0x80, _, rest @ ..] => rest,
        rest => rest,
    };
    matches!(rest, [b']', ..] | [b'(', b'l', ..])
}

impl FirstRows {
    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// The documents of the rows.
    pub(super) fn documents(&self) -> Vec<Document<'_>> {
        let mut documents = Vec::with_capacity(self.rows);
        for held in &self.held {
            match held {
                Held::Batch(batch, from) => {
                    documents.extend(batch.items().filter(|item| item.index() >= *from).map(|item| item.document()));
                }
                Held::One(bytes, pickle) => documents.extend(pickle.document_in(bytes)),
            }
        }
        documents
    }

    fn is_enough(&self) -> bool {
        self.rows >= self.wanted.max(SAMPLE)
            || self.rows >= self.wanted && (self.bytes >= MOST.0 || self.batches >= MOST.1)
    }
}

impl ItemSink for FirstRows {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        if item.role() != Role::Item {
            self.is_whole = true;
            return Ok(false);
        }
        if self.is_enough() {
            return Ok(false);
        }
        let refuse = |text: String| Failure::Refused { name: format!("row {}", item.index()), text };
        let bytes = pickled(item).map_err(|error| refuse(error.to_string()))?;
        let mut pickle = Unpickler::new(Heap::new(), Options::new());
        pickle.load(&bytes).map_err(|error| refuse(error.to_string()))?;
        self.bytes += bytes.len();
        self.held.push(Held::One(bytes, Box::new(pickle)));
        self.rows += 1;
        Ok(true)
    }

    fn room(&mut self) -> Option<&mut Batch> {
        // The next row comes alone, and ends it.
        if self.is_enough() { None } else { Some(&mut self.room) }
    }

    fn batch(&mut self, from: u64) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.room);
        self.rows += batch.items().filter(|item| item.index() >= from).count();
        self.batches += 1;
        self.held.push(Held::Batch(batch, from));
        Ok(())
    }
}

/// The rows, as values.
pub(super) fn values<'d>(documents: &'d [Document<'d>]) -> impl ExactSizeIterator<Item = Value<'d>> {
    documents.iter().map(|document| document.root())
}
