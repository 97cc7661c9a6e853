//! Names of classes and functions, the same for every protocol.
//!
//! Python 3 writes the names of Python 2 up to protocol 2 (`__builtin__`, `exceptions.ValueError`, `itertools.imap`) and maps
//! them back when it reads. Comparisons and searches get the name that is loaded.

use pickle_core::compat::{self, Moved};
use pickle_core::view::ClassName;
use pickle_core::{GlobalName, Value};

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

/// What `subprocess` of Python 3 has, and `commands` of Python 2 had not.
const PROCESSES: [&str; 5] = ["CompletedProcess", "CalledProcessError", "Popen", "SubprocessError", "TimeoutExpired"];

/// What Python 3 calls a class or function that a pickle names.
pub fn today(global: GlobalName<&str>) -> GlobalName<&str> {
    if global.module == "commands" && PROCESSES.contains(&global.name) {
        return GlobalName { module: "subprocess", ..global };
    }
    match compat::moved_to_python3(global.module, global.name) {
        Some(Moved { module, name: Some(name), .. }) => GlobalName { module, name },
        Some(Moved { module, name: None, .. }) if !COMMON.contains(&global.module) => GlobalName { module, ..global },
        _ => global,
    }
}

/// The name of a class or function as Python 3 has it, `module.Name`, the built-in ones alone. `None` for what is no such name.
pub fn of(value: Value<'_>) -> Option<String> {
    let GlobalName { module, name } = split(value.class_name()?, true);
    Some(if module == "builtins" { name } else { format!("{module}.{name}") })
}

/// Module and name of a class or function, one in a class with a dot between; if `as_today`, as Python 3 has them.
pub fn split(class: ClassName<'_>, as_today: bool) -> GlobalName<String> {
    let mut names = class.names();
    let outermost = GlobalName::new(class.module(), names.next().unwrap_or_default());
    let GlobalName { module, name } = if as_today { today(outermost) } else { outermost };
    let names: Vec<&str> = std::iter::once(name).chain(names).collect();
    GlobalName::new(module.to_owned(), names.join("."))
}

/// Both are loaded as the same class or function.
pub fn same_class(a: ClassName<'_>, b: ClassName<'_>) -> bool {
    let (a, b) = (split(a, false), split(b, false));
    same(GlobalName::new(&a.module, &a.name), GlobalName::new(&b.module, &b.name))
}

/// Both names are loaded as the same class or function. What Python 2 has one name for where Python 3 has several
/// (`OSError` and `FileNotFoundError`, `functools.reduce` and `_functools.reduce`) is the same where one of both is a name of
/// Python 2.
pub fn same(a: GlobalName<&str>, b: GlobalName<&str>) -> bool {
    let (x, y) = (today(a), today(b));
    // What protocols 0 to 2 have for it, whoever else may have a module of that name.
    let is_old = |old: GlobalName<&str>, new: GlobalName<&str>| {
        COMMON.contains(&old.module) && compat::to_python2(new.module, new.name) == old
    };
    fn there_and_back(global: GlobalName<&str>) -> GlobalName<&str> {
        today(compat::to_python2(global.module, global.name))
    }
    x == y || is_old(a, b) || is_old(b, a) || (x != a || y != b) && there_and_back(x) == there_and_back(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn global(module: &'static str, name: &'static str) -> GlobalName<&'static str> {
        GlobalName::new(module, name)
    }

    #[test]
    fn names_of_python_2() {
        assert_eq!(today(global("__builtin__", "long")), global("builtins", "int"));
        assert_eq!(today(global("exceptions", "ValueError")), global("builtins", "ValueError"));
        assert_eq!(today(global("itertools", "imap")), global("builtins", "map"));
        assert_eq!(today(global("copy_reg", "_reconstructor")), global("copyreg", "_reconstructor"));
        assert_eq!(today(global("Queue", "Queue")), global("queue", "Queue"));
        for own in
            [global("commands", "Run"), global("repr", "Repr2"), global("shop", "Item"), global("builtins", "int")]
        {
            assert_eq!(today(own), own);
        }
    }

    #[test]
    fn one_name_for_several() {
        assert!(same(global("exceptions", "OSError"), global("builtins", "FileNotFoundError")));
        assert!(same(global("_functools", "reduce"), global("__builtin__", "reduce")));
        assert!(same(global("commands", "CompletedProcess"), global("subprocess", "CompletedProcess")));
        assert!(same(global("repr", "Repr"), global("reprlib", "Repr")));
        assert!(!same(global("commands", "Run"), global("shop", "Run")));
        assert!(!same(global("builtins", "PermissionError"), global("builtins", "FileNotFoundError")));
        assert!(!same(global("exceptions", "ValueError"), global("builtins", "KeyError")));
    }
}
