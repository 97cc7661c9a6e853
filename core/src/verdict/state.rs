//! State, items and keys of objects, and what the loading program decides.

use super::effects::{ClassEffect, Effect};
use super::machine::{Broken, Machine};
use super::names::told;
use super::report::{Action, Executes, Observer, Readers};
use super::resolve;
use super::rings::Items;
use super::rules::{Capability, Rule, Verdict};
use super::short::{Short, push_int};
use super::value::{Kind, Slot, flag};
use crate::{GlobalName, Opcode};

/// Text, or what may hold some.
fn range_has_text(machine: &Machine<'_>, range: (usize, usize)) -> bool {
    let open = |slot: &Slot| slot.is_text() || !slot.is_native() || matches!(slot.kind, Kind::List | Kind::Tuple);
    machine.values(range).iter().any(open)
}

impl Machine<'_> {
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
                    self.build_dtype(object, state, out);
                }
                let slots = state.kind == Kind::Tuple
                    && self.parts.get(state.at).get(1).is_some_and(|slots| slots.kind == Kind::Dict);
                let plain = state.kind == Kind::Dict && !state.has(flag::DUNDER | flag::NONSTR);
                let allowed = if self.class_allows(id, ClassEffect::STATE) {
                    !slots || self.class_allows(id, ClassEffect::SLOTS)
                } else {
                    plain && self.class_allows(id, ClassEffect::SLOTS)
                };
                if !allowed && !matches!(self.names.get(id).effect, Effect::Stores) {
                    let verdict = if flags & flag::FLAGGED != 0 { Verdict::Suspicious } else { Verdict::Unknown };
                    self.verdict = self.verdict.max(verdict);
                    self.executes(Executes::Yes);
                    if self.first(id, told::BUILT) {
                        self.tell_global(id, Rule::UnknownState, verdict, None, "", "", out);
                    }
                } else if dunder {
                    let verdict = if callable { Verdict::Suspicious } else { Verdict::Unknown };
                    self.tell_value(object, Rule::DunderKey, verdict, "", out);
                } else if callable && self.is_state_object(state) {
                    // `dict.update` calls what such a state has for `keys`.
                    self.tell_value(object, Rule::UnknownState, Verdict::Unknown, "a state that is not a dict", out);
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
                let keywords = parts.get(2).map(|keywords| self.live(keywords)).unwrap_or_default();
                match parts.get(0) {
                    Some(function)
                        if function.kind == Kind::Global
                            && matches!(self.names.get(function.at).effect, Effect::Getter) =>
                    {
                        let args = parts.get(1).filter(|args| args.kind == Kind::Tuple);
                        let args = args.map_or_else(Items::lost, |args| self.parts.get(args.at));
                        self.getter(function, &args, out)?;
                        if keywords.has(flag::CALLABLE | flag::ARMED | flag::FLAGGED) {
                            let detail = "a method gets a callable";
                            self.tell_value(object, Rule::CallThrough, Verdict::Unknown, detail, out);
                        }
                        if let Ok(top) = self.peek() {
                            top.aux = 1;
                        }
                    }
                    Some(function) if function.kind != Kind::None => {
                        self.through(object, function, &Items::lost(), true, out)?;
                        // `sorted(items, key=function)`.
                        let calls = function.kind == Kind::Global
                            && matches!(self.names.text(function.at).1, b"sorted" | b"max" | b"min" | b"sort")
                            && keywords.size() > 1.0;
                        let armed = if calls { flag::ARMED } else { flags & flag::ARMED };
                        let aux = self.wrapped(function, &Items::lost(), armed);
                        if let Ok(top) = self.peek() {
                            top.aux = aux;
                        }
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
                if object.has(flag::ARMED) {
                    let text = "the state of something out of a container";
                    self.tell(Rule::UnknownState, Verdict::Unknown, Readers::All, text, out);
                }
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
                let flagged = (flags | object.flags) & flag::FLAGGED != 0;
                let verdict = if flagged { Verdict::Suspicious } else { Verdict::Unknown };
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

    pub fn build_dtype(&mut self, object: Slot, state: Slot, out: &mut dyn Observer) {
        let parts = self.parts.get(state.at);
        let Some(place) = self.dtypes.get_mut(usize::from(object.aux) % 64) else { return };
        if let Some(size) = parts.get(5).and_then(Slot::as_int).and_then(|size| u32::try_from(size).ok()) {
            *place = *place & 0x8000_0000 | size & 0x7fff_ffff;
        }
        let flags = parts.get(7).and_then(Slot::as_int);
        let size = *place & 0x7fff_ffff;
        let lies = *place & 0x8000_0000 != 0 && flags.is_some_and(|flags| flags & 1 == 0);
        if flags.is_some_and(|flags| flags & 1 != 0) {
            *place |= 0x8000_0000;
        }
        if lies {
            // Then bytes of the stream become pointers.
            let detail = "a dtype of objects that says it has none";
            self.tell_of(Rule::BadProduct, Verdict::Suspicious, Capability::NativeMemory, Readers::All, detail, out);
        }
        let inner = parts.get(2).filter(|inner| inner.kind == Kind::Tuple).map(|inner| self.parts.get(inner.at));
        if inner.and_then(|inner| self.subarray(&inner)).is_some_and(|inner| inner > u64::from(size)) {
            let detail = "an array in an item, larger than the item";
            self.tell_of(
                Rule::OutsideStorage,
                Verdict::Suspicious,
                Capability::NativeMemory,
                Readers::All,
                detail,
                out,
            );
        }
    }

    /// Bytes of an array in an item: a dtype and a shape.
    fn subarray(&self, inner: &Items) -> Option<u64> {
        let (dtype, shape) = (inner.get(0)?, inner.get(1)?);
        let fresh = dtype.aux != 0 && self.dtypes_used.wrapping_sub(dtype.aux) < 64;
        if dtype.kind != Kind::Instance || !fresh {
            return None;
        }
        let size = u64::from(self.dtypes.get(usize::from(dtype.aux) % 64)? & 0x7fff_ffff);
        let axes = if shape.kind == Kind::Tuple { self.parts.get(shape.at) } else { Items::of(&[shape]) };
        axes.iter().try_fold(size, |size, axis| size.checked_mul(u64::try_from(axis.as_int()?).ok()?))
    }

    /// A joblib array may follow.
    pub fn after_build(&mut self, id: u32) {
        if !self.wrapper.seen {
            return;
        }
        let (module, name) = self.names.text(id);
        let text = |bytes| core::str::from_utf8(bytes).unwrap_or_default();
        if !(GlobalName { module: text(module), name: text(name) }).is_joblib_array() {
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
            // A matrix of sympy makes expressions of its items.
            Kind::Instance
                if self.names.text(target.at).0.starts_with(b"sympy.matrices") && range_has_text(self, range) =>
            {
                self.evaluated(target, &Items::lost(), out);
                Ok(())
            }
            // `UserList.append` and the like ask an attribute, which may be anything that the state had.
            Kind::Instance if target.has(flag::CALLABLE | flag::ARMED) && !self.is_native_container(target.at) => {
                self.executes(Executes::Yes);
                let detail = "items for an object that holds a callable";
                self.tell_value(target, Rule::UnknownState, Verdict::Unknown, detail, out);
                Ok(())
            }
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

    /// A class whose items are written in C, or go to the dict or list that it is.
    pub fn is_native_container(&self, id: u32) -> bool {
        let (module, name) = self.names.text(id);
        !matches!(name, b"UserDict" | b"UserList" | b"UserString" | b"ChainMap" | b"IterableUserDict")
            && matches!(module, b"builtins" | b"__builtin__" | b"collections" | b"_collections" | b"array")
    }

    /// State, or state of slots, that is an object where a dict is due.
    fn is_state_object(&self, state: Slot) -> bool {
        let slots = || self.parts.get(state.at).get(1).filter(|_| self.parts.get(state.at).count == 2);
        match state.kind {
            Kind::Tuple => slots().is_some_and(|slots| slots.kind == Kind::Instance),
            kind => kind == Kind::Instance,
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
        // What `torch.load` takes for a zip file begins with `PK`.
        if self.depth > 0 && self.offset == 0 && self.opcode == Some(Opcode::PersId) {
            let text = "a nested pickle that may be an archive";
            self.tell(Rule::Polyglot, Verdict::Suspicious, Readers::All, text, out);
        }
        let parts = if id.kind == Kind::Tuple { self.parts.get(id.at) } else { Items::of(&[id]) };
        let path = parts.iter().any(|part| self.text_of(part).is_some_and(resolve::is_path_like));
        let first = parts.get(0).and_then(|first| self.text_of(first)).unwrap_or_default();
        let storage = first == b"storage";
        // torch's old files name the class of a module together with its source.
        let class = parts.get(1).filter(|class| first == b"module" && class.kind == Kind::Global);
        if path && class.is_none() {
            self.tell(Rule::PersistentPath, Verdict::Suspicious, Readers::All, "", out);
        }
        let result = match class {
            Some(class) => class,
            None if storage => Slot::new(Kind::Any),
            None => Slot::new(Kind::Persistent).with(id.taint() & flag::FLAGGED),
        };
        self.push(result, out)
    }

    pub fn extension(&mut self, code: i64, out: &mut dyn Observer) -> Result<(), Broken> {
        if code <= 0 {
            return Err(Broken("extension codes begin at 1"));
        }
        let mut text = Short::new();
        push_int(&mut text, i32::try_from(code).unwrap_or(0));
        let known = self.policy.and_then(|policy| policy.row(b"ext", text.as_bytes())).is_some();
        if known {
            let global = self.import(b"ext", text.as_bytes(), 0, out)?;
            return self.push(global, out);
        }
        self.level.ran = true;
        self.executes(Executes::Yes);
        self.tell(
            Rule::ExtensionCode,
            Verdict::Suspicious,
            Readers::All,
            "only the program that loads it knows which",
            out,
        );
        self.push(Slot::new(Kind::Extension), out)
    }
}
