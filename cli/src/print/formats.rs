//! Items as lines of JSON, rows of a table, MessagePack.

use super::json::{Line, one_line};
use super::table::python;
use crate::Failure;
use crate::messages::note;
use crate::pickles::items::Item;
use crate::pieces::SMALL_PIECE;
use clap::ValueEnum;
use pickle_core::Value;
use pickle_core::view::View;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::path::Path;

/// How items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line of JSON each.
    Jsonl,
    /// A line of a table each; keys and attributes are the columns.
    Csv,
    /// A MessagePack value each.
    Msgpack,
}

/// Where items go.
pub(crate) enum Sink<'o> {
    Lines(Box<Line>, &'o mut dyn Write),
    Table(Box<Table<'o>>),
    Packed(Vec<u8>, &'o mut dyn Write),
}

impl<'o> Sink<'o> {
    /// A sink; `columns` are those of a table, where all items have been looked at.
    pub(crate) fn new(format: Format, columns: Option<Columns>, out: &'o mut dyn Write) -> Self {
        match format {
            Format::Jsonl => Sink::Lines(Box::default(), out),
            Format::Msgpack => Sink::Packed(Vec::new(), out),
            Format::Csv => Sink::Table(Box::new(Table::new(columns, out))),
        }
    }

    /// Writes an item of `file`.
    pub(crate) fn put(&mut self, item: &Item<'_>, file: &Path) -> Result<(), Failure> {
        let refuse = |text| Failure::Refused {
            name: file.display().to_string(),
            text: format!("item {}: {text}", item.index()),
        };
        match self {
            Sink::Lines(text, out) => Ok(line(item, text, *out)?),
            Sink::Table(table) => table.put(item, file).map_err(|error| match error {
                CellError::Csv(error) => Failure::from(io::Error::from(error)),
                CellError::Refused(text) => refuse(text),
            }),
            Sink::Packed(buffer, out) => {
                buffer.clear();
                let key = item.key_document();
                if let Some(key) = key {
                    // An array of two.
                    buffer.push(0x92);
                    pack(key.root(), buffer).map_err(refuse)?;
                }
                pack(item.document().root(), buffer).map_err(refuse)?;
                Ok(out.write_all(buffer)?)
            }
        }
    }

    /// What is written.
    pub(crate) fn format(&self) -> Format {
        match self {
            Sink::Lines(..) => Format::Jsonl,
            Sink::Table(_) => Format::Csv,
            Sink::Packed(..) => Format::Msgpack,
        }
    }

    /// What is ready is seen.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Sink::Lines(_, out) | Sink::Packed(_, out) => out.flush()?,
            Sink::Table(table) => table.flush()?,
        }
        Ok(())
    }

    /// Gives what is below to a writer of all rows at once.
    pub(crate) fn with_out(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        match self {
            Sink::Lines(_, out) | Sink::Packed(_, out) => Ok(write(*out)?),
            Sink::Table(table) => {
                table.flush()?;
                Ok(write(table.out)?)
            }
        }
    }

    /// Nothing follows.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Sink::Table(table) => table.finish(),
            _ => Ok(()),
        }
    }
}

/// Writes an item as a line of JSON.
pub(crate) fn line(item: &Item<'_>, line: &mut Line, out: &mut dyn Write) -> io::Result<()> {
    match item.key_document() {
        // A dict's items are pairs.
        Some(key) => line.pair(key, item.document(), out),
        None => line.value(item.document(), out),
    }
}

fn pack(value: Value<'_>, buffer: &mut Vec<u8>) -> Result<(), String> {
    let mut serializer = rmp_serde::Serializer::new(buffer);
    serde_transcode::transcode(value, &mut serializer)
        .map_err(|error| format!("MessagePack cannot hold it ({error}); --format jsonl can"))
}

enum CellError {
    Csv(csv::Error),
    Refused(String),
}

impl From<csv::Error> for CellError {
    fn from(error: csv::Error) -> Self {
        CellError::Csv(error)
    }
}

impl From<io::Error> for CellError {
    fn from(error: io::Error) -> Self {
        CellError::Csv(error.into())
    }
}

/// Rows that are looked at before the first is written, where they come from a pipe.
const LOOK: usize = 1000;

/// Bytes of their cells.
const LOOK_BYTES: usize = 1 << 20;

/// Keys that are reported as left out.
const TOLD: usize = 20;

/// What the first item is, all are.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unknown,
    /// Keys and values of a dict.
    Pairs,
    /// Rows with names.
    Named,
    /// Rows without.
    Cells,
    /// No rows.
    Single,
}

/// The columns of a table.
#[derive(Default)]
pub(crate) struct Columns {
    kind: Kind,
    names: Vec<String>,
    places: HashMap<String, usize>,
}

/// Names and values of a row.
type Fields<'d> = Vec<(Cow<'d, str>, Value<'d>)>;

/// What a value is as a row.
enum Row<'d> {
    Named(Fields<'d>),
    Cells(Vec<Value<'d>>),
    Single(Value<'d>),
}

impl<'d> Row<'d> {
    fn of(value: Value<'d>) -> Result<Self, CellError> {
        let name = |key: Value<'d>| match key.as_str() {
            Some(name) => Ok(Cow::Borrowed(name)),
            None => Err(CellError::Refused("a key is not a str and cannot name a column".into())),
        };
        let named = |pairs: &mut dyn Iterator<Item = (Value<'d>, Value<'d>)>| -> Result<Fields<'d>, CellError> {
            pairs.map(|(key, value)| Ok((name(key)?, value))).collect()
        };
        Ok(match value.view() {
            View::Mapping(mut mapping) => Row::Named(named(&mut mapping.pairs)?),
            View::Record(mut record) => {
                let kwargs = record.kwargs.and_then(|kwargs| kwargs.entries());
                let positional = record.positional();
                if record.attributes.len() == 0 && kwargs.is_none() && positional.len() != 0 {
                    return Ok(Row::Cells(positional.collect()));
                }
                let mut fields: Fields<'d> =
                    positional.enumerate().map(|(at, value)| (Cow::Owned(at.to_string()), value)).collect();
                fields.extend(named(&mut kwargs.into_iter().flatten())?);
                fields.extend(named(&mut record.attributes)?);
                Row::Named(fields)
            }
            View::Sequence(sequence) => Row::Cells(sequence.items.collect()),
            _ => Row::Single(value),
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Row::Named(_) => Kind::Named,
            Row::Cells(_) => Kind::Cells,
            Row::Single(_) => Kind::Single,
        }
    }
}

impl Columns {
    /// Looks at an item; false where those that follow cannot change the columns.
    pub(crate) fn look(&mut self, item: &Item<'_>) -> bool {
        let row = match item.key_document() {
            Some(_) => None,
            None => Row::of(item.document().root()).ok(),
        };
        if let (Kind::Unknown, Some(row)) = (self.kind, &row) {
            self.kind = row.kind();
        }
        match row {
            Some(Row::Named(fields)) if self.kind == Kind::Named => {
                for (place, (name, _)) in fields.iter().enumerate() {
                    self.place(place, name, true);
                }
                true
            }
            // What is not a row is reported when it is written.
            _ => self.kind == Kind::Named,
        }
    }

    /// The place of a column, which is most often that of the field.
    fn place(&mut self, hint: usize, name: &str, grow: bool) -> Option<usize> {
        if self.names.get(hint).is_some_and(|known| known == name) {
            return Some(hint);
        }
        if let Some(&place) = self.places.get(name) {
            return Some(place);
        }
        if !grow {
            return None;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        Some(self.names.len() - 1)
    }
}

/// A table. Its columns are those of all items where these have been looked at before, else those of the first items.
pub(crate) struct Table<'o> {
    out: &'o mut dyn Write,
    writer: csv::Writer<Vec<u8>>,
    columns: Columns,
    /// Rows that wait for the header, with their bytes.
    waiting: Option<(Vec<Vec<Option<String>>>, usize)>,
    left_out: HashSet<String>,
    line: Line,
    cell: Vec<u8>,
}

impl<'o> Table<'o> {
    fn new(columns: Option<Columns>, out: &'o mut dyn Write) -> Self {
        let mut table = Table {
            out,
            writer: csv::WriterBuilder::new().flexible(true).buffer_capacity(SMALL_PIECE).from_writer(Vec::new()),
            waiting: columns.is_none().then(Default::default),
            columns: columns.unwrap_or_default(),
            left_out: HashSet::new(),
            line: Line::default(),
            cell: Vec::new(),
        };
        if table.columns.kind == Kind::Named {
            // A Vec takes everything.
            let _ = table.header();
        }
        table
    }

    fn header(&mut self) -> Result<(), csv::Error> {
        match self.columns.kind {
            Kind::Named => self.writer.write_record(&self.columns.names),
            Kind::Pairs => self.writer.write_record(["key", "value"]),
            Kind::Single => self.writer.write_record(["value"]),
            // Without names there is no header.
            Kind::Cells | Kind::Unknown => Ok(()),
        }
    }

    fn put(&mut self, item: &Item<'_>, file: &Path) -> Result<(), CellError> {
        let value = item.document().root();
        let row = match item.key_document() {
            Some(key) => {
                self.begin(Kind::Pairs)?;
                let cells = [self.cell(key.root()), self.cell(value)];
                return self.record(&cells);
            }
            None => Row::of(value)?,
        };
        let first = matches!(self.columns.kind, Kind::Unknown);
        if first {
            self.begin(row.kind())?;
        }
        match (self.columns.kind, row) {
            (Kind::Named, Row::Named(fields)) => self.named(&fields, file),
            (Kind::Named, _) => {
                Err(CellError::Refused("it has no names as the items before it; --format jsonl takes any items".into()))
            }
            (_, Row::Named(_)) => Err(CellError::Refused(
                "it has names, and the items before it have none; --format jsonl takes any items".into(),
            )),
            (Kind::Single, _) => {
                let cell = self.cell(value);
                self.record(&[cell])
            }
            (_, Row::Cells(values)) => {
                let cells: Vec<String> = values.into_iter().map(|value| self.cell(value)).collect();
                self.record(&cells)
            }
            (_, Row::Single(value)) => {
                let cell = self.cell(value);
                self.record(&[cell])
            }
        }
    }

    /// The first item says what all are.
    fn begin(&mut self, kind: Kind) -> Result<(), CellError> {
        if self.columns.kind != Kind::Unknown {
            return Ok(());
        }
        self.columns.kind = kind;
        if kind != Kind::Named {
            self.waiting = None;
            self.header()?;
        }
        Ok(())
    }

    fn named(&mut self, fields: &Fields<'_>, file: &Path) -> Result<(), CellError> {
        let grow = self.waiting.is_some();
        let mut row: Vec<Option<String>> = vec![None; self.columns.names.len()];
        for (hint, (name, value)) in fields.iter().enumerate() {
            let Some(place) = self.columns.place(hint, name, grow) else {
                if self.left_out.len() < TOLD && self.left_out.insert(name.clone().into_owned()) {
                    let text = format!(
                        "the key {name:?} first comes after the header was written and is left out; from a file instead of a pipe it is a column"
                    );
                    note(&file.display().to_string(), &text);
                }
                continue;
            };
            if place >= row.len() {
                row.resize(place + 1, None);
            }
            let cell = self.cell(*value);
            if let Some(slot) = row.get_mut(place) {
                *slot = Some(cell);
            }
        }
        let Some((rows, bytes)) = &mut self.waiting else {
            let cells: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
            return self.record(&cells);
        };
        *bytes += row.iter().flatten().map(String::len).sum::<usize>();
        rows.push(row);
        if rows.len() >= LOOK || *bytes >= LOOK_BYTES {
            self.settle()?;
        }
        Ok(())
    }

    /// Writes the header and the rows that waited for it.
    fn settle(&mut self) -> Result<(), CellError> {
        if self.columns.kind != Kind::Named {
            return Ok(());
        }
        let Some((rows, _)) = self.waiting.take() else { return Ok(()) };
        self.header()?;
        let width = self.columns.names.len();
        for mut row in rows {
            row.resize(width, None);
            let cells: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
            self.record(&cells)?;
        }
        Ok(())
    }

    fn record(&mut self, cells: &[String]) -> Result<(), CellError> {
        self.writer.write_record(cells)?;
        if self.writer.get_ref().len() >= SMALL_PIECE {
            self.drain()?;
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        let fresh = csv::WriterBuilder::new().flexible(true).buffer_capacity(SMALL_PIECE).from_writer(Vec::new());
        let text = std::mem::replace(&mut self.writer, fresh).into_inner().map_err(|error| error.into_error())?;
        self.out.write_all(&text)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.settle().map_err(|error| match error {
            CellError::Csv(error) => Failure::from(io::Error::from(error)),
            CellError::Refused(text) => Failure::Usage(text),
        })?;
        self.drain()?;
        Ok(self.out.flush()?)
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.flush()?;
        if self.left_out.is_empty() { Ok(()) } else { Err(Failure::Reported) }
    }

    /// The text of a value.
    fn cell(&mut self, value: Value<'_>) -> String {
        match value.view() {
            View::None => String::new(),
            View::Text(text) => text.to_owned(),
            View::TimeDelta(delta) => delta.to_string(),
            View::Scalar(..) | View::Complex(..) => number(value),
            _ => {
                self.cell.clear();
                // A Vec takes everything.
                let _ = self.line.value(&value.document(), &mut self.cell);
                self.cell.pop();
                plain(&self.cell)
            }
        }
    }
}

/// A scalar of NumPy, or a complex number, as `pickle table` writes it in CSV.
pub fn number(value: Value<'_>) -> String {
    let mut text = String::new();
    if !python::is_missing(value) {
        python::text(value, one_line, &mut text);
    }
    text
}

/// A cell of CSV: of a JSON string its text, nothing for null, else the JSON.
pub fn plain(json: &[u8]) -> String {
    match serde_json::from_slice::<String>(json) {
        Ok(text) => text,
        Err(_) if json == b"null" => String::new(),
        Err(_) => String::from_utf8_lossy(json).into_owned(),
    }
}
