//! Sizes of values as a tree, put together on a stack of its own.

use crate::symbols::Symbols;
use pickle_core::{Arg, MemoPlan, Op, Opcode};
use std::collections::HashMap;

/// Children that a branch tells apart; all others are one.
const WIDTH: usize = 256;
/// Levels that are told apart.
const DEPTH: u8 = 24;
/// Names that are kept in all.
const NAMES: usize = 1 << 16;
/// Bytes of a key that are kept.
const KEY: usize = 60;
/// Entries of the memo whose strs are kept, as they may be keys.
const MEMO: usize = 1 << 15;
/// Places of a tuple that are told apart.
const PLACES: usize = 16;

/// Number of a name.
pub(super) type Name = u32;

/// All keys that were not kept, together.
const OTHER: Name = 0;
/// Items of a list or set.
const ITEMS: Name = 1;
/// Arguments that an object was made with.
const ARGUMENTS: Name = 2;
/// A state that is no dict.
const STATE: Name = 3;
/// The first of the places of a tuple.
const FIRST_PLACE: Name = 4;

/// Steps of paths and names of classes, by number.
pub(super) struct Names {
    by_text: HashMap<Box<str>, Name>,
    texts: Vec<Box<str>>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names { by_text: HashMap::new(), texts: Vec::new() };
        for text in ["[other]", "[]", "(arguments)", "(state)"] {
            names.texts.push(text.into());
        }
        names.texts.extend((0..PLACES).map(|place| format!("[{place}]").into()));
        names
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
    pub(super) fn step(&self, name: Name) -> &str {
        self.texts.get(name as usize).map_or("[other]", |text| text)
    }

    /// What a value is.
    pub(super) fn kind(&self, kind: Kind) -> &str {
        match kind {
            Kind::Mixed => "different kinds",
            Kind::Is(name) => name,
            Kind::Class(number) => self.step(number),
        }
    }

    /// The number of a key.
    fn key(&mut self, key: &[u8]) -> Name {
        let text = String::from_utf8_lossy(key);
        let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let quote = if text.contains('"') { '\'' } else { '"' };
        self.number(&if plain { format!(".{text}") } else { format!("[{quote}{text}{quote}]") })
    }
}

/// What the values of a branch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mixed,
    Is(&'static str),
    Class(Name),
}

/// Values at the same path, and what is in them.
#[derive(Clone, Debug)]
pub(super) struct Branch {
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
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many values these are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// What is in them.
    pub(super) fn children(&self) -> impl Iterator<Item = (Name, &Branch)> {
        self.children.iter().map(|(name, child)| (*name, child))
    }

    /// Other values at the same path.
    pub(super) fn take(&mut self, other: Branch) {
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

/// The text of a str, as far as it matters for a key.
#[derive(Clone, Copy)]
struct Text {
    len: u8,
    bytes: [u8; KEY],
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        let mut text = Text { len: bytes.len().min(KEY) as u8, bytes: [0; KEY] };
        text.bytes.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        text
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.len.into()).unwrap_or_default()
    }
}

/// A value on the stack.
struct Cell {
    branch: Branch,
    text: Option<Text>,
}

/// Follows one pickle beside [`Symbols`], which has checked the opcode.
pub(super) struct Tracker<'n> {
    names: &'n mut Names,
    stack: Vec<Cell>,
    marks: Vec<usize>,
    /// Strs of the first entries of the memo.
    memo: Vec<Option<Text>>,
    memo_count: u64,
    /// Bytes that belong to no value: PROTO, FRAME, STOP, what was popped.
    format: u64,
}

impl<'n> Tracker<'n> {
    pub(super) fn new(names: &'n mut Names) -> Self {
        Tracker { names, stack: Vec::new(), marks: Vec::new(), memo: Vec::new(), memo_count: 0, format: 0 }
    }

    /// The pickle as one value.
    pub(super) fn finish(self) -> Branch {
        let mut cells = self.stack.into_iter();
        let mut root = cells.next().map_or(Branch::new(Kind::Mixed, 0), |cell| cell.branch);
        // A pickle that was cut off leaves its parts.
        for cell in cells {
            root.put(ITEMS, 0, cell.branch);
        }
        root.bytes += self.format + self.marks.len() as u64;
        root
    }

    /// Bytes that follow the opcodes of the topmost value.
    pub(super) fn add_to_top(&mut self, bytes: u64) {
        if let Some(cell) = self.stack.last_mut() {
            cell.branch.bytes += bytes;
        }
    }

    /// Follows one opcode of `len` bytes.
    pub(super) fn op(&mut self, op: &Op<'_>, len: u64, symbols: &Symbols) {
        use Opcode as O;
        let effect = op.opcode.stack_effect();
        if op.opcode == O::Pop && self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            self.format += len + 1;
            return;
        }
        let marked = u64::from(effect.to_mark);
        let top = if effect.to_mark { self.marks.pop().unwrap_or(0) } else { self.stack.len() };
        let base = top.saturating_sub(effect.pops.into());
        match op.opcode {
            O::Mark => self.marks.push(self.stack.len()),
            O::Proto | O::Frame | O::Stop => self.format += len,
            O::Put | O::BinPut | O::LongBinPut => {
                self.add_to_top(len);
                if let Some(index) = index(op) {
                    self.memoize(index);
                }
            }
            O::Memoize => {
                self.add_to_top(len);
                self.memoize(self.memo_count);
            }
            O::Pop | O::PopMark => {
                let popped: u64 = self.stack.drain(base..).map(|cell| cell.branch.bytes).sum();
                self.format += popped + len + marked;
            }
            O::Get | O::BinGet | O::LongBinGet => {
                let kept = MemoPlan::fetch(op).and_then(|index| usize::try_from(index).ok());
                let text = kept.and_then(|index| self.memo.get(index).copied().flatten());
                self.push(Branch::new(Kind::Is("from the memo"), len), text);
            }
            O::Dup => {
                let text = self.stack.last().and_then(|cell| cell.text);
                self.push(Branch::new(Kind::Is("from the memo"), len), text);
            }
            O::Append | O::Appends | O::AddItems => self.change(base, len + marked, |branch, _, cells| {
                cells.for_each(|cell| branch.put(ITEMS, 0, cell.branch));
            }),
            O::SetItem | O::SetItems => self.change(base, len + marked, entries),
            O::Build => self.change(base, len, |branch, _, cells| {
                for cell in cells {
                    if cell.branch.kind == Kind::Is("dict") {
                        // Attributes are found by their names alone.
                        branch.bytes += cell.branch.bytes;
                        branch.take_children(cell.branch.children);
                    } else {
                        branch.put(STATE, 0, cell.branch);
                    }
                }
            }),
            O::Tuple | O::Tuple1 | O::Tuple2 | O::Tuple3 => {
                self.make(base, "tuple", len + marked, |branch, _, cells| {
                    for (place, cell) in cells.enumerate() {
                        let name = if place < PLACES { FIRST_PLACE + place as Name } else { ITEMS };
                        branch.put(name, place, cell.branch);
                    }
                })
            }
            O::List => self.make(base, "list", len + marked, items),
            O::FrozenSet => self.make(base, "frozenset", len + marked, items),
            O::Dict => self.make(base, "dict", len + marked, entries),
            O::StackGlobal => self.make(base, "class or function", len, |branch, _, cells| {
                branch.bytes += cells.map(|cell| cell.branch.bytes).sum::<u64>();
            }),
            O::BinPersId => self.make(base, "persistent id", len, |branch, _, cells| {
                cells.for_each(|cell| branch.put(ARGUMENTS, 0, cell.branch));
            }),
            O::Reduce | O::NewObj | O::NewObjEx | O::Inst | O::Obj => {
                let class = symbols.top_class().map(|class| format!("{}.{}", class.module, class.name));
                self.make(base, "object", len + marked, |branch, _, cells| {
                    for (place, cell) in cells.enumerate() {
                        if place == 0 && op.opcode != O::Inst {
                            branch.bytes += cell.branch.bytes;
                        } else {
                            branch.put(ARGUMENTS, 0, cell.branch);
                        }
                    }
                });
                if let (Some(class), Some(cell)) = (class, self.stack.last_mut()) {
                    cell.branch.kind = Kind::Class(self.names.number(&class));
                }
            }
            _ => {
                let text = is_str(op.opcode).then(|| Text::of(op.bytes()));
                self.push(Branch::new(Kind::Is(kind(op.opcode)), len), text);
            }
        }
    }

    fn push(&mut self, branch: Branch, text: Option<Text>) {
        self.stack.push(Cell { branch, text });
    }

    fn memoize(&mut self, index: u64) {
        self.memo_count += 1;
        let text = self.stack.last().and_then(|cell| cell.text);
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < MEMO && text.is_some()) else { return };
        if index >= self.memo.len() {
            self.memo.resize(index + 1, None);
        }
        if let Some(entry) = self.memo.get_mut(index) {
            *entry = text;
        }
    }

    /// Gives the value at `base` what lies above it.
    fn change(&mut self, base: usize, len: u64, put: impl FnOnce(&mut Branch, &mut Names, std::vec::Drain<'_, Cell>)) {
        let mut branch = match self.stack.get_mut(base) {
            Some(cell) => std::mem::take(&mut cell.branch),
            None => return,
        };
        branch.bytes += len;
        put(&mut branch, self.names, self.stack.drain(base + 1..));
        if let Some(cell) = self.stack.get_mut(base) {
            cell.branch = branch;
        }
    }

    /// Makes a value of all from `base` on.
    fn make(
        &mut self,
        base: usize,
        kind: &'static str,
        len: u64,
        put: impl FnOnce(&mut Branch, &mut Names, std::vec::Drain<'_, Cell>),
    ) {
        let mut branch = Branch::new(Kind::Is(kind), len);
        put(&mut branch, self.names, self.stack.drain(base.min(self.stack.len())..));
        self.push(branch, None);
    }
}

fn items(branch: &mut Branch, _: &mut Names, cells: std::vec::Drain<'_, Cell>) {
    cells.for_each(|cell| branch.put(ITEMS, 0, cell.branch));
}

/// Keys and values in turn; a key's bytes are its value's.
fn entries(branch: &mut Branch, names: &mut Names, mut cells: std::vec::Drain<'_, Cell>) {
    let mut place = 0;
    while let (Some(key), Some(mut value)) = (cells.next(), cells.next()) {
        value.branch.bytes += key.branch.bytes;
        let name = key.text.map_or(OTHER, |text| names.key(text.get()));
        branch.put(name, place, value.branch);
        place += 1;
    }
}

fn index(op: &Op<'_>) -> Option<u64> {
    match op.arg {
        Arg::Uint(index) => Some(index),
        Arg::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        _ => None,
    }
}

fn is_str(opcode: Opcode) -> bool {
    use Opcode as O;
    matches!(
        opcode,
        O::BinUnicode | O::ShortBinUnicode | O::BinUnicode8 | O::Unicode | O::BinString | O::ShortBinString
    )
}

fn kind(opcode: Opcode) -> &'static str {
    use Opcode as O;
    match opcode {
        O::None => "None",
        O::NewTrue | O::NewFalse => "bool",
        O::Int | O::BinInt | O::BinInt1 | O::BinInt2 | O::Long | O::Long1 | O::Long4 => "int",
        O::Float | O::BinFloat => "float",
        O::BinUnicode | O::ShortBinUnicode | O::BinUnicode8 | O::Unicode => "str",
        O::String | O::BinString | O::ShortBinString => "Python 2 str",
        O::BinBytes | O::ShortBinBytes | O::BinBytes8 => "bytes",
        O::ByteArray8 => "bytearray",
        O::EmptyList => "list",
        O::EmptyDict => "dict",
        O::EmptySet => "set",
        O::EmptyTuple => "tuple",
        O::Global => "class or function",
        O::PersId => "persistent id",
        O::NextBuffer | O::ReadonlyBuffer => "out-of-band buffer",
        _ => "extension",
    }
}
