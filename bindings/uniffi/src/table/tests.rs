//! Tables are what pandas, NumPy and lists say: tests/data/tables/tables.tsv, which Kotlin and Swift read as well.

use super::{VERSION, table_in, table_of};
use crate::{ErrorKind, PickleError, ReadOptions, loads};
use std::collections::BTreeMap;
use std::path::PathBuf;

const UNITS: [&str; 13] = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/tables"))
}

/// A column of the table, in the words of tables.tsv: name, dtype, kind, cells.
type Told = (String, String, String, Vec<String>);

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken.to_vec()
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn number(&mut self) -> usize {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return number;
            }
        }
    }

    fn word(&mut self) -> [u8; 8] {
        self.take(8).try_into().unwrap()
    }

    fn place(&mut self) -> i32 {
        i32::from_le_bytes(self.take(4).try_into().unwrap())
    }

    fn blob(&mut self) -> Vec<u8> {
        let len = self.number();
        self.take(len)
    }

    fn text(&mut self) -> String {
        String::from_utf8(self.blob()).unwrap()
    }

    fn table(&mut self) -> (usize, usize, BTreeMap<usize, Told>) {
        assert_eq!(self.byte(), VERSION);
        let (rows, columns, levels) = (self.number(), self.number(), self.number());
        let mut all = BTreeMap::new();
        for _ in 0..columns + levels {
            let at = self.number();
            let name = match self.number() {
                0 => "-".to_owned(),
                len => format!("n{}", String::from_utf8(self.take(len - 1)).unwrap()),
            };
            let dtype = self.text();
            let (kind, cells) = self.values();
            assert_eq!(cells.len(), rows, "{name}");
            assert!(all.insert(at, (name, dtype, kind, cells)).is_none(), "{at} comes twice");
        }
        assert!(self.0.is_empty() && all.keys().copied().eq(0..columns + levels));
        (rows, columns, all)
    }

    fn values(&mut self) -> (String, Vec<String>) {
        let (kind, len) = (self.byte(), self.number());
        let unit = |reader: &mut Self| UNITS[usize::from(reader.byte()) - 1];
        let (mut ticks, mut zone) = ("", String::new());
        match kind {
            0 => return ("null".into(), vec!["-".into(); len]),
            5 | 6 | 11 => {
                let texts: Vec<Vec<u8>> = (0..self.number()).map(|_| self.blob()).collect();
                let told = |bytes: &Vec<u8>| match kind {
                    5 => format!("t{}", hex(bytes)),
                    6 => format!("b{}", hex(bytes)),
                    _ => decimal(std::str::from_utf8(bytes).unwrap()),
                };
                let cell = |place: i32| usize::try_from(place - 1).map_or("-".into(), |at| told(&texts[at]));
                let cells = (0..len).map(|_| cell(self.place())).collect();
                return (["text", "bytes"].get(usize::from(kind) - 5).copied().unwrap_or("decimal").into(), cells);
            }
            7 => {
                ticks = unit(self);
                zone = self.text();
                zone = if zone.is_empty() { zone } else { format!(" {zone}") };
            }
            8 | 10 => ticks = unit(self),
            9 => ticks = "D",
            14 => {
                let (start, step) = (i64::from_le_bytes(self.word()), i64::from_le_bytes(self.word()));
                return ("range".into(), (0..len as i64).map(|at| (start + at * step).to_string()).collect());
            }
            15 => {
                let ordered = if self.byte() == 1 { "ordered " } else { "" };
                let (kind, categories) = self.values();
                let cell = |place: i32| usize::try_from(place).map_or("-".into(), |at| categories[at].clone());
                return (format!("category {ordered}{kind}"), (0..len).map(|_| cell(self.place())).collect());
            }
            16 => {
                let closed = ["left", "right", "both", "neither"][usize::from(self.byte())];
                let ((_, left), (_, right)) = (self.values(), self.values());
                return (
                    format!("interval {closed}"),
                    left.iter().zip(right).map(|(a, b)| format!("{a};{b}")).collect(),
                );
            }
            _ => {}
        }
        let missing = if self.byte() == 1 { self.take(len) } else { vec![0; len] };
        let float = |word: [u8; 8]| {
            let float = f64::from_le_bytes(word);
            if float.is_nan() { "nan".into() } else { format!("{:016x}", float.to_bits()) }
        };
        if kind == 13 {
            let flat = self.blob();
            let pickle = crate::dumps(&flat, 4).unwrap();
            let items = loads(&pickle, ReadOptions::default()).unwrap();
            assert!(items.len() >= missing.iter().filter(|missing| **missing == 0).count());
        }
        let mut cells = Vec::new();
        for missing in missing {
            let cell = match kind {
                1 => ["false", "true"][usize::from(self.byte())].into(),
                2 => i64::from_le_bytes(self.word()).to_string(),
                3 => u64::from_le_bytes(self.word()).to_string(),
                4 => float(self.word()),
                7..=10 => format!("{}{ticks}", i64::from_le_bytes(self.word())),
                12 => format!("{},{}", float(self.word()), float(self.word())),
                13 => "v".into(),
                kind => panic!("kind {kind}"),
            };
            cells.push(if missing == 1 { "-".into() } else { cell });
        }
        let names =
            ["bool", "int", "uint", "float", "", "", "datetime", "timedelta", "date", "time", "", "complex", "value"];
        (format!("{}{zone}", names[usize::from(kind) - 1]), cells)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digits and an exponent as Python writes a Decimal of two places.
fn decimal(text: &str) -> String {
    match text.strip_suffix("E-2") {
        Some(digits) => {
            let number: i64 = digits.parse().unwrap();
            format!("{}{}.{:02}", if number < 0 { "-" } else { "" }, number.abs() / 100, number.abs() % 100)
        }
        None => text.to_owned(),
    }
}

fn read(table: &[u8]) -> (usize, usize, BTreeMap<usize, Told>) {
    Reader(table).table()
}

#[test]
fn tables_are_what_their_makers_say() {
    let lines = std::fs::read_to_string(folder().join("tables.tsv")).unwrap();
    let mut wanted: BTreeMap<(&str, &str), BTreeMap<usize, Told>> = BTreeMap::new();
    for line in lines.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [file, path, rows, number, name, dtype, kind, cells] = cells[..] else { panic!("{line}") };
        let cells: Vec<String> = cells.split_terminator(' ').map(str::to_owned).collect();
        assert_eq!(cells.len().to_string(), rows, "{line}");
        let told = (name.to_owned(), dtype.to_owned(), kind.to_owned(), cells);
        wanted.entry((file, path)).or_default().insert(number.parse().unwrap(), told);
    }
    assert!(wanted.len() > 25, "{}", wanted.len());
    for ((file, path), columns) in wanted {
        let pickle = std::fs::read(folder().join(file)).unwrap();
        let table =
            table_in(&pickle, path.into(), ReadOptions::default()).unwrap_or_else(|error| panic!("{file}: {error}"));
        let (_, _, found) = read(&table);
        for (number, told) in &columns {
            assert_eq!(Some(told), found.get(number), "{file} {path} column {number}");
        }
        assert_eq!(columns.len(), found.len(), "{file} {path}");
        // The same by way of the flat form.
        let flat = loads(&pickle, ReadOptions::default()).unwrap();
        assert_eq!(table_of(&flat, path.into(), 1000, None).unwrap(), table, "{file} {path}");
    }
}

fn refused(pickle: &[u8], path: &str) -> PickleError {
    table_in(pickle, path.into(), ReadOptions::default()).unwrap_err()
}

#[test]
fn what_is_no_table_says_so_with_its_path() {
    let lists = std::fs::read(folder().join("lists_p4.pkl")).unwrap();
    let error = refused(&lists, "$.scalar");
    assert_eq!(error.kind(), ErrorKind::NoTable);
    assert!(error.to_string().starts_with("$.scalar is not a table: "), "{error}");
    assert_eq!(refused(&lists, "$.nothing").kind(), ErrorKind::PathMissing);
    assert_eq!(refused(&lists, "$[").kind(), ErrorKind::BadPath);
    let (rows, columns, _) = read(&table_in(&lists, "$.no".into(), ReadOptions::default()).unwrap());
    assert_eq!((rows, columns), (0, 0));
    for (file, why) in [
        ("csr_wrong.pkl", "$ is not a table that can be read: its parts do not fit together"),
        ("lil_outside.pkl", "$ is not a table that can be read: its parts do not fit together"),
        ("cube.pkl", "$ is not a table: "),
    ] {
        let pickle = std::fs::read(folder().join("../cases").join(file)).unwrap();
        let error = refused(&pickle, "$");
        assert_eq!(error.kind(), ErrorKind::NoTable, "{file}");
        assert!(error.to_string().starts_with(why), "{file}: {error}");
    }
    let dok = std::fs::read(folder().join("../cases/dok_p2.pkl")).unwrap();
    let (rows, _, columns) = read(&table_in(&dok, "$".into(), ReadOptions::default()).unwrap());
    assert!(rows > 0 && columns.values().map(|column| column.0.as_str()).eq(["nrow", "ncol", "nvalue"]));
    // Every change of a byte makes a table or an error.
    for file in ["frame_pd3_p5.pkl", "frame_pd025_p0.pkl", "levels.pkl", "sparse_csr.pkl"] {
        let pickle = std::fs::read(folder().join(file)).unwrap();
        let path = if file.starts_with("frame") { "$.made[0]" } else { "$" };
        for at in (0..pickle.len()).step_by(pickle.len() / 400 + 1) {
            for change in [0x01, 0x80, 0xff] {
                let mut pickle = pickle.clone();
                pickle[at] ^= change;
                if let Ok(table) = table_in(&pickle, path.into(), ReadOptions::default()) {
                    assert_eq!(table[0], VERSION);
                }
            }
        }
    }
}

/// A pickle of a list of the rows that `row` gives.
fn list(rows: usize, row: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let mut pickle = b"\x80\x04](".to_vec();
    (0..rows).for_each(|at| pickle.extend(row(at)));
    pickle.extend(b"e.");
    pickle
}

fn text(text: &str) -> Vec<u8> {
    [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

#[test]
fn tables_of_any_number_of_rows() {
    for size in [0usize, 1, 255, 256, 65_535, 65_536] {
        let pickle = list(size, |at| {
            [
                b"}(".as_slice(),
                &text("id"),
                b"J",
                &(at as u32).to_le_bytes(),
                &text("t"),
                &text(&format!("r{at}")),
                b"u",
            ]
            .concat()
        });
        let (rows, _, columns) = read(&table_in(&pickle, "$".into(), ReadOptions::default()).unwrap());
        assert_eq!(rows, size);
        if let (Some(ids), Some(texts)) = (columns.get(&0), columns.get(&1)) {
            assert!(ids.3.iter().enumerate().all(|(at, id)| *id == at.to_string()));
            assert_eq!(texts.3.last().unwrap(), &format!("t{}", hex(format!("r{}", size - 1).as_bytes())));
        } else {
            assert_eq!(size, 0);
        }
        // As many columns.
        let columns = size.min(256);
        let pickle = list(2, |_| {
            let cells = (0..columns).flat_map(|at| [text(&at.to_string()), b"K\x01".to_vec()].concat());
            [b"}(".to_vec(), cells.collect(), b"u".to_vec()].concat()
        });
        assert_eq!(read(&table_in(&pickle, "$".into(), ReadOptions::default()).unwrap()).1, columns);
    }
}

#[test]
fn a_small_pickle_makes_no_large_table() {
    // A new key a row: as many columns as rows.
    let rows = 10_000;
    let pickle = list(rows, |at| [b"}".as_slice(), &text(&at.to_string()), b"K\x01s"].concat());
    let error = refused(&pickle, "$");
    assert_eq!(error.kind(), ErrorKind::SizeLimit);
    assert!(error.to_string().starts_with("$ is a table with far more cells"), "{error}");
    // A text that all rows share is there once.
    let mut pickle = [b"\x80\x04".as_slice(), &text(&"x".repeat(1 << 20)), b"\x940]("].concat();
    pickle.extend(b"h\0".repeat(100_000));
    pickle.extend(b"e.");
    let table = table_in(&pickle, "$".into(), ReadOptions::default()).unwrap();
    assert!(table.len() < 2 << 20, "{}", table.len());
    // What the caller allows.
    let options = ReadOptions { max_bytes: Some(1 << 20), ..ReadOptions::default() };
    let pickle = list(100_000, |_| b"G\0\0\0\0\0\0\0\0".to_vec());
    let error =
        table_in(&pickle, "$".into(), ReadOptions { max_bytes: Some(2 << 20), ..options }).map(|table| table.len());
    assert!(error.is_ok_and(|len| len > 800_000));
    let flat = loads(&pickle, ReadOptions::default()).unwrap();
    assert_eq!(table_of(&flat, "$".into(), 100, Some(800_000)).unwrap_err().kind(), ErrorKind::SizeLimit);
}
