//! `pickle table`: the first look at files of any size, and sparse matrices.

#[path = "common/batched.rs"]
mod batched;
#[path = "common/command.rs"]
mod command;

use batched::text;
use command::pickle;
use std::path::Path;

/// What the command prints where all went well and there is nothing to say.
fn says(args: &[&str], folder: &Path) -> String {
    let output = pickle(args, folder, None);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// What it says where it fails.
fn fails(args: &[&str], folder: &Path) -> String {
    let output = pickle(args, folder, None);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A list of rows `{"id": row, "v": ...}` of some 400 bytes each, as CPython writes it: a thousand at a time. From row `from`
/// on they have a column `late`, too.
fn list(count: usize, from: usize) -> Vec<u8> {
    batched::list(count, &|row, out| {
        text("id", out);
        out.push(b'J');
        out.extend((row as u32).to_le_bytes());
        text("v", out);
        text(&format!("{row}{}", "-".repeat(400)), out);
        if row >= from {
            text("late", out);
            out.push(0x88);
        }
    })
}

/// A whole pickle of it.
fn rows(count: usize) -> Vec<u8> {
    [b"\x80\x02", &list(count, usize::MAX)[..], b"."].concat()
}

/// First line, and the first cells of the lines between the rules.
fn shape(table: &str) -> (String, Vec<String>) {
    let cells = table.lines().filter_map(|line| line.strip_prefix('│'));
    let first = cells.map(|line| line.split('┆').next().unwrap_or_default().trim().to_owned());
    (table.lines().next().unwrap_or_default().to_owned(), first.collect())
}

#[test]
fn a_long_list_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = rows(30_000);
    std::fs::write(folder.join("rows.pkl"), &file).unwrap();
    // What is damaged behind the first look is not seen by it.
    let damaged = [&file[..file.len() - 2], b"\xff\xff"].concat();
    std::fs::write(folder.join("damaged.pkl"), &damaged).unwrap();
    for (name, input) in [("rows.pkl", None), ("damaged.pkl", None), ("-", Some(&file[..]))] {
        let output = pickle(&["table", "-n", "5", name], folder, input);
        let (said, table) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
        assert!(output.status.success(), "{name}: {said}");
        let (title, labels) = shape(&table);
        assert!(title.starts_with("more than 1") && title.ends_with(" rows × 2 columns"), "{name}: {title}");
        assert_eq!(labels[labels.len() - 6..], ["0", "1", "2", "3", "4", "…"], "{name}");
        assert!(said.contains("rows of $ were looked at") && said.lines().count() == 1, "{name}: {said}");
    }
    assert!(fails(&["table", "-f", "csv", "damaged.pkl"], folder).contains("damaged.pkl"));
    // As many as are asked for, and all of them where all are written.
    let shown = pickle(&["table", "-n", "20000", "rows.pkl"], folder, None);
    assert_eq!(String::from_utf8(shown.stdout).unwrap().lines().filter(|line| line.starts_with('│')).count(), 20_003);
    assert_eq!(says(&["table", "-f", "csv", "rows.pkl"], folder).lines().count(), 30_001);
    let said = fails(&["table", "-c", "late", "rows.pkl"], folder);
    assert!(said.contains("there is no column late in the first 1"), "{said}");
}

#[test]
fn what_is_read_to_its_end_is_told_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Few rows, many bytes; from a pipe, and with rows that come late.
    let file = [b"\x80\x02", &list(9_999, 9_000)[..], b"."].concat();
    std::fs::write(folder.join("rows.pkl"), &file[..]).unwrap();
    for (name, input) in [("rows.pkl", None), ("-", Some(&file[..]))] {
        let output = pickle(&["table", "-n", "4", name], folder, input);
        assert!(output.status.success() && output.stderr.is_empty(), "{name}");
        let (title, labels) = shape(std::str::from_utf8(&output.stdout).unwrap());
        assert_eq!(title, "9999 rows × 3 columns", "{name}");
        assert_eq!(labels[labels.len() - 5..], ["0", "1", "…", "9997", "9998"], "{name}");
    }
    let files: [(&str, Vec<u8>, &str, &str); 4] = [
        // At a path.
        ("path.pkl", [b"\x80\x02}X\x04\0\0\0rows", &list(12_000, 0)[..], b"s."].concat(), "$.rows", "more than 1"),
        // A dict of columns.
        ("dict.pkl", [b"\x80\x02}X\x04\0\0\0rows", &list(12_000, 0)[..], b"s."].concat(), "$", "12000 rows × 1 column"),
        // A tuple of lists begins as a list.
        ("tuple.pkl", [b"\x80\x02", &list(12_000, 0)[..], b"]\x86."].concat(), "$", "2 rows × 12000 columns"),
        ("one.pkl", rows(1), "$", "1 row × 2 columns"),
    ];
    for (name, bytes, path, title) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
        let output = pickle(&["table", "-n", "2", name, path], folder, None);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(table.starts_with(title), "{name}: {}", table.lines().next().unwrap_or_default());
    }
    // More pickles are no rows of the table, and that is said.
    for count in [3, 9_999] {
        let two = [&rows(count)[..], &rows(3), b"\x80\x02K\x05."].concat();
        std::fs::write(folder.join("two.pkl"), &two).unwrap();
        for (name, input) in [("two.pkl", None), ("-", Some(&two[..]))] {
            let output = pickle(&["table", name], folder, input);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{name}: {said}");
            assert!(said.contains("not in the table"), "{name}: {said}");
            assert!(output.stdout.starts_with(format!("{count} rows").as_bytes()), "{name}");
        }
    }
}

#[test]
fn sparse_matrices_of_every_format_are_rows() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cases");
    let csv = |file: &str| says(&["table", "-f", "csv", file], &data);
    let cells = |text: &str| format!("row,col,value\n{}", text.replace(' ', "\n"));
    let bsr = cells(
        "0,3,1.0 0,4,2.0 0,5,3.0 1,3,4.0 1,4,5.0 1,5,6.0 2,0,7.0 2,1,8.0 2,2,9.0 3,0,10.0 3,1,11.0 3,2,12.0 \
         2,3,13.0 2,4,14.0 2,5,15.0 3,3,16.0 3,4,17.0 3,5,18.0",
    );
    let dia = cells("1,0,1 2,1,2 3,2,3 0,3,10 1,4,11 2,5,12");
    let lil = cells("0,4,1.5 2,0,2.5 2,5,-1.0 3,1,0.0");
    let folder = tempfile::tempdir().unwrap();
    for (format, expected) in [("bsr", &bsr), ("dia", &dia), ("lil", &lil)] {
        for kind in ["p2", "p4", "fortran"].into_iter().take(if format == "lil" { 2 } else { 3 }) {
            let file = format!("{format}_{kind}.pkl");
            assert_eq!(&csv(&file), expected, "{file}");
            let parquet = folder.path().join("sparse.parquet");
            says(&["table", &file, "-o", parquet.to_str().unwrap()], &data);
            assert!(std::fs::metadata(&parquet).unwrap().len() > 100);
        }
    }
    for wrong in ["bsr_outside.pkl", "dia_wrong.pkl", "lil_wrong.pkl", "lil_outside.pkl"] {
        assert!(fails(&["table", "-f", "csv", wrong], &data).contains("its parts do not fit together"), "{wrong}");
    }
}

/// Pickles of tests/data/cells, and what pandas wrote of them.
fn cells() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cells")
}

#[test]
fn cells_are_what_pandas_writes() {
    let data = cells();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for file in std::fs::read_dir(&data).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|ending| ending != "csv") {
            continue;
        }
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected = std::fs::read_to_string(&file).unwrap();
        for protocol in [2, 5] {
            let frame = format!("{name}_p{protocol}.pkl");
            let output = pickle(&["table", "-f", "csv", &frame], &data, None);
            let found = String::from_utf8_lossy(&output.stdout);
            if found != expected || !output.stderr.is_empty() {
                wrong.push(format!("{frame}: {found}is not\n{expected}{}", String::from_utf8_lossy(&output.stderr)));
            }
            seen += 1;
        }
    }
    assert!(seen > 40 && wrong.is_empty(), "{seen} files; {}", wrong.join("\n"));
}

#[test]
fn dictionaries_of_pyarrow_have_values_in_every_form() {
    let data = cells();
    for protocol in [2, 5] {
        let file = format!("dictionary_p{protocol}.pkl");
        let json = says(&["json", "--indent", "0", &file], &data);
        assert!(json.contains(r#""k":"a"},{"k":null},{"k":"b"},{"k":"a"}"#), "{json}");
        assert_eq!(says(&["items", &file], &data), "{\"k\":\"a\"}\n{\"k\":null}\n{\"k\":\"b\"}\n{\"k\":\"a\"}");
        assert_eq!(says(&["get", &file, "$[2].k"], &data), "\"b\"");
        let shown = says(&["table", &file], &data);
        assert!(shown.contains("dictionary") && shown.contains("│ 2 ┆ b"), "{shown}");
    }
    let chunks = says(&["items", "dictionary_chunks_p5.pkl"], &data);
    assert_eq!(chunks, "{\"k\":null}\n{\"k\":\"b\"}\n{\"k\":\"c\"}");
}

#[test]
fn an_index_beyond_the_dictionary_is_no_null() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(cells().join("dictionary_p5.pkl")).unwrap();
    let indexes = [0u32, 0, 1, 0].map(u32::to_le_bytes).concat();
    let at = bytes.windows(16).position(|window| window == indexes).expect("the indexes");
    bytes[at + 8] = 7;
    std::fs::write(folder.path().join("wrong.pkl"), bytes).unwrap();
    for args in
        [&["table", "-f", "csv", "wrong.pkl"][..], &["items", "wrong.pkl"], &["table", "wrong.pkl", "-o", "o.parquet"]]
    {
        let said = fails(args, folder.path());
        assert!(said.contains("column k"), "{args:?}: {said}");
    }
}

/// A code that stands for no category or label.
#[test]
fn a_code_beyond_the_categories_is_no_null() {
    let folder = tempfile::tempdir().unwrap();
    for (file, codes, said_of, code) in [
        ("categories_nullable_p5.pkl", &[0u8, 1, 0xff, 0][..], "column i", "code 9"),
        ("categories_nullable_p2.pkl", "\u{0}\u{1}\u{ff}\u{0}".as_bytes(), "column i", "code 9"),
        ("labels_nullable_p5.pkl", &[0, 0xff, 1], "index i", "code 9"),
        ("headers_nullable_missing_p5.pkl", &[0, 0xff, 1], "labels of the columns", "code 9"),
        ("headers_one_categories_p5.pkl", &[3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], "labels of the columns", "code 9"),
        ("headers_one_categories_p2.pkl", &[3, 0, 0, 0, 0, 1, 0], "labels of the columns", "code 9"),
    ] {
        let mut bytes = std::fs::read(cells().join(file)).unwrap();
        let at = bytes.windows(codes.len()).position(|window| window == codes).expect("the codes");
        let second = at + codes.iter().rposition(|byte| *byte == 1).expect("a code");
        bytes[second] = 9;
        std::fs::write(folder.path().join("wrong.pkl"), bytes).unwrap();
        for args in [
            &["table", "-f", "csv", "wrong.pkl"][..],
            &["table", "-f", "jsonl", "wrong.pkl"],
            &["table", "wrong.pkl"],
            &["items", "wrong.pkl"],
        ] {
            let said = fails(args, folder.path());
            assert!(said.contains(said_of) && said.contains(code), "{file} {args:?}: {said}");
        }
        let said = fails(&["table", "wrong.pkl", "-o", "o.parquet"], folder.path());
        assert!(said.contains(code), "{file}: {said}");
        assert!(!says(&["json", "wrong.pkl"], folder.path()).contains("$rows"), "{file}");
    }
}

#[test]
fn times_of_numpy_are_the_same_by_every_verb() {
    let data = cells();
    let rows = "k,b,c,d,t,n\n0.1,True,1j,2020-01-01,5 seconds,\n2020-01-01T05:00,,,x,,";
    for verb in ["items", "table"] {
        assert_eq!(says(&[verb, "-f", "csv", "rows.pkl"], &data), rows, "{verb}");
    }
    let json = |unit: &str| says(&["json", "--indent", "0", &format!("array_{unit}.pkl")], &data);
    let years = [
        ("Y", r#"["4611686018427389874","-4611686018427385934",null,"1970"]"#),
        ("M", r#"["384307168202284295-05","-384307168202280356-09",null,"1970-01"]"#),
        ("W", r#"["88384572247184911-01-01","-88384572247180971-01-01",null,"1970-01-01"]"#),
        ("D", r#"["12626367463885247-04-15","-12626367463881308-09-18",null,"1970-01-01"]"#),
        (
            "ps",
            r#"["1970-02-23T09:01:26.018427387904","1969-11-08T14:58:33.981572612096",null,"1970-01-01T00:00:00.000000000000"]"#,
        ),
        (
            "as",
            r#"["1970-01-01T00:00:04.611686018427387904","1969-12-31T23:59:55.388313981572612096",null,"1970-01-01T00:00:00.000000000000000000"]"#,
        ),
    ];
    for (unit, expected) in years {
        let found = json(unit);
        assert!(found.contains(expected), "{unit}: {found}");
        let folder = tempfile::tempdir().unwrap();
        let back = folder.path().join("back.pkl");
        std::fs::write(folder.path().join("it.json"), &found).unwrap();
        says(&["from-json", "it.json", "-o", "back.pkl"], folder.path());
        assert_eq!(says(&["json", "--indent", "0", back.to_str().unwrap()], folder.path()), found, "{unit}");
    }
}

#[test]
fn a_column_that_cannot_be_read_is_named_with_its_class() {
    let said = fails(&["table", "-f", "csv", "unread.pkl"], &cells());
    assert!(said.contains("the column k: its values are of the class pyarrow.lib.list_"), "{said}");
}

/// Each cell is text for itself: what that costs must not grow with the file.
#[test]
fn json_lines_take_time_by_the_row() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.pkl"), rows(30_000)).expect("a file");
    let begun = std::time::Instant::now();
    let lines = says(&["table", "rows.pkl", "-f", "jsonl"], folder.path());
    assert_eq!(lines.lines().count(), 30_000);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

/// `cv_results_` of scikit-learn: a dict of arrays, masked arrays and a list. pandas makes `None` of what is masked, too.
#[test]
fn dicts_of_masked_arrays_are_columns() {
    // {"mean": array([.5, .25]), "param_C": masked_array([.1, "auto"], mask=[0, 1]), "n": masked_array([7, 8], mask=[1, 0]),
    //  "params": [{"C": .1}, {}]} by NumPy 2.4, protocol 4.
    const RESULTS: &str = "800495c0010000000000007d94288c046d65616e948c166e756d70792e5f636f72652e6d756c74696172726179948c0c5f\
        7265636f6e7374727563749493948c056e756d7079948c076e6461727261799493944b0085944301629487945294284b014b02859468058c05647479\
        70659493948c02663894898887945294284b038c013c944e4e4e4affffffff4affffffff4b00749462894310000000000000e03f000000000000d03f\
        947494628c07706172616d5f43948c0d6e756d70792e6d612e636f7265948c0e5f6d617265636f6e737472756374949394288c086e756d70792e6d61\
        948c0b4d61736b6564417272617994939468074b0085948c01629474945294284b014b028594680e8c024f3894898887945294284b038c017c944e4e\
        4e4affffffff4affffffff4b3f749462895d9428473fb999999999999a8c046175746f946543020001944e7494628c016e94681928681c6807681d68\
        1e74945294284b014b028594680e8c02693894898887945294284b0368124e4e4e4affffffff4affffffff4b00749462894310070000000000000008\
        000000000000009443020100944e7494628c06706172616d73945d94287d948c014394473fb999999999999a737d9465752e";
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = RESULTS.as_bytes().chunks(2).map(pair).collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("results.pkl"), bytes).unwrap();
    let lines = says(&["table", "results.pkl", "-f", "jsonl"], folder.path());
    let first = r#"{"mean":0.5,"param_C":0.1,"n":null,"params":{"C":0.1}}"#;
    let second = r#"{"mean":0.25,"param_C":null,"n":8,"params":{}}"#;
    assert_eq!(lines, format!("{first}\n{second}"));
    let csv = says(&["table", "results.pkl", "-f", "csv", "-c", "mean,param_C,n"], folder.path());
    assert_eq!(csv, "mean,param_C,n\n0.5,0.1,\n0.25,,8");
}

/// As many columns as have room, from both ends, each as wide as what is in it.
#[test]
fn wide_tables_have_a_mark_in_the_middle() {
    let folder = tempfile::tempdir().expect("folder");
    let mut pickle = b"\x80\x02]}(".to_vec();
    for column in 0..14 {
        text(&format!("column {column}"), &mut pickle);
        text(&format!("a text of {column}"), &mut pickle);
    }
    pickle.extend(b"ua.");
    std::fs::write(folder.path().join("wide.pkl"), pickle).expect("file");
    let shown = says(&["table", "wide.pkl"], folder.path());
    let names = shown.lines().nth(2).expect("names");
    let cells: Vec<&str> = names.split('┆').map(|cell| cell.trim_matches(['│', ' '])).collect();
    let mark = cells.iter().position(|cell| *cell == "…").expect("a mark");
    assert!(cells[1] == "column 0" && cells[mark - 1] == format!("column {}", mark - 2), "{shown}");
    assert_eq!(*cells.last().expect("cells"), "column 13", "{shown}");
    let row = shown.lines().nth(5).expect("row");
    assert!(row.contains("a text of 0") && row.contains("a text of 13"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 120), "{shown}");
    assert_eq!(shown.lines().count(), 7, "{shown}");
}
