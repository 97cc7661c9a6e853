//! What a pickle names and would call, without its values.

use crate::{PickleError, ReadOptions};
use pickle_core::joblib::{self, ArrayForm};
use pickle_core::{
    Decoder, Found, GlobalName, How, ItemOptions, ItemReader, Kind, OpKind, Opcode, Status, Unpickler, Value,
};
use std::collections::HashMap;

/// A class or function that a pickle names: Python would import its module.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct GlobalUse {
    /// The module, as the pickle names it.
    pub module: String,
    /// The name in it; may have dots.
    pub name: String,
    /// Objects that Python would make by calling it, or as its instances.
    pub calls: u64,
}

/// Facts about a pickle, without its values.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Info {
    /// Bytes from the first opcode to STOP, STOP included.
    pub length: u64,
    /// The protocol that it says it is in; 0 where it says nothing.
    pub protocol: u8,
    /// Its opcodes.
    pub opcodes: u64,
    /// Entries in the memo at the end.
    pub memo: u64,
    /// What it holds: `dict`, or the class of the object, such as `datetime.date`.
    pub root: String,
    /// Every class and function that it names, also those of values that it drops again, in the order of their names.
    pub globals: Vec<GlobalUse>,
    /// Objects that Python would make by calling something that has no name of its own: the result of another call.
    pub unnamed_calls: u64,
    /// Extension codes that it names, in order: what they stand for is registered in the Python that reads it.
    pub extensions: Vec<u32>,
    /// Objects that stand outside and are named by a persistent id.
    pub persistent_ids: u64,
    /// Out-of-band buffers that it asks for.
    pub buffers: u64,
    /// Where the first call stands that is made for what it does to a value, because the pickle drops its result: the offset
    /// of the POP. cloudpickle and dill set so what is in functions, classes and cells, which no value shows.
    pub dropped_call: Option<u64>,
}

/// Looks at the pickle at the start of `data`, everything in it that Python would import or call included.
///
/// # Errors
/// What is wrong with the pickle, or the limit that was reached.
#[uniffi::export]
pub fn info(data: &[u8], options: ReadOptions) -> Result<Info, PickleError> {
    let mut unpickler = Unpickler::new(options.heap(), options.to_core());
    let mut names = Names::default();
    let mut from = 0;
    loop {
        let status = unpickler.advance(data)?;
        let to = usize::try_from(unpickler.offset()).unwrap_or(data.len());
        names.read(data.get(from..to).unwrap_or_default());
        from = to;
        if status != Status::Built {
            break;
        }
        let built = unpickler.document_in(data);
        if let Some(ArrayForm::Raw { len, padded }) = built.and_then(|built| joblib::array_after(built.root())) {
            let padding = if padded { 1 + data.get(from).copied().map_or(0, usize::from) } else { 0 };
            from = from.saturating_add(padding).saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        }
        joblib::take_array(&mut unpickler, data)?;
    }
    let document = unpickler.so_far_in(data);
    let mut unnamed_calls = 0;
    for value in document.constructed() {
        match value.as_object() {
            None => names.seen(value, 0),
            Some(object) if matches!(object.how(), How::PersId | How::Changed) => {}
            Some(object) if object.callable().kind() == Kind::Global => names.seen(object.callable(), 1),
            Some(_) => unnamed_calls += 1,
        }
    }
    let dropped_call = if names.calls_any && names.pops_any { dropped_call(data, options)? } else { None };
    let Names { calls, extensions, persistent_ids, buffers, .. } = names;
    let mut globals: Vec<GlobalUse> =
        calls.into_iter().map(|((module, name), calls)| GlobalUse { module, name, calls }).collect();
    globals.sort_by(|a, b| (&a.module, &a.name).cmp(&(&b.module, &b.name)));
    Ok(Info {
        length: unpickler.offset(),
        protocol: unpickler.protocol(),
        opcodes: unpickler.opcodes(),
        memo: unpickler.memo_count(),
        root: root(document.root()),
        globals,
        unnamed_calls,
        extensions,
        persistent_ids,
        buffers,
        dropped_call,
    })
}

/// Reads the pickle again, as a reader of items, which notes such calls. It holds the pickle whole.
fn dropped_call(data: &[u8], options: ReadOptions) -> Result<Option<u64>, PickleError> {
    let whole = ItemOptions::new().reader(options.to_core()).min_nodes(usize::MAX);
    let mut reader = ItemReader::new(options.heap(), whole);
    let mut rest = data;
    while reader.feed(&mut rest)? == Found::Item {}
    Ok(reader.dropped_call())
}

/// What the opcodes name.
#[derive(Default)]
struct Names {
    calls: HashMap<(String, String), u64>,
    extensions: Vec<u32>,
    persistent_ids: u64,
    buffers: u64,
    /// There is a REDUCE, and a POP, which may drop its result.
    calls_any: bool,
    pops_any: bool,
}

impl Names {
    /// Goes through opcodes that were read without fault; they begin and end anywhere but inside an opcode.
    fn read(&mut self, mut opcodes: &[u8]) {
        let mut decoder = Decoder::lenient();
        while !opcodes.is_empty() {
            let _: Result<Option<()>, _> = decoder.each(&mut opcodes, |op| {
                self.calls_any |= op.opcode == Opcode::Reduce;
                self.pops_any |= op.opcode == Opcode::Pop;
                match op.opcode {
                    Opcode::Global | Opcode::Inst => {
                        let GlobalName { module, name } = op.module_and_name().unwrap_or_default();
                        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                        self.calls.entry((text(module), text(name))).or_default();
                    }
                    opcode if opcode.kind() == OpKind::Extension => {
                        let code = match op.arg {
                            pickle_core::Arg::Int(code) => u32::try_from(code).ok(),
                            _ => op.uint().and_then(|code| u32::try_from(code).ok()),
                        };
                        self.extensions.extend(code);
                    }
                    opcode if opcode.kind() == OpKind::Persistent => self.persistent_ids += 1,
                    Opcode::NextBuffer => self.buffers += 1,
                    _ => {}
                }
                Ok(())
            });
            // Behind the STOP of a nested pickle opcodes go on. Anything else was not read as opcodes.
            if decoder.offset() == 0 {
                break;
            }
            decoder = Decoder::lenient();
        }
    }

    fn seen(&mut self, global: Value<'_>, calls: u64) {
        if let Some(GlobalName { module, name }) = global.as_global() {
            *self.calls.entry((module.into(), name.into())).or_default() += calls;
        }
    }
}

/// What a value is, in a word.
fn root(value: Value<'_>) -> String {
    let class = value.as_object().map_or(value, |object| object.callable());
    match class.class_name() {
        Some(class) => class.to_string(),
        None => value.kind().name().into(),
    }
}
