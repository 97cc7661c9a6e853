//! Well-known types, recognised by how real pickles spell them.
//!
//! [`Known::of`] is what [`Value::view`](crate::Value::view) says of an object, for those who know its kind already.

mod array;
mod table;

pub use super::{Date, Instance, Octets, Pairs, Time, TimeDelta};
pub(crate) use array::half;
pub use array::{Array, DType, Data, Field, Number};
pub use table::Tensor;

pub(crate) use super::Changed;
use super::{Fraction, MappingKind, SequenceKind, View, Zone, is_module};
use crate::{Items, Object, Value};

/// An object as the type that it is.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Known<'d> {
    /// `bytes`, as protocols 0 to 2 spell them.
    Bytes(Octets<'d>),
    /// `bytearray`, as protocols 0 to 4 spell them.
    ByteArray(Octets<'d>),
    /// `set`, as protocols 0 to 3 spell them.
    Set(Items<'d>),
    /// `frozenset`, as protocols 0 to 3 spell them.
    FrozenSet(Items<'d>),
    /// `complex`: real and imaginary part.
    Complex(f64, f64),
    /// `range` or `xrange`: start, stop, step.
    Range(Value<'d>, Value<'d>, Value<'d>),
    /// `slice`: start, stop, step.
    Slice(Value<'d>, Value<'d>, Value<'d>),
    /// `datetime.date`.
    Date(Date),
    /// `datetime.time`, perhaps with a time zone.
    Time(Time, Option<Value<'d>>),
    /// `datetime.datetime`, perhaps with a time zone.
    DateTime(Date, Time, Option<Value<'d>>),
    /// `datetime.timedelta`.
    TimeDelta(TimeDelta),
    /// `datetime.timezone`: a fixed offset from UTC, perhaps with a name.
    TimeZone(TimeDelta, Option<&'d str>),
    /// `zoneinfo.ZoneInfo` by its key, such as `Europe/Berlin`.
    ZoneInfo(&'d str),
    /// `decimal.Decimal` as its text.
    Decimal(&'d str),
    /// `fractions.Fraction` as its text.
    FractionText(&'d str),
    /// `fractions.Fraction`: numerator and denominator.
    Fraction(Value<'d>, Value<'d>),
    /// `uuid.UUID`.
    Uuid(u128),
    /// `collections.OrderedDict`, perhaps with attributes.
    OrderedDict(Pairs<'d>, Option<Value<'d>>),
    /// `collections.defaultdict`: its factory (None where it has none) and its items.
    DefaultDict(Option<Value<'d>>, Pairs<'d>),
    /// `collections.Counter`.
    Counter(Pairs<'d>),
    /// `collections.deque`: its items and its largest length.
    Deque(Items<'d>, Option<Value<'d>>),
    /// A `pathlib` path: name of its class and its parts.
    Path(&'d str, Items<'d>),
    /// `numpy.dtype`.
    DType(DType<'d>),
    /// `numpy.ndarray`, also where joblib wrote it.
    Array(Array<'d>),
    /// A numpy scalar: its type and its bytes.
    Scalar(DType<'d>, Octets<'d>),
    /// `pandas.DataFrame`: rows and columns, where that is easily told.
    DataFrame {
        /// Labels of the index.
        rows: Option<u64>,
        /// Labels of the columns.
        columns: Option<u64>,
    },
    /// `pandas.Series`.
    Series {
        /// Labels of the index.
        len: Option<u64>,
    },
    /// A `pandas.Index` of any class.
    Index {
        /// Its class.
        class: Value<'d>,
        /// Its labels.
        len: Option<u64>,
    },
    /// `torch.Tensor` or `torch.nn.Parameter`.
    Tensor(Tensor<'d>),
    /// A sparse matrix of scipy.
    Sparse {
        /// `csr`, `coo`, ...
        format: &'d str,
        /// Items along each axis: ints.
        shape: Value<'d>,
        /// Values that are stored.
        values: Option<u64>,
    },
}

impl<'d> Known<'d> {
    /// The known type that a value is. Linear in the length of bytes that are
    /// spelled as Latin-1 text, constant for everything else.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        Some(match value.view() {
            View::Bytes(octets) => Known::Bytes(octets),
            View::ByteArray(octets) => Known::ByteArray(octets),
            View::Set(set) if set.class.is_none() && set.attributes.len() == 0 => {
                if set.frozen {
                    Known::FrozenSet(set.items)
                } else {
                    Known::Set(set.items)
                }
            }
            View::Complex(re, im) => Known::Complex(re, im),
            View::Range(a, b, c) => Known::Range(a, b, c),
            View::Slice(a, b, c) => Known::Slice(a, b, c),
            View::Date(date) => Known::Date(date),
            View::Time(time, zone) => Known::Time(time, zone.and_then(|_| last(&object))),
            View::DateTime(date, time, zone) => Known::DateTime(date, time, zone.and_then(|_| last(&object))),
            View::TimeDelta(delta) => Known::TimeDelta(delta),
            View::Zone(Zone::Fixed(offset, name)) if object.class() == Some(("datetime", "timezone")) => {
                Known::TimeZone(offset, name)
            }
            View::Zone(Zone::Named { key, offset: None, .. }) => Known::ZoneInfo(key),
            View::Decimal(text) => Known::Decimal(text),
            View::Fraction(Fraction::Text(text)) => Known::FractionText(text),
            View::Fraction(Fraction::Ints(a, b)) => Known::Fraction(a, b),
            View::Uuid(uuid) => Known::Uuid(uuid.0),
            View::Mapping(mapping) if mapping.class.is_none() => match mapping.kind {
                MappingKind::OrderedDict => {
                    let state = if mapping.attributes.len() != 0 { object.state() } else { mapping.state };
                    Known::OrderedDict(mapping.pairs, state)
                }
                _ if mapping.attributes.len() != 0 => return None,
                MappingKind::DefaultDict => Known::DefaultDict(mapping.factory, mapping.pairs),
                MappingKind::Counter => Known::Counter(mapping.pairs),
                _ => return None,
            },
            View::Sequence(sequence) if sequence.kind == SequenceKind::Deque && sequence.attributes.len() == 0 => {
                Known::Deque(sequence.items, sequence.max_len)
            }
            View::Path(path) => Known::Path(path.class, path.parts),
            View::DType(dtype) => Known::DType(dtype),
            View::Array(array) => Known::Array(array),
            View::Scalar(dtype, octets) => Known::Scalar(dtype, octets),
            View::DataFrame { rows, columns } => Known::DataFrame { rows, columns },
            View::Series { len } => Known::Series { len },
            View::Index { class, len } => Known::Index { class, len },
            View::Tensor(tensor) => Known::Tensor(tensor),
            View::Sparse { format, shape, values } => Known::Sparse { format, shape, values },
            _ => return None,
        })
    }
}

/// The time zone that a time was made with.
fn last<'d>(object: &Object<'d>) -> Option<Value<'d>> {
    object.instance()?.args.last()
}

/// What the rows of numpy, pandas, scipy, torch and joblib say.
pub(super) fn science<'d>(value: Value<'d>, module: &'d str, name: &'d str, object: &Object<'d>) -> Option<View<'d>> {
    if is_module(module, "pandas") {
        return table::pandas(value, object, module, name);
    }
    let mut args = object.args();
    match (module, name) {
        ("numpy", "dtype") => DType::of(value).map(View::DType),
        (_, "_reconstruct") if array::is_multiarray(module) => Array::reconstructed(object).map(View::Array),
        (_, "NumpyArrayWrapper") if array::is_joblib(module) => Array::wrapped(object).map(View::Array),
        _ if is_module(module, "scipy.sparse") => table::sparse(object, name),
        // All others are made by one call, and nothing happens to them afterwards.
        _ if !Changed::of(object).is_empty() => None,
        (_, "_frombuffer") if array::is_numeric(module) => Array::from_buffer(args).map(View::Array),
        (_, "scalar") if array::is_multiarray(module) => {
            let dtype = DType::of(args.next()?)?;
            let octets = Octets::of(args.next()?)?;
            if octets.len() as u64 == dtype.size { Some(View::Scalar(dtype, octets)) } else { None }
        }
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" | "_rebuild_parameter") => {
            Tensor::of(object, name).map(View::Tensor)
        }
        _ => None,
    }
}
