//! Columns of tables, and the labels of their rows.

use crate::cell::{pickle_cell, pickle_cell_kind, pickle_unit};
use crate::error::put;
use crate::hidden::{fits, held, hold, opaque};
use crate::memory::pickle_bytes;
use crate::status::pickle_status;
use crate::value::{Found, pickle_value, store};
use core::ffi::{c_char, c_void};
use core::mem::MaybeUninit;
use pickle_core::Items;
use pickle_core::view::table::{Categories, Cell, Closed, Interval, LaneCells, Meaning, Run, Strided, Unit, Values};

/// How a column holds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_column_kind {
    /// An item of an array a row: `data`.
    Array = 0,
    /// An item of an array a row, and a bool a row that says which are missing: `data` and `mask`.
    Masked = 1,
    /// A category a row: `data` has their numbers, of which -1 is a missing value.
    Categorical = 2,
    /// An interval a row: `pickle_column_interval`.
    Intervals = 3,
    /// Values of some rows, and one value for all others.
    Sparse = 4,
    /// Ints at equal distances.
    Range = 5,
    /// Values of pyarrow. Of protocols 0 to 2 they cannot be read (`PICKLE_STATUS_BAD_TABLE`): their bytes are not in one piece.
    Arrow = 6,
    /// Objects of a list.
    List = 7,
    /// Any other: cell by cell.
    Other = 8,
}

/// A column of a table, or a level of its labels: 2.5 KB.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_column {
    /// Number of rows.
    pub rows: usize,
    /// How it holds its values.
    pub how: pickle_column_kind,
    /// The unit of `data` where these are times: ticks since 1970, or spans. The least int is a missing one.
    pub unit: pickle_unit,
    /// So many units are a tick.
    pub unit_count: i64,
    /// From the first byte of the first item to the last byte of the last, in the input. Empty where the pickle does not
    /// hold them as bytes in one piece (objects, and numbers in protocols 0 to 2): `pickle_column_next`.
    pub data: pickle_bytes,
    /// Bytes from one item of `data` to the next.
    pub stride: usize,
    /// Size of an item of `data` in bytes.
    pub item_size: usize,
    /// One byte a row that is not 0 where the value is missing.
    pub mask: pickle_bytes,
    /// Bytes from one byte of `mask` to the next.
    pub mask_stride: usize,
    /// The time zone in which times, which are in UTC, are shown; else None.
    pub zone: pickle_value,
    /// The kind of the items of `data` in numpy's letters, as in `pickle_array`; 0 where there is no array.
    pub kind: u8,
    /// Most significant byte first.
    pub big_endian: bool,
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 304],
}

/// What a column has.
#[derive(Clone, Copy)]
struct State {
    values: Values<'static>,
    /// The row that comes next.
    row: usize,
    cursor: Cursor,
}

/// Where reading row by row is: cells of arrays that are not in one piece, and of lists, take linear time to find.
#[derive(Clone, Copy)]
#[allow(clippy::large_enum_variant, reason = "nothing may be allocated")]
enum Cursor {
    None,
    Lane(LaneCells<'static>),
    Masked(LaneCells<'static>, LaneCells<'static>),
    Items(Items<'static>),
}

fits!(State, 304);

/// # Safety
/// `out` is null or may be written.
pub(crate) unsafe fn made(out: *mut pickle_column, found: Found<Values<'_>>) -> pickle_status {
    if out.is_null() {
        return pickle_status::Null;
    }
    // SAFETY: not null, and the caller's.
    unsafe { (&raw mut (*out).opaque).cast::<u64>().write(0) };
    let values = match found {
        // SAFETY: the same type but for the lifetime, which C's programmer watches over.
        Ok(values) => unsafe { core::mem::transmute::<Values<'_>, Values<'static>>(values) },
        Err(status) => return status,
    };
    let (how, lane, mask) = match &values {
        Values::Run(Run::Lane(lane, _)) => (pickle_column_kind::Array, Some(lane), None),
        Values::Masked(lane, mask) => (pickle_column_kind::Masked, Some(lane), Some(mask)),
        Values::Categorical { codes, .. } => (pickle_column_kind::Categorical, Some(codes), None),
        Values::Intervals(..) => (pickle_column_kind::Intervals, None, None),
        Values::Sparse { .. } => (pickle_column_kind::Sparse, None, None),
        Values::Run(Run::Range { .. }) => (pickle_column_kind::Range, None, None),
        Values::Run(Run::Arrow(_)) => (pickle_column_kind::Arrow, None, None),
        Values::Run(Run::Items(_)) => (pickle_column_kind::List, None, None),
        _ => (pickle_column_kind::Other, None, None),
    };
    let cursor = match &values {
        Values::Masked(lane, mask) => Cursor::Masked(lane.cells(), mask.cells()),
        Values::Run(Run::Items(list)) => list.items().map_or(Cursor::None, Cursor::Items),
        _ => lane.map_or(Cursor::None, |lane| Cursor::Lane(lane.cells())),
    };
    // The bytes of the items alone, and not of what follows the last.
    let (stride, data, item_size) = lane
        .and_then(|lane| {
            let Strided { stride, bytes, .. } = lane.as_bytes()?;
            let size = usize::try_from(lane.dtype().size).ok()?;
            let end = match lane.len().checked_sub(1) {
                Some(last) => stride.checked_mul(last)?.checked_add(size)?,
                None => 0,
            };
            Some((stride, bytes.get(..end)?, size))
        })
        .unwrap_or_default();
    let (mask_stride, mask) = mask
        .and_then(|mask| {
            let Strided { stride, bytes, .. } = mask.as_bytes()?;
            let end = mask.len().checked_sub(1).map_or(Some(0), |last| stride.checked_mul(last)?.checked_add(1))?;
            Some((stride, bytes.get(..end)?))
        })
        .unwrap_or_default();
    let dtype = lane.map(|lane| lane.dtype());
    let unit = dtype.and_then(|dtype| dtype.unit).and_then(|tick| Some((Unit::of(tick.unit)?, tick.count)));
    let is_objects = lane.is_some_and(|lane| lane.is_objects());
    // SAFETY: not null, and the caller's; the words are enough.
    unsafe {
        (*out).rows = values.len();
        (*out).how = how;
        (*out).unit = unit.map_or(pickle_unit::None, |(unit, _)| unit.into());
        (*out).unit_count = unit.map_or(0, |(_, count)| count);
        (*out).data = data.into();
        (*out).stride = stride;
        (*out).item_size = item_size;
        (*out).mask = mask.into();
        (*out).mask_stride = mask_stride;
        (*out).zone = values.zone().map_or(pickle_value::NONE, Into::into);
        (*out).kind = if is_objects { b'O' } else { dtype.map_or(0, |dtype| dtype.kind) };
        (*out).big_endian = dtype.is_some_and(|dtype| dtype.big_endian);
        hold((&raw mut (*out).opaque).cast(), State { values, row: 0, cursor });
    }
    pickle_status::Ok
}

/// The items of a column as an array of C: of this kind (numpy's letter) and size, one after another, in the byte order of
/// this machine, none of them missing by a mask, and aligned to their size. Null where any of that is not so: then
/// `data` and `stride` may still do, with memcpy.
///
/// # Safety
/// `column` is null, all zeros, or was filled by this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_column_items(
    column: *const pickle_column,
    kind: c_char,
    item_size: usize,
) -> *const c_void {
    // SAFETY: as the caller says.
    let Some(found) = (unsafe { column.as_ref() }) else { return core::ptr::null() };
    let is_asked = found.how == pickle_column_kind::Array
        && found.kind == kind as u8
        && found.item_size == item_size
        && found.stride == item_size
        && found.data.size != 0;
    // Where it is no number, there is no order of its bytes.
    let in_order = item_size == 1 || found.big_endian == cfg!(target_endian = "big");
    // Complex numbers are two.
    let unit = if found.kind == b'c' { item_size / 2 } else { item_size };
    let unit = if matches!(found.kind, b'S' | b'V') {
        1
    } else if found.kind == b'U' {
        4
    } else {
        unit
    };
    let aligned = (found.data.data as usize).checked_rem(unit.min(16)) == Some(0);
    if is_asked && in_order && aligned { found.data.data.cast() } else { core::ptr::null() }
}

fn read<'d>(values: &Values<'d>, row: usize, cell: Option<Cell<'d>>) -> Found<pickle_cell> {
    if let Some(cell) = cell {
        return Ok(cell.into());
    }
    match values.interval(row) {
        Some(None) => Ok(pickle_cell::empty(pickle_cell_kind::Null)),
        Some(Some(_)) => Ok(pickle_cell::empty(pickle_cell_kind::Interval)),
        None => Err(pickle_status::BadTable),
    }
}

/// The cell of a row. Constant for numbers in one piece; linear in the row for others: `pickle_column_next`.
/// `PICKLE_STATUS_BAD_TABLE` where its parts are missing.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_column_cell(
    column: *const pickle_column,
    row: usize,
    out: *mut pickle_cell,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { held::<State>(opaque!(column)) }.and_then(|state| {
        if row >= state.values.len() {
            return Err(pickle_status::Missing);
        }
        read(&state.values, row, state.values.cell(row))
    });
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}

fn step(state: &mut State) -> Option<Cell<'static>> {
    let first = match &mut state.cursor {
        Cursor::None => return state.values.cell(state.row),
        Cursor::Items(items) => return items.next().map(Cell::Value),
        Cursor::Masked(lane, mask) => {
            let (cell, missing) = (lane.next()?, mask.next()?);
            return Some(if matches!(missing, Cell::Bool(true)) { Cell::Null } else { cell });
        }
        Cursor::Lane(lane) => lane.next()?,
    };
    match &state.values {
        Values::Categorical { categories: Categories::Run(run), .. } => match first.as_int()? {
            -1 => Some(Cell::Null),
            code => run.cell(usize::try_from(code).ok()?),
        },
        Values::Run(Run::Lane(_, Meaning::Period(_))) => Some(match first {
            Cell::Int(i64::MIN) => Cell::Null,
            Cell::Int(ordinal) => Cell::Period(ordinal),
            cell => cell,
        }),
        Values::Run(Run::Lane(..)) => Some(first),
        _ => state.values.cell(state.row),
    }
}

/// The cell of the next row, from the first on: `PICKLE_STATUS_ITEM`, and `PICKLE_STATUS_OK` after the last. Constant,
/// except for values of pyarrow in chunks, sparse ones and categories that are objects. `PICKLE_STATUS_BAD_TABLE` where
/// parts of the cell are missing.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_column_next(column: *mut pickle_column, out: *mut pickle_cell) -> pickle_status {
    if out.is_null() {
        return pickle_status::Null;
    }
    // SAFETY: as the caller says.
    let state = match unsafe { held::<State>(opaque!(column)) } {
        Ok(state) => state,
        Err(status) => return status,
    };
    if state.row >= state.values.len() {
        return pickle_status::Ok;
    }
    let cell = step(state);
    let found = read(&state.values, state.row, cell);
    state.row = state.row.saturating_add(1);
    // SAFETY: as the caller says.
    match unsafe { store(out, found) } {
        pickle_status::Ok => pickle_status::Item,
        status => status,
    }
}

/// The ends of the interval in a row, and whether they belong to it. `PICKLE_STATUS_MISSING` where the row has none,
/// `PICKLE_STATUS_WRONG_KIND` where the column has no intervals.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_column_interval(
    column: *const pickle_column,
    row: usize,
    left: *mut pickle_cell,
    right: *mut pickle_cell,
    left_closed: *mut bool,
    right_closed: *mut bool,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { held::<State>(opaque!(column)) }.and_then(|state| {
        let found = state.values.interval(row);
        let is_behind = row >= state.values.len();
        found
            .ok_or(if is_behind { pickle_status::Missing } else { pickle_status::WrongKind })?
            .ok_or(pickle_status::Missing)
    });
    let Interval { left: low, right: high, closed, .. } = match found {
        Ok(found) => found,
        Err(status) => return status,
    };
    let all = [
        // SAFETY: as the caller says, here and below.
        unsafe { put(left, low.into()) },
        unsafe { put(right, high.into()) },
        unsafe { put(left_closed, matches!(closed, Closed::Left | Closed::Both)) },
        unsafe { put(right_closed, matches!(closed, Closed::Right | Closed::Both)) },
    ];
    all.into_iter().find(|status| *status != pickle_status::Ok).unwrap_or(pickle_status::Ok)
}
