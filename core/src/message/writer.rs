//! The output of a message: opcodes of protocol 4, without memo and frames.

use super::reader::op;
use crate::wire::op::BATCH;
use core::fmt;

/// The buffer is too small for a message.
///
/// See the example of [`MessageWriter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct TooSmall {
    /// Bytes of the whole message.
    pub needed: usize,
}

impl fmt::Display for TooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message takes {} bytes, more than the buffer has", self.needed)
    }
}

impl core::error::Error for TooSmall {}

/// Writes the values of a message, for types that are a [`Field`](super::Field).
///
/// What has no room is counted, so that the error at the end says how much is needed; there is none to test before.
///
/// ```
/// use pickle_core::message::{self, Field, ItemKind, Reader, MessageWriter};
///
/// struct Celsius(f64);
/// impl<'i> Field<'i> for Celsius {
///     const EMPTY: Self = Celsius(0.0);
///     const KIND: ItemKind = ItemKind::Number;
///     fn read(reader: &mut Reader<'i, '_>) -> Self {
///         Celsius(reader.float())
///     }
///     fn write(&self, writer: &mut MessageWriter<'_>) {
///         writer.float(self.0);
///     }
/// }
///
/// let mut buffer = [0; 16];
/// let len = message::write(&Celsius(21.5), &mut buffer)?;
/// assert_eq!(buffer[..len], *b"\x80\x04G@5\x80\0\0\0\0\0.");
/// let small = message::write(&Celsius(21.5), &mut [0; 4]).err();
/// assert_eq!(small.map(|small| small.needed), Some(12));
/// # Ok::<_, message::TooSmall>(())
/// ```
pub struct MessageWriter<'b> {
    buffer: &'b mut [u8],
    /// Bytes of the message so far, also those that have no room.
    len: usize,
}

impl<'b> MessageWriter<'b> {
    /// A writer at the start of `buffer`, behind PROTO.
    pub(super) fn new(buffer: &'b mut [u8]) -> Self {
        let mut writer = MessageWriter { buffer, len: 0 };
        writer.put(&[op::PROTO, 4]);
        writer
    }

    /// Ends the message; returns its length.
    pub(super) fn finish(mut self) -> Result<usize, TooSmall> {
        self.op(op::STOP);
        if self.len > self.buffer.len() { Err(TooSmall { needed: self.len }) } else { Ok(self.len) }
    }

    #[inline(never)]
    fn put(&mut self, bytes: &[u8]) {
        if let Some((_, room)) = self.buffer.split_at_mut_checked(self.len)
            && room.len() >= bytes.len()
        {
            for (slot, &byte) in room.iter_mut().zip(bytes) {
                *slot = byte;
            }
        }
        self.len = self.len.saturating_add(bytes.len());
    }

    pub(super) fn op(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    /// An opcode and the lowest bytes of a number.
    #[inline(never)]
    fn number(&mut self, byte: u8, number: u64, width: usize) {
        let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
        self.put([byte, a, b, c, d, e, f, g, h].get(..1 + width).unwrap_or_default());
    }

    /// An int, in as few bytes as CPython.
    #[inline(never)]
    pub fn int(&mut self, value: i64) {
        let bits = value as u64;
        match value {
            0..=0xff => self.put(&[op::BININT1, value as u8]),
            0x100..=0xffff => self.number(op::BININT2, bits, 2),
            -0x8000_0000..=0x7fff_ffff => self.number(op::BININT, bits, 4),
            _ => {
                // The sign needs a bit: the topmost byte is the first that is not all sign.
                let unused = if value < 0 { value.leading_ones() } else { value.leading_zeros() } - 1;
                let width = 8 - unused as usize / 8;
                self.put(&[op::LONG1, width as u8]);
                self.put(value.to_le_bytes().get(..width).unwrap_or_default());
            }
        }
    }

    /// A float.
    #[inline(never)]
    pub fn float(&mut self, value: f64) {
        self.number(op::BINFLOAT, value.to_bits().swap_bytes(), 8);
    }

    /// A bool.
    pub fn bool(&mut self, value: bool) {
        self.op(if value { op::NEWTRUE } else { op::NEWFALSE });
    }

    /// None.
    pub fn none(&mut self) {
        self.op(op::NONE);
    }

    /// A str.
    pub fn str(&mut self, text: &str) {
        self.str_bytes(text.as_bytes());
    }

    /// A str, whose UTF-8 is not checked.
    #[inline(never)]
    pub fn str_bytes(&mut self, text: &[u8]) {
        self.counted([op::SHORT_BINUNICODE, op::BINUNICODE, op::BINUNICODE8], text);
    }

    /// bytes.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.counted([op::SHORT_BINBYTES, op::BINBYTES, op::BINBYTES8], bytes);
    }

    #[inline(never)]
    fn counted(&mut self, [short, long, huge]: [u8; 3], bytes: &[u8]) {
        let len = bytes.len() as u64;
        match len {
            0..=0xff => self.put(&[short, len as u8]),
            0x100..=0xffff_ffff => self.number(long, len, 4),
            _ => self.number(huge, len, 8),
        }
        self.put(bytes);
    }

    /// A list, whose items `item` writes one after the other; it is given their numbers.
    #[inline]
    pub fn list(&mut self, count: usize, mut item: impl FnMut(&mut Self, usize)) {
        self.op(op::EMPTY_LIST);
        for index in 0..count {
            self.before(index, count);
            item(self, index);
            self.behind(index, count, [op::APPEND, op::APPENDS]);
        }
    }

    /// A dict with these keys, whose values `value` writes one after the other; it is given the numbers of their keys.
    #[inline]
    pub fn dict(&mut self, keys: &[&str], mut value: impl FnMut(&mut Self, usize)) {
        self.op(op::EMPTY_DICT);
        for (index, key) in keys.iter().enumerate() {
            self.before(index, keys.len());
            self.str(key);
            value(self, index);
            self.behind(index, keys.len(), [op::SETITEM, op::SETITEMS]);
        }
    }

    /// Items come in batches, the last of which has no MARK if it is one item.
    #[inline(never)]
    fn before(&mut self, index: usize, count: usize) {
        if index.is_multiple_of(BATCH as usize) && index + 1 != count {
            self.op(op::MARK);
        }
    }

    #[inline(never)]
    fn behind(&mut self, index: usize, count: usize, [one, many]: [u8; 2]) {
        let last = index + 1 == count;
        if last && index.is_multiple_of(BATCH as usize) {
            self.op(one);
        } else if last || (index + 1).is_multiple_of(BATCH as usize) {
            self.op(many);
        }
    }
}
