//! Paths: what they find, what messages say, and that the printed path of a value finds that very value.

use pickle_core::known::Data;
use pickle_core::view::{Attributes, Located, View};
use pickle_core::{Document, Found, Heap, ItemOptions, ItemReader, Options, Unpickler, Value, ValuePath};
use std::path::PathBuf;

fn check(pickle: &[u8], test: impl FnOnce(Document<'_>)) {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    test(unpickler.load(pickle).unwrap());
}

fn ints(document: &Document<'_>, path: &str) -> Vec<i64> {
    let found = document.root().find_all(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    found.iter().filter_map(|value| value.as_i64()).collect()
}

#[test]
fn keys_of_every_kind() {
    let pickle = b"}(K\x07K\x01J\xff\xff\xff\xffK\x02K\x01K\x02\x86K\x03C\x04dataK\x04G?\xf8\0\0\0\0\0\0K\x05NK\x06\x88K\x08X\x05\0\0\0a \"'\nK\x09u.";
    check(pickle, |document| {
        let paths = ["$[7]", "$[-1]", "$[(1, 2)]", "$[b'data']", "$[1.5]", "$[None]", "$[True]", r#"$["a \"'\n"]"#];
        for (path, int) in paths.iter().zip([1, 2, 3, 4, 5, 6, 8, 9]) {
            assert_eq!(document.find(path).and_then(|value| value.as_i64()), Some(int), "{path}");
        }
        assert!(document.find("$[(1, 2, 3)]").is_none() && document.find("$[(1,)]").is_none());
    });
}

/// What is too large for a literal is no other key, NaN is one whatever its sign, and messages show keys as paths have them.
#[test]
fn keys_that_are_not_the_one() {
    // {2**160: 1, 2**168: 2, nan: 3, (1, 'a'): 5, b'by': 6, frozenset(): 7, 'a\n': 8, None: 9}
    let large = |bytes: u8| [&[0x8a, bytes + 1][..], &vec![0; usize::from(bytes)], &[1]].concat();
    let pickle = [
        &b"\x80\x04}("[..],
        &large(20),
        b"K\x01",
        &large(21),
        b"K\x02G\x7f\xf8\0\0\0\0\0\0K\x03K\x01X\x01\0\0\0a\x86K\x05C\x02byK\x06(\x91K\x07X\x02\0\0\0a\nK\x08NK\x09u.",
    ]
    .concat();
    check(&pickle, |document| {
        let message = |path: &str| document.root().at_path(path).unwrap_err().to_string();
        let there =
            "$ exists and has keys @key[0], @key[1], @key[2], [(1, \"a\")], [b\"by\"], @key[5], @key[6], [None]";
        for wrong in
            ["$[1461501637330902918203684832716283019655932542976]", "$[7]", "$[(1, 'b')]", "$[b'b']", "$[True]"]
        {
            let missing = wrong.trim_start_matches('$');
            assert_eq!(message(wrong), format!("{there}; there is no {missing}"));
        }
        let places =
            ["$@value[0]", "$@value[1]", "$[nan]", "$[(1, 'a')]", "$[b'by']", "$@value[5]", "$[\"a\\n\"]", "$[None]"];
        for (path, int) in places.iter().zip([1, 2, 3, 5, 6, 7, 8, 9]) {
            assert_eq!(document.find(path).and_then(|value| value.as_i64()), Some(int), "{path}");
        }
        assert_eq!(document.find("$@key[5]").map(|key| key.kind()), Some(pickle_core::Kind::FrozenSet));
    });
    check(b"}G\xff\xf8\0\0\0\0\0\0K\x04s.", |document| {
        assert_eq!(document.find("$[nan]").and_then(|value| value.as_i64()), Some(4));
    });
}

#[test]
fn through_what_is_like_a_dict() {
    // {"od": OrderedDict(a=1), "nt": Pair(2, 3), "ob": object with x=4}
    let pickle = b"}(X\x02\0\0\0odccollections\nOrderedDict\n)RX\x01\0\0\0aK\x01sX\x02\0\0\0ntcm\nPair\n(K\x02K\x03t\x81X\x02\0\0\0obcm\nC\n)\x81}X\x01\0\0\0xK\x04sbu.";
    check(pickle, |document| {
        for (path, int) in
            [("$.od.a", 1), ("od.a", 1), ("/od/a", 1), ("$.nt[1]", 3), ("$.nt@args[0]", 2), ("$.ob.x", 4)]
        {
            assert_eq!(document.find(path).and_then(|value| value.as_i64()), Some(int), "{path}");
        }
        assert_eq!(ints(&document, "$..a"), [1]);
        assert_eq!(ints(&document, "$.*[*]"), [1, 2, 3, 4]);
        let message = |path: &str| document.root().at_path(path).unwrap_err().to_string();
        assert_eq!(message("$.od.c"), "$.od exists and has the key a; there is no .c");
        assert_eq!(message("$.ob.y.z"), "$.ob exists and has the attribute x; there is no .y");
        assert_eq!(message("$.nt[5]"), "$.nt exists and has 2 fields; there is no [5]");
        assert_eq!(message("$.zz"), "$ exists and has keys od, nt, ob; there is no .zz");
        assert_eq!(message("$.od.a.b"), "$.od.a exists and is an int; there is no .b");
        assert!(message("$.od[").contains("is not a valid path"), "{}", message("$.od["));
    });
}

#[test]
fn slices_as_python_has_them() {
    check(b"](K\0K\x01K\x02K\x03K\x04e.", |document| {
        let cases: [(&str, &[i64]); 9] = [
            ("$[1:3]", &[1, 2]),
            ("$[:2]", &[0, 1]),
            ("$[-2:]", &[3, 4]),
            ("$[::2]", &[0, 2, 4]),
            ("$[::-1]", &[4, 3, 2, 1, 0]),
            ("$[3:0:-2]", &[3, 1]),
            ("$[-100:2]", &[0, 1]),
            ("$[*]", &[0, 1, 2, 3, 4]),
            ("0", &[0]),
        ];
        for (path, expected) in cases {
            assert_eq!(ints(&document, path), expected, "{path}");
        }
        assert!(document.root().find_all("$[9:]").is_err());
    });
}

/// Messages tell what is there inside a table, too: its rows, columns and labels are no values of their own.
#[test]
fn messages_inside_tables() {
    for name in ["df_pd024.pkl", "df_pd3.pkl"] {
        let pickle = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cases").join(name));
        check(&pickle.unwrap(), |document| {
            let columns = "the columns id, temp, name, at, ok, n, cat";
            for (path, message) in [
                ("$.zzz", format!("$ exists and has 3 rows and {columns}; there is no .zzz")),
                ("$[3]", format!("$ exists and has 3 rows and {columns}; there is no [3]")),
                ("$[1].zzz", format!("$[1] exists and is a row with {columns}; there is no .zzz")),
                ("$[1].zzz.more[0]", format!("$[1] exists and is a row with {columns}; there is no .zzz")),
                ("$[1]", format!("$[1] exists and is a row with {columns}, and no value of the pickle")),
                ("$.id[9]", "$.id exists and has 3 values; there is no [9]".to_owned()),
                ("$@index[9]", "$@index exists and has 3 values; there is no [9]".to_owned()),
                ("$[1].id.x", "$[1].id exists and is an int; there is no .x".to_owned()),
                ("$[1].name.x", "$[1].name exists and is text; there is no .x".to_owned()),
                ("$[1].at.x", "$[1].at exists and is a cell; there is no .x".to_owned()),
            ] {
                let error = document.root().at_path(path).map(|_| ()).unwrap_err();
                assert_eq!(error.to_string(), message, "{name}");
            }
            let all = document.root().find_all("$[*].zzz").map(|_| ()).unwrap_err().to_string();
            assert_eq!(all, format!("$[*] exists and is a row with {columns}; there is no .zzz"));
        });
    }
}

/// A set that is spelled as a call has the items of its list.
#[test]
fn items_of_calls() {
    let spelled: [(&[u8], u64); 7] = [
        (b"c__builtin__\nset\n(](K\x01K\x02K\x03etR.", 3),
        (b"ccollections\nOrderedDict\n(](](K\x01K\x02e](K\x03K\x04eetR.", 2),
        (b"ccollections\nCounter\n(}K\x01K\x02stR.", 1),
        (b"ccollections\ndeque\n(](K\x01K\x02etR.", 2),
        (b"c__builtin__\nfrozenset\n(]tR.", 0),
        // The fields of a namedtuple.
        (b"cm\nPair\n(K\x01K\x02t\x81.", 2),
        (b"ccopy_reg\n_reconstructor\n(cm\nPair\nc__builtin__\ntuple\n(K\x01K\x02ttR.", 2),
    ];
    for (pickle, count) in spelled {
        let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
        let mut input = pickle;
        while reader.feed(&mut input).unwrap() == Found::Item {}
        assert_eq!(reader.count(), count, "{}", String::from_utf8_lossy(pickle));
    }
}

fn pickles(folder: PathBuf, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            pickles(path, files);
        } else if path.extension().is_some_and(|ext| ext == "pickle" || ext == "pkl") {
            files.push(path);
        }
    }
}

/// What a view says that it has, and how many of it come.
fn counted(value: Value<'_>) -> Vec<(&'static str, usize, usize)> {
    let attributes = |it: Attributes<'_>| ("attributes", it.len(), it.count());
    let mut counts = match value.view() {
        View::Sequence(it) => vec![("items", it.items.len(), it.items.count()), attributes(it.attributes)],
        View::Set(it) => vec![("items", it.items.len(), it.items.count()), attributes(it.attributes)],
        View::Mapping(it) => vec![("pairs", it.pairs.len(), it.pairs.count()), attributes(it.attributes)],
        View::Record(it) => {
            let fields = it.positional();
            vec![("fields", fields.len(), fields.count()), attributes(it.attributes)]
        }
        View::Partial(it) => vec![("arguments", it.args.len(), it.args.count()), attributes(it.attributes)],
        View::Bytes(it) | View::ByteArray(it) => vec![("bytes", it.len(), it.count())],
        View::Scalar(dtype, it) => vec![("bytes", dtype.size as usize, it.count())],
        View::Array(it) => {
            let items = match it.data {
                Data::Bytes(octets) if it.dtype.size != 0 => octets.count() / it.dtype.size as usize,
                Data::Objects(list) if list.items().is_some() => list.items().into_iter().flatten().count(),
                _ => it.len().unwrap_or(0) as usize,
            };
            vec![("items", it.len().map_or(usize::MAX, |len| len as usize), items)]
        }
        _ => Vec::new(),
    };
    counts.extend(value.members().map(|members| ("members", members.len(), members.count())));
    counts
}

/// For every value of every file the printed path finds that very value, and its view counts what it yields.
#[test]
fn printed_paths_are_found_and_views_count_what_they_have() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let corpus = std::env::var_os("PICKLE_CORPUS").map_or(root.join("../shared/corpus"), PathBuf::from);
    let mut files = Vec::new();
    pickles(root.join("tests/data"), &mut files);
    pickles(root.join("examples/data"), &mut files);
    let own = files.len();
    pickles(corpus.join("data"), &mut files);
    let read = |path: &PathBuf| std::fs::read(path).ok().filter(|bytes| bytes.len() <= 1 << 16);
    let files = files.into_iter().filter_map(|path| Some((path.display().to_string(), read(&path)?)));
    let table = std::fs::read_to_string(root.join("tests/data/views/views.tsv")).unwrap();
    let views = table.lines().map(|line| {
        let (name, hex) = (line.split('\t').next().unwrap_or_default(), line.rsplit('\t').next().unwrap_or_default());
        let bytes = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap());
        (name.to_owned(), bytes.collect())
    });
    let (mut values, mut counts, mut wrong) = (0u64, 0u64, Vec::new());
    for (file, bytes) in files.chain(views) {
        let mut unpickler = Unpickler::new(Heap::new(), Options::new());
        let Ok(document) = unpickler.load(&bytes) else { continue };
        // Each lookup walks its containers: of large files the first values stand for all.
        for Located { value, path } in document.paths().into_iter().take(2000) {
            values += 1;
            assert!(ValuePath::new(&path).is_valid() || path.len() > 4096, "{file}: {path}");
            for (what, says, has) in counted(value) {
                counts += 1;
                if says != has {
                    wrong.push(format!("{file}: {path} says {says} {what} and has {has}"));
                }
            }
            if path.len() < 4096 && document.find(&path).is_none_or(|found| found.node() != value.node()) {
                wrong.push(format!("{file}: {path}"));
            }
        }
    }
    assert!(own > 50 && values > 5000 && counts > 2000, "{own} {values} {counts}");
    assert!(wrong.is_empty(), "{} of {values}: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}
