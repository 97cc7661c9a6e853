//! A document to its flat form, without recursion.

use super::known::{Facts, KnownKind, Part, facts};
use super::{VERSION, change, tag};
use crate::error::{ErrorKind, PickleError};
use foldhash::fast::RandomState;
use num_bigint::BigInt as Big;
use pickle_core::view::Attributes;
use pickle_core::{BigInt, Change, Changes, Digits, Document, Entries, GlobalName, How, Items, Kind, OutOfBand, Value};
use std::collections::HashMap;

/// Decimal digits of an int beyond 64 bits; turning them into binary takes quadratic time.
const DIGITS_MAX: usize = 100_000;
/// Dicts with more keys than this do not share them.
const SHARED_KEYS_MAX: usize = 64;
/// What facts about objects may cost in the smallest document, see [`Writer::spare`].
const SPARE_MIN: usize = 4096;
/// Bytes of a buffer: what a Java array can hold.
const LEN_MAX: usize = i32::MAX as usize - 64;

/// Appends the flat form of a document's root to `out`. Values nest at most `max_depth` levels.
///
/// # Errors
/// [`ErrorKind::DepthLimit`], [`ErrorKind::SizeLimit`]: the document is deeper or larger than that.
pub fn encode(document: &Document<'_>, max_depth: u32, out: Vec<u8>) -> Result<Vec<u8>, PickleError> {
    encode_with(document, max_depth, out, Numbers::Dense(vec![0; document.id_limit()]))
}

/// The same of parts of a document that is far larger, one after the other in the same memory.
#[derive(Default)]
pub struct Parts {
    out: Vec<u8>,
    nodes: HashMap<usize, u32, RandomState>,
    texts: HashMap<Place, u32, RandomState>,
}

/// Entries of a table that is kept for the next part: to clear a larger one takes longer than to make one.
const KEPT_MAX: usize = 512;
/// Bytes of a part whose memory is kept.
const BYTES_KEPT_MAX: usize = 1 << 20;

/// An empty table, where this one is small in its memory.
fn cleared<K, V>(mut table: HashMap<K, V, RandomState>) -> HashMap<K, V, RandomState> {
    if table.capacity() > KEPT_MAX {
        return HashMap::default();
    }
    table.clear();
    table
}

impl Parts {
    /// The flat form of a document's root.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn encode(&mut self, document: &Document<'_>, max_depth: u32) -> Result<&[u8], PickleError> {
        let Parts { mut out, nodes, texts } = std::mem::take(self);
        out.clear();
        // A large part is not paid for by all that follow.
        let out = if out.capacity() > BYTES_KEPT_MAX { Vec::new() } else { out };
        let mut writer = Writer::new(out, Numbers::Sparse(nodes), max_depth);
        writer.texts = texts;
        writer.byte(VERSION);
        writer.run(document.root())?;
        let Writer { out, nodes, texts, .. } = writer;
        *self = Parts {
            out,
            nodes: if let Numbers::Sparse(nodes) = nodes { cleared(nodes) } else { HashMap::default() },
            texts: cleared(texts),
        };
        Ok(&self.out)
    }
}

/// Appends a list of values of a document, the levels of each at most `max_depth`: what they share is shared.
///
/// # Errors
/// As [`encode`].
pub fn encode_list<'d>(values: &[Value<'d>], max_depth: u32) -> Result<Vec<u8>, PickleError> {
    let mut writer = Writer::new(Vec::new(), Numbers::Sparse(HashMap::default()), max_depth);
    writer.byte(VERSION);
    writer.byte(tag::LIST);
    writer.number(values.len() as u64);
    writer.next_node = 1;
    for &value in values {
        writer.run(value)?;
    }
    Ok(writer.out)
}

fn encode_with(document: &Document<'_>, max_depth: u32, out: Vec<u8>, nodes: Numbers) -> Result<Vec<u8>, PickleError> {
    let mut writer = Writer::new(out, nodes, max_depth);
    writer.byte(VERSION);
    writer.run(document.root())?;
    Ok(writer.out)
}

/// The same range of the input, read as the same kind of text, is the same text: address, length and kind.
type Place = (usize, usize, u8);

fn place(tag: u8, bytes: &[u8]) -> Place {
    (bytes.as_ptr() as usize, bytes.len(), if tag == tag::SURROGATES { tag::STR } else { tag })
}

struct Writer<'d> {
    out: Vec<u8>,
    nodes: Numbers,
    next_node: u32,
    texts: HashMap<Place, u32, RandomState>,
    next_text: u32,
    globals: HashMap<(&'d str, &'d str), u32, RandomState>,
    /// Classes in classes that were written as globals, by their nodes.
    nested: HashMap<usize, u32, RandomState>,
    /// The addresses of the keys, by their number.
    keys: Vec<Box<[usize]>>,
    keys_by_texts: HashMap<Box<[usize]>, u32, RandomState>,
    /// Which keys were used last.
    last_keys: usize,
    stack: Vec<Frame<'d>>,
    depth: usize,
    max_depth: usize,
    /// Bytes of the output that are facts about objects: they repeat what stands elsewhere.
    facts: usize,
    /// What looking for facts and repeating values has cost, see [`Writer::spare`].
    spent: usize,
}

/// By the id of a value: 1 + the number of the node, 0 for what has none yet.
enum Numbers {
    Dense(Vec<u32>),
    Sparse(HashMap<usize, u32, RandomState>),
}

impl Numbers {
    #[inline]
    fn get(&self, id: usize) -> u32 {
        match self {
            Numbers::Dense(numbers) => numbers.get(id).copied().unwrap_or(0),
            Numbers::Sparse(numbers) => numbers.get(&id).copied().unwrap_or(0),
        }
    }

    #[inline]
    fn set(&mut self, id: usize, number: u32) {
        match self {
            Numbers::Dense(numbers) => {
                if let Some(place) = numbers.get_mut(id) {
                    *place = number;
                }
            }
            Numbers::Sparse(numbers) => {
                numbers.insert(id, number);
            }
        }
    }
}

/// What is still to be written of a node.
enum Frame<'d> {
    Items(Items<'d>),
    Entries(Entries<'d>, Option<Value<'d>>),
    /// The values of a dict whose keys are written.
    Values(Entries<'d>),
    /// Parts of an object, last first.
    Parts([Option<Value<'d>>; 2]),
    /// Arguments that stand alone: as a tuple.
    Arguments(Items<'d>),
    Changes(Changes<'d>, Value<'d>),
    /// The kind, where it is still to be written; the parts.
    Known(Option<KnownKind>, std::vec::IntoIter<Part<'d>>),
    /// Names and values: nothing is written yet; those to come; the value whose name is written.
    Attributes(bool, Attributes<'d>, Option<Value<'d>>),
}

impl Frame<'_> {
    /// How much deeper what it holds lies.
    fn levels(&self) -> usize {
        match self {
            Frame::Items(_) | Frame::Entries(..) | Frame::Values(_) | Frame::Changes(..) => 1,
            Frame::Parts(_) | Frame::Arguments(_) | Frame::Known(..) | Frame::Attributes(..) => 0,
        }
    }
}

impl<'d> Writer<'d> {
    fn new(out: Vec<u8>, nodes: Numbers, max_depth: u32) -> Self {
        Writer {
            out,
            nodes,
            next_node: 0,
            texts: HashMap::default(),
            next_text: 0,
            globals: HashMap::default(),
            nested: HashMap::default(),
            keys: Vec::new(),
            keys_by_texts: HashMap::default(),
            last_keys: 0,
            stack: Vec::new(),
            depth: 0,
            max_depth: max_depth as usize,
            facts: 0,
            spent: 0,
        }
    }

    fn run(&mut self, root: Value<'d>) -> Result<(), PickleError> {
        self.value(root)?;
        while let Some(frame) = self.stack.pop() {
            self.depth -= frame.levels();
            self.frame(frame)?;
        }
        Ok(())
    }

    /// Goes on with a frame until it is done, or a node opens inside it.
    fn frame(&mut self, frame: Frame<'d>) -> Result<(), PickleError> {
        match frame {
            Frame::Items(mut items) => {
                while let Some(value) = items.next() {
                    if !self.leaf(value)? {
                        self.push(Frame::Items(items))?;
                        return self.open(value);
                    }
                }
            }
            Frame::Values(mut entries) => {
                while let Some((_, value)) = entries.next() {
                    if !self.leaf(value)? {
                        self.push(Frame::Values(entries))?;
                        return self.open(value);
                    }
                }
            }
            Frame::Entries(mut entries, mut pending) => loop {
                let value = match pending.take() {
                    Some(value) => value,
                    None => match entries.next() {
                        Some((key, value)) => {
                            pending = Some(value);
                            key
                        }
                        None => break,
                    },
                };
                if !self.leaf(value)? {
                    self.push(Frame::Entries(entries, pending))?;
                    return self.open(value);
                }
            },
            Frame::Parts([mut first, mut second]) => {
                while let Some(value) = first.take() {
                    first = second.take();
                    if !self.leaf(value)? {
                        self.push(Frame::Parts([first, None]))?;
                        return self.open(value);
                    }
                }
            }
            Frame::Arguments(args) => {
                if args.len() == 0 {
                    self.byte(tag::EMPTY_TUPLE);
                } else {
                    self.next_node += 1;
                    self.byte(tag::TUPLE);
                    self.number(args.len() as u64);
                    self.push(Frame::Items(args))?;
                }
            }
            Frame::Changes(mut changes, object) => match changes.next() {
                Some(change) => {
                    self.push(Frame::Changes(changes, object))?;
                    self.change(change)?;
                }
                None => self.known(object)?,
            },
            Frame::Attributes(head, mut attributes, mut pending) => {
                if head {
                    self.byte(change::ATTRIBUTES);
                    self.number(attributes.len() as u64);
                }
                while let Some(value) = pending.take().or_else(|| {
                    let (name, value) = attributes.next()?;
                    pending = Some(value);
                    Some(name)
                }) {
                    let before = self.out.len();
                    if !self.leaf(value)? {
                        self.push(Frame::Attributes(false, attributes, pending))?;
                        return self.open(value);
                    }
                    self.facts += self.out.len() - before;
                }
            }
            Frame::Known(kind, mut parts) => {
                if let Some(kind) = kind {
                    self.byte(change::KNOWN);
                    self.byte(kind as u8);
                    self.number(parts.len() as u64);
                }
                for part in parts.by_ref() {
                    let before = self.out.len();
                    match part {
                        Part::Int(n) => self.int(n),
                        Part::Float(n) => self.float(n),
                        Part::Str(text) => self.text(tag::STR, text.as_bytes())?,
                        Part::Octets(octets) => match octets.as_slice() {
                            Some(bytes) => self.text(tag::BYTES, bytes)?,
                            None => self.fresh(tag::BYTES, &octets.collect::<Vec<u8>>())?,
                        },
                        Part::Bytes(bytes) => self.fresh(tag::BYTES, &bytes)?,
                        Part::Text(text) => self.fresh(tag::STR, text.as_bytes())?,
                        Part::Value(value) => {
                            if !self.leaf(value)? {
                                self.push(Frame::Known(None, parts))?;
                                return self.open(value);
                            }
                        }
                    }
                    self.facts += self.out.len() - before;
                }
                self.byte(change::END);
            }
        }
        Ok(())
    }

    fn push(&mut self, frame: Frame<'d>) -> Result<(), PickleError> {
        self.depth += frame.levels();
        if self.depth > self.max_depth {
            let text =
                format!("values nest deeper than {} levels; raise the limit on depth to read them", self.max_depth);
            return Err(PickleError::new(ErrorKind::DepthLimit, 0, text));
        }
        self.stack.push(frame);
        Ok(())
    }

    fn value(&mut self, value: Value<'d>) -> Result<(), PickleError> {
        if self.leaf(value)? { Ok(()) } else { self.open(value) }
    }

    /// Writes a value that has no values inside, or that was written before.
    #[inline]
    fn leaf(&mut self, value: Value<'d>) -> Result<bool, PickleError> {
        match value.kind() {
            Kind::None => self.byte(tag::NONE),
            Kind::Bool => self.byte(if value.as_bool() == Some(true) { tag::TRUE } else { tag::FALSE }),
            Kind::Int => match value.as_big_int() {
                None => self.int(value.as_i64().unwrap_or_default()),
                Some(big) => self.big_int(big)?,
            },
            Kind::Float => self.float(value.as_f64().unwrap_or_default()),
            Kind::Str => {
                let bytes = value.str_bytes().unwrap_or_default();
                let tag = if value.as_str().is_some() { tag::STR } else { tag::SURROGATES };
                self.text(tag, bytes)?;
            }
            Kind::Str8 => self.text(tag::STR8, value.as_bytes().unwrap_or_default())?,
            Kind::Bytes => self.text(tag::BYTES, value.as_bytes().unwrap_or_default())?,
            Kind::Global => self.global(value)?,
            Kind::Extension => {
                self.byte(tag::EXTENSION);
                self.number(u64::from(value.as_extension().unwrap_or_default()));
            }
            Kind::Buffer => {
                let OutOfBand { index, read_only } = value.as_buffer().unwrap_or_default();
                self.byte(tag::BUFFER);
                self.number(u64::from(index));
                self.byte(u8::from(read_only));
            }
            Kind::Tuple if value.id().is_none() => self.byte(tag::EMPTY_TUPLE),
            _ => {
                let known = value.id().map_or(0, |id| self.nodes.get(id));
                if known == 0 {
                    return Ok(false);
                }
                self.byte(tag::NODE_AGAIN);
                self.number(u64::from(known - 1));
            }
        }
        Ok(true)
    }

    /// Begins a node: its tag and count, and a frame for the rest.
    fn open(&mut self, value: Value<'d>) -> Result<(), PickleError> {
        if self.out.len() > LEN_MAX {
            return Err(PickleError::new(ErrorKind::SizeLimit, 0, "the values take more than 2 GiB"));
        }
        self.next_node += 1;
        if let Some(id) = value.id() {
            self.nodes.set(id, self.next_node);
        }
        match value.kind() {
            Kind::List => self.items(tag::LIST, value),
            Kind::Tuple => self.items(tag::TUPLE, value),
            Kind::Set => self.items(tag::SET, value),
            Kind::FrozenSet => self.items(tag::FROZEN_SET, value),
            Kind::Dict => self.dict(value),
            Kind::ByteArray => {
                self.byte(tag::BYTE_ARRAY);
                self.text(tag::BYTES, value.as_bytes().unwrap_or_default())
            }
            Kind::ReadOnly => {
                self.byte(tag::READ_ONLY);
                self.push(Frame::Parts([value.inner(), None]))
            }
            _ => self.object(value),
        }
    }

    fn items(&mut self, tag: u8, value: Value<'d>) -> Result<(), PickleError> {
        let Some(items) = value.items() else { return Ok(()) };
        self.byte(tag);
        self.number(items.len() as u64);
        self.push(Frame::Items(items))
    }

    fn dict(&mut self, value: Value<'d>) -> Result<(), PickleError> {
        let Some(entries) = value.entries() else { return Ok(()) };
        if let Some(number) = self.same_keys(entries) {
            self.byte(tag::DICT_KEYS_AGAIN);
            self.number(number as u64);
            return self.push(Frame::Values(entries));
        }
        let is_shared = (1..=SHARED_KEYS_MAX).contains(&entries.len())
            && entries.into_iter().all(|(key, _)| key.kind() == Kind::Str);
        self.byte(if is_shared { tag::DICT_NEW_KEYS } else { tag::DICT });
        self.number(entries.len() as u64);
        if !is_shared {
            return self.push(Frame::Entries(entries, None));
        }
        self.remember_keys(entries);
        for (key, _) in entries {
            self.leaf(key)?;
        }
        self.push(Frame::Values(entries))
    }

    fn same_keys(&mut self, entries: Entries<'d>) -> Option<usize> {
        let fits = |keys: &[usize]| {
            keys.len() == entries.len() && entries.zip(keys).all(|((key, _), at)| address(key) == Some(*at))
        };
        if self.keys.get(self.last_keys).is_some_and(|keys| fits(keys)) {
            return Some(self.last_keys);
        }
        if !(1..=SHARED_KEYS_MAX).contains(&entries.len()) {
            return None;
        }
        let keys: Option<Vec<usize>> = entries.map(|(key, _)| address(key)).collect();
        self.last_keys = *self.keys_by_texts.get(keys?.as_slice())? as usize;
        Some(self.last_keys)
    }

    fn remember_keys(&mut self, entries: Entries<'d>) {
        let number = self.keys.len();
        // Keys that are no texts of their own (the empty str) match no later ones.
        let keys: Box<[usize]> = entries.map(|(key, _)| address(key).unwrap_or(0)).collect();
        self.keys_by_texts.insert(keys.clone(), number as u32);
        self.keys.push(keys);
        self.last_keys = number;
    }

    fn object(&mut self, value: Value<'d>) -> Result<(), PickleError> {
        let Some(object) = value.as_object() else { return Ok(()) };
        let how = object.how();
        self.byte(tag::OBJECT);
        self.byte(how as u8);
        self.push(Frame::Changes(object.changes(), value))?;
        match how {
            How::Obj | How::Inst => self.push(Frame::Arguments(object.args()))?,
            How::Reduce | How::NewObj | How::NewObjEx => {
                self.push(Frame::Parts([object.args_value(), object.kwargs()]))?;
            }
            How::PersId | How::Changed => {}
        }
        self.value(object.callable())
    }

    fn change(&mut self, change: Change<'d>) -> Result<(), PickleError> {
        match change {
            Change::Append(items) => self.changed(change::APPEND, items),
            Change::Add(items) => self.changed(change::ADD, items),
            Change::SetItem(entries) => {
                self.byte(change::SET_ITEM);
                self.number(entries.len() as u64);
                self.push(Frame::Entries(entries, None))
            }
            Change::Build(state) => {
                self.byte(change::BUILD);
                self.value(state)
            }
            Change::Raw(bytes, offset) => {
                self.byte(change::RAW);
                self.number(offset);
                self.text(tag::BYTES, bytes)
            }
            Change::Nested(root) => {
                self.byte(change::NESTED);
                self.value(root)
            }
            _ => Ok(()),
        }
    }

    fn changed(&mut self, kind: u8, items: Items<'d>) -> Result<(), PickleError> {
        self.byte(kind);
        self.number(items.len() as u64);
        self.push(Frame::Items(items))
    }

    /// Ends an object with what it is known to be.
    fn known(&mut self, value: Value<'d>) -> Result<(), PickleError> {
        let mut spare = self.spare();
        let before = spare;
        let facts = facts(value, &mut spare);
        self.spent += before - spare;
        self.write_facts(facts)
    }

    /// Writes facts about an object, the parts of what it is known to be last.
    fn write_facts(&mut self, facts: Facts<'d>) -> Result<(), PickleError> {
        let Facts { class, attributes, known, unknown } = facts;
        let (kind, parts) = known.map_or((None, Vec::new()), |(kind, parts)| (Some(kind), parts));
        self.push(Frame::Known(kind, parts.into_iter()))?;
        if let Some(attributes) = attributes {
            self.push(Frame::Attributes(true, attributes, None))?;
        }
        if let Some(why) = unknown {
            self.byte(change::UNKNOWN);
            self.byte(why as u8);
        }
        match class {
            Some(class) => {
                self.byte(change::CLASS);
                if self.nested_name(class)? { Ok(()) } else { self.value(class) }
            }
            None => Ok(()),
        }
    }

    /// What facts may still cost: twice the bytes that stand for the values themselves, so that the whole stays linear in
    /// those whatever the objects share.
    fn spare(&self) -> usize {
        (SPARE_MIN + 2 * (self.out.len() - self.facts)).saturating_sub(self.spent)
    }

    fn global(&mut self, value: Value<'d>) -> Result<(), PickleError> {
        let GlobalName { module, name } = value.as_global().unwrap_or_default();
        if let Some(&number) = self.globals.get(&(module, name)) {
            self.byte(tag::TEXT_AGAIN);
            self.number(u64::from(number));
            return Ok(());
        }
        self.byte(tag::GLOBAL);
        match value.global_parts().map(GlobalName::pair) {
            Some((module, name)) => {
                self.leaf(module)?;
                self.leaf(name)?;
            }
            // Both stand in one line of the input: no text of their own.
            None => {
                self.fresh(tag::STR, module.as_bytes())?;
                self.fresh(tag::STR, name.as_bytes())?;
            }
        }
        self.globals.insert((module, name), self.next_text);
        self.next_text += 1;
        Ok(())
    }

    /// Writes a class in a class, which protocols below 4 have as an attribute, as the global that protocol 4 has. False
    /// where it is none, or where its name repeats more text than facts may.
    fn nested_name(&mut self, class: Value<'d>) -> Result<bool, PickleError> {
        let (Some(id), Some(named)) = (class.as_object().and(class.id()), class.class_name()) else { return Ok(false) };
        if let Some(&number) = self.nested.get(&id) {
            self.byte(tag::TEXT_AGAIN);
            self.number(u64::from(number));
            return Ok(true);
        }
        let cost = named.module().len() + named.names().map(str::len).sum::<usize>();
        if self.spare() < cost {
            return Ok(false);
        }
        self.spent += cost;
        self.byte(tag::GLOBAL);
        self.fresh(tag::STR, named.module().as_bytes())?;
        self.fresh(tag::STR, named.names().collect::<Vec<_>>().join(".").as_bytes())?;
        self.nested.insert(id, self.next_text);
        self.next_text += 1;
        Ok(true)
    }

    fn big_int(&mut self, big: BigInt<'d>) -> Result<(), PickleError> {
        match big {
            BigInt::Bytes(bytes) => self.text(tag::BIG_INT, bytes),
            BigInt::Text(text) => {
                if let Some(&number) = self.texts.get(&place(tag::BIG_INT, text)) {
                    self.byte(tag::TEXT_AGAIN);
                    self.number(u64::from(number));
                    return Ok(());
                }
                let Digits { negative, radix, digits } =
                    big.digits().unwrap_or(Digits { negative: false, radix: 10, digits: b"0" });
                if digits.len() > DIGITS_MAX {
                    let text = format!("an int of {} digits; the limit is {DIGITS_MAX}", digits.len());
                    return Err(PickleError::new(ErrorKind::SizeLimit, 0, text));
                }
                let value = Big::parse_bytes(digits, u32::from(radix)).unwrap_or_default();
                let value = if negative { -value } else { value };
                self.texts.insert(place(tag::BIG_INT, text), self.next_text);
                self.fresh(tag::BIG_INT, &value.to_signed_bytes_le())
            }
        }
    }

    /// Writes a text, or its number where it was written before.
    #[inline]
    fn text(&mut self, tag: u8, bytes: &[u8]) -> Result<(), PickleError> {
        if bytes.is_empty() {
            // Empty ranges may lie anywhere, also where another text begins.
            return self.fresh(tag, bytes);
        }
        match self.texts.entry(place(tag, bytes)) {
            std::collections::hash_map::Entry::Occupied(entry) => {
                let number = *entry.get();
                self.byte(tag::TEXT_AGAIN);
                self.number(u64::from(number));
                Ok(())
            }
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(self.next_text);
                self.fresh(tag, bytes)
            }
        }
    }

    fn fresh(&mut self, tag: u8, bytes: &[u8]) -> Result<(), PickleError> {
        if bytes.len() > LEN_MAX || self.out.len() + bytes.len() > LEN_MAX {
            return Err(PickleError::new(ErrorKind::SizeLimit, 0, "the values take more than 2 GiB"));
        }
        self.next_text += 1;
        self.byte(if tag == tag::STR && bytes.is_ascii() { tag::ASCII } else { tag });
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn int(&mut self, n: i64) {
        if let Ok(n) = i8::try_from(n) {
            self.out.extend_from_slice(&[tag::INT8, n as u8]);
        } else if let Ok(n) = i32::try_from(n) {
            let [a, b, c, d] = n.to_le_bytes();
            self.out.extend_from_slice(&[tag::INT32, a, b, c, d]);
        } else {
            self.wide(tag::INT64, n as u64);
        }
    }

    #[inline]
    fn float(&mut self, n: f64) {
        self.wide(tag::FLOAT, n.to_bits());
    }

    #[inline]
    fn wide(&mut self, tag: u8, bits: u64) {
        let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
        self.out.extend_from_slice(&[tag, a, b, c, d, e, f, g, h]);
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    #[inline]
    fn number(&mut self, n: u64) {
        number(&mut self.out, n);
    }
}

/// Appends an unsigned LEB128 number.
#[inline]
pub fn number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Where a str lies; `None` for the empty one and for what is none.
#[inline]
fn address(key: Value<'_>) -> Option<usize> {
    if key.kind() != Kind::Str {
        return None;
    }
    key.str_bytes().filter(|bytes| !bytes.is_empty()).map(|bytes| bytes.as_ptr() as usize)
}
