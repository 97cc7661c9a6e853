//! What imports, calls and states mean: the events of the machine, judged.

use super::effects::Effect;
use super::machine::{Broken, Machine};
use super::report::{Action, Executes, Finding, Observer, Readers, TraceEvent};
use super::resolve;
use super::rings::Items;
use super::rules::{Capability, Rule, Verdict};
use super::short::{Short, push_byte, push_int};
use super::value::{Kind, Slot, flag};
use crate::GlobalName;
use crate::name::JOBLIB_ARRAY;

impl<'m> Machine<'m> {
    // ---- names

    /// Imports a global: names it, resolves it, tells what it is.
    pub fn import(
        &mut self,
        module: &[u8],
        name: &[u8],
        module_at: u32,
        out: &mut dyn Observer,
    ) -> Result<Slot, Broken> {
        if core::str::from_utf8(module).is_err() || core::str::from_utf8(name).is_err() {
            return Err(Broken("the name of a global is not UTF-8"));
        }
        let era = u8::from(self.level.protocol < 3) | u8::from(self.level.protocol >= 4) << 1;
        let Some((id, new)) = self.names.intern(module, name, era) else {
            self.limit("more globals than there is room for", out);
            self.level.ran = true;
            // What it is must still be known.
            let found = resolve::resolve(module, name, self.level.protocol, self.policy.as_ref());
            self.verdict = self.verdict.max(found.verdict);
            return Ok(Slot::new(Kind::Unknown));
        };
        self.level.ran = true;
        if new {
            let found = resolve::resolve(module, name, self.level.protocol, self.policy.as_ref());
            let first = self.offset;
            if let Some(row) = self.names.row(id) {
                row.effect = found.effect;
                row.verdict = found.verdict;
                row.capability = found.capability;
                row.module_at = module_at;
                row.first = first;
            }
            self.formulas |= module.starts_with(b"sympy");
            if name == JOBLIB_ARRAY.as_bytes() {
                self.wrapper.seen = true;
            }
            if found.verdict > Verdict::Clean || found.rule == Rule::AcceptedByPolicy {
                self.tell_global(id, found.rule, found.verdict, None, "", found.detail, out);
            }
            if matches!(found.effect, Effect::Sink(..)) {
                self.executes(Executes::Deferred);
            }
        }
        if self.events {
            self.tell_event(Action::Import, Some(id), "", out);
        }
        Ok(self.global(id))
    }

    /// The value of a global.
    pub fn global(&self, id: u32) -> Slot {
        let row = self.names.get(id);
        let callable = match row.effect {
            Effect::Class(_) => 0,
            // A method, by the name of its class; a constant, such as a member of an enumeration, is none.
            Effect::Held if resolve::is_method(self.names.text(id).1) => flag::CALLABLE | flag::ARMED,
            _ => flag::CALLABLE,
        };
        let flagged = if row.verdict > Verdict::Unknown { flag::FLAGGED } else { 0 };
        Slot::of(Kind::Global, id).with(callable | flagged)
    }

    /// The text of a short string.
    pub fn text_of(&self, slot: Slot) -> Option<&[u8]> {
        if slot.has(flag::LONG) || !matches!(slot.kind, Kind::Str | Kind::Str2 | Kind::Bytes) {
            return None;
        }
        self.ring.get(slot.at, slot.aux)
    }

    pub fn stack_global(&mut self, out: &mut dyn Observer) -> Result<(), Broken> {
        let name = self.pop()?;
        let module = self.pop()?;
        for slot in [module, name] {
            let native = slot.is_native() && slot.kind != Kind::Any;
            if native && !slot.is_text() {
                return Err(Broken("STACK_GLOBAL wants two str"));
            }
        }
        let mut copies = [[0u8; super::machine::KEEP]; 2];
        let mut lens = [None, None];
        let mut dynamic = false;
        for ((slot, copy), len) in [module, name].iter().zip(&mut copies).zip(&mut lens) {
            dynamic |= !(slot.is_text() || slot.kind == Kind::Any && slot.aux == super::memo::LOST);
            let mut text = self.text_of(*slot);
            if text.is_none() && slot.is_text() && !slot.has(flag::LONG) {
                text = self.names.module_of(slot.at);
            }
            if let Some((text, place)) = text.and_then(|text| Some((text, copy.get_mut(..text.len())?))) {
                super::copy::copy(place, text);
                *len = Some(text.len());
            }
        }
        let [module_copy, name_copy] = &copies;
        match lens {
            [Some(module_len), Some(name_len)] => {
                let (module_text, name_text) =
                    (module_copy.get(..module_len).unwrap_or_default(), name_copy.get(..name_len).unwrap_or_default());
                let global = self.import(module_text, name_text, module.at, out)?;
                self.push(global, out)
            }
            _ if dynamic => {
                self.level.ran = true;
                self.executes(Executes::Yes);
                self.tell_of(
                    Rule::DynamicImport,
                    Verdict::Dangerous,
                    Capability::Import,
                    Readers::All,
                    "the operands of STACK_GLOBAL are computed",
                    out,
                );
                self.push(Slot::new(Kind::Unknown).with(flag::FLAGGED), out)
            }
            _ if module.has(flag::LONG) || name.has(flag::LONG) => {
                let detail = "the name of a global is hundreds of bytes long";
                self.tell(Rule::LookAlike, Verdict::Suspicious, Readers::All, detail, out);
                self.push(Slot::new(Kind::Unknown), out)
            }
            _ => {
                self.limit("the text of a name was read too long ago", out);
                self.push(Slot::new(Kind::Unknown), out)
            }
        }
    }

    // ---- telling

    #[cold]
    #[allow(clippy::too_many_arguments)]
    pub fn tell_global(
        &mut self,
        id: u32,
        rule: Rule,
        verdict: Verdict,
        via: Option<u32>,
        args: &str,
        detail: &'static str,
        out: &mut dyn Observer,
    ) {
        self.verdict = self.verdict.max(verdict);
        let row = self.names.get(id);
        let (module, name) = self.names.text(id);
        let finding = Finding {
            rule,
            verdict,
            capability: row.capability,
            readers: Readers::All,
            pickle: self.level.pickle,
            depth: self.depth,
            opcode: self.opcode,
            offset: self.offset,
            module,
            name,
            via: via.map(|via| {
                let (module, name) = self.names.text(via);
                GlobalName { module, name }
            }),
            args,
            detail,
        };
        out.finding(&finding);
    }

    #[cold]
    pub fn tell_event(&mut self, action: Action, id: Option<u32>, args: &str, out: &mut dyn Observer) {
        let (module, name) = id.map_or((&[][..], &[][..]), |id| self.names.text(id));
        let (offset, pickle, depth) = (self.offset, self.level.pickle, self.depth);
        out.event(&TraceEvent { action, offset, pickle, depth, module, name, args });
    }

    /// Tells of an object that is no global, once in a while.
    #[cold]
    pub fn tell_value(
        &mut self,
        callee: Slot,
        rule: Rule,
        verdict: Verdict,
        detail: &'static str,
        out: &mut dyn Observer,
    ) {
        match callee.kind {
            Kind::Global | Kind::Instance | Kind::Wrapper | Kind::Getter => {
                self.verdict = self.verdict.max(verdict);
                if self.may_tell(rule) {
                    self.tell_global(callee.at, rule, verdict, None, "", detail, out);
                }
            }
            _ => self.tell(rule, verdict, Readers::All, detail, out),
        }
    }

    /// True the first time that this is asked of a global.
    pub fn first(&mut self, id: u32, bit: u8) -> bool {
        match self.names.row(id) {
            Some(row) => {
                let first = row.told & bit == 0;
                row.told |= bit;
                first
            }
            None => true,
        }
    }

    pub fn short(&self, items: &Items) -> Short {
        let mut text = Short::new();
        for (index, item) in items.iter().take(4).enumerate() {
            let _ = text.push_str(if index > 0 { ", " } else { "" });
            self.describe(item, &mut text);
        }
        if items.lost || items.count > 4 {
            let _ = text.push_str(if items.lost { "..." } else { ", ..." });
        }
        text
    }

    pub fn describe(&self, item: Slot, text: &mut Short) {
        let word = match item.kind {
            Kind::None => "None",
            Kind::Bool => "bool",
            Kind::Float => "float",
            Kind::Tuple => "(...)",
            Kind::List => "[...]",
            Kind::Dict => "{...}",
            Kind::Set | Kind::FrozenSet => "{...}",
            Kind::Int => match item.as_int() {
                Some(n) => {
                    push_int(text, n);
                    ""
                }
                None => "int",
            },
            Kind::Str | Kind::Str2 | Kind::Bytes => match self.text_of(item) {
                Some(bytes) => {
                    let _ = text.push_str(if item.kind == Kind::Bytes { "b'" } else { "'" });
                    bytes.iter().take(48).for_each(|&byte| push_byte(text, byte));
                    if bytes.len() > 48 { "...'" } else { "'" }
                }
                None => "'...'",
            },
            Kind::Global => {
                let (module, name) = self.names.text(item.at);
                for part in [module, b".", name] {
                    let _ = text.push_str(core::str::from_utf8(part).unwrap_or("?"));
                }
                ""
            }
            _ => "...",
        };
        let _ = text.push_str(word);
    }
}
