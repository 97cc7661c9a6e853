//! A value in a few words: its JSON where that is short, else what it is and how large.

use super::json::{Options, json};
use super::names;
use pickle_core::known::Array;
use pickle_core::view::{MappingKind, SequenceKind, View};
use pickle_core::{GlobalName, How, Value};
use std::io::{self, Write};

/// The plain JSON of a value on one line; `None` where that is longer than `max` bytes.
pub fn short_json(value: Value<'_>, max: usize) -> Option<String> {
    limited_json(value, &Options::default(), max)
}

/// The same with the names that Python 3 loads: equal for what is equal, whatever the protocol.
pub fn comparable_json(value: Value<'_>, max: usize) -> Option<String> {
    limited_json(value, &Options { today: true, ..Options::default() }, max)
}

fn limited_json(value: Value<'_>, options: &Options, max: usize) -> Option<String> {
    let mut out = Limited { bytes: Vec::new(), left: max };
    json(&value.document(), options, &mut out).ok()?;
    let text = String::from_utf8(out.bytes).ok()?;
    Some(text.trim_end().to_owned())
}

/// The plain JSON of a value on one line, or what it is, where that is longer than `max` bytes. Of a long text, its
/// beginning.
pub fn brief(value: Value<'_>, max: usize) -> String {
    if let Some(text) = short_json(value, max) {
        return text;
    }
    if let View::Text(text) = value.view() {
        let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= max / 2).last().unwrap_or(0);
        let start = serde_json::Value::from(text.get(..end).unwrap_or_default()).to_string();
        return format!("{}... ({} characters)", start.trim_end_matches('"'), text.chars().count());
    }
    label(value)
}

/// What a value is, and how large: `list of 3 items`, `float64 array (2, 3)`, `shop.Item`.
pub fn label(value: Value<'_>) -> String {
    let counted = |kind: String, count: usize, noun: &str| {
        format!("{kind} of {count} {}{}", noun, if count == 1 { "" } else { "s" })
    };
    let kind = kind(value);
    match value.view() {
        View::Sequence(sequence) => counted(kind, sequence.items.len(), "item"),
        View::Set(set) => counted(kind, set.items.len(), "item"),
        View::Mapping(mapping) => counted(kind, mapping.pairs.len(), "key"),
        View::Text(text) => counted(kind, text.chars().count(), "character"),
        View::Bytes(octets) | View::ByteArray(octets) => counted(kind, octets.len(), "byte"),
        View::Array(array) => format!("{} {kind} {}", array.dtype, shape(&array)),
        View::Tensor(tensor) => {
            format!("{} {kind} {}", tensor.dtype.unwrap_or("?"), short_json(tensor.shape, 200).unwrap_or_default())
        }
        _ => kind,
    }
}

/// The axes as Python prints a tuple.
fn shape(array: &Array<'_>) -> String {
    let axes: Vec<String> = array.axes().map(|axis| axis.map_or("?".into(), |axis| axis.to_string())).collect();
    match axes.as_slice() {
        [one] => format!("({one},)"),
        axes => format!("({})", axes.join(", ")),
    }
}

/// The name of a value's type, as Python has it.
pub fn kind(value: Value<'_>) -> String {
    let class = |class: Option<Value<'_>>, plain: &str| class.map_or_else(|| plain.to_owned(), name);
    match value.view() {
        View::None => "None".into(),
        View::Bool(_) => "bool".into(),
        View::Int(_) | View::BigInt(_) => "int".into(),
        View::Float(_) | View::FloatText(_) => "float".into(),
        View::Text(_) | View::Surrogates(_) => "str".into(),
        View::Bytes(_) => "bytes".into(),
        View::ByteArray(_) => "bytearray".into(),
        View::Complex(..) => "complex".into(),
        View::Sequence(sequence) => class(
            sequence.class,
            match sequence.kind {
                SequenceKind::List => "list",
                SequenceKind::Tuple => "tuple",
                SequenceKind::Deque => "collections.deque",
                SequenceKind::UserList => "collections.UserList",
                _ => "sequence",
            },
        ),
        View::Set(set) => class(set.class, if set.frozen { "frozenset" } else { "set" }),
        View::Mapping(mapping) => class(
            mapping.class,
            match mapping.kind {
                MappingKind::Dict => "dict",
                MappingKind::OrderedDict => "collections.OrderedDict",
                MappingKind::DefaultDict => "collections.defaultdict",
                MappingKind::Counter => "collections.Counter",
                MappingKind::FrozenDict => "frozendict",
                MappingKind::Proxy => "types.MappingProxyType",
                MappingKind::ChainMap => "collections.ChainMap",
                MappingKind::UserDict => "collections.UserDict",
                _ => "mapping",
            },
        ),
        View::Record(record) => name(record.class),
        View::Derived(derived) => class(derived.class, "object"),
        View::Array(array) => match array.class.and_then(|class| class.as_global()).map(GlobalName::pair) {
            None | Some(("numpy", "ndarray")) => "array".into(),
            Some((module, name)) => format!("{module}.{name}"),
        },
        View::Scalar(dtype, _) => dtype.to_string(),
        View::Tensor(tensor) => if tensor.parameter { "torch.nn.Parameter" } else { "torch.Tensor" }.into(),
        View::Global(_) => "class or function".into(),
        View::Persistent(_) => "persistent id".into(),
        View::Buffer(_) => "buffer out of band".into(),
        _ => match value.as_object() {
            Some(object) if object.how() != How::PersId => {
                name(object.instance().map_or(object.callable(), |instance| instance.class))
            }
            _ => "object".into(),
        },
    }
}

/// The name of a class.
fn name(class: Value<'_>) -> String {
    names::of(class).unwrap_or_else(|| "object".into())
}

/// Takes so many bytes, and then no more.
struct Limited {
    bytes: Vec<u8>,
    left: usize,
}

impl Write for Limited {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(data.len()).ok_or(io::ErrorKind::WriteZero)?;
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
