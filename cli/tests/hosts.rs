#![cfg(all(feature = "sqlite", feature = "sevenzip"))]
//! Databases and archives, each made by its own library (tests/data/hosts.py), whole and damaged.

use std::path::PathBuf;
use std::process::{Command, Output};

const SIZES: [usize; 8] = [0, 1, 255, 256, 2000, 4096, 65_535, 65_536];
const FILES: [&str; 12] = [
    "app.sqlite",
    "archive.7z",
    "btree.db",
    "bzip2.zip",
    "data.lmdb",
    "hash.db",
    "lzma.zip",
    "ndbm.db",
    "part-00000",
    "script.rpyc",
    "shelf.gdbm",
    "shelf.sqlite",
];

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts")
}

fn pickle(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pickle")).args(arguments).current_dir(data()).output().unwrap()
}

/// The lengths of the strs that `json -l` prints, a line each.
fn lengths(output: &Output) -> Vec<usize> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lengths: Vec<_> = text.lines().map(|line| serde_json::from_str::<String>(line).unwrap().len()).collect();
    lengths.sort_unstable();
    lengths
}

#[test]
fn every_value_of_every_host() {
    for file in FILES {
        let output = pickle(&["json", "-l", file]);
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(lengths(&output), SIZES, "{file}");
    }
}

/// What looks like the time of cachelib is one only where it can be, and where one pickle and nothing else follows.
#[test]
fn times_in_front_of_a_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    let value = b"\x80\x05K\x07.";
    let run = |time: u32, behind: &[u8], verb: &str| {
        std::fs::write(&file, [&time.to_le_bytes(), &value[..], behind].concat()).unwrap();
        pickle(&[verb, file.to_str().unwrap()])
    };
    for time in [0, 1 << 30 | 1, 1_732_000_000, 1_732_000_128, u32::MAX] {
        let output = run(time, b"", "json");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"7\n"[..]), "{time}: {output:?}");
        assert!(String::from_utf8_lossy(&run(time, b"", "scan").stdout).ends_with(": clean\n"));
        for behind in [&b"x"[..], value, b"\0\0\0\x05\x80\x05K\x07."] {
            assert_eq!(run(time, behind, "json").status.code(), Some(1), "{time} {}", behind.escape_ascii());
        }
    }
    // Longer than what is looked at; every byte of a time may be the first of a length, too.
    let text = [&b"\x80\x05X\x70\x11\x01\0"[..], &[b'x'; 70_000], b"."].concat();
    for time in [0, 0x6700_0000, 0x6700_0001, 0x673c_4a10, 0x673c_4a27, 0x673c_4ac8u32] {
        std::fs::write(&file, [&time.to_le_bytes(), &text[..]].concat()).unwrap();
        let output = pickle(&["json", file.to_str().unwrap()]);
        let is_length = time == 0x6700_0000;
        assert_eq!(output.status.code(), Some(i32::from(is_length)), "{time:x}");
        assert!(is_length || output.stdout.len() == 70_003, "{time:x}");
    }
    // Lengths, whatever is wrong with them.
    for number in [7, 0xffff, 7 << 24, 0x50 << 24, 0x1234 << 16] {
        assert_ne!(run(number, b"", "json").status.code(), Some(0), "{number}");
        assert!(!String::from_utf8_lossy(&run(number, b"", "scan").stdout).contains("clean"), "{number}");
    }
}

#[test]
fn values_by_their_names() {
    let members = [
        ("app.sqlite!a table/the data/12", 255),
        ("archive.7z!s256.pkl", 256),
        ("app.sqlite!pairs/v/4", 65_536),
        ("btree.db!s65535", 65_535),
        ("hash.db!s65536", 65_536),
        ("ndbm.db!s1", 1),
        ("shelf.gdbm!s256", 256),
        ("shelf.sqlite!s0", 0),
        ("data.lmdb!s255", 255),
        ("data.lmdb!named/s256", 256),
        ("lzma.zip!s2000.pkl", 2000),
        ("part-00000!3", 256),
        ("script.rpyc!2", 1),
    ];
    for (member, len) in members {
        let output = pickle(&["json", member]);
        assert!(output.status.success(), "{member}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(lengths(&output), [len], "{member}");
    }
    let missing = pickle(&["json", "shelf.gdbm!nothing"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no member nothing"));
    let index = pickle(&["json", "archive.rpa!index"]);
    assert!(String::from_utf8_lossy(&index.stdout).contains("\"a.png\""));
}

#[test]
fn a_cut_or_changed_file_is_no_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let name = path.to_str().unwrap();
    for file in FILES {
        let source = if file == "data.lmdb" { data().join(file).join("data.mdb") } else { data().join(file) };
        let whole = std::fs::read(source).unwrap();
        for n in 1..16 {
            let cut = whole.len() * n / 16;
            std::fs::write(&path, &whole[..cut]).unwrap();
            let output = pickle(&["json", "-l", name]);
            assert!(matches!(output.status.code(), Some(0 | 1)), "{file} cut at {cut}: {output:?}");
            if output.status.success() {
                // Free pages at the end, and the directory of a zip file, can be missing.
                assert_eq!(lengths(&output), SIZES, "{file} cut at {cut}");
            }
            let mut changed = whole.clone();
            let at = whole.len() * n / 16 % whole.len();
            changed[at..].iter_mut().take(64).for_each(|byte| *byte ^= 0xa5);
            std::fs::write(&path, &changed).unwrap();
            let output = pickle(&["json", "-l", name]);
            assert!(matches!(output.status.code(), Some(0 | 1)), "{file} changed at {at}: {output:?}");
        }
    }
}

#[test]
fn an_export_of_zodb() {
    let output = pickle(&["json", "-l", "export.zexp"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The folder and what it leads to, each a class and its state.
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("\"title\":\"xxx") && text.contains("\"n\":[1,2,3]"), "{text}");
    let whole = std::fs::read(data().join("export.zexp")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.zexp");
    for cut in 4..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let output = pickle(&["json", "-l", path.to_str().unwrap()]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && error.contains("cut off"), "{cut}: {error}");
    }
}

#[test]
fn pickles_in_hdf5() {
    let output = pickle(&["json", "-l", "objects.h5"]);
    // What cannot be seen is said.
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("what lies in compressed chunks is not seen"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lengths: Vec<usize> =
        text.lines().filter_map(|line| serde_json::from_str::<String>(line).ok()).map(|line| line.len()).collect();
    assert_eq!(lengths, [0, 1, 255, 256, 2000, 4096]);
    let others: Vec<&str> = text.lines().filter(|line| !line.starts_with('"')).collect();
    assert_eq!(others, [r#"{"lr":0.5,"names":["a","b"]}"#]);
    let member = pickle(&["json", "-l", "objects.h5!@3848"]);
    assert_eq!(String::from_utf8_lossy(&member.stdout), "\"\"\n");
    let whole = std::fs::read(data().join("objects.h5")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.h5");
    for n in 1..64 {
        let at = whole.len() * n / 64;
        let mut changed = whole.clone();
        changed[at..].iter_mut().take(16).for_each(|byte| *byte ^= 0xff);
        for bytes in [&whole[..at], &changed] {
            std::fs::write(&path, bytes).unwrap();
            let output = pickle(&["json", "-l", path.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(1), "{at}: {output:?}");
        }
    }
}

#[test]
fn what_only_looks_like_pickles_does_not_take_forever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bait.h5");
    for bait in [&b"(l"[..], b"\x80\x04", b"((", b"]q\0("] {
        let file = [b"\x89HDF\r\n\x1a\n", bait.repeat(1 << 18).as_slice()].concat();
        std::fs::write(&path, file).unwrap();
        let begun = std::time::Instant::now();
        let output = pickle(&["count", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        assert!(begun.elapsed().as_secs() < 60, "{bait:?}");
    }
}

#[test]
fn a_queue_with_lengths_behind() {
    let want: String = (0..5).map(|i| format!("{{\"url\":\"http://localhost/{i}\",\"depth\":{i}}}\n")).collect();
    let output = pickle(&["json", "-l", "requests.lifo"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), want);
    assert_eq!(String::from_utf8_lossy(&pickle(&["scan", "requests.lifo"]).stdout), "requests.lifo: clean\n");
    let whole = std::fs::read(data().join("requests.lifo")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let name = path.to_str().unwrap();
    // It was not closed.
    std::fs::write(&path, [&[0; 4], &whole[4..]].concat()).unwrap();
    assert_eq!(String::from_utf8_lossy(&pickle(&["json", "-l", name]).stdout), want);
    // The number looks like the length of the first record.
    let mut alike = 3u32.to_be_bytes().to_vec();
    (0..3).for_each(|i| alike.extend([b'K', i, b'.', 0, 0, 0, 3]));
    std::fs::write(&path, &alike).unwrap();
    let output = pickle(&["json", "-l", name]);
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(0), "0\n1\n2\n"));
    for cut in 1..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(pickle(&["json", "-l", name]).status.code(), Some(1), "cut at {cut}");
    }
}

#[test]
fn files_of_the_cache_of_django() {
    let rows: Vec<String> = (0..50).map(|i| i.to_string()).collect();
    let soon = format!("1800000000.5\n{{\"user\":\"anna\",\"rows\":[{}]}}\n", rows.join(","));
    for (file, want) in [("soon.djcache", soon.as_str()), ("never.djcache", "null\n7\n")] {
        let output = pickle(&["json", "-l", file]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), want);
        assert_eq!(String::from_utf8_lossy(&pickle(&["scan", file]).stdout), format!("{file}: clean\n"));
        let whole = std::fs::read(data().join(file)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut");
        let first = want.lines().next().unwrap();
        for cut in 1..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let output = pickle(&["json", "-l", path.to_str().unwrap()]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            // The time alone is a whole pickle.
            let is_time = output.status.success() && text == format!("{first}\n") && whole[..cut].ends_with(b".");
            assert!(is_time || output.status.code() == Some(1), "cut at {cut}: {output:?}");
        }
    }
}

#[test]
fn databases_of_dbm_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let dumb = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let mut values = b"K\x01.".to_vec();
    values.resize(512, 0);
    values.extend(b"K\x02.");
    dumb("s.dat", &values);
    dumb("s.dir", b"'one', (0, 3)\n'two', (512, 3)\n");
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_pickle")).args(arguments).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for name in ["s", "s.dat", "s.dir"] {
        assert_eq!(run(&["json", "-l", name]), (Some(0), "1\n2\n".into()), "{name}");
        assert_eq!(run(&["json", &format!("{name}!two")]), (Some(0), "2\n".into()), "{name}");
        let (code, text) = run(&["info", name]);
        assert!(code == Some(0) && text.contains("s.dat!two"), "{text}");
        assert_eq!(run(&["scan", name]).0, Some(0), "{name}");
    }
    let output = pickle(&["json", "ndbm!s1"]);
    assert_eq!((output.status.code(), lengths(&output)), (Some(0), vec![1]));
    // What changes files takes them by their own names.
    assert_eq!(run(&["edit", "s.dir", "--in-place", "--set", "$=1"]).0, Some(1));
    assert_eq!(std::fs::read(folder.path().join("s.dir")).unwrap(), b"'one', (0, 3)\n'two', (512, 3)\n");
    assert_ne!(run(&["show", "t"]).0, Some(0));
}
