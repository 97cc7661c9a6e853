//! `pickle diff` and `pickle grep`: what they find, and their exit codes.

use std::path::{Path, PathBuf};
use std::process::Command;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    /// A pickle of what a JSON text says.
    fn json(&self, name: &str, text: &str) -> PathBuf {
        let (source, target) = (self.0.path().join("source.json"), self.0.path().join(name));
        std::fs::write(&source, text).unwrap();
        let (code, _, error) = pickle(&["from-json", source.to_str().unwrap(), "-o", target.to_str().unwrap()]);
        assert_eq!(code, 0, "{error}");
        target
    }

    fn bytes(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let target = self.0.path().join(name);
        std::fs::write(&target, bytes).unwrap();
        target
    }
}

fn pickle(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pickle")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn diff(options: &[&str], a: &Path, b: &Path) -> (i32, String) {
    let mut arguments = vec!["diff"];
    arguments.extend(options);
    arguments.extend([a.to_str().unwrap(), b.to_str().unwrap()]);
    let (code, out, error) = pickle(&arguments);
    assert!(code == 2 || error.is_empty(), "{error}");
    (code, out + &error)
}

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/data")
}

#[test]
fn values_by_path() {
    let folder = Folder::new();
    let a = folder.json("a", r#"{"config": {"lr": 0.1, "name": "x"}, "rows": [1, 2, 3], "old": 5, "same": null}"#);
    let b = folder.json("b", r#"{"rows": [1, 7], "same": null, "config": {"name": "x", "lr": 0.2}, "new": {"k": 1}}"#);
    let (code, out) = diff(&[], &a, &b);
    assert_eq!(code, 1);
    assert_eq!(out, "~ $.config.lr: 0.1 -> 0.2\n~ $.rows[1]: 2 -> 7\n- $.rows[2]: 3\n- $.old: 5\n+ $.new: {\"k\":1}\n");
    assert_eq!(diff(&[], &a, &a), (0, String::new()));
    assert_eq!(diff(&["-q"], &a, &b), (1, String::new()));
    assert_eq!(diff(&["-p", "$.config"], &a, &b).1, "~ $.config.lr: 0.1 -> 0.2\n");
    assert_eq!(diff(&["-p", "$.config.name"], &a, &b).0, 0);
    assert_eq!(diff(&["-p", "$.nowhere"], &a, &b).0, 2);
    assert_eq!(diff(&["-p", "$.config", "--tolerance", "0.2"], &a, &b), (0, String::new()));
    assert_eq!(diff(&["-p", "$.config", "--relative", "0.6"], &a, &b), (0, String::new()));
    let (code, out) = diff(&["--json"], &a, &b);
    assert_eq!(code, 1);
    let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(first, serde_json::json!({"path": "$.config.lr", "change": "changed", "a": 0.1, "b": 0.2}));
    assert_eq!(out.lines().count(), 5);
}

#[test]
fn the_order_of_sets_and_keys_is_no_difference() {
    let folder = Folder::new();
    let a = folder.bytes("a", b"\x80\x04\x8f(K\x01\x8c\x01x\x8c\x01y\x90.");
    let b = folder.bytes("b", b"\x80\x04\x8f(\x8c\x01y\x8c\x01xK\x01\x90.");
    // As Python 2 writes it, and with an item less.
    let c = folder.bytes("c", b"c__builtin__\nset\n((lS'y'\naS'x'\naI1\natR.");
    let d = folder.bytes("d", b"\x80\x04\x8f(\x8c\x01y\x8c\x01z\x90.");
    assert_eq!(diff(&[], &a, &b), (0, String::new()));
    assert_eq!(diff(&[], &a, &c), (0, String::new()));
    assert_eq!(diff(&[], &a, &d), (1, "- $[0]: 1\n- $[1]: \"x\"\n+ $[1]: \"z\"\n".to_owned()));
    // Types that JSON does not tell apart.
    let tuple = folder.bytes("tuple", b"\x80\x02K\x01\x85.");
    let list = folder.bytes("list", b"\x80\x02]K\x01a.");
    assert_eq!(diff(&[], &tuple, &list), (1, "~ $: type tuple -> list\n".to_owned()));
    let (one, float, text) = (folder.bytes("1", b"I1\n."), folder.bytes("2", b"F1\n."), folder.bytes("3", b"V1\n."));
    assert_eq!(diff(&[], &one, &float).0, 1);
    assert_eq!(diff(&["-t", "0.1"], &one, &float).0, 0);
    assert_eq!(diff(&["-t", "0.1"], &one, &text), (1, "~ $: 1 -> \"1\"\n".to_owned()));
    let nan = folder.bytes("nan", b"Fnan\n.");
    assert_eq!(diff(&[], &nan, &nan).0, 0);
    // Of equal keys the last counts.
    let twice = folder.bytes("twice", b"\x80\x02}(K\x01K\x02K\x01K\x03u.");
    let once = folder.bytes("once", b"\x80\x02}K\x01K\x03s.");
    assert_eq!(diff(&[], &twice, &once), (0, String::new()));
}

#[test]
fn arrays_by_cells() {
    let folder = Folder::new();
    let array = |name: &str, data: &str| {
        folder.json(name, &format!(r#"{{"w": {{"$ndarray": "float64", "$shape": [2, 3], "$data": {data}}}}}"#))
    };
    let a = array("a", "[[1, 2, 3], [4, 5, 6]]");
    let b = array("b", "[[1, 2, 3.5], [4, 7, 6]]");
    assert_eq!(diff(&[], &a, &a).0, 0);
    let (code, out) = diff(&[], &a, &b);
    assert_eq!((code, out.as_str()), (1, "~ $.w: 2 of 6 cells differ, the most by 2 at [1, 1]: 5.0 -> 7.0\n"));
    assert_eq!(diff(&["-t", "0.5"], &a, &b).1, "~ $.w: 1 of 6 cells differ, the most by 2 at [1, 1]: 5.0 -> 7.0\n");
    assert_eq!(diff(&["-t", "2"], &a, &b), (0, String::new()));
    let flat = folder.json("flat", r#"{"w": {"$ndarray": "float64", "$shape": [6], "$data": [1, 2, 3, 4, 5, 6]}}"#);
    assert_eq!(diff(&[], &a, &flat), (1, "~ $.w: shape (2, 3) -> (6,)\n".to_owned()));
    // Many cells: more than are compared at once.
    for len in [0usize, 1, 255, 256, 65_535, 65_536, 100_001] {
        let data = |last: i64| {
            let numbers = (0..len).map(|i| if i + 1 == len { last } else { i as i64 % 7 }.to_string());
            let numbers = numbers.collect::<Vec<_>>().join(",");
            format!(r#"{{"$ndarray": "int16", "$shape": [{len}], "$data": [{numbers}]}}"#)
        };
        let (a, b) = (folder.json("many", &data(9)), folder.json("other", &data(-9)));
        let (code, out) = diff(&[], &a, &b);
        if len == 0 {
            assert_eq!((code, out), (0, String::new()));
        } else {
            let at = len - 1;
            assert_eq!(out, format!("~ $: 1 of {len} cells differ, the most by 18 at [{at}]: 9 -> -9\n"));
        }
    }
}

#[test]
fn frames_and_protocols() {
    let folder = Folder::new();
    let frame = examples().join("frame.pkl");
    let other = folder.0.path().join("frame2.pkl");
    let (code, _, error) =
        pickle(&["convert", frame.to_str().unwrap(), "-o", other.to_str().unwrap(), "--protocol", "2"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(diff(&[], &frame, &other), (0, String::new()));
    let model = examples().join("model.pkl");
    assert_eq!(diff(&[], &model, &model), (0, String::new()));
    assert_eq!(diff(&["-q"], &model, &frame).0, 1);
}

#[test]
fn many_pickles_long_text_and_what_follows() {
    let folder = Folder::new();
    let a = folder.bytes("a", b"I1\n.I2\n.I3\n.");
    let b = folder.bytes("b", b"I1\n.I5\n.");
    assert_eq!(diff(&[], &a, &b), (1, "~ pickle number 2: $: 2 -> 5\n- pickle number 3: $: 3\n".to_owned()));
    let long = |end: &str| [b"V".as_slice(), &vec![b'x'; 70_000], end.as_bytes(), b"\n."].concat();
    let (x, y) = (folder.bytes("x", &long("one")), folder.bytes("y", &long("two")));
    let (code, out) = diff(&[], &x, &y);
    assert_eq!(code, 1);
    assert_eq!(out, "~ $: from character 70000 on \"one\" (70003 characters) -> \"two\" (70003 characters)\n");
    // Nothing that was not compared passes for equal.
    let garbage = folder.bytes("garbage", b"I1\n.\xff\xff\xff");
    let (code, text) = diff(&[], &garbage, &garbage);
    assert_eq!(code, 2);
    assert!(text.contains("what follows the pickles from byte 4 on"), "{text}");
    let cut = folder.bytes("cut", b"(lp0\nI1\naI2\n");
    assert_eq!(diff(&[], &cut, &cut).0, 2);
    assert_eq!(diff(&[], &cut, &folder.0.path().join("missing")).0, 2);
}

#[test]
fn values_that_hold_themselves_and_deep_ones() {
    let folder = Folder::new();
    let a = folder.bytes("a", b"\x80\x02]q\x00h\x00a.");
    let b = folder.bytes("b", b"\x80\x02]q\x00(h\x00K\x01e.");
    assert_eq!(diff(&[], &a, &a).0, 0);
    assert_eq!(diff(&[], &a, &b), (1, "+ $[1]: 1\n".to_owned()));
    let deep = |inner: &[u8]| [vec![b']'; 100_000], inner.to_vec(), vec![b'a'; 100_000], b".".to_vec()].concat();
    let (x, y) = (folder.bytes("x", &deep(b"I1\n")), folder.bytes("y", &deep(b"I2\n")));
    assert_eq!(diff(&[], &x, &x).0, 0);
    let (code, out) = diff(&[], &x, &y);
    assert_eq!(code, 1);
    assert!(out.ends_with("[0]: 1 -> 2\n"));
}

#[test]
fn members_of_archives() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let (zip, other) = (data.join("bzip2.zip"), data.join("lzma.zip"));
    assert_eq!(diff(&[], &zip, &zip), (0, String::new()));
    assert_eq!(diff(&[], &zip, &other), (0, String::new()), "only their compression differs");
    let folder = Folder::new();
    let plain = folder.bytes("plain", b"I1\n.");
    let (code, out) = diff(&[], &plain, &zip);
    assert_eq!((code, out.as_str()), (1, "~ file pickles -> a zip file\n"));
}

#[test]
fn grep_finds_keys_values_and_classes() {
    let folder = Folder::new();
    let file = folder.json("a", r#"{"user": {"name": "Ada", "id": 1815}, "tags": ["x", "Ada's"], "a key": null}"#);
    let path = file.to_str().unwrap();
    let grep = |arguments: &[&str]| {
        let mut all = vec!["grep"];
        all.extend(arguments);
        all.push(path);
        let (code, out, error) = pickle(&all);
        (code, out.replace(path, "F") + &error)
    };
    assert_eq!(grep(&["Ada"]), (0, "F: $.user.name: \"Ada\"\nF: $.tags[1]: \"Ada's\"\n".to_owned()));
    assert_eq!(grep(&["-x", "Ada"]), (0, "F: $.user.name: \"Ada\"\n".to_owned()));
    assert_eq!(grep(&["-i", "ada$"]), (0, "F: $.user.name: \"Ada\"\n".to_owned()));
    assert_eq!(grep(&["1815"]), (0, "F: $.user.id: 1815\n".to_owned()));
    assert_eq!(grep(&["--keys", "key"]), (0, "F: $[\"a key\"]: null\n".to_owned()));
    assert_eq!(grep(&["--values", "user"]), (1, String::new()));
    assert_eq!(grep(&["-c", "."]), (0, "F: 7\n".to_owned()));
    assert_eq!(grep(&["-l", "."]), (0, "F\n".to_owned()));
    assert_eq!(grep(&["-m", "1", "Ada"]).1.lines().count(), 1);
    assert_eq!(grep(&["-q", "Ada"]), (0, String::new()));
    assert_eq!(grep(&["-F", "."]), (1, String::new()));
    assert_eq!(grep(&["("]).0, 2);
    // Every path is one that `get` takes.
    for line in grep(&["."]).1.lines() {
        let place = line.split(": ").nth(1).unwrap();
        assert_eq!(pickle(&["get", path, place]).0, 0, "{line}");
    }
    let model = examples().join("model.pkl");
    let (code, out, _) = pickle(&["grep", "--classes", "^sklearn", model.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(out.contains("$: sklearn."), "{out}");
    // Trouble with one file: what others have is printed all the same.
    let missing = folder.0.path().join("missing");
    let (code, out, error) = pickle(&["grep", "Ada", missing.to_str().unwrap(), path]);
    assert_eq!((code, out.lines().count()), (2, 2));
    assert!(error.contains("no such file"));
    let cut = folder.bytes("cut", b"(lp0\nVAda\naI2\n");
    let (code, out, _) = pickle(&["grep", "Ada", cut.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(out.contains("$[0]: \"Ada\""), "{out}");
}

/// What each value takes does not grow with the file around it, whichever verb writes value after value.
#[test]
fn many_values_take_no_time_of_their_square() {
    let folder = Folder::new();
    let rows: String = (0..40_000).map(|row| format!("{},{row}]", if row == 0 { "[[0" } else { ",[0" })).collect();
    let file = folder.json("rows", &format!("{rows}]"));
    let path = file.to_str().unwrap();
    let start = std::time::Instant::now();
    let (code, out, _) = pickle(&["grep", "^39999$", path]);
    assert_eq!((code, out.lines().count()), (0, 1));
    assert_eq!(pickle(&["get", path, "$[*]"]).1.lines().count(), 40_000);
    // Far from the minutes that it took.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn the_helpers_of_old_protocols_are_no_difference() {
    let folder = Folder::new();
    let old = folder.bytes("old", b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtRI7\nb.");
    let new = folder.bytes("new", b"\x80\x02cm\nC\n)\x81K\x07b.");
    assert_eq!(diff(&[], &old, &new), (0, String::new()));
    let other = folder.bytes("other", b"\x80\x02cm\nC\nK\x01\x85\x81K\x08b.");
    assert_eq!(diff(&[], &old, &other), (1, "~ $@state: 7 -> 8\n+ $@args[0]: 1\n".to_owned()));
    // A sparse matrix is a known type, and an object for all that.
    let parts = b"}(X\x06\0\0\0_shapeK\x03K\x04\x86X\x04\0\0\0dataNub.";
    let matrix = |begin: &[u8]| [begin, &parts[..]].concat();
    let old = matrix(b"ccopy_reg\n_reconstructor\n(cscipy.sparse._csr\ncsr_matrix\nc__builtin__\nobject\nNtR");
    let old = folder.bytes("old", &old);
    let new = folder.bytes("new", &matrix(b"\x80\x02cscipy.sparse._csr\ncsr_matrix\n)\x81"));
    assert_eq!(diff(&[], &old, &new), (0, String::new()));
}

/// Python 3 writes the names of Python 2 up to protocol 2, and maps them back when it reads.
#[test]
fn names_of_python_2_are_no_difference() {
    let folder = Folder::new();
    let same: [(&[u8], &[u8]); 6] = [
        (b"\x80\x02cexceptions\nValueError\nX\x01\0\0\0x\x85R.", b"\x80\x03cbuiltins\nValueError\nX\x01\0\0\0x\x85R."),
        (b"\x80\x02c__builtin__\nlong\n.", b"\x80\x04\x8c\x08builtins\x8c\x03int\x93."),
        (b"\x80\x02citertools\nimap\n.", b"\x80\x03cbuiltins\nmap\n."),
        (b"\x80\x02c__builtin__\nreduce\n.", b"\x80\x03c_functools\nreduce\n."),
        (b"\x80\x02cexceptions\nOSError\nK\x02\x85R.", b"\x80\x03cbuiltins\nFileNotFoundError\nK\x02\x85R."),
        (b"\x80\x02}c__builtin__\nunicode\nK\x01s.", b"\x80\x03}cbuiltins\nstr\nK\x01s."),
    ];
    for (nth, (old, new)) in same.into_iter().enumerate() {
        let (a, b) = (folder.bytes("a", old), folder.bytes("b", new));
        assert_eq!(diff(&[], &a, &b), (0, String::new()), "{nth}");
    }
    // An int of a subclass, as protocols 0 and 2 have it.
    let int = b"ccopy_reg\n_reconstructor\n(cm\nI\nc__builtin__\nint\nI3\ntR.";
    let (a, b, c) = (
        folder.bytes("a", int),
        folder.bytes("b", b"\x80\x02cm\nI\nK\x03\x85\x81."),
        folder.bytes("c", b"\x80\x02cm\nI\nK\x04\x85\x81}X\x01\0\0\0aK\x01sb."),
    );
    assert_eq!((diff(&[], &a, &b), diff(&[], &b, &a)), ((0, String::new()), (0, String::new())));
    assert_eq!(diff(&[], &a, &c), (1, "~ $@args[0]: 3 -> 4\n+ $.a: 1\n".into()));
    let (a, b) = (
        folder.bytes("a", b"\x80\x03cbuiltins\nPermissionError\n)R."),
        folder.bytes("b", b"\x80\x03cbuiltins\nFileNotFoundError\n)R."),
    );
    assert_eq!(diff(&[], &a, &b).1, "~ $: type PermissionError -> FileNotFoundError\n");
    // JSON has the names as they stand.
    let old = folder.bytes("old", b"\x80\x02c__builtin__\nlong\n.");
    assert_eq!(pickle(&["json", "-l", old.to_str().unwrap()]).1, "{\"$global\":\"__builtin__.long\"}\n");
}

/// A state without names that stands beside arguments: of partials, iterators, random generators.
#[test]
fn states_beside_arguments_are_compared_and_searched() {
    let folder = Folder::new();
    let partial = |n: u8| {
        let head = b"\x80\x04cfunctools\npartial\ncbuiltins\npow\n\x85R(cbuiltins\npow\nK\x02K";
        [&head[..], &[n], b"\x86}Ntb."].concat()
    };
    let (a, b) = (folder.bytes("a", &partial(3)), folder.bytes("b", &partial(4)));
    assert_eq!(diff(&[], &a, &b), (1, "~ $@state[1][1]: 3 -> 4\n".into()));
    assert_eq!(diff(&[], &a, &a).0, 0);
    let object = |n: u8| [b"\x80\x04cm\nR\nK\x01\x85R](K\x05K", &[n][..], b"eb."].concat();
    let (a, b) = (folder.bytes("a", &object(2)), folder.bytes("b", &object(3)));
    assert_eq!(diff(&[], &a, &b), (1, "~ $@state[1]: 2 -> 3\n".into()));
    let (code, out, _) = pickle(&["grep", "-x", "3", b.to_str().unwrap()]);
    assert_eq!((code, out.split_once(": ").unwrap().1), (0, "$@state[1]: 3\n"));
    assert_eq!(pickle(&["get", b.to_str().unwrap(), "$@state[1]"]).1, "3\n");
}

/// `array.array` lists its items up to protocol 2 and packs them from then on.
#[test]
fn listed_and_packed_arrays() {
    let folder = Folder::new();
    let listed = |a: f64, b: f64| {
        let numbers = [&b"G"[..], &a.to_be_bytes(), b"G", &b.to_be_bytes()].concat();
        [b"\x80\x02carray\narray\nX\x01\0\0\0d](", &numbers[..], b"e\x86R."].concat()
    };
    let packed = |a: f64, b: f64| {
        let numbers = [a.to_le_bytes(), b.to_le_bytes()].concat();
        let head = b"\x80\x04carray\n_array_reconstructor\n(carray\narray\nX\x01\0\0\0dK\x10C\x10";
        [&head[..], &numbers, b"tR."].concat()
    };
    let (a, b) = (folder.bytes("a", &listed(1.0, 0.1)), folder.bytes("b", &packed(1.0, 0.1)));
    assert_eq!(diff(&[], &a, &b), (0, String::new()));
    for options in [&["json"][..], &["json", "-l"]] {
        let json = |file: &Path| pickle(&[options, &[file.to_str().unwrap()]].concat()).1;
        assert_eq!(json(&a), json(&b));
    }
    let c = folder.bytes("c", &packed(1.0, 0.6));
    assert_eq!(diff(&[], &a, &c).1, "~ $: 1 of 2 cells differ, the most by 0.5 at [1]: 0.1 -> 0.6\n");
    assert_eq!(diff(&["-t", "0.6"], &a, &c).0, 0);
}

/// A path that grep prints is one that get takes.
#[test]
fn paths_of_numpy_keys_can_be_used() {
    let folder = Folder::new();
    // {(int32(0), int32(1)): "x"} and {int64(7): "y", float64(1.5): "z"}, and a dict subclass with the first, made from a dict.
    let scalar = |code: &str, bytes: &[u8]| {
        let mut out = b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n".to_vec();
        out.extend([b'X', code.len() as u8, 0, 0, 0]);
        out.extend(code.bytes());
        out.extend(b"\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbC");
        out.push(bytes.len() as u8);
        out.extend(bytes);
        out.extend(b"\x86R");
        out
    };
    let pair = [scalar("i4", &0i32.to_le_bytes()), scalar("i4", &1i32.to_le_bytes()), b"\x86".to_vec()].concat();
    let held = [b"}", &pair[..], b"X\x01\0\0\0xs"].concat();
    let keys = [
        b"}".to_vec(),
        scalar("i8", &7i64.to_le_bytes()),
        b"X\x01\0\0\0ys".to_vec(),
        scalar("f8", &1.5f64.to_le_bytes()),
        b"X\x01\0\0\0zs".to_vec(),
    ]
    .concat();
    let derived = [b"ccopyreg\n_reconstructor\n(cm\nDok\ncbuiltins\ndict\n", &held[..], b"tR"].concat();
    for (held, paths) in [(held, &["$[(0, 1)]"][..]), (keys, &["$[7]", "$[1.5]"]), (derived, &["$[(0, 1)]"])] {
        let file = folder.bytes("a", &[b"\x80\x04", &held[..], b"."].concat());
        let name = file.to_str().unwrap();
        let (code, out, _) = pickle(&["grep", "--values", "^[xyz]$", name]);
        assert_eq!(code, 0);
        let found: Vec<&str> = out.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
        assert_eq!(found, paths);
        for path in paths.iter().chain(&["$@value[0]"]) {
            let (code, out, error) = pickle(&["get", name, path]);
            assert_eq!((code, out.len()), (0, 4), "{path}: {error}");
        }
    }
}

/// What the text of a value does not tell.
#[test]
fn what_values_mean_beside_their_text() {
    let folder = Folder::new();
    let zone = |name: &str| format!("cdatetime\ntimezone\ncdatetime\ntimedelta\nK\0M\x10\x0eK\0\u{87}R{name}R");
    let named = zone("X\x03\0\0\0CET\u{86}");
    let unnamed = zone("\u{85}");
    let time = |hour: &[u8]| [b"cdatetime\ntime\nC\x06", hour, b"\0\0\0\0\0\x85R"].concat();
    let bytes = |text: String| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    let record = |code: &str| {
        let plain = |code: &str| {
            format!(
                "cnumpy\ndtype\nX\x02\0\0\0{code}\u{89}\u{88}\u{87}R(K\x03X\x01\0\0\0<NNNJ\u{ff}\u{ff}\u{ff}\u{ff}J\u{ff}\u{ff}\u{ff}\u{ff}K\0tb"
            )
        };
        let fields = format!("}}X\x01\0\0\0a{}K\0\u{86}s", plain(code));
        let dtype = format!(
            "cnumpy\ndtype\nX\x02\0\0\0V4\u{89}\u{88}\u{87}R(K\x03X\x01\0\0\0|NX\x01\0\0\0a\u{85}{fields}K\x04K\x01K\x10tb"
        );
        bytes(format!(
            "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\u{85}C\x01b\u{87}R(K\x01K\x01\u{85}{dtype}\u{89}C\x04\0\0\0\0tb"
        ))
    };
    let derived =
        |n: u8| [&b"ccopyreg\n_reconstructor\n(cm\nI\ncbuiltins\nint\nK\x03tR}X\x01\0\0\0aK"[..], &[n], b"sb"].concat();
    let cases: Vec<(Vec<u8>, Vec<u8>, &str)> = vec![
        (
            b"ccollections\ndeque\n)K\x05\x86RK\x01a".to_vec(),
            b"ccollections\ndeque\n)RK\x01a".to_vec(),
            "~ $: maxlen 5 -> None\n",
        ),
        (
            b"ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R".to_vec(),
            b"ccollections\ndefaultdict\ncbuiltins\nint\n\x85R".to_vec(),
            "~ $: default_factory list -> int\n",
        ),
        (
            b"ccollections\nChainMap\n)\x81}X\x04\0\0\0maps](}K\x01K\x02s}esb".to_vec(),
            b"ccollections\nChainMap\n)\x81}X\x04\0\0\0maps]}K\x01K\x02sasb".to_vec(),
            "- $@state.maps[1]: {}\n",
        ),
        (time(b"\x81"), time(b"\x01"), "~ $: fold 1 -> 0\n"),
        (
            bytes(named),
            bytes(unnamed),
            "~ $: {\"$class\":\"datetime.timezone\",\"$args\":[{\"$seconds\":3600},\"CET\"]} -> {\"$class\":\"datetime.timezone\",\"$args\":[{\"$seconds\":3600}]}\n",
        ),
        (
            b"cpathlib\nPurePosixPath\nX\x01\0\0\0a\x85R".to_vec(),
            b"cpathlib\nPureWindowsPath\nX\x01\0\0\0a\x85R".to_vec(),
            "~ $: type PurePosixPath -> PureWindowsPath\n",
        ),
        (
            b"cpandas._libs.missing\nNA\n".to_vec(),
            b"cpandas._libs.tslibs.nattype\n_nat_unpickle\nN\x85R".to_vec(),
            "~ $: type NA -> NaT\n",
        ),
        (record("i4"), record("f4"), "~ $: dtype [[\"a\",\"int32\"]] -> [[\"a\",\"float32\"]]\n"),
        (derived(1), derived(2), "~ $.a: 1 -> 2\n"),
    ];
    for (a, b, wanted) in cases {
        let whole = |value: &[u8]| [b"\x80\x03", value, b"."].concat();
        let (a, b) = (folder.bytes("a", &whole(&a)), folder.bytes("b", &whole(&b)));
        assert_eq!(diff(&[], &a, &b), (1, wanted.to_owned()));
        assert_eq!(diff(&["--json"], &a, &b).0, 1);
        assert_eq!((diff(&[], &a, &a), diff(&[], &b, &b)), ((0, String::new()), (0, String::new())));
    }
}

/// Spellings of the same, which differ between protocols and libraries.
#[test]
fn spellings_of_protocols_are_no_difference() {
    let folder = Folder::new();
    let nested = b"c__builtin__\ngetattr\ncm\nOuter\nX\x05\0\0\0Inner\x86R";
    let instance = |class: &[u8]| [class, b")\x81}X\x01\0\0\0aK\x01sb"].concat();
    let text = b"X\x04\0\0\0x\xc3\xbfyX\x07\0\0\0latin-1\x86R";
    let cases: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (nested.to_vec(), b"\x8c\x01m\x8c\x0bOuter.Inner\x93".to_vec()),
        ([b"cm\nBA\n", &text[..]].concat(), b"cm\nBA\nC\x03x\xffy\x85R".to_vec()),
        (instance(b"ccommands\nCompletedProcess\n"), instance(b"csubprocess\nCompletedProcess\n")),
    ];
    for (nth, (a, b)) in cases.into_iter().enumerate() {
        let (a, b) = (
            folder.bytes("a", &[b"\x80\x02", &a[..], b"."].concat()),
            folder.bytes("b", &[b"\x80\x04", &b[..], b"."].concat()),
        );
        assert_eq!(diff(&[], &a, &b), (0, String::new()), "{nth}");
        assert_eq!(diff(&[], &b, &a), (0, String::new()), "{nth}");
    }
}

/// Frames and series of tests/data/cells/pairs: each pair differs in one thing, and is found to.
#[test]
fn frames_that_differ_in_one_thing() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cells/pairs");
    let mut seen = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix("_a.pkl") else { continue };
        let [a, b] = ["a", "b"].map(|which| folder.join(format!("{name}_{which}.pkl")));
        let (code, out) = diff(&[], &a, &b);
        assert!(code == 1 && !out.is_empty(), "{name}: {code} {out}");
        for one in [&a, &b] {
            assert_eq!(diff(&[], one, one), (0, String::new()), "{name}");
        }
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
    let said = |name: &str| diff(&[], &folder.join(format!("{name}_a.pkl")), &folder.join(format!("{name}_b.pkl"))).1;
    assert_eq!(said("frequency"), "~ $: frequency of the index 2 Day D -> None\n");
    assert_eq!(said("levels_dtype"), "~ $: dtype of the index int64, string -> int32, string\n");
    assert_eq!(said("labels_levels_dtype"), "~ $: dtype of the labels of the columns int64, string -> int32, string\n");
    assert_eq!(said("list_items"), "~ $.k[0][1]: 2 -> 3\n");
    assert_eq!(said("dict_in_list"), "~ $.k[0][0].a: 1 -> 2\n");
}

/// What a tensor is beside its form and its storage.
#[test]
fn tensors_that_are_trained() {
    let folder = Folder::new();
    let storage = b"((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\x06tQK\0K\x02K\x03\x86K\x03K\x01\x86";
    let tensor = |trained: &[u8], hooks: &[u8]| {
        [&b"ctorch._utils\n_rebuild_tensor_v2\n"[..], storage, trained, hooks, b"tR"].concat()
    };
    let frozen = tensor(b"\x89", b"ccollections\nOrderedDict\n)R");
    let parameter = |trained: &[u8]| {
        [&b"ctorch._utils\n_rebuild_parameter\n("[..], &frozen, trained, b"ccollections\nOrderedDict\n)RtR."].concat()
    };
    let whole = |tensor: Vec<u8>| [tensor, b".".to_vec()].concat();
    let plain = folder.bytes("plain", &whole(frozen.clone()));
    let trained = folder.bytes("trained", &whole(tensor(b"\x88", b"ccollections\nOrderedDict\n)R")));
    let hooked = folder.bytes("hooked", &whole(tensor(b"\x89", b"ccollections\nOrderedDict\n)RK\x01K\x02s")));
    assert_eq!(diff(&[], &plain, &plain), (0, String::new()));
    assert_eq!(diff(&[], &plain, &trained), (1, "~ $: requires_grad None -> true\n".to_owned()));
    assert_eq!(diff(&[], &plain, &hooked).0, 1);
    let (a, b) = (folder.bytes("a", &parameter(b"\x88")), folder.bytes("b", &parameter(b"\x89")));
    assert_eq!(diff(&[], &a, &b), (1, "~ $: requires_grad of the parameter true -> None\n".to_owned()));
    let attribute = whole([frozen, b"}Vtag\nK\x01sb".to_vec()].concat());
    assert_eq!(diff(&[], &plain, &folder.bytes("tagged", &attribute)).0, 1);
}

/// A class in a class, and what is of it, is the same for protocol 2 and 4.
#[test]
fn classes_in_classes_are_no_difference() {
    let folder = Folder::new();
    let old = |class: &str, rest: &[u8]| {
        let path: Vec<&str> = class.split('.').collect();
        let mut bytes = b"\x80\x02".to_vec();
        path[1..].iter().for_each(|_| bytes.extend(b"c__builtin__\ngetattr\n"));
        bytes.extend(format!("capp\n{}\n", path[0]).bytes());
        for name in &path[1..] {
            bytes.extend(b"X");
            bytes.extend((name.len() as u32).to_le_bytes());
            bytes.extend(name.bytes());
            bytes.extend(b"\x86R");
        }
        bytes.extend(rest);
        bytes
    };
    let new = |class: &str, rest: &[u8]| {
        let name = [&[0x8c, class.len() as u8][..], class.as_bytes()].concat();
        [&b"\x80\x04\x8c\x03app"[..], &name, b"\x93", rest].concat()
    };
    for class in ["Outer.Inner", "A.B.C", "A.B.C.D.E.F"] {
        for rest in [&b"."[..], b")\x81}X\x01\0\0\0aK\x01sb.", b")\x81(K\x01K\x02e.", b"K\x05\x85\x81.", b")R."] {
            let (a, b) = (folder.bytes("a", &old(class, rest)), folder.bytes("b", &new(class, rest)));
            assert_eq!(diff(&[], &a, &b), (0, String::new()), "{class} {}", rest.escape_ascii());
            let other = folder.bytes("c", &new("A.X", rest));
            assert_eq!(diff(&[], &a, &other).0, 1, "{class} {}", rest.escape_ascii());
        }
    }
}
