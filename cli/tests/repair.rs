//! Damaged files: `pickle repair`, `--salvage` and `--resync`.

use std::path::{Path, PathBuf};
use std::process::Command;

fn pickle(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pickle")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let file = self.0.path().join("file");
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Exit code, what is written, and what is said.
    fn repair(&self, bytes: &[u8]) -> (i32, Vec<u8>, String) {
        let (file, out) = (self.file(bytes), self.0.path().join("out"));
        let _ = std::fs::remove_file(&out);
        let (code, _, error) = pickle(&["repair", text(&file), "-o", text(&out)]);
        (code, std::fs::read(&out).unwrap_or_default(), error)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn crlf(data: &[u8]) -> Vec<u8> {
    data.iter().flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] }).collect()
}

/// `OrderedDict([('a', 1), ('b', [1, 2])])` of protocol 0, as Python 2 writes it.
const OLD: &[u8] =
    b"ccollections\nOrderedDict\np0\n((lp1\n(lp2\nS'a'\np3\naI1\naa(lp4\nS'b'\np5\na(lp6\nI1\naI2\naaatp7\nRp8\n.";

#[test]
fn text_modes_are_undone_exactly() {
    let folder = Folder::new();
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    let mut files = vec![OLD.to_vec()];
    files.extend(["frame.pkl", "model.pkl", "weather.pkl"].map(|name| std::fs::read(examples.join(name)).unwrap()));
    for whole in &files {
        if whole.windows(2).any(|pair| pair == b"\r\n") {
            continue;
        }
        let (code, out, error) = folder.repair(&crlf(whole));
        assert_eq!((code, &out), (0, whole), "{error}");
        assert!(error.contains("CR LF"));
        let latin1: String = whole.iter().copied().map(char::from).collect();
        if !latin1.is_ascii() {
            let (code, out, error) = folder.repair(latin1.as_bytes());
            assert_eq!((code, &out), (0, whole), "{error}");
            assert!(error.contains("written as UTF-8"));
        }
        assert_eq!(folder.repair(whole), (0, whole.clone(), String::new()));
    }
    // Read as it is, the damage is named; with --salvage it is undone.
    let file = folder.file(&crlf(OLD));
    let (code, _, error) = pickle(&["json", text(&file)]);
    assert!(code == 1 && error.contains("CR LF") && error.contains("pickle repair"), "{error}");
    let (code, out, _) = pickle(&["json", "-l", "--salvage", text(&file)]);
    assert_eq!((code, out.as_str()), (0, "{\"a\":1,\"b\":[1,2]}\n"));
}

#[test]
fn what_cannot_be_known_is_lost() {
    let folder = Folder::new();
    let (code, out, error) =
        folder.repair(String::from_utf8_lossy(b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x01a\x94.").as_bytes());
    assert_eq!((code, out.len()), (1, 0));
    assert!(error.contains("U+FFFD") && error.contains("nothing is written"), "{error}");
    assert_eq!(folder.repair(b"").0, 1);
    assert_eq!(folder.repair(b"hello, world\n").0, 1);
    assert_eq!(folder.repair(&[0; 70_000]).0, 1);
}

#[test]
fn every_complete_row_of_a_cut_list() {
    let folder = Folder::new();
    for rows in [0usize, 1, 255, 256, 1001] {
        let json = folder.0.path().join("rows.json");
        let list: Vec<_> = (0..rows).map(|i| serde_json::json!({"id": i, "name": format!("row {i}")})).collect();
        std::fs::write(&json, serde_json::to_vec(&list).unwrap()).unwrap();
        let whole = folder.0.path().join("whole");
        assert_eq!(pickle(&["from-json", text(&json), "-o", text(&whole)]).0, 0);
        let bytes = std::fs::read(&whole).unwrap();
        for cut in [bytes.len() - 1, bytes.len() / 2, bytes.len() - bytes.len() / 3] {
            let (code, out, error) = folder.repair(&bytes[..cut]);
            if out.is_empty() {
                assert!(rows < 2, "{rows} {cut} {error}");
                continue;
            }
            assert_eq!(code, 1);
            assert!(error.contains("lost, from") || error.contains("is missing"), "{error}");
            let repaired = folder.file(&out);
            let (code, items, error) = pickle(&["items", text(&repaired)]);
            assert_eq!((code, error.as_str()), (0, ""));
            // The last row may lack its end; all before are whole.
            let full = items.lines().filter(|line| line.ends_with('}') && line.contains("name")).count();
            if cut == bytes.len() - 1 {
                assert_eq!(full, rows);
            }
            assert!(rows < 255 || full * 5 >= rows, "{full} of {rows}");
            for (at, line) in items.lines().take(full.saturating_sub(1)).enumerate() {
                assert_eq!(line, format!("{{\"id\":{at},\"name\":\"row {at}\"}}"));
            }
            let file = folder.file(&bytes[..cut]);
            let (code, salvaged, _) = pickle(&["items", "--salvage", text(&file)]);
            assert_eq!((code, salvaged), (1, items));
        }
    }
}

#[test]
fn foreign_bytes_are_passed_over() {
    let folder = Folder::new();
    let pickle_of = |n: u8| [b"\x80\x04K".as_slice(), &[n], b"."].concat();
    let data =
        [b"HEAD".as_slice(), &pickle_of(1), b"\0\0\0\0\0", &pickle_of(2), b"xyz", &pickle_of(3), b"\xff"].concat();
    let (code, out, error) = folder.repair(&data);
    assert_eq!((code, out), (1, [pickle_of(1), pickle_of(2), pickle_of(3)].concat()));
    for range in ["from 0 to 4", "from 9 to 14", "from 19 to 22", "from 27 to 28"] {
        assert!(error.contains(range), "{range}: {error}");
    }
    assert_eq!(error.lines().count(), 4, "{error}");
    // A log whose first pickle is whole, and a list of items.
    let list = |n: u8| [b"\x80\x04](K".as_slice(), &[n], b"e."].concat();
    let file = folder.file(&[list(1).as_slice(), b"\0\0\0\0", &list(2), b"zz", &list(3)].concat());
    let (code, out, _) = pickle(&["items", "--resync", text(&file)]);
    assert_eq!((code, out.as_str()), (1, "1\n2\n3\n"));
    // What lies in a string of a pickle that is cut off is no pickle.
    let inner = [b"\x80\x04](K\x01C\x05".as_slice(), &pickle_of(9), b"K\x02B\xff\0\0\0"].concat();
    let file = folder.file(&inner);
    let (code, out, error) = pickle(&["items", "--resync", text(&file)]);
    assert_eq!(code, 1);
    assert!(!out.lines().any(|line| line == "9") && error.contains("left out"), "{out} {error}");
}

#[test]
fn wrong_frames_are_passed_over() {
    let folder = Folder::new();
    let whole = b"\x80\x04\x95\x0a\0\0\0\0\0\0\0]\x94(K\x01K\x02Ke.";
    let plain = b"\x80\x04]\x94(K\x01K\x02e.";
    let mut bytes = whole[..11].to_vec();
    bytes.extend(&plain[2..]);
    for length in [50u8, 200] {
        bytes[3] = length;
        let (code, out, error) = folder.repair(&bytes);
        assert_eq!((code, out.as_slice()), (0, plain.as_slice()), "{error}");
        assert!(error.contains("frames"));
    }
}

/// With `--salvage`, every verb sees what it sees of the whole file.
#[test]
fn every_verb_salvages() {
    const WHOLE: &[u8] = b"(dp0\nVa\np1\nI1\nsVb\np2\n(lp3\nI1\naI2\nasVt\np4\nVtext\np5\ns.";
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name).join("a.pkl");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (whole, damaged) = (place("whole", WHOLE), place("damaged", &crlf(WHOLE)));
    // Offsets are those of what is made whole.
    let printing: &[&[&str]] = &[
        &["show"],
        &["json", "-l"],
        &["graph"],
        &["dis"],
        &["get", "$.b[1]"],
        &["items", "--path", "$.b"],
        &["head", "--path", "$.b"],
        &["tail", "--path", "$.b"],
        &["count", "--path", "$.b"],
        &["grep", "text"],
        &["diff", text(&whole)],
    ];
    for arguments in printing {
        let run = |file: &Path, more: &[&str]| {
            let mut all = arguments.to_vec();
            // `get` and `grep` have what they look for in between.
            let at = if arguments[0] == "get" { 1 } else { all.len() };
            all.insert(at, text(file));
            all.extend(more);
            let (code, out, error) = pickle(&all);
            (code, out.replace(text(file), "FILE"), error)
        };
        let (code, want, _) = run(&whole, &[]);
        assert_eq!(code, 0, "{arguments:?}: {want}");
        let (code, out, error) = run(&damaged, &["--salvage"]);
        assert_eq!((code, out), (0, want), "{arguments:?}: {error}");
        assert!(error.contains("CR LF"), "{arguments:?}: {error}");
    }
    // What is left of a damaged file proves nothing of the whole.
    let (code, out, error) = pickle(&["scan", text(&damaged), "--salvage", "--strict"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("unknown") && out.contains("incomplete") && error.contains("CR LF"), "{out}{error}");
    let out = folder.path().join("out");
    let writing: &[&[&str]] =
        &[&["convert", "--protocol", "4"], &["optimize"], &["edit", "--set", "$.a=2"], &["extract"], &["cat"]];
    for arguments in writing {
        let run = |file: &Path, more: &[&str]| {
            let mut all = arguments.to_vec();
            all.push(text(file));
            // What it takes out comes behind the file.
            all.extend((arguments[0] == "extract").then_some("$.t"));
            all.extend(["-o", text(&out)]);
            all.extend(more);
            let (code, _, error) = pickle(&all);
            (code, std::fs::read(&out).unwrap_or_default(), error)
        };
        let (code, want, error) = run(&whole, &[]);
        assert_eq!(code, 0, "{arguments:?}: {error}");
        std::fs::remove_file(&out).unwrap();
        let (code, written, error) = run(&damaged, &["--salvage"]);
        assert_eq!((code, written), (0, want), "{arguments:?}: {error}");
        std::fs::remove_file(&out).unwrap();
    }
    // What is lost shows in the exit code, on whichever thread it was found.
    let cut = place("cut", &WHOLE[..WHOLE.len() - 4]);
    for arguments in [
        &["convert", text(&cut), "-o", text(&out)][..],
        &["edit", "--set", "$.a=2", text(&cut), "-o", text(&out)],
        &["scan", text(&cut)],
        &["scan", "--jobs", "2", text(&cut), text(&whole)],
        &["diff", text(&cut), text(&cut)],
    ] {
        let (code, _, error) = pickle(&[arguments, &["--salvage"]].concat());
        // A scan says that not all could be looked at.
        let want = if arguments[0] == "scan" { 2 } else { 1 };
        assert_eq!(code, want, "{arguments:?}: {error}");
        assert!(error.contains("missing") || error.contains("lost"), "{arguments:?}: {error}");
    }
    // Where it would do harm or mean nothing, it is refused.
    for arguments in
        [&["edit", "--in-place", "--set", "$.a=2"][..], &["dis", "--raw"], &["from-json", "-o", text(&out)]]
    {
        assert_eq!(pickle(&[arguments, &["--salvage", text(&damaged)]].concat()).0, 2, "{arguments:?}");
    }
    assert_eq!(std::fs::read(&damaged).unwrap(), crlf(WHOLE));
}

/// What is said of files holds for all threads that read them.
#[test]
fn options_reach_every_thread() {
    let folder = Folder::new();
    let file = folder.file(b"HEADERI1\n.");
    for jobs in ["1", "2"] {
        let (code, out, error) = pickle(&["scan", "--jobs", jobs, "--offset", "6", text(&file), text(&file)]);
        assert_eq!(code, 0, "{out}{error}");
    }
    let json = folder.file(b"HEADER[1]");
    let out = folder.0.path().join("out");
    assert_eq!(pickle(&["from-json", "--offset", "6", text(&json), "-o", text(&out)]).0, 0);
    assert_eq!(pickle(&["json", "-l", text(&out)]).1, "[1]\n");
}

/// Three pickles of one `Pickler`, in each protocol: `{'id': 1, 's': {'n': 'alpha'}}`, twice with the same `s`, then the same
/// list twice.
fn of_one_pickler() -> [Vec<u8>; 3] {
    [
        b"(dp0\nVid\np1\nI1\nsVs\np2\n(dp3\nVn\np4\nValpha\np5\nss.(dp6\ng1\nI2\nsg2\ng3\ns.(dp7\ng1\nI3\nsg2\ng3\ns."
            .to_vec(),
        b"\x80\x02}q\0(X\x02\0\0\0idq\x01K\x01X\x01\0\0\0sq\x02}q\x03X\x01\0\0\0nq\x04X\x05\0\0\0alphaq\x05su.\
          \x80\x02}q\x06(h\x01K\x02h\x02h\x03u.\x80\x02}q\x07(h\x01K\x03h\x02h\x03u."
            .to_vec(),
        b"\x80\x04}\x94(\x8c\x02id\x94K\x01\x8c\x01s\x94}\x94\x8c\x01n\x94\x8c\x05alpha\x94su.\
          \x80\x04}\x94(h\x01K\x02h\x02h\x03u.\x80\x04}\x94(h\x01K\x03h\x02h\x03u."
            .to_vec(),
    ]
}

#[test]
fn a_memo_that_pickles_share_is_kept() {
    let folder = Folder::new();
    for bytes in of_one_pickler() {
        let lines = |file: &Path| pickle(&["json", "--lines", text(file)]);
        let all = |first: &str| {
            format!("{first}\n{{\"id\":2,\"s\":{{\"n\":\"alpha\"}}}}\n{{\"id\":3,\"s\":{{\"n\":\"alpha\"}}}}\n")
        };
        let (code, out, error) = folder.repair(&bytes);
        assert_eq!((code, &out, error.as_str()), (0, &bytes, ""), "nothing is damaged");
        let (file, out) = (folder.file(&bytes), folder.0.path().join("out"));
        assert_eq!(lines(&file), (0, all(r#"{"id":1,"s":{"n":"alpha"}}"#), String::new()));
        let plan = folder.0.path().join("file.pkx");
        let (code, _, error) = pickle(&["index", text(&file)]);
        assert!(code == 0 && plan.exists() && error.contains("it needs the memo of a pickle before it"), "{error}");
        for (verb, line) in
            [(&["tail", "-n", "1"][..], 3), (&["get", "$[2].id"], 0), (&["items", "--from", "1", "--count", "1"], 2)]
        {
            let (code, told, error) = pickle(&[&verb[..1], &[text(&file)], &verb[1..]].concat());
            let expected =
                if line == 0 { "3\n".into() } else { format!("{{\"id\":{line},\"s\":{{\"n\":\"alpha\"}}}}\n") };
            assert_eq!((code, told, error.as_str()), (0, expected, ""), "{verb:?}");
        }
        std::fs::remove_file(plan).unwrap();
        let (code, told, error) = pickle(&["info", text(&file)]);
        assert_eq!((code, error.as_str()), (0, ""));
        assert!(told.contains("pickles     3; one memo lives through them") && !told.contains("trailing"), "{told}");
        let (code, told, error) = pickle(&["du", text(&file)]);
        assert_eq!((code, error.as_str()), (0, ""));
        assert!(told.contains(&format!("{} 100.0%           3  $", bytes.len())), "{told}");
        for (change, first) in [
            (["--delete", "$.s"], r#"{"id":1}"#),
            (["--delete", "$.id"], r#"{"s":{"n":"alpha"}}"#),
            (["--set", "$.s=7"], r#"{"id":1,"s":7}"#),
            (["--set", "$.s.n=[]"], r#"{"id":1,"s":{"n":[]}}"#),
        ] {
            let (code, _, error) = pickle(&["edit", text(&file), "-o", text(&out), change[0], change[1]]);
            assert_eq!((code, error.as_str()), (0, ""), "{change:?}");
            // A shared container changes everywhere.
            let expected = match change[1] {
                "$.s.n=[]" => all(first).replace("\"alpha\"", "[]"),
                _ => all(first),
            };
            assert_eq!(lines(&out), (0, expected, String::new()), "{change:?}");
        }
    }
    // The module `a` is a str of the first pickle.
    let classes = b"\x80\x04\x8c\x01a\x94\x8c\x01B\x94\x93\x94.\x80\x04h\x00\x8c\x01C\x94\x93\x94.";
    let (file, out) = (folder.file(classes), folder.0.path().join("new"));
    for verb in [&["convert", "--rename", "a.B=x.Y"][..], &["edit", "--rename-global", "a.B=x.Y"]] {
        let (code, _, error) = pickle(&[verb, &[text(&file), "-o", text(&out)]].concat());
        assert_eq!(code, 1, "{verb:?}");
        assert!(error.contains("share one memo") && !out.exists(), "{error}");
    }
}

#[test]
fn what_no_later_pickle_fetches_is_taken_out() {
    let folder = Folder::new();
    let (file, out) = (
        folder.file(b"\x80\x04}\x94(\x8c\x01a\x94K\x01\x8c\x06secret\x94\x8c\x03xyz\x94u.\x80\x04]\x94h\x00\x86."),
        folder.0.path().join("out"),
    );
    let (code, ..) = pickle(&["edit", text(&file), "-o", text(&out), "--delete", "$.secret"]);
    assert_eq!(code, 0);
    let new = std::fs::read(&out).unwrap();
    assert!(!new.windows(3).any(|part| part == b"xyz"));
}
