//! The rows of `pathlib`.

use super::View;
use crate::{Items, Kind};
use core::fmt::{self, Write};

/// A path of `pathlib`. Its `Display` is the path with its separators.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // pickle.dumps(PosixPath("/etc/hosts"), 4)
/// let pickle = b"\x80\x04\x8c\x07pathlib\x8c\tPosixPath\x93\x8c\x01/\x8c\x03etc\x8c\x05hosts\x87R.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let View::Path(path) = document.root().view() else { panic!("it is a path") };
/// assert_eq!((path.class, path.to_string().as_str()), ("PosixPath", "/etc/hosts"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct PurePath<'d> {
    /// The name of its class, such as `PosixPath`.
    pub class: &'d str,
    /// The parts: text.
    pub parts: Items<'d>,
}

/// `pathlib.PosixPath(*parts)` and its like; Python 3.13 has them in `pathlib._local`.
pub(super) fn view<'d>(class: &'d str, parts: Items<'d>) -> Option<View<'d>> {
    let all_text = parts.clone().all(|part| matches!(part.kind(), Kind::Str | Kind::Str8) && part.as_str().is_some());
    if all_text { Some(View::Path(PurePath { class, parts })) } else { None }
}

impl fmt::Display for PurePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.class.contains("Windows") { '\\' } else { '/' };
        // A root ends with its separator: `/`, `C:\`.
        let mut joined = true;
        let mut empty = true;
        for part in self.parts.filter_map(|part| part.as_str()) {
            if !joined {
                f.write_char(separator)?;
            }
            // Python 3.13 keeps the slashes that a path was written with.
            for (nth, piece) in part.split('/').enumerate() {
                if nth != 0 {
                    f.write_char(separator)?;
                }
                f.write_str(piece)?;
            }
            joined = part.ends_with(separator) || part.ends_with('/');
            empty = empty && part.is_empty();
        }
        if empty { f.write_str(".") } else { Ok(()) }
    }
}
