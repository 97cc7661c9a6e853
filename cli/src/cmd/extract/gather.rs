//! The items of a tensor in row-major order, whatever its strides are.

use super::copied::{Change, PIECE, Trouble, copy};
use crate::input::Part;
use std::io::Write;

/// Where the items of a tensor lie in its storage. All in items, not bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) stride: Vec<u64>,
}

impl Layout {
    /// Items in row-major order (C), or in column-major order (Fortran); `None` where 64 bits cannot say it.
    pub(super) fn dense(shape: Vec<u64>, fortran: bool) -> Option<Layout> {
        let mut stride = vec![1; shape.len()];
        let mut step = 1u64;
        let mut axis = |at: usize| {
            stride[at] = step;
            step = step.checked_mul(shape[at].max(1))?;
            Some(())
        };
        if fortran {
            (0..shape.len()).try_for_each(&mut axis)?;
        } else {
            (0..shape.len()).rev().try_for_each(&mut axis)?;
        }
        Some(Layout { offset: 0, shape, stride })
    }

    /// Number of items; `None` where 64 bits cannot hold it.
    pub(super) fn len(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        self.shape.iter().try_fold(1u64, |n, &axis| n.checked_mul(axis))
    }

    /// Items of the storage up to the last that is used.
    pub(super) fn extent(&self) -> Option<u64> {
        if self.len()? == 0 {
            return Some(0);
        }
        let mut last = self.offset;
        for (&axis, &stride) in self.shape.iter().zip(&self.stride) {
            last = last.checked_add((axis - 1).checked_mul(stride)?)?;
        }
        last.checked_add(1)
    }

    /// The items lie in row-major order, without gaps.
    pub(super) fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.stride).rev().all(|(&axis, &stride)| {
            let fits = axis == 1 || stride == expected;
            expected *= axis;
            fits
        })
    }

    /// Without axes of one item, and with axes joined that lie behind each other.
    fn joined(&self) -> (Vec<u64>, Vec<u64>) {
        let (mut shape, mut stride): (Vec<u64>, Vec<u64>) = Default::default();
        for (&axis, &step) in self.shape.iter().zip(&self.stride).filter(|(axis, _)| **axis != 1) {
            match (shape.last_mut(), stride.last_mut()) {
                (Some(outer), Some(outer_step)) if *outer_step == step.saturating_mul(axis) => {
                    *outer *= axis;
                    *outer_step = step;
                }
                _ => {
                    shape.push(axis);
                    stride.push(step);
                }
            }
        }
        (shape, stride)
    }
}

/// Writes the items of a tensor. `item` is bytes of one; the extent has been checked against the storage.
///
/// Contiguous tensors are copied. Of others, rows of the axis that lies densest in the storage are read, as many at a
/// time as fit a buffer of [`PIECE`] bytes, and put in order there.
pub(super) fn write(
    layout: &Layout,
    storage: &Part,
    item: usize,
    out: &mut dyn Write,
    change: &mut Change<'_>,
) -> Result<(), Trouble> {
    let len = layout.len().unwrap_or(0);
    let bytes = item as u64;
    if len == 0 || layout.is_contiguous() {
        return copy(&storage.slice(layout.offset * bytes, len * bytes), out, change);
    }
    let (shape, stride) = layout.joined();
    let axes = shape.len();
    // The densest axis, and what stands inside it in the output.
    let dense = (0..axes).filter(|&axis| stride[axis] != 0).min_by_key(|&axis| stride[axis]).unwrap_or(axes - 1);
    let inner: u64 = shape[dense + 1..].iter().product();
    let outer: u64 = shape[..dense].iter().product();
    let rows = (PIECE as u64 / bytes / inner).clamp(1, shape[dense]);
    // The inner part is written in pieces where one row of it does not fit.
    let columns = inner.min((PIECE as u64 / bytes).max(1));
    let step = stride[dense];
    let mut block = vec![0; (rows * columns) as usize * item];
    let mut run = Vec::new();
    for out_index in 0..outer {
        let base = layout.offset + place(out_index, &shape[..dense], &stride[..dense]);
        for row in (0..shape[dense]).step_by(rows as usize) {
            let count = rows.min(shape[dense] - row);
            for column in (0..inner).step_by(columns as usize) {
                let width = columns.min(inner - column);
                for c in 0..width {
                    let first = base + row * step + place(column + c, &shape[dense + 1..], &stride[dense + 1..]);
                    // Far apart, items are read one by one; else with what lies between them.
                    let far = step.saturating_mul(bytes) > 4096;
                    let span = if far { 1 } else { (count - 1) * step + 1 };
                    for r in 0..count {
                        if far || r == 0 {
                            let from = if far { first + r * step } else { first };
                            run.resize(span as usize * item, 0);
                            read(storage, from * bytes, &mut run)?;
                        }
                        let from = if far { 0 } else { (r * step) as usize * item };
                        let to = (r * width + c) as usize * item;
                        block[to..to + item].copy_from_slice(&run[from..from + item]);
                    }
                }
                let piece = &mut block[..(count * width) as usize * item];
                change(piece);
                out.write_all(piece).map_err(Trouble::Write)?;
            }
        }
    }
    Ok(())
}

/// Where the item of a row-major index is, in items.
fn place(mut index: u64, shape: &[u64], stride: &[u64]) -> u64 {
    let mut at = 0;
    for (&axis, &step) in shape.iter().zip(stride).rev() {
        at += index % axis * step;
        index /= axis;
    }
    at
}

fn read(storage: &Part, at: u64, into: &mut [u8]) -> Result<(), Trouble> {
    match storage.read_at(at, into) {
        Ok(n) if n == into.len() => Ok(()),
        Ok(_) => Err(Trouble::shorter()),
        Err(source) => Err(Trouble::Read(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Seek;
    use std::rc::Rc;

    /// Writes a view of 0, 1, 2, ... as u16 and compares it with the definition of strides.
    fn check(offset: u64, shape: &[u64], stride: &[u64]) {
        let layout = Layout { offset, shape: shape.into(), stride: stride.into() };
        let items = layout.extent().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        (0..items).for_each(|i| file.write_all(&(i as u16).to_le_bytes()).unwrap());
        file.rewind().unwrap();
        let mut out = Vec::new();
        assert!(write(&layout, &Part::new(Rc::new(file), 0, items * 2), 2, &mut out, &mut |_| {}).is_ok());
        let expected: Vec<u8> = (0..layout.len().unwrap())
            .flat_map(|i| ((offset + place(i, shape, stride)) as u16).to_le_bytes())
            .collect();
        assert!(out == expected, "{layout:?}");
    }

    #[test]
    fn strides_of_all_kinds() {
        check(0, &[], &[]);
        check(3, &[2, 3], &[3, 1]);
        check(0, &[2, 3], &[1, 2]);
        check(5, &[4, 1, 6], &[2, 99, 8]);
        check(0, &[2, 3, 4], &[1, 2, 6]);
        check(1, &[3, 4], &[0, 2]);
        check(1, &[3, 4], &[5, 0]);
        check(0, &[0, 4], &[4, 1]);
        check(0, &[7], &[5000]);
        // Larger than a block, both ways.
        check(0, &[700_000, 2], &[1, 3]);
        check(0, &[2, 700_000], &[1, 2]);
        check(0, &[1100, 1000], &[1, 1100]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_none() {
        let layout = Layout { offset: 0, shape: vec![u64::MAX, 2], stride: vec![2, 1] };
        assert_eq!((layout.len(), layout.extent()), (None, None));
        let layout = Layout { offset: u64::MAX, shape: vec![1], stride: vec![1] };
        assert_eq!(layout.extent(), None);
    }
}
