//! Payloads that are not kept: their pieces are the payload, and the document is the same but for them.

mod common;

use common::{Random, compare_but, corpus, data};
use pickle_core::{Error, ErrorKind, Heap, Kind, Node, Options, OutOfBand, Payload, Status, Storage, Unpickler, Value};

/// What came out of band, by the number of its buffer: where it stands in the stream, and its bytes.
type Taken = Vec<(Payload, Vec<u8>)>;

/// Feeds one pickle in pieces.
fn feed<M: pickle_core::Memory>(
    unpickler: &mut Unpickler<M>,
    input: &[u8],
    mut piece: impl FnMut() -> usize,
) -> Result<Taken, Error> {
    let (mut at, mut taken) = (0, Taken::new());
    loop {
        let end = input.len().min(at + piece().max(1));
        let mut rest = &input[at..end];
        loop {
            let status = unpickler.feed(&mut rest)?;
            at = end - rest.len();
            match (status, unpickler.payload()) {
                (Status::Done, _) => return Ok(taken),
                (Status::Payload, Some(payload)) => {
                    let data = &input[at - payload.len..at];
                    match taken.last_mut().filter(|_| payload.position != 0) {
                        Some((first, bytes)) => {
                            let same = (first.buffer, first.offset, first.total);
                            assert_eq!((payload.buffer, payload.offset, payload.total), same);
                            assert_eq!(payload.position, bytes.len() as u64);
                            bytes.extend(data);
                        }
                        None => taken.push((payload, data.to_vec())),
                    }
                    let len = taken.last().map_or(0, |(_, bytes)| bytes.len() as u64);
                    assert_eq!(payload.is_last(), len == payload.total);
                }
                (Status::NeedMore, _) => break,
                (status, payload) => panic!("{status:?} {payload:?}"),
            }
        }
        if at == input.len() {
            unpickler.finish()?;
            return Ok(taken);
        }
    }
}

#[test]
fn pieces_are_the_payload_and_all_else_is_as_before() {
    let mut random = Random(7);
    let (mut pickles, mut payloads) = (0, 0);
    for (name, input) in data().into_iter().chain(corpus()).filter(|(_, input)| input.len() < 20_000) {
        let mut plain = Unpickler::new(Heap::new(), Options::new());
        let Ok(_) = feed(&mut plain, &input, || 100) else { continue };
        // A view of a bytearray is one of a buffer then, and the numbers of other buffers change.
        if input.iter().any(|byte| matches!(byte, 0x97 | 0x98)) {
            continue;
        }
        let document = plain.document().unwrap();
        for out_of_band in [0, 1, 8, 300] {
            let mut unpickler = Unpickler::new(Heap::new(), Options::new().out_of_band(out_of_band));
            let most = [1, 7, 64, 1 << 20][random.below(4)];
            let taken =
                feed(&mut unpickler, &input, || 1 + random.below(most)).unwrap_or_else(|e| panic!("{name}: {e}"));
            for (number, (payload, bytes)) in taken.iter().enumerate() {
                assert_eq!(payload.buffer as usize, number, "{name}");
                assert!(payload.total >= out_of_band && payload.total == bytes.len() as u64, "{name}");
                let offset = payload.offset as usize;
                assert_eq!(bytes[..], input[offset..offset + bytes.len()], "{name}");
            }
            let taken_as = |found: Value<'_>, want: Value<'_>| {
                let Some(buffer) = found.as_buffer() else { return false };
                let kind = if buffer.read_only { Kind::Bytes } else { Kind::ByteArray };
                want.kind() == kind && want.as_bytes() == taken.get(buffer.index as usize).map(|(_, bytes)| &bytes[..])
            };
            let found = unpickler.document().unwrap();
            if let Err(difference) = compare_but(found.root(), document.root(), taken_as) {
                panic!("{name}, from {out_of_band} bytes on: {difference}");
            }
            assert_eq!(unpickler.opcodes(), plain.opcodes(), "{name}");
            payloads += taken.len();
        }
        pickles += 1;
    }
    println!("{pickles} pickles, {payloads} payloads");
    assert!(pickles >= 20 && payloads >= 10, "{pickles} pickles, {payloads} payloads");
}

#[test]
fn a_payload_of_any_size_needs_no_memory() {
    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 4], [Node::EMPTY; 1], [0; 4]);
    let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    let mut unpickler = Unpickler::new(storage, Options::new().out_of_band(64));
    let len = 3_000_000_000u64;
    let head = [&b"\x80\x05]\x96"[..], &len.to_le_bytes()].concat();
    let mut rest = &head[..];
    assert_eq!(unpickler.feed(&mut rest), Ok(Status::NeedMore));
    let piece = vec![1; 1 << 20];
    let mut seen = 0;
    while seen < len {
        let mut rest = &piece[..piece.len().min((len - seen) as usize)];
        assert_eq!(unpickler.feed(&mut rest), Ok(Status::Payload));
        let payload = unpickler.payload().expect("a piece");
        assert_eq!((payload.position, payload.offset, payload.total), (seen, head.len() as u64, len));
        seen += payload.len as u64;
        assert!(rest.is_empty());
    }
    let mut rest = &b"a."[..];
    assert_eq!(unpickler.feed(&mut rest), Ok(Status::Done));
    let document = unpickler.document().unwrap();
    let buffer = document.root().at(0).expect("an item");
    assert_eq!((buffer.as_buffer(), buffer.as_bytes()), (Some(OutOfBand { index: 0, read_only: false }), None));
}

#[test]
fn limits_hold() {
    // No room for the buffer; a cut in a payload; too many opcodes.
    let input = b"]](C\x05abcdeC\x05fghij.";
    let read = |nodes: usize, input: &[u8], max_opcodes: u64| {
        let (mut nodes, mut memo, mut bytes) = (vec![Node::EMPTY; nodes], [Node::EMPTY; 1], [0; 1]);
        let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
        let mut unpickler = Unpickler::new(storage, Options::new().out_of_band(5).max_opcodes(max_opcodes));
        let error = feed(&mut unpickler, input, || 3).err()?;
        Some((error.kind(), error.offset()))
    };
    assert_eq!(read(16, input, u64::MAX), None);
    assert_eq!(read(6, input, u64::MAX), Some((ErrorKind::NodesFull, 10)));
    assert_eq!(read(16, &input[..8], u64::MAX), Some((ErrorKind::Truncated, 8)));
    assert_eq!(read(16, input, 3), Some((ErrorKind::OpcodeLimit, 3)));
}
