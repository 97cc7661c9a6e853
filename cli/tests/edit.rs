//! `pickle edit`: values change, all other bytes stay.

use std::path::{Path, PathBuf};
use std::process::Command;

fn pickle(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pickle")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Edits; gives the new bytes and their JSON.
#[track_caller]
fn edit(bytes: &[u8], arguments: &[&str]) -> (Vec<u8>, String) {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&file, bytes).unwrap();
    let mut all = vec!["edit", text(&file), "-o", text(&out)];
    all.extend(arguments);
    let (code, _, error) = pickle(&all);
    assert_eq!((code, error.as_str()), (0, ""));
    let (code, json, error) = pickle(&["json", "-l", text(&out)]);
    assert_eq!((code, error.as_str()), (0, ""));
    (std::fs::read(&out).unwrap(), json.trim_end().to_owned())
}

/// What is said where an edit is refused; nothing is written then.
fn refused(bytes: &[u8], arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&file, bytes).unwrap();
    let mut all = vec!["edit", text(&file), "-o", text(&out)];
    all.extend(arguments);
    let (code, _, error) = pickle(&all);
    assert!(code != 0 && !out.exists(), "{error}");
    (code, error)
}

/// The document of a JSON text in every protocol.
fn protocols(json: &str) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&source, json).unwrap();
    let mut all = Vec::new();
    for protocol in ["0", "1", "2", "3", "4", "5"] {
        let arguments = ["from-json", text(&source), "-o", text(&target), "--protocol", protocol];
        assert_eq!(pickle(&arguments).0, 0);
        all.push(std::fs::read(&target).unwrap());
    }
    all
}

#[test]
fn values_in_every_protocol() {
    let json = r#"{"config":{"lr":0.5,"name":"x"},"rows":[1,"two",[3],{"k":null}],"last":true}"#;
    for bytes in protocols(json) {
        let check = |arguments: &[&str], from: &str, to: &str| {
            assert_eq!(edit(&bytes, arguments).1, json.replacen(from, to, 1), "{arguments:?}");
        };
        check(&["--set", "$.config.lr=0.1"], "0.5", "0.1");
        check(&["--set", "$.config.name=\"a\u{e9}\\n\u{1f600}\\\\\""], "\"x\"", "\"aé\\n😀\\\\\"");
        check(&["--set", "$.rows[0]=70000"], "[1,", "[70000,");
        check(&["--set", "$.rows[-1].k=-1"], "null", "-1");
        check(&["--set", "$.rows[2]={\"a\":[true,false,null],\"b\":{}}"], "[3]", "{\"a\":[true,false,null],\"b\":{}}");
        check(&["--set", "$.config.new=[1]"], "\"x\"}", "\"x\",\"new\":[1]}");
        check(&["--delete", "$.config.lr"], "\"lr\":0.5,", "");
        check(&["--delete", "$.config"], r#""config":{"lr":0.5,"name":"x"},"#, "");
        check(&["--delete", "$.rows[1]"], "\"two\",", "");
        let several = ["--delete", "$.rows[0]", "--delete", "$.rows[0]", "--set", "$.last=2"];
        let want = r#"{"config":{"lr":0.5,"name":"x"},"rows":[[3],{"k":null}],"last":2}"#;
        assert_eq!(edit(&bytes, &several).1, want);
        assert_eq!(edit(&bytes, &["--set", "$=5"]).1, "5");
        // All other bytes are as they were.
        let (new, _) = edit(&bytes, &["--set", "$.last=false"]);
        let back = edit(&new, &["--set", "$.last=true"]).0;
        assert_eq!(back, bytes);
        let same = bytes.iter().zip(&new).take_while(|(a, b)| a == b).count();
        assert!(bytes.len() - same < 12, "{same} of {}", bytes.len());
        assert_eq!(refused(&bytes, &["--set", "$.nowhere.x=1"]).0, 1);
        assert_eq!(refused(&bytes, &["--delete", "$.nowhere"]).0, 1);
        assert_eq!(refused(&bytes, &["--delete", "$"]).0, 1);
        assert_eq!(refused(&bytes, &["--set", "$.last=word"]).0, 2);
        assert_eq!(refused(&bytes, &["--set", "last"]).0, 2);
        assert_eq!(refused(&bytes, &[]).0, 2);
    }
}

/// What JSON has no terms for, as `json --tagged` writes it.
#[test]
fn tagged_values_in_every_protocol() {
    for bytes in protocols(r#"{"a":1,"z":[2]}"#) {
        for (value, json) in [
            (r#"{"$bytes":"AP8="}"#, r#"{"$bytes":"AP8="}"#),
            (r#"{"$bytearray":""}"#, r#"{"$bytearray":""}"#),
            (r#"{"$tuple":[1,{"$tuple":[]}]}"#, "[1,[]]"),
            (r#"{"$set":[1,{"$tuple":[2,"x"]}]}"#, r#"[1,[2,"x"]]"#),
            (r#"{"$frozenset":[]}"#, "[]"),
            (r#"{"$int":"99999999999999999999"}"#, r#""99999999999999999999""#),
            (r#"{"$float":"7ff0000000000000"}"#, r#""Infinity""#),
            (r#"[{"$global":["os","sep"]}]"#, r#"[{"$global":"os.sep"}]"#),
        ] {
            let set = format!("$.a={value}");
            assert_eq!(edit(&bytes, &["--set", &set]).1, format!(r#"{{"a":{json},"z":[2]}}"#), "{set}");
        }
        for value in [
            r#"{"$unknown":1}"#,
            r#"{"$bytes":"?"}"#,
            r#"{"$set":[[1]]}"#,
            r#"{"$tuple":[],"x":1}"#,
            r#"[{"$int":"x"}]"#,
        ] {
            let (code, said) = refused(&bytes, &["--set", &format!("$.a={value}")]);
            assert!(code == 1 && said.contains("$bytes"), "{value}: {said}");
        }
    }
}

#[test]
fn what_the_memo_shares_stays() {
    // A str that is fetched again: only the named place changes, and the memo's numbers stay right.
    let shared = b"\x80\x04}\x94(\x8c\x01a\x94\x8c\x03one\x94\x8c\x01b\x94h\x02\x8c\x01c\x94]\x94(h\x02h\x03eu.";
    assert_eq!(edit(shared, &["--set", "$.a=1"]).1, r#"{"a":1,"b":"one","c":["one","b"]}"#);
    assert_eq!(edit(shared, &["--set", "$.b=1"]).1, r#"{"a":"one","b":1,"c":["one","b"]}"#);
    assert_eq!(edit(shared, &["--delete", "$.a"]).1, r#"{"b":"one","c":["one","b"]}"#);
    assert_eq!(edit(shared, &["--delete", "$.b"]).1, r#"{"a":"one","c":["one","b"]}"#);
    assert_eq!(edit(shared, &["--set", "$.c[0]=2"]).1, r#"{"a":"one","b":"one","c":[2,"b"]}"#);
    // Numbers behind a value that goes away.
    let behind = b"\x80\x04(\x8c\x01a\x94\x8c\x01b\x94\x86\x94\x8c\x01c\x94h\x03h\x01l.";
    let (_, json) = edit(behind, &["--set", "$[0]=0"]);
    assert_eq!(json, r#"[0,"c","c","b"]"#);
    // A shared container changes everywhere.
    let list = b"\x80\x02]q\0(]q\x01K\x01ah\x01e.";
    assert_eq!(edit(list, &["--set", "$[1][0]=5"]).1, "[[5],[5]]");
}

#[test]
fn objects_tuples_and_other_keys() {
    let object = b"\x80\x02cshop\nItem\n)\x81}(X\x01\0\0\0nK\x01X\x01\0\0\0tK\x02K\x03\x86ub.";
    let (_, json) = edit(object, &["--set", "$.n=7", "--set", "$.t[1]=9", "--set", "$.new=\"x\""]);
    assert_eq!(json, r#"{"$class":"shop.Item","$state":{"n":7,"t":[2,9],"new":"x"}}"#);
    assert!(refused(object, &["--delete", "$.t[0]"]).1.contains("tuple"));
    let (bytes, json) = edit(object, &["--rename-global", "shop.Item=store.things.Thing", "--set", "$.n=2"]);
    assert!(json.contains("store.things.Thing") && json.contains("\"n\":2"));
    assert!(bytes.starts_with(b"\x80\x02cstore.things\nThing\n)\x81}(X\x01\0\0\0nK\x02"));
    let keys = b"\x80\x02}(K\x05K\x01K\x01K\x02\x86K\x02NK\x03U\x01bK\x04u.";
    for (set, want) in [
        ("$[5]=0", "[[5,0],[[1,2],2],[null,3],[\"b\",4]]"),
        ("$[(1, 2)]=0", "[[5,1],[[1,2],0],[null,3],[\"b\",4]]"),
        ("$[None]=0", "[[5,1],[[1,2],2],[null,0],[\"b\",4]]"),
        ("$.b=0", "[[5,1],[[1,2],2],[null,3],[\"b\",0]]"),
    ] {
        assert_eq!(edit(keys, &["--set", set]).1, format!("{{\"$dict\":{want}}}"));
    }
    let ordered = b"\x80\x02ccollections\nOrderedDict\n)R(X\x01\0\0\0aK\x01X\x01\0\0\0bK\x02u.";
    assert_eq!(edit(ordered, &["--set", "$.b=3", "--set", "$.c=4", "--delete", "$.a"]).1, r#"{"b":3,"c":4}"#);
}

#[test]
fn large_files_and_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("rows.json");
    let rows: Vec<_> = (0..20_000).map(|i| serde_json::json!({"id": i, "text": "x".repeat(i % 40)})).collect();
    std::fs::write(&source, serde_json::json!({"head": {"n": 1}, "rows": rows, "tail": "end"}).to_string()).unwrap();
    let file = folder.path().join("rows.pkl");
    assert_eq!(pickle(&["from-json", text(&source), "-o", text(&file)]).0, 0);
    let before = std::fs::read(&file).unwrap();
    assert!(before.len() > 500_000);
    for (path, new) in [("$.head.n", "2"), ("$.rows[10000].text", "\"other\""), ("$.tail", "[1, 2]")] {
        let (code, _, error) = pickle(&["edit", text(&file), "--in-place", "--set", &format!("{path}={new}")]);
        assert_eq!((code, error.as_str()), (0, ""), "{path}");
        let (_, value, _) = pickle(&["get", text(&file), path, "--indent", "0"]);
        assert_eq!(value.trim_end(), new.replace(", ", ","));
    }
    let after = std::fs::read(&file).unwrap();
    assert!(after.len().abs_diff(before.len()) < 60);
    let (code, out, _) = pickle(&["diff", "-q", text(&file), text(&file)]);
    assert_eq!((code, out.as_str()), (0, ""));
    // What follows the first pickle stays.
    let two = folder.path().join("two");
    std::fs::write(&two, b"I1\n.I2\n.\xff\xff").unwrap();
    assert_eq!(pickle(&["edit", text(&two), "--in-place", "--set", "$=7"]).0, 0);
    assert_eq!(std::fs::read(&two).unwrap(), b"I7\n.I2\n.\xff\xff");
    // Neither links nor compressed files.
    #[cfg(unix)]
    {
        let link: PathBuf = folder.path().join("link");
        std::os::unix::fs::symlink(&two, &link).unwrap();
        let (code, _, error) = pickle(&["edit", text(&link), "--in-place", "--set", "$=7"]);
        assert!(code == 1 && error.contains("links"), "{error}");
    }
}

#[test]
fn what_was_compressed_is_compressed_again() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    let pickle_bytes = b"\x80\x04}\x8c\x01aK\x01s.";
    let gzip = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
    let lzma = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut lzma = liblzma::write::XzEncoder::new_stream(Vec::new(), lzma);
    lzma.write_all(pickle_bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(pickle_bytes).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(pickle_bytes).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(pickle_bytes).unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(pickle_bytes).unwrap();
    let mut snappy = snap::write::FrameEncoder::new(Vec::new());
    snappy.write_all(pickle_bytes).unwrap();
    let packed = [
        (vec!["gzip"], gzip(pickle_bytes)),
        (vec!["gzip", "gzip"], gzip(&gzip(pickle_bytes))),
        (vec!["zlib"], zlib.finish().unwrap()),
        (vec!["bzip2"], bzip2.finish().unwrap()),
        (vec!["xz"], xz.finish().unwrap()),
        (vec!["lzma"], lzma.finish().unwrap()),
        (vec!["zstd"], zstd::encode_all(&pickle_bytes[..], 1).unwrap()),
        (vec!["lz4"], lz4.finish().unwrap()),
        (vec!["snappy"], snappy.into_inner().unwrap()),
    ];
    for (layers, bytes) in packed {
        let check = |file: &Path, value: &str| {
            let (_, info, _) = pickle(&["info", "--json", text(file)]);
            let info: serde_json::Value = serde_json::from_str(&info).unwrap();
            assert_eq!(info["layers"], serde_json::json!(layers));
            assert_eq!(pickle(&["json", "-l", text(file)]).1.trim_end(), value, "{layers:?}");
        };
        std::fs::write(&file, bytes).unwrap();
        let (code, _, error) = pickle(&["edit", text(&file), "--in-place", "--set", "$.a=22"]);
        assert_eq!((code, error.as_str()), (0, ""), "{layers:?}");
        check(&file, r#"{"a":22}"#);
        let out = folder.path().join("out");
        for verb in [&["convert", "--protocol", "2"][..], &["optimize"], &["edit", "--set", "$.a=22"]] {
            let all = [verb, &[text(&file), "--rewrap", "-o", text(&out)]].concat();
            assert_eq!(pickle(&all).0, 0, "{all:?}");
            check(&out, r#"{"a":22}"#);
        }
    }
    // Without the option it is the bare pickle.
    let out = folder.path().join("bare");
    assert_eq!(pickle(&["edit", text(&file), "-o", text(&out), "--set", "$.a=1"]).0, 0);
    assert_eq!(std::fs::read(&out).unwrap(), pickle_bytes);
}

#[test]
fn members_of_zip_files_are_put_back() {
    use std::io::{Cursor, Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.zip");
    let long = format!("\"{}\"", "long ".repeat(100));
    let pickle_bytes: &[u8] = b"\x80\x02}X\x01\0\0\0aK\x01s.";
    let members: [(&str, &[u8]); 4] =
        [("m/first", pickle_bytes), ("m/data.pkl", pickle_bytes), ("m/data/0", &[7; 1000]), ("m/data/1", &[9; 77])];
    for align in [1, 64] {
        let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            to.start_file(name, options.with_alignment(align)).unwrap();
            to.write_all(bytes).unwrap();
        }
        std::fs::write(&file, to.finish().unwrap().into_inner()).unwrap();
        let values = [("m/data.pkl", "2"), ("m/data.pkl", long.as_str()), ("m/first", "[]"), ("m/first", "3")];
        for (member, value) in values {
            let before = std::fs::read(&file).unwrap();
            let set = format!("$.a={value}");
            let place = format!("{}!{member}", text(&file));
            let (code, _, error) = pickle(&["edit", &place, "--in-place", "--set", &set]);
            assert_eq!((code, error.as_str()), (0, ""), "{member} {value}");
            assert_eq!(pickle(&["get", &place, "$.a", "--indent", "0"]).1.trim_end(), value);
            let after = std::fs::read(&file).unwrap();
            let mut archive = zip::ZipArchive::new(Cursor::new(&after)).unwrap();
            assert_eq!(archive.len(), 4);
            for (name, bytes) in members {
                let mut have = Vec::new();
                archive.by_name(name).unwrap().read_to_end(&mut have).unwrap();
                assert!(!name.starts_with("m/data/") || have == bytes, "{name}");
            }
            let at = |file: &[u8]| file.windows(1000).position(|window| window == [7; 1000]).unwrap() % 64;
            assert_eq!(at(&before), at(&after));
        }
    }
    // What is not there, and what is no zip file.
    let (code, _, error) = pickle(&["edit", &format!("{}!nothing", text(&file)), "--in-place", "--set", "$.a=1"]);
    assert!(code == 1, "{error}");
}

#[test]
fn large_payloads_are_not_held() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("a"), folder.path().join("b"));
    // {"lr": 1, "a": 40 MiB of bytes, "t": 1 MiB of text, "end": 2}, in frames as CPython has them.
    let (long, words) = (vec![7u8; 40 << 20], "w".repeat(1 << 20));
    let mut whole = b"\x80\x05\x95\x0c\0\0\0\0\0\0\0}\x94(\x8c\x02lrK\x01\x8c\x01aB".to_vec();
    whole.extend((long.len() as u32).to_le_bytes());
    let head = whole.len();
    whole.extend(&long);
    whole.extend(b"\x94\x8c\x01tX");
    whole.extend((words.len() as u32).to_le_bytes());
    whole.extend(words.bytes());
    whole.extend(b"\x94\x95\x09\0\0\0\0\0\0\0\x8c\x03endK\x02u.");
    std::fs::File::create(&file).and_then(|mut to| to.write_all(&whole)).unwrap();
    let run = |limit: &str, file: &str, arguments: &[&str]| {
        // Kilobytes of memory that is no file.
        let script = format!("ulimit -d {limit}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_pickle"), "edit", file, "-o", text(&out)]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(&out).unwrap()
    };
    let new = run("24000", text(&file), &["--set", "$.lr=70000", "--set", "$.end=[]"]);
    assert_eq!(new[2], 0x95);
    assert_eq!(u64::from_le_bytes(new[3..11].try_into().unwrap()), 0x0f, "the frame grew by three bytes");
    assert!(new[head + 3..][..long.len()] == long[..]);
    assert!(new.len() <= whole.len() + 3);
    assert_eq!(pickle(&["get", text(&out), "$.lr"]).1.trim_end(), "70000");
    assert_eq!(pickle(&["get", text(&out), "$.end", "--indent", "0"]).1.trim_end(), "[]");
}

#[test]
fn arrays_of_joblib_stay() {
    // Of tests/data/joblib.py: {"name": "x", "a": arange(1000.), "objects": [..], "b": zeros((3, 5), "i2", "F"), "last": 1}.
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/joblib");
    for file in ["plain.joblib", "old.joblib"] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let places = |bytes: &[u8]| {
            let first: Vec<u8> = (0..1000).flat_map(|n| f64::from(n).to_le_bytes()).collect();
            let at = bytes.windows(first.len()).position(|here| here == first).unwrap();
            let rest = &bytes[at + first.len()..];
            let second: Vec<u8> = (100..115u16).flat_map(u16::to_le_bytes).collect();
            (at, at + first.len() + rest.windows(second.len()).position(|here| here == second).unwrap())
        };
        let json = |bytes: &[u8]| edit(bytes, &["--set", "$.last=1"]).1;
        let (first, second) = places(&bytes);
        let is_padded = first % 16 == 0 && second % 16 == 0;
        assert_eq!(is_padded, file == "plain.joblib");
        for (set, to) in
            [("\"xy\"", "xy"), ("\"a long name of thirty letters.\"", "a long name of thirty letters."), ("\"\"", "")]
        {
            let (new, have) = edit(&bytes, &["--set", &format!("$.name={set}"), "--set", "$.last=1"]);
            assert_eq!(have, json(&bytes).replacen("\"name\":\"x\"", &format!("\"name\":\"{to}\""), 1));
            let (first, second) = places(&new);
            assert!(!is_padded || first % 16 == 0 && second % 16 == 0, "{first} {second}");
            let (back, _) = edit(&new, &["--set", "$.name=\"x\""]);
            assert_eq!(back.len(), bytes.len(), "{file} {to}");
            assert!(back == bytes, "{file} {to}");
        }
        let (_, have) = edit(&bytes, &["--set", "$.objects=null", "--set", "$.last={\"k\":[2]}", "--delete", "$.a"]);
        assert!(have.contains("\"objects\":null") && have.contains("\"last\":{\"k\":[2]}"), "{have}");
        assert!(!have.contains("\"a\":"), "{have}");
    }
}

/// The frame of a value ends before its array does.
#[test]
fn arrays_of_joblib_behind_the_last_frame() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/joblib/last.joblib");
    let bytes = std::fs::read(file).unwrap();
    for (set, to) in
        [("5".to_owned(), "5".to_owned()), (format!("{:?}", "x".repeat(300)), format!("{:?}", "x".repeat(300)))]
    {
        assert_eq!(edit(&bytes, &["--set", &format!("$.a={set}")]).1, format!("{{\"a\":{to}}}"));
    }
    assert_eq!(edit(&bytes, &["--delete", "$.a"]).1, "{}");
    assert_eq!(edit(&bytes, &["--set", "$.b=1", "--delete", "$.a"]).1, "{\"b\":1}");
}

/// The places of the values of dbm.dumb are in another file: no value can become longer or shorter in its own.
#[test]
fn values_of_databases_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let value = b"\x80\x04}\x94\x8c\x01a\x94K\x01s.";
    std::fs::write(file("s.dat"), value).unwrap();
    std::fs::write(file("s.dir"), format!("'k', (0, {})\n", value.len())).unwrap();
    for name in ["s", "s.dat", "s.dir"] {
        for verb in ["edit", "convert", "optimize"] {
            for member in ["", "!k"] {
                let path = format!("{}{member}", text(&file(name)));
                let back = format!("{}{member}", text(&file("out")));
                let (code, _, error) = match verb {
                    "edit" => pickle(&[verb, &path, "--in-place", "--set", "$.a=70000"]),
                    _ if member.is_empty() => pickle(&[verb, &path, "-o", &back, "--rewrap"]),
                    _ => pickle(&[verb, &path, "-o", text(&file("s.dat")), "--rewrap"]),
                };
                assert_eq!(code, 1, "{verb} {path}: {error}");
                let says = if name == "s" && verb == "edit" {
                    "no such file"
                } else if member.is_empty() {
                    "this is a dbm.dumb database"
                } else {
                    "cannot be put back"
                };
                assert!(error.contains(says), "{verb} {path}: {error}");
            }
        }
    }
    assert_eq!(std::fs::read(file("s.dat")).unwrap(), value);
    let taken = pickle(&["edit", &format!("{}!k", text(&file("s.dir"))), "-o", text(&file("v")), "--set", "$.a=2"]);
    assert_eq!(taken, (0, String::new(), String::new()));
}

/// The pickle in a file of torch is changed, and the file stays one, with its storages where they were.
#[test]
fn files_of_torch_stay_such() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("m.pt"), folder.path().join("n.pt"));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&file).unwrap());
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [
        ("m/data.pkl", &b"\x80\x02}q\0(X\x05\0\0\0epochq\x01K\x03X\x01\0\0\0fq\x02cshop\nItem\nq\x03u."[..]),
        ("m/data/0", &[7; 64]),
        ("m/version", b"3\n"),
    ] {
        zip.start_file(name, stored).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    zip.finish().unwrap();
    let members = |file: &Path| {
        let mut zip = zip::ZipArchive::new(std::fs::File::open(file).unwrap()).unwrap();
        let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
        let mut storage = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name("m/data/0").unwrap(), &mut storage).unwrap();
        assert_eq!(storage, [7; 64]);
        names
    };
    let (source, target) = (text(&file), text(&out));
    assert_eq!(pickle(&["edit", source, "-o", target, "--set", "$.epoch=7"]).0, 0);
    assert_eq!(members(&out), members(&file));
    assert_eq!(pickle(&["get", target, "$.epoch"]).1.trim_end(), "7");
    assert_eq!(pickle(&["edit", target, "--in-place", "--delete", "$.epoch"]).0, 0);
    assert_eq!(members(&out), members(&file));
    assert_eq!(pickle(&["json", "-l", target]).1.trim_end(), r#"{"f":{"$global":"shop.Item"}}"#);
    for verb in [["convert", "--rename"], ["edit", "--rename-global"]] {
        assert_eq!(pickle(&[verb[0], source, "-o", target, verb[1], "shop.Item=store.Thing"]).0, 0);
        assert_eq!(members(&out), members(&file));
        assert_eq!(pickle(&["get", target, "$.f", "-i", "0"]).1.trim_end(), r#"{"$global":"store.Thing"}"#);
    }
}

/// One pickler that wrote two pickles: the second fetches the list of the first.
#[test]
fn a_memo_that_later_pickles_use_stays() {
    let files: [&[u8]; 3] = [
        b"(dp0\nVa\np1\n(lp2\nI7\nas.(dp3\nVb\np4\ng2\ns.",
        b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01]q\x02K\x07as.\x80\x02}q\x03X\x01\x00\x00\x00bq\x04h\x02s.",
        b"\x80\x04}\x94\x8c\x01a\x94]\x94K\x07as.\x80\x04}\x94\x8c\x01b\x94h\x02s.",
    ];
    for bytes in files {
        assert_eq!(edit(bytes, &["--set", "$.a=1"]).1, "{\"a\":1}\n{\"b\":[7]}");
        assert_eq!(edit(bytes, &["--delete", "$.a"]).1, "{}\n{\"b\":[7]}");
        assert_eq!(edit(bytes, &["--set", "$=5"]).1, "5\n{\"b\":[7]}");
    }
    // The number is one that a memo of the second pickle alone would have, too.
    let bytes = b"\x80\x04}\x94\x8c\x01a\x94]\x94K\x07as.\x80\x04]\x94(]\x94]\x94]\x94h\x02e.\x80\x04h\x06.";
    assert_eq!(edit(bytes, &["--set", "$.a=1"]).1, "{\"a\":1}\n[[],[],[],[7]]\n[]");
}
