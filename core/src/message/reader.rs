//! The input of a message: opcodes, numbers, the memo and frames.

use super::refusal::{Refusal, RefusalReason};
use crate::Opcode;
use crate::literal::float;

/// Opcodes by their byte.
pub(super) mod op {
    use crate::Opcode;

    macro_rules! bytes {
        ($($name:ident = $opcode:ident;)*) => { $( pub const $name: u8 = Opcode::$opcode.byte(); )* };
    }

    bytes! {
        MARK = Mark; STOP = Stop; NONE = None;
        BININT = BinInt; BININT1 = BinInt1; BININT2 = BinInt2; INT = Int; LONG = Long; LONG1 = Long1; LONG4 = Long4;
        BINFLOAT = BinFloat; FLOAT = Float; NEWTRUE = NewTrue; NEWFALSE = NewFalse;
        STRING = String; BINSTRING = BinString; SHORT_BINSTRING = ShortBinString; UNICODE = Unicode;
        BINUNICODE = BinUnicode; SHORT_BINUNICODE = ShortBinUnicode; BINUNICODE8 = BinUnicode8;
        BINBYTES = BinBytes; SHORT_BINBYTES = ShortBinBytes; BINBYTES8 = BinBytes8; BYTEARRAY8 = ByteArray8;
        EMPTY_LIST = EmptyList; LIST = List; APPEND = Append; APPENDS = Appends;
        EMPTY_DICT = EmptyDict; DICT = Dict; SETITEM = SetItem; SETITEMS = SetItems;
        EMPTY_TUPLE = EmptyTuple; TUPLE = Tuple; TUPLE1 = Tuple1; TUPLE2 = Tuple2; TUPLE3 = Tuple3;
        GET = Get; BINGET = BinGet; LONG_BINGET = LongBinGet; PUT = Put; BINPUT = BinPut; LONG_BINPUT = LongBinPut;
        MEMOIZE = Memoize; FRAME = Frame; PROTO = Proto;
    }
}

/// In a memo entry: a tuple of one to three numbers or texts, which begins where its first item does.
const SMALL: u32 = 1 << 31;
/// In a memo entry: a value that cannot be read again.
const LOST: u32 = SMALL - 1;
/// Opcodes that skipping may look at, as a multiple of the bytes of the message.
const WORK: usize = 32;
/// Memo indices are given by PUT, not by MEMOIZE.
const BY_PUT: u32 = u32::MAX;

/// Where reading goes on.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'i> {
    rest: &'i [u8],
    beyond: usize,
    memoized: u32,
    framed: bool,
}

/// Reads a message value by value, as its layout says.
///
/// Nothing it does returns an error: the first one is kept ([`Reader::failure`]), no more input is read, and every value
/// is 0, empty or over from then on. So what reads a message need not ask after every value.
///
/// ```
/// use pickle_core::message::{ItemKind, Reader};
///
/// // pickle.dumps({"x": 3, "y": [1, 2]}, 2)
/// let input = b"\x80\x02}q\0(X\x01\0\0\0xq\x01K\x03X\x01\0\0\0yq\x02]q\x03(K\x01K\x02eu.";
/// let (mut memo, mut x, mut sum) = ([0; 8], 0, 0);
/// let mut reader = Reader::new(input, &mut memo);
/// let mut fields = reader.fields(2);
/// while let Some(field) = reader.field(&mut fields, &["x", "y"][..]) {
///     match field {
///         0 => x = reader.int(),
///         _ => {
///             let mut items = reader.items(ItemKind::Number, None);
///             while reader.item(&mut items) {
///                 sum += reader.int();
///             }
///         }
///     }
/// }
/// reader.end_fields(&fields, 0b11);
/// assert_eq!(reader.finish()?, input.len());
/// assert_eq!((x, sum), (3, 3));
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
pub struct Reader<'i, 'm> {
    /// What is left; within a frame, of the frame.
    rest: &'i [u8],
    /// Bytes behind the end of the frame.
    beyond: usize,
    framed: bool,
    whole: &'i [u8],
    /// The opcode that was read last, in bytes from the end of the input.
    at: usize,
    /// The value on top of the stack, as the memo keeps it; 0 where there is none.
    top: u32,
    memo: &'m mut [u32],
    memoized: u32,
    /// Values of the memo that are being read again.
    replays: u8,
    protocol: u8,
    field: u8,
    /// Opcodes that were skipped or looked at for it.
    work: usize,
    /// A text may follow the value that is being read.
    pub(super) inside: bool,
    failure: Option<Refusal>,
}

impl<'i, 'm> Reader<'i, 'm> {
    /// A reader of the message at the start of `input`.
    ///
    /// `memo` is for values that the message refers to again: texts, lists and dicts by their memo index. CPython gives an
    /// index to every text and container. What is beyond the room is not kept, and refused only where it is asked for; the
    /// contents of `memo` do not matter.
    pub fn new(input: &'i [u8], memo: &'m mut [u32]) -> Self {
        memo.fill(0);
        Reader {
            rest: input,
            beyond: 0,
            framed: false,
            whole: input,
            at: input.len(),
            top: 0,
            memo,
            memoized: 0,
            replays: 0,
            protocol: 0,
            field: 0,
            work: 0,
            inside: false,
            failure: None,
        }
    }

    /// Ends the message with its STOP, and returns its length in bytes.
    ///
    /// # Errors
    /// What was refused first.
    pub fn finish(&mut self) -> Result<usize, Refusal> {
        if self.op() != op::STOP {
            self.refuse(RefusalReason::Unexpected);
        }
        match self.failure {
            // As CPython's `loads`: the last frame belongs to the pickle, whatever is in it.
            None => Ok(self.whole.len() - if self.framed { self.beyond } else { self.rest.len() }),
            Some(refusal) => Err(refusal),
        }
    }

    /// What was refused first.
    pub fn failure(&self) -> Option<Refusal> {
        self.failure
    }

    /// Refuses the opcode that was read last, and all that follows.
    #[cold]
    #[inline(never)]
    pub fn refuse(&mut self, reason: RefusalReason) {
        if self.failure.is_none() {
            let offset = self.whole.len() - self.at;
            let byte = self.whole.get(offset).copied().unwrap_or(0);
            self.failure = Some(Refusal { offset, reason, field: self.field, byte });
        }
        (self.rest, self.beyond) = (&[], 0);
    }

    #[cold]
    pub(super) fn refuse_next(&mut self, reason: RefusalReason) {
        self.op();
        self.refuse(reason);
    }

    /// Refuses what is not there: the message is over at the next opcode.
    #[cold]
    pub(super) fn refuse_here(&mut self, reason: RefusalReason, field: usize) {
        if self.failure.is_none() {
            self.at = self.rest.len() + self.beyond;
            self.field = field as u8;
        }
        self.refuse(reason);
    }

    #[inline(always)]
    pub(super) fn set_field(&mut self, field: usize) {
        self.field = field as u8;
    }

    /// The next byte of an argument.
    #[inline(never)]
    pub(super) fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                byte
            }
            None => self.take(1).first().copied().unwrap_or(0),
        }
    }

    /// The next opcode, which stays where it is, behind what speaks to the reader alone. 0 where there is none.
    #[inline(never)]
    pub(super) fn peek(&mut self) -> u8 {
        loop {
            let Some(&byte) = self.rest.first() else {
                if !self.leave_frame() {
                    return 0;
                }
                continue;
            };
            match byte {
                op::MEMOIZE => {
                    self.step();
                    let index = self.memoized;
                    if self.top == 0 || (index == BY_PUT && self.replays == 0) {
                        self.refuse(RefusalReason::Unexpected);
                    }
                    if self.replays == 0 {
                        self.memoized = index.wrapping_add(1);
                        self.put(index);
                    }
                }
                op::BINPUT | op::LONG_BINPUT | op::PUT | op::FRAME | op::PROTO => self.aside(byte),
                _ => return byte,
            }
        }
    }

    /// The same, at once where it is neither one of those nor behind the end of a frame: most are below PUT, and strs.
    #[inline(always)]
    pub(super) fn look(&mut self) -> u8 {
        match self.rest.first() {
            Some(&byte) if byte < op::PUT || byte == op::SHORT_BINUNICODE => byte,
            _ => self.peek(),
        }
    }

    /// Goes past the byte of an opcode that is there.
    #[inline(always)]
    fn step(&mut self) {
        self.at = self.rest.len() + self.beyond;
        if let Some((_, rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    /// Takes the next opcode: its value, if it is one, is on top of the stack.
    #[inline(never)]
    pub(super) fn op(&mut self) -> u8 {
        let byte = self.look();
        self.step();
        self.top = entry(self.at);
        byte
    }

    /// The value that begins with the next opcode, as the memo keeps it.
    pub(super) fn upcoming(&self) -> u32 {
        entry(self.rest.len() + self.beyond)
    }

    /// After an opcode that leaves no value, or none that CPython refers to.
    #[inline(always)]
    pub(super) fn no_top(&mut self) {
        self.top = 0;
    }

    /// The value on top is one that began earlier.
    #[inline(always)]
    pub(super) fn top_from(&mut self, start: u32) {
        self.top = start;
    }

    /// After an opcode of a skipped value: one that leaves no value, or one that begins earlier.
    pub(super) fn skipped(&mut self, earlier: bool, value: bool) {
        if !value {
            self.top = 0;
        } else if earlier {
            self.top = LOST;
        }
    }

    /// Counts a skipped opcode; false where they have been too many.
    pub(super) fn spend(&mut self) -> bool {
        self.work += 1;
        let spent = self.work / WORK > self.whole.len();
        if spent {
            self.refuse(RefusalReason::WorkLimit);
        }
        !spent
    }

    /// The value on top is a tuple of one to three items.
    pub(super) fn top_small(&mut self, start: u32, simple: bool) {
        self.top = if simple { start | SMALL } else { LOST };
    }

    /// The value on top as the memo keeps it.
    #[inline(always)]
    pub(super) fn top(&self) -> u32 {
        self.top
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        if let Some(slot) = self.memo.get_mut(index as usize) {
            *slot = self.top;
        }
    }

    /// An opcode that speaks to the reader alone.
    #[inline(never)]
    fn aside(&mut self, byte: u8) {
        self.step();
        match byte {
            op::FRAME => self.frame(),
            op::PROTO => {
                let first = self.at == self.whole.len();
                self.protocol = self.byte();
                if !first || self.protocol > 5 {
                    self.refuse(if first { RefusalReason::BadProtocol } else { RefusalReason::Unexpected });
                }
            }
            _ => {
                let index = self.index(byte, op::BINPUT, op::LONG_BINPUT);
                // With both, the indices of MEMOIZE depend on all of PUT.
                if self.top == 0 || (self.replays == 0 && self.memoized.wrapping_add(1) > 1) {
                    self.refuse(RefusalReason::Unexpected);
                }
                if self.replays == 0 {
                    self.memoized = BY_PUT;
                    self.put(index);
                }
            }
        }
    }

    /// A memo index, whose opcode has been read.
    fn index(&mut self, byte: u8, short: u8, long: u8) -> u32 {
        let index = match byte {
            _ if byte == short => u64::from(self.byte()),
            _ if byte == long => self.le(4, false),
            _ => {
                let index = self.decimal(false);
                if index < 0 {
                    self.refuse(RefusalReason::BadNumber);
                }
                index as u64
            }
        };
        // No memo is that large.
        if index >> 32 == 0 { index as u32 } else { BY_PUT }
    }

    fn frame(&mut self) {
        let len = self.le(8, false);
        if self.replays != 0 {
            // Checked when it was read first.
            return;
        }
        if self.framed {
            if !self.rest.is_empty() {
                self.refuse(RefusalReason::BadFrame);
                return;
            }
            self.next_rest();
        }
        match usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len)) {
            Some((frame, rest)) => (self.rest, self.beyond, self.framed) = (frame, rest.len(), true),
            None => self.refuse(RefusalReason::EndOfInput),
        }
    }

    fn next_rest(&mut self) {
        self.rest = self.whole.get(self.whole.len() - self.beyond..).unwrap_or_default();
        (self.beyond, self.framed) = (0, false);
    }

    /// Goes on behind the frame that has ended; false where the input has.
    #[cold]
    #[inline(never)]
    fn leave_frame(&mut self) -> bool {
        if self.beyond != 0 {
            self.next_rest();
            return true;
        }
        self.at = 0;
        self.refuse(RefusalReason::EndOfInput);
        false
    }

    /// The next `len` bytes of an argument.
    #[inline(never)]
    pub(super) fn take(&mut self, len: usize) -> &'i [u8] {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                bytes
            }
            None => {
                self.refuse(if self.beyond != 0 { RefusalReason::BadFrame } else { RefusalReason::EndOfInput });
                &[]
            }
        }
    }

    /// A number of up to eight bytes, little-endian.
    #[inline(never)]
    pub(super) fn le(&mut self, len: usize, signed: bool) -> u64 {
        let bytes = self.take(len);
        let mut value = match bytes.last() {
            Some(&top) if signed && top & 0x80 != 0 => u64::MAX,
            _ => 0,
        };
        for &byte in bytes.iter().rev() {
            value = value << 8 | u64::from(byte);
        }
        value
    }

    /// A text argument up to its newline.
    #[inline(never)]
    pub(super) fn line(&mut self) -> &'i [u8] {
        let len = self.rest.iter().position(|&byte| byte == b'\n').unwrap_or(self.rest.len());
        let line = self.take(len);
        self.take(1);
        line
    }

    /// An int as text as CPython writes it: a minus perhaps, digits without leading zeros, and of LONG an L.
    fn decimal(&mut self, long: bool) -> i64 {
        let line = self.line();
        let line = if long { line.strip_suffix(b"L").unwrap_or(line) } else { line };
        let digits = line.strip_prefix(b"-").unwrap_or(line);
        let negative = digits.len() != line.len();
        let mut value = 0u64;
        for &byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                self.refuse(RefusalReason::BadNumber);
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
        let zeros = digits.first() == Some(&b'0') && line.len() > 1;
        if digits.is_empty() || zeros {
            self.refuse(RefusalReason::BadNumber);
        }
        // 19 digits fit 64 bits.
        if digits.len() > 19 || value > i64::MAX as u64 + u64::from(negative) {
            self.refuse(RefusalReason::OutOfRange);
        }
        if negative { value.wrapping_neg() as i64 } else { value as i64 }
    }

    /// An int of up to 64 bits.
    #[inline(never)]
    pub fn int(&mut self) -> i64 {
        let (len, signed) = match self.op() {
            op::BININT1 => return i64::from(self.byte()),
            op::BININT2 => (2, false),
            op::BININT => (4, true),
            op::LONG1 => (usize::from(self.byte()), true),
            op::LONG4 => (self.le(4, false) as usize, true),
            op::INT => return self.decimal(false),
            op::LONG => return self.decimal(true),
            _ => {
                self.refuse(RefusalReason::WrongType);
                return 0;
            }
        };
        if len > 8 {
            self.refuse(RefusalReason::OutOfRange);
            return 0;
        }
        self.le(len, signed) as i64
    }

    /// A float. A float as text, as of protocol 0, takes the feature `text-float`.
    #[inline(never)]
    pub fn float(&mut self) -> f64 {
        match self.op() {
            op::BINFLOAT => {
                let bits = self.take(8).first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                f64::from_bits(bits)
            }
            op::FLOAT => self.float_text(),
            _ => {
                self.refuse(RefusalReason::WrongType);
                0.0
            }
        }
    }

    fn float_text(&mut self) -> f64 {
        let line = self.line();
        if cfg!(feature = "text-float")
            && let Ok(Some(value)) = float::from_text(line)
        {
            return value;
        }
        self.refuse(RefusalReason::BadNumber);
        0.0
    }

    /// A bool.
    pub fn bool(&mut self) -> bool {
        match self.op() {
            op::NEWTRUE => return true,
            op::NEWFALSE => {}
            op::INT => match self.line() {
                b"01" => return true,
                b"00" => {}
                _ => self.refuse(RefusalReason::WrongType),
            },
            _ => self.refuse(RefusalReason::WrongType),
        }
        false
    }

    /// Takes a None, if there is one.
    pub fn none(&mut self) -> bool {
        let found = self.peek() == op::NONE;
        if found {
            self.op();
        }
        found
    }

    /// The protocol that the message names; 0 where it names none, which is 0 or 1.
    pub(super) fn protocol(&self) -> u8 {
        self.protocol
    }

    /// Where reading goes on.
    #[inline(always)]
    pub(super) fn place(&self) -> Place<'i> {
        Place { rest: self.rest, beyond: self.beyond, memoized: self.memoized, framed: self.framed }
    }

    /// Goes on reading elsewhere.
    #[inline(always)]
    pub(super) fn go(&mut self, place: Place<'i>) {
        if self.failure.is_none() {
            (self.rest, self.beyond) = (place.rest, place.beyond);
            (self.memoized, self.framed) = (place.memoized, place.framed);
        }
    }

    /// Where the opcode, which has been read, is a GET: goes on reading at the value that it fetches, and returns where
    /// to come back to.
    #[inline(never)]
    pub(super) fn fetch(&mut self, byte: u8, small: bool) -> Option<Place<'i>> {
        if !matches!(byte, op::GET | op::BINGET | op::LONG_BINGET) {
            return None;
        }
        let index = self.index(byte, op::BINGET, op::LONG_BINGET);
        let entry = self.memo.get(index as usize).copied().unwrap_or(0);
        let at = (entry & !SMALL) as usize;
        if at == 0 {
            self.refuse(RefusalReason::NotKept);
        } else if at == LOST as usize || (entry & SMALL != 0 && !small) {
            self.refuse(RefusalReason::SharedTuple);
        } else {
            let back = self.place();
            self.rest = self.whole.get(self.whole.len() - at..).unwrap_or_default();
            self.beyond = 0;
            self.replays += 1;
            return Some(back);
        }
        None
    }

    /// Comes back from a value that a GET has fetched.
    pub(super) fn come_back(&mut self, place: Place<'i>) {
        self.replays -= 1;
        self.top = 0;
        self.go(place);
    }
}

/// A value so many bytes from the end of the input, as the memo keeps it.
#[inline(always)]
fn entry(at: usize) -> u32 {
    if usize::BITS > 32 { at.min(LOST as usize) as u32 } else { at as u32 }
}

/// The opcode is a str, or fetches one perhaps.
pub(super) fn is_text(byte: u8) -> bool {
    matches!(byte, op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 | op::UNICODE)
        || matches!(byte, op::SHORT_BINSTRING | op::BINSTRING | op::STRING | op::BINGET | op::LONG_BINGET | op::GET)
}

const _: () = assert!(Opcode::Tuple1.byte() + 2 == Opcode::Tuple3.byte());
const _: () = assert!(op::PUT + 1 == op::BINPUT && op::PUT + 2 == op::LONG_BINPUT && op::FRAME == op::MEMOIZE + 1);
