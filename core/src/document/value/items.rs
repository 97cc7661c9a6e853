//! Iterators over the values of containers.

use super::Value;
use crate::document::Document;
use crate::document::iter::Cells;

/// An iterator over values.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps((1, 2, 3))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04K\x01K\x02K\x03\x87.")?;
/// let items = document.root().items().unwrap();
/// assert_eq!(items.len(), 3);
/// assert_eq!(items.filter_map(|item| item.as_i64()).sum::<i64>(), 6);
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Items<'d> {
    document: &'d Document<'d>,
    cells: Cells,
}

impl<'d> Items<'d> {
    /// Both are at the same place of the same list.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        core::ptr::eq(self.document, other.document) && self.cells == other.cells
    }

    /// Cells that lie together.
    pub(crate) fn run(document: &'d Document<'d>, at: u32, count: u32) -> Self {
        Items { document, cells: Cells::run(at, count) }
    }

    /// The cells of a chain of chunks.
    pub(crate) fn chunks(document: &'d Document<'d>, first: u32, count: u32) -> Self {
        Items { document, cells: Cells::chunks(first, count) }
    }

    /// The cursor alone, which borrows no document.
    pub(crate) fn cells(&self) -> Cells {
        self.cells
    }
}

impl<'d> Iterator for Items<'d> {
    type Item = Value<'d>;

    #[inline]
    fn next(&mut self) -> Option<Value<'d>> {
        Some(Value::new(self.document, self.cells.next(self.document)?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.cells.left() as usize, Some(self.cells.left() as usize))
    }

    /// Whole chunks are passed over at once.
    fn nth(&mut self, n: usize) -> Option<Value<'d>> {
        Some(Value::new(self.document, self.cells.nth(self.document, n)?))
    }
}

// The default `len` compares both bounds, and panics.
impl ExactSizeIterator for Items<'_> {
    fn len(&self) -> usize {
        self.cells.left() as usize
    }
}

/// An iterator over keys and values.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps({"id": 7, "age": 30})
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04}(\x8c\x02idK\x07\x8c\x03ageK\x1eu.")?;
/// let entries = document.root().entries().unwrap();
/// let entries: Vec<_> = entries.map(|(key, value)| (key.as_str(), value.as_i64())).collect();
/// assert_eq!(entries, [(Some("id"), Some(7)), (Some("age"), Some(30))]);
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Entries<'d> {
    pub(in crate::document) items: Items<'d>,
}

impl<'d> Entries<'d> {
    /// What the entries are of.
    pub(crate) fn document(&self) -> &'d Document<'d> {
        self.items.document
    }

    /// The cursor alone, which borrows no document.
    pub(crate) fn cells(&self) -> Cells {
        self.items.cells
    }
}

impl<'d> Iterator for Entries<'d> {
    type Item = (Value<'d>, Value<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.items.next()?, self.items.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.items.len() / 2, Some(self.items.len() / 2))
    }
}

impl ExactSizeIterator for Entries<'_> {
    fn len(&self) -> usize {
        self.items.len() / 2
    }
}
