//! The opcode table: one row an opcode feeds the decoder, the encoder, the
//! disassembler and the documentation.

use Argument::*;

/// How an opcode's argument is laid out in the stream.
///
/// See the example of [`Opcode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Argument {
    /// No argument.
    Nothing,
    /// One unsigned byte.
    U1,
    /// Two bytes, little-endian, unsigned.
    U2,
    /// Four bytes, little-endian, unsigned.
    U4,
    /// Four bytes, little-endian, signed.
    I4,
    /// Eight bytes, little-endian, unsigned.
    U8,
    /// An IEEE 754 double, big-endian.
    F8,
    /// Text up to a newline.
    Line,
    /// Two texts, each up to a newline.
    TwoLines,
    /// One byte of length, then the bytes.
    Bytes1,
    /// Four bytes of unsigned length, then the bytes.
    Bytes4,
    /// Four bytes of *signed* length, then the bytes.
    BytesI4,
    /// Eight bytes of length, then the bytes.
    Bytes8,
}

impl Argument {
    /// Bytes between the opcode and the payload or line: the fixed part.
    #[inline(always)]
    pub const fn fixed_len(self) -> usize {
        // A table of bytes, where a `match` would become one of words or of jumps.
        const LENGTHS: [u8; 13] = {
            let mut lengths = [0; 13];
            lengths[U1 as usize] = 1;
            lengths[U2 as usize] = 2;
            lengths[U4 as usize] = 4;
            lengths[I4 as usize] = 4;
            lengths[U8 as usize] = 8;
            lengths[F8 as usize] = 8;
            lengths[Bytes1 as usize] = 1;
            lengths[Bytes4 as usize] = 4;
            lengths[BytesI4 as usize] = 4;
            lengths[Bytes8 as usize] = 8;
            lengths
        };
        LENGTHS[self as usize] as usize
    }

    /// That of the opcode with this byte.
    #[inline(always)]
    pub(crate) fn of(byte: u8) -> Argument {
        match ARGUMENTS.get(usize::from(byte.wrapping_sub(FIRST))) {
            Some(argument) => *argument,
            Option::None => Nothing,
        }
    }

    /// A counted payload follows the fixed part.
    pub const fn is_counted(self) -> bool {
        matches!(self, Bytes1 | Bytes4 | BytesI4 | Bytes8)
    }
}

/// What an opcode does to the stack, as `pickletools` models it.
///
/// See the example of [`Opcode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackEffect {
    /// Objects taken; with `to_mark`, those below the mark.
    pub pops: u8,
    /// Takes the topmost mark and everything above it.
    pub to_mark: bool,
    /// Objects left behind.
    pub pushes: u8,
    /// Puts a mark.
    pub marks: bool,
}

/// What an opcode does: one for all spellings of the same step. [`Opcode::stack_effect`] tells BINPERSID from PERSID,
/// and an empty container from one that takes what lies above a mark.
///
/// ```
/// use pickle_core::{Opcode, OpKind};
///
/// let ints = Opcode::ALL.iter().filter(|opcode| opcode.kind() == OpKind::Int);
/// assert_eq!(ints.count(), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OpKind {
    /// PROTO.
    Proto,
    /// FRAME.
    Frame,
    /// STOP.
    Stop,
    /// MARK.
    Mark,
    /// POP.
    Pop,
    /// POP_MARK.
    PopMark,
    /// DUP.
    Dup,
    /// PUT, BINPUT, LONG_BINPUT and MEMOIZE store the top in the memo.
    Store,
    /// GET, BINGET and LONG_BINGET push a memo entry.
    Fetch,
    /// Pushes None.
    None,
    /// Pushes True or False. (INT does so with the texts `00` and `01`.)
    Bool,
    /// Pushes an int.
    Int,
    /// Pushes a float.
    Float,
    /// Pushes a str.
    Str,
    /// Pushes a Python 2 str.
    String2,
    /// Pushes bytes.
    Bytes,
    /// Pushes a bytearray.
    ByteArray,
    /// NEXT_BUFFER and READONLY_BUFFER.
    Buffer,
    /// Pushes a list, empty or of what lies above the mark.
    List,
    /// Pushes a tuple of the values above the mark, or of the topmost 0 to 3.
    Tuple,
    /// Pushes a dict, empty or of the keys and values above the mark.
    Dict,
    /// Pushes an empty set.
    Set,
    /// Pushes a frozenset.
    FrozenSet,
    /// APPEND and APPENDS.
    Append,
    /// SETITEM and SETITEMS.
    SetItem,
    /// ADDITEMS.
    Add,
    /// Pushes a global by its name.
    Global,
    /// Pushes a global by its extension code.
    Extension,
    /// Pushes what a persistent id stands for.
    Persistent,
    /// REDUCE calls.
    Call,
    /// NEWOBJ and NEWOBJ_EX call `cls.__new__`.
    New,
    /// INST and OBJ make an instance of a class, of Python 2's old-style classes first of all.
    Instance,
    /// BUILD.
    Build,
}

const fn effect(pops: u8, pushes: u8) -> StackEffect {
    StackEffect { pops, to_mark: false, pushes, marks: false }
}

const fn slice(pops: u8, pushes: u8) -> StackEffect {
    StackEffect { pops, to_mark: true, pushes, marks: false }
}

macro_rules! opcodes {
    ($( $name:ident $byte:literal $text:literal $protocol:literal $argument:ident $kind:ident $effect:expr, $doc:literal; )*) => {
        /// An opcode. The discriminant is its byte in the stream.
        ///
        /// ```
        /// use pickle_core::{Argument, Opcode, StackEffect};
        ///
        /// let opcode = Opcode::from_byte(b'K').unwrap();
        /// assert_eq!((opcode, opcode.name(), opcode.protocol()), (Opcode::BinInt1, "BININT1", 1));
        /// assert_eq!((opcode.argument(), opcode.argument().fixed_len()), (Argument::U1, 1));
        /// let effect = StackEffect { pops: 0, to_mark: false, pushes: 1, marks: false };
        /// assert_eq!(opcode.stack_effect(), effect);
        /// ```
        ///
        /// | byte | name | protocol | argument | meaning |
        /// |---|---|---|---|---|
        $( #[doc = concat!("| `", stringify!($byte), "` | ", $text, " | ", $protocol, " | ", stringify!($argument), " | ", $doc, " |")] )*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[repr(u8)]
        pub enum Opcode {
            $( #[doc = $doc] $name = $byte, )*
        }

        impl Opcode {
            /// All 68 opcodes, by byte.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$name),*];

            const fn lookup(byte: u8) -> Option<Opcode> {
                match byte { $( $byte => Some(Opcode::$name), )* _ => None }
            }

            /// The name that CPython's `pickletools` uses, such as `SHORT_BINUNICODE`.
            pub const fn name(self) -> &'static str {
                match self { $( Opcode::$name => $text, )* }
            }

            /// The first protocol that has this opcode. Every reader accepts any
            /// opcode in any stream; writers keep to it.
            pub const fn protocol(self) -> u8 {
                let row = self.byte().wrapping_sub(FIRST) as usize;
                if row < ROWS { PROTOCOLS[row] } else { 0 }
            }

            const fn protocol_of(self) -> u8 {
                match self { $( Opcode::$name => $protocol, )* }
            }

            const fn argument_of(self) -> Argument {
                match self { $( Opcode::$name => $argument, )* }
            }

            /// What it does, however its argument is spelled.
            pub const fn kind(self) -> OpKind {
                match self { $( Opcode::$name => OpKind::$kind, )* }
            }

            /// What it does to the stack.
            pub const fn stack_effect(self) -> StackEffect {
                match self { $( Opcode::$name => $effect, )* }
            }
        }
    };
}

opcodes! {
    Mark 0x28 "MARK" 0 Nothing Mark StackEffect { pops: 0, to_mark: false, pushes: 0, marks: true }, "push a mark";
    EmptyTuple 0x29 "EMPTY_TUPLE" 1 Nothing Tuple effect(0, 1), "push ()";
    Stop 0x2e "STOP" 0 Nothing Stop effect(1, 0), "the top of the stack is the result";
    Pop 0x30 "POP" 0 Nothing Pop effect(1, 0), "drop the top value or mark";
    PopMark 0x31 "POP_MARK" 1 Nothing PopMark slice(0, 0), "drop everything down to the topmost mark";
    Dup 0x32 "DUP" 0 Nothing Dup effect(1, 2), "push the top once more";
    BinBytes 0x42 "BINBYTES" 3 Bytes4 Bytes effect(0, 1), "push bytes";
    ShortBinBytes 0x43 "SHORT_BINBYTES" 3 Bytes1 Bytes effect(0, 1), "push bytes";
    Float 0x46 "FLOAT" 0 Line Float effect(0, 1), "push a float written as text";
    BinFloat 0x47 "BINFLOAT" 1 F8 Float effect(0, 1), "push a float";
    Int 0x49 "INT" 0 Line Int effect(0, 1), "push an int written as text; 00 and 01 are False and True";
    BinInt 0x4a "BININT" 1 I4 Int effect(0, 1), "push an int";
    BinInt1 0x4b "BININT1" 1 U1 Int effect(0, 1), "push an int";
    Long 0x4c "LONG" 0 Line Int effect(0, 1), "push an int written as text, with an L";
    BinInt2 0x4d "BININT2" 1 U2 Int effect(0, 1), "push an int";
    None 0x4e "NONE" 0 Nothing None effect(0, 1), "push None";
    PersId 0x50 "PERSID" 0 Line Persistent effect(0, 1), "push the object of a persistent id written as text";
    BinPersId 0x51 "BINPERSID" 1 Nothing Persistent effect(1, 1), "replace a persistent id by its object";
    Reduce 0x52 "REDUCE" 0 Nothing Call effect(2, 1), "replace a callable and its arguments by the result";
    String 0x53 "STRING" 0 Line String2 effect(0, 1), "push a Python 2 str in quotes with escapes";
    BinString 0x54 "BINSTRING" 1 BytesI4 String2 effect(0, 1), "push a Python 2 str";
    ShortBinString 0x55 "SHORT_BINSTRING" 1 Bytes1 String2 effect(0, 1), "push a Python 2 str";
    Unicode 0x56 "UNICODE" 0 Line Str effect(0, 1), "push a str in raw-unicode-escape";
    BinUnicode 0x58 "BINUNICODE" 1 Bytes4 Str effect(0, 1), "push a str";
    EmptyList 0x5d "EMPTY_LIST" 1 Nothing List effect(0, 1), "push []";
    Append 0x61 "APPEND" 0 Nothing Append effect(2, 1), "append the top to the list below";
    Build 0x62 "BUILD" 0 Nothing Build effect(2, 1), "give the object below its state";
    Global 0x63 "GLOBAL" 0 TwoLines Global effect(0, 1), "push the global of a module and a name";
    Dict 0x64 "DICT" 0 Nothing Dict slice(0, 1), "push a dict of the items above the mark";
    Appends 0x65 "APPENDS" 1 Nothing Append slice(1, 1), "append the items above the mark";
    Get 0x67 "GET" 0 Line Fetch effect(0, 1), "push a memo entry, index as text";
    BinGet 0x68 "BINGET" 1 U1 Fetch effect(0, 1), "push a memo entry";
    Inst 0x69 "INST" 0 TwoLines Instance slice(0, 1), "push an instance of the named class";
    LongBinGet 0x6a "LONG_BINGET" 1 U4 Fetch effect(0, 1), "push a memo entry";
    List 0x6c "LIST" 0 Nothing List slice(0, 1), "push a list of the items above the mark";
    Obj 0x6f "OBJ" 1 Nothing Instance slice(0, 1), "push an instance of the class that follows the mark";
    Put 0x70 "PUT" 0 Line Store effect(0, 0), "store the top in the memo, index as text";
    BinPut 0x71 "BINPUT" 1 U1 Store effect(0, 0), "store the top in the memo";
    LongBinPut 0x72 "LONG_BINPUT" 1 U4 Store effect(0, 0), "store the top in the memo";
    SetItem 0x73 "SETITEM" 0 Nothing SetItem effect(3, 1), "set one item of the dict below";
    Tuple 0x74 "TUPLE" 0 Nothing Tuple slice(0, 1), "push a tuple of the items above the mark";
    SetItems 0x75 "SETITEMS" 1 Nothing SetItem slice(1, 1), "set the items above the mark";
    EmptyDict 0x7d "EMPTY_DICT" 1 Nothing Dict effect(0, 1), "push {}";
    Proto 0x80 "PROTO" 2 U1 Proto effect(0, 0), "the protocol of what follows";
    NewObj 0x81 "NEWOBJ" 2 Nothing New effect(2, 1), "replace a class and its arguments by cls.__new__(cls, *args)";
    Ext1 0x82 "EXT1" 2 U1 Extension effect(0, 1), "push the global of an extension code";
    Ext2 0x83 "EXT2" 2 U2 Extension effect(0, 1), "push the global of an extension code";
    Ext4 0x84 "EXT4" 2 I4 Extension effect(0, 1), "push the global of an extension code";
    Tuple1 0x85 "TUPLE1" 2 Nothing Tuple effect(1, 1), "make a tuple of the top value";
    Tuple2 0x86 "TUPLE2" 2 Nothing Tuple effect(2, 1), "make a tuple of the top two values";
    Tuple3 0x87 "TUPLE3" 2 Nothing Tuple effect(3, 1), "make a tuple of the top three values";
    NewTrue 0x88 "NEWTRUE" 2 Nothing Bool effect(0, 1), "push True";
    NewFalse 0x89 "NEWFALSE" 2 Nothing Bool effect(0, 1), "push False";
    Long1 0x8a "LONG1" 2 Bytes1 Int effect(0, 1), "push an int in two's complement";
    Long4 0x8b "LONG4" 2 BytesI4 Int effect(0, 1), "push an int in two's complement";
    ShortBinUnicode 0x8c "SHORT_BINUNICODE" 4 Bytes1 Str effect(0, 1), "push a str";
    BinUnicode8 0x8d "BINUNICODE8" 4 Bytes8 Str effect(0, 1), "push a str";
    BinBytes8 0x8e "BINBYTES8" 4 Bytes8 Bytes effect(0, 1), "push bytes";
    EmptySet 0x8f "EMPTY_SET" 4 Nothing Set effect(0, 1), "push set()";
    AddItems 0x90 "ADDITEMS" 4 Nothing Add slice(1, 1), "add the items above the mark";
    FrozenSet 0x91 "FROZENSET" 4 Nothing FrozenSet slice(0, 1), "push a frozenset of the items above the mark";
    NewObjEx 0x92 "NEWOBJ_EX" 4 Nothing New effect(3, 1), "NEWOBJ with keyword arguments";
    StackGlobal 0x93 "STACK_GLOBAL" 4 Nothing Global effect(2, 1), "replace a module and a name by their global";
    Memoize 0x94 "MEMOIZE" 4 Nothing Store effect(1, 1), "store the top in the next memo entry";
    Frame 0x95 "FRAME" 4 U8 Frame effect(0, 0), "a frame of that many bytes begins";
    ByteArray8 0x96 "BYTEARRAY8" 5 Bytes8 ByteArray effect(0, 1), "push a bytearray";
    NextBuffer 0x97 "NEXT_BUFFER" 5 Nothing Buffer effect(0, 1), "push the next out-of-band buffer";
    ReadonlyBuffer 0x98 "READONLY_BUFFER" 5 Nothing Buffer effect(1, 1), "make the buffer at the top read-only";
}

/// First and last opcode byte: the lookup table covers only these.
const FIRST: u8 = 0x28;
const LAST: u8 = 0x98;

const ROWS: usize = (LAST - FIRST + 1) as usize;

// A table for each of their uses: a reader needs no protocols, a writer no opcodes of bytes. (A `match` on the
// opcode would become a table of jumps, which is twice as large.)
static OPCODES: [Option<Opcode>; ROWS] = {
    let mut opcodes = [Option::None; ROWS];
    let mut row = 0;
    while row < ROWS {
        opcodes[row] = Opcode::lookup(FIRST + row as u8);
        row += 1;
    }
    opcodes
};

static ARGUMENTS: [Argument; ROWS] = {
    let mut arguments = [Nothing; ROWS];
    let mut row = 0;
    while row < ROWS {
        if let Some(opcode) = OPCODES[row] {
            arguments[row] = opcode.argument_of();
        }
        row += 1;
    }
    arguments
};

static PROTOCOLS: [u8; ROWS] = {
    let mut protocols = [0; ROWS];
    let mut row = 0;
    while row < ROWS {
        if let Some(opcode) = OPCODES[row] {
            protocols[row] = opcode.protocol_of();
        }
        row += 1;
    }
    protocols
};

impl Opcode {
    /// The opcode of a byte, or `None` for the 188 bytes that are none.
    #[inline(always)]
    pub fn from_byte(byte: u8) -> Option<Opcode> {
        *OPCODES.get(usize::from(byte.wrapping_sub(FIRST)))?
    }

    /// The byte in the stream.
    #[inline(always)]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// How the argument is laid out.
    #[inline(always)]
    pub fn argument(self) -> Argument {
        Argument::of(self.byte())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_every_opcode_once() {
        assert_eq!(Opcode::ALL.len(), 68);
        for byte in 0..=255u8 {
            let listed = Opcode::ALL.iter().copied().find(|o| o.byte() == byte);
            assert_eq!(Opcode::from_byte(byte), listed, "{byte:#x}");
        }
    }
}
