//! Rows and arrays as record batches, and files that are read back.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch, RecordBatchReader};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use pickle_arrow::{
    Arena, FileFormat, FileWriter, Misfit, RowSchema, TableOptions, TableReader, arrow_array, arrow_schema, json,
};
use pickle_core::{Heap, Options, Unpickler, Value};

/// Opcodes of protocol 4 for values that the tests are made of.
#[derive(Clone)]
enum Py {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    List(Vec<Py>),
    Dict(Vec<(&'static str, Py)>),
    /// Module, name, arguments.
    Call(&'static str, &'static str, Vec<Py>),
}

impl Py {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Py::None => out.push(b'N'),
            Py::Bool(flag) => out.push(if *flag { 0x88 } else { 0x89 }),
            Py::Int(int) => {
                out.extend([0x8a, 8]);
                out.extend(int.to_le_bytes());
            }
            Py::Float(float) => {
                out.push(b'G');
                out.extend(float.to_be_bytes());
            }
            Py::Str(text) => {
                out.push(b'X');
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text.bytes());
            }
            Py::Bytes(bytes) => {
                out.push(b'B');
                out.extend((bytes.len() as u32).to_le_bytes());
                out.extend(bytes);
            }
            Py::List(items) => {
                out.extend(b"](");
                items.iter().for_each(|item| item.write(out));
                out.push(b'e');
            }
            Py::Dict(pairs) => {
                out.extend(b"}(");
                for (key, value) in pairs {
                    Py::Str((*key).to_owned()).write(out);
                    value.write(out);
                }
                out.push(b'u');
            }
            Py::Call(module, name, args) => {
                out.extend(format!("c{module}\n{name}\n(").bytes());
                args.iter().for_each(|arg| arg.write(out));
                out.extend(b"tR");
            }
        }
    }

    fn pickle(&self) -> Vec<u8> {
        let mut out = vec![0x80, 4];
        self.write(&mut out);
        out.push(b'.');
        out
    }
}

fn s(text: &str) -> Py {
    Py::Str(text.to_owned())
}

fn with_value<T>(value: &Py, take: impl FnOnce(Value<'_>) -> T) -> T {
    let pickle = value.pickle();
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    take(unpickler.load(&pickle).expect("a pickle").root())
}

fn batches(value: &Py, options: &TableOptions) -> Vec<RecordBatch> {
    with_value(value, |value| {
        let arena = Arena::new(json);
        TableReader::new(value, options, &arena).expect("a table").collect::<Result<_, _>>().expect("batches")
    })
}

fn batch(value: &Py) -> RecordBatch {
    let batches = batches(value, &TableOptions::new());
    assert_eq!(batches.len(), 1);
    batches.into_iter().next().expect("one")
}

fn column(cells: Vec<Py>) -> RecordBatch {
    batch(&Py::List(cells.into_iter().map(|cell| Py::Dict(vec![("a", cell)])).collect()))
}

fn type_of(cells: Vec<Py>) -> DataType {
    column(cells).column(0).data_type().clone()
}

fn decimal(text: &str) -> Py {
    Py::Call("decimal", "Decimal", vec![s(text)])
}

fn date(bytes: [u8; 4]) -> Py {
    Py::Call("datetime", "date", vec![Py::Bytes(bytes.to_vec())])
}

fn datetime(bytes: [u8; 10]) -> Py {
    Py::Call("datetime", "datetime", vec![Py::Bytes(bytes.to_vec())])
}

#[test]
fn types_are_what_holds_all() {
    assert_eq!(type_of(vec![Py::None]), DataType::Null);
    assert_eq!(type_of(vec![Py::Int(1), Py::None]), DataType::Int64);
    assert_eq!(type_of(vec![Py::Int(1), Py::Float(0.5)]), DataType::Float64);
    assert_eq!(type_of(vec![Py::Bool(true), Py::None]), DataType::Boolean);
    assert_eq!(type_of(vec![Py::Bool(true), Py::Int(1)]), DataType::LargeUtf8);
    // No float is 2^53 + 1.
    assert_eq!(type_of(vec![Py::Int((1 << 53) + 1), Py::Float(0.5)]), DataType::LargeUtf8);
    assert_eq!(type_of(vec![s("x"), Py::Float(f64::NAN)]), DataType::LargeUtf8);
    assert_eq!(type_of(vec![Py::Bytes(vec![1])]), DataType::LargeBinary);
    assert_eq!(type_of(vec![decimal("1.10"), decimal("-250")]), DataType::Decimal128(5, 2));
    assert_eq!(type_of(vec![date([7, 228, 1, 2])]), DataType::Date32);
    let time = datetime([7, 228, 1, 2, 3, 4, 5, 0, 0, 6]);
    assert_eq!(type_of(vec![time.clone(), Py::None]), DataType::Timestamp(TimeUnit::Microsecond, None));
    assert_eq!(type_of(vec![time, date([7, 228, 1, 2])]), DataType::LargeUtf8);
    let list = type_of(vec![Py::List(vec![Py::Int(1)]), Py::List(vec![Py::Float(1.5)]), Py::List(vec![])]);
    assert!(matches!(list, DataType::LargeList(field) if *field.data_type() == DataType::Float64));
    let fields = type_of(vec![Py::Dict(vec![("x", Py::Int(1))]), Py::Dict(vec![("y", s("t"))])]);
    assert!(matches!(fields, DataType::Struct(fields) if fields.len() == 2));
}

#[test]
fn what_no_type_holds_is_json() {
    let value = Py::List(vec![
        Py::Dict(vec![("a", s("x"))]),
        Py::Dict(vec![("a", Py::List(vec![Py::Int(1), Py::None]))]),
        Py::Dict(vec![("a", Py::Float(1.5)), ("b", Py::Int(2))]),
    ]);
    with_value(&value, |value| {
        let arena = Arena::new(json);
        let mut reader = TableReader::new(value, &TableOptions::new(), &arena).expect("a table");
        assert_eq!(reader.json_columns(), ["a"]);
        let batch = reader.next().expect("a batch").expect("it fits");
        let text = batch.column(0).as_string::<i64>();
        assert_eq!(text.iter().collect::<Vec<_>>(), [Some("x"), Some("[1,null]"), Some("1.5")]);
        let ints = batch.column(1).as_primitive::<Int64Type>();
        assert_eq!(ints.iter().collect::<Vec<_>>(), [None, None, Some(2)]);
    });
}

#[test]
fn values_are_exact() {
    let batch = column(vec![decimal("0.05"), decimal("-12.5"), decimal("1E+2"), Py::None]);
    let digits = batch.column(0).as_primitive::<arrow_array::types::Decimal128Type>();
    assert_eq!(digits.iter().collect::<Vec<_>>(), [Some(5), Some(-1250), Some(10_000), None]);
    let batch = column(vec![date([7, 178, 1, 1]), date([0, 1, 1, 1]), date([39, 15, 12, 31])]);
    let days = batch.column(0).as_primitive::<arrow_array::types::Date32Type>();
    assert_eq!(days.values().to_vec(), [0, -719_162, 2_932_896]);
    let batch = column(vec![datetime([7, 178, 1, 1, 0, 0, 1, 0, 0, 2])]);
    assert_eq!(batch.column(0).as_primitive::<arrow_array::types::TimestampMicrosecondType>().value(0), 1_000_002);
}

/// Floats along two axes, in C order.
fn array(rows: usize, columns: usize) -> Py {
    let data = (0..rows * columns).flat_map(|n| (n as f64 / 4.0).to_le_bytes()).collect();
    Py::Call(
        "numpy._core.numeric",
        "_frombuffer",
        vec![
            Py::Bytes(data),
            Py::Call("numpy", "dtype", vec![s("f8"), Py::Bool(false), Py::Bool(true)]),
            Py::List(vec![Py::Int(rows as i64), Py::Int(columns as i64)]),
            s("C"),
        ],
    )
}

#[test]
fn arrays_of_all_sizes_are_read_back() {
    for rows in [0usize, 1, 255, 256, 65_535, 65_536, 65_537, 200_000] {
        let value = array(rows, 3);
        let batches = batches(&value, &TableOptions::new());
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows);
        assert!(batches.iter().all(|batch| batch.num_rows() <= 65_536));
        let mut row = 0;
        for batch in &batches {
            for column in 0..3 {
                let floats = batch.column(column).as_primitive::<Float64Type>();
                let wanted = (row..).map(|row| (row * 3 + column) as f64 / 4.0);
                assert!(floats.values().iter().copied().eq(wanted.take(batch.num_rows())), "{rows}, {column}");
            }
            row += batch.num_rows();
        }
    }
}

#[test]
fn columns_are_chosen() {
    let value = array(2, 3);
    let options = TableOptions::new().columns(Some(vec!["2".into(), "0".into()])).index(Some(true));
    let batch = &batches(&value, &options);
    assert_eq!(batch.len(), 1);
    let names: Vec<_> = batch[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["2", "0"]);
    let missing = TableOptions::new().columns(Some(vec!["7".into()]));
    with_value(&value, |value| {
        let arena = Arena::new(json);
        assert!(TableReader::new(value, &missing, &arena).is_err());
    });
}

#[test]
fn dicts_of_columns_and_of_rows() {
    let columns =
        batch(&Py::Dict(vec![("x", Py::List(vec![Py::Int(1), Py::Int(2)])), ("y", Py::List(vec![s("a"), Py::None]))]));
    assert_eq!((columns.num_rows(), columns.num_columns()), (2, 2));
    let rows = batch(&Py::Dict(vec![
        ("k", Py::Dict(vec![("v", Py::Int(1))])),
        ("l", Py::Dict(vec![("v", Py::Int(2)), ("w", Py::Float(0.5))])),
    ]));
    assert_eq!((rows.num_rows(), rows.num_columns()), (2, 3));
    assert_eq!(rows.column(0).as_string::<i64>().value(1), "l");
    let nested = Py::List(vec![Py::Dict(vec![("a", Py::Dict(vec![("b", Py::Int(1))]))])]);
    let flat = batches(&nested, &TableOptions::new().flatten(true));
    assert_eq!(flat[0].schema().field(0).name(), "a.b");
}

#[test]
fn streams_of_rows_are_checked() {
    let options = TableOptions::new();
    let mut schema = RowSchema::new(&options, json);
    let row = Py::Dict(vec![("a", Py::Int(1)), ("b", s("x"))]);
    with_value(&row, |row| schema.look(row));
    let mut builder = schema.builder().expect("columns");
    for _ in 0..65_535 {
        assert!(with_value(&row, |row| builder.push(row)).expect("it fits").is_none());
    }
    let full = with_value(&row, |row| builder.push(row)).expect("it fits").expect("a batch");
    assert_eq!(full.num_rows(), 65_536);
    assert!(builder.finish().is_none());
    let float = Py::Dict(vec![("a", Py::Float(0.5))]);
    let misfit = with_value(&float, |row| builder.push(row)).expect_err("no int");
    assert_eq!(misfit, Misfit::Cell { column: "a".into(), data_type: "Int64".into() });
    let mut builder = schema.builder().expect("columns");
    let more = Py::Dict(vec![("c", Py::None)]);
    assert_eq!(with_value(&more, |row| builder.push(row)).expect_err("new"), Misfit::Column("c".into()));
    // Looked at, it fits.
    with_value(&float, |row| schema.look(row));
    with_value(&more, |row| schema.look(row));
    let mut builder = schema.builder().expect("columns");
    with_value(&row, |row| builder.push(row)).expect("it fits");
    with_value(&float, |row| builder.push(row)).expect("it fits");
    let batch = builder.finish().expect("two rows");
    assert_eq!(batch.column(0).as_primitive::<Float64Type>().values().to_vec(), [1.0, 0.5]);
    assert_eq!(batch.column(1).null_count(), 1);
    assert_eq!(batch.column(2).data_type(), &DataType::Null);
}

/// A column of every type, as a stream gives it.
fn everything() -> Py {
    let row = |at: i64| {
        Py::Dict(vec![
            ("none", Py::None),
            ("bool", Py::Bool(at % 2 == 0)),
            ("int", if at % 3 == 0 { Py::None } else { Py::Int(at) }),
            ("float", Py::Float(at as f64 / 3.0)),
            ("text", s(&format!("t{at}"))),
            ("bytes", Py::Bytes(vec![at as u8])),
            ("date", date([7, 228, 1, 2])),
            ("time", datetime([7, 228, 1, 2, 3, 4, 5, 0, 0, 6])),
            ("decimal", decimal("1.25")),
            ("list", Py::List(vec![Py::Int(at), Py::None])),
            ("struct", Py::Dict(vec![("x", Py::Int(at)), ("y", Py::List(vec![s("z")]))])),
        ])
    };
    Py::List((0..1000).map(row).collect())
}

#[test]
fn files_are_read_back() {
    let whole = batches(&everything(), &TableOptions::new());
    let schema = whole[0].schema();
    let mut writer = FileWriter::new(Vec::new(), FileFormat::Parquet, schema.clone()).expect("a file");
    whole.iter().for_each(|batch| writer.write(batch).expect("a batch"));
    let file = writer.finish().expect("a file");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file));
    let reader = reader.expect("Parquet").with_batch_size(1000).build().expect("a reader");
    let read: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("batches");
    assert_eq!(read[0].schema().fields(), schema.fields());
    assert_eq!(read.len(), 1);
    let mut row = 0;
    for batch in &whole {
        assert_eq!(batch.columns(), read[0].slice(row, batch.num_rows()).columns());
        row += batch.num_rows();
    }
    assert_eq!(row, 1000);

    for format in [FileFormat::Arrow, FileFormat::ArrowStream] {
        let mut writer = FileWriter::new(Vec::new(), format, schema.clone()).expect("a file");
        whole.iter().for_each(|batch| writer.write(batch).expect("a batch"));
        let file = std::io::Cursor::new(writer.finish().expect("a file"));
        let read: Vec<RecordBatch> = match format {
            FileFormat::Arrow => {
                let reader = arrow_ipc::reader::FileReader::try_new(file, None).expect("Arrow");
                reader.collect::<Result<_, _>>().expect("batches")
            }
            _ => {
                let reader = arrow_ipc::reader::StreamReader::try_new(file, None).expect("Arrow");
                reader.collect::<Result<_, _>>().expect("batches")
            }
        };
        assert_eq!(read, whole);
    }
}

#[test]
fn readers_know_their_schema() {
    let value = Py::List(vec![Py::Dict(vec![("a", Py::Int(1))])]);
    with_value(&value, |value| {
        let arena = Arena::new(json);
        let reader = TableReader::new(value, &TableOptions::new(), &arena).expect("a table");
        assert_eq!((reader.rows(), reader.schema().fields().len()), (1, 1));
    });
    assert!(with_value(&Py::Int(1), |value| {
        let arena = Arena::new(json);
        TableReader::new(value, &TableOptions::new(), &arena).is_err()
    }));
    // A list that holds itself, and lists of the same list, end.
    let looped = b"\x80\x04]\x94h\x00a.";
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(looped).expect("a pickle");
    let arena = Arena::new(|_, out| out.push_str("..."));
    let reader = TableReader::new(document.root(), &TableOptions::new(), &arena).expect("a table");
    assert_eq!(reader.map(|batch| batch.expect("a batch").num_rows()).sum::<usize>(), 1);
}

#[test]
fn what_does_not_fit_columns_that_were_asked_for_is_null() {
    let ints = DataType::LargeList(std::sync::Arc::new(Field::new("item", DataType::Int64, true)));
    let schema = Schema::new(vec![
        Field::new("small", DataType::Int16, true),
        Field::new("list", ints, true),
        Field::new("text", DataType::Utf8, true),
    ]);
    let row = |small: Py, list: Py, text: Py| Py::Dict(vec![("small", small), ("list", list), ("text", text)]);
    let list = |ints: &[i64]| Py::List(ints.iter().map(|int| Py::Int(*int)).collect());
    let rows = [
        (row(Py::Int(-32768), list(&[1, 2]), s("a")), None),
        (row(Py::Int(32768), list(&[]), Py::Int(7)), Some("small")),
        (row(Py::Int(1), Py::List(vec![Py::Int(3), s("x")]), Py::None), Some("list")),
        (row(s("x"), Py::Int(1), s("b")), Some("small")),
        (Py::Dict(vec![("list", list(&[4])), ("unknown", Py::None)]), None),
    ];
    let mut builder = RowSchema::of(&schema, false, json).unwrap().builder().unwrap();
    for (row, misfit) in &rows {
        let found = with_value(row, |row| builder.take(row));
        let column = found.map(|misfit| match misfit {
            Misfit::Cell { column, .. } => column,
            other => panic!("{other}"),
        });
        assert_eq!(column.as_deref(), *misfit);
    }
    assert_eq!(builder.rows(), 5);
    let batch = builder.finish().unwrap();
    let small = batch.column(0).as_primitive::<arrow_array::types::Int16Type>();
    assert_eq!(small.iter().collect::<Vec<_>>(), [Some(-32768), None, Some(1), None, None]);
    let lists: Vec<Option<Vec<i64>>> = batch
        .column(1)
        .as_list::<i64>()
        .iter()
        .map(|list| list.map(|list| list.as_primitive::<Int64Type>().values().to_vec()))
        .collect();
    assert_eq!(lists, [Some(vec![1, 2]), Some(vec![]), None, None, Some(vec![4])]);
    let text = batch.column(2).as_string::<i64>();
    assert_eq!(text.iter().collect::<Vec<_>>(), [Some("a"), Some("7"), None, Some("b"), None]);
    // Columns that were found: others are told, and left out.
    let mut found = RowSchema::new(&TableOptions::new(), json);
    with_value(&Py::Dict(vec![("a", Py::Int(1))]), |row| found.look(row));
    let mut builder = found.builder().unwrap();
    let more = with_value(&Py::Dict(vec![("a", Py::Int(2)), ("b", Py::Int(3))]), |row| builder.take(row));
    assert_eq!(more, Some(Misfit::Column("b".into())));
    assert_eq!(builder.finish().unwrap().column(0).as_primitive::<Int64Type>().values(), &[2]);
    // Maps are in no row.
    let entries =
        DataType::Struct(vec![Field::new("k", DataType::Utf8, false), Field::new("v", DataType::Utf8, true)].into());
    let map = DataType::Map(std::sync::Arc::new(Field::new("entries", entries, false)), false);
    assert!(RowSchema::of(&Schema::new(vec![Field::new("m", map, true)]), false, json).is_err());
}
