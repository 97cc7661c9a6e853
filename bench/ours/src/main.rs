//! This project's own cases. A new one is a line in [`CASES`] and a function.

mod typed;

use bench_harness::{Case, Fault, Input, Meter, Task, fault};
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Decoder, Document, Found, Heap, ItemOptions, ItemReader, Op, Options, Unpickler, Value};
use std::hint::black_box;
use std::process::ExitCode;

const CASES: &[Case] = &[
    Case { name: "ops", task: Task::Walk, label: "libpickle Decoder", kinds: &[], run: ops },
    Case {
        name: "document_reused",
        task: Task::Read,
        label: "libpickle Document, memory reused",
        kinds: &[],
        run: reused,
    },
    Case {
        name: "document_fresh",
        task: Task::Read,
        label: "libpickle Document, fresh memory",
        kinds: &[],
        run: fresh,
    },
    Case { name: "items", task: Task::Read, label: "libpickle items, one by one", kinds: &["telemetry"], run: items },
    typed("typed_borrowed", "libpickle serde, borrowed strings", typed::borrowed),
    typed("typed_owned", "libpickle serde, owned strings", typed::owned),
    typed("typed_document", "libpickle serde by way of the document, borrowed", typed::by_document),
    Case { task: Task::Write, ..typed("typed_write", "libpickle serde", typed::write) },
    Case {
        name: "document_write",
        task: Task::Write,
        label: "libpickle Document, the bytes of CPython",
        kinds: &["telemetry", "ints", "bigints", "floats", "strings", "nested", "instances", "memo"],
        run: document_write,
    },
];

type Run = fn(&Input, &mut Meter) -> Result<(), Fault>;

const fn typed(name: &'static str, label: &'static str, run: Run) -> Case {
    Case { name, task: Task::Typed, label, kinds: &["telemetry"], run }
}

fn main() -> ExitCode {
    bench_harness::main(CASES)
}

/// Walks all opcodes. Every field of every one is used, so that none can be left out.
fn ops(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    meter.each(input, |pickle| walk(pickle).map_err(fault), |&(ops, _)| Some(ops))
}

fn walk(mut input: &[u8]) -> Result<(u64, u64), pickle_core::Error> {
    let mut decoder = Decoder::new();
    let (mut ops, mut digest) = (0, 0);
    let none: Option<core::convert::Infallible> = decoder.each(&mut input, |op| {
        ops += 1;
        digest = mix(digest, op);
        Ok(())
    })?;
    debug_assert!(none.is_none());
    decoder.finish()?;
    Ok(black_box((ops, digest)))
}

#[inline(always)]
fn mix(digest: u64, op: Op<'_>) -> u64 {
    use pickle_core::Arg::{Bytes, Float, Int, Nothing, Text, Uint};
    let arg = match op.arg {
        Nothing => 0,
        Uint(n) | Float(n) => n,
        Int(n) => n as u64,
        Bytes(b) | Text(b) => b.len() as u64,
    };
    digest.wrapping_add(arg).wrapping_add(u64::from(op.opcode.byte()) << 8).wrapping_add(op.offset)
}

/// Reads into memory that the warm-up has grown. The document borrows it, and is looked at by the optimizer only.
fn reused(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    meter.each(input, |pickle| unpickler.load(pickle).map(hide).map_err(fault), |()| None)?;
    count(input, meter)
}

/// Reads into new memory each time; giving it back is not measured, as for the peers.
fn fresh(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let read = |pickle| {
        let mut unpickler = Unpickler::new(Heap::new(), Options::new());
        unpickler.load(pickle).map(hide).map_err(fault)?;
        Ok(unpickler)
    };
    meter.each(input, read, |_| None)?;
    count(input, meter)
}

/// Reads the items of the outermost list, as from a file: 64 KiB at a time.
fn items(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    meter.each(input, |pickle| each_item(pickle).map_err(fault), |_| None)?;
    count(input, meter)
}

fn each_item(pickle: &[u8]) -> Result<usize, pickle_core::Error> {
    let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
    let mut parts = 0;
    for mut piece in pickle.chunks(64 << 10) {
        while reader.feed(&mut piece)? == Found::Item {
            parts += reader.item().map_or(0, |item| item.value().len());
        }
    }
    reader.finish()?;
    Ok(black_box(parts))
}

/// Writes a document into new memory. The bytes must be those that it was read from.
fn document_write(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let pickle = input.bytes();
    let protocol = match pickle {
        [0x80, protocol, ..] => *protocol,
        _ => 0,
    };
    let (mut unpickler, mut writer) = (Unpickler::new(Heap::new(), Options::new()), Writer::new());
    let document = unpickler.load(pickle).map_err(fault)?;
    let profile = Profile::new(Version::Py311, protocol);
    let mut write = || writer.write(&document, protocol, profile, false, Vec::new()).map_err(fault);
    meter.prepared().measure(&mut write)?;
    if write()? == pickle { Ok(()) } else { Err("other bytes than those of CPython".into()) }
}

/// Counts the values as the manifest does. Instances have another shape there, and are left out.
fn count(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let mut count = 0;
    for pickle in input.pickles() {
        count += values(unpickler.load(pickle).map_err(fault)?.root());
    }
    if input.kind != "instances" {
        meter.set_count(count);
    }
    Ok(())
}

fn values(value: Value<'_>) -> u64 {
    let entries = value.entries().map_or(0, |entries| entries.map(|(key, value)| values(key) + values(value)).sum());
    let items = value.items().map_or(0, |items| items.map(values).sum());
    1 + entries + items
}

/// A document owns nothing; all that matters is that it must be there.
fn hide(document: Document<'_>) {
    black_box(document);
}
