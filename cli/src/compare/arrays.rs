//! Arrays, cell by cell.

use super::{Cells, Tolerance, What, means};
use pickle_core::known::{Array, Data, Number};
use pickle_core::{Change, Items, Value};
use std::borrow::Cow;

/// Bytes that are compared at once before cells are looked at.
const BLOCK: usize = 4096;

/// What is left to be compared.
pub(super) enum Outcome {
    /// Nothing.
    Done,
    /// The items are objects.
    Parts,
    /// The items are not in the pickle.
    Elsewhere,
}

pub(super) fn compare<'d>(a: &Array<'d>, b: &Array<'d>, tolerance: Tolerance, found: &mut Vec<What<'d>>) -> Outcome {
    let dtypes = (means::dtype(&a.dtype), means::dtype(&b.dtype));
    let same_dtype = dtypes.0 == dtypes.1 && a.dtype.size == b.dtype.size;
    if dtypes.0 != dtypes.1 {
        found.push(What::Property("dtype", dtypes.0, dtypes.1));
    } else if !same_dtype {
        found.push(What::Property("itemsize", a.dtype.size.to_string(), b.dtype.size.to_string()));
    }
    let (left, right) = (axes(a), axes(b));
    if left != right {
        found.push(What::Property("shape", shape_text(&left), shape_text(&right)));
        return Outcome::Done;
    }
    let (x, y) = match (a.data, b.data) {
        (Data::Bytes(x), Data::Bytes(y)) => (x, y),
        (Data::Missing(_), _) | (_, Data::Missing(_)) => return Outcome::Elsewhere,
        _ if is_packed(a) && is_packed(b) => {
            let cells = listed(a, b, &left, tolerance);
            found.extend((cells.differing != 0).then_some(What::Cells(cells)));
            return Outcome::Done;
        }
        _ => return Outcome::Parts,
    };
    let bytes = |octets: pickle_core::known::Octets<'d>| -> Cow<'d, [u8]> {
        octets.as_slice().map_or_else(|| octets.collect::<Vec<u8>>().into(), Cow::from)
    };
    let (x, y) = (bytes(x), bytes(y));
    let flat = a.fortran == b.fortran || left.len() < 2;
    if same_dtype && flat && x == y {
        return Outcome::Done;
    }
    let cells = if flat { in_order(a, b, &left, &x, &y, tolerance) } else { crosswise(a, b, &left, &x, &y, tolerance) };
    if cells.differing != 0 {
        found.push(What::Cells(cells));
    }
    Outcome::Done
}

/// The array itself, where joblib has it in a pickle of its own.
pub(super) fn pickled(value: Value<'_>) -> Value<'_> {
    let nested = value.as_object().and_then(|object| {
        object.changes().find_map(|change| if let Change::Nested(value) = change { Some(value) } else { None })
    });
    nested.unwrap_or(value)
}

/// The items of arrays of objects along one axis, which is what their paths have.
pub(super) fn objects<'d>(a: &Array<'d>, b: &Array<'d>) -> Option<(Items<'d>, Items<'d>)> {
    match (a.data, b.data) {
        (Data::Objects(x), Data::Objects(y)) if a.axes().len() == 1 => x.items().zip(y.items()),
        _ => None,
    }
}

/// The items are numbers or characters, which `array.array` lists as objects up to protocol 2.
fn is_packed(array: &Array<'_>) -> bool {
    !array.dtype.objects && array.axes().len() == 1
}

/// Items of which some are listed and some are packed, one axis of them.
fn listed(a: &Array<'_>, b: &Array<'_>, axes: &[u64], tolerance: Tolerance) -> Cells {
    let (mut x, mut y) = (numbers(a), numbers(b));
    let mut cells = Cells { of: axes.first().copied().unwrap_or(0), ..Cells::default() };
    for at in 0..cells.of {
        match (x.next(), y.next()) {
            (Some(Ok(x)), Some(Ok(y))) => count(&mut cells, x, y, tolerance, || place(at, axes, false)),
            (Some(Err(x)), Some(Err(y))) if x == y => {}
            _ => cells.differing += 1,
        }
    }
    cells
}

/// The items as numbers, characters as text.
fn numbers<'d>(array: &Array<'d>) -> Box<dyn Iterator<Item = Result<Number, String>> + 'd> {
    let dtype = array.dtype;
    match array.data {
        Data::Bytes(octets) => {
            let (bytes, size) = (octets.collect::<Vec<u8>>(), item_size(array));
            Box::new((0..bytes.len() / size).map(move |at| {
                let item = bytes.get(at * size..(at + 1) * size).unwrap_or_default();
                dtype.number(item).ok_or_else(|| crate::print::json::item(&dtype, item))
            }))
        }
        Data::Objects(list) => Box::new(list.items().into_iter().flatten().map(|item| {
            match (item.as_i64(), item.as_u64(), item.as_f64()) {
                (Some(int), ..) => Ok(Number::Int(int)),
                (None, Some(int), _) => Ok(Number::Uint(int)),
                (None, None, Some(float)) => Ok(Number::Float(float)),
                _ => Err(crate::print::brief::short_json(item, 100).unwrap_or_default()),
            }
        })),
        _ => Box::new(std::iter::empty()),
    }
}

fn axes(array: &Array<'_>) -> Vec<u64> {
    array.axes().map(|axis| axis.unwrap_or(0)).collect()
}

fn shape_text(axes: &[u64]) -> String {
    match axes {
        [one] => format!("({one},)"),
        axes => format!("({})", axes.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn item_size(array: &Array<'_>) -> usize {
    usize::try_from(array.dtype.size).unwrap_or(1).max(1)
}

/// Both lie in the same order.
fn in_order(a: &Array<'_>, b: &Array<'_>, axes: &[u64], x: &[u8], y: &[u8], tolerance: Tolerance) -> Cells {
    let (size, other) = (item_size(a), item_size(b));
    let mut cells = Cells { of: (x.len() / size) as u64, ..Cells::default() };
    let in_block = (BLOCK / size.max(other)).max(1);
    let equal_bytes = means::dtype(&a.dtype) == means::dtype(&b.dtype);
    let blocks = x.chunks(in_block * size).zip(y.chunks(in_block * other));
    for (number, (left, right)) in blocks.enumerate() {
        if equal_bytes && left == right {
            continue;
        }
        for (at, (left, right)) in left.chunks(size).zip(right.chunks(other)).enumerate() {
            let place = || place((number * in_block + at) as u64, axes, a.fortran);
            cell(&mut cells, (a, left), (b, right), tolerance, place);
        }
    }
    cells
}

/// One lies row by row, the other column by column.
fn crosswise(a: &Array<'_>, b: &Array<'_>, axes: &[u64], x: &[u8], y: &[u8], tolerance: Tolerance) -> Cells {
    let (size, other) = (item_size(a), item_size(b));
    let mut cells = Cells { of: (x.len() / size) as u64, ..Cells::default() };
    for (at, left) in x.chunks(size).enumerate() {
        let index = index_of(at as u64, axes, a.fortran);
        let there = flat_of(&index, axes, b.fortran) as usize;
        let right = y.get(there * other..(there + 1) * other).unwrap_or_default();
        cell(&mut cells, (a, left), (b, right), tolerance, || index_text(&index));
    }
    cells
}

fn cell(
    cells: &mut Cells,
    (a, left): (&Array<'_>, &[u8]),
    (b, right): (&Array<'_>, &[u8]),
    tolerance: Tolerance,
    place: impl Fn() -> String,
) {
    match (a.dtype.number(left), b.dtype.number(right)) {
        (Some(x), Some(y)) => count(cells, x, y, tolerance, place),
        _ if left == right => {}
        _ => cells.differing += 1,
    }
}

/// Counts a cell where its two numbers differ.
fn count(cells: &mut Cells, x: Number, y: Number, tolerance: Tolerance, place: impl Fn() -> String) {
    if is_close(x, y, tolerance) {
        return;
    }
    let difference = distance(x, y);
    if cells.largest.as_ref().is_none_or(|(largest, ..)| difference > *largest) && !difference.is_nan() {
        cells.largest = Some((difference, place(), number_text(x), number_text(y)));
    }
    cells.differing += 1;
}

/// Two numbers are equal, or close enough.
pub(super) fn is_close(x: Number, y: Number, tolerance: Tolerance) -> bool {
    match (exact(x), exact(y)) {
        (Some(x), Some(y)) if !tolerance.is_any() => return x == y,
        _ => {}
    }
    let ((x, i), (y, j)) = (parts(x), parts(y));
    tolerance.is_close(x, y) && tolerance.is_close(i, j)
}

fn exact(number: Number) -> Option<i128> {
    match number {
        Number::Bool(flag) => Some(flag.into()),
        Number::Int(int) => Some(int.into()),
        Number::Uint(int) => Some(int.into()),
        _ => None,
    }
}

/// Real and imaginary part.
fn parts(number: Number) -> (f64, f64) {
    match number {
        Number::Float(float) => (float, 0.0),
        Number::Complex(re, im) => (re, im),
        other => (exact(other).map_or(f64::NAN, |int| int as f64), 0.0),
    }
}

fn distance(x: Number, y: Number) -> f64 {
    if let (Some(x), Some(y)) = (exact(x), exact(y)) {
        return x.abs_diff(y) as f64;
    }
    let ((x, i), (y, j)) = (parts(x), parts(y));
    if i == 0.0 && j == 0.0 { (x - y).abs() } else { (x - y).hypot(i - j) }
}

fn number_text(number: Number) -> String {
    match number {
        Number::Bool(flag) => flag.to_string(),
        Number::Float(float) => crate::print::pyrepr::float(float),
        Number::Complex(re, im) => {
            format!("({}, {})", crate::print::pyrepr::float(re), crate::print::pyrepr::float(im))
        }
        other => exact(other).unwrap_or_default().to_string(),
    }
}

fn place(flat: u64, axes: &[u64], fortran: bool) -> String {
    index_text(&index_of(flat, axes, fortran))
}

fn index_text(index: &[u64]) -> String {
    format!("[{}]", index.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
}

/// The index of an item by its place.
fn index_of(mut flat: u64, axes: &[u64], fortran: bool) -> Vec<u64> {
    let mut index = vec![0; axes.len()];
    let mut take = |(at, axis): (&mut u64, &u64)| {
        *at = flat % axis.max(&1);
        flat /= axis.max(&1);
    };
    if fortran {
        index.iter_mut().zip(axes).for_each(&mut take);
    } else {
        index.iter_mut().zip(axes).rev().for_each(&mut take);
    }
    index
}

/// The place of an item by its index.
fn flat_of(index: &[u64], axes: &[u64], fortran: bool) -> u64 {
    let add = |flat: u64, (at, axis): (&u64, &u64)| flat * axis + at;
    if fortran { index.iter().zip(axes).rev().fold(0, add) } else { index.iter().zip(axes).fold(0, add) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_indexes() {
        for fortran in [false, true] {
            for flat in 0..24 {
                let index = index_of(flat, &[2, 3, 4], fortran);
                assert_eq!(flat_of(&index, &[2, 3, 4], fortran), flat, "{index:?}");
            }
        }
        assert_eq!(index_of(5, &[2, 3], false), [1, 2]);
        assert_eq!(index_of(1, &[2, 3], true), [1, 0]);
        assert_eq!(shape_text(&[3]), "(3,)");
    }
}
