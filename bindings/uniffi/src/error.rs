//! Errors as they cross the border.

use pickle_core::{Error, ErrorKind as Core};
use std::fmt;

macro_rules! kinds {
    (core: $($name:ident)*; own: $($(#[doc = $doc:literal])* $own:ident)*) => {
        /// What went wrong. The names are those of the core, and some more for
        /// what only a binding can meet.
        #[allow(missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
        pub enum ErrorKind {
            $( $name, )*
            $( $(#[doc = $doc])* $own, )*
        }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name,)* $(ErrorKind::$own,)*];

            /// The name of the variant.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorKind::$name => stringify!($name),)* $(ErrorKind::$own => stringify!($own),)* }
            }
        }

        impl From<Core> for ErrorKind {
            fn from(kind: Core) -> Self {
                match kind {
                    $( Core::$name => ErrorKind::$name, )*
                    _ => ErrorKind::Other,
                }
            }
        }
    };
}

kinds! {
    core:
    NodesFull MemoFull BytesFull WorkLimit OpcodeLimit MemoDropped FeatureOff
    Empty EndOfInput Truncated
    UnknownOpcode NegativeLength LengthTooLarge FrameStraddle FrameNested UnsupportedProtocol EmptyLine
    BadInt BadFloat FloatOverflow StringNotQuoted BadEscape BadUtf8 BadUnicodeEscape NotAscii BadEncoding
    StackUnderflow UnexpectedMark NoMark MemoMissing NegativeMemo OddItems
    NotCallable NotAClass ArgsNotTuple KwargsNotDict GlobalNotStr NoAppend NoSetItem NoAdd Unhashable NoState
    StateNotDict NotABuffer BadExtension NoBuffer BadIndex BytearrayChange
    AfterEnd RawInFrame ItemChanged ContainerMoved ContainerFetched MemoOrder
    LevelsFull NotInProtocol0 NotInProtocol1 NotInProtocol2 NotInProtocol3 NotInProtocol4 BadArgument LineBreak TooLong SinkFull Unclosed NothingOpen UnexpectedValue MissingValue Inexpressible;
    own:
    /// Values nest deeper than the caller allows.
    DepthLimit
    /// The values take more memory than the caller allows, or than one buffer can hold.
    SizeLimit
    /// A value cannot be written as a pickle.
    BadValue
    /// The reader was closed.
    Closed
    /// A path cannot be read.
    BadPath
    /// A pickle has nothing at the path.
    PathMissing
    /// A value is not a table, or one whose parts do not fit together.
    NoTable
    /// A file could not be read.
    InputOutput
    /// A kind that this binding does not know.
    Other
}

/// Why a pickle could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum PickleError {
    /// The only one: what went wrong is its kind.
    Failed {
        /// What went wrong.
        kind: ErrorKind,
        /// Bytes from the start of the stream to the opcode at fault; for values
        /// that cannot be written, to the value in the flat form.
        offset: u64,
        /// A sentence for people.
        text: String,
    },
}

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PickleError::Failed { text, .. } = self;
        f.write_str(text)
    }
}

impl PickleError {
    /// An error of `kind` at `offset`.
    pub fn new(kind: ErrorKind, offset: u64, text: impl Into<String>) -> Self {
        PickleError::Failed { kind, offset, text: text.into() }
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        let PickleError::Failed { kind, .. } = self;
        *kind
    }
}

impl From<Error> for PickleError {
    fn from(error: Error) -> Self {
        let text = match error.kind() {
            // The core speaks of storage that nobody gives here.
            Core::NodesFull | Core::MemoFull | Core::BytesFull => {
                format!(
                    "at byte {}: the values take more memory than maxBytes allows, or than there is",
                    error.offset()
                )
            }
            _ => error.to_string(),
        };
        PickleError::new(error.kind().into(), error.offset(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_core_has_a_name_here() {
        for &kind in Core::ALL {
            assert_eq!(ErrorKind::from(kind).name(), kind.name());
        }
        let own = ErrorKind::ALL.iter().filter(|kind| !Core::ALL.iter().any(|core| core.name() == kind.name()));
        assert_eq!(own.count(), 9);
    }
}
