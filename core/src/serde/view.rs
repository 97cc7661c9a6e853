//! What an object looks like to a type that asks for a map, a sequence or a scalar.

use super::error::{Error, Result};
use crate::view::{Octets, Pairs, python_name};
use crate::{Change, Entries, Items, Kind, Known, Object, Value};

/// What the type asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Any,
    Map,
    Struct,
    Seq,
    /// A tuple of so many items.
    Tuple(usize),
    Scalar,
    Str,
    Bytes,
}

/// What an object offers.
pub(crate) enum View<'f> {
    /// Its items, or its arguments.
    Items(Items<'f>),
    /// Keys and values.
    Map(PairsOf<'f>),
    /// Another value stands for it: its state, or its one argument.
    Value(Value<'f>),
    /// Bytes, however they are spelled.
    Octets(Octets<'f>),
    /// Text that the pickle has.
    Text(&'f str),
    /// Text that must be made.
    Known(Known<'f>),
    /// 128 bits, the highest first.
    Uuid(u128),
}

/// Keys and values from wherever an object has them.
pub(crate) enum PairsOf<'f> {
    None,
    Pairs(Pairs<'f>),
    /// Attributes, then slots.
    Entries(Entries<'f>, Option<Entries<'f>>),
}

impl<'f> Iterator for PairsOf<'f> {
    type Item = (Value<'f>, Value<'f>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            PairsOf::None => None,
            PairsOf::Pairs(pairs) => pairs.next(),
            PairsOf::Entries(first, second) => first.next().or_else(|| second.as_mut()?.next()),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match self {
            PairsOf::None => 0,
            PairsOf::Pairs(pairs) => pairs.len(),
            PairsOf::Entries(first, second) => first.len() + second.map_or(0, |second| second.len()),
        };
        (len, Some(len))
    }
}

/// How [`Object`](super::Object) makes the object again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum Form {
    /// `cls.__new__(cls)`, then the value as its state: attributes, or what `__setstate__` takes.
    #[default]
    State = 0,
    /// `cls(*value)` of a tuple, `cls(value)` of anything else.
    Call = 1,
    /// `cls.__new__(cls, *value)` of a tuple, `cls.__new__(cls, value)` of anything else.
    New = 2,
    /// `cls()`, then the value as its items: appended or set.
    Items = 3,
}

impl Form {
    pub(crate) fn from_number(number: u8) -> Option<Form> {
        match number {
            0 => Some(Form::State),
            1 => Some(Form::Call),
            2 => Some(Form::New),
            3 => Some(Form::Items),
            _ => None,
        }
    }
}

/// What happened to an object, each thing at most once.
struct Parts<'f> {
    args: Items<'f>,
    kwargs: Option<Value<'f>>,
    appended: Option<Items<'f>>,
    set: Option<Entries<'f>>,
    state: Option<Value<'f>>,
}

impl<'f> Parts<'f> {
    fn of(object: &Object<'f>) -> Result<Self> {
        let args = object.instance().map_or(object.args(), |instance| instance.args);
        let kwargs = object.kwargs().filter(|kwargs| !kwargs.is_empty());
        let mut parts = Parts { args, kwargs, appended: None, set: None, state: None };
        let mut twice = false;
        for change in object.changes() {
            twice |= match change {
                Change::Append(items) | Change::Add(items) => parts.appended.replace(items).is_some(),
                Change::SetItem(entries) => parts.set.replace(entries).is_some(),
                Change::Build(state) => parts.state.replace(state).is_some(),
                _ => true,
            };
        }
        if twice {
            return Err(Error::value(format_args!(
                "the object was changed in more ways than one value can show; read it as a Document"
            )));
        }
        Ok(parts)
    }

    fn one_arg(&self) -> Option<Value<'f>> {
        if self.args.len() == 1 && self.kwargs.is_none() { self.args.clone().next() } else { None }
    }

    /// The state as attributes.
    fn attributes(&self) -> Option<PairsOf<'f>> {
        let state = self.state?;
        if let Some(entries) = state.entries() {
            return Some(PairsOf::Entries(entries, None));
        }
        if state.kind() != Kind::Tuple || state.len() != 2 {
            return None;
        }
        let (dict, slots) = (state.at(0)?, state.at(1)?.entries()?);
        match dict.entries() {
            Some(entries) => Some(PairsOf::Entries(entries, Some(slots))),
            None if dict.is_none() => Some(PairsOf::Entries(slots, None)),
            None => None,
        }
    }
}

/// Which form makes the object again.
pub(crate) fn form(object: &Object<'_>) -> Form {
    let instance = object.instance();
    // Protocols 0 and 1 make instances by calling a helper, which is seen through.
    let helped = instance.is_some_and(|instance| instance.class.as_global() != object.callable().as_global());
    let mut form = match object.how() {
        crate::How::NewObj | crate::How::NewObjEx => Form::New,
        _ if helped => Form::New,
        _ => Form::Call,
    };
    for change in object.changes() {
        match change {
            Change::Append(_) | Change::Add(_) | Change::SetItem(_) => return Form::Items,
            _ => form = Form::State,
        }
    }
    // A bare instance: an empty state says the same.
    let args = instance.map_or(object.args(), |instance| instance.args);
    if form == Form::New && args.len() == 0 { Form::State } else { form }
}

fn known(value: Value<'_>, want: Want) -> Option<View<'_>> {
    let text = matches!(want, Want::Any | Want::Str);
    Some(match Known::of(value)? {
        Known::Bytes(octets) | Known::ByteArray(octets) => View::Octets(octets),
        Known::Set(items) | Known::FrozenSet(items) | Known::Deque(items, _) => View::Items(items),
        Known::OrderedDict(pairs, _) | Known::DefaultDict(_, pairs) | Known::Counter(pairs) => {
            View::Map(PairsOf::Pairs(pairs))
        }
        Known::Decimal(text) | Known::FractionText(text) | Known::ZoneInfo(text) => View::Text(text),
        Known::Uuid(number) if text || want == Want::Bytes => View::Uuid(number),
        known @ (Known::Date(_) | Known::Time(_, None) | Known::DateTime(_, _, None) | Known::TimeDelta(_)) if text => {
            View::Known(known)
        }
        _ => return None,
    })
}

/// What `object`, which `value` is, offers to a type that wants `want`.
pub(crate) fn view<'f>(value: Value<'f>, object: &Object<'f>, want: Want) -> Result<View<'f>> {
    if value.kind() == Kind::Persistent {
        return Ok(View::Value(object.callable()));
    }
    if let Some(known) = known(value, want) {
        return Ok(known);
    }
    let parts = Parts::of(object)?;
    let attributes = parts.attributes();
    let has_attributes = attributes.is_some();
    let other_state = if has_attributes { None } else { parts.state.filter(|state| !state.is_none()) };
    let view = match want {
        Want::Any | Want::Map | Want::Struct => {
            if let Some(entries) = parts.set {
                View::Map(PairsOf::Entries(entries, None))
            } else if let (Some(items), Want::Any) = (parts.appended, want) {
                View::Items(items)
            } else if let Some(attributes) = attributes {
                View::Map(attributes)
            } else if let Some(state) = other_state {
                View::Value(state)
            } else if let Some(items) = parts.appended {
                View::Items(items)
            } else if let Some(kwargs) = parts.kwargs.and_then(|kwargs| kwargs.entries()) {
                View::Map(PairsOf::Entries(kwargs, None))
            } else if let Some(value) = special(object, &parts) {
                View::Value(value)
            } else if parts.args.len() == 0 {
                View::Map(PairsOf::None)
            } else {
                match parts.one_arg() {
                    Some(arg) if want != Want::Struct || arg.kind() == Kind::Dict => View::Value(arg),
                    _ => View::Items(parts.args),
                }
            }
        }
        Want::Seq | Want::Tuple(_) => {
            if let Some(items) = parts.appended {
                View::Items(items)
            } else if let Some(entries) = parts.set {
                View::Map(PairsOf::Entries(entries, None))
            } else if let Some(state) = other_state {
                View::Value(state)
            } else {
                match parts.one_arg() {
                    Some(arg) if arg.items().is_some() && want != Want::Tuple(1) => View::Value(arg),
                    _ if parts.args.len() == 0 && has_attributes => View::Map(attributes.unwrap_or(PairsOf::None)),
                    _ => View::Items(parts.args),
                }
            }
        }
        Want::Scalar | Want::Str | Want::Bytes => {
            if let Some(value) = special(object, &parts).or(parts.one_arg()).or(other_state) {
                View::Value(value)
            } else if let Some(attributes) = attributes {
                View::Map(attributes)
            } else {
                View::Items(parts.args)
            }
        }
    };
    Ok(view)
}

/// Calls whose meaning is one of their arguments.
fn special<'f>(object: &Object<'f>, parts: &Parts<'f>) -> Option<Value<'f>> {
    let (module, name) = object.class()?;
    let mut args = parts.args;
    match (python_name(module), name, args.len()) {
        // A member of an Enum by its name.
        ("builtins", "getattr", 2) => args.nth(1),
        // An instance of a subclass of int, str, ... in protocols 0 and 1.
        ("copyreg", "_reconstructor", 3) => args.nth(2),
        _ => None,
    }
}
