//! The flat form there and back: what was read can be written, and reads the same again.

use pickle_uniffi::{ErrorKind, ReadOptions, Status, Unpickler, dumps, loads};
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

#[test]
fn what_was_read_can_be_written() {
    let mut written = 0;
    for row in table().iter().filter(|row| row[0] == "graph") {
        let pickle = std::fs::read(data().join(&row[1])).unwrap();
        let flat = loads(&pickle, ReadOptions::default()).unwrap();
        match dumps(&flat, 5) {
            Ok(again) => {
                assert_eq!(loads(&again, ReadOptions::default()).unwrap(), flat, "{}", row[1]);
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
        let pickle_uniffi::PickleError::Failed { kind, offset, .. } = &error;
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
