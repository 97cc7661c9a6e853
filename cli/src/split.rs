//! `pickle split` and `pickle cat`: many pickles in one file, and one in each of many. The bytes of a pickle are copied,
//! never held.

use crate::Failure;
use crate::containers;
use crate::indexes::Indexes;
use crate::input::Input;
use crate::items::{self, Of};
use crate::output::Output;
use clap::Args;
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Decoder, Error, ErrorKind, MemoPlan, Op, Step, WriteError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// `pickle split`
#[derive(Debug, Args)]
#[command(after_help = "\
Pickles are copied byte for byte. With --items, each item of a list, tuple or set is made a pickle of its own of
protocol 5; of a dict, each pair of key and value. Read such a file with pickle.load until EOFError.

Examples:
  pickle split log.pkl -o 'log-{}.pkl'
  pickle split --items -n 100000 rows.pkl -o 'rows-{}.pkl'")]
pub struct SplitArgs {
    /// The pickles, or with --items whose items.
    #[command(flatten)]
    pub of: Of,

    /// Take the items apart instead of the file's pickles
    #[arg(long)]
    pub items: bool,

    /// Pickles in each file
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,

    /// The files to write, each whole or not at all; {} becomes 1, 2, 3 and so on
    #[arg(short, long, value_name = "NAME{}")]
    pub output: String,
}

/// `pickle cat`
#[derive(Debug, Args)]
#[command(after_help = "\
Every pickle is read to its end before it counts: one that is cut off or damaged is an error, and then nothing is
written. What is compressed is unpacked, lengths in front of pickles are taken out.

Examples:
  pickle cat monday.pkl tuesday.pkl -o week.pkl
  pickle cat log.pkl new.pkl -o log.pkl")]
pub struct CatArgs {
    /// Files to read; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// The file to write, whole or not at all; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

/// The files of a split, one after another.
struct Parts<'a> {
    pattern: &'a str,
    every: u64,
    number: u64,
    /// Pickles in the current one.
    filled: u64,
    current: Option<Output>,
}

impl Parts<'_> {
    fn current(&mut self) -> Result<&mut Output, Failure> {
        if self.current.is_none() {
            self.number += 1;
            let path = self.pattern.replace("{}", &self.number.to_string());
            self.current = Some(Output::create(Path::new(&path))?);
        }
        self.current.as_mut().ok_or(Failure::Reported)
    }

    /// A pickle is complete.
    fn end(&mut self) -> Result<(), Failure> {
        self.filled += 1;
        if self.filled == self.every { self.finish() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.filled = 0;
        self.current.take().map_or(Ok(()), Output::commit)
    }
}

/// `pickle split`: files of some pickles each.
///
/// # Errors
/// The input cannot be read or a pickle is damaged: the files of the pickles before that are there. A file cannot be
/// written.
pub fn run(args: &SplitArgs) -> Result<(), Failure> {
    if !args.output.contains("{}") {
        return Err(Failure::Usage(format!("{} has no {{}} for the number of the file", args.output)));
    }
    let mut parts = Parts { pattern: &args.output, every: args.every, number: 0, filled: 0, current: None };
    let result = if args.items { items(args, &mut parts) } else { pickles(args, &mut parts) };
    match result {
        // A file that has fewer pickles than asked for is whole all the same; the one in the making is not.
        Ok(()) | Err(Failure::Reported) => parts.finish().and(result),
        Err(failure) => Err(failure),
    }
}

fn pickles(args: &SplitArgs, parts: &mut Parts<'_>) -> Result<(), Failure> {
    if args.of.resync || args.of.path != "$" {
        return Err(Failure::Usage("--path and --resync go with --items".into()));
    }
    let mut input = containers::open_one(&args.of.file)?;
    each(&mut input, &mut |chunk| match chunk {
        Chunk::Bytes(bytes) => {
            let out = parts.current()?;
            out.write_all(bytes).map_err(|error| out.failure(error))
        }
        Chunk::End => parts.end(),
    })
}

fn items(args: &SplitArgs, parts: &mut Parts<'_>) -> Result<(), Failure> {
    let mut writer = Writer::new();
    let mut bytes = Vec::new();
    let profile = Profile::new(Version::Py315, 5);
    items::each(&args.of, &mut |item| {
        let key = item.key_document();
        let document = item.document();
        for document in key.iter().chain([&document]) {
            bytes.clear();
            writer.write(document, 5, profile, false, &mut bytes).map_err(|error| match error {
                WriteError::Io { error, .. } => match error {},
                WriteError::Pickle(error) => Failure::Refused {
                    name: args.of.file.display().to_string(),
                    text: format!("item {} cannot be written as a pickle of its own: {error}", item.index()),
                },
            })?;
            let out = parts.current()?;
            out.write_all(&bytes).map_err(|error| out.failure(error))?;
        }
        parts.end()?;
        Ok(true)
    })
}

/// `pickle cat`: all pickles of all files in one.
///
/// # Errors
/// A file cannot be read, has a damaged pickle, or one that needs the memo of the pickle before; nothing is written.
pub fn cat(args: &CatArgs) -> Result<(), Failure> {
    let mut out = Output::create(&args.output)?;
    for file in &args.files {
        let mut input = containers::open_one(file)?;
        each(&mut input, &mut |chunk| match chunk {
            Chunk::Bytes(bytes) => out.write_all(bytes).map_err(|error| out.failure(error)),
            Chunk::End => Ok(()),
        })?;
    }
    out.commit()
}

/// What there is of a file's pickles.
enum Chunk<'c> {
    Bytes(&'c [u8]),
    /// The pickle is complete.
    End,
}

/// Goes through all pickles of an input.
fn each(input: &mut Input, take: &mut dyn FnMut(Chunk<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut decoder = Decoder::new();
    let mut piece = vec![0; PIECE];
    let mut unread = 0..0;
    for index in 0.. {
        let mut memo = Indexes::default();
        let mut begun = false;
        loop {
            if unread.is_empty() {
                unread = 0..input.read(&mut piece)?;
            }
            if unread.is_empty() {
                if !begun && index > 0 {
                    return Ok(());
                }
                match decoder.finish() {
                    Ok(()) => break,
                    Err(error) => return Err(input.bad_pickle(index, error)),
                }
            }
            begun = true;
            let all = piece.get(unread.clone()).unwrap_or_default();
            let mut rest = all;
            let walked = decoder.each(&mut rest, |op| check(&mut memo, &op));
            let step = match walked {
                Ok(Some(error)) => Err(error),
                Ok(None) => decoder.next(&mut rest),
                Err(error) => Err(error),
            };
            let step = match step {
                Ok(Step::Op(op)) => check(&mut memo, &op).map(|()| false),
                Ok(step) => Ok(step == Step::End),
                Err(error) => Err(error),
            };
            let used = all.len() - rest.len();
            match step {
                Ok(end) => {
                    take(Chunk::Bytes(all.get(..used).unwrap_or_default()))?;
                    unread.start += used;
                    if end {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::MemoMissing => {
                    return Err(Failure::Refused {
                        name: input.name().to_owned(),
                        text: format!(
                            "{error}: pickle number {} needs the memo of one before it, so they belong together",
                            index + 1
                        ),
                    });
                }
                Err(error) => return Err(input.bad_pickle(index, error)),
            }
        }
        take(Chunk::End)?;
        decoder.next_pickle();
    }
    Ok(())
}

/// A fetch must find something that this pickle has put there.
fn check(memo: &mut Indexes, op: &Op<'_>) -> Result<(), Error> {
    if let Some(index) = memo.filled_by(op) {
        memo.insert(index);
    }
    match MemoPlan::fetch(op) {
        Some(index) if !memo.contains(index) => Err(Error::new(ErrorKind::MemoMissing, op.opcode.byte(), op.offset)),
        _ => Ok(()),
    }
}
