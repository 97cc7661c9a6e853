//! `pickle items`, `head`, `count`: one item after another, whatever the size of the file. docs/streaming.md has the rule.

use crate::Failure;
use crate::args::{CountArgs, HeadArgs, ItemsArgs};
use crate::input::Input;
use crate::json::Line;
use crate::output::Output;
use pickle_core::{
    Decoder, Error, ErrorKind, Found, Heap, Item, ItemOptions, ItemReader, MemoPlan, MemoUse, Op, Opcode, Step,
};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{Read, Write};
use std::path::Path;

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;
/// Bytes that any region of memory may take: a batch of 1000 items must fit.
const MEMORY: usize = 8 << 30;

/// `pickle items`: every item as a line of JSON.
///
/// # Errors
/// The input can not be read or a pickle is damaged; the items before that are out, but for a file given with `-o`.
pub fn run(args: &ItemsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(path) = &args.output else { return lines(&args.file, &args.path, u64::MAX, out) };
    let mut output = Output::create(path)?;
    let result = lines(&args.file, &args.path, u64::MAX, &mut output);
    match result {
        Ok(()) => output.commit(),
        Err(Failure::Output(error)) => Err(output.failure(error)),
        Err(failure) => Err(failure),
    }
}

/// `pickle head`: the first items.
///
/// # Errors
/// As [`run`].
pub fn head(args: &HeadArgs, out: &mut dyn Write) -> Result<(), Failure> {
    lines(&args.file, &args.path, args.lines, out)
}

/// `pickle count`: how many items there are.
///
/// # Errors
/// As [`run`].
pub fn count(args: &CountArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut count = 0u64;
    each(&args.file, &args.path, &mut |_| {
        count += 1;
        Ok(true)
    })?;
    writeln!(out, "{count}")?;
    Ok(())
}

fn lines(file: &Path, path: &str, mut left: u64, out: &mut dyn Write) -> Result<(), Failure> {
    if left == 0 {
        return Ok(());
    }
    let mut line = Line::default();
    each(file, path, &mut |item| {
        let key = item.key_document();
        match key {
            // A dict's items are pairs.
            Some(key) => line.pair(&key, &item.document(), out)?,
            None => line.value(&item.document(), out)?,
        }
        left -= 1;
        Ok(left != 0)
    })
}

/// Takes an item; false for enough.
type Take<'t> = dyn FnMut(&Item<'_>) -> Result<bool, Failure> + 't;

/// Every item of every pickle of a file.
fn each(file: &Path, path: &str, take: &mut Take<'_>) -> Result<(), Failure> {
    let mut input = Input::open_unmapped(file)?;
    // What can be read twice is: nothing must be kept on suspicion then.
    let mut first_pass = match input.size().filter(|_| input.layers().is_empty() && file != Path::new("-")) {
        Some(_) => Some(Planner::new(Input::open_unmapped(file)?)),
        None => None,
    };
    let mut piece = vec![0; PIECE];
    let (mut from, mut to) = (0, 0);
    let (mut heap, mut offset) = (Heap::with_limit(MEMORY), 0);
    for index in 0.. {
        if from == to {
            (from, to) = (0, input.read(&mut piece)?);
            if to == 0 && index > 0 {
                return Ok(());
            }
        }
        let mut storage = Vec::new();
        let plan = match &mut first_pass {
            Some(planner) => planner.plan(&mut storage)?,
            None => None,
        };
        let mut reader = ItemReader::new(heap, ItemOptions::new()).at_path(path);
        if let Some(plan) = &plan {
            reader = reader.with_plan(plan);
        }
        reader.begin_at(offset);
        loop {
            let mut rest = piece.get(from..to).unwrap_or_default();
            let found = reader.feed(&mut rest);
            from = to - rest.len();
            match found {
                Ok(Found::Item) => {
                    if let Some(item) = reader.item()
                        && !take(&item)?
                    {
                        return Ok(());
                    }
                }
                Ok(Found::Done) => break,
                Ok(Found::NeedMore) => {
                    (from, to) = (0, input.read(&mut piece)?);
                    if to == 0 {
                        match reader.finish() {
                            Ok(()) => break,
                            Err(error) => return Err(input.bad_pickle(index, error)),
                        }
                    }
                }
                Err(error) => return Err(failure(&input, index, error, reader.entry(), plan.is_some())),
            }
        }
        offset = reader.offset();
        heap = reader.into_memory();
    }
    Ok(())
}

/// What is wrong, with the memo entry that it is about.
fn failure(input: &Input, index: u64, error: Error, entry: Option<u64>, planned: bool) -> Failure {
    let Some(entry) = entry else { return input.bad_pickle(index, error) };
    let hint = match error.kind() {
        ErrorKind::MemoDropped if !planned => {
            "; from an uncompressed file instead of a stream, it is known what to keep"
        }
        _ => "; `pickle json` reads it as a whole",
    };
    Failure::Refused { name: input.name().to_owned(), text: format!("{error} (memo entry {entry}{hint})") }
}

/// The first pass over a file, one pickle ahead.
struct Planner {
    input: Input,
    decoder: Decoder,
    piece: Vec<u8>,
    unread: std::ops::Range<usize>,
}

impl Planner {
    fn new(input: Input) -> Self {
        Planner { input, decoder: Decoder::new(), piece: vec![0; PIECE], unread: 0..0 }
    }

    /// The plan of the next pickle; `None` where it is damaged, which the second pass will tell.
    fn plan<'s>(&mut self, storage: &'s mut Vec<MemoUse>) -> Result<Option<MemoPlan<'s>>, Failure> {
        // Where each entry is fetched last.
        let mut last = HashMap::new();
        self.decoder.next_pickle();
        loop {
            let mut rest = self.piece.get(self.unread.clone()).unwrap_or_default();
            let before = rest.len();
            let walked = self.decoder.each(&mut rest, |op| -> Result<(), Infallible> {
                note(&op, &mut last);
                Ok(())
            });
            let step = walked.and_then(|_| self.decoder.next(&mut rest));
            match &step {
                Ok(Step::Op(op)) => note(op, &mut last),
                Err(_) => return Ok(None),
                Ok(_) => {}
            }
            let end = step == Ok(Step::End);
            self.unread.start += before - rest.len();
            if end {
                break;
            }
            if self.unread.is_empty() {
                self.unread = 0..self.input.read(&mut self.piece)?;
                if self.unread.is_empty() {
                    return Ok(None);
                }
            }
        }
        storage.resize(last.len() * 2 + 8, MemoUse::EMPTY);
        let mut plan = MemoPlan::new(storage);
        for (index, offset) in last {
            if plan.fetched(index, offset).is_err() {
                return Ok(None);
            }
        }
        plan.finish();
        Ok(Some(plan))
    }
}

/// Takes note of a fetch from the memo.
fn note(op: &Op<'_>, last: &mut HashMap<u64, u64>) {
    if matches!(op.opcode, Opcode::Get | Opcode::BinGet | Opcode::LongBinGet)
        && let Some(index) = MemoPlan::fetch(op)
    {
        last.insert(index, op.offset);
    }
}
