//! Dates and times as plain data: which classes they are of, and what picklers write for one.

use crate::raw::{Raw, is};
use pyo3::ffi;
use pyo3::prelude::*;

/// The classes of dates and times, once a pickle has asked for one.
#[derive(Clone, Copy, Default)]
pub enum Times {
    #[default]
    Unknown,
    /// `date`, `datetime`, `time`, `timedelta`, `timezone`.
    Known([Raw; 5]),
    /// They are not those of C, which run no code of Python.
    Others,
}

/// Their names, in that order.
pub const NAMES: [&str; 5] = ["date", "datetime", "time", "timedelta", "timezone"];

/// The classes of the module, which is imported for it.
#[cold]
pub fn find(py: Python<'_>) -> Times {
    let look = || -> PyResult<Times> {
        let module = py.import("datetime")?;
        let mut found = [std::ptr::null_mut(); 5];
        for (place, name) in found.iter_mut().zip(NAMES) {
            let class = module.getattr(name)?;
            // SAFETY: a live object; of a class its flags.
            let of_c = unsafe {
                ffi::PyType_Check(class.as_ptr()) != 0
                    && ffi::PyType_GetFlags(class.as_ptr().cast()) & ffi::Py_TPFLAGS_HEAPTYPE == 0
            };
            if !of_c {
                return Ok(Times::Others);
            }
            // They live as long as the process.
            *place = class.into_ptr();
        }
        Ok(Times::Known(found))
    };
    look().unwrap_or(Times::Others)
}

/// A day that there is: the constructors look at the month alone.
fn is_date([y1, y2, month, day]: [u8; 4]) -> bool {
    let year = u16::from_be_bytes([y1, y2]);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=9999).contains(&year) && (1..=days).contains(&day)
}

/// Hour, minute, second and millionths.
fn is_clock(clock: &[u8]) -> bool {
    let &[hour, minute, second, a, b, c] = clock else { return false };
    hour < 24 && minute < 60 && second < 60 && u32::from_be_bytes([0, a, b, c]) < 1_000_000
}

/// The arguments are those that picklers write for one of the classes of dates and times.
///
/// # Safety
/// Live objects.
pub unsafe fn is_one(classes: &[Raw; 5], class: Raw, args: Raw) -> bool {
    let [date, datetime, time, timedelta, timezone] = *classes;
    // SAFETY: as the caller promises; the items of a tuple live as long as it.
    unsafe {
        if !is(args, &raw mut ffi::PyTuple_Type) {
            return false;
        }
        let len = ffi::PyTuple_Size(args);
        let item = |at| if at < len { ffi::PyTuple_GetItem(args, at) } else { std::ptr::null_mut() };
        let of = |at, kind: *mut ffi::PyTypeObject| at < len && is(item(at), kind);
        let bytes = if of(0, &raw mut ffi::PyBytes_Type) {
            let (data, size) = (ffi::PyBytes_AsString(item(0)), ffi::PyBytes_Size(item(0)));
            std::slice::from_raw_parts(data.cast::<u8>(), size.unsigned_abs())
        } else {
            &[]
        };
        let zone = len == 1 || len == 2 && of(1, timezone.cast());
        let int = |at, limit: i64| {
            of(at, &raw mut ffi::PyLong_Type) && {
                let int = ffi::PyLong_AsLongLong(item(at));
                ffi::PyErr_Clear();
                (0..limit).contains(&int) || limit == 0
            }
        };
        if std::ptr::eq(class, datetime) {
            zone && matches!(bytes, [y1, y2, month, day, clock @ ..] if is_date([*y1, *y2, month & 0x7f, *day]) && is_clock(clock))
        } else if std::ptr::eq(class, date) {
            len == 1 && bytes.try_into().is_ok_and(is_date)
        } else if std::ptr::eq(class, time) {
            let &[hour, a, b, c, d, e] = bytes else { return false };
            zone && is_clock(&[hour & 0x7f, a, b, c, d, e])
        } else if std::ptr::eq(class, timedelta) {
            len == 3 && int(0, 0) && int(1, 86_400) && int(2, 1_000_000)
        } else {
            of(0, timedelta.cast()) && (len == 1 || len == 2 && of(1, &raw mut ffi::PyUnicode_Type))
        }
    }
}
