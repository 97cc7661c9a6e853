//! The abstract machine: the stack and the memo of CPython's C unpickler, with values of eight bytes.
//!
//! What CPython refuses ends the pickle, as it does there; what only some of its readers refuse is told and goes on.

use super::memory::FarSlot;
use super::names::Names;
use super::report::{Executes, Finding, Observer, Readers};
use super::rings::{Parts, Ring};
use super::rules::{Capability, Rule, Verdict};
use super::table::GlobalTable;
use super::value::{Kind, Slot};
use crate::Opcode;

/// The pickle is over before its STOP: no reader goes on from here.
pub(crate) struct Broken(pub &'static str);

/// Bytes of a string or a line that are kept and looked at.
pub(crate) const KEEP: usize = 512;
/// Values that are open at the same time in an honest pickle.
pub(crate) const DEPTH: usize = 65_536;
/// Callables and objects that wait for their arguments at the same time.
pub(crate) const WAITING: usize = 10_000;
/// Tellings of one rule.
const TELLINGS: u8 = 12;
/// Values that a hashed or shared object may unfold to.
pub(crate) const EXPANSION: f32 = 16_777_216.0;

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
    /// So many values were open that they were looked at.
    pub deep: bool,
}

pub(crate) struct Machine<'m> {
    pub stack: &'m mut [Slot],
    pub top: usize,
    pub level: Level,
    pub memo: &'m mut [Slot],
    pub far: &'m mut [FarSlot],
    pub far_used: usize,
    pub names: Names<'m>,
    pub ring: Ring<'m>,
    pub parts: Parts<'m>,
    pub policy: Option<GlobalTable<'m>>,
    /// Flags that ever went into a container that the memo does not follow.
    pub loose: u8,
    pub depth: u8,
    pub offset: u64,
    pub opcode: Option<Opcode>,
    pub verdict: Verdict,
    pub executes: Executes,
    pub limited: bool,
    pub buffers: u64,
    /// Sizes of the items of numpy dtypes; their highest bit tells objects.
    pub dtypes: [u32; 64],
    pub dtypes_used: u16,
    /// What the state of the wrapper of a joblib array says.
    pub wrapper: Wrapper,
    pub events: bool,
    /// A global of sympy was named: its objects evaluate text.
    pub formulas: bool,
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
    pub fn new(memory: super::Buffers<'m>, policy: Option<GlobalTable<'m>>) -> Self {
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
            buffers: 0,
            dtypes: [0; 64],
            dtypes_used: 0,
            wrapper: Wrapper::default(),
            events: false,
            formulas: false,
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
    pub fn excess(&mut self, detail: &'static str, out: &mut dyn Observer) {
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
        let Some(place) = self.stack.get_mut(self.top) else { return self.full(out) };
        *place = slot;
        self.top += 1;
        let open = self.top - self.level.base;
        if open == WAITING || open == DEPTH {
            self.crowded(open, out);
        }
        Ok(())
    }

    #[cold]
    fn full(&mut self, out: &mut dyn Observer) -> Result<(), Broken> {
        self.limit("more values are open than there is room for", out);
        Err(Broken(""))
    }

    #[cold]
    fn crowded(&mut self, open: usize, out: &mut dyn Observer) {
        match open {
            WAITING if !self.level.deep => self.deep(out),
            DEPTH if self.is_nested() => self.excess("more than 65536 values are open at once", out),
            _ => {}
        }
    }

    /// Many of the open values are containers that wait for what is in them: they are no items of one wide tuple or
    /// frozenset. Of dicts in dicts every other one is a key.
    fn is_nested(&self) -> bool {
        let open = self.values((self.level.base, self.top));
        let waits = |slot: &&Slot| match slot.kind {
            Kind::Mark => true,
            Kind::List | Kind::Dict | Kind::Set => slot.size() <= 1.0,
            _ => false,
        };
        open.iter().filter(waits).count() > open.len() / 4
    }

    /// So many open values are lists in lists where they are plain data: that is said no earlier than it must be.
    #[cold]
    fn deep(&mut self, out: &mut dyn Observer) {
        self.level.deep = true;
        let open = self.values((self.level.base, self.top));
        if open.iter().filter(|slot| !slot.is_native() && slot.kind != Kind::Mark).count() > open.len() / 2 {
            self.excess("more than 5000 callables wait for their arguments", out);
        }
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
    pub fn underflow(&self) -> Broken {
        Broken(if self.level.fence > self.level.base { "a MARK where a value is wanted" } else { "the stack is empty" })
    }

    #[inline]
    pub fn peek(&mut self) -> Result<&mut Slot, Broken> {
        if self.top <= self.level.fence {
            return Err(self.underflow());
        }
        self.stack.get_mut(self.top - 1).ok_or(Broken(""))
    }

    pub fn mark(&mut self, out: &mut dyn Observer) -> Result<(), Broken> {
        let fence = u32::try_from(self.level.fence).unwrap_or(0);
        self.push(Slot::of(Kind::Mark, fence), out)?;
        self.level.fence = self.top;
        Ok(())
    }

    /// Takes the topmost mark away. Gives where the values above it began; they lie there until the next push.
    #[inline]
    pub fn unmark(&mut self) -> Result<(usize, usize), Broken> {
        if self.level.fence == self.level.base {
            return Err(Broken("there is no MARK"));
        }
        let (from, to) = (self.level.fence, self.top);
        self.top = from - 1;
        self.level.fence = self.stack.get(self.top).map_or(0, |mark| mark.at as usize);
        Ok((from, to))
    }

    pub fn values(&self, range: (usize, usize)) -> &[Slot] {
        self.stack.get(range.0..range.1).unwrap_or_default()
    }
}
