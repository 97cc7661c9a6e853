//! What a value looks like: a head, and groups of parts.

use super::palette::Role;
use super::scalar;
use pickle_core::known::{Array, Data, Octets, Pairs};
use pickle_core::{Change, Entries, How, Items, Kind, Known, Object, Value};

/// A piece of what a value looks like.
pub enum Piece<'d> {
    /// Text on the same line.
    Text(Role, String),
    /// Parts between brackets.
    Group(Group<'d>),
}

/// Parts between brackets.
pub struct Group<'d> {
    /// Opening bracket.
    pub open: &'static str,
    /// Closing bracket.
    pub close: &'static str,
    /// The parts.
    pub parts: Box<dyn Iterator<Item = Part<'d>> + 'd>,
    /// How many parts there are.
    pub len: usize,
    /// What they are called when some are left out.
    pub noun: &'static str,
    /// They are short, and look best side by side.
    pub fill: bool,
    /// A comma behind a part that is alone.
    pub tuple: bool,
}

/// A part: a label and its content.
pub struct Part<'d> {
    /// What stands before it.
    pub label: Label<'d>,
    /// What it is.
    pub content: Content<'d>,
}

/// What stands before a part.
pub enum Label<'d> {
    /// Nothing.
    None,
    /// `key: `
    Key(Value<'d>),
    /// `.name = `
    Attribute(String),
    /// `name=`
    Keyword(String),
    /// `word `
    Word(&'static str),
}

/// What a part is.
pub enum Content<'d> {
    /// A value.
    Value(Value<'d>),
    /// Something that has no value of its own.
    Pieces(Vec<Piece<'d>>),
}

/// A value that is worth a mark when it appears twice: its number.
pub fn identity(value: &Value<'_>) -> Option<usize> {
    match value.kind() {
        Kind::Global => None,
        Kind::Object => match Known::of(*value) {
            // Values that never change: nobody asks which copy it is.
            Some(
                Known::Bytes(_)
                | Known::Complex(..)
                | Known::Range(..)
                | Known::Slice(..)
                | Known::Date(_)
                | Known::Time(..)
                | Known::DateTime(..)
                | Known::TimeDelta(_)
                | Known::TimeZone(..)
                | Known::ZoneInfo(_)
                | Known::Decimal(_)
                | Known::FractionText(_)
                | Known::Fraction(..)
                | Known::Uuid(_)
                | Known::Path(..)
                | Known::DType(_)
                | Known::Scalar(..),
            ) => None,
            _ => value.id(),
        },
        _ => value.id(),
    }
}

/// What a value looks like.
pub fn view<'d>(value: Value<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let one = |role, text: String| vec![Piece::Text(role, text)];
    match value.kind() {
        Kind::None => one(Role::Number, "None".into()),
        Kind::Bool => one(Role::Number, if value.as_bool() == Some(true) { "True" } else { "False" }.into()),
        Kind::Int => one(Role::Number, scalar::int(&value)),
        Kind::Float => one(Role::Number, scalar::float(&value)),
        Kind::Str => string(value.str_bytes().unwrap_or_default(), max_text),
        Kind::Str8 => match value.as_str() {
            Some(text) => string(text.as_bytes(), max_text),
            None => bytes(Octets::raw(value.as_bytes().unwrap_or_default()), max_text),
        },
        Kind::Bytes => bytes(Octets::raw(value.as_bytes().unwrap_or_default()), max_text),
        Kind::ByteArray => {
            wrapped("bytearray(", bytes(Octets::raw(value.as_bytes().unwrap_or_default()), max_text), ")")
        }
        Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet => {
            sequence(value.kind(), value.items().into_iter().flatten(), value.len())
        }
        Kind::Dict => match value.entries() {
            Some(entries) => vec![Piece::Group(dict(entries))],
            None => vec![],
        },
        Kind::Global => one(Role::Class, global(value)),
        Kind::Extension => one(Role::Class, format!("extension({})", value.as_extension().unwrap_or(0))),
        Kind::Buffer => buffer(value, max_text),
        Kind::ReadOnly => match value.inner() {
            Some(inner) => vec![word("readonly"), Piece::Group(arguments(vec![plain(inner)]))],
            None => vec![],
        },
        _ => match (Known::of(value), value.as_object()) {
            (Some(known), Some(object)) => known_view(known, value, &object, max_text),
            (None, Some(object)) => object_view(&object, max_text, None),
            _ => vec![],
        },
    }
}

fn word<'d>(text: impl Into<String>) -> Piece<'d> {
    Piece::Text(Role::Class, text.into())
}

fn note<'d>(text: impl Into<String>) -> Piece<'d> {
    Piece::Text(Role::Note, text.into())
}

fn plain(value: Value<'_>) -> Part<'_> {
    Part { label: Label::None, content: Content::Value(value) }
}

fn string<'d>(utf8: &[u8], max: usize) -> Vec<Piece<'d>> {
    let (text, total) = scalar::string(utf8, max);
    cut(text, total.map(|total| scalar::counted(total, "character")))
}

fn bytes<'d>(octets: Octets<'_>, max: usize) -> Vec<Piece<'d>> {
    let (text, total) = scalar::bytes(octets, max);
    cut(text, total.map(|total| scalar::counted(total, "byte")))
}

fn cut<'d>(text: String, total: Option<String>) -> Vec<Piece<'d>> {
    let mut pieces = vec![Piece::Text(Role::Text, text)];
    pieces.extend(total.map(|total| note(format!("... {total}"))));
    pieces
}

fn wrapped<'d>(open: &str, mut inner: Vec<Piece<'d>>, close: &str) -> Vec<Piece<'d>> {
    inner.insert(0, Piece::Text(Role::Plain, open.to_owned()));
    inner.push(Piece::Text(Role::Plain, close.to_owned()));
    inner
}

fn group<'d>(
    open: &'static str,
    close: &'static str,
    len: usize,
    parts: impl Iterator<Item = Part<'d>> + 'd,
) -> Group<'d> {
    Group { open, close, parts: Box::new(parts), len, noun: "item", fill: false, tuple: false }
}

fn items<'d>(open: &'static str, close: &'static str, items: Items<'d>) -> Group<'d> {
    let fill = items.take(32).all(|item| scalar::is_short(&item));
    Group { fill, ..group(open, close, items.len(), items.map(plain)) }
}

fn sequence<'d>(kind: Kind, values: impl Iterator<Item = Value<'d>> + Clone + 'd, len: usize) -> Vec<Piece<'d>> {
    let fill = values.clone().take(32).all(|item| scalar::is_short(&item));
    let brackets = |open, close| Group { fill, ..group(open, close, len, values.map(plain)) };
    match kind {
        Kind::List => vec![Piece::Group(brackets("[", "]"))],
        Kind::Tuple => vec![Piece::Group(Group { tuple: true, ..brackets("(", ")") })],
        Kind::Set if len == 0 => vec![word("set"), Piece::Group(brackets("(", ")"))],
        Kind::Set => vec![Piece::Group(brackets("{", "}"))],
        _ if len == 0 => vec![word("frozenset"), Piece::Group(brackets("(", ")"))],
        _ => vec![word("frozenset"), Piece::Group(brackets("({", "})"))],
    }
}

fn entry<'d>((key, value): (Value<'d>, Value<'d>)) -> Part<'d> {
    Part { label: Label::Key(key), content: Content::Value(value) }
}

fn dict(entries: Entries<'_>) -> Group<'_> {
    Group { noun: "entry", ..group("{", "}", entries.len(), entries.map(entry)) }
}

fn pairs<'d>(pairs: Pairs<'d>, open: &'static str, close: &'static str) -> Group<'d> {
    Group { noun: "entry", ..group(open, close, pairs.len(), pairs.map(entry)) }
}

fn arguments(parts: Vec<Part<'_>>) -> Group<'_> {
    Group { noun: "argument", ..group("(", ")", parts.len(), parts.into_iter()) }
}

/// `module.Class`, without the module of the built-in ones.
fn global(value: Value<'_>) -> String {
    match (value.as_global(), value.global_parts()) {
        (Some(("builtins" | "__builtin__", name)), _) => scalar::bare_text(name.as_bytes()),
        (Some((module, name)), _) => {
            format!("{}.{}", scalar::bare_text(module.as_bytes()), scalar::bare_text(name.as_bytes()))
        }
        (None, Some((module, name))) => format!("{}.{}", scalar::bare(&module), scalar::bare(&name)),
        (None, None) => "?".into(),
    }
}

fn buffer(value: Value<'_>, max_text: usize) -> Vec<Piece<'_>> {
    let (index, read_only) = value.as_buffer().unwrap_or((0, false));
    let mut pieces = vec![word(if read_only { "readonly buffer" } else { "buffer" }), note(format!(" {index}"))];
    if let Some(content) = value.as_bytes() {
        pieces.push(Piece::Text(Role::Plain, ": ".into()));
        pieces.extend(bytes(Octets::raw(content), max_text));
    }
    pieces
}

/// An object by its class, arguments and what happened to it. A note of what it is stands behind its name.
fn object_view<'d>(object: &Object<'d>, max_text: usize, about: Option<String>) -> Vec<Piece<'d>> {
    let mut pieces = Vec::new();
    match (object.how(), object.instance()) {
        (How::PersId, _) => {
            pieces.push(word("persistent"));
            pieces.push(Piece::Group(arguments(vec![plain(object.callable())])));
        }
        (How::Changed, _) => pieces.extend(view(object.callable(), max_text)),
        (_, instance) => {
            let (class, args) = match &instance {
                Some(instance) => (instance.class, instance.args),
                None => (object.callable(), object.args()),
            };
            match class.kind() {
                Kind::Global => pieces.push(word(global(class))),
                // Not a name: what makes the object is made itself.
                _ => pieces.push(Piece::Group(group("(", ")", 1, std::iter::once(plain(class))))),
            }
            let mut parts: Vec<Part<'d>> = args.map(plain).collect();
            if let (None, Some(whole)) = (object.args_value().and_then(|args| args.items()), object.args_value()) {
                parts.push(Part { label: Label::Word("*"), content: Content::Value(whole) });
            }
            match object.kwargs().map(|kwargs| (kwargs, kwargs.entries())) {
                Some((_, Some(entries))) => parts.extend(entries.map(|(key, value)| match key.as_str() {
                    Some(name) if is_name(name) => {
                        Part { label: Label::Keyword(name.to_owned()), content: Content::Value(value) }
                    }
                    _ => entry((key, value)),
                })),
                Some((kwargs, None)) => {
                    parts.push(Part { label: Label::Word("**"), content: Content::Value(kwargs) });
                }
                None => {}
            }
            pieces.push(Piece::Group(arguments(parts)));
        }
    }
    if let Some(about) = about {
        pieces.push(note(format!(" {about}")));
    }
    pieces.extend(changes(object, max_text));
    pieces
}

fn is_name(name: &str) -> bool {
    scalar::is_identifier(name)
}

/// What happened to an object, in the order of the stream; attributes as `.name = value`.
fn changes<'d>(object: &Object<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let mut parts: Vec<Box<dyn Iterator<Item = Part<'d>> + 'd>> = Vec::new();
    let mut len = 0;
    let piece = |label, piece| Part { label: Label::Word(label), content: Content::Pieces(vec![piece]) };
    for change in object.changes() {
        let part = match change {
            Change::Append(appended) => piece("append ", Piece::Group(items("[", "]", appended))),
            Change::Add(added) => piece("add ", Piece::Group(items("{", "}", added))),
            Change::SetItem(entries) => piece("setitem ", Piece::Group(dict(entries))),
            Change::Build(state) => {
                if let Some(entries) = state.entries().filter(|entries| entries.len() != 0) {
                    len += entries.len();
                    parts.push(Box::new(entries.map(attribute)));
                    continue;
                }
                if let Some((dict, slots)) = slots(&state) {
                    len += dict.map_or(0, |dict| dict.len()) + slots.len();
                    parts.push(Box::new(dict.into_iter().flatten().chain(slots).map(attribute)));
                    continue;
                }
                Part { label: Label::Word("state "), content: Content::Value(state) }
            }
            Change::Raw(raw, _) => {
                Part { label: Label::Word("raw "), content: Content::Pieces(bytes(Octets::raw(raw), max_text)) }
            }
            Change::Nested(value) => Part { label: Label::Word("pickle "), content: Content::Value(value) },
            _ => continue,
        };
        len += 1;
        parts.push(Box::new(std::iter::once(part)));
    }
    if len == 0 {
        return vec![];
    }
    let group = group("{", "}", len, parts.into_iter().flatten());
    vec![Piece::Text(Role::Plain, " ".into()), Piece::Group(Group { noun: "attribute", ..group })]
}

/// A state of attributes and slots (`copyreg.__reduce_ex__`).
fn slots<'d>(state: &Value<'d>) -> Option<(Option<Entries<'d>>, Entries<'d>)> {
    if state.kind() != Kind::Tuple || state.len() != 2 {
        return None;
    }
    let (dict, slots) = (state.at(0)?, state.at(1)?.entries()?);
    if dict.is_none() { Some((None, slots)) } else { Some((Some(dict.entries()?), slots)) }
}

fn attribute<'d>((key, value): (Value<'d>, Value<'d>)) -> Part<'d> {
    match key.as_str() {
        Some(name) if is_name(name) => {
            Part { label: Label::Attribute(name.to_owned()), content: Content::Value(value) }
        }
        _ => entry((key, value)),
    }
}

fn known_view<'d>(known: Known<'d>, value: Value<'d>, object: &Object<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let call = |name: &str, parts: Vec<Part<'d>>| vec![word(name), Piece::Group(arguments(parts))];
    let number =
        |number: String| Part { label: Label::None, content: Content::Pieces(vec![Piece::Text(Role::Number, number)]) };
    let text = |text: &str| Part { label: Label::None, content: Content::Pieces(string(text.as_bytes(), max_text)) };
    let keyword = |name: &str, value| Part { label: Label::Keyword(name.to_owned()), content: Content::Value(value) };
    match known {
        Known::Bytes(octets) => bytes(octets, max_text),
        Known::ByteArray(octets) => wrapped("bytearray(", bytes(octets, max_text), ")"),
        Known::Set(items) => sequence(Kind::Set, items, items.len()),
        Known::FrozenSet(items) => sequence(Kind::FrozenSet, items, items.len()),
        Known::Complex(re, im) => vec![Piece::Text(Role::Number, scalar::complex(re, im))],
        Known::Range(start, stop, step) | Known::Slice(start, stop, step) => {
            let (_, name) = object.class().unwrap_or_default();
            call(name, [start, stop, step].map(plain).into())
        }
        Known::Date(date) => call("datetime.date", day(date).map(number).into()),
        Known::Time(time, zone) => {
            // Numbers stay together when the zone needs lines of its own.
            let mut parts = vec![number(clock(&time).join(", "))];
            parts.extend(zone.map(|zone| keyword("tzinfo", zone)));
            parts.extend(time.fold.then(fold));
            call("datetime.time", parts)
        }
        Known::DateTime(date, time, zone) => {
            let mut parts = vec![number(format!("{}, {}", day(date).join(", "), clock(&time).join(", ")))];
            parts.extend(zone.map(|zone| keyword("tzinfo", zone)));
            parts.extend(time.fold.then(fold));
            call("datetime.datetime", parts)
        }
        Known::TimeDelta(delta) => {
            let fields = [
                ("days", i64::from(delta.days)),
                ("seconds", delta.seconds.into()),
                ("microseconds", delta.microseconds.into()),
            ];
            let parts: Vec<_> = fields
                .into_iter()
                .filter(|(_, n)| *n != 0)
                .map(|(name, n)| Part { label: Label::Keyword(name.into()), ..number(n.to_string()) })
                .collect();
            call("datetime.timedelta", if parts.is_empty() { vec![number("0".into())] } else { parts })
        }
        Known::TimeZone(offset, None) if offset.total_microseconds() == 0 => vec![word("datetime.timezone.utc")],
        Known::TimeZone(..) => call("datetime.timezone", object.args().map(plain).collect()),
        Known::ZoneInfo(key) => call("zoneinfo.ZoneInfo", vec![text(key)]),
        Known::Decimal(decimal) => call("decimal.Decimal", vec![text(decimal)]),
        Known::FractionText(fraction) => call("fractions.Fraction", vec![text(fraction)]),
        Known::Fraction(n, d) => call("fractions.Fraction", [n, d].map(plain).into()),
        Known::Uuid(uuid) => call("uuid.UUID", vec![text(&uuid_text(uuid))]),
        Known::OrderedDict(entries, state) => {
            let mut pieces = vec![word("collections.OrderedDict")];
            pieces.push(Piece::Group(if entries.len() == 0 {
                group("(", ")", 0, std::iter::empty())
            } else {
                pairs(entries, "({", "})")
            }));
            if let Some(state) = state.and_then(|state| state.entries()) {
                let attributes = group("{", "}", state.len(), state.map(attribute));
                pieces.push(Piece::Text(Role::Plain, " ".into()));
                pieces.push(Piece::Group(Group { noun: "attribute", ..attributes }));
            } else if let Some(state) = state {
                let part = Part { label: Label::Word("state "), content: Content::Value(state) };
                pieces.push(Piece::Text(Role::Plain, " ".into()));
                pieces.push(Piece::Group(group("{", "}", 1, std::iter::once(part))));
            }
            pieces
        }
        Known::DefaultDict(factory, entries) => {
            let mut pieces = vec![word("collections.defaultdict"), Piece::Text(Role::Plain, "(".into())];
            pieces.extend(match factory {
                Some(factory) if factory.kind() == Kind::Global => vec![word(global(factory))],
                Some(factory) => vec![Piece::Group(group("(", ")", 1, std::iter::once(plain(factory))))],
                None => vec![Piece::Text(Role::Number, "None".into())],
            });
            pieces.push(Piece::Text(Role::Plain, ", ".into()));
            pieces.push(Piece::Group(pairs(entries, "{", "})")));
            pieces
        }
        Known::Counter(entries) => {
            vec![word("collections.Counter"), Piece::Group(pairs(entries, "({", "})"))]
        }
        Known::Deque(values, max) => {
            let mut pieces = vec![word("collections.deque"), Piece::Group(items("([", "]", values))];
            if let Some(max) = max {
                pieces.push(Piece::Text(Role::Plain, ", maxlen=".into()));
                pieces.push(Piece::Text(Role::Number, scalar::int(&max)));
            }
            pieces.push(Piece::Text(Role::Plain, ")".into()));
            pieces
        }
        Known::Path(class, parts) => call(&format!("pathlib.{class}"), vec![text(&path_text(class, parts))]),
        Known::DType(dtype) => call("numpy.dtype", vec![text(&dtype.to_string())]),
        Known::Array(array) => array_view(&array),
        Known::Scalar(dtype, octets) => {
            let content = match scalar::preview(&dtype, octets, 1) {
                Some((numbers, _)) => vec![Piece::Text(Role::Number, numbers.concat())],
                None => bytes(octets, max_text),
            };
            wrapped_call(&format!("numpy.{dtype}"), content)
        }
        Known::DataFrame { rows, columns } => {
            let rows = rows.map(|rows| scalar::counted(rows, "row"));
            let columns = columns.map(|columns| scalar::counted(columns, "column"));
            let known: Vec<_> = rows.into_iter().chain(columns).collect();
            let about = (!known.is_empty()).then(|| known.join(" x "));
            object_view(object, max_text, about)
        }
        Known::Series { len } => object_view(object, max_text, len.map(|len| scalar::counted(len, "value"))),
        Known::Index { class, len } => {
            let mut pieces = vec![word(global(class))];
            if let Some(len) = len {
                pieces.push(note(format!(" {}", scalar::counted(len, "label"))));
            }
            let attributes = object.args().nth(1);
            match attributes.and_then(|attributes| attributes.entries()) {
                Some(entries) => {
                    let attributes = group("{", "}", entries.len(), entries.map(attribute));
                    pieces.push(Piece::Text(Role::Plain, " ".into()));
                    pieces.push(Piece::Group(Group { noun: "attribute", ..attributes }));
                    pieces.extend(changes(object, max_text));
                    pieces
                }
                None => object_view(object, max_text, len.map(|len| scalar::counted(len, "label"))),
            }
        }
        Known::Tensor(tensor) => {
            let name = if tensor.parameter { "torch.nn.Parameter" } else { "torch.Tensor" };
            let mut pieces = vec![word(name)];
            pieces.push(note(format!(" {} {}", tensor.dtype.unwrap_or("?"), scalar::shape(&tensor.shape))));
            match tensor.storage {
                Some((key, place)) => {
                    pieces.push(note(", storage "));
                    pieces.extend(view(key, max_text));
                    pieces.push(note(" on "));
                    pieces.extend(view(place, max_text));
                    pieces
                }
                // The storage is inside: it is shown.
                None => object_view(object, max_text, Some(format!("{} {}", name, scalar::shape(&tensor.shape)))),
            }
        }
        Known::Sparse { format: _, shape, values } => {
            let mut about = scalar::shape(&shape);
            if let Some(values) = values {
                about.push_str(&format!(", {} stored", scalar::counted(values, "value")));
            }
            object_view(object, max_text, Some(about))
        }
        _ => {
            let _ = value;
            object_view(object, max_text, None)
        }
    }
}

fn wrapped_call<'d>(name: &str, inner: Vec<Piece<'d>>) -> Vec<Piece<'d>> {
    let mut pieces = vec![word(name)];
    pieces.extend(wrapped("(", inner, ")"));
    pieces
}

/// Year, month and day.
fn day(date: pickle_core::known::Date) -> [String; 3] {
    [date.year.to_string(), date.month.to_string(), date.day.to_string()]
}

fn fold<'d>() -> Part<'d> {
    let one = Piece::Text(Role::Number, "1".into());
    Part { label: Label::Keyword("fold".into()), content: Content::Pieces(vec![one]) }
}

/// Hour, minute and what follows as far as it is not zero, as `repr()` has it.
fn clock(time: &pickle_core::known::Time) -> Vec<String> {
    let mut fields = vec![time.hour.to_string(), time.minute.to_string()];
    if time.second != 0 || time.microsecond != 0 {
        fields.push(time.second.to_string());
    }
    if time.microsecond != 0 {
        fields.push(time.microsecond.to_string());
    }
    fields
}

/// The parts of a path, joined.
pub fn path_text(class: &str, parts: Items<'_>) -> String {
    let separator = if class.contains("Windows") { '\\' } else { '/' };
    let mut path = String::new();
    for part in parts.filter_map(|part| part.as_str()) {
        if !path.is_empty() && !path.ends_with(separator) {
            path.push(separator);
        }
        path.push_str(part);
    }
    if path.is_empty() { ".".into() } else { path }
}

/// A UUID with its dashes.
pub fn uuid_text(uuid: u128) -> String {
    let hex = format!("{uuid:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// `ndarray float64 (1000, 3), 24 000 bytes [0.1, 0.2, ...]`; arrays of objects with their objects.
fn array_view<'d>(array: &Array<'d>) -> Vec<Piece<'d>> {
    let name = match array.class {
        Some(class) if class.as_global().is_none_or(|name| name != ("numpy", "ndarray")) => global(class),
        _ => "ndarray".into(),
    };
    let mut pieces = vec![word(name)];
    let mut about = format!(" {} {}", array.dtype, scalar::shape(&array.shape));
    match array.data {
        Data::Bytes(octets) => {
            about.push_str(&format!(", {}", scalar::counted(octets.len() as u64, "byte")));
            pieces.push(note(about));
            if let Some((numbers, more)) = scalar::preview(&array.dtype, octets, 6) {
                let more = if more { ", ..." } else { "" };
                pieces.push(note(format!(" [{}{more}]", numbers.join(", "))));
            }
        }
        Data::Objects(objects) => {
            pieces.push(note(about + " "));
            match objects.items() {
                Some(objects) => pieces.push(Piece::Group(items("[", "]", objects))),
                None => pieces.push(Piece::Group(group("(", ")", 1, std::iter::once(plain(objects))))),
            }
        }
        Data::Missing(buffer) => {
            about.push_str(&format!(", {} in ", scalar::counted(array.size().unwrap_or(0), "byte")));
            pieces.push(note(about));
            pieces.extend(self::buffer(buffer, 0));
        }
        _ => pieces.push(note(about)),
    }
    if let Some(extra) = array.extra {
        pieces.push(Piece::Text(Role::Plain, " ".into()));
        let part = Part { label: Label::Word("state "), content: Content::Value(extra) };
        pieces.push(Piece::Group(group("{", "}", 1, std::iter::once(part))));
    }
    pieces
}
