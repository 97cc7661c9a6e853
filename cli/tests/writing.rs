//! What the command writes when the disk is full, when it is killed, and when signals interrupt it: the old file or
//! the new one, never half of one.
#![cfg(unix)]

#[path = "common/rows.rs"]
mod rows;

use rows::rows;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const PICKLE: &str = env!("CARGO_BIN_EXE_pickle");

/// One of each kind of verb that writes a file; `out` is the file.
const VERBS: &[&[&str]] = &[
    &["convert", "in.pkl", "-o", "out", "--protocol", "4"],
    &["optimize", "in.pkl", "-o", "out"],
    &["repair", "in.pkl", "-o", "out"],
    &["edit", "in.pkl", "-o", "out", "--set", "$[0].t=\"z\""],
    &["items", "in.pkl", "-o", "out"],
    &["items", "in.pkl", "-o", "out", "-f", "csv"],
    &["items", "in.pkl", "-o", "out", "-f", "msgpack"],
    &["table", "in.pkl", "-o", "out", "-f", "csv"],
    &["from-json", "in.json", "-o", "out"],
    &["cat", "in.pkl", "in.pkl", "-o", "out"],
];

const OLD: &[u8] = b"the old file";

/// A folder with the inputs, and the old file.
fn folder(count: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("in.pkl"), rows(count)).expect("written");
    let numbers: Vec<String> = (0..count).map(|row| format!("{{\"i\":{row},\"t\":\"xy\"}}")).collect();
    std::fs::write(at("in.json"), format!("[{}]", numbers.join(","))).expect("written");
    std::fs::write(at("out"), OLD).expect("written");
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn run(args: &[&str], folder: &Path) -> Output {
    Command::new(PICKLE).args(args).current_dir(folder).stdin(Stdio::null()).output().expect("it runs")
}

/// Runs it where no file may grow beyond 16 or 32 KB (shells count differently); `ignored`: a write beyond is an error, else the
/// process is ended by SIGXFSZ.
fn limited(args: &[&str], folder: &Path, ignored: bool) -> Output {
    let trap = if ignored { "trap '' XFSZ; " } else { "" };
    Command::new("sh")
        .args(["-c", &format!("ulimit -c 0; ulimit -f 32; {trap}exec \"$@\""), "sh", PICKLE])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("sh runs")
}

#[test]
fn a_write_that_fails_leaves_the_old_file() {
    let folder = folder(20_000);
    let before = names(folder.path());
    for args in VERBS {
        let output = limited(args, folder.path(), true);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
        assert!(said.contains("out: ") && said.contains("File too large"), "{args:?}: {said}");
        assert_eq!(std::fs::read(folder.path().join("out")).expect("there"), OLD, "{args:?}");
        assert_eq!(names(folder.path()), before, "{args:?} leaves a file behind");
        // Without the limit it is written: the failure was the limit's.
        let output = run(args, folder.path());
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
        assert!(std::fs::metadata(folder.path().join("out")).expect("there").len() > 40_000, "{args:?}");
        std::fs::write(folder.path().join("out"), OLD).expect("written");
    }
}

#[test]
fn an_edit_in_place_that_fails_leaves_the_file() {
    let folder = folder(20_000);
    let before = std::fs::read(folder.path().join("in.pkl")).expect("there");
    for ignored in [true, false] {
        let output = limited(&["edit", "in.pkl", "--in-place", "--set", "$[0].t=\"z\""], folder.path(), ignored);
        assert_eq!(output.status.code(), if ignored { Some(1) } else { None }, "{output:?}");
        assert_eq!(std::fs::read(folder.path().join("in.pkl")).expect("there"), before);
    }
}

/// The command cannot tidy up when it is killed; what it leaves is hidden, beside the file, and in nobody's way.
fn is_leftover(name: &str) -> bool {
    name.starts_with(".pickle-")
}

#[test]
fn a_signal_at_the_first_write_too_many_leaves_the_old_file() {
    let folder = folder(20_000);
    for args in VERBS {
        let output = limited(args, folder.path(), false);
        assert_eq!(output.status.code(), None, "{args:?}: ended by SIGXFSZ: {output:?}");
        assert_eq!(std::fs::read(folder.path().join("out")).expect("there"), OLD, "{args:?}");
        let left =
            names(folder.path()).into_iter().filter(|name| !["in.json", "in.pkl", "out"].contains(&name.as_str()));
        assert!(left.into_iter().all(|name| is_leftover(&name)), "{args:?}: {:?}", names(folder.path()));
    }
}

/// SIGKILL at a dozen moments of each run: what has the name is the old file or the whole new one.
#[test]
fn killed_at_any_moment_it_is_the_old_file_or_the_new_one() {
    let folder = folder(60_000);
    let out = folder.path().join("out");
    let (mut old, mut new) = (0, 0);
    for args in VERBS {
        let begun = Instant::now();
        let output = run(args, folder.path());
        let whole = begun.elapsed();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
        let expected = std::fs::read(&out).expect("there");
        for moment in 0..12 {
            std::fs::write(&out, OLD).expect("written");
            let mut child = Command::new(PICKLE)
                .args(*args)
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("it runs");
            // The last ones come about when the file gets its name.
            std::thread::sleep(whole * moment / 10);
            child.kill().expect("killed, or over");
            child.wait().expect("it ends");
            let found = std::fs::read(&out).expect("there");
            match found {
                found if found == OLD => old += 1,
                found if found == expected => new += 1,
                found => panic!(
                    "{args:?}, killed after {:?}: {} of {} bytes",
                    whole * moment / 10,
                    found.len(),
                    expected.len()
                ),
            }
        }
        // What a killed run left does not stop the next one.
        let output = run(args, folder.path());
        assert_eq!(
            (output.status.code(), std::fs::read(&out).expect("there") == expected),
            (Some(0), true),
            "{args:?}"
        );
    }
    assert!(old >= VERBS.len() && old + new == VERBS.len() * 12, "{old} {new}");
    let left = names(folder.path()).into_iter().filter(|name| !["in.json", "in.pkl", "out"].contains(&name.as_str()));
    assert!(left.into_iter().all(|name| is_leftover(&name)), "{:?}", names(folder.path()));
}

/// A real full disk: a file system of 64 KB, which root can mount for one process.
#[test]
fn a_full_file_system_leaves_the_old_file() {
    let can = Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("left out: nothing can be mounted here; the limit of file sizes stands for a full disk");
        return;
    }
    let folder = folder(20_000);
    for args in VERBS {
        let mut args: Vec<&str> = args.to_vec();
        let at = args.iter().position(|arg| *arg == "out").expect("a name");
        args[at] = "small/out";
        std::fs::create_dir_all(folder.path().join("small")).expect("a folder");
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=64k none small && printf old >small/out && \"$@\"; echo \"code $?\"; cat small/out; ls -A small")
            .args(["sh", PICKLE])
            .args(&args)
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "code 1\noldout\n", "{args:?}: {output:?}");
        assert!(said.contains("No space left on device"), "{args:?}: {said}");
    }
}

/// A process that is stopped and goes on sees its system calls interrupted, those that wait for input and those that
/// wait for a reader.
#[test]
fn interrupted_calls_lose_nothing() {
    let folder = folder(5000);
    let expected = run(&["items", "in.pkl"], folder.path()).stdout;
    assert!(expected.len() > 90_000, "{}", expected.len());
    let mut child = Command::new(PICKLE)
        .args(["items", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let (mut input, mut output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let id = child.id().to_string();
    let pieces = rows(5000);
    let feeder = std::thread::spawn(move || {
        for piece in pieces.chunks(pieces.len() / 40) {
            let kill = |signal: &str| Command::new("kill").args([signal, &id]).status().expect("kill runs");
            assert!(kill("-STOP").success() && kill("-CONT").success());
            std::thread::sleep(Duration::from_millis(5));
            input.write_all(piece).expect("taken");
            assert!(kill("-STOP").success() && kill("-CONT").success());
        }
    });
    let (mut found, mut piece) = (Vec::new(), [0; 1500]);
    loop {
        let n = output.read(&mut piece).expect("read");
        if n == 0 {
            break;
        }
        found.extend_from_slice(&piece[..n]);
        std::thread::sleep(Duration::from_millis(1));
    }
    feeder.join().expect("fed");
    assert!(child.wait().expect("it ends").success());
    assert!(found == expected, "{} of {} bytes", found.len(), expected.len());
}
