//! Items of arrays along their axes, and the fields of structured items.

use crate::document::iter::Cells;
use crate::machine::node::Node;
use crate::view::known::{Array, DType, DTypeField, axes};
use crate::{Entries, Items, Value};
use core::cell::Cell;

/// Items of an array along one axis and those behind it.
#[derive(Clone, Copy)]
pub(crate) struct Block<'c> {
    pub dtype: DType<'c>,
    shape: Value<'c>,
    fortran: bool,
    data: Data<'c>,
    /// Axes that are before these.
    axis: usize,
    /// The first item, counted as they lie in memory.
    start: u64,
}

/// Where the items are.
#[derive(Clone, Copy)]
enum Data<'c> {
    Bytes(&'c [u8]),
    /// Objects in the order of the axes, and how many of them were passed: they are read one after the other.
    Objects(Value<'c>, &'c Cell<(Cells, u64)>),
}

/// What is at a place along an axis.
pub(crate) enum Along<'c> {
    /// The bytes of an item.
    Item(&'c [u8]),
    /// An object.
    Object(Node),
    /// Items along the next axis.
    Block(Block<'c>),
}

impl<'c> Block<'c> {
    pub fn of_bytes(array: &Array<'c>, bytes: &'c [u8]) -> Self {
        let Array { dtype, shape, fortran, .. } = *array;
        Block { dtype, shape, fortran, data: Data::Bytes(bytes), axis: 0, start: 0 }
    }

    /// Objects are listed with the last axis fastest, whatever the order of the array is (`_getlist_pkl` of numpy).
    pub fn of_objects(array: &Array<'c>, list: Value<'c>, cells: &'c Cell<(Cells, u64)>) -> Self {
        let Array { dtype, shape, .. } = *array;
        Block { dtype, shape, fortran: false, data: Data::Objects(list, cells), axis: 0, start: 0 }
    }

    /// The array that an item of an array is.
    pub fn inner(dtype: DType<'c>, shape: Value<'c>, bytes: &'c [u8]) -> Self {
        Block { dtype, shape, fortran: false, data: Data::Bytes(bytes), axis: 0, start: 0 }
    }

    /// Items along this axis; `None` behind the last.
    pub fn len(&self) -> Option<usize> {
        usize::try_from(axes(self.shape).nth(self.axis)??).ok()
    }

    /// The bytes along the only axis, where an item is one byte.
    pub fn octets(&self) -> Option<&'c [u8]> {
        match (self.data, self.dtype.kind, self.dtype.size, axes(self.shape).len()) {
            (Data::Bytes(bytes), b'u' | b'i' | b'b', 1, 1) => bytes.get(..self.len()?),
            _ => None,
        }
    }

    /// Items from one to the next along this axis.
    pub fn stride(&self) -> u64 {
        let axes = axes(self.shape);
        let (skip, take) = if self.fortran { (0, self.axis) } else { (self.axis.saturating_add(1), usize::MAX) };
        let sizes = axes.skip(skip).take(take).map(|axis| axis.unwrap_or(0));
        sizes.fold(1, u64::saturating_mul)
    }

    /// What is at an index along the axis; `None` where the array has fewer items than its shape says.
    pub fn at(&self, index: usize, stride: u64) -> Option<Along<'c>> {
        let start = self.start.saturating_add(stride.saturating_mul(index as u64));
        let axis = self.axis.saturating_add(1);
        if axes(self.shape).len() > axis {
            Some(Along::Block(Block { axis, start, ..*self }))
        } else {
            self.item(start)
        }
    }

    /// The one item of an array without axes.
    pub fn only(&self) -> Option<Along<'c>> {
        self.item(self.start)
    }

    fn item(&self, place: u64) -> Option<Along<'c>> {
        match self.data {
            Data::Bytes(bytes) => {
                let size = usize::try_from(self.dtype.size).ok()?;
                let from = usize::try_from(place).ok()?.checked_mul(size)?;
                Some(Along::Item(bytes.get(from..from.checked_add(size)?)?))
            }
            Data::Objects(list, cursor) => {
                let (mut cells, passed) = cursor.get();
                let skip = usize::try_from(place.checked_sub(passed)?).ok()?;
                let node = cells.nth(&list.document(), skip)?;
                cursor.set((cells, place.saturating_add(1)));
                Some(Along::Object(node))
            }
        }
    }
}

/// The objects of a list, from its start on.
pub(crate) fn cursor(items: &Items<'_>) -> Cell<(Cells, u64)> {
    Cell::new((items.cells(), 0))
}

/// An item of a structured array.
#[derive(Clone, Copy)]
pub(crate) struct Record<'c> {
    pub dtype: DType<'c>,
    pub bytes: &'c [u8],
}

/// The fields of an item, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'c> {
    record: Record<'c>,
    /// The places of the fields, mostly in the order of their names.
    places: Option<Entries<'c>>,
}

impl<'c> Fields<'c> {
    pub fn of(record: Record<'c>) -> Self {
        Fields { record, places: record.dtype.places.and_then(|places| places.entries()) }
    }

    pub fn len(&self) -> usize {
        self.record.dtype.field_count()
    }

    /// The next field, where it is where the last but one was followed by the last.
    pub fn next(&mut self, index: usize) -> Option<DTypeField<'c>> {
        let (key, place) = self.places.as_mut()?.next()?;
        self.record.dtype.field_at(index, key, place)
    }

    /// The same, looked for among all.
    pub fn find(&self, index: usize) -> Option<DTypeField<'c>> {
        self.record.dtype.field(index)
    }

    /// The bytes of a field.
    pub fn bytes(&self, field: &DTypeField<'c>) -> Option<&'c [u8]> {
        let from = usize::try_from(field.offset).ok()?;
        self.record.bytes.get(from..from.checked_add(usize::try_from(field.dtype.size).ok()?)?)
    }
}
