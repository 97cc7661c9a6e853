//! `pickle scan`: what loading a file would do, and whether that is proved harmless.

pub mod policy;

use self::policy::{Policy, hex};
use crate::Failure;
use crate::input::containers::{self, Unfold, Unfolding};
use crate::input::{Input, InputFile, InputOptions, Part, damage};
use crate::print::verdict::{self as print, Format, Global, Reason, Report, Step};
use clap::{Args, ValueEnum};
use pickle_core::verdict::{Finding, GlobalTable, Judge, Observer, Summary, TraceEvent, Verdict, Workspace};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Containers inside containers that are opened.
const MAX_DEPTH: usize = 6;

/// Findings of one file that are kept.
const MAX_FINDINGS: usize = 1000;

/// Bytes that tell whether a pickle begins.
const HEAD: usize = 64 * 1024;

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
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<InputFile>,

    /// One JSON object a line and file
    #[arg(long, conflicts_with_all = ["sarif", "explain"])]
    pub json: bool,

    /// One SARIF 2.1.0 log
    #[arg(long, conflicts_with = "explain")]
    pub sarif: bool,

    /// Print what loading would do, step by step
    #[arg(long)]
    pub explain: bool,

    /// List every global that is named
    #[arg(long)]
    pub globals: bool,

    /// The mildest verdict that fails
    #[arg(long, value_name = "VERDICT", value_enum)]
    pub fail_on: Option<FailOn>,

    /// A policy file: names that are allowed, trusted and denied, limits, known files
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Files that are looked at at the same time; 0 for as many as there are processors
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,

    /// Bytes of pickles of one file, unpacked, beyond which the rest is not looked at
    #[arg(long, value_name = "BYTES")]
    pub limit: Option<u64>,

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

/// Collects the findings of a judge.
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

    fn event(&mut self, event: &TraceEvent<'_>) {
        if self.report.steps.len() < MAX_FINDINGS {
            self.report.steps.push(Step::new(event));
        }
    }

    fn wants_events(&self) -> bool {
        self.explain
    }
}

struct Scanner<'a> {
    policy: &'a Policy,
    table: Vec<u8>,
    explain: bool,
    workspace: Workspace,
    /// Of the file that is scanned.
    options: Arc<InputOptions>,
}

/// Reports of files, one after another, with a policy.
pub fn reports<'p>(paths: &[InputFile], policy: &'p Policy) -> impl Iterator<Item = Report> + use<'p> {
    let mut files = Vec::new();
    paths.iter().for_each(|path| collect(&containers::values_of(path), &mut files, 0));
    let mut scanner = Scanner::new(policy, false);
    files.into_iter().map(move |file| scanner.file(&file))
}

verb!(ScanArgs => run, files: files);

/// Runs `pickle scan`.
///
/// # Errors
/// The output cannot be written; [`Failure::Verdict`] for the exit code.
fn run(args: &ScanArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut policy = match &args.policy {
        Some(path) => Policy::read(path).map_err(|failure| Failure::Usage(failure.to_string()))?,
        None => Policy::default(),
    };
    policy.allow_names(&args.allow)?;
    policy.expanded = args.limit.or(policy.expanded);
    let fail_on = args.fail_on.or(match policy.fail_on.as_deref() {
        Some("unknown") => Some(FailOn::Unknown),
        Some("dangerous") => Some(FailOn::Dangerous),
        _ => None,
    });
    let floor = match (fail_on.unwrap_or(FailOn::Suspicious), args.strict) {
        (FailOn::Unknown, _) | (FailOn::Suspicious, true) => Verdict::Unknown,
        (FailOn::Suspicious, false) => Verdict::Suspicious,
        (FailOn::Dangerous, _) => Verdict::Dangerous,
    };
    let mut files = Vec::new();
    for path in &args.files {
        collect(&containers::values_of(path), &mut files, 0);
    }
    let format = match (args.json, args.sarif) {
        (true, _) => Format::Json,
        (_, true) => Format::Sarif,
        _ => Format::Text,
    };
    let (mut failed, mut incomplete, mut reports) = (false, false, Vec::new());
    let mut print = |report: Report, out: &mut dyn Write| -> Result<(), Failure> {
        failed |= report.unaccepted() >= floor;
        incomplete |= !report.complete;
        match format {
            Format::Sarif => reports.push(report),
            Format::Json => print::json(&report, policy.digest.as_deref(), out)?,
            Format::Text => print::text_report(&report, args.explain, args.globals, out)?,
        }
        Ok(())
    };
    let jobs = match args.jobs {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        jobs => jobs,
    };
    if jobs.min(files.len()) <= 1 {
        let mut scanner = Scanner::new(&policy, args.explain);
        for path in &files {
            print(scanner.file(path), out)?;
        }
    } else {
        in_parallel(&files, jobs.min(files.len()), &policy, args.explain, &mut |report| print(report, out))?;
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

/// Looks at files on several threads; the reports come in the order of the files.
fn in_parallel(
    files: &[InputFile],
    jobs: usize,
    policy: &Policy,
    explain: bool,
    print: &mut dyn FnMut(Report) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        // Who is far ahead waits: reports that are not printed yet take memory.
        let (sender, receiver) = std::sync::mpsc::sync_channel(4 * jobs);
        for _ in 0..jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let mut scanner = Scanner::new(policy, explain);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = files.get(index) else { return };
                    if sender.send((index, scanner.file(path))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        for (index, report) in receiver {
            waiting.insert(index, report);
            while let Some(report) = waiting.remove(&due) {
                print(report)?;
                due += 1;
            }
        }
        Ok(())
    })
}

/// Every file of a folder, in order.
fn collect(file: &InputFile, files: &mut Vec<InputFile>, depth: usize) {
    let path: &Path = file;
    let linked = depth > 0 && path.is_symlink();
    if linked || !path.is_dir() || depth > 64 {
        if !linked {
            files.push(file.clone());
        }
        return;
    }
    match std::fs::read_dir(path) {
        Ok(entries) => {
            let mut inner: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            inner.sort();
            inner.into_iter().for_each(|path| collect(&file.with_path(path), files, depth + 1));
        }
        // Told when it is opened.
        Err(_) => files.push(file.clone()),
    }
}

/// Out-of-band buffers lie beside a pickle as `NAME.buf0`, `NAME.buf1` and so on.
fn buffers_beside(path: &str, member: &str, count: u64) -> bool {
    member.is_empty() && (0..count).all(|n| Path::new(&format!("{path}.buf{n}")).is_file())
}

impl<'p> Scanner<'p> {
    fn new(policy: &'p Policy, explain: bool) -> Self {
        let workspace = policy.depth.map_or_else(Workspace::default, |depth| Workspace::new(depth, 512 * 1024));
        Scanner { policy, table: policy.table(), explain, workspace, options: Arc::default() }
    }

    fn file(&mut self, file: &InputFile) -> Report {
        let path: &Path = file;
        let mut report = Report::new(path.display().to_string());
        self.options = file.options().clone();
        match Input::open(path, &self.options.raw) {
            Ok(input) => self.input(input, "", 0, false, &mut report),
            Err(_) if containers::file_of(file) != path => self.named(file, &mut report),
            Err(failure) => report.not_looked_at("", &failure.to_string()),
        }
        let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if size > 0 && report.bytes > 16 << 20 && report.bytes / 200 > size {
            report.finding("PK702", Verdict::Suspicious, "a small file unpacks to more than 200 times its size", "");
        }
        report.close();
        if report.verdict > Verdict::Clean && !self.policy.accept.is_empty() {
            self.accept(path, &mut report);
        }
        report
    }

    /// What `FILE!MEMBER` names.
    fn named(&mut self, file: &InputFile, report: &mut Report) {
        match containers::open(file) {
            Ok(members) => members.for_each(|member| match member {
                Ok(input) => self.input(input, "", 1, false, report),
                Err(failure) => report.not_looked_at("", &failure.to_string()),
            }),
            Err(failure) => report.not_looked_at("", &failure.to_string()),
        }
    }

    /// Marks the findings that the policy accepts in this file.
    fn accept(&self, path: &Path, report: &mut Report) {
        let Ok(mut file) = std::fs::File::open(path) else { return };
        let (mut digest, mut piece) = (Sha256::new(), vec![0; 256 * 1024]);
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => digest.update(piece.get(..n).unwrap_or_default()),
                Err(_) => return,
            }
        }
        let digest = hex(&digest.finalize());
        for accept in self.policy.accept.iter().filter(|accept| accept.sha256 == digest) {
            report.accept(&accept.rule, &accept.reason, accept.is_over());
        }
    }

    /// An input and all that is in it. `unsure`: by its place it need not be a pickle.
    fn input(&mut self, input: Input, member: &str, depth: usize, unsure: bool, report: &mut Report) {
        if report.container.is_empty() {
            report.container.extend(input.layers().iter().map(|layer| format!("{layer}")));
        }
        let input = match input.into_seekable_as_far() {
            Ok((input, None)) => input,
            Ok((input, Some(fault))) => {
                // A loader may have run what came before.
                report.not_looked_at(member, &fault.to_string());
                if input.part().is_none() {
                    return;
                }
                input
            }
            Err(failure) => return report.not_looked_at(member, &failure.to_string()),
        };
        let Some(part) = input.part().cloned() else {
            // Nothing at all.
            if !unsure {
                self.judge(&[], member, report);
            }
            return;
        };
        match containers::plain_arrays_end(member, &part) {
            Ok(None) => {}
            Ok(Some(end)) => return self.arrays(&part, end, member, depth, report),
            Err(failure) => return report.not_looked_at(member, &failure.to_string()),
        }
        // What was repaired is not what the file has: that is reported below.
        let mut options = (*self.options).clone();
        options.salvage = false;
        let unfold = Unfold { options: &options, depth, whole: depth >= self.nested(), unsure };
        let unfolding = unfold.of(input).and_then(|found| match found {
            // What was repaired is in memory.
            Unfolding::Pickles(input) => input.into_seekable().map(Unfolding::Pickles),
            members => Ok(members),
        });
        match unfolding {
            Ok(Unfolding::Pickles(input)) if self.options.salvage && !unsure => {
                if let Err(failure) = self.salvaged(input, member, report) {
                    report.not_looked_at(member, &failure.to_string());
                }
            }
            Ok(Unfolding::Pickles(input)) => {
                let pickles = input.part().cloned().unwrap_or(part.clone());
                self.part(&pickles, member, unsure, report);
                // A zip file may hang behind a pickle.
                if depth < self.nested()
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

    /// Arrays of numbers or text up to a place, and what is behind it.
    fn arrays(&mut self, part: &Part, end: u64, member: &str, depth: usize, report: &mut Report) {
        report.container.push(".npy file of plain numbers or text, not objects".into());
        report.arrays += 1;
        if end < part.len() && depth < self.nested() {
            match Input::from_part(member, part.slice(end, u64::MAX)) {
                Ok(rest) => self.input(rest, member, depth + 1, false, report),
                Err(failure) => report.not_looked_at(member, &failure.to_string()),
            }
        } else if end < part.len() {
            report.not_looked_at(member, "more arrays behind one another than are followed");
        }
        // A zip file may hang behind the items, or be the last of them.
        if depth < self.nested()
            && let Some(members) = containers::zip_behind(part)
        {
            report.container.push("zip".into());
            self.members(members, member, depth, true, report);
        }
    }

    /// What is left of damaged pickles. It is judged; the file is not what was judged, so nothing is proved of it.
    fn salvaged(&mut self, input: Input, member: &str, report: &mut Report) -> Result<(), Failure> {
        let before = match input.part() {
            Some(part) => part.bytes_at(0, usize::try_from(part.len()).unwrap_or(usize::MAX))?,
            None => Vec::new(),
        };
        let (bytes, whole) = damage::undo(input)?;
        self.judge(&bytes, member, report);
        if !whole || bytes != before {
            report.not_looked_at(member, "the file is damaged: what --salvage makes of it was looked at");
        }
        Ok(())
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
            let named = containers::is_pickle_name(&found.name) || found.name.is_empty() || found.is_certain();
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
            // The reading that skips the rest of the frame.
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
            let text = format!("no reader loads it without {n} out-of-band buffers, which are not beside it");
            own.finding("PK505", Verdict::Malformed, &text, member);
        }
        let head = part.bytes_at(0, 2).unwrap_or_default();
        let is_whole = summary.pickles > 0;
        let looks = match head.as_slice() {
            [0x80, 0..=5] if summary.ops > 3 => true,
            _ if summary.ops > 3 => is_whole || containers::is_begun(&part.bytes_at(0, HEAD).unwrap_or_default()),
            _ => is_whole && own.packed_behind().is_none(),
        };
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
            self.input(input, member, self.nested(), false, report);
        }
    }

    fn nested(&self) -> usize {
        self.policy.nested.unwrap_or(MAX_DEPTH).min(MAX_DEPTH)
    }

    fn judge(&mut self, bytes: &[u8], member: &str, report: &mut Report) {
        let _ = self.stream(&mut &*bytes, member, report);
    }

    fn stream(&mut self, reader: &mut dyn Read, member: &str, report: &mut Report) -> std::io::Result<Summary> {
        let policy = (!self.table.is_empty()).then(|| GlobalTable::new(&self.table));
        let mut judge = Judge::with_policy(self.workspace.memory(), policy);
        let explain = self.explain;
        let mut piece = vec![0; 256 * 1024];
        let mut read = report.bytes;
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
            read += n as u64;
            judge.feed(piece.get(..n).unwrap_or_default(), &mut Collector { report, member, explain });
            let over = |limit: Option<u64>, is: u64| limit.is_some_and(|limit| is > limit);
            if over(self.policy.expanded, read) || over(self.policy.ops, judge.ops()) {
                report.limit(member, "more than the policy's limit: the rest was not looked at");
                break;
            }
        }
        let summary = judge.finish(&mut Collector { report, member, explain });
        report.take(&summary);
        report.globals.extend(judge.globals().map(|global| Global::new(&global)));
        Ok(summary)
    }
}
