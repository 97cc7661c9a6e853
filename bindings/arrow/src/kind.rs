//! What the objects of a column are, found on the way: a lattice that only goes up.

use crate::scalar::{self, Scalar, per_second};
use crate::zone::Zone;
use arrow_schema::{DataType, Field, Fields, TimeUnit};
use pickle_core::Value;
use pickle_core::table::Lane;
use pickle_core::view::View;
use std::sync::Arc;

/// Levels of lists and dicts that become lists and structs; what is deeper is JSON.
const DEPTH: usize = 8;

/// Fields of a struct; dicts with more different keys are JSON.
const FIELDS: usize = 256;

/// Ints beyond this have neighbours that 64-bit floats have not.
const EXACT: i128 = 1 << 53;

/// Digits of a Decimal128.
const DIGITS: u8 = 38;

/// What the cells of a column can be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Nothing but None so far.
    Null,
    /// Nothing but None and NaN so far: floats, unless something else comes.
    Nan,
    Bool,
    /// Ints: one is below zero; one is beyond 2^53; one is beyond i64.
    Int {
        negative: bool,
        large: bool,
        unsigned: bool,
    },
    /// Signed ints of so many bits, fewer than 64: where a type was asked for.
    Small(u8),
    Float,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp(TimeUnit, Option<Zone>),
    Duration(TimeUnit),
    /// Digits before and behind the point.
    Decimal(u8, u8),
    List(Box<Kind>),
    Struct(Vec<(String, Kind)>),
    /// Text that has JSON for whatever is no text.
    Json,
}

impl Kind {
    /// What makes a column of this type, or of one that holds its cells and can be cast to it. `None` for types that no cell is of.
    /// Text takes what is no text as JSON.
    pub(crate) fn of_type(data_type: &DataType) -> Option<Kind> {
        Some(match data_type {
            DataType::Boolean => Kind::Bool,
            DataType::Int8 => Kind::Small(8),
            DataType::Int16 => Kind::Small(16),
            DataType::Int32 => Kind::Small(32),
            DataType::Int64 => Kind::Int { negative: true, large: true, unsigned: false },
            DataType::UInt64 => Kind::Int { negative: false, large: true, unsigned: true },
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Kind::Float,
            DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Json,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Kind::Bytes,
            DataType::Date32 => Kind::Date,
            DataType::Time64(_) => Kind::Time,
            DataType::Timestamp(unit, zone) => Kind::Timestamp(*unit, zone.clone().map(Zone::named)),
            DataType::Duration(unit) => Kind::Duration(*unit),
            DataType::Decimal128(digits, scale) => {
                let scale = u8::try_from(*scale).ok()?;
                Kind::Decimal(digits.checked_sub(scale)?, scale)
            }
            DataType::List(field) | DataType::LargeList(field) => {
                Kind::List(Box::new(Kind::of_type(field.data_type())?))
            }
            DataType::Struct(fields) if !fields.is_empty() => {
                let field = |field: &Arc<Field>| Some((field.name().clone(), Kind::of_type(field.data_type())?));
                Kind::Struct(fields.iter().map(field).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// What one value is.
    pub(crate) fn of(value: Value<'_>) -> Kind {
        Kind::at(value, 0)
    }

    fn at(value: Value<'_>, depth: usize) -> Kind {
        match scalar::of(value) {
            Scalar::Missing => Kind::Null,
            Scalar::Bool(_) => Kind::Bool,
            Scalar::Int(int) => {
                Kind::Int { negative: int < 0, large: int.abs() > EXACT, unsigned: int > i128::from(i64::MAX) }
            }
            Scalar::Float(float) if float.is_nan() => Kind::Nan,
            Scalar::Float(_) => Kind::Float,
            Scalar::Text(_) => Kind::Text,
            Scalar::Bytes(_) => Kind::Bytes,
            Scalar::Date(_) => Kind::Date,
            Scalar::Time(_) => Kind::Time,
            Scalar::Timestamp(_, unit, zone) => Kind::Timestamp(unit, zone),
            Scalar::Duration(_, unit) => Kind::Duration(unit),
            Scalar::Decimal(digits, scale) => {
                let all = digits.unsigned_abs().checked_ilog10().map_or(1, |log| log as u8 + 1);
                Kind::Decimal(all.saturating_sub(scale), scale)
            }
            Scalar::Other => Kind::nested(value, depth),
        }
    }

    fn nested(value: Value<'_>, depth: usize) -> Kind {
        if depth == DEPTH {
            return Kind::Json;
        }
        match value.view() {
            View::Sequence(sequence) => {
                let mut inner = Kind::Null;
                for item in sequence.items {
                    inner = inner.join(Kind::at(item, depth + 1));
                }
                Kind::List(Box::new(inner))
            }
            View::Array(_) => match numbers(value) {
                Some((kind, _)) => Kind::List(Box::new(kind)),
                None => Kind::Json,
            },
            View::Mapping(mapping) => {
                let mut fields: Vec<(String, Kind)> = Vec::new();
                for (key, value) in mapping.pairs {
                    let Some(name) = key.as_str() else { return Kind::Json };
                    let kind = Kind::at(value, depth + 1);
                    let full = fields.len() == FIELDS;
                    match fields.iter_mut().find(|(have, _)| have == name) {
                        // Of equal keys the last counts.
                        Some((_, have)) => *have = kind,
                        None if full => return Kind::Json,
                        None => fields.push((name.to_owned(), kind)),
                    }
                }
                Kind::Struct(fields)
            }
            _ => Kind::Json,
        }
    }

    /// What holds the values of both.
    pub(crate) fn join(self, other: Kind) -> Kind {
        use Kind::{
            Bool, Bytes, Date, Decimal, Duration, Float, Int, Json, List, Nan, Null, Struct, Text, Time, Timestamp,
        };
        match (self, other) {
            (Null, kind) | (kind, Null) => kind,
            (Nan, Nan | Float) | (Float, Nan | Float) => Float,
            (Nan, Int { large, .. }) | (Int { large, .. }, Nan) => {
                if large {
                    Json
                } else {
                    Float
                }
            }
            (Nan, kind) | (kind, Nan) => kind,
            (Bool, Bool) => Bool,
            (Int { negative: a, large: b, unsigned: c }, Int { negative, large, unsigned }) => {
                Int { negative: a | negative, large: b | large, unsigned: c | unsigned }
            }
            (Int { large: false, .. }, Float) | (Float, Int { large: false, .. }) => Float,
            (Text, Text) => Text,
            (Bytes, Bytes) => Bytes,
            (Date, Date) => Date,
            (Time, Time) => Time,
            (Timestamp(unit, None), Timestamp(other, None)) => Timestamp(finer(unit, other), None),
            (Timestamp(unit, Some(zone)), Timestamp(other, Some(zone2))) => {
                let zone = if zone == zone2 { zone } else { Zone::utc() };
                Timestamp(finer(unit, other), Some(zone))
            }
            (Duration(unit), Duration(other)) => Duration(finer(unit, other)),
            (Decimal(whole, scale), Decimal(other, other_scale)) => {
                let (whole, scale) = (whole.max(other), scale.max(other_scale));
                if whole.saturating_add(scale) <= DIGITS { Decimal(whole, scale) } else { Json }
            }
            (List(a), List(b)) => List(Box::new(a.join(*b))),
            (Struct(mut fields), Struct(others)) => {
                for (name, kind) in others {
                    let full = fields.len() == FIELDS;
                    match fields.iter_mut().find(|(have, _)| *have == name) {
                        Some((_, have)) => *have = std::mem::replace(have, Null).join(kind),
                        None if full => return Json,
                        None => fields.push((name, kind)),
                    }
                }
                Struct(fields)
            }
            _ => Json,
        }
    }

    /// The same with JSON where Arrow has no type: for structs without fields, ints of more than 64 bits.
    pub(crate) fn settled(self) -> Kind {
        match self {
            Kind::Int { negative: true, unsigned: true, .. } => Kind::Json,
            Kind::Struct(fields) if fields.is_empty() => Kind::Json,
            Kind::Struct(fields) => {
                Kind::Struct(fields.into_iter().map(|(name, kind)| (name, kind.settled())).collect())
            }
            Kind::List(inner) => Kind::List(Box::new(inner.settled())),
            kind => kind,
        }
    }

    /// The type of a column; of [`Kind::settled`] kinds alone.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Kind::Null => DataType::Null,
            Kind::Small(8) => DataType::Int8,
            Kind::Small(16) => DataType::Int16,
            Kind::Small(_) => DataType::Int32,
            Kind::Bool => DataType::Boolean,
            Kind::Int { unsigned: false, .. } => DataType::Int64,
            Kind::Int { negative: false, .. } => DataType::UInt64,
            Kind::Int { .. } | Kind::Text | Kind::Json => DataType::LargeUtf8,
            Kind::Nan | Kind::Float => DataType::Float64,
            Kind::Bytes => DataType::LargeBinary,
            Kind::Date => DataType::Date32,
            Kind::Time => DataType::Time64(TimeUnit::Microsecond),
            Kind::Timestamp(unit, zone) => DataType::Timestamp(*unit, zone.as_ref().map(Zone::name)),
            Kind::Duration(unit) => DataType::Duration(*unit),
            Kind::Decimal(whole, scale) => DataType::Decimal128((whole + scale).max(1), *scale as i8),
            Kind::List(inner) => DataType::LargeList(Arc::new(Field::new("item", inner.data_type(), true))),
            Kind::Struct(fields) => DataType::Struct(
                fields.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true)).collect::<Fields>(),
            ),
        }
    }

    /// Cells of it, or of what is in it, are written as JSON.
    pub(crate) fn has_json(&self) -> bool {
        match self {
            Kind::Json => true,
            Kind::List(inner) => inner.has_json(),
            Kind::Struct(fields) => fields.iter().any(|(_, kind)| kind.has_json()),
            _ => false,
        }
    }
}

/// The unit that holds the ticks of both.
fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    if per_second(a) >= per_second(b) { a } else { b }
}

/// The items of an array of one axis in a cell, if they are numbers, and what they are.
pub(crate) fn numbers(value: Value<'_>) -> Option<(Kind, Lane<'_>)> {
    let array = pickle_core::known::Array::of(value)?;
    if array.shape.len() != 1 {
        return None;
    }
    let kind = match (array.dtype.kind, array.dtype.size) {
        (b'b', 1) => Kind::Bool,
        (b'i', 1..=8) => Kind::Int { negative: true, large: true, unsigned: false },
        (b'u', 8) => Kind::Int { negative: false, large: true, unsigned: true },
        (b'u', 1..=4) => Kind::Int { negative: false, large: false, unsigned: false },
        (b'f', 2 | 4 | 8) => Kind::Float,
        _ => return None,
    };
    Some((kind, Lane::column(array, 0)?))
}
