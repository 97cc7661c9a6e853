//! From a value to the path that leads to it.

use super::find::unboxed;
use super::octets::Octets;
use crate::document::path::{DEPTH, PathStep};
use crate::{Change, Document, GlobalName, How, Items, Kind, Node, Value};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// From a value to one of its parts.
#[derive(Clone, Copy)]
enum Part<'d> {
    Root,
    Index(usize),
    /// The value under a key: at this place of its dict, or of what was set in an object.
    Under(Value<'d>, usize),
    Step(PathStep<'static>),
}

/// A value, and the way to it.
///
/// ```
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps({"a": [5]})
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04}\x8c\x01a]K\x05as.")?;
/// let five = document.paths().into_iter().find(|located| located.value.as_i64() == Some(5));
/// assert_eq!(five.map(|located| located.path).as_deref(), Some("$.a[0]"));
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Located<'d> {
    /// The value.
    pub value: Value<'d>,
    /// Its path, as [`Value::find`] reads it.
    pub path: String,
}

/// A value, the number of the one that it was met in, and the step from there.
type Met<'d> = (Value<'d>, usize, Part<'d>);

impl Document<'_> {
    /// The path of a value, the shortest one, as [`Value::find`] reads it: `None` where the root does not hold it.
    ///
    /// ```
    /// use pickle_core::{Heap, Options, Unpickler};
    /// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    /// let document = unpickler.load(b"}X\x01\0\0\0a]I5\nas.")?;
    /// let five = document.find("$.a[0]").map(|five| five.node());
    /// assert_eq!(five.and_then(|five| document.path_to(five)).as_deref(), Some("$.a[0]"));
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    ///
    /// Looks at the document once; takes memory for each of its values meanwhile.
    pub fn path_to(&self, node: Node) -> Option<String> {
        let mut met = alloc::vec![(self.root(), 0, Part::Root)];
        let mut known = alloc::vec![false; self.id_limit()];
        let mut at = 0;
        while let Some(&(value, _, _)) = met.get(at) {
            if value.node() == node {
                return Some(text(&met, at));
            }
            let first =
                value.id().and_then(|id| known.get_mut(id)).is_none_or(|known| !core::mem::replace(known, true));
            if first {
                parts(value, &mut |part, step| met.push((part, at, step)));
            }
            at += 1;
        }
        None
    }

    /// The paths of all values that the root holds, each by its first way, in the order of their distance. Each is found
    /// by [`Value::find`].
    pub fn paths<'a>(&'a self) -> Vec<Located<'a>> {
        let mut met: Vec<Met<'a>> = alloc::vec![(self.root(), 0, Part::Root)];
        let mut known = alloc::vec![false; self.id_limit()];
        let mut at = 0;
        while let Some(&(value, _, _)) = met.get(at) {
            let first =
                value.id().and_then(|id| known.get_mut(id)).is_none_or(|known| !core::mem::replace(known, true));
            if first {
                parts(value, &mut |part, step| met.push((part, at, step)));
            }
            at += 1;
        }
        met.iter().enumerate().map(|(at, &(value, _, _))| Located { value, path: text(&met, at) }).collect()
    }
}

/// All that a value consists of, as the pickle has it.
fn parts<'d>(value: Value<'d>, put: &mut dyn FnMut(Value<'d>, Part<'d>)) {
    value.items().into_iter().flatten().enumerate().for_each(|(i, item)| put(item, Part::Index(i)));
    let mut entry = 0;
    for (key, under) in value.entries().into_iter().flatten() {
        put(key, Part::Step(PathStep::KeyAt(entry as u64)));
        put(under, Part::Under(key, entry));
        entry += 1;
    }
    value.inner().into_iter().for_each(|inner| put(inner, Part::Step(PathStep::Inner)));
    if let Some(GlobalName { module, name }) = value.global_parts() {
        put(module, Part::Step(PathStep::Module));
        put(name, Part::Step(PathStep::Name));
    }
    let Some(object) = value.as_object() else { return };
    if object.how() == How::PersId {
        put(object.callable(), Part::Step(PathStep::Id));
    } else {
        // The class first, not the helper that makes it.
        let class = object.instance().map(|instance| instance.class);
        class.into_iter().for_each(|class| put(class, Part::Step(PathStep::Class)));
        put(object.callable(), Part::Step(PathStep::Call(None)));
    }
    if let Some(instance) = object.instance() {
        let args = instance.args.enumerate();
        args.for_each(|(i, arg)| put(arg, Part::Step(PathStep::Args(Some(i as u64)))));
    }
    object.args_value().into_iter().for_each(|args| put(args, Part::Step(PathStep::Args(None))));
    object.args().enumerate().for_each(|(i, arg)| put(arg, Part::Step(PathStep::Call(Some(i as u64)))));
    object.kwargs().into_iter().for_each(|kwargs| put(kwargs, Part::Step(PathStep::Kwargs)));
    let states = object.changes().filter(|change| matches!(change, Change::Build(_))).count();
    let (mut items, mut builds, mut nested) = (0, 0, 0);
    for change in object.changes() {
        match change {
            Change::Append(more) | Change::Add(more) => more.for_each(|item| {
                put(item, Part::Step(PathStep::Items(items)));
                items += 1;
            }),
            Change::SetItem(set) => set.for_each(|(key, under)| {
                put(key, Part::Step(PathStep::KeyAt(entry as u64)));
                put(under, Part::Under(key, entry));
                entry += 1;
            }),
            Change::Build(state) => {
                builds += 1;
                let last = builds == states;
                put(state, Part::Step(if last { PathStep::State } else { PathStep::Build(builds as u64 - 1) }));
            }
            Change::Nested(root) => {
                put(root, Part::Step(PathStep::Nested(nested)));
                nested += 1;
            }
            Change::Raw(..) => {}
        }
    }
}

/// The steps from the root to number `at`.
fn text(met: &[Met<'_>], mut at: usize) -> String {
    let mut steps = Vec::new();
    while let Some(&(value, around, part)) = met.get(at) {
        steps.push((value, around, part));
        if at == 0 {
            break;
        }
        at = around;
    }
    let mut text = String::new();
    let mut steps = steps.into_iter().rev().peekable();
    // `@args[0]` is one step: an index of the tuple itself stands behind a dot.
    let mut ambiguous = false;
    while let Some((value, around, part)) = steps.next() {
        let start = text.len();
        let before =
            core::mem::replace(&mut ambiguous, matches!(part, Part::Step(PathStep::Args(None) | PathStep::Call(None))));
        let of = met.get(around).map_or(value, |&(of, _, _)| of);
        // Attributes are found without the state that has them.
        if let (Part::Step(PathStep::State), Some(&(attribute, _, Part::Under(key, _)))) = (part, steps.peek())
            && let Some(step) = step_to(key)
            && leads(of, &step, attribute)
        {
            text.push_str(&step);
            steps.next();
            continue;
        }
        // Writing to a String never fails.
        let _ = match part {
            Part::Root => text.write_str("$"),
            Part::Index(i) => write!(text, "[{i}]"),
            Part::Under(key, place) => match step_to(key).filter(|step| leads(of, step, value)) {
                Some(step) => text.write_str(&step),
                None => write!(text, "@value[{place}]"),
            },
            Part::Step(PathStep::Items(i)) if leads(of, &alloc::format!("[{i}]"), value) => write!(text, "[{i}]"),
            Part::Step(step) => write_step(step, &mut text),
        };
        if before && text.get(start..).is_some_and(|step| step.starts_with('[')) {
            text.insert(start, '.');
        }
    }
    text
}

/// The step leads from here to there.
fn leads(from: Value<'_>, step: &str, to: Value<'_>) -> bool {
    from.find(step).is_some_and(|found| found.node() == to.node())
}

fn write_step(step: PathStep<'_>, text: &mut String) -> core::fmt::Result {
    match step {
        PathStep::Class => text.write_str("@class"),
        PathStep::Args(None) => text.write_str("@args"),
        PathStep::Args(Some(i)) => write!(text, "@args[{i}]"),
        PathStep::Kwargs => text.write_str("@kwargs"),
        PathStep::State => text.write_str("@state"),
        PathStep::Items(i) => write!(text, "@items[{i}]"),
        PathStep::KeyAt(i) => write!(text, "@key[{i}]"),
        PathStep::ValueAt(i) => write!(text, "@value[{i}]"),
        PathStep::Call(None) => text.write_str("@call"),
        PathStep::Call(Some(i)) => write!(text, "@call[{i}]"),
        PathStep::Build(i) => write!(text, "@build[{i}]"),
        PathStep::Nested(i) => write!(text, "@pickle[{i}]"),
        PathStep::Id => text.write_str("@id"),
        PathStep::Module => text.write_str("@module"),
        PathStep::Name => text.write_str("@name"),
        PathStep::Inner => text.write_str("@buffer"),
        _ => Ok(()),
    }
}

impl Value<'_> {
    /// The step of a path that a key is: `.name`, `["a name"]`, `[7]`, `[(1, "a")]`. `None` for keys that paths have no
    /// word for.
    pub fn path_step(&self) -> Option<String> {
        step_to(*self)
    }
}

fn step_to(key: Value<'_>) -> Option<String> {
    let mut text = String::new();
    match key.as_str().filter(|_| matches!(key.kind(), Kind::Str | Kind::Str8)) {
        Some(name) if is_word(name) => text.extend([".", name]),
        _ => {
            text.push('[');
            literal(key, &mut text)?;
            text.push(']');
        }
    }
    Some(text)
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A literal of Python, tuples to a few levels.
fn literal(key: Value<'_>, text: &mut String) -> Option<()> {
    // What is left of the tuples around, and whether something of theirs stands there.
    let mut around: Vec<(Items<'_>, usize)> = Vec::new();
    let mut next = Some(key);
    loop {
        let Some(value) = next.take() else {
            let (items, written) = around.last_mut()?;
            match items.next() {
                Some(item) => {
                    if *written != 0 {
                        text.push_str(", ");
                    }
                    *written += 1;
                    next = Some(item);
                }
                None => {
                    text.push_str(if *written == 1 { ",)" } else { ")" });
                    around.pop();
                    if around.is_empty() {
                        return Some(());
                    }
                }
            }
            continue;
        };
        let value = unboxed(value);
        // Writing to a String never fails.
        let _ = match value.kind() {
            Kind::None => text.write_str("None"),
            Kind::Bool => text.write_str(if value.as_bool()? { "True" } else { "False" }),
            Kind::Int => write!(text, "{}", value.as_i128()?),
            Kind::Float => write!(text, "{:?}", value.as_f64().filter(|float| float.is_finite())?),
            Kind::Str => quoted(value.as_str()?, text),
            Kind::Str8 if value.as_str().is_some() => quoted(value.as_str()?, text),
            Kind::Str8 | Kind::Bytes | Kind::Object => bytes(Octets::of(value)?, text),
            Kind::Tuple if around.len() < DEPTH => {
                text.push('(');
                around.push((value.items()?, 0));
                continue;
            }
            _ => return None,
        };
        if around.is_empty() {
            return Some(());
        }
    }
}

/// Between quotes, as RFC 9535 has it.
fn quoted(string: &str, text: &mut String) -> core::fmt::Result {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0'..=' ' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' if c != ' ' => {
                write!(text, "\\u{:04x}", u32::from(c))?;
            }
            _ => text.push(c),
        }
    }
    text.push('"');
    Ok(())
}

fn bytes(octets: Octets<'_>, text: &mut String) -> core::fmt::Result {
    text.push_str("b\"");
    for byte in octets {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => write!(text, "\\x{byte:02x}")?,
        }
    }
    text.push('"');
    Ok(())
}
