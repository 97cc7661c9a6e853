//! Pickles with their lengths in front: 4 bytes, the highest first, as `logging.handlers.SocketHandler`, carbon's pickle
//! receiver and `multiprocessing.connection` send them; the last writes -1 and then 8 bytes from 2 GiB on
//! (`Connection._send_bytes`). Spark's Python workers write the same lengths, and special ones below zero between and behind them
//! (`SpecialLengths` in `pyspark/serializers.py`).

use super::layer::{Layer, LayerError, LayerFault};
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

/// The end of a Spark worker's results, or a length of 8 bytes that follows.
const END_OF_DATA: u32 = -1_i32 as u32;
/// The text of an exception follows.
const EXCEPTION: u32 = -2_i32 as u32;
const TIMING: u32 = -3_i32 as u32;
const END_OF_STREAM: u32 = -4_i32 as u32;
const NULL: u32 = -5_i32 as u32;

/// Bytes of an exception's text that are shown.
const MAX_TEXT: u64 = 4096;

/// A frame or a length is cut off.
pub(super) fn cut(source: &Source) -> io::Error {
    LayerError { layer: Layer::Framed, offset: source.consumed(), fault: LayerFault::Truncated }.into()
}

/// Reads of a frame that has `left` bytes yet.
pub(super) fn read_counted(source: &mut Source, left: &mut u64, out: &mut [u8]) -> io::Result<usize> {
    let most = out.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
    let n = source.read(out.get_mut(..most).unwrap_or_default())?;
    if n == 0 && most != 0 {
        return Err(cut(source));
    }
    *left -= n as u64;
    Ok(n)
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

    /// The length of 8 bytes behind a -1, as `multiprocessing` writes it from 2 GiB on. `None` where the -1 ends the data of a Spark
    /// worker: the number of accumulators follows, then a frame for each, or another special length at the very end.
    fn long_length(&mut self) -> Option<u64> {
        let head = self.source.peek(CAPACITY);
        if matches!(head.len(), 0 | 4) {
            return None;
        }
        // A length that is cut off is an error of whoever reads it.
        let Some((numbers, rest)) = head.split_first_chunk::<8>() else { return Some(0) };
        let [.., l0, l1, l2, l3] = *numbers;
        let last = u32::from_be_bytes([l0, l1, l2, l3]);
        let length = u64::from_be_bytes(*numbers);
        let ends = rest.is_empty() && last >= NULL;
        let is_frame = length > u64::from(u32::MAX)
            && rest.first() == Some(&0x80)
            && (last as usize).checked_sub(1).and_then(|end| rest.get(end)) == Some(&b'.');
        (!ends && !is_frame).then_some(length)
    }

    /// What went wrong in the worker, as it says itself.
    fn exception(&mut self, length: u32) -> io::Result<io::Error> {
        let mut text = Vec::new();
        (&mut self.source).take(u64::from(length).min(MAX_TEXT)).read_to_end(&mut text)?;
        Ok(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the Spark worker failed: {}", String::from_utf8_lossy(&text).trim_end()),
        ))
    }

    /// A length of `N` bytes.
    fn length<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut length = [0; N];
        self.source.read_exact(&mut length).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => cut(&self.source),
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
                END_OF_DATA => match self.long_length() {
                    Some(length) => {
                        self.length::<8>()?;
                        length
                    }
                    // The number of accumulators; each is a frame.
                    None => {
                        self.source.consume(4);
                        0
                    }
                },
                EXCEPTION => {
                    let length = u32::from_be_bytes(self.length()?);
                    return Err(self.exception(length)?);
                }
                TIMING => {
                    // When the worker started and ended, and what it spilled: five numbers of 8 bytes.
                    self.length::<40>()?;
                    0
                }
                END_OF_STREAM | NULL => 0,
                length => length.into(),
            };
        }
        read_counted(&mut self.source, &mut self.left, out)
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
    fn special_lengths_of_spark() {
        let end = b"\0\0\0\x02N.\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xfc";
        let (out, result) = unframed(end);
        assert_eq!((out.as_slice(), result.ok()), (&b"N."[..], Some(2)));
        let mut timed = b"\0\0\0\x02N.\xff\xff\xff\xfd".to_vec();
        timed.extend([0; 40]);
        // One accumulator.
        timed.extend(b"\xff\xff\xff\xff\0\0\0\x01\0\0\0\x05\x80\x02K\x01.\xff\xff\xff\xff");
        let (out, result) = unframed(&timed);
        assert_eq!((out.as_slice(), result.ok()), (&b"N.\x80\x02K\x01."[..], Some(7)));
        let (out, result) = unframed(b"\0\0\0\x02N.\xff\xff\xff\xfe\0\0\0\x03bad");
        assert_eq!(out, b"N.");
        assert_eq!(result.unwrap_err().to_string(), "the Spark worker failed: bad");
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
