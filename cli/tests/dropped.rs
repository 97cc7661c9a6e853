//! Calls whose results a pickle drops: cloudpickle and dill set so what is in functions, classes and cells.

#[path = "common/command.rs"]
mod command;

use command::pickle;
use std::path::Path;

/// `app.make()`, and what sets something in it.
const MADE: &[u8] = b"\x8c\x03app\x8c\x04make\x93)R\x94";
const SET: &[u8] = b"\x8c\x03app\x8c\x03set\x93h\0K\x05\x86R0";

fn write(folder: &Path, name: &str, parts: &[&[u8]]) {
    std::fs::write(folder.join(name), parts.concat()).unwrap();
}

/// Rows of a number and an object of which `tail` makes more; `many` of them, in batches as CPython has them.
fn rows(many: u32, of: u32, tail: &[u8]) -> Vec<u8> {
    // Every object is memo entry 1.
    let mut bytes = b"\x80\x04]\x94(".to_vec();
    for row in 0..many {
        if row % 1000 == 0 && row != 0 {
            bytes.extend(b"e(");
        }
        bytes.extend(b"}(\x8c\x01iJ");
        bytes.extend(row.to_le_bytes());
        bytes.extend(b"\x8c\x01f");
        if row == of {
            bytes.extend(b"\x8c\x03app\x8c\x04make\x93)R\x94");
            bytes.extend(tail);
        } else {
            bytes.extend(b"N");
        }
        bytes.extend(b"u");
    }
    bytes.extend(b"e.");
    bytes
}

#[test]
fn values_tell() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let proto = &b"\x80\x04"[..];
    // app.set(app.make(), 5)
    write(folder, "one.pkl", &[proto, MADE, SET, b"."]);
    write(folder, "two.pkl", &[proto, MADE, SET, SET, b"."]);
    write(folder, "none.pkl", &[proto, MADE, b"."]);
    // A set of a subclass that holds itself is made twice, and one is dropped: nothing is lost.
    write(
        folder,
        "twin.pkl",
        &[b"\x80\x04\x8c\x03app\x8c\x03Set\x93(]\x94\x8c\x03app\x8c\x03Set\x93h\0\x85R\x94atR0h\x01."],
    );
    for args in [&["json"][..], &["show"], &["get", "$"]] {
        let run = |file: &str| pickle(&[&args[..1], &[file], &args[1..]].concat(), folder, None);
        let output = run("one.pkl");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("one.pkl: 1 call changes") && said.contains("(app.set)"), "{args:?}: {said}");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("app.make"), "{args:?}");
        assert!(String::from_utf8(run("two.pkl").stderr).unwrap().contains("2 calls change"), "{args:?}");
        for file in ["none.pkl", "twin.pkl"] {
            let output = run(file);
            assert!(output.status.success() && output.stderr.is_empty(), "{args:?} {file}: {output:?}");
        }
    }
    // What is made only for such a call is none itself, and functions are named that `getattr` finds.
    let cell = b"\x8c\x03app\x8c\x04cell\x93]\x85R";
    write(folder, "cell.pkl", &[proto, MADE, b"\x8c\x03app\x8c\x03set\x93h\0", cell, b"\x86R0."]);
    let said = String::from_utf8(pickle(&["json", "cell.pkl"], folder, None).stderr).unwrap();
    assert!(said.contains("1 call changes") && said.contains("(app.set)"), "{said}");
    let getattr = b"\x8c\x08builtins\x8c\x07getattr\x93\x8c\x04dill\x8c\x05_dill\x93\x8c\x08_setattr\x8c\x08builtins\x8c\x07setattr\x93\x87R";
    write(folder, "dill.pkl", &[proto, MADE, getattr, b"h\0\x8c\x01xK\x05\x87R0."]);
    let said = String::from_utf8(pickle(&["json", "dill.pkl"], folder, None).stderr).unwrap();
    assert!(said.contains("(dill._dill._setattr)"), "{said}");
}

#[test]
fn items_tell() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let set = b"\x8c\x03app\x8c\x03set\x93h\x01K\x05\x86R0";
    let twin = b"0\x8c\x03app\x8c\x03Set\x93(]\x94\x8c\x03app\x8c\x03Set\x93h\x02\x85R\x94atR0h\x03";
    for many in [5, 20_000] {
        let last = many - 1;
        write(folder, "set.pkl", &[&rows(many, last, set)]);
        write(folder, "held.pkl", &[&rows(many, last, b"")]);
        write(folder, "twin.pkl", &[&rows(many, last, twin)]);
        let index = format!("$[{last}].i");
        let verbs: &[&[&str]] = &[
            &["items", "FILE"],
            &["items", "FILE", "--format", "csv"],
            &["items", "FILE", "--jobs", "2"],
            &["tail", "FILE"],
            &["sample", "FILE"],
            &["get", "FILE", &index],
            &["table", "FILE", "-f", "jsonl"],
            &["table", "FILE", "-o", "out.parquet"],
            &["grep", "make", "FILE"],
            &["json", "FILE"],
            &["diff", "FILE", "held.pkl"],
        ];
        for verb in verbs {
            for file in ["set.pkl", "held.pkl", "twin.pkl"] {
                let args: Vec<&str> = verb.iter().map(|arg| if *arg == "FILE" { file } else { arg }).collect();
                let input = std::fs::read(folder.join(file)).unwrap();
                let piped: Vec<&str> = args.iter().map(|arg| if *arg == file { "-" } else { arg }).collect();
                let jobs = args.contains(&"--jobs");
                for (args, input) in [(&args, None), (&piped, Some(input.as_slice()))] {
                    // A pipe has no threads, is one file, and the types of its columns are settled early.
                    if input.is_some() && (jobs || verb[0] == "diff" || verb.contains(&"-o")) {
                        continue;
                    }
                    let output = pickle(args, folder, input);
                    let (said, shown) =
                        (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
                    let tells =
                        said.contains("the pickle drops what") || shown.contains("whose results the pickle drops");
                    let code = output.status.code();
                    if verb[0] == "diff" {
                        assert_eq!(tells, file == "set.pkl", "{args:?}: {said}{shown}");
                        assert_eq!(code, Some(i32::from(file != "held.pkl")), "{args:?}: {said}{shown}");
                        continue;
                    }
                    let trouble = if verb[0] == "grep" { 2 } else { 1 };
                    // The class of the others is another, too.
                    let want = match (file, verb[0]) {
                        ("set.pkl", _) => trouble,
                        ("twin.pkl", "grep") => 1,
                        _ => 0,
                    };
                    assert_eq!(code, Some(want), "{many} {args:?}: {said}");
                    assert_eq!(tells, file == "set.pkl", "{many} {args:?}: {said}");
                    assert_eq!(said.matches("the pickle drops what").count(), usize::from(tells), "{args:?}: {said}");
                }
            }
        }
        // What was not read is not told.
        if many > 5 {
            let output = pickle(&["head", "set.pkl"], folder, None);
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        }
        for verb in [&["count"][..], &["count", "--jobs", "2"]] {
            let output = pickle(&[verb, &["set.pkl"]].concat(), folder, None);
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        }
        let output = pickle(&["diff", "set.pkl", "set.pkl"], folder, None);
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
}

/// A log: each pickle is an item.
#[test]
fn logs_tell() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let record = [b"\x80\x04", MADE, SET, b"."].concat();
    write(folder, "log.pkl", &[b"\x80\x04}.", &record, b"\x80\x04}."]);
    for verb in [&["items"][..], &["tail"], &["sample"], &["table", "-f", "jsonl"]] {
        let output = pickle(&[verb, &["log.pkl"]].concat(), folder, None);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("log.pkl: 1 call changes"), "{verb:?}: {said}");
        assert_eq!(output.status.code(), Some(1), "{verb:?}");
    }
}
