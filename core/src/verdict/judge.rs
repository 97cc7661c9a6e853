//! What imports, calls and states mean: the events of the machine, judged.

use super::effects::{ClassEffect, Effect};
use super::machine::{Broken, Machine};
use super::names::told;
use super::report::{Action, Event, Executes, Finding, Observer, Readers};
use super::resolve;
use super::rings::Items;
use super::rules::{Capability, Rule, Verdict};
use super::value::{Kind, Slot, flag};
use core::fmt::Write;
use heapless::String;

/// Arguments in short.
type Short = String<120>;

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
            if name == b"NumpyArrayWrapper" {
                self.wrapper.seen = true;
            }
            if found.verdict > Verdict::Clean {
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
    fn global(&self, id: u32) -> Slot {
        let row = self.names.get(id);
        let callable = match row.effect {
            Effect::Class(_) => 0,
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
            dynamic |= !slot.is_text();
            let mut text = self.text_of(*slot);
            if text.is_none() && slot.is_text() && !slot.has(flag::LONG) {
                text = self.names.module_of(slot.at);
            }
            if let Some((text, place)) = text.and_then(|text| Some((text, copy.get_mut(..text.len())?))) {
                place.copy_from_slice(text);
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
    fn tell_global(
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
            via: via.map(|via| self.names.text(via)),
            args,
            detail,
        };
        out.finding(&finding);
    }

    #[cold]
    fn tell_event(&mut self, action: Action, id: Option<u32>, args: &str, out: &mut dyn Observer) {
        let (module, name) = id.map_or((&[][..], &[][..]), |id| self.names.text(id));
        let (offset, pickle, depth) = (self.offset, self.level.pickle, self.depth);
        out.event(&Event { action, offset, pickle, depth, module, name, args });
    }

    /// Tells of an object that is no global, once in a while.
    #[cold]
    fn tell_value(&mut self, callee: Slot, rule: Rule, verdict: Verdict, detail: &'static str, out: &mut dyn Observer) {
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
    fn first(&mut self, id: u32, bit: u8) -> bool {
        match self.names.row(id) {
            Some(row) => {
                let first = row.told & bit == 0;
                row.told |= bit;
                first
            }
            None => true,
        }
    }

    fn short(&self, items: &Items) -> Short {
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

    fn describe(&self, item: Slot, text: &mut Short) {
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
                    let _ = write!(text, "{n}");
                    ""
                }
                None => "int",
            },
            Kind::Str | Kind::Str2 | Kind::Bytes => match self.text_of(item) {
                Some(bytes) => {
                    let _ = text.push_str(if item.kind == Kind::Bytes { "b'" } else { "'" });
                    for &byte in bytes.iter().take(48) {
                        let _ = match byte {
                            b'\'' | b'\\' | 0..32 | 127.. => write!(text, "\\x{byte:02x}"),
                            _ => text.push(char::from(byte)).map_err(|_| core::fmt::Error),
                        };
                    }
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

    // ---- calls

    /// The items of the arguments of a call.
    pub fn arguments(&mut self, args: Slot, out: &mut dyn Observer) -> Result<Items, Broken> {
        match args.kind {
            Kind::Tuple => Ok(self.parts.get(args.at)),
            Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet | Kind::Str | Kind::Bytes | Kind::ByteArray => {
                self.differs("arguments that are no tuple: the Python reader takes them", out);
                Ok(Items::lost())
            }
            Kind::None | Kind::Bool | Kind::Int | Kind::Float => Err(Broken("the arguments must be a tuple")),
            _ => Ok(Items::lost()),
        }
    }

    /// Something called that is not proved harmless.
    fn unknown_call(&mut self, callee: Slot, items: &Items, rule: Rule, verdict: Verdict, out: &mut dyn Observer) {
        self.executes(Executes::Yes);
        self.verdict = self.verdict.max(verdict);
        if callee.kind == Kind::Global {
            if self.first(callee.at, told::CALLED) {
                let args = self.short(items);
                self.tell_global(callee.at, rule, verdict, None, &args, "", out);
            }
        } else {
            self.tell_value(callee, rule, verdict, "", out);
        }
    }

    fn sink_like(&self, items: &Items) -> bool {
        items.lost || items.iter().any(|item| self.text_of(item).is_some_and(resolve::is_sink_like))
    }

    /// `callee(*items)`.
    pub fn call(&mut self, callee: Slot, items: &Items, taint: u8, out: &mut dyn Observer) -> Result<Slot, Broken> {
        self.level.ran = true;
        if self.events {
            let args = self.short(items);
            let id = (callee.kind == Kind::Global).then_some(callee.at);
            self.tell_event(Action::Call, id, &args, out);
        }
        match callee.kind {
            Kind::Global => self.call_global(callee, items, taint, out),
            Kind::Wrapper => Ok(Slot::new(Kind::Any).with(taint & flag::TAINT)),
            Kind::Getter => {
                let target = items.get(0).unwrap_or_default();
                if target.is_native() {
                    return Ok(Slot::new(Kind::Any).with(flag::UNKNOWN));
                }
                self.unknown_call(callee, items, Rule::ComputedCallee, Verdict::Suspicious, out);
                Ok(Slot::new(Kind::Unknown).with(flag::CALLABLE))
            }
            Kind::Instance if self.class_allows(callee.at, ClassEffect::CALL) => Ok(Slot::new(Kind::Any)),
            Kind::Persistent | Kind::Extension => {
                let rule = if callee.kind == Kind::Persistent { Rule::PersistentId } else { Rule::ExtensionCode };
                self.executes(Executes::Yes);
                self.tell(rule, Verdict::Unknown, Readers::All, "it is called", out);
                Ok(Slot::new(Kind::Unknown))
            }
            Kind::Any | Kind::Instance | Kind::Unknown | Kind::Module => {
                let listed = callee.kind == Kind::Any && !callee.has(flag::TAINT);
                let verdict = if callee.has(flag::FLAGGED) || self.sink_like(items) || listed {
                    Verdict::Suspicious
                } else {
                    Verdict::Unknown
                };
                self.unknown_call(callee, items, Rule::ComputedCallee, verdict, out);
                Ok(Slot::new(Kind::Unknown))
            }
            _ => Err(Broken("this value cannot be called")),
        }
    }

    fn class_allows(&self, id: u32, what: ClassEffect) -> bool {
        matches!(self.names.get(id).effect, Effect::Class(class) if class.allows(what))
    }

    fn call_global(&mut self, callee: Slot, items: &Items, taint: u8, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let id = callee.at;
        if let Some(row) = self.names.row(id) {
            row.told |= told::WAS_CALLED;
        }
        let row = self.names.get(id);
        match row.effect {
            Effect::Pure => Ok(Slot::new(Kind::Any).with(taint & flag::TAINT)),
            Effect::Class(class) if class.allows(ClassEffect::INIT) => {
                Ok(self.instance(id, items).with(taint & flag::TAINT))
            }
            Effect::Sink(_, verdict) => {
                self.unknown_call(callee, items, Rule::SinkCalled, verdict, out);
                Ok(Slot::new(Kind::Unknown).with(flag::FLAGGED | flag::CALLABLE))
            }
            Effect::Code => {
                self.unknown_call(callee, items, Rule::CodeObject, Verdict::Code, out);
                Ok(Slot::new(Kind::Any).with(flag::FLAGGED))
            }
            Effect::Calls => self.call_through(callee, items, out),
            Effect::CallsSecond => {
                if let Some(function) = items.get(1) {
                    self.through(callee, function, &Items::lost(), false, out)?;
                }
                match items.get(0).map(|first| (first, first.kind)) {
                    Some((class, Kind::Global)) => self.through(callee, class, &Items::lost(), false, out)?,
                    None if items.lost => self.unknown_call(callee, items, Rule::CallThrough, Verdict::Unknown, out),
                    _ => {}
                }
                Ok(Slot::new(Kind::Any).with(taint & flag::TAINT))
            }
            Effect::Class(class) if class.allows(ClassEffect::SINK) => {
                self.unknown_call(callee, items, Rule::SinkCalled, Verdict::Dangerous, out);
                Ok(Slot::new(Kind::Unknown).with(flag::FLAGGED))
            }
            Effect::Wraps => {
                // The call comes later; what it calls is judged as if it came now.
                let function = items.get(0).unwrap_or_default();
                self.through(callee, function, &items.after(1), true, out)?;
                Ok(Slot::of(Kind::Wrapper, id).with((function.taint() | taint) & flag::TAINT))
            }
            Effect::Getter => self.getter(callee, items, out),
            Effect::Attribute => self.attribute(callee, items, out),
            Effect::Item => {
                let from = items.get(0).unwrap_or_default();
                if from.is_native() && from.kind != Kind::Any && !from.has(flag::TAINT) && !items.lost {
                    return Ok(Slot::new(Kind::Any));
                }
                Ok(Slot::new(Kind::Unknown).with(flag::CALLABLE | from.taint()))
            }
            Effect::Reconstructor => {
                let (class, base) = (items.get(0).unwrap_or_default(), items.get(1).unwrap_or_default());
                let native = base.kind == Kind::Global && {
                    let (module, _) = self.names.text(base.at);
                    matches!(module, b"builtins" | b"__builtin__")
                        && matches!(self.names.get(base.at).effect, Effect::Class(_))
                };
                if !native && !self.class_allows(base.at, ClassEffect::INIT) {
                    self.unknown_call(callee, items, Rule::CallThrough, Verdict::Unknown, out);
                }
                self.made_of(callee, class, items, out)
            }
            Effect::Makes(k) => {
                let class = items.get(usize::from(k)).unwrap_or_default();
                self.made_of(callee, class, items, out)
            }
            Effect::Imports => {
                if !matches!(items.get(0), Some(slot) if slot.is_text()) {
                    self.unknown_call(callee, items, Rule::DynamicImport, Verdict::Dangerous, out);
                    return Ok(Slot::new(Kind::Unknown).with(flag::FLAGGED));
                }
                let Some(text) = items.get(0).and_then(|name| self.text_of(name)) else {
                    self.unknown_call(callee, items, Rule::DynamicImport, Verdict::Suspicious, out);
                    return Ok(Slot::new(Kind::Unknown));
                };
                let mut copy = [0u8; super::machine::KEEP];
                let Some(place) = copy.get_mut(..text.len()) else { return Ok(Slot::new(Kind::Unknown)) };
                place.copy_from_slice(text);
                // A module by its own name.
                let module = self.import(place, b"<module>", 0, out)?;
                Ok(Slot { kind: Kind::Module, ..module }.with(flag::CALLABLE))
            }
            Effect::Nested => {
                if items.get(0).is_some_and(|bytes| bytes.has(flag::JUDGED)) {
                    return Ok(Slot::new(Kind::Any));
                }
                self.unknown_call(callee, items, Rule::NestedLoader, Verdict::Unknown, out);
                Ok(Slot::new(Kind::Unknown))
            }
            Effect::Type => {
                if items.count == 1 && !items.lost {
                    return Ok(Slot::new(Kind::Any));
                }
                let dict = items.get(2).map(|dict| self.live(dict)).unwrap_or_default();
                let verdict = match dict.kind {
                    Kind::Dict if dict.has(flag::DUNDER) && dict.has(flag::TAINT) => Verdict::Dangerous,
                    Kind::Dict if !dict.has(flag::TAINT) => Verdict::Unknown,
                    _ => Verdict::Suspicious,
                };
                self.unknown_call(callee, items, Rule::HashHook, verdict, out);
                Ok(Slot::new(Kind::Unknown))
            }
            Effect::Stores => {
                let function = items.get(0).unwrap_or_default();
                if !(function.is_native() || items.count == 0 && !items.lost) {
                    self.through(callee, function, &Items::lost(), true, out)?;
                }
                Ok(self.instance(id, items).with(taint & flag::TAINT))
            }
            Effect::ClassFactory => Ok(Slot::of(Kind::Instance, id).with(taint & flag::TAINT)),
            Effect::Class(_) | Effect::Held | Effect::Unknown | Effect::Unlisted => {
                let runs = {
                    let (_, name) = self.names.text(id);
                    resolve::is_runner(name)
                };
                let texts = items.lost || items.iter().any(|item| self.text_of(item).is_some());
                let like = self.sink_like(items) && !items.lost;
                let (rule, verdict) = match (runs && texts, like, row.effect) {
                    (true, _, Effect::Class(_)) => (Rule::UnknownCalled, Verdict::Unknown),
                    (true, ..) => (Rule::SinkLikeArguments, Verdict::Dangerous),
                    (false, true, _) => (Rule::SinkLikeArguments, Verdict::Suspicious),
                    _ => (Rule::UnknownCalled, Verdict::Unknown.max(row.verdict)),
                };
                self.unknown_call(callee, items, rule, verdict, out);
                Ok(Slot::new(Kind::Unknown).with(if verdict > Verdict::Unknown { flag::FLAGGED } else { 0 }))
            }
        }
    }

    /// An instance of a class, with what else is known of it.
    fn instance(&mut self, id: u32, items: &Items) -> Slot {
        let mut instance = Slot::of(Kind::Instance, id);
        let (module, name) = self.names.text(id);
        if name == b"dtype" && module == b"numpy" {
            let code = items.get(0).and_then(|code| self.text_of(code)).unwrap_or_default();
            let digits = code.iter().skip_while(|byte| !byte.is_ascii_digit()).take_while(|byte| byte.is_ascii_digit());
            let len = digits.fold(0u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
            let objects = u32::from(code.first() == Some(&b'O')) << 31;
            self.dtypes_used = self.dtypes_used.wrapping_add(1).max(64);
            if let Some(place) = self.dtypes.get_mut(usize::from(self.dtypes_used) % 64) {
                *place = len & 0x7fff_ffff | objects;
            }
            instance.aux = self.dtypes_used;
        }
        instance
    }

    /// A helper makes an instance of a class that it is given.
    fn made_of(&mut self, callee: Slot, class: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        match class.kind {
            Kind::Global => {
                if let Some(row) = self.names.row(class.at) {
                    row.told |= told::WAS_MADE;
                }
                match self.names.get(class.at).effect {
                    Effect::Class(_) => Ok(self.instance(class.at, &Items::default())),
                    _ => {
                        self.through(callee, class, items, false, out)?;
                        Ok(Slot::new(Kind::Unknown))
                    }
                }
            }
            _ => {
                let verdict = if items.lost { Verdict::Unknown } else { Verdict::Suspicious };
                self.unknown_call(callee, items, Rule::CallThrough, verdict, out);
                Ok(Slot::new(Kind::Unknown))
            }
        }
    }

    /// A function that calls its first argument: with the others, or with their items.
    fn call_through(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        match items.get(0) {
            Some(function) => {
                self.through(callee, function, &Items::lost(), false, out)?;
                Ok(Slot::of(Kind::Any, 0).with(function.taint() & flag::FLAGGED))
            }
            None if items.lost => {
                self.unknown_call(callee, items, Rule::CallThrough, Verdict::Suspicious, out);
                Ok(Slot::new(Kind::Unknown))
            }
            None => Ok(Slot::new(Kind::Any)),
        }
    }

    /// `function` is called by `callee`, now or later, with arguments that may not be known.
    fn through(
        &mut self,
        callee: Slot,
        function: Slot,
        items: &Items,
        later: bool,
        out: &mut dyn Observer,
    ) -> Result<(), Broken> {
        let executes = if later { Executes::Deferred } else { Executes::Yes };
        let verdict = match function.kind {
            Kind::Global => match self.names.get(function.at).effect {
                Effect::Pure | Effect::ClassFactory => return Ok(()),
                Effect::Class(class) if class.allows(ClassEffect::INIT) || later => return Ok(()),
                Effect::Held if later => return Ok(()),
                Effect::Getter | Effect::Item | Effect::Type if items.lost || later => Verdict::Unknown,
                Effect::Sink(_, verdict) => verdict,
                Effect::Code => Verdict::Code,
                Effect::Attribute | Effect::Imports | Effect::Calls | Effect::Wraps => Verdict::Suspicious,
                Effect::Unlisted | Effect::Unknown => {
                    let (_, name) = self.names.text(function.at);
                    if resolve::is_runner(name) && !later { Verdict::Dangerous } else { Verdict::Unknown }
                }
                _ => Verdict::Unknown,
            },
            Kind::Wrapper | Kind::Getter if later => return Ok(()),
            Kind::Wrapper => return Ok(()),
            Kind::None | Kind::Any if !function.has(flag::TAINT) => return Ok(()),
            Kind::Instance if self.class_allows(function.at, ClassEffect::CALL) => return Ok(()),
            _ if function.has(flag::FLAGGED) => Verdict::Suspicious,
            _ => Verdict::Unknown,
        };
        self.executes(executes);
        self.verdict = self.verdict.max(verdict);
        if function.kind == Kind::Global {
            if self.first(function.at, told::THROUGH) {
                let args = self.short(items);
                let via = (callee.kind == Kind::Global).then_some(callee.at);
                self.tell_global(function.at, Rule::CallThrough, verdict, via, &args, "", out);
            }
        } else {
            self.tell_value(callee, Rule::CallThrough, verdict, "what it calls is not a global", out);
        }
        Ok(())
    }

    /// `attrgetter(name)`, `methodcaller(name, ...)`, `itemgetter(key)`.
    fn getter(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let mut verdict = Verdict::Clean;
        for item in items.iter().take(4) {
            if let Some(text) = self.text_of(item) {
                let odd = text.split(|byte| *byte == b'.').any(|part| !resolve::is_plain_attribute(part));
                verdict = verdict.max(if odd { Verdict::Suspicious } else { Verdict::Clean });
            }
        }
        if items.lost {
            verdict = Verdict::Unknown;
        }
        if verdict > Verdict::Clean {
            self.unknown_call(callee, items, Rule::DunderHop, verdict, out);
        }
        Ok(Slot::of(Kind::Getter, callee.at))
    }

    /// `getattr(object, name)`.
    fn attribute(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let (object, name) = (items.get(0).unwrap_or_default(), items.get(1).unwrap_or_default());
        let Some(text) = self.text_of(name).filter(|_| name.is_text()) else {
            self.unknown_call(callee, items, Rule::DunderHop, Verdict::Suspicious, out);
            return Ok(Slot::new(Kind::Unknown).with(flag::FLAGGED));
        };
        let plain = resolve::is_plain_attribute(text);
        if matches!(object.kind, Kind::Global | Kind::Module) {
            // The attribute of a global is a global of a dotted name.
            let mut dotted = [0u8; 512];
            let (module, base) = self.names.text(object.at);
            let parts: [&[u8]; 4] = match object.kind {
                Kind::Module => [module, b"\0", text, b""],
                _ => [module, b"\0", base, text],
            };
            let mut used = 0;
            for (index, part) in parts.iter().enumerate() {
                if index == 3 && object.kind == Kind::Global {
                    if let Some(place) = dotted.get_mut(used) {
                        *place = b'.';
                    }
                    used += 1;
                }
                if let Some(place) = dotted.get_mut(used..used + part.len()) {
                    place.copy_from_slice(part);
                }
                used += part.len();
            }
            let middle = module.len();
            // copyreg's own form of `__newobj_ex__` for protocols below 4.
            let makes = text == b"__new__" && matches!(self.names.get(object.at).effect, Effect::Class(_));
            let whole = dotted.get(..used).unwrap_or_default();
            let (module, name) = (whole.get(..middle).unwrap_or_default(), whole.get(middle + 1..).unwrap_or_default());
            if makes {
                return Ok(Slot::of(Kind::Wrapper, object.at));
            }
            if name.is_empty() {
                self.limit("a name of hundreds of bytes", out);
                return Ok(Slot::new(Kind::Unknown));
            }
            return self.import(module, name, 0, out);
        }
        if plain && object.is_native() && !object.has(flag::TAINT) {
            return Ok(Slot::new(Kind::Any).with(flag::CALLABLE));
        }
        let verdict = if plain && !object.has(flag::FLAGGED) { Verdict::Unknown } else { Verdict::Suspicious };
        let rule = if plain { Rule::DottedHop } else { Rule::DunderHop };
        self.unknown_call(callee, items, rule, verdict, out);
        Ok(Slot::new(Kind::Unknown).with(object.taint() | if plain { 0 } else { flag::FLAGGED }))
    }

    /// `cls.__new__(cls, *items)`.
    pub fn make(&mut self, class: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        self.level.ran = true;
        if self.events {
            let args = self.short(items);
            let id = (class.kind == Kind::Global).then_some(class.at);
            self.tell_event(Action::New, id, &args, out);
        }
        match class.kind {
            Kind::Global => {
                if let Some(row) = self.names.row(class.at) {
                    row.told |= told::WAS_MADE;
                }
                match self.names.get(class.at).effect {
                    Effect::Class(_) => Ok(self.instance(class.at, items)),
                    Effect::Wraps => {
                        if let Some(function) = items.get(0) {
                            self.through(class, function, &items.after(1), true, out)?;
                        }
                        Ok(Slot::of(Kind::Wrapper, class.at))
                    }
                    Effect::Stores => Ok(Slot::of(Kind::Instance, class.at)),
                    _ => self.call_global(class, items, 0, out),
                }
            }
            // A class that the pickle has made, or that the application gives.
            Kind::Instance if matches!(self.names.get(class.at).effect, Effect::ClassFactory) => Ok(class),
            _ if class.is_native() && class.kind != Kind::Any => Err(Broken("NEWOBJ wants a class")),
            _ => {
                let verdict = if class.has(flag::FLAGGED) { Verdict::Suspicious } else { Verdict::Unknown };
                self.unknown_call(class, items, Rule::ComputedCallee, verdict, out);
                Ok(Slot::new(Kind::Unknown))
            }
        }
    }

    /// INST and OBJ: a class without arguments is not initialised.
    pub fn instantiate(&mut self, class: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let taint = items.iter().fold(0, |taint, item| taint | item.taint());
        if class.kind == Kind::Global && items.count == 0 && matches!(self.names.get(class.at).effect, Effect::Class(_))
        {
            return self.make(class, items, out);
        }
        self.call(class, items, taint, out)
    }

    // ---- state

    /// BUILD: the state was popped, the object lies on top.
    pub fn build(&mut self, state: Slot, out: &mut dyn Observer) -> Result<(), Broken> {
        let state = self.live(state);
        let object = *self.peek()?;
        if self.events && !object.is_native() {
            let id = matches!(object.kind, Kind::Global | Kind::Instance | Kind::Wrapper).then_some(object.at);
            self.tell_event(Action::Build, id, "", out);
        }
        self.level.ran = true;
        let (mut flags, mut dict) = (state.flags, state.kind == Kind::Dict);
        if state.kind == Kind::Tuple {
            for part in self.parts.get(state.at).iter() {
                let part = self.live(part);
                flags |= part.flags;
                dict |= part.kind == Kind::Dict;
            }
        }
        let dunder = dict && flags & flag::DUNDER != 0;
        let callable = flags & (flag::CALLABLE | flag::FLAGGED) != 0;
        match object.kind {
            Kind::Instance => {
                let id = object.at;
                if object.aux != 0 && state.kind == Kind::Tuple {
                    self.build_dtype(object, state);
                }
                if !self.class_allows(id, ClassEffect::STATE) && !matches!(self.names.get(id).effect, Effect::Stores) {
                    let verdict = if flags & flag::FLAGGED != 0 { Verdict::Suspicious } else { Verdict::Unknown };
                    self.verdict = self.verdict.max(verdict);
                    self.executes(Executes::Yes);
                    if self.first(id, told::BUILT) {
                        self.tell_global(id, Rule::UnknownState, verdict, None, "", "", out);
                    }
                } else if dunder {
                    let verdict = if callable { Verdict::Suspicious } else { Verdict::Unknown };
                    self.tell_value(object, Rule::DunderKey, verdict, "", out);
                } else if callable {
                    self.executes(Executes::Deferred);
                }
                self.after_build(id);
                if let Ok(top) = self.peek() {
                    top.flags |= flags & flag::TAINT;
                }
            }
            Kind::Wrapper => {
                // `functools.partial.__setstate__((func, args, kwargs, dict))`.
                let parts = if state.kind == Kind::Tuple { self.parts.get(state.at) } else { Items::lost() };
                match parts.get(0) {
                    Some(function) if function.kind != Kind::None => {
                        self.through(object, function, &Items::lost(), true, out)?;
                    }
                    _ if dict && !dunder && !callable => {}
                    Some(_) => {}
                    None => self.tell_value(object, Rule::UnknownState, Verdict::Unknown, "", out),
                }
                if let Ok(top) = self.peek() {
                    top.flags |= flags & flag::TAINT;
                }
            }
            Kind::Getter | Kind::Any => {
                if callable {
                    self.executes(Executes::Deferred);
                }
                if dunder && callable {
                    self.tell_value(object, Rule::DunderKey, Verdict::Suspicious, "", out);
                }
            }
            Kind::Global | Kind::Module => {
                let verdict = if dunder || callable { Verdict::Dangerous } else { Verdict::Suspicious };
                self.executes(Executes::Yes);
                self.verdict = self.verdict.max(verdict);
                self.tell_global(object.at, Rule::ClassState, verdict, None, "", "", out);
            }
            Kind::Unknown | Kind::Persistent | Kind::Extension => {
                let verdict =
                    if callable || object.has(flag::FLAGGED) { Verdict::Suspicious } else { Verdict::Unknown };
                self.executes(Executes::Yes);
                self.tell(Rule::UnknownState, verdict, Readers::All, "the state of an object that is not known", out);
            }
            _ => {
                if matches!(state.kind, Kind::None) {
                    return Ok(());
                }
                if state.kind == Kind::Dict || state.kind == Kind::Tuple {
                    self.differs("state for a value that has none", out);
                    return Ok(());
                }
                return Err(Broken("state for a value that has none"));
            }
        }
        Ok(())
    }

    fn build_dtype(&mut self, object: Slot, state: Slot) {
        let parts = self.parts.get(state.at);
        let Some(place) = self.dtypes.get_mut(usize::from(object.aux) % 64) else { return };
        if let Some(size) = parts.get(5).and_then(Slot::as_int).and_then(|size| u32::try_from(size).ok()) {
            *place = *place & 0x8000_0000 | size & 0x7fff_ffff;
        }
        if parts.get(7).and_then(Slot::as_int).is_some_and(|flags| flags & 1 != 0) {
            *place |= 0x8000_0000;
        }
    }

    /// A joblib array may follow.
    fn after_build(&mut self, id: u32) {
        if !self.wrapper.seen {
            return;
        }
        let (module, name) = self.names.text(id);
        let joblib = matches!(module, b"joblib.numpy_pickle" | b"sklearn.externals.joblib.numpy_pickle");
        if name != b"NumpyArrayWrapper" || !joblib {
            return;
        }
        match (self.wrapper.shape, self.wrapper.dtype) {
            (_, Some(size)) if size & 0x8000_0000 != 0 => self.wrapper.nested = true,
            (Some(count), Some(size)) => self.wrapper.follows = count.checked_mul(u64::from(size)),
            _ => {}
        }
    }

    /// Items for what is no native container.
    pub fn items_onto(&mut self, target: Slot, range: (usize, usize), out: &mut dyn Observer) -> Result<(), Broken> {
        self.level.ran = true;
        if self.events {
            let id = (target.kind == Kind::Instance).then_some(target.at);
            self.tell_event(Action::Items, id, "", out);
        }
        if range.0 == range.1 {
            return Ok(());
        }
        let items = self.stack.get(range.0..range.1).unwrap_or_default();
        let taint = items.iter().fold(0, |taint, item| taint | item.taint());
        if let Ok(top) = self.peek() {
            top.flags |= taint & flag::TAINT;
        }
        match target.kind {
            Kind::Instance if self.class_allows(target.at, ClassEffect::ITEMS) => Ok(()),
            Kind::Instance if matches!(self.names.get(target.at).effect, Effect::Stores) => Ok(()),
            Kind::Instance => {
                self.verdict = self.verdict.max(Verdict::Unknown);
                self.executes(Executes::Yes);
                if self.first(target.at, told::ITEMS) {
                    let detail = "what its items do is not known";
                    self.tell_global(target.at, Rule::UnknownState, Verdict::Unknown, None, "", detail, out);
                }
                Ok(())
            }
            Kind::Global | Kind::Module => {
                self.executes(Executes::Yes);
                let verdict = if taint & (flag::CALLABLE | flag::FLAGGED) != 0 {
                    Verdict::Dangerous
                } else {
                    Verdict::Suspicious
                };
                self.tell_value(target, Rule::ProcessState, verdict, "items are set on a global", out);
                Ok(())
            }
            _ => {
                let verdict =
                    if (taint | target.flags) & flag::FLAGGED != 0 { Verdict::Suspicious } else { Verdict::Unknown };
                self.executes(Executes::Yes);
                self.tell_value(target, Rule::UnknownState, verdict, "items for an object that is not known", out);
                Ok(())
            }
        }
    }

    /// A key that is an object of a class.
    pub fn hash_object(&mut self, key: Slot, out: &mut dyn Observer) {
        let verdict = match key.kind {
            Kind::Global | Kind::Module | Kind::Getter | Kind::Wrapper => return,
            Kind::Instance if self.class_allows(key.at, ClassEffect::HASH) => return,
            Kind::Instance => {
                self.verdict = self.verdict.max(Verdict::Unknown);
                if self.first(key.at, told::HASHED) {
                    self.tell_global(key.at, Rule::HashHook, Verdict::Unknown, None, "", "", out);
                }
                return;
            }
            _ if key.has(flag::FLAGGED) => Verdict::Suspicious,
            _ => Verdict::Unknown,
        };
        self.tell(Rule::HashHook, verdict, Readers::All, "a key that is not known", out);
    }

    /// A value that nobody keeps.
    pub fn dropped(&mut self, _value: Slot) {}

    // ---- what the application decides

    pub fn persistent(&mut self, id: Slot, out: &mut dyn Observer) -> Result<(), Broken> {
        let parts = if id.kind == Kind::Tuple { self.parts.get(id.at) } else { Items::of(&[id]) };
        let path = parts.iter().any(|part| self.text_of(part).is_some_and(resolve::is_path_like));
        if path {
            self.tell(Rule::PersistentPath, Verdict::Suspicious, Readers::All, "", out);
        }
        let first = parts.get(0).and_then(|first| self.text_of(first)).unwrap_or_default();
        // torch's old files name the class of a module together with its source.
        let class = parts.get(1).filter(|class| first == b"module" && class.kind == Kind::Global);
        let result = match (class, first) {
            (Some(class), _) => class,
            (None, b"storage") => Slot::new(Kind::Any),
            _ => Slot::new(Kind::Persistent).with(id.taint() & flag::FLAGGED),
        };
        self.push(result, out)
    }

    pub fn extension(&mut self, code: i64, out: &mut dyn Observer) -> Result<(), Broken> {
        if code <= 0 {
            return Err(Broken("extension codes begin at 1"));
        }
        let mut text = Short::new();
        let _ = write!(text, "{code}");
        let known = self.policy.and_then(|policy| policy.row(b"ext", text.as_bytes())).is_some();
        if known {
            let global = self.import(b"ext", text.as_bytes(), 0, out)?;
            return self.push(global, out);
        }
        self.level.ran = true;
        self.executes(Executes::Yes);
        self.tell(
            Rule::ExtensionCode,
            Verdict::Unknown,
            Readers::All,
            "only the program that loads it knows which",
            out,
        );
        self.push(Slot::new(Kind::Extension), out)
    }
}
