//! `pickle info` against literal pickles, and against the corpus' manifest.

use pickle_cli::survey::globals::{Global, NAME_MAX};
use pickle_cli::survey::guess::{self, root_text};
use pickle_cli::survey::info::{Info, info};
use pickle_core::{ErrorKind, Opcode, ReadError};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// All pickles of a stream, the bytes behind them, and the error.
fn read(input: &[u8], shared_memo: bool) -> (Vec<Info>, u64, Option<pickle_core::Error>) {
    let mut pickles = Vec::new();
    let tail = info(input, shared_memo, |info| pickles.push(info));
    let error = tail.error.map(|error| match error {
        ReadError::Pickle(error) => error,
        ReadError::Io(never) => match never {},
    });
    assert_eq!(tail.count, pickles.len() as u64);
    (pickles, tail.trailing, error)
}

fn one(input: &[u8]) -> Info {
    let (mut pickles, trailing, error) = read(input, false);
    assert_eq!((pickles.len(), trailing, error), (1, 0, None), "{input:?}");
    pickles.remove(0)
}

fn paths(globals: &[Global]) -> Vec<(String, u64)> {
    globals.iter().map(|global| (global.path(), global.count)).collect()
}

#[test]
fn a_small_pickle_is_counted() {
    let info = one(b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01K\x02h\0e.");
    assert_eq!((info.proto_opcode, info.min_protocol, info.frames), (Some(4), 4, 1));
    assert_eq!((info.opcode_count, info.opcode(Opcode::BinInt1), info.opcode(Opcode::Reduce)), (10, 2, 0));
    assert_eq!((info.max_stack, info.max_marks, info.leftover_stack), (4, 1, 0));
    assert_eq!((info.memo_size, info.max_memo_index), (1, Some(0)));
    assert_eq!((info.offset, info.length, info.complete), (0, 22, true));
    assert_eq!(root_text(&info), "a list of 3 items");
}

#[test]
fn names_come_from_lines_the_stack_and_the_memo() {
    let info = one(b"(cmod\nName\np0\ng0\n(imod\nOther\nl.");
    assert_eq!(paths(&info.globals), [("mod.Name".into(), 2), ("mod.Other".into(), 1)]);
    // The module once from the memo, the name once copied by DUP, once escaped.
    let info = one(b"(\x8c\x03mod\x94\x8c\x01a\x93h\0\x8c\x01b\x93\x8c\x01c2\x93h\0Vd\\u0065\n\x93\x88\x88t.");
    let names: Vec<_> = info.globals.iter().map(Global::path).collect();
    assert_eq!(names, ["mod.a", "mod.b", "c.c", "mod.de"]);
}

#[test]
fn long_names_are_cut_wherever_they_come_from() {
    let long = "x".repeat(200_000);
    let pickle = format!("(c{long}\n{long}\ncmod\n{long}\nV{long}\n\u{93}l.");
    let pickle: Vec<u8> = pickle.chars().map(|c| c as u8).collect();
    let (pickles, _, error) = read(&pickle, false);
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::GlobalNotStr));
    let lens: Vec<_> = pickles[0].globals.iter().map(|g| (g.module.len(), g.name.len())).collect();
    assert_eq!(lens, [(1024, 1024), (3, 1024)]);
    assert_eq!(pickles[0].str_bytes, 200_000);
}

#[test]
fn what_was_counted_before_an_error_is_kept() {
    let (pickles, _, error) = read(b"\x80\x02cos\nsystem\nq\x01K\x05RR.", false);
    assert_eq!(error.map(|error| (error.kind(), error.offset())), Some((ErrorKind::StackUnderflow, 18)));
    assert_eq!(paths(&pickles[0].globals), [("os.system".into(), 1)]);
    assert_eq!((pickles[0].complete, pickles[0].opcode_count, pickles[0].memo_size), (false, 6, 1));
    let (pickles, _, error) = read(b"\x80\x02(K\x05K", false);
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Truncated));
    assert_eq!((pickles[0].opcode_count, pickles[0].max_marks), (3, 1));
    for (input, kind) in [
        (&b"K\x01(\x85l."[..], ErrorKind::UnexpectedMark),
        (b"t.", ErrorKind::NoMark),
        (b"h\x07.", ErrorKind::MemoMissing),
        (b"N p-1\n.", ErrorKind::UnknownOpcode),
        (b"Np-1\n.", ErrorKind::NegativeMemo),
        (b"Npx\n.", ErrorKind::BadInt),
        (b"K\x01\x8c\0\x93.", ErrorKind::GlobalNotStr),
        (b"\x82\0.", ErrorKind::BadExtension),
        (b"", ErrorKind::Empty),
    ] {
        assert_eq!(read(input, false).2.map(|error| error.kind()), Some(kind), "{input:?}");
    }
}

#[test]
fn pickles_follow_each_other() {
    let (pickles, trailing, error) = read(b"K\x01.\x80\x02]q\0.\xff\xfftrailing", false);
    assert_eq!((pickles.len(), trailing, error), (2, 10, None));
    assert_eq!((pickles[1].offset, pickles[1].length), (3, 6));
    // The second was begun and cut off.
    let (pickles, trailing, error) = read(b"K\x01.\x80\x02]q\0", false);
    assert_eq!((pickles.len(), trailing, error.is_some()), (2, 0, true));
}

#[test]
fn a_memo_may_be_shared() {
    let input = b"\x80\x04c__main__\nA\n\x94.\x80\x04h\0]\x94\x86.";
    assert_eq!(read(input, false).2.map(|error| error.kind()), Some(ErrorKind::MemoMissing));
    let (pickles, _, error) = read(input, true);
    assert_eq!(error, None);
    assert_eq!((pickles[1].memo_size, pickles[1].globals.len()), (2, 0));
}

#[test]
fn a_high_memo_index_costs_nothing() {
    let mut input = b"]".to_vec();
    for index in (0..32).map(|bit| (1u32 << bit) - 1).chain([u32::MAX]) {
        input.push(b'r');
        input.extend(index.to_le_bytes());
    }
    input.extend(b"j\xff\xff\xff\xff\x86.");
    let start = std::time::Instant::now();
    let info = one(&input[..]);
    assert_eq!((info.memo_size, info.max_memo_index), (33, Some(u64::from(u32::MAX))));
    assert!(start.elapsed().as_millis() < 500);
}

#[test]
fn a_guess_says_what_it_rests_on() {
    for (pickle, kind, what) in [
        (&b"\x80\x02}q\0X\x01\0\0\0aK\x01s."[..], "plain", "plain data: a dict of 1 entry"),
        (b"cos\nsystem\n(S'x'\ntR.", "commands", "something that runs commands when it is loaded"),
        (
            b"c__builtin__\neval\n(S'x'\ntR0N.",
            "commands",
            "a call that runs code when it is loaded; the result is None",
        ),
        (
            b"\x80\x03csklearn.svm._classes\nSVC\n)\x81}X\x10\0\0\0_sklearn_versionX\x05\0\0\x001.5.1sb.",
            "sklearn",
            "a scikit-learn model (SVC) of scikit-learn 1.5.1",
        ),
        (
            b"ccopy_reg\n_reconstructor\n(cacme\nThing\nc__builtin__\nobject\nNtR.",
            "objects",
            "an object made by acme.Thing",
        ),
    ] {
        let info = one(pickle);
        let guess = guess::guess(std::slice::from_ref(&info), &info).unwrap();
        assert_eq!((guess.kind, guess.what.as_str()), (kind, what));
        assert!(!guess.evidence.is_empty());
    }
}

/// The corpus: beside the repository, or where `PICKLE_CORPUS` says.
fn corpus() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = std::env::var_os("PICKLE_CORPUS").map_or(beside, PathBuf::from);
    folder.join("manifest.json").exists().then_some(folder)
}

/// The manifest's numbers of one pickle, from ours.
fn as_manifest(info: &Info) -> Value {
    let opcodes: serde_json::Map<_, _> = info.opcodes.iter().map(|(o, n)| (o.name().to_owned(), json!(n))).collect();
    json!({
        "proto_opcode": info.proto_opcode,
        "min_protocol": info.min_protocol,
        "opcode_count": info.opcode_count,
        "opcodes": opcodes,
        "max_stack": info.max_stack,
        "max_marks": info.max_marks,
        "memo_size": info.memo_size,
        "max_memo_index": info.max_memo_index.map_or(-1, |index| index as i64),
        "frames": info.frames,
        "leftover_stack": info.leftover_stack,
        "buffers": info.buffers,
        "persids": info.persids,
        "ext_codes": info.ext_codes,
        "globals": info.globals.iter().map(|g| json!([g.module, g.name])).collect::<Vec<_>>(),
        "offset": info.offset,
        "length": info.length,
    })
}

/// Names in the manifest are whole.
fn cut_names(globals: &mut Value) {
    for name in globals.as_array_mut().unwrap().iter_mut().flat_map(|pair| pair.as_array_mut().unwrap()) {
        if let Some(text) = name.as_str().filter(|text| text.len() > NAME_MAX) {
            *name = json!(text[..NAME_MAX]);
        }
    }
}

#[test]
fn the_corpus_says_the_same() {
    let Some(corpus) = corpus() else {
        eprintln!("left out: no corpus beside the repository, and PICKLE_CORPUS names none");
        return;
    };
    let manifest: Value = serde_json::from_slice(&fs::read(corpus.join("manifest.json")).unwrap()).unwrap();
    let (mut files, mut count, mut malformed, mut wrong) = (0, 0, 0, Vec::new());
    for entry in manifest["files"].as_array().unwrap() {
        let container = &entry["container"];
        let plain = matches!(container["kind"].as_str(), None | Some("stream" | "joblib"));
        let packed = entry["layers"].as_array().is_some_and(|layers| !layers.is_empty());
        let Some(expected) = entry["pickles"].as_array().filter(|all| plain && !packed && !all.is_empty()) else {
            continue;
        };
        let path = entry["path"].as_str().unwrap();
        let input = fs::read(corpus.join("data").join(path)).unwrap();
        let (pickles, ..) = read(&input, container["shared_memo"] == true);
        // The reference counts the opcode that fails as well, and it knows faults of arguments, such as a STRING
        // without quotes, where this goes on: what both have seen must agree.
        let is_malformed = entry["outcome"]["reference_reader"].as_str().is_some_and(|outcome| outcome != "ok")
            || entry["scan"]["malformed"] == true;
        files += 1;
        malformed += u64::from(is_malformed);
        for (i, expected) in expected.iter().enumerate() {
            count += 1;
            let mut expected = expected.clone();
            cut_names(&mut expected["globals"]);
            let Some(ours) = pickles.get(i).map(as_manifest) else {
                wrong.push(format!("{path}: no pickle {i}"));
                continue;
            };
            if is_malformed {
                let (globals, expected) =
                    (ours["globals"].as_array().unwrap(), expected["globals"].as_array().unwrap());
                if !globals.starts_with(expected) {
                    wrong.push(format!("{path}, pickle {i}: globals are {globals:?}, not {expected:?}"));
                }
                continue;
            }
            for (key, value) in ours.as_object().unwrap() {
                if expected.get(key).is_some_and(|expected| expected != value) {
                    wrong.push(format!("{path}, pickle {i}: {key} is {value}, not {}", expected[key]));
                }
            }
        }
    }
    eprintln!("{files} files with {count} pickles: {} differences ({malformed} files are malformed)", wrong.len());
    assert!(files > 2000 && wrong.is_empty(), "{:#?}", &wrong[..wrong.len().min(60)]);
}
