//! Where the items of tensors lie: in the members of torch's zip files, behind the pickles of its files before 1.6, or in
//! such a file that a pickle holds as bytes.

use super::copied::{Mapped, Trouble};
use super::number::item_len;
use super::pkl;
use crate::Failure;
use crate::input::containers::{self, Member};
use crate::input::{Input, InputFile, Part};
use crate::messages::printable;
use crate::pickles::Pickles;
use crate::pickles::children::for_each_child;
use pickle_core::known::Octets;
use pickle_core::{Document, Kind, Options, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::rc::Rc;

/// A file that is open for things to be taken out.
pub(super) struct Opened {
    /// Its pickles.
    pub(super) pickles: Pickles,
    /// Which of them has the things, counted from 0.
    pub(super) index: u64,
    /// What lies beside them.
    pub(super) storages: Storages,
}

/// Opens a file of torch, or any other that has one pickle.
///
/// # Errors
/// The file cannot be read, or has several members with pickles and none of them is torch's.
pub(super) fn open(file: &InputFile) -> Result<Opened, Failure> {
    let plain = |input: Input| {
        let pickles = Pickles::new(input.into_seekable()?, Options::new(), false);
        Ok(Opened { pickles, index: 0, storages: Storages::default() })
    };
    let is_stdin = file.as_os_str() == "-";
    if !is_stdin && !file.is_file() {
        // A member, a folder, or nothing.
        return plain(containers::open_one(file)?);
    }
    let options = file.options();
    let input = Input::open(file, &options.raw)?.into_seekable()?;
    let name = input.name().to_owned();
    let Some(archive) = input.part().cloned() else { return plain(input) };
    if let Some(end) = containers::torch_pickles_end(&archive) {
        let (storages, _) = legacy(&name, &archive, end)?;
        let input = Input::from_part(name, archive.slice(0, end))?;
        return Ok(Opened { index: 3, storages, ..plain(input)? });
    }
    let members = containers::list(input, options)?.unwrap_or_default();
    if let Some(main) = members.iter().find(|m| m.name == "data.pkl" || m.name.ends_with("/data.pkl")) {
        let root = main.name.strip_suffix("data.pkl").unwrap_or_default();
        let input = main.open_with(format!("{name}!{}", printable(&main.name)), options)?;
        return Ok(Opened { storages: zipped(&name, root, &members)?, ..plain(input)? });
    }
    if pkl::is_npz(&members) {
        return plain(pkl::of_npz(&name, &members)?);
    }
    // Standard input is read once; a file is looked at anew, with all that its options say.
    let one = match is_stdin {
        true => containers::one(containers::members(Input::from_part(name.clone(), archive)?, None, options), name)?,
        false => containers::open_one(file)?,
    };
    plain(one)
}

/// The storages of a file by key.
#[derive(Default)]
pub(super) struct Storages {
    by_key: HashMap<String, Storage>,
    /// Numbers are most significant byte first.
    pub(super) big_endian: bool,
    /// The classes of those that are files in the pickle.
    classes: HashMap<String, String>,
    /// Bytes of each that some tensor uses.
    needs: HashMap<String, u64>,
}

enum Storage {
    Here(Part),
    /// To be unpacked when it is needed, and no further than that.
    Packed(Member),
}

impl Storages {
    /// Takes a storage that the pickle has as a whole file of torch before 1.6: its key from now on, and its class.
    pub(super) fn unpack(
        &mut self,
        file: Octets<'_>,
        mapped: &Mapped,
        refuse: &dyn Fn(String) -> Failure,
    ) -> Result<(String, String), Failure> {
        // One storage that is shared is one object of the pickle, whose bytes are in one place.
        let place = file.as_slice().map(|bytes| format!("in the bytes at {:p}, {}", bytes, bytes.len()));
        if let Some((key, class)) = place.as_ref().and_then(|key| self.classes.get_key_value(key)) {
            return Ok((key.clone(), class.clone()));
        }
        let part = mapped.part(file).map_err(|trouble| match trouble {
            Trouble::Read(error) | Trouble::Write(error) => refuse(error.to_string()),
            Trouble::Other(failure) => failure,
        })?;
        let bad = || refuse("the bytes of a storage are not a torch file".into());
        let end = containers::torch_pickles_end(&part).ok_or_else(bad)?;
        let (inner, class) = legacy("the bytes of a storage", &part, end)?;
        let class = class.ok_or_else(bad)?;
        let storage = inner.by_key.into_values().next().ok_or_else(bad)?;
        let key = place.unwrap_or_else(|| format!("number {}", self.classes.len()));
        self.classes.insert(key.clone(), class.clone());
        self.by_key.insert(key.clone(), storage);
        Ok((key, class))
    }

    /// Takes a storage.
    pub(super) fn insert(&mut self, key: String, part: Part) {
        self.by_key.insert(key, Storage::Here(part));
    }

    /// Notes that a tensor uses so many bytes of a storage. To be known of all before the first is read.
    pub(super) fn will_need(&mut self, key: &str, need: u64) {
        match self.needs.get_mut(key) {
            Some(most) => *most = need.max(*most),
            None => {
                self.needs.insert(key.to_owned(), need);
            }
        }
    }

    /// At least `need` bytes of a storage.
    pub(super) fn part(&mut self, key: &str, need: u64, refuse: &dyn Fn(String) -> Failure) -> Result<Part, Failure> {
        let shown = printable(key);
        let Some(storage) = self.by_key.get_mut(key) else {
            return Err(refuse(format!("the storage {shown} is missing: the file is damaged or was cut off")));
        };
        if let Storage::Packed(member) = storage {
            let most = self.needs.get(key).copied().unwrap_or(0);
            let mut file = tempfile::tempfile().map_err(|error| refuse(error.to_string()))?;
            let mut reader = member.open_raw().map_err(|error| refuse(error.to_string()))?.take(need.max(most));
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
    let mut storages = Storages::default();
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
/// in eight bytes before it. Always little-endian. Where the object is itself a storage, also the class of that.
fn legacy(name: &str, archive: &Part, end: u64) -> Result<(Storages, Option<String>), Failure> {
    let refuse = |text: String| Failure::Refused { name: name.to_owned(), text };
    let mut pickles = Pickles::new(Input::from_part(name, archive.slice(0, end))?, Options::new(), false);
    let mut lengths = BTreeMap::new();
    let mut keys = Vec::new();
    let mut root = None;
    for index in 0.. {
        let Some(document) = pickles.next_document()? else { break };
        match index {
            3 => {
                lengths = item_lengths(&document).map_err(refuse)?;
                root = storage_class(document.root()).map(str::to_owned);
            }
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
    Ok((Storages { by_key, ..Storages::default() }, root))
}

/// The class of a storage: `('storage', class, key, place, items, view)` stands behind a persistent id.
fn storage_class(value: Value<'_>) -> Option<&str> {
    let object = value.as_object().filter(|_| value.kind() == Kind::Persistent)?;
    object.callable().at(1)?.as_global().map(|class| class.name)
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
            let class = storage_class(value).unwrap_or_default();
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
pub(super) fn text(value: Value<'_>) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|key| key.to_string()))
}
