//! Well-known types, recognised by how real pickles spell them.
//!
//! A pickle says "call `datetime.date` with these four bytes"; [`Known::of`]
//! says "29 February 2024". Nothing is called: these are views over an
//! [`Object`]'s class, arguments and state, and every spelling that CPython
//! 2.7 to 3.15 writes is one of them. What does not look exactly as such a
//! type is pickled stays an object.

mod array;
mod octets;
mod table;
mod time;

pub use array::{Array, DType, Data, Number};
pub use octets::Octets;
pub use table::Tensor;
pub use time::{Date, Time, TimeDelta};

use crate::{BigInt, Change, Entries, How, Items, Kind, Object, Value};

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
        let Instance { class, mut args } = object.instance()?;
        let Some((module, name)) = class.as_global() else { return zone_info(class, args) };
        let module = python_name(module);
        if is_module(module, "pandas") {
            return table::pandas(value, &object, module, name);
        }
        let changed = Changed::of(&object);
        match (module, name) {
            ("_codecs", "encode") | ("builtins", "bytes") => Octets::of(value).map(Known::Bytes),
            ("builtins", "bytearray") => Octets::of(value).map(Known::ByteArray),
            ("builtins", "set") if changed.is_empty() => Some(Known::Set(only_items(args)?)),
            ("builtins", "frozenset") if changed.is_empty() => Some(Known::FrozenSet(only_items(args)?)),
            ("collections", _) => collection(name, args, &changed),
            ("uuid", "UUID") => uuid(&object, args),
            ("numpy", "dtype") => DType::of(value).map(Known::DType),
            (_, "_reconstruct") if array::is_multiarray(module) => Array::reconstructed(&object).map(Known::Array),
            (_, "NumpyArrayWrapper") if array::is_joblib(module) => Array::wrapped(&object).map(Known::Array),
            _ if is_module(module, "scipy.sparse") => table::sparse(&object, name),
            // All others are made by one call, and nothing happens to them afterwards.
            _ if !changed.is_empty() => None,
            ("builtins", "complex") => {
                let (re, im) = (args.next()?.as_f64()?, args.next()?.as_f64()?);
                ended(args, Known::Complex(re, im))
            }
            ("builtins", "range" | "xrange") => three(args).map(|[a, b, c]| Known::Range(a, b, c)),
            ("builtins", "slice") => three(args).map(|[a, b, c]| Known::Slice(a, b, c)),
            ("datetime", _) => datetime(name, args),
            ("decimal", "Decimal") => {
                let text = args.next()?.as_str()?;
                ended(args, Known::Decimal(text))
            }
            ("fractions", "Fraction") => {
                let first = args.next()?;
                match (first.as_str(), args.next()) {
                    (Some(text), None) => Some(Known::FractionText(text)),
                    (None, Some(second)) if first.kind() == Kind::Int && second.kind() == Kind::Int => {
                        ended(args, Known::Fraction(first, second))
                    }
                    _ => None,
                }
            }
            ("pathlib" | "pathlib._local", _) if name.ends_with("Path") => {
                if args.clone().all(|part| part.as_str().is_some()) { Some(Known::Path(name, args)) } else { None }
            }
            (_, "_frombuffer") if array::is_numeric(module) => Array::from_buffer(args).map(Known::Array),
            (_, "scalar") if array::is_multiarray(module) => {
                let dtype = DType::of(args.next()?)?;
                let octets = Octets::of(args.next()?)?;
                if octets.len() as u64 == dtype.size { Some(Known::Scalar(dtype, octets)) } else { None }
            }
            ("torch._utils", _) if name.starts_with("_rebuild_") => {
                let is_tensor = matches!(
                    name,
                    "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" | "_rebuild_parameter"
                );
                if is_tensor { Tensor::of(&object, name).map(Known::Tensor) } else { None }
            }
            _ => None,
        }
    }
}

/// A class and the arguments of its constructor.
#[derive(Clone, Copy)]
pub struct Instance<'d> {
    /// The class or function.
    pub class: Value<'d>,
    /// What it is called with.
    pub args: Items<'d>,
}

impl<'d> Object<'d> {
    /// The class and its arguments, seen through the helper functions that
    /// protocols 0 and 1 use to make instances (`copyreg._reconstructor` of
    /// a plain object, `copyreg.__newobj__`).
    ///
    /// `None` for what stands behind a persistent id, for a global that was
    /// changed, and where keyword arguments are given.
    pub fn instance(&self) -> Option<Instance<'d>> {
        match self.how() {
            How::PersId | How::Changed => return None,
            How::NewObjEx if self.kwargs().is_some_and(|kwargs| kwargs.kind() != Kind::Dict || !kwargs.is_empty()) => {
                return None;
            }
            _ => {}
        }
        let (class, mut args) = (self.callable(), self.args());
        match self.class() {
            Some(("copy_reg" | "copyreg", "_reconstructor")) => {
                let mut parts = args;
                let (inner, base, state) = (parts.next(), parts.next(), parts.next());
                let of_object = base
                    .and_then(|base| base.as_global())
                    .is_some_and(|(module, name)| python_name(module) == "builtins" && name == "object");
                match (inner, state) {
                    (Some(inner), Some(state)) if of_object && state.is_none() => {
                        return Some(Instance { class: inner, args: parts });
                    }
                    _ => {}
                }
            }
            Some(("copy_reg" | "copyreg", "__newobj__")) => {
                if let Some(inner) = args.next() {
                    return Some(Instance { class: inner, args });
                }
            }
            _ => {}
        }
        Some(Instance { class, args })
    }
}

/// What happened to an object, where each thing happened at most once.
#[derive(Clone, Copy, Default)]
pub(crate) struct Changed<'d> {
    appended: Option<Items<'d>>,
    set: Option<Entries<'d>>,
    state: Option<Value<'d>>,
    /// Something else, or a thing twice.
    more: bool,
}

impl<'d> Changed<'d> {
    fn of(object: &Object<'d>) -> Self {
        let mut this = Changed::default();
        for change in object.changes() {
            this.more |= match change {
                Change::Append(items) => this.appended.replace(items).is_some(),
                Change::SetItem(entries) => this.set.replace(entries).is_some(),
                Change::Build(state) => this.state.replace(state).is_some(),
                _ => true,
            };
            if this.more {
                break;
            }
        }
        this
    }

    fn is_empty(&self) -> bool {
        self.appended.is_none() && self.set.is_none() && self.state.is_none() && !self.more
    }

    /// The state, if that is all.
    fn only_state(&self) -> Option<Value<'d>> {
        if self.appended.is_some() || self.set.is_some() || self.more { None } else { self.state }
    }
}

/// Keys and values: of a dict, or of pairs in a list (Python 2's OrderedDict).
#[derive(Clone, Copy)]
pub struct Pairs<'d>(Source<'d>);

#[derive(Clone, Copy)]
enum Source<'d> {
    Entries(Entries<'d>),
    Items(Items<'d>),
    None,
}

impl<'d> From<Entries<'d>> for Pairs<'d> {
    fn from(entries: Entries<'d>) -> Self {
        Pairs(Source::Entries(entries))
    }
}

impl<'d> Pairs<'d> {
    fn of(entries: Option<Entries<'d>>) -> Self {
        entries.map_or(Pairs(Source::None), Pairs::from)
    }
}

impl<'d> Iterator for Pairs<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Entries(entries) => entries.next(),
            Source::Items(items) => {
                let pair = items.next()?;
                Some((pair.at(0)?, pair.at(1)?))
            }
            Source::None => None,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Source::Entries(entries) => entries.size_hint(),
            Source::Items(items) => items.size_hint(),
            Source::None => (0, Some(0)),
        }
    }
}

impl ExactSizeIterator for Pairs<'_> {}

fn collection<'d>(name: &str, mut args: Items<'d>, changed: &Changed<'d>) -> Option<Known<'d>> {
    if changed.more {
        return None;
    }
    let set = Pairs::of(changed.set);
    let alone = changed.appended.is_none() && changed.state.is_none();
    match name {
        "OrderedDict" if changed.appended.is_none() => {
            let pairs = match args.next() {
                None => set,
                Some(_) if changed.set.is_some() => return None,
                Some(first) => {
                    let items = first.items()?;
                    // Linear, but only once: what is not pairs stays an object.
                    let is_pair = |pair: Value<'_>| pair.len() == 2 && pair.items().is_some();
                    if !items.clone().all(is_pair) {
                        return None;
                    }
                    Pairs(Source::Items(items))
                }
            };
            ended(args, Known::OrderedDict(pairs, changed.state))
        }
        "defaultdict" if alone => {
            let factory = args.next().filter(|factory| !factory.is_none());
            ended(args, Known::DefaultDict(factory, set))
        }
        "Counter" if alone && changed.set.is_none() => {
            let entries = match args.next() {
                Some(counts) => Some(counts.entries()?),
                None => None,
            };
            ended(args, Known::Counter(Pairs::of(entries)))
        }
        "deque" if changed.set.is_none() && changed.state.is_none() => {
            let first = args.next().map(|first| first.items());
            let max = args.next().filter(|max| !max.is_none());
            let items = match (first, changed.appended) {
                (None, Some(appended)) => appended,
                (Some(Some(items)), Some(appended)) if items.len() == 0 => appended,
                (Some(Some(items)), None) => items,
                (None, None) => args,
                _ => return None,
            };
            ended(args, Known::Deque(items, max))
        }
        _ => None,
    }
}

fn datetime<'d>(name: &str, mut args: Items<'d>) -> Option<Known<'d>> {
    let mut next = || args.next();
    let known = match name {
        "date" => Known::Date(Date::unpack(next()?)?),
        "time" => Known::Time(Time::unpack(next()?)?, next()),
        "datetime" => {
            let (date, time) = time::unpack_datetime(next()?)?;
            Known::DateTime(date, time, next())
        }
        "timedelta" => {
            let mut part = || match next() {
                Some(part) => part.as_i64(),
                None => Some(0),
            };
            Known::TimeDelta(TimeDelta::new(part()?, part()?, part()?)?)
        }
        "timezone" => {
            let Some(Known::TimeDelta(offset)) = delta(next()?) else { return None };
            let name = match next() {
                Some(name) => Some(name.as_str()?),
                None => None,
            };
            Known::TimeZone(offset, name)
        }
        _ => return None,
    };
    ended(args, known)
}

/// The timedelta that a value is. Apart from [`Known::of`], for a timezone of a timezone must not nest.
fn delta(value: Value<'_>) -> Option<Known<'_>> {
    let object = value.as_object()?;
    if object.class()? != ("datetime", "timedelta") || !Changed::of(&object).is_empty() {
        return None;
    }
    let part = |n| object.args().nth(n).map_or(Some(0), |part: Value<'_>| part.as_i64());
    Some(Known::TimeDelta(TimeDelta::new(part(0)?, part(1)?, part(2)?)?))
}

/// `getattr(zoneinfo.ZoneInfo, '_unpickle')(key, from_cache)`.
fn zone_info<'d>(callable: Value<'d>, mut args: Items<'d>) -> Option<Known<'d>> {
    let getattr = callable.as_object()?;
    let (module, name) = getattr.class()?;
    let [of, attribute] = [getattr.args().next()?, getattr.args().nth(1)?];
    let is_zone = of.as_global()? == ("zoneinfo", "ZoneInfo") && attribute.as_str()? == "_unpickle";
    if python_name(module) != "builtins" || name != "getattr" || !is_zone {
        return None;
    }
    Some(Known::ZoneInfo(args.next()?.as_str()?))
}

/// A UUID keeps one attribute, its int (`UUID.__getstate__`).
fn uuid<'d>(object: &Object<'d>, args: Items<'d>) -> Option<Known<'d>> {
    let state = Changed::of(object).only_state()?;
    if args.len() != 0 || state.len() != 1 || state.kind() != Kind::Dict {
        return None;
    }
    let int = state.get("int")?;
    if let Some(small) = int.as_i128() {
        return Some(Known::Uuid(u128::try_from(small).ok()?));
    }
    match int.as_big_int()? {
        BigInt::Bytes(bytes) => match bytes.split_first_chunk::<16>()? {
            (low, [0]) => Some(Known::Uuid(u128::from_le_bytes(*low))),
            _ => None,
        },
        text => {
            let (negative, radix, digits) = text.digits()?;
            let mut value = 0u128;
            for digit in digits.iter().filter_map(|&byte| crate::literal::int::digit(byte, radix)) {
                value = value.checked_mul(u128::from(radix))?.checked_add(u128::from(digit))?;
            }
            if negative { None } else { Some(Known::Uuid(value)) }
        }
    }
}

/// The items of the one argument, a list or tuple; no argument is no items.
fn only_items<'d>(mut args: Items<'d>) -> Option<Items<'d>> {
    match args.next() {
        None => Some(args),
        Some(first) if matches!(first.kind(), Kind::List | Kind::Tuple) && args.len() == 0 => first.items(),
        Some(_) => None,
    }
}

fn three<'d>(mut args: Items<'d>) -> Option<[Value<'d>; 3]> {
    let three = [args.next()?, args.next()?, args.next()?];
    if args.len() == 0 { Some(three) } else { None }
}

/// What was recognised, if no argument is left over.
fn ended<'d>(args: Items<'d>, known: Known<'d>) -> Option<Known<'d>> {
    if args.len() == 0 { Some(known) } else { None }
}

/// The name that Python 3 has for a module of Python 2, as far as known types need it.
pub(crate) fn python_name(module: &str) -> &str {
    match module {
        "__builtin__" => "builtins",
        "copy_reg" => "copyreg",
        other => other,
    }
}

/// A module or one below it.
pub(crate) fn is_module(module: &str, package: &str) -> bool {
    match module.strip_prefix(package) {
        Some(rest) => rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}
