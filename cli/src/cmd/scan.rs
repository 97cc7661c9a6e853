//! `pickle scan`: what loading a file would do, and whether that is proved harmless.

use crate::Failure;
use crate::input::containers::{self, Unfolding};
use crate::input::{Input, Part};
use crate::print::verdict::{self as print, Format, Global, Reason, Report, Step};
use clap::{Args, ValueEnum};
use pickle_core::verdict::{Event, Finding, Judge, Observer, Summary, Table, Verdict, Workspace};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Containers inside containers that are opened.
const MAX_DEPTH: usize = 6;

/// Findings of one file that are kept.
const MAX_FINDINGS: usize = 1000;

/// `pickle scan`
#[derive(Debug, Args)]
#[command(after_help = "\
The verdict of a file is one word: clean (proved), unknown, malformed, divergent, suspicious, code or dangerous.
Nothing is loaded and nothing is imported. Exit code: 0 if all are below --fail-on, 1 if one is not, 2 if something
could not be looked at.

Examples:
  pickle scan models/
  pickle scan --json model.pt | jq .verdict
  pickle scan --allow myapp.models.User data.pkl")]
pub struct ScanArgs {
    /// Files and folders; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// One JSON object a line and file
    #[arg(long, conflicts_with_all = ["sarif", "explain"])]
    pub json: bool,

    /// One SARIF 2.1.0 log
    #[arg(long, conflicts_with = "explain")]
    pub sarif: bool,

    /// Tell what loading would do, step by step
    #[arg(long)]
    pub explain: bool,

    /// List every global that is named
    #[arg(long)]
    pub globals: bool,

    /// The mildest verdict that fails
    #[arg(long, value_name = "VERDICT", value_enum, default_value_t = FailOn::Suspicious)]
    pub fail_on: FailOn,

    /// Take unknown for suspicious
    #[arg(long)]
    pub strict: bool,

    /// A global that is harmless: MODULE.NAME, MODULE.* for the globals of one module, ext:CODE for an extension code
    #[arg(long, value_name = "MODULE.NAME")]
    pub allow: Vec<String>,
}

/// From which verdict on the command fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Everything that is not proved clean
    Unknown,
    /// Suspicious and worse
    Suspicious,
    /// Dangerous only
    Dangerous,
}

/// Collects what a judge tells.
struct Collector<'r> {
    report: &'r mut Report,
    member: &'r str,
    explain: bool,
}

impl Observer for Collector<'_> {
    fn finding(&mut self, finding: &Finding<'_>) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(Reason::new(finding, self.member));
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        if self.report.steps.len() < MAX_FINDINGS {
            self.report.steps.push(Step::new(event));
        }
    }

    fn wants_events(&self) -> bool {
        self.explain
    }
}

struct Scanner<'a> {
    args: &'a ScanArgs,
    workspace: Workspace,
    policy: Vec<u8>,
}

/// Runs `pickle scan`.
///
/// # Errors
/// The output cannot be written; [`Failure::Verdict`] for the exit code.
pub fn run(args: &ScanArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let policy = crate::print::verdict::policy_of(&args.allow)?;
    let mut scanner = Scanner { args, workspace: Workspace::default(), policy };
    let mut files = Vec::new();
    for path in &args.files {
        collect(path, &mut files, 0);
    }
    let format = match (args.json, args.sarif) {
        (true, _) => Format::Json,
        (_, true) => Format::Sarif,
        _ => Format::Text,
    };
    let (mut failed, mut incomplete, mut reports) = (false, false, Vec::new());
    for path in &files {
        let report = scanner.file(path);
        let floor = match (args.fail_on, args.strict) {
            (FailOn::Unknown, _) | (FailOn::Suspicious, true) => Verdict::Unknown,
            (FailOn::Suspicious, false) => Verdict::Suspicious,
            (FailOn::Dangerous, _) => Verdict::Dangerous,
        };
        failed |= report.verdict >= floor;
        incomplete |= !report.complete;
        match format {
            Format::Sarif => reports.push(report),
            Format::Json => print::json(&report, out)?,
            Format::Text => print::text_report(&report, args.explain, args.globals, out)?,
        }
    }
    if format == Format::Sarif {
        print::sarif(&reports, out)?;
    }
    match (failed, incomplete) {
        (true, _) => Err(Failure::Verdict(1)),
        (_, true) => Err(Failure::Verdict(2)),
        _ => Ok(()),
    }
}

/// Every file of a folder, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>, depth: usize) {
    let linked = depth > 0 && path.is_symlink();
    if linked || !path.is_dir() || depth > 64 {
        if !linked {
            files.push(path.to_owned());
        }
        return;
    }
    match std::fs::read_dir(path) {
        Ok(entries) => {
            let mut inner: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            inner.sort();
            inner.iter().for_each(|path| collect(path, files, depth + 1));
        }
        // Told when it is opened.
        Err(_) => files.push(path.to_owned()),
    }
}

/// Out-of-band buffers lie beside a pickle as `NAME.buf0`, `NAME.buf1` and so on.
fn buffers_beside(path: &str, member: &str, count: u64) -> bool {
    member.is_empty() && (0..count).all(|n| Path::new(&format!("{path}.buf{n}")).is_file())
}

impl Scanner<'_> {
    fn file(&mut self, path: &Path) -> Report {
        let mut report = Report::new(path.display().to_string());
        match Input::open(path) {
            Ok(input) => self.input(input, "", 0, false, &mut report),
            Err(failure) => report.not_looked_at("", &failure.to_string()),
        }
        let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if size > 0 && report.bytes > 16 << 20 && report.bytes / 200 > size {
            report.finding("PK702", Verdict::Suspicious, "a small file unpacks to more than 200 times its size", "");
        }
        report.close();
        report
    }

    /// An input and all that is in it. `unsure`: by its place it need not be a pickle.
    fn input(&mut self, input: Input, member: &str, depth: usize, unsure: bool, report: &mut Report) {
        if report.container.is_empty() {
            report.container.extend(input.layers().iter().map(|layer| format!("{layer}")));
        }
        let input = match input.into_seekable() {
            Ok(input) => input,
            Err(failure) => return report.not_looked_at(member, &failure.to_string()),
        };
        let Some(part) = input.part().cloned() else {
            // Nothing at all.
            if !unsure {
                self.judge(&[], member, report);
            }
            return;
        };
        match containers::unfold(input, depth >= MAX_DEPTH) {
            Ok(Unfolding::Pickles(input)) => {
                let pickles = input.part().cloned().unwrap_or(part.clone());
                self.part(&pickles, member, unsure, report);
                // A zip file may hang behind a pickle.
                if depth < MAX_DEPTH
                    && let Some(members) = containers::zip_behind(&part)
                {
                    report.container.push("zip".into());
                    self.members(members, member, depth, true, report);
                }
            }
            Ok(Unfolding::Members(what, members)) => {
                report.container.push(what.trim_start_matches("a ").trim_start_matches("an ").to_owned());
                self.members(members, member, depth, false, report);
                self.beside(&part, member, report);
            }
            Err(failure @ Failure::Refused { .. }) if unsure => drop(failure),
            Err(failure) => report.not_looked_at(member, &failure.to_string()),
        }
    }

    /// Pickles that lie in front of a container, or in what it does not name.
    fn beside(&mut self, part: &Part, member: &str, report: &mut Report) {
        let head = part.bytes_at(0, 4).unwrap_or_default();
        if !head.starts_with(b"PK") && !head.starts_with(b"\x93NUM") {
            self.part(part, member, true, report);
        }
    }

    fn members(
        &mut self,
        members: Vec<containers::Member>,
        above: &str,
        depth: usize,
        unsure: bool,
        report: &mut Report,
    ) {
        let mut names = std::collections::HashSet::new();
        for found in members {
            let name = match (above.is_empty(), found.name.is_empty()) {
                (true, _) => found.name.clone(),
                (_, true) => above.to_owned(),
                _ => format!("{above}!{}", found.name),
            };
            if !name.is_empty() && !names.insert(name.clone()) {
                report.finding("PK602", Verdict::Suspicious, "two members have one name", &name);
            }
            let named = containers::is_pickle_name(&found.name) || found.name.is_empty();
            match found.open(name.clone()) {
                Ok(input) => self.input(input, &name, depth + 1, unsure || !named, report),
                Err(failure) => report.not_looked_at(&name, &failure.to_string()),
            }
        }
    }

    fn part(&mut self, part: &Part, member: &str, unsure: bool, report: &mut Report) {
        let mut own = Report::new(String::new());
        let summary = self.stream(&mut part.reader(), member, &mut own);
        if let (Ok(summary), Some(other)) = (&summary, summary.as_ref().ok().and_then(|summary| summary.other_reading))
        {
            // The reading of those who pass over the rest of the frame.
            let _ = summary;
            if other < part.len() {
                let _ = self.stream(&mut part.slice(other, u64::MAX).reader(), member, &mut own);
            }
        }
        let summary = match summary {
            Ok(summary) => summary,
            Err(error) => return report.not_looked_at(member, &error.to_string()),
        };
        if summary.buffers > 0 && !buffers_beside(&report.path, member, summary.buffers) {
            let n = summary.buffers;
            own.complete = false;
            own.limits.push("out-of-band buffers are missing".into());
            let text = format!("no reader loads it without {n} out-of-band buffers, which do not lie beside it");
            own.finding("PK505", Verdict::Malformed, &text, member);
        }
        let head = part.bytes_at(0, 2).unwrap_or_default();
        let looks = matches!(head.as_slice(), [0x80, 0..=5]) && summary.ops > 3;
        // Data that happens to begin like a pickle is none.
        if unsure && !looks && (own.verdict < Verdict::Suspicious || own.is_chance()) {
            report.bytes += own.bytes;
            return;
        }
        let packed = own.packed_behind().and_then(|at| {
            let rest = part.slice(at, u64::MAX);
            Input::from_part(member, rest).ok().filter(|input| !input.layers().is_empty())
        });
        if packed.is_some() {
            own.forget_behind();
        }
        report.merge(own);
        if let Some(input) = packed {
            // Django's cache files: when it expires, then the value, compressed.
            self.input(input, member, MAX_DEPTH, false, report);
        }
    }

    fn judge(&mut self, bytes: &[u8], member: &str, report: &mut Report) {
        let _ = self.stream(&mut &*bytes, member, report);
    }

    fn stream(&mut self, reader: &mut dyn Read, member: &str, report: &mut Report) -> std::io::Result<Summary> {
        let policy = (!self.policy.is_empty()).then(|| Table::new(&self.policy));
        let mut judge = Judge::with_policy(self.workspace.memory(), policy);
        let explain = self.args.explain;
        let mut piece = vec![0; 256 * 1024];
        loop {
            let n = match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) => {
                    report.verdict = report.verdict.max(judge.verdict());
                    report.not_looked_at(member, &error.to_string());
                    return Err(error);
                }
            };
            judge.feed(piece.get(..n).unwrap_or_default(), &mut Collector { report, member, explain });
        }
        let summary = judge.finish(&mut Collector { report, member, explain });
        report.take(&summary);
        report.globals.extend(judge.globals().map(|global| Global::new(&global)));
        Ok(summary)
    }
}
