//! What pandas calls the type of a column.

use super::run::{Meaning, Run};
use super::values::{Closed, Values};
use super::{ArrowType, Frequency, Lane};
use crate::view::Zone;
use core::fmt::{self, Write};

/// The dtype of values, as pandas names it: `int64`, `datetime64[ns, UTC]`, `category`.
///
/// See the example of [`Values`](super::Values).
#[derive(Clone, Copy, Debug)]
pub struct DtypeName<'a, 'd>(&'a Values<'d>);

impl<'d> Values<'d> {
    /// The dtype, as pandas names it.
    pub fn dtype(&self) -> DtypeName<'_, 'd> {
        DtypeName(self)
    }
}

impl fmt::Display for DtypeName<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Values::Run(run) => of_run(run, f),
            Values::Masked(data, _) => nullable(data, f),
            Values::Categorical { .. } => f.write_str("category"),
            Values::Stored(stored) => match stored.dtype() {
                Some(dtype) => write!(f, "{dtype}"),
                None => f.write_str("object"),
            },
            Values::Intervals(left, _, closed) => {
                f.write_str("interval[")?;
                of_run(left, f)?;
                f.write_str(match closed {
                    Closed::Left => ", left]",
                    Closed::Right => ", right]",
                    Closed::Both => ", both]",
                    Closed::Neither => ", neither]",
                })
            }
            Values::Sparse { values, .. } => write!(f, "Sparse[{}]", values.dtype()),
        }
    }
}

fn of_run(run: &Run<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (lane, meaning) = match run {
        Run::Range { .. } | Run::Pointers(_) => return f.write_str("int64"),
        Run::Items(_) => return f.write_str("object"),
        Run::Arrow(arrow) => return of_arrow(arrow.kind(), f),
        Run::Lane(lane, meaning) => (lane, meaning),
    };
    match meaning {
        Meaning::Zone(zone) => {
            let unit = lane.dtype().unit.map_or("ns", |tick| tick.unit);
            write!(f, "datetime64[{unit}, {}]", Zone::of(*zone).name().unwrap_or("?"))
        }
        Meaning::Period(frequency) => {
            f.write_str("period[")?;
            match Frequency::of(*frequency) {
                Some(frequency) => write!(f, "{frequency}]"),
                None => f.write_str("?]"),
            }
        }
        Meaning::Nullable => nullable(lane, f),
        Meaning::Geometry => f.write_str("geometry"),
        Meaning::Plain => write!(f, "{}", lane.dtype()),
    }
}

/// A nullable dtype, by what its values are.
fn nullable(data: &Lane<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let bits = data.dtype().size.saturating_mul(8);
    match data.dtype().kind {
        _ if data.is_objects() => f.write_str("string"),
        b'b' => f.write_str("boolean"),
        b'i' => write!(f, "Int{bits}"),
        b'u' => write!(f, "UInt{bits}"),
        b'f' => write!(f, "Float{bits}"),
        _ => write!(f, "{}", data.dtype()),
    }
}

fn of_arrow(kind: ArrowType<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match kind {
        ArrowType::Text { utf8: true, .. } => return f.write_str("string"),
        ArrowType::Int(bits, true) => write!(f, "int{bits}"),
        ArrowType::Int(bits, false) => write!(f, "uint{bits}"),
        ArrowType::Float(64) => f.write_str("double"),
        ArrowType::Float(bits) => write!(f, "float{bits}"),
        ArrowType::Bool => f.write_str("bool"),
        ArrowType::Timestamp(unit, zone) => {
            write!(f, "timestamp[{}", unit.name())?;
            if let Some(zone) = zone {
                write!(f, ", tz={zone}")?;
            }
            f.write_char(']')
        }
        ArrowType::Duration(unit) => write!(f, "duration[{}]", unit.name()),
        ArrowType::Date(bits) => write!(f, "date{bits}"),
        ArrowType::Time(unit, bits) => write!(f, "time{bits}[{}]", unit.name()),
        ArrowType::Decimal(precision, scale) => write!(f, "decimal128({precision}, {scale})"),
        ArrowType::Dictionary(..) => f.write_str("dictionary"),
        ArrowType::Null | ArrowType::Text { .. } | ArrowType::Fixed(_) => f.write_str("binary"),
    }?;
    f.write_str("[pyarrow]")
}
