//! Many arrays in one file: `.npz`, `.safetensors`, and PyTorch's `.pt`.

use super::copied::Trouble;
use super::found::{All, Data, Found, Source, Type};
use super::npy;
use super::number::Number;
use super::pkl::Arrays;
use crate::Failure;
use crate::input::containers::read_npy_header;
use crate::messages::printable;
use crate::output::Output;
use pickle_core::{Level, Pickler, WriteError};
use serde_json::json;
use std::collections::HashSet;
use std::convert::Infallible;
use std::io::Write;
use std::path::Path;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// Members of zip files from this size on have lengths of 64 bits. With room for what a pickle may need more than its items.
const LARGE: u64 = u32::MAX as u64 / 2;

/// Torch reads storages from places that this divides.
const ALIGN: u16 = 64;

/// The type of numbers of an array or tensor.
///
/// # Errors
/// What it is that is no number.
fn number(found: &Found<'_>) -> Result<&'static Number, String> {
    match &found.dtype {
        _ if matches!(found.data, Data::Objects(_)) => Err("it is an array of Python objects".into()),
        Type::Tensor(number) => Ok(number),
        Type::Array(dtype) => Number::of_numpy(dtype).ok_or_else(|| format!("it is of {dtype}")),
        Type::Unknown(name) => Err(format!("it is of {}", printable(name))),
    }
}

/// Keeps what the format can hold, and says of the rest that it is left out.
fn keep<'d, T>(all: &mut All<'d>, format: &str, of: impl Fn(&Found<'d>) -> Result<T, String>) -> Vec<(Found<'d>, T)> {
    let mut kept = Vec::new();
    for found in std::mem::take(&mut all.found) {
        match of(&found) {
            Ok(it) => kept.push((found, it)),
            // The reason may be given already.
            Err(why) if why.contains(", which ") => all.leave_out(&found.name, &why),
            Err(why) => all.leave_out(&found.name, &format!("{why}, which {format} has not")),
        }
    }
    kept
}

/// Names are given once.
fn check_names<'f>(names: impl Iterator<Item = &'f str>, source: &Source<'_>) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(source.refuse(format!("two tensors would have the name {}", printable(name))));
        }
    }
    Ok(())
}

/// Nothing is there that could be written.
fn nothing(all: &All<'_>, source: &Source<'_>) -> Failure {
    source.refuse(if all.left_out == 0 {
        "there are no tensors or arrays in it".into()
    } else {
        "there are no tensors or arrays in it that could be written".into()
    })
}

/// Writes a `.safetensors` file.
///
/// # Errors
/// Nothing is there, it is damaged, or the file cannot be written.
pub(super) fn safetensors(all: &mut All<'_>, source: &mut Source<'_>, output: &Path) -> Result<(), Failure> {
    let mut kept = keep(all, "safetensors", |found| {
        let number = number(found)?;
        number.safetensors.map(|name| (name, number)).ok_or_else(|| format!("it is of {}", number.torch))
    });
    if kept.is_empty() {
        return Err(nothing(all, source));
    }
    // As safetensors itself: so that numbers lie where their size divides their place.
    kept.sort_by_key(|(_, (_, number))| std::cmp::Reverse(number.size));
    kept.iter_mut().filter(|(found, _)| found.name.is_empty()).for_each(|(found, _)| found.name = "tensor".into());
    check_names(kept.iter().map(|(found, _)| found.name.as_str()), source)?;
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt"}));
    let mut at = 0u64;
    kept.iter().for_each(|(found, _)| found.announce(source.storages));
    // Everything is checked before a byte is written.
    for (found, (name, _)) in &kept {
        let len = found.check(source)?;
        let end = at.checked_add(len).ok_or_else(|| source.refuse("the tensors together are too large".into()))?;
        let entry = json!({"dtype": name, "shape": found.layout.shape, "data_offsets": [at, end]});
        header.insert(found.name.clone(), entry);
        at = end;
    }
    let mut text = serde_json::to_vec(&header).map_err(|error| source.refuse(error.to_string()))?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut out = Output::create(output)?;
    let written = (|| {
        out.write_all(&(text.len() as u64).to_le_bytes()).map_err(Trouble::Write)?;
        out.write_all(&text).map_err(Trouble::Write)?;
        kept.iter().try_for_each(|(found, (_, number))| found.write(source, false, number.part, &mut out))
    })();
    written.map_err(|trouble| trouble.failure(source.name, &out))?;
    out.commit()
}

/// A zip file in the making.
type Zip<'o> = ZipWriter<StreamWriter<&'o mut Output>>;

/// Begins a member that is stored as it is.
fn begin(zip: &mut Zip<'_>, name: &str, len: u64, align: u16) -> Result<(), Trouble> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let options = options.large_file(len > LARGE).with_alignment(align);
    zip.start_file(name, options).map_err(|error| Trouble::Write(error.into()))
}

/// Writes a zip file.
fn zipped(
    source: &mut Source<'_>,
    output: &Path,
    members: impl FnOnce(&mut Zip<'_>, &mut Source<'_>) -> Result<(), Trouble>,
) -> Result<(), Failure> {
    let mut out = Output::create(output)?;
    let mut zip = ZipWriter::new_stream(&mut out);
    let mut done = members(&mut zip, source);
    if done.is_ok() {
        done = zip.finish().map(drop).map_err(|error| Trouble::Write(error.into()));
    } else {
        // What is begun would be ended by its drop, into a file that is thrown away.
        drop(zip);
    }
    done.map_err(|trouble| trouble.failure(source.name, &out))?;
    out.commit()
}

/// Writes a `.npz` file; `from` is the protocol of the pickle.
///
/// # Errors
/// As [`safetensors`].
pub(super) fn npz(all: &mut All<'_>, from: u8, source: &mut Source<'_>, output: &Path) -> Result<(), Failure> {
    let mut kept = keep(all, ".npz", |found| npy::header(found).map_err(|what| format!("it is {what}")));
    if kept.is_empty() {
        return Err(nothing(all, source));
    }
    // As numpy.savez names what has no name.
    kept.iter_mut().filter(|(found, _)| found.name.is_empty()).for_each(|(found, _)| found.name = "arr_0".into());
    check_names(kept.iter().map(|(found, _)| found.name.as_str()), source)?;
    kept.iter().for_each(|(found, _)| found.announce(source.storages));
    let lengths = kept.iter().map(|(found, _)| found.check(source)).collect::<Result<Vec<_>, _>>()?;
    zipped(source, output, |zip, source| {
        for ((found, header), len) in kept.iter().zip(lengths) {
            begin(zip, &format!("{}.npy", found.name), len, 1)?;
            zip.write_all(header).map_err(Trouble::Write)?;
            npy::items(found, from, source, zip)?;
        }
        Ok(())
    })
}

/// Writes a pickle of NumPy arrays: a dict by their names, or the one that has none; `from` is the protocol of the pickle that
/// they come from.
///
/// # Errors
/// As [`safetensors`].
pub(super) fn pkl(all: &mut All<'_>, from: u8, source: &mut Source<'_>, output: &Path) -> Result<(), Failure> {
    let kept = keep(all, "a pickle of NumPy", |found| npy::header(found).map_err(|what| format!("it is {what}")));
    if kept.is_empty() {
        return Err(nothing(all, source));
    }
    check_names(kept.iter().map(|(found, _)| found.name.as_str()), source)?;
    kept.iter().for_each(|(found, _)| found.announce(source.storages));
    kept.iter().try_for_each(|(found, _)| found.check(source).map(drop))?;
    let in_dict = !matches!(kept.as_slice(), [(found, _)] if found.name.is_empty());
    let mut out = Output::create(output)?;
    let written = (|| {
        let mut arrays = Arrays::begin(&mut out, in_dict).map_err(Trouble::Write)?;
        for (found, header) in &kept {
            let header = read_npy_header(&mut header.as_slice()).map_err(Trouble::Read)?;
            arrays.array(&found.name, &header, |out| npy::items(found, from, source, out))?;
        }
        arrays.end().map_err(Trouble::Write)
    })();
    written.map_err(|trouble| trouble.failure(source.name, &out))?;
    out.commit()
}

/// Writes a `.pt` file: a dict of tensors, as `torch.save` has it since 1.6.
///
/// # Errors
/// As [`safetensors`].
pub(super) fn pt(all: &mut All<'_>, source: &mut Source<'_>, output: &Path) -> Result<(), Failure> {
    let mut kept = keep(all, "a .pt file written here", |found| {
        let number = number(found)?;
        number.storage.map(|class| (class, number)).ok_or_else(|| format!("it is of {}", number.torch))
    });
    if kept.is_empty() {
        return Err(nothing(all, source));
    }
    kept.iter_mut().filter(|(found, _)| found.name.is_empty()).for_each(|(found, _)| found.name = "tensor".into());
    check_names(kept.iter().map(|(found, _)| found.name.as_str()), source)?;
    kept.iter().for_each(|(found, _)| found.announce(source.storages));
    let lengths = kept.iter().map(|(found, _)| found.check(source)).collect::<Result<Vec<_>, _>>()?;
    let tensors = kept.iter().map(|(found, (class, _))| (found.name.as_str(), *class, found.layout.shape.as_slice()));
    let pickle = state_dict(tensors).map_err(|error| source.refuse(error.to_string()))?;
    let stem = output.file_stem().and_then(|stem| stem.to_str()).filter(|stem| *stem != "-").unwrap_or("archive");
    let stem = stem.to_owned();
    zipped(source, output, |zip, source| {
        let small = |zip: &mut Zip<'_>, name: &str, bytes: &[u8]| {
            begin(zip, &format!("{stem}/{name}"), bytes.len() as u64, ALIGN)?;
            zip.write_all(bytes).map_err(Trouble::Write)
        };
        small(zip, "data.pkl", &pickle)?;
        small(zip, "byteorder", b"little")?;
        for (nth, ((found, (_, number)), len)) in kept.iter().zip(lengths).enumerate() {
            begin(zip, &format!("{stem}/data/{nth}"), len, ALIGN)?;
            found.write(source, false, number.part, zip)?;
        }
        small(zip, "version", b"3\n")
    })
}

/// A dict of tensors, each with a storage of its own, in the protocol that torch takes.
fn state_dict<'t>(
    tensors: impl Iterator<Item = (&'t str, &'t str, &'t [u64])>,
) -> Result<Vec<u8>, WriteError<Infallible>> {
    let mut levels = [Level::EMPTY; 8];
    let mut to = Pickler::new(Vec::new(), 2, &mut levels);
    to.begin_dict(None)?;
    for (nth, (name, class, shape)) in tensors.enumerate() {
        let items: u64 = shape.iter().product();
        to.str(name)?.begin_call("torch._utils", "_rebuild_tensor_v2", None)?;
        to.begin_persistent()?.begin_tuple(None)?;
        to.str("storage")?.global("torch", class)?.str(&nth.to_string())?.str("cpu")?.uint(items)?;
        to.end()?.end()?.uint(0)?;
        to.begin_tuple(None)?;
        for &axis in shape {
            to.uint(axis)?;
        }
        to.end()?.begin_tuple(None)?;
        for axis in 1..=shape.len() {
            to.uint(shape.get(axis..).unwrap_or_default().iter().product())?;
        }
        to.end()?.bool(false)?.begin_call("collections", "OrderedDict", None)?.end()?.end()?;
    }
    to.end()?.finish()?;
    Ok(to.into_sink())
}
