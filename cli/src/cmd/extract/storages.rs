//! All tensors of a PyTorch file as one `.safetensors` file.
//!
//! The object tree is read, never the classes in it: dicts, lists, tuples and
//! the state of objects make names with dots, `nn.Module`s the names of their
//! `state_dict`. Storages are found by key, in the zip file or behind the
//! pickles of a file of torch before 1.6 (`torch.serialization`).

use super::gather::{self, Layout};
use super::{ExtractArgs, PIECE};
use crate::Failure;
use crate::input::containers::{self, Member};
use crate::input::{Input, Part};
use crate::messages::printable;
use crate::output::Output;
use crate::pickles::Pickles;
use crate::pickles::children::for_each_child;
use pickle_core::known::Tensor;
use pickle_core::view::View;
use pickle_core::{Document, Kind, Options, Value};
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read, Write};
use std::rc::Rc;

/// Name in torch, name in safetensors, bytes of an item, bytes of the numbers in it.
const DTYPES: &[(&str, &str, usize, usize)] = &[
    ("float32", "F32", 4, 4),
    ("float64", "F64", 8, 8),
    ("float16", "F16", 2, 2),
    ("bfloat16", "BF16", 2, 2),
    ("int64", "I64", 8, 8),
    ("int32", "I32", 4, 4),
    ("int16", "I16", 2, 2),
    ("int8", "I8", 1, 1),
    ("uint64", "U64", 8, 8),
    ("uint32", "U32", 4, 4),
    ("uint16", "U16", 2, 2),
    ("uint8", "U8", 1, 1),
    ("bool", "BOOL", 1, 1),
    ("float8_e4m3fn", "F8_E4M3", 1, 1),
    ("float8_e5m2", "F8_E5M2", 1, 1),
    ("complex64", "C64", 8, 4),
];

/// Bytes that a tensor may have which uses parts of its storage again and again, as `expand` makes them.
const OVERLAP_MAX: u64 = 1 << 30;

type DType = &'static (&'static str, &'static str, usize, usize);

fn dtype(name: &str) -> Option<DType> {
    DTYPES.iter().find(|(torch, ..)| *torch == name)
}

/// Bytes of an item of a storage class of a legacy file.
fn item_len(class: &str) -> Option<u64> {
    Some(match class {
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
        "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "CharStorage" | "ByteStorage" | "BoolStorage" | "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage"
        | "QUInt2x4Storage" | "UntypedStorage" => 1,
        "ComplexDoubleStorage" => 16,
        _ => return None,
    })
}

/// Writes all tensors of the file.
pub(super) fn run(args: &ExtractArgs) -> Result<(), Failure> {
    let extension = args.output.extension().and_then(|extension| extension.to_str());
    if extension != Some("safetensors") && args.output.as_os_str() != "-" {
        return Err(Failure::Usage(
            "give a PATH, such as '$.image', or an output that ends in .safetensors for all tensors".into(),
        ));
    }
    let options = args.file.options();
    let input = Input::open(&args.file, &options.raw)?.into_seekable()?;
    let name = input.name().to_owned();
    let refuse = |text: String| Failure::Refused { name: name.clone(), text };
    let archive = input.part().cloned().ok_or_else(|| refuse("the file is empty".into()))?;
    let (mut pickles, index, mut storages) = match containers::torch_pickles_end(&archive) {
        Some(end) => {
            let storages = legacy(&name, &archive, end)?;
            (Pickles::new(Input::from_part(name.clone(), archive.slice(0, end))?, Options::new(), false), 3, storages)
        }
        None => {
            let members = containers::list(input, options)?.unwrap_or_default();
            let main = members.iter().find(|m| m.name == "data.pkl" || m.name.ends_with("/data.pkl"));
            let main = main.ok_or_else(|| {
                refuse("this is no PyTorch file: no data.pkl in it, and not torch's magic number in front".into())
            })?;
            let root = main.name.strip_suffix("data.pkl").unwrap_or_default();
            let input = main.open_with(format!("{name}!{}", printable(&main.name)), options)?;
            (Pickles::new(input, Options::new(), false), 0, zipped(&name, root, &members)?)
        }
    };
    for _ in 0..index {
        pickles.next_document()?;
    }
    let Some(document) = pickles.next_document()? else {
        return Err(refuse("the pickle of the tensors is missing".into()));
    };
    let mut found = find(&document, &refuse)?;
    // As safetensors itself: so that numbers lie where their size divides their place.
    found.sort_by_key(|tensor| std::cmp::Reverse(tensor.dtype.2));
    if found.is_empty() {
        return Err(refuse("there are no tensors in it".into()));
    }
    write(&found, &mut storages, args, &refuse)
}

/// A tensor by its name, and what there is to know to copy it.
struct Found {
    name: String,
    dtype: DType,
    layout: Layout,
    storage: String,
}

/// The storages of a file by key.
struct Storages {
    by_key: HashMap<String, Storage>,
    /// Numbers are most significant byte first.
    big_endian: bool,
}

enum Storage {
    Here(Part),
    /// To be unpacked when it is needed, and no further than that.
    Packed(Member),
}

impl Storages {
    /// At least `need` bytes of a storage.
    fn part(&mut self, key: &str, need: u64, refuse: &dyn Fn(String) -> Failure) -> Result<Part, Failure> {
        let shown = printable(key);
        let Some(storage) = self.by_key.get_mut(key) else {
            return Err(refuse(format!("the storage {shown} is missing: the file is damaged or was cut off")));
        };
        if let Storage::Packed(member) = storage {
            let mut file = tempfile::tempfile().map_err(|error| refuse(error.to_string()))?;
            let mut reader = member.open_raw().map_err(|error| refuse(error.to_string()))?.take(need);
            let n = io::copy(&mut reader, &mut file)
                .map_err(|error| refuse(format!("the storage {shown} cannot be unpacked: {error}")))?;
            *storage = Storage::Here(Part::new(Rc::new(file), 0, n));
        }
        match storage {
            Storage::Here(part) if part.len() >= need => Ok(part.clone()),
            Storage::Here(part) => Err(refuse(format!(
                "the storage {shown} has {} bytes where a tensor needs {need}: the file is damaged or was cut off",
                part.len()
            ))),
            Storage::Packed(_) => Err(refuse(format!("the storage {shown} was not unpacked"))),
        }
    }
}

/// The storages of a zip file: `data/KEY` beside `data.pkl`; `byteorder` says which byte comes first.
fn zipped(name: &str, root: &str, members: &[Member]) -> Result<Storages, Failure> {
    let mut storages = Storages { by_key: HashMap::new(), big_endian: false };
    for member in members {
        let Some(inner) = member.name.strip_prefix(root) else { continue };
        if inner == "byteorder" {
            let mut order = String::new();
            let fail = |source| Failure::Input { name: name.to_owned(), source };
            member.open_raw().map_err(fail)?.take(16).read_to_string(&mut order).map_err(fail)?;
            storages.big_endian = order.trim() == "big";
        }
        // Before 1.6 was out the folder was `tensors`.
        if let Some(key) = inner.strip_prefix("data/").or_else(|| inner.strip_prefix("tensors/")) {
            let storage = match &member.data {
                containers::Data::Stored(part) => Storage::Here(part.clone()),
                _ => Storage::Packed(member.clone()),
            };
            // Of members of one name the first counts, as for torch.
            storages.by_key.entry(key.to_owned()).or_insert(storage);
        }
    }
    Ok(storages)
}

/// The storages of a legacy file: behind the pickles, in the order of their sorted keys, each with its number of items
/// in eight bytes before it. Always little-endian.
fn legacy(name: &str, archive: &Part, end: u64) -> Result<Storages, Failure> {
    let refuse = |text: String| Failure::Refused { name: name.to_owned(), text };
    let mut pickles = Pickles::new(Input::from_part(name, archive.slice(0, end))?, Options::new(), false);
    let mut lengths = BTreeMap::new();
    let mut keys = Vec::new();
    for index in 0.. {
        let Some(document) = pickles.next_document()? else { break };
        match index {
            3 => lengths = item_lengths(&document).map_err(refuse)?,
            4 => keys = document.root().items().into_iter().flatten().map(text).collect(),
            _ => {}
        }
    }
    let mut by_key = HashMap::new();
    let mut at = end;
    for key in keys {
        let key = key.ok_or_else(|| refuse("the list of storages has something else than keys in it".into()))?;
        let shown = printable(&key);
        let item = lengths.get(&key).copied().ok_or_else(|| {
            refuse(format!("the storage {shown} is listed, but no object uses it, so its size is not known"))
        })?;
        let cut = || refuse(format!("the storage {shown} at byte {at} is missing: the file was cut off"));
        let count = archive.bytes_at(at, 8).map_err(|source| Failure::Input { name: name.into(), source })?;
        let count = u64::from_le_bytes(count.try_into().map_err(|_| cut())?);
        let len = count.checked_mul(item).filter(|&len| len <= archive.len() - at - 8).ok_or_else(cut)?;
        by_key.insert(key, Storage::Here(archive.slice(at + 8, len)));
        at += 8 + len;
    }
    Ok(Storages { by_key, big_endian: false })
}

/// Bytes of an item of every storage that the object refers to: `('storage', class, key, place, items, view)`.
fn item_lengths(document: &Document<'_>) -> Result<BTreeMap<String, u64>, String> {
    let mut lengths = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut stack = vec![document.root()];
    while let Some(value) = stack.pop() {
        if value.id().is_some_and(|id| !seen.insert(id)) {
            continue;
        }
        if value.kind() == Kind::Persistent
            && let Some(object) = value.as_object()
        {
            let id = object.callable();
            let class = id.at(1).and_then(|class| class.as_global()).map_or("", |(_, name)| name);
            let (Some(key), Some(item)) = (id.at(2).and_then(text), item_len(class)) else { continue };
            if id.at(5).is_some_and(|view| !view.is_none()) {
                return Err("its storages are views of others, as torch before 0.4 wrote them; that is not read".into());
            }
            lengths.insert(key, item);
            continue;
        }
        for_each_child(&value, &mut |child| stack.push(child));
    }
    Ok(lengths)
}

/// A key, str in either Python.
fn text(value: Value<'_>) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|key| key.to_string()))
}

/// All tensors in the order of the pickle. A container that is reached twice counts once, a tensor every time.
fn find(document: &Document<'_>, refuse: &dyn Fn(String) -> Failure) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut children = Vec::new();
    let mut stack = vec![(String::new(), document.root())];
    while let Some((name, value)) = stack.pop() {
        let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        let meant = value.view();
        if let View::Tensor(tensor) = meant {
            let name = if name.is_empty() { "tensor".to_owned() } else { name };
            found.push(Found::new(name, &tensor, refuse)?);
            continue;
        }
        if value.id().is_some_and(|id| !seen.insert(id)) {
            continue;
        }
        let mut entry = |key: Value<'_>, value| {
            if let Some(key) = text(key) {
                children.push((below(&key), value));
            }
        };
        match meant {
            View::Mapping(mapping) => mapping.pairs.for_each(|(k, v)| entry(k, v)),
            View::Sequence(sequence) => {
                let items = sequence.items.enumerate();
                children.extend(items.map(|(i, item)| (below(&i.to_string()), item)));
            }
            View::Set(set) => {
                let items = set.items.enumerate();
                children.extend(items.map(|(i, item)| (below(&i.to_string()), item)));
            }
            _ => object(value, &name, &mut children),
        }
        stack.extend(children.drain(..).rev());
    }
    Ok(found)
}

/// What is in an object: its attributes; of an `nn.Module` what is registered, without a level of its own.
fn object<'d>(value: Value<'d>, name: &str, children: &mut Vec<(String, Value<'d>)>) {
    let Some(object) = value.as_object() else { return };
    if let Some((module @ "torch._utils", function)) = object.class() {
        crate::progress::clear();
        let name = if name.is_empty() { "the value".into() } else { printable(name) };
        // There is nobody left to tell if this fails.
        let _ =
            writeln!(io::stderr(), "pickle: warning: {name} is left out: {module}.{function} makes no plain tensor");
        return;
    }
    let Some(state) = object.state() else { return };
    for (key, value) in state.entries().into_iter().flatten() {
        let Some(key) = text(key) else { continue };
        if matches!(key.as_str(), "_parameters" | "_buffers" | "_modules") {
            if let View::Mapping(mapping) = value.view() {
                mapping.pairs.for_each(|(k, v)| push(k, v, name, children));
            }
        } else {
            children.push((if name.is_empty() { key } else { format!("{name}.{key}") }, value));
        }
    }
}

fn push<'d>(key: Value<'_>, value: Value<'d>, name: &str, children: &mut Vec<(String, Value<'d>)>) {
    if let Some(key) = text(key) {
        children.push((if name.is_empty() { key } else { format!("{name}.{key}") }, value));
    }
}

impl Found {
    fn new(name: String, tensor: &Tensor<'_>, refuse: &dyn Fn(String) -> Failure) -> Result<Found, Failure> {
        let wrong = |what: &str| refuse(format!("the tensor {} {what}", printable(&name)));
        let found = tensor.dtype.unwrap_or("no dtype");
        let dtype =
            dtype(found).ok_or_else(|| wrong(&format!("is of {}, which safetensors has not", printable(found))))?;
        let numbers =
            |value: Value<'_>| value.items().into_iter().flatten().map(|n| n.as_u64()).collect::<Option<Vec<_>>>();
        let layout = tensor.offset.as_u64().zip(numbers(tensor.shape)).zip(numbers(tensor.stride));
        let Some(((offset, shape), stride)) = layout.filter(|((_, shape), stride)| shape.len() == stride.len()) else {
            return Err(wrong("has a shape, strides or an offset that make no sense"));
        };
        let storage =
            tensor.storage.and_then(|(key, _)| text(key)).ok_or_else(|| wrong("has no storage in this file"))?;
        Ok(Found { dtype, layout: Layout { offset, shape, stride }, storage, name })
    }

    /// Bytes of the items, and bytes of the storage up to the last of them.
    fn sizes(&self) -> Option<(u64, u64)> {
        let item = self.dtype.2 as u64;
        Some((self.layout.len()?.checked_mul(item)?, self.layout.extent()?.checked_mul(item)?))
    }
}

fn write(
    found: &[Found],
    storages: &mut Storages,
    args: &ExtractArgs,
    refuse: &dyn Fn(String) -> Failure,
) -> Result<(), Failure> {
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt"}));
    let mut at = 0u64;
    // Everything is checked before a byte is written.
    for tensor in found {
        let shown = || printable(&tensor.name);
        let (len, need) =
            tensor.sizes().ok_or_else(|| refuse(format!("the tensor {} is larger than any storage", shown())))?;
        if len > OVERLAP_MAX.max(need) {
            return Err(refuse(format!(
                "the tensor {} repeats its storage ({need} bytes) up to {len} bytes: more than is believed",
                shown()
            )));
        }
        if len != 0 {
            storages.part(&tensor.storage, need, refuse)?;
        }
        let end = at.checked_add(len).ok_or_else(|| refuse("the tensors together are too large".into()))?;
        let entry = json!({"dtype": tensor.dtype.1, "shape": tensor.layout.shape, "data_offsets": [at, end]});
        if header.insert(tensor.name.clone(), entry).is_some() {
            return Err(refuse(format!("two tensors would have the name {}", shown())));
        }
        at = end;
    }
    let mut text = serde_json::to_vec(&header).map_err(|error| refuse(error.to_string()))?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut out = Output::create(&args.output)?;
    out.write_all(&(text.len() as u64).to_le_bytes()).map_err(|error| out.failure(error))?;
    out.write_all(&text).map_err(|error| out.failure(error))?;
    for tensor in found {
        let Some((len @ 1.., need)) = tensor.sizes() else { continue };
        let storage = storages.part(&tensor.storage, need, refuse)?;
        debug_assert!(PIECE.is_multiple_of(tensor.dtype.2) && len != 0);
        let (item, number) = (tensor.dtype.2, tensor.dtype.3);
        let swap = storages.big_endian && number > 1;
        gather::write(&tensor.layout, &storage, item, &mut out, &mut |piece| {
            if swap {
                piece.chunks_exact_mut(number).for_each(|number| number.reverse());
            }
        })?;
    }
    out.commit()
}
