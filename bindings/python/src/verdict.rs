//! `verdict`: what loading would do, judged by the tables of the core. Nothing is loaded and nothing is imported.

use crate::raw::Input;
use pickle_core::Opcode;
use pickle_core::verdict::{
    Action, Finding, GlobalEffect, GlobalRows, GlobalTable, Judge, Observer, Summary, TABLES, TraceEvent, Verdict,
    Workspace,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

/// Findings of one stream that are kept.
const MAX_FINDINGS: usize = 1000;

/// A finding that outlives the judge.
pub struct Found {
    pub rule: &'static str,
    pub verdict: Verdict,
    capability: &'static str,
    pub message: String,
    pub module: String,
    pub name: String,
    opcode: &'static str,
    offset: u64,
    via: Option<String>,
    args: String,
    pythons: &'static str,
}

#[derive(Default)]
struct Collector(Vec<Found>);

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Observer for Collector {
    fn finding(&mut self, finding: &Finding<'_>) {
        if self.0.len() == MAX_FINDINGS {
            return;
        }
        let detail = if finding.detail.is_empty() { String::new() } else { format!(": {}", finding.detail) };
        self.0.push(Found {
            rule: finding.rule.id(),
            verdict: finding.verdict,
            capability: finding.capability.name(),
            message: format!("{}{detail}", finding.rule.text()),
            module: text(finding.module),
            name: text(finding.name),
            opcode: finding.opcode.map_or("", Opcode::name),
            offset: finding.offset,
            via: finding.via.map(|via| format!("{}.{}", text(via.module), text(via.name))),
            args: finding.args.to_owned(),
            pythons: finding.readers.name(),
        });
    }
}

/// A global that the stream names.
pub struct Named {
    pub module: String,
    pub name: String,
    pub effect: &'static str,
    called: bool,
    made: bool,
    count: u32,
}

/// What is found in the readings of a stream.
pub struct Judged {
    pub found: Vec<Found>,
    pub named: Vec<Named>,
    summaries: Vec<Summary>,
    len: usize,
}

/// Judges both readings of a stream: frames that go on behind STOP have two. `table` has rows of the caller's, or is empty.
pub fn judge(bytes: &[u8], table: &[u8], workspace: &mut Workspace) -> Judged {
    let mut found = Collector::default();
    let (mut summaries, mut named) = (Vec::new(), Vec::new());
    let mut rest = Some(bytes);
    while let (Some(bytes), true) = (rest.take(), summaries.len() < 2) {
        let policy = (!table.is_empty()).then(|| GlobalTable::new(table));
        let mut judge = Judge::with_policy(workspace.memory(), policy);
        judge.feed(bytes, &mut found);
        let summary = judge.finish(&mut found);
        for global in judge.globals() {
            named.push(Named {
                module: text(global.module),
                name: text(global.name),
                effect: global.effect,
                called: global.called,
                made: global.made,
                count: global.count,
            });
        }
        let other = summary.other_reading.and_then(|at| usize::try_from(at).ok());
        rest = other.and_then(|at| bytes.get(at..)).filter(|rest| !rest.is_empty());
        summaries.push(summary);
    }
    named.sort_by(|a, b| (&a.module, &a.name).cmp(&(&b.module, &b.name)));
    Judged { found: found.0, named, summaries, len: bytes.len() }
}

impl Judged {
    /// Everything was read and no limit was hit.
    pub fn is_complete(&self) -> bool {
        self.summaries.iter().all(|summary| summary.complete) && self.found.len() < MAX_FINDINGS
    }

    /// As the dict that `verdict` returns.
    pub fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let findings = PyList::empty(py);
        for found in &self.found {
            let finding = PyDict::new(py);
            finding.set_item("rule", found.rule)?;
            finding.set_item("verdict", found.verdict.name())?;
            finding.set_item("capability", found.capability)?;
            finding.set_item("message", &found.message)?;
            finding.set_item("module", &found.module)?;
            finding.set_item("name", &found.name)?;
            finding.set_item("opcode", found.opcode)?;
            finding.set_item("offset", found.offset)?;
            finding.set_item("via", &found.via)?;
            finding.set_item("args", &found.args)?;
            finding.set_item("pythons", found.pythons)?;
            findings.append(finding)?;
        }
        let globals = PyList::empty(py);
        for named in &self.named {
            let global = PyDict::new(py);
            global.set_item("module", &named.module)?;
            global.set_item("name", &named.name)?;
            global.set_item("effect", named.effect)?;
            global.set_item("called", named.called)?;
            global.set_item("made", named.made)?;
            global.set_item("count", named.count)?;
            globals.append(global)?;
        }
        let summaries = &self.summaries;
        let complete = summaries.iter().all(|summary| summary.complete);
        let worst = summaries.iter().map(|summary| summary.verdict).max().unwrap_or_default();
        let worst = if complete { worst } else { worst.max(Verdict::Unknown) };
        let executes = summaries.iter().map(|summary| summary.executes).max().unwrap_or_default();
        let stats = PyDict::new(py);
        stats.set_item("ops", summaries.iter().map(|summary| summary.ops).sum::<u64>())?;
        stats.set_item("bytes", self.len)?;
        stats.set_item("pickles", summaries.iter().map(|summary| u64::from(summary.pickles)).sum::<u64>())?;
        stats.set_item("buffers", summaries.iter().map(|summary| summary.buffers).sum::<u64>())?;
        let report = PyDict::new(py);
        report.set_item("verdict", worst.name())?;
        report.set_item("complete", complete)?;
        report.set_item("executes_on_load", executes.name())?;
        report.set_item("findings", findings)?;
        report.set_item("globals", globals)?;
        report.set_item("stats", stats)?;
        report.set_item("table", TABLES)?;
        Ok(report)
    }
}

fn table_of<'py>(py: Python<'py>, rows: &GlobalRows) -> Bound<'py, PyBytes> {
    let table = if rows.is_empty() { Vec::new() } else { rows.to_table() };
    PyBytes::new(py, &table)
}

/// The table of a policy's own names, written `MODULE:NAME`; a name that has no room in it is left out.
#[pyfunction]
pub fn _rows(py: Python<'_>, allow: Vec<String>) -> Bound<'_, PyBytes> {
    let mut rows = GlobalRows::default();
    for name in &allow {
        rows.allow(name);
    }
    table_of(py, &rows)
}

/// The table that allows globals of a caller's own: `MODULE.NAME`, `MODULE:NAME`, `MODULE.*`, `ext:CODE`.
#[pyfunction]
pub fn _allowed(py: Python<'_>, allow: Vec<String>) -> PyResult<Bound<'_, PyBytes>> {
    let mut rows = GlobalRows::default();
    match allow.iter().find(|name| !rows.allow(name)) {
        Some(name) => Err(PyValueError::new_err(format!("{name}: a global is written MODULE.NAME"))),
        None => Ok(table_of(py, &rows)),
    }
}

/// The table of a policy file's rows: module, name, effect.
#[pyfunction]
pub fn _policy_table(py: Python<'_>, entries: Vec<(String, String, String)>) -> PyResult<Bound<'_, PyBytes>> {
    let mut rows = GlobalRows::default();
    for (module, name, effect) in &entries {
        let effect = match effect.as_str() {
            "pure" => GlobalEffect::Pure,
            "held" => GlobalEffect::Held,
            "denied" => GlobalEffect::Denied,
            _ => GlobalEffect::New,
        };
        if !rows.insert(module, name, effect) {
            return Err(PyValueError::new_err(format!("{module}.{name}: the name is empty or too long")));
        }
    }
    Ok(table_of(py, &rows))
}

/// Whether bytes are a table of a policy.
#[pyfunction]
pub fn _is_table(table: &[u8]) -> bool {
    GlobalTable::new(table).is_whole()
}

/// What loading the pickles in data would do, as a dict: `verdict`, `complete`, `executes_on_load`, `findings`,
/// `globals`, `stats`, `table`. `table` has rows of the caller's, or is empty.
#[pyfunction]
#[pyo3(signature = (data, table=None))]
pub fn verdict<'py>(data: &Bound<'py, PyAny>, table: Option<&[u8]>) -> PyResult<Bound<'py, PyDict>> {
    let py = data.py();
    let table = table.unwrap_or_default();
    let input = Input::of(data)?;
    let bytes = input.bytes();
    let judged = if input.is_read_only() {
        py.detach(|| judge(bytes, table, &mut Workspace::default()))
    } else {
        judge(bytes, table, &mut Workspace::default())
    };
    judged.report(py)
}

/// Control characters and those that turn text around, as escapes.
fn printable(text: &str) -> String {
    let odd = |c: char| {
        c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if odd(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// Steps of one stream that are told.
const MAX_STEPS: usize = 100_000;

/// What loading does, step by step.
#[derive(Default)]
struct Steps(Vec<String>, usize);

impl Observer for Steps {
    fn finding(&mut self, _: &Finding<'_>) {}

    fn wants_events(&self) -> bool {
        true
    }

    fn event(&mut self, event: &TraceEvent<'_>) {
        if self.0.len() == MAX_STEPS {
            self.1 += 1;
            return;
        }
        let name = match event.name {
            [] => "_".to_owned(),
            name => format!("{}.{}", text(event.module), text(name)),
        };
        let step = match event.action {
            Action::Import => format!("import {name}"),
            Action::Call => format!("call {name}({})", event.args),
            Action::New => format!("make {name}.__new__({})", event.args),
            Action::Build => format!("set the state of {name}"),
            Action::Items => format!("set items of {name}"),
            _ => "return the value".to_owned(),
        };
        self.0.push(format!("{:>8} {}{}", event.offset, "  ".repeat(usize::from(event.depth)), printable(&step)));
    }
}

/// What loading the pickles in data would do, a line a step.
#[pyfunction]
pub fn explain(data: &Bound<'_, PyAny>, table: &[u8]) -> PyResult<Vec<String>> {
    let input = Input::of(data)?;
    let (mut steps, mut workspace) = (Steps::default(), Workspace::default());
    let policy = (!table.is_empty()).then(|| GlobalTable::new(table));
    let mut judge = Judge::with_policy(workspace.memory(), policy);
    judge.feed(input.bytes(), &mut steps);
    judge.finish(&mut steps);
    let Steps(mut lines, more) = steps;
    if more > 0 {
        lines.push(format!("         ... and {more} steps more"));
    }
    Ok(lines)
}
