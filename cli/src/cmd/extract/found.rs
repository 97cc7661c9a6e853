//! All arrays and tensors below a value, wherever they are.
//!
//! The object tree is read, never the classes in it: dicts, lists, tuples, arguments and the state of objects make names
//! with dots, `nn.Module`s the names of their `state_dict`.

use super::copied::{Mapped, Trouble};
use super::gather::Layout;
use super::number::Number;
use super::storages::{Storages, text};
use crate::Failure;
use crate::messages::printable;
use pickle_core::known::{Array, DType, Data as ArrayData, Masked, Octets, Tensor, TensorStorage};
use pickle_core::view::View;
use pickle_core::{Change, GlobalName, Kind, ObjectParts, Value};
use std::collections::HashMap;
use std::io::{self, Write};

/// Bytes that a tensor may have which uses parts of its storage again and again, as `expand` makes them.
const OVERLAP_MAX: u64 = 1 << 30;

/// Notes of one kind that are written out.
const NOTES: usize = 8;

/// An array or tensor, and all there is to know to copy it.
pub(super) struct Found<'d> {
    /// Its name; empty where it is the value that was asked for.
    pub(super) name: String,
    /// What the items are.
    pub(super) dtype: Type<'d>,
    /// Where they lie in the data.
    pub(super) layout: Layout,
    /// The first axis varies fastest in the data.
    pub(super) fortran: bool,
    /// The items.
    pub(super) data: Data<'d>,
}

/// What items are.
#[allow(clippy::large_enum_variant, reason = "one at a time is alive")]
pub(super) enum Type<'d> {
    /// Of a tensor.
    Tensor(&'static Number),
    /// Of an array.
    Array(DType<'d>),
    /// Of a tensor, and not known from elsewhere.
    Unknown(String),
}

/// Where items are.
#[allow(clippy::large_enum_variant, reason = "one at a time is alive")]
pub(super) enum Data<'d> {
    /// In a storage, by its key.
    Storage(String),
    /// In the pickle, densely.
    Octets(Octets<'d>),
    /// Made here.
    Made(Vec<u8>),
    /// Objects, in an array that is a value of the pickle.
    Objects(Value<'d>),
}

/// What was found.
#[derive(Default)]
pub(super) struct All<'d> {
    /// Arrays and tensors, in the order of the pickle.
    pub(super) found: Vec<Found<'d>>,
    /// Things that were left out, and said to be.
    pub(super) left_out: usize,
}

/// A file that things are taken out of.
pub(super) struct Source<'s> {
    /// Its name.
    pub(super) name: &'s str,
    /// Where its bytes are.
    pub(super) mapped: &'s Mapped,
    /// What lies beside the pickles.
    pub(super) storages: &'s mut Storages,
}

impl Source<'_> {
    /// The failure of something in the file.
    pub(super) fn refuse(&self, text: String) -> Failure {
        Failure::Refused { name: self.name.to_owned(), text }
    }
}

/// Says that something is left out.
pub(super) fn leave_out(name: &str, why: &str) {
    crate::progress::clear();
    let name = if name.is_empty() { "the value".into() } else { printable(name) };
    // If this fails, there is nowhere left to report it.
    let _ = writeln!(io::stderr(), "pickle: warning: {name} is left out: {why}");
}

impl<'d> All<'d> {
    /// All arrays and tensors below a value. A container that is reached twice counts once, a tensor every time. With
    /// `objects` arrays of objects count as arrays, else only what is in them.
    ///
    /// # Errors
    /// A tensor or its storage is damaged.
    pub(super) fn below(root: Value<'d>, objects: bool, source: &mut Source<'_>) -> Result<All<'d>, Failure> {
        let mut this = All::default();
        let mut names = Names::new();
        let mut seen: HashMap<usize, usize> = HashMap::new();
        let mut again = Vec::new();
        let mut children = Vec::new();
        let mut stack = vec![(Names::ROOT, None, root)];
        while let Some((above, key, value)) = stack.pop() {
            let key: Option<String> = key;
            let name = || names.text(above, key.as_deref());
            let view = value.view();
            if let View::Array(Array { data: ArrayData::Objects(items), .. }) = view
                && !objects
            {
                let items = || items.items().into_iter().flatten();
                if items().any(|item| !matches!(item.view(), View::Array(_) | View::Tensor(_))) {
                    this.leave_out(&name(), "it is an array of Python objects");
                }
                let here = names.push(above, key);
                let first = stack.len();
                stack.extend(items().enumerate().map(|(i, item)| (here, Some(i.to_string()), item)));
                stack.get_mut(first..).unwrap_or_default().reverse();
                continue;
            }
            match Found::of(value, &name, source)? {
                Is::Found(found) => {
                    this.found.push(found);
                    continue;
                }
                Is::Strange(why) => {
                    this.leave_out(&name(), &why);
                    continue;
                }
                Is::Nothing => {}
            }
            if let Some(&first) = value.id().and_then(|id| seen.get(&id)) {
                again.push((above, key, first));
                continue;
            }
            parts(value, &mut children);
            if children.is_empty() {
                continue;
            }
            let here = names.push(above, key);
            if let Some(id) = value.id() {
                seen.insert(id, here);
            }
            stack.extend(children.drain(..).rev().map(|(key, value)| (here, key, value)));
        }
        this.tell_of(&again, &names);
        Ok(this)
    }

    /// Says that something is left out.
    pub(super) fn leave_out(&mut self, name: &str, why: &str) {
        self.left_out += 1;
        leave_out(name, why);
    }

    /// Says which containers were passed over, because their arrays have another name already.
    fn tell_of(&self, again: &[(usize, Option<String>, usize)], names: &Names) {
        let mut some: HashMap<usize, bool> = HashMap::new();
        let mut has_some = |first: usize| {
            *some.entry(first).or_insert_with(|| {
                let first = names.text(first, None);
                let inside = |found: &Found<'_>| {
                    first.is_empty() || found.name.strip_prefix(&first).is_some_and(|rest| rest.starts_with('.'))
                };
                self.found.iter().any(inside)
            })
        };
        let told = again.iter().filter(|(.., first)| has_some(*first));
        for (above, key, first) in told.take(NOTES) {
            crate::progress::clear();
            let first = names.text(*first, None);
            let first = if first.is_empty() { "the value itself".into() } else { printable(&first) };
            let _ = writeln!(
                io::stderr(),
                "pickle: {} is the same object as {first}, and is not written again",
                printable(&names.text(*above, key.as_deref()))
            );
        }
    }
}

/// The names of containers, each by the one that it is in: written out, those of a deep pickle would take the square of its
/// levels.
struct Names(Vec<(usize, String)>);

impl Names {
    /// The value that was asked for.
    const ROOT: usize = 0;

    fn new() -> Self {
        Names(vec![(Names::ROOT, String::new())])
    }

    /// The number of a container in another one; without a key it has the name of that.
    fn push(&mut self, above: usize, key: Option<String>) -> usize {
        let Some(key) = key else { return above };
        self.0.push((above, key));
        self.0.len() - 1
    }

    /// The keys that lead to what is in a container, with dots between.
    fn text(&self, mut above: usize, key: Option<&str>) -> String {
        let mut keys: Vec<&str> = key.into_iter().collect();
        while let Some((next, key)) = self.0.get(above).filter(|_| above != Names::ROOT) {
            keys.push(key);
            above = *next;
        }
        let mut text = String::new();
        for key in keys.into_iter().rev() {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(key);
        }
        text
    }
}

/// What a value is.
#[allow(clippy::large_enum_variant, reason = "one at a time is alive")]
pub(super) enum Is<'d> {
    /// An array or tensor.
    Found(Found<'d>),
    /// Something of that kind which cannot be taken out, and why.
    Strange(String),
    /// Nothing of that kind.
    Nothing,
}

impl<'d> Found<'d> {
    /// The array or tensor that a value is; `name` gives what it is called.
    ///
    /// # Errors
    /// It is damaged.
    pub(super) fn of(value: Value<'d>, name: &dyn Fn() -> String, source: &mut Source<'_>) -> Result<Is<'d>, Failure> {
        Ok(match value.view() {
            View::Tensor(tensor) => Is::Found(Found::tensor(name(), &tensor, source)?),
            View::Array(array) if array.shape.kind() == Kind::Int => Found::packed(value, &array, &name()),
            View::Array(array) => Found::array(value, &array, &name()),
            View::Masked(masked) => Found::masked(&masked, &name()),
            View::Record(_) => strange(value),
            View::Persistent(id) => match id.at(0).and_then(|kind| kind.as_str()) {
                Some("storage") => Is::Strange("it is a storage without a tensor".into()),
                _ => Is::Nothing,
            },
            View::Object(..) => strange(value),
            _ => Is::Nothing,
        })
    }

    fn tensor(name: String, tensor: &Tensor<'_>, source: &mut Source<'_>) -> Result<Found<'d>, Failure> {
        let shown = if name.is_empty() { "itself".to_owned() } else { printable(&name) };
        let wrong = |source: &Source<'_>, what: &str| source.refuse(format!("the tensor {shown} {what}"));
        let numbers =
            |value: Value<'_>| value.items().into_iter().flatten().map(|n| n.as_u64()).collect::<Option<Vec<_>>>();
        let layout = tensor.offset.as_u64().zip(numbers(tensor.shape)).zip(numbers(tensor.stride));
        let Some(((offset, shape), stride)) = layout.filter(|((_, shape), stride)| shape.len() == stride.len()) else {
            return Err(wrong(source, "has a shape, strides or an offset that make no sense"));
        };
        let mut dtype = tensor.dtype.map(str::to_owned);
        let storage = match (tensor.packed, tensor.storage) {
            (Some(packed), _) => {
                let (mapped, file) = (source.mapped, source.name.to_owned());
                let refuse =
                    |text: String| Failure::Refused { name: file.clone(), text: format!("the tensor {shown}: {text}") };
                let (key, class) = source.storages.unpack(packed, mapped, &refuse)?;
                dtype = dtype.or_else(|| Some(Tensor::storage_dtype(&class).to_owned()));
                key
            }
            (None, Some(TensorStorage { key, .. })) => {
                text(key).ok_or_else(|| wrong(source, "has no storage in this file"))?
            }
            (None, None) => return Err(wrong(source, "has no storage in this file")),
        };
        let dtype = dtype.unwrap_or_else(|| "no dtype".into());
        let dtype = Number::of_torch(&dtype).map_or(Type::Unknown(dtype), Type::Tensor);
        Ok(Found {
            name,
            dtype,
            layout: Layout { offset, shape, stride },
            fortran: false,
            data: Data::Storage(storage),
        })
    }

    fn array(value: Value<'d>, array: &Array<'d>, name: &str) -> Is<'d> {
        let data = match array.data {
            ArrayData::Bytes(octets) => Data::Octets(octets),
            ArrayData::Objects(_) => Data::Objects(pickled(value)),
            _ => return Is::Strange("its items are in an out-of-band buffer, which is not in this file".into()),
        };
        let shape = array.axes().collect::<Option<Vec<_>>>();
        match shape.and_then(|shape| Layout::dense(shape, array.fortran)) {
            Some(layout) => Is::Found(Found {
                name: name.to_owned(),
                dtype: Type::Array(array.dtype),
                layout,
                fortran: array.fortran || matches!(data, Data::Objects(value) if is_fortran(value)),
                data,
            }),
            None => Is::Strange("it has a shape that makes no sense".into()),
        }
    }

    fn masked(masked: &Masked<'d>, name: &str) -> Is<'d> {
        if matches!(masked.array.data, ArrayData::Objects(_)) {
            return Is::Strange("it is a masked array of Python objects".into());
        }
        let out = masked.mask.filter(|&flag| flag != 0).count();
        if out != 0 {
            crate::progress::clear();
            let shown = if name.is_empty() { "the value".into() } else { printable(name) };
            let _ = writeln!(
                io::stderr(),
                "pickle: warning: {shown} is a masked array: the mask is not written, and {out} items that it hides are"
            );
        }
        // The value is asked for only where the items are objects.
        Found::array(masked.fill_value, &masked.array, name)
    }

    /// An `array.array`.
    fn packed(value: Value<'d>, array: &Array<'d>, name: &str) -> Is<'d> {
        let (dtype, data) = match array.data {
            ArrayData::Bytes(_) if array.dtype.kind == b'U' && array.dtype.size != 4 => {
                return Is::Strange("it is an array.array of UTF-16".into());
            }
            ArrayData::Bytes(octets) => (Some(array.dtype), Data::Octets(octets)),
            ArrayData::Objects(list) => {
                let code = value.as_object().and_then(|object| object.args().next()).and_then(|code| code.as_str());
                match code.zip(list.items()).and_then(|(code, items)| numbers(code, items)) {
                    Some((dtype, bytes)) => (dtype, Data::Made(bytes)),
                    None => return Is::Strange("it is an array.array of numbers that do not fit its type".into()),
                }
            }
            _ => return Is::Nothing,
        };
        let len = array.len().unwrap_or(0);
        let (Some(dtype), Some(layout)) = (dtype, Layout::dense(vec![len], false)) else {
            return Is::Strange("it is an array.array of a type that is not known".into());
        };
        Is::Found(Found { name: name.to_owned(), dtype: Type::Array(dtype), layout, fortran: false, data })
    }

    /// Bytes of an item.
    pub(super) fn item(&self) -> u64 {
        match &self.dtype {
            Type::Tensor(number) => number.size as u64,
            Type::Array(dtype) => dtype.size,
            Type::Unknown(_) => 0,
        }
    }

    /// Bytes of all items. Of a tensor its storage must have as many as it uses.
    ///
    /// # Errors
    /// They are out of proportion, or the storage is too short.
    pub(super) fn check(&self, source: &mut Source<'_>) -> Result<u64, Failure> {
        let shown = printable(&self.name);
        let sizes =
            || Some((self.layout.len()?.checked_mul(self.item())?, self.layout.extent()?.checked_mul(self.item())?));
        let Some((len, need)) = sizes() else {
            return Err(source.refuse(format!("the tensor {shown} is larger than any storage")));
        };
        if let Data::Storage(key) = &self.data {
            if len > OVERLAP_MAX.max(need) {
                return Err(source.refuse(format!(
                    "the tensor {shown} repeats its storage ({need} bytes) up to {len} bytes: more than is believed"
                )));
            }
            if len != 0 {
                let name = source.name.to_owned();
                source.storages.part(key, need, &|text| Failure::Refused { name: name.clone(), text })?;
            }
        }
        Ok(len)
    }

    /// Notes how much of its storage it uses.
    pub(super) fn announce(&self, storages: &mut Storages) {
        if let (Data::Storage(key), Some(extent)) = (&self.data, self.layout.extent()) {
            storages.will_need(key, extent.saturating_mul(self.item()));
        }
    }

    /// Writes the items, none of which are objects: in row-major order, or as they lie densely where `as_it_lies`;
    /// numbers of so many bytes turned round where they are not little-endian, 0 for none.
    pub(super) fn write(
        &self,
        source: &mut Source<'_>,
        as_it_lies: bool,
        little: usize,
        out: &mut dyn Write,
    ) -> Result<(), Trouble> {
        let is_big = match (&self.data, &self.dtype) {
            (Data::Storage(_), _) => source.storages.big_endian,
            (_, Type::Array(dtype)) => dtype.big_endian,
            _ => false,
        };
        let swap = is_big && little > 1;
        let mut change = |piece: &mut [u8]| {
            if swap {
                piece.chunks_exact_mut(little).for_each(|number| number.reverse());
            }
        };
        let item = usize::try_from(self.item()).unwrap_or(usize::MAX);
        if self.layout.len() == Some(0) || item == 0 {
            return Ok(());
        }
        match &self.data {
            Data::Storage(key) => {
                let need = self.layout.extent().and_then(|n| n.checked_mul(self.item())).unwrap_or(u64::MAX);
                let name = source.name.to_owned();
                let refuse = |text| Failure::Refused { name: name.clone(), text };
                let part = source.storages.part(key, need, &refuse).map_err(Trouble::Other)?;
                super::gather::write(&self.layout, &part, item, out, &mut change)
            }
            Data::Octets(octets) if as_it_lies || self.layout.is_contiguous() => {
                source.mapped.copy(*octets, out, &mut change)
            }
            Data::Octets(octets) => {
                let part = source.mapped.part(*octets)?;
                super::gather::write(&self.layout, &part, item, out, &mut change)
            }
            Data::Made(bytes) => {
                let mut bytes = bytes.clone();
                change(&mut bytes);
                out.write_all(&bytes).map_err(Trouble::Write)
            }
            Data::Objects(_) => Ok(()),
        }
    }
}

/// What torch rebuilds, and is no plain tensor.
fn strange(value: Value<'_>) -> Is<'_> {
    match value.as_object().and_then(|object| object.class()).map(GlobalName::pair) {
        Some((module @ ("torch._utils" | "torch._tensor"), function)) if function.starts_with("_rebuild") => {
            Is::Strange(format!("{module}.{function} does not make a plain tensor"))
        }
        Some(("torch.storage", "_load_from_bytes")) => Is::Strange("it is a storage without a tensor".into()),
        _ => Is::Nothing,
    }
}

/// The array that NumPy pickles: joblib writes those of objects inside a wrapper of its own.
fn pickled(value: Value<'_>) -> Value<'_> {
    let nested = value.as_object().and_then(|object| {
        object.changes().find_map(|change| if let Change::Nested(value) = change { Some(value) } else { None })
    });
    nested.unwrap_or(value)
}

/// An array of objects lies in Fortran order; the pickle has its items in C order.
fn is_fortran(value: Value<'_>) -> bool {
    let state = value.as_object().and_then(|object| object.state()?.items());
    state.and_then(|mut state| state.nth(state.len().checked_sub(2)?)).and_then(|fortran| fortran.as_bool())
        == Some(true)
}

/// The numbers of an `array.array` by its type code, as they lie in memory of today's machines.
fn numbers<'d>(code: &str, items: pickle_core::Items<'d>) -> Option<(Option<DType<'d>>, Vec<u8>)> {
    let (kind, size) = match code {
        "b" => (b'i', 1),
        "B" => (b'u', 1),
        "h" => (b'i', 2),
        "H" => (b'u', 2),
        "i" => (b'i', 4),
        "I" => (b'u', 4),
        "l" | "q" => (b'i', 8),
        "L" | "Q" => (b'u', 8),
        "f" => (b'f', 4),
        "d" => (b'f', 8),
        "u" | "w" => (b'U', 4),
        "c" => (b'S', 1),
        _ => return None,
    };
    let mut bytes = Vec::new();
    for item in items {
        match kind {
            b'f' => {
                let float = item.as_f64().or_else(|| item.as_i64().map(|int| int as f64))?;
                if size == 4 {
                    bytes.extend((float as f32).to_le_bytes());
                } else {
                    bytes.extend(float.to_le_bytes());
                }
            }
            b'U' => {
                let mut chars = item.as_str()?.chars();
                bytes.extend((chars.next()? as u32).to_le_bytes());
                if chars.next().is_some() {
                    return None;
                }
            }
            b'S' => bytes.push(Octets::of(item).and_then(Octets::to_array::<1>)?[0]),
            _ => {
                let int = item.as_i128()?;
                let bits = size as u32 * 8;
                let fits = if kind == b'i' { int >> (bits - 1) == int >> 127 } else { int >> bits == 0 };
                if !fits {
                    return None;
                }
                bytes.extend(int.to_le_bytes().get(..size)?);
            }
        }
    }
    let dtype = Number::of_torch("int8")?.dtype();
    Some((dtype.map(|dtype| DType::plain(kind, size as u64, dtype.big_endian)), bytes))
}

/// A part of a value, and what its name has more than that of the value; None where it has no name of its own.
type Part<'d> = (Option<String>, Value<'d>);

/// The parts of a value.
fn parts<'d>(value: Value<'d>, children: &mut Vec<Part<'d>>) {
    let view = value.view();
    match view {
        View::Mapping(_) | View::Sequence(_) | View::Set(_) | View::Partial(_) => {
            for (nth, (key, item)) in value.members().into_iter().flatten().enumerate() {
                if let Some(key) = key.map_or_else(|| Some(nth.to_string()), key_text) {
                    children.push((Some(key), item));
                }
            }
        }
        View::Global(_) | View::Extension(_) | View::Member(_) | View::DType(_) => {}
        _ => {
            if let Some(object) = value.as_object()
                && object.how() != pickle_core::How::PersId
            {
                self::object(&object, children);
            }
        }
    }
}

/// What is in an object: what it is made with and its attributes; of an `nn.Module` what is registered, without a level
/// of its own.
fn object<'d>(object: &ObjectParts<'d>, children: &mut Vec<Part<'d>>) {
    let args = object.instance().map_or_else(|| object.args(), |instance| instance.args);
    let alone = args.len() == 1;
    for (nth, value) in args.enumerate() {
        match value.entries().filter(|_| alone && value.kind() == Kind::Dict) {
            // A dict that is all of it has no name of its own.
            Some(entries) => children.extend(named(entries).map(|(key, value)| (Some(key), value))),
            None if alone => children.push((None, value)),
            None => children.push((Some(nth.to_string()), value)),
        }
    }
    let kwargs = object.kwargs().and_then(|kwargs| kwargs.entries());
    children.extend(kwargs.into_iter().flat_map(named).map(|(key, value)| (Some(key), value)));
    for change in object.changes() {
        match change {
            Change::Append(items) | Change::Add(items) => {
                children.extend(items.enumerate().map(|(nth, item)| (Some(nth.to_string()), item)));
            }
            Change::SetItem(entries) => {
                children.extend(named(entries).map(|(key, value)| (Some(key), value)));
            }
            Change::Build(state) => self::state(state, children),
            Change::Nested(value) => children.push((None, value)),
            _ => {}
        }
    }
}

/// The attributes of an object: a dict, a dict and a dict of slots, or anything else.
fn state<'d>(state: Value<'d>, children: &mut Vec<Part<'d>>) {
    let pair = (state.kind() == Kind::Tuple && state.len() == 2).then(|| [state.at(0), state.at(1)]);
    let is_dict = |value: Option<Value<'_>>| value.is_none_or(|value| value.is_none() || value.kind() == Kind::Dict);
    let dicts = match pair {
        Some(dicts) if dicts.into_iter().all(is_dict) => dicts,
        _ => [Some(state), None],
    };
    for part in dicts.into_iter().flatten() {
        let Some(entries) = part.entries() else {
            if let Some(items) = part.items() {
                children.extend(items.enumerate().map(|(nth, item)| (Some(nth.to_string()), item)));
            } else if !part.is_none() {
                children.push((None, part));
            }
            continue;
        };
        for (key, value) in named(entries) {
            if let ("_parameters" | "_buffers" | "_modules", View::Mapping(mapping)) = (key.as_str(), value.view()) {
                children.extend(named(mapping.pairs).map(|(key, value)| (Some(key), value)));
            } else {
                children.push((Some(key), value));
            }
        }
    }
}

/// What has a key that can be a part of a name.
fn named<'d>(entries: impl Iterator<Item = (Value<'d>, Value<'d>)>) -> impl Iterator<Item = (String, Value<'d>)> {
    entries.filter_map(|(key, value)| Some((key_text(key)?, value)))
}

/// A key as a part of a name: text, a number, else as `pickle show` has it.
fn key_text(key: Value<'_>) -> Option<String> {
    text(key).or_else(|| {
        let mut line = String::new();
        crate::print::json::one_line(key, &mut line);
        Some(line)
    })
}
