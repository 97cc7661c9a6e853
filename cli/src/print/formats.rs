//! Items as lines of JSON, rows of a table, MessagePack.

use super::json::Line;
use crate::Failure;
use crate::pickles::items::Item;
use clap::ValueEnum;
use pickle_core::known::Pairs;
use pickle_core::{Entries, Kind, Known, Value};
use std::io::{self, Write};
use std::path::Path;

/// How items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line of JSON each.
    Jsonl,
    /// A line of a table each; the keys of the first item are the columns.
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

/// A table: its columns are the keys of the first item.
pub(crate) struct Table<'o> {
    writer: csv::Writer<&'o mut dyn Write>,
    columns: Option<Vec<String>>,
    line: Line,
    cell: Vec<u8>,
}

impl<'o> Sink<'o> {
    pub(crate) fn new(format: Format, out: &'o mut dyn Write) -> Self {
        match format {
            Format::Jsonl => Sink::Lines(Box::default(), out),
            Format::Msgpack => Sink::Packed(Vec::new(), out),
            Format::Csv => Sink::Table(Box::new(Table {
                writer: csv::WriterBuilder::new().flexible(true).from_writer(out),
                columns: None,
                line: Line::default(),
                cell: Vec::new(),
            })),
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
            Sink::Table(table) => table.put(item).map_err(|error| match error {
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

    /// What is ready is seen.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Sink::Lines(_, out) | Sink::Packed(_, out) => out.flush()?,
            // This flushes what is below, too.
            Sink::Table(table) => table.writer.flush()?,
        }
        Ok(())
    }

    /// Nothing follows.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Sink::Table(mut table) => Ok(table.writer.flush()?),
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

/// A key as the name of a column.
fn column(key: Value<'_>) -> Result<&str, CellError> {
    key.as_str().ok_or_else(|| CellError::Refused("a key is no str, so it names no column".into()))
}

/// Keys and values of a dict of either kind.
enum Fields<'d> {
    Entries(Entries<'d>),
    Pairs(Pairs<'d>),
}

impl<'d> Fields<'d> {
    fn of(value: Value<'d>) -> Option<Self> {
        if let Some(entries) = value.entries() {
            return Some(Fields::Entries(entries));
        }
        match Known::of(value)? {
            Known::OrderedDict(pairs, _) | Known::DefaultDict(_, pairs) => Some(Fields::Pairs(pairs)),
            _ => None,
        }
    }
}

impl<'d> Iterator for Fields<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Fields::Entries(entries) => entries.next(),
            Fields::Pairs(pairs) => pairs.next(),
        }
    }
}

impl Table<'_> {
    fn put(&mut self, item: &Item<'_>) -> Result<(), CellError> {
        let first = self.columns.is_none();
        let key = item.key_document();
        let document = item.document();
        let value = document.root();
        if let Some(key) = key {
            if first {
                self.header(vec!["key".into(), "value".into()])?;
            }
            return self.row([key.root(), value].into_iter().map(Some));
        }
        if let Some(fields) = Fields::of(value) {
            let fields: Vec<_> = fields.collect();
            if first {
                let names = fields.iter().map(|(key, _)| column(*key).map(str::to_owned));
                self.header(names.collect::<Result<_, _>>()?)?;
            }
            let columns = self.columns.take().unwrap_or_default();
            let mut row = vec![None; columns.len()];
            // Most often the keys of all items come in the same order.
            for (place, (key, value)) in fields.iter().enumerate() {
                let key = column(*key)?;
                let found = match columns.get(place).is_some_and(|column| column == key) {
                    true => Some(place),
                    false => columns.iter().position(|column| column == key),
                };
                match found.and_then(|place| row.get_mut(place)) {
                    Some(cell) => *cell = Some(*value),
                    None => {
                        return Err(CellError::Refused(format!(
                            "the key {key:?} is not in the first item, whose keys are the columns; --format jsonl \
                             takes any items"
                        )));
                    }
                }
            }
            let result = self.row(row.into_iter());
            self.columns = Some(columns);
            return result;
        }
        if let (Kind::List | Kind::Tuple, Some(items)) = (value.kind(), value.items()) {
            // Without names there is no header.
            self.columns.get_or_insert_default();
            return self.row(items.map(Some));
        }
        if first {
            self.header(vec!["value".into()])?;
        }
        self.row(std::iter::once(Some(value)))
    }

    fn header(&mut self, columns: Vec<String>) -> Result<(), CellError> {
        self.writer.write_record(&columns)?;
        self.columns = Some(columns);
        Ok(())
    }

    fn row<'d>(&mut self, cells: impl Iterator<Item = Option<Value<'d>>>) -> Result<(), CellError> {
        for value in cells {
            self.cell.clear();
            match value.filter(|value| !value.is_none()) {
                None => {}
                Some(value) => match value.as_str().filter(|_| value.kind() == Kind::Str) {
                    Some(text) => self.cell.extend(text.as_bytes()),
                    None => {
                        // A Vec takes everything.
                        let _ = self.line.value(&value.document(), &mut self.cell);
                        self.cell.pop();
                    }
                },
            }
            self.writer.write_field(&self.cell)?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }
}
