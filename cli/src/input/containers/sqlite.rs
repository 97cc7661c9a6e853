//! SQLite databases, by SQLite itself: every BLOB or TEXT that may be a pickle, whatever the table. `dbm.sqlite3`, the default of
//! `shelve` from Python 3.13 on, names its values by their keys.

use super::bytes::{Block, Order};
use super::format::{Format, Open, Recognise};
use super::keyed;
use super::{Data, Member, diskcache, text};
use crate::Failure;
use crate::input::reading::{Reading, is_cut_off};
use crate::input::{Container, Input, Part, sniff};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "sqlite",
    what: "an SQLite database",
    recognise: Recognise::Head(is_sqlite),
    open: Open::Members(values),
    all: false,
};

/// Bytes of a database inside another file, which is read into memory.
const MAX_INNER: u64 = 1 << 30;

/// Bytes, or characters, at the start of a value that are looked at: the header of a tar archive takes most.
const HEAD: usize = 512;

/// Begins as a database does.
fn is_sqlite(head: &[u8]) -> bool {
    head.starts_with(b"SQLite format 3\0")
}

/// Where a value is: read when it is asked for.
#[derive(Clone, Debug)]
pub struct Cell {
    database: Rc<Connection>,
    table: Rc<str>,
    column: Rc<str>,
    row: i64,
}

impl Cell {
    /// The bytes of the value.
    ///
    /// # Errors
    /// The row is gone, or the database damaged.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut blob =
            self.database.blob_open("main", &*self.table, &*self.column, self.row, true).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(blob.len());
        blob.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Every value that may be a pickle, named `TABLE/COLUMN/ROWID`, or by its key in a `dbm.sqlite3`.
///
/// # Errors
/// The database cannot be opened or is damaged; the message is SQLite's.
fn values(input: &Input, part: &Part) -> Result<Vec<Member>, Failure> {
    let refused = |text: String| Failure::Refused { name: input.name().to_owned(), text };
    let database = open(input, part).map_err(|error| refused(format!("SQLite cannot open it: {error}")))?;
    let unread = |error: rusqlite::Error| refused(format!("SQLite cannot read it: {error}"));
    let mut members = list(&database).map_err(unread)?;
    let missing = diskcache::values(&database, Path::new(input.name()), &mut members).map_err(unread)?;
    let cut = if is_cut(part)? { Some("the file is shorter than its header says".to_owned()) } else { None };
    let damage: Vec<String> = cut.into_iter().chain(missing).collect();
    if !damage.is_empty() {
        members.push(keyed::damaged(&damage.join("; ")));
    }
    Ok(members)
}

/// The header counts more pages than there are (<https://www.sqlite.org/fileformat.html>, 1.3). SQLite takes missing pages for empty
/// ones.
fn is_cut(part: &Part) -> io::Result<bool> {
    let head = part.bytes_at(0, 100)?;
    let header = Block::new(&head, Order::Big);
    let page = match header.u16(16) {
        1 => 65_536,
        size => u64::from(size),
    };
    // The count is right only where the version that wrote it is the one that last changed the file.
    Ok(header.u32(24) == header.u32(92) && part.len() < page * u64::from(header.u32(28)))
}

fn open(input: &Input, part: &Part) -> Result<Rc<Connection>, Box<dyn std::error::Error>> {
    let path = Path::new(input.name());
    let is_file = path.metadata().is_ok_and(|found| found.is_file() && found.len() == part.len());
    if is_file && part.place().1 == 0 {
        // A write-ahead log beside it is read along.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags);
        if let Ok(database) = opened
            && database.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).is_ok()
        {
            return Ok(Rc::new(database));
        }
        // A log cannot be opened where nothing may be written; the database alone can.
    }
    if part.len() > MAX_INNER {
        return Err("it is larger than 1 GiB and inside another file: unpack it first".into());
    }
    let mut database = Connection::open_in_memory()?;
    database.deserialize_read_exact("main", part.reader(), part.len() as usize, true)?;
    Ok(Rc::new(database))
}

fn list(database: &Rc<Connection>) -> rusqlite::Result<Vec<Member>> {
    let mut tables = database.prepare(
        "SELECT m.name, l.wr FROM sqlite_schema m JOIN pragma_table_list l ON l.name = m.name AND l.schema = 'main' \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.type = 'table' ORDER BY m.rowid",
    )?;
    let tables: Vec<(String, bool)> =
        tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut members = Vec::new();
    for (table, without_rowid) in tables {
        let mut columns = database.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let columns: Vec<String> = columns.query_map([&table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let shelf = table == "Dict" && columns == ["key", "value"];
        for column in columns.iter().filter(|column| !shelf || *column == "value") {
            if without_rowid {
                copied(database, &table, column, &mut members)?;
            } else {
                cells(database, &table, column, shelf, &mut members)?;
            }
        }
    }
    Ok(members)
}

/// `"` around a name, as SQL wants it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The values of a column by their row numbers. Only what may be a pickle: its first and last bytes are looked at.
fn cells(
    database: &Rc<Connection>,
    table: &str,
    column: &str,
    shelf: bool,
    members: &mut Vec<Member>,
) -> rusqlite::Result<()> {
    let (from, value) = (quoted(table), quoted(column));
    let key = if shelf { quoted("key") } else { "NULL".into() };
    let query = format!(
        "SELECT rowid, substr({value}, 1, {HEAD}), substr({value}, -1, 1), {key} FROM {from} WHERE typeof({value}) IN ('blob', 'text') ORDER BY rowid"
    );
    let (shared_table, shared_column): (Rc<str>, Rc<str>) = (table.into(), column.into());
    let mut statement = database.prepare(&query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let (head, tail) = (bytes(row.get_ref(1)?), bytes(row.get_ref(2)?));
        let cell = Cell {
            database: database.clone(),
            table: shared_table.clone(),
            column: shared_column.clone(),
            row: number,
        };
        let is_blob = matches!(row.get_ref(1)?, ValueRef::Blob(_));
        // What cannot be read is told when it is opened.
        let is_other = || may_be_other(head) && cell.read().map_or(true, |value| is_other(&value, is_blob));
        if !shelf && !may_be_pickle(head, tail) && !is_other() {
            continue;
        }
        let name = if shelf { keyed::name(bytes(row.get_ref(3)?)) } else { format!("{table}/{column}/{number}") };
        members.push(Member { name, data: Data::Cell(cell) });
    }
    Ok(())
}

/// The values of a column of a table without row numbers, named by their place in the order of the primary key.
fn copied(database: &Rc<Connection>, table: &str, column: &str, members: &mut Vec<Member>) -> rusqlite::Result<()> {
    let (from, value) = (quoted(table), quoted(column));
    let query = format!("SELECT {value} FROM {from} WHERE typeof({value}) IN ('blob', 'text')");
    let mut statement = database.prepare(&query)?;
    let mut rows = statement.query([])?;
    let mut number = 0;
    while let Some(row) = rows.next()? {
        number += 1;
        let is_blob = matches!(row.get_ref(0)?, ValueRef::Blob(_));
        let value = bytes(row.get_ref(0)?);
        let (head, tail) =
            (value.get(..HEAD).unwrap_or(value), value.get(value.len().saturating_sub(1)..).unwrap_or_default());
        if may_be_pickle(head, tail) || may_be_other(head) && is_other(value, is_blob) {
            let name = format!("{table}/{column}/{number}");
            members.push(Member { name, data: Data::Memory(value.to_vec()) });
        }
    }
    Ok(())
}

fn bytes<'r>(value: ValueRef<'r>) -> &'r [u8] {
    match value {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes,
        _ => &[],
    }
}

/// A text form of a pickle, or one without PROTO and bytes behind it or its end cut off: then all of the value tells.
fn may_be_other(head: &[u8]) -> bool {
    text::may_be_value(head) || Reading::of(head) != Reading::Not
}

fn is_other(value: &[u8], is_blob: bool) -> bool {
    text::is_value(value)
        || matches!(Reading::counted(value), (Reading::Whole(_), opcodes) if opcodes >= SURE)
        || is_blob && is_cut_off(value)
}

/// Opcodes that no words are by chance.
const SURE: usize = 4;

/// Worth a closer look: it ends in STOP, or begins as compressed data, an archive, a pickle with PROTO or a text form of one does.
fn may_be_pickle(head: &[u8], tail: &[u8]) -> bool {
    const TEXT: &[&[u8]] = &[
        b"gA", b"KG", b"KH", b"KI", b"eJ", b"H4sI", b"8004", b"8005", b"8002", b"8003", b"\\x80", b"b'", b"b\"", b".eJ",
    ];
    let begins = |byte: Option<&u8>| byte.is_some_and(|&byte| pickle_core::Opcode::from_byte(byte).is_some());
    tail == b"." && begins(head.first())
        || matches!(head, [0x80, 0..=5, rest @ ..] if begins(rest.first()))
        || text::is_packed(head)
        || is_archive(head)
        || TEXT.iter().any(|prefix| head.starts_with(prefix))
}

/// Begins as something that may have pickles in it.
fn is_archive(head: &[u8]) -> bool {
    use Container::{Hdf5, Npy, Npz, SevenZip, Sqlite, Tar, TorchZip, Zip};
    matches!(sniff(head), Some(Zip | TorchZip | Npz | Npy | Tar | SevenZip | Hdf5 | Sqlite))
}
