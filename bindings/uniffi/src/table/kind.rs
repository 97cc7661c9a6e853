//! What the cells of a column are.

use pickle_core::Value;
use pickle_core::known::DType;
use pickle_core::table::{ArrowType, Meaning, Run, Unit, Values};
use pickle_core::view::Zone;
/// What all cells of a column are, and the number that the form has for it. What follows its number and the number of cells:
/// `missing` is a byte that says whether cells are missing, and if so a byte a cell, which is 1 where it is. A place is 32
/// bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0: nothing.
    Null,
    /// Of objects, nothing but NaN yet: floats, unless something else comes, in which they are nothing.
    Nan,
    /// 1: missing; a byte a cell.
    Bool,
    /// 2: missing; an int of 64 bits with sign a cell.
    Int,
    /// The same of objects that are ints which floats cannot hold.
    Large,
    /// 3: missing; an int of 64 bits without sign a cell.
    Uint,
    /// 4: missing; a float a cell. A NaN is a float.
    Float,
    /// 5: the texts; a place a cell, which is 1 + the number of its text, or 0 where it is missing.
    Text,
    /// 6: the same of bytes.
    Bytes,
    /// 7: the unit; the name of the zone, or an empty text; missing; an int a cell: units since 1970, in UTC where there is a
    /// zone. Units: 1 Y, M, W, D, h, m, s, ms, us, ns, ps, fs, 13 as.
    DateTime(Unit, Option<String>),
    /// 8: the unit; missing; an int a cell.
    TimeDelta(Unit),
    /// 9: missing; an int a cell: days since 1970.
    Date,
    /// 10: the unit; missing; an int a cell: units since midnight.
    Time(Unit),
    /// 11: decimal numbers as texts, as there.
    Decimal,
    /// 12: missing; two floats a cell.
    Complex,
    /// 13: missing; the length in bytes and the flat form of the list of all that are not missing.
    Value,
    /// 14, ints at equal distances: the first and the distance, of 64 bits.
    Range,
    /// 15: 1 where the categories have an order; their values; a place a cell: their number, or -1 where it is missing.
    Category,
    /// 16: which ends belong to the intervals: 0 the left, 1 the right, 2 both, 3 neither; the values of the left ends, and of
    /// the right. Where the left is missing or NaN, the interval is missing.
    Interval,
}

impl Kind {
    pub(super) fn code(&self) -> u8 {
        match self {
            Kind::Null => 0,
            Kind::Bool => 1,
            Kind::Int | Kind::Large => 2,
            Kind::Uint => 3,
            Kind::Float | Kind::Nan => 4,
            Kind::Text => 5,
            Kind::Bytes => 6,
            Kind::DateTime(..) => 7,
            Kind::TimeDelta(_) => 8,
            Kind::Date => 9,
            Kind::Time(_) => 10,
            Kind::Decimal => 11,
            Kind::Complex => 12,
            Kind::Value => 13,
            Kind::Range => 14,
            Kind::Category => 15,
            Kind::Interval => 16,
        }
    }

    /// What holds the cells of both, none of them changed but ints among floats, which are equal.
    pub(super) fn join(self, other: Kind) -> Kind {
        use Kind::{Float, Int, Large, Nan, Null, Value};
        match (self, other) {
            (Null, kind) | (kind, Null) => kind,
            (a, b) if a == b => a,
            (Value, _) | (_, Value) => Value,
            (Int, Large) | (Large, Int) => Large,
            (Nan | Float | Int, Nan | Float | Int) => Float,
            // Whether none is negative shows when they are put in.
            (Kind::Uint, Int | Large) | (Int | Large, Kind::Uint) => Kind::Uint,
            (Nan, Large | Kind::Uint) | (Large | Kind::Uint, Nan) => Value,
            (Nan, kind) | (kind, Nan) => kind,
            _ => Value,
        }
    }

    pub(super) fn of_dtype(dtype: &DType<'_>) -> Option<Kind> {
        let unit = dtype.unit.and_then(|tick| Unit::of(tick.unit));
        Some(match (dtype.kind, dtype.size, unit) {
            (b'O' | b'T', ..) => return None,
            (b'b', 1, _) => Kind::Bool,
            (b'u', 8, _) => Kind::Uint,
            (b'i' | b'u', ..=8, _) | (b'M' | b'm', 8, None) => Kind::Int,
            (b'f', 2 | 4 | 8, _) => Kind::Float,
            (b'c', 8 | 16, _) => Kind::Complex,
            (b'U', ..) => Kind::Text,
            (b'M', 8, Some(unit)) => Kind::DateTime(unit, None),
            (b'm', 8, Some(unit)) => Kind::TimeDelta(unit),
            _ => Kind::Bytes,
        })
    }

    pub(super) fn of_arrow(kind: ArrowType<'_>) -> Option<Kind> {
        Some(match kind {
            ArrowType::Null => Kind::Null,
            ArrowType::Bool => Kind::Bool,
            ArrowType::Int(64, false) => Kind::Uint,
            ArrowType::Int(..) => Kind::Int,
            ArrowType::Float(_) => Kind::Float,
            ArrowType::Text { utf8: true, .. } => Kind::Text,
            ArrowType::Text { .. } | ArrowType::Fixed(_) => Kind::Bytes,
            ArrowType::Timestamp(unit, zone) => Kind::DateTime(unit, zone.map(str::to_owned)),
            ArrowType::Duration(unit) => Kind::TimeDelta(unit),
            ArrowType::Date(_) => Kind::Date,
            ArrowType::Time(unit, _) => Kind::Time(unit),
            ArrowType::Decimal(..) => Kind::Decimal,
            ArrowType::Dictionary(_, values) => match ArrowType::of(values)? {
                ArrowType::Dictionary(..) => return None,
                values => return Kind::of_arrow(values),
            },
            _ => return None,
        })
    }

    /// What the cells of values are; `None` for objects, which are to be looked at.
    pub(super) fn of(values: &Values<'_>) -> Option<Kind> {
        match values {
            Values::Run(Run::Lane(lane, meaning)) => match (Kind::of_dtype(lane.dtype())?, meaning) {
                (_, Meaning::Period(_)) => Some(Kind::Int),
                (Kind::DateTime(unit, _), Meaning::Zone(zone)) => {
                    let zone = zone_name(zone_of(*zone)).unwrap_or_else(|| "?".to_owned());
                    Some(Kind::DateTime(unit, Some(zone)))
                }
                (kind, _) => Some(kind),
            },
            Values::Run(Run::Arrow(arrow)) => Kind::of_arrow(arrow.kind()),
            Values::Run(Run::Pointers(_)) => Some(Kind::Int),
            Values::Masked(lane, _) | Values::Sparse { values: lane, .. } => Kind::of_dtype(lane.dtype()),
            Values::Stored(stored) => stored.dtype().and_then(|dtype| Kind::of_dtype(&dtype)),
            _ => None,
        }
    }
}

/// The zone that pandas keeps with times.
pub(super) fn zone_of(zone: Value<'_>) -> Zone<'_> {
    match zone.as_str() {
        Some(key) => Zone::Named { key, offset: None, abbreviation: None },
        None => Zone::of(zone),
    }
}

/// `Europe/Berlin`, `UTC`, `+05:30`; `None` where it has no such name.
pub(super) fn zone_name(zone: Zone<'_>) -> Option<String> {
    match zone {
        Zone::Named { key, .. } => Some(key.to_owned()),
        Zone::Fixed(offset, _) if offset.is_zero() => Some("UTC".to_owned()),
        Zone::Fixed(..) => Some(zone.to_string()),
        _ => None,
    }
}
