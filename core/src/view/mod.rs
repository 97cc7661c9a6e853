//! What a value means.
//!
//! A pickle says "call `datetime.date` with these four bytes"; [`Value::view`] says "29 February 2024". Nothing is called:
//! these are views over a value's class, arguments and state, and every spelling that CPython 2.7 to 3.15 writes is one of
//! them. It allocates nothing. What does not look exactly as such a type is pickled stays an object, with a reason.
//!
//! The rows of known types are in one file a family of modules; `row` and `plain` lead there. docs/internals.md has who shows
//! what is known.

mod builtins;
mod class;
mod collections;
mod derived;
mod fields;
mod find;
mod inside;
mod instance;
pub mod known;
#[cfg(feature = "alloc")]
mod locate;
mod members;
pub(crate) mod moments;
mod numbers;
mod octets;
mod packed;
mod pandas;
mod paths;
mod record;
mod rows;
mod span;
pub mod table;
mod time;
mod zones;

pub use builtins::{Member, Partial, Pattern};
pub use class::ClassName;
pub use collections::{Mapping, MappingKind, Sequence, SequenceKind, Set};
pub use derived::Derived;
pub use fields::{Attributes, Pairs};
pub use find::PathError;
pub use instance::Instance;
#[cfg(feature = "alloc")]
pub use locate::Located;
pub use members::Members;
pub use numbers::{Fraction, Ip, Uuid};
pub use octets::Octets;
pub use pandas::Scalar;
pub use paths::PurePath;
pub use record::{Record, Unknown};
pub use span::TimeDelta;
pub use time::{Date, Time};
pub use zones::Zone;

#[cfg(feature = "alloc")]
pub(crate) use fields::PairCells;
pub(crate) use instance::Changed;
pub(crate) use members::{Member as Part, MemberCells};

use crate::knobs::{KNOWN_SCIENCE, KNOWN_STD};
use crate::{BigInt, GlobalName, Items, Kind, ObjectParts, Value};
use known::{Array, DType, Masked, Tensor};

/// What a value means, however it is spelled.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // {1, 2} as protocol 4 has it, and as pickle.dumps(set([1, 2]), 0) of Python 2
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// for pickle in [&b"\x80\x04\x8f(K\x01K\x02\x90."[..], b"c__builtin__\nset\n((lI1\naI2\natR."] {
///     let document = unpickler.load(pickle)?;
///     let View::Set(set) = document.root().view() else { panic!("it is a set") };
///     assert!(!set.frozen && set.items.filter_map(|item| item.as_i64()).eq([1, 2]));
/// }
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum View<'d> {
    /// None.
    None,
    /// True or False.
    Bool(bool),
    /// An int of 64 bits.
    Int(i64),
    /// An int that 64 bits cannot hold.
    BigInt(BigInt<'d>),
    /// A float.
    Float(f64),
    /// The text of a float that this build does not parse (feature `text-float`).
    FloatText(&'d str),
    /// Text: a str, or a Python 2 str that is UTF-8.
    Text(&'d str),
    /// A str with lone surrogates, as UTF-8 has it with `surrogatepass`.
    Surrogates(&'d [u8]),
    /// Bytes: also a Python 2 str that is no UTF-8, a read-only view, a buffer that was given.
    Bytes(Octets<'d>),
    /// A bytearray.
    ByteArray(Octets<'d>),
    /// Real and imaginary part.
    Complex(f64, f64),
    /// A range of ints: start, stop, step.
    Range(Value<'d>, Value<'d>, Value<'d>),
    /// A slice: start, stop, step, each perhaps None.
    Slice(Value<'d>, Value<'d>, Value<'d>),
    /// A day.
    Date(Date),
    /// A time of day.
    Time(Time, Option<Zone<'d>>),
    /// A day and a time of day.
    DateTime(Date, Time, Option<Zone<'d>>),
    /// A span of time.
    TimeDelta(TimeDelta),
    /// A time zone.
    Zone(Zone<'d>),
    /// A decimal number as its text.
    Decimal(&'d str),
    /// A fraction.
    Fraction(Fraction<'d>),
    /// A UUID.
    Uuid(Uuid),
    /// A path of a file system.
    Path(PurePath<'d>),
    /// A regular expression.
    Pattern(Pattern<'d>),
    /// An address, network or interface of the Internet Protocol.
    Ip(Ip<'d>),
    /// A member of an enum by its name, or an attribute of a class or module.
    Member(Member<'d>),
    /// A call that waits for more arguments.
    Partial(Partial<'d>),
    /// A class or function: a global, see [`Value::as_global`].
    Global(Value<'d>),
    /// An extension code of `copyreg`.
    Extension(u32),
    /// What stands behind a persistent id: the id.
    Persistent(Value<'d>),
    /// An out-of-band buffer that was not given: its number from 0 on.
    Buffer(u32),
    /// Items in their order.
    Sequence(Sequence<'d>),
    /// Items without order.
    Set(Set<'d>),
    /// Keys and values.
    Mapping(Mapping<'d>),
    /// An instance of a subclass of a scalar.
    Derived(Derived<'d>),
    /// An object of any class: its attributes, its fields.
    Record(Record<'d>),
    /// A type of numpy's items.
    DType(DType<'d>),
    /// One item of numpy: its type and its bytes.
    Scalar(DType<'d>, Octets<'d>),
    /// A scalar of pandas: a time, a span, a period, an interval, or what stands for a missing one.
    Pandas(Scalar<'d>),
    /// Items of one type along axes: of numpy, also of an `array.array`, which is one axis. Which of them it is, its class
    /// tells ([`Value::as_object`]).
    Array(Array<'d>),
    /// Items of one type along axes, some of them masked out.
    Masked(Masked<'d>),
    /// `pandas.DataFrame`: rows and columns, where known.
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
    /// An object of a type that the view does not recognise, and why.
    Object(ObjectParts<'d>, Unknown),
}

impl<'d> Value<'d> {
    /// What the value means. Linear in the length of bytes that are spelled as Latin-1 text or as ints, of an OrderedDict
    /// that is spelled as a list of pairs, of an `array.array` that is spelled as a list, and in the number of maps of a
    /// ChainMap; constant for everything else.
    pub fn view(&self) -> View<'d> {
        let value = *self;
        let bytes = |value: Value<'d>| Octets::raw(value.as_bytes().unwrap_or_default());
        match value.kind() {
            Kind::None => View::None,
            Kind::Bool => View::Bool(value.as_bool() == Some(true)),
            Kind::Int => match (value.as_i64(), value.as_big_int()) {
                (None, Some(big)) => View::BigInt(big),
                (int, _) => View::Int(int.unwrap_or(0)),
            },
            Kind::Float => match value.as_f64() {
                Some(float) => View::Float(float),
                None => View::FloatText(value.float_text().unwrap_or_default()),
            },
            Kind::Str => match value.as_str() {
                Some(text) => View::Text(text),
                None => View::Surrogates(value.str_bytes().unwrap_or_default()),
            },
            Kind::Str8 => match value.as_str() {
                Some(text) => View::Text(text),
                None => View::Bytes(bytes(value)),
            },
            Kind::Bytes => View::Bytes(bytes(value)),
            Kind::ByteArray => View::ByteArray(bytes(value)),
            Kind::ReadOnly | Kind::Buffer => match (value.as_bytes(), value.as_buffer(), value.inner()) {
                (Some(bytes), ..) => View::Bytes(Octets::raw(bytes)),
                (None, Some(buffer), _) => View::Buffer(buffer.index),
                (None, None, Some(inner)) => View::Buffer(inner.as_buffer().map_or(0, |buffer| buffer.index)),
                (None, None, None) => View::None,
            },
            Kind::List | Kind::Tuple => {
                let kind = if value.kind() == Kind::List { SequenceKind::List } else { SequenceKind::Tuple };
                match value.items() {
                    Some(items) => View::Sequence(Sequence::new(kind, items)),
                    None => View::None,
                }
            }
            Kind::Set | Kind::FrozenSet => match value.items() {
                Some(items) => {
                    let frozen = value.kind() == Kind::FrozenSet;
                    View::Set(Set { frozen, items, class: None, attributes: Attributes::default() })
                }
                None => View::None,
            },
            Kind::Dict => View::Mapping(Mapping::new(MappingKind::Dict, Pairs::of(value.entries()))),
            Kind::Global => match if KNOWN_SCIENCE { Scalar::of(value) } else { None } {
                Some(missing) => View::Pandas(missing),
                None => View::Global(value),
            },
            Kind::Extension => View::Extension(value.as_extension().unwrap_or(0)),
            Kind::Persistent | Kind::Object => match value.as_object() {
                Some(object) if value.kind() == Kind::Persistent => View::Persistent(object.callable()),
                Some(object) => object_view(value, &object),
                None => View::None,
            },
        }
    }
}

fn object_view<'d>(value: Value<'d>, object: &ObjectParts<'d>) -> View<'d> {
    let Some(Instance { class, args }) = object.instance() else { return record::view(object) };
    let known = match class.as_global() {
        Some(named) if KNOWN_STD => row(value, class, named, object, args),
        Some(GlobalName { module, name }) => science(value, module, name, object),
        None if !KNOWN_STD => Row::None,
        None => zones::unpickled(class, args).map_or(Row::None, |zone| Row::Known(View::Zone(zone))),
    };
    match known {
        Row::Known(view) => view,
        Row::Lies => View::Object(*object, Unknown::Parts),
        Row::None => record::derived(object).unwrap_or_else(|| record::view(object)),
    }
}

/// What the table of known types says of an object.
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is made, and nothing may be allocated")]
enum Row<'d> {
    /// It has no row for the class.
    None,
    /// The class has a row, but the object is none that it writes.
    Lies,
    /// What it is.
    Known(View<'d>),
}

impl<'d> From<Option<View<'d>>> for Row<'d> {
    fn from(view: Option<View<'d>>) -> Self {
        view.map_or(Row::Lies, Row::Known)
    }
}

/// The table of known types.
fn row<'d>(
    value: Value<'d>,
    class: Value<'d>,
    GlobalName { module, name }: GlobalName<&'d str>,
    object: &ObjectParts<'d>,
    args: Items<'d>,
) -> Row<'d> {
    let module = python_name(module);
    let changed = Changed::of(object);
    match module {
        "builtins" if builtins::has(name) => builtins::view(value, name, args, &changed).into(),
        "_codecs" if name == "encode" => Octets::of(value).map(View::Bytes).into(),
        "collections" | "UserDict" | "UserList" | "UserString" if collections::has(name) => {
            collections::view(name, args, &changed).into()
        }
        "types" if name == "MappingProxyType" => builtins::view(value, "mappingproxy", args, &changed).into(),
        "functools" if name == "partial" => builtins::partial(&changed).into(),
        "uuid" if name == "UUID" => numbers::uuid(object, args).into(),
        "array" if packed::has(name) => packed::view(value, class, name, args, &changed),
        _ => match science(value, module, name, object) {
            Row::None => plain(module, name, object, args, &changed),
            known => known,
        },
    }
}

/// Those that are made by one call, and nothing happens to them afterwards.
fn plain<'d>(
    module: &'d str,
    name: &'d str,
    object: &ObjectParts<'d>,
    args: Items<'d>,
    changed: &Changed<'d>,
) -> Row<'d> {
    let view = match (module, name) {
        ("datetime", "date" | "time" | "datetime" | "timedelta" | "timezone") => time::view(name, args),
        ("decimal", "Decimal") => numbers::decimal(args),
        ("fractions", "Fraction") => numbers::fraction(args),
        ("ipaddress", _) if numbers::has_ip(name) => numbers::ip(name, args),
        ("pathlib" | "pathlib._local", _) if name.ends_with("Path") => paths::view(name, args),
        ("re", "_compile") => builtins::pattern(args),
        _ => match view_of_zone(module, name, object, args) {
            // Zones have attributes.
            Some(view) => return Row::Known(view),
            None => return Row::None,
        },
    };
    if changed.is_empty() { view.into() } else { Row::Lies }
}

/// The rows of time zones, which know no others.
fn view_of_zone<'d>(module: &str, name: &str, object: &ObjectParts<'d>, args: Items<'d>) -> Option<View<'d>> {
    match module {
        "datetime" if name == "timezone" => time::view(name, args),
        "pytz" => zones::pytz(name, args),
        _ if is_module(module, "dateutil") => zones::dateutil(name, object, args),
        _ if zones::is_zoneinfo(module) => zones::zoneinfo(name, args),
        _ => None,
    }
}

/// numpy, pandas, scipy, torch, joblib.
fn science<'d>(value: Value<'d>, module: &'d str, name: &'d str, object: &ObjectParts<'d>) -> Row<'d> {
    if !KNOWN_SCIENCE {
        return Row::None;
    }
    match known::science(value, module, name, object) {
        Some(view) => Row::Known(view),
        None => Row::None,
    }
}

/// What was recognised, if no argument is left over.
fn ended<'d>(args: Items<'d>, view: View<'d>) -> Option<View<'d>> {
    if args.len() == 0 { Some(view) } else { None }
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
