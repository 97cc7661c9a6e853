//! The canonical text of a document: one line of JSON that says everything
//! the pickle says, the same for every way of writing the same objects.

use crate::pickles::children::for_each_child;
use base64::Engine;
use num_bigint::{BigInt, Sign};
use pickle_core::view::View;
use pickle_core::{Change, Digits, Document, GlobalName, How, Kind, OutOfBand, Value};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::{self, Write};

/// Bytes above this length are given as length and SHA-256.
const BYTES_INLINE: usize = 256;
/// Strs whose UTF-8 form is longer are given as length and SHA-256.
const STR_INLINE: usize = 1024;
/// Ints of more bits are given in hexadecimal.
const DECIMAL_BITS: u64 = 4096;

/// Writes the canonical text, without a newline.
///
/// # Errors
/// What `out` says.
pub fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_in(document, &Order::default(), out)
}

/// The same with the items of sets in an order that their content gives, whichever they were written in.
///
/// # Errors
/// What `out` says.
pub fn write_sorted(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_in(document, &Order::of(document)?, out)
}

fn write_in(document: &Document<'_>, order: &Order, out: &mut dyn Write) -> io::Result<()> {
    let numbering = Numbering::new(document, order);
    let mut text = Text { out, numbers: &numbering.numbers, order };
    text.raw("{\"nodes\":[")?;
    for (i, value) in numbering.order.iter().enumerate() {
        if i != 0 {
            text.raw(",")?;
        }
        text.node(value)?;
    }
    text.raw("],\"root\":")?;
    text.value(&document.root())?;
    text.raw("}")
}

/// Nodes in pre-order, and the number of each.
struct Numbering<'d> {
    order: Vec<Value<'d>>,
    numbers: Vec<u32>,
}

const UNSEEN: u32 = u32::MAX;

impl<'d> Numbering<'d> {
    fn new(document: &'d Document<'d>, order: &Order) -> Self {
        let mut this = Numbering { order: Vec::new(), numbers: vec![UNSEEN; document.id_limit()] };
        // An explicit stack: pickles nest deeper than threads do.
        let mut stack = vec![document.root()];
        let mut children = Vec::new();
        while let Some(value) = stack.pop() {
            let Some(id) = identity(&value) else { continue };
            if this.numbers[id] != UNSEEN {
                continue;
            }
            this.numbers[id] = this.order.len() as u32;
            this.order.push(value);
            for_each_child(&value, &mut |child| {
                if identity(&child).is_some() {
                    children.push(child);
                }
            });
            if order.sorts(&value) {
                children.sort_by_cached_key(|child| order.hash(child));
            }
            stack.extend(children.drain(..).rev());
        }
        this
    }
}

/// Globals have no identity in the canonical form.
fn identity(value: &Value<'_>) -> Option<usize> {
    if value.kind() == Kind::Global { None } else { value.id() }
}

/// What of a value is its content alone, and where that puts it in a set.
type Hash = [u8; 16];

/// The order of the items of sets: as they are written, or by their hashes.
#[derive(Default)]
struct Order {
    /// A hash a node; none at all where the order is that of the pickle.
    hashes: Vec<Option<Hash>>,
    /// Lists that a set is made of.
    lists: HashSet<usize>,
}

impl Order {
    /// Hashes of all that is in a document, parts before what they are in.
    fn of(document: &Document<'_>) -> io::Result<Order> {
        let mut this = Order { hashes: vec![None; document.id_limit()], lists: HashSet::new() };
        let mut seen = vec![false; document.id_limit()];
        let mut stack = vec![(document.root(), false)];
        while let Some((value, done)) = stack.pop() {
            let Some(id) = identity(&value) else { continue };
            if done {
                let mut text = Hasher(Sha256::new());
                Text { out: &mut text, numbers: &[], order: &this }.node(&value)?;
                if let Some(hash) = this.hashes.get_mut(id) {
                    *hash = Some(short(text.0));
                }
                continue;
            }
            if std::mem::replace(&mut seen[id], true) {
                continue;
            }
            if let (View::Set(_), Some(object)) = (value.view(), value.as_object()) {
                let lists = object.args().filter(|arg| arg.kind() == Kind::List);
                this.lists.extend(lists.filter_map(|list| list.id()));
            }
            stack.push((value, true));
            for_each_child(&value, &mut |child| stack.push((child, false)));
        }
        Ok(this)
    }

    /// The items of this value have no order.
    fn sorts(&self, value: &Value<'_>) -> bool {
        let is_set = matches!(value.kind(), Kind::Set | Kind::FrozenSet);
        !self.hashes.is_empty() && (is_set || value.id().is_some_and(|id| self.lists.contains(&id)))
    }

    /// The hash of a value; none of what holds it itself.
    fn hash(&self, value: &Value<'_>) -> Option<Hash> {
        if let Some(id) = identity(value) {
            return self.hashes.get(id).copied().flatten();
        }
        let mut text = Hasher(Sha256::new());
        Text { out: &mut text, numbers: &[], order: self }.value(value).ok()?;
        Some(short(text.0))
    }
}

/// Hashes what is written.
struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn short(hash: Sha256) -> Hash {
    let mut short = [0; 16];
    short.iter_mut().zip(hash.finalize().iter()).for_each(|(to, from)| *to = *from);
    short
}

struct Text<'o, 'n> {
    out: &'o mut dyn Write,
    /// Of every node; none at all where its hash stands for it.
    numbers: &'n [u32],
    order: &'n Order,
}

impl Text<'_, '_> {
    fn raw(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    fn node(&mut self, value: &Value<'_>) -> io::Result<()> {
        if let Some(object) = value.as_object() {
            let key = object.how().name();
            let mut changes = object.changes().peekable();
            // Keys are sorted: "ops" stands before "persid" and "reduce" only.
            let ops_first = matches!(object.how(), How::Reduce | How::PersId);
            self.raw("{")?;
            if ops_first && changes.peek().is_some() {
                self.changes(changes.by_ref())?;
                self.raw(",")?;
            }
            self.raw(&format!("\"{key}\":"))?;
            match object.how() {
                How::Obj | How::Inst => {
                    self.raw("[")?;
                    self.value(&object.callable())?;
                    self.raw(",")?;
                    self.items(object.args())?;
                    self.raw("]")?;
                }
                How::PersId | How::Changed => self.value(&object.callable())?,
                _ => {
                    self.raw("[")?;
                    self.value(&object.callable())?;
                    for part in object.args_value().into_iter().chain(object.kwargs()) {
                        self.raw(",")?;
                        self.value(&part)?;
                    }
                    self.raw("]")?;
                }
            }
            if changes.peek().is_some() {
                self.raw(",")?;
                self.changes(changes)?;
            }
            return self.raw("}");
        }
        let key = match value.kind() {
            Kind::List => "list",
            Kind::Tuple => "tuple",
            Kind::Set => "set",
            Kind::FrozenSet => "frozenset",
            Kind::Dict => "dict",
            Kind::ByteArray => "bytearray",
            _ => "readonly",
        };
        self.raw(&format!("{{\"{key}\":"))?;
        if let Some(items) = value.items() {
            if self.order.sorts(value) {
                let mut sorted: Vec<_> = items.collect();
                sorted.sort_by_cached_key(|item| self.order.hash(item));
                self.items(sorted.into_iter())?;
            } else {
                self.items(items)?;
            }
        } else if let Some(entries) = value.entries() {
            self.pairs(entries)?;
        } else if let Some(inner) = value.inner() {
            self.value(&inner)?;
        } else {
            self.blob(value.as_bytes().unwrap_or_default())?;
        }
        self.raw("}")
    }

    fn items<'d>(&mut self, items: impl Iterator<Item = Value<'d>>) -> io::Result<()> {
        self.raw("[")?;
        for (i, item) in items.enumerate() {
            if i != 0 {
                self.raw(",")?;
            }
            self.value(&item)?;
        }
        self.raw("]")
    }

    fn pairs<'d>(&mut self, entries: impl Iterator<Item = (Value<'d>, Value<'d>)>) -> io::Result<()> {
        self.raw("[")?;
        for (i, (key, value)) in entries.enumerate() {
            self.raw(if i == 0 { "[" } else { ",[" })?;
            self.value(&key)?;
            self.raw(",")?;
            self.value(&value)?;
            self.raw("]")?;
        }
        self.raw("]")
    }

    fn changes<'d>(&mut self, changes: impl Iterator<Item = Change<'d>>) -> io::Result<()> {
        self.raw("\"ops\":[")?;
        for (i, change) in changes.enumerate() {
            self.raw(if i == 0 { "{" } else { ",{" })?;
            match change {
                Change::Append(items) => {
                    self.raw("\"append\":")?;
                    self.items(items)?;
                }
                Change::SetItem(entries) => {
                    self.raw("\"setitem\":")?;
                    self.pairs(entries)?;
                }
                Change::Add(items) => {
                    self.raw("\"add\":")?;
                    self.items(items)?;
                }
                Change::Build(state) => {
                    self.raw("\"build\":")?;
                    self.value(&state)?;
                }
                Change::Nested(root) => {
                    self.raw("\"joblib_pickle\":")?;
                    self.value(&root)?;
                }
                Change::Raw(data, offset) => {
                    let len = data.len();
                    let hash = sha256(data);
                    self.raw(&format!("\"joblib_raw\":{{\"len\":{len},\"offset\":{offset},\"sha256\":\"{hash}\"}}"))?;
                }
                _ => {}
            }
            self.raw("}")?;
        }
        self.raw("]")
    }

    fn blob(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > BYTES_INLINE {
            return self.raw(&format!("{{\"len\":{},\"sha256\":\"{}\"}}", bytes.len(), sha256(bytes)));
        }
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        self.raw(&format!("\"{text}\""))
    }

    fn string(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > STR_INLINE {
            let hash = sha256(bytes);
            return self.raw(&format!("{{\"str\":{{\"sha256\":\"{hash}\",\"utf8_len\":{}}}}}", bytes.len()));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.raw(&json_string(text)),
            Err(_) => {
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                self.raw(&format!("{{\"str\":{{\"surrogatepass_hex\":\"{hex}\"}}}}"))
            }
        }
    }

    fn value(&mut self, value: &Value<'_>) -> io::Result<()> {
        if let Some(id) = identity(value) {
            return match self.numbers.get(id) {
                Some(number) => self.raw(&format!("{{\"$ref\":{number}}}")),
                None => {
                    let hash = self.order.hash(value).unwrap_or_default();
                    self.out.write_all(&hash)
                }
            };
        }
        match value.kind() {
            Kind::Bool => self.raw(if value.as_bool() == Some(true) { "true" } else { "false" }),
            Kind::Int => self.int(value),
            Kind::Float => {
                let bits = value.as_f64().map_or(0, f64::to_bits);
                self.raw(&format!("{{\"float\":\"{bits:016x}\"}}"))
            }
            Kind::Str => self.string(value.str_bytes().unwrap_or_default()),
            Kind::Str8 => self.tagged_blob("str8", value),
            Kind::Bytes => self.tagged_blob("bytes", value),
            Kind::Tuple => self.raw("{\"tuple\":[]}"),
            Kind::Global => {
                let GlobalName { module, name } = value.as_global().unwrap_or_default();
                self.raw(&format!("{{\"global\":[{},{}]}}", json_string(module), json_string(name)))
            }
            Kind::Extension => self.raw(&format!("{{\"ext\":{}}}", value.as_extension().unwrap_or(0))),
            Kind::Buffer => match value.as_buffer() {
                Some(OutOfBand { index, read_only: true }) => {
                    self.raw(&format!("{{\"buffer\":{index},\"readonly\":true}}"))
                }
                Some(OutOfBand { index, read_only: false }) => self.raw(&format!("{{\"buffer\":{index}}}")),
                None => Ok(()),
            },
            _ => self.raw("null"),
        }
    }

    fn tagged_blob(&mut self, tag: &str, value: &Value<'_>) -> io::Result<()> {
        self.raw(&format!("{{\"{tag}\":"))?;
        self.blob(value.as_bytes().unwrap_or_default())?;
        self.raw("}")
    }

    fn int(&mut self, value: &Value<'_>) -> io::Result<()> {
        if let Some(small) = value.as_i64()
            && small.unsigned_abs() <= 1 << 53
        {
            return self.raw(&small.to_string());
        }
        let big = big_int(value);
        let text = if big.bits() > DECIMAL_BITS {
            let sign = if big.sign() == Sign::Minus { "-" } else { "" };
            format!("{sign}0x{}", big.magnitude().to_str_radix(16))
        } else {
            big.to_string()
        };
        self.raw(&format!("{{\"int\":\"{text}\"}}"))
    }
}

/// The int of a value, of any size.
pub fn big_int(value: &Value<'_>) -> BigInt {
    if let Some(small) = value.as_i128() {
        return small.into();
    }
    match value.as_big_int() {
        Some(pickle_core::BigInt::Bytes(bytes)) => BigInt::from_signed_bytes_le(bytes),
        Some(text) => {
            let Some(Digits { negative, radix, digits }) = text.digits() else { return BigInt::default() };
            let magnitude = BigInt::parse_bytes(digits, u32::from(radix)).unwrap_or_default();
            if negative { -magnitude } else { magnitude }
        }
        None => BigInt::default(),
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A JSON string in ASCII, as Python's `json.dumps` writes it.
fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}
