//! Globals under other names: a copy of the opcodes in which only names change.

use super::{Framer, copy, each, memo_index};
use crate::wire::sink::WriteError;
use crate::{Arg, Decoder, Encoder, Error, GlobalName, Op, OpKind, Opcode, Step};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use embedded_io::Write;

/// What [`rename`] did.
///
/// ```
/// use pickle_core::GlobalName;
/// use pickle_core::recode::{Renamed, rename};
///
/// let mut out = Vec::new();
/// let mut moved = |module: &str, name: &str| {
///     (module == "app.models").then(|| GlobalName::new("app.users".to_string(), name.to_string()))
/// };
/// let renamed = rename(b"capp.models\nUser\n)\x81.", &mut moved, &mut out)?;
/// assert_eq!(renamed, Renamed { len: 20, count: 1 });
/// assert_eq!(out, b"capp.users\nUser\n)\x81.");
/// # Ok::<_, pickle_core::WriteError<core::convert::Infallible>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// Bytes of the input that the pickle took.
    pub len: usize,
    /// Opcodes that got another name.
    pub count: usize,
}

/// Copies the pickle at the start of `input` with other names for globals: `rename` gets module and name, and gives the new
/// ones, or `None` for those that stay. A pickle of which no global changes is copied byte for byte; in all others the frames
/// are written anew, and nothing else changes.
///
/// The strs that STACK_GLOBAL takes are replaced where nothing else uses them. Where something does, such as a dict that has the
/// same str as a key, they stay, and the global gets strs of its own.
///
/// Memory: the stack and the memo, eight bytes an entry.
///
/// # Errors
/// The opcodes are damaged, or the sink fails.
pub fn rename<W: Write>(
    input: &[u8],
    rename: &mut dyn FnMut(&str, &str) -> Option<GlobalName<String>>,
    out: &mut W,
) -> Result<Renamed, WriteError<W::Error>> {
    let plan = Plan::of(input, rename)?;
    if plan.sites.is_empty() && plan.lines.is_empty() {
        return Ok(Renamed { len: copy(input, out)?, count: 0 });
    }
    let mut sink = Framer { out: Encoder::new(out, 5), frame: Vec::new(), on: plan.framed };
    let len = each(input, |op| {
        if op.opcode == Opcode::Frame {
            return Ok(());
        }
        if let Some(GlobalName { module, name }) = plan.lines.get(&op.offset) {
            let text = [module.as_bytes(), b"\n", name.as_bytes()].concat();
            return sink.op(op.opcode, Arg::Text(&text));
        }
        if let Some(text) = plan.in_place.get(&op.offset) {
            return str_op(&mut sink, text);
        }
        if let Some(GlobalName { module, name }) = plan.sites.get(&op.offset)
            && !plan.is_in_place(op.offset, input)
        {
            sink.op(Opcode::Pop, Arg::Nothing)?;
            sink.op(Opcode::Pop, Arg::Nothing)?;
            str_op(&mut sink, module)?;
            str_op(&mut sink, name)?;
        }
        sink.op(op.opcode, op.arg)
    })?;
    sink.end_frame()?;
    sink.out.flush()?;
    Ok(Renamed { len, count: plan.sites.len() + plan.lines.len() })
}

fn str_op<W: Write>(sink: &mut Framer<W>, text: &str) -> Result<(), WriteError<W::Error>> {
    let opcode = if text.len() < 256 { Opcode::ShortBinUnicode } else { Opcode::BinUnicode };
    sink.op(opcode, Arg::Bytes(text.as_bytes()))
}

/// What changes, by the offsets of opcodes.
#[derive(Default)]
struct Plan {
    /// GLOBAL and INST.
    lines: BTreeMap<u64, GlobalName<String>>,
    /// STACK_GLOBAL: new names.
    sites: BTreeMap<u64, GlobalName<String>>,
    /// The strs that each of `sites` takes.
    operands: BTreeMap<u64, [u64; 2]>,
    /// Strs that are replaced where they stand.
    in_place: BTreeMap<u64, String>,
    /// FRAME is in it.
    framed: bool,
}

impl Plan {
    fn of(input: &[u8], rename: &mut dyn FnMut(&str, &str) -> Option<GlobalName<String>>) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        // What each str that is part of a global should become; `None` where two globals disagree.
        let mut wanted: BTreeMap<u64, Option<String>> = BTreeMap::new();
        let mut require = |at: u64, text: &str| {
            let same = wanted.entry(at).or_insert_with(|| Some(text.into()));
            if same.as_deref() != Some(text) {
                *same = None;
            }
        };
        let mut stack = Stack::new();
        each::<Error>(input, |op| {
            plan.framed |= op.opcode == Opcode::Frame;
            if let Some(GlobalName { module, name }) = names(op.module_and_name()) {
                plan.lines.extend(rename(module, name).map(|new| (op.offset, new)));
            }
            if op.opcode == Opcode::StackGlobal
                && let [module_at, name_at] = stack.top_two()
                && let Some((module, name)) = str_at(input, module_at).zip(str_at(input, name_at))
                && let Some(GlobalName { module, name }) = names(Some(GlobalName { module, name }))
            {
                let new = rename(module, name);
                let (new_module, new_name) =
                    new.as_ref().map_or((module, name), |new| (new.module.as_str(), new.name.as_str()));
                require(module_at, new_module);
                require(name_at, new_name);
                if let Some(new) = new {
                    plan.sites.insert(op.offset, new);
                    plan.operands.insert(op.offset, [module_at, name_at]);
                }
            }
            stack.apply(&op, &mut |_| {})
        })?;
        if plan.sites.is_empty() {
            return Ok(plan);
        }
        // A str that is used as a value, too, has to stay.
        let mut used = BTreeSet::new();
        let mut stack = Stack::new();
        each::<Error>(input, |op| {
            stack.apply(&op, &mut |at| {
                if wanted.contains_key(&at) {
                    used.insert(at);
                }
            })
        })?;
        let replaced = wanted.into_iter().filter(|(at, _)| !used.contains(at));
        plan.in_place = replaced
            .filter_map(|(at, text)| text.map(|text| (at, text)))
            .filter(|(at, text)| str_at(input, *at) != Some(text.as_bytes()))
            .collect();
        Ok(plan)
    }

    /// The strs that the STACK_GLOBAL takes give it its new names: nothing else has to be done.
    fn is_in_place(&self, site: u64, input: &[u8]) -> bool {
        let (Some(GlobalName { module, name }), Some([first, second])) =
            (self.sites.get(&site), self.operands.get(&site))
        else {
            return false;
        };
        let becomes = |at: &u64| self.in_place.get(at).map(|text| text.as_bytes()).or_else(|| str_at(input, *at));
        becomes(first) == Some(module.as_bytes()) && becomes(second) == Some(name.as_bytes())
    }
}

/// The text of the str whose opcode is at an offset.
fn str_at(input: &[u8], at: u64) -> Option<&[u8]> {
    let mut rest = input.get(usize::try_from(at).ok()?..)?;
    match Decoder::new().next(&mut rest) {
        Ok(Step::Op(op)) if is_str(&op) => Some(op.bytes()),
        _ => None,
    }
}

fn names(parts: Option<GlobalName<&[u8]>>) -> Option<GlobalName<&str>> {
    let GlobalName { module, name } = parts?;
    Some(GlobalName::new(core::str::from_utf8(module).ok()?, core::str::from_utf8(name).ok()?))
}

/// Which strs lie where on the stack and in the memo, by the offsets of their opcodes plus one.
struct Stack {
    values: Vec<u64>,
    memo: BTreeMap<u64, u64>,
}

/// Any value but a str.
const OTHER: u64 = 0;
const MARK: u64 = u64::MAX;

impl Stack {
    fn new() -> Self {
        Stack { values: Vec::new(), memo: BTreeMap::new() }
    }

    /// The two topmost values, the lower one first; offsets of strs.
    fn top_two(&self) -> [u64; 2] {
        match self.values.as_slice() {
            [.., module, name] => [module.wrapping_sub(1), name.wrapping_sub(1)],
            _ => [u64::MAX; 2],
        }
    }

    /// What an opcode does; `used` gets the offset of every str that becomes part of another value.
    fn apply(&mut self, op: &Op<'_>, used: &mut dyn FnMut(u64)) -> Result<(), Error> {
        if let Some((put, index)) = memo_index(op, self.memo.len())? {
            match put {
                true => drop(self.memo.insert(index, self.values.last().copied().unwrap_or(OTHER))),
                false => self.values.push(self.memo.get(&index).copied().unwrap_or(OTHER)),
            }
            return Ok(());
        }
        if is_str(op) {
            self.values.push(op.offset + 1);
            return Ok(());
        }
        if op.opcode == Opcode::Dup {
            self.values.push(self.values.last().copied().unwrap_or(OTHER));
            return Ok(());
        }
        let quiet = matches!(op.opcode, Opcode::StackGlobal | Opcode::Pop | Opcode::PopMark);
        let mut take = |value: u64| {
            if !matches!(value, OTHER | MARK) && !quiet {
                used(value - 1);
            }
        };
        let effect = op.opcode.stack_effect();
        if effect.to_mark {
            while let Some(value) = self.values.pop()
                && value != MARK
            {
                take(value);
            }
        }
        for _ in 0..effect.pops {
            self.values.pop().into_iter().for_each(&mut take);
        }
        self.values.extend((0..effect.pushes).map(|_| OTHER));
        if effect.marks {
            self.values.push(MARK);
        }
        Ok(())
    }
}

/// A str as it can be the name of a global.
fn is_str(op: &Op<'_>) -> bool {
    op.opcode.kind() == OpKind::Str && op.opcode != Opcode::Unicode
}
