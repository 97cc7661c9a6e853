//! The first and last rows of a table, aligned.

use super::grid::Grid;
use super::write;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use std::io::{self, Write};

/// Longest text of a cell.
const WIDTH: usize = 40;

/// Prints shape, names, dtypes, and at most `rows` rows: half of them from the end.
pub fn preview(grid: &Grid<'_>, rows: usize, index: bool, width: u16, out: &mut dyn Write) -> io::Result<()> {
    let shown = rows.min(grid.rows);
    // Of what is cut the last rows are not known.
    let head = if shown < grid.rows && !grid.is_cut { shown.div_ceil(2) } else { shown };
    let tail = grid.rows - (shown - head);
    let labels = grid.labels(index);
    // Columns that there is no room for are left out in the middle.
    let most = usize::from(width / 8).max(4);
    let hidden = grid.columns.len().saturating_sub(most);
    let first_hidden = labels + most.div_ceil(2);
    let is_shown = |at: usize| hidden == 0 || at < first_hidden || at >= first_hidden + hidden;
    let rows = (0..head).chain(tail..grid.rows);
    let lines = write::lines(grid, index, rows, |column| is_shown(labels + column));
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.max(40));
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
    let dtype =
        |at: usize| at.checked_sub(labels).and_then(|at| grid.columns.get(at)).map(|column| column.dtype.as_str());
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

fn cut(text: &str) -> String {
    let safe: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(WIDTH + 1).collect();
    match safe.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", safe.get(..at).unwrap_or_default()),
        None => safe,
    }
}
