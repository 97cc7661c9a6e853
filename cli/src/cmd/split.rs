//! `pickle split`: many pickles of one file, or its items, into several files.

use super::common::Of;
use crate::Failure;
use crate::input::containers;
use crate::output::Output;
use crate::pickles::bytes::{Chunk, each};
use crate::pickles::items;
use clap::Args;
use pickle_core::WriteError;
use pickle_core::writer::{Profile, Version, Writer};
use std::io::Write;
use std::path::Path;

/// `pickle split`
#[derive(Debug, Args)]
#[command(after_help = "\
Pickles are copied byte for byte. With --items, each item of a list, tuple or set is made a pickle of its own of protocol 5; of a dict, each pair of key and value. Read such a file with pickle.load until EOFError.

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

    /// The files to write, each atomically; {} becomes 1, 2, 3 and so on
    #[arg(short, long, value_name = "NAME{}")]
    pub output: String,
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

verb!(SplitArgs => run, file: of.file);

/// `pickle split`: files of some pickles each.
///
/// # Errors
/// The input cannot be read or a pickle is damaged: the files of the pickles before that are there. A file cannot be
/// written.
fn run(args: &SplitArgs, _: &mut dyn Write) -> Result<(), Failure> {
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
    items::each(args.of.whose(), &mut |item| {
        let key = item.key_document();
        let document = item.document();
        for document in key.into_iter().chain([document]) {
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
