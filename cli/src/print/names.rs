//! Names of classes and functions, the same for every protocol.
//!
//! Python 3 writes the names of Python 2 up to protocol 2 (`__builtin__`, `exceptions.ValueError`, `itertools.imap`) and maps
//! them back when it reads. Comparisons and searches get the name that is loaded.

use pickle_core::compat;

/// Modules of Python 2 that have the name of something else in many programs: what is in them is left alone.
const COMMON: [&str; 11] = [
    "Dialog",
    "FileDialog",
    "SimpleDialog",
    "commands",
    "dbm",
    "gdbm",
    "markupbase",
    "repr",
    "robotparser",
    "thread",
    "ttk",
];

/// What Python 3 calls a class or function that a pickle names.
pub fn today<'n>(module: &'n str, name: &'n str) -> (&'n str, &'n str) {
    match compat::moved_to_python3(module, name) {
        Some((module, Some(name))) => (module, name),
        Some((new, None)) if !COMMON.contains(&module) => (new, name),
        _ => (module, name),
    }
}

/// Both names are loaded as the same class or function. What Python 2 has one name for where Python 3 has several
/// (`OSError` and `FileNotFoundError`, `functools.reduce` and `_functools.reduce`) is the same where one of both is a name of
/// Python 2.
pub fn same(a: (&str, &str), b: (&str, &str)) -> bool {
    let (x, y) = (today(a.0, a.1), today(b.0, b.1));
    let there_and_back = |(module, name)| {
        let (module, name) = compat::to_python2(module, name);
        today(module, name)
    };
    x == y || (x != a || y != b) && there_and_back(x) == there_and_back(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_python_2() {
        assert_eq!(today("__builtin__", "long"), ("builtins", "int"));
        assert_eq!(today("exceptions", "ValueError"), ("builtins", "ValueError"));
        assert_eq!(today("itertools", "imap"), ("builtins", "map"));
        assert_eq!(today("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor"));
        assert_eq!(today("Queue", "Queue"), ("queue", "Queue"));
        for own in [("commands", "Run"), ("repr", "Repr2"), ("shop", "Item"), ("builtins", "int")] {
            assert_eq!(today(own.0, own.1), own);
        }
    }

    #[test]
    fn one_name_for_several() {
        assert!(same(("exceptions", "OSError"), ("builtins", "FileNotFoundError")));
        assert!(same(("_functools", "reduce"), ("__builtin__", "reduce")));
        assert!(!same(("builtins", "PermissionError"), ("builtins", "FileNotFoundError")));
        assert!(!same(("exceptions", "ValueError"), ("builtins", "KeyError")));
    }
}
