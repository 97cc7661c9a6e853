//! What pickles name and would call, without their values.

use crate::errors;
use crate::raw::Input;
use pickle_core::joblib::{self, ArrayForm};
use pickle_core::{
    Arg, Decoder, Document, Error, GlobalName, Heap, How, Kind, Opcode, Options, OpKind, Status, Unpickler, Value,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::{BTreeMap, HashMap};

/// What the opcodes name.
#[derive(Default)]
pub struct Names {
    globals: BTreeMap<(String, String), u64>,
    pub extensions: Vec<u32>,
    pub persistent_ids: u64,
    pub buffers: u64,
}

impl Names {
    /// Goes through opcodes; they begin and end anywhere but inside an opcode. What cannot be read ends it.
    pub fn read(&mut self, mut opcodes: &[u8]) {
        let mut decoder = Decoder::lenient();
        while !opcodes.is_empty() {
            self.walk(&mut decoder, &mut opcodes);
            // Behind the STOP of a nested pickle opcodes go on. Anything else was not read as opcodes.
            if decoder.offset() == 0 {
                break;
            }
            decoder = Decoder::lenient();
        }
    }

    fn walk(&mut self, decoder: &mut Decoder, opcodes: &mut &[u8]) {
        let _: Result<Option<()>, _> = decoder.each(opcodes, |op| {
            self.note(&op);
            Ok(())
        });
    }

    fn note(&mut self, op: &pickle_core::Op<'_>) {
        match op.opcode {
            Opcode::Global | Opcode::Inst => {
                let GlobalName { module, name } = op.module_and_name().unwrap_or_default();
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                self.globals.entry((text(module), text(name))).or_default();
            }
            opcode if opcode.kind() == OpKind::Extension => {
                let code = match op.arg {
                    Arg::Int(code) => u32::try_from(code).ok(),
                    _ => op.uint().and_then(|code| u32::try_from(code).ok()),
                };
                self.extensions.extend(code);
            }
            opcode if opcode.kind() == OpKind::Persistent => self.persistent_ids += 1,
            Opcode::NextBuffer => self.buffers += 1,
            _ => {}
        }
    }
}

/// Every global with the number of objects that Python would make by calling it.
pub fn uses(document: &Document<'_>, names: &Names) -> BTreeMap<(String, String), u64> {
    let mut globals = names.globals.clone();
    // Most objects are of a few classes.
    let mut counts: HashMap<(&str, &str), u64, foldhash::fast::RandomState> = HashMap::default();
    for value in document.constructed() {
        let (named, calls) = match value.as_object() {
            None => (value, 0),
            Some(object) if matches!(object.how(), How::PersId | How::Changed) => continue,
            Some(object) => (object.callable(), 1),
        };
        if let Some(pair) = named.as_global().map(GlobalName::pair) {
            *counts.entry(pair).or_default() += calls;
        }
    }
    for ((module, name), calls) in counts {
        *globals.entry((module.into(), name.into())).or_default() += calls;
    }
    globals
}

fn unnamed(document: &Document<'_>) -> u64 {
    let calls = document.constructed().filter_map(|value| value.as_object());
    let calls = calls.filter(|object| !matches!(object.how(), How::PersId | How::Changed));
    calls.filter(|object| object.callable().kind() != Kind::Global).count() as u64
}

/// What a value is, in a word.
fn root(value: Value<'_>) -> String {
    let class = value.as_object().and_then(|object| object.class()).or_else(|| value.as_global());
    match class {
        Some(class) => class.to_string(),
        None => value.kind().name().into(),
    }
}

struct Look {
    unpickler: Unpickler<Heap>,
    names: Names,
    error: Option<Error>,
}

/// Reads the pickle that begins at an offset, and what it names up to where it ends or breaks.
fn look(data: &[u8], start: usize, heap: Heap, options: Options) -> Look {
    let mut unpickler = Unpickler::new(heap, options);
    unpickler.begin_at(start as u64, false);
    let mut names = Names::default();
    let mut from = start;
    let error = loop {
        let status = unpickler.advance(data);
        let to = match &status {
            Ok(_) => usize::try_from(unpickler.offset()).unwrap_or(data.len()),
            // Of a broken one, opcodes that can be read are read on: other readers may be less strict.
            Err(_) => data.len(),
        };
        names.read(data.get(from..to).unwrap_or_default());
        from = to;
        match status {
            Err(error) => break Some(error),
            Ok(Status::Built) => {}
            Ok(_) => break None,
        }
        if let Some(ArrayForm::Raw { len, padded }) = joblib::array_after(unpickler.document_in(data).root()) {
            let padding = if padded { 1 + data.get(from).copied().map_or(0, usize::from) } else { 0 };
            from = from.saturating_add(padding).saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        }
        if let Err(error) = joblib::take_array(&mut unpickler, data) {
            break Some(error);
        }
    };
    Look { unpickler, names, error }
}

fn options(max_opcodes: Option<u64>) -> Options {
    Options::new().max_opcodes(max_opcodes.unwrap_or(u64::MAX)).stop_after_build(true)
}

/// Facts about the pickle at the start of data, as a dict.
#[pyfunction]
#[pyo3(signature = (data, max_bytes=None, max_opcodes=None))]
pub fn info<'py>(
    data: &Bound<'py, PyAny>,
    max_bytes: Option<usize>,
    max_opcodes: Option<u64>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = data.py();
    let input = Input::of(data)?;
    let data = input.bytes();
    let heap = max_bytes.map_or_else(Heap::new, Heap::with_limit);
    let Look { unpickler, names, error } = look(data, 0, heap, options(max_opcodes));
    if let Some(error) = error {
        return Err(errors::from_core(py, error));
    }
    let document = unpickler.document_in(data);
    let globals: Vec<(String, String, u64)> =
        uses(&document, &names).into_iter().map(|((module, name), calls)| (module, name, calls)).collect();
    let facts = PyDict::new(py);
    facts.set_item("length", unpickler.offset())?;
    facts.set_item("protocol", unpickler.protocol())?;
    facts.set_item("opcodes", unpickler.opcodes())?;
    facts.set_item("memo", unpickler.memo_count())?;
    facts.set_item("root", root(document.root()))?;
    facts.set_item("globals", globals)?;
    facts.set_item("unnamed_calls", unnamed(&document))?;
    facts.set_item("extensions", names.extensions)?;
    facts.set_item("persistent_ids", names.persistent_ids)?;
    facts.set_item("buffers", names.buffers)?;
    Ok(facts)
}

/// What a look at pickles finds: pairs of names, unnamed calls, extension codes, and kind, offset and text of a fault.
type Scanned = (Vec<(String, String)>, u64, Vec<u32>, Option<(String, u64, String)>);

/// What every pickle in data names, one after another, up to where one breaks; the fault is told, not raised.
#[pyfunction]
#[pyo3(signature = (data, max_bytes=None, max_opcodes=None))]
pub fn scan(data: &Bound<'_, PyAny>, max_bytes: Option<usize>, max_opcodes: Option<u64>) -> PyResult<Scanned> {
    let py = data.py();
    let input = Input::of(data)?;
    let data = input.bytes();
    let mut globals = BTreeMap::new();
    let (mut calls, mut extensions, mut fault) = (0, Vec::new(), None);
    let mut start = 0;
    loop {
        let heap = max_bytes.map_or_else(Heap::new, Heap::with_limit);
        let found = if input.is_read_only() {
            py.detach(|| look(data, start, heap, options(max_opcodes)))
        } else {
            look(data, start, heap, options(max_opcodes))
        };
        let document = found.unpickler.document_in(data);
        globals.extend(uses(&document, &found.names));
        calls += unnamed(&document);
        extensions.extend_from_slice(&found.names.extensions);
        if let Some(error) = found.error {
            fault = Some((format!("{:?}", error.kind()), error.offset(), error.to_string()));
            break;
        }
        start = usize::try_from(found.unpickler.offset()).unwrap_or(data.len());
        if start >= data.len() {
            break;
        }
    }
    extensions.sort_unstable();
    extensions.dedup();
    Ok((globals.into_keys().collect(), calls, extensions, fault))
}
