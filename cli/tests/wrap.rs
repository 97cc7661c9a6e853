//! What was unwrapped is wrapped again: lengths in front of pickles, and spellings of bytes in text.

#[path = "common/command.rs"]
mod command;

use command::pickle;
use std::io::{Read, Write};
use std::path::Path;

/// `{"a": N}` of protocol 4.
fn record(number: u8) -> Vec<u8> {
    [b"\x80\x04}\x8c\x01aK".as_slice(), &[number], b"s."].concat()
}

fn framed(pickles: &[Vec<u8>]) -> Vec<u8> {
    pickles.iter().flat_map(|pickle| [&(pickle.len() as u32).to_be_bytes(), pickle.as_slice()].concat()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// Runs it on a file of these bytes, and gives what the file has then.
#[track_caller]
fn changed(bytes: &[u8], arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, bytes).unwrap();
    let output = pickle(arguments, folder.path(), None);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.as_str()), (Some(0), ""), "{arguments:?} {}", bytes.escape_ascii());
    std::fs::read(file).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], arguments: &[&str], text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, bytes).unwrap();
    let output = pickle(arguments, folder.path(), Some(bytes));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() != Some(0) && error.contains(text), "{error}");
    assert_eq!(std::fs::read(file).unwrap(), bytes);
}

const SET: [&str; 5] = ["edit", "file", "--in-place", "--set", "$.a=[1,2]"];
/// What stands there then.
const NEW: &[u8] = b"\x80\x04}\x8c\x01a](K\x01K\x02es.";

#[test]
fn lengths_follow() {
    let file = framed(&[record(1), record(2), record(3)]);
    let want = framed(&[NEW.to_vec(), record(2), record(3)]);
    assert_eq!(changed(&file, &SET), want);
    let packed = changed(&gzip(&file), &SET);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, want);
    // As they are told, in every width and order.
    for (name, digits, is_big) in
        [("1", 1, true), ("2be", 2, true), ("2le", 2, false), ("4le", 4, false), ("8be", 8, true), ("8le", 8, false)]
    {
        let framed = |pickles: &[&[u8]]| -> Vec<u8> {
            let length = |len: usize| {
                let all = if is_big { (len as u64).to_be_bytes() } else { (len as u64).to_le_bytes() };
                if is_big { all[8 - digits..].to_vec() } else { all[..digits].to_vec() }
            };
            pickles.iter().flat_map(|pickle| [length(pickle.len()), pickle.to_vec()].concat()).collect()
        };
        let arguments = [&SET[..], &["--framed", name]].concat();
        assert_eq!(changed(&framed(&[&record(1), &record(2)]), &arguments), framed(&[NEW, &record(2)]), "{name}");
    }
    // Every verb that wraps again.
    let long = [b"\x80\x02X\x05\0\0\0hello".as_slice(), b"q\0."].concat();
    let optimized = changed(&framed(&[long.clone(), long.clone()]), &["optimize", "file", "--rewrap", "-o", "file"]);
    let short = [&long[..long.len() - 3], b"."].concat();
    assert_eq!(optimized, framed(&[short.clone(), short]));
    let converted =
        changed(&framed(&[record(1), record(2)]), &["convert", "file", "-p", "0", "--rewrap", "-o", "file"]);
    assert_eq!(converted, framed(&[b"(dp0\nVa\np1\nI1\ns.".to_vec(), b"(dp0\nVa\np1\nI2\ns.".to_vec()]));
}

#[test]
fn lengths_that_are_no_lengths_of_pickles() {
    // Two pickles in a frame, a special length of Spark, one that has no room.
    let twice = [record(1), record(2)].concat();
    refused(&framed(&[twice]), &SET, "not each of its pickles has its length in front");
    let spark = [framed(&[record(1)]), b"\xff\xff\xff\xfc".to_vec()].concat();
    refused(&spark, &SET, "not each of its pickles has its length in front");
    let byte = [&[record(1).len() as u8][..], &record(1)].concat();
    let long = format!("$.a=\"{}\"", "x".repeat(256));
    refused(&byte, &["edit", "file", "--in-place", "--framed", "1", "--set", &long], "too long for the length");
    refused(&byte, &["edit", "file", "--in-place", "--offset", "1", "--set", "$.a=1"], "");
    refused(
        &framed(&[record(1)]),
        &["edit", "-", "--rewrap", "-o", "-", "--set", "$.a=1"],
        "is not written again here",
    );
}

#[test]
fn lengths_of_new_pickles() {
    let json = b"{\"a\": 1} {\"a\": 2}";
    let folder = tempfile::tempdir().unwrap();
    let from_json = |more: &[&str]| pickle(&[&["from-json", "-", "-o", "-"], more].concat(), folder.path(), Some(json));
    let pickles = from_json(&["-p", "2"]).stdout;
    let lengths = from_json(&["-p", "2", "--write-framed", "4be"]).stdout;
    let half = pickles.len() / 2;
    let want = framed(&[pickles[..half].to_vec(), pickles[half..].to_vec()]);
    assert_eq!(lengths, want);
    let cat =
        |more: &[&str], input: &[u8]| pickle(&[&["cat", "-", "-o", "-"], more].concat(), folder.path(), Some(input));
    assert_eq!(cat(&["--write-framed", "4be"], &pickles).stdout, want);
    assert_eq!(cat(&[], &want).stdout, pickles);
    let bytes = [&[half as u8], &pickles[..half], &[half as u8], &pickles[half..]].concat();
    assert_eq!(cat(&["--write-framed", "1"], &want).stdout, bytes);
    let long = [&b"X\x00\x01\0\0"[..], &[b'x'; 256], b"."].concat();
    let output = cat(&["--write-framed", "1"], &long);
    assert!(String::from_utf8_lossy(&output.stderr).contains("too long for the length"), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}

/// What `tests/data/spellings.py` has Python, PostgreSQL's rule, xxd, hexdump and od write of two pickles.
#[test]
fn every_spelling() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/spellings");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(kind) = name.strip_prefix("old.") else { continue };
        let (old, new) = (std::fs::read(&path).unwrap(), std::fs::read(folder.join(format!("new.{kind}"))).unwrap());
        let member = match kind {
            "table.csv" => "file!2/data",
            "rows.json" => "file!/rows/1/data",
            "redis-list" => "file!2",
            _ => "file",
        };
        let arguments = ["edit", member, "--in-place", "--set", "$.text=\"it's \\\"new\\\"\\n\""];
        let have = changed(&old, &arguments);
        assert_eq!(have.escape_ascii().to_string(), new.escape_ascii().to_string(), "{kind}");
        // And back.
        let arguments = ["edit", member, "--in-place", "--set", "$.text=\"old\""];
        assert_eq!(changed(&new, &arguments).escape_ascii().to_string(), old.escape_ascii().to_string(), "{kind}");
        count += 1;
    }
    assert_eq!(count, 21);
}

#[test]
fn texts_that_are_not_put_back() {
    let signed = b"gASVCAAAAAAAAAB9lIwBYZRLAXMu:1abcde:c2lnbmF0dXJl";
    refused(signed, &SET, "signed");
    // Bare, where nothing is to be put back.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), signed).unwrap();
    let output = pickle(&["edit", "file", "-o", "out", "--set", "$.a=2"], folder.path(), None);
    assert!(output.status.success(), "{output:?}");
    let bare = std::fs::read(folder.path().join("out")).unwrap();
    assert!(bare.starts_with(b"\x80\x04") && bare.ends_with(b"K\x02s."), "{}", bare.escape_ascii());
    // The same string twice: which one is meant cannot be told from the text alone.
    let twice = b"{\"x\": \"gASVCAAAAAAAAAB9lIwBYZRLAXMu\", \"y\": \"gASVCAAAAAAAAAB9lIwBYZRLAXMu\"}";
    let arguments = ["edit", "file!/x", "--in-place", "--set", "$.a=2"];
    refused(twice, &arguments, "does not stand in the file exactly once");
    // Bytes as numbers.
    let octets = b"{\"type\": \"Buffer\", \"data\": [128, 4, 125, 140, 1, 97, 75, 1, 115, 46]}";
    refused(octets, &["edit", "file!/data", "--in-place", "--set", "$.a=2"], "is not written as hex");
}
