//! The items of an array along one axis: a column of a block.

use super::Cell;
use crate::view::known::{Array, DType, Data, Octets};
use crate::{Kind, Value};

/// Bytes of items at equal distances.
///
/// See the example of [`Lane`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Strided<'d> {
    /// Bytes from one item to the next.
    pub stride: usize,
    /// All bytes from the first item on.
    pub bytes: &'d [u8],
}

/// Items of an array at equal distances.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::known::Array;
/// use pickle_core::table::Lane;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // numpy.array([[1, 2], [3, 4]], "i1")
/// let pickle = b"cnumpy._core.numeric\n_frombuffer\n(C\x04\x01\x02\x03\x04cnumpy\ndtype\n(Vi1\ntR(K\x02K\x02tVC\ntR.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let column = Lane::column(Array::of(document.root()).unwrap(), 1).unwrap();
/// assert!(column.cells().filter_map(|cell| cell.as_int()).eq([2, 4]));
/// assert_eq!(column.as_bytes().map(|it| (it.stride, it.bytes)), Some((2, &[2, 3, 4][..])));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lane<'d> {
    pub(super) array: Array<'d>,
    /// What an item is, and the byte of the array's item that it begins at: a field, or the whole.
    dtype: DType<'d>,
    offset: usize,
    /// Of records that hold objects, which are tuples: the item of each.
    member: Option<usize>,
    /// The first item, in items as they lie in memory.
    start: usize,
    /// Items from one to the next.
    step: usize,
    len: usize,
}

impl<'d> Lane<'d> {
    /// Row `row` of an array whose last axis is long: all of it for one axis. A block of pandas has a row a column.
    ///
    /// `None` where the array has no such row, or its parts do not fit together.
    pub fn row(array: Array<'d>, row: usize) -> Option<Self> {
        let mut axes = array.axes();
        let (start, step, len) = match (axes.next(), axes.next(), axes.next()) {
            (None, ..) => (0, 1, 1),
            (Some(len), None, _) if row == 0 => (0, 1, len?),
            (Some(rows), Some(len), None) => {
                let (rows, len) = (rows?, len?);
                let row = u64::try_from(row).ok().filter(|row| *row < rows)?;
                if array.fortran { (row, rows, len) } else { (row.checked_mul(len)?, 1, len) }
            }
            _ => return None,
        };
        Lane::new(array, start, step, len)
    }

    /// Column `column` of an array of two axes, or the items of one axis.
    pub fn column(array: Array<'d>, column: usize) -> Option<Self> {
        let mut axes = array.axes();
        let (first, second) = (axes.next()?, axes.next());
        let (start, step, len) = match (second, axes.next()) {
            (None, _) if column == 0 => (0, 1, first?),
            (Some(columns), None) => {
                let (len, columns) = (first?, columns?);
                let column = u64::try_from(column).ok().filter(|column| *column < columns)?;
                if array.fortran { (column.checked_mul(len)?, 1, len) } else { (column, columns, len) }
            }
            _ => return None,
        };
        Lane::new(array, start, step, len)
    }

    /// All items, as they lie in memory.
    pub(super) fn all(array: Array<'d>) -> Option<Self> {
        Lane::new(array, 0, 1, array.len()?)
    }

    /// A field of the items of a structured array of one axis.
    pub fn field(array: Array<'d>, number: usize) -> Option<Self> {
        let field = array.dtype.field(number)?;
        let lane = Lane { dtype: field.dtype, ..Lane::column(array, 0)? };
        match array.data {
            Data::Bytes(_) => Some(Lane { offset: usize::try_from(field.offset).ok()?, ..lane }),
            Data::Objects(list) => {
                let fields = array.dtype.field_count();
                let mut items = list.items()?;
                let is_whole = items.all(|item| item.kind() == Kind::Tuple && item.len() == fields);
                if is_whole { Some(Lane { member: Some(number), ..lane }) } else { None }
            }
            Data::Missing(_) => None,
        }
    }

    fn new(array: Array<'d>, start: u64, step: u64, len: u64) -> Option<Self> {
        // What an array counts has been checked against its data; a lane never leaves it.
        let last = start.checked_add(step.checked_mul(len.saturating_sub(1))?)?;
        if len != 0 && last >= array.len()? {
            return None;
        }
        Some(Lane {
            array,
            dtype: array.dtype,
            offset: 0,
            member: None,
            start: start.try_into().ok()?,
            step: step.try_into().ok()?,
            len: len.try_into().ok()?,
        })
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No items.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What an item is.
    pub fn dtype(&self) -> &DType<'d> {
        &self.dtype
    }

    /// The items are objects.
    pub fn is_objects(&self) -> bool {
        matches!(self.array.data, Data::Objects(_))
    }

    /// The array.
    pub fn array(&self) -> &Array<'d> {
        &self.array
    }

    /// The bytes of the items, where the pickle has them in one piece. The items are in the byte order of the dtype.
    pub fn as_bytes(&self) -> Option<Strided<'d>> {
        let Data::Bytes(octets) = self.array.data else { return None };
        let size = usize::try_from(self.array.dtype.size).ok()?;
        let first = self.start.checked_mul(size)?.checked_add(self.offset)?;
        Some(Strided { stride: self.step.checked_mul(size)?, bytes: octets.as_slice()?.get(first..)? })
    }

    /// The item at an index. Constant for bytes in one piece; linear in the index for Latin-1 text and objects, see
    /// [`Lane::cells`].
    pub fn cell(&self, index: usize) -> Option<Cell<'d>> {
        if index >= self.len {
            return None;
        }
        let at = index.checked_mul(self.step)?.checked_add(self.start)?;
        let size = usize::try_from(self.array.dtype.size).ok()?;
        match self.array.data {
            Data::Bytes(octets) => {
                let octets = skip(octets, at.checked_mul(size)?.checked_add(self.offset)?)?;
                Some(Cell::item(&self.dtype, octets))
            }
            Data::Objects(list) => list.items()?.nth(at).and_then(|item| self.object(item)),
            Data::Missing(_) => None,
        }
    }

    /// What is in an item that is an object.
    fn object(&self, item: Value<'d>) -> Option<Cell<'d>> {
        let value = match self.member {
            Some(member) => item.at(member)?,
            None => item,
        };
        Some(Cell::Value(value))
    }

    /// The same with the bytes of the array in one piece, which `copy` gives: for those who can allocate, so that
    /// every cell is found in constant time.
    pub fn with_bytes(mut self, copy: &mut dyn FnMut(Octets<'d>) -> &'d [u8]) -> Self {
        if let Data::Bytes(octets) = self.array.data
            && octets.as_slice().is_none()
        {
            self.array.data = Data::Bytes(Octets::raw(copy(octets)));
        }
        self
    }

    /// Of codes: the first that stands for none of so many categories. -1 stands for a missing one.
    pub fn stray_code(&self, categories: usize) -> Option<i128> {
        let is_stray = |code: &i128| *code != -1 && usize::try_from(*code).map_or(true, |code| code >= categories);
        self.cells().filter_map(|code| code.as_int()).find(is_stray)
    }

    /// All items, each in constant time.
    pub fn cells(&self) -> LaneCells<'d> {
        let source = match self.array.data {
            Data::Bytes(octets) => usize::try_from(self.array.dtype.size)
                .ok()
                .and_then(|size| skip(octets, self.start.checked_mul(size)?))
                .map_or(Source::None, Source::Bytes),
            Data::Objects(list) => match list.items() {
                Some(mut items) => {
                    if let Some(before) = self.start.checked_sub(1) {
                        items.nth(before);
                    }
                    Source::Items(items)
                }
                None => Source::None,
            },
            Data::Missing(_) => Source::None,
        };
        LaneCells { lane: *self, source, left: self.len, first: true }
    }
}

pub(super) fn skip(octets: Octets<'_>, bytes: usize) -> Option<Octets<'_>> {
    match octets.as_slice() {
        Some(slice) => slice.get(bytes..).map(Octets::raw),
        None => {
            let mut rest = octets;
            if let Some(before) = bytes.checked_sub(1) {
                rest.nth(before)?;
            }
            Some(rest)
        }
    }
}

#[derive(Clone, Copy)]
enum Source<'d> {
    Bytes(Octets<'d>),
    Items(crate::Items<'d>),
    None,
}

/// The items of a [`Lane`], one after the other.
///
/// See the example of [`Lane`].
#[derive(Clone, Copy)]
pub struct LaneCells<'d> {
    lane: Lane<'d>,
    source: Source<'d>,
    left: usize,
    first: bool,
}

impl<'d> Iterator for LaneCells<'d> {
    type Item = Cell<'d>;

    fn next(&mut self) -> Option<Cell<'d>> {
        self.left = self.left.checked_sub(1)?;
        let between = if core::mem::take(&mut self.first) { 0 } else { self.lane.step.saturating_sub(1) };
        match &mut self.source {
            Source::Items(items) => items.nth(between).and_then(|item| self.lane.object(item)),
            Source::Bytes(octets) => {
                let size = usize::try_from(self.lane.array.dtype.size).ok()?;
                *octets = skip(*octets, between.checked_mul(size)?)?;
                let cell = Cell::item(&self.lane.dtype, skip(*octets, self.lane.offset)?);
                *octets = skip(*octets, size)?;
                Some(cell)
            }
            Source::None => None,
        }
    }
}
