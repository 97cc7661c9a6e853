//! The values of a column or an index, whatever class pandas keeps them in.

use super::arrow::Arrow;
use super::lane::Lane;
use super::run::{Meaning, Run};
use super::{Cell, Stored, TableError, Unit};
use crate::view::known::{Array, Octets};
use crate::{GlobalName, Kind, ObjectParts, Value};

/// Wrappers around wrappers: an Index of a Categorical of an Index of an array is four.
const DEPTH: usize = 10;

/// An interval of a column.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::{Closed, Values};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pandas.arrays.IntervalArray.from_arrays([0], [5])
/// let pickle = b"cpandas.core.arrays.interval\nIntervalArray\n)\x81}(V_left\ncnumpy._core.numeric\n_frombuffer\n\
///     (C\x01\0cnumpy\ndtype\n(Vi1\ntR(K\x01tVC\ntRV_right\ncnumpy._core.numeric\n_frombuffer\n(C\x01\x05\
///     cnumpy\ndtype\n(Vi1\ntR(K\x01tVC\ntRV_closed\nVright\nub.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let values = Values::of(document.root(), 0).unwrap();
/// let interval = values.interval(0).flatten().unwrap();
/// assert_eq!((interval.left.as_int(), interval.right.as_int(), interval.closed), (Some(0), Some(5), Closed::Right));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Interval<'d> {
    /// Its lower end.
    pub left: Cell<'d>,
    /// Its upper end.
    pub right: Cell<'d>,
    /// Which of them belong to it.
    pub closed: Closed,
}

/// Which ends belong to an interval.
///
/// See the example of [`Interval`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Closed {
    Left,
    Right,
    Both,
    Neither,
}

/// Where the values of a sparse array are.
///
/// See the example of [`Values`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Places<'d> {
    /// Their rows.
    Rows(Lane<'d>),
    /// First rows of blocks, and their lengths.
    Blocks(Lane<'d>, Lane<'d>),
}

/// The categories of a categorical.
///
/// See the example of [`Values`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Categories<'d> {
    /// Plain values.
    Run(Run<'d>),
    /// Intervals: their left and right ends.
    Intervals(Run<'d>, Run<'d>, Closed),
}

/// The values of a column or an index.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::{Cell, Values};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pandas.Categorical(["b", None], ["a", "b"])
/// let pickle = b"cpandas\nCategorical\n)\x81}(V_codes\ncnumpy._core.numeric\n_frombuffer\n(C\x02\x01\xff\
///     cnumpy\ndtype\n(Vi1\ntR(K\x02tVC\ntRV_categories\n(Va\nVb\nlub.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let values = Values::of(document.root(), 0).unwrap();
/// assert_eq!((values.len(), values.dtype().to_string().as_str()), (2, "category"));
/// assert_eq!(values.cell(0).and_then(|cell| cell.as_text()), Some("b"));
/// assert!(matches!(values.cell(1), Some(Cell::Null)));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Values<'d> {
    /// Plain values.
    Run(Run<'d>),
    /// Values, and which of them are missing.
    Masked(Lane<'d>, Lane<'d>),
    /// Codes of categories; -1 is missing.
    Categorical {
        /// A code a row.
        codes: Lane<'d>,
        /// What they stand for.
        categories: Categories<'d>,
        /// The categories have an order.
        ordered: bool,
    },
    /// Intervals: their left and right ends.
    Intervals(Run<'d>, Run<'d>, Closed),
    /// Values at some rows, and one for all others.
    Sparse {
        /// Number of rows.
        len: usize,
        /// Those that differ.
        values: Lane<'d>,
        /// Where they are.
        places: Places<'d>,
        /// What all others are.
        fill: Value<'d>,
    },
    /// Of a sparse matrix that is kept as blocks, diagonals or lists: the rows, columns or values of what it stores.
    Stored(Stored<'d>),
}

impl<'d> Values<'d> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Run(run) | Values::Intervals(run, ..) => run.len(),
            Values::Masked(data, _) => data.len(),
            Values::Categorical { codes, .. } => codes.len(),
            Values::Sparse { len, .. } => *len,
            Values::Stored(stored) => stored.len(),
        }
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The zone of times.
    pub fn zone(&self) -> Option<Value<'d>> {
        match self {
            Values::Run(run) | Values::Intervals(run, ..) => run.zone(),
            Values::Categorical { categories: Categories::Run(run) | Categories::Intervals(run, ..), .. } => run.zone(),
            _ => None,
        }
    }

    /// The value of a row; `None` behind the last, and for intervals: see [`Values::interval`].
    pub fn cell(&self, row: usize) -> Option<Cell<'d>> {
        match self {
            Values::Run(run) => run.cell(row),
            Values::Masked(data, mask) => match mask.cell(row)? {
                Cell::Bool(true) => Some(Cell::Null),
                _ => data.cell(row),
            },
            Values::Categorical { codes, categories: Categories::Run(run), .. } => match code(codes, row)? {
                Some(code) => run.cell(code),
                None => Some(Cell::Null),
            },
            Values::Sparse { len, values, places, fill } => {
                if row >= *len {
                    return None;
                }
                match places.find(row) {
                    Some(at) => values.cell(at),
                    None => Some(Cell::Value(*fill)),
                }
            }
            Values::Stored(stored) => stored.cell(row),
            Values::Intervals(..) | Values::Categorical { .. } => None,
        }
    }

    /// The interval in a row; `Some(None)` for one that is missing, `None` where there is no such row or it has no intervals.
    pub fn interval(&self, row: usize) -> Option<Option<Interval<'d>>> {
        let (left, right, closed, row) = match self {
            Values::Intervals(left, right, closed) => (left, right, closed, row),
            Values::Categorical { codes, categories: Categories::Intervals(left, right, closed), .. } => {
                match code(codes, row)? {
                    Some(code) => (left, right, closed, code),
                    None => return Some(None),
                }
            }
            _ => return None,
        };
        let (left, right) = (left.cell(row)?, right.cell(row)?);
        let missing = matches!(left, Cell::Null) || matches!(left, Cell::Float(float, _) if float.is_nan());
        Some(if missing { None } else { Some(Interval { left, right, closed: *closed }) })
    }

    /// From the array, index or list that pandas keeps them in. Of an array of two axes it is row `row`.
    ///
    /// # Errors
    /// A class that is not known, or parts that do not fit together.
    pub fn of(value: Value<'d>, row: usize) -> Result<Self, TableError> {
        let mut here = value;
        for _ in 0..DEPTH {
            here = match step(here, row)? {
                Step::Done(values) => return Ok(values),
                Step::In(inner) => inner,
                Step::Zoned(inner, meaning) => {
                    let run = match run_of(inner, row)? {
                        Run::Lane(lane, _) => Run::Lane(lane, meaning),
                        other => other,
                    };
                    return Ok(Values::Run(run));
                }
                Step::Categorical { codes, categories, ordered } => {
                    let Run::Lane(codes, _) = run_of(codes, row)? else { return Err(TableError::Parts) };
                    let categories = categories_of(categories)?;
                    return Ok(Values::Categorical { codes, categories, ordered });
                }
                Step::Intervals(left, right, closed) => {
                    let (left, right) = (run_of(left, 0)?, run_of(right, 0)?);
                    if left.len() != right.len() {
                        return Err(TableError::Parts);
                    }
                    return Ok(Values::Intervals(left, right, closed));
                }
            };
        }
        Err(TableError::Class)
    }
}

/// Plain values: as [`Values::of`], for what is inside others.
pub(super) fn run_of(value: Value<'_>, row: usize) -> Result<Run<'_>, TableError> {
    let mut here = value;
    let mut meaning = Meaning::Plain;
    for _ in 0..DEPTH {
        here = match step(here, row)? {
            Step::Done(Values::Run(run)) => {
                return Ok(match (run, meaning) {
                    (run, Meaning::Plain) => run,
                    (Run::Lane(lane, _), meaning) => Run::Lane(lane, meaning),
                    (run, _) => run,
                });
            }
            Step::In(inner) => inner,
            Step::Zoned(inner, new) => {
                meaning = new;
                inner
            }
            _ => return Err(TableError::Class),
        };
    }
    Err(TableError::Class)
}

pub(super) fn categories_of(value: Value<'_>) -> Result<Categories<'_>, TableError> {
    let mut here = value;
    for _ in 0..DEPTH {
        here = match step(here, 0)? {
            Step::Intervals(left, right, closed) => {
                let (left, right) = (run_of(left, 0)?, run_of(right, 0)?);
                return Ok(Categories::Intervals(left, right, closed));
            }
            Step::In(inner) => inner,
            Step::Done(Values::Masked(data, mask)) => return unmasked(data, mask).map(Categories::Run),
            _ => return run_of(here, 0).map(Categories::Run),
        };
    }
    Err(TableError::Class)
}

/// Values of a nullable dtype none of which is missing, as categories and levels of labels have them.
pub(super) fn unmasked<'d>(data: Lane<'d>, mask: Lane<'d>) -> Result<Run<'d>, TableError> {
    let is_missing = mask.cells().any(|cell| matches!(cell, Cell::Bool(true)));
    if is_missing { Err(TableError::Parts) } else { Ok(Run::Lane(data, Meaning::Nullable)) }
}

/// The class because of which [`Values::of`] says [`TableError::Class`]: of the values, or of what is in them.
pub(super) fn unknown(value: Value<'_>, row: usize) -> Option<GlobalName<&str>> {
    let mut here = value;
    for _ in 0..DEPTH {
        here = match step(here, row) {
            Ok(Step::In(inner) | Step::Zoned(inner, _) | Step::Categorical { categories: inner, .. }) => inner,
            Ok(Step::Intervals(left, ..)) => left,
            Ok(Step::Done(_)) | Err(_) => break,
        };
    }
    let object = here.as_object()?;
    let named = |value: Option<Value<'_>>| value.is_some_and(|value| value.as_global().is_some());
    match object.class().map(GlobalName::pair) {
        // What is made by a call that is given the class, and what is made of a type.
        Some((_, "chunked_array")) => object.args().nth(1)?.as_object()?.class(),
        Some((_, "_restore_array")) => object.args().next()?.at(0)?.as_object()?.class(),
        Some(_) if named(object.args().next()) => object.args().next()?.as_global(),
        _ => object.instance()?.class.as_global(),
    }
}

/// The code of a row: None inside for one that is missing.
fn code(codes: &Lane<'_>, row: usize) -> Option<Option<usize>> {
    match codes.cell(row)?.as_int()? {
        -1 => Some(None),
        code => Some(Some(usize::try_from(code).ok()?)),
    }
}

impl Places<'_> {
    /// Which of the values is at a row. Rows are in order.
    fn find(&self, row: usize) -> Option<usize> {
        let number = |lane: &Lane<'_>, at: usize| usize::try_from(lane.cell(at)?.as_int()?).ok();
        // The last place that begins at the row or before it.
        let last = |lane: &Lane<'_>| {
            let (mut low, mut high) = (0usize, lane.len());
            while low < high {
                let middle = low + (high - low) / 2;
                if number(lane, middle)? <= row { low = middle + 1 } else { high = middle }
            }
            low.checked_sub(1)
        };
        match self {
            Places::Rows(rows) => last(rows).filter(|&at| number(rows, at) == Some(row)),
            Places::Blocks(starts, lengths) => {
                let block = last(starts)?;
                let inside = row.checked_sub(number(starts, block)?)?;
                if inside >= number(lengths, block)? {
                    return None;
                }
                (0..block).try_fold(inside, |at, block| at.checked_add(number(lengths, block)?))
            }
        }
    }
}

/// What one wrapper is.
enum Step<'d> {
    Done(Values<'d>),
    In(Value<'d>),
    Zoned(Value<'d>, Meaning<'d>),
    Categorical { codes: Value<'d>, categories: Value<'d>, ordered: bool },
    Intervals(Value<'d>, Value<'d>, Closed),
}

fn step(value: Value<'_>, row: usize) -> Result<Step<'_>, TableError> {
    if matches!(value.kind(), Kind::List | Kind::Tuple) {
        return Ok(Step::Done(Values::Run(Run::Items(value))));
    }
    let object = value.as_object().ok_or(TableError::Class)?;
    if let Some(array) = Array::of(value) {
        let extra = array.extra;
        let class = array.class.and_then(|class| class.as_global()).map_or("", |class| class.name);
        return old_array(array, extra, class, row);
    }
    if let Some(arrow) = Arrow::of(value) {
        return Ok(Step::Done(Values::Run(Run::Arrow(arrow))));
    }
    // Protocols 0 and 1 make instances by way of copyreg.
    let class = object.instance().and_then(|instance| instance.class.as_global());
    let Some(GlobalName { module, name }) = class else { return Err(TableError::Class) };
    match name {
        "_new_Index" | "_new_DatetimeIndex" | "_new_PeriodIndex" | "_new_IntervalIndex" | "_new_TimedeltaIndex" => {
            let mut args = object.args();
            let class = args.next().and_then(|class| class.as_global()).map_or("", |class| class.name);
            index(args.next().ok_or(TableError::Parts)?, class)
        }
        "__pyx_unpickle_NDArrayBacked" => backed(&object),
        "__pyx_unpickle_IntervalMixin" => {
            let state = object.state().ok_or(TableError::Parts)?;
            let state = if state.kind() == Kind::Tuple { state.at(0).ok_or(TableError::Parts)? } else { state };
            intervals(state)
        }
        // What it keeps them in, and where they are on the globe.
        "GeometryArray" if module.starts_with("geopandas") => {
            let state = object.state().ok_or(TableError::Parts)?;
            Ok(Step::Zoned(state.at(0).ok_or(TableError::Parts)?, Meaning::Geometry))
        }
        _ if module.starts_with("pandas") => attributes(value, name),
        _ => Err(TableError::Class),
    }
}

/// An array; before pandas 0.13 indexes and series were arrays, with what they knew more in `extra`.
fn old_array<'d>(array: Array<'d>, extra: Option<Value<'d>>, class: &str, row: usize) -> Result<Step<'d>, TableError> {
    let lane = Lane::row(array, row).ok_or(TableError::Parts)?;
    let part = |n: usize| extra.and_then(|extra| extra.at(n)).filter(|part| !part.is_none());
    let meaning = match class {
        "DatetimeIndex" => part(2).map_or(Meaning::Plain, Meaning::Zone),
        "PeriodIndex" => part(1).map_or(Meaning::Plain, Meaning::Period),
        "MultiIndex" => return Err(TableError::Class),
        "SparseArray" | "SparseSeries" | "SparseTimeSeries" => {
            let sparse = (0..4).filter_map(part).find_map(|part| places(part).ok());
            let (len, places) = sparse.ok_or(TableError::Parts)?;
            let fill = if class == "SparseArray" { extra.and_then(|extra| extra.at(0)) } else { part(1) };
            let fill = fill.ok_or(TableError::Parts)?;
            return Ok(Step::Done(Values::Sparse { len, values: lane, places, fill }));
        }
        _ => Meaning::Plain,
    };
    Ok(Step::Done(Values::Run(Run::Lane(lane, meaning))))
}

/// What `_new_Index(class, dict)` makes.
fn index<'d>(data: Value<'d>, class: &str) -> Result<Step<'d>, TableError> {
    if let (Some(start), Some(stop), Some(step)) = (data.get("start"), data.get("stop"), data.get("step")) {
        let parts = start.as_i64().zip(stop.as_i64()).zip(step.as_i64());
        let ((start, stop), step) = parts.ok_or(TableError::Parts)?;
        let len = range_len(start, stop, step).ok_or(TableError::Parts)?;
        return Ok(Step::Done(Values::Run(Run::Range { start, step, len })));
    }
    if data.get("left").is_some() {
        return intervals(data);
    }
    let inner = data.get("data").or_else(|| data.get("ordinal")).ok_or(TableError::Class)?;
    let is_array = Array::of(inner).is_some();
    if class == "DatetimeIndex"
        && is_array
        && let Some(zone) = data.get("tz").filter(|zone| !zone.is_none())
    {
        return Ok(Step::Zoned(inner, Meaning::Zone(zone)));
    }
    if class == "PeriodIndex"
        && is_array
        && let Some(freq) = data.get("freq").filter(|freq| !freq.is_none())
    {
        return Ok(Step::Zoned(inner, Meaning::Period(freq)));
    }
    Ok(Step::In(inner))
}

fn range_len(start: i64, stop: i64, step: i64) -> Option<usize> {
    let (low, high) = if step < 0 { (stop, start) } else { (start, stop) };
    let span = if low < high { high.wrapping_sub(low) as u64 } else { 0 };
    let steps = span.saturating_sub(1).checked_div(step.unsigned_abs())?;
    usize::try_from(if span == 0 { 0 } else { steps.checked_add(1)? }).ok()
}

fn intervals(state: Value<'_>) -> Result<Step<'_>, TableError> {
    let get = |a: &str, b: &str| state.get(a).or_else(|| state.get(b));
    let (Some(left), Some(right)) = (get("left", "_left"), get("right", "_right")) else {
        return get("data", "_data").map(Step::In).ok_or(TableError::Parts);
    };
    let closed = get("closed", "_closed")
        .or_else(|| state.get("_dtype")?.get("closed"))
        .and_then(|closed| closed.as_str())
        .unwrap_or("right");
    let closed = match closed {
        "left" => Closed::Left,
        "right" => Closed::Right,
        "both" => Closed::Both,
        "neither" => Closed::Neither,
        _ => return Err(TableError::Parts),
    };
    Ok(Step::Intervals(left, right, closed))
}

/// Categorical, DatetimeArray, TimedeltaArray, PeriodArray, StringArray and NumPy's from pandas 1.3 on: a state of
/// (dtype, array), perhaps the other way round, perhaps with attributes; or the attributes alone.
fn backed<'d>(object: &ObjectParts<'d>) -> Result<Step<'d>, TableError> {
    let name = object.args().next().and_then(|class| class.as_global()).map_or("", |class| class.name);
    let state = object.state().ok_or(TableError::Parts)?;
    if state.kind() == Kind::Dict {
        return from_state(state, name);
    }
    let first = state.at(0).ok_or(TableError::Parts)?;
    let Some(second) = state.at(1) else { return from_state(first, name) };
    let (dtype, array) = if Array::of(first).is_some() { (second, first) } else { (first, second) };
    typed(array, dtype, name)
}

/// An array and the dtype of pandas that says what it means.
fn typed<'d>(array: Value<'d>, dtype: Value<'d>, name: &str) -> Result<Step<'d>, TableError> {
    if name == "Categorical" {
        let categories = dtype.get("categories").or_else(|| dtype.get("_categories")).ok_or(TableError::Parts)?;
        let ordered = dtype.get("ordered").or_else(|| dtype.get("_ordered")).and_then(|flag| flag.as_bool());
        return Ok(Step::Categorical { codes: array, categories, ordered: ordered == Some(true) });
    }
    Ok(match meaning(dtype) {
        Meaning::Plain => Step::In(array),
        meaning => Step::Zoned(array, meaning),
    })
}

fn meaning(dtype: Value<'_>) -> Meaning<'_> {
    // Not the arguments of the helper that protocols 0 and 1 have.
    let Some(mut instance) = dtype.as_object().and_then(|object| object.instance()) else { return Meaning::Plain };
    match instance.class.as_global().map(GlobalName::pair) {
        Some((_, "DatetimeTZDtype")) => {
            let zone = dtype.get("tz").or_else(|| dtype.get("_tz")).or_else(|| instance.args.nth(1));
            zone.map_or(Meaning::Plain, Meaning::Zone)
        }
        Some((_, "PeriodDtype")) => {
            let freq = instance.args.next().or_else(|| dtype.get("freq")).or_else(|| dtype.get("_freq"));
            freq.map_or(Meaning::Plain, Meaning::Period)
        }
        _ => Meaning::Plain,
    }
}

/// Objects with attributes.
fn attributes<'d>(value: Value<'d>, name: &str) -> Result<Step<'d>, TableError> {
    let state = value.as_object().and_then(|object| object.state()).ok_or(TableError::Class)?;
    match name {
        "SparseArray" => {
            let get = |name| value.get(name).ok_or(TableError::Parts);
            let (len, places) = places(get("_sparse_index")?)?;
            let Run::Lane(values, _) = run_of(get("_sparse_values")?, 0)? else { return Err(TableError::Parts) };
            let fill = match value.get("_dtype").and_then(|dtype| dtype.get("_fill_value")) {
                Some(fill) => fill,
                None => get("_fill_value")?,
            };
            Ok(Step::Done(Values::Sparse { len, values, places, fill }))
        }
        "IntervalArray" => intervals(state),
        _ => from_state(value, name),
    }
}

fn from_state<'d>(state: Value<'d>, name: &str) -> Result<Step<'d>, TableError> {
    let get = |names: &[&str]| names.iter().find_map(|name| state.get(name));
    if name == "Categorical" {
        let codes = get(&["_codes", "codes", "labels"]).ok_or(TableError::Parts)?;
        let dtype = get(&["_dtype"]);
        let within = |names: &[&str]| names.iter().find_map(|name| dtype?.get(name));
        let categories = within(&["categories", "_categories"])
            .or_else(|| get(&["_categories", "categories", "_levels", "levels"]))
            .ok_or(TableError::Parts)?;
        let ordered = within(&["ordered", "_ordered"]).or_else(|| get(&["_ordered", "ordered"]));
        return Ok(Step::Categorical {
            codes,
            categories,
            ordered: ordered.and_then(|flag| flag.as_bool()) == Some(true),
        });
    }
    let inner = get(&["_ndarray", "_pa_array", "_data"]).ok_or(TableError::Class)?;
    if let Some(mask) = get(&["_mask"]) {
        let (Run::Lane(data, _), Run::Lane(mask, _)) = (run_of(inner, 0)?, run_of(mask, 0)?) else {
            return Err(TableError::Parts);
        };
        return if data.len() == mask.len() {
            Ok(Step::Done(Values::Masked(data, mask)))
        } else {
            Err(TableError::Parts)
        };
    }
    let dtype = get(&["_dtype"]).map_or(Meaning::Plain, meaning);
    Ok(match dtype {
        Meaning::Plain => match get(&["_tz", "tz"]).filter(|zone| !zone.is_none()) {
            Some(zone) => Step::Zoned(inner, Meaning::Zone(zone)),
            None => Step::In(inner),
        },
        meaning => Step::Zoned(inner, meaning),
    })
}

/// `IntIndex(length, rows)` or `BlockIndex(length, starts, lengths)`.
fn places(index: Value<'_>) -> Result<(usize, Places<'_>), TableError> {
    let object = index.as_object().ok_or(TableError::Parts)?;
    let mut args = object.args();
    let len = args.next().and_then(|len| usize::try_from(len.as_u64()?).ok()).ok_or(TableError::Parts)?;
    let mut lane = || match run_of(args.next().ok_or(TableError::Parts)?, 0)? {
        Run::Lane(lane, _) => Ok(lane),
        _ => Err(TableError::Parts),
    };
    match object.class().map(GlobalName::pair) {
        Some((_, "IntIndex")) => Ok((len, Places::Rows(lane()?))),
        Some((_, "BlockIndex")) => Ok((len, Places::Blocks(lane()?, lane()?))),
        _ => Err(TableError::Parts),
    }
}

impl<'d> Values<'d> {
    /// The same with all bytes in one piece, see [`Lane::with_bytes`]. (Chunks of Arrow each have a method of their own.)
    pub fn with_bytes(self, copy: &mut dyn FnMut(Octets<'d>) -> &'d [u8]) -> Self {
        let run = |run: Run<'d>, copy: &mut dyn FnMut(Octets<'d>) -> &'d [u8]| match run {
            Run::Lane(lane, meaning) => Run::Lane(lane.with_bytes(copy), meaning),
            Run::Pointers(pointers) => Run::Pointers(pointers.with_bytes(copy)),
            other => other,
        };
        match self {
            Values::Run(it) => Values::Run(run(it, copy)),
            Values::Stored(stored) => Values::Stored(stored.with_bytes(copy)),
            Values::Masked(data, mask) => Values::Masked(data.with_bytes(copy), mask.with_bytes(copy)),
            Values::Intervals(left, right, closed) => Values::Intervals(run(left, copy), run(right, copy), closed),
            Values::Categorical { codes, categories, ordered } => {
                let categories = match categories {
                    Categories::Run(it) => Categories::Run(run(it, copy)),
                    Categories::Intervals(left, right, closed) => {
                        Categories::Intervals(run(left, copy), run(right, copy), closed)
                    }
                };
                Values::Categorical { codes: codes.with_bytes(copy), categories, ordered }
            }
            Values::Sparse { len, values, places, fill } => {
                let places = match places {
                    Places::Rows(rows) => Places::Rows(rows.with_bytes(copy)),
                    Places::Blocks(starts, lengths) => {
                        Places::Blocks(starts.with_bytes(copy), lengths.with_bytes(copy))
                    }
                };
                Values::Sparse { len, values: values.with_bytes(copy), places, fill }
            }
        }
    }

    /// Unit of times, where all of them have one.
    pub fn unit(&self) -> Option<Unit> {
        match self {
            Values::Run(Run::Lane(lane, _)) => Unit::of(lane.dtype().unit?.unit),
            _ => None,
        }
    }
}
