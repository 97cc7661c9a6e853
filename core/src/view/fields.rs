//! Keys and values from wherever a value has them.

use crate::{Entries, Items, Kind, Node, Value};

/// Keys and values of a mapping: of a dict, of pairs in a list (Python 2's OrderedDict), of several dicts (ChainMap).
/// Of equal keys the last counts, as in Python.
#[derive(Clone, Copy)]
pub struct Pairs<'d>(Source<'d>);

#[derive(Clone, Copy)]
enum Source<'d> {
    None,
    Entries(Entries<'d>),
    Items(Items<'d>),
    /// Where the maps are: the index of a list or tuple. How many of them are left, the first of which is the last to come, and what is left of
    /// the one at hand.
    Chain(u32, u32, Entries<'d>),
}

impl<'d> From<Entries<'d>> for Pairs<'d> {
    fn from(entries: Entries<'d>) -> Self {
        Pairs(Source::Entries(entries))
    }
}

impl<'d> Pairs<'d> {
    /// No pairs.
    pub(crate) fn none() -> Self {
        Pairs(Source::None)
    }

    pub(crate) fn of(entries: Option<Entries<'d>>) -> Self {
        entries.map_or(Pairs(Source::None), Pairs::from)
    }

    /// Of a dict, or of a list or tuple of pairs; `None` where something else is in it. Linear for the latter.
    pub(crate) fn of_value(value: Value<'d>) -> Option<Self> {
        if let Some(entries) = value.entries() {
            return Some(entries.into());
        }
        let items = value.items()?;
        let is_pair = |pair: Value<'_>| pair.len() == 2 && matches!(pair.kind(), Kind::List | Kind::Tuple);
        if items.clone().all(is_pair) { Some(Pairs(Source::Items(items))) } else { None }
    }

    /// Of a list of dicts, of which the first counts most.
    pub(crate) fn of_chain(maps: Value<'d>) -> Option<Self> {
        if !maps.items()?.all(|map| map.entries().is_some()) {
            return None;
        }
        match maps.len().checked_sub(1) {
            Some(last) => {
                let left = u32::try_from(last).ok()?;
                let index = u32::try_from(maps.id()?).ok()?;
                Some(Pairs(Source::Chain(index, left, maps.at(last)?.entries()?)))
            }
            None => Some(Pairs::none()),
        }
    }
}

/// The container of which this is the index, in the document of the entries.
fn container<'d>(entries: &Entries<'d>, index: u32) -> Value<'d> {
    let document = entries.document();
    Value::new(document, Node::reference(document.node(index as usize).tag(), index))
}

impl<'d> Iterator for Pairs<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::None => None,
            Source::Entries(entries) => entries.next(),
            Source::Items(items) => {
                let pair = items.next()?;
                Some((pair.at(0)?, pair.at(1)?))
            }
            Source::Chain(maps, left, entries) => loop {
                if let Some(pair) = entries.next() {
                    return Some(pair);
                }
                *left = left.checked_sub(1)?;
                *entries = container(entries, *maps).at(*left as usize)?.entries()?;
            },
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Source::None => (0, Some(0)),
            Source::Entries(entries) => entries.size_hint(),
            Source::Items(items) => items.size_hint(),
            Source::Chain(maps, left, entries) => {
                let maps = container(entries, *maps).items().into_iter().flatten();
                let len = entries.len() + maps.take(*left as usize).map(|map| map.len()).sum::<usize>();
                (len, Some(len))
            }
        }
    }
}

impl ExactSizeIterator for Pairs<'_> {
    fn len(&self) -> usize {
        self.size_hint().0
    }
}

/// The attributes of an object: those of its `__dict__`, then its slots (`copyreg.__reduce_ex__` keeps a pair of them).
#[derive(Clone, Copy, Default)]
pub struct Attributes<'d> {
    dict: Option<Entries<'d>>,
    slots: Option<Entries<'d>>,
}

impl<'d> Attributes<'d> {
    /// The attributes that a state stands for; `None` for states of another kind.
    pub fn of(state: Value<'d>) -> Option<Self> {
        if let Some(entries) = state.entries() {
            return Some(Attributes { dict: Some(entries), slots: None });
        }
        if state.kind() != Kind::Tuple || state.len() != 2 {
            return None;
        }
        let (dict, slots) = (state.at(0)?, state.at(1)?.entries()?);
        match dict.entries() {
            None if !dict.is_none() => None,
            dict => Some(Attributes { dict, slots: Some(slots) }),
        }
    }

    /// What is under a name. The last of equal names counts, as in Python.
    pub fn get(&self, name: &str) -> Option<Value<'d>> {
        let named = |(key, _): &(Value<'d>, Value<'d>)| is_text(*key, name);
        self.filter(named).last().map(|(_, value)| value)
    }

    /// Are there slots beside the `__dict__`?
    pub fn has_slots(&self) -> bool {
        self.slots.is_some()
    }
}

/// A str, or a str of Python 2, of this text.
pub(crate) fn is_text(key: Value<'_>, text: &str) -> bool {
    match key.kind() {
        Kind::Str => key.str_bytes() == Some(text.as_bytes()),
        Kind::Str8 => key.as_bytes() == Some(text.as_bytes()),
        _ => false,
    }
}

impl<'d> Iterator for Attributes<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.dict.as_mut().and_then(|dict| dict.next());
        first.or_else(|| self.slots.as_mut()?.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = |entries: Option<Entries<'_>>| entries.map_or(0, |entries| entries.len());
        let len = len(self.dict) + len(self.slots);
        (len, Some(len))
    }
}

impl ExactSizeIterator for Attributes<'_> {
    fn len(&self) -> usize {
        self.size_hint().0
    }
}
