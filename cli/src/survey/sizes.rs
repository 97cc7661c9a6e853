//! Sizes of values as a tree, put together on a stack of its own.

use super::symbols::Symbols;
use pickle_core::{Op, OpKind, Opcode};
use std::collections::HashMap;
use std::vec::Drain;

/// Children that a branch distinguishes; all others are one.
const WIDTH: usize = 256;
/// Levels that are distinguished.
const DEPTH: u8 = 24;
/// Names that are kept in all.
const NAMES: usize = 1 << 16;
/// Bytes of a key that are kept.
const KEY: usize = 60;
/// Places of a tuple that are distinguished.
const PLACES: usize = 16;

/// Number of a name.
pub(crate) type Name = u32;

/// All keys that were not kept, together.
const OTHER: Name = 0;
/// Items of a list or set.
const ITEMS: Name = 1;
/// Arguments that an object was made with.
const ARGUMENTS: Name = 2;
/// A state that is not a dict.
const STATE: Name = 3;
/// The first of the places of a tuple.
const FIRST_PLACE: Name = 4;

/// Steps of paths and names of classes, by number.
pub(crate) struct Names {
    by_text: HashMap<Box<str>, Name>,
    texts: Vec<Box<str>>,
    by_key: HashMap<Box<[u8]>, Name>,
    /// Key and name of the last dict's entries: in rows they are the same.
    last: Vec<(Box<[u8]>, Name)>,
}

impl Default for Names {
    fn default() -> Self {
        let steps = [" (other keys)", "[*]", "@args", "@state"].map(Box::from).into_iter();
        let texts = steps.chain((0..PLACES).map(|place| format!("[{place}]").into())).collect();
        Names { by_text: HashMap::new(), texts, by_key: HashMap::new(), last: Vec::new() }
    }
}

impl Names {
    fn number(&mut self, text: &str) -> Name {
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        if self.texts.len() >= NAMES {
            return OTHER;
        }
        let number = self.texts.len() as Name;
        self.by_text.insert(text.into(), number);
        self.texts.push(text.into());
        number
    }

    /// The name, as a step of a path or as a class.
    pub(crate) fn step(&self, name: Name) -> &str {
        self.texts.get(name as usize).map_or(" (other keys)", |text| text)
    }

    /// What a value is.
    pub(crate) fn kind(&self, kind: Kind) -> &str {
        match kind {
            Kind::Mixed => "different kinds",
            Kind::Made(opcode) => made(opcode),
            Kind::Class(number) => self.step(number),
        }
    }

    /// The name of the entry number `place` of a dict.
    fn key(&mut self, place: usize, key: &[u8]) -> Name {
        let key = key.get(..KEY).unwrap_or(key);
        match self.last.get(place) {
            Some((known, name)) if **known == *key => return *name,
            _ => {}
        }
        let name = match self.by_key.get(key) {
            Some(&name) => name,
            None => {
                let name = self.number(&step(key));
                if self.by_key.len() < NAMES {
                    self.by_key.insert(key.into(), name);
                }
                name
            }
        };
        let next = self.last.len();
        match self.last.get_mut(place) {
            Some(last) => *last = (key.into(), name),
            None if place == next && place < WIDTH => self.last.push((key.into(), name)),
            None => {}
        }
        name
    }
}

/// The step of a path for a key.
fn step(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { format!(".{text}") } else { format!("[{}]", serde_json::Value::from(text)) }
}

/// What the values of a branch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Mixed,
    /// Made by opcodes of this kind.
    Made(OpKind),
    Class(Name),
}

impl Kind {
    /// Of the kinds that make values of the same kind, one stands for all.
    fn of(kind: OpKind) -> Kind {
        Kind::Made(match kind {
            OpKind::Dup => OpKind::Fetch,
            OpKind::New | OpKind::Instance => OpKind::Call,
            other => other,
        })
    }
}

/// What opcodes of a kind make.
fn made(kind: OpKind) -> &'static str {
    match kind {
        OpKind::None => "None",
        OpKind::Bool => "bool",
        OpKind::Int => "int",
        OpKind::Float => "float",
        OpKind::Str => "str",
        OpKind::String2 => "Python 2 str",
        OpKind::Bytes => "bytes",
        OpKind::ByteArray => "bytearray",
        OpKind::List => "list",
        OpKind::Dict => "dict",
        OpKind::Set => "set",
        OpKind::FrozenSet => "frozenset",
        OpKind::Tuple => "tuple",
        OpKind::Global => "class or function",
        OpKind::Persistent => "persistent id",
        OpKind::Fetch | OpKind::Dup => "from the memo",
        OpKind::Call | OpKind::New | OpKind::Instance => "object",
        OpKind::Buffer => "out-of-band buffer",
        OpKind::Extension => "extension",
        // They make nothing.
        OpKind::Proto
        | OpKind::Frame
        | OpKind::Stop
        | OpKind::Mark
        | OpKind::Pop
        | OpKind::PopMark
        | OpKind::Store
        | OpKind::Append
        | OpKind::SetItem
        | OpKind::Add
        | OpKind::Build => "",
    }
}

/// Values at the same path, and what is in them.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    bytes: u64,
    count: u64,
    kind: Kind,
    depth: u8,
    children: Vec<(Name, Branch)>,
}

impl Default for Branch {
    fn default() -> Self {
        Branch { bytes: 0, count: 0, kind: Kind::Mixed, depth: 0, children: Vec::new() }
    }
}

impl Branch {
    fn new(kind: Kind, bytes: u64) -> Self {
        Branch { bytes, count: 1, kind, depth: 0, children: Vec::new() }
    }

    /// Bytes of these values and all in them.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many values these are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What is in them.
    pub(crate) fn children(&self) -> impl Iterator<Item = (Name, &Branch)> {
        self.children.iter().map(|(name, child)| (*name, child))
    }

    /// Other values at the same path.
    pub(crate) fn take(&mut self, other: Branch) {
        self.kind = if self.count == 0 || self.kind == other.kind { other.kind } else { Kind::Mixed };
        self.bytes += other.bytes;
        self.count += other.count;
        self.take_children(other.children);
    }

    fn take_children(&mut self, children: Vec<(Name, Branch)>) {
        // One after another adds up to little depth on the call stack: at most `DEPTH`.
        for (place, (name, child)) in children.into_iter().enumerate() {
            self.child(name, place, child);
        }
    }

    /// Values below a name. `place` is where it most likely is.
    fn child(&mut self, name: Name, place: usize, child: Branch) {
        if child.depth >= DEPTH {
            return;
        }
        self.depth = self.depth.max(child.depth + 1);
        let find = |children: &[(Name, Branch)], name: Name| match children.get(place) {
            Some((known, _)) if *known == name => Some(place),
            _ => children.iter().position(|(known, _)| *known == name),
        };
        let found = find(&self.children, name);
        let (name, found) = match found {
            None if self.children.len() >= WIDTH => (OTHER, find(&self.children, OTHER)),
            found => (name, found),
        };
        match found.and_then(|place| self.children.get_mut(place)) {
            Some((_, known)) => known.take(child),
            None => self.children.push((name, child)),
        }
    }

    /// Puts a value below a name, its bytes included in these.
    fn put(&mut self, name: Name, place: usize, child: Branch) {
        self.bytes += child.bytes;
        self.child(name, place, child);
    }
}

/// Follows one pickle beside [`Symbols`].
pub(crate) struct Tracker<'n> {
    names: &'n mut Names,
    stack: Vec<Branch>,
    /// Bytes that belong to no value: PROTO, FRAME, STOP, what was popped.
    format: u64,
    /// Marks that no opcode has taken.
    marks: u64,
}

impl<'n> Tracker<'n> {
    pub(crate) fn new(names: &'n mut Names) -> Self {
        Tracker { names, stack: Vec::new(), format: 0, marks: 0 }
    }

    /// The pickle as one value.
    pub(crate) fn finish(self) -> Branch {
        let mut branches = self.stack.into_iter();
        let mut root = branches.next().unwrap_or_else(|| Branch::new(Kind::Mixed, 0));
        // A pickle that was cut off leaves its parts.
        for branch in branches {
            root.put(ITEMS, 0, branch);
        }
        root.bytes += self.format + self.marks;
        root
    }

    /// Bytes that follow the opcodes of the topmost value.
    pub(crate) fn add_to_top(&mut self, bytes: u64) {
        if let Some(top) = self.stack.last_mut() {
            top.bytes += bytes;
        }
    }

    /// Follows one opcode of `len` bytes, which `symbols` has not followed yet. It takes what lies from `base` on.
    pub(crate) fn op(&mut self, op: &Op<'_>, mut len: u64, base: usize, symbols: &Symbols) {
        let (opcode, kind) = (op.opcode, op.opcode.kind());
        if opcode.stack_effect().to_mark || kind == OpKind::Pop && symbols.is_mark_on_top() {
            self.marks = self.marks.saturating_sub(1);
            len += 1;
        }
        match kind {
            OpKind::Mark => self.marks += 1,
            OpKind::Proto | OpKind::Frame | OpKind::Stop => self.format += len,
            OpKind::Store => self.add_to_top(len),
            OpKind::Pop | OpKind::PopMark => {
                let popped: u64 = self.stack.drain(base.min(self.stack.len())..).map(|branch| branch.bytes).sum();
                self.format += popped + len;
            }
            OpKind::Append | OpKind::Add => self.change(base, len, |branch, _, items| {
                items.for_each(|item| branch.put(ITEMS, 0, item));
            }),
            OpKind::SetItem => self.change(base, len, |branch, names, parts| {
                entries(branch, names, parts, base + 1, symbols);
            }),
            OpKind::Build => self.change(base, len, |branch, _, states| {
                for state in states {
                    if state.kind == Kind::of(OpKind::Dict) {
                        // Attributes are found by their names alone.
                        branch.bytes += state.bytes;
                        branch.take_children(state.children);
                    } else {
                        branch.put(STATE, 0, state);
                    }
                }
            }),
            OpKind::Tuple => self.make(kind, base, len, |branch, _, items| {
                for (place, item) in items.enumerate() {
                    let name = if place < PLACES { FIRST_PLACE + place as Name } else { ITEMS };
                    branch.put(name, place, item);
                }
            }),
            OpKind::List | OpKind::FrozenSet => self.make(kind, base, len, |branch, _, items| {
                items.for_each(|item| branch.put(ITEMS, 0, item));
            }),
            OpKind::Dict => self.make(kind, base, len, |branch, names, parts| {
                entries(branch, names, parts, base, symbols);
            }),
            OpKind::Global => self.make(kind, base, len, |branch, _, names| {
                branch.bytes += names.map(|name| name.bytes).sum::<u64>();
            }),
            OpKind::Persistent => self.make(kind, base, len, |branch, _, ids| {
                ids.for_each(|id| branch.put(ARGUMENTS, 0, id));
            }),
            OpKind::Call | OpKind::New | OpKind::Instance => self.make(kind, base, len, |branch, _, parts| {
                for (place, part) in parts.enumerate() {
                    if place == 0 && opcode != Opcode::Inst {
                        branch.bytes += part.bytes;
                    } else {
                        branch.put(ARGUMENTS, 0, part);
                    }
                }
            }),
            // A view is of the same bytes.
            OpKind::Buffer if opcode == Opcode::ReadonlyBuffer => self.add_to_top(len),
            OpKind::Dup
            | OpKind::Fetch
            | OpKind::None
            | OpKind::Bool
            | OpKind::Int
            | OpKind::Float
            | OpKind::Str
            | OpKind::String2
            | OpKind::Bytes
            | OpKind::ByteArray
            | OpKind::Buffer
            | OpKind::Set
            | OpKind::Extension => self.stack.push(Branch::new(Kind::of(kind), len)),
        }
    }

    /// Names the class of the object that the last opcode has made, which `symbols` has followed by now.
    pub(crate) fn made(&mut self, opcode: Opcode, symbols: &Symbols) {
        if Kind::of(opcode.kind()) == Kind::Made(OpKind::Call)
            && let Some(class) = symbols.top_class()
            && let Some(top) = self.stack.last_mut()
        {
            top.kind = Kind::Class(self.names.number(&format!("{}.{}", class.module, class.name)));
        }
    }

    /// Gives the value at `base` what lies above it.
    fn change(&mut self, base: usize, len: u64, put: impl FnOnce(&mut Branch, &mut Names, Drain<'_, Branch>)) {
        let Some(mut branch) = self.stack.get_mut(base).map(std::mem::take) else { return };
        branch.bytes += len;
        put(&mut branch, self.names, self.stack.drain(base + 1..));
        if let Some(place) = self.stack.get_mut(base) {
            *place = branch;
        }
    }

    /// Makes a value of all from `base` on.
    fn make(
        &mut self,
        kind: OpKind,
        base: usize,
        len: u64,
        put: impl FnOnce(&mut Branch, &mut Names, Drain<'_, Branch>),
    ) {
        let mut branch = Branch::new(Kind::of(kind), len);
        put(&mut branch, self.names, self.stack.drain(base.min(self.stack.len())..));
        self.stack.push(branch);
    }
}

/// Keys and values in turn, the first of which is at `base` of the stack; a key's bytes are its value's.
fn entries(branch: &mut Branch, names: &mut Names, mut parts: Drain<'_, Branch>, base: usize, symbols: &Symbols) {
    branch.children.reserve((parts.len() / 2).min(WIDTH));
    for place in 0.. {
        let (Some(key), Some(mut value)) = (parts.next(), parts.next()) else { return };
        value.bytes += key.bytes;
        let name = symbols.text_at(base + 2 * place).map_or(OTHER, |text| names.key(place, text));
        branch.put(name, place, value);
    }
}
