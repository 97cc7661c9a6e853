//! What a call means, by the effect of what is called.

use super::copy::copy;
use super::effects::{ClassEffect, Effect};
use super::machine::{Broken, Machine};
use super::names::told;
use super::report::{Action, Executes, Observer, Readers};
use super::resolve;
use super::rings::{Items, PARTS};
use super::rules::{Rule, Verdict};
use super::table;
use super::value::{JUDGED, Kind, LATER, Slot, flag};

impl Machine<'_> {
    /// The items of the arguments of a call.
    pub fn arguments(&mut self, args: Slot, out: &mut dyn Observer) -> Result<Items, Broken> {
        match args.kind {
            Kind::Tuple => Ok(self.parts.get(args.at)),
            Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet | Kind::Str | Kind::Bytes | Kind::ByteArray => {
                self.differs("arguments that are not a tuple: the Python reader takes them", out);
                Ok(Items::lost())
            }
            Kind::None | Kind::Bool | Kind::Int | Kind::Float => Err(Broken("the arguments must be a tuple")),
            _ => Ok(Items::lost()),
        }
    }

    /// Something called that is not proved harmless.
    pub fn unknown_call(&mut self, callee: Slot, items: &Items, rule: Rule, verdict: Verdict, out: &mut dyn Observer) {
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

    pub fn sink_like(&self, items: &Items) -> bool {
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
        if taint & flag::ARMED != 0 && self.may_call_arguments(callee) {
            self.unknown_call(callee, items, Rule::CallThrough, Verdict::Unknown, out);
        }
        match callee.kind {
            Kind::Global => self.call_global(callee, items, taint, out),
            // `partial(methodcaller, name)()` gives a getter.
            Kind::Wrapper if callee.aux == 1 => Ok(Slot::of(Kind::Getter, callee.at)),
            Kind::Wrapper if callee.aux == LATER => {
                self.unknown_call(callee, items, Rule::ComputedCallee, Verdict::Unknown, out);
                Ok(Slot::new(Kind::Unknown))
            }
            Kind::Wrapper => Ok(Slot::new(Kind::Any).with(taint & flag::TAINT)),
            Kind::Getter => {
                let target = items.get(0).unwrap_or_default();
                if target.is_native() {
                    return Ok(Slot::new(Kind::Any).with(flag::UNKNOWN));
                }
                // By the name of a sink, or one that leads anywhere.
                let verdict = if callee.has(flag::FLAGGED) { Verdict::Dangerous } else { Verdict::Suspicious };
                self.unknown_call(callee, items, Rule::ComputedCallee, verdict, out);
                Ok(Slot::new(Kind::Unknown).with(flag::CALLABLE))
            }
            Kind::Instance if self.class_allows(callee.at, ClassEffect::CALL) => Ok(Slot::new(Kind::Any)),
            Kind::Persistent | Kind::Extension => {
                let rule = if callee.kind == Kind::Persistent { Rule::PersistentId } else { Rule::ExtensionCode };
                self.executes(Executes::Yes);
                self.tell(rule, Verdict::Unknown, Readers::All, "it is called", out);
                Ok(Slot::new(Kind::Unknown))
            }
            Kind::Any | Kind::Instance | Kind::Bound | Kind::Unknown | Kind::Module => {
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

    /// `_codecs.encode`, which protocols 0 to 2 have for bytes.
    pub fn is_encode(&self, id: u32) -> bool {
        matches!(self.names.text(id), (b"_codecs" | b"codecs", b"encode"))
    }

    /// It could call a callable among its arguments: all but the containers that Python itself brings, and `getattr`.
    fn may_call_arguments(&self, callee: Slot) -> bool {
        if callee.kind != Kind::Global {
            return callee.kind == Kind::Wrapper;
        }
        match self.names.get(callee.at).effect {
            Effect::Class(_) => {
                !matches!(self.names.text(callee.at).0, b"builtins" | b"__builtin__" | b"collections" | b"_collections")
            }
            Effect::Pure
            | Effect::Calls
            | Effect::CallsSecond
            | Effect::Wraps
            | Effect::Getter
            | Effect::Item
            | Effect::Reconstructor
            | Effect::Makes(_)
            | Effect::ClassFactory => true,
            // All others are told of anyway, or look at what they keep.
            _ => false,
        }
    }

    pub fn class_allows(&self, id: u32, what: ClassEffect) -> bool {
        match self.names.get(id).effect {
            Effect::Class(class) => class.allows(what),
            Effect::Shell => what == ClassEffect::STATE || what == ClassEffect::SLOTS || what == ClassEffect::HASH,
            _ => false,
        }
    }

    pub fn call_global(
        &mut self,
        callee: Slot,
        items: &Items,
        taint: u8,
        out: &mut dyn Observer,
    ) -> Result<Slot, Broken> {
        let id = callee.at;
        if let Some(row) = self.names.row(id) {
            row.told |= told::WAS_CALLED;
        }
        let row = self.names.get(id);
        match row.effect {
            Effect::Pure if items.get(0).is_some_and(|text| text.is_text() && text.is_judged()) => {
                // Text that was read as the pickle that it is in latin1.
                let latin1 = items.get(1).and_then(|name| self.text_of(name)) == Some(b"latin1");
                let judged = Slot { aux: JUDGED, ..Slot::new(Kind::Bytes).with(flag::LONG) };
                Ok(if latin1 && self.is_encode(id) { judged } else { Slot::new(Kind::Any) })
            }
            Effect::Pure => {
                self.operate(callee, items, out);
                // `iter(f, end)`, `sorted(items, f)`: what can be called without being named is called.
                let calls = matches!(self.names.text(id).1, b"iter" | b"sorted");
                for item in items.iter() {
                    if matches!(item.kind, Kind::Bound | Kind::Getter | Kind::Module)
                        || item.kind == Kind::Global && calls
                        || item.kind == Kind::Unknown && item.has(flag::CALLABLE)
                    {
                        self.through(callee, item, &Items::lost(), false, out)?;
                    }
                }
                Ok(Slot::new(Kind::Any).with(taint & flag::TAINT))
            }
            Effect::Class(_) if self.is_formula(id, items) => {
                self.evaluated(callee, items, out);
                Ok(self.instance(id, items).with(taint & flag::TAINT))
            }
            Effect::Class(class) if class.allows(ClassEffect::INIT) || self.opens_nothing(id, items) => {
                self.over_memory(callee, items, out);
                self.operate(callee, items, out);
                self.dunders(callee, items, out);
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
                let (first, second) = (items.get(0).unwrap_or_default(), items.get(1));
                match second {
                    // `numpy.random._pickle.__bit_generator_ctor`: calls what it is given, or what its name stands for.
                    Some(function)
                        if function.kind == Kind::Global
                            && matches!(self.names.get(function.at).effect, Effect::Calls | Effect::Makes(0)) =>
                    {
                        self.through(function, first, &Items::lost(), false, out)?;
                    }
                    Some(function) => self.through(callee, function, &Items::lost(), false, out)?,
                    None => {}
                }
                match items.get(0).map(|first| (first, first.kind)) {
                    Some((class, Kind::Global)) => self.through(callee, class, &Items::lost(), false, out)?,
                    None if items.lost => self.unknown_call(callee, items, Rule::CallThrough, Verdict::Unknown, out),
                    _ => {}
                }
                Ok(Slot::new(Kind::Any).with(taint & flag::TAINT))
            }
            Effect::Wraps => {
                // The call comes later; what it calls is judged as if it came now.
                let function = items.get(0).unwrap_or_default();
                if function.kind == Kind::Global && matches!(self.names.get(function.at).effect, Effect::Getter) {
                    let getter = self.getter(function, &items.after(1), out)?;
                    return Ok(Slot { aux: 1, ..Slot::of(Kind::Wrapper, getter.at) });
                }
                self.through(callee, function, &items.after(1), true, out)?;
                let aux = self.wrapped(function, &items.after(1), taint);
                Ok(Slot { aux, ..Slot::of(Kind::Wrapper, id) }.with((function.taint() | taint) & flag::TAINT))
            }
            Effect::Getter => self.getter(callee, items, out),
            Effect::Attribute => self.attribute(callee, items, out),
            Effect::Item => {
                self.operate(callee, items, out);
                let from = items.get(0).unwrap_or_default();
                // A default dict asks its factory for what it does not have.
                if from.kind == Kind::Instance && from.has(flag::CALLABLE | flag::ARMED) {
                    self.unknown_call(callee, items, Rule::CallThrough, Verdict::Unknown, out);
                }
                if from.is_native() && from.kind != Kind::Any && !from.has(flag::TAINT) && !items.lost {
                    // What it is, the container alone knows.
                    return Ok(Slot::new(Kind::Any).with(flag::ARMED));
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
                if base.kind == Kind::Global && self.is_formula(base.at, &items.after(2)) {
                    self.evaluated(base, &items.after(2), out);
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
                let mut own = [0u8; super::machine::KEEP];
                let Some(place) = own.get_mut(..text.len()) else { return Ok(Slot::new(Kind::Unknown)) };
                copy(place, text);
                // A module by its own name.
                let module = self.import(place, b"<module>", 0, out)?;
                Ok(Slot { kind: Kind::Module, ..module }.with(flag::CALLABLE))
            }
            Effect::Nested => {
                let whole = |slot: Slot| slot.kind == Kind::Bytes && slot.is_judged();
                if items.get(0).is_some_and(whole) {
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
            Effect::Class(_) | Effect::Shell | Effect::Held | Effect::Unknown | Effect::Unlisted => {
                let runs = {
                    let (_, name) = self.names.text(id);
                    resolve::is_runner(name)
                };
                let loads = {
                    let (_, name) = self.names.text(id);
                    resolve::is_loader(name)
                };
                let class = {
                    let (_, name) = self.names.text(id);
                    resolve::is_class_name(name)
                };
                let texts = items.lost || items.iter().any(|item| self.text_of(item).is_some());
                let like = self.sink_like(items) && !items.lost;
                let walks = {
                    let (_, name) = self.names.text(id);
                    row.verdict == Verdict::Suspicious && resolve::is_walk(name)
                };
                let (rule, verdict) = match (runs && texts, like, row.effect) {
                    _ if walks => (Rule::DunderHop, Verdict::Dangerous),
                    (true, _, Effect::Class(_)) => (Rule::UnknownCalled, Verdict::Unknown),
                    // `EvaluationResult('x')` is a class by its name.
                    (true, false, _) if class => (Rule::UnknownCalled, Verdict::Unknown),
                    (true, ..) => (Rule::SinkLikeArguments, Verdict::Dangerous),
                    (false, true, Effect::Unlisted | Effect::Unknown) if loads => {
                        (Rule::SinkLikeArguments, Verdict::Dangerous)
                    }
                    (false, true, _) => (Rule::SinkLikeArguments, Verdict::Suspicious),
                    _ => (Rule::UnknownCalled, Verdict::Unknown.max(row.verdict)),
                };
                self.unknown_call(callee, items, rule, verdict, out);
                Ok(Slot::new(Kind::Unknown).with(if verdict > Verdict::Unknown { flag::FLAGGED } else { 0 }))
            }
        }
    }

    /// Operators, and the constructors of containers, run special methods of what they get: those of the standard
    /// library and of numpy are vetted, others may call what the object holds, or evaluate text.
    fn operate(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) {
        let (module, name) = self.names.text(callee.at);
        let natives: [&[u8]; 8] = [
            b"builtins",
            b"__builtin__",
            b"operator",
            b"_operator",
            b"collections",
            b"_collections",
            b"itertools",
            b"functools",
        ];
        let native = natives.contains(&module);
        let keeps = native && matches!(name, b"id" | b"isinstance" | b"issubclass" | b"callable" | b"list.append");
        let open = |slot: Slot| !slot.is_native() || slot.is_text() || matches!(slot.kind, Kind::List | Kind::Tuple);
        // An operator between an object of sympy and text, wherever both lie.
        if self.formulas && native && !keeps && items.count > 1 && (items.lost || items.iter().any(open)) {
            return self.evaluated(callee, items, out);
        }
        let own = table::group(module, name) == "more";
        let foreign = |item: Slot| {
            // `SortedList(values, key)` calls it.
            item.kind == Kind::Global && own && matches!(self.names.get(item.at).effect, Effect::Held)
                || item.kind == Kind::Instance
                    && match self.home(item.at) {
                        // `len(proxy)` asks the parser that a proxy of configparser holds.
                        "std" | "numpy" => {
                            (native || module.starts_with(b"numpy"))
                                && item.has(flag::CALLABLE | flag::ARMED)
                                && !self.is_native_container(item.at)
                        }
                        "more" => !own,
                        _ => native,
                    }
        };
        // The same for what a list holds.
        let asks = native && matches!(name, b"any" | b"all" | b"sum" | b"sorted");
        let holds = |item: Slot| asks && self.live(item).taint() & (flag::CALLABLE | flag::ARMED) != 0;
        if !keeps && items.iter().any(|item| foreign(item) || holds(item)) {
            self.unknown_call(callee, items, Rule::CallThrough, Verdict::Unknown, out);
        }
    }

    /// The table that has a class; what a policy allows counts as the standard library's.
    pub fn home(&self, id: u32) -> &'static str {
        let (module, name) = self.names.text(id);
        match self.policy.as_ref().and_then(|policy| policy.row(module, name)) {
            Some(_) => "std",
            None => table::group(module, name),
        }
    }

    /// Attributes with two underscores, by way of arguments: numpy takes an address out of `__array_interface__`.
    pub fn dunders(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) {
        let (module, _) = self.names.text(callee.at);
        let data = matches!(module, b"builtins" | b"__builtin__" | b"collections" | b"_collections");
        if !data && items.iter().any(|item| self.live(item).kind == Kind::Dict && self.live(item).has(flag::DUNDER)) {
            self.tell_value(callee, Rule::DunderKey, Verdict::Unknown, "among the arguments", out);
        }
    }

    /// sympy's constructors evaluate the text that they get.
    pub fn is_formula(&self, id: u32, items: &Items) -> bool {
        let (module, name) = self.names.text(id);
        if !module.starts_with(b"sympy.") || module.starts_with(b"sympy.polys.matrices") {
            return false;
        }
        let names: [&[u8]; 8] =
            [b"Symbol", b"Dummy", b"Wild", b"Float", b"Integer", b"Rational", b"Str", b"MatrixSymbol"];
        if names.contains(&name) {
            return false;
        }
        let open = |item: Slot| {
            item.is_text() || matches!(item.kind, Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet | Kind::Unknown)
        };
        let inside = |item: Slot| {
            let parts = if item.kind == Kind::Tuple { self.parts.get(item.at) } else { Items::default() };
            parts.lost || parts.count > PARTS || parts.iter().any(|part| open(part) || part.kind == Kind::Tuple)
        };
        items.lost || items.count > PARTS || items.iter().any(|item| open(item) || inside(item))
    }

    /// An array of numpy's over the bytes of a buffer, which it takes for pointers if its dtype says so.
    pub fn over_memory(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) {
        let (module, name) = self.names.text(callee.at);
        if !resolve::is_array(module, name) || (items.count < 3 && !items.lost) {
            return;
        }
        let detail = "an array over a buffer";
        let capability = super::rules::Capability::NativeMemory;
        self.executes(Executes::Yes);
        self.tell_of(Rule::OutsideStorage, Verdict::Suspicious, capability, Readers::All, detail, out);
    }

    /// `dateutil.tz.tzfile(None, name)`: without a file, the name is kept and nothing is read.
    fn opens_nothing(&self, id: u32, items: &Items) -> bool {
        self.names.text(id).1 == b"tzfile" && !items.lost && items.get(0).is_some_and(|file| file.kind == Kind::None)
    }

    /// Text that may be a formula is evaluated.
    pub fn evaluated(&mut self, callee: Slot, items: &Items, out: &mut dyn Observer) {
        let odd = |text: &[u8]| text.contains(&b'(') || text.contains(&b'.') || resolve::is_sink_like(text);
        let code = items.iter().any(|item| item.has(flag::LONG) || self.text_of(item).is_some_and(odd));
        let verdict = if code { Verdict::Dangerous } else { Verdict::Unknown };
        self.unknown_call(callee, items, Rule::TextEvaluated, verdict, out);
    }

    /// An instance of a class, with what else is known of it.
    pub fn instance(&mut self, id: u32, items: &Items) -> Slot {
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
}
