//! What values become in JSON, one step after the other.

use super::{Options, array, text};
use crate::print::canonical::big_int;
use crate::print::tree::{path_text, uuid_text};
use num_bigint::Sign;
use pickle_core::known::{Array, DType, Data, Octets, Pairs};
use pickle_core::{Change, How, Kind, Known, Object, Value};
use std::collections::HashSet;

/// Bits above which ints are given in hexadecimal: their decimal digits would take minutes.
const DECIMAL_BITS: u64 = 4096;

/// What is written next.
#[allow(clippy::large_enum_variant, reason = "one at a time is alive")]
pub enum Step<'d> {
    /// `[`
    Array,
    /// `{`
    Map,
    /// `]` or `}`, whichever is open.
    End,
    /// A key of a map.
    Key(String),
    /// A value of the document.
    Value(Value<'d>),
    /// A JSON text, such as a number.
    Raw(String),
    /// A JSON string.
    Text(String),
    /// Bytes in base64.
    Base64(Octets<'d>),
    /// The numbers of an array.
    Numbers(Array<'d>),
    /// More steps.
    Parts(Steps<'d>),
}

/// Steps that are made as they are taken.
pub type Steps<'d> = Box<dyn Iterator<Item = Step<'d>> + 'd>;

pub fn one(step: Step<'_>) -> Steps<'_> {
    Box::new(std::iter::once(step))
}

pub fn raw<'d>(json: impl Into<String>) -> Steps<'d> {
    one(Step::Raw(json.into()))
}

fn string<'d>(text: impl Into<String>) -> Steps<'d> {
    one(Step::Text(text.into()))
}

fn value(value: Value<'_>) -> Steps<'_> {
    one(Step::Value(value))
}

fn list<'d>(values: impl Iterator<Item = Value<'d>> + 'd) -> Steps<'d> {
    steps_between(Step::Array, values.map(Step::Value))
}

fn steps_between<'d>(open: Step<'d>, inner: impl Iterator<Item = Step<'d>> + 'd) -> Steps<'d> {
    Box::new(std::iter::once(open).chain(inner).chain(std::iter::once(Step::End)))
}

pub fn map<'d>(fields: impl IntoIterator<Item = (&'static str, Steps<'d>)> + 'd) -> Steps<'d> {
    let fields = fields.into_iter().flat_map(|(key, value)| [Step::Key(key.into()), Step::Parts(value)]);
    steps_between(Step::Map, fields)
}

fn pairs<'d>(pairs: impl Iterator<Item = (Value<'d>, Value<'d>)> + 'd) -> Steps<'d> {
    let pair = |(key, value)| Step::Parts(list([key, value].into_iter()));
    steps_between(Step::Array, pairs.map(pair))
}

fn tag<'d>(key: &'static str, value: Steps<'d>) -> Steps<'d> {
    map([(key, value)])
}

/// The key that a map can have for a str; `None` where it has none.
fn key(value: &Value<'_>, options: &Options) -> Option<String> {
    let text = match value.kind() {
        Kind::Str => value.as_str()?,
        Kind::Str8 if !options.tagged => value.as_str()?,
        _ => return None,
    };
    if text.starts_with('$') { None } else { Some(text.to_owned()) }
}

/// Keys and values as a map, or as a list of pairs behind `$dict` where JSON has no such keys.
fn dict<'d>(entries: impl Iterator<Item = (Value<'d>, Value<'d>)> + Clone + 'd, options: &Options) -> Steps<'d> {
    match plain_map(entries.clone(), options) {
        Some(map) => map,
        None => tag("$dict", pairs(entries)),
    }
}

fn plain_map<'d>(
    entries: impl Iterator<Item = (Value<'d>, Value<'d>)> + Clone + 'd,
    options: &Options,
) -> Option<Steps<'d>> {
    let mut seen = HashSet::new();
    let plain = entries.clone().all(|(name, _)| key(&name, options).is_some_and(|name| seen.insert(name)));
    if !plain {
        return None;
    }
    let options = *options;
    let fields = entries
        .flat_map(move |(name, value)| [Step::Key(key(&name, &options).unwrap_or_default()), Step::Value(value)]);
    Some(steps_between(Step::Map, fields))
}

/// A value that is referred to later: a map with `$id`.
pub fn with_id<'d>(number: usize, value: Value<'d>, options: &Options) -> Steps<'d> {
    let id = ("$id", raw(number.to_string()));
    match value.kind() {
        Kind::List => map([id, ("$list", list(value.items().into_iter().flatten()))]),
        Kind::Tuple => map([id, ("$tuple", list(value.items().into_iter().flatten()))]),
        Kind::Set => map([id, ("$set", list(value.items().into_iter().flatten()))]),
        Kind::FrozenSet => map([id, ("$frozenset", list(value.items().into_iter().flatten()))]),
        Kind::Dict => match value.entries() {
            Some(entries) => match plain_map(entries, options) {
                // `$id` cannot be a key of the dict: keys with `$` are written as pairs.
                Some(fields) => {
                    let id = [Step::Key("$id".into()), Step::Raw(number.to_string())];
                    Box::new(std::iter::once(Step::Map).chain(id).chain(fields.skip(1)))
                }
                None => map([id, ("$dict", pairs(entries))]),
            },
            None => raw("null"),
        },
        Kind::Object | Kind::Persistent => {
            let inner = steps(value, options);
            let mut inner = inner.peekable();
            if matches!(inner.peek(), Some(Step::Map)) {
                let id = [Step::Key("$id".into()), Step::Raw(number.to_string())];
                return Box::new(std::iter::once(Step::Map).chain(id).chain(inner.skip(1)));
            }
            map([id, ("$value", Box::new(inner))])
        }
        _ => {
            let inner = steps(value, options).skip(1);
            let id = [Step::Key("$id".into()), Step::Raw(number.to_string())];
            Box::new(std::iter::once(Step::Map).chain(id).chain(inner))
        }
    }
}

/// What a value becomes.
pub fn steps<'d>(it: Value<'d>, options: &Options) -> Steps<'d> {
    let items = || list(it.items().into_iter().flatten());
    let bytes = || one(Step::Base64(Octets::raw(it.as_bytes().unwrap_or_default())));
    match it.kind() {
        Kind::None => raw("null"),
        Kind::Bool => raw(if it.as_bool() == Some(true) { "true" } else { "false" }),
        Kind::Int => int(&it, options),
        Kind::Float => float(&it, options),
        Kind::Str => match it.as_str() {
            Some(text) => string(text),
            // Lone surrogates: no JSON reader takes them from a string.
            None => tag("$wtf8", one(Step::Base64(Octets::raw(it.str_bytes().unwrap_or_default())))),
        },
        Kind::Str8 => match it.as_str() {
            Some(text) if !options.tagged => string(text),
            _ => tag(if options.tagged { "$str8" } else { "$bytes" }, bytes()),
        },
        Kind::Bytes => tag("$bytes", bytes()),
        Kind::ByteArray => tag("$bytearray", bytes()),
        Kind::List => items(),
        Kind::Tuple | Kind::Set | Kind::FrozenSet if !options.tagged => items(),
        Kind::Tuple => tag("$tuple", items()),
        Kind::Set => tag("$set", items()),
        Kind::FrozenSet => tag("$frozenset", items()),
        Kind::Dict => match it.entries() {
            Some(entries) => dict(entries, options),
            None => raw("null"),
        },
        Kind::Global => tag("$global", global(it, options)),
        Kind::Extension => tag("$ext", raw(it.as_extension().unwrap_or(0).to_string())),
        Kind::Buffer => {
            let (index, read_only) = it.as_buffer().unwrap_or((0, false));
            let mut fields = vec![("$buffer", raw(index.to_string()))];
            if read_only {
                fields.push(("$readonly", raw("true")));
            }
            map(fields)
        }
        Kind::ReadOnly => match it.inner() {
            Some(inner) => tag("$readonly", value(inner)),
            None => raw("null"),
        },
        _ => {
            let Some(object) = it.as_object() else { return raw("null") };
            let known = if options.tagged { None } else { Known::of(it) };
            known.and_then(|known| natural(known, options)).unwrap_or_else(|| generic(&object, options))
        }
    }
}

fn int<'d>(it: &Value<'d>, options: &Options) -> Steps<'d> {
    if let Some(small) = it.as_i64().filter(|small| small.unsigned_abs() <= text::SAFE_INT) {
        return raw(small.to_string());
    }
    let big = big_int(it);
    let digits = if big.bits() > DECIMAL_BITS {
        let sign = if big.sign() == Sign::Minus { "-" } else { "" };
        format!("{sign}0x{}", big.magnitude().to_str_radix(16))
    } else {
        big.to_string()
    };
    if options.tagged { tag("$int", string(digits)) } else { string(digits) }
}

fn float<'d>(it: &Value<'d>, options: &Options) -> Steps<'d> {
    match it.as_f64() {
        Some(number) if number.is_finite() => raw(text::float(number)),
        // The bits, for there are many NaNs.
        Some(number) if options.tagged => tag("$float", string(format!("{:016x}", number.to_bits()))),
        Some(number) => raw(text::float(number)),
        None => string(it.float_text().unwrap_or_default()),
    }
}

/// A name: `module.Name` for people, module and name apart where nothing may be lost.
fn global<'d>(it: Value<'d>, options: &Options) -> Steps<'d> {
    match (it.as_global(), it.global_parts()) {
        (Some((module, name)), _) if !options.tagged => string(format!("{module}.{name}")),
        (Some((module, name)), _) => {
            let names = [module, name].map(|text| Step::Text(text.to_owned()));
            steps_between(Step::Array, names.into_iter())
        }
        (None, Some((module, name))) => list([module, name].into_iter()),
        (None, None) => raw("null"),
    }
}

/// An object by how it was made and what happened to it.
fn generic<'d>(object: &Object<'d>, options: &Options) -> Steps<'d> {
    let class = |class: Value<'d>| if class.kind() == Kind::Global { global(class, options) } else { value(class) };
    let mut fields: Vec<(&'static str, Steps<'d>)> = Vec::new();
    let how = match object.how() {
        How::Reduce => "reduce",
        How::NewObj => "newobj",
        How::NewObjEx => "newobj_ex",
        How::Obj => "obj",
        How::Inst => "inst",
        How::PersId => "",
        How::Changed => "changed",
    };
    if object.how() == How::PersId {
        fields.push(("$persid", value(object.callable())));
    } else {
        let instance = object.instance().filter(|_| !options.tagged);
        let (callable, args) = match &instance {
            Some(instance) => (instance.class, instance.args),
            None => (object.callable(), object.args()),
        };
        fields.push((if callable.kind() == Kind::Global { "$class" } else { "$callable" }, class(callable)));
        if options.tagged {
            fields.push(("$how", string(how)));
        }
        match object.args_value() {
            // Arguments that are shared, or no plain tuple, are a value of their own.
            Some(whole) if options.tagged && whole.id().is_some() => fields.push(("$args", value(whole))),
            Some(whole) if whole.kind() != Kind::Tuple => fields.push(("$args", value(whole))),
            _ if args.len() != 0 => fields.push(("$args", list(args))),
            _ => {}
        }
        if let Some(kwargs) = object.kwargs().filter(|kwargs| options.tagged || !kwargs.is_empty()) {
            fields.push(("$kwargs", value(kwargs)));
        }
    }
    changes(object, &mut fields, options);
    map(fields)
}

/// What happened afterwards: one field each where everything happened once and in the order in which
/// CPython writes it, else a list.
fn changes<'d>(object: &Object<'d>, fields: &mut Vec<(&'static str, Steps<'d>)>, options: &Options) {
    let rank = |change: &Change<'_>| match change {
        Change::Append(_) => 1,
        Change::SetItem(_) => 2,
        Change::Add(_) => 3,
        Change::Build(_) => 4,
        _ => 5,
    };
    let mut last = 0;
    let in_order = object.changes().all(|change| std::mem::replace(&mut last, rank(&change)) < rank(&change));
    let options = *options;
    let field = move |change| match change {
        Change::Append(items) => ("$append", list(items)),
        Change::SetItem(entries) => ("$setitem", if options.tagged { pairs(entries) } else { dict(entries, &options) }),
        Change::Add(items) => ("$add", list(items)),
        Change::Build(state) => ("$state", value(state)),
        Change::Raw(bytes, _) => ("$raw", one(Step::Base64(Octets::raw(bytes)))),
        Change::Nested(nested) => ("$pickle", value(nested)),
        _ => ("$unknown", raw("null")),
    };
    if in_order {
        fields.extend(object.changes().map(field));
        return;
    }
    let each = object.changes().map(move |change| {
        let (name, steps) = field(change);
        Step::Parts(tag(name, steps))
    });
    fields.push(("$changes", steps_between(Step::Array, each)));
}

/// The JSON that people expect of a well-known type; `None` where an object says more.
fn natural<'d>(known: Known<'d>, options: &Options) -> Option<Steps<'d>> {
    let entries = |pairs: Pairs<'d>| Some(dict(pairs, options));
    match known {
        Known::Bytes(octets) => Some(tag("$bytes", one(Step::Base64(octets)))),
        Known::ByteArray(octets) => Some(tag("$bytearray", one(Step::Base64(octets)))),
        Known::Set(items) | Known::FrozenSet(items) => Some(list(items)),
        Known::Complex(re, im) => {
            let parts = [re, im].map(|part| Step::Raw(text::float(part)));
            Some(tag("$complex", steps_between(Step::Array, parts.into_iter())))
        }
        Known::Range(a, b, c) => Some(tag("$range", list([a, b, c].into_iter()))),
        Known::Slice(a, b, c) => Some(tag("$slice", list([a, b, c].into_iter()))),
        Known::Date(date) => Some(string(date.to_string())),
        Known::Time(time, None) => Some(string(time.to_string())),
        Known::DateTime(date, time, None) => Some(string(format!("{date}T{time}"))),
        Known::Time(time, Some(zone)) => Some(string(format!("{time}{}", offset(zone)?))),
        Known::DateTime(date, time, Some(zone)) => Some(string(format!("{date}T{time}{}", offset(zone)?))),
        Known::TimeDelta(delta) => Some(tag("$seconds", raw(seconds(delta.total_microseconds())))),
        Known::TimeZone(..) => None,
        Known::ZoneInfo(key) => Some(string(key)),
        Known::Decimal(text) | Known::FractionText(text) => Some(string(text)),
        Known::Fraction(n, d) => Some(string(format!("{}/{}", big_int(&n), big_int(&d)))),
        Known::Uuid(uuid) => Some(string(uuid_text(uuid))),
        Known::OrderedDict(pairs, None) => entries(pairs),
        Known::DefaultDict(_, pairs) | Known::Counter(pairs) => entries(pairs),
        Known::Deque(items, _) => Some(list(items)),
        Known::Path(class, parts) => Some(string(path_text(class, parts))),
        Known::DType(dtype) if dtype.fields.is_none() => Some(string(dtype.to_string())),
        Known::Scalar(dtype, octets) => scalar(&dtype, octets),
        Known::Array(array) => ndarray(array),
        _ => None,
    }
}

/// The offset of a time zone as ISO 8601 has it; zones by name have none that is known here.
fn offset(zone: Value<'_>) -> Option<String> {
    let Some(Known::TimeZone(offset, _)) = Known::of(zone) else { return None };
    let micros = offset.total_microseconds();
    let (sign, all) = if micros < 0 { ('-', -micros) } else { ('+', micros) };
    let (seconds, fraction) = (all / 1_000_000, all % 1_000_000);
    let mut text = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 || fraction != 0 {
        text.push_str(&format!(":{:02}", seconds % 60));
    }
    if fraction != 0 {
        text.push_str(&format!(".{fraction:06}"));
    }
    Some(text)
}

/// Seconds as a decimal number, exactly.
fn seconds(micros: i128) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, fraction) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    let text = format!("{sign}{whole}.{fraction:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn scalar<'d>(dtype: &DType<'d>, octets: Octets<'d>) -> Option<Steps<'d>> {
    let item: Vec<u8> = octets.take(16).collect();
    let number = dtype.number(&item).filter(|_| dtype.size <= 16)?;
    let mut json = Vec::new();
    array::number(Some(number), &mut json).ok()?;
    Some(raw(String::from_utf8(json).ok()?))
}

/// `{"$ndarray": "float64", "$shape": [..], "$data": ..}`
fn ndarray(array: Array<'_>) -> Option<Steps<'_>> {
    let mut fields = vec![("$ndarray", string(array.dtype.to_string())), ("$shape", list(array.shape.items()?))];
    match array.data {
        Data::Objects(objects) => fields.push(("$data", value(objects))),
        Data::Missing(buffer) => fields.push(("$data", value(buffer))),
        Data::Bytes(octets) => {
            let numbers = array::is_numeric(&array);
            if numbers {
                fields.push(("$data", one(Step::Numbers(array))));
            } else {
                fields.push(("$bytes", one(Step::Base64(octets))));
                if array.fortran {
                    fields.push(("$order", string("F")));
                }
            }
        }
        _ => return None,
    }
    if let Some(extra) = array.extra {
        fields.push(("$state", value(extra)));
    }
    if let Some(class) = array.class.filter(|class| class.as_global().is_none_or(|name| name != ("numpy", "ndarray"))) {
        fields.insert(0, ("$class", value(class)));
    }
    Some(map(fields))
}
