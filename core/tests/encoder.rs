//! What the decoder gives, the encoder writes back; frames are CPython's; bad arguments and full sinks are errors.

mod common;

use pickle_core::{
    Arg, ByteCounter, Decoder, Encoder, ErrorKind, FrameBuffer, GrowingFrames, Opcode, SliceWriter, Step, WriteError,
};

/// Decodes `pickle` in pieces of `size` bytes and encodes what comes.
fn copy(pickle: &[u8], size: usize) -> Vec<u8> {
    let mut decoder = Decoder::new();
    let mut encoder = Encoder::new(Vec::new(), 5);
    for mut piece in pickle.chunks(size.max(1)) {
        loop {
            match decoder.next(&mut piece).unwrap() {
                Step::Op(op) => encoder.copy(&op).unwrap(),
                Step::Fragment(fragment) => encoder.fragment(&fragment).unwrap(),
                Step::Raw(_) => unreachable!("nobody asked for raw bytes"),
                Step::NeedMore | Step::End => break,
            }
        }
    }
    encoder.finish().unwrap()
}

#[test]
fn every_pickle_is_written_back_as_it_was() {
    let mut count = 0;
    for (name, pickle) in common::data().into_iter().chain(common::corpus()) {
        let mut decoder = Decoder::new();
        let mut rest = &pickle[..];
        let whole = loop {
            match decoder.next(&mut rest) {
                Ok(Step::End) => break true,
                Ok(Step::NeedMore) | Err(_) => break false,
                Ok(_) => {}
            }
        };
        if !whole {
            continue;
        }
        // What follows STOP in its frame is no opcode.
        let end = pickle.len() - rest.len();
        let written = copy(&pickle[..end], end);
        if !pickle[..end].starts_with(&written) {
            panic!("{name}: written back otherwise");
        }
        if pickle.len() < 20_000 {
            for size in [1, 2, 3, 7, 64] {
                assert_eq!(copy(&pickle[..end], size), written, "{name} in pieces of {size}");
            }
        }
        count += 1;
    }
    assert!(count > 50, "only {count} pickles");
}

#[test]
fn a_younger_opcode_names_the_protocol() {
    for opcode in Opcode::ALL {
        for protocol in 0..opcode.protocol() {
            let mut encoder = Encoder::new(ByteCounter::new(), protocol);
            let Err(WriteError::Pickle(error)) = encoder.op(*opcode, Arg::Nothing) else { panic!("{}", opcode.name()) };
            assert_eq!(error.opcode(), Some(*opcode));
            assert!(error.to_string().contains(&format!("protocol {protocol} has no such opcode")), "{error}");
            assert_eq!(encoder.written(), 0);
        }
    }
}

#[test]
fn an_argument_that_does_not_fit_is_refused_before_it_is_written() {
    let mut encoder = Encoder::new(ByteCounter::new(), 5);
    let mut refused = |opcode, arg, kind| {
        let Err(WriteError::Pickle(error)) = encoder.op(opcode, arg) else { panic!("{opcode:?} {arg:?}") };
        assert_eq!((error.kind(), error.opcode()), (kind, Some(opcode)));
    };
    refused(Opcode::BinInt1, Arg::Uint(256), ErrorKind::TooLong);
    refused(Opcode::BinInt2, Arg::Uint(65536), ErrorKind::TooLong);
    refused(Opcode::BinInt, Arg::Uint(1), ErrorKind::BadArgument);
    refused(Opcode::LongBinPut, Arg::Uint(1 << 32), ErrorKind::TooLong);
    refused(Opcode::None, Arg::Uint(0), ErrorKind::BadArgument);
    refused(Opcode::ShortBinUnicode, Arg::Bytes(&[b'x'; 256]), ErrorKind::TooLong);
    refused(Opcode::Unicode, Arg::Text(b"a\nb"), ErrorKind::LineBreak);
    refused(Opcode::Global, Arg::Text(b"os"), ErrorKind::LineBreak);
    refused(Opcode::Int, Arg::Bytes(b"1"), ErrorKind::BadArgument);
    assert_eq!(encoder.sink().count(), 0);
}

#[test]
fn pieces_must_fit_together() {
    let mut encoder = Encoder::new(Vec::new(), 5);
    encoder.begin_payload(Opcode::BinBytes, 4).unwrap();
    encoder.piece(b"ab").unwrap();
    assert!(encoder.op(Opcode::None, Arg::Nothing).is_err(), "an opcode inside an argument");
    assert!(encoder.piece(b"cde").is_err(), "more than was declared");
    assert!(encoder.end_pieces().is_err(), "less than was declared");
    encoder.piece(b"cd").unwrap();
    encoder.end_pieces().unwrap();
    assert!(encoder.piece(b"x").is_err(), "nothing is open");
    assert_eq!(encoder.finish().unwrap(), b"B\x04\0\0\0abcd");
}

#[test]
fn a_full_sink_says_how_much_is_good() {
    for size in 0..12 {
        let mut buffer = vec![0; size];
        let mut encoder = Encoder::new(SliceWriter::new(&mut buffer), 2);
        let mut last = Ok(());
        for _ in 0..6 {
            last = encoder.op(Opcode::BinInt1, Arg::Uint(7));
            if last.is_err() {
                break;
            }
        }
        let Err(WriteError::Io { written, .. }) = last else { panic!("{size} bytes hold twelve") };
        assert_eq!((written, encoder.written()), (size, size));
        // Nothing follows a gap.
        assert!(encoder.op(Opcode::None, Arg::Nothing).is_err());
        assert_eq!(encoder.into_sink().written(), &b"K\x07K\x07K\x07K\x07K\x07K\x07"[..size]);
    }
}

/// PROTO, that many ints of five bytes, a str, STOP.
fn ints_and_text<F: pickle_core::Frames>(frames: F, ints: usize, text: usize) -> Vec<u8> {
    let mut encoder = Encoder::with_frames(Vec::new(), 4, frames);
    encoder.op(Opcode::Proto, Arg::Uint(4)).unwrap();
    for _ in 0..ints {
        encoder.boundary().unwrap();
        encoder.op(Opcode::BinInt, Arg::Int(-1)).unwrap();
    }
    encoder.boundary().unwrap();
    encoder.op(Opcode::BinUnicode, Arg::Bytes(&vec![b'x'; text])).unwrap();
    encoder.op(Opcode::Memoize, Arg::Nothing).unwrap();
    encoder.op(Opcode::Stop, Arg::Nothing).unwrap();
    encoder.finish().unwrap()
}

/// Where frames begin and how long they are.
fn frames_of(pickle: &[u8]) -> Vec<(u64, u64)> {
    let (mut decoder, mut rest, mut frames) = (Decoder::new(), pickle, Vec::new());
    loop {
        match decoder.next(&mut rest).unwrap() {
            Step::Op(op) if op.opcode == Opcode::Frame => frames.push((op.offset, op.uint().unwrap())),
            Step::Op(_) => {}
            Step::End => return frames,
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn frames_are_those_of_cpython() {
    // pickle.dumps of the same opcodes: the second frame is too short for a header.
    assert_eq!(frames_of(&ints_and_text(GrowingFrames::new(), 1, 3)), [(2, 15)]);
    // A frame ends at the first value beyond 64 KiB, and begins again.
    assert_eq!(frames_of(&ints_and_text(GrowingFrames::new(), 14000, 3)), [(2, 65540), (65551, 4470)]);
    // A payload of 64 KiB stands outside; MEMOIZE and STOP are too little for a frame.
    assert_eq!(frames_of(&ints_and_text(GrowingFrames::new(), 10, 65536)), [(2, 50)]);
    assert_eq!(frames_of(&ints_and_text(GrowingFrames::new(), 10, 65535)), [(2, 50 + 5 + 65535 + 2)]);
    let nothing = Encoder::with_frames(Vec::new(), 4, GrowingFrames::new()).finish().unwrap();
    assert!(nothing.is_empty());
}

#[test]
fn frames_fit_a_small_buffer() {
    for size in [9, 10, 14, 20, 64, 1000] {
        let mut buffer = vec![0; size];
        let pickle = ints_and_text(FrameBuffer::new(&mut buffer), 100, 30);
        for (_, len) in frames_of(&pickle) {
            assert!(len as usize <= size - 9);
        }
    }
}
