//! What loading a pickle would do, and whether that is proved harmless.

use crate::{ErrorKind, PickleError};
use pickle_core::Opcode;
use pickle_core::verdict::{self as core, GlobalRows, GlobalTable, Judge, Observer, Summary, Workspace};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Findings of one scan that are kept.
const MAX_FINDINGS: usize = 1000;

/// The headline of a report, in rising order: the worst finding rules. docs/verdict.md says what the words mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, uniffi::Enum)]
pub enum Verdict {
    /// Proved: loading calls only listed callees, imports only listed modules, and every byte was read.
    Clean,
    /// Something is not listed, was not looked at, or a limit was hit.
    Unknown,
    /// No reader loads it, and what would run before the break is harmless.
    Malformed,
    /// CPython's readers disagree about the bytes.
    Divergent,
    /// Introspection, computed names, state set on classes: nothing that honest pickles do.
    Suspicious,
    /// Code objects of a known serialiser: the file is a program by design.
    Code,
    /// A dangerous global is named, or reachable through what is called.
    Dangerous,
}

/// Whether loading runs something that is not proved harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, uniffi::Enum)]
pub enum Executes {
    /// It does not.
    No,
    /// Not while loading; an object that is stored does when it is used.
    Deferred,
    /// It does.
    Yes,
}

/// One reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Finding {
    /// The rule, such as `PK201`.
    pub rule: String,
    /// What it makes of the whole.
    pub verdict: Verdict,
    /// What the global can do, such as `process`; `none` where nothing is known.
    pub capability: String,
    /// The rule in words.
    pub message: String,
    /// Module of the global; empty where the finding is about none.
    pub module: String,
    /// Name of the global.
    pub name: String,
    /// What calls it, as `module.name`.
    pub via: Option<String>,
    /// The arguments in short.
    pub args: String,
    /// The opcode at which it showed; empty if it was none.
    pub opcode: String,
    /// Bytes from the start of the stream; inside a nested pickle, from the start of that.
    pub offset: u64,
    /// Number of the pickle in its stream, from 0.
    pub pickle: u32,
    /// How deep in nested pickles it lies; 0 outside.
    pub depth: u8,
    /// Which Pythons it holds for: `all`, `2.7`, `3`, `some`, ...
    pub pythons: String,
}

/// A class or function that the stream names.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ScannedGlobal {
    /// The module as the stream names it.
    pub module: String,
    /// The name as the stream names it.
    pub name: String,
    /// One word for what it does.
    pub effect: String,
    /// It was called.
    pub called: bool,
    /// Instances were made of it without its initialiser.
    pub made: bool,
    /// Times that it was named.
    pub count: u32,
    /// Where it was named first.
    pub first_offset: u64,
}

/// The result of a scan.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Report {
    /// The worst that was found.
    pub verdict: Verdict,
    /// Everything was read and no limit was hit. Nothing is clean without it.
    pub complete: bool,
    /// Whether loading runs something.
    pub executes: Executes,
    /// The reasons, in the order in which they were found.
    pub findings: Vec<Finding>,
    /// Every global, in the order of their names.
    pub globals: Vec<ScannedGlobal>,
    /// Pickles that were read to their STOP.
    pub pickles: u64,
    /// Opcodes.
    pub opcodes: u64,
    /// Bytes.
    pub bytes: u64,
    /// Buffers that lie outside the stream.
    pub buffers: u64,
    /// Where another reading of the stream begins, which was not judged: the end of a frame that was open at STOP.
    pub other_reading: Option<u64>,
    /// The version of the tables of globals: the day on which they were made.
    pub tables: String,
}

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    lost: bool,
}

impl Observer for Found {
    fn finding(&mut self, finding: &core::Finding<'_>) {
        if self.findings.len() == MAX_FINDINGS {
            self.lost = true;
            return;
        }
        let mut message = finding.rule.text().to_owned();
        if !finding.detail.is_empty() {
            message = format!("{message}: {}", finding.detail);
        }
        if finding.depth > 0 {
            message.push_str(" (in a nested pickle)");
        }
        self.findings.push(Finding {
            rule: finding.rule.id().to_owned(),
            verdict: finding.verdict.into(),
            capability: finding.capability.name().to_owned(),
            message,
            module: text(finding.module),
            name: text(finding.name),
            via: finding.via.map(|via| format!("{}.{}", text(via.module), text(via.name))),
            args: finding.args.to_owned(),
            opcode: finding.opcode.map_or("", Opcode::name).to_owned(),
            offset: finding.offset,
            pickle: finding.pickle,
            depth: finding.depth,
            pythons: finding.readers.name().to_owned(),
        });
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl From<core::Verdict> for Verdict {
    fn from(verdict: core::Verdict) -> Self {
        match verdict {
            core::Verdict::Clean => Verdict::Clean,
            core::Verdict::Malformed => Verdict::Malformed,
            core::Verdict::Divergent => Verdict::Divergent,
            core::Verdict::Suspicious => Verdict::Suspicious,
            core::Verdict::Code => Verdict::Code,
            core::Verdict::Dangerous => Verdict::Dangerous,
            _ => Verdict::Unknown,
        }
    }
}

impl From<core::Executes> for Executes {
    fn from(executes: core::Executes) -> Self {
        match executes {
            core::Executes::No => Executes::No,
            core::Executes::Deferred => Executes::Deferred,
            _ => Executes::Yes,
        }
    }
}

/// What a judge works in: its memory, and the names that are allowed.
struct Room {
    workspace: Workspace,
    table: Vec<u8>,
}

impl Room {
    /// Room for a stream of so many bytes, and for these names: `MODULE.NAME`, `MODULE:NAME`, `MODULE.*`, `ext:CODE`.
    /// A policy that was compiled has its names instead.
    fn new(bytes: usize, allow: &[String], policy: Option<Vec<u8>>) -> Result<Self, PickleError> {
        let refuse = |text: String| Err(PickleError::new(ErrorKind::Other, 0, text));
        let table = match policy {
            Some(_) if !allow.is_empty() => return refuse("give names or a policy, not both".into()),
            Some(table) if GlobalTable::new(&table).is_whole() => table,
            Some(_) => return refuse("the policy is not what `pickle policy compile` writes".into()),
            None => {
                let mut rows = GlobalRows::default();
                if let Some(name) = allow.iter().find(|name| !rows.allow(name)) {
                    return refuse(format!("{name:?}: a global is written MODULE.NAME"));
                }
                if rows.is_empty() { Vec::new() } else { rows.to_table() }
            }
        };
        let most = bytes.saturating_add(64);
        Ok(Room { workspace: Workspace::new(most.min(256 * 1024), most.min(512 * 1024)), table })
    }

    fn judge(&mut self) -> Judge<'_> {
        Judge::with_policy(self.workspace.memory(), (!self.table.is_empty()).then(|| GlobalTable::new(&self.table)))
    }
}

/// Puts readings of one stream together.
#[derive(Default)]
struct Sum {
    found: Found,
    globals: Vec<ScannedGlobal>,
    summaries: Vec<Summary>,
}

impl Sum {
    fn end(&mut self, judge: &mut Judge<'_>) -> Summary {
        let summary = judge.finish(&mut self.found);
        for global in judge.globals() {
            let (module, name) = (text(global.module), text(global.name));
            // A first reading names each of them once.
            if !self.summaries.is_empty()
                && self.globals.iter().any(|other| (&other.module, &other.name) == (&module, &name))
            {
                continue;
            }
            self.globals.push(ScannedGlobal {
                module,
                name,
                effect: global.effect.to_owned(),
                called: global.called,
                made: global.made,
                count: global.count,
                first_offset: global.first_offset,
            });
        }
        self.summaries.push(summary);
        summary
    }

    fn report(mut self, bytes: u64, other_reading: Option<u64>) -> Report {
        self.globals.sort_by(|a, b| (&a.module, &a.name).cmp(&(&b.module, &b.name)));
        let sum = |of: fn(&Summary) -> u64| self.summaries.iter().map(of).sum();
        let complete =
            self.summaries.iter().all(|summary| summary.complete) && other_reading.is_none() && !self.found.lost;
        let worst = self.summaries.iter().map(|summary| summary.verdict).max().unwrap_or_default();
        let executes = self.summaries.iter().map(|summary| summary.executes).max().unwrap_or_default();
        Report {
            verdict: Verdict::from(worst).max(if complete { Verdict::Clean } else { Verdict::Unknown }),
            complete,
            executes: executes.into(),
            pickles: sum(|summary| u64::from(summary.pickles)),
            opcodes: sum(|summary| summary.ops),
            buffers: sum(|summary| summary.buffers),
            bytes,
            findings: self.found.findings,
            globals: self.globals,
            other_reading,
            tables: core::TABLES.to_owned(),
        }
    }
}

/// What loading the pickles in `data` would do, in every reading that CPython has of them. Nothing is loaded. `allow` names
/// globals that are harmless: `MODULE.NAME`, `MODULE:NAME` where the name has dots, `MODULE.*`, `ext:CODE`; `policy`, what
/// `pickle policy compile` wrote, instead.
///
/// # Errors
/// A name in `allow` is written otherwise, `policy` is none, or both are given. What is wrong with the data is in the report.
#[uniffi::export]
pub fn scan(data: &[u8], allow: Vec<String>, policy: Option<Vec<u8>>) -> Result<Report, PickleError> {
    let mut room = Room::new(data.len(), &allow, policy)?;
    let mut sum = Sum::default();
    let mut at = 0;
    for last in [false, true] {
        let rest = data.get(at..).unwrap_or_default();
        let mut judge = room.judge();
        judge.feed(rest, &mut sum.found);
        let other = sum.end(&mut judge).other_reading;
        let other = other.and_then(|other| at.checked_add(usize::try_from(other).ok()?)).filter(|at| *at < data.len());
        match other {
            Some(other) if !last => at = other,
            other => return Ok(sum.report(data.len() as u64, other.map(|other| other as u64))),
        }
    }
    Ok(sum.report(data.len() as u64, None))
}

/// The same of a stream that is fed in pieces.
#[derive(uniffi::Object)]
pub struct Scanner {
    state: Mutex<State>,
}

struct State {
    session: Session,
    found: Found,
    bytes: u64,
    report: Option<Report>,
}

/// A judge and what it works in, which it borrows.
struct Session {
    judge: Option<Judge<'static>>,
    room: *mut Room,
}

// SAFETY: the room is the session's alone, and both it and the judge may go to another thread.
unsafe impl Send for Session {}

impl Session {
    fn new(room: Room) -> Self {
        let room = Box::into_raw(Box::new(room));
        // SAFETY: the room was just made and lives until this is dropped, after the judge that borrows it.
        Session { judge: Some(unsafe { &mut *room }.judge()), room }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.judge = None;
        // SAFETY: it came out of a box, and nothing borrows it any more.
        drop(unsafe { Box::from_raw(self.room) });
    }
}

#[uniffi::export]
impl Scanner {
    /// A scanner at the start of a stream.
    ///
    /// # Errors
    /// `allow` or `policy` are not as [`scan`] wants them.
    #[uniffi::constructor]
    pub fn new(allow: Vec<String>, policy: Option<Vec<u8>>) -> Result<Arc<Self>, PickleError> {
        let session = Session::new(Room::new(usize::MAX, &allow, policy)?);
        Ok(Arc::new(Scanner { state: Mutex::new(State { session, found: Found::default(), bytes: 0, report: None }) }))
    }

    /// Takes the next piece of input, all of it. Gives the verdict so far, which only rises.
    ///
    /// # Errors
    /// [`ErrorKind::AfterEnd`]: the scan is finished.
    pub fn feed(&self, data: &[u8]) -> Result<Verdict, PickleError> {
        let mut state = self.state();
        let State { session, found, bytes, report } = &mut *state;
        let Some(judge) = session.judge.as_mut().filter(|_| report.is_none()) else {
            return Err(PickleError::new(ErrorKind::AfterEnd, *bytes, "the scan is finished"));
        };
        judge.feed(data, found);
        *bytes += data.len() as u64;
        Ok(judge.verdict().into())
    }

    /// Ends the input and returns the report; calling it again returns the same. Where [`Report::other_reading`] is there,
    /// bytes that are gone have another reading: the report is not complete.
    pub fn finish(&self) -> Report {
        let mut state = self.state();
        let State { session, found, bytes, report } = &mut *state;
        let bytes = *bytes;
        let made = report.get_or_insert_with(|| {
            let mut sum = Sum { found: std::mem::take(found), ..Sum::default() };
            let other = session.judge.as_mut().and_then(|judge| sum.end(judge).other_reading);
            sum.report(bytes, other.filter(|at| *at < bytes))
        });
        made.clone()
    }
}

impl Scanner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A report as bytes, for Kotlin: numbers in LEB128 and texts with their length before them, in the order of the fields.
pub(crate) fn encode(report: &Report) -> Vec<u8> {
    use crate::flat::write::number;
    let mut out = Vec::new();
    let text = |out: &mut Vec<u8>, text: &str| {
        number(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    };
    for n in [report.verdict as u64, u64::from(report.complete), report.executes as u64, report.findings.len() as u64] {
        number(&mut out, n);
    }
    for found in &report.findings {
        text(&mut out, &found.rule);
        number(&mut out, found.verdict as u64);
        for part in [&found.capability, &found.message, &found.module, &found.name] {
            text(&mut out, part);
        }
        number(&mut out, u64::from(found.via.is_some()));
        for part in [found.via.as_ref().unwrap_or(&String::new()), &found.args, &found.opcode] {
            text(&mut out, part);
        }
        for n in [found.offset, u64::from(found.pickle), u64::from(found.depth)] {
            number(&mut out, n);
        }
        text(&mut out, &found.pythons);
    }
    number(&mut out, report.globals.len() as u64);
    for global in &report.globals {
        for part in [&global.module, &global.name, &global.effect] {
            text(&mut out, part);
        }
        for n in [u64::from(global.called), u64::from(global.made), u64::from(global.count), global.first_offset] {
            number(&mut out, n);
        }
    }
    // One more than the place, 0 where there is none.
    let other = report.other_reading.map_or(0, |at| at.saturating_add(1));
    for n in [report.pickles, report.opcodes, report.bytes, report.buffers, other] {
        number(&mut out, n);
    }
    text(&mut out, &report.tables);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/verdicts.tsv");
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        rows.map(|line| line.split('\t').map(String::from).collect()).collect()
    }

    #[test]
    fn every_row_is_judged_as_the_table_says_in_pieces_too() {
        let rows = rows();
        assert!(rows.len() > 200);
        for row in rows {
            let bytes: Vec<u8> =
                (0..row[4].len()).step_by(2).map(|at| u8::from_str_radix(&row[4][at..at + 2], 16).unwrap()).collect();
            let report = scan(&bytes, Vec::new(), None).unwrap();
            let verdict = format!("{:?}", report.verdict).to_lowercase();
            assert!(row[2].split('|').any(|wanted| wanted == verdict), "{}: {report:?}", row[1]);
            let told = |rule: &str| report.findings.iter().any(|found| found.rule == rule);
            assert!(row[3] == "-" || row[3].split('|').any(told), "{}: {report:?}", row[1]);
            assert!(encode(&report).len() > 10);
            for size in [1, 7] {
                let scanner = Scanner::new(Vec::new(), None).unwrap();
                let mut before = Verdict::Clean;
                for piece in bytes.chunks(size) {
                    let now = scanner.feed(piece).unwrap();
                    assert!(now >= before);
                    before = now;
                }
                let found = scanner.finish();
                assert_eq!(found.findings[..], report.findings[..found.findings.len()], "{}", row[1]);
                assert_eq!((found.verdict, found.globals.len()), (report.verdict, report.globals.len()), "{}", row[1]);
                assert_eq!(scanner.finish(), found);
                assert_eq!(scanner.feed(&[]).unwrap_err().kind(), ErrorKind::AfterEnd);
            }
        }
    }

    #[test]
    fn own_names_are_allowed() {
        let own = b"cmyapp\nUser\n)R.";
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(scan(own, Vec::new(), None).unwrap().verdict, Verdict::Unknown);
        assert_eq!(scan(own, names(&["myapp.User"]), None).unwrap().verdict, Verdict::Clean);
        assert_eq!(scan(own, names(&["User"]), None).unwrap_err().kind(), ErrorKind::Other);
        assert!(Scanner::new(names(&[""]), None).is_err());
        let scanner = Scanner::new(names(&["myapp.*"]), None).unwrap();
        scanner.feed(own).unwrap();
        assert_eq!(scanner.finish().verdict, Verdict::Clean);
        let mut rows = GlobalRows::default();
        assert!(rows.allow("myapp.User"));
        let policy = rows.to_table();
        assert_eq!(scan(own, Vec::new(), Some(policy.clone())).unwrap().verdict, Verdict::Clean);
        let scanner = Scanner::new(Vec::new(), Some(policy.clone())).unwrap();
        scanner.feed(own).unwrap();
        assert_eq!(scanner.finish().verdict, Verdict::Clean);
        assert!(scan(own, names(&["myapp.User"]), Some(policy.clone())).is_err());
        assert!(scan(own, Vec::new(), Some(policy[1..].to_vec())).is_err());
        assert!(Scanner::new(Vec::new(), Some(Vec::new())).is_err());
        // Dropped in the middle of a pickle.
        Scanner::new(Vec::new(), None).unwrap().feed(&own[..3]).unwrap();
    }

    #[test]
    fn another_reading_is_judged_or_said() {
        let bytes = b"\x80\x04\x95\x04\0\0\0\0\0\0\0N.X\x04\0\0\0NN..";
        let whole = scan(bytes, Vec::new(), None).unwrap();
        assert!(whole.verdict >= Verdict::Divergent && whole.other_reading.is_none());
        let scanner = Scanner::new(Vec::new(), None).unwrap();
        scanner.feed(bytes).unwrap();
        let fed = scanner.finish();
        assert_eq!((fed.other_reading, fed.complete), (Some(15), false));
        assert!(fed.verdict >= Verdict::Divergent);
        assert_eq!(scan(&[], Vec::new(), None).unwrap().verdict, Verdict::Malformed);
    }
}
