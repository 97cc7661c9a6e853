//! What is called through something else: helpers, wrappers, getters, attributes.

use super::copy::copy;
use super::effects::{ClassEffect, Effect};
use super::machine::{Broken, Machine};
use super::names::told;
use super::report::{Action, Executes, Observer};
use super::resolve;
use super::rings::Items;
use super::rules::{Rule, Verdict};
use super::table;
use super::value::{Kind, LATER, Slot, flag};

impl Machine<'_> {
    /// A helper makes an instance of a class that it is given.
    pub fn made_of(
        &mut self,
        callee: Slot,
        class: Slot,
        items: &Items,
        out: &mut dyn Observer,
    ) -> Result<Slot, Broken> {
        match class.kind {
            Kind::Global => {
                if let Some(row) = self.names.row(class.at) {
                    row.told |= told::WAS_MADE;
                }
                match self.names.get(class.at).effect {
                    Effect::Class(_) => {
                        let rest = items.after(1);
                        if self.is_formula(class.at, &rest) {
                            self.evaluated(class, &rest, out);
                        }
                        Ok(self.instance(class.at, &Items::default()))
                    }
                    Effect::Shell if callee.kind == Kind::Global && self.names.text(callee.at).1 == b"_reconstruct" => {
                        Ok(Slot::of(Kind::Instance, class.at))
                    }
                    _ => {
                        self.through(callee, class, items, false, out)?;
                        Ok(Slot::new(Kind::Unknown))
                    }
                }
            }
            _ if class.is_native() && !class.has(flag::TAINT) && !items.lost => Ok(Slot::new(Kind::Any)),
            _ => {
                let verdict = if items.lost { Verdict::Unknown } else { Verdict::Suspicious };
                self.unknown_call(callee, items, Rule::CallThrough, verdict, out);
                Ok(Slot::new(Kind::Unknown))
            }
        }
    }

    /// How a wrapper of this function is marked: 0 where calling it is harmless.
    pub fn wrapped(&self, function: Slot, items: &Items, taint: u8) -> u16 {
        if taint & flag::ARMED != 0 {
            return LATER;
        }
        match function.kind {
            Kind::Wrapper => function.aux,
            Kind::Global => match self.names.get(function.at).effect {
                Effect::Pure | Effect::ClassFactory => 0,
                Effect::Class(class) if class.allows(ClassEffect::INIT) && !self.is_formula(function.at, items) => 0,
                _ => LATER,
            },
            _ => LATER,
        }
    }

    /// A function that calls its first argument: with the others, or with their items.
    pub fn call_through(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        match items.get(0) {
            Some(function) => {
                self.through(callee, function, &Items::lost(), false, out)?;
                // `map(len, objects)` asks objects, which may ask what they hold.
                if items.after(1).iter().any(|item| self.live(item).taint() & (flag::CALLABLE | flag::ARMED) != 0) {
                    self.unknown_call(callee, items, Rule::CallThrough, Verdict::Unknown, out);
                }
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
    pub fn through(
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
                Effect::Class(_) if !later && self.is_formula(function.at, items) => Verdict::Unknown,
                Effect::Class(class) if class.allows(ClassEffect::INIT) || later => return Ok(()),
                // What a default dict of default dicts is made of; called, it is marked as what may call anything.
                Effect::Held | Effect::Stores if later && !function.has(flag::ARMED) => return Ok(()),
                Effect::Getter | Effect::Item | Effect::Type if items.lost || later => Verdict::Unknown,
                Effect::Sink(_, verdict) => verdict,
                Effect::Code => Verdict::Code,
                // `partial(map, f)` is marked as what may call anything, should it be called.
                Effect::Calls | Effect::Wraps if later => Verdict::Unknown,
                Effect::Attribute | Effect::Imports | Effect::Calls | Effect::Wraps => Verdict::Suspicious,
                Effect::Unlisted | Effect::Unknown => {
                    let (_, name) = self.names.text(function.at);
                    if resolve::is_runner(name) && !resolve::is_class_name(name) && !later {
                        Verdict::Dangerous
                    } else {
                        Verdict::Unknown
                    }
                }
                _ => Verdict::Unknown,
            },
            Kind::Wrapper | Kind::Getter if later => return Ok(()),
            Kind::Wrapper if function.aux != LATER => return Ok(()),
            // What cannot be called ends the loading.
            _ if function.is_native() && !function.has(flag::TAINT) => return Ok(()),
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
    pub fn getter(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let mut verdict = Verdict::Clean;
        for item in items.iter().take(4) {
            if let Some(text) = self.text_of(item) {
                let odd = text.split(|byte| *byte == b'.').any(|part| !resolve::is_plain_attribute(part));
                verdict = verdict.max(if odd { Verdict::Suspicious } else { Verdict::Clean });
            }
        }
        let odd = verdict > Verdict::Clean;
        if items.lost {
            verdict = Verdict::Unknown;
        }
        if verdict > Verdict::Clean {
            self.unknown_call(callee, items, Rule::DunderHop, verdict, out);
        }
        Ok(Slot::of(Kind::Getter, callee.at).with(if odd { flag::FLAGGED } else { 0 }))
    }

    /// The attribute of an instance: where its class has a sink of that name, it is the sink.
    fn bound(&mut self, class: u32, name: Slot, out: &mut dyn Observer) -> Result<Slot, Broken> {
        let mut copy = [0u8; 256];
        let (module, base) = self.names.text(class);
        let text = self.text_of(name).unwrap_or_default();
        let (middle, dot) = (module.len(), module.len() + base.len());
        let end = dot + 1 + text.len();
        let sink = copy.get_mut(..end).is_some_and(|copy| {
            for (place, byte) in copy.iter_mut().zip(module.iter().chain(base).chain(b".").chain(text)) {
                *place = *byte;
            }
            let (module, name) = copy.split_at_checked(middle).unwrap_or_default();
            let harms = |found: table::Found| matches!(found.effect, Effect::Sink(..));
            // A method of a class, in a module that is known for what its functions do.
            let of_all = || table::find(module, text).is_some_and(|found| !found.exact && harms(found));
            table::find(module, name).is_some_and(|found| found.exact && harms(found))
                || text.first() != Some(&b'_') && of_all()
        });
        if sink {
            let (module, name) = copy.get(..end).and_then(|copy| copy.split_at_checked(middle)).unwrap_or_default();
            return self.import(module, name, 0, out);
        }
        Ok(Slot::of(Kind::Bound, class))
    }

    /// `getattr(object, name)`.
    pub fn attribute(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) -> Result<Slot, Broken> {
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
                    copy(place, part);
                }
                used += part.len();
            }
            let middle = module.len();
            // copyreg's own form of `__newobj_ex__` for protocols below 4.
            let makes = text == b"__new__" && matches!(self.names.get(object.at).effect, Effect::Class(_));
            let whole = dotted.get(..used).unwrap_or_default();
            let (module, name) = (whole.get(..middle).unwrap_or_default(), whole.get(middle + 1..).unwrap_or_default());
            if makes {
                let formula = self.is_formula(object.at, &Items::lost()) || {
                    let (module, name) = self.names.text(object.at);
                    resolve::is_array(module, name)
                };
                let aux = if formula { LATER } else { 0 };
                return Ok(Slot { aux, ..Slot::of(Kind::Wrapper, object.at) });
            }
            if name.is_empty() {
                self.limit("a name of hundreds of bytes", out);
                return Ok(Slot::new(Kind::Unknown));
            }
            return self.import(module, name, 0, out);
        }
        let listed = object.kind == Kind::Instance && matches!(self.names.get(object.at).effect, Effect::Class(_));
        if plain && listed && !object.has(flag::FLAGGED) {
            if self.home(object.at) == "more" {
                // A property may run anything, and has not been looked at.
                self.unknown_call(callee, items, Rule::DottedHop, Verdict::Unknown, out);
            }
            return self.bound(object.at, name, out);
        }
        if plain && object.is_native() && !object.has(flag::TAINT) {
            return Ok(Slot::new(Kind::Any).with(flag::CALLABLE | flag::ARMED));
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
                    Effect::Class(_) => {
                        if self.is_formula(class.at, items) {
                            self.evaluated(class, items, out);
                        }
                        self.dunders(class, items, out);
                        self.over_memory(class, items, out);
                        Ok(self.instance(class.at, items))
                    }
                    Effect::Wraps => {
                        self.dunders(class, items, out);
                        if let Some(function) = items.get(0) {
                            self.through(class, function, &items.after(1), true, out)?;
                        }
                        let function = items.get(0).unwrap_or_default();
                        let taint = items.iter().fold(0, |taint, item| taint | item.taint());
                        let aux = self.wrapped(function, &items.after(1), taint);
                        Ok(Slot { aux, ..Slot::of(Kind::Wrapper, class.at) }.with(taint & flag::TAINT))
                    }
                    Effect::Stores => Ok(Slot::of(Kind::Instance, class.at)),
                    // A record of a program's own may hold any path or address: nothing is made of its look.
                    Effect::Unlisted | Effect::Unknown if resolve::is_class_name(self.names.text(class.at).1) => {
                        self.call_global(class, &Items::lost(), 0, out)
                    }
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
}
