//! How a value is spelt in a protocol: the choice of opcodes, for the pickler and for the writer of documents.

/// The module of Python's built-ins: before protocol 3, Python 2's (`fix_imports`).
pub(crate) fn builtins(protocol: u8) -> &'static str {
    if protocol < 3 { "__builtin__" } else { "builtins" }
}
