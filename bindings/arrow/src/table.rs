//! A table as record batches.

use crate::column::{Column, Objects, Role};
use crate::labels::Labels;
use crate::{Arena, Error, TableOptions, names, pandas};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use pickle_core::Value;
use pickle_core::table::{Columns, Copies, Index, RowOptions, Run, Table, TableError, Values};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of a batch at most.
pub(crate) const ROWS: usize = 64 * 1024;

/// Bytes of a batch at which it ends before that.
pub(crate) const BYTES: usize = 64 << 20;

/// Rows of the first batch where some column has values of any length.
const FIRST: usize = 64;

/// Record batches of a table, of at most 65,536 rows and about 64 MiB each.
pub struct TableReader<'d> {
    schema: SchemaRef,
    columns: Vec<Column<'d>>,
    rows: usize,
    at: usize,
    /// Rows of the next batch.
    next: usize,
    /// Columns of which some cells are JSON.
    json: Vec<String>,
}

/// Columns, and the metadata for pandas.
struct Parts<'d> {
    names: Vec<String>,
    columns: Vec<Column<'d>>,
    described: Vec<Json>,
}

impl<'d> Parts<'d> {
    fn push(&mut self, label: Json, field: String, column: Column<'d>) {
        self.described.push(column.described.row(label, &field, &column.data_type));
        self.names.push(field);
        self.columns.push(column);
    }
}

impl<'d> TableReader<'d> {
    /// The table that a value is: a frame, series or index of pandas, an array of NumPy of one or two axes, a list of
    /// dicts, tuples or objects, a dict of columns, a dict of rows.
    ///
    /// # Errors
    /// It is none, or has a column that no type of Arrow holds.
    pub fn new(value: Value<'d>, options: &TableOptions, arena: &'d Arena) -> Result<Self, Error> {
        match Table::of(value) {
            Ok(table) => TableReader::table(value, &table, options, arena),
            Err(TableError::NoTable) => match Index::of(value) {
                // Lists are rows.
                Ok(index) if value.items().is_none() => TableReader::index(&index, options, arena),
                _ => match Table::assembled(value) {
                    Ok(table) => TableReader::table(value, &table, options, arena),
                    Err(TableError::NoTable) => {
                        let label = |key| names::label(key, arena.text);
                        let read = RowOptions { flatten: options.flatten, label: &label };
                        let rows = Columns::of(value, &read).map_err(|error| Error::NoTable(error.to_string()))?;
                        TableReader::of_rows(rows, options, arena)
                    }
                    Err(error) => Err(Error::NoTable(error.to_string())),
                },
            },
            Err(error) => Err(Error::NoTable(unread(error, value, 0))),
        }
    }

    fn of_rows(rows: Columns<'d>, options: &TableOptions, arena: &Arena) -> Result<Self, Error> {
        let mut parts = Parts { names: Vec::new(), columns: Vec::new(), described: Vec::new() };
        for (name, values) in rows.names.into_iter().zip(rows.columns) {
            parts.push(name.clone().into(), name, Column::objects(Objects::List(values.into_iter()), arena.text));
        }
        TableReader::whole(parts, rows.len, options, None)
    }

    fn index(index: &Index<'d>, options: &TableOptions, arena: &'d Arena) -> Result<Self, Error> {
        let mut parts = Parts { names: Vec::new(), columns: Vec::new(), described: Vec::new() };
        for level in 0..index.levels() {
            let name = index.name(level).map(|name| named(name, arena));
            let field = name.clone().unwrap_or_else(|| level.to_string());
            parts.push(name.into(), field.clone(), level_of(index, level, &field, arena)?);
        }
        TableReader::whole(parts, index.len(), options, None)
    }

    fn table(value: Value<'d>, table: &Table<'d>, options: &TableOptions, arena: &'d Arena) -> Result<Self, Error> {
        let parts_error = |error: TableError| Error::NoTable(error.to_string());
        let is_pandas = table.index().is_some();
        let labels = match table.labels() {
            Some(labels) => (0..labels.levels()).map(|level| labels.level(level)).collect::<Result<_, _>>(),
            None => Ok(Vec::new()),
        };
        let labels: Vec<Values<'d>> = labels.map_err(parts_error)?;
        let levels: Vec<Labels<'d>> = labels
            .iter()
            .map(Labels::of)
            .collect::<Result<_, _>>()
            .map_err(|why| Error::NoTable(format!("the labels of its columns: {why}")))?;
        let keys: Vec<String> =
            table.pairs().into_iter().flatten().map(|(key, _)| names::label(key, arena.text).into_owned()).collect();
        let name_of = |number: usize| {
            if let Some(key) = keys.get(number) {
                return key.clone();
            }
            let mut text = String::new();
            match (levels.as_slice(), table.field(number), table.name()) {
                ([], Some(field), _) => text.push_str(field),
                ([], None, Some(name)) => names::of_value(name, false, arena.text, &mut text),
                ([], None, None) => text = number.to_string(),
                ([level], ..) => level.text(number, arena.text, &mut text),
                (levels, ..) => {
                    for (at, level) in levels.iter().enumerate() {
                        text.push_str(if at == 0 { "(" } else { ", " });
                        // pyarrow reads the text of every label back as text, and then as what the level is.
                        let mut label = String::new();
                        level.text(number, arena.text, &mut label);
                        names::quote(&label, &mut text);
                    }
                    text.push(')');
                }
            }
            text
        };
        let mut copies = Copies::new();
        let mut columns: Vec<Option<Column<'d>>> = Vec::new();
        columns.resize_with(table.columns(), || None);
        table.each_column(&mut |number, column| {
            let unread = |error| Error::Column { column: name_of(number), why: unread(error, value, number) };
            let column = column.map_err(unread)?;
            let made = Column::of(column.values, column.array, Role::Column, arena, &mut copies, is_pandas);
            let made = made.map_err(|why| Error::Column { column: name_of(number), why })?;
            match columns.get_mut(number) {
                Some(slot @ None) => *slot = Some(made),
                _ => return Err(Error::NoTable(TableError::Blocks.to_string())),
            }
            Ok(())
        })?;
        let mut parts = Parts { names: Vec::new(), columns: Vec::new(), described: Vec::new() };
        for (number, column) in columns.into_iter().enumerate() {
            let column = column.ok_or_else(|| Error::NoTable(TableError::Blocks.to_string()))?;
            let name = name_of(number);
            parts.push(name.clone().into(), name, column);
        }
        let mut index_columns = Vec::new();
        if let Some(index) = table.index() {
            if options.index != Some(false) {
                index_columns = index_of(index, options, &mut parts, arena)?;
            }
        } else if options.index == Some(true) {
            let numbers = Values::Run(Run::Range { start: 0, step: 1, len: table.rows() });
            let column = Column::of(numbers, None, Role::Column, arena, &mut Copies::new(), false);
            let column = column.map_err(|why| Error::Column { column: "index".into(), why })?;
            parts.push(Json::Null, "index".into(), column);
        }
        let level_names = (0..labels.len())
            .map(|level| table.labels().and_then(|labels| labels.name(level)).map(|name| named(name, arena)));
        let mut column_indexes: Vec<Json> =
            labels.iter().zip(level_names).map(|(values, name)| pandas::column_index(values, name)).collect();
        if column_indexes.is_empty() {
            let list = Values::Run(Run::Range { start: 0, step: 1, len: 0 });
            column_indexes.push(match table.name() {
                Some(_) => json!({
                    "name": null, "field_name": null, "pandas_type": "unicode", "numpy_type": "object",
                    "metadata": { "encoding": "UTF-8" },
                }),
                None => pandas::column_index(&list, None),
            });
        }
        TableReader::whole(parts, table.rows(), options, is_pandas.then_some((index_columns, column_indexes)))
    }

    fn whole(
        mut parts: Parts<'d>,
        rows: usize,
        options: &TableOptions,
        pandas: Option<(Vec<Json>, Vec<Json>)>,
    ) -> Result<Self, Error> {
        if let Some(wanted) = &options.columns {
            let index = pandas.as_ref().map_or(0, |(index, _)| index.iter().filter(|entry| entry.is_string()).count());
            parts = select(parts, wanted, index)?;
        }
        let fields: Vec<Field> = parts
            .names
            .iter()
            .zip(&parts.columns)
            .map(|(name, column)| {
                let field = Field::new(name, column.data_type.clone(), true);
                let field = match &column.data_type {
                    DataType::Dictionary(..) => field.with_dict_is_ordered(column.described.is_ordered()),
                    _ => field,
                };
                field.with_metadata(column.described.field_metadata())
            })
            .collect();
        let metadata = pandas.map(|(index_columns, column_indexes)| {
            ("pandas".to_owned(), pandas::metadata(index_columns, column_indexes, parts.described))
        });
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata.into_iter().collect::<HashMap<_, _>>()));
        let width: Option<usize> = parts.columns.iter().map(Column::width).sum();
        let next = width.map_or(FIRST, |width| (BYTES / width.max(1)).clamp(1, ROWS));
        let json = parts.names.iter().zip(&parts.columns).filter(|(_, column)| column.has_json);
        let json = json.map(|(name, _)| name.clone()).collect();
        Ok(TableReader { schema, columns: parts.columns, rows, at: 0, next, json })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns in which what is not text is JSON, because no type holds all of their cells.
    pub fn json_columns(&self) -> &[String] {
        &self.json
    }

    fn batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = self.at..self.rows.min(self.at.saturating_add(self.next));
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            let array = column.array(rows.clone()).ok_or_else(|| {
                let text = format!(
                    "rows {} to {} of the column {} do not fit its type, {}",
                    rows.start,
                    rows.end,
                    field.name(),
                    field.data_type()
                );
                ArrowError::CastError(text)
            })?;
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?;
        self.at = rows.end;
        let each = batch.get_array_memory_size() / rows.len().max(1);
        self.next = (BYTES / each.max(1)).clamp(1, ROWS).min(self.next.saturating_mul(8));
        Ok(batch)
    }
}

impl Iterator for TableReader<'_> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.rows {
            return None;
        }
        let batch = self.batch();
        if batch.is_err() {
            self.at = self.rows;
        }
        Some(batch)
    }
}

impl RecordBatchReader for TableReader<'_> {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// Why a column cannot be read.
fn unread(error: TableError, value: Value<'_>, column: usize) -> String {
    match (error, Table::unknown_class(value, column)) {
        (TableError::Class, Some(class)) => {
            format!("its values are of the class {}.{}, which is not known", class.module, class.name)
        }
        _ => error.to_string(),
    }
}

fn named(name: Value<'_>, arena: &Arena) -> String {
    let mut text = String::new();
    names::of_value(name, false, arena.text, &mut text);
    text
}

fn level_of<'d>(index: &Index<'d>, level: usize, field: &str, arena: &'d Arena) -> Result<Column<'d>, Error> {
    let values = index.level(level).map_err(|error| Error::NoTable(error.to_string()))?;
    let role = if index.levels() > 1 { Role::Level } else { Role::Column };
    Column::of(values, None, role, arena, &mut Copies::new(), true)
        .map_err(|why| Error::Column { column: field.to_owned(), why })
}

/// The labels of the rows behind the columns, as pyarrow puts them; a range is recorded in the metadata and takes no column.
fn index_of<'d>(
    index: &Index<'d>,
    options: &TableOptions,
    parts: &mut Parts<'d>,
    arena: &'d Arena,
) -> Result<Vec<Json>, Error> {
    let mut entries = Vec::new();
    for level in 0..index.levels() {
        let name = index.name(level).map(|name| named(name, arena));
        if let (Index::Single(Values::Run(Run::Range { start, step, len }), _), None) = (index, options.index) {
            let stop = i128::from(*start) + i128::from(*step) * (*len as i128);
            entries.push(json!({
                "kind": "range", "name": name, "start": start, "stop": stop as i64, "step": step,
            }));
            continue;
        }
        let taken = |name: &String| parts.names.contains(name);
        let field = match &name {
            Some(name) if !taken(name) => name.clone(),
            _ => format!("__index_level_{level}__"),
        };
        let column = level_of(index, level, &field, arena)?;
        entries.push(field.clone().into());
        parts.push(name.into(), field, column);
    }
    Ok(entries)
}

/// Only these columns in this order, and the labels behind them.
fn select<'d>(parts: Parts<'d>, wanted: &[String], index: usize) -> Result<Parts<'d>, Error> {
    let count = parts.names.len().saturating_sub(index);
    let mut all: Vec<Option<(String, Column<'d>, Json)>> = parts
        .names
        .into_iter()
        .zip(parts.columns)
        .zip(parts.described)
        .map(|((name, column), described)| Some((name, column, described)))
        .collect();
    let labels = all.split_off(count);
    let mut chosen = Parts { names: Vec::new(), columns: Vec::new(), described: Vec::new() };
    let mut put = |(name, column, described)| {
        chosen.names.push(name);
        chosen.columns.push(column);
        chosen.described.push(described);
    };
    for name in wanted {
        let found = all.iter_mut().find(|column| column.as_ref().is_some_and(|(have, ..)| have == name));
        put(found.and_then(Option::take).ok_or_else(|| Error::NoColumn(name.clone()))?);
    }
    labels.into_iter().flatten().for_each(put);
    Ok(chosen)
}
