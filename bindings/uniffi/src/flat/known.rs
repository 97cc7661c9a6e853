//! What an object is known to be, as values of the flat form.

use pickle_core::known::{Array, DType, Data, Date, Octets, Tensor, Time, TimeDelta};
use pickle_core::{Items, Known, Value};

/// A kind of object that is known. The values that follow it in the flat form:
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KnownKind {
    /// The bytes.
    Bytes = 1,
    /// The bytes.
    ByteArray = 2,
    /// The items.
    Set = 3,
    /// The items.
    FrozenSet = 4,
    /// Real and imaginary part: floats.
    Complex = 5,
    /// Start, stop, step.
    Range = 6,
    /// Start, stop, step.
    Slice = 7,
    /// Year, month, day.
    Date = 8,
    /// Hour, minute, second, microsecond, fold; perhaps a time zone.
    Time = 9,
    /// Year, month, day, hour, minute, second, microsecond, fold; perhaps a time zone.
    DateTime = 10,
    /// Days, seconds, microseconds.
    TimeDelta = 11,
    /// Days, seconds, microseconds of the offset; perhaps a name.
    TimeZone = 12,
    /// The key.
    ZoneInfo = 13,
    /// The text.
    Decimal = 14,
    /// Numerator and denominator, or one text.
    Fraction = 15,
    /// Sixteen bytes, most significant first.
    Uuid = 16,
    /// Key, value, key, value, ...
    OrderedDict = 17,
    /// The factory or None; key, value, ...
    DefaultDict = 18,
    /// Key, count, key, count, ...
    Counter = 19,
    /// The largest length or None; the items.
    Deque = 20,
    /// Name of the class, the parts.
    Path = 21,
    /// The name as numpy shows it, the bytes of an item, 1 for big-endian.
    DType = 22,
    /// dtype as above; 1 for Fortran order; shape; the items: bytes, a list, or the buffer that has them.
    Array = 23,
    /// dtype as above; the bytes.
    Scalar = 24,
    /// Rows and columns; -1 for what is not easily told.
    DataFrame = 25,
    /// Length or -1.
    Series = 26,
    /// Class; length or -1.
    Index = 27,
    /// dtype or the empty str; shape; 1 for a parameter; perhaps key and place of the storage.
    Tensor = 28,
    /// Format; shape; values stored or -1.
    Sparse = 29,
}

/// One value of a fact.
pub enum Part<'d> {
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
    /// A str of the document.
    Str(&'d str),
    /// Bytes of the document.
    Octets(Octets<'d>),
    /// Bytes made up.
    Bytes(Vec<u8>),
    /// A str made up.
    Text(String),
    /// A value of the document.
    Value(Value<'d>),
}

/// What a value is known to be. `spare` pays, in bytes, for looking at it and
/// for what its facts repeat, so that many objects that share one long list
/// cannot make time and output grow without bound: where it runs out, an
/// object is just an object. What an object does not share with another
/// always costs less than the bytes that it took itself.
pub fn parts<'d>(value: Value<'d>, spare: &mut usize) -> Option<(KnownKind, Vec<Part<'d>>)> {
    let object = value.as_object()?;
    // What looking at it costs: its first argument may be long text or a list of pairs.
    let size =
        |value: Value<'_>| value.len().max(value.str_bytes().or(value.as_bytes()).map_or(0, |bytes| bytes.len()));
    let first = object.args().next().map_or(0, size);
    *spare = spare.checked_sub(1 + first / 16)?;
    let known = Known::of(value)?;
    use KnownKind as K;
    use Part::{Bytes, Float, Int, Str, Text};
    let v = Part::Value;
    let count = |n: Option<u64>| Int(n.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1));
    let (kind, parts) = match known {
        Known::Bytes(octets) => (K::Bytes, vec![paid(octets, spare)?]),
        Known::ByteArray(octets) => (K::ByteArray, vec![paid(octets, spare)?]),
        Known::Set(items) => (K::Set, all(vec![], items, spare)?),
        Known::FrozenSet(items) => (K::FrozenSet, all(vec![], items, spare)?),
        Known::Complex(re, im) => (K::Complex, vec![Float(re), Float(im)]),
        Known::Range(a, b, c) => (K::Range, vec![v(a), v(b), v(c)]),
        Known::Slice(a, b, c) => (K::Slice, vec![v(a), v(b), v(c)]),
        Known::Date(day) => (K::Date, date(day).into()),
        Known::Time(at, zone) => (K::Time, time(at).into_iter().chain(zone.map(v)).collect()),
        Known::DateTime(day, at, zone) => {
            (K::DateTime, date(day).into_iter().chain(time(at)).chain(zone.map(v)).collect())
        }
        Known::TimeDelta(span) => (K::TimeDelta, delta(span).into()),
        Known::TimeZone(offset, name) => (K::TimeZone, delta(offset).into_iter().chain(name.map(Str)).collect()),
        Known::ZoneInfo(key) => (K::ZoneInfo, vec![Str(key)]),
        Known::Decimal(text) => (K::Decimal, vec![Str(text)]),
        Known::FractionText(text) => (K::Fraction, vec![Str(text)]),
        Known::Fraction(a, b) => (K::Fraction, vec![v(a), v(b)]),
        Known::Uuid(bits) => (K::Uuid, vec![Bytes(bits.to_be_bytes().into())]),
        Known::OrderedDict(pairs, _) => (K::OrderedDict, pairs_of(vec![], pairs, spare)?),
        Known::DefaultDict(factory, pairs) => {
            let factory = factory.map_or_else(|| Part::Text(String::new()), v);
            (K::DefaultDict, pairs_of(vec![factory], pairs, spare)?)
        }
        Known::Counter(pairs) => (K::Counter, pairs_of(vec![], pairs, spare)?),
        Known::Deque(items, max) => (K::Deque, all(vec![max.map_or(Int(-1), v)], items, spare)?),
        Known::Path(class, items) => (K::Path, all(vec![Str(class)], items, spare)?),
        Known::DType(dtype) => (K::DType, dtype_of(&dtype).into()),
        Known::Array(array) => (K::Array, array_of(&array, spare)?),
        Known::Scalar(dtype, octets) => {
            (K::Scalar, dtype_of(&dtype).into_iter().chain([paid(octets, spare)?]).collect())
        }
        Known::DataFrame { rows, columns } => (K::DataFrame, vec![count(rows), count(columns)]),
        Known::Series { len } => (K::Series, vec![count(len)]),
        Known::Index { class, len } => (K::Index, vec![v(class), count(len)]),
        Known::Tensor(Tensor { dtype, shape, parameter, storage, .. }) => {
            let storage = storage.into_iter().flat_map(|(key, place)| [v(key), v(place)]);
            let parts = [Text(dtype.unwrap_or_default().into()), v(shape), Int(i64::from(parameter))];
            (K::Tensor, parts.into_iter().chain(storage).collect())
        }
        Known::Sparse { format, shape, values } => (K::Sparse, vec![Text(format.into()), v(shape), count(values)]),
        _ => return None,
    };
    Some((kind, parts))
}

/// Bytes that the flat form has already cost nothing; others are repeated.
fn paid<'d>(octets: Octets<'d>, spare: &mut usize) -> Option<Part<'d>> {
    if octets.as_slice().is_none() {
        *spare = spare.checked_sub(octets.len() / 4)?;
    }
    Some(Part::Octets(octets))
}

fn all<'d>(mut parts: Vec<Part<'d>>, items: Items<'d>, spare: &mut usize) -> Option<Vec<Part<'d>>> {
    *spare = spare.checked_sub(items.len())?;
    parts.extend(items.map(Part::Value));
    Some(parts)
}

fn pairs_of<'d>(
    mut parts: Vec<Part<'d>>,
    pairs: impl ExactSizeIterator<Item = (Value<'d>, Value<'d>)>,
    spare: &mut usize,
) -> Option<Vec<Part<'d>>> {
    *spare = spare.checked_sub(pairs.len().saturating_mul(2))?;
    parts.extend(pairs.flat_map(|(key, value)| [Part::Value(key), Part::Value(value)]));
    Some(parts)
}

fn date<'d>(Date { year, month, day }: Date) -> [Part<'d>; 3] {
    [i64::from(year), i64::from(month), i64::from(day)].map(Part::Int)
}

fn time<'d>(Time { hour, minute, second, microsecond, fold }: Time) -> [Part<'d>; 5] {
    let [hour, minute, second] = [hour, minute, second].map(i64::from);
    [hour, minute, second, i64::from(microsecond), i64::from(fold)].map(Part::Int)
}

fn delta<'d>(TimeDelta { days, seconds, microseconds }: TimeDelta) -> [Part<'d>; 3] {
    [i64::from(days), i64::from(seconds), i64::from(microseconds)].map(Part::Int)
}

fn dtype_of<'d>(dtype: &DType<'_>) -> [Part<'d>; 3] {
    let size = i64::try_from(dtype.size).unwrap_or(i64::MAX);
    [Part::Text(dtype.to_string()), Part::Int(size), Part::Int(i64::from(dtype.big_endian))]
}

fn array_of<'d>(array: &Array<'d>, spare: &mut usize) -> Option<Vec<Part<'d>>> {
    let data = match array.data {
        Data::Bytes(octets) => paid(octets, spare)?,
        Data::Objects(list) => Part::Value(list),
        Data::Missing(buffer) => Part::Value(buffer),
        _ => return None,
    };
    let order = [Part::Int(i64::from(array.fortran)), Part::Value(array.shape), data];
    Some(dtype_of(&array.dtype).into_iter().chain(order).collect())
}
