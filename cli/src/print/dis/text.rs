//! The texts of a pickle as `pickletools` decodes them: bytes of any size, in
//! pieces, to code points.

use pickle_core::ErrorKind;

/// How the bytes of an argument become a Python str or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes are their own code points: bytes, and the counted Python 2 str.
    Latin1,
    /// UTF-8 in which lone surrogates may stand (`surrogatepass`).
    Utf8,
    /// Escapes of a Python 2 literal, then Latin-1 (STRING).
    EscapedLatin1,
    /// Escapes of a Python 2 literal, then strict UTF-8 (names, persistent ids).
    EscapedUtf8,
    /// Latin-1 with `\u` and `\U` (UNICODE).
    RawUnicodeEscape,
}

/// Bytes that [`Chars::plain`] looks at together.
pub const BLOCK: usize = 32;

/// A decoder of one text. Feed it pieces of any size, then call [`Chars::finish`].
#[derive(Clone, Debug)]
pub struct Chars {
    encoding: Encoding,
    escape: Escape,
    utf8: Utf8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    /// Outside an escape.
    None,
    /// After a backslash.
    Begun,
    /// Inside `\x`, `\u` or `\U`: digits still to come, value so far.
    Hex(u8, u32),
    /// Inside an octal escape: digits that may still come, value so far.
    Octal(u8, u32),
}

impl Chars {
    /// A decoder at the start of a text.
    pub fn new(encoding: Encoding) -> Self {
        Chars { encoding, escape: Escape::None, utf8: Utf8::default() }
    }

    /// How many bytes at the start of `data` are characters that stand for themselves, in any encoding and in Python's
    /// quotes too: printable ASCII without quotes and backslashes. It need not be all of them.
    pub fn plain(&self, data: &[u8]) -> usize {
        if self.escape != Escape::None || self.utf8.left != 0 {
            return 0;
        }
        let plain = |byte: u8| (0x20..0x7f).contains(&byte) & (byte != b'\'') & (byte != b'"') & (byte != b'\\');
        let blocks = data.as_chunks::<BLOCK>().0;
        // Without a way out of the middle, a block is looked at in few steps.
        BLOCK * blocks.iter().take_while(|block| block.iter().fold(true, |all, &byte| all & plain(byte))).count()
    }

    /// Decodes a piece; `emit` gets every code point.
    ///
    /// # Errors
    /// The bytes are not a text in this encoding.
    pub fn feed(&mut self, data: &[u8], emit: &mut impl FnMut(u32)) -> Result<(), ErrorKind> {
        match self.encoding {
            Encoding::Latin1 => data.iter().for_each(|&b| emit(u32::from(b))),
            Encoding::Utf8 => {
                for &byte in data {
                    self.utf8.push(byte, true, emit)?;
                }
            }
            Encoding::RawUnicodeEscape => {
                for &byte in data {
                    self.raw_unicode_escape(byte, emit)?;
                }
            }
            Encoding::EscapedLatin1 | Encoding::EscapedUtf8 => {
                for &byte in data {
                    self.escaped(byte, emit)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the text and goes back to the start of another.
    ///
    /// # Errors
    /// The text ends inside an escape or a character.
    pub fn finish(&mut self, emit: &mut impl FnMut(u32)) -> Result<(), ErrorKind> {
        match (std::mem::replace(&mut self.escape, Escape::None), self.encoding) {
            (Escape::None, _) => {}
            (Escape::Begun, Encoding::RawUnicodeEscape) => emit(u32::from(b'\\')),
            (Escape::Hex(..), Encoding::RawUnicodeEscape) => return Err(ErrorKind::BadUnicodeEscape),
            (Escape::Begun | Escape::Hex(..), _) => return Err(ErrorKind::BadEscape),
            (Escape::Octal(_, value), _) => self.byte(value as u8, emit)?,
        }
        self.utf8.finish()
    }

    /// `_PyUnicode_DecodeRawUnicodeEscapeStateful`: backslashes come in pairs,
    /// and `\u` counts only after an even number of them.
    fn raw_unicode_escape(&mut self, byte: u8, emit: &mut impl FnMut(u32)) -> Result<(), ErrorKind> {
        self.escape = match (self.escape, byte) {
            (Escape::None, b'\\') => Escape::Begun,
            (Escape::Begun, b'u') => Escape::Hex(4, 0),
            (Escape::Begun, b'U') => Escape::Hex(8, 0),
            (Escape::Begun, _) => {
                emit(u32::from(b'\\'));
                emit(u32::from(byte));
                Escape::None
            }
            (Escape::Hex(left, value), _) => {
                let digit = hex(byte).ok_or(ErrorKind::BadUnicodeEscape)?;
                match (left, value << 4 | digit) {
                    (1, 0x11_0000..) => return Err(ErrorKind::BadUnicodeEscape),
                    (1, code) => {
                        emit(code);
                        Escape::None
                    }
                    (_, value) => Escape::Hex(left - 1, value),
                }
            }
            (Escape::None | Escape::Octal(..), _) => {
                emit(u32::from(byte));
                Escape::None
            }
        };
        Ok(())
    }

    /// `_PyBytes_DecodeEscape2`: unknown escapes stay as they are, octal ones wrap at 256.
    fn escaped(&mut self, byte: u8, emit: &mut impl FnMut(u32)) -> Result<(), ErrorKind> {
        if let Escape::Octal(left, value) = self.escape {
            if left > 0 && matches!(byte, b'0'..=b'7') {
                self.escape = Escape::Octal(left - 1, value << 3 | u32::from(byte - b'0'));
                return Ok(());
            }
            self.escape = Escape::None;
            self.byte(value as u8, emit)?;
        }
        let before = std::mem::replace(&mut self.escape, Escape::None);
        match (before, byte) {
            (Escape::Begun, b'x') => self.escape = Escape::Hex(2, 0),
            (Escape::Begun, b'0'..=b'7') => self.escape = Escape::Octal(2, u32::from(byte - b'0')),
            (Escape::Begun, _) => match unescape(byte) {
                Some(plain) => self.byte(plain, emit)?,
                None => {
                    self.byte(b'\\', emit)?;
                    self.byte(byte, emit)?;
                }
            },
            (Escape::Hex(left, value), _) => {
                let value = value << 4 | hex(byte).ok_or(ErrorKind::BadEscape)?;
                match left {
                    1 => self.byte(value as u8, emit)?,
                    _ => self.escape = Escape::Hex(left - 1, value),
                }
            }
            (Escape::None | Escape::Octal(..), b'\\') => self.escape = Escape::Begun,
            (Escape::None | Escape::Octal(..), _) => self.byte(byte, emit)?,
        }
        Ok(())
    }

    /// A byte that an escape stood for, or a plain one.
    fn byte(&mut self, byte: u8, emit: &mut impl FnMut(u32)) -> Result<(), ErrorKind> {
        if self.encoding == Encoding::EscapedUtf8 {
            return self.utf8.push(byte, false, emit);
        }
        emit(u32::from(byte));
        Ok(())
    }
}

/// UTF-8 between two bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Utf8 {
    /// Bytes still to come of this character.
    left: u8,
    /// Bounds of the next of them; narrower than 80..BF after some first bytes.
    low: u8,
    high: u8,
    code: u32,
}

impl Utf8 {
    #[inline]
    fn push(&mut self, byte: u8, surrogates: bool, emit: &mut impl FnMut(u32)) -> Result<(), ErrorKind> {
        if self.left == 0 {
            if byte < 0x80 {
                emit(u32::from(byte));
                return Ok(());
            }
            let (left, low, high, bits) = match byte {
                0xc2..=0xdf => (1, 0x80, 0xbf, 0x1f),
                0xe0 => (2, 0xa0, 0xbf, 0x0f),
                0xed if !surrogates => (2, 0x80, 0x9f, 0x0f),
                0xe1..=0xef => (2, 0x80, 0xbf, 0x0f),
                0xf0 => (3, 0x90, 0xbf, 0x07),
                0xf1..=0xf3 => (3, 0x80, 0xbf, 0x07),
                0xf4 => (3, 0x80, 0x8f, 0x07),
                _ => return Err(ErrorKind::BadUtf8),
            };
            *self = Utf8 { left, low, high, code: u32::from(byte & bits) };
            return Ok(());
        }
        if !(self.low..=self.high).contains(&byte) {
            return Err(ErrorKind::BadUtf8);
        }
        *self = Utf8 { left: self.left - 1, low: 0x80, high: 0xbf, code: self.code << 6 | u32::from(byte & 0x3f) };
        if self.left == 0 {
            emit(self.code);
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), ErrorKind> {
        if self.left == 0 { Ok(()) } else { Err(ErrorKind::BadUtf8) }
    }
}

fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// What the one-letter escapes stand for.
fn unescape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'\\' | b'\'' | b'"' => letter,
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(encoding: Encoding, data: &[u8], piece: usize) -> Result<Vec<u32>, ErrorKind> {
        let mut codes = Vec::new();
        let mut chars = Chars::new(encoding);
        for piece in data.chunks(piece) {
            chars.feed(piece, &mut |c| codes.push(c))?;
        }
        chars.finish(&mut |c| codes.push(c))?;
        Ok(codes)
    }

    #[test]
    fn pieces_do_not_matter() {
        use Encoding::*;
        let surrogate = [0xd800];
        type Case<'a> = (Encoding, &'a [u8], Result<&'a [u32], ErrorKind>);
        let cases: [Case<'_>; 16] = [
            (Latin1, b"\xe9\\n", Ok(&[0xe9, 0x5c, 0x6e])),
            (Utf8, b"\xc3\xa9\xf0\x9f\x98\x80", Ok(&[0xe9, 0x1f600])),
            (Utf8, b"\xed\xa0\x80", Ok(&surrogate)),
            (Utf8, b"\xed\xa0", Err(ErrorKind::BadUtf8)),
            (Utf8, b"\xe0\x80\x80", Err(ErrorKind::BadUtf8)),
            (Utf8, b"\xf4\x90\x80\x80", Err(ErrorKind::BadUtf8)),
            (EscapedUtf8, b"\\xed\\xa0\\x80", Err(ErrorKind::BadUtf8)),
            (EscapedUtf8, b"\\303\xa9", Ok(&[0xe9])),
            (EscapedLatin1, b"\\x41\\1234\\777\\q\\8\\'", Ok(&[65, 83, 52, 255, 92, 113, 92, 56, 39])),
            (EscapedLatin1, b"\\x4", Err(ErrorKind::BadEscape)),
            (EscapedLatin1, b"a\\", Err(ErrorKind::BadEscape)),
            (RawUnicodeEscape, b"\\\\u0041\\\\\\u0041\\x", Ok(&[92, 92, 117, 48, 48, 52, 49, 92, 92, 65, 92, 120])),
            (RawUnicodeEscape, b"\\ud800\\", Ok(&[0xd800, 92])),
            (RawUnicodeEscape, b"\\U0001f600", Ok(&[0x1f600])),
            (RawUnicodeEscape, b"\\U00110000", Err(ErrorKind::BadUnicodeEscape)),
            (RawUnicodeEscape, b"\\u12", Err(ErrorKind::BadUnicodeEscape)),
        ];
        for (encoding, data, expected) in cases {
            for piece in [1, 2, 3, data.len()] {
                let expected = expected.map(<[u32]>::to_vec);
                assert_eq!(decode(encoding, data, piece), expected, "{data:?}");
            }
        }
    }
}
