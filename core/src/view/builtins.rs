//! The rows of `builtins`, `types`, `operator`, `functools`, `re`.

use super::class::attribute_of;
use super::collections::{Mapping, MappingKind, Sequence, SequenceKind, Set};
use super::fields::{Attributes, Pairs};
use super::instance::Changed;
use super::octets::Octets;
use super::{View, ended};
use crate::{Items, Kind, Value};

/// `builtins`, `__builtin__`.
pub(super) fn view<'d>(value: Value<'d>, name: &str, mut args: Items<'d>, changed: &Changed<'d>) -> Option<View<'d>> {
    match name {
        "bytes" => return Octets::of(value).map(View::Bytes),
        "bytearray" => return Octets::of(value).map(View::ByteArray),
        "set" | "frozenset" if !changed.more && changed.set.is_none() => {
            let items = match (only_items(args)?, changed.appended) {
                (items, None) => items,
                (items, Some(added)) if items.len() == 0 => added,
                _ => return None,
            };
            let attributes = changed.state.map_or(Some(Attributes::default()), Attributes::of)?;
            return Some(View::Set(Set { frozen: name == "frozenset", items, attributes, class: None }));
        }
        _ if !changed.is_empty() => return None,
        "complex" => {
            let (re, im) = (args.next()?.as_f64()?, args.next()?.as_f64()?);
            return ended(args, View::Complex(re, im));
        }
        "range" | "xrange" => {
            let [start, stop, step] = three(args)?;
            let all_ints = [start, stop, step].iter().all(|part| part.kind() == Kind::Int);
            return if all_ints { Some(View::Range(start, stop, step)) } else { None };
        }
        "slice" => return three(args).map(|[a, b, c]| View::Slice(a, b, c)),
        "getattr" => {
            let (of, name) = attribute_of(&value.as_object()?)?;
            return Some(View::Member(Member { of, name }));
        }
        "list" | "tuple" => {
            let kind = if name == "list" { SequenceKind::List } else { SequenceKind::Tuple };
            return only_items(args).map(|items| View::Sequence(Sequence::new(kind, items)));
        }
        "dict" | "frozendict" | "mappingproxy" => {
            let pairs = match args.next() {
                None => Pairs::none(),
                Some(first) => Pairs::of_value(first)?,
            };
            let kind = match name {
                "dict" => MappingKind::Dict,
                "frozendict" => MappingKind::FrozenDict,
                _ => MappingKind::Proxy,
            };
            return ended(args, View::Mapping(Mapping::new(kind, pairs)));
        }
        _ => {}
    }
    None
}

/// Is there a row of `builtins` for this name? Everything else there is a class like any other: exceptions.
pub(super) fn has(name: &str) -> bool {
    matches!(
        name,
        "bytes"
            | "bytearray"
            | "set"
            | "frozenset"
            | "complex"
            | "range"
            | "xrange"
            | "slice"
            | "getattr"
            | "list"
            | "tuple"
            | "dict"
            | "frozendict"
            | "mappingproxy"
    )
}

/// A member of an enum by its name, or an attribute of a class or module: `getattr(Color, 'RED')`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // pickle.dumps(Color.RED, 4) of an enum Color in app, Python 3.11
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"cbuiltins\ngetattr\n(capp\nColor\n\x8c\x03REDtR.")?;
/// let View::Member(member) = document.root().view() else { panic!("it is a member") };
/// assert_eq!((member.of.as_global().map(|class| class.name), member.name), (Some("Color"), "RED"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Member<'d> {
    /// The class.
    pub of: Value<'d>,
    /// The name in it.
    pub name: &'d str,
}

/// A regular expression of `re`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // pickle.dumps(re.compile("a+"))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8c\x02re\x8c\x08_compile\x93\x8c\x02a+K \x86R.")?;
/// let View::Pattern(pattern) = document.root().view() else { panic!("it is a regular expression") };
/// assert_eq!((pattern.pattern.as_str(), pattern.flags), (Some("a+"), 32));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Pattern<'d> {
    /// The pattern: text or bytes.
    pub pattern: Value<'d>,
    /// The flags as `re` numbers them.
    pub flags: i64,
}

/// `re._compile(pattern, flags)`.
pub(super) fn pattern<'d>(mut args: Items<'d>) -> Option<View<'d>> {
    let pattern = args.next()?;
    let flags = args.next().map_or(Some(0), |flags| flags.as_i64())?;
    let is_text = matches!(pattern.kind(), Kind::Str | Kind::Str8) || Octets::of(pattern).is_some();
    if is_text { ended(args, View::Pattern(Pattern { pattern, flags })) } else { None }
}

/// A call that waits for more arguments: `functools.partial`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // pickle.dumps(partial(int, base=2))
/// let pickle = b"cfunctools\npartial\n(cbuiltins\nint\ntR(cbuiltins\nint\n)}\x8c\x04baseK\x02sNtb.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let View::Partial(partial) = document.root().view() else { panic!("it is a partial") };
/// assert_eq!(partial.function.as_global().map(|function| function.name), Some("int"));
/// assert_eq!(partial.kwargs.get("base").and_then(|base| base.as_i64()), Some(2));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Partial<'d> {
    /// What is called.
    pub function: Value<'d>,
    /// The arguments that are given.
    pub args: Items<'d>,
    /// The arguments that are given by name: a dict.
    pub kwargs: Value<'d>,
    /// Attributes of its own.
    pub attributes: Attributes<'d>,
}

/// `functools.partial(function)`, and a state of function, arguments, keyword arguments, attributes.
pub(super) fn partial<'d>(changed: &Changed<'d>) -> Option<View<'d>> {
    let mut parts = changed.only_state()?.items()?;
    let (function, args, kwargs, own) = (parts.next()?, parts.next()?.items()?, parts.next()?, parts.next()?);
    kwargs.entries()?;
    let attributes = if own.is_none() { Attributes::default() } else { Attributes::of(own)? };
    ended(parts, View::Partial(Partial { function, args, kwargs, attributes }))
}

/// The items of the one argument, a list or tuple; no argument is no items.
fn only_items<'d>(mut args: Items<'d>) -> Option<Items<'d>> {
    match args.next() {
        None => Some(args),
        Some(first) if matches!(first.kind(), Kind::List | Kind::Tuple) && args.len() == 0 => first.items(),
        Some(_) => None,
    }
}

fn three<'d>(mut args: Items<'d>) -> Option<[Value<'d>; 3]> {
    let three = [args.next()?, args.next()?, args.next()?];
    if args.len() == 0 { Some(three) } else { None }
}
