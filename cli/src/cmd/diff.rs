//! `pickle diff`: what differs between two files.

use crate::Failure;
use crate::compare::{Cells, Comparer, Tolerance, What};
use crate::input::Input;
use crate::input::InputFile;
use crate::input::containers::{self, Member, Unfolding};
use crate::messages::{note, printable};
use crate::pickles::{Pickles, dropped};
use crate::print::brief::{brief, kind, label, short_json};
use clap::Args;
use pickle_core::view::View;
use pickle_core::{Document, Options, Value};
use serde_json::{Map, json};
use std::collections::HashMap;
use std::io::{self, Read, Write};

/// `pickle diff`
#[derive(Debug, Args)]
#[command(after_help = "\
Values are compared by what they mean: protocol, compression, memo, and the order of sets and of keys make no difference. Lists are compared place by place, arrays and columns cell by cell. Every difference is a line: - only in A, + only in B, ~ in both. Members of archives are compared with those of the same name.

Exit codes, as diff has them: 0 no difference, 1 differences, 2 trouble.

Examples:
  pickle diff monday.pkl tuesday.pkl
  pickle diff --tolerance 1e-6 before.pt after.pt
  pickle diff -p '$.config' a.pkl b.pkl
  pickle diff --json a.pkl b.pkl | jq -r .path")]
pub struct DiffArgs {
    /// The two files; one of them may be - for standard input
    #[arg(required = true, num_args = 2, value_names = ["A", "B"], value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<InputFile>,

    /// Compare only what is there, such as $.config
    #[arg(short, long, value_name = "PATH")]
    pub path: Option<String>,

    /// Numbers that differ by no more are equal
    #[arg(short, long, value_name = "N", default_value_t = 0.0, hide_default_value = true)]
    pub tolerance: f64,

    /// The same as a part of the number in B: 0.01 is a percent
    #[arg(long, value_name = "N", default_value_t = 0.0, hide_default_value = true)]
    pub relative: f64,

    /// A line of JSON for each difference
    #[arg(long)]
    pub json: bool,

    /// Only say that there is a difference
    #[arg(short, long)]
    pub quiet: bool,
}

/// Bytes of a value that are shown.
const SHOWN: usize = 120;

/// Bytes of a value that are given as JSON; of larger ones only their kind and size are.
const SHOWN_JSON: usize = 4096;

verb!(DiffArgs => run, files: files);

/// Runs the command.
///
/// # Errors
/// [`Failure::Verdict`] with 1 for differences, with 2 for trouble, which is reported.
fn run(args: &DiffArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut report = Report { args, out, different: false };
    let mut comparer = Comparer::new(Tolerance { absolute: args.tolerance, relative: args.relative });
    let done = compare(args, &mut comparer, &mut report);
    let different = report.different;
    report.out.flush()?;
    match done {
        Err(failure) if failure.is_closed_pipe() || matches!(failure, Failure::Usage(_)) => return Err(failure),
        Err(failure) => {
            failure.report();
            return Err(Failure::Verdict(2));
        }
        Ok(()) => {}
    }
    for doubt in &comparer.doubts {
        note("not compared", doubt);
    }
    match (different, comparer.doubts.is_empty()) {
        (_, false) => Err(Failure::Verdict(2)),
        (true, _) => Err(Failure::Verdict(1)),
        _ => Ok(()),
    }
}

fn compare(args: &DiffArgs, comparer: &mut Comparer, report: &mut Report<'_>) -> Result<(), Failure> {
    let [a, b] = args.files.as_slice() else { return Err(Failure::Usage("two files are compared".into())) };
    if let Some(path) = &args.path {
        Failure::check_path(path, "$.config")?;
    }
    if [args.tolerance, args.relative].iter().any(|tolerance| tolerance.is_nan() || *tolerance < 0.0) {
        return Err(Failure::Usage("a tolerance is a number of zero or more".into()));
    }
    let (x, left) = containers::unfold_file(a)?;
    let (y, right) = containers::unfold_file(b)?;
    match (x, y) {
        (Unfolding::Pickles(x), Unfolding::Pickles(y)) => {
            pickles(x, y, "", comparer, report)?;
            match (left, right) {
                (Some(x), Some(y)) => bytes(&mut x.reader(), &mut y.reader(), "storages of tensors", report),
                (None, None) => Ok(()),
                // Then the pickles differ, too.
                _ => Ok(()),
            }
        }
        (Unfolding::Members(_, x), Unfolding::Members(_, y)) => members(x, y, comparer, report),
        (x, y) => {
            let what = |unfolding: &Unfolding| match unfolding {
                Unfolding::Pickles(_) => "pickles".to_owned(),
                Unfolding::Members(what, _) => (*what).to_owned(),
            };
            report.say("", None, "", &What::Property("file", what(&x), what(&y)))
        }
    }
}

/// The names of members without the folder that all are in: torch calls it as the file was called.
fn named(members: Vec<Member>) -> Vec<(String, Member)> {
    let root = members.first().and_then(|first| Some(format!("{}/", first.name.split_once('/')?.0)));
    let root = root.filter(|root| members.iter().all(|member| member.name.starts_with(root.as_str())));
    let strip = |member: Member| {
        let name = root.as_deref().and_then(|root| member.name.strip_prefix(root)).unwrap_or(&member.name).to_owned();
        (name, member)
    };
    members.into_iter().map(strip).collect()
}

fn members(a: Vec<Member>, b: Vec<Member>, comparer: &mut Comparer, report: &mut Report<'_>) -> Result<(), Failure> {
    let (a, b) = (named(a), named(b));
    let mut others: HashMap<&str, Vec<&Member>> = HashMap::new();
    // Members of one name are compared in their order.
    for (name, member) in b.iter().rev() {
        others.entry(name).or_default().push(member);
    }
    for (name, member) in &a {
        match others.get_mut(name.as_str()).and_then(Vec::pop) {
            Some(other) => self::member(name, member, other, comparer, report)?,
            None => report.only("-", name)?,
        }
    }
    for (name, _) in &b {
        if others.get_mut(name.as_str()).and_then(Vec::pop).is_some() {
            report.only("+", name)?;
        }
    }
    Ok(())
}

fn member(name: &str, a: &Member, b: &Member, comparer: &mut Comparer, report: &mut Report<'_>) -> Result<(), Failure> {
    let options = report.args.files.first().map(|file| file.options().clone()).unwrap_or_default();
    let damaged = |member: &Member| options.salvage && containers::is_pickle_name(&member.name);
    let is_pickle = |member: &Member| damaged(member) || member.open(name.to_owned()).is_ok_and(containers::is_pickle);
    if is_pickle(a) && is_pickle(b) {
        let open = |member: &Member| member.open_with(name.to_owned(), &options);
        return pickles(open(a)?, open(b)?, name, comparer, report);
    }
    if report.args.path.is_some() {
        return Ok(());
    }
    let fail = |source| Failure::Input { name: name.to_owned(), source };
    bytes(&mut a.open_raw().map_err(fail)?, &mut b.open_raw().map_err(fail)?, name, report)
}

/// Compares what is no pickle.
fn bytes(a: &mut dyn Read, b: &mut dyn Read, name: &str, report: &mut Report<'_>) -> Result<(), Failure> {
    let fail = |source| Failure::Input { name: name.to_owned(), source };
    let (mut x, mut y) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let (mut of, mut other, mut differing, mut first) = (0u64, 0u64, 0u64, None);
    loop {
        let (m, n) = (fill(a, &mut x).map_err(fail)?, fill(b, &mut y).map_err(fail)?);
        let (left, right) = (x.get(..m).unwrap_or_default(), y.get(..n).unwrap_or_default());
        if left != right {
            let mut places =
                (of..).zip(left.iter().zip(right)).filter(|(_, (x, y))| x != y).map(|(at, _)| at).peekable();
            first = first.or(places.peek().copied());
            differing += places.count() as u64;
        }
        of += m as u64;
        other += n as u64;
        if m == 0 && n == 0 {
            break;
        }
    }
    if of != other {
        report.say(name, None, "", &What::Property("bytes", of.to_string(), other.to_string()))?;
    }
    match first {
        Some(first) => report.say(name, None, "", &What::Bytes { differing, of, first }),
        None => Ok(()),
    }
}

/// Fills the buffer, less only at the end.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(room) = buffer.get_mut(done..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Compares the pickles of two inputs, one after the other.
fn pickles(a: Input, b: Input, member: &str, comparer: &mut Comparer, report: &mut Report<'_>) -> Result<(), Failure> {
    let (mut x, mut y) = (Pickles::new(a, Options::new(), false), Pickles::new(b, Options::new(), false));
    for index in 0.. {
        let number = if index == 0 { None } else { Some(index) };
        match (x.next_document()?, y.next_document()?) {
            (None, None) => break,
            (Some(a), Some(b)) => documents(&a, &b, member, number, comparer, report)?,
            (Some(a), None) => report.say(member, Some(index), "$", &What::Removed(a.root()))?,
            (None, Some(b)) => report.say(member, Some(index), "$", &What::Added(b.root()))?,
        }
    }
    for pickles in [&x, &y] {
        if let Some(at) = pickles.rest() {
            comparer.doubts.push(format!("{}: what follows the pickles from byte {at} on", pickles.input().name()));
        }
    }
    Ok(())
}

/// Calls that set what no path leads to: cloudpickle and dill fill functions, classes and cells so.
const DROPPED: &str = "calls that change what the value holds, and whose results the pickle drops:";

/// The calls are of the same functions, with equal arguments.
fn same_calls(a: &[Value<'_>], b: &[Value<'_>], comparer: &mut Comparer) -> Result<bool, Failure> {
    let mut same = a.len() == b.len();
    for (x, y) in a.iter().zip(b).filter_map(|(x, y)| x.as_object().zip(y.as_object())) {
        same = same && x.args().len() == y.args().len();
        let args = x.args().zip(y.args());
        for (x, y) in args.chain([(x.callable(), y.callable())]) {
            if same {
                comparer.compare("$", x, y, &mut |_, _| {
                    same = false;
                    Ok(())
                })?;
            }
        }
    }
    Ok(same)
}

fn documents(
    a: &Document<'_>,
    b: &Document<'_>,
    member: &str,
    index: Option<u64>,
    comparer: &mut Comparer,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let path = report.args.path.as_deref().unwrap_or("$");
    let (x, y) = (dropped::calls(a), dropped::calls(b));
    if !same_calls(&x, &y, comparer)? {
        let of = |calls| dropped::summary(calls);
        let other = if x.len() == y.len() { ", on other values" } else { "" };
        report.say(member, index, "", &What::Property(DROPPED, of(&x), of(&y) + other))?;
    }
    let found = &mut |path: &str, what: &What<'_>| report.say(member, index, path, what);
    match (a.root().at_path(path), b.root().at_path(path)) {
        (Ok(x), Ok(y)) => comparer.compare(path, x, y, found),
        (Ok(x), Err(_)) => found(path, &What::Removed(x)),
        (Err(_), Ok(y)) => found(path, &What::Added(y)),
        (Err(error), Err(_)) => Err(Failure::Refused { name: "both files".into(), text: error.to_string() }),
    }
}

/// Prints differences.
struct Report<'o> {
    args: &'o DiffArgs,
    out: &'o mut dyn Write,
    different: bool,
}

impl Report<'_> {
    /// A member that one file has.
    fn only(&mut self, sign: &str, name: &str) -> Result<(), Failure> {
        self.different = true;
        if self.args.quiet {
            return Ok(());
        }
        if self.args.json {
            let change = if sign == "-" { "removed" } else { "added" };
            writeln!(self.out, "{}", json!({"member": name, "change": change}))?;
        } else {
            writeln!(self.out, "{sign} {}", printable(name))?;
        }
        Ok(())
    }

    fn say(&mut self, member: &str, index: Option<u64>, path: &str, what: &What<'_>) -> Result<(), Failure> {
        self.different = true;
        if self.args.quiet {
            return Ok(());
        }
        if self.args.json {
            let mut line = Map::new();
            if !member.is_empty() {
                line.insert("member".into(), member.into());
            }
            if let Some(index) = index {
                line.insert("pickle".into(), index.into());
            }
            if !path.is_empty() {
                line.insert("path".into(), path.into());
            }
            as_json(what, &mut line);
            writeln!(self.out, "{}", serde_json::Value::from(line))?;
            return Ok(());
        }
        let mut place = String::new();
        if !member.is_empty() {
            place = format!("{}: ", printable(member));
        }
        if let Some(index) = index {
            place.push_str(&format!("pickle number {}: ", index + 1));
        }
        if !path.is_empty() {
            place.push_str(&format!("{path}: "));
        }
        match what {
            What::Removed(value) => writeln!(self.out, "- {place}{}", brief(*value, SHOWN))?,
            What::Added(value) => writeln!(self.out, "+ {place}{}", brief(*value, SHOWN))?,
            What::Changed(a, b) => {
                let (a, b) = two(*a, *b);
                writeln!(self.out, "~ {place}{a} -> {b}")?;
            }
            What::Property(name, a, b) => writeln!(self.out, "~ {place}{name} {a} -> {b}")?,
            What::Cells(cells) => writeln!(self.out, "~ {place}{}", cells_text(cells))?,
            What::Bytes { differing, of, first } => {
                writeln!(self.out, "~ {place}{differing} of {of} bytes differ, the first is byte {first}")?;
            }
        }
        Ok(())
    }
}

fn cells_text(cells: &Cells) -> String {
    let start = format!("{} of {} cells differ", cells.differing, cells.of);
    match &cells.largest {
        Some((by, at, a, b)) if by.is_nan() => format!("{start}, such as {at}: {a} -> {b}"),
        Some((by, at, a, b)) => format!("{start}, the most by {} at {at}: {a} -> {b}", number(*by)),
        None => start,
    }
}

fn number(number: f64) -> String {
    let text = crate::print::pyrepr::float(number);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Two values in a few words each, and not the same ones.
fn two(a: Value<'_>, b: Value<'_>) -> (String, String) {
    let (x, y) = (brief(a, SHOWN), brief(b, SHOWN));
    if let (View::Text(left), View::Text(right)) = (a.view(), b.view())
        && (left.len() > SHOWN || right.len() > SHOWN)
    {
        let at = left.chars().zip(right.chars()).take_while(|(x, y)| x == y).count();
        let part = |text: &str| {
            let piece: String = text.chars().skip(at).take(40).collect();
            format!("{} ({} characters)", serde_json::Value::from(piece), text.chars().count())
        };
        return (format!("from character {at} on {}", part(left)), part(right));
    }
    if x != y {
        return (x, y);
    }
    // `1` and `"1"` of other types, or a tuple and a list.
    (format!("{} {x}", kind(a)), format!("{} {y}", kind(b)))
}

fn as_json(what: &What<'_>, line: &mut Map<String, serde_json::Value>) {
    let value = |value: Value<'_>| -> serde_json::Value {
        match short_json(value, SHOWN_JSON) {
            Some(text) => serde_json::from_str(&text).unwrap_or(serde_json::Value::Null),
            None => json!({"$is": label(value)}),
        }
    };
    let mut put = |name: &str, value: serde_json::Value| drop(line.insert(name.into(), value));
    match what {
        What::Removed(a) => {
            put("change", "removed".into());
            put("a", value(*a));
        }
        What::Added(b) => {
            put("change", "added".into());
            put("b", value(*b));
        }
        What::Changed(a, b) => {
            put("change", "changed".into());
            put("a", value(*a));
            put("b", value(*b));
        }
        What::Property(name, a, b) => {
            put("change", (*name).into());
            put("a", a.as_str().into());
            put("b", b.as_str().into());
        }
        What::Cells(cells) => {
            put("change", "cells".into());
            put("differing", cells.differing.into());
            put("of", cells.of.into());
            if let Some((by, at, a, b)) = &cells.largest {
                put("largest", serde_json::Number::from_f64(*by).map_or(serde_json::Value::Null, Into::into));
                put("at", at.as_str().into());
                put("a", a.as_str().into());
                put("b", b.as_str().into());
            }
        }
        What::Bytes { differing, of, first } => {
            put("change", "bytes".into());
            put("differing", (*differing).into());
            put("of", (*of).into());
            put("first", (*first).into());
        }
    }
}
