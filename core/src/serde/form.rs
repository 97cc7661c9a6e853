//! What makes an object again out of the value that was read of it.

use super::view::{Parts, Taken, Want};
use crate::view::{Attributes, View, Zone};
use crate::{GlobalName, How, Kind, ObjectParts, Value};

/// How [`Object`](super::Object) makes the object again.
///
/// Whoever reads an object and writes it again need not choose: the form that is read fits the value that is read.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::serde::{Form, Global, Object, from_slice, to_vec};
///
/// // pickle.dumps(Fraction(3, 4)) of Python 3.10
/// let input = b"\x80\x04\x8c\tfractions\x8c\x08Fraction\x93\x8c\x033/4\x85R.";
/// let fraction: Object<String> = from_slice(input, Default::default())?;
/// assert_eq!(fraction.value, "3/4");
/// assert!(to_vec(&fraction, Default::default())?.ends_with(b"R."));
/// let point = Object::with_form(Global::new("app", "Point"), Form::NewEach, [1, 2]);
/// assert!(to_vec(&point, Default::default())?.ends_with(b"\x81."));
/// # }
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
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
    /// `cls.__new__(cls)`, then the value as its slots: the state `(None, value)` (`dataclass(slots=True)`).
    Slots = 4,
    /// `cls.__new__(cls)`, then the items of a sequence or the fields of a struct as its state, a list
    /// (`dataclass(frozen=True, slots=True)`).
    StateList = 5,
    /// The same, and the state is a tuple.
    StateTuple = 6,
    /// `cls(*value)` of the items of a sequence or the fields of a struct.
    CallEach = 7,
    /// `cls.__new__(cls, *value)` of the items of a sequence or the fields of a struct (a namedtuple).
    NewEach = 8,
    /// `cls(value)`, also of a tuple.
    CallOne = 9,
    /// `cls.__new__(cls, value)`, also of a tuple.
    NewOne = 10,
    /// `cls.__new__(cls)`, then the value as its items: appended or set (a subclass of list or dict).
    NewItems = 11,
    /// `cls()`, then the value as its state.
    CallState = 12,
    /// `cls.__new__(cls, **value)` of a map or struct; from protocol 4 on.
    NewKeywords = 13,
    /// `tuple.__new__(cls, value)` of a sequence or the fields of a struct, as protocols 0 and 1 spell a subclass of tuple.
    Tuple = 14,
    /// `getattr(cls, value)`: the member of an enum by its name.
    Member = 15,
    /// The value is text that stands for an object of `datetime`, `zoneinfo` or `uuid`: ISO 8601, `str()` of a timedelta, the
    /// key of a zone, a UUID. It is written as such an object.
    Text = 16,
    /// The value is less than the object (it had arguments beside its state, say), or nothing makes an object of it again:
    /// it cannot be written.
    Part = 17,
}

impl Form {
    const ALL: [Form; 18] = [
        Form::State,
        Form::Call,
        Form::New,
        Form::Items,
        Form::Slots,
        Form::StateList,
        Form::StateTuple,
        Form::CallEach,
        Form::NewEach,
        Form::CallOne,
        Form::NewOne,
        Form::NewItems,
        Form::CallState,
        Form::NewKeywords,
        Form::Tuple,
        Form::Member,
        Form::Text,
        Form::Part,
    ];

    pub(crate) fn from_number(number: u8) -> Option<Form> {
        Form::ALL.get(usize::from(number)).copied()
    }
}

/// The class of an object, as [`Object`](super::Object) names it.
#[derive(Clone, Copy)]
pub(crate) enum Class<'f> {
    /// It has none, or none with a name.
    None,
    /// A class or function of the pickle.
    Global(Value<'f>),
    /// A class that the pickle names otherwise, or not at all.
    Named(&'static str, &'static str),
}

impl<'f> Class<'f> {
    fn global(value: Value<'f>) -> Self {
        if value.class_name().is_some() { Class::Global(value) } else { Class::None }
    }

    /// The class of a value.
    pub fn of(value: Value<'f>) -> Self {
        match value.kind() {
            Kind::Set => return Class::Named("builtins", "set"),
            Kind::FrozenSet => return Class::Named("builtins", "frozenset"),
            Kind::ByteArray => return Class::Named("builtins", "bytearray"),
            _ => {}
        }
        let Some(object) = value.as_object() else { return Class::None };
        let own = || match object.instance() {
            Some(instance) => Class::global(instance.class),
            None => Class::global(object.callable()),
        };
        match value.view() {
            View::Bytes(_) | View::Persistent(_) => Class::None,
            View::ByteArray(_) => Class::Named("builtins", "bytearray"),
            View::Set(set) => match set.class {
                Some(class) => Class::global(class),
                None if set.frozen => Class::Named("builtins", "frozenset"),
                None => Class::Named("builtins", "set"),
            },
            View::Sequence(sequence) => sequence.class.map_or_else(own, Class::global),
            View::Mapping(mapping) => mapping.class.map_or_else(own, Class::global),
            View::Derived(derived) => derived.class.map_or_else(own, Class::global),
            View::Record(record) => Class::global(record.class),
            View::Member(member) => Class::global(member.of),
            // `getattr(ZoneInfo, '_unpickle')(key, from_cache)`
            View::Zone(Zone::Named { .. }) if object.class().is_none() => Class::Named("zoneinfo", "ZoneInfo"),
            _ => own(),
        }
    }
}

/// The form of a value without an object: those that have a class of their own all the same are called with it.
pub(crate) fn plain(value: Value<'_>) -> Form {
    match value.kind() {
        Kind::Set | Kind::FrozenSet | Kind::ByteArray => Form::CallOne,
        Kind::Global | Kind::Extension | Kind::Buffer | Kind::ReadOnly => Form::Part,
        _ => Form::State,
    }
}

/// The form that makes an object again of the part of it that was read.
#[cold]
#[inline(never)]
pub(crate) fn form(value: Value<'_>, object: &ObjectParts<'_>, taken: Taken, want: Want) -> Form {
    let Ok(parts) = Parts::of(object) else { return Form::Part };
    let class = Class::of(value);
    let view = value.view();
    if let View::Bytes(_) = view {
        return Form::State;
    }
    if let Class::None = class {
        return Form::Part;
    }
    let instance = object.instance();
    // Protocols 0 and 1 make instances by calling a helper, which is seen through.
    let helped = instance.is_some_and(|instance| instance.class.as_global() != object.callable().as_global());
    let new = helped
        || match object.how() {
            How::NewObj | How::NewObjEx => true,
            How::Obj | How::Inst => parts.args.len() == 0,
            _ => false,
        };
    let choose = |new_form, call_form| if new { new_form } else { call_form };
    let is_nothing = |state: &Value<'_>| state.is_none() || state.kind() == Kind::Dict && state.is_empty();
    let state = parts.changed.state.filter(|state| !is_nothing(state));
    let has_items = parts.changed.appended.is_some() || parts.changed.set.is_some();
    let no_args = parts.args.len() == 0 && parts.kwargs.is_none();
    match taken {
        Taken::Part => Form::Part,
        Taken::Text => match class {
            Class::Global(global) if !is_told_by_text(global) => Form::Part,
            _ => Form::Text,
        },
        Taken::CallText => Form::Call,
        Taken::CallInts => {
            if let Want::Tuple(_) = want {
                Form::Call
            } else {
                Form::CallEach
            }
        }
        Taken::Member => Form::Member,
        Taken::Derived => Form::NewOne,
        Taken::Attributes if !no_args || has_items => Form::Part,
        Taken::Attributes => match parts.changed.state.and_then(Attributes::of) {
            Some(attributes) if attributes.has_slots() => choose(Form::Slots, Form::Part),
            _ => choose(Form::State, Form::CallState),
        },
        Taken::State if !no_args || has_items => Form::Part,
        Taken::State => match parts.changed.state.map(|state| state.kind()) {
            Some(Kind::List) => choose(Form::StateList, Form::Part),
            Some(Kind::Tuple) => choose(Form::StateTuple, Form::Part),
            _ => choose(Form::State, Form::CallState),
        },
        Taken::Items if state.is_some() || parts.kwargs.is_some() => Form::Part,
        Taken::Items => items(value, &parts, view, new),
        _ if state.is_some() || has_items => Form::Part,
        Taken::Args if parts.kwargs.is_some() => Form::Part,
        // Nothing at all: an empty state says the same.
        Taken::Args if parts.args.len() == 0 => choose(Form::State, Form::CallState),
        Taken::Args if derived_tuple(object) => Form::Tuple,
        Taken::Args => match want {
            Want::Tuple(_) => choose(Form::New, Form::Call),
            _ => choose(Form::NewEach, Form::CallEach),
        },
        Taken::Arg if derived_tuple(object) => Form::Part,
        Taken::Arg => {
            let mut args = parts.args;
            let is_tuple = args.next().is_some_and(|arg| arg.kind() == Kind::Tuple);
            match want {
                Want::Str if matches!(view, View::ByteArray(_)) => Form::Part,
                Want::Tuple(_) => choose(Form::NewOne, Form::CallOne),
                _ if is_tuple => choose(Form::NewOne, Form::CallOne),
                _ => choose(Form::New, Form::Call),
            }
        }
        Taken::Keywords => {
            if no_args || parts.args.len() != 0 {
                Form::Part
            } else {
                Form::NewKeywords
            }
        }
    }
}

/// Objects that are written again from a text.
fn is_told_by_text(class: Value<'_>) -> bool {
    matches!(
        class.as_global().map(GlobalName::pair),
        Some(
            ("datetime", "date" | "time" | "datetime" | "timedelta" | "timezone")
                | ("zoneinfo" | "backports.zoneinfo", "ZoneInfo")
                | ("uuid", "UUID")
        )
    )
}

/// An instance of a subclass of tuple, as protocols 0 and 1 spell it.
fn derived_tuple(object: &ObjectParts<'_>) -> bool {
    object.derived().is_some_and(|(_, base, _)| base == "tuple")
}

/// The form of what has items.
fn items(value: Value<'_>, parts: &Parts<'_>, view: View<'_>, new: bool) -> Form {
    let derived = value.as_object().is_some_and(|object| object.derived().is_some());
    let appended = parts.changed.appended.is_some() || parts.changed.set.is_some();
    // `deque([])` and then items: the argument says nothing.
    let mut args = parts.args;
    let first = args.next();
    let empty = args.len() == 0 && first.is_none_or(|first| first.items().is_some_and(|items| items.len() == 0));
    match view {
        View::Set(set) if set.class.is_some() => Form::Part,
        _ if derived => Form::NewItems,
        _ if appended && parts.args.len() == 0 => {
            if new {
                Form::NewItems
            } else {
                Form::Items
            }
        }
        View::Sequence(_) | View::Set(_) if appended && empty => Form::Items,
        _ if appended => Form::Part,
        // An empty one.
        _ if first.is_none() => {
            if new {
                Form::NewItems
            } else {
                Form::Items
            }
        }
        View::Sequence(_) | View::Set(_) | View::Mapping(_) if args.len() == 0 => Form::CallOne,
        _ => Form::Part,
    }
}
