//! `pickle graph` over the corpus of real files: every line's hash, every refusal.
//!
//! The corpus lies beside the repository (`../shared/corpus`) or where
//! `PICKLE_CORPUS` says. Without it there is nothing to compare with.

use pickle_cli::cmd::Verb;
use pickle_cli::cmd::graph::GraphArgs;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Well-formed streams that `pickle.loads` refuses for want of something that
/// only a running Python has: recorded here, as docs/adr/0003 says.
const RECORDED: &[&str] = &[
    "quirks/binpersid.pkl",
    "quirks/persid_text.pkl",
    "quirks/ext1_unregistered.pkl",
    "quirks/py2_ext_codes.pkl",
    "quirks/next_buffer_none.pkl",
];

/// Where CPython's unpicklers disagree we follow the C code of 3.15, the manifest that of 3.12.
const NEWER_RULE: &[&str] = &[
    // 3.12 asks for 34 GB of memo; 3.15 keeps a sparse one.
    "cpython_tests/py313_test_negative_32b_binput_00.pkl",
    // Frames are enforced since 3.13.15.
    "quirks/frame_nested.pkl",
];

/// Of a file of Django's cache the manifest has the time alone; the value, packed behind it, is read as well.
const WITH_VALUE: &str = "app/django/filebased_cache.djcache";

fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("PICKLE_CORPUS").map(PathBuf::from);
    let path = path.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"));
    path.join("manifest.json").is_file().then_some(path)
}

fn graph(path: &Path) -> (Vec<String>, Result<(), String>) {
    let mut out = Vec::new();
    let args = GraphArgs { file: path.to_owned().into(), shared_memo: false, sort_sets: false };
    let result = args.run(&mut out);
    let hashes = out.split_inclusive(|&b| b == b'\n').map(|line| {
        let digest = Sha256::digest(line.strip_suffix(b"\n").unwrap_or(line));
        digest.iter().map(|b| format!("{b:02x}")).collect()
    });
    (hashes.collect(), result.map_err(|failure| failure.to_string()))
}

#[test]
fn graphs_and_refusals_are_those_of_the_corpus() {
    let Some(corpus) = corpus() else {
        println!("left out: no corpus at ../shared/corpus, and PICKLE_CORPUS is not set");
        return;
    };
    let text = std::fs::read(corpus.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&text).unwrap();
    let (mut equal, mut refused) = (0, 0);
    let mut wrong = Vec::new();
    for entry in manifest["files"].as_array().unwrap() {
        let name = entry["path"].as_str().unwrap();
        let (lines, result) = graph(&corpus.join("data").join(name));
        match entry["verdict"].as_str().unwrap() {
            "malformed" => {
                refused += usize::from(result.is_err());
                if result.is_ok() != RECORDED.contains(&name) {
                    wrong.push(format!("{name}: {result:?}, malformed"));
                }
            }
            "divergent" => {
                let refuses = entry["outcome"]["c_unpickler"]["error"].is_string();
                if (result.is_err() == refuses) == NEWER_RULE.contains(&name) {
                    wrong.push(format!("{name}: {result:?}, divergent"));
                }
            }
            _ if entry["oracle"].is_string() => {
                let listed: Vec<_> = entry["pickles"].as_array().unwrap().iter().collect();
                let count = entry["pickle_count"].as_u64().unwrap_or(listed.len() as u64) as usize;
                let count = count + usize::from(name == WITH_VALUE);
                let same = listed.iter().zip(&lines).all(|(p, line)| p["canonical_sha256"] == line.as_str());
                if result.is_err() || lines.len() != count || !same {
                    wrong.push(format!("{name}: {} of {count} lines, {result:?}", lines.len()));
                }
                equal += 1;
            }
            // Hostile files: any answer, as long as there is one.
            _ => {}
        }
    }
    println!("{equal} files with an oracle, {refused} refused");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(equal >= 2638 && refused > 100, "{equal} {refused}");
}
