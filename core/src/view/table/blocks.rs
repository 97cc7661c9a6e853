//! The block manager of a frame: blocks of columns of one type, in all layouts that pandas has pickled.

use super::run::Run;
use super::values;
use super::{Index, Lane, TableError, is_list};
use crate::{GlobalName, Kind, Value};

/// Where the blocks are.
#[derive(Clone, Copy, Debug)]
enum Layout<'d> {
    /// `_unpickle_block(values, places, ndim)`, from pandas 1.3 on.
    Calls(Value<'d>),
    /// Dicts of `values` and `mgr_locs`, from pandas 0.14.1 on.
    Dicts(Value<'d>),
    /// Lists of values and of their labels, and the labels of the axis.
    Labelled { values: Value<'d>, items: Value<'d>, axis: Value<'d> },
    /// The one block of a series.
    One(Value<'d>),
}

/// The columns that a block holds.
#[derive(Clone, Copy)]
enum Place<'d> {
    Slice { start: i64, step: i64, len: usize },
    Lane(Lane<'d>),
    Labels(Index<'d>),
}

impl<'d> Place<'d> {
    fn of(value: Value<'d>) -> Option<Self> {
        let Some(object) = value.as_object() else { return values::run_of(value, 0).ok().and_then(Place::of_run) };
        match object.class().map(GlobalName::pair) {
            Some((_, "slice")) => {
                let mut parts = object.args().map(|part| if part.is_none() { None } else { part.as_i64() });
                let (start, stop, step) = (parts.next()?, parts.next()??, parts.next()?);
                let (start, step) = (start.unwrap_or(0), step.unwrap_or(1));
                let span = if step > 0 { stop.checked_sub(start)? } else { start.checked_sub(stop)? };
                let step_len = i64::try_from(step.unsigned_abs()).ok().filter(|step| *step != 0)?;
                let len = span.max(0).checked_add(step_len - 1)?.checked_div(step_len)?;
                Some(Place::Slice { start, step, len: usize::try_from(len).ok()? })
            }
            Some((_, "BlockPlacement")) => {
                let inner = object.args().next()?;
                match inner.as_object()?.class().map(GlobalName::pair) {
                    Some((_, "BlockPlacement")) => None,
                    _ => Place::of(inner),
                }
            }
            _ => Place::of_run(values::run_of(value, 0).ok()?),
        }
    }

    fn of_run(run: Run<'d>) -> Option<Self> {
        match run {
            Run::Lane(lane, _) => Some(Place::Lane(lane)),
            Run::Range { start, step, len } => Some(Place::Slice { start, step, len }),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Place::Slice { len, .. } => *len,
            Place::Lane(lane) => lane.len(),
            Place::Labels(index) => index.len(),
        }
    }

    /// The column of row `row` of the block.
    fn column(&self, row: usize, labels: &Index<'d>) -> Option<usize> {
        match self {
            Place::Slice { start, step, len } => {
                let row = i64::try_from(row).ok().filter(|_| row < *len)?;
                usize::try_from(start.checked_add(step.checked_mul(row)?)?).ok()
            }
            Place::Lane(lane) => usize::try_from(lane.cell(row)?.as_int()?).ok(),
            Place::Labels(index) => (0..labels.len()).find(|&column| index.same(row, labels, column)),
        }
    }

    /// The row of the block that holds a column.
    fn row(&self, column: usize, labels: &Index<'d>) -> Option<usize> {
        match self {
            Place::Slice { start, step, len } => {
                let distance = i64::try_from(column).ok()?.checked_sub(*start)?;
                let row = distance.checked_div(*step).filter(|row| row.checked_mul(*step) == Some(distance))?;
                usize::try_from(row).ok().filter(|row| row < len)
            }
            Place::Lane(lane) => lane.cells().position(|cell| cell.as_int() == i128::try_from(column).ok()),
            Place::Labels(index) => (0..index.len()).find(|&row| index.same(row, labels, column)),
        }
    }
}

/// A block manager.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manager<'d> {
    layout: Layout<'d>,
}

impl<'d> Manager<'d> {
    /// By its class: `BlockManager`, `SingleBlockManager`, `_data` of older ones.
    pub(super) fn is(value: Value<'_>) -> bool {
        let Some(object) = value.as_object() else { return false };
        let class = object.instance().and_then(|instance| instance.class.as_global());
        class.is_some_and(|class| class.module.starts_with("pandas") && class.name.ends_with("BlockManager"))
    }

    /// The manager and its axes: of the columns and of the rows, or the rows of a series alone.
    pub(super) fn of(value: Value<'d>) -> Result<(Self, Value<'d>, Option<Value<'d>>), TableError> {
        let object = value.as_object().ok_or(TableError::NoTable)?;
        let instance = object.instance().ok_or(TableError::NoTable)?;
        let mut args = instance.args;
        if let (Some(blocks), Some(axes)) = (args.next(), args.next()) {
            if is_list(blocks) {
                let (first, second) = axes_of(axes)?;
                if second.is_none() && blocks.len() != 1 {
                    return Err(TableError::Blocks);
                }
                return Ok((Manager { layout: Layout::Calls(blocks) }, first, second));
            }
            let axis = if is_list(axes) { axes.at(0).ok_or(TableError::Parts)? } else { axes };
            return Ok((Manager { layout: Layout::One(blocks) }, axis, None));
        }
        let state = object.state().ok_or(TableError::Parts)?;
        if state.kind() != Kind::Tuple {
            return Err(TableError::Parts);
        }
        let newer = state.at(3).and_then(|state| state.get("0.14.1"));
        let (layout, axes) = match newer {
            Some(newer) => {
                let blocks = newer.get("blocks").filter(|blocks| is_list(*blocks)).ok_or(TableError::Parts)?;
                (Layout::Dicts(blocks), newer.get("axes").ok_or(TableError::Parts)?)
            }
            None => {
                let (axes, values) = state.at(0).zip(state.at(1)).ok_or(TableError::Parts)?;
                let items = state.at(2).ok_or(TableError::Parts)?;
                let axis = axes.at(0).ok_or(TableError::Parts)?;
                if !is_list(values) || !is_list(items) || values.len() != items.len() {
                    return Err(TableError::Parts);
                }
                (Layout::Labelled { values, items, axis }, axes)
            }
        };
        let (first, second) = axes_of(axes)?;
        Ok((Manager { layout }, first, second))
    }

    fn blocks(&self) -> impl Iterator<Item = Value<'d>> + use<'d> {
        let list = match self.layout {
            Layout::Calls(list) | Layout::Dicts(list) | Layout::Labelled { values: list, .. } => list,
            Layout::One(value) => value,
        };
        // A single block has no items: it is asked for by `single`.
        list.items().into_iter().flatten()
    }

    /// Values and places of a block.
    fn block(&self, number: usize, value: Value<'d>) -> Option<(Value<'d>, Place<'d>)> {
        match self.layout {
            Layout::Calls(_) | Layout::One(_) => called(value),
            Layout::Dicts(_) => Some((value.get("values")?, Place::of(value.get("mgr_locs")?)?)),
            Layout::Labelled { items, axis, .. } => {
                let labels = items.at(number)?;
                let place = if labels.id().is_some() && labels.id() == axis.id() {
                    Place::Slice { start: 0, step: 1, len: Index::of(axis).ok()?.len() }
                } else {
                    Place::Labels(Index::of(labels).ok()?)
                };
                Some((value, place))
            }
        }
    }

    /// The values of a series.
    pub(super) fn single(&self) -> Option<Value<'d>> {
        match self.layout {
            Layout::One(value) => called(value).map(|(values, _)| values),
            Layout::Labelled { values, .. } if values.len() == 1 => values.at(0),
            Layout::Dicts(blocks) if blocks.len() == 1 => blocks.at(0)?.get("values"),
            Layout::Calls(blocks) if blocks.len() == 1 => called(blocks.at(0)?).map(|(values, _)| values),
            _ => None,
        }
    }

    /// The blocks hold as many columns as there are labels, none beyond the last, and, as far as a sum over them can
    /// tell, each once. (A column that is in no block is found missing when it is asked for.)
    pub(super) fn check(&self, columns: usize, labels: &Index<'d>) -> Result<(), TableError> {
        let mix = |column: usize| {
            (column as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ 0x5bd1
        };
        let spread = |column: usize| mix(column).wrapping_mul(mix(column) | 1);
        let (mut count, mut sum) = (0usize, 0u64);
        for (number, value) in self.blocks().enumerate() {
            let (_, place) = self.block(number, value).ok_or(TableError::Parts)?;
            count = count.checked_add(place.len()).filter(|count| *count <= columns).ok_or(TableError::Blocks)?;
            if matches!(place, Place::Labels(_)) {
                continue;
            }
            for row in 0..place.len() {
                let column = place.column(row, labels).filter(|column| *column < columns).ok_or(TableError::Blocks)?;
                sum = sum.wrapping_add(spread(column));
            }
        }
        let labelled = matches!(self.layout, Layout::Labelled { .. });
        let whole = (0..columns).fold(0u64, |sum, column| sum.wrapping_add(spread(column)));
        if count == columns && (labelled || sum == whole) { Ok(()) } else { Err(TableError::Blocks) }
    }

    /// Where a column is: the values of its block, its row in them, the number of the block.
    pub(super) fn find(&self, column: usize, labels: &Index<'d>) -> Result<(Value<'d>, usize, usize), TableError> {
        for (number, value) in self.blocks().enumerate() {
            let (values, place) = self.block(number, value).ok_or(TableError::Parts)?;
            if let Some(row) = place.row(column, labels) {
                return Ok((values, row, number));
            }
        }
        Err(TableError::Blocks)
    }

    pub(super) fn each<E>(
        &self,
        labels: &Index<'d>,
        each: &mut dyn FnMut(usize, Value<'d>, usize, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        for (number, value) in self.blocks().enumerate() {
            let Some((values, place)) = self.block(number, value) else { continue };
            for row in 0..place.len() {
                if let Some(column) = place.column(row, labels) {
                    each(column, values, row, number)?;
                }
            }
        }
        Ok(())
    }
}

/// The axes of a manager: columns and rows, or rows alone.
fn axes_of(axes: Value<'_>) -> Result<(Value<'_>, Option<Value<'_>>), TableError> {
    let mut axes = axes.items().ok_or(TableError::Parts)?;
    let (first, second) = (axes.next().ok_or(TableError::Parts)?, axes.next());
    // Panels had three.
    if axes.next().is_some() { Err(TableError::NoTable) } else { Ok((first, second)) }
}

fn called(value: Value<'_>) -> Option<(Value<'_>, Place<'_>)> {
    let object = value.as_object()?;
    let GlobalName { module, name } = object.class()?;
    if !module.starts_with("pandas") || !matches!(name, "_unpickle_block" | "new_block") {
        return None;
    }
    let mut args = object.args();
    Some((args.next()?, Place::of(args.next()?)?))
}
