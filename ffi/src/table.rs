//! Tables: frames and series of pandas, arrays, dicts of columns, as columns of cells. Nothing is copied.

use crate::cell::pickle_cell;
use crate::column::{made, pickle_column};
use crate::document::pickle_doc;
use crate::hidden::{fits, held, hold, opaque};
use crate::memory::text;
use crate::status::pickle_status;
use crate::value::{Found, here, pickle_value, store};
use core::ffi::c_char;
use core::mem::MaybeUninit;
use pickle_core::view::table::{Cell, Table, TableError};

/// A table in a document: 7 KB. The document, its storage and the input must stay as they are while it is in use.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_table {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns, without the labels of the rows.
    pub columns: usize,
    /// Levels of the labels of rows: several for a MultiIndex, 0 where rows are counted from 0 on.
    pub row_levels: usize,
    /// Levels of the labels of columns: at least 1.
    pub column_levels: usize,
    /// Private; do not access.
    pub opaque: [MaybeUninit<u64>; 896],
}

fits!(Table<'static>, 896);

fn refused(error: TableError) -> pickle_status {
    match error {
        TableError::NoTable | TableError::Class => pickle_status::WrongKind,
        _ => pickle_status::BadTable,
    }
}

/// # Safety
/// As [`held`].
unsafe fn table<'a>(table: *const pickle_table) -> Found<&'a Table<'static>> {
    // SAFETY: as the caller says.
    unsafe { held::<Table<'static>>(opaque!(table)) }.map(|table| &*table)
}

/// Opens the table that a value is: a DataFrame or Series of any pandas, an array of one or two axes, a structured or
/// masked array, a dict of arrays, a sparse matrix of scipy. `PICKLE_STATUS_WRONG_KIND` where it is none,
/// `PICKLE_STATUS_BAD_TABLE` where its parts do not fit together. Linear in the number of columns.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_table_open(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_table,
) -> pickle_status {
    if out.is_null() {
        return pickle_status::Null;
    }
    // SAFETY: not null, and the caller's.
    unsafe { (&raw mut (*out).opaque).cast::<u64>().write(0) };
    // SAFETY: as the caller says.
    let found = unsafe { here(doc, value) }.and_then(|value| match Table::of(value) {
        Err(TableError::NoTable) => Table::assembled(value).map_err(refused),
        found => found.map_err(refused),
    });
    match found {
        Ok(table) => {
            // SAFETY: not null, and the caller's; the words are enough.
            unsafe {
                (*out).rows = table.rows();
                (*out).columns = table.columns();
                (*out).row_levels = table.index().map_or(0, |index| index.levels());
                (*out).column_levels = table.labels().map_or(1, |index| index.levels());
                hold((&raw mut (*out).opaque).cast(), table);
            }
            pickle_status::Ok
        }
        Err(status) => status,
    }
}

fn name_of<'d>(table: &Table<'d>, column: usize, level: usize) -> Found<Cell<'d>> {
    let is_there = column < table.columns() && level < table.labels().map_or(1, |labels| labels.levels());
    let missing = if is_there { pickle_status::WrongKind } else { pickle_status::Missing };
    table.label(column, level).map_err(refused)?.ok_or(missing)
}

/// The name of a column, in a level of its labels: text as a rule, but pandas takes any value. A column of an array is
/// called by its number, a series may have no name.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_table_name(
    table: *const pickle_table,
    column: usize,
    level: usize,
    out: *mut pickle_cell,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { self::table(table) }.and_then(|table| name_of(table, column, level));
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}

/// The first column of a name, which is in the first level of the labels; `PICKLE_STATUS_MISSING` where there is none.
///
/// # Safety
/// Pointers are null or point to what their types say; `name` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_table_find(
    table: *const pickle_table,
    name: *const c_char,
    out: *mut usize,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { (self::table(table), text(name)) };
    let found = match found {
        (Err(status), _) => Err(status),
        (_, None) => Err(pickle_status::Null),
        (Ok(table), Some(name)) => (0..table.columns())
            .find(|&column| match name_of(table, column, 0) {
                Ok(Cell::Chars(piece, big)) => {
                    core::str::from_utf8(name).is_ok_and(|name| piece.chars(big).eq(name.chars()))
                }
                Ok(cell) => cell.as_text().is_some_and(|text| text.as_bytes() == name),
                Err(_) => false,
            })
            .ok_or(pickle_status::Missing),
    };
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}

/// A column by its number. Found in time linear in the number of blocks of the frame.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_table_column(
    table: *const pickle_table,
    number: usize,
    out: *mut pickle_column,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { self::table(table) }.and_then(|table| {
        if number >= table.columns() {
            return Err(pickle_status::Missing);
        }
        table.column(number).map(|column| column.values).map_err(refused)
    });
    // SAFETY: as the caller says.
    unsafe { made(out, found) }
}

/// The labels of the rows, in a level of them; `PICKLE_STATUS_MISSING` where there are none.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_table_index(
    table: *const pickle_table,
    level: usize,
    out: *mut pickle_column,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { self::table(table) }.and_then(|table| match table.index() {
        Some(index) if level < index.levels() => index.level(level).map_err(refused),
        _ => Err(pickle_status::Missing),
    });
    // SAFETY: as the caller says.
    unsafe { made(out, found) }
}

/// The name of a level of the labels of the rows; null where it has none.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_table_index_name(
    table: *const pickle_table,
    level: usize,
    out: *mut pickle_cell,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { self::table(table) }.and_then(|table| match table.index() {
        Some(index) if level < index.levels() => Ok(index.name(level).map_or(Cell::Null, Cell::Value)),
        _ => Err(pickle_status::Missing),
    });
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}
