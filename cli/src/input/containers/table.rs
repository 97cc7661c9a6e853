//! The formats that are unfolded, a row each, which a file of this folder defines.

use super::format::{Format, Recognise};
use crate::Failure;
use crate::input::Input;

/// Every format, in the order in which they are asked: those that their first bytes tell before the others.
pub(super) const FORMATS: &[Format] = &[
    super::zip::FORMAT,
    super::tar::FORMAT,
    super::npy::FORMAT,
    super::torch::FORMAT,
    super::zodb::FORMAT,
    super::zodb::EXPORT,
    super::hdf5::FORMAT,
    #[cfg(feature = "sevenzip")]
    super::sevenz::FORMAT,
    #[cfg(feature = "sqlite")]
    super::sqlite::FORMAT,
    super::gdbm::FORMAT,
    super::bdb::FORMAT,
    super::lmdb::FORMAT,
    super::renpy::SCRIPTS,
    super::renpy::ARCHIVES,
    super::sequence_file::FORMAT,
    super::djcache::FORMAT,
    super::queuelib::FORMAT,
    super::cachelib::FORMAT,
    super::dbm::FORMAT,
    super::text::FORMAT,
    super::zip::BEHIND,
];

/// The names of the formats, for the command line.
pub(in crate::input) fn names() -> Vec<&'static str> {
    let mut names = vec![PICKLE];
    names.extend(FORMATS.iter().map(|format| format.name));
    // A format may have several rows.
    names.sort_unstable();
    names.dedup();
    names
}

/// What is no container at all.
pub(super) const PICKLE: &str = "pickle";

/// The format of this name.
pub(super) fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The format of an input.
///
/// # Errors
/// The input cannot be read.
pub(super) fn of(input: &mut Input) -> Result<Option<&'static Format>, Failure> {
    for format in FORMATS {
        let is_it = match (&format.recognise, input.part()) {
            (Recognise::Head(recognise), _) => recognise(input.head()),
            (Recognise::File(recognise), Some(part)) => recognise(input, part)?,
            (Recognise::File(_), None) => false,
        };
        if is_it {
            return Ok(Some(format));
        }
    }
    Ok(None)
}

/// Its first bytes, or the bytes at its end, tell that an input is no bare pickle.
pub(super) fn is_told_by_head(head: &[u8]) -> bool {
    FORMATS.iter().any(|format| matches!(format.recognise, Recognise::Head(recognise) if recognise(head)))
}
