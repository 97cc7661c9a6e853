//! The first and last rows of a table, aligned.

use super::grid::Grid;
use super::write;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use std::io::{self, Write};

/// Longest text of a cell.
const WIDTH: usize = 40;

/// A table is not narrower, however narrow the terminal is.
const NARROW: u16 = 40;

/// Prints shape, names, dtypes, and at most `rows` rows: half of them from the end.
pub fn preview(grid: &Grid<'_>, rows: usize, index: bool, width: u16, out: &mut dyn Write) -> io::Result<()> {
    let shown = rows.min(grid.rows);
    // Of what is cut the last rows are not known.
    let head = if shown < grid.rows && !grid.is_cut { shown.div_ceil(2) } else { shown };
    let tail = grid.rows - (shown - head);
    let labels = grid.labels(index);
    // Columns that there is no room for are left out in the middle: what can have room is looked at first.
    let columns = grid.columns.len();
    let most = usize::from(width / 8).max(4);
    let at_left = most.div_ceil(2).min(columns);
    let at_right = (most / 2).min(columns - at_left);
    let rows = (0..head).chain(tail..grid.rows);
    let lines = write::lines(grid, index, rows, |at| at < at_left || at >= columns - at_right);
    let dtype =
        |at: usize| at.checked_sub(labels).and_then(|at| grid.columns.get(at)).map(|column| column.dtype.as_str());
    // With the blanks and the line beside it.
    let wide = |at: usize| {
        let texts = lines.iter().filter_map(|line| line.get(at)).map(|text| text.chars().count().min(WIDTH + 1));
        texts.chain(dtype(at).map(str::len)).max().unwrap_or(0) + 3
    };
    let room = usize::from(width.max(NARROW)).saturating_sub(1 + (0..labels).map(wide).sum::<usize>());
    let (left, right) = fitting(columns, (at_left, at_right), room, |column| wide(labels + column));
    let hidden = columns - left - right;
    let first_hidden = labels + left;
    let is_shown = |at: usize| hidden == 0 || at < first_hidden || at >= first_hidden + hidden;
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.max(NARROW));
    let put = |cells: &mut dyn Iterator<Item = String>| {
        let mut line = Vec::new();
        for (at, text) in cells.enumerate() {
            if hidden > 0 && at == first_hidden {
                line.push(Cell::new("…"));
            }
            if is_shown(at) {
                let number = at >= labels && grid.columns.get(at - labels).is_some_and(|column| column.is_number());
                let align = if number { CellAlignment::Right } else { CellAlignment::Left };
                line.push(Cell::new(text).set_alignment(align));
            }
        }
        line
    };
    let mut names = lines.iter();
    if let Some(header) = names.next() {
        let cells = header.iter().enumerate().map(|(at, name)| match dtype(at) {
            Some(dtype) => format!("{}\n{dtype}", cut(name)),
            None => cut(name),
        });
        table.set_header(put(&mut cells.collect::<Vec<_>>().into_iter()));
    }
    for (at, row) in names.enumerate() {
        if at == head && head < shown {
            table.add_row(put(&mut row.iter().map(|_| "…".to_owned())));
        }
        let number = if at < head { at } else { tail + at - head };
        let cells = row.iter().enumerate().map(|(at, text)| {
            let column = at.checked_sub(labels).and_then(|at| grid.columns.get(at));
            match column {
                Some(column) if column.item(number).is_none() => "null".to_owned(),
                _ => cut(text),
            }
        });
        table.add_row(put(&mut cells.collect::<Vec<_>>().into_iter()));
    }
    if grid.is_cut {
        table.add_row(put(&mut (0..labels + grid.columns.len()).map(|_| "…".to_owned())));
    }
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let more = if grid.is_cut { "more than " } else { "" };
    writeln!(out, "{more}{} × {}", counted(grid.rows, "row"), counted(grid.columns.len(), "column"))?;
    writeln!(out, "{table}")
}

/// How many columns from the left and from the right have room side by side, of at most so many; one of each at least. The mark
/// of what is left out between them needs some, too.
fn fitting(columns: usize, most: (usize, usize), room: usize, wide: impl Fn(usize) -> usize) -> (usize, usize) {
    let (mut left, mut right, mut used) = (0, 0, 0);
    loop {
        let from_left = left < most.0 && (left <= right || right == most.1);
        if !from_left && right == most.1 {
            return (left, right);
        }
        used += wide(if from_left { left } else { columns - 1 - right });
        let mark = if left + right + 1 < columns { 4 } else { 0 };
        if used + mark > room && left + right >= 2 {
            return (left, right);
        }
        if from_left { left += 1 } else { right += 1 }
    }
}

fn cut(text: &str) -> String {
    let safe: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(WIDTH + 1).collect();
    match safe.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", safe.get(..at).unwrap_or_default()),
        None => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn columns_that_have_room() {
        let of = |columns: usize, room| fitting(columns, (columns.div_ceil(2), columns / 2), room, |_| 10);
        assert_eq!(of(0, 100), (0, 0));
        assert_eq!(of(1, 5), (1, 0));
        // One at each end, whatever the room.
        assert_eq!(of(2, 5), (1, 1));
        assert_eq!(of(9, 5), (1, 1));
        // The last needs no room for the mark of what is left out.
        assert_eq!(of(4, 40), (2, 2));
        assert_eq!(of(5, 40), (2, 1));
        assert_eq!(of(5, 44), (2, 2));
        // No more than there are texts of.
        assert_eq!(fitting(1000, (3, 2), 1000, |_| 10), (3, 2));
        assert_eq!(fitting(6, (3, 3), 100, |column| if column == 1 { 95 } else { 10 }), (1, 1));
    }
}
