//! What the sparse matrices of SciPy store that are no lists of places: blocks (`bsr`), diagonals (`dia`), lists (`lil`).

use super::{Cell, Lane, LaneCells, TableError};
use crate::view::known::{Array, DType, Octets};
use crate::{Items, Value};

/// The rows, the columns or the values of the cells that a matrix stores, one after the other in its own order: block by
/// block, diagonal by diagonal, row by row. Zeros that are stored are cells, as in `nnz`.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'d> {
    layout: Layout<'d>,
    part: Part,
    len: usize,
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
        let layout = match format {
            "bsr" => Layout::blocks(matrix, shape),
            "dia" => Layout::diagonals(matrix, shape),
            "lil" => Layout::lists(matrix, shape),
            _ => return Err(TableError::NoTable),
        };
        let (layout, len) = layout.ok_or(TableError::Parts)?;
        Ok([Part::Row, Part::Col, Part::Value].map(|part| Stored { layout, part, len }))
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
        match (self.part, &self.layout) {
            (Part::Row | Part::Col, _) => Some(DType::plain(b'i', 8, false)),
            (_, Layout::Blocks { values, .. } | Layout::Diagonals { values, .. }) => Some(*values.dtype()),
            (_, Layout::Lists { .. }) => None,
        }
    }

    /// All of them, each in constant time but for arrays that a pickle has as text: see [`Stored::with_bytes`].
    pub fn cells(&self) -> StoredCells<'d> {
        let lists = match self.layout {
            Layout::Lists { columns, values } => Some((columns.cells(), values.cells())),
            _ => None,
        };
        StoredCells { of: *self, left: self.len, outer: 0, inner: (0, 0), end: 0, lists, items: None }
    }

    /// One of them. Linear in its number: see [`Stored::cells`].
    pub fn cell(&self, at: usize) -> Option<Cell<'d>> {
        self.cells().nth(at)
    }

    /// As [`Lane::with_bytes`].
    pub fn with_bytes(mut self, copy: &mut dyn FnMut(Octets<'d>) -> &'d [u8]) -> Self {
        match &mut self.layout {
            Layout::Blocks { pointers, indices, values, .. } => {
                for lane in [pointers, indices, values] {
                    *lane = lane.with_bytes(copy);
                }
            }
            Layout::Diagonals { offsets, values, .. } => {
                for lane in [offsets, values] {
                    *lane = lane.with_bytes(copy);
                }
            }
            Layout::Lists { .. } => {}
        }
        self
    }
}

impl<'d> Layout<'d> {
    fn blocks(matrix: Value<'d>, (height, width): (i128, i128)) -> Option<(Self, usize)> {
        let lane = |name| Lane::column(Array::of(matrix.get(name)?)?, 0);
        let data = Array::of(matrix.get("data")?)?;
        let mut axes = data.axes();
        let mut axis = || usize::try_from(axes.next()??).ok();
        let (count, rows, cols) = (axis()?, axis()?, axis()?);
        let (pointers, indices, values) = (lane("indptr")?, lane("indices")?, Lane::all(data)?);
        let mut last = 0;
        for (number, at) in pointers.cells().enumerate() {
            last = at.as_int().filter(|at| *at >= last && (number != 0 || *at == 0))?;
        }
        let (tall, wide) = (i128::try_from(rows).ok()?, i128::try_from(cols).ok()?);
        let majors = i128::try_from(pointers.len().checked_sub(1)?).ok()?;
        let mut inside = indices.cells().map(|at| {
            let at = at.as_int().filter(|at| *at >= 0)?;
            at.checked_add(1)?.checked_mul(wide).filter(|end| *end <= width)
        });
        let fits = majors.checked_mul(tall)? == height
            && last == i128::try_from(count).ok()?
            && indices.len() == count
            && inside.all(|end| end.is_some())
            && !values.is_objects();
        fits.then_some((Layout::Blocks { pointers, indices, values, rows, cols, count }, values.len()))
    }

    fn diagonals(matrix: Value<'d>, shape: (i128, i128)) -> Option<(Self, usize)> {
        let offsets = Lane::column(Array::of(matrix.get("offsets")?)?, 0)?;
        let data = Array::of(matrix.get("data")?)?;
        let mut axes = data.axes();
        let mut axis = || usize::try_from(axes.next()??).ok();
        let (count, width) = (axis()?, axis()?);
        let values = Lane::all(data)?;
        let mut len = 0usize;
        for offset in offsets.cells() {
            let (from, to) = diagonal(offset.as_int()?, width, shape)?;
            len = len.checked_add(to.checked_sub(from)?)?;
        }
        let fits = offsets.len() == count && axes.next().is_none() && !values.is_objects();
        fits.then_some((Layout::Diagonals { offsets, values, width, shape }, len))
    }

    fn lists(matrix: Value<'d>, (height, width): (i128, i128)) -> Option<(Self, usize)> {
        let lane = |name| Lane::column(Array::of(matrix.get(name)?)?, 0).filter(Lane::is_objects);
        let (columns, values) = (lane("rows")?, lane("data")?);
        if i128::try_from(columns.len()).ok()? != height || values.len() != columns.len() {
            return None;
        }
        let mut len = 0usize;
        for (columns, values) in columns.cells().zip(values.cells()) {
            let (Cell::Value(columns), Cell::Value(values)) = (columns, values) else { return None };
            let (columns, values) = (columns.items()?, values.items()?);
            if columns.len() != values.len() {
                return None;
            }
            len = len.checked_add(columns.len())?;
            for column in columns {
                Cell::Value(column).as_int().filter(|at| (0..width).contains(at))?;
            }
        }
        Some((Layout::Lists { columns, values }, len))
    }
}

/// The columns of a diagonal that lie in the matrix and have a value: the first, and the one behind the last.
fn diagonal(offset: i128, width: usize, (height, columns): (i128, i128)) -> Option<(usize, usize)> {
    let from = offset.max(0);
    let to = height.checked_add(offset)?.min(columns).min(i128::try_from(width).ok()?).max(from);
    Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))
}

/// The cells of [`Stored`], one after the other.
#[derive(Clone, Copy)]
pub struct StoredCells<'d> {
    of: Stored<'d>,
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
        match self.of.part {
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
        match self.of.part {
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
                return match self.of.part {
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
        let layout = self.of.layout;
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
