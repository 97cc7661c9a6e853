//! `dbm.dumb`, the database of `shelve` where there is no other: values in
//! `NAME.dat`, keys and places as text in `NAME.dir` (`Lib/dbm/dumb.py`).

use super::format::{Format, Open, Recognise};
use super::{Data, Member};
use crate::input::{Input, Part};
use std::path::{Path, PathBuf};

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "dumb",
    what: "a dbm.dumb database",
    recognise: Recognise::File(|input, part| Ok(values(input, part).is_some())),
    open: Open::Members(|input, part| {
        values(input, part).ok_or_else(|| input.refuse("there is no .dir file of dbm.dumb beside it"))
    }),
    all: true,
};

/// Bytes of a directory that are read.
const MAX_DIRECTORY: u64 = 64 << 20;

/// The values of the database that a file is part of; `None` where it is none.
fn values(input: &Input, part: &Part) -> Option<Vec<Member>> {
    let path = Path::new(input.name());
    if path.extension()? != "dat" || !path.is_file() {
        return None;
    }
    let beside: [PathBuf; 2] = [path.with_extension("dir"), path.with_extension("dat.dir")];
    let directory =
        beside.iter().find(|path| path.metadata().is_ok_and(|m| m.is_file() && m.len() <= MAX_DIRECTORY))?;
    let text = std::fs::read(directory).ok()?;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| entry(line, part)).collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())
}

/// `'key', (offset, length)`.
fn entry(line: &str, part: &Part) -> Option<Member> {
    let (key, place) = line.trim().strip_suffix(')')?.rsplit_once(", (")?;
    let (offset, len) = place.split_once(", ")?;
    let name = key.strip_prefix(['\'', '"'])?.strip_suffix(['\'', '"'])?.to_owned();
    let (offset, len) = (offset.parse().ok()?, len.parse().ok()?);
    Some(Member { name, data: Data::Stored(part.slice(offset, len)) })
}
