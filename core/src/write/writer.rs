//! A [`Document`] to bytes, as a CPython of a given version writes them.
//!
//! The order of checks, what is memoised, and where batches and frames end are
//! those of `save` and its helpers in `_pickle.c`. Recursion is an explicit stack.

mod memo;
mod save;
mod scalar;

use crate::machine::node::{How, NIL, Node, chunk, tag};
use crate::wire::encoder::Encoder;
use crate::wire::frames::GrowingFrames;
use crate::wire::sink::WriteError;
use crate::{Document, ErrorKind, Opcode};
use embedded_io::{ErrorType, Write};

/// Which CPython's bytes are written.
///
/// See the example of [`Writer`].
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
    /// 3.15: the pickler written in C batches as `pickle.py` does.
    Py315,
}

/// The writer that is imitated: a version and a protocol, and which of its two picklers.
///
/// See the example of [`Writer`].
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
///
/// ```
/// use pickle_core::writer::NameMapping;
///
/// assert_eq!(NameMapping::between(2, 4), NameMapping::ToPython3);
/// assert_eq!(NameMapping::between(3, 5), NameMapping::Keep);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameMapping {
    /// They stay as they are.
    #[default]
    Keep,
    /// From Python 3's to Python 2's.
    ToPython2,
    /// From Python 2's to Python 3's.
    ToPython3,
}

impl NameMapping {
    /// What a pickle of protocol `from` needs to become one of protocol `to`.
    pub const fn between(from: u8, to: u8) -> NameMapping {
        match (from < 3, to < 3) {
            (true, false) => NameMapping::ToPython3,
            (false, true) => NameMapping::ToPython2,
            _ => NameMapping::Keep,
        }
    }
}

/// Writes documents. It keeps the memory that it has grown to, so that
/// writing one after another allocates nothing after the largest.
///
/// ```
/// use pickle_core::writer::{Profile, Version, Writer};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps([7], 5), written as cPickle.dumps([7], 2) of Python 2.7
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x05]\x94K\x07a.")?;
/// let profile = Profile::new(Version::Py27, 2);
/// let bytes = Writer::new().write(&document, 5, profile, false, Vec::new()).unwrap();
/// assert_eq!(bytes, b"\x80\x02]q\x01K\x07a.");
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Default)]
pub struct Writer {
    memo: memo::Memo,
    stack: alloc::vec::Vec<save::Frame>,
    scratch: alloc::vec::Vec<u8>,
    refused: Option<Node>,
}

impl Writer {
    /// A writer that has no memory yet.
    pub fn new() -> Self {
        Writer::default()
    }

    /// The path of the value that the last write could not hold, in the document that it was given. `None` where there
    /// was none.
    pub fn refused(&self, document: &Document<'_>) -> Option<alloc::string::String> {
        document.path_to(self.refused?)
    }

    /// Writes a document that was a pickle of protocol `from` (of the profile's own for values that never were one).
    ///
    /// With `keep_memo` it can refer to the pickle before, whose nodes the
    /// document must still have: several `dump` calls on one `Pickler`.
    ///
    /// # Errors
    /// [`ErrorKind::Inexpressible`] for a value that no pickle of this
    /// protocol holds, [`ErrorKind::WorkLimit`] where values are nested so
    /// that the output would be out of proportion; [`Writer::refused`] says which value. Or the sink fails.
    /// What is inexpressible is found before the sink gets the first byte.
    pub fn write<W: Write>(
        &mut self,
        document: &Document<'_>,
        from: u8,
        profile: Profile,
        keep_memo: bool,
        mut out: W,
    ) -> Result<W, WriteError<W::Error>> {
        if profile.protocol > 5 || (profile.is_python2() && profile.protocol > 2) {
            let opcode = Opcode::Proto.byte();
            return Err(crate::Error::new(ErrorKind::UnsupportedProtocol, opcode, 0).into());
        }
        self.refused = None;
        if !keep_memo {
            self.memo.clear();
        }
        if may_refuse(document, profile.protocol) {
            // It is tried first, so that the sink gets all of it or nothing.
            let before = self.memo.clone();
            let tried = self.write_again(document, from, profile, Sink::<W>(None));
            self.memo = before;
            tried?;
        }
        self.write_again(document, from, profile, Sink(Some(&mut out)))?;
        Ok(out)
    }

    /// As [`Writer::write`], with the memo as it is.
    fn write_again<W: Write>(
        &mut self,
        document: &Document<'_>,
        from: u8,
        profile: Profile,
        out: Sink<'_, W>,
    ) -> Result<(), WriteError<W::Error>> {
        let frames = match profile.version {
            Version::Py36 => GrowingFrames::of_python36(),
            _ => GrowingFrames::new(),
        };
        let protocol = profile.protocol;
        let mut out = Encoder::with_frames(out, protocol, frames);
        self.memo.resize(document.id_limit());
        self.stack.clear();
        out.proto()?;
        let mut save =
            save::Save::new(document, profile, from, &mut self.memo, &mut self.stack, &mut self.scratch, out);
        match save.run(document.root_node()) {
            Ok(()) => save.finish().map(|_| ()),
            Err(error) => {
                let refused = matches!(error, WriteError::Pickle(error) if error.kind() != ErrorKind::SinkFull);
                self.refused = refused.then_some(save.refused()).flatten();
                Err(error)
            }
        }
    }
}

/// Where the bytes go, or nowhere: what is tried first runs through the same code as what is written, of which there is one
/// copy in the program.
struct Sink<'w, W>(Option<&'w mut W>);

impl<W: ErrorType> ErrorType for Sink<'_, W> {
    type Error = W::Error;
}

impl<W: Write> Write for Sink<'_, W> {
    #[inline]
    fn write(&mut self, data: &[u8]) -> Result<usize, W::Error> {
        match &mut self.0 {
            Some(out) => out.write(data),
            None => Ok(data.len()),
        }
    }

    fn flush(&mut self) -> Result<(), W::Error> {
        match &mut self.0 {
            Some(out) => out.flush(),
            None => Ok(()),
        }
    }
}

/// There are values that a pickle of this protocol cannot always hold.
fn may_refuse(document: &Document<'_>, protocol: u8) -> bool {
    // A look at all nodes, which must be quick: tags as bits.
    let mut tags = 1u32 << tag::CHUNK | 1 << tag::INT_TEXT | 1 << tag::OBJECT;
    for (below, tag) in [
        (5, tag::BUFFER),
        (5, tag::READONLY),
        (4, tag::GLOBAL),
        (4, tag::STACK_GLOBAL),
        (2, tag::BIG_INT),
        (2, tag::EXTENSION),
    ] {
        tags |= u32::from(protocol < below) << tag;
    }
    tags |= u32::from(protocol > 0) << tag::FLOAT_TEXT;
    let suspicious = |node: &Node| {
        tags >> node.tag() & 1 != 0
            && match node.tag() {
                tag::CHUNK => node.sub() >= chunk::RAW,
                tag::OBJECT if protocol >= 4 => node.sub() == How::PersId as u8 && node.first() != NIL,
                _ => true,
            }
    };
    document.cells(0, document.id_limit()).iter().any(suspicious) || suspicious(&document.root_node())
}
