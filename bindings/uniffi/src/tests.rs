//! The flat form there and back: what was read can be written, and reads the same again.

use crate::{
    ErrorKind, FileItems, GlobalUse, ItemReader, ItemStatus, ReadOptions, Status, Unpickler, dumps, info, loads,
};
use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data")
}

fn table() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(data().join("fixtures.tsv")).unwrap();
    text.lines().map(|line| line.split('\t').map(String::from).collect()).collect()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// Picklers of protocols 1 and up write OBJ where protocol 0 has INST.
fn without_inst(mut flat: Vec<u8>) -> Vec<u8> {
    for at in 1..flat.len() {
        if flat[at - 1..=at] == [30, 4] {
            flat[at] = 3;
        }
    }
    flat
}

#[test]
fn what_was_read_can_be_written() {
    let mut written = 0;
    for row in table().iter().filter(|row| row[0] == "graph") {
        let pickle = std::fs::read(data().join(&row[1])).unwrap();
        let flat = loads(&pickle, ReadOptions::default()).unwrap();
        match dumps(&flat, 5) {
            Ok(again) => {
                let again = loads(&again, ReadOptions::default()).unwrap();
                assert_eq!(without_inst(again), without_inst(flat), "{}", row[1]);
                written += 1;
            }
            // A tuple or the arguments of an object that hold themselves, and what CPython's pickler never writes.
            Err(error) => println!("{}: {error}", row[1]),
        }
    }
    assert!(written >= 50, "{written}");
}

#[test]
fn errors_are_those_of_the_table() {
    for row in table().iter().filter(|row| row[0] == "error") {
        let error = loads(&hex(&row[1]), ReadOptions::default()).unwrap_err();
        let crate::PickleError::Failed { kind, offset, .. } = &error;
        assert_eq!((kind.name(), offset.to_string()), (row[2].as_str(), row[3].clone()), "{}", row[1]);
    }
}

#[test]
fn damaged_buffers_are_refused() {
    let pickle = std::fs::read(data().join("core/containers_4.pickle")).unwrap();
    let flat = loads(&pickle, ReadOptions::default()).unwrap();
    let mut refused = 0;
    for at in 0..flat.len() {
        assert_eq!(dumps(&flat[..at], 4).unwrap_err().kind(), ErrorKind::BadValue);
        for byte in 0..=255 {
            let mut bad = flat.clone();
            bad[at] = byte;
            refused += u32::from(dumps(&bad, 4).is_err());
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn pieces_read_as_the_whole() {
    let pickle = std::fs::read(data().join("core/scalars_4.pickle")).unwrap();
    let reader = Unpickler::new(ReadOptions::default());
    assert_eq!(reader.document().unwrap_err().kind(), ErrorKind::EndOfInput);
    let mut rest = pickle.as_slice();
    while let [byte, more @ ..] = rest {
        let fed = reader.feed(&[*byte]).unwrap();
        assert_eq!((fed.consumed, fed.status == Status::Done), (1, more.is_empty()));
        rest = more;
    }
    assert_eq!(reader.document().unwrap(), loads(&pickle, ReadOptions::default()).unwrap());
}

#[test]
fn info_sees_what_was_dropped() {
    // os.system by GLOBAL, posix.system by STACK_GLOBAL and a call of it; all dropped, the result is None.
    let pickle = b"cos\nsystem\n0\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R0N.";
    let info = info(pickle, ReadOptions::default()).unwrap();
    let used = |module: &str, calls| GlobalUse { module: module.into(), name: "system".into(), calls };
    assert_eq!(info.globals, [used("os", 0), used("posix", 1)]);
    assert_eq!((info.root.as_str(), info.length, info.opcodes), ("None", pickle.len() as u64, 11));
}

#[test]
fn items_come_in_batches() {
    let pickle = [b"](".as_slice(), &b"K\x01".repeat(100_000), b"e."].concat();
    let reader = ItemReader::new("$".into(), ReadOptions::default(), Some(0)).unwrap();
    let (mut rest, mut items) = (pickle.as_slice(), Vec::new());
    loop {
        let (piece, _) = rest.split_at(rest.len().min(4096));
        let batch = reader.feed(piece).unwrap();
        assert!(batch.items.len() < 70_000);
        items.extend(batch.items);
        rest = &rest[batch.consumed as usize..];
        if batch.status == ItemStatus::Done {
            break;
        }
    }
    // Role, length, version, tag, value.
    assert!(items == [0, 3, crate::flat::VERSION, 3, 1].repeat(100_000));
    assert!(rest.is_empty());
    assert_eq!(reader.offset(), pickle.len() as u64);
}

/// A file that goes away with this.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, data: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("libpickle-{}-{name}", std::process::id()));
        std::fs::write(&path, data).unwrap();
        Temporary(path)
    }

    fn items(&self) -> std::sync::Arc<FileItems> {
        FileItems::open(self.0.to_str().unwrap().into(), "$".into(), ReadOptions::default(), None).unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_file_keeps_what_is_fetched_late() {
    // 100,000 strs, then one of them again that was given away long ago; memoised, with GET as text as in protocol 0.
    let mut pickle = b"(l".to_vec();
    for i in 0..100_000 {
        pickle.extend(format!("Vrow {i}\np{i}\na").bytes());
    }
    let read = |items: &FileItems| {
        let (mut strs, mut error) = (Vec::new(), None);
        loop {
            match items.next_batch() {
                Ok(Some(batch)) => {
                    // Role, length, version, tag, length, text.
                    let mut rest = batch.as_slice();
                    while let [0, len, item @ ..] = rest {
                        let (item, after) = item.split_at(usize::from(*len));
                        strs.push(String::from_utf8(item[3..].to_vec()).unwrap());
                        rest = after;
                    }
                    assert!(rest.is_empty());
                }
                Ok(None) => break,
                Err(found) => {
                    error = Some(found);
                    break;
                }
            }
        }
        (strs, error)
    };
    pickle.extend(b"g8000\na.");
    let stream = ItemReader::new("$".into(), ReadOptions::default(), None).unwrap();
    let mut rest = pickle.as_slice();
    let dropped = loop {
        match stream.feed(rest) {
            Ok(batch) if batch.status == ItemStatus::Items => rest = &rest[batch.consumed as usize..],
            Ok(batch) => panic!("{:?}", batch.status),
            Err(error) => break error,
        }
    };
    assert_eq!(dropped.kind(), ErrorKind::MemoDropped);
    assert!(dropped.to_string().contains(", after 100"), "{dropped}");
    // Twice in one file: the second has a memo of its own.
    let (strs, error) = read(&Temporary::new("late.pkl", &pickle.repeat(2)).items());
    assert_eq!((strs.len(), error), (200_002, None));
    assert_eq!([&strs[8000], &strs[100_000], &strs[108_001], &strs[200_001]], ["row 8000"; 4]);
    assert_eq!([&strs[99_999], &strs[100_001]], ["row 99999", "row 0"]);
    // What is good comes before the fault, and the fault again and again.
    let items = Temporary::new("cut.pkl", &pickle[..pickle.len() - 1]).items();
    let (strs, error) = read(&items);
    assert_eq!((strs.len(), error.map(|error| error.kind())), (100_001, Some(ErrorKind::EndOfInput)));
    assert_eq!(items.next_batch().unwrap_err().kind(), ErrorKind::EndOfInput);
    for none in ["/no/such/file", env!("CARGO_MANIFEST_DIR")] {
        let missing = FileItems::open(none.into(), "$".into(), ReadOptions::default(), None);
        assert_eq!(missing.err().unwrap().kind(), ErrorKind::InputOutput, "{none}");
    }
    assert_eq!(read(&Temporary::new("empty.pkl", b"").items()).1.unwrap().kind(), ErrorKind::Empty);
}

#[test]
fn a_get_across_two_pieces_is_planned_for() {
    // Pieces are of 256 KiB: GETs in every place around a border, long after what they fetch was given away.
    for shift in 0..8 {
        let mut pickle = b"(l".to_vec();
        for i in 0..20_000 {
            pickle.extend(format!("Vrow {i}\np{i}\na").bytes());
        }
        let pad = (512 << 10) - shift - pickle.len();
        pickle.extend([b"V".as_slice(), &b"y".repeat(pad - 3), b"\n0"].concat());
        pickle.extend(b"g8000\na.");
        let items = Temporary::new("border.pkl", &pickle).items();
        while items.next_batch().unwrap().is_some() {}
    }
}

#[test]
fn good_items_come_before_the_fault() {
    let reader = ItemReader::new("$".into(), ReadOptions::default(), Some(0)).unwrap();
    let batch = reader.feed(b"]K\x01aK\x02a\xff").unwrap();
    assert_eq!((batch.status, batch.items.len()), (ItemStatus::Items, 10));
    let error = reader.feed(b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownOpcode);
    assert_eq!(reader.feed(b"a.").unwrap_err(), error);
}

/// All values of a batch's items in the flat form, one after another.
fn values(mut batch: &[u8]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    while let [role, rest @ ..] = batch {
        let mut part = |batch: &mut &[u8]| {
            let (mut len, mut shift) = (0, 0);
            while let [byte, rest @ ..] = *batch {
                *batch = rest;
                len |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if *byte < 0x80 {
                    break;
                }
            }
            let (part, rest) = batch.split_at(len);
            *batch = rest;
            values.push(part.to_vec());
        };
        batch = rest;
        if matches!(role, 1 | 2) {
            part(&mut batch);
        }
        part(&mut batch);
    }
    values
}

#[test]
fn items_that_wait_at_stop_are_handed_over() {
    let row = |i: usize| [b"X\xb8\x0b\0\0".as_slice(), format!("{i:06}").repeat(500).as_bytes()].concat();
    let rows: Vec<Vec<u8>> = (0..200).map(row).collect();
    let flat: Vec<Vec<u8>> =
        rows.iter().map(|row| loads(&[row, b".".as_slice()].concat(), ReadOptions::default()).unwrap()).collect();
    let rows = rows.concat();
    let list = [b"](".as_slice(), &rows, b"e"].concat();
    for (path, pickle) in [
        ("$", [&list, b".".as_slice()].concat()),
        ("$", [b"(", rows.as_slice(), b"t."].concat()),
        ("$", [b"\x8f(", rows.as_slice(), b"\x90."].concat()),
        ("$", [b"(", rows.as_slice(), b"\x91."].concat()),
        ("$.rows", [b"}X\x04\0\0\0rows", list.as_slice(), b"s."].concat()),
        ("$[1]", [b"K\x01", list.as_slice(), b"\x86."].concat()),
    ] {
        for size in [1, 100, 65_536, pickle.len()] {
            let reader = ItemReader::new(path.into(), ReadOptions::default(), None).unwrap();
            let mut found = Vec::new();
            let mut pieces = pickle.chunks(size);
            let mut piece: &[u8] = &[];
            loop {
                let batch = reader.feed(piece).unwrap();
                found.extend(values(&batch.items));
                piece = &piece[batch.consumed as usize..];
                match batch.status {
                    ItemStatus::Done => break,
                    ItemStatus::Items => {}
                    ItemStatus::NeedMore => piece = pieces.next().unwrap(),
                }
            }
            assert!(found == flat, "{path}, pieces of {size}: {} of {}", found.len(), flat.len());
        }
        let file = Temporary::new("stop.pkl", &pickle);
        let items =
            FileItems::open(file.0.to_str().unwrap().into(), path.into(), ReadOptions::default(), None).unwrap();
        let mut found = Vec::new();
        while let Some(batch) = items.next_batch().unwrap() {
            found.extend(values(&batch));
        }
        assert!(found == flat, "{path}, file: {} of {}", found.len(), flat.len());
    }
}

#[test]
fn a_wrong_path_is_an_error() {
    let pickle = b"}X\x04\0\0\0rows](K\x01K\x02es.";
    let file = Temporary::new("path.pkl", pickle);
    let open = |path: &str| FileItems::open(file.0.to_str().unwrap().into(), path.into(), ReadOptions::default(), None);
    for path in ["$[", "$['a", "$..", "$.rows.", "$.rows[*]", "$.rows[1:]", "$..rows"] {
        let error = ItemReader::new(path.into(), ReadOptions::default(), None).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::BadPath, "{path}");
        assert_eq!(open(path).err().unwrap().kind(), ErrorKind::BadPath, "{path}");
    }
    for path in ["$.nope", "$.rows[2]", "$.rows.x", "$[0]"] {
        for min_nodes in [None, Some(0)] {
            let reader = ItemReader::new(path.into(), ReadOptions::default(), min_nodes).unwrap();
            assert_eq!(reader.feed(pickle).unwrap_err().kind(), ErrorKind::PathMissing, "{path}");
        }
        assert_eq!(open(path).unwrap().next_batch().unwrap_err().kind(), ErrorKind::PathMissing, "{path}");
    }
    // What is there and can have no items.
    for path in ["$.rows[0]", "$.rows[1]"] {
        for min_nodes in [None, Some(0)] {
            let reader = ItemReader::new(path.into(), ReadOptions::default(), min_nodes).unwrap();
            let error = reader.feed(pickle).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PathMissing, "{path}");
            assert!(error.to_string().contains("no container"), "{error}");
        }
        assert_eq!(open(path).unwrap().next_batch().unwrap_err().kind(), ErrorKind::PathMissing, "{path}");
    }
    let reader = ItemReader::new(String::new(), ReadOptions::default(), None).unwrap();
    assert_eq!(reader.feed(b"K\x05.").unwrap_err().kind(), ErrorKind::PathMissing);
    // What is there and empty is none.
    let reader = ItemReader::new("$.rows".into(), ReadOptions::default(), None).unwrap();
    let batch = reader.feed(b"}X\x04\0\0\0rows]s.").unwrap();
    assert_eq!((batch.status, batch.items.len()), (ItemStatus::Done, 0));
}

#[test]
fn out_of_band_buffers_keep_their_numbers() {
    // The first twice, once read-only, and the second: [b0, readonly(b0), b1].
    let pickle = b"](\x97\x94h\0\x98\x97e.";
    let flat = loads(pickle, ReadOptions::default()).unwrap();
    assert_eq!(flat[3..], [9, 0, 0, 9, 0, 1, 9, 1, 0]);
    let found = crate::find(&flat, "$".into(), false, 100).unwrap();
    assert_eq!(found[5..], flat[3..]);
    // No pickle asks for the second first.
    let error = crate::find(&[crate::flat::VERSION, 9, 1, 0], "$".into(), false, 100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadValue);
}

/// `setattr` of the list, whose result POP drops at 27; a call whose result stays.
const DROPPED: &[u8] = b"]q\x00cbuiltins\nsetattr\nh\x00K\x01\x86R0.";
const KEPT: &[u8] = b"](K\x01cbuiltins\nsetattr\n)K\x01\x86Re.";

#[test]
fn dropped_calls_are_told() {
    let call = |pickle: &[u8]| info(pickle, ReadOptions::default()).unwrap().dropped_call;
    assert_eq!(call(DROPPED), Some(27));
    assert_eq!(call(KEPT), None);
    // An object that holds itself in its arguments is made twice: that is no call for what it does.
    assert_eq!(call(b"cm\nf\nq\x00]q\x01h\x00h\x01\x85R0h\x00h\x01\x85R."), Some(16));
    assert_eq!(call(b"]q\x00(cm\nf\nh\x00\x85Rq\x010h\x01e."), None);

    let reader = ItemReader::new("$".into(), ReadOptions::default(), None).unwrap();
    assert_eq!(reader.dropped_call(), None);
    for (nth, pickle) in [KEPT, DROPPED, DROPPED].into_iter().enumerate() {
        assert!(reader.feed(pickle).is_ok());
        assert_eq!(reader.dropped_call(), (nth > 0).then_some(KEPT.len() as u64 + 27));
        reader.next_pickle();
    }
    assert_eq!(reader.dropped_call(), Some(KEPT.len() as u64 + 27));
    for (name, pickle, expected) in
        [("dropped.pkl", [KEPT, DROPPED].concat(), Some(KEPT.len() as u64 + 27)), ("kept.pkl", KEPT.into(), None)]
    {
        let file = Temporary::new(name, &pickle);
        let items = file.items();
        while items.next_batch().unwrap().is_some() {}
        assert_eq!(items.dropped_call(), expected);
    }
}

/// Layouts in which only the rest of the file tells what is at the path, each of 200,000 rows, and where the rows are.
fn layouts() -> Vec<(&'static str, Vec<u8>)> {
    const ROWS: u32 = 200_000;
    let mut list = b"]".to_vec();
    for from in (0..ROWS).step_by(1000) {
        list.push(b'(');
        for row in from..from + 1000 {
            list.push(b'J');
            list.extend(row.to_le_bytes());
        }
        list.push(b'e');
    }
    let around = |path, before: &[u8], after: &[u8]| (path, [b"\x80\x02", before, &list, after].concat());
    vec![
        around("$.rows", b"}(X\x01\0\0\0a}X\x04\0\0\0rows", b"u."),
        around("$.rows", b"}(X\x04\0\0\0meta}X\x01\0\0\0vK\x01sX\x04\0\0\0rows", b"u."),
        around("$.rows", b"}(X\x04\0\0\0meta]X\x04\0\0\0rows", b"u."),
        around("$[1]", b"](](K\x01e", b"e."),
        around("$[1]", b"](]", b"e."),
    ]
}

#[test]
fn items_behind_siblings_are_bounded_in_memory() {
    for (path, pickle) in layouts() {
        let name = format!("pickle-doubt-{}", std::process::id());
        let file = Temporary::new(&name, &pickle);
        // Held as a whole the rows would take 3 MB.
        let options = ReadOptions { max_bytes: Some(1 << 20), ..ReadOptions::default() };
        let items = FileItems::open(file.0.to_str().unwrap().into(), path.into(), options, None).unwrap();
        let mut count = 0u32;
        while let Some(batch) = items.next_batch().unwrap_or_else(|error| panic!("{path}: {error}")) {
            let mut rest = batch.as_slice();
            while let [0, len, item @ ..] = rest {
                let (item, after) = item.split_at(usize::from(*len));
                let int = match item[1..] {
                    [3, byte] => u32::from(byte),
                    [4, a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
                    _ => panic!("{item:?}"),
                };
                assert_eq!(int, count, "{path}");
                count += 1;
                rest = after;
            }
            assert!(rest.is_empty());
        }
        assert_eq!(count, 200_000, "{path}");
    }
}
