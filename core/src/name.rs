//! Names of classes and functions.

use core::fmt;

/// A class or function: a module, and the name in it, which may be dotted.
///
/// Each part is a `&str`, bytes where they need not be UTF-8, a [`Value`](crate::Value) where the pickle made the names
/// as values, or a `String`.
///
/// # Examples
///
/// ```
/// use pickle_core::GlobalName;
///
/// let deque = GlobalName::new("collections", "deque");
/// assert_eq!(deque.to_string(), "collections.deque");
/// assert!(matches!(deque.pair(), ("collections", "deque" | "OrderedDict")));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GlobalName<T> {
    /// The module, as `collections.abc`.
    pub module: T,
    /// The name in the module, as `Outer.Inner`.
    pub name: T,
}

impl<T> GlobalName<T> {
    /// A name in a module.
    pub const fn new(module: T, name: T) -> Self {
        Self { module, name }
    }
}

impl<T: Copy> GlobalName<T> {
    /// Module and name, to match on.
    pub const fn pair(self) -> (T, T) {
        (self.module, self.name)
    }
}

impl<T: fmt::Display> fmt::Display for GlobalName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

/// The class whose state joblib has the raw bytes of an array follow.
pub(crate) const JOBLIB_ARRAY: &str = "NumpyArrayWrapper";

impl GlobalName<&str> {
    /// joblib's class of arrays whose bytes follow, also where scikit-learn shipped joblib.
    pub fn is_joblib_array(&self) -> bool {
        self.name == JOBLIB_ARRAY
            && matches!(self.module, "joblib.numpy_pickle" | "sklearn.externals.joblib.numpy_pickle")
    }
}
