//! Archives in archives, and their members by name.

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output};

fn pickle(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pickle")).args(args).current_dir(folder).output().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn one(n: u8) -> Vec<u8> {
    vec![0x80, 2, b'K', n, b'.']
}

#[test]
fn archives_beside_pickles_are_opened() {
    let inner = tar(&[("b.pkl", &one(2)), ("c.pkl", &one(3))]);
    let middle = gzip(&tar(&[("in/inner.tar", &inner), ("d.pkl", &one(4))]));
    let outer = zip(&[("a.pkl", &one(1)), ("middle.tar.gz", &middle), ("notes.txt", b"nothing"), ("e.zip", b"no zip")]);
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("outer.zip"), &outer).unwrap();
    let says = |args: &[&str]| {
        let output = pickle(at, args);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(says(&["json", "-l", "outer.zip"]), "1\n2\n3\n4\n");
    assert_eq!(says(&["grep", "3", "outer.zip"]), "outer.zip!middle.tar.gz!in/inner.tar!c.pkl: $: 3\n");
    // By every name on the way.
    for (member, want) in [
        ("a.pkl", "1\n"),
        ("middle.tar.gz", "2\n3\n4\n"),
        ("middle.tar.gz!in/inner.tar", "2\n3\n"),
        ("middle.tar.gz!in/inner.tar!c.pkl", "3\n"),
        ("middle.tar.gz!d.pkl", "4\n"),
    ] {
        assert_eq!(says(&["json", "-l", &format!("outer.zip!{member}")]), want, "{member}");
        let verdict = says(&["scan", &format!("outer.zip!{member}")]);
        assert_eq!(verdict, format!("outer.zip!{member}: clean\n"));
    }
    assert_eq!(says(&["get", "--member", "middle.tar.gz!d.pkl", "outer.zip", "$"]), "4\n");
    for member in ["b.pkl", "a.pkl!b", "middle.tar.gz!in", "middle.tar.gz!d.pkl!x"] {
        let output = pickle(at, &["json", &format!("outer.zip!{member}")]);
        assert_eq!(output.status.code(), Some(1), "{member}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no member"), "{member}");
    }
    // One that is damaged is an error, and what is in it is not passed over.
    std::fs::write(at.join("cut.zip"), zip(&[("a.pkl", &one(1)), ("b.tar.gz", &middle[..middle.len() / 2])])).unwrap();
    let output = pickle(at, &["json", "-l", "cut.zip"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("b.tar.gz"), "{output:?}");
}

#[test]
fn scan_takes_members_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let bad = b"cos\nsystem\n(S'true'\ntR.";
    std::fs::write(at.join("a.zip"), zip(&[("good.pkl", &one(1)), ("bad.pkl", bad)])).unwrap();
    let run = |member: &str| {
        let output = pickle(at, &["scan", &format!("a.zip!{member}")]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run("good.pkl"), (Some(0), "a.zip!good.pkl: clean\n".into()));
    assert!(run("bad.pkl").1.contains("dangerous"), "{:?}", run("bad.pkl"));
    let (code, text) = run("none.pkl");
    assert!(code == Some(2) && text.contains("there is no member none.pkl"), "{text}");
}

/// Of a file with several pickles, which one it is.
#[test]
fn grep_names_the_pickle() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log.pkl"), [one(7), one(8), one(7)].concat()).unwrap();
    let output = pickle(folder.path(), &["grep", "7", "log.pkl"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "log.pkl: $: 7\nlog.pkl: pickle number 3: $: 7\n");
    // And `get` goes there.
    for (number, code, says) in
        [("1", 0, "7"), ("3", 0, "7"), ("9", 1, "there is no pickle number 9: the last is number 3"), ("0", 2, "zero")]
    {
        let output = pickle(folder.path(), &["get", "log.pkl", "--pickle", number, "$"]);
        let text = [output.stdout, output.stderr].concat();
        assert_eq!(output.status.code(), Some(code));
        assert!(String::from_utf8_lossy(&text).contains(says), "{number}: {}", String::from_utf8_lossy(&text));
    }
}

#[test]
#[cfg(feature = "sqlite")]
fn archives_in_the_cells_of_a_database_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let database = |name: &str, cells: &[&[u8]]| {
        let database = rusqlite::Connection::open(at.join(name)).unwrap();
        database.execute("CREATE TABLE t (v BLOB)", []).unwrap();
        cells.iter().for_each(|cell| _ = database.execute("INSERT INTO t VALUES (?1)", [cell]).unwrap());
    };
    let call = b"cposix\nsystem\n(S'true'\ntR.";
    let notes = zip(&[("notes.txt", b"nothing")]);
    database("inner.db", &[&one(4)]);
    let inner = std::fs::read(at.join("inner.db")).unwrap();
    let archives: [&[u8]; 6] =
        [&one(1), &zip(&[("a.pkl", &one(2))]), &tar(&[("b.pkl", &one(3))]), &inner, &notes, b"\x89PNG"];
    database("all.db", &archives);
    database("zip.db", &[&zip(&[("a.pkl", call)])]);
    database("tar.db", &[&tar(&[("a.pkl", call)])]);
    database("none.db", &[&notes, b"\x89PNG"]);
    let says = |args: &[&str]| {
        let output = pickle(at, args);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(says(&["json", "-l", "all.db"]), (Some(0), "1\n2\n3\n4\n".to_owned()));
    assert_eq!(says(&["json", "all.db!t/v/3!b.pkl"]), (Some(0), "3\n".to_owned()));
    assert_eq!(says(&["scan", "all.db"]), (Some(0), "all.db: clean\n".to_owned()));
    for name in ["zip.db", "tar.db"] {
        let (code, text) = says(&["scan", name]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("dangerous") && text.contains("t/v/1!a.pkl"), "{text}");
    }
    assert_eq!(says(&["json", "none.db"]), (Some(1), String::new()));
}
