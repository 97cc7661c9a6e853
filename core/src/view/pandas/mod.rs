//! Scalars of pandas: times, spans, periods, intervals, and what is missing.

mod text;

use super::Changed;
use super::table::Unit;
use crate::{GlobalName, Value};

/// A scalar of pandas. Its `Display` is what pandas prints, a time in ISO 8601 (RFC 9557 where the pickle has the zone by its
/// name alone: `2024-02-29T12:05:00Z[Europe/Berlin]`).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::{Scalar, Unit};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(pandas.Timestamp("2024-02-29 12:05", unit="s"))
/// let pickle = b"cpandas._libs.tslibs.timestamps\n_unpickle_timestamp\n(I1709208300\nNNK\x07tR.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let time = Scalar::of(document.root()).unwrap();
/// assert!(matches!(time, Scalar::Timestamp(1_709_208_300, Unit::Second, None)));
/// assert_eq!(time.to_string(), "2024-02-29T12:05:00");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Scalar<'d> {
    /// NaT, NA.
    Missing,
    /// A time: ticks since 1970 in UTC, and the zone that it is shown in.
    Timestamp(i64, Unit, Option<Value<'d>>),
    /// A span of time.
    Timedelta(i64, Unit),
    /// A period: its ordinal and its frequency, see [`Frequency`](super::table::Frequency).
    Period(i64, Value<'d>),
    /// An interval: its ends, and which of them belong to it (`left`, `right`, `both`, `neither`).
    Interval(Value<'d>, Value<'d>, &'d str),
}

impl<'d> Scalar<'d> {
    /// The scalar of pandas that a value is.
    pub fn of(value: Value<'d>) -> Option<Self> {
        if let Some(GlobalName { module, name }) = value.as_global() {
            let missing = module.starts_with("pandas") && matches!(name, "NA" | "NaT");
            return if missing { Some(Scalar::Missing) } else { None };
        }
        let object = value.as_object()?;
        let GlobalName { module, name } = object.class()?;
        if !module.starts_with("pandas") || !Changed::of(&object).is_empty() {
            return None;
        }
        let mut args = object.args();
        // `NPY_DATETIMEUNIT` in NumPy's ndarraytypes.h.
        let unit = |code: Option<Value<'_>>| match code.and_then(|code| code.as_i64()) {
            Some(7) => Some(Unit::Second),
            Some(8) => Some(Unit::Milli),
            Some(9) => Some(Unit::Micro),
            Some(10) | None => Some(Unit::Nano),
            Some(_) => None,
        };
        match name {
            "_nat_unpickle" | "__nat_unpickle" | "NaTType" | "C_NAType" | "NAType" => Some(Scalar::Missing),
            "Timestamp" | "_unpickle_timestamp" => {
                let (ticks, _freq, zone, code) = (args.next()?.as_i64()?, args.next(), args.next(), args.next());
                if ticks == i64::MIN {
                    return Some(Scalar::Missing);
                }
                Some(Scalar::Timestamp(ticks, unit(code)?, zone.filter(|zone| !zone.is_none())))
            }
            "Timedelta" | "_timedelta_unpickle" => {
                let (ticks, code) = (args.next()?.as_i64()?, args.next().filter(|code| code.as_i64().is_some()));
                Some(Scalar::Timedelta(ticks, unit(code)?))
            }
            "Period" => {
                let (freq, ordinal) = (args.nth(1)?, args.next()?);
                Some(Scalar::Period(ordinal.as_i64()?, freq))
            }
            "Interval" => {
                let (left, right) = (args.next()?, args.next()?);
                Some(Scalar::Interval(left, right, args.next().and_then(|closed| closed.as_str()).unwrap_or("right")))
            }
            _ => None,
        }
    }
}
