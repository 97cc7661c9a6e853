//! Statuses: what a call found. The numbers of errors in pickles are those of the core.

use core::ffi::c_char;
use pickle_core::ErrorKind;

/// The result of a call. 0 is success. The numbers are frozen and grouped: 1-9 a limit of this reader was reached,
/// 10-19 the input ended too early, 20-29 the input is not a stream of opcodes, 30-39 CPython refuses the argument,
/// 40-49 the stack or the memo does not hold what the opcode needs, 50-69 CPython refuses the operation on that value,
/// 70-79 a reader was misused, 80-99 the value cannot be written, 100-109 the value is missing or of another kind,
/// 110-119 this interface was misused, 200-202 not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_status {
    /// Success.
    Ok = 0,
    /// The node region is full. Nodes hold values and the stack.
    NodesFull = 1,
    /// The memo region is full, or an index is beyond it.
    MemoFull = 2,
    /// The byte region is full. It holds payloads of input in pieces, and decoded escapes.
    BytesFull = 3,
    /// An operation that has to search (SETITEM on a list) would take more than linear time.
    WorkLimit = 4,
    /// The pickle has more opcodes than the options allow.
    OpcodeLimit = 5,
    /// More containers are open at once than the writer has levels for.
    LevelsFull = 6,
    /// GET of a memo entry that an item reader no longer keeps.
    MemoDropped = 7,
    /// This build of the library leaves out what the opcode needs: see `FEATURES` in docs/c.md.
    FeatureOff = 8,
    /// The input is empty (EOFError in CPython).
    Empty = 10,
    /// The input ended between two opcodes, before STOP (EOFError in CPython).
    EndOfInput = 11,
    /// The input ended inside an opcode's argument or inside a declared frame.
    Truncated = 12,
    /// The byte is not an opcode.
    UnknownOpcode = 20,
    /// A signed length is negative.
    NegativeLength = 21,
    /// An eight-byte length is above 2^63 - 1.
    LengthTooLarge = 22,
    /// An argument crosses the end of its frame.
    FrameStraddle = 23,
    /// A frame begins inside another.
    FrameNested = 24,
    /// PROTO names a protocol above 5.
    UnsupportedProtocol = 25,
    /// A text argument is empty where CPython requires at least one character.
    EmptyLine = 26,
    /// The text of INT, LONG, GET or PUT is not an integer.
    BadInt = 30,
    /// The text of FLOAT is not a float as CPython's C code reads it.
    BadFloat = 31,
    /// The text of FLOAT is too large for a double.
    FloatOverflow = 32,
    /// The argument of STRING lacks matching quotes.
    StringNotQuoted = 33,
    /// A `\x` escape without two hexadecimal digits, or a backslash at the end.
    BadEscape = 34,
    /// The bytes of a str or of a name are not UTF-8.
    BadUtf8 = 35,
    /// `\u` or `\U` without its digits, or above 10FFFF.
    BadUnicodeEscape = 36,
    /// A name or a persistent id must be ASCII here.
    NotAscii = 37,
    /// A Python 2 str is not valid in the requested `encoding`.
    BadEncoding = 38,
    /// The opcode needs a value and the stack is empty.
    StackUnderflow = 40,
    /// The opcode needs a value and finds a MARK.
    UnexpectedMark = 41,
    /// The opcode needs a MARK and there is none.
    NoMark = 42,
    /// GET of a memo entry that was never PUT.
    MemoMissing = 43,
    /// PUT with a negative index.
    NegativeMemo = 44,
    /// Keys and values do not pair up.
    OddItems = 45,
    /// REDUCE, OBJ: this built-in value cannot be called.
    NotCallable = 50,
    /// NEWOBJ, NEWOBJ_EX: this built-in value is not a class.
    NotAClass = 51,
    /// The arguments must be a tuple.
    ArgsNotTuple = 52,
    /// The keyword arguments must be a dict.
    KwargsNotDict = 53,
    /// STACK_GLOBAL needs two str.
    GlobalNotStr = 54,
    /// This built-in value has no `append`.
    NoAppend = 55,
    /// This built-in value has no item assignment.
    NoSetItem = 56,
    /// This built-in value has no `add`.
    NoAdd = 57,
    /// A list, dict, set, bytearray, or a tuple with one inside, as a key or set item.
    Unhashable = 58,
    /// BUILD: this built-in value has no attributes to set.
    NoState = 59,
    /// BUILD: the state must be a dict here.
    StateNotDict = 60,
    /// READONLY_BUFFER on something that is not a buffer.
    NotABuffer = 61,
    /// EXT with a code of zero or below.
    BadExtension = 62,
    /// NEXT_BUFFER, and the caller has no more buffers.
    NoBuffer = 63,
    /// The list has no such index.
    BadIndex = 64,
    /// Valid in CPython, but not supported by this library: a change to a bytearray.
    BytearrayChange = 65,
    /// A change to a value that an item reader has, or may have, handed over.
    ItemChanged = 66,
    /// The container whose items were handed over turned out to be at another place.
    ContainerMoved = 67,
    /// GET of the container whose items are being handed over, from inside one of them.
    ContainerFetched = 68,
    /// PUT of a memo entry out of order, which an item reader does not support.
    MemoOrder = 69,
    /// The reader has failed or finished and has not been restarted.
    AfterEnd = 70,
    /// Raw bytes were requested inside a frame or in the middle of an opcode.
    RawInFrame = 71,
    /// The opcode is younger than protocol 0.
    NotInProtocol0 = 80,
    /// The opcode is younger than protocol 1.
    NotInProtocol1 = 81,
    /// The opcode is younger than protocol 2.
    NotInProtocol2 = 82,
    /// The opcode is younger than protocol 3.
    NotInProtocol3 = 83,
    /// The opcode is younger than protocol 4.
    NotInProtocol4 = 84,
    /// The argument is not of the opcode's kind, or its pieces do not fit together.
    BadArgument = 85,
    /// A newline in a text argument that a newline terminates.
    LineBreak = 86,
    /// A number or a length does not fit the opcode's field.
    TooLong = 87,
    /// The buffer is full.
    SinkFull = 88,
    /// A container, or the pickle, was ended while something inside it is still open.
    Unclosed = 89,
    /// There is no open container, or it is of another kind.
    NothingOpen = 90,
    /// A value where none is allowed: the pickle, or this part of the object, already has one.
    UnexpectedValue = 91,
    /// The pickle, or a part of an object, lacks its value.
    MissingValue = 92,
    /// This protocol cannot express this value.
    Inexpressible = 93,

    /// There is no such key, attribute, index or part.
    Missing = 100,
    /// The value is of another kind.
    WrongKind = 101,
    /// The int does not fit the requested type, or the buffer is too small.
    OutOfRange = 102,
    /// The str holds lone surrogates, or the Python 2 str is not UTF-8: use its bytes.
    NotUtf8 = 103,
    /// The path is malformed.
    BadPath = 104,
    /// The parts of a table are missing, or do not fit together.
    BadTable = 105,
    /// What is at the path of an item reader can have no items: it is a number, a text, None.
    NoItems = 106,

    /// A required pointer is null, or a struct has not been initialised.
    Null = 110,
    /// The program was compiled with the header of another version.
    AbiMismatch = 111,
    /// An option or number is out of its range.
    BadOption = 112,
    /// The caller's callback asked to stop.
    Stopped = 113,

    /// The input is consumed and the pickle is not complete: feed more.
    NeedMore = 200,
    /// There is an item, and there may be more.
    Item = 201,
    /// Only later opcodes decide whether the container is the one at the path: `pickle_item_reader_look_ahead`.
    InDoubt = 202,
}

use pickle_status as Status;

macro_rules! texts {
    (core: $($name:ident)*; here: $($own:ident $text:literal)*) => {
        // A kind of the core is a status of the same name and number.
        const _: () = {
            $( assert!(Status::$name as i32 == ErrorKind::$name as i32); )*
            assert!([$(ErrorKind::$name),*].len() == ErrorKind::ALL.len());
        };

        fn text(status: i32) -> &'static [u8] {
            match status {
                $( status if status == Status::$name as i32 => {
                    const TEXT: &str = ErrorKind::$name.text();
                    const ENDED: [u8; TEXT.len() + 1] = ended(TEXT);
                    &ENDED
                } )*
                $( status if status == Status::$own as i32 => concat!($text, "\0").as_bytes(), )*
                _ => b"no such status\0",
            }
        }

        fn name(status: i32) -> &'static [u8] {
            match status {
                $( status if status == Status::$name as i32 => concat!(stringify!($name), "\0").as_bytes(), )*
                $( status if status == Status::$own as i32 => concat!(stringify!($own), "\0").as_bytes(), )*
                _ => b"?\0",
            }
        }
    };
}

texts! {
    core:
    NodesFull MemoFull BytesFull WorkLimit OpcodeLimit LevelsFull MemoDropped FeatureOff Empty EndOfInput Truncated UnknownOpcode
    NegativeLength LengthTooLarge FrameStraddle FrameNested UnsupportedProtocol EmptyLine BadInt BadFloat
    FloatOverflow StringNotQuoted BadEscape BadUtf8 BadUnicodeEscape NotAscii BadEncoding StackUnderflow
    UnexpectedMark NoMark MemoMissing NegativeMemo OddItems NotCallable NotAClass ArgsNotTuple KwargsNotDict
    GlobalNotStr NoAppend NoSetItem NoAdd Unhashable NoState StateNotDict NotABuffer BadExtension NoBuffer
    BadIndex BytearrayChange ItemChanged ContainerMoved ContainerFetched MemoOrder AfterEnd RawInFrame NotInProtocol0 NotInProtocol1 NotInProtocol2 NotInProtocol3
    NotInProtocol4 BadArgument LineBreak TooLong SinkFull Unclosed NothingOpen UnexpectedValue MissingValue
    Inexpressible;
    here:
    Ok "done"
    Missing "there is no such key, attribute, index or part"
    WrongKind "the value is of another kind"
    OutOfRange "the int does not fit the type asked for"
    NotUtf8 "the text is not UTF-8; take its bytes"
    BadPath "the path cannot be read; write it as $.rows[3].temp"
    BadTable "the parts of the table are missing, or do not fit together"
    NoItems "what is at the path is no container and has no items"
    Null "a pointer is null, or a struct has not been initialised"
    AbiMismatch "the program was compiled with the header of another version of the library"
    BadOption "an option or number has no meaning here"
    Stopped "the callback asked to stop"
    NeedMore "the pickle is not over: feed more"
    Item "there is an item"
    InDoubt "only later opcodes decide whether the container is the one at the path"
}

/// A text with a NUL at its end.
pub(crate) const fn ended<const N: usize>(text: &str) -> [u8; N] {
    let mut with_nul = [0; N];
    let text = text.as_bytes();
    let mut i = 0;
    while i < text.len() && i < N {
        with_nul[i] = text[i];
        i += 1;
    }
    with_nul
}

impl From<ErrorKind> for pickle_status {
    fn from(kind: ErrorKind) -> Self {
        // SAFETY: every kind of the core is a status of the same number, as asserted above for all of them.
        unsafe { core::mem::transmute::<i32, pickle_status>(kind as i32) }
    }
}

/// A sentence that describes a status. Static text; not linked when unused.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_status_text(status: i32) -> *const c_char {
    text(status).as_ptr().cast()
}

/// The name of a status, such as "NodesFull". Static text; not linked when unused.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_status_name(status: i32) -> *const c_char {
    name(status).as_ptr().cast()
}
