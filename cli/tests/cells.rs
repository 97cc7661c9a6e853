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
