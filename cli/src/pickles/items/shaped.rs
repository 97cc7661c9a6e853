//! Arrays and tables: their items are rows, which are no values of the pickle, so they are read as a whole.

use super::{Item, ItemSink, Whose, tell};
use crate::Failure;
use crate::input::{Input, InputFile, containers};
use crate::pickles::documents::Pickles;
use pickle_core::known::Array;
use pickle_core::table::{Table, TableError};
use pickle_core::view::View;
use pickle_core::{Batch, Options, Role, Value};

/// The value is an array or a table.
pub(crate) fn is_shaped(value: Value<'_>) -> bool {
    match value.view() {
        View::Array(_) | View::Masked(_) | View::DataFrame { .. } | View::Series { .. } | View::Index { .. } => true,
        // A subclass of a frame or series has its blocks; those that cannot be read are no items either.
        View::Record(_) | View::Object(..) => !matches!(Table::of(value), Err(TableError::NoTable)),
        _ => false,
    }
}

/// The first pickle of a file is an array or a table, or has one at the path.
pub(crate) fn has_rows(file: &InputFile, path: &str) -> bool {
    let Ok(input) = containers::open_one(file) else { return false };
    let mut pickles = Pickles::new(input, Options::new(), false);
    matches!(pickles.next_document(), Ok(Some(document)) if document.find(path).is_some_and(is_shaped))
}

/// The first item looks as if its container were one: a part of the state that NumPy, pandas and joblib write.
pub(crate) fn may_be_part(item: &Item<'_>) -> bool {
    let value = item.document().root();
    let names = ["_mgr", "_data", "_typ", "_metadata", "_subtyp", "subclass", "_levels", "_range"];
    match item.role() {
        Role::Attribute => {
            let key = item.key_document().and_then(|key| key.root().as_str());
            key.is_some_and(|key| names.contains(&key))
        }
        Role::State => match value.view() {
            View::Sequence(state) => state.items.take(8).any(|part| match part.view() {
                View::DType(_) => true,
                // Columns by their names.
                View::Mapping(mut mapping) => mapping.pairs.next().is_some_and(|(_, one)| Array::of(one).is_some()),
                _ => part.at(2).is_some_and(|inner| matches!(inner.view(), View::DType(_))),
            }),
            View::Record(_) | View::Object(..) => value
                .as_object()
                .and_then(|object| object.class())
                .is_some_and(|class| is_science(class.module.as_bytes())),
            _ => false,
        },
        _ => false,
    }
}

fn is_science(module: &[u8]) -> bool {
    let packages = [&b"numpy"[..], b"pandas", b"geopandas", b"pyarrow", b"astropy", b"joblib", b"sklearn"];
    packages.iter().any(|package| module.starts_with(package))
}

/// The pickle begins with a name of NumPy, pandas or joblib, so its outermost value may be an array or table. Of a stream
/// no more is waited for than tells it.
pub(super) fn begins_so(input: &mut Input) -> bool {
    let mut wanted = 1;
    loop {
        let head = input.look(wanted);
        if head.len() < wanted {
            return false;
        }
        match begins(head) {
            Some(so) => return so,
            None if head.len() >= HEAD => return false,
            None => wanted = head.len() + 1,
        }
    }
}

/// Bytes within which the first names are.
const HEAD: usize = 512;

/// `None` where that is not known yet.
fn begins(head: &[u8]) -> Option<bool> {
    let mut rest = head;
    for _ in 0..24 {
        rest = match *rest.first()? {
            0x80 | b'q' | b'h' => rest.get(2..)?,
            0x95 => rest.get(9..)?,
            b'(' | 0x94 | 0x93 => rest.get(1..)?,
            b'p' | b'g' => rest.get(line(rest)?..)?,
            b'c' => {
                let module = rest.get(1..line(rest)?)?;
                if is_science(module) {
                    return Some(true);
                }
                let names = rest.get(1 + module.len()..)?;
                names.get(line(names)?..)?
            }
            code @ (0x8c | b'X') => {
                let (len, text) = match code {
                    0x8c => (usize::from(*rest.get(1)?), rest.get(2..)?),
                    _ => (u32::from_le_bytes(rest.get(1..5)?.try_into().ok()?) as usize, rest.get(5..)?),
                };
                if len > HEAD {
                    return Some(false);
                }
                if is_science(text.get(..len)?) {
                    return Some(true);
                }
                text.get(len..)?
            }
            _ => return Some(false),
        };
    }
    Some(false)
}

/// Bytes up to the end of a line.
fn line(text: &[u8]) -> Option<usize> {
    Some(text.iter().position(|byte| *byte == b'\n')? + 1)
}

/// Lets items pass until the first has been seen, which shows whether the container may be an array or table.
pub(super) struct Watch<'t> {
    take: &'t mut dyn ItemSink,
    /// An item has come.
    pub(super) seen: bool,
    /// It may be a part of one: nothing has passed.
    pub(super) shaped: bool,
    /// What has no items is taken as an array or table here: nobody looks again.
    pub(super) alone: bool,
}

impl<'t> Watch<'t> {
    pub(super) fn new(take: &'t mut dyn ItemSink) -> Self {
        Watch { take, seen: false, shaped: false, alone: false }
    }

    /// The sink.
    pub(super) fn into_inner(self) -> &'t mut dyn ItemSink {
        self.take
    }
}

impl ItemSink for Watch<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        if !std::mem::replace(&mut self.seen, true) && may_be_part(item) {
            self.shaped = true;
            return Ok(false);
        }
        self.take.item(item)
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.take.idle()
    }

    fn room(&mut self) -> Option<&mut Batch> {
        // The first comes alone.
        if self.seen { self.take.room() } else { None }
    }

    fn batch(&mut self, from: u64) -> Result<(), Failure> {
        self.take.batch(from)
    }

    fn shows(&self) -> bool {
        self.take.shows()
    }

    fn without_items(&mut self, value: Value<'_>) -> Result<bool, Failure> {
        if !is_shaped(value) {
            return self.take.without_items(value);
        }
        match self.alone {
            true => self.take.shaped(value).map_or(Ok(false), |taken| taken.map(|_| true)),
            false => Ok(false),
        }
    }
}

/// The file can be read a second time.
pub(super) fn can_be_read_again(of: &Whose<'_>) -> bool {
    of.file.as_os_str() != "-" && of.file.metadata().is_ok_and(|file| !file.is_dir() && file.is_file())
}

/// Gives the arrays or tables of a file that was opened before; false where the first pickle has none at the path.
///
/// # Errors
/// The file cannot be read, a pickle is damaged, or has something else at the path; the taker of items cannot take rows.
pub(super) fn again(of: &Whose<'_>, take: &mut dyn ItemSink) -> Result<bool, Failure> {
    whole(containers::open_one(of.file)?, of, take)
}

/// The same of an input of which nothing was read.
pub(super) fn whole(input: Input, of: &Whose<'_>, take: &mut dyn ItemSink) -> Result<bool, Failure> {
    let mut pickles = Pickles::new(input, Options::new(), false);
    let name = pickles.input().name().to_owned();
    if let Some(pages) = pickles.input().pages() {
        take.mapped(pages);
    }
    let refuse = |text: String| Failure::Refused { name: name.clone(), text };
    let mut number = 0;
    while let Some(document) = pickles.next_document()? {
        number += 1;
        tell(&name, &document, take);
        let Some(found) = document.find(of.path).filter(|found| is_shaped(*found)) else {
            if number == 1 {
                return Ok(false);
            }
            return Err(refuse(format!(
                "pickle number {number} has no array or table at {}, as those before it have",
                of.path
            )));
        };
        let text = format!("{} is an array or table, whose rows are not values of the pickle", of.path);
        if !take.shaped(found).unwrap_or_else(|| Err(refuse(text)))? {
            break;
        }
    }
    Ok(true)
}
