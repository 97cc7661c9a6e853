//! What the sparse matrices of SciPy store that are no lists of places: blocks (`bsr`), diagonals (`dia`), lists (`lil`).

use super::{Cell, Lane, LaneCells, TableError};
use crate::view::known::{Array, DType, Data, Octets};
use crate::{Items, Value};

/// The rows, the columns or the values of the cells that a matrix stores, one after the other in its own order: block by
/// block, diagonal by diagonal, row by row. Zeros that are stored are cells, as in `nnz`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::{Table, Values};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // scipy.sparse.dia_matrix(([[5, 6]], [0]), (2, 2), dtype="u1")
/// let pickle = b"cscipy.sparse._dia\ndia_matrix\n)\x81}(V_shape\n(K\x02K\x02tVoffsets\ncnumpy._core.numeric\n\
///     _frombuffer\n(C\x01\0cnumpy\ndtype\n(Vi1\ntR(K\x01tVC\ntRVdata\ncnumpy._core.numeric\n_frombuffer\n\
///     (C\x02\x05\x06cnumpy\ndtype\n(Vu1\ntR(K\x01K\x02tVC\ntRub.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let Values::Stored(stored) = Table::assembled(document.root()).unwrap().column(2).unwrap().values else {
///     panic!("the values of its diagonal")
/// };
/// assert!(stored.cells().filter_map(|cell| cell.as_int()).eq([5, 6]));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stored<'d> {
    /// Its arrays are found again where they are needed: kept, they would make every column of a table larger.
    matrix: Value<'d>,
    format: Format,
    /// Not of 128 bits, which would align every column of a table to 16 bytes.
    shape: (i64, i64),
    part: Part,
    len: usize,
    /// Copies of the bytes of its arrays, in their order in [`Layout`].
    copies: [Option<&'d [u8]>; 3],
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Bsr,
    Dia,
    Lil,
}

/// Which of the three columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Row,
    Col,
    Value,
}

#[derive(Clone, Copy, Debug)]
enum Layout<'d> {
    /// Blocks of some rows and columns: where each row of them begins, their columns, and all values.
    Blocks { pointers: Lane<'d>, indices: Lane<'d>, values: Lane<'d>, rows: usize, cols: usize, count: usize },
    /// Each value lies in the column of its place; how far right of the main diagonal its row says.
    Diagonals { offsets: Lane<'d>, values: Lane<'d>, width: usize, shape: (i128, i128) },
    /// A list of columns and one of values a row.
    Lists { columns: Lane<'d>, values: Lane<'d> },
}

fn number(cell: Option<Cell<'_>>) -> Option<usize> {
    usize::try_from(cell?.as_int()?).ok()
}

impl<'d> Stored<'d> {
    /// Rows, columns and values; `NoTable` for another format.
    pub(super) fn of(matrix: Value<'d>, format: &str, shape: (i128, i128)) -> Result<[Self; 3], TableError> {
        let format = match format {
            "bsr" => Format::Bsr,
            "dia" => Format::Dia,
            "lil" => Format::Lil,
            _ => return Err(TableError::NoTable),
        };
        let axis = |axis: i128| i64::try_from(axis).map_err(|_| TableError::Parts);
        let layout = Layout::of(matrix, format, shape).ok_or(TableError::Parts)?;
        let len = layout.checked(shape).ok_or(TableError::Parts)?;
        let shape = (axis(shape.0)?, axis(shape.1)?);
        Ok([Part::Row, Part::Col, Part::Value].map(|part| Stored {
            matrix,
            format,
            shape,
            part,
            len,
            copies: [None; 3],
        }))
    }

    fn layout(&self) -> Option<Layout<'d>> {
        let mut layout = Layout::of(self.matrix, self.format, (self.shape.0.into(), self.shape.1.into()))?;
        for (lane, copy) in layout.lanes().into_iter().zip(self.copies) {
            if let (Some(lane), Some(copy)) = (lane, copy) {
                *lane = lane.with_bytes(&mut |_| copy);
            }
        }
        Some(layout)
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No cells.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What a value is, where all are of one type: ints of 64 bits for rows and columns, `None` for objects.
    pub fn dtype(&self) -> Option<DType<'d>> {
        match (self.part, self.layout()?) {
            (Part::Row | Part::Col, _) => Some(DType::plain(b'i', 8, false)),
            (_, Layout::Blocks { values, .. } | Layout::Diagonals { values, .. }) => Some(*values.dtype()),
            (_, Layout::Lists { .. }) => None,
        }
    }

    /// All of them, each in constant time but for arrays that a pickle has as text: see [`Stored::with_bytes`].
    pub fn cells(&self) -> StoredCells<'d> {
        let layout = self.layout();
        let lists = match layout {
            Some(Layout::Lists { columns, values }) => Some((columns.cells(), values.cells())),
            _ => None,
        };
        StoredCells { layout, part: self.part, left: self.len, outer: 0, inner: (0, 0), end: 0, lists, items: None }
    }

    /// One of them. Linear in its number: see [`Stored::cells`].
    pub fn cell(&self, at: usize) -> Option<Cell<'d>> {
        self.cells().nth(at)
    }

    /// As [`Lane::with_bytes`].
    pub fn with_bytes(mut self, copy: &mut dyn FnMut(Octets<'d>) -> &'d [u8]) -> Self {
        let Some(mut layout) = self.layout() else { return self };
        for (lane, slot) in layout.lanes().into_iter().zip(&mut self.copies) {
            if let Some(Data::Bytes(octets)) = lane.map(|lane| lane.array().data)
                && octets.as_slice().is_none()
            {
                *slot = Some(copy(octets));
            }
        }
        self
    }
}

impl<'d> Layout<'d> {
    /// The arrays, and what they count.
    fn of(matrix: Value<'d>, format: Format, shape: (i128, i128)) -> Option<Self> {
        let lane = |name| Lane::column(Array::of(matrix.get(name)?)?, 0);
        if let Format::Lil = format {
            return Some(Layout::Lists { columns: lane("rows")?, values: lane("data")? });
        }
        let data = Array::of(matrix.get("data")?)?;
        let values = Lane::all(data)?;
        let mut axes = data.axes();
        let mut axis = || usize::try_from(axes.next()??).ok();
        let (first, second) = (axis()?, axis()?);
        Some(match format {
            Format::Bsr => Layout::Blocks {
                pointers: lane("indptr")?,
                indices: lane("indices")?,
                values,
                rows: second,
                cols: axis()?,
                count: first,
            },
            _ => Layout::Diagonals { offsets: lane("offsets")?, values, width: second, shape },
        })
    }

    fn lanes(&mut self) -> [Option<&mut Lane<'d>>; 3] {
        match self {
            Layout::Blocks { pointers, indices, values, .. } => [Some(pointers), Some(indices), Some(values)],
            Layout::Diagonals { offsets, values, .. } => [Some(offsets), Some(values), None],
            Layout::Lists { .. } => [None, None, None],
        }
    }

    /// How many cells it stores; `None` where its parts do not fit together.
    fn checked(&self, shape: (i128, i128)) -> Option<usize> {
        match self {
            Layout::Blocks { pointers, indices, values, rows, cols, count } => {
                let mut last = 0;
                for (number, at) in pointers.cells().enumerate() {
                    last = at.as_int().filter(|at| *at >= last && (number != 0 || *at == 0))?;
                }
                let (tall, wide) = (i128::try_from(*rows).ok()?, i128::try_from(*cols).ok()?);
                let majors = i128::try_from(pointers.len().checked_sub(1)?).ok()?;
                let mut ends = indices.cells().map(|at| {
                    let at = at.as_int().filter(|at| *at >= 0)?;
                    at.checked_add(1)?.checked_mul(wide).filter(|end| *end <= shape.1)
                });
                let fits = majors.checked_mul(tall)? == shape.0
                    && last == i128::try_from(*count).ok()?
                    && indices.len() == *count
                    && ends.all(|end| end.is_some())
                    && values.array().axes().len() == 3
                    && !values.is_objects();
                fits.then_some(values.len())
            }
            Layout::Diagonals { offsets, values, width, .. } => {
                let array = values.array();
                let count = array.axes().next().flatten();
                let fits =
                    u64::try_from(offsets.len()).ok() == count && array.axes().len() == 2 && !values.is_objects();
                let mut len = fits.then_some(0usize)?;
                for offset in offsets.cells() {
                    let (from, to) = diagonal(offset.as_int()?, *width, shape)?;
                    len = len.checked_add(to.checked_sub(from)?)?;
                }
                Some(len)
            }
            Layout::Lists { columns, values } => {
                let fits = i128::try_from(columns.len()).ok()? == shape.0
                    && values.len() == columns.len()
                    && columns.is_objects()
                    && values.is_objects();
                let mut len = fits.then_some(0usize)?;
                for (columns, values) in columns.cells().zip(values.cells()) {
                    let (Cell::Value(columns), Cell::Value(values)) = (columns, values) else { return None };
                    let (columns, values) = (columns.items()?, values.items()?);
                    if columns.len() != values.len() {
                        return None;
                    }
                    len = len.checked_add(columns.len())?;
                    for column in columns {
                        Cell::Value(column).as_int().filter(|at| (0..shape.1).contains(at))?;
                    }
                }
                Some(len)
            }
        }
    }
}

/// The columns of a diagonal that lie in the matrix and have a value: the first, and the one behind the last.
fn diagonal(offset: i128, width: usize, (height, columns): (i128, i128)) -> Option<(usize, usize)> {
    let from = offset.max(0);
    let to = height.checked_add(offset)?.min(columns).min(i128::try_from(width).ok()?).max(from);
    Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))
}

/// The cells of [`Stored`], one after the other.
///
/// See the example of [`Stored`].
#[derive(Clone, Copy)]
pub struct StoredCells<'d> {
    layout: Option<Layout<'d>>,
    part: Part,
    left: usize,
    /// Row of blocks, diagonal, or row.
    outer: usize,
    /// Block and place in it, or place on the diagonal.
    inner: (usize, usize),
    /// Behind the last place of the diagonal; 0 before the first.
    end: usize,
    lists: Option<(LaneCells<'d>, LaneCells<'d>)>,
    items: Option<(Items<'d>, Items<'d>)>,
}

impl<'d> StoredCells<'d> {
    fn of_blocks(&mut self, layout: &Layout<'d>) -> Option<Cell<'d>> {
        let Layout::Blocks { pointers, indices, values, rows, cols, count } = *layout else { return None };
        let (block, at) = self.inner;
        while number(pointers.cell(self.outer.checked_add(1)?))? <= block {
            self.outer = self.outer.checked_add(1)?;
        }
        // Where the place is in its block; the blocks are small, and this needs no division.
        let (row, col) = (self.end, at);
        let (next_row, next_col) =
            if col.checked_add(1)? < cols { (row, col.checked_add(1)?) } else { (row.checked_add(1)?, 0) };
        if next_row < rows {
            (self.inner, self.end) = ((block, next_col), next_row);
        } else {
            (self.inner, self.end) = ((block.checked_add(1)?, 0), 0);
        }
        let whole = |outer: usize, size: usize, inner: usize| -> Option<Cell<'d>> {
            Some(Cell::Int(i64::try_from(outer.checked_mul(size)?.checked_add(inner)?).ok()?))
        };
        match self.part {
            Part::Row => whole(self.outer, rows, row),
            Part::Col => whole(number(indices.cell(block))?, cols, col),
            Part::Value => values.cell(if values.array().fortran {
                rows.checked_mul(col)?.checked_add(row)?.checked_mul(count)?.checked_add(block)?
            } else {
                block.checked_mul(rows)?.checked_add(row)?.checked_mul(cols)?.checked_add(col)?
            }),
        }
    }

    fn of_diagonals(&mut self, layout: &Layout<'d>) -> Option<Cell<'d>> {
        let Layout::Diagonals { offsets, values, width, shape } = *layout else { return None };
        while self.inner.0 >= self.end {
            // `outer` is one ahead.
            let offset = offsets.cell(self.outer)?.as_int()?;
            self.outer = self.outer.checked_add(1)?;
            (self.inner.0, self.end) = diagonal(offset, width, shape)?;
        }
        let (here, col) = (self.outer.checked_sub(1)?, self.inner.0);
        self.inner.0 = col.checked_add(1)?;
        match self.part {
            Part::Row => {
                let row = i128::try_from(col).ok()?.checked_sub(offsets.cell(here)?.as_int()?)?;
                Some(Cell::Int(i64::try_from(row).ok()?))
            }
            Part::Col => Some(Cell::Int(i64::try_from(col).ok()?)),
            Part::Value => values.cell(if values.array().fortran {
                col.checked_mul(offsets.len())?.checked_add(here)?
            } else {
                here.checked_mul(width)?.checked_add(col)?
            }),
        }
    }

    fn of_lists(&mut self) -> Option<Cell<'d>> {
        loop {
            if let Some((columns, values)) = &mut self.items
                && let (Some(column), Some(value)) = (columns.next(), values.next())
            {
                return match self.part {
                    // `outer` is one ahead.
                    Part::Row => Some(Cell::Int(i64::try_from(self.outer.checked_sub(1)?).ok()?)),
                    Part::Col => Some(Cell::Int(i64::try_from(Cell::Value(column).as_int()?).ok()?)),
                    Part::Value => Some(Cell::Value(value)),
                };
            }
            let (columns, values) = self.lists.as_mut()?;
            let (Cell::Value(columns), Cell::Value(values)) = (columns.next()?, values.next()?) else { return None };
            self.items = columns.items().zip(values.items());
            self.outer = self.outer.checked_add(1)?;
        }
    }
}

impl<'d> Iterator for StoredCells<'d> {
    type Item = Cell<'d>;

    fn next(&mut self) -> Option<Cell<'d>> {
        self.left = self.left.checked_sub(1)?;
        let layout = self.layout?;
        match layout {
            Layout::Blocks { .. } => self.of_blocks(&layout),
            Layout::Diagonals { .. } => self.of_diagonals(&layout),
            Layout::Lists { .. } => self.of_lists(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
