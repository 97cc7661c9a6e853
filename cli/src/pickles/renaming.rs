//! Other names for classes and functions in pickles that have arrays of joblib between their opcodes.

use crate::survey::symbols::Symbols;
use pickle_core::joblib::{ArrayForm, take_array};
use pickle_core::recode::{Renamed, rename};
use pickle_core::{
    Decoder, Error, ErrorKind, GlobalName, Heap, Opcode, Options, Status, StdSink, Step, Unpickler, WriteError,
};
use std::io::{self, Write};
use std::ops::Range;

/// Why names of pickles that share one memo stay.
pub const ONE_MEMO: &str =
    "its pickles share one memo: a name in one may be made of parts of another, so that names cannot be changed";

/// Gets module and name, and gives the new ones, or `None` for those that stay.
pub type Rename<'r> = dyn FnMut(&str, &str) -> Option<GlobalName<String>> + 'r;

/// Arrays of joblib are aligned to this, so that they can be mapped (`NUMPY_ARRAY_ALIGNMENT_BYTES`).
const ALIGN: u64 = 16;

/// What stands between the opcodes.
struct Between {
    /// BUILD opcodes before it.
    builds: usize,
    bytes: Range<usize>,
    kind: ArrayForm,
}

/// Copies the pickle at the start of `input` with other names, as [`rename`] does. Arrays of joblib stay, at places that 16
/// divides; a pickle that has some is written without frames if a name changes. `before` are the bytes that stand before the pickle
/// in its file.
///
/// # Errors
/// The opcodes are damaged, or `out` takes no more.
pub fn renamed(
    input: &[u8],
    before: u64,
    with: &mut Rename<'_>,
    out: &mut dyn Write,
) -> Result<Renamed, WriteError<io::Error>> {
    let arrays = if may_have_arrays(input) { arrays(input)? } else { Vec::new() };
    if arrays.is_empty() {
        return rename(input, with, &mut StdSink::new(out));
    }
    let (bare, len) = opcodes(input, &arrays)?;
    let fail = |error: WriteError<core::convert::Infallible>| match error {
        WriteError::Pickle(error) => WriteError::Pickle(error),
        WriteError::Io { error, .. } => match error {},
    };
    let mut new = Vec::new();
    let mut count = rename(&bare, with, &mut new).map_err(fail)?.count;
    let mut nested: Vec<Option<Vec<u8>>> = Vec::new();
    for array in &arrays {
        let mut inner = None;
        if matches!(array.kind, ArrayForm::Nested) {
            let mut bytes = Vec::new();
            let done = rename(input.get(array.bytes.clone()).unwrap_or_default(), with, &mut bytes).map_err(fail)?;
            count += done.count;
            inner = Some(bytes);
        }
        nested.push(inner);
    }
    let io = |error| WriteError::Io { error, written: 0 };
    if count == 0 {
        out.write_all(input.get(..len).unwrap_or_default()).map_err(io)?;
        return Ok(Renamed { len, count });
    }
    let mut places = ends_of_builds(&new)?.into_iter().enumerate();
    let (mut done, mut written) = (0, before);
    for (array, inner) in arrays.iter().zip(&nested) {
        let end = places.find(|(nth, _)| nth + 1 == array.builds).map_or(new.len(), |(_, end)| end);
        let opcodes = new.get(done..end).unwrap_or_default();
        out.write_all(opcodes).map_err(io)?;
        written += opcodes.len() as u64;
        done = end;
        let mut bytes = inner.as_deref().unwrap_or_else(|| input.get(array.bytes.clone()).unwrap_or_default());
        if matches!(array.kind, ArrayForm::Raw { padded: true, .. }) {
            let old = bytes.first().map_or(0, |len| usize::from(*len));
            bytes = bytes.get(1 + old..).unwrap_or_default();
            let len = ALIGN - (written + 1) % ALIGN;
            out.write_all(&[len as u8]).and_then(|()| out.write_all(&vec![0xff; len as usize])).map_err(io)?;
            written += 1 + len;
        }
        out.write_all(bytes).map_err(io)?;
        written += bytes.len() as u64;
    }
    out.write_all(new.get(done..).unwrap_or_default()).map_err(io)?;
    Ok(Renamed { len, count })
}

/// The pickle at the start of `input` has arrays of joblib between its opcodes.
pub fn has_arrays(input: &[u8]) -> bool {
    may_have_arrays(input) && arrays(input).is_ok_and(|arrays| !arrays.is_empty())
}

/// The name of what stands before each array is there.
fn may_have_arrays(input: &[u8]) -> bool {
    memchr::memmem::find(input, b"NumpyArrayWrapper").is_some()
}

/// Reads the pickle at the start of `input` with its arrays.
///
/// # Errors
/// No reader takes it.
pub fn check(input: &[u8]) -> Result<(), Error> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new().stop_after_build(true));
    while unpickler.advance(input)? == Status::Built {
        take_array(&mut unpickler, input)?;
    }
    Ok(())
}

/// The arrays of the pickle at the start.
fn arrays(input: &[u8]) -> Result<Vec<Between>, Error> {
    let mut found = Vec::new();
    let mut decoder = Decoder::new();
    let mut symbols = Symbols::default();
    let (mut rest, mut builds) = (input, 0);
    loop {
        match decoder.next(&mut rest)? {
            Step::Op(op) => {
                builds += usize::from(op.opcode == Opcode::Build);
                // What is wrong with it shows when it is read.
                let _ = symbols.apply(&op);
            }
            Step::End => return Ok(found),
            _ => {
                decoder.finish()?;
                return Ok(found);
            }
        }
        let Some(kind) = symbols.take_array() else { continue };
        let here = input.len() - rest.len();
        let cut = || Error::new(ErrorKind::Truncated, Opcode::Build.byte(), here as u64);
        let len = match &kind {
            ArrayForm::Nested => {
                let mut inner = Decoder::new();
                let mut behind = rest;
                while !matches!(inner.next(&mut behind)?, Step::End) {
                    if behind.is_empty() {
                        inner.finish()?;
                        break;
                    }
                }
                rest.len() - behind.len()
            }
            ArrayForm::Raw { len, padded } => {
                let padding = if *padded { 1 + u64::from(*rest.first().ok_or_else(cut)?) } else { 0 };
                padding.checked_add(*len).and_then(|len| usize::try_from(len).ok()).ok_or_else(cut)?
            }
        };
        rest = rest.get(len..).ok_or_else(cut)?;
        decoder.restart_at((here + len) as u64);
        found.push(Between { builds, bytes: here..here + len, kind });
    }
}

/// The opcodes of the pickle without frames and arrays, and the bytes that the pickle takes.
fn opcodes(input: &[u8], arrays: &[Between]) -> Result<(Vec<u8>, usize), Error> {
    let mut bare = Vec::new();
    let mut arrays = arrays.iter();
    let mut decoder = Decoder::new();
    let (mut rest, mut array) = (input, arrays.next());
    loop {
        let from = input.len() - rest.len();
        if let Some(next) = array.filter(|array| array.bytes.start == from) {
            rest = input.get(next.bytes.end..).unwrap_or_default();
            decoder.restart_at(next.bytes.end as u64);
            array = arrays.next();
            continue;
        }
        match decoder.next(&mut rest)? {
            Step::Op(op) if op.opcode == Opcode::Frame => {}
            Step::Op(_) => bare.extend_from_slice(input.get(from..input.len() - rest.len()).unwrap_or_default()),
            _ => return Ok((bare, from)),
        }
    }
}

/// Where each BUILD ends.
fn ends_of_builds(pickle: &[u8]) -> Result<Vec<usize>, Error> {
    let mut decoder = Decoder::new();
    let (mut rest, mut ends) = (pickle, Vec::new());
    while let Step::Op(op) = decoder.next(&mut rest)? {
        if op.opcode == Opcode::Build {
            ends.push(pickle.len() - rest.len());
        }
    }
    Ok(ends)
}
