//! Bytes that are spelled as text, one by one.

use super::scalar::Utf8;

/// Text that goes to a loader as bytes, by way of `_codecs.encode(text, "latin1")`: what protocols 0 to 2 have for bytes.
#[derive(Default)]
pub(super) struct Recode {
    pub utf8: Utf8,
    /// A line of protocol 0, with escapes.
    pub line: bool,
    /// What is read of a character, and what it comes to so far.
    pub held: u8,
    pub value: u32,
    /// A character that latin1 has not, or an escape that pickles do not write: nothing is promised.
    pub odd: bool,
}

impl Recode {
    /// The next byte: the byte of a character that is whole.
    pub fn next(&mut self, byte: u8) -> Option<u8> {
        if self.odd {
            return None;
        }
        match (self.line, self.held) {
            (true, 0) if byte == b'\\' => self.held = 1,
            (true, 1) if byte == b'u' => (self.held, self.value) = (2, 0),
            (true, 2..=5) => match char::from(byte).to_digit(16) {
                Some(digit) => {
                    self.value = self.value << 4 | digit;
                    self.held = if self.held == 5 { 0 } else { self.held + 1 };
                    if self.held == 0 {
                        return self.whole();
                    }
                }
                None => self.odd = true,
            },
            (true, 0) => return Some(byte),
            (false, 0) if byte < 0x80 => return Some(byte),
            (false, 0) if matches!(byte, 0xc2 | 0xc3) => (self.held, self.value) = (1, u32::from(byte & 3)),
            (false, 1) => {
                (self.held, self.value) = (0, self.value << 6 | u32::from(byte & 0x3f));
                return self.whole();
            }
            _ => self.odd = true,
        }
        None
    }

    fn whole(&mut self) -> Option<u8> {
        let byte = u8::try_from(self.value).ok();
        self.odd |= byte.is_none();
        byte
    }
}
