//! What the tests share: a notation for values, a comparison of documents,
//! seeded random numbers, and the pickles to test with.
#![allow(dead_code, reason = "every test uses a part")]

use pickle_core::{
    BigInt, Change, Document, Error, GlobalName, How, Kind, Memory, OutOfBand, Status, Unpickler, Value,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A value in a notation that follows Python's. For small documents: shared
/// values are written out at each use, a cycle as `...`.
pub fn show(value: Value<'_>) -> String {
    let mut text = String::new();
    write(value, &mut Vec::new(), &mut text);
    text
}

fn list<'d>(items: impl Iterator<Item = Value<'d>>, around: &mut Vec<usize>, text: &mut String) {
    for (i, item) in items.enumerate() {
        text.push_str(if i == 0 { "" } else { ", " });
        write(item, around, text);
    }
}

fn pairs<'d>(entries: impl Iterator<Item = (Value<'d>, Value<'d>)>, around: &mut Vec<usize>, text: &mut String) {
    for (i, (key, value)) in entries.enumerate() {
        text.push_str(if i == 0 { "" } else { ", " });
        write(key, around, text);
        text.push_str(": ");
        write(value, around, text);
    }
}

/// Bytes between quotes, everything but printable ASCII escaped.
fn quoted(bytes: &[u8], text: &mut String) {
    text.push('\'');
    text.push_str(&bytes.escape_ascii().to_string());
    text.push('\'');
}

fn write(value: Value<'_>, around: &mut Vec<usize>, text: &mut String) {
    if let Some(id) = value.id() {
        if around.contains(&id) {
            text.push_str("...");
            return;
        }
        around.push(id);
    }
    let bytes = value.as_bytes().unwrap_or_default();
    match value.kind() {
        Kind::None => text.push_str("None"),
        Kind::Bool => text.push_str(if value.as_bool() == Some(true) { "True" } else { "False" }),
        Kind::Int => match (value.as_i128(), value.as_big_int()) {
            (Some(int), _) => text.push_str(&int.to_string()),
            (None, Some(BigInt::Text(digits))) => text.push_str(&String::from_utf8_lossy(digits)),
            (None, Some(BigInt::Bytes(bytes))) => text.push_str(&format!("long{bytes:02x?}")),
            (None, None) => text.push_str("int?"),
        },
        Kind::Float => match (value.as_f64(), value.float_text()) {
            (Some(float), _) => text.push_str(&format!("{float:?}")),
            (None, digits) => text.push_str(digits.unwrap_or("float?")),
        },
        Kind::Str => quoted(value.str_bytes().unwrap_or_default(), text),
        Kind::Str8 => {
            text.push('s');
            quoted(bytes, text);
        }
        Kind::Bytes => {
            text.push('b');
            quoted(bytes, text);
        }
        Kind::ByteArray => {
            text.push_str("bytearray(");
            quoted(bytes, text);
            text.push(')');
        }
        Kind::List => bracketed(value, "[", "]", around, text),
        Kind::Tuple => bracketed(value, "(", if value.len() == 1 { ",)" } else { ")" }, around, text),
        Kind::Set => bracketed(value, "set(", ")", around, text),
        Kind::FrozenSet => bracketed(value, "frozenset(", ")", around, text),
        Kind::Dict => {
            text.push('{');
            if let Some(entries) = value.entries() {
                pairs(entries, around, text);
            }
            text.push('}');
        }
        Kind::Global => match (value.as_global().map(GlobalName::pair), value.global_parts().map(GlobalName::pair)) {
            (Some((module, name)), _) => text.push_str(&format!("<{module} {name}>")),
            (None, Some((module, name))) => {
                text.push_str("global(");
                list([module, name].into_iter(), around, text);
                text.push(')');
            }
            (None, None) => text.push_str("global?"),
        },
        Kind::Extension => text.push_str(&format!("extension({})", value.as_extension().unwrap_or(0))),
        Kind::Buffer => {
            let OutOfBand { index: number, read_only } = value.as_buffer().unwrap_or_default();
            text.push_str(&format!("buffer({number}{})", if read_only { ", readonly" } else { "" }));
        }
        Kind::ReadOnly => {
            text.push_str("readonly(");
            list(value.inner().into_iter(), around, text);
            text.push(')');
        }
        _ => write_object(value, around, text),
    }
    if value.id().is_some() {
        around.pop();
    }
}

fn bracketed(value: Value<'_>, open: &str, close: &str, around: &mut Vec<usize>, text: &mut String) {
    text.push_str(open);
    list(value.items().into_iter().flatten(), around, text);
    text.push_str(close);
}

fn write_object(value: Value<'_>, around: &mut Vec<usize>, text: &mut String) {
    let Some(object) = value.as_object() else {
        text.push_str("object?");
        return;
    };
    text.push_str(object.how().name());
    text.push('(');
    let args = if let Some(args) = object.args_value() { vec![args] } else { object.args().collect() };
    list([object.callable()].into_iter().chain(args).chain(object.kwargs()), around, text);
    text.push(')');
    for change in object.changes() {
        match change {
            Change::Append(items) => {
                text.push_str(".append(");
                list(items, around, text);
            }
            Change::Add(items) => {
                text.push_str(".add(");
                list(items, around, text);
            }
            Change::SetItem(entries) => {
                text.push_str(".set(");
                pairs(entries, around, text);
            }
            Change::Build(state) => {
                text.push_str(".build(");
                write(state, around, text);
            }
            Change::Raw(data, offset) => {
                text.push_str(&format!(".raw({offset}: "));
                quoted(data, text);
            }
            Change::Nested(root) => {
                text.push_str(".nested(");
                write(root, around, text);
            }
            _ => text.push_str(".?("),
        }
        text.push(')');
    }
}

/// One value as it stands alone: everything but its parts.
#[derive(Debug, PartialEq)]
enum Face<'d> {
    Plain(Kind, usize),
    Bool(Option<bool>),
    Int(Option<i128>, bool),
    BigInt(Option<BigInt<'d>>),
    Float(Option<u64>, Option<&'d str>),
    Bytes(Kind, Option<&'d [u8]>, Option<&'d [u8]>),
    Global(Option<(&'d str, &'d str)>),
    Extension(Option<u32>),
    Buffer(Option<OutOfBand>),
    Object(How, usize),
}

/// A part of an object that is no value: where its changes begin and end.
#[derive(Debug, PartialEq)]
enum Turn<'d> {
    Append,
    Add,
    SetItem,
    Build,
    Raw(&'d [u8], u64),
    Nested,
}

fn face<'d>(value: &Value<'d>) -> Face<'d> {
    match value.kind() {
        Kind::Bool => Face::Bool(value.as_bool()),
        Kind::Int => match value.as_i128() {
            Some(int) => Face::Int(Some(int), value.is_long()),
            None => Face::BigInt(value.as_big_int()),
        },
        Kind::Float => Face::Float(value.as_f64().map(f64::to_bits), value.float_text()),
        kind @ (Kind::Str | Kind::Str8 | Kind::Bytes | Kind::ByteArray) => {
            Face::Bytes(kind, value.str_bytes(), value.as_bytes())
        }
        Kind::Global => Face::Global(value.as_global().map(GlobalName::pair)),
        Kind::Extension => Face::Extension(value.as_extension()),
        Kind::Buffer => Face::Buffer(value.as_buffer()),
        Kind::Object | Kind::Persistent => match value.as_object() {
            Some(object) => Face::Object(object.how(), object.changes().count()),
            None => Face::Plain(Kind::None, usize::MAX),
        },
        kind => Face::Plain(kind, value.len()),
    }
}

/// The values inside `value`, and between them what happened to it.
fn parts<'d>(value: &Value<'d>) -> (Vec<Value<'d>>, Vec<Turn<'d>>) {
    let (mut values, mut turns) = (Vec::new(), Vec::new());
    values.extend(value.items().into_iter().flatten());
    values.extend(value.entries().into_iter().flatten().flat_map(|(key, value)| [key, value]));
    values.extend(value.inner());
    values.extend(value.global_parts().into_iter().flat_map(|parts| [parts.module, parts.name]));
    let Some(object) = value.as_object() else { return (values, turns) };
    values.push(object.callable());
    match object.args_value() {
        Some(args) => values.push(args),
        None => values.extend(object.args()),
    }
    values.extend(object.kwargs());
    for change in object.changes() {
        turns.push(match change {
            Change::Append(items) => {
                values.extend(items);
                Turn::Append
            }
            Change::Add(items) => {
                values.extend(items);
                Turn::Add
            }
            Change::SetItem(entries) => {
                values.extend(entries.flat_map(|(key, value)| [key, value]));
                Turn::SetItem
            }
            Change::Build(state) => {
                values.push(state);
                Turn::Build
            }
            Change::Raw(data, offset) => Turn::Raw(data, offset),
            Change::Nested(root) => {
                values.push(root);
                Turn::Nested
            }
            _ => continue,
        });
    }
    (values, turns)
}

/// Two documents are the same graph: kinds, contents, order, sharing, cycles.
/// No recursion, linear.
pub fn compare(left: &Document<'_>, right: &Document<'_>) -> Result<(), String> {
    compare_values(left.root(), right.root())
}

/// The same for two values.
pub fn compare_values<'d>(left: Value<'d>, right: Value<'d>) -> Result<(), String> {
    compare_but(left, right, |_, _| false)
}

/// The same, where `same` may say that two values are what they should be.
pub fn compare_but<'d>(
    left: Value<'d>,
    right: Value<'d>,
    same: impl Fn(Value<'d>, Value<'d>) -> bool,
) -> Result<(), String> {
    let mut todo = vec![(left, right)];
    let (mut to_right, mut to_left) = (HashMap::new(), HashMap::new());
    while let Some((a, b)) = todo.pop() {
        if same(a, b) {
            continue;
        }
        if let (Some(x), Some(y)) = (a.id(), b.id()) {
            match (to_right.insert(x, y), to_left.insert(y, x)) {
                (None, None) => {}
                (Some(old_y), Some(old_x)) if old_y == y && old_x == x => continue,
                _ => return Err(format!("sharing differs: {a:?} and {b:?}")),
            }
        }
        if face(&a) != face(&b) || a.id().is_some() != b.id().is_some() {
            return Err(format!("{:?} is not {:?}", face(&a), face(&b)));
        }
        let ((a_values, a_turns), (b_values, b_turns)) = (parts(&a), parts(&b));
        if a_turns != b_turns || a_values.len() != b_values.len() {
            return Err(format!("changes or lengths differ: {a:?} and {b:?}"));
        }
        todo.extend(a_values.into_iter().zip(b_values));
    }
    Ok(())
}

/// Feeds one pickle in pieces of `piece()` bytes; returns how many were consumed.
pub fn feed<M: Memory>(
    unpickler: &mut Unpickler<M>,
    input: &[u8],
    mut piece: impl FnMut() -> usize,
) -> Result<usize, Error> {
    let mut at = 0;
    loop {
        let end = input.len().min(at + piece().max(1));
        let mut rest = &input[at..end];
        let status = unpickler.feed(&mut rest)?;
        at = end - rest.len();
        match status {
            Status::Done => return Ok(at),
            Status::NeedMore => {
                assert!(rest.is_empty(), "NeedMore leaves input behind");
                if at == input.len() {
                    unpickler.finish()?;
                    return Ok(at);
                }
            }
            status => panic!("{status:?} was not asked for"),
        }
    }
}

/// Random numbers that are the same on every run (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// The pickles that `tests/data/core.py` has written, by name.
pub fn data() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/core");
    let mut files = files_below(&folder);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pickle"));
    assert!(files.len() > 20, "{} must hold the test data", folder.display());
    read(files)
}

/// The corpus: `PICKLE_CORPUS`, else `shared/corpus` in a folder above. Empty,
/// and it says so, where there is none.
pub fn corpus() -> Vec<(String, Vec<u8>)> {
    let above =
        || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/corpus")).collect();
    let folders = std::env::var_os("PICKLE_CORPUS").map_or_else(above, |named| vec![PathBuf::from(named)]);
    let Some(folder) = folders.into_iter().find(|folder| folder.join("manifest.json").is_file()) else {
        println!("no corpus at PICKLE_CORPUS, or that is not set and none above: only tests/data is tested");
        return Vec::new();
    };
    let mut files = files_below(&folder.join("data"));
    files.retain(|path| path.extension().is_none_or(|extension| extension != "json"));
    read(files)
}

fn read(files: Vec<PathBuf>) -> Vec<(String, Vec<u8>)> {
    let load = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.display().to_string(), bytes)
    };
    files.into_iter().map(load).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
