//! Values of known types.

use super::object::{attribute, object_view};
use super::table::table_view;
use super::{
    Content, Group, Label, Part, Piece, arguments, buffer, bytes, entry, global, group, items, note, pairs, plain,
    sequence, string, view as look, word, wrapped,
};
use crate::print::cells::Cells;
use crate::print::tree::palette::Role;
use crate::print::tree::scalar;
use pickle_core::known::{Array, Data, Date, TensorStorage, Time};
use pickle_core::view::{Attributes, Fraction, Mapping, MappingKind, Scalar, Sequence, SequenceKind, View, Zone};
use pickle_core::{GlobalName, Kind, ObjectParts, Value};

/// What an object looks like.
pub fn view<'d>(meant: View<'d>, object: &ObjectParts<'d>, value: Value<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let call = |name: &str, parts: Vec<Part<'d>>| vec![word(name), Piece::Group(arguments(parts))];
    let number =
        |number: String| Part { label: Label::None, content: Content::Pieces(vec![Piece::Text(Role::Number, number)]) };
    let text = |text: &str| Part { label: Label::None, content: Content::Pieces(string(text.as_bytes(), max_text)) };
    let keyword = |name: &str, value| Part { label: Label::Keyword(name.to_owned()), content: Content::Value(value) };
    let class = || object.instance().map_or("?".into(), |instance| global(instance.class));
    match meant {
        View::Complex(re, im) => vec![Piece::Text(Role::Number, scalar::complex(re, im))],
        View::Range(start, stop, step) | View::Slice(start, stop, step) => {
            let name = object.class().map_or("", |class| class.name);
            call(name, [start, stop, step].map(plain).into())
        }
        View::Date(date) => call("datetime.date", day(date).map(number).into()),
        View::Time(time, zone) => {
            // Numbers stay together when the zone needs lines of its own.
            let mut parts = vec![number(clock(&time).join(", "))];
            parts.extend(zone.and_then(|_| last(object)).map(|zone| keyword("tzinfo", zone)));
            parts.extend(time.fold.then(fold));
            call("datetime.time", parts)
        }
        View::DateTime(date, time, zone) => {
            let mut parts = vec![number(format!("{}, {}", day(date).join(", "), clock(&time).join(", ")))];
            parts.extend(zone.and_then(|_| last(object)).map(|zone| keyword("tzinfo", zone)));
            parts.extend(time.fold.then(fold));
            call("datetime.datetime", parts)
        }
        View::TimeDelta(delta) => {
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
        View::Zone(Zone::Fixed(offset, None))
            if offset.is_zero() && object.class() == Some(GlobalName::new("datetime", "timezone")) =>
        {
            vec![word("datetime.timezone.utc")]
        }
        View::Zone(Zone::Named { key, offset: None, .. })
            if object.class().is_none_or(|class| class.module.contains("zoneinfo") || class.module == "builtins") =>
        {
            call("zoneinfo.ZoneInfo", vec![text(key)])
        }
        View::Decimal(decimal) => call("decimal.Decimal", vec![text(decimal)]),
        View::Fraction(Fraction::Text(fraction)) => call("fractions.Fraction", vec![text(fraction)]),
        View::Fraction(Fraction::Ints(n, d)) => call("fractions.Fraction", [n, d].map(plain).into()),
        View::Pandas(scalar) => match scalar {
            Scalar::Missing => vec![word("pandas.NaT")],
            Scalar::Timestamp(..) => call("pandas.Timestamp", vec![text(&scalar.to_string())]),
            Scalar::Timedelta(..) => call("pandas.Timedelta", vec![text(&scalar.to_string())]),
            Scalar::Period(..) => call("pandas.Period", vec![text(&scalar.to_string())]),
            _ => call("pandas.Interval", vec![text(&scalar.to_string())]),
        },
        View::Uuid(uuid) => call("uuid.UUID", vec![text(&uuid.to_string())]),
        View::Path(path) => call(&format!("pathlib.{}", path.class), vec![text(&path.to_string())]),
        View::Ip(ip) => call(&class(), vec![text(&ip.to_string())]),
        View::Pattern(pattern) => {
            let flags = (pattern.flags != 0).then(|| number(pattern.flags.to_string()));
            call("re.compile", std::iter::once(plain(pattern.pattern)).chain(flags).collect())
        }
        View::Member(member) if member.of.as_global().is_some() => {
            vec![word(format!("{}.{}", global(member.of), scalar::bare_text(member.name.as_bytes())))]
        }
        View::Partial(partial) => {
            let kwargs = partial.kwargs.entries().into_iter().flatten();
            let mut parts: Vec<Part<'d>> = std::iter::once(partial.function).chain(partial.args).map(plain).collect();
            parts.extend(kwargs.map(named));
            let mut pieces = call("functools.partial", parts);
            pieces.extend(attributes(partial.attributes));
            pieces
        }
        View::Sequence(it) => self::items_view(&it, object, max_text),
        View::Set(it) => {
            let name = it.class.map_or_else(class, global);
            let mut pieces = vec![word(name)];
            pieces.extend(wrapped("(", sequence(Kind::Set, it.items, it.items.len()), ")"));
            pieces.extend(attributes(it.attributes));
            pieces
        }
        View::Mapping(it) => mapping_view(&it, object, max_text),
        View::Derived(it) => {
            let name = it.class.map_or_else(|| "collections.UserString".to_owned(), global);
            let mut pieces = call(&name, vec![plain(it.value)]);
            if it.class.is_some() {
                pieces.extend(attributes(object.state().and_then(Attributes::of).unwrap_or_default()));
            }
            pieces
        }
        // A subclass of tuple, as protocols 0 and 1 spell it; one that is made with names, as protocols 2 and 3 do.
        View::Record(it)
            if matches!(object.class().map(GlobalName::pair), Some(("copyreg" | "copy_reg", "_reconstructor")))
                || object.callable().as_object().is_some() && it.class.as_global().is_some() =>
        {
            let mut args: Vec<Part<'d>> = it.args.map(plain).collect();
            args.extend(it.kwargs.and_then(|kwargs| kwargs.entries()).into_iter().flatten().map(named));
            let mut pieces = call(&global(it.class), args);
            pieces.extend(attributes(it.attributes));
            pieces
        }
        View::DType(dtype) => call("numpy.dtype", vec![text(&dtype.to_string())]),
        View::Array(array) => array_view(&array, Cells::of(&array), None),
        View::Masked(masked) => {
            let hidden = masked.mask.filter(|byte| *byte != 0).count();
            array_view(&masked.array, Cells::masked(&masked), Some(hidden))
        }
        View::Scalar(dtype, octets) => {
            let item: Vec<u8> = octets.take(256).collect();
            let content = match crate::print::cells::is_readable(&dtype, 8) && item.len() as u64 == dtype.size {
                true => vec![Piece::Text(Role::Number, scalar::item(&dtype, &item, false))],
                false => bytes(octets, max_text),
            };
            let mut pieces = vec![word(format!("numpy.{dtype}"))];
            pieces.extend(wrapped("(", content, ")"));
            pieces
        }
        View::DataFrame { .. } | View::Series { .. } | View::Index { .. } => match table_view(value) {
            Some(pieces) => pieces,
            None => object_view(object, max_text, about(&meant)),
        },
        View::Tensor(tensor) => {
            let name = if tensor.parameter { "torch.nn.Parameter" } else { "torch.Tensor" };
            let mut pieces = vec![word(name)];
            pieces.push(note(format!(" {} {}", tensor.dtype.unwrap_or("?"), scalar::shape(&tensor.shape))));
            match tensor.storage {
                Some(TensorStorage { key, location }) => {
                    pieces.push(note(", storage "));
                    pieces.extend(look(key, max_text));
                    pieces.push(note(" on "));
                    pieces.extend(look(location, max_text));
                    pieces
                }
                // The storage is inside: it is shown.
                None => object_view(object, max_text, Some(format!("{} {}", name, scalar::shape(&tensor.shape)))),
            }
        }
        View::Sparse { .. } => object_view(object, max_text, about(&meant)),
        _ => object_view(object, max_text, None),
    }
}

/// How large a table or matrix is whose parts are shown.
fn about(meant: &View<'_>) -> Option<String> {
    match meant {
        View::DataFrame { rows, columns } => {
            let rows = rows.map(|rows| scalar::counted(rows, "row"));
            let columns = columns.map(|columns| scalar::counted(columns, "column"));
            let known: Vec<_> = rows.into_iter().chain(columns).collect();
            (!known.is_empty()).then(|| known.join(" x "))
        }
        View::Series { len } => len.map(|len| scalar::counted(len, "value")),
        View::Index { len, .. } => len.map(|len| scalar::counted(len, "label")),
        View::Sparse { shape, values, .. } => {
            let mut about = scalar::shape(shape);
            if let Some(values) = values {
                about.push_str(&format!(", {} stored", scalar::counted(*values, "value")));
            }
            Some(about)
        }
        _ => None,
    }
}

/// The time zone that a time was made with.
fn last<'d>(object: &ObjectParts<'d>) -> Option<Value<'d>> {
    object.instance()?.args.last()
}

/// An argument by its name.
fn named<'d>((key, value): (Value<'d>, Value<'d>)) -> Part<'d> {
    match key.as_str() {
        Some(name) if scalar::is_identifier(name) => {
            Part { label: Label::Keyword(name.to_owned()), content: Content::Value(value) }
        }
        _ => entry((key, value)),
    }
}

fn attributes<'d>(all: Attributes<'d>) -> Vec<Piece<'d>> {
    if all.len() == 0 {
        return vec![];
    }
    let parts = Group { noun: "attribute", ..group("{", "}", all.len(), all.map(attribute)) };
    vec![Piece::Text(Role::Plain, " ".into()), Piece::Group(parts)]
}

/// Arguments beside the content; protocols 0 and 1 have the content there.
fn has_args(object: &ObjectParts<'_>) -> bool {
    !matches!(object.class().map(GlobalName::pair), Some(("copyreg" | "copy_reg", "_reconstructor")))
        && object.instance().is_some_and(|instance| instance.args.len() != 0)
}

fn items_view<'d>(it: &Sequence<'d>, object: &ObjectParts<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let name = match (it.class, it.kind) {
        (Some(_), _) if has_args(object) => return object_view(object, max_text, None),
        (Some(class), _) => global(class),
        (None, SequenceKind::Deque) => "collections.deque".into(),
        (None, SequenceKind::UserList) if it.attributes.len() > 1 => return object_view(object, max_text, None),
        (None, SequenceKind::UserList) => "collections.UserList".into(),
        (None, SequenceKind::Tuple) => return sequence(Kind::Tuple, it.items, it.items.len()),
        (None, _) => return sequence(Kind::List, it.items, it.items.len()),
    };
    let mut pieces = vec![word(name), Piece::Group(items("([", "]", it.items))];
    if let Some(max) = it.max_len {
        pieces.push(Piece::Text(Role::Plain, ", maxlen=".into()));
        pieces.push(Piece::Text(Role::Number, scalar::int(&max)));
    }
    pieces.push(Piece::Text(Role::Plain, ")".into()));
    if it.kind != SequenceKind::UserList {
        pieces.extend(attributes(it.attributes));
    }
    pieces
}

fn mapping_view<'d>(it: &Mapping<'d>, object: &ObjectParts<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let name = match (it.class, it.kind) {
        (Some(_), _) if has_args(object) => return object_view(object, max_text, None),
        (Some(class), _) => global(class),
        (None, MappingKind::OrderedDict) => "collections.OrderedDict".into(),
        (None, MappingKind::DefaultDict) => "collections.defaultdict".into(),
        (None, MappingKind::Counter) => "collections.Counter".into(),
        (None, MappingKind::FrozenDict) => "frozendict".into(),
        (None, MappingKind::Proxy) => "types.MappingProxyType".into(),
        (None, MappingKind::UserDict) if it.attributes.len() == 1 => "collections.UserDict".into(),
        (None, MappingKind::Dict) => return vec![Piece::Group(pairs(it.pairs, "{", "}"))],
        // Of several maps each is shown.
        _ => return object_view(object, max_text, None),
    };
    let mut pieces = vec![word(name)];
    if it.class.is_none() && it.kind == MappingKind::DefaultDict {
        pieces.push(Piece::Text(Role::Plain, "(".into()));
        pieces.extend(match it.factory {
            Some(factory) if factory.kind() == Kind::Global => vec![word(global(factory))],
            Some(factory) => vec![Piece::Group(group("(", ")", 1, std::iter::once(plain(factory))))],
            None => vec![Piece::Text(Role::Number, "None".into())],
        });
        pieces.push(Piece::Text(Role::Plain, ", ".into()));
        pieces.push(Piece::Group(pairs(it.pairs, "{", "})")));
    } else if it.pairs.len() == 0 {
        pieces.push(Piece::Group(group("(", ")", 0, std::iter::empty())));
    } else {
        pieces.push(Piece::Group(pairs(it.pairs, "({", "})")));
    }
    if it.kind != MappingKind::UserDict {
        pieces.extend(attributes(it.attributes));
    }
    if let Some(state) = it.state {
        let part = Part { label: Label::Word("state "), content: Content::Value(state) };
        pieces.push(Piece::Text(Role::Plain, " ".into()));
        pieces.push(Piece::Group(group("{", "}", 1, std::iter::once(part))));
    }
    pieces
}

/// Year, month and day.
fn day(date: Date) -> [String; 3] {
    [date.year.to_string(), date.month.to_string(), date.day.to_string()]
}

fn fold<'d>() -> Part<'d> {
    let one = Piece::Text(Role::Number, "1".into());
    Part { label: Label::Keyword("fold".into()), content: Content::Pieces(vec![one]) }
}

/// Hour, minute and what follows as far as it is not zero, as `repr()` has it.
fn clock(time: &Time) -> Vec<String> {
    let mut fields = vec![time.hour.to_string(), time.minute.to_string()];
    if time.second != 0 || time.microsecond != 0 {
        fields.push(time.second.to_string());
    }
    if time.microsecond != 0 {
        fields.push(time.microsecond.to_string());
    }
    fields
}

/// Items of an array that are shown: a taste of the content.
const SHOWN: usize = 6;

/// `ndarray float64 (1000, 3), 24 000 bytes [0.1, 0.2, ...]`; arrays of objects with their objects.
/// `masked` is the number of masked items.
fn array_view<'d>(array: &Array<'d>, cells: Option<Cells<'d>>, masked: Option<usize>) -> Vec<Piece<'d>> {
    let name = match array.class {
        Some(class) if class.as_global().is_none_or(|name| name != GlobalName::new("numpy", "ndarray")) => {
            global(class)
        }
        _ => "ndarray".into(),
    };
    let mut pieces = vec![word(name)];
    let mut about = format!(" {} {}", array.dtype, scalar::axes(array.axes()));
    match array.data {
        Data::Bytes(octets) => {
            about.push_str(&format!(", {}", scalar::counted(octets.len() as u64, "byte")));
            if let Some(masked) = masked {
                about.push_str(&format!(", {masked} masked"));
            }
            pieces.push(note(about));
            if let Some(cells) = cells {
                let mut shown = scalar::items(&cells, SHOWN + 1);
                if shown.len() > SHOWN {
                    shown.truncate(SHOWN);
                    shown.push("...".into());
                }
                pieces.push(note(format!(" [{}]", shown.join(", "))));
            }
        }
        Data::Objects(objects) => {
            pieces.push(note(about + " "));
            let in_order: Option<Vec<Value<'d>>> = cells.map(|cells| cells.values().collect());
            match (in_order, objects.items()) {
                (Some(values), _) => {
                    let fill = values.iter().take(32).all(scalar::is_short);
                    let shown = group("[", "]", values.len(), values.into_iter().map(plain));
                    pieces.push(Piece::Group(Group { fill, ..shown }));
                }
                (None, Some(objects)) => pieces.push(Piece::Group(items("[", "]", objects))),
                (None, None) => pieces.push(Piece::Group(group("(", ")", 1, std::iter::once(plain(objects))))),
            }
        }
        Data::Missing(missing) => {
            about.push_str(&format!(", {} in ", scalar::counted(array.size().unwrap_or(0), "byte")));
            pieces.push(note(about));
            pieces.extend(buffer(missing, 0));
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
