//! Tables of pandas by their columns.

use super::{Content, Group, Label, Part, Piece, global, group, note, word};
use crate::print::json::one_line;
use crate::print::table::grid::Grid;
use crate::print::table::values::{Arena, Column};
use crate::print::tree::palette::Role;
use crate::print::tree::scalar;
use pickle_core::Value;
use pickle_core::table::{Index, Table};

/// Cells of a column that are shown.
const SHOWN: usize = 6;

/// Characters of them.
const WIDTH: usize = 60;

/// A frame, series or index: its class, its size, and of each column its type and a few cells. `None` where it cannot be read.
pub fn table_view<'d>(value: Value<'d>) -> Option<Vec<Piece<'d>>> {
    let arena = Arena::new(one_line);
    let (grid, noun) = match Table::of(value) {
        Ok(table) => (Grid::table(value, &table, &arena).ok()?, if table.is_series() { "value" } else { "row" }),
        Err(_) => (Grid::index(&Index::of(value).ok()?, &arena).ok()?, "label"),
    };
    if grid.unknown().is_some() {
        return None;
    }
    let object = value.as_object()?;
    let class = object.instance()?.class;
    let class = match object.args().next() {
        // `_new_Index(class, {..})`
        Some(first)
            if first.as_global().is_some() && class.as_global().is_some_and(|class| class.name.starts_with('_')) =>
        {
            first
        }
        _ => class,
    };
    let mut about = format!(" {}", scalar::counted(grid.rows as u64, noun));
    if noun == "row" {
        about.push_str(&format!(" x {}", scalar::counted(grid.columns.len() as u64, "column")));
    }
    let mut parts = Vec::new();
    if let Some(index) = &grid.index {
        for (column, name) in index.levels.iter().zip(&index.names) {
            let name = if name.is_empty() { "@index".to_owned() } else { format!("@index {name}") };
            parts.push(part(column, name));
        }
    }
    parts.extend(grid.columns.iter().zip(&grid.names).map(|(column, name)| part(column, name.clone())));
    let parts = Group { noun: "column", ..group("{", "}", parts.len(), parts.into_iter()) };
    Some(vec![word(global(class)), note(about), Piece::Text(Role::Plain, " ".into()), Piece::Group(parts)])
}

fn part<'d>(column: &Column<'_>, name: String) -> Part<'d> {
    let style = column.style(0..column.len().min(SHOWN));
    let mut shown = String::new();
    for row in 0..column.len().min(SHOWN) {
        shown.push_str(if row == 0 { "" } else { ", " });
        match column.item(row) {
            Some(_) => column.write(row, style, &mut shown),
            None => shown.push_str("null"),
        }
    }
    if let Some((cut, _)) = shown.char_indices().nth(WIDTH) {
        shown.truncate(cut);
        shown.push_str("...");
    } else if column.len() > SHOWN {
        shown.push_str(", ...");
    }
    let shown = scalar::bare_text(shown.as_bytes());
    let content = Content::Pieces(vec![word(column.dtype.clone()), note(format!(" [{shown}]"))]);
    Part { label: Label::Column(name), content }
}
