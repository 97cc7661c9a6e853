//! `verdict`: what loading would do, judged by the tables of the core. Nothing is loaded and nothing is imported.

use crate::raw::Input;
use pickle_core::Opcode;
use pickle_core::verdict::{Finding, Judge, Observer, GlobalRows, Summary, TABLES, GlobalTable, Verdict, Workspace};
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

/// Rows that allow globals of one's own; a name that has no room in them is left out.
fn rows_of(allow: &[String]) -> Vec<u8> {
    let mut rows = GlobalRows::default();
    for name in allow {
        rows.allow(name);
    }
    if rows.is_empty() { Vec::new() } else { rows.to_table() }
}

/// The table of a policy's own names, written `MODULE:NAME`.
#[pyfunction]
pub fn _rows(py: Python<'_>, allow: Vec<String>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &rows_of(&allow))
}

/// What loading the pickles in data would do, as a dict: `verdict`, `complete`, `executes_on_load`, `findings`,
/// `globals`, `stats`, `table`. `allow` names globals of one's own: `MODULE.NAME`, `MODULE.*`, `ext:CODE`.
#[pyfunction]
#[pyo3(signature = (data, allow=Vec::new()))]
pub fn verdict<'py>(data: &Bound<'py, PyAny>, allow: Vec<String>) -> PyResult<Bound<'py, PyDict>> {
    let py = data.py();
    let mut rows = GlobalRows::default();
    if let Some(name) = allow.iter().find(|name| !rows.allow(name)) {
        return Err(PyValueError::new_err(format!("{name}: a global is written MODULE.NAME")));
    }
    let table = if rows.is_empty() { Vec::new() } else { rows.to_table() };
    let input = Input::of(data)?;
    let bytes = input.bytes();
    let judged = if input.is_read_only() {
        py.detach(|| judge(bytes, &table, &mut Workspace::default()))
    } else {
        judge(bytes, &table, &mut Workspace::default())
    };
    judged.report(py)
}
