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

/// Arrays of joblib stand between the opcodes: names change around them and in the pickles among them.
#[test]
fn names_in_files_of_joblib() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/joblib");
    let folder = tempfile::tempdir().unwrap();
    let first: Vec<u8> = (0..1000).flat_map(|n| f64::from(n).to_le_bytes()).collect();
    let place = |file: &Path| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(first.len()).position(|here| here == first).unwrap()
    };
    let json = |file: &Path| {
        let output = pickle(&["json", "-l", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let run = |arguments: &[&str]| {
        let output = pickle(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for name in ["plain.joblib", "old.joblib"] {
        let file = data.join(name);
        let (there, back) = (folder.path().join("there"), folder.path().join("back"));
        let (source, first, second) = (file.to_str().unwrap(), there.to_str().unwrap(), back.to_str().unwrap());
        let before = json(&file);
        for new in ["a.much.longer.name.than.before.Array", "n.A"] {
            let (to, from) = (format!("numpy.ndarray={new}"), format!("{new}=numpy.ndarray"));
            run(&["convert", source, "-o", first, "--rename", &to]);
            let (module, class) = new.rsplit_once('.').unwrap();
            let renamed = format!("\"$class\":\"{module}.{class}\",\"$ndarray\"");
            assert_eq!(json(&there), before.replace("\"$ndarray\"", &renamed), "{name} {new}");
            assert!(name == "old.joblib" || place(&there) % 16 == 0, "{name} {new}");
            run(&["edit", first, "-o", second, "--rename-global", &from, "--set", "$.last=1"]);
            assert_eq!(json(&back), before, "{name} {new}");
            assert!(name == "old.joblib" || place(&back) % 16 == 0, "{name} {new}");
        }
        // A copy is one, and what cannot be done is said.
        run(&["convert", source, "-o", first, "--rename", "shop.Item=store.Item"]);
        assert_eq!(std::fs::read(&there).unwrap(), std::fs::read(&file).unwrap(), "{name}");
        run(&["convert", source, "-o", first]);
        assert_eq!(std::fs::read(&there).unwrap(), std::fs::read(&file).unwrap(), "{name}");
        for arguments in [&["convert", source, "-o", first, "-p", "2"][..], &["optimize", source, "-o", first]] {
            let output = pickle(arguments);
            assert_eq!(output.status.code(), Some(1));
            assert!(String::from_utf8_lossy(&output.stderr).contains("arrays of joblib between its opcodes"));
        }
    }
}
