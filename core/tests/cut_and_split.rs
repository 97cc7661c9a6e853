//! The cut test and the split test: a pickle that is not all here is never
//! anything but incomplete, and how input is cut changes nothing.

mod common;

use common::{Random, compare, corpus, data, feed};
use pickle_core::{
    Arg, Decoder, Encoding, Error, ErrorKind, Fragment, Heap, Node, Op, OpReader, Opcode, Options, ReadError, Step,
    Storage, Unpickler,
};
use std::collections::HashSet;

/// The end of the first pickle and its last frame, where it is valid.
fn end_of(unpickler: &mut Unpickler<Heap>, input: &[u8]) -> Result<usize, Error> {
    unpickler.load(input)?;
    Ok(unpickler.offset() as usize)
}

/// An opcode, its argument's bytes included, with nothing borrowed.
#[derive(Clone, Debug, PartialEq)]
struct Whole {
    opcode: Opcode,
    offset: u64,
    number: Option<u64>,
    bytes: Vec<u8>,
}

type Read = (Vec<Whole>, Option<Error>, u64);

fn whole(op: &Op<'_>) -> Whole {
    let number = match op.arg {
        Arg::Uint(number) | Arg::Float(number) => Some(number),
        Arg::Int(number) => Some(number as u64),
        _ => None,
    };
    Whole { opcode: op.opcode, offset: op.offset, number, bytes: op.bytes().to_vec() }
}

/// Puts fragments together; checks what they say of themselves.
fn join(fragment: &Fragment<'_>, open: &mut Option<Whole>, ops: &mut Vec<Whole>) {
    let Fragment { opcode, offset, position, total, data, last } = *fragment;
    let whole = open.get_or_insert(Whole { opcode, offset, number: None, bytes: Vec::new() });
    assert_eq!((whole.opcode, whole.offset, whole.bytes.len() as u64), (opcode, offset, position));
    whole.bytes.extend_from_slice(data);
    if let Some(total) = total {
        assert_eq!(last, whole.bytes.len() as u64 == total);
    }
    if last {
        ops.extend(open.take());
    }
}

/// All opcodes of a pickle through the decoder, pieces of `piece()` bytes.
fn decode(input: &[u8], mut piece: impl FnMut() -> usize) -> Read {
    let (mut decoder, mut ops, mut open, mut at) = (Decoder::new(), Vec::new(), None, 0);
    loop {
        let end = input.len().min(at + piece().max(1));
        let mut rest = &input[at..end];
        loop {
            match decoder.next(&mut rest) {
                Ok(Step::Op(op)) => ops.push(whole(&op)),
                Ok(Step::Fragment(fragment)) => join(&fragment, &mut open, &mut ops),
                Ok(Step::NeedMore) => break,
                Ok(_) => return (ops, None, decoder.offset()),
                Err(error) => {
                    assert_eq!(decoder.next(&mut rest), Err(error), "an error stays");
                    return (ops, Some(error), 0);
                }
            }
        }
        assert!(rest.is_empty(), "NeedMore leaves input behind");
        at = end;
        assert_eq!(decoder.offset(), at as u64);
        if at == input.len() {
            return (ops, decoder.finish().err(), decoder.offset());
        }
    }
}

/// The same with [`Decoder::each`] first.
fn decode_each(input: &[u8]) -> Read {
    let (mut decoder, mut ops, mut rest) = (Decoder::new(), Vec::new(), input);
    let found = decoder.each(&mut rest, |op| -> Result<(), ()> {
        ops.push(whole(&op));
        Ok(())
    });
    let mut open = None;
    let error = found.err().or_else(|| {
        loop {
            match decoder.next(&mut rest) {
                Ok(Step::Op(op)) => ops.push(whole(&op)),
                Ok(Step::Fragment(fragment)) => join(&fragment, &mut open, &mut ops),
                Ok(Step::NeedMore) => return decoder.finish().err(),
                Ok(_) => return None,
                Err(error) => return Some(error),
            }
        }
    });
    (ops, error, if error.is_some_and(|e| !e.kind().is_incomplete()) { 0 } else { decoder.offset() })
}

/// A reader that gives at most `1` bytes a call.
struct Slow<'i>(&'i [u8], usize);

impl embedded_io::ErrorType for Slow<'_> {
    type Error = ErrorKindOnly;
}

/// This reader never fails.
type ErrorKindOnly = core::convert::Infallible;

impl embedded_io::Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let n = self.0.len().min(self.1).min(buffer.len());
        let (now, later) = self.0.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.0 = later;
        Ok(n)
    }
}

fn pull(input: &[u8], buffer: usize, at_once: usize) -> Read {
    let mut buffer = vec![0; buffer];
    let mut reader = OpReader::new(Slow(input, at_once), &mut buffer);
    let (mut ops, mut open) = (Vec::new(), None);
    loop {
        match reader.next() {
            Ok(Step::Op(op)) => ops.push(whole(&op)),
            Ok(Step::Fragment(fragment)) => join(&fragment, &mut open, &mut ops),
            Ok(Step::NeedMore) => panic!("a pull reader does not need more"),
            Ok(_) => return (ops, None, reader.decoder().offset()),
            Err(ReadError::Pickle(error)) => {
                let offset = if error.kind().is_incomplete() { reader.decoder().offset() } else { 0 };
                return (ops, Some(error), offset);
            }
            Err(ReadError::Io(never)) => match never {},
        }
    }
}

/// One file, whichever way it comes: same opcodes, same document, same error.
fn split(name: &str, input: &[u8], thorough: bool) {
    let mut random = Random(input.len() as u64);
    let expected = decode(input, || input.len());
    let expected = match expected.1 {
        Some(error) if !error.kind().is_incomplete() => (expected.0, expected.1, 0),
        _ => expected,
    };
    let same = |found: Read, how: &str| {
        assert!(found.1 == expected.1, "{name}, {how}: {:?}, whole {:?}", found.1, expected.1);
        assert!(found == expected, "{name}, {how}: the opcodes differ");
    };
    same(decode_each(input), "each");
    let mut pieces = vec![7, 3];
    if thorough {
        pieces.extend([1, 2, 4096]);
    }
    for &size in &pieces {
        same(decode(input, || size), &format!("pieces of {size}"));
    }
    same(decode(input, || 1 + random.below(40)), "random pieces");
    for (buffer, at_once) in [(9, 1), (9, 9), (10, 4), (64, 1000), (4096, 4096)].into_iter().take(pieces.len()) {
        same(pull(input, buffer, at_once), &format!("a buffer of {buffer}, {at_once} at once"));
    }

    for encoding in [Encoding::Keep, Encoding::Latin1].into_iter().take(if thorough { 2 } else { 1 }) {
        let options = Options::new().encoding(encoding);
        let mut slice = Unpickler::new(Heap::new(), options);
        let read = slice.load(input).map(|_| ());
        let offset = slice.offset();
        for &size in pieces.iter().chain(&[0]) {
            let mut fed = Unpickler::new(Heap::new(), options);
            let found = feed(&mut fed, input, || if size == 0 { 1 + random.below(100) } else { size });
            assert_eq!(found.map(|_| ()), read, "{name}: fed in pieces of {size}");
            if read.is_ok() {
                assert_eq!(fed.offset(), offset, "{name}");
                assert_eq!(fed.memo_count(), slice.memo_count(), "{name}");
                if let Err(difference) = compare(&slice.document_in(input).unwrap(), &fed.document().unwrap()) {
                    panic!("{name}, fed in pieces of {size}: {difference}");
                }
            }
        }
    }
}

/// Every length up to `dense`, then steps, then the last ones.
fn lengths(end: usize, dense: usize) -> impl Iterator<Item = usize> {
    let step = (end / 200).max(1);
    (0..end.min(dense)).chain((dense..end).step_by(step)).chain(end.saturating_sub(20).max(dense)..end)
}

fn cut(name: &str, input: &[u8], dense: usize) {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    // Bytes behind the pickle and its last frame are not part of it: only what is in front counts.
    let Ok(end) = end_of(&mut unpickler, input) else { return };
    for len in lengths(end, dense) {
        let short = &input[..len];
        let whole = unpickler.load(short).map(|_| ());
        let error = whole.expect_err(&format!("{name}, cut at {len} of {end}"));
        assert!(error.kind().is_incomplete(), "{name}, cut at {len} of {end}: {error:?}");
        assert_eq!(error.offset(), len as u64, "{name}: an incomplete pickle ends where the input does");
        assert_eq!(error.kind() == ErrorKind::Empty, len == 0, "{name}, cut at {len}");
        let (_, decoded, _) = decode(short, || 5);
        assert_eq!(decoded, Some(error), "{name}, cut at {len} of {end}");
    }
    unpickler.begin_at(0, false);
    let found = feed(&mut unpickler, &input[..end], || 4096);
    assert_eq!(found, Ok(end), "{name}: what follows is not needed");
}

/// Which pickles of the corpus: all with `PICKLE_FULL`, else the small ones and some of the others.
fn sampled() -> Vec<(String, Vec<u8>)> {
    let mut files = corpus();
    let mut i = 0;
    if std::env::var_os("PICKLE_FULL").is_none() {
        files.retain(|(_, bytes)| {
            i += 1;
            bytes.len() < 1000 && i % 3 == 0 || bytes.len() < 100_000 && i % 16 == 0
        });
    }
    println!("{} files of the corpus", files.len());
    files
}

#[test]
fn the_data_has_every_opcode() {
    let mut seen = HashSet::new();
    for (_, bytes) in data() {
        seen.extend(decode(&bytes, || bytes.len()).0.into_iter().map(|op| op.opcode));
    }
    let missing: Vec<_> = Opcode::ALL.iter().filter(|opcode| !seen.contains(opcode)).collect();
    assert!(missing.is_empty(), "no test data for {missing:?}");
}

#[test]
fn cut_data() {
    for (name, bytes) in data() {
        assert!(end_of(&mut Unpickler::new(Heap::new(), Options::new()), &bytes).is_ok(), "{name}");
        cut(&name, &bytes, 4000);
    }
}

#[test]
fn cut_corpus() {
    for (name, bytes) in sampled() {
        cut(&name, &bytes, 300);
    }
}

#[test]
fn split_data() {
    for (name, bytes) in data() {
        split(&name, &bytes, true);
        for len in lengths(bytes.len(), 40).take(60) {
            split(&name, &bytes[..len], false);
        }
    }
}

#[test]
fn split_corpus() {
    for (name, bytes) in sampled() {
        split(&name, &bytes, bytes.len() < 10_000);
    }
}

/// Several pickles in one stream: a cut at the end of one is complete there,
/// and the next begins with nothing.
#[test]
fn several_pickles() {
    let stream = b"\x80\x04K\x01.\x80\x04\x95\x04\0\0\0\0\0\0\0N.ZZI1\n.";
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    for size in 1..stream.len() {
        unpickler.begin_at(0, false);
        let mut ends = Vec::new();
        let mut at = 0;
        while at < stream.len() {
            at += feed(&mut unpickler, &stream[at..], || size).unwrap();
            ends.push(at);
            unpickler.next_pickle(false);
        }
        assert_eq!(ends, [5, 20, 24], "pieces of {size}");
    }
    assert_eq!(unpickler.load_at(stream, 20).unwrap().root().as_i64(), Some(1));
    assert_eq!(unpickler.load_at(stream, 24).err().map(|error| error.kind()), Some(ErrorKind::EndOfInput));
}

/// Reads into fixed memory of these sizes.
fn fixed(input: &[u8], sizes: [usize; 3], fed: bool, good: &Heap2<'_>) -> Result<(), ErrorKind> {
    let (mut nodes, mut memo) = (vec![Node::EMPTY; sizes[0]], vec![Node::EMPTY; sizes[1]]);
    let mut bytes = vec![0; sizes[2]];
    let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    let mut unpickler = Unpickler::new(storage, Options::new());
    let read = if fed { feed(&mut unpickler, input, || 11).map(|_| ()) } else { unpickler.load(input).map(|_| ()) };
    read.map_err(|error| error.kind())?;
    let document = unpickler.document_in(if fed { &[] } else { input }).unwrap();
    if let Err(difference) = compare(&good.0.document_in(good.1).unwrap(), &document) {
        panic!("{}: with {sizes:?} {difference}", good.2);
    }
    Ok(())
}

struct Heap2<'a>(&'a Unpickler<Heap>, &'a [u8], &'a str);

/// Fixed memory of just enough size reads the same document as memory that
/// grows; one less in any region is an error that names it.
fn just_enough(name: &str, input: &[u8]) {
    let mut heap = Unpickler::new(Heap::new(), Options::new());
    if heap.load(input).is_err() {
        return;
    }
    let good = Heap2(&heap, input, name);
    for fed in [false, true] {
        let plenty = 8 * input.len() + 70_000;
        let mut sizes = [plenty; 3];
        if let Err(kind) = fixed(input, sizes, fed, &good) {
            assert_eq!(kind, ErrorKind::MemoFull, "{name}: only a memo index may lie beyond {plenty}");
            return;
        }
        let kinds = [ErrorKind::NodesFull, ErrorKind::MemoFull, ErrorKind::BytesFull];
        for (region, kind) in kinds.into_iter().enumerate() {
            let (mut small, mut large) = (0, plenty);
            while small < large {
                let middle = (small + large) / 2;
                sizes[region] = middle;
                match fixed(input, sizes, fed, &good) {
                    Ok(()) => large = middle,
                    Err(found) => {
                        assert_eq!(found, kind, "{name}: {sizes:?}");
                        small = middle + 1;
                    }
                }
            }
            sizes[region] = small;
        }
        assert_eq!(fixed(input, sizes, fed, &good), Ok(()), "{name}: all regions just large enough, {sizes:?}");
        for (region, kind) in kinds.into_iter().enumerate() {
            for less in [1, 2, 3, 7, sizes[region] / 2, sizes[region]] {
                let mut sizes = sizes;
                if less == 0 || sizes[region] < less {
                    continue;
                }
                sizes[region] -= less;
                assert_eq!(fixed(input, sizes, fed, &good), Err(kind), "{name}: {sizes:?}");
            }
        }
    }
}

#[test]
fn fixed_memory_data() {
    for (name, bytes) in data() {
        just_enough(&name, &bytes);
    }
}

#[test]
fn fixed_memory_corpus() {
    for (name, bytes) in sampled() {
        if bytes.len() < 3000 {
            just_enough(&name, &bytes);
        }
    }
}

/// A region that grows in the middle of an opcode changes nothing.
#[test]
fn growth_loses_nothing() {
    let options = Options::new().encoding(Encoding::Latin1);
    for before in 0..60 {
        for escaped in 1..80 {
            // Latin-1 doubles these, beside the text with its escape. What
            // stands before decides how much of the region is left.
            let pickle = [b"(V", &b"x".repeat(before)[..], b"\nS'", &b"\xe9".repeat(escaped), b"\\n'\nl."].concat();
            let mut expected = Unpickler::new(Heap::new(), options);
            expected.load(&pickle).map(|_| ()).unwrap();
            let mut fed = Unpickler::new(Heap::new(), options);
            feed(&mut fed, &pickle, || 1).unwrap();
            compare(&expected.document_in(&pickle).unwrap(), &fed.document().unwrap()).unwrap();
        }
    }
}
