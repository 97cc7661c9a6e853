//! The narrow waist: an opcode and its argument, exactly as in the stream.

use crate::{GlobalName, Opcode};

/// The argument of an opcode. Payloads and texts are the bytes of the stream:
/// nothing is decoded, so that writing them back gives the same stream.
///
/// See the example of [`Op`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg<'i> {
    /// The opcode has no argument.
    Nothing,
    /// An unsigned number: an int, a memo index, a protocol, an extension code, a frame length in bytes.
    Uint(u64),
    /// A signed 32-bit number (BININT, EXT4).
    Int(i32),
    /// The bits of a double, so that every NaN survives.
    Float(u64),
    /// A counted payload.
    Bytes(&'i [u8]),
    /// A line of text without its newline; for GLOBAL and INST both lines, the newline between them kept.
    Text(&'i [u8]),
}

/// One opcode of a pickle.
///
/// ```
/// use pickle_core::{Arg, Decoder, GlobalName, Op, Opcode};
///
/// let mut input = &b"cos\nsystem\nK\x07."[..];
/// let mut decoder = Decoder::new();
/// let global = decoder.next_whole(&mut input)?.unwrap();
/// assert_eq!(global.module_and_name(), Some(GlobalName::new(&b"os"[..], &b"system"[..])));
/// let int = decoder.next_whole(&mut input)?.unwrap();
/// assert_eq!(int, Op { opcode: Opcode::BinInt1, arg: Arg::Uint(7), offset: 11 });
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op<'i> {
    /// Which opcode.
    pub opcode: Opcode,
    /// Its argument.
    pub arg: Arg<'i>,
    /// Bytes from the start of the stream to the opcode.
    pub offset: u64,
}

impl<'i> Op<'i> {
    /// Bytes from the opcode to the start of its payload or text: 1, 2, 3, 5 or 9.
    #[inline(always)]
    pub fn header_len(&self) -> usize {
        1 + self.opcode.argument().fixed_len()
    }

    /// The bytes of the payload or text, empty where the argument is a number.
    pub fn bytes(&self) -> &'i [u8] {
        match self.arg {
            Arg::Bytes(bytes) | Arg::Text(bytes) => bytes,
            _ => &[],
        }
    }

    /// The number, where the argument is an unsigned one.
    pub fn uint(&self) -> Option<u64> {
        match self.arg {
            Arg::Uint(n) => Some(n),
            _ => None,
        }
    }

    /// Module and name of GLOBAL and INST.
    pub fn module_and_name(&self) -> Option<GlobalName<&'i [u8]>> {
        match (self.opcode, self.arg) {
            (Opcode::Global | Opcode::Inst, Arg::Text(text)) => split_lines(text),
            _ => None,
        }
    }
}

/// The two lines of GLOBAL and INST.
pub(crate) fn split_lines(text: &[u8]) -> Option<GlobalName<&[u8]>> {
    let at = text.iter().position(|&b| b == b'\n')?;
    let (module, rest) = text.split_at_checked(at)?;
    Some(GlobalName::new(module, rest.get(1..)?))
}

/// A piece of a payload or text that did not lie whole in the input.
///
/// See the example of [`Decoder`](crate::Decoder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'i> {
    /// The opcode whose argument this is.
    pub opcode: Opcode,
    /// Bytes from the start of the stream to the opcode.
    pub offset: u64,
    /// Bytes of the argument that came before this piece.
    pub position: u64,
    /// Bytes of the whole argument; not known for texts.
    pub total: Option<u64>,
    /// The piece. Newlines that end a text are not part of it.
    pub data: &'i [u8],
    /// Nothing more follows: the opcode is complete.
    pub last: bool,
}

/// Items, or pairs, that CPython puts between two APPENDS, SETITEMS or ADDITEMS (`BATCHSIZE` in `_pickle.c`).
pub(crate) const BATCH: u32 = 1000;
