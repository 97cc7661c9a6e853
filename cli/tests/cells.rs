#![cfg(feature = "sqlite")]
//! Pickles in the cells of SQLite databases, as bytes and as text.

use base64::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::Path;
use std::process::{Command, Output};

/// `{"a": [1, 2]}` of every protocol.
const DICT: [&[u8]; 6] = [
    b"(dp0\nVa\np1\n(lp2\nI1\naI2\nas.",
    b"}q\0X\x01\0\0\0aq\x01]q\x02(K\x01K\x02es.",
    b"\x80\x02}q\0X\x01\0\0\0aq\x01]q\x02(K\x01K\x02es.",
    b"\x80\x03}q\0X\x01\0\0\0aq\x01]q\x02(K\x01K\x02es.",
    b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94\x8c\x01a\x94]\x94(K\x01K\x02es.",
    b"\x80\x05\x95\x10\0\0\0\0\0\0\0}\x94\x8c\x01a\x94]\x94(K\x01K\x02es.",
];

/// Those of an int, None, an empty tuple and a name: none has as many bytes as DICT.
const SHORT: [&[u8]; 5] = [b"\x80\x05K\x07.", b"\x80\x02N.", b"\x80\x03).", b"\x80\x04(K\x01K\x02t.", b"cos\nsep\n."];

/// Words, and numbers, that are base64 or hexadecimal as well.
const WORDS: [&str; 13] = [
    "8004",
    "80054b07",
    "gAroup",
    "password",
    "Administrator",
    "KGBofficersOfMoscow",
    "Internationalization",
    "d41d8cd98f00b204e9800998ecf8427e",
    "63616e64",
    "Yzma",
    "VGhpcyBpcyBhIHRleHQgaW4gYmFzZTY0Lg==",
    "(no pickle at all).",
    "",
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every spelling of a value: as it is, base64 in text and bytes, in lines, for URLs, hexadecimal.
fn spelled(pickle: &[u8]) -> Vec<Value> {
    let base64 = BASE64_STANDARD.encode(pickle);
    let lines = base64.as_bytes().chunks(76).map(|line| format!("{}\n", str::from_utf8(line).unwrap()));
    vec![
        Value::Blob(pickle.to_vec()),
        Value::Blob(base64.clone().into_bytes()),
        Value::Text(lines.collect()),
        Value::Text(BASE64_URL_SAFE_NO_PAD.encode(pickle)),
        Value::Text(hex(pickle)),
        Value::Text(hex(pickle).to_uppercase()),
        Value::Text(format!("\\x{}", hex(pickle))),
        Value::Text(base64),
    ]
}

fn database(path: &Path, table: &str, values: &[Value]) {
    let database = Connection::open(path).unwrap();
    database.execute_batch(table).unwrap();
    for (id, value) in values.iter().enumerate() {
        database.execute("INSERT INTO t (id, v) VALUES (?1, ?2)", (id as i64, value)).unwrap();
    }
}

fn pickle(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pickle")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_protocol_in_every_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<Value> = DICT.iter().flat_map(|pickle| spelled(pickle)).collect();
    for (name, table) in [
        ("rows", "CREATE TABLE t (id INTEGER PRIMARY KEY, v)"),
        ("keys", "CREATE TABLE t (id INTEGER PRIMARY KEY, v) WITHOUT ROWID"),
    ] {
        database(&folder.path().join(name), table, &values);
        let output = pickle(&["json", "-l", name], folder.path());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output), "{\"a\":[1,2]}\n".repeat(values.len()), "{name}");
    }
}

#[test]
fn short_ones_and_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<Value> = SHORT.iter().flat_map(|pickle| spelled(pickle)).collect();
    database(&folder.path().join("short"), "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", &values);
    let output = pickle(&["json", "-l", "short"], folder.path());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output).lines().count(), values.len(), "{}", text(&output));
    let words: Vec<Value> = WORDS.iter().map(|word| Value::Text((*word).into())).collect();
    database(&folder.path().join("words"), "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", &words);
    let output = pickle(&["show", "words"], folder.path());
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(1), ""), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no pickle in this: an SQLite database"));
    let output = pickle(&["scan", "words"], folder.path());
    assert!(output.status.success() && text(&output).contains("words: unknown"), "{output:?}");
}

/// Whoever loads it does not see what follows.
#[test]
fn a_scan_sees_through_the_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let evil = b"cposix\nsystem\n(S'id'\ntR.";
    let mut values = spelled(evil);
    values.extend(spelled(&[&evil[..], b"more"].concat()).into_iter().skip(1));
    values.extend(spelled(b"\x80\x02cposix\nsystem\nq\0X\x02\0\0\0idq\x01\x85q\x02Rq\x03.more"));
    for (number, value) in values.into_iter().enumerate() {
        let name = format!("{number}.sqlite");
        database(&folder.path().join(&name), "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", &[value]);
        let output = pickle(&["scan", &name], folder.path());
        assert_eq!(output.status.code(), Some(1), "{number}: {output:?}");
        assert!(text(&output).contains("dangerous"), "{number}: {output:?}");
    }
}

/// A database with one value.
fn with_value(folder: &Path, value: Value) {
    let _ = std::fs::remove_file(folder.join("a.db"));
    let database = Connection::open(folder.join("a.db")).unwrap();
    database.execute_batch("CREATE TABLE t (v); INSERT INTO t VALUES (X'80024B072E')").unwrap();
    database.execute("INSERT INTO t VALUES (?1)", [value]).unwrap();
}

/// What follows a pickle in its value, or is missing of it, is told by every verb, and by a scan what it does.
#[test]
fn values_that_are_not_one_whole_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let show = || pickle(&["json", "-l", "a.db"], folder.path());
    let scan = || pickle(&["scan", "a.db"], folder.path());
    for dict in DICT {
        for behind in [&b"xyz"[..], &[b'x'; 300], &[0xff; 70_000]] {
            with_value(folder.path(), Value::Blob([dict, behind].concat()));
            let output = show();
            assert_eq!((output.status.code(), text(&output).as_str()), (Some(1), "7\n{\"a\":[1,2]}\n"), "{output:?}");
            assert!(text(&scan()).contains("unknown - bytes follow"), "{:?}", scan());
        }
    }
    for dict in &DICT {
        for len in dict.len() - 5..dict.len() {
            with_value(folder.path(), Value::Blob(dict[..len].to_vec()));
            assert_eq!(show().status.code(), Some(1), "{len}");
            assert!(!text(&scan()).contains("clean"), "{len}");
        }
    }
    for call in [&b"cos\nsystem\n(S'true'\ntR."[..], b"(S'true'\nios\nsystem\n.", b"\x80\x02cos\nsystem\n(U\x04truetR."]
    {
        for behind in [&b""[..], b"\n", b"xyz"] {
            with_value(folder.path(), Value::Blob([call, behind].concat()));
            let output = scan();
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert!(text(&output).contains("dangerous"), "{output:?}");
        }
    }
    // A class that no table lists is named in every protocol.
    for object in
        [&b"ccopy_reg\n_reconstructor\n(cshop\nItem\nc__builtin__\nobject\nNtR."[..], b"\x80\x02cshop\nItem\n)\x81."]
    {
        with_value(folder.path(), Value::Blob(object.to_vec()));
        assert!(text(&scan()).contains("unknown") && text(&scan()).contains("shop.Item"), "{:?}", scan());
    }
    for words in ["N.Y.", "(c) 2024.", "(lol).", "].", "I am."] {
        with_value(folder.path(), Value::Text(words.to_owned()));
        assert_eq!(text(&scan()), "a.db: clean\n", "{words}");
    }
}

/// Large values of diskcache lie beside its database.
#[test]
fn files_that_rows_name() {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join("cache.db")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL, \
             access_time REAL, access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0, \
             filename TEXT, value BLOB);
             INSERT INTO Cache (key, raw, mode, value) VALUES ('small', 1, 4, X'80054B072E');
             INSERT INTO Cache (key, raw, mode, filename) VALUES ('large', 1, 4, '9a/25/28fb.val');
             INSERT INTO Cache (key, raw, mode, filename) VALUES ('bytes', 1, 2, '9a/bc/e278.val');",
        )
        .unwrap();
    let show = || pickle(&["json", "-l", "cache.db"], folder.path());
    let missing = show();
    assert_eq!((missing.status.code(), text(&missing).as_str()), (Some(1), "7\n"));
    let error = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(error.contains("values lie in files that are not beside it: 9a/25/28fb.val"), "{error}");
    assert_eq!(pickle(&["scan", "cache.db"], folder.path()).status.code(), Some(2));
    std::fs::create_dir_all(folder.path().join("9a/25")).unwrap();
    std::fs::write(folder.path().join("9a/25/28fb.val"), DICT[5]).unwrap();
    let whole = show();
    assert_eq!((whole.status.code(), text(&whole).as_str()), (Some(0), "7\n{\"a\":[1,2]}\n"), "{whole:?}");
    let member = pickle(&["json", "-l", "cache.db!9a/25/28fb.val"], folder.path());
    assert_eq!(text(&member), "{\"a\":[1,2]}\n", "{member:?}");
    assert_eq!(pickle(&["scan", "cache.db"], folder.path()).status.code(), Some(0));
    std::fs::write(folder.path().join("9a/25/28fb.val"), &DICT[5][..20]).unwrap();
    assert_eq!(show().status.code(), Some(1));
    // No file elsewhere is read.
    std::fs::write(folder.path().join("outside.val"), DICT[5]).unwrap();
    std::fs::create_dir(folder.path().join("inside")).unwrap();
    std::fs::copy(folder.path().join("cache.db"), folder.path().join("inside/cache.db")).unwrap();
    let moved = Connection::open(folder.path().join("inside/cache.db")).unwrap();
    let absolute = folder.path().join("outside.val").display().to_string();
    for name in ["../outside.val", &absolute, "..\\outside.val", ""] {
        moved.execute("UPDATE Cache SET filename = ?1 WHERE mode = 4 AND value IS NULL", [name]).unwrap();
        let output = pickle(&["json", "-l", "inside/cache.db"], folder.path());
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(1), "7\n"), "{name}");
    }
}
