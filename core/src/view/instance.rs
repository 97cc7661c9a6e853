//! An object as its class, its arguments and what happened to it, whichever opcodes say so.

use super::python_name;
use crate::knobs::{CHANGES, KNOWN_STD};
use crate::{Change, Entries, GlobalName, How, Items, Kind, ObjectParts, Value};

/// A class and the arguments of its constructor.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{GlobalName, Heap, Options, Unpickler};
///
/// // pickle.dumps(User(), 0) of a class User in app
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"ccopy_reg\n_reconstructor\n(capp\nUser\nc__builtin__\nobject\nNtR.")?;
/// let object = document.root().as_object().unwrap();
/// assert_eq!(object.class(), Some(GlobalName::new("copy_reg", "_reconstructor")));
/// let instance = object.instance().unwrap();
/// assert_eq!(instance.class.as_global(), Some(GlobalName::new("app", "User")));
/// assert_eq!(instance.args.len(), 0);
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Instance<'d> {
    /// The class or function.
    pub class: Value<'d>,
    /// What it is called with.
    pub args: Items<'d>,
}

impl<'d> ObjectParts<'d> {
    /// The class and its arguments, seen through the helper functions that
    /// protocols 0 and 1 use to make instances (`copyreg._reconstructor` of
    /// a plain object, `copyreg.__newobj__`).
    ///
    /// `None` for what stands behind a persistent id, for a global that was
    /// changed, and where keyword arguments are given.
    pub fn instance(&self) -> Option<Instance<'d>> {
        match self.how() {
            How::PersId | How::Changed => return None,
            How::NewObjEx if self.kwargs().is_some_and(|kwargs| kwargs.kind() != Kind::Dict || !kwargs.is_empty()) => {
                return None;
            }
            _ => {}
        }
        let (class, mut args) = (self.callable(), self.args());
        match self.class().map(GlobalName::pair) {
            Some(("copy_reg" | "copyreg", "_reconstructor")) => {
                let mut parts = args;
                if let (Some(inner), Some(base), Some(state)) = (parts.next(), parts.next(), parts.next())
                    && (builtin(base) == Some("object") && state.is_none() || is_empty_base(base, state))
                {
                    return Some(Instance { class: inner, args: parts });
                }
            }
            Some(("copy_reg" | "copyreg", "__newobj__")) => {
                if let Some(inner) = args.next() {
                    return Some(Instance { class: inner, args });
                }
            }
            _ => {}
        }
        Some(Instance { class, args })
    }

    /// The class, the built-in class that it is made of, and its value there: an instance of a subclass of `int`, `list`
    /// and so on, as protocols 0 and 1 spell it (`copyreg._reconstructor`).
    pub(crate) fn derived(&self) -> Option<(Value<'d>, &'d str, Value<'d>)> {
        if !KNOWN_STD {
            return None;
        }
        let ("copy_reg" | "copyreg", "_reconstructor") = self.class()?.pair() else { return None };
        let mut parts = self.args();
        let (class, base, value) = (parts.next()?, builtin(parts.next()?)?, parts.next()?);
        if base == "object" || parts.len() != 0 { None } else { Some((class, base, value)) }
    }
}

/// A base class of C that holds nothing, and an instance of it.
fn is_empty_base(base: Value<'_>, state: Value<'_>) -> bool {
    let is_base = |value: Value<'_>| value.as_global() == Some(GlobalName::new("datetime", "tzinfo"));
    is_base(base) && state.as_object().is_some_and(|object| is_base(object.callable()) && object.args().len() == 0)
}

/// The name of a built-in class.
fn builtin(value: Value<'_>) -> Option<&str> {
    let GlobalName { module, name } = value.as_global()?;
    if python_name(module) == "builtins" { Some(name) } else { None }
}

/// What happened to an object, where each thing happened at most once.
#[derive(Clone, Copy, Default)]
pub(crate) struct Changed<'d> {
    pub appended: Option<Items<'d>>,
    pub set: Option<Entries<'d>>,
    pub state: Option<Value<'d>>,
    /// Something else, or a thing twice.
    pub more: bool,
}

impl<'d> Changed<'d> {
    pub fn of(object: &ObjectParts<'d>) -> Self {
        let mut this = Changed::default();
        if !CHANGES {
            return this;
        }
        for change in object.changes() {
            this.more |= match change {
                Change::Append(items) | Change::Add(items) => this.appended.replace(items).is_some(),
                Change::SetItem(entries) => this.set.replace(entries).is_some(),
                Change::Build(state) => this.state.replace(state).is_some(),
                _ => true,
            };
            if this.more {
                break;
            }
        }
        this
    }

    pub fn is_empty(&self) -> bool {
        self.appended.is_none() && self.set.is_none() && self.state.is_none() && !self.more
    }

    /// The state, if that is all.
    pub fn only_state(&self) -> Option<Value<'d>> {
        if self.appended.is_some() || self.set.is_some() || self.more { None } else { self.state }
    }
}
