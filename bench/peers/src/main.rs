//! Other libraries on the same files, and other formats on the same records.

mod count;
mod read;
mod typed;
mod write;

use bench_harness::{Case, Task};
use std::process::ExitCode;

/// Workloads that [`typed`] has structs for.
const TYPED: &[&str] = &["telemetry", "ints", "floats", "strings", "instances", "memo", "small"];
/// Workloads of which the peers can write the typed form.
const WRITTEN: &[&str] = &["telemetry", "ints", "floats", "strings", "small"];
const RECORDS: &[&str] = &["telemetry"];
const ALL: &[&str] = &[];

const CASES: &[Case] = &[
    Case { name: "repugnant", task: Task::Walk, label: "repugnant-pickle 0.0.1", kinds: ALL, run: read::repugnant },
    Case {
        name: "serde_value",
        task: Task::Read,
        label: "serde-pickle 1.2 Value",
        kinds: ALL,
        run: read::serde_pickle,
    },
    Case {
        name: "deser_value",
        task: Task::Read,
        label: "deser-pickle 0.10 Value",
        kinds: ALL,
        run: read::deser_pickle,
    },
    Case { name: "pickler", task: Task::Read, label: "pickler 0.2", kinds: ALL, run: read::pickler },
    Case { name: "serde_typed", task: Task::Typed, label: "serde-pickle 1.2", kinds: TYPED, run: typed::serde_pickle },
    Case { name: "deser_typed", task: Task::Typed, label: "deser-pickle 0.10", kinds: TYPED, run: typed::deser_pickle },
    Case {
        name: "deser_borrowed",
        task: Task::Typed,
        label: "deser-pickle 0.10, borrowed strings",
        kinds: &["telemetry", "strings"],
        run: typed::deser_borrowed,
    },
    Case {
        name: "json_borrowed",
        task: Task::Typed,
        label: "serde_json, borrowed (JSON)",
        kinds: RECORDS,
        run: typed::json,
    },
    Case {
        name: "minicbor_borrowed",
        task: Task::Typed,
        label: "minicbor 2, borrowed (CBOR)",
        kinds: RECORDS,
        run: typed::minicbor,
    },
    Case {
        name: "postcard_borrowed",
        task: Task::Typed,
        label: "postcard 1, borrowed",
        kinds: RECORDS,
        run: typed::postcard,
    },
    Case { name: "serde_write", task: Task::Write, label: "serde-pickle 1.2 typed", kinds: WRITTEN, run: write::serde },
    Case {
        name: "deser_write",
        task: Task::Write,
        label: "deser-pickle 0.10 typed",
        kinds: WRITTEN,
        run: write::deser,
    },
    Case { name: "json_write", task: Task::Write, label: "serde_json (JSON)", kinds: RECORDS, run: write::json },
    Case { name: "postcard_write", task: Task::Write, label: "postcard 1", kinds: RECORDS, run: write::postcard },
];

fn main() -> ExitCode {
    bench_harness::main(CASES)
}
