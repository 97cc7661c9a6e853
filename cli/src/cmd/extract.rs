//! `pickle extract`: takes data out of a file as it is: bytes, arrays, tensors. Nothing is held in memory that can be
//! copied from file to file.

mod archives;
mod copied;
mod found;
mod gather;
mod npy;
mod number;
mod pkl;
mod storages;
mod tensors;

use self::copied::{Mapped, Trouble};
use self::found::{All, Found, Is, Source};
use self::storages::Opened;
use crate::Failure;
use crate::input::InputFile;
use crate::output::Output;
use crate::pickles::{dropped, missing};
use clap::{Args, ValueEnum};
use pickle_core::known::Octets;
use pickle_core::recode::Traits;
use pickle_core::view::View;
use pickle_core::{Kind, Value};
use std::io::Write;
use std::path::PathBuf;

/// `pickle extract`
#[derive(Debug, Args)]
#[command(after_help = "\
A PATH selects one value: bytes, bytearray and str are written as they are, a numpy array or a tensor as .npy. Where OUT ends in .npz, .safetensors or .pt, without a PATH also in .pkl (or with --format), all arrays and tensors below the PATH are written there, wherever they are: dicts, lists, arguments and the state of objects make names with dots, modules the names of their state_dict. Neither Python nor torch nor numpy is needed, and nothing is executed.

What the format has no type for is left out with a warning, and the exit code is 1.

Examples:
  pickle extract cache.pkl '$.image' -o image.png
  pickle extract data.joblib '$.weights' -o weights.npy
  pickle extract model.pt -o model.safetensors
  pickle extract stylegan2.pkl '$.G_ema' -o generator.safetensors
  pickle extract sklearn-model.pkl -o arrays.npz
  pickle extract model.safetensors -o model.pt
  pickle extract arrays.npz -o arrays.pkl")]
pub struct ExtractArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// What to take out, such as `$.rows[3].image`; without it everything
    #[arg(value_name = "PATH")]
    pub path: Option<String>,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,

    /// The format of many arrays [default: as OUT ends]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// A file of many arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// NumPy's zip file of .npy files.
    Npz,
    /// A header in JSON, then all numbers.
    Safetensors,
    /// PyTorch's zip file: a dict of tensors.
    Pt,
    /// A dict of NumPy arrays, as NumPy pickles them.
    Pkl,
}

impl Format {
    /// The format that the options say; `None` for one thing as it is.
    fn of(args: &ExtractArgs) -> Option<Format> {
        let extension = args.output.extension().and_then(|extension| extension.to_str());
        match (args.format, extension) {
            (Some(format), _) => Some(format),
            (_, Some("npz")) => Some(Format::Npz),
            (_, Some("safetensors")) => Some(Format::Safetensors),
            (_, Some("pt" | "pth")) => Some(Format::Pt),
            // With a path it may be bytes that are a pickle themselves.
            (_, Some("pkl" | "pickle")) if args.path.is_none() => Some(Format::Pkl),
            _ if args.path.is_none() && args.output.as_os_str() == "-" => Some(Format::Safetensors),
            _ => None,
        }
    }
}

verb!(ExtractArgs => run, file: file);

/// Runs the command.
///
/// # Errors
/// The file cannot be read, nothing is at the path, or it cannot be written; [`Failure::Reported`] where something was left
/// out.
fn run(args: &ExtractArgs, _: &mut dyn Write) -> Result<(), Failure> {
    let format = Format::of(args);
    let path = match (&args.path, format) {
        (Some(path), _) => path,
        (None, Some(_)) => "$",
        (None, None) if args.output.extension().is_some_and(|extension| extension == "npy") => "$",
        (None, None) => {
            return Err(Failure::Usage(
                "give a PATH, such as '$.image', or an output that ends in .safetensors, .npz, .pt or .pkl for all \
                 arrays and tensors"
                    .into(),
            ));
        }
    };
    Failure::check_path(path, "$.rows[3].image")?;
    if let Some(mut given) = tensors::of(&args.file)? {
        return given.take(args, path, format);
    }
    let Opened { mut pickles, index, mut storages } = storages::open(&args.file)?;
    let name = pickles.input().name().to_owned();
    let mapped = Mapped::of(pickles.input());
    // Objects are written again: in that case names of modules may change with the protocol.
    let from = pickles.input().as_slice().and_then(|slice| Traits::of(slice).ok()).map_or(5, |traits| traits.protocol);
    let mut source = Source { name: &name, mapped: &mapped, storages: &mut storages };
    for _ in 0..index {
        pickles.next_document()?;
    }
    let Some(document) = pickles.next_document()? else {
        return Err(source.refuse("there is no pickle in it".into()));
    };
    dropped::tell(&name, &document);
    let value = document.find(path).ok_or_else(|| source.refuse(missing::value(&document, path)))?;
    let Some(format) = format else { return one(args, path, value, from, &mut source) };
    let mut all = All::below(value, matches!(format, Format::Npz | Format::Pkl), &mut source)?;
    written(&mut all, format, from, &mut source, args)
}

/// Writes all that was found.
fn written(
    all: &mut All<'_>,
    format: Format,
    from: u8,
    source: &mut Source<'_>,
    args: &ExtractArgs,
) -> Result<(), Failure> {
    match format {
        Format::Npz => archives::npz(all, from, source, &args.output)?,
        Format::Safetensors => archives::safetensors(all, source, &args.output)?,
        Format::Pt => archives::pt(all, source, &args.output)?,
        Format::Pkl => archives::pkl(all, from, source, &args.output)?,
    }
    if all.left_out == 0 { Ok(()) } else { Err(Failure::Reported) }
}

/// Takes out the value at a path.
fn one(args: &ExtractArgs, path: &str, value: Value<'_>, from: u8, source: &mut Source<'_>) -> Result<(), Failure> {
    let octets = match value.view() {
        View::Bytes(octets) | View::ByteArray(octets) => Some(octets),
        _ => value.str_bytes().or_else(|| value.as_bytes()).map(Octets::raw),
    };
    if let Some(octets) = octets {
        let mut out = Output::create(&args.output)?;
        let copied = source.mapped.copy(octets, &mut out, &mut |_| {});
        copied.map_err(|trouble| trouble.failure(source.name, &out))?;
        return out.commit();
    }
    let found = match Found::of(value, &String::new, source)? {
        Is::Found(found) => found,
        Is::Strange(why) => return Err(source.refuse(format!("{path} is not taken out: {why}"))),
        Is::Nothing => {
            return Err(source.refuse(format!(
                "at {path} is {}: bytes, str, arrays and tensors can be taken out, all that are in it with -o OUT.npz or \
                 OUT.safetensors; for anything else see `pickle json`",
                what(value)
            )));
        }
    };
    npy_of(args, path, &found, from, source)
}

/// Writes a `.npy` file.
fn npy_of(args: &ExtractArgs, path: &str, found: &Found<'_>, from: u8, source: &mut Source<'_>) -> Result<(), Failure> {
    let header = npy::header(found).map_err(|what| source.refuse(format!("at {path} is an array {what}")))?;
    found.announce(source.storages);
    found.check(source)?;
    let mut out = Output::create(&args.output)?;
    let written = out.write_all(&header).map_err(Trouble::Write);
    let written = written.and_then(|()| npy::items(found, from, source, &mut out));
    written.map_err(|trouble| trouble.failure(source.name, &out))?;
    out.commit()
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
    let class = value.as_object().and_then(|object| object.instance()).and_then(|made| made.class.class_name());
    match class {
        Some(class) => format!("{kind} of {}", crate::messages::printable(&class.to_string())),
        None => kind.to_owned(),
    }
}
