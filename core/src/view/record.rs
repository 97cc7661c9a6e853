//! Objects: of a class that is not known, but of a shape that is.

use super::View;
use super::builtins::Partial;
use super::collections::{Mapping, MappingKind, Sequence, SequenceKind, Set};
use super::derived::Derived;
use super::fields::{Attributes, Pairs};
use super::instance::{Changed, Instance};
use super::octets::Octets;
use crate::{GlobalName, Items, Kind, ObjectParts, Value};
use core::fmt;

/// An object: its class, what it is made with, its attributes.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{GlobalName, Heap, Options, Unpickler, View};
///
/// // pickle.dumps(User(name="Jane"), 4) of a class User in app
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb.")?;
/// let View::Record(user) = document.root().view() else { panic!("it is an object") };
/// assert_eq!(user.name(), Some(GlobalName::new("app", "User")));
/// assert_eq!(user.attributes.get("name").and_then(|name| name.as_str()), Some("Jane"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Record<'d> {
    /// The class or function, mostly a global.
    pub class: Value<'d>,
    /// What it is made with: fields of a namedtuple, arguments of an exception.
    pub args: Items<'d>,
    /// What it is made with by name: a dict.
    pub kwargs: Option<Value<'d>>,
    /// Its attributes, with their names.
    pub attributes: Attributes<'d>,
    /// Its attributes, where the pickle has them without names (dataclasses with frozen slots, attrs with slots).
    pub values: Option<Items<'d>>,
}

impl<'d> Record<'d> {
    /// Module and name of the class.
    pub fn name(&self) -> Option<GlobalName<&'d str>> {
        self.class.as_global()
    }

    /// The fields that have no names, by position: what it is made with, else its attributes.
    pub fn positional(&self) -> Items<'d> {
        match self.values {
            Some(values) if self.args.len() == 0 => values,
            _ => self.args,
        }
    }
}

/// Why an object is nothing more than that.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{Unknown, View};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // A date is not made of two bytes.
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"cdatetime\ndate\n(C\x02\x07\xe8tR.")?;
/// assert!(matches!(document.root().view(), View::Object(_, Unknown::Parts)));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Unknown {
    /// Its class is known, but the parts are not such as the class writes them.
    Parts,
    /// It was changed in more ways than one value can show.
    Changes,
    /// Its state is of a kind that only its class understands.
    State,
    /// What makes it is no class or function with a name.
    Callable,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unknown::Parts => "its class is known, but its parts are not such as that class writes them",
            Unknown::Changes => "it was changed in more ways than one value can show",
            Unknown::State => "its state is of a kind that only its class understands",
            Unknown::Callable => "what makes it is not a class or function with a name",
        })
    }
}

/// A subclass of a built-in class, as protocols 0 and 1 spell it.
pub(super) fn derived<'d>(object: &ObjectParts<'d>) -> Option<View<'d>> {
    let (class, base, value) = object.derived()?;
    let changed = Changed::of(object);
    if changed.more {
        return None;
    }
    let attributes = changed.state.map_or(Some(Attributes::default()), Attributes::of)?;
    let class = Some(class);
    Some(match base {
        "list" => {
            let items = match (value.items()?, changed.appended) {
                (items, None) => items,
                (items, Some(appended)) if items.len() == 0 => appended,
                _ => return None,
            };
            View::Sequence(Sequence { class, attributes, ..Sequence::new(SequenceKind::List, items) })
        }
        "dict" => {
            let pairs = match (Pairs::of_value(value)?, changed.set) {
                (pairs, None) => pairs,
                (pairs, Some(set)) if pairs.len() == 0 => set.into(),
                _ => return None,
            };
            View::Mapping(Mapping { class, attributes, ..Mapping::new(MappingKind::Dict, pairs) })
        }
        "set" | "frozenset" => View::Set(Set { frozen: base == "frozenset", items: value.items()?, class, attributes }),
        // Fields of a namedtuple.
        "tuple" => View::Record(Record { class: class?, args: value.items()?, kwargs: None, attributes, values: None }),
        _ => {
            let fits = match base {
                "int" | "long" => value.kind() == Kind::Int,
                "float" => value.kind() == Kind::Float,
                "str" | "unicode" | "bytes" => {
                    matches!(value.kind(), Kind::Str | Kind::Str8 | Kind::Bytes) || Octets::of(value).is_some()
                }
                _ => true,
            };
            if !fits || value.derives() {
                return None;
            }
            View::Derived(Derived { class, value })
        }
    })
}

/// `functools.partial(C.__new__, C, *args, **kwargs)()`: what protocols 2 and 3 have for NEWOBJ_EX. Where nothing is
/// allocated, flash is counted, and it stays a call.
#[cfg(feature = "alloc")]
fn new_by_name<'d>(object: &ObjectParts<'d>) -> Option<Partial<'d>> {
    // Not by views: what is called may be made by a call, and so on, without end.
    let call = object.callable().as_object()?;
    if call.class() != Some(GlobalName::new("functools", "partial")) || object.args().len() != 0 {
        return None;
    }
    let View::Partial(partial) = super::builtins::partial(&Changed::of(&call))? else { return None };
    let function = partial.function.as_object()?;
    let (module, "getattr") = function.class()?.pair() else { return None };
    let is_new = super::python_name(module) == "builtins" && function.args().nth(1)?.as_str() == Some("__new__");
    let has_class = partial.args.clone().next()?.as_global().is_some();
    if is_new && has_class { Some(partial) } else { None }
}

#[cfg(not(feature = "alloc"))]
fn new_by_name<'d>(_: &ObjectParts<'d>) -> Option<Partial<'d>> {
    None
}

/// What an object of an unknown class looks like.
pub(super) fn view<'d>(object: &ObjectParts<'d>) -> View<'d> {
    let changed = Changed::of(object);
    if changed.more || changed.appended.is_some() && changed.set.is_some() {
        return View::Object(*object, Unknown::Changes);
    }
    let (class, args, kwargs) = match new_by_name(object) {
        Some(Partial { mut args, kwargs, .. }) => (args.next().unwrap_or(kwargs), args, Some(kwargs)),
        None => {
            let Instance { class, args } = match object.instance() {
                Some(instance) => instance,
                None => Instance { class: object.callable(), args: object.args() },
            };
            (class, args, object.kwargs())
        }
    };
    let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
    let (attributes, values) = match changed.state {
        None => (Attributes::default(), None),
        Some(state) if state.is_none() => (Attributes::default(), None),
        Some(state) => match (Attributes::of(state), state.kind()) {
            (Some(attributes), _) => (attributes, None),
            (None, Kind::List | Kind::Tuple) => (Attributes::default(), state.items()),
            _ => return View::Object(*object, Unknown::State),
        },
    };
    let own = Some(class);
    // With arguments too: the factory of a subclass of defaultdict, the largest length of one of deque.
    if values.is_none() && kwargs.is_none() && class.as_global().is_some() {
        if let Some(items) = changed.appended {
            return View::Sequence(Sequence { class: own, attributes, ..Sequence::new(SequenceKind::List, items) });
        }
        if let Some(set) = changed.set {
            return View::Mapping(Mapping { class: own, attributes, ..Mapping::new(MappingKind::Dict, set.into()) });
        }
    }
    if class.as_global().is_none() && class.as_extension().is_none() {
        return View::Object(*object, Unknown::Callable);
    }
    if changed.appended.is_some() || changed.set.is_some() {
        return View::Object(*object, Unknown::Changes);
    }
    // Arguments that are no tuple are all that is known of such an object.
    if object.args_value().is_some_and(|args| args.kind() != Kind::Tuple) {
        return View::Object(*object, Unknown::Callable);
    }
    View::Record(Record { class, args, kwargs, attributes, values })
}

impl<'d> ObjectParts<'d> {
    /// The object as a record, whatever else its class is known to mean; `None` where it has no form of one.
    pub fn as_record(&self) -> Option<Record<'d>> {
        match view(self) {
            View::Record(record) => Some(record),
            _ => None,
        }
    }
}

impl<'d> Value<'d> {
    /// An instance of a subclass, as protocols 0 and 1 spell it: these do not nest.
    fn derives(&self) -> bool {
        self.as_object().is_some_and(|object| object.derived().is_some())
    }
}
