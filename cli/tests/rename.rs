//! `pickle convert --rename`: only names change.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn pickle(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pickle")).args(arguments).output().unwrap()
}

fn graph(file: &Path) -> String {
    let output = pickle(&["graph", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    for name in ["frame.pkl", "model.pkl"] {
        let file = data.join(name);
        let (there, back) = (folder.path().join("there"), folder.path().join("back"));
        let (source, first, second) = (file.to_str().unwrap(), there.to_str().unwrap(), back.to_str().unwrap());
        assert!(pickle(&["convert", source, "-o", first, "--rename", "numpy=nimpy"]).status.success());
        let (before, renamed) = (graph(&file), graph(&there));
        assert!(before.contains("numpy") && !renamed.contains("numpy"), "{name}");
        assert_eq!(renamed, before.replace("numpy", "nimpy"), "{name}");
        assert!(pickle(&["convert", first, "-o", second, "--rename", "nimpy=numpy"]).status.success());
        assert_eq!(graph(&back), before, "{name}");
        // With another protocol at once.
        let arguments = ["convert", source, "-o", second, "--rename", "numpy=nimpy", "--protocol", "2"];
        assert!(pickle(&arguments).status.success());
        assert!(!graph(&back).contains("numpy"), "{name}");
    }
}

#[test]
fn a_name_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("a.pkl"), folder.path().join("b.pkl"));
    std::fs::write(&file, b"cother\nA\n.").unwrap();
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    let output = pickle(&["convert", file, "-o", out, "--for", "numpy1"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no class or function has a name that changes"));
    assert_eq!(std::fs::read(out).unwrap(), b"cother\nA\n.");
    assert_eq!(pickle(&["convert", file, "-o", out, "--rename", "numpy"]).status.code(), Some(2));
}
