//! The abstract machine: the stack and the memo of CPython's C unpickler, with values of eight bytes.
//!
//! What CPython refuses ends the pickle, as it does there; what only some of its readers refuse is told and goes on.

use super::memory::FarSlot;
use super::names::Names;
use super::report::{Executes, Finding, Observer, Readers};
use super::rings::{Items, Parts, Ring};
use super::rules::{Capability, Rule, Verdict};
use super::scalar::{self, Reading};
use super::table::Table;
use super::value::{Kind, Slot, flag, pack};
use crate::literal::escape;
use crate::{Arg, Op, Opcode};

/// The pickle is over before its STOP: no reader goes on from here.
pub(crate) struct Broken(pub &'static str);

/// Bytes of a string or a line that are kept and looked at.
pub(crate) const KEEP: usize = 512;
/// Values that are open at the same time in an honest pickle.
const DEPTH: usize = 10_000;
/// Tellings of one rule.
const TELLINGS: u8 = 12;
/// Values that a hashed or shared object may unfold to.
const EXPANSION: f32 = 16_777_216.0;

/// What belongs to one pickle, or to one nested in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Level {
    /// Lowest place of the stack that belongs to this level.
    pub base: usize,
    pub fence: usize,
    pub memo_base: usize,
    /// One beyond the highest entry of the memo in use, from `memo_base` on.
    pub memo_extent: usize,
    /// Occupied entries.
    pub memo_count: u64,
    /// A memo entry far from its neighbours was written.
    pub far: bool,
    pub protocol: u8,
    pub protocols: u32,
    pub pickle: u32,
    /// Something was imported or called in this pickle.
    pub ran: bool,
    /// Repetitions that no pickler writes: frames without bytes, DUP, MEMOIZE, TUPLE1 in a row.
    pub frames: u32,
    pub repeats: u32,
    pub last: u8,
}

pub(crate) struct Machine<'m> {
    pub stack: &'m mut [Slot],
    pub top: usize,
    pub level: Level,
    memo: &'m mut [Slot],
    far: &'m mut [FarSlot],
    far_used: usize,
    pub names: Names<'m>,
    pub ring: Ring<'m>,
    pub parts: Parts<'m>,
    pub policy: Option<Table<'m>>,
    /// Flags that ever went into a container that the memo does not follow.
    loose: u8,
    pub depth: u8,
    pub offset: u64,
    pub opcode: Option<Opcode>,
    pub verdict: Verdict,
    pub executes: Executes,
    pub limited: bool,
    /// Sizes of the items of numpy dtypes; their highest bit tells objects.
    pub dtypes: [u32; 64],
    pub dtypes_used: u16,
    /// What the state of the wrapper of a joblib array says.
    pub wrapper: Wrapper,
    pub events: bool,
    told: [u8; Rule::ALL.len()],
}

/// A `NumpyArrayWrapper` in the making.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wrapper {
    /// Such a class was named.
    pub seen: bool,
    pub shape: Option<u64>,
    pub dtype: Option<u32>,
    pub padded: bool,
    /// The bytes that follow the BUILD.
    pub follows: Option<u64>,
    /// A pickle follows the BUILD.
    pub nested: bool,
}

impl<'m> Machine<'m> {
    pub fn new(memory: super::Memory<'m>, policy: Option<Table<'m>>) -> Self {
        memory.memo.fill(Slot::default());
        memory.far.fill(FarSlot::default());
        Machine {
            stack: memory.stack,
            top: 0,
            level: Level::default(),
            memo: memory.memo,
            far: memory.far,
            far_used: 0,
            names: Names::new(memory.globals, memory.names),
            ring: Ring::new(memory.text),
            parts: Parts::new(memory.parts),
            policy,
            loose: 0,
            depth: 0,
            offset: 0,
            opcode: None,
            verdict: Verdict::Clean,
            executes: Executes::No,
            limited: false,
            dtypes: [0; 64],
            dtypes_used: 0,
            wrapper: Wrapper::default(),
            events: false,
            told: [0; Rule::ALL.len()],
        }
    }

    // ---- telling

    /// Makes a finding that is about no global.
    #[cold]
    pub fn tell(
        &mut self,
        rule: Rule,
        verdict: Verdict,
        readers: Readers,
        detail: &'static str,
        out: &mut dyn Observer,
    ) {
        self.tell_of(rule, verdict, Capability::None, readers, detail, out);
    }

    #[cold]
    pub fn tell_of(
        &mut self,
        rule: Rule,
        verdict: Verdict,
        capability: Capability,
        readers: Readers,
        detail: &'static str,
        out: &mut dyn Observer,
    ) {
        let finding = Finding {
            rule,
            verdict,
            capability,
            readers,
            pickle: self.level.pickle,
            depth: self.depth,
            opcode: self.opcode,
            offset: self.offset,
            module: &[],
            name: &[],
            via: None,
            args: "",
            detail,
        };
        self.verdict = self.verdict.max(verdict);
        if self.may_tell(rule) {
            out.finding(&finding);
        }
    }

    /// Counts the tellings of a rule: a report is to be read.
    pub fn may_tell(&mut self, rule: Rule) -> bool {
        match self.told.get_mut(rule.index()) {
            Some(told) if *told < TELLINGS => {
                *told += 1;
                true
            }
            _ => false,
        }
    }

    #[cold]
    pub fn limit(&mut self, detail: &'static str, out: &mut dyn Observer) {
        self.limited = true;
        self.tell(Rule::LimitHit, Verdict::Unknown, Readers::All, detail, out);
    }

    #[cold]
    fn excess(&mut self, detail: &'static str, out: &mut dyn Observer) {
        self.tell(Rule::Expansion, Verdict::Suspicious, Readers::All, detail, out);
    }

    #[cold]
    pub fn differs(&mut self, detail: &'static str, out: &mut dyn Observer) {
        self.tell(Rule::DivergentReading, Verdict::Divergent, Readers::Some, detail, out);
    }

    pub fn executes(&mut self, executes: Executes) {
        self.executes = self.executes.max(executes);
    }

    // ---- the stack

    #[inline]
    pub fn push(&mut self, slot: Slot, out: &mut dyn Observer) -> Result<(), Broken> {
        match self.stack.get_mut(self.top) {
            Some(place) => *place = slot,
            None => {
                self.limit("more values are open than there is room for", out);
                return Err(Broken(""));
            }
        }
        self.top += 1;
        if self.top - self.level.base == DEPTH {
            self.excess("more than 10000 values are open at once", out);
        }
        Ok(())
    }

    #[inline]
    pub fn pop(&mut self) -> Result<Slot, Broken> {
        if self.top <= self.level.fence {
            return Err(self.underflow());
        }
        self.top -= 1;
        Ok(self.stack.get(self.top).copied().unwrap_or_default())
    }

    #[cold]
    fn underflow(&self) -> Broken {
        Broken(if self.level.fence > self.level.base { "a MARK where a value is wanted" } else { "the stack is empty" })
    }

    #[inline]
    pub fn peek(&mut self) -> Result<&mut Slot, Broken> {
        if self.top <= self.level.fence {
            return Err(self.underflow());
        }
        self.stack.get_mut(self.top - 1).ok_or(Broken(""))
    }

    fn mark(&mut self, out: &mut dyn Observer) -> Result<(), Broken> {
        let fence = u32::try_from(self.level.fence).unwrap_or(0);
        self.push(Slot::of(Kind::Mark, fence), out)?;
        self.level.fence = self.top;
        Ok(())
    }

    /// Takes the topmost mark away. Gives where the values above it began; they lie there until the next push.
    fn unmark(&mut self) -> Result<(usize, usize), Broken> {
        if self.level.fence == self.level.base {
            return Err(Broken("there is no MARK"));
        }
        let (from, to) = (self.level.fence, self.top);
        self.top = from - 1;
        self.level.fence = self.stack.get(self.top).map_or(0, |mark| mark.at as usize);
        Ok((from, to))
    }

    fn values(&self, range: (usize, usize)) -> &[Slot] {
        self.stack.get(range.0..range.1).unwrap_or_default()
    }

    // ---- the memo

    /// A value as it is now: a container that the memo holds is looked at there.
    pub fn live(&self, slot: Slot) -> Slot {
        if !slot.is_mutable() {
            return slot;
        }
        if slot.at == 0 {
            return slot;
        }
        match self.memo.get(slot.at as usize - 1) {
            Some(entry) if entry.kind == slot.kind && entry.at == slot.at => *entry,
            _ => slot.with(self.loose),
        }
    }

    /// Writes a container back to where the memo holds it.
    fn keep(&mut self, slot: Slot) {
        if slot.at == 0 {
            self.loose |= slot.flags & (flag::TAINT | flag::DUNDER | flag::NONSTR);
            return;
        }
        match self.memo.get_mut(slot.at as usize - 1) {
            Some(entry) if entry.kind == slot.kind && entry.at == slot.at => *entry = slot,
            _ => self.loose |= slot.flags & (flag::TAINT | flag::DUNDER | flag::NONSTR),
        }
    }

    fn put(&mut self, index: u64, out: &mut dyn Observer) -> Result<(), Broken> {
        let mut value = *self.peek()?;
        let extent = self.level.memo_extent;
        let near = usize::try_from(index).ok().filter(|index| *index <= extent.saturating_mul(2) + 1024);
        let place = near.map(|index| self.level.memo_base + index);
        match place.and_then(|place| Some((place, self.memo.get_mut(place)?))) {
            Some((place, entry)) => {
                if value.is_mutable() && value.at == 0 {
                    value.at = u32::try_from(place + 1).unwrap_or(0);
                    if let Some(top) = self.stack.get_mut(self.top - 1) {
                        *top = value;
                    }
                }
                if entry.kind == Kind::Empty {
                    self.level.memo_count += 1;
                }
                *entry = value;
                self.level.memo_extent = extent.max(place + 1 - self.level.memo_base);
            }
            None => self.put_far(index, value, near.is_none(), out),
        }
        Ok(())
    }

    #[cold]
    fn put_far(&mut self, index: u64, value: Slot, sparse: bool, out: &mut dyn Observer) {
        if sparse {
            self.level.far = true;
            if index > 16 * (self.level.memo_count + 64) + 65_536 {
                self.excess("a memo entry far beyond all others", out);
            }
        }
        self.level.memo_count += 1;
        let inert = value.is_native() && value.flags & flag::TAINT == 0 && !value.is_text();
        let key = (index + 1) ^ (u64::from(self.level.pickle) << 40) ^ (u64::from(self.depth) << 58);
        let len = self.far.len();
        let start = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize;
        for probe in 0..64.min(len) {
            let Some(entry) = self.far.get_mut(start.wrapping_add(probe) % len) else { break };
            if entry.key == key || (entry.key == 0 && !inert) {
                self.far_used += usize::from(entry.key == 0);
                *entry = FarSlot { key, value };
                return;
            }
            if entry.key == 0 {
                return;
            }
        }
        if !inert {
            self.loose |= flag::TAINT;
            self.limit("more memo entries than there is room for", out);
        }
    }

    fn get(&mut self, index: u64, out: &mut dyn Observer) -> Result<(), Broken> {
        let near = usize::try_from(index).ok().filter(|index| *index < self.level.memo_extent);
        let value = near.and_then(|index| self.memo.get(self.level.memo_base + index)).copied().unwrap_or_default();
        let value = if value.kind == Kind::Empty { self.get_far(index, out)? } else { value };
        self.push(value, out)
    }

    #[cold]
    fn get_far(&mut self, index: u64, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let key = (index + 1) ^ (u64::from(self.level.pickle) << 40) ^ (u64::from(self.depth) << 58);
        let len = self.far.len();
        let start = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize;
        for probe in 0..64.min(len) {
            match self.far.get(start.wrapping_add(probe) % len) {
                Some(entry) if entry.key == key => return Ok(entry.value),
                Some(entry) if entry.key != 0 => {}
                _ => break,
            }
        }
        // Plain data beyond the dense part is not kept.
        let room = self.memo.len().saturating_sub(self.level.memo_base) as u64;
        if self.level.far || (index >= room && index < self.level.memo_count) {
            return Ok(Slot::new(Kind::Any).with(self.loose));
        }
        // One unpickler for several pickles keeps its memo.
        let older = usize::try_from(index).ok().filter(|_| self.level.pickle > 0 && self.depth == 0);
        if let Some(value) = older.and_then(|index| self.memo.get(index)).filter(|slot| slot.kind != Kind::Empty) {
            return Ok(*value);
        }
        if self.level.pickle > 0 && self.depth == 0 && index < self.level.memo_base as u64 {
            self.limit("an entry of the memo of an earlier pickle", out);
            return Ok(Slot::new(Kind::Unknown));
        }
        Err(Broken("the memo has no such entry"))
    }

    /// Begins another pickle of the same stream.
    pub fn next_pickle(&mut self) {
        let mut memo_base = self.level.memo_base + self.level.memo_extent;
        if self.depth == 0 && memo_base > self.memo.len() / 2 {
            if let Some(used) = self.memo.get_mut(..memo_base) {
                used.fill(Slot::default());
            }
            memo_base = 0;
        }
        self.top = self.level.base;
        let (base, pickle) = (self.level.base, self.level.pickle.saturating_add(1));
        self.level = Level { base, fence: base, memo_base, pickle, ..Level::default() };
    }

    /// Begins a pickle inside another.
    pub fn enter(&mut self) -> Level {
        let (base, memo_base) = (self.top, self.level.memo_base + self.level.memo_extent);
        self.depth += 1;
        core::mem::replace(&mut self.level, Level { base, fence: base, memo_base, ..Level::default() })
    }

    /// Goes back to the pickle around this one.
    pub fn leave(&mut self, outer: Level) {
        let from = outer.memo_base + outer.memo_extent;
        let to = self.level.memo_base + self.level.memo_extent;
        if let Some(used) = self.memo.get_mut(from..to) {
            used.fill(Slot::default());
        }
        self.top = self.level.base;
        self.depth = self.depth.saturating_sub(1);
        self.level = outer;
    }

    // ---- opcodes

    /// One opcode with its argument; payloads beyond [`KEEP`] come through [`Machine::long`].
    #[inline]
    pub fn op(&mut self, op: &Op<'_>, out: &mut dyn Observer) -> Result<(), Broken> {
        use Opcode as O;
        self.offset = op.offset;
        self.opcode = Some(op.opcode);
        let last = core::mem::replace(&mut self.level.last, op.opcode.byte());
        match (op.opcode, op.arg) {
            (O::None, _) => self.push(Slot::new(Kind::None), out),
            (O::NewTrue | O::NewFalse, _) => self.push(Slot::new(Kind::Bool), out),
            (O::BinInt | O::BinInt1 | O::BinInt2, Arg::Int(n)) => self.push(Slot::int(n), out),
            (O::BinInt | O::BinInt1 | O::BinInt2, arg) => {
                let Arg::Uint(n) = arg else { return Ok(()) };
                self.push(Slot::int(n as i32), out)
            }
            (O::BinFloat, _) => self.push(Slot::new(Kind::Float), out),
            (O::ShortBinUnicode | O::BinUnicode | O::BinUnicode8, Arg::Bytes(text)) => {
                if !text.is_ascii() {
                    let mut check = scalar::Utf8::default();
                    check.feed(text);
                    if !check.finish() {
                        return Err(Broken("a str that is not UTF-8"));
                    }
                }
                self.push_text(Kind::Str, text, out)
            }
            (O::ShortBinBytes | O::BinBytes | O::BinBytes8, Arg::Bytes(text)) => self.push_text(Kind::Bytes, text, out),
            (O::ShortBinString | O::BinString, Arg::Bytes(text)) => self.push_text(Kind::Str2, text, out),
            (O::ByteArray8, _) => self.push(Slot::new(Kind::ByteArray), out),
            (O::Memoize, _) => {
                if last == O::Memoize.byte() {
                    self.repeat("MEMOIZE again and again", out);
                }
                if self.level.far {
                    let text = "MEMOIZE after a far memo entry: 3.15 counts otherwise";
                    self.tell(Rule::DivergentReading, Verdict::Divergent, Readers::SparseMemo, text, out);
                }
                self.put(self.level.memo_count, out)
            }
            (O::BinPut | O::LongBinPut, Arg::Uint(index)) => self.put(index, out),
            (O::BinGet | O::LongBinGet, Arg::Uint(index)) => self.get(index, out),
            (O::Mark, _) => self.mark(out),
            (O::EmptyTuple, _) => {
                let at = self.parts.put(&[]);
                self.push(Slot { aux: pack(1.0), ..Slot::of(Kind::Tuple, at) }, out)
            }
            (O::EmptyList, _) => self.push(Slot { aux: pack(1.0), ..Slot::new(Kind::List) }, out),
            (O::EmptyDict, _) => self.push(Slot { aux: pack(1.0), ..Slot::new(Kind::Dict) }, out),
            (O::EmptySet, _) => self.push(Slot { aux: pack(1.0), ..Slot::new(Kind::Set) }, out),
            (O::Append, _) => {
                self.pop()?;
                self.append((self.top, self.top + 1), out)
            }
            (O::Appends, _) => {
                let range = self.unmark()?;
                self.append(range, out)
            }
            (O::SetItem, _) => {
                self.pop()?;
                self.pop()?;
                self.set_items((self.top, self.top + 2), out)
            }
            (O::SetItems, _) => {
                let range = self.unmark()?;
                self.set_items(range, out)
            }
            (O::Tuple1 | O::Tuple2 | O::Tuple3, _) => {
                let n = 1 + usize::from(op.opcode.byte() - O::Tuple1.byte());
                if last == O::Tuple1.byte() && n == 1 {
                    self.repeat("tuples in tuples, thousands deep", out);
                }
                for _ in 0..n {
                    self.pop()?;
                }
                self.tuple((self.top, self.top + n), out)
            }
            (O::Tuple, _) => {
                let range = self.unmark()?;
                self.tuple(range, out)
            }
            _ => self.rare(op, last, out),
        }
    }

    fn rare(&mut self, op: &Op<'_>, last: u8, out: &mut dyn Observer) -> Result<(), Broken> {
        use Opcode as O;
        match (op.opcode, op.arg) {
            (O::Long1 | O::Long4, Arg::Bytes(bytes)) => {
                const TORCH: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
                let magic = if bytes == TORCH { flag::JUDGED } else { 0 };
                let slot = match bytes {
                    [] => Slot::int(0),
                    [a] => Slot::int(i32::from(*a as i8)),
                    [a, b] => Slot::int(i32::from(i16::from_le_bytes([*a, *b]))),
                    _ => Slot::new(Kind::Int).with(flag::LONG | magic),
                };
                self.push(slot, out)
            }
            (O::Int | O::Long, Arg::Text(text)) => {
                let is_int = op.opcode == O::Int;
                let digits = if is_int { text } else { text.strip_suffix(b"L").unwrap_or(text) };
                match scalar::int(digits, is_int) {
                    Reading::Same => {}
                    Reading::Differs => self.differs("an int that readers take differently", out),
                    Reading::Refused => return Err(Broken("the text is not an int")),
                }
                let number = core::str::from_utf8(digits).ok().and_then(|text| text.trim().parse::<i32>().ok());
                let magic = if digits == b"119547037146038801333356" { flag::JUDGED } else { 0 };
                self.push(
                    match number {
                        Some(_) if is_int && matches!(text, b"00" | b"01") => Slot::new(Kind::Bool),
                        Some(n) => Slot::int(n),
                        None => Slot::new(Kind::Int).with(flag::LONG | magic),
                    },
                    out,
                )
            }
            (O::Float, Arg::Text(text)) => {
                match scalar::float(text) {
                    Reading::Same => {}
                    Reading::Differs => self.differs("a float that readers take differently", out),
                    Reading::Refused => return Err(Broken("the text is not a float")),
                }
                self.push(Slot::new(Kind::Float), out)
            }
            (O::String, Arg::Text(text)) => {
                if scalar::string(text) == Reading::Refused {
                    return Err(Broken("STRING without quotes, or with a bad escape"));
                }
                let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
                if !inner.contains(&b'\\') {
                    return self.push_text(Kind::Str2, inner, out);
                }
                let mut plain = heapless::Vec::<u8, KEEP>::new();
                let put = |byte| {
                    let _ = plain.push(byte);
                };
                match escape::unescape(inner, put) {
                    Ok(()) => self.push_text(Kind::Str2, &plain, out),
                    Err(_) => self.push_text(Kind::Str2, inner, out),
                }
            }
            (O::Unicode, Arg::Text(text)) => {
                if scalar::unicode(text) == Reading::Refused {
                    return Err(Broken("a bad \\u or \\U escape"));
                }
                if !text.contains(&b'\\') {
                    return self.push_text(Kind::Str, text, out);
                }
                // Bytes beyond ASCII grow to two.
                let mut plain = heapless::Vec::<u8, { 2 * KEEP }>::new();
                let put = |byte| {
                    let _ = plain.push(byte);
                };
                match escape::raw_unicode(text, put) {
                    Ok(_) if plain.len() <= KEEP => self.push_text(Kind::Str, &plain, out),
                    _ => self.push_text(Kind::Str, text, out),
                }
            }
            (O::Get, Arg::Text(text)) => match scalar::index(text) {
                Some(index) => self.get(index, out),
                None => Err(Broken("GET of what is no index")),
            },
            (O::Put, Arg::Text(text)) => match scalar::index(text) {
                Some(index) => {
                    self.peek()?;
                    self.put(index, out)
                }
                None => Err(Broken("PUT of what is no index")),
            },
            (O::Pop, _) => {
                if self.top == self.level.fence && self.level.fence > self.level.base {
                    return self.unmark().map(|_| ());
                }
                let dropped = self.pop()?;
                self.dropped(dropped);
                Ok(())
            }
            (O::PopMark, _) => self.unmark().map(|_| ()),
            (O::Dup, _) => {
                if last == O::Dup.byte() {
                    self.repeat("DUP again and again", out);
                }
                let top = *self.peek()?;
                self.push(top, out)
            }
            (O::List, _) => {
                let range = self.unmark()?;
                let (flags, size) = self.gather(range);
                self.push(Slot { aux: pack(size), ..Slot::new(Kind::List).with(flags) }, out)
            }
            (O::Dict, _) => {
                let range = self.unmark()?;
                if (range.1 - range.0) % 2 == 1 {
                    return Err(Broken("an odd number of items for DICT"));
                }
                let mut dict = Slot { aux: pack(1.0), ..Slot::new(Kind::Dict) };
                self.fill_dict(&mut dict, range, out)?;
                self.push(dict, out)
            }
            (O::FrozenSet, _) => {
                let range = self.unmark()?;
                self.hash_all(range, out)?;
                let (flags, size) = self.gather(range);
                self.push(Slot { aux: pack(size), ..Slot::new(Kind::FrozenSet).with(flags) }, out)
            }
            (O::AddItems, _) => {
                let range = self.unmark()?;
                self.add_items(range, out)
            }
            (O::Proto, Arg::Uint(protocol)) => {
                if protocol > 5 {
                    return Err(Broken("there is no such protocol"));
                }
                self.level.protocol = protocol as u8;
                self.level.protocols += 1;
                if self.level.protocols == 100 {
                    self.excess("PROTO again and again", out);
                }
                Ok(())
            }
            (O::Frame, _) => Ok(()),
            (O::NextBuffer, _) => self.push(Slot::new(Kind::Buffer), out),
            (O::ReadonlyBuffer, _) => {
                let top = self.peek()?;
                match top.kind {
                    Kind::Buffer | Kind::ByteArray | Kind::Bytes | Kind::Any => top.kind = Kind::Buffer,
                    kind if (Kind::None as u8..=Kind::FrozenSet as u8).contains(&(kind as u8)) => {
                        return Err(Broken("this value has no buffer"));
                    }
                    _ => {}
                }
                Ok(())
            }
            (O::Global, Arg::Text(_)) => {
                let Some((module, name)) = op.module_and_name() else { return Err(Broken("")) };
                let global = self.import(module, name, 0, out)?;
                self.push(global, out)
            }
            (O::StackGlobal, _) => self.stack_global(out),
            (O::Inst, Arg::Text(_)) => {
                let Some((module, name)) = op.module_and_name() else { return Err(Broken("")) };
                let range = self.unmark()?;
                let args = Items::of(self.values(range));
                let class = self.import(module, name, 0, out)?;
                let made = self.instantiate(class, &args, out)?;
                self.push(made, out)
            }
            (O::Obj, _) => {
                let range = self.unmark()?;
                let args = Items::of(self.values(range));
                let Some(class) = args.get(0) else { return Err(Broken("OBJ without a class")) };
                let made = self.instantiate(class, &args.after(1), out)?;
                self.push(made, out)
            }
            (O::Reduce, _) => {
                let args = self.pop()?;
                let callee = self.pop()?;
                let items = self.arguments(args, out)?;
                let result = self.call(callee, &items, args.taint(), out)?;
                self.push(result, out)
            }
            (O::NewObj, _) => {
                let args = self.pop()?;
                let class = self.pop()?;
                let items = self.arguments(args, out)?;
                let result = self.make(class, &items, out)?;
                self.push(result, out)
            }
            (O::NewObjEx, _) => {
                let kwargs = self.pop()?;
                let args = self.pop()?;
                let class = self.pop()?;
                if kwargs.is_native() && kwargs.kind != Kind::Dict && kwargs.kind != Kind::Any {
                    return Err(Broken("NEWOBJ_EX wants a dict"));
                }
                let items = self.arguments(args, out)?;
                let result = self.make(class, &items, out)?;
                self.push(result, out)
            }
            (O::Build, _) => {
                let state = self.pop()?;
                self.build(state, out)
            }
            (O::PersId, Arg::Text(text)) => {
                if !text.is_ascii() {
                    return Err(Broken("a persistent id that is not ASCII"));
                }
                self.push_text(Kind::Str, text, out)?;
                let id = self.pop()?;
                self.persistent(id, out)
            }
            (O::BinPersId, _) => {
                let id = self.pop()?;
                self.persistent(id, out)
            }
            (O::Ext1 | O::Ext2, Arg::Uint(code)) => self.extension(i64::try_from(code).unwrap_or(i64::MAX), out),
            (O::Ext4, Arg::Int(code)) => self.extension(i64::from(code), out),
            _ => Ok(()),
        }
    }

    #[cold]
    fn repeat(&mut self, detail: &'static str, out: &mut dyn Observer) {
        self.level.repeats += 1;
        if self.level.repeats == 5_000 {
            self.excess(detail, out);
        }
    }

    fn push_text(&mut self, kind: Kind, text: &[u8], out: &mut dyn Observer) -> Result<(), Broken> {
        let mut slot = match self.ring.put(text) {
            Some(at) if text.len() <= KEEP => Slot { aux: text.len() as u16, ..Slot::of(kind, at) },
            _ => Slot::new(kind).with(flag::LONG),
        };
        if matches!(text, [b'_', b'_', .., b'_', b'_']) {
            slot.flags |= flag::DUNDER;
        }
        self.push(slot, out)
    }

    /// A payload that is too long to be kept, or that nobody looks at.
    pub fn long(&mut self, opcode: Opcode, offset: u64, judged: bool, out: &mut dyn Observer) -> Result<(), Broken> {
        use Opcode as O;
        self.offset = offset;
        self.opcode = Some(opcode);
        let kind = match opcode {
            O::ShortBinUnicode | O::BinUnicode | O::BinUnicode8 | O::Unicode => Kind::Str,
            O::ShortBinBytes | O::BinBytes | O::BinBytes8 => Kind::Bytes,
            O::ByteArray8 => Kind::ByteArray,
            O::ShortBinString | O::BinString | O::String => Kind::Str2,
            O::Float => Kind::Float,
            O::PersId => return self.persistent(Slot::new(Kind::Str).with(flag::LONG), out),
            O::Global => {
                self.tell(
                    Rule::LookAlike,
                    Verdict::Suspicious,
                    Readers::All,
                    "the name of a global is hundreds of bytes long",
                    out,
                );
                return self.push(Slot::new(Kind::Unknown), out);
            }
            O::Inst => {
                self.tell(
                    Rule::LookAlike,
                    Verdict::Suspicious,
                    Readers::All,
                    "the name of a global is hundreds of bytes long",
                    out,
                );
                self.unmark()?;
                return self.push(Slot::new(Kind::Unknown), out);
            }
            O::Put => return Ok(()),
            O::Get => Kind::Any,
            _ => Kind::Int,
        };
        self.push(Slot::new(kind).with(flag::LONG | if judged { flag::JUDGED } else { 0 }), out)
    }

    /// A line of digits that is too long to be kept.
    pub fn long_digits(&mut self, plain: bool, total: u64, out: &mut dyn Observer) {
        if total > scalar::MAX_DIGITS as u64 + 3 {
            self.excess("a number of thousands of digits", out);
        } else if !plain {
            self.differs("a number that readers take differently", out);
        }
    }

    // ---- containers

    /// The flags and the size of a container of these values.
    fn gather(&self, range: (usize, usize)) -> (u8, f32) {
        let (mut flags, mut size) = (0, 1.0f32);
        for slot in self.values(range) {
            let slot = if slot.is_mutable() { self.live(*slot) } else { *slot };
            flags |= slot.taint();
            size += slot.size();
        }
        (flags, size.min(1e30))
    }

    fn tuple(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let (mut flags, size) = self.gather(range);
        let items = self.stack.get(range.0..range.1).unwrap_or_default();
        if items.iter().any(|item| item.unhashable()) {
            flags |= flag::UNHASHABLE;
        }
        let at = self.parts.put(items);
        self.push(Slot { kind: Kind::Tuple, flags, aux: pack(size), at }, out)
    }

    /// The container below the values, which were just popped.
    fn target(&mut self) -> Result<Slot, Broken> {
        let slot = *self.peek()?;
        Ok(self.live(slot))
    }

    fn replace_top(&mut self, slot: Slot) {
        if let Ok(top) = self.peek() {
            *top = slot;
        }
    }

    fn append(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let mut target = self.target()?;
        match target.kind {
            Kind::List => {
                let (flags, size) = self.gather(range);
                let before = target.size();
                target.flags |= flags;
                target.aux = pack((before + size - 1.0).min(1e30));
                if before < EXPANSION && before + size >= EXPANSION && size > 2.0 * (range.1 - range.0 + 1) as f32 {
                    self.excess("lists of lists that unfold to millions of values", out);
                }
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            kind if range.0 == range.1 && (kind as u8) < Kind::Any as u8 => {
                self.differs("no items for what takes none", out);
                Ok(())
            }
            Kind::ByteArray | Kind::Any => Ok(()),
            kind if (kind as u8) < Kind::Any as u8 => Err(Broken("this value has no append")),
            _ => self.items_onto(target, range, out),
        }
    }

    fn set_items(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        if (range.1 - range.0) % 2 == 1 {
            return Err(Broken("an odd number of items for SETITEMS"));
        }
        let mut target = self.target()?;
        match target.kind {
            Kind::Dict => {
                self.fill_dict(&mut target, range, out)?;
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            kind if range.0 == range.1 && (kind as u8) < Kind::Any as u8 => {
                // C and Python both do nothing.
                Ok(())
            }
            Kind::List => {
                let (flags, _) = self.gather(range);
                target.flags |= flags;
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            Kind::ByteArray | Kind::Any | Kind::Buffer => Ok(()),
            kind if (kind as u8) < Kind::Any as u8 => Err(Broken("this value has no item assignment")),
            _ => {
                self.hash_keys(range, out)?;
                self.items_onto(target, range, out)
            }
        }
    }

    fn add_items(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let mut target = self.target()?;
        match target.kind {
            Kind::Set => {
                self.hash_all(range, out)?;
                let (flags, size) = self.gather(range);
                target.flags |= flags;
                target.aux = pack((target.size() + size - 1.0).min(1e30));
                self.replace_top(target);
                self.keep(target);
                Ok(())
            }
            kind if range.0 == range.1 && (kind as u8) < Kind::Any as u8 => {
                self.differs("no items for what takes none", out);
                Ok(())
            }
            Kind::Any => Ok(()),
            kind if (kind as u8) < Kind::Any as u8 => Err(Broken("this value has no add")),
            _ => self.items_onto(target, range, out),
        }
    }

    fn fill_dict(&mut self, dict: &mut Slot, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        self.hash_keys(range, out)?;
        let (mut flags, size) = self.gather(range);
        for pair in self.values(range).chunks(2) {
            if let Some(key) = pair.first() {
                match key.kind {
                    Kind::Str | Kind::Str2 => flags |= key.flags & flag::DUNDER,
                    _ => flags |= flag::NONSTR,
                }
            }
        }
        dict.flags |= flags;
        dict.aux = pack((dict.size() + size - 1.0).min(1e30));
        if self.wrapper.seen {
            self.note_wrapper(range);
        }
        Ok(())
    }

    fn hash_keys(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        let mut at = range.0;
        while at < range.1 {
            let key = self.stack.get(at).copied().unwrap_or_default();
            if !key.is_text() {
                self.hash(key, out)?;
            }
            at += 2;
        }
        Ok(())
    }

    fn hash_all(&mut self, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        for at in range.0..range.1 {
            let key = self.stack.get(at).copied().unwrap_or_default();
            if !key.is_text() {
                self.hash(key, out)?;
            }
        }
        Ok(())
    }

    fn hash(&mut self, key: Slot, out: &mut dyn Observer) -> Result<(), Broken> {
        if key.unhashable() {
            return Err(Broken("a key that cannot be hashed"));
        }
        if matches!(key.kind, Kind::Tuple | Kind::FrozenSet) && key.size() >= EXPANSION {
            self.excess("a key that unfolds to millions of values", out);
        }
        if (key.kind as u8) > Kind::Any as u8 {
            self.hash_object(key, out);
        }
        Ok(())
    }

    /// What is in the state of a joblib wrapper.
    fn note_wrapper(&mut self, range: (usize, usize)) {
        let mut at = range.0;
        while at + 1 < range.1 {
            let key = self.stack.get(at).copied().unwrap_or_default();
            let value = self.stack.get(at + 1).copied().unwrap_or_default();
            at += 2;
            let Some(text) = self.ring.get(key.at, key.aux).filter(|_| key.is_text() && !key.has(flag::LONG)) else {
                continue;
            };
            match text {
                b"shape" if value.kind == Kind::Tuple => {
                    let shape = self.parts.get(value.at);
                    let mut count = Some(1u64);
                    for dimension in shape.iter() {
                        let n = dimension.as_int().and_then(|n| u64::try_from(n).ok());
                        count = count.and_then(|count| count.checked_mul(n?));
                    }
                    self.wrapper.shape = count.filter(|_| !shape.lost && shape.count <= super::rings::PARTS);
                }
                b"dtype" if value.kind == Kind::Instance && value.aux != 0 => {
                    self.wrapper.dtype = self.dtypes.get(usize::from(value.aux) % 64).copied();
                }
                b"numpy_array_alignment_bytes" => self.wrapper.padded = value.kind != Kind::None,
                _ => {}
            }
        }
    }
}
