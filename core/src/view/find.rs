//! From a path to what it leads to.

use super::fields::Attributes;
use super::inside::At;
use super::instance::Changed;
use super::members::objects;
use super::rows::{self, Part, places};
#[cfg(feature = "alloc")]
use super::table::Cell;
use super::{Octets, View};
use crate::document::path::{DEPTH, PathKey, PathStep, Token, ValuePath, next_token};
use crate::{Change, Document, How, Items, Kind, Value};
use core::fmt::{self, Write};

/// Why a path leads nowhere. Its `Display` says how far the path came and what is there: ``$.od exists and has keys a, b;
/// there is no .c``.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps({"a": [5]})
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04}\x8c\x01a]K\x05as.")?;
/// let error = document.root().at_path("$.a[3].b").err().unwrap();
/// assert_eq!((error.done(), error.value().map(|there| there.len())), ("$.a", Some(1)));
/// assert!(error.to_string().starts_with("$.a exists"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct PathError<'d, 'p> {
    path: &'p str,
    /// The part of the path that leads somewhere.
    done: &'p str,
    /// What is there; `None` where the path cannot be read.
    there: Option<Value<'d>>,
    /// The part of the path that leads to a part of that which is no value of its own, such as a row.
    reached: &'p str,
}

impl<'d, 'p> PathError<'d, 'p> {
    /// The part of the path that leads somewhere.
    pub fn done(&self) -> &'p str {
        self.done
    }

    /// What is there. `None` where the path is none.
    pub fn value(&self) -> Option<Value<'d>> {
        self.there
    }
}

impl Document<'_> {
    /// The value at a path such as `$.rows[3].temp`, from the root; the first one, where it leads to several.
    pub fn find<'a>(&'a self, path: &str) -> Option<Value<'a>> {
        self.root().find(path)
    }
}

impl<'d> Value<'d> {
    /// The value at a path from here, the first one where it leads to several. `None` where nothing is there or the path
    /// cannot be read: [`Value::at_path`] says more.
    pub fn find(&self, path: &str) -> Option<Value<'d>> {
        self.at_path(path).ok()
    }

    /// The value at a path from here: docs/paths.md has the grammar. Wildcards, slices and (feature `alloc`) `..` lead to the
    /// first value there.
    ///
    /// # Errors
    /// The path cannot be read, or nothing is there.
    pub fn at_path<'p>(&self, path: &'p str) -> Result<Value<'d>, PathError<'d, 'p>> {
        let mut here = At::Value(*self);
        let mut steps = ValuePath::new(path);
        // The part of the path that leads to a value, and that value.
        let mut last = ("", *self);
        loop {
            let done = steps.done();
            if let Some(value) = here.value() {
                last = (done, value);
            }
            let Some(step) = steps.next() else {
                return here.value().ok_or(PathError { path, done: last.0, there: Some(last.1), reached: done });
            };
            let Some(step) = step else { return Err(PathError { path, done, there: None, reached: done }) };
            #[cfg(feature = "alloc")]
            if step == PathStep::Deep {
                let there = PathError { path, done: last.0, there: Some(last.1), reached: done };
                return self.find_all(path)?.first().copied().ok_or(there);
            }
            here = match here.step(step) {
                Some(next) => next,
                // What follows must be a path, too, or that is what is wrong.
                None if steps.is_valid() => {
                    return Err(PathError { path, done: last.0, there: Some(last.1), reached: done });
                }
                None => return Err(PathError { path, done: steps.done(), there: None, reached: done }),
            };
        }
    }

    /// All values at a path from here, in the order of the document.
    ///
    /// # Errors
    /// The path cannot be read, or nothing is there. More than 2^24 values are taken for nothing, too: a pickle of a few
    /// bytes can have more.
    #[cfg(feature = "alloc")]
    pub fn find_all<'p>(&self, path: &'p str) -> Result<alloc::vec::Vec<Value<'d>>, PathError<'d, 'p>> {
        use alloc::vec::Vec;
        const MOST: usize = 1 << 24;
        let mut here = alloc::vec![At::Value(*self)];
        let mut steps = ValuePath::new(path);
        let mut last = ("", Some(*self));
        let mut was_deep = false;
        loop {
            let done = steps.done();
            let values: Option<Vec<Value<'d>>> = here.iter().map(At::value).collect();
            if let Some(first) = values.as_ref().and_then(|values| values.first()) {
                last = (done, Some(*first));
            }
            let Some(step) = steps.next() else {
                // Of an array only items are values: numbers and objects.
                return values.ok_or(PathError { path, done: last.0, there: last.1, reached: done });
            };
            let Some(step) = step else { return Err(PathError { path, done, there: None, reached: done }) };
            let mut next = Vec::new();
            match step {
                PathStep::Deep => next = deep(&values.unwrap_or_default()),
                _ => {
                    for at in &here {
                        several(at, step, &mut next);
                        if next.len() > MOST {
                            next.clear();
                            break;
                        }
                    }
                    if was_deep {
                        // From everywhere below: what is there has parts that are no values.
                        next.retain(|at| at.value().is_some());
                    }
                }
            }
            was_deep = step == PathStep::Deep;
            if next.is_empty() {
                let there = if steps.is_valid() { last.1 } else { None };
                let up_to = if there.is_some() { last.0 } else { done };
                return Err(PathError { path, done: up_to, there, reached: done });
            }
            here = next;
        }
    }

    /// The value one step from here. An item of an array of numbers is one, too; a row of an array of more axes is none.
    pub fn step(&self, step: PathStep<'_>) -> Option<Value<'d>> {
        At::Value(*self).step(step)?.value()
    }

    fn own_step(&self, step: PathStep<'_>) -> Option<Value<'d>> {
        let value = *self;
        match step {
            PathStep::Key(name) => by_name(value, name),
            PathStep::Index(index) => by_index(value, index),
            PathStep::Literal(source) => {
                let View::Mapping(mapping) = value.view() else { return None };
                mapping.pairs.filter(|(key, _)| is_literal(*key, source)).last().map(|(_, value)| value)
            }
            // Of a table that are its rows.
            PathStep::All if Part::of(value).is_some_and(|part| part.len().is_some()) => None,
            PathStep::All => Some(value.members()?.next()?.1),
            PathStep::Slice(..) => slice(value, step)?.next(),
            PathStep::Deep => None,
            PathStep::KeyAt(place) => entries(value, place).map(|(key, _)| key),
            PathStep::ValueAt(place) => entries(value, place).map(|(_, value)| value),
            PathStep::Inner => value.inner(),
            PathStep::Module => value.global_parts().map(|parts| parts.module),
            PathStep::Name => value.global_parts().map(|parts| parts.name),
            _ => of_object(value, step),
        }
    }
}

impl<'d> At<'d> {
    fn step(&self, step: PathStep<'_>) -> Option<At<'d>> {
        match self.value().and_then(|value| value.own_step(step)) {
            Some(value) => Some(At::Value(value)),
            None => match self.table() {
                Some(part) => part.first(step).map(At::from),
                None => self.inside()?.step(step),
            },
        }
    }
}

/// Steps into how an object was made.
fn of_object<'d>(value: Value<'d>, step: PathStep<'_>) -> Option<Value<'d>> {
    let object = value.as_object()?;
    let at = |place: u64| usize::try_from(place).ok();
    match step {
        PathStep::Id if object.how() == How::PersId => Some(object.callable()),
        PathStep::Class if object.how() != How::PersId => {
            Some(object.instance().map_or(object.callable(), |instance| instance.class))
        }
        PathStep::Call(None) => Some(object.callable()),
        PathStep::Call(Some(place)) => object.args().nth(at(place)?),
        PathStep::Args(None) => object.args_value(),
        PathStep::Args(Some(place)) => {
            object.instance().map_or(object.args(), |instance| instance.args).nth(at(place)?)
        }
        PathStep::Kwargs => object.kwargs(),
        PathStep::State => object.state(),
        PathStep::Build(place) => {
            let mut states = object.changes().filter_map(|change| match change {
                Change::Build(state) => Some(state),
                _ => None,
            });
            states.nth(at(place)?)
        }
        PathStep::Nested(place) => {
            let mut nested = object.changes().filter_map(|change| match change {
                Change::Nested(root) => Some(root),
                _ => None,
            });
            nested.nth(at(place)?)
        }
        PathStep::Items(place) => {
            let mut left = at(place)?;
            object.changes().find_map(|change| match change {
                Change::Append(mut items) | Change::Add(mut items) => {
                    let len = items.len();
                    if left < len {
                        return items.nth(left);
                    }
                    left -= len;
                    None
                }
                _ => None,
            })
        }
        _ => None,
    }
}

/// A number as a value of its own, where it is one item of numpy: equal keys are those that Python takes for equal. Where
/// nothing is allocated, flash is counted, and such keys have no path.
#[cfg(feature = "alloc")]
pub(super) fn unboxed(value: Value<'_>) -> Value<'_> {
    match value.view() {
        View::Scalar(dtype, octets) => Cell::item(&dtype, octets).node().map_or(value, |node| value.beside(node)),
        _ => value,
    }
}

#[cfg(not(feature = "alloc"))]
fn unboxed(value: Value<'_>) -> Value<'_> {
    value
}

/// The entry of a dict, of all that was set in an object, or of what is a mapping in another way, by its place.
fn entries<'d>(value: Value<'d>, place: u64) -> Option<(Value<'d>, Value<'d>)> {
    let mut left = usize::try_from(place).ok()?;
    if let Some(mut entries) = value.entries() {
        return entries.nth(left);
    }
    #[cfg(feature = "alloc")]
    if let View::Mapping(mut mapping) = value.view() {
        return mapping.pairs.nth(left);
    }
    value.as_object()?.changes().find_map(|change| match change {
        Change::SetItem(mut entries) => {
            let len = entries.len();
            if left < len {
                return entries.nth(left);
            }
            left -= len;
            None
        }
        _ => None,
    })
}

fn by_name<'d>(value: Value<'d>, name: PathKey<'_>) -> Option<Value<'d>> {
    let same = |(key, _): &(Value<'d>, Value<'d>)| match key.kind() {
        Kind::Str => key.str_bytes().is_some_and(|key| name.is(key)),
        Kind::Str8 => key.as_bytes().is_some_and(|key| name.is(key)),
        _ => false,
    };
    if let Some(entries) = value.entries() {
        return entries.filter(same).last().map(|(_, value)| value);
    }
    let own = |attributes: Attributes<'d>| attributes.filter(same).last().map(|(_, value)| value);
    let found = match value.view() {
        View::Mapping(mapping) => {
            let found = mapping.pairs.filter(same).last().map(|(_, value)| value);
            found.or_else(|| own(mapping.attributes))
        }
        View::Record(record) => {
            let kwargs = || record.kwargs?.entries()?.filter(same).last().map(|(_, value)| value);
            own(record.attributes).or_else(kwargs)
        }
        View::Sequence(sequence) => own(sequence.attributes).or_else(|| by_index(value, name.as_index()?)),
        View::Set(set) => own(set.attributes),
        View::Partial(partial) if name.is(b"func") => Some(partial.function),
        View::Partial(partial) if name.is(b"keywords") => Some(partial.kwargs),
        View::Partial(partial) => own(partial.attributes),
        _ => None,
    };
    // Attributes of what has a meaning beside them: a frame, an array that is a subclass.
    found.or_else(|| own(Attributes::of(value.as_object()?.state()?)?))
}

fn by_index<'d>(value: Value<'d>, index: i64) -> Option<Value<'d>> {
    let mut items = match value.view() {
        View::Mapping(mapping) => {
            let same = |(key, _): &(Value<'d>, Value<'d>)| {
                let key = unboxed(*key);
                key.kind() == Kind::Int && key.as_i64() == Some(index)
            };
            return mapping.pairs.filter(same).last().map(|(_, value)| value);
        }
        _ => sequence(value)?,
    };
    let len = i64::try_from(items.len()).ok()?;
    let index = if index < 0 { index.checked_add(len)? } else { index };
    items.nth(usize::try_from(index).ok()?)
}

/// What has places: items of sequences and sets, positional fields of records.
fn sequence<'d>(value: Value<'d>) -> Option<Items<'d>> {
    match value.view() {
        View::Sequence(sequence) => Some(sequence.items),
        View::Set(set) => Some(set.items),
        View::Record(record) => Some(record.positional()),
        View::Array(array) => objects(&array),
        View::Object(object, _) => Changed::of(&object).appended,
        _ => None,
    }
}

/// The items of a slice, as Python counts them.
fn slice<'d>(value: Value<'d>, step: PathStep<'_>) -> Option<impl Iterator<Item = Value<'d>> + use<'d>> {
    let PathStep::Slice(from, to, by) = step else { return None };
    let items = sequence(value)?;
    let len = i64::try_from(items.len()).ok()?;
    Some(places(len, from, to, by).map_while(move |at| items.clone().nth(usize::try_from(at).ok()?)))
}

/// A key that this literal of Python stands for.
pub(super) fn is_literal(key: Value<'_>, source: &str) -> bool {
    matches(key, source).is_some()
}

fn matches(key: Value<'_>, source: &str) -> Option<()> {
    let mut first = Some(key);
    let mut around: heapless::Vec<Items<'_>, { DEPTH }> = heapless::Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        let (after, token) = next_token(rest)?;
        rest = after;
        match token {
            Token::Comma => continue,
            Token::Close => {
                if around.pop()?.next().is_some() {
                    return None;
                }
                continue;
            }
            _ => {}
        }
        let value = unboxed(match around.last_mut() {
            Some(items) => items.next()?,
            None => first.take()?,
        });
        let fits = match token {
            Token::Open => {
                let items = value.items().filter(|_| value.kind() == Kind::Tuple)?;
                around.push(items).is_ok()
            }
            Token::None => value.is_none(),
            Token::Bool(flag) => value.as_bool() == Some(flag),
            // Neither the key nor the literal is one where it is too large.
            Token::Int(digits) => {
                value.kind() == Kind::Int && value.as_i128().is_some_and(|int| digits.parse() == Ok(int))
            }
            Token::Float(digits) => match (crate::literal::float::from_text(digits.as_bytes()), value.as_f64()) {
                (Ok(Some(float)), Some(found)) => {
                    float.to_bits() == found.to_bits() || float.is_nan() && found.is_nan()
                }
                _ => false,
            },
            Token::Text(text) => match value.kind() {
                Kind::Str => text.is(value.str_bytes()?),
                Kind::Str8 => text.is(value.as_bytes()?),
                _ => false,
            },
            Token::Bytes(text) => {
                let bytes = text.chars().map(|c| u8::try_from(u32::from(c)).ok());
                Octets::of(value)?.map(Some).eq(bytes)
            }
            _ => false,
        };
        if !fits {
            return None;
        }
    }
    if first.is_none() && around.is_empty() { Some(()) } else { None }
}

/// All values that one step leads to.
#[cfg(feature = "alloc")]
fn several<'d>(at: &At<'d>, step: PathStep<'_>, put: &mut alloc::vec::Vec<At<'d>>) {
    let value = at.value();
    if let Some(part) = at.table().filter(|part| part.len().is_some())
        && let PathStep::All | PathStep::Slice(..) = step
    {
        return part.several(step, &mut |reached| put.push(reached.into()));
    }
    let inside = || at.inside().and_then(|inside| Some((inside, inside.len()?)));
    match step {
        PathStep::All => match (value.and_then(|value| value.members()), inside) {
            (Some(members), _) => put.extend(members.map(|(_, value)| At::Value(value))),
            (None, inside) => {
                put.extend(inside().into_iter().flat_map(|(inside, len)| (0..len).filter_map(move |at| inside.at(at))));
            }
        },
        PathStep::Slice(from, to, by) => match value.and_then(|value| slice(value, step)) {
            Some(items) => put.extend(items.map(At::Value)),
            None => put.extend(
                inside()
                    .into_iter()
                    .flat_map(|(inside, len)| places(len, from, to, by).filter_map(move |at| inside.at(at))),
            ),
        },
        _ => put.extend(at.step(step)),
    }
}

/// These values and all in them, each container once.
#[cfg(feature = "alloc")]
fn deep<'d>(from: &[Value<'d>]) -> alloc::vec::Vec<At<'d>> {
    use alloc::vec::Vec;
    let limit = from.first().map_or(0, |value| value.document().id_limit());
    let mut met = alloc::vec![false; limit];
    let mut found = Vec::new();
    let mut stack: Vec<Value<'d>> = from.iter().rev().copied().collect();
    let mut inner = Vec::new();
    while let Some(value) = stack.pop() {
        let first = value.id().and_then(|id| met.get_mut(id)).is_none_or(|met| !core::mem::replace(met, true));
        if !first {
            continue;
        }
        found.push(At::Value(value));
        inner.extend(value.members().into_iter().flatten().map(|(_, value)| value));
        stack.extend(inner.drain(..).rev());
    }
    found
}

/// Keys and names that a message lists.
const LISTED: usize = 8;

impl<'d> PathError<'d, '_> {
    /// What the path leads to inside a table.
    fn part(&self, there: Value<'d>) -> Option<Part<'d>> {
        let mut here = At::Value(there);
        for step in ValuePath::new(self.reached.get(self.done.len()..).filter(|inside| !inside.is_empty())?) {
            here = here.step(step?)?;
        }
        here.table()
    }
}

impl fmt::Display for PathError<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.path.get(self.done.len()..).unwrap_or_default();
        let Some(there) = self.there else {
            return match self.done.is_empty() {
                true => write!(
                    f,
                    "{} is not a valid path; expected, for example, $.rows[3].temp or $[\"a key\"]",
                    self.path
                ),
                false => write!(f, "{} is not a valid path: {rest} is not a step", self.path),
            };
        };
        if let Some(part) = self.part(there) {
            write!(f, "{} exists and ", self.reached)?;
            part.describe(f)?;
            let mut steps = ValuePath::new(self.path);
            while steps.done().len() <= self.reached.len() && steps.next().is_some() {}
            return match self.path.get(self.reached.len()..steps.done().len()) {
                Some("") | None => f.write_str(", and no value of the pickle"),
                Some(missing) => write!(f, "; there is no {missing}"),
            };
        }
        // One step of the rest; inside an array any of them may be the one.
        let mut steps = ValuePath::new(self.path);
        let mut missing = rest;
        while !matches!(there.view(), View::Array(_) | View::Masked(_)) {
            let before = steps.done().len();
            if steps.next().is_none() {
                break;
            }
            if before >= self.done.len() {
                missing = self.path.get(before..steps.done().len()).unwrap_or(rest);
                break;
            }
        }
        match self.done {
            "" => f.write_str("$")?,
            done => f.write_str(done)?,
        }
        f.write_str(" exists and ")?;
        what_is(there, f)?;
        write!(f, "; there is no {missing}")
    }
}

impl fmt::Debug for PathError<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What there is to step into.
fn what_is(value: Value<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let counted = |f: &mut fmt::Formatter<'_>, count: usize, noun: &str| {
        write!(f, "has {count} {noun}{}", if count == 1 { "" } else { "s" })
    };
    let named = |f: &mut fmt::Formatter<'_>, noun: &str, names: &mut dyn Iterator<Item = Value<'_>>, len: usize| {
        match len {
            0 => return write!(f, "has no {noun}s"),
            1 => write!(f, "has the {noun} ")?,
            _ => write!(f, "has {noun}s ")?,
        }
        for (nth, name) in names.take(LISTED).enumerate() {
            f.write_str(if nth == 0 { "" } else { ", " })?;
            write_key(name, (noun == "key").then_some(nth), f)?;
        }
        if len > LISTED { write!(f, ", ... ({len})") } else { Ok(()) }
    };
    if let Some(described) = rows::describe(value, f) {
        return described;
    }
    match value.view() {
        View::Mapping(mapping) => {
            let len = mapping.pairs.len();
            named(f, "key", &mut mapping.pairs.map(|(key, _)| key), len)
        }
        View::Sequence(sequence) => counted(f, sequence.items.len(), "item"),
        View::Set(set) => counted(f, set.items.len(), "item"),
        View::Record(record) if record.attributes.len() != 0 => {
            named(f, "attribute", &mut record.attributes.map(|(name, _)| name), record.attributes.len())
        }
        View::Record(record) => counted(f, record.positional().len(), "field"),
        View::Text(_) | View::Surrogates(_) => f.write_str("is text"),
        View::Int(_) | View::BigInt(_) => f.write_str("is an int"),
        View::Float(_) | View::FloatText(_) => f.write_str("is a float"),
        View::None => f.write_str("is None"),
        View::Bool(_) => f.write_str("is a bool"),
        View::Bytes(_) | View::ByteArray(_) => f.write_str("is bytes"),
        View::Global(_) => f.write_str("is a class or function"),
        View::Array(_) => f.write_str("is an array"),
        View::Masked(_) => f.write_str("is a masked array"),
        view => {
            let object = value.as_object();
            let class = object.and_then(|object| match object.instance() {
                Some(instance) => instance.class.as_global(),
                None => object.class(),
            });
            match class {
                Some(class) => write!(f, "is a {class}")?,
                None => f.write_str("is an object")?,
            }
            // What is told by its attributes has them.
            let own = object.and_then(|object| Attributes::of(object.state()?)).filter(|own| own.len() != 0);
            match (view, own) {
                (View::Object(..) | View::Derived(_), Some(own)) => {
                    f.write_str(" that ")?;
                    named(f, "attribute", &mut own.map(|(name, _)| name), own.len())
                }
                _ => Ok(()),
            }
        }
    }
}

/// A key as it stands in a path: names without what is around them, and by its place what has no short literal.
fn write_key(key: Value<'_>, place: Option<usize>, f: &mut dyn Write) -> fmt::Result {
    if let (Some(text), Kind::Str | Kind::Str8) = (key.as_str(), key.kind())
        && !text.chars().any(char::is_control)
    {
        return f.write_str(text.get(..60).unwrap_or(text));
    }
    if is_short(key) {
        f.write_str("[")?;
        write_short(key, f)?;
        return f.write_str("]");
    }
    match (key.items().filter(|_| key.kind() == Kind::Tuple), place) {
        (Some(items), _) if items.len() <= LISTED && items.clone().all(is_short) => {
            let len = items.len();
            f.write_str("[(")?;
            for (nth, item) in items.enumerate() {
                f.write_str(if nth == 0 { "" } else { ", " })?;
                write_short(item, f)?;
            }
            f.write_str(if len == 1 { ",)]" } else { ")]" })
        }
        (_, Some(place)) => write!(f, "@key[{place}]"),
        (_, None) => f.write_str("..."),
    }
}

/// It is written as a literal without escapes.
fn is_short(value: Value<'_>) -> bool {
    match value.view() {
        View::None | View::Bool(_) | View::Int(_) => true,
        View::Text(text) => text.len() <= 60 && text.chars().all(|c| !c.is_control() && !matches!(c, '"' | '\\')),
        View::Bytes(_) => value.as_bytes().is_some_and(|bytes| {
            bytes.len() <= 60
                && bytes.iter().all(|&byte| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\'))
        }),
        _ => false,
    }
}

fn write_short(value: Value<'_>, f: &mut dyn Write) -> fmt::Result {
    match value.view() {
        View::None => f.write_str("None"),
        View::Bool(true) => f.write_str("True"),
        View::Bool(false) => f.write_str("False"),
        View::Int(int) => write!(f, "{int}"),
        View::Text(text) => write!(f, "\"{text}\""),
        _ => write!(f, "b\"{}\"", value.as_bytes().and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("...")),
    }
}
