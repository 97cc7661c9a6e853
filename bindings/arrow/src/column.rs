//! Columns of a table, of which arrays are made piece by piece.

use crate::build::Builder;
use crate::kind::Kind;
use crate::pandas::{self, Described};
use crate::typed::{self, Missing};
use crate::zone::Zone;
use crate::{Arena, Text};
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, DictionaryArray, PrimitiveArray, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields};
use pickle_core::known::Octets;
use pickle_core::table::{
    Categories, Cell, Chunk, Closed, Copies, Lane, LaneCells, Meaning, Places, Run, StoredCells, Values,
};
use pickle_core::{Items, Value};
use std::ops::Range;
use std::sync::Arc;

/// Objects one after the other.
#[derive(Clone)]
pub(crate) enum Objects<'d> {
    Lane(LaneCells<'d>),
    /// Objects, and which of them are masked.
    Masked(LaneCells<'d>, LaneCells<'d>),
    Stored(StoredCells<'d>),
    Items(Items<'d>),
    List(std::vec::IntoIter<Option<Value<'d>>>),
}

impl<'d> Iterator for Objects<'d> {
    type Item = Option<Value<'d>>;

    fn next(&mut self) -> Option<Option<Value<'d>>> {
        match self {
            Objects::Lane(cells) => cells.next().map(object),
            Objects::Masked(cells, mask) => match (cells.next()?, mask.next()?) {
                (_, Cell::Bool(true)) => Some(None),
                (cell, _) => Some(object(cell)),
            },
            Objects::Stored(cells) => cells.next().map(object),
            Objects::Items(items) => items.next().map(Some),
            Objects::List(values) => values.next(),
        }
    }
}

fn object(cell: Cell<'_>) -> Option<Value<'_>> {
    if let Cell::Value(value) = cell { Some(value) } else { None }
}

/// Where the values of a column are.
enum Source<'d> {
    /// Numbers, times: what is missing, and how many ticks one of NumPy's is.
    Numbers(Lane<'d>, Missing<'d>, i64),
    /// Found by their row.
    Cells(Box<Values<'d>>),
    /// Found one after the other.
    Stored(Box<StoredCells<'d>>),
    /// Values and which of them are missing.
    Masked(Lane<'d>, Lane<'d>),
    Chunks(Vec<Chunk<'d>>),
    /// Taken one after the other.
    Objects(Objects<'d>, Box<Builder>),
    /// Codes of values.
    Coded(Lane<'d>, ArrayRef),
    /// The same, written as what they stand for.
    Decoded(Lane<'d>, ArrayRef),
    /// Left and right ends.
    Ends(Box<Column<'d>>, Box<Column<'d>>),
    /// Values at some rows, and one for all others.
    Sparse {
        len: usize,
        values: Lane<'d>,
        places: Vec<(usize, usize, usize)>,
        fill: Value<'d>,
    },
}

/// A column.
pub(crate) struct Column<'d> {
    /// The type of its arrays.
    pub(crate) data_type: DataType,
    /// What pandas needs to know of it.
    pub(crate) described: Described,
    /// Some cells are JSON.
    pub(crate) has_json: bool,
    source: Source<'d>,
}

/// Which role values have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A column, or labels of one level.
    Column,
    /// A level of several.
    Level,
}

impl<'d> Column<'d> {
    /// The values of a table's column. `array` is what pandas keeps them in.
    ///
    /// # Errors
    /// Why no type of Arrow holds them.
    pub(crate) fn of(
        values: Values<'d>,
        array: Option<Value<'d>>,
        role: Role,
        arena: &'d Arena,
        copies: &mut Copies<'d>,
        pandas: bool,
    ) -> Result<Self, String> {
        let mut copy = |octets: Octets<'d>| copies.get(octets, |octets: Octets<'d>| arena.alloc(octets.collect()));
        let values = values.with_bytes(&mut copy);
        let described = pandas::describe(&values, array);
        let nan = if pandas { Missing::Nan } else { Missing::Nothing };
        let column =
            |data_type, source| Ok(Column { data_type, described: described.clone(), has_json: false, source });
        match values {
            Values::Run(Run::Items(list)) => match list.items() {
                Some(items) => Ok(Column::objects(Objects::Items(items), arena.text).named(described)),
                None => Err("it is not a list".into()),
            },
            Values::Run(Run::Lane(lane, _)) if lane.is_objects() => {
                Ok(Column::objects(Objects::Lane(lane.cells()), arena.text).named(described))
            }
            Values::Run(Run::Lane(lane, Meaning::Period(_))) => match typed::type_of(lane.dtype()) {
                Some((DataType::Int64, _)) => column(
                    DataType::Int64,
                    Source::Cells(Box::new(Values::Run(Run::Lane(lane, Meaning::Period(periods(&values)?))))),
                ),
                _ => Err("periods are ints of 64 bits".into()),
            },
            Values::Run(Run::Lane(lane, meaning)) => {
                let unknown = || format!("Arrow has no type for {}", lane.dtype());
                let (mut data_type, factor) = typed::type_of(lane.dtype()).ok_or_else(unknown)?;
                if let (Meaning::Zone(zone), DataType::Timestamp(unit, _)) = (meaning, &data_type) {
                    let zone = Zone::of(pickle_core::view::Zone::of(zone)).ok_or("its zone is not known")?;
                    data_type = DataType::Timestamp(*unit, Some(zone.name()));
                }
                match is_by_cell(&data_type) {
                    true => column(data_type, Source::Cells(Box::new(values))),
                    false => column(data_type, Source::Numbers(lane, nan, factor)),
                }
            }
            Values::Run(Run::Range { .. } | Run::Pointers(_)) => {
                column(DataType::Int64, Source::Cells(Box::new(values)))
            }
            Values::Run(Run::Arrow(arrow)) => {
                let data_type = typed::type_of_arrow(arrow.kind()).ok_or("its type is not known")?;
                let chunks: Vec<Chunk<'d>> = arrow.chunks().map(|chunk| chunk.with_bytes(&mut copy)).collect();
                if chunks.iter().map(Chunk::len).sum::<usize>() != arrow.len() {
                    return Err("a chunk cannot be read".into());
                }
                column(data_type, Source::Chunks(chunks))
            }
            Values::Stored(stored) => {
                let Some(dtype) = stored.dtype() else {
                    return Ok(Column::objects(Objects::Stored(stored.cells()), arena.text).named(described));
                };
                match typed::type_of(&dtype) {
                    Some((data_type, 1)) => column(data_type, Source::Stored(Box::new(stored.cells()))),
                    _ => Err(format!("Arrow has no type for {dtype}")),
                }
            }
            Values::Run(_) => Err("its class is not known".into()),
            Values::Masked(data, mask) if data.is_objects() => {
                Ok(Column::objects(Objects::Masked(data.cells(), mask.cells()), arena.text).named(described))
            }
            Values::Masked(data, mask) => {
                let unknown = || format!("Arrow has no type for {}", data.dtype());
                let (data_type, factor) = typed::type_of(data.dtype()).ok_or_else(unknown)?;
                if data.as_bytes().is_some() && mask.as_bytes().is_some() && !is_by_cell(&data_type) {
                    column(data_type, Source::Numbers(data, Missing::Masked(mask), factor))
                } else {
                    column(data_type, Source::Masked(data, mask))
                }
            }
            Values::Categorical { codes, categories, ordered } => {
                let values = match categories {
                    Categories::Run(run) => Values::Run(run),
                    Categories::Intervals(left, right, closed) => Values::Intervals(left, right, closed),
                    _ => return Err("its categories are of a class that is not known".into()),
                };
                let mut categories = Column::of(values, None, Role::Column, arena, copies, pandas)?;
                let len = values.len();
                let dictionary = categories.array(0..len).ok_or("its categories cannot be read")?;
                if let Some(code) = codes.stray_code(len) {
                    return Err(format!("what the code {code} of its categories stands for is not known"));
                }
                let keys = match codes.dtype().size {
                    1 => DataType::Int8,
                    2 => DataType::Int16,
                    4 => DataType::Int32,
                    _ => DataType::Int64,
                };
                let has_json = categories.has_json;
                // Categories that are structs have no dictionary in Parquet or pyarrow.
                if role == Role::Level || matches!(categories.data_type, DataType::Struct(_)) {
                    let described = categories.described.clone();
                    let data_type = categories.data_type;
                    return Ok(Column { data_type, described, has_json, source: Source::Decoded(codes, dictionary) });
                }
                let data_type = DataType::Dictionary(Box::new(keys.clone()), Box::new(categories.data_type));
                let described = Described::categories(&keys, len, ordered);
                Ok(Column { data_type, described, has_json, source: Source::Coded(codes, dictionary) })
            }
            Values::Intervals(left, right, closed) => {
                let left = Column::of(Values::Run(left), None, Role::Level, arena, copies, false)?;
                let right = Column::of(Values::Run(right), None, Role::Level, arena, copies, false)?;
                let data_type = DataType::Struct(ends(&left.data_type, &right.data_type));
                let closed = match closed {
                    Closed::Left => "left",
                    Closed::Right => "right",
                    Closed::Both => "both",
                    Closed::Neither => "neither",
                };
                let described = Described::intervals(&left.described, &left.data_type, closed);
                let source = Source::Ends(Box::new(left), Box::new(right));
                Ok(Column { data_type, described, has_json: false, source })
            }
            Values::Sparse { len, values, places, fill } => {
                let unknown = || format!("Arrow has no type for {}", values.dtype());
                let (data_type, _) = typed::type_of(values.dtype()).ok_or_else(unknown)?;
                let places = runs(&places).ok_or("its places cannot be read")?;
                column(data_type, Source::Sparse { len, values, places, fill })
            }
            _ => Err("its class is not known".into()),
        }
    }

    /// Objects, whose type is what holds all of them.
    pub(crate) fn objects(objects: Objects<'d>, text: Text) -> Self {
        let mut kind = Kind::Null;
        for value in objects.clone().flatten() {
            kind = kind.join(Kind::of(value));
            if kind == Kind::Json {
                break;
            }
        }
        let kind = kind.settled();
        let (data_type, has_json) = (kind.data_type(), kind.has_json());
        let source = Source::Objects(objects, Box::new(Builder::new(&kind, text)));
        Column { data_type, described: Described::object(), has_json, source }
    }

    fn named(self, described: Described) -> Self {
        Column { described, ..self }
    }

    /// Bytes of a row, where all rows have as many.
    pub(crate) fn width(&self) -> Option<usize> {
        match &self.source {
            Source::Objects(..) => None,
            Source::Ends(left, right) => Some(left.width()?.saturating_add(right.width()?)),
            Source::Numbers(lane, ..) | Source::Masked(lane, _) => usize::try_from(lane.dtype().size).ok(),
            Source::Cells(values) => match &**values {
                Values::Run(Run::Lane(lane, _)) => usize::try_from(lane.dtype().size).ok(),
                _ => Some(16),
            },
            Source::Chunks(_) => match &self.data_type {
                DataType::LargeUtf8 | DataType::LargeBinary => None,
                _ => Some(16),
            },
            _ => Some(16),
        }
    }

    /// The array of some rows. Those of objects are taken one after the other, whatever `rows` says, and so are asked for
    /// in order. `None` for a cell that is not as the column says.
    pub(crate) fn array(&mut self, rows: Range<usize>) -> Option<ArrayRef> {
        match &mut self.source {
            Source::Numbers(lane, missing, factor) => typed::bulk(lane, &self.data_type, *factor, rows, *missing),
            Source::Cells(values) => match (&**values, &self.data_type) {
                (Values::Run(Run::Lane(_, Meaning::Period(_))), _) => {
                    let cells = rows.map(|row| match values.cell(row)? {
                        Cell::Period(ordinal) => Some(Cell::Int(ordinal)),
                        cell => Some(cell),
                    });
                    typed::from_cells(&self.data_type, cells)
                }
                (_, data_type) => typed::from_cells(data_type, rows.map(|row| values.cell(row))),
            },
            Source::Stored(stored) => {
                let cells: Vec<_> = rows.map(|_| stored.next()).collect();
                typed::from_cells(&self.data_type, cells.into_iter())
            }
            Source::Masked(data, mask) => {
                let cells = rows.map(|row| match mask.cell(row)? {
                    Cell::Bool(true) => Some(Cell::Null),
                    _ => data.cell(row),
                });
                typed::from_cells(&self.data_type, cells)
            }
            Source::Chunks(chunks) => {
                let mut start = 0;
                let mut cells = Vec::with_capacity(rows.len());
                for chunk in chunks.iter() {
                    let end = start + chunk.len();
                    let from = rows.start.max(start);
                    for at in from..rows.end.min(end).max(from) {
                        cells.push(chunk.cell(at - start));
                    }
                    start = end;
                }
                typed::from_cells(&self.data_type, cells.into_iter())
            }
            Source::Objects(objects, builder) => {
                for _ in rows {
                    match objects.next()? {
                        Some(value) => builder.value(value).ok()?,
                        None => builder.nulls(1),
                    }
                }
                Some(builder.finish())
            }
            Source::Coded(codes, dictionary) => {
                let values = dictionary.clone();
                macro_rules! coded {
                    ($kind:ty, $native:ty) => {{
                        let keys: PrimitiveArray<$kind> = keys(codes, rows, values.len())?
                            .into_iter()
                            .map(|key| key.and_then(|key| <$native>::try_from(key).ok()))
                            .collect();
                        Arc::new(DictionaryArray::try_new(keys, values).ok()?) as ArrayRef
                    }};
                }
                Some(match codes.dtype().size {
                    1 => coded!(Int8Type, i8),
                    2 => coded!(Int16Type, i16),
                    4 => coded!(Int32Type, i32),
                    _ => coded!(Int64Type, i64),
                })
            }
            Source::Decoded(codes, values) => {
                let keys: PrimitiveArray<Int64Type> = keys(codes, rows, values.len())?.into_iter().collect();
                arrow_select::take::take(values, &keys, None).ok()
            }
            Source::Ends(left, right) => {
                let (left, right) = (left.array(rows.clone())?, right.array(rows)?);
                let mut missing = left.logical_nulls();
                if let Some(floats) = left.as_any().downcast_ref::<PrimitiveArray<arrow_array::types::Float64Type>>()
                    && floats.values().iter().any(|end| end.is_nan())
                {
                    missing = Some(floats.values().iter().map(|end| !end.is_nan()).collect::<NullBuffer>());
                }
                let fields = ends(left.data_type(), right.data_type());
                Some(Arc::new(StructArray::try_new(fields, vec![left, right], missing).ok()?))
            }
            Source::Sparse { len, values, places, fill } => {
                let cells = rows.map(|row| {
                    if row >= *len {
                        return None;
                    }
                    // The last run that begins at the row or before it.
                    let run = places.partition_point(|(start, ..)| *start <= row).checked_sub(1);
                    match run.and_then(|run| places.get(run)) {
                        Some((start, count, first)) if row - start < *count => values.cell(first + row - start),
                        _ => Some(Cell::Value(*fill)),
                    }
                });
                // Of floats what is missing is NaN, and so nothing.
                let cells = cells.map(|cell| match cell? {
                    Cell::Float(float, _) if float.is_nan() => Some(Cell::Null),
                    Cell::Value(value) if value.as_f64().is_some_and(f64::is_nan) => Some(Cell::Null),
                    cell => Some(cell),
                });
                typed::from_cells(&self.data_type, cells)
            }
        }
    }
}

/// Its arrays are not made of numbers in bulk.
fn is_by_cell(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::LargeUtf8
            | DataType::LargeBinary
            | DataType::FixedSizeBinary(_)
            | DataType::Struct(_)
            | DataType::Date32
    )
}

fn periods<'d>(values: &Values<'d>) -> Result<Value<'d>, String> {
    match values {
        Values::Run(Run::Lane(_, Meaning::Period(freq))) => Ok(*freq),
        _ => Err("its frequency is not known".into()),
    }
}

fn ends(left: &DataType, right: &DataType) -> Fields {
    Fields::from(vec![Field::new("left", left.clone(), true), Field::new("right", right.clone(), true)])
}

/// The codes of some rows: None for -1. `None` for a code that there is no value of.
fn keys(codes: &Lane<'_>, rows: Range<usize>, values: usize) -> Option<Vec<Option<i64>>> {
    rows.map(|row| match i64::try_from(codes.cell(row)?.as_int()?).ok()? {
        -1 => Some(None),
        code => usize::try_from(code).ok().filter(|code| *code < values).map(|_| Some(code)),
    })
    .collect()
}

/// Runs of rows that have values: first row, how many, number of the first value.
fn runs(places: &Places<'_>) -> Option<Vec<(usize, usize, usize)>> {
    let number = |cell: Cell<'_>| usize::try_from(cell.as_int()?).ok();
    match places {
        Places::Rows(rows) => rows.cells().enumerate().map(|(at, row)| Some((number(row)?, 1, at))).collect(),
        Places::Blocks(starts, lengths) => {
            let mut first = 0usize;
            let mut runs = Vec::new();
            for (start, len) in starts.cells().zip(lengths.cells()) {
                let (start, len) = (number(start)?, number(len)?);
                runs.push((start, len, first));
                first = first.checked_add(len)?;
            }
            Some(runs)
        }
        _ => None,
    }
}
