//! Values that are no tables by themselves, but stand for columns: dicts of arrays, sparse matrices of SciPy, masked arrays.

use super::run::{Meaning, Run};
use super::values::Values;
use super::{Lane, Source, Stored, Table, TableError, is_list};
use crate::view::known::{Array, DType, Data, Masked};
use crate::view::{Mapping, Pairs, View, is_module};
use crate::{GlobalName, Value};

/// The columns of a sparse matrix, as pandas' `DataFrame.sparse.from_spmatrix` has none of its own.
pub(super) const TRIPLET: [&str; 3] = ["row", "col", "value"];

/// The cells of a sparse matrix of SciPy in the format dok, which is a dict of values by row and column: of each its `row`,
/// `col` and `value`, or `None` where its key is no pair. `None` for every other mapping.
pub(super) fn triplets<'d>(
    mapping: &Mapping<'d>,
) -> Option<impl ExactSizeIterator<Item = Option<[(&'static str, Value<'d>); 3]>> + use<'d>> {
    let GlobalName { module, name } = mapping.class?.as_global()?;
    let is_dok = is_module(module, "scipy.sparse") && matches!(name, "dok_matrix" | "dok_array");
    let cells = mapping.pairs.map(|(key, value)| {
        let (row, col) = key.at(0).zip(key.at(1)).filter(|_| key.len() == 2)?;
        let [first, second, third] = TRIPLET;
        Some([(first, row), (second, col), (third, value)])
    });
    is_dok.then_some(cells)
}

impl<'d> Table<'d> {
    /// A dict of arrays of one axis, masked ones, too, and lists, all of one length, and an array among them; or a sparse matrix of SciPy in
    /// any format but dok, a row for each value that it stores: `row`, `col`, `value`; or a masked array of one or two
    /// axes.
    ///
    /// # Errors
    /// [`TableError::NoTable`] where it is none of them, [`TableError::Parts`] where the parts of a matrix do not fit together.
    pub fn assembled(value: Value<'d>) -> Result<Self, TableError> {
        let (source, columns, rows) = match value.view() {
            View::Mapping(mapping) => {
                let mut rows = None;
                let mut has_array = false;
                for (_, value) in mapping.pairs {
                    let len = match lane_of(value) {
                        Some(column) => {
                            has_array = true;
                            column?.len()
                        }
                        None if is_list(value) => value.len(),
                        None => return Err(TableError::NoTable),
                    };
                    if *rows.get_or_insert(len) != len {
                        return Err(TableError::NoTable);
                    }
                }
                let rows = rows.filter(|_| has_array).ok_or(TableError::NoTable)?;
                (Source::Dict(value), mapping.pairs.len(), rows)
            }
            View::Sparse { format, shape, .. } => {
                let triplet = triplet(value, format, shape)?;
                let rows = triplet[2].len();
                (Source::Triplet(triplet), TRIPLET.len(), rows)
            }
            View::Masked(masked) => {
                // Records are masked field by field.
                if masked.array.dtype.fields.is_some() {
                    return Err(TableError::NoTable);
                }
                let mask = mask(&masked);
                let Table { columns, rows, .. } = Table::matrix(masked.array)?;
                (Source::Masked(masked.array, mask), columns, rows)
            }
            _ => return Err(TableError::NoTable),
        };
        Ok(Table::without_labels(source, columns, rows))
    }

    /// The keys of a dict of columns, and the columns.
    pub fn pairs(&self) -> Option<Pairs<'d>> {
        match self.source {
            Source::Dict(value) => match value.view() {
                View::Mapping(mapping) => Some(mapping.pairs),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The name of a column of a sparse matrix.
pub(super) fn name(number: usize) -> Option<&'static str> {
    TRIPLET.get(number).copied()
}

/// A column of a dict of columns.
pub(super) fn column(value: Value<'_>) -> Result<Values<'_>, TableError> {
    let items = || if is_list(value) { Ok(Values::Run(Run::Items(value))) } else { Err(TableError::Class) };
    lane_of(value).unwrap_or_else(items)
}

/// The items of an array of one axis, masked or not.
fn lane_of(value: Value<'_>) -> Option<Result<Values<'_>, TableError>> {
    let lane = |array| Lane::column(array, 0).ok_or(TableError::Parts);
    if let Some(array) = plain_array(value) {
        return Some(lane(array).map(plain));
    }
    match value.view() {
        View::Masked(masked) if masked.array.axes().len() == 1 && masked.array.dtype.fields.is_none() => {
            Some(lane(masked.array).and_then(|data| Ok(Values::Masked(data, lane(mask(&masked))?))))
        }
        _ => None,
    }
}

/// The mask of a masked array, as an array of its shape.
fn mask<'d>(masked: &Masked<'d>) -> Array<'d> {
    Array {
        class: None,
        dtype: DType::plain(b'b', 1, false),
        fortran: masked.fortran,
        data: Data::Bytes(masked.mask),
        extra: None,
        ..masked.array
    }
}

/// An array of one axis that has no fields and belongs to no index or series.
fn plain_array(value: Value<'_>) -> Option<Array<'_>> {
    let array = Array::of(value)?;
    let of_pandas =
        array.class.and_then(|class| class.as_global()).is_some_and(|class| class.module.starts_with("pandas"));
    (array.axes().len() == 1 && array.dtype.fields.is_none() && !of_pandas).then_some(array)
}

fn plain(lane: Lane<'_>) -> Values<'_> {
    Values::Run(Run::Lane(lane, Meaning::Plain))
}

/// Rows, columns and values of a sparse matrix, in the order in which it stores them.
fn triplet<'d>(matrix: Value<'d>, format: &str, shape: Value<'d>) -> Result<[Values<'d>; 3], TableError> {
    let lane = |value: Option<Value<'d>>| {
        let array = value.and_then(plain_array).ok_or(TableError::Parts)?;
        Lane::column(array, 0).ok_or(TableError::Parts)
    };
    let part = |name| lane(matrix.get(name));
    let axis = |number| shape.at(number).and_then(|axis| axis.as_i128()).ok_or(TableError::Parts);
    let (rows, columns) = (axis(0)?, axis(1)?);
    let within =
        |lane: &Lane<'d>, axis: i128| lane.cells().all(|at| at.as_int().is_some_and(|at| (0..axis).contains(&at)));
    let [row, col, value] = match format {
        "coo" => {
            let coords = matrix.get("coords");
            let of = |number, name| match coords {
                Some(coords) => lane(coords.at(number)),
                None => part(name),
            };
            let (row, col) = (of(0, "row")?, of(1, "col")?);
            if !within(&row, rows) || !within(&col, columns) {
                return Err(TableError::Parts);
            }
            [plain(row), plain(col), plain(part("data")?)]
        }
        "csr" | "csc" => {
            let (major, minor) = if format == "csr" { (rows, columns) } else { (columns, rows) };
            let (pointers, indices) = (part("indptr")?, part("indices")?);
            let mut last = 0;
            for (number, at) in pointers.cells().enumerate() {
                let at = at.as_int().filter(|at| *at >= last && (number != 0 || *at == 0)).ok_or(TableError::Parts)?;
                last = at;
            }
            let fits = pointers.len().checked_sub(1).and_then(|len| i128::try_from(len).ok()) == Some(major)
                && i128::try_from(indices.len()).ok() == Some(last);
            if !fits || !within(&indices, minor) {
                return Err(TableError::Parts);
            }
            let (major, minor) = (Values::Run(Run::Pointers(pointers)), plain(indices));
            let value = plain(part("data")?);
            if format == "csr" { [major, minor, value] } else { [minor, major, value] }
        }
        _ => return Ok(Stored::of(matrix, format, (rows, columns))?.map(Values::Stored)),
    };
    if row.len() != value.len() || col.len() != value.len() {
        return Err(TableError::Parts);
    }
    Ok([row, col, value])
}
