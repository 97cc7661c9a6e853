//! Pickles with their lengths in front: 4 bytes, the highest first, as `logging.handlers.SocketHandler`, carbon's pickle
//! receiver and `multiprocessing.connection` send them; the last writes -1 and then 8 bytes from 2 GiB on
//! (`Connection._send_bytes`). Spark's Python workers write the same lengths, and special ones below zero between and behind them
//! (`SpecialLengths` in `pyspark/serializers.py`). Lengths of 4 bytes, the lowest first, and of 8 are told from others by more: the
//! first pickle is as long as that, and nothing can be read from the first byte on.

use super::layer::{Layer, LayerError, LayerFault};
use super::lengths::Lengths;
use super::reading::Reading;
use super::source::{CAPACITY, Source};
use std::io::{self, BufRead, Read};

/// The layer of the lengths in front of pickles, where such begin.
///
/// No byte is waited for that a pickle without a length in front would not need as well.
pub(super) fn recognise(source: &mut Source) -> Option<Layer> {
    let mut candidates = vec![Candidate::Usual, Candidate::Of(Lengths::FourLittle)];
    candidates.extend([Lengths::EightLittle, Lengths::EightBig].map(Candidate::Of));
    let (mut plain, mut wanted) = (Reading::Open, 1);
    loop {
        let is_all = source.peek(wanted).len() < wanted.min(CAPACITY);
        let stops_at = source.stops_at();
        let here = source.buffered();
        // Almost every file is told by its first bytes; those that are there are looked at at once.
        let head = if wanted <= HEADER { here.get(..HEADER).unwrap_or(here) } else { here };
        if plain == Reading::Open {
            plain = Reading::of(head);
        }
        if let Reading::Whole(_) = plain {
            return None;
        }
        let seen = Seen { head, here, is_all: is_all || head.len() >= CAPACITY, plain, stops_at };
        // Where two fit, it is the one whose first pickle is the shorter one.
        let (mut found, mut more) = (None, usize::MAX);
        candidates.retain(|candidate| match candidate.judge(&seen) {
            Guess::Yes(len) => {
                found = found.filter(|(shorter, _)| *shorter <= len).or(Some((len, candidate.layer())));
                true
            }
            Guess::No => false,
            Guess::More(bytes) => {
                more = more.min(bytes);
                true
            }
        });
        if found.is_some() || candidates.is_empty() || seen.is_all {
            return found.map(|(_, layer)| layer);
        }
        // A pickle may end with the next byte.
        wanted = if plain == Reading::Open { head.len() + 1 } else { more.max(head.len() + 1) };
    }
}

/// Bytes that tell most files from these.
const HEADER: usize = 12;

/// The longest first pickle, so that the highest byte of a length of 4 is no opcode (28 is MARK): 640 MiB.
const LONGEST: u64 = 0x2800_0000;

/// What was seen of an input.
struct Seen<'s> {
    head: &'s [u8],
    /// All that is in the buffer.
    here: &'s [u8],
    /// Nothing follows, or more than can be seen.
    is_all: bool,
    /// What it is without lengths.
    plain: Reading,
    /// The length of a file that ends in STOP, or 0.
    stops_at: u64,
}

enum Guess {
    /// The first pickle has so many bytes.
    Yes(u64),
    No,
    /// So many bytes tell.
    More(usize),
}

/// A kind of lengths.
#[derive(Clone, Copy)]
enum Candidate {
    /// Those of sockets.
    Usual,
    Of(Lengths),
}

impl Candidate {
    fn layer(self) -> Layer {
        match self {
            Candidate::Usual => Layer::Framed,
            Candidate::Of(lengths) => Layer::Counted(lengths),
        }
    }

    fn judge(self, seen: &Seen<'_>) -> Guess {
        match self {
            Candidate::Usual => usual(seen),
            Candidate::Of(lengths) => counted(seen, lengths),
        }
    }
}

/// Bytes that are not there yet: they are waited for, unless there are none.
fn wait(seen: &Seen<'_>, bytes: usize) -> Guess {
    if seen.is_all { Guess::No } else { Guess::More(bytes) }
}

/// The first byte is no opcode, so only the first pickle must be shorter than [`LONGEST`], or have a length of 8 bytes. It ends in
/// STOP, or is too long to see its end and begins as pickles do, or is damaged.
fn usual(seen: &Seen<'_>) -> Guess {
    let head = seen.head;
    let (header, len) = match *head {
        [0xff, 0xff, 0xff, 0xff, l0, l1, l2, l3, l4, l5, l6, l7, ..] => {
            (12, u64::from_be_bytes([l0, l1, l2, l3, l4, l5, l6, l7]))
        }
        [l0 @ 0..0x28, l1, l2, l3, ..] => (4, u32::from_be_bytes([l0, l1, l2, l3]).into()),
        [0xff, ref rest @ ..] if rest.iter().take(3).all(|byte| *byte == 0xff) => return wait(seen, head.len() + 1),
        [] | [0..0x28] | [0..0x28, _] | [0..0x28, _, _] => return wait(seen, head.len() + 1),
        _ => return Guess::No,
    };
    let end = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(header);
    if end <= CAPACITY {
        return match head.get(..end) {
            Some(_) if len == 0 => Guess::No,
            Some(frame) if frame.last() == Some(&b'.') && !has_lengths_behind(seen) => Guess::Yes(len),
            None if !seen.is_all => Guess::More(end),
            _ => announced(seen, header, len),
        };
    }
    match head.get(header..).unwrap_or_default() {
        // A pickle that is not cut off, behind the time of a file of cachelib.
        [0x80, 2..=5, ..] if (1..end as u64).contains(&seen.stops_at) => Guess::No,
        [0x80, 0..=5, ..] | [b'(' | b']' | b'}', ..] if head.len() >= CAPACITY => Guess::Yes(len),
        _ if head.len() >= CAPACITY => Guess::No,
        [] | [0x80 | b'(' | b']' | b'}', ..] if !seen.is_all => Guess::More(CAPACITY),
        _ => announced(seen, header, len),
    }
}

/// Lengths of damaged files that are recognised: text begins with none of them.
const SURE: u64 = 1 << 24;

/// From here on what looks like a length may be the time in front of a pickle of cachelib.
const TIME: u64 = 1 << 16;

/// The first pickle is cut off, or its length is wrong: what stands here is no pickle, a pickle begins behind the length. The reader of
/// the lengths says what is wrong.
fn announced(seen: &Seen<'_>, header: usize, len: u64) -> Guess {
    let rest = seen.here.get(header..).unwrap_or_default();
    let (reading, opcodes) = Reading::counted(rest);
    let is_pickle = match reading {
        Reading::Not => false,
        Reading::Open => seen.is_all && len > rest.len() as u64,
        Reading::Whole(end) if end == rest.len() && len >= TIME => {
            return if seen.is_all { Guess::No } else { Guess::More(header + end + 1) };
        }
        Reading::Whole(end) if seen.here.len() >= CAPACITY => !is_length_behind(rest, end),
        Reading::Whole(_) => !has_lengths_behind(seen),
    };
    let is_known = matches!(rest, [0x80, 2..=5, ..]) || opcodes > 2 && matches!(rest, [b'(' | b']' | b'}', ..]);
    if seen.plain == Reading::Not && len < SURE && is_pickle && is_known { Guess::Yes(len) } else { Guess::No }
}

/// The length of the first pickle stands behind it, as in queuelib's queues.
fn is_length_behind(pickles: &[u8], end: usize) -> bool {
    let behind = pickles.get(end..).and_then(<[u8]>::first_chunk::<4>);
    behind.is_some_and(|length| u32::from_be_bytes(*length) as usize == end)
}

/// All that is there is a number of pickles and then those, each with its length behind it, as
/// queuelib's queues have it: what looks like the first length is that number.
fn has_lengths_behind(seen: &Seen<'_>) -> bool {
    let (mut rest, mut count) = (seen.here, 0u32);
    while let Some((before, length)) = rest.split_last_chunk::<4>().filter(|(before, _)| !before.is_empty()) {
        let len = u32::from_be_bytes(*length) as usize;
        let Some(at) = before.len().checked_sub(len).filter(|_| len > 0) else { return false };
        rest = before.get(..at).unwrap_or_default();
        count += 1;
    }
    rest == count.to_be_bytes()
}

/// The first pickle is exactly as long as its length says, and of those that follow in sight each ends in STOP. One that is too long
/// to see its end has PROTO in front and reads on. From the first byte on there is nothing to read, or it is cut off. Or the first
/// pickle is damaged.
fn counted(seen: &Seen<'_>, lengths: Lengths) -> Guess {
    let (size, _) = lengths.shape();
    let Some((digits, rest)) = seen.head.split_at_checked(size) else {
        // As if all that is to come were zeros.
        let mut digits = seen.head.to_vec();
        digits.resize(size, 0);
        return if lengths.read(&digits) < LONGEST { wait(seen, size) } else { Guess::No };
    };
    let len = lengths.read(digits);
    let (Ok(end), 2..LONGEST) = (usize::try_from(len), len) else { return Guess::No };
    let is_plain = seen.plain == Reading::Open && seen.head.len() >= CAPACITY;
    if end + size > CAPACITY {
        return match rest {
            [] | [0x80] => wait(seen, size + 2),
            [0x80, 2..=5, ..] if !seen.is_all => Guess::More(CAPACITY),
            [0x80, 2..=5, ..] if seen.head.len() < CAPACITY => announced(seen, size, len),
            [0x80, 2..=5, ..] if Reading::of(rest) == Reading::Open && !is_plain => Guess::Yes(len),
            _ => Guess::No,
        };
    }
    let Some(pickle) = rest.get(..end) else {
        let begins = rest.first().is_none_or(|&byte| pickle_core::Opcode::from_byte(byte).is_some());
        return match begins {
            true if seen.is_all => announced(seen, size, len),
            true => Guess::More(end + size),
            false => Guess::No,
        };
    };
    if is_plain {
        return Guess::No;
    }
    if Reading::of(pickle) != Reading::Whole(end) {
        return announced(seen, size, len);
    }
    if seen.plain == Reading::Open && !seen.is_all {
        return Guess::More(CAPACITY);
    }
    let mut next = rest.get(end..).unwrap_or_default();
    while let Some((digits, rest)) = next.split_at_checked(size) {
        let len = usize::try_from(lengths.read(digits)).unwrap_or(usize::MAX);
        let Some((pickle, behind)) = rest.split_at_checked(len) else { break };
        if !pickle.is_empty() && pickle.last() != Some(&b'.') {
            return Guess::No;
        }
        next = behind;
    }
    Guess::Yes(len)
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
fn cut(source: &Source) -> io::Error {
    LayerError { layer: Layer::Framed, offset: source.consumed(), fault: LayerFault::Truncated }.into()
}

/// Reads a length, or another number between frames.
fn read_number(source: &mut Source, digits: &mut [u8]) -> io::Result<()> {
    source.read_exact(digits).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => cut(source),
        _ => error,
    })
}

/// Reads of a frame that has `left` bytes yet.
fn read_counted(source: &mut Source, left: &mut u64, out: &mut [u8]) -> io::Result<usize> {
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
        // A length that is cut off is an error of its reader.
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
        read_number(&mut self.source, &mut length)?;
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

/// Takes out lengths of any kind that `--framed` names.
pub(super) struct Counted {
    source: Source,
    lengths: Lengths,
    /// Bytes of the frame that are still to come.
    left: u64,
}

impl Counted {
    pub(super) fn new(source: Source, lengths: Lengths) -> Self {
        Counted { source, lengths, left: 0 }
    }
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let (size, _) = self.lengths.shape();
            let mut length = [0; 8];
            let digits = length.get_mut(..size).unwrap_or_default();
            read_number(&mut self.source, digits)?;
            self.left = self.lengths.read(digits);
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
        let is_framed = |source: &mut Source| recognise(source) == Some(Layer::Framed);
        assert!(is_framed(&mut source(b"\0\0\0\x02N.")));
        assert!(is_framed(&mut source(b"\0\0\0\x02N.\0\0\0\x02")));
        for other in [&b"\0\0\0\x02N"[..], b"\0\0\0\x02NN", b"\0\0\0\0", b"\0", b"N.", b"\0\0\0\0\x80\x04N."] {
            assert!(!is_framed(&mut source(other)), "{other:?}");
        }
        let mut long = b"\0\x10\0\0\x80\x04".to_vec();
        assert!(recognise(&mut source(&long)).is_some(), "its end is missing");
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

    /// Pickles with lengths of this kind in front.
    fn with(lengths: Lengths, pickles: &[&[u8]]) -> Vec<u8> {
        pickles
            .iter()
            .flat_map(|pickle| [lengths.spell(pickle.len() as u64).unwrap(), pickle.to_vec()].concat())
            .collect()
    }

    const OTHERS: [Lengths; 3] = [Lengths::FourLittle, Lengths::EightLittle, Lengths::EightBig];

    #[test]
    fn lengths_of_other_kinds() {
        let long = |len: u32| {
            let pickle = [&b"\x80\x02X"[..], &len.to_le_bytes(), &vec![b'x'; len as usize], b"q\0."].concat();
            assert_eq!(Reading::of(&pickle), Reading::Whole(pickle.len()));
            pickle
        };
        let lists = b"(lp0\nI1\naI2\na.";
        let pickles = [&b"N."[..], b"K\x01.", lists, &long(10), &long(300), &long(70_000)];
        for lengths in OTHERS {
            for first in pickles {
                for rest in [&[][..], &pickles] {
                    let file = with(lengths, &[&[first], rest].concat());
                    assert_eq!(
                        recognise(&mut source(&file)),
                        Some(Layer::Counted(lengths)),
                        "{lengths:?} {}",
                        first.len()
                    );
                    let mut out = Vec::new();
                    Counted::new(source(&file), lengths).read_to_end(&mut out).unwrap();
                    assert_eq!(out, [&[first], rest].concat().concat());
                }
            }
            // Those of sockets are told from them.
            for first in pickles {
                let file = with(Lengths::FourBig, &[&[first], &pickles[..]].concat());
                assert_eq!(recognise(&mut source(&file)), Some(Layer::Framed), "{}", first.len());
            }
        }
        // Every first byte of a length, opcodes as well; 243 and 255 in hexadecimal with what follows are a bytes value and a str of two
        // zeros, and then the pickle.
        for len in (1..600).filter(|len| ![0x243, 0x255].contains(&(len + 10))) {
            let file = with(Lengths::FourLittle, &[&long(len), b"N."]);
            assert_eq!(recognise(&mut source(&file)), Some(Layer::Counted(Lengths::FourLittle)), "{len}");
            let cut = recognise(&mut source(&file[..len as usize]));
            let is_told = Reading::of(&file[..len as usize]) == Reading::Not && len > 5;
            assert_eq!(cut, is_told.then_some(Layer::Counted(Lengths::FourLittle)), "{len}");
        }
    }

    /// Whoever writes one pickle after another is not waited for when one is there.
    struct Slow(Cursor<Vec<u8>>, usize);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.0.read(out.get_mut(..self.1.min(out.len())).unwrap())?;
            assert!(n > 0, "more is waited for");
            Ok(n)
        }
    }

    #[test]
    fn nothing_is_waited_for() {
        let pickles = [
            &b"N."[..],
            b"K\x01.",
            b"J\x01\0\0\0.",
            b"X\x03\0\0\0abcq\0.",
            b"T\x03\0\0\0abcq\0.",
            b"U\x03\0\0\0q\0.",
            b"G\0\0\0\0\0\0\0\0.",
            b"\x80\x02N.",
            b"(lp0\nI1\na.",
            b"\x80\x04\x95\x03\0\0\0\0\0\0\0K\x01.",
        ];
        for pickle in pickles {
            for step in [1, 2, 100] {
                let slow = |bytes: Vec<u8>| Source::new(Box::new(Slow(Cursor::new(bytes), step)));
                assert_eq!(recognise(&mut slow(pickle.to_vec())), None, "{}", pickle.escape_ascii());
                for lengths in OTHERS {
                    let layer = recognise(&mut slow(with(lengths, &[pickle])));
                    assert_eq!(layer, Some(Layer::Counted(lengths)), "{}", pickle.escape_ascii());
                }
                assert_eq!(recognise(&mut slow(with(Lengths::FourBig, &[pickle]))), Some(Layer::Framed));
            }
        }
    }

    /// The first pickle is cut off, or shorter or longer than its length says: its reader says so.
    #[test]
    fn first_pickles_that_are_damaged() {
        let pickle = b"\x80\x02X\x14\0\0\0xxxxxxxxxxxxxxxxxxxxq\0.";
        let old = b"(lp0\nI1\naI2\naVxxxxxxxxxx\np1\na.";
        for lengths in [Lengths::FourBig, Lengths::FourLittle, Lengths::EightBig, Lengths::EightLittle] {
            let layer = match lengths {
                Lengths::FourBig => Layer::Framed,
                other => Layer::Counted(other),
            };
            for whole in [&pickle[..], old] {
                let file = with(lengths, &[whole]);
                let size = file.len() - whole.len();
                for len in size..file.len() {
                    let recognised = recognise(&mut source(&file[..len]));
                    let (_, opcodes) = Reading::counted(&file[size..len]);
                    if whole == pickle && len > size + 1 || whole == old && opcodes > 2 {
                        assert_eq!(recognised, Some(layer), "{lengths:?} {len}");
                    }
                    assert!(recognised.is_none_or(|found| found == layer));
                }
                for said in [whole.len() - 5, whole.len() + 1, whole.len() + 9] {
                    for behind in [&b""[..], &file, b"xxxxxxxxxxxxxxxx"] {
                        let wrong = [&lengths.spell(said as u64).unwrap(), whole, behind].concat();
                        assert_eq!(recognise(&mut source(&wrong)), Some(layer), "{lengths:?} {said}");
                    }
                }
            }
        }
    }

    /// A text that has a pickle in it, with what looks like a length around both: it is what a loader would make of it.
    #[test]
    fn pickles_that_look_like_lengths() {
        let inner = b"\x80\x02X\x4c\0\0\0\n0cos\nsystem\n(S'id'\ntR.";
        let mut frame = inner.to_vec();
        frame.resize(0x56 - 3, b'x');
        frame.extend(b"q\0.");
        assert_eq!(Reading::of(&frame), Reading::Whole(0x56));
        let file = with(Lengths::FourLittle, &[&frame]);
        assert!(matches!(Reading::of(&file), Reading::Whole(_)));
        assert_eq!(recognise(&mut source(&file)), None);
    }
}
