//! What an object is known to be, as values of the flat form: what [`Value::view`] says of it.

use pickle_core::known::{Array, DType, Data, Date, Octets, Subarray, Tensor, Time, TimeDelta};
use pickle_core::view::{Attributes, Fraction, MappingKind, SequenceKind, Unknown, Zone};
use pickle_core::{Change, How, Items, Kind, ObjectParts, Value, View};

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
    /// A zone with an offset that never changes, of any class: its days, seconds, microseconds; perhaps a name.
    TimeZone = 12,
    /// A zone of the time zone database, of any class: the key; where the pickle knows it (pytz), the offset at this
    /// time in days, seconds, microseconds, and perhaps an abbreviation.
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
    /// Name of the class, the path with its separators, the parts.
    Path = 21,
    /// The name as numpy shows it, the bytes of an item, 1 for big-endian.
    DType = 22,
    /// dtype as above; 1 for Fortran order; shape; the items: bytes, a list, or the buffer that has them; of items with
    /// fields, or that are arrays, what is in them: see `inner`.
    Array = 23,
    /// dtype as above; the bytes; what is in them as there.
    Scalar = 24,
    /// Rows and columns; -1 where not known.
    DataFrame = 25,
    /// Length or -1.
    Series = 26,
    /// Class; length or -1.
    Index = 27,
    /// dtype or the empty str; shape; 1 for a parameter; perhaps key and place of the storage.
    Tensor = 28,
    /// Format; shape; values stored or -1.
    Sparse = 29,
    /// A regular expression: the pattern; the flags as `re` numbers them.
    Pattern = 30,
    /// An address, network or interface of the Internet Protocol: its text.
    Ip = 31,
    /// A member of an enum, or an attribute of a class or module, by its name: of what; the name.
    Member = 32,
    /// `functools.partial`: the function, the number of arguments, those; name, value, ...
    Partial = 33,
    /// An instance of a subclass of a scalar: the value of the built-in class.
    Derived = 34,
    /// An object of any class: what it is made with by position, such as the fields of a namedtuple.
    Record = 35,
    /// The same with attributes that have no names (dataclasses with frozen slots, attrs with slots): those.
    Fields = 36,
    /// `list` that is called, or a subclass: the items.
    List = 37,
    /// `tuple` that is called: the items.
    Tuple = 38,
    /// `collections.UserList`: the items.
    UserList = 39,
    /// `dict` that is called, or a subclass: key, value, ...
    Dict = 40,
    /// `collections.ChainMap`: key, value, ... of all maps; of equal keys the last counts.
    ChainMap = 41,
    /// `collections.UserDict`: key, value, ...
    UserDict = 42,
    /// `frozendict`: key, value, ...
    FrozenDict = 43,
    /// `types.MappingProxyType`: key, value, ...
    Proxy = 44,
    /// The time zone of the machine that wrote the pickle.
    LocalZone = 45,
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

/// What there is to know about an object.
#[derive(Default)]
pub struct Facts<'d> {
    /// Its class, where that is not what was called.
    pub class: Option<Value<'d>>,
    /// Its attributes, where they are not the entries of its state.
    pub attributes: Option<Attributes<'d>>,
    /// What it is known to be.
    pub known: Option<(KnownKind, Vec<Part<'d>>)>,
    /// Why no more is known.
    pub unknown: Option<Unknown>,
}

/// What a value is known to be. `spare` pays, in bytes, for looking at it and
/// for what its facts repeat, so that many objects that share one long list
/// cannot make time and output grow without bound: where it runs out, an
/// object is just an object. What an object does not share with another
/// always costs less than the bytes that it took itself.
pub fn facts<'d>(value: Value<'d>, spare: &mut usize) -> Facts<'d> {
    let mut facts = Facts::default();
    let Some(object) = value.as_object() else { return facts };
    let Some(left) = spare.checked_sub(1 + cost(&object) / 16) else { return facts };
    *spare = left;
    let view = value.view();
    // A class in a class is named even where it is what was called: protocols below 4 have it as a call.
    let is_told = |class: Value<'_>| {
        is_same(class, object.callable()) && (class.kind() != Kind::Object || class.class_name().is_none())
    };
    facts.class = class(&object, &view).filter(|class| !is_told(*class));
    facts.attributes = match (&view, object.state()) {
        (View::Partial(partial), _) => Some(partial.attributes).filter(|own| own.len() != 0),
        (_, Some(state)) if state.entries().is_none() => Attributes::of(state),
        _ => None,
    };
    let repeated = facts.attributes.map_or(0, |attributes| 2 * attributes.len());
    match spare.checked_sub(repeated) {
        Some(left) => *spare = left,
        None => return Facts::default(),
    }
    match view {
        View::Object(_, why) => facts.unknown = Some(why),
        view if !matches!(object.how(), How::PersId | How::Changed) => facts.known = known(&object, view, spare),
        _ => {}
    }
    facts
}

/// What looking at an object may cost: its arguments may be long text or a list of pairs, its state an object's many
/// attributes or the dicts of a ChainMap.
fn cost(object: &ObjectParts<'_>) -> usize {
    let size =
        |value: Value<'_>| value.len().max(value.str_bytes().or(value.as_bytes()).map_or(0, |bytes| bytes.len()));
    let first = object.args().next().map_or(0, size);
    let mut cost = first + object.args().len();
    for change in object.changes().take(4) {
        if let Change::Build(state) = change {
            cost += size(state)
                + state.entries().into_iter().flatten().take(4).map(|(_, value)| size(value)).sum::<usize>();
        }
    }
    cost
}

/// The class of an object behind the helpers of protocols 0 and 1.
fn class<'d>(object: &ObjectParts<'d>, view: &View<'d>) -> Option<Value<'d>> {
    let class = match view {
        View::Record(record) => Some(record.class),
        View::Sequence(sequence) => sequence.class,
        View::Set(set) => set.class,
        View::Mapping(mapping) => mapping.class,
        View::Derived(derived) => derived.class,
        _ => None,
    };
    class.or_else(|| object.instance().map(|instance| instance.class))
}

fn is_same(a: Value<'_>, b: Value<'_>) -> bool {
    match (a.as_global(), b.as_global()) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.id() == b.id() && a.as_extension() == b.as_extension(),
        _ => false,
    }
}

fn known<'d>(object: &ObjectParts<'d>, view: View<'d>, spare: &mut usize) -> Option<(KnownKind, Vec<Part<'d>>)> {
    use KnownKind as K;
    use Part::{Bytes, Float, Int, Str, Text};
    let v = Part::Value;
    let count = |n: Option<u64>| Int(n.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1));
    Some(match view {
        View::Bytes(octets) => (K::Bytes, vec![paid(octets, spare)?]),
        View::ByteArray(octets) => (K::ByteArray, vec![paid(octets, spare)?]),
        View::Set(set) => (if set.frozen { K::FrozenSet } else { K::Set }, all(vec![], set.items, spare)?),
        View::Complex(re, im) => (K::Complex, vec![Float(re), Float(im)]),
        View::Range(a, b, c) => (K::Range, vec![v(a), v(b), v(c)]),
        View::Slice(a, b, c) => (K::Slice, vec![v(a), v(b), v(c)]),
        View::Date(day) => (K::Date, date(day).into()),
        View::Time(at, at_zone) => (K::Time, time(at).into_iter().chain(zone_value(object, at_zone)).collect()),
        View::DateTime(day, at, at_zone) => {
            (K::DateTime, date(day).into_iter().chain(time(at)).chain(zone_value(object, at_zone)).collect())
        }
        View::TimeDelta(span) => (K::TimeDelta, delta(span).into()),
        View::Zone(zone) => zone_of(zone)?,
        View::Decimal(text) => (K::Decimal, vec![Str(text)]),
        View::Fraction(Fraction::Text(text)) => (K::Fraction, vec![Str(text)]),
        View::Fraction(Fraction::Ints(a, b)) => (K::Fraction, vec![v(a), v(b)]),
        View::Uuid(uuid) => (K::Uuid, vec![Bytes(uuid.0.to_be_bytes().into())]),
        View::Path(path) => {
            *spare = spare.checked_sub(path.parts.filter_map(|part| part.as_str()).map(str::len).sum::<usize>() / 4)?;
            (K::Path, all(vec![Str(path.class), Text(path.to_string())], path.parts, spare)?)
        }
        View::Pattern(pattern) => (K::Pattern, vec![v(pattern.pattern), Int(pattern.flags)]),
        View::Ip(ip) => (K::Ip, vec![Text(ip.to_string())]),
        View::Member(member) => (K::Member, vec![v(member.of), Str(member.name)]),
        View::Partial(partial) => {
            let args = i64::try_from(partial.args.len()).unwrap_or(i64::MAX);
            let parts = all(vec![v(partial.function), Int(args)], partial.args, spare)?;
            (K::Partial, pairs_of(parts, partial.kwargs.entries()?, spare)?)
        }
        View::Sequence(sequence) => {
            let (kind, parts) = match sequence.kind {
                SequenceKind::Deque => (K::Deque, vec![sequence.max_len.map_or(Int(-1), v)]),
                SequenceKind::Tuple => (K::Tuple, vec![]),
                SequenceKind::UserList => (K::UserList, vec![]),
                _ => (K::List, vec![]),
            };
            (kind, all(parts, sequence.items, spare)?)
        }
        View::Mapping(mapping) => {
            let (kind, parts) = match mapping.kind {
                MappingKind::OrderedDict => (K::OrderedDict, vec![]),
                MappingKind::DefaultDict => {
                    (K::DefaultDict, vec![mapping.factory.map_or_else(|| Text(String::new()), v)])
                }
                MappingKind::Counter => (K::Counter, vec![]),
                MappingKind::FrozenDict => (K::FrozenDict, vec![]),
                MappingKind::Proxy => (K::Proxy, vec![]),
                MappingKind::ChainMap => (K::ChainMap, vec![]),
                MappingKind::UserDict => (K::UserDict, vec![]),
                _ => (K::Dict, vec![]),
            };
            (kind, pairs_of(parts, mapping.pairs, spare)?)
        }
        View::Derived(derived) => (K::Derived, vec![v(derived.value)]),
        // Scalars of pandas have no form of their own there.
        View::Pandas(_) => (K::Record, all(vec![], object.as_record()?.positional(), spare)?),
        View::Record(record) => {
            let kind = if record.values.is_some() && record.args.len() == 0 { K::Fields } else { K::Record };
            (kind, all(vec![], record.positional(), spare)?)
        }
        View::DType(dtype) => (K::DType, dtype_of(&dtype).into()),
        View::Array(array) => (K::Array, array_of(&array, spare)?),
        View::Scalar(dtype, octets) => {
            let parts = dtype_of(&dtype).into_iter().chain([paid(octets, spare)?]);
            (K::Scalar, with_inner(&dtype, parts.collect(), spare))
        }
        View::DataFrame { rows, columns } => (K::DataFrame, vec![count(rows), count(columns)]),
        View::Series { len } => (K::Series, vec![count(len)]),
        View::Index { class, len } => (K::Index, vec![v(class), count(len)]),
        View::Tensor(Tensor { dtype, shape, parameter, storage, .. }) => {
            let storage = storage.into_iter().flat_map(|storage| [v(storage.key), v(storage.location)]);
            let parts = [Text(dtype.unwrap_or_default().into()), v(shape), Int(i64::from(parameter))];
            (K::Tensor, parts.into_iter().chain(storage).collect())
        }
        View::Sparse { format, shape, values } => (K::Sparse, vec![Text(format.into()), v(shape), count(values)]),
        // Their tags say it all, or they are no objects.
        View::None | View::Bool(_) | View::Int(_) | View::BigInt(_) | View::Float(_) | View::FloatText(_) => {
            return None;
        }
        View::Text(_) | View::Surrogates(_) | View::Global(_) | View::Extension(_) | View::Buffer(_) => return None,
        View::Persistent(_) | View::Object(..) => return None,
        // Written by its parts: the flat form has no mask.
        View::Masked(_) => return None,
        _ => return None,
    })
}

/// The time zone that a time was made with: an object with facts of its own, as a rule.
fn zone_value<'d>(object: &ObjectParts<'d>, zone: Option<Zone<'d>>) -> Option<Part<'d>> {
    zone.and_then(|_| object.instance()?.args.last()).map(Part::Value)
}

fn zone_of(zone: Zone<'_>) -> Option<(KnownKind, Vec<Part<'_>>)> {
    use Part::Str;
    Some(match zone {
        Zone::Fixed(offset, _) => {
            (KnownKind::TimeZone, delta(offset).into_iter().chain(zone.name().map(Str)).collect())
        }
        Zone::Named { key, offset, abbreviation } => {
            let offset = offset.map(|offset| delta(offset).into_iter().chain(abbreviation.map(Str)));
            (KnownKind::ZoneInfo, [Str(key)].into_iter().chain(offset.into_iter().flatten()).collect())
        }
        Zone::Local => (KnownKind::LocalZone, vec![]),
        _ => return None,
    })
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
    Some(with_inner(&array.dtype, dtype_of(&array.dtype).into_iter().chain(order).collect(), spare))
}

/// Fields of one dtype that are named, at all levels, and levels of them: what has more is bytes.
const FIELDS_MAX: usize = 1024;
const LEVELS_MAX: usize = 8;

/// The parts of an array or scalar, and what is in an item where that has fields or is an array.
fn with_inner<'d>(dtype: &DType<'d>, mut parts: Vec<Part<'d>>, spare: &mut usize) -> Vec<Part<'d>> {
    let known = parts.len();
    if dtype.fields.is_some() || dtype.subarray.is_some() {
        let mut fields = FIELDS_MAX.min(*spare / 8);
        let before = fields;
        if inner(dtype, &mut parts, &mut fields, LEVELS_MAX).is_none() {
            parts.truncate(known);
        }
        *spare -= 8 * (before - fields);
    }
    parts
}

/// How many axes an item has; of an array their lengths, the dtype of its items and what is in those; of anything else how many
/// fields it has, and of each its name, the bytes before it, its dtype and what is in that.
fn inner<'d>(dtype: &DType<'d>, parts: &mut Vec<Part<'d>>, left: &mut usize, levels: usize) -> Option<()> {
    let int = |number: u64| i64::try_from(number).ok().map(Part::Int);
    if let Some(Subarray { dtype, shape, .. }) = dtype.subarray {
        let dtype = DType::of(dtype)?;
        let axes: Vec<Value<'d>> = shape.items().map_or_else(|| vec![shape], Iterator::collect);
        *left = left.checked_sub(axes.len())?;
        parts.push(int(axes.len() as u64).filter(|_| !axes.is_empty())?);
        for axis in axes {
            parts.push(int(axis.as_u64()?)?);
        }
        parts.extend(dtype_of(&dtype));
        return inner(&dtype, parts, left, levels.checked_sub(1)?);
    }
    let count = dtype.field_count();
    *left = left.checked_sub(count)?;
    parts.extend([Part::Int(0), int(count as u64)?]);
    for number in 0..count {
        let field = dtype.field(number)?;
        parts.extend([Part::Text(field.name.into()), int(field.offset)?]);
        parts.extend(dtype_of(&field.dtype));
        inner(&field.dtype, parts, left, levels.checked_sub(1)?)?;
    }
    Some(())
}
