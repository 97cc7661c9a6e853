//! `pickle table` to Parquet and Arrow files, which are read back.
#![cfg(feature = "arrow")]

#[path = "common/batched.rs"]
mod batched;
#[path = "common/command.rs"]
mod command;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use batched::text;
use command::pickle;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;

/// Runs it and wants it to do well; gives what it says.
fn well(args: &[&str], folder: &Path, input: Option<&[u8]>) -> String {
    let run = pickle(args, folder, input);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{args:?}: {said}");
    said
}

fn int(int: i64, out: &mut Vec<u8>) {
    out.extend([0x8a, 8]);
    out.extend(int.to_le_bytes());
}

/// A list of rows `{"id": row, "v": ...}`, as CPython writes it: a thousand at a time.
fn rows(count: usize, value: &dyn Fn(usize, &mut Vec<u8>)) -> Vec<u8> {
    let list = batched::list(count, &|row, out| {
        text("id", out);
        int(row as i64, out);
        text("v", out);
        value(row, out);
    });
    [b"\x80\x02", &list[..], b"."].concat()
}

fn opened(path: &Path) -> ParquetRecordBatchReaderBuilder<File> {
    ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a file")).expect("Parquet")
}

fn parquet(path: &Path) -> Vec<RecordBatch> {
    opened(path).build().expect("a reader").collect::<Result<_, _>>().expect("batches")
}

fn count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// What has no items is a table where it has rows, and an error where it has none: from a file and from a pipe, as text and in columns.
#[test]
fn values_without_items() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let arrays = [
        &b"carray\narray\n(Vi\n(lp0\nI5\naI6\naI7\natR."[..],
        b"\x80\x02carray\narray\nq\0X\x01\0\0\0iq\x01]q\x02(K\x05K\x06K\x07e\x86q\x03Rq\x04.",
        b"\x80\x04carray\n_array_reconstructor\n(carray\narray\nVi\nK\x08C\x0c\x05\0\0\0\x06\0\0\0\x07\0\0\0tR.",
    ];
    for file in arrays {
        std::fs::write(folder.join("a"), file).expect("written");
        for input in [None, Some(file)] {
            let from = if input.is_some() { "-" } else { "a" };
            let run = pickle(&["items", from], folder, input);
            assert_eq!((run.status.code(), run.stdout.as_slice()), (Some(0), &b"5\n6\n7\n"[..]), "{run:?}");
            let run = pickle(&["table", from, "-f", "csv"], folder, input);
            assert_eq!((run.status.code(), run.stdout.as_slice()), (Some(0), &b"0\n5\n6\n7\n"[..]), "{run:?}");
            well(&["table", from, "-o", "a.parquet"], folder, input);
            assert_eq!(count(&parquet(&folder.join("a.parquet"))), 3);
        }
    }
    for (file, is_table) in [
        (&b"(lp0\n."[..], true),
        (b").", true),
        (b"\x80\x02c__builtin__\ngetattr\n(cshop\nOuter\nX\x05\0\0\0InnertR.", false),
        (b"K\x07.", false),
    ] {
        std::fs::write(folder.join("a"), file).expect("written");
        for (args, input) in [
            (["table", "a", "-f", "csv"], None),
            (["table", "a", "-o", "b.parquet"], None),
            (["table", "a", "-o", "b.arrow"], None),
            (["table", "-", "-o", "b.arrow"], Some(file)),
        ] {
            let run = pickle(&args, folder, input);
            assert_eq!(
                run.status.code(),
                Some(if is_table { 0 } else { 1 }),
                "{args:?} {}: {run:?}",
                file.escape_ascii()
            );
        }
    }
}

#[test]
fn rows_of_any_number_are_all_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for number in [1usize, 255, 256, 9_999, 10_000, 10_001, 65_535, 65_536, 65_537, 150_000] {
        let file = rows(number, &|row, out| text(&format!("t{row}"), out));
        std::fs::write(folder.join("rows.pkl"), &file).expect("written");
        for input in ["rows.pkl", "-"] {
            assert_eq!(well(&["table", input, "-o", "out.parquet"], folder, Some(&file)), "");
            let batches = parquet(&folder.join("out.parquet"));
            assert_eq!(count(&batches), number, "{input}");
            let mut wanted = 0i64;
            for batch in &batches {
                for row in 0..batch.num_rows() {
                    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(row), wanted);
                    assert_eq!(batch.column(1).as_string::<i64>().value(row), format!("t{wanted}"));
                    wanted += 1;
                }
            }
        }
    }
}

#[test]
fn a_late_row_of_another_type_widens_its_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let late = rows(30_000, &|row, out| match row {
        29_999 => out.extend([&b"G"[..], &0.5f64.to_be_bytes()].concat()),
        row => int(row as i64, out),
    });
    std::fs::write(folder.join("late.pkl"), &late).expect("written");
    assert_eq!(well(&["table", "late.pkl", "-o", "late.parquet"], folder, None), "");
    let batches = parquet(&folder.join("late.parquet"));
    let last = batches.last().expect("a batch");
    assert_eq!(count(&batches), 30_000);
    assert_eq!(last.column(1).as_primitive::<Float64Type>().value(last.num_rows() - 1), 0.5);
    // To standard output, too, where nothing can be taken back.
    let run = pickle(&["table", "late.pkl", "-f", "arrow"], folder, None);
    assert!(run.status.success());
    let reader = arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(run.stdout), None).expect("Arrow");
    assert_eq!(count(&reader.collect::<Result<Vec<_>, _>>().expect("batches")), 30_000);
    // A pipe cannot be read again: the row is named, and nothing is written.
    let run = pickle(&["table", "-", "-o", "pipe.parquet"], folder, Some(&late));
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("$[29999]") && said.contains("column v") && said.contains("Int64"), "{said}");
    assert!(!folder.join("pipe.parquet").exists());
}

#[test]
fn what_no_type_holds_is_json_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mixed = rows(20_000, &|row, out| match row {
        15_000 => out.extend(b"](K\x01Ne"),
        row => text(&format!("t{row}"), out),
    });
    std::fs::write(folder.join("mixed.pkl"), &mixed).expect("written");
    let said = well(&["table", "mixed.pkl", "-o", "mixed.parquet"], folder, None);
    assert!(said.contains("the column v") && said.contains("JSON") && said.lines().count() == 1, "{said}");
    let all: Vec<String> = parquet(&folder.join("mixed.parquet"))
        .iter()
        .flat_map(|batch| {
            batch.column(1).as_string::<i64>().iter().map(|text| text.unwrap_or("").to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!((all[14_999].as_str(), all[15_000].as_str(), all.len()), ("t14999", "[1,null]", 20_000));
}

/// Columns that pandas calls by values of any type are called as pyarrow calls them: `str()` of each.
#[test]
fn names_that_are_no_text() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cells");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (file, names) in [
        ("headers_one_categories", &["x", "y", "x"][..]),
        ("headers_one_zone", &["2020-01-01 00:00:00+01:00", "2021-07-01 01:02:03.500000+02:00"]),
        ("headers_one_period", &["2020-01", "2020-02"]),
        ("headers_one_intervals", &["(0.5, 1.5]", "(1.5, 2.5]"]),
        ("headers_zone", &["('2020-01-01 00:00:00+01:00', 'True')", "('2021-01-01 00:00:00+01:00', 'False')"]),
        ("headers_missing", &["('2020-01-01 00:00:00', 'a')", "('NaT', 'nan')"]),
        ("headers_spans", &["('1 days 00:00:00', '0 days 00:00:01')", "('NaT', '0 days 00:00:02.500000')"]),
        (
            "headers_intervals",
            &[
                "('(2020-01-01 00:00:00, 2020-01-02 00:00:00]', '0.10000000149011612')",
                "('(2020-01-02 00:00:00, 2020-01-03 00:00:00]', '0.25')",
            ],
        ),
        ("headers_nullable_missing", &["('1', '0.5', '<NA>')", "('<NA>', '2.0', 'True')", "('2', '<NA>', 'False')"]),
    ] {
        for protocol in [2, 5] {
            let path = data.join(format!("{file}_p{protocol}.pkl"));
            let run = pickle(&["table", path.to_str().expect("text"), "-o", "o.parquet"], folder, None);
            assert!(run.status.success(), "{file}: {run:?}");
            let schema = opened(&folder.join("o.parquet")).schema().clone();
            let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            assert_eq!(found, names, "{file}, protocol {protocol}");
        }
    }
}

#[test]
fn frames_and_arrays() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/frame.pkl");
    let frame = std::fs::read(data).expect("the frame");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("frame.pkl"), &frame).expect("written");
    for input in ["frame.pkl", "-"] {
        well(&["table", input, "-o", "frame.parquet"], folder, Some(&frame));
        let batches = parquet(&folder.join("frame.parquet"));
        assert_eq!((count(&batches), batches[0].num_columns()), (3, 4));
        // Batches have the fields alone.
        let schema = opened(&folder.join("frame.parquet")).schema().clone();
        assert_eq!(schema.field(0).name(), "station");
        let pandas = schema.metadata().get("pandas").expect("metadata").clone();
        let pandas: serde_json::Value = serde_json::from_str(&pandas).expect("JSON");
        assert_eq!(pandas["index_columns"][0]["stop"], 3);
        assert_eq!(batches[0].column(1).as_primitive::<Float64Type>().values().to_vec(), [9.5, -3.25, 19.0]);
    }
    well(&["table", "frame.pkl", "-c", "temp,rain", "--index", "-o", "some.parquet"], folder, None);
    let some = parquet(&folder.join("some.parquet"));
    let names: Vec<_> = some[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["temp", "rain", "__index_level_0__"]);
    let missing = pickle(&["table", "frame.pkl", "-c", "nothing", "-o", "no.parquet"], folder, None);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no column nothing"));
    // What follows is not in the table, and said.
    std::fs::write(folder.join("two.pkl"), [frame.clone(), frame].concat()).expect("written");
    let two = pickle(&["table", "two.pkl", "-o", "two.parquet"], folder, None);
    assert_eq!(two.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&two.stderr).contains("more pickles follow"));
    assert_eq!(count(&parquet(&folder.join("two.parquet"))), 3);
}

#[test]
fn dicts_of_columns_and_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // {"a": [1, 2], "b": ["x", None]}
    std::fs::write(folder.join("columns.pkl"), b"\x80\x02}(U\x01a](K\x01K\x02eU\x01b](U\x01xNeu.").expect("written");
    well(&["table", "columns.pkl", "-o", "columns.parquet"], folder, None);
    let batches = parquet(&folder.join("columns.parquet"));
    assert_eq!((count(&batches), batches[0].num_columns(), batches[0].column(1).null_count()), (2, 2, 1));
    // A dict after the other: each is a row.
    std::fs::write(folder.join("log.pkl"), b"\x80\x02}U\x01aK\x01s.\x80\x02}U\x01aK\x02s.").expect("written");
    well(&["table", "log.pkl", "-o", "log.parquet"], folder, None);
    assert_eq!(count(&parquet(&folder.join("log.parquet"))), 2);
    // No rows, and what has none.
    std::fs::write(folder.join("empty.pkl"), b"\x80\x02].").expect("written");
    well(&["table", "empty.pkl", "-o", "empty.arrow"], folder, None);
    std::fs::write(folder.join("int.pkl"), b"\x80\x02K\x01.").expect("written");
    let none = pickle(&["table", "int.pkl", "-o", "int.parquet"], folder, None);
    assert_eq!(none.status.code(), Some(1));
    assert!(!folder.join("int.parquet").exists());
    // Cut off: nothing is written, and the old file is left.
    let whole = rows(20_000, &|row, out| int(row as i64, out));
    std::fs::write(folder.join("cut.pkl"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(folder.join("cut.parquet"), b"old").expect("written");
    let cut = pickle(&["table", "cut.pkl", "-o", "cut.parquet"], folder, None);
    assert_eq!(cut.status.code(), Some(1));
    assert_eq!(std::fs::read(folder.join("cut.parquet")).expect("the old file"), b"old");
}

#[test]
fn several_threads_write_what_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let all = |name: &str| {
        let batches = parquet(&folder.join(name));
        let schema = batches[0].schema();
        arrow_select::concat::concat_batches(&schema, &batches).expect("one batch")
    };
    let texts = |row: usize, out: &mut Vec<u8>| text(&format!("t{row}"), out);
    let late = |row: usize, out: &mut Vec<u8>| match row {
        190_000 => out.extend([&b"G"[..], &0.5f64.to_be_bytes()].concat()),
        row => int(row as i64, out),
    };
    for (number, value) in [(1usize, &texts as &dyn Fn(usize, &mut Vec<u8>)), (200_000, &texts), (200_000, &late)] {
        let file = rows(number, value);
        std::fs::write(folder.join("rows.pkl"), &file).expect("written");
        well(&["table", "rows.pkl", "-o", "one.parquet"], folder, None);
        // A plan made on the spot, if the file is large enough.
        well(&["table", "rows.pkl", "--jobs", "3", "-o", "jobs.parquet"], folder, None);
        assert_eq!(all("one.parquet"), all("jobs.parquet"));
        // One that lies beside it, with many splits.
        well(&["index", "rows.pkl", "--every", "100000"], folder, None);
        for jobs in ["1", "2", "7"] {
            well(&["table", "rows.pkl", "--jobs", jobs, "-o", "plan.parquet"], folder, None);
            assert_eq!(all("one.parquet"), all("plan.parquet"));
            well(&["table", "rows.pkl", "--jobs", jobs, "-c", "v", "-o", "plan.arrow"], folder, None);
        }
        std::fs::remove_file(folder.join("rows.pkl.pkx")).expect("removed");
    }
    // Cut off: nothing is written, and where is told.
    let whole = rows(200_000, &texts);
    std::fs::write(folder.join("cut.pkl"), &whole[..whole.len() / 2]).expect("written");
    let cut = pickle(&["table", "cut.pkl", "--jobs", "2", "-o", "cut.parquet"], folder, None);
    assert_eq!(cut.status.code(), Some(1));
    assert!(!folder.join("cut.parquet").exists());
    // A dict of rows is no list: it is read as a whole, on however many threads.
    std::fs::write(folder.join("dict.pkl"), b"\x80\x02}(U\x01a}U\x01vK\x01sU\x01b}U\x01vK\x02su.").expect("written");
    well(&["table", "dict.pkl", "--jobs", "2", "-o", "dict.parquet"], folder, None);
    assert_eq!(count(&parquet(&folder.join("dict.parquet"))), 2);
}

#[test]
fn what_is_masked_is_null() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for kind in ["text", "bytes", "times", "days", "spans", "complex", "big"] {
        for protocol in [2, 4] {
            let name = format!("masked_{kind}_p{protocol}.pkl");
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cases").join(&name);
            assert_eq!(well(&["table", data.to_str().expect("text"), "-o", "out.parquet"], folder, None), "", "{name}");
            let batches = parquet(&folder.join("out.parquet"));
            assert_eq!(count(&batches), 3, "{name}");
            let column = batches[0].column(0);
            assert_eq!((0..3).map(|row| column.is_null(row)).collect::<Vec<_>>(), [false, true, false], "{name}");
        }
    }
}
