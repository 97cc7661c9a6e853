//! Arrays from objects, cell by cell.

use crate::Text;
use crate::kind::{self, Kind};
use crate::scalar::{self, Scalar};
use crate::zone::Zone;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, LargeBinaryBuilder,
    LargeStringBuilder, Time64MicrosecondBuilder, UInt64Builder,
};
use arrow_array::types::{
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{ArrayRef, LargeListArray, NullArray, PrimitiveArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Fields, TimeUnit};
use pickle_core::table::Cell;
use pickle_core::view::View;
use pickle_core::{Kind as Shape, Value};
use std::fmt::Write;
use std::sync::Arc;

/// A value that a column of this kind cannot hold.
#[derive(Debug)]
pub(crate) struct Misfit;

/// Cells of one column.
pub(crate) struct Builder {
    cells: Cells,
    text: Text,
    /// What text is put together in.
    line: String,
    /// Bytes of text and numbers so far.
    pub(crate) bytes: usize,
}

enum Cells {
    Null(usize),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Uint(UInt64Builder),
    /// Ints of so many bits.
    Small(Int64Builder, u8),
    Float(Float64Builder),
    /// Text; or JSON, too.
    Text(LargeStringBuilder, bool),
    Bytes(LargeBinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(Int64Builder, TimeUnit, Option<Zone>),
    Duration(Int64Builder, TimeUnit),
    /// The scale, and what the digits stay below.
    Decimal(Decimal128Builder, u8, i128),
    List {
        offsets: Vec<i64>,
        valid: NullBufferBuilder,
        inner: Box<Builder>,
        field: Arc<Field>,
    },
    Struct {
        valid: NullBufferBuilder,
        names: Vec<String>,
        inner: Vec<Builder>,
        fields: Fields,
    },
}

impl Builder {
    /// An empty column. `text` writes what is no text as JSON.
    pub(crate) fn new(kind: &Kind, text: Text) -> Self {
        let cells = match kind {
            Kind::Null => Cells::Null(0),
            Kind::Bool => Cells::Bool(BooleanBuilder::new()),
            Kind::Int { unsigned: false, .. } => Cells::Int(Int64Builder::new()),
            Kind::Int { negative: false, .. } => Cells::Uint(UInt64Builder::new()),
            Kind::Small(bits) => Cells::Small(Int64Builder::new(), *bits),
            Kind::Nan | Kind::Float => Cells::Float(Float64Builder::new()),
            Kind::Text => Cells::Text(LargeStringBuilder::new(), false),
            Kind::Json | Kind::Int { .. } => Cells::Text(LargeStringBuilder::new(), true),
            Kind::Bytes => Cells::Bytes(LargeBinaryBuilder::new()),
            Kind::Date => Cells::Date(Date32Builder::new()),
            Kind::Time => Cells::Time(Time64MicrosecondBuilder::new()),
            Kind::Timestamp(unit, zone) => Cells::Timestamp(Int64Builder::new(), *unit, zone.clone()),
            Kind::Duration(unit) => Cells::Duration(Int64Builder::new(), *unit),
            Kind::Decimal(whole, scale) => {
                let limit = 10i128.checked_pow((*whole + *scale).into()).unwrap_or(i128::MAX);
                Cells::Decimal(Decimal128Builder::new().with_data_type(kind.data_type()), *scale, limit)
            }
            Kind::List(inner) => Cells::List {
                offsets: vec![0],
                valid: NullBufferBuilder::new(0),
                field: Arc::new(Field::new("item", inner.data_type(), true)),
                inner: Box::new(Builder::new(inner, text)),
            },
            Kind::Struct(fields) => Cells::Struct {
                valid: NullBufferBuilder::new(0),
                names: fields.iter().map(|(name, _)| name.clone()).collect(),
                inner: fields.iter().map(|(_, kind)| Builder::new(kind, text)).collect(),
                fields: match kind.data_type() {
                    DataType::Struct(fields) => fields,
                    _ => Fields::empty(),
                },
            },
        };
        Builder { cells, text, line: String::new(), bytes: 0 }
    }

    /// Nothing, so many times.
    pub(crate) fn nulls(&mut self, count: usize) {
        match &mut self.cells {
            Cells::Null(len) => *len += count,
            Cells::Bool(cells) => cells.append_nulls(count),
            Cells::Int(cells) | Cells::Small(cells, _) | Cells::Timestamp(cells, ..) | Cells::Duration(cells, _) => {
                cells.append_nulls(count);
            }
            Cells::Uint(cells) => cells.append_nulls(count),
            Cells::Float(cells) => cells.append_nulls(count),
            Cells::Text(cells, _) => cells.append_nulls(count),
            Cells::Bytes(cells) => cells.append_nulls(count),
            Cells::Date(cells) => cells.append_nulls(count),
            Cells::Time(cells) => cells.append_nulls(count),
            Cells::Decimal(cells, ..) => cells.append_nulls(count),
            Cells::List { offsets, valid, .. } => {
                let last = offsets.last().copied().unwrap_or(0);
                offsets.extend(std::iter::repeat_n(last, count));
                valid.append_n_nulls(count);
            }
            Cells::Struct { valid, inner, .. } => {
                inner.iter_mut().for_each(|inner| inner.nulls(count));
                valid.append_n_nulls(count);
            }
        }
        self.bytes += count * 8;
    }

    /// A value.
    pub(crate) fn value(&mut self, value: Value<'_>) -> Result<(), Misfit> {
        // Most cells are these, and need not be looked at twice.
        let is_plain = match (&mut self.cells, value.kind()) {
            (Cells::Int(cells), Shape::Int) => value.as_i64().map(|int| cells.append_value(int)),
            (Cells::Float(cells), Shape::Float) => value.as_f64().map(|float| cells.append_value(float)),
            (Cells::Text(cells, _), Shape::Str) => value.as_str().map(|text| {
                self.bytes += text.len();
                cells.append_value(text);
            }),
            _ => None,
        };
        if is_plain.is_some() {
            self.bytes += 8;
            return Ok(());
        }
        self.scalar(scalar::of(value), Some(value))
    }

    /// A value as the cell that it is; `value` is needed for [`Scalar::Other`] alone.
    pub(crate) fn scalar(&mut self, scalar: Scalar<'_>, value: Option<Value<'_>>) -> Result<(), Misfit> {
        self.bytes += 8;
        match (&mut self.cells, scalar) {
            (_, Scalar::Missing) => self.nulls(1),
            (Cells::Bool(cells), Scalar::Bool(flag)) => cells.append_value(flag),
            (Cells::Int(cells), Scalar::Int(int)) => cells.append_value(i64::try_from(int).map_err(|_| Misfit)?),
            (Cells::Uint(cells), Scalar::Int(int)) => cells.append_value(u64::try_from(int).map_err(|_| Misfit)?),
            (Cells::Small(cells, bits), Scalar::Int(int)) => {
                let half = 1i128 << bits.saturating_sub(1);
                let fits = (-half..half).contains(&int);
                cells.append_value(i64::try_from(int).ok().filter(|_| fits).ok_or(Misfit)?);
            }
            (Cells::Float(cells), Scalar::Float(float)) => cells.append_value(float),
            (Cells::Float(cells), Scalar::Int(int)) if int.abs() <= 1 << 53 => cells.append_value(int as f64),
            (Cells::Text(cells, _), Scalar::Text(text)) => {
                self.bytes += text.len();
                cells.append_value(text);
            }
            // NaN among what is no float is nothing.
            (Cells::Int(_) | Cells::Small(..) | Cells::Null(_), Scalar::Float(_)) => return Err(Misfit),
            (_, Scalar::Float(float)) if float.is_nan() => self.nulls(1),
            (Cells::Bytes(cells), Scalar::Bytes(octets)) => {
                self.bytes += octets.len();
                match octets.as_slice() {
                    Some(bytes) => cells.append_value(bytes),
                    None => cells.append_value(octets.collect::<Vec<u8>>()),
                }
            }
            (Cells::Date(cells), Scalar::Date(day)) => cells.append_value(day),
            (Cells::Time(cells), Scalar::Time(micros)) => cells.append_value(micros),
            (Cells::Timestamp(cells, unit, column), Scalar::Timestamp(ticks, from, zone))
                if column.is_some() == zone.is_some() && (*column == zone || *column == Some(Zone::utc())) =>
            {
                cells.append_value(scalar::ticks(ticks, from, *unit).ok_or(Misfit)?);
            }
            (Cells::Duration(cells, unit), Scalar::Duration(ticks, from)) => {
                cells.append_value(scalar::ticks(ticks, from, *unit).ok_or(Misfit)?);
            }
            (Cells::Decimal(cells, scale, limit), Scalar::Decimal(digits, own)) => {
                let more = scale.checked_sub(own).ok_or(Misfit)?;
                let digits = 10i128.checked_pow(more.into()).and_then(|power| digits.checked_mul(power));
                let digits = digits.filter(|digits| digits.abs() < *limit).ok_or(Misfit)?;
                cells.append_value(digits);
            }
            (Cells::Text(cells, true), other) => {
                self.line.clear();
                match (value, other) {
                    (Some(value), _) if span(value).is_some_and(|span| write!(self.line, "{span}").is_ok()) => {}
                    (Some(value), _) => {
                        (self.text)(value, &mut self.line);
                        // Of what JSON has as a string, such as a date, the text.
                        if self.line.starts_with('"')
                            && let Ok(text) = serde_json::from_str(&self.line)
                        {
                            self.line = text;
                        }
                    }
                    (None, Scalar::Bool(flag)) => self.line.push_str(if flag { "true" } else { "false" }),
                    (None, Scalar::Int(int)) => self.line.push_str(&int.to_string()),
                    (None, Scalar::Float(float)) => self.line.push_str(&float.to_string()),
                    (None, _) => return Err(Misfit),
                }
                self.bytes += self.line.len();
                cells.append_value(&self.line);
            }
            (Cells::List { offsets, valid, inner, .. }, Scalar::Other) => {
                let value = value.ok_or(Misfit)?;
                let before = inner.bytes;
                match value.view() {
                    View::Sequence(sequence) => sequence.items.into_iter().try_for_each(|item| inner.value(item))?,
                    View::Array(_) => {
                        let (_, lane) = kind::numbers(value).ok_or(Misfit)?;
                        lane.cells().try_for_each(|cell| inner.scalar(scalar::cell(cell), None))?;
                    }
                    _ => return Err(Misfit),
                }
                self.bytes += inner.bytes - before;
                offsets.push(i64::try_from(inner.len()).map_err(|_| Misfit)?);
                valid.append_non_null();
            }
            (Cells::Struct { valid, names, inner, .. }, Scalar::Other) => {
                let View::Mapping(mapping) = value.ok_or(Misfit)?.view() else { return Err(Misfit) };
                let mut row: Vec<Option<Value<'_>>> = vec![None; inner.len()];
                for (hint, (key, value)) in mapping.pairs.enumerate() {
                    let key = key.as_str().ok_or(Misfit)?;
                    let at = match names.get(hint) {
                        Some(name) if name == key => hint,
                        _ => names.iter().position(|name| name == key).ok_or(Misfit)?,
                    };
                    *row.get_mut(at).ok_or(Misfit)? = Some(value);
                }
                for (inner, value) in inner.iter_mut().zip(row) {
                    let before = inner.bytes;
                    match value {
                        Some(value) => inner.value(value)?,
                        None => inner.nulls(1),
                    }
                    self.bytes += inner.bytes - before;
                }
                valid.append_non_null();
            }
            _ => return Err(Misfit),
        }
        Ok(())
    }

    /// Cells so far.
    pub(crate) fn len(&self) -> usize {
        match &self.cells {
            Cells::Null(len) => *len,
            Cells::Bool(cells) => cells.len(),
            Cells::Int(cells) | Cells::Small(cells, _) | Cells::Timestamp(cells, ..) | Cells::Duration(cells, _) => {
                cells.len()
            }
            Cells::Uint(cells) => cells.len(),
            Cells::Float(cells) => cells.len(),
            Cells::Text(cells, _) => cells.len(),
            Cells::Bytes(cells) => cells.len(),
            Cells::Date(cells) => cells.len(),
            Cells::Time(cells) => cells.len(),
            Cells::Decimal(cells, ..) => cells.len(),
            Cells::List { offsets, .. } => offsets.len() - 1,
            Cells::Struct { valid, .. } => valid.len(),
        }
    }

    /// The array of all cells; the builder is empty then.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        self.bytes = 0;
        match &mut self.cells {
            Cells::Null(len) => Arc::new(NullArray::new(std::mem::take(len))),
            Cells::Bool(cells) => Arc::new(cells.finish()),
            Cells::Int(cells) => Arc::new(cells.finish()),
            Cells::Small(cells, bits) => {
                let wide = cells.finish();
                match bits {
                    8 => Arc::new(wide.unary::<_, Int8Type>(|int| int as i8)),
                    16 => Arc::new(wide.unary::<_, Int16Type>(|int| int as i16)),
                    _ => Arc::new(wide.unary::<_, Int32Type>(|int| int as i32)),
                }
            }
            Cells::Uint(cells) => Arc::new(cells.finish()),
            Cells::Float(cells) => Arc::new(cells.finish()),
            Cells::Text(cells, _) => Arc::new(cells.finish()),
            Cells::Bytes(cells) => Arc::new(cells.finish()),
            Cells::Date(cells) => Arc::new(cells.finish()),
            Cells::Time(cells) => Arc::new(cells.finish()),
            Cells::Decimal(cells, ..) => Arc::new(cells.finish()),
            Cells::Timestamp(cells, unit, zone) => timestamps(cells.finish(), *unit, zone.as_ref().map(Zone::name)),
            Cells::Duration(cells, unit) => durations(cells.finish(), *unit),
            Cells::List { offsets, valid, inner, field } => {
                let offsets = std::mem::replace(offsets, vec![0]);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Arc::new(LargeListArray::new(field.clone(), offsets, inner.finish(), valid.finish()))
            }
            Cells::Struct { valid, inner, fields, .. } => {
                let len = valid.len();
                let arrays: Vec<ArrayRef> = inner.iter_mut().map(Builder::finish).collect();
                let valid = valid.finish();
                match StructArray::try_new_with_length(fields.clone(), arrays, valid, len) {
                    Ok(array) => Arc::new(array),
                    // Children are as long as the struct.
                    Err(_) => Arc::new(NullArray::new(len)),
                }
            }
        }
    }
}

/// A span of NumPy as its text: its ticks alone do not say what they count.
fn span(value: Value<'_>) -> Option<impl std::fmt::Display> {
    let View::Scalar(dtype, octets) = value.view() else { return None };
    match Cell::item(&dtype, octets) {
        Cell::TimeDelta(ticks, unit) => Some(unit.timedelta(ticks)),
        _ => None,
    }
}

/// Ticks as timestamps.
pub(crate) fn timestamps(ticks: PrimitiveArray<Int64Type>, unit: TimeUnit, zone: Option<Arc<str>>) -> ArrayRef {
    match unit {
        TimeUnit::Second => Arc::new(ticks.reinterpret_cast::<TimestampSecondType>().with_timezone_opt(zone)),
        TimeUnit::Millisecond => Arc::new(ticks.reinterpret_cast::<TimestampMillisecondType>().with_timezone_opt(zone)),
        TimeUnit::Microsecond => Arc::new(ticks.reinterpret_cast::<TimestampMicrosecondType>().with_timezone_opt(zone)),
        TimeUnit::Nanosecond => Arc::new(ticks.reinterpret_cast::<TimestampNanosecondType>().with_timezone_opt(zone)),
    }
}

/// Ticks as durations.
pub(crate) fn durations(ticks: PrimitiveArray<Int64Type>, unit: TimeUnit) -> ArrayRef {
    match unit {
        TimeUnit::Second => Arc::new(ticks.reinterpret_cast::<DurationSecondType>()),
        TimeUnit::Millisecond => Arc::new(ticks.reinterpret_cast::<DurationMillisecondType>()),
        TimeUnit::Microsecond => Arc::new(ticks.reinterpret_cast::<DurationMicrosecondType>()),
        TimeUnit::Nanosecond => Arc::new(ticks.reinterpret_cast::<DurationNanosecondType>()),
    }
}
