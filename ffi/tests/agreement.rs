//! What the functions of C say of each value is what the core says of it: in every pickle of `tests/data`, `examples/data`
//! and the corpus.

mod common;

use common::storage;
use pickle::*;
use pickle_core::view::{Fraction, View};
use pickle_core::{Kind, Node, Options, Storage, Unpickler, Value};
use std::path::{Path, PathBuf};

/// Larger files are for other tests.
const MOST: u64 = 1 << 20;

const EMPTY: pickle_iter = pickle_iter { left: 0, opaque: [std::mem::MaybeUninit::new(0); 8] };

type Get<T> = unsafe extern "C" fn(*const pickle_doc, pickle_value, *mut T) -> pickle_status;

/// A document of C.
struct Doc<'d>(&'d pickle_doc);

impl Doc<'_> {
    fn ask<T: Copy>(&self, value: pickle_value, get: Get<T>) -> Result<T, pickle_status> {
        // SAFETY: what is asked for are structs of C, whose bits may all be 0.
        let mut out: T = unsafe { std::mem::zeroed() };
        // SAFETY: all pointers are to what their types say.
        match unsafe { get(self.0, value, &mut out) } {
            pickle_status::Ok => Ok(out),
            status => Err(status),
        }
    }

    fn text(&self, value: pickle_value, get: Get<pickle_str>) -> Option<Vec<u8>> {
        let text = self.ask(value, get).ok()?;
        // SAFETY: the library says that so many bytes are there.
        Some(unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.size) }.to_vec())
    }

    fn each(&self, value: pickle_value, get: Get<pickle_iter>) -> Option<Vec<pickle_value>> {
        let mut out = EMPTY;
        // SAFETY: as above.
        let status = unsafe { get(self.0, value, &mut out) };
        let (mut found, mut item) = (Vec::new(), pickle_value { opaque: [0; 2] });
        let left = out.left;
        // SAFETY: the iterator was filled by the library.
        while status == pickle_status::Ok && unsafe { pickle_iter_next(&mut out, &mut item) } {
            found.push(item);
        }
        (status == pickle_status::Ok).then(|| {
            assert_eq!(found.len(), left);
            found
        })
    }

    fn pairs(&self, value: pickle_value, get: Get<pickle_iter>) -> Option<Vec<(pickle_value, pickle_value)>> {
        let mut out = EMPTY;
        // SAFETY: as above.
        let status = unsafe { get(self.0, value, &mut out) };
        let (mut found, mut key, mut under) =
            (Vec::new(), pickle_value { opaque: [0; 2] }, pickle_value { opaque: [0; 2] });
        let left = out.left;
        // SAFETY: the iterator was filled by the library.
        while status == pickle_status::Ok && unsafe { pickle_iter_next_entry(&mut out, &mut key, &mut under) } {
            found.push((key, under));
        }
        (status == pickle_status::Ok).then(|| {
            assert_eq!(found.len(), left);
            found
        })
    }

    fn octets(&self, value: pickle_value) -> Option<Vec<u8>> {
        let mut size = 0;
        // SAFETY: no buffer has no bytes.
        let status = unsafe { pickle_value_copy_bytes(self.0, value, std::ptr::null_mut(), 0, &mut size) };
        if !matches!(status, pickle_status::Ok | pickle_status::OutOfRange) {
            return None;
        }
        let mut bytes = vec![0u8; size];
        // SAFETY: the buffer has so many bytes.
        let status =
            unsafe { pickle_value_copy_bytes(self.0, value, bytes.as_mut_ptr().cast(), bytes.len(), &mut size) };
        assert_eq!((status, size), (pickle_status::Ok, bytes.len()));
        Some(bytes)
    }

    fn name(&self, value: pickle_value) -> Option<(Vec<u8>, Vec<u8>)> {
        // SAFETY: a null pointer and no bytes.
        let (mut module, mut name): (pickle_str, pickle_str) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        // SAFETY: all pointers are to what their types say.
        match unsafe { pickle_value_as_global(self.0, value, &mut module, &mut name) } {
            pickle_status::Ok => {
                // SAFETY: the library says that so many bytes are there.
                let bytes = |text: pickle_str| unsafe {
                    std::slice::from_raw_parts(text.data.cast::<u8>(), text.size).to_vec()
                };
                Some((bytes(module), bytes(name)))
            }
            _ => None,
        }
    }
}

/// The known type that C should tell, and the number of the value that it should have there.
fn told(value: Value<'_>) -> pickle_known {
    use pickle_core::view::{MappingKind as M, SequenceKind as S, Zone};
    use pickle_known as K;
    if value.kind() != Kind::Object {
        return K::None;
    }
    match value.view() {
        View::Bytes(_) => K::Bytes,
        View::ByteArray(_) => K::ByteArray,
        View::Complex(..) => K::Complex,
        View::Range(..) => K::Range,
        View::Slice(..) => K::Slice,
        View::Date(_) => K::Date,
        View::Time(..) => K::Time,
        View::DateTime(..) => K::DateTime,
        View::TimeDelta(_) => K::TimeDelta,
        View::Zone(Zone::Fixed(..)) => K::TimeZone,
        View::Zone(Zone::Named { .. }) => K::ZoneInfo,
        View::Zone(_) => K::LocalZone,
        View::Decimal(_) => K::Decimal,
        View::Fraction(Fraction::Text(_)) => K::FractionText,
        View::Fraction(_) => K::Fraction,
        View::Uuid(_) => K::Uuid,
        View::Path(_) => K::Path,
        View::Pattern(_) => K::Pattern,
        View::Ip(_) => K::Ip,
        View::Member(_) => K::Member,
        View::Partial(_) => K::Partial,
        View::Set(set) => [K::Set, K::FrozenSet][usize::from(set.frozen)],
        View::Sequence(sequence) => match sequence.kind {
            S::List => K::List,
            S::Tuple => K::Tuple,
            S::Deque => K::Deque,
            _ => K::UserList,
        },
        View::Mapping(mapping) => match mapping.kind {
            M::Dict => K::Dict,
            M::OrderedDict => K::OrderedDict,
            M::DefaultDict => K::DefaultDict,
            M::Counter => K::Counter,
            M::FrozenDict => K::FrozenDict,
            M::Proxy => K::MappingProxy,
            M::ChainMap => K::ChainMap,
            _ => K::UserDict,
        },
        View::Derived(_) => K::Derived,
        View::Record(_) | View::Pandas(_) => K::Record,
        View::DType(_) => K::DType,
        View::Array(_) => K::Array,
        View::Scalar(..) => K::Scalar,
        View::DataFrame { .. } => K::DataFrame,
        View::Series { .. } => K::Series,
        View::Index { .. } => K::Index,
        View::Tensor(_) => K::Tensor,
        View::Sparse { .. } => K::Sparse,
        // Masked arrays are not told apart, and what is nothing more than an object.
        _ => K::None,
    }
}

/// What is wrong with a value of C, if something is; `put` gets what is in both.
fn compare<'d>(
    doc: &Doc<'_>,
    value: Value<'d>,
    of_c: pickle_value,
    put: &mut dyn FnMut(Value<'d>, pickle_value),
) -> Result<(), String> {
    fn same<T: PartialEq + std::fmt::Debug>(what: &str, core: T, of_c: T) -> Result<(), String> {
        if core == of_c { Ok(()) } else { Err(format!("{what}: {core:?} in the core, {of_c:?} in C")) }
    }
    // SAFETY: the document is alive.
    let (kind, known, len, none) = unsafe {
        (
            pickle_value_kind(doc.0, of_c),
            pickle_value_known(doc.0, of_c),
            pickle_value_len(doc.0, of_c),
            pickle_value_is_none(doc.0, of_c),
        )
    };
    same("kind", format!("{:?}", value.kind()), format!("{kind:?}"))?;
    same("known type", told(value), known)?;
    same("length", value.len(), len)?;
    same("is None", value.is_none(), none)?;
    same("identity", value.id().is_some(), doc.ask(of_c, pickle_value_id).is_ok())?;
    same("bool", value.as_bool(), doc.ask(of_c, pickle_value_as_bool).ok())?;
    same("int", value.as_i64(), doc.ask(of_c, pickle_value_as_i64).ok())?;
    let float = |float: f64| float.to_bits();
    if value.kind() == Kind::Float {
        same("float", value.as_f64().map(float), doc.ask(of_c, pickle_value_as_f64).ok().map(float))?;
    }
    same("text", value.as_str().map(|text| text.as_bytes().to_vec()), doc.text(of_c, pickle_value_as_str))?;
    let global = value.as_global().map(|it| (it.module.as_bytes().to_vec(), it.name.as_bytes().to_vec()));
    same("global", global, doc.name(of_c))?;
    let view = value.view();
    match view {
        View::Bytes(octets) | View::ByteArray(octets) | View::Scalar(_, octets) => {
            same("bytes", Some(octets.collect::<Vec<u8>>()), doc.octets(of_c))?;
        }
        View::Complex(re, im) => {
            let mut found = (0f64, 0f64);
            // SAFETY: all pointers are to what their types say.
            let status = unsafe { pickle_value_as_complex(doc.0, of_c, &mut found.0, &mut found.1) };
            same("status", pickle_status::Ok, status)?;
            same("complex", (float(re), float(im)), (float(found.0), float(found.1)))?;
        }
        View::Date(_) | View::Time(..) | View::DateTime(..) => {
            let (date, time) = match view {
                View::Date(date) => (Some(date), None),
                View::Time(time, _) => (None, Some(time)),
                View::DateTime(date, time, _) => (Some(date), Some(time)),
                _ => (None, None),
            };
            let at = doc.ask(of_c, pickle_value_as_datetime).map_err(|status| format!("{status:?}"))?;
            same("day", date.map_or((0, 0, 0), |it| (it.year, it.month, it.day)), (at.year, at.month, at.day))?;
            let core = time.map_or((0, 0, 0, 0, false), |it| (it.hour, it.minute, it.second, it.microsecond, it.fold));
            same("time", core, (at.hour, at.minute, at.second, at.microsecond, at.fold))?;
            let zone = matches!(view, View::Time(_, Some(_)) | View::DateTime(_, _, Some(_)));
            // SAFETY: the document is alive.
            same("zone", zone, !unsafe { pickle_value_is_none(doc.0, at.zone) })?;
        }
        View::TimeDelta(delta) => {
            let found = doc.ask(of_c, pickle_value_as_timedelta).map_err(|status| format!("{status:?}"))?;
            let core = (delta.days, delta.seconds, delta.microseconds);
            same("span", core, (found.days, found.seconds, found.microseconds))?;
        }
        View::Zone(zone) => {
            let offset = zone.offset().map(|it| (it.days, it.seconds, it.microseconds));
            let found = doc.ask(of_c, pickle_value_as_timedelta).ok();
            same("offset", offset, found.map(|it| (it.days, it.seconds, it.microseconds)))?;
            let name = zone.name().map(|name| name.as_bytes().to_vec());
            same("name", name, doc.text(of_c, pickle_value_known_text))?;
        }
        View::Decimal(text) | View::Fraction(Fraction::Text(text)) => {
            same("text", Some(text.as_bytes().to_vec()), doc.text(of_c, pickle_value_known_text))?;
        }
        View::Member(member) => {
            same("name", Some(member.name.as_bytes().to_vec()), doc.text(of_c, pickle_value_known_text))?;
        }
        View::Uuid(uuid) => {
            let mut bytes = [0u8; 16];
            // SAFETY: the buffer has 16 bytes.
            let status = unsafe { pickle_value_as_uuid(doc.0, of_c, bytes.as_mut_ptr()) };
            same("UUID", (pickle_status::Ok, uuid.0.to_be_bytes()), (status, bytes))?;
        }
        View::Array(array) => {
            let found = doc.ask(of_c, pickle_value_as_array).map_err(|status| format!("{status:?}"))?;
            let dtype = array.dtype;
            let core = (array.len().unwrap_or(0), dtype.size, dtype.kind, dtype.big_endian, array.fortran);
            same("array", core, (found.len, found.item_size, found.kind, found.big_endian, found.fortran))?;
            if let pickle_core::known::Data::Bytes(octets) = array.data {
                same("items of the array", Some(octets.collect::<Vec<u8>>()), doc.octets(of_c))?;
            }
            put(array.shape, found.shape);
        }
        _ => {}
    }
    // What the value consists of, as the pickle spells it and as it is meant.
    let list = |items: Option<pickle_core::Items<'d>>| items.map(Iterator::collect::<Vec<_>>);
    let meant = match view {
        View::Sequence(sequence) => Some(sequence.items),
        View::Set(set) => Some(set.items),
        View::Path(path) => Some(path.parts),
        View::Partial(partial) => Some(partial.args),
        View::Record(record) => Some(record.positional()),
        View::Pandas(_) => value.as_object().and_then(|it| it.as_record()).map(|record| record.positional()),
        _ => None,
    };
    let args = value.as_object().map(|object| object.args());
    for (what, core, of_c) in [
        ("items", list(value.items()), doc.each(of_c, pickle_value_items)),
        ("items that are meant", list(meant), doc.each(of_c, pickle_value_known_items)),
        ("arguments", list(args), doc.each(of_c, pickle_object_args)),
    ] {
        same(what, core.as_ref().map(Vec::len), of_c.as_ref().map(Vec::len))?;
        core.into_iter().flatten().zip(of_c.into_iter().flatten()).for_each(|(core, of_c)| put(core, of_c));
    }
    let mapping = match view {
        View::Mapping(mapping) => Some(mapping.pairs.collect()),
        _ => None,
    };
    let attributes: Option<Vec<_>> = match view {
        View::Record(record) => Some(record.attributes.collect()),
        View::Sequence(sequence) => Some(sequence.attributes.collect()),
        View::Set(set) => Some(set.attributes.collect()),
        View::Mapping(mapping) => Some(mapping.attributes.collect()),
        View::Partial(partial) => Some(partial.attributes.collect()),
        View::Pandas(_) => value.as_object().and_then(|it| it.as_record()).map(|record| record.attributes.collect()),
        _ => None,
    };
    for (what, core, of_c) in [
        ("entries", value.entries().map(Iterator::collect::<Vec<_>>), doc.pairs(of_c, pickle_value_entries)),
        ("entries that are meant", mapping, doc.pairs(of_c, pickle_value_known_entries)),
        ("attributes", attributes, doc.pairs(of_c, pickle_value_known_attributes)),
    ] {
        same(what, core.as_ref().map(Vec::len), of_c.as_ref().map(Vec::len))?;
        for ((key, under), (key_of_c, under_of_c)) in core.into_iter().flatten().zip(of_c.into_iter().flatten()) {
            put(key, key_of_c);
            put(under, under_of_c);
        }
    }
    let (class, inner) = match view {
        View::Record(record) => (Some(record.class), None),
        View::Sequence(sequence) => (sequence.class, None),
        View::Set(set) => (set.class, None),
        View::Mapping(mapping) => (mapping.class, None),
        View::Derived(derived) => (derived.class, Some(derived.value)),
        View::Member(member) => (Some(member.of), None),
        View::Partial(partial) => (Some(partial.function), None),
        View::Pattern(pattern) => (None, Some(pattern.pattern)),
        View::Pandas(_) => (value.as_object().and_then(|it| it.as_record()).map(|record| record.class), None),
        _ => (None, None),
    };
    let object = value.as_object();
    for (what, core, get) in [
        ("class", class, pickle_value_known_class as Get<pickle_value>),
        ("value of the base class", inner, pickle_value_known_inner),
        ("callable", object.map(|it| it.callable()), pickle_object_callable),
        ("keyword arguments", object.and_then(|it| it.kwargs()), pickle_object_kwargs),
        ("state", object.and_then(|it| it.state()), pickle_object_state),
        ("inner value", value.inner(), pickle_value_inner),
    ] {
        let found = doc.ask(of_c, get).ok();
        same(what, core.is_some(), found.is_some())?;
        core.zip(found).into_iter().for_each(|(core, of_c)| put(core, of_c));
    }
    Ok(())
}

/// Compares all values of a pickle; how many there are. `None` where neither can be read.
fn walk(pickle: &[u8]) -> Result<Option<usize>, String> {
    let words = pickle.len().saturating_mul(8) + 64;
    let (mut nodes, mut memo, mut bytes) = (vec![[0u64; 2]; words], vec![[0u64; 2]; words], vec![0u8; words]);
    let (mut core_nodes, mut core_memo) = (vec![Node::EMPTY; words], vec![Node::EMPTY; words]);
    let mut core_bytes = vec![0u8; words];
    let storage_of_c = storage(&mut nodes, &mut memo, &mut bytes);
    let mut doc = std::mem::MaybeUninit::<pickle_doc>::zeroed();
    // SAFETY: all pointers are to what their types and lengths say, and outlive the document.
    let (status, doc) = unsafe {
        let data = pickle.as_ptr().cast();
        let status =
            pickle_load(&storage_of_c, data, pickle.len(), std::ptr::null(), doc.as_mut_ptr(), std::ptr::null_mut());
        (status, doc.assume_init())
    };
    let mut unpickler = Unpickler::new(Storage::new(&mut core_nodes, &mut core_memo, &mut core_bytes), Options::new());
    let document = match unpickler.load(pickle) {
        Ok(document) => document,
        Err(error) if status as i32 == error.kind() as i32 => return Ok(None),
        Err(error) => return Err(format!("{error} in the core, {status:?} in C")),
    };
    if status != pickle_status::Ok {
        return Err(format!("read by the core, {status:?} in C"));
    }
    let doc = Doc(&doc);
    // SAFETY: the document is alive.
    let mut stack = vec![(document.root(), unsafe { pickle_doc_root(doc.0) })];
    let mut met = vec![false; document.id_limit()];
    let mut count = 0;
    while let Some((value, of_c)) = stack.pop() {
        if value.id().and_then(|id| met.get_mut(id)).is_some_and(|met| std::mem::replace(met, true)) {
            continue;
        }
        count += 1;
        compare(&doc, value, of_c, &mut |value, of_c| stack.push((value, of_c)))
            .map_err(|text| format!("value number {count}, a {:?}: {text}", value.kind()))?;
    }
    Ok(Some(count))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.metadata() {
            Ok(data) if data.is_dir() => files(&path, found),
            Ok(data) if data.len() <= MOST => found.push(path),
            _ => {}
        }
    }
}

#[test]
fn every_value_of_every_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["tests/data", "examples/data", "../shared/corpus"] {
        files(&root.join(folder), &mut found);
    }
    found.sort();
    let (mut wrong, mut read, mut values) = (Vec::new(), 0, 0);
    for path in &found {
        match walk(&std::fs::read(path).unwrap()) {
            Ok(Some(count)) => {
                read += 1;
                values += count;
            }
            Ok(None) => {}
            Err(text) => wrong.push(format!("{}: {text}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), found.len(), wrong.join("\n"));
    assert!(read > 100 && values > 10_000, "{read} pickles of {values} values");
}

#[test]
fn every_spelling() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/views/views.tsv")).unwrap();
    for line in table.lines() {
        let hex = line.rsplit('\t').next().unwrap_or_default();
        let pickle: Vec<u8> =
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
        assert!(matches!(walk(&pickle), Ok(Some(_))), "{line}: {:?}", walk(&pickle));
    }
}
