//! Values that no value of the pickle says in these terms: an array, the parts of a complex, the ints of a range.

use super::block::{Block, Record};
use super::text::Text;
use crate::known::Subarray;
use crate::machine::node::Node;
use crate::view::Octets;
use crate::view::known::{Array, DType};
use crate::view::table::Cell;

/// A value that is made on the way from an object to a type.
pub(crate) enum Made<'c> {
    /// A scalar as the pickle would have it, or a value of the pickle.
    Node(Node),
    /// Text.
    Text(Text),
    /// Bytes.
    Bytes(&'c [u8]),
    /// An item of an array that no node has room for.
    Cell(Cell<'c>),
    /// An int without a sign that an int of the pickle has no room for.
    Wide(u128),
    /// 16 bytes.
    Sixteen([u8; 16]),
    /// A few numbers.
    Few(Few),
    /// Ints at equal distances.
    Range(Range),
    /// An array.
    Array(Array<'c>),
    /// One item of an array.
    Scalar(DType<'c>, Octets<'c>),
    /// Items of an array along an axis.
    Block(Block<'c>),
    /// An item of a structured array.
    Record(Record<'c>),
}

impl<'c> Made<'c> {
    /// A float.
    pub fn float(float: f64) -> Self {
        Made::Node(Node::float(float.to_bits()))
    }

    /// The item of an array that these bytes are.
    pub fn item(dtype: &DType<'c>, bytes: &'c [u8]) -> Self {
        if dtype.fields.is_some() {
            return Made::Record(Record { dtype: *dtype, bytes });
        }
        if let Some(Subarray { dtype: inner, shape }) = dtype.subarray {
            return match DType::of(inner) {
                Some(inner) => Made::Block(Block::inner(inner, shape, bytes)),
                None => Made::Bytes(bytes),
            };
        }
        let cell = Cell::item(dtype, Octets::raw(bytes));
        match cell {
            // Spans have units of their own: they are counted.
            Cell::TimeDelta(ticks, _) => Made::Node(Node::int(ticks)),
            _ => cell.node().map_or(Made::Cell(cell), Made::Node),
        }
    }
}

/// Up to seven ints, or two floats: an iterator.
#[derive(Clone, Copy)]
pub(crate) struct Few {
    numbers: [i64; 7],
    floats: bool,
    at: usize,
    len: usize,
}

impl Few {
    pub fn ints(ints: &[i64]) -> Self {
        let mut numbers = [0; 7];
        for (slot, int) in numbers.iter_mut().zip(ints) {
            *slot = *int;
        }
        Few { numbers, floats: false, at: 0, len: ints.len().min(7) }
    }

    pub fn floats(a: f64, b: f64) -> Self {
        Few { floats: true, ..Few::ints(&[a.to_bits() as i64, b.to_bits() as i64]) }
    }

    pub fn len(&self) -> usize {
        self.len
    }
}

impl Iterator for Few {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        let number = *self.numbers.get(..self.len)?.get(self.at)?;
        self.at += 1;
        Some(if self.floats { Node::float(number as u64) } else { Node::int(number) })
    }
}

/// The ints of a `range`: an iterator.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    next: i64,
    step: i64,
    left: usize,
}

impl Range {
    /// `range(start, stop, step)`; without ints for a step of 0.
    pub fn new(start: i64, stop: i64, step: i64) -> Self {
        let (low, high) = if step < 0 { (stop, start) } else { (start, stop) };
        // A difference of two i64 fits 64 bits without a sign.
        let span = if low < high { high.wrapping_sub(low) as u64 } else { 0 };
        let steps = span.saturating_sub(1).checked_div(step.unsigned_abs());
        let left = steps.filter(|_| span != 0).map_or(0, |steps| steps.saturating_add(1));
        Range { next: start, step, left: usize::try_from(left).unwrap_or(usize::MAX) }
    }

    pub fn len(&self) -> usize {
        self.left
    }
}

impl Iterator for Range {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        self.left = self.left.checked_sub(1)?;
        let int = self.next;
        self.next = int.wrapping_add(self.step);
        Some(Node::int(int))
    }
}
