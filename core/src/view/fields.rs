//! Keys and values from wherever a value has them.

use super::instance::{Changed, Instance};
use super::python_name;
use crate::document::iter::Cells;
use crate::knobs::KNOWN_STD;
use crate::{Document, Entries, GlobalName, Kind, Node, Value};

/// Keys and values of a mapping: of a dict, of pairs in a list (Python 2's OrderedDict), of several maps (ChainMap).
/// Of equal keys the last counts, as in Python.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // pickle.dumps(OrderedDict([["a", 1]]), 2) of Python 2
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x02ccollections\nOrderedDict\n]]X\x01\0\0\0aaK\x01aa\x85R.")?;
/// let View::Mapping(mapping) = document.root().view() else { panic!("it is an OrderedDict") };
/// let pairs: Vec<_> = mapping.pairs.map(|(key, value)| (key.as_str(), value.as_i64())).collect();
/// assert_eq!(pairs, [(Some("a"), Some(1))]);
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Pairs<'d> {
    document: Option<&'d Document<'d>>,
    cells: PairCells,
}

/// Where keys and values are. It does not borrow the document.
#[derive(Clone, Copy)]
pub(crate) struct PairCells {
    map: MapCells,
    /// Further maps of a ChainMap: the index of the list or tuple that has them, and how many are left. The first of them
    /// is the last to come.
    maps: u32,
    left: u32,
}

/// The cells of one map: a key and a value each in turn, or pairs of them.
#[derive(Clone, Copy)]
struct MapCells {
    cells: Cells,
    in_pairs: bool,
}

impl MapCells {
    const NONE: MapCells = MapCells { cells: Cells::NONE, in_pairs: false };

    fn next(&mut self, document: &Document<'_>) -> Option<(Node, Node)> {
        let first = self.cells.next(document)?;
        if self.in_pairs {
            let pair = Value::new(document, first);
            return Some((pair.at(0)?.node, pair.at(1)?.node));
        }
        Some((first, self.cells.next(document)?))
    }

    fn len(&self) -> usize {
        self.cells.left() as usize / if self.in_pairs { 1 } else { 2 }
    }

    /// A dict, or a list or tuple of pairs. Linear for the latter.
    fn of(value: Value<'_>) -> Option<Self> {
        if let Some(entries) = value.entries() {
            return Some(MapCells { cells: entries.cells(), in_pairs: false });
        }
        let items = value.items()?;
        let is_pair = |pair: Value<'_>| pair.len() == 2 && matches!(pair.kind(), Kind::List | Kind::Tuple);
        if items.clone().all(is_pair) { Some(MapCells { cells: items.cells(), in_pairs: true }) } else { None }
    }

    /// A map of a ChainMap: a dict, or what is one but for its class. ChainMaps in ChainMaps would nest without end.
    fn in_chain(map: Value<'_>) -> Option<Self> {
        if !KNOWN_STD {
            return None;
        }
        if let Some(entries) = map.entries() {
            return Some(MapCells { cells: entries.cells(), in_pairs: false });
        }
        let object = map.as_object()?;
        let changed = Changed::of(&object);
        if changed.more || changed.appended.is_some() {
            return None;
        }
        let set = changed.set.map(|entries| MapCells { cells: entries.cells(), in_pairs: false });
        if let Some((_, base, value)) = object.derived() {
            let held = MapCells::of(value).filter(|_| base == "dict")?;
            return if set.is_some() && held.len() != 0 { None } else { set.or(Some(held)) };
        }
        let Instance { class, mut args } = object.instance()?;
        let GlobalName { module, name } = class.as_global()?;
        match (python_name(module), name) {
            ("collections", "defaultdict") => set.or(Some(MapCells::NONE)),
            ("collections", "OrderedDict" | "Counter") => match (args.next(), set) {
                (Some(first), None) => MapCells::of(first),
                (Some(_), Some(_)) => None,
                (None, set) => set.or(Some(MapCells::NONE)),
            },
            ("types", "MappingProxyType") if set.is_none() => MapCells::of(args.next()?),
            ("collections" | "UserDict", "UserDict" | "IterableUserDict") => {
                MapCells::of(Attributes::of(changed.state?)?.get("data")?)
            }
            _ => set,
        }
    }
}

/// The container of which this is the index.
fn container<'d>(document: &'d Document<'d>, index: u32) -> Value<'d> {
    Value::new(document, Node::reference(document.node(index as usize).tag(), index))
}

impl PairCells {
    /// No pairs.
    pub const NONE: PairCells = PairCells { map: MapCells::NONE, maps: 0, left: 0 };

    /// The next key and value.
    pub fn next(&mut self, document: &Document<'_>) -> Option<(Node, Node)> {
        loop {
            if let Some(pair) = self.map.next(document) {
                return Some(pair);
            }
            self.left = self.left.checked_sub(1)?;
            self.map = MapCells::in_chain(container(document, self.maps).at(self.left as usize)?)?;
        }
    }

    fn len(&self, document: &Document<'_>) -> usize {
        let maps = (0..self.left).filter_map(|at| container(document, self.maps).at(at as usize));
        self.map.len() + maps.filter_map(MapCells::in_chain).map(|map| map.len()).sum::<usize>()
    }
}

impl<'d> From<Entries<'d>> for Pairs<'d> {
    fn from(entries: Entries<'d>) -> Self {
        let map = MapCells { cells: entries.cells(), in_pairs: false };
        Pairs { document: Some(entries.document()), cells: PairCells { map, ..PairCells::NONE } }
    }
}

impl<'d> Pairs<'d> {
    /// No pairs.
    pub(crate) fn none() -> Self {
        Pairs { document: None, cells: PairCells::NONE }
    }

    pub(crate) fn of(entries: Option<Entries<'d>>) -> Self {
        entries.map_or(Pairs::none(), Pairs::from)
    }

    /// Of a dict, or of a list or tuple of pairs; `None` where something else is in it. Linear for the latter.
    pub(crate) fn of_value(value: Value<'d>) -> Option<Self> {
        let map = MapCells::of(value)?;
        Some(Pairs { document: Some(value.document), cells: PairCells { map, ..PairCells::NONE } })
    }

    /// Of a list of maps, of which the first counts most.
    pub(crate) fn of_chain(maps: Value<'d>) -> Option<Self> {
        let mut last = None;
        for map in maps.items()? {
            last = Some(MapCells::in_chain(map)?);
        }
        let Some(map) = last else { return Some(Pairs::none()) };
        let left = u32::try_from(maps.len().saturating_sub(1)).ok()?;
        let cells = PairCells { map, maps: u32::try_from(maps.id()?).ok()?, left };
        Some(Pairs { document: Some(maps.document), cells })
    }

    /// Where they are.
    pub(crate) fn cells(&self) -> PairCells {
        self.cells
    }

    /// Several maps have the pairs, so that a key may come more than once.
    pub(crate) fn are_chained(&self) -> bool {
        self.cells.left != 0
    }

    /// Each key once, in the place where it comes first and with the value that it has last: what Python gives for a
    /// ChainMap. Keys that are equal in Python but for their parts, such as `(1,)` and `(True,)`, are two.
    #[cfg(feature = "alloc")]
    pub fn merged(self) -> alloc::vec::Vec<(Value<'d>, Value<'d>)> {
        let mut places = alloc::collections::BTreeMap::new();
        let mut merged: alloc::vec::Vec<(Value<'d>, Value<'d>)> = alloc::vec::Vec::new();
        for (key, value) in self {
            let place = same_for_equal(key).map(|key| *places.entry(key).or_insert(merged.len()));
            match place.and_then(|place| merged.get_mut(place)) {
                Some((_, known)) => *known = value,
                None => merged.push((key, value)),
            }
        }
        merged
    }
}

/// The same for keys that are equal, another for all others; `None` for those that equal none.
#[cfg(feature = "alloc")]
fn same_for_equal(key: Value<'_>) -> Option<Result<alloc::string::String, usize>> {
    // Floats and bools are equal to ints.
    let int = match (key.as_bool(), key.as_f64()) {
        (Some(flag), _) => Some(i64::from(flag)),
        (None, Some(float)) if float as i64 as f64 == float && float.abs() < 9e18 => Some(float as i64),
        _ => None,
    };
    match (int, key.path_step()) {
        (Some(int), _) => Some(Ok(alloc::format!("[{int}]"))),
        (None, Some(step)) => Some(Ok(step)),
        (None, None) => key.id().map(Err),
    }
}

impl<'d> Iterator for Pairs<'d> {
    type Item = (Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let document = self.document?;
        let (key, value) = self.cells.next(document)?;
        Some((Value::new(document, key), Value::new(document, value)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.document.map_or(0, |document| self.cells.len(document));
        (len, Some(len))
    }
}

impl ExactSizeIterator for Pairs<'_> {
    fn len(&self) -> usize {
        self.size_hint().0
    }
}

/// The attributes of an object: those of its `__dict__`, then its slots (`copyreg.__reduce_ex__` keeps a pair of them).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::Attributes;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(Point(x=1), 4) of a class Point in app with __slots__ = ("x",)
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8c\x03app\x8c\x05Point\x93)\x81N}\x8c\x01xK\x01s\x86b.")?;
/// let state = document.root().as_object().and_then(|object| object.state()).unwrap();
/// let attributes = Attributes::of(state).unwrap();
/// assert!(attributes.has_slots() && attributes.len() == 1);
/// assert_eq!(attributes.get("x").and_then(|x| x.as_i64()), Some(1));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
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

    /// Where they are.
    pub(crate) fn cells(&self) -> [Cells; 2] {
        [self.dict, self.slots].map(|entries| entries.map_or(Cells::NONE, |entries| entries.cells()))
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
