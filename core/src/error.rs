//! Errors: what is wrong, in which opcode, at which byte.

use crate::Opcode;
use core::fmt;

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal; )*) => {
        /// What went wrong. The numbers are frozen and grouped: 1-9 a limit of
        /// this reader, 10-19 the input ended, 20-29 not an opcode stream,
        /// 30-39 an argument that CPython refuses, 40-49 the stack machine was
        /// broken, 50-69 an operation that CPython refuses on that value,
        /// 70-79 wrong use of a reader, 80-99 what cannot be written.
        ///
        /// ```
        /// use pickle_core::ErrorKind;
        ///
        /// assert_eq!(ErrorKind::NodesFull as u8, 1);
        /// assert!(ErrorKind::NodesFull.is_limit() && ErrorKind::Truncated.is_incomplete());
        /// assert_eq!(ErrorKind::Truncated.name(), "Truncated");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum ErrorKind {
            $( $(#[doc = $doc])* $name = $number, )*
        }

        impl ErrorKind {
            /// Every kind, in the order of its number.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name),*];

            /// A sentence that says what was found and what was expected.
            pub const fn text(self) -> &'static str {
                match self { $( ErrorKind::$name => $text, )* }
            }

            /// The name of the variant, for logs and bindings.
            pub const fn name(self) -> &'static str {
                match self { $( ErrorKind::$name => stringify!($name), )* }
            }
        }
    };
}

kinds! {
    /// The node region is full (nodes hold values and the stack, 16 bytes each).
    NodesFull = 1, "the node storage is full; give the reader more nodes";
    /// The memo region is full, or an index lies beyond it.
    MemoFull = 2, "the memo storage is full; give the reader a larger memo";
    /// The byte region is full (strings of pushed input, decoded escapes).
    BytesFull = 3, "the byte storage is full; give the reader more bytes";
    /// An operation that must search (SETITEM on a list) would take more than linear work.
    WorkLimit = 4, "the pickle asks for more than linear work";
    /// The caller's limit on opcodes was reached.
    OpcodeLimit = 5, "the pickle has more opcodes than the caller allows";
    /// More containers are open at once than the caller gave levels for.
    LevelsFull = 6, "more containers are open than there are levels; give the pickler more levels";
    /// GET of a memo entry that an item reader no longer keeps.
    MemoDropped = 7, "the memo entry is no longer kept; read with a plan of the memo, with a larger cache, or the pickle as a whole";
    /// This build of the library leaves out what the opcode needs: one of the features that `full` has.
    FeatureOff = 8, "this build of the library leaves this out; build it with the feature full";

    /// There was no input at all (`EOFError` in CPython).
    Empty = 10, "there is no pickle here: the input is empty";
    /// The input ended between two opcodes, before STOP (`EOFError` in CPython).
    EndOfInput = 11, "the input ended before STOP: the pickle is incomplete";
    /// The input ended inside an opcode's argument or inside a declared frame.
    Truncated = 12, "the input ended inside an argument: the pickle was truncated";

    /// The byte is not an opcode.
    UnknownOpcode = 20, "this byte is not an opcode: not a pickle, or damaged before here";
    /// A signed length is negative.
    NegativeLength = 21, "the declared length is negative";
    /// An eight-byte length is above 2^63 - 1.
    LengthTooLarge = 22, "the declared length is larger than any machine can hold";
    /// An argument crosses the end of its frame.
    FrameStraddle = 23, "the argument crosses the end of its frame";
    /// A frame begins inside another.
    FrameNested = 24, "a new frame begins before the current one has ended";
    /// PROTO names a protocol above 5.
    UnsupportedProtocol = 25, "protocols above 5 do not exist";
    /// A text argument is empty where CPython wants at least one character.
    EmptyLine = 26, "the text argument is empty";

    /// The text of INT, LONG, GET or PUT is not an integer.
    BadInt = 30, "the text is not an integer";
    /// The text of FLOAT is not a float as CPython's C code reads it.
    BadFloat = 31, "the text is not a float";
    /// The text of FLOAT is too large for a double.
    FloatOverflow = 32, "the float is too large for 64 bits";
    /// STRING wants matching quotes at both ends.
    StringNotQuoted = 33, "the STRING argument must be in quotes";
    /// A `\x` escape without two hexadecimal digits, or a backslash at the end.
    BadEscape = 34, "the string has an incomplete escape";
    /// The bytes of a str or of a name are not UTF-8.
    BadUtf8 = 35, "the text is not UTF-8";
    /// `\u` or `\U` without its digits, or above 10FFFF.
    BadUnicodeEscape = 36, "the text has a bad \\u or \\U escape";
    /// A name or a persistent id must be ASCII here.
    NotAscii = 37, "the text must be ASCII here";
    /// A Python 2 str does not fit the `encoding` that was asked for.
    BadEncoding = 38, "the Python 2 str does not decode with the encoding asked for; try latin1 or keep";

    /// A value was wanted and the stack was empty.
    StackUnderflow = 40, "the stack is empty: a value is missing";
    /// A value was wanted and a MARK was found.
    UnexpectedMark = 41, "a value was expected and a MARK was found";
    /// A MARK was wanted and none is there.
    NoMark = 42, "no MARK is on the stack";
    /// GET of a memo entry that was never PUT.
    MemoMissing = 43, "the memo has no such entry";
    /// PUT with a negative index.
    NegativeMemo = 44, "the memo index is negative";
    /// Keys and values do not pair up.
    OddItems = 45, "an odd number of items where keys and values must pair up";

    /// REDUCE, OBJ: this built-in value cannot be called.
    NotCallable = 50, "this value cannot be called";
    /// NEWOBJ, NEWOBJ_EX: this built-in value is not a class.
    NotAClass = 51, "this value is not a class";
    /// The arguments must be a tuple.
    ArgsNotTuple = 52, "the arguments must be a tuple";
    /// The keyword arguments must be a dict.
    KwargsNotDict = 53, "the keyword arguments must be a dict";
    /// STACK_GLOBAL wants two str.
    GlobalNotStr = 54, "STACK_GLOBAL needs two str";
    /// This built-in value has no `append`.
    NoAppend = 55, "this value has no append";
    /// This built-in value has no item assignment.
    NoSetItem = 56, "this value has no item assignment";
    /// This built-in value has no `add`.
    NoAdd = 57, "this value has no add";
    /// A list, dict, set, bytearray, or a tuple with one inside, as a key or set item.
    Unhashable = 58, "a mutable value cannot be a key or a set item";
    /// BUILD: this built-in value has no attributes to set.
    NoState = 59, "this value cannot take a state";
    /// BUILD: the state must be a dict here.
    StateNotDict = 60, "the state is not a dictionary";
    /// READONLY_BUFFER on something that is no buffer.
    NotABuffer = 61, "this value is not a buffer";
    /// EXT with a code of zero or below.
    BadExtension = 62, "extension codes begin at 1";
    /// NEXT_BUFFER, and the caller said that there are none, or no more.
    NoBuffer = 63, "the pickle wants an out-of-band buffer that was not given";
    /// An index that the list does not have.
    BadIndex = 64, "the list has no such index";
    /// Valid in CPython, but not supported by this library: a change to a bytearray.
    BytearrayChange = 65, "changing a bytearray after it was made is not supported";
    /// A change to what an item reader has handed over or may have.
    ItemChanged = 66, "an item is changed after it was handed over; read the pickle as a whole";
    /// The container whose items were handed over turned out to be at another place.
    ContainerMoved = 67, "the container whose items were handed over is a part of another value; name it by its path, or read the pickle as a whole";
    /// GET of the container whose items are being handed over, from inside one of them.
    ContainerFetched = 68, "an item refers to the container that it is in; read the pickle as a whole";
    /// PUT of a memo entry that an item reader has passed, or far ahead.
    MemoOrder = 69, "the memo is not filled in order; read the pickle as a whole";

    /// A reader was used again after it had failed or ended, without a reset.
    AfterEnd = 70, "the reader has ended; reset it first";
    /// Raw bytes were asked for inside a frame or in the middle of an opcode.
    RawInFrame = 71, "raw bytes cannot be taken inside a frame or an argument";

    /// The opcode is younger than protocol 0.
    NotInProtocol0 = 80, "protocol 0 has no such opcode";
    /// The opcode is younger than protocol 1.
    NotInProtocol1 = 81, "protocol 1 has no such opcode";
    /// The opcode is younger than protocol 2.
    NotInProtocol2 = 82, "protocol 2 has no such opcode";
    /// The opcode is younger than protocol 3.
    NotInProtocol3 = 83, "protocol 3 has no such opcode";
    /// The opcode is younger than protocol 4.
    NotInProtocol4 = 84, "protocol 4 has no such opcode";
    /// The argument is not of the opcode's kind, or is in pieces that do not fit together.
    BadArgument = 85, "the argument does not belong to this opcode";
    /// A text with a newline where the opcode ends at one.
    LineBreak = 86, "the text has a newline, which this opcode cannot hold";
    /// A number or a length beyond the opcode's field.
    TooLong = 87, "the number or length does not fit the field of this opcode";
    /// The sink took no more bytes and gave no reason.
    SinkFull = 88, "the sink takes no more bytes";
    /// A container, or a pickle, was ended with something open in it.
    Unclosed = 89, "something is still open: end every container before the pickle";
    /// There is no container to end, or it is of another kind.
    NothingOpen = 90, "nothing of that kind is open here";
    /// A value where none may be: the pickle, or the part of an object, has its value already.
    UnexpectedValue = 91, "a value stands here already";
    /// The pickle, or a part of an object, has no value yet.
    MissingValue = 92, "a value is missing here";
    /// No pickle of this protocol holds this value.
    Inexpressible = 93, "this protocol cannot hold the value; take a higher one";
}

impl ErrorKind {
    /// A limit of this reader, not a fault of the pickle.
    pub const fn is_limit(self) -> bool {
        (self as u8) < 10
    }

    /// The kind that says: `protocol` has no such opcode.
    #[cold]
    pub(crate) const fn not_in_protocol(protocol: u8) -> ErrorKind {
        match protocol {
            0 => ErrorKind::NotInProtocol0,
            1 => ErrorKind::NotInProtocol1,
            2 => ErrorKind::NotInProtocol2,
            3 => ErrorKind::NotInProtocol3,
            _ => ErrorKind::NotInProtocol4,
        }
    }

    /// The pickle may be fine, but it is not all here.
    pub const fn is_incomplete(self) -> bool {
        matches!(self as u8, 10..=19)
    }
}

/// An error: its kind, the opcode that failed and the offset of that opcode in bytes.
///
/// Eight bytes on a 32-bit target. For [`ErrorKind::is_incomplete`] the
/// offset is where the input ended.
///
/// ```
/// use pickle_core::{Decoder, ErrorKind};
///
/// let error = Decoder::new().next(&mut &b"\xff"[..]).unwrap_err();
/// assert_eq!((error.kind(), error.byte(), error.offset()), (ErrorKind::UnknownOpcode, 0xff, 0));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Error {
    offset: usize,
    kind: ErrorKind,
    /// The opcode's byte as it stands in the stream; 0 where there is none.
    byte: u8,
}

impl Error {
    /// An error of `kind` in the opcode `byte` at `offset`.
    #[cold]
    pub const fn new(kind: ErrorKind, byte: u8, offset: u64) -> Self {
        let offset = if offset > usize::MAX as u64 { usize::MAX } else { offset as usize };
        Error { offset, kind, byte }
    }

    /// What went wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Bytes from the start of the stream; saturates at 4 GiB on 32-bit targets.
    pub const fn offset(&self) -> u64 {
        self.offset as u64
    }

    /// The byte at fault: an opcode, or what stands where one should.
    pub const fn byte(&self) -> u8 {
        self.byte
    }

    /// The opcode that failed, where the fault lies in one.
    pub fn opcode(&self) -> Option<Opcode> {
        if self.kind.is_incomplete() && self.byte == 0 { None } else { Opcode::from_byte(self.byte) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}", self.offset)?;
        match self.opcode() {
            Some(opcode) => write!(f, ", in {}", opcode.name())?,
            None if self.kind == ErrorKind::UnknownOpcode => write!(f, ", 0x{:02x}", self.byte)?,
            None => {}
        }
        write!(f, ": {}", self.kind.text())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.kind.name(), self)
    }
}

impl core::error::Error for Error {}

impl embedded_io::Error for Error {
    fn kind(&self) -> embedded_io::ErrorKind {
        match self.kind {
            ErrorKind::FeatureOff => embedded_io::ErrorKind::Unsupported,
            k if k.is_limit() => embedded_io::ErrorKind::OutOfMemory,
            _ => embedded_io::ErrorKind::InvalidData,
        }
    }
}
