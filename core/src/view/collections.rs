//! The rows of `collections`: sequences, sets and mappings in every spelling.

use super::derived::Derived;
use super::fields::{Attributes, Pairs};
use super::instance::Changed;
use super::{View, ended};
use crate::{Items, Value};

/// A kind of sequence.
///
/// See the example of [`Sequence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SequenceKind {
    /// `list`, or a subclass of it.
    List,
    /// `tuple`, or a subclass of it.
    Tuple,
    /// `collections.deque`.
    Deque,
    /// `collections.UserList`.
    UserList,
}

/// Items in their order.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{SequenceKind, View};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(deque([1, 2], 5))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04ccollections\ndeque\n)K\x05\x86R(K\x01K\x02e.")?;
/// let View::Sequence(sequence) = document.root().view() else { panic!("it is a deque") };
/// assert_eq!((sequence.kind, sequence.items.len()), (SequenceKind::Deque, 2));
/// assert_eq!(sequence.max_len.and_then(|len| len.as_i64()), Some(5));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Sequence<'d> {
    /// What it is.
    pub kind: SequenceKind,
    /// The items.
    pub items: Items<'d>,
    /// The class, where it is no built-in one.
    pub class: Option<Value<'d>>,
    /// The largest length of a deque.
    pub max_len: Option<Value<'d>>,
    /// What it has beside its items.
    pub attributes: Attributes<'d>,
}

impl<'d> Sequence<'d> {
    pub(super) fn new(kind: SequenceKind, items: Items<'d>) -> Self {
        Sequence { kind, items, class: None, max_len: None, attributes: Attributes::default() }
    }
}

/// Items without order.
///
/// See the example of [`View`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Set<'d> {
    /// It never changes.
    pub frozen: bool,
    /// The items, as the pickle has them.
    pub items: Items<'d>,
    /// The class, where it is no built-in one.
    pub class: Option<Value<'d>>,
    /// What it has beside its items.
    pub attributes: Attributes<'d>,
}

/// A kind of mapping.
///
/// See the example of [`Mapping`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum MappingKind {
    /// `dict`, or a subclass of it.
    Dict,
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `collections.defaultdict`.
    DefaultDict,
    /// `collections.Counter`.
    Counter,
    /// `frozendict`.
    FrozenDict,
    /// `types.MappingProxyType`.
    Proxy,
    /// `collections.ChainMap`.
    ChainMap,
    /// `collections.UserDict`.
    UserDict,
}

/// Keys and values.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{MappingKind, View};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(Counter("aab"))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04ccollections\nCounter\n}(\x8c\x01aK\x02\x8c\x01bK\x01u\x85R.")?;
/// let View::Mapping(counter) = document.root().view() else { panic!("it is a Counter") };
/// assert_eq!((counter.kind, counter.pairs.len()), (MappingKind::Counter, 2));
/// assert_eq!(counter.pairs.filter_map(|(_, count)| count.as_i64()).sum::<i64>(), 3);
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Mapping<'d> {
    /// What it is.
    pub kind: MappingKind,
    /// The keys and values, as the pickle has them. Of equal keys the last counts.
    pub pairs: Pairs<'d>,
    /// The class, where it is no built-in one.
    pub class: Option<Value<'d>>,
    /// What makes missing values (`defaultdict`).
    pub factory: Option<Value<'d>>,
    /// What it has beside its items.
    pub attributes: Attributes<'d>,
    /// The state of a kind that is no attributes.
    pub state: Option<Value<'d>>,
}

impl<'d> Mapping<'d> {
    pub(super) fn new(kind: MappingKind, pairs: Pairs<'d>) -> Self {
        Mapping { kind, pairs, class: None, factory: None, attributes: Attributes::default(), state: None }
    }
}

/// `collections`, and the modules of Python 2 that became a part of it.
pub(super) fn view<'d>(name: &str, mut args: Items<'d>, changed: &Changed<'d>) -> Option<View<'d>> {
    if changed.more {
        return None;
    }
    let set = Pairs::of(changed.set);
    // Attributes, where the state is some.
    let attributes = changed.state.and_then(Attributes::of);
    let state = if attributes.is_some() { None } else { changed.state };
    let own = attributes.unwrap_or_default();
    match name {
        "OrderedDict" if changed.appended.is_none() => {
            let pairs = match args.next() {
                None => set,
                Some(_) if changed.set.is_some() => return None,
                // Linear, but only once: what is not pairs stays an object.
                Some(first) => Pairs::of_value(first)?,
            };
            let mapping = Mapping { attributes: own, state, ..Mapping::new(MappingKind::OrderedDict, pairs) };
            ended(args, View::Mapping(mapping))
        }
        "defaultdict" if changed.appended.is_none() && state.is_none() => {
            let factory = args.next().filter(|factory| !factory.is_none());
            let mapping = Mapping { factory, attributes: own, ..Mapping::new(MappingKind::DefaultDict, set) };
            ended(args, View::Mapping(mapping))
        }
        "Counter" if changed.appended.is_none() && state.is_none() => {
            let pairs = match (args.next(), changed.set) {
                (Some(counts), None) => Pairs::from(counts.entries()?),
                (Some(counts), Some(_)) if !counts.is_empty() => return None,
                _ => set,
            };
            let mapping = Mapping { attributes: own, ..Mapping::new(MappingKind::Counter, pairs) };
            ended(args, View::Mapping(mapping))
        }
        "deque" if changed.set.is_none() && state.is_none() => {
            let first = args.next().map(|first| first.items());
            let max_len = args.next().filter(|max| !max.is_none());
            let items = match (first, changed.appended) {
                (None, Some(appended)) => appended,
                (Some(Some(items)), Some(appended)) if items.len() == 0 => appended,
                (Some(Some(items)), None) => items,
                (None, None) => args,
                _ => return None,
            };
            let deque = Sequence { max_len, attributes: own, ..Sequence::new(SequenceKind::Deque, items) };
            ended(args, View::Sequence(deque))
        }
        "ChainMap" if changed.appended.is_none() && changed.set.is_none() && state.is_none() => {
            let pairs = Pairs::of_chain(own.get("maps").filter(|_| own.len() == 1)?)?;
            ended(args, View::Mapping(Mapping::new(MappingKind::ChainMap, pairs)))
        }
        // Python 2 has classes of these names inside modules of these names.
        "UserDict" | "IterableUserDict" if own.len() != 0 => {
            let pairs = Pairs::from(own.get("data")?.entries()?);
            ended(args, View::Mapping(Mapping { attributes: own, ..Mapping::new(MappingKind::UserDict, pairs) }))
        }
        "UserList" if own.len() != 0 => {
            let items = own.get("data")?.items()?;
            ended(args, View::Sequence(Sequence { attributes: own, ..Sequence::new(SequenceKind::UserList, items) }))
        }
        "UserString" if own.len() != 0 => {
            let value = own.get("data")?;
            value.as_str()?;
            // The text is an argument, too.
            Some(View::Derived(Derived { class: None, value }))
        }
        _ => None,
    }
}

/// Is there a row of `collections` for this name?
pub(super) fn has(name: &str) -> bool {
    matches!(
        name,
        "OrderedDict"
            | "defaultdict"
            | "Counter"
            | "deque"
            | "ChainMap"
            | "UserDict"
            | "IterableUserDict"
            | "UserList"
            | "UserString"
    )
}
