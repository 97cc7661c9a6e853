//! Writing known types: the calls that CPython's own pickles make.

use crate::known::{pickle_datetime, pickle_timedelta};
use crate::memory::bytes;
use crate::status::pickle_status;
use crate::writer::{Fault, Sink, pickle_writer, step, utf8};
use core::ffi::{c_char, c_void};
use pickle_core::Pickler;

type Out = Pickler<'static, Sink>;

const WRONG: Fault = Fault::Argument(pickle_status::BadOption);

/// Days of a month, as `datetime` has them.
fn days(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// # Errors
/// The day does not exist.
fn date(value: &pickle_datetime) -> Result<[u8; 4], Fault> {
    let pickle_datetime { year, month, day, .. } = *value;
    let exists = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    let [high, low] = year.to_be_bytes();
    if exists { Ok([high, low, month, day]) } else { Err(WRONG) }
}

/// # Errors
/// The time does not exist.
fn time(value: &pickle_datetime) -> Result<[u8; 6], Fault> {
    let pickle_datetime { hour, minute, second, microsecond, .. } = *value;
    let [_, high, middle, low] = microsecond.to_be_bytes();
    let exists = hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000;
    if exists { Ok([hour, minute, second, high, middle, low]) } else { Err(WRONG) }
}

fn timedelta(out: &mut Out, value: &pickle_timedelta) -> Result<(), Fault> {
    let pickle_timedelta { days, seconds, microseconds } = *value;
    if days.unsigned_abs() > 999_999_999 || seconds >= 86_400 || microseconds >= 1_000_000 {
        return Err(WRONG);
    }
    out.begin_call("datetime", "timedelta", Some(3))?;
    out.int(days.into())?.int(seconds.into())?.int(microseconds.into())?.end()?;
    Ok(())
}

/// A `datetime.timezone`, which Python 3.2 and later have.
fn timezone(out: &mut Out, offset: &pickle_timedelta) -> Result<(), Fault> {
    // As Python: less than a day in either direction.
    if !matches!((offset.days, offset.seconds, offset.microseconds), (0, ..) | (-1, 1.., _) | (-1, 0, 1..)) {
        return Err(WRONG);
    }
    out.begin_call("datetime", "timezone", Some(1))?;
    timedelta(out, offset)?;
    out.end()?;
    Ok(())
}

/// A call whose first argument is the packed value; the second, if there is one, the zone. `fold` is the highest bit of
/// a byte of it, which readers of protocols below 4 need not know.
fn packed(
    out: &mut Out,
    name: &str,
    packed: &mut [u8],
    fold: Option<usize>,
    utc_offset: Option<&pickle_timedelta>,
    protocol: u8,
) -> Result<(), Fault> {
    if let Some(byte) = fold.and_then(|at| packed.get_mut(at)) {
        if protocol < 4 {
            return Err(Fault::Argument(pickle_status::Inexpressible));
        }
        *byte |= 0x80;
    }
    out.begin_call("datetime", name, Some(1 + usize::from(utc_offset.is_some())))?.bytes(packed)?;
    if let Some(offset) = utc_offset {
        timezone(out, offset)?;
    }
    out.end()?;
    Ok(())
}

/// # Safety
/// Pointers are null or point to what their types say.
unsafe fn given<'a, T>(value: *const T) -> Result<&'a T, Fault> {
    // SAFETY: as the caller says.
    unsafe { value.as_ref() }.ok_or(Fault::Argument(pickle_status::Null))
}

/// A `datetime.date`: year, month and day of `value`. A date that does not exist is `PICKLE_STATUS_BAD_OPTION`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_date(
    writer: *mut pickle_writer,
    value: *const pickle_datetime,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { step(writer, |out, protocol| packed(out, "date", &mut date(given(value)?)?, None, None, protocol)) }
}

/// A `datetime.time`: the time of `value`, and its offset from UTC, or null for a naive time. `zone` is not used. Takes
/// up to three levels. With `fold`, from protocol 4 on.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_time(
    writer: *mut pickle_writer,
    value: *const pickle_datetime,
    utc_offset: *const pickle_timedelta,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe {
        step(writer, |out, protocol| {
            let value = given(value)?;
            packed(out, "time", &mut time(value)?, value.fold.then_some(0), utc_offset.as_ref(), protocol)
        })
    }
}

/// A `datetime.datetime`: `value`, and its offset from UTC, or null for a naive one. `zone` is not used. Takes up to
/// three levels. With `fold`, from protocol 4 on.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_datetime(
    writer: *mut pickle_writer,
    value: *const pickle_datetime,
    utc_offset: *const pickle_timedelta,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe {
        step(writer, |out, protocol| {
            let value = given(value)?;
            let ([a, b, c, d], [e, f, g, h, i, j]) = (date(value)?, time(value)?);
            let mut both = [a, b, c, d, e, f, g, h, i, j];
            packed(out, "datetime", &mut both, value.fold.then_some(2), utc_offset.as_ref(), protocol)
        })
    }
}

/// A `datetime.timedelta`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_timedelta(
    writer: *mut pickle_writer,
    value: *const pickle_timedelta,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { step(writer, |out, _| timedelta(out, given(value)?)) }
}

/// A `datetime.timezone` of a fixed offset of less than a day. Takes two levels.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_timezone(
    writer: *mut pickle_writer,
    utc_offset: *const pickle_timedelta,
) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe { step(writer, |out, _| timezone(out, given(utc_offset)?)) }
}

/// A `decimal.Decimal` from its text, such as "-1.50", "1E+3", "NaN". The text is not checked.
///
/// # Safety
/// Pointers are null or point to what their types say; `value` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_decimal(writer: *mut pickle_writer, value: *const c_char) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe {
        step(writer, |out, _| {
            out.begin_call("decimal", "Decimal", Some(1))?.str(utf8(value)?)?.end()?;
            Ok(())
        })
    }
}

/// A `uuid.UUID`: 16 bytes in the order of its text form. From protocol 2 on. Takes two levels.
///
/// # Safety
/// `writer` is null or points to a writer, `value` is null or points to 16 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_uuid(writer: *mut pickle_writer, value: *const u8) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe {
        step(writer, |out, protocol| {
            let value: &[u8; 16] = given(value.cast())?;
            if protocol < 2 {
                return Err(Fault::Argument(pickle_status::Inexpressible));
            }
            // Little-endian and never negative.
            let mut int = [0; 17];
            for (byte, given) in int.iter_mut().zip(value.iter().rev()) {
                *byte = *given;
            }
            out.begin_new("uuid", "UUID", Some(0))?.then_state()?.begin_dict(Some(1))?;
            out.str("int")?.big_int(&int)?.end()?.end()?;
            Ok(())
        })
    }
}

/// A complex number.
///
/// # Safety
/// `writer` is null or points to a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_complex(writer: *mut pickle_writer, real: f64, imaginary: f64) -> pickle_status {
    // SAFETY: as the caller says.
    unsafe {
        step(writer, |out, _| {
            out.begin_call("builtins", "complex", Some(2))?.float(real)?.float(imaginary)?.end()?;
            Ok(())
        })
    }
}

/// Byte order, type letter and size: `<f8`, `|u1`, `>i4`.
fn dtype(text: &str) -> Result<(&str, &str, u64), Fault> {
    let (order, code) = text.split_at_checked(1).ok_or(WRONG)?;
    let size = match code {
        "b1" | "i1" | "u1" => 1,
        "i2" | "u2" | "f2" => 2,
        "i4" | "u4" | "f4" => 4,
        "i8" | "u8" | "f8" | "c8" => 8,
        "c16" => 16,
        _ => return Err(WRONG),
    };
    match order {
        "|" if size == 1 => Ok((order, code, size)),
        "<" | ">" if size > 1 => Ok((order, code, size)),
        _ => Err(WRONG),
    }
}

/// A `numpy.ndarray` of numbers in C order. `dtype` is numpy's text: byte order (`<`, `>`, or `|` for single bytes), then
/// `b1`, `i1` to `i8`, `u1` to `u8`, `f2` to `f8`, `c8` or `c16`, such as "<f8". `shape` has `axes` lengths; `size` must be
/// the product of the shape and the item size (`PICKLE_STATUS_BAD_OPTION`). Every numpy reads it. Takes four levels.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say; `dtype` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_writer_array(
    writer: *mut pickle_writer,
    dtype_text: *const c_char,
    shape: *const usize,
    axes: usize,
    data: *const c_void,
    size: usize,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    unsafe {
        step(writer, |out, _| {
            let (order, code, item) = dtype(utf8(dtype_text)?)?;
            let data = bytes(data, size);
            let shape: &[usize] = match axes {
                0 => &[],
                1..=64 if !shape.is_null() => core::slice::from_raw_parts(shape, axes),
                1..=64 => return Err(Fault::Argument(pickle_status::Null)),
                _ => return Err(WRONG),
            };
            let wanted = shape.iter().try_fold(item, |all, &len| all.checked_mul(len as u64)).ok_or(WRONG)?;
            if wanted != data.len() as u64 {
                return Err(WRONG);
            }
            // numpy.core: numpy 2 has it still, for pickles that numpy 1 wrote, and numpy 1 has no numpy._core.
            out.begin_call("numpy.core.multiarray", "_reconstruct", Some(3))?.global("numpy", "ndarray")?;
            out.begin_tuple(Some(1))?.int(0)?.end()?.bytes(b"b")?;
            out.then_state()?.begin_tuple(Some(5))?.int(1)?;
            out.begin_tuple(Some(axes))?;
            for &len in shape {
                out.uint(len as u64)?;
            }
            out.end()?;
            out.begin_call("numpy", "dtype", Some(3))?.str(code)?.bool(false)?.bool(true)?;
            out.then_state()?.begin_tuple(Some(8))?.int(3)?.str(order)?.none()?.none()?.none()?;
            out.int(-1)?.int(-1)?.int(0)?.end()?.end()?;
            out.bool(false)?.bytes(data)?.end()?.end()?;
            Ok(())
        })
    }
}
