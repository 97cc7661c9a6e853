//! What values mean, in JSON.

use super::told::{self, generic, global, member_name};
use super::{Form, Step, Steps, dict, list, map, one, plain_map, raw, steps_between, string, tag, value};
use super::{array, table};
use crate::print::cells::is_readable;
use crate::print::json::{Options, text};
use pickle_core::known::{DType, Octets};
use pickle_core::view::{
    Attributes, Derived, Fraction, Mapping, MappingKind, Member, Pairs, Record, Scalar, Sequence, SequenceKind, Set,
    View, Zone,
};
use pickle_core::{GlobalName, Items, Kind, ObjectParts, Value};

/// What a value becomes in the plain form.
pub fn steps<'d>(it: Value<'d>, form: Form<'d>) -> Steps<'d> {
    match it.kind() {
        Kind::Buffer => return told::buffer(it),
        Kind::ReadOnly => return told::read_only(it),
        _ => {}
    }
    let options = &form.options;
    let known = match it.view() {
        View::None => Some(raw("null")),
        View::Bool(flag) => Some(raw(if flag { "true" } else { "false" })),
        View::Int(_) | View::BigInt(_) => Some(told::int(&it, options)),
        View::Float(_) | View::FloatText(_) => Some(told::float(&it, options)),
        View::Text(text) => Some(string(text)),
        View::Surrogates(_) => Some(told::text(&it)),
        View::Bytes(octets) => Some(tag("$bytes", one(Step::Base64(octets)))),
        View::ByteArray(octets) => Some(tag("$bytearray", one(Step::Base64(octets)))),
        View::Complex(re, im) => {
            let parts = [re, im].map(|part| Step::Raw(text::float(part)));
            Some(tag("$complex", steps_between(Step::Array, parts.into_iter())))
        }
        View::Range(a, b, c) => Some(tag("$range", list([a, b, c].into_iter()))),
        View::Slice(a, b, c) => Some(tag("$slice", list([a, b, c].into_iter()))),
        View::Date(date) => Some(string(date.to_string())),
        View::Time(time, zone) => offset(zone).map(|zone| string(format!("{time}{zone}"))),
        View::DateTime(date, time, zone) => offset(zone).map(|zone| string(format!("{date}T{time}{zone}"))),
        View::TimeDelta(delta) => {
            let mut text = Vec::new();
            seconds(delta.total_microseconds(), &mut text);
            Some(tag("$seconds", raw(String::from_utf8(text).unwrap_or_default())))
        }
        View::Zone(Zone::Named { key, .. }) => Some(string(key)),
        View::Decimal(text) => Some(string(text)),
        View::Fraction(Fraction::Text(text)) => Some(string(text)),
        View::Fraction(Fraction::Ints(n, d)) if d.as_i64() == Some(1) => Some(string(told::digits(&n))),
        View::Fraction(Fraction::Ints(n, d)) => Some(string(format!("{}/{}", told::digits(&n), told::digits(&d)))),
        View::Uuid(uuid) => Some(string(uuid.to_string())),
        View::Pandas(scalar) => Some(pandas(scalar)),
        View::Path(path) => Some(string(path.to_string())),
        View::Ip(ip) => Some(string(ip.to_string())),
        View::Member(member) => self::member(member),
        View::Global(it) => Some(tag("$global", global(it, options))),
        View::Extension(code) => Some(tag("$ext", raw(code.to_string()))),
        View::Sequence(sequence) => self::sequence(sequence, args(it), options),
        View::Set(it) => set(it, options),
        View::Mapping(mapping) => self::mapping(mapping, args(it), options),
        View::Derived(derived) => self::derived(derived, it.as_object(), options),
        View::Record(it) => Some(record(it, options)),
        View::DType(dtype) => Some(array::dtype(dtype)),
        View::Scalar(dtype, octets) => scalar(&dtype, octets),
        View::Array(it) => array::ndarray(it),
        View::Masked(it) => array::masked(it),
        View::DataFrame { .. } | View::Series { .. } | View::Index { .. } => table::steps(it, form),
        _ => None,
    };
    match (known, it.as_object()) {
        (Some(steps), _) => steps,
        (None, Some(object)) => generic(&object, options),
        (None, None) => raw("null"),
    }
}

/// What stands behind a time; `None` where a zone has no word for it.
fn offset(zone: Option<Zone<'_>>) -> Option<String> {
    match zone {
        Some(Zone::Local | Zone::Other(_)) => None,
        zone => Some(zone.map_or(String::new(), |zone| zone.to_string())),
    }
}

/// Appends seconds as a decimal number, exactly.
pub fn seconds(micros: i128, out: &mut Vec<u8>) {
    decimal(micros, 1_000_000, out);
}

/// Appends so many parts of a whole as a decimal number; as many make a whole as a power of ten says.
fn decimal(parts: i128, of: i128, out: &mut Vec<u8>) {
    let of = of.unsigned_abs();
    let (whole, mut fraction) = (parts.unsigned_abs() / of, parts.unsigned_abs() % of);
    if parts < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    if fraction != 0 {
        out.push(b'.');
    }
    while fraction != 0 {
        out.push(b'0' + (fraction * 10 / of) as u8);
        fraction = fraction * 10 % of;
    }
}

/// A scalar of pandas: what is missing is null, a span is its seconds, all else is text.
fn pandas(scalar: Scalar<'_>) -> Steps<'_> {
    match scalar {
        Scalar::Missing => raw("null"),
        Scalar::Timedelta(ticks, unit) => {
            let per_second = i128::from(unit.per_second().unwrap_or(1));
            let mut text = Vec::new();
            decimal(i128::from(ticks), per_second, &mut text);
            tag("$seconds", raw(String::from_utf8(text).unwrap_or_default()))
        }
        scalar => string(scalar.to_string()),
    }
}

/// An attribute of a class or module: it has a name as if it were pickled by that.
fn member(member: Member<'_>) -> Option<Steps<'_>> {
    Some(tag("$global", string(member_name(member)?)))
}

/// An object of a class: what it is made with and what it has, whichever opcodes say so.
struct Made<'d> {
    class: Value<'d>,
    args: Option<Items<'d>>,
    kwargs: Option<Value<'d>>,
    /// `$append`, `$add` or `$setitem`.
    content: Option<(&'static str, Steps<'d>)>,
    attributes: Attributes<'d>,
    values: Option<Items<'d>>,
}

impl<'d> Made<'d> {
    fn of(class: Value<'d>) -> Self {
        Made { class, args: None, kwargs: None, content: None, attributes: Attributes::default(), values: None }
    }

    fn steps(self, options: &Options) -> Steps<'d> {
        let mut fields: Vec<(&'static str, Steps<'d>)> = Vec::new();
        match self.class.kind() {
            Kind::Global => fields.push(("$class", global(self.class, options))),
            _ => fields.push(("$callable", value(self.class))),
        }
        if let Some(args) = self.args.filter(|args| args.len() != 0) {
            fields.push(("$args", list(args)));
        }
        if let Some(kwargs) = self.kwargs {
            fields.push(("$kwargs", value(kwargs)));
        }
        fields.extend(self.content);
        let slots = self.attributes.has_slots();
        if self.attributes.len() != 0 {
            fields.push((if slots { "$slots" } else { "$state" }, dict(self.attributes, options)));
        } else if let Some(values) = self.values {
            fields.push(("$state", list(values)));
        }
        map(fields)
    }
}

/// What an object is made with beside its content: protocols 0 and 1 have the content there.
fn args(it: Value<'_>) -> Option<Items<'_>> {
    let object = it.as_object()?;
    if matches!(object.class().map(GlobalName::pair), Some(("copyreg" | "copy_reg", "_reconstructor"))) {
        None
    } else {
        Some(object.instance()?.args)
    }
}

fn sequence<'d>(it: Sequence<'d>, args: Option<Items<'d>>, options: &Options) -> Option<Steps<'d>> {
    let own =
        if it.kind == SequenceKind::UserList { it.attributes.len().saturating_sub(1) } else { it.attributes.len() };
    match it.class {
        None if own == 0 => Some(list(it.items)),
        None => None,
        Some(class) => {
            let content = Some(("$append", list(it.items)));
            Some(Made { content, args, attributes: it.attributes, ..Made::of(class) }.steps(options))
        }
    }
}

fn set<'d>(it: Set<'d>, options: &Options) -> Option<Steps<'d>> {
    match it.class {
        None if it.attributes.len() == 0 => Some(list(it.items)),
        None => None,
        Some(class) => {
            let content = Some(("$add", list(it.items)));
            Some(Made { content, attributes: it.attributes, ..Made::of(class) }.steps(options))
        }
    }
}

fn mapping<'d>(it: Mapping<'d>, args: Option<Items<'d>>, options: &Options) -> Option<Steps<'d>> {
    let own =
        if it.kind == MappingKind::UserDict { it.attributes.len().saturating_sub(1) } else { it.attributes.len() };
    match it.class {
        None if own == 0 && it.state.is_none() => Some(match it.kind {
            MappingKind::ChainMap => chain(it.pairs, options),
            _ => dict(it.pairs, options),
        }),
        None => None,
        Some(class) => {
            let content = Some(("$setitem", dict(it.pairs, options)));
            Some(Made { content, args, attributes: it.attributes, ..Made::of(class) }.steps(options))
        }
    }
}

/// Keys of several maps: each once, the last counts.
fn chain<'d>(pairs: Pairs<'d>, options: &Options) -> Steps<'d> {
    let once = pairs.merged();
    match plain_map(once.clone().into_iter(), options) {
        Some(map) => map,
        None => dict(once.into_iter(), options),
    }
}

fn derived<'d>(it: Derived<'d>, object: Option<ObjectParts<'d>>, options: &Options) -> Option<Steps<'d>> {
    let Some(class) = it.class else { return Some(value(it.value)) };
    let attributes = match object.and_then(|object| object.state()) {
        Some(state) => Attributes::of(state)?,
        None => Attributes::default(),
    };
    let mut fields = vec![("$class", global(class, options)), ("$args", list(std::iter::once(it.value)))];
    if attributes.len() != 0 {
        fields.push(("$state", dict(attributes, options)));
    }
    Some(map(fields))
}

fn record<'d>(it: Record<'d>, options: &Options) -> Steps<'d> {
    let Record { class, args, kwargs, attributes, values } = it;
    Made { args: Some(args), kwargs, attributes, values, ..Made::of(class) }.steps(options)
}

fn scalar<'d>(dtype: &DType<'d>, octets: Octets<'d>) -> Option<Steps<'d>> {
    if !is_readable(dtype, 8) {
        return None;
    }
    let bytes: Vec<u8> = octets.collect();
    let mut json = Vec::new();
    array::item(dtype, &bytes, &mut json).ok()?;
    Some(raw(String::from_utf8(json).ok()?))
}
