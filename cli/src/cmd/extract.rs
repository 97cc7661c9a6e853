//! `pickle extract`: takes data out of a file as it is: bytes, arrays, tensors. Nothing is held in memory that can be
//! copied from file to file.

mod array;
mod gather;
mod tensors;

use crate::Failure;
use crate::input::{InputFile, Part, containers};
use crate::output::Output;
use crate::pickles::{Pickles, missing};
use clap::Args;
use pickle_core::known::{Data, Octets};
use pickle_core::view::View;
use pickle_core::{Kind, Options, Value};
use std::io::Write;
use std::path::PathBuf;

/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;

/// `pickle extract`
#[derive(Debug, Args)]
#[command(after_help = "\
A PATH gives one thing: bytes, bytearray and str as they are, a numpy array as .npy. Without a PATH all tensors of a PyTorch file become one .safetensors file; dicts, lists and modules inside each other make names with dots. Neither Python nor torch is needed, and nothing is executed.

Examples:
  pickle extract cache.pkl '$.image' -o image.png
  pickle extract data.joblib '$.weights' -o weights.npy
  pickle extract model.pt -o model.safetensors")]
pub struct ExtractArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// What to take out, such as `$.rows[3].image`; without it all tensors
    #[arg(value_name = "PATH")]
    pub path: Option<String>,

    /// The file to write, whole or not at all; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

verb!(ExtractArgs => run, file: file);

/// Runs the command.
///
/// # Errors
/// The file cannot be read, nothing is at the path, or it cannot be written.
fn run(args: &ExtractArgs, _: &mut dyn Write) -> Result<(), Failure> {
    match &args.path {
        Some(path) => value(args, path),
        None => tensors::run(args),
    }
}

/// A mapped file: what is a slice of it is copied from the file, so that its pages are never touched.
struct Mapped {
    base: usize,
    part: Option<Part>,
}

impl Mapped {
    fn copy(&self, bytes: &[u8], out: &mut Output) -> Result<(), Failure> {
        let place = (bytes.as_ptr() as usize).checked_sub(self.base).map(|at| at as u64);
        match (&self.part, place) {
            (Some(part), Some(at)) if at + bytes.len() as u64 <= part.len() => {
                copy(&part.slice(at, bytes.len() as u64), out, &mut |_| {})
            }
            _ => out.write_all(bytes).map_err(|error| out.failure(error)),
        }
    }
}

/// Copies a range of a file; `change` sees every piece before it is written. Pieces are a multiple of 16 bytes.
fn copy(part: &Part, out: &mut Output, change: &mut dyn FnMut(&mut [u8])) -> Result<(), Failure> {
    let mut buffer = vec![0; PIECE];
    let mut at = 0;
    while at < part.len() {
        let n = part.read_at(at, &mut buffer).map_err(|source| Failure::Input { name: out.name().into(), source })?;
        if n == 0 {
            let text = "the input became shorter while it was read".into();
            return Err(Failure::Refused { name: out.name().into(), text });
        }
        let piece = buffer.get_mut(..n).unwrap_or_default();
        change(piece);
        out.write_all(piece).map_err(|error| out.failure(error))?;
        at += n as u64;
    }
    Ok(())
}

/// Takes out the value at a path.
fn value(args: &ExtractArgs, path: &str) -> Result<(), Failure> {
    Failure::check_path(path, "$.rows[3].image")?;
    let input = containers::open_one(&args.file)?.into_seekable()?;
    let name = input.name().to_owned();
    let refuse = |text| Failure::Refused { name: name.clone(), text };
    let mapped = Mapped { base: input.as_slice().map_or(0, |map| map.as_ptr() as usize), part: input.part().cloned() };
    let mut pickles = Pickles::new(input, Options::new(), false);
    let Some(document) = pickles.next_document()? else {
        return Err(refuse("there is no pickle in it".into()));
    };
    let found = document.find(path).ok_or_else(|| refuse(missing::value(&document, path)))?;
    let mut out;
    match found.view() {
        View::Array(array) => {
            let Data::Bytes(octets) = array.data else {
                let what = match array.data {
                    Data::Missing(_) => "an array whose items are in an out-of-band buffer, not in this file",
                    _ => "an array of Python objects, which .npy can only hold as a pickle; see it with `pickle show`",
                };
                return Err(refuse(format!("at {path} is {what}")));
            };
            let header = array::header(&array).map_err(|what| refuse(format!("at {path} is {what}")))?;
            out = Output::create(&args.output)?;
            out.write_all(&header).map_err(|error| out.failure(error))?;
            write_octets(octets, &mapped, &mut out)?;
        }
        View::Bytes(octets) | View::ByteArray(octets) if found.as_object().is_some() => {
            out = Output::create(&args.output)?;
            write_octets(octets, &mapped, &mut out)?;
        }
        _ => match found.str_bytes().or_else(|| found.as_bytes()) {
            Some(bytes) => {
                out = Output::create(&args.output)?;
                mapped.copy(bytes, &mut out)?;
            }
            None => {
                return Err(refuse(format!(
                    "at {path} is {}: bytes, str and numpy arrays can be taken out; \
                for anything else see `pickle json`",
                    what(found)
                )));
            }
        },
    }
    out.commit()
}

fn write_octets(octets: Octets<'_>, mapped: &Mapped, out: &mut Output) -> Result<(), Failure> {
    if let Some(bytes) = octets.as_slice() {
        return mapped.copy(bytes, out);
    }
    let mut piece = Vec::with_capacity(PIECE);
    let mut octets = octets;
    loop {
        piece.clear();
        piece.extend(octets.by_ref().take(PIECE));
        if piece.is_empty() {
            return Ok(());
        }
        out.write_all(&piece).map_err(|error| out.failure(error))?;
    }
}

fn what(value: Value<'_>) -> String {
    let kind = match value.kind() {
        Kind::None => "None",
        Kind::Bool => "a bool",
        Kind::Int => "an int",
        Kind::Float => "a float",
        Kind::List => "a list",
        Kind::Tuple => "a tuple",
        Kind::Dict => "a dict",
        Kind::Set => "a set",
        Kind::FrozenSet => "a frozenset",
        Kind::Global => "a class or function",
        Kind::Buffer => "an out-of-band buffer, which is not in this file",
        _ => "an object",
    };
    let class = value.as_object().and_then(|object| object.instance()).and_then(|made| made.class.as_global());
    match class {
        Some((module, name)) => format!("{kind} of {}", crate::messages::printable(&format!("{module}.{name}"))),
        None => kind.to_owned(),
    }
}
