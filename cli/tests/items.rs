//! `pickle items`, `head` and `count`, as a user runs them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn pickle(args: &[&str], folder: &Path, input: Option<&[u8]>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    command.args(args).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.unwrap_or_default().to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("written");
    output
}

/// A list of dicts as CPython writes it in protocol 4: batches of 1000, names and texts in the memo.
fn rows(count: usize) -> (Vec<u8>, String) {
    let (mut out, mut json) = (b"\x80\x04]\x94".to_vec(), String::new());
    let mut memo = 1u32;
    for row in 0..count {
        if row % 1000 == 0 {
            out.push(b'(');
        }
        out.extend(b"}\x94(");
        memo += 1;
        for (n, name) in ["id", "place"].iter().enumerate() {
            if row == 0 {
                out.extend([0x8c, name.len() as u8]);
                out.extend(name.as_bytes());
                out.push(0x94);
                memo += 1;
            } else {
                out.extend([b'h', 2 + 2 * n as u8 - n as u8 * u8::from(n == 1)]);
            }
            if n == 0 {
                out.push(b'J');
                out.extend((row as u32).to_le_bytes());
            } else {
                let text = format!("p{row}");
                out.extend([0x8c, text.len() as u8]);
                out.extend(text.as_bytes());
                out.push(0x94);
                memo += 1;
            }
        }
        out.push(b'u');
        json.push_str(&format!("{{\"id\":{row},\"place\":\"p{row}\"}}\n"));
        if row % 1000 == 999 || row + 1 == count {
            out.push(b'e');
        }
    }
    assert!(memo as usize > count);
    out.push(b'.');
    (out, json)
}

#[test]
fn from_a_file_and_from_a_pipe() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pickle_bytes, json) = rows(5500);
    std::fs::write(folder.path().join("rows.pkl"), &pickle_bytes).expect("written");
    let file = pickle(&["items", "rows.pkl"], folder.path(), None);
    assert!(file.status.success(), "{}", String::from_utf8_lossy(&file.stderr));
    assert_eq!(String::from_utf8_lossy(&file.stdout), json);
    let pipe = pickle(&["items", "-"], folder.path(), Some(&pickle_bytes));
    assert!(pipe.status.success(), "{}", String::from_utf8_lossy(&pipe.stderr));
    assert_eq!(pipe.stdout, file.stdout);
    assert_eq!(pickle(&["count", "rows.pkl"], folder.path(), None).stdout, b"5500\n");
    let head = pickle(&["head", "-n", "2", "rows.pkl"], folder.path(), None);
    assert_eq!(head.stdout.iter().filter(|&&byte| byte == b'\n').count(), 2);
    assert!(json.as_bytes().starts_with(&head.stdout));
    // Two pickles in one file.
    let twice = [&pickle_bytes[..], &pickle_bytes].concat();
    assert_eq!(pickle(&["count", "-"], folder.path(), Some(&twice)).stdout, b"11000\n");
}

#[test]
fn a_cut_file_gives_what_came_before_and_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pickle_bytes, json) = rows(5500);
    let cut = &pickle_bytes[..pickle_bytes.len() - 1000];
    std::fs::write(folder.path().join("cut.pkl"), cut).expect("written");
    let run = pickle(&["items", "cut.pkl"], folder.path(), None);
    assert_eq!(run.status.code(), Some(1));
    assert!(json.as_bytes().starts_with(&run.stdout));
    assert_eq!(run.stdout.iter().filter(|&&byte| byte == b'\n').count(), 5000);
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(text.contains(&format!("at byte {}", cut.len())), "{text}");
    // Nothing half-written has the final name.
    let run = pickle(&["items", "cut.pkl", "-o", "out.jsonl"], folder.path(), None);
    assert_eq!(run.status.code(), Some(1));
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("readable").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["cut.pkl"]);
}

#[test]
fn output_to_a_file_and_to_a_full_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pickle_bytes, json) = rows(3000);
    std::fs::write(folder.path().join("rows.pkl"), pickle_bytes).expect("written");
    let run = pickle(&["items", "rows.pkl", "-o", "out.jsonl"], folder.path(), None);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("out.jsonl")).expect("there"), json);
    if Path::new("/dev/full").exists() {
        let run = pickle(&["items", "rows.pkl", "-o", "/dev/full"], folder.path(), None);
        assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    }
}

#[test]
fn a_path_and_a_dict() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = b"}(X\x01\0\0\0aK\x01X\x04\0\0\0rows](K\x02}X\x01\0\0\0xNseu.";
    let run = pickle(&["items", "--path", "$.rows", "-"], folder.path(), Some(input));
    assert_eq!(String::from_utf8_lossy(&run.stdout), "2\n{\"x\":null}\n");
    let run = pickle(&["items", "-"], folder.path(), Some(input));
    assert_eq!(String::from_utf8_lossy(&run.stdout), "[\"a\",1]\n[\"rows\",[2,{\"x\":null}]]\n");
}
