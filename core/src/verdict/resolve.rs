//! From the name of a global to what it is.

use super::effects::Effect;
use super::rules::{Capability, Rule, Verdict};
use super::table::{self, GlobalTable};
use crate::literal::compat;

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved {
    pub effect: Effect,
    /// What the name alone makes of the report.
    pub verdict: Verdict,
    pub capability: Capability,
    /// Why, where it is not clean.
    pub rule: Rule,
    pub detail: &'static str,
}

impl Resolved {
    const fn new(effect: Effect, verdict: Verdict, rule: Rule, detail: &'static str) -> Self {
        Resolved { effect, verdict, capability: Capability::None, rule, detail }
    }

    fn found(effect: Effect) -> Self {
        match effect {
            Effect::Sink(capability, verdict) => Resolved { effect, verdict, capability, rule: Rule::Sink, detail: "" },
            Effect::Code => Resolved::new(effect, Verdict::Code, Rule::CodeObject, ""),
            Effect::Unlisted | Effect::Unknown => Resolved::new(effect, Verdict::Unknown, Rule::UnknownGlobal, ""),
            effect => Resolved::new(effect, Verdict::Clean, Rule::UnknownGlobal, ""),
        }
    }
}

/// Names that a path through attributes must not end in, whatever it begins with.
const SINK_TAILS: [&str; 22] = [
    "system",
    "popen",
    "exec",
    "eval",
    "execfile",
    "__import__",
    "import_module",
    "Popen",
    "check_output",
    "check_call",
    "getoutput",
    "getstatusoutput",
    "spawnv",
    "spawnl",
    "execv",
    "execve",
    "execl",
    "execvp",
    "run_path",
    "run_module",
    "runstring",
    "runcode",
];

/// Parts of names of functions that run what they are given.
const RUNNERS: [&str; 16] = [
    "exec",
    "eval",
    "system",
    "popen",
    "spawn",
    "shell",
    "subprocess",
    "getoutput",
    "getprocess",
    "runstring",
    "runcode",
    "run_c",
    "launch",
    "terminal",
    "import_",
    "urlopen",
];

/// The same for those that need an argument of that look: honest helpers have such names, too.
const LOADERS: [&str; 24] = [
    "unpickle",
    "compile",
    "resolve",
    "locate",
    "command",
    "cmd",
    "script",
    "interact",
    "import",
    "load",
    "open",
    "run",
    "fetch",
    "connect",
    "download",
    "instantiate",
    "get_class",
    "from_file",
    "fromfile",
    "to_pickle",
    "savefig",
    "unlink",
    "write",
    "call",
];

fn is_tail(name: &[u8]) -> bool {
    SINK_TAILS.iter().any(|tail| tail.as_bytes() == name)
}

/// A function whose name says that it runs, fetches or imports what it is given.
pub(crate) fn is_runner(name: &[u8]) -> bool {
    says(name, &RUNNERS)
}

/// A function whose name says that it opens, loads or finds something.
pub(crate) fn is_loader(name: &[u8]) -> bool {
    says(name, &LOADERS)
}

/// The name of a class, as most are written.
pub(crate) fn is_class_name(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    last.iter().find(|byte| **byte != b'_').is_some_and(u8::is_ascii_uppercase)
}

/// An attribute of a class that is not written as a constant is.
pub(crate) fn is_method(name: &[u8]) -> bool {
    let dot = name.iter().rposition(|byte| *byte == b'.');
    dot.is_some_and(|dot| name.iter().skip(dot).any(u8::is_ascii_lowercase))
}

fn says(name: &[u8], words: &[&str]) -> bool {
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    words.iter().any(|word| pieces(last, word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())))
}

/// As `windows`, which has a panic for a width of zero.
fn pieces(text: &[u8], width: usize) -> impl Iterator<Item = &[u8]> {
    (0..text.len()).map_while(move |at| text.get(at..)?.get(..width))
}

/// Text that a command, a path, an address or code would be.
pub(crate) fn is_sink_like(text: &[u8]) -> bool {
    const PARTS: [&[u8]; 22] = [
        b"://",
        b"import ",
        b"__",
        b"/bin/",
        b"/etc/",
        b"/tmp/",
        b"../",
        b"&&",
        b"$(",
        b"; ",
        b"| ",
        b"echo ",
        b"curl ",
        b"wget ",
        b"bash",
        b"powershell",
        b"cmd.exe",
        b".exe",
        b"rm -",
        b"eval(",
        b"exec(",
        b"print(",
    ];
    let starts = [&b"/"[..], b"~/", b"127.0.0.1", b"localhost", b"sh ", b"id"]
        .iter()
        .any(|start| text.starts_with(start) && (*start != b"id" || text == b"id") && text.len() > 1);
    starts || PARTS.iter().any(|part| pieces(text, part.len()).any(|piece| piece == *part))
}

/// What a path in a persistent id or a name looks like.
pub(crate) fn is_path_like(text: &[u8]) -> bool {
    text.starts_with(b"/")
        || text.starts_with(b"~")
        || text.windows(3).any(|part| matches!(part, b"../" | b"..\\" | b"://"))
        || matches!(text, [_, b':', b'\\', ..])
}

fn is_dunder(part: &[u8]) -> bool {
    part.len() > 4 && part.starts_with(b"__") && part.ends_with(b"__")
}

/// Dunder names that mean something to Python itself; other libraries keep data under theirs, such as
/// `__networkx_cache__` or `__pydantic_extra__`. `__notes__`, `__doc__` and the like are data, too.
///
/// And keys that a `__setstate__` evaluates or calls: of statsmodels' data, of requests' adapters, of `IsotonicRegression`.
pub(crate) fn is_special(text: &[u8]) -> bool {
    const DATA: [&[u8]; 12] = [
        b"__notes__",
        b"__doc__",
        b"__dict__",
        b"__module__",
        b"__name__",
        b"__qualname__",
        b"__version__",
        b"__author__",
        b"__traceback__",
        b"__cause__",
        b"__context__",
        b"__suppress_context__",
    ];
    const LIBRARIES: [&[u8]; 6] =
        [b"__networkx_", b"__pydantic_", b"__attrs_", b"__dataclass_", b"__sklearn_", b"__orig_class_"];
    match text.first() {
        Some(b'_') => {
            is_dunder(text) && !DATA.contains(&text) && !LIBRARIES.iter().any(|library| text.starts_with(library))
                || text == b"_build_f"
        }
        Some(b'r') => text == b"restore_model_spec",
        Some(b'i') => text == b"init_poolmanager",
        _ => false,
    }
}

/// Attributes that lead from any object to any other: calling one is part of a walk.
pub(crate) fn is_walk(name: &[u8]) -> bool {
    const WALKS: [&[u8]; 12] = [
        b"__subclasses__",
        b"__globals__",
        b"__getattribute__",
        b"__base__",
        b"__bases__",
        b"__mro__",
        b"__builtins__",
        b"__import__",
        b"__dict__",
        b"__code__",
        b"__closure__",
        b"__loader__",
    ];
    name.split(|byte| *byte == b'.').any(|part| WALKS.contains(&part))
}

/// An array of numpy's that may be laid over a buffer.
pub(crate) fn is_array(module: &[u8], name: &[u8]) -> bool {
    module.starts_with(b"numpy") && matches!(name, b"ndarray" | b"recarray" | b"chararray" | b"memmap")
}

/// What `module` and `name` stand for under a protocol and a policy.
pub(crate) fn resolve(module: &[u8], name: &[u8], protocol: u8, policy: Option<&GlobalTable<'_>>) -> Resolved {
    let found = resolve_name(module, name, protocol, policy);
    // Rows of the empty module are what a policy says of all: no global has that module.
    let denies = || policy.is_some_and(|policy| policy.row(b"", b"default:deny").is_some());
    if found.verdict == Verdict::Unknown && matches!(found.effect, Effect::Unlisted | Effect::Unknown) && denies() {
        return Resolved { verdict: Verdict::Suspicious, rule: Rule::DeniedByPolicy, detail: "not allowed", ..found };
    }
    found
}

fn resolve_name(module: &[u8], name: &[u8], protocol: u8, policy: Option<&GlobalTable<'_>>) -> Resolved {
    let parts = || module.split(|byte| *byte == b'.').chain(name.split(|byte| *byte == b'.'));
    let odd = |part: &[u8]| part.is_empty() || !part.iter().all(|byte| byte.is_ascii_graphic());
    let given = || policy.and_then(|policy| policy.row(module, name)).is_some_and(|row| row.exact);
    if parts().any(odd) && !(parts().all(|part| !part.is_empty()) && given()) {
        let word = || parts().any(is_tail);
        let verdict = if word() { Verdict::Dangerous } else { Verdict::Suspicious };
        return Resolved::new(Effect::Unlisted, verdict, Rule::LookAlike, "not plain ASCII, or an empty part");
    }
    let now = exact(module, name, policy);
    // Python 3 maps the names of Python 2 below protocol 3.
    let moved = match (core::str::from_utf8(module), core::str::from_utf8(name)) {
        (Ok(module_text), Ok(name_text)) => compat::to_python3(module_text, name_text),
        _ => return now,
    };
    if moved.module.as_bytes() == module && moved.name.as_bytes() == name {
        return now;
    }
    let mapped = exact(moved.module.as_bytes(), moved.name.as_bytes(), policy);
    // Python 3 writes `commands.CalledProcessError`, which no Python 2 has, for an exception of its `subprocess`.
    let harmless = |found: table::Found| found.exact && !matches!(found.effect, Effect::Sink(..) | Effect::Code);
    let other = protocol < 3
        && !table::find(module, name).is_some_and(|found| found.exact)
        && table::find(moved.module.as_bytes(), moved.name.as_bytes()).is_some_and(harmless);
    if matches!(now.effect, Effect::Sink(..)) && now.verdict >= mapped.verdict && !other {
        return now;
    }
    if matches!(mapped.effect, Effect::Sink(..)) {
        return Resolved { rule: Rule::Python2Alias, ..mapped };
    }
    if protocol < 3 { mapped } else { now }
}

/// What a name stands for that nobody moves.
fn exact(module: &[u8], name: &[u8], policy: Option<&GlobalTable<'_>>) -> Resolved {
    let listed = table::find(module, name).filter(|found| extended(module, name, found, policy));
    if let Some(own) = policy.and_then(|policy| policy.row(module, name)) {
        match (own.effect, listed.map(|listed| listed.effect)) {
            (Effect::Sink(capability, _), _) => {
                let verdict = Verdict::Dangerous;
                let effect = Effect::Sink(capability, verdict);
                return Resolved { effect, verdict, capability, rule: Rule::DeniedByPolicy, detail: "" };
            }
            (effect, Some(Effect::Sink(capability, _))) if own.exact => {
                let detail = "a sink: what it does is not proved harmless";
                let rule = Rule::AcceptedByPolicy;
                return Resolved { effect, verdict: Verdict::Unknown, capability, rule, detail };
            }
            (effect, _) if own.exact => return Resolved::found(effect),
            // A pattern is trust, not proof: the tables come first.
            (effect, None | Some(Effect::Unknown)) if trusted(name) => {
                return Resolved::new(effect, Verdict::Clean, Rule::AcceptedByPolicy, "trusted by a pattern");
            }
            _ => {}
        }
    }
    if let Some(listed) = listed.filter(|listed| listed.exact) {
        return Resolved::found(listed.effect);
    }
    if name.contains(&b'.') {
        let found = dotted(module, name);
        // A method of a class that the policy allows, or that is listed, may be held, not called. Attributes of some
        // libraries' classes are properties of theirs, which run what they are made of.
        let mut parts = name.split(|byte| *byte == b'.');
        let class = parts.next().unwrap_or_default();
        let own = policy.and_then(|policy| policy.row(module, class)).filter(|row| row.exact);
        let mine = own.is_some_and(|row| matches!(row.effect, Effect::Class(_)));
        let theirs = || {
            let class_row = table::find(module, class).filter(|row| row.exact && extended(module, class, row, policy));
            class_row.is_some_and(|row| matches!(row.effect, Effect::Class(_))) && table::group(module, class) != "more"
        };
        if found.verdict == Verdict::Unknown && (mine || parts.nth(1).is_none() && theirs()) {
            return Resolved::found(Effect::Held);
        }
        return found;
    }
    match listed {
        Some(listed) if matches!(listed.effect, Effect::Sink(..)) => Resolved::found(listed.effect),
        // The dicts and loaders that every module has: out of them comes anything.
        _ if matches!(name, b"__builtins__" | b"__dict__" | b"__loader__" | b"__spec__") => {
            let capability = Capability::Introspect;
            let (verdict, rule) = (Verdict::Dangerous, Rule::DunderHop);
            Resolved { effect: Effect::Sink(capability, verdict), verdict, capability, rule, detail: "" }
        }
        Some(listed) => Resolved::found(listed.effect),
        None if module == b"__main__" && is_tail(name) => {
            Resolved::new(Effect::Unlisted, Verdict::Dangerous, Rule::OwnName, "the name of a sink")
        }
        None if module == b"__main__" => Resolved::new(Effect::Unlisted, Verdict::Unknown, Rule::OwnName, ""),
        None if is_tail(name) => {
            let detail = "the name of a sink, in a module that no table has";
            Resolved::new(Effect::Unlisted, Verdict::Suspicious, Rule::LookAlike, detail)
        }
        None => Resolved::found(Effect::Unlisted),
    }
}

/// A policy may say which tables count as proof; sinks are sinks in every table.
fn extended(module: &[u8], name: &[u8], found: &table::Found, policy: Option<&GlobalTable<'_>>) -> bool {
    let Some(policy) = policy.filter(|policy| policy.row(b"", b"extends").is_some()) else { return true };
    if matches!(found.effect, Effect::Sink(..) | Effect::Code) {
        return true;
    }
    let mut key = [0u8; 32];
    let mut used = 0;
    for byte in b"extends:".iter().chain(table::group(module, name).as_bytes()) {
        if let Some(place) = key.get_mut(used) {
            *place = *byte;
            used += 1;
        }
    }
    policy.row(b"", key.get(..used).unwrap_or_default()).is_some()
}

/// A pattern covers a name that no attack would have, and the attributes of such.
fn trusted(name: &[u8]) -> bool {
    let mut rest = name.split(|byte| *byte == b'.');
    rest.all(|part| {
        let plain = part.strip_prefix(b"_").unwrap_or(part);
        !is_dunder(part) && !is_tail(part) && !table::is_sink_module(plain)
    })
}

/// A name with dots: each is an attribute of what is before it.
fn dotted(module: &[u8], name: &[u8]) -> Resolved {
    let tail = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    // What says that its name is `torch.channels_last` is written with the first module that has a `torch`.
    let root = module.split(|byte| *byte == b'.').next().unwrap_or_default();
    let own = name.strip_prefix(root).and_then(|own| own.strip_prefix(b"."));
    let held = |found: table::Found| found.exact && matches!(found.effect, Effect::Held);
    if own.is_some_and(|own| table::find(root, own).is_some_and(held)) {
        return Resolved::found(Effect::Held);
    }
    // Through a module that the first one happens to import.
    let mut rest = name;
    while let Some(at) = rest.iter().position(|byte| *byte == b'.') {
        let (hop, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
        let plain = hop.strip_prefix(b"_").unwrap_or(hop);
        if table::is_sink_module(plain) || matches!(plain, b"builtins" | b"bltns") {
            let last = after.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
            let found = table::find(plain, last).map_or(Effect::Unknown, |found| found.effect);
            let capability = match found {
                Effect::Sink(capability, _) => capability,
                _ => Capability::Introspect,
            };
            let verdict = match found {
                Effect::Sink(..) => Verdict::Dangerous,
                _ => Verdict::Suspicious,
            };
            let (rule, detail) = (Rule::DottedHop, "through a module that another one imports");
            return Resolved { effect: Effect::Sink(capability, verdict), verdict, capability, rule, detail };
        }
        rest = after;
    }
    if is_tail(tail) {
        let effect = Effect::Sink(Capability::Exec, Verdict::Dangerous);
        let (verdict, rule) = (Verdict::Dangerous, Rule::DottedHop);
        return Resolved { effect, verdict, capability: Capability::Exec, rule, detail: "ends in the name of a sink" };
    }
    // `copyreg.__newobj_ex__` at protocol 2, and what `collections.namedtuple` writes.
    let made = name.strip_suffix(b".__new__").unwrap_or(name);
    if made.split(|byte| *byte == b'.').any(is_dunder) {
        let capability = Capability::Introspect;
        let (verdict, rule) = (Verdict::Suspicious, Rule::DunderHop);
        return Resolved { effect: Effect::Unknown, verdict, capability, rule, detail: "" };
    }
    // A nested class or a method of something that is listed, or not; or something in a module inside this one.
    let first = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    let sink = |found: &table::Found| matches!(found.effect, Effect::Sink(..));
    let class = table::find(module, first);
    // What a class keeps for itself is none of the functions that the whole module is known for.
    let own = tail.starts_with(b"_") && class.is_some_and(|found| found.exact);
    let method = || table::find(module, tail).filter(|found| !found.exact && !own);
    match class.filter(sink).or_else(|| method().filter(sink)).or_else(|| inside(module, name)) {
        Some(found) => Resolved { rule: Rule::DottedHop, ..Resolved::found(found.effect) },
        None => Resolved::new(Effect::Unknown, Verdict::Unknown, Rule::DottedHop, "an attribute of a global"),
    }
}

/// A sink in a module inside `module`, which the first parts of the name lead to.
fn inside(module: &[u8], name: &[u8]) -> Option<table::Found> {
    let mut whole = [0u8; 256];
    let end = module.len() + 1 + name.len();
    let place = whole.get_mut(..end)?;
    for (to, from) in place.iter_mut().zip(module.iter().chain(b".").chain(name)) {
        *to = *from;
    }
    let whole = whole.get(..end)?;
    let dots = || whole.iter().enumerate().skip(module.len() + 1).filter(|(_, byte)| **byte == b'.');
    dots().find_map(|(dot, _)| {
        let found = table::find(whole.get(..dot)?, whole.get(dot + 1..)?)?;
        matches!(found.effect, Effect::Sink(..)).then_some(found)
    })
}

/// What an attribute of a global stands for, asked for with `getattr`.
pub(crate) fn is_plain_attribute(name: &[u8]) -> bool {
    !is_dunder(name) && !is_tail(name) && !name.contains(&b'.') && !name.is_empty()
}
