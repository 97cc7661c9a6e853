//! The `pickle` binary: exit codes and messages that hold for every command.

use std::process::{Command, Output, Stdio};

fn pickle(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pickle")).args(args).stdin(Stdio::null()).output().unwrap()
}

const COMMANDS: &[&str] = &["show", "json", "graph", "dis", "info"];

#[test]
fn wrong_usage_is_exit_code_2() {
    let wrong: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["show"],
        &["show", "--depth", "x", "-"],
        &["json", "--lines", "--indent", "2", "-"],
        &["dis", "--color", "sometimes", "-"],
        &["graph", "a", "b"],
    ];
    for args in wrong {
        let output = pickle(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let output = pickle(&["--version"]);
    assert_eq!(output.stdout, format!("pickle {}\n", env!("CARGO_PKG_VERSION")).into_bytes());
    let mut asked = vec![vec!["--help"], vec!["-h"]];
    asked.extend(COMMANDS.iter().map(|command| vec![*command, "--help"]));
    for args in asked {
        let output = pickle(&args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("Usage: pickle"), "{args:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_exit_code_1() {
    for command in COMMANDS {
        let output = pickle(&[command, "no/such/file.pkl"]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert_eq!(output.stderr, b"pickle: no/such/file.pkl: there is no such file\n", "{command}");
        assert!(output.stdout.is_empty(), "{command}");
    }
}

#[test]
fn nothing_on_standard_input_is_exit_code_1() {
    for command in COMMANDS {
        let output = pickle(&[command, "-"]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(output.stderr.starts_with(b"pickle: standard input: "), "{command}");
    }
}

#[test]
fn a_closed_pipe_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.pkl");
    // More text than a pipe holds, from every command but info.
    let mut pickle = b"\x80\x04](".to_vec();
    (0..100_000).for_each(|_| pickle.extend(b"J\x01\x02\x03\x04"));
    pickle.extend(b"e.");
    std::fs::write(&file, pickle).unwrap();
    for command in COMMANDS {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pickle"))
            .arg(command)
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{command}");
    }
}
