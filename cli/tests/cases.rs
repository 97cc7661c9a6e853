//! What people do with their files: `tests/data/cases.py` makes such files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cases")
}

fn pickle(args: &[&str]) -> Output {
    let command =
        Command::new(env!("CARGO_BIN_EXE_pickle")).args(args).current_dir(data()).stdin(Stdio::null()).output();
    command.expect("the command runs")
}

/// What the command prints where all went well.
fn says(args: &[&str]) -> String {
    let output = pickle(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// What it says where it fails.
fn fails(args: &[&str]) -> String {
    let output = pickle(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The same with a pickle on standard input.
fn piped(args: &[&str], input: &[u8]) -> Output {
    use std::io::Write;
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    let mut child =
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // Who has enough closes the pipe.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

#[test]
fn keys_of_every_type_are_found() {
    for (path, value) in [
        ("$[7]", "\"seven\""),
        ("$[-1]", "\"minus\""),
        ("$[(1, 2)]", "\"edge\""),
        ("$[b'data']", "{\"$bytes\":\"AAE=\"}"),
        ("$[1.5]", "\"f\""),
        ("$[None]", "\"none\""),
        ("$[True]", "\"true?\""),
        ("$[1180591620717411303424]", "\"big\""),
        ("$[\"q\\\"x\"]", "2"),
        ("$[\"a.b\"]", "1"),
        ("$[\"\"]", "\"empty\""),
        ("$[0].boxes[1]", "[0.0,0.0,0.0,0.0]"),
        ("$.t@state[1].k[0]", "1"),
    ] {
        assert_eq!(says(&["get", "-i", "0", "keys.pkl", path]), value, "{path}");
    }
    assert_eq!(says(&["items", "keys.pkl", "-p", "$[0].boxes"]), "[0.0,0.0,0.0,0.0]\n[0.0,0.0,0.0,0.0]");
}

#[test]
fn paths_lead_through_what_is_like_a_dict_or_list() {
    for file in ["likes_p2.pkl", "likes_p4.pkl"] {
        for (path, value) in [
            ("$.od.a", "1"),
            ("$.dd.k[0]", "1"),
            ("$.cn.a", "2"),
            ("$.ed.k.z", "1"),
            ("$.ml[2].q", "3"),
            ("$.dq[1]", "2"),
            ("$.ud.a", "1"),
            ("$.ns.a", "5"),
            ("$.nt[1].w", "2"),
            ("$.cm.a", "1"),
        ] {
            assert_eq!(says(&["get", "-i", "0", file, path]), value, "{file} {path}");
        }
        // Whatever the protocol, JSON is the same.
        let json = says(&["json", "-i", "0", file]);
        assert!(json.contains("\"ud\":{\"a\":1}") && json.contains("\"cm\":{\"a\":1}"), "{json}");
        assert!(json.contains("\"ed\":{\"$class\":\"easydict.EasyDict\",\"$setitem\":{\"k\":{\"z\":1}}}"), "{json}");
        let shown = says(&["show", file]);
        for text in
            ["easydict.EasyDict({'k': {'z': 1}})", "m.MyList([1, 2, {'q': 3}])", "collections.UserDict({'a': 1})"]
        {
            assert!(shown.contains(text), "{shown}");
        }
    }
}

#[test]
fn containers_have_their_items_in_every_spelling() {
    for (file, path, items) in [
        ("set_p2.pkl", "$", &["\"a\"", "\"b\"", "\"c\""][..]),
        ("set_p4.pkl", "$", &["\"a\"", "\"b\"", "\"c\""]),
        ("insidedict_p2.pkl", "$.words", &["\"a\"", "\"b\"", "\"c\""]),
        ("insidedict_p2.pkl", "$.fs", &["1", "2"]),
        ("py2set_p0.pkl", "$", &["\"a\"", "\"b\""]),
        ("py2set_p2.pkl", "$", &["\"a\"", "\"b\""]),
        ("py2od_p0.pkl", "$", &["[\"k\",1]", "[\"l\",2]"]),
        ("py2od_p2.pkl", "$", &["[\"k\",1]", "[\"l\",2]"]),
        ("py2in_p0.pkl", "$.od", &["[\"k\",1]"]),
        ("py2in_p2.pkl", "$.s", &["\"a\""]),
        ("array_p2.pkl", "$", &["[0.0,1.0]", "[2.0,3.0]", "[4.0,5.0]"]),
        ("array_p4.pkl", "$", &["[0.0,1.0]", "[2.0,3.0]", "[4.0,5.0]"]),
        ("objarray_p2.pkl", "$", &["\"x\"", "[1,2]", "null"]),
        ("objarray_p4.pkl", "$", &["\"x\"", "[1,2]", "null"]),
    ] {
        let lines = says(&["items", file, "-p", path]);
        let mut lines: Vec<&str> = lines.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, items, "{file} {path}");
        assert_eq!(says(&["count", file, "-p", path]), items.len().to_string(), "{file} {path}");
    }
    assert!(fails(&["count", "--resync", "array_p4.pkl"]).contains("cannot be read with --resync"));
    // From a pipe, too; what cannot be told there is said.
    let array = std::fs::read(data().join("array_p2.pkl")).unwrap();
    assert_eq!(String::from_utf8(piped(&["count", "-"], &array).stdout).unwrap(), "3\n");
    let arrays = std::fs::read(data().join("arrays.pkl")).unwrap();
    let output = piped(&["count", "-", "-p", "$.fint"], &arrays);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("from a file instead of a pipe"), "{output:?}");
}

#[test]
fn rows_of_python_2_are_plain_text_in_csv() {
    for protocol in ["p0", "p2"] {
        let csv = |name: &str| says(&["items", "-f", "csv", &format!("{name}_{protocol}.pkl")]);
        let rows = "city,host,n\nZürich,web1,1\nKo\u{308}ln,\"web,2\",2\n\"{\"\"$bytes\"\":\"\"/w==\"\"}\",\"say \"\"hi\"\"\",";
        assert_eq!(csv("rows"), rows);
        assert_eq!(csv("tuples"), "web1,1,2.5\n\"a\nb\",2,1e+300");
        assert_eq!(csv("metrics"), "servers.web1.cpu,\"[1600000000,0.5]\"\nservers.web2.cpu,\"[1600000000,3]\"");
    }
}

#[test]
fn arrays_of_what_is_no_number() {
    let get = |path: &str| says(&["get", "-i", "0", "arrays.pkl", path]);
    let data = |path: &str| {
        let json: serde_json::Value = serde_json::from_str(&get(path)).unwrap();
        json["$data"].to_string()
    };
    assert_eq!(data("$.c"), "[[\"a\",1],[\"b\",null],[\"c\",2.5]]");
    // NumPy lists objects in C order, however they lie in memory.
    assert_eq!(data("$.f"), data("$.c"));
    assert_eq!(data("$.zero"), "\"x\"");
    assert_eq!(data("$.empty"), "[]");
    assert_eq!(data("$.U"), "[\"é\",\"ab\"]");
    assert_eq!(data("$.S"), "[\"x\",\"yz\"]");
    assert_eq!(
        data("$.rec"),
        "[{\"i\":1,\"x\":2.5,\"s\":\"ab\",\"u\":\"é\"},{\"i\":3,\"x\":\"NaN\",\"s\":\"\",\"u\":\"zz\"}]"
    );
    assert_eq!(data("$.dt"), "[\"2020-01-02T03:04:05\",null]");
    assert_eq!(data("$.td"), "[1,2]");
    assert_eq!(data("$.fint"), "[[0,1,2],[3,4,5]]");
    assert_eq!(get("$.c[1][0]"), "\"b\"");
    assert_eq!(get("$.f[2]"), "[\"c\",2.5]");
    assert_eq!(get("$.rec[1].u"), "\"zz\"");
    assert_eq!(get("$.rec.i"), "[1,3]");
    assert_eq!(get("$.fint[-1][0]"), "3");
    assert!(fails(&["get", "arrays.pkl", "$.fint[2]"]).contains("$.fint exists and is an array; there is no [2]"));
    assert_eq!(says(&["items", "-f", "csv", "arrays.pkl", "-p", "$.rec"]), "i,x,s,u\n1,2.5,ab,é\n3,NaN,,zz");
    assert_eq!(says(&["items", "-f", "csv", "arrays.pkl", "-p", "$.c"]), "a,1\nb,\nc,2.5");
    assert_eq!(says(&["tail", "-n", "1", "arrays.pkl", "-p", "$.fint"]), "[3,4,5]");
    for path in ["$.zero", "$.g"] {
        assert!(fails(&["count", "arrays.pkl", "-p", path]).contains("its rows cannot be read"));
    }
    let shown = says(&["show", "arrays.pkl"]);
    for text in ["[(1, 2.5, b'ab', 'é'), (3, nan, b'', 'zz')]", "[2020-01-02T03:04:05, NaT]", "[0, 1, 2, 3, 4, 5]"] {
        assert!(shown.contains(text), "{shown}");
    }
}

#[test]
fn json_of_arrays_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let back = folder.path().join("back.pkl");
    for name in
        ["c", "f", "zero", "empty", "rec", "dt", "td", "U", "S", "b", "cplx", "f2", "be", "fint", "u64", "nested"]
    {
        let json = says(&["get", "-i", "0", "arrays.pkl", &format!("$.{name}")]);
        let output = piped(&["from-json", "-", "-o", back.to_str().unwrap()], json.as_bytes());
        assert!(output.status.success(), "{name}: {output:?}");
        assert_eq!(says(&["json", "-i", "0", back.to_str().unwrap()]), json, "{name}");
    }
}

#[test]
fn frames_are_tables() {
    for file in ["df_pd024.pkl", "df_pd3.pkl"] {
        assert_eq!(says(&["count", file]), "3");
        let rows = says(&["items", file]);
        assert_eq!(rows.lines().count(), 3);
        assert_eq!(
            rows.lines().next(),
            Some(r#"{"id":1,"temp":20.5,"name":"a","at":"2020-01-01T00:00:00.000","ok":true,"n":7,"cat":"x"}"#)
        );
        let csv = "key,id,temp,name,at,ok,n,cat\n10,1,20.5,a,2020-01-01 00:00:00,True,7,x\n\
                   20,2,,b,2020-01-02 03:04:05,False,8,y\n30,3,22.0,,,True,9,x";
        assert_eq!(says(&["items", "-f", "csv", file]), csv);
        assert_eq!(says(&["head", "-n", "1", file]), rows.lines().next().unwrap());
        assert_eq!(says(&["tail", "-n", "1", file]), rows.lines().last().unwrap());
        assert_eq!(says(&["get", file, "$[0]"]), rows.lines().next().unwrap());
        assert_eq!(says(&["get", file, "$.temp"]), "[20.5,null,22.0]");
        assert_eq!(says(&["get", file, "$[-1].id"]), "3");
        assert_eq!(says(&["get", file, "$@index"]), "[10,20,30]");
        let json: serde_json::Value = serde_json::from_str(&says(&["json", file])).unwrap();
        assert_eq!(json["$index"].to_string(), "[10,20,30]");
        assert_eq!(json["$rows"][2]["id"], 3);
        let shown = says(&["show", file]);
        assert!(shown.contains("DataFrame 3 rows x 7 columns {") && shown.contains("id: int64 [1, 2, 3]"), "{shown}");
        let bytes = std::fs::read(data().join(file)).unwrap();
        assert_eq!(String::from_utf8(piped(&["items", "-"], &bytes).stdout).unwrap().trim_end(), rows);
    }
    assert_eq!(says(&["table", "-f", "csv", "periods_pd025_p0.pkl"]), ",q\n2024-01,2024Q1\n2024-02,2024Q2");
    assert_eq!(says(&["items", "series_pd15.pkl"]), "20.5\nnull\n22.0");
    assert_eq!(says(&["items", "-f", "csv", "series_pd15.pkl"]), "key,temp\n10,20.5\n20,\n30,22.0");
}

#[test]
fn wildcards_go_through_cells_that_are_no_values() {
    // Text, times and categories are packed in both.
    for file in ["df_pd024.pkl", "df_pd3.pkl"] {
        for (path, lines) in [
            ("$.cat[*]", "\"x\" \"y\" \"x\""),
            ("$[*].cat", "\"x\" \"y\" \"x\""),
            ("$[1:].cat", "\"y\" \"x\""),
            ("$.cat[::-2]", "\"x\" \"x\""),
            ("$.at[:-1]", "\"2020-01-01T00:00:00.000\" \"2020-01-02T03:04:05.000\""),
            ("$[0].*", "1 20.5 \"a\" \"2020-01-01T00:00:00.000\" true 7 \"x\""),
            ("$[::2][*]", "1 20.5 \"a\" \"2020-01-01T00:00:00.000\" true 7 \"x\" 3 22.0 null null true 9 \"x\""),
            ("$@index[::-1]", "30 20 10"),
        ] {
            assert_eq!(says(&["get", file, path]).replace('\n', " "), lines, "{file} {path}");
        }
        assert_eq!(says(&["get", file, "$[*]"]), says(&["items", file]));
        for path in ["$[*].nope", "$.nope[*]", "$.cat[3:]", "$[7:].cat", "$.cat[0][*]", "$.cat[*].x"] {
            assert!(fails(&["get", file, path]).contains("there is no "), "{file} {path}");
        }
        for path in ["cat", "cat[*]", "at[1:]"] {
            let direct = says(&["get", "-i0", file, &format!("$.{path}")]);
            assert_eq!(says(&["get", file, &format!("$..{path}")]), direct, "{file} {path}");
        }
        for path in ["$..nope", "$..cat.x", "$..nope..cat"] {
            assert!(fails(&["get", file, path]).contains("nothing below $ has "), "{file} {path}");
        }
    }
    for (path, lines) in [
        ("$.U[*]", "\"é\" \"ab\""),
        ("$.dt[::-1]", "null \"2020-01-02T03:04:05\""),
        ("$.rec[*].u", "\"é\" \"zz\""),
        ("$.fint[*]", "[0,1,2] [3,4,5]"),
        ("$.fint[*][1:]", "1 2 4 5"),
    ] {
        assert_eq!(says(&["get", "arrays.pkl", path]).replace('\n', " "), lines, "{path}");
    }
    // Behind a wildcard, too, beside what has values or nothing there.
    let frame = std::fs::read(data().join("df_pd3.pkl")).unwrap();
    let frame = &frame[2..frame.len() - 1];
    let beside = b"X\x01\0\0\0b}X\x03\0\0\0cat]K\x05asX\x01\0\0\0cK\x07u.";
    let dict = [b"\x80\x04}(X\x01\0\0\0a", frame, beside].concat();
    let output = piped(&["get", "-", "$.*.cat[*]"], &dict);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "\"x\"\n\"y\"\n\"x\"\n5\n");
    assert!(output.status.success());
    // From everywhere below, in the order of the document.
    for (path, lines) in [
        ("$..cat", "[\"x\",\"y\",\"x\"]\n[5]\n"),
        ("$..cat[0]", "\"x\"\n5\n"),
        ("$.a..cat[:2]", "\"x\"\n\"y\"\n"),
        ("$..b..cat", "[5]\n"),
    ] {
        let output = piped(&["get", "-", path], &dict);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), lines, "{path}");
        assert!(output.status.success());
    }
    // Rows are no values, so nothing can be found from them on.
    let output = piped(&["get", "-", "$..a[*]..cat"], &dict);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("not values to search from"));
    for (path, lines) in [("$..u", "[\"é\",\"zz\"]"), ("$..rec.u[1]", "\"zz\"")] {
        assert_eq!(says(&["get", "arrays.pkl", path]).replace('\n', " "), lines, "{path}");
    }
}

#[test]
fn pickles_of_one_memo() {
    assert_eq!(says(&["count", "bb_cache.dat"]), "8");
    assert_eq!(says(&["items", "bb_cache.dat"]), says(&["json", "-l", "bb_cache.dat"]));
    assert_eq!(
        says(&["tail", "-n", "1", "bb_cache.dat"]),
        says(&["json", "-l", "bb_cache.dat"]).lines().last().unwrap()
    );
    let size = std::fs::metadata(data().join("bb_cache.dat")).unwrap().len();
    let sizes = says(&["du", "bb_cache.dat"]);
    assert_eq!(sizes.lines().nth(1).unwrap().split_whitespace().next().unwrap(), size.to_string());
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    for args in [
        &["split", "bb_cache.dat", "-o", &format!("{out}{{}}")][..],
        &["convert", "-p", "2", "bb_cache.dat", "-o", out],
        &["optimize", "bb_cache.dat", "-o", out],
    ] {
        assert!(
            fails(args).contains("pickle number 6: at byte") && fails(args).contains("so they belong together"),
            "{args:?}"
        );
    }
    // Of lists the items come one by one, each pickle for itself.
    let lists = folder.path().join("lists");
    std::fs::write(&lists, b"\x80\x02]q\x00(X\x01\x00\x00\x00aq\x01K\x01e.\x80\x02]q\x02(h\x01K\x02e.").unwrap();
    let lists = lists.to_str().unwrap();
    assert_eq!(says(&["json", "-l", lists]), "[\"a\",1]\n[\"a\",2]");
    for args in [&["items", lists][..], &["count", lists], &["table", lists, "-o", &format!("{out}.arrow")]] {
        assert!(fails(args).contains("so they belong together: `pickle json` reads them as one"), "{args:?}");
    }
}

/// joblib writes an array of objects as a pickle between the opcodes: it is shown as the array that it is, once.
#[test]
fn arrays_of_objects_of_joblib() {
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let dtype = [
        b"cnumpy\ndtype\n(".to_vec(),
        text("O8"),
        b"\x89\x88tR(K\x03".to_vec(),
        text("|"),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb".to_vec(),
    ]
    .concat();
    let array = [
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t".to_vec(),
        text("b"),
        b"tR(K\x01(K\x02t".to_vec(),
        dtype.clone(),
        b"\x89](".to_vec(),
        text("a"),
        text("bb"),
        b"etb.".to_vec(),
    ]
    .concat();
    let mut wrapped = b"\x80\x02}(".to_vec();
    wrapped.extend(text("x"));
    wrapped.extend(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(");
    for (name, value) in [
        ("subclass", b"cnumpy\nndarray\n".to_vec()),
        ("shape", b"K\x02\x85".to_vec()),
        ("order", text("C")),
        ("dtype", dtype),
        ("allow_mmap", b"\x89".to_vec()),
    ] {
        wrapped.extend(text(name));
        wrapped.extend(value);
    }
    wrapped.extend(b"ub");
    wrapped.extend(&array);
    wrapped.extend(b"u.");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.joblib");
    std::fs::write(&file, &wrapped).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(says(&["show", file]), "{'x': ndarray object (2,) ['a', 'bb']}");
    let json = "{\"x\":{\"$ndarray\":\"object\",\"$shape\":[2],\"$data\":[\"a\",\"bb\"]}}";
    assert_eq!(says(&["json", "-i", "0", file]), json);
    assert_eq!(says(&["get", file, "$.x[1]"]), "\"bb\"");
    assert_eq!(says(&["items", file, "-p", "$.x"]), "\"a\"\n\"bb\"");
}

/// Cells are plain text; the columns are the keys of all rows.
#[test]
fn csv_of_rows_with_names() {
    let folder = tempfile::tempdir().unwrap();
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let dict = |fields: &[(&str, &[u8])]| {
        let mut row = b"}(".to_vec();
        for (name, value) in fields {
            row.extend(text(name));
            row.extend(*value);
        }
        row.push(b'u');
        row
    };
    let date = b"cdatetime\ndate\nC\x04\x07\xe8\x01\x02\x85R";
    let decimal = [b"cdecimal\nDecimal\n".to_vec(), text("1.50"), b"\x85R".to_vec()].concat();
    let path = [b"cpathlib\nPosixPath\n(".to_vec(), text("a"), text("b"), b"tR".to_vec()].concat();
    let rows = [
        b"\x80\x04](".to_vec(),
        dict(&[("d", date), ("n", &decimal)]),
        dict(&[("n", b"L123456789012345678901234567890L\n"), ("f", b"Fnan\n")]),
        dict(&[("p", &path), ("t", b"cdatetime\ntimedelta\nK\x01K\x02K\0\x87R")]),
        b"e.".to_vec(),
    ]
    .concat();
    let wanted = "d,n,f,p,t\n2024-01-02,1.50,,,\n,123456789012345678901234567890,NaN,,\n,,,a/b,";
    let file = folder.path().join("rows.pkl");
    std::fs::write(&file, &rows).unwrap();
    let found = says(&["items", "-f", "csv", file.to_str().unwrap()]);
    assert!(found.starts_with(wanted), "{found}");
    let output = piped(&["items", "-f", "csv", "-"], &rows);
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), found);

    // Objects: attributes, slots, and both; a namedtuple has no names in a pickle.
    let object = |state: Vec<u8>| [b"cm\nC\n)\x81".to_vec(), state, b"b".to_vec()].concat();
    let objects = [
        b"\x80\x04](".to_vec(),
        object(dict(&[("a", b"K\x01"), ("b", b"K\x02")])),
        object([b"N".to_vec(), dict(&[("b", b"K\x03"), ("c", b"K\x04")]), b"\x86".to_vec()].concat()),
        b"e.".to_vec(),
    ]
    .concat();
    std::fs::write(&file, &objects).unwrap();
    assert_eq!(says(&["items", "-f", "csv", file.to_str().unwrap()]), "a,b,c\n1,2,\n,3,4");
    std::fs::write(&file, b"\x80\x04](cm\nP\nK\x01K\x02\x86\x81cm\nP\nK\x03K\x04\x86\x81e.").unwrap();
    assert_eq!(says(&["items", "-f", "csv", file.to_str().unwrap()]), "1,2\n3,4");
    // What is no row of the table is no silent loss.
    std::fs::write(&file, [&b"\x80\x04]("[..], &dict(&[("a", b"K\x01")]), b"K\x05e."].concat()).unwrap();
    assert!(fails(&["items", "-f", "csv", file.to_str().unwrap()]).contains("item 1: it has no names"));
}

/// From a pipe the header stands before rows that come later: keys that first come there are told, and the exit code is 1.
#[test]
fn csv_from_a_pipe_says_what_it_leaves_out() {
    let mut rows = b"\x80\x04".to_vec();
    rows.extend(b"]");
    for _ in 0..3 {
        rows.push(b'(');
        (0..1000).for_each(|_| rows.extend(b"}X\x01\0\0\0aK\x01s"));
        rows.push(b'e');
    }
    rows.extend(b"(}X\x01\0\0\0zK\x07se.");
    let output = piped(&["items", "-f", "csv", "-"], &rows);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the key \"z\" first comes after the header was written"), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3002);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.pkl");
    std::fs::write(&file, &rows).unwrap();
    let all = says(&["items", "-f", "csv", file.to_str().unwrap()]);
    assert_eq!((all.lines().next(), all.lines().last()), (Some("a,z"), Some(",7")));
}

#[test]
fn sets_in_another_order_are_the_same() {
    assert!(pickle(&["diff", "s1.pkl", "s2.pkl"]).status.success());
}

#[test]
fn every_path_of_du_can_be_given_back() {
    let mut count = 0;
    for file in ["likes_p4.pkl", "likes_p2.pkl", "arrays.pkl", "rows_p2.pkl"] {
        let table = says(&["du", "-n", "1000", file]);
        for line in table.lines().skip(1) {
            let Some(start) = line.find('$') else { panic!("{line}") };
            let path = line[start..].split("  ").next().unwrap();
            if path.contains("(other keys)") {
                continue;
            }
            let output = pickle(&["get", file, path]);
            assert!(output.status.success() && !output.stdout.is_empty(), "{file} {path}: {output:?}");
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

#[test]
fn sets_can_be_sorted_in_the_graph() {
    let sorted = |file: &str| says(&["graph", "--sort-sets", file]);
    assert_ne!(says(&["graph", "s1.pkl"]), says(&["graph", "s2.pkl"]));
    assert_eq!(sorted("s1.pkl"), sorted("s2.pkl"));
    // The order of a dict has a meaning.
    assert_ne!(sorted("s1.pkl"), sorted("otherorder.pkl"));
    // Sets as protocols 0 to 2 spell them, of sets, and of tuples; a set whose members differ.
    let folder = tempfile::tempdir().unwrap();
    let graph = |pickle: &[u8]| {
        let file = folder.path().join("a.pkl");
        std::fs::write(&file, pickle).unwrap();
        sorted(file.to_str().unwrap())
    };
    let all = |items: &[&str]| items.iter().map(|item| format!("{item}a")).collect::<String>();
    let set = |items: &[&str]| format!("c__builtin__\nset\n((l{}tR.", all(items));
    let frozen = |items: &[&str]| format!("c__builtin__\nfrozenset\n((l{}tR", all(items));
    assert_eq!(graph(set(&["I1\n", "I2\n"]).as_bytes()), graph(set(&["I2\n", "I1\n"]).as_bytes()));
    assert_ne!(graph(set(&["I1\n", "I2\n"]).as_bytes()), graph(set(&["I2\n", "I3\n"]).as_bytes()));
    let (one, two) = (frozen(&["I1\n", "S'b'\n"]), frozen(&["S'b'\n", "I1\n"]));
    assert_eq!(graph(set(&[&one, "(I5\nI6\nt"]).as_bytes()), graph(set(&["(I5\nI6\nt", &two]).as_bytes()));
    // Lists keep theirs.
    assert_ne!(graph(b"(lI1\naI2\na."), graph(b"(lI2\naI1\na."));
}

#[test]
fn rows_of_a_sequence_file_are_one_stream() {
    let rows: Vec<String> = (0..5).map(|n| format!("{{\"id\":{n},\"name\":\"r{n}\"}}")).collect();
    assert_eq!(says(&["items", "batches-00000"]), rows.join("\n"));
    assert_eq!(says(&["head", "-n", "3", "batches-00000"]), rows[..3].join("\n"));
    assert_eq!(says(&["tail", "-n", "1", "batches-00000"]), rows[4]);
    assert_eq!(says(&["count", "batches-00000"]), "5");
    assert_eq!(says(&["items", "-f", "csv", "batches-00000"]).lines().next(), Some("id,name"));
    // A batch by its name.
    assert_eq!(says(&["items", "batches-00000!0"]), rows[..2].join("\n"));
    assert!(fails(&["items", "-p", "$.nothing", "batches-00000"]).contains("nothing"));
}

#[test]
fn what_stands_for_columns_is_a_table() {
    let csv = |file: &str| says(&["table", "-f", "csv", file]);
    for protocol in [2, 4] {
        let columns = csv(&format!("columns_p{protocol}.pkl"));
        assert_eq!(columns, "n,s,l,7\n0,a,True,1\n1,b,,2\n2,é,x,3");
        let sorted = |file: &str| {
            let text = csv(&format!("{file}_p{protocol}.pkl"));
            let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
            assert_eq!(text.lines().next(), Some("row,col,value"), "{file}");
            lines.sort();
            lines
        };
        assert_eq!(sorted("csr"), ["0,1,1.5", "2,0,-2.0", "2,3,3.0"]);
        assert_eq!(sorted("csc"), ["0,3,-2.0", "2,1,1.5", "2,3,3.0"]);
        assert_eq!(sorted("coo"), ["0,0,-2.0", "2,1,1.5", "2,3,3.0"]);
    }
    assert_eq!(csv("coo_old_p2.pkl"), csv("coo_p2.pkl"));
    assert_eq!(
        says(&["table", "-f", "jsonl", "-c", "s,n", "columns_p4.pkl"]).lines().next(),
        Some(r#"{"s":"a","n":0}"#)
    );
    for wrong in ["csr_wrong.pkl", "csr_outside.pkl"] {
        assert!(fails(&["table", "-f", "csv", wrong]).contains("its parts do not fit together"), "{wrong}");
    }
    assert_eq!(csv("dia.pkl"), "row,col,value\n0,0,1.0\n1,1,1.0\n2,2,1.0");
    assert_eq!(csv("dok_p2.pkl"), "row,col,value\n0,1,1.5\n2,3,-2.0");
    assert_eq!(says(&["table", "-f", "jsonl", "dok_p2.pkl"]).lines().next(), Some(r#"{"row":0,"col":1,"value":1.5}"#));
    assert_eq!(csv("dok_empty.pkl"), "row,col,value");
    let folder = tempfile::tempdir().unwrap();
    let parquet = folder.path().join("dok.parquet");
    says(&["table", "dok_p2.pkl", "-o", parquet.to_str().unwrap()]);
    assert!(std::fs::metadata(parquet).unwrap().len() > 100);
    assert!(fails(&["table", "cube.pkl"]).contains("3 axes"));
}

#[test]
fn pickles_of_a_log_are_rows() {
    assert_eq!(says(&["table", "-f", "csv", "log.pkl"]), "n,text,more\n0,line 0,\n,line 1,[1]\n2,line 2,");
    assert_eq!(says(&["table", "-f", "csv", "log.pkl", "$.text"]), "0\nline 0\nline 1\nline 2");
    assert!(fails(&["table", "log.pkl", "$.n"]).contains("there is nothing at $.n"));
    let log = std::fs::read(data().join("log.pkl")).unwrap();
    let piped = |bytes: &[u8]| piped(&["table", "-f", "csv", "-"], bytes);
    assert_eq!(piped(&log).stdout, pickle(&["table", "-f", "csv", "log.pkl"]).stdout);
    let cut = piped(&log[..log.len() - 3]);
    assert_eq!((cut.status.code(), cut.stdout.len()), (Some(1), 0));
}

#[test]
fn files_of_numpy_are_arrays() {
    let array = r#"{"$ndarray":"float32","$shape":[2,3],"$data":[[0.0,1.0,2.0],[3.0,4.0,5.0]]}"#;
    assert_eq!(says(&["json", "-l", "w2v.kv.vectors.npy"]), array);
    assert_eq!(says(&["get", "w2v.kv.vectors.npy", "$[1][2]"]), "5.0");
    assert_eq!(says(&["items", "w2v.kv.vectors.npy"]), "[0.0,1.0,2.0]\n[3.0,4.0,5.0]");
    assert_eq!(says(&["count", "w2v.kv.vectors.npy"]), "2");
    assert!(says(&["show", "w2v.kv.vectors.npy"]).contains("float32 (2, 3)"));
    assert_eq!(says(&["table", "--format", "csv", "--no-index", "w2v.kv.vectors.npy"]).lines().count(), 3);
    assert_eq!(
        says(&["get", "-i", "0", "record.npy", "$[0]"]),
        r#"{"id":1,"name":"a","at":"2020-01-02T03:04:05","m":[1,2]}"#
    );
    assert_eq!(says(&["get", "-i", "0", "record.npy", "$[1]"]), r#"{"id":-2,"name":"é","at":null,"m":[3,4]}"#);
    // What a pickle of it says is what it is: the same file comes out again.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npy");
    for file in ["w2v.kv.vectors.npy", "record.npy"] {
        says(&["extract", file, "$", "-o", out.to_str().unwrap()]);
        assert!(std::fs::read(&out).unwrap() == std::fs::read(data().join(file)).unwrap(), "{file}");
    }
    // Members of an archive, compressed.
    let lines = says(&["json", "-l", "arrays.npz"]);
    assert_eq!(lines.lines().count(), 3);
    let fortran = r#"{"$ndarray":"float32","$shape":[2,3],"$data":[[0.0,1.0,2.0],[3.0,4.0,5.0]]}"#;
    assert_eq!(says(&["json", "-l", "arrays.npz!fortran.npy"]), fortran);
    assert!(lines.contains(r#"{"$ndarray":"uint16","$shape":[],"$data":7}"#), "{lines}");
    assert!(lines.contains(r#"{"$ndarray":"float64","$shape":[0,2],"$data":[]}"#), "{lines}");
    // Several arrays in one file; one that is cut off; from a pipe; a header that lies.
    let npy = std::fs::read(data().join("w2v.kv.vectors.npy")).unwrap();
    let twice = piped(&["json", "-l", "-"], &npy.repeat(2));
    assert_eq!(String::from_utf8_lossy(&twice.stdout).lines().collect::<Vec<_>>(), [array, array]);
    let cut = piped(&["json", "-l", "-"], &npy[..npy.len() - 1]);
    assert!(!cut.status.success() && String::from_utf8_lossy(&cut.stderr).contains("cut off"));
    for (from, to) in [("(2, 3)", "(2,-3)"), ("(2, 3)", "(2, 3 "), ("'<f4'", "'<q4'"), ("'<f4'", "'<f4 "), ("3)", "9)")]
    {
        let at = npy.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut lies = npy.clone();
        lies[at..at + to.len()].copy_from_slice(to.as_bytes());
        assert_eq!(piped(&["json", "-l", "-"], &lies).status.code(), Some(1), "{to}");
    }
    // Verbs that look at opcodes see none.
    assert!(fails(&["dis", "w2v.kv.vectors.npy"]).contains("no pickle in this"));
    assert!(says(&["scan", "w2v.kv.vectors.npy"]).contains("plain arrays without a pickle in them"));
}

#[test]
fn arrays_and_frames_are_told_of() {
    let holds = |args: &[&str]| {
        let json: serde_json::Value = serde_json::from_str(&says(args)).unwrap();
        json["holds"].clone()
    };
    let array = holds(&["info", "--json", "w2v.kv.vectors.npy"]);
    assert_eq!(array.to_string(), r#"{"kind":"array","dtype":"float32","shape":[2,3],"fortran":false,"bytes":24}"#);
    assert_eq!(holds(&["info", "--json", "array_p4.pkl"])["shape"].to_string(), "[3,2]");
    let told = says(&["info", "arrays.npz"]);
    for line in
        ["array       float32 (2 × 3), 24 bytes, in Fortran order", "float64 (0 × 2), 0 bytes", "uint16 (), 2 bytes"]
    {
        assert!(told.contains(line), "{told}");
    }
    assert!(says(&["info", "record.npy"]).contains("array       "));
    let sizes = says(&["du", "arrays.npz"]);
    assert!(sizes.contains("==> arrays.npz!one.npy <==") && sizes.contains("$  array of uint16"), "{sizes}");
    assert!(says(&["du", "w2v.kv.vectors.npy"]).contains("$  array of float32"));
    for file in ["df_pd024.pkl", "df_pd3.pkl"] {
        let table = holds(&["info", "--json", file]);
        assert_eq!((table["rows"].as_u64(), table["columns"].as_array().map(Vec::len)), (Some(3), Some(7)));
        assert_eq!(table["columns"][1].to_string(), r#"{"name":"temp","dtype":"float64"}"#);
        assert_eq!(table["index"].to_string(), r#"[{"name":"key","dtype":"int64"}]"#);
        let told = says(&["info", file]);
        assert!(told.contains("3 rows × 7 columns") && told.contains("id int64, temp float64"), "{told}");
    }
    // One that is cut off, with something behind it, from a pipe.
    let npy = std::fs::read(data().join("w2v.kv.vectors.npy")).unwrap();
    let cut = piped(&["info", "-"], &npy[..npy.len() - 1]);
    assert!(!cut.status.success() && String::from_utf8_lossy(&cut.stderr).contains("cut off"));
    let behind = piped(&["info", "-"], &[&npy[..], b"x"].concat());
    assert!(String::from_utf8_lossy(&behind.stdout).contains("1 byte behind the array"));
}

#[test]
fn payloads_are_passed_over() {
    // Bytes, a str and a bytearray that are longer than any buffer, and names behind them.
    let long = 3 << 20;
    let payload = vec![b'.'; long];
    let pickle = [
        &b"\x80\x05(B"[..],
        &(long as u32).to_le_bytes(),
        &payload,
        b"X",
        &(long as u32).to_le_bytes(),
        &payload,
        b"\x96",
        &(long as u64).to_le_bytes(),
        &payload,
        b"cmod\nName\nl.",
    ]
    .concat();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.pkl");
    std::fs::write(&file, &pickle).unwrap();
    let info = |args: &[&str], input: &[u8]| -> serde_json::Value {
        let mut json: serde_json::Value = serde_json::from_slice(&piped(args, input).stdout).unwrap();
        json["file"] = serde_json::Value::Null;
        json["size"] = serde_json::Value::Null;
        json
    };
    let mapped = info(&["info", "--json", file.to_str().unwrap()], b"");
    assert_eq!(mapped, info(&["info", "--json", "-"], &pickle));
    assert_eq!(mapped["pickles"][0]["str_bytes"], long);
    assert_eq!(mapped["pickles"][0]["bytes_bytes"], 2 * long);
    assert_eq!(mapped["globals"][0]["name"], "Name");
    // What is cut off within one is told as from a stream.
    std::fs::write(&file, &pickle[..long * 2]).unwrap();
    let cut = info(&["info", "--json", file.to_str().unwrap()], b"");
    assert_eq!(cut["pickles"], info(&["info", "--json", "-"], &pickle[..long * 2])["pickles"]);
    assert!(cut["error"].as_str().unwrap().contains("the input ended"), "{cut}");
}

#[test]
fn cells_that_are_not_written_as_they_are_are_told() {
    // [{'a': 1.0, 'b': 'x'}, {'a': inf, 'b': {1}}]
    let rows = b"\x80\x04](}(\x8c\x01aG?\xf0\0\0\0\0\0\0\x8c\x01b\x8c\x01xu}(\x8c\x01aG\x7f\xf0\0\0\0\0\0\0\x8c\x01b\x8f(K\x01\x90ue.";
    let run = |args: &[&str]| piped(args, rows);
    let csv = run(&["table", "-f", "csv", "-"]);
    let said = String::from_utf8_lossy(&csv.stderr).into_owned();
    assert!(csv.status.success() && said.contains("$, row 1, column b: it has no text of its own"), "{said}");
    let strict = run(&["table", "-f", "csv", "--strict", "-"]);
    assert!(!strict.status.success() && strict.stdout.is_empty());
    let array = data().join("df_pd3.pkl");
    assert!(run(&["table", "-f", "csv", "--strict", array.to_str().unwrap()]).status.success());
}

#[test]
fn files_beside_a_pickle_are_named() {
    for args in [&["show", "w2v.kv"][..], &["json", "w2v.kv"], &["get", "w2v.kv", "$.vectors"]] {
        let output = pickle(args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && told.contains("$.vectors is stored beside it, in w2v.kv.vectors.npy"),
            "{told}"
        );
        assert!(!told.contains("not_there"), "{told}");
    }
}

#[test]
fn what_is_masked_is_null() {
    for file in ["masked_p2.pkl", "masked_p4.pkl"] {
        assert!(says(&["show", file]).contains("int64 (2, 2), 32 bytes, 1 masked [1, --, 3, 4]"), "{file}");
        assert_eq!(says(&["table", "-f", "csv", file, "$.plain"]), "0,1\n1,\n3,4", "{file}");
        assert_eq!(says(&["table", "-f", "csv", file, "$.fortran"]), "0,1\n1,\n3,4", "{file}");
        let data = |path: &str| {
            let json: serde_json::Value = serde_json::from_str(&says(&["get", "-i", "0", file, path])).unwrap();
            assert!(json["$class"].as_str().unwrap().ends_with("MaskedArray"), "{json}");
            json["$data"].to_string()
        };
        assert_eq!(data("$.plain"), "[[1,null],[3,4]]");
        assert_eq!(data("$.fortran"), "[[1,null],[3,4]]");
        assert_eq!(data("$.none"), "[1.5,2.0]");
    }
}

#[test]
fn the_items_of_a_masked_array_are_its_rows() {
    for file in ["masked_p2.pkl", "masked_p4.pkl"] {
        assert_eq!(says(&["items", "-p", "$.plain", file]), "[1,null]\n[3,4]");
        assert_eq!(says(&["items", "-p", "$.fortran", file]), "[1,null]\n[3,4]");
        assert_eq!(says(&["items", "-p", "$.none", file]), "1.5\n2.0");
        assert_eq!(says(&["count", "-p", "$.plain", file]), "2");
        assert_eq!(says(&["tail", "-n", "1", "-p", "$.plain", file]), "[3,4]");
        assert_eq!(says(&["items", "-f", "csv", "-p", "$.plain", file]), "1,\n3,4");
        assert_eq!(says(&["get", "-i", "0", file, "$.plain[0]"]), "[1,null]");
    }
}

/// Each number and text of a record is masked for itself.
#[test]
fn fields_of_masked_records_are_null_one_by_one() {
    let rows = [
        r#"{"i":null,"in":{"x":4,"y":"a"},"v":[[0.0,1.0],[2.0,3.0]],"t":"2024-01-02"}"#,
        r#"{"i":2,"in":{"x":5,"y":null},"v":[[4.0,null],[6.0,7.0]],"t":null}"#,
        r#"{"i":3,"in":{"x":6,"y":"d"},"v":[[8.0,9.0],[10.0,11.0]],"t":null}"#,
    ];
    for file in ["masked_records_p2.pkl", "masked_records_p4.pkl"] {
        assert!(says(&["json", "-l", file]).ends_with(&format!("\"$data\":[{}]}}", rows.join(","))), "{file}");
        assert_eq!(says(&["items", file]), rows.join("\n"), "{file}");
        assert_eq!(says(&["count", file]), "3");
        assert_eq!(says(&["get", "-i", "0", file, "$[1]"]), rows[1]);
        assert_eq!(says(&["get", "-i", "0", file, "$.in.y"]), r#"["a",null,"d"]"#);
        assert_eq!(says(&["get", "-i", "0", file, "$.v[1]"]), "[[4.0,null],[6.0,7.0]]");
        assert!(says(&["items", "-f", "csv", file]).starts_with("i,in,v,t\n,"), "{file}");
        let shown = says(&["show", file]);
        assert!(shown.contains("4 masked [(--, (4, 'a')") && shown.contains("(2, (5, --), [4.0, --, 6.0, 7.0], NaT)"));
    }
}

#[test]
fn records_that_hold_objects_are_rows() {
    for file in ["object_records_p2.pkl", "object_records_p4.pkl"] {
        assert_eq!(says(&["table", "-f", "csv", file]), "i,s,o\n1,x,\"[1, 2]\"\n2,y,{'k': None}", "{file}");
        assert_eq!(says(&["table", "-f", "csv", "-c", "o,i", file]), "o,i\n\"[1, 2]\",1\n{'k': None},2", "{file}");
        assert_eq!(
            says(&["table", "-f", "jsonl", file]),
            "{\"i\":1,\"s\":\"x\",\"o\":[1,2]}\n{\"i\":2,\"s\":\"y\",\"o\":{\"k\":null}}"
        );
        assert!(says(&["table", file]).contains("int32"), "{file}");
    }
    // A record that is too short is no table with a gap.
    let mut short = std::fs::read(data().join("object_records_p2.pkl")).unwrap();
    let text = short.windows(6).position(|window| window == b"X\x01\0\0\0y").unwrap();
    short.drain(text..text + 8);
    let tuple = short.iter().rposition(|&byte| byte == b'\x87').unwrap();
    short[tuple] = b'\x86';
    let output = piped(&["table", "-f", "csv", "-"], &short);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(told.contains("the column i: its parts do not fit together"), "{told}");
}

/// Names of scikit-learn stand in front of models as those of NumPy do of arrays: from a pipe, too, a model has its items.
#[test]
fn models_from_a_pipe_have_their_items() {
    let mut model = b"\x80\x04csklearn.linear_model._logistic\nLogisticRegression\n)\x81}(".to_vec();
    model.extend(b"X\x01\0\0\0CG\x3f\xf0\0\0\0\0\0\0");
    model.extend(b"X\x05\0\0\0steps](K\x01K\x02eub.");
    for (args, out) in [
        (&["items", "-"][..], "[\"C\",1.0]\n[\"steps\",[1,2]]\n"),
        (&["count", "-"], "2\n"),
        (&["head", "-n", "1", "-"], "[\"C\",1.0]\n"),
        (&["tail", "-n", "1", "-"], "[\"steps\",[1,2]]\n"),
        (&["items", "-p", "$.steps", "-"], "1\n2\n"),
    ] {
        let output = piped(args, &model);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), out, "{args:?}");
    }
}

#[test]
fn cells_that_hold_themselves_are_written_as_python_writes_them() {
    let csv = |bytes: &[u8]| {
        let output = piped(&["table", "-f", "csv", "-"], bytes);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let row = csv(b"(dp0\nVself\ng0\nsVl\n(lp1\ng1\nag0\nas.");
    assert_eq!(row, "self,l\n\"{'self': {...}, 'l': [[...], {...}]}\",\"[[...], {'self': {...}, 'l': [...]}]\"\n");
    assert_eq!(csv(b"((lp0\n(g0\ntp1\na0(g1\ntt."), "0\n\"([(...)],)\"\n");
    // 2^22 lists, of which 22 are in the pickle.
    let mut laugh = b"]p0\n(dVa\n(lVlol\na".to_vec();
    for _ in 0..22 {
        laugh.extend(b"p1\n0(lg1\nag1\na");
    }
    laugh.extend(b"sa.");
    let output = piped(&["table", "-f", "csv", "-"], &laugh);
    assert!(output.stdout.len() < 10_000, "{}", output.stdout.len());
}

#[test]
fn the_items_of_subclasses_of_frames_are_rows() {
    // The class renamed to one of another library, in the place where the pickle names it.
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.pkl");
    let own = own.to_str().unwrap();
    says(&["convert", "df_pd3.pkl", "-o", own, "--rename", "pandas.DataFrame=geopandas.geodataframe.GeoDataFrame"]);
    let there = says(&["grep", "--classes", "GeoDataFrame", own]);
    assert!(there.contains("GeoDataFrame"), "{there}");
    assert_eq!(says(&["items", own]), says(&["items", "df_pd3.pkl"]));
    assert_eq!(says(&["count", own]), "3");
    // A column that is kept in a class of that library: no rows, and no internals either.
    let other = folder.path().join("other.pkl");
    let other = other.to_str().unwrap();
    says(&[
        "convert",
        own,
        "-o",
        other,
        "--rename",
        "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked=geopandas.array.GeometryArray",
    ]);
    assert!(fails(&["items", other]).contains("its rows cannot be read"));
    assert!(fails(&["count", other]).contains("its rows cannot be read"));
}
