//! Pickles written again, one after another.

use crate::Failure;
use crate::input::{InputFile, Wrapping, containers};
use crate::output::Output;
use crate::pickles::renaming;
use pickle_core::writer::Writer;
use pickle_core::{Document, Error, ErrorKind, Heap, Unpickler, WriteError};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Why a pickle could not be written again.
#[derive(Debug)]
pub enum Trouble {
    /// The sink failed, or the pickle, at an offset within it.
    Write(WriteError<io::Error>),
    /// It could, but not so; what would be right.
    Refused(String),
}

impl From<WriteError<io::Error>> for Trouble {
    fn from(error: WriteError<io::Error>) -> Self {
        Trouble::Write(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Write(error.into())
    }
}

/// Rewrites one pickle after another of a file, and with `rewrap` wraps them as the file was. `rewrite` takes what is left of
/// the input and gives the bytes that the pickle at its start took.
///
/// # Errors
/// The input cannot be read, `rewrite` fails, or the output cannot be written; then nothing is.
pub fn each_pickle<T: Into<Trouble>>(
    file: &InputFile,
    output: &Path,
    rewrap: bool,
    mut rewrite: impl FnMut(&[u8], &mut Output) -> Result<usize, T>,
) -> Result<(), Failure> {
    let mut input = containers::open_whole(file)?;
    let mut held = Vec::new();
    if input.as_slice().is_none() {
        input.read_to_end(&mut held).map_err(Failure::from)?;
    }
    let wrapping = if rewrap { Some(Wrapping::of(file, &input)?) } else { None };
    // It is known only at its end what is to be wrapped.
    let folder = wrapping.as_ref().map(|_| tempfile::tempdir().map_err(Failure::System)).transpose()?;
    let bare = folder.as_ref().map(|folder| folder.path().join("bare"));
    let mut out = Output::create(bare.as_deref().unwrap_or(output))?;
    let mut at = 0;
    let mut index = 0;
    loop {
        let all = input.as_slice().unwrap_or(&held);
        let rest = all.get(at..).unwrap_or_default();
        if rest.is_empty() && index > 0 {
            break;
        }
        match rewrite(rest, &mut out).map_err(Into::into) {
            Ok(len) => at += len,
            Err(Trouble::Write(WriteError::Io { error, .. })) => return Err(out.failure(error)),
            Err(Trouble::Write(WriteError::Pickle(error))) => {
                let error = Error::new(error.kind(), error.byte(), error.offset() + at as u64);
                return Err(input.bad_pickle(index, error));
            }
            Err(Trouble::Refused(text)) => {
                let number = if index == 0 { String::new() } else { format!("pickle number {}: ", index + 1) };
                return Err(Failure::Refused { name: input.name().to_owned(), text: format!("{number}{text}") });
            }
        }
        index += 1;
        input.progress().at(at as u64);
    }
    out.commit()?;
    if let (Some(wrapping), Some(bare)) = (wrapping, bare) {
        let mut bare = File::open(bare).map_err(Failure::System)?;
        let mut out = Output::create(output)?;
        wrapping.write(&mut bare, &mut out).map_err(|error| out.failure(error))?;
        out.commit()?;
    }
    Ok(())
}

/// Reads the pickle at the start of `input` as any reader does: its texts, the types of what its opcodes take. What it
/// fetches from the memo of a pickle before it is not looked into.
///
/// # Errors
/// No reader takes it.
pub fn check(unpickler: &mut Unpickler<Heap>, input: &[u8]) -> Result<(), WriteError<io::Error>> {
    match unpickler.load(input) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::MemoMissing => Ok(()),
        Err(_) if renaming::has_arrays(input) => Ok(renaming::check(input)?),
        Err(error) => Err(error.into()),
    }
}

/// Why a document cannot be written, and which value of it.
pub fn refusal(writer: &Writer, document: &Document<'_>, protocol: u8, error: Error) -> String {
    let path = writer.refused(document).map(|path| format!("{path}: ")).unwrap_or_default();
    let opcode = error.opcode().map(|opcode| format!(" ({})", opcode.name())).unwrap_or_default();
    match error.kind() {
        ErrorKind::Inexpressible => {
            format!("{path}protocol {protocol} cannot hold this value{opcode}; take a higher one")
        }
        kind => format!("{path}{}{opcode}", kind.text()),
    }
}
