//! What an array or a table is: its shape and types, without its items.

use crate::print::json::one_line;
use crate::print::table::grid::label;
use crate::print::table::values::{Arena, Column};
use pickle_core::Value;
use pickle_core::known::Data;
use pickle_core::table::{Categories, Copies, Index, Run, Table, TableError, Values};
use pickle_core::view::View;

/// An array or a table.
#[derive(Clone, Debug)]
pub enum Facts {
    /// An array.
    Array(ArrayFacts),
    /// A frame, a series or an index.
    Table(TableFacts),
}

/// An array.
#[derive(Clone, Debug)]
pub struct ArrayFacts {
    /// The type of its items, as NumPy names it.
    pub dtype: String,
    /// Items on each axis.
    pub shape: Vec<u64>,
    /// The first axis varies fastest.
    pub fortran: bool,
    /// Bytes of all items; `None` where they are objects.
    pub bytes: Option<u64>,
}

/// A frame, a series or an index.
#[derive(Clone, Debug)]
pub struct TableFacts {
    /// Number of rows.
    pub rows: u64,
    /// The name and type of each column.
    pub columns: Vec<(String, String)>,
    /// The name and type of each level of the labels of rows.
    pub index: Vec<(String, String)>,
    /// Bytes of the values, of objects those of the references to them; `None` where that is not known of a column.
    pub memory: Option<u64>,
}

impl Facts {
    /// Of a value; `None` where it is not an array or table, or one that cannot be read.
    pub fn of(value: Value<'_>) -> Option<Facts> {
        match value.view() {
            View::Array(array) => Some(Facts::Array(ArrayFacts {
                dtype: array.dtype.to_string(),
                shape: array.axes().collect::<Option<_>>()?,
                fortran: array.fortran,
                bytes: match array.data {
                    Data::Objects(_) => None,
                    _ => array.len()?.checked_mul(array.dtype.size),
                },
            })),
            View::DataFrame { .. } | View::Series { .. } => TableFacts::table(&Table::of(value).ok()?).ok(),
            View::Index { .. } => TableFacts::index(&Index::of(value).ok()?).ok(),
            _ => None,
        }
    }
}

impl TableFacts {
    fn table(table: &Table<'_>) -> Result<Facts, TableError> {
        let mut memory = Some(0u64);
        let mut columns = vec![(String::new(), String::new()); table.columns()];
        table.each_column(&mut |number, column| {
            let values = column?.values;
            memory = memory.zip(size(&values)).and_then(|(all, size)| all.checked_add(size));
            columns.get_mut(number).ok_or(TableError::Blocks)?.1 = values.dtype().to_string();
            Ok::<(), TableError>(())
        })?;
        let arena = Arena::new(one_line);
        let labels = match table.labels() {
            Some(labels) => {
                let level = |level| labels.level(level).map(|values| Column::of(values, &arena, &mut Copies::new()));
                (0..labels.levels()).map(level).collect::<Result<Vec<_>, _>>()?
            }
            None => Vec::new(),
        };
        for (number, (name, _)) in columns.iter_mut().enumerate() {
            let levels: Vec<String> = labels.iter().map(|level| cell(level, number)).collect();
            *name = match levels.as_slice() {
                [] => {
                    let field = table.field(number).map(str::to_owned);
                    field.or_else(|| table.name().map(text)).unwrap_or_else(|| number.to_string())
                }
                [level] => level.clone(),
                levels => format!("({})", levels.join(", ")),
            };
        }
        let (index, size) = table.index().map_or(Ok((Vec::new(), Some(0))), levels)?;
        let memory = memory.zip(size).and_then(|(all, size)| all.checked_add(size));
        Ok(Facts::Table(TableFacts { rows: table.rows() as u64, columns, index, memory }))
    }

    fn index(index: &Index<'_>) -> Result<Facts, TableError> {
        let (levels, memory) = levels(index)?;
        Ok(Facts::Table(TableFacts { rows: index.len() as u64, columns: Vec::new(), index: levels, memory }))
    }
}

/// Names and types, and bytes of all of them.
type Levels = (Vec<(String, String)>, Option<u64>);

/// The levels of an index.
fn levels(index: &Index<'_>) -> Result<Levels, TableError> {
    let mut memory = Some(0u64);
    let mut levels = Vec::new();
    for level in 0..index.levels() {
        let values = index.level(level)?;
        memory = memory.zip(size(&values)).and_then(|(all, size)| all.checked_add(size));
        levels.push((index.name(level).map_or_else(String::new, text), values.dtype().to_string()));
    }
    Ok((levels, memory))
}

fn text(value: Value<'_>) -> String {
    label(value, one_line)
}

/// The label of a column in one of the levels that columns have.
fn cell(level: &Column<'_>, at: usize) -> String {
    let mut out = String::new();
    level.write(at, level.style(at..at + 1), &mut out);
    out
}

/// Bytes of values; of objects, of the references to them.
fn size(values: &Values<'_>) -> Option<u64> {
    let of_run = |run: &Run<'_>| match run {
        Run::Range { .. } => Some(0),
        Run::Lane(lane, _) if lane.is_objects() => (lane.len() as u64).checked_mul(8),
        Run::Lane(lane, _) => (lane.len() as u64).checked_mul(lane.dtype().size),
        Run::Items(items) => (items.len() as u64).checked_mul(8),
        _ => None,
    };
    match values {
        Values::Run(run) => of_run(run),
        Values::Masked(data, mask) => {
            let item = if data.is_objects() { 8 } else { data.dtype().size };
            (data.len() as u64).checked_mul(item)?.checked_add(mask.len() as u64)
        }
        Values::Categorical { codes, categories: Categories::Run(run), .. } => {
            (codes.len() as u64).checked_mul(codes.dtype().size)?.checked_add(of_run(run)?)
        }
        Values::Intervals(left, right, _) => of_run(left)?.checked_add(of_run(right)?),
        _ => None,
    }
}
