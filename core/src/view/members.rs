//! The parts of a value, whatever it is: items, keys and values, fields, attributes.

use super::fields::{Attributes, PairCells, Pairs};
use super::instance::Changed;
use super::known::{Array, Data};
use super::{MappingKind, SequenceKind, View};
use crate::document::iter::Cells;
use crate::{Document, Items, Node, ObjectParts, Value};

/// The parts of a value in their order, each with its key or the name of its attribute, where it has one.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(User(name="Jane"), 4) of a class User in app
/// let pickle = b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let mut members = document.root().members().unwrap();
/// let (key, value) = members.next().unwrap();
/// assert_eq!((key.and_then(|key| key.as_str()), value.as_str()), (Some("name"), Some("Jane")));
/// assert!(members.next().is_none());
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct Members<'d> {
    items: Option<Items<'d>>,
    pairs: Option<Pairs<'d>>,
    attributes: Attributes<'d>,
    /// A state without names, beside what an object is made with: one part, the last.
    state: Option<Value<'d>>,
}

/// Where the parts of a value are. It does not borrow the document.
#[derive(Clone, Copy)]
pub(crate) struct MemberCells {
    items: Cells,
    pub pairs: PairCells,
    attributes: [Cells; 2],
}

/// A part of a value.
pub(crate) enum Member {
    Item(Node),
    /// A value and its key.
    Entry(Node, Node),
    /// A value and the name of the attribute.
    Attribute(Node, Node),
}

impl MemberCells {
    /// No parts.
    pub const NONE: MemberCells =
        MemberCells { items: Cells::NONE, pairs: PairCells::NONE, attributes: [Cells::NONE; 2] };

    /// What an object is made with.
    pub fn made_with(object: &ObjectParts<'_>) -> Self {
        let items = match object.instance() {
            Some(instance) => instance.args,
            None => object.args(),
        };
        let kwargs = object.kwargs().and_then(|kwargs| kwargs.entries());
        MemberCells { items: items.cells(), pairs: Pairs::of(kwargs).cells(), ..MemberCells::NONE }
    }

    /// The next part.
    pub fn next(&mut self, document: &Document<'_>) -> Option<Member> {
        if let Some(item) = self.items.next(document) {
            return Some(Member::Item(item));
        }
        if let Some((key, value)) = self.pairs.next(document) {
            return Some(Member::Entry(key, value));
        }
        self.attributes.iter_mut().find_map(|cells| {
            let name = cells.next(document)?;
            Some(Member::Attribute(name, cells.next(document)?))
        })
    }
}

impl<'d> Members<'d> {
    /// Where they are, and the pairs of several maps, of whose equal keys the last counts.
    pub(crate) fn cells(&self) -> (MemberCells, Option<Pairs<'d>>) {
        let cells = MemberCells {
            items: self.items.map_or(Cells::NONE, |items| items.cells()),
            pairs: self.pairs.map_or(PairCells::NONE, |pairs| pairs.cells()),
            attributes: self.attributes.cells(),
        };
        (cells, self.pairs.filter(Pairs::are_chained))
    }
}

impl<'d> Value<'d> {
    /// The parts of the value: the items of a sequence or set, keys and values of a mapping, fields and attributes of an
    /// object. `None` for what has none by nature: numbers, text, dates, classes.
    pub fn members(&self) -> Option<Members<'d>> {
        let none = Members::default();
        Some(match self.view() {
            View::Sequence(sequence) => {
                let own = if sequence.kind == SequenceKind::UserList { none.attributes } else { sequence.attributes };
                Members { items: Some(sequence.items), attributes: own, ..none }
            }
            View::Set(set) => Members { items: Some(set.items), attributes: set.attributes, ..none },
            View::Mapping(mapping) => {
                let own = if mapping.kind == MappingKind::UserDict { none.attributes } else { mapping.attributes };
                Members { pairs: Some(mapping.pairs), attributes: own, ..none }
            }
            View::Record(record) => {
                let kwargs = record.kwargs.and_then(|kwargs| kwargs.entries());
                let items = Some(record.positional());
                let state = || self.as_object()?.state();
                let state = if record.values.is_some() && record.args.len() != 0 { state() } else { None };
                Members { items, pairs: kwargs.map(Pairs::from), attributes: record.attributes, state }
            }
            View::Partial(partial) => {
                let kwargs = partial.kwargs.entries().map(Pairs::from);
                Members { items: Some(partial.args), pairs: kwargs, attributes: partial.attributes, state: None }
            }
            // What it is of has no parts of its own. The one attribute of a UserString is its text.
            View::Derived(derived) if derived.class.is_some() => {
                let attributes = Attributes::of(self.as_object()?.state()?)?;
                if attributes.len() == 0 {
                    return None;
                }
                Members { attributes, ..none }
            }
            View::Array(array) => Members { items: Some(objects(&array)?), ..none },
            View::Object(object, _) => {
                let changed = Changed::of(&object);
                let attributes = changed.state.and_then(Attributes::of).unwrap_or_default();
                Members {
                    items: changed.appended.or(Some(object.args())),
                    pairs: changed.set.map(Pairs::from),
                    attributes,
                    state: None,
                }
            }
            _ => {
                // pandas, scipy and the like by their attributes.
                let state = self.as_object()?.state()?;
                match self.view() {
                    View::DataFrame { .. } | View::Series { .. } | View::Sparse { .. } | View::Index { .. } => {
                        Members { attributes: Attributes::of(state)?, ..none }
                    }
                    _ => return None,
                }
            }
        })
    }
}

/// The items of an array of objects with one axis.
pub(super) fn objects<'d>(array: &Array<'d>) -> Option<Items<'d>> {
    match array.data {
        Data::Objects(objects) if array.axes().len() == 1 => objects.items(),
        _ => None,
    }
}

impl<'d> Iterator for Members<'d> {
    type Item = (Option<Value<'d>>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(item) = self.items.as_mut().and_then(|items| items.next()) {
            return Some((None, item));
        }
        let pair = self.pairs.as_mut().and_then(|pairs| pairs.next());
        match pair.or_else(|| self.attributes.next()) {
            Some((key, value)) => Some((Some(key), value)),
            None => Some((None, self.state.take()?)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let items = self.items.map_or(0, |items| items.len());
        let len = items
            + self.pairs.map_or(0, |pairs| pairs.len())
            + self.attributes.len()
            + usize::from(self.state.is_some());
        (len, Some(len))
    }
}

impl ExactSizeIterator for Members<'_> {
    fn len(&self) -> usize {
        self.size_hint().0
    }
}
