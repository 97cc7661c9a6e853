//! `pickle grep`: where something is in files.

use super::common::print_all;
use crate::Failure;
use crate::input::{self, InputFile};
use crate::messages::printable;
use crate::pickles::parts::{Parts, Step, parts};
use crate::pickles::{Pickles, dropped};
use crate::print::brief::{brief, kind, short_json};
use crate::print::names;
use clap::Args;
use pickle_core::view::View;
use pickle_core::{Document, Kind, Options, Value};
use regex::{Regex, RegexBuilder};
use std::collections::HashSet;
use std::io::Write;

/// `pickle grep`
#[derive(Debug, Args)]
#[command(after_help = "\
Keys, text, numbers, dates, names of attributes, classes and functions are searched, and bytes that are UTF-8; the numbers of arrays and the cells of frames are not. A match is a line: file, path, value. The path is what `pickle get` and the others take.

Exit codes, as grep has them: 0 found, 1 not found, 2 trouble.

Examples:
  pickle grep learning_rate model.pkl
  pickle grep -i 'error|warning' logs/*.pkl
  pickle grep --classes '^sklearn\\.' *.pkl
  pickle grep -F --values 'user@example.com' dump.pkl")]
pub struct GrepArgs {
    /// A regular expression
    #[arg(value_name = "PATTERN")]
    pub pattern: String,

    /// Files to look into; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<InputFile>,

    /// Upper and lower case are the same
    #[arg(short, long)]
    pub ignore_case: bool,

    /// The pattern is plain text
    #[arg(short = 'F', long)]
    pub fixed_strings: bool,

    /// The whole key, value or name must match
    #[arg(short = 'x', long)]
    pub exact: bool,

    /// Look at keys and names of attributes [default: at all three]
    #[arg(long)]
    pub keys: bool,

    /// Look at values
    #[arg(long)]
    pub values: bool,

    /// Look at names of classes and functions
    #[arg(long)]
    pub classes: bool,

    /// Print only how many matches each file has
    #[arg(short, long)]
    pub count: bool,

    /// Print only the names of files with a match
    #[arg(short = 'l', long)]
    pub files_with_matches: bool,

    /// Print nothing
    #[arg(short, long)]
    pub quiet: bool,

    /// Stop after so many matches of a file
    #[arg(short, long, value_name = "N")]
    pub max_count: Option<u64>,
}

/// Bytes of a value that are shown.
const SHOWN: usize = 200;

/// Bytes of text of a value that is no text.
const MOST: usize = 64 * 1024;

verb!(GrepArgs => run, files: files);

/// Runs the command.
///
/// # Errors
/// [`Failure::Verdict`] with 1 where nothing is found, with 2 for trouble, which is reported.
fn run(args: &GrepArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut pattern = if args.fixed_strings { regex::escape(&args.pattern) } else { args.pattern.clone() };
    if args.exact {
        pattern = format!("^(?:{pattern})$");
    }
    let regex = RegexBuilder::new(&pattern).case_insensitive(args.ignore_case).build();
    let regex = regex.map_err(|error| Failure::Usage(format!("the pattern cannot be read: {error}")))?;
    let all = !(args.keys || args.values || args.classes);
    let mut search = Search {
        args,
        regex,
        keys: all || args.keys,
        values: all || args.values,
        classes: all || args.classes,
        found: 0,
        pickle: 0,
        is_partial: false,
    };
    let mut total = 0;
    let done = input::for_each(&args.files, out, |input, out| {
        (search.found, search.pickle) = (0, 0);
        if args.quiet && total != 0 {
            return Ok(());
        }
        let name = input.name().to_owned();
        let pickles = Pickles::new(input, Options::new(), false);
        let done = print_all(pickles, out, &mut |document, out| {
            search.pickle += 1;
            search.is_partial |= dropped::tell(&name, document);
            search.document(&name, document, out)
        });
        total += search.found;
        if args.quiet {
            return done;
        }
        if args.count {
            writeln!(out, "{}: {}", printable(&name), search.found)?;
        } else if args.files_with_matches && search.found != 0 {
            writeln!(out, "{}", printable(&name))?;
        }
        done
    });
    match done {
        Err(failure @ Failure::Output(_)) => return Err(failure),
        // As grep: what was asked for is known.
        Err(_) if args.quiet && total != 0 => {}
        Err(failure) => {
            out.flush()?;
            failure.report();
            return Err(Failure::Verdict(2));
        }
        Ok(()) => {}
    }
    match total {
        // As above.
        1.. if args.quiet => Ok(()),
        _ if search.is_partial => Err(Failure::Verdict(2)),
        0 => Err(Failure::Verdict(1)),
        _ => Ok(()),
    }
}

struct Search<'a> {
    args: &'a GrepArgs,
    regex: Regex,
    keys: bool,
    values: bool,
    classes: bool,
    /// Matches in this file.
    found: u64,
    /// Which pickle of the file, counted from 1.
    pickle: u64,
    /// Something of a file was not searched, which was said.
    is_partial: bool,
}

impl Search<'_> {
    fn is_enough(&self) -> bool {
        let one = self.args.quiet || self.args.files_with_matches;
        let most = if one { Some(1) } else { self.args.max_count };
        most.is_some_and(|most| self.found >= most)
    }

    fn document(&mut self, file: &str, document: &Document<'_>, out: &mut dyn Write) -> Result<(), Failure> {
        let mut seen = HashSet::new();
        let mut steps: Vec<Step<'_>> = Vec::new();
        let mut frames: Vec<Parts<'_>> = Vec::new();
        let mut next = Some((None, document.root()));
        while !self.is_enough() {
            if let Some((step, value)) = next.take() {
                if self.is_match(step, value) {
                    self.found += 1;
                    if !(self.args.quiet || self.args.count || self.args.files_with_matches) {
                        let mut path = "$".to_owned();
                        steps.iter().for_each(|step| step.write(&mut path));
                        let number = match self.pickle {
                            0 | 1 => String::new(),
                            number => format!("pickle number {number}: "),
                        };
                        writeln!(out, "{}: {number}{path}: {}", printable(file), brief(value, SHOWN))?;
                    }
                }
                let new = value.id().is_none_or(|id| seen.insert(id));
                match parts(value).filter(|_| new) {
                    Some(parts) => frames.push(parts),
                    None => drop(steps.pop()),
                }
            }
            let Some(frame) = frames.last_mut() else { break };
            match frame.next() {
                Some((step, value)) => {
                    steps.push(step);
                    next = Some((Some(step), value));
                }
                None => {
                    frames.pop();
                    steps.pop();
                }
            }
        }
        Ok(())
    }

    fn is_match(&self, step: Option<Step<'_>>, value: Value<'_>) -> bool {
        if self.keys
            && let Some(Step::Key(key, _)) = step
            && self.is_in(key)
        {
            return true;
        }
        if self.classes && matches!(value.kind(), Kind::Object | Kind::Global) {
            let name = match value.class_name() {
                Some(class) => {
                    if self.regex.is_match(&names::split(class, true).to_string()) {
                        return true;
                    }
                    class.to_string()
                }
                None => kind(value),
            };
            if self.regex.is_match(&name) {
                return true;
            }
        }
        self.values && self.is_in(value)
    }

    /// The text of a value matches.
    fn is_in(&self, value: Value<'_>) -> bool {
        match value.view() {
            View::Text(text) => self.regex.is_match(text),
            View::Surrogates(bytes) => self.regex.is_match(&String::from_utf8_lossy(bytes)),
            View::None => self.regex.is_match("None"),
            View::Bool(flag) => self.regex.is_match(if flag { "True" } else { "False" }),
            View::Bytes(octets) | View::ByteArray(octets) => match octets.as_slice() {
                Some(bytes) => str::from_utf8(bytes).is_ok_and(|text| self.regex.is_match(text)),
                None => String::from_utf8(octets.collect()).is_ok_and(|text| self.regex.is_match(&text)),
            },
            View::Derived(derived) => derived.value.as_object().is_none() && self.is_in(derived.value),
            View::Sequence(_) | View::Set(_) | View::Mapping(_) | View::Record(_) | View::Array(_) => false,
            View::Object(..) | View::Partial(_) | View::Persistent(_) | View::Global(_) | View::Tensor(_) => false,
            View::DataFrame { .. } | View::Series { .. } | View::Index { .. } | View::Sparse { .. } => false,
            View::Masked(_) => false,
            _ => short_json(value, MOST).is_some_and(|text| {
                let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&text);
                self.regex.is_match(text)
            }),
        }
    }
}
