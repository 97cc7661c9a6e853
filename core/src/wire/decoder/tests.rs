use super::*;

/// Opcodes read up to STOP or the error, whole or one byte at a time.
fn read(mut decoder: Decoder, stream: &[u8], piece: usize) -> Result<usize, ErrorKind> {
    let mut ops = 0;
    for mut input in stream.chunks(piece) {
        loop {
            match decoder.next(&mut input).map_err(|e| e.kind())? {
                Step::Op(_) => ops += 1,
                Step::Fragment(fragment) => ops += usize::from(fragment.last),
                Step::NeedMore => break,
                Step::Raw(_) | Step::End => return Ok(ops),
            }
        }
    }
    decoder.finish().map_err(|e| e.kind()).map(|()| ops)
}

#[test]
fn a_fault_leaves_the_decoder_where_it_is() {
    for (stream, at) in [(&b"NN\xffN."[..], 2), (b"NB\x05\0\0", 1), (b"N\x8b\xff\xff\xff\xff.", 1)] {
        let (mut decoder, mut input) = (Decoder::new(), stream);
        let walked = decoder.each(&mut input, |_| Ok::<(), ()>(()));
        assert_eq!(walked.is_ok(), stream.get(1) == Some(&b'B'), "{stream:?}");
        assert_eq!((decoder.offset(), Some(input)), (at, stream.get(at as usize..)), "{stream:?}");
    }
}

#[test]
fn lenient_passes_what_strict_refuses() {
    let streams: [(&[u8], ErrorKind, usize); 4] = [
        (b"\x80\x06N.", ErrorKind::UnsupportedProtocol, 3),
        (b"\x95\x02\0\0\0\0\0\0\0X\x01\0\0\0a.", ErrorKind::FrameStraddle, 3),
        (b"\x95\x0a\0\0\0\0\0\0\0\x95\0\0\0\0\0\0\0\0N.", ErrorKind::FrameNested, 4),
        (b"\x95\0\0\0\0\0\0\0\xffN.", ErrorKind::LengthTooLarge, 3),
    ];
    for (stream, kind, ops) in streams {
        for piece in [1, 3, stream.len()] {
            assert_eq!(read(Decoder::new(), stream, piece), Err(kind), "{stream:?}");
            assert_eq!(read(Decoder::lenient(), stream, piece), Ok(ops), "{stream:?}");
        }
    }
}

#[test]
fn lenient_survives_the_next_pickle() {
    let mut decoder = Decoder::lenient();
    for _ in 0..2 {
        let mut input = &b"\x80\x06N."[..];
        for _ in 0..3 {
            assert!(matches!(decoder.next(&mut input), Ok(Step::Op(_))));
        }
        decoder.next_pickle();
    }
    assert_eq!(decoder.offset(), 8);
}
