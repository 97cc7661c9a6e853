//! Texts and bytes: borrowed from the input, or copied into a buffer where they are written with escapes.

use super::reader::{Reader, op};
use super::refusal::RefusalReason;
use crate::ErrorKind;
use crate::literal::escape;

/// The argument of a str, bytes or Python 2 str, as it stands in the input.
#[derive(Clone, Copy)]
pub(super) struct Raw<'i> {
    pub opcode: u8,
    pub bytes: &'i [u8],
}

impl<'i> Raw<'i> {
    /// The bytes of the value, if they are those of the input; between their quotes where it has any.
    pub fn borrowed(self) -> Result<&'i [u8], RefusalReason> {
        let bytes = match self.opcode {
            op::STRING => escape::unquote(self.bytes).map_err(|_| RefusalReason::BadText)?,
            op::UNICODE if self.bytes.iter().any(|&byte| byte >= 0x80) => return Err(RefusalReason::Escaped),
            op::UNICODE => self.bytes,
            _ => return Ok(self.bytes),
        };
        // `contains` brings a search by words, twice the flash of all of this.
        #[allow(clippy::manual_contains)]
        let escaped = bytes.iter().any(|&byte| byte == b'\\');
        if escaped { Err(RefusalReason::Escaped) } else { Ok(bytes) }
    }

    /// The same for keys, most of which have no escapes to look for.
    #[inline(always)]
    pub fn plain(self) -> Option<&'i [u8]> {
        if matches!(self.opcode, op::STRING | op::UNICODE) { self.borrowed().ok() } else { Some(self.bytes) }
    }

    /// Bytes, not a str.
    pub fn is_bytes(self) -> bool {
        matches!(self.opcode, op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 | op::BYTEARRAY8)
    }

    /// A str of Python 3 or a unicode of Python 2: what no bytes are.
    fn is_str(self) -> bool {
        matches!(self.opcode, op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 | op::UNICODE)
    }

    /// Gives every byte of the value to `put`.
    fn decode(self, mut put: impl FnMut(u8)) -> Result<(), ErrorKind> {
        match self.opcode {
            op::UNICODE => escape::raw_unicode(self.bytes, put).map(drop),
            op::STRING => escape::unescape(escape::unquote(self.bytes)?, put),
            _ => {
                self.bytes.iter().for_each(|&byte| put(byte));
                Ok(())
            }
        }
    }
}

impl<'i> Reader<'i, '_> {
    /// A str, bytes or Python 2 str, perhaps out of the memo.
    #[inline(never)]
    pub(super) fn raw(&mut self) -> Raw<'i> {
        let mut back = None;
        let (opcode, width) = loop {
            let opcode = self.op();
            let width = match opcode {
                op::SHORT_BINUNICODE | op::SHORT_BINBYTES | op::SHORT_BINSTRING => 1,
                op::BINUNICODE | op::BINBYTES | op::BINSTRING => 4,
                op::BINUNICODE8 | op::BINBYTES8 | op::BYTEARRAY8 => 8,
                op::UNICODE | op::STRING => 0,
                _ => {
                    if back.is_none() {
                        back = self.fetch(opcode, false);
                        if back.is_some() {
                            continue;
                        }
                    }
                    self.refuse(RefusalReason::WrongType);
                    0
                }
            };
            break (opcode, width);
        };
        let bytes = match width {
            0 => self.line(),
            1 => {
                let len = self.byte();
                self.take(usize::from(len))
            }
            _ => {
                let len = self.le(width, false);
                self.take(usize::try_from(len).unwrap_or(usize::MAX))
            }
        };
        if let Some(back) = back {
            self.come_back(back);
        }
        Raw { opcode, bytes }
    }

    /// A str, or a Python 2 str of UTF-8. One with escapes, as protocol 0 has, cannot be borrowed.
    #[inline(never)]
    pub fn str(&mut self) -> &'i str {
        let raw = self.raw();
        let text = match raw.borrowed() {
            _ if raw.is_bytes() => Err(RefusalReason::WrongType),
            Ok(bytes) => core::str::from_utf8(bytes).map_err(|_| RefusalReason::BadText),
            Err(reason) => Err(reason),
        };
        text.unwrap_or_else(|reason| {
            self.refuse(reason);
            ""
        })
    }

    /// The bytes of a str that is not checked to be UTF-8, or of a Python 2 str.
    #[inline(never)]
    pub fn str_bytes(&mut self) -> &'i [u8] {
        let raw = self.raw();
        let bytes = if raw.is_bytes() { Err(RefusalReason::WrongType) } else { raw.borrowed() };
        bytes.unwrap_or_else(|reason| {
            self.refuse(reason);
            &[]
        })
    }

    /// bytes, a bytearray of protocol 5, or a Python 2 str.
    #[inline(never)]
    pub fn bytes(&mut self) -> &'i [u8] {
        let raw = self.raw();
        let bytes = if raw.is_str() { Err(RefusalReason::WrongType) } else { raw.borrowed() };
        bytes.unwrap_or_else(|reason| {
            self.refuse(reason);
            &[]
        })
    }

    /// A str, or a Python 2 str of UTF-8, in a buffer; returns its length in bytes. Escapes are undone.
    #[inline(never)]
    pub fn str_into(&mut self, buffer: &mut [u8]) -> usize {
        let raw = self.raw();
        if raw.is_bytes() {
            self.refuse(RefusalReason::WrongType);
        }
        let len = self.copy(raw, buffer);
        if core::str::from_utf8(buffer.get(..len).unwrap_or_default()).is_err() {
            self.refuse(RefusalReason::BadText);
        }
        len
    }

    /// bytes, a bytearray of protocol 5, or a Python 2 str, in a buffer; returns its length. Escapes are undone.
    #[inline(never)]
    pub fn bytes_into(&mut self, buffer: &mut [u8]) -> usize {
        let raw = self.raw();
        if raw.is_str() {
            self.refuse(RefusalReason::WrongType);
        }
        self.copy(raw, buffer)
    }

    fn copy(&mut self, raw: Raw<'i>, buffer: &mut [u8]) -> usize {
        let (mut slots, mut len, mut fits) = (buffer.iter_mut(), 0, true);
        let decoded = raw.decode(|byte| match slots.next() {
            Some(slot) => {
                *slot = byte;
                len += 1;
            }
            None => fits = false,
        });
        if decoded.is_err() || !fits {
            self.refuse(if fits { RefusalReason::BadText } else { RefusalReason::TooLong });
            return 0;
        }
        len
    }
}
