//! Which file is meant: of `FILE!MEMBER`, and of databases that are several files, or are named without an extension.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Takes `FILE!MEMBER` apart. A file that has a `!` in its own name is that file.
pub(super) fn split(path: &Path) -> (PathBuf, Option<String>) {
    let whole = || (path.to_owned(), None);
    let Some(text) = path.to_str() else { return whole() };
    if !text.contains('!') || path.exists() {
        return whole();
    }
    let is_file = |file: &str| {
        let path = Path::new(file);
        file == "-" || path.is_file() || path.join("data.mdb").is_file() || values_of(path).is_some()
    };
    let found = text.match_indices('!').map(|(at, _)| text.split_at(at)).find(|(file, _)| is_file(file));
    match found {
        Some((file, member)) => (file.into(), member.strip_prefix('!').map(str::to_owned)),
        None => whole(),
    }
}

/// The file with the values of a database of `dbm` or `shelve` that `path` names as they do, without an extension, or whose keys are there.
/// `None` where it is a file of its own, or nothing.
pub(super) fn values_of(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        let is_keys = path.extension().is_some_and(|extension| extension == "dir") && begins_as_keys(path);
        return is_keys.then(|| path.with_extension("dat")).filter(|values| values.is_file());
    }
    if path.exists() || path.as_os_str().is_empty() || path == Path::new("-") {
        return None;
    }
    let with = |extension: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    // In the order in which `dbm.whichdb` asks.
    let halves = [(".pag", Some(".dir")), (".db", None), (".dat", Some(".dir"))];
    let mut found = halves.into_iter().filter(|(_, keys)| keys.is_none_or(|keys| with(keys).is_file()));
    found.find_map(|(values, _)| Some(with(values)).filter(|file| file.is_file()))
}

/// Begins as the keys of `dbm.dumb`: the repr of one.
fn begins_as_keys(path: &Path) -> bool {
    let mut head = [0; 1];
    let read = File::open(path).and_then(|mut file| file.read(&mut head));
    matches!((read, head), (Ok(1), [b'\'' | b'"']))
}
