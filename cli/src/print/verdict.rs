//! Verdicts as text, JSON and SARIF.

mod sarif;

pub use sarif::sarif;

use crate::messages::{Failure, printable};
use pickle_core::Opcode;
use pickle_core::verdict::{Action, Executes, Finding, GlobalUse, Rule, Summary, TABLES, TraceEvent, Verdict};
use serde_json::{Value, json};
use std::io::Write;

/// How reports are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line a file.
    Text,
    /// A JSON object a file.
    Json,
    /// One SARIF log.
    Sarif,
}

/// A finding that is kept.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The rule, such as `PK101`.
    pub rule: &'static str,
    /// What it makes of the file.
    pub verdict: Verdict,
    /// What the global can do.
    pub capability: &'static str,
    /// The rule in words.
    pub message: String,
    /// Module of the global.
    pub module: String,
    /// Name of the global.
    pub name: String,
    /// The opcode at which it showed.
    pub opcode: &'static str,
    /// Bytes from the start of the pickles of the member.
    pub offset: u64,
    /// The member of a container.
    pub member: String,
    /// What calls it, and it.
    pub chain: Vec<String>,
    /// The arguments in short.
    pub args: String,
    /// Which readers it holds for.
    pub pythons: &'static str,
    /// The policy accepts it in this file.
    pub accepted: bool,
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(200)).unwrap_or_default());
    printable(&text)
}

fn dotted(module: &[u8], name: &[u8]) -> String {
    format!("{}.{}", text(module), text(name))
}

impl Reason {
    /// Keeps the findings of a judge about a member.
    pub fn new(finding: &Finding<'_>, member: &str) -> Self {
        let mut message = finding.rule.text().to_owned();
        if !finding.detail.is_empty() {
            message = format!("{message}: {}", finding.detail);
        }
        if finding.depth > 0 {
            message.push_str(" (in a nested pickle)");
        }
        let mut chain: Vec<_> = finding.via.iter().map(|via| dotted(via.module, via.name)).collect();
        if !finding.name.is_empty() {
            chain.push(dotted(finding.module, finding.name));
        }
        Reason {
            rule: finding.rule.id(),
            verdict: finding.verdict,
            capability: finding.capability.name(),
            message,
            module: text(finding.module),
            name: text(finding.name),
            opcode: finding.opcode.map_or("", Opcode::name),
            offset: finding.offset,
            member: printable(member),
            chain,
            args: printable(finding.args),
            pythons: finding.readers.name(),
            accepted: false,
        }
    }

    fn json(&self) -> Value {
        json!({
            "rule": self.rule, "verdict": self.verdict.name(), "capability": self.capability, "message": self.message,
            "module": self.module, "name": self.name, "opcode": self.opcode, "offset": self.offset,
            "member": self.member, "chain": self.chain, "args": self.args, "pythons": self.pythons,
        })
    }
}

/// A step of what loading does.
#[derive(Clone, Debug)]
pub struct Step(String);

impl Step {
    /// Puts an event into words of Python.
    pub fn new(event: &TraceEvent<'_>) -> Self {
        let name = if event.name.is_empty() { "_".to_owned() } else { dotted(event.module, event.name) };
        let indent = "  ".repeat(usize::from(event.depth));
        let args = printable(event.args);
        let words = match event.action {
            Action::Import => format!("import {name}"),
            Action::Call => format!("call {name}({args})"),
            Action::New => format!("make {name}.__new__({args})"),
            Action::Build => format!("set the state of {name}"),
            Action::Items => format!("set items of {name}"),
            _ => "return the value".to_owned(),
        };
        Step(format!("{:>8} {indent}{words}", event.offset))
    }
}

/// A global that was named.
#[derive(Clone, Debug)]
pub struct Global {
    module: String,
    name: String,
    effect: &'static str,
    called: bool,
    made: bool,
    count: u32,
    first_offset: u64,
}

impl Global {
    /// Keeps what a judge knows of a global.
    pub fn new(global: &GlobalUse<'_>) -> Self {
        Global {
            module: text(global.module),
            name: text(global.name),
            effect: global.effect,
            called: global.called,
            made: global.made,
            count: global.count,
            first_offset: global.first_offset,
        }
    }

    fn how(&self) -> Vec<&'static str> {
        let mut how = Vec::new();
        if self.called {
            how.push("call");
        }
        if self.made {
            how.push("new");
        }
        if how.is_empty() {
            how.push("stored");
        }
        how
    }
}

/// All that is reported of one file.
#[derive(Clone, Debug)]
pub struct Report {
    /// The file.
    pub path: String,
    /// Compression and containers, the outermost first.
    pub container: Vec<String>,
    /// The worst of all.
    pub verdict: Verdict,
    /// Everything was looked at.
    pub complete: bool,
    /// Whether loading runs something.
    pub executes: Executes,
    /// Which limits were hit, what could not be looked at.
    pub limits: Vec<String>,
    /// Why.
    pub findings: Vec<Reason>,
    /// What loading does.
    pub steps: Vec<Step>,
    /// Every global.
    pub globals: Vec<Global>,
    /// Opcodes.
    pub ops: u64,
    /// Bytes of pickles.
    pub bytes: u64,
    /// Pickles.
    pub pickles: u64,
    /// Arrays of numbers or text, which no pickle is in.
    pub arrays: u64,
}

impl Report {
    /// Nothing is known of this file yet.
    pub fn new(path: String) -> Self {
        Report {
            path,
            container: Vec::new(),
            verdict: Verdict::Clean,
            complete: true,
            executes: Executes::No,
            limits: Vec::new(),
            findings: Vec::new(),
            steps: Vec::new(),
            globals: Vec::new(),
            ops: 0,
            bytes: 0,
            pickles: 0,
            arrays: 0,
        }
    }

    /// A finding of the command's own.
    pub fn finding(&mut self, rule: &'static str, verdict: Verdict, message: &str, member: &str) {
        self.verdict = self.verdict.max(verdict);
        self.findings.push(Reason {
            rule,
            verdict,
            capability: "none",
            message: message.to_owned(),
            module: String::new(),
            name: String::new(),
            opcode: "",
            offset: 0,
            member: printable(member),
            chain: Vec::new(),
            args: String::new(),
            pythons: "all",
            accepted: false,
        });
    }

    /// Something could not be looked at.
    pub fn not_looked_at(&mut self, member: &str, why: &str) {
        self.complete = false;
        let why = printable(why);
        self.limits.push(why.clone());
        self.finding("PK601", Verdict::Unknown, &why, member);
    }

    /// A limit of the policy was hit.
    pub fn limit(&mut self, member: &str, what: &str) {
        self.complete = false;
        self.limits.push(what.to_owned());
        self.finding("PK701", Verdict::Unknown, what, member);
    }

    /// The policy accepts the findings of a rule in this file: they stay visible and weigh nothing.
    pub fn accept(&mut self, rule: &str, reason: &str, over: bool) {
        for found in self.findings.iter_mut().filter(|found| found.rule == rule) {
            let word = if over { "was accepted until it expired" } else { "accepted" };
            found.message = format!("{} ({rule}; {word}: {})", found.message, printable(reason));
            if !over {
                found.rule = "PK902";
                found.accepted = true;
            }
        }
        self.verdict = self.unaccepted();
        if self.findings.iter().any(|found| found.accepted) {
            self.verdict = self.verdict.max(Verdict::Unknown);
        }
    }

    /// The worst of what the policy does not accept.
    pub fn unaccepted(&self) -> Verdict {
        if !self.findings.iter().any(|found| found.accepted) {
            return self.verdict;
        }
        let rest = self.findings.iter().filter(|found| !found.accepted).map(|found| found.verdict).max();
        rest.unwrap_or_default().max(if self.complete { Verdict::Clean } else { Verdict::Unknown })
    }

    /// Every global with its effect: module, name, effect.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.globals.iter().map(|global| (global.module.as_str(), global.name.as_str(), global.effect))
    }

    /// Takes over what a judge found.
    pub fn take(&mut self, summary: &Summary) {
        self.verdict = self.verdict.max(summary.verdict);
        self.complete &= summary.complete;
        if !summary.complete {
            self.limits.push("a limit of the judge was hit".into());
        }
        self.executes = self.executes.max(summary.executes);
        self.ops += summary.ops;
        self.bytes += summary.bytes;
        self.pickles += u64::from(summary.pickles);
    }

    /// Takes over what was found in a member.
    pub fn merge(&mut self, other: Report) {
        self.verdict = self.verdict.max(other.verdict);
        self.complete &= other.complete;
        self.executes = self.executes.max(other.executes);
        self.limits.extend(other.limits);
        self.findings.extend(other.findings);
        self.steps.extend(other.steps);
        self.globals.extend(other.globals);
        self.ops += other.ops;
        self.bytes += other.bytes;
        self.pickles += other.pickles;
        self.arrays += other.arrays;
    }

    /// Where bytes follow a pickle that are none, if that is all there is to say.
    pub fn packed_behind(&self) -> Option<u64> {
        self.findings
            .iter()
            .find(|reason| reason.rule == "PK503" && self.verdict == Verdict::Unknown)
            .map(|at| at.offset)
    }

    /// What follows the pickle was looked at.
    pub fn forget_behind(&mut self) {
        self.findings.retain(|reason| reason.rule != "PK503");
        self.verdict = self.findings.iter().map(|reason| reason.verdict).max().unwrap_or_default();
    }

    /// Nothing but names that no module has, extension codes and lengths beyond any memory: text or numbers that happen to
    /// begin with the byte of an opcode.
    pub fn is_chance(&self) -> bool {
        let is_name =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let chance = |reason: &Reason| match reason.rule {
            "PK106" => !is_name(&reason.module) || !is_name(&reason.name),
            rule => matches!(rule, "PK401" | "PK702"),
        };
        let mild = |reason: &Reason| reason.verdict < Verdict::Suspicious;
        self.verdict <= Verdict::Suspicious && self.findings.iter().all(|reason| mild(reason) || chance(reason))
    }

    /// All was read: what is not complete is not clean.
    pub fn close(&mut self) {
        if !self.complete {
            self.verdict = self.verdict.max(Verdict::Unknown);
        }
        if self.verdict == Verdict::Clean && self.pickles == 0 && self.arrays == 0 {
            self.verdict = Verdict::Unknown;
            self.limits.push("no pickle was found".into());
        }
        self.globals.sort_by(|a, b| (a.first_offset, &a.module, &a.name).cmp(&(b.first_offset, &b.module, &b.name)));
    }

    /// The reason that weighs most.
    fn worst(&self) -> Option<&Reason> {
        let worst = self.findings.iter().map(|reason| reason.verdict).max()?;
        let called = |reason: &&Reason| reason.verdict == worst && reason.rule.starts_with("PK2");
        self.findings.iter().find(called).or_else(|| self.findings.iter().find(|reason| reason.verdict == worst))
    }
}

/// Prints a report as one JSON object on one line.
///
/// # Errors
/// The output cannot be written.
pub fn json(report: &Report, policy: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
    let globals: Vec<_> = report
        .globals
        .iter()
        .map(|global| {
            json!({
                "module": global.module, "name": global.name, "effect": global.effect, "how": global.how(),
                "count": global.count, "first_offset": global.first_offset,
            })
        })
        .collect();
    let pythons: Vec<_> = report
        .findings
        .iter()
        .map(|reason| reason.pythons)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let object = json!({
        "path": report.path, "container": report.container, "verdict": report.verdict.name(),
        "complete": report.complete, "executes_on_load": report.executes.name(), "pythons": pythons,
        "limits": report.limits, "findings": report.findings.iter().map(Reason::json).collect::<Vec<_>>(),
        "globals": globals, "stats": {"ops": report.ops, "bytes": report.bytes, "pickles": report.pickles},
        "table": TABLES, "policy": policy,
    });
    writeln!(out, "{object}")?;
    Ok(())
}

/// Prints a report as text: one line, and what was asked for below it.
///
/// # Errors
/// The output cannot be written.
pub fn text_report(report: &Report, explain: bool, globals: bool, out: &mut dyn Write) -> Result<(), Failure> {
    write!(out, "{}: {}", printable(&report.path), report.verdict.name())?;
    if let Some(reason) = report.worst().filter(|_| report.verdict > Verdict::Clean) {
        let what = if reason.chain.is_empty() { String::new() } else { format!(" {}", reason.chain.join(" -> ")) };
        write!(out, " - {}:{what} at {:#x} [{}]", reason.message, reason.offset, reason.rule)?;
        if !reason.member.is_empty() {
            write!(out, " in {}", reason.member)?;
        }
    } else if let Some(limit) = report.limits.first() {
        write!(out, " - {limit}")?;
    } else if report.pickles == 0 && report.arrays > 0 {
        write!(out, " - plain arrays without a pickle in them")?;
    }
    writeln!(out, "{}", if report.complete { "" } else { " (incomplete)" })?;
    if explain {
        for step in &report.steps {
            writeln!(out, "{}", step.0)?;
        }
    }
    if globals {
        for global in &report.globals {
            let (module, name, how) = (&global.module, &global.name, global.how().join("+"));
            writeln!(out, "  {module}.{name}  {}  {how}  x{}", global.effect, global.count)?;
        }
    }
    Ok(())
}

/// The place of a rule in the list of all.
pub(crate) fn rule_index(id: &str) -> usize {
    Rule::ALL.iter().position(|rule| rule.id() == id).unwrap_or(0)
}
