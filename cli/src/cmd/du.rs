//! `pickle du`: which values take up the bytes of a file. One pass over the opcodes: no value is ever made.
//!
//! The bytes of a value are those of the opcodes that made it: what it holds, its memo entry, and for an entry of a dict
//! its key. What is fetched from the memo counts where it was first written; the fetch itself is two to five bytes.
//! Memory: a small tree for every value on the stack, bounded in width and depth, and the strs that `Symbols` keeps.

use crate::Failure;
use crate::input::{Container, Input, InputFile, containers};
use crate::output::Output;
use crate::pickles::warn_of_rest;
use crate::pieces::SMALL_PIECE;
use crate::print::du::html;
use crate::survey::sizes::{Branch, Names, Tracker};
use crate::survey::symbols::Symbols;
use crate::survey::walk::{self, OpVisitor, is_cut_pickle, raw_array};
use clap::Args;
use pickle_core::joblib::ArrayForm;
use pickle_core::{Arg, Error, ErrorKind, Op, OpReader, ReadError, Step};
use std::io::{self, Write};
use std::path::PathBuf;

/// `pickle du`
#[derive(Debug, Args)]
#[command(after_help = "\
[] is all items of a list or set together, [0], [1] and so on for those of a tuple.

Examples:
  pickle du model.pkl
  pickle du -n 5 model.joblib
  pickle du model.pkl --html model.html")]
pub struct DuArgs {
    /// The file to look at; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// Lines to print, the largest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub lines: usize,

    /// Write a page with a map of all values instead: one file, nothing else is loaded
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,
}

verb!(DuArgs => run, file: file);

/// Runs the command.
///
/// # Errors
/// The file cannot be read, or is damaged: what was counted up to there is printed.
fn run(args: &DuArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(path) = &args.html {
        let mut input = containers::open_one(&args.file)?;
        if let Some((_, dtype)) = plain_array(&input) {
            return Err(input.refuse(format!("it is one array of {dtype}: no breakdown available")));
        }
        let (total, names, result) = measured(&mut input);
        result?;
        let mut page = Output::create(path)?;
        html::write(input.name(), &total, &names, &mut page).map_err(|error| page.failure(error))?;
        return page.commit();
    }
    let mut members = containers::open(&args.file)?.peekable();
    let (mut number, mut failed) = (0, Ok(()));
    while let Some(input) = members.next() {
        let several = number > 0 || members.peek().is_some();
        let done = input.and_then(|input| one(input, several.then_some(number), args.lines, out));
        match done {
            Err(failure @ Failure::Output(_)) => return Err(failure),
            Err(failure) if !several => return Err(failure),
            Err(failure) => {
                out.flush()?;
                failure.report();
                failed = Err(Failure::Reported);
            }
            Ok(()) => {}
        }
        number += 1;
    }
    failed
}

/// Prints the table of one input, with its name where it has a number among several.
fn one(mut input: Input, number: Option<u64>, lines: usize, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(number) = number {
        writeln!(out, "{}==> {} <==", if number == 0 { "" } else { "\n" }, input.name())?;
    }
    if let Some((bytes, dtype)) = plain_array(&input) {
        head(out)?;
        return Ok(line(bytes, 100.0, 1, "$", &format!("array of {dtype}"), out)?);
    }
    let (total, names, result) = measured(&mut input);
    table(&total, &names, lines, out)?;
    result
}

/// Bytes of a `.npy` file without objects, and the type of its items.
fn plain_array(input: &Input) -> Option<(u64, String)> {
    if input.sniff() != Some(Container::Npy) {
        return None;
    }
    let part = input.part()?;
    let header = containers::read_npy_header(&mut part.reader()).ok()?;
    let dtype = containers::describe_npy(&header).map(|described| described.dtype);
    Some((part.len(), dtype.unwrap_or_else(|| "a type that is not known".into())))
}

/// All pickles of an input together. Those of one `Pickler` fetch what it has written before.
fn measured(input: &mut Input) -> (Branch, Names, Result<(), Failure>) {
    let mut names = Names::default();
    let (total, result) = measure(input, &mut names, false);
    let wants_memo = matches!(
        &result,
        Err(Failure::Pickle { index: 1.., error, .. }) if error.kind() == ErrorKind::MemoMissing
    );
    if wants_memo && input.part().is_some() {
        input.go_to(0);
        let mut again = Names::default();
        let (together, end) = measure(input, &mut again, true);
        // A memo that they do not share does not help.
        if end.is_ok() {
            return (together, again, end);
        }
    }
    (total, names, result)
}

/// All pickles of an input together, as far as they can be read. With `shared_memo` the memo lives on from one to the next.
fn measure(input: &mut Input, names: &mut Names, shared_memo: bool) -> (Branch, Result<(), Failure>) {
    let mut buffer = vec![0; SMALL_PIECE];
    let mut total = Branch::default();
    let mut memo: Option<Symbols> = None;
    let mut index = 0;
    let mut reader = OpReader::new(&mut *input, &mut buffer);
    loop {
        match reader.at_end() {
            Ok(true) if index > 0 => return (total, Ok(())),
            Ok(_) => {}
            Err(error) => return (total, Err(error.into())),
        }
        let start = reader.decoder().offset();
        let symbols = memo.take().map(Symbols::with_memo_of).unwrap_or_default();
        let mut walk = Walk { symbols, tracker: Tracker::new(names), first_byte: None, count: 0 };
        let result = walk.pickle(&mut reader);
        let Walk { symbols, tracker, first_byte, count } = walk;
        memo = Some(symbols).filter(|_| shared_memo);
        let root = tracker.finish();
        match result {
            Ok(()) => total.take(root),
            Err(ReadError::Pickle(error))
                if index > 0
                    && (shared_memo || error.kind() != ErrorKind::MemoMissing)
                    && !is_cut_pickle(first_byte.unwrap_or(error.byte()), error, count) =>
            {
                let ahead = reader.buffered().to_vec();
                drop(reader);
                return (total, warn_of_rest(input, &ahead, index, start, error));
            }
            Err(error) => {
                total.take(root);
                drop(reader);
                return (total, Err(input.bad_read(index, error)));
            }
        }
        index += 1;
        reader.decoder().next_pickle();
    }
}

/// One pickle on its way.
struct Walk<'n> {
    symbols: Symbols,
    tracker: Tracker<'n>,
    first_byte: Option<u8>,
    count: u64,
}

impl Walk<'_> {
    fn pickle<R: embedded_io::Read>(&mut self, reader: &mut OpReader<'_, R>) -> Result<(), ReadError<R::Error>> {
        while let Some(array) = walk::opcodes(reader, self)? {
            match array {
                ArrayForm::Raw { len, padded } => {
                    let start = reader.decoder().offset();
                    let read = raw_array(reader, len, padded, &|_| {});
                    self.tracker.add_to_top(reader.decoder().offset() - start);
                    read?;
                }
                ArrayForm::Nested => self.nested(reader)?,
            }
        }
        Ok(())
    }

    /// A pickle inside the pickle: joblib's arrays of objects. All of it counts as the array's.
    fn nested<R: embedded_io::Read>(&mut self, reader: &mut OpReader<'_, R>) -> Result<(), ReadError<R::Error>> {
        let start = reader.decoder().offset();
        if reader.decoder().frame_left() != 0 {
            return Err(Error::new(ErrorKind::RawInFrame, 0, start).into());
        }
        reader.decoder().next_pickle();
        while reader.next()? != Step::End {}
        self.tracker.add_to_top(reader.decoder().offset() - start);
        reader.decoder().next_pickle();
        Ok(())
    }
}

impl OpVisitor for Walk<'_> {
    #[inline]
    fn op(&mut self, op: &Op<'_>, payload: u64) -> Result<(), Error> {
        let newline = matches!(op.arg, Arg::Text(_));
        let len = op.header_len() as u64 + payload + u64::from(newline);
        self.first_byte.get_or_insert(op.opcode.byte());
        self.count += 1;
        // Sizes first: the names of what goes into a value are still on the stack.
        self.tracker.op(op, len, self.symbols.base(op)?, &self.symbols);
        self.symbols.apply(op)?;
        self.tracker.made(op.opcode, &self.symbols);
        Ok(())
    }

    fn array(&mut self) -> Option<ArrayForm> {
        self.symbols.take_array()
    }
}

fn head(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:>15} {:>6} {:>11}  path", "bytes", "share", "values")
}

fn line(bytes: u64, share: f64, count: u64, path: &str, kind: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{bytes:>15} {share:>5.1}% {count:>11}  {path}  {kind}")
}

/// The largest values, one line each.
fn table(total: &Branch, names: &Names, lines: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut all = Vec::new();
    let mut stack = vec![("$".to_owned(), total)];
    while let Some((path, branch)) = stack.pop() {
        for (name, child) in branch.children() {
            stack.push((format!("{path}{}", names.step(name)), child));
        }
        all.push((branch.bytes(), path, branch));
    }
    // Of equal ones the outer comes first.
    all.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.len().cmp(&b.1.len())).then(a.1.cmp(&b.1)));
    head(out)?;
    for (bytes, path, branch) in all.iter().take(lines) {
        let share = *bytes as f64 * 100.0 / total.bytes().max(1) as f64;
        let path = crate::messages::printable(path);
        let kind = crate::messages::printable(names.kind(branch.kind()));
        line(*bytes, share, branch.count(), &path, &kind, out)?;
    }
    if let Some(rest) = all.len().checked_sub(lines).filter(|&rest| rest != 0) {
        writeln!(out, "and {rest} more: -n {}, or --html OUT for a map", all.len())?;
    }
    Ok(())
}
