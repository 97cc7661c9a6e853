//! Steps into arrays whose items are no values of the pickle: their numbers become such.

use super::View;
use super::known::{Array, DType, Data, Octets};
use super::rows::{Part, Reached, places};
use super::table::Cell;
use crate::Value;
use crate::document::path::{PathKey, PathStep};

/// Where a path has come to.
#[derive(Clone, Copy)]
#[allow(clippy::large_enum_variant, reason = "nothing may be allocated, and few of them live at a time")]
pub(super) enum At<'d> {
    Value(Value<'d>),
    /// Inside an array.
    Inside(Inside<'d>),
    /// Inside a table.
    Table(Part<'d>),
}

impl<'d> From<Reached<'d>> for At<'d> {
    fn from(reached: Reached<'d>) -> Self {
        match reached {
            Reached::Value(value) => At::Value(value),
            Reached::Part(part) => At::Table(part),
        }
    }
}

impl<'d> At<'d> {
    /// The value, where it is one.
    pub fn value(&self) -> Option<Value<'d>> {
        match self {
            At::Value(value) => Some(*value),
            At::Inside(_) | At::Table(_) => None,
        }
    }

    /// What can be stepped through by places, where it is an array.
    pub fn inside(&self) -> Option<Inside<'d>> {
        match self {
            At::Value(value) => Inside::of(*value),
            At::Inside(inside) => Some(*inside),
            At::Table(_) => None,
        }
    }

    /// What can be stepped through, where it is a table or a part of one.
    pub fn table(&self) -> Option<Part<'d>> {
        match self {
            At::Value(value) => Part::of(*value),
            At::Inside(_) => None,
            At::Table(part) => Some(*part),
        }
    }
}

/// A part of an array: what is left of its axes, or of an item.
#[derive(Clone, Copy)]
pub(super) struct Inside<'d> {
    /// What the array is a view of.
    of: Value<'d>,
    array: Array<'d>,
    /// A byte an item, in the order of the array: not 0 where it counts for nothing.
    mask: Option<Octets<'d>>,
    /// What an item is, or the field of it, and the bytes of the item before it.
    dtype: DType<'d>,
    offset: u64,
    /// Axes that are behind, and the first item, counted as they lie in memory.
    axis: usize,
    start: u64,
}

impl<'d> Inside<'d> {
    fn of(value: Value<'d>) -> Option<Self> {
        let (array, mask) = match value.view() {
            View::Array(array) => (array, None),
            // One byte an item; records have one a field.
            View::Masked(it) if it.fortran == it.array.fortran && it.array.len() == Some(it.mask.len() as u64) => {
                (it.array, Some(it.mask))
            }
            _ => return None,
        };
        Some(Inside { of: value, array, mask, dtype: array.dtype, offset: 0, axis: 0, start: 0 })
    }

    /// Items along the next axis; `None` where there is none.
    pub fn len(&self) -> Option<i64> {
        i64::try_from(self.array.axes().nth(self.axis)??).ok()
    }

    /// Items, as they lie in memory, from one to the next along the axis.
    fn stride(&self) -> u64 {
        let (skip, take) = if self.array.fortran { (0, self.axis) } else { (self.axis.saturating_add(1), usize::MAX) };
        self.array.axes().skip(skip).take(take).fold(1, |stride, axis| stride.saturating_mul(axis.unwrap_or(0)))
    }

    /// What is at a place along the axis.
    pub fn at(&self, place: i64) -> Option<At<'d>> {
        if !(0..self.len()?).contains(&place) {
            return None;
        }
        let skip = self.stride().checked_mul(u64::try_from(place).ok()?)?;
        Some(Inside { axis: self.axis.checked_add(1)?, start: self.start.checked_add(skip)?, ..*self }.arrived())
    }

    fn field(&self, name: PathKey<'_>) -> Option<At<'d>> {
        let field = self.dtype.field_named(|field| name.is(field.as_bytes()))?;
        let offset = self.offset.checked_add(field.offset)?;
        Some(Inside { dtype: field.dtype, offset, ..*self }.arrived())
    }

    /// One step from here.
    pub fn step(&self, step: PathStep<'_>) -> Option<At<'d>> {
        match step {
            PathStep::Index(index) => {
                let len = self.len()?;
                self.at(if index < 0 { index.checked_add(len)? } else { index })
            }
            PathStep::Key(name) => self.field(name),
            PathStep::All => self.at(0),
            PathStep::Slice(from, to, by) => self.at(places(self.len()?, from, to, by).next()?),
            _ => None,
        }
    }

    fn arrived(self) -> At<'d> {
        match self.item() {
            Some(value) => At::Value(value),
            None => At::Inside(self),
        }
    }

    /// The item, where no axis is left and a value of a pickle can be it: an object, a number, a bool, NaT.
    fn item(&self) -> Option<Value<'d>> {
        if self.axis < self.array.axes().len() {
            return None;
        }
        let masked = self.mask.and_then(|mask| mask.after(usize::try_from(self.start).ok()?).next());
        if masked.is_some_and(|masked| masked != 0) {
            return Some(self.of.beside(Cell::Null.node()?));
        }
        match self.array.data {
            Data::Objects(list) if self.dtype.size == self.array.dtype.size => {
                list.items()?.nth(usize::try_from(self.start).ok()?)
            }
            Data::Bytes(octets) => {
                let from = self.start.checked_mul(self.array.dtype.size)?.checked_add(self.offset)?;
                let item = Cell::item(&self.dtype, octets.after(usize::try_from(from).ok()?));
                Some(self.of.beside(item.node()?))
            }
            _ => None,
        }
    }
}
