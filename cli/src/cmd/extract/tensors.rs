//! Tensors of a `.safetensors` file: bytes of a header, the header in JSON, then the items of all tensors.

use super::copied::Mapped;
use super::found::{All, Data, Found, Source, Type};
use super::gather::Layout;
use super::number::Number;
use super::storages::Storages;
use super::{ExtractArgs, Format, npy_of, written};
use crate::Failure;
use crate::input::{Container, Input, InputFile, Part};
use crate::messages::printable;
use pickle_core::{PathStep, ValuePath};
use serde_json::Value;

/// Bytes that a header may have, as the library itself has it.
const MAX_HEADER: u64 = 100_000_000;

/// The protocol that objects would be written from; there are none.
const PROTOCOL: u8 = 5;

/// A `.safetensors` file.
pub(super) struct Given {
    name: String,
    mapped: Mapped,
    storages: Storages,
    all: All<'static>,
}

/// The file, where it is one.
///
/// # Errors
/// It cannot be read, its header is damaged, or tensors lie where it has no bytes.
pub(super) fn of(file: &InputFile) -> Result<Option<Given>, Failure> {
    if !file.is_file() || file.options().host.is_some() {
        return Ok(None);
    }
    let mut input = Input::open(file, &file.options().raw)?;
    // What comes as a stream has to be looked at first.
    input.head();
    if input.sniff() != Some(Container::Safetensors) {
        return Ok(None);
    }
    let input = input.into_seekable()?;
    let name = input.name().to_owned();
    let Some(part) = input.part() else { return Ok(None) };
    let (mapped, mut storages) = (Mapped::of(&input), Storages::default());
    let refuse = |text: String| Failure::Refused { name: name.clone(), text };
    let all = read(part, &mut storages, &refuse)?;
    Ok(Some(Given { name, mapped, storages, all }))
}

impl Given {
    /// Takes tensors out: all of them where the path is `$`, or the one of that name.
    ///
    /// # Errors
    /// There is none, or the output cannot be written; [`Failure::Reported`] where something was left out.
    pub(super) fn take(&mut self, args: &ExtractArgs, path: &str, format: Option<Format>) -> Result<(), Failure> {
        let Given { name, mapped, storages, all } = self;
        let mut source = Source { name, mapped, storages };
        if path != "$" {
            let mut steps = ValuePath::new(path);
            let key = match (steps.next(), steps.next()) {
                (Some(Some(PathStep::Key(key))), None) => key,
                _ => {
                    return Err(
                        source.refuse(format!("{path} is not the name of a tensor, such as $[\"conv.weight\"]"))
                    );
                }
            };
            all.found.retain(|found| key.is(found.name.as_bytes()));
            all.found.iter_mut().for_each(|found| found.name.clear());
        }
        if let Some(format) = format {
            return written(all, format, PROTOCOL, &mut source, args);
        }
        match all.found.as_slice() {
            [found] => npy_of(args, path, found, PROTOCOL, &mut source),
            [] => Err(source.refuse(format!("there is no tensor at {path}"))),
            _ => Err(source.refuse("there are several tensors in it: name one, such as $[\"conv.weight\"]".into())),
        }
    }
}

/// The tensors of a file, whose parts become storages by their names.
fn read(part: &Part, storages: &mut Storages, refuse: &dyn Fn(String) -> Failure) -> Result<All<'static>, Failure> {
    let read = |at, len| part.bytes_at(at, len).map_err(|error| refuse(error.to_string()));
    let damaged = |what: &str| refuse(format!("its safetensors header is damaged: {what}"));
    let len = read(0, 8)?.try_into().map(u64::from_le_bytes).map_err(|_| damaged("it is cut off"))?;
    let Some(end) = len.checked_add(8).filter(|end| *end <= part.len() && len <= MAX_HEADER) else {
        return Err(damaged("it is longer than the file, or than any real one"));
    };
    let header = read(8, usize::try_from(len).unwrap_or(0))?;
    let Ok(Value::Object(header)) = serde_json::from_slice(&header) else {
        return Err(damaged("it is not a JSON object"));
    };
    let mut all = All::default();
    for (name, entry) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let numbers = |key: &str| entry.get(key)?.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>();
        let bad = |what: &str| refuse(format!("the tensor {} {what}", printable(name)));
        let (Some(dtype), Some(shape), Some(place)) =
            (entry.get("dtype").and_then(Value::as_str), numbers("shape"), numbers("data_offsets"))
        else {
            return Err(bad("has no dtype, shape or place"));
        };
        let &[from, to] = place.as_slice() else { return Err(bad("has no place")) };
        let layout = Layout::dense(shape, false).ok_or_else(|| bad("has a shape that makes no sense"))?;
        let dtype = match Number::of_safetensors(dtype) {
            Some(number) => Type::Tensor(number),
            None => Type::Unknown(dtype.to_owned()),
        };
        let found = Found { name: name.clone(), dtype, layout, fortran: false, data: Data::Storage(name.clone()) };
        let len = found.layout.len().and_then(|len| len.checked_mul(found.item()));
        let fits = from <= to && to <= part.len() - end && (found.item() == 0 || len == Some(to - from));
        if !fits {
            return Err(bad("has a place that does not fit its shape or the file"));
        }
        storages.insert(name.clone(), part.slice(end + from, to - from));
        all.found.push(found);
    }
    Ok(all)
}
