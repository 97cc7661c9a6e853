//! A [`Document`] to bytes, as a CPython of a given version writes them.
//!
//! The order of checks, what is memoised, and where batches and frames end are
//! those of `save` and its helpers in `_pickle.c`. Recursion is an explicit stack.

mod cells;
mod memo;
mod save;
mod scalar;

use crate::encoder::Encoder;
use crate::frames::GrowingFrames;
use crate::sink::WriteError;
use crate::{Document, ErrorKind, Opcode};
use embedded_io::Write;

/// Which CPython's bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// 2.7. Protocols 0 to 2.
    Py27,
    /// 3.4 to 3.6: ints of protocol 0 are LONG, large payloads stand inside frames.
    Py36,
    /// 3.7 to 3.10.
    Py38,
    /// 3.11 and 3.12.
    Py311,
    /// 3.13: nested classes below protocol 4 take fewer memo entries.
    Py313,
    /// 3.14.
    Py314,
    /// 3.15.
    Py315,
}

/// The writer that is imitated: a version and a protocol, and which of its two picklers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The protocol, 0 to 5; to 2 for Python 2.7.
    pub protocol: u8,
    /// The version.
    pub version: Version,
    /// The pickler written in Python (`pickle.py`), not the one written in C.
    pub pure: bool,
}

impl Profile {
    /// The C pickler of a version.
    pub const fn new(version: Version, protocol: u8) -> Self {
        Profile { protocol, version, pure: false }
    }

    /// The pickler of that version's `pickle.py`. It batches and, in 2.7, numbers its memo in its own way.
    pub const fn pure(self) -> Self {
        Profile { pure: true, ..self }
    }

    pub(crate) const fn is_python2(&self) -> bool {
        matches!(self.version, Version::Py27)
    }
}

/// What becomes of the names of classes and functions. Protocols 0 to 2 use
/// those of Python 2, also where Python 3 wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Names {
    /// They stay as they are.
    #[default]
    Keep,
    /// From Python 3's to Python 2's.
    ToPython2,
    /// From Python 2's to Python 3's.
    ToPython3,
}

impl Names {
    /// What a pickle of protocol `from` needs to become one of protocol `to`.
    pub const fn between(from: u8, to: u8) -> Names {
        match (from < 3, to < 3) {
            (true, false) => Names::ToPython3,
            (false, true) => Names::ToPython2,
            _ => Names::Keep,
        }
    }
}

/// Writes documents. It keeps the memory that it has grown to, so that
/// writing one after another allocates nothing after the largest.
#[derive(Default)]
pub struct Writer {
    memo: memo::Memo,
    stack: alloc::vec::Vec<save::Frame>,
    scratch: alloc::vec::Vec<u8>,
}

impl Writer {
    /// A writer that has no memory yet.
    pub fn new() -> Self {
        Writer::default()
    }

    /// Writes a document that was a pickle of protocol `from` (of the profile's own for values that never were one).
    ///
    /// With `keep_memo` it can refer to the pickle before, whose nodes the
    /// document must still have: several `dump` calls on one `Pickler`.
    ///
    /// # Errors
    /// [`ErrorKind::Inexpressible`] for a value that no pickle of this
    /// protocol holds, [`ErrorKind::WorkLimit`] where values are nested so
    /// that the output would be out of proportion. Or the sink fails.
    pub fn write<W: Write>(
        &mut self,
        document: &Document<'_>,
        from: u8,
        profile: Profile,
        keep_memo: bool,
        out: W,
    ) -> Result<W, WriteError<W::Error>> {
        let Profile { protocol, .. } = profile;
        let frames = GrowingFrames::new();
        let mut out = Encoder::with_frames(out, protocol, frames);
        if protocol > 5 || (profile.is_python2() && protocol > 2) {
            return Err(out.fault(ErrorKind::UnsupportedProtocol, Opcode::Proto));
        }
        if !keep_memo {
            self.memo.clear();
        }
        self.memo.resize(document.id_limit());
        self.stack.clear();
        if protocol >= 2 {
            out.emit(Opcode::Proto, &[Opcode::Proto.byte(), protocol], &[], false)?;
        }
        let mut save =
            save::Save::new(document, profile, from, &mut self.memo, &mut self.stack, &mut self.scratch, out);
        save.run(document.root_node())?;
        save.finish()
    }
}
