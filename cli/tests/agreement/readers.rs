//! What each of those who show or hand over a value says that it is, held against what the view says.

use super::flat::{Flat, Known, tags};
use super::plain;
use pickle_cli::print::tree;
use pickle_core::serde::from_value;
use pickle_core::view::{Attributes, Fraction, MappingKind, SequenceKind, View};
use pickle_core::{Found, Heap, ItemOptions, ItemReader, Kind, Options, Role, Value};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

/// How many parts of each sort a value has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub items: usize,
    /// Keys, each once where the maps of a ChainMap share them.
    pub pairs: usize,
    pub attributes: usize,
}

/// The parts of sequences, sets, mappings and records; `None` for all else.
pub fn count(view: &View<'_>) -> Option<Count> {
    let none = Count::default();
    Some(match view {
        View::Sequence(it) => {
            let own = if it.kind == SequenceKind::UserList { 0 } else { it.attributes.len() };
            Count { items: it.items.len(), attributes: own, ..none }
        }
        View::Set(it) => Count { items: it.items.len(), attributes: it.attributes.len(), ..none },
        View::Mapping(it) => {
            let own = if it.kind == MappingKind::UserDict { 0 } else { it.attributes.len() };
            let pairs = if it.kind == MappingKind::ChainMap { it.pairs.merged().len() } else { it.pairs.len() };
            Count { pairs, attributes: own, ..none }
        }
        View::Record(it) => Count {
            // What it is made with, and a state without names beside that.
            items: it.positional().len() + usize::from(it.values.is_some() && it.args.len() != 0),
            pairs: it.kwargs.map_or(0, |kwargs| kwargs.len()),
            attributes: it.attributes.len(),
        },
        _ => return None,
    })
}

/// The text that a value is, in the same words for all who show it.
pub fn text(view: &View<'_>) -> Option<String> {
    Some(match view {
        View::Text(text) | View::Decimal(text) | View::Fraction(Fraction::Text(text)) => (*text).to_owned(),
        View::Date(date) => date.to_string(),
        View::Time(time, None) => time.to_string(),
        View::DateTime(date, time, None) => format!("{date}T{time}"),
        View::Uuid(uuid) => uuid.to_string(),
        View::Path(path) => path.to_string(),
        View::Ip(ip) => ip.to_string(),
        _ => return None,
    })
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a map or a list of pairs has.
fn len_of(json: &Json) -> Option<usize> {
    match json {
        Json::Array(items) => Some(items.len()),
        Json::Object(map) => match map.get("$dict") {
            Some(pairs) => pairs.as_array().map(Vec::len),
            None => Some(map.len()),
        },
        _ => None,
    }
}

/// JSON of what is not referred to from within itself.
pub fn json(value: Value<'_>, json: &Json) -> Option<String> {
    let view = value.view();
    let fits = match &view {
        View::None => json.is_null(),
        View::Bool(flag) => json.as_bool() == Some(*flag),
        View::Int(int) => json.as_i64() == Some(*int) || json.as_str() == Some(&int.to_string()),
        View::BigInt(_) => json.as_str().is_some_and(|text| text.ends_with(|c: char| c.is_ascii_hexdigit())),
        View::Float(float) => match json.as_str() {
            Some(name) => !float.is_finite() && ["NaN", "Infinity", "-Infinity"].contains(&name),
            None => json.as_f64().map(f64::to_bits) == Some(float.to_bits()),
        },
        View::Surrogates(_) => json["$wtf8"].is_string(),
        View::Bytes(_) if value.kind() == Kind::ReadOnly => json.get("$readonly").is_some(),
        View::Bytes(octets) => base64(&json["$bytes"]).is_some_and(|bytes| (*octets).eq(bytes)),
        View::ByteArray(octets) => base64(&json["$bytearray"]).is_some_and(|bytes| (*octets).eq(bytes)),
        View::Complex(..) => len_of(&json["$complex"]) == Some(2),
        View::Range(..) => len_of(&json["$range"]) == Some(3),
        View::Slice(..) => len_of(&json["$slice"]) == Some(3),
        View::TimeDelta(_) => json["$seconds"].is_number(),
        View::Global(_) => json["$global"].is_string(),
        View::Member(member) => {
            json["$global"].as_str().is_some_and(|name| name.ends_with(member.name)) || json["$args"].is_array()
        }
        View::Persistent(_) => json.get("$persid").is_some(),
        View::Extension(_) => json["$ext"].is_number(),
        View::Buffer(_) => json.get("$buffer").is_some() || json.get("$readonly").is_some(),
        View::Array(_) => json["$ndarray"].is_string() || json["$ndarray"].is_array(),
        // Records have a mask a field.
        View::Masked(_) => json["$ndarray"].is_string() || json["$class"].is_string(),
        View::DataFrame { .. } | View::Series { .. } | View::Index { .. } => {
            json["$table"].is_string() || json.get("$class").is_some() || json.get("$callable").is_some()
        }
        View::Sequence(it) => {
            let (items, own) = (it.items.len(), it.attributes.len());
            match json.get("$append") {
                Some(content) => len_of(content) == Some(items) && own_len(json) == own,
                None => len_of(json) == Some(items) || json.get("$class").is_some(),
            }
        }
        View::Set(it) => match json.get("$add") {
            Some(content) => len_of(content) == Some(it.items.len()) && own_len(json) == it.attributes.len(),
            None => len_of(json) == Some(it.items.len()) || json.get("$class").is_some(),
        },
        View::Mapping(_) => {
            let pairs = count(&view).unwrap_or_default().pairs;
            match json.get("$setitem") {
                Some(content) => len_of(content) == Some(pairs),
                None => len_of(json) == Some(pairs) || json.get("$class").is_some(),
            }
        }
        View::Record(it) => {
            let args = json.get("$args").map_or(Some(0), len_of);
            let own =
                if it.attributes.len() == 0 { it.values.map_or(0, |values| values.len()) } else { it.attributes.len() };
            (json.get("$class").is_some() || json.get("$callable").is_some())
                && args == Some(it.args.len())
                && own_len(json) == own
        }
        view => match text(view) {
            Some(text) => json.as_str() == Some(&text),
            None => !json.is_null() || matches!(view, View::Pandas(_) | View::Scalar(..)),
        },
    };
    if fits { None } else { Some(format!("JSON says {json:.200}")) }
}

fn own_len(json: &Json) -> usize {
    ["$state", "$slots"].iter().filter_map(|part| len_of(json.get(part)?)).sum()
}

fn base64(json: &Json) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(json.as_str()?).ok()
}

/// The tree of `show`, one level, a part a line.
pub fn show(value: Value<'_>) -> Option<String> {
    let options =
        tree::Options { width: 1, depth: 1, max_items: usize::MAX, max_text: usize::MAX, ..Default::default() };
    let mut shown = Vec::new();
    tree::show(&value.document(), &options, &mut shown).expect("a Vec takes everything");
    let shown = String::from_utf8(shown).expect("text");
    let begins = |text: &str| shown.trim_end() == text || shown.starts_with(text);
    let view = value.view();
    let fits = match &view {
        View::None => begins("None"),
        View::Bool(flag) => begins(if *flag { "True" } else { "False" }),
        View::Int(int) => shown.trim_end() == int.to_string(),
        View::Float(float) if float.is_finite() => {
            shown.trim_end().parse::<f64>().is_ok_and(|shown| shown.to_bits() == float.to_bits())
        }
        View::Text(text) if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\'' && byte != b'\\') => {
            shown.trim_end() == format!("'{text}'")
        }
        View::Text(_) | View::Surrogates(_) => shown.starts_with(['\'', '"']),
        View::Bytes(_) => begins("b'") || begins("b\"") || begins("readonly("),
        View::ByteArray(_) => begins("bytearray("),
        View::Date(_) => begins("datetime.date("),
        View::Time(..) => begins("datetime.time("),
        View::DateTime(..) => begins("datetime.datetime("),
        View::TimeDelta(_) => begins("datetime.timedelta("),
        View::Decimal(text) => begins("decimal.Decimal(") && shown.contains(&format!("'{text}'")),
        View::Uuid(uuid) => begins("uuid.UUID(") && shown.contains(&format!("'{uuid}'")),
        View::Scalar(..) => begins("numpy."),
        view => match count(view) {
            Some(count) => {
                let all = count.items + count.pairs + count.attributes;
                let part = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
                // Closing brackets of what a part is stand as deep as the part.
                let parts = shown.lines().filter(part).filter(|line| !line[2..].starts_with([')', ']', '}'])).count();
                // Empty states are shown; what is called is a part where it has no name.
                let beside = shown.contains("\n  state {}")
                    || shown.contains("\n  state None")
                    || shown.starts_with('(') && matches!(view, View::Record(_));
                parts == all + usize::from(beside) || is_told_otherwise(value)
            }
            None => true,
        },
    };
    if fits { None } else { Some(format!("show says {shown:.200}")) }
}

/// `show` has what a value is made with where it has no form of its own for it: several maps, subclasses with arguments,
/// what is made by name.
fn is_told_otherwise(value: Value<'_>) -> bool {
    let Some(object) = value.as_object() else { return false };
    match value.view() {
        View::Mapping(it) => {
            matches!(it.kind, MappingKind::ChainMap | MappingKind::UserDict)
                || it.factory.is_some()
                || it.state.is_some()
                || it.class.is_some() && object.args().len() != 0
        }
        View::Sequence(it) => it.kind == SequenceKind::UserList || it.class.is_some() && object.args().len() != 0,
        View::Record(it) => it.kwargs.is_some() || it.values.is_some(),
        _ => false,
    }
}

/// Items of the value at a path, as a reader of the stream hands them over.
pub fn items(pickle: &[u8], path: &str, value: Value<'_>) -> Option<String> {
    // Small pickles are held as a whole: both ways are gone.
    for min_nodes in [0, 4096] {
        let options = ItemOptions::new().min_nodes(min_nodes).reader(Options::new().stop_after_build(true));
        let mut reader = ItemReader::new(Heap::new(), options).at_path(path);
        let mut input = pickle;
        let mut found = Vec::new();
        let end = loop {
            match reader.feed(&mut input) {
                Ok(Found::Item) => {
                    let item = reader.item().expect("an item");
                    found.push((item.role(), plain(item.value())));
                }
                other => break other,
            }
        };
        match end {
            Ok(Found::Done) => {}
            // What the stream said was taken back, and it is told.
            Err(_) if min_nodes == 0 => continue,
            other => return Some(format!("items end with {other:?}")),
        }
        let Some(members) = value.members() else {
            if found.is_empty() || matches!(value.view(), View::Array(_) | View::Masked(_)) || is_by_changes(value) {
                continue;
            }
            return Some(format!("{} items of what has no parts", found.len()));
        };
        if is_by_changes(value) {
            continue;
        }
        let chained = matches!(value.view(), View::Mapping(it) if it.kind == MappingKind::ChainMap);
        let wanted: Vec<_> = match value.view() {
            View::Mapping(it) if chained => {
                it.pairs.merged().into_iter().chain(it.attributes).map(|(_, value)| (false, plain(value))).collect()
            }
            _ => members.map(|(key, value)| (key.is_none(), plain(value))).collect(),
        };
        let same = wanted.len() == found.len()
            && wanted.iter().zip(&found).all(|((place, json), (role, item))| {
                json == item && *place == matches!(role, Role::Item | Role::State)
            });
        if !same {
            let (wanted, found) = (wanted.len(), found.len());
            return Some(format!("{found} items of {wanted} parts with {min_nodes} nodes held, or others"));
        }
    }
    None
}

/// Its items are told by what happened to it: the view does not know it.
fn is_by_changes(value: Value<'_>) -> bool {
    !matches!(value.view(), View::Sequence(_) | View::Set(_) | View::Mapping(_) | View::Record(_) | View::Partial(_))
}

/// What serde is offered.
#[derive(Debug)]
enum Any {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Seq(usize),
    Map(usize),
    Other,
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whatever;
        impl<'de> Visitor<'de> for Whatever {
            type Value = Any;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("anything")
            }

            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Null)
            }

            fn visit_none<E>(self) -> Result<Any, E> {
                Ok(Any::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Any, D::Error> {
                Any::deserialize(deserializer)
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Any, E> {
                Ok(Any::Bool(flag))
            }

            fn visit_i64<E>(self, int: i64) -> Result<Any, E> {
                Ok(Any::Int(int.into()))
            }

            fn visit_u64<E>(self, int: u64) -> Result<Any, E> {
                Ok(Any::Int(int.into()))
            }

            fn visit_i128<E>(self, int: i128) -> Result<Any, E> {
                Ok(Any::Int(int))
            }

            fn visit_u128<E>(self, _: u128) -> Result<Any, E> {
                Ok(Any::Other)
            }

            fn visit_f64<E>(self, float: f64) -> Result<Any, E> {
                Ok(Any::Float(float))
            }

            fn visit_str<E>(self, text: &str) -> Result<Any, E> {
                Ok(Any::Text(text.to_owned()))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Any, E> {
                Ok(Any::Bytes(bytes.to_vec()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any, A::Error> {
                let mut len = 0;
                while items.next_element::<IgnoredAny>()?.is_some() {
                    len += 1;
                }
                Ok(Any::Seq(len))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Any, A::Error> {
                let mut len = 0;
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    len += 1;
                }
                Ok(Any::Map(len))
            }
        }
        deserializer.deserialize_any(Whatever)
    }
}

fn reads_as(value: Option<Value<'_>>, any: &Any) -> bool {
    let read = value.map(|value| from_value::<Any>(&value));
    read.and_then(Result::ok).is_some_and(|read| format!("{read:?}") == format!("{any:?}"))
}

/// What serde reads into a type that takes anything.
pub fn serde(value: Value<'_>) -> Option<String> {
    let view = value.view();
    let any = match from_value::<Any>(&value) {
        Ok(any) => any,
        // Of a scalar or a container there is always something to be had.
        Err(error) => {
            let simple = matches!(
                view,
                View::None
                    | View::Bool(_)
                    | View::Int(_)
                    | View::Float(_)
                    | View::Text(_)
                    | View::Bytes(_)
                    | View::ByteArray(_)
                    | View::Date(_)
                    | View::Decimal(_)
                    | View::Uuid(_)
                    | View::Sequence(_)
                    | View::Set(_)
                    | View::Mapping(_)
            );
            return simple.then(|| format!("serde: {error}"));
        }
    };
    let fits = match (&view, &any) {
        (View::None, Any::Null) => true,
        (View::Bool(a), Any::Bool(b)) => a == b,
        (View::Int(a), Any::Int(b)) => i128::from(*a) == *b,
        (View::BigInt(_), Any::Int(_) | Any::Text(_) | Any::Bytes(_) | Any::Other) => true,
        (View::Float(a), Any::Float(b)) => a.to_bits() == b.to_bits(),
        (View::Bytes(octets) | View::ByteArray(octets), Any::Bytes(bytes)) => (*octets).eq(bytes.iter().copied()),
        // Bytes of Python 2 that are no UTF-8.
        (View::Bytes(_) | View::Surrogates(_), _) => value.kind() == Kind::Str8 || value.kind() == Kind::Str,
        (View::Sequence(it), Any::Seq(len)) => it.items.len() == *len,
        (View::Set(it), Any::Seq(len)) => it.items.len() == *len,
        (View::Mapping(_), Any::Map(len)) => count(&view).is_some_and(|count| count.pairs == *len),
        // The one argument, where it is all there is.
        (View::Record(it), any) if it.args.len() == 1 && reads_as(it.args.clone().next(), any) => true,
        // The state, where it has no names.
        (View::Record(it), Any::Seq(len)) if it.values.is_some_and(|values| values.len() == *len) => true,
        (View::Record(it), Any::Map(len)) => it.attributes.len() + it.kwargs.map_or(0, |it| it.len()) >= *len,
        (View::Record(it), Any::Seq(len)) => it.positional().len() == *len,
        (
            View::None
            | View::Bool(_)
            | View::Int(_)
            | View::BigInt(_)
            | View::Float(_)
            | View::ByteArray(_)
            | View::Sequence(_)
            | View::Set(_)
            | View::Mapping(_),
            _,
        ) => false,
        (view, any) => match (text(view), any) {
            (Some(text), Any::Text(read)) => text == *read,
            (Some(_), _) => false,
            (None, _) => true,
        },
    };
    if fits { None } else { Some(format!("serde reads {any:?} of {:?}", count(&view))) }
}

/// The flat form.
pub fn flat(value: Value<'_>) -> Option<String> {
    let flat = Flat::of(value)?;
    let view = value.view();
    let is_object = flat.tag == tags::OBJECT;
    let parts = flat.known.map(|(_, parts)| parts as usize);
    let texts = || flat.texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect::<Vec<_>>();
    let int = |bytes: &[u8]| {
        let mut wide = [if bytes.last().is_some_and(|byte| *byte >= 0x80) { 0xff } else { 0 }; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        i64::from_le_bytes(wide)
    };
    let fits = match &view {
        View::None => flat.tag == tags::NONE,
        View::Bool(flag) => flat.tag == if *flag { tags::TRUE } else { tags::FALSE },
        View::Int(n) if !is_object => {
            matches!(flat.tag, tags::INT8 | tags::INT32 | tags::INT64) && int(&flat.bytes) == *n
        }
        View::BigInt(_) if !is_object => flat.tag == tags::BIG_INT,
        View::Float(n) if !is_object => flat.tag == tags::FLOAT && flat.bytes == n.to_bits().to_le_bytes(),
        View::Text(text) if !is_object => {
            matches!(flat.tag, tags::ASCII | tags::STR | tags::STR8) && flat.bytes == text.as_bytes()
        }
        View::Surrogates(bytes) => flat.tag == tags::SURROGATES && flat.bytes == *bytes,
        View::Bytes(octets) if is_object => {
            flat.is(Known::Bytes) && flat.texts.first().is_some_and(|bytes| (*octets).eq(bytes.iter().copied()))
        }
        View::ByteArray(octets) if is_object => {
            flat.is(Known::ByteArray) && flat.texts.first().is_some_and(|bytes| (*octets).eq(bytes.iter().copied()))
        }
        View::Bytes(octets) => {
            matches!(flat.tag, tags::BYTES | tags::STR8 | tags::READ_ONLY) && (*octets).eq(flat.bytes.iter().copied())
        }
        View::ByteArray(octets) => flat.tag == tags::BYTE_ARRAY && (*octets).eq(flat.bytes.iter().copied()),
        View::Complex(..) => flat.is(Known::Complex),
        View::Range(..) => flat.is(Known::Range) && parts == Some(3),
        View::Slice(..) => flat.is(Known::Slice) && parts == Some(3),
        View::Date(_) => flat.is(Known::Date) && parts == Some(3),
        View::Time(_, zone) => flat.is(Known::Time) && parts == Some(5 + usize::from(zone.is_some())),
        View::DateTime(_, _, zone) => flat.is(Known::DateTime) && parts == Some(8 + usize::from(zone.is_some())),
        View::TimeDelta(_) => flat.is(Known::TimeDelta),
        View::Decimal(text) => flat.is(Known::Decimal) && texts() == [*text],
        View::Fraction(_) => flat.is(Known::Fraction),
        View::Uuid(uuid) => flat.is(Known::Uuid) && flat.texts == [uuid.0.to_be_bytes()],
        View::Path(path) => flat.is(Known::Path) && texts().get(1) == Some(&path.to_string()),
        View::Pattern(_) => flat.is(Known::Pattern),
        View::Ip(ip) => flat.is(Known::Ip) && texts() == [ip.to_string()],
        View::Member(member) => flat.is(Known::Member) && texts().get(1).map(String::as_str) == Some(member.name),
        View::Partial(_) => flat.is(Known::Partial),
        View::Global(_) => flat.tag == tags::GLOBAL,
        View::Extension(code) => flat.tag == tags::EXTENSION && flat.len == u64::from(*code),
        View::Sequence(it) if is_object => {
            let before = usize::from(it.kind == SequenceKind::Deque);
            parts == Some(it.items.len() + before)
                && (flat.is(Known::List) || flat.is(Known::Tuple) || flat.is(Known::Deque) || flat.is(Known::UserList))
        }
        View::Sequence(it) => flat.len as usize == it.items.len(),
        View::Set(it) if is_object => {
            flat.is(if it.frozen { Known::FrozenSet } else { Known::Set }) && parts == Some(it.items.len())
        }
        View::Set(it) => {
            flat.tag == if it.frozen { tags::FROZEN_SET } else { tags::SET } && flat.len as usize == it.items.len()
        }
        View::Mapping(it) if is_object => {
            let before = usize::from(it.kind == MappingKind::DefaultDict);
            parts == Some(2 * it.pairs.len() + before)
        }
        View::Mapping(it) => flat.len as usize == it.pairs.len(),
        View::Derived(_) => flat.is(Known::Derived),
        View::Record(it) => (flat.is(Known::Record) || flat.is(Known::Fields)) && parts == Some(it.positional().len()),
        View::DType(_) => flat.is(Known::DType),
        View::Scalar(_, octets) => {
            flat.is(Known::Scalar) && flat.texts.get(3).is_some_and(|bytes| (*octets).eq(bytes.iter().copied()))
        }
        View::Array(_) => flat.is(Known::Array),
        View::DataFrame { .. } => flat.is(Known::DataFrame),
        View::Series { .. } => flat.is(Known::Series),
        View::Index { .. } => flat.is(Known::Index),
        View::Tensor(_) => flat.is(Known::Tensor),
        View::Sparse { .. } => flat.is(Known::Sparse),
        View::Object(..) => flat.unknown && flat.known.is_none(),
        _ => true,
    };
    // Attributes of an object are those of the view.
    let own = value.as_object().and_then(|object| object.state()).and_then(Attributes::of).map(|own| own.len() as u64);
    let told = flat.attributes.is_none_or(|told| Some(told) == own || matches!(view, View::Partial(_)));
    if fits && told {
        None
    } else {
        Some(format!("the flat form says {flat:.300?}: {}", hex(flat.texts.concat()).len()))
    }
}
