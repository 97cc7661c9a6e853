//! What the command says and gives where an input, a path or an order is not as it should be.

#[path = "common/rows.rs"]
mod rows;

use rows::rows;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn pickle(args: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pickle"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs")
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `{"od": {"a": 1, "b": 2}, "rows": [..]}`
const NESTED: &[u8] = b"\x80\x02}(X\x02\x00\x00\x00od}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00bK\x02uX\x04\x00\x00\x00rows](K\x01K\x02K\x03eu.";

#[test]
fn a_path_that_leads_nowhere_is_an_error_everywhere() {
    let folder = folder(&[("a.pkl", NESTED)]);
    for args in [
        &["items", "a.pkl", "-p", "$.od.c"][..],
        &["head", "a.pkl", "-p", "$.od.c"],
        &["tail", "a.pkl", "-p", "$.od.c"],
        &["count", "a.pkl", "-p", "$.od.c"],
        &["get", "a.pkl", "$.od.c"],
        &["extract", "a.pkl", "$.od.c", "-o", "out"],
        &["split", "--items", "a.pkl", "-p", "$.od.c", "-o", "out{}"],
    ] {
        let output = pickle(args, folder.path());
        assert_eq!(output.status.code(), Some(1), "{args:?} {output:?}");
        let said = errors(&output);
        assert!(said.contains("$.od exists and has keys") && said.contains("there is no .c"), "{args:?}: {said}");
        assert!(output.stdout.is_empty() || args[0] == "count", "{args:?}: {}", text(&output));
    }
    // Something is there, and it has no items.
    let output = pickle(&["count", "a.pkl", "-p", "$.od.a"], folder.path());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(errors(&output).contains("an int, which has no items"), "{output:?}");
    // An empty container is no error.
    std::fs::write(folder.path().join("e.pkl"), b"}X\x01\0\0\0a]s.").expect("written");
    let output = pickle(&["count", "e.pkl", "-p", "$.a"], folder.path());
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), "0\n"), "{output:?}");
}

#[test]
fn the_pickles_of_a_log_are_its_items() {
    let record = |n: u8| [b"\x80\x02}(X\x01\0\0\0iK".as_slice(), &[n], b"X\x01\0\0\0tX\x01\0\0\0xu."].concat();
    let log: Vec<u8> = (0..6).flat_map(record).collect();
    let folder = folder(&[("log.pkl", &log), ("one.pkl", &record(7)), ("lists.pkl", b"](K\x01K\x02e.](K\x03e.")]);
    let run = |args: &[&str]| text(&pickle(args, folder.path()));
    assert_eq!(run(&["count", "log.pkl"]), "6\n");
    assert_eq!(run(&["tail", "-n", "2", "log.pkl"]), "{\"i\":4,\"t\":\"x\"}\n{\"i\":5,\"t\":\"x\"}\n");
    assert_eq!(run(&["head", "-n", "1", "log.pkl"]), "{\"i\":0,\"t\":\"x\"}\n");
    assert_eq!(run(&["items", "log.pkl"]).lines().count(), 6);
    assert_eq!(run(&["items", "-f", "csv", "log.pkl"]).lines().next(), Some("i,t"));
    // A dict alone has entries; lists have their items, however many there are.
    assert_eq!(run(&["count", "one.pkl"]), "2\n");
    assert_eq!(run(&["count", "lists.pkl"]), "3\n");
}

#[test]
fn lines_come_out_as_soon_as_they_are_complete() {
    for (args, pickles) in [
        (&["items", "-"][..], [&b"](K\x01K\x02e."[..], b"](K\x03e.", b"](K\x04K\x05e."]),
        (&["json", "-l", "-"], [b"K\x01.", b"K\x02.", b"K\x03."]),
        (&["show", "-"], [b"K\x01.", b"K\x02.", b"K\x03."]),
        (&["items", "-f", "csv", "-"], [b"](K\x01K\x02e.", b"](K\x03e.", b"](K\x04K\x05e."]),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pickle"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut input = child.stdin.take().expect("a pipe");
        let (to, lines) = std::sync::mpsc::channel();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let reader = std::thread::spawn(move || output.lines().for_each(|line| drop(to.send(line))));
        for pickle in pickles {
            input.write_all(pickle).expect("written");
            let begun = Instant::now();
            let line = lines.recv_timeout(Duration::from_secs(20));
            assert!(line.is_ok(), "{args:?}: no line after {:?}", begun.elapsed());
            while lines.recv_timeout(Duration::from_millis(100)).is_ok() {}
        }
        drop(input);
        assert!(child.wait().expect("it ends").success());
        reader.join().expect("read");
    }
}

#[test]
fn what_is_whole_of_a_cut_file_is_kept() {
    let whole = rows(5000);
    let cut = &whole[..whole.len() / 2 + 3];
    let config = [b"}(X\x06\0\0\0config}X\x01\0\0\0aK\x05sX\x04\0\0\0rows", &whole[2..whole.len() / 3]].concat();
    let folder = folder(&[("cut.pkl", cut), ("config.pkl", &config)]);
    let output = pickle(&["items", "cut.pkl", "-o", "out.jsonl"], folder.path());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let kept = std::fs::read_to_string(folder.path().join("out.jsonl")).expect("the rows are there");
    assert!(kept.lines().count() >= 2000 && kept.starts_with("{\"i\":0,\"t\":\"xy\"}\n"), "{}", kept.lines().count());
    // Nothing of a damaged pickle is taken for another.
    let output = pickle(&["items", "--resync", "cut.pkl"], folder.path());
    assert_eq!((output.status.code(), errors(&output).lines().count()), (Some(1), 2), "{}", errors(&output));
    for args in [&["show", "config.pkl"][..], &["json", "config.pkl"], &["get", "config.pkl", "$.config"]] {
        let output = pickle(args, folder.path());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(text(&output).contains("5") && text(&output).contains("a"), "{args:?}: {output:?}");
        assert!(errors(&output).contains("input ended"), "{args:?}: {}", errors(&output));
    }
    let output = pickle(&["json", "-l", "cut.pkl"], folder.path());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON all the same");
    let count = json.as_array().map_or(0, Vec::len);
    assert!((2490..=2510).contains(&count), "{count}");
}

#[test]
fn every_cut_gives_an_error_and_no_wrong_text() {
    let whole =
        b"\x80\x02}(X\x01\0\0\0a](K\x01K\x02\x86K\x03eX\x01\0\0\0b}X\x01\0\0\0cNsX\x01\0\0\0d(lp0\nI1\naI2\nau.";
    let folder = folder(&[]);
    for cut in 0..whole.len() {
        std::fs::write(folder.path().join("cut.pkl"), &whole[..cut]).expect("written");
        let output = pickle(&["json", "-l", "cut.pkl"], folder.path());
        assert_eq!(output.status.code(), Some(1), "{cut}");
        if !output.stdout.is_empty() {
            serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON");
        }
    }
}

#[test]
fn pickles_that_nobody_reads_are_no_success() {
    for bytes in [
        &b"S'bla\n."[..],
        b"I1?0\n.",
        b"F1,2\n.",
        b"X\x01\0\0\0\x93.",
        b"c\xff\nlog\n.",
        b"N)R.",
        b"N(NNu.",
        b"NNa.",
        b"N(Ne.",
        b"N(N\x90.",
        b"}(Nu.",
        b"cfoo\nbar\nNR.",
        b"V\\u12\n.",
        b"L12\xff\n.",
    ] {
        let folder = folder(&[("bad.pkl", bytes)]);
        for args in [
            &["info", "bad.pkl"][..],
            &["convert", "bad.pkl", "-o", "out"],
            &["optimize", "bad.pkl", "-o", "out"],
            &["graph", "bad.pkl"],
        ] {
            let output = pickle(args, folder.path());
            assert_eq!(output.status.code(), Some(1), "{args:?} of {bytes:?}: {output:?}");
            assert!(!folder.path().join("out").exists(), "{args:?}");
        }
    }
}

#[test]
fn messages_name_what_a_file_is() {
    let folder = folder(&[
        ("passwd", b"root:x:0:0:root:/root:/bin/bash\nbin:x:1:1:bin:/bin:/sbin/nologin\n"),
        ("hello", b"hello world"),
        ("m.pyc", b"\xcb\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0\xe3\0\0\0\0\0\0\0\0"),
        ("list.marshal", b"[\x02\0\0\0i\x01\0\0\0i\x02\0\0\0"),
        ("dict.marshal", b"\xfb\xda\x01ai\x01\0\0\0\x30"),
    ]);
    for (name, what) in [
        ("passwd", "text"),
        ("hello", "text"),
        ("m.pyc", "compiled Python"),
        ("list.marshal", "marshal"),
        ("dict.marshal", "marshal"),
    ] {
        for verb in ["show", "info", "items"] {
            let output = pickle(&[verb, name], folder.path());
            assert_eq!(output.status.code(), Some(1), "{verb} {name}");
            assert!(
                errors(&output).contains("not a pickle") && errors(&output).contains(what),
                "{verb} {name}: {}",
                errors(&output)
            );
        }
    }
    std::fs::write(folder.path().join("a.pkl"), NESTED).expect("written");
    let output = pickle(&["convert", "a.pkl", "-o", "nodir/x"], folder.path());
    assert!(errors(&output).contains("nodir/x: the folder does not exist"), "{output:?}");
    let output = pickle(&["convert", "a.pkl", "-o", "."], folder.path());
    assert!(errors(&output).contains("give the name of a file to write"), "{output:?}");
}

#[test]
fn calls_that_are_dropped_are_told_from_those_that_are_not() {
    let recursive = b"ccopy_reg\n_reconstructor\np0\n(c__main__\nO\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n(dp5\nVattr\np6\n(g4\ntp7\nsb0g7\n.";
    let lost = b"(cfoo\nbar\n)R1N.";
    let popped = b"cfoo\nbar\n)R0N.";
    let folder = folder(&[("kept.pkl", recursive), ("lost.pkl", lost), ("popped.pkl", popped)]);
    for protocol in ["2", "4"] {
        let output = pickle(&["convert", "kept.pkl", "-o", "out", "--protocol", protocol], folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        for name in ["lost.pkl", "popped.pkl"] {
            let output = pickle(&["convert", name, "-o", "out2", "--protocol", protocol], folder.path());
            assert_eq!(output.status.code(), Some(1), "{name}");
            assert!(errors(&output).contains("drops what they return"), "{}", errors(&output));
        }
    }
}

#[test]
fn plain_json_of_arrays_makes_arrays() {
    let json = r#"[{"$ndarray": "float64", "$shape": [2, 2], "$data": [[1.5, 2], [3, -4]]},
        {"$ndarray": "int16", "$shape": [3], "$data": [1, -2, 300]},
        {"$ndarray": "bool", "$shape": [2], "$data": [true, false]},
        {"$ndarray": "complex128", "$shape": [1], "$data": [[1.0, -1.0]]},
        {"$complex": [1.0, 2.0]}, {"$seconds": -0.5}, {"$seconds": 86401.000001}, {"$range": [0, 9, 2]}]"#;
    let folder = folder(&[("a.json", json.as_bytes())]);
    let output = pickle(&["from-json", "a.json", "-o", "a.pkl"], folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let once = pickle(&["json", "-l", "a.pkl"], folder.path());
    let read: serde_json::Value = serde_json::from_slice(&once.stdout).expect("JSON");
    assert_eq!(read[0]["$data"][1][1], serde_json::json!(-4.0), "{read}");
    assert_eq!(read[1]["$data"], serde_json::json!([1, -2, 300]));
    assert_eq!(read[1]["$ndarray"], "int16");
    assert_eq!(read[4], serde_json::json!({"$complex": [1.0, 2.0]}));
    std::fs::write(folder.path().join("b.json"), &once.stdout).expect("written");
    assert_eq!(pickle(&["from-json", "b.json", "-o", "b.pkl"], folder.path()).status.code(), Some(0));
    let again = pickle(&["json", "-l", "b.pkl"], folder.path());
    assert_eq!(text(&again), text(&once));
    for wrong in [
        r#"{"$ndarray": "float64", "$shape": [2], "$data": [1]}"#,
        r#"{"$ndarray": "int8", "$shape": [1], "$data": [128]}"#,
        r#"{"$ndarray": "object", "$shape": [2], "$data": [1]}"#,
        r#"{"$ndarray": "float64", "$shape": [9999999999999, 9999999999999], "$bytes": ""}"#,
    ] {
        std::fs::write(folder.path().join("w.json"), wrong).expect("written");
        assert_eq!(pickle(&["from-json", "w.json", "-o", "w.pkl"], folder.path()).status.code(), Some(1), "{wrong}");
    }
}

#[test]
fn json_takes_an_encoding() {
    let folder = folder(&[("py2.pkl", b"\x80\x02U\x02\xc3\xa9.")]);
    for (encoding, wanted) in [("latin1", "\"\u{c3}\u{a9}\"\n"), ("utf-8", "\"\u{e9}\"\n")] {
        let output = pickle(&["json", "--encoding", encoding, "py2.pkl"], folder.path());
        assert_eq!(text(&output), wanted, "{output:?}");
    }
}

#[test]
fn files_of_old_torch_in_any_protocol() {
    let folder = folder(&[]);
    for magic in [&b"L119547037146038801333356L\n."[..], b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."] {
        let file = [magic, b"I1001\n.(d.(d.(l.", b"\x01\x02raw bytes of storages"].concat();
        std::fs::write(folder.path().join("old.pt"), file).expect("written");
        let output = pickle(&["json", "-l", "old.pt"], folder.path());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output).lines().count(), 5, "{output:?}");
        assert!(errors(&output).is_empty(), "{output:?}");
    }
}

#[cfg(unix)]
#[test]
fn signals_have_their_exit_codes() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = folder(&[]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_pickle"))
            .args(["items", "-", "-o", "out"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(b"](K\x01").expect("written");
        // The temporary file is there once signals are waited for.
        let begun = Instant::now();
        while std::fs::read_dir(folder.path()).expect("a folder").count() == 0
            && begun.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(200));
        let killed =
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().expect("kill");
        assert!(killed.success());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{signal}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "{signal}");
    }
}

#[test]
fn help_has_no_backslashes_and_completions_are_made() {
    let folder = folder(&[]);
    for verb in [
        "show",
        "info",
        "du",
        "dis",
        "json",
        "graph",
        "get",
        "items",
        "head",
        "tail",
        "count",
        "extract",
        "convert",
        "optimize",
        "split",
        "cat",
        "from-json",
        "completions",
        "man",
    ] {
        let output = pickle(&[verb, "--help"], folder.path());
        assert!(!text(&output).contains('\\'), "{verb}: {}", text(&output));
        assert!(text(&output).contains("Examples:"), "{verb} has no examples");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = pickle(&["completions", shell], folder.path());
        assert!(text(&output).contains("from-json"), "{shell}");
    }
    assert!(pickle(&["man", "."], folder.path()).status.success());
    assert!(folder.path().join("pickle-items.1").exists());
}
