//! Pickles with their lengths in front: 4 bytes, the highest first, as `logging.handlers.SocketHandler`, carbon's pickle
//! receiver and `multiprocessing.connection` send them; the last writes -1 and then 8 bytes from 2 GiB on
//! (`Connection._send_bytes`).

use super::layers::{Layer, LayerError, LayerFault};
use super::source::{CAPACITY, Source};
use std::io::{self, BufRead, Read};

/// True where a pickle with its length in front begins. The first byte must be no opcode, so only the first pickle must
/// be shorter than 640 MiB (28 is MARK), or have a length of 8 bytes. It ends in STOP, or is too long to see its end and
/// begins as pickles do.
pub(super) fn is_framed(source: &mut Source) -> bool {
    let (header, len) = match *source.peek(4) {
        [0xff, 0xff, 0xff, 0xff] => match source.peek(12) {
            [_, _, _, _, len @ ..] => (12, <[u8; 8]>::try_from(len).map_or(0, u64::from_be_bytes)),
            _ => return false,
        },
        [l0 @ 0..0x28, l1, l2, l3] => (4, u32::from_be_bytes([l0, l1, l2, l3]).into()),
        _ => return false,
    };
    let end = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(header);
    let head = source.peek(end.min(CAPACITY));
    if end <= CAPACITY {
        return len > 0 && head.len() == end && head.last() == Some(&b'.');
    }
    let begin = head.get(header..).unwrap_or_default();
    head.len() >= CAPACITY && matches!(begin, [0x80, 0..=5, ..] | [b'(' | b']' | b'}', ..])
}

/// Takes the lengths out.
pub(super) struct Framed {
    source: Source,
    /// Bytes of the frame that are still to come.
    left: u64,
}

impl Framed {
    pub(super) fn new(source: Source) -> Self {
        Framed { source, left: 0 }
    }

    fn cut(&self) -> io::Error {
        LayerError { layer: Layer::Framed, offset: self.source.consumed(), fault: LayerFault::Truncated }.into()
    }

    /// A length of `N` bytes.
    fn length<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut length = [0; N];
        self.source.read_exact(&mut length).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.cut(),
            _ => error,
        })?;
        Ok(length)
    }
}

impl Read for Framed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.left = match u32::from_be_bytes(self.length()?) {
                u32::MAX => u64::from_be_bytes(self.length()?),
                length => length.into(),
            };
        }
        let most = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.source.read(out.get_mut(..most).unwrap_or_default())?;
        if n == 0 && most != 0 {
            return Err(self.cut());
        }
        self.left -= n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn source(bytes: &[u8]) -> Source {
        Source::new(Box::new(Cursor::new(bytes.to_vec())))
    }

    fn unframed(bytes: &[u8]) -> (Vec<u8>, io::Result<usize>) {
        let mut out = Vec::new();
        let result = Framed::new(source(bytes)).read_to_end(&mut out);
        (out, result)
    }

    #[test]
    fn lengths_of_both_kinds() {
        let bytes = b"\0\0\0\x02N.\xff\xff\xff\xff\0\0\0\0\0\0\0\x03K\x01.\0\0\0\0";
        let (out, result) = unframed(bytes);
        assert_eq!((out.as_slice(), result.ok()), (&b"N.K\x01."[..], Some(5)));
    }

    #[test]
    fn a_cut_is_an_error_after_what_came_before() {
        let whole = b"\0\0\0\x02N.\0\0\0\x03K\x01.";
        for len in 1..whole.len() {
            let (out, result) = unframed(&whole[..len]);
            assert_eq!(result.is_ok(), len == 6, "{len}");
            assert!(b"N.K\x01.".starts_with(&out));
        }
    }

    #[test]
    fn what_is_recognised() {
        assert!(is_framed(&mut source(b"\0\0\0\x02N.")));
        assert!(is_framed(&mut source(b"\0\0\0\x02N.\0\0\0\x02")));
        for other in [&b"\0\0\0\x02N"[..], b"\0\0\0\x02NN", b"\0\0\0\0", b"\0", b"N.", b"\0\0\0\0\x80\x04N."] {
            assert!(!is_framed(&mut source(other)), "{other:?}");
        }
        let mut long = b"\0\x10\0\0\x80\x04".to_vec();
        assert!(!is_framed(&mut source(&long)), "its end is missing");
        long.resize(CAPACITY, b'N');
        assert!(is_framed(&mut source(&long)));
        for (first, framed) in [(0x10, true), (0x27, true), (0x28, false), (0x80, false)] {
            long[0] = first;
            assert_eq!(is_framed(&mut source(&long)), framed, "{first}");
        }
        let mut eight = b"\xff\xff\xff\xff\0\0\0\x01\0\0\0\0\x80\x05".to_vec();
        eight.resize(CAPACITY, b'N');
        assert!(is_framed(&mut source(&eight)));
        eight[12] = b'N';
        assert!(!is_framed(&mut source(&eight)));
        assert!(!is_framed(&mut source(b"\xff\xff\xff\xff\0\0")));
    }
}
