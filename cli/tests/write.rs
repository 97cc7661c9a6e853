//! `convert`, `optimize` and `from-json`: their bytes, what Python makes of them, and that the old file survives.

mod common;

use clap::Parser;
use pickle_cli::args::Cli;
use pickle_core::recode::Traits;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Runs a command line; gives its message where it fails.
fn run(words: &[&str]) -> Result<Vec<u8>, String> {
    let cli = Cli::try_parse_from([&["pickle"], words].concat()).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    match pickle_cli::run(cli.settle(), &mut out) {
        Ok(()) => Ok(out),
        Err(failure) => Err(failure.to_string()),
    }
}

/// Runs it on bytes and gives the bytes of its output file.
fn rewrite(folder: &Path, command: &str, input: &[u8], options: &[&str]) -> Result<Vec<u8>, String> {
    let (from, to) = (folder.join("in"), folder.join("out"));
    std::fs::write(&from, input).unwrap();
    let _ = std::fs::remove_file(&to);
    let words = [&[command, from.to_str().unwrap(), "-o", to.to_str().unwrap()], options].concat();
    run(&words)?;
    Ok(std::fs::read(&to).unwrap())
}

/// Files that are pickles from the first byte to the last: the project's own, and the corpus'.
fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/core");
    let own = std::fs::read_dir(own).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = own.filter(|path| path.extension().is_some_and(|e| e == "pickle")).collect();
    paths.sort();
    assert!(paths.len() > 20);
    paths.extend(common::corpus().into_iter().filter(|path| !path.to_string_lossy().contains("hostile")));
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        let mut count = 0;
        common::each_pickle(&bytes, &mut |_| count += 1);
        (count > 0).then_some((path, bytes))
    };
    paths.into_iter().filter_map(read).collect()
}

/// Where the only pickle of a file ends, if there is one.
fn is_single(bytes: &[u8]) -> bool {
    Traits::of(bytes).is_ok_and(|traits| traits.len == bytes.len())
}

struct Python(Child, BufReader<std::process::ChildStdout>);

impl Python {
    fn start() -> Option<Python> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/identity/compare.py");
        let mut command = Command::new("python3");
        command
            .arg(script)
            .env("PYTHONHASHSEED", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        match command.spawn() {
            Ok(mut child) => {
                let answers = BufReader::new(child.stdout.take().unwrap());
                Some(Python(child, answers))
            }
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "CI must have python3: {error}");
                println!("left out: there is no python3 ({error})");
                None
            }
        }
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.0.stdin.as_mut().unwrap(), "{question}").unwrap();
        let mut answer = String::new();
        self.1.read_line(&mut answer).unwrap();
        answer.trim().to_owned()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn convert_without_a_wish_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut same, mut refused) = (0, Vec::new());
    for (path, bytes) in files() {
        match rewrite(folder.path(), "convert", &bytes, &[]) {
            Ok(written) => {
                assert!(written == bytes, "{}", path.display());
                same += 1;
            }
            Err(message) => refused.push(format!("{}: {message}", path.display())),
        }
    }
    println!("{same} files the same, {} refused:\n{}", refused.len(), refused.join("\n"));
    assert!(same > 20 && refused.len() * 10 < same, "{same} same, {} refused", refused.len());
}

#[test]
fn optimize_is_pickletools_optimize() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut python) = Python::start() else { return };
    let (mut same, mut differ) = (0, Vec::new());
    for (path, bytes) in files() {
        if !is_single(&bytes) {
            continue;
        }
        let wanted = python.ask(&format!("optimize {}", path.display()));
        if wanted.starts_with("skip") {
            continue;
        }
        match rewrite(folder.path(), "optimize", &bytes, &[]) {
            Ok(written) if hex(&Sha256::digest(&written)) == wanted => same += 1,
            Ok(_) => differ.push(format!("{}: other bytes", path.display())),
            Err(message) => differ.push(format!("{}: {message}", path.display())),
        }
    }
    println!("{same} files as pickletools.optimize");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(same > 20, "{same}");
}

/// The graph of every pickle of a file.
fn graph(path: &Path) -> Result<Vec<u8>, String> {
    run(&["graph", path.to_str().unwrap()])
}

#[test]
fn tagged_json_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let (mut same, mut mixed, mut refused, mut differ) = (0, 0, Vec::new(), Vec::new());
    for (path, bytes) in files() {
        let most = if std::env::var_os("PICKLE_FULL").is_some() { usize::MAX } else { 300_000 };
        if bytes.len() > most {
            continue;
        }
        let (Ok(json), Ok(wanted)) = (run(&["json", "--tagged", path.to_str().unwrap()]), graph(&path)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&json);
        let has = |words: &[&str]| words.iter().any(|word| text.contains(&format!("\"{word}\"")));
        // INST is of protocol 0 alone, and Python 2's strings are written up to 2.
        let (inst, python2) = (has(&["inst"]), has(&["$str8"]));
        let newer = has(&["$bytes", "$bytearray", "$set", "$frozenset", "$buffer", "$add", "newobj_ex"]);
        // What stands behind a persistent id is asked for again each time: no pickler memoises it.
        let shared_persid = has(&["$persid"]) && (inst || has(&["$ref"]));
        if (python2 && newer) || (inst && (newer || has(&["newobj", "obj", "$ext"]))) || shared_persid {
            mixed += 1;
            continue;
        }
        let protocol = if inst { "0" } else { "5" };
        let options = ["--keep-names", "--protocol", if python2 && !inst { "2" } else { protocol }];
        match rewrite(folder.path(), "from-json", &json, &options) {
            Ok(_) if graph(&out).as_ref() == Ok(&wanted) => same += 1,
            Ok(_) => differ.push(path.display().to_string()),
            Err(message) => refused.push(format!("{}: {message}", path.display())),
        }
    }
    println!("{same} the same graph, {mixed} of no one protocol, {} refused, {} differ", refused.len(), differ.len());
    println!("refused:\n{}\ndiffer:\n{}", refused.join("\n"), differ.join("\n"));
    assert!(same > 20, "{same}");
    assert!(differ.is_empty(), "{}", differ.len());
    assert!(mixed * 20 < same, "{mixed}");
    // What stands between the opcodes of joblib is no value, and three files are deeper than CPython's own limit.
    let known = |line: &String| line.contains("joblib") || line.contains("more than 10000 levels");
    assert!(refused.iter().all(known), "{}", refused.len());
}

#[test]
fn json_of_what_contains_itself() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [&[u8]; 6] = [
        // t = ([], 1, 2); t[0].append(t): pickle.dumps(t, 2).
        b"\x80\x02]q\x00h\x00K\x01K\x02\x87q\x01aK\x01K\x02000h\x01.",
        // The same in a list, and the tuple twice.
        b"\x80\x02](]q\x00h\x00\x85q\x01a0h\x01h\x01e.",
        // Two tuples around the list.
        b"\x80\x02]q\x00h\x00\x85q\x010h\x01K\x07\x86q\x02a0h\x02.",
        // A frozenset with an object that has it as an attribute.
        b"\x80\x04(cm\nC\n)\x81q\x00}X\x01\0\0\0s(h\x00\x91q\x01sb1h\x01.",
        // An object that is in a list among its own arguments, and has a state.
        b"\x80\x02]q\x00cm\nC\nh\x00\x85Rq\x01}X\x01\0\0\0ah\x01sba0h\x01.",
        // A list in itself.
        b"\x80\x02]q\x00h\x00a.",
    ];
    let original = folder.path().join("original");
    for pickle in cases {
        std::fs::write(&original, pickle).unwrap();
        let json = run(&["json", "--tagged", original.to_str().unwrap()]).unwrap();
        let text = String::from_utf8_lossy(&json);
        for protocol in ["4", "5"] {
            let options = ["--keep-names", "--protocol", protocol];
            rewrite(folder.path(), "from-json", &json, &options).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(graph(&folder.path().join("out")), graph(&original), "{text}");
        }
    }
    // What takes the items out of its arguments, and what holds those; the first bytes are CPython's.
    let python: [(&[u8], &str); 4] = [
        // A subclass of set, with an object that has it as an attribute.
        (b"\x80\x02cm\nS\nq\0]q\x01cm\nR\nq\x02)\x81q\x03}q\x04X\x01\0\0\0sq\x05h\0]q\x06h\x03a\x85q\x07Rq\x08sba\x85q\x09R0h\x08.", "\"$copies\": 1"),
        // c = Counter(); c["x"] = [c]
        (b"\x80\x02ccollections\nCounter\nq\0}q\x01X\x01\0\0\0xq\x02]q\x03h\0}q\x04h\x02h\x03s\x85q\x05Rq\x06as\x85q\x07R0h\x06.", "\"$copies\": 1"),
        // A namedtuple of a list with the tuple.
        (b"\x80\x02cm\nP\nq\0]q\x01h\0h\x01\x85q\x02\x81q\x03a\x85q\x04\x810h\x03.", "\"$copies\": 0"),
        // Pairs in a list: OrderedDict of Python 2.
        (b"\x80\x02ccollections\nOrderedDict\nq\0]q\x01]q\x02(X\x01\0\0\0xq\x03]q\x04h\0]q\x05]q\x06(h\x03h\x04ea\x85q\x07Rq\x08aea\x85q\x09R0h\x08.", "\"$copies\": 2"),
    ];
    for (pickle, words) in python {
        std::fs::write(&original, pickle).unwrap();
        let json = run(&["json", "--tagged", original.to_str().unwrap()]).unwrap();
        let text = String::from_utf8_lossy(&json);
        assert!(text.contains(words), "{words}: {text}");
        let back = rewrite(folder.path(), "from-json", &json, &["--protocol", "2"]).unwrap();
        assert_eq!(back, pickle, "{text}");
        for protocol in ["2", "4"] {
            let written = rewrite(folder.path(), "convert", pickle, &["--protocol", protocol]).unwrap();
            assert!(protocol != "2" || written == pickle, "{text}");
            let again = rewrite(folder.path(), "convert", &written, &["--protocol", "2"]).unwrap();
            assert_eq!(again, pickle, "{text}");
        }
    }
    // Nothing says what becomes of the list.
    let json = br#"{"$id": 1, "$class": ["m", "S"], "$how": "reduce", "$args": {"$tuple": [[{"$ref": 1}]]}}"#;
    let refused = rewrite(folder.path(), "from-json", json, &[]).unwrap_err();
    assert!(refused.contains("Say with $copies"), "{refused}");
    // As deep as is said.
    let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    let pickle = rewrite(folder.path(), "from-json", &deep, &[]).unwrap();
    std::fs::write(&original, &pickle).unwrap();
    assert_eq!(run(&["json", "--indent", "0", original.to_str().unwrap()]).unwrap().trim_ascii(), deep);
}

#[test]
fn python_loads_every_protocol_as_the_same_value() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut python) = Python::start() else { return };
    let (mut same, mut skipped, mut refused, mut differ) = (0, 0, Vec::new(), Vec::new());
    let every = if std::env::var_os("PICKLE_FULL").is_some() { 1 } else { 8 };
    for (number, (path, bytes)) in files().into_iter().enumerate() {
        if number > 30 && number % every != 0 {
            continue;
        }
        let text = path.display().to_string();
        let known = ["tests/data/core", "/stdlib/p", "/py2/"].iter().any(|part| text.contains(part));
        if bytes.len() > 20_000 || !known || !is_single(&bytes) {
            continue;
        }
        for protocol in ["0", "1", "2", "3", "4", "5"] {
            let options = ["--protocol", protocol, "--encoding", "latin1"];
            match rewrite(folder.path(), "convert", &bytes, &options) {
                Ok(written) => match python.ask(&format!("loads {} {}", hex(&bytes), hex(&written))).as_str() {
                    "same" => same += 1,
                    skip if skip.starts_with("skip") => skipped += 1,
                    other => differ.push(format!("{text} in protocol {protocol}: {other}")),
                },
                Err(message) => refused.push(format!("{text} in protocol {protocol}: {message}")),
            }
        }
    }
    println!("{same} the same, {skipped} not loadable here, {} refused, {} differ", refused.len(), differ.len());
    println!("refused:\n{}\ndiffer:\n{}", refused.join("\n"), differ.join("\n"));
    assert!(same > 60, "{same}");
    assert!(differ.len() * 100 <= same, "{} of {same} differ", differ.len());
}

#[test]
fn plain_json_becomes_plain_values() {
    let folder = tempfile::tempdir().unwrap();
    let json = br#"{"a": [1, -2.5, null, true, 123456789012345678901234567890], "b": {"c": "\u00e9"}}"#;
    let pickle = rewrite(folder.path(), "from-json", json, &["--protocol", "2"]).unwrap();
    assert!(pickle.starts_with(b"\x80\x02}"));
    let shown = run(&["json", "--indent", "0", folder.path().join("out").to_str().unwrap()]).unwrap();
    let wanted = r#"{"a":[1,-2.5,null,true,"123456789012345678901234567890"],"b":{"c":"é"}}"#;
    assert_eq!(String::from_utf8(shown).unwrap().replace(' ', "").trim(), wanted);
    let two = rewrite(folder.path(), "from-json", b"[1] [2]", &[]).unwrap();
    assert_eq!(two.iter().filter(|&&b| b == b'.').count(), 2);
}

#[test]
fn wrong_json_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let message = |json: &str| rewrite(folder.path(), "from-json", json.as_bytes(), &[]).unwrap_err();
    assert!(message("").contains("the input is empty"));
    assert!(message("{").contains("not JSON"));
    assert!(message(r#"{"rows": [0, {"$bytes": "??"}]}"#).contains("$.rows[1].$bytes: base64 is wanted"));
    assert!(message(r#"{"x": {"$nonsense": 1}}"#).contains("$.x.$nonsense: unknown key"));
    assert!(message(r#"[{"$ref": 3}]"#).contains("no $id 3 comes before this"));
    assert!(message(r#"{"$id": 1, "$tuple": [{"$ref": 1}]}"#).contains("it has itself as a part"));
    assert!(message(r#"{"$id": 1, "$value": {"$ref": 1}}"#).contains("it has itself as a part"));
    assert!(message(r#"{"$id": 1, "$class": ["a", "B"], "$args": [{"$ref": 1}]}"#).contains("it has itself as a part"));
    let deep = "[".repeat(10_001);
    assert!(message(&deep).contains("line 1 column 10000: more than 10000 levels"), "{}", message(&deep));
}

#[test]
fn a_failure_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("cut.pkl"), folder.path().join("kept.pkl"));
    std::fs::write(&from, b"\x80\x04N.\x80\x04]").unwrap();
    std::fs::write(&to, b"precious").unwrap();
    let message = run(&["convert", from.to_str().unwrap(), "-o", to.to_str().unwrap()]).unwrap_err();
    assert!(message.contains("pickle number 2: at byte 7"), "{message}");
    assert_eq!(std::fs::read(&to).unwrap(), b"precious");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let message = run(&["convert", from.to_str().unwrap(), "-o", "/no/such/folder/x"]).unwrap_err();
    assert!(message.contains("/no/such/folder/x"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("a.pkl");
    std::fs::write(&from, b"\x80\x04N.").unwrap();
    let message = run(&["convert", from.to_str().unwrap(), "-o", "/dev/full"]).unwrap_err();
    assert!(message.starts_with("/dev/full: ") && message.contains("space"), "{message}");
    assert!(message.ends_with("; 0 bytes were written before"), "{message}");
}

#[test]
fn what_can_not_be_held_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let pickle = b"\x80\x02}X\x04\0\0\0rows](K\x01\x82\x05es.";
    let message = rewrite(folder.path(), "convert", pickle, &["--protocol", "1"]).unwrap_err();
    assert!(message.ends_with("$.rows[1]: protocol 1 cannot hold this value (EXT1); take a higher one"), "{message}");
    assert!(!out.exists());
    let json = br#"{"rows": [{"$ext": 5}]}"#;
    let message = rewrite(folder.path(), "from-json", json, &["--protocol", "0"]).unwrap_err();
    assert!(message.contains("$.rows[0]: protocol 0 cannot hold"), "{message}");
}

#[test]
fn members_of_archives_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, out) = (folder.path().join("two.zip"), folder.path().join("out"));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    for (name, content) in [("a.pkl", &b"\x80\x02]q\x00K\x01a."[..]), ("b.json", b"[1]")] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    let words = |command, member| [command, archive.to_str().unwrap(), "--member", member, "-o", out.to_str().unwrap()];
    run(&words("convert", "a.pkl")).unwrap();
    assert_eq!(std::fs::read(&out).unwrap(), b"\x80\x02]q\x00K\x01a.");
    run(&words("optimize", "a.pkl")).unwrap();
    assert_eq!(std::fs::read(&out).unwrap(), b"\x80\x02]K\x01a.");
    let message = run(&words("convert", "c.pkl")).unwrap_err();
    assert!(message.contains("c.pkl"), "{message}");
    // What else is in an archive would be lost: it takes a word.
    let message = run(&["convert", archive.to_str().unwrap(), "-o", out.to_str().unwrap()]).unwrap_err();
    assert!(message.contains("zip"), "{message}");
    // JSON stands in files.
    let message = run(&words("from-json", "b.json")).unwrap_err();
    assert!(message.contains("--member"), "{message}");
}

#[test]
fn python2_strings_need_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let pickle = b"\x80\x02U\x02\xe9a.";
    let message = rewrite(folder.path(), "convert", pickle, &["--protocol", "5"]).unwrap_err();
    assert!(message.contains("--from-python2"), "{message}");
    let written = rewrite(folder.path(), "convert", pickle, &["--from-python2"]).unwrap();
    assert_eq!(written, b"\x80\x05\x95\x07\0\0\0\0\0\0\0\x8c\x03\xc3\xa9a\x94.");
    let written = rewrite(folder.path(), "convert", pickle, &["--protocol", "4", "--encoding", "bytes"]).unwrap();
    assert_eq!(written, b"\x80\x04\x95\x06\0\0\0\0\0\0\0C\x02\xe9a\x94.");
    let class = b"ccollections\nOrderedDict\n.";
    let old = b"cUserDict\nUserDict\n.";
    assert!(rewrite(folder.path(), "convert", class, &["--protocol", "4"]).is_ok());
    let new = rewrite(folder.path(), "convert", old, &["--protocol", "4"]).unwrap();
    assert!(new.windows(11).any(|w| w == b"collections"), "{}", new.escape_ascii());
}
