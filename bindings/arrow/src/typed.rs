//! Arrays of a known type: from the bytes of NumPy in bulk, or cell by cell.

use crate::build::{durations, timestamps};
use crate::scalar;
use arrow_array::builder::{BooleanBuilder, FixedSizeBinaryBuilder, LargeBinaryBuilder, LargeStringBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray, StructArray, new_empty_array};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Fields, TimeUnit};
use half::f16;
use pickle_core::known::{DType, Tick};
use pickle_core::table::{ArrowType, Cell, Lane, Strided, Unit};
use std::ops::Range;
use std::sync::Arc;

/// The type of a column of NumPy, and how many of Arrow's ticks one of its is. `None` for objects, records and what Arrow
/// has no type for.
pub(crate) fn type_of(dtype: &DType<'_>) -> Option<(DataType, i64)> {
    let plain = match (dtype.kind, dtype.size) {
        (b'b', 1) => DataType::Boolean,
        (b'i', 1) => DataType::Int8,
        (b'i', 2) => DataType::Int16,
        (b'i', 4) => DataType::Int32,
        (b'i', 8) => DataType::Int64,
        (b'u', 1) => DataType::UInt8,
        (b'u', 2) => DataType::UInt16,
        (b'u', 4) => DataType::UInt32,
        (b'u', 8) => DataType::UInt64,
        (b'f', 2) => DataType::Float16,
        (b'f', 4) => DataType::Float32,
        (b'f', 8) => DataType::Float64,
        (b'c', 8 | 16) => DataType::Struct(complex_fields()),
        (b'S' | b'a', _) => DataType::LargeBinary,
        (b'U', _) => DataType::LargeUtf8,
        (b'V', size) if dtype.fields.is_none() && !dtype.objects => {
            DataType::FixedSizeBinary(i32::try_from(size).ok()?)
        }
        (b'M' | b'm', 8) => {
            let Tick { unit: name, count, .. } = dtype.unit?;
            let unit = Unit::of(name)?;
            let is_date = dtype.kind == b'M';
            return match (unit, scalar::unit_of(unit), unit.seconds()) {
                (Unit::Day, ..) if is_date && count == 1 => Some((DataType::Date32, 1)),
                (_, Some(unit), _) => Some((ticks(is_date, unit), count)),
                (_, None, Some(seconds)) => {
                    Some((ticks(is_date, TimeUnit::Second), i64::try_from(seconds).ok()?.checked_mul(count)?))
                }
                _ => None,
            };
        }
        _ => return None,
    };
    Some((plain, 1))
}

fn ticks(is_date: bool, unit: TimeUnit) -> DataType {
    if is_date { DataType::Timestamp(unit, None) } else { DataType::Duration(unit) }
}

fn complex_fields() -> Fields {
    Fields::from(vec![Field::new("real", DataType::Float64, false), Field::new("imag", DataType::Float64, false)])
}

/// The type of Arrow that a column of pyarrow has. Of a dictionary it is that of its values.
pub(crate) fn type_of_arrow(kind: ArrowType<'_>) -> Option<DataType> {
    Some(match kind {
        ArrowType::Null => DataType::Null,
        ArrowType::Bool => DataType::Boolean,
        ArrowType::Int(8, true) => DataType::Int8,
        ArrowType::Int(16, true) => DataType::Int16,
        ArrowType::Int(32, true) => DataType::Int32,
        ArrowType::Int(_, true) => DataType::Int64,
        ArrowType::Int(8, false) => DataType::UInt8,
        ArrowType::Int(16, false) => DataType::UInt16,
        ArrowType::Int(32, false) => DataType::UInt32,
        ArrowType::Int(_, false) => DataType::UInt64,
        ArrowType::Float(16) => DataType::Float16,
        ArrowType::Float(32) => DataType::Float32,
        ArrowType::Float(_) => DataType::Float64,
        ArrowType::Text { utf8: true, .. } => DataType::LargeUtf8,
        ArrowType::Text { utf8: false, .. } => DataType::LargeBinary,
        ArrowType::Fixed(len) => DataType::FixedSizeBinary(i32::try_from(len).ok()?),
        ArrowType::Timestamp(unit, zone) => DataType::Timestamp(scalar::unit_of(unit)?, zone.map(Arc::from)),
        ArrowType::Duration(unit) => DataType::Duration(scalar::unit_of(unit)?),
        ArrowType::Date(32) => DataType::Date32,
        ArrowType::Date(_) => DataType::Date64,
        ArrowType::Time(unit, 32) => DataType::Time32(scalar::unit_of(unit)?),
        ArrowType::Time(unit, _) => DataType::Time64(scalar::unit_of(unit)?),
        ArrowType::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
        ArrowType::Dictionary(_, values) => match ArrowType::of(values)? {
            ArrowType::Dictionary(..) => return None,
            values => type_of_arrow(values)?,
        },
        _ => return None,
    })
}

/// What of a column of numbers is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Missing<'d> {
    /// Nothing, but NaT.
    Nothing,
    /// NaN.
    Nan,
    /// What a mask says.
    Masked(Lane<'d>),
}

/// Some items of an array of NumPy, if they are numbers or times whose bytes lie in one piece.
pub(crate) fn bulk(
    lane: &Lane<'_>,
    data_type: &DataType,
    factor: i64,
    rows: Range<usize>,
    missing: Missing<'_>,
) -> Option<ArrayRef> {
    if rows.is_empty() {
        return Some(new_empty_array(data_type));
    }
    let mask = match missing {
        Missing::Masked(mask) => Some(masked(&mask, rows.clone())?),
        _ => None,
    };
    let nan = matches!(missing, Missing::Nan);
    macro_rules! numbers {
        ($kind:ty, $native:ty) => {
            Arc::new(with_nulls(
                primitive::<$kind, { size_of::<$native>() }>(lane, rows, <$native>::from_le_bytes)?,
                mask,
            )) as ArrayRef
        };
    }
    macro_rules! floats {
        ($kind:ty, $native:ty) => {{
            let array = primitive::<$kind, { size_of::<$native>() }>(lane, rows, <$native>::from_le_bytes)?;
            let mask = match mask {
                None if nan && array.values().iter().any(|value| value.is_nan()) => {
                    Some(array.values().iter().map(|value| !value.is_nan()).collect())
                }
                mask => mask,
            };
            Arc::new(with_nulls(array, mask)) as ArrayRef
        }};
    }
    Some(match data_type {
        DataType::Boolean => {
            let Strided { stride: step, bytes, .. } = lane.as_bytes()?;
            let flags = rows.map(|row| bytes.get(row.checked_mul(step)?).map(|flag| *flag != 0));
            Arc::new(BooleanArray::new(flags.collect::<Option<Vec<bool>>>()?.into(), mask))
        }
        DataType::Int8 => numbers!(Int8Type, i8),
        DataType::Int16 => numbers!(Int16Type, i16),
        DataType::Int32 => numbers!(Int32Type, i32),
        DataType::Int64 => numbers!(Int64Type, i64),
        DataType::UInt8 => numbers!(UInt8Type, u8),
        DataType::UInt16 => numbers!(UInt16Type, u16),
        DataType::UInt32 => numbers!(UInt32Type, u32),
        DataType::UInt64 => numbers!(UInt64Type, u64),
        DataType::Float16 => floats!(Float16Type, f16),
        DataType::Float32 => floats!(Float32Type, f32),
        DataType::Float64 => floats!(Float64Type, f64),
        DataType::Timestamp(..) | DataType::Duration(_) => {
            let mut array = primitive::<Int64Type, 8>(lane, rows, i64::from_le_bytes)?;
            if factor != 1 {
                let scaled = array.values().iter().map(|&ticks| match ticks {
                    i64::MIN => Some(i64::MIN),
                    ticks => ticks.checked_mul(factor),
                });
                array = PrimitiveArray::new(scaled.collect::<Option<Vec<i64>>>()?.into(), None);
            }
            let nat = array.values().contains(&i64::MIN);
            let nat: Option<NullBuffer> = nat.then(|| array.values().iter().map(|&ticks| ticks != i64::MIN).collect());
            // What is masked is missing, whatever its ticks are.
            let array = with_nulls(array, NullBuffer::union(mask.as_ref(), nat.as_ref()));
            match data_type {
                DataType::Timestamp(unit, zone) => timestamps(array, *unit, zone.clone()),
                DataType::Duration(unit) => durations(array, *unit),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn with_nulls<T: ArrowPrimitiveType>(array: PrimitiveArray<T>, mask: Option<NullBuffer>) -> PrimitiveArray<T> {
    let (data_type, values, _) = array.into_parts();
    PrimitiveArray::new(values, mask).with_data_type(data_type)
}

/// Which rows are not masked.
fn masked(mask: &Lane<'_>, rows: Range<usize>) -> Option<NullBuffer> {
    let Strided { stride: step, bytes, .. } = mask.as_bytes()?;
    rows.map(|row| bytes.get(row.checked_mul(step)?).map(|flag| *flag == 0)).collect()
}

fn primitive<T: ArrowPrimitiveType, const N: usize>(
    lane: &Lane<'_>,
    rows: Range<usize>,
    read: fn([u8; N]) -> T::Native,
) -> Option<PrimitiveArray<T>> {
    if usize::try_from(lane.dtype().size) != Ok(N) {
        return None;
    }
    let Strided { stride: step, bytes, .. } = lane.as_bytes()?;
    let big = lane.dtype().big_endian;
    if step == N && !big && cfg!(target_endian = "little") {
        let piece = bytes.get(rows.start.checked_mul(N)?..rows.end.checked_mul(N)?)?;
        return Some(PrimitiveArray::new(ScalarBuffer::new(Buffer::from(piece), 0, rows.len()), None));
    }
    let values = rows.map(|row| {
        let at = row.checked_mul(step)?;
        let mut word: [u8; N] = bytes.get(at..at.checked_add(N)?)?.try_into().ok()?;
        if big {
            word.reverse();
        }
        Some(read(word))
    });
    Some(PrimitiveArray::new(values.collect::<Option<Vec<T::Native>>>()?.into(), None))
}

/// An array of a type from cells. `None` for a cell that is of another type.
pub(crate) fn from_cells<'d>(data_type: &DataType, cells: impl Iterator<Item = Option<Cell<'d>>>) -> Option<ArrayRef> {
    // Sparse columns have the value of all rows that have none as an object.
    let mut cells = cells.map(|cell| match cell? {
        Cell::Value(value) => match scalar::of(value) {
            scalar::Scalar::Missing => Some(Cell::Null),
            scalar::Scalar::Bool(flag) => Some(Cell::Bool(flag)),
            scalar::Scalar::Int(int) => match i64::try_from(int) {
                Ok(int) => Some(Cell::Int(int)),
                Err(_) => u64::try_from(int).ok().map(Cell::Uint),
            },
            scalar::Scalar::Float(float) => Some(Cell::Float(float, 64)),
            _ => Some(Cell::Value(value)),
        },
        cell => Some(cell),
    });
    macro_rules! primitive {
        ($kind:ty, $pattern:pat => $value:expr) => {{
            let array: PrimitiveArray<$kind> = cells
                .map(|cell| match cell? {
                    Cell::Null => Some(None),
                    $pattern => $value.map(Some),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .collect();
            array.with_data_type(data_type.clone())
        }};
    }
    macro_rules! ints {
        ($kind:ty, $native:ty) => {{
            let array: PrimitiveArray<$kind> = cells
                .map(|cell| match cell? {
                    Cell::Null => Some(None),
                    Cell::Int(int) => <$native>::try_from(int).ok().map(Some),
                    Cell::Uint(int) => <$native>::try_from(int).ok().map(Some),
                    Cell::Bool(flag) => Some(Some(flag.into())),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .collect();
            Arc::new(array) as ArrayRef
        }};
    }
    Some(match data_type {
        DataType::Null => Arc::new(arrow_array::NullArray::new(cells.count())),
        DataType::Boolean => {
            let mut array = BooleanBuilder::new();
            for cell in cells {
                match cell? {
                    Cell::Null => array.append_null(),
                    Cell::Bool(flag) => array.append_value(flag),
                    _ => return None,
                }
            }
            Arc::new(array.finish())
        }
        DataType::Int8 => ints!(Int8Type, i8),
        DataType::Int16 => ints!(Int16Type, i16),
        DataType::Int32 => ints!(Int32Type, i32),
        DataType::Int64 => ints!(Int64Type, i64),
        DataType::UInt8 => ints!(UInt8Type, u8),
        DataType::UInt16 => ints!(UInt16Type, u16),
        DataType::UInt32 => ints!(UInt32Type, u32),
        DataType::UInt64 => ints!(UInt64Type, u64),
        DataType::Float16 => Arc::new(primitive!(Float16Type, Cell::Float(float, _) => Some(f16::from_f64(float)))),
        DataType::Float32 => Arc::new(primitive!(Float32Type, Cell::Float(float, _) => Some(float as f32))),
        DataType::Float64 => Arc::new(primitive!(Float64Type, Cell::Float(float, _) => Some(float))),
        DataType::Date32 => {
            let array: PrimitiveArray<Date32Type> = cells
                .map(|cell| match cell? {
                    Cell::Null => Some(None),
                    Cell::Date(day) => Some(Some(day)),
                    Cell::DateTime(day, Unit::Day) => i32::try_from(day).ok().map(Some),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .collect();
            Arc::new(array)
        }
        DataType::Date64 => Arc::new(primitive!(Date64Type, Cell::Date(day) => i64::from(day).checked_mul(86_400_000))),
        DataType::Time32(TimeUnit::Second) => {
            Arc::new(primitive!(Time32SecondType, Cell::Time(ticks, _) => i32::try_from(ticks).ok()))
        }
        DataType::Time32(_) => {
            Arc::new(primitive!(Time32MillisecondType, Cell::Time(ticks, _) => i32::try_from(ticks).ok()))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            Arc::new(primitive!(Time64MicrosecondType, Cell::Time(ticks, _) => Some(ticks)))
        }
        DataType::Time64(_) => Arc::new(primitive!(Time64NanosecondType, Cell::Time(ticks, _) => Some(ticks))),
        DataType::Decimal128(..) => Arc::new(primitive!(Decimal128Type, Cell::Decimal(digits, _) => Some(digits))),
        DataType::Timestamp(unit, zone) => timestamps(from_ticks(cells, *unit)?, *unit, zone.clone()),
        DataType::Duration(unit) => durations(from_ticks(cells, *unit)?, *unit),
        DataType::LargeUtf8 => {
            let mut array = LargeStringBuilder::new();
            let mut text = String::new();
            for cell in cells {
                match cell? {
                    Cell::Null => array.append_null(),
                    Cell::Chars(piece, big) => {
                        text.clear();
                        text.extend(piece.chars(big));
                        array.append_value(&text);
                    }
                    cell => array.append_value(cell.as_text()?),
                }
            }
            Arc::new(array.finish())
        }
        DataType::LargeBinary => {
            let mut array = LargeBinaryBuilder::new();
            for cell in cells {
                match cell? {
                    Cell::Null => array.append_null(),
                    Cell::Bytes(piece) => match piece.as_slice() {
                        Some(bytes) => array.append_value(bytes),
                        None => array.append_value(piece.bytes().collect::<Vec<u8>>()),
                    },
                    _ => return None,
                }
            }
            Arc::new(array.finish())
        }
        DataType::FixedSizeBinary(size) => {
            let mut array = FixedSizeBinaryBuilder::new(*size);
            for cell in cells {
                match cell? {
                    Cell::Null => array.append_null(),
                    Cell::Raw(piece) | Cell::Bytes(piece) => {
                        array.append_value(piece.bytes().collect::<Vec<u8>>()).ok()?;
                    }
                    _ => return None,
                }
            }
            Arc::new(array.finish())
        }
        DataType::Struct(fields) => {
            let (mut real, mut imag, mut valid) = (Vec::new(), Vec::new(), Vec::new());
            for cell in &mut cells {
                let (re, im, is) = match cell? {
                    Cell::Null => (0.0, 0.0, false),
                    Cell::Complex(re, im, _) => (re, im, true),
                    _ => return None,
                };
                real.push(re);
                imag.push(im);
                valid.push(is);
            }
            let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
            let parts: Vec<ArrayRef> = vec![
                Arc::new(PrimitiveArray::<Float64Type>::from_iter_values(real)),
                Arc::new(PrimitiveArray::<Float64Type>::from_iter_values(imag)),
            ];
            Arc::new(StructArray::try_new(fields.clone(), parts, nulls).ok()?)
        }
        _ => return None,
    })
}

fn from_ticks<'d>(cells: impl Iterator<Item = Option<Cell<'d>>>, unit: TimeUnit) -> Option<PrimitiveArray<Int64Type>> {
    let ticks = cells.map(|cell| match cell? {
        Cell::Null => Some(None),
        Cell::DateTime(ticks, from) | Cell::TimeDelta(ticks, from) => match scalar::unit_of(from) {
            Some(from) => scalar::ticks(ticks, from, unit).map(Some),
            None => {
                let seconds = ticks.checked_mul(i64::try_from(from.seconds()?).ok()?)?;
                scalar::ticks(seconds, TimeUnit::Second, unit).map(Some)
            }
        },
        _ => None,
    });
    Some(ticks.collect::<Option<Vec<Option<i64>>>>()?.into_iter().collect())
}
