//! What a build can leave out: a constant for each feature of that kind.
//!
//! Code asks for the constant instead of being compiled or not, so that every build checks all of it; where a constant is
//! false, the linker finds nothing that uses what it stands for. What is left out is refused with
//! [`ErrorKind::FeatureOff`](crate::ErrorKind::FeatureOff), at the opcode that needs it; but for what objects mean: without that they are
//! objects, of a class that is not known.

/// Arguments that are text: INT, LONG, FLOAT, UNICODE, STRING, GET, PUT, PERSID.
pub(crate) const PROTOCOL_0: bool = cfg!(feature = "protocol-0");
/// Strings and instances of Python 2: STRING, BINSTRING, SHORT_BINSTRING, INST, OBJ.
pub(crate) const PYTHON_2: bool = cfg!(feature = "python-2");
/// Ints beyond 64 bits.
pub(crate) const BIG_INTS: bool = cfg!(feature = "big-ints");
/// What is done to an object after it was made: its state and its items, arrays of joblib, SETITEM on a list.
pub(crate) const CHANGES: bool = cfg!(feature = "changes");
/// Items handed over while a pickle is read.
pub(crate) const ITEMS: bool = cfg!(feature = "items");
/// What objects of the standard library mean, in views, and subclasses of built-in classes as protocols 0 and 1 spell them.
pub(crate) const KNOWN_STD: bool = cfg!(feature = "known-std");
/// What objects of numpy, pandas, scipy, torch, joblib, pyarrow and others mean, in views.
pub(crate) const KNOWN_SCIENCE: bool = cfg!(feature = "known-science");
/// Calls whose results are dropped are noted.
pub(crate) const DROPPED_CALLS: bool = ITEMS && cfg!(feature = "dropped-calls");
