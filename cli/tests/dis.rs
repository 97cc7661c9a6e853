//! `pickle dis` against the text of CPython 3.15's pickletools.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the command printed and whether it ended well.
fn dis(file: &Path, options: &[&str]) -> (Vec<u8>, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_pickle"))
        .args(["dis", "--raw"])
        .args(options)
        .arg(file)
        .output()
        .expect("the command can be started");
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}: {}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.success(), output.stderr.is_empty(), "{}: an error has a reason", file.display());
    (output.stdout, output.status.success())
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The first line that differs, for a message one can read.
fn difference(got: &[u8], want: &[u8]) -> String {
    let lines = |text: &[u8]| {
        text.split(|&b| b == b'\n').map(|l| format!("{:.300?}", String::from_utf8_lossy(l))).collect::<Vec<_>>()
    };
    let (got, want) = (lines(got), lines(want));
    let at = got.iter().zip(&want).position(|(a, b)| a != b).unwrap_or(got.len().min(want.len()));
    format!("line {}: got {:?}, expected {:?}", at + 1, got.get(at), want.get(at))
}

#[test]
fn texts_are_those_of_pickletools() {
    let folder = workspace().join("tests/data/dis");
    let mut compared = 0;
    for entry in std::fs::read_dir(folder).expect("the expected texts are there") {
        let path = entry.expect("the folder can be read").path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".txt")) else {
            continue;
        };
        let (case, options): (_, &[&str]) = match name.split_once('.') {
            None => (name, &[]),
            Some((case, "annotated")) => (case, &["-a"]),
            Some((case, "indent2")) => (case, &["--indentlevel=2"]),
            Some((case, "all")) => (case, &["--all"]),
            Some((case, "memo")) => (case, &["--all", "-m"]),
            Some(_) => panic!("{name}: unknown kind of text"),
        };
        let (got, fine) = dis(&path.with_file_name(format!("{case}.pkl")), options);
        let want = std::fs::read(&path).expect("the text can be read");
        assert!(got == want, "{name}: {}", difference(&got, &want));
        // Some of the files with several pickles are only damaged, or only depend on the memo, after the first.
        if !case.starts_with("many_") {
            assert_eq!(fine, !case.starts_with("bad_"), "{name}");
        }
        compared += 1;
    }
    assert!(compared > 100, "only {compared} texts compared");
}

#[test]
fn stdin_is_read_too() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pickle"))
        .args(["dis", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command can be started");
    child.stdin.take().expect("stdin is a pipe").write_all(b"K\x01.").expect("stdin is read");
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.stdout, b"    0: K    BININT1    1\n    2: .    STOP\nhighest protocol among opcodes = 1\n");
}

/// The whole corpus against a living pickletools. `PICKLE_PYTHON315` names the
/// command (more than one word is fine), else `python3.15` is tried;
/// `PICKLE_CORPUS` the folder, else `../shared/corpus` beside the checkout.
/// Packed files and containers are opcodes too, if few, to pickletools.
#[test]
fn corpus_texts_are_those_of_pickletools() {
    let corpus = std::env::var_os("PICKLE_CORPUS").map(PathBuf::from);
    let corpus = corpus.unwrap_or_else(|| workspace().join("../shared/corpus"));
    let Some(mut oracle) = Oracle::start() else { return eprintln!("skipped: no Python 3.15") };
    if !corpus.join("data").is_dir() {
        return eprintln!("skipped: no corpus");
    }
    let mut files = Vec::new();
    collect(&corpus.join("data"), &mut files);
    let mut different = Vec::new();
    for file in &files {
        let data = std::fs::read(file).expect("the file can be read");
        for (mode, options) in [(b'p', &[][..]), (b'a', &["-a"][..])] {
            let (outcome, want) = oracle.ask(mode, &data);
            let (got, fine) = match outcome {
                2 => (dis_beginning(file, options, want.len()), false),
                _ => dis(file, options),
            };
            if got != want || fine != (outcome == 0) {
                different.push(format!("{} {options:?}: {}", file.display(), difference(&got, &want)));
            }
        }
    }
    eprintln!("{} files compared with and without -a", files.len());
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

/// The first `len` bytes of a text that goes on for gigabytes.
fn dis_beginning(file: &Path, options: &[&str], len: usize) -> Vec<u8> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pickle"))
        .args(["dis", "--raw"])
        .args(options)
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command can be started");
    let mut beginning = Vec::new();
    let stdout = child.stdout.take().expect("stdout is a pipe");
    stdout.take(len as u64).read_to_end(&mut beginning).expect("stdout can be read");
    // The pipe is closed by now: the command must notice and end.
    child.wait().expect("the command ends");
    beginning
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the corpus can be read") {
        let path = entry.expect("the corpus can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_none_or(|e| e != "json") {
            files.push(path);
        }
    }
}

/// `tests/data/dis.py serve`.
struct Oracle {
    child: std::process::Child,
}

impl Oracle {
    fn start() -> Option<Self> {
        let command = std::env::var("PICKLE_PYTHON315").unwrap_or_else(|_| "python3.15".into());
        let mut words = command.split_whitespace();
        let script = std::fs::read_to_string(workspace().join("tests/data/dis.py")).expect("the script is there");
        // Its text rather than its path: the command may not see our files.
        let child = Command::new(words.next()?)
            .args(words)
            .args(["-c", &script, "serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        child.ok().map(|child| Oracle { child })
    }

    fn ask(&mut self, mode: u8, data: &[u8]) -> (u8, Vec<u8>) {
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        stdin.write_all(&[mode]).expect("Python reads");
        stdin.write_all(&(data.len() as u32).to_be_bytes()).expect("Python reads");
        stdin.write_all(data).expect("Python reads");
        stdin.flush().expect("Python reads");
        let stdout = self.child.stdout.as_mut().expect("stdout is a pipe");
        let mut head = [0; 5];
        stdout.read_exact(&mut head).expect("Python answers");
        let [outcome, len @ ..] = head;
        let mut text = vec![0; u32::from_be_bytes(len) as usize];
        stdout.read_exact(&mut text).expect("Python answers");
        (outcome, text)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // Its input ends, and with it the loop.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
