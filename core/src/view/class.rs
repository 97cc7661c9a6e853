//! Which class or function a value names.

use super::python_name;
use crate::{GlobalName, ObjectParts, Value};
use core::fmt;

/// Attributes of attributes that are followed.
const LEVELS: usize = 64;

/// The name of a class or function: a global, or an attribute of one, as protocols below 4 have a class in a class
/// (`getattr(Outer, 'Inner')`).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(Outer.Inner, 2) of a class Inner in a class Outer of app
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"c__builtin__\ngetattr\ncapp\nOuter\nX\x05\0\0\0Inner\x86R.")?;
/// let class = document.root().class_name().unwrap();
/// assert_eq!(class.module(), "app");
/// assert!(class.names().eq(["Outer", "Inner"]));
/// assert_eq!(class.to_string(), "app.Outer.Inner");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ClassName<'d> {
    value: Value<'d>,
    outermost: GlobalName<&'d str>,
    /// Attributes from the outermost one to this one.
    inner: usize,
}

impl<'d> ClassName<'d> {
    /// The module.
    pub fn module(&self) -> &'d str {
        self.outermost.module
    }

    /// The name in the module, from the outermost class on. The first one has dots where the pickle has several names in
    /// one.
    pub fn names(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        let (outermost, value, inner) = (self.outermost.name, self.value, self.inner);
        let attributes = (0..inner).map_while(move |outer| {
            let mut at = attribute(value)?;
            for _ in outer..inner.saturating_sub(1) {
                at = attribute(at.0)?;
            }
            Some(at.1)
        });
        core::iter::once(outermost).chain(attributes)
    }
}

impl fmt::Display for ClassName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.module())?;
        self.names().try_for_each(|name| write!(f, ".{name}"))
    }
}

impl<'d> Value<'d> {
    /// The name of the class or function that the value is, whichever opcodes say so; `None` for what is none, for
    /// extension codes, and for names that are no UTF-8.
    pub fn class_name(&self) -> Option<ClassName<'d>> {
        let mut of = *self;
        for inner in 0..LEVELS {
            if let Some(outermost) = of.as_global() {
                return Some(ClassName { value: *self, outermost, inner });
            }
            of = attribute(of)?.0;
        }
        None
    }

    /// The value is a class or function with a name or a number.
    pub(super) fn is_class(&self) -> bool {
        self.class_name().is_some() || self.as_extension().is_some()
    }
}

/// `getattr(object, name)`: the object and the name.
fn attribute(value: Value<'_>) -> Option<(Value<'_>, &str)> {
    attribute_of(&value.as_object()?)
}

/// The same of what the call made.
pub(super) fn attribute_of<'d>(made: &ObjectParts<'d>) -> Option<(Value<'d>, &'d str)> {
    let (module, "getattr") = made.class()?.pair() else { return None };
    let mut args = made.args();
    let (of, name) = (args.next()?, args.next()?.as_str()?);
    if python_name(module) == "builtins" && args.len() == 0 && made.changes().next().is_none() {
        Some((of, name))
    } else {
        None
    }
}
