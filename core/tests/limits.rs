//! Hostile input: an error or a small document at once, memory never more
//! than linear in the bytes read, and the sizes that the documentation tells.

mod common;

use common::{feed, show};
use pickle_core::{
    Decoder, Error, ErrorKind, Found, Heap, ItemOptions, ItemReader, Node, Op, Options, Status, Storage, Unpickler,
    Value,
};
use std::time::{Duration, Instant};

/// Bytes of memory that one byte of input may cost: a value of one byte takes
/// a header, a stack entry or a memo entry of 16 bytes each, and a region that
/// has just doubled is half empty. A memo entry far from the others takes 64
/// bytes for five of input.
const PER_BYTE: usize = 160;
/// What a heap takes for the smallest pickle: a step of each region.
const AT_LEAST: usize = 3 << 20;

/// Reads `input` whole and in pieces: no panic, no time, little memory, the same error.
fn hostile(name: &str, input: &[u8]) -> Result<(), Error> {
    let begin = Instant::now();
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let whole = unpickler.load(input).map(|_| ());
    let slice_time = begin.elapsed();
    let size = unpickler.into_memory().size();
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let fed = feed(&mut unpickler, input, || 4096).map(|_| ());
    let fed_size = unpickler.into_memory().size();
    assert_eq!(fed, whole, "{name}");
    let sizes = [size, fed_size, items(input, 0), items(input, 4096)];
    for size in sizes {
        assert!(size <= AT_LEAST + PER_BYTE * input.len(), "{name}: {size} bytes for {} of input", input.len());
    }
    // Some 20 ns a byte in the slowest build. Quadratic time would be hours; the bound is for machines that are busy.
    let limit = Duration::from_millis(200) + Duration::from_micros(input.len() as u64 * 10);
    assert!(slice_time < limit, "{name}: {slice_time:?}");
    whole
}

/// What the memory of an item reader grows to.
fn items(input: &[u8], min_nodes: usize) -> usize {
    let mut reader = ItemReader::new(Heap::new(), ItemOptions::new().min_nodes(min_nodes));
    for mut piece in input.chunks(4096) {
        loop {
            match reader.feed(&mut piece) {
                Ok(Found::Item) => {}
                Ok(Found::NeedMore) => break,
                Ok(_) | Err(_) => return reader.into_memory().size(),
            }
        }
    }
    reader.into_memory().size()
}

fn kind(result: Result<(), Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

fn repeat(head: &[u8], body: &[u8], count: usize, tail: &[u8]) -> Vec<u8> {
    [head, &body.repeat(count), tail].concat()
}

#[test]
fn nesting() {
    for (body, open, close) in [(&b"]"[..], &b"]"[..], &b"a"[..]), (b"(", b"(N", b"l"), (b"N\x85", b"N", b"\x85")] {
        let deep = [repeat(b"", open, 1_000_000, b""), repeat(b"N", close, 999_999, b".")].concat();
        let _ = hostile("nesting", &deep);
        let open = kind(hostile("never closed", &repeat(b"", body, 1_000_000, b"")));
        assert_eq!(open, Some(ErrorKind::EndOfInput));
    }
    assert_eq!(hostile("tuples", &repeat(b")", b"\x85", 1_000_000, b".")), Ok(()));
    assert_eq!(hostile("tuples of lists", &repeat(b"]", b"\x85", 1_000_000, b".")), Ok(()));
    assert_eq!(hostile("persistent ids", &repeat(b"N", b"Q", 1_000_000, b".")), Ok(()));
    assert_eq!(hostile("calls", &repeat(b"cm\nn\n", b")R", 1_000_000, b".")), Ok(()));
    assert_eq!(hostile("states", &repeat(b"cm\nn\n)R", b"2b", 1_000_000, b".")), Ok(()));
    assert_eq!(hostile("read-only views", &repeat(b"\x96\0\0\0\0\0\0\0\0", b"\x98", 1_000_000, b".")), Ok(()));
}

#[test]
fn memo_indices() {
    assert_eq!(hostile("2^31", b"Nr\0\0\0\x80j\0\0\0\x80."), Ok(()));
    assert_eq!(hostile("2^32 - 1", b"Nr\xff\xff\xff\xffj\xff\xff\xff\xff."), Ok(()));
    assert_eq!(hostile("2^62", b"Np4611686018427387904\ng4611686018427387904\n."), Ok(()));
    assert_eq!(
        kind(hostile("never put", b"Np4611686018427387904\ng4611686018427387905\n.")),
        Some(ErrorKind::MemoMissing)
    );
    let sparse: Vec<u8> = (1..200_000u32).flat_map(|i| [&b"r"[..], &(i * 20_011).to_le_bytes()].concat()).collect();
    assert_eq!(hostile("a sparse memo", &[b"N", &sparse[..], b"."].concat()), Ok(()));
    // The count, not the largest index, is what MEMOIZE goes by.
    assert_eq!(hostile("sparse, then dense", &[b"N", &sparse[..], &b"\x94".repeat(100_000), b"."].concat()), Ok(()));
    // Fixed memory has no room for such an index, and says so.
    let (mut nodes, mut memo) = ([Node::EMPTY; 8], [Node::EMPTY; 8]);
    let mut unpickler = Unpickler::new(Storage::new(&mut nodes, &mut memo, &mut []), Options::new());
    let error = unpickler.load(b"Nr\0\0\0\x80.").err().map(|error| (error.kind(), error.offset()));
    assert_eq!(error, Some((ErrorKind::MemoFull, 1)));
}

/// What `r` and `h` say of the same index in dense and in sparse order.
#[test]
fn sparse_and_dense_memo_agree() {
    let put = |index: u32, value: u8| [&[b'K', value, b'r'][..], &index.to_le_bytes(), b"0"].concat();
    let mut pickle = Vec::new();
    for (i, index) in [5000u32, 0, 1, 70_000, 2, 4999, 5000, 1].into_iter().enumerate() {
        pickle.extend(put(index, i as u8));
    }
    // 2 000 entries more, and 5000 lies within the array.
    for index in 10..2500 {
        pickle.extend(put(index, 9));
    }
    pickle.extend(b"(");
    for index in [0u32, 1, 2, 4999, 5000, 70_000] {
        pickle.extend([&b"j"[..], &index.to_le_bytes()].concat());
    }
    pickle.extend(put(5000, 77));
    pickle.extend(b"j\x88\x13\0\0j\x87\x13\0\0t.");
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(&pickle).unwrap();
    assert_eq!(show(document.root()), "(1, 7, 4, 5, 6, 3, 77, 5)");
    assert_eq!(unpickler.memo_count(), 6 + 2490);
}

#[test]
fn declared_lengths() {
    let huge = (1u64 << 62).to_le_bytes();
    for opcode in [b"\x8d", b"\x8e", b"\x96"] {
        let result = hostile("2^62", &[&opcode[..], &huge, b"abc"].concat());
        assert_eq!(kind(result), Some(ErrorKind::Truncated));
        let result = hostile("2^63", &[&opcode[..], &(1u64 << 63).to_le_bytes(), b"abc"].concat());
        assert_eq!(kind(result), Some(ErrorKind::LengthTooLarge));
    }
    for opcode in [b"X", b"B", b"T", b"\x8b"] {
        let result = hostile("2^31 - 1", &[&opcode[..], b"\xff\xff\xff\x7fabc"].concat());
        assert_eq!(kind(result), Some(ErrorKind::Truncated));
    }
    assert_eq!(kind(hostile("frame", &[&b"\x95"[..], &huge, b"N."].concat())), Some(ErrorKind::Truncated));
    assert_eq!(kind(hostile("line", &[&b"V"[..], &[b'a'; 1 << 20]].concat())), Some(ErrorKind::Truncated));
}

/// A few opcodes that stand for 2^n values: the document shares, and stays small.
#[test]
fn billion_laughs() {
    assert_eq!(hostile("DUP", &repeat(b")", b"2\x86", 100_000, b".")), Ok(()));
    assert_eq!(hostile("lists", &repeat(b"]", b"q\x000(h\0h\0h\0l", 100_000, b".")), Ok(()));
    assert_eq!(hostile("memo", &repeat(b"]\x940", b"](h\0h\0h\0h\0eq\x000", 100_000, b"h\0.")), Ok(()));
    assert_eq!(hostile("frozensets", &repeat(b")", b"2\x86q\x000(h\0\x91", 100_000, b".")), Ok(()));
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let pickle = repeat(b")", b"2\x86", 1000, b".");
    let document = unpickler.load(&pickle).unwrap();
    let mut value: Value<'_> = document.root();
    let mut depth = 0;
    while let Some(inner) = value.at(1) {
        value = inner;
        depth += 1;
    }
    assert_eq!(depth, 1000);
}

/// Input that asks for work that grows with its square.
#[test]
fn quadratic() {
    // Two lists grow in turns, so that each of their chunks has one item.
    let scattered = repeat(b"]q\0]q\x01", b"h\0Na0h\x01Na0", 100_000, b"");
    assert_eq!(hostile("alternating lists", &[&scattered[..], b"."].concat()), Ok(()));
    let last = b"h\0J\xff\xff\xff\xffNs0".repeat(50_000);
    let result = hostile("items at the end", &[&scattered[..], &last, b"."].concat());
    assert_eq!(kind(result), Some(ErrorKind::WorkLimit));
    assert_eq!(hostile("many items at once", &repeat(b"]N", b"aN", 10_000, b"aK\0Ns.")), Ok(()));
    assert_eq!(hostile("one item over and over", &repeat(b"]Na", b"K\0Ns", 200_000, b".")), Ok(()));
    assert_eq!(hostile("marks", &repeat(b"N", b"(1", 500_000, b".")), Ok(()));
    assert_eq!(hostile("empty adds", &repeat(b"]", b"(e", 500_000, b".")), Ok(()));
    assert_eq!(hostile("changes", &repeat(b"cm\nn\n)R", b"NaNNs}b", 100_000, b".")), Ok(()));
    assert_eq!(
        hostile("a deep stack under growth", &repeat(b"", b"N", 300_000, &repeat(b"", b"]0", 300_000, b"."))),
        Ok(())
    );
    assert_eq!(hostile("popped strs", &repeat(b"N", b"V\\u0041\xe9\n0", 100_000, b".")), Ok(()));
    let surrogates = [&b"X"[..], &300_000u32.to_le_bytes(), &b"\xed\xa0\x80".repeat(100_000), b"."].concat();
    assert_eq!(hostile("surrogates", &surrogates), Ok(()));
    assert_eq!(hostile("long int", &[&b"L"[..], &b"1".repeat(1_000_000), b"\n."].concat()), Ok(()));
}

#[test]
fn heap_limit() {
    for (name, pickle, kind) in [
        ("stack", repeat(b"", b"N", 100_000, b"."), ErrorKind::NodesFull),
        ("memo", repeat(b"N", b"\x94", 100_000, b"."), ErrorKind::MemoFull),
        ("lists", repeat(b"(", b"]", 100_000, b"l."), ErrorKind::NodesFull),
        ("bytes", repeat(b"", b"V\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\n", 100_000, b"."), ErrorKind::BytesFull),
    ] {
        for limit in [0, 1, 16, 1000, 1023, 1 << 16, 1_000_000] {
            let mut unpickler = Unpickler::new(Heap::with_limit(limit), Options::new());
            let error = unpickler.load(&pickle).err().unwrap_or_else(|| panic!("{name} fits {limit} bytes"));
            // With the smallest limits, any region is too small first.
            assert!(error.kind() == kind || limit < 100 || kind == ErrorKind::BytesFull && error.kind().is_limit());
            assert!(unpickler.into_memory().size() <= 3 * limit, "{name}: limit {limit}");
        }
    }
    let sparse: Vec<u8> = (1..100_000u32).flat_map(|i| [&b"r"[..], &(i * 40_011).to_le_bytes()].concat()).collect();
    let mut unpickler = Unpickler::new(Heap::with_limit(1 << 16), Options::new());
    let error = unpickler.load(&[b"N", &sparse[..], b"."].concat()).err().map(|error| error.kind());
    assert_eq!(error, Some(ErrorKind::MemoFull));
    assert!(unpickler.into_memory().size() <= 4 << 16);
}

#[test]
fn opcode_limit() {
    for max_opcodes in 0..4 {
        let mut unpickler = Unpickler::new(Heap::new(), Options::new().max_opcodes(max_opcodes));
        let error = unpickler.load(b"NNN.").err().map(|error| (error.kind(), error.offset()));
        assert_eq!(error, Some((ErrorKind::OpcodeLimit, max_opcodes)));
        let again = unpickler.feed(&mut &b"N"[..]).err().map(|error| error.kind());
        assert_eq!(again, Some(ErrorKind::OpcodeLimit), "an error stays");
    }
    let mut unpickler = Unpickler::new(Heap::new(), Options::new().max_opcodes(4));
    assert!(unpickler.load(b"NNN.").is_ok());
}

/// A pickle inside another, as joblib has them: it can reach neither the stack
/// nor the memo around it, and leaves nothing behind.
#[test]
fn nested_pickles() {
    fn read(inner: &[u8], after: &[u8]) -> Result<String, ErrorKind> {
        let outer = b"K\x07K\x08cm\nn\n)\x81q\x01r\0\0\0\x80}b";
        let input = [outer, inner, after].concat();
        let mut unpickler = Unpickler::new(Heap::new(), Options::new().stop_after_build(true));
        unpickler.begin_at(0, false);
        assert_eq!(unpickler.advance(&input).unwrap(), Status::Built);
        unpickler.take_nested().unwrap();
        loop {
            match unpickler.advance(&input) {
                Ok(Status::Done) => break,
                Ok(_) => {}
                Err(error) => {
                    let size = unpickler.into_memory().size();
                    assert!(size < AT_LEAST, "{size}");
                    return Err(error.kind());
                }
            }
        }
        Ok(show(unpickler.document_in(&input).unwrap().root()))
    }
    let nested = |value: &str| Ok(format!("newobj(<m n>, ()).build({{}}).nested({value})"));
    assert_eq!(read(b"N.", b"."), nested("None"));
    assert_eq!(read(b"N.", b"0."), Ok("8".into()));
    // No mark of its own is open: none can be taken.
    assert_eq!(read(b"l.", b"."), Err(ErrorKind::NoMark));
    assert_eq!(read(b"0", b"."), Err(ErrorKind::StackUnderflow));
    assert_eq!(read(b"00(l.", b"."), Err(ErrorKind::StackUnderflow));
    assert_eq!(read(b".", b"."), Err(ErrorKind::StackUnderflow));
    assert_eq!(read(b"(0N(0.", b"."), nested("None"));
    // Its memo is its own, near and far.
    assert_eq!(read(b"h\x01.", b"."), Err(ErrorKind::MemoMissing));
    assert_eq!(read(b"j\0\0\0\x80.", b"."), Err(ErrorKind::MemoMissing));
    assert_eq!(read(b"K\x05r\0\0\0\x80q\x010h\x01.", b"0j\0\0\0\x80."), nested("5"));
    assert_eq!(read(b"K\x05r\0\0\0\x90.", b"j\0\0\0\x90."), Err(ErrorKind::MemoMissing));
    assert_eq!(read(b"K\x05q\x09.", b"h\x09."), Err(ErrorKind::MemoMissing));
    assert_eq!(read(b"K\x05r\0\0\0\x90j\0\0\0\x90\x86.", b"."), nested("(5, 5)"));
    assert_eq!(read(b"K\x05r\0\0\0\x90j\0\0\0\x90.", b"."), nested("5"));
}

#[test]
fn sizes() {
    assert_eq!(size_of::<Node>(), 16);
    assert!(size_of::<Decoder>() <= 80, "{}", size_of::<Decoder>());
    assert_eq!(size_of::<Error>(), size_of::<usize>() * 2);
    assert!(size_of::<Op<'_>>() <= 40, "{}", size_of::<Op<'_>>());
    assert!(size_of::<Value<'_>>() <= 24, "{}", size_of::<Value<'_>>());
}

/// However many bytes or zeros an int is spelt with, its value alone decides which accessor answers.
#[test]
fn padded_ints_are_what_they_are_worth() {
    let long = |bytes: &[u8]| match u8::try_from(bytes.len()) {
        Ok(len) => [&[0x8a, len], bytes, b"."].concat(),
        Err(_) => [&[0x8b], &(bytes.len() as u32).to_le_bytes()[..], bytes, b"."].concat(),
    };
    let read = |pickle: &[u8]| {
        let mut unpickler = Unpickler::new(Heap::new(), Options::new());
        let document = unpickler.load(pickle).unwrap();
        let root = document.root();
        (root.as_i64(), root.as_i128(), root.as_big_int().is_some())
    };
    for value in [0, 1, -1, 127, -128, 255, 1 << 40, i64::MAX, i64::MIN] {
        let fill = if value < 0 { 0xff } else { 0 };
        for extra in [0, 1, 7, 247, 248, 300, 65536] {
            let bytes = [&value.to_le_bytes()[..], &vec![fill; extra]].concat();
            assert_eq!(read(&long(&bytes)), (Some(value), Some(i128::from(value)), false), "{value} and {extra} bytes");
        }
        let zeros = "0".repeat(40);
        let digits = value.unsigned_abs();
        let sign = if value < 0 { "-" } else { "" };
        for opcode in ["I", "L"] {
            // INT takes a leading zero for octal: hexadecimal has none of that.
            let text = format!("{opcode}{sign}0x{zeros}{digits:x}\n.");
            assert_eq!(read(text.as_bytes()), (Some(value), Some(i128::from(value)), false), "{text}");
        }
    }
    for value in [1i128 << 63, -(1 << 63) - 1, i128::MAX, i128::MIN] {
        let fill = if value < 0 { 0xff } else { 0 };
        for extra in [0, 1, 300] {
            let bytes = [&value.to_le_bytes()[..], &vec![fill; extra]].concat();
            assert_eq!(read(&long(&bytes)), (None, Some(value), true), "{value} and {extra} bytes");
        }
    }
}

/// Memo entries far from each other, before items are handed over and after.
#[test]
fn a_memo_that_doubles() {
    let puts: Vec<u8> = (8..32).flat_map(|bit| [&b"r"[..], &(1u32 << bit).to_le_bytes()].concat()).collect();
    let texts: Vec<u8> = (8..63).flat_map(|bit| format!("p{}\n", 1u64 << bit).into_bytes()).collect();
    for puts in [puts, texts] {
        assert_eq!(hostile("a memo that doubles", &[b"\x80\x02N", &puts[..], b"."].concat()), Ok(()));
        let items = [b"\x80\x02](N", &puts[..], b"eN", &puts[..], b"."].concat();
        assert!(hostile("in an item", &items).is_ok());
        let items = [b"\x80\x02](NN", &puts[..], b"e(N", &puts[..], b"e."].concat();
        assert!(hostile("in items", &items).is_ok());
    }
    // Every item puts an entry as far ahead as it may.
    for ahead in [1, 1000, 1024, 1025, 3000] {
        let mut items = b"\x80\x02]".to_vec();
        for item in 1..20_000u32 {
            items.extend(b"Nr");
            items.extend((item * ahead).to_le_bytes());
            items.extend(b"Nr");
            items.extend((item * ahead + 1).to_le_bytes());
            items.extend(b"\x86a");
        }
        items.push(b'.');
        assert!(hostile("far ahead", &items).is_ok());
    }
}
