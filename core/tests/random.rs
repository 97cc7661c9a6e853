//! Damaged pickles, the same on every run: whatever the bytes, nothing
//! panics, and how they are cut changes nothing. `PICKLE_RANDOM=n` makes n
//! times as many.

mod common;

use common::{Random, compare, data, feed};
use pickle_core::{Encoding, ErrorKind, Heap, Node, Opcode, Options, Storage, TextInts, Unpickler, ValuePath};

/// A pickle with some bytes changed, dropped, doubled, or pieces of others put in.
fn damage(random: &mut Random, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut pickle = files[random.below(files.len())].1.clone();
    pickle.truncate(2000);
    for _ in 0..1 + random.below(4) {
        let at = random.below(pickle.len().max(1));
        let len = random.below(8).min(pickle.len() - at);
        match random.below(7) {
            0 if !pickle.is_empty() => pickle[at] = random.next() as u8,
            1 if !pickle.is_empty() => pickle[at] ^= 1 << random.below(8),
            2 => pickle.insert(at, Opcode::ALL[random.below(Opcode::ALL.len())].byte()),
            3 => drop(pickle.drain(at..at + len)),
            4 => {
                let piece = pickle[at..at + len].to_vec();
                let to = random.below(pickle.len() + 1);
                pickle.splice(to..to, piece);
            }
            5 => {
                let other = &files[random.below(files.len())].1;
                let from = random.below(other.len());
                let piece = &other[from..other.len().min(from + 1 + random.below(30))];
                pickle.splice(at..at, piece.iter().copied());
            }
            _ => pickle.truncate(at),
        }
    }
    pickle
}

/// Opcodes with small arguments, in any order: few of them fail early.
fn opcodes(random: &mut Random) -> Vec<u8> {
    const PIECES: &[&[u8]] = &[
        b"N",
        b"K\x01",
        b"I01\n",
        b"L5L\n",
        b"F1.5\n",
        b"V\\u00e9\n",
        b"S'\\xe9'\n",
        b"\x8c\x01a",
        b"C\x01b",
        b"U\x01c",
        b")",
        b"]",
        b"}",
        b"\x8f",
        b"(",
        b"(",
        b"cm\nn\n",
        b"\x82\x01",
        b"Pid\n",
        b"\x96\x01\0\0\0\0\0\0\0a",
        b"\x97",
        b"\x8a\x09\0\0\0\0\0\0\0\0\x01",
        b"0",
        b"1",
        b"2",
        b"a",
        b"b",
        b"d",
        b"e",
        b"l",
        b"o",
        b"s",
        b"t",
        b"u",
        b"R",
        b"Q",
        b"\x81",
        b"\x85",
        b"\x86",
        b"\x87",
        b"\x90",
        b"\x91",
        b"\x92",
        b"\x93",
        b"\x94",
        b"\x98",
        b"q\0",
        b"r\0\0\0\x01",
        b"p99\n",
        b"h\0",
        b"j\0\0\0\x01",
        b"g99\n",
        b"im\nn\n",
        b"\x80\x04",
        b"\x95\x03\0\0\0\0\0\0\0",
    ];
    let mut pickle = Vec::new();
    for _ in 0..random.below(40) {
        pickle.extend_from_slice(PIECES[random.below(PIECES.len())]);
    }
    pickle.push(b'.');
    pickle
}

fn check(random: &mut Random, pickle: &[u8]) -> bool {
    let options = Options::new()
        .encoding([Encoding::Keep, Encoding::Bytes, Encoding::Ascii, Encoding::Latin1, Encoding::Utf8][random.below(5)])
        .text_ints(if random.below(2) == 0 { TextInts::Prefixed } else { TextInts::Decimal });
    let mut whole = Unpickler::new(Heap::new(), options);
    let read = whole.load(pickle).map(|_| ());
    let most = 1 + random.below(30);
    let mut fed = Unpickler::new(Heap::new(), options);
    let found = feed(&mut fed, pickle, || 1 + random.below(most)).map(|_| ());
    let text = pickle.escape_ascii();
    assert_eq!(found, read, "{text}");
    if read.is_ok() {
        compare(&whole.document_in(pickle), &fed.document()).unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    // Fixed memory: the same, or a region is full.
    let (mut nodes, mut memo) = ([Node::EMPTY; 300], [Node::EMPTY; 40]);
    let mut bytes = [0; 400];
    let (some_nodes, some_memo) = (random.below(300), random.below(40));
    let some_bytes = random.below(400);
    let storage = Storage::new(&mut nodes[..some_nodes], &mut memo[..some_memo], &mut bytes[..some_bytes]);
    let mut fixed = Unpickler::new(storage, options);
    let found = match random.below(2) {
        0 => fixed.load(pickle).map(|_| ()),
        _ => feed(&mut fixed, pickle, || 5).map(|_| ()),
    };
    match found {
        Err(error) if error.kind().is_limit() && error.kind() != ErrorKind::WorkLimit => {}
        found => {
            assert_eq!(found, read, "{text}");
            if read.is_ok() {
                compare(&whole.document_in(pickle), &fixed.document_in(pickle))
                    .unwrap_or_else(|error| panic!("{text}: {error}"));
            }
        }
    }
    read.is_ok()
}

#[test]
fn damaged_and_made_up() {
    let times = std::env::var("PICKLE_RANDOM").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let files = data();
    let (mut random, mut good) = (Random(1), 0);
    for _ in 0..30_000 * times {
        let pickle = if random.below(2) == 0 { damage(&mut random, &files) } else { opcodes(&mut random) };
        good += usize::from(check(&mut random, &pickle));
    }
    println!("{good} of {} could be read", 30_000 * times);
    assert!(good > 1000, "{good}: the generator makes too few valid pickles");
}

#[test]
fn paths() {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(b"}\x8c\x01a](K\x01}\x8c\x01bK\x02ses.").unwrap();
    assert_eq!(document.find("$.a[1].b").and_then(|value| value.as_i64()), Some(2));
    const PIECES: &[&str] = &["$", ".", "a", "[", "]", "'", "\"", "-", "0", "1", "99999999999999999999", "é", " ", "b"];
    let mut random = Random(2);
    for _ in 0..20_000 {
        let path: String = (0..random.below(10)).map(|_| PIECES[random.below(PIECES.len())]).collect();
        let steps = ValuePath::new(&path).count();
        assert!(steps <= path.len() + 1, "{path}");
        if document.find(&path).is_some() {
            assert!(ValuePath::new(&path).is_valid(), "{path}");
        }
    }
    for index in [i64::MIN, i64::MAX, -1, -3] {
        let _ = document.find(&format!("$.a[{index}]"));
    }
}
