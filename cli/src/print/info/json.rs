//! The facts, for programs: one line of JSON a file.

use super::{Facts, Report};
use crate::survey::globals::Global;
use crate::survey::guess::root_text;
use crate::survey::info::Info;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Writes the report on one file.
///
/// # Errors
/// What `out` says.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let guess = report.guess.as_ref().map(
        |guess| json!({"kind": guess.kind, "what": guess.what, "evidence": guess.evidence, "writer": guess.writer}),
    );
    let line = json!({
        "file": report.name,
        "size": report.size,
        "layers": report.layers.iter().map(|layer| layer.name()).collect::<Vec<_>>(),
        "unpacked": report.unpacked,
        "count": report.count,
        "shared_memo": report.shared_memo,
        "trailing": report.trailing,
        "guess": guess,
        "error": report.error,
        "holds": report.facts.as_ref().map(facts),
        // So that the plain case needs no index: `jq .globals`.
        "globals": globals(&report.all.globals),
        "pickles": report.pickles.iter().map(pickle).collect::<Vec<_>>(),
    });
    writeln!(out, "{line}")
}

/// One pickle.
pub fn pickle(info: &Info) -> Value {
    let opcodes: Map<_, _> = info.opcodes.iter().map(|(opcode, count)| (opcode.name().into(), json!(count))).collect();
    json!({
        "offset": info.offset,
        "length": info.length,
        "complete": info.complete,
        "proto_opcode": info.proto_opcode,
        "min_protocol": info.min_protocol,
        "opcode_count": info.opcode_count,
        "opcodes": opcodes,
        "frames": info.frames,
        "str_bytes": info.str_bytes,
        "bytes_bytes": info.bytes_bytes,
        "max_stack": info.max_stack,
        "max_marks": info.max_marks,
        "memo_size": info.memo_size,
        "max_memo_index": info.max_memo_index,
        "leftover_stack": info.leftover_stack,
        "buffers": info.buffers,
        "persids": info.persids,
        "ext_codes": info.ext_codes,
        "globals": globals(&info.globals),
        "arrays": info.arrays,
        "array_bytes": info.array_bytes,
        "nested_count": info.nested_count,
        "nested": info.nested.as_deref().map(pickle),
        "value": root_text(info),
    })
}

fn facts(facts: &Facts) -> Value {
    let named = |all: &[(String, String)]| -> Vec<Value> {
        all.iter().map(|(name, dtype)| json!({"name": name, "dtype": dtype})).collect()
    };
    match facts {
        Facts::Array(array) => json!({
            "kind": "array",
            "dtype": array.dtype,
            "shape": array.shape,
            "fortran": array.fortran,
            "bytes": array.bytes,
        }),
        Facts::Table(table) => json!({
            "kind": "table",
            "rows": table.rows,
            "columns": named(&table.columns),
            "index": named(&table.index),
            "memory": table.memory,
        }),
    }
}

fn globals(globals: &[Global]) -> Vec<Value> {
    globals.iter().map(|g| json!({"module": g.module, "name": g.name, "count": g.count})).collect()
}
