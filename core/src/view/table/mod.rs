//! Tables: frames and series of pandas, structured and two-dimensional arrays of NumPy, as columns of cells.
//!
//! Nothing is copied and nothing allocated: a column is a view of the block, array or buffer that holds it.

// Values are as large as what they see: nothing can be boxed without an allocator.
#![allow(clippy::large_enum_variant)]

mod arrow;
mod assembled;
mod blocks;
mod cell;
#[cfg(feature = "alloc")]
mod columns;
mod copies;
mod dtype;
mod freq;
mod index;
mod lane;
mod listed;
mod run;
mod stored;
mod text;
mod values;

pub use crate::view::pandas::Scalar;
pub use arrow::{Arrow, ArrowType, Chunk};
pub use cell::{Cell, Piece, Unit};
#[cfg(feature = "alloc")]
pub use columns::{Columns, NoRows, RowOptions, cells};
pub use copies::Copies;
pub use dtype::DtypeName;
pub use freq::Frequency;
pub use index::Index;
pub use lane::{Lane, LaneCells, Strided};
pub use listed::{Label, Rows};
pub use run::{Meaning, Run};
pub use stored::{Stored, StoredCells};
pub use values::{Categories, Closed, Interval, Places, Values};

use crate::view::View;
use crate::view::known::{Array, arrow_columns, arrow_len, astropy_columns};
use crate::{GlobalName, Kind, Value};
use blocks::Manager;
use core::fmt;

/// Why a value is no table.
///
/// See the example of [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TableError {
    /// It is no frame, series or array.
    NoTable,
    /// The values are of a class that is not known.
    Class,
    /// The parts of an array, index or block do not fit together.
    Parts,
    /// A block has another number of rows than the index.
    Rows,
    /// The blocks overlap, or miss a column.
    Blocks,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TableError::NoTable => "it is not a table",
            TableError::Class => "it has values of a class that is not known",
            TableError::Parts => "its parts do not fit together",
            TableError::Rows => "a block has another number of rows than the index",
            TableError::Blocks => "its blocks overlap, or miss a column",
        })
    }
}

impl core::error::Error for TableError {}

#[derive(Clone, Copy, Debug)]
enum Source<'d> {
    Blocks(Manager<'d>),
    /// A series: the values, and what pandas keeps them in.
    One(Values<'d>, Option<Value<'d>>),
    /// The rows of an array of two axes, or the items of one.
    Matrix(Array<'d>),
    /// The same, and what of it is masked.
    Masked(Array<'d>, Array<'d>),
    /// A column a key.
    Dict(Value<'d>),
    /// Rows, columns and values of a sparse matrix.
    Triplet([Values<'d>; 3]),
    /// The columns of a table of pyarrow, and the fields of its schema.
    Fields(Value<'d>, Value<'d>),
}

/// Rows and columns.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::Table;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pandas.DataFrame({"n": numpy.array([1, 2], "i1")})
/// let pickle = b"cpandas.core.frame\nDataFrame\n)\x81}V_mgr\ncpandas._libs.internals\nBlockManager\n\
///     ((cpandas._libs.internals\n_unpickle_block\n(cnumpy._core.numeric\n_frombuffer\n(C\x02\x01\x02\
///     cnumpy\ndtype\n(Vi1\ntR(K\x01K\x02tVC\ntRcbuiltins\nslice\n(K\0K\x01K\x01tRK\x02tRt\
///     (cpandas.core.indexes.base\n_new_Index\n(cpandas\nIndex\n}(Vdata\n(Vn\nlVname\nNutR\
///     cpandas.core.indexes.base\n_new_Index\n(cpandas\nRangeIndex\n}(Vname\nNVstart\nK\0Vstop\nK\x02\
///     Vstep\nK\x01utRltRsb.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let table = Table::of(document.root()).unwrap();
/// assert_eq!((table.rows(), table.columns()), (2, 1));
/// assert_eq!(table.label(0, 0).unwrap().and_then(|label| label.as_text()), Some("n"));
/// let column = table.column(0).unwrap();
/// assert_eq!(column.values.dtype().to_string(), "int8");
/// assert_eq!(column.values.cell(1).and_then(|cell| cell.as_int()), Some(2));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Table<'d> {
    source: Source<'d>,
    columns: usize,
    rows: usize,
    labels: Option<Index<'d>>,
    index: Option<Index<'d>>,
    name: Option<Value<'d>>,
}

/// A column of a table.
///
/// See the example of [`Table`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Column<'d> {
    /// What is in it.
    pub values: Values<'d>,
    /// The block that it is in, from 0 on: pandas formats the columns of a block alike.
    pub block: usize,
    /// What pandas keeps the block in: an array of NumPy, or an extension array, whose class and dtype it tells. `None`
    /// for what is no frame.
    pub array: Option<Value<'d>>,
}

/// An `array.array`.
fn packed(value: Value<'_>) -> Option<Array<'_>> {
    let is_one = value.as_object()?.class()?.module == "array";
    match value.view() {
        View::Array(array) if is_one => Some(array),
        _ => None,
    }
}

impl<'d> Table<'d> {
    /// A frame, a series, an array of one or two axes or an `array.array` as a table.
    ///
    /// # Errors
    /// It is none, or its parts do not fit together.
    pub fn of(value: Value<'d>) -> Result<Self, TableError> {
        if let Some(array) = Array::of(value) {
            let class = array.class.and_then(|class| class.as_global());
            return match class.map(GlobalName::pair) {
                // Series were arrays before pandas 0.13: their state is (index, name).
                Some((module, "Series" | "TimeSeries" | "SparseSeries" | "SparseTimeSeries"))
                    if module.starts_with("pandas") =>
                {
                    let extra = array.extra.ok_or(TableError::Parts)?;
                    let index = Index::of(extra.at(0).ok_or(TableError::Parts)?)?;
                    let name = extra.items().into_iter().flatten().skip(1).find(|name| name.as_str().is_some());
                    Table::series(Values::of(value, 0)?, None, index, name)
                }
                Some((module, _)) if module.starts_with("pandas") => Err(TableError::NoTable),
                _ => Table::matrix(array),
            };
        }
        if let Some(array) = packed(value) {
            return Table::matrix(array);
        }
        if let Some(table) = Table::of_library(value) {
            return table;
        }
        let (manager, first, second) = Manager::of(manager_of(value)?)?;
        match second {
            None => {
                let index = Index::of(first)?;
                let values = manager.single().ok_or(TableError::Blocks)?;
                let name = value.get("_name").or_else(|| value.get("name")).filter(|name| !name.is_none());
                Table::series(Values::of(values, 0)?, Some(values), index, name)
            }
            Some(index) => {
                let (labels, index) = (Index::of(first)?, Index::of(index)?);
                let (columns, rows) = (labels.len(), index.len());
                manager.check(columns, &labels)?;
                let source = Source::Blocks(manager);
                Ok(Table { source, columns, rows, labels: Some(labels), index: Some(index), name: None })
            }
        }
    }

    /// The index of a frame or series, as the pickle has it.
    pub fn index_of(value: Value<'d>) -> Option<Value<'d>> {
        let (_, first, second) = Manager::of(manager_of(value).ok()?).ok()?;
        Some(second.unwrap_or(first))
    }

    /// The index of the columns of a frame, as the pickle has it.
    pub fn labels_of(value: Value<'d>) -> Option<Value<'d>> {
        let (_, first, second) = Manager::of(manager_of(value).ok()?).ok()?;
        second.map(|_| first)
    }

    /// The class of the values of a column of a frame or of a table of pyarrow, or of a series, where it is not known: what [`TableError::Class`] is
    /// about. It is that of what is inside others, such as the categories of a categorical; of an array of pyarrow it is that
    /// of its type.
    pub fn unknown_class(value: Value<'d>, column: usize) -> Option<GlobalName<&'d str>> {
        if let Some((columns, _)) = arrow_columns(value) {
            return values::unknown(columns.at(column)?, 0);
        }
        let (manager, first, second) = Manager::of(manager_of(value).ok()?).ok()?;
        let (values, row) = match second {
            None => (manager.single()?, 0),
            Some(_) => manager.find(column, &Index::of(first).ok()?).ok().map(|(values, row, _)| (values, row))?,
        };
        values::unknown(values, row)
    }

    /// A table or an array of pyarrow, a table of astropy.
    fn of_library(value: Value<'d>) -> Option<Result<Self, TableError>> {
        if arrow_len(value).is_some() {
            let table = |values: Values<'d>| Table::without_labels(Source::One(values, None), 1, values.len());
            return Some(Values::of(value, 0).map(table));
        }
        let source = match arrow_columns(value) {
            Some((columns, fields)) => Source::Fields(columns, fields),
            None => Source::Dict(astropy_columns(value)?),
        };
        let View::DataFrame { rows, columns } = value.view() else { return None };
        let count = |count: Option<u64>| count.and_then(|count| usize::try_from(count).ok()).ok_or(TableError::Parts);
        Some(count(columns).and_then(|columns| Ok(Table::without_labels(source, columns, count(rows)?))))
    }

    fn without_labels(source: Source<'d>, columns: usize, rows: usize) -> Self {
        Table { source, columns, rows, labels: None, index: None, name: None }
    }

    fn series(
        values: Values<'d>,
        array: Option<Value<'d>>,
        index: Index<'d>,
        name: Option<Value<'d>>,
    ) -> Result<Self, TableError> {
        if values.len() != index.len() {
            return Err(TableError::Rows);
        }
        let rows = values.len();
        Ok(Table { source: Source::One(values, array), columns: 1, rows, labels: None, index: Some(index), name })
    }

    fn matrix(array: Array<'d>) -> Result<Self, TableError> {
        let mut axes = array.axes();
        let mut axis = || match axes.next() {
            Some(axis) => axis.and_then(|axis| usize::try_from(axis).ok()).ok_or(TableError::Parts).map(Some),
            None => Ok(None),
        };
        let (rows, columns, more) = (axis()?, axis()?, axis()?);
        let (Some(rows), None) = (rows, more) else { return Err(TableError::NoTable) };
        let columns = match columns {
            Some(columns) => columns,
            None => array.dtype.field_count().max(1),
        };
        Ok(Table::without_labels(Source::Matrix(array), columns, rows))
    }

    /// A series, or an index: it has one column without a label of its own.
    pub fn is_series(&self) -> bool {
        matches!(self.source, Source::One(..))
    }

    /// The columns are the fields of a structured array.
    pub fn is_records(&self) -> bool {
        matches!(&self.source, Source::Matrix(array) if array.dtype.fields.is_some() && array.axes().len() == 1)
    }

    /// The name of a field of a structured array or of a table of pyarrow, or of a column of a sparse matrix.
    pub fn field(&self, number: usize) -> Option<&'d str> {
        match &self.source {
            Source::Triplet(_) => assembled::name(number),
            Source::Fields(_, fields) => fields.at(number)?.as_object()?.args().next()?.as_str(),
            Source::Matrix(array) if self.is_records() => Some(array.dtype.field(number)?.name),
            _ => None,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, without the index.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The labels of the columns; None where they are counted from 0 on.
    pub fn labels(&self) -> Option<&Index<'d>> {
        self.labels.as_ref()
    }

    /// The labels of the rows; None where they are counted from 0 on.
    pub fn index(&self) -> Option<&Index<'d>> {
        self.index.as_ref()
    }

    /// The name of a series.
    pub fn name(&self) -> Option<Value<'d>> {
        self.name
    }

    /// A column by its number. It is found in time linear in the number of blocks; whoever needs all asks for
    /// [`Table::each_column`].
    ///
    /// # Errors
    /// Its values are of a class that is not known, or it does not fit the index.
    pub fn column(&self, number: usize) -> Result<Column<'d>, TableError> {
        let column = match &self.source {
            Source::Blocks(manager) => {
                let labels = self.labels.as_ref().ok_or(TableError::Blocks)?;
                let (value, row, block) = manager.find(number, labels)?;
                Column { values: Values::of(value, row)?, block, array: Some(value) }
            }
            Source::One(values, array) if number == 0 => Column { values: *values, block: 0, array: *array },
            Source::Matrix(array) => {
                let fields = self.is_records();
                let lane = if fields { Lane::field(*array, number) } else { Lane::column(*array, number) };
                let lane = lane.ok_or(TableError::Parts)?;
                Column { values: Values::Run(Run::Lane(lane, Meaning::Plain)), block: 0, array: None }
            }
            Source::Masked(array, mask) => {
                let lane = |array| Lane::column(array, number).ok_or(TableError::Parts);
                Column { values: Values::Masked(lane(*array)?, lane(*mask)?), block: 0, array: None }
            }
            Source::Dict(_) => {
                let (_, value) = self.pairs().and_then(|mut pairs| pairs.nth(number)).ok_or(TableError::Blocks)?;
                Column { values: assembled::column(value)?, block: number, array: None }
            }
            Source::Triplet(parts) => {
                let values = *parts.get(number).ok_or(TableError::Blocks)?;
                Column { values, block: number, array: None }
            }
            Source::Fields(columns, _) => {
                let column = columns.at(number).ok_or(TableError::Blocks)?;
                Column { values: Values::of(column, 0)?, block: number, array: None }
            }
            Source::One(..) => return Err(TableError::Blocks),
        };
        if column.values.len() == self.rows { Ok(column) } else { Err(TableError::Rows) }
    }

    /// Every column, block by block: its number, and what [`Table::column`] would give. Linear in all.
    ///
    /// # Errors
    /// What `each` returns.
    pub fn each_column<E>(
        &self,
        each: &mut dyn FnMut(usize, Result<Column<'d>, TableError>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.source {
            Source::Blocks(manager) => {
                let Some(labels) = self.labels.as_ref() else { return Ok(()) };
                manager.each(labels, &mut |number, value, row, block| {
                    let column = Values::of(value, row).and_then(|values| {
                        if values.len() == self.rows {
                            Ok(Column { values, block, array: Some(value) })
                        } else {
                            Err(TableError::Rows)
                        }
                    });
                    each(number, column)
                })
            }
            Source::Dict(_) => self.pairs().into_iter().flatten().enumerate().try_for_each(|(number, (_, value))| {
                let column = assembled::column(value).and_then(|values| match values.len() == self.rows {
                    true => Ok(Column { values, block: number, array: None }),
                    false => Err(TableError::Rows),
                });
                each(number, column)
            }),
            _ => (0..self.columns).try_for_each(|number| each(number, self.column(number))),
        }
    }
}

/// What a frame or series keeps its blocks in.
fn manager_of(value: Value<'_>) -> Result<Value<'_>, TableError> {
    let state = value.as_object().and_then(|object| object.state()).ok_or(TableError::NoTable)?;
    if Manager::is(state) {
        return Ok(state);
    }
    let inner = value.get("_mgr").or_else(|| value.get("_data"));
    inner.filter(|inner| Manager::is(*inner)).ok_or(TableError::NoTable)
}

/// The value is a list or tuple.
fn is_list(value: Value<'_>) -> bool {
    matches!(value.kind(), Kind::List | Kind::Tuple)
}
