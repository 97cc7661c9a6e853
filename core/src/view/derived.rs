//! Values of subclasses of scalars.

use crate::Value;

/// An instance of a subclass of `int`, `str` and so on: a class, and the value without it.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // pickle.dumps(Id(7), 0) of a class Id(int) in app
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"ccopy_reg\n_reconstructor\n(capp\nId\nc__builtin__\nint\nI7\ntR.")?;
/// let View::Derived(id) = document.root().view() else { panic!("it is an int of a class") };
/// assert_eq!(id.class.and_then(|class| class.as_global()).map(|class| class.name), Some("Id"));
/// assert_eq!(id.value.as_i64(), Some(7));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Derived<'d> {
    /// The class; `None` for `collections.UserString`.
    pub class: Option<Value<'d>>,
    /// A value of the built-in class.
    pub value: Value<'d>,
}
