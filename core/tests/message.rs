//! Messages of known layouts: every spelling of CPython's picklers, compared with the document reader.

mod common;
#[path = "common/messages.rs"]
mod messages;

use common::Random;
use messages::{Part, Point, Telemetry, Wide, check};
use pickle_core::message::{self, Bytes, Field, List, Refusal, RefusalReason, Text, TooSmall, Unchecked};
use pickle_core::{BufferFull, Level, Pickler, SliceWriter};

/// Layout, name and bytes of the messages that `tests/data/messages.py` has written.
fn rows() -> Vec<(String, String, Vec<u8>)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/messages.tsv");
    let rows = std::fs::read_to_string(path).unwrap();
    let unhex =
        |text: &str| (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
    let row = |line: &str| {
        let (name, pickle) = line.rsplit_once('\t').unwrap();
        (name.split('\t').nth(3).unwrap().to_owned(), name.replace('\t', " "), unhex(pickle))
    };
    let rows: Vec<_> = rows.lines().map(row).collect();
    assert!(rows.len() > 400);
    rows
}

fn read(layout: &str, pickle: &[u8], memo: &mut [u32]) -> Result<(), Refusal> {
    match layout {
        "telemetry" => check::<Telemetry>(pickle, memo, false).map(drop),
        "wide" => check::<Wide>(pickle, memo, false).map(drop),
        _ => check::<Part>(pickle, memo, true).map(drop),
    }
}

#[test]
fn every_spelling_of_cpython_is_read_as_the_document_has_it() {
    let mut memo = [0; 2000];
    for (layout, name, pickle) in rows() {
        read(&layout, &pickle, &mut memo).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        // What follows is the caller's.
        let two = [&pickle[..], b"K\x01."].concat();
        let len = match layout.as_str() {
            "telemetry" => message::read::<Telemetry>(&two, &mut memo).map(|message| message.len),
            "wide" => message::read::<Wide>(&two, &mut memo).map(|message| message.len),
            _ => message::read::<Part>(&two, &mut memo).map(|message| message.len),
        };
        assert_eq!(len, Ok(pickle.len()), "{name}");
    }
}

#[test]
fn a_part_of_a_message_is_none() {
    let mut memo = [0; 64];
    for (layout, name, pickle) in rows().into_iter().filter(|(_, _, pickle)| pickle.len() < 1000) {
        for len in 0..pickle.len() {
            let refusal = read(&layout, &pickle[..len], &mut memo).expect_err(&name);
            assert!(refusal.offset() <= len, "{name}");
        }
    }
}

#[test]
fn damaged_messages_are_refused_or_read_as_the_document_has_them() {
    let (rows, mut random, mut memo) = (rows(), Random(11), [0; 64]);
    let mut read_anyway = 0;
    for _ in 0..40_000 {
        let (layout, _, pickle) = &rows[random.below(rows.len())];
        if pickle.len() > 1500 {
            continue;
        }
        let mut pickle = pickle.clone();
        for _ in 0..1 + random.below(2) {
            let (at, from) = (random.below(pickle.len()), random.below(pickle.len()));
            let len = random.below(12).min(pickle.len() - from);
            match random.below(5) {
                0 => pickle[at] = random.next() as u8,
                1 => pickle[at] = pickle[from],
                2 => drop(pickle.drain(from..from + len.min(3))),
                3 => {
                    let piece = pickle[from..from + len].to_vec();
                    pickle.splice(at..at, piece);
                }
                _ => pickle.insert(at, b"()]}.NK0123aetushqjrgp\x85\x86\x87\x94\x95\x8c"[random.below(28)]),
            }
            if pickle.is_empty() {
                break;
            }
        }
        read_anyway += usize::from(read(layout, &pickle, &mut memo).is_ok());
    }
    assert!(read_anyway > 500, "only {read_anyway} of the damaged were read");
}

#[test]
fn what_the_pickler_writes_is_read() {
    let mut random = Random(3);
    for round in 0..600 {
        let protocol = (round % 6) as u8;
        let (id, x, y) =
            (random.next() as i64 >> random.below(64), random.next() as i32, random.next() as i32 as f64 / 8.0);
        let name = ["probe", "", "a longer name"][random.below(3)];
        let mut counts: Vec<i32> = (0..random.below(9)).map(|_| random.next() as i32 >> random.below(32)).collect();
        if round % 50 == 0 {
            counts = (0..1000 + random.below(3) as i32).collect();
        }
        let mut buffer = vec![0; 20_000];
        let mut levels = [Level::EMPTY; 4];
        let mut pickler = Pickler::new(SliceWriter::new(&mut buffer), protocol, &mut levels);
        let mut write = || {
            pickler.begin_dict(None)?.str("counts")?.begin_list(None)?;
            for &count in &counts {
                pickler.int(i64::from(count))?;
            }
            pickler.end()?.str("id")?.int(id)?.str("pos")?.begin_dict(None)?;
            pickler.str("y")?.float(y)?.str("x")?.int(i64::from(x))?.end()?;
            pickler.str("name")?.str(name)?.end()?.finish()?;
            Ok::<_, pickle_core::WriteError<_>>(pickler.written())
        };
        let len = write().unwrap();
        pickle_core::message! {
            struct Written<'i> {
                id: i64,
                name: &'i str,
                pos: Point,
                counts: List<i32, 1100>,
            }
        }
        let message::Message { value: written, len: read, .. } =
            message::read::<Written>(&buffer[..len], &mut []).unwrap();
        assert_eq!((written.id, written.name, read), (id, name, len));
        assert_eq!((written.pos, written.counts.as_slice()), (Point { x: i64::from(x), y: Some(y) }, &counts[..]));
    }
}

#[test]
fn texts_outside_of_frames() {
    for size in [0, 1, 255, 256, 65_535, 65_536, 100_000] {
        let name = "z".repeat(size);
        let frame = |content: &[u8]| [b"\x95", &(content.len() as u64).to_le_bytes()[..], content].concat();
        let pickle = [
            b"\x80\x04",
            &frame(b"}\x94(\x8c\x04name\x94")[..],
            b"X",
            &(size as u32).to_le_bytes(),
            name.as_bytes(),
            &frame(b"\x94\x8c\x02id\x94K\x07u.")[..],
        ]
        .concat();
        let part = check::<Part>(&pickle, &mut [0; 4], true).unwrap();
        assert_eq!((part.id, part.name), (7, &name[..]));
    }
}

#[test]
fn what_is_refused_and_where() {
    let long_list = [b"}(\x8c\x02idK\x07\x8c\x07samples](", &b"K\x01".repeat(5)[..], b"eu."].concat();
    let cases: &[(&[u8], RefusalReason, usize)] = &[
        (b"", RefusalReason::EndOfInput, 0),
        (b"\x80\x04", RefusalReason::EndOfInput, 2),
        (b"\x80\x06N.", RefusalReason::BadProtocol, 0),
        (b"\xff", RefusalReason::WrongType, 0),
        (b"N.", RefusalReason::WrongType, 0),
        (b"}.", RefusalReason::MissingField, 1),
        (b"}(K\x01K\x02u.", RefusalReason::WrongType, 2),
        (b"}(C\x02idK\x02u.", RefusalReason::WrongType, 2),
        (b"}(\x8c\x02idNu.", RefusalReason::WrongType, 6),
        (b"}(\x8c\x02id\x88u.", RefusalReason::WrongType, 6),
        (b"}(\x8c\x02idJ\xff\xff\xff\xffu.", RefusalReason::OutOfRange, 6),
        (b"}(\x8c\x02id\x8a\x09\0\0\0\0\0\0\0\0\x01u.", RefusalReason::OutOfRange, 6),
        (b"}(\x8c\x02idI07\nu.", RefusalReason::BadNumber, 6),
        (b"}(\x8c\x02idL99999999999999999999L\nu.", RefusalReason::OutOfRange, 6),
        (b"}(\x8c\x02idK\x01\x8c\x02idK\x01u.", RefusalReason::DuplicateField, 8),
        (b"}(\x8c\x02noK\x01u.", RefusalReason::UnknownField, 2),
        (b"}p-1\n.", RefusalReason::BadNumber, 1),
        (b"}(\x8c\x04name\x8c\x01\xff", RefusalReason::BadText, 8),
        (b"}(\x8c\x04nameV\\u00e9\n", RefusalReason::Escaped, 8),
        (b"}(\x8c\x04nameh\x05", RefusalReason::NotKept, 8),
        (b"}(\x8c\x04name\x8c\x05abc", RefusalReason::EndOfInput, 8),
        (b"}(\x8c\x07samples](K\x01eu.", RefusalReason::TooShort, 15),
        (b"}\x8c\x02idK\x01e.", RefusalReason::Unexpected, 7),
        (b"}(\x94\x8c\x02idK\x01u.", RefusalReason::Unexpected, 2),
        (b"}q\0\x94(\x8c\x02idK\x01u.", RefusalReason::Unexpected, 3),
        (b"\x80\x04\x95\x05\0\0\0\0\0\0\0}(\x8c\x02idK\x01u.", RefusalReason::BadFrame, 13),
        (b"\x80\x04\x95\x0b\0\0\0\0\0\0\0}\x95\x01\0\0\0\0\0\0\0(u.", RefusalReason::BadFrame, 12),
        (b"\x80\x04\x95\x63\0\0\0\0\0\0\0}.", RefusalReason::EndOfInput, 2),
        (&long_list, RefusalReason::TooLong, 29),
    ];
    for &(pickle, reason, offset) in cases {
        let refusal = check::<Telemetry>(pickle, &mut [0; 4], false).expect_err(&format!("{pickle:?}"));
        assert_eq!((refusal.reason(), refusal.offset()), (reason, offset), "{pickle:?}");
    }
    // Only some are missing: the first of them is named.
    let refusal = message::read::<Telemetry>(b"}(\x8c\x02idK\x01u.", &mut []).unwrap_err();
    assert_eq!((refusal.reason(), refusal.field()), (RefusalReason::MissingField, 1));
}

#[test]
fn a_value_of_the_memo_takes_room_only_if_it_is_asked_for() {
    let pickle = b"(}q\0(X\x01\0\0\0xq\x01K\x01X\x01\0\0\0yq\x02G\0\0\0\0\0\0\0\0u}q\x03(h\x01K\x02h\x02Nut.";
    pickle_core::message! {
        #[derive(Debug, PartialEq)]
        struct Two {
            first: Point,
            second: Point,
        }
    }
    // Two is few, and no protocol is named: the MARK is its own.
    let two = message::read::<Two>(pickle, &mut [0; 3]).unwrap().value;
    assert_eq!(two, Two { first: Point { x: 1, y: Some(0.0) }, second: Point { x: 2, y: None } });
    let refusal = message::read::<Two>(pickle, &mut [0; 2]).unwrap_err();
    assert_eq!((refusal.reason(), pickle[refusal.offset()]), (RefusalReason::NotKept, b'h'));
    // The whole of the first again.
    let again = b"(}q\0(X\x01\0\0\0xq\x01K\x01X\x01\0\0\0yq\x02G\0\0\0\0\0\0\0\0uh\0t.";
    let two = message::read::<Two>(again, &mut [0; 3]).unwrap().value;
    assert_eq!(two.first, two.second);
}

#[test]
fn nothing_that_is_skipped_changes_what_was_read() {
    let grows = b"}q\0(X\x04\0\0\0pairq\x01]q\x02G\0\0\0\0\0\0\0\0aX\x01\0\0\0zh\x02G\0\0\0\0\0\0\0\0au.";
    let refusal = check::<Part>(grows, &mut [0; 4], true).unwrap_err();
    assert_eq!((refusal.reason(), grows[refusal.offset()]), (RefusalReason::Unexpected, b'a'));
    // A list of its own may grow, however many items are above it.
    let items = [b"}(X\x01\0\0\0z](", &b"K\x01".repeat(100)[..], b"eX\x02\0\0\0idK\x05u."].concat();
    assert_eq!(check::<Part>(&items, &mut [], true).unwrap().id, 5);
}

#[test]
fn skipping_takes_linear_work() {
    for unit in
        [&b"\x8c\x01k}"[..], b"\x8c\x01k]", b"\x8c\x01k(K\x01l", b"\x8c\x01kK\x01", b"((", b"\x8c\x01k}\x8c\x01kK\x01s"]
    {
        let pickle = [b"}(", &unit.repeat(30_000)[..], b"u."].concat();
        let begin = std::time::Instant::now();
        let _ = message::read::<Part>(&pickle, &mut []);
        assert!(begin.elapsed().as_secs() < 5, "{unit:?}");
    }
}

/// What a message is written as; in every buffer that is too small, an error that names its length.
fn written<'i>(value: &impl Field<'i>) -> Vec<u8> {
    let mut buffer = vec![0xaa; 2_000_000];
    let len = message::write(value, &mut buffer).unwrap();
    assert!(buffer[len..].iter().all(|&byte| byte == 0xaa), "bytes behind the message");
    for small in [0, 1, 2, 3, len / 2, len - 1] {
        let mut buffer = vec![0xaa; small.min(len - 1) + 8];
        let result = message::write(value, &mut buffer[..small.min(len - 1)]);
        assert_eq!(result.map_err(|TooSmall { needed, .. }| needed), Err(len));
        assert!(buffer.ends_with(&[0xaa; 8]));
    }
    let exact = message::write(value, &mut vec![0; len]);
    assert_eq!(exact, Ok(len));
    buffer.truncate(len);
    buffer
}

/// What the pickler writes.
fn pickled(write: impl Fn(&mut Pickler<'_, Vec<u8>>)) -> Vec<u8> {
    let mut levels = [Level::EMPTY; 4];
    let mut pickler = Pickler::new(Vec::new(), 4, &mut levels);
    write(&mut pickler);
    pickler.finish().unwrap();
    pickler.into_sink()
}

#[test]
fn what_is_written_is_what_the_pickler_writes() {
    let edges = [0, 1, 0xff, 0x100, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, i64::MAX - 1, i64::MAX];
    let near = |bits: u32| [(1i64 << bits) - 1, 1i64 << bits, (1i64 << bits) + 1];
    let ints = edges.into_iter().chain((1..63).flat_map(near));
    for int in ints.flat_map(|int| [int, -int, !int]) {
        let expected = pickled(|pickler| _ = pickler.int(int).unwrap());
        assert_eq!(written(&int), expected, "{int}");
        assert_eq!(message::read::<i64>(&expected, &mut []).unwrap().value, int);
    }
    for float in [0.0, -0.0, 21.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::from_bits(0x7ff0_0000_0000_0001)] {
        assert_eq!(written(&float), pickled(|pickler| _ = pickler.float(float).unwrap()));
    }
    assert_eq!(written(&true), b"\x80\x04\x88.");
    assert_eq!(written(&false), b"\x80\x04\x89.");
    assert_eq!(written(&None::<u8>), b"\x80\x04N.");
    for size in [0, 1, 255, 256, 65_535, 65_536, 1_000_000] {
        let text = "\u{e9}".repeat(size / 2) + if size % 2 == 1 { "x" } else { "" };
        let expected = pickled(|pickler| _ = pickler.str(&text).unwrap());
        assert_eq!(written(&text.as_str()), expected, "{size}");
        assert_eq!(written(&Unchecked(text.as_bytes())), expected, "{size}");
        let expected = pickled(|pickler| _ = pickler.bytes(text.as_bytes()).unwrap());
        assert_eq!(written(&text.as_bytes()), expected, "{size}");
    }
    for size in [0, 1, 2, 3, 999, 1000, 1001, 1002, 1999, 2000, 2001, 3000] {
        let items: Vec<i32> = (0..size).collect();
        let list = List::<i32, 3000>::try_from(&items[..]).unwrap();
        let mut expected = pickled(|pickler| {
            pickler.begin_list(Some(items.len())).unwrap();
            items.iter().for_each(|&item| _ = pickler.int(i64::from(item)).unwrap());
            pickler.end().unwrap();
        });
        if size > 1000 && size % 1000 == 1 {
            // The pickler does not know that this is the last; CPython does, and writes it without a MARK.
            let mark = expected.len() - 6;
            assert_eq!((expected[mark], expected.remove(mark)), (b'(', b'('));
            expected[mark + 3] = b'a';
        }
        assert_eq!(written(&list), expected, "{size}");
        assert_eq!(message::read::<List<i32, 3000>>(&expected, &mut []).unwrap().value, list);
    }
}

#[test]
fn structs_are_read_as_they_were_written() {
    let telemetry = Telemetry { id: 7, temp: 21.5, name: "probe-3", samples: [1, 2, 3, 4] };
    let pickle = written(&telemetry);
    assert_eq!(
        pickle,
        b"\x80\x04}(\x8c\x02idK\x07\x8c\x04tempG@5\x80\0\0\0\0\0\x8c\x04name\x8c\x07probe-3\x8c\x07samples](K\x01K\x02K\x03K\x04eu."
    );
    assert_eq!(check::<Telemetry>(&pickle, &mut [], false).unwrap(), telemetry);

    let mut memo = [0; 2000];
    for (layout, name, pickle) in rows().iter().filter(|(layout, ..)| layout == "wide") {
        let wide = message::read::<Wide>(pickle, &mut memo).unwrap().value;
        let again = written(&wide);
        assert_eq!(check::<Wide>(&again, &mut [], false).as_ref(), Ok(&wide), "{layout} {name}");
        // Of what is as it was, the bytes are, too.
        assert_eq!(written(&check::<Wide>(&again, &mut [], false).unwrap()), again);
    }

    pickle_core::message! {
        #[derive(Debug, PartialEq)]
        struct None {}
    }
    pickle_core::message! {
        #[derive(Debug, PartialEq)]
        struct One {
            none: Option<u8> as "only \"one\"",
        }
    }
    assert_eq!(written(&None {}), b"\x80\x04}.");
    assert_eq!(written(&One { none: Some(3) }), b"\x80\x04}\x8c\x0aonly \"one\"K\x03s.");
    let [full, empty] = [Some(3), Option::None].map(|none| written(&One { none }));
    assert_eq!(check_one::<One>(&full), One { none: Some(3) });
    assert_eq!(check_one::<One>(&empty), One { none: Option::None });
}

fn check_one<'i, T: Field<'i>>(pickle: &'i [u8]) -> T {
    message::read(pickle, &mut []).unwrap().value
}

#[test]
fn what_is_longer_than_its_place_is_not_cut() {
    assert_eq!(Text::<3>::try_from("a\u{e9}").map(|text| text.as_str().to_owned()), Ok("a\u{e9}".to_owned()));
    assert_eq!(Text::<2>::try_from("a\u{e9}"), Err(BufferFull));
    assert_eq!(Bytes::<1>::try_from(&b"ab"[..]), Err(BufferFull));
    assert_eq!(List::<u8, 1>::try_from(&[1, 2][..]), Err(BufferFull));
    assert_eq!(List::from([1, 2]).as_slice(), [1, 2]);
}
