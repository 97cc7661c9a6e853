#![cfg(unix)]
//! `pickle tail --follow`: a log that grows while it is read.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Long enough for a busy machine.
const LONG: Duration = Duration::from_secs(60);
/// Several looks at the file.
const SHORT: Duration = Duration::from_millis(500);

struct Tail {
    child: Child,
    lines: Receiver<String>,
    /// What standard error says, line by line.
    notes: Receiver<String>,
    folder: tempfile::TempDir,
}

fn lines_of(from: impl Read + Send + 'static) -> Receiver<String> {
    let (to, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            if to.send(line.expect("text")).is_err() {
                return;
            }
        }
    });
    lines
}

impl Tail {
    fn new(start: &[u8], arguments: &[&str]) -> Tail {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("log"), start).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
        command.args(["tail", "-f", "log"]).args(arguments).current_dir(folder.path()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let lines = lines_of(child.stdout.take().expect("a pipe"));
        let notes = lines_of(child.stderr.take().expect("a pipe"));
        Tail { child, lines, notes, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn append(&self, bytes: &[u8]) {
        OpenOptions::new().append(true).open(self.path()).and_then(|mut log| log.write_all(bytes)).expect("appended");
    }

    #[track_caller]
    fn expect(&self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.lines.recv_timeout(LONG).as_deref(), Ok(*line));
        }
    }

    #[track_caller]
    fn expect_nothing(&self) {
        assert_eq!(self.lines.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    }

    #[track_caller]
    fn expect_note(&self, text: &str) {
        let note = self.notes.recv_timeout(LONG).expect("a note");
        assert!(note.contains(text), "{note}");
    }

    /// Ends it as Ctrl-C does.
    #[track_caller]
    fn interrupt(&mut self) {
        self.ends_with(0);
    }

    #[track_caller]
    fn ends_with(&mut self, code: i32) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
        assert_eq!(self.child.wait().expect("it ends").code(), Some(code));
    }

    #[track_caller]
    fn fails(&mut self, text: &str) {
        self.expect_note(text);
        assert_eq!(self.child.wait().expect("it ends").code(), Some(1));
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A dict of protocol 4 with one entry.
fn record(number: u8) -> Vec<u8> {
    [b"\x80\x04}\x94\x8c\x01n\x94K".as_slice(), &[number], b"s."].concat()
}

fn records(numbers: std::ops::Range<u8>) -> Vec<u8> {
    numbers.flat_map(record).collect()
}

#[test]
fn the_last_ones_and_then_each_that_comes() {
    let mut tail = Tail::new(&records(0..20), &["-n", "2"]);
    tail.expect(&[r#"{"n":18}"#, r#"{"n":19}"#]);
    tail.append(&record(20));
    tail.expect(&[r#"{"n":20}"#]);
    // Byte by byte: it is told when it is complete, and not before.
    let (bytes, last) = (record(21), record(21).len() - 1);
    for byte in &bytes[..last] {
        tail.append(&[*byte]);
    }
    tail.expect_nothing();
    tail.append(&bytes[last..]);
    tail.expect(&[r#"{"n":21}"#]);
    tail.append(&records(22..40));
    let many: Vec<String> = (22..40).map(|n| format!("{{\"n\":{n}}}")).collect();
    tail.expect(&many.iter().map(String::as_str).collect::<Vec<_>>());
    tail.append(&bytes[..5]);
    tail.expect_nothing();
    tail.interrupt();
    tail.expect_note("the pickle at byte 480 is not complete yet");
}

#[test]
fn an_empty_file_and_large_pickles() {
    let mut tail = Tail::new(b"", &[]);
    tail.expect_nothing();
    for len in [0, 1, 255, 256, 65_535, 65_536, 1 << 20] {
        let text = "x".repeat(len);
        tail.append(&[b"\x80\x02X".as_slice(), &(len as u32).to_le_bytes(), text.as_bytes(), b"."].concat());
        tail.expect(&[&format!("\"{text}\"")]);
    }
    tail.append(b"I7\n.");
    tail.expect(&["7"]);
    tail.interrupt();
}

#[test]
fn lists_give_their_items() {
    let mut tail = Tail::new(b"](K\x01K\x02K\x03e.", &["-n", "2"]);
    tail.expect(&["2", "3"]);
    tail.expect_note("the items of each are printed when it is complete");
    tail.append(b"](K\x04K\x05e.");
    tail.expect(&["4", "5"]);
    tail.interrupt();
}

#[test]
fn another_file_takes_its_place() {
    let mut tail = Tail::new(&records(0..3), &["-n", "1"]);
    tail.expect(&[r#"{"n":2}"#]);
    // What still came into the old file is told first.
    let next = tail.folder.path().join("next");
    std::fs::write(&next, records(7..9)).expect("written");
    tail.append(&record(3));
    std::fs::rename(&next, tail.path()).expect("renamed");
    tail.expect(&[r#"{"n":3}"#, r#"{"n":7}"#, r#"{"n":8}"#]);
    tail.expect_note("it was replaced");
    tail.append(&record(9));
    tail.expect(&[r#"{"n":9}"#]);
    // Gone, and back.
    std::fs::remove_file(tail.path()).expect("removed");
    tail.expect_note("there is no such file any more");
    std::fs::write(&next, record(10)).expect("written");
    std::fs::rename(&next, tail.path()).expect("renamed");
    tail.expect(&[r#"{"n":10}"#]);
    tail.expect_note("it was replaced");
    // Emptied, and written again, shorter and longer.
    File::create(tail.path()).expect("emptied");
    tail.expect_note("it has become shorter");
    tail.append(&record(11));
    tail.expect(&[r#"{"n":11}"#]);
    std::fs::write(tail.path(), records(12..14)).expect("written");
    tail.expect(&[r#"{"n":12}"#, r#"{"n":13}"#]);
    tail.interrupt();
}

#[test]
fn pickles_that_share_a_memo() {
    // One pickler, several times: the second fetches what the first has put there.
    let mut tail = Tail::new(b"\x80\x04\x8c\x01a\x94.", &[]);
    tail.expect(&["\"a\""]);
    tail.append(b"\x80\x04h\x00\x8c\x01b\x94\x86.");
    tail.expect(&["[\"a\",\"b\"]"]);
    tail.append(b"\x80\x04h\x01.");
    tail.expect(&["\"b\""]);
    tail.interrupt();
}

#[test]
fn damage() {
    let mut tail = Tail::new(&record(1), &[]);
    tail.expect(&[r#"{"n":1}"#]);
    tail.append(b"\x80\x04}\xff");
    tail.fails("pickle number 2");
    let mut tail = Tail::new(&record(1), &["--resync"]);
    tail.append(b"\x80\x04}\xff\xff\xff");
    tail.expect(&[r#"{"n":1}"#]);
    tail.expect_note("pickle number 2");
    tail.append(&record(2));
    tail.expect(&[r#"{"n":2}"#]);
    tail.expect_note("bytes 12 to 18 were left out");
    tail.append(&record(3));
    tail.expect(&[r#"{"n":3}"#]);
    tail.ends_with(1);
}

#[test]
fn what_cannot_be_followed() {
    Tail::new(b"SQLite format 3\0", &[]).fails("this is an SQLite database");
    Tail::new(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", &[]).fails("it is gzip");
    let run = |file: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
        command.args(["tail", "-f", file]).args(more).current_dir(Path::new("/")).stdin(Stdio::null());
        let output = command.output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, error) = run("-", &[]);
    assert!(code == Some(1) && error.contains("pickle items -"), "{error}");
    let (code, error) = run("/dev/null", &[]);
    assert!(code == Some(1) && error.contains("follows files"), "{error}");
    let (code, error) = run("nothing.pkl", &[]);
    assert!(code == Some(1) && error.contains("there is no such file"), "{error}");
    assert_eq!(run("nothing.pkl", &["--path", "$.a"]).0, Some(2));
    assert_eq!(run("nothing.pkl", &["--offset", "3"]).0, Some(2));
}

#[test]
fn nobody_reads_any_more() {
    let mut tail = Tail::new(&record(1), &[]);
    tail.expect(&[r#"{"n":1}"#]);
    let folder = tail.folder.path().to_owned();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pickle"))
        .args(["tail", "-f", "log"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends by itself").code(), Some(0));
    tail.interrupt();
}
