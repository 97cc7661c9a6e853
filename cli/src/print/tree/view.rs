//! What a value looks like: a head, and groups of parts.

mod known;
mod object;
mod table;

use super::palette::Role;
use super::scalar;
use pickle_core::known::Octets;
use pickle_core::view::{SequenceKind, View};
use pickle_core::{GlobalName, Items, Kind, OutOfBand, Value};

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
    /// `name: `, of a column.
    Column(String),
}

/// What a part is.
pub enum Content<'d> {
    /// A value.
    Value(Value<'d>),
    /// Something that has no value of its own.
    Pieces(Vec<Piece<'d>>),
}

/// A value that is worth a mark when it appears twice: its number. Of immutable values it does not matter which copy it is.
pub fn identity(value: &Value<'_>) -> Option<usize> {
    match value.kind() {
        Kind::Global => None,
        Kind::Object => match value.view() {
            View::Bytes(_)
            | View::Complex(..)
            | View::Range(..)
            | View::Slice(..)
            | View::Date(_)
            | View::Time(..)
            | View::DateTime(..)
            | View::Pandas(_)
            | View::TimeDelta(_)
            | View::Zone(_)
            | View::Decimal(_)
            | View::Fraction(_)
            | View::Uuid(_)
            | View::Path(_)
            | View::Pattern(_)
            | View::Ip(_)
            | View::Member(_)
            | View::DType(_)
            | View::Scalar(..) => None,
            _ => value.id(),
        },
        _ => value.id(),
    }
}

/// What a value looks like.
pub fn view<'d>(value: Value<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let one = |role, text: String| vec![Piece::Text(role, text)];
    match value.kind() {
        Kind::Buffer => return buffer(value, max_text),
        Kind::ReadOnly => {
            return match value.inner() {
                Some(inner) => vec![word("readonly"), Piece::Group(arguments(vec![plain(inner)]))],
                None => vec![],
            };
        }
        _ => {}
    }
    match value.view() {
        View::None => one(Role::Number, "None".into()),
        View::Bool(flag) => one(Role::Number, if flag { "True" } else { "False" }.into()),
        View::Int(_) | View::BigInt(_) => one(Role::Number, scalar::int(&value)),
        View::Float(_) | View::FloatText(_) => one(Role::Number, scalar::float(&value)),
        View::Text(text) => string(text.as_bytes(), max_text),
        View::Surrogates(text) => string(text, max_text),
        View::Bytes(octets) => bytes(octets, max_text),
        View::ByteArray(octets) => wrapped("bytearray(", bytes(octets, max_text), ")"),
        View::Global(it) => one(Role::Class, global(it)),
        // What pandas has for a missing value, as a name.
        View::Pandas(_) if value.kind() == Kind::Global => {
            let name = value.as_global().map_or_else(|| global(value), |class| format!("pandas.{}", class.name));
            one(Role::Class, name)
        }
        View::Extension(code) => one(Role::Class, format!("extension({code})")),
        View::Sequence(it) if it.class.is_none() && value.as_object().is_none() => match it.kind {
            SequenceKind::Tuple => sequence(Kind::Tuple, it.items, it.items.len()),
            _ => sequence(Kind::List, it.items, it.items.len()),
        },
        View::Set(it) if it.class.is_none() && it.attributes.len() == 0 => {
            let kind = if it.frozen { Kind::FrozenSet } else { Kind::Set };
            sequence(kind, it.items, it.items.len())
        }
        View::Mapping(it) if value.as_object().is_none() => vec![Piece::Group(pairs(it.pairs, "{", "}"))],
        meant => match value.as_object() {
            Some(object) => known::view(meant, &object, value, max_text),
            None => vec![],
        },
    }
}

pub fn word<'d>(text: impl Into<String>) -> Piece<'d> {
    Piece::Text(Role::Class, text.into())
}

pub fn note<'d>(text: impl Into<String>) -> Piece<'d> {
    Piece::Text(Role::Note, text.into())
}

pub fn plain(value: Value<'_>) -> Part<'_> {
    Part { label: Label::None, content: Content::Value(value) }
}

pub fn string<'d>(utf8: &[u8], max: usize) -> Vec<Piece<'d>> {
    let (text, total) = scalar::string(utf8, max);
    cut(text, total.map(|total| scalar::counted(total, "character")))
}

pub fn bytes<'d>(octets: Octets<'_>, max: usize) -> Vec<Piece<'d>> {
    let (text, total) = scalar::bytes(octets, max);
    cut(text, total.map(|total| scalar::counted(total, "byte")))
}

pub fn cut<'d>(text: String, total: Option<String>) -> Vec<Piece<'d>> {
    let mut pieces = vec![Piece::Text(Role::Text, text)];
    pieces.extend(total.map(|total| note(format!("... {total}"))));
    pieces
}

pub fn wrapped<'d>(open: &str, mut inner: Vec<Piece<'d>>, close: &str) -> Vec<Piece<'d>> {
    inner.insert(0, Piece::Text(Role::Plain, open.to_owned()));
    inner.push(Piece::Text(Role::Plain, close.to_owned()));
    inner
}

pub fn group<'d>(
    open: &'static str,
    close: &'static str,
    len: usize,
    parts: impl Iterator<Item = Part<'d>> + 'd,
) -> Group<'d> {
    Group { open, close, parts: Box::new(parts), len, noun: "item", fill: false, tuple: false }
}

pub fn items<'d>(open: &'static str, close: &'static str, items: Items<'d>) -> Group<'d> {
    let fill = items.take(32).all(|item| scalar::is_short(&item));
    Group { fill, ..group(open, close, items.len(), items.map(plain)) }
}

pub fn sequence<'d>(kind: Kind, values: impl Iterator<Item = Value<'d>> + Clone + 'd, len: usize) -> Vec<Piece<'d>> {
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

pub fn entry<'d>((key, value): (Value<'d>, Value<'d>)) -> Part<'d> {
    Part { label: Label::Key(key), content: Content::Value(value) }
}

pub fn pairs<'d>(
    pairs: impl ExactSizeIterator<Item = (Value<'d>, Value<'d>)> + 'd,
    open: &'static str,
    close: &'static str,
) -> Group<'d> {
    Group { noun: "entry", ..group(open, close, pairs.len(), pairs.map(entry)) }
}

pub fn arguments(parts: Vec<Part<'_>>) -> Group<'_> {
    Group { noun: "argument", ..group("(", ")", parts.len(), parts.into_iter()) }
}

/// `module.Class`, without the module of the built-in ones.
pub fn global(value: Value<'_>) -> String {
    match (value.class_name(), value.global_parts().map(GlobalName::pair), value.as_extension()) {
        (Some(class), ..) => {
            let module = Some(class.module()).filter(|module| !matches!(*module, "builtins" | "__builtin__"));
            let names: Vec<_> =
                module.into_iter().chain(class.names()).map(|name| scalar::bare_text(name.as_bytes())).collect();
            names.join(".")
        }
        (None, Some((module, name)), _) => format!("{}.{}", scalar::bare(&module), scalar::bare(&name)),
        (None, None, Some(code)) => format!("extension({code})"),
        (None, None, None) => "?".into(),
    }
}

pub fn buffer(value: Value<'_>, max_text: usize) -> Vec<Piece<'_>> {
    let OutOfBand { index, read_only } = value.as_buffer().unwrap_or_default();
    let mut pieces = vec![word(if read_only { "readonly buffer" } else { "buffer" }), note(format!(" {index}"))];
    if let Some(content) = value.as_bytes() {
        pieces.push(Piece::Text(Role::Plain, ": ".into()));
        pieces.extend(bytes(Octets::raw(content), max_text));
    }
    pieces
}
