//! Values of subclasses of scalars.

use crate::Value;

/// An instance of a subclass of `int`, `str` and so on: a class, and the value without it.
#[derive(Clone, Copy)]
pub struct Derived<'d> {
    /// The class; `None` for `collections.UserString`.
    pub class: Option<Value<'d>>,
    /// A value of the built-in class.
    pub value: Value<'d>,
}
